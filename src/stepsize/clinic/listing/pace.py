"""Whether a schedule is stepped as often as its length was meant for, and is the only one."""

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from ..finding import Finding
from .program import Event, Program, Run, apart, last_word
from .roles import JOIN, OVERWRITE, Roles

__all__ = ["PACE"]

BATCHES = re.compile(
    r"len\(|steps|batches|iters\b|iterations|updates|num_samples|per_epoch|max_iter|total_iter"
)
MANY = 1000  # batches: a schedule that is through by then was meant for epochs
FEW = 1e-3  # of the rate, that is
WARM = ("LinearLR", "ConstantLR")
# These multiply what they find, and may be stepped side by side: torch's documents do.
CHAIN = (*WARM, "StepLR", "MultiStepLR", "ExponentialLR", "MultiplicativeLR", "ReduceLROnPlateau")


def wrong_loop(program: Program) -> Finding | None:
    """A schedule whose length is in epochs, stepped at every batch; or the other way round."""
    known = _Known(program)
    for run in program.runs:
        for e in run:
            if not known.roles.is_schedule(e):
                continue
            where = _where(e, run, known.roles)
            for made in known.made(e.owner) if where else ():
                meant = known.meant(made, e, run)
                if meant and meant != where:
                    return _pace(last_word(made.value), where)
    return _lightning(known)


def _pace(kind: str, where: str) -> Finding:
    other = "epochs" if where == "batch" else "batches"
    return Finding(
        "schedule at the wrong pace",
        0.9,
        f"{kind} is stepped by {where}, and its length is in {other}.",
        "Step it at the pace that its number of steps was meant for.",
        7,
    )


def _where(e: Event, run: Run, roles: Roles) -> str:
    """The loop that a scheduler is stepped in: "batch", "epoch", or "" where that isn't plain."""
    if any(
        "len(" in (t := ast.unparse(test)) or "last" in t or "epoch" in t for test in e.place.tests
    ):
        return ""
    updates = [o for o in run if roles.is_step(o) or roles.is_backward(o)]
    updates = [o for o in updates if o.place.loops]
    if not updates or not e.place.loops:
        return ""
    if e.loop in [o.loop for o in updates]:
        alone = len(e.place.loops) == 1
        if alone and not _over_batches(e.loop):
            return ""  # one loop only: of epochs with one batch each, or of updates
        return "batch"
    return "epoch" if any(o.within(e.loop) for o in updates) else ""


def _over_batches(loop: ast.AST | None) -> bool:
    head = ast.unparse(loop.iter).lower() if isinstance(loop, ast.For) else ""
    return "range(" not in head and any(
        w in head for w in ("load", "batch", "enumerate", "dl", "iter")
    )


