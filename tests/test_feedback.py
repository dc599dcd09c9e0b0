"""Reduce on plateau compared with torch's, on losses that improve, stall, jump and break."""

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stepsize import descend
from stepsize.feedback import plateau
from stepsize.optimizers import sgd
from stepsize.surfaces import bowl

ReduceLROnPlateau = torch.optim.lr_scheduler.ReduceLROnPlateau


def ours(losses, **hyper):
    memory, factors = {}, []
    for loss in losses:
        factor, memory = plateau(loss, **memory, **hyper)
        factors.append(factor)
    return factors


def theirs(losses, floor=0.0, **arguments):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = ReduceLROnPlateau(optimizer, min_lr=floor, **arguments)
    rates = []
    for loss in losses:
        scheduler.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


losses = st.lists(
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 0.9, 0.99, 1.0, 1.01, 1.1, 2.0, -1.0])
    | st.floats(-10, 10),
    min_size=1,
    max_size=60,
)
settings = st.fixed_dictionaries(
    {},
    optional=dict(
        mode=st.sampled_from(["min", "max"]),
        factor=st.floats(0, 0.99),
        patience=st.integers(0, 5),
        threshold=st.sampled_from([0.0, 1e-4, 0.01, 0.5]),
        threshold_mode=st.sampled_from(["rel", "abs"]),
        cooldown=st.integers(0, 5),
        floor=st.sampled_from([0.0, 1e-3, 0.5, 2.0]),
        eps=st.sampled_from([0.0, 1e-8, 0.1]),
    ),
)


@given(losses, settings)
def test_twin_of_torch(losses, hyper):
    assert ours(losses, **hyper) == theirs(losses, **hyper)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("threshold", [0.0, 0.5])
@pytest.mark.parametrize("eps", [0.0, 0.125])
def test_twin_of_torch_where_numbers_meet(mode, threshold_mode, threshold, eps):
    """Losses that often equal the best exactly, or differ from it by exactly the threshold."""
    often_equal = np.random.default_rng(0).choice([0.5, 0.75, 1.0, 1.5, 2.0, 3.0], size=40)
    falling_out = np.sort(often_equal)[:: 1 if mode == "max" else -1]
    hyper = dict(mode=mode, threshold_mode=threshold_mode, threshold=threshold, eps=eps, factor=0.5)
    for patience, cooldown in [(0, 0), (1, 0), (2, 0), (0, 2), (1, 1), (3, 2)]:
        for losses in (often_equal, falling_out):
            more = dict(patience=patience, cooldown=cooldown)
            assert ours(losses, **hyper, **more) == theirs(losses, **hyper, **more)


@given(st.lists(st.lists(st.floats(-2, 2), min_size=3, max_size=3), min_size=1, max_size=30))
def test_many_runs_at_once_are_the_runs_one_by_one(rows):
    together = np.array(ours(np.array(rows), patience=2, cooldown=1))
    for i in range(3):
        alone = ours([row[i] for row in rows], patience=2, cooldown=1)
        np.testing.assert_array_equal(together[:, i], alone)


def test_the_third_bad_loss_is_too_much_for_a_patience_of_two():
    assert ours([1.0, 1.0, 1.0, 1.0, 1.0], patience=2) == [1, 1, 1, 0.1, 0.1]


def test_torchs_quirk_a_worse_loss_is_better_below_zero():
    """best * (1 - threshold) lies above a negative best; "abs" has no such trap."""
    rising = [-1.0, -0.9999999, -0.9999998]
    assert ours(rising, patience=0) == theirs(rising, patience=0) == [1, 1, 1]
    assert ours(rising, patience=0, threshold_mode="abs") == [1, 0.1, 0.1 * 0.1]


def test_a_loss_as_torch_computes_it():
    for dtype in (torch.float32, torch.bfloat16):
        loss = torch.tensor(2.0, dtype=dtype, requires_grad=True)
        assert plateau(loss, best=1.0) == plateau(2.0, best=1.0)
    both = plateau(torch.tensor([2.0, 0.5]), best=1.0)
    np.testing.assert_array_equal(both.memory["best"], [1.0, 0.5])


def test_it_drives_a_descent_epoch_by_epoch():
    """lr = 2 on a bowl goes back and forth forever, until the plateau is noticed."""
    trace, factor, memory = [4.0, 2.0], 1.0, {}
    for _ in range(4):
        trace = descend(sgd, bowl, trace, steps=10, lr=2.0 * factor)
        factor, memory = plateau(trace.loss[-1], **memory, patience=1, factor=0.5)
    np.testing.assert_array_equal(trace.lr, np.repeat([2.0, 2.0, 2.0, 1.0], 10))
    assert trace.loss[30] == 10
    assert trace.loss[-1] == 0


def test_defaults_are_torchs():
    torchs = inspect.signature(ReduceLROnPlateau).parameters
    for name, parameter in inspect.signature(plateau).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            assert parameter.default == torchs["min_lr" if name == "floor" else name].default


def test_bounds_are_good():
    zeros = dict.fromkeys(["factor", "patience", "threshold", "cooldown", "floor", "eps"], 0)
    assert ours([1.0, 1.0, 2.0], **zeros) == theirs([1.0, 1.0, 2.0], **zeros) == [1, 0, 0]


@pytest.mark.parametrize(
    ("hyper", "words"),
    [
        (dict(mode="lowest"), "mode must be 'min' or 'max', not 'lowest'"),
        (dict(threshold_mode="relative"), "threshold_mode must be 'rel' or 'abs', not 'relative'"),
        (dict(factor=1.0), "factor must be at least 0 and below 1, not 1.0"),
        (dict(factor=-0.5), "factor must be at least 0 and below 1, not -0.5"),
        (dict(patience=-1), "patience must be at least 0, not -1"),
        (dict(cooldown=-1), "cooldown must be at least 0, not -1"),
        (dict(threshold=-1e-4), "threshold must be at least 0, not -0.0001"),
        (dict(floor=-0.1), "floor must be at least 0, not -0.1"),
        (dict(eps=math.nan), "eps must be at least 0, not nan"),
    ],
)
def test_bad_argument_is_named(hyper, words):
    with pytest.raises(ValueError, match=words):
        plateau(1.0, **hyper)
