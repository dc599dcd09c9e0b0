r"""The optimizers, in order of difficulty, each a pure function that reads as its paper does.

    rule(theta, grad, t, **memory, **hyper) -> Step(theta, memory, shown)

theta, grad   the parameters and the gradient there, arrays of shape (..., d)
t             the number of this update: 1, 2, ...
memory        what the rule remembers, each with its starting value
hyper         what is chosen, after the `*`; a number, or a column (k, 1) for k runs in one pass
              (one of NumPy's float64 widens a float32 theta, as it does everywhere)

A rule changes none of its arguments. It uses operators only, so that the same lines run on Python
floats (where they need no vector or matrix), NumPy arrays and torch tensors. A run that diverges
is no error: inf and nan are results.
Every rule raises ValueError, naming argument, value and range, for a hyper-parameter that
torch.optim rejects, and for t below 1.

Two arguments that all rules share stand in none of the equations, as in torch: `maximize=True`
turns the gradient round, and `weight_decay` then adds weight_decay * theta to it, an L2 penalty.
The rules whose own equations have a weight_decay, AdamW the first of them, decay by that instead;
`decoupled(rule)` does the same to any other that steps from theta. `averaged(rule)` keeps a mean of
the weights beside any of them.
"""

from .clipping import clip_by_norm, clip_by_value
from .elementwise import maximum, sign, where
from .newer import (
    adafactor,
    adafactor_vector,
    ademamix,
    averaged,
    muon,
    prodigy,
    schedule_free_adamw,
    schedule_free_sgd,
    shampoo,
    soap,
)
from .ranges import above, at_least, fraction, share
from .rules import Rule, Step, decoupled, rule

__all__ = [  # noqa: RUF022  (in order of difficulty)
    "Rule",
    "Step",
    "sgd",
    "momentum",
    "heavy_ball",
    "nesterov",
    "adagrad",
    "rmsprop",
    "centered_rmsprop",
    "adadelta",
    "adam",
    "amsgrad",
    "adamw",
    "nadam",
    "radam",
    "adamax",
    "lion",
    "ademamix",
    "prodigy",
    "adafactor_vector",
    "adafactor",
    "muon",
    "shampoo",
    "soap",
    "schedule_free_sgd",
    "schedule_free_adamw",
    "decoupled",
    "averaged",
    "clip_by_norm",
    "clip_by_value",
]


@rule(lr=at_least(0))
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


@rule(lr=at_least(0), momentum=at_least(0), dampening=share)
def momentum(theta, grad, t, velocity=0.0, *, lr=1e-3, momentum=0.9, dampening=0.0) -> Step:
    r"""Momentum, the heavy ball: a velocity that each gradient pushes and friction slows.

    $$v_t = \mu\, v_{t-1} + (1 - \tau)\, g_t, \qquad v_1 = g_1$$
    $$\theta_t = \theta_{t-1} - \eta\, v_t$$

    Shapes: theta, grad, velocity (..., d); hyper-parameters scalar or (..., 1).
    Units: velocity as grad; lr as theta squared over loss, as SGD's.
    Ranges: lr, momentum at least 0 (at 1 and above, the velocity never dies out); dampening tau
    between 0 and 1.
    Source: Polyak (1964), doi:10.1016/0041-5553(64)90137-5, who has no dampening. Same as
    torch.optim.SGD(momentum=...), where the first gradient, too, is not dampened; but torch takes
    any dampening, and forgets it altogether where momentum = 0.

    Under a constant gradient the velocity grows to g / (1 - momentum), here ten times as much:

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
    r"""Momentum as Polyak and Sutskever write it: lr is inside the velocity, which is a step.

    $$v_t = \mu\, v_{t-1} - \eta\, g_t$$
    $$\theta_t = \theta_{t-1} + v_t$$

    Shapes: theta, grad, velocity (..., d); lr, momentum scalar or (..., 1).
    Units: velocity as theta; lr as theta squared over loss.
    Ranges: lr, momentum at least 0.
    Source: Polyak (1964), doi:10.1016/0041-5553(64)90137-5; Sutskever et al. (2013), equations 1
    and 2, proceedings.mlr.press/v28/sutskever13. torch has no such rule: `momentum` is its own.

    With a constant lr it walks the path of `momentum`. After lr drops to 0 it rolls on, with the
    velocity that the old lr gave it, where `momentum` stops dead:

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
    In 1983 the gradient is taken ahead, at phi - eta mu v. Here theta is that point ahead, so that
    the gradient is taken at theta as everywhere else: with lr and momentum constant the two are one
    method, seen from two places. And in 1983 mu is no constant: it grows towards 1.

    A first step is 1 + momentum times that of SGD, for it has looked one step further:

    >>> nesterov(0.0, 1.0, 1, lr=0.1, momentum=0.9).theta / sgd(0.0, 1.0, 1, lr=0.1).theta
    1.9
    """
    velocity = momentum * velocity + grad
    theta = theta - lr * (grad + momentum * velocity)
    memory = dict(velocity=velocity)
    return Step(theta, memory)


@rule(total=at_least(0), lr=at_least(0), lr_decay=at_least(0), eps=at_least(0))
def adagrad(theta, grad, t, total=0.0, *, lr=1e-2, lr_decay=0.0, eps=1e-10) -> Step:
    r"""Adagrad: each coordinate has a rate of its own, smaller the more gradient it has seen.

    $$G_t = G_{t-1} + g_t^2 \qquad \eta_t = \eta / (1 + (t - 1)\, \kappa)$$
    $$\theta_t = \theta_{t-1} - \eta_t\, g_t / (\sqrt{G_t} + \epsilon)$$

    Shapes: theta, grad, total G, scale (..., d); hyper-parameters scalar or (..., 1).
    Units: eps as grad, total as grad squared; so lr has the units of theta.
    Ranges: lr, lr_decay kappa, eps and the first total at least 0.
    Source: Duchi, Hazan & Singer (2011), Figure 1, jmlr.org/papers/v12/duchi11a, who have no kappa.
    Same as torch.optim.Adagrad; its initial_accumulator_value is the first `total`.

    Whoever is rarely asked takes the longer step, here ten times as long:

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


