"""Runs what `translate` writes in PyTorch, Keras and Optax, on the same model and batches.

The model is linear and its loss a mean of squares, so the gradient depends on theta. Its weights
are two tensors (a clipped norm must be that of both), one vector, one matrix, or a matrix and a
bias. Everything is computed in float64.
"""

import contextlib
import functools
import itertools
import os
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from typing import Any

import numpy as np

from stepsize.frameworks.recipe import Recipe
from stepsize.optimizers import adamw, clip_by_norm
from stepsize.optimizers.rules import scope_of

SHAPES = {"two": [(3,), (2,)], "vector": [(5,)], "matrix": [(3, 2)], "layer": [(3, 2), (2,)]}
WIDE = {"matrix": 3, "layer": 4}  # number of inputs; a layer's last input is 1, for the bias
START = np.array([1.0, -2.0, 0.5, 3.0, -0.3, 0.7, 1.5, -1.0])
TARGET = np.array([0.2, 0.4, -0.6, 0.8, 1.0, -1.2, 0.5, 0.3])


@functools.cache  # every script sees the same batches
def batch(t: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Four rows of inputs and their targets, for update t."""
    rng = np.random.default_rng([7, t])
    wide = WIDE.get(kind, 5)
    theta = TARGET[: 2 * wide].reshape(wide, 2) if kind in WIDE else TARGET[:5, None]
    x = rng.normal(size=(4, wide)) * [3, 2, 1, 0.5, 0.2][:wide]
    if kind == "layer":
        x[:, -1] = 1.0
    return x, x @ theta + 0.1 * rng.normal(size=(4, theta.shape[1]))


def start(kind: str) -> list[np.ndarray]:
    """The tensors, before the first update."""
    sizes = np.cumsum([np.prod(shape) for shape in SHAPES[kind]])
    parts = np.split(START, sizes)
    return [part.reshape(shape) for part, shape in zip(parts, SHAPES[kind], strict=False)]


def ours(recipe: Recipe, kind: str = "two") -> np.ndarray:
    """Theta before each update, and after the last: (T + 1, d)."""
    theta = np.concatenate([x.ravel() for x in start(kind)])
    theta = theta.reshape(3, 2) if kind == "matrix" else theta
    hyper = {name: x for name, x in recipe.hyper.items() if name != "lr"}
    path, memory = [theta], {name: hyper.pop(name) for name in ("total",) if name in hyper}
    for t in range(recipe.steps):
        x, y = batch(t + 1, kind)
        error = x @ theta.reshape(x.shape[1], -1) - y
        grad = (2 * x.T @ error / error.size).reshape(theta.shape)
        if recipe.clip_norm is not None:
            grad = clip_by_norm(grad.ravel(), recipe.clip_norm).reshape(theta.shape)
        step = recipe.rule(theta, grad, t + 1, **memory, lr=recipe.lr(t), **hyper)
        theta, memory = step.theta, step.memory
        path.append(theta)
    return np.array(path).reshape(recipe.steps + 1, -1)


def ours_apart(recipe: Recipe) -> np.ndarray:
    """The path of a layer whose matrix w0 and bias w1 are each stepped by their own rule."""
    tensors, memories = start("layer"), [{}, {}]  # type: ignore[var-annotated]
    path = [np.concatenate([x.ravel() for x in tensors])]
    hyper = {name: x for name, x in recipe.hyper.items() if name != "lr"}
    bias = {n: x for n, x in recipe.others.items() if n != "lr"} if recipe.matrices_only else hyper
    bias = bias | {"weight_decay": 0.0} if recipe.decays == "matrices" else bias
    of_vectors = scope_of(recipe.rule).vectors or recipe.rule
    rules = recipe.rule, adamw if recipe.matrices_only else of_vectors
    if recipe.others_take == ("*0",):  # the matrix, too
        rules, hyper = (adamw, adamw), {n: x for n, x in recipe.others.items() if n != "lr"}
    peaks = recipe.hyper["lr"], recipe.others.get("lr", recipe.hyper["lr"])
    peaks = peaks[rules[0] is adamw and recipe.matrices_only], peaks[1]
    parts = [next((x for n, x in recipe.rates.items() if fnmatch(f"w{i}", n)), 1.0) for i in (0, 1)]
    for t in range(recipe.steps):
        x, y = batch(t + 1, "layer")
        error = x @ path[-1].reshape(4, 2) - y
        grad = 2 * x.T @ error / error.size
        if recipe.clip_norm is not None:
            grad = clip_by_norm(grad.ravel(), recipe.clip_norm).reshape(4, 2)
        for i, (g, numbers) in enumerate(((grad[:3], hyper), (grad[3], bias))):
            lr = recipe.lr(t) / recipe.hyper["lr"] * peaks[i] * parts[i]
            step = rules[i](tensors[i], g, t + 1, **memories[i], lr=lr, **numbers)
            tensors[i], memories[i] = step.theta, step.memory
        path.append(np.concatenate([x.ravel() for x in tensors]))
    return np.array(path)


def apart(path: np.ndarray, other: np.ndarray) -> float:
    """The largest difference between two paths, relative to the largest number in them."""
    assert path.shape == other.shape
    return float(abs(path - other).max() / abs(other).max())


def run(code: str, library: str, kind: str = "two") -> np.ndarray:
    """The path of a script, in the form of `ours`."""
    return RUNNERS[library](code, kind)


def in_torch(code: str, kind: str) -> np.ndarray:
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            tensors = (torch.nn.Parameter(torch.tensor(x)) for x in start(kind))
            self.weights = torch.nn.ParameterList(tensors)

        def theta(self) -> torch.Tensor:
            return torch.cat([w.flatten() for w in self.weights])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            path.append(self.theta().detach().numpy().copy())
            return x @ self.theta().reshape(x.shape[1], -1)

    path: list[np.ndarray] = []
    given = ((torch.tensor(x), torch.tensor(y)) for x, y in given_batches(kind))
    model = Model()
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # NAdam keeps a number in the default type
    try:
        exec(code, dict(model=model, loss_fn=torch.nn.functional.mse_loss, batches=given))
    finally:
        torch.set_default_dtype(before)
    return np.array([*path, model.theta().detach().numpy()])


def in_keras(code: str, kind: str) -> np.ndarray:
    """The model and its loss are torch's, because Keras's compute in float32 whatever they get."""
    import torch

    keras = keras_on_torch()

    class Linear(keras.layers.Layer):
        def build(self, _: Any) -> None:
            for i, x in enumerate(start(kind)):
                self.add_weight(shape=x.shape, name=f"w{i}").assign(x)

        def theta(self) -> np.ndarray:
            return np.concatenate([w.value.detach().numpy().ravel() for w in self.weights])

        def call(self, x: Any) -> Any:
            if x.device.type != "meta":  # not if it is only asked for shapes
                path.append(self.theta())
            theta = torch.cat([w.value.flatten() for w in self.weights])
            return x @ theta.reshape(x.shape[1], -1)

    path: list[np.ndarray] = []
    keras.config.disable_interactive_logging()
    with in_float64(keras):
        linear = Linear()
        model = keras.Sequential([keras.Input((WIDE.get(kind, 5),)), linear])
        given = ((x, y) for x, y in given_batches(kind))
        path.clear()
        exec(code, dict(model=model, loss_fn=torch.nn.functional.mse_loss, batches=given))
    return np.array([*path[-_steps(code) :], linear.theta()])


def keras_on_torch() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


@contextlib.contextmanager
def in_float64(keras: Any) -> Iterator[None]:
    """Keras in float64: its numbers and its layers, which keep the type that the first one got."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def _steps(code: str) -> int:
    return int(code.partition("steps_per_epoch=")[2].partition(",")[0])


def in_optax(code: str, kind: str) -> np.ndarray:
    import jax
    import jax.numpy as jnp

    def theta() -> np.ndarray:
        return np.concatenate([np.ravel(x) for x in given["params"]])

    def watched() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for pair in given_batches(kind):
            path.append(theta())
            yield pair

    def model(params: Any, x: Any) -> Any:
        weights = jnp.concatenate([jnp.ravel(p) for p in params])
        return x @ weights.reshape(x.shape[1], -1)

    def loss_fn(z: Any, y: Any) -> Any:
        return jnp.mean((z - y) ** 2)

    path: list[np.ndarray] = []
    with x64(jax):
        params = [jnp.array(x) for x in start(kind)]
        given = dict(model=model, params=params, loss_fn=loss_fn, batches=watched())
        exec(code, given)
    return np.array([*path, theta()])


@contextlib.contextmanager
def x64(jax: Any) -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def given_batches(kind: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return (batch(t, kind) for t in itertools.count(1))


RUNNERS: dict[str, Callable[[str, str], np.ndarray]] = {
    "torch": in_torch,
    "keras": in_keras,
    "optax": in_optax,
}
