"""A hub's class board, from the learner's side: agree to it, withdraw, see what it knows.

Only in a hub that has one, and only for those who agreed, each verdict of `check` is sent to it
from a background thread, so that no check waits for it or fails with it. What can't be sent now
is sent later. The board itself is workshop/board.py.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from .home import home

if TYPE_CHECKING:
    from .verdict import Verdict

__all__ = ["agree", "tell", "withdraw"]

NONE = "There is no class board here, so nothing is sent to anybody."
AWAY = "The class board can't be reached now; nothing has changed. Try again in a minute."
TOLD = (
    "at each check, which exercise it was, whether your answer was right, and the name of the "
    "mistake. A right answer is run once more on this server, and not kept. The projector shows "
    "counts without names; your instructor can see yours."
)
AGREED = f"From now on, the class board is told {TOLD} board.withdraw() takes all of it back."
WITHDRAWN = "The class board has forgotten you, and will be told nothing more."
QUESTION = (
    "This hub has a class board, which shows your instructor where the class is. It has been told "
    f"nothing about you. If you agree, it is told {TOLD} To agree, run `from stepsize.learner "
    "import board; board.agree()`. You are asked this once."
)
ANSWER = 2**20  # bytes: the longest answer that the board accepts
PAUSES = (1, 2, 5, 10, 30, 60)  # seconds between two attempts
WAITING = 200  # verdicts kept for a board that can't be reached


def agree() -> None:
    """Let the class board count you from now on; nothing earlier is sent."""
    print(_say("agree", AGREED))


def withdraw() -> None:
    """Take back everything the class board was told about you."""
    print(_say("withdraw", WITHDRAWN))


def tell(verdict: Verdict, answer: Any) -> str:
    """Send a verdict on its way. Returns a message: the first time a question, then nothing.

    Raises nothing and waits for nothing.
    """
    if not _address():
        return ""
    try:
        _outbox.put(_report(verdict, answer))
        return _question()
    except Exception:  # no check should fail because of the board
        return ""


class _Report(NamedTuple):
    path: str
    answer: bytes


def _report(verdict: Verdict, answer: Any) -> _Report:
    """What the board is told. Only a right answer is sent along, to be judged again."""
    from urllib.parse import urlencode

    said = {"status": verdict.status}
    if verdict.mistake:
        said["mistake"] = verdict.mistake
    carried = b""
    if verdict.status == "right":
        import cloudpickle

        carried = cloudpickle.dumps(answer)
    fits = carried if len(carried) <= ANSWER else b""
    return _Report(f"api/checks/{verdict.exercise}?{urlencode(said)}", fits)


def _question() -> str:
    """The question, the first time; nothing for somebody who already answered it."""
    asked = home() / ".asked-about-the-board"
    if asked.exists():
        return ""
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.touch()
    return QUESTION


class _Outbox:
    """Send what is waiting, one after the other, in a thread that ends with the kernel."""

    def __init__(self) -> None:
        self.reports: queue.Queue[_Report] = queue.Queue(WAITING)
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def put(self, report: _Report) -> None:
        with self.lock:
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._deliver, daemon=True)
                self.thread.start()
        self.reports.put_nowait(report)

    def _deliver(self) -> None:
        while True:
            report, attempt = self.reports.get(), 0
            while not _delivered(report):
                time.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
                attempt += 1
            self.reports.task_done()


_outbox = _Outbox()


def _delivered(report: _Report) -> bool:
    """Whether a report is done with: it was sent, must not be sent, or never can be."""
    from urllib.error import HTTPError

    try:
        if json.loads(_request("GET", "api/me"))["agreed"]:
            # Wait until it is judged, which can take a while.
            _request("POST", report.path, report.answer, seconds=600)
    except HTTPError as error:
        return error.code < 500 and error.code != 429  # otherwise busy or starting: try again
    except Exception:  # no answer, or one that isn't from the board
        return False
    return True


def _say(wish: str, done: str) -> str:
    if not _address():
        return NONE
    try:
        _request("POST", wish)
    except (OSError, ValueError):
        return AWAY
    with suppress(OSError):
        _question()  # it has been answered, so don't ask again
    return done


def _address() -> str:
    return os.environ.get("STEPSIZE_BOARD", "")


def _request(method: str, path: str, body: bytes | None = None, seconds: float = 20) -> bytes:
    """Ask the board directly: no proxy from the environment and no redirect sees the token."""
    from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *args: Any, **rest: Any) -> None:
            return None

    headers = {
        "Authorization": f"token {os.environ.get('JUPYTERHUB_API_TOKEN', '')}",
        "Content-Type": "application/octet-stream",
    }
    url = f"{_address().rstrip('/')}/{path}"
    data = (body or b"") if method == "POST" else None
    request = Request(url, data, headers, method=method)
    with build_opener(ProxyHandler({}), Stay).open(request, timeout=seconds) as answer:
        return answer.read()
