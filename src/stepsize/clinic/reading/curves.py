"""Turns log records into curves: which name is which curve, and where each value belongs.

A gap stays a gap: a curve holds the values that were logged, and where in the run each one was.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .names import PART, Record, meaning

__all__ = ["Curve", "Log", "curves"]

NUMBER = re.compile(r"\d+")


class Curve(NamedTuple):
    """Values (n,), their rows in the log, and their name there."""

    name: str
    values: np.ndarray
    rows: np.ndarray


class Log(NamedTuple):
    """The curves of a log by role.

    at: (rows,), where in the run each row is, or None. unit: what that counts. kind: "gan" or
    "policy", if the names say so. notes: what was assumed.
    """

    curves: dict[str, Curve]
    at: np.ndarray | None = None
    unit: str = ""
    kind: str = ""
    notes: tuple[str, ...] = ()

    def places(self, role: str) -> np.ndarray | None:
        """Where in the run each value of a curve is; a few unknown places are interpolated."""
        rows = self.curves[role].rows
        if self.at is None or not len(rows):
            return None
        at = self.at[rows]
        known = np.isfinite(at)
        if known.mean() < 0.8:
            return None
        return np.interp(np.arange(len(at)), np.flatnonzero(known), at[known])


def curves(records: Sequence[Record]) -> Log:
    """The curves whose names are known."""
    records = _without_epoch_means(_without_running_means(records))
    records, notes = _zeros_for_nan(records)
    records = _last_run(records, notes)
    by_role: dict[str, dict[str, Curve]] = defaultdict(dict)
    for name in dict.fromkeys(name for record in records for name in record):
        if role := meaning(name).role:
            by_role[role][name] = _column(records, name, role)
    found = {role: _chosen(list(of.values())) for role, of in by_role.items()}
    _training_loss(found, by_role, notes)
    adversaries = "d_loss" in found and "g_loss" in found
    kind = "gan" if adversaries else "policy" if "reward" in found else ""
    at, unit = _places(records, found)
    keep = ("loss", "val_loss", "lr", "grad_norm", "weight_norm", "loss_scale")
    return Log({role: found[role] for role in keep if role in found}, at, unit, kind, tuple(notes))


def _column(records: Sequence[Record], name: str, role: str) -> Curve:
    rows = [i for i, record in enumerate(records) if record.get(name) is not None]
    told = [[records[i].get(key) for key in ("epoch", "step", name)] for i in rows]
    rows = [  # a progress bar repeats its numbers when it is redrawn
        i
        for k, i in enumerate(rows)
        if not k or told[k] != told[k - 1] or told[k][1] is None or not role.endswith("loss")
    ]
    values = np.array([records[i][name] for i in rows], float)
    return Curve(name, values, np.array(rows, int))


def _chosen(named: list[Curve]) -> Curve:
    """The curve with the plainest name for a role; of several such, the one with most values."""
    best = min(named, key=lambda curve: (meaning(curve.name).rank, -len(curve.values)))
    parts = [curve for curve in named if len(curve.rows) and meaning(curve.name).rank >= PART]
    together = [curve for curve in parts if np.array_equal(curve.rows, parts[0].rows)]
    if meaning(best.name).rank < PART or len(together) < 2:
        return best
    total = np.sum([curve.values for curve in together], 0)
    return Curve(" + ".join(curve.name for curve in together), total, together[0].rows)


def _training_loss(
    found: dict[str, Curve], by_role: dict[str, dict[str, Curve]], notes: list[str]
) -> None:
    """Find a training loss if none goes by that name: the generator's, or a held-out loss."""
    if "loss" in found:
        return
    held = [curve for curve in by_role["val_loss"].values() if len(curve.values)]
    if "g_loss" in found:
        found["loss"] = found["g_loss"]
        notes.append("the loss judged is the generator's")
    elif "d_loss" in found:
        found["loss"] = found["d_loss"]
    elif len({NUMBER.sub("", curve.name) for curve in held}) < len(held):
        found["loss"], found["val_loss"] = held[0], held[1]  # XGBoost's validation_0 and _1
        notes.append(f"{held[0].name} is taken for the training loss")
    elif held:
        found["loss"] = found.pop("val_loss")
        notes.append(f"there is no training loss, so {found['loss'].name} is judged")


def _without_running_means(records: Sequence[Record]) -> list[Record]:
    """Of progress bars with running means, only each epoch's last; all of them if too few ended."""
    if sum(record.get("running") == 0.0 for record in records) < 2:
        return list(records)
    return [record for record in records if not record.get("running")]


