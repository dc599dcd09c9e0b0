"""How far what `advise` says is from the best rate of a sweep, on many small models: ADVICE.md.

python -m benchmarks.advice             remake ADVICE.md from the stored runs; a second
python -m benchmarks.advice --runs      repeat the runs first; twenty minutes
"""

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stepsize.clinic import Advice, advise
from stepsize.frameworks.recipe import Recipe
from stepsize.frameworks.translate import translate

from .unseen import UNSEEN
from .zoo import ZOO, Kind, batches

HERE = Path(__file__).parent
RUNS, PAGE = HERE / "advice.json", HERE / "ADVICE.md"

LAST = 20  # this many losses at the end are averaged
BUDGETS = {300: (20, 21), 1500: (20,)}  # updates -> seeds, which no other table uses
FACTORS = (1 / 16, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 16.0)  # times the advised rate
PLAIN = 1e-3  # Adam's default, at a constant rate
KINDS = ZOO | UNSEEN
WORDS = {  # what somebody who asks `advise` would call them
    "linear regression": "linear",
    "logistic regression": "linear",
    "softmax": "linear",
    "conv, BatchNorm": "resnet",
    "transformer, pre-LN": "transformer",
    "GRU": "rnn",
    "conv, no norm": "convnet",
    "reversing transformer": "post-ln transformer",
    "transformer, post-LN": "post-ln transformer",
    "LSTM of letters": "rnn",
    "matrix factors": "embeddings",
    "wines, unscaled": "linear",
    "conv of rows, GroupNorm": "convnet",
    "RNN of sums": "rnn",
}  # all others are an "mlp"


def asked(name: str, steps: int) -> Advice:
    kind = KINDS[name]
    examples = len(kind.data()[0])
    return advise(
        model=WORDS.get(name, "mlp"),
        parameters=sum(p.numel() for p in kind.model().parameters()),
        examples=examples,
        batch_size=kind.batch,
        epochs=steps / math.ceil(examples / kind.batch),
    )


def ended(kind: Kind, recipe: Recipe, seed: int) -> tuple[float, float | None]:
    """The first loss, and the mean of the last ones; None if the run diverged."""
    losses: list[float] = []

    def loss_fn(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        loss = kind.loss(z, y)
        losses.append(loss.item())
        return loss

    torch.manual_seed(seed)
    given = dict(model=kind.model(), loss_fn=loss_fn, batches=batches(kind, seed))
    exec(translate(recipe, to="torch", log=False), given)
    last = float(np.mean(losses[-LAST:]))
    return losses[0], float(f"{last:.4g}") if np.isfinite(last) else None


def measured(name: str, steps: int) -> dict[str, Any]:
    kind, recipe = KINDS[name], asked(name, steps).recipe
    lr = recipe.hyper["lr"]
    recipes = [replace(recipe, hyper={**recipe.hyper, "lr": lr * f}) for f in FACTORS]
    recipes.append(Recipe(optimizer="adam", hyper={"lr": PLAIN}, steps=recipe.steps))
    runs = [[ended(kind, recipe, seed) for seed in BUDGETS[steps]] for recipe in recipes]
    first = float(np.mean([run[0] for run in runs[0]]))
    *ends, plain = ([end for _, end in row] for row in runs)
    return dict(model=name, steps=recipe.steps, lr=lr, first=first, ends=ends, plain=plain)


class Score:
    """One row's score: the best factor, and the share of its fall that the advice misses."""

    def __init__(self, row: dict[str, Any]) -> None:
        first = row["first"]
        ends = np.nan_to_num(np.array(row["ends"], float), nan=10 * abs(first)).mean(1)
        self.factor = FACTORS[int(ends.argmin())]
        fall = first - ends.min()
        self.missing = float((ends[FACTORS.index(1.0)] - ends.min()) / fall)
        plain = np.nan_to_num(np.array(row["plain"], float), nan=10 * abs(first)).mean()
        self.plain = float((plain - ends.min()) / fall)


def _group(name: str) -> str:
    if name in UNSEEN:
        return "made later"
    return "set aside" if ZOO[name].aside else "chosen on"


def page(rows: list[dict[str, Any]]) -> str:
    table = ["| model | asked as | updates | advised | best / advised | missing | Adam at 0.001 |"]
    table.append("|---|---|---|---|---|---|---|")
    groups: dict[tuple[str, int], list[Score]] = {}
    for row in rows:
        name, score = row["model"], Score(row)
        groups.setdefault((_group(name), row["steps"]), []).append(score)
        recipe = asked(name, row["steps"]).recipe
        table.append(
            f"| {name} | {WORDS.get(name, 'mlp')} | {row['steps']} | {recipe.optimizer}, "
            f"{row['lr']:g} | {score.factor:g} | {score.missing:.1%} | {score.plain:.1%} |"
        )
    head = ["| | models | updates | within 3 x | missing: median, worst | Adam at 0.001 |"]
    head.append("|---|---|---|---|---|---|")
    for (group, steps), scores in groups.items():
        missing, plain = ([getattr(s, n) for s in scores] for n in ("missing", "plain"))
        near = sum(1 / 3 < s.factor < 3 for s in scores)
        head.append(
            f"| {group} | {len(scores)} | {steps} | {near} | {np.median(missing):.1%}, "
            f"{max(missing):.1%} | {np.median(plain):.1%}, {max(plain):.1%} |"
        )
    scores = [score for each in groups.values() for score in each]
    ends = sum(score.factor == max(FACTORS) for score in scores)
    return TEXT.format(head="\n".join(head), table="\n".join(table), ends=ends, all=len(scores))


TEXT = """# How far `advise` is from the best rate

Made by `python -m benchmarks.advice`. We ask about each model as its owner would, with a budget of
300 updates and of 1500. The recipe is translated to PyTorch and run with 7 rates, from 1/16 to 16
times the advice, always with the same optimizer, warmup and schedule. There are two seeds for 300
updates and one for 1500, and the training loss of the last 20 updates counts.

{head}

missing: how much of the fall in the loss at the best of the 7 rates is missing at the advised rate.
Adam at 0.001: the same for PyTorch's defaults, at a constant rate. The rates for short runs were
chosen on the models of the first rows, and for the kinds that these lack (post-LN, embeddings, a
convnet without BatchNorm) on those set aside. After the models of the last rows had been tried,
only one thing was changed: small tables (irises, moons) got a decay of their own, for the sake of
rows that weren't used in training. See TABLES.md.

{table}

The advice is on the low side: in {ends} of {all} cases, the best rate was the highest one tried.
Most of these models can learn their few examples by heart, and then the training loss is near 0 at
many rates.

These are small models and short runs. This says nothing about large ones, or about "pretrained",
"gan" and "ppo", for which the advice comes from the sources alone.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", action="store_true", help="repeat the runs: twenty minutes")
    if parser.parse_args().runs:
        torch.set_num_threads(1)
        rows = []
        for steps in BUDGETS:
            for name in KINDS:
                rows.append(measured(name, steps))
                print(name, steps, Score(rows[-1]).factor, flush=True)
                lines = ",\n".join(map(json.dumps, rows))
                RUNS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(RUNS.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
