"""Loops as people write them, trained once, and what `diagnose` says about each in five views."""

import os
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

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
    "BESIDE", "COUNTED", "MADE_ON", "VIEWS", "Said", "count", "later", "runs", "said", "seen",
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


Curves = dict[str, np.ndarray]
Training = tuple[str, plain.How, Curves, set[str]]


def runs(models: list[str]) -> Iterator[Training]:
    """Every training of these, with what is right for it, without those that are neither."""
    for name in models:
        who, curves, *_ = _first(name)
        yield from _judged(name, who, curves)


def later(models: list[str]) -> Iterator[Training]:
    """The same for the illnesses that were added later."""
    for name in models:
        (sound, *_), (good, *_), best, adam = _first(name)
        who = list(plain.later(best, adam))
        curves = _kept("plain later", name, partial(_trained, name, who))
        found = _judged(name, [sound, *who], [good, *curves])
        yield from (one for one in found if one[1] is not sound)


def _first(name: str) -> tuple[list[plain.How], list[Curves], float, bool]:
    """The first trainings of a model, their curves, its best rate, and whether Adam trained it."""
    adam = EVERYONE.index(name) % 3 != 2

    def made() -> tuple[float, list[Curves]]:
        best = plain.best(MODELS[name], adam)
        return best, _trained(name, plain.hows(best, adam))

    best, curves = _kept("plain", name, made)
    return list(plain.hows(best, adam)), curves, best, adam


def _trained(name: str, who: Iterable[plain.How]) -> list[Curves]:
    return [plain.run(MODELS[name], how) for how in who]


def _kept(part: str, name: str, make: Callable[[], Any]) -> Any:
    """What was made for this model, now or before."""
    path = WHERE / part / f"{name}.pickle".replace(" ", "_")
    if not path.exists():
        made = pickle.dumps(make())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made)
    return pickle.loads(path.read_bytes())


def _judged(name: str, who: list[plain.How], curves: list[Curves]) -> Iterator[Training]:
    """Those of these trainings that are clearly ill or clearly well; the first is sound."""
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
    logged = [name for name in ("loss", "lr", "grad_norm", "loss_scale") if name in curves]
    return {name: curves[name][every - 1 :: every] for name in logged} | {"val_loss": held}


NEEDS = {"overfitting", "rate decayed too early", "schedule at the wrong pace", "rate is zero"} | {
    "forgotten zero_grad", "noise floor", "weight decay too strong", "BatchNorm's statistics",
    "float16 overflow", "dead gradients"
}  # fmt: skip
HIDDEN = {
    "losses alone": NEEDS,
    "by epoch": {"forgotten zero_grad", "float16 overflow", "dead gradients", "no warmup"},
    "every 10th": {"no warmup"},
    "every 50th": {"no warmup"},
}  # illnesses that nobody could see there


def said(trainings: list[Training]) -> list[Said]:
    """What `diagnose` says about every run, in every view that could show it."""
    found = []
    for model, how, curves, right in trainings:
        for view in VIEWS:
            if how.illness in HIDDEN.get(view, ()):
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
