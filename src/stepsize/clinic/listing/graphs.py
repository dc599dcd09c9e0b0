"""Whether the loss that goes backward still has its graph, back to the model's output."""

import ast

from ..finding import Finding
from .program import Event, Program, Run, last_word
from .roles import Roles, is_loss, loss_by_its_name, parameters_of

__all__ = ["GRAPHS", "made_anew"]


def without_graph(program: Program) -> Finding | None:
    """The loss that goes backward was computed where no graph is kept."""
    roles = Roles(program)
    for run in program.runs:
        for i, e in enumerate(run):
            if not roles.is_backward(e) or not isinstance(e.value, ast.Call) or _only_trains(e):
                continue
            loss = e.value.args[0] if e.value.args else None  # accelerator.backward(loss)
            if loss is None or isinstance(loss, ast.Constant):
                loss = e.value.func.value if isinstance(e.value.func, ast.Attribute) else None
            if loss is not None and (
                e.place.frozen or _is_new(loss, e, run[:i]) or _no_graph(loss, run[:i])
            ):
                return Finding(
                    "dead gradients",
                    0.9,
                    "The forward pass runs under no_grad(), is detached, or goes through an "
                    "argmax, a comparison or a rounding, so backward() has no graph to follow.",
                    "Keep no_grad() and argmax for evaluation. The loss needs the model's raw "
                    "output.",
                    9,
                )
    return None


def _only_trains(e: Event) -> bool:
    """Whether this is skipped under no_grad(), as in `if self.model.training:`."""
    return e.place.frozen and any("train" in ast.unparse(test) for test in e.place.tests)


def _is_new(loss: ast.expr, backward: Event, before: Run) -> bool:
    """Whether the loss is made from numbers, just before it: `loss = torch.tensor(sum(losses))`."""
    own = [e for e in before if e.name == "=" and e.owner == backward.text(loss)]
    if not own or own[-1].place.branches != backward.place.branches:
        return False
    made = own[-1].value
    numbers = isinstance(made, ast.Call) and last_word(made) in ("tensor", "FloatTensor", "Tensor")
    return numbers and any(isinstance(n, ast.Name) for a in made.args for n in ast.walk(a))  # type: ignore[attr-defined]


def _no_graph(node: ast.expr, before: Run, deep: int = 0) -> bool:
    """Whether this expression has no gradient, judging by the last assignments before it."""
    if deep > 8:
        return False
    again = lambda one: _no_graph(one, before, deep + 1)  # noqa: E731
    if isinstance(node, ast.Name):
        for i in range(len(before) - 1, -1, -1):
            e = before[i]
            if e.name == "=" and e.owner == e.names.get(node.id, node.id):
                return e.place.frozen or _assigned_without(e, before[:i], deep + 1)
        return False
    if isinstance(node, ast.Compare):
        return True
    if isinstance(node, ast.UnaryOp):
        return again(node.operand)
    if isinstance(node, ast.Attribute | ast.Subscript):
        packed = "pack" in _spelled(node, before)  # a packed sequence has its content in .data, too
        return (getattr(node, "attr", "") == "data" and not packed) or again(node.value)
    if isinstance(node, ast.BinOp):
        sides = [s for s in (node.left, node.right) if not _number(s)]
        if len(sides) == 2 and isinstance(node.op, ast.Sub) and any(map(again, sides)):
            sides = [s for s in sides if not _only_data(s, before)]
        return bool(sides) and all(again(side) for side in sides)
    if isinstance(node, ast.Call):
        if last_word(node) in CUTS or made_anew(node) or _made_of_loss(node, before):
            return True
        if is_loss(node) and node.args:
            return _loss_without(node, before, deep)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id == "torch":
            return last_word(node) in VIEWS and bool(node.args) and again(node.args[0])
        return owner is not None and last_word(node) in VIEWS and again(owner)
    return False


