"""The lower half of CLINIC.md: python -m benchmarks.clinic [--whole]

One group of each model: a quarter of an hour on one core the first time; --whole: two or three of
each, and half an hour. The trainings are kept in STEPSIZE_RUNS, or in the temporary directory, and
the page is made from them: remove them if trainings.py, illnesses.py or a model has changed. The
upper half is made by python -m tests.known_runs.
"""

import argparse
import warnings
from collections import Counter
from pathlib import Path

import torch

from .archive import groups
from .last import LAST
from .models import ASIDE, TUNED
from .scores import Score, scores
from .views import VIEWS

PAGE = Path(__file__).parent.with_name("CLINIC.md")
HEAD = "\n## On other models\n\n"
QUICK = {name: kind for name, kind in LAST.items() if name not in ("mixer", "halves of digits")}
PARTS = {"tuned": (TUNED, 3), "aside": (ASIDE, 2), "last": (LAST, 2), "again": (QUICK, 2)}
TITLES = {
    "tuned": "### Those that the rules were made on",
    "aside": "### Those that were set aside",
    "last": "### Those that came last",
    "again": "### Those that came last, with other optimizers, lengths and batches",
}
ABOUT = """\
These are models in torch, among them convolutions, attention, a variational autoencoder,
likelihoods below 0 and targets of a million, with seven optimizers, 60 to 1000 updates, and batches
from 2 examples to all of them. A group is a model with an optimizer and a length. For each group, a
sweep finds the best rate; then come 16 healthy runs (warmup, cosine, one cycle, steps, restarts,
constant, wrong targets, ...) and 33 sick ones of several severities. How much of the healthy run's
fall is missing decides whether a run turned out as intended (`benchmarks/clinic/illnesses.py`);
anything in between is left out. There are five views of each run: everything that was kept, the
losses alone, means by epoch (12 to 200 of them) with the rest, these means alone, and the losses
smoothed as TensorBoard does. A view that can't show an illness is left out too
(`benchmarks/clinic/scores.py`). Made by `python -m benchmarks.clinic`.

The rules were made on the first part. Once they were fixed, the second was counted: 3187 of 3455
right, 1600 of 1700 healthy runs left alone. Then we looked at its curves and mended two rules. The
third part had been made earlier and was first counted after that, except for its last three groups:
1523 of 1661 right, 812 of 860 healthy runs left alone. Of the false alarms, 40 said "rate too low",
and one bound was added against them: more than half of the loss must be left. The fourth part was
trained and counted later still. One more bound (`thrown_away`: the first update must not have seen
as high a loss) removed 7 of the 12 false alarms in one group of the second part. The later rules,
for few numbers, held-out losses, order, precision and weights, were made on other runs. The tables
show today's rules, {groups}.

In these tables, 43 false alarms still said "rate too low". Of them, 20 went when a fall that slows
down by more than chance was no longer called a straight line (where the rate decays or wasn't
logged); so did 5 of 398 right ones, from three runs. Most came from one group, halves of digits,
whose 60 updates are too few: given three times as many, the same runs fall by another 40 to 112%.
Some of the alarms that are left there are right. At three times the rate, the run at a sixth of the
best falls by 24% more, and the one under an inverse root by 34% more; they count as healthy only
because the healthy run isn't done either. On 13 groups of seven models that were made after this
rule, it raised the healthy runs left alone from 652 to 661 of 695 and lost no right alarm. Of the
remaining 34, 33 come from one group, whose 150 updates take the loss from 5.5 to 4.3, ever faster.
"""


GROUPS = ("on the first group of each model", "on two or three groups of each model")


def table(found: list[Score]) -> str:
    """For each illness: how many runs, in how many the first finding was right, what else."""
    rows = ["| illness | seen | right | else |", "|---|---|---|---|"]
    for illness in dict.fromkeys(score.illness for score in found):
        own = [score for score in found if score.illness == illness]
        wrong = Counter(score.said.verdict for score in own if not score.ok).most_common(5)
        rest = ", ".join(f"{verdict} {n}" for verdict, n in wrong)
        right = sum(score.ok for score in own)
        rows.append(f"| {illness} | {len(own)} | {right} ({right / len(own):.0%}) | {rest} |")
    views = ", ".join(
        f"{view} {sum(s.ok for s in own)} of {len(own)}"
        for view in VIEWS
        if (own := [s for s in found if s.view == view and s.illness == "healthy"])
    )
    right = sum(score.ok for score in found)
    return (
        "\n".join(rows)
        + f"\n\n{right} of {len(found)} right ({right / len(found):.1%}). "
        + f"Healthy, by view: {views}.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--whole", action="store_true", help="two or three groups of each model")
    whole = parser.parse_args().whole
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of runs that diverge
    parts = []
    for part, (kinds, most) in PARTS.items():
        each = most if whole else 1
        found = list(scores(part, kinds, each))
        runs = sum(len(who) for _, who, _ in groups(part, kinds, each))
        parts.append(f"{TITLES[part]}\n\n{len(kinds)} models, {runs} runs.\n\n{table(found)}")
    above = PAGE.read_text(encoding="utf-8").partition(HEAD)[0]
    about = ABOUT.format(groups=GROUPS[whole])
    PAGE.write_text(f"{above}{HEAD}{about}\n" + "\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
