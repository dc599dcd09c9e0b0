"""Gradients of several batches, and gradients that are too long: added up, divided, clipped."""

import ast
import re

from ..finding import Finding
from .program import Event, Program, Run, apart, last_word
from .roles import Roles, is_loss
from .sides import Sides, contradict, sides

__all__ = ["GRADIENTS"]


def _conditional(step: Event) -> ast.expr | None:
    """The test `(i + 1) % k == 0` that an update waits for, in its own loop."""
    for test in reversed(step.place.tests):
        for node in ast.walk(test):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
                return node.right
    return None


def accumulation(program: Program) -> Finding | None:
    """Gradients of several batches that should be added up: cleared, or not divided."""
    roles = Roles(program)
    for run in program.runs:
        if any(roles.is_opaque(e) or "accumul" in e.name for e in run):
            continue
        backwards = [e for e in run if roles.is_backward(e) and e.loop is not None]
        for step in filter(roles.is_step, run):
            own = [e for e in backwards if e.within(step.loop) and not _within_if(e, step)]
            each = _conditional(step)
            if each is None or not own or any(_shares_if(e, step) for e in backwards):
                continue
            zeroes = [e for e in run if roles.is_zero(e) and e.loop is own[0].loop]
            if zeroes and all(z.place.branches == own[0].place.branches for z in zeroes):
                return _accumulates(
                    0.93,
                    "zero_grad() is called for every batch, step() only for some: the gradients of "
                    "the batches in between are thrown away.",
                    "Call zero_grad() right after step(), under the same condition.",
                )
            if _undivided(own[0], each, run, program):
                return _too_long(each)
    return _only_the_last(program, roles) or _micro_batches(program, roles)


def _micro_batches(program: Program, roles: Roles) -> Finding | None:
    """An inner loop over `range(k)` that adds up k gradients of mean losses, none divided by k."""
    for run in program.runs:
        for step in filter(roles.is_sure_step, run):
            own = [e for e in run if roles.is_backward(e) and e.within(step.loop)]
            if len(own) != 1 or own[0].loop is step.loop or not isinstance(own[0].loop, ast.For):
                continue
            over, zeroes = own[0].loop.iter, [e for e in run if roles.is_zero(e)]
            if any(e.within(own[0].loop) for e in zeroes) or last_word(over) != "range":
                continue
            each = over.args[-1] if isinstance(over, ast.Call) and over.args else over
            if MICRO.search(ast.unparse(each).lower()) and _whole(own[0], each, run, program):
                return _too_long(each)
    return None


MICRO = re.compile(r"accum|micro")


def _whole(backward: Event, each: ast.expr, run: Run, program: Program) -> bool:
    """Whether nothing in the inner loop divides the loss by the number of batches."""
    inner = [e for e in run if e.within(backward.loop)]
    text = " ".join(ast.unparse(e.value) for e in inner)
    rescaled = re.search(r"\.grad\.?(?:div|mul)|\.grad [*/]=", ast.unparse(program.tree))
    by_engine = "accelerator" in backward.owner or "fabric" in backward.owner
    named = any(ast.unparse(n) == ast.unparse(each) for e in inner for n in ast.walk(e.value))
    return not (named or rescaled or by_engine or "/" in text or " * " in text)


def _too_long(each: ast.expr) -> Finding:
    return _accumulates(
        0.8,
        "The gradients of several batches are added up, but the loss isn't divided by "
        f"their number, so the step is {ast.unparse(each)} times as long.",
        "Divide the loss by the number of batches before backward().",
    )


def _accumulates(evidence: float, sign: str, remedy: str) -> Finding:
    return Finding("gradient accumulation", evidence, sign, remedy, 5)


def _within_if(e: Event, step: Event) -> bool:
    return e.place.branches == step.place.branches and e.place.tests == step.place.tests


def _shares_if(e: Event, step: Event) -> bool:
    """Whether a backward() waits for the same condition."""
    own = set(step.place.branches)
    return bool(own) and own <= set(e.place.branches)


def _undivided(backward: Event, each: ast.expr, run: Run, program: Program) -> bool:
    """Whether backward() is called on a loss that is recognized as one, and is never divided."""
    number = ast.unparse(each)
    if "accelerator" in backward.owner or "fabric" in backward.owner:
        return False
    call = backward.value
    assert isinstance(call, ast.Call)
    node = call.args[0] if call.args else call.func.value  # type: ignore[attr-defined]
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        node = node.args[0] if last_word(node) == "scale" else node.func.value
    if isinstance(node, ast.Attribute) and node.attr == "loss":
        return isinstance(each, ast.Constant) and ".grad" not in ast.unparse(program.tree)
    if not isinstance(node, ast.Name):
        return False
    assigned = [e for e in run if e.name == "=" and e.owner == backward.text(node)]
    text = " ".join(ast.unparse(e.value) for e in assigned)
    if not assigned or not any(_plain_loss(e.value) for e in assigned):
        return False
    used = sum(
        ast.unparse(n) == number for n in ast.walk(program.tree) if isinstance(n, type(each))
    )
    rescaled = any(
        word in ast.unparse(program.tree)
        for word in (".grad.div", ".grad /=", ".grad.mul", ".grad *=")
    )
    divided = any(c in text for c in ("/", "*", "div(", "mul(", "scale")) or number in text
    return not divided and not rescaled and (used <= 3 or isinstance(each, ast.Constant))


