"""What an optimizer is here: `Rule`, the contract; `Step`, its answer; `@rule`, its guard.

    @rule(lr=at_least(0), momentum=at_least(0))
    def momentum(theta, grad, t, velocity=0.0, *, lr=1e-3, momentum=0.9) -> Step:

The guard stands above the function, so that the lines of the function stay those of the paper:

- a hyper-parameter outside its range raises, with its name, value and range;
- so do parameters that are no floats (a plain whole number counts as one), and a gradient that
  is none, or has another shape than theirs;
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

from .elementwise import where
from .ranges import Allowed, Count, Range, at_least, one_of, require, require_floats
from .silence import IGNORE, STATE, silent

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


# The guard of one rule, with the rule's own header. It is written out and compiled once, as
# dataclasses do with __init__: a guard for all headers, `(*args, **kwargs)`, would take as long
# as the whole of Adam on Python floats.
GUARD = """
def guard({header}):
    try:
        inside = {inside}
    except (TypeError, ValueError, RuntimeError):
        inside = False  # a column that is not NumPy's, or no number at all
    if not inside:
        reject({values})
    if type(theta) is not float or type(grad) is not float{or_too_few_axes}:
        fitting(theta, grad)
    token = state.set(ignore)
    try:
        if maximize:
            grad = -grad
        {l2}
        try:
            return function({arguments})
        except ArithmeticError:
            if hasattr(grad, "shape"):
                raise
            theta, grad = np.float64(theta), np.float64(grad)  # these say inf or nan
            return function({arguments})
    finally:
        state.reset(token)
"""
L2 = """if weight_decay is not default_weight_decay and (
            type(weight_decay) not in (float, int) or weight_decay
        ):
            grad = grad + weight_decay * theta"""


def rule(
    axes: int = 0, /, **ranges: Allowed
) -> Callable[[Callable[..., Step]], Callable[..., Step]]:
    """Guard a rule: see above. ranges: of its hyper-parameters, and of a memory's first value.

    axes: how many theta has at least; 2 for a rule of matrices.
    """

    def decorate(function: Callable[..., Step]) -> Callable[..., Step]:
        own = inspect.signature(function)
        names = list(own.parameters)
        hyper = [name for name, p in own.parameters.items() if p.kind is p.KEYWORD_ONLY]
        places = names[: len(names) - len(hyper)]
        memory = places[3:]
        takes = [_keyword("maximize", False)]
        allowed: dict[str, Allowed] = {"t": at_least(1), **ranges, "maximize": one_of(False, True)}
        l2 = "weight_decay" not in names
        if l2:
            takes.insert(0, _keyword("weight_decay", 0.0))
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
            **dict(fitting=functools.partial(_fitting, axes), state=STATE, ignore=IGNORE),
            "inf": float("inf"),
        }
        text = GUARD.format(
            header=_header(header),
            inside=" and ".join(_inside(n, r, n in memory) for n, r in allowed.items()),
            values=", ".join(f"{name}={name}" for name in allowed),
            or_too_few_axes=" or True" if axes else "",
            arguments=", ".join([*places, *(f"{name}={name}" for name in hyper)]),
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
    Raises: ValueError for a rule that has a weight_decay of its own or is decoupled already, and
    for those that remember z and x and make theta anew from them, as the schedule-free ones.

    What is never in the gradient shrinks all the same, and in proportion:

    >>> from stepsize.optimizers import sgd
    >>> decoupled(sgd)(np.array([8.0, 1.0]), np.zeros(2), t=1, lr=0.1, weight_decay=5.0).theta
    array([4. , 0.5])
    """
    own = inspect.signature(inspect.unwrap(rule)).parameters
    twice = getattr(rule, "func", None) is _shrink_first
    if twice or "weight_decay" in own or {"z", "x"} <= set(own):
        kept = "no weight_decay of its own, and step from theta"
        raise ValueError(f"rule must have {kept}, not {rule.__name__}")
    signature = inspect.signature(rule)
    rate = signature.parameters["lr"].default
    shrink_first = functools.partial(_shrink_first, rule, lr=rate)  # which can be pickled
    functools.update_wrapper(shrink_first, rule)
    name = f"decoupled_{rule.__name__}"
    vars(shrink_first).update(__name__=name, __qualname__=name, __signature__=signature)
    return shrink_first


def _shrink_first(
    rule: Callable[..., Step],
    theta: Any,
    grad: Any,
    t: int,
    *memory: Any,
    lr: Any,
    weight_decay: Any = 0.0,
    **rest: Any,
) -> Step:
    _fitting(0, theta, grad)
    require("lr", lr, at_least(0))
    require("weight_decay", weight_decay, at_least(0))
    theta = _shrunk(theta, lr, weight_decay)
    if np.shape(theta) != np.shape(grad):
        grad = where(True, grad, theta)  # as wide as a column has made theta
    return rule(theta, grad, t, *memory, lr=lr, **rest)


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
        case Count(low, below):
            return f"type({name}) is int and {low} <= {name} < {below}"
        case _:
            return " or ".join(f"{name} is {choice!r}" for choice in allowed.choices).join("()")


@silent
def _shrunk(theta: Any, lr: Any, weight_decay: Any) -> Any:
    return (1 - lr * weight_decay) * theta


def _least(value: Any) -> Any:
    """The smallest number in an array, nan if there is one: plain numbers compare faster."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    return _real(value).item(value.argmin() if value.ndim else 0)


def _most(value: Any) -> Any:
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    return _real(value).item(value.argmax() if value.ndim else 0)


def _real(value: Any) -> Any:
    if value.dtype.kind not in "fiub":
        raise TypeError  # which `reject` puts into words
    return value


def _fitting(axes: int, theta: Any, grad: Any) -> None:
    """Raise unless these are floats of one shape, with that many axes."""
    if type(theta) is np.ndarray is type(grad) and theta.dtype.kind == "f" == grad.dtype.kind:
        shape, other = theta.shape, grad.shape
    else:
        require_floats("theta", theta)
        require_floats("grad", grad)
        shape, other = np.shape(theta), np.shape(grad)
    if shape != other:
        raise ValueError(f"grad must have theta's shape {tuple(shape)}, not {tuple(other)}")
    if len(shape) < axes:
        wanted = ", ".join(["...", *"nm"[:axes]])
        raise ValueError(f"theta must have the shape ({wanted}), not {tuple(shape)}")
