"""The second lab of lesson 13 for its page: the gradient's singular values, and the sliders."""

from pathlib import Path
from typing import Any

import numpy as np

from stepsize import labs, plots
from stepsize.labs.matrices import layers_gradient
from stepsize.labs.svg import rectangle

from . import assets

__all__ = ["write"]

NOTE = "Computed in this page, from the lines of the package."


def write(folder: Path) -> None:
    lab = labs.newton_schulz()
    values = np.linalg.svd(layers_gradient(), compute_uv=False)
    data = assets.about(lab) | dict(
        background=assets.picture(lab.scene.background),
        controls=[_control(name, control) for name, control in lab.controls.items()],
        look=assets.look(plots.look("muon")),
        values=(values / np.sqrt((values**2).sum())).tolist(),
        at=np.geomspace(1e-3, 1, 200).tolist(),
        axes=[
            dict(box=rectangle(ax, ax.bbox), xlim=ax.get_xlim(), ylim=ax.get_ylim())
            for ax in lab.scene.axes
        ],
        note=NOTE,
    )
    assets.script(folder / "labs" / "newton_schulz.js", "newton_schulz", data)


def _control(name: str, control: Any) -> dict[str, Any]:
    """The same as in the lab."""
    if name == "steps":
        return assets.choice(name, control.description, "slider", control.options, control.value)
    called, values = zip(*control.options, strict=True)
    kind = "buttons" if name == "begin" else "slider"
    return assets.choice(name, control.description, kind, values, control.value, called)
