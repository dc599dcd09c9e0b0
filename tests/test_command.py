"""`stepsize`, the command; and what the package says if only NumPy is installed."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import stepsize
from stepsize import extras
from stepsize.command import __main__ as command
from stepsize.command import places
from stepsize.command.copies import Copies
from stepsize.extras import EXTRAS, needs, words_for

from .learners import answer, lesson, put, sources

ROOT = Path(__file__).resolve().parents[1]
OURS = {module for modules in EXTRAS.values() for module in modules}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def wheel(monkeypatch):
    """As if the package weren't in a clone."""
    monkeypatch.setattr(places, "CLONE", False)
    monkeypatch.setattr(extras, "IN_A_CLONE", False)


# --- With nothing but NumPy ---------------------------------------------------------------------

BARE = """
import importlib, pkgutil, sys

class Missing:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {ours}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing)
import stepsize
for module in pkgutil.walk_packages(stepsize.__path__, "stepsize."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            print(module.name, error)
"""
# The first only runs after a check has sent an answer, the others only if somebody passes a torch
# model, so what they need is installed.
ASKED_FOR = {f"stepsize.{name}" for name in ("checks.worker", "clinic.torch_side")}
ASKED_FOR |= {"stepsize.clinic.torch_batches"}


def test_the_package_asks_for_numpy_alone():
    assert [need.split(">")[0] for need in PROJECT["dependencies"]] == ["numpy"]


def test_a_module_works_without_the_extras_or_says_how_to_get_them():
    """Every module, including those still to be written."""
    code = BARE.format(ours=OURS)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    for module in told.keys() - ASKED_FOR:
        assert re.search(r"isn't installed\. Run: python run\.py( guide)?$", told[module]), module
    works = ("optimizers", "schedules", "loop", "clinic", "checks", "course", "command", "network")
    assert not {f"stepsize.{name}" for name in works} & told.keys()


