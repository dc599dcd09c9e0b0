"""A recipe as PyTorch, whose optimizers are the twins of ours."""

import inspect
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...schedules import one_cycle
from ..recipe import Recipe
from . import named, torch_loop
from .rates import factor, first_of_warmup
from .script import call, constant_rate, indented, numbers, product, refuse, script

__all__ = ["write"]

PARAMS = "model.parameters()"

HEAVY_BALL = '''
class HeavyBall(torch.optim.Optimizer):
    """Momentum with the rate inside the velocity; torch.optim.SGD has it outside."""

    def __init__(self, params, lr, momentum, weight_decay=0.0, maximize=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))
        self.sign = -1 if maximize else 1

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in filter(lambda p: p.grad is not None, group["params"]):
                grad = self.sign * p.grad + group["weight_decay"] * p
                velocity = self.state[p].setdefault("velocity", torch.zeros_like(p))
                velocity.mul_(group["momentum"]).add_(grad, alpha=-group["lr"])
                p.add_(velocity)
'''
LION = '''
class Lion(torch.optim.Optimizer):
    """Chen et al. (2023), Algorithm 2, arXiv:2302.06675. torch.optim doesn't have it."""

    def __init__(self, params, lr, betas, weight_decay, maximize=False):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))
        self.sign = -1 if maximize else 1

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in filter(lambda p: p.grad is not None, group["params"]):
                grad = self.sign * p.grad
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                vote = torch.sign(beta1 * m + (1 - beta1) * grad)
                p.mul_(1 - group["lr"] * group["weight_decay"]).add_(vote, alpha=-group["lr"])
                m.mul_(beta2).add_(grad, alpha=1 - beta2)
'''


WRITTEN_OUT = '''
def factor_after(t):
    """The factor on the peak rate, after t updates."""
{lines}    return float(factor)


'''
ONE = "scheduler = lr_scheduler.LambdaLR(optimizer, factor_after)\n"
TWO = "schedulers = [lr_scheduler.LambdaLR(optimizer, factor_after) for optimizer in optimizers]\n"

GROUPS = """
# Only matrices get weight decay; biases and norms are left alone.
matrices = [p for p in model.parameters() if p.ndim >= 2]
others = [p for p in model.parameters() if p.ndim < 2]
groups = [dict(params=matrices), dict(params=others, weight_decay=0.0)]
"""
MATRICES = """
# Matrices go to Muon, which torch computes in bfloat16, and everything else to AdamW. Embeddings
# and the last layer usually go to AdamW, too: name them in others_take.
matrices = [p for p in model.parameters() if p.ndim == 2]
{others}
"""
OTHERS = "others = [dict(params=[p for p in model.parameters() if p.ndim != 2])]"
OTHERS_BY_DECAY = """others = [
    dict(params=[p for p in model.parameters() if p.ndim > 2]),
    dict(params=[p for p in model.parameters() if p.ndim < 2], weight_decay=0.0),
]"""


class Theirs(NamedTuple):
    """torch's class, which of our numbers it takes, and what else to pass.

    Optional ones are left out if they are 0, which is torch's default and turns them off.
    """

    name: str
    takes: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    flags: dict[str, Any] = {}  # noqa: RUF012


