"""Make notebooks/ and solutions/ from lessons/, and the glossary from the words of all of them.

    python tools/build.py            make all that is stale; --all makes everything
    python tools/build.py --check    name what is stale, change nothing, exit 1

A lesson is the solved text. What a learner opens lacks the right side of every line that ends in
`# solution`, every cell tagged `solution`, and all outputs. A solution is the whole lesson,
executed. The same lesson gives the same bytes each time.
"""

import argparse
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
MARK = "  # solution"
TODO = "...  # your turn"
WIDGET = "application/vnd.jupyter.widget-view+json"
GLOSSARY = "words.ipynb"
WORDS = "| word | what it is | PyTorch | Keras 3 | Optax | lesson |"
FOUND = "The words of all lessons, with what three libraries call them."
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def lessons() -> list[Path]:
    return sorted((ROOT / "lessons").glob("[0-9][0-9]-*.md"))


def read(lesson: Path) -> NotebookNode:
    """The solved notebook of a lesson, not executed; its cell ids are numbers, not chance."""
    notebook = jupytext.read(lesson, fmt="md")
    cells = notebook.cells
    for number, cell in enumerate(cells):
        cell.id = f"{lesson.stem[:40]}-{number:03}"
    cells[0].source += f"\n\n<!-- Made from lessons/{lesson.name} by tools/build.py: edit that. -->"
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def unsolved(notebook: NotebookNode) -> NotebookNode:
    """What the learner gets: the places of the answers, without the answers."""
    cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
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
    """Run all cells; keep what is the same at each run, and of a lab the picture."""
    with TemporaryDirectory() as home:  # somebody who has solved nothing yet
        os.environ["STEPSIZE_HOME"] = home
        kept = dict(record_timing=False, store_widget_state=False, coalesce_streams=True)
        plain = Config(KernelManager={"transport_encryption": "auto"})  # else it prints a warning
        NotebookClient(notebook, timeout=900, config=plain, **kept).execute()
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
    """The rows of the tables of words at the lessons' ends, from a to z, as one table."""
    rows = []
    for lesson in lessons():
        _, _, words = lesson.read_text(encoding="utf-8").partition("\n## Words\n")
        table = [line for line in words.partition("\n## ")[0].splitlines() if line[:1] == "|"]
        number = int(lesson.name[:2])
        rows += [f"| {row.strip('| ')} | [{number}]({lesson.stem}.ipynb) |" for row in table[2:]]
    rows.sort(key=lambda row: row.strip("|* `").lower().split(" | ")[0])
    table = "\n".join([WORDS, "|---|---|---|---|---|---|", *rows])
    cell = nbformat.v4.new_markdown_cell(f"# Words\n\n{FOUND}\n\n{table}", id="words")
    return nbformat.v4.new_notebook(cells=[cell], metadata=METADATA)


def is_stale(path: Path, lesson: Path) -> bool:
    """Notebooks are compared whole; solutions by their cells, as nbval compares their outputs."""
    if not path.exists():
        return True
    if path.parent.name == "notebooks":
        return path.read_text(encoding="utf-8") != text(learners(path))
    solution = nbformat.read(path, as_version=4)
    run = all(cell.execution_count for cell in solution.cells if cell.cell_type == "code")
    return not run or _cells(solution) != _cells(read(lesson))


def _cells(notebook: NotebookNode) -> list[tuple]:
    return [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]


def learners(path: Path) -> NotebookNode:
    """What lies in notebooks/ under this name."""
    return glossary() if path.name == GLOSSARY else unsolved(read(made()[path]))


def made() -> dict[Path, Path]:
    """Every file that is made, and what it is made from."""
    return {ROOT / "notebooks" / GLOSSARY: ROOT / "lessons"} | {
        ROOT / folder / f"{lesson.stem}.ipynb": lesson
        for folder in ("notebooks", "solutions")
        for lesson in lessons()
    }


def stale() -> list[Path]:
    """What has to be made, and what is left from a lesson that is no more."""
    present = {*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("solutions/*.ipynb")}
    wrong = [path for path, lesson in made().items() if is_stale(path, lesson)]
    return wrong + sorted(present - set(made()))


def make(path: Path) -> None:
    lesson = made().get(path)
    if lesson is None:
        path.unlink()
        return
    notebook = learners(path) if path.parent.name == "notebooks" else executed(read(lesson))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text(notebook).encode())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="name what is stale, change nothing")
    parser.add_argument("--all", action="store_true", help="make everything, stale or not")
    options = parser.parse_args()
    todo = [*made()] if options.all else stale()
    for path in todo:
        print(
            "stale:" if options.check else "making", path.relative_to(ROOT).as_posix(), flush=True
        )
        if not options.check:
            make(path)
    return int(options.check and bool(todo))


if __name__ == "__main__":
    sys.exit(main())
