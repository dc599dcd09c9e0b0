"""Drawing functions, which take and return the Axes. `show` shows a figure, and says it in words.

One look for the whole course: each optimizer has its own color, dashes and marker, the same in
every figure. Color alone never carries meaning: each line has its name at its end.
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
