"""The rules, compared with torch.optim, with a paper worked by hand, and with their promises."""

import copy
import inspect
import math
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from stepsize import descend, optimizers
from stepsize.optimizers import (
    Step,
    adadelta,
    adafactor,
    adafactor_vector,
    adagrad,
    adam,
    adamax,
    adamw,
    ademamix,
    amsgrad,
    averaged,
    centered_rmsprop,
    clip_by_norm,
    clip_by_value,
    decoupled,
    heavy_ball,
    lion,
    momentum,
    muon,
    nadam,
    nesterov,
    prodigy,
    radam,
    rmsprop,
    schedule_free_adamw,
    schedule_free_sgd,
    sgd,
    shampoo,
    soap,
)
from stepsize.optimizers.blockwise import blockwise
from stepsize.optimizers.matrices import orthogonalize
from stepsize.surfaces import bowl, ravine, rosenbrock

from .twins import DTYPES, KINDS, MATRICES, SHAPES, Quadratic, gradients, ours, theirs, walk

torch.set_num_threads(1)
optim = torch.optim
DECOUPLED = dict(decoupled_weight_decay=True)

TWINS = [  # rule, its hyper-parameters, torch's class, its arguments; in order of difficulty
    (sgd, dict(lr=0.1), optim.SGD, dict(lr=0.1)),
    (sgd, dict(lr=0.0), optim.SGD, dict(lr=0.0)),
    (sgd, dict(lr=30.0), optim.SGD, dict(lr=30.0)),
    (momentum, dict(lr=0.1, momentum=0.9), optim.SGD, dict(lr=0.1, momentum=0.9)),
    (momentum, dict(lr=0.1, momentum=0.0), optim.SGD, dict(lr=0.1, momentum=0.0)),
    (momentum, dict(lr=0.01, momentum=0.999), optim.SGD, dict(lr=0.01, momentum=0.999)),
    (momentum, dict(lr=0.01, momentum=1.0), optim.SGD, dict(lr=0.01, momentum=1.0)),
    (
        momentum,
        dict(lr=0.1, momentum=0.9, dampening=0.9),
        optim.SGD,
        dict(lr=0.1, momentum=0.9, dampening=0.9),
    ),
    (
        momentum,
        dict(lr=0.1, momentum=0.5, dampening=1.0),
        optim.SGD,
        dict(lr=0.1, momentum=0.5, dampening=1.0),
    ),
    (nesterov, dict(lr=0.1), optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
    (
        nesterov,
        dict(lr=0.01, momentum=0.99),
        optim.SGD,
        dict(lr=0.01, momentum=0.99, nesterov=True),
    ),
    (adagrad, dict(), optim.Adagrad, dict()),
    (adagrad, dict(lr=0.5, lr_decay=0.01), optim.Adagrad, dict(lr=0.5, lr_decay=0.01)),
    (adagrad, dict(lr=1.0, eps=0.1), optim.Adagrad, dict(lr=1.0, eps=0.1)),
    (partial(adagrad, total=0.5), dict(), optim.Adagrad, dict(initial_accumulator_value=0.5)),
    (rmsprop, dict(), optim.RMSprop, dict()),
    (rmsprop, dict(lr=0.1, alpha=0.5, eps=1e-3), optim.RMSprop, dict(lr=0.1, alpha=0.5, eps=1e-3)),
    (rmsprop, dict(alpha=0.0), optim.RMSprop, dict(alpha=0.0)),
    (rmsprop, dict(alpha=1.0, eps=1.0), optim.RMSprop, dict(alpha=1.0, eps=1.0)),
    (rmsprop, dict(momentum=0.9), optim.RMSprop, dict(momentum=0.9)),
    (centered_rmsprop, dict(), optim.RMSprop, dict(centered=True)),
    (
        centered_rmsprop,
        dict(lr=0.1, alpha=0.9, eps=1e-3),
        optim.RMSprop,
        dict(lr=0.1, alpha=0.9, eps=1e-3, centered=True),
    ),
    (centered_rmsprop, dict(momentum=0.9), optim.RMSprop, dict(momentum=0.9, centered=True)),
    (adadelta, dict(), optim.Adadelta, dict()),
    (adadelta, dict(lr=0.1, rho=0.99), optim.Adadelta, dict(lr=0.1, rho=0.99)),
    (adadelta, dict(rho=0.0, eps=1e-2), optim.Adadelta, dict(rho=0.0, eps=1e-2)),
    (adadelta, dict(rho=1.0, eps=1e-2), optim.Adadelta, dict(rho=1.0, eps=1e-2)),
    (adam, dict(), optim.Adam, dict()),
    (adam, dict(lr=0.1), optim.Adam, dict(lr=0.1)),
    (adam, dict(lr=0.1, beta1=0.5, beta2=0.9), optim.Adam, dict(lr=0.1, betas=(0.5, 0.9))),
    (adam, dict(lr=0.1, beta1=0.0, beta2=0.99), optim.Adam, dict(lr=0.1, betas=(0.0, 0.99))),
    (adam, dict(lr=0.1, eps=1e-3), optim.Adam, dict(lr=0.1, eps=1e-3)),
    (decoupled(adam), dict(weight_decay=0.1), optim.Adam, dict(weight_decay=0.1, **DECOUPLED)),
    (amsgrad, dict(), optim.Adam, dict(amsgrad=True)),
    (
        amsgrad,
        dict(lr=0.1, beta1=0.5, beta2=0.9, eps=1e-3),
        optim.Adam,
        dict(lr=0.1, betas=(0.5, 0.9), eps=1e-3, amsgrad=True),
    ),
    (
        decoupled(amsgrad),
        dict(weight_decay=0.1, lr=0.1),
        optim.AdamW,
        dict(weight_decay=0.1, lr=0.1, amsgrad=True),
    ),
    (adamw, dict(), optim.AdamW, dict()),
    (adamw, dict(lr=0.1, weight_decay=0.5), optim.AdamW, dict(lr=0.1, weight_decay=0.5)),
    (
        adamw,
        dict(beta1=0.5, beta2=0.9, eps=1e-3, weight_decay=0.0, maximize=True),
        optim.AdamW,
        dict(betas=(0.5, 0.9), eps=1e-3, weight_decay=0.0, maximize=True),
    ),
    (nadam, dict(), optim.NAdam, dict()),
    (
        nadam,
        dict(lr=0.1, beta1=0.5, beta2=0.9, eps=1e-3, momentum_decay=0.1),
        optim.NAdam,
        dict(lr=0.1, betas=(0.5, 0.9), eps=1e-3, momentum_decay=0.1),
    ),
    (nadam, dict(momentum_decay=0.0), optim.NAdam, dict(momentum_decay=0.0)),
    (decoupled(nadam), dict(weight_decay=0.1), optim.NAdam, dict(weight_decay=0.1, **DECOUPLED)),
    (radam, dict(), optim.RAdam, dict()),
    (
        radam,
        dict(lr=0.1, beta1=0.5, beta2=0.99, eps=1e-3),
        optim.RAdam,
        dict(lr=0.1, betas=(0.5, 0.99), eps=1e-3),
    ),
    (radam, dict(lr=0.1, beta2=0.6), optim.RAdam, dict(lr=0.1, betas=(0.9, 0.6))),  # rho_inf is 4
    (radam, dict(lr=0.1, beta2=0.5), optim.RAdam, dict(lr=0.1, betas=(0.9, 0.5))),  # ... is 3
    (decoupled(radam), dict(weight_decay=0.1), optim.RAdam, dict(weight_decay=0.1, **DECOUPLED)),
    (adamax, dict(), optim.Adamax, dict()),
    (
        adamax,
        dict(lr=0.1, beta1=0.5, beta2=0.9, eps=1e-3),
        optim.Adamax,
        dict(lr=0.1, betas=(0.5, 0.9), eps=1e-3),
    ),
    (adafactor_vector, dict(), optim.Adafactor, dict()),
    (
        adafactor_vector,
        dict(lr=1.0, beta2_decay=-0.5, eps2=0.1, d=2.0, weight_decay=0.1, maximize=True),
        optim.Adafactor,
        dict(lr=1.0, beta2_decay=-0.5, eps=(None, 0.1), d=2.0, weight_decay=0.1, maximize=True),
    ),
    (adafactor, dict(), optim.Adafactor, dict()),
    (
        adafactor,
        dict(lr=1.0, beta2_decay=-0.5, eps2=0.1, d=2.0, weight_decay=0.1, maximize=True),
        optim.Adafactor,
        dict(lr=1.0, beta2_decay=-0.5, eps=(None, 0.1), d=2.0, weight_decay=0.1, maximize=True),
    ),
    (muon, dict(), optim.Muon, dict()),
    (
        muon,
        dict(lr=0.1, momentum=0.5, weight_decay=0.0, ns_steps=3, eps=1e-3),
        optim.Muon,
        dict(lr=0.1, momentum=0.5, weight_decay=0.0, ns_steps=3, eps=1e-3),
    ),
    (muon, dict(rms=0.2), optim.Muon, dict(adjust_lr_fn="match_rms_adamw")),
    (
        muon,
        dict(ns_a=1.5, ns_b=-0.5, ns_c=0.0, ns_steps=9),
        optim.Muon,
        dict(ns_coefficients=(1.5, -0.5, 0.0), ns_steps=9),
    ),
]
TWINS += [  # every rule without its own decay, with the two options that all rules share
    (rule, {**hyper, **option}, make, {**arguments, **option})
    for rule, hyper, make, arguments in [
        (sgd, dict(), optim.SGD, dict()),
        (momentum, dict(), optim.SGD, dict(momentum=0.9)),
        (nesterov, dict(), optim.SGD, dict(momentum=0.9, nesterov=True)),
        (adagrad, dict(), optim.Adagrad, dict()),
        (rmsprop, dict(), optim.RMSprop, dict()),
        (centered_rmsprop, dict(), optim.RMSprop, dict(centered=True)),
        (adadelta, dict(), optim.Adadelta, dict()),
        (adam, dict(), optim.Adam, dict()),
        (amsgrad, dict(), optim.Adam, dict(amsgrad=True)),
        (nadam, dict(), optim.NAdam, dict()),
        (radam, dict(), optim.RAdam, dict()),
        (adamax, dict(), optim.Adamax, dict()),
    ]
    for option in (dict(weight_decay=0.1), dict(weight_decay=0.01, maximize=True))
]


APART = {  # where torch differs, and which test pins it down
    (centered_rmsprop, "constant"): "test_torchs_variance_falls_below_zero",
    (centered_rmsprop, "quadratic"): "test_torchs_variance_falls_below_zero",
    (adafactor, "huge", np.float32): "test_torchs_adafactor_overflows_before_ours",
    (adafactor, "tiny"): "test_torchs_adafactor_does_not_go_below_its_precision",
    (adafactor_vector, "tiny"): "test_torchs_adafactor_does_not_go_below_its_precision",
}


def name_of(rule):
    return getattr(rule, "__name__", "adagrad from a total")


@pytest.fixture
def newton_schulz_in_full_precision(monkeypatch):
    """torch's Muon rounds to bfloat16; that difference has its own test."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.clone())


def is_apart(rule, kind, dtype):
    return (rule, kind) in APART or (rule, kind, dtype) in APART


CASES = [
    pytest.param(
        *(*twin, dtype, kind),
        id=f"{name_of(twin[0])} {twin[1]}-{dtype.__name__}-{kind}",
        marks=[pytest.mark.elsewhere] if dtype == np.float32 else [],  # repeats the others
    )
    for twin in TWINS
    for dtype in DTYPES
    for kind in KINDS
    if not is_apart(twin[0], kind, dtype)
]


@pytest.mark.usefixtures("newton_schulz_in_full_precision")
@pytest.mark.parametrize(("rule", "hyper", "make", "arguments", "dtype", "kind"), CASES)
def test_twin_of_torch(rule, hyper, make, arguments, dtype, kind):
    shapes = {adafactor: MATRICES, muon: MATRICES, adafactor_vector: [(1,), (5,)]}
    for shape in shapes.get(rule, SHAPES if kind == "random" else SHAPES[::3]):
        grads = Quadratic(shape, dtype) if kind == "quadratic" else gradients(kind, shape, dtype)
        start = np.random.default_rng(1).normal(size=shape).astype(dtype)
        torchs = theirs(make, start, grads, **arguments)
        mine = ours(rule, start, grads, **hyper)
        assert mine.dtype == dtype
        # The floor: a sum of steps passes through 0, where rounding is relative to the steps.
        tolerance = 1e-12 if dtype == np.float64 else 1e-5
        floor = tolerance * np.abs(torchs[np.isfinite(torchs)]).max()
        np.testing.assert_allclose(mine, torchs, rtol=tolerance, atol=floor)


def test_what_is_apart_is_pinned_down():
    assert set(APART.values()) <= set(globals())
    assert all(any(twin[0] is rule for twin in TWINS) for rule, *_ in APART)


# Where torch differs from the textbook, or from itself: both are pinned down.


def test_torch_forgets_dampening_without_momentum():
    hyper, g = dict(lr=0.1, momentum=0.0, dampening=0.5), np.ones((3, 1))
    np.testing.assert_allclose(theirs(optim.SGD, np.ones(1), g, **hyper)[:, 0], [0.9, 0.8, 0.7])
    np.testing.assert_allclose(ours(momentum, np.ones(1), g, **hyper)[:, 0], [0.9, 0.85, 0.8])


def test_torchs_nesterov_is_that_of_1983_seen_from_ahead():
    """phi is the point of 1983, theta = phi + mu v the point ahead, with Sutskever's velocity v."""
    lr, mu, phi, v = 0.02, 0.9, np.array([4.0, 2.0]), np.zeros(2)
    trace = descend(nesterov, ravine, phi, 100, lr=lr, momentum=mu)
    for t in range(100):
        np.testing.assert_allclose(trace.theta[t], phi + mu * v, atol=1e-13)
        v = mu * v - lr * ravine.grad(phi + mu * v)
        phi = phi + v


def test_torchs_variance_falls_below_zero():
    """By rounding, for a gradient that never changes; its root is nan, and stays nan."""
    start, g = np.ones(1), np.full((1000, 1), 0.1)
    torchs = theirs(optim.RMSprop, start, g, alpha=0.9, centered=True)
    mine = ours(centered_rmsprop, start, g, alpha=0.9)
    np.testing.assert_allclose(mine[:100], torchs[:100], rtol=1e-9)
    assert np.isnan(torchs[-1])
    assert np.isfinite(mine).all()
    for g in np.linspace(0.1, 1, 50):  # for some of them, ours would fall below 0, too
        for shown in walk(centered_rmsprop, 1.0, [g] * 100, alpha=0.5):
            assert shown["variance"] >= 0
        assert shown["variance"] < 1e-15


def test_torchs_amsgrad_takes_the_maximum_before_the_correction():
    """So v_hat may fall; a maximum of the corrected v, as in other libraries, never does."""
    g = np.array([1.0, *[0.1] * 99])
    v_hats = [shown["v_hat"] for shown in walk(amsgrad, 1.0, g)]
    assert v_hats[0] == pytest.approx(1)
    assert v_hats[-1] < 0.03
    mine, torchs = ours(amsgrad, np.ones(()), g), theirs(optim.Adam, np.ones(()), g, amsgrad=True)
    np.testing.assert_allclose(mine, torchs, rtol=1e-12)


def test_torchs_nadam_multiplies_in_float32():
    """Its product of the mu has the default type; if that is float64, it equals ours."""
    start, g = np.ones(3), gradients("random", (3,), np.float64)
    mine = ours(nadam, start, g)
    with_float64 = theirs(optim.NAdam, start, g)
    with_float32 = theirs(optim.NAdam, start, g, default=np.float32)
    np.testing.assert_allclose(mine, with_float64, rtol=1e-12)
    error = np.abs(mine / with_float32 - 1).max()
    assert 1e-12 < error < 1e-7


def test_radam_calls_a_variance_tractable_above_5_as_torch_does_or_above_4_as_the_paper():
    rhos = [shown["rho"] for shown in walk(radam, 1.0, np.ones(10), beta2=0.999)]
    assert [rho > 4 for rho in rhos].index(True) == 4
    assert [rho > 5 for rho in rhos].index(True) == 5
    first_unlike_momentum = [
        [shown["r"] < 1 for shown in walk(radam, 1.0, np.ones(10), tractable=bound)].index(True)
        for bound in (4.0, 5.0)
    ]
    assert first_unlike_momentum == [4, 5]
    at_the_bound = radam(1.0, 1.0, 8, lr=0.1, tractable=rhos[7]).shown
    assert at_the_bound["r"] == 1
    assert at_the_bound["scale"] == 0.1


def test_torchs_adafactor_does_not_go_below_its_precision():
    """For tiny gradients: torch's floor under v is higher than the paper's 1e-30."""
    for rule, shape in ((adafactor, (3, 4)), (adafactor_vector, (4,))):
        g = gradients("tiny", shape, np.float64)[:1]
        mine = ours(rule, np.ones(shape), g) - 1
        torchs = theirs(optim.Adafactor, np.ones(shape), g) - 1
        np.testing.assert_allclose(mine, -0.01 * g / 1e-15, rtol=1e-6)
        np.testing.assert_allclose(torchs, -0.01 * g / 2.0**-52, rtol=1e-6)


@pytest.mark.parametrize("dtype, last_bits", [(np.float64, 1e-14), (np.float32, 1e-5)])
def test_torchs_adafactor_divides_by_no_mean_below_the_precision(dtype, last_bits):
    """Gradients that small are common in float32; then its V is too small, and u is clipped."""
    start, g = np.ones((3, 4), dtype), gradients("random", (3, 4), dtype)
    root = np.finfo(dtype).eps ** 0.5
    above, below = (
        np.abs(ours(adafactor, start, g * x) - theirs(optim.Adafactor, start, g * x)).max()
        for x in (4 * root, root / 4)
    )
    assert above < last_bits
    assert below > 1e-2
    shown = next(walk(adafactor, start, g * (root / 4)))
    mean = (g[0] * root / 4).astype(dtype) ** 2
    theirs_u = shown["update"] * (np.finfo(dtype).eps / mean.mean()) ** 0.5
    clipped = theirs_u / np.maximum(1, np.sqrt((theirs_u**2).mean()))
    torchs = theirs(optim.Adafactor, start, g[:1] * (root / 4))[0]
    np.testing.assert_allclose(torchs, start - 0.01 * clipped, rtol=last_bits)


def test_torchs_adafactor_overflows_before_ours():
    """It multiplies row by column before dividing by the mean, which overflows above 1e9."""
    start, g = np.ones((3, 4), np.float32), gradients("huge", (3, 4), np.float32)
    np.testing.assert_array_equal(theirs(optim.Adafactor, start, g)[-1], 1)
    exact = ours(adafactor, start.astype(float), g.astype(float))
    np.testing.assert_allclose(ours(adafactor, start, g), exact, rtol=1e-3, atol=1e-4)


def test_adafactors_relative_step():
    """alpha = max(eps2, RMS(theta)) min(lr, 1/sqrt(t)), in both."""
    start, g = np.full((2, 2), 3.0), np.ones((5, 2, 2))
    lengths = [shown["alpha"].item() for shown in walk(adafactor, start, g, lr=0.6)]
    theta = start
    for t, length in enumerate(lengths, start=1):
        assert length == pytest.approx(max(1e-3, np.sqrt((theta**2).mean())) * min(0.6, t**-0.5))
        theta = theirs(optim.Adafactor, start, g[:t], lr=0.6)[-1]


@pytest.mark.parametrize("shape", [(3, 4), (30, 20)])
def test_torchs_muon_computes_in_bfloat16(shape):
    start, g = np.zeros(shape), gradients("random", shape, np.float64)[:50]
    mine = np.diff(ours(muon, start, g, weight_decay=0.0), axis=0)
    torchs = np.diff(theirs(optim.Muon, start, g, weight_decay=0.0), axis=0)
    apart = np.linalg.norm(mine - torchs, axis=(1, 2)) / np.linalg.norm(mine, axis=(1, 2))
    assert 2e-3 < apart.max() < 0.1


def test_adam_in_float32_above_the_root_of_the_largest_number():
    """v_hat overflows and the step is 0; torch divides by the root of the correction instead."""
    start, g = np.ones(1, np.float32), np.full((1, 1), 4e19, np.float32)
    assert ours(adam, start, g)[-1] == 1
    assert theirs(optim.Adam, start, g)[-1] == np.float32(0.999)
    assert ours(adam, start.astype(float), g.astype(float))[-1] == pytest.approx(0.999)


positive = st.floats(1e-8, 1e8)
finite = st.floats(-1e6, 1e6)
unequal_zero = finite.filter(lambda g: abs(g) > 1e-6)


@given(st.lists(unequal_zero, min_size=1, max_size=20), st.sampled_from([0.5, 2.0, 1024.0]))
def test_adam_does_not_see_the_scale_of_the_loss(grads, factor):
    """With eps = 0; exact for powers of two."""
    g = np.array(grads)
    one, other = (ours(adam, np.array(1.0), c * g, eps=0.0) for c in (1.0, factor))
    np.testing.assert_array_equal(one, other)


@given(unequal_zero, positive)
def test_first_step_of_adam_is_lr_against_the_sign(g, lr):
    assert adam(0.0, g, 1, lr=lr, eps=0.0).theta == pytest.approx(-lr * np.sign(g), rel=1e-12)


@given(st.lists(finite, min_size=1, max_size=20), positive)
def test_no_momentum_is_sgd(grads, lr):
    g, start = np.array(grads), np.array(1.0)
    plain = ours(sgd, start, g, lr=lr)
    for rule in (momentum, heavy_ball):
        np.testing.assert_array_equal(ours(rule, start, g, lr=lr, momentum=0.0), plain)


@given(st.lists(finite, min_size=1, max_size=20), st.floats(0, 1))
def test_lr_inside_the_velocity_or_outside_is_one_path_while_lr_is_constant(grads, mu):
    g, start = np.array(grads), np.array(1.0)
    inside, outside = (ours(rule, start, g, lr=0.1, momentum=mu) for rule in (heavy_ball, momentum))
    np.testing.assert_allclose(inside, outside, rtol=1e-12, atol=1e-12 * np.abs(outside).max())


@given(st.lists(finite, min_size=1, max_size=20))
def test_adamw_without_decay_is_adam(grads):
    g, start = np.array(grads), np.array(1.0)
    without = ours(adamw, start, g, weight_decay=0.0)
    np.testing.assert_array_equal(without, ours(adam, start, g))
    with_decay = ours(adamw, start, g, weight_decay=0.3, lr=0.1)
    np.testing.assert_array_equal(
        with_decay, ours(decoupled(adam), start, g, weight_decay=0.3, lr=0.1)
    )


@given(st.lists(finite, min_size=1, max_size=20))
def test_l2_is_decoupled_decay_for_plain_sgd_and_not_for_adam(grads):
    g, start = np.array(grads), np.array(1.0)
    hyper = dict(lr=0.1, weight_decay=0.3)
    l2, decay = ours(sgd, start, g, **hyper), ours(decoupled(sgd), start, g, **hyper)
    np.testing.assert_allclose(l2, decay, rtol=1e-9, atol=1e-12 * np.abs(l2).max())
    assert adam(1.0, 0.0, 1, **hyper).theta < 0.91 < decoupled(adam)(1.0, 0.0, 1, **hyper).theta


def test_decoupled_weight_decay_says_what_it_is():
    rule = decoupled(nadam)
    assert rule.__name__ == "decoupled_nadam"
    trace = descend(rule, bowl, [4.0, 2.0], 3, lr=0.1, weight_decay=0.5)
    np.testing.assert_array_equal(trace.weight_decay, 0.5)
    with pytest.raises(ValueError, match=r"weight_decay must be at least 0, not -0\.5"):
        rule(1.0, 1.0, 1, weight_decay=-0.5)
    with pytest.raises(ValueError, match="lr must be at least 0, not -1"):
        rule(1.0, 1.0, 1, lr=-1.0, weight_decay=0.5)


@given(st.lists(finite, min_size=1, max_size=20))
def test_to_maximize_is_to_minimize_the_opposite(grads):
    g, start = np.array(grads), np.array(1.0)
    for rule in ELEMENTWISE:
        up, down = ours(rule, start, g, maximize=True), ours(rule, start, -g)
        np.testing.assert_array_equal(up, down)


# Every rule, with a setting in which every part of it matters.
RULES = {
    sgd: dict(lr=0.1),
    momentum: dict(lr=0.1, dampening=0.1),
    heavy_ball: dict(lr=0.1),
    nesterov: dict(lr=0.1),
    adagrad: dict(lr=0.1, lr_decay=0.1),
    rmsprop: dict(lr=0.1, momentum=0.5),
    centered_rmsprop: dict(lr=0.1, momentum=0.5),
    adadelta: dict(),
    adam: dict(lr=0.1),
    amsgrad: dict(lr=0.1),
    adamw: dict(lr=0.1, weight_decay=0.1),
    nadam: dict(lr=0.1),
    radam: dict(lr=0.1, beta2=0.9),
    adamax: dict(lr=0.1),
    lion: dict(lr=0.1, weight_decay=0.1),
    ademamix: dict(lr=0.1, beta3=0.99, weight_decay=0.1),
    prodigy: dict(weight_decay=0.1, d0=1e-3),
    adafactor_vector: dict(lr=0.1, weight_decay=0.1),
    adafactor: dict(lr=0.1, weight_decay=0.1),
    muon: dict(lr=0.1, weight_decay=0.1),
    shampoo: dict(lr=0.1),
    soap: dict(lr=0.1, weight_decay=0.1, frequency=3),
    schedule_free_sgd: dict(lr=0.1),
    schedule_free_adamw: dict(lr=0.1, weight_decay=0.1),
}
OF_A_MATRIX = [adafactor, muon, shampoo, soap]
OF_A_VECTOR = [adafactor_vector, prodigy]
OF_ALL_COORDINATES = [*OF_A_MATRIX, *OF_A_VECTOR]
ELEMENTWISE = [rule for rule in RULES if rule not in OF_ALL_COORDINATES]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
every_elementwise_rule = pytest.mark.parametrize(
    "rule", ELEMENTWISE, ids=lambda rule: rule.__name__
)


def shape_for(rule):
    return (3, 4) if rule in OF_A_MATRIX else (5,)


def test_every_rule_that_there_is():
    others = {"Rule", "Step", "decoupled", "averaged", "clip_by_norm", "clip_by_value"}
    assert {rule.__name__ for rule in RULES} == set(optimizers.__all__) - others


@every_elementwise_rule
@given(order=st.permutations(range(5)))
def test_coordinates_do_not_see_each_other(rule, order):
    g = gradients("random", (5,), np.float64)[:20]
    start = np.arange(5.0)
    together = ours(rule, start, g, **RULES[rule])
    alone = ours(rule, start[order], g[:, order], **RULES[rule])
    np.testing.assert_array_equal(together[:, order], alone)


@pytest.mark.parametrize("rule", OF_ALL_COORDINATES, ids=lambda rule: rule.__name__)
@given(order=st.permutations(range(3)))
def test_the_order_of_the_rows_does_not_matter(rule, order):
    shape = shape_for(rule)[:1] if rule in OF_A_VECTOR else (3, 4)
    g = gradients("random", (3, *shape[1:]), np.float64)[:20]
    start = np.ones((3, *shape[1:]))
    together = ours(rule, start, g, **RULES[rule])
    alone = ours(rule, start, g[:, order], **RULES[rule])
    np.testing.assert_allclose(together[:, order], alone, rtol=1e-9, atol=1e-12)


COLUMNS = [
    (sgd, dict(lr=np.geomspace(1e-3, 1, 7))),
    (sgd, dict(lr=np.full(7, 0.01), weight_decay=np.linspace(0, 1, 7))),
    (momentum, dict(lr=np.geomspace(1e-4, 1e-1, 7), momentum=np.linspace(0, 0.99, 7))),
    (momentum, dict(lr=np.full(7, 0.01), dampening=np.linspace(0, 1, 7))),
    (heavy_ball, dict(lr=np.geomspace(1e-4, 1e-1, 7), momentum=np.linspace(0, 0.99, 7))),
    (nesterov, dict(lr=np.geomspace(1e-4, 1e-1, 7), momentum=np.linspace(0.1, 0.99, 7))),
    (adagrad, dict(lr=np.geomspace(1e-3, 1, 7), lr_decay=np.linspace(0, 1, 7))),
    (rmsprop, dict(alpha=np.linspace(0, 1, 7), momentum=np.linspace(0, 0.9, 7))),
    (centered_rmsprop, dict(alpha=np.linspace(0, 0.99, 7), eps=np.geomspace(1e-8, 1, 7))),
    (adadelta, dict(rho=np.linspace(0, 1, 7), eps=np.geomspace(1e-8, 1, 7))),
    (adam, dict(lr=np.geomspace(1e-3, 1, 7))),
    (adam, dict(beta1=np.linspace(0, 0.99, 7), beta2=np.linspace(0.9, 0.999, 7))),
    (adam, dict(eps=np.geomspace(1e-10, 1, 7))),
    (amsgrad, dict(beta1=np.linspace(0, 0.99, 7), beta2=np.linspace(0.9, 0.999, 7))),
    (adamw, dict(weight_decay=np.linspace(0, 1, 7), beta2=np.linspace(0.9, 0.999, 7))),
    (decoupled(adam), dict(weight_decay=np.linspace(0, 1, 7), lr=np.geomspace(1e-3, 1, 7))),
    (nadam, dict(lr=np.geomspace(1e-3, 1, 7), beta1=np.linspace(0, 0.99, 7))),
    (radam, dict(beta2=np.linspace(0.3, 0.999, 7), tractable=np.linspace(4, 10, 7))),
    (adamax, dict(beta1=np.linspace(0, 0.99, 7), beta2=np.linspace(0.9, 0.999, 7))),
    (lion, dict(beta1=np.linspace(0, 0.99, 7), weight_decay=np.linspace(0, 1, 7))),
    (ademamix, dict(beta3=np.linspace(0, 0.9999, 7), alpha=np.linspace(0, 9, 7))),
    (ademamix, dict(lr=np.geomspace(1e-3, 1, 7), weight_decay=np.linspace(0, 1, 7))),
    (prodigy, dict(lr=np.linspace(0, 2, 7), beta2=np.linspace(0.9, 0.999, 7))),
    (prodigy, dict(d0=np.geomspace(1e-6, 1, 7), weight_decay=np.linspace(0, 1, 7))),
    (averaged(adam, 0.9), dict(lr=np.geomspace(1e-3, 1, 7))),
    (adafactor_vector, dict(lr=np.geomspace(1e-3, 1, 7), d=np.linspace(1, 2, 7))),
    (schedule_free_sgd, dict(lr=np.geomspace(1e-4, 1e-1, 7), beta=np.linspace(0, 0.9, 7))),
    (schedule_free_adamw, dict(lr=np.linspace(0, 1, 7), beta1=np.linspace(0, 0.9, 7))),
]


@pytest.mark.parametrize(
    ("rule", "column"), COLUMNS, ids=lambda x: getattr(x, "__name__", "") or " ".join(x)
)
def test_column_of_runs_is_the_runs_one_by_one(rule, column):
    """Bit for bit, in every quantity of the trace, even for diverging runs."""
    for surface, steps in ((ravine, 20), (rosenbrock, 60)):
        start = surface.start
        columns = {name: values[:, None] for name, values in column.items()}
        together = descend(rule, surface, start, steps, **columns)
        for i in range(7):
            alone = descend(rule, surface, start, steps, **{k: v[i] for k, v in column.items()})
            for name, values in vars(alone).items():
                both = vars(together)[name]
                if both.ndim > values.ndim:
                    both = both[:, i].reshape(values.shape)
                np.testing.assert_array_equal(both, values, err_msg=f"{name} of run {i}")


def test_column_of_momentum_decays_is_the_runs_but_for_the_last_bits():
    """NumPy has separate routines for powers with an array and with a single float64."""
    column = np.linspace(0, 1, 7)
    together = descend(nadam, ravine, [1.0, 1.0], 60, lr=0.1, momentum_decay=column[:, None])
    for i in range(7):
        alone = descend(nadam, ravine, [1.0, 1.0], 60, lr=0.1, momentum_decay=column[i])
        np.testing.assert_allclose(together.theta[:, i], alone.theta, rtol=1e-10, atol=1e-12)


COLUMNS_OF_MATRICES = [
    *((rule, dict(lr=np.geomspace(1e-3, 1, 7))) for rule in OF_A_MATRIX),
    (muon, dict(rms=np.linspace(0, 1, 7), ns_a=np.linspace(1.5, 3.5, 7))),
    (muon, dict(ns_b=np.linspace(-4, 0, 7), ns_c=np.linspace(0, 2, 7))),
    (shampoo, dict(eps=np.geomspace(1e-6, 1, 7))),
    (soap, dict(beta1=np.linspace(0, 0.9, 7), beta2=np.linspace(0.5, 0.95, 7))),
    (soap, dict(eps=np.geomspace(1e-8, 1, 7), weight_decay=np.linspace(0, 1, 7))),
]


@pytest.mark.parametrize(
    ("rule", "column"),
    COLUMNS_OF_MATRICES,
    ids=lambda x: getattr(x, "__name__", "") or " ".join(x),
)
def test_column_of_matrices_is_the_matrices_one_by_one(rule, column):
    """Up to the last bits, because a matrix product is added up in a different order."""
    g, ones = gradients("random", (3, 4), np.float64)[:20], np.ones((3, 4))
    columns = {name: values[:, None, None] for name, values in column.items()}
    together = ours(rule, np.ones((7, 3, 4)), g[:, None].repeat(7, 1), **columns)
    for i in range(7):
        alone = ours(rule, ones, g, **{name: values[i] for name, values in column.items()})
        np.testing.assert_allclose(together[:, i], alone, rtol=1e-12, atol=1e-13)


@every_rule
@pytest.mark.parametrize("dtype", DTYPES)
def test_stop_and_go_on_is_never_to_have_stopped(rule, dtype):
    """Bit for bit, from a stored memory."""
    g = gradients("random", shape_for(rule), dtype)[:30]
    theta = start = np.ones(shape_for(rule), dtype)
    whole, memory = ours(rule, start, g, **RULES[rule]), {}
    for t, grad in enumerate(g, start=1):
        theta, memory, _ = rule(theta, grad, t, **memory, **RULES[rule])
        theta, memory = pickle.loads(pickle.dumps((theta, memory)))
        np.testing.assert_array_equal(theta, whole[t - 1])
    assert theta.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", [*ELEMENTWISE, *OF_A_VECTOR], ids=lambda rule: rule.__name__)
def test_a_trace_goes_on_from_its_end(rule, dtype):
    """The whole trace, in every quantity, bit for bit; the schedule continues, too."""
    hyper = {**RULES[rule], "lr": lambda t: 1e-3 / (1 + t)}
    start = np.array(rosenbrock.start, dtype)
    whole = descend(rule, rosenbrock, start, 30, **hyper)
    parts = start
    for steps in (10, 0, 1, 19):
        parts = descend(rule, rosenbrock, parts, steps, **hyper)
    assert vars(parts).keys() == vars(whole).keys()
    for name, values in vars(whole).items():
        assert vars(parts)[name].dtype == values.dtype, name
        np.testing.assert_array_equal(vars(parts)[name], values, err_msg=name)


def test_another_rule_may_go_on_from_a_trace():
    """It takes over the memories whose names it knows; the others are nan."""
    first = descend(adam, bowl, [4.0, 2.0], 5, lr=0.1)
    then = descend(adamw, bowl, first, 5, lr=0.1, weight_decay=0.0)
    np.testing.assert_array_equal(then.theta, descend(adam, bowl, [4.0, 2.0], 10, lr=0.1).theta)
    assert np.isnan(then.weight_decay[:5]).all()
    last = descend(adam, bowl, descend(sgd, bowl, first, 5, lr=0.1), 5, lr=0.1)
    assert np.isnan(last.m[5:10]).all()
    assert np.isfinite(last.m[10:]).all()
    assert np.isfinite(last.theta).all()


def test_a_memory_may_be_given_its_first_value():
    trace = descend(adagrad, bowl, [4.0, 2.0], 5, lr=0.1, total=0.5)
    np.testing.assert_array_equal(trace.total[0], 0.5 + trace.grad[0] ** 2)
    np.testing.assert_array_equal(trace.total[1], trace.total[0] + trace.grad[1] ** 2)


STEPS_TAKEN = {  # settings in which the step is the shown scale times this, and nothing else
    adagrad: (dict(lr_decay=0.1), lambda grad, row: grad),
    rmsprop: (dict(), lambda grad, row: grad),
    centered_rmsprop: (dict(), lambda grad, row: grad),
    adam: (dict(), lambda grad, row: row["m_hat"]),
    amsgrad: (dict(), lambda grad, row: row["m_hat"]),
    adamw: (dict(weight_decay=0.0), lambda grad, row: row["m_hat"]),
    nadam: (dict(), lambda grad, row: row["m_hat"]),
    radam: (dict(beta2=0.9), lambda grad, row: row["m_hat"]),
    adamax: (dict(), lambda grad, row: row["m"]),
    ademamix: (dict(), lambda grad, row: row["mix"]),
    prodigy: (dict(d0=1e-3), lambda grad, row: row["m"]),
}


@pytest.mark.parametrize("rule", STEPS_TAKEN, ids=lambda rule: rule.__name__)
def test_the_scale_that_is_shown_is_that_of_the_step_taken(rule):
    hyper, direction = STEPS_TAKEN[rule]
    theta, memory = np.ones(5), {}
    for t, grad in enumerate(gradients("random", (5,), np.float64)[:20], start=1):
        step = rule(theta, grad, t, **memory, lr=0.1, **hyper)
        taken = step.shown["scale"] * direction(grad, step.memory | step.shown)
        np.testing.assert_allclose(theta - step.theta, taken, rtol=1e-9, atol=1e-14)
        theta, memory = step.theta, step.memory


def test_lion_shows_what_it_takes_the_sign_of():
    trace = descend(lion, rosenbrock, rosenbrock.start, 20, lr=0.1)
    before = np.concatenate([np.zeros((1, 2)), trace.m[:-1]])
    np.testing.assert_allclose(trace.c, 0.9 * before + 0.1 * trace.grad)
    np.testing.assert_allclose(trace.m, 0.99 * before + 0.01 * trace.grad)


def test_adadelta_shows_its_step():
    trace = descend(adadelta, rosenbrock, rosenbrock.start, 20, lr=0.5)
    np.testing.assert_allclose(trace.theta[:-1] - trace.theta[1:], 0.5 * trace.delta, rtol=1e-6)


def test_centered_rmsprop_shows_the_variance():
    trace = descend(centered_rmsprop, rosenbrock, rosenbrock.start, 20)
    np.testing.assert_allclose(trace.variance, trace.v - trace.m**2)
    np.testing.assert_allclose(trace.m[0], 0.01 * trace.grad[0])


def test_nadam_shows_its_schedule_of_momentum():
    trace = descend(nadam, rosenbrock, rosenbrock.start, 20)
    np.testing.assert_allclose(trace.mu_product, np.cumprod(trace.mu))


@pytest.mark.parametrize(
    ("rule", "v"),
    [
        (adam, "v"),
        (amsgrad, "v_max"),
        (nadam, "v"),
        (ademamix, "v"),
        (schedule_free_adamw, "v"),
    ],
    ids=lambda x: name_of(x) if callable(x) else x,
)
def test_the_corrected_second_moment_is_shown(rule, v):
    trace = vars(descend(rule, rosenbrock, rosenbrock.start, 20))
    corrected = trace[v] / (1 - 0.999 ** np.arange(1, 21))[:, None]
    np.testing.assert_allclose(trace["v_hat"], corrected)


def test_schedule_free_adamw_shows_the_scale_of_its_walk():
    averaged = descend(schedule_free_adamw, rosenbrock, rosenbrock.start, 20, lr=0.1)
    walked = np.concatenate([averaged.theta[:1], averaged.z])
    np.testing.assert_allclose(
        walked[:-1] - walked[1:], averaged.scale * averaged.grad, rtol=1e-6, atol=1e-12
    )


def test_schedule_free_sgd_shows_the_weight_of_its_mean():
    g = gradients("random", (5,), np.float64)[:20]
    weights = [shown["c"] for shown in walk(schedule_free_sgd, np.ones(5), g)]
    np.testing.assert_allclose(weights, 1 / np.arange(2, 22))


def test_muon_shows_an_update_of_length_one():
    g = gradients("random", (5, 1), np.float64)[:20]
    lengths = [np.linalg.norm(shown["update"]) for shown in walk(muon, np.ones((5, 1)), g)]
    assert len(lengths) == 20
    np.testing.assert_allclose(lengths, 1, atol=0.35)


@pytest.mark.parametrize(
    ("rule", "shape"), [(adafactor, (5, 1)), (adafactor_vector, (5,))], ids=["matrix", "vector"]
)
def test_adafactor_shows_its_step_in_two_factors(rule, shape):
    start = np.ones(shape)
    step = rule(start, gradients("random", shape, np.float64)[0], 1, lr=0.1)
    taken = step.shown["alpha"] * step.shown["update"]
    np.testing.assert_allclose(start - step.theta, taken, rtol=1e-12)


def test_adafactor_remembers_the_means_of_rows_and_columns():
    squares = gradients("random", (3, 4), np.float64)[0] ** 2
    memory = adafactor(np.ones((3, 4)), squares**0.5, 1).memory
    np.testing.assert_allclose(memory["row"], squares.mean(axis=1, keepdims=True))
    np.testing.assert_allclose(memory["col"], squares.mean(axis=0, keepdims=True))


@every_rule
def test_the_same_lines_run_on_arrays_and_tensors(rule):
    """Up to the last bits, because torch's root isn't rounded correctly."""
    g = gradients("random", shape_for(rule), np.float64)[:30]
    start = np.ones(shape_for(rule))
    theta, memory = torch.tensor(start), {}
    for t, grad in enumerate(g, start=1):
        theta, memory, shown = rule(theta, torch.tensor(grad), t, **memory, **RULES[rule])
        assert all(
            isinstance(x, (torch.Tensor, float)) for x in [*memory.values(), *shown.values()]
        )
    np.testing.assert_allclose(theta.numpy(), ours(rule, start, g, **RULES[rule])[-1], rtol=1e-11)


@every_elementwise_rule
def test_the_same_lines_run_on_floats_and_arrays(rule):
    """Up to the last bits: Python's power is the C library's, NumPy's not always."""
    g = gradients("random", (1,), np.float64)[:50]
    on_floats = ours(rule, 1.0, [x.item() for x in g], **RULES[rule])
    on_arrays = ours(rule, np.array([1.0]), g, **RULES[rule])[:, 0]
    assert type(rule(1.0, 2.0, 1).theta) is float
    np.testing.assert_allclose(on_floats, on_arrays, rtol=1e-13)


@every_rule
def test_a_rule_changes_none_of_its_arguments(rule):
    shape = shape_for(rule)
    theta, grad = np.ones(shape), np.full(shape, 2.0)
    first = rule(theta, grad, 1, **RULES[rule])
    kept = copy.deepcopy(first)
    rule(first.theta, grad, 2, **first.memory, **RULES[rule])
    np.testing.assert_array_equal(theta, 1)
    np.testing.assert_array_equal(grad, 2)
    np.testing.assert_array_equal(first.theta, kept.theta)
    for name, value in kept.memory.items():
        np.testing.assert_array_equal(first.memory[name], value)


@every_rule
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_flows_through_and_stays_visible(rule, bad):
    """Silently: a warning would fail this test."""
    shape = shape_for(rule)
    grad = np.ones(shape)
    grad.flat[0] = bad
    step = rule(np.ones(shape), grad, 1, **RULES[rule])
    if rule is soap or (rule is lion and not np.isnan(bad)):
        # SOAP makes no first step, and Lion's is lr whatever the gradient; but m remembers it.
        assert not np.isfinite(step.memory["m"].flat[0])
    else:
        assert not np.isfinite(step.theta.flat[0])
    if rule not in OF_ALL_COORDINATES:
        assert np.isfinite(step.theta.flat[1:]).all()
        on_float = rule(1.0, float(bad), 1, **RULES[rule]).theta
        np.testing.assert_array_equal(on_float, step.theta.flat[0])


@every_rule
def test_what_is_not_a_number_is_there_for_good(rule):
    shape = shape_for(rule)
    g = gradients("random", shape, np.float64)[:30]
    g[5] = np.nan
    assert np.isnan(ours(rule, np.ones(shape), g, **RULES[rule])[5:]).all()


@every_elementwise_rule
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8),
    st.floats(-1e300, 1e300),
)
def test_never_raises_and_never_warns(rule, grads, theta):
    """Gradients of any size, on arrays and on floats, for which plain Python would raise."""
    for hyper in (RULES[rule], dict(lr=1e300)):
        for start, g in ((theta, grads), (np.array([theta]), np.array(grads)[:, None])):
            ours(rule, start, g, **hyper)


