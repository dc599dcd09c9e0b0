"""A weight decay that doesn't do what its name says."""

import ast

from ..finding import Finding
from .program import Program

__all__ = ["DECAY", "adam_decays"]


def l2_in_adam(program: Program) -> Finding | None:
    """An optimizer of torch's Adam family with an L2 penalty."""
    roots = {a.name for n in ast.walk(program.tree) if isinstance(n, ast.Import) for a in n.names}
    roots |= {n.module or "" for n in ast.walk(program.tree) if isinstance(n, ast.ImportFrom)}
    text = ast.unparse(program.tree)
    if any(r.split(".")[0] in ("keras", "tensorflow") for r in roots) or "keras." in text:
        return None  # there, Adam's weight_decay is decoupled
    for e in program.events:
        if e.name not in ("Adam", "NAdam", "RAdam", "Adamax") or not isinstance(e.value, ast.Call):
            continue
        given = {k.arg: k.value for k in e.value.keywords}
        decay, decoupled = given.get("weight_decay"), given.get("decoupled_weight_decay")
        if not _is_off(decay) and _is_off(decoupled):
            return adam_decays(ast.unparse(e.value))
    return None


def adam_decays(said: str) -> Finding:
    """The finding for Adam with a weight decay; said: the text in which that was read."""
    return Finding(
        "L2 in Adam",
        0.6,
        f"{said} is an L2 penalty, which Adam rescales for each weight.",
        "AdamW decays all weights alike. Retune its decay: the same number means something else.",
        6,
    )


def _is_off(value: ast.expr | None) -> bool:
    """Whether an argument is missing, or is 0 or False."""
    return value is None or (isinstance(value, ast.Constant) and not value.value)


DECAY = (l2_in_adam,)
