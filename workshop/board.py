"""The class board, which shows who is where, for those who agree. The hub starts it as a service.

As root, it first starts the judge (board_judge.py) and then becomes an account that owns nothing
but the record (board_record.py). Under any other account it has no judge: it believes what
notebooks say, and its pages (board_pages.py) say so. It asks nobody but the hub. What an instructor
should know is in BOARD.md.

    STEPSIZE_BOARD_DATA      the folder of the record; made if it isn't there
    STEPSIZE_BOARD_ACCOUNT   whose it becomes: by default stepsize-board   (both only as root;
    STEPSIZE_BOARD_JUDGE     as whom answers run: stepsize-judge            a name, or a number)
    JUPYTERHUB_...           what JupyterHub tells its services
"""

import asyncio
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import board_judge
from board_pages import application
from board_state import Board, Judge
from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_sockets

JUDGE = Path(board_judge.__file__).resolve()
BODY = 2**20  # bytes of an answer
log = logging.getLogger("board")


def start_judge(board: str, account: str) -> Judge | None:
    """Before root is given up."""
    if len({0, board_judge.ids(board)[0], board_judge.ids(account)[0]}) < 3:
        sys.exit(f"Board and judge need separate accounts, not {board} and {account}.")
    trouble = board_judge.works(account)
    if trouble:
        log.warning(
            "Answers are not judged again; the board believes what notebooks say: %s", trouble
        )
        return None
    command, pipe = [sys.executable, str(JUDGE), account], subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=board_judge.clean(), cwd="/")
    return Judge(process)


def become(account: str) -> None:
    """Become that account, which then owns the current folder."""
    uid, gid = board_judge.ids(account)
    for path in (".", *os.listdir()):
        os.chown(path, uid, gid, follow_symlinks=False)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def cookie_secret() -> bytes:
    """The secret, kept so that a restart logs nobody out."""
    path = Path("cookie_secret")
    if not path.exists():
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()


async def serve(board: Board, sockets: list[socket.socket]) -> None:
    prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    limits = dict(max_body_size=BODY, idle_connection_timeout=300, body_timeout=30)
    server = HTTPServer(application(board, prefix, cookie_secret()), **limits)
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
    os.chdir(data)  # the new account may not be able to enter the folders above it
    # While it is root, it can take a port below 1024. No learner can take that port while the
    # board is down, and receive others' tokens.
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
    asyncio.run(serve(Board(Path("record.jsonl"), judge), sockets))


if __name__ == "__main__":
    main()
