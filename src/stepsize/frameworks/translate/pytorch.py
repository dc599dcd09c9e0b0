"""A recipe as PyTorch, whose optimizers are the twins of ours."""

from typing import Any, NamedTuple

from ..recipe import Recipe
from . import named, torch_loop, torch_schedules
from .script import call, constant_rate, indented, numbers, refuse, script

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
    scheduler = torch_schedules.scheduler(recipe, hyper["lr"])
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
