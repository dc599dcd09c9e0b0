"""What Lightning expects from training_step(): a loss with its graph."""

import ast
import re

from ..finding import Finding
from .cuts import ends_in
from .program import Program, last_word

__all__ = ["LIGHTNING", "maybe_returns"]

MANUAL = "automatic_optimization = False"
HOLD_ONLY = ("clip_gradients", "toggle_optimizer", "untoggle_optimizer", "zip", "enumerate")
CUTS = ("item", "detach", "numpy", "tolist", "float")


def without_graph(program: Program) -> Finding | None:
    """training_step() returns no loss, or one without its graph."""
    if MANUAL in ast.unparse(program.tree):
        return None
    for kind in (n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)):
        if not any("LightningModule" in ast.unparse(base) for base in kind.bases):
            continue
        steps = [f for f in kind.body if getattr(f, "name", "") == "training_step"]
        for f in steps:
            said = _said(f)
            if said and not _is_cut(f, program):
                return Finding(
                    "dead gradients",
                    0.92,
                    said,
                    "Return the loss itself, with its graph: Lightning calls backward() on it.",
                    1,
                )
    return None


def _said(f: ast.AST) -> str:
    """What is wrong with what a training_step() returns; "" if nothing is."""
    returned = [n.value for n in ast.walk(f) if isinstance(n, ast.Return) and n.value is not None]
    text = ast.unparse(f)
    if not returned:
        hidden = "super()" in text or "yield" in text or "raise" in text
        return "" if hidden else "training_step() returns nothing, so Lightning makes no update."
    cut = [_cut(_loss(value), f) for value in returned]
    if all(cut):
        return f"training_step() returns its loss after {cut[0]}(), so there is no graph left."
    return ""


def _loss(value: ast.expr) -> ast.expr:
    """The "loss" in a dict."""
    if isinstance(value, ast.Dict):
        for key, inner in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "loss":
                return inner
    return value


def _cut(value: ast.expr, f: ast.AST, deep: int = 0) -> str:
    """The call that cut this from its graph, or ""."""
    if isinstance(value, ast.Call) and last_word(value) in CUTS:
        return last_word(value)
    if isinstance(value, ast.Name) and deep < 3:
        own = [
            n.value
            for n in ast.walk(f)
            if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == value.id
        ]
        return _cut(own[-1], f, deep + 1) if own and own[-1] is not value else ""
    return ""


def _is_cut(step: ast.stmt, program: Program) -> bool:
    """Whether the text ends in this function, before it returns anything."""
    returns = any(isinstance(n, ast.Return) for n in ast.walk(step))
    return ends_in(step, program) and not returns


def maybe_returns(program: Program) -> str:
    """What to say about a training_step() that ends with the text before it returns anything."""
    for f in (n for n in ast.walk(program.tree) if getattr(n, "name", "") == "training_step"):
        automatic = MANUAL not in ast.unparse(program.tree)
        if automatic and isinstance(f, ast.FunctionDef) and _is_cut(f, program) and _said(f):
            return (
                "The text ends before training_step() returns a loss. Without one, Lightning "
                "makes no update."
            )
    return ""


def by_hand(program: Program) -> Finding | None:
    """A module that turned automatic optimization off, and makes no update itself."""
    for kind in (n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)):
        bases = [ast.unparse(base) for base in kind.bases]
        alone = bool(bases) and all(base.endswith("LightningModule") for base in bases)
        if not alone or MANUAL not in ast.unparse(kind):
            continue
        called = {last_word(n) for n in ast.walk(kind) if isinstance(n, ast.Call)}
        step = next((f for f in kind.body if getattr(f, "name", "") == "training_step"), None)
        if step is None or _is_cut(step, program):
            continue
        goes_back = called & {"manual_backward", "backward", "grad"}
        if not goes_back or not _may_step(kind):
            missing = "an optimizer's step()" if goes_back else "manual_backward()"
            return Finding(
                "dead gradients",
                0.9,
                f"{kind.name} sets automatic_optimization to False, but never calls "
                f"{missing}, so nothing is updated.",
                "Leave automatic optimization on, or call zero_grad(), manual_backward() and "
                "step() in training_step().",
                1,
            )
    return None


def _may_step(kind: ast.ClassDef) -> bool:
    """Whether a class calls step(), or anything that may call it: super(), or a function that is
    given an optimizer."""
    names, schedules = _named(kind, "optimizers"), _named(kind, "lr_schedulers")
    for call in (n for n in ast.walk(kind) if isinstance(n, ast.Call)):
        word = last_word(call)
        owner = getattr(call.func, "value", None)
        paced = getattr(owner, "id", "") in schedules or last_word(owner) == "lr_schedulers"
        if re.search("step|update|optimize$", word) and not paced:
            return True
        given = {n for a in (*call.args, *call.keywords) for n in ast.walk(a)}
        handed = any(getattr(n, "id", "") in names or last_word(n) == "optimizers" for n in given)
        if handed and word not in HOLD_ONLY and not word[:1].isupper():  # SomeLR(opt)
            return True
    return False


def _named(kind: ast.ClassDef, what: str) -> set[str]:
    """The names that a class gives to what `self.optimizers()`, or a similar call, returns."""
    own = [n for n in ast.walk(kind) if isinstance(n, ast.Assign) and last_word(n.value) == what]
    return {n.id for a in own for t in a.targets for n in ast.walk(t) if isinstance(n, ast.Name)}


LIGHTNING = (without_graph, by_hand)
