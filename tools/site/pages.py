"""Gathers everything the book is made of in one folder, as Sphinx expects it."""

import json
import re
import shutil
from html import unescape
from pathlib import Path

import nbformat

from stepsize import labs
from stepsize.notebook.keyboard import with_keys

from . import mathjax, reference
from .lessons import alt_texts, lighten, page

__all__ = ["gather"]

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
LABS = Path(labs.__file__).parent
GUIDE = ("before-the-day", "plans")
INSIDE = r"https?:|#|\.\./lessons/|\.\./index\.md|a-class\.md|before-the-day\.md|plans\.md|\d\d-"
CONVENTIONS = "The same words in three libraries"
HELD = "A test checks each cell: it runs the library, or reads its header for a default."
CONTENTS = """
```{{toctree}}
:caption: {caption}
:hidden:
:titlesonly:

{entries}
```
"""


def gather(source: Path) -> None:
    """Write all pages and what they need into this folder."""
    for folder in ("lessons", "guide", "reference", "_static"):
        (source / folder).mkdir(parents=True)
    names = _lessons(source / "lessons")
    guide = _guide(source / "guide")
    for room in reference.ROOMS:
        _write(source / "reference" / f"{room}.md", reference.room(room))
    _write(source / "conventions.md", _conventions())
    shutil.copy(HERE / "predictions.md", source)
    _write(source / "index.md", _front(names, guide))
    _static(source)


def _lessons(folder: Path) -> list[str]:
    """The pages of all lessons, and the words; returns the lessons' names."""
    alts: dict[str, str] = {}
    names = []
    for solved in sorted((ROOT / "solutions").glob("*.ipynb")):
        notebook = page(solved, ROOT / "notebooks" / solved.name)
        lighten(notebook)
        alts |= alt_texts(notebook)
        nbformat.write(notebook, folder / solved.name)
        names.append(solved.stem)
    _write(folder / "words.md", _words())
    _write(folder.parent / "alts.json", json.dumps(alts))
    return names


def _words() -> str:
    """The glossary, with its code in Markdown; in the notebook it is HTML, which can wrap."""
    (cell,) = nbformat.read(ROOT / "notebooks" / "words.ipynb", as_version=4).cells
    text = re.sub("<code>(.*?)</code>", lambda code: f"`{unescape(code[1])}`", cell.source)
    return text.replace("<wbr>", "") + "\n"


def _conventions() -> str:
    """The table, without the notes for its editors."""
    table = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8").partition("\n| ")
    return f"# {CONVENTIONS}\n\n{HELD}\n\n| {table[2]}"


def _guide(folder: Path) -> list[str]:
    """The instructor's guide, and how to serve a class."""
    pages = sorted((ROOT / "lessons" / "instructor").glob("*.md"))
    own = [path for path in pages if path.stem[:2].isdecimal()]  # titled like the lessons
    for path in pages:
        text = _linked(path.read_text(encoding="utf-8"))
        _write(folder / path.name, text.replace("# ", "# Teaching ", 1) if path in own else text)
    _write(
        folder / "a-class.md",
        _linked((ROOT / "workshop" / "README.md").read_text(encoding="utf-8")),
    )
    others = [path.stem for path in pages if path not in own and path.stem not in GUIDE]
    return [f"guide/{name}" for name in (*GUIDE, "a-class", *others, *(path.stem for path in own))]


def _linked(text: str) -> str:
    """Turns links between the repository's files into links between the book's pages."""
    text = re.sub(r"\]\((?:\.\./)+(?:lessons/)?(\d\d-[\w-]+)\.md", r"](../lessons/\1.ipynb", text)
    text = text.replace("](../../workshop/README.md", "](a-class.md")
    text = re.sub(r"\]\((?:\.\./)*lessons/instructor/", "](", text)
    text = re.sub(r"\]\((?:\.\./)+README\.md(?:#[\w-]+)?\)", "](../index.md#start)", text)
    return re.sub(rf"\[([^]]+)\]\((?!{INSIDE})[^)]*\)", r"\1", text)  # no page, only its name


def _front(lessons: list[str], guide: list[str]) -> str:
    text = (HERE / "front.md").read_text(encoding="utf-8").replace("{lessons}", _table())
    contents = {
        "Lessons": [f"lessons/{name}" for name in lessons],
        "To look up": ["lessons/words", "conventions", "predictions"],
        "To teach": guide,
        "The package": [f"reference/{name}" for name in reference.ROOMS],
    }
    for caption, entries in contents.items():
        text += CONTENTS.format(caption=caption, entries="\n".join(entries))
    return text


def _table() -> str:
    """The lessons, as in the README but without the last column, because all are visible here."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Lessons\n")[2]
    rows = re.findall(r"^(\|.*\|)[^|\n]*\|$", readme.partition("\n## ")[0], re.M)
    return "\n".join(rows).replace("](notebooks/", "](lessons/")


def _static(source: Path) -> None:
    shutil.copy(HERE / "conf.py", source)
    shutil.copytree(HERE / "templates", source / "templates")
    shutil.copytree(HERE / "static", source / "_static", dirs_exist_ok=True)
    shutil.copy(LABS / "picture.css", source / "_static")
    picture = with_keys(LABS / "controls.js", LABS / "picture.js")
    wrapped = picture.replace("export default { render };", "stepsize.picture = { render };")
    _write(source / "_static" / "picture.js", f"(() => {{\n{wrapped}}})();\n")
    mathjax.copy(source / "_static" / "mathjax")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
