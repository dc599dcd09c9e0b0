"""What the text of a training loop says by itself: read as Python, not as words.

Comments and strings say nothing, a helper that is called says what stands in it. What is no whole
program (a line that ends in the middle, a notebook's magic) says nothing at all.
"""

import ast
import textwrap
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

__all__ = [
    "OVERWRITE",
    "decayed_by_adam",
    "schedules",
    "softmax_twice",
    "step_without",
    "wrong_loop",
    "zeroed_before_step",
]

LOOPS = (ast.For, ast.AsyncFor, ast.While)
# These set the rate anew, whatever another has made of it; the rest multiply what they find.
OVERWRITE = ("LambdaLR", "OneCycleLR", "CyclicLR", "CosineAnnealingWarmRestarts")
JOIN = ("SequentialLR", "ChainedScheduler")


class Made(NamedTuple):
    """A scheduler that the text makes: its class, its optimizer, the names it has, its branches."""

    kind: str
    optimizer: str
    name: str
    call: ast.Call
    branches: tuple[tuple[int, str], ...]


@cache
def _tree(code: str) -> ast.Module:
    try:
        return ast.parse(textwrap.dedent(code))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _name(node: ast.AST | None) -> str:
    """The last word of a name: of `torch.optim.Adam`, or the function called."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node) in names:
            yield node


def _steps(tree: ast.AST, schedulers: frozenset[str]) -> Iterator[ast.Call]:
    """Calls of an optimizer's step(): of all steps, those of no scheduler, profiler or tracker."""
    for call in _calls(tree, "step"):
        owner = _name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        others = ("sched", "prof", "env", "warmup")
        if owner not in schedulers and not any(word in owner.lower() for word in others):
            yield call


def _zeroes(tree: ast.AST) -> bool:
    """Whether gradients are set back somewhere in this part of the text."""
    if any(_calls(tree, "zero_grad", "zero_", "clear_gradients")):
        return True
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Attribute) and t.attr == "grad" for t in node.targets)
        for node in ast.walk(tree)
    )


def step_without(code: str) -> str | None:
    """A backward() and a step() for which no gradient is set back: what is said of it, or None."""
    tree = _tree(code)
    names = frozenset(made.name for made in _made(tree))
    backward = list(_calls(tree, "backward", "manual_backward"))
    if not backward or not any(_steps(tree, names)):
        return None
    if not _zeroes(tree):
        return "The code calls backward() and step(), and nowhere zero_grad()."
    helpers = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and _zeroes(f)]
    for loop in ast.walk(tree):
        if not isinstance(loop, LOOPS) or any(isinstance(n, LOOPS) for n in _inside(loop)):
            continue  # the innermost
        both = any(_calls(loop, "backward", "manual_backward")) and any(_steps(loop, names))
        helped = any(_calls(loop, *(f.name for f in helpers)))
        if both and not helped and not _zeroes(loop):
            return "zero_grad() stands outside of the loop in which backward() and step() are."
    return None


def zeroed_before_step(code: str) -> bool:
    """Whether zero_grad() stands between backward() and step(): no gradient arrives."""
    tree = _tree(code)
    names = frozenset(made.name for made in _made(tree))
    for node in ast.walk(tree):
        last = ""
        for line in getattr(node, "body", []) if isinstance(getattr(node, "body", 0), list) else []:
            if not isinstance(line, ast.Expr):
                continue
            if any(_calls(line, "backward")):
                last = "backward"
            elif any(_calls(line, "zero_grad")) and last == "backward":
                last = "zero"
            elif any(_steps(line, names)):
                if last == "zero":
                    return True
                last = ""
    return False


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """All that is below."""
    for child in ast.iter_child_nodes(node):
        yield from ast.walk(child)


def _made(node: ast.AST, branches: tuple[tuple[int, str], ...] = ()) -> Iterator[Made]:
    """Every scheduler that is made, with the branches of `if`, function or `return` it is in."""
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        kind, call = _name(node.value), node.value
        if kind.endswith("LR") or kind in (*JOIN, *OVERWRITE, "ReduceLROnPlateau"):
            keyword = next((k.value for k in call.keywords if k.arg == "optimizer"), None)
            first = call.args[0] if call.args else keyword
            yield Made(kind, ast.unparse(first) if first else "", _name(target), call, branches)
    for part, child in ast.iter_fields(node):
        own = isinstance(node, ast.If | ast.FunctionDef | ast.match_case) and part != "test"
        inner = (*branches, (id(node), part)) if own else branches
        for one in child if isinstance(child, list) else [child]:
            if isinstance(one, ast.AST):
                yield from _made(one, inner)


