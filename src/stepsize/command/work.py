"""The learner's folder: their notebooks, and in .course the versions that are kept."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from .cells import Notebook, contents, dumps, loads
from .files import digest, sweep, write
from .notes import OURS, plain, with_note

__all__ = ["Work", "is_touched", "of_version", "origin", "version_of", "was_run"]

MONTH = 30 * 24 * 3600  # seconds
LAST = 3  # how many copies from before updates are kept of each notebook
ASIDE = re.compile(r"\.damaged-\d+\.ipynb$")
DAMAGED = (
    "<b>This notebook was damaged and couldn't be opened.</b> The damaged file is kept: it is now "
    "called <code>{aside}</code>. What you see here is {instead}."
)


def version_of(data: bytes) -> str:
    """The name of a version of a notebook of the course."""
    return digest(data)[:16]


def of_version(data: bytes, notebook: Notebook) -> Notebook:
    """One of the course's notebooks as a learner gets it, marked with its version."""
    return notebook | {"metadata": notebook["metadata"] | {OURS: {"given": version_of(data)}}}


def origin(theirs: Notebook) -> str | None:
    """The version a learner's notebook was made from, if it says so."""
    mark = theirs["metadata"].get(OURS)
    return mark.get("given") if isinstance(mark, dict) else None


def is_touched(theirs: Notebook, base: Notebook) -> bool:
    """Has the learner changed it? Running, folding or saving it doesn't count."""
    return contents(plain(theirs["cells"])) != contents(base["cells"])


def was_run(notebook: Notebook) -> bool:
    """Does a cell show anything?"""
    return any(cell.get("outputs") or cell.get("execution_count") for cell in notebook["cells"])


@dataclass(frozen=True)
class Work:
    folder: Path

    @property
    def given(self) -> Path:
        """The versions of the course that the learner's notebooks were made from, whole."""
        return self.folder / ".course" / "given"

    @property
    def before(self) -> Path:
        """The learner's notebooks as they were before an update changed them."""
        return self.folder / ".course" / "before"

    def names(self) -> list[str]:
        """All notebooks except those that were set aside."""
        paths = [*self.folder.glob("*.ipynb"), *self.folder.glob("solutions/*.ipynb")]
        names = (path.relative_to(self.folder).as_posix() for path in paths)
        return sorted(name for name in names if not ASIDE.search(name))

    def read(self, name: str) -> Notebook | None:
        """None if it isn't there, or is damaged."""
        return _read(self.folder / name)

    def is_damaged(self, name: str) -> bool:
        return (self.folder / name).exists() and self.read(name) is None

    def say(self, name: str, words: str) -> None:
        """Put a note at the top of a notebook, in place of an earlier one."""
        path, notebook = self.folder / name, self.read(name)
        if notebook:
            cells = with_note(notebook["cells"], words)
            write(path, dumps(notebook | {"cells": cells}), mtime=path.stat().st_mtime)

    def set_aside(self, name: str) -> tuple[str, str]:
        """Rename a damaged notebook. JupyterLab's last checkpoint takes its place.

        Returns the new name, and what to say once there is a notebook again.
        """
        path = self.folder / name
        asides = (path.with_name(f"{path.stem}.damaged-{n}.ipynb") for n in count(1))
        aside = next(free for free in asides if not free.exists())
        path.rename(aside)
        checkpoint = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint.ipynb"
        instead = "a fresh copy"
        if _read(checkpoint):
            write(path, checkpoint.read_bytes())
            instead = "JupyterLab's last checkpoint of it"
        return aside.name, DAMAGED.format(aside=aside.name, instead=instead)

    # What is kept --------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Remove what killed writes have left behind."""
        for place in (self.folder, self.given, self.before):
            sweep(place)
            sweep(place / "solutions")

    def give(self, data: bytes) -> None:
        """Keep a version of the course."""
        write(self.given / f"{version_of(data)}.ipynb", data)

    def version(self, name: str | None) -> Notebook | None:
        return _read(self.given / f"{name}.ipynb")

    def keep(self, name: str) -> None:
        """Keep the learner's notebook as it is now, and the last few of those kept earlier."""
        path, data = self.before / name, (self.folder / name).read_bytes()
        pattern = re.compile(re.escape(path.stem) + r"\.(\d+)\.ipynb")
        found = (pattern.fullmatch(other.name) for other in path.parent.glob("*.ipynb"))
        numbers = sorted(int(match[1]) for match in found if match)
        there = [path.with_name(f"{path.stem}.{number}.ipynb") for number in numbers]
        if there and there[-1].read_bytes() == data:  # an update was interrupted
            return
        write(path.with_name(f"{path.stem}.{max(numbers, default=0) + 1}.ipynb"), data)
        for old in there[: 1 - LAST]:
            old.unlink()

    def forget(self, names: Iterable[str]) -> None:
        """Remove old versions of the course that none of the notebooks, or kept ones, came from.

        The newer ones stay: a JupyterLab that is still open may save what it opened before.
        """
        theirs = [*map(self.read, names), *map(_read, self.before.rglob("*.ipynb"))]
        needed = {origin(notebook) for notebook in theirs if notebook}
        for path in self.given.glob("*.ipynb"):
            if path.stem not in needed and time.time() - path.stat().st_mtime > MONTH:
                path.unlink()


def _read(path: Path) -> Notebook | None:
    return loads(path.read_bytes()) if path.is_file() else None
