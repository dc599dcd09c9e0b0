"""`descend`, the course's one training loop, and `Trace`, everything that happened in it."""

import copy
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from .optimizers import Rule, Step
from .optimizers.elementwise import numpys
from .optimizers.rules import require_step, scope_of
from .optimizers.slips import (
    name_of,
    require_column,
    require_landscape,
    require_names,
    require_rule,
    require_time,
)
from .ranges import count_from, require, require_numbers

__all__ = ["Landscape", "Trace", "descend"]


class Landscape(Protocol):
    """Anything you can descend: a surface from `surfaces`, a model from `models`, or your own."""

    def loss(self, theta: np.ndarray) -> np.ndarray: ...

    def grad(self, theta: np.ndarray, t: int) -> np.ndarray: ...


class Trace(SimpleNamespace):
    """Everything that happened in a run, time first.

    theta (T+1, ..., d) and loss (T+1, ...) include the starting point. Everything else has T rows,
    one per update: grad, the hyper-parameters, the rule's memory and whatever else it shows.
    "What was my learning rate at step 40?" is `trace.lr[40]`.
    """

    theta: np.ndarray
    loss: np.ndarray
    grad: np.ndarray

    def __repr__(self) -> str:
        shapes = (f"{name} {np.shape(value)}" for name, value in vars(self).items())
        return f"Trace({', '.join(shapes)})"

    def __getattr__(self, name: str) -> Any:  # only called if there is no such attribute
        raise AttributeError(f"this trace has no {name!r}; it has {', '.join(vars(self))}")

    @property
    def diverged(self) -> np.ndarray:
        """Whether the loss ended above its start, or is no longer a number; shape (...)."""
        return ~(self.loss[-1] <= self.loss[0])


