"""How long an answer may run: its own processor time counts, not what the machine is doing."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import pytest

from stepsize import check
from stepsize.checks import hand_in, sandbox
from stepsize.checks.catalog import EXERCISES
from stepsize.checks.watchdog import Limits

from . import PATIENCE
from .answers import sgd_that

RIGHT = "return Step(theta - lr * grad)"
ENDLESS = {
    "a loop": "while True: pass",
    "in C, with the lock held": "import itertools; sum(itertools.count())",
    "one that hears no signal": """
import signal
for one in range(1, signal.NSIG):
    try:
        signal.signal(one, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True: pass""",
}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path / "home"))
    yield
    sandbox._end_spare()  # it was started in the circumstances of one test


@pytest.fixture
def a_second(monkeypatch):
    hasty = {name: replace(exercise, seconds=1.0) for name, exercise in EXERCISES.items()}
    monkeypatch.setattr(hand_in, "EXERCISES", hasty)


def test_waiting_is_not_computing(a_second):
    """As on a machine that doesn't let it run: it takes longer by the clock than it may compute."""
    assert check("1.1", sgd_that(f"import time\ntime.sleep(0.8)\n{RIGHT}")).status == "right"


def test_loading_does_not_count(a_second, monkeypatch):
    """An answer's imports have their own limits."""
    slow = "import time\nend = time.process_time() + 1.5\nwhile time.process_time() < end: pass\n"
    answer = sgd_that(RIGHT)
    answer.__globals__["slow"] = _Loads(slow)
    answer.__code__ = sgd_that(f"slow\n{RIGHT}").__code__
    assert check("1.1", answer).status == "right"
    monkeypatch.setattr(sandbox, "LOADING", Limits(computing=0.0, waiting=60.0))
    verdict = check("1.1", answer)
    assert (verdict.status, verdict.text.split(" ")[0]) == ("broken", "What")


class _Loads:
    """Runs this where it is unpickled."""

    def __init__(self, source):
        self.source = source

    def __reduce__(self):
        return exec, (self.source,)


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_what_computes_is_ended_by_its_own_time(body, a_second):
    verdict = check("1.1", sgd_that(body))
    assert verdict.status == "broken"
    assert "of computing" in verdict.text or "signal" in body, "killed, it has no last words"


@pytest.mark.parametrize("body", ["while True: pass", "while True:\n    theta = theta + 0"])
def test_where_the_system_does_not_watch_a_thread_does(body, a_second, monkeypatch, tmp_path):
    """As on Windows."""
    (tmp_path / "resource.py").write_text("raise ImportError", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    sandbox._end_spare()
    verdict = check("1.1", sgd_that(body))
    assert "still running after 1 seconds of computing" in verdict.text
    assert "In line" in verdict.detail
    assert check("1.1", sgd_that(RIGHT)).status == "right"


def test_children_that_compute_are_ended_with_it(a_second, monkeypatch):
    monkeypatch.setattr(sandbox, "WAITING", 5.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"import socket; s = socket.create_connection({server.getsockname()!r})"
        child = f"{call}\nwhile True: pass"
        run = f"while True: subprocess.run([sys.executable, '-c', {child!r}])"
        assert check("1.1", sgd_that(f"import subprocess, sys\n{run}")).status == "broken"
        server.settimeout(PATIENCE)
        line, _ = server.accept()
        with line:
            line.settimeout(PATIENCE)
            assert line.recv(1) == b"", "it has ended"


@contextmanager
def a_busy_machine():
    """It has ten times as much to do as it has cores."""
    busy = [sys.executable, "-c", "while True: pass"]
    crowd = [subprocess.Popen(busy) for _ in range(10 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for one in crowd:
            one.kill()
            one.wait()


@pytest.mark.slow
def test_a_busy_machine_refuses_no_answer():
    pytest.importorskip("torch")
    body = "import torch\nreturn Step(torch.tensor(theta) - lr * torch.tensor(grad))"
    with a_busy_machine():
        assert check("1.1", sgd_that(body)).status == "right"
        assert "5 seconds of computing" in check("1.1", sgd_that("while True: pass")).text
