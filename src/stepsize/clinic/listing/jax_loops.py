"""Loops of JAX: gradients that a function returns, and updates that have to be applied.

optax outputs updates and a new state, and both have to be used.
"""

import ast

from ..finding import Finding
from .program import Event, Program, Run, last_word

__all__ = ["JAX"]

LOOPS = (ast.For, ast.While)


def updates_unused(program: Program) -> Finding | None:
    """optax: `updates, state = opt.update(...)`, and nobody applies the updates."""
    read = {
        n.id
        for n in ast.walk(program.tree)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }
    for n in ast.walk(program.tree):
        target = n.targets[0] if isinstance(n, ast.Assign) else None
        first = target.elts[0] if isinstance(target, ast.Tuple) else None
        if not isinstance(first, ast.Name) or first.id in read or not _is_update(n.value, program):  # type: ignore[attr-defined]
            continue
        return Finding(
            "dead gradients",
            0.93,
            "optax's updates are computed but never applied, so no weight changes.",
            "After each update(), call params = optax.apply_updates(params, updates).",
            1,
        )
    return None


def result_unused(program: Program) -> Finding | None:
    """JAX, which changes nothing in place: new weights are computed and thrown away."""
    nodes = list(ast.walk(program.tree))
    updating = _updating(program.tree)
    thrown = [n.value for n in nodes if isinstance(n, ast.Expr)]
    thrown += [
        n.value
        for n in nodes
        if isinstance(n, ast.Assign)
        and _dropped(n.targets[0], updating.get(last_word(n.value), -1))
    ]
    # A call before the loop that only compiles the function throws its result away on purpose.
    looped = {id(n) for loop in nodes if isinstance(loop, LOOPS) for n in ast.walk(loop)}
    dropped = set(map(id, thrown))
    kept = {last_word(n) for n in nodes if isinstance(n, ast.Call) and id(n) not in dropped}
    for call in (n for n in thrown if isinstance(n, ast.Call)):
        flax = last_word(call) == "apply_gradients" and any(k.arg == "grads" for k in call.keywords)
        again = id(call) in looped and last_word(call) in updating and last_word(call) not in kept
        if flax or again:
            return Finding(
                "dead gradients",
                0.92,
                f"{ast.unparse(call):.60} returns the new weights, but the code throws them away.",
                "Assign what it returns, because JAX changes nothing in place.",
                1,
            )
    return None


def _updating(tree: ast.AST) -> dict[str, int]:
    """Functions that return what optax.apply_updates made, by name, each with its position in what
    it returns."""
    found = {}
    for f in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        nodes = list(ast.walk(f))
        own = {
            n.targets[0].id
            for n in nodes
            if isinstance(n, ast.Assign)
            and isinstance(n.targets[0], ast.Name)
            and last_word(n.value) == "apply_updates"
        }
        if any(_leaves_it_elsewhere(n) or _looks_ahead(n) for n in nodes):
            continue
        for value in (n.value for n in nodes if isinstance(n, ast.Return) and n.value is not None):
            parts = value.elts if isinstance(value, ast.Tuple) else [value]
            for place in (i for i, part in enumerate(parts) if _carries(part, own)):
                found[f.name] = place
    return found


def _leaves_it_elsewhere(node: ast.AST) -> bool:
    """Whether the weights may be stored outside the function: `global params`, `self.params = `."""
    stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    return isinstance(node, ast.Global | ast.Nonlocal) or (stored and "self" in _names(node))


def _looks_ahead(node: ast.AST) -> bool:
    """Whether it is `opt.update(grads, opt.init(params))`: a step that is tried, as MAML does."""
    return last_word(node) == "update" and any(
        isinstance(part, ast.Call) and last_word(part) == "init" for part in ast.walk(node)
    )


def _carries(part: ast.expr, weights: set[str]) -> bool:
    """Whether these weights are in what is returned, and not a number computed from them."""
    built = isinstance(part, ast.Name | ast.Tuple | ast.List | ast.Dict)
    word = last_word(part) if isinstance(part, ast.Call) else ""
    return (built or word == "replace" or word[:1].isupper()) and bool(_names(part) & weights)


def _dropped(target: ast.expr, place: int) -> bool:
    """Whether it is `_, state, loss = ...`, with the _ in this place."""
    parts = target.elts if isinstance(target, ast.Tuple) else []
    return 0 <= place < len(parts) and getattr(parts[place], "id", "") == "_"


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def state_lost(program: Program) -> Finding | None:
    """optax: a loop that starts each update from the first state, or creates it again."""
    for run in program.runs:
        for e in run:
            if not e.place.loops or not _is_update(e.value, program):
                continue
            call = e.value
            assert isinstance(call, ast.Call)
            update = ast.unparse(call.func)
            states = [e.text(a) for a in call.args[1:2] if isinstance(a, ast.Name)]
            if states and not _handed_on(states[0], e, run):
                return Finding(
                    "optimizer made anew",
                    0.85,
                    f"Every update starts from the same {states[0]}: optax's new state is thrown "
                    "away, so its averages never get past their first step.",
                    f"Write updates, {states[0]} = {update}(grads, {states[0]}, params), and call "
                    "init() once, before the loop.",
                    5,
                )
    return None


def _handed_on(state: str, update: Event, run: Run) -> bool:
    """Whether the loop assigns a new state, other than by init()."""
    own = [o for o in run if o.name == "=" and o.owner == state and o.within(update.loop)]
    at_start = any(
        last_word(o.value) == "init" and o.place.loops == update.place.loops for o in own
    )
    return bool(own) and not at_start


def _is_update(node: ast.AST, program: Program) -> bool:
    """Whether this calls update() of an optimizer that optax made."""
    if not isinstance(node, ast.Call) or last_word(node) != "update" or not node.args:
        return False
    owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    return any(
        e.name == "=" and e.owner == owner and ast.unparse(e.value).startswith("optax.")
        for e in program.events
    )


JAX = (updates_unused, result_unused, state_lost)
