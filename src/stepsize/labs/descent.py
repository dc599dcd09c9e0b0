"""The labs of lessons 0 and 1: a ball that goes down."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .. import plots
from ..loop import descend
from ..optimizers import Rule, adam, momentum, sgd
from ..ranges import above, accepts, count_from
from ..surfaces import Surface, bowl, bumpy, quadratic, ravine, rosenbrock, saddle
from . import sentences
from .controls import buttons, dropdown, list_slider, log_slider, slider
from .lab import Lab, Place, Scene, panels

SURFACES = (bowl, ravine, saddle, rosenbrock, bumpy)
RULES = (sgd, momentum, adam)

# The rates: six steps double one. 0.02, 0.04 and 0.08, the border of the ravine, are among them.
FINE = np.log10(2) / 6
LOW = np.log10(0.02) - 46 * FINE

SPLIT = {
    "along θ₁": plots.Look(plots.BLUE, plots.SOLID, "o"),
    "along θ₂": plots.Look(plots.ORANGE, plots.DASHED, "^"),
    "loss": plots.Look(plots.INK, plots.DOTTED, ""),  # drawn last, so that no part hides it
}


@accepts(steps=count_from(1))
def playground(
    surfaces: Sequence[Surface] = SURFACES, rules: Sequence[Rule] = RULES, steps: int = 80
) -> Lab:
    """A ball on a surface, from wherever you put it: how each rule descends, or fails to.

    Raises: ValueError without a surface or a rule, and for fewer than 1 step.
    """
    if not surfaces or not rules:
        raise ValueError("surfaces and rules must each have at least one")
    controls = dict(
        surface=dropdown("surface", [(surface.name, surface) for surface in surfaces]),
        rule=buttons("rule", [(rule.__name__, rule) for rule in rules]),
        lr=log_slider("learning rate", 0.02, low=LOW, high=1, fine=FINE),
        friction=slider("momentum", 0.9, low=0, high=0.99, step=0.01),
    )

    def react(
        axes: list[Axes], start: Place, surface: Surface, rule: Rule, lr: float, friction: float
    ) -> str:
        controls["friction"].disabled = rule is not momentum
        hyper: dict[str, Any] = {"momentum": friction} if rule is momentum else {}
        return _run(axes, rule, surface, start, steps, lr=lr, **hyper)

    return Lab("A ball on a map, and its loss at each step", _scene(steps), react, **controls)


@accepts(steps=count_from(1))
def learning_rate(surfaces: Sequence[Surface] = (ravine, bowl), steps: int = 60) -> Lab:
    """Gradient descent with one rate for two directions, on quadratics along the axes.

    The loss is shown as the sum of its parts: the steepest direction limits the rate,
    the flattest sets the pace.
    Raises: ValueError for a surface whose loss isn't the sum of these parts, and for fewer than 1
    step.
    """
    for surface in surfaces:
        place = np.array(surface.start)
        if not np.isclose(_parts(surface, place).sum(), surface.loss(place)):
            raise ValueError(f"surfaces must be quadratics with minimum 0 at 0, not {surface.name}")
    controls = dict(
        surface=dropdown("surface", [(surface.name, surface) for surface in surfaces]),
        lr=log_slider("learning rate", 0.01, low=LOW, high=1, fine=FINE),
    )

    def react(axes: list[Axes], start: Place, surface: Surface, lr: float) -> str:
        trace = descend(sgd, surface, start, steps, lr=lr)
        with np.errstate(all="ignore"):
            parts = _parts(surface, trace.theta)
        split = dict(zip(SPLIT, (*parts.T, trace.loss), strict=True))
        plots.path(axes[0], trace, "sgd")
        plots.lines(axes[1], np.arange(steps + 1), split, "step", "loss", SPLIT)
        return sentences.directions(trace, surface, parts)

    title = "Gradient descent on a map, and what each direction adds to its loss at each step"
    return Lab(title, _scene(steps), react, **controls)


def _parts(surface: Surface, theta: np.ndarray) -> np.ndarray:
    """h θ² / 2 in each direction."""
    return 0.5 * surface.grad(theta) * theta


def _scene(steps: int) -> Any:
    """A map of the surface, and empty axes for the loss."""

    def scene(surface: Surface) -> Scene:
        left, right = panels(2)
        plots.contours(left, surface)
        _losses(right, steps, float(surface.loss(np.array(surface.start))))
        return Scene([left, right], start=surface.start)

    return scene


def _losses(ax: Axes, steps: int, first: float) -> None:
    """Axes for the loss of any run, with room for a name where it ends."""
    plots.losses(ax, {})
    ticks = np.array(MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(0, steps))
    ax.set(xticks=ticks[ticks <= steps], xlim=(0, steps * 1.35), ylim=(1e-7 * first, 1e4 * first))


def _run(
    axes: list[Axes],
    rule: Rule,
    surface: Surface,
    start: Place,
    steps: int,
    reveal: bool = False,
    **hyper: float,
) -> str:
    trace = descend(rule, surface, start, steps, **hyper)
    plots.path(axes[0], trace, rule.__name__)
    plots.losses(axes[1], {rule.__name__: trace})
    return sentences.descent(trace, surface, reveal)


@accepts(curvature=above(0), steps=count_from(1))
def parabola(curvature: float = 1.0, steps: int = 30, reveal: bool = False) -> Lab:
    """One dimension: how large may a step be? reveal: whether the sentence names the border.

    Raises: ValueError for a curvature that isn't above 0, and for fewer than 1 step.
    """
    curvatures = sorted({0.5, 1.0, 2.0, 4.0, float(curvature)})
    controls = dict(
        lr=slider("learning rate", 0.1, low=0.05, high=5, step=0.05),  # the borders are among them
        curvature=list_slider("curvature", [(f"{h:g}", h) for h in curvatures], value=curvature),
    )

    def scene(curvature: float) -> Scene:
        left, right = panels(2)
        plots.curve(left, [], [])
        top = 7 + 1.1 * 8 * curvature  # fills the picture, and still shows which is narrower
        left.set(xlim=(-5.5, 5.5), ylim=(-0.05 * top, top))
        _losses(right, steps, first=8 * curvatures[-1])
        return Scene([left, right])

    def react(axes: list[Axes], lr: float, curvature: float) -> str:
        valley = quadratic(curvature)
        trace = descend(sgd, valley, [4.0], steps, lr=lr)
        x = np.linspace(-5.5, 5.5, 111)
        plots.curve(axes[0], x, valley.loss(x[:, None]))
        plots.staircase(axes[0], trace)
        plots.losses(axes[1], {"sgd": trace})
        return sentences.parabola(trace, curvature, reveal)

    return Lab("A ball in a parabola, and its loss at each step", scene, react, **controls)
