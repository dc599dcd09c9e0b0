"""The labs of lesson 13: a rotated ravine, and singular values that are lifted."""

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..data import digits
from ..loop import descend
from ..network import Network
from ..optimizers import Rule, Step, adagrad, adam, rmsprop, sgd, shampoo
from ..surfaces import Surface
from . import sentences
from .controls import buttons, list_slider, log_slider, slider
from .lab import Lab, Scene, panels

STEPS, CURVATURES = 100, (1.0, 25.0)
QUINTIC, CUBIC = (3.4445, -4.775, 2.0315), (1.5, -0.5, 0.0)
TOP = 1.6  # the largest singular value drawn


def turned(degrees: float) -> Surface:
    """The ravine of lesson 1, rotated by an angle, and its start rotated with it.

    >>> [round(float(turned(angle).loss(np.array(turned(angle).start))), 6) for angle in (0, 30)]
    [58.0, 58.0]
    """
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    axes = np.array([[c, s], [-s, c]])
    curved = axes.T @ np.diag(CURVATURES) @ axes
    return Surface(
        name=f"ravine, turned by {degrees:g}°",
        function=lambda theta: 0.5 * np.vecdot(theta @ curved, theta),
        gradient=lambda theta: theta @ curved,
        minimum=(0.0, 0.0),
        domain=((-5.0, 5.0), (-5.0, 5.0)),
        start=tuple((axes.T @ [-4.0, 2.0]).tolist()),
        curvature=max(CURVATURES),
    )


def as_column(rule: Rule) -> Rule:
    """A rule for matrices, applied to a vector as a matrix with one column."""

    def of_vectors(theta: Any, grad: Any, t: int, **memory_and_hyper: Any) -> Step:
        wide = {k: x[..., None] if np.ndim(x) > 1 and k == "lr" else x
                for k, x in memory_and_hyper.items()}  # fmt: skip
        step = rule(theta[..., None], grad[..., None], t, **wide)
        return Step(step.theta[..., 0], step.memory)

    of_vectors.__name__ = rule.__name__
    return of_vectors


RULES: dict[str, Rule] = {
    "SGD": sgd,
    "Adagrad": adagrad,
    "RMSProp": rmsprop,
    "Adam": adam,
    "Shampoo": as_column(shampoo),
}


def turned_ravine() -> Lab:
    """A ravine at any angle; the path of a rule on the map, and its loss."""
    controls = dict(
        angle=slider("angle", 0, low=0, high=90, step=5),
        rule=buttons("rule", [(name, name) for name in RULES]),
        lr=log_slider("learning rate", 10**-1.15, low=-2, high=1, fine=0.05),
    )

    def scene(angle: float) -> Scene:
        left, right = panels(2)
        plots.contours(left, turned(angle))
        plots.lines(right, [], {}, xlabel="step", ylabel="loss")
        right.set(xlim=(0, 1.25 * STEPS), yscale="log", ylim=(1e-30, 1e4))
        right.set_yticks([1e-30, 1e-20, 1e-10, 1])
        return Scene([left, right])

    def react(axes: list[Axes], angle: float, rule: str, lr: float) -> str:
        surface, name = turned(angle), RULES[rule].__name__
        trace = descend(RULES[rule], surface, surface.start, STEPS, lr=lr)
        shown = np.clip(np.nan_to_num(trace.loss, nan=1e300, posinf=1e300), 1e-30, 1e300)
        inside = np.abs(np.nan_to_num(trace.theta, nan=1e9)).max(axis=-1) < 100
        seen = len(inside) if inside.all() else max(int(inside.argmin()), 1)
        plots.path(axes[0], _until(trace, seen), name)
        axes[1].plot(np.arange(STEPS + 1), np.minimum(shown, 1e8), color=plots.look(name).color)
        return f"{rule} at {angle:g}°, {sentences.descent(trace, surface)}"

    return Lab("A run down a turned ravine, and its loss at each step", scene, react, **controls)


