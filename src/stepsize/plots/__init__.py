"""Drawing functions, which take and return the Axes. `show` shows a figure, also in words.

One look for the whole course: an optimizer has its color, its dashes and its marker, in every
figure of every lesson. Color alone never carries meaning: each line has its name at its end.
"""

from .charts import bars, intervals, shares, tally
from .curves import curve, lines, losses, points, range_test, staircase, sweep
from .looks import (
    BLUE,
    DASH_DOT,
    DASHED,
    DEPTH,
    DOTTED,
    GREY,
    INK,
    LONG,
    ORANGE,
    SIZE,
    SOLID,
    STYLE,
    WIDTH,
    Look,
    look,
    palette,
)
from .maps import cells, contours, path
from .numbers import number, typeset
from .showing import figure, show

__all__ = [
    "BLUE",
    "DASHED",
    "DASH_DOT",
    "DEPTH",
    "DOTTED",
    "GREY",
    "INK",
    "LONG",
    "ORANGE",
    "SIZE",
    "SOLID",
    "STYLE",
    "WIDTH",
    "Look",
    "bars",
    "cells",
    "contours",
    "curve",
    "figure",
    "intervals",
    "lines",
    "look",
    "losses",
    "number",
    "palette",
    "path",
    "points",
    "range_test",
    "shares",
    "show",
    "staircase",
    "sweep",
    "tally",
    "typeset",
]
