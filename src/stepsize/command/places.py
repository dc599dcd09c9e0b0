"""Where the course lies: in a clone of the repository, or in the package, as a wheel brought it.

Nothing but Python is needed here.
"""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Place", "chosen", "is_learners", "place"]

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
# With pip's --target, a run.py of somebody's own can be there; no src/ is, then.
CLONE = HERE.parents[1].name == "src" and (REPOSITORY / "run.py").is_file()  # others ask place()


@dataclass(frozen=True)
class Place:
    """What differs between a clone and a wheel."""

    course: Path  # its lessons/, notebooks/ and solutions/
    command: str  # what opens it in a shell
    mend: str  # what helps where a package of it is broken, as a sentence
    clone: bool = False  # else a wheel


def place() -> Place:
    """This one: a clone's, or the wheel's."""
    if CLONE:
        mend = "Delete the folder .venv and run: python run.py"
        return Place(REPOSITORY, "python run.py", mend, clone=True)
    mend = 'Run: pip install --force-reinstall "stepsize[course]"'
    return Place(HERE / "course", "stepsize", mend)


def chosen(named: Path | None, here: Path) -> Path:
    """The learner's folder. named: by them, if they did; here: where they are in the shell.

    A clone has its own. Else it is the one they stand in or before, so that nobody who comes back
    is given a second one.
    """
    if named is not None:
        return here / named.expanduser()
    if CLONE:
        return REPOSITORY / "my-work"
    usual = here / "stepsize-course"
    return next(filter(is_learners, (here, usual, here / "my-work")), usual)


def is_learners(folder: Path) -> bool:
    """Has the course been handed out into it?"""
    return (folder / ".course.json").is_file()
