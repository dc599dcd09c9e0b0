"""What is really trained: models with data, their parameters packed in one vector theta.

A model is walked down as a surface is: `model.loss(theta)` is the loss on all the data,
`model.grad(theta, t)` the gradient on the mini-batch of update t.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .ranges import at_least, require

__all__ = ["LinearRegression", "batch", "linear_data"]


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
    return order[0] if np.ndim(seed) == 0 else order


@lru_cache(maxsize=4)  # the batches of an epoch are dealt from one shuffle
def _shuffled(n: int, seeds: tuple[int, ...], epoch: int) -> np.ndarray:
    return np.stack([np.random.default_rng((seed, epoch)).permutation(n) for seed in seeds])


@dataclass(frozen=True, eq=False)
class LinearRegression:
    r"""Least squares on mini-batches: $L(\theta) = \frac1n \sum_i (x_i \cdot \theta - y_i)^2$.

    X (n, d), y (n,): the data. batch_size: between 1 and n; None for all at once. seed: which
    shuffles, see `batch`. Same as torch.nn.Linear(d, 1, bias=False) with MSELoss.

    loss: (..., d) -> (...), on all the data. grad: (..., d) -> (..., d), on the batch of update t.
    Raises: ValueError where X and y do not fit each other.
    """

    X: np.ndarray
    y: np.ndarray
    batch_size: int | None = None
    seed: Any = 0

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.y.shape != self.X.shape[:1]:
            raise ValueError(
                f"X must have shape (n, d) and y (n,), not {self.X.shape} and {self.y.shape}"
            )

    def loss(self, theta: np.ndarray) -> np.ndarray:
        return ((np.matvec(self.X, theta) - self.y) ** 2).mean(-1)

    def grad(self, theta: np.ndarray, t: int) -> np.ndarray:
        n = len(self.y)
        chosen = batch(t, n, self.batch_size, self.seed) if self.batch_size else slice(None)
        X, y = self.X[chosen], self.y[chosen]
        return 2 * np.vecmat(np.matvec(X, theta) - y, X) / y.shape[-1]


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
