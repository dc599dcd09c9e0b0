"""What the pages of the board share: the record, the judge, and how much each learner may ask."""

import asyncio
import json
import logging
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from board_record import Record
from tornado.httpclient import AsyncHTTPClient

log = logging.getLogger("board")


class Allowance:
    """A rate limit for each name: this much at once, and then this much per second."""

    def __init__(self, most: float, a_second: float) -> None:
        self.most, self.a_second = most, a_second
        self.left: dict[str, tuple[float, float]] = {}

    def has(self, name: str) -> bool:
        return self._left(name) > 0

    def take(self, name: str, amount: float) -> None:
        self.left[name] = self._left(name) - amount, time.monotonic()

    def _left(self, name: str) -> float:
        left, at = self.left.get(name, (self.most, 0.0))
        return min(self.most, left + self.a_second * (time.monotonic() - at))


class Judge:
    """The board's side of board_judge: one answer at a time, at most one waiting per learner."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.turns = ThreadPoolExecutor(1)
        self.waiting: set[str] = set()
        self.seconds = Allowance(60, 0.1)  # answers that never end hold up everybody else

    def takes(self, name: str) -> bool:
        return name not in self.waiting and self.seconds.has(name)

    async def judge(self, name: str, exercise: str, answer: bytes) -> bool | None:
        self.waiting.add(name)
        try:
            loop = asyncio.get_running_loop()
            verdict, seconds = await loop.run_in_executor(self.turns, self._ask, exercise, answer)
        finally:
            self.waiting.discard(name)
        self.seconds.take(name, seconds)
        return verdict

    def _ask(self, exercise: str, answer: bytes) -> tuple[bool | None, float]:
        start = time.monotonic()
        header = json.dumps(dict(exercise=exercise, size=len(answer)))
        try:
            self.process.stdin.write(header.encode() + b"\n" + answer)
            self.process.stdin.flush()
            verdict = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            log.error("The judge has ended, so the board ends, too; the hub restarts both.")
            os._exit(1)
        return verdict, time.monotonic() - start


class Board:
    """What the pages share. here: how many servers run, or None if the hub doesn't say."""

    def __init__(self, record: Path, judge: Judge | None) -> None:
        self.record = Record(record, judging=judge is not None)
        self.judge = judge
        self.checks, self.wishes = Allowance(30, 0.5), Allowance(20, 0.02)
        self.here: int | None = None

    async def count(self) -> None:
        """Ask the hub how many are here: it sends the total along with the one user we ask for."""
        url = os.environ["JUPYTERHUB_API_URL"] + "/users?state=active&limit=1"
        headers = {
            "Accept": "application/jupyterhub-pagination+json",
            "Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}",
        }
        try:
            answer = await AsyncHTTPClient().fetch(url, headers=headers, request_timeout=5)
            self.here = int(json.loads(answer.body)["_pagination"]["total"])
        except Exception:  # not allowed, or the hub restarts
            self.here = None
