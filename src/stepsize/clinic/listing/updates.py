"""Whether each update gets the gradient of its own batch: faults of zero_grad, backward, step."""

import ast
from collections.abc import Iterator

from ..finding import Finding
from .program import LOOPS, Event, Program, apart, last_word
from .roles import Roles, is_loss

__all__ = ["UPDATES"]

Run = tuple[Event, ...]


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
    return None


def _frozen_out(backwards: list[Event]) -> bool:
    """Whether the model itself is called to work without a gradient: nothing can add up."""
    return all(e.place.frozen for e in backwards)


def _zero_finding(elsewhere: bool) -> Finding:
    said = "The code calls backward() and step(), and nowhere zero_grad()."
    if elsewhere:
        said = "zero_grad() stands outside of the loop in which backward() and step() are."
    cure = "Call optimizer.zero_grad() before each backward(), unless you add up on purpose."
    return Finding("forgotten zero_grad", 0.98, said, cure, 1)


def zeroed_before_step(program: Program) -> Finding | None:
    """zero_grad() between backward() and step(): no gradient arrives."""
    roles = Roles(program)
    for run in program.runs:
        last: Event | None = None  # the zero_grad after a backward
        pending: Event | None = None
        for e in run:
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
    return a.place.loops == b.place.loops and a.place.branches == b.place.branches


def _serves(zero: Event, step: Event, roles: Roles) -> bool:
    """Whether this zero_grad clears what this optimizer would use."""
    if zero.owner == step.owner or step.owner not in roles.optimizer_names:
        return zero.owner == step.owner or "opt" not in zero.owner.lower()
    made = next(e for e in roles.optimizers if e.owner == step.owner)
    return zero.owner.rpartition(".grad")[0] in _held(made) or zero.owner in _held(made)


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
            "The loop calls backward(), and nowhere optimizer.step(): the weights stay as they are.",
            "Call optimizer.step() after backward().",
            1,
        )
    sure = [e for e in steps if roles.is_sure_step(e) and e.place.loops and not e.arguments]
    zero = any(e.name == "zero_grad" for e in events)
    losses = any(is_loss(e.value) for e in events)
    any_backward = any("backward" in e.name or e.name in ("grad", "optimize") for e in events)
    if sure and zero and losses and not any_backward and not hidden:
        return Finding(
            "dead gradients",
            0.95,
            "The loop calls optimizer.step(), and nowhere backward(): there is no gradient.",
            "Call loss.backward() between zero_grad() and step().",
            1,
        )
    return None


def _by_hand(program: Program) -> bool:
    """Whether gradients are read from `.grad`, as where weights are changed without an optimizer."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "grad" and isinstance(node.ctx, ast.Load)
        for node in ast.walk(program.tree)
    ) and not any(n for n in ast.walk(program.tree) if last_word(n) == "zero_grad")


def without_graph(program: Program) -> Finding | None:
    """The loss that goes backward was worked out where no graph is kept."""
    roles = Roles(program)
    for run in program.runs:
        for i, e in enumerate(run):
            if not roles.is_backward(e) or not isinstance(e.value, ast.Call):
                continue
            loss = e.value.args[0] if e.arguments and roles.is_backward(e) else None
            if loss is None or isinstance(loss, ast.Constant):
                loss = e.value.func.value if isinstance(e.value.func, ast.Attribute) else None
            if loss is not None and (e.place.frozen or _no_graph(loss, run[:i])):
                return Finding(
                    "dead gradients",
                    0.9,
                    "The forward pass stands under no_grad(), or is detached: backward() has no "
                    "graph to go through.",
                    "Keep no_grad() for evaluation; call the model outside of it.",
                    9,
                )
    return None


def _no_graph(node: ast.expr, before: Run, deep: int = 0) -> bool:
    """Whether this expression has no gradient, by the last assignments before it."""
    if deep > 6:
        return False
    again = lambda one: _no_graph(one, before, deep + 1)  # noqa: E731
    if isinstance(node, ast.Name):
        for i in range(len(before) - 1, -1, -1):
            e = before[i]
            if e.name == "=" and e.owner == e.names.get(node.id, node.id):
                return e.place.frozen or _no_graph(e.value, before[:i], deep + 1)
        return False
    if isinstance(node, ast.Attribute | ast.Subscript):
        return again(node.value)
    if isinstance(node, ast.BinOp):
        sides = [s for s in (node.left, node.right) if not isinstance(s, ast.Constant)]
        return isinstance(node.op, ast.Add | ast.Div | ast.Mult) and _all_without(sides, again)
    if isinstance(node, ast.Call):
        if last_word(node) == "detach":
            return True
        if is_loss(node) and node.args:
            return again(node.args[0])
        chain = isinstance(node.func, ast.Attribute) and last_word(node) in VIEWS
        return chain and again(node.func.value)  # type: ignore[attr-defined]
    return False


VIEWS = ("mean", "sum", "view", "reshape", "squeeze", "float", "flatten", "transpose", "scale")


def _all_without(sides: list[ast.expr], again: object) -> bool:
    """Of a sum of losses: the one that is an expression decides, where a number is the other."""
    return (
        len(sides) > 0
        and all(again(s) for s in sides if not _number(s))
        and not all(  # type: ignore[operator]
            _number(s) for s in sides
        )
    )


def _number(node: ast.expr) -> bool:
    """A name that is hardly a tensor: a count of steps."""
    return isinstance(node, ast.Constant) or any(
        word in ast.unparse(node).lower() for word in ("accum", "steps", "weight", "len(")
    )


def other_parameters(program: Program) -> Finding | None:
    """The optimizer was made for a model that isn't trained, or that was replaced since."""
    roles = Roles(program)
    for run in program.runs:
        for i, made in enumerate(run):
            if made not in roles.optimizers:
                continue
            said = _not_called(made, run, i, roles) or _replaced(made, run, i, roles)
            if said:
                return Finding(
                    "dead gradients",
                    0.92,
                    said,
                    "Make the optimizer from the parameters of the model that is trained, after "
                    "all its layers are in place.",
                    1,
                )
    return None


