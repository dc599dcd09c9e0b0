"""What a notebook's kernel knows about its cells, so that no check judges the wrong answer.

When a cell fails before it defines an answer, an older definition of that answer is still there.
IPython reports which cell it runs, and how each one ended. If that isn't certain, nothing is
claimed; outside a notebook, nothing is known and nothing is said.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

__all__ = ["Cells", "missed", "unchanged", "watch"]

OLDER = "Fix it and run it again. Until then there is only an older `{}` to judge."
SAME = (
    "This is the same function as at your last check. If you have changed it since, run its cell "
    "first."
)


class _Missed(NamedTuple):
    """A name that a cell would have defined if it had got that far."""

    cell: str
    source: str
    sentence: str
    before: Any  # the name's value then: if it is the same now, nothing has redefined it


class Cells:
    """The cells that a shell has run since they were first watched."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.running = ""
        self.missed: dict[str, _Missed] = {}
        self.judged: dict[str, tuple[Any, Any]] = {}

    def begins(self, info: Any) -> None:
        """IPython's pre_run_cell."""
        self.running = info.raw_cell

    def ended(self, result: Any) -> None:
        """IPython's post_run_cell."""
        with suppress(Exception):  # a defect of ours must not stop a notebook
            self._note(result)

    def _note(self, result: Any) -> None:
        cell, source = result.info.cell_id, result.info.raw_cell
        self.missed = {
            name: missed for name, missed in self.missed.items() if missed.cell != (cell or ...)
        }
        error = result.error_before_exec or result.error_in_exec
        body = self._body(source)
        if body is None:
            names, how = set(_in_words(source)), "did not run"
        else:
            line = _stopped_in(result, self.shell)
            for name in _perhaps_defined(body, math.inf if line is None else line):
                self.missed.pop(name, None)
            names, how = set(_not_reached(body, line)), "stopped before it got there"
        if error is None:
            return
        for name in names & set(self.shell.user_ns):
            sentence = f"The cell that defines `{name}` {how}: `{_told(error)}`. "
            before = self.shell.user_ns[name]
            self.missed[name] = _Missed(cell, source, sentence + OLDER.format(name), before)

    def _body(self, source: str) -> list[ast.stmt] | None:
        """A cell's statements in order; None if it can't be parsed."""
        try:
            return ast.parse(self.shell.transform_cell(source)).body
        except Exception:
            return None

    def handed_over(self, exercise: str) -> Iterator[str]:
        """The names that the running cell passes to `check` for an exercise."""
        for node in (node for each in self._body(self.running) or [] for node in ast.walk(each)):
            if not isinstance(node, ast.Call) or not _is_check(node.func):
                continue
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(isinstance(x, ast.Constant) and str(x.value) == exercise for x in given):
                names = (part for each in given for part in ast.walk(each))
                yield from (part.id for part in names if isinstance(part, ast.Name))


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_cells: Cells | None = None


def watch() -> None:
    """Watch the cells of the current notebook, if there is one."""
    global _cells
    if _cells is not None or "IPython" not in sys.modules:
        return
    with suppress(Exception):
        shell = sys.modules["IPython"].get_ipython()
        if shell is not None:
            cells = Cells(shell)
            shell.events.register("pre_run_cell", cells.begins)
            shell.events.register("post_run_cell", cells.ended)
            _cells = cells


def missed(exercise: str) -> str:
    """Why the answer that was passed is an older one; empty if it is the newest."""
    if _cells is None:
        return ""
    for name in _cells.handed_over(exercise):
        known = _cells.missed.get(name)
        if known and _cells.shell.user_ns.get(name) is known.before and not _is_in(known):
            return known.sentence
    return ""


def unchanged(exercise: str, answer: Any, said: Any) -> str:
    """What to say if the same function was checked before, with the same verdict."""
    if _cells is None or not inspect.isfunction(answer) or answer.__module__ != "__main__":
        return ""
    before = _cells.judged.get(exercise, (None, None))
    _cells.judged[exercise] = answer, said
    return SAME if before[0] is answer and before[1] == said else ""


def _is_check(function: ast.expr) -> bool:
    return "check" in (getattr(function, "id", ""), getattr(function, "attr", ""))


def _in_words(source: str) -> Iterator[str]:
    """The names that an unparsable cell seems to define, at the beginning of its lines."""
    defined = r"^ {0,3}(?:async +)?(?:def|class) +(\w+)|^(\w+) *(?::[^=\n]*)?=(?!=)"
    return (one or other for one, other in re.findall(defined, source, re.MULTILINE))


def _stopped_in(result: Any, shell: Any) -> float | None:
    """The line in which an error stopped a cell; past its end if none did; None if unknown."""
    if result.error_before_exec is not None:  # found only when the statements above had run
        return getattr(result.error_before_exec, "lineno", None)
    if result.error_in_exec is None:
        return math.inf
    trace = result.error_in_exec.__traceback__
    while trace is not None and trace.tb_frame.f_globals is not shell.user_global_ns:
        trace = trace.tb_next
    return None if trace is None else trace.tb_lineno


def _perhaps_defined(body: list[ast.stmt], line: float) -> set[str]:
    """All names that the statements up to a line may have assigned."""
    nodes = [part for node in body if _first(node) <= line for part in ast.walk(node)]
    if any(isinstance(node, ast.Name) and node.id == "get_ipython" for node in nodes):
        words = (node.value for node in nodes if isinstance(node, ast.Constant))
        return {name for word in words for name in re.findall(r"\w+", str(word))}  # a magic's cell
    return {name for node in nodes for name in _names(node)}


def _names(node: ast.AST) -> list[str]:
    """The names that one node assigns."""
    if isinstance(node, _DEFINITIONS):
        return [node.name]
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, ast.alias):
        return [(node.asname or node.name).partition(".")[0]]
    return []


def _not_reached(body: list[ast.stmt], line: float | None) -> Iterator[str]:
    """The names that definitions from a line on would have assigned, if they had run."""
    if line is None:
        return
    there = [node for node in body if _first(node) <= line <= (node.end_lineno or 0)]
    for node in body:
        if _first(node) > line or [node] == there:
            if isinstance(node, _DEFINITIONS):
                yield node.name
            for part in (part for target in _targets(node) for part in ast.walk(target)):
                yield from _names(part)


def _targets(node: ast.stmt) -> list[ast.expr]:
    """Where a plain assignment puts its value; none for any other statement."""
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value else []


def _first(node: ast.stmt) -> int:
    return min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])


def _is_in(missed: _Missed) -> bool:
    """Whether the older definition reads the same as the newest, so that either will do."""
    try:
        older = "\n" + inspect.getsource(missed.before).rstrip()
    except (OSError, TypeError):  # not a function of the notebook
        return False
    _, found, rest = f"\n{missed.source}\n".partition(older)
    return bool(found) and re.match(r"\s*\n(\S|$)", rest) is not None


def _told(error: BaseException) -> str:
    """An error in one line."""
    with suppress(Exception):  # a learner may raise an error of their own making
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        words = " ".join(words.replace("`", "'").split())
        return f"{type(error).__name__}: {words[:120]}" if words else type(error).__name__
    return type(error).__name__
