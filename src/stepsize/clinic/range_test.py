"""What the curve of a learning rate range test says: which rate, or why there is no suggestion."""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["RangeTest", "lost", "read"]

FEW = 5  # losses to judge the start by, or a tenth of the test if that is more
NEARLY, WHOLE = 0.8, 0.99  # shares of the fall: enough to learn; where it ends
DENSITY = 25.0  # updates per decade of rates; in a slower test the loss falls at lower rates
SIGNAL = 4.0  # standard deviations: a smaller fall of the smoothed loss may be chance


@dataclass(frozen=True)
class RangeTest:
    """The curve of a range test, and what it says.

    lr, loss: (n,), the rate of each update and the loss just before it; n is below the steps asked
    for if the run diverged. smoothed: (n,), the loss averaged over its neighbors.
    suggestion: a learning rate, or None if the curve doesn't support one. reason: why, in words.
    """

    lr: np.ndarray
    loss: np.ndarray
    smoothed: np.ndarray
    suggestion: float | None
    reason: str

    def __str__(self) -> str:
        said = "I can't tell" if self.suggestion is None else f"try lr = {self.suggestion:.2g}"
        return f"{said}: {self.reason}"

    def plot(self, ax: Any) -> Any:
        """The losses, the smoothed curve, and a line where the suggestion is. Returns ax."""
        from .. import plots  # on demand: without a picture it needs no Matplotlib

        return plots.range_test(ax, self.lr, self.loss, self.smoothed, self.suggestion)


def read(lr: np.ndarray, loss: np.ndarray, averages: bool = False) -> RangeTest:
    """What the curve of a range test says.

    lr, loss: (n,), lr rising by a factor; loss may be shorter if the run was stopped. averages:
    whether the optimizer averages gradients.
    """
    density, few = (len(lr) - 1) / np.log10(lr[-1] / lr[0]), max(FEW, len(lr) // 10)
    loss, steps = np.asarray(loss, float), len(lr)
    n = lost(loss)
    lr, loss = lr[:n], loss[:n]
    if n < few:
        reason = f"the run diverged after {n} updates; lower lr_min, or look at the data"
        return RangeTest(lr, loss, loss, None, reason)
    reach = max(3, n // 20)
    smoothed = _smooth(loss, reach)
    first, low = float(np.median(loss[:few])), float(smoothed.min())
    fall = first - low
    nearly, made = (int(np.argmax(smoothed <= first - q * fall)) for q in (NEARLY, WHOLE))
    spread = (1 / (2 * reach + 1) + np.pi / 2 / few) ** 0.5  # of a mean minus a median
    chance = SIGNAL * spread * _noise(loss[: max(3 * few, made)])
    if fall <= max(chance, 1e-3 * abs(first)):
        why = "the loss never fell by more than chance; try more steps or larger batches"
    elif n == steps and made >= n - 1 - reach:
        why = f"the loss was lowest, {low:.3g}, at the end of the test, {lr[-1]:.2g}; raise lr_max"
    elif nearly < few:
        why = f"the loss fell from the first update on, at {lr[0]:.2g}; lower lr_min"
    else:
        middle = float(min((lr[nearly] * lr[made] * density / DENSITY) ** 0.5, lr[made]))
        why = f"the loss fell to {low:.3g}; {NEARLY:.0%} of the fall was over by a rate of "
        why += f"{lr[nearly]:.2g}, and all of it by {lr[made]:.2g}"
        why += "; halved, because this optimizer averages gradients" * averages
        return RangeTest(lr, loss, smoothed, middle / 2 if averages else middle, why)
    return RangeTest(lr, loss, smoothed, None, why)


def lost(loss: np.ndarray) -> int:
    """How many losses there are before the run is lost: not a number, or far above its lowest.

    Far means four times the fall so far, a quarter of the first loss, and beyond the noise. Single
    losses don't decide, but the median of three, so that one hard batch doesn't end a test.
    """
    finite = np.isfinite(loss)
    n = len(loss) if finite.all() else int(np.argmin(finite))
    if n < 3:
        return n
    loss = loss[:n]
    calm = np.median(np.lib.stride_tricks.sliding_window_view(loss, 3), axis=-1)
    first, low = np.median(loss[: 2 * FEW]), np.minimum.accumulate(calm)
    noise = _noise(loss[: 6 * FEW])
    far = np.maximum(4 * (first - low), max(0.25 * abs(first), 6 * noise))
    risen = np.flatnonzero(calm - low > far)
    return int(risen[0]) + 2 if len(risen) else n


def _noise(loss: np.ndarray) -> float:
    """The standard deviation of a loss about its course, from the median of its jumps."""
    return float(np.median(np.abs(np.diff(loss)))) / (0.6745 * 2**0.5)


def _smooth(loss: np.ndarray, reach: int) -> np.ndarray:
    """The mean of each loss and its neighbors, `reach` to each side, fewer at the ends."""
    window = np.ones(2 * reach + 1)
    padded = np.convolve(loss, window)[reach:-reach]
    return padded / np.convolve(np.ones_like(loss), window)[reach:-reach]