OPTIMIZERS = {
    "sgd": Theirs("SGD"),
    "momentum": Theirs("SGD", ("momentum",), ("dampening",)),
    "heavy_ball": Theirs("SGD", ("momentum",)),
    "nesterov": Theirs("SGD", ("momentum",), (), dict(nesterov=True)),
    "adagrad": Theirs("Adagrad", ("eps",), ("lr_decay", "initial_accumulator_value")),
    "rmsprop": Theirs("RMSprop", ("alpha", "eps"), ("momentum",)),
    "centered_rmsprop": Theirs("RMSprop", ("alpha", "eps"), ("momentum",), dict(centered=True)),
    "adadelta": Theirs("Adadelta", ("rho", "eps")),
    "adam": Theirs("Adam", ("betas", "eps")),
    "amsgrad": Theirs("Adam", ("betas", "eps"), (), dict(amsgrad=True)),
    "adamw": Theirs("AdamW", ("betas", "eps", "weight_decay")),
    "nadam": Theirs("NAdam", ("betas", "eps", "momentum_decay")),
    "radam": Theirs("RAdam", ("betas", "eps")),
    "adamax": Theirs("Adamax", ("betas", "eps")),
    "lion": Theirs("Lion", ("betas", "weight_decay")),
    "adafactor_vector": Theirs("Adafactor", ("beta2_decay", "eps", "d", "weight_decay")),
    "adafactor": Theirs("Adafactor", ("beta2_decay", "eps", "d", "weight_decay")),
    "muon": Theirs(
        "Muon",
        ("momentum", "weight_decay", "ns_coefficients", "eps", "ns_steps"),
        ("adjust_lr_fn",),
    ),
}
NOTES = {
    "adafactor_vector": "It keeps a vector's squares, but only the means of a matrix's.",
    "adafactor": "It keeps only the means of a matrix's squares, but all of a vector's.",
}


def write(recipe: Recipe, log: bool) -> str:
    """The recipe as a script for PyTorch."""
    hyper = numbers(recipe)
    classes, optimizer = _optimizer(recipe, hyper)
    scheduler = _scheduler(recipe, hyper["lr"])
    loop = torch_loop.loop(recipe, scheduled=bool(scheduler), log=log)
    imports = {
        "import itertools": True,
        "import math": "math." in scheduler,
        named.IMPORT: bool(recipe.rates or recipe.others_take),
        "import numpy as np": "np." in scheduler,
        "import torch": True,
        "from torch.optim import lr_scheduler": "lr_scheduler." in scheduler,
    }
    imports |= dict.fromkeys(loop.imports, True)
    by_name = named.parts(recipe), named.take(recipe) if recipe.rates else ""
    fit = named.must_fit_torch(recipe)
    parts = (loop.data, classes, *by_name, *fit, optimizer, scheduler, loop.updates)
    return script(loop.yours, imports, *parts)


def _optimizer(recipe: Recipe, hyper: dict[str, Any]) -> tuple[str, str]:
    """What has to be written out first, if anything, and the line that makes the optimizer."""
    theirs, name = _theirs(recipe, hyper), recipe.optimizer
    grouped = recipe.decays == "matrices" and bool(hyper.get("weight_decay"))
    given = {"lr": hyper["lr"]} | {n: _number(hyper, n) for n in theirs.takes}
    optional = {*theirs.optional, "weight_decay", "maximize"} - {*theirs.takes}
    given |= {n: value for n in sorted(optional) if (value := _number(hyper, n))}
    function, classes = f"torch.optim.{theirs.name}", ""
    if name == "lion":
        function, classes = "Lion", LION
    if name == "heavy_ball" and not constant_rate(recipe):
        function, classes = "HeavyBall", HEAVY_BALL
    if recipe.matrices_only:
        params = _by_name("matrices", hyper) if recipe.rates else "matrices"
        by_name = bool(recipe.rates or recipe.others_take)
        classes = named.is_for_muon(recipe) if by_name else ""
        return classes, _with_others(recipe, call(function, params, **given))
    if recipe.rates:
        params = _by_name("model.named_parameters()", hyper)
    else:
        params = "groups" if grouped else PARAMS
    made = f"optimizer = {call(function, params, **given, **theirs.flags)}"
    noted = f"# {NOTES[name]}\n{made}" if name in NOTES else made
    listed = grouped and not recipe.rates
    return classes, f"{GROUPS.strip()}\n{noted}" if listed else noted


def _by_name(parameters: str, hyper: dict[str, Any]) -> str:
    """The call that sorts parameters by their rates."""
    return call("groups", parameters, lr=hyper["lr"], decay=hyper.get("weight_decay", 0.0))


