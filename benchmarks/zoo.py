"""Small models of many kinds, on real and made-up data, to test claims on: see range_test.py."""

import math
import pydoc_data.topics
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn import datasets
from torch import Tensor, nn
from torch.nn import functional

from stepsize.transformer import Reverser

__all__ = ["OPTIMIZERS", "ZOO", "Kind", "batches", "classes", "mlp", "train"]


class Kind(NamedTuple):
    """A model, its data X and y, its loss, its batch size, and whether it was set aside."""

    model: Callable[[], nn.Module]
    data: Callable[[], tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor], Tensor]
    batch: int
    aside: bool = False


# --- Data -----------------------------------------------------------------------------------------


def _scaled(X: Any) -> np.ndarray:
    X = np.asarray(X, float)
    return ((X - X.mean(0)) / (X.std(0) + 1e-9)).astype(np.float32)


def classes(load: Callable[..., Any], scaled: bool = True) -> Any:
    @cache
    def made() -> tuple[Tensor, Tensor]:
        X, y = load(return_X_y=True)
        X = _scaled(X) if scaled else X.astype(np.float32)
        return torch.tensor(X), torch.tensor(y.astype(np.int64))

    return made


@cache
def _digits() -> tuple[Tensor, Tensor]:
    X, y = datasets.load_digits(return_X_y=True)
    return torch.tensor((X / 16).astype(np.float32)), torch.tensor(y.astype(np.int64))


@cache
def _diabetes() -> tuple[Tensor, Tensor]:
    X, y = datasets.load_diabetes(return_X_y=True)
    return torch.tensor(_scaled(X)), torch.tensor(_scaled(y[:, None])[:, 0])


@cache
def _text() -> tuple[Tensor, Tensor]:
    """20,000 letters of Python's own help, in rows of 24; the task is to predict the next one."""
    topics = pydoc_data.topics.topics
    text = "".join(topics[name] for name in sorted(topics)[:12])[:20000]
    place = {letter: i for i, letter in enumerate(sorted(set(text)))}
    codes = np.array([place[letter] for letter in text])
    n = (len(codes) - 1) // 24
    X, y = (codes[i : n * 24 + i].reshape(n, 24) for i in (0, 1))
    return torch.tensor(X), torch.tensor(y)


@cache
def _made() -> dict[str, tuple[Tensor, Tensor]]:
    """Generated data: rows to be reversed, a table to be factored, Friedman's function."""
    rng = np.random.default_rng(5)
    rows = torch.tensor(rng.integers(0, 8, (2000, 8)))
    u, v, cells = rng.normal(size=(60, 6)), rng.normal(size=(60, 6)), rng.integers(0, 60, (1500, 2))
    values = (u[cells[:, 0]] * v[cells[:, 1]]).sum(1).astype(np.float32)
    x = rng.normal(size=(2000, 10)).astype(np.float32)
    curved = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    friedman = (curved + 10 * x[:, 3] + 5 * x[:, 4]).astype(np.float32)
    return dict(
        rows=(rows, rows.flip(1)),
        table=(torch.tensor(cells), torch.tensor(values)),
        friedman=(torch.tensor(x), torch.tensor(friedman)),
    )


# --- Models ---------------------------------------------------------------------------------------


class Through(nn.Module):
    """Modules in a row, with something done to the input and to the output."""

    def __init__(self, *row: nn.Module, first: Any = lambda x: x, last: Any = lambda x: x) -> None:
        super().__init__()
        self.row, self.first, self.last = nn.Sequential(*row), first, last

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.row(self.first(x)))


def mlp(widths: list[int], act: Any, norm: Any = None, drop: float = 0.0) -> nn.Sequential:
    row: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise(widths)):
        row.append(nn.Linear(a, b))
        if i < len(widths) - 2:
            row += [norm(b)] if norm else []
            row.append(act())
            row += [nn.Dropout(drop)] if drop else []
    return nn.Sequential(*row)


def _conv(norm: bool, width: int) -> nn.Module:
    normed = nn.BatchNorm2d if norm else lambda _: nn.Identity()
    return Through(
        nn.Conv2d(1, width, 3, padding=1),
        normed(width),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        normed(2 * width),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * width, 10),
        first=lambda x: x.view(-1, 1, 8, 8),
    )


