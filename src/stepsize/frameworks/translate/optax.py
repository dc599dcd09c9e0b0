"""A recipe as Optax, whose optimizers are chains: if its own lacks something, we chain our own."""

from typing import Any

from ..recipe import Recipe
from . import named, optax_loop, optax_schedules
from .script import SMALL, call, constant_rate, numbers, refuse, script, text

__all__ = ["write"]

OWN_DECAY = {
    "adamw",
    "lion",
    "ademamix",
    "adafactor",
    "adafactor_vector",
    "schedule_free_adamw",
}
MASK = """
def matrices(params):
    \"\"\"What decays: everything but biases and norms.\"\"\"
    return jax.tree.map(lambda p: p.ndim >= 2, params)
"""


def write(recipe: Recipe, log: bool) -> str:
    """The recipe as a script for Optax."""
    hyper = numbers(recipe)
    if hyper.get("maximize"):
        raise refuse("Optax", "always minimizes.", "the loss with a minus sign")
    schedule, rate = optax_schedules.schedule(recipe, hyper)
    mask = "matrices" if recipe.decays == "matrices" and hyper.get("weight_decay") else None
    links = _links(recipe, hyper, rate, mask)
    if hyper.get("weight_decay") and recipe.optimizer not in OWN_DECAY:
        links.insert(0, call("optax.add_decayed_weights", hyper["weight_decay"], mask))
    if recipe.clip_norm is not None:
        links.insert(0, call("optax.clip_by_global_norm", recipe.clip_norm))
    if recipe.rates:
        links.append(_own_rates(recipe))
    optimizer = links[0] if len(links) == 1 else _chain(links)
    loop = optax_loop.loop(recipe, rate, log)
    imports = {
        "import itertools": True,
        "import math": "math." in schedule,
        named.IMPORT: bool(recipe.rates),
        "import jax": True,
        "import jax.numpy as jnp": "jnp." in schedule + optimizer,
        "import numpy as np": False,
        "import optax": True,
    }
    imports |= dict.fromkeys(loop.imports, True)
    masked = MASK if mask else ""
    by_name = named.for_optax(recipe) if recipe.rates else ""
    made = f"optimizer = {optimizer}"
    return script(loop.yours, imports, loop.data, masked, by_name, schedule, made, loop.updates)


def _own_rates(recipe: Recipe) -> str:
    """The last link, which scales the other links' output by the rate."""
    if recipe.optimizer in ("adafactor", "adafactor_vector"):
        raise refuse(
            "Optax", "caps Adafactor's rate before by-name factors apply.", "one rate for all"
        )
    if recipe.optimizer == "schedule_free_adamw":
        raise refuse("Optax", "has a schedule-free AdamW with one rate.", "one rate for all")
    return "optax.stateless(by_name)"


def _chain(links: list[str]) -> str:
    inner = "".join(f"{link},\n" for link in links)
    return "optax.chain(\n" + "".join(f"    {line}\n" for line in inner.splitlines()) + ")"


def _links(recipe: Recipe, hyper: dict[str, Any], rate: Any, mask: str | None) -> list[str]:
    """The links of the chain, usually just the optimizer of the same name."""
    last = call("optax.scale_by_learning_rate", rate)
    match recipe.optimizer:
        case "heavy_ball":  # the rate is multiplied in before the momentum
            return [last, call("optax.trace", decay=hyper["momentum"])]
        case "rmsprop" | "centered_rmsprop":
            kind = "stddev" if recipe.optimizer == "centered_rmsprop" else "rms"
            alpha, eps = hyper["alpha"], hyper["eps"]
            scale = call(f"optax.scale_by_{kind}", alpha, eps=eps, eps_in_sqrt=False)
            if hyper["momentum"]:  # optax.rmsprop multiplies the rate in before the momentum
                return [scale, call("optax.trace", decay=hyper["momentum"]), last]
            return [scale, last]
        case "amsgrad":
            return _amsgrad(hyper, last)
        case "adafactor" | "adafactor_vector":
            return _adafactor(hyper, rate, mask)
    theirs, named = _theirs(recipe, hyper, mask)
    return [call(f"optax.{theirs}", rate, **named)]


