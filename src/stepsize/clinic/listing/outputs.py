"""What a model puts out and what its loss wants: scores, probabilities, their logarithms."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from ..finding import Finding
from .program import Event, Program, last_word

__all__ = ["OUTPUTS"]

SOFT, SIGMOID, LOG = ("softmax", "Softmax"), ("sigmoid", "Sigmoid"), ("log_softmax", "LogSoftmax")
LAYERS = {"softmax": SOFT, "sigmoid": SIGMOID}
WRONG = {  # the loss, as a function and as a class, and what must not stand before it
    ("cross_entropy", "CrossEntropyLoss"): "softmax",
    ("nll_loss", "NLLLoss"): "softmax",
    ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss"): "sigmoid",
}


def squashed_twice(program: Program) -> Finding | None:
    """A softmax or a sigmoid before a loss that has one inside, or that wants logarithms."""
    for names, layer in WRONG.items():
        found = list(_losses(program, *names))
        if found and (_handed(found, layer, program) or _ends(found, layer, program)):
            return _twice(names[1], layer)
    return None


def _twice(loss: str, layer: str) -> Finding:
    if loss == "NLLLoss":
        return Finding(
            "softmax twice",
            0.85,
            "NLLLoss wants logarithms, and the model puts out the softmax itself.",
            "Use log_softmax; or CrossEntropyLoss on the scores as they are.",
            9,
        )
    return Finding(
        f"{layer} twice",
        0.85,
        f"The code passes the outcome of a {layer} to {loss}, which has one inside.",
        f"Give the loss the scores as they are; keep the {layer} for reading them.",
        9,
    )


def _losses(program: Program, function: str, kind: str) -> Iterator[tuple[Event, ast.expr | None]]:
    """Each place where this loss is worked out, with what it is given; or only where it is made."""
    made = {e.owner for e in program.events if e.name == "=" and last_word(e.value) == kind}
    called = False
    for e in program.events:
        full = f"{e.owner}.{e.name}" if e.owner else e.name
        inner = e.value.func if isinstance(e.value, ast.Call) else None
        direct = isinstance(inner, ast.Call) and last_word(inner) == kind
        if e.name != "=" and (e.name == function or full in made or direct):
            called = True
            yield e, _first(e.value, "input")
    if not called:
        for e in program.events:
            if e.name == kind:
                yield e, None


def _first(call: ast.expr, name: str) -> ast.expr | None:
    if not isinstance(call, ast.Call):
        return None
    named = next((k.value for k in call.keywords if k.arg == name), None)
    return call.args[0] if call.args else named


def _is(node: ast.AST | None, layer: str) -> bool:
    """Whether this expression is the outcome of such a function or of such a module, made here."""
    if not isinstance(node, ast.Call):
        return False
    if last_word(node) == layer:
        return True
    return isinstance(node.func, ast.Call) and last_word(node.func) in LAYERS[layer]


def _handed(found: list[tuple[Event, ast.expr | None]], layer: str, program: Program) -> bool:
    """Whether the loss is given it by hand."""
    modules = {
        e.owner for e in program.events if e.name == "=" and last_word(e.value) in LAYERS[layer]
    }
    for e, given in found:
        run = next(run for run in program.runs if any(o is e for o in run))
        before = run[: next(i for i, o in enumerate(run) if o is e)]
        node, seen = given, 0
        while isinstance(node, ast.Name) and seen < 4:
            last = next(
                (o for o in reversed(before) if o.name == "=" and o.owner == e.text(node)), None
            )
            if last is None or last.place.branches != e.place.branches[: len(last.place.branches)]:
                break
            node, seen, before = last.value, seen + 1, before[: before.index(last)]
        if _is(node, layer) or (isinstance(node, ast.Call) and e.text(node.func) in modules):
            return True
    return False


def _ends(found: list[tuple[Event, ast.expr | None]], layer: str, program: Program) -> bool:
    """Whether the model that the loss is given the outcome of ends in it."""
    classes = {c.name: c for c in ast.walk(program.tree) if isinstance(c, ast.ClassDef)}
    inside = {
        last_word(n) for c in classes.values() for n in ast.walk(c) if isinstance(n, ast.Call)
    }
    for e, given in found:
        model = _model(e, given, program)
        if isinstance(model, ast.Call):
            kind = last_word(model)
            if kind in classes:
                if _class_ends(classes[kind], layer):
                    return True
                continue
            if kind == "Sequential":
                if _sequence_ends(model, layer):
                    return True
                continue
        elif model is None and given is not None and not isinstance(given, ast.Name | ast.Call):
            continue
        if model is None and any(
            _class_ends(c, layer) and name not in inside - {_only_made(program, name)}
            for name, c in classes.items()
        ):
            return True
        if (
            model is None
            and not classes
            and any(
                _sequence_ends(o.value, layer)
                for o in program.events
                if o.name == "=" and last_word(o.value) == "Sequential"
            )
        ):
            return True
    return False


def _only_made(program: Program, name: str) -> str:
    """The class itself, where it is made by itself, in no other class."""
    return (
        name
        if any(
            e.name == "=" and last_word(e.value) == name and "." not in e.owner
            for e in program.events
        )
        else ""
    )


def _model(e: Event, given: ast.expr | None, program: Program) -> ast.expr | None:
    """What made the model whose outcome a loss is given; None where that isn't seen."""
    node, assigned = given, {o.owner: o.value for o in program.events if o.name == "="}
    for _ in range(4):
        if isinstance(node, ast.Name) and e.text(node) in assigned:
            node = assigned[e.text(node)]
    if not isinstance(node, ast.Call):
        return None
    made = assigned.get(e.text(node.func))
    for _ in range(3):  # Net().to(device)
        while (
            isinstance(made, ast.Call)
            and isinstance(made.func, ast.Attribute)
            and isinstance(made.func.value, ast.Call)
        ):
            made = made.func.value
    return made


