"""A learner's page can't attack whoever opens it, because nobody else gets to see it.

At one address, it would have the same origin as the hub's pages and everybody's notebooks. A has
replaced their server with their own program; B is signed in, and follows A's link.
"""

import base64
import hmac
import time
from contextlib import closing
from http.client import HTTPConnection

import pytest

pytest.importorskip("jupyterhub", reason="JupyterHub is not for Windows")
from .jupyter import PATIENCE, chromium
from .people import IN, SECRET, A, B, load, sign_in
from .rogue import MARK, Visit
from .room import room

pytestmark = [pytest.mark.elsewhere, pytest.mark.xdist_group("gate")]  # one hub for all
TICKET = "stepsize-gate"


@pytest.fixture(scope="module")
def people():
    with room() as machine, machine.running():
        people = Visit(machine)
        try:
            people.start()
            yield people
        finally:
            people.close()


def ticket(who):
    return next(c.value for c in who.http.cookie_jar if c.key == TICKET)


def ask(people, path, cookies=(), **headers):
    """The answer to a browser that has these tickets, and follows no redirects."""
    cookie = "; ".join(f"{TICKET}={value}" for value in cookies)
    line = HTTPConnection(people.url.host, people.url.port, timeout=PATIENCE)
    with closing(line):
        line.request("GET", path, headers=headers | {"Cookie": cookie})  # exactly as spelled here
        got = line.getresponse()
        return got.status, got.read().decode(), got.headers


def signed(people, said):
    """A ticket like the hub's."""
    secret = base64.b64decode(people.room.run("base64", "/var/lib/stepsize/hub/gate_secret"))
    return f"{said}.{hmac.new(secret, said.encode(), 'sha256').hexdigest()}"


def test_a_page_of_a_learners_is_for_that_learner_alone(people):
    assert MARK in people.get(f"/user/{A}/x", people.a)[2]
    status, _, text = people.get(f"/user/{A}/x", people.b)
    assert (status, MARK in text) == (403, False)
    _, where, text = people.get(f"/user/{A}/x")
    assert (where, MARK in text) == ("/hub/login", False)


SPELLINGS = ["//user/{}/x", "/user//{}/x", "/user/./{}/x", "/hub/../user/{}/x", "/%75ser/{}/x"]
SPELLINGS += [
    "/user/{}",
    "/USER/{}/x",
    "/user/{}%2Fx",
    "/user%2F{}/x",
    "http://a/user/{}/x",
    "/x;/../user/{}/x",
]


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_the_address_gets_around_it(people, path):
    assert MARK not in ask(people, path.format(A), [ticket(people.b)])[1]


def test_a_ticket_that_is_not_the_hubs_or_is_too_old_does_not_count(people):
    now = int(time.time())
    assert MARK in ask(people, f"/user/{A}/x", [signed(people, f"{A}.{now + 100}")])[1]
    bad = [signed(people, f"{A}.{now - 1}"), f"{A}.{now + 100}.{'0' * 64}", f"{A}.{now + 100}.", A]
    bad += [
        "",
        f"{A}.{now + 100}.zz",
        f"{A}.NaN.{'0' * 64}",
        signed(people, f"{A}.{now + 9}") + "00",
    ]
    for value in bad:
        status, text, headers = ask(people, f"/user/{A}/x", [value])
        assert (status, MARK in text) == (302, False), value
        assert headers["Location"] == f"/hub/login?next=%2Fuser%2F{A}%2Fx"


def test_somebody_elses_ticket_slipped_into_a_browser_is_of_no_use(people):
    """A's program could set a cookie from another port."""
    for both in ([ticket(people.a), ticket(people.b)], [ticket(people.b), ticket(people.a)]):
        status, text, _ = ask(people, f"/user/{A}/x", both)
        assert (status, MARK in text) == (403, False)


def test_a_websocket_is_refused_too(people):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    kernel = f"/user/{B}/api/kernels/x/channels"
    assert ask(people, kernel, [ticket(people.a)], **upgrade)[0] == 403
    assert ask(people, kernel, [], **upgrade)[0] == 403


def test_nothing_of_it_stays_in_the_browser_for_whoever_sits_there_next(people):
    _, text, headers = ask(people, f"/user/{A}/x", [ticket(people.a)])
    assert MARK in text
    assert headers["Cache-Control"] == "no-cache"  # a stored copy is checked here first
    worker = {"Service-Worker": "script"}
    assert ask(people, f"/user/{A}/x", [ticket(people.a)], **worker)[0] == 403


