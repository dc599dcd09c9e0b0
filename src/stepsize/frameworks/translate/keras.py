"""A recipe as Keras 3. If its optimizer of that name does something else, ours is written out."""

import re
from typing import Any

from ..recipe import Recipe
from . import keras_loop, named
from .rates import factor, first_of_warmup
from .script import SMALL, call, constant_rate, indented, numbers, product, refuse, script, text

__all__ = ["write"]

SCHEDULE = '''
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate. Keras counts the updates itself, from 0."""

    def __call__(self, step):
        t = ops.cast(step, keras.config.floatx())
{lines}        return {lr} * factor

    def get_config(self):
        return {{}}
'''
L2 = '''
class {name}L2(keras.optimizers.{name}):
    """With an L2 penalty, because Keras's own weight_decay is decoupled in every optimizer."""

    def update_step(self, gradient, variable, learning_rate):
        {when}gradient = gradient + {decay} * variable
        super().update_step(gradient, variable, learning_rate)
'''
ONLY_MATRICES = "if len(variable.shape) > 1:  # biases and norms are left alone"
EXCLUDED = """
# Only matrices get weight decay. (Your model must have been built by now.)
optimizer.exclude_from_weight_decay(var_list=[w for w in model.weights if len(w.shape) < 2])
"""
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
    "Momentum with the rate outside the velocity; that of keras.optimizers.SGD is inside.",
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
    "Nesterov's momentum, the rate outside; that of keras.optimizers.SGD is inside.",
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
    "NAdam with a momentum_decay; that of keras.optimizers.Nadam is 1.",
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


def write(recipe: Recipe, log: bool) -> str:
    """The recipe as a script for Keras."""
    hyper = numbers(recipe)
    if hyper.get("maximize"):
        raise refuse("Keras", "always minimizes.", "the loss with a minus sign")
    schedule, rate = _schedule(recipe, hyper)
    classes, optimizer = _optimizer(recipe, hyper, rate)
    by_name = watched = ""
    if recipe.rates:
        base, optimizer = _rebased(optimizer, "ByName")
        decay = hyper.get("weight_decay") if recipe.optimizer in KERAS_DECAYS else 0.0
        by_name = named.for_keras(base, decay or 0.0, recipe.decays == "matrices")
    if log:
        base, optimizer = _rebased(optimizer, "Watched")
        watched = keras_loop.watched(base)
    if recipe.decays == "matrices" and "weight_decay=" in optimizer and not recipe.rates:
        optimizer += EXCLUDED.rstrip()
    loop = keras_loop.loop(recipe, log)
    imports = {
        "import math": "math." in schedule,
        named.IMPORT: bool(recipe.rates),
        "import keras": True,
        "import numpy as np": False,
        "from keras import ops": "ops." in schedule + classes,
    }
    imports |= dict.fromkeys(loop.imports, True)
    built_on = (classes, named.parts(recipe), named.must_fit(recipe), by_name, watched)
    parts = (loop.data, *built_on, schedule, optimizer, loop.updates)
    return script(loop.yours, imports, *parts)


def _rebased(optimizer: str, name: str) -> tuple[str, str]:
    """The class in the line that makes the optimizer, and the line with this name in its place."""
    made, base, rest = re.split(r"(?<== )([\w.]+)", optimizer, maxsplit=1)
    return base, f"{made}{name}{rest}"


# The optimizers ----------------------------------------------------------------------------------


def _optimizer(recipe: Recipe, hyper: dict[str, Any], rate: Any) -> tuple[str, str]:
    """The class that has to be written out, if any, and the line that makes the optimizer."""
    name, decay = recipe.optimizer, hyper.get("weight_decay") or None
    if recipe.rates and name in KERAS_DECAYS:
        decay = None  # each variable decays at its own rate: see `named`
    if name == "adamw":
        decay = decay or 0.0  # written even if it is 0.0, because Keras's default isn't
    common = dict(learning_rate=rate, global_clipnorm=recipe.clip_norm)
    own = _written_out(recipe, hyper)
    if own:
        kept = {"weight_decay": decay} if name in DECOUPLED else {}
        return _class(recipe, hyper, own), _made(_title(name), **common, **kept)
    theirs, named = _theirs(recipe, hyper)
    if decay is None or name in KERAS_DECAYS:
        return "", _made(f"keras.optimizers.{theirs}", **common, **named, weight_decay=decay)
    when = f"{ONLY_MATRICES}\n{12 * ' '}" if recipe.decays == "matrices" else ""
    written = L2.format(name=theirs, when=when, decay=text(decay))
    return written, _made(f"{theirs}L2", **common, **named)


DECOUPLED = ("adamw", "lion")
KERAS_DECAYS = ("sgd", *DECOUPLED)  # whose decay is Keras's own


def _made(function: str, learning_rate: Any, global_clipnorm: Any, **named: Any) -> str:
    every = dict(learning_rate=learning_rate, **named, global_clipnorm=global_clipnorm)
    return f"optimizer = {call(function, **every)}"


def _title(name: str) -> str:
    titles = {"adamw": "AdamW", "amsgrad": "AMSGrad", "nadam": "NAdam", "radam": "RAdam"}
    titles |= {"rmsprop": "RMSprop", "centered_rmsprop": "CenteredRMSprop"}
    return titles.get(name, name.capitalize())


def _written_out(recipe: Recipe, hyper: dict[str, Any]) -> Rule | None:
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


def _class(recipe: Recipe, hyper: dict[str, Any], own: Rule) -> str:
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
        name=_title(recipe.optimizer),
        why=why,
        memory="".join(f"        {line}\n" for line in made),
        lines="".join(f"        {line}\n" for line in lines.splitlines() if line),
    )


