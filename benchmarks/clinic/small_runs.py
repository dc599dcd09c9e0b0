"""What `advise` is worth on small tables, measured: one table, model, budget and split."""

from itertools import pairwise
from typing import Any

import numpy as np

from stepsize.clinic import advise

from .small import ASIDE, MADE_ON, Table
from .stacked import Setup, train

__all__ = [
    "BUDGETS", "HELD", "MODELS", "PATIENCE", "PLAIN", "SPLITS", "WAYS", "asked", "measured",
    "stopped", "was",
]  # fmt: skip

MODELS = {"mlp": [64, 64], "linear": []}  # the widths of the hidden layers, in ReLU
BUDGETS = {"100 epochs": (100, 32), "30 epochs": (30, 16)}  # and the batch size
SPLITS = 3
HELD = 0.2  # of the rows, set aside to say when to stop
PLAIN = 1e-3  # Adam's default, at a constant rate
BEFORE = {"mlp": 0.01, "linear": 0.0}  # the decay, when training loss alone was looked at


def asked(table: Table, model: str, budget: str, held: float) -> Any:
    """What `advise` says to somebody who learns from these rows."""
    X, _ = table.load()
    rest = len(X) - len(X) // 4
    widths = [X.shape[1], *MODELS[model], table.classes or 1]
    epochs, batch = BUDGETS[budget]
    return advise(
        model=model,
        parameters=sum(a * b + b for a, b in pairwise(widths)),
        examples=rest - round(held * rest),
        batch_size=batch,
        epochs=epochs,
    ).recipe


def was(rates: np.ndarray, epochs: int) -> float:
    """The first decay: weights remember 30 epochs, or half of a run that is longer than 60."""
    return float(f"{min(epochs / 30, 2) / rates.sum():.2g}")


def measured(name: str, model: str, budget: str, seed: int) -> dict[str, Any]:
    """The losses of each way to train, on the rows that judge, for one split."""
    table = (MADE_ON | ASIDE)[name]
    row: dict[str, Any] = dict(table=name, model=model, budget=budget, seed=seed)
    whole = _ends(table, model, budget, seed, 0.0)
    row |= {way: whole[way][0] for way in WAYS}
    apart = _ends(table, model, budget, seed, HELD)
    row |= {f"{way}, stopped": apart[way][1] for way in WAYS}
    row |= {f"{way}, a fifth less": apart[way][0] for way in WAYS}
    if not table.classes:
        raw = _ends(table, model, budget, seed, 0.0, scaled=False)
        row["first decay, targets as they come"] = raw["first decay"][0]
    return row


WAYS = ("Adam at 0.001", "before", "first decay")


def _ends(
    table: Table, model: str, budget: str, seed: int, held: float, scaled: bool = True
) -> dict[str, tuple[float, float | None]]:
    """For each way, the loss at the end, and where early stopping ends if rows were held out."""
    recipe, batch = asked(table, model, budget, held), BUDGETS[budget][1]
    rates = recipe.lr(np.arange(recipe.steps))
    setups = [
        Setup(np.full(recipe.steps, PLAIN), 0.0, held),
        Setup(rates, BEFORE[model], held),
        Setup(rates, was(rates, BUDGETS[budget][0]) if MODELS[model] else 0.0, held),
    ]
    runs = train(table, MODELS[model], setups, batch, seed, scaled)
    unit = 1.0 if scaled else float(np.var(table.load()[1]))
    stops = [None] * len(setups)
    if held:
        stops = [
            _rounded(test[stopped(looks, recipe.patience or PATIENCE)])
            for looks, test in zip(runs["held"].T, runs["test"].T, strict=True)
        ]
    ends = [_rounded(test[-1] / unit) for test in runs["test"].T]
    return dict(zip(WAYS, zip(ends, stops, strict=True), strict=True))


PATIENCE = 20


def stopped(looks: np.ndarray, patience: int) -> int:
    """Where the best weights are, once this many looks have brought nothing better."""
    best = 0
    for i, loss in enumerate(looks):
        best = i if loss < looks[best] else best
        if i - best >= patience:
            break
    return best


def _rounded(loss: float) -> float:
    return float(f"{loss:.4g}")