def _with_others(recipe: Recipe, theirs: str) -> str:
    """Two optimizers: one for the matrices, and AdamW for everything else."""
    as_recipe = Recipe(optimizer="adamw", hyper={"lr": 1e-3} | {**recipe.others}, steps=1)
    hyper = numbers(as_recipe)
    given = {"lr": hyper["lr"]} | {n: _number(hyper, n) for n in OPTIMIZERS["adamw"].takes}
    params = _by_name("others", hyper) if recipe.rates else "others"
    if recipe.others_take or recipe.rates:
        sorted_out = named.of_two(recipe)
    else:
        others = OTHERS_BY_DECAY if recipe.decays == "matrices" else OTHERS
        sorted_out = MATRICES.format(others=others).strip()
    both = f"{theirs},\n{call('torch.optim.AdamW', params, **given)},".splitlines()
    return f"{sorted_out}\noptimizers = [\n{indented(both, 4)}]"


def _theirs(recipe: Recipe, hyper: dict[str, Any]) -> Theirs:
    name = recipe.optimizer
    if name not in OPTIMIZERS:
        package = (
            "the authors' package schedulefree, which leaves the starting point out of the mean"
        )
        bridge = (
            f"our own as an optimizer of torch's, stepsize.frameworks.bridge.as_torch({name}, ...)"
        )
        raise refuse("PyTorch", f"has no {name}.", package if "free" in name else bridge)
    if name == "muon" and hyper.get("maximize"):
        raise refuse("PyTorch", "has a Muon that always minimizes.", "the loss with a minus sign")
    if name == "muon" and hyper["rms"] not in (None, 0.2):
        raise refuse(
            "PyTorch", "has Muon only with rms = 0.2 or without rms.", "rms=0.2, lr * rms / 0.2"
        )
    if name == "radam" and hyper["tractable"] != 5:
        raise refuse("PyTorch", "has RAdam only with tractable = 5.", "that")
    if hyper.get("dampening") and not hyper["momentum"]:
        raise refuse("PyTorch", "ignores dampening if momentum is 0.", "sgd")
    return OPTIMIZERS[name]


def _number(hyper: dict[str, Any], name: str) -> Any:
    """The value of torch's argument of this name."""
    if name == "betas":
        return hyper["beta1"], hyper["beta2"]
    if name == "initial_accumulator_value":
        return hyper["total"]
    if name == "ns_coefficients":
        return hyper["ns_a"], hyper["ns_b"], hyper["ns_c"]
    if name == "adjust_lr_fn":
        return None if hyper["rms"] is None else '"match_rms_adamw"'
    if name == "eps" and "eps1" in hyper:
        return hyper["eps1"] ** 0.5, hyper["eps2"]  # Adafactor squares its first
    return hyper.get(name)


def _scheduler(recipe: Recipe, lr: float) -> str:
    """The lines that make the scheduler; empty if the rate is always lr."""
    if constant_rate(recipe) and recipe.lr(0) == lr:
        return ""
    own_bases = recipe.matrices_only or recipe.rates  # some of torch's take one base for all
    after = None if own_bases else _theirs_after_warmup(recipe, lr)
    if after is None:
        lines = indented(factor(recipe, "np"), 4)
        return WRITTEN_OUT.format(lines=lines) + (TWO if recipe.matrices_only else ONE)
    warmup = f"lr_scheduler.{call('LinearLR', 'optimizer', **_rise(recipe.warmup))}"
    if not recipe.warmup:
        return f"scheduler = lr_scheduler.{after}"
    if not after:
        return f"scheduler = {warmup}"
    both = f"optimizer, [warmup, after], milestones=[{recipe.warmup}]"
    return (
        f"warmup = {warmup}\nafter = lr_scheduler.{after}\n"
        f"scheduler = lr_scheduler.SequentialLR({both})"
    )


def _rise(warmup: int) -> dict[str, Any]:
    """1 / W at the first update, 1 at the W-th, with W - 1 equal steps in between."""
    return dict(start_factor=f"1 / {warmup}", total_iters=warmup - 1)


