"""One look for the whole course: an optimizer's color, dash and marker, the ink, the letters."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..extras import needs

with needs():
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap


class Look(NamedTuple):
    """What tells a line from the others: color, dashes and marker together."""

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

palette = {  # the colors of Okabe & Ito (2008), the light ones darkened; in order of difficulty
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
WIDTH = 6.4  # inches: wider pictures are shrunk on a small screen, and their letters with them

STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "figure.figsize": (WIDTH, 4.0),
        "figure.constrained_layout.use": True,  # nothing is cut off, nor sticks out
        "font.size": SIZE,
        "axes.titlesize": SIZE,
        "figure.titlesize": SIZE,
        "figure.labelsize": SIZE,
        "xtick.labelsize": SIZE - 1,
        "ytick.labelsize": SIZE - 1,
        "legend.fontsize": SIZE - 1,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)  # for plt.style.use: what a lesson draws without our functions looks the same


def look(name: str, i: int = 0) -> Look:
    """An optimizer's own look; for any other name, the i-th look."""
    return palette.get(name) or list(palette.values())[i % len(palette)]


def tidy(ax: Axes, xlabel: str, ylabel: str) -> Axes:
    """Axes as in every figure of the course."""
    ax.set_xlabel(xlabel, fontsize=SIZE, color=INK)
    ax.set_ylabel(ylabel, fontsize=SIZE, color=INK)
    ax.tick_params(labelsize=SIZE - 1, color=GREY, labelcolor=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    return ax
