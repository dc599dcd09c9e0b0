"""The rules against torch.optim, against a paper worked by hand, and against their promises."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stepsize import descend
from stepsize.optimizers import (
    adadelta,
    adafactor,
    adafactor_vector,
    adagrad,
    adam,
    adamax,
    adamw,
    amsgrad,
    centered_rmsprop,
    decoupled,
    momentum,
    muon,
    nadam,
    nesterov,
    radam,
    rmsprop,
    sgd,
)
from stepsize.surfaces import bowl, ravine, rosenbrock

from .twins import DTYPES, KINDS, MATRICES, SHAPES, Quadratic, gradients, ours, theirs

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
]
TWINS += [  # every rule that has no decay of its own, with the two options that all of them share
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


APART = {  # where torch departs, and which test pins it down
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
    """torch's Muon rounds to bfloat16; that departure has a test of its own."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.clone())


@pytest.mark.usefixtures("newton_schulz_in_full_precision")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: f"{name_of(twin[0])} {twin[1]}")
def test_twin_of_torch(twin, dtype, kind):
    rule, hyper, make, arguments = twin
    if apart := APART.get((rule, kind)) or APART.get((rule, kind, dtype)):
        pytest.skip(f"a test of its own: {apart}")
    shapes = {adafactor: MATRICES, muon: MATRICES, adafactor_vector: [(1,), (5,)]}
    for shape in shapes.get(rule, SHAPES):
        grads = Quadratic(shape, dtype) if kind == "quadratic" else gradients(kind, shape, dtype)
        start = np.random.default_rng(1).normal(size=shape).astype(dtype)
        torchs = theirs(make, start, grads, **arguments)
        mine = ours(rule, start, grads, **hyper)
        assert mine.dtype == dtype
        # The floor: a sum of steps passes through 0, where rounding is relative to the steps.
        tolerance = 1e-12 if dtype == np.float64 else 1e-5
        floor = tolerance * np.abs(torchs[np.isfinite(torchs)]).max()
        np.testing.assert_allclose(mine, torchs, rtol=tolerance, atol=floor)


positive = st.floats(1e-8, 1e8)
finite = st.floats(-1e6, 1e6)
unequal_zero = finite.filter(lambda g: abs(g) > 1e-6)


@given(st.lists(unequal_zero, min_size=1, max_size=20), st.sampled_from([0.5, 2.0, 1024.0]))
def test_adam_does_not_see_the_scale_of_the_loss(grads, factor):
    """With eps = 0, and exactly so for a power of two."""
    g = np.array(grads)
    one, other = (ours(adam, np.array(1.0), c * g, eps=0.0) for c in (1.0, factor))
    np.testing.assert_array_equal(one, other)


@given(unequal_zero, positive)
def test_first_step_of_adam_is_lr_against_the_sign(g, lr):
    assert adam(0.0, g, 1, lr=lr, eps=0.0).theta == pytest.approx(-lr * np.sign(g), rel=1e-12)


@given(st.lists(finite, min_size=1, max_size=20), positive)
def test_no_momentum_is_sgd(grads, lr):
    g, start = np.array(grads), np.array(1.0)
    np.testing.assert_array_equal(
        ours(momentum, start, g, lr=lr, momentum=0.0), ours(sgd, start, g, lr=lr)
    )


