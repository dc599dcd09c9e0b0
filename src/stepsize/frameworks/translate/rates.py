"""Schedules written out as a formula that works in NumPy, Keras's ops and jax.numpy.

All three use the same names for what is needed: minimum, where, cos. So each formula is written
once, with the library's name filled in: a line or two of preparation, and its value. The arguments
and their defaults are those of the schedule in `schedules`.

They are repeated here because a script needs one line with its numbers in it, and a compiled
update can't have the loops and `if`s of `schedules`. tests/test_rates.py compares the two.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..recipe import Recipe
from .script import cycles, text

__all__ = ["factor", "first_of_warmup"]

Formula = tuple[list[str], str]


def factor(recipe: Recipe, library: str, lr_decay: float = 0.0) -> list[str]:
    """The lines that compute `factor`, on the peak rate, from t, the updates already made.

    library: what the functions are called from: np, ops or jnp. lr_decay: Adagrad's own.
    """
    s, shape = ("s" if recipe.warmup else "t"), dict(recipe.shape)
    if recipe.schedule == "cosine_restarts":
        shape["begins"] = cycles(recipe)
    lines, value = FORMULAS[recipe.schedule](library, s, **shape)
    lines = [*lines, f"factor = {value}"]
    if recipe.warmup:
        W = recipe.warmup
        rise = f"(t + 1) / {W}" if W > 1 else "1.0"
        rising = f"factor = {library}.where(t < {W}, {rise}, factor)"
        since = f"s = {library}.maximum(t - {W}, 0)  # since the end of the warmup"
        if value == "1.0":
            lines = [f"factor = {library}.minimum((t + 1) / {W}, 1.0)"]
        elif value.replace(".", "").isdigit():
            lines = [f"factor = {library}.where(t < {W}, {rise}, {value})"]
        else:
            lines = [since, *lines, rising]
    if lr_decay:
        lines.append(f"factor = factor / (1 + {text(lr_decay)} * t)  # lr_decay")
    return lines


def first_of_warmup(shape: Mapping[str, Any]) -> float:
    """The first factor of `schedules.warmup`, where a library's line to the peak has to start."""
    start = shape.get("start", 0.0)
    return float(f"{start + (1 - start) / shape['steps']:.15g}")


def _constant(xp: str, s: str, factor: float = 1.0, steps: float = float("inf")) -> Formula:
    if steps == float("inf"):
        return [], text(float(factor))
    return [], f"{xp}.where({s} < {text(steps)}, {text(factor)}, 1.0)"


def _linear(xp: str, s: str, steps: int, start: float = 1.0, end: float = 0.0) -> Formula:
    share = f"{xp}.minimum({s} / {text(steps)}, 1.0)"
    return [], f"{text(start)} + ({text(end)} - {text(start)}) * {share}"


def _warmup(xp: str, s: str, steps: int, start: float = 0.0) -> Formula:
    T = text(steps)
    return [], _above(start, f"{xp}.minimum(({s} + 1) / {T}, 1.0)")


def _step_decay(xp: str, s: str, step_size: int, gamma: float = 0.1) -> Formula:
    return [], f"{text(gamma)} ** ({s} // {text(step_size)})"


def _multi_step(xp: str, s: str, milestones: Any, gamma: float = 0.1) -> Formula:
    return [_count(xp, s, "passed", sorted(milestones))], f"{text(gamma)}**passed"


def _exponential(xp: str, s: str, gamma: float) -> Formula:
    return [], f"{text(gamma)}**{s}"


def _polynomial(xp: str, s: str, steps: int, power: float = 1.0) -> Formula:
    return [], f"(1 - {xp}.minimum({s} / {text(steps)}, 1.0)) ** {text(power)}"


def _inverse_sqrt(xp: str, s: str, warmup: int) -> Formula:
    n, W = f"({s} + 1)", text(warmup)
    return [], f"{xp}.minimum({n} / {W}, ({W} / {n}) ** 0.5)"


def _cosine(xp: str, s: str, steps: int, floor: float = 0.0) -> Formula:
    return [f"share = {xp}.minimum({s} / {text(steps)}, 1.0)"], _half_wave(xp, floor)


def _warmup_stable_decay(
    xp: str,
    s: str,
    steps: int,
    warmup: int,
    decay: int,
    floor: float = 0.0,
    anneal: str = "linear",
) -> Formula:
    T, W, D = text(steps), text(warmup), text(decay)
    left = f"{xp}.clip(({T} - {s}) / {D}, 0.0, 1.0)"
    rise = f"{xp}.minimum(({s} + 1) / {W}, 1.0)"
    lines = [f"left = {left if decay else f'{xp}.where({s} < {T}, 1.0, 0.0)'}"]
    shape = "left" if anneal == "linear" else "(1 - (1 - left) ** 0.5)"
    if not warmup:
        return lines, _above(floor, shape)
    height = f"({_above(floor, shape)})" if floor else shape
    return [f"rise = {rise}", *lines], f"rise * {height}"


