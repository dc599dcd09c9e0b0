"""Read one {"rules", "width", "log2_lr", "seed"} per line, and write it with its final loss.

Or {"rule", "batch_size", "lr", "seed"}, and write it with its updates to the target.
"""

import json
import sys

from .batches import TARGET, updates_to
from .widths import mup, standard, trained

RULES = {"standard": standard, "mup": mup}

if __name__ == "__main__":
    for line in sys.stdin:
        job = json.loads(line)
        if "batch_size" in job:
            run = job | dict(updates=updates_to(TARGET, **job))
        else:
            loss = trained(job["width"], 2.0 ** job["log2_lr"], RULES[job["rules"]], job["seed"])
            run = job | dict(loss=float(f"{loss:.4g}"))
        print(json.dumps(run), flush=True)
