"""What the curve of the loss shows by itself.

Each function looks for one illness, in units of the run's own fall and noise, so it works for
any loss and any length. Evidence is between 0 and 1; below 1/2 it isn't reported.
"""

import numpy as np

from ..finding import Finding, Sign, apart, spread, too_high, trend
from ..history import History, jitter
from . import too_slow
from .rate_too_high import settles
from .spikes import spikes

__all__ = ["SIGNS"]

SELDOM = 40  # lines: if only every 50th update is logged, the first line isn't the beginning
LEARNED = 0.1  # of the first loss: hardly more is to be learned


def divergence(run: History) -> Finding | None:
    """At some point in the run, the loss rose far above where it had been, and stayed there.

    If it was that high from the first updates on, and hasn't grown since, the rate is too high.
    """
    y = run.loss
    if len(y) < 3:
        return None
    high = run.binned(y, 0.75, 20)  # a quarter of the losses is higher: a wild run shows it
    low, end = min(float(high.min()), run.start), float(np.median(high[-2:]))
    fall, rise = max(high[0], run.start) - low, end - low
    half = len(run.course) // 2
    calm = min(jitter(run.course[:half]), jitter(run.course[half:]))  # it may be wild later
    grew = run.lost is not None and y[-1] > y.min() + 2 * max(y[0] - y.min(), 0.25 * abs(y[0]))
    back = rise > 0.6 * fall + 3 * run.jitter and fall > 3 * calm
    above = end - min(low, y[0])  # the first loss may be the only one that was low
    up = above > max(0.3 * abs(y[0]), fall + 6 * calm, 4 * run.jitter)
    # Among few losses, the lowest is low by chance, so the height of the loss itself counts.
    least = 0.1 if len(y) < 40 and run.lost is None else 1e-5
    if not (grew or back or up) or above < least * abs(y[0]):
        return None
    since = _since(y, float(run.course.min()) + max(4 * run.jitter, 0.05 * run.fall))
    grows = len(high) > 4 and rise > 2 * (float(np.median(high[len(high) // 2 : -2])) - low)
    if not (grew or grows) and since <= max(3, 0.04 * len(y)):
        return too_high(
            "the loss went up from {} to {}, and stayed high".format(*apart(y[0], y.max())), 0.95
        )
    return Finding(
        "divergence",
        0.97,
        f"From update {since} on, the loss grows from {y[: since + 1].min():.3g} to {y[-1]:.3g}.",
        "Lower the learning rate, to a tenth at first; if it happens suddenly, clip the gradient.",
        1,
        at=since,
    )


def _since(y: np.ndarray, level: float) -> int:
    """The last update of the low part: it splits those below this level from those above best."""
    above = y > level
    first = int(np.argmin(above))  # before it, the loss is still coming down
    high = np.cumsum(above[first:])  # too high so far
    low = np.cumsum(~above[:first:-1])[::-1] if first < len(y) - 1 else np.zeros(0)  # too low then
    return first + int(np.argmin(high + np.append(low, 0)))


def nan(run: History) -> Finding | None:
    """A loss that isn't a number."""
    if run.lost is None:
        return None
    return Finding(
        "NaN",
        0.95,
        f"Loss {run.lost} is the first that isn't a number; the one before was {run.loss[-1]:.3g}."
        if run.lost
        else "The very first loss isn't a number.",
        "If it was growing, lower the rate. If not, look for log(0), 0/0 or float16 in that batch.",
        10,
        at=run.lost,
    )


def explosion(run: History) -> Finding | None:
    """A loss that isn't meant to fall has left its usual range, and doesn't come back."""
    y = run.loss
    if len(y) < 20:
        return None
    usual = float(np.median(np.abs(y[: len(y) // 2])))
    if np.abs(y[-len(y) // 10 :]).min() < 1000 * max(usual, 1e-300):
        return None
    return Finding(
        "divergence",
        0.9,
        f"The loss was about {usual:.3g} in the first half, and is {y[-1]:.3g} at the end.",
        "Lower the learning rate, to a tenth at first; clip the gradient.",
        1,
    )


def shoots_up(run: History) -> Finding | None:
    """The loss shoots up at once, and then falls."""
    y = run.loss
    if len(y) < 12 or run.lost is not None:
        return None
    if len(y) < SELDOM and settles(run):
        return None
    few = max(4, len(y) // 6)
    early = np.median(np.lib.stride_tricks.sliding_window_view(y[: few + 2], 3), axis=-1)
    began, top, later = float(y[0]), float(early.max()), float(np.median(run.course[-3:]))
    bound = max(0.4 * max(began - float(run.course.min()), 0.1 * abs(began)), 6 * run.jitter)
    if y.min() >= 0:  # if the noise is a fraction of the loss, the start can be low by chance
        late = np.log(np.maximum(y[len(y) // 2 :], 1e-300))
        share = min(spread(late), 0.45)
        bound = max(bound, began * np.expm1(4 * share))
    if top < began + bound or (early > began + bound).sum() < 2 or later > 0.5 * (top + began):
        return None
    if run.lr is not None and run.lr[0] < 0.3 * run.lr.max():
        return None
    half = y[len(y) // 2 :]
    wild = np.std(half) > 0.7 * abs(np.median(half)) and half.max() > 0.3 * abs(began)
    if later > began - 0.3 * abs(began) or (wild and y.min() >= 0):
        return too_high(f"the loss shot up from {began:.3g} to {top:.3g}, and never settled", 0.95)
    return Finding(
        "no warmup",
        0.945 if top > y[few:].max() else 0.8,
        f"The loss began at {began:.3g} and shot up to {top:.3g} in the first updates.",
        "Let the rate rise over the first updates, or start with a lower one.",
        8,
    )


def restless(run: History) -> Finding | None:
    """Higher than at the start, and wild to the end."""
    y = run.loss
    if len(y) < 20 or run.lost is not None:
        return None
    half = y[len(y) // 2 :]
    middle = min(float(part.mean()) for part in np.array_split(half, 2))  # the lower of the two
    high = float(np.quantile(half, 0.9))
    reach, wild = high - float(np.quantile(half, 0.1)), float(np.mean(np.abs(np.diff(half))))
    began = 3 * jitter(y[: max(10, len(y) // 20)])
    above = middle > run.start + max(0.25 * abs(run.start), began)
    above = above or (high > 3 * abs(y[0]) and y.min() >= 0)  # below 0, a ratio says nothing
    if not above or reach < 0.3 * abs(middle) or wild < 0.1 * reach:
        return None
    return too_high(
        f"in the second half the loss jumps around {middle:.3g}; it began at {run.start:.3g}", 0.95
    )


def noise_floor(run: History) -> Finding | None:
    """Flat at the end and restless, while the rate is as high as ever."""
    y, val = run.loss, run.val_loss
    if len(y) < 100 or run.lost is not None or run.lr is None:
        return None
    if run.lr[-1] < 0.5 * run.lr.max():
        return None
    late = y[len(y) // 2 :]
    slope, sure = trend(late)
    if abs(sure) > 3 and abs(slope) * len(late) > 0.1 * run.fall:
        return None
    if 0 <= np.median(late) < LEARNED * run.start:
        return None  # what still jitters is little, or the examples are known by heart
    # Batches differ, and so do their losses, whatever the rate. Held-out data are always the same:
    # if their loss jitters, it is because of the weights.
    unrest = float(np.std(late)) / max(run.fall, 1e-300)
    often, where = 0.35, "the loss"
    if val is not None and len(val) >= 12 and np.isfinite(val).all():
        held = val[len(val) // 2 :]
        if _falls(val):
            return None
        began = max(val[0], run.start)  # the first held-out loss may come after an epoch
        unrest = jitter(held) / max(float(began - np.median(held)), 1e-300)
        # At rest, a loss of k directions lies sqrt(k / 2) of its own jitter above its floor.
        often, where = 0.025, "the held-out loss"
    if run.fall <= 0 or unrest < often:
        return None
    return Finding(
        "noise floor",
        0.7,
        f"In the second half {where} only jitters, by {unrest:.0%} of the total fall.",
        "Let the rate decay to 0, or use larger batches; either lowers this noise floor.",
        7,
    )


def _falls(val: np.ndarray) -> bool:
    """Whether the held-out loss still falls in the second half, by more than it jitters."""
    half = val[len(val) // 2 :]
    slope, sure = trend(half)
    return sure < -3 and -slope * len(half) > 2 * jitter(half)


SIGNS: tuple[Sign, ...] = (
    divergence,
    nan,
    *too_slow.SIGNS,
    spikes,
    shoots_up,
    restless,
    noise_floor,
)
