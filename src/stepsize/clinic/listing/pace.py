"""Whether a schedule is stepped at the pace its length was meant for."""

import ast
import re
from collections.abc import Iterator

from ..finding import Finding
from .cuts import ends_at, ends_in, unfinished
from .lengths import Known, lengths, over_batches
from .program import Event, Program, Run, last_word
from .roles import Roles

__all__ = ["PACE", "maybe_stepped"]

IN_STEPS = re.compile(r"len\(|total_steps|training_steps|max_steps|stepping_batches|per_epoch")


def wrong_loop(program: Program) -> Finding | None:
    """A schedule whose length is in epochs, stepped at every batch; or the other way around."""
    known = Known(program)
    for run in program.runs:
        for e in run:
            if not known.roles.is_schedule(e):
                continue
            where = _where(e, run, known.roles)
            for made in known.made(e.owner) if where else ():
                meant = known.meant(made, e, where)
                if meant and meant != where:
                    return _pace(last_word(made.value), where)
    return _lightning(known)


def _pace(kind: str, where: str) -> Finding:
    other = "epochs" if where == "batch" else "batches"
    return Finding(
        "schedule at the wrong pace",
        0.9,
        f"{kind} is stepped once per {where}, but its length is counted in {other}.",
        "Step it at the pace its number of steps was meant for.",
        7,
    )


def _where(e: Event, run: Run, roles: Roles) -> str:
    """The loop that a scheduler is stepped in: "batch", "epoch", or "" if that is unclear."""
    if any(
        "len(" in (t := ast.unparse(test)) or "last" in t or "epoch" in t for test in e.place.tests
    ):
        return ""
    updates = [o for o in run if roles.is_step(o) or roles.is_backward(o)]
    updates = [o for o in updates if o.place.loops]
    own = [test for test in e.place.tests if "%" in ast.unparse(test)]
    if any(test not in o.place.tests for test in own for o in updates if roles.is_step(o)):
        return ""  # only now and then, perhaps after an evaluation
    if not updates or not e.place.loops:
        return ""
    if e.loop in [o.loop for o in updates]:
        alone = len(e.place.loops) == 1
        if alone and not over_batches(e.loop):
            return ""  # one loop only: of epochs with one batch each, or of updates
        return "batch"
    return "epoch" if any(o.within(e.loop) for o in updates) else ""


def _lightning(known: Known) -> Finding | None:
    """For configure_optimizers(): Lightning steps once per epoch unless told otherwise."""
    for f in ast.walk(known.program.tree):
        if not isinstance(f, ast.FunctionDef) or f.name != "configure_optimizers":
            continue
        text = ast.unparse(f)
        by_step = bool(re.search(r"'interval': *'step'|interval='step'", text))
        back = " ".join(ast.unparse(n) for n in ast.walk(f) if isinstance(n, ast.Return))
        for made in known.roles.schedulers:
            call = made.value
            if (
                made.place.function != f.name
                or made.owner not in back
                or not isinstance(call, ast.Call)
            ):
                continue
            kind = last_word(call)
            texts = [known.spelled(made, node) for node in lengths(kind, call)]
            if by_step:
                epochs = texts and all(
                    "epoch" in t and not IN_STEPS.search(t) and "*" not in t for t in texts
                )
                if epochs and kind != "OneCycleLR":
                    return _pace(kind, "batch")
                continue
            if kind == "OneCycleLR" and not any("epoch" in t and "steps" not in t for t in texts):
                return _pace(kind, "epoch")
            if any(IN_STEPS.search(t) for t in texts):
                return _pace(kind, "epoch")
    return None


def never_stepped(program: Program) -> Finding | None:
    """A schedule that is made before a loop of updates, and is never heard of again."""
    made = next(_unstepped(program, open_end=False), None)
    if made is None:
        return None
    return Finding(
        "schedule never stepped",
        0.7,
        f"{last_word(made.value)} is created but never stepped, so the rate stays the same.",
        f"Call {made.owner}.step() as often as its number of steps assumes: after each batch, or "
        "after each epoch.",
        7,
    )


def maybe_stepped(program: Program) -> str:
    """What to say about a schedule whose step() may come after the end of the text."""
    made = next(_unstepped(program, open_end=True), None)
    if made is None:
        return ""
    return (
        f"{last_word(made.value)} is created, and the text ends before any {made.owner}.step(). "
        "If nothing below it calls that, the rate stays the same."
    )


def _unstepped(program: Program, open_end: bool) -> Iterator[Event]:
    """Schedules that the text never steps; open_end: those that may be stepped after its end."""
    roles = Roles(program)
    if any(isinstance(n, ast.Constant) and n.value is ... for n in ast.walk(program.tree)):
        return  # the text has been shortened
    for run in program.runs:
        for i, made in enumerate(run):
            if made not in roles.schedulers or not made.owner.isidentifier():
                continue
            later = [e for e in run[i:] if e.place.loops]
            trains = any(map(roles.is_backward, later)) and any(map(roles.is_step, later))
            if trains and not _heard_of(made.owner, program):
                steps = [e for e in later if roles.is_step(e)]
                others = [e for e in later if roles.is_schedule(e) and ends_at(e, program)]
                cut = bool(others) or any(_may_go_on(e, program, made.owner) for e in steps)
                if cut == open_end:
                    yield made


def _may_go_on(step: Event, program: Program, schedule: str) -> bool:
    """Whether the text ends before the places where a schedule is stepped after this update."""
    nested = len(step.place.loops) > 1
    return (ends_in(step.loop, program) if nested else ends_at(step, program)) or (
        ends_in(step.place.loops[0], program) and unfinished(program, but=schedule)
    )


LOOKS = ("get_last_lr", "get_lr", "last_epoch", "state_dict", "load_state_dict")


def _heard_of(name: str, program: Program) -> bool:
    """Whether a name is read anywhere, other than to look at the rate or to store it."""
    nodes = list(ast.walk(program.tree))
    looks = {id(n.value) for n in nodes if isinstance(n, ast.Attribute) and n.attr in LOOKS}
    return any(
        isinstance(n, ast.Name)
        and n.id == name
        and isinstance(n.ctx, ast.Load)
        and id(n) not in looks
        for n in nodes
    )


PACE = (wrong_loop, never_stepped)
