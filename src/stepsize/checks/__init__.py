"""`check` says of an answer: not tried, right, wrong and why, or broken and where.

An exercise is one entry of a `lesson_*.py`: a reference, and the mistakes people make as functions
that run. `judging` compares what an answer does with what they do, and with what two of them do
together; `worker` does so in a Python of its own, which `sandbox` starts and stops; `store` keeps
what came out. `cells` knows whether the answer that the notebook holds is the newest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cells import watch

if TYPE_CHECKING:
    from .certificate import Certificate
    from .store import Progress
    from .verdict import Verdict

__all__ = ["certificate", "check", "progress"]

watch()


def check(exercise: str, answer: Any = ...) -> Verdict:
    """Say what is true of an answer, and keep it for `progress`.

    exercise: its name, as "1.1". answer: the learner's function, number or dict.

    Raises nothing and never hangs: the answer runs elsewhere, and computes for a few seconds at
    most.
    """
    from .desk import look_at  # on demand, as below: `import stepsize` stays quick

    return look_at(str(exercise), answer)


def progress() -> Progress:
    """A bar for each lesson: what is solved, what was tried, what is left."""
    from .store import progress as stored

    return stored()


def certificate(name: str, folder: str = ".") -> Certificate:
    """A page to print, certificate.html, that says what was solved and how much is left.

    Raises: ValueError for an empty name.
    """
    from .certificate import certificate as written

    return written(name, folder)
