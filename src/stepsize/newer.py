r"""The newest rules that a learner will hear of. Imported, as all others, from `optimizers`.

Adafactor, Muon, Shampoo and SOAP see that a weight is a matrix: theta is (..., n, m), and a column
of hyper-parameters for k runs in one pass is (k, 1, 1). Prodigy sees all weights at once, theta
(..., d). Schedule-free rules keep an eye on three points at once, and take the gradient at none
that the learner would call the model.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .elementwise import maximum, minimum, where
from .linalg import eigenvectors, inverse_root, orthonormal
from .ranges import above, any_number, at_least, at_most, count_from, fraction, require, share
from .rules import COORDINATE, MATRIX, MODEL, VECTOR, Step, looks, rule

__all__ = [
    "adafactor",
    "adafactor_vector",
    "ademamix",
    "averaged",
    "muon",
    "orthogonalize",
    "prodigy",
    "schedule_free_adamw",
    "schedule_free_sgd",
    "shampoo",
    "soap",
]


@rule(
    lr=at_least(0),
    beta1=fraction,
    beta2=fraction,
    beta3=fraction,
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

    m^2 is not corrected: it fills slowly, and that is meant.

    Shapes: theta, grad, m1, m2, v, mix u, v_hat, scale (..., d); hyper-parameters scalar or
    (..., 1). Units: m1, m2, mix and eps as grad, v as grad squared, lr as theta; alpha none;
    weight_decay lambda one over lr.
    Ranges: lr, alpha, eps, weight_decay at least 0; beta1, beta2, beta3 at least 0 and below 1.
    Source: Pagliardini, Ablin & Grangier (2024), Algorithm 1, arXiv:2409.03137. Same as
    optax.contrib.ademamix; torch has none. Left to schedules: in the paper alpha and beta3 rise in
    the first T updates, alpha by alpha=lambda t: 5 * warmup(t, T).

    A gradient of 1, and a hundred updates later: the fast mean has lost it, the slow one has not.

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


@rule(
    MODEL,
    lr=at_least(0),
    beta1=fraction,
    beta2=fraction,
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
    r"""Prodigy: Adam that finds its own rate, by how far the gradients have carried it so far.

    $$r_t = \beta_3 r_{t-1} + (1 - \beta_3)\, \eta d_t^2\,
        \langle g_t, \theta_0 - \theta_{t-1} \rangle \qquad
      s_t = \beta_3 s_{t-1} + (1 - \beta_3)\, \eta d_t^2\, g_t \qquad
      \beta_3 = \sqrt{\beta_2}$$
    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, d_t g_t \qquad
      v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, d_t^2 g_t^2$$
    $$\theta_t = (1 - \eta d_t \lambda)\, \theta_{t-1}
      - \eta d_t\, m_t / (\sqrt{v_t} + d_t \epsilon)$$
    $$d_{t+1} = \max(d_t,\ r_t / \lVert s_t \rVert_1), \qquad d_1 = d_0$$

    d estimates how far the start is from the goal, and is the rate; lr stays 1, and is what a
    schedule changes.

    Shapes: theta, grad, m, v, s, start, scale (..., d), **all parameters in one vector**, for d is
    found from all together; r, d, d_hat (..., 1); hyper-parameters scalar or (..., 1).
    Units: d as theta; m as theta times grad; eps as grad; lr none; weight_decay one over theta.
    Ranges: lr, eps, weight_decay at least 0; beta1, beta2 at least 0 and below 1; d0 above 0.
    Source: Mishchenko & Defazio (2024), the version with Adam, arXiv:2306.06101, where the means
    are not corrected for their start at 0 and nothing decays. optax.contrib.prodigy corrects them, as if lr
    were lr sqrt(1 - beta2^t) / (1 - beta1^t), and has d_{t+1} beside epsilon; torch has none. Left
    out: the factor d_coef, a bound on the growth of d, and the safeguard for a warmup.

    A goal at 5 or at 5000, the same call: d grows by itself, and doesn't grow beyond the distance.

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
    d_hat = r / where(size > 0, size, 1.0)  # as long as no gradient has come, it stays
    d = maximum(d, d_hat)
    memory = dict(m=m, v=v, r=r, s=s, d=d, start=start)
    return Step(theta, memory, dict(d_hat=d_hat, scale=scale))