def _class_ends(kind: ast.ClassDef, layer: str) -> bool:
    """Whether all that forward() returns has gone through the layer last."""
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
        # A branch may change it, too: then it isn't plain what is returned.
        nested = any(
            isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == node.id
            for s in forward.body
            if not isinstance(s, ast.Assign)
            for n in ast.walk(s)
        )
        if not last or (nested and not _is(last[-1].value, layer)):
            return False
        if last[-1].value is node:
            return False
        node = last[-1].value
        if isinstance(node, ast.Name):
            continue
    if not isinstance(node, ast.Call):
        return False
    made = layers.get(ast.unparse(node.func))
    return _is(node, layer) or last_word(made) in LAYERS[layer] or _sequence_ends(made, layer)


def _sequence_ends(node: ast.AST | None, layer: str) -> bool:
    """Whether a Sequential has the layer as its last, and it is no mere gate of one column."""
    if not isinstance(node, ast.Call) or last_word(node) != "Sequential" or not node.args:
        return False
    last = node.args[-1]
    return last_word(last) in LAYERS[layer]


def softmax_of_one(program: Program) -> Finding | None:
    """A softmax over a single output: it is 1, whatever comes in."""
    for e in program.events:
        if not isinstance(e.value, ast.Call) or e.name == "=":
            continue
        activation = next((k.value for k in e.value.keywords if k.arg == "activation"), None)
        one = _first(e.value, "units")
        soft = "softmax" in ast.unparse(activation) if activation is not None else False
        single = e.name == "Dense" and _one(one) and soft
        parts = e.value.args if e.name == "Sequential" else []
        if len(parts) == 1 and isinstance(parts[0], ast.List):
            parts = parts[0].elts
        for a, b in pairwise(parts):
            width = _argument_of(a)
            single = single or (last_word(b) in ("Softmax", "LogSoftmax") and _one(width))
        if single:
            return Finding(
                "softmax of one",
                0.93,
                "The last layer has one output, and a softmax of one number is always 1.",
                "Use a sigmoid with one output, or a softmax with one output for each class.",
                9,
            )
    return None


def _argument_of(layer: ast.expr) -> ast.expr | None:
    """How many numbers come out of a Linear."""
    if not isinstance(layer, ast.Call) or last_word(layer) not in ("Linear", "LazyLinear", "Dense"):
        return None
    named = next((k.value for k in layer.keywords if k.arg in ("out_features", "units")), None)
    at = 1 if last_word(layer) == "Linear" else 0
    return named if named is not None else (layer.args[at] if len(layer.args) > at else None)


def _one(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and node.value is not True


def keras_logits(program: Program) -> Finding | None:
    """Of Keras: from_logits=True after a softmax or a sigmoid."""
    text = ast.unparse(program.tree)
    if "from_logits=True" not in text:
        return None
    layers = [e for e in program.events if e.name == "Dense" and isinstance(e.value, ast.Call)]
    if not layers:
        return None
    last = ast.unparse(layers[-1].value)
    for layer in ("softmax", "sigmoid"):
        if f"activation='{layer}'" in last or f"activations.{layer}" in last:
            return _twice("the loss, from_logits=True,", layer)
    return None


OUTPUTS = (squashed_twice, softmax_of_one, keras_logits)
