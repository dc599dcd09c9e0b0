"""Show a lesson as slides in JupyterLab, with working labs: python run.py present 5

The slides are made from solutions/ and notebooks/ each time, into `teaching` in the learner's
folder; to keep slides that you have changed, give them a different name. The extension
jupyterlab-slideshow shows them. It works in JupyterLab's own page, so labs work. (jupyterlab-rise
has its own page, in which neither ipywidgets 8 nor anywidget starts: tried with 0.43.1 on
JupyterLab 4.6.)
"""

import ast
import json
import re
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from stepsize.extras import needs

from . import lab
from .files import write
from .places import place
from .trouble import Trouble

with needs():
    import nbformat
    from nbformat import NotebookNode

MARK = "  # solution"
LONGEST = 120  # words on a slide
SHOWN, BESIDE_PICTURE = 8, 4  # lines of code; longer code shows only its output
PICTURE = re.compile(r"^ *(?:plt|plots)\.show|^labs\.", re.MULTILINE)
KEYS = """## Before they come in

**Alt R** runs everything, and returns here. If nothing happens, click here and press it again.

| key | what it does |
|---|---|
| → | move on, cell by cell |
| ← | go back |
| ↓ at the last cell of a slide | **the answer**; → skips it |
| Tab | to a lab's sliders; arrows move one, **Space** moves on (from a button: first Esc) |
| Ctrl Enter | run this cell |
| Enter, Esc | type in this cell; stop typing |
| Alt S | show the code of this cell |
| F11 | fill the screen |
| Shift Esc | leave the slides, for JupyterLab's menus |
"""
LAST = """{title}

*This is the last slide. It is also what they see while everything runs.*
"""
RUN_ALL = ["run-all-cells", "extend-marked-cells-top", "deselect-all"]  # then back to the first


def _key(keys: str, *commands: str) -> dict[str, object]:
    """The key for these commands, one after the other."""
    chain = {"commands": [f"notebook:{command}" for command in commands]}
    command = "apputils:run-all-enabled"
    return {"command": command, "args": chain, "keys": [keys], "selector": ".jp-Notebook"}


OVERRIDES = {
    "jupyterlab-slideshow:plugin": {"active": True},
    "@jupyterlab/notebook-extension:tracker": {"codeCellConfig": {"lineWrap": True}},
    "@jupyterlab/shortcuts-extension:shortcuts": {
        "shortcuts": [_key("Alt R", *RUN_ALL), _key("Alt S", "show-cell-code")]
    },
}


# A lesson as slides ------------------------------------------------------------------------------


def slides(solved: NotebookNode, given: NotebookNode) -> NotebookNode:
    """The slides of a lesson: one idea each, and an answer only below its question.

    given: the learner's notebook, whose cells have the ids of those they were made from.
    """
    blanks = {cell.id: cell.source for cell in given.cells}
    cells = [_cell("markdown", KEYS, "slide")]
    answer = ""  # in the cell on the slide
    for cell in solved.cells:
        source, blank = cell.source, blanks.get(cell.id)
        if cell.cell_type == "markdown":
            cells += [_cell("markdown", *piece) for piece in _pieces(source)]
        elif blank is None:
            answer = source
        elif answer and source.startswith("check("):
            cells.append(_cell("code", source, ""))
            cells.append(_cell("code", f"{answer}\n\n{source}", "subslide"))
            answer = ""
        else:
            if answer:  # an exercise without a check
                cells.append(_cell("code", answer, "subslide"))
            answer = "" if blank == source else source.replace(MARK, "")
            cells.append(_cell("code", blank, _place(blank, cells[-1])))
    cells.append(_cell("markdown", LAST.format(title=_title(solved)), "slide"))
    for number, cell in enumerate(cells):
        cell.id = f"slide-{number:03}"
    return nbformat.v4.new_notebook(cells=cells, metadata=solved.metadata)


def _title(notebook: NotebookNode) -> str:
    """The lesson's title, as a heading."""
    return next(line for line in notebook.cells[0].source.splitlines() if line.startswith("# "))


def _cell(kind: str, source: str, slide: str) -> NotebookNode:
    """slide: "slide", "subslide", "skip", or "" to continue below the previous cell."""
    new = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
    cell = new(source)
    if slide:
        cell.metadata["slideshow"] = {"slide_type": slide}
    lines = BESIDE_PICTURE if PICTURE.search(source) else SHOWN
    if kind == "code" and slide == "slide" and source.count("\n") >= lines:
        cell.metadata["jupyter"] = {"source_hidden": True}
    return cell


