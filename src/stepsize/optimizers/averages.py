r"""Rules that keep an average of where they have been.

`averaged` keeps one alongside any rule, which goes its own way. A schedule-free rule follows three
points at once. It takes the gradient at one of them, but the model is a different one, the
average.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ranges import at_least, below_one, count_from, require, up_to_one
from .elementwise import where
from .rules import COORDINATE, Step, rule, scope_of
from .slips import name_of, require_rule

__all__ = [  # noqa: RUF022  (in order of difficulty)
    "schedule_free_sgd",
    "schedule_free_adamw",
    "averaged",
]


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


def averaged(
    rule: Callable[..., Step], decay: float | None = None, after: int = 0
) -> Callable[..., Step]:
    r"""The same rule, with a running mean of all the points it visits.

    $$\bar\theta_t = (1 - c_t)\, \bar\theta_{t-1} + c_t\, \theta_t, \qquad
      c_t = \frac{1}{t - T} \ \text{ or } \ 1 - \delta, \qquad c_t = 1 \text{ for } t \le T + 1$$

    Without a `decay` delta, it is the plain mean (SWA, Polyak and Ruppert's averaging); with one,
    an exponential moving average (EMA) that forgets. `after` T leaves the first updates out. The
    rule steps as before. **The model is the mean**, the trace's `average`, which isn't where
    the trace's loss was measured; in `as_torch`, `eval()` puts it in place.

    Shapes, units: average as theta.
    Ranges: decay between 0 and 1; after a whole number, at least 0.
    Source: Polyak & Juditsky (1992), doi:10.1137/0330046; SWA: Izmailov et al. (2018),
    arXiv:1803.05407. Same as torch.optim.swa_utils.AveragedModel, updated after each update from
    the (T + 1)-th on, and with decay as get_ema_avg_fn(decay) and as Keras's use_ema. Optax's ema
    corrects for a start at 0, which gives the first points less weight.
    Raises: ValueError for a rule that already keeps a mean, like the schedule-free ones. TypeError
    for anything that isn't a rule.

    At the edge of stability, SGD goes back and forth forever, but the mean of its points comes to
    rest.

    >>> from stepsize import descend, optimizers, surfaces
    >>> rule = averaged(optimizers.sgd)
    >>> trace = descend(rule, surfaces.bowl, [4.0, 2.0], 1000, lr=2.0)
    >>> trace.theta[-1], np.allclose(trace.average[-1], 0)
    (array([4., 2.]), True)
    """
    require_rule(rule)
    if decay is not None:
        require("decay", decay, up_to_one)
    require("after", after, count_from(0))
    scope = scope_of(rule)
    known = name_of(rule)
    if scope.evaluated:
        raise ValueError(f"rule must not keep a mean of its own, but {known} does")
    header = inspect.signature(rule)
    before, own = [*header.parameters.values()][:3], [*header.parameters.values()][3:]
    average = inspect.Parameter("average", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
    mean_too = functools.partial(_mean_too, rule, decay, after)  # a partial can be pickled
    functools.update_wrapper(mean_too, rule)
    if scope.vectors is not None:
        scope = scope._replace(vectors=averaged(scope.vectors, decay, after))
    name = f"averaged_{known}"
    signature = header.replace(parameters=[*before, average, *own])
    vars(mean_too).update(
        __name__=name,
        __qualname__=name,
        __signature__=signature,
        scope=scope._replace(evaluated="average"),
    )
    return mean_too


@np.errstate(all="ignore")
def _mean_too(
    rule: Callable[..., Step],
    decay: float | None,
    after: int,
    theta: Any,
    grad: Any,
    t: int,
    average: Any = None,
    *memory: Any,
    **named: Any,
) -> Step:
    theta, remembered, shown = rule(theta, grad, t, *memory, **named)
    if average is None or t <= after + 1:
        average = theta
    else:
        c = 1 / (t - after) if decay is None else 1 - decay
        average = (1 - c) * average + c * theta
    return Step(theta, remembered | dict(average=average), shown)
