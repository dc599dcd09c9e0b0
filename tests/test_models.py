"""The models: exact gradients, honest batches, torch's own numbers."""

import numpy as np
import pytest
import torch

from stepsize import descend
from stepsize.data import batch, linear_data, sine_data
from stepsize.models import LinearRegression, SineRegression
from stepsize.optimizers import adam, momentum, sgd

from .differences import gradient_by_differences

X, y = linear_data()
MODELS = [
    (LinearRegression(X, y), 5),
    (LinearRegression(X, y, batch_size=32, seed=3), 5),
    (SineRegression(*sine_data()), 1),
    (SineRegression(*sine_data(), batch_size=5, seed=3), 1),
]


@pytest.mark.parametrize(("model", "d"), MODELS)
def test_gradient_by_finite_differences(model, d):
    theta = np.random.default_rng(0).normal(size=(6, d))
    n = len(model.y)
    chosen = batch(7, n, model.batch_size or n, model.seed) if model.batch_size else slice(None)
    part = type(model)(model.X[chosen], model.y[chosen])
    np.testing.assert_allclose(
        model.grad(theta, t=7), gradient_by_differences(part.loss, theta), rtol=1e-7, atol=1e-7
    )


@pytest.mark.parametrize(("model", "d"), MODELS)
def test_batched_over_leading_axes_bit_for_bit(model, d):
    theta = np.random.default_rng(0).normal(size=(3, 4, d))
    np.testing.assert_array_equal(model.loss(theta)[1, 2], model.loss(theta[1, 2]))
    np.testing.assert_array_equal(model.grad(theta, 5)[1, 2], model.grad(theta[1, 2], 5))


@pytest.mark.parametrize("theta", [[1, 2], [[1.0, 2.0], [3.0, 4.0]], np.ones(2, np.float32)])
@pytest.mark.parametrize("kind", ["float64", "float32", "int64"])
@pytest.mark.parametrize("of_y", ["float64", "float32"])
def test_the_loss_is_the_formulas_for_numbers_of_any_kind(theta, kind, of_y):
    A, b = np.array([[1, 2], [3, 5], [4, 0]], kind), np.array([0.5, 1.5, -2], of_y)
    loss = LinearRegression(A, b).loss(theta)
    np.testing.assert_array_equal(loss, ((theta @ A.T - b) ** 2).mean(-1, dtype=loss.dtype))
    assert loss.dtype == np.result_type(A, b, np.asarray(theta))


def test_an_epoch_shows_every_example_once():
    for epoch in range(3):
        updates = range(1 + 32 * epoch, 33 + 32 * epoch)
        seen = np.concatenate([batch(t, n=1000, batch_size=32, seed=0) for t in updates])
        np.testing.assert_array_equal(np.sort(seen), np.arange(1000))
    assert len(batch(32, 1000, 32)) == 1000 - 31 * 32


def test_batches_depend_on_seed_and_t_alone():
    before = batch(5, 100, 10, seed=1)
    for t in (1, 500, 17):
        batch(t, 100, 10, seed=2)
    np.testing.assert_array_equal(batch(5, 100, 10, seed=1), before)
    assert not np.array_equal(before, batch(5, 100, 10, seed=2))
    assert not np.array_equal(before, batch(15, 100, 10, seed=1)), "the next epoch is reshuffled"


def test_many_seeds_at_once_are_the_seeds_one_by_one():
    together = batch(3, 100, 10, seed=range(4))
    for seed in range(4):
        np.testing.assert_array_equal(together[seed], batch(3, 100, 10, seed))
    start = np.full((4, 1), 4.0)
    runs = descend(sgd, SineRegression(*sine_data(), 2, range(4)), start, 50, lr=0.1)
    for seed in range(4):
        alone = descend(sgd, SineRegression(*sine_data(), 2, seed), [4.0], 50, lr=0.1)
        np.testing.assert_array_equal(runs.theta[:, seed], alone.theta)


def test_mini_batch_gradient_is_right_on_average():
    model, theta = LinearRegression(X, y, batch_size=100, seed=0), np.ones(5)
    mean = np.mean([model.grad(theta, t) for t in range(1, 11)], axis=0)
    np.testing.assert_allclose(mean, LinearRegression(X, y).grad(theta, 1), rtol=1e-12)


@pytest.mark.parametrize(
    ("rule", "hyper", "make"),
    [
        (sgd, dict(lr=0.01), lambda p: torch.optim.SGD(p, lr=0.01)),
        (
            momentum,
            dict(lr=0.01, momentum=0.9),
            lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        ),
        (adam, dict(lr=0.001), lambda p: torch.optim.Adam(p, lr=0.001)),
    ],
)
def test_training_is_torchs_training(rule, hyper, make):
    """All of lesson 2's race: the same loss after each of 320 updates, up to rounding."""
    model = torch.nn.Linear(5, 1, bias=False, dtype=torch.float64)
    start = model.weight.detach().numpy()[0].copy()
    optimizer, mse, losses = make(model.parameters()), torch.nn.MSELoss(), []
    inputs, targets = torch.tensor(X), torch.tensor(y)[:, None]
    for t in range(1, 321):
        chosen = batch(t, 1000, 32, seed=0)
        optimizer.zero_grad()
        mse(model(inputs[chosen]), targets[chosen]).backward()
        optimizer.step()
        losses.append(mse(model(inputs), targets).item())
    trace = descend(rule, LinearRegression(X, y, 32, seed=0), start, 320, **hyper)
    np.testing.assert_allclose(trace.loss[1:], losses, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: batch(0, 10, 2), "t must be a whole number, at least 1, not 0"),
        (lambda: batch(1, 10, 0), "batch_size must be a whole number, at least 1, not 0"),
        (lambda: batch(1, 10, 11), "batch_size must be at least 1 and at most n = 10, not 11"),
        (
            lambda: LinearRegression(np.ones((3, 2)), np.ones(2)),
            r"2 axes .* not shapes \(3, 2\) and \(2,\)",
        ),
        (
            lambda: SineRegression(np.ones((3, 2)), np.ones(3)),
            r"1 axes .* not shapes \(3, 2\) and \(3,\)",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
