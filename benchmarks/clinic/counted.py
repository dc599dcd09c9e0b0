"""Loops as people write them, trained once, and what `diagnose` says about each in five views."""

import os
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stepsize.clinic import Finding, diagnose
from stepsize.clinic.counting import FORMS, form
from stepsize.clinic.reading import read

from ..unseen import UNSEEN
from ..zoo import ZOO
from . import plain
from .last import LAST
from .models import ASIDE, TUNED

__all__ = [
    "BESIDE", "COUNTED", "MADE_ON", "VIEWS", "Said", "count", "runs", "said", "seen",
]  # fmt: skip

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


class Said(NamedTuple):
    """What was said about a run in a view; asked: it asked for the norm of the weights."""

    model: str
    illness: str
    variant: str
    view: str
    form: str
    right: set[str]
    verdict: str
    first: Finding | None
    asked: bool = False

    @property
    def ok(self) -> bool:
        return self.verdict in self.right


Training = tuple[str, plain.How, dict[str, np.ndarray], set[str]]


def runs(models: list[str]) -> Iterator[Training]:
    """Every training of these, with what is right for it, without those that are neither."""
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
    """What `diagnose` says about every run, in every view that could show it."""
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
            asked = any("weight decay" in words for words in told.unseen)
            found.append(Said(model, *one, asked))
    return found


def count(found: list[Said]) -> dict[str, dict[str, list[int]]]:
    """For each form and name: how often it was right, out of how often it was said first."""
    table: dict[str, dict[str, list[int]]] = {which: {} for which in FORMS}
    for one in found:
        if one.first is not None:
            cell = table[one.form].setdefault(one.first.name, [0, 0])
            cell[0] += one.ok
            cell[1] += 1
    return table
