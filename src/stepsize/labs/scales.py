"""The lab of lesson 4: the effective rate of a coordinate that gets gradients often or rarely."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..loop import descend
from ..optimizers import Rule, adagrad, rmsprop, sgd
from ..surfaces import Gradients
from . import sentences
from .controls import buttons, list_slider, log_slider
from .lab import Lab, Scene, panels

UPDATES = 300
LABELS = "effective learning rate", "distance moved"
LOOKS = {
    "often": plots.Look(plots.BLUE, plots.SOLID, "o"),
    "rarely": plots.Look(plots.ORANGE, plots.DASHED, "s"),
}


def scales() -> Lab:
    """Two coordinates with gradients of 1, one of them rarely: their rates, and how far they go."""
    controls = dict(
        rule=buttons("rule", [(rule.__name__, rule) for rule in (sgd, adagrad, rmsprop)]),
        lr=log_slider("learning rate", 0.1, low=-2, high=0),
        alpha=list_slider("alpha", (0.5, 0.9, 0.99), value=0.99),
        every=list_slider("rarely: 1 in", (1, 2, 5, 10, 20, 50), value=10),
    )

    def scene() -> Scene:
        left, right = panels(2)
        for ax, label in zip((left, right), LABELS, strict=True):
            plots.lines(ax, [], {}, ylabel=label)
        left.set(xlim=(0, 1.3 * UPDATES), yscale="log", ylim=(1e-3, 30))
        right.set(xlim=(0, 1.3 * UPDATES), yscale="log", ylim=(5e-3, 1e3))
        return Scene([left, right])

    def react(axes: list[Axes], rule: Rule, lr: float, alpha: float, every: int) -> str:
        controls["alpha"].disabled = rule is not rmsprop
        hyper: dict[str, Any] = {"alpha": alpha} if rule is rmsprop else {}
        asked = np.stack([np.ones(UPDATES), np.arange(UPDATES) % every == 0], axis=-1)
        trace = descend(rule, Gradients(asked), [0.0, 0.0], UPDATES, lr=lr, **hyper)
        scale = getattr(trace, "scale", np.full(asked.shape, lr))
        t = np.arange(1, UPDATES + 1)
        last = np.maximum.accumulate(np.where(asked, t[:, None] - 1, 0))  # the rates that were used
        scale = np.take_along_axis(scale, last, axis=0)
        for ax, label, series in zip(axes, LABELS, (scale, -trace.theta[1:]), strict=True):
            plots.lines(ax, t, dict(zip(LOOKS, series.T, strict=True)), ylabel=label, looks=LOOKS)
        return sentences.scales(trace)

    return Lab(
        "The effective rate of a weight that often gets a gradient, and of one that rarely does",
        scene,
        react,
        **controls,
    )
