"""What a Keras model ends in, and what its loss expects, by their names."""

import ast
import re
from itertools import pairwise

from ..finding import Finding
from .endings import width
from .lengths import argument
from .outputs import one_class, relu_before, twice
from .program import Event, Program, last_word
from .roles import Roles

__all__ = ["KERAS"]

SCORES = {  # a loss given by name takes probabilities; what turns scores into them
    "sparse_categorical_crossentropy": "softmax",
    "categorical_crossentropy": "softmax",
    "binary_crossentropy": "sigmoid",
}


CLASSES = {name.title().replace("_", ""): name for name in SCORES}


def softmax_of_one(program: Program) -> Finding | None:
    """A softmax over a single output, which is always 1."""
    for e in program.events:
        if not isinstance(e.value, ast.Call) or e.name == "=":
            continue
        activation = next((k.value for k in e.value.keywords if k.arg == "activation"), None)
        one = width(e.value)
        soft = "softmax" in ast.unparse(activation) if activation is not None else False
        single = e.name == "Dense" and _one(one) and soft
        parts = e.value.args if e.name == "Sequential" else []
        if len(parts) == 1 and isinstance(parts[0], ast.List):
            parts = parts[0].elts
        for a, b in pairwise(parts):
            soft = last_word(b) in ("Softmax", "LogSoftmax")
            single = single or (soft and _one(width(a)))
        if single:
            return Finding(
                "softmax of one",
                0.93,
                "The last layer has one output, and a softmax of one number is always 1.",
                "Use a sigmoid with one output, or a softmax with one output for each class.",
                9,
            )
    return None


def _one(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and node.value is not True


def keras_logits(program: Program) -> Finding | None:
    """from_logits=True after a softmax or a sigmoid."""
    text = ast.unparse(program.tree)
    if "from_logits=True" not in text:
        return None
    layers = [e for e in program.events if e.name == "Dense" and isinstance(e.value, ast.Call)]
    if not layers:
        return None
    last = ast.unparse(layers[-1].value)
    for layer in ("softmax", "sigmoid"):
        if f"activation='{layer}'" in last or f"activations.{layer}" in last:
            return twice("a loss with from_logits=True", layer)
    return None


def by_name(program: Program) -> Finding | None:
    """A loss left at its defaults, and a last layer that outputs scores, or ends in a ReLU."""
    text = ast.unparse(program.tree)
    loss, last = _compiled(program)
    if not loss or last is None or re.search(r"softmax|sigmoid", text, re.IGNORECASE):
        return None
    activation = _activation(last)
    if activation == "relu":
        return relu_before(loss)
    if activation or re.search(r"\bActivation\(|PReLU|LeakyReLU|tanh", text):
        return None
    return Finding(
        "probabilities wanted",
        0.88,
        f"{loss} takes probabilities unless you tell it otherwise, but the last layer outputs "
        "scores.",
        f"Set activation='{SCORES[loss]}' in the last layer, or pass the loss as an object with "
        "from_logits=True.",
        9,
    )


def _compiled(program: Program) -> tuple[str, Event | None]:
    """The loss that the first compile() is given, and the last Dense before it."""
    dense = [e for e in program.events if e.name == "Dense" and isinstance(e.value, ast.Call)]
    last = dense[-1] if dense else None  # it may be in a function that is read later
    for e in program.events:
        if e in dense:
            last = e
        elif e.name == "compile":
            return _loss_by_name(e, program), last
    return "", None


def _loss_by_name(compiles: Event, program: Program) -> str:
    """The loss's name, or that of its class if created without arguments; "" for any other, also
    for a function of the text that has such a name."""
    assert isinstance(compiles.value, ast.Call)
    given = argument(compiles.value, 1, "loss")
    if isinstance(given, ast.Call) and not given.args and not given.keywords:
        return CLASSES.get(last_word(given), "")
    if isinstance(given, ast.Name) and given.id in Roles(program).defined:
        return ""
    name = last_word(given) or getattr(given, "value", None)  # the function itself, or its name
    return name if isinstance(name, str) and name in SCORES else ""


def _activation(layer: Event) -> str:
    """The activation of a Dense layer: "" if it has none, "?" if it is neither that nor a ReLU."""
    assert isinstance(layer.value, ast.Call)
    given = argument(layer.value, 1, "activation")
    if given is None or (isinstance(given, ast.Constant) and given.value in (None, "linear")):
        return ""
    said = given.value if isinstance(given, ast.Constant) else ast.unparse(given)
    return "relu" if str(said).rpartition(".")[2] == "relu" else "?"


def untrainable(program: Program) -> Finding | None:
    """The whole model is set to trainable = False, and then compiled and fitted."""
    for run in program.runs:
        frozen: dict[str, bool] = {}
        for e in run:
            model, _, what = _frozen_in_a_loop(e).rpartition(".")
            if e.name == "=" and what == "trainable" and isinstance(e.value, ast.Constant):
                whole = not e.place.loops or f"{model}.trainable" != e.owner
                frozen[model] = e.value.value is False and whole
                if e.value.value is True:
                    frozen = {}  # part of it may be trainable again
            elif e.name == "compile" and e.owner in frozen:
                fitted = any(o.owner == e.owner and o.name == "fit" for o in run)
                if frozen[e.owner] and fitted:
                    return Finding(
                        "dead gradients",
                        0.9,
                        f"{e.owner}.trainable is False when it is compiled, so none of its weights "
                        "will change.",
                        "Freeze only the part that should stay as it is, not the whole model.",
                        1,
                    )
    return None


def _frozen_in_a_loop(e: Event) -> str:
    """The owner; in `for layer in model.layers: layer.trainable = ...`, model.trainable."""
    if not isinstance(e.loop, ast.For) or e.place.tests:
        return e.owner
    over, target = ast.unparse(e.loop.iter), ast.unparse(e.loop.target)
    if e.owner == f"{target}.trainable" and over.endswith(".layers"):
        return f"{over.removesuffix('.layers')}.trainable"
    return e.owner


def one_of_many(program: Program) -> Finding | None:
    """A loss over classes, and one output."""
    loss, last = _compiled(program)
    if "categorical" not in loss or last is None or not _one(width(last.value)):
        return None
    return None if "softmax" in ast.unparse(last.value) else one_class(loss)


KERAS = (softmax_of_one, one_of_many, keras_logits, by_name, untrainable)
