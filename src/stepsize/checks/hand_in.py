"""Takes an answer, sends it off to be judged, puts the verdict in words, and records it."""

import linecache
import os
import re
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..extras import needs
from ..learner import board, record
from ..learner.verdict import BROKEN, RIGHT, UNTRIED, Verdict
from ..notebook import cells
from .catalog import EXERCISES
from .gaps import stands_in
from .judging import BOTH
from .report import Report, SandboxError
from .where import run

__all__ = ["verdict_on"]

TO_DO = "Replace each `...` with your own code, and run its cell again."


def verdict_on(name: str, answer: Any) -> Verdict:
    """The verdict on an answer, also recorded in the progress file. Raises nothing."""
    try:
        older = cells.missed(name)
        if older:
            return Verdict(name, UNTRIED, older)
        verdict = _verdict(name, answer)
        notes = [] if verdict.status == RIGHT else [cells.unchanged(name, answer, verdict)]
        if verdict.status != UNTRIED:
            notes.append(record.keep(name, verdict.status, verdict.mistake))
            notes.append(board.tell(replace(verdict, mistake=_counted(verdict)), answer))
        return replace(verdict, note="\n".join(filter(None, notes)))
    except KeyboardInterrupt:
        return Verdict(name, BROKEN, "You stopped it.")
    except Exception as error:  # a defect of ours must not stop a notebook
        return Verdict(name, UNTRIED, f"The check failed, not you: `{error!r}`. Please report it.")


def _verdict(name: str, answer: Any) -> Verdict:
    if name not in EXERCISES:
        how = 'A check takes an exercise and your answer, as in `check("1.1", my_sgd)`.'
        text = f"There is no such exercise. {how} The exercises are {', '.join(EXERCISES)}."
        return Verdict(name, UNTRIED, text)
    if answer is ...:
        return Verdict(name, UNTRIED, TO_DO)
    try:
        carried = _carried(answer)
    except Exception as error:
        return Verdict(name, BROKEN, _too_heavy(answer, error))
    exercise = EXERCISES[name]
    try:
        report = run(name, carried, exercise.seconds)
    except SandboxError as error:
        text = "The check couldn't start a second Python to run your answer in."
        return Verdict(name, UNTRIED, text, str(error))
    verdict = replace(_read(name, report, answer), printed=report.printed)
    if verdict.status == UNTRIED or (verdict.status != RIGHT and stands_in(answer)):
        return Verdict(name, UNTRIED, TO_DO)
    return verdict


def _counted(verdict: Verdict) -> str | None:
    """The mistake that the class board counts, the first of two; the answer ran in its notebook."""
    first = (verdict.mistake or "").split(BOTH)[0]
    return first if first in EXERCISES[verdict.exercise].mistakes else None


def _carried(answer: Any) -> bytes:
    """The answer as bytes, with everything it refers to in the notebook."""
    with needs():
        import cloudpickle
    return cloudpickle.dumps(answer)


def _too_heavy(answer: Any, error: Exception) -> str:
    """Why an answer can't leave the notebook, and what prevents it, if that can be told."""
    names = getattr(getattr(answer, "__code__", None), "co_names", ())
    known = getattr(answer, "__globals__", {})
    for name in names:
        try:
            _carried(known.get(name))
        except Exception:
            kind = type(known[name]).__name__
            return (
                f"It uses `{name}`, a {kind}, which belongs to this notebook and can't be sent to "
                "where answers are checked. Use only the arguments."
            )
    return f"It can't be sent to where answers are checked: `{error}`."


def _read(name: str, report: Report, answer: Any) -> Verdict:
    """A report in words."""
    if report.message is not None:
        verdict = Verdict(**report.message["verdict"])
        return replace(verdict, detail=_place(report.message["frames"], answer) or verdict.detail)
    words = re.findall(r'File "(.*)", line (\d+) in (.*)', report.last_words)
    place = _place(
        [(file, int(line), function) for file, line, function in reversed(words)], answer
    )
    return Verdict(name, BROKEN, _how_it_ended(report), place)


def _how_it_ended(report: Report) -> str:
    """Why an answer didn't end normally, from the last words of its Python."""
    crash = re.search(
        "^(?:Fatal Python error|Windows fatal exception): (.*)", report.last_words, re.M
    )
    if crash:
        return f"It crashes Python itself: {crash[1]}."
    if not report.last_words:
        return "It ended Python instead of returning."
    if report.limits is None:
        return "What it imports took too long to load where answers are checked."
    computing, waiting = report.limits
    if report.last_words.startswith("Timeout"):
        return (
            f"It was still running after {waiting:g} seconds, though it hadn't even computed for "
            f"{computing:g}: it is waiting for something. It was stopped."
        )
    return f"It was still running after {computing:g} seconds of computing, and was stopped."


def _place(frames: list[tuple[str, int, str]], answer: Any) -> str:
    """The innermost of these frames that the learner wrote; they go from outside in."""
    own = getattr(getattr(answer, "__code__", None), "co_filename", None)
    for file, number, function in reversed(frames):
        if file == own or _is_the_learners(file):
            cell = "your cell" if file == own else f"the cell of {function}"
            where = f"In line {number} of {Path(file).name if os.path.exists(file) else cell}"
            line = linecache.getline(file, number).strip()
            return f"{where}:\n    {line}" if line else f"{where}."
    return ""


def _is_the_learners(file: str) -> bool:
    """Whether it is a notebook's cell, or a file that isn't Python's, installed or ours."""
    path = Path(file)
    ours = [Path(__file__).parents[1], Path(sysconfig.get_path("stdlib"))]
    installed = {"site-packages", "dist-packages"} & set(path.parts)
    return bool(linecache.getlines(file)) and not installed and not set(ours) & set(path.parents)
