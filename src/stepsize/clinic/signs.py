"""What the curve of the loss shows by itself.

Each function looks for one illness, in units of the run's own fall and noise: so it is the same for
any loss and any length. Evidence is between 0 and 1; below 1/2 it isn't told.
"""

import numpy as np

from .finding import Finding, Sign, apart, chance, spread, straightness, trend
from .history import History, jitter
from .spikes import spikes

__all__ = ["SIGNS"]


def divergence(run: History) -> Finding | None:
    """The loss is far above where it has been, and doesn't come back; it left some time in the run.

    Where it was there from the first updates on, and has not grown since, the rate is too high.
    """
    y = run.loss
    if len(y) < 3:
        return None
    high = run.binned(y, 0.75, 20)  # a quarter of the losses is above: seen, where a run is wild
    low, end = min(float(high.min()), run.start), float(np.median(high[-2:]))
    fall, rise = max(high[0], run.start) - low, end - low
    half = len(run.course) // 2
    calm = min(jitter(run.course[:half]), jitter(run.course[half:]))  # it may be wild later
    grew = run.lost is not None and y[-1] > y.min() + 2 * max(y[0] - y.min(), 0.25 * abs(y[0]))
    back = rise > 0.6 * fall + 3 * run.jitter and fall > 3 * calm
    above = end - min(low, y[0])  # the first loss alone may be the only one that was low
    up = above > max(0.3 * abs(y[0]), fall + 6 * calm, 4 * run.jitter)
    # Of few losses, the lowest is low by chance: what counts is the height of the loss itself.
    least = 0.1 if len(y) < 40 and run.lost is None else 1e-5
    if not (grew or back or up) or above < least * abs(y[0]):
        return None
    since = _since(y, float(run.course.min()) + max(4 * run.jitter, 0.05 * run.fall))
    grows = len(high) > 4 and rise > 2 * (float(np.median(high[len(high) // 2 : -2])) - low)
    if not (grew or grows) and since <= max(3, 0.04 * len(y)):
        return _too_high(
            "from {} the loss went up to {}, and stayed high".format(*apart(y[0], y.max())), 0.95
        )
    return Finding(
        "divergence",
        0.97,
        f"From update {since} on the loss grows, from {y[: since + 1].min():.3g} to {y[-1]:.3g}.",
        "Lower the learning rate, to a tenth at first; clip the gradient if it comes suddenly.",
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
    """A loss that is no number."""
    if run.lost is None:
        return None
    return Finding(
        "NaN",
        0.95,
        f"Loss {run.lost} is the first that is no number; the one before was {run.loss[-1]:.3g}."
        if run.lost
        else "The very first loss is no number.",
        "If it grew before, lower the rate. If not, look for log(0), 0/0 or float16 in that batch.",
        10,
        at=run.lost,
    )


def unmoved(run: History) -> Finding | None:
    """Every loss is the same."""
    y = run.loss
    if len(y) < 12 or run.lost is not None or np.ptp(y) > 1e-6 * np.abs(y).max():
        return None
    return Finding(
        "dead gradients",
        0.96,
        f"All {len(y)} losses are the same, {y[0]:.4g}, to the sixth digit.",
        "No gradient arrives. Are the parameters in the optimizer? Are all ReLUs at 0?",
        8,
    )


def explosion(run: History) -> Finding | None:
    """Of a loss that isn't meant to fall: it has left its own scale, and doesn't come back."""
    y = run.loss
    if len(y) < 20:
        return None
    usual = float(np.median(np.abs(y[: len(y) // 2])))
    if np.abs(y[-len(y) // 10 :]).min() < 1000 * max(usual, 1e-300):
        return None
    return Finding(
        "divergence",
        0.9,
        f"The loss was about {usual:.3g}, and is {y[-1]:.3g} at the end.",
        "Lower the learning rate, to a tenth at first; clip the gradient.",
        1,
    )


def never_moved(run: History) -> Finding | None:
    """Flat from the beginning to the end."""
    y, course = run.loss, run.course
    if len(y) < 12 or run.lost is not None or unmoved(run) is not None:
        return None
    half, n = y[len(y) // 2 :], len(y)
    last, usual = float(half.mean()), spread(half)
    # Whether the mean of the first few is above that of the second half by more than chance, or
    # far from it at all: a rise is no plateau either.
    few = [max(k, 1) for k in (n // 50, n // 10, n // 3)]
    off = [(y[:k].mean() - last) / (usual * (1 / k + 2 / n) ** 0.5 + 1e-300) for k in few]
    if max(off) > 3.5 or min(off) < -5 or np.ptp(course) > 6.5 * max(run.noise, np.std(course)):
        return None
    if run.val_loss is not None and len(run.val_loss) >= 8:
        held = run.val_loss[len(run.val_loss) // 2 :]
        if run.val_loss[0] - np.median(held) > 5 * jitter(held):
            return None  # it has learned something, and the batches hide it
    if n < 40 and usual > 0.05 * abs(last) and chance(last, run.classes) is None:
        return None  # the fall may have come before the first line; an untrained model is calm
    if n < 40 and run.lr is not None and run.lr[-1] == run.lr.max() > 2 * run.lr[0]:
        return None  # its rate still rises
    first = float(y[: n // 3].mean())
    return Finding(
        "plateau",
        0.8,
        f"The loss is where it began: {first:.4g} in the first third, {last:.4g} in the last.",
        "Nothing is learned. Try a rate ten times as high and ten times as low, a warmup, and "
        "whether the model can learn ten examples by heart.",
        8,
    )


def late_start(run: History) -> Finding | None:
    """Flat for long, and then it learns."""
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
        f"For {flat / len(course):.0%} of the run hardly anything is learned; then it is.",
        "The start is hard: a higher rate after a warmup, normalisation, or other initial weights.",
        8,
    )


def too_low(run: History) -> Finding | None:
    """A straight line down: at the end it falls as fast as at the beginning."""
    course = run.course
    if len(course) < 12 or run.lost is not None:
        return None
    val = run.val_loss if run.val_loss is not None and len(run.val_loss) >= 12 else None
    if run.start - course[-3:].mean() > 0.5 * abs(run.start):
        # Less than half is left: no beginning, though it may be a line; unless it gets faster.
        falls = _speeds_up(val) if val is not None and not _decays(run) else None
    elif _decays(run):
        falls = _line(_by_rate(run.loss if val is None else val, run), run, hidden=False)
    else:
        falls = _line(run.loss, run)
        if falls is None and val is not None:  # always the same data: no batches to hide it
            falls = _line(val, run) or _speeds_up(val)
    if falls is None:
        return None
    return Finding(
        "rate too low",
        0.85,
        f"In its second half the loss falls {falls:.0%} as fast as in the first: a line.",
        "The run is at its beginning still. Three times the rate, and again, or far more updates.",
        1,
    )


def _decays(run: History) -> bool:
    return run.lr is not None and bool(run.lr[-1] < 0.3 * run.lr.max())


def _by_rate(y: np.ndarray, run: History) -> np.ndarray:
    """The losses at equal sums of the rate: by how far the weights have gone."""
    assert run.lr is not None
    rate = np.interp(np.linspace(0, 1, len(y)), np.linspace(0, 1, len(run.lr)), run.lr)
    gone = np.cumsum(rate)
    parts = np.searchsorted(gone, np.linspace(0, gone[-1], 61)[1:-1])
    return np.array([part.mean() for part in np.split(y, parts) if len(part)])


def _speeds_up(val: np.ndarray) -> float | None:
    """How fast the last third falls, in units of the first, where it is as fast at least."""
    third = len(val) // 3
    falls = [val[0] - val[third], val[third] - val[-third - 1], val[-third - 1] - val[-1]]
    steady = np.mean(np.diff(val) < 0) > 0.85
    slow = min(falls) > 0 and falls[2] > 0.8 * falls[0] and falls[2] > 0.7 * falls[1]
    return float(falls[2] / falls[0]) if steady and slow else None


def _line(y: np.ndarray, run: History, hidden: bool = True) -> float | None:
    """How fast the second half falls, in units of the first, if that is a line; else None."""
    half, course = len(y) // 2, run.binned(y)
    (early, _), (late, sure), (_, whole) = trend(y[:half]), trend(y[-half:]), trend(y)
    hidden = hidden and whole < -5 and sure < -2.5 and y[0] - course.min() < 2 * np.std(np.diff(y))
    noise = jitter(y[half:]) / max(len(y) / len(course), 1.0) ** 0.5
    line = sure < -2.5 and straightness(course, 1.5 * noise) > 0.9
    return late / early if early < 0 and (hidden or line) and 0.4 < late / early < 2.5 else None


def shoots_up(run: History) -> Finding | None:
    """The loss shoots up at once, and then falls."""
    y = run.loss
    if len(y) < 12 or run.lost is not None:
        return None
    few = max(4, len(y) // 6)
    early = np.median(np.lib.stride_tricks.sliding_window_view(y[: few + 2], 3), axis=-1)
    began, top, later = float(y[0]), float(early.max()), float(np.median(run.course[-3:]))
    bound = max(0.4 * max(began - float(run.course.min()), 0.1 * abs(began)), 6 * run.jitter)
    if y.min() >= 0:  # where the noise is a share of the loss, the start can be low by chance
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
        return _too_high(f"from {began:.3g} the loss shot up to {top:.3g}, and never settled", 0.95)
    return Finding(
        "no warmup",
        0.945 if top > y[few:].max() else 0.8,
        f"The loss began at {began:.3g} and shot up to {top:.3g} in the first updates.",
        "Let the rate rise over the first updates, or begin with a lower one.",
        8,
    )


def restless(run: History) -> Finding | None:
    """Higher than at the start, and wild to the end."""
    y = run.loss
    if len(y) < 20 or run.lost is not None:
        return None
    half = y[len(y) // 2 :]
    middle = min(float(part.mean()) for part in np.array_split(half, 2))  # of both: to the end
    high = float(np.quantile(half, 0.9))
    reach, wild = high - float(np.quantile(half, 0.1)), float(np.mean(np.abs(np.diff(half))))
    began = 3 * jitter(y[: max(10, len(y) // 20)])
    above = middle > run.start + max(0.25 * abs(run.start), began)
    above = above or (high > 3 * abs(y[0]) and y.min() >= 0)  # below 0, a ratio says nothing
    if not above or reach < 0.3 * abs(middle) or wild < 0.1 * reach:
        return None
    return _too_high(
        f"in the second half the loss jumps about {middle:.3g}; it began at {run.start:.3g}", 0.95
    )


def _too_high(sign: str, evidence: float = 0.86) -> Finding:
    return Finding(
        "rate too high",
        evidence,
        f"{sign[0].upper()}{sign[1:]}.",
        "Lower the learning rate, to a tenth at first; then look where it begins to be calm.",
        1,
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
    # Batches differ, and so do their losses, at any rate. Held-out data are always the same: what
    # trembles there is the weights.
    tremble = float(np.std(late)) / max(run.fall, 1e-300)
    often, where = 0.35, "the loss"
    if val is not None and len(val) >= 12 and np.isfinite(val).all() and _falls(val):
        return None
    if val is not None and len(val) >= 12 and np.isfinite(val).all():
        held = val[len(val) // 2 :]
        tremble = jitter(held) / max(float(val[0] - np.median(held)), 1e-300)
        # At rest, a loss of k directions lies sqrt(k / 2) of its own trembling above its floor.
        often, where = 0.03, "the held-out loss"
    if run.fall <= 0 or tremble < often:
        return None
    return Finding(
        "noise floor",
        0.7,
        f"In the second half {where} only trembles, by {tremble:.0%} of all it has fallen.",
        "Let the rate decay to 0, or take larger batches: then this floor comes down.",
        7,
    )


def _falls(val: np.ndarray) -> bool:
    """Whether the held-out loss still falls in the second half, by more than it trembles."""
    half = val[len(val) // 2 :]
    slope, sure = trend(half)
    return sure < -3 and -slope * len(half) > 2 * jitter(half)


def guesses(run: History) -> Finding | None:
    """The loss was far higher at first, and then lies at a guess among some classes."""
    y = run.loss
    if len(y) < 12 or run.lost is not None:
        return None
    half = y[len(y) // 2 :]
    level = float(np.median(half))
    classes = chance(level, run.classes)
    few = max(len(y) // 30, 1)
    if classes is None or np.std(half) > 0.1 * level or trend(half)[0] * len(half) < -0.02 * level:
        return None
    if y[:few].max() > 1.3 * level or (y[: 4 * few].max() > 2 * level):
        return _too_high(
            f"the loss was {y[: 4 * few].max():.3g} at first, and then lies at {level:.3g}, a "
            f"guess among {classes} classes: the weights were thrown away",
            0.9,
        )
    return None


SIGNS: tuple[Sign, ...] = (
    divergence,
    guesses,
    nan,
    unmoved,
    never_moved,
    late_start,
    too_low,
    spikes,
    shoots_up,
    restless,
    noise_floor,
)
