"""The illnesses of a run, a function each: from a history to a finding, or None.

Each looks for one sign, in units of the run's own fall and noise, so that it is the same for any
loss and any length. Evidence is between 0 and 1; below 1/2 it isn't told.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .history import History

__all__ = ["ALL", "Finding"]


@dataclass(frozen=True)
class Finding:
    """An illness: its name, how sure, the sign that was seen, what to try, the lesson to read."""

    name: str
    evidence: float
    sign: str
    remedy: str
    lesson: int

    def __str__(self) -> str:
        return (
            f"{self.name} ({self.evidence:.0%}): {self.sign} {self.remedy} (Lesson {self.lesson}.)"
        )


Sign = Callable[[History], Finding | None]


def divergence(run: History) -> Finding | None:
    """The loss ends above where it began, or far above where it has been, and doesn't come back."""
    y, course = run.loss, run.course
    if len(y) < 3:
        return None
    last, low = float(np.median(course[-3:])), float(course.min())
    since = int(run.bins[: len(course)][int(course.argmin())])
    above = last - run.start
    size = max(abs(run.start), run.fall, 1e-300)
    grew = run.lost is not None and y[-1] > max(y[0], np.median(y)) + 0.5 * size
    up = above > 0.3 * size + 6 * run.noise
    back = run.fall > 8 * run.noise and last - low > 0.6 * run.fall + 6 * run.noise
    recovers = course[-1] < course[-(len(course) // 4 + 1)] - 3 * run.noise and not grew
    if not (grew or ((up or back) and not recovers)):
        return None
    return Finding(
        "divergence",
        0.97 if up or grew else 0.85,
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
    moved = abs(first - last) > 2.5 * max(run.noise, spread) or abs(_trend(y)[1]) > 4
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
    if _straightness(course) > 0.9:
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
    (early, _), (late, sure) = _trend(run.loss[:half]), _trend(run.loss[-half:])
    hidden = _trend(run.loss)[1] < -4 and run.fall < 2 * np.std(np.diff(run.loss))
    line = sure < -2.5 and _straightness(course, 1.5 * run.noise) > 0.9
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
    height = max(10 * usual, 3 * np.quantile(np.abs(rest), 0.95), 0.3 * run.fall)
    later = np.arange(len(y)) >= max(5, len(y) // 12)
    high, deep = (rest > height) & later, (rest < -height) & later
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
    """High and wild to the end: nothing is learned, or little, and the loss jumps about."""
    y = run.loss
    if len(y) < 20 or run.lost is not None:
        return None
    half = y[len(y) // 2 :]
    middle, reach = float(np.median(half)), float(np.quantile(half, 0.9) - np.quantile(half, 0.1))
    wild = float(np.median(np.abs(np.diff(half))))
    if (
        middle < run.start - 0.25 * abs(run.start)
        or reach < 0.3 * abs(middle)
        or wild < 0.1 * reach
    ):
        return None
    if _trend(y)[1] < -4:
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


def decayed_early(run: History) -> Finding | None:
    """The rate has gone, and with it the progress, long before the end."""
    if run.lr is None or len(run.loss) < 20 or run.lost is not None:
        return None
    share, course = run.binned(run.lr), run.course
    share = share / max(share.max(), 1e-300)
    peak = int(share.argmax())
    gone = np.flatnonzero((share < 0.02) & (np.arange(len(share)) > peak))
    if not len(gone) or gone[0] > 0.6 * len(share) or share[gone[0] :].max() > 0.1:
        return None
    at = int(gone[0] * len(course) / len(share))
    before, after = course[max(at - 2, 0)], course[-3:].mean()
    came = run.start - before
    if run.fall < 6 * run.noise:
        return None
    return Finding(
        "rate decayed too early",
        0.9 if came > 0 else 0.7,
        f"From {gone[0] / len(share):.0%} of the run on the rate is below 2 % of its peak; there "
        f"the loss went from {before:.3g} to {after:.3g} only.",
        "Give the schedule the number of updates of the whole run: epochs times batches.",
        7,
    )


def schedule_pace(run: History) -> Finding | None:
    """The schedule was told one number of steps and took another."""
    told = run.config.get("schedule_steps")
    lr = run.lr
    if lr is not None and len(lr) >= 20:
        share = run.binned(lr) / max(run.binned(lr).max(), 1e-300)
        low = np.flatnonzero(share < 0.1)
        turns = low[:-1][np.diff(low) > 1] if len(low) else low
        fast = run.binned(np.abs(np.diff(lr, append=lr[-1]))).mean() > 4 * lr.max() / len(lr)
        fast = fast and np.abs(np.diff(lr)).max() < 0.35 * lr.max()
        if len(turns) >= 2 or fast:
            return Finding(
                "schedule at the wrong pace",
                0.9,
                "The rate falls to almost 0 and rises again, more than once.",
                "A cosine told the epochs and stepped at every batch does that. If these are not "
                "restarts that you want, step it once an epoch.",
                7,
            )
    spe, epochs = run.config.get("steps_per_epoch"), run.config.get("epochs")
    if not (told and spe and epochs) or spe == 1:
        return None
    per = run.config.get(
        "stepped", "batch" if lr is not None and _moves_within(lr, spe) else "epoch"
    )
    taken = spe * epochs if per == "batch" else epochs
    if 0.5 <= taken / told <= 2:
        return None
    return Finding(
        "schedule at the wrong pace",
        0.9,
        f"The schedule was made for {told} steps, and is stepped {taken} times, by {per}.",
        "Step it at the pace that its number of steps was meant for.",
        7,
    )


def noise_floor(run: History) -> Finding | None:
    """Flat at the end, restless, and the rate is still high."""
    course, y = run.course, run.loss
    if len(course) < 20 or len(y) < 60 or run.lost is not None or run.fall <= 0:
        return None
    if run.lr is not None and run.lr[-1] < 0.5 * run.lr.max():
        return None
    late = y[len(y) // 2 :]
    slope, sure = _trend(late)
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


def overfitting(run: History) -> Finding | None:
    """The validation loss has turned, the training loss hasn't."""
    if run.val_loss is None or len(run.val_loss) < 3:
        return None
    finite = run.val_loss[np.isfinite(run.val_loss)]
    if len(finite) < 3:
        return None
    val = run.binned(finite)
    best = int(val.argmin())
    noise = np.median(np.abs(np.diff(val[best:]))) if len(val) - best > 2 else 0.0
    fallen = max(val[0] - val[best], 1e-300)
    rise = val[-max(1, len(val) // 10) :].mean() - val[best]
    at = int(best * len(run.course) / len(val))
    train = run.course[min(at, len(run.course) - 1)] - run.course[-1]
    gap = val[-1] - run.course[-1]
    if best >= 0.85 * len(val) or rise < max(0.08 * fallen, 0.03 * abs(val[best])) or train <= 0:
        return None
    if rise < 2 * noise or gap <= 0:
        return None
    return Finding(
        "overfitting",
        0.93,
        f"The validation loss was lowest, {val[best]:.3g}, after {best / len(val):.0%} of the run; "
        f"it has risen by {rise:.3g} since, while the training loss fell.",
        "Stop there; or more data, augmentation, weight decay, a smaller model.",
        6,
    )


def dead_gradients(run: History) -> Finding | None:
    """The gradient has gone, the loss hasn't."""
    norm = run.grad_norm
    if norm is None or len(norm) < 10 or run.lost is not None:
        return None
    first, last = np.median(norm[: max(3, len(norm) // 20)]), np.median(norm[-len(norm) // 4 :])
    stuck = run.course[-1] > run.start - 0.5 * abs(run.start)
    if (
        not (last <= 1e-4 * max(first, 1e-300) or last <= 1e-6 * max(abs(run.start), 1e-300))
        or not stuck
    ):
        return None
    return Finding(
        "dead gradients",
        0.92,
        f"The gradient's norm is {last:.2g} at the end, {first:.2g} at the beginning; the loss is "
        f"still {run.course[-1]:.3g}.",
        "Dead ReLUs or saturated layers: a lower rate, a warmup, other initial weights.",
        8,
    )


def forgotten_zero_grad(run: History) -> Finding | None:
    """Gradients that add up: in the code, or in their norm."""
    code = run.config.get("code", "")
    if "backward(" in code and "zero_grad" not in code and ".grad = None" not in code:
        return Finding(
            "forgotten zero_grad",
            0.98,
            "The code calls backward(), and nowhere zero_grad().",
            "Call optimizer.zero_grad() before each backward().",
            1,
        )
    norm = run.grad_norm
    if norm is None or len(norm) < 30:
        return None
    grown = norm[:4] / max(norm[0], 1e-300)
    sums = np.all(np.diff(grown) > 0) and np.all(np.abs(grown / np.arange(1, 5) - 1) < 0.5)
    if not sums or np.median(run.loss[:4]) > 1.2 * run.loss[0]:
        return None
    return Finding(
        "forgotten zero_grad",
        0.98,
        f"The gradient's norm grows by itself again at each update: {norm[0]:.3g}, {norm[1]:.3g}, "
        f"{norm[2]:.3g}, {norm[3]:.3g}.",
        "Gradients seem to add up from update to update: is there a zero_grad() before backward()?",
        1,
    )


def two_schedulers(run: History) -> Finding | None:
    """Two schedules that write the rate of one optimizer."""
    code = run.config.get("code", "")
    names = list(run.config.get("schedulers", ())) or re.findall(r"lr_scheduler\.(\w+)\(", code)
    chained = {"SequentialLR", "ChainedScheduler"} & set(names)
    if len(names) < 2 or chained:
        return None
    return Finding(
        "two schedulers",
        0.9,
        f"{' and '.join(names)} are made on one optimizer: each sets the rate anew.",
        "Keep one; or join them by SequentialLR or ChainedScheduler.",
        7,
    )


def l2_in_adam(run: History) -> Finding | None:
    """An L2 penalty passed through Adam's scales."""
    name = str(run.config.get("optimizer", "")).lower()
    decay = run.config.get("weight_decay", 0)
    if not (name in ("adam", "nadam", "radam", "adamax") and decay):
        return None
    return Finding(
        "L2 in Adam",
        0.6,
        f"{run.config['optimizer']} with weight_decay={decay}: an L2 penalty, rescaled.",
        "AdamW decays all weights alike. Choose its decay anew: the number means something else.",
        6,
    )


def _straightness(course: np.ndarray, noise: float = 0.0) -> float:
    """The share of the course's variance, beyond its noise, that a straight line explains."""
    x = np.arange(len(course))
    rest = course - np.polyval(np.polyfit(x, course, 1), x)
    return float(1 - max(rest.var() - noise**2, 0.0) / max(course.var(), 1e-300))


def _trend(y: np.ndarray) -> tuple[float, float]:
    """The slope of a line through all of y, and how many times its own error it is."""
    x = np.arange(len(y)) - (len(y) - 1) / 2
    slope = float(x @ y / (x @ x))
    rest = y - y.mean() - slope * x
    error = float((rest @ rest / max(len(y) - 2, 1) / (x @ x)) ** 0.5)
    return slope, slope / max(error, 1e-300)


def _moves_within(lr: np.ndarray, steps_per_epoch: int) -> bool:
    """Whether the rate changes inside an epoch."""
    changes = np.flatnonzero(np.diff(lr)) + 1
    return bool(len(changes)) and bool(np.any(changes % steps_per_epoch))


ALL: tuple[Sign, ...] = (
    divergence,
    nan,
    never_moved,
    late_start,
    too_low,
    spikes,
    shoots_up,
    restless,
    decayed_early,
    schedule_pace,
    noise_floor,
    overfitting,
    dead_gradients,
    forgotten_zero_grad,
    two_schedulers,
    l2_in_adam,
)