def _held(made: Event) -> set[str]:
    """The models whose parameters() an optimizer is given."""
    return {
        made.text(n.value)
        for a in made.arguments
        for n in ast.walk(a)
        if isinstance(n, ast.Attribute) and n.attr in ("parameters", "named_parameters")
    }


def _mentions(e: Event, name: str) -> bool:
    """Whether this event's text has that name, or that of what it belongs to."""
    root = name.split(".")[0] if name.split(".")[0] != "self" else name
    if e.owner == name or e.owner.startswith(name + "."):
        return True
    nodes = [n for n in ast.walk(e.value) if isinstance(n, ast.Name | ast.Attribute)]
    return any(e.text(n) in (name, root) for n in nodes)


def _not_called(made: Event, run: Run, i: int, roles: Roles) -> str:
    """Of `SGD(a.parameters())` where the loop calls b alone, that was made as a was."""
    held = _held(made)
    if len(held) != 1 or "." in (name := next(iter(held))):
        return ""
    later = run[i + 1 :]
    backward = next((e for e in later if roles.is_backward(e) and e.place.loops), None)
    if backward is None or any(_mentions(e, name) for e in later):
        return ""
    loop = backward.place.loops[0]
    for e in run:
        constructs = e.name == "=" and isinstance(e.value, ast.Call) and "." not in e.owner
        if (
            not constructs
            or e.owner == name
            or _mentions(Event("", "", e.value, e.place, e.names), name)
        ):
            continue
        called = any(one.name == e.owner and not one.owner and one.within(loop) for one in later)
        if called and last_word(e.value)[:1].isupper() and not is_loss(e.value) and _is_model(e):
            return f"The optimizer holds the parameters of {name}, and the loop trains {e.owner}."
    return ""


def _is_model(e: Event) -> bool:
    word = last_word(e.value)
    return not word.endswith(("Loss", "LR", "Loader", "Dataset", "Scaler", "Accelerator"))


def _replaced(made: Event, run: Run, i: int, roles: Roles) -> str:
    """Of a model, or a layer of it, that is made anew after its optimizer, and then trained."""
    for name in _held(made):
        for j, e in enumerate(run[i + 1 :], i + 1):
            if e in roles.optimizers and name in _held(e):
                break
            if e.name != "=" or apart(e, made) or not _new_module(e, name):
                continue
            if set(map(id, e.place.loops)) - set(map(id, made.place.loops)):
                continue  # made again and again: who knows
            later = run[j + 1 :]
            again = next((k for k, o in enumerate(later) if o in roles.optimizers), len(later))
            if any(roles.is_backward(o) for o in later[:again]):
                return f"{e.owner} is made anew after the optimizer was made from {name}."
    return ""


def _new_module(e: Event, name: str) -> bool:
    """Whether this assigns a new module to the model, or to a part of it."""
    if not isinstance(e.value, ast.Call) or not (e.owner == name or e.owner.startswith(name + ".")):
        return False
    word = last_word(e.value)
    if e.owner == name:
        arguments = [last_word(n) for a in e.arguments for n in ast.walk(a)]
        owner = ast.unparse(e.value.func).split(".")[0]
        return name not in arguments and owner != name and word not in ("prepare", "setup")
    return ast.unparse(e.value.func).startswith(("nn.", "torch.nn.")) and word != "Parameter"


