"""Ends this Python when an answer has computed or waited for too long.

Computing is measured in the answer's own processor time, so nobody loses an answer on a busy
machine. An answer that sleeps uses none, so there is also a much higher limit by the clock.
Neither needs the answer's cooperation, nor Python's: both end C code that never releases the
lock. They write to the channel where the answer was.
"""

import faulthandler
import math
import os
import signal
import threading
from time import process_time, sleep
from typing import IO, NamedTuple

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

__all__ = ["Limits", "limit", "rest"]


class Limits(NamedTuple):
    """Seconds of processor time, and seconds by the clock."""

    computing: float
    waiting: float


def limit(limits: Limits, channel: IO[bytes], last: bool = True) -> None:
    """Allow this much from now on. last: there won't be another call, so it can't be undone."""
    faulthandler.dump_traceback_later(limits.waiting, exit=True, file=channel)
    end = process_time() + limits.computing
    if resource is None:
        _count(end, channel)
        return
    # The system counts whole seconds, then sends a signal; and a second later, in case the answer
    # ignores it, one that can't be caught.
    faulthandler.register(signal.SIGXCPU, file=channel, chain=True)
    allowed = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = math.inf if allowed == resource.RLIM_INFINITY else allowed
    soft = int(min(math.ceil(end), most))
    resource.setrlimit(resource.RLIMIT_CPU, (soft, int(min(soft + 1, most)) if last else allowed))


def rest() -> None:
    """The answer has ended; the remaining work is ours."""
    faulthandler.cancel_dump_traceback_later()


_end = math.inf  # in this process's processor time, if the system doesn't watch it


def _count(end: float, channel: IO[bytes]) -> None:
    """Watch from a thread; for C code that keeps the lock, the limit by the clock applies."""
    global _end
    if _end == math.inf:
        threading.Thread(target=_watch, args=(channel,), daemon=True).start()
    _end = end


def _watch(channel: IO[bytes]) -> None:
    while (left := _end - process_time()) > 0:
        sleep(min(left, 1.0) + 0.01)
    faulthandler.dump_traceback(channel)
    os._exit(1)
