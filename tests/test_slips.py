"""A learner's slips: each message says what is wrong, with the argument, its value and the range.

None may reach NumPy, which would talk of operands and ufuncs, and none may pass unnoticed.
"""

import functools

import numpy as np
import pytest
import torch

from stepsize import Step, descend, models, optimizers, schedules, surfaces
from stepsize.data import batch, digits, linear_data, sine_data
from stepsize.feedback import plateau
from stepsize.frameworks.recipe import Recipe
from stepsize.network import Network
from stepsize.optimizers import (
    adagrad,
    adam,
    averaged,
    clip_by_norm,
    clip_by_value,
    decoupled,
    momentum,
    muon,
    sgd,
    soap,
)
from stepsize.optimizers.blockwise import blockwise
from stepsize.surfaces import Gradients, bowl, quadratic, ravine

X, Y, CLASSES = np.ones((5, 2)), np.ones(5), np.array([0, 1, 0, 1, 1])
START = [4.0, 2.0]


def run(rule=adam, landscape=ravine, start=START, steps=3, **hyper):
    return descend(rule, landscape, start, steps, **hyper)


class Landscape:
    """A learner's own landscape, with a fault in it."""

    def loss(self, theta):
        return (theta**2).sum(-1)

    def grad(self, theta, t):
        return 2 * theta


class WithoutT(Landscape):
    def grad(self, theta):
        return 2 * theta


class WithoutLoss(Landscape):
    def loss(self, theta):
        (theta**2).sum(-1)


class TooLong(Landscape):
    def grad(self, theta, t):
        return np.ones(3)


def lists_memory(theta, grad, t, m=0.0, *, lr=0.1):
    return Step(theta - lr * grad, [m])


def shows_a_loss(theta, grad, t, *, lr=0.1):
    return Step(theta - lr * grad, {}, dict(loss=1.0))


def grows(theta, grad, t, past=(), *, lr=0.1):
    past = np.append(past, 1.0)
    return Step(theta - lr * grad, dict(past=past))


def has_no_rate(theta, grad, t):
    return Step(theta - 0.1 * grad)


def has_no_default(theta, grad, t, *, lr):
    return Step(theta - lr * grad)


def column(*numbers):
    return np.array(numbers)[:, None]


