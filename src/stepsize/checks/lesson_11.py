"""Lesson 11: ten patients, and two instruments to examine them with."""

import numpy as np

from .exercise import Made, Mistake, by_parts
from .exercise_types import choice, function

TITLE = "11 The clinic"


# --- 11.1: ten patients -------------------------------------------------------------------------

# Copied from clinic.patients, so that a check needn't train them.
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


class _Answer(dict[str, int]):
    """The answer of somebody who mixed some patients up."""

    made: Made


@by_parts
def _named(**patients):
    return _Answer(PATIENTS | patients)


def _swapped(one, other):
    return _named(**{one: PATIENTS[other], other: PATIENTS[one]})


TEN = choice(
    "11.1",
    "Ten patients",
    {name: float(number) for name, number in PATIENTS.items()},
    mistakes={
        "slow or stopped": Mistake(
            '"Rate too low" and "decayed too early": one falls slowly throughout; the other '
            "falls, then stands still. Look at their rates at update 50.",
            _swapped("rate too low", "rate decayed too early"),
        ),
        "healthy or floor": Mistake(
            "Healthy and noise floor: one of them still jitters at the end, far above 0, and its "
            "rate hasn't fallen.",
            _swapped("healthy", "noise floor"),
        ),
        "healthy or stopped": Mistake(
            "Healthy and a rate that decayed too early: both are flat at the end. How low are they "
            "by then?",
            _swapped("healthy", "rate decayed too early"),
        ),
        "healthy or slow": Mistake(
            "Healthy and a rate that is too low: both fall smoothly. How low do they get?",
            _swapped("healthy", "rate too low"),
        ),
        "slow or floor": Mistake(
            "A rate that is too low and a noise floor: one would go on falling if you let it. The "
            "other has stopped falling, and jitters.",
            _swapped("rate too low", "noise floor"),
        ),
        "too high or diverging": Mistake(
            "A rate that is too high and divergence: both losses are large. One grows and grows; "
            "the other jumps about at the same height.",
            _swapped("rate too high", "divergence"),
        ),
        "diverging or adding up": Mistake(
            "Divergence or a forgotten zero_grad: look at the gradient's norm in the first four "
            "updates. In one of the two it grows each time.",
            _swapped("divergence", "forgotten zero_grad"),
        ),
        "diverging or not a number": Mistake(
            "Divergence or NaN: one of the two grows and grows, but its loss stays a number.",
            _swapped("divergence", "NaN"),
        ),
        "too high or not a number": Mistake(
            "A rate that is too high or NaN: one of the two has a curve right to the end.",
            _swapped("rate too high", "NaN"),
        ),
        "too high or adding up": Mistake(
            "A rate that is too high or a forgotten zero_grad: one has a rate of 1 with Adam. The "
            "rate of the other is fine; what happens to its gradients?",
            _swapped("rate too high", "forgotten zero_grad"),
        ),
        "healthy or overfitting": Mistake(
            "Healthy and overfitting: both training losses fall nicely. Now look at the held-out "
            "losses, dashed in orange.",
            _swapped("healthy", "overfitting"),
        ),
        "healthy or spikes": Mistake(
            "Healthy and spikes: both get low. In one of them the loss keeps leaping up on the "
            "way.",
            _swapped("healthy", "loss spikes"),
        ),
        "spikes or floor": Mistake(
            "A spike is a single peak that comes back down. Jitter that never stops is a noise "
            "floor.",
            _swapped("loss spikes", "noise floor"),
        ),
        "spikes or too high": Mistake(
            "Spikes and a rate that is too high: one has learned something between its peaks. The "
            "other never has.",
            _swapped("loss spikes", "rate too high"),
        ),
        "spikes or adding up": Mistake(
            "Spikes or a forgotten zero_grad: both leap. One of them always finds its way back.",
            _swapped("loss spikes", "forgotten zero_grad"),
        ),
        "too high or floor": Mistake(
            "A rate that is too high and a noise floor: both are jumpy. One of them has learned "
            "something first.",
            _swapped("rate too high", "noise floor"),
        ),
        "stopped or floor": Mistake(
            "A rate that decayed too early and a noise floor: both are fast, then flat. Look at "
            "their rates at update 50: one is as large as at the start.",
            _swapped("rate decayed too early", "noise floor"),
        ),
        "stopped or overfitting": Mistake(
            "A rate that decayed too early and overfitting: what do their training losses do in "
            "the second half? And the held-out losses, dashed in orange?",
            _swapped("rate decayed too early", "overfitting"),
        ),
    },
    hint=(
        "Not all ten are right yet. Take one patient at a time, and ask the five questions below. "
        "Is the loss a number? Does it fall? How? Is it jumpy? And what does the held-out loss do?"
    ),
    praise="Ten out of ten. The clinic is yours.",
)


