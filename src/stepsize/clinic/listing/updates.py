"""Whether each update gets the gradient of its own batch: faults of zero_grad, backward, step."""

import ast
import re
from dataclasses import replace

from ..finding import Finding
from .program import Event, Program, Run, apart, last_word
from .roles import Roles, is_loss, loss_by_its_name, parameters_of

__all__ = ["UPDATES", "made_anew"]


def forgotten_zero(program: Program) -> Finding | None:
    """A backward() and a step() in a loop, and nothing there that sets the gradient back."""
    roles = Roles(program)
    for run in program.runs:
        if any(roles.is_opaque(e) for e in run):
            continue
        zeroes = [e for e in run if roles.is_zero(e)]
        backwards = [e for e in run if roles.is_backward(e)]
        for step in filter(roles.is_step, run):
            near = [e for e in backwards if e.within(step.loop) or step.loop is None]
            back = [e for e in zeroes if e.within(step.loop) or step.loop is None]
            if near and not back and not _frozen_out(near):
                return _zero_finding(bool(zeroes))
            if near and back and all(_now_and_then(e, step, near) for e in back):
                return _zero_finding(True, ast.unparse(back[0].place.tests[-1]))
    return None


def _now_and_then(zero: Event, step: Event, backwards: list[Event]) -> bool:
    """Whether this waits for a test like `i % 50 == 0`, and neither the update nor backward()."""
    if not zero.place.tests or "%" not in ast.unparse(test := zero.place.tests[-1]):
        return False
    return not any(test in e.place.tests or apart(zero, e) for e in (step, *backwards))


def _frozen_out(backwards: list[Event]) -> bool:
    """Whether the model itself is called to work without a gradient: nothing can add up."""
    return all(e.place.frozen for e in backwards)


def _zero_finding(elsewhere: bool, test: str = "") -> Finding:
    said = "The code calls backward() and step(), and nowhere zero_grad()."
    if test:
        said = f"zero_grad() is called only where {test}, and step() at every batch."
    elif elsewhere:
        said = "zero_grad() stands outside of the loop in which backward() and step() are."
    cure = "Call optimizer.zero_grad() before each backward(), unless you add up on purpose."
    return Finding("forgotten zero_grad", 0.98, said, cure, 1)


def zeroed_before_step(program: Program) -> Finding | None:
    """zero_grad() between backward() and step(): no gradient arrives."""
    roles = Roles(program)
    for run in program.runs:
        last: Event | None = None  # the zero_grad after a backward
        pending: Event | None = None
        for e in (*run, *run):  # what ends one pass of a loop stands before the next
            if roles.is_backward(e):
                pending, last = e, None
            elif roles.is_zero(e) and pending is not None and _same(e, pending):
                last = e
            elif roles.is_sure_step(e) or (roles.is_step(e) and last is not None):
                if last is not None and _same(e, last) and _serves(last, e, roles):
                    return Finding(
                        "dead gradients",
                        0.95,
                        "zero_grad() stands between backward() and step(): the step sees no "
                        "gradient.",
                        "Call zero_grad() before backward(), or after step().",
                        1,
                    )
                pending = last = None
    return None


def _same(a: Event, b: Event) -> bool:
    """Whether two events happen in one pass of the same loop, under the same conditions."""
    return _pass(a) == _pass(b) and a.place.branches == b.place.branches


def _pass(e: Event) -> tuple[ast.AST, ...]:
    """The loops that something stands in, but for one over the parameters of a model."""
    loops = e.place.loops
    head = ast.unparse(loops[-1].iter) if loops and isinstance(loops[-1], ast.For) else ""
    return loops[:-1] if re.search(r"param(?:eter)?s|param_groups", head) else loops


def _serves(zero: Event, step: Event, roles: Roles) -> bool:
    """Whether this zero_grad clears what this optimizer would use."""
    if zero.owner == step.owner or step.owner not in roles.optimizer_names:
        return zero.owner == step.owner or "opt" not in zero.owner.lower()
    made = next(e for e in roles.optimizers if e.owner == step.owner)
    return zero.owner.rpartition(".grad")[0] in parameters_of(made) or zero.owner in parameters_of(
        made
    )


def never_steps(program: Program) -> Finding | None:
    """backward() in a loop, an optimizer, and no step(); or a step() without any backward()."""
    roles, events = Roles(program), list(program.events)
    backward = [e for e in events if roles.is_backward(e) and e.place.loops]
    steps = [e for e in events if roles.is_step(e)]
    optimizer = bool(roles.optimizers) or any(e.name == "zero_grad" for e in events)
    hidden = any(roles.is_opaque(e) for e in events) or _by_hand(program)
    if backward and optimizer and not steps and not hidden:
        return Finding(
            "dead gradients",
            0.95,
            "The loop calls backward(), and nowhere optimizer.step(): no weight changes.",
            "Call optimizer.step() after backward().",
            1,
        )
    sure = [e for e in steps if roles.is_sure_step(e) and e.place.loops and not e.arguments]
    zero = any(e.name == "zero_grad" for e in events)
    losses = any(is_loss(e.value) or loss_by_its_name(e) for e in events)
    any_backward = any("backward" in e.name or e.name in ("grad", "optimize") for e in events)
    plain = zero or any(_lost(e, run, sure) for run in program.runs for e in run)
    if sure and plain and losses and not any_backward and not hidden:
        return Finding(
            "dead gradients",
            0.95,
            "The loop calls optimizer.step(), and nowhere backward(): there is no gradient.",
            "Call loss.backward() between zero_grad() and step().",
            1,
        )
    return None


