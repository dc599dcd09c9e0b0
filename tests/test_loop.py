"""The loop records everything, never breaks, and says what a wrong rule did."""

import copy
import functools
import pickle
import warnings

import numpy as np
import pytest

from stepsize import Step, Trace, descend
from stepsize.data import digits
from stepsize.network import Network
from stepsize.optimizers import (
    adafactor,
    adafactor_vector,
    adam,
    averaged,
    momentum,
    muon,
    prodigy,
    sgd,
    shampoo,
    soap,
)
from stepsize.schedules import cosine
from stepsize.surfaces import Gradients, bowl, quadratic, ravine, rosenbrock


def test_every_quantity_time_first():
    trace = descend(adam, bowl, [4.0, 2.0], steps=7, lr=0.1)
    assert trace.theta.shape == (8, 2)
    assert trace.loss.shape == (8,)
    for name in ("grad", "m", "v", "m_hat", "v_hat", "scale"):
        assert vars(trace)[name].shape == (7, 2), name
    for name, value in dict(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8).items():
        np.testing.assert_array_equal(vars(trace)[name], np.full(7, value))
    np.testing.assert_array_equal(trace.theta[0], [4, 2])
    np.testing.assert_array_equal(trace.grad, bowl.grad(trace.theta[:-1]))
    np.testing.assert_array_equal(trace.loss, bowl.loss(trace.theta))


@pytest.mark.parametrize("rule", [adafactor, muon, shampoo, soap, averaged(muon)])
def test_a_rule_of_matrices_refuses_what_is_packed_in_a_vector(rule):
    """Several runs at once look like a matrix, but aren't one; neither is a column's array."""
    net = Network(*digits(), hidden=(4,))
    for landscape, start in ((net, net.start()), (ravine, ravine.start)):
        for shape in ((), (2, 1), (2, 1, 1)):
            many = np.broadcast_to(start, shape[:-1] + np.shape(start))
            with pytest.raises(ValueError, match=r"steps matrices, and the points .* are vectors"):
                descend(rule, landscape, many, 3)
    matrices = Gradients(np.random.default_rng(0).normal(size=(3, 4, 2)))
    assert descend(rule, matrices, np.ones((4, 2)), 3, lr=0.1).theta.shape == (4, 4, 2)
    column = np.array([0.1, 0.2])[:, None, None]
    assert descend(rule, matrices, np.ones((4, 2)), 3, lr=column).theta.shape == (4, 2, 4, 2)


@pytest.mark.parametrize("rule", [adafactor_vector, prodigy])
def test_a_rule_of_vectors_refuses_matrices_and_numbers(rule):
    for start, kind in ((np.ones((4, 2)), "matrices"), (np.float64(1), "numbers")):
        gradients = Gradients(np.ones((3, *np.shape(start))))
        gradients = gradients if kind == "matrices" else Number()
        with pytest.raises(ValueError, match=f"steps vectors, and the points .* are {kind}"):
            descend(rule, gradients, start, 3)
    assert descend(rule, ravine, ravine.start, 3).theta.shape == (4, 2)


class Number:
    """A landscape of plain numbers."""

    def loss(self, theta):
        return theta**2

    def grad(self, theta, t):
        return 2 * theta


def test_what_is_left_open_may_be_said_to_be():
    matrices = Gradients(np.ones((3, 4, 2)))
    open_, said = (descend(muon, matrices, np.ones((4, 2)), 3, **h) for h in ({}, {"rms": None}))
    np.testing.assert_array_equal(open_.theta, said.theta)
    assert "rms" not in vars(open_)
    with pytest.raises(TypeError, match="lr must be a number"):
        descend(muon, matrices, np.ones((4, 2)), 3, lr=None)


def test_an_average_is_in_the_trace_and_goes_on():
    rule = averaged(adam, decay=0.9)
    whole = descend(rule, bowl, [4.0, 2.0], 20, lr=0.1)
    parts = descend(rule, bowl, descend(rule, bowl, [4.0, 2.0], 9, lr=0.1), 11, lr=0.1)
    np.testing.assert_array_equal(whole.average, parts.average)
    np.testing.assert_array_equal(whole.theta, descend(adam, bowl, [4.0, 2.0], 20, lr=0.1).theta)
    half = descend(averaged(functools.partial(adam, beta1=0.5)), bowl, [4.0, 2.0], 20, lr=0.1)
    np.testing.assert_allclose(half.average[-1], half.theta[1:].mean(axis=0), rtol=1e-14)
    later = descend(averaged(adam, after=15), bowl, [4.0, 2.0], 20, lr=0.1)
    np.testing.assert_array_equal(later.average[:16], later.theta[1:17])
    np.testing.assert_allclose(later.average[-1], later.theta[16:].mean(axis=0), rtol=1e-14)


def test_each_row_is_its_own():
    """Not a hundred copies of the last point, even if a rule works in place."""

    def in_place(theta, grad, t, sum=0.0, *, lr):
        grad *= lr
        theta -= grad
        sum += grad
        return Step(theta, memory=dict(sum=sum))

    trace = descend(in_place, bowl, [4.0, 2.0], steps=3, lr=0.5)
    np.testing.assert_array_equal(trace.theta[:, 0], [4, 2, 1, 0.5])
    np.testing.assert_array_equal(trace.grad[:, 0], [4, 2, 1])
    np.testing.assert_array_equal(trace.sum[:, 0], [2, 3, 3.5])


