"""Whether the losses repeat from epoch to epoch: batches that come in the same order."""

import numpy as np

from .finding import Finding, Sign
from .history import History

__all__ = ["SIGNS"]

ROUNDS = 6  # of the same period, at least


def not_shuffled(run: History) -> Finding | None:
    """The second half repeats with a period: the batches come in the same order each epoch."""
    y = run.loss
    if len(y) < 60 or run.lost is not None:
        return None
    half = y[len(y) // 3 :]
    best, share = 0, 0.0
    for period in _periods(run, len(half)):
        explained = _explained(half, period)
        if explained > share + 0.05:  # a multiple explains as much: the shortest counts
            best, share = period, explained
    if best == 0 or share < 0.5 or _one_phase(half, best):
        return None
    return Finding(
        "data not shuffled",
        min(0.6 + 0.45 * share, 0.96),
        f"The losses repeat every {best} lines: that explains {share:.0%} of how they differ.",
        "Shuffle the data anew in each epoch (shuffle=True): else the model learns one class, and "
        "forgets it in the next.",
        5,
    )


def _periods(run: History, n: int) -> list[int]:
    """Those that fit often enough; an epoch's, where the held-out losses say it, alone."""
    if run.val_loss is not None and ROUNDS <= len(run.val_loss) <= len(run.loss) // 4:
        epoch = len(run.loss) / len(run.val_loss)
        if abs(epoch - round(epoch)) < 0.01:
            return [round(epoch)]
    return list(range(4, n // ROUNDS + 1))


def _rounds(y: np.ndarray, period: int) -> np.ndarray:
    """The losses about their course, a row a round."""
    rows = y[len(y) % period :].reshape(-1, period)
    return rows - rows.mean(1, keepdims=True)


def _explained(y: np.ndarray, period: int) -> float:
    """The share of the variance that the phase explains, less what chance would."""
    rows = _rounds(y, period)
    if len(rows) < ROUNDS or not rows.var():
        return 0.0
    rows = rows / np.maximum(rows.std(1, keepdims=True), 1e-300)  # each round counts alike
    share, rounds = float(rows.mean(0).var()), len(rows)
    return (share - 1 / rounds) / (1 - 1 / rounds)


def _one_phase(y: np.ndarray, period: int) -> bool:
    """Whether one line of a round alone stands out, as that of a small last batch does."""
    mean = _rounds(y, period).mean(0)
    worst = int(np.abs(mean).argmax())
    rest = np.delete(mean, worst)
    return bool((rest - rest.mean()).var() < 0.3 * mean.var())


SIGNS: tuple[Sign, ...] = (not_shuffled,)
