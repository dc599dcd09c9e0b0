"""All questions, and how a seed draws some of them.

What is drawn, and in which order, is decided by SHA-256 of the seed and of names. So it is the same
forever, on every machine, and with every version of Python. A sitting that is under way keeps what
was drawn for it, whatever becomes of the bank: a `Ticket` says which question, with which numbers,
and in which order its choices are. So a question whose meaning changes gets a new name, and a
choice that is reworded says what its `first` text was.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from . import LENGTH, choosing, descending, growing, matrices, scaling, scheduling
from .question import Choice, Question

__all__ = ["BANK", "Drawn", "Ticket", "draw"]

_MODULES = (descending, scaling, scheduling, choosing, matrices, growing)
FIRST = range(1, 13)  # the lessons that older sittings, which kept only answers, drew from

BANK = {
    entry.name: entry
    for module in _MODULES
    for entry in vars(module).values()
    if isinstance(entry, Question)
}

Ticket = list[Any]
"""What JSON keeps of a question that was drawn: its name, its lesson, its numbers, and the order
of its choices, numbered as in the bank, where the right one comes first."""


@dataclass(frozen=True)
class Drawn:
    """A question as somebody gets it: the choices in their order, and which of them is right."""

    name: str
    lesson: int
    text: str
    choices: tuple[Choice, ...]
    right: int
    ticket: Ticket


def draw(seed: int, kept: Any = None, answered: Collection[str] = frozenset()) -> list[Drawn]:
    """The questions of a seed: `LENGTH` of them, from every lesson, lesson after lesson.

    kept: the tickets of a sitting that is under way, from a file that anybody may have edited. They
    stay; in place of a question that the bank no longer has, the seed's next one from that lesson
    is asked.
    answered: for a sitting begun before tickets were kept, the questions that have an answer.
    """

    def luck(*names: Any) -> str:
        return hashlib.sha256("/".join(map(str, (seed, *names))).encode()).hexdigest()

    asked = {q.lesson for q in BANK.values()}
    lessons = sorted(asked & {*FIRST} if answered and kept is None else asked)
    stacks = {
        n: sorted((q.name for q in BANK.values() if q.lesson == n), key=luck) for n in lessons
    }
    if _are_tickets(kept):
        return _resumed(kept, stacks, answered, luck)
    each, rest = divmod(LENGTH, len(lessons))
    lucky = sorted(lessons, key=lambda n: luck("lesson", n))[:rest]
    chosen = []
    for n in lessons:
        first = sorted(stacks[n], key=lambda name: name not in answered)[: each + (n in lucky)]
        chosen += [name for name in stacks[n] if name in first]
    return [_drawn(BANK[name], luck) for name in chosen]


def _are_tickets(kept: Any) -> bool:
    return isinstance(kept, list) and len(kept) == LENGTH and all(map(_is_ticket, kept))


def _is_ticket(x: Any) -> bool:
    whole = isinstance(x, list) and [*map(type, x)] == [str, int, dict, list]
    return whole and all(isinstance(place, int) for place in x[3])


def _resumed(
    kept: Sequence[Ticket],
    stacks: dict[int, list[str]],
    answered: Collection[str],
    luck: Callable[..., str],
) -> list[Drawn]:
    """What was drawn, as far as the bank still has it; gaps are filled as in the first draw."""
    again = [_again(ticket) for ticket in kept]
    used = {ticket[0] for ticket in kept}  # with different numbers, the letters would mislead
    questions = []
    for ticket, question in zip(kept, again, strict=True):
        if question is None:
            near = sorted(stacks.get(ticket[1], ()), key=lambda name: name not in answered)
            spare = chain(near, *stacks.values())
            question = _drawn(BANK[next(name for name in spare if name not in used)], luck)
            used.add(question.name)
        questions.append(question)
    return questions


def _again(ticket: Ticket) -> Drawn | None:
    """The question of a ticket; None if the bank no longer has it in this form."""
    name, _, values, order = ticket
    question = BANK.get(name)
    filled = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    if question is None or filled.keys() != question.values.keys():
        return None
    if any(filled[k] not in several for k, several in question.values.items()):
        return None
    asked = question.ask(**filled)
    if sorted(order) != [*range(1 + len(asked.wrong))]:
        return None
    return _placed(question, filled, order)


def _drawn(q: Question, luck: Callable[..., str]) -> Drawn:
    filled = {k: v[int(luck(q.name, k), 16) % len(v)] for k, v in q.values.items()}
    asked = q.ask(**filled)
    choices = (asked.right, *asked.wrong)
    places = range(len(choices))
    return _placed(
        q, filled, sorted(places, key=lambda i: luck(q.name, choices[i].first or choices[i].text))
    )


def _placed(q: Question, filled: dict[str, Any], order: list[int]) -> Drawn:
    """A question with its numbers, the choices in this order."""
    text, right, wrong = q.ask(**filled)
    choices = tuple((right, *wrong)[i] for i in order)
    ticket = [q.name, q.lesson, filled, order]
    return Drawn(q.name, q.lesson, text, choices, order.index(0), ticket)
