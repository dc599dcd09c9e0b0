"""Lesson 7: a cosine, one cycle, how many updates there are, and a plateau that listens."""

import math

import numpy as np

from .exercise import Mistake, by_parts
from .exercise_types import function

TITLE = "7 Schedules"


# --- 7.1: a cosine with a floor -----------------------------------------------------------------


def my_cosine(t, steps, floor):
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(t / steps, 1))) / 2


@by_parts
def _cosine(
    made=lambda t: t,
    share=lambda t, steps: t / steps,
    stops=lambda p: min(p, 1),
    angle=lambda p: math.pi * p,
    wave=lambda a: (1 + math.cos(a)) / 2,
    mix=lambda w, floor: floor + (1 - floor) * w,
    after=lambda factor, t, steps, floor: factor,
):
    def variant(t, steps, floor):
        p = stops(share(made(t), steps))
        return after(mix(wave(angle(p)), floor), t, steps, floor)

    return variant


COSINE = function(
    "7.1",
    "A cosine with a floor",
    my_cosine,
    {
        "no floor": Mistake(
            "Your schedule goes down to 0: the floor plays no part in it.",
            _cosine(mix=lambda w, floor: w),
        ),
        "floor on top": Mistake(
            "Your schedule starts above 1. If the floor raises the bottom, the height of the wave "
            "has to shrink by as much.",
            _cosine(mix=lambda w, floor: floor + w),
            _cosine(mix=lambda w, floor: floor + (1 + floor) * w),
        ),
        "below the floor": Mistake(
            "You subtract the wave from the floor, so you get below 0. The wave belongs on top of "
            "the floor.",
            _cosine(mix=lambda w, floor: floor - (1 - floor) * w),
        ),
        "cut off": Mistake(
            "Your schedule is cut off at the floor and stays there for a while. It should come "
            "down gently, and reach the floor exactly at the end.",
            _cosine(mix=lambda w, floor: max(w, floor)),
        ),
        "floor halved": Mistake(
            "You halve the floor as well. Only the wave, 1 + cos, goes from 2 to 0 and needs it.",
            _cosine(mix=lambda w, floor: floor / 2 + (1 - floor) * w),
        ),
        "exchanged": Mistake(
            "You have swapped the floor and the height above it: your schedule comes down only by "
            "`floor`.",
            _cosine(mix=lambda w, floor: 1 - floor + floor * w),
        ),
        "full wave": Mistake(
            "Your schedule reaches the bottom halfway through, and then rises again. You need "
            "half a wave.",
            _cosine(angle=lambda p: 2 * math.pi * p),
        ),
        "quarter wave": Mistake(
            "Your schedule falls faster and faster until the end: that is a quarter of a wave. It "
            "should flatten out again at the bottom.",
            _cosine(wave=lambda a: math.cos(a / 2)),
            _cosine(angle=lambda p: math.pi / 2 * p),
        ),
        "not halved": Mistake(
            "Your schedule starts at about 2: 1 + cos goes from 2 to 0, and something has to "
            "halve it.",
            _cosine(wave=lambda a: 1 + math.cos(a)),
        ),
        "no one added": Mistake(
            "Your schedule falls below the floor, and even below 0: a cosine goes from 1 to -1.",
            _cosine(wave=math.cos),
        ),
        "half a half": Mistake(
            "You halve only one of the two terms. Halve all of 1 + cos.",
            _cosine(wave=lambda a: 1 + math.cos(a) / 2),
            _cosine(wave=lambda a: math.cos(a) / 2),
            _cosine(wave=lambda a: 0.5 + math.cos(a)),
            _cosine(wave=lambda a: math.cos(a) / 2, mix=lambda w, floor: 1 + w),
        ),
        "upside down": Mistake(
            "Your schedule starts at the bottom and rises. Look at the sign in front of the "
            "cosine.",
            _cosine(wave=lambda a: (1 - math.cos(a)) / 2),
        ),
        "sine": Mistake(
            "That is a sine: it starts halfway.",
            _cosine(wave=lambda a: (1 + math.sin(a)) / 2),
            _cosine(wave=lambda a: (1 - math.sin(a)) / 2),
            _cosine(wave=math.sin),
        ),
        "squared": Mistake(
            "You square the wave, so it drops too fast at first. Use it as it is.",
            _cosine(wave=lambda a: ((1 + math.cos(a)) / 2) ** 2),
        ),
        "line": Mistake(
            "That is a straight line. You need half a cosine wave, flat at both ends.",
            _cosine(wave=lambda a: 1 - a / math.pi),
        ),
        "rises again": Mistake(
            "After `steps` your schedule rises again, as PyTorch's does. It should stay at the "
            "bottom.",
            _cosine(stops=lambda p: p),
        ),
        "no pi": Mistake(
            "Your wave is too long: to `cos`, half a wave is pi long, not 1.",
            _cosine(angle=lambda p: p),
        ),
        "degrees": Mistake(
            "Your wave is far too short: `cos` takes radians, and 180 of them are more than 28 "
            "waves. How long is half a wave, in radians?",
            _cosine(angle=lambda p: 180 * p),
            _cosine(angle=lambda p: 180 * math.pi * p),
        ),
        "not a share": Mistake(
            "Your wave reaches the bottom in a single update: t isn't divided by `steps`.",
            _cosine(share=lambda t, steps: t, stops=lambda p: p),
            _cosine(share=lambda t, steps: min(t, steps), stops=lambda p: p),
            _cosine(share=lambda t, steps: t),
        ),
        "whole numbers": Mistake(
            "Nothing happens until t = steps, and then everything at once. Are you using `//`, "
            "which drops the fraction?",
            _cosine(share=lambda t, steps: t // steps),
        ),
        "one too few": Mistake(
            "You reach the bottom one update early. You should be there at t = steps.",
            _cosine(share=lambda t, steps: t / (steps - 1)),
        ),
        "one too many": Mistake(
            "You reach the bottom one update late. You should be there at t = steps.",
            _cosine(share=lambda t, steps: t / (steps + 1)),
        ),
        "one ahead": Mistake(
            "Your schedule is one update ahead. t counts the updates already made, and at t = 0 "
            "the wave is at its top.",
            _cosine(made=lambda t: t + 1),
        ),
        "one behind": Mistake(
            "Your schedule is one update behind. t counts the updates already made, and starts at "
            "0.",
            _cosine(made=lambda t: t - 1),
            _cosine(made=lambda t: max(t - 1, 0)),
        ),
        "begins below 1": Mistake(
            "Your schedule doesn't start at 1. Whatever the floor takes off the height of the "
            "wave, it has to add underneath.",
            _cosine(mix=lambda w, floor: (1 - floor) * w),
            _cosine(mix=lambda w, floor: floor * w),
            _cosine(mix=lambda w, floor: (1 - floor) * w - floor),
        ),
        "drops to 0": Mistake(
            "At the end your schedule drops to 0. It should stay on the floor.",
            _cosine(after=lambda factor, t, steps, floor: factor if t < steps else 0.0),
            _cosine(after=lambda factor, t, steps, floor: factor if t <= steps else 0.0),
        ),
        "drops to the floor": Mistake(
            "Your schedule glides down to 0, and jumps up to the floor only when everything is "
            "over.",
            _cosine(
                mix=lambda w, floor: w,
                after=lambda factor, t, steps, floor: factor if t < steps else floor,
            ),
            _cosine(
                mix=lambda w, floor: w,
                after=lambda factor, t, steps, floor: factor if t <= steps else floor,
            ),
        ),
        "back at 1": Mistake(
            "After the end your schedule jumps back to 1. It should stay on the floor.",
            _cosine(after=lambda factor, t, steps, floor: factor if t <= steps else 1.0),
        ),
        "restarts": Mistake(
            "Your schedule starts again at t = steps: that's a warm restart. It should stay down.",
            _cosine(stops=lambda p: p % 1),
        ),
        "max for min": Mistake(
            "Your schedule is at the bottom from the start. Which do you want: the larger of t / "
            "steps and 1, or the smaller?",
            _cosine(stops=lambda p: max(p, 1)),
        ),
    },
    cases=[
        *((t, 20, 0.1) for t in (0, 1, 5, 10, 15, 19, 20, 25, 40)),
        *((t, 7, 0.25) for t in (0, 2, 3, 6, 7, 8)),
    ],
    praise="It's a formula of t: you can draw it, test it, and call it twice.",
)


# --- 7.2: one cycle -----------------------------------------------------------------------------


def my_one_cycle(t, rise, steps, low):
    if t < rise:
        return low + (1 - low) * t / rise
    return max((steps - t) / (steps - rise), 0)


@by_parts
def _one_cycle(
    clock=lambda t: t,
    rises=lambda t, rise: t < rise,
    climbed=lambda t, rise, steps: t / rise,
    up=lambda p, low: low + (1 - low) * p,
    fallen=lambda t, rise, steps: (t - rise) / (steps - rise),
    down=lambda p, low: 1 - p,
    end=lambda factor, low: max(factor, 0),
):
    def variant(t, rise, steps, low):
        t = clock(t)
        if rises(t, rise):
            return up(climbed(t, rise, steps), low)
        return end(down(fallen(t, rise, steps), low), low)

    return variant


def _half_a_wave(p):
    return (1 + math.cos(math.pi * min(p, 1))) / 2


ONE_CYCLE = function(
    "7.2",
    "One cycle",
    my_one_cycle,
    {
        "from zero": Mistake(
            "Your schedule starts at 0, and a first update at rate 0 is wasted. It should start "
            "at `low`.",
            _one_cycle(up=lambda p, low: p),
            _one_cycle(up=lambda p, low: low * p),
            _one_cycle(up=lambda p, low: (1 - low) * p),
        ),
        "one ahead": Mistake(
            "Your schedule is one update ahead: it should be `low` at t = 0, 1 at t = `rise`, and "
            "0 at t = `steps`.",
            _one_cycle(clock=lambda t: t + 1),
            _one_cycle(climbed=lambda t, rise, steps: (t + 1) / rise),
            _one_cycle(climbed=lambda t, rise, steps: t / (rise - 1)),
            _one_cycle(fallen=lambda t, rise, steps: (t + 1 - rise) / (steps - rise)),
            _one_cycle(fallen=lambda t, rise, steps: (t - rise) / (steps - rise - 1)),
            _one_cycle(fallen=lambda t, rise, steps: (t - rise - 1) / (steps - rise - 1)),
            _one_cycle(fallen=lambda t, rise, steps: (t + 1 - rise) / (steps - rise - 1)),
        ),
        "one late": Mistake(
            "Your schedule is one update late: it should be 1 at t = `rise`, and 0 at t = `steps`.",
            _one_cycle(clock=lambda t: t - 1),
            _one_cycle(climbed=lambda t, rise, steps: t / (rise + 1)),
            _one_cycle(fallen=lambda t, rise, steps: (t - rise - 1) / (steps - rise)),
            _one_cycle(fallen=lambda t, rise, steps: (t - rise) / (steps - rise + 1)),
        ),
        "waits at low": Mistake(
            "Your schedule waits at `low` for a while, and then joins a line that started at 0. "
            "The line itself should start at `low`.",
            _one_cycle(up=lambda p, low: max(low, p)),
        ),
        "too slow up": Mistake(
            "On the way up you divide by the wrong number. You should be at the top exactly at t "
            "= `rise`.",
            _one_cycle(climbed=lambda t, rise, steps: t / steps),
            _one_cycle(climbed=lambda t, rise, steps: t / (steps - rise)),
        ),
        "stands still": Mistake(
            "One of your two lines stands still and then jumps. It should move with every t. Are "
            "you using `//`, which drops the fraction?",
            _one_cycle(climbed=lambda t, rise, steps: t // rise),
            _one_cycle(up=lambda p, low: low + (1 - low) * p // 1),
            _one_cycle(fallen=lambda t, rise, steps: (t - rise) // (steps - rise)),
        ),
        "curved": Mistake(
            "One of your two lines is curved. PyTorch's one cycle is curved, too; here both are "
            "straight.",
            _one_cycle(down=lambda p, low: _half_a_wave(p)),
            _one_cycle(up=lambda p, low: low + (1 - low) * (1 - _half_a_wave(p))),
            _one_cycle(
                up=lambda p, low: low + (1 - low) * (1 - _half_a_wave(p)),
                down=lambda p, low: _half_a_wave(p),
            ),
            _one_cycle(up=lambda p, low: low + (1 - low) * p**2),
            _one_cycle(down=lambda p, low: 1 - p**2),
            _one_cycle(down=lambda p, low: max(1 - p, 0) ** 2),
        ),
        "upside down": Mistake(
            "One of your lines runs the wrong way: first up, then down.",
            _one_cycle(down=lambda p, low: p),
            _one_cycle(down=lambda p, low: min(p, 1)),
            _one_cycle(up=lambda p, low: 1 - (1 - low) * p),
        ),
        "comes back": Mistake(
            "After t = `steps` your schedule rises again. It should stay at 0.",
            _one_cycle(end=lambda factor, low: abs(factor)),
        ),
        "back to low": Mistake(
            "After t = `steps` your schedule goes back to `low`. It should stay at 0.",
            _one_cycle(end=lambda factor, low: factor if factor > 0 else low),
            _one_cycle(end=lambda factor, low: factor if factor >= 0 else low),
        ),
        "low on top": Mistake(
            "Your schedule goes above 1 before the peak: it has only 1 - low to climb.",
            _one_cycle(up=lambda p, low: low + p),
        ),
        "peak at low": Mistake(
            "On the way up, your schedule hardly gets anywhere: the height to climb is 1 - low, "
            "not low.",
            _one_cycle(up=lambda p, low: low + low * p),
        ),
        "down to low": Mistake(
            "On the way down, your schedule ends at `low`. One cycle goes further, to 0.",
            _one_cycle(down=lambda p, low: low + (1 - low) * max(1 - p, 0)),
            _one_cycle(end=lambda factor, low: max(factor, low)),
        ),
        "exchanged": Mistake(
            "On the way up, you have swapped low and 1 - low: one is where it starts, the other is"
            " how far it climbs.",
            _one_cycle(up=lambda p, low: 1 - low + low * p),
        ),
        "too short down": Mistake(
            "Your way down takes as long as the way up. It should use all the remaining updates.",
            _one_cycle(fallen=lambda t, rise, steps: (t - rise) / rise),
        ),
        "too long down": Mistake(
            "Your way down takes all the `steps`, but `rise` of them are over when it starts.",
            _one_cycle(fallen=lambda t, rise, steps: (t - rise) / steps),
        ),
        "jumps": Mistake(
            "Your schedule jumps at the peak: the way down has to start at 1 when t is `rise`.",
            _one_cycle(fallen=lambda t, rise, steps: t / steps),
            _one_cycle(fallen=lambda t, rise, steps: t / (steps - rise)),
        ),
        "above 1": Mistake(
            "Your way down starts above 1. It should start at 1, at t = `rise`.",
            _one_cycle(down=lambda p, low: 2 - p),
            _one_cycle(
                fallen=lambda t, rise, steps: t / (steps - rise),
                down=lambda p, low: 2 - p,
            ),
            lambda t, rise, steps, low: (
                my_one_cycle(t, rise, steps, low)
                if t < rise
                else max(steps / (steps - rise) - (t - rise) / (steps - rise), 0)
            ),
        ),
        "below zero": Mistake(
            "After the last update, your schedule goes below 0, which is a step uphill. It should "
            "stay at 0.",
            _one_cycle(end=lambda factor, low: factor),
        ),
        "no way down": Mistake(
            "Your schedule rises, and that's all. The second half of the cycle is missing.",
            _one_cycle(down=lambda p, low: 1.0),
            _one_cycle(down=lambda p, low: 0.0),
            _one_cycle(rises=lambda t, rise: True),
            _one_cycle(rises=lambda t, rise: True, up=lambda p, low: min(low + (1 - low) * p, 1)),
        ),
        "no way up": Mistake(
            "Your schedule has no way up. It should climb to the top in the first `rise` updates.",
            _one_cycle(up=lambda p, low: 1.0),
            _one_cycle(rises=lambda t, rise: False),
            _one_cycle(rises=lambda t, rise: False, fallen=lambda t, rise, steps: t / steps),
        ),
    },
    cases=[
        *((t, 6, 20, 0.04) for t in (0, 1, 3, 5, 6, 7, 13, 19, 20, 24)),
        *((t, 3, 10, 0.2) for t in (0, 2, 3, 8, 9, 10, 11)),
    ],
    praise="Two straight lines, and no state that a plot could use up.",
)


# --- 7.3: how many updates? ---------------------------------------------------------------------


def total_updates(examples, batch_size, accumulate, epochs):
    return epochs * math.ceil(math.ceil(examples / batch_size) / accumulate)


@by_parts
def _updates(
    batches=lambda examples, size: math.ceil(examples / size),
    gathered=lambda batches, accumulate: math.ceil(batches / accumulate),
    overall=lambda gathered, batches, epochs: epochs * gathered(batches),
):
    def variant(examples, batch_size, accumulate, epochs):
        def updates(batches):
            return gathered(batches, accumulate)

        return overall(updates, batches(examples, batch_size), epochs)

    return variant


UPDATES = function(
    "7.3",
    "How many updates?",
    total_updates,
    {
        "rounded down": Mistake(
            "The last batch of each epoch is smaller, but it still counts. Your number is right "
            "only with `drop_last=True`.",
            _updates(batches=lambda examples, size: examples // size),
        ),
        "left over": Mistake(
            "You drop the batches left over at the end of an epoch. They make an update, too.",
            _updates(gathered=lambda batches, accumulate: batches // accumulate),
        ),
        "to the nearest": Mistake(
            "You round to the nearest integer, so a small remainder gets lost. It counts, however "
            "small.",
            _updates(batches=lambda examples, size: round(examples / size)),
            _updates(gathered=lambda batches, accumulate: round(batches / accumulate)),
            _updates(
                batches=lambda examples, size: examples / size,
                gathered=lambda batches, accumulate: round(batches / accumulate),
            ),
        ),
        "not rounded": Mistake(
            "That isn't a whole number, and there are no half updates. What happens to the "
            "remainder?",
            _updates(
                batches=lambda examples, size: examples / size,
                gathered=lambda batches, accumulate: batches / accumulate,
            ),
            _updates(gathered=lambda batches, accumulate: batches / accumulate),
            _updates(
                batches=lambda examples, size: examples // size,
                gathered=lambda batches, accumulate: batches / accumulate,
            ),
        ),
        "rounded once": Mistake(
            "Every epoch ends with a small batch of its own, so round within an epoch, not over "
            "all of them.",
            _updates(
                batches=lambda examples, size: examples / size,
                overall=lambda gathered, batches, epochs: gathered(epochs * batches),
            ),
            lambda examples, batch_size, accumulate, epochs: (
                epochs * examples // (batch_size * accumulate)
            ),
        ),
        "carried over": Mistake(
            "You let an update gather batches from two epochs. What is left at the end of an epoch"
            " isn't carried over.",
            _updates(overall=lambda gathered, batches, epochs: gathered(epochs * batches)),
        ),
        "batches": Mistake(
            "You count batches. Only after every `accumulate` of them is there an update.",
            _updates(gathered=lambda batches, accumulate: batches),
        ),
        "more updates": Mistake(
            "Gathering batches makes fewer updates, not more.",
            _updates(gathered=lambda batches, accumulate: batches * accumulate),
        ),
        "one epoch": Mistake(
            "The number of epochs plays no part in your count: that is one epoch.",
            _updates(overall=lambda gathered, batches, epochs: gathered(batches)),
        ),
        "epochs": Mistake(
            "You count epochs. A schedule that is stepped with each update needs updates.",
            _updates(overall=lambda gathered, batches, epochs: epochs),
        ),
        "examples": Mistake(
            "You count examples, and the batch size plays no part in it. An update uses whole "
            "batches.",
            _updates(batches=lambda examples, size: examples),
            lambda examples, batch_size, accumulate, epochs: epochs * examples,
        ),
        "one more each": Mistake(
            "Where everything divides evenly, you have one update too many per epoch.",
            _updates(batches=lambda examples, size: examples // size + 1),
            _updates(gathered=lambda batches, accumulate: batches // accumulate + 1),
            _updates(
                batches=lambda examples, size: examples // size,
                gathered=lambda batches, accumulate: batches // accumulate + 1,
            ),
        ),
        "one more": Mistake(
            "You have one update too many, or one too few, at the very end.",
            _updates(overall=lambda gathered, batches, epochs: epochs * gathered(batches) + 1),
            _updates(overall=lambda gathered, batches, epochs: epochs * gathered(batches) - 1),
        ),
        "summed": Mistake(
            "You add the number of epochs. Every epoch has the same number of updates, so "
            "multiply.",
            _updates(overall=lambda gathered, batches, epochs: epochs + gathered(batches)),
        ),
    },
    cases=[
        (1000, 32, 1, 10),
        (1024, 32, 1, 3),
        (1797, 64, 4, 20),
        (10, 10, 1, 7),
        (1025, 32, 4, 6),
        (1056, 32, 4, 5),
        (100, 64, 1, 2),
        (50_000, 128, 8, 90),
    ],
    praise="Give the schedule this number, never one copied from elsewhere.",
)


# --- 7.4: reduce on plateau ---------------------------------------------------------------------


@by_parts
def _plateau(
    start=lambda losses: math.inf,
    good=lambda loss, best, before: loss < best,
    count=lambda bad, good: 0 if good else bad + 1,
    follow=lambda best, loss: min(best, loss),
    too_many=lambda bad, patience: bad > patience,
    cut=lambda rate, factor: rate * factor,
    again=lambda bad: 0,
    after_a_cut=lambda best, loss: best,
    hears=True,
    noted=lambda good: True,
    out=np.array,
):
    def variant(losses, patience, factor):
        rate, best, before, bad, rates = 1.0, start(losses), math.inf, 0, []
        for loss in losses:
            earlier = rate
            is_good = good(loss, best, before)
            bad = count(bad, is_good)
            best, before = follow(best, loss), loss
            if too_many(bad, patience):
                rate, bad = cut(rate, factor), again(bad)
                best = after_a_cut(best, loss)
            if noted(is_good):
                rates.append(rate if hears else earlier)
        return out(rates)

    return variant


my_plateau = _plateau()


def _at_cuts_only(rates):
    return np.array(rates)[np.diff(rates, prepend=1.0) != 0]


PLATEAU = function(
    "7.4",
    "Listen: reduce on plateau",
    lambda losses, patience, factor: my_plateau(losses, patience, factor),
    {
        "one too early": Mistake(
            "You cut one loss too early. A patience of 2 tolerates two bad losses; the third is "
            "too much.",
            _plateau(too_many=lambda bad, patience: bad >= patience),
            _plateau(too_many=lambda bad, patience: bad == patience),
            _plateau(too_many=lambda bad, patience: bad >= max(patience, 1)),
        ),
        "one too late": Mistake(
            "You tolerate one bad loss more than the patience says.",
            _plateau(too_many=lambda bad, patience: bad > patience + 1),
        ),
        "no patience": Mistake(
            "You cut at every bad loss: the patience plays no part.",
            _plateau(too_many=lambda bad, patience: bad > 0),
        ),
        "never forgives": Mistake(
            "You count bad losses even if good ones come between them. A good loss should reset "
            "the count: only bad losses in a row count.",
            _plateau(count=lambda bad, good: bad if good else bad + 1),
            _plateau(count=lambda bad, good: max(bad - 1, 0) if good else bad + 1),
        ),
        "good counts": Mistake(
            "A good loss sets your count to 1. It isn't a bad one, so the count goes back to 0.",
            _plateau(count=lambda bad, good: 1 if good else bad + 1),
        ),
        "margin": Mistake(
            "You want a good loss to be better by a margin, as PyTorch does (`threshold=1e-4`). "
            "Here it only has to be below the best.",
            _plateau(good=lambda loss, best, before: loss < best * (1 - 1e-4)),
            _plateau(good=lambda loss, best, before: loss < best * (1 - 1e-3)),
            _plateau(good=lambda loss, best, before: loss < best * (1 - 1e-2)),
            _plateau(good=lambda loss, best, before: loss < best - 1e-4),
            _plateau(good=lambda loss, best, before: loss < best - 1e-3),
        ),
        "forgets the best": Mistake(
            "After a cut you forget the best loss. The rate is new, but the best loss so far is "
            "still the best.",
            _plateau(after_a_cut=lambda best, loss: loss),
            _plateau(after_a_cut=lambda best, loss: math.inf),
        ),
        "starts at 1": Mistake(
            "After a cut your count restarts at 1. No loss has been bad since the cut.",
            _plateau(again=lambda bad: 1),
        ),
        "higher is good": Mistake(
            "You treat a higher loss as progress.",
            _plateau(good=lambda loss, best, before: loss > best),
            _plateau(
                start=lambda losses: -math.inf,
                good=lambda loss, best, before: loss > best,
                follow=max,
            ),
        ),
        "never good": Mistake(
            "You count every loss as bad. Does `best` start high enough? Do you compare before "
            "you update it? Does a good loss reset the count?",
            _plateau(good=lambda loss, best, before: False),
        ),
        "the first is bad": Mistake(
            "You count the first loss as a bad one. Nothing came before it, so it's the best so "
            "far.",
            _plateau(start=lambda losses: losses[0]),
        ),
        "never cuts": Mistake(
            "On these losses your rate never falls. Does `best` follow the best loss? Does the "
            "count grow?",
            lambda losses, patience, factor: np.ones(len(losses)),
        ),
        "subtracts": Mistake(
            "The rate should be multiplied by the factor. You take something off it instead.",
            _plateau(cut=lambda rate, factor: rate - factor),
            _plateau(cut=lambda rate, factor: rate * (1 - factor)),
        ),
        "at cuts only": Mistake(
            "You record a rate only where it changes. Record one after each loss.",
            _plateau(out=_at_cuts_only),
        ),
        "after bad ones only": Mistake(
            "You record a rate only after bad losses, or only after good ones. Record one after "
            "each loss.",
            _plateau(noted=lambda good: not good),
            _plateau(noted=lambda good: good),
        ),
        "one short": Mistake(
            "There should be one rate per loss; one of yours is missing.",
            _plateau(out=lambda rates: np.array(rates[1:])),
            _plateau(out=lambda rates: np.array(rates[:-1])),
        ),
        "one too many": Mistake(
            "You have one rate too many: leave out the one from before the first loss.",
            _plateau(out=lambda rates: np.array([1.0, *rates])),
        ),
        "goes on cutting": Mistake(
            "After a cut you cut again at the very next bad loss. The count should start over.",
            _plateau(again=lambda bad: bad),
        ),
        "the one before": Mistake(
            "You compare with the previous loss, so a zigzag always looks good. Compare with the "
            "best so far.",
            _plateau(good=lambda loss, best, before: loss < before),
            _plateau(follow=lambda best, loss: loss),
        ),
        "the first": Mistake(
            "You always compare with the first loss: your `best` is never updated.",
            _plateau(follow=lambda best, loss: min(best, loss) if best == math.inf else best),
        ),
        "as good is good": Mistake(
            "You treat a loss that only equals the best as progress. On a plateau all losses are "
            "equal.",
            _plateau(good=lambda loss, best, before: loss <= best),
        ),
        "grows": Mistake(
            "Your rate grows on a plateau: you divide by the factor.",
            _plateau(cut=lambda rate, factor: rate / factor),
        ),
        "factor itself": Mistake(
            "Your first cut is right. The second should multiply the rate as it is by then; you "
            "set it to the factor itself.",
            _plateau(cut=lambda rate, factor: factor),
        ),
        "to nothing": Mistake(
            "On a plateau your rate becomes 0, and nothing can move any more.",
            _plateau(cut=lambda rate, factor: 0.0),
        ),
        "deaf": Mistake(
            "Each of your rates is the one before its loss. Record the one after it.",
            _plateau(hears=False),
        ),
        "last only": Mistake(
            "That is the rate at the end. Return the rate after each loss.",
            _plateau(out=lambda rates: rates[-1]),
        ),
    },
    cases=[
        ([1.0, 0.9, 0.95, 0.92, 0.9, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.99], 2, 0.5),
        ([1.0, 1.2, 0.8, 0.9, 0.7, 0.8, 0.6, 0.7, 0.5, 0.6, 0.4], 2, 0.1),
        ([3.0, 2.0, 2.0, 2.0, 2.0, 1.5, 1.6, 1.7], 1, 0.3),
        ([1.0, 2.0, 3.0, 2.0], 0, 0.5),
        ([1.0, 1.1, 1.2, 0.99995, 1.1, 1.2, 0.9995, 1.1, 0.995, 1.1, 1.2, 1.3], 2, 0.25),
        ([2.0, 2.1, 2.2, 2.3, 2.15, 2.25, 1.9, 2.0, 1.95], 1, 0.5),
        ([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9], 3, 0.5),
        ([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0], 3, 0.5),
    ],
    praise="It tolerates `patience` bad losses, and cuts at the next.",
)


EXERCISES = (COSINE, ONE_CYCLE, UPDATES, PLATEAU)
