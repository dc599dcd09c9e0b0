"""Where an answer's behavior differs from what it should be, and how that is shown."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .exercise import Exercise, Moment

__all__ = ["Apart", "agree", "differences", "first_difference", "shown", "side_by_side"]


class Apart(NamedTuple):
    """Where two answers first differ, and in what: name -> (yours, expected)."""

    where: str
    values: dict[str, tuple[Any, Any]]


def first_difference(
    exercise: Exercise, mine: Iterable[Moment], theirs: Iterable[Moment]
) -> Apart | None:
    """None if all results agree."""
    for one, other in zip(mine, theirs, strict=True):
        results = dict(differences(exercise, one.results, other.results))
        if results:  # inner values come first: the cause before the effect
            return Apart(one.where(), dict(differences(exercise, one.inner, other.inner)) | results)
    return None


def differences(
    exercise: Exercise, mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """The values that both have but that differ, by name."""
    for name in theirs:
        if name in mine and not agree(exercise, mine[name], theirs[name]):
            yield name, (mine[name], theirs[name])


def agree(exercise: Exercise, a: Any, b: Any) -> bool:
    """Whether they are as equal as the exercise asks."""
    if np.ndim(b) == 0 and np.size(a) == 1:  # a number, in an array or not
        a = np.reshape(a, ())
    if np.shape(a) != np.shape(b):
        return False
    if np.isfinite(b).all():  # as below, but quicker: pairs of mistakes are many
        off = np.abs(np.subtract(a, b, dtype=float))  # booleans, too
        return bool((off <= exercise.atol + exercise.rtol * np.abs(b)).all())
    return bool(np.allclose(a, b, exercise.rtol, exercise.atol, equal_nan=True))


def side_by_side(apart: Apart) -> tuple[str, str]:
    """The place, and the values in two columns."""
    rows = [("", "yours", "expected")]
    for name, (mine, theirs) in apart.values.items():
        if np.shape(mine) == np.shape(theirs) and np.ndim(theirs) == 2:
            row = next(i for i in range(len(theirs)) if not np.allclose(mine[i], theirs[i]))
            name, mine, theirs = f"{name}[{row}]", mine[row], theirs[row]
        rows.append((name, *_texts(mine, theirs)))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = (f"{a:{widths[0]}}  {b:{widths[1]}}  {c}" for a, b, c in rows)
    return f"It first differs {apart.where}.", "\n".join(lines)


def _texts(mine: Any, theirs: Any) -> tuple[str, str]:
    """Both, with just enough digits to tell them apart."""
    if np.shape(mine) != np.shape(theirs):
        return f"shape {np.shape(mine)}", f"shape {np.shape(theirs)}"
    for precision in (4, 8, 17):
        texts = shown(mine, precision), shown(theirs, precision)
        if texts[0] != texts[1]:
            break
    return texts


def shown(value: Any, precision: int = 4) -> str:
    """A number or an array on one line."""
    text = np.array2string(
        np.asarray(value),
        formatter={"float_kind": lambda x: f"{x:.{precision}g}"},
        separator=", ",
        threshold=8,
    )
    return " ".join(text.split())
