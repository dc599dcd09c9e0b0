"""Learners on a real hub, with everything a learner has: cookies, a kernel."""

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workshop"))
import load
import ports
from yarl import URL

from .jupyter import PATIENCE

__all__ = ["IN", "SECRET", "A", "B", "Class", "load", "ports"]

A, B = "test-anna", "test-bert"
IN = 302  # the status after a form is accepted: a redirect
SECRET = "written by B, for B"


class Class:
    """The hub, with A and B signed up and a kernel for each."""

    def __init__(self, machine):
        self.room, self.loop = machine, asyncio.new_event_loop()
        self.word = machine.passwords["learners"]
        self.a, self.b = self.do(self.learner(A)), self.do(self.learner(B))

    @property
    def url(self):
        return URL(self.room.url)

    def do(self, coroutine, *others):
        """The result of a task, or of several run at the same time."""

        async def together():
            return await asyncio.gather(coroutine, *others)

        results = self.loop.run_until_complete(asyncio.wait_for(together(), 180))
        return results if others else results[0]

    async def learner(self, name):
        return await load.Learner(self.url, name).__aenter__()

    async def come(self, learner):
        assert await learner.sign_up(self.word) == IN
        await learner.start()
        return await learner.open_kernel("00-start-here.ipynb")

    def start(self):
        self.in_a, self.in_b = self.do(self.come(self.a), self.come(self.b))
        self.do(self.in_b.run(f"open('mine.txt', 'w').write({SECRET!r})"))

    def close(self):
        self.do(self.a.__aexit__(), self.b.__aexit__())
        self.loop.close()

    async def from_a_new_browser(self, name, own, of_class, **headers):
        """The answer to a request from a browser without cookies."""
        async with load.Learner(self.url, name, own) as stranger:
            stranger.http.headers.update(headers)
            return await stranger.sign_up(of_class)

    def sign_up(self, name, own, of_class):
        return self.do(self.from_a_new_browser(name, own, of_class))

    def get(self, path, learner=None, **headers):
        """The status and the last address, as a stranger or as this learner."""

        async def answer():
            if learner:
                return await fetch(learner)
            async with load.Learner(self.url, "nobody") as stranger:
                return await fetch(stranger)

        async def fetch(who):
            where = URL(self.room.url + path)
            async with who.http.get(where, headers=headers) as got:
                return got.status, got.url.path, await got.text()

        return self.do(answer())

    def hub_api(self, who, method, what):
        """Ask like the hub's own pages: with a cookie, and their token against forged requests."""

        async def answer():
            header = {"X-XSRFToken": who.xsrf(self.url / "hub" / "")}
            where = self.url / "hub" / "api" / "users" / who.name / what
            async with who.http.request(method, where, headers=header, json={}) as got:
                return got.status

        return self.do(answer())

    def stop(self, who):
        assert self.hub_api(who, "DELETE", "server") in (202, 204)
        self.until(lambda: self.hub_api(who, "DELETE", "server") == 204)

    def until(self, true):
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end
            time.sleep(0.5)


def sign_in(page, hub, name, password, of_class=""):
    """Sign in in a browser, up to the server's own page."""
    page.set_default_timeout(1000 * PATIENCE)
    page.goto(f"{hub}/hub/login")
    page.fill("#username_input", name)
    page.fill("#password_input", password)
    page.fill("#class_password_input", of_class)
    page.click("#login_submit")
    page.wait_for_url(f"**/user/{name}/**")
