"""A class arrives: N learners sign up within a minute, run lesson 1, and move a slider.

    sudo .venv/bin/python workshop/load.py http://127.0.0.1:800 --learners 20

Each one produces a browser's traffic without the browser: the sign-up form, the start page, then
JupyterLab's page, a kernel's websocket, the notebook's cells, a slider's messages and the picture
that comes back. Run as root on the hub's machine, it also measures each learner's memory.
"""

import argparse
import asyncio
import json
import pwd
import secrets
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from accounts import account
from jupyter_server.services.kernels.connection.base import deserialize_binary_message
from yarl import URL

LESSON = "01-the-learning-rate.ipynb"
MOVES, PAUSE = 20, 0.2  # slider moves, and the seconds between them
PATIENCE = 900  # seconds for anything


@dataclass
class Learner:
    """One browser: its cookies, and what it measured."""

    hub: URL
    name: str
    password: str = field(default_factory=lambda: secrets.token_hex(8))
    ready: float = 0.0  # seconds from opening the sign-up page to JupyterLab's page
    kernel: float = 0.0  # from then until a kernel has answered
    lesson: float = 0.0  # all cells of the lesson
    moves: list[float] = field(default_factory=list)  # from a slider's message to the new picture
    failed: str = ""

    async def __aenter__(self) -> "Learner":
        jar = aiohttp.CookieJar(unsafe=True)  # the hub's name may be a number
        timeout = aiohttp.ClientTimeout(PATIENCE)
        self.http = aiohttp.ClientSession(cookie_jar=jar, timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    @property
    def server(self) -> URL:
        return self.hub / "user" / self.name

    def xsrf(self, where: URL) -> str:
        return self.http.cookie_jar.filter_cookies(where)["_xsrf"].value

    async def sign_up(self, of_class: str) -> int:
        """Fill in the form; returns the status, 302 ("go on to your page") if it was accepted."""
        login = self.hub / "hub" / "login"
        async with self.http.get(login) as page:
            await page.read()
        form = dict(username=self.name, password=self.password, class_password=of_class)
        form["_xsrf"] = self.xsrf(login)
        async with self.http.post(login, data=form, allow_redirects=False) as answer:
            await answer.read()
            return answer.status

    async def start(self) -> None:
        """Follow the pages as a browser does, until JupyterLab's own page appears."""
        page = self.hub / "hub" / "spawn"
        while True:
            async with self.http.get(page) as answer:
                await answer.read()
                if answer.status == 200 and answer.url.path.startswith(self.server.path + "/lab"):
                    return
                if answer.status >= 400 or answer.url.path.endswith("/hub/home"):
                    raise RuntimeError(f"No server: {answer.url.path} says {answer.status}")
            await asyncio.sleep(0.5)
            page = self.hub / "hub" / "spawn-pending" / self.name

    async def api(self, what: str, **post: Any) -> Any:
        """The answer of the learner's server, to a GET, or to a POST of what is given."""
        where = self.server / "api" / what
        if post:
            header = {"X-XSRFToken": self.xsrf(self.server / "")}
            request = self.http.post(where, json=post, headers=header)
        else:
            request = self.http.get(where)
        async with request as answer:
            answer.raise_for_status()
            return await answer.json()

    async def open_kernel(self, path: str) -> "Kernel":
        kernel = dict(name="python3")
        session = await self.api("sessions", path=path, name=path, type="notebook", kernel=kernel)
        return await self.reopen(session["kernel"]["id"])

    async def reopen(self, kernel: str) -> "Kernel":
        where = self.server / "api" / "kernels" / kernel / "channels"
        return Kernel(await self.http.ws_connect(where, max_msg_size=0))


@dataclass
class Kernel:
    """Its websocket, as JupyterLab uses it."""

    socket: aiohttp.ClientWebSocketResponse
    widgets: dict[str, dict[str, Any]] = field(default_factory=dict)  # what each started with

    async def send(self, kind: str, **content: Any) -> str:
        name = uuid.uuid4().hex
        header = dict(msg_id=name, msg_type=kind, session=name, username="", version="5.4")
        message = dict(header=header, parent_header={}, metadata={}, content=content)
        await self.socket.send_str(json.dumps(message | dict(channel="shell", buffers=[])))
        return name

    async def hear(self) -> dict[str, Any]:
        frame = await self.socket.receive(timeout=PATIENCE)
        if frame.type is aiohttp.WSMsgType.BINARY:  # a message with a picture
            message = deserialize_binary_message(frame.data)
        elif frame.type is aiohttp.WSMsgType.TEXT:
            message = json.loads(frame.data)
        else:
            raise RuntimeError(f"The kernel's socket was closed: {frame}")
        if message["msg_type"] == "comm_open":
            content = message["content"]
            self.widgets[content["comm_id"]] = content["data"].get("state", {})
        return message

    async def run(self, code: str) -> str:
        """Run it, and wait until the kernel is idle again: what it printed."""
        cell = await self.send("execute_request", code=code, silent=False, store_history=True)
        said = []
        while True:
            message = await self.hear()
            if message["parent_header"].get("msg_id") != cell:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
            if message["msg_type"] == "error":
                raise RuntimeError(f"{content['ename']}: {content['evalue']}")
            if content.get("execution_state") == "idle":
                return "".join(said)

    def slider(self) -> str:
        """The first slider of the first lab."""
        sliders = (name for name, state in self.widgets.items() if "readout_format" in state)
        return next(sliders)

    async def move(self, slider: str, value: float) -> float:
        """Seconds until a different widget, the picture, has changed."""
        began = time.perf_counter()
        data = dict(method="update", state=dict(value=value), buffer_paths=[])
        moved = await self.send("comm_msg", comm_id=slider, data=data)
        took = 0.0
        while True:
            message = await self.hear()
            if message["parent_header"].get("msg_id") != moved:
                continue
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] != slider:
                took = took or time.perf_counter() - began
            if content.get("execution_state") == "idle":
                if not took:
                    raise RuntimeError("A slider was moved, but nothing else moved.")
                return took


