"""What an exercise is, and how an answer is judged: by what it does, never by how it is written.

`observe(answer)` runs an answer and notes what is seen. The reference and the known mistakes are
observed in the same way. An answer that is seen to do what the reference does is right; one that
does what a mistake does is that mistake; of any other, the first difference is shown.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..learner.verdict import RIGHT, UNTRIED, WRONG, Verdict

__all__ = ["Broke", "Exercise", "Mistake", "Moment", "Seen", "Unfinished", "Wrong", "judge"]


class Mistake:
    """A sentence that teaches, and the answers to which it is said."""

    def __init__(self, sentence: str, *variants: Any) -> None:
        self.sentence, self.variants = sentence, variants


class Moment(NamedTuple):
    """What was seen at one place: the results, which decide, and inner values, which explain."""

    where: str
    results: dict[str, Any]
    inner: Mapping[str, Any] = MappingProxyType({})


@dataclass
class Seen:
    """All that was seen of an answer.

    faults: what is wrong although the numbers are right, name -> sentence.
    """

    moments: list[Moment] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exercise:
    """An exercise: what a right answer does, and what people do instead.

    reference: a right answer. mistakes: name -> Mistake. observe: answer -> Seen.
    praise: said with "right". hint: said to a wrong answer that is no known mistake, in place of
    the expected values, where these would be the answer.
    rtol, atol: how close is equal. float32 passes; a wrong formula, on our cases, is far off.
    seconds: how long an answer may compute; it may wait for longer.
    """

    name: str
    title: str
    reference: Any
    mistakes: dict[str, Mistake]
    observe: Callable[[Any], Seen]
    praise: str = ""
    hint: str = ""
    rtol: float = 1e-5
    atol: float = 1e-7
    seconds: float = 5.0


class Unfinished(Exception):
    """There is still a `...` in the answer."""


class Wrong(Exception):
    """Plainly wrong, before any comparison: what the mistake is called, and what to say."""

    def __init__(self, mistake: str, sentence: str) -> None:
        self.mistake, self.sentence = mistake, sentence


class Broke(Exception):
    """The answer raised; kept apart from what we raise ourselves."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    @property
    def message(self) -> str:
        """What the error says; nothing, where saying it fails."""
        try:
            return str(self.error)
        except Exception:  # the answer may raise an error of its own making
            return ""


def judge(exercise: Exercise, answer: Any) -> Verdict:
    """The verdict on an answer. Raises Broke where the answer raises."""
    name = exercise.name
    try:
        seen = exercise.observe(answer)
    except Unfinished:
        return Verdict(name, UNTRIED, "")
    except Wrong as wrong:
        return Verdict(name, WRONG, wrong.sentence, mistake=wrong.mistake)
    expected = exercise.observe(exercise.reference)
    apart = _differences(exercise, seen, expected)
    if apart is None:
        for fault, sentence in seen.faults.items():
            return Verdict(name, WRONG, sentence, mistake=fault)
        return Verdict(name, RIGHT, exercise.praise)
    known = _known(exercise, seen, apart)
    if known:
        return Verdict(name, WRONG, exercise.mistakes[known].sentence, mistake=known)
    if exercise.hint:
        return Verdict(name, WRONG, exercise.hint)
    return Verdict(name, WRONG, *_side_by_side(apart))


class _Apart(NamedTuple):
    """Where an answer first differs from the reference, and in what: name -> (yours, expected)."""

    where: str
    values: dict[str, tuple[Any, Any]]


def _known(exercise: Exercise, seen: Seen, apart: _Apart) -> str | None:
    """The mistake that does the same; or one after which a differing fact is named."""
    for name, mistake in exercise.mistakes.items():
        for variant in mistake.variants:
            if _differences(exercise, seen, exercise.observe(variant)) is None:
                return name
    return next((name for name in apart.values if name in exercise.mistakes), None)


def _differences(exercise: Exercise, seen: Seen, expected: Seen) -> _Apart | None:
    for mine, theirs in zip(seen.moments, expected.moments, strict=True):
        results = dict(_apart(exercise, mine.results, theirs.results))
        if results:  # inner values come first: the cause before the effect
            return _Apart(mine.where, dict(_apart(exercise, mine.inner, theirs.inner)) | results)
    return None


def _apart(
    exercise: Exercise, mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in theirs:
        if name in mine and not _agree(mine[name], theirs[name], exercise.rtol, exercise.atol):
            yield name, (mine[name], theirs[name])


def _agree(a: Any, b: Any, rtol: float, atol: float) -> bool:
    if np.ndim(b) == 0 and np.size(a) == 1:  # a number, in an array or not
        a = np.reshape(a, ())
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol, atol, equal_nan=True))


def _side_by_side(apart: _Apart) -> tuple[str, str]:
    """Where, and the values in two columns."""
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
    """Both as short as they can be told apart."""
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
