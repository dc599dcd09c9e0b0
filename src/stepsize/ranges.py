"""Which values an argument may have, said above a function and not inside it.

    @accepts(lr=at_least(0), beta1=fraction)
    def adam(...)

A value outside its range raises before the function runs; NaN lies outside every range. So the
lines of the function stay the lines of the paper.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Range:
    """All numbers x with low <= x <= high; x < high where `below` is set."""

    low: float
    high: float = float("inf")
    below: bool = False

    def __contains__(self, value: Any) -> bool:
        inside = (self.low <= value) & (value < self.high if self.below else value <= self.high)
        return inside if isinstance(inside, bool) else bool(inside.all())

    def __str__(self) -> str:
        if self.high == float("inf"):
            return f"at least {self.low:g}"
        return f"at least {self.low:g} and {'below' if self.below else 'at most'} {self.high:g}"


def at_least(low: float) -> Range:
    return Range(low)


fraction = Range(0, 1, below=True)
share = Range(0, 1)


def require(name: str, value: Any, allowed: Range) -> None:
    """Raise unless every number in `value`, a number or an array, lies in the range.

    Raises: TypeError where value can't be compared with numbers; ValueError where it is outside.
    """
    try:
        inside = value in allowed
    except (TypeError, AttributeError):
        kind = type(value).__name__
        raise TypeError(f"{name} must be a number, {allowed}, not {value!r} ({kind})") from None
    if not inside:
        raise ValueError(f"{name} must be {allowed}, not {value}")


def accepts(**ranges: Range) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check the named arguments at each call, by position or by name; defaults are trusted."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        names = list(inspect.signature(function).parameters)
        by_position = [(i, name) for i, name in enumerate(names) if name in ranges]

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            for i, name in by_position:
                if i < len(args):
                    require(name, args[i], ranges[name])
            for name, value in kwargs.items():
                if name in ranges:
                    require(name, value, ranges[name])
            return function(*args, **kwargs)

        return checked

    return decorate