def made_anew(program: Program) -> Finding | None:
    """The optimizer is made in the loop over epochs: its memory is lost each time."""
    roles = Roles(program)
    for run in program.runs:
        for e in (e for e in run if e in roles.optimizers and e.place.loops):
            loop = e.loop
            conditional = any(b for b in e.place.branches if b not in _outside(loop, run))
            if not isinstance(loop, ast.For) or conditional or not _over_epochs(loop):
                continue
            own = [o for o in run if o.within(loop)]
            fresh = any(o.name == "=" and o.owner in _held(e) for o in own)
            fresh = fresh or any(_resets(o.name) for o in own)
            trains = [o for o in own if roles.is_backward(o)]
            depth = e.place.loops.index(loop)
            if trains and not fresh and all(len(o.place.loops) - depth <= 2 for o in trains):
                return Finding(
                    "optimizer made anew",
                    0.9,
                    f"{last_word(e.value)} is made inside the loop: its moments are lost each time.",
                    "Make the optimizer once, before the loop.",
                    4,
                )
    return None


def _outside(loop: ast.AST | None, run: Run) -> set[tuple[int, str]]:
    """The branches in which the whole loop stands."""
    own = [set(e.place.branches) for e in run if e.within(loop)]
    return set.intersection(*own) if own else set()


def _over_epochs(loop: ast.For) -> bool:
    """A loop over epochs or batches, not over folds, seeds, rates or clients."""
    over = ast.unparse(loop.iter).lower()
    target = ast.unparse(loop.target).lower()
    if "epoch" in target + over:
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


def evaluates(program: Program) -> Finding | None:
    """eval() on the model that is trained, and no train() before the next backward()."""
    roles = Roles(program)
    for run in program.runs:
        loops = [e for e in run if roles.is_backward(e) and e.place.loops]
        for i, e in enumerate(run):
            if e.name != "eval" or not _trained(e.owner, run, roles) or not loops:
                continue
            outer = e.place.loops[0] if e.place.loops else None
            after = [o for o in run[i + 1 :]] + [o for o in run if outer and o.within(outer)]
            for o in after:
                if o.name == "train" and not apart(o, e):
                    break
                if roles.is_backward(o) and not apart(o, e):
                    return Finding(
                        "eval mode",
                        0.85,
                        f"{e.owner}.eval() is called, and no train() before the next backward().",
                        "Call model.train() at the beginning of each epoch: else dropout is off and "
                        "BatchNorm's statistics stand still.",
                        9,
                    )
    return None


def _trained(name: str, run: Run, roles: Roles) -> bool:
    """Whether the loop trains this model: it is called there, and the optimizer holds it."""
    held = set().union(*(_held(e) for e in roles.optimizers)) if roles.optimizers else set()
    called = any(
        (f"{e.owner}.{e.name}" if e.owner else e.name) == name
        and e.place.loops
        and not e.place.frozen
        for e in run
    )
    return called and (name in held if held else roles.is_step is not None and _alone(run))


def _alone(run: Run) -> bool:
    """Whether a text that makes no optimizer has one eval() only."""
    return len({e.owner for e in run if e.name in ("eval", "train")}) == 1


def _conditional(step: Event) -> ast.expr | None:
    """The test `(i + 1) % k == 0` that an update waits for, in its own loop."""
    for test in reversed(step.place.tests):
        for node in ast.walk(test):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
                return node.right
    return None


def accumulation(program: Program) -> Finding | None:
    """Gradients of several batches that should be added up: cleared, or not divided."""
    roles = Roles(program)
    for run in program.runs:
        if any(roles.is_opaque(e) or "accumul" in e.name for e in run):
            continue
        backwards = [e for e in run if roles.is_backward(e) and e.loop is not None]
        for step in filter(roles.is_step, run):
            own = [e for e in backwards if e.within(step.loop) and not _within_if(e, step)]
            each = _conditional(step)
            if each is None or not own or any(_shares_if(e, step) for e in backwards):
                continue
            zeroes = [e for e in run if roles.is_zero(e) and e.loop is own[0].loop]
            if zeroes and all(z.place.branches == own[0].place.branches for z in zeroes):
                return _accumulates(
                    0.93,
                    "zero_grad() is called at every batch, step() only at some: the gradients of "
                    "the batches between are thrown away.",
                    "Call zero_grad() right after step(), under the same condition.",
                )
            if _undivided(own[0], each, run, program):
                return _accumulates(
                    0.8,
                    "Gradients of several batches are added up, and the loss isn't divided by "
                    f"their number: the step is {ast.unparse(each)} times as long.",
                    "Divide the loss by the number of batches before backward().",
                )
    return _only_the_last(program, roles)


