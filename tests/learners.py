"""What a learner and their JupyterLab do to a notebook. For the tests of updates."""

import json
import os
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]

PYTHON = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "name": "python",
    "version": "3.12.1",
    "file_extension": ".py",
    "nbconvert_exporter": "x",
}


def lesson(*texts: str, prefix: str = "cell") -> Notebook:
    """A notebook of the course; a source that begins with # is text. The ids number the cells."""
    cells = []
    for n, source in enumerate(texts):
        shared = dict(id=f"{prefix}-{n}", metadata={}, source=source)
        code = dict(cell_type="code", execution_count=None, outputs=[])
        cells.append(shared | (dict(cell_type="markdown") if source.startswith("#") else code))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = dict(kernelspec=kernel, language_info={"name": "python"})
    return dict(cells=cells, metadata=metadata, nbformat=4, nbformat_minor=5)


def put(path: Path, notebook: Notebook) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def read(path: Path) -> Notebook:
    return json.loads(path.read_text(encoding="utf-8"))


def sources(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in read(path)["cells"]]


def save(path: Path, notebook: Notebook | None = None) -> None:
    """Save as JupyterLab does, with its own metadata, even if the notebook was only opened."""
    notebook = notebook or read(path)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["metadata"] = cell["metadata"] | {"trusted": True}
    notebook["metadata"] |= dict(kernelspec=PYTHON, language_info=LANGUAGE)
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def run(path: Path) -> None:
    """Run all its cells."""
    notebook = read(path)
    codes = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    for n, cell in enumerate(codes, start=1):
        shown = dict(
            output_type="stream", name="stdout", text=[f"shown by {''.join(cell['source'])}"]
        )
        cell |= dict(execution_count=n, outputs=[shown])
    save(path, notebook)


def answer(path: Path, old: str, new: str) -> None:
    """Replace that with this, and save."""
    notebook = read(path)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace(old, new)
    assert any(new in cell["source"] for cell in notebook["cells"])
    save(path, notebook)


def add(path: Path, place: int, source: str) -> None:
    """Add a cell, with an id like those that JupyterLab draws."""
    notebook = read(path)
    cell = dict(cell_type="markdown", id=os.urandom(16).hex(), metadata={}, source=source)
    notebook["cells"].insert(place, cell)
    save(path, notebook)
