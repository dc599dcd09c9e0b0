"""Curves: a loss or anything else, over steps, rates, or one weight."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ..extras import needs
from ..loop import Trace
from .looks import DASHED, GREY, INK, SIZE, SOLID, Look, look, tidy
from .names import NamesAtEnds, named
from .numbers import number
from .slips import require_axes, require_length, require_named, require_run, row_of

with needs():
    from matplotlib.axes import Axes


def losses(
    ax: Axes,
    runs: Mapping[str, Trace | Sequence[float]],
    x: Iterable[Any] | None = None,
    xlabel: str = "step",
) -> Axes:
    """Loss against step, on a log scale, each line named where it ends.

    runs: name -> a trace, or losses. x: what to draw against instead of the step, one per run.
    A run that leaves the picture is named where it leaves.
    Raises: TypeError for runs without names.
    """
    require_axes(ax)
    require_named("runs", runs, '{"adam": trace}')
    xs = [None] * len(runs) if x is None else list(x)
    if len(xs) != len(runs):
        raise ValueError(f"x must be a list of one row for each of {len(runs)} runs, not {len(xs)}")
    lines = []
    for i, ((name, run), at) in enumerate(zip(runs.items(), xs, strict=True)):
        loss = row_of(name, run.loss if isinstance(run, Trace) else run)
        at = np.arange(len(loss)) if at is None else at
        require_length(name, at, loss)
        lines += [named(ax, at, loss, name, i)]
    if ax.get_yscale() != "log":
        ax.set_yscale("log")
        ax.set_ylim(_readable([line.get_ydata() for line in lines]))
        ax.margins(x=0.01)
        tidy(ax, xlabel, "loss")
    NamesAtEnds(ax, lines)
    return ax


def sweep(ax: Axes, rates: np.ndarray, ends: Mapping[str, np.ndarray]) -> Axes:
    """The loss at the end of a run against its learning rate: name -> one loss per rate.

    Raises: TypeError for losses without names; ValueError unless there is one for each rate.
    """
    require_axes(ax)
    require_named("ends", ends, '{"adam": losses}')
    rates, rows = np.ravel(rates), {name: row_of(name, loss) for name, loss in ends.items()}
    for name, loss in rows.items():
        require_length(name, rates, loss)
    lines = [named(ax, rates, loss, name, i) for i, (name, loss) in enumerate(rows.items())]
    ax.set(xscale="log", yscale="log", ylim=_readable(list(ends.values())))
    tidy(ax, "learning rate", "loss at the end")
    NamesAtEnds(ax, lines)
    return ax


def range_test(
    ax: Axes, rates: np.ndarray, loss: np.ndarray, smoothed: np.ndarray, suggestion: float | None
) -> Axes:
    """Loss against a rate that grows at every update: raw, smoothed, and the suggested rate.

    If the loss climbs out of sight, it is cut off, unless ax already has fixed limits.
    """
    require_axes(ax)
    for name, values in dict(loss=loss, smoothed=smoothed).items():
        require_length(name, rates, values)
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
        said = f" {number(suggestion, '.2g')}"
        ax.text(suggestion, top, said, color=color, fontsize=SIZE, va="top")
    return tidy(ax, "learning rate", "loss")


def curve(
    ax: Axes, x: Any, y: Any, xlabel: str = "θ", ylabel: str = "loss", name: str | None = None
) -> Axes:
    """A single line, in the color of the ink unless it belongs to an optimizer."""
    require_axes(ax)
    require_length("y", x, y)
    color, dash, _ = look(name) if name else Look(INK, SOLID, "")
    ax.plot(x, y, color=color, ls=dash, lw=2)
    return tidy(ax, xlabel, ylabel)


def lines(
    ax: Axes,
    x: Any,
    series: Mapping[str, Any],
    xlabel: str = "update",
    ylabel: str = "",
    looks: Mapping[str, Look] = MappingProxyType({}),
) -> Axes:
    """Lines over one x, each named where it ends. looks: for lines that aren't an optimizer's."""
    require_axes(ax)
    require_named("series", series, '{"m": values}')
    rows = {name: row_of(name, y) for name, y in series.items()}
    for name, y in rows.items():
        require_length(name, x, y)
    drawn = [named(ax, x, y, name, i, looks.get(name)) for i, (name, y) in enumerate(rows.items())]
    ax.margins(x=0.01)
    tidy(ax, xlabel, ylabel)
    NamesAtEnds(ax, drawn)
    return ax


def staircase(ax: Axes, trace: Trace, name: str = "sgd") -> Axes:
    """A run in one dimension: each step goes along, then down or up to the curve of the loss.

    The dashes show the slope at the start, which is all the first step knows.
    """
    require_axes(ax)
    require_run(trace, 1)
    color, x, loss = look(name).color, trace.theta[..., 0], trace.loss
    corners = np.repeat(x, 2)[1:], np.repeat(loss, 2)[:-1]
    ax.plot(*corners, color=color, lw=1.2)
    along = x[0] + np.array([-1.5, 1.5])
    ax.plot(along, loss[0] + trace.grad[0, 0] * (along - x[0]), color=INK, ls=DASHED, lw=1.5)
    return points(ax, trace, name)


def points(ax: Axes, trace: Trace, name: str = "sgd") -> Axes:
    """A run in one dimension, as the points it visits, with a ring around its start."""
    require_axes(ax)
    if np.ndim(trace.loss) > 1:
        raise ValueError(f"trace must show one run, not {np.shape(trace.loss)[1:]}")
    color, _, marker = look(name)
    x, loss = trace.theta[..., 0], trace.loss
    ax.plot(x, loss, ls="", marker=marker, color=color, ms=5.5, mec="white", mew=0.5)
    ax.plot(x[:1], loss[:1], "o", ms=14, mfc="none", mec=color, mew=2.5)
    return ax


def _readable(series: Sequence[Any]) -> tuple[float, float]:
    """Limits of a log axis that show every run, but don't follow any to 0 or infinity."""
    values = np.concatenate([[], *(np.ravel(one) for one in series)])
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return 0.1, 10.0
    first = np.max([np.ravel(one)[0] for one in series])
    top = max(min(values.max(), 1e3 * first), values.min() * 10)
    return max(values.min(), top * 1e-9) / 2, top * 2
