"""Make the repeats of lesson 13's race: python tools/layers_race.py (ten minutes)."""

import json

from stepsize.race.layers import REPEATS, SHIPPED, repeat

with open(SHIPPED, "w", encoding="utf-8") as file:
    for number in REPEATS:
        for run in repeat(number):
            print(json.dumps(run), file=file, flush=True)
