"""What an optimizer is here: `Rule`, the contract; `Step`, its answer; `@rule`, its guard.

    @rule(lr=at_least(0), momentum=at_least(0))
    def momentum(theta, grad, t, velocity=0.0, *, lr=1e-3, momentum=0.9) -> Step:

The guard stands above the function, so that the lines of the function stay those of the paper:

- a hyper-parameter outside its range raises, with its name, value and range;
- so do parameters that are no floats, and a gradient of another shape than theirs;
- inf and nan raise and warn of nothing: a run that diverges is no error;
- every rule takes two more arguments, applied in torch's order, before it sees the gradient:

      maximize       g <- -g                        walk uphill
      weight_decay   g <- g + weight_decay * theta  an L2 penalty in the loss

  A rule with a `weight_decay` of its own, in its equations, keeps that one.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from .ranges import Allowed, Count, Range, at_least, one_of, require
from .silence import SILENCE, silent

__all__ = ["Rule", "Step", "decoupled", "rule"]


class Step(NamedTuple):
    """What one update yields: the new parameters, what to remember, what else is worth a look."""

    theta: Any
    memory: dict[str, Any] = {}  # noqa: RUF012  (shared, and written to by nobody)
    shown: dict[str, Any] = {}  # noqa: RUF012


class Rule(Protocol):
    """The contract that every optimizer keeps, a learner's own as well."""

    __name__: str

    def __call__(self, *theta_grad_t: Any, **memory_and_hyper: Any) -> Step: ...


NOT_ASKED_FOR = 0.0

# The guard of one rule, with the rule's own header. It is written out and compiled once, as
# dataclasses do with __init__: a guard for all headers, `(*args, **kwargs)`, would take as long
# as the whole of Adam on Python floats.
GUARD = """
def guard({header}):
    try:
        inside = {inside}
        if inside and {plain} and type(theta) is float is type(grad):
            return silence.copy().run(function, {arguments})
    except (ArithmeticError, TypeError, ValueError):
        inside = False  # a column, or no number at all; or floats that are not to be divided
    if not inside:
        reject({values})
    if maximize:
        grad = -grad
    {l2}
    if type(theta) is float:
        theta, grad = np.float64(theta), np.float64(grad)  # these say inf or nan
    if not (type(theta) is np.ndarray is type(grad) and theta.shape == grad.shape):
        same_shape(theta, grad)
    elif theta.dtype.kind != "f":
        floats(theta)
    return silence.copy().run(function, {arguments})
"""
L2 = """if weight_decay is not NOT_ASKED_FOR:
        grad = l2(theta, grad, weight_decay)"""


def rule(**ranges: Allowed) -> Callable[[Callable[..., Step]], Callable[..., Step]]:
    """Guard a rule: see above. ranges: of its hyper-parameters, and of a memory's first value."""

    def decorate(function: Callable[..., Step]) -> Callable[..., Step]:
        own = inspect.signature(function)
        names = list(own.parameters)
        hyper = [name for name, p in own.parameters.items() if p.kind is p.KEYWORD_ONLY]
        memory = names[3 : -len(hyper)]
        takes = [_keyword("maximize", False)]
        allowed: dict[str, Allowed] = {"t": at_least(1), **ranges, "maximize": one_of(False, True)}
        l2 = "weight_decay" not in names
        if l2:
            takes.insert(0, _keyword("weight_decay", NOT_ASKED_FOR))
            allowed["weight_decay"] = at_least(0)
        header = own.replace(parameters=[*own.parameters.values(), *takes])

        def reject(t: int, **values: Any) -> None:
            require("t", t, allowed["t"])
            for name, value in values.items():
                if name not in memory or t == 1:
                    require(name, value, allowed[name])

        namespace = {
            **{f"default_{name}": p.default for name, p in header.parameters.items()},
            **dict(function=function, reject=reject, least=_least, most=_most, np=np),
            **dict(same_shape=_same_shape, floats=_floats, silence=SILENCE, l2=_l2),
            **dict(NOT_ASKED_FOR=NOT_ASKED_FOR, inf=float("inf")),
        }
        text = GUARD.format(
            header=_header(header),
            inside=" and ".join(_inside(n, r, n in memory) for n, r in allowed.items()),
            values=", ".join(f"{name}={name}" for name in allowed),
            arguments=", ".join([*names[: -len(hyper)], *(f"{name}={name}" for name in hyper)]),
            plain="not maximize" + (" and weight_decay is NOT_ASKED_FOR" if l2 else ""),
            l2=L2 if l2 else "",
        )
        exec(compile(text, f"<guard of {function.__name__}>", "exec"), namespace)
        guard = functools.wraps(function)(namespace["guard"])
        guard.__signature__ = header  # type: ignore[attr-defined]
        return guard

    return decorate


