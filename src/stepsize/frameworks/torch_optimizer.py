"""The torch.optim.Optimizer that `bridge.as_torch` makes: groups, each stepped by a rule of ours.

What a rule looks at decides what it is given. A rule for coordinates gets many tensors as one long
vector, because it can't tell, and one call costs less than many. A rule for matrices gets each one
as a matrix. A rule for the whole model gets all tensors of its group as one vector. A rule that
says nothing about itself gets each tensor as it is.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..extras import needs
from ..optimizers import Rule, Step
from ..optimizers.blockwise import BLOCK, blockwise
from ..optimizers.rules import require_step
from .stepper import EMPTY, Stepper

with needs():
    import torch
    from torch.optim.optimizer import ParamsT

__all__ = ["RuleOptimizer"]


class Joined(NamedTuple):
    """The memory of many tensors as long vectors, of which each tensor has a part."""

    pack: list[int]
    long: dict[str, torch.Tensor]
    parts: dict[str, list[torch.Tensor]]


class RuleOptimizer(torch.optim.Optimizer):
    """Groups of parameters, each with a rule and its numbers. `as_torch` says more."""

    def __init__(self, rule: Rule, params: ParamsT, hyper: dict[str, Any]) -> None:
        self.default, self.shared, self.steppers = Stepper(rule), hyper, list[Stepper]()
        self.joined: dict[torch.Tensor, Joined] = {}
        self.default.require(hyper)
        known = {n: v for n, v in self.default.hyper.items() if v is not EMPTY}
        super().__init__(params, known | hyper)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Like torch's. A group may name its own `rule`; a rule may reject the group."""
        stepper = Stepper(param_group.get("rule", self.default.rule))
        group = {name: value for name, value in param_group.items() if name != "rule"}
        numbers = stepper.take(group, self.shared)
        super().add_param_group(group | numbers)
        group = self.param_groups[-1]
        for name in self.defaults.keys() - numbers.keys():
            del group[name]  # torch fills in all that the default rule has
        group["rule"] = stepper.name
        try:
            self._require_one_group(stepper)
            stepper.try_out(group)
        except Exception:
            self.param_groups.pop()
            raise
        self.steppers.append(stepper)

    def _require_one_group(self, stepper: Stepper) -> None:
        before = [other.name for other in self.steppers]
        if stepper.scope.unit == "model" and stepper.name in before:
            raise ValueError(f"{stepper.name} looks at all its tensors together: make one group")

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # traced, it came out wrong
    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every parameter that has a gradient. Returns the closure's loss."""
        if any("y" in remembered for remembered in self.state.values()):
            raise RuntimeError(
                "after eval() the parameters are the averaged model: call train() first"
            )
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for stepper, group in zip(self.steppers, self.param_groups, strict=True):
            ready = [p for p in group["params"] if p.grad is not None]
            if any(p.grad.layout != torch.strided for p in ready):
                raise RuntimeError(
                    f"{stepper.name} can't use sparse gradients: use Embedding(sparse=False), or"
                    " torch.optim.SparseAdam for those parameters"
                )
            hyper = stepper.numbers(group)
            if stepper.scope.unit == "coordinate":
                for pack in self._alike(ready):
                    self._step_together(stepper.rule, pack, hyper, in_blocks=True)
            elif stepper.scope.unit == "model" and ready:
                self._step_together(stepper.rule, group["params"], hyper, in_blocks=False)
            else:
                for p in ready:
                    if p.numel():  # a matrix without rows or columns has no step
                        self._step_alone(stepper, p, hyper)
        return loss

    def eval(self) -> None:
        """Put in place what is to be evaluated, where that isn't where the gradient is taken.

        A mean of the weights: the x of the schedule-free rules, the average of `averaged`.
        Elsewhere it does nothing.
        """
        for stepper, group in zip(self.steppers, self.param_groups, strict=True):
            for p in group["params"]:
                remembered = self.state.get(p, {})
                if stepper.scope.evaluated in remembered and "y" not in remembered:
                    remembered["y"] = p.detach().clone()
                    p.data.copy_(remembered[stepper.scope.evaluated])

    def train(self) -> None:
        """Go back from `eval` to where the gradient is taken."""
        for p, remembered in self.state.items():
            if "y" in remembered:
                p.data.copy_(remembered.pop("y"))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Like torch's, for an optimizer with the same rules.

        Raises: ValueError for the state of a different optimizer, or of different parameters.
        """
        if not {"state", "param_groups"} <= {*state_dict}:
            raise ValueError("state_dict must be an optimizer's, with state and param_groups")
        saved = [group.get("rule") for group in state_dict["param_groups"]]
        if saved != [stepper.name for stepper in self.steppers]:
            theirs = ", ".join(name or "an optimizer of torch's" for name in saved)
            ours = ", ".join(stepper.name for stepper in self.steppers)
            ask = "state_dict must be of the same rules, one for each group"
            raise ValueError(f"{ask}: {ours}, not of {theirs}")
        self._require_shapes(state_dict)
        super().load_state_dict(state_dict)

    def _require_shapes(self, state_dict: dict[str, Any]) -> None:
        """Raise ValueError if a rule for coordinates has remembered tensors of different shapes."""
        both = zip(self.steppers, state_dict["param_groups"], self.param_groups, strict=True)
        for stepper, saved, group in both:
            for i, p in zip(saved["params"], group["params"], strict=False):
                for name, value in state_dict["state"].get(i, {}).items():
                    single = not torch.is_tensor(value) or stepper.scope.unit != "coordinate"
                    if not single and value.shape != p.shape:
                        shapes = f"{name} has the shape {tuple(value.shape)}, and its parameter"
                        raise ValueError(
                            f"state_dict must be of the same parameters: {shapes} {tuple(p.shape)}"
                        )

    def _alike(self, ready: list[torch.Tensor]) -> list[list[torch.Tensor]]:
        """Packs that can be one vector: of one type, on one device, with one count of steps.

        One that is longer than the cache stays by itself, because joining it would only take time.
        """
        packs: dict[Any, list[torch.Tensor]] = {}
        for p in ready:
            numbers = [(n, v) for n, v in self.state[p].items() if not torch.is_tensor(v)]
            alone = id(p) if p.numel() >= BLOCK else None
            packs.setdefault((alone, p.dtype, p.device, _grad(p).dtype, *numbers), []).append(p)
        return [*packs.values()]

    def _step_alone(self, stepper: Stepper, p: torch.Tensor, hyper: dict[str, Any]) -> None:
        shape = stepper.shape_for(p)
        memory = {n: _seen(v, p.shape, shape) for n, v in self.state[p].items()}
        t = memory.pop("step", 0) + 1
        # Copies: p and its gradient are written into, and a rule may remember them.
        theta, grad = p.detach().clone().reshape(shape), _grad(p).clone().reshape(shape)
        step = stepper.rule_for(p)(theta, grad, t, **hyper | memory)
        require_step(stepper.rule, step, shape)
        p.copy_(step.theta.reshape(p.shape))
        self.state[p] = {"step": t} | {n: _seen(v, shape, p.shape) for n, v in step.memory.items()}

    def _step_together(
        self, rule: Rule, pack: list[torch.Tensor], hyper: dict[str, Any], in_blocks: bool
    ) -> None:
        in_blocks = in_blocks and pack[0].device.type == "cpu" and pack[0].dtype.itemsize >= 4
        as_one = _flat if in_blocks and len(pack) == 1 else _cat
        theta, grad = as_one([p.detach() for p in pack]), as_one([_grad(p) for p in pack])
        memory = self._joined(pack)
        t = memory.pop("step", 0) + 1
        if in_blocks:
            arrays = {n: v.numpy() if torch.is_tensor(v) else v for n, v in memory.items()}
            _, now, _ = blockwise(rule)(theta.numpy(), grad.numpy(), t, **hyper | arrays)
            same = {n: memory[n] for n, v in now.items() if v is arrays.get(n)}
            step = Step(theta, {n: _tensor(v) for n, v in now.items()} | same)
        else:
            step = rule(theta, grad, t, **hyper | memory)
        for p, new in zip(pack, _parts(step.theta, pack), strict=True):
            if p.grad is not None and new.data_ptr() != p.data_ptr():
                p.copy_(new)
        self._remember(pack, t, step.memory)

    def _joined(self, pack: list[torch.Tensor]) -> dict[str, Any]:
        """The memory of these tensors as long vectors, which are created if they don't exist."""
        known = self.joined.get(pack[0])
        if known is None or known.pack != [id(p) for p in pack]:
            known = Joined([], {}, {})
        memory = {}
        for name, first in self.state[pack[0]].items():
            parts = [self.state[p].get(name) for p in pack]
            if not torch.is_tensor(first):
                memory[name] = first
            elif all(a is b for a, b in zip(parts, known.parts.get(name, [None]), strict=False)):
                memory[name] = known.long[name]
            else:
                memory[name] = _cat(parts)
        return memory

    def _remember(self, pack: list[torch.Tensor], t: int, memory: dict[str, Any]) -> None:
        """Each tensor's part of it; views, so that the next update finds them already joined."""
        before, total = self.joined.get(pack[0], Joined([], {}, {})), sum(p.numel() for p in pack)
        long = {n: v for n, v in memory.items() if torch.is_tensor(v) and v.shape == (total,)}
        parts = {
            n: before.parts[n] if v is before.long.get(n) else _parts(v, pack)
            for n, v in long.items()
        }
        self.joined[pack[0]] = Joined([id(p) for p in pack], long, parts)
        single = {n: _number(v) for n, v in memory.items() if n not in long}
        for i, p in enumerate(pack):
            self.state[p] = {"step": t} | {n: part[i] for n, part in parts.items()} | single

    def __getstate__(self) -> dict[str, Any]:
        own = dict(default=self.default, shared=self.shared, steppers=self.steppers, joined={})
        return super().__getstate__() | own

    def __repr__(self) -> str:
        return super().__repr__().replace(type(self).__name__, self.default.name, 1)


def _grad(p: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(p) if p.grad is None else p.grad


def _flat(tensors: list[torch.Tensor]) -> torch.Tensor:
    """The only one as a vector, in which its own numbers are written to."""
    return tensors[0].reshape(-1)


def _cat(tensors: list[torch.Tensor]) -> torch.Tensor:
    """All of them as one vector, a copy."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _tensor(value: Any) -> Any:
    return torch.from_numpy(value) if getattr(value, "ndim", 0) else value


def _number(value: Any) -> Any:
    """One number for all of them, which torch.load accepts without being told to trust it."""
    return value.item() if torch.is_tensor(value) or isinstance(value, np.generic) else value


def _parts(long: torch.Tensor, pack: list[torch.Tensor]) -> list[torch.Tensor]:
    pieces = long.split([p.numel() for p in pack])
    return [piece.view(p.shape) for piece, p in zip(pieces, pack, strict=True)]


def _seen(value: Any, shape: Any, other: tuple[int, ...]) -> Any:
    """Whatever has one shape, in the other; everything else unchanged."""
    fits = torch.is_tensor(value) and value.shape == torch.Size(shape)
    return value.reshape(other) if fits else value
