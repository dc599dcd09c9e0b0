"""Loss spikes: which peaks are more than the noise around them."""

import numpy as np

from ..finding import Finding
from ..history import History, jitter

__all__ = ["spikes"]

LASTS = 3  # a peak of this many lines isn't a single batch


def spikes(run: History) -> Finding | None:
    """Losses far above everything shortly before, which come back down."""
    y = run.loss
    if len(y) < 12:
        return None
    # A single loss may be a hard batch; two of three mean that the weights were thrown away.
    three = np.median(np.lib.stride_tricks.sliding_window_view(np.append(y, y[-2:]), 3), axis=-1)
    before, many = _before(y), len(y) >= 100
    jump, lasting = y - before, np.minimum(three, y) - before
    # Whatever happens to one loss in ten is normal; with one per epoch, there are too few to know.
    often = (
        3 * min(float(np.quantile(part, 0.9)) for part in _thirds(np.abs(jump))) if many else 0.0
    )
    usual = 6 * jitter(y[len(y) // 8 :])
    height = max(usual, often, 0.2 * run.fall, 1e-6 * np.abs(y).max())
    # Among few lines, one in ten isn't rare, so a single peak must undo most of what was learned.
    alone = jump > max((0.4 if many else 0.6) * run.fall, 1.5 * height)
    alone &= ~_ends_of_epochs(run, alone)
    lowest = np.minimum.accumulate(three[::-1])[::-1]  # of all later ones
    back = lowest < before + 0.4 * jump
    begun = np.arange(len(y)) >= max(2 if len(y) >= 20 else 4, len(y) // 12)
    high = ((lasting > height) | alone) & back & begun
    count = int(np.count_nonzero(high[1:] & ~high[:-1]))
    if not count or high.mean() > (0.1 if many else 0.35):
        return None
    # A spike is far above all the jumps shortly before it. If not, it is the noise of that time.
    sudden = high & (jump > 2 * _highest_before(jump)) & (_met(run, high) | (jump > 2 * run.fall))
    worst = int(np.argmax(np.where(sudden, jump, -np.inf)))
    after = np.convolve(high, np.ones(len(y) // 8 + 2))[: len(y)] > 0
    calm = jump[begun & ~after & ~np.append(after[1:], False)]
    if not sudden.any() or len(calm) < len(y) // 4 or calm.max() > 0.6 * jump[worst]:
        return None
    return Finding(
        "loss spikes",
        0.94 if jump[worst] > run.fall else 0.87 + 0.01 * min(count, 4),
        f"Spikes that come back down, {count} in all; the highest is {y[worst]:.3g}, at update "
        f"{worst}.",
        "Clip the gradient by its norm, look at that update's batch, or lower beta2 or the rate.",
        10,
        at=worst,
    )


def _met(run: History, high: np.ndarray) -> np.ndarray:
    """Which peaks show in the held-out loss, too. If one doesn't, the batch was hard, and
    the weights are where they were. A peak of many lines speaks for itself."""
    val = run.val_loss
    if val is None or len(val) < 8 or not np.isfinite(val).all() or len(val) > len(high):
        return np.ones(len(high), bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], high.astype(int), [0]])))
    met = np.zeros(len(high), bool)
    usual = jitter(val[len(val) // 4 :])
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        at = int(a * len(val) / len(high))
        before = float(np.median(val[max(at - 5, 0) : at] if at else val[:1]))
        rises = val[at : at + 3].max() > before + 3 * usual
        met[a:b] = rises or b - a >= LASTS
    return met


def _ends_of_epochs(run: History, alone: np.ndarray) -> np.ndarray:
    """Which single peaks are the last batches of epochs, which have few examples left.

    By the held-out losses if there is one per epoch; otherwise by what all distances share.
    """
    at, index = np.flatnonzero(alone), np.arange(len(alone))
    held = 0 if run.val_loss is None else len(run.val_loss)
    epoch = len(alone) / held if held else 0.0
    if held >= 3 and epoch >= 4 and epoch == round(epoch):
        return np.asarray(index % round(epoch) == round(epoch) - 1)
    if len(at) >= 3 and (shared := int(np.gcd.reduce(np.diff(at)))) >= 4:
        return np.asarray(index % shared == at[0] % shared)
    return np.zeros(len(alone), bool)


def _thirds(y: np.ndarray) -> list[np.ndarray]:
    """The peaks of a run, except for its start."""
    return np.array_split(y[len(y) // 12 :], 3)


def _before(y: np.ndarray) -> np.ndarray:
    """The median over a twentieth of the run before each loss; by bins, to be quick."""
    bins = np.array_split(y, min(len(y), 240))
    middle = np.array([np.median(part) for part in bins])
    reach = max(3, len(bins) // 20)
    padded = np.concatenate([np.full(reach, middle[0]), middle[:-1]])
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, reach), axis=-1)
    return np.repeat(median, [len(part) for part in bins])


def _highest_before(jump: np.ndarray) -> np.ndarray:
    """The highest in an eighth of the run before each loss, without its two neighbors."""
    bins = np.array_split(jump, min(len(jump), 240))
    highest = np.array([part.max() for part in bins])
    reach = max(5, len(bins) // 8)
    padded = np.concatenate([np.full(reach + 2, 0.0), highest])[: len(bins) + reach - 1]
    before = np.lib.stride_tricks.sliding_window_view(padded, reach).max(-1)
    return np.repeat(before, [len(part) for part in bins])
