"""A second opinion: the papers' own formulas, computed with 50 digits, compared with the rules.

What torch does only proves what torch does. Here each algorithm is written once more from its
paper, in the paper's letters and order, sharing no line with `stepsize`. Its inputs are the floats
that the rule gets, taken exactly.
"""

from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp, mpf

from stepsize.optimizers import (
    adadelta,
    adafactor,
    adafactor_vector,
    adagrad,
    adam,
    adamax,
    adamw,
    ademamix,
    amsgrad,
    averaged,
    centered_rmsprop,
    heavy_ball,
    lion,
    momentum,
    muon,
    nadam,
    nesterov,
    prodigy,
    radam,
    rmsprop,
    schedule_free_adamw,
    schedule_free_sgd,
    sgd,
    shampoo,
    soap,
)
from stepsize.optimizers.matrices import orthogonalize
from stepsize.schedules import (
    cosine,
    cosine_restarts,
    inverse_sqrt,
    one_cycle,
    triangular2,
    warmup_stable_decay,
)

GRADS = [3.0, 3.0, -0.5, 7.0, 0.0, 1e-3, -40.0, 0.25]
THETA = 1.25


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


def exactly(**hyper):
    return {name: mpf(value) for name, value in hyper.items()}


def path(rule, **hyper):
    theta, memory = THETA, {}
    for t, g in enumerate(GRADS, start=1):
        theta, memory, _ = rule(theta, g, t, **memory, **hyper)
        yield theta


# Each takes g_1, g_2, ... and yields theta_1, theta_2, ...


def cauchy(theta, grads, alpha):
    for g in grads:
        theta = theta - alpha * g
        yield theta


def torch_momentum(theta, grads, gamma, mu, tau):
    """The note in torch.optim.SGD: b_1 = g_1, then b_t = mu b_(t-1) + (1 - tau) g_t."""
    b = None
    for g in grads:
        b = g if b is None else mu * b + (1 - tau) * g
        theta = theta - gamma * b
        yield theta


def sutskever(theta, grads, epsilon, mu):
    """Sutskever et al. (2013), equations 1 and 2."""
    v = 0
    for g in grads:
        v = mu * v - epsilon * g
        theta = theta + v
        yield theta


def bengio(theta, grads, epsilon, beta):
    """Bengio et al. (2013), equation 7: theta is already the point ahead."""
    v = 0
    for g in grads:
        before = v
        v = beta * before - epsilon * g
        theta = theta + beta * beta * before - (1 + beta) * epsilon * g
        yield theta


def duchi(theta, grads, eta, delta):
    """Duchi, Hazan & Singer (2011): delta I + diag(G)^(1/2)."""
    for t in range(1, len(grads) + 1):
        theta = theta - eta * grads[t - 1] / (delta + mp.sqrt(sum(g**2 for g in grads[:t])))
        yield theta


def tieleman_hinton(theta, grads, eta, decay):
    """Lecture 6e: MeanSquare(t) = 0.9 MeanSquare(t - 1) + 0.1 g^2; divide by its root."""
    mean_square = 0
    for g in grads:
        mean_square = decay * mean_square + (1 - decay) * g**2
        theta = theta - eta * g / mp.sqrt(mean_square)
        yield theta


def graves(theta, grads, n_decay, delta_decay, step):
    """Graves (2013), equations 38 to 41, with nothing added inside the root."""
    n = g_ = delta = 0
    for e in grads:
        n = n_decay * n + (1 - n_decay) * e**2
        g_ = n_decay * g_ + (1 - n_decay) * e
        delta = delta_decay * delta - step * e / mp.sqrt(n - g_**2)
        theta = theta + delta
        yield theta


def zeiler(x, grads, rho, epsilon):
    """Zeiler (2012), Algorithm 1."""

    def rms(mean):
        return mp.sqrt(mean + epsilon)

    g2 = x2 = 0
    for g in grads:
        g2 = rho * g2 + (1 - rho) * g**2
        dx = -rms(x2) / rms(g2) * g
        x2 = rho * x2 + (1 - rho) * dx**2
        x = x + dx
        yield x


