"""The schedules, compared with torch.optim.lr_scheduler and with what they promise."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from stepsize.frameworks.recipe import Recipe
from stepsize.schedules import (
    constant,
    cosine,
    cosine_restarts,
    exp_range,
    exponential,
    inverse_sqrt,
    linear,
    multi_step,
    one_cycle,
    one_cycle_momentum,
    polynomial,
    sequence,
    step_decay,
    triangular,
    triangular2,
    warmup,
    warmup_stable_decay,
)

STEPS = 60


def torch_rates(make, steps=STEPS, name="lr"):
    """The learning rates that torch really uses with a peak rate of 1, which are the factors."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.5)
    scheduler = make(optimizer)
    rates = [optimizer.param_groups[0][name]]
    for _ in range(steps - 1):
        optimizer.step()
        scheduler.step()
        rates.append(optimizer.param_groups[0][name])
    return np.array(rates)


def twin(mine, torchs, steps=STEPS, **arguments):
    return mine, lambda optimizer: torchs(optimizer, **arguments), steps


L = lr_scheduler
ONE_CYCLES = [
    dict(),
    dict(anneal="linear"),
    dict(phases=3),
    dict(phases=3, anneal="linear", pct_start=0.2),
    dict(pct_start=0.0),
    dict(pct_start=1.0),
    dict(phases=3, pct_start=0.7),  # the third phase would begin after the end
]


def to_torch(phases=2, anneal="cos", **rest):
    return dict(three_phase=phases == 3, anneal_strategy=anneal, **rest)


