"""Real trainings by seed, healthy ones and sick ones whose illness is known.

python -m tests.known_runs        the confusion matrix, for the models that were never tuned on
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stepsize.clinic import diagnose
from stepsize.clinic.patients import OfTen
from stepsize.clinic.patients import train as as_kept
from stepsize.data import digits, linear_data
from stepsize.models import LinearRegression
from stepsize.optimizers import adam, momentum, sgd
from stepsize.schedules import cosine, step_decay

X, Y = digits()
RULES = {"sgd": sgd, "momentum": momentum, "adam": adam}


def _net(hidden, n, rates, batch_size, **more):
    def make(seed, examples=n, noise=0.0):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(X))
        train, held = order[:examples], order[-300:]
        labels = np.where(rng.random(examples) < noise, rng.integers(0, 10, examples), Y[train])
        return (
            lambda i: OfTen(X[train[i]], labels[i], hidden, **more),
            examples,
            (OfTen(X[held], Y[held], hidden, **more)),
        )

    return make, rates, batch_size


def _line(d, rates, batch_size):
    def make(seed, examples=400, noise=0.0):
        weights = np.random.default_rng(seed).normal(size=d)
        A, b = linear_data(examples + 300, weights, 0.3 + 3 * noise, seed)
        return (
            lambda i: LinearRegression(A[i], b[i]),
            examples,
            (LinearRegression(A[examples:], b[examples:])),
        )

    return make, rates, batch_size


# Each with rates that work: for SGD, momentum, Adam.
TUNED = {
    "tanh 32": _net((32,), 1000, (0.5, 0.05, 0.01), 32),
    "softmax": _net((), 800, (1.0, 0.1, 0.02), 16),
    "line 5": _line(5, (0.05, 0.005, 0.05), 16),
}
ASIDE = {
    "relu 48-24": _net((48, 24), 1200, (0.2, 0.02, 0.004), 48, activation="relu"),
    "tanh 20-20": _net((20, 20), 600, (0.4, 0.04, 0.01), 24),
    "line 12": _line(12, (0.03, 0.003, 0.03), 24),
}


def train(make, rule, lr, steps, batch_size, seed, *, spoil=None, add_up=False, **data):
    """A run as people log it: the loss of each batch, the rate, the gradient, validation."""
    return as_kept(*make(seed, **data), rule, lr, steps, batch_size, seed, spoil, add_up)


def case(kind: str, models: dict, name: str, seed: int) -> dict[str, Any]:
    """A history of this kind, from a model, by seed."""
    make, rates, batch_size = models[name]
    which = seed % 3
    rule, good = list(RULES.values())[which], rates[which]
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(300, 700))
    fine = lambda t: good * cosine(t, steps, 0.02)  # noqa: E731
    run = lambda lr=fine, steps=steps, b=batch_size, **more: train(  # noqa: E731
        make, rule, lr, steps, b, seed, **more
    )
    if kind == "healthy":
        lr = [
            fine,
            lambda t: good * min((t + 1) / 30, 1) * fine(t) / good,
            lambda t: good * step_decay(t, steps // 3 + 1),
        ][seed // 3 % 3]
        return run(lr)
    if kind == "divergence":  # a network's loss is bounded, so it is wild but doesn't diverge
        far = 80 if name.startswith("line") else 1
        up = 1 if name.startswith("line") else rng.uniform(1.02, 1.05)
        return train(make, RULES["sgd"], lambda t: rates[0] * far * up**t, steps, batch_size, seed)
    if kind == "rate too high":
        return train(make, RULES["adam"], lambda t: rates[2] * 100, steps, batch_size, seed)
    if kind == "rate too low":
        return run(lambda t: good / 100)
    if kind == "loss spikes":
        kick = 200 if name.startswith("line") else 50
        when = set(rng.integers(steps // 5, steps // 2, rng.integers(1, 4)).tolist())
        return run(spoil=lambda t, g, lr: (g, good * kick if t in when else lr))
    if kind == "NaN":
        at = int(rng.integers(10, steps))
        return run(spoil=lambda t, g, lr: (g * np.nan if t == at else g, lr))
    if kind == "rate decayed too early":
        at = int(steps * rng.uniform(0.05, 0.25))
        return run(lambda t: good * (1.0 if t < at else 1e-3))
    if kind == "noise floor":
        return run(lambda t: good, steps=2 * steps, b=4, noise=0.2)
    if kind == "overfitting":
        return run(lambda t: good, examples=60, noise=0.3, steps=2 * steps)
    if kind == "dead gradients":
        return (
            run(spoil=lambda t, g, lr: (g * 0.0, lr))
            if which == 2 or seed % 2
            else run(spoil=lambda t, g, lr: (g * 1e-9, lr))
        )
    if kind == "forgotten zero_grad":
        return run(lambda t: good / 4, add_up=True)
    if kind == "schedule at the wrong pace":
        epochs = steps // 20
        return run(lambda t: good * (1 + np.cos(np.pi * t / epochs)) / 2)
    raise ValueError(f"kind must be one of {KINDS}, not {kind!r}")


KINDS = (
    "healthy",
    "divergence",
    "rate too high",
    "rate too low",
    "loss spikes",
    "NaN",
    "rate decayed too early",
    "noise floor",
    "overfitting",
    "dead gradients",
    "forgotten zero_grad",
    "schedule at the wrong pace",
)


def patients(models: dict, seeds: range, kinds=KINDS) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in kinds:
        for name in models:
            if kind == "overfitting" and name.startswith("line"):
                continue  # twelve weights can't learn sixty points by heart
            for seed in seeds:
                yield kind, case(kind, models, name, seed)


def confusion(models: dict, seeds: range) -> Counter:
    """How often each (illness, first finding) came up."""
    return Counter((kind, diagnose(run).verdict) for kind, run in patients(models, seeds))


def table(counts: Counter) -> str:
    """The matrix in Markdown, a row for each illness."""
    rows = ["| illness | runs | found | else |", "|---|---|---|---|"]
    for kind in KINDS:
        row = {verdict: n for (truth, verdict), n in counts.items() if truth == kind}
        rest = ", ".join(f"{verdict} {n}" for verdict, n in sorted(row.items()) if verdict != kind)
        rows.append(f"| {kind} | {sum(row.values())} | {row.get(kind, 0)} | {rest} |")
    return "\n".join(rows)


if __name__ == "__main__":
    counts = confusion(ASIDE, range(100, 115))
    right = sum(n for (truth, verdict), n in counts.items() if truth == verdict)
    page = Path(__file__).parent.parent / "benchmarks" / "CLINIC.md"
    below = page.read_text(encoding="utf-8").partition("\n## ")
    page.write_text(
        "# How often the clinic is right\n\n"
        "`diagnose` on the runs of `tests/known_runs.py`, on models and seeds that its rules were "
        "never tuned on; losses\nof single batches, with the rate, the gradient's norm and a "
        "validation loss. Made by `python -m tests.known_runs`.\n\n"
        f"{table(counts)}\n\n{right} of {sum(counts.values())} right.\n" + "".join(below[1:]),
        encoding="utf-8",
    )
    print(page.read_text(encoding="utf-8"))