def kingma_ba(theta, grads, alpha, beta1, beta2, epsilon):
    """Kingma & Ba (2015), Algorithm 1, with the sums written out as in section 3."""
    for t in range(1, len(grads) + 1):
        m = (1 - beta1) * sum(beta1 ** (t - i) * grads[i - 1] for i in range(1, t + 1))
        v = (1 - beta2) * sum(beta2 ** (t - i) * grads[i - 1] ** 2 for i in range(1, t + 1))
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - alpha * m_hat / (mp.sqrt(v_hat) + epsilon)
        yield theta


def kingma_ba_infinity(theta, grads, alpha, beta1, beta2):
    """Kingma & Ba (2015), Algorithm 2, by equation 12: a maximum over the whole past."""
    for t in range(1, len(grads) + 1):
        m = (1 - beta1) * sum(beta1 ** (t - i) * grads[i - 1] for i in range(1, t + 1))
        u = max(beta2 ** (t - i) * abs(grads[i - 1]) for i in range(1, t + 1))
        theta = theta - alpha / (1 - beta1**t) * m / u
        yield theta


def reddi(theta, grads, alpha, beta1, beta2):
    """Reddi, Kale & Kumar (2018), Algorithm 2, plus both of Adam's corrections, which it lacks."""
    m = v = v_hat = 0
    for t, g in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_hat = max(v_hat, v)
        correction = mp.sqrt(1 - beta2**t) / (1 - beta1**t)
        theta = theta - alpha * correction * m / mp.sqrt(v_hat)
        yield theta


def loshchilov_hutter(theta, grads, alpha, lambda_, beta1, beta2, epsilon):
    """Loshchilov & Hutter (2019), Algorithm 2, line 12, with eta_t = 1."""
    m = v = 0
    for t, g in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - (alpha * m_hat / (mp.sqrt(v_hat) + epsilon) + lambda_ * theta)
        yield theta


def dozat(theta, grads, alpha, beta1, beta2, psi, epsilon):
    """Dozat (2016), Algorithm 2, except that the mean m uses beta1, as in torch's note."""

    def mu(i):
        return beta1 * (1 - mpf(1) / 2 * mpf(0.96) ** (i * psi))

    m = n = 0
    for t, g in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * g
        n = beta2 * n + (1 - beta2) * g**2
        to_t = mp.fprod(mu(i) for i in range(1, t + 1))
        m_bar = mu(t + 1) * m / (1 - to_t * mu(t + 1)) + (1 - mu(t)) * g / (1 - to_t)
        theta = theta - alpha * m_bar / (mp.sqrt(n / (1 - beta2**t)) + epsilon)
        yield theta


def liu(theta, grads, alpha, beta1, beta2):
    """Liu et al. (2020), Algorithm 2."""
    m = v = 0
    rho_inf = 2 / (1 - beta2) - 1
    for t, g in enumerate(grads, start=1):
        v = beta2 * v + (1 - beta2) * g**2
        m = beta1 * m + (1 - beta1) * g
        m_hat = m / (1 - beta1**t)
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 4:
            l_t = mp.sqrt((1 - beta2**t) / v)
            r = mp.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            theta = theta - alpha * r * m_hat * l_t
        else:
            theta = theta - alpha * m_hat
        yield theta


def chen(theta, grads, eta, beta1, beta2, lambda_):
    """Chen et al. (2023), Algorithm 2."""
    m = 0
    for g in grads:
        c = beta1 * m + (1 - beta1) * g
        theta = theta - eta * (mp.sign(c) + lambda_ * theta)
        m = beta2 * m + (1 - beta2) * g
        yield theta