async def attend(learner: Learner, of_class: str, after: float) -> None:
    """One learner's visit."""
    await asyncio.sleep(after)
    began = time.perf_counter()
    status = await learner.sign_up(of_class)
    if status != 302:
        raise RuntimeError(f"The sign-up answers {status}")
    await learner.start()
    learner.ready = time.perf_counter() - began
    began = time.perf_counter()
    notebook = await learner.api(f"contents/{LESSON}")
    kernel = await learner.open_kernel(LESSON)
    await kernel.run("")
    learner.kernel = time.perf_counter() - began
    began = time.perf_counter()
    for cell in notebook["content"]["cells"]:
        if cell["cell_type"] == "code":
            await kernel.run(cell["source"])
    learner.lesson = time.perf_counter() - began
    slider = kernel.slider()
    state = kernel.widgets[slider]
    for i in range(MOVES):
        value = state["min"] + (state["max"] - state["min"]) * (i + 1) / (MOVES + 1)
        value = state["base"] ** value if "base" in state else value
        learner.moves.append(await kernel.move(slider, value))
        await asyncio.sleep(PAUSE)


async def arrive(hub: str, n: int, of_class: str, within: float) -> list[Learner]:
    """N learners come within these seconds. Nobody leaves before the last has moved the slider."""
    group = secrets.token_hex(2)
    learners = [Learner(URL(hub), f"load-{group}-{i}") for i in range(n)]

    async def visit(i: int, learner: Learner) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await attend(learner, of_class, within * i / n)
        except Exception as error:
            learner.failed = f"{type(error).__name__}: {error}"[:200]

    for learner in learners:
        await learner.__aenter__()
    await asyncio.gather(*(visit(i, learner) for i, learner in enumerate(learners)))
    for learner in learners:
        await learner.__aexit__()
    return learners


def memory(learner: Learner) -> float:
    """MB used by everything in this learner's account; shared pages are divided among processes."""
    uid = pwd.getpwnam(account(learner.name)).pw_uid
    total = 0
    for process in psutil.process_iter():
        try:
            if process.uids().real == uid:
                total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            pass
    return total / 1e6


def quantile(values: list[float], q: float) -> float:
    return sorted(values)[min(int(q * len(values)), len(values) - 1)]


def report(learners: list[Learner], within: float, took: float) -> str:
    well = [learner for learner in learners if not learner.failed]
    lines = [f"{len(well)} of {len(learners)} learners, who came within {within:g} s, got through."]
    lines += [f"{learner.name}: {learner.failed}" for learner in learners if learner.failed]
    if not well:
        return "\n".join(lines)

    def row(what: str, values: list[float], unit: str, digits: int) -> str:
        numbers = [quantile(values, 0.5), quantile(values, 0.95), max(values)]
        return f"| {what} | " + " | ".join(f"{x:.{digits}f} {unit}" for x in numbers) + " |"

    lines += ["", "| | median | 95% | worst |", "|---|---|---|---|"]
    lines += [row("sign-up to JupyterLab's page", [x.ready for x in well], "s", 1)]
    lines += [row("then, to a kernel that answers", [x.kernel for x in well], "s", 1)]
    lines += [row("all cells of lesson 1", [x.lesson for x in well], "s", 1)]
    lines += [row("slider to picture", [1000 * y for x in well for y in x.moves], "ms", 0)]
    try:
        lines += [row("memory per learner", [memory(x) for x in well], "MB", 0)]
    except (KeyError, psutil.AccessDenied):
        lines += ["", "Memory wasn't measured, which needs root on the hub's machine."]
    spare = psutil.virtual_memory()
    lines += [
        "",
        f"All in {took:.0f} s, on {psutil.cpu_count()} cores with {spare.total / 1e9:.0f} GB.",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hub", help="its address")
    parser.add_argument("--learners", type=int, default=20)
    parser.add_argument(
        "--within", type=float, default=60.0, help="seconds within which they arrive"
    )
    parser.add_argument(
        "--password", help="the class password; by default the hub's own, read as root"
    )
    options = parser.parse_args()
    word = options.password
    if word is None:
        from passwords import read

        word = read(Path("/var/lib/stepsize/hub"))["class"]
    began = time.perf_counter()
    learners = asyncio.run(arrive(options.hub, options.learners, word, options.within))
    print(report(learners, options.within, time.perf_counter() - began))
    return int(any(learner.failed for learner in learners))


if __name__ == "__main__":
    sys.exit(main())
