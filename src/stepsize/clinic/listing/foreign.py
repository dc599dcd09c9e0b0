"""Loops of JAX and TensorFlow: gradients that come from a function or a tape, and must be applied.

optax outputs updates and a new state, and both have to be used.
"""

import ast

from ..finding import Finding
from .cuts import torn_off
from .program import Event, Program, Run, last_word
from .roles import is_loss

__all__ = ["FOREIGN"]


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
    updating = _updating(program.tree)
    thrown = [n.value for n in ast.walk(program.tree) if isinstance(n, ast.Expr)]
    thrown += [
        n.value
        for n in ast.walk(program.tree)
        if isinstance(n, ast.Assign)
        and _dropped(n.targets[0], updating.get(last_word(n.value), -1))
    ]
    for call in (n for n in thrown if isinstance(n, ast.Call)):
        flax = last_word(call) == "apply_gradients" and any(k.arg == "grads" for k in call.keywords)
        if flax or last_word(call) in updating:
            return Finding(
                "dead gradients",
                0.92,
                f"{ast.unparse(call):.60} returns the new weights, but the code throws them away.",
                "Assign what it returns, because JAX changes nothing in place.",
                1,
            )
    return None


def _updating(tree: ast.AST) -> dict[str, int]:
    """Functions that hand back what optax.apply_updates made, under its own name; and in which
    place of what they return."""
    found = {}
    for f in ast.walk(tree):
        if not isinstance(f, ast.FunctionDef):
            continue
        own = {
            n.targets[0].id
            for n in ast.walk(f)
            if isinstance(n, ast.Assign)
            and isinstance(n.targets[0], ast.Name)
            and last_word(n.value) == "apply_updates"
        }
        back = [n.value for n in ast.walk(f) if isinstance(n, ast.Return) and n.value is not None]
        shared = any(isinstance(n, ast.Global | ast.Nonlocal) for n in ast.walk(f))
        for value in back if own and not shared else ():
            parts = value.elts if isinstance(value, ast.Tuple) else [value]
            for place in (i for i, part in enumerate(parts) if _names(part) & own):
                found[f.name] = place
    return found