DESCEND = [
    (lambda: run(lr=column(0.1, 0.2), beta1=column(0.1, 0.2, 0.3)), r"^beta1 must fit .* \(3, 1\)"),
    (
        lambda: run(start=np.ones((5, 2)), lr=column(0.1, 0.2)),
        r"^lr must fit .*\(2, 1\): start has",
    ),
    (lambda: run(start=[[1.0, 2.0], [3.0]]), r"^start must have rows of equal length, not \[\[1"),
    (lambda: run(start={"x": 1.0}), r"^start must be real numbers, .* not \{'x'"),
    (lambda: run(start=bowl), "^start must be real numbers, .* not Surface bowl, 2 coordinates"),
    (lambda: run(rule=bowl), "^rule must be a function .* not Surface bowl, 2 coordinates"),
    (
        lambda: run(landscape=models.LinearRegression),
        r"^landscape must be an instance, .* LinearRegression\(",
    ),
    (lambda: run(landscape=WithoutT()), r"^landscape must have grad\(theta, t\), but WithoutT's"),
    (lambda: run(landscape=WithoutLoss()), r"^landscape\.loss\(theta\) must be real .* not None"),
    (lambda: run(landscape=TooLong()), r"^grad must have theta's shape \(2,\), not \(3,\)"),
    (
        lambda: run(start=run(lr=0.1), lr=column(0.1, 0.2)),
        r"^theta must keep .* \(2,\), not \(2, 2\)",
    ),
    (lambda: run(lr=np.array("0.1")), "^lr must be a number, at least 0, not array"),
    (lambda: run(m="a"), "^m must be real numbers, one or an array of them, not 'a'"),
    (lambda: run(m=np.ones(3)), r"^m must fit what it runs with, not have the shape \(3,\)"),
    (lambda: run(lists_memory), "^the memory in lists_memory's Step must be a dict, not a list"),
    (
        lambda: run(shows_a_loss),
        "^the trace has its own loss: give shows_a_loss's a different name",
    ),
    (lambda: run(grows), r"^past must keep the shape that it has in the trace, \(1,\), not \(2,\)"),
    (lambda: run(has_no_rate, lr=0.1), r"^has_no_rate has no 'lr'\. It has none\."),
    (lambda: run(functools.partial(adam, beta1=0.5), rate=1), "^adam has no 'rate'"),
    (lambda: averaged("sgd"), "^rule must be a function .* not 'sgd'"),
    (lambda: decoupled(None), "^rule must be a function .* not None"),
    (lambda: decoupled(has_no_rate), "^rule must have an lr to decay by, but has_no_rate"),
    (lambda: blockwise("adam"), "^rule must be a function .* not 'adam'"),
    (lambda: adam(X, X, 2, adam(X, X, 1).memory), "^m must not be a dict: pass the memory on as "),
    (lambda: adam(X, X, 2, *adam(X, X, 1)[:2]), "^v must not be a dict"),
    (lambda: adam(X, torch.ones(5, 2), 1), "^grad must be of theta's kind, ndarray, not Tensor"),
    (lambda: adam(torch.ones(5, 2), X, 1), "^grad must be of theta's kind, Tensor, not ndarray"),
    (lambda: adam(1.0, torch.ones(()), 1), "^grad must be of theta's kind, float, not Tensor"),
    (lambda: run(sgd, momentum=0.9), "^sgd has no 'momentum': here that is a rule, momentum"),
    (lambda: adam(X, X, 1, amsgrad=True), "^adam has no 'amsgrad': here that is a rule, amsgrad"),
    (
        lambda: run(adagrad, initial_accumulator_value=0.1),
        "^adagrad has no 'initial_accumulator_value': here it is total",
    ),
    (lambda: run(steps=True), "^steps must be a whole number, at least 0, not True"),
    (lambda: run(steps="3"), "^steps must be a whole number, at least 0, not '3'"),
    (lambda: run(steps=np.array([3, 4])), r"^steps must be a whole number, .* not array\(\[3"),
    (lambda: averaged(sgd, after=column(1, 2)), r"^after must be a whole number, .* not array"),
    (lambda: muon(X, X, 1, ns_steps=column(1, 2)), r"^ns_steps must be a whole number, .* array"),
    (lambda: soap(X, X, 1, frequency=column(1, 2)), r"^frequency must be a whole number, .* array"),
    (
        lambda: decoupled(sgd)(X, X, 1, weight_decay=np.ones(2)),
        r"^weight_decay must be one number, or a column",
    ),
    (
        lambda: decoupled(functools.partial(has_no_default))(X, X, 1),
        "missing 1 required keyword-only argument: 'lr'",
    ),
    (
        lambda: clip_by_norm(X, torch.tensor(1.0)),
        "^max_norm must be a number or of theta's kind, ndarray, not Tensor",
    ),
    (lambda: batch(True, 5, 2), "^t must be a whole number, at least 1, not True"),
    (lambda: clip_by_norm(X, np.ones(5)), r"^max_norm must be one number, or a column .* \(5,\)"),
    (
        lambda: clip_by_value(X, np.ones(5)),
        r"^clip_value must be one number, or a column .* \(5,\)",
    ),
]

