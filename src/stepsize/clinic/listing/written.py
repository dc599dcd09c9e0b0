"""What the text alone tells: arguments that are left at their defaults, and tests on them.

`def one_batch(model, x, y, optimizer=None)`, called without an optimizer, makes no update.
"""

import ast

__all__ = ["decided", "spelled_out", "written"]

UNKNOWN = object()
SHORT = 4  # at most this many passes of a loop are read one by one


def written(f: ast.FunctionDef, given: dict[str, ast.expr]) -> dict[str, object]:
    """The parameters of a call whose values are constants that the function doesn't change."""
    parameters = [*f.args.posonlyargs, *f.args.args]
    defaults = dict(zip([a.arg for a in parameters[::-1]], f.args.defaults[::-1], strict=False))
    named = zip([a.arg for a in f.args.kwonlyargs], f.args.kw_defaults, strict=True)
    defaults |= {name: value for name, value in named if value is not None}
    changed = {
        n.id for n in ast.walk(f) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    values = {**defaults, **given}
    return {
        name: value.value
        for name, value in values.items()
        if isinstance(value, ast.Constant) and name not in changed
    }


def spelled_out(loop: ast.AST) -> list[tuple[tuple[str, object], ...]]:
    """For `for phase in ["train", "val"]`: what is known in each pass."""
    over, target = getattr(loop, "iter", None), getattr(loop, "target", None)
    if not isinstance(over, ast.List | ast.Tuple) or not isinstance(target, ast.Name):
        return [()]
    values = [
        v.value for v in over.elts if isinstance(v, ast.Constant) and isinstance(v.value, str)
    ]
    if len(values) != len(over.elts) or not 1 < len(values) <= SHORT:
        return [()]
    return [((target.id, value),) for value in values]


def decided(test: ast.expr | None, known: dict[str, object]) -> bool | None:
    """Whether a test holds, if the text tells; None if it doesn't."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = decided(test.operand, known)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        parts = [decided(part, known) for part in test.values]
        # One part is enough to decide: a true one for `or`, a false one for `and`.
        short = isinstance(test.op, ast.Or)
        return short if short in parts else (None if None in parts else not short)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test, known)
    value = _value(test, known)
    return None if value is UNKNOWN else bool(value)


def _compared(test: ast.Compare, known: dict[str, object]) -> bool | None:
    left, right = _value(test.left, known), _value(test.comparators[0], known)
    if left is UNKNOWN or right is UNKNOWN:
        return None
    if isinstance(test.ops[0], ast.Is | ast.Eq):
        return left == right
    if isinstance(test.ops[0], ast.IsNot | ast.NotEq):
        return left != right
    return None


def _value(node: ast.expr | None, known: dict[str, object]) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    return known.get(node.id, UNKNOWN) if isinstance(node, ast.Name) else UNKNOWN
