"""Whether the model is in the right mode: train() before updates."""

import ast
import re

from ..finding import Finding
from .cuts import ends_at, ends_in
from .program import Event, Program, Run, apart
from .roles import Roles, parameters_of

__all__ = ["MODES"]


def evaluates(program: Program) -> Finding | None:
    """eval() on the model that is trained, and no train() before the next backward()."""
    roles = Roles(program)
    for run in program.runs:
        loops = [e for e in run if roles.is_backward(e) and e.place.loops]
        if not any(roles.is_step(e) or roles.is_opaque(e) for e in run):
            continue  # it may want the gradient of an input, as an attack does
        for i, e in enumerate(run):
            if _mode(e) != "eval" or not _trained(e.owner, run, roles) or not loops:
                continue
            outer = e.place.loops[0] if e.place.loops else None
            after = [o for o in run[i + 1 :]] + [o for o in run if outer and o.within(outer)]
            for o in after:
                if _mode(o) == "train" and not apart(o, e):
                    break
                if roles.is_backward(o) and not apart(o, e) and not _is_open(e, program):
                    return Finding(
                        "eval mode",
                        0.85,
                        f"{e.owner}.{'eval()' if e.name == 'eval' else 'train(False)'} is called, "
                        "and there is no train() before the next backward().",
                        "Call model.train() at the start of each epoch. Otherwise dropout stays "
                        "off and BatchNorm's statistics are frozen.",
                        9,
                    )
    return None


def _is_open(e: Event, program: Program) -> bool:
    """Whether the text ends in the block that this is in, so that train() may follow below."""
    last = [n for n in ast.walk(program.tree) if ends_in(n, program)]
    if any(isinstance(n, ast.With) and _goes_on(e, n) for n in last) or ends_at(e, program):
        return True
    if not e.place.tests or e.place.function:
        return False
    test = e.place.tests[-1]
    return any(isinstance(n, ast.If) and n.test is test for n in last)


def _goes_on(e: Event, block: ast.With) -> bool:
    """Whether this is in a block without a loop; with one, it would be the whole validation."""
    inside = list(ast.walk(block))
    return any(n is e.value for n in inside) and not any(isinstance(n, ast.For) for n in inside)


def _mode(e: Event) -> str:
    """The mode that a call of train() or eval() sets."""
    off = e.name == "train" and any(
        isinstance(a, ast.Constant) and a.value is False for a in e.arguments
    )
    return "eval" if off else e.name


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


ON_PURPOSE = re.compile(r"monte|\bmc|_mc|bayes|uncertain|ensemble|always")


def always_drops(program: Program) -> Finding | None:
    """F.dropout(x) in forward(): unless it is told the mode, it drops in evaluation, too."""
    if ON_PURPOSE.search(ast.unparse(program.tree).lower()):
        return None
    for kind in (n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)):
        forward = next((f for f in kind.body if getattr(f, "name", "") == "forward"), None)
        for n in ast.walk(forward) if forward is not None else ():
            if isinstance(n, ast.Call) and ast.unparse(n.func) in DROPOUTS and _is_untold(n):
                return Finding(
                    "dropout always on",
                    0.85,
                    f"{ast.unparse(n):.60} in forward() of {kind.name} drops outputs after eval(), "
                    "too, because training=True is its default.",
                    "Use nn.Dropout, or pass training=self.training.",
                    9,
                )
    return None


DROPOUTS = ("F.dropout", "nn.functional.dropout", "torch.nn.functional.dropout")


def _is_untold(call: ast.Call) -> bool:
    return len(call.args) < 3 and not any(k.arg in ("training", None) for k in call.keywords)


MODES = (evaluates, always_drops)
