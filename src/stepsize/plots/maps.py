"""Maps: a loss over two weights, a run on it, and a table as a map."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..extras import needs
from ..loop import Landscape, Trace
from .looks import DEPTH, GREY, INK, SIZE, look, tidy
from .slips import require_axes, require_domain, require_run

with needs():
    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm, Normalize


def contours(
    ax: Axes, landscape: Landscape, domain: Any = None, names: tuple[str, str] = ("θ₁", "θ₂")
) -> Axes:
    """A map of a loss in two dimensions: dark is low, a cross marks the lowest point.

    landscape: a surface, or anything with `loss`, given with a domain, (low, high) twice.
    Raises: TypeError or ValueError for anything that can't be drawn like this.
    """
    require_axes(ax)
    (left, right), (low, high) = require_domain(landscape, domain)
    x, y = np.meshgrid(np.linspace(left, right, 201), np.linspace(low, high, 201))
    loss = landscape.loss(np.stack([x, y], axis=-1))
    levels = np.unique(np.quantile(loss, np.linspace(0, 1, 15) ** 2))
    ax.contourf(x, y, loss, levels, colors=DEPTH(np.linspace(0, 1, len(levels) - 1)))
    ax.contour(x, y, loss, levels, colors=GREY, linewidths=0.5, alpha=0.5)
    lowest = getattr(landscape, "minimum", None)
    if lowest is not None:
        ax.plot(*lowest, "+", color=INK, ms=11, mew=2)
    ax.set(xlim=(left, right), ylim=(low, high))
    return tidy(ax, *names)


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
    told apart; numbers of 10 or more then have no decimals.
    """
    require_axes(ax)
    if np.shape(values) != (len(ys), len(xs)):
        wanted = f"values must have the shape ({len(ys)}, {len(xs)}), a row for each of ys"
        raise ValueError(f"{wanted}, not {np.shape(values)}")
    shades = LogNorm(low, top, clip=True) if low else Normalize(0, top)
    ax.imshow(values, cmap=DEPTH, norm=shades, origin="lower", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        said = f"{value:.0f}" if low and value >= 10 else f"{value:.1f}"
        ax.text(column, row, said, ha="center", va="center", fontsize=SIZE, color=INK)
    ax.set_xticks(range(len(xs)), [f"{x:g}" for x in xs])
    ax.set_yticks(range(len(ys)), [f"{y:g}" for y in ys])
    return tidy(ax, xlabel, ylabel)


def path(ax: Axes, trace: Trace, name: str = "sgd") -> Axes:
    """Where a run in two dimensions went: a dot for each step, a ring around the start.

    For a legend, its dots carry the name.
    """
    require_axes(ax)
    require_run(trace, 2)
    color, _, marker = look(name)
    x, y = trace.theta[..., 0], trace.theta[..., 1]
    ax.plot(x, y, color="white", lw=4, alpha=0.7)
    ax.plot(x, y, ls="", marker=marker, color=color, ms=4.5, mec="white", mew=0.4, label=name)
    ax.plot(x, y, color=color, lw=1.2)
    ax.plot(x[:1], y[:1], "o", ms=14, mfc="none", mec=color, mew=2.5)
    return ax
