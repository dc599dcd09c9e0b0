"""Where a paste ends: what may have come after its last line can't be called missing."""

import ast
from collections.abc import Sequence

from .program import Event, Program, last_word
from .roles import Roles

__all__ = ["elsewhere", "ends_at", "ends_in", "torn_off", "unfinished", "unstepped"]

SHORT = 8  # statements: a text cut to what matters, most likely, and not one that was torn off
BETWEEN = ("step", "update", "unscale_", "append", "backward")


def ends_at(e: Event, program: Program) -> bool:
    """Whether the text does nothing after this, apart from what goes with an update."""
    return all(n.lineno <= e.value.end_lineno or _goes_with(n) for n in _statements(program.tree))  # type: ignore[operator]


def ends_in(loop: ast.AST | None, program: Program) -> bool:
    """Whether nothing in the text comes after this loop."""
    return getattr(loop, "end_lineno", None) == _end(program)


def elsewhere(e: Event, program: Program, but: str = "") -> bool:
    """Whether what should follow this event was clearly cut off, or is only hinted at by `...`"""
    dots = [n for n in ast.walk(e.loop) if _is_dots(n)] if e.loop is not None else []
    last = ends_at(e, program) or (ends_in(e.loop, program) and _begins_below(e, program))
    return bool(dots) or (last and unfinished(program, but))


def torn_off(e: Event, program: Program, but: str = "") -> bool:
    """As `elsewhere`; or whether a text long enough to have been torn off just ends there."""
    long = len(_statements(program.tree)) > SHORT
    return elsewhere(e, program, but) or (long and ends_at(e, program))


def unfinished(program: Program, but: str = "") -> bool:
    """Whether the text begins something and never comes back to it: a name that nothing reads.

    but: a name to leave out.
    """
    tree = program.tree
    if any(_is_dots(n) for n in _tail(tree)):
        return True
    inner = _inner(tree) - _names(tree, ast.Load)
    return bool((_unread(tree, [tree]) - _counters(tree) | inner) - {but})


def _inner(tree: ast.AST) -> set[str]:
    """Functions inside others, which are there to be returned, or called further down."""
    own = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    inner = [n for f in own for n in f.body if isinstance(n, ast.FunctionDef)]
    return {n.name for n in inner if not n.decorator_list}


def _begins_below(e: Event, program: Program) -> bool:
    """Whether something after this event gives a value to a name that nothing reads."""
    own = [n for n in _statements(program.tree) if isinstance(n, ast.Assign)]
    below = [n for n in own if n.lineno > e.value.end_lineno]  # type: ignore[operator]
    return bool(_unread(program.tree, below))


def _unread(tree: ast.AST, parts: Sequence[ast.AST]) -> set[str]:
    """The names that these parts give a value to, and that nothing in the tree reads.

    In `out, loss, stats = model(x)`, one that is read is enough.
    """
    read = _names(tree, ast.Load)
    nodes = [n for part in parts for n in ast.walk(part)]
    together = [_names(n, ast.Store) for n in nodes if isinstance(n, ast.Tuple)]
    beside = {name for names in together if names & read for name in names if "opt" not in name}
    return {name for part in parts for name in _names(part, ast.Store)} - read - beside


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    own = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    return {n.id for n in own if isinstance(n.ctx, context)}


def _counters(tree: ast.AST) -> set[str]:
    """The variables of loops, many of which are never read."""
    loops = [n.target for n in ast.walk(tree) if isinstance(n, ast.For | ast.comprehension)]
    return {"_"} | {n.id for target in loops for n in ast.walk(target) if isinstance(n, ast.Name)}


def _goes_with(node: ast.stmt) -> bool:
    """Whether it is a call made between backward(), step() and zero_grad(), or a block."""
    if isinstance(node, ast.If | ast.With | ast.Continue):
        return True  # its contents are examined separately
    call = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    word = last_word(call)
    return isinstance(call, ast.Call) and (word in BETWEEN or word.startswith("clip_grad"))


def _statements(tree: ast.Module) -> list[ast.stmt]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.stmt)]


def unstepped(program: Program) -> bool:
    """Whether a schedule or a loss scale is also waiting for a step that isn't in the text."""
    roles = Roles(program)
    scalers = {e.owner for e in program.events if e.name == "=" and _scales(e.value)}
    waiting = scalers | roles.scheduler_names
    return bool(waiting) and not any(
        e.name == "step" and e.owner in waiting for e in program.events
    )


def _scales(node: ast.expr) -> bool:
    return last_word(node) == "GradScaler"


def _is_dots(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and (
        node.value.value is ...
    )  # fmt: skip


def _tail(tree: ast.Module) -> list[ast.stmt]:
    """The last statement of the text, then the last one inside that, and so on."""
    found: list[ast.stmt] = []
    body = tree.body
    while body:
        found.append(body[-1])
        body = getattr(body[-1], "orelse", []) or getattr(body[-1], "body", [])
    return found


def _end(program: Program) -> int:
    tail = _tail(program.tree)
    return (tail[-1].end_lineno or 0) if tail else 0
