"""The table: what is timed, ours, theirs, and how many times faster ours is meant to be."""

from collections.abc import Callable
from typing import Any

import numpy as np

from stepsize import descend
from stepsize.data import digits
from stepsize.network import Network
from stepsize.optimizers import adagrad, adam, adamw, momentum, rmsprop, sgd
from stepsize.optimizers.blockwise import blockwise
from stepsize.schedules import cosine
from stepsize.surfaces import rosenbrock

from . import peers
from .clock import Go, Race

Work = Callable[[], Any]
START = rosenbrock.start
PAIR = [np.array(START)]
SIX = [sgd, momentum, adagrad, rmsprop, adam, adamw]  # the optimizers of a lab


def one_step(rule: Any, theta: Any) -> Callable[[], Work]:
    """One update on ones, from a memory that is no longer empty."""

    def make() -> Work:
        grad = theta * 0 + 1.0
        memory = rule(theta.copy() if isinstance(theta, np.ndarray) else theta, grad, 1).memory
        return lambda: rule(theta, grad, 2, **memory)

    return make


def walk_in_arrays(steps: int) -> Work:
    """The rule and the gradient in a plain loop; the path is kept, as in the others."""

    def work() -> list[np.ndarray]:
        theta, memory, path = np.array(START), {}, []
        for t in range(1, steps + 1):
            theta, memory, _ = adam(theta, rosenbrock.grad(theta), t, **memory)
            path.append(theta)
        return path

    return work


def walk(steps: int, lr: Any = 1e-3) -> Work:
    """The same with `descend`, which keeps the whole trace."""
    return lambda: descend(adam, rosenbrock, START, steps, lr=lr)


def roll(steps: int) -> Work:
    """Six walks down one valley, with their traces, as a lab draws them when a slider moves."""
    return lambda: [descend(rule, rosenbrock, START, steps, lr=1e-3) for rule in SIX]


