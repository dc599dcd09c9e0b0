"""Matplotlib's lines and texts as SVG: the moving parts, in a few kilobytes, without redrawing.

Coordinates are the figure's pixels, counted from the top, so that the SVG fits over a picture of
the figure. Only what labs draw is known here; anything else raises TypeError.
"""

from collections.abc import Iterable
from html import escape

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

FAR = 20  # in sizes of the axes: points further out than this are pulled in toward the middle

MARKERS = {  # paths relative to the point, for a radius of 1
    "o": "m-{0} 0a{0} {0} 0 1 0 {1} 0a{0} {0} 0 1 0 -{1} 0",
    "s": "m-{0} -{0}h{1}v{1}h-{1}z",
    "D": "m0 -{1}l{1} {1}l-{1} {1}l-{1} -{1}z",
    "+": "m-{0} 0h{1}m-{0} -{0}v{1}",
    "^": "m0 -{0}l{0} {1}h-{1}z",
}

ANCHORS = {"left": "start", "center": "middle", "right": "end"}
BASELINES = {"center": "central", "top": "hanging"}


def svg(ax: Axes, artists: Iterable[Artist]) -> str:
    """The lines, cut off at the axes' borders, and the texts, which may be outside."""
    ordered = sorted(artists, key=lambda artist: artist.get_zorder())
    x, y, w, h = (f"{number:.1f}" for number in rectangle(ax, ax.bbox))
    lines = "".join(_line(ax, artist) for artist in ordered if not isinstance(artist, Text))
    texts = "".join(_text(ax, artist) for artist in ordered if isinstance(artist, Text))
    place = f'x="{x}" y="{y}" width="{w}" height="{h}" viewBox="{x} {y} {w} {h}"'
    return f"<svg {place}>{lines}</svg>{texts}"


def rectangle(ax: Axes, area: BboxBase) -> tuple[float, float, float, float]:
    """x, y, width, height of an area in pixels, counted from the top."""
    return area.x0, _height(ax) - area.y1, area.width, area.height


def _height(ax: Axes) -> float:
    return ax.get_figure(root=True).bbox.height  # type: ignore[union-attr]


def _points(ax: Axes, size: float) -> float:
    """A length in points, in pixels."""
    return size * ax.get_figure(root=True).dpi / 72  # type: ignore[union-attr]


def _line(ax: Axes, line: Artist) -> str:
    if not isinstance(line, Line2D):
        raise TypeError(f"a lab can show lines and texts, not {type(line).__name__}")
    if np.size(line.get_xydata()) == 0:
        return ""
    xy = _pixels(ax, line)
    return _stroke(ax, line, xy) + _markers(ax, line, xy[:: line.get_markevery() or 1])


def _pixels(ax: Axes, line: Line2D) -> np.ndarray:
    """The points of a line in pixels, (n, 2); nan if there is no such place."""
    middle, size = ax.bbox.get_points().mean(axis=0), ax.bbox.size
    with np.errstate(all="ignore"):
        from_middle = (line.get_transform().transform(line.get_xydata()) - middle) / size
        out = np.abs(from_middle).max(axis=-1, keepdims=True) / FAR
        xy = middle + from_middle / np.maximum(out, 1) * size
    xy[~np.isfinite(xy).all(axis=-1)] = np.nan
    return np.stack([xy[:, 0], _height(ax) - xy[:, 1]], axis=-1)


def _stroke(ax: Axes, line: Line2D, xy: np.ndarray) -> str:
    if line.get_linestyle() == "None":
        return ""
    path, pen = [], "M"
    for x, y in xy.tolist():
        path.append(f"{pen}{x:.1f} {y:.1f}" if x == x else "")
        pen = "L" if x == x else "M"
    _, dashes = line._dash_pattern  # type: ignore[attr-defined]  # get_linestyle() knows names only
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="{to_hex(line.get_color())}" '
        f'stroke-width="{_points(ax, line.get_linewidth()):.1f}" stroke-linejoin="round" '
        f'stroke-dasharray="{" ".join(f"{_points(ax, dash):.1f}" for dash in dashes or ())}" '
        f'opacity="{line.get_alpha() or 1}"/>'
    )


def _markers(ax: Axes, line: Line2D, xy: np.ndarray) -> str:
    shape = MARKERS.get(str(line.get_marker()))
    if shape is None:
        return ""
    radius = _points(ax, line.get_markersize() / 2)
    shape = shape.format(f"{radius:.1f}", f"{2 * radius:.1f}")
    paths = [f"M{x:.1f} {y:.1f}{shape}" for x, y in xy.tolist() if x == x]
    if (
        not line.get_markeredgewidth()
    ):  # one by one, each marker and its edge would cover the one before
        paths = ["".join(paths)]
    fill = line.get_markerfacecolor()
    return (
        f'<g fill="{fill if fill == "none" else to_hex(fill)}" '
        f'stroke="{to_hex(line.get_markeredgecolor())}" '
        f'stroke-width="{_points(ax, line.get_markeredgewidth()):.1f}">'
        + "".join(f'<path d="{path}"/>' for path in paths)
        + "</g>"
    )


def _text(ax: Axes, text: Text) -> str:
    x, y = text.get_transform().transform(text.get_position())
    anchor = ANCHORS[text.get_horizontalalignment()]
    baseline = BASELINES.get(text.get_verticalalignment(), "auto")
    return (
        f'<text x="{x:.1f}" y="{_height(ax) - y:.1f}" fill="{to_hex(text.get_color())}" '
        f'font-size="{_points(ax, float(text.get_fontsize())):.0f}" text-anchor="{anchor}" '
        f'dominant-baseline="{baseline}">{escape(text.get_text())}</text>'
    )