def descend(
    rule: Rule,
    landscape: Landscape,
    start: Any,
    steps: int,
    **hyper: float | np.ndarray | Callable[[int], Any],
) -> Trace:
    """Descend `landscape` from `start` with `rule`, and keep everything.

    rule: one of `optimizers`, or any function of the same form.
    landscape: has `loss(theta)` and `grad(theta, t)`; gradients are converted to theta's type.
    start: theta_0, shape (..., d); or the trace of a run, which then continues as if it had never
        stopped, and is returned in full. steps: how many (more) updates, at least 0.
    hyper: the rule's hyper-parameters, each a number, a column (k, 1), or a function of the number
        of updates already made. Columns make k runs in one pass, bit for bit as if made one by one
        (except that in a float32 run a column computes in float32, a plain number in float64; a
        float64 column turns it into a float64 run).
        A memory named here starts from that value.

    Raises: ValueError or TypeError for a bad hyper-parameter, start or steps, and for a rule that
    doesn't return a Step, or whose theta has a different shape. A diverging run raises no error and
    no warning: inf and nan are in the trace.

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
    require("steps", steps, count_from(0))
    require_rule(rule)
    require_landscape(landscape)
    defaults = _defaults(rule)
    counts = {name for name, value in defaults.items() if type(value) is int}
    left_open = {name for name, value in defaults.items() if value is None}
    hyper = {**defaults, **hyper}
    hyper = {n: v for n, v in hyper.items() if v is not None or n not in left_open}
    _require_hyper(rule, hyper)
    before = vars(start) if isinstance(start, Trace) else {}
    made = len(before["theta"]) - 1 if before else 0
    kept = _Kept(before, made + steps)
    theta = _start(before["theta"][-1] if before else start, hyper)
    memory = _memory(rule, before, hyper, theta.dtype)
    with np.errstate(all="ignore"):
        for t in range(made + 1, made + steps + 1):
            now = {n: _at(value, t - 1, theta.dtype, n in counts) for n, value in hyper.items()}
            loss, grad = landscape.loss(theta), np.asarray(landscape.grad(theta, t))
            if t == made + 1:
                require_numbers("landscape.loss(theta)", loss)
                _require_whole(rule, theta, loss)
            if grad.dtype.kind in "fiub":  # the rule will name anything that isn't a real number
                grad = grad.astype(theta.dtype, copy=False)
            step = _step(rule, theta, grad, t, memory, now)
            if t == made + 1:
                _require_own_names(rule, step)
            row = dict(theta=theta, loss=loss, grad=grad) | now | step.memory | step.shown
            kept.write(t - 1, row)
            theta, memory = step.theta, step.memory
        kept.write(made + steps, dict(theta=theta, loss=landscape.loss(theta)))
    return Trace(**kept)


class _Kept(dict[str, np.ndarray]):
    """A trace while it is being written: for each quantity, an array with room for all updates.

    Room is made when a quantity first appears. Collecting rows and stacking them at the end would
    take twice the memory, and a wide sweep is large. Whatever a rule doesn't show stays nan.
    """

    def __init__(self, before: dict[str, np.ndarray], updates: int) -> None:
        self.updates = updates
        for name, rows in before.items():
            self[name] = self._room(name, rows[-1])
            self[name][: len(rows)] = rows

    def write(self, i: int, row: dict[str, Any]) -> None:
        for name, value in row.items():
            if name not in self:
                self[name] = self._room(name, value)
            try:
                self[name][i] = value
            except ValueError:
                before, now = self[name].shape[1:], np.shape(value)
                raise ValueError(
                    f"{name} must keep the shape that it has in the trace, {before}, not {now}"
                ) from None

    def _room(self, name: str, like: Any) -> np.ndarray:
        rows, like = self.updates + (name in ("theta", "loss")), np.asarray(like)
        return np.full((rows, *like.shape), np.nan, np.result_type(like, np.float32))


def _require_hyper(rule: Rule, hyper: dict[str, Any]) -> None:
    """Raise for a name the rule doesn't have, and for anything but a number, column or function.

    A rule that takes `**anything` has to raise its own error.
    """
    parameters = inspect.signature(rule).parameters
    if inspect.Parameter.VAR_KEYWORD not in {p.kind for p in parameters.values()}:
        require_names(name_of(rule), hyper, [*parameters][3:])
    for name, value in hyper.items():
        if callable(value):
            require_time(name, value)
        elif name in parameters and parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY:
            require_numbers(name, value)
        elif name in parameters:
            require_column(name, numpys(value), np.zeros(1))


def _require_own_names(rule: Rule, step: Step) -> None:
    """Raise ValueError if a rule would overwrite a quantity of the same name in the trace."""
    taken = {"theta", "loss", "grad"} & (step.memory.keys() | step.shown.keys())
    if taken:
        name = sorted(taken)[0]
        raise ValueError(f"the trace has its own {name}: give {name_of(rule)}'s a different name")


def _require_whole(rule: Rule, theta: np.ndarray, loss: Any) -> None:
    """Raise ValueError if a rule for matrices would be given something else, or part of a matrix.

    The loss tells how many axes a point has on this landscape, because it has all the other axes.
    """
    axes, wanted = theta.ndim - np.ndim(loss), scope_of(rule).axes
    if axes < wanted or axes > wanted == 1:
        here = "vectors, like a Network's, which holds all its parameters" if axes == 1 else ""
        raise ValueError(
            f"{name_of(rule)} steps {'matrices' if wanted == 2 else 'vectors'}, and the points of"
            f" this landscape are {here or ('matrices' if axes else 'numbers')}"
        )


def _defaults(rule: Rule) -> dict[str, Any]:
    """The rule's default values, so that the trace shows even a learning rate that nobody set.

    `unwrap` leaves out weight_decay=0 and maximize=False, which every rule accepts in addition.
    """
    parameters = inspect.signature(inspect.unwrap(rule)).parameters.values()
    chosen = (p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not p.empty)
    return {p.name: p.default for p in chosen}


def _start(start: Any, hyper: dict[str, Any]) -> np.ndarray:
    """theta_0 as floats, already broadcast to the widest column of hyper-parameters."""
    require_numbers("start", start)
    theta = np.asarray(start)
    if theta.dtype.kind != "f":
        theta = theta.astype(float)
    now = {name: value(0) if callable(value) else value for name, value in hyper.items()}
    shape, seen = theta.shape, f"start has the shape {theta.shape}"
    for name, value in now.items():
        try:
            shape = np.broadcast_shapes(shape, np.shape(value))
        except ValueError:
            fits = f"{name} must fit what it runs with, not have the shape {np.shape(value)}"
            together = "Columns used together must have the same length."
            raise ValueError(f"{fits}: {seen}. {together}") from None
        seen += f", {name} {np.shape(value)}" if np.ndim(value) else ""
    arrays = [x for x in now.values() if isinstance(x, np.ndarray) and x.dtype.kind in "fiub"]
    return np.broadcast_to(theta, shape).astype(np.result_type(theta, *arrays))


def _at(value: Any, updates_made: int, dtype: np.dtype, is_count: bool) -> Any:
    """A hyper-parameter's value at this update.

    A number becomes a zero-dimensional array: NumPy's power of an array can differ in the last bit
    from Python's, and a single run has to equal the same run in a column. In a float32 run it stays
    a plain number, which doesn't widen the run to float64 as one of NumPy's floats would.
    """
    now = value(updates_made) if callable(value) else value
    kind = np.asarray(now).dtype.kind
    if kind not in "fiu" or isinstance(now, (list, tuple)):  # flags stay what they are
        return now
    if is_count and kind in "iu" and np.ndim(now) == 0:  # and so do counts
        return int(now)
    if dtype == np.float64 or (kind != "f" and np.ndim(now)):
        return np.asarray(now, dtype)
    return now if np.ndim(now) else float(now)


def _step(
    rule: Rule, theta: np.ndarray, grad: Any, t: int, memory: dict[str, Any], now: dict[str, Any]
) -> Step:
    """One update. The rule gets copies, because working in place must not change the past."""
    memory = {name: copy.copy(value) for name, value in memory.items()}
    step = rule(theta.copy(), np.array(grad), t, **{**now, **memory})
    require_step(rule, step, theta.shape)
    if isinstance(step.theta, list | tuple):  # a learner's rule that goes weight by weight
        return step._replace(theta=np.array(step.theta, dtype=theta.dtype))
    return step


def _memory(
    rule: Rule, before: dict[str, np.ndarray], hyper: dict[str, Any], dtype: np.dtype
) -> dict[str, Any]:
    """The rule's memory, taken from the last rows of a trace.

    What was a plain number, like lr in a float32 run, is one again, so that it can't widen the run.
    """
    parameters = inspect.signature(rule).parameters.values()
    names = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY and p.name not in hyper]
    last = {name: before[name][-1] for name in names[3:] if name in before}
    return {
        name: x if np.ndim(x) or x.dtype == dtype else x.item()
        for name, x in last.items()
        if not np.isnan(x).all()
    }
