"""What people have of a run, in one form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["History"]

BINS = 60  # of a curve; as many as a reader's eye takes in
NAMES = {
    "loss": ("loss", "train_loss", "training_loss"),
    "val_loss": ("val_loss", "valid_loss", "validation_loss", "test_loss"),
    "lr": ("lr", "learning_rate"),
    "grad_norm": ("grad_norm",),
}


@dataclass(frozen=True, eq=False)
class History:
    """The curves of a run, each (n,) or None, and what is known of the code.

    loss up to the first that is no number; `lost` is the index of that one, or None.
    """

    loss: np.ndarray
    val_loss: np.ndarray | None = None
    lr: np.ndarray | None = None
    grad_norm: np.ndarray | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    lost: int | None = None

    @classmethod
    def read(cls, loss: Any, config: Mapping[str, Any], **curves: Any) -> "History":
        """loss: a list, an array, or a mapping or a trace that has it among others.

        Raises: TypeError or ValueError that names the curve.
        """
        if not isinstance(loss, Mapping) and hasattr(loss, "loss"):
            loss = vars(loss)
        if isinstance(loss, Mapping):
            found = {
                curve: next((loss[name] for name in names if name in loss), None)
                for curve, names in NAMES.items()
            }
            curves = found | {name: x for name, x in curves.items() if x is not None}
            if curves["loss"] is None:
                raise ValueError(f"a history must have a 'loss', not only {sorted(loss)}")
            loss = curves.pop("loss")
        whole = _curve("loss", loss)
        bad = np.flatnonzero(~np.isfinite(whole))
        lost = int(bad[0]) if len(bad) else None
        rest = {name: _curve(name, x) for name, x in curves.items() if x is not None}
        return cls(whole[:lost], config=config, lost=lost, **rest)

    @cached_property
    def course(self) -> np.ndarray:
        """The median loss of each of up to 60 bins: the curve without its noise."""
        return self.binned(self.loss)

    def binned(self, curve: np.ndarray) -> np.ndarray:
        """The median of any of the curves in each bin."""
        return np.array([np.median(part) for part in np.array_split(curve, min(len(curve), BINS))])

    @cached_property
    def noise(self) -> float:
        """The spread of a bin's median that is due to the noise from one loss to the next."""
        if len(self.loss) < 4:
            return 0.0
        late = self.loss[len(self.loss) // 2 :]
        jump = np.median(np.abs(np.diff(late))) * 1.4826 / 2**0.5
        return float(jump / max(len(self.loss) / BINS, 1.0) ** 0.5)

    @cached_property
    def start(self) -> float:
        """Where the loss began; one bin, or the first value where it changes quickly."""
        return float(self.loss[: max(1, min(5, len(self.loss) // 50))].mean())

    @cached_property
    def fall(self) -> float:
        """How far the loss has come down at its best; 0 where it has never."""
        return max(self.start - float(self.course.min()), 0.0)


def _curve(name: str, values: Any) -> np.ndarray:
    try:
        curve = np.asarray(values, float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a list of numbers, not {type(values).__name__}") from None
    if curve.ndim != 1 or not len(curve):
        raise ValueError(f"{name} must be a list of numbers, not of shape {curve.shape}")
    return curve
