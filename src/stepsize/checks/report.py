"""What is known about an answer after it has run, wherever that was (see `where`)."""

import re
import traceback
from collections.abc import Callable
from dataclasses import asdict
from io import RawIOBase
from typing import Any, NamedTuple

from ..extras import needs
from ..learner.verdict import BROKEN, Verdict
from .catalog import EXERCISES
from .exercise import Broke
from .judging import judge
from .watchdog import Limits

with needs():
    import cloudpickle

__all__ = ["NoProcesses", "Printed", "Report", "SandboxError", "reported"]

PRINTED = 2000  # characters kept of what an answer prints

HINTS = {
    "EOFError": "Nobody can type anything in here: everything an answer needs is in its arguments.",
    "MemoryError": "It needs more memory than it is allowed.",
    "NameError": "Is it spelled right, and have you run the cell that defines it?",
    "RecursionError": "It calls itself endlessly.",
}
HINTS_FOR_WORDS = {  # if the error says this
    r"for \^:|bitwise_xor": "In Python a power is written `**`; `^` is something else.",
    r"operand type.*'(function|method)'": (
        "A function has to be called: with parentheses after its name."
    ),
    r"truth value of an array": (
        "`if`, `and` and `max` ask one question of one number. For arrays there are `np.where` and "
        "`np.maximum`."
    ),
    r"math domain error": "A root or a logarithm of a number below 0 is not a number.",
    r"'NoneType'.* 'append'": "`append` changes the list itself, and returns nothing to keep.",
}


class Report(NamedTuple):
    """What `reported` returned; or nothing, and where the answer was when it ended.

    limits: what the answer was allowed; None if it hadn't reached the other Python yet.
    """

    message: dict[str, Any] | None
    last_words: str
    printed: str
    limits: Limits | None = None


class SandboxError(Exception):
    """There is nowhere the answer could run. It isn't the learner's fault."""


class NoProcesses(SandboxError):
    """This system, a browser, can't start a second Python."""


class Printed(RawIOBase):
    """Keeps the beginning of what is printed, and discards the rest."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.left_out = 0

    def writable(self) -> bool:
        return True

    def write(self, text: Any) -> int:
        room = PRINTED - len(self.kept)
        self.kept += text[:room]
        self.left_out += len(text[room:])
        return len(text)

    def __str__(self) -> str:
        text = self.kept.decode("utf-8", "replace").replace("\r\n", "\n").rstrip()
        return f"{text}\n... and {self.left_out} more characters" if self.left_out else text


def reported(name: str, carried: bytes, loaded: Callable[[], None]) -> dict[str, Any]:
    """A verdict, and where an error was raised: (file, line, function), innermost last.

    loaded: called when the answer has arrived and is about to run.
    """
    exercise = EXERCISES[name]
    try:
        answer = cloudpickle.loads(carried)
        loaded()
        verdict, error = judge(exercise, answer), None
    except Broke as broke:
        error = broke.error
    except BaseException as unexpected:  # the answer couldn't be loaded, or broke the judge
        error = unexpected
    if error is None:
        return {"verdict": asdict(verdict), "frames": []}
    frames = [
        (frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return {"verdict": asdict(Verdict(exercise.name, BROKEN, _told(error))), "frames": frames}


def _told(error: BaseException) -> str:
    """An error in one line, without anything that changes from run to run."""
    name = type(error).__name__
    message = re.sub(r" at 0x[0-9a-fA-F]+", "", Broke(error).message)
    message = " ".join(message.replace("`", "'").split())
    message = message if len(message) <= 300 else message[:300] + " ..."
    told = (hint for words, hint in HINTS_FOR_WORDS.items() if re.search(words, message))
    hint = next(told, HINTS.get(name))
    return " ".join(filter(None, [f"`{name}: {message}`." if message else name + ".", hint]))
