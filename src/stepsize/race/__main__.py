"""Read {"task", "optimizer", "lr", "seed"} a line; write each with its losses, a line a run."""

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
