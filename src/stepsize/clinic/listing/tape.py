"""Loops of TensorFlow: gradients that come from a tape, and must be applied."""

import ast

from ..finding import Finding
from .cuts import torn_off
from .program import Event, Program, last_word
from .roles import is_loss

__all__ = ["TAPE"]


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
    """TensorFlow: the loss, or the output it is made from, is computed where no tape runs."""
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


TAPE = (tape_unused, gradients_unused, outside_the_tape)
