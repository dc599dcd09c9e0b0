"""How often each finding is right, for whom, in which form: python -m benchmarks.clinic.counting

Trains the models of plain.py once (an hour on one core; kept in STEPSIZE_RUNS), counts what
`diagnose` says of those that its rules were not made on, and writes

- src/stepsize/clinic/counted.json, the percentages that `diagnose` shows;
- reliability.png and the middle of CLINIC.md: what they are worth for a model they don't know.

If `training_doctor` can be imported, it is asked about the same runs; if not, its part stays.
"""

import json
import re
import warnings
from pathlib import Path

import torch

from . import peer
from .counted import BESIDE, COUNTED, count, later, runs, said
from .counted_page import PAGE, page

TABLE = Path(__file__).parents[2] / "src" / "stepsize" / "clinic" / "counted.json"
START, END = "\n## Loops as people write them\n\n", "\n## On other models\n\n"


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of runs that diverge
    trainings = list(runs(COUNTED))
    counted, added = said(trainings), said(list(later(COUNTED)))
    table = json.dumps(count(counted + added), indent=1, sort_keys=True)
    TABLE.write_text(f"{table}\n", encoding="utf-8")
    above, _, below = PAGE.read_text(encoding="utf-8").partition(END)
    above, _, old = above.partition(START)
    beside = peer.page([training[1:] for training in trainings if training[0] in BESIDE])
    kept = old.partition(peer.TITLE)  # if the peer isn't installed, what was counted when it was
    text = page(counted, added, beside or "".join(kept[1:]))
    PAGE.write_text(f"{above}{START}{text}{END}{below}", encoding="utf-8")
    print(re.sub(r"\n+", "\n", text))


if __name__ == "__main__":
    main()
