"""`descend`, the one training loop of the course, and `Trace`, all that happened in it."""

import copy
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from .optimizers import Rule, Step

__all__ = ["Landscape", "Trace", "descend"]


class Landscape(Protocol):
    """What can be descended: a surface of `surfaces`, a model of `models`, a learner's own."""

    def loss(self, theta: np.ndarray) -> np.ndarray: ...

    def grad(self, theta: np.ndarray, t: int) -> np.ndarray: ...


class Trace(SimpleNamespace):
    """Everything that happened in a run, time first.

    theta (T+1, ..., d) and loss (T+1, ...) begin with the start. All the rest has T rows, one an
    update: grad, the hyper-parameters as they were, the rule's memory and what else it shows.
    "What was my learning rate at step 40?" is `trace.lr[40]`.
    """

    theta: np.ndarray
    loss: np.ndarray
    grad: np.ndarray

    def __repr__(self) -> str:
        shapes = (f"{name} {np.shape(value)}" for name, value in vars(self).items())
        return f"Trace({', '.join(shapes)})"

    def __getattr__(self, name: str) -> Any:  # only asked where there is no such attribute
        raise AttributeError(f"this trace has no {name!r}; it has {', '.join(vars(self))}")

    @property
    def diverged(self) -> np.ndarray:
        """Whether the loss ended above where it began, or is no number any more: (...)."""
        return ~(self.loss[-1] <= self.loss[0])


def descend(
    rule: Rule,
    landscape: Landscape,
    start: Any,
    steps: int,
    **hyper: float | np.ndarray | Callable[[int], Any],
) -> Trace:
    """Walk down `landscape` from `start` by `rule`, and keep everything.

    rule: one of `optimizers`, or any function of that form.
    landscape: has `loss(theta)` and `grad(theta, t)`.
    start: theta_0, shape (..., d); or the trace of a run, which then goes on from its end as if it
        had never stopped, and is returned whole. steps: how many (more) updates, at least 0.
    hyper: the rule's hyper-parameters, each a number, a column (k, 1), or a function of the
        updates already made. Columns make k runs in one pass, bit for bit those made one by one.
        A memory that is named here starts with that value.

    Raises: ValueError or TypeError for a bad hyper-parameter, and for a rule that returns no Step
    or a theta of another shape. A diverging run raises nothing and warns of nothing: inf and nan
    are in the trace.

    >>> from stepsize.optimizers import sgd
    >>> from stepsize.surfaces import bowl
    >>> trace = descend(sgd, bowl, start=[4.0, 2.0], steps=3, lr=0.5)
    >>> trace.theta
    array([[4.  , 2.  ],
           [2.  , 1.  ],
           [1.  , 0.5 ],
           [0.5 , 0.25]])
    >>> trace
    Trace(theta (4, 2), loss (4,), grad (3, 2), lr (3,))
    >>> descend(sgd, bowl, trace, steps=1, lr=0.5).theta[-1]
    array([0.25 , 0.125])
    """
    if not isinstance(steps, (int, np.integer)) or steps < 0:
        raise ValueError(f"steps must be a whole number, at least 0, not {steps!r}")
    hyper = {**_defaults(rule), **hyper}
    rows = _unstack(start) if isinstance(start, Trace) else []
    theta = _start(start.theta[-1] if isinstance(start, Trace) else start, hyper)
    memory: dict[str, Any] = _memory(rule, rows[-1], hyper, theta.dtype) if rows else {}
    with np.errstate(all="ignore"):
        for t in range(len(rows) + 1, len(rows) + steps + 1):
            now = {name: _at(value, t - 1, theta.dtype) for name, value in hyper.items()}
            loss, grad = landscape.loss(theta), landscape.grad(theta, t)
            step = _step(rule, theta, grad, t, memory, now)
            rows.append(dict(theta=theta, loss=loss, grad=grad) | now | step.memory | step.shown)
            theta, memory = step.theta, step.memory
        rows.append(dict(theta=theta, loss=landscape.loss(theta)))
    return Trace(**_stack(rows))


def _defaults(rule: Rule) -> dict[str, Any]:
    """The rule's own choices, so that the trace shows a learning rate that nobody set.

    Not weight_decay=0 and maximize=False, which every rule accepts besides: hence `unwrap`.
    """
    parameters = inspect.signature(inspect.unwrap(rule)).parameters.values()
    chosen = (p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not p.empty)
    return {p.name: p.default for p in chosen}


def _start(start: Any, hyper: dict[str, Any]) -> np.ndarray:
    """theta_0 as floats, already as wide as the widest column of hyper-parameters."""
    theta = np.asarray(start)
    if not np.issubdtype(theta.dtype, np.floating):
        theta = theta.astype(float)
    columns = (np.shape(value(0) if callable(value) else value) for value in hyper.values())
    return np.broadcast_to(theta, np.broadcast_shapes(theta.shape, *columns)).copy()


def _at(value: Any, updates_made: int, dtype: np.dtype) -> Any:
    """A hyper-parameter as it is now.

    A number becomes an array of no dimensions: NumPy's power of an array can differ in the last
    bit from Python's, and a run alone has to be the same as in a column. float32 keeps the plain
    number, which does not widen it to float64.
    """
    now = value(updates_made) if callable(value) else value
    return np.asarray(now, dtype) if dtype == np.float64 else now


def _step(
    rule: Rule, theta: np.ndarray, grad: Any, t: int, memory: dict[str, Any], now: dict[str, Any]
) -> Step:
    """One update. The rule gets copies: one that works in place must not rewrite the past."""
    memory = {name: copy.copy(value) for name, value in memory.items()}
    step = rule(theta.copy(), np.array(grad), t, **{**now, **memory})
    if not isinstance(step, Step):
        raise TypeError(f"{rule.__name__} must return a Step, not {type(step).__name__}")
    if np.shape(step.theta) != theta.shape:
        shapes = f"{theta.shape} and returned one of shape {np.shape(step.theta)}"
        raise ValueError(f"{rule.__name__} was given a theta of shape {shapes}")
    return step


def _stack(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Rows of one update each -> one array a quantity; the last row holds theta and loss only.

    Two rules may have made the rows, one after the other: what one of them lacks is nan there.
    """
    last = {name: value for row in rows for name, value in row.items()}
    return {
        name: np.array(
            [
                row[name] if name in row else np.full(np.shape(value), np.nan)
                for row in (rows if name in rows[-1] else rows[:-1])
            ]
        )
        for name, value in last.items()
    }


def _unstack(trace: Trace) -> list[dict[str, Any]]:
    """The rows that `_stack` made this trace of, without the last, which is a start as well."""
    updates = range(len(trace.theta) - 1)
    return [{name: values[i] for name, values in vars(trace).items()} for i in updates]


def _memory(
    rule: Rule, row: dict[str, Any], hyper: dict[str, Any], dtype: np.dtype
) -> dict[str, Any]:
    """What the rule remembers, out of the last row of a trace.

    A number that was a plain one, as lr is in a float32 run, is one again: it must not widen it.
    """
    parameters = inspect.signature(rule).parameters.values()
    names = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY and p.name not in hyper]
    kept = {n: row[n] for n in names[3:] if n in row and not np.isnan(row[n]).all()}
    return {name: x if np.ndim(x) or x.dtype == dtype else x.item() for name, x in kept.items()}
