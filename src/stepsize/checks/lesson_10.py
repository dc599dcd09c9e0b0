"""Lesson 10: the rates of a sweep, a rate for a different batch size, the sharpness."""

import numpy as np

from .exercise import Mistake, by_parts
from .exercise_types import function

TITLE = "10 Finding the learning rate"


# --- 10.1: the rates of a sweep -----------------------------------------------------------------


def sweep_rates(low, high, n):
    return np.geomspace(low, high, n)


@by_parts
def _rates(
    shares=lambda n: np.arange(n) / (n - 1),
    between=lambda low, high, p, n: low * (high / low) ** p,
    out=lambda rates: rates,
):
    def variant(low, high, n):
        return out(between(low, high, shares(n), n))

    return variant


def _steps(p, n):
    """0, 1, 2, … if p holds equally spaced shares of the way."""
    return p * (n - 1)


SWEEP = function(
    "10.1",
    "The rates of a sweep",
    sweep_rates,
    {
        "even differences": Mistake(
            "Your rates are a constant difference apart, so almost all of them are large. They "
            "should be a constant factor apart.",
            _rates(between=lambda low, high, p, n: low + (high - low) * p),
        ),
        "exponents wanted": Mistake(
            "You treat low and high as exponents, like -3 for 0.001. They are rates.",
            _rates(between=lambda low, high, p, n: 10.0 ** (low + (high - low) * p)),
            _rates(between=lambda low, high, p, n: np.exp(low + (high - low) * p)),
        ),
        "exponents returned": Mistake(
            "These are the logarithms of the rates. Return the rates themselves.",
            _rates(between=lambda low, high, p, n: np.log10(low) + np.log10(high / low) * p),
            _rates(between=lambda low, high, p, n: np.log(low) + np.log(high / low) * p),
            _rates(between=lambda low, high, p, n: np.log2(low) + np.log2(high / low) * p),
        ),
        "wrong base": Mistake(
            "You take logarithms to one base and powers of another, so one doesn't undo the other.",
            _rates(between=lambda low, high, p, n: np.exp(np.log10(low * (high / low) ** p))),
            _rates(between=lambda low, high, p, n: 10 ** np.log(low * (high / low) ** p)),
            _rates(between=lambda low, high, p, n: 2 ** np.log10(low * (high / low) ** p)),
            _rates(between=lambda low, high, p, n: 2 ** np.log(low * (high / low) ** p)),
        ),
        "fixed factor": Mistake(
            "Your factor is fixed, so the sweep doesn't end at high. The factor follows from low, "
            "high and n.",
            _rates(between=lambda low, high, p, n: low * 2.0 ** _steps(p, n)),
            _rates(between=lambda low, high, p, n: low * 10.0 ** _steps(p, n)),
            _rates(between=lambda low, high, p, n: low * 3.0 ** _steps(p, n)),
            _rates(between=lambda low, high, p, n: low * np.e ** _steps(p, n)),
            _rates(between=lambda low, high, p, n: low * 10.0 ** (_steps(p, n) / 2)),
        ),
        "divided, not rooted": Mistake(
            "You divide the factor between low and high by the number of steps. Steps multiply, "
            "so take a root instead.",
            _rates(
                between=lambda low, high, p, n: low * (high / low / (n - 1)) ** _steps(p, n),
            ),
            _rates(between=lambda low, high, p, n: low * (high / low / n) ** _steps(p, n)),
        ),
        "whole factor": Mistake(
            "Each of your steps goes all the way from low to high. Together they should.",
            _rates(between=lambda low, high, p, n: low * (high / low) ** _steps(p, n)),
        ),
        "factors": Mistake(
            "These are the factors. Multiply low by them.",
            _rates(between=lambda low, high, p, n: (high / low) ** p),
        ),
        "no end": Mistake(
            "The last rate should be high. Between n rates there are n - 1 factors.",
            _rates(shares=lambda n: np.arange(n) / n),
        ),
        "no beginning": Mistake(
            "The first rate should be low itself.",
            _rates(shares=lambda n: np.arange(1, n + 1) / n),
        ),
        "neither end": Mistake(
            "low and high belong to the sweep: they are its first and its last rate.",
            _rates(shares=lambda n: np.arange(1, n + 1) / (n + 1)),
        ),
        "not n": Mistake(
            "The sweep should have n rates; yours has more or fewer.",
            _rates(shares=lambda n: np.arange(n + 1) / n),
            _rates(shares=lambda n: np.arange(n + 1) / (n - 1)),
            _rates(shares=lambda n: np.arange(n - 1) / max(n - 2, 1)),
            _rates(shares=lambda n: np.arange(n - 1) / (n - 1)),
            _rates(shares=lambda n: np.arange(1, n) / (n - 1)),
        ),
        "downward": Mistake(
            "Your rates go from high to low. Begin with low.",
            _rates(out=lambda rates: rates[::-1]),
            _rates(between=lambda low, high, p, n: low / (high / low) ** p),
        ),
        "not even": Mistake(
            "Your factors differ: some steps are longer than others. All of them should be the "
            "same.",
            _rates(shares=lambda n: (np.arange(n) / (n - 1)) ** 2),
            _rates(shares=lambda n: (np.arange(n) / (n - 1)) ** 0.5),
        ),
    },
    cases=[(1e-4, 1.0, 5), (0.01, 10.0, 4), (0.5, 0.002, 3), (0.001, 0.2, 6)],
    praise="From each rate to the next, the factor is the same.",
)


