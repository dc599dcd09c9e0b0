"""What people know about a run, in one form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["History", "checked", "jitter"]

BINS = 60  # in a curve, about as many as the eye takes in
KINDS = ("", "gan", "policy")  # of models; the loss of the last two isn't meant to fall


@dataclass(frozen=True, eq=False)
class History:
    """The curves of a run, each (n,) or None, and what is known about the code.

    loss up to the first that isn't a number; `lost` is the index of that one, or None. Empty where
    only code was given.
    weight_norm: of all weights together. loss_scale: of mixed precision. steps: of a curve, by
    name, the update or epoch of each of its values, where that was logged; unit: "update", "epoch"
    or "", which of them.
    classes: of a classifier, or None. kind: "gan" or "policy", whose loss isn't meant to fall, or
    "". said: what was read, in a line.
    """

    loss: np.ndarray
    val_loss: np.ndarray | None = None
    lr: np.ndarray | None = None
    grad_norm: np.ndarray | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    lost: int | None = None
    weight_norm: np.ndarray | None = None
    loss_scale: np.ndarray | None = None
    steps: Mapping[str, np.ndarray] = field(default_factory=dict)
    unit: str = ""
    classes: int | None = None
    kind: str = ""
    said: str = ""

    @property
    def every(self) -> float | None:
        """How many updates, or epochs, lie between one loss and the next; None if unknown."""
        at = self.steps.get("loss", ())
        return float(np.median(np.diff(at))) if len(at) > 1 else None

    @cached_property
    def course(self) -> np.ndarray:
        """The median loss of each of up to 60 bins: the curve without its noise."""
        return self.binned(self.loss)

    def binned(self, curve: np.ndarray, share: float = 0.5, most: int = BINS) -> np.ndarray:
        """The median, or another quantile, of any of the curves in each bin."""
        parts = np.array_split(np.asarray(curve, float), max(min(len(curve), most), 1))
        return np.array([_quantile(np.sort(part), share) for part in parts])

    @cached_property
    def jitter(self) -> float:
        """The spread of single losses about their course: from their jumps, in the calmer half."""
        half = len(self.loss) // 2
        return min(jitter(self.loss[:half]), jitter(self.loss[half:])) if half > 2 else 0.0

    @cached_property
    def noise(self) -> float:
        """The spread of a bin's median: from jumps of losses or of medians, whichever is more.

        The second is for smoothed curves, whose neighbors hardly differ and yet drift.
        """
        late = self.course[len(self.course) // 2 :]
        single = jitter(self.loss[len(self.loss) // 2 :]) / max(len(self.loss) / BINS, 1.0) ** 0.5
        return max(single, jitter(late)) if len(self.loss) > 3 else 0.0

    @cached_property
    def start(self) -> float:
        """Where the loss began; one bin, or the first value where it changes quickly."""
        return float(self.loss[: max(1, min(5, len(self.loss) // 50))].mean())

    @cached_property
    def fall(self) -> float:
        """How far the loss has come down at its lowest; 0 if it never has."""
        return max(self.start - float(self.course.min()), 0.0)


def jitter(curve: np.ndarray) -> float:
    """The standard deviation of a curve about its course, from its jumps; a slope isn't a jump."""
    jumps = np.diff(curve)
    jumps = jumps[:: max(len(jumps) // 10_000, 1)]  # in a long curve, these say as much as all
    if len(jumps) < 2:
        return 0.0
    return float(np.median(np.abs(jumps - np.median(jumps)))) * 1.4826 / 2**0.5


def _quantile(ordered: np.ndarray, share: float) -> float:
    """np.quantile of sorted numbers; thirty times as fast for a handful of them."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (at - low) * (ordered[high] - ordered[low]))


def checked(config: Any, classes: Any = None, kind: Any = "") -> Mapping[str, Any]:
    """The config as it is. Raises: TypeError or ValueError that names a useless entry."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(filter(None, KINDS))}, not {kind!r}")
    if classes is not None and (
        isinstance(classes, bool) or not isinstance(classes, int | np.integer) or classes < 2
    ):
        raise ValueError(f"classes must be a whole number of at least 2, not {classes!r}")
    if not isinstance(config, Mapping):
        raise TypeError(f"config must be a mapping, not {config!r:.60}")
    if config.get("stepped", "batch") not in ("batch", "epoch"):
        raise ValueError(f"stepped must be 'batch' or 'epoch', not {config['stepped']!r}")
    if isinstance(config.get("schedulers", ()), str):
        raise TypeError(f"schedulers must be a list of names, not {config['schedulers']!r}")
    for name in ("schedule_steps", "steps_per_epoch", "epochs"):
        count = config.get(name, 1)
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {count!r}")
    return config
