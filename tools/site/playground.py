"""The labs of lessons 0 and 1 for the page: looks, positions and maps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stepsize import labs, optimizers, plots
from stepsize.labs.descent import FINE, LOW, SPLIT, SURFACES
from stepsize.labs.lab import Lab
from stepsize.labs.svg import rectangle
from stepsize.optimizers import Rule
from stepsize.surfaces import Surface

from . import assets
from .carry import hyper, memory

__all__ = ["RULES", "write"]

NAMES = "sgd momentum nesterov adagrad rmsprop adam amsgrad adamw nadam radam adamax lion"
RULES = [getattr(optimizers, name) for name in NAMES.split()]  # those that have their own look
SLIDERS = {  # hyper-parameters that a ball's path shows, and their values
    "momentum": ("momentum", np.arange(100) / 100),
    "alpha": ("alpha", np.array([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])),
    "beta1": ("β₁", np.array([0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99])),
    "beta2": ("β₂", np.array([0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999])),
}
AT = {"momentum": 0.9, "alpha": 0.99, "beta1": 0.9, "beta2": 0.999}
MORE = "Computed in this page, with the same lines that you will write."


def write(folder: Path) -> None:
    """Write both labs with a ball, and the maps of their surfaces, into labs/."""
    whole, rates = labs.playground(), labs.learning_rate()
    _write(folder, "playground", whole, RULES, SURFACES, steps=80)
    two = [value for _, value in rates.controls["surface"].options]
    split = {name: assets.look(look) for name, look in SPLIT.items()}
    _write(folder, "learning_rate", rates, RULES[:1], two, steps=60, reveal=True, split=split)


def _write(
    folder: Path,
    name: str,
    lab: Lab,
    rules: Sequence[Rule],
    surfaces: Sequence[Surface],
    **more: Any,
) -> None:
    about = {}
    for surface in surfaces:
        lab.controls["surface"].value = surface
        file = f"{name}-{surface.name}.js"
        assets.script(folder / "labs" / file, file, assets.picture(lab.scene.background))
        about[surface.name] = _surface(lab, surface) | {"file": file}
    looks = {rule.__name__: _rule(rule) for rule in rules}
    data = assets.about(lab) | dict(
        controls=_controls(lab, rules, surfaces),
        surfaces=about,
        rules=looks,
        note=MORE,
        **more,
    )
    assets.script(folder / "labs" / f"{name}.js", name, data)


def _surface(lab: Lab, surface: Surface) -> dict[str, Any]:
    """Where a point on this surface is in the picture."""
    left, right = lab.scene.axes
    return dict(
        minimum=surface.minimum,
        domain=surface.domain,
        start=surface.start,
        curvature=surface.curvature,
        ball=lab.scene.ball(),
        reach=rectangle(left, left.bbox),
        box=rectangle(right, right.bbox),
        xlim=right.get_xlim(),
        ylim=right.get_ylim(),
    )


def _rule(rule: Rule) -> dict[str, Any]:
    takes = ["lr", *(name for name in SLIDERS if name in hyper(rule))]
    return dict(look=assets.look(plots.look(rule.__name__)), memory=memory(rule), takes=takes)


def _controls(lab: Lab, rules: Sequence[Rule], surfaces: Sequence[Surface]) -> list[dict[str, Any]]:
    """The controls in the lab's order, each a list of values, with where the lab starts."""
    rates = 10 ** (LOW + FINE * np.arange(round((1 - LOW) / FINE) + 1))
    lr = int(np.abs(np.log(rates / lab.controls["lr"].value)).argmin())
    rates[lr] = lab.controls["lr"].value
    names = [rule.__name__ for rule in rules]
    grounds = [surface.name for surface in surfaces]
    controls = [assets.choice("surface", "surface", "select", grounds, grounds[0])]
    if len(names) > 1:
        controls += [assets.choice("rule", "rule", "select", names, names[0])]
    controls += [assets.choice("lr", "learning rate", "slider", rates.tolist(), rates[lr])]
    taken = {name for rule in rules for name in hyper(rule)}
    for name, (label, values) in SLIDERS.items():
        if name in taken:
            controls += [
                assets.choice(name, label, "slider", values.tolist(), AT[name], hyper=True)
            ]
    return controls