def _place(source: str, before: NotebookNode) -> str:
    """Short code goes below a short text; a picture or a lab needs its own slide."""
    if _only_prepares(source):
        return "skip"
    if PICTURE.search(source):
        return "slide"
    if "**Exercise" in before.source:
        return ""
    asks = before.cell_type == "code" or re.search(r"^> \*\*", before.source, re.MULTILINE)
    long = source.count("\n") >= SHOWN or _words(before.source) > LONGEST // 2
    return "slide" if asks or long else ""


def _only_prepares(source: str) -> bool:
    """Imports and settings, which nobody has to see."""
    quiet = (ast.Import, ast.ImportFrom)
    return all(
        isinstance(line, quiet) or ast.unparse(line).startswith("plt.style.use(")
        for line in ast.parse(source).body
    )


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """A text as (markdown, kind of slide). One idea stays on one slide, as far as it fits."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\n## Words\n.*?(?=\n## |\Z)", "", "\n" + text, flags=re.DOTALL)
    together: list[str] = []
    for block in _blocks(text):
        predict = re.match(r"> \*\*(Predict|Decide)", block) is not None
        begins = block.startswith(("#", "**Exercise", "<details>"))
        alone = together and together[-1].startswith("> **")
        announced = together and _words(together[-1]) < 15  # it only leads over to this
        full = not announced and _words("\n\n".join(together)) + _words(block) > LONGEST
        only_heading = len(together) == 1 and together[0].startswith("#")
        if together and (begins or alone or ((predict or full) and not only_heading)):
            yield "\n\n".join(together), "slide"
            together = []
        if block.startswith("<details>"):
            summary, inner = re.match(  # type: ignore[union-attr]
                r"<details>\s*<summary>(.*?)</summary>(.*)</details>", block, re.DOTALL
            ).groups()
            yield f"**{summary}**\n\n{inner.strip()}", "subslide"
        else:
            together.append(block)
    if together:
        yield "\n\n".join(together), "slide"


def _words(text: str) -> int:
    """How much room a text takes; a formula or a table row counts as a line of ten words."""
    return len(text.split()) + 10 * (text.count("$$") + text.count("\n|"))


def _blocks(text: str) -> Iterator[str]:
    """The paragraphs; code, formulas and folded answers are kept whole."""
    block: list[str] = []
    for line in [*text.split("\n"), ""]:
        whole = "\n".join(block)
        within = whole.count("```") % 2 or whole.count("$$") % 2
        within = within or whole.count("<details>") > whole.count("</details>")
        if line.strip() or within:
            block.append(line)
        elif block:
            yield whole
            block = []


# JupyterLab, made ready to present ---------------------------------------------------------------


def settings(folder: Path, dark: bool = False) -> Path:
    """The learner's settings, plus the presenter's."""
    shutil.copytree(lab.SETTINGS, folder, dirs_exist_ok=True)
    style = folder / "custom" / "custom.css"
    ours = Path(__file__).with_name("presenting.css").read_text(encoding="utf-8")
    write(style, (style.read_text(encoding="utf-8") + ours).encode())
    path = folder / "settings" / "overrides.json"
    theme = {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"}
    overrides = json.loads(path.read_text(encoding="utf-8")) | OVERRIDES
    overrides["@jupyterlab/apputils-extension:themes"] = theme
    write(path, json.dumps(overrides, indent=2).encode())
    return folder


def prepare(number: int, work: Path) -> str:
    """Make the slides; return the notebook's name."""
    course = place().course
    names = {int(path.name[:2]): path.name for path in (course / "solutions").glob("[0-9]*.ipynb")}
    if number not in names:
        raise Trouble(f"There is no lesson {number}. Choose one of {sorted(names)}.")
    name = names[number]
    solved, given = (
        nbformat.read(course / folder / name, as_version=4) for folder in ("solutions", "notebooks")
    )
    work.mkdir(parents=True, exist_ok=True)
    text = nbformat.writes(slides(solved, given), version=4) + "\n"
    write(work / name, text.encode())
    return name


def main(options: Namespace, work: Path) -> int:
    """work: where the slides are made."""
    name, own = prepare(options.lesson, work), settings(work / ".settings", options.dark)
    port, python = lab.a_free_port(options.port), Path(sys.executable)
    return lab.jupyterlab(python, work, port, name, no_browser=options.no_browser, source=own)
