"""The Python in which one answer runs: it takes a job from stdin, writes a verdict, and ends.

`sandbox` starts it ahead of time. While it waits it ends as soon as the notebook does; while an
answer runs, `watchdog` ends it in time, and writes where it was.
Its first output is the channel; what an answer prints, by whatever means, goes to the second.
"""

import builtins
import faulthandler
import json
import os
import pickle
import re
import sys
import traceback
import warnings
from dataclasses import asdict
from typing import IO, Any

import cloudpickle

from ..learner.verdict import BROKEN, Verdict
from . import watchdog
from .catalog import EXERCISES
from .exercise import Broke
from .judging import judge

MEMORY = 4 * 2**30  # bytes; where the system keeps to it

HINTS = {
    "EOFError": "Nobody can type here: an answer is given all it needs as arguments.",
    "MemoryError": "It needs more memory than it is allowed.",
    "NameError": "Is it spelled right, and have you run the cell that defines it?",
    "RecursionError": "It calls itself without end.",
}
HINTS_FOR_WORDS = {  # in what the error says
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


def main() -> None:
    """Take one job, answer it, end."""
    jobs, channel = _rewire()
    _restrain()
    channel.write(b"ready\n")
    try:
        job = pickle.load(jobs)
    except EOFError:  # the notebook has ended
        return
    os.chdir(job["folder"])
    sys.path[:] = job["path"]
    report = _report(job, channel)
    watchdog.rest()
    channel.write(json.dumps(report).encode() + b"\n")
    sys.stderr.flush()
    os._exit(0)  # whatever the answer left running


def _rewire() -> tuple[IO[bytes], IO[bytes]]:
    """Put the channel where no answer finds it: print, C code and children write to stderr."""
    jobs, channel = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return jobs, channel


def _restrain() -> None:
    warnings.simplefilter("ignore")
    builtins.display = print  # type: ignore[attr-defined]  # a notebook has it
    try:
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no files of a crash
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    except (ImportError, OSError, ValueError):
        pass  # there the time limit has to do


def _report(job: dict[str, Any], channel: IO[bytes]) -> dict[str, Any]:
    """A verdict, and where in the answer an error rose: (file, line, function) innermost last."""
    exercise = EXERCISES[job["exercise"]]
    faulthandler.enable(channel)
    watchdog.limit(watchdog.Limits(*job["loading"]), channel, last=False)
    try:
        answer = cloudpickle.loads(job["answer"])
        channel.write(b"loaded\n")
        watchdog.limit(watchdog.Limits(*job["running"]), channel)
        verdict, error = judge(exercise, answer), None
    except Broke as broke:
        error = broke.error
    except BaseException as unexpected:  # the answer could not be brought here, or broke the judge
        error = unexpected
    if error is None:
        return {"verdict": asdict(verdict), "frames": []}
    frames = [
        (frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return {"verdict": asdict(Verdict(exercise.name, BROKEN, _told(error))), "frames": frames}


def _told(error: BaseException) -> str:
    """An error in one line, without what changes from run to run."""
    name = type(error).__name__
    message = re.sub(r" at 0x[0-9a-fA-F]+", "", Broke(error).message)
    message = " ".join(message.replace("`", "'").split())
    message = message if len(message) <= 300 else message[:300] + " ..."
    told = (hint for words, hint in HINTS_FOR_WORDS.items() if re.search(words, message))
    hint = next(told, HINTS.get(name))
    return " ".join(filter(None, [f"`{name}: {message}`." if message else name + ".", hint]))


if __name__ == "__main__":
    main()
