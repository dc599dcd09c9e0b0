"""If an answer's cell failed, no older answer is judged, and nobody is told so by mistake."""

import textwrap

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from traitlets.config import Config

from stepsize import check
from stepsize.learner.verdict import Verdict
from stepsize.notebook import cells

OLD = """
def my_sgd(theta, grad, t, *, lr):
    theta = ...  # your turn
    return Step(theta)
"""
RIGHT = OLD.replace("...  # your turn", "theta - lr * grad")
NO_COLON = RIGHT.replace("):", ")")
CHECK = 'said = check("1.1", my_sgd)'


@pytest.fixture
def shell(monkeypatch):
    """IPython itself, without a kernel; `check` only says what is known about the cells."""
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    known = cells.Cells(shell)
    shell.events.register("pre_run_cell", known.begins)
    shell.events.register("post_run_cell", known.ended)
    monkeypatch.setattr(cells, "_cells", known)
    shell.user_ns.update(Step=dict, check=lambda exercise, answer=...: cells.missed(exercise))
    return shell


def run(shell, *sources):
    """Run cells, each with its own id; return what is said at the end."""
    for number, source in enumerate(sources):
        shell.run_cell(textwrap.dedent(source), cell_id=f"cell {number}")
    return shell.user_ns["said"]


FAILED = {
    "a syntax error": (NO_COLON, "did not run: `SyntaxError: expected ':'`"),
    "an unexpected indent": (
        RIGHT.replace("    theta", "        theta"),
        "did not run: `IndentationError: unindent",
    ),
    "an indented def": ("x = 1\n  " + RIGHT.strip(), "did not run: `IndentationError: unexpected"),
    "a parenthesis left open": (
        RIGHT.replace("(theta)", "(theta"),
        "did not run: `SyntaxError: incomplete input`",
    ),
    "a syntax error below": (RIGHT + "\nplot(", "did not run: `SyntaxError: incomplete input`"),
    "an error above": ("1 / 0\n" + RIGHT, "stopped before it got there: `ZeroDivisionError: div"),
    "an import above": ("import no_such\n" + RIGHT, "got there: `ModuleNotFoundError: No module"),
    "a return above": ("return 1\n" + RIGHT, "got there: `SyntaxError: 'return' outside function`"),
    "an interrupt above": ("raise KeyboardInterrupt\n" + RIGHT, "there: `KeyboardInterrupt`"),
    "its decorator": ("\n@wrong" + RIGHT, "stopped before it got there: `NameError: name 'wrong'"),
    "a default": (RIGHT.replace("lr)", "lr=rate)"), "got there: `NameError: name 'rate'"),
    "a magic above": ("%no_such_magic\n" + RIGHT, "got there: `UsageError: Line magic"),
    "an assignment": ("my_sgd = RIGHT(", "did not run: `SyntaxError: incomplete input`"),
    "an assignment that fails": ("x, my_sgd = 1 / 0", "got there: `ZeroDivisionError"),
    "an error with a magic": (f"%time x = 1\n{NO_COLON}", "did not run: `SyntaxError"),
    "an error of words with no end": (f"raise ValueError('`' * 999)\n{RIGHT}", "ValueError: '''"),
    "await above": (f"import asyncio\nawait asyncio.sleep(0)\n1 / 0\n{RIGHT}", "ZeroDivision"),
}


@pytest.mark.parametrize(("source", "words"), FAILED.values(), ids=FAILED)
def test_a_cell_that_failed_is_named(shell, source, words):
    said = run(shell, OLD, source, CHECK)
    assert words in said
    assert said.startswith("The cell that defines `my_sgd` ") and len(said) < 300
    assert said.endswith("Until then there is only an older `my_sgd` to judge.")


def test_of_numbers_and_dicts_too(shell):
    assert "did not run" in run(shell, "rate = 0.1", "rate = 0.2)", 'said = check("1.3", rate)')
    both = '{"A": low, "B": rate}'
    assert "`rate`" in run(
        shell, "low = rate = 1", "1 / 0\nrate = 2", f"said = check('1.4', {both})"
    )
    keyword = "said = stepsize.check(exercise='1.3', answer=rate)"
    shell.user_ns["stepsize"] = type("Package", (), {"check": staticmethod(shell.user_ns["check"])})
    assert "`rate`" in run(shell, "rate: float = 1", "rate: float = 2)", keyword)