def pagliardini(theta, grads, eta, beta1, beta2, beta3, alpha, epsilon, lambda_):
    """Pagliardini et al. (2024), Algorithm 1, with constant alpha and beta3, sums written out."""

    def mean(beta, terms, t):
        return (1 - beta) * sum(beta ** (t - i) * terms[i - 1] for i in range(1, t + 1))

    squares = [g**2 for g in grads]
    for t in range(1, len(grads) + 1):
        m1, m2 = mean(beta1, grads, t) / (1 - beta1**t), mean(beta3, grads, t)
        nu = mean(beta2, squares, t) / (1 - beta2**t)
        theta = theta - eta * ((m1 + alpha * m2) / (mp.sqrt(nu) + epsilon) + lambda_ * theta)
        yield theta


def defazio_sgd(y, grads, gamma, beta):
    """Defazio et al. (2024), equations 3 to 5."""
    z = x = y
    for t, g in enumerate(grads, start=1):
        z = z - gamma * g
        c = mpf(1) / (t + 1)
        x = (1 - c) * x + c * z
        y = (1 - beta) * z + beta * x
        yield y


def defazio_adamw(y, grads, gamma, lambda_, beta1, beta2, epsilon):
    """Defazio et al. (2024), Algorithm 1, after its warmup."""
    z = x = y
    v = 0
    for t, g in enumerate(grads, start=1):
        v = beta2 * v + (1 - beta2) * g**2
        v_hat = v / (1 - beta2**t)
        z = z - gamma * g / (mp.sqrt(v_hat) + epsilon) - gamma * lambda_ * y
        c = gamma**2 / (t * gamma**2)
        x = (1 - c) * x + c * z
        y = (1 - beta1) * z + beta1 * x
        yield y


BETAS = dict(beta1=0.5, beta2=0.75)
PAPERS = [  # rule, its hyper-parameters, the paper, the same numbers in the paper's letters
    (sgd, dict(lr=0.1), cauchy, dict(alpha=0.1)),
    (
        momentum,
        dict(lr=0.1, momentum=0.9, dampening=0.3),
        torch_momentum,
        dict(gamma=0.1, mu=0.9, tau=0.3),
    ),
    (heavy_ball, dict(lr=0.1, momentum=0.9), sutskever, dict(epsilon=0.1, mu=0.9)),
    (nesterov, dict(lr=0.1, momentum=0.9), bengio, dict(epsilon=0.1, beta=0.9)),
    (adagrad, dict(lr=0.1, eps=0.01), duchi, dict(eta=0.1, delta=0.01)),
    (rmsprop, dict(lr=0.1, alpha=0.9, eps=0.0), tieleman_hinton, dict(eta=0.1, decay=0.9)),
    (
        centered_rmsprop,
        dict(lr=1e-4, alpha=0.95, eps=0.0, momentum=0.9),
        graves,
        dict(n_decay=0.95, delta_decay=0.9, step=1e-4),
    ),
    (adadelta, dict(rho=0.95, eps=1e-6), zeiler, dict(rho=0.95, epsilon=1e-6)),
    (
        adam,
        dict(lr=0.1, eps=1e-3, **BETAS),
        kingma_ba,
        dict(alpha=0.1, epsilon=1e-3, **BETAS),
    ),
    (adam, dict(), kingma_ba, dict(alpha=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8)),
    (amsgrad, dict(lr=0.1, eps=0.0, **BETAS), reddi, dict(alpha=0.1, **BETAS)),
    (
        adamw,
        dict(lr=0.125, weight_decay=0.5, eps=1e-3, **BETAS),
        loshchilov_hutter,
        dict(alpha=0.125, lambda_=0.0625, epsilon=1e-3, **BETAS),
    ),
    (
        nadam,
        dict(lr=0.1, eps=1e-3, momentum_decay=0.25, **BETAS),
        dozat,
        dict(alpha=0.1, epsilon=1e-3, psi=0.25, **BETAS),
    ),
    (nadam, dict(), dozat, dict(alpha=2e-3, beta1=0.9, beta2=0.999, psi=4e-3, epsilon=1e-8)),
    (radam, dict(eps=0.0, tractable=4.0), liu, dict(alpha=1e-3, beta1=0.9, beta2=0.999)),
    (
        radam,
        dict(lr=0.1, eps=0.0, beta2=0.875, tractable=4.0),
        liu,
        dict(alpha=0.1, beta1=0.9, beta2=0.875),
    ),
    (adamax, dict(lr=0.1, eps=0.0, **BETAS), kingma_ba_infinity, dict(alpha=0.1, **BETAS)),
    (
        lion,
        dict(lr=0.1, weight_decay=0.5, **BETAS),
        chen,
        dict(eta=0.1, lambda_=0.5, **BETAS),
    ),
    (
        ademamix,
        dict(lr=0.1, beta3=0.875, alpha=3.0, eps=1e-3, weight_decay=0.5, **BETAS),
        pagliardini,
        dict(eta=0.1, beta3=0.875, alpha=3.0, epsilon=1e-3, lambda_=0.5, **BETAS),
    ),
    (schedule_free_sgd, dict(lr=0.1, beta=0.75), defazio_sgd, dict(gamma=0.1, beta=0.75)),
    (
        schedule_free_adamw,
        dict(lr=0.1, weight_decay=0.5, eps=1e-3, **BETAS),
        defazio_adamw,
        dict(gamma=0.1, lambda_=0.5, epsilon=1e-3, **BETAS),
    ),
]


