"""Our rules as classes of Keras, for where its own optimizer of that name does something else."""

from typing import Any

from ..recipe import Recipe
from .script import SMALL, constant_rate, text

__all__ = ["DECOUPLED", "ONLY_MATRICES", "as_class", "title", "written_out"]

DECOUPLED = ("adamw", "lion")
ONLY_MATRICES = "if len(variable.shape) > 1:  # biases and norms are left alone"
RULE = '''
class {name}(keras.optimizers.Optimizer):
    """{why}"""

    def build(self, variables):
        super().build(variables)
{memory}
    def update_step(self, gradient, variable, learning_rate):
        i = self._get_variable_index(variable)
{lines}'''

# The rules of ours that Keras may lack, in its words: why, what they remember, and their lines.
Rule = tuple[str, list[str], str]

MOMENTUM = (
    "Momentum with the rate outside the velocity; keras.optimizers.SGD has it inside.",
    ["velocity"],
    """
velocity = self.velocity[i]
velocity.assign({momentum} * velocity + gradient)
variable.assign(variable - learning_rate * velocity)
""",
)
DAMPENED = (
    "Momentum with the rate outside the velocity, and dampening from the second update on.",
    ["velocity"],
    """
velocity, push = self.velocity[i], ops.where(self.iterations > 0, 1 - {dampening}, 1.0)
velocity.assign({momentum} * velocity + push * gradient)
variable.assign(variable - learning_rate * velocity)
""",
)
NESTEROV = (
    "Nesterov's momentum, the rate outside; keras.optimizers.SGD has it inside.",
    ["velocity"],
    """
velocity = self.velocity[i]
velocity.assign({momentum} * velocity + gradient)
variable.assign(variable - learning_rate * (gradient + {momentum} * velocity))
""",
)
ADAGRAD = (
    "Adagrad with epsilon outside the root; Keras has it inside.",
    ["total"],
    """
total = self.total[i]
total.assign(total + gradient * gradient)
variable.assign(variable - learning_rate * gradient / (ops.sqrt(total) + {eps}))
""",
)
RMSPROP = (
    "RMSprop with epsilon outside the root; Keras has it inside.",
    ["v"],
    """
v = self.v[i]
v.assign({alpha} * v + (1 - {alpha}) * gradient * gradient)
step = gradient / (ops.sqrt(v) + {eps})
""",
)
CENTERED = (
    "Centered RMSprop with epsilon outside the root; Keras has it inside.",
    ["m", "v"],
    """
m, v = self.m[i], self.v[i]
m.assign({alpha} * m + (1 - {alpha}) * gradient)
v.assign({alpha} * v + (1 - {alpha}) * gradient * gradient)
step = gradient / (ops.sqrt(ops.maximum(v - m * m, 0.0)) + {eps})
""",
)
ROLL = """
velocity = self.velocity[i]  # the rate is outside it; Keras has it inside
velocity.assign({momentum} * velocity + step)
variable.assign(variable - learning_rate * velocity)
"""
STEP = """
variable.assign(variable - learning_rate * step)
"""
MOMENTS = """
m, v = self.m[i], self.v[i]
t = ops.cast(self.iterations + 1, variable.dtype)
m.assign({beta1} * m + (1 - {beta1}) * gradient)
v.assign({beta2} * v + (1 - {beta2}) * gradient * gradient)
"""
ADAM = (
    "Adam with epsilon added after the correction; keras.optimizers.Adam adds it before.",
    ["m", "v"],
    MOMENTS
    + """
m_hat, v_hat = m / (1 - {beta1}**t), v / (1 - {beta2}**t)
variable.assign(variable - learning_rate * m_hat / (ops.sqrt(v_hat) + {eps}))
""",
)
AMSGRAD = (
    "AMSGrad with epsilon added after the correction; keras.optimizers.Adam adds it before.",
    ["m", "v", "v_max"],
    MOMENTS
    + """
v_max = self.v_max[i]
v_max.assign(ops.maximum(v_max, v))
m_hat, v_hat = m / (1 - {beta1}**t), v_max / (1 - {beta2}**t)
variable.assign(variable - learning_rate * m_hat / (ops.sqrt(v_hat) + {eps}))
""",
)
NADAM = (
    "NAdam with a momentum_decay; keras.optimizers.Nadam fixes it at 1.",
    ["m", "v"],
    MOMENTS
    + """
mu = {beta1} * (1 - 0.5 * 0.96 ** (t * {momentum_decay}))
mu_next = {beta1} * (1 - 0.5 * 0.96 ** ((t + 1) * {momentum_decay}))
if i == 0:  # once per update, not per variable
    self.mu_product.assign(self.mu_product * mu)
m_hat = mu_next * m / (1 - self.mu_product * mu_next)
m_hat = m_hat + (1 - mu) * gradient / (1 - self.mu_product)
v_hat = v / (1 - {beta2}**t)
variable.assign(variable - learning_rate * m_hat / (ops.sqrt(v_hat) + {eps}))
""",
)
RADAM = (
    "RAdam: Liu et al. (2020), Algorithm 2, arXiv:1908.03265. Keras doesn't have it.",
    ["m", "v"],
    MOMENTS
    + """
m_hat = m / (1 - {beta1}**t)
adaptive = ops.sqrt(1 - {beta2}**t) / (ops.sqrt(v) + {eps})
end = 2 / (1 - {beta2}) - 1
rho = end - 2 * t * {beta2}**t / (1 - {beta2}**t)
r2 = (rho - 4) * (rho - 2) * end / ((end - 4) * (end - 2) * rho)
scale = ops.where(rho > {tractable}, ops.sqrt(ops.maximum(r2, 0.0)) * adaptive, 1.0)
variable.assign(variable - learning_rate * scale * m_hat)
""",
)
ADAMAX = (
    "Adamax with epsilon added to the gradient; keras.optimizers.Adamax adds it to u.",
    ["m", "u"],
    """
m, u = self.m[i], self.u[i]
t = ops.cast(self.iterations + 1, variable.dtype)
m.assign({beta1} * m + (1 - {beta1}) * gradient)
u.assign(ops.maximum({beta2} * u, ops.abs(gradient) + {eps}))
variable.assign(variable - learning_rate / (1 - {beta1}**t) * m / u)
""",
)


