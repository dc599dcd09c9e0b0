"""The torch.optim.Optimizer that `bridge.as_torch` makes: groups, each stepped by a rule of ours.

What a rule looks at decides what it is given. A rule for coordinates can't tell one tensor from
many, so it gets blocks that fit into the cache: parts of long tensors, and handfuls of short ones.
A rule for matrices gets each tensor as a matrix. A rule for the whole model gets all tensors of its
group as one vector. A rule that says nothing about itself gets each tensor as it is. So does a rule
for coordinates if the tensor's class is its own, as with those that FSDP shards.
"""

import copy
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..extras import needs
from ..optimizers import Rule
from ..optimizers.blockwise import step_in_blocks
from ..optimizers.rules import require_step
from .stepper import EMPTY, Stepper

with needs():
    import torch
    from torch.optim.optimizer import ParamsT

__all__ = ["RuleOptimizer"]

PLAIN = (torch.nn.Parameter, torch.Tensor)  # tensors of any other class may not become one vector


class RuleOptimizer(torch.optim.Optimizer):
    """Groups of parameters, each with a rule and its numbers. `as_torch` says more."""

    def __init__(self, rule: Rule, params: ParamsT, hyper: dict[str, Any]) -> None:
        if isinstance(params, torch.nn.Module):
            raise TypeError("params must be the model's, model.parameters(), not the model itself")
        self.default, self.shared = Stepper(rule), hyper
        self.steppers = {self.default.name: self.default}  # a group knows its rule by this name
        self.default.require(hyper)
        known = {n: v for n, v in self.default.hyper.items() if v is not EMPTY}
        super().__init__(params, known | hyper)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Like torch's. A group may name its own `rule`; a rule may reject the group."""
        stepper = self._stepper_for(param_group.get("rule", self.default.rule))
        self._require_one_group(stepper)
        group = {name: value for name, value in param_group.items() if name != "rule"}
        numbers = stepper.take(group, self.shared)
        super().add_param_group(group | numbers)
        group = self.param_groups[-1]
        for name in self.defaults.keys() - numbers.keys():
            del group[name]  # torch fills in all that the default rule has
        group["rule"] = stepper.name
        try:
            stepper.try_out(group)
        except Exception:
            self.param_groups.pop()
            raise
        self.steppers[stepper.name] = stepper

    def _stepper_for(self, rule: Rule) -> Stepper:
        """The rule's stepper. Of two rules with one name, like partials, the second gets a 2."""
        for known in self.steppers.values():
            if known.rule is rule:
                return known
        new = Stepper(rule)
        same = sum(_name(known.name) == new.name for known in self.steppers.values())
        new.name += f" {same + 1}" if same else ""
        return new

    def _require_one_group(self, stepper: Stepper) -> None:
        name = _name(stepper.name)
        if stepper.scope.unit == "model" and name in [_name(s.name) for s, _ in self._groups()]:
            raise ValueError(f"{name} looks at all its tensors together: make one group")

    def _groups(self) -> list[tuple[Stepper, dict[str, Any]]]:
        """The groups as they are now, which somebody may have changed by hand, with their rules."""
        names = [group.setdefault("rule", self.default.name) for group in self.param_groups]
        for n in names:
            if n not in self.steppers:
                raise ValueError(
                    f"a group's rule must be one of {', '.join(self.steppers)}, not {n!r:.60}: add"
                    " a different one with add_param_group"
                )
        return [(self.steppers[n], g) for n, g in zip(names, self.param_groups, strict=True)]

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
        for stepper, group in self._groups():
            self._step_group(stepper, group)
        return loss

    def _step_group(self, stepper: Stepper, group: dict[str, Any]) -> None:
        ready = [p for p in group["params"] if p.grad is not None]
        if any(p.grad.layout != torch.strided for p in ready):
            raise RuntimeError(
                f"{stepper.name} can't use sparse gradients: use Embedding(sparse=False), or"
                " torch.optim.SparseAdam for those parameters"
            )
        hyper, unit = stepper.numbers(group), stepper.scope.unit
        if unit == "model" and ready:
            self._step_as_one(stepper.rule, group["params"], hyper)
            return
        packed = [p for p in ready if unit == "coordinate" and type(p) in PLAIN]
        alone = [p for p in ready if unit != "coordinate" or type(p) not in PLAIN]
        for numpys, pack in self._alike(packed):
            step = self._step_in_blocks if numpys else self._step_as_one
            step(stepper.rule, pack, hyper)
        for p in alone:
            if p.numel():  # a matrix without rows or columns has no step
                self._step_alone(stepper, p, hyper)

    def eval(self) -> None:
        """Put in place what is to be evaluated, where that isn't where the gradient is taken.

        A mean of the weights: the x of the schedule-free rules, the average of `averaged`.
        Elsewhere it does nothing.
        """
        for stepper, group in self._groups():
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

    def state_dict(self) -> dict[str, Any]:
        """Like torch's. A group that was appended by hand gets the default rule, by name."""
        self._groups()
        return super().state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Like torch's, for an optimizer with the same rules, but it copies the state.

        Raises: ValueError for the state of a different optimizer, or of different parameters.
        """
        if not {"state", "param_groups"} <= {*state_dict}:
            raise ValueError("state_dict must be an optimizer's, with state and param_groups")
        saved = [
            group.get("rule", "an optimizer of torch's") for group in state_dict["param_groups"]
        ]
        own = [stepper.name for stepper, _ in self._groups()]
        if [*map(_name, saved)] != [*map(_name, own)]:
            theirs, ours = ", ".join(saved), ", ".join(own)
            ask = "state_dict must come from the same rules, one for each group"
            raise ValueError(f"{ask}: {ours}, not from {theirs}")
        self._require_shapes(state_dict)
        super().load_state_dict(copy.deepcopy(state_dict))  # or both write to the same memory
        for name, group in zip(own, self.param_groups, strict=True):
            group["rule"] = name

    def _require_shapes(self, state_dict: dict[str, Any]) -> None:
        """Raise ValueError if a rule for coordinates has remembered tensors of different shapes."""
        both = zip(self._groups(), state_dict["param_groups"], strict=True)
        for (stepper, group), saved in both:
            for i, p in zip(saved["params"], group["params"], strict=False):
                for name, value in state_dict["state"].get(i, {}).items():
                    single = not torch.is_tensor(value) or stepper.scope.unit != "coordinate"
                    if not single and value.shape != p.shape:
                        shapes = f"{name} has the shape {tuple(value.shape)}, its parameter"
                        raise ValueError(
                            f"state_dict must fit these parameters: {shapes} {tuple(p.shape)}"
                        )

    def _alike(self, ready: list[torch.Tensor]) -> list[tuple[bool, list[torch.Tensor]]]:
        """Packs that can become one vector: same type, same device, same step count.

        Each comes with whether NumPy can step it in place.
        """
        packs: dict[Any, list[torch.Tensor]] = {}
        for p in ready:
            grad, known = _grad(p), self.state[p].items()
            numpys = _is_numpys(p) and grad.itemsize >= 4
            numbers = [(n, v) for n, v in known if not torch.is_tensor(v)]
            packs.setdefault((numpys, p.device, p.dtype, grad.dtype, *numbers), []).append(p)
        return [(kind[0], pack) for kind, pack in packs.items()]

    def _step_alone(self, stepper: Stepper, p: torch.Tensor, hyper: dict[str, Any]) -> None:
        shape = stepper.shape_for(p)
        memory = {n: _seen(v, p.shape, shape) for n, v in self.state[p].items()}
        t = memory.pop("step", 0) + 1
        # Copies: p and its gradient will be overwritten, and a rule may remember them.
        theta, grad = p.detach().clone().reshape(shape), _grad(p).clone().reshape(shape)
        step = stepper.rule_for(p)(theta, grad, t, **hyper | memory)
        require_step(stepper.rule, step, shape)
        stepper.require_memory(step.memory)
        p.copy_(step.theta.reshape(p.shape))
        self.state[p] = {"step": t} | {n: _seen(v, shape, p.shape) for n, v in step.memory.items()}

    def _step_in_blocks(self, rule: Rule, pack: list[torch.Tensor], hyper: dict[str, Any]) -> None:
        """Step them as NumPy arrays that share the tensors' memory, so the tensors are updated."""
        states = [self.state[p] for p in pack]
        tensors = [n for n, v in states[0].items() if torch.is_tensor(v)]
        long = {n: [_remembered(self.state[p], n, p) for p in pack] for n in tensors}
        single = {n: v for n, v in states[0].items() if n not in long}
        t = single.pop("step", 0) + 1
        thetas = [_vector(p.detach()) for p in pack]
        grads = [_grad(p).reshape(-1).numpy() for p in pack]
        now = step_in_blocks(rule, thetas, grads, t, long, hyper | single)
        torch.autograd.graph.increment_version(pack)  # so that backward notices the change
        new = {n: v for n, v in now.items() if v is not long.get(n)}
        parts = {n: [*map(torch.from_numpy, v)] for n, v in new.items() if isinstance(v, list)}
        self._remember(pack, t, new | parts)

    def _step_as_one(self, rule: Rule, pack: list[torch.Tensor], hyper: dict[str, Any]) -> None:
        """Step them as one long vector, a copy, on the tensors' own device."""
        states = [self.state[p] for p in pack]
        memory: dict[str, Any] = {
            n: _joined(state[n] for state in states) if torch.is_tensor(v) else v
            for n, v in states[0].items()
        }
        t = memory.pop("step", 0) + 1
        theta, grad = _joined(p.detach() for p in pack), _joined(map(_grad, pack))
        step = rule(theta, grad, t, **hyper | memory)
        sizes = [p.numel() for p in pack]
        for p, new in zip(pack, step.theta.split(sizes), strict=True):
            if p.grad is not None:
                p.copy_(new.view(p.shape))
        long = {n: v for n, v in step.memory.items() if np.shape(v) == theta.shape}
        parts = {n: [*v.split(sizes)] for n, v in long.items()}
        self._remember(pack, t, step.memory | parts)

    def _remember(self, pack: list[torch.Tensor], t: int, memory: dict[str, Any]) -> None:
        """A list has a part for each tensor; anything else is one number for all of them."""
        for i, p in enumerate(pack):
            own = {
                n: v[i].view(p.shape) if isinstance(v, list) else _number(v)
                for n, v in memory.items()
            }
            self.state[p].update({"step": t} | own)

    def __getstate__(self) -> dict[str, Any]:
        own = dict(default=self.default, shared=self.shared, steppers=self.steppers)
        return super().__getstate__() | own

    def __repr__(self) -> str:
        return super().__repr__().replace(type(self).__name__, self.default.name, 1)


