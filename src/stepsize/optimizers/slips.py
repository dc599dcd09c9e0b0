"""Catches what people pass to a rule or to `descend` by mistake.

For every slip here, NumPy or Python would complain in their own words, far from the cause, or
a wrong run would go through silently.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .elementwise import is_tensor

__all__ = [
    "holder_of",
    "name_of",
    "require_column",
    "require_landscape",
    "require_memory",
    "require_names",
    "require_rule",
    "require_time",
    "require_update",
]

# What other libraries call it, and what it is called here.
CALLED_HERE = {
    "learning_rate": "lr",
    "step_size": "lr",
    "eta": "lr",
    "betas": "beta1 and beta2",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "b1": "beta1",
    "b2": "beta2",
    "epsilon": "eps",
    "wd": "weight_decay",
    "decay": "weight_decay",
    "initial_accumulator_value": "total",
}

# What is an argument elsewhere, and a rule here.
RULE_HERE = {
    "momentum": "momentum",
    "nesterov": "nesterov",
    "centered": "centered_rmsprop",
    "amsgrad": "amsgrad",
    "decoupled_weight_decay": "decoupled(rule)",
}


def holder_of(rule: Any, attribute: str) -> Any:
    """The rule itself, or the one it is a partial of: the first that has this attribute, if any."""
    while not hasattr(rule, attribute) and hasattr(rule, "func"):
        rule = rule.func
    return rule


def name_of(rule: Any) -> str:
    """The name of a rule; a partial has the name of the rule itself."""
    rule = holder_of(rule, "__name__")
    return getattr(rule, "__name__", type(rule).__name__)


def require_names(rule: str, given: Iterable[str], takes: Iterable[str]) -> None:
    """Raise TypeError for a hyper-parameter, or a memory, that the rule doesn't have."""
    takes = [*takes]
    for name in given:
        if name not in takes:
            here = CALLED_HERE.get(name, "")
            called = f": here it is {here}" if {*here.split(" and ")} <= {*takes} else ""
            if name in RULE_HERE:
                called = f": here that is a rule, {RULE_HERE[name]}"
            raise TypeError(f"{rule} has no {name!r}{called}. It has {', '.join(takes) or 'none'}.")


def require_memory(name: str, value: Any, theta: Any) -> None:
    """Raise TypeError for a memory that is passed on as a whole, or that isn't of theta's kind."""
    if isinstance(value, dict):
        raise TypeError(f"{name} must not be a dict: pass the memory on as **memory")
    _require_kind(name, value, theta)


def _require_kind(name: str, value: Any, theta: Any) -> None:
    """Raise TypeError for a tensor where theta isn't one, and for an array where theta is."""
    if isinstance(value, np.ndarray) if is_tensor(theta) else is_tensor(value):
        kinds = f"{type(theta).__name__}, not {type(value).__name__}"
        raise TypeError(f"{name} must be a number or of theta's kind, {kinds}")


def require_column(name: str, value: Any, theta: Any, axes: int = 1) -> None:
    """Raise ValueError for an array of hyper-parameters that isn't a column, with one for each run.

    axes: how many of theta's belong to one run. An array along these would give each coordinate its
    own value, but most people who write it mean a sweep, or a schedule.
    """
    if isinstance(value, (float, int)):
        return
    _require_kind(name, value, theta)
    shape, needed = np.shape(value), max(axes, 1)
    if not shape or not np.ndim(theta) or shape[-needed:] == (1,) * needed:
        return
    k, ones = max(shape), ", ".join("1" * needed)
    raise ValueError(
        f"{name} must be one number, or a column of shape ({k}, {ones}) for {k} runs in one pass,"
        f" as made by {name}.reshape(-1, {ones}), not an array of shape {shape}. One that changes"
        f" from update to update is a function: {name}=lambda t: values[t]"
    )


def require_rule(rule: Any) -> None:
    """Raise TypeError unless this can be called like a rule."""
    if not callable(rule) or isinstance(rule, type):
        example = "a function such as stepsize.optimizers.adam"
        raise TypeError(f"rule must be {example}, not {rule!r:.200}")


def require_update(rule: str, t: Any) -> None:
    """Raise TypeError if a rule is called as optimizers are made elsewhere: `adam(lr=0.1)`."""
    if t is None:
        raise TypeError(
            f"{rule} makes one update: {rule}(theta, grad, t, lr=0.1), where t is 1, 2, ... For a"
            f" whole run, use descend({rule}, landscape, start, steps, lr=0.1), and with torch"
            f" as_torch({rule}, params, lr=0.1)"
        )


def require_landscape(landscape: Any) -> None:
    """Raise TypeError unless it has a loss and a gradient that take the expected arguments."""
    if isinstance(landscape, type):
        name = landscape.__name__
        raise TypeError(f"landscape must be an instance, such as {name}(...): {name} is a class")
    for part, asked in (("loss(theta)", 1), ("grad(theta, t)", 2)):
        function = getattr(landscape, part.partition("(")[0], None)
        if not callable(function):
            kind = "a function" if inspect.isroutine(landscape) else f"a {type(landscape).__name__}"
            raise TypeError(
                f"landscape must have {part}, like all of stepsize.surfaces, but {kind} doesn't"
            )
        try:
            inspect.signature(function).bind(*range(asked))
        except TypeError:
            wrong = f"{type(landscape).__name__}'s takes other arguments"
            raise TypeError(f"landscape must have {part}, but {wrong}") from None
        except ValueError:  # some of those that are written in C don't tell
            pass


def require_time(name: str, function: Callable[..., Any]) -> None:
    """Raise TypeError unless the function takes t alone: `lr=cosine` lacks its steps."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some of those that are written in C don't tell
        return
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (2, 4)]
    if len(needed) > 1 or not [*parameters]:
        called = getattr(function, "__name__", "it")
        more = ", ".join(needed[1:])
        example = f"{name}=lambda t: 0.1 * {called}(t, {', '.join(f'{n}=...' for n in needed[1:])})"
        needs = f"but {called} also needs {more}: {example}" if more else "but it takes no argument"
        raise TypeError(f"{name} must be a function of t, the updates already made, {needs}")
