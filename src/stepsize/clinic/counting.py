"""The percentages: how often a finding was right when it came first.

benchmarks/clinic/counting.py counts this on runs in the same form that the rules weren't made on,
and writes counted.json. Two calls are added, one of them right, because three right calls out of
three aren't certainty.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

from .finding import Finding
from .history import History
from .signs import FEW

__all__ = ["ENOUGH", "FORMS", "counted", "form"]

MANY = 100  # losses
FORMS = ("curve", "curve alone", "lines", "few lines")
TABLE = Path(__file__).with_name("counted.json")
ENOUGH = 5  # calls, or the finding isn't counted


def form(run: History) -> str:
    """The form of a run: how many losses there are, and whether there is anything else."""
    if len(run.loss) >= MANY:
        alone = run.val_loss is None and run.lr is None and run.grad_norm is None
        return "curve alone" if alone else "curve"
    return "lines" if len(run.loss) >= 20 else "few lines"


@cache
def _table() -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


def counted(finding: Finding, run: History) -> Finding:
    """The finding with the share of such calls that were right; unchanged if there were few.

    A fault in the code isn't one of these calls, even if it has the same name; nor is a finding
    from a handful of losses, which other signs look at.
    """
    right, times = _table().get(form(run), {}).get(finding.name, (0, 0))
    if times < ENOUGH or finding.in_code or len(run.loss) < FEW:
        return finding
    return replace(finding, evidence=(right + 1) / (times + 2), calls=times)
