"""How often each finding is right, of whom, in which form: python -m benchmarks.clinic.counting

Trains the models of plain.py once (an hour on one core; kept in STEPSIZE_RUNS), counts what
`diagnose` says of those that its rules were not made on, and writes

- src/stepsize/clinic/counted.json, the percentages that `diagnose` shows;
- reliability.png and the middle of CLINIC.md: what they are worth for a model they don't know.

Where `training_doctor` can be imported, it is asked about the same runs; else its part stays.
"""

import json
import os
import pickle
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch

from stepsize.clinic import Finding, diagnose
from stepsize.clinic.counting import ENOUGH, FORMS, form
from stepsize.clinic.reading import read

from ..unseen import UNSEEN
from ..zoo import ZOO
from . import peer, plain
from .last import LAST
from .models import ASIDE, TUNED

PAGE = Path(__file__).parent.with_name("CLINIC.md")
PICTURE = PAGE.with_name("reliability.png")
TABLE = Path(__file__).parents[2] / "src" / "stepsize" / "clinic" / "counted.json"
WHERE = Path(os.environ.get("STEPSIZE_RUNS", Path(tempfile.gettempdir()) / "stepsize-runs"))
MODELS = ZOO | UNSEEN | TUNED | ASIDE | LAST
MADE_ON = ["MLP, ReLU", "conv, BatchNorm", "sine, Fourier features", "residual regression", "moons"]
MADE_ON += ["letters, tanh", "irises"]
COUNTED = ["GRU", "RNN of sums", "matrix factors", "conv of rows, GroupNorm", "wines, unscaled"]
COUNTED += ["Huber loss, outliers", "sines", "variational autoencoder", "MLP, dropout"]
COUNTED += ["halves of digits"]
EVERYONE = [*MADE_ON, *COUNTED]
BESIDE = ["GRU", "sines"]  # a peer takes seconds a run
VIEWS = ("all curves", "losses alone", "by epoch", "every 10th", "every 50th")
START, END = "\n## Loops as people write them\n\n", "\n## On other models\n\n"


class Said(NamedTuple):
    """What was said of a run in a view."""

    model: str
    illness: str
    variant: str
    view: str
    form: str
    right: set[str]
    verdict: str
    first: Finding | None

    @property
    def ok(self) -> bool:
        return self.verdict in self.right


Training = tuple[str, plain.How, dict[str, np.ndarray], set[str]]


def runs(models: list[str]) -> Iterator[Training]:
    """Every training of these, with what is right for it; those that are neither left out."""
    for name in models:
        path = WHERE / "plain" / f"{name}.pickle".replace(" ", "_")
        adam = EVERYONE.index(name) % 3 != 2
        if not path.exists():
            best = plain.best(MODELS[name], adam)
            curves = [plain.run(MODELS[name], how) for how in plain.hows(best, adam)]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pickle.dumps((best, curves)))
        best, curves = pickle.loads(path.read_bytes())
        who = list(plain.hows(best, adam))
        for how, own, right in zip(who, curves, plain.truths(who, curves), strict=True):
            if right:
                yield name, how, own, right


def seen(curves: dict[str, np.ndarray], view: str) -> dict[str, np.ndarray]:
    """The curves of a run in this view."""
    loss, held, epochs = curves["loss"], curves["val_loss"], plain.EPOCHS
    if view == "all curves":
        return curves
    if view == "losses alone":
        return {"loss": loss}
    if view == "by epoch":
        means = np.array([part.mean() for part in np.array_split(loss, epochs)])
        return {
            "loss": means,
            "val_loss": held,
            "lr": curves["lr"][plain.BATCHES - 1 :: plain.BATCHES],
        }
    every = int(view.split()[1][:-2])
    thin = {name: curves[name][every - 1 :: every] for name in ("loss", "lr", "grad_norm")}
    return thin | {"val_loss": held}


NEEDS = {"overfitting", "rate decayed too early", "schedule at the wrong pace", "rate is zero"} | {
    "forgotten zero_grad", "noise floor", "weight decay too strong", "BatchNorm's statistics"
}  # fmt: skip


def said(trainings: list[Training]) -> list[Said]:
    """What `diagnose` says of every run, in every view that could show it."""
    found = []
    for model, how, curves, right in trainings:
        for view in VIEWS:
            if view == "losses alone" and how.illness in NEEDS:
                continue
            if how.illness == "forgotten zero_grad" and view == "by epoch":
                continue
            history = seen(curves, view)
            told = diagnose(history)
            first = told.findings[0] if told.findings else None
            which = form(read(history, None))
            one = (how.illness, how.variant, view, which, right, told.verdict, first)
            found.append(Said(model, *one))
    return found


def count(found: list[Said]) -> dict[str, dict[str, list[int]]]:
    """Of each form and each name: how often it was right, of how many times it was said first."""
    table: dict[str, dict[str, list[int]]] = {which: {} for which in FORMS}
    for one in found:
        if one.first is not None:
            cell = table[one.form].setdefault(one.first.name, [0, 0])
            cell[0] += one.ok
            cell[1] += 1
    return table


