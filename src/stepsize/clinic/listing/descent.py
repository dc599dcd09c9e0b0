"""Whether the weights go downhill, and whether each epoch shows the data in a new order."""

import ast
import re

from ..finding import Finding
from .program import Event, Program, last_word
from .roles import Roles, parameters_of

__all__ = ["DESCENT"]

MAPS = ("map", "tree_map", "tree_multimap")
MINIMIZED = {"cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss"}
ORDERED = re.compile(r"sampler|iterable|lstm|gru|rnn|stateful|time.?series|overfit", re.IGNORECASE)


def ascends(program: Program) -> Finding | None:
    """Faults in JAX code that updates by hand: weights plus their gradient."""
    for e in program.events:
        if e.name not in MAPS or not isinstance(e.value, ast.Call) or len(e.value.args) != 3:
            continue
        change, _, gradients = e.value.args
        if isinstance(change, ast.Lambda) and _adds(change) and "grad" in e.text(gradients).lower():
            return Finding(
                "wrong sign",
                0.85,
                f"{ast.unparse(change.body)}: the gradient points uphill, but it is added.",
                "Subtract it.",
                1,
            )
    return None


def _adds(change: ast.Lambda) -> bool:
    """Whether it is `lambda p, g: p + rate * g`, the rate not below 0."""
    names, body = [a.arg for a in change.args.args], change.body
    if len(names) != 2 or not isinstance(body, ast.BinOp) or not isinstance(body.op, ast.Add):
        return False
    left, right = body.left, body.right
    plain = not any(isinstance(n, ast.USub) for n in ast.walk(right))
    return isinstance(left, ast.Name) and left.id == names[0] and plain and _has(right, names[1])


def _has(node: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def negated(program: Program) -> Finding | None:
    """A loss that should become small, with a minus sign, in a loop with no other loss."""
    roles = Roles(program)
    for run in program.runs:
        backwards = [e for e in run if roles.is_backward(e) and e.place.loops]
        if len(backwards) != 1 or not isinstance(backwards[0].value, ast.Call):
            continue
        loss = _of_backward(backwards[0].value)
        own = [e for e in run if e.name == "=" and e.owner == backwards[0].text(loss)]
        value = own[-1].value if own else loss
        if len(own) > 1 or not isinstance(value, ast.UnaryOp) or not isinstance(value.op, ast.USub):
            continue
        if last_word(value.operand) in MINIMIZED and _holds_the_model(value.operand, roles):
            return Finding(
                "wrong sign",
                0.85,
                f"backward() is called on {ast.unparse(value):.60}, which makes the loss larger.",
                "Remove the minus sign.",
                1,
            )
    return None


def rewards_fall(program: Program) -> Finding | None:
    """A policy gradient without its minus: what went well becomes less likely."""
    text = ast.unparse(program.tree)
    if re.search(r"maximize=True|-\s*[\w.]*log_?p", text):
        return None
    roles = Roles(program)
    for run in program.runs:
        for e in run:
            if e.name != "=" or not _rewarded(e.value):
                continue
            mine = [o for o in run if o.name == "=" and o.owner == e.owner]
            falls = f"{e.owner}.backward"
            down = [o for o in run if roles.is_backward(o) and falls in ast.unparse(o.value)]
            if down and len(mine) == 1:
                return Finding(
                    "wrong sign",
                    0.8,
                    f"{e.owner} = {ast.unparse(e.value):.60}: going downhill on it makes actions "
                    "with a high return less likely.",
                    "Put a minus before it.",
                    1,
                )
    return None


def _rewarded(node: ast.expr) -> bool:
    """Whether it is the sum or mean of log-probabilities times returns, with no minus."""
    if isinstance(node, ast.Call) and last_word(node) in ("sum", "mean"):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        function = owner is None or (isinstance(owner, ast.Name) and owner.id == "torch")
        inner = (node.args[0] if node.args else None) if function else owner
        return inner is not None and _rewarded(inner)
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return False
    if any(isinstance(n, ast.USub | ast.Sub) for n in ast.walk(node)):
        return False
    sides = sorted(bool(LOG.search(ast.unparse(side))) for side in (node.left, node.right))
    return sides == [False, True] and bool(RETURNS.search(ast.unparse(node)))


LOG = re.compile(r"log_?p(rob)?s?\b")
RETURNS = re.compile(r"return|reward|advant|\badv\b", re.IGNORECASE)


def _of_backward(call: ast.Call) -> ast.expr:
    if call.args:
        return call.args[0]
    return call.func.value if isinstance(call.func, ast.Attribute) else call


def _holds_the_model(loss: ast.expr, roles: Roles) -> bool:
    """Whether the optimizer holds the weights of what the loss calls, not an input (as in an
    attack) or a different network."""
    called = {ast.unparse(n.func) for n in ast.walk(loss) if isinstance(n, ast.Call)}
    held = [parameters_of(made) for made in roles.optimizers]
    return len(held) <= 1 and all(own & called for own in held)


def never_shuffled(program: Program) -> Finding | None:
    """A loader of training data with shuffle=False and no reason given."""
    if ORDERED.search(ast.unparse(program.tree)):
        return None
    for e in program.events:
        if e.name != "=" or last_word(e.value) != "DataLoader" or "train" not in e.owner.lower():
            continue
        given = {k.arg: k.value for k in e.value.keywords}  # type: ignore[attr-defined]
        shuffle = given.get("shuffle")
        trains = any("backward" in o.name and _over(o, e.owner) for o in program.events)
        if isinstance(shuffle, ast.Constant) and shuffle.value is False and trains:
            return Finding(
                "data not shuffled",
                0.6,
                f"{e.owner} is created with shuffle=False: every epoch has the same batches in the "
                "same order, and if the data are sorted, each batch holds a single class.",
                "Use shuffle=True for the training data, unless their order matters.",
                5,
            )
    return None


def _over(e: Event, loader: str) -> bool:
    """Whether this is in a loop over that loader."""
    loops = [n for n in e.place.loops if isinstance(n, ast.For)]
    return any(loader in ast.unparse(n.iter) for n in loops)


def epoch_never_set(program: Program) -> Finding | None:
    """A DistributedSampler that isn't told the epoch: it draws the same order in each."""
    text = ast.unparse(program.tree)
    if re.search(r"set_epoch|Lightning|accelerat|Trainer\(", text):
        return None
    for e in program.events:
        if e.name != "=" or last_word(e.value) != "DistributedSampler":
            continue
        given = {k.arg: ast.unparse(k.value) for k in e.value.keywords}  # type: ignore[attr-defined]
        trains = any("backward" in o.name and len(o.place.loops) > 1 for o in program.events)
        aside = re.search("val|test|eval", e.owner.lower() + ast.unparse(e.value).lower())
        if given.get("shuffle") != "False" and trains and not aside:
            return Finding(
                "data not shuffled",
                0.7,
                f"{e.owner}.set_epoch() is never called: DistributedSampler draws the same order "
                "in each epoch.",
                f"{e.owner}.set_epoch(epoch) as each epoch begins.",
                5,
            )
    return None


DESCENT = (ascends, negated, rewards_fall, never_shuffled, epoch_never_set)
