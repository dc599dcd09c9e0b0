"""Run one of our rules and one of torch's optimizers on the same gradients, side by side."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from stepsize.optimizers import Rule

STEPS = 200
SHAPES = [(), (1,), (5,), (3, 4)]
MATRICES = [(3, 4), (4, 3), (1, 5), (6, 1)]
DTYPES = [np.float64, np.float32]


def gradients(kind: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """200 gradients of a kind that has caused trouble before."""
    g = np.random.default_rng(0).normal(size=(STEPS, *shape))
    # Squares of numbers above 1.8e19 overflow float32. torch, which never forms v_hat, gets a
    # little further before it fails, too.
    huge = 1e20 if dtype == np.float64 else 1e15
    scale = {"tiny": 1e-20, "huge": huge}.get(kind, 1.0)
    if kind == "sparse in time":
        g[np.arange(STEPS) % 7 != 3] = 0
    if kind == "constant":
        g[:] = g[0]
    return (scale * g).astype(dtype)


KINDS = ["random", "constant", "sparse in time", "tiny", "huge", "quadratic"]


class Quadratic:
    """Gradients that depend on theta, taken on torch's path for both sides.

    If each had its own path, a difference in the last bit would soon grow: Adam with betas 0.3 and
    0.9 makes it 1e-4 in 200 steps on Rosenbrock's function, which says nothing about the rules.
    """

    def __init__(self, shape: tuple[int, ...], dtype: type) -> None:
        self.curvature = np.random.default_rng(2).uniform(0.1, 2, size=shape).astype(dtype)
        self.given: list[np.ndarray] = []

    def __len__(self) -> int:
        return STEPS

    def at(self, theta: np.ndarray) -> np.ndarray:
        self.given.append(self.curvature * theta)
        return self.given[-1]

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.given)


def ours(rule: Rule, start: np.ndarray, grads: np.ndarray | Quadratic, **hyper: Any) -> np.ndarray:
    theta, memory, path = start, {}, []
    for t, grad in enumerate(grads, start=1):
        theta, memory, _ = rule(theta, grad, t, **memory, **hyper)
        path.append(theta)
    return np.array(path)


def walk(rule: Rule, start: Any, grads: np.ndarray, **hyper: Any) -> Iterator[dict[str, Any]]:
    """What the rule shows at each update."""
    theta, memory = start, {}
    for t, grad in enumerate(grads, start=1):
        theta, memory, shown = rule(theta, grad, t, **memory, **hyper)
        yield shown


def theirs(
    make: Callable[..., torch.optim.Optimizer],
    start: np.ndarray,
    grads: np.ndarray | Quadratic,
    default: type | None = None,
    **hyper: Any,
) -> np.ndarray:
    with default_type(default or start.dtype):
        theta = torch.nn.Parameter(torch.tensor(start))
        optimizer = make([theta], **hyper)
        path = []
        for i in range(len(grads)):
            now = theta.detach().numpy()
            theta.grad = torch.tensor(grads.at(now) if isinstance(grads, Quadratic) else grads[i])
            optimizer.step()
            path.append(theta.detach().numpy().copy())
    return np.array(path)


@contextmanager
def default_type(dtype: np.dtype) -> Iterator[None]:
    """As in a script that works in this type, because torch's NAdam uses the default type once."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64 if dtype == np.float64 else torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
