"""Whether the losses repeat from epoch to epoch: batches that come in the same order."""

import numpy as np

from .finding import Finding, Sign
from .history import History

__all__ = ["SIGNS"]

ROUNDS = 6  # of the same period, at least
LONG = 6000  # losses: the last of a long run say as much as all


def not_shuffled(run: History) -> Finding | None:
    """The second half repeats with a period: the batches come in the same order each epoch."""
    y = run.loss
    if len(y) < 60 or run.lost is not None:
        return None
    half = y[len(y) // 3 :][-LONG:]
    best, share = 0, 0.0
    for period in _periods(run, half):
        explained = _explained(half, period)
        if explained > share + 0.05:  # a multiple explains as much: the shortest counts
            best, share = period, explained
    if best == 0 or share < 0.5 or _one_phase(half, best):
        return None
    if _rounds(half, best).std() < max(0.01 * run.fall, 1e-6 * np.abs(half).max()):
        return None  # a ripple of what is smooth
    return Finding(
        "data not shuffled",
        min(0.6 + 0.45 * share, 0.96),
        f"The losses repeat every {best} lines: that explains {share:.0%} of how they differ.",
        "Shuffle the data anew in each epoch (shuffle=True): else the model learns one class, and "
        "forgets it in the next.",
        5,
    )


def _periods(run: History, y: np.ndarray) -> list[int]:
    """An epoch's, where the held-out losses say it; else those after which y is most like itself."""
    if run.val_loss is not None and ROUNDS <= len(run.val_loss) <= len(run.loss) // 4:
        epoch = len(run.loss) / len(run.val_loss)
        if abs(epoch - round(epoch)) < 0.01 and epoch >= 4:
            return [round(epoch)]
    rest = np.diff(y)
    rest = rest - rest.mean()
    alike = np.fft.irfft(np.abs(np.fft.rfft(rest, 2 * len(rest))) ** 2)[: len(y) // ROUNDS + 1]
    return sorted(4 + int(lag) for lag in np.argsort(alike[4:])[-8:])


def _rounds(y: np.ndarray, period: int) -> np.ndarray:
    """The losses about the mean of the round that they are in the middle of, a row a round."""
    sums = np.cumsum(np.append(0.0, y))
    about = (sums[period:] - sums[:-period]) / period
    rest = y[(period - 1) // 2 :][: len(about)] - about
    rows = rest[len(rest) % period :].reshape(-1, period)
    return rows - rows.mean(1, keepdims=True)


def _explained(y: np.ndarray, period: int) -> float:
    """The share of the variance that the phase explains, less what chance would."""
    rows = _rounds(y, period)
    if len(rows) < ROUNDS or not rows.var():
        return 0.0
    size = rows.std(1, keepdims=True)
    rows = rows / np.maximum(size, 0.1 * size.max())  # each round counts alike
    share, rounds = float(rows.mean(0).var()), len(rows)
    return (share - 1 / rounds) / (1 - 1 / rounds)


def _one_phase(y: np.ndarray, period: int) -> bool:
    """Whether one line of a round alone stands out, as that of a small last batch does."""
    mean = _rounds(y, period).mean(0)
    worst = int(np.abs(mean).argmax())
    rest = np.delete(mean, worst)
    return bool((rest - rest.mean()).var() < 0.3 * mean.var())


SIGNS: tuple[Sign, ...] = (not_shuffled,)
