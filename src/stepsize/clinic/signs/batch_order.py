"""Whether the losses repeat from epoch to epoch: batches that come in the same order."""

import numpy as np

from ..finding import Finding, Sign
from ..history import History

__all__ = ["SIGNS"]

ROUNDS = 6  # the fewest rounds of one period
LONG = 6000  # losses: in a long run, the last ones say as much as all


def not_shuffled(run: History) -> Finding | None:
    """The losses repeat with a period: the batches come in the same order each epoch."""
    y = run.loss
    if len(y) < 60 or run.lost is not None:
        return None
    late = y[len(y) // 3 :][-LONG:]
    best, share, shape = 0.0, 0.0, np.zeros(1)
    for period in _periods(run, late):
        explained, phases, size = _explained(late, period)
        # A multiple explains as much, so the shortest counts. A ripple on a smooth curve doesn't.
        if explained > share + 0.05 and size > max(0.01 * run.fall, 1e-6 * np.abs(late).max()):
            best, share, shape = period, explained, phases
    if share < (0.42 if len(y) >= 150 else 0.75) or _one_phase(shape):
        return None
    return Finding(
        "data not shuffled",
        min(0.75 + 0.25 * share, 0.98),
        f"The losses repeat every {best:.3g} lines, which explains {share:.0%} of their variance.",
        "Reshuffle the data in each epoch (shuffle=True). Otherwise the model learns one class, "
        "and forgets it while it learns the next.",
        5,
    )


def _periods(run: History, y: np.ndarray) -> list[float]:
    """An epoch's length, if the held-out losses tell it, and lags at which y is most like itself.

    An epoch needn't be a whole number of batches: what recurs after 89 may be ten epochs of 8.9.
    """
    found: set[float] = set()
    if run.val_loss is not None and ROUNDS <= len(run.val_loss) <= len(run.loss) // 4:
        found.add(len(run.loss) / len(run.val_loss))
    rest = np.diff(y)
    rest = rest - rest.mean()
    alike = np.fft.irfft(np.abs(np.fft.rfft(rest, 2 * len(rest))) ** 2)[: len(y) // 2]
    for lag in 4 + np.argsort(alike[4:])[-12:]:
        found |= {float(lag / k) for k in range(1, 11)}
    return sorted(period for period in found if 4 <= period <= len(y) / ROUNDS)


def _explained(y: np.ndarray, period: float) -> tuple[float, np.ndarray, float]:
    """The share of the variance that the phase explains beyond chance; its course; the size.

    Each loss is measured from the mean of the round that surrounds it.
    """
    width = round(period)
    sums = np.cumsum(np.append(0.0, y))
    rest = y[(width - 1) // 2 :][: len(sums) - width] - (sums[width:] - sums[:-width]) / width
    size = float(rest.std())
    own = np.maximum(np.abs(rest), 0.0)
    sums = np.cumsum(np.append(0.0, own))
    usual = np.interp(
        np.arange(len(rest)), np.arange(len(sums) - width) + width / 2, sums[width:] - sums[:-width]
    )
    rest = rest / np.maximum(usual, 0.1 * usual.max() + 1e-300)  # each round counts alike
    phase = (np.arange(len(rest)) % period / period * width).astype(int)
    many = np.bincount(phase, minlength=width)
    if many.min() < ROUNDS - 2 or not rest.var():
        return 0.0, np.zeros(1), size
    means = np.bincount(phase, rest, width) / many
    share, rounds = float(means[phase].var() / rest.var()), len(rest) / width
    return (share - 1 / rounds) / (1 - 1 / rounds), means, size


def _one_phase(means: np.ndarray) -> bool:
    """Whether only one line of each round stands out, as a small last batch does."""
    worst = int(np.abs(means - np.median(means)).argmax())
    rest = np.delete(means, worst)
    return bool((rest - rest.mean()).var() < 0.3 * means.var())


SIGNS: tuple[Sign, ...] = (not_shuffled,)
