"""Schedule-free rules: the rate needs no decay, because the model is a mean.

Each follows three points at once. It takes the gradient at one of them, but the model is a
different one, the mean.
"""

from ..ranges import at_least, below_one
from .elementwise import where
from .rules import COORDINATE, Step, rule

__all__ = ["schedule_free_sgd", "schedule_free_adamw"]  # noqa: RUF022  (in order of difficulty)


@rule(COORDINATE._replace(evaluated="x"), lr=at_least(0), beta=below_one)
def schedule_free_sgd(theta, grad, t, z=None, x=None, *, lr=1e-2, beta=0.9) -> Step:
    r"""Schedule-free SGD: the rate needs no decay, because the model is the mean of the walk.

    $$z_{t+1} = z_t - \eta\, g_t, \qquad g_t \text{ at } y_t$$
    $$x_{t+1} = (1 - c_{t+1})\, x_t + c_{t+1}\, z_{t+1}, \qquad c_{t+1} = 1 / (t + 1)$$
    $$y_{t+1} = (1 - \beta)\, z_{t+1} + \beta\, x_{t+1}$$

    theta is y, where the gradient is taken. **The model is x**, the mean of all z so far. Evaluate
    the trace's x; the loss in the trace is that of y. All three start at the same point,
    z_1 = x_1 = y_1.

    Shapes: theta, grad, z, x (..., d); hyper-parameters scalar or (..., 1).
    Units: lr as theta squared over loss, as SGD's.
    Ranges: lr at least 0; beta at least 0 and below 1.
    Source: Defazio et al. (2024), equations 3 to 5, arXiv:2405.15682. Not in torch. Their code
    weights z by the square of lr, and leaves the starting point out of the mean; so does Optax's.

    z jumps back and forth between -1 and 1 forever, but its mean comes to rest:

    >>> theta, memory = 1.0, {}
    >>> for t in range(1, 1000):
    ...     theta, memory, _ = schedule_free_sgd(theta, theta, t, **memory, lr=2.0, beta=0.0)
    >>> memory["z"], round(memory["x"], 6)
    (-1.0, 0.0)
    """
    if z is None:
        z, x = theta, theta
    z = z - lr * grad
    c = 1 / (t + 1)
    x = (1 - c) * x + c * z
    theta = (1 - beta) * z + beta * x
    memory, shown = dict(z=z, x=x), dict(c=c)
    return Step(theta, memory, shown)


@rule(
    COORDINATE._replace(evaluated="x"),
    lr=at_least(0),
    beta1=below_one,
    beta2=below_one,
    eps=at_least(0),
    weight_decay=at_least(0),
)
def schedule_free_adamw(
    theta,
    grad,
    t,
    z=None,
    x=None,
    v=0.0,
    weight=0.0,
    *,
    lr=2.5e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
) -> Step:
    r"""Schedule-free AdamW: the mean of a walk in units of the gradient's root mean square.

    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat v_t = v_t / (1 - \beta_2^t)$$
    $$z_{t+1} = z_t - \eta_t\, g_t / (\sqrt{\hat v_t} + \epsilon) - \eta_t \lambda\, y_t$$
    $$x_{t+1} = (1 - c_{t+1})\, x_t + c_{t+1}\, z_{t+1}, \qquad
      c_{t+1} = \eta_t^2 / \textstyle\sum_{i=1}^t \eta_i^2$$
    $$y_{t+1} = (1 - \beta_1)\, z_{t+1} + \beta_1\, x_{t+1}$$

    theta is y, where the gradient is taken. **The model is x**: evaluate
    the trace's x. beta1 plays the role of momentum. Warm up with lr=lambda t: 0.1 * warmup(t, 100).

    Shapes: theta, grad, z, x, v, v_hat, scale (..., d); weight, the sum of lr squared, as lr.
    Units: eps as grad, v as grad squared; lr as theta; weight_decay lambda as 1 / lr.
    Ranges: lr, eps, weight_decay at least 0; beta1, beta2 at least 0 and below 1.
    Source: Defazio et al. (2024), Algorithm 1, arXiv:2405.15682; warmup is left to a schedule. Same
    as optax.contrib.schedule_free_adamw at a constant lr. Keras's ScheduleFreeAdamW gives every z
    the same weight, and decays theta itself; on the torch backend (3.15) its path is different,
    because it overwrites z before reading it. Not in torch.

    The first step is Adam's, of length lr, and all three points take it:

    >>> step = schedule_free_adamw(1.0, 40.0, 1, lr=0.1, eps=0.0)
    >>> step.theta, step.memory["x"], step.memory["z"]
    (0.9, 0.9, 0.9)
    """
    if z is None:
        z, x = theta, theta
    v = beta2 * v + (1 - beta2) * grad * grad
    v_hat = v / (1 - beta2**t)
    scale = lr / (v_hat**0.5 + eps)
    z = z - scale * grad - lr * weight_decay * theta
    weight = weight + lr * lr
    c = lr * lr / where(weight > 0, weight, 1.0)  # while lr is 0, the mean stays
    x = (1 - c) * x + c * z
    theta = (1 - beta1) * z + beta1 * x
    memory, shown = dict(z=z, x=x, v=v, weight=weight), dict(v_hat=v_hat, scale=scale, c=c)
    return Step(theta, memory, shown)
