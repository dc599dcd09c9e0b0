"""What an exercise is: what a right answer does, and what people do instead.

`observe(answer)` runs an answer and records what it does. An answer is judged by that, never by how
it is written: see `judging`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = [
    "Broke",
    "Exercise",
    "Made",
    "Mistake",
    "Moment",
    "Seen",
    "Unfinished",
    "Wrong",
    "by_parts",
]


class Mistake:
    """A sentence that teaches, and the answers that get it."""

    def __init__(self, sentence: str, *variants: Any) -> None:
        self.sentence, self.variants = sentence, variants


class Made(NamedTuple):
    """The factory that made a wrong answer, and the parts it replaced in a right one."""

    make: Callable[..., Any]
    parts: dict[str, Any]


def by_parts(make: Callable[..., Any]) -> Callable[..., Any]:
    """A factory of wrong answers: each of its arguments replaces one part of a right one.

    Two of its answers with different parts replaced are two mistakes, and the judge can make the
    answer that has both.
    """

    @wraps(make)
    def made(**parts: Any) -> Any:
        answer = make(**parts)
        answer.made = Made(made, parts)
        return answer

    return made


class Moment(NamedTuple):
    """What was seen at one moment: the results, which decide, and inner values, which explain.

    where: needed for one moment in many, so it is put into words only on request.
    complaints: NumPy's warnings about the numbers, such as "divide by zero".
    """

    where: Callable[[], str]
    results: dict[str, Any]
    inner: Mapping[str, Any] = MappingProxyType({})
    complaints: frozenset[str] = frozenset()


@dataclass
class Seen:
    """Everything seen of an answer, or still to be seen if somebody asks for the next moment.

    faults: what is wrong even though the numbers are right, name -> sentence.
    """

    moments: Iterable[Moment] = ()
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exercise:
    """An exercise: what a right answer does, and what people do instead.

    reference: a right answer. mistakes: name -> Mistake. observe: answer -> Seen.
    praise: shown with "right". hint: shown if a wrong answer isn't a known mistake, in place of the
    expected values, if those would give the answer away.
    rtol, atol: how close counts as equal. float32 passes; in our cases, a wrong formula is far off.
    seconds: how long an answer may compute; it may wait longer.
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
    """Plainly wrong, before any comparison: the mistake's name, and what to say."""

    def __init__(self, mistake: str, sentence: str) -> None:
        self.mistake, self.sentence = mistake, sentence


class Broke(Exception):
    """The answer raised an error; kept apart from errors that we raise ourselves."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    @property
    def message(self) -> str:
        """The error's message; empty if producing it fails."""
        try:
            return str(self.error)
        except Exception:  # the answer may raise an error of its own making
            return ""