class _Known:
    """What a program says of numbers and of schedulers."""

    def __init__(self, program: Program) -> None:
        self.program, self.roles = program, Roles(program)

    def made(self, name: str) -> list[Event]:
        return [e for e in self.roles.schedulers if e.owner == name]

    @cached_property
    def constants(self) -> dict[str, float]:
        """Names that have one number in the whole text."""
        found: dict[str, set[float]] = {}
        for name, value in _numbers(self.program.tree):
            found.setdefault(name, set()).add(value)
        return {name: values.pop() for name, values in found.items() if len(values) == 1}

    @cached_property
    def assigned(self) -> dict[str, ast.expr]:
        return {e.owner: e.value for e in self.program.events if e.name == "="}

    def number(self, node: ast.expr | None) -> float | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        return self.constants.get(ast.unparse(node)) if node is not None else None

    def spelled(self, e: Event, node: ast.expr, deep: int = 0) -> str:
        """An expression with the names in it replaced by what they were assigned."""
        text = e.text(node) if isinstance(node, ast.Name | ast.Attribute) else ast.unparse(node)
        for n in ast.walk(node):
            name = e.text(n) if isinstance(n, ast.Name | ast.Attribute) else ""
            if name in self.assigned and deep < 3:
                text += " " + self.spelled(e, self.assigned[name], deep + 1)
        return text.lower()

    def epochs(self, e: Event, run: Run) -> tuple[str, float | None]:
        """How many epochs there are: as it is written, and as a number."""
        loops = [n for n in e.place.loops if isinstance(n, ast.For)]
        for loop in loops[:1] if len(e.place.loops) > 1 or not _over_batches(e.loop) else []:
            length = _length(loop.iter)
            if length is not None:
                return e.text(length), self.number(length)
        named = [v for k, v in self.constants.items() if "epochs" in k.lower()]
        return "", named[0] if len(named) == 1 else None

    def meant(self, made: Event, stepped: Event, run: Run) -> str:
        """What a scheduler's length counts: "batch", "epoch", or "" where nothing says so."""
        call = made.value
        assert isinstance(call, ast.Call)
        kind, handed = last_word(call), bool(stepped.arguments)
        if kind in JOIN or (handed and kind != "ReduceLROnPlateau"):
            return ""
        lengths = _lengths(kind, call)
        texts = [self.spelled(made, node) for node in lengths]
        if any(BATCHES.search(_plain(text)) or _product(text) for text in texts):
            return "batch"
        if (
            kind == "OneCycleLR"
            and not any(k.arg == "total_steps" for k in call.keywords)
            and len(call.args) < 3
        ):
            return "batch"
        written, count = self.epochs(stepped, run)
        if texts and all("epoch" in text or text == written.lower() for text in texts):
            return "epoch" if kind not in WARM or len(texts) else ""
        where = _where(stepped, run, self.roles)
        return self._by_number(kind, call, lengths, count, where)

    def _by_number(
        self, kind: str, call: ast.Call, lengths: list[ast.expr], count: float | None, where: str
    ) -> str:
        """By the size of its numbers: it would be through after few batches, or never."""
        longest = max((n for node in lengths if (n := self.number(node)) is not None), default=None)
        if kind in (*WARM, "LambdaLR", "CyclicLR"):
            return "epoch" if kind == "LambdaLR" and where == "batch" and self._soon(call) else ""
        if kind == "ReduceLROnPlateau":
            patience = longest if lengths else 10.0
            return "epoch" if where == "batch" and patience is not None and patience <= 50 else ""
        if kind == "ExponentialLR":
            gamma = self.number(_argument(call, 1, "gamma"))
            gone = gamma is not None and gamma**MANY < FEW
            return "epoch" if where == "batch" and gone else ""
        if longest is None:
            return ""
        if count is not None:
            if longest <= count and where == "batch" and (longest > 1 or kind == "StepLR"):
                return "epoch"
            return "batch" if longest > 10 * count and where == "epoch" else ""
        return "epoch" if where == "batch" and longest <= 100 else ""

    def _soon(self, call: ast.Call) -> bool:
        """Whether a factor `a ** epoch` is gone after few batches."""
        factor = _argument(call, 1, "lr_lambda")
        body = factor.body if isinstance(factor, ast.Lambda) else None
        if not (isinstance(body, ast.BinOp) and isinstance(body.op, ast.Pow)):
            return False
        base = self.number(body.left)
        return base is not None and isinstance(body.right, ast.Name) and base**MANY < FEW


def _numbers(tree: ast.AST) -> Iterator[tuple[str, float]]:
    for node in ast.walk(tree):
        pairs: list[tuple[ast.AST, ast.AST | None]] = []
        if isinstance(node, ast.Assign):
            for target in node.targets:
                both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                pairs += (
                    zip(target.elts, node.value.elts, strict=False)
                    if both
                    else [(target, node.value)]
                )  # type: ignore[attr-defined]
        elif isinstance(node, ast.AnnAssign):
            pairs.append((node.target, node.value))
        elif isinstance(node, ast.arguments):
            own = [*node.posonlyargs, *node.args]
            pairs += [
                (ast.Name(a.arg), d) for a, d in zip(own[::-1], node.defaults[::-1], strict=False)
            ]
            pairs += [
                (ast.Name(a.arg), d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True)
            ]
        elif isinstance(node, ast.keyword) and node.arg:
            pairs.append((ast.Name(node.arg), node.value))
        for target, value in pairs:
            if isinstance(value, ast.Constant) and type(value.value) in (int, float):
                yield ast.unparse(target), float(value.value)


def _length(over: ast.expr) -> ast.expr | None:
    """Of range(n), range(1, n + 1), trange(n), tqdm(range(n)): n."""
    if not isinstance(over, ast.Call):
        return None
    if last_word(over) not in ("range", "trange"):
        return _length(over.args[0]) if over.args else None
    if not over.args:
        return None
    if len(over.args) == 1:
        return over.args[0]
    last = over.args[1]
    if isinstance(last, ast.BinOp) and isinstance(last.op, ast.Add):
        return last.left
    return last


def _argument(call: ast.Call, at: int, *names: str) -> ast.expr | None:
    named = next((k.value for k in call.keywords if k.arg in names), None)
    return named if named is not None else (call.args[at] if len(call.args) > at else None)


def _lengths(kind: str, call: ast.Call) -> list[ast.expr]:
    """The arguments that count steps."""
    if kind.startswith("get_"):
        total = _argument(call, 2, "num_training_steps", "total_num_steps")
        constant = "constant" in kind
        total = _argument(call, 1, "num_warmup_steps") if constant else total
        return [total] if total is not None else []
    found = {
        "CosineAnnealingLR": (1, "T_max"),
        "StepLR": (1, "step_size"),
        "MultiStepLR": (1, "milestones"),
        "PolynomialLR": (1, "total_iters"),
        "LinearLR": (3, "total_iters"),
        "ConstantLR": (2, "total_iters"),
        "CosineAnnealingWarmRestarts": (1, "T_0"),
        "ReduceLROnPlateau": (3, "patience"),
        "OneCycleLR": (2, "total_steps"),
    }.get(kind)
    node = _argument(call, *found) if found else None  # type: ignore[arg-type]
    if kind == "OneCycleLR" and node is None:
        return [k.value for k in call.keywords if k.arg == "steps_per_epoch"]
    if isinstance(node, ast.List | ast.Tuple):
        return node.elts[-1:]
    return [node] if node is not None else []


