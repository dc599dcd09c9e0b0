"""What you would use instead: torch, Keras, Optax. Each is imported only when it is needed."""

from collections.abc import Callable
from typing import Any

import numpy as np

Tensors = list[np.ndarray]
Work = Callable[[], Any]


def torch_step(tensors: Tensors, **path: bool) -> Work:
    """One step of torch's Adam: its for-loop, foreach=True or fused=True; no backward."""
    import torch

    params = [torch.nn.Parameter(torch.tensor(x)) for x in tensors]
    for p in params:
        p.grad = torch.ones_like(p)
    return torch.optim.Adam(params, **path).step


def bridged_step(tensors: Tensors) -> Work:
    """One step of our Adam as a torch optimizer; no backward."""
    import torch

    from stepsize.frameworks.bridge import as_torch
    from stepsize.optimizers import adam

    params = [torch.nn.Parameter(torch.tensor(x)) for x in tensors]
    for p in params:
        p.grad = torch.ones_like(p)
    return as_torch(adam, params).step


def keras_step(tensors: Tensors) -> Work:
    import keras
    import torch

    variables = [keras.Variable(x) for x in tensors]
    grads = [torch.ones(x.shape, dtype=v.value.dtype) for x, v in zip(tensors, variables)]  # noqa: B905
    optimizer = keras.optimizers.Adam()
    optimizer.build(variables)
    return lambda: optimizer.apply(grads)


def optax_step(tensors: Tensors) -> Work:
    """One jitted step, awaited; its arguments may be overwritten, as in torch."""
    import jax
    import optax

    adam = optax.adam(1e-3)

    def step(params: Any, state: Any, grads: Any) -> Any:
        updates, state = adam.update(grads, state)
        return optax.apply_updates(params, updates), state

    params = [jax.numpy.array(x) for x in tensors]
    grads, now = [jax.numpy.ones_like(p) for p in params], [params, adam.init(params)]
    jitted = jax.jit(step, donate_argnums=(0, 1))

    def work() -> None:
        now[:] = jitted(*now, grads)
        jax.block_until_ready(now)

    return work


def valley(theta: Any) -> Any:
    """Rosenbrock's function, for libraries that can differentiate it."""
    return (1 - theta[0]) ** 2 + 100 * (theta[1] - theta[0] ** 2) ** 2


def torch_loop(start: tuple[float, ...], steps: int, lr: float = 1e-3) -> Work:
    """zero_grad, loss, backward, step; the path is kept."""
    import torch

    def work() -> Any:
        theta = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
        optimizer, path = torch.optim.Adam([theta], lr=lr), []
        for _ in range(steps):
            optimizer.zero_grad()
            valley(theta).backward()
            optimizer.step()
            path.append(theta.detach().numpy().copy())
        return path

    return work


def keras_loop(start: tuple[float, ...], steps: int) -> Work:
    import keras
    import torch

    def work() -> Any:
        theta = keras.Variable(np.array(start), dtype="float64")
        optimizer, path = keras.optimizers.Adam(), []
        for _ in range(steps):
            (grad,) = torch.autograd.grad(valley(theta.value), theta.value)
            optimizer.apply([grad], [theta])
            path.append(theta.numpy().copy())
        return path

    return work


def optax_walk(start: tuple[float, ...], steps: int, rates: Any) -> Callable[[], Any]:
    """The whole walk as one compiled scan from start to path; a vmap for many rates."""
    import jax
    import optax

    def walk(lr: Any) -> Any:
        adam = optax.adam(lr)

        def step(now: Any, _: Any) -> Any:
            theta, state = now
            loss, grad = jax.value_and_grad(valley)(theta)
            updates, state = adam.update(grad, state)
            theta = optax.apply_updates(theta, updates)
            return (theta, state), (theta, loss)

        theta = jax.numpy.array(start)
        return jax.lax.scan(step, (theta, adam.init(theta)), length=steps)[1]

    return jax.jit(walk if np.ndim(rates) == 0 else jax.vmap(walk)).lower(rates).compile


