"""The models that the clinic is tested on: those it was made with, and those set aside."""

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..unseen import UNSEEN
from ..zoo import ZOO, Kind, mlp

__all__ = ["ASIDE", "DEAR", "TUNED"]

squares = functional.mse_loss


@cache
def _curved() -> tuple[Tensor, Tensor]:
    """A curved function of ten numbers, about 14 in size, noisy."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(1500, 10)).astype(np.float32)
    y = 10 * np.sin(x[:, 0] * x[:, 1]) + 5 * x[:, 2] ** 2 + 8 * x[:, 3] + rng.normal(size=1500)
    return torch.tensor(x), torch.tensor(y.astype(np.float32))


@cache
def _scaled() -> tuple[Tensor, Tensor]:
    X, y = _curved()
    return X, (y - y.mean()) / y.std()


@cache
def _counts() -> tuple[Tensor, Tensor]:
    """Counts whose logarithm is a line."""
    rng = np.random.default_rng(12)
    x = rng.normal(size=(1500, 8)).astype(np.float32)
    y = rng.poisson(np.exp(1 + x @ (0.3 * rng.normal(size=8))))
    return torch.tensor(x), torch.tensor(y.astype(np.float32))


def _windows() -> tuple[Tensor, Tensor]:
    """Five letters, and the sixth to predict."""
    X, _ = ZOO["LSTM of letters"].data()
    return X[:, :15].reshape(-1, 3, 5).reshape(-1, 5)[:4000], X[:, [5, 10, 15]].reshape(-1)[:4000]


def _column(z: Tensor) -> Tensor:
    return z.squeeze(-1)


class Flat(nn.Module):
    """A sequence of modules with one number as output."""

    def __init__(self, row: nn.Module) -> None:
        super().__init__()
        self.row = row

    def forward(self, x: Tensor) -> Tensor:
        return _column(self.row(x))


class Window(nn.Module):
    """Predicts the next letter from the ones before: an embedding, and perhaps a layer."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        n = int(ZOO["LSTM of letters"].data()[0].max()) + 1
        self.letter = nn.Embedding(n, 12)
        self.row = mlp([60, hidden, n], nn.Tanh) if hidden else nn.Linear(60, n)

    def forward(self, x: Tensor) -> Tensor:
        return self.row(self.letter(x).flatten(-2))


class Auto(nn.Module):
    """A variational autoencoder of digits: minus the ELBO, in nats."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.say = mlp([64, 48, 8], nn.ReLU), mlp([4, 48, 64], nn.ReLU)

    def forward(self, x: Tensor) -> Tensor:
        mean, log = self.read(x).chunk(2, -1)
        out = self.say(mean + torch.randn_like(mean) * (log / 2).exp())
        far = (mean**2 + log.exp() - log - 1).sum(-1, keepdim=True) / 2
        return torch.cat([out, far], -1)


def _elbo(out: Tensor, x: Tensor) -> Tensor:
    rest = (out[..., :-1] - x) ** 2 / 0.02 + np.log(2 * np.pi * 0.01)
    return (rest.sum(-1) / 2 + out[..., -1]).mean()


def _normal(out: Tensor, y: Tensor) -> Tensor:
    """The negative log-likelihood of a normal distribution, width included; often below 0."""
    mean, log = out.unbind(-1)
    return (log + ((y - mean) * (-log).exp()) ** 2 / 2).mean()


def _pinball(out: Tensor, y: Tensor) -> Tensor:
    """For the quantiles 0.1, 0.5 and 0.9."""
    q = torch.tensor([0.1, 0.5, 0.9])
    rest = y[..., None] - out
    return torch.maximum(q * rest, (q - 1) * rest).mean()


def _poisson(out: Tensor, y: Tensor) -> Tensor:
    return (out.exp() - y * out).mean()


@cache
def _waves() -> tuple[Tensor, Tensor]:
    """A smooth curve, hardly noisy."""
    x = np.random.default_rng(13).uniform(-2, 2, (1200, 2)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) * x[:, 1] + 0.02 * np.random.default_rng(14).normal(size=1200)
    return torch.tensor(x), torch.tensor(y.astype(np.float32))


def _digits() -> tuple[Tensor, Tensor]:
    return ZOO["softmax"].data()


entropy = functional.cross_entropy
NEW_TUNED = {
    "counts, Poisson": Kind(lambda: Flat(nn.Linear(8, 1)), _counts, _poisson, 32),
    "normal law": Kind(lambda: mlp([2, 32, 2], nn.Tanh), _waves, _normal, 32),
    "huge targets": Kind(
        lambda: Flat(mlp([10, 48, 1], nn.ReLU)),
        lambda: (_curved()[0], 100 * _curved()[1]),
        squares,
        32,
    ),
    "offset of 2": Kind(
        lambda: mlp([64, 32, 10], nn.GELU), _digits, lambda z, y: entropy(z, y) + 2, 32
    ),
    "letters, linear": Kind(lambda: Window(0), _windows, entropy, 64),
}
NEW_ASIDE = {
    "letters, tanh": Kind(lambda: Window(48), _windows, entropy, 48),
    "variational autoencoder": Kind(Auto, lambda: (_digits()[0],) * 2, _elbo, 32),
    "quantiles": Kind(lambda: mlp([10, 32, 3], nn.SiLU), _scaled, _pinball, 24),
    "smoothed labels": Kind(
        lambda: mlp([64, 40, 10], nn.LeakyReLU),
        _digits,
        lambda z, y: functional.cross_entropy(z, y, label_smoothing=0.2),
        48,
    ),
}


def _of(table: dict[str, Kind], *names: str) -> dict[str, Kind]:
    return {name: table[name] for name in names}


TUNED = (
    _of(ZOO, "linear regression", "logistic regression", "softmax", "MLP, tanh", "autoencoder")
    | _of(ZOO, "MLP, dropout", "conv, no norm")
    | _of(UNSEEN, "moons", "MLP, sigmoid")
    | NEW_TUNED
)
ASIDE = (
    _of(ZOO, "deep MLP, LayerNorm", "reversing transformer")
    | _of(ZOO, "matrix factors", "residual regression", "wines, unscaled")
    | _of(UNSEEN, "residual, SiLU", "conv of rows, GroupNorm", "irises", "sine, Fourier features")
    | NEW_ASIDE
)
DEAR = ("reversing transformer", "residual, SiLU")  # expensive to train: one group each
