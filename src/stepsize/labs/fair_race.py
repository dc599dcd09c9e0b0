"""The lab of lesson 2's race: each optimizer at every rate, after as many steps as you like."""

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..data import linear_data
from ..loop import descend
from ..models import LinearRegression
from ..optimizers import adam, momentum, sgd
from . import sentences
from .controls import list_slider
from .lab import Lab, Scene, panels

RULES, RATES = (sgd, momentum, adam), np.logspace(-4, 1, 41)
START = (0.42, 0.186, -0.036, 0.376, 0.13)  # as in the lesson, drawn as PyTorch draws weights
STEPS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320)
LOW, TOP = 0.005, 50.0  # the losses that both pictures show


def fair_race() -> Lab:
    """The loss against the learning rate after some steps, and the lowest at each step."""
    model = LinearRegression(*linear_data(), batch_size=32)
    losses = {
        rule.__name__: descend(rule, model, START, STEPS[-1], lr=RATES[:, None]).loss
        for rule in RULES
    }
    controls = dict(steps=list_slider("steps", STEPS, value=20))

    def scene() -> Scene:
        left, right = panels(2)
        plots.curve(left, [], [], "learning rate")
        left.set(xscale="log", yscale="log", xlim=(RATES[0], RATES[-1]), ylim=(LOW, TOP))
        plots.losses(right, {name: np.nanmin(loss, axis=1) for name, loss in losses.items()})
        right.set(xscale="log", xlim=(1, 8000), ylim=(LOW, TOP), ylabel="loss at the best rate")
        return Scene([left, right])

    def react(axes: list[Axes], steps: int) -> str:
        now = {name: loss[steps] for name, loss in losses.items()}
        for name, loss in now.items():  # their names are in the right picture
            color, dash, marker = plots.look(name)
            axes[0].plot(RATES, loss, color=color, ls=dash, lw=2, marker=marker, markevery=5, ms=6)
        axes[1].axvline(steps, color=plots.GREY, lw=1)
        return sentences.fair_race(now, RATES, steps)

    title = "The loss for each optimizer and learning rate, and the lowest of them at each step"
    return Lab(title, scene, react, **controls)