def _plain(text: str) -> str:
    """Without what has the words of batches and means something else."""
    return re.sub(r"warmup_steps|step_size|steps_up|accumulation_steps|accum_steps", "", text)


def _product(text: str) -> bool:
    """Whether epochs are multiplied by something that isn't a number."""
    return bool(
        re.search(r"epochs?['\"\])]*\s*\*\s*[a-z_]|[a-z_)]\s*\*\s*[\w.\[\]'\"]*epochs?\b", text)
    )


def _lightning(known: _Known) -> Finding | None:
    """Of Lightning's configure_optimizers, which steps by epoch unless told otherwise."""
    for f in ast.walk(known.program.tree):
        if not isinstance(f, ast.FunctionDef) or f.name != "configure_optimizers":
            continue
        text = ast.unparse(f)
        if re.search(r"'interval': *'step'|interval='step'", text):
            continue
        back = " ".join(ast.unparse(n) for n in ast.walk(f) if isinstance(n, ast.Return))
        for made in known.roles.schedulers:
            call = made.value
            if (
                made.place.function != f.name
                or made.owner not in back
                or not isinstance(call, ast.Call)
            ):
                continue
            kind = last_word(call)
            texts = [known.spelled(made, node) for node in _lengths(kind, call)]
            if kind == "OneCycleLR" and not any("epoch" in t and "steps" not in t for t in texts):
                return _pace(kind, "epoch")
            if any(
                re.search(r"len\(|total_steps|training_steps|max_steps|stepping_batches", t)
                for t in texts
            ):
                return _pace(kind, "epoch")
    return None


def two_schedulers(program: Program) -> Finding | None:
    """Two schedules that write the rate of one optimizer."""
    names = _side_by_side(program)
    return two(names) if names else None


def two(names: list[str]) -> Finding | None:
    """What is said of two schedulers of these classes on one optimizer."""
    if len(names) < 2 or set(JOIN) & set(names):
        return None
    last = [name for name in names if name in OVERWRITE]
    effect = f"{last[0]} sets the rate anew" if last else "each multiplies what the other has left"
    return Finding(
        "two schedulers",
        0.9 if last or "ReduceLROnPlateau" in names else 0.7,
        f"{' and '.join(names)} are made on one optimizer: {effect}.",
        "Keep one; or join them by SequentialLR or ChainedScheduler, if both are meant.",
        7,
    )


def _side_by_side(program: Program) -> list[str]:
    roles = Roles(program)
    joined = {
        e.text(n)
        for e in program.events
        for n in (
            ast.walk(e.value)
            if last_word(e.value) in JOIN or "Sequential" in e.name or e.name == "append"
            else ()
        )
        if isinstance(n, ast.Name | ast.Attribute)
    }
    alone = [
        e for e in roles.schedulers if e.owner not in joined and last_word(e.value) not in JOIN
    ]
    for i, one in enumerate(alone):
        for other in alone[i + 1 :]:
            same = _of(one) == _of(other) and _of(one) and one.owner != other.owner
            if same and not apart(one, other) and not _meant_together(one, other, program, roles):
                return [last_word(one.value), last_word(other.value)]
    return []


def _of(made: Event) -> str:
    """The optimizer that a scheduler is made on."""
    assert isinstance(made.value, ast.Call)
    node = _argument(made.value, 0, "optimizer")
    return made.text(node) if node is not None else ""


def _meant_together(one: Event, other: Event, program: Program, roles: Roles) -> bool:
    """Whether their steps are divided by an `if`, or they multiply each other on purpose."""
    if one.place.function != other.place.function:
        return True
    steps = [
        [e for e in program.events if roles.is_schedule(e) and e.owner == m.owner]
        for m in (one, other)
    ]
    if all(steps) and all(apart(a, b) for a in steps[0] for b in steps[1]):
        return True
    kinds = [last_word(m.value) for m in (one, other)]
    guarded = [any(e.place.tests for e in own) for own in steps]
    warm = any(
        k in WARM or "warm" in m.owner.lower() for k, m in zip(kinds, (one, other), strict=True)
    )
    if all(steps) and warm and (any(guarded) or set(kinds) & set(WARM)):
        return True
    return all(steps) and set(kinds) <= set(CHAIN)


PACE = (wrong_loop, two_schedulers)
