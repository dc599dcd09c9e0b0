"""The labs of lesson 6: which weight shrinks how much, and what a short memory forgets."""

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..loop import descend
from ..optimizers import adam, adamw, amsgrad, sgd
from ..surfaces import Gradients
from . import sentences
from .controls import list_slider, log_slider
from .lab import Lab, Scene, panels

UPDATES = 300  # in a run, an even number, because each gradient undoes the one before
FLIP = np.where(np.arange(UPDATES) % 2 == 0, 1.0, -1.0)[:, None]
LARGE = 10.0
WEIGHTS = ("weight A", "weight B")

RULES = {"SGD": sgd, "Adam + L2": adam, "AdamW": adamw}
LOOKS = {name: plots.look(rule.__name__) for name, rule in RULES.items()}

DECAYS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)
PERIODS, BETAS = (3, 5, 11, 21, 31, 51, 101), (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


def decay() -> Lab:
    """Two weights whose gradients lead nowhere: what is left of each, under three rules."""
    controls = dict(
        small=log_slider("gradients of B", 0.1, low=-3, high=1, fine=0.25),
        lr=log_slider("learning rate", 0.01, low=-3, high=-1.5, fine=0.1),
        weight_decay=list_slider("weight decay", DECAYS, value=0.3),
    )

    def scene() -> Scene:
        axes = panels(2)
        for ax, name in zip(axes, WEIGHTS, strict=True):
            plots.lines(ax, [], {}, ylabel=name)
            ax.plot([0, UPDATES], [0, 0], color=plots.GREY, lw=0.8)
            ax.set(xlim=(0, 1.5 * UPDATES), ylim=(-0.15, 1.15))
            ax.set_xticks(np.linspace(0, UPDATES, 3))
        return Scene(axes)

    def react(axes: list[Axes], small: float, lr: float, weight_decay: float) -> str:
        given = Gradients(FLIP * [LARGE, small])
        chosen = dict(lr=lr, weight_decay=weight_decay)
        paths = {
            name: descend(rule, given, [1.0, 1.0], UPDATES, **chosen).theta[::2]
            for name, rule in RULES.items()
        }
        updates = np.arange(0, UPDATES + 1, 2)
        for i, (ax, size) in enumerate(zip(axes, (LARGE, small), strict=True)):
            drawn = {name: path[:, i] for name, path in paths.items()}
            plots.lines(ax, updates, drawn, ylabel=WEIGHTS[i], looks=LOOKS)
            ax.text(20, 1.08, f"gradients of ±{size:.3g}", fontsize=plots.SIZE, color=plots.GREY)
        return sentences.decay({name: path[-1] for name, path in paths.items()}, UPDATES)

    title = "Two weights at each update, under SGD, Adam with L2, and AdamW"
    return Lab(title, scene, react, **controls)


def forgetting(updates: int = 404) -> Lab:
    """One large gradient, then many small ones the other way: Adam against AMSGrad."""
    controls = dict(
        period=list_slider("large one in", PERIODS, value=31),
        beta2=list_slider("β₂", BETAS, value=0.9),
    )

    def scene() -> Scene:
        left, right = panels(2)
        plots.lines(left, [], {}, ylabel="θ / lr")
        plots.lines(right, [], {}, ylabel="effective rate / lr")
        left.plot([0, updates], [0, 0], color=plots.GREY, lw=0.8)
        left.set(xlim=(0, 1.45 * updates), ylim=(-200, 700))
        left.set_yscale("symlog", linthresh=10)
        left.set_yticks([-10, 0, 10, 100], ["−10", "0", "10", "100"])
        right.set(xlim=(0, 1.45 * updates), yscale="log", ylim=(3e-3, 3))
        for ax in (left, right):
            ax.set_xticks([0, updates // 200 * 100, updates // 200 * 200])
        return Scene([left, right])

    def react(axes: list[Axes], period: int, beta2: float) -> str:
        given = one_in(period, updates)
        runs = {
            rule.__name__: descend(rule, given, [0.0], updates, lr=1.0, beta1=0.0, beta2=beta2)
            for rule in (adam, amsgrad)
        }
        t = np.arange(updates + 1)
        places = {name: run.theta[:, 0] for name, run in runs.items()}
        scales = {name: run.scale[:, 0] for name, run in runs.items()}
        plots.lines(axes[0], t, places, ylabel="θ / lr")
        plots.lines(axes[1], t[1:], scales, ylabel="effective rate / lr")
        return sentences.forgetting(runs, period)

    title = "Where Adam and AMSGrad go, and their effective learning rate, at each update"
    return Lab(title, scene, react, **controls)


def one_in(period: int, updates: int) -> Gradients:
    """Gradients of -1, except for the first in each `period`, which is `period`: their mean is > 0.

    Source: Reddi, Kale & Kumar (2018), arXiv:1904.09237, with C = period.
    """
    return Gradients(np.where(np.arange(updates) % period == 0, float(period), -1.0))
