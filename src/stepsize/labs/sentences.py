"""The sentence under a picture: a verdict, a colon, and the numbers it rests on.

Every sentence is read off a trace, and holds for that trace. Nothing is predicted.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .. import plots
from ..clinic import RangeTest
from ..loop import Trace
from ..surfaces import Surface

__all__ = [
    "batches",
    "decay",
    "descent",
    "directions",
    "escape",
    "fair_race",
    "forgetting",
    "microscope",
    "momentum_map",
    "number",
    "parabola",
    "race",
    "range_test",
    "warmup",
]


def number(value: float, form: str = ".3g") -> str:
    """Three digits, or as `form` says: 0.0123, 1.3 × 10⁻⁶, −58, infinite."""
    return plots.number(value, form) if np.isfinite(value) else "infinite"


def descent(trace: Trace, surface: Surface, reveal: bool = False) -> str:
    """What a run on a surface did. reveal: whether to name the border 2/curvature."""
    steps, first, last = len(trace.grad), trace.loss[0], trace.loss[-1]
    lowest = float(surface.loss(np.array(surface.minimum)))
    after = f"loss {number(last)} after {steps} steps"
    if _diverges(trace.loss):
        grown = f"diverging: the loss grew from {number(first)} to {number(last)} in {steps} steps"
        return grown + (_border(trace, surface) if reveal else "")
    if last - lowest <= 1e-4 * (first - lowest):
        return f"converged: {after}"
    if _at_rest(trace) and _in_a_dent(surface, trace.theta[-1], lowest):
        return f"stuck in a dent: loss {number(last)} here, {number(lowest)} at the lowest point"
    after += f", {number(first)} at the start"
    if _bounces(trace):
        return f"bouncing from wall to wall: {after}"
    if last > first:
        return f"higher than before: {after}"
    if last - lowest > 0.9 * (trace.loss[-steps // 4] - lowest):
        return f"crawling: {after}"
    return f"on its way: {after}"


def directions(trace: Trace, surface: Surface, parts: np.ndarray) -> str:
    """What gradient descent did, and what is left in each direction: (steps + 1, 2)."""
    along, across = (number(part) for part in parts[-1])
    return f"{descent(trace, surface, reveal=True)}. Its parts: {along} along θ₁, {across} along θ₂"


def _diverges(loss: np.ndarray) -> bool:
    """Does it end above the start, having been higher in the second half than in the first?"""
    half = len(loss) // 2
    return not (loss[-1] <= loss[0] or loss[half:].max() <= 1.02 * loss[:half].max())


def _border(trace: Trace, surface: Surface) -> str:
    """Names the border, which exists only for gradient descent on a quadratic."""
    names = set(vars(trace)) - {"theta", "loss", "grad"}
    if surface.curvature and names == {"lr"} and trace.lr[-1] > 2 / surface.curvature:
        return f"; the rate is above 2/curvature = {number(2 / surface.curvature)}"
    return ""


def _at_rest(trace: Trace) -> bool:
    """Is the last slope small compared with those on the way?"""
    with np.errstate(over="ignore"):  # it may have been far out, and come back
        slope = np.hypot.reduce(trace.grad, axis=-1)
    return bool(slope[-1] <= 0.02 * slope.max())


def _in_a_dent(surface: Surface, place: np.ndarray, lowest: float) -> bool:
    """Is it higher all around, a hundredth of the map away, and much lower somewhere else?"""
    angle = np.linspace(0, 2 * np.pi, 32)
    width = np.ptp(surface.domain, axis=-1) / 100
    here = surface.loss(place)
    around = surface.loss(place + width * np.stack([np.cos(angle), np.sin(angle)], axis=-1)) - here
    return bool(around.min() > 0 and here - lowest > around.max())


def _bounces(trace: Trace) -> bool:
    """Does each of the last steps reverse the one before?"""
    step = np.diff(trace.theta[-12:], axis=0)
    return bool((np.vecdot(step[1:], step[:-1]) < 0).all())


def parabola(trace: Trace, curvature: float, reveal: bool = False) -> str:
    """What a run on a parabola did. All its steps are alike, so the first one says it all."""
    steps, lr = len(trace.grad), float(trace.lr[0])
    said = f"{_first_step(*trace.theta[:2, 0])}: loss {number(trace.loss[-1])} after {steps} steps"
    if not reveal:
        return said
    multiplier = f"1 − lr × curvature = {number(1 - lr * curvature, '.4g')}"
    border = f"the border is 2/curvature = {number(2 / curvature)}"
    return f"{said}. Each step multiplies the distance by {multiplier}; {border}"


def _first_step(x: float, then: float) -> str:
    if abs(then) < 1e-3 * abs(x):
        return "there in one step"
    if then / x > 0:
        return "crawling" if then / x > 0.9 else "closing in from one side"
    if np.isclose(-then, x, rtol=1e-9):
        return "back and forth, always the same distance"
    return f"overshooting, {'less' if abs(then) < abs(x) else 'further'} each time"


def batches(trace: Trace, epochs: int) -> str:
    """What a run on mini-batches did in some epochs, and how far it wandered in the last one."""
    updates, loss = len(trace.grad), trace.loss
    did = f"{updates} updates in {epochs} epochs"
    if trace.diverged:
        return f"diverging: {did} took the loss from {number(loss[0])} to {number(loss[-1])}"
    last = loss[-(updates // epochs) :]
    if len(last) == 1:
        return f"{did}: loss {number(loss[-1])} at the end"
    low, high = number(last.min()), number(last.max())
    return f"{did}: in the last one, the loss lies between {low} and {high}"


def escape(trace: Trace, good: tuple[float, float], poor: tuple[float, float]) -> str:
    """In which valley a run ended. good, poor: the hilltops on both sides of each."""
    end, updates = float(trace.theta[-1, 0]), len(trace.grad)
    where = f"at {number(end, '.2f')} after {updates} updates, loss {number(trace.loss[-1])}"
    if good[0] < end < good[1]:
        return f"got out, into the good valley: {where}"
    if poor[0] < end < poor[1]:
        return f"still in the poor valley: {where}"
    return f"somewhere else: {where}"


def momentum_map(trace: Trace, grown: np.ndarray) -> str:
    """Which run was chosen, and by how many powers of ten its loss has grown."""
    chosen = f"learning rate {number(trace.lr[0])}, momentum {trace.momentum[0]:.2f}"
    if not grown <= 0:
        first = trace.loss[0]
        with np.errstate(all="ignore"):
            worst = first * 10**grown
        grew = f"the loss grew from {number(first)} to {number(worst)}"
        return f"{chosen}: higher than at the start; {grew} in {len(trace.grad)} steps"
    left = number(float(10**grown), ".2g")
    return f"{chosen}: {left} of the loss is left after {len(trace.grad)} steps"


def range_test(found: RangeTest, end: float, best: float) -> str:
    """What the test suggests, and how a full run at that rate ends, compared with the best one."""
    if found.suggestion is None:
        return f"no suggestion: {found.reason}"
    smooth = found.smoothed
    halfway = found.lr[np.argmax(smooth <= (smooth[0] + smooth.min()) / 2)]
    lowest = number(found.lr[smooth.argmin()])
    seen = f"half of the fall is over by {number(halfway)}, and the lowest point is at {lowest}"
    tried = f"a full run at the suggested rate ends with a loss of {number(end)}"
    beside = f"the best of the sweep with {number(best)}"
    return f"the test suggests {number(found.suggestion)}: {seen}; {tried}, {beside}"


def schedules(
    names: Sequence[str],
    rates: np.ndarray,
    above: np.ndarray,
    ends: Sequence[int],
    last: int,
) -> str:
    """For each schedule: the rates that were used, and how far above the lowest loss it was when.

    rates: (schedules, updates). above: (schedules, updates + 1), averaged over runs; the sentence
    gives its mean over the `last` updates up to each of `ends`.
    """
    heights = np.stack([above[:, end + 1 - last : end + 1].mean(-1) for end in ends])
    said = []
    for name, rate, height in zip(names, rates, heights.T, strict=True):
        ends_at = f"from {number(rate[0])} to {number(rate[-1])}"
        used = ends_at if np.ptp(rate) else number(rate[0])
        highest = f", at most {number(rate.max())}" if rate.max() > rate[0] else ""
        first, *later = map(number, height)
        found = "".join(f", and {h} after {end}" for h, end in zip(later, ends[1:], strict=True))
        above_lowest = f"{first} above the lowest loss after {ends[0]} updates{found}"
        said.append(f"{name} (rate {used}{highest}) is {above_lowest}")
    return f"{_lower(names, heights, ends)}: {'; '.join(said)}"


def _lower(names: Sequence[str], heights: np.ndarray, ends: Sequence[int]) -> str:
    """Which of the two is lower, and by what factor, as far as the picture shows."""
    found: dict[str, list[str]] = {}
    for each, end in zip(heights, ends, strict=True):
        if number(each[0]) == number(each[1]):
            found.setdefault("no difference", []).append(f"after {end} updates")
        else:
            ahead = f"{names[int(each.argmin())]} is lower,"
            factor = number(each.max() / each.min(), ".2g")
            found.setdefault(ahead, []).append(f"by a factor of {factor} after {end} updates")
    return ", and ".join(f"{who} {' and '.join(when)}" for who, when in found.items())


def scales(trace: Trace) -> str:
    """How far each of two coordinates moved, in all and per gradient it was given."""
    asked, gone = np.abs(trace.grad).sum(axis=0), -trace.theta[-1]
    often, rarely = (
        f"{n:.0f} gradients moved it {number(way)} in all, {number(way / n)} each"
        for n, way in zip(asked, gone, strict=True)
    )
    return f"often: {often}; rarely: {rarely}"


def microscope(trace: Trace, step: np.ndarray) -> str:
    """How long Adam's steps are, in units of lr, and how full its averages are.

    step: one per update, with or without the correction. m / m_hat is the weight that the average
    has given to gradients so far; the rest is still on the zero it started with.
    """
    length = np.abs(step) / trace.lr
    longest = int(np.argmax(length >= (1 - 1e-6) * length.max()))
    first = f"the first is {length[0]:.2f} × lr, the last {length[-1]:.2f} × lr"
    m, v = (1 - beta[-1] ** len(step) for beta in (trace.beta1, trace.beta2))
    filled = f"m is {100 * m:.3g}% full, v {100 * v:.3g}%"
    most = f"longest step {length.max():.2f} × lr, in update {longest + 1}"
    return f"{most}: {first}; by then {filled}"


def warmup(ends: np.ndarray, chance: float) -> str:
    """How some runs ended, one per seed. ends: their losses; chance: the loss of a blind guess."""
    learned = int((ends < chance / 3).sum())
    stuck = int((ends > 0.8 * chance).sum())
    rest = f", {len(ends) - learned - stuck} in between" if learned + stuck < len(ends) else ""
    said = f"{learned} of {len(ends)} runs learned, {stuck} got stuck{rest}"
    low, high = number(ends.min()), number(ends.max())
    return f"{said}: they end with losses from {low} to {high} (chance is {chance:.2f})"


def width(form: str, width: int, exponent: int, ends: np.ndarray, best: int) -> str:
    """How the runs of a cell ended, one per seed, and the exponent of the width's best rate."""
    name = {"standard": "standard form", "mup": "μP"}[form]
    low, high = number(ends.min()), number(ends.max())
    where = f"{name}, width {width}, rate {power_of_2(exponent)}"
    said = f"{len(ends)} runs end with losses from {low} to {high}"
    middle = f"a median of {number(float(np.median(ends)))}"
    return f"{where}: {said}, {middle}; the best rate for this width is {power_of_2(best)}"


