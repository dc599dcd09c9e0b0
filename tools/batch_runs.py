"""Make the runs of lesson 14 on batch sizes: python tools/batch_runs.py (two minutes)."""

import json
import subprocess
import sys

from stepsize.growth import BATCHES, RATES, SEEDS, SHIPPED

jobs = [
    dict(rule=rule, batch_size=size, lr=lr, seed=seed)
    for seed in SEEDS
    for rule, rates in RATES.items()
    for size in BATCHES
    for lr in rates
]
with open(SHIPPED, "w", encoding="utf-8") as file:
    subprocess.run(
        [sys.executable, "-m", "stepsize.growth"],
        input="".join(json.dumps(job) + "\n" for job in jobs),
        stdout=file,
        encoding="utf-8",
        check=True,
    )