@pytest.mark.parametrize(
    ("rule", "hyper", "paper", "letters"), PAPERS, ids=lambda x: getattr(x, "__name__", "")
)
def test_second_opinion(rule, hyper, paper, letters):
    grads = [mpf(g) for g in GRADS]
    golden = [float(theta) for theta in paper(mpf(THETA), grads, **exactly(**letters))]
    rtol = 1e-11 if rule is centered_rmsprop else 5e-15  # v - m^2 cancels
    np.testing.assert_allclose(list(path(rule, **hyper)), golden, rtol=rtol, atol=1e-15)


@pytest.mark.parametrize("shape", [(2, 3), (5,)])
def test_second_opinion_on_adafactor(shape):
    """Shazeer & Stern (2018), Algorithms 4 and 5: with sums, and d = 1."""
    rng = np.random.default_rng(0)
    rule = adafactor if len(shape) == 2 else adafactor_vector
    theta, memory = rng.normal(size=shape), {}
    X = np.vectorize(mpf, otypes=[object])(theta)
    R = C = V = 0
    root = np.vectorize(mp.sqrt, otypes=[object])

    def rms(a):
        return mp.sqrt((a * a).sum() / a.size)

    for t in range(1, 7):
        grad = rng.normal(size=shape) * 10.0 ** rng.integers(-2, 3, size=shape)
        G = np.vectorize(mpf, otypes=[object])(grad)
        alpha = max(mpf(1e-3), rms(X)) * min(mpf(1e-2), 1 / mp.sqrt(t))
        beta = 1 - mpf(t) ** mpf(-0.8)
        squared = G * G + mpf(1e-30)
        if len(shape) == 2:
            R = beta * R + (1 - beta) * squared.sum(axis=1)
            C = beta * C + (1 - beta) * squared.sum(axis=0)
            V = np.multiply.outer(R, C) / R.sum()
        else:
            V = beta * V + (1 - beta) * squared
        U = G / root(V)
        X = X - alpha * U / max(mpf(1), rms(U) / 1)
        theta, memory, _ = rule(theta, grad, t, **memory)
        np.testing.assert_allclose(theta, X.astype(float), rtol=1e-13)


