"""Answers as a learner's notebook hands them in."""

import itertools
import linecache
from collections.abc import Callable
from typing import Any

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
