"""Runs an answer in a Python of its own: it may print, crash, never end or end everything.

One worker serves one answer; the next one starts while the learner reads, so that a check
doesn't have to wait for a Python to start.
"""

import atexit
import contextlib
import errno
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from .report import NoProcesses, Printed, Report, SandboxError
from .watchdog import Limits

__all__ = ["run"]

START = 180.0  # seconds for a Python to start, on a slow disk with a virus scanner
LOADING = Limits(computing=60.0, waiting=180.0)  # to load an answer and all it imports
WAITING = 20.0  # times its computing limit, by the clock
SLACK = 40.0  # seconds beyond that, in case an answer has put the watchdog to sleep
CHANNEL = 2**20  # bytes read from the channel, which also reports a crash
PACKAGES = str(Path(__file__).parents[2])


def run(exercise: str, answer: bytes, seconds: float, apart: Sequence[str] = ()) -> Report:
    """Judge a pickled answer. Raises SandboxError, or KeyboardInterrupt after cleaning up.

    apart: a command that starts the other Python as somebody else; then none is kept ready.
    """
    worker = _Worker(apart) if apart else _take()
    try:
        report = worker.judge(exercise, answer, seconds)
    finally:
        worker.end()
    if not apart:
        _prepare()
    return report


class _Worker:
    def __init__(self, apart: Sequence[str] = ()) -> None:
        self.lines: queue.Queue[bytes] = queue.Queue()
        self.printed = Printed()
        try:
            self.process = subprocess.Popen(
                [*apart, sys.executable, "-u", "-m", "stepsize.checks.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,  # the notebook's interrupt is not for the worker
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            none = error.errno == errno.ENOTSUP
            raise (NoProcesses if none else SandboxError)(str(error)) from None
        jobs = [(self._listen, self.process.stdout), (self._drain, self.process.stderr)]
        self.threads = [
            threading.Thread(target=job, args=(pipe,), daemon=True) for job, pipe in jobs
        ]
        for thread in self.threads:
            thread.start()

    def judge(self, exercise: str, answer: bytes, seconds: float) -> Report:
        if not (self._line(START) or b"").startswith(b"ready"):
            self.end()
            raise SandboxError(str(self.printed) or "it does not start")
        path = [str(Path(folder).absolute()) for folder in sys.path]
        limits = Limits(seconds, WAITING * seconds)
        job = {
            "exercise": exercise,
            "answer": answer,
            "loading": LOADING,
            "running": limits,
            "folder": os.getcwd(),
            "path": path,
        }
        assert self.process.stdin is not None
        try:
            pickle.dump(job, self.process.stdin)
            self.process.stdin.flush()
        except OSError:
            pass  # it is gone: its last words will say why
        words, loaded = b"", None
        deadline = time.monotonic() + LOADING.waiting + SLACK
        while line := self._line(deadline - time.monotonic()):
            if line.startswith(b"{"):
                self.end()
                return Report(json.loads(line), "", str(self.printed), limits)
            if line.startswith(b"loaded"):
                loaded, deadline = limits, time.monotonic() + limits.waiting + SLACK
                continue
            words += line
        if line is None:  # an answer that has put the watchdog to sleep
            words = b"Timeout"
        self.end()
        return Report(None, words.decode("utf-8", "backslashreplace"), str(self.printed), loaded)

    def _line(self, seconds: float) -> bytes | None:
        """The next line of the channel; empty at its end, None when time is up.

        It waits in short pieces: on Windows, a long wait would ignore the learner's interrupt.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                return self.lines.get(timeout=0.1)
            except queue.Empty:
                pass
        return None

    def _listen(self, pipe: IO[bytes]) -> None:
        heard = 0
        with pipe:
            while heard < CHANNEL and (line := pipe.readline(CHANNEL)):
                heard += len(line)
                self.lines.put(line)
        self.lines.put(b"")

    def _drain(self, pipe: IO[bytes]) -> None:
        """Keep the beginning of what is printed, and read the rest, so that nothing blocks."""
        with pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                self.printed.write(chunk)

    def end(self) -> None:
        """End it, with whatever it has started. Calling this twice does no harm."""
        if self.process.returncode is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except AttributeError:  # Windows
                self.process.kill()
            except OSError:
                pass  # it has ended
            self.process.wait()
        for thread in self.threads:
            thread.join(timeout=5.0)  # a process that escaped may still hold the pipes
        with contextlib.suppress(OSError):  # of a job it never accepted
            self.process.stdin.close()  # type: ignore[union-attr]


def _environment() -> dict[str, str]:
    """Our environment, plus: find this package, plain text, no windows, quick to start."""
    path = os.pathsep.join(filter(None, [PACKAGES, os.environ.get("PYTHONPATH")]))
    return os.environ | {
        "PYTHONPATH": path,
        "PYTHONSAFEPATH": "1",  # not the notebook's folder: a random.py there would be found first
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "MPLBACKEND": "agg",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


_lock = threading.Lock()
_spare: _Worker | None = None


def _take() -> _Worker:
    global _spare
    with _lock:
        worker, _spare = _spare, None
    if worker is None:
        return _Worker()
    if worker.process.poll() is None:
        return worker
    worker.end()  # it died while it waited
    return _Worker()


def _prepare() -> None:
    global _spare
    with _lock:
        if _spare is None:
            _spare = _Worker()


@atexit.register
def _end_spare() -> None:
    global _spare
    with _lock:
        worker, _spare = _spare, None
    if worker is not None:
        worker.end()
