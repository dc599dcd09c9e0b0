"""The class board: who is where, for those who agree. A service of the hub, which starts it.

As root, it first starts the judge (board_judge.py) and then becomes an account that owns nothing
but the record (board_record.py). As anybody else it has no judge: what notebooks say is believed,
and the pages say so. It asks nobody anything but the hub. BOARD.md: what an instructor should know.

    STEPSIZE_BOARD_DATA      the folder of the record; made if it isn't there
    STEPSIZE_BOARD_ACCOUNT   whose it becomes: by default stepsize-board   (both only as root;
    STEPSIZE_BOARD_JUDGE     as whom answers run: stepsize-judge            a name, or a number)
    JUPYTERHUB_...           what JupyterHub tells its services
"""

import asyncio
import itertools
import json
import logging
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import board_judge
from board_record import FEW, Record, valid
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado.escape import xhtml_escape
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler, authenticated

from stepsize.checks.catalog import EXERCISES, LESSONS
from stepsize.checks.verdict import RIGHT

PAGES = Path(__file__).resolve().with_name("board")
BODY = 2**20  # bytes of an answer
NUMBERS = {title.split()[0]: title for title in LESSONS}
POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; " + (
    "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
)
log = logging.getLogger("board")


class Allowance:
    """So much at once, so much a second after that, for each name."""

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
    """The other end of board_judge: one answer at a time, and one of each learner's waiting."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.turns = ThreadPoolExecutor(1)
        self.waiting: set[str] = set()
        self.seconds = Allowance(60, 0.1)  # who hands in what never ends holds up all others

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
            log.error("The judge has ended. So does the board; the hub starts both again.")
            os._exit(1)
        return verdict, time.monotonic() - start


class Board:
    """What the pages share."""

    def __init__(self, data: Path, judge: Judge | None) -> None:
        self.record = Record(data / "record.jsonl", judging=judge is not None)
        self.judge = judge
        self.checks, self.wishes = Allowance(30, 0.5), Allowance(20, 0.1)
        self.here: int | None = None

    async def count(self) -> None:
        """How many servers run; None where the hub doesn't say. One user is asked for, of all."""
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


class Api(HubOAuthenticated, RequestHandler):
    """For whom the hub knows. Whoever it is, is whom the hub says it is."""

    def initialize(self, board: Board) -> None:
        self.board = board

    async def prepare(self) -> None:
        await self.hub_auth.get_user(self, sync=False)  # so that nobody waits while the hub thinks
        if self.current_user and self.current_user["kind"] != "user":
            raise HTTPError(403)

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")

    def get_login_url(self) -> str:
        raise HTTPError(403)  # no page to log in at: for programs

    @property
    def name(self) -> str:
        return self.current_user["name"]

    @property
    def admin(self) -> bool:
        return self.current_user.get("admin") is True


class Me(Api):
    @authenticated
    def get(self) -> None:
        marks = self.board.record.people.get(self.name)
        told = {
            exercise: dict(status=mark.status, said=mark.said, seen=mark.seen)
            for exercise, mark in (marks or {}).items()
        }
        self.finish(dict(name=self.name, agreed=marks is not None, marks=told))


class Check(Api):
    @authenticated
    async def post(self, exercise: str) -> None:
        """A learner's own verdict, `?status=` and `&mistake=`; with right, the answer as body."""
        board, name, answer = self.board, self.name, self.request.body
        said = exercise, self.get_query_argument("status"), self.get_query_argument("mistake", None)
        if not valid(*said):
            raise HTTPError(400)
        if name not in board.record.people:
            raise HTTPError(403)
        again = board.judge is not None and said[1] == RIGHT and answer
        if not board.checks.has(name) or (again and not board.judge.takes(name)):
            raise HTTPError(429)
        board.checks.take(name, 1)
        judged = await board.judge.judge(name, exercise, answer) if again else None
        if name in board.record.people:  # and has not withdrawn meanwhile
            board.record.check(name, *said, judged)
        self.finish(dict(judged=judged))


class Wish(Api):
    """To agree or to withdraw, from a notebook or by a button."""

    @authenticated
    def post(self, wish: str) -> None:
        if not self.board.wishes.has(self.name):
            raise HTTPError(429)
        self.board.wishes.take(self.name, 1)
        getattr(self.board.record, wish)(self.name)
        if self.request.headers.get("Authorization"):  # a notebook
            self.finish({})
        else:
            self.redirect(self.settings["prefix"], status=303)


class Page(Api):
    """For a browser: a whole page, or only what changes on it."""

    def get_login_url(self) -> str:
        return HubOAuthenticated.get_login_url(self)

    def get_template_path(self) -> str:
        return str(PAGES)

    def show(self, template: str, title: str, **values) -> None:
        values |= dict(title=title, board=self.board, admin=self.admin, numbers=NUMBERS, code=code)
        values |= dict(exercises=EXERCISES)
        values |= dict(judging=self.board.judge is not None, prefix=self.settings["prefix"])
        values |= dict(xsrf=self.xsrf_token.decode())
        part = self.render_string(template, **values)
        if self.request.headers.get("X-Part"):
            self.finish(part)
        else:
            self.finish(self.render_string("page.html", part=part, **values))

    def lesson(self) -> str:
        number = self.get_query_argument("lesson", None)
        if number is None:
            return self.board.record.lesson()
        if number not in NUMBERS:
            raise HTTPError(404)
        return NUMBERS[number]


