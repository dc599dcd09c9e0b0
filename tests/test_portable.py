"""What any machine can check for Windows and macOS: names, paths, encodings, signals, line ends."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import yaml

from stepsize import check
from stepsize.checks import hand_in, sandbox
from stepsize.checks.catalog import EXERCISES

from .answers import sgd_that

ROOT = Path(__file__).resolve().parents[1]
DEEPEST = "C:\\Users\\firstname.lastname\\Documents\\GitHub\\stepsize\\"
LONGEST = 259  # characters in a path on Windows, by default
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$')
# The hub doesn't run on Windows, and neither do its tests.
OF_THE_HUB = re.compile(r"workshop/|tests/(hub|room|real_hub|test_board|test_hub|test_load)")


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    names = [name for name in done.stdout.decode("utf-8").split("\0") if name]
    if not names:
        pytest.skip("This is no clone: git does not say what belongs to the course.")
    return names


def programs() -> list[str]:
    """The course's own code that runs on Windows."""
    return [name for name in tracked() if name.endswith(".py") and not OF_THE_HUB.match(name)]


def calls(name: str) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func).rpartition(".")[2]


def test_every_name_is_one_on_windows():
    for name in tracked():
        for part in PurePosixPath(name).parts:
            assert not RESERVED.fullmatch(part) and not FORBIDDEN.search(part), name
            assert part.isascii(), "macOS may spell it otherwise"


def test_no_two_names_differ_by_case_alone():
    names = [name.lower() for name in tracked()]
    folders = {str(parent) for name in tracked() for parent in PurePosixPath(name).parents}
    assert len(set(names)) == len(names)
    assert len({folder.lower() for folder in folders}) == len(folders)


def test_no_path_is_too_long_for_windows():
    """Git's, the learner's copies with what JupyterLab puts beside them, and the packages'."""
    made = [
        f"my-work/solutions/.ipynb_checkpoints/{Path(name).stem}-checkpoint.new.ipynb"
        for name in tracked()
        if name.endswith(".ipynb")
    ]
    site = Path(np.__file__).parents[1]
    packages = [f".venv/Lib/site-packages/{path.relative_to(site)}" for path in site.rglob("*")]
    for name in [*tracked(), *made, *packages]:
        assert len(DEEPEST + name) <= LONGEST, name


def test_git_leaves_line_ends_alone():
    """A lesson with \\r\n would have other hashes, and notebooks that are stale."""
    ends = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, check=True)
    for line in ends.stdout.decode("utf-8").splitlines():
        index, _, attribute = line.split()[:3]
        if "tests/posted/files/" in line:  # as their loggers wrote them
            continue
        assert index in ("i/lf", "i/-text", "i/none"), line
        assert attribute.startswith("attr/") and attribute != "attr/", line


def says_none(call: ast.Call, function: str) -> bool:
    """Whether a call reads or writes text without naming an encoding."""
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if "encoding" in given:
        return False
    if function in ("read_text", "write_text"):
        return len(call.args) <= (function == "write_text")
    if isinstance(call.func, ast.Name) and call.func.id == "open":
        return "b" not in "".join(map(ast.unparse, call.args[1:2]))
    return "True" in (given.get("text"), given.get("universal_newlines"))


def test_every_text_says_its_encoding():
    """Otherwise it is cp1252 on Windows, which misreads names and can't write Greek letters."""
    found = [
        f"{name}, line {call.lineno}: {ast.unparse(call)[:80]}"
        for name in programs()
        for call, function in calls(name)
        if says_none(call, function)
    ]
    assert found == []


def test_nothing_of_the_course_forks():
    """Windows and, from Python 3.14 on, Linux start a fresh Python, and send it what it needs."""
    for name in programs():
        if not name.startswith("tests/mutation/"):  # only for Linux, as it says
            source = (ROOT / name).read_text(encoding="utf-8")
            names = {ast.unparse(node) for node in ast.walk(ast.parse(source))}
            assert not {"os.fork", "multiprocessing"} & names, name


def test_a_check_does_without_what_windows_lacks(monkeypatch, tmp_path):
    """No process groups, and no `resource`, which limits processor time."""
    (tmp_path / "resource.py").write_text("raise ImportError", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    monkeypatch.delattr(os, "killpg", raising=False)
    hasty = {"1.1": replace(EXERCISES["1.1"], seconds=1.0)}
    monkeypatch.setattr(hand_in, "EXERCISES", hasty)
    sandbox._end_spare()
    assert check("1.1", sgd_that("return Step(theta - lr * grad)")).status == "right"
    assert "of computing" in check("1.1", sgd_that("while True: pass")).text
    sandbox._end_spare()


# The default encoding is ASCII, so whatever doesn't name an encoding fails.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
COURSE = r"""
import locale, sys, warnings
from pathlib import Path

ours = r"(stepsize|tools|run|build|guide|command|__main__)\b"
warnings.filterwarnings("error", category=EncodingWarning, module=ours)
assert locale.getencoding() in ("ANSI_X3.4-1968", "US-ASCII", "646")

from stepsize import certificate, check, last_check, progress
from tests.answers import sgd_that

body = "print('\u03b8 \u2212 \u03b7 g')\nreturn Step(theta - lr * grad)  # \u03b8"
verdict = check("1.1", sgd_that(body))
assert verdict.status == "right" and "\u03b8 \u2212 \u03b7 g" in verdict.printed, verdict
assert "\u2588" in repr(progress())
page = certificate("\u0391\u03b4\u03ac\u03bc", sys.argv[1]).path
assert "\u0391\u03b4\u03ac\u03bc" in page.read_text(encoding="utf-8")
last_check(3).answer(1, "a")
"""
PROGRAMS = ["tools/build.py --check", "tools/guide.py --check", "run.py --help", "run.py no-such"]
PROGRAMS += ["-m stepsize.command --help", "-m stepsize.command no-such"]


def ascii_python(tmp_path: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    places = {"STEPSIZE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "warn_default_encoding", *args]
    return subprocess.run(command, cwd=ROOT, env=os.environ | ASCII | places, capture_output=True)


@pytest.mark.skipif(sys.platform == "win32", reason="it has a code page of its own")
def test_the_machines_own_encoding_does_not_matter(tmp_path):
    done = ascii_python(tmp_path, "-c", COURSE, str(tmp_path))
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_programs_speak_to_a_terminal_of_another_encoding(program, encoding, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = ascii_python(tmp_path, *program.split())
    said = done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in said, said
    assert not re.search(r"(stepsize|tools|run|command)\S*\.py:\d+: EncodingWarning", said), said


def test_the_workflow_says_what_the_readme_says():
    """It runs elsewhere. This checks that it is YAML, with the right Pythons and commands."""
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    matrix = jobs["readme"]["strategy"]["matrix"]
    bounds = re.search(r"^OLDEST, NEWEST = (.*?)  #", (ROOT / "run.py").read_text("utf-8"), re.M)
    oldest, newest = ast.literal_eval(bounds[1])
    assert matrix["python"] == [".".join(map(str, each)) for each in (oldest, newest)]
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    steps = [step["name"] for step in jobs["readme"]["steps"] if "name" in step]
    for command in ("python run.py", "python run.py test"):
        assert f"\n{command}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
        assert command in steps
    for used in re.findall(r"\.ci/\S+|tools/\S+\.py", text):
        assert (ROOT / used).exists()
