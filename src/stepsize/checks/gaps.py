"""What a gap is: a `...` that is still a value in the place of the learner's own code.

A `...` that is an index, as in `x[..., 0]`, isn't a gap, and neither is one in a type hint. An
error may mention an ellipsis without a gap, as does NumPy's list of what can be an index.
"""

import ast
import dis
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np

from .exercise import Broke

__all__ = ["holds", "stands_in", "stopped_at"]

# An error about how an index or an einsum is written; it mentions `...` among other symbols.
_A_SIGN = re.compile(r"\.\.\.|\bindex|\bindices\b|\beinsum\b|\beinstein\b", re.IGNORECASE)


def stands_in(answer: Any) -> bool:
    """Whether there is a gap in an answer's source, if it has one."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except (OSError, TypeError, SyntaxError):  # it has no source, or not one of its own
        return False
    return any(isinstance(node, ast.Constant) and node.value is ... for node in _values(tree))


def holds(value: Any) -> bool:
    """Whether the result is a `...`, or contains one."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.ravel().tolist()
    if isinstance(value, dict):
        value = list(value.values())
    return value is ... or (isinstance(value, list | tuple) and any(map(holds, value)))


def stopped_at(error: BaseException) -> bool:
    """Whether an answer stopped because it couldn't compute with a `...`."""
    if isinstance(error, LookupError) or _is_its_own(error):
        return False
    words = Broke(error).message
    return "ellipsis" in words.lower() and not _A_SIGN.search(words)


def _values(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a piece of code, without those where a `...` has a meaning in Python."""
    yield node
    if isinstance(node, ast.arguments):  # `def f(v=...)`
        return
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot):
        return
    if isinstance(node, ast.ClassDef) and all(map(_is_a_stub, node.body)):  # `class Own: ...`
        return
    for name, child in ast.iter_fields(node):
        if name in ("slice", "annotation", "returns"):
            continue
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, ast.AST):
                yield from _values(part)


def _is_a_stub(node: ast.stmt) -> bool:
    """A docstring, or the `...` of a body that is meant to be empty."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_its_own(error: BaseException) -> bool:
    """Whether the answer raised it on purpose, with `raise` or `assert`, in its own words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_globals.get("__name__") != "__main__":
        return False
    return dis.opname[trace.tb_frame.f_code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"