def test_an_instructor_does_not_walk_into_it(people):
    async def visits():
        async with load.Learner(people.url, "eva", "a good password") as eva:
            assert await eva.sign_up(people.room.passwords["you"]) == IN
            return [await status(eva, path) for path in (f"/user/{A}/x", f"/user/{B}/lab")]

    async def status(who, path):
        async with who.http.get(people.url.join(load.URL(path))) as got:
            return got.status, MARK in await got.text()

    assert people.do(visits()) == [(403, False), (403, False)]


def test_no_learner_gets_a_token_by_cookie(people):
    """So even a page that got through would find nothing to steal."""
    assert people.hub_api(people.b, "POST", "tokens") in (403, 404)
    assert people.hub_api(people.b, "GET", "tokens") in (403, 404)


def test_anyone_signed_in_without_a_ticket_gets_one(people):
    """After an update of the hub, for instance."""
    people.b.http.cookie_jar.clear(lambda cookie: cookie.key == TICKET)
    assert people.get(f"/user/{B}/files/mine.txt", people.b)[2] == SECRET
    assert ticket(people.b).startswith(f"{B}.")


def test_signing_out_takes_the_ticket_back(people):
    async def leave():
        async with load.Learner(people.url, B, people.b.password) as again:
            assert await again.sign_up("") == IN
            assert ticket(again)
            async with again.http.get(again.hub / "hub" / "logout") as page:
                await page.read()
            return [cookie.key for cookie in again.http.cookie_jar]

    assert TICKET not in people.do(leave())


def test_no_other_page_can_put_the_hubs_in_a_frame(people):
    _, _, headers = ask(people, "/hub/login")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_behind_https_no_cookie_goes_where_it_could_be_listened_to(people):
    async def cookies():
        async with load.Learner(people.url, B, people.b.password) as again:
            again.http.headers["X-Forwarded-Proto"] = "https"  # as Caddy sends it
            login = again.hub / "hub" / "login"
            async with again.http.get(login) as page:
                xsrf = page.cookies["_xsrf"].value
            form = dict(username=B, password=again.password, _xsrf=xsrf)
            send = dict(data=form, cookies={"_xsrf": xsrf}, allow_redirects=False)
            async with again.http.post(login, **send) as answer:
                assert answer.status == IN
                return answer.cookies

    got = people.do(cookies())
    assert {TICKET, "jupyterhub-hub-login"} <= set(got)
    for name in (TICKET, "jupyterhub-hub-login", f"stepsize-known-{B}"):
        assert got[name]["secure"], name
        assert got[name]["httponly"], name


def test_in_a_browser(people):
    url = str(people.url).rstrip("/")
    with chromium() as browser:
        victim = browser.new_context().new_page()
        sign_in(victim, url, B, people.b.password)
        victim.goto(f"{url}/user/{A}/x")
        assert "alone" in victim.locator("body").inner_text()
        assert MARK not in victim.content()
        attacker = browser.new_context().new_page()
        sign_in(attacker, url, A, people.a.password)
        attacker.goto(f"{url}/user/{A}/x")
        attacker.wait_for_function("document.title != 'waits'")
        assert attacker.title() == f"{MARK}: 403"  # it does run, but A gets no token


TAKE = """
import os, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"taken")
while True:
    try:
        server = HTTPServer(("127.0.0.1", {port}), Page)
        break
    except OSError:
        time.sleep(0.1)
threading.Thread(target=server.serve_forever, daemon=True).start()
"""


def test_whoever_takes_the_port_of_somebody_elses_server_is_not_taken_for_it(people):
    """A's server no longer listens, and B, who waited for that, listens in its place."""
    port = people.port_of(A)
    kernel = people.do(people.b.reopen(people.do(people.b.api("kernels"))[0]["id"]))
    assert MARK in people.get(f"/user/{A}/leave", people.a)[2]
    people.do(kernel.run(TAKE.format(port=port)))
    status, _, text = people.get(f"/user/{A}/x", people.a)
    assert (status, "taken" in text) == (503, False)
    line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(line):  # it is there
        line.request("GET", "/")
        assert line.getresponse().read() == b"taken"
