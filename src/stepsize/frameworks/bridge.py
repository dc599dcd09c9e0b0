"""One of our rules as a torch optimizer, and a torch optimizer as one of our rules.

    optimizer = as_torch(adam, model.parameters(), lr=1e-3)         trains any torch module
    trace = descend(as_rule(torch.optim.Adam), ravine, start, 100)  can be plotted with ours

Our schedules need no bridge. They are functions of the updates already made, as LambdaLR expects:

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: cosine(t, 300))

It imports torch, which `import stepsize` doesn't, so you import it by name.
"""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..extras import needs
from ..optimizers import Rule, Step
from ..optimizers.slips import require_names, require_update

with needs():
    import torch
    from torch.optim.optimizer import ParamsT

if TYPE_CHECKING:
    from .torch_optimizer import RuleOptimizer

__all__ = ["as_rule", "as_torch"]


def as_torch(rule: Rule, params: ParamsT, **hyper: Any) -> "RuleOptimizer":
    """The rule as a torch.optim.Optimizer: its own lines, run on torch's parameters.

    rule: one of `optimizers`, or any function of the same form. params: as for torch's optimizers:
    tensors, (name, tensor) pairs, or groups with hyper-parameters of their own. hyper: the
    rule's hyper-parameters, by the rule's names: beta1 and beta2, not betas. A memory named here
    starts from that value, as in `descend`.

    **A group may have its own rule.** Here Muon steps the matrices, and AdamW everything else:

        hidden = [p for p in model.blocks.parameters() if p.ndim == 2]
        others = [p for p in model.parameters() if not any(p is q for q in hidden)]
        as_torch(adamw, [dict(params=hidden, rule=muon, lr=0.02), dict(params=others)], lr=3e-4)

    A rule for coordinates, like Adam, steps the tensors of a group together, in blocks. A rule for
    matrices, like Muon, SOAP and Adafactor, takes each tensor by itself. It treats one with more
    axes as a matrix with a row for each output (a convolution of shape (8, 3, 3, 3) as 8 x 27), as
    Muon's authors do. Adafactor steps vectors with `adafactor_vector`. Prodigy finds one rate for
    all tensors of its group, and needs a single group. Your own rule gets each tensor as it is. A
    tensor without a gradient stays where it is, with every rule. Besides numbers, a group may have
    a `name`. Tensors that FSDP has sharded are stepped without being gathered; Prodigy needs shards
    of equal size.

    The schedule-free rules take the gradient at a different point than the model, and `averaged`
    ones keep a mean. `optimizer.eval()` puts the model's weights in place, `optimizer.train()` goes
    back. For all other rules, the two do nothing.

    `optimizer.state[p]` shows what the rule remembers, and `step`, the number of updates made. All
    of it survives state_dict, pickle and copy. torch's schedulers can drive every rule's lr;
    OneCycleLR and CyclicLR cycle a hyper-parameter called momentum, and need cycle_momentum=False
    for a rule without one.

    Raises: ValueError or TypeError for a bad hyper-parameter, here and, if it has been changed, at
    the next step, before that group moves; for a tensor that the rule can't step, with its name if
    it has one. TypeError for parameters that aren't real floats. RuntimeError at a step with sparse
    gradients, and after `eval`.

    >>> from stepsize.optimizers import adam
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = as_torch(adam, model.parameters(), lr=0.1)
    >>> model(torch.ones(4, 2)).sum().backward()
    >>> optimizer.step()
    >>> optimizer.state[model.bias]
    {'step': 1, 'm': tensor([0.4000]), 'v': tensor([0.0160])}
    """
    from .torch_optimizer import RuleOptimizer  # loads torch's compiler, which takes seconds

    return RuleOptimizer(rule, params, hyper)


