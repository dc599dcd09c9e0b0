"""Parameters the optimizer can't reach: layers in a plain list, frozen, or used up."""

import ast
import re

from ..finding import Finding
from .graphs import made_anew
from .program import Event, Program, last_word
from .roles import Roles, made_by, parameters_of

__all__ = ["MODULES"]

LAYER = re.compile(
    r"(?:torch\.)?nn\.(?:Linear|Lazy\w+|Conv\w+|LSTM\w*|GRU\w*|RNN\w*|Embedding|Sequential|Bilinear|"
    r"Transformer\w+|MultiheadAttention)"
)
REGISTERS = re.compile(r"ModuleList|ModuleDict|add_module|register_module|setattr|Sequential\(\*")


def layers_in_a_list(program: Program) -> Finding | None:
    """Layers kept in a plain list: their parameters aren't the model's."""
    for kind in (n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)):
        text = ast.unparse(kind)
        if REGISTERS.search(text) or not any("Module" in ast.unparse(b) for b in kind.bases):
            continue
        made = [n for n in ast.walk(kind) if isinstance(n, ast.Assign) and _are_layers(n.value)]
        names = [ast.unparse(n.targets[0]) for n in made] + [_filled(kind)]
        for name in names:
            if name.startswith("self."):
                return Finding(
                    "dead gradients",
                    0.92,
                    f"{kind.name} keeps layers in {name}, a plain list or dict: parameters() "
                    "doesn't find them there, so the optimizer never moves them.",
                    "Use nn.ModuleList or nn.ModuleDict instead.",
                    1,
                )
    return None


def _are_layers(node: ast.expr) -> bool:
    parts: list[ast.expr] = []
    if isinstance(node, ast.List | ast.Tuple):
        parts = node.elts
    elif isinstance(node, ast.Dict):
        parts = [value for value in node.values if value is not None]
    elif isinstance(node, ast.ListComp):
        parts = [node.elt]
    elif isinstance(node, ast.DictComp):
        parts = [node.value]
    return any(map(_is_layer, parts))


def _is_layer(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and bool(LAYER.fullmatch(ast.unparse(node.func)))


def _filled(kind: ast.ClassDef) -> str:
    """The plain list in the class to which layers are appended, or "" if there isn't one."""
    for n in ast.walk(kind):
        if isinstance(n, ast.Call) and last_word(n) == "append" and n.args and _is_layer(n.args[0]):
            owner = ast.unparse(n.func.value)  # type: ignore[attr-defined]
            if owner.startswith("self."):
                return owner
    return ""


def all_frozen(program: Program) -> Finding | None:
    """requires_grad was switched off for all parameters of the optimizer's model."""
    roles = Roles(program)
    for run in program.runs:
        for i, made in enumerate(run):
            held = parameters_of(made) if made in roles.optimizers else set()
            if len(held) != 1:
                continue
            model = next(iter(held))
            first = next((k for k, e in enumerate(run) if roles.is_backward(e)), i)
            at = [k for k, e in enumerate(run[: max(i, first)]) if _freezes(e, model)]
            if at and not any(_thaws(e, model) for e in run[at[-1] + 1 :]):
                return Finding(
                    "dead gradients",
                    0.9,
                    f"requires_grad is False for all parameters of {model}, and the optimizer "
                    "holds no others.",
                    "Freeze first and then add the new last layer, or set requires_grad = True for "
                    "whatever should learn.",
                    1,
                )
    return None


def _freezes(e: Event, model: str) -> bool:
    """Whether this switches off the gradient of all the model's parameters."""
    false = isinstance(e.value, ast.Constant) and e.value.value is False
    if e.name == "requires_grad_" and e.owner == model and e.arguments:
        return isinstance(e.arguments[0], ast.Constant) and not e.arguments[0].value
    loop = e.loop
    if not isinstance(loop, ast.For) or e.place.tests:
        return False
    over = loop.iter
    own = isinstance(over, ast.Call) and e.text(over.func) in (
        f"{model}.parameters", f"{model}.named_parameters",
    )  # fmt: skip
    by_call = e.name == "requires_grad_" and e.arguments and _is_false(e.arguments[0])
    return own and bool((e.name == "=" and e.owner.endswith(".requires_grad") and false) or by_call)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _thaws(e: Event, model: str) -> bool:
    """Whether part of the model is replaced or unfrozen, or the whole model is replaced."""
    if e.name == "requires_grad_":
        return not (e.arguments and _is_false(e.arguments[0])) and "loss" not in e.owner
    if e.name != "=":
        return e.name in ("unfreeze", "setattr", "add_module")
    if e.owner.endswith(".requires_grad"):
        return not _is_false(e.value)
    return e.owner == model or e.owner.startswith(model + ".")


def used_up(program: Program) -> Finding | None:
    """`params = model.parameters()` can be read once; a second reading gets nothing."""
    for name in _generators(program.tree):
        loads = [n for n in ast.walk(program.tree) if _reads(n, name)]
        loads.sort(key=lambda n: (n.lineno, n.col_offset))  # type: ignore[attr-defined]
        for e in program.events:
            given = [a for a in e.arguments if any(a is n for n in loads[1:])]
            optimizer = given and bool(re.search(r"Adam|SGD|RMSprop|Adagrad|optim", e.name))
            if given and (optimizer or e.name.startswith("clip_grad")):
                who = "The optimizer" if optimizer else "Clipping"
                return Finding(
                    "dead gradients" if optimizer else "clips nothing",
                    0.9,
                    f"{who} gets {name}, which has been read before: what parameters() returns "
                    "can be read only once, and then it is empty.",
                    f"Make it a list: {name} = list(model.parameters()).",
                    1,
                )
    return None


def _generators(tree: ast.AST) -> list[str]:
    """Names that hold the result of parameters(), and nothing else in the whole text."""
    assigned: dict[str, list[ast.expr]] = {}
    for n in ast.walk(tree):
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name):
            assigned.setdefault(n.targets[0].id, []).append(n.value)
        elif isinstance(n, ast.arg):
            assigned.setdefault(n.arg, []).append(ast.Constant(None))
    return [
        name
        for name, values in assigned.items()
        if len(values) == 1 and isinstance(values[0], ast.Call)
        and last_word(values[0]) in ("parameters", "named_parameters")
    ]  # fmt: skip