def _accumulates(evidence: float, sign: str, remedy: str) -> Finding:
    return Finding("gradient accumulation", evidence, sign, remedy, 5)


def _within_if(e: Event, step: Event) -> bool:
    return e.place.branches == step.place.branches and e.place.tests == step.place.tests


def _shares_if(e: Event, step: Event) -> bool:
    """Whether a backward() waits for the same condition."""
    own = set(step.place.branches)
    return bool(own) and own <= set(e.place.branches)


def _undivided(backward: Event, each: ast.expr, run: Run, program: Program) -> bool:
    """Whether the loss that goes backward is a plain one: known, and nowhere divided."""
    number = ast.unparse(each)
    if "accelerator" in backward.owner or "fabric" in backward.owner:
        return False
    call = backward.value
    assert isinstance(call, ast.Call)
    node = call.args[0] if call.args else call.func.value  # type: ignore[attr-defined]
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        node = node.args[0] if last_word(node) == "scale" else node.func.value
    if not isinstance(node, ast.Name):
        return False
    assigned = [e for e in run if e.name == "=" and e.owner == backward.text(node)]
    text = " ".join(ast.unparse(e.value) for e in assigned)
    if not assigned or not any(_plain_loss(e.value) for e in assigned):
        return False
    used = sum(
        ast.unparse(n) == number for n in ast.walk(program.tree) if isinstance(n, type(each))
    )
    rescaled = any(
        word in ast.unparse(program.tree)
        for word in (".grad.div", ".grad /=", ".grad.mul", ".grad *=")
    )
    divided = any(c in text for c in ("/", "*", "div(", "mul(", "scale")) or number in text
    return not divided and not rescaled and (used <= 3 or isinstance(each, ast.Constant))


def _plain_loss(node: ast.expr) -> bool:
    return (
        is_loss(node)
        or (isinstance(node, ast.Attribute) and node.attr == "loss")
        or (isinstance(node, ast.Call) and last_word(node) in ("mean", "criterion", "f", "loss_fn"))
    )


def _only_the_last(program: Program, roles: Roles) -> Finding | None:
    """zero_grad() and backward() at every batch, step() after the last."""
    for run in program.runs:
        for step in filter(roles.is_sure_step, run):
            own = [e for e in run if roles.is_backward(e) and e.within(step.loop)]
            inner = [e for e in own if len(e.place.loops) > len(step.place.loops)]
            if not inner or len(inner) < len(own) or not step.place.loops:
                continue
            steps = [e for e in run if roles.is_step(e) and e.within(inner[0].loop)]
            zeroes = [e for e in run if roles.is_zero(e) and e.within(inner[0].loop)]
            if zeroes and not steps:
                return _accumulates(
                    0.85,
                    "zero_grad() and backward() are called at every batch, step() only after the "
                    "loop: all batches but the last are thrown away.",
                    "Move optimizer.step() into the loop, after backward().",
                )
    return None


def clipping(program: Program) -> Finding | None:
    """Clipping of gradients that are still scaled, or that were used already."""
    roles = Roles(program)
    for run in program.runs:
        scaled = any(e.name == "scale" for e in run)
        for i, e in enumerate(run):
            if not e.name.startswith("clip_grad") or not e.place.loops or "accel" in e.owner:
                continue
            one = [o for o in run if o.within(e.loop)]
            before = one[: one.index(e)]
            if scaled and "fabric" not in e.owner and not any(o.name == "unscale_" for o in before):
                return Finding(
                    "clips scaled gradients",
                    0.92,
                    "The gradient is clipped while it is multiplied by the scale of the loss.",
                    "Call scaler.unscale_(optimizer) before clipping.",
                    10,
                )
            last = next(
                (o for o in reversed(before) if roles.is_backward(o) or roles.is_step(o)), None
            )
            rest = next(
                (o for o in one[one.index(e) + 1 :] if roles.is_step(o) or roles.is_backward(o)),
                None,
            )
            if (
                last is not None
                and roles.is_step(last)
                and (rest is None or roles.is_backward(rest))
            ):
                return Finding(
                    "clips after the step",
                    0.92,
                    "The gradient is clipped after step(): the update was made already.",
                    "Clip between backward() and step().",
                    10,
                )
    return None


def _loops(tree: ast.AST) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, LOOPS))


UPDATES = (
    forgotten_zero,
    zeroed_before_step,
    never_steps,
    without_graph,
    other_parameters,
    made_anew,
    evaluates,
    accumulation,
    clipping,
)
