"""Whether the optimizer holds what the loop trains, for as long as it trains."""

import ast

from ..finding import Finding
from .program import Event, Program, Run, apart, last_word
from .roles import Roles, is_loss, parameters_of

__all__ = ["PARAMETERS"]


def other_parameters(program: Program) -> Finding | None:
    """The optimizer was created for a model that isn't trained, or that has been replaced."""
    roles = Roles(program)
    for run in program.runs:
        for i, made in enumerate(run):
            if made not in roles.optimizers:
                continue
            said = _not_called(made, run, i, roles) or _replaced(made, run, i, roles)
            if said:
                return Finding(
                    "dead gradients",
                    0.92,
                    said,
                    "Create the optimizer from the parameters of the model you train, after "
                    "all its layers are in place.",
                    1,
                )
    return None


def _mentions(e: Event, name: str) -> bool:
    """Whether this event's text contains that name, or the name of its owner."""
    root = name.split(".")[0] if name.split(".")[0] != "self" else name
    if e.owner == name or e.owner.startswith(name + "."):
        return True
    nodes = [n for n in ast.walk(e.value) if isinstance(n, ast.Name | ast.Attribute)]
    return any(e.text(n) in (name, root) for n in nodes)


def _not_called(made: Event, run: Run, i: int, roles: Roles) -> str:
    """`SGD(a.parameters())`, though the loop calls only b, which was made like a."""
    held = parameters_of(made)
    if len(held) != 1 or "." in (name := next(iter(held))):
        return ""
    later = run[i + 1 :]
    backward = next((e for e in later if roles.is_backward(e) and e.place.loops), None)
    if backward is None or any(_mentions(e, name) for e in later):
        return ""
    loop = backward.place.loops[0]
    for e in run:
        constructs = e.name == "=" and isinstance(e.value, ast.Call) and "." not in e.owner
        if (
            not constructs
            or e.owner == name
            or _mentions(Event("", "", e.value, e.place, e.names), name)
        ):
            continue
        called = any(one.name == e.owner and not one.owner and one.within(loop) for one in later)
        if called and last_word(e.value)[:1].isupper() and not is_loss(e.value) and _is_model(e):
            return f"The optimizer holds the parameters of {name}, but the loop trains {e.owner}."
    return ""


def _is_model(e: Event) -> bool:
    word = last_word(e.value)
    return not word.endswith(("Loss", "LR", "Loader", "Dataset", "Scaler", "Accelerator"))


def _replaced(made: Event, run: Run, i: int, roles: Roles) -> str:
    """A model, or one of its layers, that is replaced after its optimizer, and then trained."""
    for name in parameters_of(made):
        for j, e in enumerate(run[i + 1 :], i + 1):
            if e in roles.optimizers and name in parameters_of(e):
                break
            if e.name != "=" or apart(e, made) or not _new_module(e, name):
                continue
            if e.place.call != made.place.call:
                continue  # a name of another function
            if set(map(id, e.place.loops)) - set(map(id, made.place.loops)):
                continue  # made again and again: who knows
            later = run[j + 1 :]
            again = next((k for k, o in enumerate(later) if o in roles.optimizers), len(later))
            if any(roles.is_backward(o) for o in later[:again]):
                return f"{e.owner} is replaced after the optimizer was created from {name}."
    return ""


def _new_module(e: Event, name: str) -> bool:
    """Whether this assigns a new module to the model, or to a part of it."""
    if not isinstance(e.value, ast.Call) or not (e.owner == name or e.owner.startswith(name + ".")):
        return False
    word = last_word(e.value)
    if e.owner == name:
        arguments = [last_word(n) for a in e.arguments for n in ast.walk(a)]
        owner = ast.unparse(e.value.func).split(".")[0]
        return name not in arguments and owner != name and word not in ("prepare", "setup")
    return ast.unparse(e.value.func).startswith(("nn.", "torch.nn.")) and word != "Parameter"


def made_anew(program: Program) -> Finding | None:
    """The optimizer is created in the loop over epochs, so its memory is lost each time."""
    roles = Roles(program)
    for run in program.runs:
        for e in (e for e in run if e in roles.optimizers and e.place.loops):
            loop = e.loop
            conditional = any(b for b in e.place.branches if b not in _outside(loop, run))
            if not isinstance(loop, ast.For) or conditional or not _over_epochs(loop):
                continue
            own = [o for o in run if o.within(loop)]
            fresh = any(o.name == "=" and o.owner in parameters_of(e) for o in own)
            fresh = fresh or any(_resets(o.name) for o in own)
            trains = [o for o in own if roles.is_backward(o)]
            depth = e.place.loops.index(loop)
            if trains and not fresh and all(len(o.place.loops) - depth <= 2 for o in trains):
                return Finding(
                    "optimizer made anew",
                    0.9,
                    f"{last_word(e.value)} is created inside the loop, so its memory is lost each "
                    "time.",
                    "Create the optimizer once, before the loop.",
                    4,
                )
    return None


def _outside(loop: ast.AST | None, run: Run) -> set[tuple[int, str]]:
    """The branches around the whole loop."""
    own = [set(e.place.branches) for e in run if e.within(loop)]
    return set.intersection(*own) if own else set()


def _over_epochs(loop: ast.For) -> bool:
    """A loop over epochs or batches, not over folds, seeds, rates or clients."""
    over = ast.unparse(loop.iter).lower()
    target = ast.unparse(loop.target).lower()
    if "epoch" in target + over or "loader" in over:
        return True
    counted = "range(" in over or "load" in over or "enumerate(" in over
    short = len(target) <= 2 or "step" in target or "batch" in target
    return (
        counted and short and not any(w in over for w in ("fold", "seed", "trial", "run", "task"))
    )


def _resets(name: str) -> bool:
    return any(
        word in name.lower() for word in ("reset", "init", "load_state", "deepcopy", "clone")
    )


def evaluates(program: Program) -> Finding | None:
    """eval() on the model that is trained, and no train() before the next backward()."""
    roles = Roles(program)
    for run in program.runs:
        loops = [e for e in run if roles.is_backward(e) and e.place.loops]
        for i, e in enumerate(run):
            if e.name != "eval" or not _trained(e.owner, run, roles) or not loops:
                continue
            outer = e.place.loops[0] if e.place.loops else None
            after = [o for o in run[i + 1 :]] + [o for o in run if outer and o.within(outer)]
            for o in after:
                if o.name == "train" and not apart(o, e):
                    break
                if roles.is_backward(o) and not apart(o, e):
                    return Finding(
                        "eval mode",
                        0.85,
                        f"{e.owner}.eval() is called, and there is no train() before the next "
                        "backward().",
                        "Call model.train() at the start of each epoch. Otherwise dropout stays "
                        "off and BatchNorm's statistics are frozen.",
                        9,
                    )
    return None


def _trained(name: str, run: Run, roles: Roles) -> bool:
    """Whether the loop trains this model: it is called there, and the optimizer holds it."""
    held = set().union(*(parameters_of(e) for e in roles.optimizers)) if roles.optimizers else set()
    called = any(
        (f"{e.owner}.{e.name}" if e.owner else e.name) == name
        and e.place.loops
        and not e.place.frozen
        for e in run
    )
    return called and (name in held if held else roles.is_step is not None and _alone(run))


def _alone(run: Run) -> bool:
    """Whether a text that creates no optimizer has only one eval()."""
    return len({e.owner for e in run if e.name in ("eval", "train")}) == 1


PARAMETERS = (other_parameters, made_anew, evaluates)
