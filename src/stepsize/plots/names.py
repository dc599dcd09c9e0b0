"""Lines that carry their names where they end."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..extras import needs
from .looks import SIZE, Look, look

with needs():
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.text import Text


def named(ax: Axes, x: Any, y: np.ndarray, name: str, i: int, own: Look | None = None) -> Line2D:
    color, dash, marker = own or look(name, i)
    (line,) = ax.plot(x, y, color=color, ls=dash, lw=2, label=name)
    line.set(marker=marker, markevery=max(len(y) // 8, 1), ms=6, mec="white", mew=0.5)
    return line


class NamesAtEnds:
    """Each line's name where the line ends, or leaves the picture; kept there when limits change.

    The texts hold this object and the axes only know it weakly: it goes when they go.
    """

    def __init__(self, ax: Axes, lines: Sequence[Line2D]) -> None:
        self.ax, self.lines = ax, lines
        self.texts = [self._text(line) for line in lines]
        for change in ("xlim_changed", "ylim_changed"):
            ax.callbacks.connect(change, self.place)
        self.place(ax)

    def _text(self, line: Line2D) -> Text:
        ax = self.ax
        words = str(line.get_label())
        text = ax.text(0, 0, words, transform=ax.transAxes, color=line.get_color(), fontsize=SIZE)
        text.keeper = self  # type: ignore[attr-defined]
        return text

    def place(self, ax: Axes) -> None:
        ends = [_end(ax, line) for line in self.lines]
        height = SIZE * 1.25 / 72 * ax.figure.dpi / ax.bbox.height
        lowest = -np.inf
        for text, (x, y) in sorted(
            zip(self.texts, ends, strict=True), key=lambda end: end[1][::-1]
        ):
            lowest = max(y, lowest + height)
            text.set(x=x + 0.015, y=lowest, va="center" if y > 0 else "bottom")


def _end(ax: Axes, line: Line2D) -> tuple[float, float]:
    """The last point of a line that can be seen, in fractions of the axes."""
    with np.errstate(all="ignore"):
        xy = (ax.transData - ax.transAxes).transform(line.get_xydata())
    seen = np.flatnonzero(np.isfinite(xy).all(-1) & (xy >= 0).all(-1) & (xy <= 1).all(-1))
    if not len(seen):
        return 0.0, 1.0
    last = seen[-1]
    (x, y), further = xy[last], xy[last + 1 :]
    if not len(further) or not np.isfinite(further[0]).all():
        return float(x), float(y)
    (dx, dy), edge = further[0] - xy[last], 1.0 if further[0][1] > y else 0.0
    return float(x + dx * min(abs((edge - y) / dy), 1) if dy else x), edge
