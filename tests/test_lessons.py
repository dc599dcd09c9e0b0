"""The notebooks: up to date, the same bytes each time, and running whether solved or not."""

import importlib
import importlib.util
import json
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from stepsize.plots import typeset

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("build", ROOT / "tools" / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

LESSONS = [pytest.param(lesson, id=lesson.stem) for lesson in build.lessons()]
TAUGHT = build.lessons()[:-1]  # the last one only asks questions
TIMED = 'print(f"batch size {size:4}: {1000 * (perf_counter() - begin):6.2f} ms per epoch")'


def test_everything_made_is_fresh():
    assert build.stale() == [], "run: python tools/build.py"


@pytest.mark.parametrize("lesson", LESSONS)
def test_same_bytes_each_time(lesson):
    assert build.text(build.read(lesson)) == build.text(build.read(lesson))
    unsolved = [build.text(build.unsolved(build.read(lesson))) for _ in range(2)]
    assert unsolved[0] == unsolved[1]


@pytest.mark.parametrize("lesson", LESSONS)
def test_learner_gets_no_answer_and_no_output(lesson):
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson.stem}.ipynb", as_version=4)
    for cell in notebook.cells:
        assert "# solution" not in cell.source
        assert "solution" not in cell.metadata.get("tags", [])
        assert not cell.get("outputs")
    answers = len(re.findall(r"  # solution$", lesson.read_text(encoding="utf-8"), re.MULTILINE))
    places = sum(cell.source.count(build.TODO) for cell in notebook.cells)
    assert places == answers


@pytest.mark.parametrize("lesson", LESSONS)
def test_opened_on_its_own_it_says_in_one_line_what_is_missing(lesson):
    """The learner's notebooks do; the solutions, and the pages made from them, don't."""
    given, solved = (
        nbformat.read(ROOT / folder / f"{lesson.stem}.ipynb", as_version=4).cells
        for folder in ("notebooks", "solutions")
    )
    assert given[0].source.splitlines().count(build.ALONE) == 1
    assert 'pip install "stepsize[course]"' in build.ALONE
    assert given[0].source.replace(f"{build.ALONE}\n\n", "", 1) == solved[0].source
    assert not any(build.ALONE in cell.source for cell in [*given[1:], *solved])


