"""What `advise` is worth on small tables, by rows that were never seen: TABLES.md.

python -m benchmarks.clinic.tables             TABLES.md anew, from the runs on record; a second
python -m benchmarks.clinic.tables --runs      the runs anew as well; ten minutes
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn import datasets
from torch import Tensor
from torch.nn import functional

from stepsize.clinic import advise

__all__ = ["ASIDE", "MADE_ON", "asked", "measured", "page"]

HERE = Path(__file__).parent
RUNS, PAGE = HERE / "tables.json", HERE.with_name("TABLES.md")
MODELS = {"mlp": [64, 64], "linear": []}  # the widths of the hidden layers, in ReLU
BUDGETS = {"100 epochs": (100, 32), "30 epochs": (30, 16)}  # and the batch size
SPLITS = 3
HELD = 0.2  # of the rows, set aside to stop by
PLAIN = 1e-3  # Adam's default, at a constant rate
BEFORE = {"mlp": 0.01, "linear": 0.0}  # the decay, when training loss alone was looked at
Loaded = tuple[np.ndarray, np.ndarray]
SEED = 5  # of the data that are made


@dataclass(frozen=True)
class Table:
    """Rows, and how many classes there are; 0: the target is a number."""

    load: Callable[[], Loaded]
    classes: int = 0


def _digits() -> Loaded:
    X, y = datasets.load_digits(return_X_y=True)
    return X[:300], y[:300]


def _made(name: str, **how: Any) -> Callable[[], Loaded]:
    return lambda: getattr(datasets, name)(**how, random_state=SEED)


def _hastie() -> Loaded:
    X, y = datasets.make_hastie_10_2(400, random_state=SEED)
    return X, (y > 0).astype(int)


def _stored(name: str) -> Callable[[], Loaded]:
    return lambda: getattr(datasets, f"load_{name}")(return_X_y=True)


# The rule was made on the first; on the others it was only tried.
MADE_ON = {
    "wines": Table(_stored("wine"), 3),
    "300 digits": Table(_digits, 10),
    "moons": Table(_made("make_moons", n_samples=300, noise=0.3), 2),
    "Friedman 1": Table(_made("make_friedman1", n_samples=250, noise=1.0)),
    "sparse": Table(_made("make_sparse_uncorrelated", n_samples=200)),
    "a tenth of the labels wrong": Table(
        _made("make_classification", n_samples=400, n_informative=5, flip_y=0.1), 2
    ),
}
ASIDE = {
    "breast cancer": Table(_stored("breast_cancer"), 2),
    "diabetes": Table(_stored("diabetes")),
    "irises": Table(_stored("iris"), 3),
    "Hastie": Table(_hastie, 2),
    "Friedman 2": Table(_made("make_friedman2", n_samples=300, noise=50.0)),
    "Friedman 3": Table(_made("make_friedman3", n_samples=300, noise=0.1)),
    "circles": Table(_made("make_circles", n_samples=250, noise=0.15, factor=0.6), 2),
    "quantiles": Table(
        _made("make_gaussian_quantiles", n_samples=500, n_features=8, n_classes=3), 3
    ),
}


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


@dataclass(frozen=True)
class Setup:
    """One way to train: rates (steps,), the decay, and the share of the rows that it can't learn
    from, for they say when to stop."""

    rates: np.ndarray
    decay: float = 0.0
    held: float = 0.0


@dataclass(frozen=True)
class Split:
    """The rows to learn from, those that say when to stop, and those that judge."""

    train: tuple[Tensor, Tensor]
    held: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def split(table: Table, seed: int, held: float, scaled: bool = True) -> Split:
    """A quarter judges. Inputs are scaled by the rows learned from; targets where that is asked."""
    X, y = table.load()
    order = np.random.default_rng(seed).permutation(len(X))
    judges, rest = np.split(order, [len(X) // 4])
    stops, learns = np.split(rest, [round(held * len(rest))])
    spread = X[learns].std(0)
    X = (X - X[learns].mean(0)) / np.where(spread > 0, spread, 1.0)
    if not table.classes:
        y = (y - y[learns].mean()) / y[learns].std() if scaled else y
    kind = torch.int64 if table.classes else torch.float32
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=kind)
    return Split(*((X[rows], y[rows]) for rows in (learns, stops, judges)))


class Stack:
    """k networks side by side, all from the same start; no hidden layer: a linear model."""

    def __init__(self, widths: list[int], k: int, seed: int) -> None:
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(a, b) for a, b in pairwise(widths)]
        self.parameters = [
            p.detach().expand(k, *p.shape).clone().requires_grad_()
            for layer in layers
            for p in (layer.weight, layer.bias)
        ]

    def __call__(self, x: Tensor) -> Tensor:
        """(n, d) or (k, n, d) to (k, n, out)."""
        pairs = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        for i, (weight, bias) in enumerate(pairs):
            x = x @ weight.mT + bias[:, None]
            x = torch.relu(x) if i < len(pairs) - 1 else x
        return x


def _losses(z: Tensor, y: Tensor) -> Tensor:
    """The mean loss of each of the k networks."""
    if y.dtype == torch.int64:
        k, n, c = z.shape
        each = functional.cross_entropy(z.reshape(k * n, c), y.repeat(k), reduction="none")
        return each.view(k, n).mean(1)
    return (z[..., 0] - y).square().mean(1)


def train(
    table: Table, hidden: list[int], setups: list[Setup], batch: int, seed: int, scaled: bool = True
) -> dict[str, np.ndarray]:
    """`held` and `test`: (looks, k), one look an epoch, of setups with the same length and share.

    Adam; weight decay is decoupled, and of every tensor.
    """
    parts = split(table, seed, setups[0].held, scaled)
    X, y = parts.train
    stack = Stack([X.shape[1], *hidden, table.classes or 1], len(setups), seed)
    rates = torch.tensor(np.array([s.rates for s in setups]), dtype=torch.float32)
    decays = torch.tensor([s.decay for s in setups], dtype=torch.float32)
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in stack.parameters]
    held, test, rng, waiting = [], [], np.random.default_rng(seed), np.empty(0, int)
    every = -(-len(X) // batch)
    for t in range(rates.shape[1]):
        if not len(waiting):
            waiting = rng.permutation(len(X))
        rows, waiting = waiting[:batch], waiting[batch:]
        grads = torch.autograd.grad(_losses(stack(X[rows]), y[rows]).sum(), stack.parameters)
        _step(stack.parameters, grads, moments, t + 1, rates[:, t], decays)
        if (t + 1) % every == 0 or t + 1 == rates.shape[1]:
            with torch.no_grad():
                for kept, (x, target) in ((held, parts.held), (test, parts.test)):
                    if len(x):
                        kept.append(_losses(stack(x), target).numpy())
    return {"held": np.array(held), "test": np.array(test)}


@torch.no_grad()
def _step(parameters: Any, grads: Any, moments: Any, t: int, lr: Tensor, decay: Tensor) -> None:
    """AdamW, with a rate and a decay for each network."""
    for p, grad, (m, v) in zip(parameters, grads, moments, strict=True):
        m.lerp_(grad, 0.1)
        v.lerp_(grad * grad, 0.001)
        step = (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        each = (-1, *[1] * (p.ndim - 1))
        p.mul_(1 - (lr * decay).view(each)).sub_(lr.view(each) * step)


# What is measured --------------------------------------------------------------------------------


def measured(name: str, model: str, budget: str, seed: int) -> dict[str, Any]:
    """The losses on the rows that judge, of each way to train, on one split."""
    table = (MADE_ON | ASIDE)[name]
    row: dict[str, Any] = dict(table=name, model=model, budget=budget, seed=seed)
    whole = _ends(table, model, budget, seed, 0.0)
    row |= {way: whole[way][0] for way in WAYS}
    apart = _ends(table, model, budget, seed, HELD)
    row |= {f"{way}, stopped": apart[way][1] for way in WAYS}
    row |= {f"{way}, a fifth less": apart[way][0] for way in WAYS}
    if not table.classes:
        raw = _ends(table, model, budget, seed, 0.0, scaled=False)
        row["now, targets as they come"] = raw["now"][0]
    return row


WAYS = ("Adam at 0.001", "before", "now")


def _ends(
    table: Table, model: str, budget: str, seed: int, held: float, scaled: bool = True
) -> dict[str, tuple[float, float | None]]:
    """Of each way, the loss at the end; and where early stopping ends, if rows were held out."""
    recipe, batch = asked(table, model, budget, held), BUDGETS[budget][1]
    rates = recipe.lr(np.arange(recipe.steps))
    setups = [
        Setup(np.full(recipe.steps, PLAIN), 0.0, held),
        Setup(rates, BEFORE[model], held),
        Setup(rates, recipe.hyper.get("weight_decay", 0.0), held),
    ]
    runs = train(table, MODELS[model], setups, batch, seed, scaled)
    unit = 1.0 if scaled else float(np.var(table.load()[1]))
    stops = [None] * len(setups)
    if held:
        stops = [
            _rounded(test[_stopped(looks, recipe.patience or PATIENCE)])
            for looks, test in zip(runs["held"].T, runs["test"].T, strict=True)
        ]
    ends = [_rounded(test[-1] / unit) for test in runs["test"].T]
    return dict(zip(WAYS, zip(ends, stops, strict=True), strict=True))


PATIENCE = 20


def _stopped(looks: np.ndarray, patience: int) -> int:
    """Where the best weights are, once so many looks have brought none better."""
    best = 0
    for i, loss in enumerate(looks):
        best = i if loss < looks[best] else best
        if i - best >= patience:
            break
    return best


def _rounded(loss: float) -> float:
    return float(f"{loss:.4g}")


# The page ----------------------------------------------------------------------------------------


def share(rows: list[dict[str, Any]], way: str, of: str = WAYS[0]) -> tuple[float, float]:
    """The loss of one way in units of another's: the geometric mean over all, and the worst table.

    Of a table, it is the geometric mean over its splits and budgets.
    """
    logs: dict[str, list[float]] = {}
    for row in rows:
        if way in row:
            logs.setdefault(row["table"], []).append(float(np.log(row[way] / row[of])))
    means = [float(np.mean(each)) for each in logs.values()]
    return float(np.exp(np.mean(means))), float(np.exp(max(means)))


def _summary(rows: list[dict[str, Any]], tables: dict[str, Table]) -> str:
    lines = ["| model | " + " | ".join(SHOWN) + " |", "|---" * (len(SHOWN) + 1) + "|"]
    for model in MODELS:
        own = [row for row in rows if row["model"] == model and row["table"] in tables]
        cells = (share(own, way) for way in SHOWN)
        lines.append(f"| {model} | " + " | ".join(f"{m:.2f}, {w:.2f}" for m, w in cells) + " |")
    return "\n".join(lines)


SHOWN = ("before", "before, stopped", "now", "now, stopped", "now, targets as they come")


def _by_table(rows: list[dict[str, Any]]) -> str:
    head = ("table", "rows", "model", "Adam at 0.001", *SHOWN)
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, table in (MADE_ON | ASIDE).items():
        for model in MODELS:
            own = [row for row in rows if (row["table"], row["model"]) == (name, model)]
            cells = [f"{np.exp(np.mean([np.log(row[WAYS[0]]) for row in own])):.3g}"]
            cells += [f"{share(own, way)[0]:.2f}" if way in own[0] else "" for way in SHOWN]
            lines.append(
                f"| {name} | {len(table.load()[0])} | {model} | " + " | ".join(cells) + " |"
            )
    return "\n".join(lines)


def page(rows: list[dict[str, Any]]) -> str:
    mlp = [row for row in rows if row["model"] == "mlp" and row["table"] in ASIDE]
    gains, gained = (share(mlp, f"{w}, stopped", of=f"{w}, a fifth less")[0] for w in WAYS[:0:-1])
    return TEXT.format(
        made=_summary(rows, MADE_ON),
        aside=_summary(rows, ASIDE),
        tables=_by_table(rows),
        gains=gains,
        gained=gained,
        n_made=len(MADE_ON),
        n_aside=len(ASIDE),
    )


TEXT = """# What `advise` is worth on small tables

