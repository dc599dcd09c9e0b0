"""Two schedules on one optimizer."""

import ast

from ..finding import Finding
from .cuts import ends_in
from .lengths import WARM, argument
from .program import Event, Program, apart, last_word
from .roles import JOIN, OVERWRITE, Roles

__all__ = ["PAIRS", "two"]

# These multiply the current rate, so they may be stepped side by side, as in torch's own examples.
CHAIN = (*WARM, "StepLR", "MultiStepLR", "ExponentialLR", "MultiplicativeLR", "ReduceLROnPlateau")


JOINED = (*WARM, "SWALR")  # seldom alone


def two_schedulers(program: Program) -> Finding | None:
    """Two schedules that write the rate of one optimizer."""
    names = _side_by_side(program)
    return two(names) if names else None


def two(names: list[str]) -> Finding | None:
    """The finding for two schedulers of these classes on one optimizer."""
    if len(names) < 2 or set(JOIN) & set(names):
        return None
    last = [name for name in names if name in OVERWRITE]
    effect = f"{last[0]} overwrites the rate" if last else "each multiplies what the other has left"
    return Finding(
        "two schedulers",
        0.9 if last or "ReduceLROnPlateau" in names else 0.7,
        f"{' and '.join(names)} are both attached to one optimizer: {effect}.",
        "Keep one. If you want both, join them with SequentialLR or ChainedScheduler.",
        7,
    )


def _side_by_side(program: Program) -> list[str]:
    roles = Roles(program)
    joined = {
        e.text(n)
        for e in program.events
        for n in (
            ast.walk(e.value)
            if last_word(e.value) in JOIN or "Sequential" in e.name or e.name == "append"
            else ()
        )
        if isinstance(n, ast.Name | ast.Attribute)
    }
    alone = [
        e for e in roles.schedulers if e.owner not in joined and last_word(e.value) not in JOIN
    ]
    for i, one in enumerate(alone):
        for other in alone[i + 1 :]:
            same = _of(one) == _of(other) and _of(one) and one.owner != other.owner
            if same and not apart(one, other) and not _meant_together(one, other, program, roles):
                return [last_word(one.value), last_word(other.value)]
    return []


def _of(made: Event) -> str:
    """The optimizer that a scheduler was created for."""
    assert isinstance(made.value, ast.Call)
    node = argument(made.value, 0, "optimizer")
    return made.text(node) if node is not None else ""


def _meant_together(one: Event, other: Event, program: Program, roles: Roles) -> bool:
    """Whether an `if` separates their steps, or they multiply each other on purpose."""
    if one.place.function != other.place.function:
        return True
    steps = [
        [e for e in program.events if roles.is_schedule(e) and e.owner == m.owner]
        for m in (one, other)
    ]
    kinds = [last_word(m.value) for m in (one, other)]
    if not all(steps) and _is_open(program, roles, kinds):
        return True  # what joins or separates them may come later
    if all(steps) and all(apart(a, b) for a in steps[0] for b in steps[1]):
        return True
    guarded = [any(e.place.tests for e in own) for own in steps]
    warm = any(
        k in WARM or "warm" in m.owner.lower() for k, m in zip(kinds, (one, other), strict=True)
    )
    if all(steps) and warm and (any(guarded) or set(kinds) & set(WARM)):
        return True
    return all(steps) and set(kinds) <= set(CHAIN)


def _is_open(program: Program, roles: Roles, kinds: list[str]) -> bool:
    """Whether the text ends before its loop of updates does.

    For a text without a loop: whether it may end before the two are joined.
    """
    backwards = [e for e in program.events if roles.is_backward(e) and e.place.loops]
    loops = [e.place.loops[0] for e in backwards]
    tail = program.tree.body[-1] if program.tree.body else None
    functions = isinstance(tail, ast.ClassDef) or getattr(tail, "name", "")[:9] == "configure"
    if isinstance(tail, ast.For | ast.While) and not loops:
        return True
    if functions or not loops:
        return not functions and any(k in JOINED or "warm" in k.lower() for k in kinds)
    return any(ends_in(loop, program) for loop in loops)


PAIRS = (two_schedulers,)
