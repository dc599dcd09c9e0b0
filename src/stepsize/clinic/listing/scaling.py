"""Mixed precision's GradScaler: whether the optimizer's step goes through it, and it adapts."""

import ast

from ..finding import Finding
from .cuts import torn_off
from .program import Event, Program, last_word
from .roles import Roles

__all__ = ["SCALING"]


def scaler(program: Program) -> Finding | None:
    """A scaled backward() with a plain step(); or a scaler that is never told to update."""
    events, roles = list(program.events), Roles(program)
    names = {e.owner for e in events if e.name == "=" and last_word(e.value) == "GradScaler"}
    named = {_scaled_by(e) for e in events if roles.is_backward(e)}  # made elsewhere, perhaps
    names |= {name for name in named if "scaler" in name.lower()}
    steps = [e for e in events if e.name == "step" and e.owner in names]
    open_end = any(torn_off(e, program) for e in steps)
    if steps and not open_end and not any(_updates(e, names) for e in events):
        return Finding(
            "loss scaling",
            0.85,
            f"{steps[0].owner}.step() is called, but never {steps[0].owner}.update(): after the "
            "first overflow its scale stays too high, and it never takes another step.",
            "Call update() after each step().",
            10,
        )
    scaled = [e for e in events if roles.is_backward(e) and _is_scaled(e.value, names)]
    plain = [e for e in events if roles.is_sure_step(e) and e.place.loops and e.owner not in names]
    unscaled = any(e.name == "unscale_" for e in events)
    if scaled and plain and not steps and not unscaled:
        return Finding(
            "loss scaling",
            0.92,
            f"The loss is scaled, but {plain[0].owner}.step() uses the gradient without scaling it "
            "back: it is thousands of times too long.",
            f"Call {scaled[0].text(_scaler(scaled[0].value))}.step({plain[0].owner}) instead.",
            10,
        )
    return None


def _updates(e: Event, names: set[str]) -> bool:
    return e.name == "update" and e.owner in names


def _scaled_by(backward: Event) -> str:
    found = _scaler(backward.value)
    return backward.text(found) if found is not None else ""


def _is_scaled(call: ast.expr, names: set[str]) -> bool:
    found = _scaler(call)
    return found is not None and ast.unparse(found) in names


def _scaler(call: ast.expr) -> ast.expr | None:
    """The scaler of `scaler.scale(loss).backward()`."""
    inner = _owner(call)
    if isinstance(inner, ast.Call) and last_word(inner) == "scale":
        return _owner(inner)
    return None


def _owner(call: ast.expr) -> ast.expr | None:
    func = call.func if isinstance(call, ast.Call) else None
    return func.value if isinstance(func, ast.Attribute) else None


SCALING = (scaler,)
