"""Groups of parameters that are collected for the optimizer, and never handed to it."""

import ast
import re

from ..finding import Finding
from .program import Program, last_word
from .roles import Roles

__all__ = ["GROUPS"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
OPTIONS = {  # what a group may set for itself
    "params", "lr", "weight_decay", "momentum", "dampening", "nesterov", "betas", "eps", "alpha",
    "rho", "amsgrad", "maximize", "foreach", "fused", "name", "param_names", "initial_lr",
    "lr_scale",
}  # fmt: skip


def left_out(program: Program) -> Finding | None:
    """A group of parameters that is never read, although the optimizer gets groups like it.

    A group is a dict, or a list of some of the model's parameters.
    """
    text, roles = ast.unparse(program.tree), Roles(program)
    if len(roles.optimizers) > 1 or FROZEN.search(text):
        return None
    for scope in (program.tree, *(n for n in ast.walk(program.tree) if isinstance(n, FUNCTIONS))):
        nodes = [n for part in scope.body for n in ast.walk(part)]
        made = [n for n in nodes if isinstance(n, ast.Call) and _takes_groups(n)]
        groups = [n for n in nodes if isinstance(n, ast.Assign) and _is_group(n, text)]
        names = {n.targets[0].id for n in groups}  # type: ignore[attr-defined]
        if len(made) != 1 or not _gets_dicts(made[0].args[0], nodes):
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


# Then a group may be left out because it should stay as it is.
FROZEN = re.compile(r"requires_grad(_\(| = )False")


def _takes_groups(call: ast.Call) -> bool:
    """Whether this makes an optimizer from groups: a list, or a name for one."""
    word = last_word(call)
    optimizer = word.endswith(("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta"))
    given = call.args[0] if call.args else None
    return optimizer and isinstance(given, ast.List | ast.Name)


def _gets_dicts(given: ast.expr, nodes: list[ast.AST]) -> bool:
    """Whether there are dicts in this list, or in what the text puts into it."""
    parts = [given, *_put_into(given, nodes)]
    parts += [value for part in parts for value in _put_into(part, nodes)]
    inner = [n for part in parts for n in ast.walk(part)]
    return any(
        isinstance(n, ast.Dict) or (isinstance(n, ast.Call) and last_word(n) == "dict")
        for n in inner
    )


def _put_into(part: ast.expr, nodes: list[ast.AST]) -> list[ast.expr]:
    """What the names in this expression are assigned, and what is appended to them."""
    names = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
    put = [n.value for n in nodes if isinstance(n, ast.Assign) and _is_one(n.targets[0], names)]
    return put + [
        n.args[0]
        for n in nodes
        if isinstance(n, ast.Call)
        and isinstance(n.func, ast.Attribute)
        and n.func.attr in ("append", "extend")
        and _is_one(n.func.value, names)
        and n.args
    ]


def _is_one(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _is_group(node: ast.Assign, text: str) -> bool:
    """Whether it is `decay = [p for n, p in net.named_parameters() if ...]`, or a group's dict."""
    value = node.value
    if not isinstance(node.targets[0], ast.Name):
        return False
    if isinstance(value, ast.Dict):
        keys = {getattr(key, "value", "") for key in value.keys}
        later = f"{node.targets[0].id}['params']" in text
        return keys <= OPTIONS and (later or "params" in keys)
    if not isinstance(value, ast.ListComp) or len(value.generators) != 1:
        return False
    over = value.generators[0]
    pair = over.target.elts if isinstance(over.target, ast.Tuple) else []
    some = last_word(over.iter) == "named_parameters" and bool(over.ifs)
    return some and len(pair) == 2 and ast.unparse(pair[1]) == ast.unparse(value.elt)


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
