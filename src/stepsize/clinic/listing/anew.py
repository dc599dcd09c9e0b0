"""What is made again in each epoch: the optimizer and its memory, or the model."""

import ast
import re
from collections.abc import Iterable, Iterator

from ..finding import Finding
from .program import Program, Run, last_word
from .roles import Roles, made_by, parameters_of

__all__ = ["ANEW"]


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


def made_at_each_call(program: Program) -> Finding | None:
    """A function that makes one update creates its optimizer: each call begins without memory."""
    for f in (n for n in ast.walk(program.tree) if isinstance(n, ast.FunctionDef)):
        made = [n for n in f.body if isinstance(n, ast.Assign) and _remembers(n.value)]
        named = len(f.args.args) > 1 and ONE.search(f.name) and not ON_PURPOSE.search(f.name)
        if made and named and _updates_once(f) and _called_again(f.name, program.tree):
            return Finding(
                "optimizer made anew",
                0.85,
                f"{f.name}() makes one update and creates {last_word(made[0].value)} itself, "
                "so its memory is lost at each call.",
                "Create the optimizer once, outside the function, and pass it in.",
                4,
            )
    return None


LOOPS = (ast.For, ast.While, ast.AsyncFor, ast.ListComp, ast.GeneratorExp)
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
ONE = re.compile(r"step|update|learn|optimi[sz]e|batch")
ON_PURPOSE = re.compile(r"test|demo|profile|adapt|client|make|create|build")


def _updates_once(f: ast.FunctionDef) -> bool:
    """Whether its own statements make an update, without a loop or an optimizer's earlier state."""
    nodes = [n for part in f.body for n in _own(part)]
    calls = {last_word(n) for n in nodes if isinstance(n, ast.Call)}
    updates = "apply_gradients" in calls or {"backward", "step"} <= calls
    kept = {"load_state_dict", "deepcopy"} & calls
    return updates and not kept and not any(isinstance(n, LOOPS) for n in nodes)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a statement, but not in a function that it defines."""
    if isinstance(node, INNER):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _own(child)


def _called_again(name: str, tree: ast.AST) -> bool:
    """Whether a loop calls this function, or the text doesn't show any call."""
    looped = (n for loop in ast.walk(tree) if isinstance(loop, LOOPS) for n in ast.walk(loop))
    return _calls(name, looped) or not _calls(name, ast.walk(tree))


def _calls(name: str, nodes: Iterable[ast.AST]) -> bool:
    return any(isinstance(n, ast.Call) and last_word(n) == name for n in nodes)


def _remembers(node: ast.expr) -> bool:
    """Whether this makes an optimizer that keeps averages."""
    if not isinstance(node, ast.Call):
        return False
    kept = last_word(node) in ("Adam", "AdamW", "Adagrad", "RMSprop", "Adadelta", "Nadam", "NAdam")
    momentum = [k.value for k in node.keywords if k.arg == "momentum"]
    zero = [isinstance(value, ast.Constant) and value.value == 0 for value in momentum]
    return kept or (last_word(node) == "SGD" and zero == [False])


def model_anew(program: Program) -> Finding | None:
    """The model itself is created in the loop over epochs, so each begins with new weights."""
    roles = Roles(program)
    for run in program.runs:
        for e in run:
            loop = e.loop
            counts = isinstance(loop, ast.For) and ast.unparse(loop.target) == "epoch"
            if not counts or e.name != "=" or e.place.branches or not made_by(e.value):
                continue
            own = [o for o in run if o.within(loop)]
            held = any(e.owner in parameters_of(o) for o in roles.optimizers)
            learns = held and any(roles.is_backward(o) for o in own)
            if learns and not any(_resets(o.name) for o in own):
                return Finding(
                    "model made anew",
                    0.9,
                    f"{e.owner} is created inside the loop over epochs: what an epoch has learned "
                    "is gone in the next.",
                    "Create the model and its optimizer once, before the loop.",
                    1,
                )
    return None


def _outside(loop: ast.AST | None, run: Run) -> set[tuple[object, str]]:
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


ANEW = (made_anew, made_at_each_call, model_anew)
