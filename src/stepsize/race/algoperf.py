"""AlgoPerf's self-tuning competition: how long each submission took to the target of each task.

Source: mlcommons/submissions_algorithms, artifacts/tech_report_v1, the draft of a report, 2026; the
updates and the published scores from commit 5d477cd, the times from commit 6caaae7. The table of
times lacks one AdEMAMix, and has a second DiLoCo.
"""

import json
from pathlib import Path

import numpy as np

__all__ = ["published", "times"]

TABLE = json.loads(Path(__file__).with_name("algoperf.json").read_text(encoding="utf-8"))
TASKS: list[str] = TABLE["tasks"]


def times(by: str = "updates") -> tuple[list[str], np.ndarray]:
    """The submissions' names, and what each took to the targets: (submissions, tasks).

    by: "updates", or "time", as a share of the task's budget. Infinity if it wasn't reached.

    >>> names, table = times()
    >>> table.shape, names[0], float(table[0, 0])
    ((14, 9), 'Schedule-Free AdamW v2 (PyTorch)', 7951.0)
    """
    if by not in ("updates", "time"):
        raise ValueError(f"by must be updates or time, not {by!r}")
    rows = TABLE[by]
    return list(rows), np.array(
        [[np.inf if x is None else x for x in row] for row in rows.values()]
    )


def published(by: str = "updates") -> dict[str, float]:
    """The scores that the competition published, for the submissions in its table of updates."""
    return dict(TABLE["published"][by])
