"""What was solved, kept in a file that survives whatever may happen to files.

One line per check, only ever appended. If the kernel is killed while it writes, that costs only the
line it was writing. A file that holds anything else is set aside, not thrown away, and everything
that could be read from it is kept.
"""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .home import home, is_lasting

__all__ = ["answers", "by_seed", "drawn", "keep", "keep_drawn", "lines", "named"]

KEYS = {"exercise", "status", "mistake", "at"}
FLEETING = (
    "Your browser doesn't let this page keep files, so your progress is lost when you close it."
)
LAST_CHECK, DRAWN = "last check ", "drawn"

Line = dict[str, Any]


def keep(exercise: str, status: str, mistake: str | None) -> str:
    """Add a line. Returns a message for the learner, usually empty."""
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
        return f"Your progress couldn't be saved: `{error}`."
    return note or ("" if is_lasting() else FLEETING)


def lines() -> tuple[list[Line], str]:
    """Everything that could be read, in order, and a message about the file, usually empty."""
    try:
        note = _repaired(_path())
        return _read(_path())[0], note
    except OSError as error:
        return [], f"Your progress couldn't be read: {error}."


def named(seed: int, question: str) -> str:
    """What the file calls a question of the last check."""
    return f"{LAST_CHECK}{seed}: {question}"


def answers(seed: int) -> dict[str, str]:
    """The letters that were answered, by question. Only the first answer to each counts."""
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


def keep_drawn(seed: int, tickets: list[Any]) -> str:
    """Record what was drawn for a last check; only the first such line counts."""
    return keep(f"{LAST_CHECK}{seed}", DRAWN, json.dumps(tickets))


def drawn(seed: int) -> Any:
    """What was drawn for a last check; None if that was not kept, or can't be read."""
    try:
        lines, _ = _read(_path())
        kept = (line["mistake"] for line in lines if _begins(line, seed))
        return json.loads(next(kept) or "")
    except (OSError, StopIteration, ValueError):
        return None


def _begins(line: Line, seed: int) -> bool:
    return line["exercise"] == f"{LAST_CHECK}{seed}" and line["status"] == DRAWN


def by_seed(lines: list[Line]) -> dict[int, dict[str, str]]:
    """For each last check, how its questions were first answered: "right" or "wrong"."""
    first: dict[int, dict[str, str]] = {}
    for line in lines:
        seed, _, question = (line["exercise"] or "").removeprefix(LAST_CHECK).partition(": ")
        if question and seed.isdecimal():
            first.setdefault(int(seed), {}).setdefault(question, line["status"])
    return first


def _path() -> Path:
    return home() / "progress.jsonl"


def _read(path: Path) -> tuple[list[Line], bool]:
    """The lines of the file, and whether it holds anything other than lines, whole or cut off."""
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
    """Set a damaged file aside and continue with what could be read. Returns a message."""
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
        f"The file with your progress was damaged. It has been set aside as {aside.name}; "
        f"{len(lines)} of its lines could be read, and are kept."
    )
