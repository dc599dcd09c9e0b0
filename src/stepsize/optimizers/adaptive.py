"""A learning rate for each coordinate, from the size of the gradients it has seen."""

from ..ranges import at_least, up_to_one
from .elementwise import maximum
from .rules import Step, rule

__all__ = [  # noqa: RUF022  (in order of difficulty)
    "adagrad",
    "rmsprop",
    "centered_rmsprop",
    "adadelta",
]


@rule(total=at_least(0), lr=at_least(0), lr_decay=at_least(0), eps=at_least(0))
def adagrad(theta, grad, t, total=0.0, *, lr=1e-2, lr_decay=0.0, eps=1e-10) -> Step:
    r"""Adagrad: each coordinate has its own rate, which shrinks as it sees more gradient.

    $$G_t = G_{t-1} + g_t^2 \qquad \eta_t = \eta / (1 + (t - 1)\, \kappa)$$
    $$\theta_t = \theta_{t-1} - \eta_t\, g_t / (\sqrt{G_t} + \epsilon)$$

    Shapes: theta, grad, total G, scale (..., d); hyper-parameters scalar or (..., 1).
    Units: eps as grad, total as grad squared; so lr has the units of theta.
    Ranges: lr, lr_decay kappa, eps and the first total at least 0.
    Source: Duchi, Hazan & Singer (2011), Figure 1, jmlr.org/papers/v12/duchi11a, without kappa.
    Same as torch.optim.Adagrad; its initial_accumulator_value is the first `total`.

    A coordinate that rarely gets a gradient takes longer steps, here ten times as long:

    >>> often_and_rarely = np.array([100.0, 1.0])
    >>> adagrad(np.zeros(2), np.ones(2), 9, total=often_and_rarely - 1, lr=1.0).theta
    array([-0.1, -1. ])
    """
    total = total + grad * grad
    rate = lr / (1 + (t - 1) * lr_decay)
    denom = total**0.5 + eps
    theta = theta - rate * grad / denom
    memory, shown = dict(total=total), dict(scale=rate / denom)
    return Step(theta, memory, shown)


@rule(lr=at_least(0), alpha=up_to_one, eps=at_least(0), momentum=at_least(0))
def rmsprop(
    theta, grad, t, v=0.0, velocity=0.0, *, lr=1e-2, alpha=0.99, eps=1e-8, momentum=0.0
) -> Step:
    r"""RMSProp: Adagrad that forgets: the gradient in units of its recent root mean square.

    $$v_t = \alpha\, v_{t-1} + (1 - \alpha)\, g_t^2$$
    $$b_t = \mu\, b_{t-1} + g_t / (\sqrt{v_t} + \epsilon)$$
    $$\theta_t = \theta_{t-1} - \eta\, b_t$$

    Shapes: theta, grad, v, velocity b, scale (..., d); hyper-parameters scalar or (..., 1).
    Units: eps as grad, v as grad squared, velocity none; so lr has the units of theta.
    Ranges: lr, eps, momentum at least 0; alpha between 0 and 1.
    Source: Tieleman & Hinton (2012), Neural Networks for Machine Learning, lecture 6e, where alpha
    is 0.9 and momentum 0. Same as torch.optim.RMSprop, for alpha up to 1.

    v starts at 0 and isn't corrected for that, so the first step is 1 / sqrt(1 - alpha) times lr:

    >>> round(rmsprop(0.0, 40.0, 1, lr=0.1).theta, 6)
    -1.0
    """
    v = alpha * v + (1 - alpha) * grad * grad
    denom = v**0.5 + eps
    velocity = momentum * velocity + grad / denom
    theta = theta - lr * velocity
    memory, shown = dict(v=v, velocity=velocity), dict(scale=lr / denom)
    return Step(theta, memory, shown)


@rule(lr=at_least(0), alpha=up_to_one, eps=at_least(0), momentum=at_least(0))
def centered_rmsprop(
    theta, grad, t, m=0.0, v=0.0, velocity=0.0, *, lr=1e-2, alpha=0.99, eps=1e-8, momentum=0.0
) -> Step:
    r"""Centered RMSProp: the gradient in units of its recent standard deviation.

    $$m_t = \alpha\, m_{t-1} + (1 - \alpha)\, g_t$$
    $$v_t = \alpha\, v_{t-1} + (1 - \alpha)\, g_t^2 \qquad \sigma_t^2 = v_t - m_t^2$$
    $$b_t = \mu\, b_{t-1} + g_t / (\sigma_t + \epsilon)$$
    $$\theta_t = \theta_{t-1} - \eta\, b_t$$

    Shapes: theta, grad, m, v, velocity b, variance, scale (..., d); hyper-parameters scalar or
    (..., 1). Units: m and eps as grad, v and variance as grad squared, lr as theta.
    Ranges: lr, eps, momentum at least 0; alpha between 0 and 1.
    Source: Graves (2013), equations 38 to 41, arXiv:1308.0850, with eps inside the root. Same as
    torch.optim.RMSprop(centered=True), except if rounding makes a variance negative: here it
    counts as 0, and in torch its root is nan.

    A gradient that never changes has no deviation, so the steps grow longer and longer:

    >>> theta, memory = 0.0, {}
    >>> for t in range(1, 501):
    ...     theta, memory, shown = centered_rmsprop(theta, 1.0, t, **memory, lr=0.1)
    ...     if t in (1, 100, 500):
    ...         print(round(shown["scale"], 2))
    1.01
    0.21
    1.24
    """
    m = alpha * m + (1 - alpha) * grad
    v = alpha * v + (1 - alpha) * grad * grad
    variance = maximum(v - m * m, 0.0)
    denom = variance**0.5 + eps
    velocity = momentum * velocity + grad / denom
    theta = theta - lr * velocity
    memory, shown = dict(m=m, v=v, velocity=velocity), dict(variance=variance, scale=lr / denom)
    return Step(theta, memory, shown)


@rule(lr=at_least(0), rho=up_to_one, eps=at_least(0))
def adadelta(theta, grad, t, v=0.0, u=0.0, *, lr=1.0, rho=0.9, eps=1e-6) -> Step:
    r"""Adadelta: steps about as long as the recent ones, so that the units come out right.

    $$v_t = \rho\, v_{t-1} + (1 - \rho)\, g_t^2$$
    $$\Delta_t = \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}}\, g_t$$
    $$u_t = \rho\, u_{t-1} + (1 - \rho)\, \Delta_t^2$$
    $$\theta_t = \theta_{t-1} - \eta\, \Delta_t$$

    Shapes: theta, grad, v, u, delta (..., d); hyper-parameters scalar or (..., 1).
    Units: v as grad squared, u as theta squared, delta as theta; lr none. (eps has to be both.)
    Ranges: lr, eps at least 0; rho between 0 and 1.
    Source: Zeiler (2012), Algorithm 1, arXiv:1212.5701, which has no lr, as if it were 1. Same as
    torch.optim.Adadelta.

    eps gets it going. For a gradient well above sqrt(eps), the first step is
    lr sqrt(eps / (1 - rho)) long; with eps = 0 there is no step.

    >>> round(adadelta(0.0, 40.0, 1, eps=1e-6).theta, 6)
    -0.003162
    """
    v = rho * v + (1 - rho) * grad * grad
    rms_delta, rms_grad = (u + eps) ** 0.5, (v + eps) ** 0.5
    delta = rms_delta / rms_grad * grad
    u = rho * u + (1 - rho) * delta * delta
    theta = theta - lr * delta
    memory, shown = dict(v=v, u=u), dict(delta=delta)
    return Step(theta, memory, shown)
