"""The wheel: built, installed by pip into an empty environment, checked, and opened there."""

import json
import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepsize.command.copies import Copies
from stepsize.command.programs import environment

from .jupyter import PATIENCE
from .learners import answer, sources

ROOT = Path(__file__).resolve().parents[1]
FIRST = "00-start-here.ipynb"
BIN = "Scripts" if os.name == "nt" else "bin"

pytestmark = pytest.mark.elsewhere


def run(*command: object, cwd: Path) -> str:
    """What it prints, without this course's environment, in an empty folder."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=environment(cwd), capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, as an index would have it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", folder]
    run(*build, "-t", "sdist", cwd=ROOT)
    (sources,) = folder.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    run(*pip, "-w", folder, sources, cwd=folder)
    (made,) = folder.glob("*.whl")
    return made


def new_environment(folder: Path, *what: object) -> Path:
    """Its Python, with these packages installed in the versions that the course pins."""
    run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
    python = folder / "env" / BIN / "python"
    pins = ["-c", ROOT / "constraints.txt"]
    # Without compiling, which would take as long as the rest.
    pip = [python, "-m", "pip", "install", "-q", "--no-compile"]
    run(*pip, *pins, *what, cwd=folder)
    return python


def stepsize(python: Path) -> Path:
    return python.with_name("stepsize.exe" if os.name == "nt" else "stepsize")


def test_it_contains_the_course_and_none_of_the_tests(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("notebooks", "solutions", "lessons", "lessons/instructor"):
        for path in [*(ROOT / folder).glob("*.ipynb"), *(ROOT / folder).glob("*.md")]:
            assert f"stepsize/command/course/{folder}/{path.name}" in names
    assert "stepsize/command/jupyter/settings/overrides.json" in names
    own = {"stepsize", f"{wheel.name.partition('-py')[0]}.dist-info"}
    assert {name.partition("/")[0] for name in names} == own


def test_alone_it_brings_numpy_and_says_what_it_lacks(wheel: Path, tmp_path: Path):
    python = new_environment(tmp_path, wheel)
    listed = json.loads(run(python, "-m", "pip", "list", "--format=json", cwd=tmp_path))
    assert {each["name"] for each in listed} - {"pip", "setuptools"} == {"numpy", "stepsize"}
    code = "from stepsize.optimizers import adam; print(round(adam(1.0, 40.0, 1, lr=0.1).theta, 6))"
    assert run(python, "-c", code, cwd=tmp_path) == "0.9\n"
    asked = subprocess.run([stepsize(python)], capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert asked.returncode == 1
    assert 'Run: pip install "stepsize[course]"' in asked.stderr
    assert not (tmp_path / "stepsize-course").exists()


def opened(command: list[str], cwd: Path) -> Iterator[str]:
    """What it prints; once it prints an address, its page is requested, and it is stopped."""
    env = environment(cwd)
    with subprocess.Popen(command, cwd=cwd, env=env, stdout=-1, encoding="utf-8") as process:
        assert process.stdout
        for line in process.stdout:
            yield line
            if address := re.match(r" *(http://127\S+)", line):
                page = address[1]
            if line.startswith("To stop"):
                stop_once_it_answers(page)
    assert process.returncode == 0


def stop_once_it_answers(page: str) -> None:
    for _ in range(PATIENCE):
        try:
            with urllib.request.urlopen(page, timeout=PATIENCE) as answered:
                assert "JupyterLab" in answered.read().decode()
            break
        except OSError:
            run(sys.executable, "-c", "import time; time.sleep(1)", cwd=ROOT)
    stop = urllib.request.Request(re.sub(r"/lab/tree/.*\?", "/api/shutdown?", page), method="POST")
    urllib.request.urlopen(stop, timeout=PATIENCE).close()


def test_in_an_empty_environment_the_course_is_opened_worked_on_and_resumed(
    wheel: Path, tmp_path: Path
):
    """A single test, because an environment takes long to install."""
    installed = new_environment(tmp_path, f"{wheel}[course]")
    doctor_finds_all_well(installed, tmp_path)
    opens_lesson_0_where_the_learner_stands(installed, tmp_path / "here")
    lesson_0_runs_from_top_to_bottom(installed, tmp_path / "here" / "stepsize-course")
    goes_on_with_the_folder_of_a_clone(installed, tmp_path / "before")


def doctor_finds_all_well(installed: Path, here: Path) -> None:
    said = run(stepsize(installed), "doctor", cwd=here)
    assert "a kernel starts, and a slider moves its lab" in said
    assert "TO DO" not in said


def opens_lesson_0_where_the_learner_stands(installed: Path, here: Path) -> None:
    here.mkdir()
    said = "".join(opened([str(stepsize(installed)), "--no-browser"], here))
    assert f"/lab/tree/{FIRST}" in said
    lessons = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.name for path in (here / "stepsize-course").glob("*.ipynb")} == lessons


def lesson_0_runs_from_top_to_bottom(installed: Path, folder: Path) -> None:
    execute = ["-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"]
    run(installed, *execute, folder / FIRST, cwd=folder)
    assert "not tried yet" in (folder / FIRST).read_text(encoding="utf-8")


def goes_on_with_the_folder_of_a_clone(installed: Path, here: Path) -> None:
    work = here / "my-work"
    list(Copies(ROOT, work).hand_out())
    answer(work / FIRST, "your turn", "my turn")
    before = sources(work / FIRST)
    said = "".join(opened([str(stepsize(installed)), "--no-browser"], here))
    assert "new folder" not in said
    assert sources(work / FIRST) == before
    assert not list(work.glob("*.new*.ipynb"))
