"""The lab of lesson 10: a range test, beside the sweep it saves you."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..clinic import RangeTest, find_lr
from ..loop import descend
from ..models import LinearRegression
from ..optimizers import adam, momentum, sgd
from . import sentences
from .controls import dropdown, list_slider
from .lab import Lab, Scene, panels

RATES, UPDATES, LAST = np.geomspace(1e-4, 10, 31), 300, 20  # sweep; in a run; judged
START = np.zeros(4)


def uneven_line(batch_size: int = 16) -> LinearRegression:
    """Linear regression on four features, the widest ten times as wide as the narrowest."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(512, 4)) * [1.0, 0.5, 0.2, 0.1]
    return LinearRegression(X, X @ [1.0, -2.0, 3.0, 5.0] + 0.1 * rng.normal(size=512), batch_size)


def ends(rule: Any, rates: np.ndarray) -> np.ndarray:
    """The loss at the end of a full run at each of the rates."""
    trace = descend(rule, uneven_line(), START, UPDATES, lr=rates[:, None])
    return trace.loss[-LAST:].mean(axis=0)


def range_test() -> Lab:
    """The loss while the rate grows, the rate it suggests, and full runs at every rate."""
    model = uneven_line()
    rules = {"SGD": sgd, "momentum": momentum, "Adam": adam}
    controls = dict(
        rule=dropdown("optimizer", list(rules.items())),
        steps=list_slider("updates", (40, 80, 150, 300, 600), value=150),
    )

    def scene(rule: Any) -> Scene:
        left, right = panels(2)
        plots.curve(left, [], [], "learning rate", "loss in the test, smoothed")
        left.set(xscale="log", yscale="log", xlim=(1e-4, 10), ylim=(0.005, 100))
        plots.curve(right, RATES, ends(rule, RATES), "learning rate", "loss after a full run")
        right.set(xscale="log", yscale="log", xlim=(1e-4, 10), ylim=(0.005, 100))
        return Scene([left, right])

    def react(axes: list[Axes], rule: Any, steps: int) -> str:
        found = find_lr(rule, model, START, lr_min=1e-4, lr_max=10.0, steps=steps)
        axes[0].plot(found.lr, found.loss, color=plots.GREY, lw=0.8)
        axes[0].plot(found.lr, found.smoothed, color=plots.look("sgd").color, lw=2)
        return _judge(axes, rule, found)

    return Lab("A range test, and the full runs at every rate", scene, react, **controls)


def _judge(axes: list[Axes], rule: Any, found: RangeTest) -> str:
    """Draw the suggestion into both pictures, and say how a full run at that rate ends."""
    if found.suggestion is None:
        return sentences.range_test(found, np.nan, np.nan)
    all_ends = ends(rule, np.append(RATES, found.suggestion))
    for ax in axes:
        ax.axvline(found.suggestion, color=plots.ORANGE, ls=plots.DASHED, lw=2)
    return sentences.range_test(found, all_ends[-1], np.nanmin(all_ends))