def _theirs(recipe: Recipe, hyper: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Keras's class and its arguments."""
    name, eps = recipe.optimizer, hyper.get("eps", 0.0)
    adam = dict(beta_1=hyper["beta1"], beta_2=hyper["beta2"]) if "beta2" in hyper else {}
    match name:
        case "sgd":
            return "SGD", {}
        case "momentum" | "heavy_ball":
            return "SGD", dict(momentum=hyper["momentum"])
        case "nesterov":
            return "SGD", dict(momentum=hyper["momentum"], nesterov=True)
        case "adagrad":  # its epsilon is inside the root: there, the square does what ours does
            return "Adagrad", dict(initial_accumulator_value=hyper["total"], epsilon=eps**2)
        case "rmsprop":
            momentum = hyper["momentum"] or None
            return "RMSprop", dict(rho=hyper["alpha"], momentum=momentum, epsilon=eps**2)
        case "adadelta":
            return "Adadelta", dict(rho=hyper["rho"], epsilon=eps)
        case "adam" | "adamw" | "adamax" | "nadam":
            title = "Nadam" if name == "nadam" else _title(name)
            return title, dict(**adam, epsilon=eps)
        case "amsgrad":
            return "Adam", dict(**adam, epsilon=eps, amsgrad=True)
        case "lion":
            return "Lion", adam
        case "adafactor" | "adafactor_vector" if not hyper["weight_decay"]:
            named = dict(beta_2_decay=hyper["beta2_decay"], clip_threshold=hyper["d"])
            return "Adafactor", dict(**named, epsilon_1=hyper["eps1"], epsilon_2=hyper["eps2"])
    raise refuse("Keras", *REFUSED[name])


REFUSED = {
    "adafactor": (
        "shrinks the weights before Adafactor measures them.",
        "weight_decay=0",
    ),
    "adafactor_vector": (
        "shrinks the weights before Adafactor measures them.",
        "weight_decay=0",
    ),
    "muon": (
        "has a Muon that steps everything else with its own Adam, and decays both alike.",
        "keras.optimizers.Muon(rms_rate=0.2), which equals rms=0.2 on matrices",
    ),
    "ademamix": ("has no AdEMAMix.", "keras.optimizers.AdamW"),
    "prodigy": ("has no Prodigy.", "keras.optimizers.AdamW, whose rate is yours to choose"),
    "shampoo": ("has no Shampoo.", "keras.optimizers.Muon"),
    "soap": ("has no SOAP.", "keras.optimizers.Muon"),
    "schedule_free_sgd": (
        "has no schedule-free SGD.",
        "keras.optimizers.ScheduleFreeAdamW",
    ),
    "schedule_free_adamw": (
        "has a schedule-free AdamW that, on torch, takes another path than ours.",
        "keras.optimizers.ScheduleFreeAdamW",
    ),
}


# The schedules -----------------------------------------------------------------------------------


def _schedule(recipe: Recipe, hyper: dict[str, Any]) -> tuple[str, Any]:
    """The lines that make the schedule, and what to pass to the optimizer: a number, or it."""
    lr = hyper["lr"]
    if constant_rate(recipe):
        return "", recipe.lr(0)
    decay = hyper.get("lr_decay", 0.0)
    theirs = None if decay or recipe.warmup else _theirs_without_warmup(recipe, lr)
    if theirs:
        return f"schedule = {theirs}", "schedule"
    lines = indented(factor(recipe, "ops", decay), 8)
    return SCHEDULE.format(lines=lines, lr=text(lr)), "Schedule()"


def _theirs_without_warmup(recipe: Recipe, lr: float) -> str | None:
    """The call of Keras's own schedule; None if there is none.

    With a warmup there never is one: Keras's CosineDecay has a warmup, but stays at the peak for
    one update, and the recipe for two.
    """
    shape, of = recipe.shape, "keras.optimizers.schedules."
    match recipe.schedule:
        case "linear":
            ends = dict(
                decay_steps=shape["steps"], end_learning_rate=product(shape.get("end", 0.0), lr)
            )
            return call(of + "PolynomialDecay", product(shape.get("start", 1.0), lr), **ends)
        case "warmup" if shape["steps"] > 1:
            ends = dict(decay_steps=shape["steps"] - 1, end_learning_rate=product(1.0, lr))
            return call(of + "PolynomialDecay", product(first_of_warmup(shape), lr), **ends)
        case "step_decay":
            named = dict(decay_steps=shape["step_size"], decay_rate=shape.get("gamma", 0.1))
            return call(of + "ExponentialDecay", lr, **named, staircase=True)
        case "multi_step":  # its boundaries are the last updates of the old rate
            milestones, gamma = sorted(shape["milestones"]), shape.get("gamma", 0.1)
            values = [product(lr, gamma**i) for i in range(len(milestones) + 1)]
            before = [milestone - 1 for milestone in milestones]
            if len({*milestones}) == len(milestones):
                return call(of + "PiecewiseConstantDecay", before, values)
        case "exponential":
            named = dict(decay_steps=1, decay_rate=shape["gamma"])
            return call(of + "ExponentialDecay", lr, **named)
        case "polynomial":
            named = dict(decay_steps=shape["steps"], end_learning_rate=0.0)
            return call(of + "PolynomialDecay", lr, **named, power=shape.get("power"))
        case "cosine":
            named = dict(decay_steps=shape["steps"], alpha=shape.get("floor"))
            return call(of + "CosineDecay", lr, **named)
        case "cosine_restarts" if shape.get("growth", 1) == 1:
            named = dict(t_mul=1.0, alpha=shape.get("floor"))
            return call(of + "CosineDecayRestarts", lr, shape["steps"], **named)
    return None
