"""Is the clinic right of models that it has never seen? On those of the zoo: CLINIC.md, lower half.

python -m benchmarks.clinic        ten minutes; the upper half is made by python -m tests.ward
"""

import math
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stepsize.clinic import diagnose
from stepsize.schedules import cosine

from .range_test import recorded
from .zoo import OPTIMIZERS, ZOO, Kind, batches

PAGE = Path(__file__).with_name("CLINIC.md")
HEAD = "## On other models"
STEPS, FEW, SPIKES = 400, 50, (120, 210)
SEEDS = (5, 6)
Rate = Callable[[int], float]


def run(
    kind: Kind, name: str, lr: Rate, seed: int, *, examples: int | None = None, **ill: Any
) -> dict[str, list[float]]:
    """What is kept of a training. ill: one of nan, spikes (updates), add_up, stranger."""
    torch.manual_seed(seed)
    model, (make, hyper) = kind.model(), OPTIMIZERS[name]
    trained = kind.model() if ill.get("stranger") else model  # whose weights the optimizer has
    optimizer = make(trained.parameters(), lr=1.0, **hyper)
    (X, y), few = kind.data(), examples or 0
    held = slice(-200, None)
    some = kind if not few else kind._replace(data=lambda: (X[:few], y[:few]), batch=min(few, 25))
    kept: dict[str, list[float]] = dict(loss=[], lr=[], grad_norm=[], val_loss=[])
    for t, (x, target) in zip(range(STEPS), batches(some, seed), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = lr(t)
        if not ill.get("add_up"):
            model.zero_grad()
        value = kind.loss(model(x), target)
        (value * (math.nan if t == ill.get("nan") else 1)).backward()
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        if t in ill.get("spikes", ()):
            for grad in grads:
                grad *= 100
        kept["loss"].append(value.item())
        kept["lr"].append(lr(t))
        kept["grad_norm"].append(float(sum(grad.square().sum() for grad in grads) ** 0.5))
        if few and t % 10 == 0:
            with torch.no_grad():
                kept["val_loss"].append(kind.loss(model.eval()(X[held]), y[held]).item())
            model.train()
        optimizer.step()
    return {curve: values for curve, values in kept.items() if values}


def patients(kind: Kind, name: str, best: float, seed: int) -> dict[str, dict[str, list[float]]]:
    """A run for each illness. best: the best rate of a sweep for this model and optimizer."""

    def fine(t: int) -> float:
        return float(best / 2 * min((t + 1) / 20, 1) * cosine(t, STEPS))

    def go(lr: Rate = fine, **ill: Any) -> dict[str, list[float]]:
        return run(kind, name, lr, seed, **ill)

    found = {
        "healthy": go(),
        "rate far too high": go(lambda t: 300 * best),
        "rate too low": go(lambda t: best / 300),
        "NaN": go(nan=250),
        "loss spikes": go(spikes=SPIKES),
        "rate decayed too early": go(lambda t: best / 2 * (1.0 if t < 40 else 1e-4)),
        "schedule at the wrong pace": go(lambda t: best / 4 * (1 + math.cos(math.pi * t / 25))),
        "forgotten zero_grad": go(lambda t: best / 10, add_up=True),
        "not the model's parameters": go(stranger=True),
        "overfitting": go(lambda t: best / 2, examples=FEW),
    }
    val = np.array(found["overfitting"]["val_loss"])
    if not val[-1] > 1.15 * val.min():  # it did not come to it
        del found["overfitting"]
    if not any(_shows(np.array(found["loss spikes"]["loss"]), t) for t in SPIKES):
        del found["loss spikes"]
    return found


def _shows(loss: np.ndarray, t: int) -> bool:
    """Whether the losses after update t are far above those before, and come back to them."""
    before = loss[t - 30 : t + 1]
    far = before.mean() + 6 * before.std()
    return bool(loss[t + 1 : t + 20].max() > far > np.median(loss[t + 60 : t + 90]))


# What counts as right, where one illness has several true names.
RIGHT = {
    "rate far too high": {"divergence", "rate too high", "NaN"},
    "not the model's parameters": {"plateau", "dead gradients"},
}


def main() -> None:
    torch.set_num_threads(1)
    best = {}
    for row in recorded():
        means = np.array(row["ends"], float).mean(1)
        best[row["model"], row["optimizer"]] = row["lr"][int(np.nanargmin(means))]
    counts: Counter[tuple[str, str]] = Counter()
    aside = {model: kind for model, kind in ZOO.items() if kind.aside}
    for (model, kind), name, seed in product(aside.items(), ("momentum", "adam"), SEEDS):
        for illness, history in patients(kind, name, best[model, name], seed).items():
            counts[illness, diagnose(history).verdict] += 1
        print(model, name, seed, flush=True)
    above = PAGE.read_text(encoding="utf-8").partition(HEAD)[0]
    PAGE.write_text(f"{above}{HEAD}\n\n{_page(counts)}", encoding="utf-8")


def _page(counts: Counter[tuple[str, str]]) -> str:
    rows = ["| illness | runs | found | else |", "|---|---|---|---|"]
    total = 0
    for illness in dict.fromkeys(illness for illness, _ in counts):
        row = {verdict: n for (truth, verdict), n in counts.items() if truth == illness}
        names = RIGHT.get(illness, {illness})
        right = sum(n for verdict, n in row.items() if verdict in names)
        rest = ", ".join(f"{verdict} {n}" for verdict, n in row.items() if verdict not in names)
        rows.append(f"| {illness} | {sum(row.values())} | {right} | {rest} |")
        total += right
    table = "\n".join(rows)
    return (
        "The nine models of `benchmarks/zoo.py` that are set aside, in torch, with convolutions, "
        "attention and recurrence\namong them, with SGD with momentum and with Adam. Made by "
        "`python -m benchmarks.clinic`. When the rules first met the\nzoo, 280 of 341 were right, "
        "and 2 of 36 healthy ones called ill. They were mended on the other nine models. These\n"
        "here had been counted then, but their curves not looked at.\n\n"
        f"{table}\n\n{total} of {sum(counts.values())} right.\n"
    )


if __name__ == "__main__":
    main()
