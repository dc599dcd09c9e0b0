"""What the curve of the loss shows by itself.

Each function looks for one illness, in units of the run's own fall and noise: so it is the same for
any loss and any length. Evidence is between 0 and 1; below 1/2 it isn't told.
"""

import numpy as np

from .finding import Finding, Sign, straightness, trend
from .history import History

__all__ = ["SIGNS"]


def divergence(run: History) -> Finding | None:
    """The loss ends above where it began, or far above where it has been, and doesn't come back."""
    y, course = run.loss, run.course
    if len(y) < 3:
        return None
    last, low = float(np.median(course[-3:])), float(course.min())
    since = int(course.argmin() * len(y) / len(course))
    above = last - run.start
    size = max(abs(run.start), run.fall, 1e-300)
    grew = run.lost is not None and y[-1] > max(y[0], np.median(y)) + 0.5 * size
    up = above > 0.3 * size + 6 * run.noise
    back = run.fall > 8 * run.noise and last - low > 0.6 * run.fall + 6 * run.noise
    far = last - y[0] > 10 * max(abs(y[0]), run.fall)  # the first jump may have been the largest
    recovers = course[-1] < course[-(len(course) // 4 + 1)] - 3 * run.noise and not grew
    if not (grew or ((up or back or far) and not recovers)):
        return None
    return Finding(
        "divergence",
        0.97 if up or grew or far else 0.85,
        f"From update {since} on the loss grows, from {low:.3g} to {y[-1]:.3g}.",
        "Lower the learning rate, to a tenth at first; clip the gradient if it comes suddenly.",
        1,
    )


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
    )


def never_moved(run: History) -> Finding | None:
    """Flat from the beginning to the end."""
    y, course = run.loss, run.course
    if len(y) < 12 or run.lost is not None:
        return None
    if np.ptp(y) == 0:
        return Finding(
            "dead gradients",
            0.9,
            f"All {len(y)} losses are the same, {y[0]:.4g}, to the last digit.",
            "No gradient arrives. Are the parameters in the optimizer? Are all ReLUs at 0?",
            8,
        )
    third = len(course) // 3
    first, last = np.median(course[:third]), np.median(course[-third:])
    spread = 1.4826 * np.median(np.abs(course - np.median(course)))
    moved = abs(first - last) > 2.5 * max(run.noise, spread) or abs(trend(y)[1]) > 4
    moved = moved or course[0] - last > 2.2 * spread + 1e-3 * abs(last)
    few = max(1, min(5, len(y) // 50))  # of which run.start is the mean
    began = max(2 * np.std(y[len(y) // 2 :]) / few**0.5, 0.02 * abs(last))
    if moved or abs(run.start - last) > began:
        return None
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
    if len(course) < 20 or run.lost is not None or run.lr is not None:
        return None
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
    half = len(run.loss) // 2
    (early, _), (late, sure) = trend(run.loss[:half]), trend(run.loss[-half:])
    hidden = trend(run.loss)[1] < -4 and run.fall < 2 * np.std(np.diff(run.loss))
    line = sure < -2.5 and straightness(course, 1.5 * run.noise) > 0.9
    if early >= 0 or run.fall <= 0 or not (hidden or line) or late > 0.4 * early:
        return None
    return Finding(
        "rate too low",
        0.85,
        f"In its second half the loss falls {late / early:.0%} as fast as in the first: a line.",
        "The run is at its beginning still. Three times the rate, and again, or far more updates.",
        1,
    )


def spikes(run: History) -> Finding | None:
    """Single losses far above their neighbours, which come back."""
    y = run.loss
    if len(y) < 40:
        return None
    reach = max(3, len(y) // 25)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(y, reach, "edge"), 2 * reach + 1)
    rest = y - np.median(around, axis=-1)
    usual = 1.4826 * np.median(np.abs(rest)) + 1e-12 * np.abs(y).max()
    height = max(10 * usual, 3 * np.quantile(np.abs(rest), 0.95), 0.15 * run.fall)
    later = np.arange(len(y)) >= max(5, len(y) // 12)
    # A single loss may be a hard batch; several in a row are the weights, thrown away and back.
    lasting = np.convolve(rest > 0.7 * height, np.ones(4), "full")[3 : len(y) + 3] >= 3
    high = (rest > height) & later & (lasting | (rest > 0.3 * run.fall))
    deep = (rest < -height) & later
    count = int(np.count_nonzero(high[1:] & ~high[:-1]))
    if not count or deep.sum() >= high.sum() or high.mean() > 0.1:
        return None
    worst = int(np.argmax(np.where(high, rest, -np.inf)))
    return Finding(
        "loss spikes",
        0.94 if rest[worst] > run.fall else 0.75 + 0.03 * min(count, 4),
        f"Peaks that come back, {count} in all; the highest at update {worst}, {y[worst]:.3g}.",
        "Clip the gradient by its norm; look at the batch of that update; lower beta2 or the rate.",
        10,
    )


def shoots_up(run: History) -> Finding | None:
    """The loss shoots up at once, and then falls."""
    y = run.loss
    if len(y) < 20 or run.lost is not None:
        return None
    few = max(10, len(y) // 10)
    early = np.median(np.lib.stride_tricks.sliding_window_view(y[: few + 2], 3), axis=-1)
    began = float(y[0])
    size = max(began - float(run.course.min()), 0.1 * abs(began))
    usual = float(np.std(np.diff(y[:10])))
    bound = max(0.5 * size, 6 * usual)
    if y.min() >= 0:  # where the noise is a share of the loss, the start can be low by chance
        late = np.log(np.maximum(y[len(y) // 2 :], 1e-300))
        share = min(float(np.median(np.abs(np.diff(late)))) * 1.4826 / 2**0.5, 0.45)
        bound = max(0.5 * size, min(bound, began * np.expm1(4 * share)))
    high = early > began + bound
    later = float(np.median(run.course[-3:]))
    if high.sum() < 2 or later > 0.5 * (early.max() + began):
        return None
    if run.lr is not None and run.lr[0] < 0.3 * run.lr.max():
        return None
    half = y[len(y) // 2 :]
    wild = np.std(half) > 0.7 * abs(np.median(half)) and half.max() > 0.3 * abs(began)
    stays = later > began - 0.3 * abs(began) and early.max() - began > 0.5 * abs(began)
    if wild or stays:
        sign = f"from {began:.3g} the loss shot up to {early.max():.3g}, and never settled"
        return _too_high(sign, 0.95)
    return Finding(
        "no warmup",
        0.8,
        f"The loss began at {began:.3g} and shot up to {early.max():.3g} in the first updates.",
        "Let the rate rise over the first updates, or begin with a lower one.",
        8,
    )


def restless(run: History) -> Finding | None:
    """Higher than at the start, and wild to the end."""
    y = run.loss
    if len(y) < 20 or run.lost is not None:
        return None
    half = y[len(y) // 2 :]
    middle, reach = float(np.median(half)), float(np.quantile(half, 0.9) - np.quantile(half, 0.1))
    wild = float(np.median(np.abs(np.diff(half))))
    above = middle > run.start + 0.25 * abs(run.start)  # at the start's level, it is a plateau
    above = above or middle > 4 * abs(y[0])
    if not above or reach < 0.3 * abs(middle) or wild < 0.1 * reach:
        return None
    if trend(y)[1] < -4:
        return None
    return _too_high(
        f"in the second half the loss jumps about {middle:.3g}; it began at {run.start:.3g}"
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
    """Flat at the end, restless, and the rate is still high."""
    course, y = run.course, run.loss
    if len(course) < 20 or len(y) < 60 or run.lost is not None or run.fall <= 0:
        return None
    if run.lr is not None and run.lr[-1] < 0.5 * run.lr.max():
        return None
    late = y[len(y) // 2 :]
    slope, sure = trend(late)
    restless = float(np.std(late)) / run.fall
    if (abs(sure) > 3 and abs(slope) * len(late) > 0.1 * run.fall) or restless < 0.06:
        return None
    return Finding(
        "noise floor",
        0.7 if run.lr is not None else 0.55,
        f"In the second half the loss only trembles, by {restless:.0%} of all it has fallen.",
        "Let the rate decay to 0, or take larger batches: then this floor comes down.",
        7,
    )


SIGNS: tuple[Sign, ...] = (
    divergence,
    nan,
    never_moved,
    late_start,
    too_low,
    spikes,
    shoots_up,
    restless,
    noise_floor,
)
