"""The network: its gradient in two more ways, its columns one by one, its training in torch."""

import numpy as np
import pytest
import torch

from stepsize import descend
from stepsize.data import batch, digits
from stepsize.frameworks.bridge import as_torch
from stepsize.network import Network
from stepsize.optimizers import adam, momentum

from .differences import gradient_by_differences

RNG = np.random.default_rng(0)
X, y = RNG.normal(size=(20, 3)), RNG.integers(0, 4, 20)
SHAPES = [(), (5,), (4, 6), (1,), (2, 2, 2)]
NETWORKS = [Network(X, y, hidden, f) for hidden in SHAPES for f in ("tanh", "relu")]
each = pytest.mark.parametrize("net", NETWORKS, ids=repr)


def in_torch(net: Network, theta: np.ndarray) -> torch.nn.Sequential:
    activation = dict(tanh=torch.nn.Tanh, relu=torch.nn.ReLU)[net.activation]
    modules = []
    for W, b in net.layers(theta):
        linear = torch.nn.Linear(*W.shape, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(W.T))
            linear.bias.copy_(torch.tensor(b[0]))
        modules += [linear, activation()]
    return torch.nn.Sequential(*modules[:-1])


def loss_in_torch(net: Network, model: torch.nn.Module, chosen=slice(None)) -> torch.Tensor:
    inputs, classes = torch.tensor(net.X[chosen]), torch.tensor(net.y[chosen])
    return torch.nn.functional.cross_entropy(model(inputs), classes)


def packed(gradients: list[torch.Tensor]) -> np.ndarray:
    """(weight, bias, weight, ...) as in theta, whose W is the transpose of torch's weight."""
    return np.concatenate([g.numpy().T.ravel() for g in gradients])


@each
def test_gradient_by_finite_differences(net):
    theta = net.start(1) + 0.1
    np.testing.assert_allclose(
        net.grad(theta, 1), gradient_by_differences(net.loss, theta), rtol=1e-6, atol=1e-8
    )


@each
def test_gradient_and_loss_are_autograds(net):
    net = Network(net.X, net.y, net.hidden, net.activation, batch_size=7, seed=3)
    theta = net.start(1) + 0.1
    model = in_torch(net, theta)
    assert net.loss(theta) == pytest.approx(loss_in_torch(net, model).item(), rel=1e-14)
    for t in (1, 3, 4):  # the third batch of an epoch is a smaller one
        model.zero_grad()
        loss_in_torch(net, model, batch(t, 20, 7, 3)).backward()
        theirs = packed([p.grad for p in model.parameters()])
        np.testing.assert_allclose(net.grad(theta, t), theirs, rtol=1e-12, atol=1e-15)


@each
@pytest.mark.parametrize("batch_size", [None, 1, 7])
def test_batched_over_leading_axes_bit_for_bit(net, batch_size):
    net = Network(net.X, net.y, net.hidden, net.activation, batch_size)
    theta = RNG.normal(size=(3, 2, net.size))
    loss, grad = net.loss(theta), net.grad(theta, 5)
    for i in np.ndindex(3, 2):
        np.testing.assert_array_equal(loss[i], net.loss(theta[i]))
        np.testing.assert_array_equal(grad[i], net.grad(theta[i], 5))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_column_is_its_runs_bit_for_bit(dtype):
    net = Network(*digits(dtype), hidden=(32,), batch_size=32)
    rates = np.array([[0.001], [0.003], [0.01]], dtype)
    runs = descend(adam, net, net.start(), 20, lr=rates)
    assert runs.theta.dtype == dtype
    for i, rate in enumerate(rates[:, 0]):
        alone = descend(adam, net, net.start(), 20, lr=rates[i])
        np.testing.assert_array_equal(runs.theta[:, i], alone.theta, err_msg=f"lr = {rate}")
        np.testing.assert_array_equal(runs.loss[:, i], alone.loss)


def test_many_seeds_at_once_are_the_seeds_one_by_one():
    starts = np.stack([Network(X, y).start(seed) for seed in range(3)])
    runs = descend(momentum, Network(X, y, batch_size=6, seed=range(3)), starts, 30, lr=0.1)
    for seed in range(3):
        net = Network(X, y, batch_size=6, seed=seed)
        alone = descend(momentum, net, net.start(seed), 30, lr=0.1)
        np.testing.assert_array_equal(runs.theta[:, seed], alone.theta)


def test_training_is_torchs_training():
    net = Network(*digits(), hidden=(64,), batch_size=32)
    trace = descend(adam, net, net.start(), 200, lr=0.003)
    model = in_torch(net, net.start())
    optimizer, losses = as_torch(adam, model.parameters(), lr=0.003), []
    for t in range(1, 201):
        optimizer.zero_grad()
        loss_in_torch(net, model, batch(t, len(net.y), 32)).backward()
        optimizer.step()
        losses.append(loss_in_torch(net, model).item())
    np.testing.assert_allclose(trace.loss[1:], losses, rtol=1e-10)
    assert net.accuracy(trace.theta[-1], net.X, net.y) > 0.93


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_what_goes_through_the_layers_neither_grows_nor_fades(activation):
    inputs = RNG.normal(size=(500, 100))
    net = Network(inputs, RNG.integers(0, 9, 500), (100,) * 4, activation)
    h = net._forward(net.layers(net.start()), inputs)
    assert 0.3 < np.std(h[4]) / np.std(h[1]) < 1.5


def test_start_depends_on_its_seed_alone():
    net = NETWORKS[2]
    np.testing.assert_array_equal(net.start(3), net.start(3))
    assert not np.array_equal(net.start(3), net.start(4))
    assert all(not b.any() for _, b in net.layers(net.start()))


def test_tensors_are_views():
    net = NETWORKS[2]
    theta = np.zeros((2, net.size))
    for W, b in net.layers(theta):
        W[:] = b[:] = 1
    assert (theta == 1).all()


def test_absurd_parameters_are_not_an_error():
    net = Network(X, y, (5,), "relu")
    with np.errstate(all="ignore"):
        assert np.isfinite(net.loss(np.full(net.size, 1e100)))
        assert np.isnan(net.loss(np.full(net.size, np.nan)))
        assert np.isnan(net.grad(np.full(net.size, 1e300), 1)).any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Network(X, y[:3]), r"one class for each .* not shapes \(20, 3\) and \(3,\)"),
        (lambda: Network(X[0], y), r"2 axes"),
        (lambda: Network(X, y + 0.5), "whole numbers"),
        (lambda: Network(X, y - 5), "whole numbers"),
        (lambda: Network(X, y, activation="gelu"), "must be tanh or relu, not 'gelu'"),
        (lambda: NETWORKS[0].loss(np.ones(3)), r"shape \(..., 16\), not \(3,\)"),
        (lambda: Network(X, y, batch_size=21).grad(NETWORKS[2].start(), 1), "batch_size"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