TWINS = [  # ours, torch's with its arguments, and how many updates they agree for
    twin(lambda t: constant(t, 0.3, 7), L.ConstantLR, factor=0.3, total_iters=7),
    twin(lambda t: constant(t), L.LambdaLR, lr_lambda=lambda t: 1.0),
    twin(
        lambda t: linear(t, 9, 1 / 3, 0.9),
        L.LinearLR,
        start_factor=1 / 3,
        end_factor=0.9,
        total_iters=9,
    ),
    twin(lambda t: linear(t, 9), L.LinearLR, start_factor=1.0, end_factor=0.0, total_iters=9),
    twin(lambda t: warmup(t, 10), L.LinearLR, start_factor=0.1, total_iters=9),
    twin(lambda t: warmup(t, 10, start=0.25), L.LinearLR, start_factor=0.325, total_iters=9),
    twin(lambda t: warmup(t, 1), L.LinearLR, start_factor=1.0, total_iters=0),
    twin(lambda t: linear(t, 10, 0.25, 1.0), L.LinearLR, start_factor=0.25, total_iters=10),
    twin(lambda t: step_decay(t, 7), L.StepLR, step_size=7),
    twin(lambda t: step_decay(t, 1, 0.9), L.StepLR, step_size=1, gamma=0.9),
    twin(lambda t: step_decay(t, 9, 2), L.StepLR, step_size=9, gamma=2),
    twin(lambda t: multi_step(t, [4, 30, 59]), L.MultiStepLR, milestones=[4, 30, 59]),
    twin(
        lambda t: multi_step(t, [30, 4, 30], gamma=0.5),
        L.MultiStepLR,
        milestones=[30, 4, 30],
        gamma=0.5,
    ),
    twin(lambda t: multi_step(t, []), L.MultiStepLR, milestones=[]),
    twin(lambda t: exponential(t, 0.9), L.ExponentialLR, gamma=0.9),
    twin(lambda t: exponential(t, 2), L.ExponentialLR, gamma=2),
    twin(lambda t: polynomial(t, 20), L.PolynomialLR, total_iters=20),
    twin(lambda t: polynomial(t, 70, 0.5), L.PolynomialLR, total_iters=70, power=0.5),
    twin(lambda t: polynomial(t, 20, 3.0), L.PolynomialLR, total_iters=20, power=3.0),
    twin(lambda t: inverse_sqrt(t, 9), L.LambdaLR, lr_lambda=lambda t: inverse_sqrt(t, 9)),
    twin(lambda t: cosine(t, 40), L.CosineAnnealingLR, T_max=40, steps=41),
    twin(lambda t: cosine(t, 59, floor=0.1), L.CosineAnnealingLR, T_max=59, eta_min=0.1),
    *(
        twin(
            lambda t, steps=steps, m=m: cosine_restarts(t, steps, m, 0.1),
            L.CosineAnnealingWarmRestarts,
            T_0=steps,
            T_mult=m,
            eta_min=0.1,
            steps=300,
        )
        for steps in (1, 5, 10)
        for m in (1, 2, 3)
    ),
    *(
        twin(
            lambda t, mine=mine, down=down: mine(t, 7, down, floor=0.2),
            L.CyclicLR,
            base_lr=0.2,
            max_lr=1.0,
            step_size_up=7,
            step_size_down=down,
            mode=mine.__name__,
        )
        for mine in (triangular, triangular2, exp_range)
        for down in (None, 3, 13)
    ),
    twin(
        lambda t: exp_range(t, 4, gamma=0.95),
        L.CyclicLR,
        base_lr=0.0,
        max_lr=1.0,
        step_size_up=4,
        gamma=0.95,
        mode="exp_range",
    ),
    *(
        twin(
            lambda t, case=case: one_cycle(t, STEPS, **case),
            L.OneCycleLR,
            max_lr=1.0,
            total_steps=STEPS,
            **to_torch(**case),
        )
        for case in ONE_CYCLES
    ),
    twin(
        lambda t: one_cycle(t, STEPS, 0.4, div_factor=10.0, final_div_factor=3.0),
        L.OneCycleLR,
        max_lr=1.0,
        epochs=6,
        steps_per_epoch=10,
        pct_start=0.4,
        div_factor=10.0,
        final_div_factor=3.0,
    ),
    (
        lambda t: warmup(t, 10) * step_decay(t, 20, 0.5),
        lambda o: L.ChainedScheduler([L.LinearLR(o, 0.1, total_iters=9), L.StepLR(o, 20, 0.5)]),
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
        [lambda t: warmup(t, 10), lambda t: cosine(t, 40), lambda t: 0.5 + 0 * t],
        milestones=[10, 50],
    )
    theirs = torch_rates(
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, 0.1, total_iters=9),
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


@pytest.mark.parametrize("case", ONE_CYCLES)
def test_one_cycles_momentum_is_torchs(case):
    theirs = torch_rates(
        lambda o: L.OneCycleLR(o, max_lr=1.0, total_steps=STEPS, **to_torch(**case)),
        name="momentum",
    )
    mine = one_cycle_momentum(np.arange(STEPS), STEPS, **case)
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_cyclic_momentum_is_torchs():
    theirs = torch_rates(
        lambda o: L.CyclicLR(o, 0.1, 1.0, step_size_up=7, step_size_down=5), name="momentum"
    )
    mine = 0.9 - 0.1 * triangular(np.arange(STEPS), 7, 5)
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_per_epoch_is_a_division():
    """Three updates per epoch; torch's scheduler is stepped once per epoch."""
    by_epoch = torch_rates(lambda o: L.StepLR(o, step_size=2, gamma=0.5), steps=10)
    t = np.arange(30)
    np.testing.assert_allclose(step_decay(t // 3, 2, 0.5), np.repeat(by_epoch, 3), rtol=1e-12)


def test_restarts_per_epoch_as_torchs_fractional_step():
    """torch: scheduler.step(epoch + i / updates_per_epoch)."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = L.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    theirs = []
    for t in range(60):
        scheduler.step(t / 4)
        theirs.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(cosine_restarts(np.arange(60) / 4, 2, 2), theirs, atol=1e-12)


def test_torchs_constant_of_no_steps_never_ends():
    torchs = torch_rates(lambda o: L.ConstantLR(o, 0.5, total_iters=0), steps=5)
    np.testing.assert_array_equal(torchs, 0.5)
    np.testing.assert_array_equal(constant(np.arange(5), 0.5, 0), 1)


def test_torchs_restarts_lose_their_place_where_a_logarithm_is_rounded():
    """Asked for epoch 728 of T_0 = 2, T_mult = 3: t_6 = 728, and log_3(729) is below 6."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = L.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=3)
    wrong = []
    for begin in (0, 2, 8, 26, 80, 242, 728, 2186):
        assert cosine_restarts(begin, 2, 3) == 1
        scheduler.step(begin)
        wrong.append(optimizer.param_groups[0]["lr"] < 0.5)
    assert any(wrong)


def test_torchs_one_cycle_goes_one_too_far():
    theirs = torch_rates(lambda o: L.OneCycleLR(o, max_lr=1.0, total_steps=10), steps=10)
    np.testing.assert_allclose(one_cycle(np.arange(10), 10), theirs, rtol=1e-12)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    scheduler = L.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    optimizer.step()
    for _ in range(10):
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] > 1000 * one_cycle(10, 10)
    assert one_cycle(10, 10) == one_cycle(99, 10) == one_cycle(9, 10)
    with pytest.raises(ValueError, match="Tried to step 11 times"):
        scheduler.step()


def test_one_cycle_where_torchs_divides_by_zero():
    with pytest.raises(ZeroDivisionError):
        L.OneCycleLR(
            torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9),
            max_lr=1.0,
            total_steps=10,
            pct_start=0.1,
        )
    assert one_cycle(0, 10, pct_start=0.1) == 1
    np.testing.assert_array_equal(one_cycle(np.arange(3), 1, pct_start=1.0), 1 / 25 / 1e4)
    np.testing.assert_array_equal(one_cycle(np.arange(9, 12), 10, pct_start=1.0), 1)
    beyond = one_cycle(
        np.arange(13, 30), 10, pct_start=0.7, phases=3
    )  # its second phase ends at 12
    np.testing.assert_array_equal(beyond, 1 / 25 / 1e4)
    assert one_cycle(9, 10, pct_start=0.1) == pytest.approx(1 / 25 / 1e4, rel=1e-9)


@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")
def test_torchs_sequence_carries_a_recursive_schedule_over():
    """Its cosine continues from the current rate, and overshoots if warmup isn't over."""
    theirs = torch_rates(
        lambda o: L.SequentialLR(
            o,
            [L.LinearLR(o, 0.05, total_iters=19), L.CosineAnnealingLR(o, 30)],
            milestones=[10],
        )
    )
    mine = sequence(np.arange(STEPS), [lambda t: warmup(t, 20), lambda t: cosine(t, 30)], [10])
    np.testing.assert_allclose(mine[:40], theirs[:40], atol=1e-12)
    assert theirs[50] > 0.2
    assert mine[50] == 0


@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")
def test_warmup_stable_decay_is_a_sequence():
    theirs = torch_rates(
        lambda o: L.SequentialLR(
            o,
            [
                L.LinearLR(o, 0.1, total_iters=9),
                L.ConstantLR(o, 1.0),
                L.LinearLR(o, 1.0, 0.1, total_iters=20),
            ],
            milestones=[10, 30],
        )
    )
    mine = warmup_stable_decay(np.arange(STEPS), steps=50, warmup=10, decay=20, floor=0.1)
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


@pytest.mark.parametrize(("warmup", "decay"), [(0, 0), (0, 10), (10, 0), (4, 6)])
@pytest.mark.parametrize("anneal", ["linear", "1-sqrt"])
def test_warmup_stable_decay_of_any_parts(warmup, decay, anneal):
    t = np.arange(12)
    f = warmup_stable_decay(t, steps=10, warmup=warmup, decay=decay, floor=0.2, anneal=anneal)
    assert f[0] == (1 / warmup if warmup else 1)
    assert f.max() == 1 or warmup + decay == 10
    np.testing.assert_array_equal(f[10:], 0.2)


def test_a_decay_by_1_minus_sqrt_is_half_over_after_a_quarter():
    """It starts and ends with the line, is below it in between, and is steepest at first."""
    t = np.arange(101)
    line, root = (warmup_stable_decay(t, 100, 0, 100, anneal=a) for a in ("linear", "1-sqrt"))
    assert root[0] == 1 and root[25] == 0.5 and root[100] == 0
    assert (root[1:100] < line[1:100]).all()
    assert (np.diff(root, 2) > 0).all()


def test_inverse_sqrt_is_vaswanis_rate():
    """Equation 3: d_model^-0.5 min(step^-0.5, step warmup^-1.5), steps from 1."""
    step = np.arange(1, 20_000, 7)
    theirs = 512**-0.5 * np.minimum(step**-0.5, step * 4000**-1.5)
    np.testing.assert_allclose((512 * 4000) ** -0.5 * inverse_sqrt(step - 1, 4000), theirs)


times = st.integers(0, 10_000)
lengths = st.integers(1, 5_000)
shares = st.floats(0, 1)


@given(times, lengths, shares, st.integers(1, 4))
def test_inside_their_bounds(t, steps, low, m):
    for factor in (
        warmup(t, steps, low),
        cosine(t, steps, low),
        linear(t, steps, 1.0, low),
        cosine_restarts(t, steps, m, low),
        triangular(t, steps, m, low),
        triangular2(t, steps, m, low),
        exp_range(t, steps, m, 0.999, low),
    ):
        assert low - 1e-15 <= factor <= 1 + 1e-15
    for factor in (
        constant(t, low, steps),
        step_decay(t, steps, low),
        multi_step(t, [steps, 2 * steps], low),
        exponential(t, low),
        polynomial(t, steps, 4 * low),
        inverse_sqrt(t, steps),
        warmup_stable_decay(t, 2 * steps, steps // 2, steps, low),
        one_cycle(t, steps + 1, low, phases=2 + m % 2),
    ):
        assert 0 <= factor <= 1 + 1e-15
    assert 0.85 - 1e-15 <= one_cycle_momentum(t, steps + 1, phases=2 + m % 2) <= 0.95 + 1e-15


@given(lengths, shares)
def test_monotone_from_end_to_end(steps, low):
    t = np.arange(0, steps + 20)
    assert (np.diff(warmup(t, steps, low)) >= 0).all()
    assert (np.diff(cosine(t, steps, low)) <= 1e-15).all()
    assert warmup(0, steps, low) == pytest.approx(low + (1 - low) / steps, rel=1e-12)
    assert min(warmup(0, steps), warmup_stable_decay(0, steps, steps, 0)) > 0  # no dead update
    assert warmup(steps - 1, steps, low) == cosine(0, steps, low) == 1


def test_a_number_for_a_number():
    assert isinstance(sequence(3, [lambda t: warmup(t, 2), lambda t: cosine(t, 4)], [2]), float)
    for schedule in (warmup, linear, polynomial, inverse_sqrt, cosine, cosine_restarts, one_cycle):
        assert isinstance(schedule(3, 9), float)
    for schedule in (triangular, triangular2, exp_range, step_decay):
        assert isinstance(schedule(3, 9), float)
    assert isinstance(constant(3), float)
    at_once = sequence(np.arange(3), [lambda t: 0.5, lambda t: cosine(t, 1)], [1])
    np.testing.assert_array_equal(at_once, [0.5, 1, 0])


def test_a_tensor_counts_as_what_it_holds():
    t = torch.arange(9)
    np.testing.assert_array_equal(cosine(t, 8), cosine(np.arange(9), 8))
    np.testing.assert_array_equal(multi_step(t, torch.tensor([2, 5])), multi_step(t, [2, 5]))
    for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.int32):
        np.testing.assert_array_equal(cosine(t.to(dtype), 10), cosine(t.numpy(), 10))
    later = torch.tensor(3.0, requires_grad=True)
    for schedule in (warmup, linear, polynomial, inverse_sqrt, cosine, cosine_restarts, one_cycle):
        assert type(schedule(later, torch.tensor(9))) is float
        assert schedule(later, torch.tensor(9)) == schedule(3, 9)
    recipe = Recipe(optimizer="adam", hyper=dict(lr=0.1), steps=9, warmup=4)
    assert recipe.lr(t[3]) == recipe.lr(3)


def test_drawing_uses_nothing_up():
    t = np.arange(50)
    np.testing.assert_array_equal(cosine(t, 40), cosine(t, 40))


BOUNDS = [  # a schedule, what it needs, and arguments with their lowest and highest allowed values
    (constant, dict(), dict(factor=(0, 1), steps=(0, None))),
    (linear, dict(steps=3), dict(steps=(1, None), start=(0, 1), end=(0, 1))),
    (warmup, dict(steps=3), dict(steps=(1, None), start=(0, 1))),
    (step_decay, dict(step_size=3), dict(step_size=(1, None), gamma=(0, None))),
    (multi_step, dict(milestones=[3]), dict(gamma=(0, None))),
    (exponential, dict(gamma=0.5), dict(gamma=(0, None))),
    (polynomial, dict(steps=3), dict(steps=(1, None), power=(0, None))),
    (inverse_sqrt, dict(warmup=3), dict(warmup=(1, None))),
    (cosine, dict(steps=3), dict(steps=(1, None), floor=(0, 1))),
    (
        warmup_stable_decay,
        dict(steps=3, warmup=1, decay=1),
        dict(warmup=(0, None), decay=(0, None), floor=(0, 1)),
    ),
    (warmup_stable_decay, dict(steps=1, warmup=0, decay=0), dict(steps=(1, None))),
    (cosine_restarts, dict(steps=3), dict(steps=(1, None), growth=(1, None), floor=(0, 1))),
    (triangular, dict(up=3), dict(up=(1, None), down=(1, None), floor=(0, 1))),
    (triangular2, dict(up=3), dict(up=(1, None), down=(1, None), floor=(0, 1))),
    (exp_range, dict(up=3), dict(up=(1, None), down=(1, None), gamma=(0, None), floor=(0, 1))),
    (one_cycle, dict(steps=3), dict(steps=(1, None), pct_start=(0.0, 1.0))),
    (
        one_cycle_momentum,
        dict(steps=3),
        dict(steps=(1, None), pct_start=(0.0, 1.0), low=(0, None), high=(0, None)),
    ),
]


@pytest.mark.parametrize(
    ("schedule", "needs", "bounds"), BOUNDS, ids=lambda x: getattr(x, "__name__", "")
)
def test_bounds_are_good_and_what_is_beyond_is_not(schedule, needs, bounds):
    def call(t=0, **arguments):
        return schedule(t, **{**needs, **arguments})

    assert np.isfinite(call(np.arange(5))).all()
    with pytest.raises(ValueError, match=r"t must be at least 0, not -0\.5"):
        call(t=-0.5)
    for name, (low, high) in bounds.items():
        whole = isinstance(low, int) and high is None and name not in ("gamma", "power")
        step = 1 if whole else 1e-9
        assert np.isfinite(call(np.arange(5), **{name: low})).all()
        with pytest.raises(ValueError, match=f"{name} must be .* not"):
            call(**{name: low - step})
        if high is not None:
            assert np.isfinite(call(np.arange(5), **{name: high})).all()
            with pytest.raises(ValueError, match=f"{name} must be .* not"):
                call(**{name: high + step})


def test_defaults_are_torchs():
    def defaults(function):
        return {n: p.default for n, p in inspect.signature(function).parameters.items()}

    for mine, theirs, names in (
        (step_decay, L.StepLR, dict(gamma="gamma")),
        (multi_step, L.MultiStepLR, dict(gamma="gamma")),
        (polynomial, L.PolynomialLR, dict(power="power")),
        (cosine, L.CosineAnnealingLR, dict(floor="eta_min")),
        (cosine_restarts, L.CosineAnnealingWarmRestarts, dict(growth="T_mult", floor="eta_min")),
        (exp_range, L.CyclicLR, dict(gamma="gamma", down="step_size_down")),
        (
            one_cycle,
            L.OneCycleLR,
            dict(
                pct_start="pct_start",
                div_factor="div_factor",
                final_div_factor="final_div_factor",
                anneal="anneal_strategy",
            ),
        ),
        (one_cycle_momentum, L.OneCycleLR, dict(low="base_momentum", high="max_momentum")),
    ):
        for name, torchs in names.items():
            assert defaults(mine)[name] == defaults(theirs)[torchs], (mine, name)
    for mine in (triangular, triangular2, exp_range):
        assert defaults(mine)["floor"] == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: constant(0, 1.5), "factor must be at least 0 and at most 1, not 1.5"),
        (lambda: constant(0, 0.5, -1), "steps must be at least 0, not -1"),
        (lambda: linear(0, 0), "steps must be at least 1, not 0"),
        (lambda: linear(0, 5, 1.1), "start must be at least 0 and at most 1, not 1.1"),
        (lambda: linear(0, 5, 1.0, -0.1), "end must be at least 0 and at most 1, not -0.1"),
        (lambda: multi_step(0, [3, 0]), "milestones must be at least 1, not"),
        (lambda: multi_step(0, [3], -0.1), "gamma must be at least 0, not -0.1"),
        (lambda: exponential(0, -0.1), "gamma must be at least 0, not -0.1"),
        (lambda: polynomial(0, 0), "steps must be at least 1, not 0"),
        (lambda: polynomial(0, 5, -1), "power must be at least 0, not -1"),
        (lambda: inverse_sqrt(0, 0), "warmup must be at least 1, not 0"),
        (lambda: inverse_sqrt(-1, 9), "t must be at least 0, not -1"),
        (lambda: warmup_stable_decay(0, 9, 5, 5), "must fit into the 9 steps, not 5 and 5"),
        (lambda: warmup_stable_decay(0, 9, -1, 5), "warmup must be at least 0, not -1"),
        (lambda: warmup_stable_decay(0, 9, 1, -5), "decay must be at least 0, not -5"),
        (lambda: warmup_stable_decay(0, 9, 1, 5, 2), "floor must be at least 0 and at most 1"),
        (
            lambda: warmup_stable_decay(0, 9, 1, 5, anneal="sqrt"),
            "anneal must be 'linear' or '1-sqrt', not 'sqrt'",
        ),
        (lambda: cosine_restarts(0, 0), "steps must be a whole number, at least 1, not 0"),
        (lambda: cosine_restarts(0, 2.5), "steps must be a whole number, at least 1, not 2.5"),
        (lambda: cosine_restarts(0, 10.0), "steps must be a whole number, at least 1, not 10.0"),
        (lambda: cosine_restarts(0, 5, 0), "growth must be a whole number, at least 1, not 0"),
        (lambda: cosine_restarts(0, 5, 1.5), "growth must be a whole number"),
        (lambda: cosine_restarts(0, 5, 1, 1.1), "floor must be at least 0 and at most 1"),
        (lambda: triangular(0, 0), "up must be at least 1, not 0"),
        (lambda: triangular2(0, 3, 0), "down must be at least 1, not 0"),
        (lambda: exp_range(0, 3, gamma=-0.5), "gamma must be at least 0, not -0.5"),
        (lambda: triangular(0, 3, floor=1.5), "floor must be at least 0 and at most 1"),
        (lambda: one_cycle(0, 0), "steps must be a whole number, at least 1, not 0"),
        (lambda: one_cycle(0, 5.5), "steps must be a whole number, at least 1, not 5.5"),
        (lambda: one_cycle(0, 5, 1.1), "pct_start must be at least 0 and at most 1, not 1.1"),
        (lambda: one_cycle(0, 5, -0.1), "pct_start must be at least 0 and at most 1, not -0.1"),
        (lambda: one_cycle(0, 5, div_factor=0), "div_factor must be above 0, not 0"),
        (lambda: one_cycle(0, 5, final_div_factor=-1), "final_div_factor must be above 0"),
        (lambda: one_cycle(0, 5, anneal="sine"), "anneal must be 'cos' or 'linear', not 'sine'"),
        (lambda: one_cycle(0, 5, phases=4), "phases must be 2 or 3, not 4"),
        (lambda: one_cycle_momentum(0, 5, low=1.0), "low must be at least 0 and below 1"),
        (lambda: one_cycle_momentum(0, 5, high=-1), "high must be at least 0 and below 1"),
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
        (lambda: sequence(0, [warmup] * 3, [9, 5]), r"milestones must rise.*not \[9, 5\]"),
        (lambda: sequence(0, [warmup] * 2, [-5]), r"milestones must be at least 1, not \[-5\]"),
        (lambda: sequence(-0.5, [lambda t: 1.0], []), r"t must be at least 0, not -0\.5"),
        (lambda: sequence(0, [warmup] * 2, []), r"one fewer than the 2 schedules, not \[\]"),
        (lambda: sequence(0, [warmup] * 2, [0]), r"milestones must be at least 1, not \[0\]"),
    ],
)
def test_bad_argument_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