NO_EPS = [adagrad, rmsprop, centered_rmsprop, adam, amsgrad, adamw, nadam, radam, adamax]


@pytest.mark.parametrize("rule", NO_EPS, ids=lambda rule: rule.__name__)
def test_nothing_over_nothing_is_nan_and_no_error(rule):
    on_float = rule(1.0, 0.0, 7, eps=0.0)
    on_array = rule(np.ones(1), np.zeros(1), 7, eps=0.0)
    np.testing.assert_array_equal(on_float.theta, on_array.theta[0])
    assert np.isnan(on_float.theta)


@pytest.mark.parametrize("rule", [adam, amsgrad, adamw, nadam, adamax, rmsprop, adagrad])
@given(g=st.lists(unequal_zero, min_size=1, max_size=50))
def test_finite_where_it_must_be(rule, g):
    """And no step is much longer than lr: it is a mean of gradients over a mean of their sizes."""
    path = ours(rule, np.array(1.0), np.array(g), lr=0.1)
    assert np.isfinite(path).all()
    longest = dict(rmsprop=10.0, nadam=8.0).get(rule.__name__, 7.3)
    assert np.abs(np.diff(path, prepend=1.0)).max() <= longest * 0.1 * 1.0001


@given(st.lists(finite, min_size=1, max_size=20))
def test_a_decay_alone_shrinks_and_never_turns_round(thetas):
    theta = np.array(thetas)
    for rule in (adamw, lion, ademamix, schedule_free_adamw):
        shrunk = rule(theta, 0 * theta, 1, lr=0.1, weight_decay=0.5).theta
        np.testing.assert_allclose(shrunk, 0.95 * theta, rtol=1e-12)


