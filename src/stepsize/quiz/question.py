"""What a question is.

    @question(1, h=(0.5, 4.0))
    def border(h): return asked("...", right=("0.5", "why"), wrong=[("1", "why not"), ...])

A question is a function of its parameters, each of which is one of a few values.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

__all__ = ["Asked", "Choice", "Question", "asked", "number", "question"]

EXPONENT = re.compile(r"(\d+(?:\.\d+)?)e([-+]\d+)")  # as Python prints it
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Choice(NamedTuple):
    """A possible answer, and the comment on it afterward.

    first: the text it had when it was first drawn, if it has been reworded since. It decides
    the choice's place, so that the letters in a sitting that is under way keep their meaning.
    """

    text: str
    why: str
    first: str = ""


class Asked(NamedTuple):
    """A question with its numbers filled in."""

    text: str
    right: Choice
    wrong: tuple[Choice, ...]


@dataclass(frozen=True)
class Question:
    """An entry of the bank: its name, its lesson, what it asks, and with which values."""

    name: str
    lesson: int
    ask: Callable[..., Asked]
    values: dict[str, tuple[Any, ...]]


def question(lesson: int, **values: Sequence[Any]) -> Callable[[Callable[..., Asked]], Question]:
    """Makes a function a question. values: for each of its arguments, the values it may have."""

    def made(ask: Callable[..., Asked]) -> Question:
        each = {name: tuple(several) for name, several in values.items()}
        return Question(ask.__name__, lesson, cache(ask), each)

    return made


def asked(text: str, right: tuple[str, ...], *wrong: tuple[str, ...]) -> Asked:
    """What a question's function returns: each choice is a text, and why it is right or wrong."""
    return Asked(text, _choice(*right), tuple(_choice(*choice) for choice in wrong))


def _choice(text: str, why: str, first: str = "") -> Choice:
    """A choice with its numbers as a book prints them; its text as given decides its place."""
    printed = EXPONENT.sub(_in_print, text)
    return Choice(printed, why, first or (text if printed != text else ""))


def _in_print(found: re.Match[str]) -> str:
    """1e+03 is 1000, 2e-06 is 2 × 10⁻⁶."""
    digits, power = found[1], int(found[2])
    if power > 0:
        return f"{float(found[0]):,.0f}" if power > 3 else f"{float(found[0]):.0f}"
    raised = f"10{str(power).translate(RAISED)}"
    return raised if float(digits) == 1 else f"{digits} × {raised}"


def number(x: float) -> str:
    """Three digits: 0.0123, −0.29, 1e-06; a choice prints the last as 10⁻⁶."""
    return f"{'−' * (x < 0)}{abs(x):.3g}"
