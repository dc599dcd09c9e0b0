"""Make notebooks/ and solutions/ from lessons/, and the glossary from all their words.

What the cells that need PyTorch show in solutions/ goes into the package, for those without it.

    python tools/build.py            make what is stale; --all makes everything
    python tools/build.py --check    name what is stale, change nothing, exit 1
    python tools/build.py --ids-from COMMIT    first give all cells the ids that they had there

A lesson is the solved text. What a learner opens lacks the right side of every line that ends in
`# solution`, every cell tagged `solution`, and all outputs; its first cell says what is missing
if it is opened on its own. A solution is the whole lesson, executed. The same lesson gives the
same bytes each time.

A cell keeps its id when others come, go or move, when it is edited, and when the lesson is
renamed, because updates find the cells of a learner's notebook by their ids. The solution made
before is the record of them, because it has every cell of the lesson; only a new cell gets a new
id.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

from stepsize.command.cells import fresh_id, loads, matched, share
from stepsize.command.files import write
from stepsize.notebook import without_torch

ROOT = Path(__file__).resolve().parents[1]

RENAMED = 0.5  # a solution with this share of a new lesson's cells was that lesson's
MARK = "  # solution"
TODO = "...  # your turn"
WIDGET = "application/vnd.jupyter.widget-view+json"
GLOSSARY = "words.ipynb"
RECORD = f"src/stepsize/notebook/{without_torch.RECORD}"
WORDS = "| word | what it is | PyTorch | Keras 3 | Optax | lesson |"
FOUND = "The words of all lessons, with what three libraries call them."
MADE = "<!-- Made from"
ALONE = (
    "*Opened on its own, in Colab, Kaggle or VS Code? Then the package `stepsize` is missing: run "
    '`%pip install "stepsize[course]"` in a new cell first.*'
)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def lessons() -> list[Path]:
    return sorted((ROOT / "lessons").glob("[0-9][0-9]-*.md"))


def read(lesson: Path) -> NotebookNode:
    """The solved notebook of a lesson, not executed."""
    cells = jupytext.read(lesson, fmt="md").cells
    cells[0].source += f"\n\n{MADE} lessons/{lesson.name} by tools/build.py: edit that. -->"
    set_ids(cells, made_before(cells, lesson, ROOT / "solutions"))
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def set_ids(cells: list[NotebookNode], before: list[NotebookNode]) -> None:
    """Existing cells keep their ids; a new one gets an id made from its text."""
    pairs = matched(before, cells)
    taken = {cell.id for cell in before}
    for number, cell in enumerate(cells):
        new = number not in pairs
        cell.id = fresh_id(cell, taken) if new else before[pairs[number]].id
        taken.add(cell.id)


def made_before(cells: list[NotebookNode], lesson: Path, solutions: Path) -> list[NotebookNode]:
    """The cells of this lesson's solution, or of the one from before the lesson was renamed."""
    path = solutions / f"{lesson.stem}.ipynb"
    if path.exists():
        return _stored(path).cells
    there = {lesson.stem for lesson in lessons()}
    lost = [_stored(old).cells for old in solutions.glob("*.ipynb") if old.stem not in there]
    likely = [old for old in lost if share(cells, old) >= RENAMED]
    return max(likely, key=lambda old: share(cells, old), default=[])