@rule(
    VECTOR,
    lr=at_least(0),
    beta2_decay=at_most(0),
    eps1=at_least(0),
    eps2=at_least(0),
    d=at_least(1),
    weight_decay=at_least(0),
)
def adafactor_vector(
    theta,
    grad,
    t,
    v=0.0,
    *,
    lr=1e-2,
    beta2_decay=-0.8,
    eps1=1e-30,
    eps2=1e-3,
    d=1.0,
    weight_decay=0.0,
) -> Step:
    r"""Adafactor on a vector: RMSProp with a step relative to the size of the parameters.

    $$\rho_t = \min(\eta, 1 / \sqrt t) \qquad
      \alpha_t = \max(\epsilon_2, \mathrm{RMS}(\theta_{t-1}))\, \rho_t \qquad
      \hat\beta_{2t} = 1 - t^{\gamma}$$
    $$v_t = \hat\beta_{2t}\, v_{t-1} + (1 - \hat\beta_{2t}) (g_t^2 + \epsilon_1) \qquad
      u_t = g_t / \sqrt{v_t} \qquad \hat u_t = u_t / \max(1, \mathrm{RMS}(u_t) / d)$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \alpha_t\, \hat u_t$$

    Shapes: theta, grad, v, update (..., n); alpha (..., 1); hyper-parameters scalar or (..., 1).
    Units: eps1 as grad squared, eps2 as theta; lr, d none: it is the step relative to theta.
    Ranges: lr, eps1, eps2, weight_decay at least 0; beta2_decay gamma at most 0; d at least 1.
    Source: Shazeer & Stern (2018), Algorithm 5, arXiv:1804.04235, without weight decay. Same as
    torch.optim.Adafactor, except that torch adds no eps1, but lets v not fall below its square,
    eps1 being the precision of the type: another step where gradients come near 1e-15, or in
    float32 near 1e-7.

    A parameter a thousand times as large takes a step a thousand times as long:

    >>> for size in (1.0, 1000.0):
    ...     print(adafactor_vector(np.full(2, size), np.ones(2), t=1, lr=0.01).theta - size)
    [-0.01 -0.01]
    [-10. -10.]
    """
    rho = minimum(lr, t**-0.5)
    alpha = maximum(eps2, _rms(theta, axes=-1)) * rho
    beta2 = 1 - t**beta2_decay
    v = beta2 * v + (1 - beta2) * (grad * grad + eps1)
    u = grad / v**0.5
    update = u / maximum(1.0, _rms(u, axes=-1) / d)
    theta = (1 - lr * weight_decay) * theta - alpha * update
    memory, shown = dict(v=v), dict(alpha=alpha, update=update)
    return Step(theta, memory, shown)


@rule(
    MATRIX._replace(vectors=adafactor_vector),
    lr=at_least(0),
    beta2_decay=at_most(0),
    eps1=at_least(0),
    eps2=at_least(0),
    d=at_least(1),
    weight_decay=at_least(0),
)
def adafactor(
    theta,
    grad,
    t,
    row=0.0,
    col=0.0,
    *,
    lr=1e-2,
    beta2_decay=-0.8,
    eps1=1e-30,
    eps2=1e-3,
    d=1.0,
    weight_decay=0.0,
) -> Step:
    r"""Adafactor on a matrix: of all squared gradients it keeps the row and the column means.

    $$R_t = \hat\beta_{2t} R_{t-1} + (1 - \hat\beta_{2t})\, \mathrm{mean}_m(G_t^2 + \epsilon_1)$$
    $$C_t = \hat\beta_{2t} C_{t-1} + (1 - \hat\beta_{2t})\, \mathrm{mean}_n(G_t^2 + \epsilon_1)$$
    $$\hat V_t = R_t / \mathrm{mean}(R_t) \cdot C_t \qquad U_t = G_t / \sqrt{\hat V_t} \qquad
      \hat U_t = U_t / \max(1, \mathrm{RMS}(U_t) / d)$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \alpha_t\, \hat U_t$$

    with rho, alpha and beta2 as for a vector. The paper has sums for means: the same V.

    Shapes: theta, grad, update (..., n, m); row (..., n, 1), col (..., 1, m), so n + m numbers
    are kept and not n m; alpha (..., 1, 1); hyper-parameters scalar or (..., 1, 1).
    Units, ranges: as for a vector.
    Source: Shazeer & Stern (2018), Algorithm 4, arXiv:1804.04235, without weight decay. Same as
    torch.optim.Adafactor, except as for a vector, and that torch divides by no mean(R) below the
    precision of the type: another step where gradients are smaller than its root, 1e-8, or in
    float32 3e-4. In float32 torch stands still for gradients above 4e9. And with more than two
    axes it takes both RMS over the whole tensor; here each matrix has its own.

    Nothing is lost where the squares are a row times a column, whatever these are:

    >>> G = np.outer([1.0, 10.0, 100.0], [1.0, -2.0])
    >>> adafactor(np.zeros((3, 2)), G, t=1, lr=0.01, eps2=1.0).theta.round(6)
    array([[-0.01,  0.01],
           [-0.01,  0.01],
           [-0.01,  0.01]])
    """
    rho = minimum(lr, t**-0.5)
    alpha = maximum(eps2, _rms(theta, axes=(-2, -1))) * rho
    beta2 = 1 - t**beta2_decay
    squared = grad * grad + eps1
    row = beta2 * row + (1 - beta2) * squared.mean(axis=-1, keepdims=True)
    col = beta2 * col + (1 - beta2) * squared.mean(axis=-2, keepdims=True)
    v = row / row.mean(axis=-2, keepdims=True) * col
    u = grad / v**0.5
    update = u / maximum(1.0, _rms(u, axes=(-2, -1)) / d)
    theta = (1 - lr * weight_decay) * theta - alpha * update
    memory, shown = dict(row=row, col=col), dict(alpha=alpha, update=update)
    return Step(theta, memory, shown)