def unguarded(tree: ast.AST) -> set[str]:
    """The modules from extras that are imported in a function without `needs`."""
    guarded, found = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.Try):
            guarded |= {id(part) for part in ast.walk(node)}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for node in [part for function in functions for part in ast.walk(function)]:
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in guarded:
            names = (
                [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            )
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found |= {name.partition(".")[0] for name in names} & OURS
    return found


# Imports in functions that only run once something else has made the module available.
THERE = {
    "clinic/page.py": {"matplotlib"},  # `plots`, in the next line, checks for it
    "command/doctor.py": {"psutil", "jupyter_client", "torch"},  # `stepsize doctor` asks first
    "learner/board.py": {"cloudpickle"},  # the check has just used it
    "notebook/without_torch.py": {"IPython"},  # in a notebook
    "optimizers/linalg.py": {"torch"},  # somebody has handed over one of its tensors
    "plots/showing.py": {"matplotlib"},  # the module needs it anyway
    "frameworks/side_by_side.py": {"torch"},  # the record stands in for it
}


def test_what_is_imported_late_says_it_too():
    src = ROOT / "src" / "stepsize"
    for path in sorted(src.rglob("*.py")):
        name = path.relative_to(src).as_posix()
        if not name.startswith(("labs/", "command/jupyter/")):  # `labs` checks for all of its files
            found = unguarded(ast.parse(path.read_text(encoding="utf-8")))
            assert found <= THERE.get(name, set()), name


def test_every_package_of_an_extra_can_be_named():
    listed = [
        need for extra in ("course", "teach") for need in PROJECT["optional-dependencies"][extra]
    ]
    names = {re.match(r"[\w-]+", need)[0].replace("torch", "PyTorch").lower() for need in listed}
    assert names <= {name.lower() for modules in EXTRAS.values() for name in modules.values()}


def test_what_is_missing_and_is_not_ours_is_left_alone():
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such'"), needs():
        import no_such  # noqa: F401
    assert words_for("no_such") == ""


def test_in_a_clone_run_py_brings_them():
    """With pip, they would get the newest release from an index, no longer what is in the clone."""
    assert extras.IN_A_CLONE and places.CLONE
    assert words_for("sklearn").endswith("it isn't installed. Run: python run.py")
    assert words_for("mistune").endswith("it isn't installed. Run: python run.py guide")
    assert extras.RUN.keys() == EXTRAS.keys()
    for words in extras.RUN.values():
        asked = [sys.executable, *words.split()[1:], "--help"]
        assert subprocess.run(asked, cwd=ROOT, capture_output=True).returncode == 0


def test_the_gigabytes_are_told_before_they_come(monkeypatch):
    monkeypatch.setattr(extras, "IN_A_CLONE", False)
    monkeypatch.setattr("stepsize.extras.find_spec", lambda name: None)
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    monkeypatch.setattr(command.sys, "platform", "linux")
    said = command.main([])
    assert 'Run: pip install "stepsize[course]"' in said
    assert "PyTorch comes with CUDA: it downloads about 2900 MB" in said
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in said
    monkeypatch.setattr(command.sys, "platform", "darwin")
    assert "CUDA" not in command.main([])
    assert '"stepsize[course,teach]"' in command.main(["present", "5"])


# --- The command --------------------------------------------------------------------------------


def test_an_unknown_command_gets_the_list_of_commands(capsys):
    assert command.main(["doktor"]) == 2
    assert "There is no command 'doktor'" in (said := capsys.readouterr().err)
    for name in filter(None, command.COMMANDS):
        assert f"\n    stepsize {name} " in said
    assert command.main(["--help"]) == 0
    assert command.main(["--version"]) == 0
    assert capsys.readouterr().out.endswith(f"\n{stepsize.__version__}\n")


def test_a_wheel_without_its_lessons_says_how_to_mend_it(wheel, capsys):
    with pytest.raises(SystemExit):
        command.main(["present", "5"])
    assert "the lessons are missing. Run: pip install --force-reinstall" in capsys.readouterr().err


def test_diagnose_is_the_clinics(tmp_path, capsys):
    (tmp_path / "run.log").write_text("\n".join(f"epoch {n} loss nan" for n in range(20)), "utf-8")
    assert command.main(["diagnose", str(tmp_path / "run.log")]) == 1
    assert "NaN" in capsys.readouterr().out


def test_the_folder_is_the_one_that_is_there(tmp_path, wheel):
    usual = tmp_path / "stepsize-course"
    assert places.chosen(None, tmp_path) == usual, "a new one"
    put(tmp_path / "my-work" / ".course.json", {})
    assert places.chosen(None, tmp_path) == tmp_path / "my-work", "a clone's, from the time before"
    put(usual / ".course.json", {})
    assert places.chosen(None, tmp_path) == usual
    assert places.chosen(None, usual) == usual, "when they stand in it"
    assert places.chosen(Path("other"), tmp_path) == tmp_path / "other"
    assert places.chosen(Path("~/other"), tmp_path) == Path.home() / "other"


def test_a_clone_has_its_own_folder(tmp_path):
    assert places.place().clone
    assert places.chosen(None, tmp_path) == ROOT / "my-work"


def test_it_opens_the_first_lesson_in_a_new_folder(tmp_path, monkeypatch, capsys, wheel):
    opened = []
    monkeypatch.setattr(command, "jupyterlab", lambda *place, **how: opened.append(place) or 0)
    monkeypatch.setattr(command, "place", lambda: places.Place(ROOT, "stepsize", ""))
    assert command.main(["--folder", str(tmp_path / "mine"), "--no-browser"]) == 0
    assert f"Your notebooks will be in a new folder: {tmp_path / 'mine'}" in capsys.readouterr().out
    python, folder, _, notebook = opened[0]
    assert (python, folder) == (Path(sys.executable), tmp_path / "mine")
    assert notebook == "00-start-here.ipynb"
    assert command.main(["--folder", str(tmp_path / "mine"), "--no-browser"]) == 0
    assert "new folder" not in capsys.readouterr().out


# --- From a clone to the wheel ------------------------------------------------------------------

NAME, GAP, ANSWER = "00-start.ipynb", "m = ...  # your turn", "m = beta * m"


@pytest.fixture
def clone(tmp_path):
    """A clone whose learner has answered."""
    course = tmp_path / "clone"
    put(course / "notebooks" / NAME, lesson("# Momentum", GAP))
    list(Copies(course, course / "my-work").hand_out())
    answer(course / "my-work" / NAME, GAP, ANSWER)
    return course


@pytest.fixture
def installed(tmp_path, wheel):
    """What a wheel of a newer version holds."""
    put(tmp_path / "site" / "notebooks" / NAME, lesson("# Momentum, explained better", GAP))
    return tmp_path / "site"


def test_the_folder_of_a_clone_goes_on_with_the_wheel(clone, installed):
    said = list(Copies(installed, clone / "my-work").hand_out())
    assert said == [f"{NAME} is up to date, with everything you wrote."]
    assert sources(clone / "my-work" / NAME) == ["# Momentum, explained better", ANSWER]


def test_so_does_one_that_was_moved_out_of_its_clone(clone, installed, tmp_path):
    folder = (clone / "my-work").rename(tmp_path / "stepsize-course")
    list(Copies(installed, folder).hand_out())
    assert sources(folder / NAME) == ["# Momentum, explained better", ANSWER]


def test_an_old_one_without_its_versions_is_looked_up_in_its_clone(clone, installed):
    git = ["git", "-c", "user.name=a", "-c", "user.email=b", "-C", str(clone)]
    for words in (["init", "-q"], ["add", "notebooks"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    given = clone / "my-work" / ".course"
    for path in given.rglob("*.ipynb"):
        path.unlink()
    list(Copies(installed, clone / "my-work").hand_out())
    assert sources(clone / "my-work" / NAME) == ["# Momentum, explained better", ANSWER]


def test_without_any_the_new_one_is_put_beside_it_and_nothing_is_lost(clone, installed, tmp_path):
    folder = (clone / "my-work").rename(tmp_path / "stepsize-course")
    for path in (folder / ".course").rglob("*.ipynb"):
        path.unlink()
    list(Copies(installed, folder).hand_out())
    assert ANSWER in sources(folder / NAME)
    assert (folder / "00-start.new.ipynb").exists()


def test_a_damaged_notebook_of_the_wheel_is_mended_by_pip(installed, tmp_path):
    (installed / "notebooks" / NAME).write_text("{", encoding="utf-8")
    with pytest.raises(
        command.Trouble, match=r'pip install --force-reinstall "stepsize\[course\]"'
    ):
        list(Copies(installed, tmp_path / "folder").hand_out())
