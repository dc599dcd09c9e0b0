"""Lesson 7: a cosine, one cycle, a plateau that listens, and how many updates there are."""

import math

import numpy as np

from .exercise import Mistake
from .exercise_types import function

TITLE = "7 Schedules"


def my_cosine(t, steps, floor):
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(t / steps, 1))) / 2


def _cosine(shape, ends=True):
    """my_cosine with another shape of the way from 1 to 0: p -> factor, mixed with the floor."""

    def variant(t, steps, floor):
        p = min(t / steps, 1) if ends else t / steps
        return shape(p, floor)

    return variant


def _half(p):
    return (1 + math.cos(math.pi * p)) / 2


def my_one_cycle(t, rise, steps, low):
    if t < rise:
        return low + (1 - low) * t / rise
    return max((steps - t) / (steps - rise), 0)


def my_plateau(losses, patience, factor):
    return _plateau()(losses, patience, factor)


def _plateau(
    too_many=lambda bad, patience: bad > patience,
    good=lambda loss, best, before: loss < best,
    forgives=True,
    starts_again=True,
    cut=lambda rate, factor: rate * factor,
    hears=True,
    forgets=False,
    again=0,
):
    """my_plateau with another ear: what is good, what is too much, what is forgotten."""

    def variant(losses, patience, factor):
        rate, best, before, bad, rates = 1.0, math.inf, math.inf, 0, []
        for loss in losses:
            if not hears:
                rates.append(rate)
            is_good = good(loss, best, before)
            bad = (0 if forgives else bad) if is_good else bad + 1
            best, before = min(best, loss), loss
            if too_many(bad, patience):
                rate, bad = cut(rate, factor), again if starts_again else bad
                best = loss if forgets else best
            if hears:
                rates.append(rate)
        return np.array(rates)

    return variant


def _forgives_one(losses, patience, factor):
    rate, best, bad, rates = 1.0, math.inf, 0, []
    for loss in losses:
        bad = max(bad - 1, 0) if loss < best else bad + 1
        best = min(best, loss)
        if bad > patience:
            rate, bad = rate * factor, 0
        rates.append(rate)
    return np.array(rates)


def _at_cuts_only(losses, patience, factor):
    rates = my_plateau(losses, patience, factor)
    return rates[np.diff(rates, prepend=1.0) != 0]


def _half_a_mistake(up=None, down=None):
    """my_one_cycle with another way up or down: (t, rise, steps, low) -> factor."""
    up, down = up or my_one_cycle, down or my_one_cycle

    def variant(t, rise, steps, low):
        return up(t, rise, steps, low) if t < rise else down(t, rise, steps, low)

    return variant


def total_updates(examples, batch_size, accumulate, epochs):
    return epochs * math.ceil(math.ceil(examples / batch_size) / accumulate)


