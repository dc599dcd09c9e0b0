"""The Python in which one answer runs: it takes a job from stdin, writes a verdict, and ends.

`sandbox` starts it ahead of time. While it waits, it ends as soon as the notebook does; while an
answer runs, `watchdog` ends it in time and writes where it was.
Its standard output is the channel; whatever an answer prints, by any means, goes to stderr.
"""

import builtins
import faulthandler
import json
import os
import pickle
import sys
import warnings
from typing import IO

from . import watchdog
from .report import reported

MEMORY = 4 * 2**30  # bytes, if the system enforces it


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
    faulthandler.enable(channel)
    watchdog.limit(watchdog.Limits(*job["loading"]), channel, last=False)

    def loaded() -> None:
        channel.write(b"loaded\n")
        watchdog.limit(watchdog.Limits(*job["running"]), channel)

    report = reported(job["exercise"], job["answer"], loaded)
    watchdog.rest()
    channel.write(json.dumps(report).encode() + b"\n")
    sys.stderr.flush()
    os._exit(0)  # even if the answer left something running


def _rewire() -> tuple[IO[bytes], IO[bytes]]:
    """Hide the channel from answers: print, C code and child processes write to stderr."""
    jobs, channel = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return jobs, channel


def _restrain() -> None:
    warnings.simplefilter("ignore")
    builtins.display = print  # type: ignore[attr-defined]  # a notebook has it
    try:
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core dumps
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    except (ImportError, OSError, ValueError):
        pass  # there, the time limit has to suffice


if __name__ == "__main__":
    main()
