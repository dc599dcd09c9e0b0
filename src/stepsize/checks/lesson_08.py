"""Lesson 8: warmup, alone and followed by a cosine or an inverse square root; and for how long."""

import math

from .exercise import Mistake, by_parts
from .exercise_types import function, number

TITLE = "8 Warmup"


# --- 8.1: linear warmup -------------------------------------------------------------------------


def my_warmup(t, steps):
    return min((t + 1) / steps, 1.0)


@by_parts
def _warmup(
    n=lambda t: t + 1,
    rise=lambda n, steps: n / steps,
    shape=lambda p: p,
    top=lambda p, steps: min(p, 1.0),
    after=lambda factor, t, steps: factor,
):
    def variant(t, steps):
        return after(shape(top(rise(n(t), steps), steps)), t, steps)

    return variant


WARMUP = function(
    "8.1",
    "Linear warmup",
    my_warmup,
    {
        "dead first step": Mistake(
            "At t = 0 your factor is 0, so the first update moves nothing. t counts the updates "
            "already made; which one is being made now?",
            _warmup(n=lambda t: t),
            _warmup(rise=lambda n, steps: (n - 1) / (steps - 1)),
        ),
        "no end": Mistake(
            "Your warmup never stops rising. From its last update on, the factor is 1.",
            _warmup(top=lambda p, steps: p),
        ),
        "too late": Mistake(
            "You reach 1 one update too late. With steps = 4 the fourth update, at t = 3, has "
            "the full rate.",
            _warmup(rise=lambda n, steps: n / (steps + 1)),
            _warmup(n=lambda t: max(t, 1)),
            _warmup(rise=lambda n, steps: 1 / steps + (1 - 1 / steps) * min((n - 1) / steps, 1)),
        ),
        "too early": Mistake(
            "You are one update ahead: with steps = 4 the factors are a quarter, a half, three "
            "quarters, 1.",
            _warmup(n=lambda t: t + 2),
            _warmup(rise=lambda n, steps: n / (steps - 1)),
        ),
        "parentheses": Mistake(
            "Division comes before addition: you divide only the 1.",
            _warmup(rise=lambda n, steps: n - 1 + 1 / steps),
        ),
        "above 1": Mistake(
            "After the warmup your factor is above 1. Take the minimum last, and take it with 1.",
            _warmup(n=lambda t: t, after=lambda factor, t, steps: factor + 1 / steps),
            _warmup(top=lambda p, steps: min(p, steps)),
        ),
        "not divided": Mistake(
            "You count the updates up to `steps`. A factor only goes up to 1, so divide.",
            _warmup(rise=lambda n, steps: n, top=lambda p, steps: min(p, steps)),
            _warmup(rise=lambda n, steps: n, top=lambda p, steps: p),
        ),
        "a rate": Mistake(
            "That is a rate. Return a factor that rises to 1; it gets multiplied by the peak.",
            _warmup(after=lambda factor, t, steps: 0.015 * factor),
            _warmup(after=lambda factor, t, steps: factor if t < steps else 0.015),
        ),
        "bent": Mistake(
            "Your rise is curved. Each update of the warmup should add the same amount.",
            _warmup(shape=lambda p: p**2),
            _warmup(shape=lambda p: p**0.5),
            _warmup(shape=lambda p: (1 - math.cos(math.pi * p)) / 2),
            _warmup(shape=lambda p: math.sin(math.pi / 2 * p)),
            _warmup(shape=lambda p: 1 - math.exp(-p), top=lambda p, steps: p),
        ),
        "full at once": Mistake(
            "Your first update already has the full rate. That's the very update that warmup is "
            "for.",
            _warmup(top=lambda p, steps: max(p, 1.0)),
            _warmup(top=lambda p, steps: 1.0),
            _warmup(rise=lambda n, steps: steps / n),
        ),
        "downward": Mistake(
            "Your factor falls. A warmup rises to 1, and stays there.",
            _warmup(n=lambda t: t, shape=lambda p: 1 - p),
            _warmup(shape=lambda p: 1 - p),
            _warmup(rise=lambda n, steps: steps / n, top=lambda p, steps: p),
        ),
        "whole numbers": Mistake(
            "Your factor is 0 until it jumps to 1. It should rise with each update. Are you using "
            "`//`, which drops the fraction?",
            _warmup(rise=lambda n, steps: n // steps),
        ),
        "again and again": Mistake(
            "Your warmup starts over each time it ends. It should happen once, at the start.",
            _warmup(rise=lambda n, steps: ((n - 1) % steps + 1) / steps),
        ),
        "back to nothing": Mistake(
            "After the warmup your factor is 0, and training is over. It should stay at 1.",
            _warmup(after=lambda factor, t, steps: factor if t < steps else 0.0),
        ),
        "waits": Mistake(
            "Your factor waits, then jumps to 1. A warmup gets there in small steps.",
            _warmup(after=lambda factor, t, steps: 1 / steps if t < steps else 1.0),
            _warmup(after=lambda factor, t, steps: 0.0 if t < steps else 1.0),
        ),
        "never rises": Mistake(
            "Your factor stays where it starts: t plays no part in it.",
            _warmup(rise=lambda n, steps: 1 / steps),
        ),
    },
    cases=[
        *((t, 4) for t in range(7)),
        *((t, 10) for t in (0, 3, 8, 9, 10, 57)),
        *((t, 2) for t in (0, 1, 5)),
    ],
    praise="The first update gets 1 / steps of the rate, and the last update of the warmup gets "
    "all of it.",
)


# --- 8.2: warmup, then cosine -------------------------------------------------------------------


@by_parts
def _schedule(
    warms=lambda t, warmup: t < warmup,
    n=lambda t: t + 1,
    rise=lambda n, warmup, steps: n / warmup,
    lift=lambda p, floor: p,
    share=lambda t, warmup, steps: (t - warmup) / (steps - warmup),
    stops=lambda p: min(p, 1.0),
    wave=lambda p: (1 + math.cos(math.pi * p)) / 2,
    mix=lambda w, floor: floor + (1 - floor) * w,
    after=lambda factor, t, steps, floor: factor,
):
    def variant(t, warmup, steps, floor):
        if warms(t, warmup):
            return lift(rise(n(t), warmup, steps), floor)
        factor = mix(wave(stops(share(t, warmup, steps))), floor)
        return after(factor, t, steps, floor)

    return variant


def my_schedule(t, warmup, steps, floor):
    return _schedule()(t, warmup, steps, floor)


def _multiplied(t, warmup, steps, floor):
    rise, p = min((t + 1) / warmup, 1.0), min(t / steps, 1.0)
    return rise * (floor + (1 - floor) * (1 + math.cos(math.pi * p)) / 2)


def _the_lower(t, warmup, steps, floor):
    rise, p = (t + 1) / warmup, min(t / steps, 1.0)
    return min(rise, floor + (1 - floor) * (1 + math.cos(math.pi * p)) / 2)


def _inverse_root(t, warmup, steps, floor):
    return (t + 1) / warmup if t < warmup else (warmup / (t + 1)) ** 0.5


SCHEDULE = function(
    "8.2",
    "Warmup, then cosine",
    my_schedule,
    {
        "dead first step": Mistake(
            "At t = 0 your factor is 0: the first update moves nothing. Write the warmup as in "
            "exercise 8.1.",
            _schedule(n=lambda t: t),
        ),
        "one ahead": Mistake(
            "Your warmup is one update ahead: at t = 0 it should be 1 / warmup.",
            _schedule(n=lambda t: t + 2),
            _schedule(rise=lambda n, warmup, steps: n / (warmup - 1)),
        ),
        "beyond the peak": Mistake(
            "Your warmup goes on for one update too many, and beyond 1: at t = warmup it is over.",
            _schedule(warms=lambda t, warmup: t <= warmup),
        ),
        "no warmup": Mistake(
            "Your schedule has no warmup: it starts at the peak.",
            _schedule(
                warms=lambda t, warmup: False,
                share=lambda t, warmup, steps: t / steps,
            ),
            _schedule(
                warms=lambda t, warmup: False,
                share=lambda t, warmup, steps: max((t - warmup) / (steps - warmup), 0),
            ),
            _schedule(rise=lambda n, warmup, steps: 1.0),
            _schedule(warms=lambda t, warmup: False),
        ),
        "multiplied": Mistake(
            "Your cosine falls while the warmup rises, so you never reach the peak. It should "
            "start where the warmup ends.",
            _multiplied,
            _the_lower,
        ),
        "jump": Mistake(
            "Your schedule jumps where the warmup ends, because your cosine has been running "
            "since t = 0. The cosine should start at the peak.",
            _schedule(share=lambda t, warmup, steps: t / steps),
            _schedule(share=lambda t, warmup, steps: t / (steps - warmup)),
        ),
        "one off": Mistake(
            "Your cosine is one update off: it should be at 1 when t = warmup, and at the bottom "
            "when t = steps.",
            _schedule(share=lambda t, warmup, steps: (t - warmup + 1) / (steps - warmup)),
            _schedule(share=lambda t, warmup, steps: (t - warmup) / (steps - warmup - 1)),
            _schedule(share=lambda t, warmup, steps: (t - warmup) / (steps - warmup + 1)),
            _schedule(share=lambda t, warmup, steps: max(t - warmup - 1, 0) / (steps - warmup)),
        ),
        "slow warmup": Mistake(
            "Your warmup is too slow: its last update should get the full rate.",
            _schedule(rise=lambda n, warmup, steps: n / (warmup + 1)),
            _schedule(rise=lambda n, warmup, steps: n / steps),
            _schedule(rise=lambda n, warmup, steps: n / (steps - warmup)),
        ),
        "warmup from the floor": Mistake(
            "Your warmup starts above the floor. The floor is for the end; use the warmup of "
            "exercise 8.1.",
            _schedule(lift=lambda p, floor: floor + (1 - floor) * p),
            _schedule(lift=lambda p, floor: max(floor, p)),
        ),
        "waits": Mistake(
            "Your schedule stands still before the cosine. The rate should rise there.",
            _schedule(lift=lambda p, floor: 0.0),
            _schedule(lift=lambda p, floor: floor),
        ),
        "whole numbers": Mistake(
            "Your schedule stands still and then jumps. Are you using `//`, which drops the "
            "fraction?",
            _schedule(rise=lambda n, warmup, steps: n // warmup),
            _schedule(share=lambda t, warmup, steps: (t - warmup) // (steps - warmup)),
        ),
        "falls at first": Mistake(
            "Your warmup falls. It should rise to 1.",
            _schedule(rise=lambda n, warmup, steps: warmup / n),
            _schedule(rise=lambda n, warmup, steps: 1 - n / warmup),
            _schedule(rise=lambda n, warmup, steps: 1 - (n - 1) / warmup),
        ),
        "upside down": Mistake(
            "Your cosine starts at the bottom and rises. Look at the sign in front of it.",
            _schedule(wave=lambda p: (1 - math.cos(math.pi * p)) / 2),
        ),
        "not halved": Mistake(
            "After the warmup your schedule jumps to about 2. Something has to halve 1 + cos.",
            _schedule(wave=lambda p: 1 + math.cos(math.pi * p)),
        ),
        "half a half": Mistake(
            "You halve only one of the two terms. Halve all of 1 + cos.",
            _schedule(wave=lambda p: 1 + math.cos(math.pi * p) / 2),
            _schedule(wave=lambda p: math.cos(math.pi * p) / 2),
            _schedule(wave=lambda p: 0.5 + math.cos(math.pi * p)),
            _schedule(
                wave=lambda p: math.cos(math.pi * p) / 2,
                mix=lambda w, floor: 1 + w,
            ),
        ),
        "full wave": Mistake(
            "Your schedule is at the bottom halfway through, and then rises again. You need half "
            "a wave.",
            _schedule(wave=lambda p: (1 + math.cos(2 * math.pi * p)) / 2),
        ),
        "restarts": Mistake(
            "At t = steps your schedule starts over. It should stay down.",
            _schedule(stops=lambda p: p % 1),
        ),
        "drops to 0": Mistake(
            "After the end your schedule is 0. It should stay on the floor.",
            _schedule(after=lambda factor, t, steps, floor: factor if t < steps else 0.0),
            _schedule(after=lambda factor, t, steps, floor: factor if t <= steps else 0.0),
        ),
        "below the peak": Mistake(
            "Your cosine doesn't start at 1. Whatever the floor takes off its height, it has to "
            "add underneath.",
            _schedule(mix=lambda w, floor: (1 - floor) * w),
            _schedule(mix=lambda w, floor: floor * w),
        ),
        "no way down": Mistake(
            "After the warmup, your schedule has no cosine.",
            _schedule(wave=lambda p: 1.0),
            _schedule(after=lambda factor, t, steps, floor: 0.0),
            _schedule(after=lambda factor, t, steps, floor: floor),
        ),
        "inverse root": Mistake(
            "Your schedule falls as an inverse square root: that is the next exercise.",
            _inverse_root,
        ),
        "too long": Mistake(
            "Your cosine takes all the steps, but the warmup has already used some of them. "
            "Together they should end at t = steps.",
            _schedule(share=lambda t, warmup, steps: (t - warmup) / steps),
            _schedule(share=lambda t, warmup, steps: (t - warmup) / (steps + warmup)),
        ),
        "rises again": Mistake(
            "After the end your rate rises again: a cosine is a wave. It should stay at the "
            "bottom.",
            _schedule(stops=lambda p: p),
        ),
        "floor added": Mistake(
            "Your peak is above 1: the floor is added to the whole cosine. Only the part above "
            "the floor should fall.",
            _schedule(mix=lambda w, floor: floor + w),
        ),
        "floor cuts": Mistake(
            "Your cosine runs down to 0 and is cut off at the floor. It should glide down to "
            "the floor, and reach it at t = steps.",
            _schedule(mix=lambda w, floor: max(floor, w)),
        ),
        "no floor": Mistake(
            "The floor plays no part at the end of your schedule: it goes down to 0.",
            _schedule(mix=lambda w, floor: w),
        ),
        "below zero": Mistake(
            "A cosine runs from 1 to -1, and a rate must not fall below 0. Lift it, and halve it.",
            _schedule(wave=lambda p: math.cos(math.pi * p)),
        ),
        "quarter wave": Mistake(
            "You take a quarter of a wave, which ends steeply. Half a wave, from top to bottom, is"
            " flat at both ends.",
            _schedule(wave=lambda p: math.cos(math.pi / 2 * p)),
            _schedule(wave=lambda p: (1 + math.cos(math.pi / 2 * p)) / 2),
        ),
        "no pi": Mistake(
            "Your cosine never reaches the bottom: half a wave is pi long.",
            _schedule(wave=lambda p: (1 + math.cos(p)) / 2),
        ),
        "degrees": Mistake(
            "Your wave is far too short: `cos` takes radians, not degrees. How long is half a "
            "wave, in radians?",
            _schedule(wave=lambda p: (1 + math.cos(180 * p)) / 2),
        ),
        "sine": Mistake(
            "That is a sine: it starts halfway.",
            _schedule(wave=lambda p: (1 + math.sin(math.pi * p)) / 2),
            _schedule(wave=lambda p: (1 - math.sin(math.pi * p)) / 2),
        ),
        "a line": Mistake(
            "Your schedule falls in a straight line. You need half a cosine wave.",
            _schedule(wave=lambda p: 1 - p),
        ),
    },
    cases=[
        *((t, 4, 12, 0.1) for t in (0, 1, 3, 4, 5, 6, 8, 10, 11, 12, 13, 17)),
        (0, 4, 12, 0.5),
        *((t, 5, 45, 0.0) for t in (2, 15, 25, 44, 45)),
        (90, 10, 100, 0.2),
    ],
    praise="Two updates at the peak: the warmup's last, and the cosine's first.",
)


# --- 8.3: inverse square root -------------------------------------------------------------------


def my_inverse_sqrt(t, warmup):
    n = t + 1
    return min(n / warmup, (warmup / n) ** 0.5)


@by_parts
def _inverse_sqrt(
    n=lambda t: t + 1,
    rise=lambda n, warmup: n / warmup,
    steep=lambda rise: rise,
    ratio=lambda warmup, n: warmup / n if n else math.inf,
    root=lambda ratio: ratio**0.5,
    which=min,
    height=lambda factor, warmup: factor,
):
    def variant(t, warmup):
        up = steep(rise(n(t), warmup))
        return height(which(up, root(ratio(warmup, n(t)))), warmup)

    return variant


INVERSE_SQRT = function(
    "8.3",
    "Inverse square root",
    my_inverse_sqrt,
    {
        "t for n": Mistake(
            "You count the updates already made. The formula's n is the update being made, and "
            "starts at 1.",
            _inverse_sqrt(n=lambda t: t),
            _inverse_sqrt(n=lambda t: max(t, 1)),
            _inverse_sqrt(rise=lambda n, warmup: (n - 1) / warmup),
            _inverse_sqrt(ratio=lambda warmup, n: warmup / max(n - 1, 1)),
        ),
        "one ahead": Mistake(
            "You are one update ahead: at t = 0 you are making the first update, so n is 1.",
            _inverse_sqrt(n=lambda t: t + 2),
        ),
        "never falls": Mistake(
            "Your schedule never falls. Under the root, the number of updates belongs in the "
            "denominator.",
            _inverse_sqrt(ratio=lambda warmup, n: n / warmup),
            _inverse_sqrt(ratio=lambda warmup, n: math.inf),
        ),
        "parentheses": Mistake(
            "You take the root of only one of the two numbers. Take the root of the whole "
            "fraction.",
            _inverse_sqrt(ratio=lambda warmup, n: warmup**2 / n if n else math.inf),
            _inverse_sqrt(ratio=lambda warmup, n: warmup / n**2 if n else math.inf),
        ),
        "half for a root": Mistake(
            "Python reads `x**1/2` as half of `x**1`, because powers come before division. Put the"
            " exponent in parentheses, or write 0.5.",
            _inverse_sqrt(root=lambda ratio: ratio / 2),
        ),
        "other power": Mistake(
            "Your rate falls with the wrong power. Four times as many updates should halve it.",
            _inverse_sqrt(root=lambda ratio: ratio**2),
            _inverse_sqrt(root=lambda ratio: ratio**1.5),
            _inverse_sqrt(root=lambda ratio: ratio**0.25),
        ),
        "exponential": Mistake(
            "Your schedule falls exponentially, and is soon almost 0. A root has a long tail.",
            _inverse_sqrt(root=lambda ratio: math.exp(1 - 1 / ratio)),
            _inverse_sqrt(root=lambda ratio: math.exp(-1 / ratio)),
        ),
        "whole numbers": Mistake(
            "Your rate is 0 until the end of the warmup. Are you using `//`, which drops the "
            "fraction?",
            _inverse_sqrt(rise=lambda n, warmup: n // warmup),
        ),
        "max for min": Mistake(
            "You take the larger of the two, so you start above the peak and rise without end. "
            "Take the smaller one at each update.",
            _inverse_sqrt(which=max),
        ),
        "no warmup": Mistake(
            "Your first updates are the largest of all: the rise is missing.",
            _inverse_sqrt(which=lambda up, down: down),
            _inverse_sqrt(
                which=lambda up, down: down,
                ratio=lambda warmup, n: 1 / n if n else math.inf,
            ),
            _inverse_sqrt(which=lambda up, down: min(1.0, down)),
        ),
        "no decay": Mistake(
            "Your schedule stays at 1 after the warmup. It should fall from there on.",
            _inverse_sqrt(ratio=lambda warmup, n: 1.0),
        ),
        "peak not 1": Mistake(
            "The shape is right, the height isn't: that is the paper's formula, whose peak "
            "depends on the warmup. Here the peak is 1.",
            _inverse_sqrt(height=lambda factor, warmup: factor / warmup**0.5),
            _inverse_sqrt(height=lambda factor, warmup: factor * (32 * warmup) ** -0.5),
            _inverse_sqrt(height=lambda factor, warmup: factor * (512 * warmup) ** -0.5),
        ),
        "no warmup under the root": Mistake(
            "Your rise and your fall don't meet at 1. Both should be 1 where n equals the warmup.",
            _inverse_sqrt(ratio=lambda warmup, n: 1 / n if n else math.inf),
        ),
        "no root": Mistake(
            "Your schedule falls as 1 / n, and is soon almost 0. Four times as many updates "
            "should halve the rate.",
            _inverse_sqrt(root=lambda ratio: ratio),
        ),
        "counts anew": Mistake(
            "Your decay counts from the end of the warmup, and so falls too fast at first. It "
            "should count from the start, as the rise does.",
            _inverse_sqrt(ratio=lambda warmup, n: 1 / max(n + 1 - warmup, 1)),
            lambda t, warmup: (t + 1) / warmup if t < warmup else (t - warmup + 1) ** -0.5,
        ),
        "root of the rise": Mistake(
            "Your rise is a root, too: steepest at the start, where you want caution. It should "
            "be a straight line.",
            _inverse_sqrt(steep=lambda rise: rise**0.5),
        ),
    },
    cases=[(t, w) for w in (4, 100) for t in (0, 1, 2, 3, 4, 7, 15, 99, 399)],
    praise="It doesn't have to know the number of steps: you can stop when you like.",
)


# --- 8.4: how long? -----------------------------------------------------------------------------

HOW_LONG = number(
    "8.4",
    "How long?",
    2000.0,
    within=0.2,
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
            "You are off by one: the rule is just a division.",
            1999.0,
            2001.0,
            1998.0,
        ),
        "squared": Mistake(
            "You have a square, or one 9 too many. The rule has one division, by 1 - beta2.",
            1e6,
            2e6,
            20000.0,
            200000.0,
        ),
        "other beta2": Mistake(
            "That is right for 0.98 or 0.99. Adam's default beta2 has more nines.",
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
            "You divided by 2. The 2 is in the numerator.",
            500.0,
        ),
        "without one minus": Mistake(
            "You use beta2 itself. How far is it from 1?",
            2 / 0.999,
            2 / 0.9,
            2 * 0.9,
        ),
        "parentheses": Mistake(
            "Python divides before it subtracts: put parentheses around 1 - beta2.",
            2 / 1 - 0.999,
        ),
        "sign": Mistake(
            "That is negative. beta2 is less than 1, so subtract it from 1, not 1 from it.",
            -2000.0,
            -1000.0,
        ),
        "half-life": Mistake(
            "That is the half-life of v, or twice that. The rule isn't about half-lives: it has "
            "no logarithm in it.",
            math.log(2) / 0.001,
            2 * math.log(2) / 0.001,
            math.log(0.5) / math.log(0.999),
            2 * math.log(0.5) / math.log(0.999),
        ),
        "a paper's": Mistake(
            "That is how long Vaswani et al. warmed up their transformer. What does the rule give?",
            4000.0,
        ),
    },
    hint="Put Adam's default beta2, 0.999, into 2 / (1 - beta2).",
    praise="Twice the memory of v. It's a rule of thumb, not a law: on the map, twenty were "
    "enough.",
)


EXERCISES = (WARMUP, SCHEDULE, INVERSE_SQRT, HOW_LONG)
