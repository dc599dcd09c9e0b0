"""Make the runs of lesson 14 on batch sizes: python tools/batch_runs.py (two minutes)."""

import json
import subprocess
import sys

from stepsize.growth.batches import SEEDS, SHIPPED, jobs

with open(SHIPPED, "w", encoding="utf-8") as file:
    subprocess.run(
        [sys.executable, "-m", "stepsize.growth"],
        input="".join(json.dumps(job) + "\n" for seed in SEEDS for job in jobs(seed)),
        stdout=file,
        encoding="utf-8",
        check=True,
    )
