"""Graphs that are kept though nothing goes back through them, so memory grows until it is full.

A loss that is added up as a tensor keeps its whole history in memory.
"""

import ast
import re
from collections.abc import Iterator

from ..finding import Finding
from .program import Event, Program, Run, last_word
from .roles import Roles, is_loss, loss_by_its_name

__all__ = ["MEMORY", "sums_of_tensors"]

NUMBERS = ("item", "detach", "float", "tolist", "numpy", "cpu")  # torch keeps no graph of these
CARRIED = ("detach", "detach_", "repackage_hidden", "init_hidden", "no_grad")


def losses_with_graphs(program: Program) -> Finding | None:
    """A running sum of losses that are tensors, and nothing that frees their graphs."""
    roles = Roles(program)
    for e, before, run in _sums(program, roles):
        retained = any(roles.is_backward(o) and _retains(o.value) and o.within(e.loop) for o in run)
        if _evaluates(before) or retained:
            return Finding(
                "graphs kept",
                0.75,
                f"{e.owner} collects losses as tensors. Each keeps the graph that it came from, so "
                "memory grows with every batch.",
                f"Collect loss.item() in {e.owner} instead, and evaluate under torch.no_grad().",
                9,
            )
    return None


def sums_of_tensors(program: Program) -> str:
    """As above, but each batch has its backward(), which frees what is large: training is sound.

    With twenty layers of 256, 51 kB remain per batch; without backward(), 1.4 MB.
    """
    roles = Roles(program)
    for e, before, run in _sums(program, roles):
        if any(roles.is_backward(o) and o.within(e.loop) for o in run) and not _evaluates(before):
            return (
                f"{e.owner} collects losses as tensors. That does the training no harm, but memory "
                "grows a little with every batch. Collect loss.item() instead."
            )
    return ""


def _sums(program: Program, roles: Roles) -> Iterator[tuple[Event, Run, Run]]:
    """Where losses with their graphs are added up or listed, and the total never goes backward."""
    for run in program.runs:
        for i, e in enumerate(run):
            added = _added(e)
            if added is None or not e.place.loops or e.place.frozen:
                continue
            if _is_tensor(added, run[:i]) and not _used(e.owner, run, roles):
                makers = _makers(added, e, run[:i])
                # If one of them calls backward(), what it returns can't be known.
                if not any(_goes_back(f) for name in makers for f in _behind(name, program)):
                    yield e, run[:i], run


def _makers(node: ast.expr, at: Event, before: Run) -> list[str]:
    """What is called to make this loss, by its name: `criterion`, `self.compute_loss`."""
    if isinstance(node, ast.Name):
        own = [i for i, e in enumerate(before) if e.name == "=" and e.owner == at.text(node)]
        return _makers(before[own[-1]].value, before[own[-1]], before[: own[-1]]) if own else []
    if isinstance(node, ast.BinOp):
        return _makers(node.left, at, before) + _makers(node.right, at, before)
    return [at.text(node.func)] if isinstance(node, ast.Call) else []


def _behind(name: str, program: Program) -> list[ast.FunctionDef]:
    """The functions of the text that this may call: one of that name, or an object's `__call__`.

    Of an object that is passed in as an argument, the class isn't known; it may be any.
    """
    nodes = list(ast.walk(program.tree))
    kinds = {last_word(e.value) for e in program.events if e.name == "=" and e.owner == name}
    passed = not kinds and any(isinstance(n, ast.arg) and n.arg == name for n in nodes)
    classes = [n for n in nodes if isinstance(n, ast.ClassDef) and (passed or n.name in kinds)]
    own = [f for kind in classes for f in kind.body if getattr(f, "name", "") == "__call__"]
    named = [n for n in nodes if getattr(n, "name", "") == name.rpartition(".")[2]]
    return [f for f in (*own, *named) if isinstance(f, ast.FunctionDef)]


def _goes_back(f: ast.FunctionDef) -> bool:
    """Whether it has a backward() of its own, or returns numbers."""
    text = ast.unparse(f)
    return ".backward()" in text or bool(re.search(r"return .*\.(data|item)\b", text))


def _added(e: Event) -> ast.expr | None:
    """The x in `total += x` and in `losses.append(x)`."""
    if e.name == "append" and len(e.arguments) == 1:
        return e.arguments[0]
    if e.name != "=" or not isinstance(e.value, ast.BinOp) or not isinstance(e.value.op, ast.Add):
        return None
    return e.value.right if e.text(e.value.left) == e.owner else None


def _is_tensor(node: ast.expr, before: Run) -> bool:
    """Whether this is a loss as its function returned it, judging by the last assignment."""
    if isinstance(node, ast.Name):
        at = [i for i, e in enumerate(before) if e.name == "=" and e.text(node) == e.owner]
        last = before[at[-1]] if at else None
        if last is None or last.place.frozen:
            return False
        return loss_by_its_name(last) or _is_tensor(last.value, before[: at[-1]])
    if isinstance(node, ast.BinOp):
        return _is_tensor(node.left, before) or _is_tensor(node.right, before)
    return is_loss(node) and last_word(node) not in NUMBERS


def _used(total: str, run: Run, roles: Roles) -> bool:
    """Whether backward() is called on the sum, or on what is made from it, or it is detached."""
    names = {total}
    names |= {e.owner for e in run if e.name == "=" and _has(e, names)}
    return any(
        (roles.is_backward(e) or e.name in ("grad", "detach_", "zero_")) and _has(e, names)
        for e in run
    )


def _has(e: Event, names: set[str]) -> bool:
    nodes = (n for n in ast.walk(e.value) if isinstance(n, ast.Name | ast.Attribute))
    return any(e.text(n) in names for n in nodes)


def _evaluates(before: Run) -> bool:
    modes = [o.name for o in before if o.name in ("eval", "train") and o.owner]
    return bool(modes) and modes[-1] == "eval"


def state_with_graph(program: Program) -> Finding | None:
    """A hidden state that goes from batch to batch with its graph, which retain_graph keeps."""
    roles = Roles(program)
    for run in program.runs:
        if any(e.name in CARRIED for e in run):
            continue
        for e in filter(roles.is_backward, run):
            if not _retains(e.value) or not e.place.loops:
                continue
            own = [o for o in run if o.loop is e.loop]
            later = own[own.index(e) + 1 :]
            state = next((o for o in own if o.name == "=" and _hands_itself_on(o)), None)
            if state is not None and not any(roles.is_backward(o) for o in later):
                return Finding(
                    "graphs kept",
                    0.8,
                    f"{state.owner} goes from one batch to the next with its graph, and "
                    "retain_graph=True keeps all of them: each backward() goes further back.",
                    f"{state.owner} = {state.owner}.detach() before each batch; then retain_graph "
                    "isn't needed.",
                    9,
                )
    return None


def _retains(call: ast.expr) -> bool:
    keywords = call.keywords if isinstance(call, ast.Call) else []
    return any(k.arg == "retain_graph" and ast.unparse(k.value) == "True" for k in keywords)


def _hands_itself_on(e: Event) -> bool:
    """Whether it is `out, h = model(x, h)`."""
    if not isinstance(e.value, ast.Call) or is_loss(e.value):
        return False
    return any(e.text(a) == e.owner for a in e.arguments if isinstance(a, ast.Name))


MEMORY = (losses_with_graphs, state_with_graph)
