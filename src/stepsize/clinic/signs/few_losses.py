"""What 2 to 11 losses show: graded, and no more than two experts would agree on.

Each function looks for one illness. The more numbers, and the clearer, the stronger the evidence.
"""

import numpy as np

from ..finding import Finding, Sign, apart, chance
from ..history import History

__all__ = ["FEW", "SIGNS", "sound"]

FEW = 12  # losses: with this many, a curve has a course and noise


def same(run: History) -> Finding | None:
    """All the same, to the sixth digit."""
    y = run.loss
    if len(y) < 4 or run.lost is not None or np.ptp(y) > 1e-6 * np.abs(y).max():
        return None
    return Finding(
        "dead gradients",
        min(0.6 + 0.04 * len(y), 0.95),
        f"All {len(y)} losses are the same, {y[0]:.4g}, to the sixth digit.",
        "No gradient arrives. Are the parameters in the optimizer? Are all ReLUs dead?",
        8,
    )


def grows(run: History) -> Finding | None:
    """The loss ends far above where it began and where it has been, in units of the loss itself."""
    y = run.loss
    if len(y) < 3:
        return None
    low, end = float(y.min()), float(np.median(y[-2:]))
    scale = max(abs(y[0]), abs(low))
    rises = int(np.count_nonzero(np.diff(y) > 0))
    if end < y[0] + 0.25 * scale or rises < 2 or end - low < 0.3 * scale:
        return None
    times = float(np.log10(max(end / low, 1.0))) if low > 0 else 1.0
    at_once = bool(y[1] > y[0] and low == y[0])
    began, ended = apart(y[0], end)
    return Finding(
        "rate too high" if at_once and times < 1 else "divergence",
        min(0.55 + 0.04 * rises + 0.15 * times, 0.97),
        f"The loss went up from {began} to {ended} over {len(y)} losses.",
        "Lower the learning rate, to a tenth at first; if it happens suddenly, clip the gradient.",
        1,
    )


def jumped(run: History) -> Finding | None:
    """The loss fell, then jumped back up in one line, and has stayed up since."""
    y = run.loss
    if len(y) < 5 or run.lost is not None:
        return None
    at = int(np.diff(y).argmax()) + 1
    before, after = y[:at], y[at:]
    low, fall = float(before.min()), float(y[0] - before.min())
    falls = np.count_nonzero(np.diff(before) < 0) >= 0.8 * (len(before) - 1)
    far = fall > 0.2 * abs(y[0]) and after.min() > low + 0.7 * fall
    if len(before) < 3 or len(after) < 2 or not falls or not far:
        return None
    was, now = apart(y[at - 1], y[at])
    return Finding(
        "divergence",
        min(0.55 + 0.05 * len(after), 0.85),
        f"The loss fell to {was}, then jumped to {now} in line {at + 1}, and hasn't come back in "
        f"the {len(after) - 1} since.",
        "Lower the learning rate, or clip the gradient. If you resumed the run there, check that "
        "the optimizer's state was loaded, too.",
        10,
    )


def at_chance(run: History) -> Finding | None:
    """A few losses near the logarithm of a number of classes, and no fall."""
    y = run.loss
    if len(y) < 4 or run.lost is not None or np.ptp(y) <= 1e-6 * np.abs(y).max():
        return None
    level = float(y.mean())
    classes = chance(level, run.classes)
    half = len(y) // 2
    falls = y[:half].mean() - y[-half:].mean()
    if classes is None or np.ptp(y) > 0.05 * level or falls > 0.01 * level:
        return None
    return Finding(
        "plateau",
        min(0.55 + 0.03 * len(y), 0.85),
        f"The {len(y)} losses stay at {level:.3g}, the logarithm of {classes}: a guess among "
        f"{classes} classes.",
        "Nothing has been learned yet. Try a rate ten times as high and ten times as low, and see "
        "if the model can memorize ten examples. A softmax before the loss does this, too.",
        8,
    )