def _theirs(recipe: Recipe, hyper: dict[str, Any], mask: str | None) -> tuple[str, dict[str, Any]]:
    """Optax's optimizer and its arguments."""
    name, eps, betas = recipe.optimizer, hyper.get("eps", 0.0), _betas(hyper)
    decay = dict(weight_decay=hyper.get("weight_decay"), mask=mask)
    match name:
        case "sgd":
            return "sgd", {}
        case "momentum" if hyper["dampening"]:
            raise refuse("Optax", "has no dampening.", "dampening=0 and (1 - dampening) * lr")
        case "momentum":
            return "sgd", dict(momentum=hyper["momentum"])
        case "nesterov":
            return "sgd", dict(momentum=hyper["momentum"], nesterov=True)
        case "adagrad":  # its eps is inside the root, so it is our eps squared
            _small(name, eps)
            return "adagrad", dict(initial_accumulator_value=hyper["total"], eps=eps**2)
        case "adadelta":
            return "adadelta", dict(rho=hyper["rho"], eps=eps)
        case "adam" | "adamax":
            return name, dict(**betas, eps=eps)
        case "adamw":
            return "adamw", dict(**betas, eps=eps, **decay)
        case "lion":
            return "lion", dict(**betas, **decay)
        case "ademamix":
            slow = dict(b3=hyper["beta3"], alpha=hyper["alpha"])
            return "contrib.ademamix", dict(**betas, **slow, eps=eps, **decay)
        case "radam":
            _small(name, eps)
            return "radam", dict(**betas, eps=eps, threshold=hyper["tractable"])
        case "schedule_free_adamw" if constant_rate(recipe) and hyper["beta1"] and not mask:
            named = dict(**betas, eps=eps, weight_decay=hyper["weight_decay"])
            return "contrib.schedule_free_adamw", named
    raise refuse("Optax", *REFUSED[name])


def _betas(hyper: dict[str, Any]) -> dict[str, Any]:
    return dict(b1=hyper["beta1"], b2=hyper["beta2"]) if "beta2" in hyper else {}


REFUSED = {
    "nadam": (
        "has a NAdam whose beta1 doesn't warm up: it has no momentum_decay.",
        "optax.nadam",
    ),
    "muon": (
        "has a Muon that corrects the momentum's bias before it looks ahead.",
        "optax.contrib.muon, which differs in its first updates",
    ),
    "schedule_free_sgd": (
        "has a schedule-free SGD that leaves the starting point out of the mean.",
        "optax.contrib.schedule_free_sgd",
    ),
    "schedule_free_adamw": (
        "has a schedule-free AdamW that weights its points differently when the rate changes, "
        "divides by beta1, and decays everything.",
        'a constant rate without warmup, a beta1 above 0, and decays="all"',
    ),
    "prodigy": (
        "has a Prodigy that corrects its means for starting at 0.",
        "optax.contrib.prodigy",
    ),
    "shampoo": ("has no Shampoo.", "optax.contrib.muon"),
    "soap": ("has no SOAP.", "optax.contrib.muon"),
}


def _small(name: str, eps: float) -> None:
    if eps > SMALL:
        nearest = f"an eps of at most {SMALL:g}, for which its place doesn't matter"
        raise refuse("Optax", f"adds {name}'s eps in a different place.", nearest)


def _amsgrad(hyper: dict[str, Any], last: str) -> list[str]:
    """Optax corrects v before taking the maximum, or never. We choose never, then correct it."""
    _small("amsgrad", hyper["eps"])
    named = dict(eps=hyper["eps"], bias_correction_nu=False)
    correct = f"lambda t: jnp.sqrt(1 - {text(hyper['beta2'])} ** (t + 1.0))"
    first = call("optax.scale_by_amsgrad", **_betas(hyper), **named)
    return [first, call("optax.scale_by_schedule", correct), last]


def _adafactor(hyper: dict[str, Any], rate: Any, mask: str | None) -> list[str]:
    """optax.adafactor fixes eps2 and doesn't cap the rate, so this writes its links one by one."""
    now = f"{rate}(t)" if rate == "schedule" else text(rate)
    relative = f"lambda t: jnp.minimum({now}, (t + 1.0) ** -0.5)"
    scaled = dict(decay_rate=-hyper["beta2_decay"], min_dim_size_to_factor=1)
    links = [
        call("optax.scale_by_factored_rms", **scaled, epsilon=hyper["eps1"]),
        call("optax.clip_by_block_rms", hyper["d"]),
        call("optax.scale_by_schedule", relative),
        call("optax.scale_by_param_block_rms", hyper["eps2"]),
    ]
    if hyper["weight_decay"]:
        decay = text(hyper["weight_decay"])
        by = f"lambda t: {decay} * {now}" if rate == "schedule" else f"{decay} * {now}"
        links.append(call("optax.add_decayed_weights", by, mask))
    return [*links, call("optax.scale", -1.0)]
