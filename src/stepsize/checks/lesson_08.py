"""Lesson 8: warmup, alone and followed by a cosine or an inverse square root; and for how long."""

import numpy as np

from .exercise import Mistake
from .exercise_types import function, number

TITLE = "8 Warmup"


def my_warmup(t, steps):
    return np.minimum((t + 1) / steps, 1.0)


def my_schedule(t, warmup, steps, floor):
    if t < warmup:
        return (t + 1) / warmup
    return _cosine(np.minimum((t - warmup) / (steps - warmup), 1.0), floor)


def _cosine(share, floor):
    return floor + (1 - floor) * (1 + np.cos(np.pi * share)) / 2


def _then(fall):
    """A mistake in what follows a warmup that is right: fall(t, warmup, steps, floor)."""

    def schedule(t, warmup, steps, floor):
        return (t + 1) / warmup if t < warmup else fall(t, warmup, steps, floor)

    return schedule


def _first(rise):
    """A mistake in the warmup, before a cosine that is right: rise(t, warmup, steps, floor)."""

    def schedule(t, warmup, steps, floor):
        return (rise if t < warmup else my_schedule)(t, warmup, steps, floor)

    return schedule


def _share(t, warmup, steps):
    """How much of the cosine is over, from 0 to 1."""
    return np.minimum((t - warmup) / (steps - warmup), 1.0)


def my_inverse_sqrt(t, warmup):
    n = t + 1
    return np.minimum(n / warmup, (warmup / n) ** 0.5)


