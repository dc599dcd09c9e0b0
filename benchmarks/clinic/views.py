"""What people keep of a run: every update or epoch, smoothed or not, only the loss or more."""

import numpy as np

from .trainings import Runs

__all__ = ["NEEDS", "VIEWS", "seen"]

# Illnesses that can't be seen without this curve.
NEEDS = {
    "rate decayed too early": "lr",
    "schedule at the wrong pace": "lr",
    "forgotten zero_grad": "grad_norm",
    "overfitting": "val_loss",
}
VIEWS = ("updates", "losses", "epochs", "epoch losses", "smoothed")


def seen(runs: Runs, k: int, view: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The curves of run k in this view."""
    loss, T = runs.loss[:, k].astype(float), len(runs.loss)
    if view == "losses":
        return {"loss": loss}
    if view == "smoothed":
        return {"loss": ema(loss, 1 - 1 / min(10, T / 20))}
    whole = {"loss": loss, "lr": runs.lr[:, k], "grad_norm": runs.grad_norm[:, k].astype(float)}
    if not whole["lr"].any():
        del whole["lr"]  # the optimizer's rate was different: it held different parameters
    whole["val_loss"] = runs.val_loss[:, k].astype(float)
    if view == "updates":
        return whole
    epochs = int(rng.choice([n for n in (12, 20, 40, 100, 200) if n <= T // 4] or [12]))
    means = {
        name: np.array([part.mean() for part in np.array_split(curve, epochs)])
        for name, curve in whole.items()
        if name in ("loss", "grad_norm")
    }
    if view == "epoch losses":
        return {"loss": means["loss"]}
    ends = np.linspace(T / epochs, T, epochs).astype(int) - 1
    at = np.linspace(0, len(whole["val_loss"]) - 1, epochs).astype(int)
    rates = {"lr": whole["lr"][ends]} if "lr" in whole else {}
    return means | rates | {"val_loss": whole["val_loss"][at]}


def ema(curve: np.ndarray, decay: float) -> np.ndarray:
    """Smoothed as TensorBoard does it."""
    smooth, weight, out = 0.0, 0.0, np.empty_like(curve)
    for i, y in enumerate(curve):
        smooth, weight = decay * smooth + (1 - decay) * y, decay * weight + 1 - decay
        out[i] = smooth / weight
    return out
