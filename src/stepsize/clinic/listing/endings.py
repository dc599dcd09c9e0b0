"""What a model ends in, from its class's forward() or its Sequential, if that is in the text."""

import ast
import re

from .program import Event, Program, last_word

__all__ = ["LAYERS", "ends", "is_outcome", "unviewed", "width"]

LAYERS = {
    "softmax": ("softmax", "Softmax"),
    "sigmoid": ("sigmoid", "Sigmoid"),
    "relu": ("relu", "ReLU"),
    "linear": ("linear", "Linear", "LazyLinear"),
    "one": (),  # a linear layer with one output
}


VIEWS = (
    "squeeze", "unsqueeze", "view", "reshape", "flatten", "float", "contiguous", "transpose",
    "permute",
)  # fmt: skip


def is_layer(made: ast.AST | None, layer: str) -> bool:
    """Whether this call creates such a layer."""
    if layer == "one":
        return _one(width(made))
    return last_word(made) in LAYERS[layer]


def width(layer: ast.AST | None) -> ast.expr | None:
    """How many numbers come out of a Linear, a Dense."""
    if not isinstance(layer, ast.Call) or last_word(layer) not in ("Linear", "LazyLinear", "Dense"):
        return None
    named = next((k.value for k in layer.keywords if k.arg in ("out_features", "units")), None)
    at = 1 if last_word(layer) == "Linear" or _is_old(layer) else 0
    return named if named is not None else (layer.args[at] if len(layer.args) > at else None)


def _is_old(layer: ast.Call) -> bool:
    """Whether it is `Dense(64, 10)`, as in Keras before 1.0: how many come in, and out."""
    second = layer.args[1] if len(layer.args) > 1 else None
    return isinstance(second, ast.Constant) and isinstance(second.value, int)


