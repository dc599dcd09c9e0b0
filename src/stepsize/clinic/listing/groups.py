"""Groups of parameters that are collected for the optimizer, and never handed to it."""

import ast

from ..finding import Finding
from .program import Program, last_word
from .roles import Roles

__all__ = ["GROUPS"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def left_out(program: Program) -> Finding | None:
    """A list of parameters that is never read, although the optimizer is given others like it."""
    text = ast.unparse(program.tree)
    for scope in (program.tree, *(n for n in ast.walk(program.tree) if isinstance(n, FUNCTIONS))):
        nodes = [n for part in scope.body for n in ast.walk(part)]
        made = [n for n in nodes if isinstance(n, ast.Call) and _takes_groups(n)]
        groups = [n for n in nodes if isinstance(n, ast.Assign) and _is_group(n, text)]
        names = {n.targets[0].id for n in groups}  # type: ignore[attr-defined]
        if len(made) != 1 or len(Roles(program).optimizers) > 1 or not names:
            continue
        for name in names:
            last = max(n.lineno for n in groups if n.targets[0].id == name)  # type: ignore[attr-defined]
            if last < made[0].lineno and not _is_read(name, last, program.tree):
                return Finding(
                    "dead gradients",
                    0.9,
                    f"{name} collects parameters in line {last}, but nothing hands them to "
                    f"{last_word(made[0])}: they are never updated.",
                    f"Add {name} to the groups that the optimizer gets.",
                    1,
                )
    return None


def _takes_groups(call: ast.Call) -> bool:
    """Whether this makes an optimizer from groups: a list, or a name for one."""
    word = last_word(call)
    optimizer = word.endswith(("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta"))
    given = call.args[0] if call.args else None
    return optimizer and isinstance(given, ast.List | ast.Name)


def _is_group(node: ast.Assign, text: str) -> bool:
    """Whether it is `decay = [p for ... in model.named_parameters()]`, or a dict for a group."""
    value = node.value
    if not isinstance(node.targets[0], ast.Name):
        return False
    if isinstance(value, ast.Dict):
        later = f"{node.targets[0].id}['params']" in text
        return later or "params" in [getattr(key, "value", "") for key in value.keys]
    return isinstance(value, ast.ListComp) and ".named_parameters()" in ast.unparse(value)


def _is_read(name: str, line: int, tree: ast.AST) -> bool:
    """Whether anything below reads it, other than to put parameters into it."""
    filled = {
        id(n.func.value.value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Call)
        and isinstance(n.func, ast.Attribute)
        and n.func.attr in ("append", "extend")
        and isinstance(n.func.value, ast.Subscript)
    }
    stored = {
        id(n.value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)
    }
    return any(
        isinstance(n, ast.Name)
        and n.id == name
        and isinstance(n.ctx, ast.Load)
        and n.lineno > line
        and id(n) not in filled | stored
        for n in ast.walk(tree)
    )


GROUPS = (left_out,)
