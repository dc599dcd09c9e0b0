"""Without a second Python, as in a browser: the notebook's own judges, and nothing is lost.

test_lite.py tests the same under WebAssembly.
"""

import builtins
import errno
import os
import random
import subprocess
import sys
import time
import warnings
from dataclasses import replace

import cloudpickle
import numpy as np
import pytest

from stepsize import Step, check
from stepsize.checks import hand_in, here, sandbox, stopwatch
from stepsize.checks.catalog import EXERCISES
from stepsize.checks.judging import judge
from stepsize.learner import record
from stepsize.learner.verdict import Verdict

from .answers import sgd_that, written
from .jupyter import ROOT
from .test_judged import ANSWERS, answer

RIGHT = "return Step(theta - lr * grad)"
LEGACY = np.random.get_state
IMPORTS = "import itertools, os, random, signal, sys, threading, time, warnings\n"
limited = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="sys.monitoring, by which it is ended, came with Python 3.12"
)


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path / "home"))


@pytest.fixture
def alone(monkeypatch):
    """A system without processes, which says so like a browser's."""

    def refused(*_, **__):
        raise OSError(errno.ENOTSUP, "emscripten does not support processes.")

    sandbox._end_spare()
    monkeypatch.setattr(subprocess, "Popen", refused)


@pytest.fixture
def impatient(monkeypatch):
    hasty = {name: replace(exercise, seconds=0.25) for name, exercise in EXERCISES.items()}
    monkeypatch.setattr(hand_in, "EXERCISES", hasty)


# The same verdicts --------------------------------------------------------------------------------


def sample(name):
    """Every sixth of the answers that learners write to an exercise, and one with two mistakes."""
    those = [(kind, source) for other, kind, source in ANSWERS if other == name]
    two = [source for kind, source in those if "+" in kind]
    return [*two[:1], *(source for _, source in those[::6])]


SOME = ("1.1", "3.2", "5.2", "13.3")  # one exercise of each kind; the rest are marked elsewhere


def some(names):
    marks = pytest.mark.elsewhere
    return [pytest.param(name, marks=() if name in SOME else marks) for name in names]


@pytest.mark.parametrize("name", some(sorted({name for name, _, _ in ANSWERS})))
def test_an_answer_is_told_the_same_here(name):
    """Everything said and shown is the same as the verdict of the second Python."""
    exercise = EXERCISES[name]
    for source in sample(name):
        given = answer(name, source)
        report = here.run(name, cloudpickle.dumps(given), exercise.seconds)
        assert Verdict(**report.message["verdict"]) == judge(exercise, given)


@pytest.mark.parametrize("name", some(EXERCISES))
def test_a_known_mistake_is_told_the_same_here(name, alone):
    exercise = EXERCISES[name]
    assert check(name, exercise.reference).text == exercise.praise
    for mistake in [*exercise.mistakes.values()][::3]:
        verdict = check(name, mistake.variants[0])
        assert (verdict.status, verdict.text) == ("wrong", mistake.sentence)


BROKEN = [
    "return Step(thetta)",
    "return Step(theta - lr * grad[7])",
    "return Step(input('theta? '))",
    "return my_sgd(theta, grad, t, lr=lr)",
    "return Step([0] * 10**12)",
    "raise KeyboardInterrupt",
    "raise SystemExit(3)",
    "sys.exit('so')",
    "exit()",
    "quit()",
    "class Own(BaseException): pass\nraise Own('so')",
    "class Mean(Exception):\n    def __str__(self): raise self\nraise Mean",
    "os._exit(1)",
    "from os import _exit\n_exit(1)",
    "os.kill(os.getpid(), 9)",
    "try:\n    os._exit(1)\nexcept BaseException:\n    return Step(theta - lr * grad)",
]


@pytest.mark.parametrize("body", BROKEN)
def test_what_breaks_is_told_the_same_here(body, request):
    there = check("1.1", sgd_that(IMPORTS + body))
    request.getfixturevalue("alone")
    verdict = check("1.1", sgd_that(IMPORTS + body))
    if "RecursionError" in there.text:  # it may be the stopwatch that has no room left
        there = replace(there, detail=verdict.detail)
    assert verdict == there
    assert there.status == "broken" and ("In line" in there.detail or "os" in body)


