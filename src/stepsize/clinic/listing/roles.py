"""Which event of a program is what: an update, a cleared gradient, a new optimizer."""

import ast
import re
from functools import cached_property

from .program import Event, Program, last_word

__all__ = [
    "JOIN", "NO_MODELS", "OVERWRITE", "Roles", "is_loss", "loss_by_its_name", "made_by",
    "parameters_of",
]  # fmt: skip

# These set the rate, whatever another schedule has made it; the rest multiply the current one.
OVERWRITE = ("LambdaLR", "OneCycleLR", "CyclicLR", "CosineAnnealingWarmRestarts")
JOIN = ("SequentialLR", "ChainedScheduler")
OPTIMIZERS = re.compile(
    r"(SGD|ASGD|Adam|AdamW|Adam8bit|AdamW8bit|PagedAdamW\w*|SparseAdam|RAdam|NAdam|Adamax|Adagrad|"
    r"Adadelta|RMSprop|Rprop|LBFGS|Adafactor|Lion|Muon|SOAP|Shampoo|LAMB|Lamb|LARS|FusedAdam|"
    r"Prodigy|DAdapt\w+|Sophia\w*|Adan|AdaBelief|Ranger\w*|SAM)"
)
SCHEDULER = re.compile(r"(\w*LR|ReduceLROnPlateau|CosineAnnealingWarmRestarts|get_\w*schedule\w*)")
# Objects whose step() isn't an optimizer's.
OTHERS = re.compile(
    r"sched|prof|env|warmup|bar\b|logger|tracker|(?<!para)meter|timer|ema\b|lr_|lr\b"
)
OF_OPTIMIZERS = (
    "step", "zero_grad", "state_dict", "load_state_dict", "add_param_group", "train", "eval",
)  # fmt: skip
# Given an optimizer, these leave its gradients as they are, unless they return a different one.
HARMLESS = re.compile(
    r"(?!.*(zero|reset|clear|step|update))"
    r"(clip_grad\w*|save\w*|load\w*|log\w*|\w*(lr|learning_rate)(_\w+)?)"
)
ANONYMOUS = ("f", "fn", "func", "cost", "L")  # often a loss, sometimes a model
LOSSES = re.compile(r"loss|crit|entropy|\bnll|\bbce|\bmse|objective", re.IGNORECASE)


def is_loss(call: ast.AST) -> bool:
    """Whether this calls a loss, by its name."""
    return isinstance(call, ast.Call) and bool(
        LOSSES.search(last_word(call) + ast.unparse(call.func))
    )


def loss_by_its_name(e: Event) -> bool:
    """Whether it is `loss = f(out, y)`: a plain function f whose result is named a loss."""
    call = e.value
    if e.name != "=" or "loss" not in e.owner.lower() or not isinstance(call, ast.Call):
        return False
    plain = isinstance(call.func, ast.Name) and call.func.id in ANONYMOUS
    return plain and len(call.args) == 2


