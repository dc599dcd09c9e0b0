"""What is really trained: models with data, their parameters packed in one vector theta.

A model is walked down as a surface is: `model.loss(theta)` is the loss on all the data,
`model.grad(theta, t)` the gradient on the mini-batch of update t.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from .ranges import at_least, require

__all__ = ["LinearRegression", "SineRegression", "batch", "linear_data", "sine_data"]


def batch(t: int, n: int, batch_size: int, seed: Any = 0) -> np.ndarray:
    """The examples of update t: the data is shuffled anew each epoch and dealt out in batches.

    t: the number of the update, at least 1. n: how many examples there are. batch_size: between 1
    and n; the last batch of an epoch is smaller where n is no multiple of it. seed: an integer, or
    a sequence of k integers for k independent runs.

    Returns indices, shape (batch,) or (k, batch): a function of its arguments alone, so that a
    noisy run can be repeated, and every example is seen once an epoch.

    >>> [batch(t, n=5, batch_size=2, seed=0).tolist() for t in (1, 2, 3)]
    [[2, 4], [3, 0], [1]]
    """
    require("t", t, at_least(1))
    if not 1 <= batch_size <= n:
        raise ValueError(f"batch_size must be at least 1 and at most n = {n}, not {batch_size}")
    epoch, i = divmod(t - 1, -(-n // batch_size))
    seeds = tuple(np.ravel(seed).tolist())
    order = _shuffled(n, seeds, epoch)[:, i * batch_size : (i + 1) * batch_size]
    return (order[0] if np.ndim(seed) == 0 else order).copy()  # of what is cached


@lru_cache(maxsize=4)  # the batches of an epoch are dealt from one shuffle
def _shuffled(n: int, seeds: tuple[int, ...], epoch: int) -> np.ndarray:
    return np.stack([np.random.default_rng((seed, epoch)).permutation(n) for seed in seeds])


@dataclass(frozen=True, eq=False)
class _LeastSquares:
    """Data, and which part of it the update t looks at."""

    X: np.ndarray
    y: np.ndarray
    batch_size: int | None = None
    seed: Any = 0

    ndim: ClassVar[int]  # of X

    def __post_init__(self) -> None:
        if np.ndim(self.X) != self.ndim or np.shape(self.y) != np.shape(self.X)[:1]:
            wanted = f"X must have {self.ndim} axes and y one value for each of its rows"
            raise ValueError(f"{wanted}, not shapes {np.shape(self.X)} and {np.shape(self.y)}")

    def _batch(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        if self.batch_size is None:
            return self.X, self.y
        chosen = batch(t, len(self.y), self.batch_size, self.seed)
        return self.X[chosen], self.y[chosen]


class LinearRegression(_LeastSquares):
    r"""Least squares on mini-batches: $L(\theta) = \frac1n \sum_i (x_i \cdot \theta - y_i)^2$.

    X (n, d), y (n,): the data. batch_size: between 1 and n; None for all at once. seed: which
    shuffles, see `batch`. Same as torch.nn.Linear(d, 1, bias=False) with MSELoss.

    loss: (..., d) -> (...), on all the data. grad: (..., d) -> (..., d), on the batch of update t.
    Raises: ValueError where X and y do not fit each other.
    """

    ndim = 2

    @np.errstate(all="ignore")
    def loss(self, theta: np.ndarray) -> np.ndarray:
        # In place: where many runs go at once, new arrays would cost more than the arithmetic.
        dtype = np.result_type(*map(np.asarray, (self.X, self.y, theta)))
        error = np.matvec(self.X, theta, dtype=dtype)
        error -= self.y
        return np.square(error, out=error).mean(-1)

    @np.errstate(all="ignore")
    def grad(self, theta: np.ndarray, t: int) -> np.ndarray:
        X, y = self._batch(t)
        return 2 * np.vecmat(np.matvec(X, theta) - y, X) / y.shape[-1]


class SineRegression(_LeastSquares):
    r"""Find a frequency: $L(\theta) = \frac1n \sum_i (\sin(\theta x_i) - y_i)^2$, d = 1.

    X (n,), y (n,): the data. batch_size and seed as in `LinearRegression`. One parameter, real
    data, and poor local minima: waves that fit a part of the points.

    loss: (..., 1) -> (...), on all the data. grad: (..., 1) -> (..., 1), on the batch of update t.
    Raises: ValueError where X and y do not fit each other.
    """

    ndim = 1

    @np.errstate(all="ignore")
    def loss(self, theta: np.ndarray) -> np.ndarray:
        return ((np.sin(theta * self.X) - self.y) ** 2).mean(-1)

    @np.errstate(all="ignore")
    def grad(self, theta: np.ndarray, t: int) -> np.ndarray:
        X, y = self._batch(t)
        error = np.sin(theta * X) - y
        return (2 * error * np.cos(theta * X) * X).mean(-1, keepdims=True)


def linear_data(
    n: int = 1000,
    weights: Any = (2.0, -1.0, 0.5, 3.0, -2.0),
    noise: float = 0.1,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Data with a known answer: X (n, d) standard normal, y = X @ weights + noise * normal."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, len(weights)))
    return X, X @ np.asarray(weights) + noise * rng.normal(size=n)


def sine_data(
    n: int = 64, frequency: float = 2.0, noise: float = 0.1, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Points on a wave: X (n,) uniform in (-3, 3), y = sin(frequency * X) + noise * normal."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-3, 3, n)
    return X, np.sin(frequency * X) + noise * rng.normal(size=n)