@pytest.mark.parametrize("rule", [sgd, momentum, adam])
@given(order=st.permutations(range(5)))
def test_coordinates_do_not_see_each_other(rule, order):
    g = gradients("random", (5,), np.float64)
    start = np.arange(5.0)
    together = ours(rule, start, g, lr=0.1)
    np.testing.assert_array_equal(together[:, order], ours(rule, start[order], g[:, order], lr=0.1))


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        (sgd, dict(lr=np.geomspace(1e-3, 1, 7))),
        (momentum, dict(lr=np.geomspace(1e-4, 1e-1, 7), momentum=np.linspace(0, 0.99, 7))),
        (adam, dict(lr=np.geomspace(1e-3, 1, 7))),
        (adam, dict(beta1=np.linspace(0, 0.99, 7), beta2=np.linspace(0.9, 0.999, 7))),
        (adam, dict(eps=np.geomspace(1e-10, 1, 7))),
    ],
)
@pytest.mark.parametrize("surface", [bowl, ravine, rosenbrock], ids=lambda s: s.name)
def test_column_of_runs_is_the_runs_one_by_one(rule, column, surface):
    """Bit for bit, in every quantity of the trace, diverging runs too."""
    start = surface.start
    together = descend(rule, surface, start, 100, **{k: v[:, None] for k, v in column.items()})
    for i in range(7):
        alone = descend(rule, surface, start, 100, **{k: v[i] for k, v in column.items()})
        for name, values in vars(alone).items():
            both = vars(together)[name]
            if both.ndim > values.ndim:
                both = both[:, i].reshape(values.shape)
            np.testing.assert_array_equal(both, values, err_msg=f"{name} of run {i}")


def test_the_same_lines_run_on_floats_arrays_and_tensors():
    on_float = adam(1.0, 3.0, 1, lr=0.1)
    on_array = adam(np.array([1.0]), np.array([3.0]), 1, lr=0.1)
    on_tensor = adam(torch.tensor([1.0]).double(), torch.tensor([3.0]).double(), 1, lr=0.1)
    assert isinstance(on_float.theta, float)
    assert on_float.theta == on_array.theta[0] == on_tensor.theta.item()


def test_a_rule_changes_none_of_its_arguments():
    theta, grad = np.ones(3), np.full(3, 2.0)
    m, v = np.ones(3), np.ones(3)
    adam(theta, grad, 1, m, v)
    momentum(theta, grad, 1, m)
    for array, value in ((theta, 1), (grad, 2), (m, 1), (v, 1)):
        np.testing.assert_array_equal(array, value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_flows_through_and_stays_visible(bad):
    for rule in (sgd, momentum, adam):
        with np.errstate(all="ignore"):
            theta = rule(np.array([1.0, 1.0]), np.array([bad, 1.0]), 1, lr=0.1).theta
        assert not np.isfinite(theta[0])
        assert np.isfinite(theta[1])


REJECTED = [  # what torch rejects, and the words in which it is rejected here
    (sgd, "lr", -0.1, "lr must be at least 0, not -0.1"),
    (momentum, "lr", -1e-300, "lr must be at least 0"),
    (momentum, "momentum", -0.9, "momentum must be at least 0, not -0.9"),
    (adam, "lr", -1.0, "lr must be at least 0, not -1.0"),
    (adam, "eps", -1e-8, "eps must be at least 0, not -1e-08"),
    (adam, "beta1", 1.0, "beta1 must be at least 0 and below 1, not 1.0"),
    (adam, "beta1", -0.1, "beta1 must be at least 0 and below 1, not -0.1"),
    (adam, "beta2", 1.5, "beta2 must be at least 0 and below 1, not 1.5"),
    (adam, "beta2", float("nan"), "beta2 must be at least 0 and below 1, not nan"),
]


@pytest.mark.parametrize(("rule", "name", "value", "words"), REJECTED)
def test_bad_hyper_parameter_is_named(rule, name, value, words):
    for given_as in (value, np.array([[0.5], [value]])):
        with pytest.raises(ValueError, match=f"{name} must be"):
            rule(np.ones(2), np.ones(2), 1, **{name: given_as})
        with pytest.raises(ValueError, match=f"{name} must be"):
            descend(rule, bowl, [1.0, 1.0], 3, **{name: given_as})
    with pytest.raises(ValueError, match=words):
        rule(np.ones(2), np.ones(2), 1, **{name: value})


@pytest.mark.parametrize("value", ["0.1", None, [0.1]])
def test_hyper_parameter_of_another_type_is_named(value):
    with pytest.raises(TypeError, match=r"lr must be a number, at least 0, not"):
        sgd(1.0, 1.0, 1, lr=value)


def test_t_counts_from_one():
    with pytest.raises(ValueError, match="t must be at least 1, not 0"):
        adam(1.0, 1.0, 0)