EXERCISES = (
    function(
        "8.1",
        "Linear warmup",
        my_warmup,
        {
            "dead first step": Mistake(
                "At t = 0 your factor is 0: the first update moves nothing. "
                "t counts the updates already made; which one is being made?",
                lambda t, steps: np.minimum(t / steps, 1.0),
                lambda t, steps: np.minimum(t / np.maximum(steps - 1, 1), 1.0),
            ),
            "no end": Mistake(
                "It never stops rising. From the last update of the warmup on, the factor is 1.",
                lambda t, steps: (t + 1) / steps,
            ),
            "too late": Mistake(
                "You reach 1 one update too late. With steps = 4 the fourth update, at t = 3, has "
                "the full rate.",
                lambda t, steps: np.minimum((t + 1) / (steps + 1), 1.0),
                lambda t, steps: 1 / steps + (1 - 1 / steps) * np.minimum(t / steps, 1.0),
            ),
            "too early": Mistake(
                "You are one update ahead: with steps = 4 the factors are a quarter, a half, three "
                "quarters, 1.",
                lambda t, steps: np.minimum((t + 2) / steps, 1.0),
                lambda t, steps: np.minimum((t + 1) / np.maximum(steps - 1, 1), 1.0),
            ),
            "brackets": Mistake(
                "The division comes before the plus: yours divides only the 1.",
                lambda t, steps: np.minimum(t + 1 / steps, 1.0),
            ),
            "above 1": Mistake(
                "After the warmup yours is above 1. What is added for the first update has to be "
                "inside the minimum.",
                lambda t, steps: np.minimum(t / steps, 1.0) + 1 / steps,
                lambda t, steps: np.minimum((t + 1) / steps, steps),
            ),
            "a rate": Mistake(
                "That is a rate. A factor is wanted, which rises to 1; the peak multiplies it.",
                lambda t, steps: 0.015 * np.minimum((t + 1) / steps, 1.0),
                lambda t, steps: np.where(t < steps, (t + 1) / steps, 0.015),
            ),
            "bent": Mistake(
                "Your way up is bent. Each update of the warmup should add the same.",
                lambda t, steps: np.minimum((t + 1) / steps, 1.0) ** 2,
                lambda t, steps: np.minimum((t + 1) / steps, 1.0) ** 0.5,
                lambda t, steps: (1 - np.cos(np.pi * np.minimum((t + 1) / steps, 1.0))) / 2,
                lambda t, steps: np.sin(np.pi / 2 * np.minimum((t + 1) / steps, 1.0)),
                lambda t, steps: 1 - np.exp(-(t + 1) / steps),
            ),
            "full at once": Mistake(
                "Your first update already has the full rate. That is the one that warmup is for.",
                lambda t, steps: np.maximum((t + 1) / steps, 1.0),
                lambda t, steps: 1.0,
                lambda t, steps: np.minimum(steps / (t + 1), 1.0),
            ),
            "downwards": Mistake(
                "Yours falls. A warmup rises to 1, and stays there.",
                lambda t, steps: np.maximum(1 - t / steps, 0.0),
                lambda t, steps: np.maximum(1 - (t + 1) / steps, 0.0),
                lambda t, steps: steps / (t + 1),
            ),
            "whole numbers": Mistake(
                "Your division leaves no fractions: the factor is 0 until it jumps to 1.",
                lambda t, steps: np.minimum((t + 1) // steps, 1),
            ),
            "again and again": Mistake(
                "Your warmup begins anew each time it is over. It is wanted once, at the start.",
                lambda t, steps: (t % steps + 1) / steps,
            ),
            "back to nothing": Mistake(
                "After the warmup your factor is 0, and training is over. It should stay at 1.",
                lambda t, steps: np.where(t < steps, (t + 1) / steps, 0.0),
            ),
            "waits": Mistake(
                "Yours waits, then jumps to the full rate. A warmup makes small steps of it.",
                lambda t, steps: np.where(t < steps, 1 / steps, 1.0),
            ),
            "never rises": Mistake(
                "Yours stays where it begins. t has no part in it.",
                lambda t, steps: 1 / steps,
            ),
        },
        cases=[
            *((t, 4) for t in range(7)),
            *((t, 10) for t in (0, 3, 8, 9, 10, 57)),
            (0, 1),
            (5, 1),
        ],
        praise="The first update has 1 / steps of the rate, and the last of the warmup all of it.",
    ),
    function(
        "8.2",
        "Warmup, then cosine",
        my_schedule,
        {
            "dead first step": Mistake(
                "At t = 0 your factor is 0: the first update moves nothing. Write the warmup as in "
                "exercise 8.1.",
                lambda t, warmup, steps, floor: (
                    t / warmup if t < warmup else _cosine(_share(t, warmup, steps), floor)
                ),
            ),
            "no warmup": Mistake(
                "There is no warmup in it: yours begins at the peak.",
                lambda t, warmup, steps, floor: _cosine(min(t / steps, 1.0), floor),
                lambda t, warmup, steps, floor: _cosine(
                    max(min((t - warmup) / (steps - warmup), 1.0), 0.0), floor
                ),
            ),
            "multiplied": Mistake(
                "Your cosine falls while the warmup rises, so the peak is never reached. It should "
                "begin where the warmup ends.",
                lambda t, warmup, steps, floor: (
                    min((t + 1) / warmup, 1.0) * _cosine(min(t / steps, 1.0), floor)
                ),
            ),
            "jump": Mistake(
                "There is a jump where the warmup ends: your cosine has been running since t = 0. "
                "It should begin at the peak.",
                _then(lambda t, warmup, steps, floor: _cosine(min(t / steps, 1.0), floor)),
                _then(lambda t, warmup, steps, floor: _cosine(min(t / (steps - warmup), 1), floor)),
            ),
            "one off": Mistake(
                "Your cosine is one update off: it should be at 1 when t = warmup, and on the "
                "floor when t = steps.",
                _then(lambda t, w, steps, floor: _cosine(min((t - w + 1) / (steps - w), 1), floor)),
                _then(lambda t, w, steps, floor: _cosine(min((t - w) / (steps - w - 1), 1), floor)),
                _then(lambda t, w, steps, floor: _cosine(min((t - w) / (steps - w + 1), 1), floor)),
            ),
            "slow warmup": Mistake(
                "Your cosine is right, but your warmup is too slow: its last update should have "
                "all of the rate.",
                _first(lambda t, warmup, steps, floor: (t + 1) / (warmup + 1)),
                _first(lambda t, warmup, steps, floor: (t + 1) / steps),
            ),
            "warmup from the floor": Mistake(
                "Your warmup begins above the floor. The floor is for the end; the warmup is that "
                "of exercise 8.1.",
                _first(lambda t, warmup, steps, floor: floor + (1 - floor) * (t + 1) / warmup),
                _first(lambda t, warmup, steps, floor: max(floor, (t + 1) / warmup)),
            ),
            "waits": Mistake(
                "Yours stands still before the cosine. The rate should rise there.",
                _first(lambda t, warmup, steps, floor: 0.0),
                _first(lambda t, warmup, steps, floor: floor),
            ),
            "falls at first": Mistake(
                "Your warmup falls. It should rise to 1.",
                _first(lambda t, warmup, steps, floor: warmup / (t + 1)),
                _first(lambda t, warmup, steps, floor: 1 - (t + 1) / warmup),
                _first(lambda t, warmup, steps, floor: 1 - t / warmup),
            ),
            "upside down": Mistake(
                "Your cosine begins on the floor and rises. Look at the sign in front of it.",
                _then(lambda t, w, steps, floor: _cosine(1 - _share(t, w, steps), floor)),
            ),
            "not halved": Mistake(
                "After the warmup yours jumps to about 2. Something has to halve 1 + cos.",
                _then(lambda t, w, steps, floor: 2 * _cosine(_share(t, w, steps), floor) - floor),
                _then(lambda t, w, steps, floor: 2 * _cosine(_share(t, w, steps), floor)),
            ),
            "full wave": Mistake(
                "It is down in the middle, and then rises again: half a wave is wanted.",
                _then(lambda t, w, steps, floor: _cosine(2 * _share(t, w, steps), floor)),
            ),
            "restarts": Mistake(
                "At t = steps yours begins anew. It should stay on the floor.",
                _then(
                    lambda t, w, steps, floor: _cosine((t - w) % (steps - w) / (steps - w), floor)
                ),
            ),
            "drops to 0": Mistake(
                "After the end yours is 0. It should stay on the floor.",
                _then(
                    lambda t, w, steps, floor: (
                        _cosine(_share(t, w, steps), floor) if t < steps else 0.0
                    )
                ),
            ),
            "below the peak": Mistake(
                "Your cosine does not begin at 1. What is taken off its height for the floor has "
                "to be put under it.",
                _then(lambda t, w, steps, floor: (1 - floor) * _cosine(_share(t, w, steps), 0.0)),
                _then(lambda t, w, steps, floor: floor * _cosine(_share(t, w, steps), 0.0)),
            ),
            "no way down": Mistake(
                "After the warmup there is no cosine in yours.",
                _then(lambda t, w, steps, floor: 1.0),
                _then(lambda t, w, steps, floor: 0.0),
                _then(lambda t, w, steps, floor: floor),
            ),
            "inverse root": Mistake(
                "Yours falls as an inverse square root: that is the next exercise.",
                _then(lambda t, w, steps, floor: (w / (t + 1)) ** 0.5),
            ),
            "too long": Mistake(
                "Your cosine takes all the steps, after a warmup that has used some of them up. "
                "The two together should be over at t = steps.",
                _then(lambda t, warmup, steps, floor: _cosine(min((t - warmup) / steps, 1), floor)),
            ),
            "rises again": Mistake(
                "After the end your rate rises again: a cosine is a wave. It should stay at the "
                "floor.",
                _then(
                    lambda t, warmup, steps, floor: _cosine((t - warmup) / (steps - warmup), floor)
                ),
            ),
            "floor added": Mistake(
                "Your peak is above 1: the floor is added to the whole cosine. Only the part above "
                "the floor should fall.",
                _then(lambda t, w, steps, floor: floor + _cosine(_share(t, w, steps), 0.0)),
            ),
            "floor cuts": Mistake(
                "Your cosine runs down to 0 and is cut off at the floor. It should glide down to "
                "the floor, and reach it at t = steps.",
                _then(lambda t, w, steps, floor: max(floor, _cosine(_share(t, w, steps), 0.0))),
            ),
            "no floor": Mistake(
                "Yours ends at 0. It should end at the floor.",
                _then(lambda t, w, steps, floor: _cosine(_share(t, w, steps), 0.0)),
            ),
            "below zero": Mistake(
                "A cosine runs from 1 to -1; a rate must not fall below 0. Lift it, and halve it.",
                _then(
                    lambda t, w, steps, floor: (
                        floor + (1 - floor) * np.cos(np.pi * _share(t, w, steps))
                    )
                ),
            ),
            "quarter wave": Mistake(
                "You take a quarter of a wave: it ends steeply. Half a wave, from the top to the "
                "bottom, is flat at both ends.",
                _then(
                    lambda t, w, steps, floor: (
                        floor + (1 - floor) * np.cos(np.pi / 2 * _share(t, w, steps))
                    )
                ),
            ),
            "no pi": Mistake(
                "Your cosine doesn't get to its bottom: half a wave is pi long.",
                _then(
                    lambda t, w, steps, floor: (
                        floor + (1 - floor) * (1 + np.cos(_share(t, w, steps))) / 2
                    )
                ),
            ),
            "a line": Mistake(
                "Yours falls along a straight line. Half a cosine wave is wanted.",
                _then(lambda t, w, steps, floor: floor + (1 - floor) * (1 - _share(t, w, steps))),
            ),
        },
        cases=[
            *((t, 4, 12, 0.1) for t in (0, 1, 3, 4, 5, 6, 8, 10, 11, 12, 13, 17)),
            (0, 4, 12, 0.5),
            *((t, 5, 45, 0.0) for t in (2, 15, 25, 44, 45)),
            (90, 10, 100, 0.2),
        ],
        praise="Two updates at the peak: the warmup's last, and the cosine's first.",
    ),
    function(
        "8.3",
        "Inverse square root",
        my_inverse_sqrt,
        {
            "t for n": Mistake(
                "You count the updates already made. The formula's n is the update being made, "
                "and begins with 1.",
                lambda t, warmup: min(t / warmup, (warmup / max(t, 1)) ** 0.5),
                lambda t, warmup: t / warmup if t < warmup else (warmup / t) ** 0.5,
                lambda t, warmup: min(t / warmup, (warmup / (t + 1)) ** 0.5),
                lambda t, warmup: min((t + 1) / warmup, (warmup / max(t, 1)) ** 0.5),
            ),
            "one ahead": Mistake(
                "You are one update ahead: at t = 0 the first update is made, and n is 1.",
                lambda t, warmup: min((t + 2) / warmup, (warmup / (t + 2)) ** 0.5),
            ),
            "never falls": Mistake(
                "Yours never falls. The number of updates belongs below the line of the fraction "
                "under the root.",
                lambda t, warmup: min((t + 1) / warmup, ((t + 1) / warmup) ** 0.5),
                lambda t, warmup: (t + 1) / warmup,
            ),
            "brackets": Mistake(
                "Your root takes in only n. It is the root of the whole fraction.",
                lambda t, warmup: min((t + 1) / warmup, warmup / (t + 1) ** 0.5),
                lambda t, warmup: min((t + 1) / warmup, warmup**0.5 / (t + 1)),
            ),
            "other power": Mistake(
                "Your rate falls with another power. Four times as many updates should halve it.",
                lambda t, warmup: min((t + 1) / warmup, (warmup / (t + 1)) ** 2),
                lambda t, warmup: min((t + 1) / warmup, (warmup / (t + 1)) ** 1.5),
                lambda t, warmup: min((t + 1) / warmup, (warmup / (t + 1)) ** 0.25),
            ),
            "exponential": Mistake(
                "Yours falls as an exponential, and soon is nothing. A root has a long tail.",
                lambda t, warmup: min((t + 1) / warmup, np.exp(1 - (t + 1) / warmup)),
                lambda t, warmup: min((t + 1) / warmup, np.exp(-(t + 1) / warmup)),
            ),
            "whole numbers": Mistake(
                "Your division leaves no fractions: the rate is 0 until the end of the warmup.",
                lambda t, warmup: min((t + 1) // warmup, (warmup / (t + 1)) ** 0.5),
            ),
            "max for min": Mistake(
                "You take the larger of the two: a start beyond the peak, and a rise without end. "
                "At each update the smaller one counts.",
                lambda t, warmup: max((t + 1) / warmup, (warmup / (t + 1)) ** 0.5),
            ),
            "no warmup": Mistake(
                "Your first updates are the largest of all: the rise is missing.",
                lambda t, warmup: (warmup / (t + 1)) ** 0.5,
                lambda t, warmup: (1 / (t + 1)) ** 0.5,
                lambda t, warmup: min(1.0, (warmup / (t + 1)) ** 0.5),
            ),
            "no decay": Mistake(
                "Yours stays at 1 after the warmup. It should fall from there.",
                lambda t, warmup: min((t + 1) / warmup, 1.0),
            ),
            "peak not 1": Mistake(
                "The shape is right, the height isn't: that is the paper's formula, whose peak "
                "depends on the warmup. Here the peak is 1.",
                lambda t, warmup: min((t + 1) ** -0.5, (t + 1) * warmup**-1.5),
                lambda t, warmup: 32**-0.5 * min((t + 1) ** -0.5, (t + 1) * warmup**-1.5),
                lambda t, warmup: 512**-0.5 * min((t + 1) ** -0.5, (t + 1) * warmup**-1.5),
            ),
            "no warmup under the root": Mistake(
                "Your rise and your fall do not meet at 1. Where n is the warmup, both should.",
                lambda t, warmup: min((t + 1) / warmup, (t + 1) ** -0.5),
            ),
            "no root": Mistake(
                "Yours falls as 1 / n, and soon is nothing. Four times as many updates should "
                "halve the rate.",
                lambda t, warmup: min((t + 1) / warmup, warmup / (t + 1)),
            ),
            "counts anew": Mistake(
                "Your decay counts from the end of the warmup, and so falls too fast at first. It "
                "counts from the start, like the rise.",
                lambda t, warmup: min((t + 1) / warmup, max(t + 2 - warmup, 1) ** -0.5),
                lambda t, warmup: (t + 1) / warmup if t < warmup else (t - warmup + 1) ** -0.5,
            ),
            "root of the rise": Mistake(
                "Your rise is a root, too: steep at first, where caution is the point. It should "
                "be a line.",
                lambda t, warmup: min(((t + 1) / warmup) ** 0.5, (warmup / (t + 1)) ** 0.5),
            ),
        },
        cases=[(t, w) for w in (4, 100) for t in (0, 1, 2, 3, 4, 7, 15, 99, 399)],
        praise="It needs no number of steps: you may stop when you like.",
    ),
    number(
        "8.4",
        "How long?",
        2000.0,
        within=0.5,
        mistakes={
            "memory": Mistake(
                "That is the memory of v, 1 / (1 - beta2). The rule takes two of them.",
                1000.0,
            ),
            "beta1": Mistake(
                "That is the rule with beta1. It asks for the other one, the memory of v.",
                20.0,
                10.0,
            ),
            "one off": Mistake(
                "You count one too many or too few: the rule is just a division.",
                1999.0,
                2001.0,
                1998.0,
            ),
            "squared": Mistake(
                "That is a square, or a 9 too many. The rule has one division, by 1 - beta2.",
                1e6,
                2e6,
                20000.0,
                200000.0,
            ),
            "other beta2": Mistake(
                "That is right for 0.98 or 0.99. Adam's default beta2 has one 9 more.",
                100.0,
                200.0,
                50.0,
            ),
            "upside down": Mistake(
                "That is less than one update: you multiplied where you should divide.",
                0.002,
                0.001,
                0.0005,
            ),
            "halved": Mistake(
                "You divided by 2 as well. The 2 stands above the line.",
                500.0,
            ),
            "without one minus": Mistake(
                "You divided by beta2 itself. How far is it from 1?",
                2 / 0.999,
                2 / 0.9,
            ),
            "a paper's": Mistake(
                "That is what Vaswani et al. took for their transformer. What does the rule give?",
                4000.0,
            ),
        },
        hint="Put Adam's default beta2, 0.999, into 2 / (1 - beta2).",
        praise="Twice the memory of v. A rule of thumb, and no law: on the map, ten were enough.",
    ),
)
