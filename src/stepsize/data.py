"""The examples that the course trains on, and how they are dealt out in mini-batches."""

from functools import lru_cache
from typing import Any

import numpy as np

from .ranges import at_least, count_from, require, require_numbers

__all__ = ["batch", "digits", "linear_data", "sine_data"]


def batch(t: int, n: int, batch_size: int, seed: Any = 0) -> np.ndarray:
    """The examples of update t: the data is reshuffled each epoch and dealt out in batches.

    t: the number of the update, at least 1. n: how many examples there are. batch_size: between 1
    and n; the last batch of an epoch is smaller if n isn't a multiple of it. seed: an integer, or
    a sequence of k integers for k independent runs.

    Raises: ValueError or TypeError if an argument isn't as above.
    Returns indices, shape (batch,) or (k, batch). They depend on the arguments alone, so a
    noisy run can be repeated. Every example is seen once per epoch.

    >>> [batch(t, n=5, batch_size=2, seed=0).tolist() for t in (1, 2, 3)]
    [[2, 4], [3, 0], [1]]
    """
    require("t", t, count_from(1))
    require("n", n, count_from(1))
    require_batch_size(batch_size, n)
    for one in np.ravel(seed):
        require("seed", one, count_from(0))
    epoch, i = divmod(t - 1, -(-n // batch_size))
    seeds = tuple(np.ravel(seed).tolist())
    order = _shuffled(n, seeds, epoch)[:, i * batch_size : (i + 1) * batch_size]
    return (order[0] if np.ndim(seed) == 0 else order).copy()  # so that nobody changes the cache


def require_batch_size(batch_size: Any, n: int) -> None:
    """Raise unless a batch of this size can be drawn from n examples."""
    require("batch_size", batch_size, count_from(1))
    if batch_size > n:
        raise ValueError(f"batch_size must be at least 1 and at most n = {n}, not {batch_size}")


@lru_cache(maxsize=4)  # the batches of an epoch are dealt from one shuffle
def _shuffled(n: int, seeds: tuple[int, ...], epoch: int) -> np.ndarray:
    return np.stack([np.random.default_rng((seed, epoch)).permutation(n) for seed in seeds])


def linear_data(
    n: int = 1000,
    weights: Any = (2.0, -1.0, 0.5, 3.0, -2.0),
    noise: float = 0.1,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Data with a known answer: X (n, d) standard normal, y = X @ weights + noise * normal.

    n: at least 1. weights (d,): the answer. noise: at least 0. seed: a whole number, at least 0.
    """
    _require_sizes(n, noise, seed)
    require_numbers("weights", weights, axes=1)
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, len(weights)))
    return X, X @ np.asarray(weights) + noise * rng.normal(size=n)


def sine_data(
    n: int = 64, frequency: float = 2.0, noise: float = 0.1, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Points on a wave: X (n,) uniform in (-3, 3), y = sin(frequency * X) + noise * normal.

    n: at least 1. noise: at least 0. seed: a whole number, at least 0.
    """
    _require_sizes(n, noise, seed)
    rng = np.random.default_rng(seed)
    X = rng.uniform(-3, 3, n)
    return X, np.sin(frequency * X) + noise * rng.normal(size=n)


def _require_sizes(n: int, noise: float, seed: int) -> None:
    require("n", n, count_from(1))
    require("noise", noise, at_least(0))
    require("seed", seed, count_from(0))


def digits(dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits: X (1797, 64), 8 x 8 pixels between 0 and 1; y (1797,), the digit shown.

    dtype: a floating-point type. Raises: TypeError for any other.
    Source: Alpaydin & Kaynak (1998), doi:10.24432/C50P49; it comes with scikit-learn.
    """
    try:
        floats = np.dtype(dtype).kind == "f"
    except TypeError:
        floats = False
    if not floats:
        raise TypeError(f"dtype must be a type of floats, such as np.float32, not {dtype!r}")
    from .extras import needs  # only here: it imports pathlib, and that urllib

    with needs():
        from sklearn.datasets import load_digits
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(dtype), y
