"""What the computed labs need besides the rules: how things look, where they are, the maps."""

import json
from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from PIL import Image

from stepsize import labs, optimizers, plots
from stepsize.labs.descent import FINE, LOW, SPLIT, SURFACES
from stepsize.labs.lab import Lab
from stepsize.labs.svg import rectangle
from stepsize.optimizers import Rule
from stepsize.surfaces import Surface

from .carry import carried, hyper, memory

__all__ = ["COMPUTED", "RULES", "png", "script", "write"]

NAMES = "sgd momentum nesterov adagrad rmsprop adam amsgrad adamw nadam radam adamax lion"
RULES = [getattr(optimizers, name) for name in NAMES.split()]  # those that have a look of their own
COMPUTED = ("playground", "learning_rate")
SLIDERS = {  # hyper-parameters that a ball's path shows, and their values
    "momentum": ("momentum", np.arange(100) / 100),
    "alpha": ("alpha", np.array([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])),
    "beta1": ("β₁", np.array([0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99])),
    "beta2": ("β₂", np.array([0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999])),
}
AT = {"momentum": 0.9, "alpha": 0.99, "beta1": 0.9, "beta2": 0.999}
COLORS = 96  # of a map: enough that no letter is frayed
MORE = "Computed in this page, from the lines of the rules that you will write."


def write(folder: Path) -> None:
    """rules.js, and the labs' files in labs/."""
    (folder / "rules.js").write_text(carried(RULES, SURFACES), encoding="utf-8")
    whole, rates = labs.playground(), labs.learning_rate()
    _write(folder, "playground", whole, RULES, SURFACES, steps=80)
    two = [value for _, value in rates.controls["surface"].options]
    split = {name: _look(look) for name, look in SPLIT.items()}
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
        script(folder / "labs" / file, file, b64encode(png(lab.scene.background)).decode())
        about[surface.name] = _surface(lab, surface) | {"file": file}
    looks = {rule.__name__: _rule(rule) for rule in rules}
    data = dict(
        title=lab.title,
        geometry=lab.scene.geometry(),
        controls=_controls(lab, rules, surfaces),
        surfaces=about,
        rules=looks,
        pixels=lab.scene.figure.dpi / 72,
        font=plots.SIZE,
        note=MORE,
        **more,
    )
    script(folder / "labs" / f"{name}.js", name, data)


def script(path: Path, name: str, data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"stepsize.recorded[{json.dumps(name)}] = {text};\n", encoding="utf-8")


def png(picture: bytes) -> bytes:
    """The same picture with few colors, a third as large: it has few."""
    small = BytesIO()
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(COLORS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()


def _surface(lab: Lab, surface: Surface) -> dict[str, Any]:
    """Where a place on this surface is in the picture."""
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
    return dict(look=_look(plots.look(rule.__name__)), memory=memory(rule), takes=takes)


def _look(look: plots.Look) -> dict[str, Any]:
    _, dashes = Line2D([], [], ls=look.dash, lw=2)._dash_pattern
    shape = MarkerStyle(look.marker)
    (polygon, *_) = shape.get_path().transformed(shape.get_transform()).to_polygons()
    outline = np.diff(2 * polygon * (1, -1), axis=0, prepend=0).round(3).tolist()
    return dict(color=look.color, dash=list(dashes or ()), marker=outline)


def _controls(lab: Lab, rules: Sequence[Rule], surfaces: Sequence[Surface]) -> list[dict[str, Any]]:
    """In the lab's order; each a list of values, with where the lab starts."""
    rates = 10 ** (LOW + FINE * np.arange(round((1 - LOW) / FINE) + 1))
    lr = int(np.abs(np.log(rates / lab.controls["lr"].value)).argmin())
    rates[lr] = lab.controls["lr"].value
    names = [rule.__name__ for rule in rules]
    grounds = [surface.name for surface in surfaces]
    controls = [_choice("surface", "surface", "select", grounds, grounds[0])]
    if len(names) > 1:
        controls += [_choice("rule", "rule", "select", names, names[0])]
    controls += [_choice("lr", "learning rate", "slider", rates.tolist(), rates[lr])]
    taken = {name for rule in rules for name in hyper(rule)}
    for name, (label, values) in SLIDERS.items():
        if name in taken:
            controls += [_choice(name, label, "slider", values.tolist(), AT[name], hyper=True)]
    return controls


def _choice(
    name: str, label: str, kind: str, values: list[Any], value: Any, hyper: bool = False
) -> dict[str, Any]:
    options = [each if isinstance(each, str) else f"{each:.3g}" for each in values]
    index = values.index(value)
    return dict(
        name=name, label=label, kind=kind, values=values, options=options, index=index, hyper=hyper
    )
