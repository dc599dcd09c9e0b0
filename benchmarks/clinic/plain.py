"""Loops as people write them in torch: shuffled epochs, an optimizer, a held-out loss per epoch."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..zoo import Kind
from .illnesses import Sick, truth
from .trainings import Case, Runs

__all__ = ["BATCHES", "EPOCHS", "How", "best", "hows", "later", "run", "truths"]

EPOCHS, BATCHES = 30, 20
STEPS = EPOCHS * BATCHES
KEPT = ("loss", "lr", "grad_norm", "weight_norm", "loss_scale")
Rates = Callable[[int], float]
Grads = Callable[[int], float]


@dataclass(frozen=True)
class How:
    """One training: an illness, its variant, and what differs from a sound training."""

    illness: str
    variant: str
    lr: Rates
    factor: Grads = lambda t: 1.0  # what the gradient is multiplied by
    adam: bool = True
    decay: float = 0.0  # an L2 penalty
    decoupled: bool = False
    eps: float = 1e-8
    add_up: bool = False
    examples: int = 0  # 0: all
    order: str = "shuffled"  # or "sorted" by target, or "muddled": targets of different inputs
    others: bool = False  # the optimizer holds another model's parameters
    resumed: int = 0  # the update at which the optimizer is recreated
    statistics: float = 0.1  # BatchNorm's momentum
    overflow: int = STEPS  # the update from which no gradient is finite, and every step is skipped
    short: bool = False  # the last batch of an epoch has two examples
    seed: int = 0
    at: tuple[int, ...] = ()


def hows(b: float, adam: bool) -> Iterator[How]:
    """The trainings of one model whose best rate is b. The first is what all are compared with."""
    T = STEPS
    x = lambda t: t / T  # noqa: E731
    cosine = lambda t: (1 + np.cos(np.pi * x(t))) / 2  # noqa: E731
    warm = lambda t: min((t + 1) / 40, 1)  # noqa: E731
    sound: dict[str, tuple[Rates, int]] = {
        "cosine with warmup": (lambda t: b / 2 * warm(t) * cosine(t), 0),
        "constant, a third": (lambda t: b / 3, 1),
        "constant, a sixth": (lambda t: b / 6, 5),
        "steps": (lambda t: b / 2 * 0.1 ** (t // 240), 2),
        "one cycle": (lambda t: b * float(np.interp(x(t), [0, 0.3, 1], [0.04, 1, 0])), 3),
        "linear with warmup": (lambda t: b / 2 * warm(t) * (1 - x(t)), 7),
        "cosine to a tenth": (lambda t: b / 2 * (0.1 + 0.9 * cosine(t)), 9),
        "exponential by epoch": (lambda t: b / 2 * 0.9 ** (t // BATCHES), 11),
    }
    plain = lambda illness, variant, lr, **more: How(illness, variant, lr, adam=adam, **more)  # noqa: E731
    for variant, (lr, seed) in sound.items():
        yield plain("healthy", variant, lr, seed=seed)
    fine = sound["cosine with warmup"][0]
    yield plain("healthy", "a short last batch", lambda t: b / 3, short=True, seed=13)
    for far in (10, 30, 100):
        yield plain("rate too high", f"x {far}", lambda t, far=far: b * far)
    for far in (30, 100, 300):
        yield plain("rate too low", f"/ {far}", lambda t, far=far: b / far)
    yield plain("rate too low", "/ 200, cosine", lambda t: fine(t) / 200)
    if adam:
        yield plain("rate too low", "eps = 1", lambda t: b / 3, eps=1.0)
    yield plain("divergence", "grows", lambda t: b / 2 * 1.04 ** max(t - 300, 0))
    yield plain("divergence", "x 300", lambda t: b / 2 * (300 if t >= 320 else 1))
    kicks = (212, 391)
    yield plain(
        "loss spikes", "gradients", fine, factor=lambda t: 1e3 if t in kicks else 1, at=kicks
    )
    rate = lambda t: b / 3 * (20 if 300 <= t < 305 else 1)  # noqa: E731
    yield plain("loss spikes", "resumed", rate, resumed=300, at=(300, 301, 302, 303, 304))
    yield plain("NaN", "one gradient", fine, factor=lambda t: np.nan if t == 384 else 1.0)
    for far in (3, 30):
        yield plain("forgotten zero_grad", f"/ {far}", lambda t, far=far: b / far, add_up=True)
    yield plain("rate decayed too early", "steps", lambda t: b / 2 * 0.1 ** (t // 10))
    yield plain("rate decayed too early", "halved", lambda t: b / 2 * 0.5 ** (t // 12))
    wave = lambda t: b / 2 * (1 + np.cos(np.pi * t / EPOCHS)) / 2  # noqa: E731
    yield plain("schedule at the wrong pace", "cosine of epochs", wave)
    yield plain("plateau", "other parameters", fine, others=True)
    yield plain("plateau", "wrong targets", fine, order="muddled")
    yield plain("rate is zero", "", lambda t: 0.0)
    for few in (24, 60):
        yield plain("overfitting", f"{few} examples", lambda t: b / 2, examples=few)
    yield plain("noise floor", "twice the best", lambda t: 2 * b)
    for decay in (1.0, 0.2):
        yield plain("weight decay too strong", f"L2 = {decay}", fine, decay=decay)
    strong = 0.03 / b
    yield plain("weight decay too strong", "0.03", lambda t: b / 2, decay=strong, decoupled=True)
    yield plain("data not shuffled", "sorted", lambda t: b / 2, order="sorted")
    yield plain("BatchNorm's statistics", "1 %", fine, statistics=0.002)


def later(b: float, adam: bool) -> Iterator[How]:
    """More trainings of the same model: illnesses that the first ones hardly count."""
    cosine = lambda t: (1 + np.cos(np.pi * t / STEPS)) / 2  # noqa: E731
    fine = lambda t: b / 2 * min((t + 1) / 40, 1) * cosine(t)  # noqa: E731
    plain = lambda illness, variant, lr, **more: How(illness, variant, lr, adam=adam, **more)  # noqa: E731
    for share in (0.1, 0.5):
        gone = lambda t, since=share * STEPS: float(t < since)  # noqa: E731
        yield plain("dead gradients", f"after {share:.0%}", fine, factor=gone)
        yield plain("float16 overflow", f"after {share:.0%}", fine, overflow=int(share * STEPS))
    for far in (2, 5, 20):
        high = lambda t, far=far: far * b * cosine(t)  # noqa: E731
        yield plain("warmed", f"x {far}", lambda t, high=high: min(t / 120, 1) * high(t))
        yield plain("no warmup", f"x {far}", high)
    for far in (1, 3, 5):
        yield plain("noise floor", f"x {far}", lambda t, far=far: far * b)
    for far in (1, 5):
        yield plain(
            "data not shuffled", f"sorted, / {far}", lambda t, far=far: b / far, order="sorted"
        )


def run(kind: Kind, how: How) -> dict[str, np.ndarray]:
    """The curves, to the last: those of KEPT by update; val_loss by epoch."""
    torch.manual_seed(how.seed)
    net, other = kind.model(), kind.model()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = how.statistics
    (X, y), held = _data(kind, how)
    made = lambda: _optimizer(other if how.others else net, how)  # noqa: E731
    opt, kept, vals, scale = made(), [], [], 2.0**16
    draws = np.random.default_rng(how.seed)
    for t in range(STEPS):
        if t % BATCHES == 0:
            batches = _batches(len(X), how, draws)
        if how.resumed and t == how.resumed:
            opt = made()
        chosen = batches[t % BATCHES]
        opt.param_groups[0]["lr"] = rate = float(how.lr(t))
        if not how.add_up:
            net.zero_grad()
        loss = kind.loss(net(X[chosen]), y[chosen])
        loss.backward()
        with torch.no_grad():
            for p in net.parameters():
                if p.grad is not None:
                    p.grad *= how.factor(t)
        over = t >= how.overflow
        norm = np.inf if over else _norm(p.grad for p in net.parameters() if p.grad is not None)
        kept.append((loss.item(), rate, norm, _norm(p.detach() for p in net.parameters()), scale))
        if over:
            scale /= 2
        else:
            opt.step()
        if (t + 1) % BATCHES == 0:
            vals.append(_held(net, kind, held))
    curves = dict(zip(KEPT, np.array(kept).T, strict=True)) | dict(val_loss=np.array(vals))
    if how.overflow == STEPS:
        del curves["loss_scale"]  # most people train in float32, and have none
    return curves


def _norm(tensors: Iterable[Tensor]) -> float:
    return float(torch.nn.utils.get_total_norm(list(tensors)))


def _held(net: nn.Module, kind: Kind, held: tuple[Tensor, Tensor]) -> float:
    net.eval()
    with torch.no_grad():
        loss = kind.loss(net(held[0]), held[1]).item()
    net.train()
    return loss


def _optimizer(net: nn.Module, how: How) -> torch.optim.Optimizer:
    if not how.adam:
        decay = 0.0 if how.decoupled else how.decay
        return torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.9, weight_decay=decay)
    kind = torch.optim.AdamW if how.decoupled else torch.optim.Adam
    return kind(net.parameters(), lr=1.0, eps=how.eps, weight_decay=how.decay)


def _data(kind: Kind, how: How) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    X, y = kind.data()
    order = np.random.default_rng(1).permutation(len(X))
    n = min(len(X) // 4, 300)
    held, rest = order[:n], order[n:][: kind.batch * BATCHES]
    rest = rest[: how.examples] if how.examples else rest
    targets = rest
    if how.order == "muddled":
        targets = np.random.default_rng(2).permutation(rest)
    if how.order == "sorted":
        key = y[rest].reshape(len(rest), -1)[:, 0]
        targets = rest = rest[np.argsort(key.numpy(), kind="stable")]
    return (X[rest], y[targets]), (X[held], y[held])


def _batches(n: int, how: How, draws: np.random.Generator) -> list[np.ndarray]:
    order = np.arange(n) if how.order == "sorted" else draws.permutation(n)
    if n < 5 * BATCHES:  # few examples: drawn again and again
        return list(np.array([draws.permutation(n)[: max(n // 3, 4)] for _ in range(BATCHES)]))
    parts = np.array_split(order, BATCHES)
    if how.short:
        parts = [*np.array_split(order[:-2], BATCHES - 1), order[-2:]]
    return parts


def best(kind: Kind, adam: bool) -> float:
    """The rate of a sweep, a factor of 3 apart, whose run ends lowest."""
    ends = {}
    for rate in 3.0 ** np.arange(-9, 3):
        loss = run(kind, How("", "", lambda t, r=rate: r if t < STEPS else 0.0, adam=adam))["loss"]
        end = loss[-60:].mean()
        ends[float(rate)] = end if np.isfinite(end) else np.inf
    return min(ends, key=ends.__getitem__)


def truths(who: list[How], curves: list[dict[str, np.ndarray]]) -> list[set[str]]:
    """What is right for each; empty if it is neither clearly ill nor well."""
    stack = lambda name: np.array([c[name] for c in curves]).T  # noqa: E731
    runs = Runs(stack("loss"), stack("lr"), stack("grad_norm"), stack("val_loss"), BATCHES)
    sick = [Sick(h.illness, h.variant, Case(np.zeros(1)), h.at) for h in who]
    return [
        _new(h, c, curves[0]) if h.illness in NEW else truth(s, k, runs, sick)
        for k, (h, s, c) in enumerate(zip(who, sick, curves, strict=True))
    ]


NEW = (
    "weight decay too strong", "data not shuffled", "BatchNorm's statistics", "rate is zero",
    "float16 overflow",
)  # fmt: skip


def _new(how: How, own: dict[str, np.ndarray], good: dict[str, np.ndarray]) -> set[str]:
    """For illnesses that illnesses.py doesn't know."""
    low, start = good["loss"][-60:].mean(), good["loss"][:10].mean()
    missing = (own["loss"][-60:].mean() - low) / (start - low)
    held = (own["val_loss"][-3:].mean() - good["val_loss"][-3:].mean()) / (start - low)
    if how.illness == "rate is zero":
        return {"rate is zero", "plateau", "dead gradients"}
    if how.illness == "float16 overflow":
        return {how.illness}
    if how.illness == "weight decay too strong":
        return {how.illness} if missing > 0.25 else set()
    return {how.illness} if held > 0.15 else set()