def _without_epoch_means(records: list[Record]) -> list[Record]:
    """Without the mean loss of a whole epoch, where its steps have the same name for theirs."""
    single = {name for r in records if "of" in r and not r.get("mean") for name in r}
    single = {name for name in single if meaning(name).role == "loss"}
    return [
        {name: value for name, value in r.items() if not r.get("mean") or name not in single}
        for r in records
    ]


def _last_run(records: list[Record], notes: list[str]) -> list[Record]:
    """The last of several runs in one log: its epochs start over, from the first or from one that
    was cut off above."""
    counted = [(i, at) for i, r in enumerate(records) if (at := r.get("epoch")) is not None]
    if all(b <= a for (_, a), (_, b) in pairwise(counted)):
        return records  # without epochs, or with the newest lines first
    first, highest, starts = counted[0][1], counted[0][1], [0]
    for i, epoch in counted:
        if epoch <= first and epoch < highest:
            starts.append(i)
            first = highest = epoch
        highest = max(highest, epoch)
    runs = [records[a:b] for a, b in pairwise([*starts, None])]
    whole = [run for run in runs if sum(_has_loss(r) for r in run) > 1]
    if len(whole) < 2:
        return records
    notes.append(f"the last of {len(whole)} runs is judged")
    return whole[-1]


def _has_loss(record: Record) -> bool:
    return any(meaning(name).role.endswith("loss") for name in record)


def _zeros_for_nan(records: list[Record]) -> tuple[list[Record], list[str]]:
    """Hugging Face's Trainer logs a loss of NaN as 0.0; the gradient's norm gives it away."""
    zero = [i for i, r in enumerate(records) if r.get("loss") == 0.0 and "epoch" in r]
    lost = {i for i in zero if np.isnan(records[i].get("grad_norm") or 0.0)}
    seen = [i for i, record in enumerate(records) if record.get("loss") is not None]
    tail = [i for i in seen if zero and i >= zero[0]]
    sudden = len(tail) > 1 and tail == zero and "learning_rate" in records[tail[0]]
    before = [records[i]["loss"] or 0.0 for i in seen if i < tail[0]] if tail else []
    norms = any("grad_norm" in records[i] for i in tail)
    if sudden and before and before[-1] > 0.01 and not norms:
        lost |= set(tail)
    if not lost:
        return records, []
    note = f"losses of 0.0 ({len(lost)}) are read as NaN, because this Trainer logs NaN that way"
    return [r | {"loss": np.nan} if i in lost else r for i, r in enumerate(records)], [note]


def _places(records: Sequence[Record], found: dict[str, Curve]) -> tuple[np.ndarray | None, str]:
    """Where in the run each row is, in updates or epochs; None if nothing says so."""
    rows = found["loss"].rows if "loss" in found else np.arange(len(records))
    step, epoch = (_axis(records, found, role) for role in ("step", "epoch"))
    if step is not None and _rises(step[rows]):
        return step, "update"
    if epoch is not None and _rises(epoch[rows]):
        return epoch, "epoch"
    if step is not None and epoch is not None and _rises(epoch[rows], or_stays=True):
        return _within_epochs(records, step, epoch), "update"
    return None, ""


def _axis(records: Sequence[Record], found: dict[str, Curve], role: str) -> np.ndarray | None:
    """The step or the epoch of each row; NaN if it has none."""
    at = np.full(len(records), np.nan)
    if role in found:
        at[found[role].rows] = found[role].values
    return at if np.isfinite(at).any() else None


def _rises(at: np.ndarray, or_stays: bool = False) -> bool:
    """Whether it tells rows apart: it is known for most rows, and grows from one to the next."""
    known = at[np.isfinite(at)]
    if len(known) < 0.8 * len(at) or not len(at):
        return False
    jumps = np.diff(known)
    grows = jumps >= 0 if or_stays else jumps > 0
    return len(known) == 1 or bool(np.mean(grows) > 0.9)


def _within_epochs(records: Sequence[Record], step: np.ndarray, epoch: np.ndarray) -> np.ndarray:
    """Steps that restart in each epoch, as a single count; a row without a step ends an epoch."""
    length = max([r.get("of") or 0.0 for r in records] + [float(np.nanmax(step))])
    return (epoch - np.nanmin(epoch)) * length + np.where(np.isfinite(step), step, length)