# --- 11.2: the first bad loss -------------------------------------------------------------------


def first_bad(losses):
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) if len(bad) else -1


@by_parts
def _first(
    nan=np.isnan,
    above=lambda losses: losses == np.inf,
    below=lambda losses: losses == -np.inf,
    which=lambda bad: bad[0],
    counted=lambda i: i,
    none=lambda losses: -1,
):
    def variant(losses):
        bad = np.flatnonzero(nan(losses) | above(losses) | below(losses))
        return counted(which(bad)) if len(bad) else none(losses)

    return variant


def _never(losses):
    return np.zeros(len(losses), bool)


FIRST_BAD = function(
    "11.2",
    "The first bad loss",
    first_bad,
    {
        "infinity is let through": Mistake(
            "Infinity slips through. It isn't a finite number either.",
            _first(above=_never, below=_never),
        ),
        "plus infinity is let through": Mistake(
            "Positive infinity slips through. It isn't a finite number either.",
            _first(above=_never),
        ),
        "minus infinity is let through": Mistake(
            "Minus infinity slips through. It isn't a finite number either.",
            _first(below=_never),
        ),
        "NaN is let through": Mistake(
            "NaN slips through: it isn't larger than anything or equal to anything, not even "
            "itself. Which NumPy function tests for it?",
            _first(nan=_never),
        ),
        "compared with NaN": Mistake(
            "Nothing is ever found. `x == np.nan` is false even where x is NaN: it isn't equal to "
            "itself.",
            _first(nan=_never, above=_never, below=_never),
        ),
        "the first only": Mistake(
            "You look at the first loss only. Is there a `return` in an `else`? It ends the loop.",
            lambda losses: -1 if np.isfinite(losses[0]) else 0,
        ),
        "large is bad": Mistake(
            "You treat a large loss as a bad one. However large it is, it's still a number.",
            _first(above=lambda losses: losses > 1e6),
            _first(above=lambda losses: losses > 1e10),
            _first(above=lambda losses: losses > 100),
        ),
        "negative is bad": Mistake(
            "You treat a loss below 0 as a bad one. Some losses do go below 0.",
            _first(below=lambda losses: losses < 0),
        ),
        "the largest": Mistake(
            "You look for the largest loss. A healthy run has one, too.",
            lambda losses: int(np.argmax(losses)),
            lambda losses: int(np.nanargmax(losses)),
        ),
        "a rise is bad": Mistake(
            "You look for a loss that is higher than the one before. A rise does no harm; look "
            "for a loss that isn't a finite number.",
            _first(above=lambda losses: np.append(False, losses[1:] > losses[:-1])),
            _first(
                nan=_never,
                above=lambda losses: np.append(False, losses[1:] > losses[:-1]),
                below=_never,
            ),
        ),
        "good for bad": Mistake(
            "You look for the first loss that is a finite number. Find the first that isn't.",
            _first(nan=np.isfinite, above=_never, below=_never),
        ),
        "the last good one": Mistake(
            "That is the last good one. The first bad one comes after it.",
            _first(counted=lambda i: i - 1),
        ),
        "counted from one": Mistake(
            "Python counts from 0; you count from 1.",
            _first(counted=lambda i: i + 1),
        ),
        "how many": Mistake(
            "That is how many bad ones there are. Where is the first one?",
            _first(which=len, none=lambda losses: 0),
            _first(which=len),
        ),
        "whether": Mistake(
            "That says whether there is a bad one. The question is where the first one is.",
            _first(counted=lambda i: 1, none=lambda losses: 0),
        ),
        "all of them": Mistake(
            "These are all the bad ones. Return only the index of the first.",
            _first(which=lambda bad: bad),
            _first(which=lambda bad: bad, none=lambda losses: []),
            lambda losses: ~np.isfinite(losses),
        ),
        "the last bad one": Mistake(
            "That is the last bad one. Find the first: all the others follow from it.",
            _first(which=lambda bad: bad[-1]),
        ),
        "zero for none": Mistake(
            "For a healthy run you return 0, which means its very first loss. Return -1.",
            _first(none=lambda losses: 0),
        ),
        "length for none": Mistake(
            "For a healthy run you return a number that isn't -1.",
            _first(none=len),
            _first(none=lambda losses: len(losses) - 1),
        ),
    },
    cases=[
        (np.array([2.0, 1.5, 1.2, 3.0, np.inf, np.nan, np.nan]),),
        (np.array([2.0, 1.5, np.nan, 1.2, np.nan, np.inf, 2.0, 3.0]),),
        (np.array([2.0, 1.5, 1.2]),),
        (np.array([1.0, -0.5, -np.inf, np.nan, 1.0, np.inf]),),
        (np.array([3.0, 1e12, 1e30, np.inf, -np.inf]),),
        (np.array([np.nan, np.nan, 1.0]),),
    ],
    praise="Now look at the update before that one.",
)


