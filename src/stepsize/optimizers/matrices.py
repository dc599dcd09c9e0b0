r"""Rules that see that a weight is a matrix.

theta is (..., n, m), and a column of hyper-parameters for k runs in one pass is (k, 1, 1).
"""

from typing import Any

from ..ranges import at_least, at_most, count_from
from .elementwise import maximum, minimum
from .rules import MATRIX, VECTOR, Step, rule

__all__ = [  # noqa: RUF022  (in order of difficulty)
    "adafactor_vector",
    "adafactor",
    "muon",
    "orthogonalize",
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
)
def muon(
    theta, grad, t, b=0.0, *, lr=1e-3, momentum=0.95, weight_decay=0.1, eps=1e-7, ns_steps=5
) -> Step:
    r"""Muon: momentum whose every direction is given the same length. For a matrix of weights.

    $$B_t = \mu B_{t-1} + (1 - \mu)\, G_t$$
    $$O_t = \mathrm{NewtonSchulz}_5\left((1 - \mu)\, G_t + \mu B_t\right) \approx U V^\top$$
    $$\theta_t = (1 - \eta\lambda)\, \theta_{t-1} - \eta \sqrt{\max(1, n / m)}\, O_t$$

    Shapes: theta, grad, b, update O (..., n, m); hyper-parameters scalar or (..., 1, 1).
    Units: b as grad; lr as theta; weight_decay one over lr.
    Ranges: lr, momentum, weight_decay, eps at least 0; ns_steps a whole number from 0 to 99.
    Source: Jordan et al. (2024), kellerjordan.github.io/posts/muon; the factor of n / m is that of
    his code. Same as torch.optim.Muon, which computes NewtonSchulz in bfloat16, three digits, and
    this in the type of theta. Left out: momentum without Nesterov's look ahead, other coefficients,
    the rate 0.2 sqrt(max(n, m)) that imitates AdamW's step, and all that makes it fast on many
    GPUs. Biases, embeddings and the last layer are commonly left to AdamW.

    The gradient's weak direction moves about as far as the strong one, a hundred times as steep:

    >>> step = muon(np.zeros((2, 2)), np.diag([1.0, 0.01]), t=1, lr=1.0).theta
    >>> step.round(1)
    array([[-0.7,  0. ],
           [ 0. , -0.7]])
    """
    n, m = theta.shape[-2:]
    b = momentum * b + (1 - momentum) * grad
    update = orthogonalize((1 - momentum) * grad + momentum * b, ns_steps, eps)
    theta = (1 - lr * weight_decay) * theta - lr * max(1.0, n / m) ** 0.5 * update
    memory, shown = dict(b=b), dict(update=update)
    return Step(theta, memory, shown)


def orthogonalize(matrix: Any, steps: int = 5, eps: float = 1e-7) -> Any:
    r"""Bring the singular values of a matrix near 1 and leave its singular vectors alone.

    $$X_0 = G / \max(\lVert G \rVert_F, \epsilon) \qquad A_k = X_k X_k^\top \qquad
      X_{k+1} = a X_k + (b A_k + c A_k^2)\, X_k$$

    Each step is a polynomial of every singular value, a s + b s^3 + c s^5. The larger a is, the
    sooner a small s is lifted: five steps lift even 0.005. With these three numbers it doesn't
    converge to 1: a value ends somewhere between 0.68 and 1.2, and one that began smaller, below.
    Shapes: (..., n, m) -> (..., n, m). Source: Jordan et al. (2024), as for `muon`.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = matrix.shape[-2] <= matrix.shape[-1]
    x = matrix if wide else matrix.mT
    norm = (x * x).sum(axis=(-2, -1), keepdims=True) ** 0.5
    x = x / maximum(norm, eps)
    for _ in range(int(steps)):
        A = x @ x.mT
        x = a * x + (b * A + c * A @ A) @ x
    return x if wide else x.mT
