"""Models of more kinds, made after the rules of `diagnose` were settled, for a last test."""

from functools import cache

import numpy as np
import torch
from sklearn import datasets
from torch import Tensor, nn
from torch.nn import functional

from ..unseen import UNSEEN
from ..zoo import ZOO, Kind, mlp
from .models import TUNED

__all__ = ["LAST"]


@cache
def _blobs() -> tuple[Tensor, Tensor]:
    """Six clouds in the plane; the targets are ignored."""
    X, y = datasets.make_blobs(1200, centers=6, random_state=3)
    return torch.tensor(X, dtype=torch.float32) / 5, torch.tensor(y)


@cache
def _outliers() -> tuple[Tensor, Tensor]:
    """A line in six numbers; one target in ten is far off."""
    rng = np.random.default_rng(21)
    x = rng.normal(size=(1200, 6))
    y = x @ rng.normal(size=6) + 0.1 * rng.normal(size=1200) + 20 * (rng.random(1200) < 0.1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


@cache
def _two() -> tuple[Tensor, Tensor]:
    """Breast cancer, its classes -1 and 1."""
    X, y = ZOO["logistic regression"].data()
    return X, 2.0 * y - 1


@cache
def _wave() -> tuple[Tensor, Tensor]:
    x = np.linspace(-1, 1, 1000, dtype=np.float32)[:, None]
    return torch.tensor(x), torch.tensor(np.sin(12 * x) * np.exp(-(x**2)))


@cache
def _ones() -> tuple[Tensor, Tensor]:
    """Rows of bits; whether the first half has more ones."""
    rows = torch.randint(0, 2, (2000, 10), generator=torch.Generator().manual_seed(1)).float()
    return rows, (rows[:, :5].sum(1) > rows[:, 5:].sum(1)).long()


class Mixture(nn.Module):
    """Six normal distributions; minus the log-likelihood of a point."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.randn(6, 2))
        self.log, self.share = nn.Parameter(torch.zeros(6)), nn.Parameter(torch.zeros(6))

    def forward(self, x: Tensor) -> Tensor:
        far = ((x[..., None, :] - self.mean) ** 2).sum(-1) * (-2 * self.log).exp() / 2
        return -torch.logsumexp(self.share.log_softmax(-1) - far - 2 * self.log, -1)


class Pairs(nn.Module):
    """Two views of a digit, its halves; the task is to tell that they belong together."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = mlp([32, 32, 16], nn.ReLU), mlp([32, 32, 16], nn.ReLU)

    def forward(self, x: Tensor) -> Tensor:
        a = functional.normalize(self.left(x[..., :32]), dim=-1)
        b = functional.normalize(self.right(x[..., 32:]), dim=-1)
        return 8 * a @ b.transpose(-1, -2)


class Sine(nn.Module):
    """A network of sines."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(1, 32), nn.Linear(32, 32), nn.Linear(32, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.c((3 * self.b((8 * self.a(x)).sin())).sin())


class Reads(nn.Module):
    """A tanh network that reads a row number by number."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.keep, self.say = nn.Linear(1, 20), nn.Linear(20, 20), nn.Linear(20, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(*x.shape[:-1], 20)
        for i in range(x.shape[-1]):
            h = torch.tanh(self.read(x[..., i : i + 1]) + self.keep(h))
        return self.say(h)


class Mixer(nn.Module):
    """Rows and columns of a digit, mixed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.columns = mlp([8, 24, 8], nn.GELU), mlp([8, 24, 8], nn.GELU)
        self.norm, self.say = nn.LayerNorm(8), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.unflatten(-1, (8, 8))
        x = x + self.rows(self.norm(x))
        x = x + self.columns(self.norm(x).transpose(-1, -2)).transpose(-1, -2)
        return self.say(x.flatten(-2))


class Column(nn.Module):
    def __init__(self, row: nn.Module) -> None:
        super().__init__()
        self.row = row

    def forward(self, x: Tensor) -> Tensor:
        return self.row(x).squeeze(-1)


def _alike(scores: Tensor, _: Tensor) -> Tensor:
    return functional.cross_entropy(scores, torch.arange(scores.shape[-1]))


def _hinge(z: Tensor, y: Tensor) -> Tensor:
    return functional.relu(1 - y * z).mean()


entropy = functional.cross_entropy
_digits = TUNED["softmax"].data
LAST = {
    "mixture of normal laws": Kind(Mixture, _blobs, lambda out, _: out.mean(), 32),
    "hinge loss": Kind(lambda: Column(nn.Linear(30, 1)), _two, _hinge, 24),
    "Huber loss, outliers": Kind(
        lambda: Column(nn.Linear(6, 1)), _outliers, functional.smooth_l1_loss, 32
    ),
    "halves of digits": Kind(Pairs, lambda: (_digits()[0],) * 2, _alike, 32),
    "sines": Kind(Sine, _wave, functional.mse_loss, 40),
    "reads bits": Kind(Reads, _ones, entropy, 32),
    "mixer": Kind(Mixer, _digits, entropy, 40),
    "half moons, ELU": Kind(lambda: mlp([2, 24, 24, 2], nn.ELU), UNSEEN["moons"].data, entropy, 50),
}
