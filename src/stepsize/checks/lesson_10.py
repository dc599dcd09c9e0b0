"""Lesson 10: the rates of a sweep, a rate for another batch size, the sharpness."""

import numpy as np

from .exercise import Mistake
from .exercise_types import function

TITLE = "10 Finding the learning rate"


def sweep_rates(low, high, n):
    return np.geomspace(low, high, n)


def scaled_lr(lr, batch_size, new_batch_size, adaptive):
    factor = new_batch_size / batch_size
    return lr * (factor**0.5 if adaptive else factor)


def sharpness(hessian_times, v, steps):
    for _ in range(steps):
        v = hessian_times(v)
        v = v / np.linalg.norm(v)
    return v @ hessian_times(v)


def _iterated(length, result):
    """sharpness with another length to divide by, or another result of v and H v."""

    def variant(hessian_times, v, steps):
        for _ in range(steps):
            v = hessian_times(v)
            v = v / length(v)
        return result(v, hessian_times(v))

    return variant


def _times(matrix):
    return lambda v: np.array(matrix) @ v


EXERCISES = (
    function(
        "10.1",
        "The rates of a sweep",
        sweep_rates,
        {
            "even differences": Mistake(
                "Your rates have the same difference, so nearly all of them are large ones. The "
                "same factor is wanted.",
                lambda low, high, n: np.linspace(low, high, n),
            ),
            "exponents wanted": Mistake(
                "logspace takes exponents, as -3 for 0.001; low and high are rates.",
                lambda low, high, n: np.logspace(low, high, n),
            ),
            "exponents returned": Mistake(
                "These are the logarithms of the rates. The rates themselves are wanted.",
                lambda low, high, n: np.linspace(np.log10(low), np.log10(high), n),
                lambda low, high, n: np.linspace(np.log(low), np.log(high), n),
            ),
            "wrong base": Mistake(
                "Exponents and base don't fit: a logarithm to one base was undone with the other.",
                lambda low, high, n: np.exp(np.linspace(np.log10(low), np.log10(high), n)),
                lambda low, high, n: 10 ** np.linspace(np.log(low), np.log(high), n),
            ),
            "no end": Mistake(
                "The last one should be high. n rates have n - 1 factors between them.",
                lambda low, high, n: np.geomspace(low, high, n, endpoint=False),
                lambda low, high, n: low * (high / low) ** (np.arange(n) / n),
            ),
            "no beginning": Mistake(
                "The first one should be low itself.",
                lambda low, high, n: low * (high / low) ** (np.arange(1, n + 1) / n),
            ),
            "downwards": Mistake(
                "The factors are right, and they lead from high to low. Begin with low.",
                lambda low, high, n: np.geomspace(high, low, n),
            ),
        },
        cases=[(1e-4, 1.0, 5), (0.01, 10.0, 4), (0.5, 0.002, 3)],
        praise="Each rate is as far from the next as any other: in factors.",
    ),
    function(
        "10.2",
        "A rate for another batch size",
        scaled_lr,
        {
            "always linear": Mistake(
                "Right for SGD. Adam's steps don't grow with the gradient, so it has the other "
                "rule.",
                lambda lr, b, new, adaptive: lr * new / b,
            ),
            "always the root": Mistake(
                "Right for Adam. For SGD one step takes the place of several: no root.",
                lambda lr, b, new, adaptive: lr * (new / b) ** 0.5,
            ),
            "exchanged": Mistake(
                "Both rules are there, each for the other one's optimizers.",
                lambda lr, b, new, adaptive: lr * (new / b if adaptive else (new / b) ** 0.5),
            ),
            "upside down": Mistake(
                "With a larger batch your rate falls. More examples, less noise: it may rise.",
                lambda lr, b, new, adaptive: lr * (b / new) ** (0.5 if adaptive else 1),
            ),
            "not at all": Mistake(
                "The rate is the same for every batch size.",
                lambda lr, b, new, adaptive: lr,
            ),
            "squared": Mistake(
                "For Adam the factor goes in by its root, not by its square.",
                lambda lr, b, new, adaptive: lr * (new / b) ** (2 if adaptive else 1),
            ),
            "only the factor": Mistake(
                "That is the factor. The rate that it multiplies is missing.",
                lambda lr, b, new, adaptive: (new / b) ** (0.5 if adaptive else 1),
            ),
        },
        cases=[
            (0.1, 32, 128, False),
            (0.1, 32, 128, True),
            (0.02, 64, 16, True),
            (0.02, 64, 16, False),
        ],
        praise="Where they break, no rule tells you. A sweep does.",
    ),
    function(
        "10.3",
        "Power iteration",
        sharpness,
        {
            "never made one long": Mistake(
                "Your v is not made one long each time: it grows by the curvature at every step.",
                _iterated(lambda v: 1.0, lambda v, hv: v @ hv),
            ),
            "another length": Mistake(
                "One long means the root of the sum of squares: not the largest entry, not the "
                "sum, not the square.",
                _iterated(lambda v: np.abs(v).max(), lambda v, hv: v @ hv),
                _iterated(lambda v: np.abs(v).sum(), lambda v, hv: v @ hv),
            ),
            "the start only": Mistake(
                "That is the curvature along the v that you were given. Let H turn it first, "
                "`steps` times.",
                lambda h, v, steps: (v @ h(v)) / (v @ v),
                lambda h, v, steps: v @ h(v),
            ),
            "once": Mistake(
                "H has turned v once only. A `return` inside the loop, perhaps?",
                lambda h, v, steps: sharpness(h, v, 1),
            ),
            "the direction": Mistake(
                "That is the direction, v. The curvature along it is wanted: one number.",
                _iterated(np.linalg.norm, lambda v, hv: v),
            ),
            "no H in the end": Mistake(
                "v times v is 1, by its making. The curvature is v times H v.",
                _iterated(np.linalg.norm, lambda v, hv: v @ v),
            ),
            "squared": Mistake(
                "That is the square of the curvature: H v times H v. One of the two is v.",
                _iterated(np.linalg.norm, lambda v, hv: hv @ hv),
            ),
            "the border": Mistake(
                "That is the border of the learning rate. Here the curvature itself is wanted.",
                _iterated(np.linalg.norm, lambda v, hv: 2 / (v @ hv)),
            ),
        },
        cases=[
            (_times([[6.0, 2.0, 1.0], [2.0, 3.0, 0.5], [1.0, 0.5, 1.0]]), np.ones(3), 60),
            (_times([[0.5, 0.2], [0.2, 0.3]]), np.array([1.0, -0.5]), 80),
            (_times([[9.0, 3.0], [3.0, 5.0]]), np.array([0.0, 2.0]), 40),
        ],
        praise="The largest of thousands of curvatures, and no matrix was ever written down.",
    ),
)