EXERCISES = (
    function(
        "7.1",
        "A cosine with a floor",
        my_cosine,
        {
            "no floor": Mistake(
                "It goes down to 0: the floor has no part in it.",
                _cosine(lambda p, floor: _half(p)),
            ),
            "floor on top": Mistake(
                "It ends on the floor, but begins above 1: what is added below has to be taken "
                "off the height.",
                _cosine(lambda p, floor: floor + _half(p)),
            ),
            "cut off": Mistake(
                "Yours is cut off at the floor, and lies there for a while. It should come down to "
                "it softly, just at the end.",
                _cosine(lambda p, floor: max(_half(p), floor)),
            ),
            "full wave": Mistake(
                "In the middle it has been down, and then it rises again: half a wave is wanted.",
                _cosine(lambda p, floor: floor + (1 - floor) * _half(2 * p)),
            ),
            "quarter wave": Mistake(
                "It falls ever faster to the end: that is a quarter of a wave. It should get flat "
                "again below.",
                _cosine(lambda p, floor: floor + (1 - floor) * math.cos(math.pi / 2 * p)),
            ),
            "not halved": Mistake(
                "It begins at about 2. 1 + cos goes from 2 to 0; something has to halve it.",
                _cosine(lambda p, floor: floor + (1 - floor) * 2 * _half(p)),
            ),
            "no one added": Mistake(
                "It falls below the floor, and below 0: a cosine goes from 1 to -1.",
                _cosine(lambda p, floor: floor + (1 - floor) * math.cos(math.pi * p)),
            ),
            "upside down": Mistake(
                "It begins on the floor and rises. Look at the sign in front of the cosine.",
                _cosine(lambda p, floor: floor + (1 - floor) * (1 - _half(p))),
            ),
            "rises again": Mistake(
                "Up to `steps` it is right. After that yours goes up again, as PyTorch's does; it "
                "should stay on the floor.",
                _cosine(lambda p, floor: floor + (1 - floor) * _half(p), ends=False),
            ),
            "no pi": Mistake(
                "The wave is too long: a cosine turns at pi, not at 1.",
                _cosine(lambda p, floor: floor + (1 - floor) * (1 + math.cos(p)) / 2),
                _cosine(lambda p, floor: floor + (1 - floor) * (1 + math.cos(180 * p)) / 2),
            ),
            "line": Mistake(
                "That is a straight line from 1 to the floor.",
                _cosine(lambda p, floor: floor + (1 - floor) * (1 - p)),
            ),
            "one too few": Mistake(
                "You reach the floor one update too early: at t = steps, not before it.",
                lambda t, steps, floor: my_cosine(t, steps - 1, floor),
            ),
            "one too many": Mistake(
                "You reach the floor one update too late: at t = steps, not after it.",
                lambda t, steps, floor: my_cosine(t, steps + 1, floor),
            ),
            "one ahead": Mistake(
                "Yours is one update ahead. t counts the updates already made: at t = 0 the factor "
                "is 1.",
                lambda t, steps, floor: my_cosine(t + 1, steps, floor),
            ),
            "half a half": Mistake(
                "You halve only a part. It is all of 1 + cos that is halved.",
                _cosine(lambda p, floor: floor + (1 - floor) * (1 + math.cos(math.pi * p) / 2)),
                _cosine(lambda p, floor: floor + (1 - floor) * math.cos(math.pi * p) / 2),
                _cosine(lambda p, floor: floor + (1 - floor) * 1 + math.cos(math.pi * p) / 2),
            ),
            "begins below 1": Mistake(
                "It does not begin at 1. What is taken off the height for the floor has to be put "
                "under it.",
                _cosine(lambda p, floor: (1 - floor) * _half(p)),
                _cosine(lambda p, floor: floor * _half(p)),
            ),
            "drops to 0": Mistake(
                "After `steps` yours is 0. It should stay on the floor.",
                lambda t, steps, floor: my_cosine(t, steps, floor) if t < steps else 0.0,
                lambda t, steps, floor: my_cosine(t, steps, floor) if t <= steps else 0.0,
            ),
            "drops to the floor": Mistake(
                "It glides down to 0, and is on the floor only when all is over.",
                lambda t, steps, floor: my_cosine(t, steps, 0.0) if t < steps else floor,
            ),
            "restarts": Mistake(
                "Yours begins anew at t = steps: those are warm restarts. It should stay down.",
                lambda t, steps, floor: my_cosine(t % steps, steps, floor),
            ),
            "max for min": Mistake(
                "Yours is on the floor from the start. Of the share and 1, which should count "
                "before the end?",
                lambda t, steps, floor: my_cosine(max(t, steps), steps, floor),
            ),
            "sine": Mistake(
                "That is a sine: it begins in the middle.",
                _cosine(lambda p, floor: floor + (1 - floor) * (1 + math.sin(math.pi * p)) / 2),
            ),
        },
        cases=[
            *((t, 20, 0.1) for t in (0, 1, 5, 10, 15, 19, 20, 25, 40)),
            *((t, 7, 0.25) for t in (0, 2, 3, 6, 7, 8)),
        ],
        praise="A formula of t: it can be drawn, tested, and called twice.",
    ),
    function(
        "7.2",
        "One cycle",
        my_one_cycle,
        {
            "from zero": Mistake(
                "It begins at 0. A first update at rate 0 is a dead one; `low` is where it starts.",
                lambda t, rise, steps, low: my_one_cycle(t, rise, steps, 0),
                _half_a_mistake(up=lambda t, rise, steps, low: low * t / rise),
            ),
            "one ahead": Mistake(
                "Yours is one update ahead: at t = 0 it should be `low`, at t = `rise` 1, and at "
                "t = `steps` 0.",
                _half_a_mistake(up=lambda t, rise, steps, low: low + (1 - low) * (t + 1) / rise),
                _half_a_mistake(up=lambda t, rise, steps, low: low + (1 - low) * t / (rise - 1)),
                lambda t, rise, steps, low: my_one_cycle(t + 1, rise, steps, low),
                _half_a_mistake(down=lambda t, r, n, _: max((n - t - 1) / (n - r), 0)),
                _half_a_mistake(down=lambda t, r, n, _: max((n - t) / (n - r - 1), 0)),
                _half_a_mistake(down=lambda t, r, n, _: max((n - 1 - t) / (n - r - 1), 0)),
            ),
            "waits at low": Mistake(
                "It waits at `low` for a while, and then climbs along a line that begins at 0. The "
                "line itself should begin at `low`.",
                _half_a_mistake(up=lambda t, rise, steps, low: max(low, t / rise)),
            ),
            "too slow up": Mistake(
                "On the way up you divide by all `steps`. At t = `rise` it should have arrived.",
                _half_a_mistake(up=lambda t, rise, steps, low: low + (1 - low) * t / steps),
            ),
            "whole numbers": Mistake(
                "It stays at `low`, and then jumps, as after a division without fractions.",
                _half_a_mistake(up=lambda t, rise, steps, low: low + (1 - low) * (t // rise)),
                _half_a_mistake(up=lambda t, rise, steps, low: low + (1 - low) * t // rise),
            ),
            "curved": Mistake(
                "Yours is a wave. That is a one cycle, too, PyTorch's; here straight lines are "
                "wanted.",
                _half_a_mistake(
                    down=lambda t, r, n, _: (1 + math.cos(math.pi * min((t - r) / (n - r), 1))) / 2
                ),
                _half_a_mistake(
                    up=lambda t, r, n, low: low + (1 - low) * (1 - math.cos(math.pi * t / r)) / 2
                ),
                _half_a_mistake(
                    up=lambda t, r, n, low: low + (1 - low) * (1 - math.cos(math.pi * t / r)) / 2,
                    down=lambda t, r, n, _: (1 + math.cos(math.pi * min((t - r) / (n - r), 1))) / 2,
                ),
            ),
            "upside down": Mistake(
                "One of your lines runs the wrong way: first up, then down.",
                _half_a_mistake(down=lambda t, r, n, _: min((t - r) / (n - r), 1)),
                _half_a_mistake(down=lambda t, r, n, _: max((t - r) / (n - r), 0)),
                _half_a_mistake(up=lambda t, rise, steps, low: 1 - (1 - low) * t / rise),
            ),
            "comes back": Mistake(
                "After t = `steps` yours rises again. It should stay at 0.",
                _half_a_mistake(down=lambda t, r, n, _: abs((n - t) / (n - r))),
            ),
            "low on top": Mistake(
                "Before the peak it goes above 1: it has only 1 - low to climb.",
                lambda t, rise, steps, low: (
                    low + t / rise if t < rise else my_one_cycle(t, rise, steps, low)
                ),
            ),
            "down to low": Mistake(
                "On the way down it ends at `low`. One cycle goes on, to 0.",
                lambda t, rise, steps, low: (
                    my_one_cycle(t, rise, steps, low)
                    if t < rise
                    else low + (1 - low) * my_one_cycle(t, rise, steps, low)
                ),
                _half_a_mistake(down=lambda t, r, n, low: max((n - t) / (n - r), low)),
            ),
            "too long down": Mistake(
                "The way down takes `steps`; but `rise` of them are over when it begins.",
                lambda t, rise, steps, low: (
                    my_one_cycle(t, rise, steps, low)
                    if t < rise
                    else max(1 - (t - rise) / steps, 0)
                ),
            ),
            "jumps": Mistake(
                "At the peak it jumps: the way down has to begin at 1, when t is `rise`.",
                lambda t, rise, steps, low: (
                    my_one_cycle(t, rise, steps, low) if t < rise else max(1 - t / steps, 0)
                ),
            ),
            "below zero": Mistake(
                "After the last update it goes below 0: a step uphill. It should stay at 0.",
                lambda t, rise, steps, low: (
                    my_one_cycle(t, rise, steps, low) if t < rise else (steps - t) / (steps - rise)
                ),
            ),
            "no way down": Mistake(
                "It rises, and that is all. The second half of the cycle is missing.",
                lambda t, rise, steps, low: my_one_cycle(t, rise, steps, low) if t < rise else 1.0,
                lambda t, rise, steps, low: my_one_cycle(t, rise, steps, low) if t < rise else 0.0,
            ),
            "no way up": Mistake(
                "There is no way up in it. In the first `rise` updates it should climb to the top.",
                lambda t, rise, steps, low: 1.0 if t < rise else my_one_cycle(t, rise, steps, low),
            ),
        },
        cases=[
            *((t, 6, 20, 0.04) for t in (0, 1, 3, 5, 6, 7, 13, 19, 20, 24)),
            *((t, 3, 10, 0.2) for t in (0, 2, 3, 8, 10, 11)),
        ],
        praise="Two straight lines, and no state that a plot could use up.",
    ),
    function(
        "7.3",
        "How many updates?",
        total_updates,
        {
            "rounded down": Mistake(
                "The last batch of each epoch is smaller, but it is a batch. Yours is right only "
                "where `drop_last=True`.",
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * math.ceil(examples // batch_size / accumulate)
                ),
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * (examples // batch_size // accumulate)
                ),
            ),
            "left over": Mistake(
                "The batches that are left over at the end of an epoch make an update, too. You "
                "drop them.",
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * (math.ceil(examples / batch_size) // accumulate)
                ),
            ),
            "not rounded": Mistake(
                "That is no whole number. There is no half update: what happens to the examples "
                "that are left over?",
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * examples / (batch_size * accumulate)
                ),
            ),
            "rounded once": Mistake(
                "Each epoch has a small batch of its own at its end: round within an epoch, not "
                "over all of them.",
                lambda examples, batch_size, accumulate, epochs: math.ceil(
                    epochs * examples / (batch_size * accumulate)
                ),
            ),
            "carried over": Mistake(
                "You let an update gather batches of two epochs. What is left at the end of an "
                "epoch is not carried over.",
                lambda examples, batch_size, accumulate, epochs: math.ceil(
                    epochs * math.ceil(examples / batch_size) / accumulate
                ),
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * math.ceil(examples / batch_size) // accumulate
                ),
            ),
            "batches": Mistake(
                "You count batches. Only after every `accumulate` of them is there an update.",
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * math.ceil(examples / batch_size)
                ),
            ),
            "more updates": Mistake(
                "Gathering batches makes fewer updates, not more.",
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * math.ceil(examples / batch_size) * accumulate
                ),
            ),
            "one epoch": Mistake(
                "That is one epoch.",
                lambda examples, batch_size, accumulate, epochs: math.ceil(
                    math.ceil(examples / batch_size) / accumulate
                ),
                lambda examples, batch_size, accumulate, epochs: math.ceil(examples / batch_size),
            ),
            "epochs": Mistake(
                "You count epochs. A schedule that is stepped with each update needs updates.",
                lambda examples, batch_size, accumulate, epochs: epochs,
            ),
            "examples": Mistake(
                "You count examples. An update uses a whole batch of them, or several.",
                lambda examples, batch_size, accumulate, epochs: epochs * examples,
            ),
            "one more each": Mistake(
                "Where the batches fit exactly, yours has one too many in each epoch.",
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * math.ceil((examples // batch_size + 1) / accumulate)
                ),
                lambda examples, batch_size, accumulate, epochs: (
                    epochs * (math.ceil(examples / batch_size) // accumulate + 1)
                ),
            ),
        },
        cases=[
            (1000, 32, 1, 10),
            (1024, 32, 1, 3),
            (1797, 64, 4, 20),
            (10, 10, 1, 7),
            (1025, 32, 4, 6),
            (50_000, 128, 8, 90),
        ],
        praise="Put this number into the schedule, never one copied from elsewhere.",
    ),
    function(
        "7.4",
        "Listen: reduce on plateau",
        my_plateau,
        {
            "one too early": Mistake(
                "You cut one loss too early. A patience of 2 bears two bad losses; the third is "
                "too much.",
                _plateau(too_many=lambda bad, patience: bad >= patience),
                _plateau(too_many=lambda bad, patience: bad == patience),
            ),
            "one too late": Mistake(
                "You bear one bad loss more than the patience says.",
                _plateau(too_many=lambda bad, patience: bad > patience + 1),
            ),
            "never forgives": Mistake(
                "A good loss wipes out the bad ones before it: they have to come in a row.",
                _plateau(forgives=False),
                _forgives_one,
            ),
            "margin": Mistake(
                "You ask a good loss to be better by some margin, as PyTorch's own does "
                "(`threshold=1e-4`). Here it need only be below the best.",
                _plateau(good=lambda loss, best, before: loss < best * (1 - 1e-4)),
                _plateau(good=lambda loss, best, before: loss < best * (1 - 1e-3)),
                _plateau(good=lambda loss, best, before: loss < best * (1 - 1e-2)),
            ),
            "forgets the best": Mistake(
                "After a cut you forget the best loss. The rate is another then, but the measure "
                "stays.",
                _plateau(forgets=True),
            ),
            "starts at 1": Mistake(
                "After a cut your count starts again at 1. No loss has been bad since.",
                _plateau(again=1),
            ),
            "higher is good": Mistake(
                "You take a higher loss for progress.",
                _plateau(good=lambda loss, best, before: loss > best),
            ),
            "never cuts": Mistake(
                "Your rate never falls, on these losses. Does `best` follow the best loss? Does "
                "the count grow?",
                lambda losses, patience, factor: np.ones(len(losses)),
            ),
            "subtracts": Mistake(
                "The rate is to be multiplied by the factor. Yours takes something off it.",
                _plateau(cut=lambda rate, factor: rate - factor),
                _plateau(cut=lambda rate, factor: rate * (1 - factor)),
            ),
            "at cuts only": Mistake(
                "You note a rate only where it changes. Asked for is one after each loss.",
                _at_cuts_only,
            ),
            "one short": Mistake(
                "There is a rate for each loss; one of yours is missing.",
                lambda losses, patience, factor: my_plateau(losses, patience, factor)[1:],
                lambda losses, patience, factor: my_plateau(losses, patience, factor)[:-1],
            ),
            "goes on cutting": Mistake(
                "After a cut you cut again at the very next bad loss. The count starts anew.",
                _plateau(starts_again=False),
            ),
            "the one before": Mistake(
                "You compare with the loss before. Then a slow rise and fall always looks good: "
                "the best so far is the measure.",
                _plateau(good=lambda loss, best, before: loss < before),
            ),
            "as good is good": Mistake(
                "You take a loss that only equals the best for progress. On a plateau all are "
                "equal.",
                _plateau(good=lambda loss, best, before: loss <= best),
            ),
            "grows": Mistake(
                "Your rate grows on a plateau: you divide by the factor.",
                _plateau(cut=lambda rate, factor: rate / factor),
            ),
            "factor itself": Mistake(
                "The first cut is right. The second should cut what is left then; you go to the "
                "factor itself.",
                _plateau(cut=lambda rate, factor: factor),
            ),
            "deaf": Mistake(
                "Each of your rates is that from before the loss was heard. The rate after it is "
                "wanted.",
                _plateau(hears=False),
            ),
            "last only": Mistake(
                "That is the rate in the end. Asked for is the rate after each loss.",
                lambda losses, patience, factor: my_plateau(losses, patience, factor)[-1],
            ),
        },
        cases=[
            ([1.0, 0.9, 0.95, 0.92, 0.9, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.99], 2, 0.5),
            ([1.0, 1.2, 0.8, 0.9, 0.7, 0.8, 0.6, 0.7, 0.5, 0.6, 0.4], 2, 0.1),
            ([3.0, 2.0, 2.0, 2.0, 2.0, 1.5, 1.6, 1.7], 1, 0.3),
            ([1.0, 2.0, 3.0, 2.0], 0, 0.5),
            ([1.0, 1.1, 1.2, 0.99995, 1.1, 1.2, 0.9995, 1.1, 0.995, 1.1, 1.2, 1.3], 2, 0.25),
        ],
        praise="It bears `patience` bad losses, and cuts at the next.",
    ),
)
