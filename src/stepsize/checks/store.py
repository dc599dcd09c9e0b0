"""What was solved, kept in a file that survives what happens to files.

One line a check, only ever appended: a line that was cut off, because the kernel was killed while
it was written, costs that one line. A file that holds anything else is set aside, not thrown away,
and what could be read of it goes on.
"""

import html
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..home import home
from ..quiz import LENGTH
from .catalog import EXERCISES, LESSONS
from .verdict import RIGHT

__all__ = ["LAST", "Progress", "answers", "drawn", "keep", "keep_drawn", "named", "progress"]

KEYS = {"exercise", "status", "mistake", "at"}
LAST, PREFIX, DRAWN = "13 The last check", "last check ", "drawn"


def keep(exercise: str, status: str, mistake: str | None) -> str:
    """Add a line. Returns what there is to say about it: mostly nothing."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps(dict(exercise=exercise, status=status, mistake=mistake, at=at))
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        note = _repaired(path)
        with open(path, "ab", buffering=0) as file:
            # Line feeds on both sides: whatever was cut off before it can't spoil this one.
            file.write(b"\n" + line.encode() + b"\n")
            os.fsync(file.fileno())
    except OSError as error:
        return f"Your progress could not be kept: `{error}`."
    return note


@dataclass(frozen=True)
class Progress:
    """What `progress` returns: for each lesson its title, and per exercise "right", "tried", "".

    last: the same for the questions of the last check, of the seed with the most right answers,
    those first. seed: that seed, None where no question was answered.
    """

    lessons: dict[str, tuple[str, ...]]
    note: str = ""
    last: tuple[str, ...] = ("",) * LENGTH
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


def progress() -> Progress:
    """What the file says, by lesson. What was once right stays right."""
    try:
        note = _repaired(_path())
        lines, _ = _read(_path())
    except OSError as error:
        lines, note = [], f"Your progress could not be read: {error}."
    tried = {line["exercise"] for line in lines}
    right = {line["exercise"] for line in lines if line["status"] == RIGHT}
    state = {name: "right" if name in right else "tried" * (name in tried) for name in EXERCISES}
    lessons = {title: tuple(state[name] for name in names) for title, names in LESSONS.items()}
    return Progress(lessons, note, *_best(lines))


def named(seed: int, question: str) -> str:
    """What the file calls a question of the last check."""
    return f"{PREFIX}{seed}: {question}"


def answers(seed: int) -> dict[str, str]:
    """The letters that were answered, by question. The first answer to each is the one."""
    try:
        lines, _ = _read(_path())
    except OSError:
        return {}
    start = named(seed, "")
    given: dict[str, str] = {}
    for line in lines:
        if (line["exercise"] or "").startswith(start):
            given.setdefault(line["exercise"].removeprefix(start), line["mistake"] or "")
    return given


def keep_drawn(seed: int, records: list[Any]) -> str:
    """Add what was drawn for a sitting, of which it is the first line."""
    return keep(f"{PREFIX}{seed}", DRAWN, json.dumps(records))


def drawn(seed: int) -> list[Any]:
    """What was drawn for a sitting; empty where that was not kept, or can't be read."""
    try:
        lines, _ = _read(_path())
        begun = next(line for line in lines if _begins(line, seed))
        records = json.loads(begun["mistake"] or "")
    except (OSError, StopIteration, ValueError):
        return []
    whole = isinstance(records, list) and len(records) == LENGTH
    return records if whole and all(map(_is_record, records)) else []


def _begins(line: dict[str, Any], seed: int) -> bool:
    return line["exercise"] == f"{PREFIX}{seed}" and line["status"] == DRAWN


def _is_record(record: Any) -> bool:
    """Whether it has the form of a `quiz.bank.Record`."""
    kinds = [str, int, dict, list]
    whole = isinstance(record, list) and [*map(type, record)] == kinds
    return whole and all(isinstance(place, int) for place in record[3])


def _best(lines: list[dict[str, Any]]) -> tuple[tuple[str, ...], int | None]:
    """Of the seed with the most right answers: the states, and the seed."""
    first: dict[int, dict[str, str]] = {}
    for line in lines:
        seed, _, question = (line["exercise"] or "").removeprefix(PREFIX).partition(": ")
        if question and seed.isdecimal():
            first.setdefault(int(seed), {}).setdefault(question, line["status"])
    if not first:
        return ("",) * LENGTH, None
    right = {seed: list(states.values()).count(RIGHT) for seed, states in first.items()}
    best = max(right, key=lambda seed: right[seed])
    answered = min(len(first[best]), LENGTH)
    solved = min(right[best], LENGTH)
    states = ["right"] * solved + ["tried"] * (answered - solved)
    return (*states, *[""] * (LENGTH - answered)), best


def _path() -> Path:
    return home() / "progress.jsonl"


def _read(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """The lines of the file, and whether it holds anything but lines, whole or cut off."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return [], False
    lines, damaged = [], False
    for text in filter(None, raw.split(b"\n")):
        try:
            line = json.loads(text)
            if not isinstance(line, dict) or set(line) != KEYS:
                raise ValueError
            if not all(isinstance(value, str | None) for value in line.values()):
                raise ValueError
            lines.append(line)
        except ValueError:
            cut_off = text.startswith(b"{"[: len(text)]) and not text.endswith(b"}")
            damaged = damaged or not (cut_off and text.isascii() and b"\0" not in text)
    return lines, damaged


def _repaired(path: Path) -> str:
    """Set a damaged file aside and go on with what could be read of it. Returns what to say."""
    try:
        lines, damaged = _read(path)
    except (IsADirectoryError, PermissionError):  # the latter: a folder, on Windows
        if not path.is_dir():
            raise
        lines, damaged = [], True
    if not damaged:
        return ""
    numbers = range(1, 10**6)
    asides = (path.with_name(f"progress.damaged-{n}.jsonl") for n in numbers)
    aside = next(free for free in asides if not free.exists())
    if path.is_dir():
        path.rename(aside)
    else:
        shutil.copyfile(path, aside)
    fresh = path.with_name(f"progress.{os.getpid()}.new")
    fresh.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    os.replace(fresh, path)
    return (
        f"The file with your progress was damaged. It is set aside as {aside.name}; "
        f"{len(lines)} of its lines could be read, and are kept."
    )
