"""All questions, and how a seed draws some of them.

What is drawn, and in which order, is decided by SHA-256 of the seed and of names. So it is the same
for ever, on every machine, and with every version of Python.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import LENGTH, choosing, descending, scaling, scheduling
from .question import Choice, Question

__all__ = ["BANK", "Drawn", "draw"]

_MODULES = (descending, scaling, scheduling, choosing)

BANK = {
    entry.name: entry
    for module in _MODULES
    for entry in vars(module).values()
    if isinstance(entry, Question)
}


@dataclass(frozen=True)
class Drawn:
    """A question as somebody gets it: the choices in their order, and which of them is right."""

    name: str
    lesson: int
    text: str
    choices: tuple[Choice, ...]
    right: int


def draw(seed: int) -> list[Drawn]:
    """The questions of a seed: `LENGTH` of them, from every lesson, lesson after lesson."""

    def luck(*names: Any) -> str:
        return hashlib.sha256("/".join(map(str, (seed, *names))).encode()).hexdigest()

    lessons = sorted({q.lesson for q in BANK.values()})
    stacks = {
        n: sorted((q.name for q in BANK.values() if q.lesson == n), key=luck) for n in lessons
    }
    each, rest = divmod(LENGTH, len(lessons))
    lucky = sorted(lessons, key=lambda n: luck("lesson", n))[:rest]
    chosen = [BANK[name] for n in lessons for name in stacks[n][: each + (n in lucky)]]
    return [_drawn(q, luck) for q in chosen]


def _drawn(q: Question, luck: Callable[..., str]) -> Drawn:
    filled = {k: v[int(luck(q.name, k), 16) % len(v)] for k, v in q.values.items()}
    text, right, wrong = q.ask(**filled)
    choices = sorted((right, *wrong), key=lambda choice: luck(q.name, choice.text))
    return Drawn(q.name, q.lesson, text, tuple(choices), choices.index(right))
