"""What an optimizer is here: `Rule`, the contract; `Step`, its answer; `@rule`, its guard.

    @rule(lr=at_least(0), momentum=at_least(0))
    def momentum(theta, grad, t, velocity=0.0, *, lr=1e-3, momentum=0.9) -> Step:

The guard is written above the function, so that the function's lines stay those of the paper:

- a hyper-parameter outside its range raises an error with its name, value and range;
- so does an array of values that isn't a column, and a name that the rule doesn't have;
- so do parameters that aren't floats (a plain whole number counts as one), and a gradient that
  isn't one, or has a different shape; so do a tensor among arrays, and an array among tensors;
- so does a t that isn't 1, 2, ..., and a call without it, such as `adam(lr=0.1)`;
- inf and nan raise no error and no warning, because a run that diverges isn't an error;
- if theta is a Python float, so is everything that comes back;
- None passes if it is the default;
- every rule takes two more arguments, applied in torch's order before it sees the gradient:

      maximize       g <- -g                        walk uphill
      weight_decay   g <- g + weight_decay * theta  an L2 penalty in the loss

  A rule whose equations have their own `weight_decay` keeps that one.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from ..ranges import Allowed, at_least, count_from, one_of, require, require_floats
from .elementwise import is_tensor, plain
from .slips import (
    holder_of,
    name_of,
    require_column,
    require_memory,
    require_names,
    require_update,
)

__all__ = [  # noqa: RUF022
    "COORDINATE",
    "VECTOR",
    "MATRIX",
    "MODEL",
    "Scope",
    "Rule",
    "Step",
    "require_pair",
    "require_step",
    "rule",
    "scope_of",
    "unguarded",
]


class Step(NamedTuple):
    """What one update returns: new parameters, what to remember, and what else is worth a look."""

    theta: Any
    memory: dict[str, Any] = {}  # noqa: RUF012  (shared, and written to by nobody)
    shown: dict[str, Any] = {}  # noqa: RUF012


class Rule(Protocol):
    """The contract that every optimizer keeps, including a learner's own."""

    __name__: str

    def __call__(self, *theta_grad_t: Any, **memory_and_hyper: Any) -> Step: ...


class Scope(NamedTuple):
    """How far a rule looks, so that code that packs parameters knows which may share a vector.

    unit: "coordinate", each by itself, like Adam; "tensor", a whole one, like Muon; "model", all
    tensors together, like Prodigy; "" if a rule doesn't say, like a learner's own. axes: how many
    theta has at least, 2 for matrices. vectors: the rule that replaces it for a vector.
    evaluated: the memory to evaluate in place of theta, such as x for the schedule-free rules.
    """

    unit: str = ""
    axes: int = 0
    vectors: Rule | None = None
    evaluated: str = ""


COORDINATE = Scope("coordinate")
VECTOR = Scope("tensor", axes=1)
MATRIX = Scope("tensor", axes=2)
MODEL = Scope("model", axes=1)

FROM_ONE = count_from(1)  # the updates

UNGUARDED = WeakKeyDictionary[Callable[..., Step], Callable[..., Step]]()


def scope_of(rule: Any) -> Scope:
    """How far this rule looks, also for a partial of it."""
    return getattr(holder_of(rule, "scope"), "scope", Scope())


def rule(
    scope: Scope = COORDINATE, /, **ranges: Allowed
) -> Callable[[Callable[..., Step]], Callable[..., Step]]:
    """Guard a rule: see above. ranges: for its hyper-parameters, and for a memory's first value."""

    def decorate(function: Callable[..., Step]) -> Callable[..., Step]:
        axes, header = scope.axes, inspect.signature(function)
        remembered = [n for n, p in header.parameters.items() if p.kind is not p.KEYWORD_ONLY][3:]
        optional = {n for n, p in header.parameters.items() if p.default is None}
        allowed = {"weight_decay": at_least(0), **ranges, "maximize": one_of(False, True)}
        signature, inside = _with_shared(header), _unchecked(function)
        takes = [*signature.parameters][3:]

        @functools.wraps(function)
        def guarded(
            theta: Any = None, grad: Any = None, t: Any = None, *memory: Any, **named: Any
        ) -> Step:
            require_update(function.__name__, t)
            require("t", t, FROM_ONE)
            require_names(function.__name__, named, takes)
            for name, value in (*zip(remembered, memory, strict=False), *named.items()):
                if value is None and name in optional:
                    continue
                if name in remembered:
                    require_memory(name, value, theta)
                if name in allowed and (name not in remembered or t == 1):
                    require(name, value, allowed[name])
                if name not in remembered:
                    require_column(name, value, theta, axes)
            require_pair(theta, grad, axes)
            return inside(theta, grad, int(t), *memory, **named)

        vars(guarded).update(__signature__=signature, scope=scope)
        UNGUARDED[guarded] = inside
        return guarded

    return decorate


