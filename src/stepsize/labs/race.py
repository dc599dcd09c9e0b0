"""The lab of lesson 9: the loss at the end against the rate, for four optimizers on three tasks."""

from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..race import EVERY, OPTIMIZERS, RATES, SHIPPED, TASKS, Cell, Ran, read
from . import sentences
from .controls import STYLE, dropdown, list_slider
from .lab import Lab, Scene, panels
from .training_panel import TrainingPanel
from .trainings import Trainings

TOP = 5.0  # of both pictures: a run that diverges leaves them there
BAND = 0.27  # the part of the left picture's height kept free for names, below the lowest loss


class Races(Trainings):
    """All trainings, by cell: (task, optimizer, rate) -> seed -> its result."""

    def __init__(self) -> None:
        cells = [(task, name, lr) for task in TASKS for name in OPTIMIZERS for lr in RATES]
        settings = "task", "optimizer", "lr"
        super().__init__(SHIPPED, "race.jsonl", "stepsize.race", settings, cells, read)

    def ends(self, cell: Cell) -> np.ndarray:
        """The losses on validation examples, one per seed; infinity for a run that diverged."""
        ends = np.array([run.val for run in self.of(cell)])
        return np.where(np.isfinite(ends), ends, np.inf)

    def means(self, task: str, optimizer: str) -> np.ndarray:
        """The mean loss at each rate."""
        return np.array([self.ends((task, optimizer, lr)).mean() for lr in RATES])


def race() -> Lab:
    """The mean loss at the end for each optimizer and rate, and the runs of the chosen cell."""
    known = Races()
    controls = dict(
        task=dropdown("model", [(f"{task}, {n} updates", task) for task, n in TASKS.items()]),
        optimizer=dropdown("optimizer", [(name, name) for name in OPTIMIZERS]),
        lr=list_slider("learning rate", RATES, value=0.01),
        runs=widgets.IntProgress(
            len(known), min=0, max=len(known), description="runs trained", style=STYLE
        ),
    )

    def scene(task: str, runs: int) -> Scene:
        left, right = panels(2)
        means = {name: known.means(task, name) for name in OPTIMIZERS}
        lowest = min(mean.min() for mean in means.values())
        for name, mean in means.items():
            color, dash, marker = plots.look(name)
            kept = np.minimum(mean, 10 * TOP)  # a diverged run leaves the picture at its top
            left.plot(RATES, kept, color=color, ls=dash, marker=marker, ms=5, lw=1.8, label=name)
        plots.curve(left, [], [], "learning rate", "loss at the end")
        bottom = lowest * (lowest / TOP) ** (BAND / (1 - BAND))
        left.set(xscale="log", yscale="log", xlim=(7e-4, 4.5), ylim=(bottom, TOP))
        left.legend(loc="lower center", ncols=2, frameon=False, fontsize=12, handlelength=3)
        plots.curve(right, [], [], "update", "loss of the batches")
        right.set(yscale="log", xlim=(0, TASKS[task]), ylim=(lowest / 5, TOP))
        return Scene([left, right])

    def react(axes: list[Axes], task: str, optimizer: str, lr: float, runs: int) -> str:
        color = plots.look(optimizer).color
        ends = known.ends((task, optimizer, lr))
        axes[0].axvline(lr, ymin=BAND, color=plots.GREY, lw=1)
        axes[0].plot([lr] * len(ends), np.minimum(ends, TOP), "o", ms=9, mfc="none", mec=color)
        for run in known.of((task, optimizer, lr)):
            axes[1].plot(*_curve(run), color=color, lw=1.5)
        means = known.means(task, optimizer)
        return sentences.race(optimizer, lr, ends, RATES[means.argmin()], means.min())

    title = "The loss at the end, for each optimizer and learning rate, and the runs of one cell"
    lab = Lab(title, scene, react, **controls)
    TrainingPanel(lab, known, lambda: tuple(controls[name].value for name in known.settings))
    return lab


def _curve(run: Ran) -> tuple[Any, Any]:
    """The visible part of a run, up to where it diverged."""
    loss = np.array(run.loss)
    return (np.arange(len(loss)) + 0.5)[np.isfinite(loss)] * EVERY, loss[np.isfinite(loss)]