@rule(lr=at_least(0), alpha=share, eps=at_least(0), momentum=at_least(0))
def rmsprop(
    theta, grad, t, v=0.0, velocity=0.0, *, lr=1e-2, alpha=0.99, eps=1e-8, momentum=0.0
) -> Step:
    r"""RMSProp: Adagrad that forgets; the gradient in units of its recent root mean square.

    $$v_t = \alpha\, v_{t-1} + (1 - \alpha)\, g_t^2$$
    $$b_t = \mu\, b_{t-1} + g_t / (\sqrt{v_t} + \epsilon)$$
    $$\theta_t = \theta_{t-1} - \eta\, b_t$$

    Shapes: theta, grad, v, velocity b, scale (..., d); hyper-parameters scalar or (..., 1).
    Units: eps as grad, v as grad squared, velocity none; so lr has the units of theta.
    Ranges: lr, eps, momentum at least 0; alpha between 0 and 1.
    Source: Tieleman & Hinton (2012), Neural Networks for Machine Learning, lecture 6e, where alpha
    is 0.9 and momentum 0. Same as torch.optim.RMSprop, for alpha up to 1.

    v starts at 0 and is not corrected for it, so the first step is 1 / sqrt(1 - alpha) times lr:

    >>> round(rmsprop(0.0, 40.0, 1, lr=0.1).theta, 6)
    -1.0
    """
    v = alpha * v + (1 - alpha) * grad * grad
    denom = v**0.5 + eps
    velocity = momentum * velocity + grad / denom
    theta = theta - lr * velocity
    memory, shown = dict(v=v, velocity=velocity), dict(scale=lr / denom)
    return Step(theta, memory, shown)


@rule(lr=at_least(0), alpha=share, eps=at_least(0), momentum=at_least(0))
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
    Source: Graves (2013), equations 38 to 41, arXiv:1308.0850, who has eps inside the root. Same as
    torch.optim.RMSprop(centered=True), except where rounding leaves a variance below 0: there it
    counts as 0, and in torch its root is nan.

    A gradient that never changes has no deviation, and the steps grow longer and longer:

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


@rule(lr=at_least(0), rho=share, eps=at_least(0))
def adadelta(theta, grad, t, v=0.0, u=0.0, *, lr=1.0, rho=0.9, eps=1e-6) -> Step:
    r"""Adadelta: steps as long as the recent steps were, so that the units come out right.

    $$v_t = \rho\, v_{t-1} + (1 - \rho)\, g_t^2$$
    $$\Delta_t = \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}}\, g_t$$
    $$u_t = \rho\, u_{t-1} + (1 - \rho)\, \Delta_t^2$$
    $$\theta_t = \theta_{t-1} - \eta\, \Delta_t$$

    Shapes: theta, grad, v, u, delta (..., d); hyper-parameters scalar or (..., 1).
    Units: v as grad squared, u as theta squared, delta as theta; lr has none. (eps has to be both.)
    Ranges: lr, eps at least 0; rho between 0 and 1.
    Source: Zeiler (2012), Algorithm 1, arXiv:1212.5701, where lr = 1 does not appear. Same as
    torch.optim.Adadelta.

    eps starts it: the first step, for a gradient well above its root, is lr sqrt(eps / (1 - rho))
    long, and with eps = 0 there is none.

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


@rule(lr=at_least(0), beta1=fraction, beta2=fraction, eps=at_least(0))
def adam(theta, grad, t, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8) -> Step:
    r"""Adam: step along the mean gradient, measured in units of its root mean square.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \qquad \hat m_t = m_t / (1 - \beta_1^t)$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat v_t = v_t / (1 - \beta_2^t)$$
    $$\theta_t = \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    Shapes: theta, grad, m, v and all that is shown (..., d); hyper-parameters scalar or (..., 1).
    Units: m and eps as grad, v as grad squared; so lr has the units of theta, unlike SGD's.
    Ranges: lr, eps at least 0; beta1, beta2 at least 0 and below 1.
    Source: Kingma & Ba (2015), Algorithm 1, arXiv:1412.6980. Same as torch.optim.Adam, except where
    the square of a gradient overflows v_hat, above 1.8e19 in float32 and 255 in float16: torch
    never forms it, and goes on until v overflows.

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


