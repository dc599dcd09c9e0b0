"""Drawing functions: the Axes first, drawn into and returned. `show` shows a figure, in words too.

One look for the whole course: an optimizer has its colour, its dashes and its marker, in every
figure of every lesson. Nothing is told by colour alone: lines carry their names at their ends.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..extras import needs
from ..loop import Landscape, Trace

with needs():
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text
    from matplotlib.ticker import Formatter

__all__ = [
    "Look",
    "bars",
    "cells",
    "contours",
    "curve",
    "intervals",
    "lines",
    "look",
    "losses",
    "palette",
    "path",
    "points",
    "range_test",
    "shares",
    "show",
    "staircase",
    "sweep",
    "tally",
]


class Look(NamedTuple):
    """How a line is told from the others: by three things at once."""

    color: str
    dash: Any
    marker: str


SOLID, DASHED, DOTTED, DASH_DOT, LONG = (
    "-",
    (0, (4, 2)),
    (0, (1, 1.5)),
    (0, (5, 2, 1, 2)),
    (0, (8, 2)),
)

BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe and Ito's; together wherever two are compared

palette = {  # the colours of Okabe & Ito (2008), the light ones darkened; in order of difficulty
    "sgd": Look(BLUE, SOLID, "o"),
    "momentum": Look(ORANGE, DASHED, "s"),
    "nesterov": Look("#B07D00", DOTTED, "D"),
    "adagrad": Look("#009E73", DASH_DOT, "P"),
    "rmsprop": Look("#CC79A7", LONG, "v"),
    "adadelta": Look("#8A5FBF", DASHED, "X"),
    "adam": Look("#000000", SOLID, "^"),
    "amsgrad": Look("#A0303A", DASHED, "p"),
    "adamw": Look("#2E9BD6", DOTTED, "*"),
    "nadam": Look("#6B8E23", DASH_DOT, "<"),
    "radam": Look("#7A5230", LONG, ">"),
    "adamax": Look("#4B4FBF", DASH_DOT, "h"),
    "lion": Look("#C06000", LONG, "d"),
    "ademamix": Look("#500292", SOLID, "8"),
    "prodigy": Look("#0106CE", DASHED, "H"),
    "adafactor": Look("#780959", DOTTED, "o"),
    "muon": Look("#174104", DOTTED, "s"),
    "shampoo": Look("#1A6079", LONG, "D"),
    "soap": Look("#4D1EC6", LONG, "P"),
}

INK, GREY = "#222222", "#767676"
DEPTH = LinearSegmentedColormap.from_list("depth", ["#7f9bb0", "#c3d1da", "#e9eef2", "#ffffff"])
SIZE = 13  # points: to be read from the last row


def look(name: str, i: int = 0) -> Look:
    """An optimizer's own look; for any other name, the i-th of them."""
    return palette.get(name) or list(palette.values())[i % len(palette)]


def contours(
    ax: Axes, landscape: Landscape, domain: Any = None, names: tuple[str, str] = ("θ₁", "θ₂")
) -> Axes:
    """A map of a loss in two dimensions: dark is low, a cross marks the lowest place.

    landscape: a surface, or anything with `loss`; then with its domain, (low, high) twice.
    """
    (left, right), (low, high) = domain or landscape.domain  # type: ignore[attr-defined]
    x, y = np.meshgrid(np.linspace(left, right, 201), np.linspace(low, high, 201))
    loss = landscape.loss(np.stack([x, y], axis=-1))
    levels = np.unique(np.quantile(loss, np.linspace(0, 1, 15) ** 2))
    ax.contourf(x, y, loss, levels, colors=DEPTH(np.linspace(0, 1, len(levels) - 1)))
    ax.contour(x, y, loss, levels, colors=GREY, linewidths=0.5, alpha=0.5)
    lowest = getattr(landscape, "minimum", None)
    if lowest is not None:
        ax.plot(*lowest, "+", color=INK, ms=11, mew=2)
    ax.set(xlim=(left, right), ylim=(low, high))
    return _tidy(ax, *names)


