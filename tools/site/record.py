"""Labs that the page doesn't compute, recorded over a grid of their controls.

Lab.update() is run for every setting of a coarse grid, and what it shows is stored, each piece of
SVG once. The page replays it: `replay` in labs.js. Every lab starts where it starts in the course.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ipywidgets as widgets
import numpy as np

from stepsize import labs
from stepsize.labs.controls import Again
from stepsize.labs.lab import Lab

from . import assets

__all__ = ["GRIDS", "Grid", "write"]

PIECE = re.compile(r"<path[^>]*/>|<g.*?</g>|<text.*?</text>|<svg[^>]*>|</svg>")


class Grid(NamedTuple):
    """A lab, and what is recorded of it. For a control that isn't named, all values are recorded.

    more: what the course itself offers in addition, as a sentence under the lab.
    """

    lab: Callable[[], Lab]
    more: str
    values: dict[str, Sequence[Any]] = {}  # noqa: RUF012  (shared, and written to by nobody)


def steps(low: float, high: float, step: float) -> list[float]:
    return np.round(np.arange(low, high + step / 2, step), 10).tolist()


RATES = steps(0.05, 1, 0.05) + steps(1.1, 2.5, 0.1) + steps(2.75, 5, 0.25)  # with all borders
FINER = "This is a recording. In the course itself the sliders are finer"
GRIDS = {
    "parabola": Grid(labs.parabola, f"{FINER}.", {"lr": RATES}),
    "parabola-reveal-True": Grid(lambda: labs.parabola(reveal=True), f"{FINER}.", {"lr": RATES}),
    "batches": Grid(
        labs.batches,
        f"{FINER}, and you can drag the ball and shuffle as often as you like.",
        {"lr": [0.01, 0.05, 0.1, 0.3, 1.0], "seed": range(2)},
    ),
    "escape": Grid(
        labs.escape,
        f"{FINER}, and you can shuffle as often as you like.",
        {"lr": [0.02, 0.05, 0.1, 0.2, 0.5], "seed": range(4)},
    ),
    "scales": Grid(labs.scales, f"{FINER}.", {"lr": [0.03, 0.1, 0.3, 1.0]}),
    "decay": Grid(
        labs.decay,
        f"{FINER}.",
        {
            "small": [0.001, 0.01, 0.1, 1.0, 10.0],
            "lr": [0.001, 0.01, 0.03],
            "weight_decay": [0.001, 0.01, 0.1, 0.3, 1.0, 3.0],
        },
    ),
    "fair_race": Grid(labs.fair_race, "This is a recording of all its settings."),
    "turned_ravine": Grid(
        labs.turned_ravine,
        f"{FINER}.",
        {
            "angle": [0, 5, 15, 30, 45, 90],
            "lr": [10**x for x in (-1.6, -1.15, -1, -0.5, 0, 0.7, 1)],
        },
    ),
    "width": Grid(labs.width, "In the course itself you can train five more runs of any cell."),
    "microscope": Grid(
        labs.microscope,
        f"{FINER}, and you can change the rate and the number of updates.",
        {"beta1": [0, 0.5, 0.9, 0.99], "beta2": [0.9, 0.99, 0.999], "lr": [0.1], "updates": [50]},
    ),
    "forgetting": Grid(labs.forgetting, "This is a recording of all its settings."),
    "schedule": Grid(
        labs.schedule,
        f"{FINER}, and you can put any two schedules side by side.",
        {"beside": ["constant"], "lr": [0.03, 0.1, 0.3], "rise": [0, 20, 50], "floor": [0.0, 0.1]},
    ),
    "warmup": Grid(
        labs.warmup, "In the course itself you can train five more runs of any cell (with PyTorch)."
    ),
    "race": Grid(
        labs.race, "In the course itself you can train five more runs of any cell (with PyTorch)."
    ),
    "range_test": Grid(labs.range_test, "This is a recording of all its settings."),
}


def write(folder: Path, name: str) -> None:
    """Record one lab into labs/NAME.js."""
    assets.script(folder / "labs" / f"{name}.js", name, recorded(GRIDS[name]))


def recorded(grid: Grid) -> dict[str, Any]:
    """Everything labs.js needs to replay a lab."""
    lab = grid.lab()
    values = {
        name: _values(control, grid.values.get(name)) for name, control in lab.controls.items()
    }
    controls = [_control(control, values[name]) for name, control in lab.controls.items()]
    pieces, sentences, scenes = _Numbered(), _Numbered(), _Numbered()
    frames = []
    for setting in itertools.product(*values.values()):
        for control, value in zip(lab.controls.values(), setting, strict=True):
            control.value = value
        shown = lab.picture.shown
        marks = [[pieces[piece] for piece in PIECE.findall(mark)] for mark in shown["marks"]]
        frames.append([sentences[shown["sentence"]], scenes[lab.scene.background], *marks])
    return dict(
        title=lab.title,
        geometry=lab.scene.geometry(),
        controls=controls,
        frames=frames,
        pieces=[*pieces],
        sentences=[*sentences],
        scenes=[assets.picture(scene) for scene in scenes],
        note=grid.more,
    )


class _Numbered(dict[Any, int]):
    """Each thing's number, in order of first appearance."""

    def __missing__(self, thing: Any) -> int:
        self[thing] = len(self)
        return self[thing]


def _values(control: Any, wanted: Sequence[Any] | None) -> list[Any]:
    """A control's options, in order; if it isn't a choice, its value."""
    if wanted is not None:
        return [*wanted]
    options = getattr(control, "options", [(None, control.value)])
    return [option[1] if isinstance(option, tuple) else option for option in options]


def _control(control: Any, values: Sequence[Any]) -> dict[str, Any]:
    """A control as labs.js shows it. One with a single value isn't shown."""
    names = {_key(o[1]): o[0] for o in getattr(control, "options", []) if isinstance(o, tuple)}
    options = [names.get(_key(value)) or f"{value:.3g}" for value in values]
    label = control.description
    return dict(
        label=label,
        kind=_kind(control, values),
        options=options,
        index=[*values].index(control.value),
    )


def _key(value: Any) -> Any:
    return value if isinstance(value, bool | str) or callable(value) else float(value)


def _kind(control: Any, values: Sequence[Any]) -> str:
    if len(values) == 1:
        return "fixed"
    if isinstance(control, Again):
        return "again"
    if isinstance(control, widgets.ToggleButtons):
        return "buttons"
    return "select" if isinstance(control, widgets.Dropdown) else "slider"