def _dropped(target: ast.expr, place: int) -> bool:
    """Whether it is `_, state, loss = ...`, with the _ in this place."""
    parts = target.elts if isinstance(target, ast.Tuple) else []
    return 0 <= place < len(parts) and getattr(parts[place], "id", "") == "_"


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def state_lost(program: Program) -> Finding | None:
    """optax: a loop that begins each update with the first state, or creates it again."""
    for run in program.runs:
        for e in run:
            if not e.place.loops or not _is_update(e.value, program):
                continue
            call = e.value
            assert isinstance(call, ast.Call)
            states = [e.text(a) for a in call.args[1:2] if isinstance(a, ast.Name)]
            if states and not _handed_on(states[0], e, run):
                return Finding(
                    "optimizer made anew",
                    0.85,
                    f"Every update starts from the same {states[0]}: optax's new state is thrown "
                    "away, so its averages never get past their first step.",
                    f"Write updates, {states[0]} = ....update(grads, {states[0]}, params), and "
                    "call init() once, before the loop.",
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


def tape_unused(program: Program) -> Finding | None:
    """TensorFlow: a tape's gradients, and an optimizer that is never asked to apply them."""
    taped = [e for e in program.events if e.name == "gradient" and e.place.loops]
    made = [e for e in program.events if e.name == "=" and _is_keras(e.value)]
    for e in made if taped else ():
        used = [o for o in program.events if o is not e and _uses(o, e.owner)]
        if not used:
            return Finding(
                "dead gradients",
                0.9,
                f"The tape's gradients are computed, but {e.owner} never applies them.",
                f"Call {e.owner}.apply_gradients(zip(gradients, model.trainable_variables)).",
                1,
            )
    return None


def gradients_unused(program: Program) -> Finding | None:
    """TensorFlow: a tape's gradients get a name that is never read."""
    names = [n for n in ast.walk(program.tree) if isinstance(n, ast.Name)]
    read = {n.id for n in names if isinstance(n.ctx, ast.Load)}
    for e in program.events:
        of_tape = e.name == "=" and last_word(e.value) == "gradient"
        tape = ast.unparse(e.value).partition(".gradient(")[0].lower()
        cut = of_tape and torn_off(e, program, but=e.owner)
        if (
            of_tape
            and not cut
            and "tape" in tape
            and e.owner.isidentifier()
            and e.owner not in read
        ):
            return Finding(
                "dead gradients",
                0.9,
                f"{e.owner} has the gradients of the tape, but nothing uses it.",
                f"Call optimizer.apply_gradients(zip({e.owner}, model.trainable_variables)).",
                1,
            )
    return None


def _is_keras(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and "optimizers." in ast.unparse(node.func)


def _uses(e: Event, name: str) -> bool:
    nodes = ast.walk(e.value)
    return any(isinstance(n, ast.Name | ast.Attribute) and e.text(n) == name for n in nodes)


def outside_the_tape(program: Program) -> Finding | None:
    """TensorFlow: the loss, or the output it is made of, is computed where no tape runs."""
    for tape in (n for n in ast.walk(program.tree) if isinstance(n, ast.With)):
        asked = _asked(tape, program.tree)
        loss = asked.args[0] if asked is not None and asked.args else None
        if asked is None or not isinstance(loss, ast.Name):
            continue
        inside = {id(n) for n in ast.walk(tape)}
        own = [n for n in ast.walk(program.tree) if isinstance(n, ast.Assign | ast.AugAssign)]
        assigned = [n for n in own if loss.id in _assigned(n)]
        said = ""
        if assigned and not any(id(n) in inside for n in assigned):
            said = f"{loss.id} is computed outside the tape, so its gradients are None."
        elif name := _forward_before(tape, asked, own):
            said = f"{name} is called outside the tape, so its gradients are None."
        if said:
            return Finding(
                "dead gradients",
                0.9,
                said,
                "Call the model and compute the loss inside `with tf.GradientTape()`.",
                9,
            )
    return None


def _asked(tape: ast.With, tree: ast.AST) -> ast.Call | None:
    """The call that asks this tape for gradients: the first one below it, by its name."""
    names = [i.optional_vars for i in tape.items if last_word(i.context_expr) == "GradientTape"]
    if not names or not isinstance(names[0], ast.Name):
        return None
    calls = [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Call)
        and ast.unparse(n.func) == f"{names[0].id}.gradient"
        and n.lineno > tape.lineno
    ]
    return min(calls, key=lambda n: n.lineno, default=None)


def _forward_before(tape: ast.With, asked: ast.Call, own: list[ast.Assign | ast.AugAssign]) -> str:
    """The model whose gradients are asked for, if it is called before the tape and not in it."""
    model = getattr(asked.args[1], "value", None) if len(asked.args) > 1 else None
    if model is None or "trainable" not in asked.args[1].attr:  # type: ignore[attr-defined]
        return ""
    name = ast.unparse(model)
    called = [n for part in tape.body for n in ast.walk(part) if isinstance(n, ast.Call)]
    if not all(is_loss(n) or ast.unparse(n.func).startswith(("tf.", "keras.")) for n in called):
        return ""
    used = {n.id for part in tape.body for n in ast.walk(part) if isinstance(n, ast.Name)}
    before = [n for n in own if n.lineno < tape.lineno and used & set(_assigned(n))]
    outcomes = [n for n in before if isinstance(n.value, ast.Call) and _calls(n.value, name)]
    return name if outcomes and name not in used else ""


def _calls(call: ast.Call, model: str) -> bool:
    return ast.unparse(call.func) == model


def _assigned(node: ast.Assign | ast.AugAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]


FOREIGN = (
    updates_unused,
    result_unused,
    state_lost,
    tape_unused,
    gradients_unused,
    outside_the_tape,
)
