"""What a model outputs and what its loss expects: scores, probabilities, their logarithms."""

import ast
from collections.abc import Iterator

from ..finding import Finding
from .endings import LAYERS, ends, is_outcome, unviewed
from .program import Event, Program, last_word

__all__ = ["OUTPUTS", "losses", "one_class", "relu_before", "twice"]

WRONG = {  # the loss, as a function and as a class, and what must not come before it
    ("cross_entropy", "CrossEntropyLoss"): "softmax",
    ("nll_loss", "NLLLoss"): "softmax",
    ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss"): "sigmoid",
}


def squashed_twice(program: Program) -> Finding | None:
    """A softmax or a sigmoid before a loss that has one built in, or that expects logarithms."""
    for names, layer in WRONG.items():
        found = list(losses(program, *names))
        if found and (_handed(found, layer, program) or ends(found, layer, program)):
            return twice(names[1], layer)
    return None


BARE = {  # losses that take what a plain last layer doesn't output, and what would help
    ("nll_loss", "NLLLoss"): "log-probabilities: apply log_softmax first, or use CrossEntropyLoss",
    ("binary_cross_entropy", "BCELoss"): "probabilities: apply a sigmoid, or use BCEWithLogitsLoss",
}


def bare_scores(program: Program) -> Finding | None:
    """A loss of probabilities, or of their logarithms, that is given plain scores."""
    for names, wanted in BARE.items():
        found = list(losses(program, *names))
        if found and ends(found, "linear", program):
            what, _, cure = wanted.partition(": ")
            return Finding(
                "probabilities wanted",
                0.88,
                f"{names[1]} takes {what}, and the model ends in a plain layer: it outputs scores.",
                f"{cure[0].upper()}{cure[1:]} on the raw scores.",
                9,
            )
    return None


def twice(loss: str, layer: str) -> Finding:
    """The finding for a softmax or a sigmoid before a loss that has one inside."""
    if loss == "NLLLoss":
        return Finding(
            "softmax twice",
            0.85,
            "NLLLoss expects log-probabilities, but the model outputs the softmax itself.",
            "Use log_softmax, or CrossEntropyLoss on the raw scores (logits).",
            9,
        )
    return Finding(
        f"{layer} twice",
        0.85,
        f"The code passes the output of a {layer} to {loss}, which has one built in.",
        f"Give the loss the raw scores (logits); use the {layer} only to read off probabilities.",
        9,
    )


def losses(program: Program, function: str, kind: str) -> Iterator[tuple[Event, ast.expr | None]]:
    """Each place where this loss is computed, with its input; or only where it is created."""
    made = {e.owner for e in program.events if e.name == "=" and last_word(e.value) == kind}
    called = False
    for e in program.events:
        full = f"{e.owner}.{e.name}" if e.owner else e.name
        inner = e.value.func if isinstance(e.value, ast.Call) else None
        direct = isinstance(inner, ast.Call) and last_word(inner) == kind
        if e.name != "=" and (e.name == function or full in made or direct):
            called = True
            yield e, _first_argument(e.value, "input")
    if not called:
        for e in program.events:
            if e.name == kind:
                yield e, None


def _first_argument(call: ast.expr, name: str) -> ast.expr | None:
    """The first argument of a call, or the one of that name."""
    if not isinstance(call, ast.Call):
        return None
    named = next((k.value for k in call.keywords if k.arg == name), None)
    return call.args[0] if call.args else named


def _handed(found: list[tuple[Event, ast.expr | None]], layer: str, program: Program) -> bool:
    """Whether the code itself passes this layer's output to the loss."""
    modules = {
        e.owner for e in program.events if e.name == "=" and last_word(e.value) in LAYERS[layer]
    }
    for e, given in found:
        run = next(run for run in program.runs if any(o is e for o in run))
        before = run[: next(i for i, o in enumerate(run) if o is e)]
        node, seen = unviewed(given), 0
        while isinstance(node, ast.Name) and seen < 4:
            last = next(
                (o for o in reversed(before) if o.name == "=" and o.owner == e.text(node)), None
            )
            if last is None or last.place.branches != e.place.branches[: len(last.place.branches)]:
                break
            node, seen, before = unviewed(last.value), seen + 1, before[: before.index(last)]
        module = isinstance(node, ast.Call) and e.text(node.func) in modules
        if is_outcome(node, layer) or module or _by_function(node, layer, program):
            return True
    return False


def _by_function(node: ast.AST | None, layer: str, program: Program) -> bool:
    """Whether a function of the text is called that returns nothing else."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    own = [f for f in program.tree.body if getattr(f, "name", "") == node.func.id]
    returned = [n.value for f in own for n in ast.walk(f) if isinstance(n, ast.Return)]
    return bool(returned) and all(is_outcome(value, layer) for value in returned)


def relu_last(program: Program) -> Finding | None:
    """A ReLU after the last layer: no score can be below 0, and most get no gradient."""
    found = list(losses(program, "cross_entropy", "CrossEntropyLoss"))
    if found and (_handed(found, "relu", program) or ends(found, "relu", program)):
        return relu_before("CrossEntropyLoss")
    return None


def relu_before(loss: str) -> Finding:
    """The finding for a ReLU after the last layer."""
    return Finding(
        "relu before the loss",
        0.85,
        f"The scores pass through a ReLU on their way to {loss}: none can be below 0, and a score "
        "of 0 gets no gradient.",
        "Leave out the activation after the last layer.",
        9,
    )


def one_score(program: Program) -> Finding | None:
    """The cross-entropy of one class: its softmax is 1, and the loss 0, whatever the input."""
    found = list(losses(program, "cross_entropy", "CrossEntropyLoss"))
    return one_class("CrossEntropyLoss") if found and ends(found, "one", program) else None


def one_class(loss: str) -> Finding:
    """The finding for a model with one output, and a loss that has a softmax in it."""
    return Finding(
        "softmax of one",
        0.9,
        f"The last layer has one output, but {loss} expects one for each class. For a single "
        "class it is always 0.",
        "Give the last layer one output for each class; or, for two classes, keep one output and "
        "use a loss with a sigmoid.",
        9,
    )


OUTPUTS = (squashed_twice, bare_scores, relu_last, one_score)
