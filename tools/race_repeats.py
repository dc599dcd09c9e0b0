"""Make the repeats of lesson 9's small race: python tools/race_repeats.py (ten minutes)."""

import json

from stepsize.race.repeats import NEW, SAME, SHIPPED, repeat

with open(SHIPPED, "w", encoding="utf-8") as file:
    for number in (*SAME, *NEW):
        for run in repeat(number, order=number if number in NEW else 0):
            print(json.dumps(run), file=file, flush=True)
