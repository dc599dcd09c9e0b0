"""Whether each update gets the gradient of its own batch: faults of zero_grad, backward, step."""

import ast
import re
from dataclasses import replace

from ..finding import Finding
from .cuts import elsewhere, ends_at, torn_off, unstepped
from .program import Event, Program, Run, apart, last_word
from .roles import Roles, is_loss, loss_by_its_name, parameters_of

__all__ = ["UPDATES", "maybe_steps"]


def forgotten_zero(program: Program) -> Finding | None:
    """A backward() and a step() in a loop, and nothing there that clears the gradient."""
    roles = Roles(program)
    for run in program.runs:
        if _clears_in_a_method(program, roles):
            continue
        opaque = [e for e in run if roles.is_opaque(e)]
        zeroes = [e for e in run if roles.is_zero(e)]
        backwards = [e for e in run if roles.is_backward(e)]
        for step in filter(roles.is_step, run):
            if any(roles.hides(e, step) for e in opaque):
                continue
            near = [e for e in backwards if e.within(step.loop) or step.loop is None]
            back = [e for e in zeroes if e.within(step.loop) or step.loop is None]
            cut = torn_off if zeroes and step.place.tests else elsewhere
            if near and not back and not _frozen_out(near) and not cut(step, program):
                return _zero_finding(bool(zeroes))
            if near and _serves_others(step, zeroes, roles) and not elsewhere(step, program):
                return _zero_finding(True, owner=step.owner)
            if near and back and all(_now_and_then(e, step, near) for e in back):
                return _zero_finding(True, ast.unparse(back[0].place.tests[-1]))
    return None


def _clears_in_a_method(program: Program, roles: Roles) -> bool:
    """Whether the text has a function for zero_grad() alone, whose call was left out or cut off."""
    for run in program.runs:
        acts = [e for e in run if roles.is_zero(e) or roles.is_backward(e) or roles.is_step(e)]
        if acts and all(roles.is_zero(e) and e.place.function for e in acts):
            return True
    return False


def _serves_others(step: Event, zeroes: list[Event], roles: Roles) -> bool:
    """Whether only gradients of other optimizers, for other models, are cleared."""
    made = {e.owner: parameters_of(e) for e in roles.optimizers}
    cleared = {e.owner for e in zeroes}
    if step.owner not in made or not cleared or not cleared <= set(made) - {step.owner}:
        return False
    return not made[step.owner] & set().union(*(made[name] for name in cleared))


def _now_and_then(zero: Event, step: Event, backwards: list[Event]) -> bool:
    """Whether this waits for a test like `i % 50 == 0`, and neither the update nor backward()
    does."""
    if not zero.place.tests or "%" not in ast.unparse(test := zero.place.tests[-1]):
        return False
    return not any(test in e.place.tests or apart(zero, e) for e in (step, *backwards))


def _frozen_out(backwards: list[Event]) -> bool:
    """Whether every backward() is under no_grad(), so that nothing can add up."""
    return all(e.place.frozen for e in backwards)


def _zero_finding(outside: bool, test: str = "", owner: str = "") -> Finding:
    said = "The code calls backward() and step(), but never zero_grad()."
    if test:
        said = f"zero_grad() is called only if {test}, but step() after every batch."
    elif owner:
        said = f"{owner}.step() is called, but nothing clears the gradients of its model."
    elif outside:
        said = "zero_grad() is outside the loop that calls backward() and step()."
    cure = "Call optimizer.zero_grad() before each backward(), unless you accumulate on purpose."
    return Finding("forgotten zero_grad", 0.98, said, cure, 1)


def zeroed_before_step(program: Program) -> Finding | None:
    """zero_grad() between backward() and step(): no gradient arrives."""
    roles = Roles(program)
    for run in program.runs:
        last: Event | None = None  # the zero_grad() that came after a backward()
        pending: Event | None = None
        for e in (*run, *run):  # the end of one pass through a loop comes before the next pass
            if roles.is_backward(e):
                pending, last = e, None
            elif roles.is_zero(e) and pending is not None and _same(e, pending):
                last = e
            elif roles.is_sure_step(e) or (roles.is_step(e) and last is not None):
                if last is not None and _same(e, last) and _serves(last, e, roles):
                    return Finding(
                        "dead gradients",
                        0.95,
                        "zero_grad() comes between backward() and step(), so the step sees no "
                        "gradient.",
                        "Call zero_grad() before backward(), or after step().",
                        1,
                    )
                pending = last = None
    return None


def _same(a: Event, b: Event) -> bool:
    """Whether two events happen in one pass through the same loop, under the same conditions."""
    return _pass(a) == _pass(b) and a.place.branches == b.place.branches


def _pass(e: Event) -> tuple[ast.AST, ...]:
    """The loops that something is in, except one over a model's parameters."""
    loops = e.place.loops
    head = ast.unparse(loops[-1].iter) if loops and isinstance(loops[-1], ast.For) else ""
    return loops[:-1] if re.search(r"param(?:eter)?s|param_groups", head) else loops


def _serves(zero: Event, step: Event, roles: Roles) -> bool:
    """Whether this zero_grad clears what this optimizer would use."""
    if zero.owner == step.owner or step.owner not in roles.optimizer_names:
        return zero.owner == step.owner or "opt" not in zero.owner.lower()
    made = next(e for e in roles.optimizers if e.owner == step.owner)
    return zero.owner.rpartition(".grad")[0] in parameters_of(made) or zero.owner in parameters_of(
        made
    )


