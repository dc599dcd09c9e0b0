"""Gradient descent, and gradient descent with momentum."""

from ..ranges import above, at_least, up_to_one
from .rules import Step, rule

__all__ = ["sgd", "momentum", "heavy_ball", "nesterov"]  # noqa: RUF022  (in order of difficulty)


@rule(lr=at_least(0))
def sgd(theta, grad, t, *, lr=1e-3) -> Step:
    r"""Gradient descent: step against the gradient. On mini-batches it is called SGD.

    $$\theta_t = \theta_{t-1} - \eta\, g_t$$

    Shapes: theta, grad (..., d); lr scalar or (..., 1).
    Units: lr as theta squared over loss, so a rescaled loss needs a different lr.
    Ranges: lr at least 0.
    Source: Cauchy (1847), C. R. Acad. Sci. 25, 536; with noise, Robbins & Monro (1951),
    doi:10.1214/aoms/1177729586. Same as torch.optim.SGD.

    Twice the gradient, twice the step:

    >>> sgd(np.array([1.0, 1.0]), np.array([2.0, 4.0]), t=1, lr=0.1).theta
    array([0.8, 0.6])
    """
    theta = theta - lr * grad
    return Step(theta)


@rule(lr=at_least(0), momentum=at_least(0), dampening=up_to_one)
def momentum(theta, grad, t, velocity=0.0, *, lr=1e-3, momentum=0.9, dampening=0.0) -> Step:
    r"""Momentum, the heavy ball: a velocity that each gradient pushes and friction slows.

    $$v_t = \mu\, v_{t-1} + (1 - \tau)\, g_t, \qquad v_1 = g_1$$
    $$\theta_t = \theta_{t-1} - \eta\, v_t$$

    Shapes: theta, grad, velocity (..., d); hyper-parameters scalar or (..., 1).
    Units: velocity as grad; lr as theta squared over loss, as SGD's.
    Ranges: lr, momentum at least 0 (at 1 and above, the velocity never dies out); dampening tau
    between 0 and 1.
    Source: Polyak (1964), doi:10.1016/0041-5553(64)90137-5, without dampening. Same as
    torch.optim.SGD(momentum=...), which doesn't dampen the first gradient either; but torch accepts
    any dampening, and ignores it if momentum = 0.

    Under a constant gradient, the velocity grows to g / (1 - momentum), here ten times the
    gradient:

    >>> v = 0.0
    >>> for t in range(1, 201):
    ...     v = momentum(0.0, 1.0, t, v).memory["velocity"]
    >>> round(v, 6)
    10.0
    """
    velocity = momentum * velocity + (1 - dampening * (t > 1)) * grad
    theta = theta - lr * velocity
    memory = dict(velocity=velocity)
    return Step(theta, memory)


@rule(lr=at_least(0), momentum=at_least(0))
def heavy_ball(theta, grad, t, velocity=0.0, *, lr=1e-3, momentum=0.9) -> Step:
    r"""Momentum as Polyak and Sutskever write it: the velocity contains lr, so it is itself a step.

    $$v_t = \mu\, v_{t-1} - \eta\, g_t$$
    $$\theta_t = \theta_{t-1} + v_t$$

    Shapes: theta, grad, velocity (..., d); lr, momentum scalar or (..., 1).
    Units: velocity as theta; lr as theta squared over loss.
    Ranges: lr, momentum at least 0.
    Source: Polyak (1964), doi:10.1016/0041-5553(64)90137-5; Sutskever et al. (2013), equations 1
    and 2, proceedings.mlr.press/v28/sutskever13. Not in torch, whose own is `momentum`.

    With a constant lr, it follows the same path as `momentum`. After lr drops to 0, it rolls on
    with the velocity that the old lr gave it, while `momentum` stops dead:

    >>> heavy_ball(1.0, 0.0, 2, velocity=-0.5, lr=0.0).theta
    0.55
    >>> momentum(1.0, 0.0, 2, velocity=5.0, lr=0.0).theta
    1.0
    """
    velocity = momentum * velocity - lr * grad
    theta = theta + velocity
    memory = dict(velocity=velocity)
    return Step(theta, memory)


@rule(lr=at_least(0), momentum=above(0))
def nesterov(theta, grad, t, velocity=0.0, *, lr=1e-3, momentum=0.9) -> Step:
    r"""Nesterov's momentum: step from where the velocity is about to carry you.

    $$v_t = \mu\, v_{t-1} + g_t$$
    $$\theta_t = \theta_{t-1} - \eta\, (g_t + \mu\, v_t)$$

    Shapes: theta, grad, velocity (..., d); lr, momentum scalar or (..., 1).
    Units: velocity as grad; lr as theta squared over loss, as SGD's.
    Ranges: lr at least 0; momentum above 0.
    Source: Nesterov (1983), Soviet Math. Doklady 27, 372, in the form of Bengio et al. (2013),
    arXiv:1212.0901, section 3.5. Same as torch.optim.SGD(nesterov=True).
    In the 1983 paper, the gradient is taken ahead, at phi - eta mu v. Here theta is that point, so
    the gradient is taken at theta, as everywhere else. With constant lr and momentum, the two are
    the same method, seen from two points. Also, mu isn't constant in 1983: it grows toward 1.

    The first step is 1 + momentum times SGD's, because it looks one step further ahead:

    >>> nesterov(0.0, 1.0, 1, lr=0.1, momentum=0.9).theta / sgd(0.0, 1.0, 1, lr=0.1).theta
    1.9
    """
    velocity = momentum * velocity + grad
    theta = theta - lr * (grad + momentum * velocity)
    memory = dict(velocity=velocity)
    return Step(theta, memory)