@given(st.lists(finite, min_size=1, max_size=20))
def test_ademamix_without_its_slow_mean_is_adamw(grads):
    g, start, decay = np.array(grads), np.array(1.0), dict(lr=0.1, weight_decay=0.3)
    without = ours(ademamix, start, g, alpha=0.0, **decay)
    np.testing.assert_array_equal(without, ours(adamw, start, g, **decay))


@given(st.lists(finite, min_size=2, max_size=20))
def test_prodigys_rate_never_falls(grads):
    trace = [step["d"].item() for step in remembered(prodigy, np.ones(1), np.array(grads)[:, None])]
    assert (np.diff(trace) >= 0).all()


def remembered(rule, start, grads, **hyper):
    """The memory after each update."""
    theta, memory = start, {}
    for t, grad in enumerate(grads, start=1):
        theta, memory, _ = rule(theta, grad, t, **memory, **hyper)
        yield memory


@pytest.mark.parametrize("c", [0.125, 1024.0])
def test_prodigy_has_no_units_to_choose(c):
    """With the goal and the first guess c times as large, each update moves c times as far."""
    g, start = gradients("random", (5,), np.float64)[:50], np.arange(5.0)
    path, further = ours(prodigy, start, g), ours(prodigy, c * start, g, d0=c * 1e-6)
    np.testing.assert_allclose(further, c * path, rtol=1e-12)
    steeper = ours(prodigy, start, c * g, eps=0.0)
    np.testing.assert_allclose(steeper, ours(prodigy, start, g, eps=0.0), rtol=1e-12)


