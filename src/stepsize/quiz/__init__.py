"""The last check: thirty questions over all lessons, drawn by a seed, each answer explained.

`question` is what a question is; `descending`, `scaling`, `scheduling` and `choosing` hold them;
`bank` draws; `sitting` is somebody who answers, with buttons or without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sitting import LastCheck

__all__ = ["LENGTH", "last_check"]

LENGTH = 30  # questions, whatever the seed


def last_check(seed: int = 1) -> LastCheck:
    """Thirty questions. Shown in a notebook it has buttons; elsewhere, `answer` takes a letter.

    seed: a whole number, at least 0. The same seed asks the same, in the same order, everywhere.
    The first answer to each question counts, and is kept for `progress`.

    >>> last_check(seed=1).questions[0].lesson
    1
    """
    from .sitting import LastCheck  # on demand: `import stepsize` stays quick

    return LastCheck(seed)
