"""Where a paste ends: what may have stood below its last line can't be called missing."""

import ast
import re

from .program import Event, Program, last_word
from .roles import Roles

__all__ = ["elsewhere", "ends_at", "ends_in", "unfinished", "unstepped"]

BEGUN = re.compile(r"best|loss|total|correct|val|test|acc|loader", re.IGNORECASE)


def ends_at(e: Event, program: Program) -> bool:
    """Whether this is in the last statement of the text."""
    return e.value.lineno >= _last_line(program)


def ends_in(loop: ast.AST | None, program: Program) -> bool:
    """Whether nothing in the text comes after this loop."""
    return getattr(loop, "end_lineno", None) == _end(program)


def elsewhere(e: Event, program: Program) -> bool:
    """Whether what belongs after this event may have been cut off, or is only hinted at by `...`"""
    dots = [n for n in ast.walk(e.loop) if _is_dots(n)] if e.loop is not None else []
    return bool(dots) or (ends_at(e, program) and unfinished(program))


def unfinished(program: Program) -> bool:
    """Whether the text begins something that it doesn't go on with: a sum that nothing reads."""
    tree = program.tree
    if any(_is_dots(n) for n in _tail(tree)):
        return True
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_read(n)}
    begun = [
        n.targets[0].id
        for n in ast.walk(tree)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and _begins(n.value)
    ]
    return any(BEGUN.search(name) and name not in read for name in begun)


def unstepped(program: Program) -> bool:
    """Whether a schedule or a loss scale, too, waits for a step that isn't in the text."""
    roles = Roles(program)
    scalers = {e.owner for e in program.events if e.name == "=" and _scales(e.value)}
    waiting = scalers | roles.scheduler_names
    return bool(waiting) and not any(e.name == "step" and e.owner in waiting for e in program.events)


def _scales(node: ast.expr) -> bool:
    return last_word(node) == "GradScaler"


def _begins(node: ast.expr) -> bool:
    """Whether this is what a sum, a list or a best value begins with; or a loader."""
    if isinstance(node, ast.Constant):
        return node.value in (0, 0.0, None) and node.value is not False
    if isinstance(node, ast.List | ast.Dict):
        return not ast.unparse(node).strip("[]{}")
    return "inf" in ast.unparse(node).lower() or last_word(node) == "DataLoader"


def _is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _is_dots(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and (
        node.value.value is ...
    )  # fmt: skip


def _tail(tree: ast.Module) -> list[ast.stmt]:
    """The last statement of the text, and the last one in it, and so on."""
    found: list[ast.stmt] = []
    body = tree.body
    while body:
        found.append(body[-1])
        body = getattr(body[-1], "orelse", []) or getattr(body[-1], "body", [])
    return found


def _last_line(program: Program) -> int:
    """Where the last statement begins."""
    tail = _tail(program.tree)
    return tail[-1].lineno if tail else 0


def _end(program: Program) -> int:
    tail = _tail(program.tree)
    return (tail[-1].end_lineno or 0) if tail else 0
