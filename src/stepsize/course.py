"""What a learner calls in a notebook. The modules behind it are imported only when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .learner.certificate import Certificate
    from .learner.progress import Progress
    from .learner.verdict import Verdict
    from .quiz.sitting import LastCheck

__all__ = ["certificate", "check", "last_check", "progress"]


def check(exercise: str, answer: Any = ...) -> Verdict:
    """Check an answer, say what is right or wrong with it, and record the result for `progress`.

    exercise: its name, such as "1.1". answer: the learner's function, number or dict.

    Raises nothing and never hangs: the answer runs in its own process, for at most a few seconds
    of computing time.
    """
    from .checks.hand_in import verdict_on

    named = isinstance(exercise, str | float)
    return verdict_on(str(exercise) if named else "…", answer)


def last_check(seed: int = 1) -> LastCheck:
    """Thirty questions, with buttons in a notebook; elsewhere, answer with `answer` and a letter.

    seed: a whole number, at least 0. The same seed asks the same questions in the same order
    everywhere. Your first answer to each question counts, and is kept for `progress`.

    >>> last_check(seed=1).questions[0].lesson
    1
    """
    from .quiz.sitting import LastCheck

    return LastCheck(seed)


def progress() -> Progress:
    """A bar for each lesson: what is solved, what was tried, what is left."""
    from .checks.catalog import LESSONS
    from .learner.progress import progress as stored
    from .quiz import LENGTH

    return stored(LESSONS, LENGTH)


def certificate(name: str, folder: str = ".") -> Certificate:
    """A page to print, certificate.html, that says what was solved and how much is left.

    Raises: ValueError for an empty name.
    """
    from .learner.certificate import certificate as written

    return written(name, progress(), folder)
