"""One network at several widths, trained by Adam with its own rate for each tensor."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..data import digits
from ..network import Network
from ..optimizers import adam
from ..ranges import accepts, at_least, count_from, one_of

__all__ = [
    "BASE",
    "UPDATES",
    "Factors",
    "mup",
    "network",
    "standard",
    "start",
    "tensors",
    "trained",
]

BASE = 64  # the width at which the rate is searched
UPDATES = 150

KIND = one_of("input", "bias", "hidden", "output")
KINDS = ("input", "bias", "hidden", "bias", "output", "bias")  # the tensors' kinds, in order
Rules = Callable[[str, int], Any]  # (kind, width) -> (factor of the rate, factor of the start)


class Factors(NamedTuple):
    """The factors on a tensor's usual rate and on its usual random start."""

    rate: float
    start: float


def standard(kind: str, width: int) -> Factors:
    """One rate for all, whatever the width."""
    return Factors(1.0, 1.0)


@accepts(kind=KIND, width=count_from(1), base=count_from(1))
def mup(kind: str, width: int, base: int = BASE) -> Factors:
    """The rules of μP for Adam: how a tensor of this kind changes from width base to width.

    kind: "input", "bias", "hidden" or "output". Hidden and output matrices, whose fan-in is the
    width, get a rate that falls as 1 / width; the output starts smaller by 1 / sqrt(width) more.
    Source: Yang et al. (2022), Table 3, arXiv:2203.03466.
    Raises: ValueError for a different kind, and for a width or base below 1.

    >>> mup("hidden", 1024), mup("output", 1024)
    (Factors(rate=0.0625, start=1.0), Factors(rate=0.0625, start=0.25))
    """
    rate = base / width if kind in ("hidden", "output") else 1.0
    start = (base / width) ** 0.5 if kind == "output" else 1.0
    return Factors(rate, start)


@accepts(width=count_from(1))
def network(width: int, seed: int = 0) -> Network:
    """64-width-width-10 for the digits, ReLU, batches of 64, in float32."""
    return Network(*digits(np.float32), (width, width), "relu", batch_size=64, seed=seed)


@accepts(width=count_from(1), lr=at_least(0), updates=count_from(0))
def trained(
    width: int, lr: float, rules: Rules = standard, seed: int = 0, updates: int = UPDATES
) -> float:
    """The loss over all images after a number of Adam's updates, each tensor at its own rate.

    lr: at least 0. rules: (kind, width) -> a factor of that rate and one of the usual start, for
    each tensor. updates: at least 0. Raises: ValueError for a value out of range.
    """
    net = network(width, seed)
    theta = start(net, rules, seed)
    rates = [lr * rules(kind, width)[0] for kind in KINDS]
    memories: list[dict[str, Any]] = [{} for _ in KINDS]
    for t in range(1, updates + 1):
        pairs = zip(tensors(net, theta), tensors(net, net.grad(theta, t)), strict=True)
        for i, (tensor, grad) in enumerate(pairs):
            step = adam(tensor, grad, t, **memories[i], lr=rates[i])
            tensor[:], memories[i] = step.theta, step.memory
    return float(net.loss(theta))


def start(net: Network, rules: Rules = standard, seed: int = 0) -> np.ndarray:
    """A theta_0: the network's usual start, each tensor times its factor."""
    theta = net.start(seed)
    for tensor, kind in zip(tensors(net, theta), KINDS, strict=True):
        tensor *= rules(kind, net.hidden[0])[1]
    return theta


def tensors(net: Network, theta: np.ndarray) -> list[np.ndarray]:
    """The tensors of theta, in the order of KINDS; they are views."""
    return [tensor for layer in net.layers(theta) for tensor in layer]