# --- 11.3: early stopping -----------------------------------------------------------------------


def best_epoch(val_losses, patience):
    best = 0
    for i in range(len(val_losses)):
        if val_losses[i] < val_losses[best]:
            best = i
        elif i - best >= patience:
            break
    return best


@by_parts
def _stopping(
    lower=lambda loss, best, before, first: loss < best,
    waiting=lambda waited, lower, falls: 0 if lower else waited + 1,
    first=0,
    out=lambda waited, patience, i: waited >= patience,
    result=lambda i, best, losses, patience: best,
):
    def variant(val_losses, patience):
        best, waited = 0, first
        for i, loss in enumerate(val_losses):
            if i > 0:
                before = val_losses[i - 1]
                is_lower = lower(loss, val_losses[best], before, val_losses[0])
                best = i if is_lower else best
                waited = waiting(waited, is_lower, loss < before)
            if out(waited, patience, i):
                break
        return result(i, best, val_losses, patience)

    return variant


EARLY_STOPPING = function(
    "11.3",
    "Early stopping",
    best_epoch,
    {
        "no patience": Mistake(
            "You look at all the losses, to the end. Training stops when patience runs out, so "
            "you never see the later ones.",
            _stopping(out=lambda waited, patience, i: False),
        ),
        "where it stopped": Mistake(
            "That is where you stop. The best one came before it, and its weights are the ones you "
            "want.",
            _stopping(result=lambda i, best, losses, patience: i),
        ),
        "one too patient": Mistake(
            "You wait one loss longer than `patience` says.",
            _stopping(out=lambda waited, patience, i: waited > patience),
        ),
        "one too impatient": Mistake(
            "You wait for one loss fewer than `patience` allows.",
            _stopping(out=lambda waited, patience, i: waited >= patience - 1 and i > 0),
            _stopping(out=lambda waited, patience, i: waited >= patience - 1),
        ),
        "the first is bad": Mistake(
            "You count the first loss as one that brought no improvement. Nothing came before it, "
            "so it is the lowest so far.",
            _stopping(first=1),
        ),
        "never forgives": Mistake(
            "A new lowest loss doesn't reset your count. Only losses without one, in a row, should "
            "count.",
            _stopping(waiting=lambda waited, lower, falls: waited if lower else waited + 1),
            _stopping(
                waiting=lambda waited, lower, falls: max(waited - 1, 0) if lower else waited + 1
            ),
        ),
        "a lowest counts": Mistake(
            "After a new lowest loss your count is at 1. You haven't waited for anything yet: "
            "start at 0.",
            _stopping(waiting=lambda waited, lower, falls: 1 if lower else waited + 1),
        ),
        "epochs in all": Mistake(
            "You stop after `patience` losses altogether. Count only those without a new lowest, "
            "in a row.",
            _stopping(out=lambda waited, patience, i: i >= patience),
            _stopping(out=lambda waited, patience, i: i > patience),
            _stopping(out=lambda waited, patience, i: i >= patience - 1),
        ),
        "stops at once": Mistake(
            "You stop at the first loss that isn't a new lowest, so patience plays no part.",
            _stopping(out=lambda waited, patience, i: waited >= 1),
        ),
        "left too early": Mistake(
            "You always return the first index. Is there a `return` inside the loop?",
            _stopping(result=lambda i, best, losses, patience: 0),
        ),
        "any fall forgives": Mistake(
            "Your count resets whenever a loss is lower than the one before. Only a new lowest "
            "should reset it.",
            _stopping(waiting=lambda waited, lower, falls: 0 if falls else waited + 1),
        ),
        "compared with the one before": Mistake(
            "You compare with the loss before. A loss can be lower than that one without being a "
            "new lowest.",
            _stopping(lower=lambda loss, best, before, first: loss < before),
        ),
        "compared with the first": Mistake(
            "You always compare with the first loss. Compare with the lowest so far.",
            _stopping(lower=lambda loss, best, before, first: loss < first),
        ),
        "a tie counts": Mistake(
            "You count a loss that merely equals the lowest as a new lowest. It isn't any lower.",
            _stopping(lower=lambda loss, best, before, first: loss <= best),
        ),
        "the loss itself": Mistake(
            "That is the loss itself. Return its index.",
            _stopping(result=lambda i, best, losses, patience: losses[best]),
            _stopping(result=lambda i, best, losses, patience: losses[i]),
        ),
        "highest": Mistake(
            "You look for the highest loss. With accuracies that would be right.",
            _stopping(lower=lambda loss, best, before, first: loss > best),
        ),
        "counted from one": Mistake(
            "Python counts from 0; you count from 1.",
            _stopping(result=lambda i, best, losses, patience: best + 1),
        ),
        "counted back": Mistake(
            "You count back from where you stop. That finds the lowest only if patience ran out: "
            "the losses may end before that.",
            _stopping(result=lambda i, best, losses, patience: i - patience),
            _stopping(result=lambda i, best, losses, patience: i - patience + 1),
            _stopping(result=lambda i, best, losses, patience: i - patience - 1),
        ),
        "one before": Mistake(
            "That is the loss before the lowest: you are off by one.",
            _stopping(result=lambda i, best, losses, patience: best - 1),
        ),
    },
    cases=[
        (np.array([3.0, 2.0, 2.5, 2.4, 1.0, 1.5, 1.4, 1.3, 1.6, 0.5]), 3),
        (np.array([3.0, 2.0, 2.5, 2.4, 1.0, 1.5]), 2),
        (np.array([3.0, 1.0, 2.0, 1.8, 2.1, 2.2, 2.3, 0.5]), 3),
        (np.array([2.0, 1.8, 1.9, 2.1, 2.0, 1.5, 1.2, 1.3, 1.1]), 4),
        (np.array([1.0, 1.5, 1.4, 0.5, 0.7, 0.6, 0.8, 0.2]), 3),
        (np.array([1.0, 1.2, 1.3, 0.4]), 2),
        (np.array([2.0, 1.0, 1.5, 0.5]), 1),
        (np.array([3.0, 2.0, 2.0, 2.5, 2.4, 1.0]), 3),
        (np.array([3.0, 2.0, 2.0, 2.0, 1.0, 4.0, 0.5]), 2),
        (np.array([3.0, 2.5, 2.0, 1.5, 1.0, 0.5]), 2),
        (np.array([3.0, 3.5, 3.4, 2.9, 3.1, 3.2, 2.0, 2.1]), 3),
        (np.array([3.0, 2.0, 2.5, 1.0, 1.5, 1.6, 1.7, 0.5]), 3),
        (np.array([3.0, 2.0, 2.5, 2.4, 2.0, 2.6, 2.7, 2.8, 1.0]), 3),
        (np.array([3.0, 2.0, 2.5, 2.4, 2.6, 2.7, 2.8, 2.9, 1.0]), 3),
        (np.array([3.0, 2.0, 2.5, 2.4, 2.6, 2.7, 2.8, 1.0]), 3),
    ],
    praise="The weights of that moment are the ones to keep.",
)


EXERCISES = (TEN, FIRST_BAD, EARLY_STOPPING)