def _rms(x: Any, axes: Any) -> Any:
    """The root of the mean of the squares over the last axis, or the last two."""
    return (x * x).mean(axis=axes, keepdims=True) ** 0.5


@rule(
    MATRIX,
    lr=at_least(0),
    momentum=at_least(0),
    weight_decay=at_least(0),
    eps=at_least(0),
    ns_steps=count_from(0, below=100),
    ns_a=any_number,
    ns_b=any_number,
    ns_c=any_number,
    rms=at_least(0),
)
def muon(
    theta,
    grad,
    t,
    b=0.0,
    *,
    lr=1e-3,
    momentum=0.95,
    weight_decay=0.1,
    eps=1e-7,
    ns_steps=5,
    ns_a=3.4445,
    ns_b=-4.7750,
    ns_c=2.0315,
    rms=None,
) -> Step:
    r"""Muon: momentum whose every direction is given the same length. For a matrix of weights.

    $$B_t = \mu B_{t-1} + (1 - \mu)\, G_t$$
    $$O_t = \mathrm{NewtonSchulz}_5\left((1 - \mu)\, G_t + \mu B_t\right) \approx U V^\top$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \eta s\, O_t, \qquad
      s = \sqrt{\max(1, n / m)} \ \text{ or } \ r \sqrt{\max(n, m)}$$

    The entries of O have a root mean square near 1 / sqrt(max(n, m)). Where `rms` r is given, that
    of the step is lr times r, whatever the shape: with r = 0.2 that of a step of AdamW, so that
    both get on with one lr.

    Shapes: theta, grad, b, update O (..., n, m); hyper-parameters scalar or (..., 1, 1).
    Units: b as grad; lr as theta; rms none; weight_decay one over lr.
    Ranges: lr, momentum, weight_decay, eps, rms at least 0; ns_steps a whole number from 0 to 99;
    ns_a, ns_b, ns_c, the coefficients of `orthogonalize`, any numbers.
    Source: Jordan et al. (2024), kellerjordan.github.io/posts/muon; the first s is that of his
    code, the second, with r = 0.2, of Liu et al. (2025), arXiv:2502.16982. Same as torch.optim.Muon
    (there rms=0.2 is adjust_lr_fn="match_rms_adamw"), which computes NewtonSchulz in bfloat16,
    three digits, and this in the type of theta. Left out: momentum without Nesterov's look ahead,
    coefficients that change from step to step, and all that makes it fast on many GPUs. Biases,
    embeddings and the last layer are commonly left to AdamW.

    The gradient's weak direction moves about as far as the strong one, a hundred times as steep:

    >>> step = muon(np.zeros((2, 2)), np.diag([1.0, 0.01]), t=1, lr=1.0).theta
    >>> step.round(1)
    array([[-0.7,  0. ],
           [ 0. , -0.7]])
    """
    n, m = theta.shape[-2:]
    b = momentum * b + (1 - momentum) * grad
    ahead = (1 - momentum) * grad + momentum * b
    update = orthogonalize(ahead, ns_steps, eps, ns_a, ns_b, ns_c)
    scale = max(1.0, n / m) ** 0.5 if rms is None else rms * max(n, m) ** 0.5
    theta = (1 - lr * weight_decay) * theta - lr * scale * update
    memory, shown = dict(b=b), dict(update=update)
    return Step(theta, memory, shown)


