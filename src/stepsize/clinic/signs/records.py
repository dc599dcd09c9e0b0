"""What else a log shows: rates, gradients, validation, and the code itself.

Each function looks for one illness, in units of the run's own fall and noise, so it works for
any loss and any length. Evidence is between 0 and 1; below 1/2 it isn't reported.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .. import listing
from ..finding import Finding, Sign
from ..history import History, jitter

__all__ = ["CODE", "SIGNS"]


def decayed_early(run: History) -> Finding | None:
    """The rate is gone long before the end, and the progress with it."""
    if run.lr is None or min(len(run.loss), len(run.lr)) < 10 or run.lr.max() <= 0:
        return None
    if run.lost is not None:
        return None
    share, course = run.binned(run.lr), run.course
    share = share / max(share.max(), 1e-300)
    peak = int(share.argmax())
    gone = np.flatnonzero((share < 0.02) & (np.arange(len(share)) > peak))
    if not len(gone) or gone[0] >= 0.5 * len(share) or share[gone[0] :].max() > 0.1:
        return None
    at = int(gone[0] * len(course) / len(share))
    before, after = course[min(at + 1, len(course) - 1)], course[-3:].mean()
    if before - after > max(0.3 * run.fall, 3 * run.noise):
        return None
    return Finding(
        "rate decayed too early",
        0.9,
        f"From {gone[0] / len(share):.0%} of the run on, the rate is below 2% of its peak; since "
        f"then the loss has only gone from {before:.3g} to {after:.3g}.",
        "Give the schedule the number of updates in the whole run: epochs times batches.",
        7,
    )


def schedule_pace(run: History) -> Finding | None:
    """The schedule was given one number of steps and took a different one."""
    lr = run.lr
    if lr is not None and len(lr) >= 10:
        share = lr / max(lr.max(), 1e-300)
        if _oscillates(share):
            return _waves("The rate goes up and down every few lines, up as often as down.", 0.96)
        if _comes_back(share):
            return _waves("More than once, the rate comes down to nothing and rises again.", 0.93)
    return _told_otherwise(run)


def _waves(sign: str, evidence: float) -> Finding:
    return Finding(
        "schedule at the wrong pace",
        evidence,
        sign,
        "A cosine whose length is in epochs, stepped at every batch, does this. If you didn't want "
        "these cycles, step it once per epoch.",
        7,
    )


def _comes_back(share: np.ndarray) -> bool:
    """Whether the rate goes down to nothing and up again, twice over, and smoothly.

    A warm restart jumps; intended cycles turn around above 0.
    """
    steps = np.diff(share)
    ends = share[1:-1][(steps[:-1] < 0) & (steps[1:] > 0)]
    smooth = bool(np.abs(steps).sum() > 4) and bool(steps.max() < 0.35)
    return smooth and bool(np.median(np.append(ends, 1)) < 0.05)


def _told_otherwise(run: History) -> Finding | None:
    """From the configuration: how many steps a schedule was made for, and how many it takes."""
    told, lr = run.config.get("schedule_steps"), run.lr
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
        f"The schedule was made for {told} steps, but is stepped {taken} times, once per {per}.",
        "Step it at the pace its number of steps was meant for.",
        7,
        in_code=True,
    )


def _oscillates(share: np.ndarray) -> bool:
    """Whether the rate turns around every few lines, again and again; a restart jumps only once."""
    steps = np.diff(share)
    moves = np.sign(steps[np.abs(steps) > 0.05])
    turns = int(np.count_nonzero(np.diff(moves)))
    often = turns >= max(4, len(share) / 8) and np.abs(steps).sum() > 3
    return often and 0.3 <= float(np.mean(moves > 0)) <= 0.7


def dead_gradients(run: History) -> Finding | None:
    """The gradient is gone, but the loss isn't."""
    norm = run.grad_norm
    if norm is None or len(norm) < 10 or run.lost is not None or not np.isfinite(norm).all():
        return None
    most, last = float(norm.max()), float(np.median(norm[-len(norm) // 4 :]))
    if last > max(1e-5 * most, 1e-7 * abs(run.start)):
        return None
    early = float(np.median(norm[: max(len(norm) // 20, 2)]))
    if last > max(1e-2 * early, 1e-7 * abs(run.start)):
        return None  # small only beside that of a divergence
    # A run that has converged has no gradient either. But there it faded gradually, and every loss
    # is the same. Dead gradients vanish at once, or the losses of the batches still differ.
    gone = int(np.argmax(norm <= max(1e-5 * most, 1e-7 * abs(run.start))))
    sudden = gone < 2 or norm[gone - 1] > 1e-3 * most
    jitters = jitter(run.loss[len(run.loss) // 2 :]) > 1e-3 * abs(run.course[-1])
    stuck = run.course[-1] > run.start - 0.5 * abs(run.start)
    still = abs(run.course[-1]) > 1e-3 * abs(run.start)
    if not (still and ((sudden and (jitters or stuck)) or (jitters and stuck))):
        return None
    before = run.loss[max(int(gone * len(run.loss) / len(norm)) - 3, 0) :][:4]
    lost = np.median(before) > run.start + 0.3 * abs(run.start)  # first it diverged, then it died
    lost = lost or _came_back(run, gone / len(norm))
    return Finding(
        "dead gradients",
        0.9 if lost else 0.98,
        f"The gradient's norm is {last:.2g} at the end, {most:.2g} at its peak; the loss is "
        f"still {run.course[-1]:.3g}.",
        "Dead ReLUs or saturated layers? Try a lower rate, a warmup or different initial weights.",
        8,
    )


def _came_back(run: History, share: float) -> bool:
    """Whether the loss had come down before that share of the run, and ended far above."""
    low = float(run.course[: max(int(share * len(run.course)), 1)].min())
    return run.course[-1] > low + 0.5 * (run.start - low) and run.start - low > 0.1 * abs(run.start)


def forgotten_zero_grad(run: History) -> Finding | None:
    """A sum of gradients: it grows like 1, 2, 3, 4; later it is smooth, though batches aren't."""
    norm = run.grad_norm
    if norm is None or len(norm) < 20:
        return None
    norm = norm[: int(np.argmin(np.append(np.isfinite(norm), False)))]
    if len(norm) < 5 or norm.min() <= 0:
        return None
    half, first = norm[len(norm) // 2 :], norm[:4] / norm[0]
    later = float(np.median(half)) / norm[0]
    # That holds for equal gradients; once the loss has moved, they are different.
    few = run.loss[: max(4 * len(run.loss) // len(norm), 4)]
    near = np.ptp(few) < 0.3 * abs(few[0])
    sums = near and np.all(np.diff(first) > 0) and np.all(np.abs(first / np.arange(1, 5) - 1) < 0.3)
    batches = run.loss[len(run.loss) // 2 :]
    differ = float(np.median(np.abs(np.diff(batches)))) / max(abs(np.median(batches)), 1e-300)
    begun = norm[: max(5, len(norm) // 8)].max() > 1.3 * norm[0]  # at once, not where a run is lost
    bend = np.abs(np.diff(norm, 2)) / norm[1:-1]
    smooth = float(np.median(bend[len(norm) // 8 :]))
    calm = len(norm) >= 30 and begun and later > 1.4 and smooth < min(0.06, 0.3 * differ)
    if not calm and not (sums and later > 2.5):
        return None
    sign = f"is soon {later:.2g} times the first, and smooth: it bends by {smooth:.1%} per "
    sign += f"update, while the loss jumps by {differ:.0%}"
    if sums:
        four = ", ".join(f"{x:.3g}" for x in norm[:4])
        sign = f"grows by its first value at each update: {four}"
    return Finding(
        "forgotten zero_grad",
        0.98,
        f"The gradient's norm {sign}.",
        "Gradients seem to add up from update to update: is there a zero_grad() before backward()?",
        1,
    )


def two_schedulers(run: History) -> Finding | None:
    """Two schedules that write the rate of one optimizer, as the configuration says."""
    return listing.two(list(run.config.get("schedulers", ())))


def l2_in_adam(run: History) -> Finding | None:
    """An L2 penalty that passes through Adam's scales, as the configuration says."""
    optimizer, decay = run.config.get("optimizer", ""), run.config.get("weight_decay", 0)
    name = optimizer if isinstance(optimizer, str) else _class_name(optimizer)
    name = name.rpartition(".")[2]
    if name.lower() in ("adam", "nadam", "radam", "adamax") and decay:
        return listing.adam_decays(f"{name} with weight_decay={decay}")
    return None


def _class_name(optimizer: object) -> str:
    """The name of a class, or of an optimizer's class."""
    return optimizer.__name__ if isinstance(optimizer, type) else type(optimizer).__name__


def _moves_within(lr: np.ndarray, steps_per_epoch: int) -> bool:
    """Whether the rate changes inside an epoch."""
    changes = np.flatnonzero(np.diff(lr)) + 1
    return bool(len(changes)) and bool(np.any(changes % steps_per_epoch))


def _of_code(fault: Callable[[listing.Program], Finding | None]) -> Sign:
    """A fault in the code as a sign of the run."""
    return lambda run: fault(listing.read(run.config.get("code", "")))


def _marked(sign: Sign) -> Sign:
    """The same sign, whose finding says that it is from the code."""

    def marked(run: History) -> Finding | None:
        found = sign(run)
        return found and replace(found, in_code=True)

    return marked


CODE: tuple[Sign, ...] = tuple(
    _marked(sign) for sign in (two_schedulers, l2_in_adam, *map(_of_code, listing.FAULTS))
)
SIGNS: tuple[Sign, ...] = (
    decayed_early,
    schedule_pace,
    dead_gradients,
    forgotten_zero_grad,
    *CODE,
)
