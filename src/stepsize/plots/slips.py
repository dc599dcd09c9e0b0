"""Catches what people pass to drawing functions by mistake: names the argument, and what to do.

Matplotlib would complain about its own code, or draw something that isn't there.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..extras import needs
from ..loop import Trace

with needs():
    from matplotlib.axes import Axes

__all__ = [
    "require_axes",
    "require_domain",
    "require_length",
    "require_named",
    "require_run",
    "row_of",
]


def require_axes(ax: Any) -> None:
    """Raise TypeError unless this is an Axes."""
    if not isinstance(ax, Axes):
        many = ", of which it wants one, as axes[0]" if isinstance(ax, np.ndarray) else ""
        kind = type(ax).__name__
        raise TypeError(
            f"ax must be an Axes, such as fig, ax = plt.subplots() gives, not {kind}{many}"
        )


def require_named(argument: str, value: Any, example: str) -> None:
    """Raise TypeError unless it is a dict, because whatever is drawn needs a name."""
    if not isinstance(value, Mapping):
        kind = type(value).__name__
        raise TypeError(f"{argument} must be a dict of names, such as {example}, not a {kind}")


def row_of(name: Any, values: Any) -> np.ndarray:
    """As an array. Raises TypeError unless it is a row of numbers, ValueError for several."""
    try:
        row = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        kind = type(values).__name__
        raise TypeError(f"{name!r} must be a row of numbers, not a {kind}") from None
    if row.ndim == 2 and row.shape[1] == 1:
        return row[:, 0]
    if row.ndim != 1:
        several = ": take one run, such as loss[:, 0]" if row.ndim > 1 else ""
        raise ValueError(f"{name!r} must be one row of numbers, not of shape {row.shape}{several}")
    return row


def require_length(name: Any, x: Any, y: Any) -> None:
    """Raise ValueError unless there is an x for each y."""
    if np.shape(x)[:1] != np.shape(y)[:1]:
        lengths = f"{np.shape(y)} for {name!r}, not {np.shape(x)}"
        raise ValueError(f"x must be as long as what is drawn against it: {lengths}")


def require_run(trace: Any, coordinates: int) -> None:
    """Raise unless it is a run over at least this many weights; with one weight, a single run."""
    if not hasattr(trace, "theta"):
        raise TypeError(f"trace must be what descend returns, not a {type(trace).__name__}")
    shape = np.shape(trace.theta)
    if len(shape) < 2 or shape[-1] < coordinates:
        raise ValueError(f"trace must show a run over {coordinates} weights, not {shape}")
    if coordinates == 1 and len(shape) > 2:
        raise ValueError(f"trace must show one run, of shape (T + 1, 1), not {shape}")
    if coordinates == 1 and isinstance(trace, Trace) and len(trace.loss) < 2:
        raise ValueError("trace must have at least one step, not only its start")


def require_domain(landscape: Any, domain: Any) -> tuple[Any, Any]:
    """The part of a landscape to draw. Raises TypeError or ValueError if it isn't given."""
    if not callable(getattr(landscape, "loss", None)):
        kind = type(landscape).__name__
        raise TypeError(f"landscape must have loss(theta), like all surfaces, but a {kind} doesn't")
    domain = getattr(landscape, "domain", None) if domain is None else domain
    if np.shape(domain) != (2, 2):
        said = f"not {domain!r:.40}" if domain is not None else "and this landscape has none"
        raise ValueError(f"domain must be (low, high) for each of two weights, {said}")
    return domain[0], domain[1]
