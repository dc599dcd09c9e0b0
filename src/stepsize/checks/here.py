"""Runs an answer in the notebook's own Python if there is no other, as in a browser.

The answer is a copy, as everywhere, and so is whatever it uses from the notebook. What it does to
modules is undone afterwards (`undone`), and a `stopwatch` ends it.
"""

import threading
import warnings
from functools import partial

import numpy as np

from .report import Printed, Report, SandboxError, reported
from .stopwatch import Stopwatch, TimeUp
from .undone import Kept
from .watchdog import Limits

__all__ = ["run"]

SLOWER = 4.0  # times the usual limit: a guess at how much slower a browser's Python is
WAITING = 2.0  # times that, by the clock; meanwhile the page is frozen

_free = threading.Lock()


def run(exercise: str, answer: bytes, seconds: float) -> Report:
    """Judge a pickled answer. Raises SandboxError if an answer itself calls `check`."""
    if not _free.acquire(blocking=False):
        raise SandboxError("This answer calls `check` itself.")
    try:
        return _run(exercise, answer, Limits(SLOWER * seconds, SLOWER * WAITING * seconds))
    finally:
        _free.release()


def _run(exercise: str, answer: bytes, limits: Limits) -> Report:
    kept = Kept((np.random.get_state, np.random.set_state))
    printed, watch, message = Printed(), Stopwatch(*limits), None
    try:
        kept.hold(printed, watch.sleep)
        with warnings.catch_warnings(), np.errstate(), np.printoptions():
            warnings.simplefilter("ignore")
            message = watch.run(partial(reported, exercise, answer, lambda: None))
    except TimeUp:
        pass
    finally:
        kept.put_back()
    cut_short = bool(watch.where) or kept.ended
    return Report(None if cut_short else message, watch.where, str(printed), limits)
