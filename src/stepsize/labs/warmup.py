"""The lab of lesson 8: warmup against peak rate, as a map of real trainings."""

import json
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes

from .. import plots
from . import sentences
from .controls import STYLE, list_slider
from .lab import Lab, Scene, panels
from .training_panel import TrainingPanel
from .trainings import Trainings

CHANCE = float(np.log(8))  # the loss of a blind guess among eight symbols
RATES = (0.001, 0.002, 0.004, 0.0055, 0.0075, 0.0105, 0.015, 0.03)
WARMUPS = (0, 5, 10, 20, 40, 80)
CHOOSING, JUDGING = range(5), range(5, 25)  # seeds: for every cell; for the two that are compared
EVERY = 5  # updates, whose mean loss is one number in the file
SHIPPED = Path(__file__).with_name("warmup.jsonl")

Cell = tuple[float, int]


class Map(Trainings):
    """All trainings, by cell of the map: (rate, warmup) -> seed -> losses."""

    def __init__(self) -> None:
        cells = [(lr, length) for lr in RATES for length in WARMUPS]
        settings = "lr", "warmup"
        super().__init__(SHIPPED, "warmup.jsonl", "stepsize.transformer", settings, cells, _losses)

    def losses(self, cell: Cell) -> np.ndarray:
        """One row per seed."""
        return np.array(self.of(cell))

    def ends(self, cell: Cell) -> np.ndarray:
        """The mean loss of the last ten updates, one per seed."""
        return self.losses(cell)[:, -2:].mean(axis=1)

    def medians(self) -> np.ndarray:
        """The map: a row for each rate, a column for each warmup."""
        return np.array([[np.median(self.ends((lr, n))) for n in WARMUPS] for lr in RATES])


def stored(lr: float, warmup: int, seeds: range = CHOOSING) -> np.ndarray:
    """The final loss of the runs that came with the course, one per seed; not the learner's."""
    runs = map(json.loads, SHIPPED.read_text(encoding="utf-8").splitlines())
    cell = [run for run in runs if (run["lr"], run["warmup"]) == (lr, warmup)]
    ends = {run["seed"]: np.mean(run["loss"][-2:]) for run in cell}
    return np.array([ends[seed] for seed in seeds])


def _losses(run: dict[str, Any]) -> list[float]:
    loss = [float(value) for value in run["loss"]]
    if len(loss) != 100 // EVERY:
        raise ValueError(f"a run has {100 // EVERY} losses, not {len(loss)}")
    return loss


def warmup() -> Lab:
    """The loss at the end for each peak rate and warmup, and the curves of the chosen cell."""
    known = Map()
    controls = dict(
        length=list_slider("warmup", WARMUPS, value=0),
        lr=list_slider("peak rate", RATES, value=0.015),
        runs=widgets.IntProgress(
            len(known), min=0, max=len(known), description="runs trained", style=STYLE
        ),
    )

    def scene(runs: int) -> Scene:
        left, right = panels(2)
        thousandths = [round(1000 * lr, 1) for lr in RATES]  # short, so that the label has room
        names = "warmup updates (in the cells: loss × 1000)", "peak rate × 1000"
        medians = 1000 * known.medians()
        plots.cells(left, medians, WARMUPS, thousandths, 1000 * CHANCE, *names, low=1)
        plots.curve(right, [0, 100], [CHANCE, CHANCE], "update", "loss")
        right.set(xlim=(0, 100), yscale="log", ylim=(0.0005, 5))
        right.text(99, CHANCE * 1.1, "chance", ha="right", fontsize=plots.SIZE, color=plots.INK)
        return Scene([left, right])

    def react(axes: list[Axes], length: int, lr: float, runs: int) -> str:
        x, y = WARMUPS.index(length), RATES.index(lr)
        around = np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]]) * 0.46
        axes[0].plot(x + around[0], y + around[1], color=plots.ORANGE, lw=3)
        middle = np.arange(EVERY / 2, 100, EVERY)
        for loss in known.losses((lr, length)):
            axes[1].plot(middle, loss, color=plots.BLUE, lw=1.5)
        return sentences.warmup(known.ends((lr, length)), CHANCE)

    title = "The loss at the end, for each warmup and peak rate, and the runs of one cell"
    lab = Lab(title, scene, react, **controls)
    TrainingPanel(lab, known, lambda: (controls["lr"].value, controls["length"].value))
    return lab