@pytest.mark.parametrize("given", [..., 3, sum, sgd_that("theta = ...\nreturn Step(theta)")])
def test_what_is_not_an_answer_is_told_the_same_here(given, request):
    there = check("1.1", given)
    request.getfixturevalue("alone")
    assert check("1.1", given) == there


# Endless ------------------------------------------------------------------------------------------

ENDLESS = {
    "a loop": "while True: pass",
    "nested": "while True:\n    for i in range(3):\n        while i < 9: i += 1",
    "a comprehension": "return [i for i in itertools.count() if i < 0]",
    "a generator": "return sum(1 for i in itertools.count())",
    "a generator of C's": "def f():\n    yield from itertools.count()\nreturn sum(f())",
    "called by C": "return sorted(iter(lambda: 1, 2))",
    "two that call each other": "def f(n):\n    return f(n) if n else 0\nwhile True: f(0)",
    "recursion that forgives": """
def f():
    try:
        return f()
    except RecursionError:
        return f()
return f()""",
    "one that catches everything": """
while True:
    try:
        theta - lr
    except BaseException:
        pass""",
    "an inner loop that is caught": """
while True:
    try:
        while True: pass
    except BaseException:
        continue""",
    "caught in many places": """
def f():
    try:
        while True: pass
    except BaseException:
        f()
    finally:
        f()
while True:
    try:
        f()
    except BaseException:
        f()""",
    "asleep": "time.sleep(1e9)",
    "asleep again and again": "while True:\n    time.sleep(1e-3)",
}


@limited
@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_ended(body, alone, impatient):
    verdict = check("1.1", sgd_that(IMPORTS + body))
    assert (verdict.status, verdict.mistake) == ("broken", None)
    words = "seconds, although it had not" if "sleep" in body else "seconds of computing, and was"
    assert words in verdict.text
    assert "In line" in verdict.detail
    assert check("1.1", sgd_that(RIGHT)).status == "right"


@limited
def test_what_is_caught_at_the_end_is_still_too_late(alone, impatient):
    body = "try:\n    while True: pass\nexcept BaseException:\n    pass\n"
    verdict = check("1.1", sgd_that(body + RIGHT))
    assert "still running after 1 seconds of computing" in verdict.text
    assert verdict.detail == "In line 3 of your cell:\n    while True: pass"


@limited
def test_nothing_is_watched_afterwards(alone):
    check("1.1", sgd_that(RIGHT))
    assert sys.monitoring.get_tool(stopwatch.TOOL) is None


def test_a_short_sleep_is_not_a_fault(alone):
    assert check("1.1", sgd_that(f"import time\ntime.sleep(0.05)\n{RIGHT}")).status == "right"


# What an answer leaves behind ---------------------------------------------------------------------

SABOTAGE = [
    "import builtins; builtins.len = builtins.print = builtins.isinstance = builtins.next = None",
    "import builtins; builtins.new_name = 1",
    "np.array = np.allclose = None",
    "np.seterr(all='raise'); np.set_printoptions(precision=1)",
    "np.random.seed(1); random.seed(1)",
    "Step.__add__ = None; Step.__repr__ = lambda self: '!'; del Step.__doc__",
    "sys.path.clear(); os.environ['STEPSIZE_HOME'] = '/'; os.environ['NEW'] = '1'",
    "sys.stdout = sys.stderr = None",
    "sys.stdout.close(); sys.stdin.close()",
    "os.chdir('/')",
    "sys.setrecursionlimit(10**9)",
    "warnings.simplefilter('error')",
    "time.sleep = time.process_time = None",
    "import stepsize.optimizers as ours; ours.Step = ours.sgd = None",
    "import __main__; __main__.In = 1",
]


def everything():
    """What an answer of SABOTAGE would change."""
    places = [builtins, np, os, sys, time, sys.modules["__main__"], sys.modules["stepsize"]]
    places += [sys.modules["stepsize.optimizers"], Step]
    yield from ({name: id(value) for name, value in vars(each).items()} for each in places)
    yield from (dict(sys.modules), [*sys.path], dict(os.environ), os.getcwd(), np.geterr())
    yield from (np.get_printoptions(), sys.getrecursionlimit(), [*warnings.filters])
    yield from (random.getstate(), str(LEGACY()))


