"""The race of lesson 9: its tasks, its optimizers, their rates, and the stored runs.

No optimizer is favored: each gets the same eight rates, the same schedule, the same starts, the
same batches, and the same number of updates. The rate is chosen on the seeds of TUNING, by the loss
on validation examples; then it is judged on the seeds of FRESH, by the loss on test examples.

`training` trains, and is the part that imports torch. `python -m stepsize.race` reads jobs as lines
of JSON and writes each with its losses.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "EVERY",
    "FRESH",
    "OPTIMIZERS",
    "RATES",
    "SHIPPED",
    "TASKS",
    "TUNING",
    "WARMUP",
    "Ran",
    "results",
]

TASKS = {"residual net": 100, "post-LN transformer": 150, "pre-LN transformer": 150}  # updates
OPTIMIZERS = ("sgd", "momentum", "rmsprop", "adam")
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
WARMUP = 20  # updates; then a cosine down to 0
TUNING, FRESH = range(3), range(3, 13)
EVERY = 5  # updates, whose mean loss is stored as one number
SHIPPED = Path(__file__).with_name("runs.jsonl")

Cell = tuple[str, str, float]


class Ran(NamedTuple):
    """A training: the loss of its batches, every five updates; finally on held-out examples."""

    loss: list[float]
    val: float
    test: float


def read(run: dict[str, Any]) -> Ran:
    """A stored line. Raises ValueError, KeyError or TypeError if it isn't one."""
    ran = Ran([float(value) for value in run["loss"]], float(run["val"]), float(run["test"]))
    if len(ran.loss) != TASKS[run["task"]] // EVERY:
        raise ValueError(f"{run['task']} has {TASKS[run['task']] // EVERY} losses")
    return ran


def results(task: str) -> Callable[..., np.ndarray]:
    """A task's stored results, as a function that returns the held-out losses of an optimizer.

    found(optimizer): on validation examples, (rates, seeds), on the seeds of TUNING.
    found(optimizer, lr): on test examples, (seeds,), on those of FRESH; of the chosen rates only.
    A run that diverged has the loss infinity.

    >>> found = results("residual net")
    >>> found("adam").shape
    (8, 3)
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {', '.join(TASKS)}, not {task!r}")
    runs: dict[tuple[str, float, int], Ran] = {}
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        if run["task"] == task:
            runs[run["optimizer"], run["lr"], run["seed"]] = read(run)

    def found(optimizer: str, lr: float | None = None) -> np.ndarray:
        if lr is None:
            ends = [runs[optimizer, rate, seed].val for rate in RATES for seed in TUNING]
            return _lost_are_infinite(ends).reshape(len(RATES), len(TUNING))
        if (optimizer, lr, FRESH[0]) not in runs:
            raise ValueError(f"lr must be the rate chosen for {optimizer}, not {lr}")
        return _lost_are_infinite([runs[optimizer, lr, seed].test for seed in FRESH])

    return found


def _lost_are_infinite(losses: list[float]) -> np.ndarray:
    return np.where(np.isfinite(losses), losses, np.inf)
