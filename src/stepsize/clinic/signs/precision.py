"""What mixed precision and a rate of 0 leave in a log."""

import numpy as np

from ..finding import Finding, Sign
from ..history import History

__all__ = ["SIGNS"]


def overflow(run: History) -> Finding | None:
    """Gradients that aren't numbers although losses are, or a loss scale halved again and again."""
    scale, norm = run.loss_scale, run.grad_norm
    if scale is not None and len(scale) >= 4:
        halved = int(np.count_nonzero(scale[1:] < scale[:-1]))
        if scale[-1] < 2**-6 * scale.max() and (scale[-1] <= 1 or halved >= 6):
            return _overflow(
                0.95,
                f"The loss scale fell from {scale.max():g} to {scale[-1]:g}, halving each time.",
            )
    if norm is None or len(norm) < 3:
        return None
    bad = ~np.isfinite(norm)
    first = len(norm) // 4  # a scaler that starts too high skips its first updates, and settles
    zero = len(run.loss) >= 3 and bool((run.loss[-3:] == 0).all())
    if run.lost is None and (bad.all() or (zero and bad[-3:].all())):
        what = "the loss is logged as 0.0" if zero else "the loss is still a number"
        return _overflow(0.97, f"The gradient's norm isn't a number in any late line, and {what}.")
    if run.lost is None and bad[first:].mean() > 0.2 and len(norm) >= 8:
        return _overflow(
            0.8, f"The gradient's norm isn't a number in {bad[first:].mean():.0%} of the lines."
        )
    return None


def _overflow(evidence: float, sign: str) -> Finding:
    return Finding(
        "float16 overflow",
        evidence,
        sign,
        "float16 ends at 65504. Use bfloat16, clipping or a lower rate, and look for inf in the "
        "batch.",
        10,
    )


def no_rate(run: History) -> Finding | None:
    """The rate is 0 in all lines, or in all but the first twentieth: later it would be a decay."""
    lr = run.lr
    if lr is None or not len(lr) or np.any(lr[max(len(lr) // 20, 1) :] != 0) or len(run.loss) < 2:
        return None
    all_of_it = "all" if not lr.any() else "nearly all"
    return Finding(
        "rate is zero",
        0.97 if len(lr) > 2 else 0.7,
        f"The learning rate is 0 in {all_of_it} {len(lr)} lines.",
        "Check the schedule: its warmup, its number of steps, and whether it is stepped at all.",
        7,
    )


SIGNS: tuple[Sign, ...] = (overflow, no_rate)