def cells(
    ax: Axes,
    values: Any,
    xs: Sequence[Any],
    ys: Sequence[Any],
    top: float,
    xlabel: str = "",
    ylabel: str = "",
    low: float = 0.0,
) -> Axes:
    """A table as a map: values (len(ys), len(xs)), each written in its cell, dark from 0 to top.

    low: if above 0, the shades follow a log scale from there to top, so that small values can be
    told apart; from 10 on the numbers have no decimals then.
    """
    shades = LogNorm(low, top, clip=True) if low else Normalize(0, top)
    ax.imshow(values, cmap=DEPTH, norm=shades, origin="lower", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        said = f"{value:.0f}" if low and value >= 10 else f"{value:.1f}"
        ax.text(column, row, said, ha="center", va="center", fontsize=SIZE, color=INK)
    ax.set_xticks(range(len(xs)), [f"{x:g}" for x in xs])
    ax.set_yticks(range(len(ys)), [f"{y:g}" for y in ys])
    return _tidy(ax, xlabel, ylabel)


def path(ax: Axes, trace: Trace, name: str = "sgd") -> Axes:
    """Where a run in two dimensions went: a dot a step, a ring around its start."""
    color, _, marker = look(name)
    x, y = trace.theta[..., 0], trace.theta[..., 1]
    ax.plot(x, y, color="white", lw=4, alpha=0.7)
    ax.plot(x, y, ls="", marker=marker, color=color, ms=4.5, mec="white", mew=0.4)
    ax.plot(x, y, color=color, lw=1.2)
    ax.plot(x[:1], y[:1], "o", ms=14, mfc="none", mec=color, mew=2.5)
    return ax


def losses(
    ax: Axes,
    runs: Mapping[str, Trace | Sequence[float]],
    x: Iterable[Any] | None = None,
    xlabel: str = "step",
) -> Axes:
    """Loss against step, on a log scale, each line named where it ends.

    runs: name -> a trace, or losses. x: what to draw against, if not the step, one for each run.
    A run that leaves the picture is named where it leaves.
    Raises: TypeError for runs without names.
    """
    if not isinstance(runs, Mapping):
        kind = type(runs).__name__
        raise TypeError(f'runs must be a dict of name to run, as {{"adam": trace}}, not a {kind}')
    lines = []
    for i, ((name, run), at) in enumerate(zip(runs.items(), x or [None] * len(runs), strict=True)):
        loss = np.asarray(run.loss if isinstance(run, Trace) else run, dtype=float)
        lines += [_named(ax, np.arange(len(loss)) if at is None else at, loss, name, i)]
    if ax.get_yscale() != "log":
        ax.set_yscale("log")
        ax.set_ylim(_readable([line.get_ydata() for line in lines]))
        ax.margins(x=0.01)
        _tidy(ax, xlabel, "loss")
    _NamesAtEnds(ax, lines)
    return ax


def sweep(ax: Axes, rates: np.ndarray, ends: Mapping[str, np.ndarray]) -> Axes:
    """The loss at the end of a run against its learning rate: name -> one loss a rate."""
    lines = [_named(ax, rates, np.asarray(ends[name]), name, i) for i, name in enumerate(ends)]
    ax.set(xscale="log", yscale="log", ylim=_readable(list(ends.values())))
    _tidy(ax, "learning rate", "loss at the end")
    _NamesAtEnds(ax, lines)
    return ax


def range_test(
    ax: Axes, rates: np.ndarray, loss: np.ndarray, smoothed: np.ndarray, suggestion: float | None
) -> Axes:
    """Loss against a rate that grows at every update: raw, smoothed, and the rate suggested.

    Where the loss climbs out of sight it is cut off, unless the limits of ax are fixed already.
    """
    color, dash, _ = look("momentum")
    ax.plot(rates, loss, color=GREY, lw=0.8, alpha=0.7)
    ax.plot(rates, smoothed, color=INK, lw=2)
    if ax.get_autoscaley_on() and len(loss):
        low, first = float(smoothed.min()), float(np.median(loss[:10]))
        room = 0.3 * max(first - low, 0.1 * abs(first))
        ax.set(xscale="log", ylim=(low - room, first + 2 * room))
    if suggestion is not None:
        ax.axvline(suggestion, color=color, ls=dash, lw=2)
        top = ax.get_ylim()[1]
        said = Formatter.fix_minus(f" {suggestion:.2g}")  # as the ticks
        ax.text(suggestion, top, said, color=color, fontsize=SIZE, va="top")
    return _tidy(ax, "learning rate", "loss")


def curve(
    ax: Axes, x: Any, y: Any, xlabel: str = "θ", ylabel: str = "loss", name: str | None = None
) -> Axes:
    """Any one line. It is as dark as the ink, unless it belongs to an optimizer."""
    color, dash, _ = look(name) if name else Look(INK, SOLID, "")
    ax.plot(x, y, color=color, ls=dash, lw=2)
    return _tidy(ax, xlabel, ylabel)


def lines(
    ax: Axes,
    x: Any,
    series: Mapping[str, Any],
    xlabel: str = "update",
    ylabel: str = "",
    looks: Mapping[str, Look] = MappingProxyType({}),
) -> Axes:
    """Lines over one x, each named where it ends. looks: of those that are no optimizer's."""
    drawn = [
        _named(ax, x, np.asarray(y, dtype=float), name, i, looks.get(name))
        for i, (name, y) in enumerate(series.items())
    ]
    _tidy(ax, xlabel, ylabel)
    _NamesAtEnds(ax, drawn)
    return ax


def intervals(ax: Axes, values: Mapping[str, Any], t: float, xlabel: str = "loss") -> Axes:
    """The mean of some numbers, and t standard errors to each side: name -> numbers."""
    for place, (name, numbers) in enumerate(values.items()):
        color, _, marker = look(name, place)
        half = t * np.std(numbers, ddof=1) / len(numbers) ** 0.5
        ax.errorbar(np.mean(numbers), place, 0, half, marker, color=color, capsize=6, lw=2, ms=8)
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    return _tidy(ax, xlabel, "")


def tally(ax: Axes, counts: Mapping[str, Sequence[int]], kinds: Sequence[str], xlabel: str) -> Axes:
    """How often which of a few kinds was seen: name -> a number for each kind, as one bar.

    Raises: ValueError for more than four kinds, or a row that hasn't a number for each.
    """
    shades = look("sgd").color, "#d9d9d9", look("momentum").color, INK
    inks, n = ("white", INK, "white", "white"), len(kinds)
    if n > len(shades):
        raise ValueError(f"kinds must be at most {len(shades)}, to be told apart, not {n}")
    _stacked(ax, counts, kinds, shades[:n], inks[:n], lambda x: str(x or ""), height=0.7)
    ax.margins(x=0)
    below, size = (0.5, -0.25), SIZE - 1
    ax.legend(loc="upper center", bbox_to_anchor=below, ncols=3, frameon=False, fontsize=size)
    return _tidy(ax, xlabel, "")


def bars(ax: Axes, values: Mapping[str, float], xlabel: str = "") -> Axes:
    """A bar for each name, the first one on top, with its number at its end."""
    drawn = ax.barh(list(values), list(values.values()), color=look("sgd").color, height=0.6)
    ax.bar_label(drawn, fmt=" {:.2f}", fontsize=SIZE, color=INK)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    return _tidy(ax, xlabel, "")


def shares(
    ax: Axes, rows: Mapping[str, Sequence[float]], parts: Sequence[str], xlabel: str = ""
) -> Axes:
    """A bar for each name, cut into parts that add up to 1; the key to the parts stands above.

    Raises: ValueError for a row that hasn't a number for each part.
    """
    shades, inks = DEPTH(np.linspace(0, 1, len(parts))), [INK] * len(parts)
    _stacked(ax, rows, parts, shades, inks, _percent, ec=INK, lw=0.5)
    ax.set_xlim(0, 1)
    ax.legend(ncols=len(parts), loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=12)
    return _tidy(ax, xlabel, "")


def staircase(ax: Axes, trace: Trace, name: str = "sgd") -> Axes:
    """A run in one dimension: along by a step, then down or up to the curve of the loss.

    The dashes are the slope where it starts: all that the first step knows.
    """
    color, x, loss = look(name).color, trace.theta[..., 0], trace.loss
    corners = np.repeat(x, 2)[1:], np.repeat(loss, 2)[:-1]
    ax.plot(*corners, color=color, lw=1.2)
    along = x[0] + np.array([-1.5, 1.5])
    ax.plot(along, loss[0] + trace.grad[0, 0] * (along - x[0]), color=INK, ls=DASHED, lw=1.5)
    return points(ax, trace, name)


def points(ax: Axes, trace: Trace, name: str = "sgd") -> Axes:
    """A run in one dimension, as the places it came by, with a ring around its start."""
    color, _, marker = look(name)
    x, loss = trace.theta[..., 0], trace.loss
    ax.plot(x, loss, ls="", marker=marker, color=color, ms=5.5, mec="white", mew=0.5)
    ax.plot(x[:1], loss[:1], "o", ms=14, mfc="none", mec=color, mew=2.5)
    return ax


def show(figure: Figure, sentence: str) -> None:
    """Show a figure of pyplot's, and say below it what is to be seen.

    The sentence is computed by the cell from the arrays that are drawn. It is stored as the
    picture's text, so a test can hold it, and a page that is made of the notebook gives it to
    those who can't see the picture.
    """
    import matplotlib.pyplot as plt

    with needs():
        from IPython import get_ipython
    shell = get_ipython()
    data, metadata = shell.display_formatter.format(figure) if shell else ({}, {})
    if len(data) > 1:  # a picture, besides the text
        shell.display_pub.publish({**data, "text/plain": sentence}, metadata)
    else:  # a terminal, or a figure in a window of its own
        plt.show()
    plt.close(figure)  # or the notebook shows it again
    print(sentence)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share > 0.05 else ""  # a narrow part has no room for it


def _stacked(
    ax: Axes,
    rows: Mapping[str, Sequence[float]],
    parts: Sequence[str],
    shades: Iterable[Any],
    inks: Iterable[str],
    written: Callable[[Any], str],
    **of_bars: Any,
) -> None:
    """A bar for each name, the first one on top; in each of its parts, what is written of it."""
    for name, row in rows.items():
        if len(row) != len(parts):
            wanted = f"a number for each of {', '.join(parts)}"
            raise ValueError(f"{name!r} must have {wanted}: {len(parts)}, not {len(row)}")
    table = np.array(list(rows.values())).reshape(len(rows), len(parts)).T
    columns = zip(parts, shades, inks, table, table.cumsum(0), strict=True)
    for part, shade, ink, values, ends in columns:
        left = ends - values
        drawn = ax.barh(list(rows), values, left=left, color=shade, label=part, **of_bars)
        said = [*map(written, values)]
        ax.bar_label(drawn, said, label_type="center", color=ink, fontsize=SIZE)
    ax.invert_yaxis()


def _named(ax: Axes, x: Any, y: np.ndarray, name: str, i: int, own: Look | None = None) -> Line2D:
    color, dash, marker = own or look(name, i)
    (line,) = ax.plot(x, y, color=color, ls=dash, lw=2, label=name)
    line.set(marker=marker, markevery=max(len(y) // 8, 1), ms=6, mec="white", mew=0.5)
    return line


def _readable(series: Sequence[Any]) -> tuple[float, float]:
    """Limits of a log axis that show every run, but follow none to 0 or to infinity."""
    values = np.concatenate([[], *(np.ravel(one) for one in series)])
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return 0.1, 10.0
    first = np.max([np.ravel(one)[0] for one in series])
    top = max(min(values.max(), 1e3 * first), values.min() * 10)
    return max(values.min(), top * 1e-9) / 2, top * 2


def _tidy(ax: Axes, xlabel: str, ylabel: str) -> Axes:
    ax.set_xlabel(xlabel, fontsize=SIZE, color=INK)
    ax.set_ylabel(ylabel, fontsize=SIZE, color=INK)
    ax.tick_params(labelsize=SIZE - 1, color=GREY, labelcolor=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    return ax


class _NamesAtEnds:
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
