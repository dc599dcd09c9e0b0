"""Our code never warns, and never silences others' warnings; pytest makes warnings errors."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from stepsize import schedules
from stepsize.data import digits, linear_data, sine_data
from stepsize.models import LinearRegression, SineRegression
from stepsize.network import Network
from stepsize.optimizers import adam, decoupled, sgd
from stepsize.optimizers.clipping import clip_by_norm, clip_by_value
from stepsize.optimizers.rules import Step, rule
from stepsize.surfaces import bowl, bumpy, ravine, rosenbrock, saddle

LOST = [1e308, -1e200, np.inf, -np.inf, np.nan]


@rule()
def dividing(theta, grad, t, *, broken=False):
    if broken:
        raise IndexError
    return Step(grad / np.zeros(2))


def test_numpy_warns_as_before_outside_and_after_an_error():
    assert dividing(np.ones(2), np.ones(2), 1).theta.tolist() == [np.inf, np.inf]
    with pytest.raises(IndexError):
        dividing(np.ones(2), np.ones(2), 1, broken=True)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.ones(2) / np.zeros(2)


def test_one_inside_another_and_many_at_once():
    @rule()
    def outer(theta, grad, t):
        return Step(dividing(theta, grad, t).theta * np.inf)

    with ThreadPoolExecutor(4) as pool:
        thetas = [s.theta for s in pool.map(outer, *[[np.ones(2)] * 200] * 2, range(1, 201))]
    assert all(np.isinf(theta).all() for theta in thetas)


@pytest.mark.parametrize(
    "landscape", [bowl, bumpy, ravine, rosenbrock, saddle], ids=lambda x: x.name
)
@pytest.mark.parametrize("x", LOST)
def test_a_surface_far_away(landscape, x):
    theta = np.full(len(landscape.minimum), x)
    assert landscape.loss(theta).shape == ()
    assert landscape.grad(theta).shape == theta.shape


@pytest.mark.parametrize("x", LOST)
def test_a_model_far_away(x):
    line = LinearRegression(*linear_data(20), batch_size=4)
    wave = SineRegression(*sine_data(20), batch_size=4)
    net = Network(*(part[:50] for part in digits()), hidden=(3,), batch_size=4)
    for model, d in ((line, 5), (wave, 1), (net, net.size)):
        assert model.loss(np.full(d, x)).shape == ()
        assert model.grad(np.full(d, x), 1).shape == (d,)


@pytest.mark.parametrize("x", LOST)
def test_a_gradient_without_bounds(x):
    grad = np.array([x, 1.0])
    for clipped in (clip_by_norm(grad, 1.0), clip_by_value(grad, 1.0)):
        assert clipped.shape == (2,)


@pytest.mark.parametrize("x", LOST)
def test_weight_decay_without_bounds(x):
    for theta in (np.array([x, 1.0]), x):
        l2 = adam(theta, theta, 1, weight_decay=1e10).theta
        shrunk = decoupled(sgd)(theta, theta, 1, lr=1e10, weight_decay=1e10).theta
        assert np.shape(l2) == np.shape(shrunk) == np.shape(theta)


@pytest.mark.parametrize("lr", [np.float64(1e300), np.array(1e300), np.array([[1e300], [1.0]])])
def test_hyper_parameters_of_numpy_with_plain_floats(lr):
    assert not np.isfinite(sgd(1e308, 1e308, 1, lr=lr).theta).all()


@pytest.mark.parametrize("t", [5000, np.int64(5000), np.arange(5001)])
def test_a_schedule_that_grows(t):
    for heights in (
        schedules.exponential(t, gamma=3.0),
        schedules.step_decay(t, 1, gamma=3.0),
        schedules.multi_step(t, [1, 2], gamma=1e300),
    ):
        assert np.ravel(heights)[-1] == np.inf
