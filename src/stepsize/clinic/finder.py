"""`find_lr`, the learning rate range test: a short run in which the rate grows all the time."""

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..loop import descend
from ..ranges import above, accepts, count_from

__all__ = ["RangeTest", "find_lr"]

# Chosen by experiment: over 24 pairs of a small model and an optimizer, a full run at half the rate
# of 80 % came to within 1.2 % of the fall at the best rate. See benchmarks/range_test.py.
NEARLY, BELOW = 0.8, 2.0
RISE = 4.0  # a loss that has risen this many times as far as it had fallen ends the test


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


@accepts(lr_min=above(0), lr_max=above(0), steps=count_from(20))
def find_lr(
    what: Any,
    loss: Any,
    data: Any,
    *,
    lr_min: float = 1e-6,
    lr_max: float = 10.0,
    steps: int = 150,
    optimizer: Any = None,
    **hyper: Any,
) -> RangeTest:
    r"""Train for a moment while the rate grows by a factor at every update, and look at the loss.

    $$\eta_t = \eta_{\min} \left(\frac{\eta_{\max}}{\eta_{\min}}\right)^{t / (T - 1)}$$

    Of this package: find_lr(rule, landscape, start). Of torch: find_lr(model, loss, batches,
    optimizer=torch.optim.Adam), where loss(model(x), y) is a number for each (x, y) of batches, a
    DataLoader or a list, gone through as often as needed. The model is trained and then put back:
    weights, buffers, gradients, mode and torch's random numbers are as they were.
    hyper: the optimizer's other numbers (momentum, betas, ...).
    lr_min, lr_max: above 0, lr_min the smaller one. steps: at least 20.
    Raises: ValueError where these are not so, or where there is no batch.
    Source: Smith (2017), arXiv:1506.01186. The suggestion is this package's own: half the rate at
    which the smoothed loss had made 80 % of its fall. Read `reason`.
    """
    if lr_min >= lr_max:
        raise ValueError(f"lr_min must be below lr_max={lr_max}, not {lr_min}")
    if "lr" in hyper:
        raise ValueError("lr is what is looked for: give lr_min and lr_max")
    lr = np.geomspace(lr_min, lr_max, steps)
    if hasattr(what, "state_dict"):
        losses = _of_torch(what, loss, data, lr, optimizer, hyper)
    else:
        if optimizer is not None:
            raise ValueError("optimizer is for a torch model; here the rule comes first")
        trace = descend(what, loss, data, steps, lr=lambda t: lr[t], **hyper)
        losses = trace.loss[:-1]
        if losses.ndim != 1:
            raise ValueError(f"start must be one theta, not a stack of shape {losses.shape[1:]}")
    return read(lr, losses)


def read(lr: np.ndarray, loss: np.ndarray) -> RangeTest:
    """What the curve of a range test says. lr, loss: (n,), lr rising."""
    loss = loss[: _end(loss)]
    lr, few, whole = lr[: len(loss)], 10, len(loss) == len(lr)
    if len(loss) < few:
        reason = f"the loss was lost after {len(loss)} updates; lower lr_min"
        return RangeTest(lr, loss, loss, None, reason)
    smoothed = _smooth(loss, max(3, len(loss) // 20))
    low, first = int(smoothed.argmin()), float(np.median(smoothed[:few]))
    fall, noise = first - smoothed[low], float(np.std(np.diff(loss[: max(few, low)])))
    best = f"the loss was lowest, {smoothed[low]:.3g}, at lr = {lr[low]:.2g}"
    if fall <= max(noise, 1e-3 * abs(first)):
        return RangeTest(lr, loss, smoothed, None, "the loss never fell by more than its noise")
    if whole and low >= len(loss) - 2:
        return RangeTest(lr, loss, smoothed, None, f"{best}, the last one tried; raise lr_max")
    nearly = lr[int(np.argmax(smoothed <= first - NEARLY * fall))]
    reason = f"{best}; {NEARLY:.0%} of the fall was made at {nearly:.2g}, and a long run bears half"
    return RangeTest(lr, loss, smoothed, float(nearly / BELOW), reason)


def _end(loss: np.ndarray) -> int:
    """How many losses there are before the run is lost."""
    with np.errstate(all="ignore"):
        lowest = np.fmin.accumulate(loss)
        risen = loss - lowest > RISE * np.maximum(loss[0] - lowest, 0.25 * np.abs(loss[0]))
    lost = np.flatnonzero(~np.isfinite(loss) | risen)
    return int(lost[0]) if len(lost) else len(loss)


def _smooth(loss: np.ndarray, reach: int) -> np.ndarray:
    """The mean of each loss and its neighbours, `reach` to each side, fewer at the ends."""
    window = np.ones(2 * reach + 1)
    padded = np.convolve(loss, window)[reach:-reach]
    return padded / np.convolve(np.ones_like(loss), window)[reach:-reach]


def _of_torch(
    model: Any, loss: Any, batches: Any, lr: np.ndarray, optimizer: Any, hyper: dict[str, Any]
) -> np.ndarray:
    """The losses of a torch model under these rates. The model is as before in the end."""
    import torch

    make: Callable[..., Any] = torch.optim.SGD if optimizer is None else optimizer
    parameters = [p for p in model.parameters() if p.requires_grad]
    weights, gradients = copy.deepcopy(model.state_dict()), [p.grad for p in parameters]
    mode = {module: module.training for module in model.modules()}
    losses: list[float] = []
    with torch.random.fork_rng():
        try:
            model.train()
            rule = make(parameters, lr=float(lr[0]), **hyper)
            for rate, (x, y) in zip(lr, _endless(batches), strict=False):
                for group in rule.param_groups:
                    group["lr"] = float(rate)
                for p in parameters:
                    p.grad = None
                value = loss(model(x), y)
                value.backward()
                losses.append(float(value.detach()))
                if _end(np.array(losses)) < len(losses):
                    break
                rule.step()
        finally:
            model.load_state_dict(weights)
            for p, gradient in zip(parameters, gradients, strict=True):
                p.grad = gradient
            for module, training in mode.items():
                module.training = training
    return np.array(losses)


def _endless(batches: Iterable[Any]) -> Iterator[Any]:
    while True:
        batch = None
        for batch in batches:
            yield batch
        if batch is None:
            raise ValueError("batches must have a batch, and be a list or a DataLoader")