def _with_shared(header: inspect.Signature) -> inspect.Signature:
    """A rule's own arguments, and those that all rules share."""
    own, keyword = header.parameters, inspect.Parameter.KEYWORD_ONLY
    shared = {"weight_decay": 0.0, "maximize": False}
    more = [inspect.Parameter(n, keyword, default=v) for n, v in shared.items() if n not in own]
    return header.replace(parameters=[*own.values(), *more])


def _unchecked(function: Callable[..., Step]) -> Callable[..., Step]:
    """What the guard does besides its checks: shared arguments, silence, Python's floats."""
    l2 = "weight_decay" not in inspect.signature(function).parameters

    def inside(theta: Any, grad: Any, t: int, *memory: Any, **named: Any) -> Step:
        maximize = named.pop("maximize", False)
        weight_decay = named.pop("weight_decay", 0.0) if l2 else 0.0
        with np.errstate(all="ignore"):
            if maximize:
                grad = -grad
            if getattr(weight_decay, "ndim", 0) or weight_decay:
                grad = grad + weight_decay * theta
            try:
                step = function(theta, grad, t, *memory, **named)
            except ArithmeticError:  # Python's floats raise where NumPy's become inf or nan
                if hasattr(grad, "shape"):
                    raise
                step = function(np.float64(theta), np.float64(grad), t, *memory, **named)
        return step if hasattr(theta, "shape") else Step(*map(_plain, step))

    return inside


def unguarded(rule: Rule) -> Rule:
    """The same rule without its checks, for arguments that have passed them; or the rule itself."""
    return UNGUARDED.get(rule, rule) if inspect.isfunction(rule) else rule


def require_step(rule: Any, step: Any, shape: Any) -> None:
    """Raise unless a rule, perhaps a learner's own, returned a Step whose theta has this shape."""
    name = name_of(rule)
    if not isinstance(step, Step):
        raise TypeError(f"{name} must return a Step, not {type(step).__name__}")
    if np.shape(step.theta) != tuple(shape):
        shapes = f"{tuple(shape)} and returned one of shape {tuple(np.shape(step.theta))}"
        raise ValueError(f"{name} was given a theta of shape {shapes}")
    for part in ("memory", "shown"):
        named = getattr(step, part)
        if not isinstance(named, dict):
            kind = type(named).__name__
            raise TypeError(f"the {part} in {name}'s Step must be a dict, not a {kind}")


def _plain(part: Any) -> Any:
    """One part of a step, with its numbers as Python numbers."""
    return {n: plain(x) for n, x in part.items()} if isinstance(part, dict) else plain(part)


def require_pair(theta: Any, grad: Any, axes: int = 0) -> None:
    """Raise unless these are floats of the same shape, with this many axes."""
    if type(theta) is float is type(grad) and not axes:
        return
    if type(theta) is np.ndarray is type(grad) and theta.dtype.kind == "f" == grad.dtype.kind:
        shape, other = theta.shape, grad.shape
    else:
        require_floats("theta", theta)
        require_floats("grad", grad)
        if is_tensor(theta) != is_tensor(grad):
            kinds = f"{type(theta).__name__}, not {type(grad).__name__}"
            raise TypeError(f"grad must be of theta's kind, {kinds}")
        shape, other = np.shape(theta), np.shape(grad)
    if shape != other:
        raise ValueError(f"grad must have theta's shape {tuple(shape)}, not {tuple(other)}")
    if len(shape) < axes:
        wanted = ", ".join(["...", *"nm"[:axes]])
        raise ValueError(f"theta must have the shape ({wanted}), not {tuple(shape)}")
