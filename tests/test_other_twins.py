"""Twins of rules and averages that torch.optim lacks: in Optax, Keras and torch's swa_utils.

If Keras or Optax is missing (`run.py test` installs them), its tests are skipped.
"""

import numpy as np
import pytest
import torch

from stepsize.frameworks.bridge import as_torch
from stepsize.frameworks.side_by_side import installed
from stepsize.optimizers import (
    adam,
    adamw,
    ademamix,
    averaged,
    muon,
    prodigy,
    schedule_free_adamw,
    sgd,
    soap,
)
from stepsize.optimizers.matrices import orthogonalize

from .scripts import in_float64, keras_on_torch, x64
from .twins import Quadratic, gradients, ours

SWA = torch.optim.swa_utils
SHAPES = [(5,), (3, 4)]


def need(library):
    if not installed(library):
        pytest.skip(f"{library} is not installed: it belongs to the extra `bench`")


def optaxs(optimizer, start, grads):
    """The path of an Optax chain, in float64. grads: the same as ours, or a Quadratic."""
    import jax
    import optax

    with x64(jax):
        params, path = jax.numpy.array(start), []
        state = optimizer(optax).init(params)
        update = jax.jit(optimizer(optax).update)
        for i in range(len(grads)):
            now = np.array(params)
            grad = grads.at(now) if isinstance(grads, Quadratic) else grads[i]
            updates, state = update(jax.numpy.array(grad), state, params)
            params = optax.apply_updates(params, updates)
            path.append(np.array(params))
    return np.array(path)


def assert_one_path(mine, theirs, tolerance=1e-12):
    np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())


def both_kinds(shape):
    return [gradients("random", shape, np.float64), Quadratic(shape, np.float64)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("hyper", "arguments"),
    [
        (dict(), dict()),
        (
            dict(beta1=0.5, beta2=0.9, beta3=0.99, alpha=2.0, eps=1e-3, weight_decay=0.1),
            dict(b1=0.5, b2=0.9, b3=0.99, alpha=2.0, eps=1e-3, weight_decay=0.1),
        ),
    ],
)
def test_ademamix_is_optaxs(hyper, arguments, shape):
    need("optax")
    start = np.random.default_rng(1).normal(size=shape)
    for grads in both_kinds(shape):
        theirs = optaxs(lambda optax: optax.contrib.ademamix(0.01, **arguments), start, grads)
        assert_one_path(ours(ademamix, start, grads, lr=0.01, **hyper), theirs)


def corrected(t, beta1, beta2):
    """Optax's Prodigy corrects both means for their start at 0; this corrects our rate alike."""
    return (1 - beta2**t) ** 0.5 / (1 - beta1**t)


@pytest.mark.parametrize(
    ("betas", "decay", "d0"), [((0.9, 0.999), 0.0, 1e-6), ((0.5, 0.9), 0.1, 1e-2)]
)
def test_prodigy_is_optaxs_but_for_its_correction_and_the_place_of_epsilon(betas, decay, d0):
    need("optax")
    start = np.random.default_rng(1).normal(size=5)
    named = dict(betas=betas, weight_decay=decay, estim_lr0=d0, eps=0.0)
    for grads in both_kinds((5,)):
        theirs = optaxs(lambda optax: optax.contrib.prodigy(1.0, **named), start, grads)
        theta, memory, path = start, {}, []
        for t, grad in enumerate(grads, start=1):
            hyper = dict(beta1=betas[0], beta2=betas[1], eps=0.0, weight_decay=decay, d0=d0)
            theta, memory, _ = prodigy(theta, grad, t, **memory, **hyper, lr=corrected(t, *betas))
            path.append(theta)
        assert_one_path(np.array(path), theirs, 1e-9)
        assert memory["d"] > d0


def test_optaxs_prodigy_has_the_next_d_beside_epsilon():
    """The paper has this update's d there; it matters while d grows, if eps is large."""
    need("optax")
    start, grads = np.ones(1), np.array([[1.0], [1.0]])
    named = dict(betas=(0.0, 0.0), beta3=0.0, eps=1.0, estim_lr0=0.01)
    theirs = optaxs(lambda optax: optax.contrib.prodigy(1.0, **named), start, grads)
    first = start - 0.01 * 0.01 / (0.01 + 0.01)
    np.testing.assert_allclose(theirs[0], first, rtol=1e-12)
    # d is 0.01 in this update, and its new estimate, 0.005, is smaller: d stays.
    np.testing.assert_allclose(theirs[1], first - 0.01 * 0.01 / (0.01 + 0.01), rtol=1e-12)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (6, 1)])
def test_muon_with_an_rms_is_optaxs_without_look_ahead(shape):
    """Optax corrects the momentum's bias; without momentum, there is nothing to correct."""
    need("optax")
    start, grads = np.ones(shape), gradients("random", shape, np.float64)[:20]

    def optimizer(optax):
        named = dict(beta=0.0, consistent_rms=0.2, weight_decay=0.1)
        return optax.contrib.muon(0.01, **named)

    mine = ours(muon, start, grads, lr=0.01, momentum=0.0, rms=0.2, weight_decay=0.1)
    assert_one_path(mine, optaxs(optimizer, start, grads), 1e-6)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3)])
def test_muon_with_an_rms_is_that_of_keras(shape):
    need("keras")
    keras = keras_on_torch()
    with in_float64(keras):
        start, grads = np.ones(shape), gradients("random", shape, np.float64)[:20]
        variable = keras.Variable(start)
        named = dict(momentum=0.9, ns_steps=5, rms_rate=0.2, weight_decay=0.1)
        optimizer = keras.optimizers.Muon(0.01, **named)
        optimizer.build([variable])
        path = []
        for grad in grads:
            optimizer.apply([keras.ops.convert_to_tensor(grad)])
            path.append(variable.value.detach().numpy().copy())
    mine = ours(muon, start, grads, lr=0.01, momentum=0.9, rms=0.2, weight_decay=0.1)
    assert_one_path(mine, np.array(path), 1e-5)


