"""`diagnose`: a run's curves in, what ails it out, with the signs that were seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import few, held, listing, order, precision, records, signs, slow, thrown, weights
from .counting import counted
from .finding import Finding, Sign
from .history import History
from .reading import read

__all__ = ["Diagnosis", "Finding", "diagnose", "judge"]

ENOUGH = 0.5  # of evidence, to be told at all
KINDS = {"gan": "GAN", "policy": "policy"}
NEEDS = {
    "val_loss": "overfitting (log a held-out loss)",
    "lr": "a schedule that is off (log the learning rate)",
    "grad_norm": "a forgotten zero_grad (log the gradient's norm)",
    "weight_norm": "a weight decay that is too strong (log the weights' norm)",
}


@dataclass(frozen=True)
class Diagnosis:
    """What was found, the strongest sign first.

    verdict: the name of the first finding, "healthy" where nothing was found, or "can't tell"
    where there are no curves, or they are too short to tell; `why` says which. read: what was
    read, in a line. unseen: what these curves can't show, and what to log so that they do.
    cautions: what the code does that is better left, though it makes the training no worse.
    """

    findings: tuple[Finding, ...]
    verdict: str
    read: str = ""
    why: str = ""
    unseen: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def __str__(self) -> str:
        read = [f"Read: {self.read}."] if self.read else []
        aside = [f"By the way: {caution}" for caution in self.cautions]
        return "\n".join([*read, self._told(), *aside])

    def _told(self) -> str:
        if self.verdict == "can't tell":
            return f"I can't tell: {self.why}."
        if not self.findings:
            return "\n".join(["Healthy: none of the signs that I know.", *_not_seen(self.unseen)])
        return "\n".join(str(finding) for finding in self.findings)


def _not_seen(unseen: tuple[str, ...]) -> list[str]:
    return [f"These curves can't show {'; or '.join(unseen)}."] if unseen else []


def diagnose(
    history: Any = None,
    *,
    code: Any = None,
    val_loss: Any = None,
    lr: Any = None,
    grad_norm: Any = None,
    weight_norm: Any = None,
    config: Mapping[str, Any] | None = None,
    classes: int | None = None,
    kind: str = "",
) -> Diagnosis:
    """Say what ails a run, by its curves.

    history: whatever you have. The text that a terminal showed, or a path to a file of it; CSV,
    JSON, JSON lines, a `trainer_state.json`, TensorBoard's event files, or the text of one of the
    former; a DataFrame; what Keras's `fit` returns; a list of losses, of (step, loss) pairs or of
    dicts; a mapping of curves; a `Trace` of one run. None where only code is given.
    code: the training loop: its text, a cell of a notebook, a function, or the path of a file.
    val_loss, lr, grad_norm, weight_norm: curves over the same time, of any length, where history
    doesn't hold them; lr may be one number. The more, the better.
    config: what is known of the code. optimizer (a name, a class, or one that was made),
    weight_decay, schedulers (names of those on one optimizer), schedule_steps (what the schedule
    was told), steps_per_epoch, epochs, stepped ("batch" or "epoch"), code (as above).
    classes: how many there are, of a classifier. kind: "gan" or "policy", whose loss isn't meant
    to fall; a log that names both networks, or a reward, is taken for one.
    Raises: TypeError, ValueError where no loss is found, a curve isn't a list of numbers, or
    config is not as above; it names the entry and the value.

    How often it is right, of whom and in which form, is in benchmarks/CLINIC.md. Where less than
    the rate is known, some can't be told: a noise floor, a rate that has gone, a wrong pace want
    lr; a forgotten zero_grad wants grad_norm, or the code; overfitting wants val_loss; a weight
    decay that is too strong wants weight_norm. `unseen` says so.

    >>> print(diagnose([2.3, 2.0, 2.9, 8.0, 90.0, 3e4, float("inf")]).verdict)
    divergence
    >>> print(diagnose("step 100 | loss 2.31 | lr 1e-4\\nstep 200 | loss nan | lr 1e-4").read)
    2 losses, every 100th update (1 not finite); the rate
    """
    curves = dict(val_loss=val_loss, lr=lr, grad_norm=grad_norm, weight_norm=weight_norm)
    return judge(read(history, config, code=code, classes=classes, kind=kind, **curves))


def judge(seen: History) -> Diagnosis:
    """What ails a run that was read already."""
    with np.errstate(all="ignore"):  # losses of 1e300 are losses
        found = [f for sign in _signs(seen) if (f := sign(seen)) is not None]
    weak_first = sorted(found, key=lambda finding: finding.evidence)
    strongest = {finding.name: finding for finding in weak_first if finding.evidence >= ENOUGH}
    ranked = sorted(strongest.values(), key=lambda finding: -finding.evidence)
    told = [counted(finding, seen) for finding in ranked]
    aside = tuple(listing.cautions(seen.config.get("code", "")))
    if told:
        return Diagnosis(tuple(told), told[0].name, seen.said, cautions=aside)
    why = _unsure(seen)
    verdict = "can't tell" if why else "healthy"
    return Diagnosis((), verdict, seen.said, why, _unseen(seen), aside)


def _unseen(seen: History) -> tuple[str, ...]:
    """What nobody could see without a curve that wasn't kept."""
    kept = {name: getattr(seen, name) is not None for name in NEEDS}
    # A model that has learned nearly all there is isn't held back by its weight decay.
    kept["weight_norm"] |= not len(seen.loss) or seen.course[-1] < 0.1 * seen.start
    return tuple(words for name, words in NEEDS.items() if not kept[name])


def _unsure(seen: History) -> str:
    """Why a run without a finding can't be called healthy, or ""."""
    if not len(seen.loss) and seen.config.get("code"):
        return "I know nothing against this code, and have seen no loss of it"
    if not len(seen.loss):
        return "there is nothing that I could read"
    if seen.kind:
        return f"the losses of a {KINDS[seen.kind]} aren't meant to fall, and nothing has broken"
    if len(seen.loss) < few.FEW and not few.sound(seen):
        return f"fewer than {few.FEW} losses show neither health nor illness, unless it is gross"
    return ""


def _signs(seen: History) -> tuple[Sign, ...]:
    """All that can be seen: by how many losses there are, and whether they are meant to fall."""
    always = (signs.nan, held.lost, *precision.SIGNS, records.schedule_pace, *records.CODE)
    if not len(seen.loss):
        return always
    if seen.kind:
        return (signs.explosion, slow.unmoved, *always)
    if len(seen.loss) < few.FEW:
        return few.SIGNS + always
    beside = held.SIGNS + thrown.SIGNS + weights.SIGNS
    return signs.SIGNS + records.SIGNS + beside + order.SIGNS + precision.SIGNS
