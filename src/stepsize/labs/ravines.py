"""The lab of lesson 3: every learning rate with every momentum, down a ravine."""

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..loop import Trace, descend
from ..optimizers import momentum
from ..surfaces import quadratic
from . import sentences
from .controls import buttons, list_slider
from .lab import Lab, Place, Scene, panels

STEPS, LAST = 100, 10  # steps in a run, and how many of the last are judged
RATES, FRICTIONS = np.geomspace(0.05, 4, 100), np.linspace(0, 0.99, 100)  # in 1 / steepest
ROOM = 30  # the rows, and half the columns, that words take up on the map
LEVELS = -30, -25, -20, -15, -10, -5, -2, 0, 2  # powers of ten


def momentum_map() -> Lab:
    """How far the loss falls in 100 steps, for 100 rates and 100 momenta, and the chosen run."""
    controls = dict(
        condition=list_slider("condition κ", (5, 10, 25, 50, 100), value=25),
        best=buttons("formula", [("hidden", False), ("shown", True)]),
    )

    def scene(condition: int) -> Scene:
        left, right = panels(2)
        _draw(left, RATES / condition, FRICTIONS, fallen(condition))
        plots.contours(right, quadratic(1.0, condition))
        return Scene([left, right], start=(0.2 / condition, 0.2))

    def react(axes: list[Axes], start: Place, condition: int, best: bool) -> str:
        ravine = quadratic(1.0, condition)
        lr, friction = start[0], float(np.clip(start[1], 0, 0.99))
        trace = descend(momentum, ravine, ravine.start, STEPS, lr=lr, momentum=friction)
        if best:
            axes[0].plot(*best_for(condition), "+", color=plots.INK, ms=16, mew=3)
        axes[0].plot(lr, friction, "o", ms=14, mfc="none", mec=plots.look("momentum").color, mew=3)
        plots.path(axes[1], trace, "momentum")
        return sentences.momentum_map(trace, orders(trace))

    title = "How far the loss falls for each learning rate and momentum, and one of the runs"
    return Lab(title, scene, react, **controls)


def best_for(condition: float) -> tuple[float, float]:
    """lr and momentum that are best on a quadratic with curvatures from 1 to `condition`.

    Source: Polyak (1964), doi:10.1016/0041-5553(64)90137-5.
    """
    root = condition**0.5
    return (2 / (1 + root)) ** 2, ((root - 1) / (root + 1)) ** 2


def fallen(condition: float) -> np.ndarray:
    """`orders` for all the settings of the map, (momentum, lr): ten thousand runs in one pass."""
    ravine = quadratic(1.0, condition)
    lr, friction = np.meshgrid(RATES / condition, FRICTIONS)
    columns = dict(lr=lr.reshape(-1, 1), momentum=friction.reshape(-1, 1))
    trace = descend(momentum, ravine, ravine.start, STEPS, **columns)
    return orders(trace).reshape(lr.shape)


def orders(trace: Trace) -> np.ndarray:
    """By how many powers of ten the loss has grown; negative if it has fallen.

    The worst of the last steps counts: a loss that swings is small for a moment, now and then.
    """
    with np.errstate(all="ignore"):
        return np.log10(trace.loss[-LAST:].max(axis=0) / trace.loss[0])


def _draw(ax: Axes, rates: np.ndarray, frictions: np.ndarray, grown: np.ndarray) -> None:
    shown = np.nan_to_num(np.clip(grown, LEVELS[0] + 0.1, 1.9), nan=1.9)
    colors = plots.DEPTH(np.linspace(0, 1, len(LEVELS) - 2)).tolist()
    ax.contourf(rates, frictions, shown, LEVELS, colors=[*colors, "#f0c9a8"])
    lines = ax.contour(
        rates, frictions, shown, LEVELS[1:-1], colors=plots.INK, linewidths=0.6, linestyles="-"
    )
    plots.curve(ax, [], [], "learning rate", "momentum")
    ax.set(xscale="log", xlim=(rates[0], rates[-1]), ylim=(0, 0.99))
    places = [place for level in (-2, -5, -10) if (place := _coming_from_the_left(grown, level))]
    places = [(rates[column], frictions[row]) for row, column in places]
    power = "$10^{{{:.0f}}}$".format
    ax.clabel(lines, fmt=power, fontsize=plots.SIZE - 1, manual=places)
    ax.text(rates[-1], 0.03, "grows", rotation=90, ha="right", fontsize=plots.SIZE)
    left = ax.text(rates[2], 0.03, f"left after\n{STEPS} steps", fontsize=plots.SIZE, color="#555")
    left.set_bbox(dict(facecolor="white", edgecolor="none", alpha=0.8, pad=2))


def _coming_from_the_left(grown: np.ndarray, level: float) -> tuple[int, int] | None:
    """Where a contour has room for its label: well before the steep slope on the right."""
    reached = grown[ROOM:] < level  # (momentum, rate)
    wide = np.minimum(reached[:, 1:].sum(axis=1), ROOM // 2)
    row = int(wide.argmax())
    return (ROOM + row, int(reached[row].argmax())) if wide[row] else None