def test_muon_takes_the_step_of_kerass_own_tests():
    step = muon(
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        np.array([[1.0, 6.0], [7.0, 2.0]]),
        1,
        lr=0.5,
        rms=0.2,
        weight_decay=0.0,
    )
    kerass = [[0.988775, 1.887053], [2.873428, 3.97035]]
    np.testing.assert_allclose(step.theta, kerass, rtol=1e-2)  # Keras's own tolerance
    golden = [[-0.4422, 0.6457], [0.7285, 0.2968]]
    matrix = np.array([[0.2499, 0.9105], [0.2655, 0.8824]])
    np.testing.assert_allclose(orthogonalize(matrix), golden, atol=1e-3)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9)])
def test_schedule_free_adamw_is_optaxs_at_a_constant_rate(betas, decay):
    need("optax")
    start = np.random.default_rng(1).normal(size=5)
    named = dict(b1=betas[0], b2=betas[1], weight_decay=decay)
    hyper = dict(beta1=betas[0], beta2=betas[1], weight_decay=decay)
    for grads in both_kinds((5,)):
        theirs = optaxs(
            lambda optax: optax.contrib.schedule_free_adamw(0.01, **named), start, grads
        )
        assert_one_path(ours(schedule_free_adamw, start, grads, lr=0.01, **hyper), theirs, 1e-11)


# --- Averages -----------------------------------------------------------------------------------


def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)).double()


@pytest.mark.parametrize("decay", [None, 0.9])
@pytest.mark.parametrize("after", [0, 4])
@pytest.mark.parametrize("rule", [sgd, adam, adamw, soap, prodigy])
def test_an_average_is_that_of_torchs_averaged_model(rule, after, decay):
    """In as_torch, in groups if the rule is for matrices; the model itself isn't affected."""
    ours, theirs = model(), model()
    average = SWA.AveragedModel(theirs, avg_fn=decay and SWA.get_ema_avg_fn(decay))
    optimizers = []
    for net, make in ((ours, lambda r: averaged(r, decay, after)), (theirs, lambda r: r)):
        matrices = [p for p in net.parameters() if p.ndim == 2]
        vectors = [p for p in net.parameters() if p.ndim == 1]
        groups = [dict(params=matrices, rule=make(rule)), dict(params=vectors)]
        if rule is prodigy:
            groups = [dict(params=[*matrices, *vectors])]
        optimizers.append(as_torch(make(prodigy if rule is prodigy else adamw), groups))
    for i in range(10):
        rng = np.random.default_rng(i)
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            p.grad = torch.tensor(rng.normal(size=tuple(p.shape)))
            q.grad = p.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
        if i >= after:
            average.update_parameters(theirs)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-15)
    optimizers[0].eval()
    for p, q in zip(ours.parameters(), average.module.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-15)
    optimizers[0].train()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-15)


def test_a_running_mean_is_that_of_keras():
    need("keras")
    keras = keras_on_torch()
    with in_float64(keras):
        start, grads = np.ones(5), gradients("random", (5,), np.float64)[:30]
        variable = keras.Variable(start)
        optimizer = keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.9)
        optimizer.build([variable])
        memory, theta = {}, start
        for t, grad in enumerate(grads, start=1):
            optimizer.apply([keras.ops.convert_to_tensor(grad)])
            theta, memory, _ = averaged(sgd, 0.9)(theta, grad, t, **memory, lr=0.01)
        optimizer.finalize_variable_values([variable])  # puts the average in place
        theirs = variable.value.detach().numpy()
        np.testing.assert_allclose(memory["average"], theirs, rtol=1e-6)
        assert np.abs(memory["average"] - theta).max() > 1e-3


def test_optaxs_running_mean_gives_the_first_points_less_weight():
    """It starts at 0 and corrects for that; torch's, Keras's and ours start at the first point."""
    need("optax")
    import jax
    import optax

    points = ours(sgd, np.ones(3), gradients("random", (3,), np.float64)[:10], lr=0.1)
    with x64(jax):
        ema = optax.ema(0.9, debias=True)
        state = ema.init(jax.numpy.array(points[0]))
        for point in points:
            theirs, state = ema.update(jax.numpy.array(point), state)
        incremental = jax.numpy.array(points[0])
        for point in points[1:]:
            incremental = optax.incremental_update(jax.numpy.array(point), incremental, 0.1)
    weights = 0.9 ** np.arange(9, -1, -1.0)
    np.testing.assert_allclose(theirs, weights @ points / weights.sum(), rtol=1e-12)
    memory, theta = {}, np.ones(3)
    for t, grad in enumerate(gradients("random", (3,), np.float64)[:10], start=1):
        theta, memory, _ = averaged(sgd, 0.9)(theta, grad, t, **memory, lr=0.1)
    np.testing.assert_allclose(memory["average"], np.array(incremental), rtol=1e-12)


def test_a_running_mean_of_kerass_own_tests():
    """It overwrites the weights with the mean every third update; ours is read then."""
    theta, memory, means = np.array([3.0, 4.0, 5.0, 6.0]), {}, []
    for t in (1, 2, 3):
        step = averaged(sgd, 0.9)(theta, np.ones(4), t, **memory, lr=1.0)
        theta, memory = step.theta, step.memory
        means.append(memory["average"])
    golden = [[2, 3, 4, 5], [1.9, 2.9, 3.9, 4.9], [1.71, 2.71, 3.71, 4.71]]
    np.testing.assert_allclose(means, golden, rtol=1e-12)
