"""`diagnose` takes a run's curves, and says what ails it and what signs it saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import listing
from .counting import counted
from .finding import Finding
from .history import History
from .reading import read
from .signs import FEW, looked_for, sound

__all__ = ["Diagnosis", "Finding", "diagnose", "judge"]

ENOUGH = 0.5  # evidence: findings with less aren't mentioned
KINDS = {"gan": "GAN", "policy": "policy"}
NEEDS = {
    "val_loss": "overfitting (log a held-out loss)",
    "lr": "a wrong schedule (log the learning rate)",
    "grad_norm": "a forgotten zero_grad (log the gradient's norm)",
    "weight_norm": "a weight decay that is too strong (log the weights' norm)",
}


@dataclass(frozen=True)
class Diagnosis:
    """What was found, the strongest sign first.

    verdict: the name of the first finding, "healthy" if nothing was found, or "can't tell"
    if there are no curves, or they are too short to tell; `why` says which. read: what was
    read, in one line. unseen: what these curves can't show, and what to log so that they can.
    cautions: what the code had better not do, though it does the training no harm.
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
            return "\n".join(["Healthy: I see none of the signs I know.", *_not_seen(self.unseen)])
        return "\n".join(str(finding) for finding in self.findings)


def _not_seen(unseen: tuple[str, ...]) -> list[str]:
    *others, last = unseen or ("",)
    listed = f"{', '.join(others)}{',' * (len(others) > 1)} or {last}" if others else last
    return [f"These curves can't show {listed}."] if unseen else []


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
    """Say what ails a run, from its curves.

    history: whatever you have. The text from a terminal, or the path of a file with it; CSV,
    JSON, JSON lines, a `trainer_state.json` or TensorBoard's event files, or the text of one of
    those; a DataFrame; what Keras's `fit` returns; a list of losses, of (step, loss) pairs or of
    dicts; a mapping of curves; a `Trace` of one run. None if you give only code.
    code: the training loop, as text, a notebook cell, a function, or the path of a file.
    val_loss, lr, grad_norm, weight_norm: curves over the same time, of any length, if history
    doesn't contain them; lr may be one number. The more, the better.
    config: what you know about the code. optimizer (a name, a class, or an instance),
    weight_decay, schedulers (names of those on one optimizer), schedule_steps (what the schedule
    was told), steps_per_epoch, epochs, stepped ("batch" or "epoch"), code (as above).
    classes: the number of classes, for a classifier. kind: "gan" or "policy", whose loss isn't
    meant to fall; a log that names both networks, or a reward, is recognized as one.
    Raises: TypeError or ValueError if no loss is found, a curve isn't a list of numbers, or
    config isn't as above; it names the entry and the value.

    benchmarks/CLINIC.md says how often it is right, on which runs and in what form. If less than
    everything is known, some illnesses can't be seen. A noise floor, a rate that has vanished and a
    schedule at the wrong pace need lr; a forgotten zero_grad needs grad_norm or the code;
    overfitting needs val_loss; too strong a weight decay needs weight_norm. `unseen` says so.

    >>> print(diagnose([2.3, 2.0, 2.9, 8.0, 90.0, 3e4, float("inf")]).verdict)
    divergence
    >>> print(diagnose("step 100 | loss 2.31 | lr 1e-4\\nstep 200 | loss nan | lr 1e-4").read)
    2 losses, every 100th update (1 not finite); the rate
    """
    curves = dict(val_loss=val_loss, lr=lr, grad_norm=grad_norm, weight_norm=weight_norm)
    return judge(read(history, config, code=code, classes=classes, kind=kind, **curves))


def judge(seen: History) -> Diagnosis:
    """What ails a run that has already been read."""
    with np.errstate(all="ignore"):  # losses of 1e300 are losses
        found = [f for sign in looked_for(seen) if (f := sign(seen)) is not None]
    weak_first = sorted(found, key=lambda finding: finding.evidence)
    likely = [finding for finding in weak_first if finding.evidence >= ENOUGH]
    # The code may show what the curve shows, too: both are told, and only the curve's was counted.
    strongest = {(finding.name, finding.in_code): finding for finding in likely}
    ranked = sorted(strongest.values(), key=lambda finding: -finding.evidence)
    told = [counted(finding, seen) for finding in ranked]
    aside = tuple(listing.cautions(seen.config.get("code", "")))
    if told:
        return Diagnosis(tuple(told), told[0].name, seen.said, cautions=aside)
    why = _unsure(seen)
    verdict = "can't tell" if why else "healthy"
    return Diagnosis((), verdict, seen.said, why, _unseen(seen), aside)


def _unseen(seen: History) -> tuple[str, ...]:
    """What can't be seen without a curve that wasn't logged."""
    kept = {name: getattr(seen, name) is not None for name in NEEDS}
    # A model that has learned nearly all there is isn't held back by its weight decay.
    kept["weight_norm"] |= not len(seen.loss) or seen.course[-1] < 0.1 * seen.start
    return tuple(words for name, words in NEEDS.items() if not kept[name])


def _unsure(seen: History) -> str:
    """Why a run without a finding can't be called healthy, or ""."""
    if not len(seen.loss) and seen.config.get("code"):
        return "I found nothing wrong with this code, but I have seen no losses from it"
    if not len(seen.loss):
        return "there is nothing I could read"
    if seen.kind:
        return f"the losses of a {KINDS[seen.kind]} aren't meant to fall, and nothing has broken"
    if len(seen.loss) < FEW and not sound(seen):
        return f"fewer than {FEW} losses are too few to judge, except in gross cases"
    return ""