def schedules(code: str) -> list[str]:
    """The classes of schedulers that are made on one optimizer, where nothing joins them."""
    made = list(_made(_tree(code)))
    joined = {
        _name(node)
        for one in made
        if one.kind in JOIN
        for node in ast.walk(one.call)
        if isinstance(node, ast.Name | ast.Attribute)
    }
    alone = [one for one in made if one.name not in joined and one.kind not in JOIN]
    for i, one in enumerate(alone):
        for other in alone[i + 1 :]:
            if one.optimizer == other.optimizer and not _apart(one.branches, other.branches):
                return [one.kind, other.kind]
    return []


def _apart(a: tuple[tuple[int, str], ...], b: tuple[tuple[int, str], ...]) -> bool:
    """Whether two places can't both be passed: two branches of one `if`, or two functions."""
    parts = dict(a)
    if any(parts.get(place, part) != part for place, part in b):
        return True
    return bool(set(a) ^ set(b)) and not (set(a) <= set(b) or set(b) <= set(a))


def wrong_loop(code: str) -> tuple[str, str] | None:
    """A scheduler whose length is in epochs, stepped at every batch; or the other way round.

    Returns its class, and the loop that it is stepped in: "batch" or "epoch".
    """
    tree = _tree(code)
    made = {one.name: one for one in _made(tree)}
    names = frozenset(made)
    for outer in ast.walk(tree):
        inner = [n for n in _inside(outer) if isinstance(n, LOOPS)]
        inner = [loop for loop in inner if any(_steps(loop, names))]
        if not isinstance(outer, LOOPS) or not inner:
            continue
        for call in _calls(outer, "step"):
            one = made.get(_name(call.func.value) if isinstance(call.func, ast.Attribute) else "")
            where = "batch" if any(call in _inside(loop) for loop in inner) else "epoch"
            meant = _meant(one, outer) if one else ""
            if one and meant and meant != where:
                return one.kind, where
    return None


def _meant(one: Made, outer: ast.AST) -> str:
    """Which steps a scheduler's length counts, by the words in it; "" where they don't say."""
    if one.kind in JOIN or one.kind == "ReduceLROnPlateau":
        return ""
    text = " ".join(ast.unparse(x) for x in [*one.call.args[1:], *one.call.keywords]).lower()
    if any(word in text for word in ("len(", "steps_per", "batches", "num_steps", "max_steps")):
        return "batch"
    if one.kind == "OneCycleLR":
        return "batch"
    over = ast.unparse(outer.iter) if isinstance(outer, ast.For) else ""
    lengths = [ast.unparse(k.value) for k in one.call.keywords if k.arg == "T_max"]
    lengths += [ast.unparse(x) for x in one.call.args[1:2] if one.kind == "CosineAnnealingLR"]
    return "epoch" if any(f"range({length})" == over for length in lengths) else ""


def decayed_by_adam(code: str) -> str | None:
    """The call of one of Adam's family of torch with an L2 penalty, as it stands; or None."""
    if "keras" in code or "tensorflow" in code:
        return None  # there, weight_decay of Adam is decoupled
    for call in _calls(_tree(code), "Adam", "NAdam", "RAdam", "Adamax"):
        given = {k.arg: k.value for k in call.keywords}
        decay, apart = given.get("weight_decay"), given.get("decoupled_weight_decay")
        if not _is_off(decay) and _is_off(apart):
            return ast.unparse(call)
    return None


def _is_off(value: ast.expr | None) -> bool:
    """Whether an argument is not given, or given as 0 or False."""
    return value is None or (isinstance(value, ast.Constant) and not value.value)


def softmax_twice(code: str) -> bool:
    """Whether a softmax stands before a cross-entropy that has one inside."""
    tree = _tree(code)
    if not any(_calls(tree, "CrossEntropyLoss", "cross_entropy")):
        return False
    losses, soft = {"cross_entropy"}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Attribute):
            if _name(node.value) == "CrossEntropyLoss":
                losses.add(_name(node.targets[0]))
            elif _is_softmax(node.value):
                soft.add(_name(node.targets[0]))
    for call in _calls(tree, *losses):
        if call.args and (_is_softmax(call.args[0]) or _name(call.args[0]) in soft):
            return True
    lasts = [call.args[-1] for call in _calls(tree, "Sequential") if call.args]
    return any(_name(last) == "Softmax" for last in lasts) or any(
        _is_softmax(node.value)
        for f in ast.walk(tree)
        if isinstance(f, ast.FunctionDef) and f.name == "forward"
        for node in ast.walk(f)
        if isinstance(node, ast.Return) and node.value is not None
    )


def _is_softmax(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node) == "softmax"
