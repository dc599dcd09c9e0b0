"""Make the runs of lesson 13's race on the transformer: python tools/blocks_race.py (20 minutes).

Each run is stored when it is done, and stored runs aren't repeated.
"""

import json

from stepsize.race.block_training import repeat
from stepsize.race.blocks import REPEATS, SHIPPED

SHIPPED.touch()
known = [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
for number in REPEATS:
    for run in repeat(number, known):
        with open(SHIPPED, "a", encoding="utf-8") as file:
            file.write(json.dumps(run) + "\n")
