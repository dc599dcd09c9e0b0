"""Drive a rule of ours and an optimizer of torch over the same gradients, side by side."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from stepsize.optimizers import Rule

STEPS = 200
SHAPES = [(), (1,), (5,), (3, 4)]
DTYPES = [np.float64, np.float32]


def gradients(kind: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """200 gradients of a kind that has caught somebody out before."""
    g = np.random.default_rng(0).normal(size=(STEPS, *shape))
    # Squares of more than 1.8e19 don't fit into float32; torch, which never forms v_hat, gets a
    # little further there before it fails as well.
    huge = 1e20 if dtype == np.float64 else 1e15
    scale = {"tiny": 1e-20, "huge": huge}.get(kind, 1.0)
    if kind == "sparse in time":
        g[np.arange(STEPS) % 7 != 3] = 0
    if kind == "constant":
        g[:] = g[0]
    return (scale * g).astype(dtype)


KINDS = ["random", "constant", "sparse in time", "tiny", "huge"]


def ours(rule: Rule, start: np.ndarray, grads: np.ndarray, **hyper: Any) -> np.ndarray:
    theta, memory, path = start, {}, []
    with np.errstate(under="ignore"):
        for t, grad in enumerate(grads, start=1):
            theta, memory, _ = rule(theta, grad, t, **memory, **hyper)
            path.append(theta)
    return np.array(path)


def theirs(
    make: Callable[..., torch.optim.Optimizer], start: np.ndarray, grads: np.ndarray, **hyper: Any
) -> np.ndarray:
    theta = torch.nn.Parameter(torch.tensor(start))
    optimizer = make([theta], **hyper)
    path = []
    for grad in grads:
        theta.grad = torch.tensor(grad)
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)