@pytest.mark.parametrize("body", SABOTAGE)
def test_all_is_as_it_was(body, alone):
    """Whatever happens to a saboteur, the notebook and the next answer are safe."""
    before = [*everything()]
    check("1.1", sgd_that(f"{IMPORTS}{body}\n{RIGHT}"))
    assert [*everything()] == before
    assert check("1.1", sgd_that(RIGHT)).status == "right"


CLEARED = """
import errno, subprocess, sys
from stepsize import check
from tests.answers import sgd_that

def refused(*_, **__):
    raise OSError(errno.ENOTSUP, "emscripten does not support processes.")

subprocess.Popen = refused
before = dict(sys.modules)
check("1.1", sgd_that("import sys; sys.modules.clear()\\nreturn Step(theta - lr * grad)"))
assert all(sys.modules[name] is module for name, module in before.items())
print(check("1.1", sgd_that("return Step(theta - lr * grad)")).status)
"""


def test_modules_that_were_cleared_come_back():
    """This runs in its own Python, because `io`, imported again, has errors nobody can catch."""
    command = [sys.executable, "-c", CLEARED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.stdout == "right\n", done.stderr


def test_the_answer_is_a_copy(alone):
    """What it changes in the notebook, it changes only in the copy."""
    source = "def f(theta, grad, t, *, lr):\n    global n\n    n += 1\n    seen.append(t)\n    "
    given = written(source + RIGHT, n=0, seen=[])
    assert check("1.1", given).status == "right"
    assert given.__globals__["n"] == 0 and given.__globals__["seen"] == []


def test_a_class_of_the_notebook_stays_itself(alone, monkeypatch):
    """It travels by value, and comes back under its own name."""
    known = dict(n=0)
    exec("class Counter:\n    made = 0\n    def count(self): return n", known)
    counter = known["Counter"]
    counter.__module__ = "__main__"
    monkeypatch.setattr(sys.modules["__main__"], "Counter", counter, raising=False)
    count = counter.count
    body = f"Counter.made += Counter().count() + 1\n    {RIGHT}"
    given = written(f"def f(theta, grad, t, *, lr):\n    {body}", Counter=counter)
    assert check("1.1", given).status == "right"
    assert (counter.made, counter.count) == (0, count)
    assert count.__globals__ is known


def test_what_is_printed_is_caught(alone, capfd):
    body = "print('one', file=sys.stderr)\ndisplay('two')\nsys.stdout.write('three')\n"
    verdict = check("1.1", sgd_that(f"{IMPORTS}{body}{RIGHT}"))
    assert verdict.status == "right"
    assert verdict.printed.split()[:3] == ["one", "two", "three" + "one"]
    assert capfd.readouterr() == ("", "")


@limited
def test_endless_print_is_cut_short(alone, impatient):
    verdict = check("1.1", sgd_that("while True:\n    print('again ' * 100)"))
    assert verdict.status == "broken"
    assert len(verdict.printed) < 3000 and "more characters" in verdict.printed


def test_progress_is_kept(alone):
    check("1.1", sgd_that("return Step(theta + lr * grad)"))
    check("1.1", sgd_that(RIGHT))
    (first, second), note = record.lines()
    assert (first["status"], first["mistake"], second["status"]) == ("wrong", "uphill", "right")
    assert note == ""


def test_an_answer_that_asks_for_a_check_gets_none(alone):
    source = f"def my_sgd(theta, grad, t, *, lr):\n    print(check('1.1', my_sgd))\n    {RIGHT}"
    verdict = check("1.1", written(source, check=check))
    assert verdict.status == "right"
    assert "not tried" in verdict.printed


def test_on_other_machines_an_answer_stays_in_a_python_of_its_own(monkeypatch):
    monkeypatch.setattr(here, "run", lambda *_: pytest.fail("it is judged here"))
    assert check("1.1", sgd_that(RIGHT)).status == "right"
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    sandbox._end_spare()
    assert "couldn't start a second Python" in check("1.1", sgd_that(RIGHT)).text