def _until(trace: Any, seen: int) -> Any:
    """The part of a run that can be drawn."""
    return type(trace)(theta=trace.theta[:seen], loss=trace.loss[:seen])


@cache
def layers_gradient() -> np.ndarray:
    """The gradient of the middle layer of a network, at its start, on a batch of 32 digits."""
    net = Network(*digits(), hidden=(32, 32), batch_size=32)
    return net.layers(net.grad(net.start(), 1))[1][0]


def lifted(values: np.ndarray, steps: int, a: float, b: float, c: float) -> np.ndarray:
    """What Newton-Schulz does to singular values: apply a polynomial, again and again."""
    with np.errstate(all="ignore"):
        for _ in range(steps):
            values = a * values + b * values**3 + c * values**5
    return values


def newton_schulz() -> Lab:
    """The singular values of a real gradient under some steps of Newton-Schulz."""
    controls = dict(
        begin=buttons("begin with", [("Muon's quintic", QUINTIC), ("the cubic", CUBIC)]),
        steps=list_slider("steps", range(7), value=0),
        a=list_slider("a", _around(0, 5, QUINTIC[0], CUBIC[0]), value=QUINTIC[0]),
        b=list_slider("b", _around(-6, 1, QUINTIC[1], CUBIC[1]), value=QUINTIC[1]),
        c=list_slider("c", _around(-1, 4, QUINTIC[2], CUBIC[2]), value=QUINTIC[2]),
    )
    values = np.linalg.svd(layers_gradient(), compute_uv=False)
    values = values / np.sqrt((values**2).sum())
    at = np.geomspace(1e-3, 1, 200)

    def begin(change: Any) -> None:
        for name, value in zip("abc", change["new"], strict=True):
            controls[name].value = value

    controls["begin"].observe(begin, "value")

    def scene() -> Scene:
        left, right = panels(2)
        plots.curve(left, at, at, "singular value before", "after")
        left.set(xscale="log", xlim=(at[0], 1), ylim=(-0.05, TOP))
        plots.curve(right, [], [], "number of the singular value", "its size")
        right.plot(np.arange(1, len(values) + 1), values, "o", ms=5, mfc="none", mec=plots.GREY)
        right.set(xlim=(0, len(values) + 1), ylim=(-0.05, TOP))
        for ax in (left, right):
            ax.axhline(1, color=plots.GREY, lw=1, ls=plots.DASHED)
        return Scene([left, right])

    def react(axes: list[Axes], begin: Any, steps: int, a: float, b: float, c: float) -> str:
        color = plots.look("muon").color
        after, curve = lifted(values, steps, a, b, c), lifted(at, steps, a, b, c)
        axes[0].plot(at, _drawn(curve), color=color, lw=2)
        axes[1].plot(np.arange(1, len(after) + 1), _drawn(after), "s", color=color, ms=6)
        near = int(((after > 0.5) & (after < 1.5)).sum())
        low, high = (sentences.number(end, ".2g") for end in (after.min(), after.max()))
        if not np.isfinite(after).all() or np.abs(after).max() > 10:
            return f"out of hand after {_count(steps)}: the largest is beyond 10"
        said = f"after {_count(steps)}: {near} of {len(after)} between 0.5 and 1.5"
        return f"{said}; the lowest is {low}, the highest {high}"

    title = "The singular values of a layer's gradient, before and after Newton–Schulz"
    return Lab(title, scene, react, **controls)


def _around(low: int, high: int, *among: float) -> list[tuple[str, float]]:
    """Numbers a tenth apart, including exactly these."""
    tenths = [n / 10 for n in range(10 * low, 10 * high + 1)]
    return [(f"{x:g}".replace("-", "−"), x) for x in sorted({*tenths, *among})]


def _count(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _drawn(values: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(values, nan=9.0, posinf=9.0, neginf=-9.0), -9, 9)
