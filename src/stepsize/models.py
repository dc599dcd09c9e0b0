"""Models to train on data, with all parameters packed into one vector theta.

You descend a model like a surface: `model.loss(theta)` is the loss on all the data, and
`model.grad(theta, t)` the gradient on the mini-batch of update t.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .data import batch, require_batch_size
from .ranges import require_numbers

__all__ = ["LinearRegression", "SineRegression"]


@dataclass(frozen=True, eq=False)
class _LeastSquares:
    """Data, and which part of it update t looks at."""

    X: np.ndarray
    y: np.ndarray
    batch_size: int | None = None
    seed: Any = 0

    ndim: ClassVar[int]  # of X

    def __post_init__(self) -> None:
        require_numbers("X", self.X)
        require_numbers("y", self.y)
        if np.ndim(self.X) != self.ndim or np.shape(self.y) != np.shape(self.X)[:1]:
            wanted = f"X must have {self.ndim} axes and y one value for each of its rows"
            raise ValueError(f"{wanted}, not shapes {np.shape(self.X)} and {np.shape(self.y)}")
        if self.batch_size is not None:
            require_batch_size(self.batch_size, len(self.y))

    def _checked(self, theta: Any) -> np.ndarray:
        require_numbers("theta", theta)
        theta, d = np.asarray(theta), np.shape(self.X)[1] if self.ndim == 2 else 1
        if theta.shape[-1:] != (d,):
            raise ValueError(f"theta must have shape (..., {d}) here, not {theta.shape}")
        return theta

    def _batch(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        if self.batch_size is None:
            return self.X, self.y
        chosen = batch(t, len(self.y), self.batch_size, self.seed)
        return self.X[chosen], self.y[chosen]


class LinearRegression(_LeastSquares):
    r"""Least squares on mini-batches: $L(\theta) = \frac1n \sum_i (x_i \cdot \theta - y_i)^2$.

    X (n, d), y (n,): the data. batch_size: between 1 and n; None for all at once. seed: which
    shuffle, see `batch`. Same as torch.nn.Linear(d, 1, bias=False) with MSELoss.

    loss: (..., d) -> (...), on all the data. grad: (..., d) -> (..., d), on the batch of update t.
    Raises: ValueError if X and y, theta and X, or batch_size and n don't match.
    """

    ndim = 2

    @np.errstate(all="ignore")
    def loss(self, theta: np.ndarray) -> np.ndarray:
        theta = self._checked(theta)
        # In place: with many runs at once, new arrays would cost more than the arithmetic.
        dtype = np.result_type(*map(np.asarray, (self.X, self.y, theta)))
        error = np.matvec(self.X, theta, dtype=dtype)
        error -= self.y
        return np.square(error, out=error).mean(-1)

    @np.errstate(all="ignore")
    def grad(self, theta: np.ndarray, t: int) -> np.ndarray:
        theta, (X, y) = self._checked(theta), self._batch(t)
        return 2 * np.vecmat(np.matvec(X, theta) - y, X) / y.shape[-1]


class SineRegression(_LeastSquares):
    r"""Find a frequency: $L(\theta) = \frac1n \sum_i (\sin(\theta x_i) - y_i)^2$, d = 1.

    X (n,), y (n,): the data. batch_size and seed as in `LinearRegression`. One parameter, real
    data, and poor local minima: waves that fit only some of the points.

    loss: (..., 1) -> (...), on all the data. grad: (..., 1) -> (..., 1), on the batch of update t.
    Raises: ValueError if X and y, theta and X, or batch_size and n don't match.
    """

    ndim = 1

    @np.errstate(all="ignore")
    def loss(self, theta: np.ndarray) -> np.ndarray:
        theta = self._checked(theta)
        return ((np.sin(theta * self.X) - self.y) ** 2).mean(-1)

    @np.errstate(all="ignore")
    def grad(self, theta: np.ndarray, t: int) -> np.ndarray:
        theta, (X, y) = self._checked(theta), self._batch(t)
        error = np.sin(theta * X) - y
        return (2 * error * np.cos(theta * X) * X).mean(-1, keepdims=True)