def decoupled(rule: Callable[..., Step]) -> Callable[..., Step]:
    r"""The same rule with decoupled weight decay: shrink the parameters, then step.

    $$\theta_t = \mathrm{rule}\left((1 - \eta\lambda)\, \theta_{t-1},\ g_t\right)$$

    `weight_decay` is then this one, and not the L2 penalty: the gradient doesn't feel it.
    Units: weight_decay one over lr. Ranges: weight_decay at least 0.
    Source: Loshchilov & Hutter (2019), arXiv:1711.05101, where lr multiplies the step and not the
    decay. Same as torch.optim.NAdam, RAdam and Adam with decoupled_weight_decay=True.

    What is never in the gradient shrinks all the same, and in proportion:

    >>> from stepsize.optimizers import sgd
    >>> decoupled(sgd)(np.array([8.0, 1.0]), np.zeros(2), t=1, lr=0.1, weight_decay=5.0).theta
    array([4. , 0.5])
    """
    signature = inspect.signature(rule)
    rate = signature.parameters["lr"].default

    @functools.wraps(rule)
    def shrink_first(
        theta: Any,
        grad: Any,
        t: int,
        *memory: Any,
        lr: Any = rate,
        weight_decay: Any = 0.0,
        **rest: Any,
    ) -> Step:
        require("lr", lr, at_least(0))
        require("weight_decay", weight_decay, at_least(0))
        return rule(_shrunk(theta, lr, weight_decay), grad, t, *memory, lr=lr, **rest)

    shrink_first.__name__ = shrink_first.__qualname__ = f"decoupled_{rule.__name__}"
    shrink_first.__signature__ = signature  # type: ignore[attr-defined]
    return shrink_first


def _keyword(name: str, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)


def _header(signature: inspect.Signature) -> str:
    """A header as it is written, each default by the name that it has in the guard's namespace."""
    words = []
    for name, p in signature.parameters.items():
        if p.kind is p.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        words.append(name if p.default is p.empty else f"{name}=default_{name}")
    return ", ".join(words)


def _inside(name: str, allowed: Allowed, is_memory: bool) -> str:
    """The range of one number as a condition, as short as can be, for it is asked at each step."""
    match allowed:
        case Range(low, high, above, below):
            from_low, to_high = "<" if above else "<=", "<" if below else "<="
            number, array = f"{low!r} {from_low} {name}", f"{low!r} {from_low} least({name})"
            if high < float("inf"):
                number += f" {to_high} {high!r}"
                array += f" and most({name}) {to_high} {high!r}"
            kind = "int" if name == "t" else "float"
            text = f"({number} if type({name}) is {kind} else {array})"
            return f"(t > 1 or {text})" if is_memory else text
        case Count(low):
            return f"type({name}) is int and {low} <= {name}"
        case _:
            return f"({name} is False or {name} in {allowed.choices!r})"


@silent
def _l2(theta: Any, grad: Any, weight_decay: Any) -> Any:
    return grad + weight_decay * theta


@silent
def _shrunk(theta: Any, lr: Any, weight_decay: Any) -> Any:
    return (1 - lr * weight_decay) * theta


def _least(value: Any) -> Any:
    """The smallest number in an array, nan if there is one: plain numbers compare faster."""
    if not isinstance(value, np.ndarray):
        return value
    return value.item(value.argmin() if value.ndim else 0)


def _most(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return value.item(value.argmax() if value.ndim else 0)


def _same_shape(theta: Any, grad: Any) -> None:
    _floats(theta)
    shape = getattr(theta, "shape", ())
    if getattr(grad, "shape", None) != shape and np.shape(grad) != shape:
        raise ValueError(f"grad must have theta's shape {shape}, not {np.shape(grad)}")


def _floats(theta: Any) -> None:
    if isinstance(theta, (list, tuple)) or not _floating(theta):
        kind = getattr(theta, "dtype", type(theta).__name__)
        raise TypeError(f"theta must be floats, a number or an array, not {kind}")


def _floating(theta: Any) -> bool:
    dtype = getattr(theta, "dtype", None)
    if isinstance(dtype, np.dtype):
        return dtype.kind in "fO"
    return bool(getattr(dtype, "is_floating_point", True))  # torch's, and plain numbers
