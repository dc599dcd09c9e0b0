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

BESIDE, AWAY, AIR = 5, 20, 3  # points from a line's end to its name; with a leader; around one
WIDE = 0.3  # fractions of the axes: names further apart than this can't overlap


def named(ax: Axes, x: Any, y: np.ndarray, name: str, i: int, own: Look | None = None) -> Line2D:
    """A line in its own look, or in the i-th look."""
    color, dash, marker = own or look(name, i)
    (line,) = ax.plot(x, y, color=color, ls=dash, lw=2, label=name)
    line.set(marker=marker, markevery=max(len(y) // 8, 1), ms=6, mec="white", mew=0.5)
    return line


class NamesAtEnds:
    """Puts each line's name where the line ends or leaves the picture, even if limits change.

    If lines end close to each other, their names move apart, and a thin leader joins each name to
    its line. The texts hold this object, and the axes only a weak reference, so it goes with them.
    """

    def __init__(self, ax: Axes, lines: Sequence[Line2D]) -> None:
        self.lines = lines
        self.texts = [self._text(ax, line) for line in lines]
        self.leaders = [self._leader(ax, line) for line in lines]
        for change in ("xlim_changed", "ylim_changed"):
            ax.callbacks.connect(change, self.place)
        self.place(ax)

    def _text(self, ax: Axes, line: Line2D) -> Text:
        words, color = str(line.get_label()), line.get_color()
        text = ax.text(0, 0, words, transform=ax.transAxes, color=color, fontsize=SIZE, va="center")
        text.keeper = self  # type: ignore[attr-defined]
        return text

    def _leader(self, ax: Axes, line: Line2D) -> Line2D:
        leader = Line2D([], [], color=line.get_color(), lw=1, transform=ax.transAxes, clip_on=False)
        ax.add_artist(leader)
        return leader

    def place(self, ax: Axes) -> None:
        point = ax.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
        point_x, height = point / ax.bbox.width, 1.25 * SIZE * point / ax.bbox.height
        ends = [_end(ax, line) for line in self.lines]
        for column in _columns(ends):
            places = dict(zip(column, apart([ends[i][1] for i in column], height), strict=True))
            moved = {i for i in column if abs(places[i] - ends[i][1]) > 0.6 * height}
            for i, y in places.items():
                beside, away, air = (ends[i][0] + far * point_x for far in (BESIDE, AWAY, AIR))
                self.texts[i].set(x=away if moved else beside, y=y)
                led = ([air, away - AIR * point_x], [ends[i][1], y])
                self.leaders[i].set_data(*(led if i in moved else ([], [])))


def _columns(ends: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Which lines end above each other, so that their names could collide; from the bottom up."""
    columns: list[list[int]] = []
    for i in sorted(range(len(ends)), key=lambda i: ends[i]):
        if not columns or ends[i][0] - ends[columns[-1][-1]][0] > WIDE:
            columns.append([])
        columns[-1].append(i)
    return [sorted(column, key=lambda i: ends[i][::-1]) for column in columns]


def apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Places as close as possible to these rising ones, a gap apart and between 0 and 1.

    >>> [round(place, 2) for place in apart([0.5, 0.5, 0.5, 0.9], gap=0.1)]
    [0.4, 0.5, 0.6, 0.9]
    """
    pools: list[list[float]] = []  # neighbors move together: where each would put the first
    for i, place in enumerate(wanted):
        pool = [place - i * gap]
        while pools and np.mean(pools[-1]) > np.mean(pool):
            pool = pools.pop() + pool
        pools.append(pool)
    firsts = [np.mean(pool) for pool in pools for _ in pool]
    lowest, highest = gap / 2, 1 - (len(wanted) - 1) * gap
    kept = np.clip(firsts, lowest, max(lowest, highest))
    return [float(first + i * gap) for i, first in enumerate(kept)]


def _end(ax: Axes, line: Line2D) -> tuple[float, float]:
    """The last visible point of a line, in fractions of the axes."""
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
