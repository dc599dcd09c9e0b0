"""What a rate that is too high leaves behind: weights that were thrown far away, or never rest.

Most of this shows in the held-out loss beside the training loss, even with one line per
epoch. Evidence is between 0 and 1; below 1/2 it isn't reported.
"""

import numpy as np

from ..finding import Finding, Sign, apart, chance, too_high, trend
from ..history import History, jitter

__all__ = ["SIGNS", "comparable", "settles"]

CLASSES = (2, 3, 4, 5, 10, 100, 1000)  # the most common numbers of them
LITTLE = 0.07  # of the first loss: what is left when nearly all is learned


def never_undercut(run: History) -> Finding | None:
    """No held-out loss is below the first, later ones are far above, and nothing is learned.

    A rate that is too low would leave it where it is; overfitting lowers the training loss.
    """
    val, y = comparable(run)
    if val is None:
        return None
    late = float(np.median(val[len(val) // 2 :]))
    if val[1:].min() < 0.98 * val[0] or late < val[0] + 0.1 * abs(val[0]) or val[0] <= 0:
        return None
    if _learns(run, y):
        return None
    began, now = apart(val[0], late)
    return too_high(
        f"no held-out loss is ever below the first, {began}; later it is about {now}", 0.88
    )


def thrown_away(run: History) -> Finding | None:
    """The first line is far above all others, and after it nothing more is learned.

    A model that learns all it can in its first epoch looks similar, but its first held-out loss is
    already low, because it is measured after that epoch.
    """
    val, y = comparable(run)
    if val is None or len(y) < len(val):
        return None  # the first held-out loss is older than the first of the training
    if y[0] > 0.5 * val[0]:
        return None  # the first update saw about that loss, too: it was high before it
    first, rest = float(y[: len(y) // len(val)].mean()), float(np.median(y[1:]))
    high = val[0] > 3 * abs(np.median(val[1:])) and first > 1.5 * rest > 0
    far = val[0] > 5 * first or (val[0] > 2 * first and _wild(val) > 0.6)
    if not high or not far or (_learns(run, y) and _wild(val) < 0.15):
        return None
    return too_high(
        f"the weights were thrown far away at first: a held-out loss of {val[0]:.3g}, where later "
        f"it is about {np.median(val[1:]):.3g}",
        0.8,
    )


def wild(run: History) -> Finding | None:
    """The held-out loss jumps from line to line by as much as its own height."""
    val, y = comparable(run)
    if val is None or val.min() <= 0 or len(val) < 12:
        return None
    if run.lr is not None and run.lr[-1] < 0.5 * run.lr.max():
        return None
    course = y if len(y) < 200 else run.course
    if (
        np.median(val[len(val) // 2 :]) < LITTLE * val[0]
        and course[-3:].mean() < LITTLE * run.start
    ):
        return None  # a loss near 0 jitters by a large share of itself
    jumps, own = _wild(val), _wild(course)
    if jumps >= 0.6 and own >= 0.2:
        return too_high(
            f"to the end, the held-out loss jumps by {jumps:.0%} of its height from line to line",
            0.85,
        )
    still = np.median(course[len(course) // 2 :]) > 0.1 * course[1 : max(5, len(course) // 6)].min()
    if len(course) < 20 or not still or _reach(val) < 1.2 or _reach(course) < 0.6:
        return None
    low, high = apart(*_ends(val))
    return too_high(
        f"to the end, the held-out loss goes up and down, mostly between {low} and {high}", 0.85
    )


def restless(run: History) -> Finding | None:
    """With about one line per epoch: after the first few, nothing is learned or at rest.

    The held-out data are the same in each line, so it is the weights that jitter, twice as much as
    in any sound run at a constant rate among those used to make these rules.
    """
    val, y = comparable(run)
    if val is None or val.min() <= 0 or len(val) < 12 or not 12 <= len(y) < 100:
        return None
    if run.lr is not None and run.lr[-1] < 0.5 * run.lr.max():
        return None
    half = val[len(val) // 2 :]
    jitters, early = _wild(val), float(np.median(val[1:5]))
    if jitters < 0.15 or np.median(half) < 0.5 * early or abs(trend(half)[1]) > 3:
        return None
    return too_high(
        f"the held-out loss hasn't come down since its first lines, and jitters by {jitters:.0%} "
        "from line to line, to the end",
        0.8,
    )


def _ends(curve: np.ndarray) -> tuple[float, float]:
    """The values between which a curve mostly stays in its second half."""
    low, high = np.quantile(curve[len(curve) // 2 :], (0.1, 0.9))
    return float(low), float(high)


def _reach(curve: np.ndarray) -> float:
    """How far apart these are, in units of the curve itself."""
    low, high = _ends(curve)
    return (high - low) / max(abs(float(np.median(curve[len(curve) // 2 :]))), 1e-300)


def at_once(run: History) -> Finding | None:
    """The model was thrown away within the first lines, and is hardly better than when it began."""
    val, y = comparable(run)
    if val is None or val[0] <= 0:
        return None
    first, late = float(y[: max(len(y) // len(val), 1)].max()), float(np.median(y[len(y) // 2 :]))
    if val[1:3].max() < 2 * val[0] or first < 3 * val[0] or late < 0.7 * val[0]:
        return None
    return too_high(
        f"the held-out loss was {val[0]:.3g} before, and the first updates threw it to "
        f"{val[1:3].max():.3g}; the training loss never came far below {late:.3g} again",
        0.95,
    )


def guesses(run: History) -> Finding | None:
    """The loss was far higher at first, and then stays at a guess among a number of classes."""
    y = run.loss
    if len(y) < 12 or run.lost is not None:
        return None
    half, few = y[len(y) // 2 :], max(len(y) // 30, 1)
    level, first = float(np.median(half)), float(y[: 4 * few].max())
    if np.std(half) > 0.1 * level or trend(half)[0] * len(half) < -0.02 * level:
        return None
    high = y[:few].max() > 1.3 * level or first > 2 * level
    classes = chance(level, run.classes) if high else None
    times = y[:few].max() / max(level, 1e-300)
    if classes is None and times > 8 and np.std(half) < 0.01 * level * len(half) ** 0.5:
        # Weights that are far out and jitter guess a little worse than by chance.
        worse = 1.1 if times > 100 else 1.05
        known = (run.classes,) if run.classes else CLASSES
        classes = next((k for k in known if np.log(k) < level < worse * np.log(k)), None)
    if classes is None:
        return None
    return too_high(
        f"the loss was {first:.3g} at first, and then stays at {level:.3g}, a guess among "
        f"{classes} classes: the weights were thrown away",
        0.9,
    )


def _learns(run: History, y: np.ndarray) -> bool:
    """Whether the training loss keeps falling after its first lines."""
    few = max(len(y) // 10, 2)
    early = float(np.median(y[1 : 1 + few]))
    return float(np.median(y[len(y) // 2 :])) < early - 0.15 * abs(early)


def _wild(curve: np.ndarray) -> float:
    """How far neighbors in the second half differ, in units of the curve itself."""
    half = curve[len(curve) // 2 :]
    return jitter(half) / max(abs(float(np.median(half))), 1e-300)


def comparable(run: History) -> tuple[np.ndarray | None, np.ndarray]:
    """The held-out losses and the training losses, if the two can be compared."""
    val = run.val_loss
    usable = val is not None and len(val) >= 8 and len(run.loss) >= 8 and np.isfinite(val).all()
    return (val if usable and run.lost is None else None), run.loss


def settles(run: History) -> bool:
    """Whether the held-out loss has come down and is calm, so that any noise is the batches'."""
    val, _ = comparable(run)
    if val is None or val.min() <= 0:
        return False
    late = float(np.median(val[len(val) // 2 :]))
    return late < 0.8 * val[0] and _wild(val) < 0.3 and float(val[len(val) // 4 :].max()) < val[0]


SIGNS: tuple[Sign, ...] = (never_undercut, thrown_away, at_once, wild, restless, guesses)