def _stored(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except ValueError:  # usually because of the marks of a merge conflict
        run = "python tools/build.py --ids-from COMMIT, with one in which it could be read"
        raise SystemExit(f"{path} can't be read, and it has the cells' ids. Run: {run}") from None


def ids_from(commit: str) -> None:
    """Give the cells of the solutions the ids that they had in this commit."""
    with TemporaryDirectory() as folder:
        for name in _git("ls-tree", "--name-only", commit, "solutions/").decode().split():
            (Path(folder) / Path(name).name).write_bytes(_git("show", f"{commit}:{name}"))
        for lesson in lessons():
            path = ROOT / "solutions" / f"{lesson.stem}.ipynb"
            then = Path(folder) / path.name
            if not path.exists() or loads(path.read_bytes()) is None:
                if then.exists():
                    write(path, then.read_bytes())
                continue
            notebook = _stored(path)
            set_ids(notebook.cells, made_before(notebook.cells, lesson, Path(folder)))
            write(path, text(notebook).encode())


def _git(*command: str) -> bytes:
    return subprocess.run(["git", *command], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout


def unsolved(notebook: NotebookNode) -> NotebookNode:
    """What the learner gets: the cells for the answers, without the answers."""
    cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
    cells[0].source = cells[0].source.replace(MADE, f"{ALONE}\n\n{MADE}")
    for cell in cells:
        if cell.cell_type == "code":
            cell.source = "\n".join(_blank(line) for line in cell.source.split("\n"))
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def _blank(line: str) -> str:
    """`m = beta * m  # solution` -> `m = ...  # your turn`; `return` stays, an expression goes."""
    if not line.endswith(MARK):
        return line
    left = re.match(r"(\s*(?:return\s|[\w.,\s*\[\]:]+?\s[-+*/@]?=\s)?)", line)
    assert left is not None  # the pattern matches the empty string
    return left.group() + TODO


def executed(notebook: NotebookNode) -> NotebookNode:
    """Run all cells; keep the output that is the same in each run and, for a lab, the picture."""
    with TemporaryDirectory() as home:  # for somebody who has solved nothing yet
        os.environ["STEPSIZE_HOME"] = home
        kept = dict(record_timing=False, store_widget_state=False, coalesce_streams=True)
        plain = Config(KernelManager={"transport_encryption": "auto"})  # or it prints a warning
        NotebookClient(notebook, timeout=2000, config=plain, **kept).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                output for output in cell.outputs if WIDGET not in output.get("data", {})
            ]
    notebook.metadata = METADATA
    return notebook


def text(notebook: NotebookNode) -> str:
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"


def glossary() -> NotebookNode:
    """The rows of the word tables at the ends of the lessons, from a to z, as one table."""
    rows = []
    for lesson in lessons():
        _, _, words = lesson.read_text(encoding="utf-8").partition("\n## Words\n")
        table = [line for line in words.partition("\n## ")[0].splitlines() if line[:1] == "|"]
        number = int(lesson.name[:2])
        rows += [f"| {row.strip('| ')} | [{number}]({lesson.stem}.ipynb) |" for row in table[2:]]
    rows.sort(key=lambda row: row.strip("|* `").lower().split(" | ")[0])
    table = "\n".join([WORDS, "|---|---|---|---|---|---|", *rows])
    table = re.sub("`([^`]+)`", _breakable, table)
    cell = nbformat.v4.new_markdown_cell(f"# Words\n\n{FOUND}\n\n{table}", id="words")
    return nbformat.v4.new_notebook(cells=[cell], metadata=METADATA)


def record() -> str:
    """What the cells that need PyTorch show in solutions/, one line per cell."""
    shown: dict[str, list[dict]] = {}
    for path in sorted(ROOT.glob("solutions/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and without_torch.is_marked(cell.source):
                shown[without_torch.key(cell.source)] = [_shown(output) for output in cell.outputs]
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(shown[key])}" for key in sorted(shown))
    return f"{{\n{lines}\n}}\n"


def _shown(output: NotebookNode) -> dict:
    """The visible part of an output."""
    return {"text": output.text} if output.output_type == "stream" else {"data": output.data}


def _breakable(code: re.Match[str]) -> str:
    """Code that can wrap at its dots and the like, so that six columns fit."""
    text = escape(code[1], quote=False).replace("*", "&#42;")
    text = re.sub(r"[._](?=[A-Za-z])|[(=]", r"\g<0><wbr>", text)
    return f"<code>{text}</code>"


def is_stale(path: Path, lesson: Path) -> bool:
    """Whether it is stale. Notebooks are compared in full, solutions only by their cells."""
    if not path.exists():
        return True
    if path.parent.name == "notebooks":
        return path.read_text(encoding="utf-8") != text(learners(path))
    solution = _stored(path)
    run = all(cell.execution_count for cell in solution.cells if cell.cell_type == "code")
    return not run or _cells(solution) != _cells(read(lesson))


def _cells(notebook: NotebookNode) -> list[tuple]:
    return [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]


def learners(path: Path) -> NotebookNode:
    """The file of this name in notebooks/."""
    return glossary() if path.name == GLOSSARY else unsolved(read(made()[path]))


def made() -> dict[Path, Path]:
    """Every generated file, and what it is made from."""
    return {ROOT / "notebooks" / GLOSSARY: ROOT / "lessons"} | {
        ROOT / folder / f"{lesson.stem}.ipynb": lesson
        for folder in ("notebooks", "solutions")
        for lesson in lessons()
    }


def stale() -> list[Path]:
    """The files that have to be made, and those left over from a lesson that is gone."""
    present = {*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("solutions/*.ipynb")}
    wrong = [path for path, lesson in made().items() if is_stale(path, lesson)]
    return wrong + sorted(present - set(made())) + stale_record()


def stale_record() -> list[Path]:
    path = ROOT / RECORD
    fresh = path.exists() and path.read_text(encoding="utf-8") == record()
    return [] if fresh else [path]


def make(path: Path) -> None:
    if path == ROOT / RECORD:
        path.write_bytes(record().encode())
        return
    lesson = made().get(path)
    if lesson is None:
        path.unlink()
        return
    notebook = learners(path) if path.parent.name == "notebooks" else executed(read(lesson))
    write(path, text(notebook).encode())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="name what is stale, change nothing")
    how.add_argument("--all", action="store_true", help="make everything, stale or not")
    ids = "first give all cells the ids that they had there: for after a merge"
    how.add_argument("--ids-from", metavar="COMMIT", help=ids)
    options = parser.parse_args()
    if options.ids_from:
        ids_from(options.ids_from)
    if options.check:
        wrong = stale()
        for path in wrong:
            print("stale:", path.relative_to(ROOT).as_posix())
        return int(bool(wrong))
    if why := without_torch.missing():
        sys.exit(f"The solutions are run with PyTorch, which {why}.")
    for path in [*made()] if options.all else stale():
        _make_and_say(path)
    for path in stale_record():  # by what was made just now
        _make_and_say(path)
    return 0


def _make_and_say(path: Path) -> None:
    print("making", path.relative_to(ROOT).as_posix(), flush=True)
    make(path)


if __name__ == "__main__":
    sys.exit(main())
