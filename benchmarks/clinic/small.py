"""Small tables: rows and targets, of scikit-learn's, some stored and some made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets

__all__ = ["ASIDE", "MADE_ON", "Table"]

Loaded = tuple[np.ndarray, np.ndarray]
SEED = 5  # of the data that are made


@dataclass(frozen=True)
class Table:
    """Rows, and how many classes there are; 0: the target is a number."""

    load: Callable[[], Loaded]
    classes: int = 0


def _digits() -> Loaded:
    X, y = datasets.load_digits(return_X_y=True)
    return X[:300], y[:300]


def _made(name: str, **how: Any) -> Callable[[], Loaded]:
    return lambda: getattr(datasets, name)(**how, random_state=SEED)


def _hastie() -> Loaded:
    X, y = datasets.make_hastie_10_2(400, random_state=SEED)
    return X, (y > 0).astype(int)


def _stored(name: str) -> Callable[[], Loaded]:
    return lambda: getattr(datasets, f"load_{name}")(return_X_y=True)


# The rule was made on the first; on the others it was only tried.
MADE_ON = {
    "wines": Table(_stored("wine"), 3),
    "300 digits": Table(_digits, 10),
    "moons": Table(_made("make_moons", n_samples=300, noise=0.3), 2),
    "Friedman 1": Table(_made("make_friedman1", n_samples=250, noise=1.0)),
    "sparse": Table(_made("make_sparse_uncorrelated", n_samples=200)),
    "a tenth of the labels wrong": Table(
        _made("make_classification", n_samples=400, n_informative=5, flip_y=0.1), 2
    ),
}
ASIDE = {
    "breast cancer": Table(_stored("breast_cancer"), 2),
    "diabetes": Table(_stored("diabetes")),
    "irises": Table(_stored("iris"), 3),
    "Hastie": Table(_hastie, 2),
    "Friedman 2": Table(_made("make_friedman2", n_samples=300, noise=50.0)),
    "Friedman 3": Table(_made("make_friedman3", n_samples=300, noise=0.1)),
    "circles": Table(_made("make_circles", n_samples=250, noise=0.15, factor=0.6), 2),
    "quantiles": Table(
        _made("make_gaussian_quantiles", n_samples=500, n_features=8, n_classes=3), 3
    ),
}