def optax_scan(start: tuple[float, ...], steps: int, rates: Any) -> Work:
    import jax

    compiled = optax_walk(start, steps, rates)()
    return lambda: jax.block_until_ready(compiled(rates))


def optax_loop(start: tuple[float, ...], steps: int) -> Work:
    """The jitted step, called from Python."""
    import jax
    import optax

    adam = optax.adam(1e-3)

    @jax.jit
    def step(theta: Any, state: Any) -> Any:
        updates, state = adam.update(jax.grad(valley)(theta), state)
        return optax.apply_updates(theta, updates), state

    def work() -> Any:
        theta, path = jax.numpy.array(start), []
        state = adam.init(theta)
        for _ in range(steps):
            theta, state = step(theta, state)
            path.append(np.asarray(theta))
        return path

    return work


def torch_digits(X: np.ndarray, y: np.ndarray, epochs: int) -> Work:
    import torch

    inputs, classes = torch.tensor(X), torch.tensor(y)

    def work() -> str:
        torch.manual_seed(0)
        layers = [torch.nn.Linear(64, 64), torch.nn.Tanh(), torch.nn.Linear(64, 10)]
        model = torch.nn.Sequential(*layers)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(epochs):
            for chosen in torch.randperm(len(y)).split(32):
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(model(inputs[chosen]), classes[chosen])
                loss.backward()
                optimizer.step()
        with torch.no_grad():
            right = (model(inputs).argmax(1) == classes).double().mean().item()
        return f"{right:.3f} right"

    return work


def optax_digits(X: np.ndarray, y: np.ndarray, epochs: int) -> Work:
    """A jitted step; NumPy deals out the batches."""
    import jax
    import optax

    def logits(params: Any, x: Any) -> Any:
        (W, b), (V, c) = params
        return jax.numpy.tanh(x @ W + b) @ V + c

    def loss(params: Any, x: Any, labels: Any) -> Any:
        z = logits(params, x)
        return optax.softmax_cross_entropy_with_integer_labels(z, labels).mean()

    adam = optax.adam(3e-3)

    @jax.jit
    def step(params: Any, state: Any, x: Any, labels: Any) -> Any:
        updates, state = adam.update(jax.grad(loss)(params, x, labels), state)
        return optax.apply_updates(params, updates), state

    def work() -> str:
        rng = np.random.default_rng(0)
        widths = [(64, 64), (64, 10)]
        params = [
            (rng.normal(scale=n**-0.5, size=(n, m)).astype("f4"), np.zeros(m, "f4"))
            for n, m in widths
        ]
        state = adam.init(params)
        for _ in range(epochs):
            order = rng.permutation(len(y))
            for i in range(0, len(y), 32):
                chosen = order[i : i + 32]
                params, state = step(params, state, X[chosen], y[chosen])
        right = (np.asarray(logits(params, X)).argmax(1) == y).mean()
        return f"{right:.3f} right"

    return work


def keras_digits(X: np.ndarray, y: np.ndarray, epochs: int) -> Work:
    import keras

    def work() -> str:
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(64, activation="tanh"), keras.layers.Dense(10)]
        model = keras.Sequential([keras.Input((64,)), *layers])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(3e-3), loss)
        model.fit(X, y, batch_size=32, epochs=epochs, verbose=0)
        right = (model.predict(X, batch_size=len(y), verbose=0).argmax(1) == y).mean()
        return f"{right:.3f} right"

    return work


def torch_schedule(steps: int) -> Work:
    """A cosine's rates, by stepping torch's scheduler through them."""
    import torch

    def work() -> list[float]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
        scheduler, rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps), []
        optimizer.step()  # otherwise, the scheduler warns that it was stepped first
        for _ in range(steps):
            rates.append(scheduler.get_last_lr()[0])
            scheduler.step()
        return rates

    return work
