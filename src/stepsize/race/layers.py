"""The race of lesson 13, rules for matrices against rules for coordinates, and its stored runs.

A repeat is the whole race, as in `repeats`: a sweep of RATES on four tuning seeds, judged once by
the validation loss and once by the training loss, and twenty fresh seeds at each choice. A rule for
matrices steps the weights of the two hidden layers; Adam steps the biases and the output, at
the rate that was best for Adam alone. LONGER is Adam once more, with five times the updates.
Shampoo's roots and SOAP's axes are updated every ten updates, as in practice.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import optimizers
from ..data import digits
from ..learner.runs import keep, known
from ..network import Network
from ..optimizers import Step
from ..optimizers.linalg import inverse_root
from ..schedules import cosine
from .repeats import BY, JUDGED, PARTS

__all__ = [
    "LONGER",
    "NAMES",
    "REPEATS",
    "SHIPPED",
    "add_repeat",
    "muon",
    "race",
    "repeat",
    "shampoo",
    "soap",
    "two_rules",
]

NAMES = ("momentum", "adam", "muon", "shampoo", "soap")
LONGER, TIMES = "adam, longer", 5  # times as many updates
REPEATS, TUNED = range(1, 5), 4  # tuning seeds
RATES = 2.0 ** np.arange(-9, 4)
UPDATES, HIDDEN, BATCH, EVERY = 200, (32, 32), 32, 10
Images = tuple[np.ndarray, np.ndarray]
SHIPPED = Path(__file__).with_name("layers.jsonl")


def race(name: str, by: str = "training") -> list[dict[str, Any]]:
    """An optimizer's results: a dict for each repeat, with lr, test and training losses.

    Those that came with the course come first, then the learner's; 20 losses of each kind.

    >>> first, *others = race("muon")
    >>> len(first["training"])
    20
    """
    runs = (run for run in known(SHIPPED) if (run["name"], run["by"]) == (name, by))
    found = {run["repeat"]: run for run in runs}
    parts = ("test", "training")
    return [
        found[number] | {part: np.array(found[number][part]) for part in parts}
        for number in sorted(found)
    ]


def add_repeat() -> None:
    """Do one more repeat, and store it with the learner's runs (three minutes)."""
    number = 1 + max(run["repeat"] for run in known(SHIPPED))
    for run in list(repeat(number)):  # all of it, or nothing
        keep(SHIPPED, run)


def repeat(number: int) -> Iterator[dict[str, Any]]:
    """Repeat the race with new seeds: a dict for each name and each way of choosing."""
    images = _images()
    tuning = 100_000 + 1000 * number + np.arange(TUNED)
    fresh = tuning[0] + 100 + np.arange(JUDGED)
    own: dict[str, float] = {}  # Adam's rate
    for name in ("adam", "momentum", LONGER, "muon", "shampoo", "soap"):
        swept: dict[float, np.ndarray] = {}
        for by in BY:
            rest = own.get(by, 0.0)
            if rest not in swept:
                lr, seed = np.repeat(RATES, TUNED), np.tile(tuning, len(RATES))
                swept[rest] = _trained(images["training"], name, lr, seed, rest)
            means = _losses(swept[rest], images[by]).reshape(len(RATES), TUNED).mean(axis=1)
            best = int(means.argmin())
            assert 0 < best < len(RATES) - 1, (number, name, "the best rate may lie outside")
            if name == "adam":
                own[by] = float(RATES[best])
            rates = np.full(JUDGED, RATES[best])
            judged = _trained(images["training"], name, rates, fresh, rest)
            run = dict(repeat=number, name=name, by=by, lr=float(RATES[best]))
            for part in ("test", "training"):
                run[part] = [float(f"{x:.4g}") for x in _losses(judged, images[part])]
            yield run | dict(sweep=[float(f"{mean:.3g}") for mean in means])


def shampoo(theta, grad, t, left=0.0, right=0.0, roots=None, *, lr, eps=1e-4) -> Step:
    """The package's Shampoo, with roots taken every ten updates, and in each of the first nine."""
    left, right = left + grad @ grad.mT, right + grad.mT @ grad
    if t < EVERY or t % EVERY == 0:
        roots = inverse_root(left, 4, eps), inverse_root(right, 4, eps)
    theta = theta - lr * roots[0] @ grad @ roots[1]
    return Step(theta, dict(left=left, right=right, roots=roots))


def muon(theta, grad, t, *, lr, **memory) -> Step:
    """The package's rule, without decay."""
    return optimizers.muon(theta, grad, t, lr=lr, weight_decay=0.0, **memory)


def soap(theta, grad, t, *, lr, **memory) -> Step:
    """The package's SOAP, without decay, with axes updated every ten updates."""
    return optimizers.soap(theta, grad, t, lr=lr, weight_decay=0.0, frequency=EVERY, **memory)


MATRICES: dict[str, Callable[..., Step]] = {"muon": muon, "shampoo": shampoo, "soap": soap}


def _images() -> dict[str, Images]:
    X, y = digits()
    place = np.random.default_rng(0).permutation(len(y))
    return {name: (X[place][part], y[place][part]) for name, part in PARTS.items()}


def two_rules(
    of_matrices: Callable[..., Step],
    net: Network,
    theta: np.ndarray,
    updates: int,
    lr: Any,
    rest: Any,
) -> np.ndarray:
    """How a network ends if a rule steps its hidden matrices, and Adam the rest, at the rate rest.

    theta (d,), or (k, d) for k runs at once; then lr is a number or a (k, 1, 1) column.
    """
    memory: dict[str, Any] = {}
    kept: list[dict[str, Any]] = [{} for _ in net.hidden]
    with np.errstate(all="ignore"):  # a run may diverge
        for t in range(1, updates + 1):
            factor = cosine(t - 1, updates)
            grad = net.grad(theta, t)
            step = optimizers.adam(theta, grad, t, **memory, lr=rest * factor)
            layers = [net.layers(x) for x in (theta, grad, step.theta)]
            for i in range(len(kept)):
                W, G, new = (each[i][0] for each in layers)
                moved = of_matrices(W, G, t, lr=lr * factor, **kept[i])
                new[:], kept[i] = moved.theta, moved.memory
            theta, memory = step.theta, step.memory
    return theta


def _trained(images: Images, name: str, lr: np.ndarray, seed: np.ndarray, rest: float) -> Any:
    """How the runs end, one per row. rest: the rate for whatever isn't stepped as a matrix."""
    net = Network(*images, HIDDEN, batch_size=BATCH, seed=seed)
    theta = np.stack([net.start(one) for one in seed])
    if name in MATRICES:
        return two_rules(MATRICES[name], net, theta, UPDATES, lr[:, None, None], rest)
    updates = UPDATES * (TIMES if name == LONGER else 1)
    step, rule = Step(theta), getattr(optimizers, "adam" if name == LONGER else name)
    with np.errstate(all="ignore"):
        for t in range(1, updates + 1):
            now = lr[:, None] * cosine(t - 1, updates)
            step = rule(step.theta, net.grad(step.theta, t), t, **step.memory, lr=now)
    return step.theta


def _losses(theta: np.ndarray, images: Images) -> np.ndarray:
    losses = Network(*images, HIDDEN).loss(theta)
    return np.where(np.isfinite(losses), losses, np.inf)
