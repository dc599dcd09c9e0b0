"""`find_lr`, the learning rate range test: a short run in which the rate grows at every update."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..loop import descend
from ..ranges import above, accepts, count_from

__all__ = ["RangeTest", "find_lr"]

FEW = 5  # losses, or a tenth of the test: of these the start is judged; fewer say nothing
NEARLY, WHOLE = 0.8, 0.99  # of the fall: where a rate is high enough to learn; where it ends
DENSITY = 25.0  # updates per decade of rates; in a slower test the loss falls at lower rates
SIGNAL = 4.0  # standard deviations: a smaller fall of the smoothed loss may be chance


@dataclass(frozen=True)
class RangeTest:
    """The curve of a range test, and what it says.

    lr, loss: (n,), the rate of each update and the loss just before it; n is below the steps asked
    for where the run diverged. smoothed: (n,), the loss averaged over its neighbours.
    suggestion: a learning rate, or None where the curve carries none. reason: why, in words.
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
        from .. import plots  # on demand: whoever asks for no picture needs no Matplotlib

        return plots.range_test(ax, self.lr, self.loss, self.smoothed, self.suggestion)


@accepts(lr_min=above(0), lr_max=above(0), steps=count_from(20))
def find_lr(
    what: Any,
    loss: Any,
    data: Any,
    *,
    lr_min: float = 1e-6,
    lr_max: float = 10.0,
    steps: int = 200,
    optimizer: Any = None,
    **hyper: Any,
) -> RangeTest:
    r"""Train for a moment while the rate grows by a factor at every update, and look at the loss.

    $$\eta_t = \eta_{\min} \left(\frac{\eta_{\max}}{\eta_{\min}}\right)^{t / (T - 1)}$$

    Of this package: find_lr(rule, landscape, start). Of torch: find_lr(model, loss, batches,
    optimizer=torch.optim.Adam), where loss(model(x), y) is one number for each (x, y) of batches,
    a DataLoader or a list, gone through as often as needed.

    optimizer: a class, made with `hyper` (momentum, betas, ...), SGD if none is given; or your own
    optimizer, whose groups keep the ratio of their rates: the suggestion is for the highest. The
    model is trained and then put back, and so is the optimizer: weights, buffers, gradients, modes,
    memory, rates, and the random numbers of torch, NumPy and Python.
    lr_min, lr_max: above 0, lr_min the smaller one. steps: at least 20.

    Raises: ValueError or TypeError that names what is not so. A run that diverges raises nothing:
    it ends early.

    Source: Smith (2017), arXiv:1506.01186, with a rate that grows along a line. The suggestion is
    this package's own: the geometric middle of two rates, that at which the smoothed loss had made
    80 % of its fall and that at which it had made 99 %; higher the slower the rate grew, by the
    root, but no higher than the latter; and half of it for an optimizer that averages gradients
    (momentum, Adam), for its loss answers late. On models and optimizers that had no say in that,
    asked 132 times, it gave 123 suggestions: 90 % of them within a factor of 3 of the best rate of
    a sweep of 200 updates, the median at 0.97 of it, nine of ten between 0.21 and 2.45; in three
    cases the run would have ended above its start. On models that were made afterwards, stranger
    ones, it was asked 105 times and gave 86 suggestions, 70 % of them within a factor of 3, and in
    one case the run would have ended above its start (benchmarks/FINDER.md).
    About a longer training it knows nothing.
    """
    if lr_min >= lr_max:
        raise ValueError(f"lr_min must be below lr_max={lr_max}, not {lr_min}")
    if "lr" in hyper:
        raise ValueError("lr is what is looked for: give lr_min and lr_max")
    lr = np.geomspace(lr_min, lr_max, steps)
    if _is_module(what):
        from .torch_side import losses

        return read(lr, *losses(what, loss, data, lr, optimizer, hyper))
    if optimizer is not None:
        raise ValueError("optimizer is for a torch model; here the rule comes first")
    if not callable(what) or not hasattr(loss, "grad"):
        kinds = f"{type(what).__name__} and {type(loss).__name__}"
        raise TypeError(f"what must be a torch model, or a rule with a landscape, not {kinds}")
    trace = descend(what, loss, data, steps, lr=lambda t: lr[t], **hyper)
    if trace.loss.ndim != 1:
        raise ValueError(f"start must be one theta, not a stack of shape {trace.loss.shape[1:]}")
    averages = any(np.any(getattr(trace, name, 0)) for name in ("momentum", "beta1"))
    return read(lr, trace.loss[:-1], averages)


def read(lr: np.ndarray, loss: np.ndarray, averages: bool = False) -> RangeTest:
    """What the curve of a range test says.

    lr, loss: (n,), lr rising by a factor; loss may be shorter, where the run was ended. averages:
    whether the optimizer averages gradients.
    """
    density, few = (len(lr) - 1) / np.log10(lr[-1] / lr[0]), max(FEW, len(lr) // 10)
    loss, steps = np.asarray(loss, float), len(lr)
    n = lost(loss)
    lr, loss = lr[:n], loss[:n]
    if n < few:
        reason = f"the loss was lost after {n} updates; lower lr_min, or look at the data"
        return RangeTest(lr, loss, loss, None, reason)
    reach = max(3, n // 20)
    smoothed = _smooth(loss, reach)
    first, low = float(np.median(loss[:few])), float(smoothed.min())
    fall = first - low
    nearly, made = (int(np.argmax(smoothed <= first - q * fall)) for q in (NEARLY, WHOLE))
    spread = (1 / (2 * reach + 1) + np.pi / 2 / few) ** 0.5  # of a mean less a median
    chance = SIGNAL * spread * _noise(loss[: max(3 * few, made)])
    if fall <= max(chance, 1e-3 * abs(first)):
        why = "the loss never fell by more than chance; more steps, or larger batches, may show it"
    elif n == steps and made >= n - 1 - reach:
        why = f"the loss was lowest, {low:.3g}, at the end of the test, {lr[-1]:.2g}; raise lr_max"
    elif nearly < few:
        why = f"the loss fell from the first update on, at {lr[0]:.2g}; lower lr_min"
    else:
        middle = float(min((lr[nearly] * lr[made] * density / DENSITY) ** 0.5, lr[made]))
        why = f"of the fall to {low:.3g}, {NEARLY:.0%} was made at {lr[nearly]:.2g}, all at "
        why += f"{lr[made]:.2g}" + ("; half their middle, for it averages gradients" * averages)
        return RangeTest(lr, loss, smoothed, middle / 2 if averages else middle, why)
    return RangeTest(lr, loss, smoothed, None, why)


def lost(loss: np.ndarray) -> int:
    """How many losses there are before the run is lost: no number, or far above its lowest.

    Far is four times the fall so far, a quarter of the first loss, and out of the noise. Single
    losses don't decide: the median of three does, so that one hard batch does not end a test.
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
    """The mean of each loss and its neighbours, `reach` to each side, fewer at the ends."""
    window = np.ones(2 * reach + 1)
    padded = np.convolve(loss, window)[reach:-reach]
    return padded / np.convolve(np.ones_like(loss), window)[reach:-reach]


def _is_module(what: Any) -> bool:
    """Whether it is a torch model, without importing torch for one who has none."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(what, torch.nn.Module)
