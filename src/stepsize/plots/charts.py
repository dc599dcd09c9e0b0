"""Bars: means with their errors, counts, sizes and shares, each with its name beside it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..extras import needs
from .looks import BLUE, DEPTH, INK, SIZE, look, tidy
from .slips import require_axes, require_named, row_of

with needs():
    from matplotlib.axes import Axes


def intervals(ax: Axes, values: Mapping[str, Any], t: float, xlabel: str = "loss") -> Axes:
    """The mean of some numbers, with t standard errors to each side: name -> numbers."""
    require_axes(ax)
    require_named("values", values, '{"adam": losses}')
    for place, (name, given) in enumerate(values.items()):
        if len(numbers := row_of(name, given)) < 2:
            raise ValueError(f"{name!r} must have at least two numbers, not {len(numbers)}")
        color, _, marker = look(name, place)
        half = t * np.std(numbers, ddof=1) / len(numbers) ** 0.5
        ax.errorbar(np.mean(numbers), place, 0, half, marker, color=color, capsize=6, lw=2, ms=8)
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    return tidy(ax, xlabel, "")


def tally(ax: Axes, counts: Mapping[str, Sequence[int]], kinds: Sequence[str], xlabel: str) -> Axes:
    """How often each of a few kinds was seen: name -> a number for each kind, as one bar.

    Raises: ValueError for more than four kinds, or a row without a number for each.
    """
    shades = BLUE, "#d9d9d9", "#E69F00", INK  # different in gray, too
    inks, n = ("white", INK, INK, "white"), len(kinds)
    if n > len(shades):
        raise ValueError(f"kinds must be at most {len(shades)}, to be told apart, not {n}")
    _stacked(ax, counts, kinds, shades[:n], inks[:n], lambda x: str(x or ""), height=0.7)
    ax.margins(x=0)
    below, size = (0.5, -0.25), SIZE - 1
    ax.legend(loc="upper center", bbox_to_anchor=below, ncols=3, frameon=False, fontsize=size)
    return tidy(ax, xlabel, "")


def bars(ax: Axes, values: Mapping[str, float], xlabel: str = "") -> Axes:
    """A bar for each name, the first one on top, with its number at the end."""
    require_axes(ax)
    require_named("values", values, '{"adam": 0.1}')
    drawn = ax.barh(list(values), list(values.values()), color=look("sgd").color, height=0.6)
    ax.bar_label(drawn, fmt=" {:.2f}", fontsize=SIZE, color=INK)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    return tidy(ax, xlabel, "")


def shares(
    ax: Axes, rows: Mapping[str, Sequence[float]], parts: Sequence[str], xlabel: str = ""
) -> Axes:
    """A bar for each name, cut into parts that add up to 1; the key to the parts is above.

    Raises: ValueError for a row without a number for each part.
    """
    shades, inks = DEPTH(np.linspace(0, 1, len(parts))), [INK] * len(parts)
    _stacked(ax, rows, parts, shades, inks, _percent, ec=INK, lw=0.5)
    ax.set_xlim(0, 1)
    ax.legend(ncols=len(parts), loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=12)
    return tidy(ax, xlabel, "")


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
    """A bar for each name, the first one on top, with a text in each of its parts."""
    require_axes(ax)
    require_named("rows", rows, '{"adam": [1, 2]}')
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
