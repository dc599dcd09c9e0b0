"""Names that should hold a copy of the model or its weights, and hold the model itself."""

import ast
import re

from ..finding import Finding
from .program import Event, Program, Run, last_word
from .roles import parameters_of

__all__ = ["COPIES"]

FOLLOWS = re.compile(r"(ema|avg|average|shadow|teacher|target|momentum|swa)_?|_(ema|avg|target)$")


def kept_by_name(program: Program) -> Finding | None:
    """`best = model.state_dict()`, loaded at the end: these are the last weights, not the best."""
    for run in program.runs:
        for i, e in enumerate(run):
            model = _state_of(e)
            later = run[i + 1 :]
            if model and e.place.loops and _trains(run, e) and _loads(later, model, e):
                return _finding(
                    f"{e.owner} isn't a copy of {model}'s weights", model, "state_dict()"
                )
            if _is_model(e, run) and e.place.loops and _used_after(e, run):
                return _finding(f"{e.owner} isn't a copy of {_named(e)}", _named(e), "")
    return None


def follows_itself(program: Program) -> Finding | None:
    """`ema = model`, and then an average of the two: both are the same weights."""
    for run in program.runs:
        for i, e in enumerate(run):
            if not _is_model(e, run) or not FOLLOWS.search(e.owner.lower()):
                continue
            paired = (
                f"{e.owner}.parameters",
                f"{e.owner}.load_state_dict",
                f"{e.owner}.state_dict",
            )
            again = any(o.name == "=" and o.owner == e.owner for o in run if o is not e)
            if not again and any(f"{o.owner}.{o.name}" in paired for o in run[i + 1 :]):
                return _finding(f"{e.owner} isn't a copy of {_named(e)}", _named(e), "")
    return None


def _finding(said: str, model: str, what: str) -> Finding:
    whole = f"{model}.{what}" if what else model
    return Finding(
        "not a copy",
        0.88,
        f"{said}: it changes with every update, too.",
        f"Use copy.deepcopy({whole}).",
        9,
    )


def _state_of(e: Event) -> str:
    """The model of `best = model.state_dict()`."""
    plain = e.name == "=" and last_word(e.value) == "state_dict" and isinstance(e.value, ast.Call)
    func = e.value.func if plain else None  # type: ignore[attr-defined]
    return e.text(func.value) if isinstance(func, ast.Attribute) else ""


def _trains(run: Run, e: Event) -> bool:
    """Whether the weights change in the same loop."""
    return any(o.name == "step" and o.within(e.place.loops[0]) for o in run)


def _loads(later: Run, model: str, kept: Event) -> bool:
    """Whether these weights are loaded back into the model after the loop."""
    return any(
        o.name == "load_state_dict"
        and o.owner == model
        and not o.within(kept.place.loops[0])
        and [o.text(a) for a in o.arguments[:1]] == [kept.owner]
        for o in later
    )


def _named(e: Event) -> str:
    return e.text(e.value)


def _is_model(e: Event, run: Run) -> bool:
    """Whether this gives a second name to a model that an optimizer holds."""
    if e.name != "=" or not isinstance(e.value, ast.Name) or e.owner == _named(e):
        return False
    held = any(o.name == "=" and _named(e) in parameters_of(o) for o in run)
    return held and (bool(FOLLOWS.search(e.owner.lower())) or "best" in e.owner.lower())


def _used_after(e: Event, run: Run) -> bool:
    """Whether the best model is used after the loop that goes on training it."""
    loop = e.place.loops[0]
    uses = [o for o in run if not o.within(loop) and run.index(o) > run.index(e)]
    said = any(e.owner in (o.owner, o.name) or _given(e.owner, o) for o in uses)
    return "best" in e.owner.lower() and said and _trains(run, e)


def _given(name: str, e: Event) -> bool:
    return any(e.text(a) == name for a in e.arguments)


COPIES = (kept_by_name, follows_itself)
