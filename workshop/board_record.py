"""What the board has been told, in its own file, and how much of that may be shown.

One line per event, only ever appended, so a line that was cut off costs only that line. Only
withdrawing rewrites the file, to take lines out. The line of a check holds what the notebook said
(status), and whether the board, which ran the answer itself, found it right (judged; null if it
had no answer, or none that ran).
"""

import json
import os
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from stepsize.checks.catalog import EXERCISES, LESSONS
from stepsize.learner.verdict import BROKEN, RIGHT, WRONG

STATUSES = (RIGHT, WRONG, BROKEN)
FEW = 5  # if fewer share, a count could show who it is, so nothing is counted in public
RARE = 3  # a mistake made by fewer isn't shown
RECENT = 600  # seconds: what the class works on now
OF_LESSON = {name: title for title, names in LESSONS.items() for name in names}


@dataclass
class Mark:
    """One learner, one exercise.

    status: of the last check. said: once called right by the notebook. seen: the time at which the
    board itself first found it right. doubted: it was called right, but the board has so far
    found otherwise.
    """

    status: str = ""
    said: bool = False
    seen: str = ""
    doubted: bool = False
    mistakes: set[str] = field(default_factory=set)
    last: str | None = None


class Record:
    """Who agreed, and what they have done since. judging: whether right counts only once seen."""

    def __init__(self, path: Path, judging: bool) -> None:
        self.path, self.judging = path, judging
        self.people: dict[str, dict[str, Mark]] = {}
        self.recent: deque[tuple[float, str, str]] = deque(maxlen=1000)
        for line in filter(None, map(_parsed, _lines(path))):
            self._take(line)

    def agree(self, name: str) -> None:
        if name not in self.people:
            self._write(name=name, agreed=True)

    def withdraw(self, name: str) -> None:
        """Remove everything told about a learner, along with any line that can't be read."""
        if self.people.pop(name, None) is None:
            return
        self.recent = deque((one for one in self.recent if one[1] != name), self.recent.maxlen)
        kept = (line for line in map(_parsed, _lines(self.path)) if line and line["name"] != name)
        fresh = self.path.with_suffix(".new")
        with open(fresh, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in kept)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path)

    def check(
        self, name: str, exercise: str, status: str, mistake: str | None, judged: bool | None
    ) -> None:
        """Keep a check of somebody who agreed."""
        said = dict(exercise=exercise, status=status, mistake=mistake, judged=judged)
        self._write(name=name, **said)

    def solved(self, mark: Mark) -> bool:
        return bool(mark.seen) if self.judging else mark.said

    def lesson(self) -> str:
        """The title of the lesson that most of the class worked on last."""
        since = time.time() - RECENT
        now = {(name, title) for at, name, title in self.recent if at > since}
        counts = Counter(title for _, title in now).most_common(1)
        if counts:
            return counts[0][0]
        return self.recent[-1][2] if self.recent else list(LESSONS)[1]

    def counts(self, title: str) -> dict[str, tuple[int, int, int]]:
        """Exercise -> how many solved it, tried it, did neither; empty for too few people."""
        if len(self.people) < FEW:
            return {}
        table = {}
        for name in LESSONS[title]:
            marks = [marks[name] for marks in self.people.values() if name in marks]
            right = sum(map(self.solved, marks))
            table[name] = (right, len(marks) - right, len(self.people) - len(marks))
        return table

    def mistakes(self, title: str) -> list[tuple[int, str, str]]:
        """Mistakes, the commonest first: how many made each, the exercise, the check's sentence."""
        if len(self.people) < FEW:
            return []
        made = Counter(
            (exercise, mistake)
            for marks in self.people.values()
            for exercise, mark in marks.items()
            for mistake in mark.mistakes
            if OF_LESSON[exercise] == title
        )
        # Ties are in the order of the lesson, so that the page doesn't jump around.
        common = sorted(made.items(), key=lambda item: (-item[1], item[0]))
        return [
            (count, exercise, EXERCISES[exercise].mistakes[mistake].sentence)
            for (exercise, mistake), count in common
            if count >= RARE
        ]

    def _write(self, **line) -> None:
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **line}
        with open(self.path, "ab", buffering=0) as file:
            # Line feeds on both sides: whatever was cut off before it can't spoil this one.
            file.write(b"\n" + json.dumps(line).encode() + b"\n")
            os.fsync(file.fileno())
        self._take(line)

    def _take(self, line: dict) -> None:
        # People who haven't agreed have no lines, so if that line is damaged, a check's will do.
        marks = self.people.setdefault(line["name"], {})
        if "agreed" in line:
            return
        exercise, status, judged = line["exercise"], line["status"], line["judged"]
        mark = marks.setdefault(exercise, Mark())
        mark.status, mark.last = status, line["mistake"]
        mark.said = mark.said or status == RIGHT
        if judged:
            mark.seen = mark.seen or line["at"]
        mark.doubted = not mark.seen and (mark.doubted or judged is False)
        if line["mistake"] is not None:
            mark.mistakes.add(line["mistake"])
        at = datetime.fromisoformat(line["at"]).timestamp()
        self.recent.append((at, line["name"], OF_LESSON[exercise]))


def valid(exercise: str, status: str, mistake: str | None) -> bool:
    """Whether such an exercise, status and mistake exist and go together."""
    return (
        exercise in EXERCISES
        and status in STATUSES
        and (mistake is None or (status == WRONG and mistake in EXERCISES[exercise].mistakes))
    )


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n") if path.exists() else []


def _parsed(text: bytes) -> dict | None:
    """A line, or None if it is cut off, damaged, or about an exercise that is gone."""
    try:
        line = json.loads(text)
        datetime.fromisoformat(line["at"])
        if not isinstance(line["name"], str):
            return None
        if line.get("agreed") is True:
            return line
        told = line["exercise"], line["status"], line["mistake"]
        return line if valid(*told) and line["judged"] in (None, True, False) else None
    except (ValueError, TypeError, KeyError):
        return None
