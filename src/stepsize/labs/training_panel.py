"""Buttons below a lab that train more of what it shows, and a bar for the progress."""

import asyncio
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from ..frameworks.side_by_side import installed
from .lab import Lab
from .trainings import Trainings, Worker

MORE = 5  # seeds that "this cell" adds


class TrainingPanel:
    """The buttons that train more, below the sliders. `worker`: who trains now, or None.

    known: what is shown. chosen(): the cell that the controls select. needs: the library that
    trains, if any. The lab has a control `runs`, a progress bar, which also redraws the lab when
    a training is done.
    """

    def __init__(
        self,
        lab: Lab,
        known: Trainings,
        chosen: Callable[[], tuple[Any, ...]],
        needs: str | None = "torch",
    ) -> None:
        self.lab, self.known, self.chosen = lab, known, chosen
        self.worker: Worker | None = None
        self.cell, self.all, self.stop = (
            widgets.Button(description=words, layout={"width": "auto"})
            for words in (f"train {MORE} more of this cell", "one more of every cell", "stop")
        )
        self.note = widgets.Label()
        self.stop.disabled = True
        if needs and not installed(needs):
            self.cell.disabled = self.all.disabled = True
            self.note.value = "Training more needs PyTorch, which isn't installed here."
        self.cell.on_click(lambda _: self.start([self.chosen()], MORE))
        self.all.on_click(lambda _: self.start(self.known.runs, 1))
        self.stop.on_click(lambda _: self.worker and self.worker.stop())
        row = widgets.HBox([self.cell, self.all, self.stop, self.note])
        first, *rest = lab.widget.children
        lab.widget.children = (first, row, *rest)
        lab.panel = self  # type: ignore[attr-defined]  # the buttons hold it too; tests find it here

    def start(self, cells: Any, times: int) -> None:
        if self.worker is not None:
            return
        jobs = list(self.known.next(cells, times))
        bar = self.lab.controls["runs"]  # empty now, full when all jobs are done
        bar.max, bar.min = len(self.known) + len(jobs), len(self.known)
        self._busy(True, "")
        later = _on_the_kernels_loop()
        try:
            self.worker = Worker(
                self.known.module,
                jobs,
                done=lambda line: later(lambda: self._one(line)),
                over=lambda said: later(lambda: self._over(said)),
            )
        except OSError as error:
            self._over(str(error))

    def _one(self, line: str) -> None:
        self.known.keep(line)
        self.lab.controls["runs"].value = len(self.known)  # which redraws the map

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
    """Lets a thread run something between two messages, because Matplotlib isn't thread-safe."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:  # no kernel
        return lambda job: job()