def _name(name: str) -> str:
    """The rule's own name, without a number behind it."""
    return re.sub(r" \d+$", "", name)


def _grad(p: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(p) if p.grad is None else p.grad.detach().resolve_neg()


def _is_numpys(tensor: torch.Tensor) -> bool:
    """Whether NumPy can change it in place: on the CPU, contiguous, at least 4 bytes per number."""
    return tensor.device.type == "cpu" and tensor.itemsize >= 4 and tensor.is_contiguous()


def _vector(tensor: torch.Tensor) -> np.ndarray:
    """A view of its numbers: what is written there is written to the tensor."""
    return tensor.view(-1).numpy()


def _remembered(state: dict[str, Any], name: str, p: torch.Tensor) -> np.ndarray:
    """A view of a memory. If NumPy can't use what somebody put there, it becomes p's type."""
    if not _is_numpys(state[name]):
        state[name] = state[name].to(p).contiguous()
    return _vector(state[name])


def _joined(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    """All of them copied to one vector."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _number(value: Any) -> Any:
    """One number for all of them, which torch.load accepts without being told to trust it."""
    if torch.is_tensor(value) and value.is_meta:
        return math.nan  # on that device, tensors have shapes but no values
    return value.item() if torch.is_tensor(value) or isinstance(value, np.generic) else value


def _seen(value: Any, shape: Any, other: tuple[int, ...]) -> Any:
    """A tensor of this shape, reshaped to the other; anything else unchanged."""
    fits = torch.is_tensor(value) and value.shape == torch.Size(shape)
    return value.reshape(other) if fits else value
