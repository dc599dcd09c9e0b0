"""`Recipe`: everything you have to write down so that somebody else can train the same way."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from .. import optimizers, schedules
from ..optimizers.elementwise import numpys, plain
from ..optimizers.rules import scope_of
from ..ranges import above, alone, at_least, count_from, one_of, require

__all__ = ["Group", "Recipe"]

NO_RULES = ("Rule", "Step", "decoupled", "averaged", "clip_by_norm", "clip_by_value")
OPTIMIZERS = [name for name in optimizers.__all__ if name not in NO_RULES]
SCHEDULES = [name for name in schedules.__all__ if name not in ("sequence", "one_cycle_momentum")]


class Group(NamedTuple):
    """What a recipe does with one tensor: which optimizer steps it, its peak rate, its decay."""

    optimizer: str
    lr: float
    weight_decay: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Recipe:
    """An optimizer, its numbers, and the learning rate from the first update to the last.

    optimizer: a name in `optimizers`. hyper: its numbers by name; lr, the peak, must be there.
    steps: how many updates, at least 1. warmup: for how many of them the rate rises, by equal
    amounts and above 0 from the first update on: 0 or more, fewer than steps.
    schedule: a name in `schedules`, whose t counts from the end of the warmup. shape: its numbers
    by name. clip_norm: the largest allowed norm of a gradient, above 0, or None.
    decays: what the weight decay shrinks, "all" or only "matrices", which leaves biases and norms
    alone. others: if the optimizer steps only matrices, like Muon, the numbers of AdamW, which
    steps everything else with the same schedule, lr included. Missing ones are the defaults of our
    AdamW.
    others_take: the names of matrices that AdamW should step anyway: embeddings and the output.
    rates: factors on the rate, by name: {"head.*": 0.1}; at least 0.
    A name is a pattern in which * stands for anything; if several in rates match, the first one
    counts. Names are the framework's own: named_parameters in torch, a variable's path in Keras
    (of a Sequential, "sequential/head/kernel"), the keys joined by dots in Optax. A script that
    `translate` writes raises ValueError for a pattern that fits no name.
    batch_size: how many examples each update uses, or None to leave that open.
    patience: training stops and restores its best weights after this many looks at the held-out
    loss without a new minimum, at least 1; None: it never stops early.
    Raises: ValueError or TypeError that names the argument that is wrong.

    >>> short = Recipe(optimizer="adamw", hyper={"lr": 0.1}, steps=6, warmup=2,
    ...                schedule="cosine", shape={"steps": 4})
    >>> short.lr(np.arange(6)).round(3)
    array([0.05 , 0.1  , 0.1  , 0.085, 0.05 , 0.015])
    """

    optimizer: str
    hyper: Mapping[str, float]
    steps: int
    warmup: int = 0
    schedule: str = "constant"
    shape: Mapping[str, Any] = field(default_factory=dict)
    clip_norm: float | None = None
    decays: str = "all"
    others: Mapping[str, float] = field(default_factory=dict)
    others_take: Sequence[str] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    batch_size: int | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        require("optimizer", self.optimizer, one_of(*OPTIMIZERS))
        require("schedule", self.schedule, one_of(*SCHEDULES))
        require("steps", self.steps, count_from(1))
        require("warmup", self.warmup, count_from(0))
        if self.warmup >= self.steps:
            raise ValueError(f"warmup must be below steps={self.steps}, not {self.warmup}")
        for name in ("batch_size", "patience"):
            if getattr(self, name) is not None:
                require(name, getattr(self, name), count_from(1))
        if self.clip_norm is not None:
            require("clip_norm", self.clip_norm, above(0))
        for name in ("hyper", "shape", "others", "rates"):
            if not isinstance(getattr(self, name), Mapping):
                wanted = f"{name} must be a dict of names and numbers"
                raise TypeError(f"{wanted}, not {getattr(self, name)!r:.60}")
        if "lr" not in self.hyper:
            raise ValueError(f"hyper must have an lr, not only {sorted(self.hyper)}")
        require("lr", self.hyper["lr"], at_least(0))
        takes = [*inspect.signature(self.rule).parameters][3:]
        _require_known("hyper", self.optimizer, self.hyper, takes)
        self._require_shape()
        require("decays", self.decays, one_of("all", "matrices"))
        if self.others and not self.matrices_only:
            raise ValueError(f"others must be empty for {self.optimizer}, which steps all tensors")
        takes = ["lr", "beta1", "beta2", "eps", "weight_decay"]
        _require_known("others", "adamw", self.others, takes)
        self._require_names()

    def __repr__(self) -> str:
        """The fields that were set; the others are left out."""
        said = (f for f in fields(self) if getattr(self, f.name) != _default(f))
        return f"Recipe({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in said)})"

    def _require_names(self) -> None:
        if self.others_take and not self.matrices_only:
            raise ValueError(
                f"others_take must be empty for {self.optimizer}, which steps all tensors"
            )
        if isinstance(self.others_take, str):
            raise ValueError(f"others_take must be a list of names, not {self.others_take!r}")
        if not isinstance(self.others_take, Sequence):
            raise TypeError(f"others_take must be a list of names, not {self.others_take!r:.60}")
        for name in (*self.others_take, *self.rates):
            if not isinstance(name, str):
                raise TypeError(f"names in others_take and rates must be words, not {name!r:.60}")
        object.__setattr__(self, "others_take", tuple(self.others_take))  # JSON makes it a list
        for name, factor in self.rates.items():
            require(f"rates[{name!r}]", factor, alone(at_least(0)))

    def _require_shape(self) -> None:
        """Raise ValueError unless the schedule can be drawn with these numbers."""
        takes = [*inspect.signature(getattr(schedules, self.schedule)).parameters.values()][1:]
        _require_known("shape", self.schedule, self.shape, [p.name for p in takes])
        for p in takes:
            if p.default is p.empty and p.name not in self.shape:
                raise ValueError(f"shape must have {p.name} for {self.schedule}")
        self.lr(0)  # the schedule says which of its numbers is out of range

    @property
    def rule(self) -> optimizers.Rule:
        """The optimizer itself."""
        return getattr(optimizers, self.optimizer)

    @property
    def matrices_only(self) -> bool:
        """Whether the optimizer steps only matrices."""
        scope = scope_of(self.rule)
        return scope.axes == 2 and scope.vectors is None

    def group(self, name: str, shape: Sequence[int]) -> Group:
        """How the tensor with this name and shape is trained.

        >>> recipe = Recipe(optimizer="adamw", hyper={"lr": 0.1, "weight_decay": 0.01}, steps=6,
        ...                 decays="matrices", rates={"head.*": 0.5})
        >>> recipe.group("head.weight", (10, 64)), recipe.group("up.bias", (64,)).weight_decay
        (Group(optimizer='adamw', lr=0.05, weight_decay=0.01), 0.0)
        """
        left_out = any(fnmatchcase(name, pattern) for pattern in self.others_take)
        by_others = self.matrices_only and (len(shape) != 2 or left_out)
        rule = optimizers.adamw if by_others else self.rule
        hyper = _defaults(rule) | {**(self.others if by_others else self.hyper)}
        part = next((x for n, x in self.rates.items() if fnmatchcase(name, n)), 1.0)
        decays = len(shape) >= 2 or self.decays == "all"
        decay = hyper.get("weight_decay", 0.0) if decays else 0.0
        return Group(rule.__name__, hyper["lr"] * part, decay)

    def lr(self, t: Any) -> Any:
        """The learning rate after t updates; t: a number or an array, at least 0."""
        t = numpys(t)
        require("t", t, at_least(0))
        after = getattr(schedules, self.schedule)(np.maximum(t - self.warmup, 0), **self.shape)
        rising = np.minimum((t + 1) / max(self.warmup, 1), 1.0)
        return plain(self.hyper["lr"] * np.where(np.less(t, self.warmup), rising, after))


def _default(of: Field[Any]) -> Any:
    return of.default if of.default_factory is MISSING else of.default_factory()


def _defaults(rule: optimizers.Rule) -> dict[str, Any]:
    parameters = inspect.signature(rule).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _require_known(argument: str, of: str, given: Mapping[str, Any], takes: list[str]) -> None:
    for name in given:
        if name not in takes:
            raise ValueError(f"{argument} must have {', '.join(takes)} for {of}, not {name!r}")
        if name != "milestones" and np.ndim(given[name]):
            raise ValueError(f"{name} must be one number, not an array of {np.size(given[name])}")
    if of in OPTIMIZERS:  # the rule says which of its numbers is out of range
        getattr(optimizers, of)(np.zeros((1, 1)), np.zeros((1, 1)), 1, **given)
