"""What all three writers need: the recipe's numbers, checked, and how they are written."""

import inspect
import re
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from ..recipe import Recipe

__all__ = [
    "SMALL",
    "call",
    "constant_rate",
    "cycles",
    "indented",
    "numbers",
    "product",
    "refuse",
    "script",
    "text",
]

# If eps is below this, where it goes isn't worth a class of our own: see `conventions`.
SMALL = 1e-7
WIDTH = 92
PYTHONS_OWN = (
    "import copy",
    "import csv",
    "import itertools",
    "import math",
    "from fnmatch import fnmatchcase",
)


def numbers(recipe: Recipe) -> dict[str, Any]:
    """All hyper-parameters of the recipe's rule, with the rule's defaults for missing ones.

    Raises: ValueError for a memory, which a script can't set.
    """
    parameters = inspect.signature(recipe.rule).parameters.values()
    takes = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    if recipe.optimizer == "adagrad":
        takes["total"] = 0.0  # the only memory whose start the libraries let you choose
    for name in recipe.hyper:
        if name not in takes:
            raise ValueError(f"{recipe.optimizer} has no {name!r}; it has {', '.join(takes)}")
    given = {
        n: float(v) if type(v) is int and type(takes[n]) is not int else v
        for n, v in recipe.hyper.items()
    }
    return takes | given


def constant_rate(recipe: Recipe) -> bool:
    """Whether every update has the same rate."""
    rates = recipe.lr(np.arange(recipe.steps))
    return bool((rates == rates[0]).all()) and not recipe.hyper.get("lr_decay")


def cycles(recipe: Recipe) -> list[int]:
    """For `cosine_restarts`: where the second, third, ... decay begins, to the end of the run."""
    shape, begins = recipe.shape, [0]
    length = shape["steps"]
    while begins[-1] + length < recipe.steps - recipe.warmup:
        begins.append(begins[-1] + length)
        length *= shape.get("growth", 1)
    return begins[1:]


def refuse(library: str, what: str, nearest: str) -> ValueError:
    """The error for a recipe that a library can't follow, with the nearest one that it can."""
    return ValueError(f"{library} {what} The nearest is {nearest}.")


def text(value: Any) -> str:
    """Numbers as you would write them: 0.1, 3, True, (0.9, 0.999), [30, 60]; a string is code."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(text, value))})"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    return str(int(value)) if isinstance(value, (int, np.integer)) else repr(float(value))


def product(a: float, b: float) -> float:
    """The product without visible rounding errors: 3e-05, not 2.9999999999999997e-05."""
    return float(f"{a * b:.15g}")


def call(function: str, *arguments: Any, **named: Any) -> str:
    """A call, on one line if it fits, otherwise one argument per line; a None is left out."""
    parts = [text(argument) for argument in arguments if argument is not None]
    parts += [f"{name}={text(value)}" for name, value in named.items() if value is not None]
    line = f"{function}({', '.join(parts)})"
    if len(line) + len("optimizer = ") <= WIDTH and "\n" not in line:
        return line
    inner = "".join(f"    {part},\n".replace("\n", "\n    ").rstrip(" ") for part in parts)
    return f"{function}(\n{inner})"


def script(yours: str, imports: Mapping[str, bool], *blocks: str) -> str:
    """The parts, formatted like ruff does. imports: line -> is it needed? Python's come first."""
    needed = [line for line, wanted in imports.items() if wanted]
    own = [line for line in PYTHONS_OWN if line in needed]
    others = [line for line in needed if line not in own]
    parts = ["\n".join(own), "\n".join(others), *(block.strip("\n") for block in blocks)]
    parts = [part for part in parts if part]
    whole = [f"# Yours: {yours}\n{parts[0]}"]
    for before, part in pairwise(parts):
        defines = re.match("class |def |@", part) or before.splitlines()[-1].startswith("    ")
        whole.append(("\n\n\n" if defines else "\n\n") + part)
    return "".join(whole)


def indented(lines: list[str], by: int) -> str:
    """The lines as an indented block, each with its newline; an empty one stays empty."""
    return textwrap.indent("".join(f"{line}\n" for line in lines), by * " ")
