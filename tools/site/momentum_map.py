"""The map of lesson 3 for its page: a picture for each condition number; the runs are computed."""

from pathlib import Path
from typing import Any

from stepsize import labs, plots
from stepsize.labs.lab import Lab
from stepsize.labs.ravines import LAST, STEPS, best_for
from stepsize.labs.svg import rectangle
from stepsize.optimizers import momentum
from stepsize.surfaces import quadratic

from . import assets
from .carry import memory

__all__ = ["GROUNDS", "write"]

CONDITIONS = (5, 10, 25, 50, 100)  # the lab's
GROUNDS = {each: quadratic(1.0, each, name=f"ravine_{each}") for each in CONDITIONS}
NOTE = "Computed in this page, from the lines of the rule that you write in exercise 3.1."


def write(folder: Path) -> None:
    lab = labs.momentum_map()
    condition, best = lab.controls["condition"], lab.controls["best"]
    look = assets.look(plots.look("momentum"))
    called, shown = zip(*best.options, strict=True)
    controls = [
        assets.choice("condition", condition.description, "slider", CONDITIONS, condition.value),
        assets.choice("best", best.description, "buttons", shown, best.value, called),
    ]
    data = assets.about(lab) | dict(
        controls=controls,
        rule=dict(name="momentum", memory=memory(momentum), look=look),
        ink=plots.INK,
        steps=STEPS,
        last=LAST,
        start=GROUNDS[condition.value].start,
        grounds={each: _ground(folder, lab, each) for each in CONDITIONS},
        note=NOTE,
    )
    assets.script(folder / "labs" / "momentum_map.js", "momentum_map", data)


def _ground(folder: Path, lab: Lab, condition: int) -> dict[str, Any]:
    """The data for one condition number; its picture is a file that is loaded when chosen."""
    lab.controls["condition"].value = condition
    file = f"momentum_map-{condition}.js"
    assets.script(folder / "labs" / file, file, assets.picture(lab.scene.background))
    left, right = lab.scene.axes
    return dict(
        name=GROUNDS[condition].name,
        file=file,
        reach=rectangle(left, left.bbox),
        rates=left.get_xlim(),
        momenta=left.get_ylim(),
        ball=lab.scene.ball(),
        at=lab.scene.start,
        best=best_for(condition),
        box=rectangle(right, right.bbox),
        domain=GROUNDS[condition].domain,
    )