def test_prodigys_rate_is_of_all_tensors_together():
    """If each coordinate had its own, they would differ."""
    g, start = gradients("random", (5,), np.float64)[:50] + 1, np.zeros(5)
    together = ours(prodigy, start, g, d0=1e-3)[-1]
    alone = [ours(prodigy, start[i : i + 1], g[:, i : i + 1], d0=1e-3)[-1, 0] for i in range(5)]
    assert np.abs(together / alone - 1).max() > 0.1


@pytest.mark.parametrize("rule", [shampoo, soap])
@pytest.mark.parametrize("shape", [(4, 4), (3, 4)])
def test_to_turn_the_problem_turns_the_path(rule, shape):
    """On both sides, by any rotation. Adam's path depends on the axes.

    If the first gradient leaves two directions out, SOAP's first axes there are arbitrary.
    """
    rng = np.random.default_rng(3)
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in shape)
    g, start = gradients("random", shape, np.float64)[:40], rng.normal(size=shape)
    for one, turned in ((rule, True), (adam, False)):
        path = ours(one, start, g, lr=0.1)
        other = ours(one, left @ start @ right, left @ g @ right, lr=0.1)
        assert np.allclose(other, left @ path @ right, rtol=1e-6, atol=1e-7) == turned


def test_soap_is_adam_where_the_axes_are_those_of_the_gradients():
    """Diagonal gradients: the axes are the coordinates, and the first gradient makes no step."""
    g = np.abs(gradients("random", (3,), np.float64)[:30]) * [100, 10, 1]
    matrices = g[:, :, None] * np.eye(3)
    path = ours(soap, np.zeros((3, 3)), matrices, weight_decay=0.0)
    theirs = ours(adam, np.zeros(3), g[1:], lr=3e-3, beta1=0.95, beta2=0.95)
    np.testing.assert_array_equal(path[0], 0)
    np.testing.assert_allclose(np.diagonal(path[1:], axis1=1, axis2=2), theirs, rtol=1e-9)
    np.testing.assert_allclose(path * (1 - np.eye(3)), 0, atol=1e-12)


