"""`diagnose`: a run's curves in, what ails it out, with the signs that were seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import records, signs
from .finding import Finding, Sign
from .history import History
from .reading import read

__all__ = ["Diagnosis", "Finding", "diagnose"]

ENOUGH = 0.5  # of evidence, to be told at all
SHORT = 12  # fewer losses than this show only what is gross


@dataclass(frozen=True)
class Diagnosis:
    """What was found, by evidence, the strongest first.

    verdict: the name of the first finding, "healthy" where nothing was found, or "can't tell"
    where the curves are too short to say so.
    """

    findings: tuple[Finding, ...]
    verdict: str

    def __str__(self) -> str:
        if self.verdict == "can't tell":
            return f"I can't tell: fewer than {SHORT} losses show neither health nor illness."
        if not self.findings:
            return "Healthy: none of the signs that I know."
        return "\n".join(str(finding) for finding in self.findings)


def diagnose(
    history: Any = None,
    *,
    code: Any = None,
    val_loss: Any = None,
    lr: Any = None,
    grad_norm: Any = None,
    config: Mapping[str, Any] | None = None,
    classes: int | None = None,
    kind: str = "",
) -> Diagnosis:
    """Say what ails a run, by its curves.

    history: the training losses, by update or by epoch, a list, an array or a tensor (n,); or a
    mapping with loss, val_loss, lr (or learning_rate), grad_norm, as Keras's `fit` returns it; or
    a `Trace` of one run.
    val_loss, lr, grad_norm: curves over the same time, of any length; the more, the better.
    config: what is known of the code. optimizer (a name, a class, or one that was made),
    weight_decay, schedulers (names of those on one optimizer), schedule_steps (what the schedule
    was told), steps_per_epoch, epochs, stepped ("batch" or "epoch"), code (the text of the loop,
    read as Python: see listing.py).
    Raises: TypeError, ValueError where a curve is no list of numbers, or config is not as above;
    it names the entry and the value.

    How often it is right, of whom and in which form, is in benchmarks/CLINIC.md. Where less than
    the rate is known, some can't be told: a noise floor, a rate that has gone, a wrong pace want
    lr; a forgotten zero_grad wants grad_norm, or the code; overfitting wants val_loss.

    >>> print(diagnose([2.3, 2.0, 2.9, 8.0, 90.0, 3e4, float("inf")]).verdict)
    divergence
    """
    curves = dict(val_loss=val_loss, lr=lr, grad_norm=grad_norm)
    seen = read(history, config, code=code, classes=classes, kind=kind, **curves)
    with np.errstate(all="ignore"):  # losses of 1e300 are losses
        found = [f for sign in _signs(seen) if (f := sign(seen)) is not None]
    weak_first = sorted(found, key=lambda finding: finding.evidence)
    strongest = {finding.name: finding for finding in weak_first if finding.evidence >= ENOUGH}
    told = sorted(strongest.values(), key=lambda finding: -finding.evidence)
    if told:
        return Diagnosis(tuple(told), told[0].name)
    return Diagnosis((), "can't tell" if len(seen.loss) < SHORT else "healthy")


def _signs(seen: History) -> tuple[Sign, ...]:
    """All of them; where the very first loss is no number, there is no curve to look at."""
    return signs.SIGNS + records.SIGNS if len(seen.loss) else (signs.nan, *records.CODE)
