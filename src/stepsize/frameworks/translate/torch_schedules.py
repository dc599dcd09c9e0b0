"""The schedule of a script for PyTorch: torch's own schedulers, or a formula if it has none."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

from ...schedules import one_cycle
from ..recipe import Recipe
from .rates import factor, first_of_warmup
from .script import call, constant_rate, indented, product

__all__ = ["scheduler"]

WRITTEN_OUT = '''
def factor_after(t):
    """The factor on the peak rate, after t updates."""
{lines}    return float(factor)


'''
ONE = "scheduler = lr_scheduler.LambdaLR(optimizer, factor_after)\n"
TWO = "schedulers = [lr_scheduler.LambdaLR(optimizer, factor_after) for optimizer in optimizers]\n"


def scheduler(recipe: Recipe, lr: float) -> str:
    """The lines that make the scheduler; empty if the rate is always lr."""
    if constant_rate(recipe) and recipe.lr(0) == lr:
        return ""
    own_bases = recipe.matrices_only or recipe.rates  # some of torch's take one base for all
    after = None if own_bases else _theirs_after_warmup(recipe, lr)
    if after is None:
        lines = indented(factor(recipe, "np"), 4)
        return WRITTEN_OUT.format(lines=lines) + (TWO if recipe.matrices_only else ONE)
    warmup = f"lr_scheduler.{call('LinearLR', 'optimizer', **_rise(recipe.warmup))}"
    if not recipe.warmup:
        return f"scheduler = lr_scheduler.{after}"
    if not after:
        return f"scheduler = {warmup}"
    both = f"optimizer, [warmup, after], milestones=[{recipe.warmup}]"
    return (
        f"warmup = {warmup}\nafter = lr_scheduler.{after}\n"
        f"scheduler = lr_scheduler.SequentialLR({both})"
    )


def _rise(warmup: int) -> dict[str, Any]:
    """1 / W at the first update, 1 at the W-th, with W - 1 equal steps in between."""
    return dict(start_factor=f"1 / {warmup}", total_iters=warmup - 1)


def _theirs_after_warmup(recipe: Recipe, lr: float) -> str | None:
    """The call of torch's own scheduler; "" for a constant rate; None if torch doesn't have it."""
    shape, updates = recipe.shape, recipe.steps - recipe.warmup
    floor = product(shape["floor"], lr) if shape.get("floor") else None
    match recipe.schedule:
        case "constant" if _stays(shape) and shape.get("factor", 1.0) == 1:
            return ""
        case "constant" if not _stays(shape) and shape.get("factor", 1.0) > 0:
            named = dict(factor=shape.get("factor", 1.0), total_iters=shape["steps"])
            return call("ConstantLR", "optimizer", **named)
        case "linear" if shape.get("start", 1.0) > 0:
            ends = dict(start_factor=shape.get("start", 1.0), end_factor=shape.get("end", 0.0))
            return call("LinearLR", "optimizer", **ends, total_iters=shape["steps"])
        case "warmup" if shape["steps"] > 1:
            first = dict(start_factor=first_of_warmup(shape))
            return call("LinearLR", "optimizer", **first, total_iters=shape["steps"] - 1)
        case "step_decay":
            named = dict(step_size=shape["step_size"], gamma=shape.get("gamma", 0.1))
            return call("StepLR", "optimizer", **named)
        case "multi_step":
            named = dict(milestones=sorted(shape["milestones"]), gamma=shape.get("gamma", 0.1))
            return call("MultiStepLR", "optimizer", **named)
        case "exponential":
            return call("ExponentialLR", "optimizer", gamma=shape["gamma"])
        case "polynomial":
            named = dict(total_iters=shape["steps"], power=shape.get("power", 1.0))
            return call("PolynomialLR", "optimizer", **named)
        case "cosine" if updates <= shape["steps"] + 1:  # after T_max it rises again
            return call("CosineAnnealingLR", "optimizer", T_max=shape["steps"], eta_min=floor)
        case "cosine_restarts":
            times = dict(T_0=shape["steps"], T_mult=shape.get("growth"), eta_min=floor)
            return call("CosineAnnealingWarmRestarts", "optimizer", **times)
        case "triangular" | "triangular2" | "exp_range" if not recipe.warmup:
            return _cyclic(recipe, lr)
        case "one_cycle" if not recipe.warmup:
            return _one_cycle(recipe, lr)
    return None


def _stays(shape: Mapping[str, Any]) -> bool:
    return bool(shape.get("steps", math.inf) == math.inf)


def _cyclic(recipe: Recipe, lr: float) -> str:
    shape = recipe.shape
    named = dict(base_lr=product(shape.get("floor", 0.0), lr), max_lr=lr, step_size_up=shape["up"])
    named |= dict(step_size_down=shape.get("down"), gamma=shape.get("gamma"))
    mode = f'"{recipe.schedule}"'
    return call("CyclicLR", "optimizer", **named, mode=mode, cycle_momentum=False)


def _one_cycle(recipe: Recipe, lr: float) -> str | None:
    """None for shapes that torch's can't do: one that ends before the run, or has no rise."""
    arguments = inspect.signature(one_cycle).bind(0, **recipe.shape)
    arguments.apply_defaults()
    shape = arguments.arguments
    peak = shape["pct_start"] * shape["steps"] - 1
    if shape["steps"] < recipe.steps or not 0 < peak * (shape["phases"] - 1) < shape["steps"] - 1:
        return None
    named = {n: shape[n] for n in ("pct_start", "div_factor", "final_div_factor")}
    anneal = None if shape["anneal"] == "cos" else '"linear"'
    named |= dict(anneal_strategy=anneal, three_phase=shape["phases"] == 3 or None)
    times = dict(max_lr=lr, total_steps=shape["steps"])
    return call("OneCycleLR", "optimizer", **times, **named, cycle_momentum=False)
