"""A JupyterLab, started like the learner's, and a Chromium that opens it.

For the tests, and for the benchmark of the labs.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

import nbformat
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from stepsize.command.lab import SETTINGS

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 180  # seconds: enough for a very slow, busy machine
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]

# The course's own function, so that the tests see what a learner gets; only the folder differs.
START = """
import socket, sys
from pathlib import Path
from stepsize.command.lab import jupyterlab
with socket.create_server(("127.0.0.1", 0)) as probe:
    port = probe.getsockname()[1]
places = Path(sys.executable), Path({home!r}), port, {notebook!r}
jupyterlab(*places, no_browser=True, source=Path({settings!r}))
"""


def notebook(path: Path, *cells: str) -> Path:
    """A notebook with these cells."""
    new = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    new.metadata = {"kernelspec": {"display_name": "Python 3", "name": "python3"}}
    nbformat.write(new, path)
    return path


@dataclass
class Server:
    url: str
    log: Path

    def api(self, what: str, method: str = "GET") -> bytes:
        base, _, token = self.url.partition("/lab/tree/")
        address = f"{base}/api/{what}?token={token.partition('token=')[2]}"
        with urllib.request.urlopen(urllib.request.Request(address, method=method)) as answer:
            return bytes(answer.read())


@contextmanager
def jupyterlab(path: Path, settings: Path = SETTINGS) -> Iterator[Server]:
    """A server for the folder that this notebook is in."""
    log = path.parent / "server.log"
    names = dict(home=str(path.parent), notebook=path.name, settings=str(settings))
    start = START.format(**names)
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", start], stdout=file, stderr=file, start_new_session=True
        )
    try:
        server = _once_it_answers(process, log)
        try:
            yield server
        finally:
            server.api("shutdown", "POST")
            with suppress(subprocess.TimeoutExpired):  # a kernel that is just starting can delay it
                process.wait(PATIENCE / 3)
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of it; where the system has groups, also the server, which is its child."""
    if process.poll() is None and os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _once_it_answers(process: subprocess.Popen[bytes], log: Path) -> Server:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        words = [
            word
            for word in log.read_text(encoding="utf-8").split()
            if word.startswith("http://127.")
        ]
        try:
            server = Server(words[0], log)
            server.api("status")
            return server
        except (IndexError, URLError, ConnectionError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. If there is none, the test is skipped; in CI, it fails."""
    with sync_playwright() as playwright:
        found = [playwright.chromium.executable_path, *filter(None, map(shutil.which, NAMES))]
        program = next((name for name in found if Path(name).exists()), None)
        if program is None:
            missing = f"There is no Chromium here: {', '.join(NAMES)}."
            pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@dataclass
class Desk:
    """A page with an open notebook, and what its console printed."""

    page: Page
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.on("console", lambda m: self.said.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def open(self, server: Server) -> None:
        """Open the notebook, and wait until its kernel has spoken and is idle.

        It doesn't ask the server, which may answer with an error while a kernel starts.
        """
        with self.page.expect_websocket(lambda socket: "/channels" in socket.url) as kernel:
            self.page.goto(server.url)
        kernel.value.wait_for_event("framereceived")
        idle = self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        idle.wait_for(state="attached")  # a narrow toolbar has no room for it

    def run_all(self) -> None:
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
