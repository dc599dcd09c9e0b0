"""What the loss curve alone shows about a run that hardly moves, or moves too slowly."""

import numpy as np

from ..finding import Finding, Sign, chance, spread, straightness, trend
from ..history import History, jitter

__all__ = ["SIGNS", "unmoved"]

AHEAD = 0.4  # of its whole fall: a run with less to come isn't at its beginning


def unmoved(run: History) -> Finding | None:
    """Every loss is the same."""
    y = run.loss
    if len(y) < 12 or run.lost is not None or np.ptp(y) > 1e-6 * np.abs(y).max():
        return None
    return Finding(
        "dead gradients",
        0.96,
        f"All {len(y)} losses are the same, {y[0]:.4g}, to the sixth digit.",
        "No gradient arrives. Are the parameters in the optimizer? Are all ReLUs dead?",
        8,
    )


def never_moved(run: History) -> Finding | None:
    """Flat from the beginning to the end."""
    y, course = run.loss, run.course
    if len(y) < 12 or run.lost is not None or unmoved(run) is not None:
        return None
    half, n = y[len(y) // 2 :], len(y)
    last, usual = float(half.mean()), spread(half)
    # Whether the mean of the first few is above that of the second half by more than chance, or
    # far from it at all: a rise isn't a plateau either.
    few = [max(k, 1) for k in (n // 50, n // 10, n // 3)]
    off = [(y[:k].mean() - last) / (usual * (1 / k + 2 / n) ** 0.5 + 1e-300) for k in few]
    if max(off) > 3.5 or min(off) < -5 or np.ptp(course) > 6.5 * max(run.noise, np.std(course)):
        return None
    if run.val_loss is not None and len(run.val_loss) >= 8:
        held = run.val_loss[len(run.val_loss) // 2 :]
        if run.val_loss[0] - np.median(held) > 5 * jitter(held):
            return None  # it has learned something, and the batches hide it
    if n < 40 and usual > 0.05 * abs(last) and chance(last, run.classes) is None:
        return None  # it may have fallen before the first line; a model that hasn't learned is calm
    if n < 40 and run.lr is not None and run.lr[-1] == run.lr.max() > 2 * run.lr[0]:
        return None  # its rate still rises
    first = float(y[: n // 3].mean())
    return Finding(
        "plateau",
        0.8,
        f"The loss is still where it began: {first:.4g} in the first third, {last:.4g} in the "
        "last.",
        "Nothing is learned. Try a rate ten times as high and ten times as low, try a warmup, and "
        "see if the model can memorize ten examples.",
        8,
    )


def at_a_guess(run: History) -> Finding | None:
    """The loss came down a little at most, and stays at the logarithm of a number of classes."""
    y = run.loss
    half = y[len(y) // 2 :]
    level = float(np.median(half)) if len(y) >= 20 else 0.0
    classes = chance(level, run.classes) if level > 0 and run.lost is None else None
    if classes is None or run.start > 1.15 * level or float(run.course.min()) < 0.97 * level:
        return None
    if unmoved(run) is not None or abs(trend(half)[0]) * len(half) > 0.01 * level:
        return None
    return Finding(
        "plateau",
        0.75,
        f"The loss stays at {level:.4g}, the logarithm of {classes}: a guess among {classes} "
        "classes, from the middle of the run to its end.",
        "Nothing is learned. Do the targets match the inputs? See if the model can memorize "
        "ten examples; then try a rate ten times as high and ten times as low.",
        8,
    )


def late_start(run: History) -> Finding | None:
    """Flat for a long time, and then it learns."""
    course = run.course
    if len(course) < 20 or run.lost is not None:
        return None
    if run.lr is not None and run.lr[0] < 0.5 * run.lr.max():
        return None  # a warmup
    done = (run.start - course) / max(run.fall, 1e-300)
    flat = int(np.argmax(done > 0.15))
    if run.fall < 8 * run.noise or flat < 0.35 * len(course) or done[-1] < 0.5:
        return None
    if straightness(course) > 0.9:
        return None
    return Finding(
        "plateau",
        0.65,
        f"For {flat / len(course):.0%} of the run, hardly anything is learned; then the loss "
        "falls.",
        "The start is hard. Try a higher rate after a warmup, normalization or a different start.",
        8,
    )


def too_low(run: History) -> Finding | None:
    """A straight line down: at the end it falls as fast as at the beginning."""
    course = run.course
    if len(course) < 12 or run.lost is not None:
        return None
    val = run.val_loss if run.val_loss is not None and len(run.val_loss) >= 12 else None
    if run.start - course[-3:].mean() > 0.5 * abs(run.start):
        # With less than half left, a line is no longer the beginning, unless it gets faster.
        falls = _speeds_up(val) if val is not None and not _decays(run) else None
    elif _decays(run):
        falls = _line(_by_rate(run.loss if val is None else val, run), run, hidden=False)
    else:
        falls = _line(run.loss, run)
        if falls is None and val is not None:  # the data are always the same, so no batches hide it
            falls = _line(val, run) or _speeds_up(val)
    if falls is None:
        return None
    return Finding(
        "rate too low",
        0.85,
        f"In the second half the loss falls {falls:.0%} as fast as in the first: a straight line.",
        "The run is still at its beginning. Triple the rate, then perhaps again, or train longer.",
        1,
    )


def _decays(run: History) -> bool:
    return run.lr is not None and bool(run.lr[-1] < 0.3 * run.lr.max())


def _by_rate(y: np.ndarray, run: History) -> np.ndarray:
    """The losses at equal sums of the rate, that is, by how far the weights have moved."""
    assert run.lr is not None
    rate = np.interp(np.linspace(0, 1, len(y)), np.linspace(0, 1, len(run.lr)), run.lr)
    gone = np.cumsum(rate)
    parts = np.searchsorted(gone, np.linspace(0, gone[-1], 61)[1:-1])
    return np.array([part.mean() for part in np.split(y, parts) if len(part)])


def _speeds_up(val: np.ndarray) -> float | None:
    """How fast the last third falls, in units of the first, if it is at least as fast."""
    third = len(val) // 3
    falls = [val[0] - val[third], val[third] - val[-third - 1], val[-third - 1] - val[-1]]
    steady = np.mean(np.diff(val) < 0) > 0.85
    slow = min(falls) > 0 and falls[2] > 0.8 * falls[0] and falls[2] > 0.7 * falls[1]
    return float(falls[2] / falls[0]) if steady and slow else None


def _line(y: np.ndarray, run: History, hidden: bool = True) -> float | None:
    """How fast the second half falls, in units of the first, if that is a line; or None."""
    half, course = len(y) // 2, run.binned(y)
    (early, early_sure), (late, sure), (_, whole) = trend(y[:half]), trend(y[-half:]), trend(y)
    hidden = hidden and whole < -5 and sure < -2.5 and y[0] - course.min() < 2 * np.std(np.diff(y))
    noise = jitter(y[half:]) / max(len(y) / len(course), 1.0) ** 0.5
    line = sure < -2.5 and straightness(course, 1.5 * noise) > 0.9
    if early >= 0 or not (hidden or line):
        return None
    if not _steady(run) and _bends(early, early_sure, late, sure):
        return None
    return late / early if 0.4 < late / early < 2.5 else None


def _steady(run: History) -> bool:
    """Whether the rate is known not to have decayed.

    If it decays, the noise dies down with it, which alone can make a loss fall late.
    """
    return run.lr is not None and not _decays(run)


def _bends(early: float, early_sure: float, late: float, late_sure: float) -> bool:
    """Whether the second half falls more slowly by more than chance, so that most has been done.

    early, late: the slopes of the halves; sure: each divided by its own error. If each half of a
    run brings q times the fall of the half before it, q**2 of the whole fall is still to come.
    """
    error = float(np.hypot(early / early_sure, late / late_sure))
    return late - early > 3 * error and (late / early) ** 2 < AHEAD


SIGNS: tuple[Sign, ...] = (unmoved, never_moved, at_a_guess, late_start, too_low)
