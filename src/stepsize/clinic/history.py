"""What people have of a run, in one form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["History", "jitter"]

BINS = 60  # of a curve; as many as a reader's eye takes in
NAMES = {
    "loss": ("loss", "train_loss", "training_loss"),
    "val_loss": ("val_loss", "valid_loss", "validation_loss", "test_loss", "eval_loss"),
    "lr": ("lr", "learning_rate"),
    "grad_norm": ("grad_norm",),
}


@dataclass(frozen=True, eq=False)
class History:
    """The curves of a run, each (n,) or None, and what is known of the code.

    loss up to the first that isn't a number; `lost` is the index of that one, or None. Empty where
    only code was given.
    loss_scale: of mixed precision. steps: of a curve, by name, the update or epoch of each of its
    values, where that was logged; unit: "update", "epoch" or "", which of them.
    classes: of a classifier, or None. kind: "gan" or "policy", whose loss isn't meant to fall, or
    "". said: what was read, in a line.
    """

    loss: np.ndarray
    val_loss: np.ndarray | None = None
    lr: np.ndarray | None = None
    grad_norm: np.ndarray | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    lost: int | None = None
    loss_scale: np.ndarray | None = None
    steps: Mapping[str, np.ndarray] = field(default_factory=dict)
    unit: str = ""
    classes: int | None = None
    kind: str = ""
    said: str = ""

    @classmethod
    def read(
        cls,
        loss: Any,
        config: Mapping[str, Any],
        classes: int | None = None,
        kind: str = "",
        **curves: Any,
    ) -> "History":
        """loss: a list, an array, or a mapping or a trace that has it among others.

        Raises: TypeError or ValueError that names the curve, and what of it is no number.
        """
        loss = getattr(loss, "history", loss)  # of Keras, whose fit returns it wrapped
        if not isinstance(loss, Mapping) and hasattr(loss, "loss"):
            loss = _of_trace(loss)
        if isinstance(loss, Mapping):
            found = {
                curve: next((loss[name] for name in names if name in loss), None)
                for curve, names in NAMES.items()
            }
            curves = found | {name: x for name, x in curves.items() if x is not None}
            if curves["loss"] is None:
                raise ValueError(f"a history must have a 'loss', not only {sorted(loss)}")
            loss = curves.pop("loss")
        _checked(config)
        whole = _curve("loss", loss)
        bad = np.flatnonzero(~np.isfinite(whole))
        lost = int(bad[0]) if len(bad) else None
        rest = {name: _curve(name, x) for name, x in curves.items() if x is not None}
        return cls(whole[:lost], config=config, lost=lost, classes=classes, kind=kind, **rest)

    @property
    def every(self) -> float | None:
        """How many updates, or epochs, there are from one loss to the next; None: not known."""
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
        """The spread of single losses about their course: by their jumps, in the calmer half."""
        half = len(self.loss) // 2
        return min(jitter(self.loss[:half]), jitter(self.loss[half:])) if half > 2 else 0.0

    @cached_property
    def noise(self) -> float:
        """The spread of a bin's median: by the jumps of losses, or of medians, where it is more.

        The second is for curves that were smoothed: their neighbours jump little, and yet wander.
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
        """How far the loss has come down at its best; 0 where it has never."""
        return max(self.start - float(self.course.min()), 0.0)


def jitter(curve: np.ndarray) -> float:
    """The standard deviation of a curve about its course, from its jumps; a slope is no jump."""
    jumps = np.diff(curve)
    jumps = jumps[:: max(len(jumps) // 10_000, 1)]  # of a long curve, these say as much
    if len(jumps) < 2:
        return 0.0
    return float(np.median(np.abs(jumps - np.median(jumps)))) * 1.4826 / 2**0.5


def _quantile(ordered: np.ndarray, share: float) -> float:
    """np.quantile of what is in order already; thirty times as fast on a handful of numbers."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (at - low) * (ordered[high] - ordered[low]))


def _checked(config: Any) -> None:
    """Raises what names the entry that is no use."""
    if not isinstance(config, Mapping):
        raise TypeError(f"config must be a mapping, not {config!r:.60}")
    if not isinstance(config.get("code", ""), str):
        raise TypeError(f"code must be the text of the loop, not {config['code']!r:.60}")
    if config.get("stepped", "batch") not in ("batch", "epoch"):
        raise ValueError(f"stepped must be 'batch' or 'epoch', not {config['stepped']!r}")
    if isinstance(config.get("schedulers", ()), str):
        raise TypeError(f"schedulers must be a list of names, not {config['schedulers']!r}")
    for name in ("schedule_steps", "steps_per_epoch", "epochs"):
        count = config.get(name, 1)
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {count!r}")


def _of_trace(trace: Any) -> dict[str, Any]:
    """Of a `Trace`: the losses, the rate, and the length of the gradient."""
    loss = np.asarray(trace.loss)
    if loss.ndim > 1:
        raise ValueError(
            f"loss of this trace is that of several runs, of shape {loss.shape}: "
            "give those of one, as trace.loss[:, 0]"
        )
    kept, lr, grad = {"loss": loss}, getattr(trace, "lr", None), getattr(trace, "grad", None)
    if lr is not None and np.ndim(lr) == 1:
        kept["lr"] = np.asarray(lr)
    if grad is not None:
        kept["grad_norm"] = np.linalg.norm(np.asarray(grad), axis=-1)
    return kept


def _curve(name: str, values: Any) -> np.ndarray:
    if isinstance(values, str | bytes | Mapping):
        raise TypeError(f"{name} must be a list of numbers, not {values!r:.60}")
    values = _plain(values)
    if getattr(getattr(values, "dtype", None), "kind", "f") in "OSU":
        values = list(values)  # where a None or a word may be; NumPy would make numbers of them
    if isinstance(values, list | tuple):
        values = [_plain(value) for value in values]
        for i, value in enumerate(values):
            if value is None or isinstance(value, str | bytes | complex):
                raise TypeError(f"{name} must be a list of numbers; {name}[{i}] is {value!r:.60}")
    try:
        curve = np.asarray(values, float)
    except (TypeError, ValueError):
        kind = type(values).__name__
        raise TypeError(f"{name} must be a list of numbers, not {kind}: {values!r:.60}") from None
    if curve.ndim != 1 or not len(curve):
        raise ValueError(f"{name} must be a list of numbers, not of shape {curve.shape}")
    return curve


def _plain(value: Any) -> Any:
    """A tensor without its graph, wherever it is; anything else as it is."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value
