"""Many trainings of one model at once, each with an illness of its own."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from stepsize import optimizers

from ..zoo import Kind

__all__ = ["RULES", "Case", "Runs", "Setting", "best_rate", "train"]

Rule = Callable[..., Any]
RULES: dict[str, tuple[Rule, dict[str, float]]] = {
    "sgd": (optimizers.sgd, {}),
    "momentum": (optimizers.momentum, {}),
    "nesterov": (optimizers.nesterov, dict(momentum=0.95)),
    "adagrad": (optimizers.adagrad, {}),
    "rmsprop": (optimizers.rmsprop, {}),
    "adam": (optimizers.adam, {}),
    "adamw": (optimizers.adamw, {}),
}
VALIDATIONS = 40  # over a run


@dataclass(frozen=True)
class Setting:
    """What the runs of a group share."""

    kind: Kind
    rule: str
    batch: int  # 0: all of (at most) 256 examples, at every update
    steps: int
    seed: int


@dataclass(frozen=True, eq=False)
class Case:
    """What is done to one run; the default is nothing.

    lr: (steps,). factor: (steps,), what the gradient is multiplied by. add_up: no zero_grad.
    examples: how many there are, of all. wrong: the share whose targets are another's. muddled:
    updates at which the whole batch has wrong targets.
    """

    lr: np.ndarray
    factor: np.ndarray | None = None
    add_up: bool = False
    examples: int = 0
    wrong: float = 0.0
    muddled: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Runs:
    """Curves: loss, lr, grad_norm (steps, k), val_loss (validations, k); updates in an epoch."""

    loss: np.ndarray
    lr: np.ndarray
    grad_norm: np.ndarray
    val_loss: np.ndarray
    epoch: int


class Pool:
    """The data, shuffled, some held out; and for each run its own examples and batches."""

    def __init__(self, setting: Setting, cases: list[Case]) -> None:
        X, y = setting.kind.data()
        rng = np.random.default_rng(setting.seed)
        order = np.random.default_rng(0).permutation(len(X))
        n_held = min(200, len(X) // 4)
        self.held, rest = order[:n_held], order[n_held:]
        self.n = len(rest) if setting.batch else min(len(rest), 256)
        self.batch = min(setting.batch or self.n, self.n)
        self.X, self.y, self.rng, self.rest = X, y, rng, rest[: self.n]
        self.cases = cases
        self.targets = [self._targets(case) for case in cases]
        self.waiting = [np.empty(0, int) for _ in cases]
        self.common = np.empty(0, int)

    def _targets(self, case: Case) -> np.ndarray:
        targets = self.rest.copy()
        bad = np.flatnonzero(self.rng.random(self.n) < case.wrong)
        targets[bad] = targets[self.rng.permutation(bad)]
        return targets

    def draw(self, t: int) -> tuple[Tensor, Tensor]:
        """For update t and each run: inputs (k, batch, ...), targets."""
        self.common = self._fill(self.common, self.n)
        inputs, targets = [], []
        for k, case in enumerate(self.cases):
            if case.examples:
                few = min(case.examples, self.n)
                self.waiting[k] = self._fill(self.waiting[k], few)
                chosen, self.waiting[k] = np.split(self.waiting[k], [self.batch])
            else:
                chosen = self.common[: self.batch]
            inputs.append(self.rest[chosen])
            muddled = t in case.muddled or t == case.muddled
            wrong = self.rest[self.rng.integers(0, self.n, self.batch)]
            targets.append(wrong if muddled else self.targets[k][chosen])
        self.common = self.common[self.batch :]
        return self.X[np.array(inputs)], self.y[np.array(targets)]

    def _fill(self, waiting: np.ndarray, n: int) -> np.ndarray:
        while len(waiting) < self.batch:
            waiting = np.concatenate([waiting, self.rng.permutation(n)])
        return waiting


def train(setting: Setting, cases: list[Case]) -> Runs:
    """All cases side by side, from the same start, each of `steps` updates."""
    torch.manual_seed(setting.seed)
    net, pool, k = setting.kind.model(), Pool(setting, cases), len(cases)
    names = {name: p.shape for name, p in net.named_parameters()}
    start = torch.cat([p.detach().flatten() for p in net.parameters()])
    theta, total = start.expand(k, -1).clone(), torch.zeros(k, len(start))
    one = _one(net, names, setting.kind)
    both = vmap(grad_and_value(one), randomness="different")
    alone = vmap(one, in_dims=(0, None, None), randomness="different")
    rule, hyper = RULES[setting.rule]
    rule = inspect.unwrap(rule)  # its guard wants lr to be a number; torch's column isn't
    memory: dict[str, Any] = {}
    lr = torch.tensor(np.array([case.lr for case in cases]), dtype=torch.float32)
    factor = torch.tensor(
        np.array([np.ones(setting.steps) if c.factor is None else c.factor for c in cases]),
        dtype=torch.float32,
    )
    adds = torch.tensor([[case.add_up] for case in cases])
    losses, norms, vals = [], [], []
    with sdpa_kernel(SDPBackend.MATH):
        for t in range(setting.steps):
            if t % max(1, setting.steps // VALIDATIONS) == 0:
                net.eval()
                with torch.no_grad():
                    vals.append(alone(theta, pool.X[pool.held], pool.y[pool.held]).numpy())
                net.train()
            grad, loss = both(theta, *pool.draw(t))
            grad = grad * factor[:, t, None]
            total = torch.where(adds, total + grad, grad)
            losses.append(loss.detach().numpy())
            norms.append(total.norm(dim=1).numpy())
            theta, memory, _ = rule(theta, total, t + 1, **memory, **hyper, lr=lr[:, t, None])
    rates = np.array([case.lr for case in cases]).T
    epoch = max(1, pool.n // pool.batch)
    return Runs(np.array(losses), rates, np.array(norms), np.array(vals), epoch)


def _one(net: nn.Module, names: dict[str, torch.Size], kind: Kind) -> Callable[..., Tensor]:
    """The loss as a function of one long vector."""

    def loss(theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        parts = theta.split([shape.numel() for shape in names.values()])
        named = {
            name: part.view(shape) for (name, shape), part in zip(names.items(), parts, strict=True)
        }
        return kind.loss(functional_call(net, named, (x,)), y)

    return loss


def best_rate(setting: Setting) -> float:
    """The rate of a sweep, a factor of 2 apart, whose run ends lowest."""
    rates = 2.0 ** np.arange(-20, 6)
    ends = train(setting, [Case(np.full(setting.steps, lr)) for lr in rates]).loss
    last = ends[-max(1, setting.steps // 10) :].mean(0)
    return float(rates[np.argmin(np.where(np.isfinite(last), last, np.inf))])
