"""Without PyTorch, cells that need it show their stored output, and everything else works."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from stepsize.notebook import without_torch

from .jupyter import PATIENCE, ROOT

MISSING = "This cell needs PyTorch, which isn't installed here."
BEFORE = " This is what it showed when the course was made:"
NOTEBOOKS = [
    pytest.param(path, id=f"{path.parent.name}/{path.stem}")
    for folder in ("notebooks", "solutions")
    for path in sorted((ROOT / folder).glob("[0-9]*.ipynb"))
]

# Ways of not having PyTorch, each as the sitecustomize.py of a Python.
HIDDEN = """
import sys
from importlib.machinery import PathFinder

class WithoutTorch(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            return None
        return super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutTorch
"""
REFUSED = """
import sys

class Refuse:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("blocked", name=name)

sys.meta_path.insert(0, Refuse)
"""
BROKEN = HIDDEN.replace("return None", 'raise OSError("a DLL is missing")')


# No processes either, as in a browser, so a check judges in the notebook's own Python.
ALONE = (
    HIDDEN
    + """
import errno, subprocess

def refused(*_, **__):
    raise OSError(errno.ENOTSUP, "emscripten does not support processes.")

subprocess.Popen = refused
"""
)


def block(folder: Path, monkeypatch: pytest.MonkeyPatch, how: str = HIDDEN) -> None:
    """No Python started from here on has PyTorch, be it a kernel or a check's."""
    (folder / "sitecustomize.py").write_text(how, encoding="utf-8")
    paths = filter(None, [str(folder), os.environ.get("PYTHONPATH")])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.fixture
def blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block(tmp_path, monkeypatch)


def python(code: str) -> list[str]:
    """What a Python prints."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def execute(cells: list, folder: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": folder}}
    NotebookClient(notebook, timeout=4 * PATIENCE, resources=resources).execute()


def show(cells: list[str], folder: Path) -> list[list]:
    """The outputs of these cells, run in this order."""
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    execute(made, folder)
    return [cell.outputs for cell in made]


def seen(outputs: list) -> list:
    """What a reader sees of outputs: printed text, otherwise the data."""
    return [out.text if out.output_type == "stream" else dict(out.data) for out in outputs]


def in_words(output: nbformat.NotebookNode) -> str:
    return output.data["text/plain"]


def marked(path: Path) -> list:
    cells = nbformat.read(path, as_version=4).cells
    return [c for c in cells if c.cell_type == "code" and without_torch.is_marked(c.source)]


# The mark -----------------------------------------------------------------------------------------

FIRST = "import stepsize"
USES = "# needs PyTorch\nimport torch\n\nthree = int(torch.ones(3).sum())\nthree"


def a_marked_cell_with_text_and_a_picture() -> nbformat.NotebookNode:
    found = (cell for path in ROOT.glob("solutions/*.ipynb") for cell in marked(path))
    return next(c for c in found if {o.output_type for o in c.outputs} > {"stream"})


def test_where_torch_is_the_mark_is_a_comment(tmp_path):
    _, shown, after = show([FIRST, USES, "three + 1"], tmp_path)
    assert [in_words(shown[0]), in_words(after[0])] == ["3", "4"]
    assert shown[0].output_type == "execute_result"
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        show([FIRST, "# needs PyTorch\n1 / 0"], tmp_path)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (HIDDEN, MISSING),
        (REFUSED, MISSING),
        ("import sys; sys.modules['torch'] = None", MISSING),
        (BROKEN, MISSING.replace("isn't installed here", "can't be loaded here (`python")[:-1]),
    ],
    ids=["not installed", "refused", "None", "broken"],
)
def test_where_torch_is_not_a_cell_shows_what_it_showed(how, said, tmp_path, monkeypatch):
    block(tmp_path, monkeypatch, how)
    stored = a_marked_cell_with_text_and_a_picture()
    cells = [FIRST, stored.source, f"\n{stored.source}\n\n", USES, "'the notebook goes on'"]
    _, shown, with_space, unknown, after = show(cells, tmp_path)
    for outputs in (shown, with_space):
        assert in_words(outputs[0]).startswith(said) and in_words(outputs[0]).endswith(BEFORE)
        assert outputs[0].data["text/markdown"] == f"*{in_words(outputs[0])}*"
        assert seen(outputs[1:]) == seen(stored.outputs)
    assert in_words(unknown[0]).startswith(said) and "nothing is on record" in in_words(unknown[0])
    assert in_words(after[0]) == "'the notebook goes on'"


def test_a_plain_python_is_left_alone():
    without_torch.watch()  # no notebook, no effect, no error


# The lessons --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_a_cell_that_uses_torch_is_marked_and_an_answer_is_not(path):
    """A gap would change a marked cell, so its record couldn't be found."""
    uses = r"^\s*(import|from) (torch|stepsize\.(bridge|transformer|race\.training))\b|\btorch\.\w"
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and re.search(uses, cell.source, re.MULTILINE):
            assert without_torch.is_marked(cell.source), cell.source
    for cell in marked(path):
        assert not re.search(r"# solution|# your turn|^check\(", cell.source, re.MULTILINE)


def test_no_two_marked_cells_are_the_same():
    names = [without_torch.key(c.source) for p in ROOT.glob("solutions/*.ipynb") for c in marked(p)]
    assert len(names) == len(set(names)) > 40
    record = Path(without_torch.__file__).with_name(without_torch.RECORD)
    assert set(names) == set(json.loads(record.read_text(encoding="utf-8")))


# Solved, each lesson runs in a browser's Python, which has neither torch nor processes. Unsolved,
# those that need torch run where only that is missing. A second process judges answers in any
# lesson alike, so the solved one about the frameworks is enough.
SOLUTIONS = [path for path in NOTEBOOKS if "solutions" in path.id]
WITH_TORCH = [path for path in NOTEBOOKS if any(marked(*path.values))]
UNSOLVED = [path for path in WITH_TORCH if path not in SOLUTIONS]
[FRAMEWORKS] = [path for path in SOLUTIONS if path.id.endswith("12-in-the-frameworks")]


@pytest.mark.elsewhere
@pytest.mark.parametrize("path", SOLUTIONS)
def test_runs_from_top_to_bottom_in_a_browsers_python(path, tmp_path, monkeypatch):
    runs_from_top_to_bottom(path, tmp_path, monkeypatch, ALONE)


@pytest.mark.elsewhere
@pytest.mark.parametrize("path", [*UNSOLVED, FRAMEWORKS])
def test_runs_from_top_to_bottom_without_torch(path, tmp_path, monkeypatch):
    runs_from_top_to_bottom(path, tmp_path, monkeypatch, HIDDEN)


def runs_from_top_to_bottom(path, tmp_path, monkeypatch, how):
    block(tmp_path, monkeypatch, how)
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    record = {
        without_torch.key(cell.source): seen(cell.outputs)
        for cell in marked(ROOT / "solutions" / path.name)
    }
    cells = nbformat.read(path, as_version=4).cells
    execute(cells, tmp_path)
    for cell in cells:
        outputs = cell.get("outputs", [])
        assert not [o for o in outputs if o.output_type == "stream" and o.name == "stderr"]
        if cell.cell_type == "code" and without_torch.is_marked(cell.source):
            showed = record[without_torch.key(cell.source)]
            assert in_words(outputs[0]) == MISSING + BEFORE * bool(showed)
            assert seen(outputs[1:]) == showed
        elif cell.source.startswith("check("):
            verdict = " right." if path.parent.name == "solutions" else " not tried"
            assert in_words(outputs[0]).startswith(cell.source.split('"')[1] + verdict)


# The package --------------------------------------------------------------------------------------

BRING_TORCH = [
    "clinic.torch_batches",
    "clinic.torch_side",
    *(f"frameworks.{module}" for module in ("bridge", "stepper", "torch_optimizer")),
    "race.__main__",
    "race.block_training",
    "race.training",
    "transformer",
]
IMPORT_ALL = """
import importlib, pkgutil, stepsize
for found in pkgutil.walk_packages(stepsize.__path__, "stepsize."):
    if found.name != "stepsize.checks.worker":  # a program
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            print(found.name.removeprefix("stepsize."), error.name)
"""


def test_only_what_is_made_for_torch_imports_it(blocked):
    assert sorted(python(IMPORT_ALL)) == [f"{module} torch" for module in BRING_TORCH]


def test_what_is_said_where_torch_would_train(blocked):
    contest, live, note = python(
        "from stepsize import labs\n"
        "from stepsize.frameworks.side_by_side import side_by_side\n"
        "from stepsize.race.capstone import COURSE, compete\n"
        "print(compete(COURSE))\n"
        "print('torch' in side_by_side('adagrad').live)\n"
        "panel = labs.warmup().panel\n"
        "print(panel.note.value, panel.cell.disabled and panel.all.disabled)\n"
    )
    assert contest == "A contest trains with PyTorch, which isn't installed here."
    assert live == "False"
    assert note == "Training more needs PyTorch, which isn't installed here. True"


def test_a_check_is_without_processes_too(tmp_path, monkeypatch):
    """Otherwise, the notebooks above would be judged by a second Python."""
    block(tmp_path, monkeypatch, ALONE)
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    seen = python(
        "import os\nfrom stepsize import check\n"
        "verdict = check('0.1', lambda x, slope, lr: print(os.getpid()) or x - lr * slope)\n"
        "print(verdict.status, verdict.printed.split()[0] == str(os.getpid()))"
    )
    assert seen == ["right True"]


def test_a_check_is_without_torch_too(blocked, monkeypatch, tmp_path):
    """Otherwise, the notebooks above would be judged by a Python that has it."""
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    answer = "def step_down(x, slope, lr):\n    import torch\n    return x - lr * slope\n"
    (verdict,) = python(
        f"from stepsize import check\nns = {{}}\nexec({answer!r}, ns)\n"
        "print(repr(check('0.1', ns['step_down'])).splitlines()[0])"
    )
    assert "No module named 'torch'" in verdict
