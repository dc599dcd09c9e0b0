"""Make the map that the lab of lesson 14 opens with: python tools/width_map.py (twelve minutes).

Every cell on the seeds of CHOOSING; then, on those of JUDGING, at the largest width: the rate that
was best at the base width, in both forms, and the standard form's own best.
"""

import json
import subprocess
import sys
from collections.abc import Iterable

import numpy as np

from stepsize.growth.widths import BASE
from stepsize.labs.width import CHOOSING, EXPONENTS, FORMS, JUDGING, SHIPPED, WIDTHS, Cell, stored


def train(cells: Iterable[Cell], seeds: range, how: str) -> None:
    jobs = [
        dict(rules=form, width=width, log2_lr=exponent, seed=seed)
        for seed in seeds
        for form, width, exponent in cells
    ]
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    command = [sys.executable, "-m", "stepsize.growth"]
    with open(SHIPPED, how, encoding="utf-8") as file:
        subprocess.run(command, input=lines, stdout=file, encoding="utf-8", check=True)


def best(form: str, width: int) -> int:
    return min(EXPONENTS, key=lambda e: np.median(stored(form, width, e)))


train([(form, w, e) for form in FORMS for w in WIDTHS for e in EXPONENTS], CHOOSING, "w")
moved, top = best("standard", BASE), WIDTHS[-1]
judged = {("standard", top, moved), ("mup", top, moved), ("standard", top, best("standard", top))}
train(sorted(judged), JUDGING, "a")
