"""A small network in plain NumPy: a multilayer perceptron with its parameters in one vector theta.

You descend it like any model; nothing in `descend` or in a rule knows that theta is a network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from .data import batch, require_batch_size
from .ranges import count_from, require, require_floats

__all__ = ["Network"]

Layer = tuple[np.ndarray, np.ndarray]
Function = Callable[[np.ndarray], np.ndarray]

# A layer's output h = f(z); the slope f'(z), computed from h alone; and the variance of a weight
# times the fan-in, chosen so that h neither grows nor fades from layer to layer.
ACTIVATIONS: dict[str, tuple[Function, Function, float]] = {
    "tanh": (np.tanh, lambda h: 1 - h * h, 1.0),
    "relu": (lambda z: np.maximum(z, 0), lambda h: h > 0, 2.0),
}


@dataclass(frozen=True, eq=False)
class Network:
    r"""A classifier: layers $h_i = f(h_{i-1} W_i + b_i)$, the last without f, and a softmax.

    $$L(\theta) = -\frac1n \sum_i \log \mathrm{softmax}(z_i)_{y_i}$$

    X (n, inputs): the data; all computation uses its dtype. y (n,): whole numbers, the
    classes 0, 1, ... hidden: the widths of the hidden layers. activation f: "tanh" or "relu".
    batch_size and seed as in `models.LinearRegression`. Same as torch.nn.Linear, Tanh or ReLU, and
    CrossEntropyLoss, with W as the transpose of torch's weight.

    theta (..., d) = W_1, b_1, W_2, b_2, ... one after the other, W (inputs, outputs) row by row.
    loss: (..., d) -> (...), on all the data. grad: (..., d) -> (..., d), on the batch of update t.
    Raises: ValueError if X and y don't match, for an activation that isn't one of
    these, and for widths or a batch_size out of range. TypeError if X doesn't hold floats, for
    instance raw pixels.

    >>> from stepsize.data import digits
    >>> net = Network(*digits(), hidden=(64,), batch_size=32)
    >>> net
    Network 64-64-10, tanh: 4810 parameters, 1797 examples

    With all weights 0, each class is as likely as any other, so the loss is log 10.

    >>> round(float(net.loss(np.zeros(net.size))), 3), round(float(np.log(10)), 3)
    (2.303, 2.303)
    """

    X: np.ndarray
    y: np.ndarray
    hidden: tuple[int, ...] = (32,)
    activation: str = "tanh"
    batch_size: int | None = None
    seed: Any = 0

    def __post_init__(self) -> None:
        require_floats("X", self.X)
        if np.ndim(self.X) != 2 or np.shape(self.y) != np.shape(self.X)[:1]:
            wanted = "X must have 2 axes and y one class for each of its rows"
            raise ValueError(f"{wanted}, not shapes {np.shape(self.X)} and {np.shape(self.y)}")
        if not len(self.y):
            raise ValueError("X and y must have at least one example, not none")
        if not np.issubdtype(np.asarray(self.y).dtype, np.integer) or np.min(self.y) < 0:
            raise ValueError("y must hold whole numbers, the classes 0, 1, ...")
        if isinstance(self.hidden, (int, str)):
            raise TypeError(f"hidden must be the layers' widths, like (32,), not {self.hidden!r}")
        for width in self.hidden:
            require("each of hidden", width, count_from(1))
        if self.activation not in [*ACTIVATIONS]:
            known = " or ".join(ACTIVATIONS)
            raise ValueError(f"activation must be {known}, not {self.activation!r}")
        if self.batch_size is not None:
            require_batch_size(self.batch_size, len(self.y))

    def __repr__(self) -> str:
        widths, (n, _) = "-".join(map(str, self.widths)), self.X.shape
        return f"Network {widths}, {self.activation}: {self.size} parameters, {n} examples"

    @cached_property
    def widths(self) -> tuple[int, ...]:
        return (self.X.shape[1], *self.hidden, int(np.max(self.y)) + 1)

    @cached_property
    def size(self) -> int:
        """d, the number of parameters."""
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise(self.widths))

    @cached_property
    def _targets(self) -> np.ndarray:
        """The classes as probabilities, 1 for the right one: (n, classes)."""
        return np.eye(self.widths[-1], dtype=self.X.dtype)[self.y]

    def start(self, seed: int = 0) -> np.ndarray:
        """A theta_0: b = 0, W normal, with a variance of 1 / inputs (tanh) or 2 / inputs (relu)."""
        require("seed", seed, count_from(0))
        rng, gain = np.random.default_rng(seed), ACTIVATIONS[self.activation][2]
        theta = np.zeros(self.size, self.X.dtype)
        for W, _ in self.layers(theta):
            W[:] = rng.normal(scale=(gain / W.shape[0]) ** 0.5, size=W.shape)
        return theta

    def layers(self, theta: np.ndarray) -> list[Layer]:
        """theta as the tensors of each layer, W (..., inputs, outputs) and b (..., 1, outputs).

        They are views: writing into them writes into theta.
        """
        if np.shape(theta)[-1:] != (self.size,):
            raise ValueError(f"theta must have shape (..., {self.size}), not {np.shape(theta)}")
        found, i, runs = [], 0, theta.shape[:-1]
        for inputs, outputs in pairwise(self.widths):
            j, k = i + inputs * outputs, i + (inputs + 1) * outputs
            W = theta[..., i:j].reshape(*runs, inputs, outputs)
            found.append((W, theta[..., None, j:k]))
            i = k
        return found

    @np.errstate(all="ignore")
    def loss(self, theta: np.ndarray) -> np.ndarray:
        z = self._forward(self.layers(theta), self.X)[-1]
        return -(self._targets * _log_softmax(z)).sum(-1).mean(-1)

    @np.errstate(all="ignore")
    def grad(self, theta: np.ndarray, t: int) -> np.ndarray:
        """Back-propagation: delta is the slope of the loss along z, from the last layer back."""
        X, targets = self._batch(t)
        slope = ACTIVATIONS[self.activation][1]
        gradient = np.empty_like(theta)
        layers, slots = self.layers(theta), self.layers(gradient)
        *h, z = self._forward(layers, X)
        delta = (_softmax(z) - targets) / X.shape[-2]
        for i in reversed(range(len(layers))):
            np.matmul(h[i].mT, delta, out=slots[i][0])
            delta.sum(-2, keepdims=True, out=slots[i][1])
            if i > 0:
                delta = delta @ layers[i][0].mT * slope(h[i])
        return gradient

    @np.errstate(all="ignore")
    def accuracy(self, theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The share of examples that it classifies correctly: (..., d) -> (...)."""
        wide = self.widths[0]
        if np.ndim(X) != 2 or np.shape(X) != (len(y), wide):
            wanted = f"X must have shape (n, {wide}) and y shape (n,)"
            raise ValueError(f"{wanted}, not {np.shape(X)} and {np.shape(y)}")
        return (self._forward(self.layers(theta), X)[-1].argmax(-1) == y).mean(-1)

    def _forward(self, layers: list[Layer], X: np.ndarray) -> list[np.ndarray]:
        """What each layer is given, and last what comes out: X, h_1, h_2, ..., z."""
        f, h = ACTIVATIONS[self.activation][0], [X]
        for W, b in layers[:-1]:
            h.append(f(h[-1] @ W + b))
        W, b = layers[-1]
        return [*h, h[-1] @ W + b]

    def _batch(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        if self.batch_size is None:
            return self.X, self._targets
        chosen = batch(t, len(self.y), self.batch_size, self.seed)
        return self.X.take(chosen, axis=0), self._targets.take(chosen, axis=0)


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(-1, keepdims=True))  # the largest becomes 1: none overflows
    return e / e.sum(-1, keepdims=True)


def _log_softmax(z: np.ndarray) -> np.ndarray:
    z = z - z.max(-1, keepdims=True)  # the largest becomes 0
    return z - np.log(np.exp(z).sum(-1, keepdims=True))
