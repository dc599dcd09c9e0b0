r"""The optimizers, in order of difficulty, each a pure function that reads as its paper does.

    rule(theta, grad, t, **memory, **hyper) -> Step(theta, memory, shown)

theta, grad   the parameters and the gradient there, arrays of shape (..., d)
t             the number of this update: 1, 2, ...
memory        what the rule remembers, each with its starting value
hyper         what is chosen, after the `*`; a number, or a column (k, 1) for k runs in one pass

A rule changes none of its arguments. It uses operators only, so that the same lines run on Python
floats, NumPy arrays and torch tensors. A run that diverges is no error: inf and nan are results.
Every rule raises ValueError, naming argument, value and range, for a hyper-parameter that
torch.optim rejects.
"""

from typing import Any, NamedTuple, Protocol

from .ranges import accepts, at_least, fraction

__all__ = ["Rule", "Step", "adam", "momentum", "sgd"]


class Step(NamedTuple):
    """What one update yields: the new parameters, what to remember, what else is worth a look."""

    theta: Any
    memory: dict[str, Any] = {}  # noqa: RUF012  (shared, and written to by nobody)
    shown: dict[str, Any] = {}  # noqa: RUF012


class Rule(Protocol):
    """The contract that every optimizer keeps, a learner's own as well."""

    __name__: str

    def __call__(self, *theta_grad_t: Any, **memory_and_hyper: Any) -> Step: ...


@accepts(lr=at_least(0))
def sgd(theta, grad, t, *, lr=1e-3) -> Step:
    r"""Gradient descent: step against the gradient. On mini-batches it is called SGD.

    $$\theta_t = \theta_{t-1} - \eta\, g_t$$

    Shapes: theta, grad (..., d); lr scalar or (..., 1).
    Units: lr as theta squared over loss, so a rescaled loss asks for another lr.
    Ranges: lr at least 0.
    Source: Cauchy (1847), C. R. Acad. Sci. 25, 536; with noise, Robbins & Monro (1951),
    doi:10.1214/aoms/1177729586. Same as torch.optim.SGD.

    Twice the gradient, twice the step:

    >>> sgd(np.array([1.0, 1.0]), np.array([2.0, 4.0]), t=1, lr=0.1).theta
    array([0.8, 0.6])
    """
    theta = theta - lr * grad
    return Step(theta)


@accepts(lr=at_least(0), momentum=at_least(0))
def momentum(theta, grad, t, velocity=0.0, *, lr=1e-3, momentum=0.9) -> Step:
    r"""Momentum, the heavy ball: a velocity that each gradient pushes and friction slows.

    $$v_t = \mu\, v_{t-1} + g_t$$
    $$\theta_t = \theta_{t-1} - \eta\, v_t$$

    Shapes: theta, grad, velocity (..., d); lr, momentum scalar or (..., 1).
    Units: velocity as grad; lr as theta squared over loss, as SGD's.
    Ranges: lr, momentum at least 0 (at 1 and above, the velocity never dies out).
    Source: Polyak (1964), doi:10.1016/0041-5553(64)90137-5. Same as torch.optim.SGD(momentum=...).
    Polyak, and Sutskever et al. (2013), keep lr inside the velocity: the same path as long as lr
    is constant, another one once it changes.

    Under a constant gradient the velocity grows to g / (1 - momentum), here ten times as much:

    >>> v = 0.0
    >>> for t in range(1, 201):
    ...     v = momentum(0.0, 1.0, t, v).memory["velocity"]
    >>> round(v, 6)
    10.0
    """
    velocity = momentum * velocity + grad
    theta = theta - lr * velocity
    return Step(theta, memory=dict(velocity=velocity))


@accepts(t=at_least(1), lr=at_least(0), beta1=fraction, beta2=fraction, eps=at_least(0))
def adam(theta, grad, t, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8) -> Step:
    r"""Adam: step along the mean gradient, measured in units of its root mean square.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \qquad \hat m_t = m_t / (1 - \beta_1^t)$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat v_t = v_t / (1 - \beta_2^t)$$
    $$\theta_t = \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    Shapes: theta, grad, m, v and all that is shown (..., d); hyper-parameters scalar or (..., 1).
    Units: m and eps as grad, v as grad squared; so lr has the units of theta, unlike SGD's.
    Ranges: lr, eps at least 0; beta1, beta2 at least 0 and below 1; t at least 1.
    Source: Kingma & Ba (2015), Algorithm 1, arXiv:1412.6980. Same as torch.optim.Adam, except for
    float32 gradients above 1.8e19, whose squares overflow v_hat; torch never forms it and goes on.

    The first step has length lr, whatever the size of the gradient:

    >>> adam(np.array([1.0]), np.array([40.0]), t=1, lr=0.1).theta.round(6)
    array([0.9])
    """
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    scale = lr / (v_hat**0.5 + eps)
    theta = theta - scale * m_hat
    return Step(theta, memory=dict(m=m, v=v), shown=dict(m_hat=m_hat, v_hat=v_hat, scale=scale))