def as_rule(make: Callable[..., torch.optim.Optimizer], **hyper: Any) -> Rule:
    """A torch optimizer as a rule, for use with `descend`.

    make: a class of torch.optim, or anything you call in the same way. hyper: its arguments, by
    torch's names. Those that are numbers are this rule's hyper-parameters: you can also give them
    to `descend`, even as functions of t, and they appear in the trace. betas and flags are fixed
    here.

    Its memory is torch's state, by torch's names: `trace.exp_avg`. Each update is made by a new
    optimizer that is handed this memory: slow, but as pure as our rules. float32 and float64; one
    run at a time, no columns.

    Raises: torch's own error for a bad hyper-parameter. ValueError for a column. TypeError for an
    optimizer that evaluates the loss repeatedly, as LBFGS does.

    >>> from stepsize import descend
    >>> from stepsize.optimizers import adam
    >>> from stepsize.surfaces import ravine
    >>> torchs = descend(as_rule(torch.optim.Adam), ravine, [4.0, 2.0], steps=100, lr=0.1)
    >>> ours = descend(adam, ravine, [4.0, 2.0], steps=100, lr=0.1)
    >>> bool(np.allclose(torchs.theta, ours.theta, rtol=1e-12))
    True
    """
    if not callable(make) or isinstance(make, torch.optim.Optimizer):
        said = "a class of torch.optim, such as torch.optim.Adam"
        raise TypeError(f"make must be {said}, not {make!r:.60}")
    name = getattr(make, "__name__", type(make).__name__)
    if "closure" in _required(getattr(make, "step", None)):
        raise TypeError(f"torch's {name} asks for the loss more than once per step; a rule can't")
    takes = {n: p.default for n, p in inspect.signature(make).parameters.items()} | hyper
    numbers = {n: v for n, v in takes.items() if type(v) in (int, float)}

    remembered: dict[str, Any] = {}

    def rule(theta: Any = None, grad: Any = None, t: Any = None, **memory_and_hyper: Any) -> Step:
        require_update(name, t)
        given = {n: v for n, v in memory_and_hyper.items() if n in takes}
        memory = {n: v for n, v in memory_and_hyper.items() if n not in takes}
        require_names(name, memory, [*remembered, *takes])
        now = {n: _one_number(name, n, v) for n, v in given.items()}
        p = torch.nn.Parameter(_tensor(np.asarray(theta)))
        optimizer = make([p], **{**hyper, **now})
        optimizer.state[p].update((n, _tensor(v)) for n, v in memory.items() if v is not None)
        p.grad = _tensor(np.asarray(grad)).to(p.dtype)
        optimizer.step()
        return Step(p.detach().numpy(), {n: _array(v) for n, v in optimizer.state[p].items()})

    rule.__name__ = rule.__qualname__ = name
    rule.__doc__ = f"torch's {name}: see stepsize.frameworks.bridge.as_rule."
    rule.torchs = make  # type: ignore[attr-defined]
    remembered = _remembered(rule)  # torch checks `hyper` here
    rule.__signature__ = _signature(remembered, numbers)  # type: ignore[attr-defined]
    return rule


def _remembered(rule: Rule) -> dict[str, Any]:
    """What it remembers for a matrix and for a vector: Adafactor remembers different things."""
    matrix = rule(np.zeros((1, 1)), np.zeros((1, 1)), 1).memory
    try:
        return matrix | rule(np.zeros(1), np.zeros(1), 1).memory
    except Exception:  # Muon and its like take no vectors
        return matrix


def _required(function: Any) -> list[str]:
    parameters = inspect.signature(function).parameters.values() if function else ()
    return [p.name for p in parameters if p.default is p.empty]


def _signature(memory: dict[str, Any], hyper: dict[str, Any]) -> inspect.Signature:
    """(theta, grad, t, memory=None, *, hyper=..., **torchs), like the signature of a rule here."""
    place, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [inspect.Parameter(name, place) for name in ("theta", "grad", "t")]
        + [inspect.Parameter(name, place, default=None) for name in memory]
        + [inspect.Parameter(name, keyword, default=value) for name, value in hyper.items()]
        + [inspect.Parameter("torchs", inspect.Parameter.VAR_KEYWORD)]
    )


def _one_number(optimizer: str, name: str, value: Any) -> Any:
    """The value as torch expects it: a plain number, and an int for an int (Muon's ns_steps)."""
    if np.ndim(value):
        raise ValueError(
            f"{name} must be one number for torch's {optimizer}, which makes one run at a time, not"
            f" an array of shape {np.shape(value)}; give as_rule what isn't a number, like betas"
        )
    value = value.item() if hasattr(value, "item") else value
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if whole else value


def _tensor(value: Any) -> Any:
    """A copy, so that the caller's data isn't written to; a count stays a count."""
    return value if isinstance(value, int) else torch.tensor(value)


def _array(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value