def turned(run: History) -> Finding | None:
    """The held-out loss rises line after line, while the training loss still falls."""
    val, y = run.val_loss, run.loss
    if val is None or len(val) < 5 or len(y) < 4 or not np.isfinite(val).all():
        return None
    best = int(val.argmin())
    after = np.diff(val[best:])
    if len(after) < 2 or not (after >= 0).all() or val[-1] <= val[best]:
        return None
    rise, fallen = val[-1] - val[best], val[0] - val[best]
    train = np.diff(y[min(best, len(y) - 2) :])
    if not (train < 0).all() or rise < 0.2 * fallen:
        return None
    low, now = apart(val[best], val[-1])
    return Finding(
        "overfitting",
        min(0.55 + 0.06 * len(after), 0.85),
        f"The held-out loss was lowest, {low}, in line {best + 1}; it has risen in each of the "
        f"{len(after)} lines since, to {now}, while the training loss fell.",
        "Stop there, or try more data, augmentation, weight decay or a smaller model.",
        6,
    )


def cut_early(run: History) -> Finding | None:
    """The rate was cut to a half or less while the loss still fell; now it hardly falls."""
    y, lr = run.loss, run.lr
    if lr is None or len(lr) != len(y) or len(y) < 5 or run.lost is not None:
        return None
    cuts = np.flatnonzero(lr[1:] < 0.5 * lr[:-1]) + 1
    if not len(cuts) or not 2 <= cuts[0] <= 0.7 * len(y) or lr[cuts[0] :].max() > 0.5 * lr[0]:
        return None
    at = int(cuts[0])
    falls = -np.diff(y[max(at - 3, 0) : at])  # in one line alone, it may have fallen by chance
    before, after = falls[-1], (y[at] - y[-1]) / max(len(y) - 1 - at, 1)
    if falls.min() < 0.005 * abs(y[at - 1]) or after > 0.5 * before:
        return None
    if not 0 < y[at - 1] - y[at] <= before or 0 <= y[at - 1] < 0.1 * y[0]:
        return None  # noise, or the cut paid off at once, or most had been learned before it
    return Finding(
        "rate decayed too early",
        0.6,
        f"In line {at + 1} the rate was cut from {lr[at - 1]:.2g} to {lr[at]:.2g}, while the loss "
        f"still fell by {before:.2g} per line; since then, by {after:.2g}.",
        "Keep the rate until the loss has stopped falling: more patience, or a later milestone.",
        7,
    )


def warms_up(run: History) -> Finding | None:
    """The rate rises to the last line, and so does the speed at which the loss falls."""
    y, lr = run.loss, run.lr
    if lr is None or len(lr) != len(y) or len(y) < 6 or run.lost is not None:
        return None
    if not (np.diff(lr) > 0).all() or lr[-1] < 3 * lr[0]:
        return None
    third = len(y) // 3
    middle, last = y[third] - y[-third - 1], y[-third - 1] - y[-1]
    if last < 1.2 * max(middle, 0.0) or last <= 0:
        return None
    return Finding(
        "rate too low",
        0.6,
        f"The rate rises to the last line, from {lr[0]:.2g} to {lr[-1]:.2g}, and the loss falls "
        "faster and faster: the whole run is a warmup.",
        "Fit the warmup to the length of this run: make it shorter, or the rate higher.",
        8,
    )


def sound(run: History) -> bool:
    """Whether a few losses fall like a healthy run's: nearly always, and less and less."""
    y, val = run.loss, run.val_loss
    if len(y) < 6 or run.lost is not None:
        return False
    steps = np.diff(y)
    falls = np.count_nonzero(steps < 0) >= 0.8 * len(steps)
    half = len(y) // 2
    slower = y[0] - y[half] > y[half] - y[-1]
    far = y[0] - y[-1] > 0.2 * abs(y[0])
    held = val is None or len(val) < 3 or val[-1] <= val.min() + 0.1 * max(val[0] - val.min(), 0)
    rising = run.lr is not None and len(run.lr) > 2 and (np.diff(run.lr) > 0).all()
    return bool(falls and slower and far and held and not rising)


SIGNS: tuple[Sign, ...] = (same, grows, jumped, at_chance, turned, cut_early, warms_up)
