"""The line that says what was read, so that you notice if it was misread."""

from collections.abc import Mapping

import numpy as np

from .curves import Log
from .names import UNNAMED

__all__ = ["said"]


def said(log: Log, config: Mapping[str, object]) -> str:
    """For instance: "120 losses, every 10th update; 12 held-out losses; the rate"."""
    found, parts = log.curves, []
    if "loss" in found:
        parts.append(_many(len(found["loss"].values), "loss") + _named(log, "loss") + _pace(log))
        lost = int(np.count_nonzero(~np.isfinite(found["loss"].values)))
        if lost:
            parts[-1] += f" ({lost} not finite)"
    if "val_loss" in found:
        parts.append(_many(len(found["val_loss"].values), "held-out loss"))
    for role, name in (
        ("lr", "the rate"),
        ("grad_norm", "the gradient's norm"),
        ("weight_norm", "the weights' norm"),
        ("loss_scale", "the loss scale"),
    ):
        if role in found:
            parts.append(name)
    if config.get("code"):
        parts.append("the code")
    return "; ".join(parts + list(log.notes))


def _many(count: int, name: str) -> str:
    return f"1 {name}" if count == 1 else f"{count:,} {name}es"


def _named(log: Log, role: str) -> str:
    """The curve's name in the log, if it differs from its role."""
    name = log.curves[role].name.removesuffix(f" {UNNAMED}")
    return "" if name in ("loss", role) else f" ({name})"


def _pace(log: Log) -> str:
    at = log.places("loss") if len(log.curves["loss"].values) > 1 else None
    if at is None:
        return ""
    every = float(np.median(np.diff(at)))
    if every <= 0:
        return ""
    if every != round(every):
        return f", every {every:.2g} {log.unit}s"
    return f", by {log.unit}" if every == 1 else f", every {_th(round(every))} {log.unit}"


def _th(number: int) -> str:
    last = 0 if number % 100 in (11, 12, 13) else number % 10
    return f"{number:,}" + {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
