"""Make the runs of lesson 9: python tools/race_runs.py (five minutes).

First every optimizer at every rate, on the seeds of TUNING; then, at the best of these rates, the
seeds of FRESH.
"""

import json
import subprocess
import sys

from stepsize.race import FRESH, OPTIMIZERS, RATES, SHIPPED, TASKS, TUNING, results


def train(jobs: list[dict], how: str) -> None:
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    command = [sys.executable, "-m", "stepsize.race"]
    with open(SHIPPED, how, encoding="utf-8") as file:
        subprocess.run(command, input=lines, stdout=file, encoding="utf-8", check=True)


def chosen(task: str, optimizer: str) -> float:
    """The rate with the lowest mean loss, which must not be the first or the last."""
    best = int(results(task)(optimizer).mean(axis=1).argmin())
    assert 0 < best < len(RATES) - 1, (task, optimizer, "the best rate may lie outside")
    return RATES[best]


pairs = [(task, optimizer) for task in TASKS for optimizer in OPTIMIZERS]
jobs = [
    dict(task=task, optimizer=optimizer, lr=lr, seed=seed)
    for task, optimizer in pairs
    for lr in RATES
    for seed in TUNING
]
train(jobs, "w")
fresh = [
    dict(task=task, optimizer=optimizer, lr=chosen(task, optimizer), seed=seed)
    for task, optimizer in pairs
    for seed in FRESH
]
train(fresh, "a")
