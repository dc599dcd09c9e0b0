"""Outputs (n, 1) against targets (n,): torch broadcasts both to (n, n), and nothing is learned."""

import ast

from ..finding import Finding
from .endings import ends
from .outputs import losses
from .program import Event, Program, Run, last_word

__all__ = ["SHAPES"]

BROADCASTS = (
    ("mse_loss", "MSELoss"), ("l1_loss", "L1Loss"), ("smooth_l1_loss", "SmoothL1Loss"),
    ("huber_loss", "HuberLoss"),
)  # fmt: skip
KEEPS = ("float", "to", "cuda", "astype", "tensor", "from_numpy", "FloatTensor", "Tensor",
         "as_tensor", "double")  # fmt: skip


def broadcast(program: Program) -> Finding | None:
    """A column of outputs, and a target that is clearly flat."""
    for names in BROADCASTS:
        found = [(e, given) for e, given in losses(program, *names) if isinstance(given, ast.Name)]
        for e, given in found:
            run = next(run for run in program.runs if any(o is e for o in run))
            before = run[: next(i for i, o in enumerate(run) if o is e)]
            if _is_flat(_target(e), e, before) and _is_column(given, e, before, program):
                return Finding(
                    "shapes broadcast",
                    0.9,
                    "The model's output has the shape (n, 1), its target (n,): "
                    f"{names[1]} compares every output with every target.",
                    "Give both the same shape: output.squeeze(1), or target.unsqueeze(1).",
                    9,
                )
    return None


def _target(e: Event) -> ast.expr | None:
    assert isinstance(e.value, ast.Call)
    return e.value.args[1] if len(e.value.args) > 1 else None


def _is_column(given: ast.expr, e: Event, before: Run, program: Program) -> bool:
    """Whether this is the unchanged output of a model with one output column."""
    own = [o for o in before if o.name == "=" and o.owner == e.text(given)]
    made = own[-1].value if own else None
    called = isinstance(made, ast.Call) and not isinstance(made.func, ast.Call)
    plain = called and last_word(made) not in ("squeeze", "view", "flatten", "reshape")
    return plain and ends([(e, given)], "one", program)


def _is_flat(node: ast.expr | None, e: Event, before: Run) -> bool:
    """Whether this is made from one column of a table: `torch.tensor(df["price"].values)`."""
    if isinstance(node, ast.Name):
        own = [o for o in before if o.name == "=" and o.owner == e.text(node)]
        return bool(own) and _is_flat(own[-1].value, e, before[: before.index(own[-1])])
    if isinstance(node, ast.Attribute) and node.attr == "values":
        return _is_flat(node.value, e, before)
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
    if isinstance(node, ast.Call) and last_word(node) in ("to_numpy", *KEEPS):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        maker = owner is None or (isinstance(owner, ast.Name) and owner.id in ("torch", "np"))
        inner = (node.args[0] if node.args else None) if maker else owner
        return _is_flat(inner, e, before)
    return False


SHAPES = (broadcast,)
