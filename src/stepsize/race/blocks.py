"""Lesson 13's race on the transformer of lesson 9, by lesson 9's rules, and its stored runs.

Layer norm comes first; batches and schedule are lesson 9's. There are fewer updates: with lesson
9's 150, every rule solves the task, and no loss is far from 0. A repeat has its own seeds: a
sweep of seven rates, each twice the one before, on three tuning seeds, judged by the validation
loss, and ten fresh seeds at the best rate, judged by the test loss.

A rule for matrices steps the four matrices of each block; Adam steps everything else, at the rate
that was best for Adam alone. LONGER is Adam once more, with 1.75 times the updates, which is
what an update of the costliest rule costs, or a little more (see `costs`).

`block_training` trains, and is the part that imports torch.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ..learner.runs import known
from . import costs as counted

__all__ = ["EVERY", "LONGER", "NAMES", "REPEATS", "SHIPPED", "costs", "race", "updates"]

TASK = "pre-LN transformer"
NAMES = ("momentum", "adam", "muon", "shampoo", "soap")
LONGER, TIMES = "adam, longer", 1.75  # times as many updates
UPDATES, EVERY = 40, 5  # updates in a run; updates per stored mean loss
REPEATS, TUNED, JUDGED = range(1, 4), 3, 10  # tuning seeds, and fresh ones, of each repeat
EXPONENTS = {  # the rates are these powers of 2
    "momentum": range(-7, 0),
    "adam": range(-8, -1),
    LONGER: range(-8, -1),
    "muon": range(-7, 0),
    "shampoo": range(-7, 0),
    "soap": range(-8, -1),
}
SHAPES = 4 * [(96, 32), (32, 32), (64, 32), (32, 64)]  # the blocks' matrices
TOKENS, LENGTH, WIDTH, SYMBOLS = 256, 8, 32, 8  # per batch, per row; of the model
SHIPPED = Path(__file__).with_name("blocks.jsonl")


def updates(name: str) -> int:
    """How many updates a run has."""
    return int(UPDATES * (TIMES if name == LONGER else 1))


def costs(name: str) -> float:
    """The operations of one update, in millions."""
    attention = 4 * 3 * 4 * TOKENS * LENGTH * WIDTH  # layers, passes, two products
    gradient = counted.gradient([*SHAPES, (SYMBOLS, WIDTH)], TOKENS) + attention
    return (gradient + counted.of(name, SHAPES, updates(name))) / 1e6


def seeds(number: int) -> tuple[range, range]:
    """A repeat's seeds: those for choosing, and those for judging."""
    first = 10_000 + 1000 * number
    return range(first, first + TUNED), range(first + 100, first + 100 + JUDGED)


def race(name: str) -> list[dict[str, Any]]:
    """An optimizer's results, one dict per repeat: the course's, then the learner's.

    lr: the rate that was chosen. sweep (rates,): the mean validation losses. test (10,): the losses
    at the end. course (10, updates / EVERY): the mean losses of the batches along the way.

    >>> first, *others = race("muon")
    >>> first["test"].shape, first["course"].shape
    ((10,), (10, 8))
    """
    runs = list(known(SHIPPED))
    found = []
    for number in _whole(runs):
        tuning, fresh = (_of(runs, name, part) for part in seeds(number))
        swept = [[r["val"] for r in tuning if r["lr"] == lr] for lr in rates(name)]
        ends, course = (np.array([r[part] for r in fresh]) for part in ("test", "loss"))
        sweep = np.mean(swept, axis=1)
        found.append(dict(lr=fresh[0]["lr"], sweep=sweep, test=ends, course=course))
    return found


def _of(runs: list[dict[str, Any]], name: str, own: range) -> list[dict[str, Any]]:
    return [run for run in runs if run["name"] == name and run["seed"] in own]


def _whole(runs: list[dict[str, Any]]) -> list[int]:
    """The repeats that were completed: LONGER is last in each."""
    last = max((run["seed"] // 1000 - 10 for run in runs), default=0)
    return [n for n in range(1, last + 1) if len(_of(runs, LONGER, seeds(n)[1])) == JUDGED]


def rates(name: str) -> list[float]:
    """The rates that were tried, from the lowest to the highest."""
    return [2.0**e for e in EXPONENTS[name]]