def train_digits(X: np.ndarray, y: np.ndarray, epochs: int) -> Work:
    net = Network(X, y, hidden=(64,), batch_size=32)
    updates = epochs * -(-len(y) // 32)

    def work() -> str:
        theta, memory = net.start(), {}
        for t in range(1, updates + 1):
            theta, memory, _ = adam(theta, net.grad(theta, t), t, **memory, lr=3e-3)
        return f"{net.accuracy(theta, X, y):.3f} right"

    return work


def copy_memory(n: int) -> Work:
    source = np.ones(n, np.float32)
    target = np.empty_like(source)
    return lambda: np.copyto(target, source)


def steppers(tensors: list[np.ndarray]) -> dict[str, Go]:
    """The other libraries that can make a step of Adam on these."""
    return {
        "torch": Go(lambda: peers.torch_step(tensors)),
        "torch foreach": Go(lambda: peers.torch_step(tensors, foreach=True)),
        "torch fused": Go(lambda: peers.torch_step(tensors, fused=True)),
        "Keras": Go(lambda: peers.keras_step(tensors)),
        "Optax, step jitted": Go(lambda: peers.optax_step(tensors)),
    }


def races(quick: bool) -> list[Race]:
    """In order of size. quick: all of them, on tiny inputs."""
    return [
        *two_parameters(20 if quick else 200),
        *sweeps(20 if quick else 200, 10 if quick else 1000),
        *vectors(10**5 if quick else 10**7),
        *bridged(10**4 if quick else 10**6),
        *epochs_and_curves(1 if quick else 10, 10**4 if quick else 10**6),
    ]


def two_parameters(steps: int) -> list[Race]:
    loop = Go(lambda: peers.torch_loop(START, steps), steps)
    scan = Go(lambda: peers.optax_scan(START, steps, 1e-3), steps)
    return [
        Race(
            "one Adam step on 2 parameters",
            Go(one_step(adam, PAIR[0])),
            {**steppers(PAIR), "torch, with loss and backward": loop},
            reach={"torch": 2.5},
        ),
        Race(
            "the same without its guard, the formula alone",
            Go(one_step(adam.__wrapped__, PAIR[0])),
            {"torch": Go(lambda: peers.torch_step(PAIR)), "torch, with loss and backward": loop},
        ),
        Race(
            "the same on a Python float, against an array of one number",
            Go(one_step(adam, -4.0)),
            {"ours on an array": Go(one_step(adam, np.array([-4.0])))},
        ),
        Race(
            "the same two without their guards",
            Go(one_step(adam.__wrapped__, -4.0)),
            {"ours on an array": Go(one_step(adam.__wrapped__, np.array([-4.0])))},
        ),
        Race(
            "Adam down Rosenbrock's valley, the gradient included",
            Go(lambda: walk_in_arrays(steps), steps),
            {
                "torch": loop,
                "Keras": Go(lambda: peers.keras_loop(START, steps), steps),
                "Optax, step jitted": Go(lambda: peers.optax_loop(START, steps), steps),
                "Optax, scan jitted": scan,
            },
        ),
        Race(
            "the same by `descend`, with the whole trace",
            Go(lambda: walk(steps), steps),
            {"torch": loop, "Optax, scan jitted": scan},
        ),
    ]


def sweeps(steps: int, runs: int) -> list[Race]:
    hundred, many = (np.geomspace(1e-4, 1e-1, k)[:, None] for k in (100, runs))
    return [
        Race(
            "100 settings in one pass, against one: at most 1.3 times as long",
            Go(lambda: walk(steps, hundred), 100),
            {"ours, one alone": Go(lambda: walk(steps))},
            reach={"ours, one alone": 100 / 1.3},
            unit="run",
            why="A single run spends nearly all its time in calls. A hundred runs add arithmetic, "
            "and a trace a hundred times as large, for which memory has to be allocated.",
        ),
        Race(
            f"{runs:,} settings, {steps} steps, with the whole trace",
            Go(lambda: walk(steps, many), runs),
            {
                "torch, one by one": Go(lambda: peers.torch_loop(START, steps)),
                "Optax, vmap of a scan": Go(
                    lambda: peers.optax_scan(START, steps, many[:, 0]), runs
                ),
            },
            reach={"torch, one by one": 500},
            unit="run",
        ),
    ]


def vectors(long: int) -> list[Race]:
    vector = np.ones(long, np.float32)
    tensors = [np.ones(shape, np.float32) for shape in [(36, 36), (36,)] * 20]
    packed = np.concatenate([x.ravel() for x in tensors])
    return [
        Race(
            f"{long:,} float32 parameters, Adam block by block",
            Go(one_step(blockwise(adam), vector)),
            {"ours, not in blocks": Go(one_step(adam, vector)), **steppers([vector])},
            reach={"torch": 2},
        ),
        Race(
            "the same, bytes moved (28 a parameter), against a plain copy (8)",
            Go(one_step(blockwise(adam), vector), 28 * long),
            {"memory, copied": Go(lambda: copy_memory(long), 8 * long)},
            reach={"memory, copied": 0.25},
            unit="byte",
        ),
        Race(
            f"a network of {len(tensors)} tensors, {packed.size:,} parameters, packed in one",
            Go(one_step(adam, packed)),
            steppers(tensors),
            reach={"torch": 12, "torch fused": 3},
        ),
    ]


BRIDGED = (
    "`as_torch` isn't as fast as torch's own loop, because the rules stay plain: each line of Adam "
    "makes an array, 14 in all, and 3 are copied back, where torch makes 7 passes in place. The "
    "formula alone, with no torch around it, takes 1.6 times as long as that loop, partly because "
    "NumPy's arrays aren't aligned to 64 bytes as torch's are. Tried: the same lines on torch's "
    "tensors (1.6 times as long as NumPy in blocks), blocks of 16K to 32K numbers (no difference; "
    "shorter ones are slower), checking only the first block (10% less: kept), and handfuls of "
    "short tensors instead of one long copy (20% less: kept). All that is left is to write each "
    "rule a second time, in place, and we don't want to pay that price."
)


def bridged(parameters: int) -> list[Race]:
    """`as_torch` compared with torch's own, on a model with few tensors and on one with many."""
    return [
        Race(
            f"`as_torch(adam)`, {parameters:,} parameters in {count} tensors",
            Go(lambda count=count: peers.bridged_step(alike(parameters, count))),
            {
                "torch": Go(lambda count=count: peers.torch_step(alike(parameters, count))),
                "torch foreach": Go(
                    lambda count=count: peers.torch_step(alike(parameters, count), foreach=True)
                ),
            },
            reach={"torch": 1, "torch foreach": 0.5},
            why=BRIDGED,
        )
        for count in (8, 200)
    ]


def alike(parameters: int, count: int) -> list[np.ndarray]:
    return [np.ones(parameters // count, np.float32)] * count


def epochs_and_curves(epochs: int, curve: int) -> list[Race]:
    X, y = digits(np.float32)
    return [
        Race(
            f"digits learned: 64-64-10, batches of 32, {epochs} epochs",
            Go(lambda: train_digits(X, y, epochs)),
            {
                "torch": Go(lambda: peers.torch_digits(X, y, epochs)),
                "Keras, fit": Go(lambda: peers.keras_digits(X, y, epochs)),
                "Optax, step jitted": Go(lambda: peers.optax_digits(X, y, epochs)),
            },
            reach={"torch": 4},
            unit="training",
        ),
        Race(
            f"a cosine schedule's curve of {curve:,} steps",
            Go(lambda: lambda: cosine(np.arange(curve), curve), curve),
            {"torch, stepped": Go(lambda: peers.torch_schedule(2000), 2000)},
            reach={"torch, stepped": 100},
        ),
    ]
