"""Read one {"task", "optimizer", "lr", "seed"} per line; write each with its losses on a line."""

import json
import sys

from .training import train

if __name__ == "__main__":
    for line in sys.stdin:
        job = json.loads(line)
        ran = train(**job)
        loss = [round(value, 3) for value in ran.loss]
        ends = dict(val=round(ran.val, 4), test=round(ran.test, 4))
        print(json.dumps(job | {"loss": loss} | ends), flush=True)