def _plain_loss(node: ast.expr) -> bool:
    first = isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "0"
    return (
        is_loss(node)
        or (first and "output" in ast.unparse(node).lower())  # a Hugging Face model's
        or (isinstance(node, ast.Attribute) and node.attr == "loss")
        or (isinstance(node, ast.Call) and last_word(node) in ("mean", "criterion", "f", "loss_fn"))
    )


def _only_the_last(program: Program, roles: Roles) -> Finding | None:
    """zero_grad() and backward() at every batch, but step() only after the last."""
    for run in program.runs:
        for step in filter(roles.is_sure_step, run):
            own = [e for e in run if roles.is_backward(e) and e.within(step.loop)]
            inner = [e for e in own if len(e.place.loops) > len(step.place.loops)]
            if not inner or len(inner) < len(own) or not step.place.loops:
                continue
            steps = [e for e in run if roles.is_step(e) and e.within(inner[0].loop)]
            zeroes = [e for e in run if roles.is_zero(e) and e.within(inner[0].loop)]
            if zeroes and not steps:
                return _accumulates(
                    0.85,
                    "zero_grad() and backward() are called for every batch, step() only after the "
                    "loop, so all batches but the last are thrown away.",
                    "Move optimizer.step() into the loop, after backward().",
                )
    return None


def clips_scaled(program: Program) -> Finding | None:
    """Clipping of gradients that are still multiplied by the loss scale."""
    roles, behind = Roles(program), sides(program.tree)
    none: Sides = frozenset()
    scalers = {e.owner for e in program.events if last_word(e.value).endswith("GradScaler")}
    for run in program.runs:
        for e in filter(_clips, run):
            one = [
                o
                for o in run
                if (o.within(e.loop) or e.loop is None)
                and not apart(o, e)
                and not contradict(behind.get(id(o.value), none), behind.get(id(e.value), none))
            ]
            before = one[: one.index(e)]
            scaled = any(_scales(o, scalers) for o in (one if e.place.loops else before))
            back = e.place.loops or any(map(roles.is_backward, before))
            unscaled = any(o.name == "unscale_" for o in before)
            if scaled and back and not unscaled and "fabric" not in e.owner:
                return Finding(
                    "clips scaled gradients",
                    0.92,
                    "The gradient is clipped while it is still multiplied by the loss scale.",
                    "Call scaler.unscale_(optimizer) before clipping.",
                    10,
                )
    return None


def _scales(e: Event, scalers: set[str]) -> bool:
    """Whether it is `scaler.scale(loss)`, and not a picture that is scaled."""
    return e.name == "scale" and (e.owner in scalers or "scaler" in e.owner.lower())


def _clips(e: Event) -> bool:
    return e.name.startswith("clip_grad") and "accel" not in e.owner


def clipping(program: Program) -> Finding | None:
    """Clipping of gradients that don't exist yet, or that have already been used."""
    roles = Roles(program)
    for run in program.runs:
        for e in run:
            if not _clips(e) or not e.place.loops:
                continue
            one = [o for o in run if o.within(e.loop)]
            before = one[: one.index(e)]
            acts = [o for o in one if roles.is_backward(o) or roles.is_step(o)]
            last = next((o for o in reversed(acts) if o in before), None)
            rest = next((o for o in acts if o not in before), None)
            if last is None and rest is not None and roles.is_backward(rest):
                if any(roles.is_step(o) for o in one[one.index(rest) :]):
                    return _too_early(any(roles.is_zero(o) for o in before))
            elif (
                last is not None
                and roles.is_step(last)
                and (rest is None or roles.is_backward(rest))
            ):
                return Finding(
                    "clips after the step",
                    0.92,
                    "The gradient is clipped after step(), when the update has already been made.",
                    "Clip between backward() and step().",
                    10,
                )
    return None


def _too_early(cleared: bool) -> Finding:
    seen = "it doesn't exist yet" if cleared else "it is still the previous batch's"
    return Finding(
        "clips nothing",
        0.92,
        f"The gradient is clipped before backward(): {seen}.",
        "Clip between backward() and step().",
        10,
    )


GRADIENTS = (accumulation, clips_scaled, clipping)
