"""Each surface: an exact gradient, a true minimum, and batches that equal their rows."""

import numpy as np
import pytest

from stepsize import descend, surfaces
from stepsize.optimizers import sgd
from stepsize.surfaces import quadratic

from .differences import gradient_by_differences

ALL = [
    *(getattr(surfaces, name) for name in ("bowl", "ravine", "saddle", "rosenbrock", "bumpy")),
    quadratic(3.0),
    quadratic(1.0, 4.0, 9.0),
]


@pytest.mark.parametrize("surface", ALL, ids=lambda s: s.name)
class TestSurface:
    def points(self, surface, *shape):
        low, high = np.transpose(surface.domain)
        return np.random.default_rng(0).uniform(low, high, (*shape, len(low)))

    def test_gradient_by_finite_differences(self, surface):
        points = self.points(surface, 50)
        np.testing.assert_allclose(
            surface.grad(points),
            gradient_by_differences(surface.loss, points),
            rtol=1e-6,
            atol=1e-6,
        )

    def test_minimum_is_flat_and_lowest(self, surface):
        np.testing.assert_allclose(surface.grad(surface.minimum), 0, atol=1e-12)
        assert surface.loss(surface.minimum) == pytest.approx(0, abs=1e-12)
        assert (surface.loss(self.points(surface, 10_000)) >= 0).all()

    def test_batched_over_leading_axes(self, surface):
        points = self.points(surface, 3, 4)
        assert surface.loss(points).shape == (3, 4)
        assert surface.grad(points, t=5).shape == points.shape
        np.testing.assert_array_equal(surface.loss(points)[1, 2], surface.loss(points[1, 2]))
        np.testing.assert_array_equal(surface.grad(points)[1, 2], surface.grad(points[1, 2]))

    def test_start_and_minimum_are_in_the_picture(self, surface):
        low, high = np.transpose(surface.domain)
        for point in (surface.start, surface.minimum):
            assert (low <= np.array(point)).all()
            assert (np.array(point) <= high).all()


WITH_A_CURVATURE = [surface for surface in ALL if surface.curvature is not None]


@pytest.mark.parametrize("surface", WITH_A_CURVATURE, ids=lambda s: s.name)
def test_curvature_is_the_largest_second_derivative(surface):
    d = len(surface.minimum)
    hessian = surface.grad(np.eye(d)) - surface.grad(np.zeros((d, d)))
    assert surface.curvature == np.linalg.eigvalsh(hessian).max()


def test_bumpy_has_poor_minima():
    dent = np.array([3.0, 0.0])
    for _ in range(200):
        dent = dent - 0.1 * surfaces.bumpy.grad(dent)
    np.testing.assert_allclose(surfaces.bumpy.grad(dent), 0, atol=1e-12)
    assert surfaces.bumpy.loss(dent) > 0.5


def test_saddle_is_one():
    np.testing.assert_array_equal(surfaces.saddle.grad(np.zeros(2)), 0)
    assert (
        surfaces.saddle.loss([0.1, 0])
        > surfaces.saddle.loss([0, 0])
        > surfaces.saddle.loss([0, 0.1])
    )


def test_given_gradients_are_the_same_wherever_theta_is():
    given = surfaces.Gradients([[1.0, -2.0], [0.5, 3.0]])
    for theta in (np.zeros(2), np.ones(2), np.ones((3, 2))):
        np.testing.assert_array_equal(
            given.grad(theta, 2), np.broadcast_to([0.5, 3.0], theta.shape)
        )
        assert np.isnan(given.loss(theta)).all()
        assert given.loss(theta).shape == theta.shape[:-1]
    trace = descend(sgd, given, np.zeros(2), steps=2, lr=np.array([[1.0], [2.0]]))
    np.testing.assert_array_equal(trace.theta[-1], [[-1.5, -1.0], [-3.0, -2.0]])
    with pytest.raises(ValueError, match=r"t must be at most 2 \(gradients\), not 3"):
        given.grad(np.zeros(2), 3)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="curvatures must be at least 0"):
        quadratic(1.0, -1.0)
    with pytest.raises(ValueError, match=r"theta must have shape \(\.\.\., 2\) on rosenbrock"):
        surfaces.rosenbrock.loss(np.zeros(3))
