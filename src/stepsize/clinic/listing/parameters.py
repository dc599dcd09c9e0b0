"""Whether the optimizer holds what the loop trains, for as long as it trains."""

import ast
import re

from ..finding import Finding
from .program import Event, Program, Run, apart, last_word
from .roles import NO_MODELS, Roles, is_loss, made_by, parameters_of

__all__ = ["PARAMETERS"]


def other_parameters(program: Program) -> Finding | None:
    """The optimizer was created for a model that isn't trained, or that has been replaced."""
    roles = Roles(program)
    for run in program.runs:
        for i, made in enumerate(run):
            if made not in roles.optimizers:
                continue
            said = (
                _not_called(made, run, i, roles)
                or _of_another(made, run, program, roles)
                or _replaced(made, run, i, roles)
                or _twice_held(made, run, i, roles)
                or _copied(made, run, i, roles)
                or _never_learns(made, program, roles)
                or _nobody_holds(program, roles)
                or _of_a_sibling(made, run, i, roles, program)
            )
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


WHOLE = re.compile(
    r"(\w+_)?(model|net|network)(_?[a-z\d])?|other|old|teacher|student", re.IGNORECASE
)


def _of_another(made: Event, run: Run, program: Program, roles: Roles) -> str:
    """`SGD(net1.parameters())` where the loop calls net2, and the text creates neither."""
    held = next(iter(parameters_of(made)), "")
    nodes = [n.id for n in ast.walk(program.tree) if isinstance(n, ast.Name)]
    idle = [e for e in run if not e.owner and e.name == held and e.place.frozen]
    modes = [e for e in run if e.owner == held and e.name == "eval"]
    elsewhere = nodes.count(held) - len(idle) - len(modes)
    if not WHOLE.fullmatch(held) or elsewhere != 1 or len(roles.optimizers) > 1:
        return ""
    assigned = {e.owner for e in program.events if e.name == "="}
    calls = [e for e in run if e.name != "=" and not e.owner and WHOLE.fullmatch(e.name)]
    called = {e.name for e in calls if e.place.loops and not e.place.frozen}
    trained = next(iter(called), "")
    wraps = held in trained and "other" not in trained  # ddp_model most likely wraps model
    if len(called) != 1 or trained in assigned | {held} or held in assigned or wraps:
        return ""
    if not any(roles.is_backward(e) and e.loop is calls[-1].loop for e in run):
        return ""
    return f"The optimizer holds the parameters of {held}, and the loop trains {trained}."


def _twice_held(made: Event, run: Run, i: int, roles: Roles) -> str:
    """Two optimizers for one model in one loop, where nothing holds a different model."""
    held = parameters_of(made)
    for other in run[i + 1 :]:
        if len(held) != 1 or other not in roles.optimizers or parameters_of(other) != held:
            continue
        loops = [{id(e.loop) for e in run if e.name == "step" and o.owner == e.owner and e.loop}
                 for o in (made, other)]  # fmt: skip
        left = _left_out(run, roles)
        if other.owner != made.owner and not apart(made, other) and loops[0] & loops[1] and left:
            return (
                f"{made.owner} and {other.owner} both hold the parameters of {next(iter(held))}, "
                f"and neither holds those of {left}."
            )
    return ""


def _copied(made: Event, run: Run, i: int, roles: Roles) -> str:
    """A copy that is made after the optimizer, and is trained instead of the model."""
    held, later = parameters_of(made), run[i + 1 :]
    name = next(iter(held), "")
    everyone = set().union(*(parameters_of(e) for e in roles.optimizers))
    trains = any(roles.is_backward(e) and e.place.loops for e in later)
    if len(held) != 1 or not trains or any(_calls(e, name) for e in later):
        return ""
    for e in later:
        copied = e.name == "=" and f"deepcopy({name})" in ast.unparse(e.value)
        learns = any(_calls(o, e.owner) and o.place.loops and not o.place.frozen for o in later)
        if copied and learns and e.owner not in everyone:
            return f"The optimizer holds the parameters of {name}, and the loop trains {e.owner}."
    return ""


def _left_out(run: Run, roles: Roles) -> str:
    """A model whose gradients are cleared, or that is set to train, and that no optimizer holds."""
    held = set().union(*(parameters_of(e) for e in roles.optimizers))
    asked = [e.owner for e in run if e.name in ("zero_grad", "train") and not e.arguments]
    asked = [name for name in asked if name not in roles.optimizer_names]
    return next((name for name in asked if name and name not in held), "")


def _nobody_holds(program: Program, roles: Roles) -> str:
    """A model made in the text, set to train and called in the loop, that no optimizer holds."""
    held = [parameters_of(e) for e in roles.optimizers]
    if not all(held):
        return ""  # one of them may have been given this model in some other way
    text, events = ast.unparse(program.tree), list(program.events)
    for made in events:
        name = made.owner
        if made.name != "=" or "." in name or not made_by(made.value):
            continue
        own = [e.name for e in events if e.owner == name]
        modes = [mode for mode in own if mode in ("train", "eval")]
        if modes[:1] != ["train"]:
            continue
        handed = any(
            isinstance(a, ast.Name) and e.text(a) == name for e in events for a in e.arguments
        )
        inside = re.search(rf"\b{re.escape(name)}\.(\w+\.)*(named_)?parameters\(", text)
        learns = any(_calls(e, name) and not e.place.frozen for e in events)
        if learns and not handed and not inside:
            return f"{name} is in training mode, but no optimizer holds its parameters."
    return ""