TRUE_OF_THE_NEWEST = {
    "nothing failed": (OLD, RIGHT),
    "it is mended": (OLD, NO_COLON, RIGHT),
    "the error came after it": (OLD, RIGHT + "\n1 / 0"),
    "the error came after it in one line": (OLD, RIGHT + "\nx = 1; 1 / 0; y = 2"),
    "it was defined in the line that failed": (OLD, "my_sgd = 3; 1 / 0"),
    "a naked return after it": (OLD, RIGHT + "\nreturn 1"),
    "it is only used": (OLD, "trace = descend(my_sgd, ravine, lr=)"),
    "it is only used, and fails": (OLD, "trace = my_sgd(1)"),
    "it is compared": (OLD, "my_sgd == 3)"),
    "it is spoken of": (OLD, "# def my_sgd(theta):\n'my_sgd = 1'\nx = (\n"),
    "it is a word in another's name": (OLD, NO_COLON.replace("my_sgd", "my_sgd_2")),
    "it is an argument's name": (OLD, "descend(\n    my_sgd=3,\n    lr=)"),
    "it is an attribute": (OLD, "model.my_sgd = 3)"),
    "it is a function's own": (OLD, "def other():\n    my_sgd = 1\n    return ("),
    "the older one reads the same": (RIGHT, RIGHT + "\nplot("),
    "and so below an error": (RIGHT, "1 / 0\n" + RIGHT),
    "it is imported since": (OLD, NO_COLON, "from stepsize.optimizers import sgd as my_sgd"),
    "it is assigned since": (OLD, NO_COLON, "x, (my_sgd, y) = 1, (2, 3)"),
    "it is the same number since": ("my_sgd = 2", "my_sgd = 2)", "my_sgd = 2"),
    "a loop gave it since": ("my_sgd = 2", "my_sgd = 2)", "for my_sgd in [1, 2]: pass"),
    "a loop that fails gave it since": (OLD, NO_COLON, "for i in (1, 0): my_sgd = 1 / i"),
    "a magic's cell gave it since": (OLD, NO_COLON, f"%%capture\n{RIGHT}"),
    "code in a text gave it since": (OLD, NO_COLON, f"exec({RIGHT!r})"),
    "a magic's cell failed": (OLD, f"%%time\n1 / 0\n{RIGHT}"),
    "it is in a loop that failed": (OLD, "for i in (1, 0):\n    my_sgd = 1 / i"),
    "a comprehension has its name": (OLD, "1 / 0\nx = [my_sgd for my_sgd in (1, 2)]"),
    "a hint alone": (OLD, "1 / 0\nmy_sgd: int"),
    "an error from a module with the same line": (OLD, "import json\nx = json.loads('{')"),
    "a syntax error of other code": (OLD, f"{RIGHT}\ncompile('(', 'x', 'exec')"),
}


@pytest.mark.parametrize("sources", TRUE_OF_THE_NEWEST.values(), ids=TRUE_OF_THE_NEWEST)
def test_nothing_is_claimed(shell, sources):
    assert run(shell, *sources, CHECK) == ""


def test_a_cell_that_runs_again_has_no_past(shell):
    """The learner has moved the answer to a different cell, or given up on it."""
    for source, cell in [(OLD, "a"), (NO_COLON, "b"), ("x = 1", "b"), (CHECK, "c")]:
        shell.run_cell(source, cell_id=cell)
    assert shell.user_ns["said"] == ""


def test_where_cells_have_no_ids(shell):
    for source in (OLD, NO_COLON, "x = 1", CHECK):
        shell.run_cell(source)
    assert "did not run" in shell.user_ns["said"]


def test_a_name_that_is_not_handed_over_is_not_spoken_of(shell):
    assert run(shell, OLD, NO_COLON, 'said = check("1.2", my_sgd)\ncheck("1.1", print)') != ""
    assert run(shell, OLD, NO_COLON, 'said = check("1.1", print)') == ""
    assert run(shell, OLD, NO_COLON, 'said = check("1.2", my_sgd) and check("1.1")') == ""


def test_outside_of_a_notebook_nothing_is_known():
    assert cells._cells is None
    cells.watch()
    assert cells._cells is None
    assert cells.missed("1.1") == cells.unchanged("1.1", lambda: 0, None) == ""


def test_a_defect_of_ours_stops_no_cell(shell, monkeypatch, capsys):
    monkeypatch.setattr(cells, "_not_reached", None)
    assert run(shell, OLD, "1 / 0\n" + RIGHT, CHECK) == ""
    assert "Error in callback" not in capsys.readouterr().out


def test_in_a_real_kernel(tmp_path, monkeypatch):
    """As a learner works: a gap, a typo, a mistake, and finally a right answer."""
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    uphill = RIGHT.replace("theta - lr", "theta + lr")
    steps = [
        ("from stepsize import Step, check" + OLD, None),
        ("check('1.1', my_sgd)", "1.1 not tried yet. Replace each `...`"),
        (NO_COLON, None),
        ("check('1.1', my_sgd)", "1.1 not tried yet. The cell that defines `my_sgd` did not run: "),
        (uphill, None),
        ("check('1.1', my_sgd)", "1.1 not right yet. "),
        ("check('1.1', my_sgd)", "This is the same function as at your last check."),
        (NO_COLON, None),
        ("check('1.1', my_sgd)", "did not run: `SyntaxError: expected ':'`. Fix it"),
        (RIGHT, None),
        ("check('1.1', my_sgd)", "1.1 right."),
        ("check('1.1', my_sgd)", "1.1 right."),
        (uphill, None),
        ("check('1.1', my_sgd)", "1.1 not right yet. "),
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code, _ in steps])
    NotebookClient(book, timeout=600, kernel_name="python3", allow_errors=True).execute()
    for number, (cell, (_, words)) in enumerate(zip(book.cells, steps, strict=True)):
        if words is not None:
            said = cell.outputs[0].data["text/plain"]
            assert words in said
            assert ("same function" in said) == (number == 6)


def test_the_same_function_is_said_to_be_the_same(shell):
    """Only for a notebook's own function, and only if the verdict is the same."""
    mine = eval("lambda: 0", {"__name__": "__main__"})
    wrong = Verdict("1.1", "wrong", "!")
    assert cells.unchanged("1.1", mine, wrong) == ""
    assert cells.unchanged("1.1", mine, wrong) == cells.SAME
    assert cells.unchanged("1.2", mine, wrong) == ""
    assert cells.unchanged("1.1", mine, Verdict("1.1", "wrong", "?")) == ""
    assert cells.unchanged("1.1", eval("lambda: 0", {"__name__": "__main__"}), wrong) == ""
    for answer in (3, ..., print, check):
        assert cells.unchanged("1.3", answer, wrong) == cells.unchanged("1.3", answer, wrong) == ""
