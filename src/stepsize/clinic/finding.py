"""`Finding`, an illness that was seen, and the measurements that most signs are made of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .history import History

__all__ = [
    "Finding",
    "Sign",
    "apart",
    "blocks",
    "chance",
    "spread",
    "straightness",
    "too_high",
    "trend",
]

GUESSES = (2, 3, 4, 5, 10, 20, 50, 100, 1000)  # common numbers of classes


@dataclass(frozen=True)
class Finding:
    """An illness: its name, how sure we are, the sign we saw, what to try, and the lesson to read.

    evidence: in a diagnosis, how often this was right when it came first for runs in the same
    form (counting.py); an estimate if it hardly ever came first, or if the code shows it.
    at: the index of the loss where it shows, or None if it doesn't show in one place.
    calls: how many such calls were counted; 0 if evidence is an estimate.
    in_code: whether the code or the configuration shows it, and not a curve.
    """

    name: str
    evidence: float
    sign: str
    remedy: str
    lesson: int
    at: int | None = None
    calls: int = 0
    in_code: bool = False

    @property
    def certainty(self) -> str:
        """How sure we are: a percentage if it was counted, a word if it is an estimate."""
        if self.calls:
            return f"{self.evidence:.0%}"
        words = ((0.9, "very likely"), (0.7, "likely"), (0.0, "possible"))
        return next(word for least, word in words if self.evidence >= least)

    def __str__(self) -> str:
        return f"{self.name} ({self.certainty}): {self.sign} {self.remedy} (Lesson {self.lesson}.)"


Sign = Callable[[History], Finding | None]


def straightness(course: np.ndarray, noise: float = 0.0) -> float:
    """The share of the curve's variance, beyond its noise, that a straight line explains."""
    x = np.arange(len(course))
    rest = course - np.polyval(np.polyfit(x, course, 1), x)
    return float(1 - max(rest.var() - noise**2, 0.0) / max(course.var(), 1e-300))


def trend(y: np.ndarray) -> tuple[float, float]:
    """The slope of a line through all of y, and that slope divided by its own error."""
    y, size = blocks(y)
    x = np.arange(len(y)) - (len(y) - 1) / 2
    slope = float(x @ y / (x @ x))
    rest = y - y.mean() - slope * x
    error = float((rest @ rest / max(len(y) - 2, 1) / (x @ x)) ** 0.5)
    return slope / size, slope / max(error, 1e-300)


def spread(y: np.ndarray) -> float:
    """The standard deviation about a line of the losses as they were before they were smoothed.

    A mean of k of them is off by spread / k**0.5. In a curve that was smoothed exponentially,
    neighbors have correlation rho, so before that it jittered ((1 + rho) / (1 - rho))**0.5 times as
    much.
    """
    y, size = blocks(y)
    x = np.arange(len(y))
    rest = y - np.polyval(np.polyfit(x, y, 1), x) if len(y) > 2 else y - y.mean()
    rho = float(rest[1:] @ rest[:-1] / max(rest @ rest, 1e-300))
    rho = min(max(rho, 0.0), 0.98)
    return float(rest.std()) * (size * (1 + rho) / (1 - rho)) ** 0.5


def blocks(y: np.ndarray) -> tuple[np.ndarray, int]:
    """Means of blocks, and their size: for a long curve, ten thousand say as much as all."""
    size = max(len(y) // 10_000, 1)
    return y[len(y) % size :].reshape(-1, size).mean(1), size


def chance(level: float, classes: int | None = None) -> int | None:
    """For how many classes a loss at this level is a blind guess; None if it isn't one.

    classes: how many there are, if known; otherwise some common numbers are tried.
    """
    for number in (classes,) if classes else GUESSES:
        if abs(level - np.log(number)) < (0.01 if classes else 0.004) * np.log(number):
            return number
    return None


def apart(a: float, b: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart, at least three."""
    for digits in range(3, 9):
        one, other = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if one != other:
            break
    return one, other


def too_high(sign: str, evidence: float = 0.86) -> Finding:
    """The finding for a learning rate that is too high; sign: what shows it."""
    return Finding(
        "rate too high",
        evidence,
        f"{sign[0].upper()}{sign[1:]}.",
        "Lower the learning rate, to a tenth at first; then find the highest rate that is calm.",
        1,
    )