def title(name: str) -> str:
    """The name of the class, as Keras would spell it."""
    titles = {"adamw": "AdamW", "amsgrad": "AMSGrad", "nadam": "NAdam", "radam": "RAdam"}
    titles |= {"rmsprop": "RMSprop", "centered_rmsprop": "CenteredRMSprop"}
    return titles.get(name, name.capitalize())


def written_out(recipe: Recipe, hyper: dict[str, Any]) -> Rule | None:
    """The rule that Keras lacks; None if its own does what the recipe says."""
    changing, large = not constant_rate(recipe), hyper.get("eps", 0.0) > SMALL
    match recipe.optimizer:
        case "momentum" if hyper["dampening"]:
            return DAMPENED
        case "momentum" if changing:
            return MOMENTUM
        case "nesterov" if changing:
            return NESTEROV
        case "adagrad" if large:
            return _started(ADAGRAD, hyper)
        case "rmsprop" if (hyper["momentum"] and changing) or large:
            return _rolling(RMSPROP, hyper)
        case "centered_rmsprop":
            return _rolling(CENTERED, hyper)
        case "adam" | "adamw" if large:
            return ADAM
        case "amsgrad" if large:
            return AMSGRAD
        case "nadam" if hyper["momentum_decay"] != 1:
            return NADAM
        case "radam":
            return RADAM
        case "adamax" if large:
            return ADAMAX
    return None


def _started(rule: Rule, hyper: dict[str, Any]) -> Rule:
    """Adagrad's step, with a sum that starts at 0 or at `total`."""
    why, memory, lines = rule
    begun = f"(total + {text(hyper['total'])})" if hyper["total"] else "(total)"
    return why, memory, lines.replace("(total)", begun)


def _rolling(rule: Rule, hyper: dict[str, Any]) -> Rule:
    """RMSprop's step, with or without momentum."""
    why, memory, lines = rule
    if hyper["momentum"]:
        return why, [*memory, "velocity"], lines + ROLL
    return why, memory, lines + STEP


def as_class(recipe: Recipe, hyper: dict[str, Any], own: Rule) -> str:
    """The class with this rule in it."""
    why, memory, lines = own
    decay = hyper.get("weight_decay")
    if decay and recipe.optimizer not in DECOUPLED:
        penalty = f"gradient = gradient + {text(decay)} * variable  # L2"
        if recipe.decays == "matrices":
            penalty = f"{ONLY_MATRICES}\n    {penalty}"
        lines = f"{penalty}\n{lines.lstrip()}"
    lines = lines.format(**{name: text(value) for name, value in hyper.items()})
    made = [f'self.{m} = self.add_optimizer_variables(variables, "{m}")' for m in memory]
    if recipe.optimizer == "nadam":
        made.append('self.mu_product = self.add_variable((), "ones", name="mu_product")')
    return RULE.format(
        name=title(recipe.optimizer),
        why=why,
        memory="".join(f"        {line}\n" for line in made),
        lines="".join(f"        {line}\n" for line in lines.splitlines() if line),
    )
