"""Trains the race of `blocks`: rules for matrices on the blocks of a transformer, in torch."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..extras import needs
from ..learner.runs import keep
from ..learner.runs import known as known_runs
from ..optimizers import Step
from . import Ran
from .blocks import EVERY, LONGER, NAMES, SHIPPED, TASK, race, rates, seeds, updates
from .layers import MATRICES
from .training import Update, run, train

with needs():
    import torch
    from torch import nn

__all__ = ["add_repeat", "repeat", "trained", "two_rules"]


def add_repeat() -> None:
    """Do one more repeat, and store it with the learner's runs (ten minutes).

    If it is interrupted, the next call continues where it stopped.
    """
    for line in repeat(1 + len(race(LONGER)), known_runs(SHIPPED)):
        keep(SHIPPED, line)


def repeat(number: int, known: Iterable[dict[str, Any]] = ()) -> Iterator[dict[str, Any]]:
    """The runs of a repeat, one after the other; runs that are already stored aren't repeated."""
    made = {(r["name"], r["lr"], r["seed"]): r for r in known}
    tuning, fresh = seeds(number)
    rest = 0.0
    for name in ("adam", *(n for n in NAMES if n != "adam"), LONGER):
        sweep = []
        for lr in rates(name):
            runs = [made.get((name, lr, seed)) or _line(name, lr, seed, rest) for seed in tuning]
            yield from (r for r in runs if (name, lr, r["seed"]) not in made)
            sweep.append(np.mean([r["val"] for r in runs]))
        best = int(np.argmin(sweep))
        if not 0 < best < len(sweep) - 1:
            raise ValueError(f"{name}'s best rate may lie outside those tried: {sweep}")
        lr = rates(name)[best]
        rest = lr if name == "adam" else rest
        for seed in fresh:
            if (name, lr, seed) not in made:
                yield _line(name, lr, seed, rest, whole=True)


def _line(name: str, lr: float, seed: int, rest: float, whole: bool = False) -> dict[str, Any]:
    """A run as stored: with its validation loss or, if whole, its test loss and its course."""
    ran = trained(name, lr, seed, rest)
    line: dict[str, Any] = dict(name=name, lr=lr, rest=rest, seed=seed)
    if not whole:
        return line | dict(val=_rounded(ran.val))
    course = np.reshape(ran.loss, (updates(name) // EVERY, -1)).mean(1)
    return line | dict(test=_rounded(ran.test), loss=[*map(_rounded, course)])


def _rounded(loss: float) -> float:
    """To four digits; infinite if the run diverged."""
    return float(f"{loss:.4g}") if np.isfinite(loss) else np.inf


def trained(name: str, lr: float, seed: int, rest: float) -> Ran:
    """One run. rest: Adam's rate, for whatever a rule for matrices doesn't step."""
    if name not in MATRICES:
        return train(TASK, "adam" if name == LONGER else name, lr, seed, updates(name))
    stepper = lambda model: two_rules(model, MATRICES[name], lr, rest)  # noqa: E731
    return run(TASK, stepper, seed, updates(name))


def two_rules(model: nn.Module, rule: Callable[..., Step], lr: float, rest: float) -> Update:
    """Step the blocks' matrices with a rule, one kind at a time, and the rest with Adam."""
    kinds: dict[str, list[nn.Parameter]] = defaultdict(list)
    others: list[nn.Parameter] = []
    for name, p in model.named_parameters():
        in_a_block = name.startswith("layers.") and p.ndim == 2
        (kinds[name.split(".", 2)[2]] if in_a_block else others).append(p)
    adam = torch.optim.Adam(others, lr=rest)
    memory: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}

    @torch.no_grad()
    def update(t: int, part: float) -> None:
        adam.param_groups[0]["lr"] = rest * part
        adam.step()
        for kind, tensors in kinds.items():
            weights, grads = torch.stack([*tensors]), torch.stack([_grad(p) for p in tensors])
            step = rule(weights, grads, t + 1, **memory[kind], lr=lr * part)
            memory[kind] = step.memory
            for p, new in zip(tensors, step.theta, strict=True):
                p.copy_(new)

    return update


def _grad(p: nn.Parameter) -> torch.Tensor:
    assert p.grad is not None
    return p.grad
