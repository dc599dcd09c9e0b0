"""What `find_lr` does to a torch model: train it, and put everything back as it was."""

import contextlib
import copy
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from .range_test import lost
from .torch_batches import as_loss, loss_of

__all__ = ["losses"]


def losses(
    model: torch.nn.Module,
    loss: Any,
    batches: Iterable[Any],
    lr: np.ndarray,
    optimizer: Any,
    hyper: dict[str, Any],
    clip: float | None = None,
) -> tuple[np.ndarray, bool]:
    """The loss before each update, until the run is lost, and whether gradients are averaged."""
    loss = as_loss(loss)
    rule = _made(model, optimizer, float(lr[0]), hyper)
    modules = [*model.modules(), *(loss.modules() if isinstance(loss, torch.nn.Module) else ())]
    shares = _shares(rule)
    seen: list[float] = []
    with _put_back(modules, rule, batches):
        model.train()
        for rate, batch in zip(lr, _endless(batches), strict=False):
            for group, share in zip(rule.param_groups, shares, strict=True):
                group["lr"] = _like(group["lr"], float(rate) * share)
            value = loss_of(model, loss, batch)
            seen.append(float(value.detach()))
            if lost(np.array(seen)) < len(seen):
                break
            for group in rule.param_groups:
                for p in group["params"]:
                    p.grad = None
            value.backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            rule.step()
    return np.array(seen), any(map(_averages, rule.param_groups))


def _made(
    model: torch.nn.Module, optimizer: Any, lr: float, hyper: dict[str, Any]
) -> torch.optim.Optimizer:
    """The optimizer: the caller's own, or a new one."""
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise ValueError("the model must have parameters to train, but none has requires_grad")
    if isinstance(optimizer, torch.optim.Optimizer):
        if hyper:
            raise ValueError(f"{', '.join(hyper)}: your own optimizer already has these")
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        if held.isdisjoint(map(id, trained)):
            raise ValueError("optimizer must hold parameters of this model; it has none of them")
        return optimizer
    make = torch.optim.SGD if optimizer is None else optimizer
    if not callable(make):
        kind = type(optimizer).__name__
        raise TypeError(f"optimizer must be a torch optimizer or its class, not {kind}")
    made = make(trained, lr=lr, **hyper)
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(f"optimizer must make a torch optimizer, not {type(made).__name__}")
    return made


def _shares(optimizer: torch.optim.Optimizer) -> list[float]:
    """The rate of each group as a share of the highest."""
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    return [rate / max(rates) for rate in rates] if max(rates) > 0 else [1.0] * len(rates)


def _like(old: Any, rate: float) -> Any:
    """A rate of the same kind as before: a tensor for an optimizer that needs one."""
    return torch.full_like(old, rate) if isinstance(old, torch.Tensor) else rate


def _averages(group: dict[str, Any]) -> bool:
    return bool(group.get("momentum")) or bool(group.get("beta1") or group.get("betas", [0])[0])


def _endless(batches: Iterable[Any]) -> Iterator[Any]:
    while True:
        empty = True
        for batch in batches:
            empty = False
            yield batch
        if empty:
            raise ValueError("batches must be a list or a DataLoader, with at least one batch")


@contextlib.contextmanager
def _put_back(
    modules: list[torch.nn.Module], optimizer: torch.optim.Optimizer, batches: Any
) -> Iterator[None]:
    """Restores everything afterwards, even if the training in between raised an error.

    The optimizer works on copies of its memory and its groups, and gets its own back.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    parameters += [p for module in modules for p in module.parameters(recurse=False)]
    parameters = list(dict.fromkeys(parameters))
    kept = [*parameters, *(b for module in modules for b in module.buffers(recurse=False))]
    values = [(tensor, tensor.detach().clone()) for tensor in kept]
    gradients = [(p, p.grad) for p in parameters]
    buffers = [(module, module.training, dict(module._buffers)) for module in modules]
    own = dict(optimizer.__dict__)
    memory = {p: copy.deepcopy(state) for p, state in optimizer.state.items()}
    optimizer.state = defaultdict(dict, memory)
    optimizer.param_groups = [dict(group) for group in optimizer.param_groups]
    try:
        with _same_chance(batches):
            for p in parameters:
                p.grad = None
            yield
    finally:
        optimizer.__dict__.clear()
        optimizer.__dict__.update(own)
        for module, training, held in buffers:
            module.training = training
            module._buffers.clear()
            module._buffers.update(held)
        with torch.no_grad():
            for tensor, value in values:
                tensor.copy_(value)
        for p, gradient in gradients:
            p.grad = gradient


@contextlib.contextmanager
def _same_chance(batches: Any) -> Iterator[None]:
    """Leaves later random numbers as they would have been."""
    makers = [getattr(batches, "generator", None)]
    makers += [getattr(getattr(batches, "sampler", None), "generator", None)]
    kept = [(maker, maker.get_state()) for maker in makers if isinstance(maker, torch.Generator)]
    python, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numbers)  # noqa: NPY002
            for maker, state in kept:
                maker.set_state(state)
