"""One network at several batch sizes: how many updates take it to a target; and the stored runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..data import digits
from ..learner.runs import keep, known
from ..network import Network
from ..optimizers import Rule, adam, sgd
from ..ranges import above, accepts, at_least, count_from, one_of, require

__all__ = [
    "BATCHES",
    "RATES",
    "SEEDS",
    "SHIPPED",
    "TARGET",
    "add_seed",
    "jobs",
    "stored",
    "updates_to",
]

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
    """The updates until the loss over all images is below the target; None if more than `most`.

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
    """Updates to the target in the stored runs, one per seed; inf: never reached.

    Those that came with the course, and then the learner's: see `add_seed`.
    rule: "sgd" or "adam". batch_size: one of BATCHES. lr: one of the rule's RATES.
    Raises: ValueError for any other value, which has no runs.
    """
    require("rule", rule, one_of(*RATES))
    for name, value, run in (("batch_size", batch_size, BATCHES), ("lr", lr, RATES[rule])):
        if value not in run:
            raise ValueError(f"{name} must be {one_of(*run)}, not {value}")
    cell = rule, batch_size, lr
    found = {
        r["seed"]: r["updates"]
        for r in known(SHIPPED)
        if (r["rule"], r["batch_size"], r["lr"]) == cell
    }
    return np.array([found[seed] or np.inf for seed in sorted(found)], dtype=float)


def jobs(seed: int) -> Iterator[dict[str, Any]]:
    """Everything trained with a seed: each rule, at each batch size and each of its rates."""
    for rule, rates in RATES.items():
        for size in BATCHES:
            yield from (dict(rule=rule, batch_size=size, lr=lr, seed=seed) for lr in rates)


def add_seed() -> None:
    """Train everything with one more seed, and store it with the learner's runs (one minute)."""
    seed = 1 + max(run["seed"] for run in known(SHIPPED))
    for run in [job | dict(updates=updates_to(TARGET, **job)) for job in jobs(seed)]:
        keep(SHIPPED, run)