@pytest.mark.parametrize("frequency", [1, 3, 7])
def test_soap_changes_its_axes_every_so_many_updates(frequency):
    g = gradients("random", (3, 4), np.float64)[:22]
    seen = [m["q_left"] for m in remembered(soap, np.ones((3, 4)), g, frequency=frequency)]
    changed = [k for k in range(1, 22) if (seen[k] != seen[k - 1]).any()]
    assert changed == list(range(frequency, 22, frequency))
    for q in seen:
        np.testing.assert_allclose(q @ q.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("shape", [(30, 40), (40, 30), (50, 5)])
def test_muons_step_has_the_rms_that_is_asked_for(shape):
    g = gradients("random", shape, np.float64)[:3]
    path = ours(muon, np.zeros(shape), g, lr=1.0, rms=0.2, weight_decay=0.0)
    steps = np.diff(np.concatenate([np.zeros((1, *shape)), path]), axis=0)
    np.testing.assert_allclose((steps**2).mean((1, 2)) ** 0.5, 0.2, rtol=0.25)


def test_newton_and_schulzs_own_coefficients_converge():
    """Jordan's lift faster, and stay near 1."""
    matrix = np.random.default_rng(0).normal(size=(3, 4))
    u, _, v = np.linalg.svd(matrix, full_matrices=False)
    exact = orthogonalize(matrix, 30, 1e-7, 1.875, -1.25, 0.375)
    np.testing.assert_allclose(exact, u @ v, atol=1e-12)
    assert np.abs(orthogonalize(matrix, 30) - u @ v).max() > 0.05


@pytest.mark.parametrize("dtype", [np.float16, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("rule", [shampoo, soap])
def test_short_floats_are_taken_apart_in_long_ones(rule, dtype):
    is_torch = isinstance(dtype, torch.dtype)
    make = (lambda x: torch.tensor(x, dtype=dtype)) if is_torch else (lambda x: x.astype(dtype))
    g = gradients("random", (3, 4), np.float64)[:5]
    theta, memory = make(np.ones((3, 4))), {}
    for t, grad in enumerate(g, start=1):
        theta, memory, _ = rule(theta, make(grad), t, **memory, lr=0.1)
        assert {theta.dtype} == {value.dtype for value in memory.values()} == {make(g).dtype}
    exact = ours(rule, np.ones((3, 4)), g, lr=0.1)[-1]
    found = theta.double().numpy() if is_torch else theta
    np.testing.assert_allclose(found, exact, atol=0.05)


def own(theta, grad, t, *, lr=0.1):
    return Step(theta - lr * grad)


def pickled(rule):
    return pickle.loads(pickle.dumps(averaged(rule)))


@pytest.mark.parametrize("rule", [sgd, own])
@pytest.mark.parametrize("around", [lambda r: r, averaged, partial, blockwise, pickled])
def test_no_second_decay(rule, around):
    with pytest.raises(ValueError, match=r"^rule must have no weight_decay of its own"):
        decoupled(around(decoupled(rule)))


def test_an_average_may_decay_once():
    for rule in (decoupled(averaged(sgd)), averaged(decoupled(sgd)), decoupled(averaged(own))):
        assert rule(1.0, 0.0, 1, lr=0.1, weight_decay=1.0).theta == 0.9


@pytest.mark.parametrize("wrong", [schedule_free_sgd, schedule_free_adamw, averaged(sgd)])
def test_no_second_average(wrong):
    with pytest.raises(ValueError, match=f"rule must not keep a mean .* {wrong.__name__} does"):
        averaged(wrong)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(decay=1.1), "decay must be at least 0 and at most 1, not 1.1"),
        (dict(decay=-0.1), "decay must be at least 0 and at most 1, not -0.1"),
        (dict(after=-1), "after must be a whole number, at least 0, not -1"),
        (dict(after=2.5), "after must be a whole number, at least 0, not 2.5"),
    ],
)
def test_an_average_of_what_there_is_not(arguments, words):
    with pytest.raises(ValueError, match=words):
        averaged(sgd, **arguments)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_an_average_stays_beside_any_rule(rule):
    """On arrays and tensors; with a decay of 0 it is theta, with one of 1 the first point."""
    if "z" in inspect.signature(rule).parameters:
        return
    g = gradients("random", shape_for(rule), np.float64)[:6]
    start = np.ones(shape_for(rule))
    alone = ours(rule, start, g, **RULES[rule])
    for decay, expected in ((0.0, alone[-1]), (1.0, alone[0]), (None, alone.mean(axis=0))):
        made = pickle.loads(pickle.dumps(averaged(rule, decay)))
        assert made.__name__ == f"averaged_{rule.__name__}"
        theta, memory, tensors, theirs = start, {}, {}, torch.tensor(start)
        for t, grad in enumerate(g, start=1):
            theta, memory, _ = made(theta, grad, t, **memory, **RULES[rule])
            theirs, tensors, _ = made(theirs, torch.tensor(grad), t, **tensors, **RULES[rule])
        np.testing.assert_array_equal(theta, alone[-1])
        np.testing.assert_allclose(memory["average"], expected, rtol=1e-12)
        np.testing.assert_allclose(tensors["average"].numpy(), expected, rtol=1e-9, atol=1e-12)