@pytest.mark.elsewhere  # the solved ones, which always run, have the same cells and more
@pytest.mark.parametrize("lesson", LESSONS)
def test_runs_from_top_to_bottom_unsolved(lesson, tmp_path, monkeypatch):
    """Run All works before anything is solved: no cell fails, and each check says "not tried"."""
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson.stem}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=2000, resources={"metadata": {"path": tmp_path}}).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "stream" or output.name != "stderr", output.text
        if cell.source.startswith("check("):
            assert "not tried" in cell.outputs[0].data["text/plain"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_solution_is_judged_right(lesson):
    """In the stored output; nbval tests that this is still so."""
    solution = nbformat.read(ROOT / "solutions" / f"{lesson.stem}.ipynb", as_version=4)
    checks = [cell for cell in solution.cells if cell.source.startswith("check(")]
    assert bool(checks) == (lesson in TAUGHT)
    for cell in checks:
        name = cell.source.split('"')[1]
        assert cell.outputs[0].data["text/plain"].startswith(f"{name} right.")


@pytest.mark.parametrize("lesson", LESSONS)
def test_below_a_picture_a_number_is_written_as_its_axes_write_theirs(lesson):
    notebook = nbformat.read(ROOT / "solutions" / f"{lesson.stem}.ipynb", as_version=4)
    shown = [output.data for cell in notebook.cells for output in cell.get("outputs", ())
             if "image/png" in output.get("data", ())]  # fmt: skip
    assert shown or lesson not in TAUGHT
    for data in shown:
        assert typeset(data["text/plain"]) == data["text/plain"]


def test_no_output_goes_uncompared_but_that_of_the_clock_and_of_what_is_here():
    """What a processor could change is printed so that it can't, not hidden from nbval."""
    uncompared, words = set(), r"(?i)nbval|raises-exception"
    for lesson in build.lessons():
        for cell in build.read(lesson).cells:
            if re.search(words, cell.source) or re.search(words, str(cell.metadata)):
                uncompared.add(
                    (lesson.stem[:2], cell.source.splitlines()[-1].strip(), *cell.metadata.tags)
                )
    assert uncompared == {
        ("00", "progress()", "nbval-ignore-output"),  # depends on what this session has run
        ("02", TIMED, "nbval-ignore-output"),
        ("12", "adagrad", "nbval-ignore-output"),  # says whether Keras and Optax are installed
        ("12", "contest = compete(my_recipe)", "nbval-ignore-output"),  # a bar that disappears
        ("15", "progress()", "nbval-ignore-output"),
    }


@pytest.mark.parametrize(
    ("solved", "given"),
    [
        ("m = beta * m  # solution", "m = ...  # your turn"),
        ("    theta = theta - lr * grad  # solution", "    theta = ...  # your turn"),
        ("    return Step(theta, dict(m=m))  # solution", "    return ...  # your turn"),
        ("    places.append(theta)  # solution", "    ...  # your turn"),
        ("    f(a=1, b = 2)  # solution", "    ...  # your turn"),
        ("    m, v = 1, 2  # solution", "    m, v = ...  # your turn"),
        ("    x[0] += 1  # solution", "    x[0] += ...  # your turn"),
        ("    m: float = 3  # solution", "    m: float = ...  # your turn"),
        ("print(1)", "print(1)"),
        ("# solution", "# solution"),
    ],
)
def test_what_a_mark_leaves(solved, given):
    assert build._blank(solved) == given


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_answer_is_in_the_cell_of_a_table_that_is_to_be_filled_in(lesson):
    """A double click on the table, to fill it, opens the source of its whole cell."""
    for cell in build.read(lesson).cells:
        empty = re.search(r"^\|(?: *[^|\n]+\|)?(?: *\|){2,} *$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and empty:
            assert "<details>" not in cell.source, empty.group()


def test_stale_notebook_is_named(tmp_path, monkeypatch):
    (tmp_path / "lessons").mkdir()
    lesson = tmp_path / "lessons" / "07-x.md"
    lesson.write_text("# Title\n\n```python\na = 1  # solution\na\n```\n", encoding="utf-8")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    learner, solved = (tmp_path / f / "07-x.ipynb" for f in ("notebooks", "solutions"))
    words = tmp_path / "notebooks" / "words.ipynb"
    record = tmp_path / build.RECORD
    record.parent.mkdir(parents=True)
    assert build.stale() == [words, learner, solved, record]
    for path in build.stale():
        build.make(path)
    assert build.stale() == []
    assert nbformat.read(solved, as_version=4).cells[1].outputs[0].data["text/plain"] == "1"

    source = "# needs PyTorch\nprint(3)"
    lesson.write_text(
        lesson.read_text(encoding="utf-8") + f"\n```python\n{source}\n```\n", encoding="utf-8"
    )
    for path in build.stale():
        build.make(path)
    assert build.stale() == [record], "what such a cell shows is known only now"
    build.make(record)
    shown = json.loads(record.read_text(encoding="utf-8"))
    assert shown == {build.without_torch.key(source): [{"text": "3\n"}]}

    lesson.write_text(
        lesson.read_text(encoding="utf-8").replace("a = 1", "a = 2"), encoding="utf-8"
    )
    assert build.stale() == [solved], "the learner's does not show the answer, so it is the same"
    lesson.rename(lesson.with_name("08-y.md"))
    assert len(build.stale()) == 4, "two to make, two to remove"


def rows_of(notebook):
    table = [line for line in notebook.cells[0].source.splitlines() if line.startswith("|")]
    return [[part.strip() for part in line.strip("|").split(" | ")] for line in table[2:]]


def test_every_lesson_says_its_words_and_none_twice():
    rows = rows_of(build.glossary())
    assert [len(row) for row in rows] == [6] * len(rows)
    words = [row[0].strip("* `").lower() for row in rows]
    assert words == sorted(set(words))
    numbers = {int(re.match(r"\[(\d+)\]", row[5]).group(1)) for row in rows}
    assert numbers == {int(lesson.name[:2]) for lesson in TAUGHT[1:]}


def test_torch_has_what_the_glossary_says():
    text = build.glossary().cells[0].source.replace("<wbr>", "")
    named = re.findall(r"<code>(torch(?:\.\w+)+)", text)
    assert len(named) > 2
    for name in named:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


def test_lessons_round_trip_through_jupytext():
    for lesson in build.lessons():
        assert jupytext.reads(lesson.read_text(encoding="utf-8"), fmt="md").cells
