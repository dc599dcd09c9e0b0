"""A small transformer that learns to reverse a row of symbols; for the lesson on warmup.

It is set up to fail without warmup: post-LN, Adam, and a high rate.
`python -m stepsize.transformer` reads runs as lines of JSON and writes each with its losses.
"""

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .extras import needs

with needs():
    import torch
    from torch import Tensor, nn

__all__ = ["CHANCE", "Reverser", "Run", "one_thread", "ramp", "rows", "train"]

SYMBOLS, LENGTH, BATCH = 8, 8, 32
WIDTH, HEADS, HIDDEN = 32, 4, 64
CHANCE = math.log(SYMBOLS)  # the loss of a model that knows nothing, and says so: 2.08


class Reverser(nn.Module):
    """A transformer encoder that reads a row of symbols and scores every symbol at every position.

    norm_first: LayerNorm before each block (pre-LN) instead of after it (post-LN, as in 2017).
    Weights start as Xavier's, embeddings and positions as N(0, 1), from torch's global generator.
    """

    def __init__(self, layers: int = 4, norm_first: bool = False) -> None:
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, WIDTH)
        self.place = nn.Parameter(torch.randn(LENGTH, WIDTH))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True, norm_first=norm_first
            )
            for _ in range(layers)
        )
        self.output = nn.Linear(WIDTH, SYMBOLS)
        for weight in [*self.layers.parameters(), self.output.weight]:
            if weight.dim() > 1:
                nn.init.xavier_uniform_(weight)

    def hidden(self, symbols: Tensor) -> Tensor:
        """The last layer's output at each position: (rows, positions, width)."""
        state = self.symbol(symbols) + self.place
        for layer in self.layers:
            state = layer(state)
        return state

    def forward(self, symbols: Tensor) -> Tensor:
        return self.output(self.hidden(symbols))


def rows(generator: torch.Generator, n: int = BATCH) -> Tensor:
    """n rows of random symbols. The target of each is the same row, reversed."""
    return torch.randint(SYMBOLS, (n, LENGTH), generator=generator)


@dataclass(frozen=True)
class Run:
    """What happened in a run. The last three are measured only with `watch=True`.

    loss, lr (T,): before each update. update, gradient (T, layers + 1): how far the weights of each
    layer moved, and their gradient, as a root mean square per weight; the last is the output layer.
    spread (T,): the standard deviation of the last hidden state over positions and rows. dead
    (T,): the share of ReLUs that are 0 for the whole batch.
    """

    loss: np.ndarray
    lr: np.ndarray
    update: np.ndarray
    gradient: np.ndarray
    spread: np.ndarray
    dead: np.ndarray

    @property
    def end(self) -> float:
        """The mean loss of the last ten updates."""
        return float(self.loss[-10:].mean())

    @property
    def verdict(self) -> str:
        """learned: below 1/3 of chance, 0.69. stuck: above 0.8 of it, 1.66. between: neither."""
        if self.end < CHANCE / 3:
            return "learned"
        return "stuck" if self.end > 0.8 * CHANCE else "between"


def train(
    lr: float | Callable[[int], float],
    steps: int = 100,
    seed: int = 0,
    layers: int = 4,
    norm_first: bool = False,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    watch: bool = False,
    **hyper: Any,
) -> Run:
    """Train a new Reverser, each update on a fresh batch.

    lr: a number, or a function of the updates already made. hyper: for the optimizer. seed: for the
    weights and the batches; torch's global generator is left as it was. It uses one thread, because
    two are slower for matrices this small.
    """
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Reverser(layers, norm_first)
        batches = torch.Generator().manual_seed(seed)
        rate = lr if callable(lr) else lambda _: lr
        made = optimizer(model.parameters(), lr=float(rate(0)), **hyper)
        seen = [_update(model, made, float(rate(t)), rows(batches), watch) for t in range(steps)]
    return Run(*(np.array(series) for series in zip(*seen, strict=True)))


def ramp(peak: float, updates: int) -> Callable[[int], float]:
    """A linear warmup: peak / updates at the first update, peak from the last of them on."""
    return lambda t: peak * min((t + 1) / max(updates, 1), 1.0)


def _update(
    model: Reverser, optimizer: torch.optim.Optimizer, lr: float, symbols: Tensor, watch: bool
) -> tuple[Any, ...]:
    """One update, and what to record of it, in the order of Run's fields."""
    for group in optimizer.param_groups:
        group["lr"] = lr
    score = model(symbols)
    loss = nn.functional.cross_entropy(score.flatten(0, 1), symbols.flip(1).flatten())
    optimizer.zero_grad()
    loss.backward()
    before = _parts(model) if watch else []
    inner = _inner(model, symbols) if watch else (0.0, 0.0)
    optimizer.step()
    if not watch:
        return loss.item(), lr, 0.0, 0.0, *inner
    gradient = [_rms(part) for part in _parts(model, gradient=True)]
    moved = [_rms(after - b) for after, b in zip(_parts(model), before, strict=True)]
    return loss.item(), lr, moved, gradient, *inner


def _parts(model: Reverser, gradient: bool = False) -> list[Tensor]:
    """The weights of each layer in one vector, and those of the output; or their gradients."""
    return [
        torch.cat([(p.grad if gradient else p.detach()).flatten() for p in part.parameters()])
        for part in [*model.layers, model.output]
    ]


def _rms(vector: Tensor) -> float:
    return vector.square().mean().sqrt().item()


@torch.no_grad()
def _inner(model: Reverser, symbols: Tensor) -> tuple[float, float]:
    """The spread of the last hidden state, and the share of dead ReLUs."""
    silent: list[Tensor] = []
    hooks = [
        layer.linear1.register_forward_hook(
            lambda _, __, out: silent.append((out <= 0).flatten(0, 1).all(0))
        )
        for layer in model.modules()
        if isinstance(layer, nn.TransformerEncoderLayer)
    ]
    state = model.hidden(symbols).flatten(0, 1)
    for hook in hooks:
        hook.remove()
    return state.std(0).mean().item(), torch.cat(silent).float().mean().item()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """For matrices this small, two threads are slower than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


EVERY = 5  # updates, whose mean loss is written as one number


def serve() -> None:
    """Read one {"lr", "warmup", "seed"} per line; write each run with its losses on a line."""
    for line in sys.stdin:
        job = json.loads(line)
        run = train(ramp(job["lr"], job["warmup"]), seed=job["seed"])
        loss = run.loss.reshape(-1, EVERY).mean(1).round(5).tolist()
        print(json.dumps(job | {"loss": loss}), flush=True)


if __name__ == "__main__":
    serve()
