"""Lesson 11: ten patients, and two instruments to examine them with."""

import numpy as np

from .exercise import Mistake
from .exercise_types import choice, function

TITLE = "11 The clinic"

# As in clinic.patients, which a check need not train.
PATIENTS = {
    "healthy": 4,
    "rate too low": 1,
    "rate too high": 10,
    "divergence": 8,
    "NaN": 3,
    "loss spikes": 6,
    "overfitting": 2,
    "rate decayed too early": 7,
    "noise floor": 9,
    "forgotten zero_grad": 5,
}


def _swapped(one, other):
    return {**PATIENTS, one: PATIENTS[other], other: PATIENTS[one]}


def first_bad(losses):
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) if len(bad) else -1


def best_epoch(val_losses, patience):
    best = 0
    for i in range(len(val_losses)):
        if val_losses[i] < val_losses[best]:
            best = i
        elif i - best >= patience:
            break
    return best


def _stopping(waited, result=lambda i, best, losses: best, lower=lambda x, i, best: x[i] < x[best]):
    """best_epoch that waits otherwise, returns something else, or compares otherwise."""

    def variant(val_losses, patience):
        best = i = 0
        for i in range(len(val_losses)):
            if lower(val_losses, i, best):
                best = i
            elif waited(i - best, patience):
                break
        return result(i, best, val_losses)

    return variant


EXERCISES = (
    choice(
        "11.1",
        "Ten patients",
        {name: float(number) for name, number in PATIENTS.items()},
        mistakes={
            "slow or stopped": Mistake(
                "One falls slowly all the time, one fell and then stood still. Look at the rate at "
                "update 50 of the two.",
                _swapped("rate too low", "rate decayed too early"),
            ),
            "healthy or floor": Mistake(
                "One of the two still trembles at the end, far above 0, and its rate has not "
                "fallen.",
                _swapped("healthy", "noise floor"),
            ),
            "too high or diverging": Mistake(
                "Both are high. One grows and grows; the other one jumps about at the same height.",
                _swapped("rate too high", "divergence"),
            ),
            "diverging or adding up": Mistake(
                "Look at the gradient's norm in the first four updates. In one of the two it is "
                "longer each time.",
                _swapped("divergence", "forgotten zero_grad"),
            ),
            "too high or adding up": Mistake(
                "One has a rate of 1 with Adam. The other one's rate is fine; what happens to its "
                "gradients?",
                _swapped("rate too high", "forgotten zero_grad"),
            ),
            "healthy or overfitting": Mistake(
                "Both training losses fall nicely. Now look at the held-out ones, in grey.",
                _swapped("healthy", "overfitting"),
            ),
            "spikes or floor": Mistake(
                "A spike is a single peak that comes back. Trembling all the time is something "
                "else.",
                _swapped("loss spikes", "noise floor"),
            ),
            "spikes or too high": Mistake(
                "One of the two has learned between its peaks. The other one has never.",
                _swapped("loss spikes", "rate too high"),
            ),
            "stopped or floor": Mistake(
                "Both are fast, and then flat. Look at the rates at update 50: with one of them "
                "nothing can move any more, the other is as large as at the start.",
                _swapped("rate decayed too early", "noise floor"),
            ),
        },
        hint=(
            "Not all ten yet. Go through the five questions below, patient by patient: a number? "
            "Does it fall? How? Is it restless? And the held-out loss?"
        ),
        praise="Ten of ten. The clinic is yours.",
    ),
    function(
        "11.2",
        "The first bad loss",
        first_bad,
        {
            "infinity is let through": Mistake(
                "You look for NaN only. A loss of infinity is no finite number either.",
                lambda x: int(np.argmax(np.isnan(x))) if np.isnan(x).any() else -1,
            ),
            "NaN is let through": Mistake(
                "You look for infinity only, or compare with a large number. NaN is not larger "
                "than anything.",
                lambda x: int(np.argmax(np.isinf(x))) if np.isinf(x).any() else -1,
            ),
            "compared with NaN": Mistake(
                "Nothing is ever found. `x == np.nan` is false even for NaN; np.isfinite asks "
                "rightly.",
                lambda x: -1,
            ),
            "the last good one": Mistake(
                "That is the last good one. The first bad one comes after it.",
                lambda x: first_bad(x) - 1 if first_bad(x) >= 0 else -1,
            ),
            "counted from one": Mistake(
                "Python counts from 0; you count from 1.",
                lambda x: first_bad(x) + 1 if first_bad(x) >= 0 else -1,
            ),
            "how many": Mistake(
                "That is how many there are. Where is the first one?",
                lambda x: int((~np.isfinite(x)).sum()),
            ),
            "the last bad one": Mistake(
                "That is the last bad one. After the first, all the others are its children.",
                lambda x: int(np.flatnonzero(~np.isfinite(x))[-1]) if first_bad(x) >= 0 else -1,
            ),
            "zero for none": Mistake(
                "For a run in which all is well you return 0: its very first loss. -1 is wanted.",
                lambda x: max(first_bad(x), 0),
            ),
        },
        cases=[
            (np.array([2.0, 1.5, 1.2, 3.0, np.inf, np.nan, np.nan]),),
            (np.array([2.0, 1.5, np.nan, 1.2, np.nan, np.inf, 2.0, 3.0]),),
            (np.array([2.0, 1.5, 1.2]),),
        ],
        praise="Now look at the update before that one.",
    ),
    function(
        "11.3",
        "Early stopping",
        best_epoch,
        {
            "no patience": Mistake(
                "You look at all losses, to the end. Once patience has run out, none of the later "
                "ones is seen.",
                lambda x, patience: int(np.argmin(x)),
            ),
            "where it stopped": Mistake(
                "That is where you stop. The best one lies before; its weights are wanted.",
                _stopping(lambda n, p: n >= p, lambda i, best, x: i),
            ),
            "one too patient": Mistake(
                "You wait for one loss more than patience says.",
                _stopping(lambda n, p: n > p),
            ),
            "one too impatient": Mistake(
                "You wait for one loss fewer than patience says.",
                _stopping(lambda n, p: n >= p - 1),
            ),
            "compared with the one before": Mistake(
                "You compare with the loss before. A loss can be lower than that one, and still "
                "not be a new lowest.",
                _stopping(lambda n, p: n >= p, lower=lambda x, i, best: i > 0 and x[i] < x[i - 1]),
            ),
            "the loss itself": Mistake(
                "That is the lowest loss. Which one is it: its index is wanted.",
                _stopping(lambda n, p: n >= p, lambda i, best, x: x[best]),
            ),
            "highest": Mistake(
                "You look for the highest loss. Of accuracies that would be right.",
                _stopping(lambda n, p: n >= p, lower=lambda x, i, best: x[i] > x[best]),
            ),
            "counted from one": Mistake(
                "Python counts from 0; you count from 1.",
                _stopping(lambda n, p: n >= p, lambda i, best, x: best + 1),
            ),
        },
        cases=[
            (np.array([3.0, 2.0, 2.5, 2.4, 1.0, 1.5, 1.4, 1.3, 1.6, 0.5]), 3),
            (np.array([3.0, 2.0, 2.5, 2.4, 1.0, 1.5]), 2),
            (np.array([3.0, 1.0, 2.0, 1.8, 2.1, 2.2, 2.3, 0.5]), 3),
            (np.array([2.0, 1.8, 1.9, 2.1, 2.0, 1.5, 1.2, 1.3, 1.1]), 4),
        ],
        praise="The weights of that moment are the ones to keep.",
    ),
)
