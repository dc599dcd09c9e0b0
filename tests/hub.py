"""As much of a JupyterHub as the class board needs: who owns a token, how many are here."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs
from urllib.request import HTTPRedirectHandler, Request, build_opener

from . import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
SCOPE = "access:services!service=board"
PREFIX = "/services/board/"


class FakeHub(BaseHTTPRequestHandler):
    """Token NAME-token belongs to NAME; teacher is an admin, stranger may not use the board.

    A browser that comes back from logging in brings a code; here, that is the name.
    """

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer(200, {"access_token": form["code"][0] + "-token", "token_type": "Bearer"})

    def do_GET(self) -> None:
        name, is_token, _ = self.headers["Authorization"].split()[-1].partition("-token")
        if not is_token or name == "unknown":
            return self._answer(403, {})
        if self.path.startswith("/hub/api/users?"):
            return self._answer(200, {"items": [], "_pagination": {"total": 44}})
        kind = "service" if name == "robot" else "user"
        scopes = [] if name == "stranger" else [SCOPE]
        model = dict(name=name, kind=kind, admin=name == "teacher", groups=[], scopes=scopes)
        return self._answer(200, model)

    def _answer(self, status: int, body: dict) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args) -> None:
        pass


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Stay(HTTPRedirectHandler):
    def redirect_request(self, *args, **rest) -> None:
        return None


@dataclass
class Board:
    """A running board, which can be asked with a token or without one."""

    data: Path
    environment: dict[str, str]
    url: str
    process: subprocess.Popen | None = None
    tokens: dict[str, str] = field(default_factory=dict)  # if they aren't NAME-token
    opener = build_opener(Stay)

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "workshop" / "board.py")]
        log = subprocess.PIPE
        self.process = subprocess.Popen(
            command, env=os.environ | self.environment, stderr=log, text=True
        )
        try:
            self.wait(self.process)
        except AssertionError:
            raise AssertionError(self.stop()) from None

    def wait(self, process: subprocess.Popen) -> None:
        """Wait until it answers. Raises AssertionError if its process ends first."""
        deadline = time.monotonic() + PATIENCE
        while self.ask("GET", "static/board.css")[0] != 200:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self) -> str:
        """Stop it as the hub does. Returns what it logged."""
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        with self.process.stderr as log:
            return log.read()

    def ask(
        self, method: str, path: str = "", name: str | None = None, body: bytes | None = None
    ) -> tuple[int, str]:
        """The status and text of an answer, without following redirects; 0 if there was none."""
        try:
            return self.answer(method, path, name, body)[:2]
        except OSError as error:
            return 0, str(error)

    def answer(
        self,
        method: str,
        path: str = "",
        name: str | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str, dict[str, str]]:
        headers = {"Content-Type": "application/octet-stream", **(headers or {})}
        if name is not None:
            headers["Authorization"] = f"token {self.tokens.get(name, name + '-token')}"
        data = (body or b"") if method == "POST" else None
        request = Request(self.url + path, data, headers, method=method)
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode(), _headers(answer)
        except HTTPError as error:
            with error:
                return error.code, error.read().decode(), _headers(error)

    def me(self, name: str) -> dict:
        return json.loads(self.ask("GET", "api/me", name)[1])


@contextmanager
def board(data: Path, judge: str) -> Iterator[Board]:
    """A board with a hub. judge: the account under which answers run."""
    hub = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{a_free_port()}"
    hub_address = f"http://127.0.0.1:{hub.server_port}"
    environment = {
        "JUPYTERHUB_API_TOKEN": "board-token",
        "JUPYTERHUB_API_URL": f"{hub_address}/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "service-board",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([SCOPE]),
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{PREFIX}oauth_callback",
        "JUPYTERHUB_SERVICE_NAME": "board",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_SERVICE_URL": address,
        "STEPSIZE_BOARD_DATA": str(data),
        "STEPSIZE_BOARD_ACCOUNT": "3000000112",  # an account that nobody has, if this is root
        "STEPSIZE_BOARD_JUDGE": judge,
    }
    one = Board(data, environment, address + PREFIX)
    one.start()
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.stop()
        hub.shutdown()
        hub.server_close()


def _headers(answer) -> dict:
    return dict(answer.headers) | {"Set-Cookies": answer.headers.get_all("Set-Cookie") or []}
