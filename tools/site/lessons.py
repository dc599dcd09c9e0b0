"""A page for each lesson: the solved notebook as it is stored, its solutions folded away.

Nothing is run. What the learner gets comes first, with the solution folded below it; the two
are matched by the ids of their cells, which notebooks/ and solutions/ share.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from . import assets, questions
from .labs import placed

__all__ = ["alt_texts", "lighten", "page"]

SOLUTION = "Show a solution", "Hide the solution"
VERDICT = "Show what the check says", "Hide what the check says"
FIGURE = "The figure that this cell draws."
ROW = re.compile(r"\S {2,}\S.* {2,}\S")  # of a printed table


def page(solved: Path, unsolved: Path) -> NotebookNode:
    """The notebook that Sphinx turns into a page."""
    given = {cell.id: cell for cell in nbformat.read(unsolved, as_version=4).cells}
    notebook = nbformat.read(solved, as_version=4)
    notebook.cells = [made for cell in notebook.cells for made in _cells(cell, given.get(cell.id))]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = questions.asked(cell.source, lesson=solved.stem[:2])
        elif not any(ROW.search(_printed(output)) for output in cell.outputs):
            _tag(cell, "sentences")  # they wrap, where a table scrolls
    return notebook


def _printed(output: NotebookNode) -> str:
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def lighten(notebook: NotebookNode) -> None:
    """Its pictures, with a small palette, which takes a third of the bytes."""
    for data in _pictures(notebook):
        few = assets.png(a2b_base64(data["image/png"]))
        data["image/png"] = b2a_base64(few, newline=False).decode()


def _pictures(notebook: NotebookNode) -> list[NotebookNode]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data for output in outputs if "image/png" in output.get("data", {})]


def _cells(cell: NotebookNode, given: NotebookNode | None) -> Iterator[NotebookNode]:
    """What the page shows for a cell of the solution."""
    if cell.cell_type == "markdown":
        yield cell
        return
    if given is None:
        yield _folded(cell, "hide-cell", SOLUTION)
    elif given.source != cell.source:
        given.id = f"{cell.id}-given"
        yield given
        yield _folded(cell, "hide-cell", SOLUTION)
    elif cell.source.startswith("check("):
        yield _folded(cell, "hide-output", VERDICT)
    else:
        yield cell
    yield from placed(cell)


def _folded(cell: NotebookNode, tag: str, prompts: tuple[str, str]) -> NotebookNode:
    _tag(cell, tag)
    cell.metadata.mystnb = dict(zip(("code_prompt_show", "code_prompt_hide"), prompts, strict=True))
    return cell


def _tag(cell: NotebookNode, tag: str) -> None:
    """myst-nb makes a class of it."""
    cell.metadata.tags = [*cell.metadata.get("tags", []), tag]


def alt_texts(notebook: NotebookNode) -> dict[str, str]:
    """Each picture's text, by the digest that myst-nb uses as the file's name."""
    data = _pictures(notebook)
    return {sha256(a2b_base64(each["image/png"])).hexdigest(): _said(each) for each in data}


def _said(data: NotebookNode) -> str:
    text = data.get("text/plain", "")
    return FIGURE if not text or text.startswith("<Figure") else text
