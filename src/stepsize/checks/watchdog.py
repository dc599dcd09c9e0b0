"""Ends this Python when an answer has computed for too long, or waited for too long.

What an answer computes is counted in its own processor time: a busy machine takes nobody's answer
away. An answer that sleeps uses none, so there is a limit by the clock, too, far above it.
Neither needs the answer's cooperation, nor Python's: both end C code that never lets go of the
lock. What they write into the channel is where the answer was.
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
    """Seconds of the processor, and seconds by the clock."""

    computing: float
    waiting: float


def limit(limits: Limits, channel: IO[bytes], last: bool = True) -> None:
    """From now on, so much and no more. last: it will not be called again, and can't be undone."""
    faulthandler.dump_traceback_later(limits.waiting, exit=True, file=channel)
    end = process_time() + limits.computing
    if resource is None:
        _count(end, channel)
        return
    # The system counts whole seconds, then sends a signal; and a second later, in case that the
    # answer does not want to hear it, one that can't be caught.
    faulthandler.register(signal.SIGXCPU, file=channel, chain=True)
    allowed = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = math.inf if allowed == resource.RLIM_INFINITY else allowed
    soft = int(min(math.ceil(end), most))
    resource.setrlimit(resource.RLIMIT_CPU, (soft, int(min(soft + 1, most)) if last else allowed))


def rest() -> None:
    """The answer has ended: what is left to do is ours."""
    faulthandler.cancel_dump_traceback_later()


_end = math.inf  # of the processor time of this process, where the system doesn't watch it


def _count(end: float, channel: IO[bytes]) -> None:
    """Watch it from a thread; C code that keeps the lock is left to the limit by the clock."""
    global _end
    if _end == math.inf:
        threading.Thread(target=_watch, args=(channel,), daemon=True).start()
    _end = end


def _watch(channel: IO[bytes]) -> None:
    while (left := _end - process_time()) > 0:
        sleep(min(left, 1.0) + 0.01)
    faulthandler.dump_traceback(channel)
    os._exit(1)
