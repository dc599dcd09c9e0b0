"""What a schedule's length counts, batches or epochs, judging by its words and its size."""

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from .program import Event, Program, last_word
from .roles import JOIN, Roles

__all__ = ["WARM", "Known", "argument", "lengths", "over_batches"]

BATCHES = re.compile(
    r"len\(|steps|batches|iters\b|iterations|updates|num_samples|per_epoch|max_iter|total_iter"
)
EPOCHS = re.compile(r"(^|[_.])epochs$", re.IGNORECASE)  # whatever it was worked out from
MANY = 1000  # batches: a schedule that is through by then was meant for epochs
FEW = 1e-3  # of the rate, that is
WARM = ("LinearLR", "ConstantLR")
COUNTS = {  # which argument counts steps, and its name
    "CosineAnnealingLR": (1, "T_max"),
    "StepLR": (1, "step_size"),
    "MultiStepLR": (1, "milestones"),
    "PolynomialLR": (1, "total_iters"),
    "LinearLR": (3, "total_iters"),
    "ConstantLR": (2, "total_iters"),
    "CosineAnnealingWarmRestarts": (1, "T_0"),
    "ReduceLROnPlateau": (3, "patience"),
    "OneCycleLR": (2, "total_steps"),
    "CyclicLR": (3, "step_size_up"),
}


class Known:
    """What a program says about numbers and schedulers."""

    def __init__(self, program: Program) -> None:
        self.program, self.roles = program, Roles(program)

    def made(self, name: str) -> list[Event]:
        return [e for e in self.roles.schedulers if e.owner == name]

    @cached_property
    def constants(self) -> dict[str, float]:
        """Names that are given a single number in the whole text."""
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
        text = ast.unparse(node) if node is not None else ""
        if text not in self.constants and isinstance(given := self.assigned.get(text), ast.Name):
            text = given.id  # self.epochs = epochs
        return self.constants.get(text)

    def spelled(self, e: Event, node: ast.expr, deep: int = 0) -> str:
        """An expression with the names in it replaced by what they were assigned."""
        text = e.text(node) if isinstance(node, ast.Name | ast.Attribute) else ast.unparse(node)
        for n in ast.walk(node):
            name = e.text(n) if isinstance(n, ast.Name | ast.Attribute) else ""
            value = self.assigned.get(name)
            if value is not None and deep < 3 and (not EPOCHS.search(name) or _by_len(value)):
                text += " " + self.spelled(e, value, deep + 1)
        return text.lower()

    def epochs(self, e: Event) -> tuple[str, float | None]:
        """The number of epochs, as written and as a number."""
        loops = [n for n in e.place.loops if isinstance(n, ast.For)]
        for loop in loops[:1] if len(e.place.loops) > 1 or not over_batches(e.loop) else []:
            length = _length(loop.iter)
            if length is not None:
                return e.text(length), self.number(length)
        named = [v for k, v in self.constants.items() if "epochs" in k.lower()]
        return "", named[0] if len(named) == 1 else None

    def meant(self, made: Event, stepped: Event, where: str) -> str:
        """What a scheduler's length counts: "batch", "epoch", or "" if nothing says so."""
        call = made.value
        assert isinstance(call, ast.Call)
        kind, handed = last_word(call), bool(stepped.arguments)
        if kind in JOIN or (handed and kind != "ReduceLROnPlateau"):
            return ""
        counts = lengths(kind, call)
        texts = [self.spelled(made, node) for node in counts]
        if any(BATCHES.search(_plain(text)) or _product(text) for text in texts):
            return "batch"
        if kind == "LambdaLR" and (said := _said_by_lambda(call)):
            return said
        if (
            kind == "OneCycleLR"
            and not any(k.arg == "total_steps" for k in call.keywords)
            and len(call.args) < 3
        ):
            return "batch"
        written, count = self.epochs(stepped)
        if texts and all("epoch" in text or text == written.lower() for text in texts):
            return "epoch" if kind not in WARM or len(texts) else ""
        return self._by_number(kind, call, counts, count, where)

    def _by_number(
        self, kind: str, call: ast.Call, counts: list[ast.expr], count: float | None, where: str
    ) -> str:
        """As `meant`, judging by the numbers: it would end after a few batches, or never."""
        longest = max((n for node in counts if (n := self.number(node)) is not None), default=None)
        if kind == "CyclicLR":
            half = longest if counts else 2000.0
            return "batch" if where == "epoch" and half is not None and half >= MANY else ""
        if kind in (*WARM, "LambdaLR"):
            return "epoch" if kind == "LambdaLR" and where == "batch" and self._soon(call) else ""
        if kind == "ReduceLROnPlateau":
            patience = longest if counts else 10.0
            return "epoch" if where == "batch" and patience is not None and patience <= 50 else ""
        if kind == "ExponentialLR":
            gamma = self.number(argument(call, 1, "gamma"))
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
        """Whether a factor `a ** epoch` is almost 0 after a few batches."""
        factor = argument(call, 1, "lr_lambda")
        body = factor.body if isinstance(factor, ast.Lambda) else None
        if not (isinstance(body, ast.BinOp) and isinstance(body.op, ast.Pow)):
            return False
        base = self.number(body.left)
        return base is not None and isinstance(body.right, ast.Name) and base**MANY < FEW