def orthogonalize(
    matrix: Any,
    steps: int = 5,
    eps: float = 1e-7,
    a: float = 3.4445,
    b: float = -4.7750,
    c: float = 2.0315,
) -> Any:
    r"""Bring the singular values of a matrix near 1 and leave its singular vectors alone.

    $$X_0 = G / \max(\lVert G \rVert_F, \epsilon) \qquad A_k = X_k X_k^\top \qquad
      X_{k+1} = a X_k + (b A_k + c A_k^2)\, X_k$$

    Each step is a polynomial of every singular value, a s + b s^3 + c s^5. The larger a is, the
    sooner a small s is lifted: with these three numbers five steps lift even 0.005, but nothing
    converges to 1: a value ends somewhere between 0.68 and 1.2, and one that began smaller, below.
    With 1.875, -1.25 and 0.375 it converges, and a small s takes many more steps.
    Shapes: (..., n, m) -> (..., n, m). Source: Jordan et al. (2024), as for `muon`.
    """
    wide = matrix.shape[-2] <= matrix.shape[-1]
    x = matrix if wide else matrix.mT
    norm = (x * x).sum(axis=(-2, -1), keepdims=True) ** 0.5
    x = x / maximum(norm, eps)
    for _ in range(int(steps)):
        A = x @ x.mT
        x = a * x + (b * A + c * A @ A) @ x
    return x if wide else x.mT


@rule(MATRIX, lr=at_least(0), eps=at_least(0))
def shampoo(theta, grad, t, left=0.0, right=0.0, *, lr=1e-2, eps=1e-4) -> Step:
    r"""Shampoo: Adagrad that also turns: it undoes the size of the gradients in every direction.

    $$L_t = L_{t-1} + G_t G_t^\top \qquad R_t = R_{t-1} + G_t^\top G_t$$
    $$\theta_t = \theta_{t-1} -
      \eta\, (L_t + \epsilon I)^{-1/4}\, G_t\, (R_t + \epsilon I)^{-1/4}$$

    All squares of a gradient, with all their products, would be (n m)^2 numbers; L and R are n^2
    and m^2.

    Shapes: theta, grad, update (..., n, m); left L (..., n, n), right R (..., m, m);
    hyper-parameters scalar or (..., 1, 1).
    Units: left, right and eps as grad squared; so lr has the units of theta.
    Ranges: lr, eps at least 0.
    Source: Gupta, Koren & Singer (2018), Algorithm 1, arXiv:1802.09568; lr and eps are choices of
    ours. torch has none. Left out: tensors of more than two axes, momentum, and what later made it
    practical, as Anil et al. (2020), arXiv:2002.09018: means in place of the sums, roots that are
    taken once in many updates, and a length of step borrowed from another rule ("grafting").

    The first step is what Muon comes near to: every direction moves by lr, however weak it is.

    >>> step = shampoo(np.zeros((2, 2)), np.diag([1.0, 0.01]), t=1, lr=1.0, eps=0.0)
    >>> step.theta.round(6)
    array([[-1.,  0.],
           [ 0., -1.]])
    """
    left = left + grad @ grad.mT
    right = right + grad.mT @ grad
    update = inverse_root(left, 4, eps) @ grad @ inverse_root(right, 4, eps)
    theta = theta - lr * update
    memory, shown = dict(left=left, right=right), dict(update=update)
    return Step(theta, memory, shown)