def _assigned_without(e: Event, before: Run, deep: int) -> bool:
    """Whether what this assigns has no gradient; in `loss = f(out, y)`, f counts as a loss."""
    if isinstance(e.value, ast.Call) and loss_by_its_name(e) and not _trained(e.value, before):
        return _loss_without(e.value, before, deep) or _no_graph(e.value, before, deep)
    return _no_graph(e.value, before, deep)


def _trained(call: ast.Call, before: Run) -> bool:
    """Whether an optimizer holds parameters of what is called here."""
    name = ast.unparse(call.func)
    return any(name in parameters_of(e) for e in before)


def _loss_without(call: ast.Call, before: Run, deep: int) -> bool:
    """Whether the output in a loss of an output and a target has no gradient."""
    outcome, target = call.args[0], call.args[1:2]
    return _no_graph(outcome, before, deep + 1) and all(_only_data(a, before) for a in target)


def _made_of_loss(call: ast.Call, before: Run) -> bool:
    """Whether this is `torch.tensor(loss, requires_grad=True)`: the number, without its graph."""
    if last_word(call) not in ("tensor", "Variable") or not call.args:
        return False
    if not any(k.arg == "requires_grad" for k in call.keywords):
        return False
    given = call.args[0]
    own = [e for e in before if e.name == "=" and e.owner == ast.unparse(given)]
    value = own[-1].value if own else given
    cut = isinstance(value, ast.Call) and last_word(value) in CUTS
    return is_loss(value) or cut or bool(own and loss_by_its_name(own[-1]))


# After these there is no gradient, or it is 0 everywhere.
CUTS = ("detach", "argmax", "numpy", "item", "tolist", "round", "sign", "from_numpy", "floor")
VIEWS = (
    "mean", "sum", "view", "reshape", "squeeze", "float", "flatten", "requires_grad_", "pow",
    "square", "abs", "sqrt", "unsqueeze", "to",
)  # fmt: skip


MOVES = ("to", "cuda", "cpu", "float", "double", "type", "unsqueeze", "squeeze")


def _spelled(node: ast.expr, before: Run) -> str:
    """An expression, with what its names were assigned."""
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    own = [e for e in before if e.name == "=" and e.owner in names]
    return " ".join([ast.unparse(node), *(ast.unparse(e.value) for e in own)])


def _only_data(node: ast.expr, before: Run) -> bool:
    """Whether no model is called on the way to this, so that it is most likely a target."""
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
    if any(not _moves(call) for call in calls):
        return False
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id != "torch"]
    for name in names:
        at = [i for i, e in enumerate(before) if e.name == "=" and e.owner == name]
        if at and not _only_data(before[at[-1]].value, before[: at[-1]]):
            return False
    return True


def _moves(call: ast.Call) -> bool:
    """Whether a call only changes the form of data, or creates new data."""
    word = last_word(call)
    return word in (*CUTS, *VIEWS) or word in (
        "cuda", "long", "int", "type", "type_as", "tensor", "from_numpy", "zeros", "ones", "randn",
        "zeros_like", "ones_like", "full_like", "one_hot", "stack", "cat", "expand_as", "clone",
        "view_as", "size", "next", "iter", "double", "half", "Variable", "items", "squeeze_",
    )  # fmt: skip


def made_anew(node: ast.expr) -> bool:
    """Whether this makes a tensor from numbers that were taken out of a different tensor."""
    while isinstance(node, ast.Call) and last_word(node) in MOVES:
        if not isinstance(node.func, ast.Attribute):
            break
        node = node.func.value
    if not isinstance(node, ast.Call):
        return False
    makers = ("tensor", "as_tensor", "from_numpy", "Tensor", "FloatTensor", "Variable")
    inside = [n for a in node.args for n in ast.walk(a) if isinstance(n, ast.Call)]
    return last_word(node) in makers and any(last_word(n) in CUTS for n in inside)


def _number(node: ast.expr) -> bool:
    """Whether it is more likely a plain number, such as a step count, than a tensor."""
    return isinstance(node, ast.Constant) or any(
        word in ast.unparse(node).lower() for word in ("accum", "steps", "weight", "len(")
    )


GRAPHS = (without_graph,)