def test_second_opinion_on_muon():
    """Jordan et al. (2024): Newton-Schulz in exact fractions, except for the root in the norm."""
    G = [
        [Fraction(3, 4), Fraction(-1, 2)],
        [Fraction(1, 4), Fraction(1)],
        [Fraction(2), Fraction(0)],
    ]
    a, b, c = (Fraction(x) for x in (3.4445, -4.7750, 2.0315))

    def times(p, q):
        return [
            [sum(x * y for x, y in zip(r, s, strict=True)) for s in zip(*q, strict=True)] for r in p
        ]

    norm = Fraction(
        str(mp.sqrt(sum(mpf(x.numerator) ** 2 / x.denominator**2 for r in G for x in r)))
    )
    X = [[x / norm for x in row] for row in zip(*G, strict=True)]  # the shorter side first
    for _ in range(2):
        A = times(X, list(zip(*X, strict=True)))
        AA = times(A, A)
        B = [[b * A[i][j] + c * AA[i][j] for j in range(2)] for i in range(2)]
        BX = times(B, X)
        X = [[a * X[i][j] + BX[i][j] for j in range(3)] for i in range(2)]
    golden = np.array([[float(x) for x in row] for row in X]).T
    matrix = np.array([[float(x) for x in row] for row in G])
    np.testing.assert_allclose(orthogonalize(matrix, steps=2), golden, rtol=1e-14)

    theta = np.arange(6.0).reshape(3, 2)
    first = muon(theta, matrix, 1, lr=0.1, momentum=0.75, weight_decay=0.5)
    step = 0.1 * np.sqrt(3 / 2) * orthogonalize(matrix)  # at t = 1, the lookahead is along G, too
    np.testing.assert_allclose(first.theta, 0.95 * theta - step, rtol=1e-14)
    np.testing.assert_array_equal(first.memory["b"], 0.25 * matrix)
    look_ahead = 0.25 * 2 * matrix + 0.75 * (0.75 * 0.25 + 0.25 * 2) * matrix
    second = muon(
        first.theta, 2 * matrix, 2, **first.memory, lr=0.1, momentum=0.75, weight_decay=0.5
    )
    step = 0.1 * np.sqrt(3 / 2) * orthogonalize(look_ahead)
    np.testing.assert_allclose(second.theta, 0.95 * first.theta - step, rtol=1e-14)


def exact(array):
    """The same numbers with 50 digits."""
    return mp.matrix(np.asarray(array).tolist())


def power(matrix, p):
    """The power of a symmetric matrix without negative eigenvalues."""
    values, vectors = mp.eigsy(matrix)
    return vectors * mp.diag([value**p for value in values]) * vectors.T


def assert_near(array, matrix, rtol):
    golden = np.array(matrix.tolist(), dtype=float)
    np.testing.assert_allclose(array, golden, rtol=rtol, atol=rtol * np.abs(golden).max())


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3, 3), (1, 2)])
def test_second_opinion_on_shampoo(shape):
    """Gupta et al. (2018), Algorithm 1: L_0 = eps I, R_0 = eps I."""
    rng, (n, m) = np.random.default_rng(0), shape
    theta, memory = rng.normal(size=shape), {}
    W, L, R = exact(theta), mp.eye(n) * mpf(0.01), mp.eye(m) * mpf(0.01)
    for t in range(1, 6):
        grad = rng.normal(size=shape)
        G = exact(grad)
        L, R = L + G * G.T, R + G.T * G
        W = W - mpf(0.1) * power(L, mpf(-1) / 4) * G * power(R, mpf(-1) / 4)
        theta, memory, _ = shampoo(theta, grad, t, **memory, lr=0.1, eps=0.01)
        assert_near(theta, W, 1e-13)
    assert_near(memory["left"], L - mp.eye(n) * mpf(0.01), 1e-13)
    assert_near(memory["right"], R - mp.eye(m) * mpf(0.01), 1e-13)