PLAIN = re.compile(r"Linear|Conv\w*|Embedding|LSTM|GRU|RNN|\w*Norm\w*")  # layers, not models


def _of_a_sibling(made: Event, run: Run, i: int, roles: Roles, program: Program) -> str:
    """`SGD(model_0.parameters())`, the only mention of model_0, below `model_1 = Net()`, the only
    mention of model_1."""
    held = next(iter(parameters_of(made)), "")
    stem = held.rstrip("0123456789")
    names = [n.id for n in ast.walk(program.tree) if isinstance(n, ast.Name)]
    one_of_several = made.owner[-1:].isdigit() or len(roles.optimizers) > 1
    if _mentioned(held, names) != 1 or stem == held or not stem or one_of_several:
        return ""
    kinds = {e.owner: made_by(e.value) for e in run[:i] if e.name == "=" and made_by(e.value)}
    siblings = [name for name in kinds if name.rstrip("0123456789") == stem != name]
    if len(siblings) != 1 or _mentioned(sibling := siblings[0], names) != 1:
        return ""
    kind = kinds[sibling]
    if PLAIN.fullmatch(kind) or list(kinds.values()).count(kind) != 1:
        return ""
    return f"The optimizer holds the parameters of {held}; the code creates {sibling}, not {held}."


def _mentioned(name: str, names: list[str]) -> int:
    """How often; model_1_wrapped most likely wraps model_1."""
    return sum(one.startswith(name) for one in names)


ABOUT = (
    "train", "eval", "parameters", "state_dict", "load_state_dict", "to", "cuda", "zero_grad",
    "named_parameters", "requires_grad_", "apply", "half", "cpu",
)  # fmt: skip


def _never_learns(made: Event, program: Program, roles: Roles) -> str:
    """A model that is only called under no_grad(), while a second one of its class is trained."""
    held = parameters_of(made)
    name = next(iter(held), "")
    calls = [e for e in program.events if _calls(e, name)]
    if len(held) != 1 or not calls or not all(e.place.frozen for e in calls):
        return ""
    kinds = {e.owner: made_by(e.value) for e in program.events if e.name == "="}
    others = [n for n, kind in kinds.items() if n != name and kind and kind == kinds.get(name)]
    everyone = set().union(*(parameters_of(e) for e in roles.optimizers))
    for run in program.runs:
        trains = any(roles.is_backward(e) for e in run) and any(map(roles.is_step, run))
        for other in others if trains else ():
            if other not in everyone and any(_calls(e, other) and not e.place.frozen for e in run):
                return f"The optimizer holds the parameters of {name}, and the loop trains {other}."
    return ""


def _calls(e: Event, model: str) -> bool:
    """Whether this calls the model, or a method of it that may compute something."""
    full = f"{e.owner}.{e.name}" if e.owner else e.name
    return e.name != "=" and (full == model or (e.owner == model and e.name not in ABOUT))


def _is_model(e: Event) -> bool:
    return not last_word(e.value).endswith(NO_MODELS)


def _replaced(made: Event, run: Run, i: int, roles: Roles) -> str:
    """A model, or one of its layers, that is replaced after its optimizer, and then trained."""
    for name in parameters_of(made):
        for j, e in enumerate(run[i + 1 :], i + 1):
            if e in roles.optimizers and name in parameters_of(e):
                break
            if apart(e, made) or not (_new_module(e, name) or _added(e, name)):
                continue
            if e.place.call != made.place.call:
                continue  # the same name in a different function
            deeper = set(map(id, e.place.loops)) - set(map(id, made.place.loops))
            if deeper and not (e.owner == name and made_by(e.value)):
                continue  # created again and again, for reasons we can't see
            later = run[j + 1 :]
            again = next((k for k, o in enumerate(later) if o in roles.optimizers), len(later))
            if any(roles.is_backward(o) for o in later[:again]):
                return f"{e.owner} is {_how(e)} after the optimizer was created from {name}."
    return ""


def _how(e: Event) -> str:
    return "recreated" if e.name == "=" else "given a new layer"


def _added(e: Event, name: str) -> bool:
    """Whether this adds a layer to the model."""
    return e.name in ("add_module", "register_module") and (e.owner + ".").startswith(name + ".")


def _new_module(e: Event, name: str) -> bool:
    """Whether this assigns a new module to the model, or to a part of it."""
    own = e.owner == name or e.owner.startswith(name + ".")
    if e.name != "=" or not isinstance(e.value, ast.Call) or not own:
        return False
    word = last_word(e.value)
    if e.owner == name and word == "deepcopy":
        return True
    if e.owner == name:
        arguments = [last_word(n) for a in e.arguments for n in ast.walk(a)]
        owner = ast.unparse(e.value.func).split(".")[0]
        return name not in arguments and owner != name and word not in ("prepare", "setup")
    functional = ("nn.functional", "nn.init", "torch.nn.functional", "torch.nn.init")
    module = word[:1].isupper() and not word.endswith(("Tensor", "Parameter", *NO_MODELS))
    return module and not ast.unparse(e.value.func).startswith(functional)


PARAMETERS = (other_parameters,)
