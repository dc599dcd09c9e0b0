"""Make the map that the lab of lesson 8 opens with: python tools/warmup_map.py (five minutes).

Every cell on the seeds of CHOOSING; then, on those of JUDGING, the two cells whose median loss was
lowest: the best without warmup and the best with it.
"""

import json
import subprocess
import sys
from collections.abc import Iterable

import numpy as np

from stepsize.labs.warmup import CHOOSING, JUDGING, RATES, SHIPPED, WARMUPS, Cell, stored


def train(cells: Iterable[Cell], seeds: range, how: str) -> None:
    jobs = [dict(lr=lr, warmup=n, seed=seed) for seed in seeds for lr, n in cells]
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    command = [sys.executable, "-m", "stepsize.transformer"]
    with open(SHIPPED, how, encoding="utf-8") as file:
        subprocess.run(command, input=lines, stdout=file, encoding="utf-8", check=True)


def best(warmups: Iterable[int]) -> Cell:
    return min(((lr, n) for lr in RATES for n in warmups), key=lambda c: np.median(stored(*c)))


train([(lr, n) for lr in RATES for n in WARMUPS], CHOOSING, "w")
train([best(WARMUPS[:1]), best(WARMUPS[1:])], JUDGING, "a")
