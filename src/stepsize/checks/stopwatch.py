"""Stops code that computes for too long in this same Python, without a thread.

From Python 3.12 on, `sys.monitoring` reports each jump, which every loop needs, and each function
that starts or resumes. At the first report after the time is up, `TimeUp` is raised in the running
code. If that is caught, it is raised again at the next report, so catching doesn't help. A single
long call into C reports nothing and isn't stopped; nor is anything on Python 3.11.
"""

import inspect
import sys
import threading
import traceback
from collections.abc import Callable
from itertools import takewhile
from math import inf
from time import monotonic, process_time, sleep
from types import FrameType
from typing import Any

__all__ = ["Stopwatch", "TimeUp"]

TOOL = 4  # of Python's six; 0, 1, 2 and 5 are for debuggers, coverage, profilers, optimizers
REPORTED = ("JUMP", "PY_START", "PY_RESUME")
SLICE = 0.02  # seconds


class TimeUp(BaseException):
    """Raised wherever the answer is when its time is up."""


class Stopwatch:
    """Limits one run. where: the stack when time was up, innermost first, as from a watchdog.

    It begins with "Timeout" if the time was spent in sleep, and is empty if the time was enough.
    """

    def __init__(self, computing: float, waiting: float) -> None:
        self.computing, self.waiting = process_time() + computing, monotonic() + waiting
        self.where, self.thread = "", threading.get_ident()

    def run(self, job: Callable[[], Any]) -> Any:
        """Run the job and return its result. Raises: TimeUp."""
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is None:
            return job()
        events = [getattr(monitoring.events, name) for name in REPORTED]
        monitoring.use_tool_id(TOOL, "stepsize")
        for event in events:
            monitoring.register_callback(TOOL, event, self._look)
        monitoring.set_events(TOOL, sum(events))
        late: BaseException | None = None
        try:
            return job()
        except TimeUp as error:
            self.computing, late = inf, error  # code that is running may still be watched
        finally:
            self.computing = inf
            monitoring.set_events(TOOL, 0)
            monitoring.free_tool_id(TOOL)
        while late is not None:  # freed one by one: a long chain overflows a browser's stack
            late.__traceback__, late.__context__, late = None, None, late.__context__
        raise TimeUp

    def sleep(self, seconds: float) -> None:
        """`time.sleep`, with a limit. It isn't computing, though a browser's clock counts it."""
        if threading.get_ident() != self.thread:  # not the job's thread
            sleep(seconds)
            return
        until = monotonic() + seconds
        while (now := monotonic()) < until:
            if now > self.waiting:
                self._stop("Timeout")
            began = process_time()
            sleep(min(SLICE, until - now))
            self.computing += process_time() - began

    def _look(self, *_: Any) -> None:
        if process_time() > self.computing:
            self._stop()

    def _stop(self, words: str = "") -> None:
        if not self.where:
            stack = takewhile(_is_of_the_job, traceback.walk_stack(inspect.currentframe()))
            lines = [
                f'  File "{frame.f_code.co_filename}", line {line} in {frame.f_code.co_name}'
                for frame, line in stack
            ]
            self.where, self.computing = "\n".join([words, *lines]), 0.0
        raise TimeUp


def _is_of_the_job(place: tuple[FrameType, int]) -> bool:
    return place[0].f_code is not Stopwatch.run.__code__
