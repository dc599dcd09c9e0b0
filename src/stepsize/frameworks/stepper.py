"""How a rule steps groups of torch's parameters: their numbers, and the shape it needs."""

import inspect
import math
import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..extras import needs
from ..optimizers import Rule
from ..optimizers.rules import scope_of
from ..optimizers.slips import holder_of, name_of, require_names, require_rule

with needs():
    import torch
    from torch.nn.parameter import UninitializedParameter

__all__ = ["Stepper"]

EMPTY = inspect.Parameter.empty
RESERVED = ("step", "y")  # what a state holds besides the rule's memory
NO_NUMBERS = ("params", "param_names", "name", "initial_lr")  # keys that aren't hyper-parameters


class Stepper:
    """The rule of some groups. It is shared by copies, and pickled if the rule can be."""

    def __init__(self, rule: Rule) -> None:
        require_rule(rule)
        _require_ours(rule)
        parameters = [*inspect.signature(rule).parameters.values()][3:]
        self.rule = rule
        self.name = name_of(rule)
        self.scope = scope_of(rule)
        self.anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
        self.hyper = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.names = dict[str, None]()  # of all numbers that its groups have
        self.require_memory(name for name in self.known if name not in self.hyper)

    def require_memory(self, names: Iterable[str]) -> None:
        """Raise ValueError if the rule remembers something by a name that is taken."""
        for name in names:
            if name in RESERVED:
                ours = f"as_torch keeps something else as {name!r} in its state"
                raise ValueError(f"{self.name} must call its memory {name!r} differently: {ours}")

    def require(self, names: Iterable[str]) -> None:
        """Raise TypeError for a name that the rule doesn't have."""
        if not self.anything:
            require_names(self.name, names, self.known)

    def take(self, group: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
        """All numbers of a group: the rule's defaults, the shared ones, the group's own.

        A memory that is named starts from that value, as in `descend`.
        """
        own = {n: v for n, v in group.items() if n not in NO_NUMBERS}
        self.require(own)
        numbers = self.hyper | {n: v for n, v in shared.items() if self.anything or n in self.known}
        numbers |= own
        for name, value in numbers.items():
            if value is EMPTY:
                raise ValueError(f"{self.name} has no default for {name}: give it a value")
        self.names |= dict.fromkeys(numbers)
        return numbers

    def numbers(self, group: dict[str, Any]) -> dict[str, Any]:
        """The group's current numbers; a checkpoint may lack the start of a memory."""
        return {name: _plain(name, group[name]) for name in self.names if name in group}

    def rule_for(self, p: torch.Tensor) -> Rule:
        """The rule that steps this tensor; Adafactor has a different one for vectors."""
        vectors = self.scope.vectors
        return vectors if vectors is not None and p.ndim < self.scope.axes else self.rule

    def shape_for(self, p: torch.Tensor) -> tuple[int, ...]:
        """What a rule for matrices sees: a matrix with a row for each output, as in Muon's code."""
        if self.scope.unit not in ("tensor", "model"):
            return tuple(p.shape)
        axes = scope_of(self.rule_for(p)).axes
        return (p.shape[0], p.numel() // max(p.shape[0], 1)) if axes == 2 else (p.numel(),)

    def try_out(self, group: dict[str, Any]) -> None:
        """Raise for a tensor the rule can't step, by name; let it check its numbers on zeros."""
        params = group["params"]
        names = group.get("param_names", [None] * len(params))
        for name, p in zip(names, params, strict=True):
            self._require_fit(name or "a parameter", p)
        if params and self.scope.unit != "coordinate":
            by_axes = {len(self.shape_for(p)): self.rule_for(p) for p in params}
        else:
            by_axes = {self.scope.axes: self.rule}
        for axes, rule in by_axes.items():
            zeros = torch.zeros((1,) * axes)
            rule(zeros, zeros, 1, **self.numbers(group))

    def _require_fit(self, name: str, p: torch.Tensor) -> None:
        if not p.is_floating_point():
            raise TypeError(f"parameters must be real floats, not {p.dtype}")
        if self.scope.unit == "coordinate":
            return  # any shape will do, even that of a lazy layer, which has none yet
        if isinstance(p, UninitializedParameter):
            raise ValueError(
                f"{name} of a lazy layer has no shape yet, and {self.name} has to know it: call the"
                " model once, then make its optimizer"
            )
        if p.ndim < 2 == scope_of(self.rule_for(p)).axes:
            raise ValueError(
                f"{self.name} steps matrices, but {name} has the shape {tuple(p.shape)}: put it"
                " into a group with a different rule, such as dict(params=[...], rule=adamw)"
            )

    def __deepcopy__(self, memo: dict[int, Any]) -> "Stepper":
        return self

    def __getstate__(self) -> dict[str, Any]:
        try:
            pickle.dumps(self.rule)
        except (pickle.PicklingError, AttributeError, TypeError):
            raise pickle.PicklingError(
                f"the rule {self.name} can't be pickled: define it with `def`, in a module. What"
                " state_dict() returns can be saved anyway"
            ) from None
        return vars(self)


def _require_ours(rule: Any) -> None:
    """Raise TypeError for a torch optimizer that was made a rule, and for what is made from it."""
    torchs = getattr(holder_of(rule, "torchs"), "torchs", None)
    if torchs is not None:
        theirs = f"torch's {name_of(torchs)}: use torch's optimizer directly"
        raise TypeError(f"rule must be made from ours, not from {theirs}")


def _plain(name: str, value: Any) -> Any:
    """One number as Python's: a schedule may have left one of NumPy's, or a tensor."""
    if callable(value):
        by = "torch.optim.lr_scheduler.LambdaLR" if name == "lr" else "setting it in param_groups"
        raise TypeError(f"{name} must be a number here, not a function: it changes by {by}")
    if not isinstance(value, (np.generic, np.ndarray, torch.Tensor)):
        return value
    if math.prod(value.shape) != 1:
        raise ValueError(f"{name} must be one number, not an array of shape {tuple(value.shape)}")
    return value.item()
