"""Which models a backward() reaches: one detach() too many, or one too few."""

import ast
import math
import re
from collections.abc import Iterable

from ..finding import Finding
from .program import Event, Program, Run
from .roles import Roles, parameters_of

__all__ = ["REACH"]

HOLDS_ONLY = (
    "parameters", "train", "to", "cuda", "zero_grad", "state_dict", "load_state_dict", "double",
    "named_parameters", "float", "eval", "apply",
)  # fmt: skip


def never_reached(program: Program) -> Finding | None:
    """A model that the optimizer holds, and whose output is detached wherever it is called."""
    roles, parents = Roles(program), _parents(program.tree)
    for run in program.runs:
        stepped = {e.owner for e in run if roles.is_step(e) and e.place.loops}
        trains = any(roles.is_backward(e) and e.place.loops for e in run)
        for owner, model in _held(run, roles) if trains else ():
            calls = [e for e in program.events if _full(e) == model and not e.place.frozen]
            if owner not in stepped or not calls or _used_otherwise(model, program):
                continue
            if all(_is_cut(e, program, parents) for e in calls):
                return Finding(
                    "dead gradients",
                    0.9,
                    f"The output of {model} is detached, so {model} gets no gradient, though "
                    f"{owner} is meant to train it.",
                    f"Leave out detach() if {model} should learn; otherwise take its "
                    "parameters from the optimizer.",
                    9,
                )
    return None


def _held(run: Run, roles: Roles) -> list[tuple[str, str]]:
    """Each optimizer with each of its models; judging by names if the text creates none."""
    if roles.optimizers:
        return [(made.owner, model) for made in roles.optimizers for model in parameters_of(made)]
    models = dict.fromkeys(_full(e) for e in run if _is_called_alone(e))
    return [(owner, model) for model in models for owner in _holders(model, run, roles)]


def _is_called_alone(e: Event) -> bool:
    """Whether this calls an object itself and not one of its methods: `netG(z)`, `self.G(z)`."""
    return e.name != "=" and e.owner in ("", "self")


def not_detached(program: Program) -> Finding | None:
    """The discriminator's loss reaches the generator, and its gradient stays until G's step."""
    roles, parents = Roles(program), _parents(program.tree)
    for run in program.runs:
        for fake in (e for e in run if e.name == "=" and isinstance(e.value, ast.Call)):
            maker = fake.text(fake.value.func)  # type: ignore[attr-defined]
            holders = _holders(maker, run, roles)
            if not holders or not fake.place.loops or _is_cut_assigned(fake, parents):
                continue
            own = [e for e in run[run.index(fake) :] if e.loop is fake.loop]
            judge = _mixed(own, fake, maker, holders, roles)
            if judge:
                return Finding(
                    "forgotten detach",
                    0.85,
                    f"The loss of {judge} reaches {maker} through {fake.owner}, and its gradient "
                    f"is still there when {holders[0]} takes its step.",
                    f"Call {judge}({fake.owner}.detach()) there, or clear the gradients of {maker} "
                    "after that backward().",
                    1,
                )
    return None


def _mixed(own: list[Event], fake: Event, maker: str, holders: list[str], roles: Roles) -> str:
    """The model that judges `fake`, if its gradient is still in the maker when that is stepped."""
    judge, reached, judged = "", False, False
    for e in own:
        given = e.name != "=" and any(e.text(a) == fake.owner for a in e.arguments)
        if given and not e.place.frozen and _holders(_full(e), own, roles):
            judge = judge or _full(e)
        elif roles.is_backward(e) and judge:
            reached = reached or not judged
        elif roles.is_step(e) and reached and e.owner in _holders(judge, own, roles):
            judged = True
        elif roles.is_zero(e) and (e.owner in holders or e.owner == maker) and reached:
            return ""
        elif roles.is_step(e) and e.owner in holders:
            return judge if judged and reached else ""
    return ""


def _holders(model: str, run: Iterable[Event], roles: Roles) -> list[str]:
    """The optimizers of this model alone; judging by names if the text creates none."""
    if roles.optimizers:
        return [m.owner for m in roles.optimizers if parameters_of(m) == {model}]
    side = _side(model)
    steps = dict.fromkeys(e.owner for e in run if roles.is_sure_step(e))
    return [name for name in steps if side and _side(name) == side]


def _side(name: str) -> str:
    """Whether a name is that of a generator ("g") or of a discriminator ("d"), or of neither."""
    own = {(a or b).lower() for a, b in SIDES.findall(name)}
    return own.pop() if len(own) == 1 else ""


SIDES = re.compile(r"(?:^|_|(?<=[a-z]))([GD])(?:$|_)|(?:^|_)([gd])(?:en\w*|is\w*)?(?:$|_)")


def _full(e: Event) -> str:
    if e.name == "=":
        return ""
    return f"{e.owner}.{e.name}" if e.owner else e.name


def _parents(tree: ast.AST) -> dict[int, ast.AST]:
    return {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def _cuts(node: ast.AST | None) -> bool:
    """Whether it is the attribute in `out.detach()`, `out.data`."""
    return isinstance(node, ast.Attribute) and node.attr in ("detach", "data")


def _is_cut_assigned(e: Event, parents: dict[int, ast.AST]) -> bool:
    return e.place.frozen or "detach" in ast.unparse(e.value) or _cuts(parents.get(id(e.value)))


def _is_cut(e: Event, program: Program, parents: dict[int, ast.AST]) -> bool:
    """Whether the output of this call is detached at once, or wherever its name is read."""
    parent = parents.get(id(e.value))
    if _cuts(parent):
        return True
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    if not isinstance(target, ast.Name):
        return False
    shown = [o.value.lineno for o in program.events if o.owner == target.id and o.place.frozen]
    end = min((line for line in shown if line > e.value.lineno), default=math.inf)
    reads = [n for n in ast.walk(program.tree) if _reads(n, target.id) and n.lineno < end]  # type: ignore[attr-defined]
    return bool(reads) and all(_cuts(parents.get(id(n))) for n in reads)


def _reads(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def _used_otherwise(model: str, program: Program) -> bool:
    """Whether the text does more with it than call it: freezes it, or passes it on."""
    for e in program.events:
        if e.name == "=":
            part = e.owner.startswith(f"{model}.")
            used = part or (isinstance(e.value, ast.Name) and e.text(e.value) == model)
        else:
            handed = any(e.text(a) == model for a in e.arguments)
            used = handed or (e.owner == model and e.name not in HOLDS_ONLY)
        if used:
            return True
    return False


REACH = (never_reached, not_detached)
