"""Trains the models of the race: a small residual network, and the transformers of lesson 8."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from ..data import batch, digits
from ..extras import needs
from ..schedules import cosine, linear
from ..transformer import Reverser, one_thread, rows
from . import EVERY, TASKS, WARMUP, Ran

with needs():
    import torch
    from torch import Tensor, nn
    from torch.nn import functional

__all__ = ["Residual", "Update", "run", "train"]

CLASSES: dict[str, tuple[Callable[..., torch.optim.Optimizer], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, dict(momentum=0.9)),
    "rmsprop": (torch.optim.RMSprop, {}),
    "adam": (torch.optim.Adam, {}),
}
MODELS: dict[str, Callable[[], nn.Module]] = {
    "residual net": lambda: Residual(),
    "post-LN transformer": lambda: Reverser(norm_first=False),
    "pre-LN transformer": lambda: Reverser(norm_first=True),
}
BATCH, TRAINED, VALIDATION = 32, 1197, 300  # digits; the last 300 are for the test
HELD_OUT = 500  # rows of symbols, for validation and for the test

Batches = Iterator[tuple[Tensor, Tensor]]
Update = Callable[[int, float], None]  # (updates made, their part of the peak rate)


class Block(nn.Module):
    """Two convolutions whose input is added to their output (He et al. 2015)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.row = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.row(x))


class Residual(nn.Sequential):
    """A small residual network for digits of 8 x 8 pixels: five convolutions, 3746 parameters."""

    def __init__(self, width: int = 8, blocks: int = 2) -> None:
        super().__init__(
            nn.Unflatten(1, (1, 8, 8)),
            nn.Conv2d(1, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            *(Block(width) for _ in range(blocks)),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * width, 10),
        )


def train(task: str, optimizer: str, lr: float, seed: int = 0, updates: int | None = None) -> Ran:
    """One run of the race. seed: for the weights and batches, the same for every optimizer.

    updates: a multiple of EVERY; None for those of the race. torch's global generator is left as it
    was.
    """

    def stepper(model: nn.Module) -> Update:
        make, hyper = CLASSES[optimizer]
        made = make(model.parameters(), lr=lr, **hyper)

        def update(t: int, part: float) -> None:
            for group in made.param_groups:
                group["lr"] = lr * part
            made.step()

        return update

    return run(task, stepper, seed, updates or TASKS[task])


def run(task: str, stepper: Callable[[nn.Module], Update], seed: int, updates: int) -> Ran:
    """Like `train`, with any stepper: it gets the model and returns a function that updates it."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model, (batches, held_out) = MODELS[task](), _data(task, seed)
        update, losses = stepper(model), []
        for t in range(updates):
            loss = _loss(model, *next(batches))
            model.zero_grad()
            loss.backward()
            update(t, factor(t, updates))
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            val, test = (_loss(model, *examples).item() for examples in held_out)
    return Ran(np.reshape(losses, (-1, EVERY)).mean(1).tolist(), val, test)


def factor(t: int, updates: int) -> float:
    """Everyone's schedule: a linear warmup, then half a cosine wave down to 0."""
    rise = linear(t, WARMUP, start=1 / WARMUP, end=1.0)
    return float(rise * cosine(max(t - WARMUP, 0), updates - WARMUP))


def _loss(model: nn.Module, X: Tensor, y: Tensor) -> Tensor:
    return functional.cross_entropy(model(X).flatten(0, -2), y.flatten())


@cache
def _images() -> tuple[Tensor, Tensor]:
    X, y = digits(np.float32)
    order = np.random.default_rng(0).permutation(len(X))
    return torch.tensor(X[order]), torch.tensor(y[order])


def _data(task: str, seed: int) -> tuple[Batches, list[tuple[Tensor, Tensor]]]:
    """Endless batches, and held-out examples for validation and for the test."""
    return _digits(seed) if task == "residual net" else _symbols(seed)


def _digits(seed: int) -> tuple[Batches, list[tuple[Tensor, Tensor]]]:
    """Endless batches, and the held-out images."""
    X, y = _images()

    def batches() -> Batches:
        t = 0
        while True:
            t += 1
            chosen = torch.from_numpy(batch(t, TRAINED, BATCH, seed))
            yield X[chosen], y[chosen]

    border = TRAINED + VALIDATION
    return batches(), [(X[TRAINED:border], y[TRAINED:border]), (X[border:], y[border:])]


def _symbols(seed: int) -> tuple[Batches, list[tuple[Tensor, Tensor]]]:
    def pairs(generator: torch.Generator, n: int = BATCH) -> tuple[Tensor, Tensor]:
        symbols = rows(generator, n)
        return symbols, symbols.flip(1)

    def batches() -> Batches:
        generator = torch.Generator().manual_seed(seed)
        while True:
            yield pairs(generator)

    held_out = torch.Generator().manual_seed(2**31)  # no run has this seed
    return batches(), [pairs(held_out, HELD_OUT), pairs(held_out, HELD_OUT)]