@rule(
    MATRIX,
    lr=at_least(0),
    beta1=fraction,
    beta2=fraction,
    eps=at_least(0),
    weight_decay=at_least(0),
    frequency=count_from(1),
)
def soap(
    theta,
    grad,
    t,
    m=0.0,
    v=0.0,
    left=0.0,
    right=0.0,
    q_left=None,
    q_right=None,
    *,
    lr=3e-3,
    beta1=0.95,
    beta2=0.95,
    eps=1e-8,
    weight_decay=1e-2,
    frequency=10,
) -> Step:
    r"""SOAP: Adam, along the axes that Shampoo finds.

    $$G'_t = Q_L^\top G_t\, Q_R \qquad
      M_t = \beta_1 M_{t-1} + (1 - \beta_1)\, G_t \qquad
      V_t = \beta_2 V_{t-1} + (1 - \beta_2)\, G'^2_t$$
    $$O_t = Q_L \left( Q_L^\top \hat M_t\, Q_R / (\sqrt{\hat V_t} + \epsilon) \right) Q_R^\top
      \qquad \theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \eta\, O_t$$
    $$L_t = \beta_2 L_{t-1} + (1 - \beta_2)\, G_t G_t^\top \qquad
      R_t = \beta_2 R_{t-1} + (1 - \beta_2)\, G_t^\top G_t$$

    Every f updates the axes follow: Q_L is the Q of a QR decomposition of L Q_L, and Q_R that of
    R Q_R. The first gradient makes no step: it only says where the axes lie, the eigenvectors of
    L and R. So Adam's count, in both corrections, is t - 1.

    Shapes: theta, grad, m, v, update O (..., n, m); left L, q_left (..., n, n); right R, q_right
    (..., m, m); hyper-parameters scalar or (..., 1, 1); frequency f one number.
    Units: m and eps as grad; v, left, right as grad squared; lr as theta; weight_decay lambda one
    over lr.
    Ranges: lr, eps, weight_decay at least 0; beta1, beta2 at least 0 and below 1; frequency a whole
    number, at least 1.
    Source: Vyas et al. (2024), Algorithm 3, arXiv:2409.11321; the corrections, the decay and the
    first gradient are those of their code, which adds eps before it corrects. torch has none. Left
    out: axes that are sorted anew, tensors of more than two axes, a side too long to have axes.

    Turned round, a problem is the same to SOAP. Adam's steps depend on how the axes lie:

    >>> turn, G = np.array([[0.8, -0.6], [0.6, 0.8]]), np.diag([100.0, 1.0])
    >>> def second(G):
    ...     first = soap(np.zeros((2, 2)), G, 1)
    ...     return soap(first.theta, G, 2, **first.memory, lr=1.0).theta
    >>> np.allclose(second(turn @ G), turn @ second(G), atol=1e-4)
    True
    """
    left = beta2 * left + (1 - beta2) * grad @ grad.mT
    right = beta2 * right + (1 - beta2) * grad.mT @ grad
    if q_left is None:
        axes = dict(q_left=eigenvectors(left), q_right=eigenvectors(right))
        return Step(theta, dict(m=0 * grad, v=0 * grad, left=left, right=right) | axes)
    k = t - 1
    along = q_left.mT @ grad @ q_right
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * along * along
    m_hat = q_left.mT @ m @ q_right / (1 - beta1**k)
    v_hat = v / (1 - beta2**k)
    update = q_left @ (m_hat / (v_hat**0.5 + eps)) @ q_right.mT
    theta = (1 - lr * weight_decay) * theta - lr * update
    if k % frequency == 0:
        q_left, q_right = orthonormal(left @ q_left), orthonormal(right @ q_right)
    memory = dict(m=m, v=v, left=left, right=right, q_left=q_left, q_right=q_right)
    return Step(theta, memory, dict(update=update))


