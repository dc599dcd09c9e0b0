"""The lab of lesson 7: a schedule, and the runs under it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..data import linear_data
from ..loop import descend
from ..models import LinearRegression
from ..optimizers import sgd
from ..schedules import (
    constant,
    cosine,
    cosine_restarts,
    exponential,
    linear,
    one_cycle,
    step_decay,
    warmup_stable_decay,
)
from . import sentences
from .controls import dropdown, list_slider, log_slider, slider
from .lab import Lab, Scene, panels

UPDATES, RUNS, LAST = 300, 10, 30  # of a run; how many are averaged; which of them are judged

DECAYS: dict[str, Callable[[Any], Any]] = {
    "constant": constant,
    "step, three times": lambda t: step_decay(t, step_size=75, gamma=0.3),
    "exponential": lambda t: exponential(t, 0.01 ** (1 / UPDATES)),
    "linear": lambda t: linear(t, UPDATES),
    "cosine": lambda t: cosine(t, UPDATES),
    "cosine with restarts": lambda t: cosine_restarts(t, 100),
    "one cycle": lambda t: one_cycle(t, UPDATES),
    "stable, then down": lambda t: warmup_stable_decay(t, UPDATES, warmup=0, decay=75),
}


def noisy_line(shuffles: Sequence[int] = range(RUNS)) -> tuple[LinearRegression, float]:
    """Linear regression on batches of 4, a run for each of the shuffles; its lowest loss."""
    X, y = linear_data(n=2048, weights=(2.0, -1.0), noise=0.5)
    best = np.linalg.lstsq(X, y)[0]
    return LinearRegression(X, y, 4, shuffles), float(LinearRegression(X, y).loss(best))


def schedule() -> Lab:
    """The rate at each update, and how far the loss is above the lowest, averaged over 10 runs."""
    model, lowest = noisy_line()
    t = np.arange(UPDATES)
    controls = dict(
        decay=dropdown("schedule", [(name, name) for name in DECAYS]),
        lr=log_slider("peak rate", 0.1, low=-3, high=-0.3),
        rise=list_slider("warmup", range(0, 101, 5), value=0),
        floor=slider("floor", 0.0, low=0, high=0.5, step=0.05),
    )

    def scene() -> Scene:
        left, right = panels(2)
        plots.curve(left, [], [], "update", "learning rate")
        plots.curve(right, [], [], "update", "loss above the lowest")
        left.set(xlim=(0, UPDATES), yscale="log", ylim=(1e-4, 1))
        right.set(xlim=(0, UPDATES), yscale="log", ylim=(1e-4, 20))
        return Scene([left, right])

    def react(axes: list[Axes], decay: str, lr: float, rise: int, floor: float) -> str:
        factors = floor + (1 - floor) * DECAYS[decay](t)
        rates = lr * np.minimum((t + 1) / max(rise, 1), 1) * factors
        trace = descend(sgd, model, np.zeros((RUNS, 2)), UPDATES, lr=lambda i: rates[i])
        above = trace.loss.mean(axis=-1) - lowest
        plots.curve(axes[0], t, trace.lr, "update", "learning rate", "sgd")
        plots.curve(axes[1], range(UPDATES + 1), above, "update", "loss above the lowest", "sgd")
        return sentences.schedule(trace, above[-LAST:].mean())

    return Lab("A learning rate over time, and the loss under it", scene, react, **controls)