class Home(Page):
    @authenticated
    def get(self) -> None:
        marks = self.board.record.people.get(self.name)
        self.show("home.html", "Your page", name=self.name, marks=marks, lessons=LESSONS)


class Projector(Page):
    @authenticated
    def get(self) -> None:
        lesson, record = self.lesson(), self.board.record
        counts, mistakes = record.counts(lesson), record.mistakes(lesson)
        sharing = len(record.people)
        often = fitting(mistakes)
        shown = dict(lesson=lesson, counts=counts, mistakes=often, sharing=sharing, few=FEW)
        self.show("projector.html", "The class", **shown)


class Names(Page):
    @authenticated
    def get(self) -> None:
        if not self.admin:
            raise HTTPError(403)
        lesson = self.lesson()
        people = sorted(self.board.record.people.items())
        self.show("names.html", "By name", lesson=lesson, names=LESSONS[lesson], people=people)


class Static(StaticFileHandler):
    """board.css and board.js: the same for everybody."""

    def set_extra_headers(self, path: str) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")


def fitting(mistakes: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """As many of them as have room on a projector: nobody scrolls it."""
    lines = itertools.accumulate(1.6 + -(-len(sentence) // 43) for _, _, sentence in mistakes)
    return [mistake for mistake, line in zip(mistakes, lines, strict=True) if line <= 17]


def code(text: str) -> str:
    """Escaped, with `code` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", xhtml_escape(text))


def application(board: Board, prefix: str, secret: bytes) -> Application:
    ours = dict(board=board)
    static = "(board[.](?:css|js))"
    return Application(
        [
            (prefix, Home, ours),
            (f"{prefix}projector", Projector, ours),
            (f"{prefix}names", Names, ours),
            (f"{prefix}(agree|withdraw)", Wish, ours),
            (f"{prefix}api/me", Me, ours),
            (f"{prefix}api/checks/([0-9.]{{1,8}})", Check, ours),
            (f"{prefix}oauth_callback", HubOAuthCallbackHandler),
            (f"{prefix}static/{static}", Static, dict(path=str(PAGES))),
        ],
        cookie_secret=secret,
        prefix=prefix,
        log_function=lambda handler: None,  # who asked for what is nobody's business
    )


def start_judge(board: str, account: str) -> Judge | None:
    """Before root is given up."""
    if len({0, board_judge.ids(board)[0], board_judge.ids(account)[0]}) < 3:
        sys.exit(f"Board and judge need accounts of their own, not {board} and {account}.")
    trouble = board_judge.works(account)
    if trouble:
        log.warning("Answers are not judged again, what notebooks say is believed: %s", trouble)
        return None
    command = [sys.executable, str(Path(board_judge.__file__).resolve()), account]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=board_judge.clean(), cwd="/")
    return Judge(process)


def become(account: str) -> None:
    """Be it; and the folder in which we are is its."""
    uid, gid = board_judge.ids(account)
    for path in (".", *os.listdir()):
        os.chown(path, uid, gid, follow_symlinks=False)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def cookie_secret(data: Path) -> bytes:
    """Kept, so that a restart logs nobody out."""
    path = data / "cookie_secret"
    if not path.exists():
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()


async def serve(board: Board, data: Path, sockets: list[socket.socket]) -> None:
    prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    limits = dict(max_body_size=BODY, idle_connection_timeout=300, body_timeout=30)
    server = HTTPServer(application(board, prefix, cookie_secret(data)), **limits)
    server.add_sockets(sockets)
    await board.count()
    PeriodicCallback(board.count, 30_000).start()
    end = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, end.set)
    await end.wait()


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="board: %(message)s")
    os.umask(0o077)
    data = Path(os.environ["STEPSIZE_BOARD_DATA"])
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o700)
    os.chdir(data)  # the folders above it may be closed to the account that it is given
    # While it is root, it may have a port below 1024. No learner can take that, while the board
    # is away, to be told the tokens of the others.
    url = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    sockets = bind_sockets(url.port, url.hostname)
    judge = None
    if os.geteuid() == 0:
        account = os.environ.get("STEPSIZE_BOARD_ACCOUNT", "stepsize-board")
        examiner = os.environ.get("STEPSIZE_BOARD_JUDGE", "stepsize-judge")
        for name in filter(None, (account, examiner)):
            board_judge.make(name)
        judge = start_judge(account, examiner) if examiner else None
        become(account)
    asyncio.run(serve(Board(Path(), judge), Path(), sockets))


if __name__ == "__main__":
    main()
