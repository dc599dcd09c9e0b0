"""The lab of lesson 8: warmup against peak rate, as a map of real trainings."""

import asyncio
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes

from .. import plots
from . import words
from .controls import STYLE, list_slider
from .lab import Lab, Scene, panels
from .trainings import CHANCE, EVERY, RATES, WARMUPS, Trainings, Worker

MORE = 5  # seeds that "this cell" adds


def warmup() -> Lab:
    """The loss at the end for each peak rate and warmup; and the curves of the cell chosen."""
    known = Trainings()
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
        names = "warmup updates", "peak rate, in thousandths"
        plots.cells(left, known.medians(), WARMUPS, thousandths, CHANCE, *names)
        plots.curve(right, [0, 100], [CHANCE, CHANCE], "update", "loss")
        right.set(xlim=(0, 100), ylim=(0, 3))
        right.text(99, CHANCE + 0.06, "chance", ha="right", fontsize=plots.SIZE, color=plots.INK)
        return Scene([left, right])

    def react(axes: list[Axes], length: int, lr: float, runs: int) -> str:
        place = WARMUPS.index(length), RATES.index(lr)
        axes[0].plot(*place, "s", ms=36, mfc="none", mec="#D55E00", mew=3)
        middle = np.arange(EVERY / 2, 100, EVERY)
        for loss in known.losses((lr, length)):
            axes[1].plot(middle, loss, color="#0072B2", lw=1.5)
        return words.warmup(known.ends((lr, length)), CHANCE)

    title = "The loss at the end, for each warmup and peak rate, and the runs of one cell"
    lab = Lab(title, scene, react, **controls)
    _Panel(lab, known)
    return lab


class _Panel:
    """The buttons that train more, below the sliders. `worker`: who trains now, or None."""

    def __init__(self, lab: Lab, known: Trainings) -> None:
        self.lab, self.known = lab, known
        self.worker: Worker | None = None
        self.cell, self.all, self.stop = (
            widgets.Button(description=words, layout={"width": "auto"})
            for words in (f"train {MORE} more of this cell", "one more of every cell", "stop")
        )
        self.note = widgets.Label()
        self.stop.disabled = True
        self.cell.on_click(lambda _: self.start([self.chosen()], MORE))
        self.all.on_click(lambda _: self.start(self.known.runs, 1))
        self.stop.on_click(lambda _: self.worker and self.worker.stop())
        row = widgets.HBox([self.cell, self.all, self.stop, self.note])
        first, *rest = lab.widget.children
        lab.widget.children = (first, row, *rest)
        lab.panel = self  # type: ignore[attr-defined]  # the buttons hold it too; tests find it here

    def chosen(self) -> tuple[float, int]:
        return self.lab.controls["lr"].value, self.lab.controls["length"].value

    def start(self, cells: Any, times: int) -> None:
        if self.worker is not None:
            return
        jobs = list(self.known.next(cells, times))
        bar = self.lab.controls["runs"]  # empty now, full when all are trained
        bar.max, bar.min = len(self.known) + len(jobs), len(self.known)
        self._busy(True, "")
        later = _on_the_kernels_loop()
        try:
            self.worker = Worker(
                jobs,
                done=lambda line: later(lambda: self._one(line)),
                over=lambda said: later(lambda: self._over(said)),
            )
        except OSError as error:
            self._over(str(error))

    def _one(self, line: str) -> None:
        self.known.keep(line)
        self.lab.controls["runs"].value = len(self.known)  # which draws the map anew

    def _over(self, said: str) -> None:
        self.worker = None
        bar = self.lab.controls["runs"]
        bar.min, bar.max = 0, len(self.known)
        self._busy(False, said)

    def _busy(self, busy: bool, said: str) -> None:
        self.cell.disabled = self.all.disabled = busy
        self.stop.disabled = not busy
        self.note.value = said


def _on_the_kernels_loop() -> Callable[[Callable[[], None]], Any]:
    """How another thread has something done between two messages: Matplotlib is not for threads."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:  # no kernel
        return lambda job: job()
