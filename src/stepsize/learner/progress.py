"""`progress`: a bar for each lesson, from the progress file."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import record
from .verdict import RIGHT

__all__ = ["LAST", "Progress", "progress"]

LAST = "15 The last check"


@dataclass(frozen=True)
class Progress:
    """What `progress` returns: each lesson's title, and per exercise "right", "tried" or "".

    last: the same for the questions of the last check, for the seed with the most right answers,
    right ones first. seed: that seed, None if no question was answered.
    """

    lessons: dict[str, tuple[str, ...]]
    note: str = ""
    last: tuple[str, ...] = ()
    seed: int | None = None

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """A title, a bar, and a count for each lesson and for the last check."""
        return [_row(lesson) for lesson in (*self.lessons.items(), (LAST, self.last))]

    def __repr__(self) -> str:
        width = max(map(len, self.lessons))
        longest = max(map(len, self.lessons.values()))
        rows = [f"{title:{width}}  {bar:{longest}}  {count}" for title, bar, count in self.rows]
        return "\n".join([*rows, *filter(None, [self.note])])

    def _repr_html_(self) -> str:
        rows = (
            f'<tr><td style="text-align: left">{html.escape(title)}</td>'
            f'<td style="text-align: left"><code aria-hidden="true">{bar}</code></td>'
            f'<td style="text-align: left">{count}</td></tr>'
            for title, bar, count in self.rows
        )
        note = self.note and f"<p>{html.escape(self.note)}</p>"
        return f"<table>{''.join(rows)}</table>{note}"


def _row(lesson: tuple[str, tuple[str, ...]]) -> tuple[str, str, str]:
    title, states = lesson
    marks = {"right": "█", "tried": "▒", "": "░"}
    count = f"{states.count('right')} of {len(states)}"
    return title, "".join(marks[state] for state in states), count


def progress(lessons: Mapping[str, Sequence[str]], questions: int) -> Progress:
    """What the progress file says, by lesson. An answer that was once right stays right.

    lessons: title -> its exercises. questions: how many a last check has.
    """
    lines, note = record.lines()
    tried = {line["exercise"] for line in lines}
    right = {line["exercise"] for line in lines if line["status"] == RIGHT}

    def state(name: str) -> str:
        return "right" if name in right else "tried" * (name in tried)

    states = {title: tuple(map(state, names)) for title, names in lessons.items()}
    return Progress(states, note, *_best(record.by_seed(lines), questions))


def _best(answered: Mapping[int, Mapping[str, str]], n: int) -> tuple[tuple[str, ...], int | None]:
    """The last check with the most right answers: the states of its n questions, and its seed."""
    if not answered:
        return ("",) * n, None
    right = {seed: list(statuses.values()).count(RIGHT) for seed, statuses in answered.items()}
    best = max(right, key=lambda seed: right[seed])
    told = min(len(answered[best]), n)
    solved = min(right[best], n)  # it may count answers to questions that are gone
    states = ["right"] * solved + ["tried"] * (told - solved)
    return (*states, *[""] * (n - told)), best
