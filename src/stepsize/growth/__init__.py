"""What lesson 14 trains: one network at several widths, and one at several batch sizes.

`python -m stepsize.growth` reads jobs, a line of JSON each, and writes each with what came of it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data import digits
from ..network import Network
from ..optimizers import Rule, adam, sgd
from ..ranges import above, accepts, at_least, count_from, one_of, require

__all__ = [
    "BASE",
    "BATCHES",
    "RATES",
    "SEEDS",
    "SHIPPED",
    "TARGET",
    "UPDATES",
    "Factors",
    "mup",
    "network",
    "standard",
    "stored",
    "trained",
    "updates_to",
]

BASE = 64  # the width at which the rate is searched
UPDATES = 150

KIND = one_of("input", "bias", "hidden", "output")
Rules = Callable[[str, int], Any]  # (kind, width) -> (factor of the rate, factor of the start)


class Factors(NamedTuple):
    """What a tensor's usual rate and its usual random start are multiplied by."""

    rate: float
    start: float


def standard(kind: str, width: int) -> Factors:
    """One rate for all, whatever the width."""
    return Factors(1.0, 1.0)


@accepts(kind=KIND, width=count_from(1), base=count_from(1))
def mup(kind: str, width: int, base: int = BASE) -> Factors:
    """The rules of μP for Adam: how a tensor of this kind is to change from width base to width.

    kind: "input", "bias", "hidden" or "output". Hidden and output matrices, whose fan-in is the
    width, get a rate that falls as 1 / width; the output starts smaller by 1 / sqrt(width) more.
    Source: Yang et al. (2022), Table 3, arXiv:2203.03466.
    Raises: ValueError for another kind, and for a width or base below 1.

    >>> mup("hidden", 1024), mup("output", 1024)
    (Factors(rate=0.0625, start=1.0), Factors(rate=0.0625, start=0.25))
    """
    rate = base / width if kind in ("hidden", "output") else 1.0
    start = (base / width) ** 0.5 if kind == "output" else 1.0
    return Factors(rate, start)


@accepts(width=count_from(1))
def network(width: int, seed: int = 0) -> Network:
    """64-width-width-10 for the digits, ReLU, batches of 64, in float32."""
    return Network(*digits(np.float32), (width, width), "relu", batch_size=64, seed=seed)


@accepts(width=count_from(1), lr=at_least(0), updates=count_from(0))
def trained(
    width: int, lr: float, rules: Rules = standard, seed: int = 0, updates: int = UPDATES
) -> float:
    """The loss over all images after so many updates of Adam, each tensor at a rate of its own.

    lr: at least 0. rules: (kind, width) -> a factor of that rate and one of the usual start, for
    each tensor. updates: at least 0. Raises: ValueError for what is outside of its range.
    """
    net = network(width, seed)
    theta = net.start(seed)
    kinds = [rules(kind, width) for kind in ("input", "bias", "hidden", "bias", "output", "bias")]
    for tensor, (_, start) in zip(_tensors(net, theta), kinds, strict=True):
        tensor *= start
    memories: list[dict[str, Any]] = [{} for _ in kinds]
    for t in range(1, updates + 1):
        pairs = zip(_tensors(net, theta), _tensors(net, net.grad(theta, t)), strict=True)
        for i, (tensor, grad) in enumerate(pairs):
            step = adam(tensor, grad, t, **memories[i], lr=lr * kinds[i][0])
            tensor[:], memories[i] = step.theta, step.memory
    return float(net.loss(theta))


def _tensors(net: Network, theta: np.ndarray) -> list[np.ndarray]:
    return [tensor for layer in net.layers(theta) for tensor in layer]


# Updates to a target, against the size of the batch.
TARGET, MOST = 0.15, 900
BATCHES = (4, 8, 16, 32, 64, 128, 256, 512)
RATES = {"sgd": [2.0**e for e in range(-3, 2)], "adam": [2.0**e for e in range(-7, -2)]}
SEEDS = range(3)
SHIPPED = Path(__file__).with_name("batches.jsonl")
_RULES: dict[str, Rule] = {"sgd": sgd, "adam": adam}


@accepts(
    target=above(0),
    rule=one_of(*_RULES),
    lr=at_least(0),
    batch_size=count_from(1),
    most=count_from(0),
)
def updates_to(
    target: float, rule: str, lr: float, batch_size: int, seed: int, most: int = MOST
) -> int | None:
    """After how many updates the loss over all images is below the target; None: not within most.

    The network is that of lesson 5, 64-32-10 with tanh.
    """
    net = Network(*digits(np.float32), batch_size=batch_size, seed=seed)
    theta, memory = net.start(seed), dict[str, Any]()
    for t in range(1, most + 1):
        theta, memory, _ = _RULES[rule](theta, net.grad(theta, t), t, **memory, lr=lr)
        loss = net.loss(theta)
        if loss < target:
            return t
        if not loss < 50:  # it diverges
            return None
    return None


def stored(rule: str, batch_size: int, lr: float) -> np.ndarray:
    """Updates to the target in the runs that came with the course, one per seed; inf: never.

    rule: "sgd" or "adam". batch_size: one of BATCHES. lr: one of the rule's RATES.
    Raises: ValueError for any other, which was not run.
    """
    require("rule", rule, one_of(*RATES))
    for name, value, run in (("batch_size", batch_size, BATCHES), ("lr", lr, RATES[rule])):
        if value not in run:
            raise ValueError(f"{name} must be {one_of(*run)}, not {value}")
    runs = map(json.loads, SHIPPED.read_text(encoding="utf-8").splitlines())
    cell = rule, batch_size, lr
    found = {r["seed"]: r["updates"] for r in runs if (r["rule"], r["batch_size"], r["lr"]) == cell}
    return np.array([found[seed] or np.inf for seed in SEEDS], dtype=float)