def _said_by_lambda(call: ast.Call) -> str:
    """What a lambda divides by: a number of epochs, or of batches; "" if neither is named."""
    factor = argument(call, 1, "lr_lambda")
    if not isinstance(factor, ast.Lambda):
        return ""
    own = {a.arg for a in factor.args.args}
    divisors = [
        ast.unparse(n.right).lower()
        for n in ast.walk(factor.body)
        if isinstance(n, ast.BinOp)
        and isinstance(n.op, ast.Div)
        and ast.unparse(n.right) not in own
    ]
    if any(BATCHES.search(text) or "*" in text for text in divisors):
        return "batch"
    return "epoch" if divisors and all("epoch" in text for text in divisors) else ""


def over_batches(loop: ast.AST | None) -> bool:
    """Whether a loop goes over mini-batches, judging by its first line."""
    head = ast.unparse(loop.iter).lower() if isinstance(loop, ast.For) else ""
    return "range(" not in head and any(
        w in head for w in ("load", "batch", "enumerate", "dl", "iter")
    )


def _numbers(tree: ast.AST) -> Iterator[tuple[str, float]]:
    """Every name that is given a number: assigned, as a default, or in a call."""
    for node in ast.walk(tree):
        for target, value in _pairs(node):
            number = value.value if isinstance(value, ast.Constant) else None
            if isinstance(number, int | float) and not isinstance(number, bool):
                yield ast.unparse(target), float(number)


def _pairs(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST | None]]:
    """The assignments in this statement."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value
    elif isinstance(node, ast.AnnAssign):
        yield node.target, node.value
    elif isinstance(node, ast.arguments):
        own = [*node.posonlyargs, *node.args][::-1]
        defaults = [*zip(own, node.defaults[::-1], strict=False)]
        for parameter, default in [*defaults, *zip(node.kwonlyargs, node.kw_defaults, strict=True)]:
            yield ast.Name(parameter.arg), default
    elif isinstance(node, ast.keyword) and node.arg:
        yield ast.Name(node.arg), node.value


def _length(over: ast.expr) -> ast.expr | None:
    """The n in range(n), range(1, n + 1), trange(n), tqdm(range(n))."""
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


def argument(call: ast.Call, at: int, *names: str) -> ast.expr | None:
    """An argument of a call, by one of its names or by its position."""
    named = next((k.value for k in call.keywords if k.arg in names), None)
    return named if named is not None else (call.args[at] if len(call.args) > at else None)


def lengths(kind: str, call: ast.Call) -> list[ast.expr]:
    """The arguments that count steps."""
    if kind.startswith("get_"):
        total = argument(call, 2, "num_training_steps", "total_num_steps")
        constant = "constant" in kind
        total = argument(call, 1, "num_warmup_steps") if constant else total
        return [total] if total is not None else []
    at, name = COUNTS.get(kind, (0, ""))
    node = argument(call, at, name) if name else None
    if kind == "OneCycleLR" and node is None:
        return [k.value for k in call.keywords if k.arg == "steps_per_epoch"]
    if isinstance(node, ast.List | ast.Tuple):
        return node.elts[-1:]
    return [node] if node is not None else []


def _plain(text: str) -> str:
    """The text without words that look like batches but mean something else."""
    return re.sub(r"warmup_steps|step_size|steps_up|accumulation_steps|accum_steps", "", text)


def _by_len(node: ast.expr) -> bool:
    """Whether something is multiplied by a len(): then it counts batches, whatever its name."""
    return any(
        isinstance(n, ast.BinOp)
        and isinstance(n.op, ast.Mult)
        and "len" in (last_word(n.left), last_word(n.right))
        for n in ast.walk(node)
    )


def _product(text: str) -> bool:
    """Whether epochs are multiplied by something that isn't a number."""
    return bool(
        re.search(r"epochs?['\"\])]*\s*\*\s*[a-z_]|[a-z_)]\s*\*\s*[\w.\[\]'\"]*epochs?\b", text)
    )