def _reads(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def cut_in_forward(program: Program) -> Finding | None:
    """A layer's output is taken to NumPy and back within forward(), and is used from there on."""
    for kind in (n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)):
        forward = next((f for f in kind.body if getattr(f, "name", "") == "forward"), None)
        learned: dict[str, str] = {}  # by name, the layer that it came out of
        for n in getattr(forward, "body", []):
            if not isinstance(n, ast.Assign) or not isinstance(n.targets[0], ast.Name):
                continue
            names = [m.id for m in ast.walk(n.value) if isinstance(m, ast.Name)]
            layers = _called_layers(n.value) + [learned[m] for m in names if m in learned]
            again = n.targets[0].id in names
            if again and layers and made_anew(n.value) and "no_grad" not in ast.unparse(kind):
                return Finding(
                    "dead gradients",
                    0.85,
                    f"forward() of {kind.name} takes {n.targets[0].id} out of torch and makes a "
                    f"new tensor from it: no gradient reaches {layers[0]}.",
                    "Write that step with torch's functions, or put it before the first layer.",
                    9,
                )
            learned[n.targets[0].id] = layers[0] if layers else ""
            learned = {name: layer for name, layer in learned.items() if layer}
    return None


def frozen_forward(program: Program) -> Finding | None:
    """A forward() that runs under no_grad() as a whole, of a model that the optimizer holds."""
    roles = Roles(program)
    held = {name.split(".")[0] for made in roles.optimizers for name in parameters_of(made)}
    trains = any(map(roles.is_backward, program.events))
    for kind in (n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)):
        forward = next((f for f in kind.body if _is_called(f, "forward")), None)
        if forward is None or not trains or not _trains_by_call(kind, held, program):
            continue
        blocks = [n for n in ast.walk(forward) if isinstance(n, ast.With) and _no_grad(n)]
        inside = {id(n) for block in blocks for n in ast.walk(block)}
        returned = [n for n in ast.walk(forward) if isinstance(n, ast.Return)]
        whole = any(last_word(one) in NO_GRAD for one in forward.decorator_list)  # type: ignore[attr-defined]
        under = whole or (returned and all(id(n) in inside for n in returned))
        if under and "enable_grad" not in ast.unparse(forward):
            return Finding(
                "dead gradients",
                0.9,
                f"forward() of {kind.name} runs under no_grad(): no gradient reaches its weights.",
                "Keep no_grad() for the parts that should stay as they are, or for evaluation.",
                9,
            )
    return None


NO_GRAD = ("no_grad", "inference_mode")


def _trains_by_call(kind: ast.ClassDef, held: set[str], program: Program) -> bool:
    """Whether a loop calls such a model as model(x), and no method of its own, such as loss(x)."""
    events = list(program.events)
    models = {e.owner for e in events if e.name == "=" and made_by(e.value) == kind.name} & held
    methods = {f.name for f in kind.body if isinstance(f, ast.FunctionDef)}
    called = any(e.name in models and not e.owner and e.place.loops for e in events)
    return called and not any(e.owner in models and e.name in methods for e in events)


def _no_grad(block: ast.With) -> bool:
    return any(last_word(i.context_expr) in NO_GRAD for i in block.items)


def hard_loss(program: Program) -> Finding | None:
    """A hand-written loss that first turns the output into a yes or no."""
    classes = [n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)]
    named = [(kind.name, f) for kind in classes for f in kind.body if _is_called(f, "forward")]
    named += [(f.name, f) for f in program.tree.body if isinstance(f, ast.FunctionDef)]
    for name, f in named:
        given = [a.arg for a in f.args.args if a.arg != "self"]  # type: ignore[attr-defined]
        for n in f.body if "loss" in name.lower() and len(given) > 1 else ():  # type: ignore[attr-defined]
            if isinstance(n, ast.Assign) and _is_hard(n, given[0]):
                return Finding(
                    "dead gradients",
                    0.88,
                    f"{name} turns {given[0]} into a yes or no before it compares: no gradient "
                    "gets through that.",
                    f"Use the probabilities themselves in {name}; keep the threshold for scores "
                    "that you print.",
                    9,
                )
    return None


def _is_called(f: ast.stmt, name: str) -> bool:
    return isinstance(f, ast.FunctionDef) and f.name == name


def _is_hard(n: ast.Assign, name: str) -> bool:
    """Whether it is `pred = (pred > 0.5).float()` or `pred = pred.argmax(1)`."""
    if ast.unparse(n.targets[0]) != name:
        return False
    node = n.value
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("argmax", "round"):
            return name in {m.id for m in ast.walk(node) if isinstance(m, ast.Name)}
        node = node.func.value
    return isinstance(node, ast.Compare) and any(_reads(m, name) for m in ast.walk(node.left))


def _called_layers(node: ast.expr) -> list[str]:
    names = [ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)]
    return [name for name in names if re.fullmatch(r"self\.\w+", name)]


MODULES = (layers_in_a_list, all_frozen, used_up, cut_in_forward, frozen_forward, hard_loss)