def _cosine_restarts(
    xp: str, s: str, steps: int, begins: list[int], growth: int = 1, floor: float = 0.0
) -> Formula:
    T, m = text(steps), text(growth)
    if growth == 1 or not begins:
        return [f"share = {s} % {T} / {T}"], _half_wave(xp, floor)
    lines = [
        _count(xp, s, "cycle", begins),
        f"since = {s} - {T} * ({m}**cycle - 1) / ({m} - 1)",
        f"share = since / ({T} * {m}**cycle)",
    ]
    return lines, _half_wave(xp, floor)


def _triangular(
    xp: str, s: str, up: int, down: int | None = None, floor: float = 0.0, shrink: str = ""
) -> Formula:
    up_and_down = up + (up if down is None else down)
    since = f"since = {s} % {text(up_and_down)}"
    down_again = f"({text(up_and_down)} - since) / {text(up if down is None else down)}"
    height = f"{xp}.where(since <= {text(up)}, since / {text(up)}, {down_again})"
    cycle = f"({s} // {text(up_and_down)})"
    lines = [since, f"height = {height}{shrink.format(s=s, cycle=cycle)}"]
    return lines, _above(floor, "height")


def _triangular2(xp: str, s: str, up: int, down: int | None = None, floor: float = 0.0) -> Formula:
    return _triangular(xp, s, up, down, floor, " * 0.5 ** {cycle}")


def _exp_range(
    xp: str, s: str, up: int, down: int | None = None, gamma: float = 1.0, floor: float = 0.0
) -> Formula:
    return _triangular(xp, s, up, down, floor, f" * {text(gamma)}**{{s}}")


def _one_cycle(
    xp: str,
    s: str,
    steps: int,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    anneal: str = "cos",
    phases: int = 2,
) -> Formula:
    low, peak = 1 / div_factor, pct_start * steps - 1
    turns = [0.0, peak, steps - 1.0] if phases == 2 else [0.0, peak, 2 * peak, steps - 1.0]
    heights = [low, 1.0, low / final_div_factor]
    if phases == 3:
        heights.insert(2, low)
    parts = list(zip(turns, turns[1:], heights, heights[1:], strict=False))
    parts = [part for part in parts if part[1] > part[0]]
    before, value = parts, text(heights[-1])
    ends = [end for _, end, *_ in parts]
    if turns[-1] in ends:  # the part that ends with the run goes on
        *before, last = parts[: ends.index(turns[-1]) + 1]
        value = f"between{text(last)}"
    if not parts:  # a run of one update
        return [], value
    share = f"share = {xp}.clip(({s} - begin) / (end - begin), 0.0, 1.0)"
    if anneal == "cos":
        share = share.replace("= ", f"= 0.5 - 0.5 * {xp}.cos(math.pi * ", 1) + ")"
    inner = ["", "def between(begin, end, start, goal):"]
    inner += [f"    {share}", "    return start + (goal - start) * share", ""]
    lines = [*inner, f"factor = {value}"]
    for begin, end, start, goal in reversed(before):
        piece = f"between{text((begin, end, start, goal))}"
        lines.append(f"factor = {xp}.where({s} <= {text(end)}, {piece}, factor)")
    return lines[:-1], lines[-1].removeprefix("factor = ")


def _above(floor: float, height: str) -> str:
    return f"{text(floor)} + (1 - {text(floor)}) * {height}" if floor else height


def _half_wave(xp: str, floor: float) -> str:
    return _above(floor, f"0.5 * (1 + {xp}.cos(math.pi * share))")


def _count(xp: str, s: str, name: str, milestones: list[int]) -> str:
    each = f"{xp}.where({s} >= milestone, 1.0, 0.0)"
    return f"{name} = sum({each} for milestone in {text(milestones)})"


FORMULAS: dict[str, Callable[..., Formula]] = {
    "constant": _constant,
    "linear": _linear,
    "warmup": _warmup,
    "step_decay": _step_decay,
    "multi_step": _multi_step,
    "exponential": _exponential,
    "polynomial": _polynomial,
    "inverse_sqrt": _inverse_sqrt,
    "cosine": _cosine,
    "warmup_stable_decay": _warmup_stable_decay,
    "cosine_restarts": _cosine_restarts,
    "triangular": _triangular,
    "triangular2": _triangular2,
    "exp_range": _exp_range,
    "one_cycle": _one_cycle,
}
