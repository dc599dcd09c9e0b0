"""What training-doctor 0.1.0 from PyPI says about the same runs."""

import importlib
import importlib.util
from typing import Any

import numpy as np

from . import plain

__all__ = ["TITLE", "page"]

TITLE = "\n### Beside it: training-doctor 0.1.0\n"

# Its seven sentences, and every illness they could mean, giving it the benefit of the doubt.
MEANS = {
    "Gradient instability detected": {"rate too high", "divergence", "NaN", "loss spikes"}
    | {"forgotten zero_grad", "no warmup"},
    "Possible mixed precision instability": {"NaN", "float16 overflow", "loss spikes"},
    "Learning rate likely too high": {"rate too high", "divergence", "NaN", "loss spikes"}
    | {"no warmup", "noise floor"},
    "Learning rate may be too low": {"rate too low", "rate is zero", "rate decayed too early"},
    "Overfitting detected": {"overfitting"},
    "Unusual train/eval pattern": {"overfitting", "BatchNorm's statistics"},
    "Training plateau detected": {"plateau", "dead gradients", "rate too low", "rate is zero"}
    | {"rate decayed too early", "weight decay too strong"},
    "Early training plateau": {"plateau", "dead gradients", "rate too low", "rate is zero"}
    | {"rate decayed too early", "weight decay too strong"},
}


def page(runs: list[tuple[plain.How, dict[str, np.ndarray], set[str]]]) -> str:
    """A paragraph, or nothing if it isn't installed."""
    if importlib.util.find_spec("training_doctor") is None:
        return ""
    sound = [curves for how, curves, _ in runs if how.illness == "healthy"]
    sick = [(curves, right) for how, curves, right in runs if how.illness != "healthy"]
    alone = sum(not _problems(curves) for curves in sound)
    met = sum(any(MEANS[p] & right for p in _problems(curves)) for curves, right in sick)
    return f"""{TITLE}
Two of these models, all curves, each update logged with `Doctor.log` as it comes, with its own
defaults.
Of {len(sick)} sick runs, in {met} at least one of its warnings, the first or not, can mean what is
wrong; of {len(sound)} sound runs it leaves {alone} alone.
"""


def _problems(curves: dict[str, np.ndarray]) -> list[str]:
    """Its warnings, in the order in which they came."""
    doctor: Any = importlib.import_module("training_doctor").Doctor()
    told: list[str] = []
    for t, loss in enumerate(curves["loss"]):
        now = dict(
            loss=float(loss), lr=float(curves["lr"][t]), grad_norm=float(curves["grad_norm"][t])
        )
        if (t + 1) % plain.BATCHES == 0:
            now["eval_loss"] = float(curves["val_loss"][t // plain.BATCHES])
        told += [found.problem for found in doctor.log(step=t, **now)]
    return told
