"""What the held-out loss shows, next to the training loss.

Held-out data are always the same. So if their loss jitters, it is because of the weights, and if
it never falls, nothing was learned. Evidence is between 0 and 1; below 1/2 it isn't reported.
"""

import numpy as np

from ..finding import Finding, Sign, apart, trend
from ..history import History, jitter
from .rate_too_high import comparable

__all__ = ["SIGNS"]


def overfitting(run: History) -> Finding | None:
    """The held-out loss has started to rise, and the training loss hasn't."""
    if run.val_loss is None or len(run.val_loss) < 3:
        return None
    finite = run.val_loss[np.isfinite(run.val_loss)]
    if len(finite) < 3:
        return None
    val = run.binned(finite)
    best, last = int(val.argmin()), max(1, len(val) // 10)
    rise, fallen = float(np.median(val[-last:]) - val[best]), max(val[0] - val[best], 1e-300)
    train = run.course[min(int(best * len(run.course) / len(val)), len(run.course) - 1)]
    learned = train - run.course[-last:].mean() > -2 * run.noise
    if best >= 0.85 * len(val) or not learned or val[-1] <= run.course[-1]:
        return None
    # The lowest of many is low by chance, too: the rise must be more than the curve's own jumps.
    fell = fallen > 0.005 * abs(val[best])  # if not, there is no fall to measure a rise by
    far = (fell and rise > 0.25 * fallen) or rise > 0.03 * abs(val[best])
    if not far or rise < max(0.1 * fallen, 3 * jitter(val[best:])):
        return None
    if run.course[-1] > run.start - 0.3 * run.fall or trend(val[best:])[1] < 2:
        return None
    low, _ = apart(val[best], val[best] + rise)
    return Finding(
        "overfitting",
        0.93,
        f"The validation loss was lowest, {low}, after {best / len(val):.0%} of the run; "
        f"it has risen by {rise:.3g} since, while the training loss fell.",
        "Stop there, or try more data, augmentation, weight decay or a smaller model.",
        6,
    )


def decay_too_strong(run: History) -> Finding | None:
    """Early on both losses were lower; they rose together and stay on a calm plateau.

    A rate that is too high is wild there, and overfitting lowers the training loss.
    """
    val, y = comparable(run)
    if val is None or len(y) < 12:
        return None
    held, course = run.binned(val), run.binned(y, most=30)
    if len(course) < 10 or len(held) < 10:
        return None
    both = [_risen(curve) for curve in (course, held)]
    if not all(both) or y.max() > y[0] + 0.3 * abs(y[0]):
        return None
    late, other = (float(np.median(c[-len(c) // 3 :])) for c in (course, held))
    if abs(late - other) > 0.15 * abs(late):
        return None
    low, now = apart(float(course[: len(course) // 2].min()), late)
    return Finding(
        "weight decay too strong",
        0.975,
        f"Both losses were lower early on ({low} in training). They rose together, and have "
        f"stayed near {now} since.",
        "Weights are pulled to 0 faster than they learn. Try a tenth of the weight decay, or none.",
        6,
    )


def _risen(curve: np.ndarray) -> bool:
    """Whether a curve was lowest early, rose by more than it jitters, and has been flat since."""
    best = int(curve.argmin())
    third = curve[-len(curve) // 3 :]
    rise, calm = float(np.median(third) - curve[best]), float(np.std(third))
    early, flat = best < 0.35 * len(curve), calm < 0.02 * abs(float(third.mean()))
    return early and flat and rise > max(4 * calm, 0.0015 * abs(curve[best]))


def statistics(run: History) -> Finding | None:
    """Training goes well, but the held-out loss is always above where training began."""
    val, y = comparable(run)
    if val is None or val[0] <= 0:
        return None
    start, late = run.start, float(np.median(val[len(val) // 2 :]))
    fell = run.course[-1] < 0.5 * start and y.min() >= 0
    if late > 1.3 * np.median(val[: max(len(val) // 4, 2)]):
        return None  # it rises: overfitting
    if not fell or late < 2 * abs(start) or val.min() < 0.9 * start:
        return None
    return Finding(
        "BatchNorm's statistics",
        0.75,
        f"The training loss fell from {start:.3g} to {run.course[-1]:.3g}; the held-out loss never "
        f"came below {val.min():.3g}.",
        "Something is different in evaluation: BatchNorm's running statistics (tiny batches, "
        "momentum), or how the held-out data are prepared.",
        9,
    )


def lost(run: History) -> Finding | None:
    """Held-out losses that aren't numbers, although the training losses are."""
    val = run.val_loss
    if val is None or run.lost is not None or np.isfinite(val).all():
        return None
    bad = int(np.count_nonzero(~np.isfinite(val)))
    return Finding(
        "NaN",
        0.85,
        f"{bad} of {len(val)} held-out losses aren't numbers, although all training losses are.",
        "Look at the evaluation: an empty batch, a mean over nothing, float16, log(0).",
        10,
    )


SIGNS: tuple[Sign, ...] = (
    lost,
    overfitting,
    decay_too_strong,
    statistics,
)
