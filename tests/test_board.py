"""The class board: what it is told and by whom, what it shows to whom, what can't be forged."""

import contextlib
import importlib.util
import json
import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from urllib.request import Request

import cloudpickle
import pytest

from stepsize import Step, check, progress
from stepsize.checks import sandbox
from stepsize.checks.catalog import EXERCISES, LESSONS
from stepsize.checks.watchdog import Limits
from stepsize.learner import board

from . import PATIENCE
from .hub import ROOT, Board, a_free_port
from .hub import board as a_board

USERS = ("ann", "teacher")
JUDGE = "3000000111"  # not an existing account, so that nobody else's processes are ended
SENTENCE = EXERCISES["1.1"].mistakes["uphill"].sentence
WRONG = "api/checks/1.1?status=wrong&mistake=uphill"
RIGHT = "api/checks/1.1?status=right"
ANSWER = cloudpickle.dumps(EXERCISES["1.1"].reference)


@pytest.fixture(scope="module")
def folder():
    """A folder for boards, because the account that a board runs as can't enter pytest's own."""
    if importlib.util.find_spec("jupyterhub") is None or sys.platform == "win32":
        pytest.skip("JupyterHub isn't installed")
    path = Path(tempfile.mkdtemp(prefix="stepsize-board-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def board_without_judge(folder):
    with a_board(folder / "believing", judge="") as one:
        yield one


@pytest.fixture
def believing(board_without_judge):
    """A board that has no judge, and has been told nothing."""
    yield board_without_judge
    for name in {line["name"] for line in lines(board_without_judge)}:
        assert board_without_judge.ask("POST", "withdraw", name)[0] == 200


@pytest.fixture(scope="module")
def board_judge():
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can run an answer as somebody else")
    path = ROOT / "workshop" / "board_judge.py"
    spec = importlib.util.spec_from_file_location("board_judge", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    trouble = module.works(JUDGE)
    if trouble:
        pytest.skip(f"an answer can't be run apart here: {trouble}")
    return module


@pytest.fixture(scope="module")
def judging(folder, board_judge):
    with a_board(folder / "judging", JUDGE) as one:
        yield one


@pytest.fixture
def learner(believing, monkeypatch, tmp_path):
    """This process is the notebook of ann."""
    at_hub(monkeypatch, tmp_path, believing, "ann")
    return believing


def at_hub(monkeypatch, home, one, name):
    monkeypatch.setenv("STEPSIZE_HOME", str(home / "home"))
    monkeypatch.setenv("STEPSIZE_BOARD", one.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", f"{name}-token")
    monkeypatch.setattr(board, "PAUSES", (0.05,))
    monkeypatch.setattr(board, "_outbox", board._Outbox())


def lines(one):
    """What can be read from its record."""
    kept = []
    if (one.data / "record.jsonl").exists():
        for text in (one.data / "record.jsonl").read_bytes().split(b"\n"):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                kept += [line for line in [json.loads(text)] if isinstance(line["name"], str)]
    return kept


def told():
    """Wait until the board has been told everything."""
    deadline = time.monotonic() + PATIENCE
    while board._outbox.reports.unfinished_tasks:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answer(sign):
    """Defined as in a notebook: it isn't in a module, so its code is sent along."""

    def my_rule(theta, grad, t, *, lr):
        return Step(theta + sign * lr * grad)

    return my_rule


right, uphill = answer(-1), answer(+1)


# Who may ask what --------------------------------------------------------------------------------


def test_anyone_the_hub_does_not_know_is_turned_away(believing):
    paths = [("GET", "api/me"), ("POST", "agree"), ("POST", "withdraw"), ("POST", WRONG)]
    for who in (None, "stranger", "robot", "unknown"):  # robot is a service
        for method, path in paths:
            assert believing.ask(method, path, who)[0] == 403, (who, path)
    for page in ("", "projector", "names"):
        status, text, headers = believing.answer("GET", page)
        assert status == 302 and not text
        assert headers["Location"].startswith("/hub/api/oauth2/authorize?")
        assert believing.ask("GET", page, "stranger")[0] == 403
    assert not lines(believing)


def test_without_agreement_nothing_is_kept(believing):
    assert believing.ask("POST", WRONG, "ann")[0] == 403
    assert believing.me("ann") == {"name": "ann", "agreed": False, "marks": {}}
    assert not lines(believing)


def test_a_learner_sees_and_writes_their_own_only(believing):
    for name in ("ann", "bob"):
        believing.ask("POST", "agree", name)
    forged = "&name=bob&user=bob"
    assert believing.ask("POST", WRONG + forged, "ann")[0] == 200
    assert believing.ask("POST", f"withdraw?{forged}", "eve")[0] == 200
    assert believing.me("bob") == {"name": "bob", "agreed": True, "marks": {}}
    assert list(believing.me("ann")["marks"]) == ["1.1"]
    for page in ("", "api/me?name=ann", "projector", "?name=ann&user=ann"):
        assert "ann" not in believing.ask("GET", page, "bob")[1].replace("annot", "")
    for page in ("names", "names?lesson=1"):
        assert believing.ask("GET", page, "bob")[0] == 403


def test_the_instructor_sees_the_names_of_those_who_agreed(believing):
    for name in ("ann", "<b>bold"):
        believing.ask("POST", "agree", name)
    believing.ask("POST", WRONG, "ann")
    believing.ask("POST", WRONG, "carl")
    text = believing.ask("GET", "names", "teacher")[1]
    assert "ann" in text and "✗ uphill" in text
    assert escape("<b>bold") in text and "<b>bold" not in text
    assert "carl" not in text and "has checked nothing itself" in text


def test_a_button_needs_its_own_page(believing):
    """With a cookie, as in a browser: a different page of the hub can't agree for a learner."""
    _, _, headers = believing.answer("GET", "", headers={"User-Agent": "one"})
    state = headers["Location"].partition("&state=")[2]
    cookie = headers["Set-Cookie"].partition(";")[0]
    back = f"oauth_callback?code=ann&state={state}"
    agent = {"User-Agent": "one"}
    status, _, headers = believing.answer("GET", back, headers=agent | {"Cookie": cookie})
    assert status == 302
    login = next(one for one in headers["Set-Cookies"] if one.startswith("service-board="))
    login = agent | {"Cookie": login.partition(";")[0]}
    status, text, headers = believing.answer("GET", "", headers=login)
    assert status == 200 and "<h1>ann</h1>" in text
    xsrf = headers["Set-Cookie"].partition(";")[0]
    both = login | {
        "Cookie": f"{login['Cookie']}; {xsrf}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert believing.answer("POST", "agree", headers=both)[0] == 403
    assert not believing.me("ann")["agreed"]
    assert believing.answer("POST", "agree", body=xsrf.encode(), headers=both)[0] == 303
    assert believing.me("ann")["agreed"]


def test_every_answer_says_what_a_browser_may_load(believing):
    for path, name in (("", "ann"), ("names", "ann"), ("projector?lesson=99", "ann"), ("", None)):
        policy = believing.answer("GET", path, name)[2]["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy


def test_no_page_fetches_anything_from_elsewhere():
    files = [*(ROOT / "workshop" / "board").iterdir(), *(ROOT / "workshop").glob("board*.py")]
    assert len(files) == 11
    assert not [path.name for path in files if re.search(r"\w:?//\w", path.read_text())]


@pytest.mark.elsewhere
def test_with_a_real_hub(folder):
    """As in BOARD.md: these scopes suffice, ann is known by her token, teacher is an admin."""
    port, ask = a_free_port(), Board.opener.open
    hub = f"http://127.0.0.1:{port}/hub/api"
    url = f"http://127.0.0.1:{a_free_port()}"
    settings = dict(HUB_PORT=str(port), BOARD_URL=url, TEST_TOKEN="test-" * 8)
    settings |= dict(STEPSIZE_BOARD_DATA=str(folder / "real"), STEPSIZE_BOARD_JUDGE="")
    settings |= dict(STEPSIZE_BOARD_ACCOUNT="3000000112")
    command = [sys.executable, "-m", "jupyterhub", "-f", str(ROOT / "tests" / "real_hub.py")]
    real = Board(folder / "real", {}, f"{url}/services/board/")

    def token(name, scopes):
        headers = {"Authorization": f"token {settings['TEST_TOKEN']}"}
        body = json.dumps({"scopes": scopes}).encode()
        with ask(Request(f"{hub}/users/{name}/tokens", body, headers)) as answer:
            return json.load(answer)["token"]

    with open(folder / "hub.log", "w") as log:
        process = subprocess.Popen(
            command, env=os.environ | settings, cwd=folder, stdout=log, stderr=log
        )
    try:
        real.wait(process)
        while "now running" not in (folder / "hub.log").read_text():
            time.sleep(0.05)  # until then, it wouldn't end its services with itself
        tokens = {name: token(name, ["access:services!service=board"]) for name in USERS}
        real.tokens = tokens | {"cook": token("ann", ["read:users:name!user"])}
        assert real.ask("POST", "agree", "cook")[0] == 403, "a token of ann's, but not for this"
        assert real.ask("POST", "agree", "ann")[0] == 200
        assert real.ask("POST", WRONG, "ann")[0] == 200
        assert list(real.me("ann")["marks"]) == ["1.1"]
        assert real.ask("GET", "names", "ann")[0] == 403
        assert "✗ uphill" in real.ask("GET", "names", "teacher")[1]
        assert "1 shares · 0 here" in real.ask("GET", "projector", "ann")[1]
    except BaseException:
        print((folder / "hub.log").read_text())
        raise
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


# The projector -----------------------------------------------------------------------------------


def test_the_projector_shows_no_name(believing):
    names = [f"zz{i}-learner" for i in range(8)]
    for name in names:
        believing.ask("POST", "agree", name)
        for path in (WRONG, RIGHT, "api/checks/5.2?status=broken"):
            assert believing.ask("POST", path, name)[0] == 200
    for part in ({}, {"X-Part": "1"}):
        for lesson in (title.split()[0] for title in LESSONS):
            _, text, _ = believing.answer("GET", f"projector?lesson={lesson}", "ann", headers=part)
            assert not [name for name in (*names, "ann", "zz") if name in text]


def test_it_counts_from_five_on_and_shows_what_three_did(believing):
    def shown():
        return believing.ask("GET", "projector?lesson=1", "teacher")[1]

    for count, name in enumerate("abcde", start=1):
        assert "✓" not in shown()
        believing.ask("POST", "agree", name)
        assert f"{count} share" in shown() and "44 here" in shown()
    assert "✓&nbsp;0" in shown() and "○&nbsp;5" in shown()
    for count, name in enumerate("abc", start=1):
        assert SENTENCE not in shown()
        believing.ask("POST", WRONG, name)
        believing.ask("POST", WRONG, name)  # each learner counts once
        assert f"✗&nbsp;{count}" in shown()
    assert SENTENCE in shown() and "3&nbsp;of&nbsp;you" in shown()
    believing.ask("POST", RIGHT, "a")
    believing.ask("POST", WRONG, "a")  # once right, always right
    assert "✓&nbsp;1" in shown() and "✗&nbsp;2" in shown()


def test_it_shows_the_lesson_that_most_are_at(believing):
    for name in "abcde":
        believing.ask("POST", "agree", name)
        believing.ask("POST", WRONG, name)
    for name in "abcd":
        believing.ask("POST", "api/checks/5.2?status=broken", name)
    assert "<h1>1 The learning rate" in believing.ask("GET", "projector", "a")[1]
    believing.ask("POST", "api/checks/5.2?status=broken", "e")
    believing.ask("POST", "api/checks/5.1?status=broken", "f")
    believing.stop()
    record = believing.data / "record.jsonl"
    old = [line | {"at": line["at"].replace("20", "19", 1)} for line in lines(believing)]
    old = [line for line in old if line.get("exercise") == "1.1"]
    new = [line for line in lines(believing) if line.get("exercise") != "1.1"]
    record.write_text("\n".join(map(json.dumps, old + new)))
    believing.start()
    assert "<h1>5 Adam" in believing.ask("GET", "projector", "a")[1]


# What is kept ------------------------------------------------------------------------------------


def test_who_withdraws_is_forgotten(believing):
    for name in ("ann", "bob"):
        believing.ask("POST", "agree", name)
        believing.ask("POST", WRONG, name)
    with open(believing.data / "record.jsonl", "a") as record:
        record.write('{"name": "ann", "exer')
    assert believing.ask("POST", "withdraw", "ann")[0] == 200
    assert believing.ask("POST", WRONG, "ann")[0] == 403
    for restarts in range(2):
        assert not believing.me("ann")["agreed"]
        assert list(believing.me("bob")["marks"]) == ["1.1"]
        assert not [path for path in believing.data.iterdir() if b"ann" in path.read_bytes()]
        if not restarts:
            believing.stop()
            believing.start()


def test_a_restart_keeps_all_but_a_damaged_line(believing):
    for name in ("ann", "bob"):
        believing.ask("POST", "agree", name)
        believing.ask("POST", WRONG, name)
    before = believing.me("ann"), believing.me("bob")
    believing.stop()
    damage = [
        *(b"\xff\x00\xfe", b"[1]", b'"ann"', b'{"at": 1, "name": "carl", "agreed": true}', b"{}"),
        b'{"at": "2026-01-01T00:00:00+00:00", "name": ["eve"], "agreed": true}',
        b'{"at": "2026-01-01T00:00:00+00:00", "name": "ann", "exercise": "99", "status": "right"}',
        b'{"at": "2026-01-01T00:00:00+00:00", "name": "ann", "exer',
    ]
    with open(believing.data / "record.jsonl", "ab") as record:
        record.write(b"\n".join(damage))
    believing.start()
    assert (believing.me("ann"), believing.me("bob")) == before
    believing.ask("POST", RIGHT, "ann")
    assert lines(believing)[-1]["status"] == "right", "the line that was cut off does not spoil it"
    assert not believing.me("carl")["agreed"]


def test_the_record_is_closed_to_others(believing):
    believing.ask("POST", "agree", "ann")
    modes = {path.name: path.stat().st_mode & 0o777 for path in believing.data.iterdir()}
    assert modes == {"record.jsonl": 0o600, "cookie_secret": 0o600}
    assert believing.data.stat().st_mode & 0o777 == 0o700


def test_forty_at_once(believing):
    names = [f"learner{i}" for i in range(40)]
    with ThreadPoolExecutor(40) as room:
        assert set(room.map(lambda name: believing.ask("POST", "agree", name)[0], names)) == {200}
        asked = [(name, path) for name in names for path in (WRONG, RIGHT, WRONG)]
        codes = list(room.map(lambda one: believing.ask("POST", one[1], one[0])[0], asked))
    assert set(codes) == {200}
    assert len(lines(believing)) == 160
    assert "✓&nbsp;40" in believing.ask("GET", "projector?lesson=1", "ann")[1]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("api/checks/1.1", 400),
        ("api/checks/1.1?status=perfect", 400),
        ("api/checks/1.1?status=not%20tried", 400),
        ("api/checks/99.1?status=right", 400),
        ("api/checks/1.1?status=wrong&mistake=weights%20swapped", 400),  # a mistake of 5.1
        ("api/checks/1.1?status=right&mistake=uphill", 400),
        ("api/checks/1.1?status=wrong&mistake=%3Cscript%3E", 400),
        ("api/checks/1.1?status=wrong&mistake=%ff", 400),
        ("api/checks/..%2f..%2fme?status=right", 404),
        ("api/checks/" + "1" * 9000 + "?status=right", 404),
        ("record.jsonl", 404),
        ("static/board_record.py", 404),
        ("static/..%2fboard.py", 404),
    ],
)
def test_what_makes_no_sense_is_rejected(believing, path, code):
    believing.ask("POST", "agree", "ann")
    assert believing.ask("POST" if "checks" in path else "GET", path, "ann")[0] == code
    assert believing.me("ann")["marks"] == {}


def test_too_large_and_too_often(believing):
    for name in ("keen", "bob"):
        believing.ask("POST", "agree", name)
    assert believing.ask("POST", RIGHT, "keen", bytes(2**20 + 1))[0] in (0, 400)
    assert believing.me("keen")["marks"] == {}
    with ThreadPoolExecutor(10) as eager:
        codes = list(eager.map(lambda _: believing.ask("POST", WRONG, "keen")[0], range(200)))
    assert set(codes) == {200, 429} and codes.count(200) < 100
    wishes = ("withdraw", "agree") * 25
    codes = [(wish, believing.ask("POST", wish, "keen")[0]) for wish in wishes]
    assert codes[-2:] == [("withdraw", 200), ("agree", 429)]
    assert believing.ask("POST", WRONG, "bob")[0] == 200, "each has their own allowance"


# Marks that can't be forged ----------------------------------------------------------------------


def test_the_board_runs_a_right_answer_itself(judging):
    judging.ask("POST", "agree", "ann")
    for handed_in, verdict in ((b"no pickle", None), (cloudpickle.dumps(uphill), False)):
        status, text = judging.ask("POST", RIGHT, "ann", handed_in)
        assert (status, json.loads(text)) == (200, {"judged": verdict})
        assert not judging.me("ann")["marks"]["1.1"]["seen"]
    assert "said right, found wrong" in judging.ask("GET", "names?lesson=1", "teacher")[1]
    assert json.loads(judging.ask("POST", RIGHT, "ann", ANSWER)[1]) == {"judged": True}
    assert judging.me("ann")["marks"]["1.1"]["seen"]
    assert "said right" not in judging.ask("GET", "names?lesson=1", "teacher")[1]


def test_saying_right_without_an_answer_is_noticed(judging):
    judging.ask("POST", "agree", "forger")
    assert judging.ask("POST", "api/checks/1.2?status=right", "forger")[0] == 200
    assert not judging.me("forger")["marks"]["1.2"]["seen"]
    assert "said right, not seen" in judging.ask("GET", "names?lesson=1", "teacher")[1]
    assert "said to be right, but not seen" in judging.ask("GET", "", "forger")[1]
    for name in "abcde":
        judging.ask("POST", "agree", name)
    shown = judging.ask("GET", "projector?lesson=1", "ann")[1]
    second = shown.partition("1.2")[2].partition("1.3")[0]
    assert "✓&nbsp;0" in second and "✗&nbsp;1" in second, "it does not count as right"


def test_forging_your_own_file_changes_nothing(judging, monkeypatch, tmp_path):
    at_hub(monkeypatch, tmp_path, judging, "dora")
    board.agree()
    check("1.1", right)
    check("1.2", 1.0)
    told()
    own = tmp_path / "home" / "progress.jsonl"
    own.write_text(own.read_text().replace('"wrong"', '"right"').replace('"broken"', '"right"'))
    assert progress().lessons["1 The learning rate"][:2] == ("right", "right")
    marks = judging.me("dora")["marks"]
    assert [name for name, mark in marks.items() if mark["seen"]] == ["1.1"]
    assert marks["1.2"]["status"] in ("wrong", "broken")
    page = judging.ask("GET", "names?lesson=1", "teacher")[1].partition("dora")[2]
    assert "✓" in page and "✗" in page


PRY = """
import os, sys
def attempt(what, do):
    try:
        print(what, do())
    except OSError as error:
        print(what, "refused")
attempt("uid", os.getuid)
attempt("processes", lambda: sum(name.isdigit() for name in os.listdir("/proc")))
attempt("environment", lambda: [name for name in os.environ if "HUB" in name or "BOARD" in name])
attempt("record", lambda: open({record!r}).read())
attempt("shadow", lambda: open("/etc/shadow").read())
attempt("file", lambda: open({file!r}, "wb", buffering=0).write(b"x"))
attempt("devices", lambda: sum(1 for _ in open("/proc/net/dev")) - 2)
attempt("root", lambda: os.setuid(0))
"""


class Code:
    """A pickle that runs code."""

    def __init__(self, text):
        self.text = textwrap.dedent(text)

    def __reduce__(self):
        return exec, (self.text, {})


def test_an_answer_finds_nothing_to_read_or_to_steal(judging, board_judge, monkeypatch):
    judging.ask("POST", "agree", "ann")
    with tempfile.TemporaryDirectory() as open_to_all:
        os.chmod(open_to_all, 0o777)
        record, file = str(judging.data / "record.jsonl"), os.path.join(open_to_all, "file")
        monkeypatch.setattr(os, "environ", board_judge.clean())
        monkeypatch.chdir("/")
        prying = pickle.dumps(Code(PRY.format(record=record, file=file)))
        report = sandbox.run("1.1", prying, 5.0, board_judge.apart(JUDGE))
    assert report.printed.splitlines() == [
        f"uid {JUDGE}",
        "processes 1",
        "environment []",
        "record refused",
        "shadow refused",
        "file refused",
        "devices 1",
        "root refused",
    ]


def test_nothing_that_an_answer_starts_outlives_it(board_judge, monkeypatch):
    survivor = """
    import ctypes, faulthandler, os, time
    faulthandler.cancel_dump_traceback_later()
    ctypes.CDLL(None).prctl(1, 0)  # not to be ended with its parent
    os.setsid()  # nor with its group
    os.fork()
    time.sleep(300)
    """
    monkeypatch.setattr(sandbox, "LOADING", Limits(60.0, 5.0))
    monkeypatch.setattr(sandbox, "SLACK", 0.0)
    assert board_judge.judge("1.1", pickle.dumps(Code(survivor)), JUDGE) is None
    deadline = time.monotonic() + PATIENCE  # a killed process may need a moment
    while int(JUDGE) in owners():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def owners():
    found = set()
    for path in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it has already ended
            found |= {path.stat().st_uid} if path.name.isdigit() else set()
    return found


def test_an_answer_can_say_that_it_is_right_and_that_is_all(board_judge):
    """It writes its own report. But anyone who wants to cheat could also hand in the reference."""
    lies = [b'{"verdict": {"status": ["right"]}}', b"{" * 10**5, b"{}", b"7", b"x" * 2**22]
    for lie in lies:
        liar = f"import os\nfor fd in range(3, 20):\n try: os.write(fd, {lie!r} + b'\\n')\n"
        liar += " except OSError: pass\nos._exit(0)"
        assert board_judge.judge("1.1", pickle.dumps(Code(liar)), JUDGE) is None


def test_board_and_judge_are_two_accounts(folder, board_judge):
    with pytest.raises(AssertionError, match="separate accounts"), a_board(folder, "0"):
        pass


# The notebook's side -----------------------------------------------------------------------------


def test_the_question_is_asked_once_and_the_default_is_no(learner):
    assert "board.agree()" in check("1.1", uphill).note
    assert check("1.1", uphill).note == ""
    told()
    assert not lines(learner)


def test_agree_tell_withdraw(learner, capsys):
    board.agree()
    assert "From now on" in capsys.readouterr().out
    assert check("1.1", uphill).note == "", "nobody is asked after answering"
    check("1.1", lambda theta: theta)  # a mistake from elsewhere isn't sent, only the status
    told()
    assert learner.me("ann")["marks"] == {"1.1": dict(status="wrong", said=False, seen="")}
    record = (learner.data / "record.jsonl").read_text()
    assert '"uphill"' in record and "signature" not in record
    check("1.1", right)
    told()
    assert learner.me("ann")["marks"]["1.1"]["said"]
    assert not learner.me("ann")["marks"]["1.1"]["seen"], "this board has no judge"
    board.withdraw()
    assert "forgotten" in capsys.readouterr().out
    assert not learner.me("ann")["agreed"]


def test_a_board_that_is_away_is_told_later(learner, capsys):
    board.agree()
    learner.stop()
    assert check("1.1", uphill).status == "wrong"
    time.sleep(0.2)
    board.withdraw()
    assert "can't be reached" in capsys.readouterr().out
    learner.start()
    told()
    assert learner.me("ann")["marks"]["1.1"]["status"] == "wrong"


def test_a_board_that_does_not_answer_slows_no_check(monkeypatch, tmp_path):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    monkeypatch.setattr(board, "_outbox", board._Outbox())
    monkeypatch.setattr(board, "WAITING", 3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("STEPSIZE_BOARD", f"http://127.0.0.1:{mute.getsockname()[1]}/")
        verdict = check("1.1", right)
        start = time.monotonic()
        for _ in range(300):  # more than are kept
            board.tell(verdict, right)
        assert time.monotonic() - start < PATIENCE, "it waited for an answer, and 300 times"
    assert verdict.status == "right"


def test_no_proxy_hears_of_it(learner, monkeypatch, capsys):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{a_free_port()}")
    board.agree()
    assert "From now on" in capsys.readouterr().out


def test_a_redirect_gets_no_token(monkeypatch, capsys):
    """For instance from somebody who took the board's port while it was down."""
    heard = []

    def elsewhere(server, target):
        for _ in range(2):
            client, _ = server.accept()
            with client:
                heard.append(client.recv(10**5))
                if heard[-1]:
                    client.sendall(b"HTTP/1.1 302 Go\r\nLocation: %s\r\n\r\n" % target.encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread = threading.Thread(target=elsewhere, args=(server, address), daemon=True)
        thread.start()
        monkeypatch.setenv("STEPSIZE_BOARD", address)
        board.agree()
        socket.create_connection(server.getsockname()).close()
        thread.join()
        assert len(heard) == 2
        assert heard[0].startswith(b"POST ")
        assert heard[1] == b"", "the next to come was we, and no follower of the redirect"
        assert "can't be reached" in capsys.readouterr().out


def test_outside_a_hub_nothing_of_it_happens(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    monkeypatch.delenv("STEPSIZE_BOARD", raising=False)
    monkeypatch.setattr(board, "_outbox", None)
    assert check("1.1", right).note == ""
    board.agree()
    board.withdraw()
    assert capsys.readouterr().out == f"{board.NONE}\n" * 2
    code = "import sys, stepsize; print('stepsize.learner.board' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
