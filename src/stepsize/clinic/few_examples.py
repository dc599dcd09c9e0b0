"""The advice if a few examples are seen so often that they are memorized."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..frameworks.recipe import Recipe
from .evidence import HERE, TABLES, Known

__all__ = ["ROWS", "SCALED", "STOP", "far_from_unit", "for_few", "learned_by_heart"]

FEW, OFTEN = 1000, 2  # examples at most, and epochs at least
HALF = 70  # epochs in which decay alone halves a weight; it does so once in a run, at most
PATIENCE = 20  # looks at the held-out loss
SPREAD, FAR = (0.5, 2.0), 2.0  # of targets with about unit scale; the limit of their mean

ROWS = Known(
    None,
    "few examples, seen often: it halves a weight in 70 epochs, or over a shorter run",
    HERE,
    TABLES,
)
STOP = Known(
    None, "held-out losses without a new lowest; then restore the best weights", HERE, TABLES
)
SCALED = Known(
    None,
    "the rate assumes a mean of 0 and a spread of 1; undo this in the predictions",
    HERE,
    TABLES,
)


def learned_by_heart(examples: int, epochs: float) -> bool:
    """Whether there are few examples, seen often."""
    return examples <= FEW and epochs >= OFTEN


def for_few(recipe: Recipe, epochs: float) -> Recipe:
    """The recipe with early stopping, and with a decay that halves a weight that has no gradient
    in HALF epochs, or over the run if that is shorter."""
    walked = float(recipe.lr(np.arange(recipe.steps)).sum())
    decay = float(f"{math.log(2) * min(epochs / HALF, 1) / walked:.2g}")
    return replace(recipe, hyper={**recipe.hyper, "weight_decay": decay}, patience=PATIENCE)


def far_from_unit(targets: Any) -> str:
    """How to scale targets that are far from a mean of 0 and a spread of 1; otherwise empty.

    Raises: TypeError or ValueError if they aren't finite numbers.
    """
    if targets is None:
        return ""
    try:
        values = np.asarray(targets, float)
    except (TypeError, ValueError):
        raise TypeError(f"targets must be numbers, not {targets!r:.60}") from None
    if not values.size or not np.isfinite(values).all():
        raise ValueError("targets must be finite numbers, at least one")
    mean, spread = float(values.mean()), float(values.std())
    near = SPREAD[0] <= spread <= SPREAD[1] and abs(mean) <= FAR
    return "" if near or not spread else f"(y - {mean:.3g}) / {spread:.3g}"
