"""Whether a printed mean loss is a mean: its sum and its divisor must count the same things."""

import ast
import re

from ..finding import Finding
from .program import Event, Program, Run, last_word
from .roles import is_loss

__all__ = ["AVERAGES"]

SIZES = re.compile(r"size\(0\)|\.shape\[0\]|len\(|batch_size|\bbs\b|size\(\)\[0\]")
BATCHES = re.compile(r"len\([\w.]*(?:loader|dl|batches|iterator)[\w\[\]'\"]*\)")
SAMPLES = re.compile(r"len\([\w.\[\]'\"]*(?:dataset|data_?set|_set|_ds)[\w\[\]'\"]*\)")


def wrong_mean(program: Program) -> Finding | None:
    """Sums over samples divided by a number of batches, or batch means by a number of samples."""
    text = ast.unparse(program.tree)
    if re.search(r"reduction='(?:sum|none)'|batch_size=1\b|size_average|reduce=", text):
        return None
    for run in program.runs:
        for e in run:
            added = _added(e)
            if added is None or not e.place.loops or not _is_mean(added, e, run):
                continue
            by = _divisor(e, program)
            if isinstance(added, ast.BinOp) and BATCHES.fullmatch(by):
                return _finding(e, "sums over samples", f"{by}, the number of batches")
            if not isinstance(added, ast.BinOp) and SAMPLES.fullmatch(by):
                return _finding(e, "means of batches", f"{by}, the number of samples")
    return None


def _finding(e: Event, how: str, by: str) -> Finding:
    return Finding(
        "loss averaged wrongly",
        0.8,
        f"{e.owner} adds up {how}, but is divided by {by}: the loss that is shown is off by a "
        "factor of the batch size.",
        "Divide means of batches by len(loader), and sums over samples by len(loader.dataset).",
        9,
    )


def _added(e: Event) -> ast.expr | None:
    """The x in `total += x`."""
    if e.name != "=" or not isinstance(e.value, ast.BinOp) or not isinstance(e.value.op, ast.Add):
        return None
    return e.value.right if e.text(e.value.left) == e.owner else None


def _is_mean(node: ast.expr, e: Event, run: Run) -> bool:
    """Whether this is the loss of a batch, as a number, perhaps times the batch size."""
    if isinstance(node, ast.BinOp):
        if not isinstance(node.op, ast.Mult):
            return False
        sides = [node.left, node.right]
        sizes = [s for s in sides if SIZES.search(ast.unparse(s)) and not _is_mean(s, e, run)]
        return len(sizes) == 1 and any(_is_mean(s, e, run) for s in sides if s is not sizes[0])
    if isinstance(node, ast.Call) and last_word(node) in ("item", "float"):
        func = node.func
        inner = [func.value] if isinstance(func, ast.Attribute) else node.args[:1]
        return bool(inner) and _is_mean(inner[0], e, run)
    if is_loss(node):
        return True
    if isinstance(node, ast.Name):
        own = [o for o in run if o.name == "=" and o.owner == e.text(node)]
        return bool(own) and is_loss(own[-1].value)
    return False


def _divisor(e: Event, program: Program) -> str:
    """What this sum is divided by; "" unless its function divides it by one thing only."""
    own = [f for f in ast.walk(program.tree) if getattr(f, "name", "") == e.place.function]
    found = set()
    for node in ast.walk(own[0] if own and e.place.function else program.tree):
        if isinstance(node, ast.BinOp):
            left, right = node.left, node.right
        elif isinstance(node, ast.AugAssign):
            left, right = node.target, node.value
        else:
            continue
        if isinstance(node.op, ast.Div) and ast.unparse(left) == e.owner:
            found.add(ast.unparse(right))
    return found.pop() if len(found) == 1 else ""


AVERAGES = (wrong_mean,)
