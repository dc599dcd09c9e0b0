"""What the labs in a page are made of: scripts with data, small pictures, looks, controls."""

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

from stepsize import plots
from stepsize.labs.lab import Lab

__all__ = ["about", "choice", "look", "picture", "png", "script"]

COLORS = 96  # in a map: enough to keep letters smooth


def script(path: Path, name: str, data: Any) -> None:
    """A file that gives the page these data, under this name."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"stepsize.recorded[{json.dumps(name)}] = {text};\n", encoding="utf-8")


def picture(scene: bytes) -> str:
    return b64encode(png(scene)).decode()


def png(picture: bytes) -> bytes:
    """The same picture with a small palette, which makes it a third as large."""
    small = BytesIO()
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(COLORS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()


def look(look: plots.Look) -> dict[str, Any]:
    _, dashes = Line2D([], [], ls=look.dash, lw=2)._dash_pattern
    shape = MarkerStyle(look.marker)
    polygons = shape.get_path().transformed(shape.get_transform()).to_polygons()
    polygon = polygons[0] if polygons else np.empty((0, 2))  # empty for a line without markers
    outline = np.diff(2 * polygon * (1, -1), axis=0, prepend=0).round(3).tolist()
    return dict(color=look.color, dash=list(dashes or ()), marker=outline)


def about(lab: Lab) -> dict[str, Any]:
    """What the page has to know about any lab."""
    pixels = lab.scene.figure.dpi / 72
    return dict(title=lab.title, geometry=lab.scene.geometry(), pixels=pixels, font=plots.SIZE)


def choice(
    name: str,
    label: str,
    kind: str,
    values: Sequence[Any],
    value: Any,
    options: Sequence[str] | None = None,
    hyper: bool = False,
) -> dict[str, Any]:
    """A control for labs.js: its values, their labels, and where it starts."""
    called = options or [each if isinstance(each, str) else f"{each:.3g}" for each in values]
    index = [*values].index(value)
    return dict(
        name=name,
        label=label,
        kind=kind,
        values=[*values],
        options=[*called],
        index=index,
        hyper=hyper,
    )