class Roles:
    """The roles of a program's events."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def optimizers(self) -> list[Event]:
        """Assignments that create one."""
        return [
            e
            for e in self.program.events
            if e.name == "=" and isinstance(e.value, ast.Call) and _makes_optimizer(e.value)
        ]

    @cached_property
    def schedulers(self) -> list[Event]:
        """Assignments that create one of torch's or of Hugging Face's."""
        return [
            e
            for e in self.program.events
            if e.name == "="
            and isinstance(e.value, ast.Call)
            and SCHEDULER.fullmatch(last_word(e.value))
        ]

    @cached_property
    def scheduler_names(self) -> frozenset[str]:
        return frozenset(e.owner for e in self.schedulers)

    @cached_property
    def optimizer_names(self) -> frozenset[str]:
        return frozenset(e.owner for e in self.optimizers)

    def is_step(self, e: Event) -> bool:
        """An update: a step(), but not that of a scheduler, profiler or tracker."""
        if e.name != "step" or not e.owner or e.owner in self.scheduler_names:
            return False
        if e.owner in self.optimizer_names:
            return True
        # `step(loss)` is an optimizer's only with a closure; a scaler's names its optimizer.
        return not OTHERS.search(e.owner.lower())

    def is_sure_step(self, e: Event) -> bool:
        """An update by an optimizer, judging by how it was made or by its name."""
        return self.is_step(e) and (e.owner in self.optimizer_names or "opt" in e.owner.lower())

    def is_schedule(self, e: Event) -> bool:
        return e.name == "step" and e.owner in self.scheduler_names

    def is_backward(self, e: Event) -> bool:
        return e.name in ("backward", "manual_backward")

    def is_engine(self, e: Event) -> bool:
        """A backward() of an engine, such as DeepSpeed's, that steps and clears by itself."""
        owner = e.owner.rpartition(".")[2]
        wraps = owner == "self" or re.search("accelerator|fabric|scaler", owner)
        return e.name == "backward" and bool(e.arguments) and not wraps and self._stepped(e.owner)

    def _stepped(self, owner: str) -> bool:
        return any(e.name == "step" and e.owner == owner for e in self.program.events)

    def is_zero(self, e: Event) -> bool:
        """Gradients are cleared."""
        if e.name in ("zero_grad", "clear_gradients", "zero_gradients") or self.is_engine(e):
            return True
        if e.name == "backward" and e.owner.endswith("dist_autograd"):
            return True  # each of its contexts has its own gradients
        if e.name in ("zero_", "fill_"):
            return "grad" in e.owner
        return e.name == "=" and e.owner.endswith(".grad")

    @cached_property
    def defined(self) -> frozenset[str]:
        """Functions that the text defines: what they do is read where they are called."""
        own = (n for n in ast.walk(self.program.tree) if isinstance(n, ast.FunctionDef))
        return frozenset(f.name for f in own)

    def is_opaque(self, e: Event) -> bool:
        """A call that passes the optimizer to something the text doesn't show: it may do anything.

        Or a method of the optimizer that torch doesn't have, such as SAM's `first_step()`.
        """
        if e.name in ("=", "step", "unscale_", "clip_grad_norm_", "prepare", "print", "backward"):
            return False
        if HARMLESS.fullmatch(e.name.strip("_").lower()) and id(e.value) in self._thrown:
            return False
        named = e.owner.rpartition(".")[2] in ("optimizer", "opt", "optim")
        if (named or e.owner in self.optimizer_names) and e.name not in OF_OPTIMIZERS:
            return not (named and e.name[:1].isupper())  # torch.optim.SGD
        if SCHEDULER.fullmatch(e.name) or e.name[:1].isupper() or e.name in self.defined:
            return False
        return any(e.text(a) in self._known_optimizers for a in e.arguments)

    def hides(self, e: Event, step: Event) -> bool:
        """Whether something opaque may act on each update: it runs in the same loop, or its result
        is kept, or it may have left something behind that acts later.

        Before the loop, only a method of the optimizer or a broadcast of its state can't have done
        that.
        """
        once = step.loop is not None and not e.within(step.loop)
        thrown = id(e.value) in self._thrown and "register" not in e.name
        brief = e.owner in self.optimizer_names or e.name.startswith("broadcast")
        return not (once and thrown and brief)

    @cached_property
    def _thrown(self) -> frozenset[int]:
        """Calls whose result nothing gets."""
        return frozenset(
            id(n.value) for n in ast.walk(self.program.tree) if isinstance(n, ast.Expr)
        )

    @cached_property
    def _known_optimizers(self) -> frozenset[str]:
        """Their names, and common ones, which may have been made above what was pasted."""
        common = {"optimizer", "opt", "optim", "self.optimizer"}
        return self.optimizer_names | (common - {"opt"} if self._opt_is_options else common)

    @cached_property
    def _opt_is_options(self) -> bool:
        """`opt = parser.parse_args()`; or it comes from above, and the text makes an optimizer."""
        nodes = list(ast.walk(self.program.tree))
        assigned = (n for n in nodes if isinstance(n, ast.Assign))
        values = [n.value for n in assigned if "opt" in map(ast.unparse, n.targets)]
        calls = [ast.unparse(v.func).lower() for v in values if isinstance(v, ast.Call)]
        if any(re.search("pars|args|options", call) for call in calls):
            return True
        stored = (n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        bound = {*stored, *(n.arg for n in nodes if isinstance(n, ast.arg))}
        return bool(self.optimizer_names) and "opt" not in bound


def parameters_of(made: Event) -> set[str]:
    """The models whose parameters() an optimizer is given."""
    return {
        made.text(n.value)
        for a in made.arguments
        for n in ast.walk(a)
        if isinstance(n, ast.Attribute) and n.attr in ("parameters", "named_parameters")
    }


NO_MODELS = ("Loss", "LR", "Loader", "Dataset", "Scaler", "Accelerator")


def made_by(node: ast.expr) -> str:
    """The class of `Net(...).to(device)`; "" if this doesn't seem to create a model."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if not isinstance(node.func.value, ast.Call):
            break
        node = node.func.value
    word = last_word(node) if isinstance(node, ast.Call) else ""
    return word if word[:1].isupper() and not word.endswith(NO_MODELS) else ""


def _makes_optimizer(call: ast.Call) -> bool:
    name = last_word(call)
    given = any(
        isinstance(n, ast.Attribute) and n.attr in ("parameters", "named_parameters")
        for a in [*call.args, *(k.value for k in call.keywords)]
        for n in ast.walk(a)
    )
    if given and re.fullmatch(r"\w+(SGD|AdamW?)", name):
        return True  # of a library
    return bool(OPTIMIZERS.fullmatch(name)) and (given or bool(call.args or call.keywords))