def test_hyper_parameter_may_follow_a_schedule():
    trace = descend(sgd, bowl, [4.0, 2.0], steps=10, lr=lambda t: 0.1 * cosine(t, 10))
    np.testing.assert_array_equal(trace.lr, 0.1 * cosine(np.arange(10), 10))
    assert trace.lr[0] == 0.1  # a schedule sees the updates already made: 0 before the first


def test_schedule_of_columns():
    peaks = np.array([[0.1], [0.2]])
    trace = descend(sgd, bowl, [4.0, 2.0], 5, lr=lambda t: peaks * cosine(t, 5))
    assert trace.theta.shape == (6, 2, 2)
    alone = descend(sgd, bowl, [4.0, 2.0], 5, lr=lambda t: 0.2 * cosine(t, 5))
    np.testing.assert_array_equal(trace.theta[:, 1], alone.theta)


def test_divergence_is_data_and_silent():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        for rule in (sgd, momentum):
            trace = descend(rule, ravine, [-4.0, 2.0], steps=200, lr=1e3)
            assert np.isnan(trace.theta).any()
            assert trace.diverged


def test_diverged_is_said_of_each_run():
    trace = descend(sgd, quadratic(1.0), [4.0], 50, lr=np.array([[0.1], [2.0], [2.1], [1e300]]))
    np.testing.assert_array_equal(trace.diverged, [False, False, True, True])


def test_a_rule_may_return_a_list():
    """For a learner's rule that works weight by weight."""

    def listed(theta, grad, t, *, lr):
        return Step([w - lr * g for w, g in zip(theta, grad, strict=True)])

    trace = descend(listed, bowl, [4.0, 2.0], 3, lr=0.5)
    np.testing.assert_array_equal(trace.theta, descend(sgd, bowl, [4.0, 2.0], 3, lr=0.5).theta)


def test_no_steps_at_all():
    trace = descend(sgd, bowl, [4.0, 2.0], steps=0, lr=0.1)
    assert trace.theta.shape == (1, 2)
    assert trace.loss == [10.0]


def test_float32_stays_float32_and_integers_become_floats():
    start = np.array([4, 2], dtype=np.float32)
    assert descend(adam, rosenbrock, start, 3, lr=0.1).m_hat.dtype == np.float32
    assert descend(sgd, bowl, [4, 2], 3, lr=0.5).theta[-1, 0] == 0.5


def test_what_is_shown_later_is_nan_before():
    def late(theta, grad, t, count=0, *, lr):
        shown = {"late": grad[0]} if t > 2 else {}
        return Step(theta - lr * grad, memory=dict(count=count + 1), shown=shown)

    trace = descend(late, bowl, [4.0, 2.0], 4, lr=0.5)
    np.testing.assert_array_equal(trace.late, [np.nan, np.nan, 1, 0.5])
    np.testing.assert_array_equal(trace.count, [1, 2, 3, 4])


def test_a_wide_column_widens_the_start():
    """Otherwise, theta_0 would be the only float32 row of a float64 run."""
    start, rates = np.array([0.1, 0.2], dtype=np.float32), np.array([[0.1], [0.2]])
    trace = descend(sgd, bowl, start, 3, lr=rates)
    assert trace.theta.dtype == trace.grad.dtype == np.float64
    np.testing.assert_array_equal(trace.theta[0], np.float64([start, start]))


def test_start_is_not_changed():
    start = np.array([4.0, 2.0])
    descend(sgd, bowl, start, 3, lr=0.1)
    np.testing.assert_array_equal(start, [4, 2])


def test_repr_shows_shapes_and_a_missing_name_what_there_is():
    trace = descend(sgd, bowl, [4.0, 2.0], 3, lr=0.1)
    assert repr(trace) == "Trace(theta (4, 2), loss (4,), grad (3, 2), lr (3,))"
    with pytest.raises(AttributeError, match="this trace has no 'velocity'; it has theta, loss"):
        trace.velocity  # noqa: B018
    for copied in (copy.deepcopy(trace), pickle.loads(pickle.dumps(trace))):
        assert isinstance(copied, Trace)
        np.testing.assert_array_equal(copied.theta, trace.theta)


def returns_theta(theta, grad, t, *, lr):
    return theta - lr * grad


def returns_sum(theta, grad, t, *, lr):
    return Step((theta - lr * grad).sum())


@pytest.mark.parametrize(
    ("rule", "hyper", "error", "words"),
    [
        (returns_theta, dict(lr=0.1), TypeError, "returns_theta must return a Step, not ndarray"),
        (returns_sum, dict(lr=0.1), ValueError, r"shape \(2,\) and returned one of shape \(\)"),
        (sgd, dict(lr=0.1, momentum=0.9), TypeError, "momentum"),
        (sgd, dict(lr=lambda t: -1.0), ValueError, "lr must be at least 0, not -1.0"),
    ],
)
def test_a_wrong_rule_is_told_what_it_did(rule, hyper, error, words):
    with pytest.raises(error, match=words):
        descend(rule, bowl, [4.0, 2.0], 3, **hyper)


def test_a_start_of_another_size():
    with pytest.raises(
        ValueError, match=r"theta must have shape \(\.\.\., 2\) on bowl, not \(3,\)"
    ):
        descend(sgd, bowl, [1.0, 2.0, 3.0], 3, lr=0.1)


@pytest.mark.parametrize("steps", [-1, 2.5, "3"])
def test_steps_that_are_not_a_count(steps):
    with pytest.raises((ValueError, TypeError), match="steps must be"):
        descend(sgd, bowl, [1.0, 2.0], steps, lr=0.1)
