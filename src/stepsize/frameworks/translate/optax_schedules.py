"""The schedule of a script for Optax: its own, or a function with the formula if it has none."""

import math
from typing import Any

from ..recipe import Recipe
from .rates import factor, first_of_warmup
from .script import call, constant_rate, cycles, indented, product, text

__all__ = ["schedule"]

WRITTEN_OUT = '''
def schedule(t):
    """The learning rate, after t updates."""
    t = jnp.asarray(t, float)
{lines}    return {lr} * factor
'''


def schedule(recipe: Recipe, hyper: dict[str, Any]) -> tuple[str, Any]:
    """The lines that make the schedule, and what to pass on: a number, or `schedule`."""
    lr = hyper["lr"]
    if constant_rate(recipe) and recipe.lr(0) == lr:
        return "", lr
    decay = hyper.get("lr_decay", 0.0)
    after = None if decay else _theirs_after_warmup(recipe, lr)
    if after is None:
        lines = indented(factor(recipe, "jnp", decay), 4)
        return WRITTEN_OUT.format(lines=lines, lr=text(lr)), "schedule"
    if recipe.warmup < 2:  # the first update has the whole rate
        warmup = call("optax.constant_schedule", lr)
    else:
        named = dict(init_value=f"{text(lr)} / {recipe.warmup}", end_value=lr)
        warmup = call("optax.linear_schedule", **named, transition_steps=recipe.warmup - 1)
    if not recipe.warmup:
        return f"schedule = {after}", "schedule"
    joined = f"schedule = optax.join_schedules([warmup, after], [{recipe.warmup}])"
    return f"warmup = {warmup}\nafter = {after}\n{joined}", "schedule"


def _theirs_after_warmup(recipe: Recipe, lr: float) -> str | None:
    """The call of Optax's own schedule; None if Optax doesn't have it."""
    shape = recipe.shape
    match recipe.schedule:
        case "constant" if shape.get("steps", math.inf) == math.inf:
            return call("optax.constant_schedule", product(shape.get("factor", 1.0), lr))
        case "linear":
            ends = (product(shape.get("start", 1.0), lr), product(shape.get("end", 0.0), lr))
            return call("optax.linear_schedule", *ends, shape["steps"])
        case "warmup" if shape["steps"] > 1:
            first = product(first_of_warmup(shape), lr)
            return call("optax.linear_schedule", first, lr, shape["steps"] - 1)
        case "step_decay":
            named = dict(transition_steps=shape["step_size"], decay_rate=shape.get("gamma", 0.1))
            if named["decay_rate"] > 0:  # it takes a rate of 0 for "no decay"
                return call("optax.exponential_decay", lr, **named, staircase=True)
        case "multi_step" if len({*shape["milestones"]}) == len(shape["milestones"]):
            scales = ", ".join(
                f"{text(m)}: {text(shape.get('gamma', 0.1))}" for m in sorted(shape["milestones"])
            )
            return call("optax.piecewise_constant_schedule", lr, f"{{{scales}}}")
        case "exponential" if shape["gamma"] > 0:
            named = dict(transition_steps=1, decay_rate=shape["gamma"])
            return call("optax.exponential_decay", lr, **named)
        case "polynomial":
            named = dict(power=shape.get("power", 1.0), transition_steps=shape["steps"])
            return call("optax.polynomial_schedule", lr, 0.0, **named)
        case "cosine":
            named = dict(decay_steps=shape["steps"], alpha=shape.get("floor"))
            return call("optax.cosine_decay_schedule", lr, **named)
        case "cosine_restarts":
            return _restarts(recipe, lr)
    return None


def _restarts(recipe: Recipe, lr: float) -> str | None:
    """Cosine decays one after another; None if they would fill a page."""
    begins, shape = cycles(recipe), recipe.shape
    if len(begins) > 4:
        return None
    lengths = [shape["steps"] * shape.get("growth", 1) ** i for i in range(len(begins) + 1)]
    alpha = shape.get("floor") or None
    each = [call("optax.cosine_decay_schedule", lr, length, alpha=alpha) for length in lengths]
    inner = "".join(f"        {one},\n" for one in each)
    return f"optax.join_schedules(\n    [\n{inner}    ],\n    {begins},\n)"
