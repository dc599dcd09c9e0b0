"""Make the map that the lab of lesson 8 opens with: python tools/warmup_map.py (three minutes)."""

import json
import subprocess
import sys

from stepsize.labs.warmup import RATES, SHIPPED, WARMUPS

SEEDS = 5

jobs = [dict(lr=lr, warmup=n, seed=s) for s in range(SEEDS) for lr in RATES for n in WARMUPS]
lines = "".join(json.dumps(job) + "\n" for job in jobs)
command = [sys.executable, "-m", "stepsize.transformer"]
made = subprocess.run(
    command, input=lines, stdout=subprocess.PIPE, encoding="utf-8", check=True
).stdout
SHIPPED.write_text(made, encoding="utf-8")
