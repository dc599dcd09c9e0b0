"""Ten patients: trainings of a small network as people keep them, nine of them ill."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..data import batch, digits
from ..loop import Landscape
from ..network import Network
from ..optimizers import Rule, adam, momentum, sgd
from ..optimizers.clipping import clip_by_norm
from ..schedules import cosine

__all__ = ["ILLNESSES", "OfTen", "patient", "train"]

Kept = dict[str, list[float]]
Spoil = Callable[[int, np.ndarray, float], tuple[np.ndarray, float]]
STEPS = 400


class OfTen(Network):
    """A network for ten classes, even if the data lack the last one."""

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.X.shape[1], *self.hidden, 10)


def train(
    model: Callable[[np.ndarray], Any],
    n: int,
    held: Landscape,
    rule: Rule,
    lr: Callable[[int], float],
    steps: int,
    batch_size: int,
    seed: int = 0,
    spoil: Spoil | None = None,
    add_up: bool = False,
) -> Kept:
    """The losses of a run as people keep them: of each batch, before its update.

    model: from the indices of a batch to the landscape of that batch; n: how many there are.
    held: what the validation loss is measured on, every tenth update. spoil: what happens to
    the gradient and the rate of update t. add_up: whether gradients are never set to zero.
    """
    whole = model(np.arange(n))
    theta = whole.start(seed) if hasattr(whole, "start") else np.zeros(whole.X.shape[-1])
    memory: dict[str, Any] = {}
    kept: Kept = dict(loss=[], lr=[], grad_norm=[], val_loss=[])
    total = np.zeros_like(theta)
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            now = model(batch(t, n, min(batch_size, n), seed))
            grad, rate = now.grad(theta, 1), float(lr(t - 1))
            if spoil:
                grad, rate = spoil(t, grad, rate)
            total = total + grad if add_up else grad
            kept["loss"].append(float(now.loss(theta)))
            kept["lr"].append(rate)
            kept["grad_norm"].append(float(np.linalg.norm(total)))
            if t % 10 == 0:
                kept["val_loss"].append(float(held.loss(theta)))
            theta, memory, _ = rule(theta, total, t, **memory, lr=rate)
    return kept


@dataclass(frozen=True)
class Training:
    """What one patient is trained with; the default is healthy."""

    rule: Rule = momentum
    lr: Callable[[int], float] = lambda t: 0.05 * cosine(t, STEPS, 0.02)
    examples: int = 1000
    noise: float = 0.0
    batch_size: int = 32
    spoil: Spoil | None = None
    add_up: bool = False

    def run(self) -> Kept:
        X, y = digits()
        rng = np.random.default_rng(0)
        order = rng.permutation(len(X))
        some, held = order[: self.examples], order[-300:]
        wrong = rng.random(self.examples) < self.noise
        labels = np.where(wrong, rng.integers(0, 10, self.examples), y[some])
        return train(
            lambda i: OfTen(X[some[i]], labels[i]),
            self.examples,
            OfTen(X[held], y[held]),
            self.rule,
            self.lr,
            STEPS,
            self.batch_size,
            spoil=self.spoil,
            add_up=self.add_up,
        )


def _long(t: int, grad: np.ndarray, rate: float) -> tuple[np.ndarray, float]:
    return (150.0 * grad if t in (130, 290) else grad), rate


def _clipped(t: int, grad: np.ndarray, rate: float) -> tuple[np.ndarray, float]:
    grad, rate = _long(t, grad, rate)
    return clip_by_norm(grad, 1.0), rate


def _broken(t: int, grad: np.ndarray, rate: float) -> tuple[np.ndarray, float]:
    return (np.nan * grad if t == 150 else grad), rate


HEALTHY = Training()
FEW = Training(examples=60, noise=0.3, lr=lambda t: 0.05)
# The illness, its cause, and the same training after the cure.
PATIENTS: dict[int, tuple[str, Training, Training]] = {
    1: ("rate too low", replace(HEALTHY, lr=lambda t: 0.0004), HEALTHY),
    2: ("overfitting", FEW, replace(FEW, examples=1400)),
    3: ("NaN", replace(HEALTHY, spoil=_broken), HEALTHY),
    4: ("healthy", HEALTHY, HEALTHY),
    5: ("forgotten zero_grad", replace(HEALTHY, lr=lambda t: 0.01, add_up=True), HEALTHY),
    6: ("loss spikes", replace(HEALTHY, spoil=_long), replace(HEALTHY, spoil=_clipped)),
    7: ("rate decayed too early", replace(HEALTHY, lr=lambda t: 0.05 * 0.9**t), HEALTHY),
    8: ("divergence", Training(sgd, lambda t: 0.5 * 1.03**t), Training(sgd, lambda t: 0.5)),
    9: (
        "noise floor",
        replace(HEALTHY, lr=lambda t: 0.05, noise=0.2, batch_size=8),
        replace(HEALTHY, noise=0.2, batch_size=8),
    ),
    10: ("rate too high", Training(adam, lambda t: 1.0), Training(adam, lambda t: 0.01)),
}
ILLNESSES = {illness: number for number, (illness, _, _) in PATIENTS.items()}


def patient(number: int, cured: bool = False) -> Kept:
    """The history of a patient, 1 to 10: loss, val_loss, lr, grad_norm. cured: after the cure.

    Raises: ValueError for any other number.
    """
    if number not in PATIENTS:
        raise ValueError(f"number must be a whole number from 1 to 10, not {number!r}")
    _, ill, well = PATIENTS[number]
    return (well if cured else ill).run()
