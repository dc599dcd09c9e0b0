"""How close `find_lr` comes to the best rate of a sweep, on many models: FINDER.md.

python -m benchmarks.range_test             remake FINDER.md from the stored sweeps; a minute
python -m benchmarks.range_test --sweeps    repeat the sweeps first; most of an hour
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from stepsize.clinic import RangeTest, find_lr

from .unseen import UNSEEN
from .zoo import OPTIMIZERS, ZOO, batches, train

HERE = Path(__file__).parent
SWEEPS, PAGE = HERE / "sweeps.json", HERE / "FINDER.md"

UPDATES, LAST = 200, 20  # of a run in a sweep; losses averaged at its end
SEEDS, TESTED = (0, 1), (10, 11, 12)  # of the sweeps; of the range tests, which use different ones
COMMON, MORE = ("sgd", "momentum", "adam", "adamw"), ("rmsprop", "nadam")
PAIRS = [(model, name) for model in ZOO for name in COMMON] + [
    (model, name)
    for model in ("MLP, ReLU", "transformer, post-LN", "conv, no norm", "LSTM of letters")
    for name in MORE
]
PAIRS += [(model, name) for model in UNSEEN for name in (*COMMON[:3], "adagrad", "nesterov")]
KINDS = ZOO | UNSEEN


def recorded() -> list[dict[str, Any]]:
    return json.loads(SWEEPS.read_text(encoding="utf-8"))


def sweep(model: str, optimizer: str) -> dict[str, Any]:
    """The loss at the end for rates from 2^-17 to 32 (8 for Adam and its like), two seeds each."""
    rates = 2.0 ** np.arange(
        -17, 6 if optimizer in ("sgd", "momentum", "nesterov", "adagrad") else 4
    )
    runs = [[train(KINDS[model], optimizer, lr, UPDATES, seed) for seed in SEEDS] for lr in rates]
    ends = [[end(run) for run in row] for row in runs]
    first = float(f"{np.mean([run[0] for run in runs[0]]):.4g}")
    lr = [float(f"{rate:.6g}") for rate in rates]
    return dict(model=model, optimizer=optimizer, first=first, lr=lr, ends=ends)


def end(run: list[float]) -> float | None:
    """The mean of a run's last losses; None if it diverged."""
    last = float(np.mean(run[-LAST:]))
    return float(f"{last:.4g}") if len(run) == UPDATES and np.isfinite(last) else None


class Score(NamedTuple):
    """How good one suggestion was.

    lr: the suggestion. ratio, lowest: that, and the rate at which the test's smoothed loss was
    lowest, in units of the best rate. lost: how much of the best run's fall is missing at lr.
    """

    lr: float
    ratio: float
    lowest: float
    lost: float


def score(found: RangeTest, swept: dict[str, Any]) -> Score | None:
    """None without a suggestion. Between the rates of the sweep, its curve is a line."""
    if found.suggestion is None:
        return None
    lr, first = np.array(swept["lr"]), swept["first"]
    ends = np.array(swept["ends"], float).mean(1)  # nan if a run diverged
    ends = np.minimum(np.nan_to_num(ends, nan=np.inf), 10 * first)
    best = int(ends.argmin())
    here = np.interp(np.log(found.suggestion), np.log(lr), ends)
    lost = float((here - ends[best]) / (first - ends[best]))
    lowest = float(found.lr[found.smoothed.argmin()] / lr[best])
    return Score(found.suggestion, found.suggestion / lr[best], lowest, lost)


def tested(model: str, optimizer: str, seed: int) -> RangeTest:
    """`find_lr` with its defaults."""
    kind, (make, hyper) = KINDS[model], OPTIMIZERS[optimizer]
    torch.manual_seed(seed)
    net = kind.model()
    return find_lr(net, kind.loss, batches(kind, seed), optimizer=make, **hyper)


def page(sweeps: list[dict[str, Any]]) -> str:
    rows: list[str] = []
    groups: dict[str, list[Score | None]] = {}
    for swept in sweeps:
        names = swept["model"], swept["optimizer"]
        scores = [score(tested(*names, seed), swept) for seed in TESTED]
        groups.setdefault(_group(*names), []).extend(scores)
        best = swept["lr"][int(np.nanargmin(np.array(swept["ends"], float).mean(1)))]
        said = ["—" if s is None else f"{s.lr:.2g} ({s.lost:.0%})" for s in scores]
        rows.append(f"| {names[0]} | {names[1]} | {best:.2g} | {' | '.join(said)} |")
    return "\n".join([*_head(groups), "", *_table(rows), ""])


def _group(model: str, optimizer: str) -> str:
    if model in UNSEEN:
        return "made later"
    return "set aside" if ZOO[model].aside or optimizer in MORE else "chosen on"


def _head(groups: dict[str, list[Score | None]]) -> Iterator[str]:
    yield "# How close `find_lr` comes to the best rate"
    yield ""
    yield (
        f"Made by `python -m benchmarks.range_test`. A sweep of runs of {UPDATES} updates, with"
        " rates a factor of 2 apart and two seeds, gives the best rate for a model and an"
        " optimizer. `find_lr` is then asked with three different seeds and its defaults: 200"
        " updates from 1e-6 to 10. Its rule was chosen on the models in the first row, and only"
        " tried on the different models and optimizers in the second. But we looked at those while"
        " making it. The models in the third row were made later, and nothing was changed after"
        " them."
    )
    yield ""
    yield "| | asked | no suggestion | suggestion / best: median, 5% to 95% | within 3 x | lost |"
    yield "|---|---|---|---|---|---|"
    for name in ("chosen on", "set aside", "made later"):
        yield _line(name, groups[name])
    told = [s.lowest for scores in groups.values() for s in scores if s is not None]
    low, middle, high = np.quantile(told, [0.05, 0.5, 0.95])
    yield ""
    yield (
        '"Lost" is the share of the best run\'s fall in the loss that is missing at the suggestion;'
        " above 100%, the run ends above its start. The best rate of a sweep is itself a rough"
        " number: where the U is flat, rates a factor of three apart end at the same loss."
        f" Over all tests, the lowest point of the curve is at {middle:.1f} times the best rate"
        f" (median), and between {low:.1f} and {high:.0f} times in nine of ten."
    )


def _line(name: str, scores: list[Score | None]) -> str:
    told = [s for s in scores if s is not None]
    ratio, lost = np.array([s.ratio for s in told]), np.array([s.lost for s in told])
    low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95])
    near = np.mean((ratio > 1 / 3) & (ratio < 3))
    typical, bad = np.quantile(lost, [0.5, 0.9])
    return (
        f"| {name} | {len(scores)} | {len(scores) - len(told)} | {middle:.2f}, {low:.2f} to"
        f" {high:.2f} | {near:.0%} | median {typical:.1%}, 90% of them below {bad:.0%}, worst"
        f" {lost.max():.0%} |"
    )


def _table(rows: list[str]) -> Iterator[str]:
    seeds = " | ".join(f"seed {seed}" for seed in TESTED)
    yield f"| model | optimizer | best | {seeds} |"
    yield "|---|---|---|---|---|---|"
    yield from rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", action="store_true", help="repeat the sweeps first")
    torch.set_num_threads(1)
    if parser.parse_args().sweeps:
        lines = ",\n".join(json.dumps(sweep(*pair)) for pair in PAIRS)
        SWEEPS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    PAGE.write_text(page(recorded()), encoding="utf-8")
