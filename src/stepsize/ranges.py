"""Which values an argument may have, declared above a function instead of inside it.

    @accepts(steps=at_least(1), floor=up_to_one)
    def cosine(...)

A value outside its range raises an error before the function runs; NaN is outside every range.
So the lines of the function stay the lines of the paper.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Range:
    """All numbers x with low <= x <= high; low < x if `above` is set, x < high if `below` is."""

    low: float
    high: float = float("inf")
    above: bool = False
    below: bool = False
    alone: bool = False  # a single number, not an array

    def __contains__(self, value: Any) -> bool:
        if self.alone and _has_axes(value):
            raise TypeError
        if type(value) is not float and _kind(value) not in "fiub":
            raise TypeError  # complex numbers, too, have no order
        from_low = self.low < value if self.above else self.low <= value
        inside = from_low & (value < self.high if self.below else value <= self.high)
        return inside if isinstance(inside, bool) else bool(inside.all())

    def __str__(self) -> str:
        low = f"{'above' if self.above else 'at least'} {self.low:g}"
        high = f"{'below' if self.below else 'at most'} {self.high:g}"
        if self.low == -float("inf"):
            return high if self.high < float("inf") else "any of them but nan"
        return low if self.high == float("inf") else f"{low} and {high}"


@dataclass(frozen=True)
class Count:
    """All whole numbers x with low <= x < below; neither 3.0 nor True is one, nor is an array."""

    low: int
    below: float = float("inf")

    def __contains__(self, value: Any) -> bool:
        if _has_axes(value):
            raise TypeError
        whole = _kind(value) in "iu" and not isinstance(value, float)
        return value in Range(self.low, self.below, below=True) and whole

    def __str__(self) -> str:
        below = "" if self.below == float("inf") else f" and below {self.below}"
        return f"a whole number, at least {self.low}{below}"


@dataclass(frozen=True)
class OneOf:
    """One of a few words or numbers."""

    choices: tuple[Any, ...]

    def __contains__(self, value: Any) -> bool:
        return any(type(value) is type(choice) and value == choice for choice in self.choices)

    def __str__(self) -> str:
        return " or ".join(repr(choice) for choice in self.choices)


Allowed = Range | Count | OneOf


def at_least(low: float) -> Range:
    return Range(low)


def above(low: float) -> Range:
    return Range(low, above=True)


def at_most(high: float) -> Range:
    return Range(-float("inf"), high)


def alone(allowed: Range) -> Range:
    """The same range, for a single number, not an array."""
    return replace(allowed, alone=True)


def count_from(low: int, below: float = float("inf")) -> Count:
    return Count(low, below)


def one_of(*choices: Any) -> OneOf:
    return OneOf(choices)


NOT_NUMBERS = (list, tuple, dict, set, str, bytes, type(None))

below_one = Range(0, 1, below=True)
up_to_one = Range(0, 1)
any_number = Range(-float("inf"))


def require(name: str, value: Any, allowed: Allowed) -> None:
    """Raise unless every number in `value`, a number or an array, is allowed.

    Raises: TypeError if value can't be compared with numbers; ValueError if it is out of range.
    """
    try:
        inside = value in allowed
    except (TypeError, AttributeError):
        kind, a = type(value).__name__, "" if isinstance(allowed, Count) else "a number, "
        raise TypeError(f"{name} must be {a}{allowed}, not {value!r} ({kind})") from None
    if not inside:
        said = repr(value) if isinstance(value, str) or isinstance(allowed, OneOf) else value
        raise ValueError(f"{name} must be {allowed}, not {said}")


def require_numbers(name: str, value: Any, axes: int | None = None) -> None:
    """Raise unless these are real numbers: one, an array of them, or nested lists that form one.

    axes: how many axes it must have; None allows any number.
    Raises: TypeError for anything that isn't a number; ValueError for ragged lists or wrong axes.
    """
    if type(value) is np.ndarray and value.dtype.kind == "f" and axes is None:
        return
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must have rows of equal length, not {value!r:.60}") from None
    if array.dtype.kind not in "fiub":
        wanted = "real numbers, one or an array of them"
        raise TypeError(f"{name} must be {wanted}, not {value!r:.60}")
    if axes is not None and array.ndim != axes:
        wanted = f"have {axes} axes" if axes else "be one number"
        raise ValueError(f"{name} must {wanted}, not an array of shape {array.shape}")


def require_floats(name: str, value: Any) -> None:
    """Raise TypeError unless these are floats, one or an array of them."""
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        fits = not isinstance(value, (*NOT_NUMBERS, complex))
    else:  # NumPy's types have a kind, torch's know whether they are floats
        fits = dtype.kind in "fO" if hasattr(dtype, "kind") else dtype.is_floating_point
    if not fits:
        kind = type(value).__name__ if dtype is None else dtype
        raise TypeError(f"{name} must be floats, a number or an array, not {kind}")


def _has_axes(value: Any) -> bool:
    return bool(getattr(value, "ndim", 0))


def _kind(value: Any) -> str:
    """The kind in NumPy's terms: b for bools, i for whole numbers, f for floats; torch's, too."""
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return "b" if isinstance(value, bool) else "i" if isinstance(value, int) else "f"
    if hasattr(dtype, "is_floating_point"):
        whole = "b" if str(dtype) == "torch.bool" else "i"
        return "f" if dtype.is_floating_point else "c" if dtype.is_complex else whole
    return str(getattr(dtype, "kind", "f"))


def accepts(**ranges: Allowed) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check the named arguments at each call, positional or by name; defaults are trusted.

    So None passes if it is the default.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        by_position = [(i, name) for i, name in enumerate(parameters) if name in ranges]
        optional = {name for name, parameter in parameters.items() if parameter.default is None}

        def check(name: str, value: Any) -> None:
            if value is not None or name not in optional:
                require(name, value, ranges[name])

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            for i, name in by_position:
                if i < len(args):
                    check(name, args[i])
            for name, value in kwargs.items():
                if name in ranges:
                    check(name, value)
            return function(*args, **kwargs)

        return checked

    return decorate