def _theirs_after_warmup(recipe: Recipe, lr: float) -> str | None:
    """The call of torch's own scheduler; "" for a constant rate; None if torch doesn't have it."""
    shape, updates = recipe.shape, recipe.steps - recipe.warmup
    floor = product(shape["floor"], lr) if shape.get("floor") else None
    match recipe.schedule:
        case "constant" if _stays(shape) and shape.get("factor", 1.0) == 1:
            return ""
        case "constant" if not _stays(shape) and shape.get("factor", 1.0) > 0:
            named = dict(factor=shape.get("factor", 1.0), total_iters=shape["steps"])
            return call("ConstantLR", "optimizer", **named)
        case "linear" if shape.get("start", 1.0) > 0:
            ends = dict(start_factor=shape.get("start", 1.0), end_factor=shape.get("end", 0.0))
            return call("LinearLR", "optimizer", **ends, total_iters=shape["steps"])
        case "warmup" if shape["steps"] > 1:
            first = dict(start_factor=first_of_warmup(shape))
            return call("LinearLR", "optimizer", **first, total_iters=shape["steps"] - 1)
        case "step_decay":
            named = dict(step_size=shape["step_size"], gamma=shape.get("gamma", 0.1))
            return call("StepLR", "optimizer", **named)
        case "multi_step":
            named = dict(milestones=sorted(shape["milestones"]), gamma=shape.get("gamma", 0.1))
            return call("MultiStepLR", "optimizer", **named)
        case "exponential":
            return call("ExponentialLR", "optimizer", gamma=shape["gamma"])
        case "polynomial":
            named = dict(total_iters=shape["steps"], power=shape.get("power", 1.0))
            return call("PolynomialLR", "optimizer", **named)
        case "cosine" if updates <= shape["steps"] + 1:  # after T_max it rises again
            return call("CosineAnnealingLR", "optimizer", T_max=shape["steps"], eta_min=floor)
        case "cosine_restarts":
            times = dict(T_0=shape["steps"], T_mult=shape.get("growth"), eta_min=floor)
            return call("CosineAnnealingWarmRestarts", "optimizer", **times)
        case "triangular" | "triangular2" | "exp_range" if not recipe.warmup:
            return _cyclic(recipe, lr)
        case "one_cycle" if not recipe.warmup:
            return _one_cycle(recipe, lr)
    return None


def _stays(shape: Mapping[str, Any]) -> bool:
    return bool(shape.get("steps", math.inf) == math.inf)


def _cyclic(recipe: Recipe, lr: float) -> str:
    shape = recipe.shape
    named = dict(base_lr=product(shape.get("floor", 0.0), lr), max_lr=lr, step_size_up=shape["up"])
    named |= dict(step_size_down=shape.get("down"), gamma=shape.get("gamma"))
    mode = f'"{recipe.schedule}"'
    return call("CyclicLR", "optimizer", **named, mode=mode, cycle_momentum=False)


def _one_cycle(recipe: Recipe, lr: float) -> str | None:
    """None for shapes that torch's can't do: one that ends before the run, or has no rise."""
    arguments = inspect.signature(one_cycle).bind(0, **recipe.shape)
    arguments.apply_defaults()
    shape = arguments.arguments
    peak = shape["pct_start"] * shape["steps"] - 1
    if shape["steps"] < recipe.steps or not 0 < peak * (shape["phases"] - 1) < shape["steps"] - 1:
        return None
    named = {n: shape[n] for n in ("pct_start", "div_factor", "final_div_factor")}
    anneal = None if shape["anneal"] == "cos" else '"linear"'
    named |= dict(anneal_strategy=anneal, three_phase=shape["phases"] == 3 or None)
    times = dict(max_lr=lr, total_steps=shape["steps"])
    return call("OneCycleLR", "optimizer", **times, **named, cycle_momentum=False)
