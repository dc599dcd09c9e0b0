"""Rules that know that a weight is a matrix.

theta is (..., n, m), and a column of hyper-parameters for k runs in one pass is (k, 1, 1).
"""

from typing import Any

import numpy as np

from ..ranges import any_number, at_least, at_most, below_one, count_from
from .elementwise import maximum, minimum
from .linalg import eigenvectors, inverse_root, orthonormal
from .rules import MATRIX, VECTOR, Step, rule

__all__ = [  # noqa: RUF022  (in order of difficulty)
    "adafactor_vector",
    "adafactor",
    "muon",
    "orthogonalize",
    "shampoo",
    "soap",
]


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
    $$v_t = \hat\beta_{2t}\, v_{t-1} + (1 - \hat\beta_{2t}) (g_t^2 + \epsilon_1)$$
    $$u_t = g_t / \sqrt{v_t} \qquad \hat u_t = u_t / \max(1, \mathrm{RMS}(u_t) / d)$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \alpha_t\, \hat u_t$$

    Shapes: theta, grad, v, update (..., n); alpha (..., 1); hyper-parameters scalar or (..., 1).
    Units: eps1 as grad squared, eps2 as theta; d none; lr none, as it is a step relative to theta.
    Ranges: lr, eps1, eps2, weight_decay at least 0; beta2_decay gamma at most 0; d at least 1.
    Source: Shazeer & Stern (2018), Algorithm 5, arXiv:1804.04235, without weight decay. Same as
    torch.optim.Adafactor, except that torch, instead of adding eps1, keeps v from falling below its
    square, where eps1 is the precision of the type. So its steps differ if gradients come near
    1e-15, or 1e-7 in float32.

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
    r"""Adafactor on a matrix: of all the squared gradients, it keeps only the row and column means.

    $$R_t = \hat\beta_{2t} R_{t-1} + (1 - \hat\beta_{2t})\, \mathrm{mean}_m(G_t^2 + \epsilon_1)$$
    $$C_t = \hat\beta_{2t} C_{t-1} + (1 - \hat\beta_{2t})\, \mathrm{mean}_n(G_t^2 + \epsilon_1)$$
    $$\hat V_t = R_t / \mathrm{mean}(R_t) \cdot C_t$$
    $$U_t = G_t / \sqrt{\hat V_t} \qquad \hat U_t = U_t / \max(1, \mathrm{RMS}(U_t) / d)$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \alpha_t\, \hat U_t$$

    with rho, alpha and beta2 as for a vector. The paper has sums instead of means, with the same V.

    Shapes: theta, grad, update (..., n, m); row (..., n, 1), col (..., 1, m), so it keeps n + m
    numbers instead of n m; alpha (..., 1, 1); hyper-parameters scalar or (..., 1, 1).
    Units, ranges: as for a vector.
    Source: Shazeer & Stern (2018), Algorithm 4, arXiv:1804.04235, without weight decay. Same as
    torch.optim.Adafactor, with the same exception as for a vector and three more. torch divides by
    no mean(R) below the precision of the type, so its steps differ if gradients are below its root,
    1e-8, or 3e-4 in float32. In float32, torch stands still for gradients above 4e9. And with more
    than two axes it takes both RMS over the whole tensor, while here each matrix has its own.

    Nothing is lost if the squares are a column times a row, whatever their values:

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
    r"""Muon, for a matrix of weights: momentum in which every direction gets the same length.

    $$B_t = \mu B_{t-1} + (1 - \mu)\, G_t$$
    $$O_t = \mathrm{NewtonSchulz}_5\left((1 - \mu)\, G_t + \mu B_t\right) \approx U V^\top$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \eta s\, O_t, \qquad
      s = \sqrt{\max(1, n / m)} \ \text{ or } \ r \sqrt{\max(n, m)}$$

    The entries of O have a root mean square near 1 / sqrt(max(n, m)). If `rms` r is given, that
    of the step is lr times r, whatever the shape. With r = 0.2, it is about that of AdamW's steps,
    so that the two can share one lr.

    Shapes: theta, grad, b, update O (..., n, m); hyper-parameters scalar or (..., 1, 1).
    Units: b as grad; lr as theta; rms none; weight_decay as 1 / lr.
    Ranges: lr, momentum, weight_decay, eps, rms at least 0; ns_steps a whole number from 0 to 99;
    ns_a, ns_b, ns_c, the coefficients of `orthogonalize`, any numbers.
    Source: Jordan et al. (2024), kellerjordan.github.io/posts/muon; the first s is from his
    code, the second, with r = 0.2, from Liu et al. (2025), arXiv:2502.16982. Same as
    torch.optim.Muon (there rms=0.2 is adjust_lr_fn="match_rms_adamw"), which computes NewtonSchulz
    in bfloat16, to three digits, while this uses the type of theta. Left out: momentum without the
    lookahead, coefficients that change from step to step, and everything that makes it fast on many
    GPUs. Biases, embeddings and the last layer are commonly left to AdamW.

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

    Each step applies a polynomial to every singular value, a s + b s^3 + c s^5. The larger a is,
    the sooner a small s is lifted. With these three numbers, five steps lift even 0.005, but
    nothing converges to 1: a value ends up between 0.68 and 1.2, or lower if it began smaller.
    With 1.875, -1.25 and 0.375 it converges, but a small s takes many more steps.
    Shapes: (..., n, m) -> (..., n, m). Source: Jordan et al. (2024), as for `muon`.
    Raises: ValueError for fewer than two axes.
    """
    if np.ndim(matrix) < 2:
        raise ValueError(f"matrix must have the shape (..., n, m), not {tuple(np.shape(matrix))}")
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
    r"""Shampoo: Adagrad for a matrix, which scales every direction, not just the coordinates.

    $$L_t = L_{t-1} + G_t G_t^\top \qquad R_t = R_{t-1} + G_t^\top G_t$$
    $$\theta_t = \theta_{t-1} -
      \eta\, (L_t + \epsilon I)^{-1/4}\, G_t\, (R_t + \epsilon I)^{-1/4}$$

    All squares and products of a gradient's entries would be (n m)^2 numbers; L and R have n^2
    and m^2.

    Shapes: theta, grad, update (..., n, m); left L (..., n, n), right R (..., m, m);
    hyper-parameters scalar or (..., 1, 1).
    Units: left, right and eps as grad squared; so lr has the units of theta.
    Ranges: lr, eps at least 0.
    Source: Gupta, Koren & Singer (2018), Algorithm 1, arXiv:1802.09568; the defaults of lr and eps
    are ours. Not in torch. Left out: tensors of more than two axes, momentum, and what later made
    it practical, see Anil et al. (2020), arXiv:2002.09018: means in place of the sums, roots
    computed only once in many updates, and a step length borrowed from another rule ("grafting").

    Muon comes close to its first step: every direction moves by lr, however weak the gradient
    there.

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
    beta1=below_one,
    beta2=below_one,
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

    $$G'_t = Q_L^\top G_t\, Q_R$$
    $$M_t = \beta_1 M_{t-1} + (1 - \beta_1)\, G_t \qquad
      V_t = \beta_2 V_{t-1} + (1 - \beta_2)\, G'^2_t$$
    $$O_t = Q_L \left( Q_L^\top \hat M_t\, Q_R / (\sqrt{\hat V_t} + \epsilon) \right) Q_R^\top
      \qquad \theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \eta\, O_t$$
    $$L_t = \beta_2 L_{t-1} + (1 - \beta_2)\, G_t G_t^\top \qquad
      R_t = \beta_2 R_{t-1} + (1 - \beta_2)\, G_t^\top G_t$$

    Every f updates, the axes are updated: Q_L is the Q of a QR decomposition of L Q_L, and Q_R that
    of R Q_R. The first gradient makes no step. It only determines the axes, as the eigenvectors of
    L and R, so Adam's count in both corrections is t - 1.

    Shapes: theta, grad, m, v, update O (..., n, m); left L, q_left (..., n, n); right R, q_right
    (..., m, m); hyper-parameters scalar or (..., 1, 1); frequency f one number.
    Units: m and eps as grad; v, left, right as grad squared; lr as theta; weight_decay lambda as
    1 / lr.
    Ranges: lr, eps, weight_decay at least 0; beta1, beta2 at least 0 and below 1; frequency a whole
    number, at least 1.
    Source: Vyas et al. (2024), Algorithm 3, arXiv:2409.11321; the corrections, the decay and the
    first gradient are from their code, which adds eps before it corrects. Not in torch. Left
    out: re-sorting the axes, tensors of more than two axes, sides too long to have axes.

    Rotate the problem, and SOAP's path rotates with it. Adam's path depends on the axes:

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
