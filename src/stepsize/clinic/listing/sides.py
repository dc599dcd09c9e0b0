"""Which tests hold at each place, also where one led out of a function: `if amp: ...; return`."""

import ast
from collections.abc import Iterator

__all__ = ["Sides", "contradict", "sides"]

Sides = frozenset[tuple[str, bool]]  # tests, each with its answer
LEAVES = (ast.Return, ast.Continue, ast.Break, ast.Raise)


def sides(tree: ast.Module) -> dict[int, Sides]:
    """For each node of the text, by its id, the tests of `if` that it is behind."""
    return {id(node): held for node, held in _behind(tree.body, frozenset())}


def contradict(one: Sides, other: Sides) -> bool:
    """Whether no run can reach both: a test has one answer here, and the other one there."""
    return any((test, not answer) in other for test, answer in one)


def _behind(block: list[ast.stmt], held: Sides) -> Iterator[tuple[ast.AST, Sides]]:
    for stmt in block:
        yield from ((node, held) for node in ast.walk(stmt))
        yes, no = held, held
        if isinstance(stmt, ast.If):
            test, answer = _plain(stmt.test)
            yes, no = held | {(test, answer)}, held | {(test, not answer)}
        for part in ("body", "orelse", "finalbody"):  # what is inner comes later, and counts
            yield from _behind(getattr(stmt, part, []), no if part == "orelse" else yes)
        if isinstance(stmt, ast.If) and not stmt.orelse and isinstance(stmt.body[-1], LEAVES):
            held = no


def _plain(test: ast.expr) -> tuple[str, bool]:
    """A test without its `not`, and the answer that leads into the `if`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner, answer = _plain(test.operand)
        return inner, not answer
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot):
        return ast.unparse(test).replace(" is not ", " is ", 1), False
    return ast.unparse(test), True
