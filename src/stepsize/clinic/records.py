"""What the rest shows that was kept: rates, gradients, validation, and the code itself.

Each function looks for one illness, in units of the run's own fall and noise: so it is the same for
any loss and any length. Evidence is between 0 and 1; below 1/2 it isn't told.
"""

import re

import numpy as np

from .finding import Finding, Sign
from .history import History

__all__ = ["SIGNS"]

# A scheduler that is made in the code: its name, and what it is made on.
SCHEDULER = r"\b(\w+LR|CosineAnnealingWarmRestarts|ReduceLROnPlateau|ChainedScheduler)\(\s*(\w+)"


def decayed_early(run: History) -> Finding | None:
    """The rate has gone, and with it the progress, long before the end."""
    if run.lr is None or len(run.loss) < 20 or run.lost is not None:
        return None
    share, course = run.binned(run.lr), run.course
    share = share / max(share.max(), 1e-300)
    peak = int(share.argmax())
    gone = np.flatnonzero((share < 0.02) & (np.arange(len(share)) > peak))
    if not len(gone) or gone[0] >= 0.5 * len(share) or share[gone[0] :].max() > 0.1:
        return None
    at = int(gone[0] * len(course) / len(share))
    before, after = course[max(at - 2, 0)], course[-3:].mean()
    if run.fall < 6 * run.noise:
        return None
    return Finding(
        "rate decayed too early",
        0.9,
        f"From {gone[0] / len(share):.0%} of the run on the rate is below 2 % of its peak; there "
        f"the loss went from {before:.3g} to {after:.3g} only.",
        "Give the schedule the number of updates of the whole run: epochs times batches.",
        7,
    )


def schedule_pace(run: History) -> Finding | None:
    """The schedule was told one number of steps and took another."""
    told, lr = run.config.get("schedule_steps"), run.lr
    if lr is not None and len(lr) >= 20:
        steps = np.diff(lr) / max(lr.max(), 1e-300)
        # Up and down twice over, and smoothly: a warm restart jumps.
        if np.abs(steps).sum() > 4 and steps.max() < 0.35:
            return Finding(
                "schedule at the wrong pace",
                0.9,
                "The rate comes down and rises again, more than once.",
                "A cosine told the epochs and stepped at every batch does that. If these are not "
                "cycles that you want, step it once an epoch.",
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
    if (
        best >= 0.85 * len(val)
        or rise < max(0.08 * fallen, 0.03 * abs(val[best]))
        or train < -2 * run.noise
    ):
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
    late = np.median(norm[np.isfinite(norm)][len(norm) // 2 :] if run.lost is None else norm[:1])
    # A gradient grows off a saddle, too. But then the loss comes down and stays there.
    well = np.median(run.course[-3:]) < run.start - 0.8 * run.fall
    well = well and run.loss[-30:].max() < run.start - 0.5 * run.fall
    if not sums or not late > (10 if well else 3) * norm[0]:
        return None
    if np.median(run.loss[:4]) > 1.5 * run.loss[0]:
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
    names = list(run.config.get("schedulers", ()))
    if not names:
        made = re.findall(SCHEDULER, run.config.get("code", ""))
        of = [optimizer for _, optimizer in made]
        names = [name for name, optimizer in made if of.count(optimizer) > 1]
    if len(names) < 2 or {"SequentialLR", "ChainedScheduler"} & set(names):
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


def _moves_within(lr: np.ndarray, steps_per_epoch: int) -> bool:
    """Whether the rate changes inside an epoch."""
    changes = np.flatnonzero(np.diff(lr)) + 1
    return bool(len(changes)) and bool(np.any(changes % steps_per_epoch))


SIGNS: tuple[Sign, ...] = (
    decayed_early,
    schedule_pace,
    overfitting,
    dead_gradients,
    forgotten_zero_grad,
    two_schedulers,
    l2_in_adam,
)
