"""A recipe as Keras 3. If its optimizer of that name does something else, ours is written out."""

import re
from typing import Any

from ..recipe import Recipe
from . import keras_loop, keras_schedules, named
from .keras_rules import DECOUPLED, ONLY_MATRICES, as_class, title, written_out
from .script import call, numbers, refuse, script, text

__all__ = ["write"]

L2 = '''
class {name}L2(keras.optimizers.{name}):
    """With an L2 penalty, because Keras's own weight_decay is decoupled in every optimizer."""

    def update_step(self, gradient, variable, learning_rate):
        {when}gradient = gradient + {decay} * variable
        super().update_step(gradient, variable, learning_rate)
'''
EXCLUDED = """
# Only matrices get weight decay. (Your model must have been built by now.)
optimizer.exclude_from_weight_decay(var_list=[w for w in model.weights if len(w.shape) < 2])
"""


def write(recipe: Recipe, log: bool) -> str:
    """The recipe as a script for Keras."""
    hyper = numbers(recipe)
    if hyper.get("maximize"):
        raise refuse("Keras", "always minimizes.", "the loss with a minus sign")
    schedule, rate = keras_schedules.schedule(recipe, hyper)
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


def _optimizer(recipe: Recipe, hyper: dict[str, Any], rate: Any) -> tuple[str, str]:
    """The class that has to be written out, if any, and the line that makes the optimizer."""
    name, decay = recipe.optimizer, hyper.get("weight_decay") or None
    if recipe.rates and name in KERAS_DECAYS:
        decay = None  # each variable decays at its own rate: see `named`
    if name == "adamw":
        decay = decay or 0.0  # written even if it is 0.0, because Keras's default isn't
    common = dict(learning_rate=rate, global_clipnorm=recipe.clip_norm)
    own = written_out(recipe, hyper)
    if own:
        kept = {"weight_decay": decay} if name in DECOUPLED else {}
        return as_class(recipe, hyper, own), _made(title(name), **common, **kept)
    theirs, named = _theirs(recipe, hyper)
    if decay is None or name in KERAS_DECAYS:
        return "", _made(f"keras.optimizers.{theirs}", **common, **named, weight_decay=decay)
    when = f"{ONLY_MATRICES}\n{12 * ' '}" if recipe.decays == "matrices" else ""
    written = L2.format(name=theirs, when=when, decay=text(decay))
    return written, _made(f"{theirs}L2", **common, **named)


KERAS_DECAYS = ("sgd", *DECOUPLED)  # Keras decays these as we do


def _made(function: str, learning_rate: Any, global_clipnorm: Any, **named: Any) -> str:
    every = dict(learning_rate=learning_rate, **named, global_clipnorm=global_clipnorm)
    return f"optimizer = {call(function, **every)}"


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
        case "adagrad":  # its epsilon is inside the root, so it is our eps squared
            return "Adagrad", dict(initial_accumulator_value=hyper["total"], epsilon=eps**2)
        case "rmsprop":
            momentum = hyper["momentum"] or None
            return "RMSprop", dict(rho=hyper["alpha"], momentum=momentum, epsilon=eps**2)
        case "adadelta":
            return "Adadelta", dict(rho=hyper["rho"], epsilon=eps)
        case "adam" | "adamw" | "adamax" | "nadam":
            return "Nadam" if name == "nadam" else title(name), dict(**adam, epsilon=eps)
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
        "has a schedule-free AdamW that, on torch, takes a different path from ours.",
        "keras.optimizers.ScheduleFreeAdamW",
    ),
}
