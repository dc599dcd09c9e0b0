"""`diagnose`: a run's curves in, what ails it out, with the signs that were seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import records, signs
from .finding import Finding
from .history import History

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
    history: Any,
    *,
    val_loss: Any = None,
    lr: Any = None,
    grad_norm: Any = None,
    config: Mapping[str, Any] | None = None,
) -> Diagnosis:
    """Say what ails a run, by its curves.

    history: the training losses, by update or by epoch, a list or an array (n,); or a mapping with
    loss, val_loss, lr, grad_norm, as Keras's history.history; or a `Trace`.
    val_loss, lr, grad_norm: curves over the same time, of any length; the more, the better.
    config: what is known of the code. optimizer, weight_decay, schedulers (a list of names),
    schedule_steps (what the schedule was told), steps_per_epoch, epochs, code (the loop's text).
    Raises: TypeError, ValueError where a curve is no list of numbers.

    >>> print(diagnose([2.3, 2.0, 2.9, 8.0, 90.0, 3e4, float("inf")]).verdict)
    divergence
    """
    seen = History.read(history, config or {}, val_loss=val_loss, lr=lr, grad_norm=grad_norm)
    found = [finding for sign in signs.SIGNS + records.SIGNS if (finding := sign(seen)) is not None]
    weak_first = sorted(found, key=lambda finding: finding.evidence)
    strongest = {finding.name: finding for finding in weak_first if finding.evidence >= ENOUGH}
    told = sorted(strongest.values(), key=lambda finding: -finding.evidence)
    if told:
        return Diagnosis(tuple(told), told[0].name)
    return Diagnosis((), "can't tell" if len(seen.loss) < SHORT else "healthy")
