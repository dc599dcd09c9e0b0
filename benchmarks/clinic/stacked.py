"""Several networks trained side by side on one small table, from the same start."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .small import Table

__all__ = ["Setup", "train"]


@dataclass(frozen=True)
class Setup:
    """One way to train: rates (steps,), the decay, and the share of the rows that it can't learn
    from, because they say when to stop."""

    rates: np.ndarray
    decay: float = 0.0
    held: float = 0.0


@dataclass(frozen=True)
class Split:
    """The rows to learn from, those that say when to stop, and those that judge."""

    train: tuple[Tensor, Tensor]
    held: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def split(table: Table, seed: int, held: float, scaled: bool = True) -> Split:
    """A quarter judges. Inputs are scaled by the rows learned from; so are targets, if asked."""
    X, y = table.load()
    order = np.random.default_rng(seed).permutation(len(X))
    judges, rest = np.split(order, [len(X) // 4])
    stops, learns = np.split(rest, [round(held * len(rest))])
    spread = X[learns].std(0)
    X = (X - X[learns].mean(0)) / np.where(spread > 0, spread, 1.0)
    if not table.classes:
        y = (y - y[learns].mean()) / y[learns].std() if scaled else y
    kind = torch.int64 if table.classes else torch.float32
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=kind)
    return Split(*((X[rows], y[rows]) for rows in (learns, stops, judges)))


class Stack:
    """k networks side by side, all from the same start; no hidden layer: a linear model."""

    def __init__(self, widths: list[int], k: int, seed: int) -> None:
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(a, b) for a, b in pairwise(widths)]
        self.parameters = [
            p.detach().expand(k, *p.shape).clone().requires_grad_()
            for layer in layers
            for p in (layer.weight, layer.bias)
        ]

    def __call__(self, x: Tensor) -> Tensor:
        """(n, d) or (k, n, d) to (k, n, out)."""
        pairs = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        for i, (weight, bias) in enumerate(pairs):
            x = x @ weight.mT + bias[:, None]
            x = torch.relu(x) if i < len(pairs) - 1 else x
        return x


def _losses(z: Tensor, y: Tensor) -> Tensor:
    """The mean loss of each of the k networks."""
    if y.dtype == torch.int64:
        k, n, c = z.shape
        each = functional.cross_entropy(z.reshape(k * n, c), y.repeat(k), reduction="none")
        return each.view(k, n).mean(1)
    return (z[..., 0] - y).square().mean(1)


def train(
    table: Table, hidden: list[int], setups: list[Setup], batch: int, seed: int, scaled: bool = True
) -> dict[str, np.ndarray]:
    """`held` and `test`: (looks, k), one look per epoch, for setups with the same length and share.

    Adam; weight decay is decoupled, and applies to every tensor.
    """
    parts = split(table, seed, setups[0].held, scaled)
    X, y = parts.train
    stack = Stack([X.shape[1], *hidden, table.classes or 1], len(setups), seed)
    rates = torch.tensor(np.array([s.rates for s in setups]), dtype=torch.float32)
    decays = torch.tensor([s.decay for s in setups], dtype=torch.float32)
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in stack.parameters]
    held, test, rng, waiting = [], [], np.random.default_rng(seed), np.empty(0, int)
    every = -(-len(X) // batch)
    for t in range(rates.shape[1]):
        if not len(waiting):
            waiting = rng.permutation(len(X))
        rows, waiting = waiting[:batch], waiting[batch:]
        grads = torch.autograd.grad(_losses(stack(X[rows]), y[rows]).sum(), stack.parameters)
        _step(stack.parameters, grads, moments, t + 1, rates[:, t], decays)
        if (t + 1) % every == 0 or t + 1 == rates.shape[1]:
            with torch.no_grad():
                for kept, (x, target) in ((held, parts.held), (test, parts.test)):
                    if len(x):
                        kept.append(_losses(stack(x), target).numpy())
    return {"held": np.array(held), "test": np.array(test)}


@torch.no_grad()
def _step(parameters: Any, grads: Any, moments: Any, t: int, lr: Tensor, decay: Tensor) -> None:
    """AdamW, with a rate and a decay for each network."""
    for p, grad, (m, v) in zip(parameters, grads, moments, strict=True):
        m.lerp_(grad, 0.1)
        v.lerp_(grad * grad, 0.001)
        step = (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        each = (-1, *[1] * (p.ndim - 1))
        p.mul_(1 - (lr * decay).view(each)).sub_(lr.view(each) * step)
