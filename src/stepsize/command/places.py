"""Where the course is: in a clone of the repository, or in the package, installed from a wheel.

It needs nothing but Python.
"""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Place", "chosen", "is_learners", "place"]

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
# With pip's --target, somebody's own run.py can be there, but then there is no src/.
CLONE = HERE.parents[1].name == "src" and (REPOSITORY / "run.py").is_file()  # others call place()


@dataclass(frozen=True)
class Place:
    """Whatever differs between a clone and a wheel."""

    course: Path  # its lessons/, notebooks/ and solutions/
    command: str  # what opens it in a shell
    mend: str  # what to do if one of its packages is broken, as a sentence
    clone: bool = False  # otherwise, a wheel


def place() -> Place:
    """The place this runs from: a clone, or a wheel."""
    if CLONE:
        mend = "Delete the folder .venv and run: python run.py"
        return Place(REPOSITORY, "python run.py", mend, clone=True)
    mend = 'Run: pip install --force-reinstall "stepsize[course]"'
    return Place(HERE / "course", "stepsize", mend)


def chosen(named: Path | None, here: Path) -> Path:
    """The learner's folder. named: the one they named, if any; here: the shell's current folder.

    A clone has its own. Otherwise it is the current folder or one inside it, so that nobody who
    comes back gets a second one.
    """
    if named is not None:
        return here / named.expanduser()
    if CLONE:
        return REPOSITORY / "my-work"
    usual = here / "stepsize-course"
    return next(filter(is_learners, (here, usual, here / "my-work")), usual)


def is_learners(folder: Path) -> bool:
    """Has the course been handed out to this folder?"""
    return (folder / ".course.json").is_file()
