"""Block by block, in place: the same bits, next to no memory."""

import functools
import tracemalloc

import numpy as np
import pytest

from stepsize import Step, descend
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
from stepsize.optimizers.blockwise import blockwise
from stepsize.surfaces import quadratic

RULES = [sgd, momentum, adam, averaged(adam, 0.9)]
NOT_BY_COORDINATE = [adafactor, adafactor_vector, muon, prodigy, shampoo, soap, averaged(prodigy)]
SIZES = [(1, 1), (7, 1), (8, 3), (9, 3), (9, 9), (9, 100)]  # d and the block


def product(theta, grad, t, factor=1.0, *, lr=1e-3, decay=0.9):
    """Remembers one number for all coordinates, as NAdam does."""
    factor = factor * decay
    return Step(theta - lr * factor * grad, memory=dict(factor=factor))


def lookahead(theta, grad, t, z=None, *, lr=1e-3):
    """Remembers a vector that starts as theta, as schedule-free SGD does."""
    z = (theta if z is None else z) - lr * grad
    return Step(0.5 * theta + 0.5 * z, memory=dict(z=z))


def walk(rule, start, **hyper):
    """Five updates on random gradients: where they lead, and what is remembered."""
    rng, theta, memory = np.random.default_rng(0), start.copy(), {}
    for t in range(1, 6):
        grad = rng.normal(size=theta.shape).astype(theta.dtype)
        theta, memory, _ = rule(theta, grad, t, **memory, **hyper)
    return theta, memory


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("d", "block"), SIZES)
@pytest.mark.parametrize("rule", [*RULES, product, lookahead], ids=lambda rule: rule.__name__)
def test_bit_for_bit_unblocked(rule, d, block, dtype):
    for shape, lr in [((d,), 0.1), ((3, d), 0.1), ((3, d), np.array([[0.1], [0.2], [0.3]], dtype))]:
        start = np.random.default_rng(1).normal(size=shape).astype(dtype)
        plain, blocked = walk(rule, start, lr=lr), walk(blockwise(rule, block), start, lr=lr)
        np.testing.assert_array_equal(blocked[0], plain[0])
        assert blocked[0].dtype == plain[0].dtype
        assert blocked[1].keys() == plain[1].keys()
        for name, value in plain[1].items():
            np.testing.assert_array_equal(blocked[1][name], value)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_many_default_blocks(rule):
    start = np.random.default_rng(1).normal(size=100_001).astype(np.float32)
    np.testing.assert_array_equal(walk(blockwise(rule), start)[0], walk(rule, start)[0])


def test_a_rate_for_each_coordinate_is_cut_as_well():
    """In a learner's own rule, because the course's rules only take columns."""

    def own(theta, grad, t, *, lr):
        return Step(theta - lr * grad)

    start, rates = np.ones(10), np.linspace(0.1, 1, 10)
    in_blocks = walk(blockwise(own, 3), start, lr=rates)[0]
    np.testing.assert_array_equal(in_blocks, walk(own, start, lr=rates)[0])
    with pytest.raises(ValueError, match="lr must be one number, or a column"):
        blockwise(adam, 3)(start, start, 1, lr=rates)


def test_in_descend_it_is_the_rule():
    bowl = quadratic(*np.linspace(0.1, 2, 10))
    blocked = descend(blockwise(adam, 3), bowl, np.ones(10), 20, lr=0.1)
    plain = descend(adam, bowl, np.ones(10), 20, lr=0.1)
    np.testing.assert_array_equal(blocked.theta, plain.theta)
    np.testing.assert_array_equal(blocked.lr, plain.lr)


def test_written_in_place():
    theta = np.ones(10)
    in_place = blockwise(adam, 4)
    first = in_place(theta, theta.copy(), 1)
    second = in_place(theta, theta.copy(), 2, **first.memory)
    assert first.theta is second.theta is theta
    assert all(second.memory[name] is first.memory[name] for name in ("m", "v"))


def test_less_than_a_tenth_of_a_byte_a_parameter():
    n = 10**7
    theta, grad = np.ones(n, np.float32), np.ones(n, np.float32)
    in_place = blockwise(adam)
    memory = in_place(theta, grad, 1).memory
    tracemalloc.start()
    in_place(theta, grad, 2, **memory)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.1 * n


def test_bad_input_is_named():
    for block in (0, 2.5):
        with pytest.raises(ValueError, match=f"block must be a whole .*, not {block}"):
            blockwise(adam, block)
    for theta in (1.0, [1.0, 2.0], np.float64(1), np.array([1, 2])):
        with pytest.raises(TypeError, match="theta must be an array of floats"):
            blockwise(adam)(theta, theta, 1)
    with pytest.raises(TypeError, match="grad must be an array, as theta is, not list"):
        blockwise(adam)(np.ones(3), [1.0, 1.0, 1.0], 1)
    with pytest.raises(ValueError, match=r"grad must have theta's shape \(3,\), not \(4,\)"):
        blockwise(adam)(np.ones(3), np.ones(4), 1)
    with pytest.raises(ValueError, match=r"lr must be at least 0, not -1"):
        blockwise(adam)(np.ones(3), np.ones(3), 1, lr=-1)
    with pytest.raises(TypeError, match=r"lr must be a number, .* not \[0.1, 0.2, 0.3\] \(list\)"):
        blockwise(adam)(np.ones(3), np.ones(3), 1, lr=[0.1, 0.2, 0.3])


@pytest.mark.parametrize("rule", NOT_BY_COORDINATE, ids=lambda rule: rule.__name__)
def test_what_looks_at_more_than_a_coordinate_is_refused(rule):
    with pytest.raises(ValueError, match=f"each coordinate by itself, but {rule.__name__} doesn't"):
        blockwise(rule)


def test_what_wraps_a_rule_is_not_passed_over():
    """A wrapper has the rule's attributes, but does more than the rule."""

    @functools.wraps(adam)
    def doubled(theta, grad, t, **given):
        return adam(theta, 2 * grad, t, **given)

    start = np.ones(9)
    np.testing.assert_array_equal(walk(blockwise(doubled, 2), start)[0], walk(doubled, start)[0])
