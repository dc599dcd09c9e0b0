"""The lab of lesson 14: width against learning rate, as a map of real trainings."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes

from .. import plots
from . import sentences
from .controls import STYLE, buttons, list_slider
from .lab import Lab, Scene, panels
from .sentences import power_of_2
from .training_panel import TrainingPanel
from .trainings import Trainings

EXPONENTS = tuple(range(-11, -2))  # the rates are these powers of 2
WIDTHS = (32, 64, 128, 256, 512, 1024)
FORMS = ("standard", "mup")
CHOOSING, JUDGING = range(5), range(5, 10)  # seeds: for every cell; for the cells that are compared
SHIPPED = Path(__file__).with_name("width.jsonl")

Cell = tuple[str, int, int]  # form, width, exponent


class Map(Trainings):
    """All trainings, by cell of the maps: (form, width, exponent) -> seed -> loss at the end."""

    def __init__(self) -> None:
        cells = [(form, w, e) for form in FORMS for w in WIDTHS for e in EXPONENTS]
        settings = "rules", "width", "log2_lr"
        super().__init__(SHIPPED, "width.jsonl", "stepsize.growth", settings, cells, _loss)

    def median(self, form: str, width: int, exponent: int) -> float:
        return float(np.median(self.of((form, width, exponent))))

    def medians(self, form: str) -> np.ndarray:
        """The map: a row for each width, a column for each rate."""
        return np.array([[self.median(form, w, e) for e in EXPONENTS] for w in WIDTHS])


def stored(form: str, width: int, exponent: int, seeds: Iterable[int] = CHOOSING) -> np.ndarray:
    """The final loss of the runs that came with the course, one per seed; not the learner's."""
    runs = map(json.loads, SHIPPED.read_text(encoding="utf-8").splitlines())
    cell = (form, width, exponent)
    ends = {r["seed"]: r["loss"] for r in runs if (r["rules"], r["width"], r["log2_lr"]) == cell}
    return np.array([ends[seed] for seed in seeds])


def _loss(run: dict[str, Any]) -> float:
    return float(run["loss"])


def width() -> Lab:
    """The loss at the end for each width and rate, in both forms; a line joins the best rates."""
    known = Map()
    controls = dict(
        form=buttons("rules", [("standard", "standard"), ("μP", "mup")]),
        wide=list_slider("width", WIDTHS, value=64),
        exponent=list_slider("rate", [(power_of_2(e), e) for e in EXPONENTS], value=-6),
        runs=widgets.IntProgress(
            len(known), min=0, max=len(known), description="runs trained", style=STYLE
        ),
    )

    def scene(runs: int) -> Scene:
        axes = panels(2)
        for ax, form, title in zip(axes, FORMS, ("standard", "μP"), strict=True):
            medians = known.medians(form)
            names = "rate (in the cells: loss × 100)", f"width ({title})"
            plots.cells(ax, 100 * medians, EXPONENTS, WIDTHS, 230, *names, low=1)
            ax.set_xticks(range(len(EXPONENTS)), [*map(power_of_2, EXPONENTS)])
            best = medians.argmin(axis=1)
            ax.plot(best, range(len(WIDTHS)), color=plots.BLUE, lw=6, alpha=0.35)
        return Scene(axes)

    def react(axes: list[Axes], form: str, wide: int, exponent: int, runs: int) -> str:
        x, y = EXPONENTS.index(exponent), WIDTHS.index(wide)
        around = np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]]) * 0.46
        for ax, each in zip(axes, FORMS, strict=True):
            color, lw = (plots.ORANGE, 3.0) if each == form else (plots.GREY, 1.5)
            ax.plot(x + around[0], y + around[1], color=color, lw=lw)
        best = min(EXPONENTS, key=lambda e: known.median(form, wide, e))
        ends = np.array(known.of((form, wide, exponent)))
        return sentences.width(form, wide, exponent, ends, best)

    title = "The loss at the end, for each width and learning rate: the standard form, and μP"
    lab = Lab(title, scene, react, **controls)
    chosen = ("form", "wide", "exponent")
    TrainingPanel(lab, known, lambda: tuple(controls[n].value for n in chosen), needs=None)
    return lab