def by_view(found: list[Said]) -> str:
    rows = ["| view | right | sound runs left alone |", "|---|---|---|"]
    for view in VIEWS:
        own = [one for one in found if one.view == view]
        sound = [one for one in own if one.illness == "healthy"]
        left = sum(one.verdict in ("healthy", "can't tell") for one in sound)
        right = sum(one.ok for one in own)
        rows.append(
            f"| {view} | {right} of {len(own)} ({right / len(own):.0%}) "
            f"| {left} of {len(sound)} ({left / len(sound):.0%}) |"
        )
    return "\n".join(rows)


def by_illness(found: list[Said], view: str) -> str:
    rows = ["| illness | seen | right | else |", "|---|---|---|---|"]
    for illness in dict.fromkeys(one.illness for one in found):
        own = [one for one in found if one.illness == illness and one.view == view]
        if own:
            wrong = Counter(one.verdict for one in own if not one.ok).most_common(4)
            rest = ", ".join(f"{verdict} {n}" for verdict, n in wrong)
            rows.append(f"| {illness} | {len(own)} | {sum(one.ok for one in own)} | {rest} |")
    return "\n".join(rows)


def reliability(found: list[Said]) -> str:
    """Of all that is said at about one percentage: how much of it is right. Also a picture.

    For each model, the percentages are counted on the others.
    """
    told = []
    for model in COUNTED:
        table = count([one for one in found if one.model != model])
        for one in found:
            if one.model == model and one.first is not None:
                right, times = table[one.form].get(one.first.name, (0, 0))
                if times >= ENOUGH:
                    told.append(((right + 1) / (times + 2), one.ok))
    rows = ["| said | times | mean of what was said | right |", "|---|---|---|---|"]
    points = []
    for low, high in pairwise((0.0, 0.6, 0.75, 0.9, 0.95, 1.01)):
        own = [(p, ok) for p, ok in told if low <= p < high]
        if own:
            mean, right = (float(np.mean(column)) for column in zip(*own, strict=True))
            points.append((mean, right, len(own)))
            span = f"{low:.0%} to {min(high, 1):.0%}"
            rows.append(f"| {span} | {len(own)} | {mean:.0%} | {right:.0%} |")
    _draw(points)
    return "\n".join(rows)


def _draw(points: list[tuple[float, float, int]]) -> None:
    fig, ax = plt.subplots(figsize=(4, 4), layout="constrained")
    ax.plot([0, 1], [0, 1], color="0.7", lw=1)
    said_, right, _ = zip(*points, strict=True)
    ax.plot(said_, right, "o-", color="black")
    for x, y, n in points:
        ax.annotate(f"{n}", (x, y), (6, -12), textcoords="offset points", fontsize=8)
    ax.set(xlabel="said", ylabel="right", xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    fig.savefig(PICTURE, dpi=120, metadata={"Software": None})
    plt.close(fig)


def page(counted: list[Said], beside: str) -> str:
    sick = len(list(plain.hows(1.0, True))) - 9
    return f"""\
Plain torch: shuffled epochs of {plain.BATCHES} batches, {plain.EPOCHS} epochs, Adam or momentum,
a held-out loss an epoch; the best rate by a sweep, then nine sound trainings and {sick} sick ones
(`plain.py`). What is right is decided by the curves' levels beside a sound run, never by
`diagnose`; what is neither clearly ill nor well is left out. Five views: all curves by update; the
losses alone; means by epoch with the held-out loss and the rate; every 10th and every 50th update.
Made by `python -m benchmarks.clinic.counting`.

The rules were made on {len(MADE_ON)} models. {len(COUNTED)} others were counted when they stood:
211 of 237 right with all curves, and 70 of 76 sound runs left alone. Then the list of what was
wrong was read, and three rules mended: the last, short batch of an epoch; a slow fall under a
decaying rate; a gradient that dies after a divergence. So the first row flatters a little. A rule
came later, for runs that go up and down to their end; it was made on the {len(MADE_ON)} alone.
These are the {len(COUNTED)} models now:

{by_view(counted)}

All curves:

{by_illness(counted, "all curves")}

By epoch:

{by_illness(counted, "by epoch")}

### What a percentage is worth

A finding is shown with how often it was right among these runs where it came first, in the same
form (a hundred losses or more, alone or with other curves; 20 or more; fewer), two calls added, one
of them right. Where it came first fewer than {ENOUGH} times in that form, the percentage is an
estimate. For each model, with the percentages counted on the others alone:

{reliability(counted)}

![What was said, and how much of it was right](reliability.png)
{beside}"""


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of runs that diverge
    trainings = list(runs(COUNTED))
    counted = said(trainings)
    TABLE.write_text(json.dumps(count(counted), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    above, _, below = PAGE.read_text(encoding="utf-8").partition(END)
    above, _, old = above.partition(START)
    beside = peer.page([training[1:] for training in trainings if training[0] in BESIDE])
    kept = old.partition(peer.TITLE)  # where the peer is not here, what was counted when it was
    text = page(counted, beside or "".join(kept[1:]))
    PAGE.write_text(f"{above}{START}{text}{END}{below}", encoding="utf-8")
    print(re.sub(r"\n+", "\n", text))


if __name__ == "__main__":
    main()
