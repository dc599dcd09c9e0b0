"""What `advise` is worth on small tables, by rows that were never seen: TABLES.md.

python -m benchmarks.clinic.tables             remakes TABLES.md from the stored runs; a second
python -m benchmarks.clinic.tables --runs      repeats the runs first; ten minutes
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import decays
from .small import ASIDE, MADE_ON, Table
from .small_runs import BUDGETS, MODELS, SPLITS, WAYS, measured

__all__ = ["page"]

HERE = Path(__file__).parent
RUNS, PAGE = HERE / "tables.json", HERE.with_name("TABLES.md")


def share(rows: list[dict[str, Any]], way: str, of: str = WAYS[0]) -> tuple[float, float]:
    """The loss of one way in units of another's: the geometric mean over all, and the worst table.

    For a table, it is the geometric mean over its splits and budgets.
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


SHOWN = (
    "before", "before, stopped", "first decay", "first decay, stopped",
    "first decay, targets as they come",
)  # fmt: skip


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


def page(rows: list[dict[str, Any]], today: list[dict[str, Any]]) -> str:
    """rows: of the first advice; today: of the decays that today's was chosen from."""
    mlp = [row for row in rows if row["model"] == "mlp" and row["table"] in ASIDE]
    gains, gained = (share(mlp, f"{w}, stopped", of=f"{w}, a fifth less")[0] for w in WAYS[:0:-1])
    return TEXT.format(
        made=_summary(rows, MADE_ON),
        aside=_summary(rows, ASIDE),
        tables=_by_table(rows),
        gains=gains,
        gained=gained,
        n_made=len(MADE_ON),
        decays=decays.section(today),
        n_aside=len(ASIDE),
    )


TEXT = """# What `advise` is worth on small tables

Made by `python -m benchmarks.clinic.tables`. A quarter of the rows is used only to measure the
final loss, never to train or to stop. There are two budgets (100 epochs in batches of 32, and 30
epochs in batches of 16) and three splits. Inputs and targets are standardized on the training rows.

## Which decay

{decays}
## The first advice

Two models: a network of 64 and 64 ReLUs, and a linear one. Losses are measured on the rows kept for
that, and are relative to Adam at a constant 0.001 trained on all the other rows: the geometric mean
over the tables, and the worst table.

- before: the advice when only its training loss had been measured;
- first decay: weights remember 30 epochs, or half of a longer run (the network only);
- stopped: a fifth of the training rows is held out; training stops after 20 looks without a lower
  loss on them, and the weights of the lowest are restored;
- targets as they come: in regressions, the targets aren't scaled; the loss is in units of their
  variance.

The {n_made} tables used for the choice:

{made}

The {n_aside} used to test it:

{aside}

Holding out a fifth of the rows is expensive when there are few. Compared with the same run on the
same rows without stopping (the network, on the test tables), stopping gave {gains:.2f} times the
loss with that decay, and {gained:.2f} times before. It pays when targets are noisy (diabetes, wrong
labels). When they aren't, the rows are worth more, and once a first run hasn't overfitted, they can
go back into training.

Table by table, in the same units; for Adam at 0.001, the loss itself:

{tables}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", action="store_true", help="repeat the runs first: ten minutes")
    if parser.parse_args().runs:
        torch.set_num_threads(1)
        rows = []
        for name in MADE_ON | ASIDE:
            for model in MODELS:
                rows += [measured(name, model, b, seed) for b in BUDGETS for seed in range(SPLITS)]
            print(name, f"{share(rows, WAYS[-1])[0]:.2f}", flush=True)
        lines = ",\n".join(map(json.dumps, rows))
        RUNS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    both = (json.loads(path.read_text(encoding="utf-8")) for path in (RUNS, decays.RUNS))
    PAGE.write_text(page(*both), encoding="utf-8")


if __name__ == "__main__":
    main()