def test_lion_steps_by_lr_or_not_at_all():
    path = ours(lion, np.zeros(5), gradients("random", (5,), np.float64), lr=0.25)
    assert set(np.abs(np.diff(path, axis=0)).flat) == {0.25}


def test_schedule_free_sgd_keeps_the_mean_of_its_walk():
    trace = descend(schedule_free_sgd, ravine, ravine.start, 50, lr=0.02)
    walked = np.concatenate([trace.theta[:1], trace.z])
    means = np.cumsum(walked, axis=0) / np.arange(1, 52)[:, None]
    np.testing.assert_allclose(trace.x, means[1:], rtol=1e-12)
    np.testing.assert_allclose(trace.theta[1:], 0.1 * trace.z + 0.9 * trace.x, rtol=1e-12)


def test_schedule_free_adamw_survives_a_warmup_from_zero():
    lr = 0.1 * np.minimum(np.arange(50) / 10, 1)
    trace = descend(schedule_free_adamw, bowl, [4.0, 2.0], 50, lr=lambda t: lr[t])
    np.testing.assert_array_equal(trace.theta[1], [4, 2])
    assert trace.c[0] == 0
    np.testing.assert_allclose(trace.c[1:], lr[1:] ** 2 / np.cumsum(lr[1:] ** 2), rtol=1e-12)


