"""The board's pages, and what notebooks ask of it. Tornado escapes everything that is shown.

A cookie gives access to pages and, with the token that only our own pages have, to their buttons;
JupyterHub's HubOAuth sees to that.
"""

import itertools
import re
from pathlib import Path

from board_record import FEW, valid
from board_state import Board
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado.escape import xhtml_escape
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler, authenticated

from stepsize.checks.catalog import EXERCISES, LESSONS
from stepsize.learner.verdict import RIGHT

PAGES = Path(__file__).resolve().with_name("board")
NUMBERS = {title.split()[0]: title for title in LESSONS}
POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; " + (
    "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
)


class Api(HubOAuthenticated, RequestHandler):
    """For users the hub knows; the hub says who they are."""

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
        raise HTTPError(403)  # programs can't log in at a page

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
        if name in board.record.people:  # they may have withdrawn meanwhile
            board.record.check(name, *said, judged)
        self.finish(dict(judged=judged))


class Wish(Api):
    """For agreeing or withdrawing, from a notebook or with a button."""

    @authenticated
    def post(self, wish: str) -> None:
        if wish == "agree":  # withdrawing is always possible
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
    """As many of them as fit on a projector, because nobody scrolls there."""
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
