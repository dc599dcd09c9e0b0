"""Adam, and the rules that change one thing in it."""

from ..ranges import at_least, below_one
from .elementwise import maximum, sign, where
from .rules import Step, rule

__all__ = [  # noqa: RUF022  (in order of difficulty)
    "adam",
    "amsgrad",
    "adamw",
    "nadam",
    "radam",
    "adamax",
    "lion",
    "ademamix",
]


@rule(lr=at_least(0), beta1=below_one, beta2=below_one, eps=at_least(0))
def adam(theta, grad, t, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8) -> Step:
    r"""Adam: step along the mean gradient, measured in units of its root mean square.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \qquad \hat m_t = m_t / (1 - \beta_1^t)$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat v_t = v_t / (1 - \beta_2^t)$$
    $$\theta_t = \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    Shapes: theta, grad, m, v and all that is shown (..., d); hyper-parameters scalar or (..., 1).
    Units: m and eps as grad, v as grad squared; so lr has the units of theta, unlike SGD's.
    Ranges: lr, eps at least 0; beta1, beta2 at least 0 and below 1.
    Source: Kingma & Ba (2015), Algorithm 1, arXiv:1412.6980. Same as torch.optim.Adam, except when
    the square of a gradient overflows v_hat, above 1.8e19 in float32 and 255 in float16. torch
    never forms v_hat, so it goes on until v overflows.

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
    memory, shown = dict(m=m, v=v), dict(m_hat=m_hat, v_hat=v_hat, scale=scale)
    return Step(theta, memory, shown)


@rule(lr=at_least(0), beta1=below_one, beta2=below_one, eps=at_least(0))
def amsgrad(
    theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8
) -> Step:
    r"""AMSGrad: Adam that divides by the largest v it has ever seen.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \qquad \hat m_t = m_t / (1 - \beta_1^t)$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2$$
    $$v^{\max}_t = \max(v^{\max}_{t-1}, v_t) \qquad \hat v_t = v^{\max}_t / (1 - \beta_2^t)$$
    $$\theta_t = \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    Shapes: theta, grad, m, v, v_max and all that is shown (..., d); hyper-parameters scalar or
    (..., 1). Units: m and eps as grad, v and v_max as grad squared, lr as theta.
    Ranges: lr, eps at least 0; beta1, beta2 at least 0 and below 1.
    Source: Reddi, Kale & Kumar (2018), Algorithm 2, arXiv:1904.09237, where neither m nor v is
    corrected and there is no eps. Same as torch.optim.Adam(amsgrad=True), which takes the maximum
    before it corrects, so v_hat itself can shrink as the correction fades. Exceptions as for Adam.

    One huge gradient is remembered for good. Adam's scale has recovered 5,000 updates later:

    >>> after = dict(t=5000, m=0.0, v=0.0, lr=0.1)
    >>> round(amsgrad(0.0, 1.0, **after, v_max=100.0).shown["scale"], 4)
    0.01
    >>> round(adam(0.0, 1.0, **after).shown["scale"], 4)
    3.1516
    """
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    v_max = maximum(v_max, v)
    m_hat = m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t)
    scale = lr / (v_hat**0.5 + eps)
    theta = theta - scale * m_hat
    memory, shown = dict(m=m, v=v, v_max=v_max), dict(m_hat=m_hat, v_hat=v_hat, scale=scale)
    return Step(theta, memory, shown)


@rule(lr=at_least(0), beta1=below_one, beta2=below_one, eps=at_least(0), weight_decay=at_least(0))
def adamw(
    theta, grad, t, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
) -> Step:
    r"""AdamW: Adam, plus a decay of the parameters that doesn't depend on the gradient's units.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \qquad \hat m_t = m_t / (1 - \beta_1^t)$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat v_t = v_t / (1 - \beta_2^t)$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    Shapes: theta, grad, m, v and all that is shown (..., d); hyper-parameters scalar or (..., 1).
    Units: as Adam's; weight_decay lambda as 1 / lr.
    Ranges: lr, eps, weight_decay at least 0; beta1, beta2 at least 0 and below 1.
    Source: Loshchilov & Hutter (2019), Algorithm 2, arXiv:1711.05101. Same as torch.optim.AdamW,
    except as for Adam.
    In the paper, a schedule multiplies both terms, but lr only the second one: lambda there is
    lr * weight_decay here.

    It shrinks theta even without a gradient, by the same factor whatever the size of theta:

    >>> adamw(np.array([8.0, 1.0]), np.zeros(2), t=1, lr=0.1, weight_decay=5.0).theta
    array([4. , 0.5])
    """
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    scale = lr / (v_hat**0.5 + eps)
    theta = (1 - lr * weight_decay) * theta - scale * m_hat
    memory, shown = dict(m=m, v=v), dict(m_hat=m_hat, v_hat=v_hat, scale=scale)
    return Step(theta, memory, shown)


@rule(
    lr=at_least(0),
    beta1=below_one,
    beta2=below_one,
    eps=at_least(0),
    momentum_decay=at_least(0),
)
def nadam(
    theta,
    grad,
    t,
    m=0.0,
    v=0.0,
    mu_product=1.0,
    *,
    lr=2e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    momentum_decay=4e-3,
) -> Step:
    r"""NAdam: Adam with Nesterov's lookahead, and a beta1 that warms up.

    $$\mu_t = \beta_1 \left(1 - \tfrac12\, 0.96^{t \psi}\right)$$
    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \qquad
      \hat m_t = \frac{\mu_{t+1}\, m_t}{1 - \prod_{i=1}^{t+1} \mu_i}
               + \frac{(1 - \mu_t)\, g_t}{1 - \prod_{i=1}^{t} \mu_i}$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat v_t = v_t / (1 - \beta_2^t)$$
    $$\theta_t = \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    Shapes: theta, grad, m, v, m_hat, v_hat, scale (..., d); mu and mu_product as beta1, scalar or
    (..., 1). Units: m and eps as grad, v as grad squared, lr as theta; momentum_decay psi none.
    Ranges: lr, eps, momentum_decay at least 0; beta1, beta2 at least 0 and below 1.
    Source: Dozat (2016), Algorithm 2, openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ, who averages
    m with mu_t as well, where torch uses beta1. Same as torch.optim.NAdam, which keeps the product
    of the mu in float32, whatever theta's type, unless torch's default type is float64.

    mu starts near beta1 / 2, so the first gradient counts for more than in Adam:

    >>> nadam(0.0, 1.0, 1, lr=1.0).theta < adam(0.0, 1.0, 1, lr=1.0).theta
    True
    """
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in (t, t + 1))
    mu_product = mu_product * mu
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    ahead = mu_next * m / (1 - mu_product * mu_next)
    m_hat = ahead + (1 - mu) * grad / (1 - mu_product)
    v_hat = v / (1 - beta2**t)
    scale = lr / (v_hat**0.5 + eps)
    theta = theta - scale * m_hat
    memory = dict(m=m, v=v, mu_product=mu_product)
    shown = dict(mu=mu, m_hat=m_hat, v_hat=v_hat, scale=scale)
    return Step(theta, memory, shown)


@rule(lr=at_least(0), beta1=below_one, beta2=below_one, eps=at_least(0), tractable=at_least(4))
def radam(
    theta,
    grad,
    t,
    m=0.0,
    v=0.0,
    *,
    lr=1e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    tractable=5.0,
) -> Step:
    r"""RAdam: Adam whose adaptive rate waits until there are enough gradients to estimate it from.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \qquad \hat m_t = m_t / (1 - \beta_1^t)$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad
      l_t = \sqrt{1 - \beta_2^t} / (\sqrt{v_t} + \epsilon)$$
    $$\rho_\infty = \frac{2}{1 - \beta_2} - 1 \qquad
      \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t} \qquad
      r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\, \rho_\infty}
                       {(\rho_\infty - 4)(\rho_\infty - 2)\, \rho_t}}$$
    $$\theta_t = \theta_{t-1} - \eta\, \hat m_t \cdot
      \begin{cases} r_t\, l_t & \rho_t > \kappa \\ 1 & \text{else: momentum alone} \end{cases}$$

    Shapes: theta, grad, m, v, m_hat, scale (..., d); rho and r as beta2, scalar or (..., 1).
    Units: m and eps as grad, v as grad squared. lr has the units of theta once the variance is
    tractable, and those of SGD's lr before that: the method has a kink there.
    Ranges: lr, eps at least 0; beta1, beta2 at least 0 and below 1; tractable kappa at least 4.
    Source: Liu et al. (2020), Algorithm 2, arXiv:1908.03265. It has no eps, and calls the variance
    tractable above rho = 4; its authors' code and torch say 5. Same as torch.optim.RAdam.

    With beta2 = 0.999, five updates are momentum, and then r holds Adam back for thousands more:

    >>> [round(radam(0.0, 1.0, t).shown["r"], 3) for t in (5, 6, 100, 1000, 10_000)]
    [1.0, 0.026, 0.215, 0.645, 1.0]
    """
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    m_hat = m / (1 - beta1**t)
    adaptive = (1 - beta2**t) ** 0.5 / (v**0.5 + eps)
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    known = rho > tractable
    r = (where(known, _spread(rho), 1.0) / where(known, _spread(rho_inf), 1.0)) ** 0.5
    scale = lr * where(known, r * adaptive, 1.0)
    theta = theta - scale * m_hat
    memory, shown = dict(m=m, v=v), dict(m_hat=m_hat, rho=rho, r=r, scale=scale)
    return Step(theta, memory, shown)


def _spread(rho):
    """The spread of an adaptive rate with rho degrees of freedom; r squared is a ratio of two."""
    return (rho - 4) * (rho - 2) / rho


@rule(lr=at_least(0), beta1=below_one, beta2=below_one, eps=at_least(0))
def adamax(theta, grad, t, m=0.0, u=0.0, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8) -> Step:
    r"""Adamax: Adam with the largest recent gradient in place of the root mean square.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t$$
    $$u_t = \max(\beta_2 u_{t-1},\ |g_t| + \epsilon)$$
    $$\theta_t = \theta_{t-1} - \frac{\eta}{1 - \beta_1^t}\, m_t / u_t$$

    Shapes: theta, grad, m, u and all that is shown (..., d); hyper-parameters scalar or (..., 1).
    Units: m, u and eps as grad; lr as theta.
    Ranges: lr, eps at least 0; beta1, beta2 at least 0 and below 1.
    Source: Kingma & Ba (2015), Algorithm 2, arXiv:1412.6980, which has no eps. Same as
    torch.optim.Adamax.

    u needs no correction, and the first step has length lr:

    >>> round(adamax(1.0, 40.0, 1, lr=0.1).theta, 6)
    0.9
    """
    m = beta1 * m + (1 - beta1) * grad
    u = maximum(beta2 * u, abs(grad) + eps)
    scale = lr / (1 - beta1**t) / u
    theta = theta - scale * m
    memory, shown = dict(m=m, u=u), dict(scale=scale)
    return Step(theta, memory, shown)


@rule(lr=at_least(0), beta1=below_one, beta2=below_one, weight_decay=at_least(0))
def lion(theta, grad, t, m=0.0, *, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0) -> Step:
    r"""Lion: every coordinate moves by lr, up or down; the momentum only decides which.

    $$c_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t$$
    $$\theta_t = \theta_{t-1} - \eta\, (\mathrm{sign}(c_t) + \lambda\, \theta_{t-1})$$
    $$m_t = \beta_2 m_{t-1} + (1 - \beta_2)\, g_t$$

    Shapes: theta, grad, m, c (..., d); hyper-parameters scalar or (..., 1).
    Units: m and c as grad; lr as theta, weight_decay lambda as 1 / lr.
    Ranges: lr, weight_decay at least 0; beta1, beta2 at least 0 and below 1.
    Source: Chen et al. (2023), Algorithm 2, arXiv:2302.06675. torch has no Lion.

    A gradient of 1e-9 moves it as far as one of 40; a gradient of 0, with no memory, doesn't:

    >>> lion(np.zeros(3), np.array([40.0, -1e-9, 0.0]), t=1, lr=0.1).theta
    array([-0.1,  0.1,  0. ])
    """
    c = beta1 * m + (1 - beta1) * grad
    theta = theta - lr * (sign(c) + weight_decay * theta)
    m = beta2 * m + (1 - beta2) * grad
    memory, shown = dict(m=m), dict(c=c)
    return Step(theta, memory, shown)


@rule(
    lr=at_least(0),
    beta1=below_one,
    beta2=below_one,
    beta3=below_one,
    alpha=at_least(0),
    eps=at_least(0),
    weight_decay=at_least(0),
)
def ademamix(
    theta,
    grad,
    t,
    m1=0.0,
    m2=0.0,
    v=0.0,
    *,
    lr=1e-3,
    beta1=0.9,
    beta2=0.999,
    beta3=0.9999,
    alpha=5.0,
    eps=1e-8,
    weight_decay=0.0,
) -> Step:
    r"""AdEMAMix: AdamW with a second, slow mean of the gradients, which remembers old ones.

    $$m^1_t = \beta_1 m^1_{t-1} + (1 - \beta_1)\, g_t \qquad
      m^2_t = \beta_3 m^2_{t-1} + (1 - \beta_3)\, g_t$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat v_t = v_t / (1 - \beta_2^t)$$
    $$u_t = m^1_t / (1 - \beta_1^t) + \alpha\, m^2_t$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \eta\, u_t / (\sqrt{\hat v_t} + \epsilon)$$

    m^2 is not corrected: it fills slowly, on purpose.

    Shapes: theta, grad, m1, m2, v, mix u, v_hat, scale (..., d); hyper-parameters scalar or
    (..., 1). Units: m1, m2, mix and eps as grad, v as grad squared, lr as theta; alpha none;
    weight_decay lambda as 1 / lr.
    Ranges: lr, alpha, eps, weight_decay at least 0; beta1, beta2, beta3 at least 0 and below 1.
    Source: Pagliardini, Ablin & Grangier (2024), Algorithm 1, arXiv:2409.03137. Same as
    optax.contrib.ademamix; not in torch. Left to schedules: in the paper alpha and beta3 rise in
    the first T updates; for alpha, use alpha=lambda t: 5 * warmup(t, T).

    A hundred updates after a gradient of 1, the fast mean has forgotten it and the slow one hasn't:

    >>> memory = ademamix(0.0, 1.0, 1).memory
    >>> for t in range(2, 102):
    ...     memory = ademamix(0.0, 0.0, t, **memory).memory
    >>> round(memory["m1"] / 0.1, 6), round(memory["m2"] / 1e-4, 6)
    (2.7e-05, 0.990049)
    """
    m1 = beta1 * m1 + (1 - beta1) * grad
    m2 = beta3 * m2 + (1 - beta3) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    v_hat = v / (1 - beta2**t)
    mix = m1 / (1 - beta1**t) + alpha * m2
    scale = lr / (v_hat**0.5 + eps)
    theta = (1 - lr * weight_decay) * theta - scale * mix
    memory, shown = dict(m1=m1, m2=m2, v=v), dict(mix=mix, v_hat=v_hat, scale=scale)
    return Step(theta, memory, shown)