@pytest.mark.parametrize(
    "matrix", [1.0, np.ones(3), torch.ones(3)], ids=["number", "array", "tensor"]
)
def test_orthogonalize_wants_a_matrix(matrix):
    with pytest.raises(ValueError, match=r"matrix must have the shape \(..., n, m\), not \("):
        orthogonalize(matrix)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 5, 5), (9, 4, 3), (2, 3, 4)])
def test_orthogonalize_brings_singular_values_near_one(shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    u, _, v = np.linalg.svd(matrix, full_matrices=False)
    got = orthogonalize(matrix)
    values = np.linalg.svd(got, compute_uv=False)
    assert ((values > 0.6) & (values < 1.25)).all()
    inner = np.swapaxes(u, -1, -2) @ got @ np.swapaxes(v, -1, -2)
    off = inner * (1 - np.eye(inner.shape[-1]))
    np.testing.assert_allclose(off, 0, atol=1e-12)
    np.testing.assert_array_equal(orthogonalize(np.zeros((2, 3))), 0)
    np.testing.assert_allclose(orthogonalize(1e-4 * matrix), got, rtol=1e-9, atol=1e-12)
    assert np.abs(orthogonalize(1e-12 * matrix)).max() < 0.1  # too small to be told from 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5,), (3, 4)])
def test_clipping_is_torchs(shape, dtype):
    for kind in ("random", "tiny", "sparse in time"):
        for grad in gradients(kind, shape, dtype)[:20]:
            for bound in (0.0, 0.5, 2.0, 1e30):
                for mine, torchs in (
                    (clip_by_norm, torch.nn.utils.clip_grad_norm_),
                    (clip_by_value, torch.nn.utils.clip_grad_value_),
                ):
                    flat = grad.reshape(-1)
                    parameter = torch.nn.Parameter(torch.tensor(flat))
                    parameter.grad = torch.tensor(flat)
                    torchs([parameter], bound)
                    clipped = mine(flat, bound)
                    assert clipped.dtype == dtype
                    rtol = 1e-14 if dtype == np.float64 else 1e-6
                    np.testing.assert_allclose(clipped, parameter.grad.numpy(), rtol=rtol)


@given(st.lists(finite, min_size=1, max_size=9), st.floats(0, 100))
@example(grads=[1.0, 27.0], bound=1.3e-159)
@example(grads=[1e6], bound=2.2e-309)
def test_clipped_is_no_longer_than_allowed_and_points_the_same_way(grads, bound):
    g = np.array(grads)
    clipped = clip_by_norm(g, bound)
    # By hypot, which doesn't square: below 1e-308, a number, a square or a factor has lost digits.
    lost = math.ulp(0.0) * (math.hypot(*g) + len(g))
    assert math.hypot(*clipped) <= bound * (1 + 1e-12) + lost
    assert (clipped * g >= 0).all()
    assert (np.abs(clip_by_value(g, bound)) <= bound).all()


def test_clipping_a_column_of_runs_and_a_number():
    grads, bounds = np.array([[30.0, 40.0], [0.3, 0.4]]), np.array([[5.0], [0.1]])
    np.testing.assert_allclose(clip_by_norm(grads, bounds), [[3, 4], [0.06, 0.08]], rtol=1e-4)
    assert clip_by_norm(-40.0, 5.0) == pytest.approx(-5)
    assert clip_by_value(-40.0, 5.0) == -5
    tensor = torch.tensor([30.0, 40.0])
    torch.testing.assert_close(clip_by_norm(tensor, 5.0), torch.tensor([3.0, 4.0]))
    torch.testing.assert_close(clip_by_value(tensor, 35.0), torch.tensor([30.0, 35.0]))
    for clip in (clip_by_norm, clip_by_value):
        assert np.isnan(clip(np.array([np.nan, 1.0]), 1.0)[0])
        with pytest.raises(ValueError, match="must be at least 0, not -1"):
            clip(np.ones(2), -1.0)


NOT_NEGATIVE = ["lr", "weight_decay", "eps", "lr_decay", "momentum_decay", "eps1", "eps2", "total"]
NOT_NEGATIVE += ["rms"]
NOT_ZERO = ("above 0", [0.0, -0.1, math.nan])
WORDS = {
    **dict.fromkeys(NOT_NEGATIVE, ("at least 0", [-0.1, -1e-300, -math.inf, math.nan])),
    "momentum": ("at least 0", [-0.9, math.nan]),
    "dampening": ("at least 0 and at most 1", [-0.1, 1.1, math.nan]),
    **dict.fromkeys(
        ["beta1", "beta2", "beta3", "beta"], ("at least 0 and below 1", [1.0, -0.1, 1.5, math.nan])
    ),
    **dict.fromkeys(["alpha", "rho"], ("at least 0 and at most 1", [-0.1, 1.1, math.nan])),
    "beta2_decay": ("at most 0", [0.8, math.nan]),
    "d": ("at least 1", [0.99, -1.0, math.nan]),
    "tractable": ("at least 4", [3.9, math.nan]),
    "ns_steps": ("a whole number, at least 0 and below 100", [-1, 2.5, math.nan]),
    **dict.fromkeys(["ns_a", "ns_b", "ns_c"], ("any of them but nan", [math.nan])),
    "frequency": ("a whole number, at least 1", [0, -1, 2.5, math.nan]),
    "d0": NOT_ZERO,
    (nesterov, "momentum"): NOT_ZERO,
    (ademamix, "alpha"): ("at least 0", [-0.1, math.nan]),
}
REJECTED = [  # every hyper-parameter of every rule: what torch calls "Invalid ..."
    (rule, name, value, words)
    for rule in RULES
    for name, parameter in inspect.signature(rule).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY or name == "total"
    if name != "maximize"
    for words, values in [WORDS.get((rule, name)) or WORDS[name]]
    for value in values
]


@pytest.mark.parametrize(
    ("rule", "name", "value", "words"), REJECTED, ids=lambda x: getattr(x, "__name__", None)
)
def test_bad_hyper_parameter_is_named(rule, name, value, words):
    ones = np.ones(shape_for(rule))
    with pytest.raises(ValueError, match=rf"^{name} must be {words}, not {value}$"):
        rule(ones, ones, 1, **{name: value})
    whole = ("tractable", "d", "ns_steps", "frequency")
    good = 5 if name in whole else -0.8 if name == "beta2_decay" else 0.5
    column = np.array([[good], [value]])[:, None] if rule in OF_A_MATRIX else [[good], [value]]
    error = TypeError if name in ("ns_steps", "frequency") else ValueError  # no array is a count
    with pytest.raises(error, match=f"^{name} must be {words}"):
        rule(ones, ones, 1, **{name: np.array(column)})
    if rule not in OF_ALL_COORDINATES:
        with pytest.raises(ValueError, match=f"^{name} must be {words}"):
            rule(1.0, 1.0, 1, **{name: value})
        with pytest.raises(ValueError, match=f"^{name} must be {words}"):
            descend(rule, bowl, [1.0, 1.0], 3, **{name: value})


GOOD = {  # the bounds themselves, or values just inside if the bounds are excluded
    **{key: [0.0, math.inf] for key in [*NOT_NEGATIVE, "momentum"]},
    **{key: [0.0, math.nextafter(1, 0)] for key in ["beta1", "beta2", "beta3", "beta"]},
    **{key: [0.0, 1.0] for key in ["alpha", "rho", "dampening"]},
    "beta2_decay": [0.0, -math.inf],
    "d": [1.0, math.inf],
    "tractable": [4.0, math.inf],
    "ns_steps": [0, 1],
    **{key: [-math.inf, math.inf] for key in ["ns_a", "ns_b", "ns_c"]},
    "frequency": [1],
    "d0": [1e-300],
    (nesterov, "momentum"): [1e-300],
    (ademamix, "alpha"): [0.0, math.inf],
}


@every_rule
def test_bounds_are_good(rule):
    ones = np.ones(shape_for(rule))
    for name, parameter in inspect.signature(rule).parameters.items():
        if (parameter.kind is parameter.KEYWORD_ONLY or name == "total") and name != "maximize":
            for value in GOOD.get((rule, name)) or GOOD[name]:
                assert rule(ones, ones, 1, **{name: value}).theta.shape == ones.shape


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        (sgd, optim.SGD),
        (adagrad, optim.Adagrad),
        (rmsprop, optim.RMSprop),
        (centered_rmsprop, optim.RMSprop),
        (adadelta, optim.Adadelta),
        (adam, optim.Adam),
        (amsgrad, optim.Adam),
        (adamw, optim.AdamW),
        (nadam, optim.NAdam),
        (radam, optim.RAdam),
        (adamax, optim.Adamax),
        (adafactor_vector, optim.Adafactor),
        (adafactor, optim.Adafactor),
        (muon, optim.Muon),
    ],
)
def test_defaults_are_torchs(rule, make):
    torchs = make([torch.nn.Parameter(torch.ones(2, 2))]).defaults
    if "betas" in torchs:
        torchs["beta1"], torchs["beta2"] = torchs["betas"]
    if make is optim.Adafactor:
        torchs["eps1"], torchs["eps2"] = 1e-30, torchs["eps"][1]
    if make is optim.Muon:
        torchs["ns_a"], torchs["ns_b"], torchs["ns_c"] = torchs["ns_coefficients"]
        torchs["rms"] = torchs["adjust_lr_fn"]
    for name, parameter in inspect.signature(rule).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and name != "tractable":
            assert parameter.default == torchs.get(name, False), name


