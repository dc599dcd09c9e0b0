"""The lab of lesson 7: two schedules, and the runs under them."""

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

UPDATES, RUNS, LAST = 300, 10, 30  # updates in a run; runs in the mean; updates judged

LABELS = "learning rate / peak rate", "loss above the lowest"
LOOKS = {
    "schedule 1": plots.Look(plots.BLUE, plots.SOLID, "o"),
    "schedule 2": plots.Look(plots.ORANGE, plots.DASHED, "s"),
}

DECAYS: dict[str, Callable[[Any], Any]] = {
    "constant": constant,
    "step": lambda t: step_decay(t, step_size=75, gamma=0.3),
    "exponential": lambda t: exponential(t, 0.01 ** (1 / UPDATES)),
    "linear": lambda t: linear(t, UPDATES),
    "cosine": lambda t: cosine(t, UPDATES),
    "warm restarts": lambda t: cosine_restarts(t, 100),
    "one cycle": lambda t: one_cycle(t, UPDATES),
    "stable, then down": lambda t: warmup_stable_decay(t, UPDATES, warmup=0, decay=75),
}


def noisy_line(shuffles: Sequence[int] = range(RUNS)) -> tuple[LinearRegression, float]:
    """Linear regression on batches of 4, a run for each of the shuffles; its lowest loss."""
    X, y = linear_data(n=2048, weights=(2.0, -1.0), noise=0.5)
    best = np.linalg.lstsq(X, y)[0]
    return LinearRegression(X, y, 4, shuffles), float(LinearRegression(X, y).loss(best))


def schedule() -> Lab:
    """Two schedules: the rate at each update, and how far the loss of 10 runs is above the lowest.

    Warmup and floor change only the first one, so that you can compare it with the second.
    """
    model, lowest = noisy_line()
    t = np.arange(UPDATES)
    choices = [(name, name) for name in DECAYS]
    controls = dict(
        decay=dropdown("schedule 1", choices, value="cosine"),
        beside=dropdown("schedule 2", choices, value="constant"),
        lr=log_slider("peak rate", 0.1, low=-3, high=-0.3),
        rise=list_slider("warmup", range(0, 101, 5), value=0),
        floor=slider("floor", 0.0, low=0, high=0.5, step=0.05),
    )

    def scene() -> Scene:
        left, right = panels(2)
        for ax, label in zip((left, right), LABELS, strict=True):
            plots.lines(ax, [], {}, ylabel=label)
        left.set(xlim=(0, 1.4 * UPDATES), ylim=(-0.03, 1.1), xticks=(0, 100, 200, 300))
        right.set(xlim=(0, 1.4 * UPDATES), yscale="log", ylim=(1e-4, 20), xticks=(0, 100, 200, 300))
        return Scene([left, right])

    def react(axes: list[Axes], decay: str, beside: str, lr: float, rise: int, floor: float) -> str:
        changed = floor + (1 - floor) * DECAYS[decay](t)
        changed = np.minimum((t + 1) / max(rise, 1), 1) * changed
        factors = np.stack(np.broadcast_arrays(changed, DECAYS[beside](t)))
        rates = lr * factors[:, :, None, None]
        trace = descend(sgd, model, np.zeros((2, RUNS, 2)), UPDATES, lr=lambda i: rates[:, i])
        above = trace.loss.mean(axis=-1).T - lowest
        for ax, label, series in zip(axes, LABELS, (factors, above), strict=True):
            x = np.arange(series.shape[-1])
            named = dict(zip(LOOKS, series, strict=True))
            plots.lines(ax, x, named, ylabel=label, looks=LOOKS)
        names = (decay, beside) if decay != beside else tuple(LOOKS)
        return sentences.schedules(names, lr * factors, above, (200, UPDATES), LAST)

    return Lab(
        "Two schedules of the learning rate, and the loss under each", scene, react, **controls
    )
