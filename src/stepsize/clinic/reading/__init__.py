"""Reads whatever people have kept of a run into a `History`; `read` is the way in.

Each kind of text or object has its own reader, and sources.py knows which. All of them pass on
records, one for each moment that was logged. curves.py makes curves of these, and said.py says what
was read.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..history import History, checked
from .columns import numbers
from .curves import Curve, Log, curves
from .program import program
from .said import said
from .sources import records

__all__ = ["read"]


def read(
    history: Any,
    config: Mapping[str, Any] | None = None,
    *,
    code: Any = None,
    classes: int | None = None,
    kind: str = "",
    **given: Any,
) -> History:
    """A history from whatever it is; given: curves passed by name, or one rate for all.

    Raises: TypeError or ValueError that names the curve, and the part that isn't a number.
    """
    config = dict(checked(config or {}, classes, kind))
    notes: tuple[str, ...] = ()
    code = config.get("code") if code is None else code
    if code is not None:
        config["code"], unread = program(code)
        notes = (unread,) if unread else ()
    log = Log({}) if history is None and code is not None else _log(history)
    known = _with_rates(log)
    for name, values in given.items():
        if values is not None:
            known[name] = _given(name, values, len(known["loss"].values) if "loss" in known else 1)
    log = log._replace(curves=known, notes=log.notes + notes)
    return _history(log, config, classes, kind)


def _with_rates(log: Log) -> dict[str, Curve]:
    """A rate that is logged less often than the loss holds until the next one is logged."""
    known = dict(log.curves)
    loss, lr = known.get("loss"), known.get("lr")
    seldom = loss and lr and 0 < len(lr.rows) < len(loss.rows)
    if loss and lr and seldom and lr.rows[0] < loss.rows[-1] and lr.rows[-1] > loss.rows[0]:
        last = np.searchsorted(lr.rows, loss.rows, side="right") - 1
        known["lr"] = Curve(lr.name, lr.values[np.maximum(last, 0)], loss.rows)
    return known


def _given(name: str, values: Any, length: int) -> Curve:
    """A curve that the caller named; a single number for a rate means that rate throughout."""
    if name == "lr" and isinstance(values, int | float | np.number):
        values = np.full(max(length, 1), float(values))
    solid = np.array([value for value in numbers(name, values) if value is not None], float)
    return Curve(name, solid, np.zeros(0, int))


def _history(log: Log, config: dict[str, Any], classes: int | None, kind: str) -> History:
    values = {name: curve.values for name, curve in log.curves.items()}
    whole = values.pop("loss", np.zeros(0))
    bad = np.flatnonzero(~np.isfinite(whole))
    lost = int(bad[0]) if len(bad) else None
    placed = {name: log.places(name) for name in log.curves}
    steps = {name: at for name, at in placed.items() if at is not None}
    if "loss" in steps:
        steps["loss"] = steps["loss"][:lost]
    if "lr" in values:
        known = np.isfinite(values["lr"])
        values["lr"] = values["lr"][known]
        steps |= {"lr": steps["lr"][known]} if "lr" in steps else {}
    return History(
        whole[:lost],
        val_loss=_some(values, "val_loss"),
        lr=_some(values, "lr"),
        grad_norm=_some(values, "grad_norm"),
        weight_norm=_some(values, "weight_norm"),
        loss_scale=_some(values, "loss_scale"),
        config=config,
        lost=lost,
        steps=steps,
        unit=log.unit if "loss" in steps else "",
        classes=classes,
        kind=kind or log.kind,
        said=said(log, config),
    )


def _some(values: dict[str, np.ndarray], name: str) -> np.ndarray | None:
    return values[name] if len(values.get(name, ())) else None


def _log(history: Any) -> Log:
    """The curves of a text, a file, or an object; there must be a loss among them."""
    if isinstance(history, np.ndarray) and history.ndim == 1 and history.dtype.kind in "fiu":
        rows, log = [], Log({"loss": Curve("loss", history.astype(float), np.arange(len(history)))})
    else:
        rows = records(history)
        log = curves(rows)
    if "loss" not in log.curves:
        names = sorted({name for row in rows for name in row})
        raise ValueError(
            f"a history must have a 'loss'; what was read has only {names[:12]}"
            if names
            else f"no loss was found in {str(history)!r:.60}"
        )
    if not len(log.curves["loss"].values):
        raise ValueError("loss must be a list of numbers, but all of it is blank")
    return log
