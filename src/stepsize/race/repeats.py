"""The race of lesson 9 on the small network, repeated with different luck; the stored repeats.

A repeat is the whole race: a sweep of RATES on five tuning seeds; the best rate, once by the loss
on validation images and once by that on the training images; and twenty fresh seeds at each choice.
The repeats of SAME have the lesson's images for training, validation and test; those of NEW split
the images differently.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import optimizers
from ..data import digits
from ..network import Network
from ..optimizers import Step
from ..schedules import cosine

__all__ = ["BY", "NAMES", "NEW", "RATES", "SAME", "SHIPPED", "repeat", "repeats"]

NAMES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
RATES = 2.0 ** np.arange(-12, 4)
BY = "validation", "training"  # the loss that the rate was chosen by
SAME, NEW = range(1, 11), range(11, 21)
SHIPPED = Path(__file__).with_name("repeats.jsonl")

UPDATES, TUNED, JUDGED = 300, 5, 20  # updates in a run; seeds to choose with, and to judge with
PARTS = dict(training=slice(0, 1197), validation=slice(1197, 1497), test=slice(1497, None))

Part = tuple[np.ndarray, np.ndarray]


def repeats(optimizer: str, by: str = "validation", numbers: Sequence[int] = SAME) -> list[Any]:
    """An optimizer's stored results: a dict for each repeat, with lr, test and training losses.

    sweep, of by="validation": the mean validation loss of the tuning seeds, one per rate.

    >>> first, *others = repeats("adam")
    >>> len(others), sorted(first)
    (9, ['by', 'lr', 'optimizer', 'repeat', 'sweep', 'test', 'training'])
    """
    found = {}
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        if (run["optimizer"], run["by"]) == (optimizer, by):
            losses = {part: np.array(run[part]) for part in ("test", "training")}
            found[run["repeat"]] = run | losses
    return [found[number] for number in numbers]


def repeat(number: int, order: int = 0, names: Sequence[str] = NAMES) -> Iterator[dict[str, Any]]:
    """Repeat the race: a dict for each optimizer and way of choosing, as in `repeats`.

    number: decides the seeds, different in each repeat. order: of the images; 0 is the lesson's.
    """
    images = _dealt(order)
    tuning = 1000 * number + np.arange(TUNED)
    fresh = 1000 * number + 100 + np.arange(JUDGED)
    for name in names:
        lr, seed = np.repeat(RATES, TUNED), np.tile(tuning, len(RATES))
        ends = _trained(images["training"], name, lr, seed)
        for by in BY:
            sweep = _losses(ends, images[by]).reshape(len(RATES), TUNED).mean(axis=1)
            best = int(sweep.argmin())
            assert 0 < best < len(RATES) - 1, (number, name, "the best rate may lie outside")
            judged = _trained(images["training"], name, np.full(JUDGED, RATES[best]), fresh)
            run = dict(repeat=number, optimizer=name, by=by, lr=float(RATES[best]))
            for part in ("test", "training"):
                run[part] = _losses(judged, images[part]).round(5).tolist()
            yield run | dict(sweep=[float(f"{mean:.3g}") for mean in sweep])


def _dealt(order: int) -> dict[str, Part]:
    X, y = digits()
    place = np.random.default_rng(order).permutation(len(y))
    return {name: (X[place][part], y[place][part]) for name, part in PARTS.items()}


def _trained(images: Part, name: str, lr: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """How the runs end, one per row, with the lesson's loop."""
    rule, net = getattr(optimizers, name), Network(*images, (32,), batch_size=32, seed=seed)
    step = Step(np.stack([net.start(one) for one in seed]))
    with np.errstate(all="ignore"):  # a run may diverge
        for t in range(1, UPDATES + 1):
            now = lr[:, None] * cosine(t - 1, UPDATES)
            step = rule(step.theta, net.grad(step.theta, t), t, **step.memory, lr=now)
    return step.theta


def _losses(theta: np.ndarray, images: Part) -> np.ndarray:
    losses = Network(*images, hidden=(32,)).loss(theta)
    return np.where(np.isfinite(losses), losses, np.inf)