def power_of_2(exponent: int) -> str:
    """As a book prints it: 2⁻⁶."""
    return "2" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def race(optimizer: str, lr: float, ends: np.ndarray, best_lr: float, best: float) -> str:
    """How the runs of a cell ended, one per seed, and the optimizer's best rate."""
    kept, lost = ends[np.isfinite(ends)], int((~np.isfinite(ends)).sum())
    said = f"{optimizer} at {lr:g}: {len(ends)} run{'s' if len(ends) > 1 else ''}"
    if len(kept):
        low, high = number(kept.min()), number(kept.max())
        said += f", final loss {low} to {high}" if len(kept) > 1 else f", final loss {low}"
    said += f", {lost} diverged" if lost else f", mean {number(kept.mean())}"
    return f"{said}. The best rate for {optimizer} is {best_lr:g}, with a mean of {number(best)}"


def fair_race(losses: Mapping[str, np.ndarray], rates: np.ndarray, steps: int) -> str:
    """The lowest loss of each optimizer after some steps, and its rate. losses: one per rate."""
    parts = [
        f"{name} {number(np.nanmin(loss), '.2g')} (rate {number(rates[np.nanargmin(loss)], '.2g')})"
        for name, loss in losses.items()
    ]
    after = f"after {steps} step{'s' if steps > 1 else ''}"
    return f"loss {after}, each at its own best rate: {', '.join(parts)}"


def decay(left: Mapping[str, np.ndarray], updates: int) -> str:
    """What is left of two weights that both began at 1. left: rule -> (A, B)."""
    parts = [f"{name} {100 * a:.0f}% and {100 * b:.0f}%" for name, (a, b) in left.items()]
    return f"what is left of A and B after {updates} updates: " + ", ".join(parts)


def forgetting(runs: Mapping[str, Trace], period: int) -> str:
    """Which way the runs go under a cycle of gradients whose mean is > 0, in the second half.

    (At first, the corrections of m and v are still fading.)
    """
    parts = []
    for name, run in runs.items():
        rounds = run.theta[::period, 0] / run.lr[0]
        half = len(rounds) // 2
        gone = (rounds[-1] - rounds[half]) / (len(rounds) - 1 - half)
        parts.append(f"{name} {'uphill' if gone > 0 else 'downhill'} by {number(abs(gone))} × lr")
    return f"in each cycle of {period} updates: {', '.join(parts)}"