@rule(COORDINATE._replace(model="x"), lr=at_least(0), beta=fraction)
def schedule_free_sgd(theta, grad, t, z=None, x=None, *, lr=1e-2, beta=0.9) -> Step:
    r"""Schedule-free SGD: no decay of the rate, for the model is the mean of the walk.

    $$z_{t+1} = z_t - \eta\, g_t, \qquad g_t \text{ at } y_t$$
    $$x_{t+1} = (1 - c_{t+1})\, x_t + c_{t+1}\, z_{t+1}, \qquad c_{t+1} = 1 / (t + 1)$$
    $$y_{t+1} = (1 - \beta)\, z_{t+1} + \beta\, x_{t+1}$$

    theta is y, where the gradient is taken. **The model is x**, the mean of all z so far: what is
    to be evaluated is the x of the trace, and the loss in the trace is that of y. All start at one
    point, z_1 = x_1 = y_1.

    Shapes: theta, grad, z, x (..., d); hyper-parameters scalar or (..., 1).
    Units: lr as theta squared over loss, as SGD's.
    Ranges: lr at least 0; beta at least 0 and below 1.
    Source: Defazio et al. (2024), equations 3 to 5, arXiv:2405.15682. torch has none. Their code
    weighs z by the square of lr, and leaves the starting point out of the mean.

    z goes to and fro between -1 and 1 for ever; its mean comes to rest:

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
    COORDINATE._replace(model="x"),
    lr=at_least(0),
    beta1=fraction,
    beta2=fraction,
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

    theta is y, where the gradient is taken. **The model is x**: what is to be evaluated is the x of
    the trace. beta1 takes momentum's place. Warm up by lr=lambda t: 0.1 * warmup(t, 100).

    Shapes: theta, grad, z, x, v, v_hat, scale (..., d); weight, the sum of lr squared, as lr.
    Units: eps as grad, v as grad squared; lr as theta; weight_decay lambda one over lr.
    Ranges: lr, eps, weight_decay at least 0; beta1, beta2 at least 0 and below 1.
    Source: Defazio et al. (2024), Algorithm 1, arXiv:2405.15682; warmup is left to a schedule.
    torch has none.

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
    c = lr * lr / where(weight > 0, weight, 1.0)  # as long as lr is 0, the mean stays
    x = (1 - c) * x + c * z
    theta = (1 - beta1) * z + beta1 * x
    memory, shown = dict(z=z, x=x, v=v, weight=weight), dict(v_hat=v_hat, scale=scale, c=c)
    return Step(theta, memory, shown)


def averaged(
    rule: Callable[..., Step], decay: float | None = None, after: int = 0
) -> Callable[..., Step]:
    r"""The same rule, and beside it a mean of all the points that it comes by.

    $$\bar\theta_t = (1 - c_t)\, \bar\theta_{t-1} + c_t\, \theta_t, \qquad
      c_t = \frac{1}{t - T} \ \text{ or } \ 1 - \delta, \qquad c_t = 1 \text{ for } t \le T + 1$$

    Without a `decay` delta it is the plain mean (SWA, Polyak and Ruppert's averaging), with one a
    running mean (EMA) that forgets. `after` T leaves the first updates out. The rule steps as it
    did and doesn't know. **The model is the mean**: the `average` of the trace, which is not where
    the loss of the trace was measured; in `as_torch`, what `eval()` puts in place.

    Shapes, units: average as theta.
    Ranges: decay between 0 and 1; after a whole number, at least 0.
    Source: Polyak & Juditsky (1992), doi:10.1137/0330046; SWA: Izmailov et al. (2018),
    arXiv:1803.05407. Same as torch.optim.swa_utils.AveragedModel, updated after each update from
    the (T + 1)-th on, and with decay as get_ema_avg_fn(decay) and as Keras's use_ema. Optax's ema
    corrects for a start at 0, which gives the first points less weight.
    Raises: ValueError for a rule that keeps a mean already, as the schedule-free ones.

    At the edge of stability SGD goes back and forth forever; the mean of its points comes to rest.

    >>> from stepsize import descend, optimizers, surfaces
    >>> rule = averaged(optimizers.sgd)
    >>> trace = descend(rule, surfaces.bowl, [4.0, 2.0], 1000, lr=2.0)
    >>> trace.theta[-1], np.allclose(trace.average[-1], 0)
    (array([4., 2.]), True)
    """
    if decay is not None:
        require("decay", decay, share)
    require("after", after, count_from(0))
    looked = looks(rule)
    if looked.model:
        raise ValueError(f"rule must keep no mean of its own, and {rule.__name__} does")
    header = inspect.signature(rule)
    before, own = [*header.parameters.values()][:3], [*header.parameters.values()][3:]
    average = inspect.Parameter("average", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
    mean_too = functools.partial(_mean_too, rule, decay, after)  # which can be pickled
    functools.update_wrapper(mean_too, rule)
    if looked.vectors is not None:
        looked = looked._replace(vectors=averaged(looked.vectors, decay, after))
    name = f"averaged_{rule.__name__}"
    signature = header.replace(parameters=[*before, average, *own])
    vars(mean_too).update(
        __name__=name,
        __qualname__=name,
        __signature__=signature,
        looks=looked._replace(model="average"),
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
