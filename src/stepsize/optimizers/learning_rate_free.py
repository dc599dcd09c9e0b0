"""A rule that finds its own learning rate.

It looks at all weights at once, in one vector, because it finds one rate for all of them.
"""

from ..ranges import above, at_least, below_one
from .elementwise import maximum, where
from .rules import MODEL, Step, rule

__all__ = ["prodigy"]


@rule(
    MODEL,
    lr=at_least(0),
    beta1=below_one,
    beta2=below_one,
    eps=at_least(0),
    weight_decay=at_least(0),
    d0=above(0),
)
def prodigy(
    theta,
    grad,
    t,
    m=0.0,
    v=0.0,
    r=0.0,
    s=0.0,
    d=None,
    start=None,
    *,
    lr=1.0,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
    d0=1e-6,
) -> Step:
    r"""Prodigy: Adam that finds its own rate from how far the gradients have carried it so far.

    $$r_t = \beta_3 r_{t-1} + (1 - \beta_3)\, \eta d_t^2\,
      \langle g_t, \theta_0 - \theta_{t-1} \rangle$$
    $$s_t = \beta_3 s_{t-1} + (1 - \beta_3)\, \eta d_t^2\, g_t \qquad \beta_3 = \sqrt{\beta_2}$$
    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, d_t g_t \qquad
      v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, d_t^2 g_t^2$$
    $$\theta_t = (1 - \eta d_t \lambda)\, \theta_{t-1}
      - \eta d_t\, m_t / (\sqrt{v_t} + d_t \epsilon)$$
    $$d_{t+1} = \max(d_t,\ r_t / \lVert s_t \rVert_1), \qquad d_1 = d_0$$

    d estimates the distance from the start to the goal, and serves as the rate; lr stays 1, and is
    what a schedule changes.

    Shapes: theta, grad, m, v, s, start, scale (..., d), **all parameters in one vector**, because d
    depends on all of them; r, d, d_hat (..., 1); hyper-parameters scalar or (..., 1).
    Units: d as theta; m as theta times grad; eps as grad; lr none; weight_decay as 1 / theta.
    Ranges: lr, eps, weight_decay at least 0; beta1, beta2 at least 0 and below 1; d0 above 0.
    Source: Mishchenko & Defazio (2024), the version with Adam, arXiv:2306.06101, where the means
    aren't corrected for starting at 0 and nothing decays. optax.contrib.prodigy corrects them,
    as if lr were lr sqrt(1 - beta2^t) / (1 - beta1^t), and has d_{t+1} beside epsilon. Not in
    torch. Left out: the factor d_coef, a bound on the growth of d, the safeguard for a warmup.

    With a goal at 5 or at 5000, the call is the same. d grows by itself, but not past the distance:

    >>> for goal in (5.0, 5000.0):
    ...     theta, memory = np.zeros(1), {}
    ...     for t in range(1, 301):
    ...         theta, memory, _ = prodigy(theta, np.sign(theta - goal), t, **memory)
    ...     print(bool(0.1 * goal < memory["d"][0] <= goal))
    True
    True
    """
    if start is None:
        start, d = theta, d0
    beta3 = beta2**0.5
    weight = (1 - beta3) * lr * d * d
    r = beta3 * r + weight * (grad * (start - theta)).sum(axis=-1, keepdims=True)
    s = beta3 * s + weight * grad
    m = beta1 * m + (1 - beta1) * d * grad
    v = beta2 * v + (1 - beta2) * (d * grad) * (d * grad)
    scale = lr * d / (v**0.5 + d * eps)
    theta = (1 - lr * d * weight_decay) * theta - scale * m
    size = abs(s).sum(axis=-1, keepdims=True)
    d_hat = r / where(size > 0, size, 1.0)  # until a gradient comes, it stays
    d = maximum(d, d_hat)
    memory = dict(m=m, v=v, r=r, s=s, d=d, start=start)
    return Step(theta, memory, dict(d_hat=d_hat, scale=scale))