CONSTANT = schedules.constant
SCHEDULES = [
    (lambda: schedules.multi_step(3, [[1, 2], [3]]), "^milestones must have rows of equal length"),
    (lambda: schedules.multi_step(3, "30"), "^milestones must be real numbers, .* not '30'"),
    (lambda: schedules.multi_step(3, {2: 0.1}), r"^milestones must be real numbers, .* not \{2"),
    (lambda: schedules.warmup_stable_decay(3, 9, np.array([2, 3]), 2), "^warmup must be a number"),
    (lambda: schedules.one_cycle(3, 9, np.array([0.1, 0.2])), "^pct_start must be a number"),
    (lambda: schedules.sequence(3, [CONSTANT] * 2, 5), "^milestones must be one fewer than the 2"),
    (lambda: schedules.sequence(3, [0.1, 0.2], [5]), r"^schedules must be a list .* not \[0\.1"),
    (lambda: schedules.sequence(3, CONSTANT, []), "^schedules must be a list of functions of t"),
    (
        lambda: schedules.cosine_restarts(3, 9, np.array([1, 2])),
        r"^growth must be a whole number, .* not array\(\[1, 2",
    ),
    (lambda: schedules.one_cycle(3, column(9, 10)), r"^steps must be a whole number, .* not array"),
    (
        lambda: schedules.sequence(3, [schedules.warmup, CONSTANT], [5]),
        "^schedule must be a function of t, .* but warmup also needs steps",
    ),
    (lambda: plateau("a"), "^loss must be real numbers, one or an array of them, not 'a'"),
    (lambda: plateau(None), "^loss must be real numbers, .* not None"),
    (lambda: plateau(1.0, plateau(1.0)), "^rate must be real numbers, .* not Heard"),
    (lambda: plateau(1.0, best="low"), "^best must be real numbers, .* not 'low'"),
]


def recipe(**named):
    return Recipe(**dict(optimizer="adam", hyper=dict(lr=0.1), steps=10) | named)


RECIPES = [
    (lambda: recipe(hyper=0.1), "^hyper must be a dict of names and numbers, not 0.1"),
    (lambda: recipe(shape=[10], schedule="cosine"), r"^shape must be a dict .* not \[10\]"),
    (lambda: recipe(optimizer="muon", others=None), "^others must be a dict .* not None"),
    (lambda: recipe(hyper=dict(lr=0.1, beta1=2.0)), "^beta1 must be at least 0 and below 1, not 2"),
    (
        lambda: recipe(hyper=dict(lr=0.1, eps="tiny")),
        "^eps must be a number, at least 0, not 'tiny'",
    ),
    (lambda: recipe(hyper=dict(lr=column(0.1, 0.2))), "^lr must be one number, not an array of 2"),
    (lambda: recipe(steps=True), "^steps must be a whole number, at least 1, not True"),
    (lambda: recipe(rates=[0.5]), r"^rates must be a dict of names and numbers, not \[0\.5\]"),
    (lambda: recipe(rates={3: 0.5}), "^names in others_take and rates must be words, not 3"),
    (lambda: recipe(rates={"a": column(1, 2)}), r"^rates\['a'\] must be a number, at least 0"),
    (lambda: recipe(optimizer="muon", others_take=3), "^others_take must be a list .*, not 3"),
    (lambda: recipe(optimizer="muon", others_take=[3]), "^names in others_take .* words, not 3"),
    (
        lambda: recipe(schedule="cosine", shape=dict(steps=np.array([8, 9]))),
        "^steps must be one number, not an array of 2",
    ),
    (lambda: recipe(optimizer="muon", others=dict(lr=-1)), "^lr must be at least 0, not -1"),
    (lambda: recipe().lr(-1), "^t must be at least 0, not -1"),
    (lambda: recipe().lr([0, 1]), r"^t must be a number, at least 0, not \[0, 1\]"),
    (lambda: recipe(steps="10"), r"^steps must be a whole number, at least 1, not '10' \(str\)"),
]