def gram_schmidt(matrix):
    """The Q of QR, as in SOAP's Algorithm 4, up to signs, on which nothing else depends."""
    columns = []
    for j in range(matrix.cols):
        column = matrix[:, j]
        for other in columns:
            column = column - other * (other.T * column)[0]
        columns.append(column / mp.norm(column))
    return mp.matrix([[c[i] for c in columns] for i in range(matrix.rows)])


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3, 3)])
def test_second_opinion_on_soap(shape):
    """Vyas et al. (2024), Algorithm 3 with f = 2, both means corrected for starting at 0."""
    rng, (n, m) = np.random.default_rng(1), shape
    hyper = dict(lr=0.125, beta1=0.75, beta2=0.5, eps=1e-3, weight_decay=0.5)
    lr, b1, b2, eps, decay = (mpf(value) for value in hyper.values())
    theta, memory = rng.normal(size=shape), {}
    W, M, V, L, R, QL, QR = exact(theta), *(mp.zeros(n, m) for _ in range(2)), *[None] * 4
    for t in range(1, 9):
        grad = rng.normal(size=shape)
        G = exact(grad)
        theta, memory, _ = soap(theta, grad, t, **memory, **hyper, frequency=2)
        if t == 1:  # it only sets the axes
            L, R = (1 - b2) * G * G.T, (1 - b2) * G.T * G
            QL, QR = (mp.eigsy(side)[1][:, ::-1] for side in (L, R))
        else:
            k, along = t - 1, QL.T * G * QR
            M, V = b1 * M + (1 - b1) * G, b2 * V + (1 - b2) * along.apply(lambda x: x**2)
            top = QL.T * M * QR / (1 - b1**k)
            N = mp.matrix(n, m)
            for i in range(n):
                for j in range(m):
                    N[i, j] = top[i, j] / (mp.sqrt(V[i, j] / (1 - b2**k)) + eps)
            W = W - lr * decay * W - lr * QL * N * QR.T
            L, R = b2 * L + (1 - b2) * G * G.T, b2 * R + (1 - b2) * G.T * G
            if k % 2 == 0:
                QL, QR = gram_schmidt(L * QL), gram_schmidt(R * QR)
        assert_near(theta, W, 1e-11)