# --- 10.2: a rate for a different batch size ----------------------------------------------------


def scaled_lr(lr, batch_size, new_batch_size, adaptive):
    factor = new_batch_size / batch_size
    return lr * (factor**0.5 if adaptive else factor)


@by_parts
def _scaled(
    factor=lambda old, new: new / old,
    sgd=lambda lr, factor: lr * factor,
    adam=lambda lr, factor: lr * factor**0.5,
    out=lambda new_lr, lr: new_lr,
):
    def variant(lr, batch_size, new_batch_size, adaptive):
        rule = adam if adaptive else sgd
        return out(rule(lr, factor(batch_size, new_batch_size)), lr)

    return variant


SCALED = function(
    "10.2",
    "A rate for another batch size",
    scaled_lr,
    {
        "always linear": Mistake(
            "Right for SGD. Adam's steps don't grow with the gradient, so it needs the other rule.",
            _scaled(adam=lambda lr, factor: lr * factor),
        ),
        "always the root": Mistake(
            "Right for Adam. With SGD, one large batch's step replaces several small ones, so "
            "there is no root.",
            _scaled(sgd=lambda lr, factor: lr * factor**0.5),
        ),
        "exchanged": Mistake(
            "Both rules are there, but swapped.",
            _scaled(
                sgd=lambda lr, factor: lr * factor**0.5,
                adam=lambda lr, factor: lr * factor,
            ),
        ),
        "upside down": Mistake(
            "One of your rates falls as the batch grows. More examples mean less noise, so it may "
            "rise.",
            _scaled(factor=lambda old, new: old / new),
            _scaled(sgd=lambda lr, factor: lr / factor),
            _scaled(adam=lambda lr, factor: lr / factor**0.5),
        ),
        "not at all": Mistake(
            "Your rate is the same for every batch size.",
            _scaled(factor=lambda old, new: 1.0),
        ),
        "one left alone": Mistake(
            "One of the two, SGD or Adam, keeps its rate at every batch size. There is a rule for "
            "each.",
            _scaled(adam=lambda lr, factor: lr),
            _scaled(sgd=lambda lr, factor: lr),
        ),
        "squared": Mistake(
            "You square a factor. Use it as it is for SGD, and its root for Adam.",
            _scaled(adam=lambda lr, factor: lr * factor**2),
            _scaled(sgd=lambda lr, factor: lr * factor**2),
            _scaled(
                adam=lambda lr, factor: lr * factor**2,
                sgd=lambda lr, factor: lr * factor**2,
            ),
        ),
        "half for a root": Mistake(
            "Python reads `x**1/2` as half of `x**1`, because powers come before division. Put "
            "the exponent in parentheses, or write 0.5.",
            _scaled(adam=lambda lr, factor: lr * factor / 2),
        ),
        "root of the rate": Mistake(
            "Your root includes the rate. Only the factor between the two batches goes under it.",
            _scaled(adam=lambda lr, factor: (lr * factor) ** 0.5),
        ),
        "other root": Mistake(
            "Adam's rate grows with the square root of the factor. Yours grows at a different "
            "pace.",
            _scaled(adam=lambda lr, factor: lr * factor ** (1 / 3)),
            _scaled(adam=lambda lr, factor: lr * factor**0.25),
            _scaled(adam=lambda lr, factor: lr * np.log2(factor)),
        ),
        "only the factor": Mistake(
            "That is the factor. Multiply the rate by it.",
            _scaled(out=lambda new_lr, lr: new_lr / lr),
        ),
        "added": Mistake(
            "You add the factor to the rate. Multiply instead.",
            _scaled(
                sgd=lambda lr, factor: lr + factor,
                adam=lambda lr, factor: lr + factor**0.5,
            ),
        ),
        "difference": Mistake(
            "You use the difference between the batches. What counts is how many times as large "
            "the new one is.",
            _scaled(factor=lambda old, new: new - old),
            _scaled(factor=lambda old, new: abs(new - old)),
            _scaled(factor=lambda old, new: (new - old) / old),
        ),
        "logarithm": Mistake(
            "You take a logarithm of the factor. Use it as it is for SGD, and its root for Adam.",
            _scaled(factor=lambda old, new: np.log2(new / old)),
            _scaled(factor=lambda old, new: np.log(new / old)),
        ),
        "one size": Mistake(
            "One of the two batch sizes plays no part. You need both: how many times as large is "
            "the new one?",
            _scaled(factor=lambda old, new: new),
            _scaled(factor=lambda old, new: old),
            _scaled(factor=lambda old, new: 1 / old),
        ),
        "product": Mistake(
            "You multiply the two batch sizes. Their ratio is what counts.",
            _scaled(factor=lambda old, new: old * new),
        ),
        "whole numbers": Mistake(
            "With a smaller batch, your rate becomes 0. Are you using `//`, which drops the "
            "fraction?",
            _scaled(factor=lambda old, new: new // old),
        ),
    },
    cases=[
        (0.1, 32, 128, False),
        (0.1, 32, 128, True),
        (0.02, 64, 16, True),
        (0.02, 64, 16, False),
        (0.3, 50, 450, True),
        (0.3, 50, 450, False),
    ],
    praise="Where do the rules break? No rule tells you. A sweep does.",
)


# --- 10.3: power iteration ----------------------------------------------------------------------


@by_parts
def _power(
    times=lambda steps: steps,
    turn=lambda H, v: H(v),
    length=lambda new, old: np.linalg.norm(new),
    result=lambda v, Hv: v @ Hv,
    out=lambda curvature: curvature,
):
    def sharpness(hessian_times, v, steps):
        for _ in range(times(steps)):
            new = turn(hessian_times, v)
            v = new / length(new, v)
        return out(result(v, hessian_times(v)))

    return sharpness


def sharpness(hessian_times, v, steps):
    for _ in range(steps):
        v = hessian_times(v)
        v = v / np.linalg.norm(v)
    return v @ hessian_times(v)


def _times(matrix):
    return lambda v: np.array(matrix) @ v


POWER = function(
    "10.3",
    "Power iteration",
    sharpness,
    {
        "never made one long": Mistake(
            "You don't scale v back to length 1 each time, so it grows by the curvature at every "
            "step.",
            _power(length=lambda new, old: 1.0),
        ),
        "length of the old": Mistake(
            "You divide by the length v had before it was multiplied by H, so v doesn't end up "
            "with length 1. Multiply first, then divide by the new length.",
            _power(length=lambda new, old: np.linalg.norm(old)),
        ),
        "another length": Mistake(
            "Length 1 means that the root of the sum of squares is 1: not the largest entry, not "
            "the sum, and not the square.",
            _power(length=lambda new, old: np.abs(new).max()),
            _power(length=lambda new, old: np.abs(new).sum()),
            _power(length=lambda new, old: new.sum()),
            _power(length=lambda new, old: new @ new),
            _power(length=lambda new, old: np.mean(new**2) ** 0.5),
            _power(length=lambda new, old: len(new) ** 0.5),
        ),
        "no sign": Mistake(
            "Your curvature is never negative, because a length has no sign. Where the strongest "
            "curvature bends downward, v times H v is below 0.",
            _power(result=lambda v, Hv: np.linalg.norm(Hv)),
            _power(result=lambda v, Hv: abs(v @ Hv)),
            _power(times=lambda steps: steps - 1, result=lambda v, Hv: np.linalg.norm(Hv)),
        ),
        "one off": Mistake(
            "Multiply v by H `steps` times. You do it once more, or once less.",
            _power(times=lambda steps: steps - 1),
            _power(times=lambda steps: steps + 1),
        ),
        "the start only": Mistake(
            "That is the curvature along the v that you were given. Multiply it by H first, "
            "`steps` times.",
            _power(times=lambda steps: 0),
            lambda H, v, steps: (v @ H(v)) / (v @ v),
        ),
        "once": Mistake(
            "You multiply by H only once. Is there a `return` inside the loop?",
            _power(times=lambda steps: 1),
        ),
        "added": Mistake(
            "You add H v to v, or subtract it. It should replace v.",
            _power(turn=lambda H, v: v + H(v)),
            _power(turn=lambda H, v: v - H(v)),
        ),
        "twice a step": Mistake(
            "Each of your steps multiplies v by H twice. It should do so once.",
            _power(turn=lambda H, v: H(H(v))),
        ),
        "the direction": Mistake(
            "That is a direction. Return the curvature along it: one number.",
            _power(result=lambda v, Hv: v),
            _power(result=lambda v, Hv: Hv),
            _power(result=lambda v, Hv: v * Hv),
        ),
        "entry by entry": Mistake(
            "You divide H v by v, entry by entry. That works only once v has settled, and fails "
            "where v has a 0. Take v times H v.",
            _power(result=lambda v, Hv: Hv / v),
            _power(result=lambda v, Hv: Hv[0] / v[0]),
            _power(result=lambda v, Hv: np.mean(Hv / v)),
            _power(result=lambda v, Hv: np.max(Hv / v)),
        ),
        "no H at the end": Mistake(
            "v times v is 1, because you scaled v to length 1. The curvature is v times H v.",
            _power(result=lambda v, Hv: v @ v),
            _power(result=lambda v, Hv: np.linalg.norm(v)),
        ),
        "squared": Mistake(
            "That is the square of the curvature: H v times H v. One of the two is v.",
            _power(result=lambda v, Hv: Hv @ Hv),
        ),
        "sum": Mistake(
            "You add up H v, or take its largest entry. What counts is how much of it points "
            "along v.",
            _power(result=lambda v, Hv: Hv.sum()),
            _power(result=lambda v, Hv: Hv.max()),
            _power(result=lambda v, Hv: np.abs(Hv).max()),
        ),
        "the limit": Mistake(
            "That is a limit for the learning rate. Return the curvature itself.",
            _power(out=lambda curvature: 2 / curvature),
            _power(out=lambda curvature: 1 / curvature),
        ),
    },
    cases=[
        (_times([[6.0, 2.0, 1.0], [2.0, 3.0, 0.5], [1.0, 0.5, 1.0]]), np.ones(3), 60),
        (_times([[0.5, 0.2], [0.2, 0.3]]), np.array([1.0, -0.5]), 80),
        (_times([[9.0, 3.0], [3.0, 5.0]]), np.array([0.0, 2.0]), 40),
        (_times([[-8.0, 1.0, 0.5], [1.0, 2.0, 0.0], [0.5, 0.0, 3.0]]), np.ones(3), 50),
        (_times([[4.0, 1.5], [1.5, 2.0]]), np.array([0.5, -2.0]), 2),
        (_times([[4.0, 1.5], [1.5, 2.0]]), np.array([1.0, 3.0]), 3),
    ],
    praise="The strongest of thousands of curvatures, without ever writing down the matrix.",
)


EXERCISES = (SWEEP, SCALED, POWER)
