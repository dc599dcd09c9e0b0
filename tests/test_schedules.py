"""The schedules against torch.optim.lr_scheduler, and against what they promise."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from stepsize.schedules import cosine, sequence, step_decay, warmup

STEPS = 60


def torch_rates(make, steps=STEPS):
    """The learning rates that torch really uses: the factor of a peak rate of 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


TWINS = [  # ours, torch's, and how many updates they agree for; in order of difficulty
    (
        lambda t: warmup(t, 10, start=0.25),
        lambda o: lr_scheduler.LinearLR(o, start_factor=0.25, total_iters=10),
        STEPS,
    ),
    (
        lambda t: warmup(t, 1, start=1.0),
        lambda o: lr_scheduler.LinearLR(o, start_factor=1.0, total_iters=1),
        STEPS,
    ),
    (lambda t: step_decay(t, 7), lambda o: lr_scheduler.StepLR(o, step_size=7), STEPS),
    (lambda t: step_decay(t, 1, 0.9), lambda o: lr_scheduler.StepLR(o, 1, gamma=0.9), STEPS),
    (lambda t: cosine(t, 40), lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=40), 41),
    (
        lambda t: cosine(t, 59, floor=0.1),
        lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=59, eta_min=0.1),
        STEPS,
    ),
    (
        lambda t: warmup(t, 9, 0.1) * step_decay(t, 20, 0.5),
        lambda o: lr_scheduler.ChainedScheduler(
            [lr_scheduler.LinearLR(o, 0.1, total_iters=9), lr_scheduler.StepLR(o, 20, 0.5)]
        ),
        STEPS,
    ),
]


@pytest.mark.parametrize(("mine", "theirs", "steps"), TWINS)
def test_twin_of_torch(mine, theirs, steps):
    t = np.arange(steps)
    np.testing.assert_allclose(mine(t), torch_rates(theirs, steps), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(mine(t), [mine(int(i)) for i in t], rtol=1e-15)


@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")
def test_sequence_is_torchs():
    mine = sequence(
        np.arange(STEPS),
        [lambda t: warmup(t, 10, 0.1), lambda t: cosine(t, 40), lambda t: 0.5 + 0 * t],
        milestones=[10, 50],
    )
    theirs = torch_rates(
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, 0.1, total_iters=10),
                lr_scheduler.CosineAnnealingLR(o, 40),
                lr_scheduler.ConstantLR(o, 0.5, total_iters=1000),
            ],
            milestones=[10, 50],
        )
    )
    np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-15)


def test_torchs_cosine_rises_again_and_ours_stays_down():
    theirs = torch_rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20), 41)
    assert theirs[20] == pytest.approx(0, abs=1e-15)
    assert theirs[40] == pytest.approx(1)
    np.testing.assert_allclose(cosine(np.arange(20, 41), 20), 0, atol=1e-15)


times = st.integers(0, 10_000)
lengths = st.integers(1, 5_000)
shares = st.floats(0, 1)


@given(times, lengths, shares)
def test_inside_their_bounds(t, steps, low):
    assert low <= warmup(t, steps, low) <= 1 + 1e-15
    assert low - 1e-15 <= cosine(t, steps, low) <= 1 + 1e-15
    assert 0 <= step_decay(t, steps, low) <= 1


@given(lengths, shares)
def test_monotone_from_end_to_end(steps, low):
    t = np.arange(0, steps + 20)
    assert (np.diff(warmup(t, steps, low)) >= 0).all()
    assert (np.diff(cosine(t, steps, low)) <= 1e-15).all()
    assert warmup(0, steps, low) == low
    assert warmup(steps, steps, low) == cosine(0, steps, low) == 1


def test_drawing_uses_nothing_up():
    t = np.arange(50)
    np.testing.assert_array_equal(cosine(t, 40), cosine(t, 40))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: warmup(0, 0), "steps must be at least 1, not 0"),
        (lambda: warmup(0, steps=-3), "steps must be at least 1, not -3"),
        (lambda: warmup(-1, 5), "t must be at least 0, not -1"),
        (lambda: warmup(np.arange(-1, 5), 5), "t must be at least 0"),
        (lambda: warmup(0, 5, start=1.5), "start must be at least 0 and at most 1, not 1.5"),
        (lambda: cosine(0, 0), "steps must be at least 1, not 0"),
        (lambda: cosine(0, 5, -0.1), "floor must be at least 0 and at most 1, not -0.1"),
        (lambda: step_decay(0, 0), "step_size must be at least 1, not 0"),
        (lambda: step_decay(0, 5, gamma=-1), "gamma must be at least 0, not -1"),
        (lambda: sequence(0, [], []), "milestones must be one fewer than the 0 schedules"),
        (lambda: sequence(0, [warmup], [3]), r"one fewer than the 1 schedules, not \[3\]"),
        (lambda: sequence(0, [warmup] * 3, [5, 5]), r"milestones must rise.*not \[5, 5\]"),
        (lambda: sequence(0, [warmup] * 2, [0]), r"milestones must rise.*not \[0\]"),
    ],
)
def test_bad_argument_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