def test_second_opinion_on_prodigy():
    """Mishchenko & Defazio (2024), the version with Adam; gamma changes between updates."""
    rng, beta1, beta2, epsilon = np.random.default_rng(2), mpf(0.5), mpf(0.75), mpf(1e-3)
    theta = rng.normal(size=3)
    x = x0 = [mpf(value) for value in theta]
    memory, d, r, s, m, v = {}, mpf(0.125), mpf(0), *([mpf(0)] * 3 for _ in range(3))
    grown = 0
    for t in range(1, 13):
        grad, gamma = 10.0 * np.array(theta) * rng.uniform(0.5, 1, size=3), 1 / mpf(2) ** (t % 3)
        g, root = [mpf(value) for value in grad], mp.sqrt(beta2)
        m = [beta1 * mi + (1 - beta1) * d * gi for mi, gi in zip(m, g, strict=True)]
        v = [beta2 * vi + (1 - beta2) * d**2 * gi**2 for vi, gi in zip(v, g, strict=True)]
        inner = sum(gi * (ai - xi) for gi, ai, xi in zip(g, x0, x, strict=True))
        r = root * r + (1 - root) * gamma * d**2 * inner
        s = [root * si + (1 - root) * gamma * d**2 * gi for si, gi in zip(s, g, strict=True)]
        d_hat = r / sum(abs(si) for si in s)
        x = [
            xi - gamma * d * mi / (mp.sqrt(vi) + d * epsilon)
            for xi, mi, vi in zip(x, m, v, strict=True)
        ]
        grown += d_hat > d
        d = max(d, d_hat)
        hyper = dict(lr=float(gamma), beta1=0.5, beta2=0.75, eps=1e-3, d0=0.125)
        theta, memory, shown = prodigy(theta, grad, t, **memory, **hyper)
        np.testing.assert_allclose(theta, [float(xi) for xi in x], rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(memory["d"], [float(d)], rtol=1e-13)
        np.testing.assert_allclose(shown["d_hat"], [float(d_hat)], rtol=1e-12, atol=1e-15)
    assert 0 < grown < 12
    still = prodigy(np.ones(2), np.zeros(2), 1, lr=0.5, weight_decay=0.25, d0=0.5)
    np.testing.assert_array_equal(still.theta, (1 - 0.5 * 0.5 * 0.25) * np.ones(2))
    assert still.memory["d"] == 0.5


@pytest.mark.parametrize("after", [0, 3])
def test_second_opinion_on_averages(after):
    """A plain mean, and a running mean with its sum written out."""
    points = list(path(sgd, lr=0.1))
    thetas = [mpf(point) for point in points]
    delta, memory = mpf(0.75), [{}, {}]
    rules = averaged(sgd, after=after), averaged(sgd, decay=0.75, after=after)
    for t, g in enumerate(GRADS, start=1):
        before = points[t - 2] if t > 1 else THETA
        steps = [rule(before, g, t, **m, lr=0.1) for rule, m in zip(rules, memory, strict=True)]
        memory = [step.memory for step in steps]
        assert [step.theta for step in steps] == [points[t - 1]] * 2
        kept = thetas[after:t] or [thetas[t - 1]]
        forgetting = delta ** (len(kept) - 1) * kept[0] + (1 - delta) * sum(
            delta ** (len(kept) - 1 - i) * kept[i] for i in range(1, len(kept))
        )
        golden = [float(sum(kept) / len(kept)), float(forgetting)]
        np.testing.assert_allclose([m["average"] for m in memory], golden, rtol=1e-14)


def test_adam_second_opinion():
    """Algorithm 1; only the root is rounded, and only once."""
    b1, b2, lr, eps = Fraction(9, 10), Fraction(99, 100), Fraction(1, 10), Fraction(1, 1000)
    theta, m, v = Fraction(1), Fraction(0), Fraction(0)
    mine, memory = 1.0, {}
    for t, g in enumerate([Fraction(3), Fraction(3), Fraction(-1, 2), Fraction(7)], start=1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        root = Fraction(np.sqrt(float(v / (1 - b2**t))))
        theta -= lr * (m / (1 - b1**t)) / (root + eps)
        mine, memory, shown = adam(
            mine, float(g), t, **memory, lr=0.1, beta1=0.9, beta2=0.99, eps=1e-3
        )
        assert mine == pytest.approx(float(theta), rel=1e-14)
        assert shown["m_hat"] == pytest.approx(float(m / (1 - b1**t)), rel=1e-14)
        assert shown["v_hat"] == pytest.approx(float(v / (1 - b2**t)), rel=1e-13)
        assert shown["scale"] == pytest.approx(float(lr / (root + eps)), rel=1e-14)


def test_second_opinion_on_schedules():
    """Loshchilov & Hutter (2017), equation 5; Vaswani et al. (2017), equation 3; Smith (2017);
    Hägele et al. (2024), the cooldown 1 - sqrt((n - (N - N_decay)) / N_decay)."""
    low, high = mpf(0.125), 1
    restarts, begin, length = [], 0, 3
    for t in range(50):
        if t == begin + length:
            begin, length = t, 2 * length
        restarts.append(low + (high - low) * (1 + mp.cos(mp.pi * (t - begin) / length)) / 2)
    once = [low + (high - low) * (1 + mp.cos(mp.pi * mpf(min(t, 20)) / 20)) / 2 for t in range(50)]
    noam = [mp.sqrt(9) * min(1 / mp.sqrt(n), n * mpf(9) ** mpf(-1.5)) for n in range(1, 51)]
    height = [0, 1, 2, 3, 4, 3, 2, 1] * 7
    halved = [Fraction(height[t], 4) / 2 ** (t // 8) for t in range(50)]
    line = [Fraction(1, 4) + Fraction(3, 4) * Fraction(t, 9) for t in range(10)]
    fall = [1 + (Fraction(1, 16) - 1) * Fraction(t, 30) for t in range(1, 31)]
    cool = [1] * 30 + [1 - mp.sqrt((mpf(n) - (50 - 20)) / 20) for n in range(30, 50)]
    rising = one_cycle(
        np.arange(40), 40, 0.25, div_factor=4.0, final_div_factor=4.0, anneal="linear"
    )
    t = np.arange(50)
    for mine, golden in (
        (cosine_restarts(t, 3, 2, 0.125), restarts),
        (cosine(t, 20, 0.125), once),
        (inverse_sqrt(t, 9), noam),
        (triangular2(t, 4), halved),
        (rising, line + fall),
        (warmup_stable_decay(t, 50, 0, 20, anneal="1-sqrt"), cool),
    ):
        np.testing.assert_allclose(mine, [float(x) for x in golden], rtol=2e-15, atol=1e-16)
