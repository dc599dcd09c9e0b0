"""Answers, as a learner's notebook hands them in.

`learners/lesson_NN.txt` holds answers with what is right for each, under a line such as
`### 1.1 wrong: uphill + in place | what it does`. They were written without a look at what the
checks know, and are not made from it.
"""

import itertools
import linecache
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stepsize import Step

_cells = itertools.count()


def written(source: str, **known: Any) -> Callable[..., Any]:
    """The last function that a cell defines, as if the cell had been run in a notebook."""
    source = source.strip("\n")
    file = f"/cell-{next(_cells)}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    notebook = {"np": np, "Step": Step, "__name__": "__main__", **known}
    before = set(notebook)
    exec(compile(source, file, "exec"), notebook)
    return [value for name, value in notebook.items() if name not in before and callable(value)][-1]


def sgd_that(body: str) -> Callable[..., Any]:
    """An answer to 1.1 with this body."""
    lines = body.strip("\n").splitlines()
    return written("\n    ".join(["def my_sgd(theta, grad, t, *, lr):", *lines]))


class Handed(NamedTuple):
    """An answer of learners/*.txt. mistake: its name, or both; None of a right one."""

    exercise: str
    status: str
    mistake: str | None
    what: str
    source: str

    def answer(self) -> Any:
        """What its cell defines last."""
        notebook = {"np": np, "Step": Step, "__name__": "__main__"}
        before = {*notebook, "__builtins__"}
        exec(compile(self.source, f"/learners/{self.exercise}.py", "exec"), notebook)
        return [value for name, value in notebook.items() if name not in before][-1]


def handed_in() -> Iterator[Handed]:
    """All answers of learners/*.txt."""
    head = re.compile(r"(\S+) (right|wrong)(?:: (.+?))? \| (.+)")
    for file in sorted((Path(__file__).parent / "learners").glob("*.txt")):
        for block in file.read_text(encoding="utf-8").split("### ")[1:]:
            line, source = block.split("\n", 1)
            found = head.fullmatch(line)
            assert found, line
            yield Handed(*found.groups(), source)
