"""What the norm of all weights shows, the only curve in which a weight decay is visible."""

import numpy as np

from ..finding import Finding, Sign, too_high
from ..history import History

__all__ = ["SIGNS"]


def pulled_to_zero(run: History) -> Finding | None:
    """The weights shrank to well below their start, and much of the loss is left.

    A sound training lets them grow, or hardly touches them.
    """
    norm = _norm(run)
    if norm is None:
        return None
    began, low, end = float(norm[0]), float(norm.min()), float(np.median(norm[-len(norm) // 10 :]))
    if low > 0.7 * began or end > 0.8 * began or run.course[-1] < 0.3 * run.start:
        return None
    return Finding(
        "weight decay too strong",
        0.98,
        f"The norm of the weights fell from {began:.3g} to {end:.3g}, and the loss stays at "
        f"{run.course[-1]:.3g}: they are pulled to 0 faster than they learn.",
        "Try a tenth of the weight decay, or none; and AdamW in place of an L2 penalty.",
        6,
    )


def thrown_far(run: History) -> Finding | None:
    """The norm of the weights is soon many times that of their start."""
    norm = _norm(run)
    if norm is None or run.course[-1] < 0.02 * run.start:
        return None
    early = float(np.median(norm[len(norm) // 10 : len(norm) // 5 + 1]))
    if early < 10 * norm[0]:
        return None
    return too_high(
        f"the norm of the weights went from {norm[0]:.3g} to {early:.3g} in the first tenth of the "
        "run",
        0.9,
    )


def _norm(run: History) -> np.ndarray | None:
    norm = run.weight_norm
    usable = norm is not None and len(norm) >= 8 and len(run.loss) >= 8 and run.lost is None
    return norm if usable and norm is not None and np.isfinite(norm).all() and norm[0] > 0 else None


SIGNS: tuple[Sign, ...] = (pulled_to_zero, thrown_far)
