"""The surfaces of the lessons: functions of a few coordinates, each with its exact gradient.

`surface.loss(theta)` takes theta (..., d) and returns (...); `surface.grad(theta)` gives (..., d).
All are batched over the leading axes, so a contour map is a single call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .ranges import at_least, require, require_numbers

__all__ = ["Gradients", "Surface", "bowl", "bumpy", "quadratic", "ravine", "rosenbrock", "saddle"]

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, repr=False)
class Surface:
    """A function to walk down.

    minimum: where it is lowest, shape (d,); one such point if there are several.
    domain: the part worth drawing, (low, high) for each coordinate.
    start: a point from which the descent is interesting.
    curvature: the largest second derivative, if it is the same everywhere; otherwise None.
    """

    name: str
    function: Function
    gradient: Function
    minimum: tuple[float, ...]
    domain: tuple[tuple[float, float], ...]
    start: tuple[float, ...]
    curvature: float | None = None

    def __repr__(self) -> str:
        return f"Surface {self.name}, {len(self.minimum)} coordinates"

    @np.errstate(all="ignore")
    def loss(self, theta: np.ndarray) -> np.ndarray:
        """The height at theta: (..., d) -> (...). Raises ValueError for a different d."""
        return self.function(self._checked(theta))

    @np.errstate(all="ignore")
    def grad(self, theta: np.ndarray, t: int = 0) -> np.ndarray:
        """The gradient at theta: (..., d) -> (..., d). It is exact, so it does not depend on t."""
        return self.gradient(self._checked(theta))

    def _checked(self, theta: np.ndarray) -> np.ndarray:
        require_numbers("theta", theta)
        theta, d = np.asarray(theta), len(self.minimum)
        if theta.shape[-1:] != (d,):
            raise ValueError(f"theta must have shape (..., {d}) on {self.name}, not {theta.shape}")
        return theta


@dataclass(frozen=True, eq=False)
class Gradients:
    """A fake landscape that returns the gradients you give it, one per update, wherever theta is.

    Use it to study a rule by itself. gradients: (T,), or (T, d) for d coordinates, or (T, n, m)
    for a matrix. There is no loss, so it is nan. Raises ValueError for an update after
    the last gradient.

    >>> Gradients([1.0, -2.0]).grad(np.zeros(1), t=2)
    array([-2.])
    """

    gradients: Any

    def __post_init__(self) -> None:
        require_numbers("gradients", self.gradients)
        if not np.ndim(self.gradients):
            raise ValueError(f"gradients must be one for each update, not only {self.gradients}")

    def loss(self, theta: np.ndarray) -> np.ndarray:
        axes = max(np.ndim(self.gradients) - 1, 1)
        return np.full(np.shape(theta)[:-axes], np.nan)

    def grad(self, theta: np.ndarray, t: int) -> np.ndarray:
        require("t", t, at_least(1))
        if t > len(self.gradients):
            raise ValueError(f"t must be at most {len(self.gradients)} (gradients), not {t}")
        here, shape = np.shape(self.gradients)[1:], np.shape(theta)
        try:
            return np.broadcast_to(self.gradients[t - 1], shape)
        except ValueError:
            raise ValueError(f"theta must have the gradients' shape {here}, not {shape}") from None


def quadratic(*curvatures: float, name: str = "quadratic") -> Surface:
    r"""A parabola along each axis: $L(\theta) = \frac12 \sum_i h_i \theta_i^2$.

    curvatures: h_1, ..., h_d, each at least 0. Gradient descent gets to a minimum from
    everywhere if and only if 0 < lr < 2 / max(h); the condition number is max(h) / min(h).

    >>> quadratic(1.0, 25.0).grad(np.array([2.0, 2.0]))
    array([ 2., 50.])
    """
    if not curvatures:
        raise ValueError("curvatures must be at least one number, not none")
    for curvature in curvatures:
        require_numbers("each of curvatures", curvature, axes=0)
    h = np.array(curvatures, dtype=float)
    require("curvatures", h, at_least(0))
    return Surface(
        name=name,
        function=lambda theta: 0.5 * np.vecdot(h * theta, theta),
        gradient=lambda theta: h * theta,
        minimum=(0.0,) * len(h),
        domain=((-5.0, 5.0),) * len(h),
        start=((-4.0, 2.0) * len(h))[: len(h)],
        curvature=float(h.max()),
    )


def _pair(theta: np.ndarray, along_x: np.ndarray, along_y: np.ndarray) -> np.ndarray:
    """The two side by side, (..., 2): np.stack, in half the time for a single point."""
    gradient = np.empty_like(theta)
    gradient[..., 0], gradient[..., 1] = along_x, along_y
    return gradient


def _rosenbrock(theta: np.ndarray) -> np.ndarray:
    x, y = theta[..., 0], theta[..., 1]
    return np.square(1 - x) + 100 * np.square(y - np.square(x))


def _rosenbrock_gradient(theta: np.ndarray) -> np.ndarray:
    x, y = theta[..., 0], theta[..., 1]
    slope = 200 * (y - np.square(x))
    return _pair(theta, -2 * (1 - x) - 2 * x * slope, slope)


def _saddle(theta: np.ndarray) -> np.ndarray:
    x, y = theta[..., 0], theta[..., 1]
    return 0.5 * np.square(x) + 0.25 * np.square(np.square(y) - 1)


def _saddle_gradient(theta: np.ndarray) -> np.ndarray:
    x, y = theta[..., 0], theta[..., 1]
    return _pair(theta, x, y * (np.square(y) - 1))


bowl = quadratic(1.0, 1.0, name="bowl")

ravine = quadratic(1.0, 25.0, name="ravine")

saddle = Surface(  # flat at the origin, downhill along y on both sides, up again beyond y = ±1
    name="saddle",
    function=_saddle,
    gradient=_saddle_gradient,
    minimum=(0.0, 1.0),
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(-1.5, 0.01),
)

rosenbrock = Surface(  # Rosenbrock (1960), doi:10.1093/comjnl/3.3.175: a bent ravine, flat along it
    name="rosenbrock",
    function=_rosenbrock,
    gradient=_rosenbrock_gradient,
    minimum=(1.0, 1.0),
    domain=((-2.0, 2.0), (-1.0, 3.0)),
    start=(-1.5, 2.0),
)

bumpy = Surface(  # a wide bowl with ripples: dents near (±3, 0), (0, ±3) and (±3, ±3)
    name="bumpy",
    function=lambda theta: (theta**2 / 10 + 1 - np.cos(2 * theta)).sum(-1),
    gradient=lambda theta: theta / 5 + 2 * np.sin(2 * theta),
    minimum=(0.0, 0.0),
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(-4.2, 3.5),
)