def _one(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and node.value is not True


def is_outcome(node: ast.AST | None, layer: str) -> bool:
    """Whether this expression is the output of such a function, or of such a module made here."""
    node = unviewed(node)
    if not isinstance(node, ast.Call):
        return False
    if last_word(node) == layer:
        return True
    return isinstance(node.func, ast.Call) and is_layer(node.func, layer)


def unviewed(node: ast.AST | None) -> ast.AST | None:
    """The p in `p[:, :-1].reshape(-1, k)`: its numbers are the same."""
    while isinstance(node, ast.Subscript) or last_word(node) in VIEWS:
        node = node.value if isinstance(node, ast.Subscript) else _viewed(node)
    return node


def _viewed(node: ast.AST | None) -> ast.AST | None:
    """The p in `p.squeeze()` and `torch.squeeze(p)`."""
    if not isinstance(node, ast.Call):
        return None
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    plain = owner is None or (isinstance(owner, ast.Name) and owner.id in ("torch", "F", "np"))
    return (node.args[0] if node.args else None) if plain else owner


def ends(found: list[tuple[Event, ast.expr | None]], layer: str, program: Program) -> bool:
    """Whether the model whose output goes to the loss ends in this layer."""
    return any(_model_ends(e, given, layer, program) for e, given in found)


def _model_ends(e: Event, given: ast.expr | None, layer: str, program: Program) -> bool:
    classes = {c.name: c for c in ast.walk(program.tree) if isinstance(c, ast.ClassDef)}
    model = _model(e, given, program)
    if model is not None:
        kind = last_word(model)
        if kind in classes:
            return _class_ends(classes[kind], layer)
        return is_layer(model, layer) or _sequence_ends(model, layer)
    if layer in ("linear", "one") and (given is not None or not _alone(program, classes)):
        return False  # the model isn't in view, so something may come in between
    if given is not None and not isinstance(given, ast.Name | ast.Call):
        return False
    inside = {
        last_word(n) for c in classes.values() for n in ast.walk(c) if isinstance(n, ast.Call)
    }
    whole = [c for name, c in classes.items() if name not in inside or _is_made(program, name)]
    if any(_class_ends(c, layer) for c in whole):
        return True
    made = [o.value for o in program.events if o.name == "=" and last_word(o.value) == "Sequential"]
    return not classes and any(_sequence_ends(value, layer) for value in made)


def _alone(program: Program, classes: dict[str, ast.ClassDef]) -> bool:
    """Whether the text has one model, no loop, and nothing that makes probabilities."""
    text = ast.unparse(program.tree).lower()
    return len(classes) == 1 and not re.search(r"soft|sigmoid|log|exp|for .* in ", text)


def _is_made(program: Program, name: str) -> bool:
    """Whether the class is used by itself, not inside another class."""
    return any(
        e.name == "=" and last_word(e.value) == name and "." not in e.owner for e in program.events
    )


def _model(e: Event, given: ast.expr | None, program: Program) -> ast.expr | None:
    """The call that created the model whose output goes to a loss; None if it isn't in view."""
    node, assigned = given, {o.owner: o.value for o in program.events if o.name == "="}
    for _ in range(4):
        if isinstance(node, ast.Name) and e.text(node) in assigned:
            node = assigned[e.text(node)]
    if not isinstance(node, ast.Call):
        return None
    made = assigned.get(e.text(node.func))
    for _ in range(4):
        made = _unwrapped(made)
        if isinstance(made, ast.Name):
            made = assigned.get(made.id)
    return made


WRAPS = ("DDP", "DistributedDataParallel", "DataParallel", "compile", "script", "FSDP")


def _unwrapped(made: ast.expr | None) -> ast.expr | None:
    """What is made in `Net().to(device)`, and the net in `net.to(device)`, `DDP(net)`."""
    while isinstance(made, ast.Call):
        owner = made.func.value if isinstance(made.func, ast.Attribute) else None
        if last_word(made) in WRAPS and made.args:
            made = made.args[0]
        elif isinstance(owner, ast.Call) or last_word(made) in ("to", "cuda", "float"):
            made = owner
        else:
            break
    return made


def _class_ends(kind: ast.ClassDef, layer: str) -> bool:
    """Whether everything that forward() returns comes straight out of this layer."""
    forward = next(
        (f for f in kind.body if isinstance(f, ast.FunctionDef) and f.name == "forward"), None
    )
    if forward is None:
        return False
    layers = {
        ast.unparse(t): n.value
        for n in ast.walk(kind)
        if isinstance(n, ast.Assign)
        for t in n.targets
        if isinstance(n.value, ast.Call)
    }
    returned = [n.value for n in ast.walk(forward) if isinstance(n, ast.Return)]
    return bool(returned) and all(_comes_from(v, forward, layers, layer) for v in returned)


def _comes_from(
    node: ast.expr | None, forward: ast.FunctionDef, layers: dict[str, ast.Call], layer: str
) -> bool:
    for _ in range(6):
        if not isinstance(node, ast.Name):
            break
        last = [
            s
            for s in forward.body
            if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == node.id
        ]
        # A branch may change it, too; then it isn't clear what is returned.
        nested = any(
            isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == node.id
            for s in forward.body
            if not isinstance(s, ast.Assign)
            for n in ast.walk(s)
        )
        if not last or (nested and not is_outcome(last[-1].value, layer)):
            return False
        if last[-1].value is node:
            return False
        node = last[-1].value
        if isinstance(node, ast.Name):
            continue
    if not isinstance(node, ast.Call):
        return False
    made = layers.get(ast.unparse(node.func))
    return is_outcome(node, layer) or is_layer(made, layer) or _sequence_ends(made, layer)


def _sequence_ends(node: ast.AST | None, layer: str) -> bool:
    """Whether the layer is the last one of a Sequential."""
    if not isinstance(node, ast.Call) or last_word(node) != "Sequential" or not node.args:
        return False
    return is_layer(node.args[-1], layer)
