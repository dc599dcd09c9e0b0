"""Every run in every view, what is right for it, and what `diagnose` says."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from stepsize.clinic import Diagnosis, diagnose

from ..zoo import Kind
from .archive import groups
from .illnesses import truth
from .views import NEEDS, VIEWS, seen

__all__ = ["Score", "scores"]


class Score(NamedTuple):
    """A run in a view: the group, the illness and its variant, what is right, what was said."""

    group: str
    illness: str
    variant: str
    view: str
    right: set[str]
    said: Diagnosis
    history: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.said.verdict in self.right


def scores(part: str, kinds: dict[str, Kind], each: int, make: bool = True) -> Iterator[Score]:
    for group, who, runs in groups(part, kinds, each, make):
        for k, sick in enumerate(who):
            right = truth(sick, k, runs, who)
            for i, view in enumerate(VIEWS if right else ()):
                history = seen(runs, k, view, np.random.default_rng((k, i, len(runs.loss))))
                if _visible(sick.name, sick.variant, history, view):
                    said = diagnose(history)
                    more = {"plateau"} if _as_good_as(sick.name, view) else set()
                    yield Score(group, sick.name, sick.variant, view, right | more, said, history)


def _as_good_as(illness: str, view: str) -> bool:
    """Whether "plateau" is all that can be said: nothing moves, and nothing else was kept."""
    without = illness == "dead gradients" and view in ("losses", "epoch losses", "smoothed")
    return without or (illness == "rate too high" and view in ("epochs", "epoch losses"))


def _visible(illness: str, variant: str, history: dict[str, Any], view: str) -> bool:
    """Whether this view could show it to anybody."""
    if NEEDS.get(illness, "loss") not in history:
        return False
    y, single = history["loss"], view in ("losses", "updates")
    tenth = max(len(y) // 10, 1)
    if illness in ("forgotten zero_grad", "noise floor"):
        return view == "updates"
    if illness == "dead gradients" and "grad_norm" not in history:
        if variant == "later":
            return False
        noise = np.std(np.diff(y)) / 2**0.5 * (2 / tenth) ** 0.5
        return bool(abs(y[:tenth].mean() - y[-tenth:].mean()) < max(3 * noise, 1e-6 * abs(y[0])))
    if illness == "schedule at the wrong pace":  # ten points a wave, or nobody sees waves
        lr = history["lr"]
        return len(lr) > 10 * np.count_nonzero(np.diff(np.sign(np.diff(lr))))
    if single or illness not in ("loss spikes", "no warmup", "rate too high"):
        return True
    fall = y[0] - np.nanmin(y) if np.isfinite(y).any() else 0.0
    if illness == "rate too high":  # a mean of the first epoch hides where the loss began
        return not (y[0] == y.max() and y[-1] < y[0] - 0.3 * fall)
    if illness == "no warmup":
        return bool(y[1 : len(y) // 4].max() > y[0] + 0.3 * fall)
    jumps = np.diff(y)
    return bool(jumps[len(y) // 8 :].max() > max(8 * np.median(np.abs(jumps)), 0.25 * fall))