def never_steps(program: Program) -> Finding | None:
    """backward() in a loop, an optimizer, and no step()."""
    backward = _without_step(program)
    if not backward or any(_may_step_below(e, program) for e in backward):
        return None
    return Finding(
        "dead gradients",
        0.95,
        "The loop calls backward(), but never optimizer.step(), so no weight changes.",
        "Call optimizer.step() after backward().",
        1,
    )


def maybe_steps(program: Program) -> str:
    """What to say about a text that ends before step() could have come."""
    if not any(_may_step_below(e, program) for e in _without_step(program)):
        return ""
    return "The text ends before any step(). If nothing below it takes one, no weight changes."


def _without_step(program: Program) -> list[Event]:
    """Each backward() in a loop, in a text that has an optimizer and no update."""
    roles, events = Roles(program), list(program.events)
    optimizer = bool(roles.optimizers) or any(e.name == "zero_grad" for e in events)
    hidden = any(roles.is_opaque(e) or roles.is_step(e) for e in events) or _by_hand(program)
    backward = [e for e in events if roles.is_backward(e) and e.place.loops]
    return backward if optimizer and not hidden else []


def _may_step_below(backward: Event, program: Program) -> bool:
    """Whether the step() of this backward() may have been cut off."""
    return torn_off(backward, program) or (ends_at(backward, program) and unstepped(program))


def never_goes_back(program: Program) -> Finding | None:
    """step() in a loop, a loss, and no backward()."""
    roles, events = Roles(program), list(program.events)
    steps = [e for e in events if roles.is_step(e)]
    hidden = any(roles.is_opaque(e) for e in events) or _by_hand(program)
    sure = [e for e in steps if roles.is_sure_step(e) and e.place.loops and not e.arguments]
    zero = any(e.name == "zero_grad" for e in events)
    losses = any(is_loss(e.value) or loss_by_its_name(e) for e in events)
    any_backward = any("backward" in e.name or e.name in ("grad", "optimize") for e in events)
    plain = zero or any(_lost(e, run, sure) for run in program.runs for e in run)
    if sure and plain and losses and not any_backward and not hidden:
        return Finding(
            "dead gradients",
            0.95,
            "The loop calls optimizer.step(), but never backward(), so there is no gradient.",
            "Call loss.backward() between zero_grad() and step().",
            1,
        )
    return None


def _lost(e: Event, run: Run, steps: list[Event]) -> bool:
    """Whether this is the loss of a batch, followed by a step, and passed to nothing else."""
    if e.name != "=" or not (is_loss(e.value) or loss_by_its_name(e)) or not e.place.loops:
        return False
    if re.search("grad|step|train|update|backprop", ast.unparse(e.value.func)):  # type: ignore[attr-defined]
        return False  # that function may do everything
    handed = any(o.text(a) == e.owner for o in run for a in o.arguments if o.name not in SHOWS)
    return not handed and any(o.loop is e.loop for o in steps)


SHOWS = ("print", "append", "float", "set_postfix", "log", "write", "update")


def another_steps(program: Program) -> Finding | None:
    """Gradients are cleared for one optimizer, and then a different one takes the step."""
    roles, events = Roles(program), list(program.events)
    stepped = {e.owner for e in events if e.name == "step"}
    handed = {e.text(a) for e in events for a in e.arguments if isinstance(a, ast.Name)}
    for run in program.runs:
        cleared: set[str] = set()
        pending = False
        for e in (e for e in run if e.place.loops):
            if e.name == "zero_grad" and roles.is_sure_step(replace(e, name="step")):
                cleared.add(e.owner)
            elif roles.is_backward(e):
                pending = bool(cleared)
            elif roles.is_sure_step(e) and not e.arguments:
                idle = cleared - stepped - handed
                if pending and idle and e.owner not in cleared:
                    return Finding(
                        "dead gradients",
                        0.9,
                        f"{min(idle)} never takes a step: after its zero_grad() and backward() "
                        f"comes {e.owner}.step().",
                        f"Call {min(idle)}.step() there.",
                        1,
                    )
                cleared, pending = set(), False
    return None


def left_idle(program: Program) -> Finding | None:
    """Of several optimizers, one whose gradients are cleared and computed, and that never steps."""
    roles, events = Roles(program), list(program.events)
    by_hand = {e.owner for e in events if e.name == "=" and last_word(e.value) == "optimizers"}
    known = roles.optimizer_names | by_hand
    stepped = {e.owner for e in events if e.name == "step"}
    handed = {e.text(a) for e in events for a in e.arguments if isinstance(a, ast.Name)}
    cleared = [e for e in events if e.name == "zero_grad" and e.owner in known]
    for e in cleared:
        run = next(run for run in program.runs if any(o is e for o in run))
        later = run[run.index(e) + 1 :]
        backward = next((o for o in later if roles.is_backward(o)), None)
        if backward is None or not stepped & known or e.owner in stepped | handed:
            continue
        if not elsewhere(backward, program) and not ends_at(backward, program):
            return Finding(
                "dead gradients",
                0.9,
                f"{e.owner} never takes a step: its zero_grad() is called, but not its step().",
                f"Call {e.owner}.step() after its backward().",
                1,
            )
    return None


def _by_hand(program: Program) -> bool:
    """Whether gradients are read from `.grad`, or a hook gets them: that may change the weights."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and (node.attr == "grad" or re.fullmatch(r"register_\w*hook", node.attr))
        for node in ast.walk(program.tree)
    )


UPDATES = (
    forgotten_zero,
    zeroed_before_step,
    never_steps,
    never_goes_back,
    another_steps,
    left_idle,
)