Made by `python -m benchmarks.clinic.tables`. A quarter of the rows judges: nothing is learned from
them, and nothing is stopped by them. Two models, a network of 64 and 64 ReLUs and a linear one; two
budgets, 100 epochs in batches of 32 and 30 epochs in batches of 16; three splits. Inputs and
targets have mean 0 and variance 1 in the rows learned from.

The loss on the rows that judge, in units of that of Adam at 0.001, a constant rate, which has all
other rows to learn from: the geometric mean over the tables, and the worst table.

- before: the advice as it was when only its training loss had been looked at;
- now: weights decay so that they remember 30 epochs, twice in a run at most (the network alone);
- stopped: a fifth of the rows is set aside, and the model is that of their lowest loss, after which
  20 looks have brought none lower;
- targets as they come: of the regressions, the targets are not scaled; the loss is in units of
  their variance.

The {n_made} tables on which the rule was made:

{made}

The {n_aside} on which it was tried once it stood:

{aside}

The fifth set aside is dear where there are few rows. Beside the same run on the same rows, which
goes on to its end (the network, tables of the second kind), stopping gave {gains:.2f} times the
loss with the decay of today, and {gained:.2f} times before: after the decay it is a guard, no gain.
It pays where targets are noisy (diabetes, wrong labels); where they are not, the rows are worth
more, and after a first run that doesn't overfit they can be given back.

By table, in the same units; the loss of Adam at 0.001 as it is:

{tables}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", action="store_true", help="the runs anew: ten minutes")
    if parser.parse_args().runs:
        torch.set_num_threads(1)
        rows = []
        for name in MADE_ON | ASIDE:
            for model in MODELS:
                rows += [measured(name, model, b, seed) for b in BUDGETS for seed in range(SPLITS)]
            print(name, f"{share(rows, 'now')[0]:.2f}", flush=True)
        lines = ",\n".join(map(json.dumps, rows))
        RUNS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(RUNS.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