LINE = functools.partial(models.LinearRegression, X, Y)
LANDSCAPES = [
    (lambda: quadratic("a"), "^each of curvatures must be real numbers, .* not 'a'"),
    (lambda: quadratic([1.0, 25.0]), r"^each of curvatures must be one number, .* \(2,\)"),
    (lambda: bowl.loss(["a", "b"]), r"^theta must be real numbers, .* not \['a', 'b'\]"),
    (lambda: bowl.grad([1j, 2.0]), "^theta must be real numbers"),
    (lambda: Gradients(1.0), "^gradients must be one for each update, not only 1.0"),
    (lambda: Gradients("abc"), "^gradients must be real numbers, .* not 'abc'"),
    (
        lambda: run(landscape=Gradients(np.ones((3, 2))), start=[0.0] * 3),
        r"^theta must have the gradients' shape \(2,\), not \(3,\)",
    ),
    (lambda: models.LinearRegression([["a", "b"]], [1.0]), "^X must be real numbers"),
    (lambda: LINE(batch_size=20), "^batch_size must be at least 1 and at most n = 5, not 20"),
    (lambda: LINE(batch_size=2.0), "^batch_size must be a whole number, at least 1, not 2.0"),
    (lambda: LINE().loss(np.ones(3)), r"^theta must have shape \(\.\.\., 2\) here, not \(3,\)"),
    (lambda: LINE().grad(np.ones(3), 1), r"^theta must have shape \(\.\.\., 2\) here, not \(3,\)"),
    (lambda: LINE(batch_size=2, seed=-1).grad(np.ones(2), 1), "^seed must be a whole .* not -1"),
    (lambda: LINE(batch_size=2, seed="a").grad(np.ones(2), 1), "^seed must be a whole number"),
    (lambda: LINE(batch_size=2).grad(np.ones(2), 1.5), "^t must be a whole number, .* not 1.5"),
    (
        lambda: run(landscape=models.SineRegression(*sine_data())),
        r"^theta must have shape \(\.\.\., 1\) here, not \(2,\)",
    ),
    (lambda: Network(X, CLASSES, hidden=32), r"^hidden must be the layers' widths, .* not 32"),
    (lambda: Network(X, CLASSES, hidden=(4.0,)), "^each of hidden must be a whole .* not 4.0"),
    (lambda: Network(X, CLASSES, hidden=(0,)), "^each of hidden must be .* at least 1, not 0"),
    (lambda: Network(X, CLASSES, batch_size=50), "^batch_size must be .* at most n = 5, not 50"),
    (lambda: Network(X[:0], CLASSES[:0]), "^X and y must have at least one example"),
    (lambda: Network(X, CLASSES).start("a"), "^seed must be a whole number, at least 0, not 'a'"),
    (
        lambda: Network(X, CLASSES).accuracy(Network(X, CLASSES).start(), X, Y[:4]),
        r"^X must have shape \(n, 2\) and y shape \(n,\), not \(5, 2\) and \(4,\)",
    ),
    (lambda: batch(1, 5.0, 2), "^n must be a whole number, at least 1, not 5.0"),
    (lambda: batch(1, 5, "2"), "^batch_size must be a whole number, .* not '2'"),
    (lambda: linear_data(n=-1), "^n must be a whole number, at least 1, not -1"),
    (lambda: linear_data(weights=3.0), "^weights must have 1 axes, not an array of shape"),
    (lambda: sine_data(noise=-1), "^noise must be at least 0, not -1"),
    (lambda: digits(int), "^dtype must be a type of floats, such as np.float32, not <class 'int'>"),
]


@pytest.mark.parametrize(("slip", "words"), [*DESCEND, *SCHEDULES, *RECIPES, *LANDSCAPES])
def test_a_slip_is_named(slip, words):
    with pytest.raises((ValueError, TypeError), match=words):
        slip()


def test_what_is_meant_is_taken():
    """A partial as a rule, a set of milestones, a list of losses, a list of widths."""
    trace = run(functools.partial(momentum, momentum=0.5), lr=0.1)
    np.testing.assert_array_equal(trace.theta, run(momentum, lr=0.1, momentum=0.5).theta)
    np.testing.assert_array_equal(
        schedules.multi_step(np.arange(9), {5, 2}), schedules.multi_step(np.arange(9), [2, 5])
    )
    np.testing.assert_array_equal(plateau([1.0, 2.0]).memory["best"], [1.0, 2.0])
    assert Network(X, CLASSES, hidden=[4, 3]).size == Network(X, CLASSES, hidden=(4, 3)).size
    assert run(sgd, Landscape(), lr=0.1).loss[-1] < 20
    assert repr(surfaces.ravine) == "Surface ravine, 2 coordinates"
    assert optimizers.sgd(1.0, 1.0, 1, lr=0.5).theta == 0.5