class Vit(nn.Module):
    """A transformer that reads a digit row by row."""

    def __init__(self, layers: int, norm_first: bool) -> None:
        super().__init__()
        self.read, self.place = nn.Linear(8, 32), nn.Parameter(torch.randn(8, 32) * 0.02)
        layer = nn.TransformerEncoderLayer(
            32, 4, 128, dropout=0, batch_first=True, norm_first=norm_first
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.say = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.say(self.encoder(self.read(x.view(-1, 8, 8)) + self.place).mean(1))


class Recurrent(nn.Module):
    """A GRU that reads a digit row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.say = nn.GRU(8, 32, batch_first=True), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.say(self.read(x.view(-1, 8, 8))[0][:, -1])


class Letters(nn.Module):
    """An LSTM that predicts the next letter."""

    def __init__(self) -> None:
        super().__init__()
        n = int(_text()[0].max()) + 1
        self.letter, self.read = nn.Embedding(n, 32), nn.LSTM(32, 64, batch_first=True)
        self.say = nn.Linear(64, n)

    def forward(self, x: Tensor) -> Tensor:
        return self.say(self.read(self.letter(x))[0]).transpose(1, 2)


class Residual(nn.Module):
    """Four blocks, each added to its input; the output is one number."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Linear(10, 48)
        self.blocks = nn.ModuleList(mlp([48, 48, 48], nn.ReLU) for _ in range(4))
        self.say = nn.Linear(48, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.read(x)
        for block in self.blocks:
            x = x + block(x)
        return self.say(x).squeeze(-1)


class Factors(nn.Module):
    """A table as the product of two thin ones."""

    def __init__(self) -> None:
        super().__init__()
        self.u, self.v = nn.Embedding(60, 6), nn.Embedding(60, 6)

    def forward(self, x: Tensor) -> Tensor:
        return (self.u(x[:, 0]) * self.v(x[:, 1])).sum(-1)


def _reversed(score: Tensor, y: Tensor) -> Tensor:
    return functional.cross_entropy(score.flatten(0, 1), y.flatten())


entropy, squares = functional.cross_entropy, functional.mse_loss

# The rule of `find_lr` was chosen on the models not set aside; on these it was only tried.
ZOO = {
    "linear regression": Kind(
        lambda: Through(nn.Linear(10, 1), last=lambda z: z.squeeze(-1)), _diabetes, squares, 32
    ),
    "logistic regression": Kind(
        lambda: nn.Linear(30, 2), classes(datasets.load_breast_cancer), entropy, 32
    ),
    "softmax": Kind(lambda: nn.Linear(64, 10), _digits, entropy, 32),
    "MLP, tanh": Kind(lambda: mlp([64, 32, 10], nn.Tanh), _digits, entropy, 32),
    "MLP, ReLU": Kind(lambda: mlp([64, 128, 128, 10], nn.ReLU), _digits, entropy, 64),
    "conv, BatchNorm": Kind(lambda: _conv(True, 8), _digits, entropy, 64),
    "transformer, pre-LN": Kind(lambda: Vit(2, True), _digits, entropy, 64),
    "GRU": Kind(Recurrent, _digits, entropy, 64),
    "autoencoder": Kind(
        lambda: mlp([64, 32, 8, 32, 64], nn.ReLU), lambda: (_digits()[0],) * 2, squares, 64
    ),
    "deep MLP, LayerNorm": Kind(
        lambda: mlp([64, *[48] * 6, 10], nn.GELU, nn.LayerNorm), _digits, entropy, 32, True
    ),
    "conv, no norm": Kind(lambda: _conv(False, 12), _digits, entropy, 32, True),
    "reversing transformer": Kind(
        lambda: Reverser(2), lambda: _made()["rows"], _reversed, 32, True
    ),
    "transformer, post-LN": Kind(lambda: Vit(3, False), _digits, entropy, 64, True),
    "LSTM of letters": Kind(Letters, _text, entropy, 32, True),
    "matrix factors": Kind(Factors, lambda: _made()["table"], squares, 64, True),
    "residual regression": Kind(Residual, lambda: _made()["friedman"], squares, 64, True),
    "wines, unscaled": Kind(
        lambda: nn.Linear(13, 3), classes(datasets.load_wine, False), entropy, 16, True
    ),
    "MLP, dropout": Kind(lambda: mlp([64, 128, 10], nn.ReLU, drop=0.5), _digits, entropy, 32, True),
}

OPTIMIZERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, dict(momentum=0.9)),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "nadam": (torch.optim.NAdam, {}),
    "adagrad": (torch.optim.Adagrad, {}),
    "nesterov": (torch.optim.SGD, dict(momentum=0.95, nesterov=True)),
}


def batches(kind: Kind, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless; the data is reshuffled each epoch, and an incomplete batch is left out."""
    X, y = kind.data()
    epoch = 0
    while True:
        order = np.random.default_rng((seed, epoch)).permutation(len(X))
        for i in range(0, len(X) - kind.batch + 1, kind.batch):
            chosen = torch.from_numpy(order[i : i + kind.batch])
            yield X[chosen], y[chosen]
        epoch += 1


def train(kind: Kind, optimizer: str, lr: float, steps: int, seed: int) -> list[float]:
    """The loss of each batch before its update; shorter if the run diverged."""
    torch.manual_seed(seed)
    model, (make, hyper) = kind.model(), OPTIMIZERS[optimizer]
    made, losses = make(model.parameters(), lr=lr, **hyper), []
    for (x, y), _ in zip(batches(kind, seed), range(steps), strict=False):
        made.zero_grad()
        value = kind.loss(model(x), y)
        value.backward()
        made.step()
        losses.append(value.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 1000 * (abs(losses[0]) + 1):
            break
    return losses
