"""Models made after `find_lr`'s rule was settled, for a blind test."""

from functools import cache

import numpy as np
import torch
from sklearn import datasets
from torch import Tensor, nn
from torch.nn import functional

from .zoo import Kind, classes, mlp

__all__ = ["UNSEEN"]


@cache
def _digits() -> tuple[Tensor, Tensor]:
    X, y = datasets.load_digits(return_X_y=True)
    return torch.tensor(X / 8 - 1, dtype=torch.float32), torch.tensor(y)


@cache
def _sine() -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(3)
    x = rng.uniform(-3, 3, (2000, 1))
    y = np.sin(3 * x) + 0.1 * rng.normal(size=x.shape)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


@cache
def _moons() -> tuple[Tensor, Tensor]:
    X, y = datasets.make_moons(1000, noise=0.2, random_state=0)
    return torch.tensor(X, dtype=torch.float32), torch.tensor(y)


@cache
def _sums() -> tuple[Tensor, Tensor]:
    rows = torch.randint(0, 5, (2000, 12), generator=torch.Generator().manual_seed(0))
    return rows, rows.sum(1) % 5


class Deep(nn.Module):
    """Eight blocks, each added to its input."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.say = nn.Linear(64, 32), nn.Linear(32, 10)
        self.blocks = nn.ModuleList(mlp([32, 32, 32], nn.SiLU) for _ in range(8))

    def forward(self, x: Tensor) -> Tensor:
        x = self.read(x)
        for block in self.blocks:
            x = x + block(x)
        return self.say(x)


class Rows(nn.Module):
    """A convolution along the rows of a digit, with GroupNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.norm = nn.Conv1d(8, 32, 3, padding=1), nn.GroupNorm(4, 32)
        self.say = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.say(torch.relu(self.norm(self.read(x.view(-1, 8, 8)))).mean(-1))


class Sums(nn.Module):
    """A plain recurrent network that adds up, modulo 5."""

    def __init__(self) -> None:
        super().__init__()
        self.letter, self.read = nn.Embedding(5, 16), nn.RNN(16, 32, batch_first=True)
        self.say = nn.Linear(32, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.say(self.read(self.letter(x))[0][:, -1])


class Waves(nn.Module):
    """A network on sines and cosines of fixed frequencies."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("waves", torch.randn(1, 32) * 3)
        self.row = mlp([64, 32, 1], nn.GELU)

    def forward(self, x: Tensor) -> Tensor:
        angles = x @ self.waves
        return self.row(torch.cat([angles.sin(), angles.cos()], -1))


entropy, squares = functional.cross_entropy, functional.mse_loss

UNSEEN = {
    "MLP, sigmoid": Kind(lambda: mlp([64, 48, 48, 10], nn.Sigmoid), _digits, entropy, 32),
    "residual, SiLU": Kind(Deep, _digits, entropy, 64),
    "conv of rows, GroupNorm": Kind(Rows, _digits, entropy, 48),
    "irises": Kind(lambda: mlp([4, 16, 3], nn.ReLU), classes(datasets.load_iris), entropy, 10),
    "sine, Fourier features": Kind(Waves, _sine, squares, 64),
    "moons": Kind(lambda: mlp([2, 64, 64, 2], nn.Tanh), _moons, entropy, 20),
    "RNN of sums": Kind(Sums, _sums, entropy, 50),
}