@rule(lr=at_least(0), beta1=fraction, beta2=fraction, eps=at_least(0))
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
    before it corrects; so v_hat itself can shrink as the correction fades. Except as for Adam.

    One great gradient is remembered for good. Adam's scale has recovered 5,000 updates later:

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


@rule(lr=at_least(0), beta1=fraction, beta2=fraction, eps=at_least(0), weight_decay=at_least(0))
def adamw(
    theta, grad, t, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
) -> Step:
    r"""AdamW: Adam, and a decay of the parameters that the gradient's units don't touch.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \qquad \hat m_t = m_t / (1 - \beta_1^t)$$
    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat v_t = v_t / (1 - \beta_2^t)$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$$

    Shapes: theta, grad, m, v and all that is shown (..., d); hyper-parameters scalar or (..., 1).
    Units: as Adam's; weight_decay lambda one over lr.
    Ranges: lr, eps, weight_decay at least 0; beta1, beta2 at least 0 and below 1.
    Source: Loshchilov & Hutter (2019), Algorithm 2, arXiv:1711.05101. Same as torch.optim.AdamW,
    except as for Adam.
    In the paper a schedule multiplies both terms, and lr the second one only: lambda there is
    lr * weight_decay here.

    It shrinks theta with no gradient at all, by the same part whatever the size of theta:

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
    beta1=fraction,
    beta2=fraction,
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
    r"""NAdam: Adam with Nesterov's look ahead, and a beta1 that warms up.

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
    m with mu_t as well, where torch has beta1. Same as torch.optim.NAdam, which keeps the product
    of the mu in float32, be theta what it may, unless torch's default type is float64.

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


@rule(lr=at_least(0), beta1=fraction, beta2=fraction, eps=at_least(0), tractable=at_least(4))
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
    r"""RAdam: Adam whose adaptive rate waits until there is enough to estimate it from.

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
    Units: m and eps as grad, v as grad squared. lr has those of theta where the variance is
    tractable, and those of SGD's lr before: the method has a kink there.
    Ranges: lr, eps at least 0; beta1, beta2 at least 0 and below 1; tractable kappa at least 4.
    Source: Liu et al. (2020), Algorithm 2, arXiv:1908.03265. It has no eps, and calls the variance
    tractable above rho = 4; its authors' code and torch say 5. Same as torch.optim.RAdam.

    With beta2 = 0.999 five updates are momentum, and then r holds Adam back for thousands:

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
    """Of the adaptive rate, estimated with rho degrees of freedom: r squared compares two."""
    return (rho - 4) * (rho - 2) / rho


@rule(lr=at_least(0), beta1=fraction, beta2=fraction, eps=at_least(0))
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


@rule(lr=at_least(0), beta1=fraction, beta2=fraction, weight_decay=at_least(0))
def lion(theta, grad, t, m=0.0, *, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0) -> Step:
    r"""Lion: every coordinate moves by lr, up or down; the momentum only votes on which.

    $$c_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t$$
    $$\theta_t = \theta_{t-1} - \eta\, (\mathrm{sign}(c_t) + \lambda\, \theta_{t-1})$$
    $$m_t = \beta_2 m_{t-1} + (1 - \beta_2)\, g_t$$

    Shapes: theta, grad, m, c (..., d); hyper-parameters scalar or (..., 1).
    Units: m and c as grad; lr as theta, weight_decay lambda one over lr.
    Ranges: lr, weight_decay at least 0; beta1, beta2 at least 0 and below 1.
    Source: Chen et al. (2023), Algorithm 2, arXiv:2302.06675. torch has no Lion.

    A gradient of 1e-9 moves it as far as one of 40, and one of 0, with nothing remembered, not:

    >>> lion(np.zeros(3), np.array([40.0, -1e-9, 0.0]), t=1, lr=0.1).theta
    array([-0.1,  0.1,  0. ])
    """
    c = beta1 * m + (1 - beta1) * grad
    theta = theta - lr * (sign(c) + weight_decay * theta)
    m = beta2 * m + (1 - beta2) * grad
    memory, shown = dict(m=m), dict(c=c)
    return Step(theta, memory, shown)