def _lost(e: Event, run: Run, steps: list[Event]) -> bool:
    """Whether this is the loss of a batch, followed by a step, that nothing else is given."""
    if e.name != "=" or not (is_loss(e.value) or loss_by_its_name(e)) or not e.place.loops:
        return False
    if re.search("grad|step|train|update|backprop", ast.unparse(e.value.func)):  # type: ignore[attr-defined]
        return False  # it may do all of it
    handed = any(o.text(a) == e.owner for o in run for a in o.arguments if o.name not in SHOWS)
    return not handed and any(o.loop is e.loop for o in steps)


SHOWS = ("print", "append", "float", "set_postfix", "log", "write", "update")


def another_steps(program: Program) -> Finding | None:
    """Gradients are cleared for one optimizer, and then another one makes the step."""
    roles, events = Roles(program), list(program.events)
    stepped = {e.owner for e in events if e.name == "step"}
    handed = {e.text(a) for e in events for a in e.arguments if isinstance(a, ast.Name)}
    for run in program.runs:
        cleared: set[str] = set()
        pending = False
        for e in (e for e in run if e.place.loops):
            if e.name == "zero_grad" and roles.is_sure_step(replace(e, name="step")):
                cleared.add(e.owner)
            elif roles.is_backward(e):
                pending = bool(cleared)
            elif roles.is_sure_step(e) and not e.arguments:
                idle = cleared - stepped - handed
                if pending and idle and e.owner not in cleared:
                    return Finding(
                        "dead gradients",
                        0.9,
                        f"{min(idle)} never makes a step: after its zero_grad() and backward() "
                        f"comes {e.owner}.step().",
                        f"Call {min(idle)}.step() there.",
                        1,
                    )
                cleared, pending = set(), False
    return None


def _by_hand(program: Program) -> bool:
    """Whether gradients are read from `.grad`: weights may be changed without an optimizer."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "grad" and isinstance(node.ctx, ast.Load)
        for node in ast.walk(program.tree)
    )


def without_graph(program: Program) -> Finding | None:
    """The loss that goes backward was worked out where no graph is kept."""
    roles = Roles(program)
    for run in program.runs:
        for i, e in enumerate(run):
            if not roles.is_backward(e) or not isinstance(e.value, ast.Call) or _only_trains(e):
                continue
            loss = e.value.args[0] if e.value.args else None  # accelerator.backward(loss)
            if loss is None or isinstance(loss, ast.Constant):
                loss = e.value.func.value if isinstance(e.value.func, ast.Attribute) else None
            if loss is not None and (e.place.frozen or _no_graph(loss, run[:i])):
                return Finding(
                    "dead gradients",
                    0.9,
                    "The forward pass stands under no_grad(), is detached, or goes through an "
                    "argmax, a comparison or a rounding: backward() has no graph to go through.",
                    "Keep no_grad() and argmax for evaluation; the loss wants what the model "
                    "puts out.",
                    9,
                )
    return None


def _only_trains(e: Event) -> bool:
    """Whether this is left out where it stands under no_grad(): `if self.model.training:`."""
    return e.place.frozen and any("train" in ast.unparse(test) for test in e.place.tests)


def _no_graph(node: ast.expr, before: Run, deep: int = 0) -> bool:
    """Whether this expression has no gradient, by the last assignments before it."""
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
        packed = "pack" in _spelled(node, before)  # of these, too, data is what they hold
        return (getattr(node, "attr", "") == "data" and not packed) or again(node.value)
    if isinstance(node, ast.BinOp):
        sides = [s for s in (node.left, node.right) if not _number(s)]
        if len(sides) == 2 and any(map(again, sides)):
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
    """Whether what this assigns has no gradient; of `loss = f(out, y)`, f is taken for a loss."""
    if isinstance(e.value, ast.Call) and loss_by_its_name(e) and not _trained(e.value, before):
        return _loss_without(e.value, before, deep) or _no_graph(e.value, before, deep)
    return _no_graph(e.value, before, deep)


def _trained(call: ast.Call, before: Run) -> bool:
    """Whether what is called here has parameters that an optimizer holds."""
    name = ast.unparse(call.func)
    return any(name in parameters_of(e) for e in before)


def _loss_without(call: ast.Call, before: Run, deep: int) -> bool:
    """Of a loss of an outcome and a target: whether the outcome has no gradient."""
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
    """An expression, and what the first name in it was assigned."""
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    own = [e for e in before if e.name == "=" and e.owner in names]
    return " ".join([ast.unparse(node), *(ast.unparse(e.value) for e in own)])


def _only_data(node: ast.expr, before: Run) -> bool:
    """Whether no model is called on the way to this: a target, most likely."""
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
    """Whether a call only gives data another form, or makes them anew."""
    word = last_word(call)
    return word in (*CUTS, *VIEWS) or word in (
        "cuda", "long", "int", "type", "type_as", "tensor", "from_numpy", "zeros", "ones", "randn",
        "zeros_like", "ones_like", "full_like", "one_hot", "stack", "cat", "expand_as", "clone",
        "view_as", "size", "next", "iter", "double", "half", "Variable", "items", "squeeze_",
    )  # fmt: skip


def made_anew(node: ast.expr) -> bool:
    """Whether a tensor is made of numbers that were taken out of another."""
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
    """A name that is hardly a tensor: a count of steps."""
    return isinstance(node, ast.Constant) or any(
        word in ast.unparse(node).lower() for word in ("accum", "steps", "weight", "len(")
    )


UPDATES = (forgotten_zero, zeroed_before_step, never_steps, another_steps, without_graph)