def test_defaults_of_what_torch_lacks_are_the_papers():
    defaults = {
        rule: {n: p.default for n, p in inspect.signature(rule).parameters.items()}
        for rule in (momentum, heavy_ball, nesterov, radam, lion, schedule_free_sgd, prodigy, soap)
    }
    for rule in (momentum, heavy_ball, nesterov):
        assert defaults[rule]["lr"] == 1e-3
        assert defaults[rule]["momentum"] == 0.9
    assert defaults[momentum]["dampening"] == 0
    assert defaults[radam]["tractable"] == 5
    chosen = [defaults[lion][name] for name in ("lr", "beta1", "beta2", "weight_decay")]
    assert chosen == [1e-4, 0.9, 0.99, 0]
    assert [defaults[schedule_free_sgd][name] for name in ("lr", "beta")] == [1e-2, 0.9]
    free = inspect.signature(schedule_free_adamw).parameters
    chosen = [free[n].default for n in ("lr", "beta1", "beta2", "eps", "weight_decay")]
    assert chosen == [2.5e-3, 0.9, 0.999, 1e-8, 0]
    names = ("lr", "beta1", "beta2", "eps", "weight_decay")
    assert [defaults[prodigy][n] for n in (*names, "d0")] == [1, 0.9, 0.999, 1e-8, 0, 1e-6]
    assert [defaults[soap][n] for n in (*names, "frequency")] == [3e-3, 0.95, 0.95, 1e-8, 0.01, 10]


@every_rule
@pytest.mark.parametrize("value", ["0.1", None, [0.1]])
def test_hyper_parameter_of_another_type_is_named(rule, value):
    name = "rho" if rule is adadelta else "lr"
    ones = np.ones(shape_for(rule))
    with pytest.raises(TypeError, match=f"^{name} must be a number, at least 0.*, not"):
        rule(ones, ones, 1, **{name: value})


@every_rule
def test_whole_numbers_are_good_hyper_parameters(rule):
    ones = np.ones(shape_for(rule))
    one = rule(ones, ones, 1, lr=1).theta
    np.testing.assert_array_equal(one, rule(ones, ones, 1, lr=1.0).theta)
    assert rule(ones, ones, np.int64(1)).theta.dtype == np.float64


@every_rule
def test_t_counts_from_one(rule):
    ones = np.ones(shape_for(rule))
    for t in (0, -1, 1.0, 1.5, math.nan, math.inf, True):
        with pytest.raises(ValueError, match=f"^t must be a whole number, at least 1, not {t}$"):
            rule(ones, ones, t)
    for t in ("1", [1], np.array([1, 2]), 1j):
        with pytest.raises(TypeError, match=r"^t must be a whole number, at least 1, not "):
            rule(ones, ones, t)


@every_rule
def test_parameters_that_are_not_floats(rule):
    shape = shape_for(rule)
    for dtype in (int, bool, complex):
        with pytest.raises(TypeError, match=f"theta must be floats, .* not {np.dtype(dtype)}"):
            rule(np.ones(shape, dtype), np.ones(shape), 1)
    with pytest.raises(TypeError, match=r"theta must be floats, .* not torch\.int64"):
        rule(torch.ones(shape, dtype=torch.int64), torch.ones(shape), 1)
    with pytest.raises(TypeError, match=r"theta must be floats, .* not list"):
        rule([1.0, 2.0], np.ones(2), 1)


@every_rule
def test_a_gradient_of_another_shape(rule):
    shape = shape_for(rule)
    for other in ((2, *shape), shape[1:], (1,) * len(shape), (7,)):
        with pytest.raises(ValueError, match="grad must have theta's shape"):
            rule(np.ones(shape), np.ones(other), 1)
    with pytest.raises(ValueError, match=r"grad must have theta's shape \(\), not \(2,\)"):
        rule(1.0, np.ones(2), 1)


@pytest.mark.parametrize("bad", [2, "yes", None, 0.5, np.array([[True], [False]])])
def test_maximize_is_yes_or_no(bad):
    with pytest.raises(ValueError, match="maximize must be False or True, not"):
        sgd(np.ones(2), np.ones(2), 1, maximize=bad)


def test_what_all_rules_accept_is_seen_and_stays_out_of_the_trace():
    for rule in RULES:
        names = inspect.signature(rule).parameters
        assert {"weight_decay", "maximize"} <= set(names)
    assert "weight_decay" not in vars(descend(adam, bowl, [4.0, 2.0], 3))
    trace = descend(adam, bowl, [4.0, 2.0], 3, weight_decay=0.1, maximize=True)
    np.testing.assert_array_equal(trace.weight_decay, 0.1)
    np.testing.assert_array_equal(trace.maximize, 1)
    with pytest.raises(TypeError, match=r"^adam has no 'beta3'"):
        adam(1.0, 1.0, 1, beta3=0.1)
