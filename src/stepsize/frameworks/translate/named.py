"""Groups by the names of tensors: those with their own rate, and those left to AdamW."""

import json

from ..recipe import Recipe
from .script import text

__all__ = [
    "IMPORT",
    "for_keras",
    "for_optax",
    "is_for_muon",
    "must_fit",
    "must_fit_torch",
    "of_two",
    "parts",
    "take",
]

IMPORT = "from fnmatch import fnmatchcase"
PARTS = '''
# Factors on the rate, by name. If several patterns match, the first one counts.
PARTS = {{{parts}}}


def part_of(name):
    """The factor on the rate for the tensor of this name."""
    return next((part for pattern, part in PARTS.items() if fnmatchcase(name, pattern)), 1.0)
'''
MUST_FIT = '''
def must_fit(names):
    """Raise ValueError for a pattern that fits no tensor's name: it would do nothing, unseen."""
    for pattern in {patterns}:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"{{pattern!r}} fits none of the names: {{', '.join(names)}}")
'''
TORCH = '''
def groups(parameters, lr, decay):
    """A group for each rate{of_each}."""
    shares = {{({first}): []}}
    for name, p in parameters:
        shares.setdefault(({key}), []).append(p)
    return [
        dict(params=params, lr=lr * part, weight_decay={decay})
        for ({loop}), params in shares.items()
    ]
'''
KEPT = dict(of_each="", first="1.0,", key="part_of(name),", decay="decay", loop="part,")
BY_AXES = dict(
    of_each=", of what decays and of what doesn't: biases and norms are left alone",
    first="1.0, True",
    key="part_of(name), p.ndim >= 2",
    decay="decay if decays else 0.0",
    loop="part, decays",
)
IS_FOR_MUON = '''
def is_for_muon(name, p):
    """Muon takes matrices (torch computes it in bfloat16). AdamW takes everything else."""
    return p.ndim == 2{names}
'''
MUONS = "for name, p in model.named_parameters() if is_for_muon(name, p)"
OTHERS = "for name, p in model.named_parameters() if not is_for_muon(name, p)"
WITH_NAMES = f"""
matrices = [(name, p) {MUONS}]
others = [(name, p) {OTHERS}]
"""
WITHOUT = f"""
matrices = [dict(params=[p {MUONS}])]
others = [dict(params=[p {OTHERS}])]
"""
WITHOUT_BY_AXES = f"""
matrices = [dict(params=[p {MUONS}])]
others = [p {OTHERS}]
others = [
    dict(params=[p for p in others if p.ndim >= 2]),
    dict(params=[p for p in others if p.ndim < 2], weight_decay=0.0),
]
"""
KERAS = '''
class ByName({base}):
    """Gives each variable its own rate, by name."""

    def build(self, variables):
        must_fit([variable.path for variable in variables])
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        learning_rate = learning_rate * part_of(variable.path)
{decay}        super().update_step(gradient, variable, learning_rate)
'''
OPTAX = '''
def name_of(path):
    """The keys that lead to a tensor, joined by dots."""
    return jax.tree_util.keystr(path, simple=True, separator=".")


def by_name(updates, params):
    """Each tensor's update, times the factor on its rate."""
    must_fit([name_of(path) for path, _ in jax.tree.leaves_with_path(updates)])
    return jax.tree.map_with_path(lambda path, update: part_of(name_of(path)) * update, updates)
'''


def parts(recipe: Recipe) -> str:
    """The recipe's rates by name and the function that finds one, or "" if it has none."""
    if not recipe.rates:
        return ""
    pairs = (f"{json.dumps(name)}: {text(part)}" for name, part in recipe.rates.items())
    return PARTS.format(parts=", ".join(pairs)).strip()


def must_fit(recipe: Recipe) -> str:
    """The function that names a pattern which fits nothing, or "" if the recipe has no patterns."""
    patterns = json.dumps([*recipe.rates, *recipe.others_take])
    return MUST_FIT.format(patterns=patterns).strip() if patterns != "[]" else ""


def must_fit_torch(recipe: Recipe) -> tuple[str, str]:
    """That function, and its call for a torch model."""
    written = must_fit(recipe)
    return written, written and "must_fit([name for name, _ in model.named_parameters()])"


def take(recipe: Recipe) -> str:
    """For torch, the code that sorts parameters into groups by their factor on the rate."""
    grouped = BY_AXES if recipe.decays == "matrices" else KEPT
    return TORCH.format(**grouped).strip()


def is_for_muon(recipe: Recipe) -> str:
    """For torch, the function that says which tensors go to Muon."""
    names = ", ".join(map(json.dumps, recipe.others_take))
    found = f" and not any(fnmatchcase(name, pattern) for pattern in [{names}])" if names else ""
    return IS_FOR_MUON.format(names=found)


def of_two(recipe: Recipe) -> str:
    """For torch, Muon's and AdamW's tensors, each with its name if its rate needs it."""
    without = WITHOUT_BY_AXES if recipe.decays == "matrices" else WITHOUT
    return (WITH_NAMES if recipe.rates else without).strip()


def for_keras(base: str, decay: float, matrices: bool) -> str:
    """A class like `base` whose variables have their own rates, and decay separately."""
    line = f"variable.assign(variable - learning_rate * {text(decay)} * variable)\n"
    when = "if len(variable.shape) > 1:  # biases and norms are left alone\n" + 12 * " "
    decays = f"{8 * ' '}{when if matrices else ''}{line}" if decay else ""
    return KERAS.format(base=base, decay=decays)


def for_optax(recipe: Recipe) -> str:
    """The recipe's rates by name, and the transformation that multiplies updates by them."""
    return "\n\n\n".join((parts(recipe), must_fit(recipe), OPTAX.strip()))
