"""Curves that already exist as lists with names: from Keras, a DataFrame, or pairs."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from .names import Record, meaning

__all__ = ["frame_columns", "numbers", "rows_of"]


def rows_of(columns: Mapping[str, Any]) -> list[Record]:
    """Lists as rows: lists of equal length together, with the steps among them."""
    lists = {str(name): list(values) for name, values in columns.items()}
    found: list[Record] = []
    for length in dict.fromkeys(len(values) for values in lists.values()):
        together = [name for name, values in lists.items() if len(values) == length]
        rows = zip_longest(*(lists[name] for name in together))
        found += [dict(zip(together, row, strict=True)) for row in rows]
    return found


def numbers(name: str, values: Any) -> list[float | None]:
    """A curve as a list, None where it has a gap.

    Raises: TypeError or ValueError that names the curve, and the part that isn't a number.
    """
    if isinstance(values, str | bytes | Mapping):
        raise TypeError(f"{name} must be a list of numbers, not {values!r:.60}")
    values = _plain(values)
    if getattr(getattr(values, "dtype", None), "kind", "f") in "OSU":
        values = list(values)  # in which a None or a word stays what it is; NumPy would convert it
    if isinstance(values, list | tuple):
        values = [_plain(value) for value in values]
        for i, value in enumerate(values):
            if isinstance(value, str | bytes | complex):
                raise TypeError(f"{name} must be a list of numbers; {name}[{i}] is {value!r:.60}")
        gaps = [value is None for value in values]
        if gaps and all(gaps):
            raise ValueError(f"{name} must be a list of numbers, but all of it is blank")
        if any(gaps):
            solid = numbers(name, [value for value in values if value is not None])
            return [None if gap else solid.pop(0) for gap in gaps]
    try:
        curve = np.asarray(values, float)
    except (TypeError, ValueError):
        kind = type(values).__name__
        raise TypeError(f"{name} must be a list of numbers, not {kind}: {values!r:.60}") from None
    if curve.ndim == 2 and 1 in curve.shape and len(curve) > 1:
        curve = curve[:, 0]
    if curve.ndim != 1 or not len(curve):
        raise ValueError(f"{name} must be a list of numbers, not of shape {curve.shape}")
    return list(curve)


def _plain(value: Any) -> Any:
    """A tensor detached and on the CPU; anything else unchanged."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def frame_columns(frame: Any) -> dict[str, list[float | None]]:
    """The columns of a DataFrame that hold numbers. In one, NaN can be a gap or a lost loss."""
    found = {}
    for name in frame.columns:
        try:
            found[str(name)] = [_number(value) for value in frame[name]]
        except (TypeError, ValueError):
            continue  # names, dates
    curves = {name: found[name] for name in found if meaning(name).role not in ("step", "epoch")}
    for name, values in curves.items():
        others = [other for key, other in curves.items() if key != name]
        found[name] = _gaps(values, others)
    return found


def _number(value: Any) -> float | None:
    """A cell as a number; pandas has its own word for one that is missing."""
    return None if value is None or type(value).__name__ == "NAType" else float(value)


def _gaps(values: list[float | None], others: Sequence[list[float | None]]) -> list[float | None]:
    """A NaN that comes and goes is a gap, and becomes None. It is a lost loss if it stays to the
    end, longer than any gap, in rows that used to have a loss; or if its row has nothing else."""
    blank = np.array([_is_blank(value) for value in values])
    known = np.flatnonzero(~blank)
    if not len(known):
        return values
    beside = [tuple(_is_blank(other[i]) for other in others) for i in range(len(values))]
    usual = {beside[i] for i in known}
    stays = len(values) - 1 - known[-1] > np.diff(known, prepend=-1).max() - 1
    lost = [(stays and i > known[-1] and beside[i] in usual) or all(beside[i])
            for i in range(len(values))]  # fmt: skip
    return [value if lost[i] or not blank[i] else None for i, value in enumerate(values)]


def _is_blank(value: float | None) -> bool:
    return value is None or value != value
