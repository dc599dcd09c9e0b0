"""Which weight decay `advise` should give to small tables, measured: a part of TABLES.md.

python -m benchmarks.clinic.decays    repeats the runs; five minutes
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .small import CHOSEN_ON, TRIED_ON
from .small_runs import BUDGETS, HELD, PATIENCE, PLAIN, asked, stopped, was
from .stacked import Setup, train

__all__ = ["RUNS", "SPLITS", "TODAY", "WAYS", "mean", "measured", "section", "units"]

RUNS = Path(__file__).with_name("decays.json")
SHARES = {"as it was": 1.0, "a half": 0.5, "0.3": 0.3, "a tenth": 0.1}
OTHERS = ("0.01, the default", "none", "Adam at 0.001")
WAYS = (*SHARES, *OTHERS)
TODAY = "today's"
HIDDEN = ([64, 64], [32])  # in turn, split by split
SPLITS = 3


def measured(name: str, budget: str, seed: int) -> dict[str, Any]:
    """On the rows that judge: the loss of each way if it stops early, and at its end."""
    table, (epochs, batch) = (CHOSEN_ON | TRIED_ON)[name], BUDGETS[budget]
    hidden = HIDDEN[seed % len(HIDDEN)]
    recipe = asked(table, "mlp", budget, HELD)
    rates = recipe.lr(np.arange(recipe.steps))
    decay = was(rates, epochs)
    decays = [share * decay for share in SHARES.values()] + [0.01, 0.0]
    setups = [Setup(rates, each, HELD) for each in decays]
    setups.append(Setup(np.full(recipe.steps, PLAIN), 0.0, HELD))
    setups.append(Setup(rates, recipe.hyper["weight_decay"], HELD))
    runs = train(table, hidden, setups, batch, seed)
    row: dict[str, Any] = dict(table=name, budget=budget, seed=seed)
    for way, looks, test in zip((*WAYS, TODAY), runs["held"].T, runs["test"].T, strict=True):
        row[way] = [float(f"{test[at]:.4g}") for at in (stopped(looks, PATIENCE), -1)]
    return row


def units(
    rows: list[dict[str, Any]], way: str, stops: bool, of: tuple[str, bool] = ("as it was", True)
) -> dict[str, float]:
    """By table, the loss of a way in units of another's; stops: whether it stops early."""
    logs: dict[str, list[float]] = {}
    for row in rows:
        here, there = row[way][not stops], row[of[0]][not of[1]]
        logs.setdefault(row["table"], []).append(float(np.log(here / there)))
    return {name: float(np.exp(np.mean(each))) for name, each in logs.items()}


def mean(of_tables: dict[str, float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log([*of_tables.values()]))))


def summary(rows: list[dict[str, Any]], ways: tuple[str, ...]) -> str:
    """Each decay over all tables: the mean and the worst of them."""
    lines = ["| decay | stopped early: mean, worst | to the end: mean, worst |", "|---|---|---|"]
    for way in ways:
        both = (units(rows, way, stops) for stops in (True, False))
        cells = (f"{mean(each):.2f}, {max(each.values()):.2f}" for each in both)
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_table(rows: list[dict[str, Any]], ways: tuple[str, ...]) -> str:
    """Each decay with early stopping, table by table."""
    each = [units(rows, way, True) for way in ways]
    lines = ["| table | " + " | ".join(ways) + " |", "|---" * (len(ways) + 1) + "|"]
    for name in each[0]:
        lines.append(f"| {name} | " + " | ".join(f"{one[name]:.2f}" for one in each) + " |")
    return "\n".join(lines)


def section(rows: list[dict[str, Any]]) -> str:
    """What TABLES.md says about the decay."""
    chosen = [row for row in rows if row["table"] in CHOSEN_ON]
    tried = [row for row in rows if row["table"] in TRIED_ON]
    return TEXT.format(
        n_chosen=len(CHOSEN_ON),
        n_tried=len(TRIED_ON),
        chosen=summary(chosen, WAYS),
        tried=summary(tried, (TODAY, *WAYS)),
        tables=by_table(chosen, WAYS),
        others=by_table(tried, (TODAY, *WAYS)),
    )


TEXT = """\
With the first decay, weights remembered 30 epochs, or half of a longer run. It was chosen on six
tables and tried on eight (below). On later tables, whose targets are smooth functions of a few
numbers, it did harm. Here it is compared with weaker decays on {n_chosen} tables, at the rates that
`advise` gives, over three splits, both budgets, and networks of 64 and 64 ReLUs and of 32. A fifth
of the rows is kept out of training and decides when to stop. Losses are relative to the first decay
with early stopping: the geometric mean over the tables, and the worst table. Made by
`python -m benchmarks.clinic.decays`.

{chosen}

With early stopping, all the weaker decays do about equally well, and better than the first. Without
it, a third of the first decay does as well as any, and with no decay at all the loss on some tables
more than doubles. So we chose a third: today's decay, acting alone, halves a weight in 70 epochs,
or over the run if that is shorter. On {n_tried} tables that had no say in this choice:

{tried}

Table by table, with early stopping; first those used for the choice, then the others:

{tables}

{others}
"""


def main() -> None:
    torch.set_num_threads(1)
    names = [*CHOSEN_ON, *TRIED_ON]
    every = [(n, b, seed) for seed in range(SPLITS) for b in BUDGETS for n in names]
    lines = ",\n".join(json.dumps(measured(*each)) for each in every)
    RUNS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
