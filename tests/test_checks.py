"""Checks: every known mistake is named, no right answer is refused, nothing breaks the notebook."""

import _thread
import pickle
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

from stepsize import Step, check, descend
from stepsize.checks import hand_in, lesson_05, sandbox
from stepsize.checks.catalog import EXERCISES, LESSONS
from stepsize.checks.judging import judge
from stepsize.checks.lesson_05 import two_adams
from stepsize.checks.watchdog import Limits
from stepsize.learner.progress import LAST
from stepsize.learner.verdict import Verdict
from stepsize.optimizers import adam
from stepsize.surfaces import Gradients

from . import PATIENCE
from .answers import sgd_that, written


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path / "home"))


@pytest.fixture
def impatient(monkeypatch):
    """One second is enough to see that an answer doesn't end."""
    hasty = {name: replace(exercise, seconds=1.0) for name, exercise in EXERCISES.items()}
    monkeypatch.setattr(hand_in, "EXERCISES", hasty)


# --- The exercises ----------------------------------------------------------------------------

VARIANTS = [
    pytest.param(exercise, name, variant, id=f"{exercise.name}-{name}-{i}".replace(" ", "_"))
    for exercise in EXERCISES.values()
    for name, mistake in exercise.mistakes.items()
    for i, variant in enumerate(mistake.variants)
]


@pytest.mark.parametrize(("exercise", "name", "variant"), VARIANTS)
def test_a_known_mistake_is_named(exercise, name, variant):
    verdict = judge(exercise, variant)
    assert (verdict.status, verdict.mistake) == ("wrong", name)
    assert verdict.text == exercise.mistakes[name].sentence


# A measured number has its own tolerance.
COMPUTED = [variant for variant in VARIANTS if variant.values[0].rtol]


@pytest.mark.parametrize(("exercise", "name", "variant"), COMPUTED)
def test_a_mistake_is_far_from_right(exercise, name, variant):
    """Rounding never decides: even a tolerance a hundred times as large tells them apart."""
    lenient = replace(exercise, rtol=100 * exercise.rtol, atol=100 * exercise.atol)
    assert judge(lenient, variant).mistake == name


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_an_exercise_teaches(exercise):
    assert len(exercise.mistakes) >= 4
    assert judge(exercise, exercise.reference) == Verdict(exercise.name, "right", exercise.praise)
    sentences = [mistake.sentence for mistake in exercise.mistakes.values()]
    assert len(set(sentences)) == len(sentences)
    for sentence in [*sentences, exercise.praise, *filter(None, [exercise.hint])]:
        assert sentence[-1] in ".?" and "lr *" not in sentence and len(sentence) < 200, sentence


def test_names_follow_the_lessons():
    lessons = sorted((Path(__file__).parents[1] / "lessons").glob("[0-9][0-9]-*.md"))
    *numbers, last = [int(lesson.name[:2]) for lesson in lessons]
    assert LAST.startswith(f"{last} "), "the last check has questions in place of exercises"
    for number, (title, names) in zip(numbers, LESSONS.items(), strict=True):
        assert title.startswith(f"{number} ")
        assert names == [f"{number}.{i}" for i in range(1, len(names) + 1)]


RIGHT = {
    "0.1": [
        "def step_down(x, slope, lr): return x - lr * slope",
        "def step_down(position, steepness, rate): return -(rate * steepness - position)",
        """
def step_down(x, slope, lr):
    x = np.array([x])
    x -= np.float32(lr) * slope
    return x
""",
    ],
    "1.1": [
        "def my_sgd(theta, grad, t, *, lr): return Step(theta - lr * grad)",
        """
def my_sgd(theta, grad, t, *, lr=0.1, **others):
    new = theta.copy()
    for i in range(len(new)):
        new[i] -= lr * grad[i]
    return Step(new, memory={}, shown={"length": np.linalg.norm(lr * grad)})
""",
        "def my_sgd(theta, grad, t, *, lr): return Step([p - lr * g for p, g in zip(theta, grad)])",
        """
def my_sgd(theta, grad, t, updates=0, *, lr):
    new = np.array([p - lr * g for p, g in zip(theta, grad)])
    return Step(theta=new, memory=dict(updates=updates + 1))
""",
        """
class Rule:
    def __call__(self, theta, grad, t, lr):
        return Step(np.add(theta, np.multiply(grad, -lr)).astype(np.float32))

my_sgd = Rule()
""",
    ],
    "1.2": [
        """
def my_descent(grad, theta, lr, steps):
    places = [theta]
    for _ in range(steps):
        theta = theta - lr * grad(theta)
        places.append(theta)
    return np.array(places)
""",
        """
def my_descent(f, x, eta, n):
    path = np.empty((n + 1, len(x)))
    path[0] = x
    for i in range(n):
        path[i + 1] = path[i] - eta * f(path[i])
    return path
""",
        """
def my_descent(grad, theta, lr, steps):
    if steps == 0:
        return theta[None]
    return np.vstack([theta, my_descent(grad, theta - lr * grad(theta), lr, steps - 1)])
""",
        """
def my_descent(grad, theta, lr, steps):
    theta, k, places = theta.copy(), 0, []
    while k <= steps:
        places += [theta.copy()]
        theta -= lr * grad(theta)
        k += 1
    return np.stack(places)
""",
    ],
    "1.3": [
        "def max_stable_lr(curvatures): return 2 / np.max(curvatures)",
        "def max_stable_lr(h): return min(2 / h)",
        """
def max_stable_lr(curvatures):
    steepest = 0
    for h in curvatures:
        if h > steepest:
            steepest = h
    return np.array([2.0 / steepest])
""",
    ],
    "2.1": [
        """
def my_batch(X, y, batch_size, rng):
    chosen = rng.choice(len(X), size=batch_size, replace=False)
    return X[chosen], y[chosen]
""",
        """
def my_batch(X, y, batch_size, rng):
    order = list(range(len(y)))
    rng.shuffle(order)
    return [X[order[-batch_size:]], y[order[-batch_size:]]]
""",
        """
def my_batch(X, y, batch_size, rng):
    chosen = np.sort(rng.permutation(X.shape[0])[:batch_size])
    return np.stack([X[i] for i in chosen]), np.array([y[i] for i in chosen])
""",
        """
def my_batch(X, y, batch_size, rng):
    left, chosen = list(range(len(X))), []
    while len(chosen) < batch_size:
        chosen.append(left.pop(rng.integers(len(left))))
    return X.take(chosen, axis=0), y.take(chosen)
""",
        """
def my_batch(X, y, batch_size, rng):
    both = rng.permutation(np.column_stack([X, y]))[:batch_size]
    return both[:, :-1], both[:, -1]
""",
    ],
    "2.2": [
        """
def my_epoch(theta, X, y, lr, batch_size, rng):
    order = rng.permutation(len(X))
    for first in range(0, len(X), batch_size):
        chosen = order[first : first + batch_size]
        error = X[chosen] @ theta - y[chosen]
        theta = theta - lr * 2 * error @ X[chosen] / len(chosen)
    return theta
""",
        """
def my_epoch(theta, X, y, lr, batch_size, rng):
    left = list(range(len(y)))
    rng.shuffle(left)
    while left:
        now, left = left[:batch_size], left[batch_size:]
        gradient = np.zeros(len(theta))
        for i in now:
            gradient += 2 / len(now) * (np.dot(X[i], theta) - y[i]) * X[i]
        theta = theta - lr * gradient
    return theta
""",
        """
def my_epoch(theta, X, y, lr, batch_size, rng):
    new = np.array(theta)
    both = rng.permutation(np.column_stack([X, y]))
    for part in np.split(both, range(batch_size, len(both), batch_size)):
        A, b = part[:, :-1], part[:, -1]
        new -= lr * np.mean(2 * (A @ new - b)[:, None] * A, axis=0)
    return new
""",
    ],
    "3.1": [
        """
def my_momentum(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = momentum * velocity + grad
    return Step(theta - lr * velocity, dict(velocity=velocity))
""",
        """
def my_momentum(theta, grad, t, v=None, *, lr, momentum):
    v = grad if v is None else momentum * v + grad
    return Step(np.subtract(theta, np.multiply(lr, v)), {"v": v})
""",
        """
def my_momentum(theta, grad, t, before=(), left=(), *, lr, momentum):  # no velocity, all gradients
    gradients, left = [*before, grad], [*(momentum * share for share in left), 1.0]
    velocity = sum(share * g for share, g in zip(left, gradients, strict=True))
    new = theta.copy()
    new -= lr * velocity.astype(np.float32)
    return Step(new, {"before": np.array(gradients), "left": left})
""",
    ],
    "3.2": [
        """
def best_settings(curvatures):
    kappa = max(curvatures) / min(curvatures)
    mu = ((kappa**0.5 - 1) / (kappa**0.5 + 1)) ** 2
    return np.array([(1 + mu**0.5) ** 2 / max(curvatures), mu])
""",
        """
def best_settings(h):
    roots = np.sqrt(np.sort(h))
    total = roots[0] + roots[-1]
    return np.array([4 / total**2, (1 - 2 * roots[0] / total) ** 2])
""",
        """
def best_settings(curvatures):
    high, low = max(curvatures) ** 0.5, min(curvatures) ** 0.5
    lr = np.float32(4 / (high + low) ** 2)
    return np.array([lr, ((low - high) / (low + high)) ** 2])
""",
    ],
    "3.3": [
        """
def my_nesterov(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = momentum * velocity + grad
    return Step(theta - lr * (grad + momentum * velocity), dict(velocity=velocity))
""",
        """
def my_nesterov(theta, grad, t, v=None, *, lr, momentum):
    v = np.zeros(theta.shape) if v is None else v.copy()
    v *= momentum
    v += grad
    return Step(theta - lr * grad - lr * momentum * v, {"v": v}, {"speed": np.abs(v)})
""",
        """
def my_nesterov(theta, grad, t, old=0.0, *, lr, momentum):
    step = (1 + momentum) * grad + momentum**2 * old
    return Step(np.float32(theta - lr * step), dict(old=momentum * old + grad))
""",
    ],
    "3.4": [
        "def to_sutskever(velocity, lr): return -lr * velocity",
        "def f(v, eta): return np.array([-(eta * x) for x in v])",
        "def f(velocity, lr): return np.float32(0) - velocity * lr",
    ],
    "3.5": [
        "def to_torch(velocity, lr, new_lr): return -velocity / new_lr",
        "def f(v, old, new): return -1 / new * v.astype(np.float32)",
        "def f(velocity, lr, new_lr): return -(velocity / lr) * (lr / new_lr)",
    ],
    "4.1": [
        """
def my_adagrad(theta, grad, t, total=0.0, *, lr, eps):
    total = total + grad**2
    theta = theta - lr * grad / (np.sqrt(total) + eps)
    return Step(theta, dict(total=total))
""",
        """
def my_adagrad(theta, grad, t, seen=(), *, lr, eps):
    seen = [*seen, grad]
    below = np.linalg.norm(seen, axis=0) + eps
    return Step(theta - grad * (lr / below).astype(np.float32), {"seen": np.array(seen)})
""",
        """
def my_adagrad(theta, grad, t, total=None, *, lr, eps):
    total = np.zeros(len(theta)) if t == 1 else total
    new = theta.copy()
    for i, g in enumerate(grad):
        total[i] += g * g
        new[i] -= lr * g / (total[i] ** 0.5 + eps)
    return Step(new, dict(total=total))
""",
    ],
    "4.3": [
        """
def my_rmsprop(theta, grad, t, v=0.0, *, lr, alpha, eps):
    v = alpha * v + (1 - alpha) * grad**2
    return Step(theta - lr * grad / (v**0.5 + eps), dict(v=v))
""",
        """
def my_rmsprop(theta, grad, t, mean=None, *, lr, alpha, eps):
    mean = np.zeros_like(theta) if mean is None else mean
    mean = mean + (1 - alpha) * (np.square(grad) - mean)
    return Step(theta - lr / (np.sqrt(mean) + eps) * grad, dict(mean=mean))
""",
        """
def my_rmsprop(theta, grad, t, squares=(), *, lr, alpha, eps):
    squares = [*squares, grad**2]
    v = (1 - alpha) * sum(alpha**age * s for age, s in enumerate(reversed(squares)))
    return Step(theta - lr * grad / (v**0.5 + eps), dict(squares=np.array(squares)))
""",
    ],
    "5.1": [
        """
def my_first_adam(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    theta = theta - lr * m / (v**0.5 + eps)
    return Step(theta, dict(m=m, v=v))
""",
        """
def my_first_adam(theta, grad, t, m=None, v=None, *, lr, beta1, beta2, eps):
    if t == 1:
        m, v = np.zeros(len(theta)), np.zeros(len(theta))
    m = m + (1 - beta1) * (grad - m)
    v = v - (1 - beta2) * (v - grad * grad)
    return Step(theta - lr * m / (np.sqrt(v) + eps), {"m": m, "v": v})
""",
        """
def my_first_adam(theta, grad, t, first=0.0, second=0.0, *, lr, beta1, beta2, eps):
    new, ms, vs = [], [], []
    for i, g in enumerate(grad):
        ms.append(beta1 * (first if t == 1 else first[i]) + g * (1 - beta1))
        vs.append(beta2 * (second if t == 1 else second[i]) + g * g * (1 - beta2))
        new.append(theta[i] - lr * ms[i] / (vs[i] ** 0.5 + eps))
    return Step(np.array(new), dict(first=np.array(ms), second=np.array(vs)))
""",
    ],
    "5.2": [
        """
def my_adam(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - lr * m_hat / (v_hat**0.5 + eps)
    return Step(theta, dict(m=m, v=v), dict(m_hat=m_hat, v_hat=v_hat))
""",
        """
def my_adam(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * np.square(grad)
    root = np.sqrt(1 - np.power(beta2, t))
    size = lr * root / (1 - np.power(beta1, t))
    return Step(theta - size * m / (np.sqrt(v) + eps * root), dict(m=m, v=v))
""",
        """
def my_adam(theta, grad, t, m=0.0, v=0.0, weight1=0.0, weight2=0.0, *, lr, beta1, beta2, eps):
    m, weight1 = beta1 * m + (1 - beta1) * grad, beta1 * weight1 + 1 - beta1
    v, weight2 = beta2 * v + (1 - beta2) * grad * grad, beta2 * weight2 + 1 - beta2
    new = theta - lr * (m / weight1) / ((v / weight2) ** 0.5 + eps)
    return Step(new, dict(m=m, v=v, weight1=weight1, weight2=weight2))
""",
        """
def my_adam(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
    m = np.asarray(beta1 * m + (1 - beta1) * grad, dtype=np.float32)
    v = np.asarray(beta2 * v + (1 - beta2) * grad**2, dtype=np.float32)
    fix = [1 - beta**t for beta in (beta1, beta2)]
    return Step(theta - lr * (m / fix[0]) / ((v / fix[1]) ** 0.5 + eps), dict(m=m, v=v))
""",
    ],
    "5.3": [
        """
def first_step(grad, lr, beta1, beta2):
    without = (1 - beta1) / np.sqrt(1 - beta2)
    return -lr * np.sign(grad) * np.array([without, 1.0])
""",
        """
def first_step(g, lr, b1, b2):
    m, v = (1 - b1) * g, (1 - b2) * g**2
    return np.array([-lr * m / v**0.5, -lr * g / abs(g)])
""",
        """
def first_step(grad, lr, beta1, beta2):
    way = -lr if grad > 0 else lr
    return np.float32(way) * np.r_[(1 - beta1) * (1 - beta2) ** -0.5, 1]
""",
    ],
    "5.5": [
        "def eps_that_leaves(share, grad): return np.abs(grad) * (1 / share - 1)",
        "def eps_that_leaves(s, g): return abs(g) / s - abs(g)",
        "def eps_that_leaves(s, grad): return np.array([(1 - s) / s * (grad**2) ** 0.5])",
    ],
    "6.1": [
        """
def f(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps, weight_decay):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return Step(theta - lr * (step + weight_decay * theta), dict(m=m, v=v))
""",
        """
def f(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps, weight_decay):
    kept = theta * (1 - lr * weight_decay)
    new, memory = np.empty_like(theta), dict(m=np.zeros_like(theta) + m, v=np.zeros_like(theta) + v)
    for i, g in enumerate(grad):
        memory["m"][i] += (1 - beta1) * (g - memory["m"][i])
        memory["v"][i] += (1 - beta2) * (g * g - memory["v"][i])
        scale = (memory["v"][i] / (1 - beta2**t)) ** 0.5 + eps
        new[i] = kept[i] - lr * memory["m"][i] / (1 - beta1**t) / scale
    return Step(new.astype(np.float32), memory)
""",
        "from stepsize.optimizers import adamw as f",
        """
from stepsize.optimizers import adam, decoupled

f = decoupled(adam)
""",
    ],
    "6.2": [
        "def f(lr, weight_decay, updates): return (1 - lr * weight_decay) ** updates",
        "def f(eta, lam, k): return np.exp(k * np.log1p(-eta * lam))",
        """
def f(lr, weight_decay, updates):
    weight = np.float32(1)
    for _ in range(updates):
        weight -= lr * weight_decay * weight
    return weight
""",
        """
from stepsize.optimizers import adamw

def f(lr, weight_decay, updates):
    theta, memory = np.ones(1), {}
    for t in range(1, updates + 1):
        theta, memory, _ = adamw(theta, 0 * theta, t, **memory, lr=lr, weight_decay=weight_decay)
    return theta
""",
    ],
    "6.4": [
        """
def f(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    v_max = np.where(v > v_max, v, v_max)
    scale = lr / (1 - beta1**t) / (np.sqrt(v_max) / np.sqrt(1 - beta2**t) + eps)
    return Step(theta - scale * m, dict(m=m, v=v, v_max=v_max))
""",
        """
def f(theta, grad, t, m=0.0, v=0.0, v_max=None, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    v_max = v if v_max is None else np.array([max(a, b) for a, b in zip(v_max, v)])
    new = theta - lr * (m / (1 - beta1**t)) / ((v_max / (1 - beta2**t)) ** 0.5 + eps)
    return Step(new.astype(np.float32), {"m": m, "v": v, "v_max": v_max}, {"scale": lr})
""",
        "from stepsize.optimizers import amsgrad as f",
    ],
    "7.1": [
        """
def my_cosine(t, steps, floor):
    share = min(t / steps, 1)
    return floor + (1 - floor) * (1 + np.cos(np.pi * share)) / 2
""",
        """
import math
def f(t, T, low):
    return low if t > T else low + (1 - low) * math.cos(math.pi * t / T / 2) ** 2
""",
        "from stepsize.schedules import cosine as f",
        """
def f(t, n, low):
    angle = np.float32(np.interp(t, [0, n], [0, np.pi]))
    return low + (1 - low) * (0.5 + 0.5 * np.cos(angle))
""",
    ],
    "7.2": [
        """
def my_one_cycle(t, rise, steps, low):
    if t < rise:
        return low + (1 - low) * t / rise
    return max((steps - t) / (steps - rise), 0)
""",
        "def f(t, rise, steps, low): return np.interp(t, [0, rise, steps], [low, 1, 0])",
        """
def f(t, rise, steps, low):
    up = low + (1 - low) * np.float32(t) / rise
    down = (steps - t) / (steps - rise)
    return np.where(t < rise, up, np.maximum(down, 0))
""",
    ],
    "7.3": [
        """
def total_updates(examples, batch_size, accumulate, epochs):
    return epochs * -(-examples // batch_size // accumulate)
""",
        "def f(n, b, k, e): return e * (n // (b * k) + (n % (b * k) > 0))",
        "def f(n, b, k, e): return e * len(range(0, n, b)[::k])",
        "def f(n, b, k, e): return np.ceil(np.ceil(n / b) / k) * e",
    ],
    "7.4": [
        """
def my_plateau(losses, patience, factor):
    rate, best, bad, rates = 1.0, np.inf, 0, []
    for loss in losses:
        if loss < best:
            best, bad = loss, 0
        else:
            bad += 1
        if bad > patience:
            rate, bad = rate * factor, 0
        rates.append(rate)
    return np.array(rates)
""",
        """
from stepsize.feedback import plateau
def f(losses, patience, factor):
    memory, rates = {}, []
    for loss in losses:
        rate, memory = plateau(loss, **memory, patience=patience, factor=factor, threshold=0)
        rates.append(rate)
    return np.array(rates)
""",
        """
def f(losses, patience, factor):
    rates, best, since = [1.0], losses[0], 0
    for loss in losses[1:]:
        since = 0 if loss < best else since + 1
        best = min(loss, best)
        cut = since > patience
        since = 0 if cut else since
        rates.append(rates[-1] * factor if cut else rates[-1])
    return np.array(rates)
""",
    ],
    "8.1": [
        "def f(t, steps): return min(1, (t + 1) / steps)",
        """
def my_warmup(t, steps):
    if t >= steps:
        return 1.0
    return np.float32(t + 1) / steps
""",
        "def f(t, n): return np.interp(t + 1, [0, n], [0, 1])",
        "def f(t, steps): return np.clip(np.array([(t + 1) / steps]), 0, 1)",
    ],
    "8.2": [
        """
def my_schedule(t, warmup, steps, floor):
    if t < warmup:
        return (t + 1) / warmup
    share = min((t - warmup) / (steps - warmup), 1)
    return floor + (1 - floor) * (1 + np.cos(np.pi * share)) / 2
""",
        """
import math
def f(t, w, total, low):
    rise = min((t + 1) / w, 1)
    done = min(max(t - w, 0) / (total - w), 1)
    return rise * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * done)))
""",
        """
from stepsize.schedules import cosine
def f(t, warmup, steps, floor):
    if t <= warmup - 1:
        return 1 / warmup * (t + 1)
    return cosine(t - warmup, steps - warmup, floor)
""",
        """
def f(t, warmup, steps, floor):
    if t < warmup:
        return np.float32((t + 1) / warmup)
    if t > steps:
        return floor
    return floor + (1 - floor) * np.cos(np.pi / 2 * (t - warmup) / (steps - warmup)) ** 2
""",
    ],
    "8.3": [
        "def f(t, warmup): return min((t + 1) / warmup, (warmup / (t + 1)) ** 0.5)",
        "def f(t, w): return w**0.5 * min((t + 1) ** -0.5, (t + 1) * w**-1.5)",
        """
def f(t, warmup):
    if t + 1 < warmup:
        return (1 + t) / warmup
    return np.sqrt(np.float32(warmup)) / np.sqrt(t + 1)
""",
        "from stepsize.schedules import inverse_sqrt as f",
    ],
    "9.1": [
        """
def my_grad(theta, X, Y, hidden):
    inputs, outputs = X.shape[1], Y.shape[1]
    borders = np.cumsum([inputs * hidden, hidden, hidden * outputs])
    W1, b1, W2, b2 = np.split(theta, borders)
    W1, W2 = W1.reshape(inputs, hidden), W2.reshape(hidden, outputs)
    h = np.tanh(X @ W1 + b1)
    e = np.exp(h @ W2 + b2)
    d2 = (e / e.sum(1, keepdims=True) - Y) / len(X)
    d1 = (1 - h * h) * (d2 @ W2.T)
    return np.concatenate([(X.T @ d1).ravel(), d1.sum(0), (h.T @ d2).ravel(), d2.sum(0)])
""",
        """
import torch
def f(theta, X, Y, hidden):
    theta, X, Y = (torch.tensor(a, requires_grad=True) for a in (theta, X, Y))
    a, c = X.shape[1] * hidden, hidden * Y.shape[1]
    W1, b1, W2, b2 = theta.split([a, hidden, c, Y.shape[1]])
    z = torch.tanh(X @ W1.view(-1, hidden) + b1) @ W2.view(hidden, -1) + b2
    loss = -(Y * z.log_softmax(1)).sum(1).mean()
    return torch.autograd.grad(loss, theta)[0].numpy()
""",
        """
from stepsize.checks.lesson_09 import numeric_grad, softmax, unpack
def f(theta, X, Y, hidden):
    def loss(theta):
        W1, b1, W2, b2 = unpack(theta, X.shape[1], hidden, Y.shape[1])
        return -(Y * np.log(softmax(np.tanh(X @ W1 + b1) @ W2 + b2))).sum() / len(X)
    return numeric_grad(loss, theta, 1e-5)
""",
    ],
    "9.2": [
        """
def numeric_grad(loss, theta, eps):
    slopes = np.zeros_like(theta)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = eps
        slopes[i] = (loss(theta + step) - loss(theta - step)) / (2 * eps)
    return slopes
""",
        """
def f(f, x, h):
    return np.array([f(x + e) - f(x - e) for e in h * np.eye(len(x))]) / 2 / h
""",
        """
def f(loss, theta, eps):
    theta, slopes = theta.copy(), []
    for i in range(theta.size):
        old = theta[i]
        theta[i] = old + eps
        above = loss(theta)
        theta[i] = old - eps
        slopes.append((above - loss(theta)) / eps / 2)
        theta[i] = old
    return np.array(slopes)
""",
    ],
    "9.3": [
        """
def best_rate(rates, losses):
    means = np.where(np.isfinite(losses), losses, np.inf).mean(axis=1)
    best = means.argmin()
    return rates[best] if 0 < best < len(rates) - 1 else np.nan
""",
        """
def f(rates, losses):
    means = np.mean(losses, axis=1)
    means[np.isnan(means)] = np.inf
    best = min(range(len(rates)), key=lambda i: means[i])
    if best == 0 or best == len(rates) - 1:
        return float("nan")
    return np.array([rates[best]])
""",
        """
def f(rates, losses):
    total = np.nan_to_num(losses, nan=1e9, posinf=1e9).sum(axis=1)
    best = np.argsort(total)[0]
    return [np.nan, *rates[1:-1], np.nan][best]
""",
    ],
    "9.4": [
        """
def paired_interval(a, b, t):
    d = a - b
    half = t * d.std(ddof=1) / len(d) ** 0.5
    return np.array([d.mean() - half, d.mean() + half])
""",
        """
import statistics
def f(a, b, t):
    d = [float(x - y) for x, y in zip(a, b)]
    error = statistics.stdev(d) / len(d) ** 0.5
    return statistics.mean(d) + t * error * np.array([-1, 1])
""",
        """
def f(a, b, t):
    n, d = len(a), np.subtract(a, b)
    variance = ((d - d.sum() / n) ** 2).sum() / (n - 1)
    return np.mean(a) - np.mean(b) + np.array([-t, t]) * np.sqrt(variance / n)
""",
    ],
    "10.1": [
        "def f(low, high, n): return np.logspace(np.log10(low), np.log10(high), n)",
        "def f(a, b, n): return np.array([a * (b / a) ** (i / (n - 1)) for i in range(n)])",
        "def f(low, high, n): return np.exp(np.linspace(np.log(low), np.log(high), n))",
        """
def sweep_rates(low, high, n):
    factor = (high / low) ** (1 / (n - 1))
    rates = [low]
    while len(rates) < n:
        rates.append(rates[-1] * factor)
    return np.array(rates)
""",
    ],
    "10.2": [
        "def f(lr, b, c, adaptive): return lr * np.sqrt(c / b) if adaptive else lr * c / b",
        "def f(lr, b, c, adaptive): return lr * (c / b) ** (1 - 0.5 * adaptive)",
        """
def scaled_lr(lr, batch_size, new_batch_size, adaptive):
    if adaptive:
        return np.float32(lr * new_batch_size**0.5 / batch_size**0.5)
    return lr / batch_size * new_batch_size
""",
    ],
    "10.3": [
        """
def sharpness(hessian_times, v, steps):
    v = v / np.linalg.norm(v)
    for _ in range(steps):
        h = hessian_times(v)
        v = h / np.sqrt(np.sum(h**2))
    return (v * hessian_times(v)).sum()
""",
        """
def sharpness(hessian_times, v, steps):  # with everything in one array
    for _ in range(steps):
        v = hessian_times(v)
        v = v / (v @ v) ** 0.5
    return np.trace(np.outer(v, hessian_times(v)))
""",
        """
def sharpness(h, v, steps):  # Rayleigh's quotient
    for i in range(steps):
        v = h(v) / np.linalg.norm(h(v))
    return np.dot(v, h(v)) / np.dot(v, v)
""",
    ],
    "11.2": [
        "def f(x): return next((i for i, v in enumerate(x) if not np.isfinite(v)), -1)",
        """
def first_bad(losses):
    import math
    for i in range(len(losses)):
        if math.isnan(losses[i]) or math.isinf(losses[i]):
            return i
    return -1
""",
        """
def first_bad(losses):
    bad = ~np.isfinite(np.asarray(losses))
    return np.argmax(bad) if bad.any() else -1
""",
    ],
    "11.3": [
        """
def best_epoch(val_losses, patience):
    best, where, waited = np.inf, 0, 0
    for i, loss in enumerate(val_losses):
        if loss < best:
            best, where, waited = loss, i, 0
        else:
            waited += 1
            if waited == patience:
                break
    return where
""",
        """
def best_epoch(v, patience):
    i = best = 0
    while i < len(v) and i - best <= patience:
        if v[i] < v[best]:
            best = i
        i += 1
    return best
""",
        """
def best_epoch(v, patience):
    for i in range(len(v)):
        if i - np.argmin(v[: i + 1]) >= patience:
            return int(np.argmin(v[: i + 1]))
    return np.argmin(v)
""",
    ],
    "12.1": [
        """
def keras_momentum(theta, grads, rates, momentum):
    velocity = 0.0
    for grad, lr in zip(grads, rates, strict=True):
        velocity = momentum * velocity - lr * grad
        theta = theta + velocity
    return theta
""",
        """
def keras_momentum(theta, grads, rates, momentum):  # the other sign
    v = 0
    for i in range(len(grads)):
        v = rates[i] * grads[i] + momentum * v
        theta -= v
    return np.array([theta])
""",
        """
def keras_momentum(theta, grads, rates, momentum):  # no velocity: where it was, and where it is
    before = theta
    for grad, lr in zip(grads, rates):
        theta, before = theta + momentum * (theta - before) - lr * grad, theta
    return theta
""",
    ],
    "12.2": [
        "def torch_eps(keras_eps, beta2, t): return keras_eps / np.sqrt(1 - beta2**t)",
        "def f(e, b, n): return e * (1 - np.power(b, n)) ** -0.5",
        """
def torch_eps(keras_eps, beta2, t):
    v = 0.0
    for _ in range(t):
        v = beta2 * v + (1 - beta2)
    return keras_eps / v**0.5
""",
    ],
    "12.3": [
        "def torch_decay(part, lr): return part / lr",
        "def f(a, b): return a * (1 / b)",
        "def f(part, lr): return np.divide([part], lr)",
    ],
    "12.4": [
        "def in_updates(e, n, b): return e * int(np.ceil(n / b))",
        "def in_updates(epochs, examples, batch_size): return epochs * -(-examples // batch_size)",
        """
def in_updates(epochs, examples, batch_size):
    per_epoch = len(range(0, examples, batch_size))
    return np.array([per_epoch * epoch for epoch in epochs])
""",
    ],
    "13.1": [
        """
def my_orthogonalize(G, steps, a, b, c):
    X = G / np.linalg.norm(G)
    for _ in range(steps):
        X = a * X + b * X @ X.T @ X + c * X @ X.T @ X @ X.T @ X
    return X
""",
        """
def my_orthogonalize(G, steps, a, b, c):
    X = G.T / np.linalg.norm(G, "fro")
    while steps:
        A = X @ X.T
        X, steps = (a * np.eye(len(A)) + b * A + c * (A @ A)) @ X, steps - 1
    return X.T
""",
        """
def my_orthogonalize(G, steps, a, b, c):
    U, s, Vt = np.linalg.svd(G)
    s = s / (s @ s) ** 0.5
    for _ in range(steps):
        s = a * s + b * s**3 + c * s**5
    return U @ np.diag(s) @ Vt
""",
    ],
    "13.2": [
        """
from stepsize.optimizers.matrices import orthogonalize

def my_muon(theta, grad, t, b=0.0, *, lr, momentum):
    b = b + (1 - momentum) * (grad - b)
    O = orthogonalize(grad + momentum * (b - grad))
    rows, columns = grad.shape
    return Step(theta - lr * np.sqrt(max(1, rows / columns)) * O, dict(b=b))
""",
        """
from stepsize.optimizers.matrices import orthogonalize

def my_muon(theta, grad, t, mean=None, *, lr, momentum):
    mean = (1 - momentum) * grad + (0 if mean is None else momentum * mean)
    ahead = (1 - momentum) * grad + momentum * mean
    longer = (len(theta) / len(theta[0])) ** 0.5
    return Step(theta - lr * max(longer, 1) * orthogonalize(ahead), {"mean": mean})
""",
        """
from stepsize.optimizers import muon

def my_muon(theta, grad, t, b=0.0, *, lr, momentum):
    step = muon(theta, grad, t, b, lr=lr, momentum=momentum, weight_decay=0.0)
    return Step(step.theta, step.memory)
""",
    ],
    "13.3": [
        """
def my_shampoo(theta, grad, t, left=0.0, right=0.0, *, lr, eps):
    left, right = left + grad @ grad.T, right + grad.T @ grad
    l, Q = np.linalg.eigh(left)
    r, P = np.linalg.eigh(right)
    L, R = Q * (l + eps) ** -0.25 @ Q.T, P * (r + eps) ** -0.25 @ P.T
    return Step(theta - lr * L @ grad @ R, dict(left=left, right=right))
""",
        """
def my_shampoo(theta, grad, t, left=None, right=None, *, lr, eps):
    left = grad @ grad.T if left is None else left + grad @ grad.T
    right = grad.T @ grad if right is None else right + grad.T @ grad
    def root(M):
        U, s, Vt = np.linalg.svd(M)
        return U @ np.diag(1 / np.sqrt(np.sqrt(s + eps))) @ Vt
    return Step(theta - lr * (root(left) @ grad @ root(right)), dict(left=left, right=right))
""",
        """
from stepsize.optimizers import shampoo

def my_shampoo(theta, grad, t, left=0.0, right=0.0, *, lr, eps):
    step = shampoo(theta, grad, t, left, right, lr=lr, eps=eps)
    return Step(step.theta, step.memory)
""",
    ],
    "13.4": [
        "def is_for_muon(name, shape): return name.startswith('blocks') and len(shape) > 1",
        "def is_for_muon(name, shape): return int('blocks.' in name and len(shape) in (2, 3, 4))",
        """
def is_for_muon(name, shape):
    if len(shape) < 2 or name.split(".")[0] in ("embedding", "position", "output"):
        return False
    return True
""",
    ],
    "13.5": [
        """
def my_score(times, tau):
    scores = np.zeros(len(times))
    for task in times.T:
        if np.isfinite(task).any():
            scores += np.clip(tau - task / task.min(), 0, None) / (tau - 1)
    return scores / times.shape[1]
""",
        """
def my_score(times, tau):
    speed = np.where(np.isfinite(times), 1 / times, 0)
    best = speed.max(axis=0)
    ratio = [[b / s if s else np.inf for s, b in zip(row, best)] for row in speed]
    return np.maximum(0, tau - np.array(ratio)).mean(axis=1) / (tau - 1)
""",
        """
def my_score(times, tau):
    best = np.where(np.isinf(times.min(axis=0)), 1, times.min(axis=0))
    most = len(best) * (tau - 1)
    return [sum(max(0, tau - t / b) for t, b in zip(row, best)) / most for row in times]
""",
    ],
    "14.1": [
        """
def my_factors(kind, width, base):
    rate = base / width if kind in ("hidden", "output") else 1
    return [rate, rate ** 0.5 if kind == "output" else 1]
""",
        """
def my_factors(kind, width, base):
    table = {"input": (0, 0), "bias": (0, 0), "hidden": (1, 0), "output": (1, 0.5)}
    return np.power(base / width, table[kind])
""",
        """
def my_factors(kind, width, base):
    r, s = 1.0, 1.0
    if kind == "hidden" or kind == "output":
        r /= width / base
        if kind == "output":
            s = np.sqrt(np.float32(base) / width)
    return np.array([r, s], dtype=np.float32)
""",
    ],
    "14.2": [
        "def my_accumulated(grads, sizes): return sizes @ grads / sizes.sum()",
        "def my_accumulated(g, n): return np.average(g, axis=0, weights=n)",
        """
def my_accumulated(grads, sizes):
    total = np.zeros(grads.shape[1])
    for g, n in zip(grads, sizes):
        total += n / sum(sizes) * g
    return total
""",
    ],
    "14.3": [
        """
def my_stochastic_round(x, noise):
    return (x.view(np.uint32) + noise & 0xFFFF0000).view(np.float32)
""",
        """
def my_stochastic_round(x, noise):
    bits = x.view(np.uint32).astype(np.uint64) + noise
    return (bits >> 16 << 16).astype(np.uint32).view(np.float32)
""",
        """
def my_stochastic_round(x, noise):
    low = (x.view(np.uint32) & 0xFFFF0000).view(np.float32)
    up = ((x.view(np.uint32) & 0xFFFF0000) + 0x10000).view(np.float32)
    rest = x.view(np.uint32) & 0xFFFF
    return np.where(rest + noise >= 0x10000, up, low)
""",
    ],
    "14.4": [
        """
def my_ema(weights, decay):
    average = weights[0]
    for w in weights:
        average = average + (1 - decay) * (w - average)
    return average
""",
        """
def my_ema(weights, decay):
    n = len(weights)
    shares = (1 - decay) * decay ** np.arange(n - 1, -1, -1.0)
    shares[0] = decay ** (n - 1)
    return shares @ weights
""",
        """
def my_ema(weights, decay):
    if len(weights) == 1:
        return weights[0]
    return decay * my_ema(weights[:-1], decay) + (1 - decay) * weights[-1]
""",
    ],
    "14.5": [
        "def my_bytes(p, m, low, state): return p * (2 * low + 4 * (low == 2) + m * state)",
        """
def my_bytes(parameters, memories, low, state):
    each = 2 * low + memories * state
    if low < 4:
        each += 4
    return each * parameters
""",
        """
def my_bytes(parameters, memories, low, state):
    return float(parameters * low * 2 + parameters * memories * state + parameters * 4 * (low < 4))
""",
    ],
    "14.6": [
        """
def my_group(name, shape):
    matrix = len(shape) > 1
    return matrix and not (name[:5] == "embed" or name[:4] == "head"), matrix
""",
        """
def my_group(name, shape):
    if len(shape) == 1:
        return [0, 0]
    return [int(name.split(".")[0] not in ("embed", "head")), 1]
""",
        """
def my_group(name, shape):
    hidden = name.startswith("blocks") and np.ndim(np.zeros(shape)) >= 2
    return np.array([hidden, len(shape) != 1], dtype=float)
""",
    ],
}
ANSWERS = [(name, written(source)) for name, sources in RIGHT.items() for source in sources]
ANSWERS += [("1.4", {"D": 0.1, "C": 0.21, "B": 0.002, "A": 0.19})]
ANSWERS += [("1.4", dict(A=np.float64(0.19), B=2e-3, C=np.array(0.21), D=1 / 10))]
ANSWERS += [("1.4", dict(zip("ABCD", np.array([0.19, 0.002, 0.21, 0.1]), strict=True)))]
ANSWERS += [("4.2", 100), ("4.2", 0.1**-2), ("4.2", np.array([100]))]
TEN = dict(healthy=4, NaN=3, overfitting=2, divergence=8) | {"rate too low": 1, "noise floor": 9}
TEN |= {"rate too high": 10, "loss spikes": 6, "forgotten zero_grad": 5}
ANSWERS += [("11.1", TEN | {"rate decayed too early": np.int64(7)})]
ANSWERS += [("11.1", {name: float(n) for name, n in TEN.items()} | {"rate decayed too early": 7.0})]
ANSWERS += [("11.1", {"rate decayed too early": np.array([7])} | dict(reversed(TEN.items())))]
ANSWERS += [("5.4", {"A": 1, "B": -0.05, "C": 0.81, "D": 0.67})]
ANSWERS += [("5.4", dict(D=0.67, C=np.float64(0.81), B=-1 / 20, A=np.array(1.0)))]
ANSWERS += [("5.4", dict(zip("ABCD", np.array([1, -0.05, 0.81, 0.67]), strict=True)))]
ANSWERS += [("6.3", {"A": 2, "B": 4, "C": 1, "D": 3})]
ANSWERS += [("6.3", dict(D=3.0, C=np.float64(1), B=np.array(4), A=2))]
ANSWERS += [("6.3", dict(zip("ABCD", np.array([2, 4, 1, 3]), strict=True)))]
ANSWERS += [("2.3", -0.5), ("2.3", np.float64(-0.518)), ("2.3", np.array([-0.56]))]
ANSWERS += [("8.4", 2000), ("8.4", 2 / (1 - 0.999)), ("8.4", np.array([2e3]))]


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_a_right_answer_is_right_however_it_is_written(name, answer):
    verdict = judge(EXERCISES[name], answer)
    assert verdict.status == "right", verdict


def test_every_exercise_has_three_right_answers():
    assert {name for name, _ in ANSWERS} == set(EXERCISES)
    assert all(sum(name == other for other, _ in ANSWERS) >= 3 for name in EXERCISES)


@pytest.mark.parametrize("name", list(EXERCISES))
def test_the_verdict_is_the_same_where_answers_are_checked(name):
    answer = next(answer for other, answer in ANSWERS if other == name)
    assert check(name, answer) == Verdict(name, "right", EXERCISES[name].praise)
    mistake, known = next(iter(EXERCISES[name].mistakes.items()))
    assert check(name, known.variants[0]).mistake == mistake


# --- All answers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "source", "mistake"),
    [
        ("1.1", "def f(theta, grad, t, *, lr): theta - lr * grad", "returns nothing"),
        ("1.1", "def f(theta, grad, t, *, lr): return theta - lr * grad", "no step"),
        ("1.1", "def f(theta, grad, t, *, lr): return theta + lr * grad", "no step"),
        ("1.1", "def f(theta, grad, t, *, lr): return (theta - lr * grad, {})", "no step"),
        ("1.1", "def f(theta, grad, t, *, lr): return Step(list(theta + lr * grad))", "uphill"),
        ("1.1", "def f(theta, grad, t, *, lr): return Step(theta - lr * grad[0:1, None])", "shape"),
        ("1.1", "def f(theta, grad, t, *, lr): theta -= lr * grad; return Step(theta)", "in place"),
        (
            "1.1",
            "def f(theta, grad, t, *, lr): theta += lr * grad; return Step(theta)",
            "uphill + in place",
        ),
        ("1.1", "def f(theta, grad, t, *, lr): grad *= lr; return Step(theta - grad)", "in place"),
        ("1.1", "def f(theta, grad, t, *, lr): return Step('theta')", "no numbers"),
        ("1.1", "def f(theta, grad, t, *, lr): return Step({'theta': theta})", "no numbers"),
        ("1.1", "def f(theta, grad, t, *, lr): return Step(p for p in theta)", "no numbers"),
        ("1.1", "def f(theta, grad, t, *, lr): return Step(theta - lr * grad, 7)", "memory"),
        ("1.1", "def f(theta, grad, t, *, lr): return Step(theta, lr * grad)", "memory"),
        ("1.1", "def f(theta, grad, t, *, lr): yield theta", "no step"),
        ("1.1", "def f(theta, grad, t): return Step(theta)", "signature"),
        ("1.1", "def f(theta, grad, t, momentum, *, lr): return Step(theta)", "signature"),
        ("1.2", "def f(grad, theta, lr, steps): return None", "returns nothing"),
        ("1.2", "def f(grad, theta): return theta", "signature"),
        (
            "1.2",
            "def f(grad, theta, lr, steps):\n"
            "    places = [theta]\n"
            "    for _ in range(steps): places.append(places[-1] - lr * grad(places[-1]))\n"
            "    return places",
            "list",
        ),
        ("2.1", "def f(X, y, batch_size, rng): return X[:4]", "not two"),
        ("2.1", "def f(X, y, batch_size, rng): return X[:0], y[:0]", "size"),
        ("2.1", "def f(X, y, batch_size, rng): return rng.permutation(12)[:4], 1", "shapes"),
        ("2.1", "def f(X, y, batch_size, rng): return X[:4] + 1, y[:4]", "no examples"),
        (
            "2.1",
            "def f(X, y, batch_size, rng):\n"
            "    X_b, y_b = X[o := rng.permutation(12)[:4]].copy(), y[o].copy()\n"
            "    X.sort()\n"
            "    X[:] = 0\n"
            "    return X_b, y_b",
            "in place",
        ),
        (
            "3.1",
            "def f(theta, grad, t, v=0.0, *, lr, momentum):\n"
            "    v = momentum * v + grad\n"
            "    return Step(theta - lr * v, dict(velocity=v))",
            "memory name",
        ),
        (
            "3.1",
            "class Kept: v = 0.0\n"
            "def f(theta, grad, t, *, lr, momentum):\n"
            "    Kept.v = momentum * Kept.v + grad\n"
            "    return Step(theta - lr * Kept.v)",
            "remembers elsewhere",
        ),
        (
            "3.1",
            "def f(theta, grad, t, v=np.zeros(2), *, lr, momentum):\n"
            "    v *= momentum\n"
            "    v += grad\n"
            "    return Step(theta - lr * v, dict(v=v))",
            "remembers elsewhere",
        ),
        ("2.2", "def f(theta, X, y, lr, batch_size, rng): return theta[:, None]", "shape"),
        ("2.2", "def f(theta, X, y, lr, batch_size, rng): pass", "returns nothing"),
    ],
)
def test_mistakes_common_to_all(name, source, mistake):
    verdict = judge(EXERCISES[name], written(source))
    assert (verdict.status, verdict.mistake) == ("wrong", mistake)
    assert verdict.text[-1] in ".`"


def test_what_cannot_be_given_back_is_named():
    answer = "def f(theta, grad, t, v=0.0, *, lr, momentum): return Step(theta, dict(speed=v))"
    assert "remembers `speed`" in judge(EXERCISES["3.1"], written(answer)).text


def test_a_power_is_not_a_hat():
    verdict = check("4.1", written("def f(theta, grad, t, *, lr, eps): return Step(grad^2)"))
    assert verdict.status == "broken" and "a power is written `**`" in verdict.text
    verdict = check("5.5", written("def f(share, grad): return grad^2"))
    assert verdict.status == "broken" and "a power is written `**`" in verdict.text


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("theta = theta - lr * grad", "has to be called"),
        ("places = places.append(grad(theta))", "returns nothing to keep"),
    ],
)
def test_some_errors_are_explained(line, hint):
    body = f"    places = [theta]\n    for _ in range(steps): {line}\n    return np.array(places)"
    verdict = check("1.2", written(f"def my_descent(grad, theta, lr, steps):\n{body}"))
    assert verdict.status == "broken" and hint in verdict.text


def test_the_missing_argument_is_named():
    verdict = check("1.1", lambda theta, grad, t, momentum, *, lr: Step(theta))
    assert "missing a required argument: 'momentum'" in verdict.text
    assert "my_sgd(theta, grad, t, lr=lr)" in verdict.text


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        ({"A": 0.19, "B": 0.002, "C": 0.21}, "missing"),
        ({"A": 0.19, "B": 0.002, "C": 0.21, "D": 0.3}, "unknown"),
        ({"A": 0.19, "B": 0.19, "C": 0.21, "D": 0.1}, "twice"),
        ("A B C D", "no dict"),
        ({"A": 0.21, "B": 0.1, "C": 0.19, "D": 0.002}, "border + one step"),
        ({"A": 0.21, "B": 0.002, "C": 0.1, "D": 0.19}, "several"),
        ({"A": "0.19", "B": 0.002, "C": 0.21, "D": 0.1}, "no numbers"),
    ],
)
def test_a_choice_is_read_with_care(answer, mistake):
    verdict = judge(EXERCISES["1.4"], answer)
    assert (verdict.status, verdict.mistake) == ("wrong", mistake)


def test_a_number_is_not_given_away():
    for answer in (-0.7, 0.8, float("nan"), float("inf"), [1.0, 2.0], "half"):
        verdict = judge(EXERCISES["2.3"], answer)
        assert verdict.status == "wrong"
        assert "0.5" not in repr(verdict)


def test_an_unknown_mistake_is_shown_side_by_side():
    body = "return Step(theta - lr * grad * (1 if t < 2 else 1.5))"
    verdict = check("1.1", sgd_that(body))
    assert verdict.status == "wrong" and verdict.mistake is None
    assert verdict.text.startswith("It first differs in update 2, with theta = [0.95, -2.3], ")
    heads, row = verdict.detail.splitlines()
    assert heads.split() == ["yours", "expected"]
    assert " ".join(row.split()) == "theta [1.175, -2.6] [1.1, -2.5]"


def test_side_by_side_shows_the_row_or_the_shape():
    verdict = judge(EXERCISES["1.2"], lambda grad, theta, lr, steps: 2 * np.tile(theta, (4, 1)))
    assert "result[0]  [6, -4]  [3, -2]" in verdict.detail
    verdict = judge(EXERCISES["1.2"], lambda grad, theta, lr, steps: np.zeros((7, 7)))
    assert "shape (7, 7)  shape (4, 2)" in verdict.detail
    verdict = judge(EXERCISES["1.3"], lambda curvatures: 2.0000001 / max(curvatures) * 1.0001)
    assert "0.08001  0.08" in verdict.detail


def test_what_is_near_a_mistake_is_not_taken_for_it():
    """A strange step length isn't taken for a mistake, and doesn't hide a mistake either."""

    def odd_steps(way):
        return lambda theta, X, y, lr, size, rng: way(theta, X, y, 1.5 * lr, size, rng)

    epoch = EXERCISES["2.2"]
    verdict = judge(epoch, odd_steps(epoch.reference))
    assert verdict.mistake is None
    row = " ".join(verdict.detail.splitlines()[1].split())
    assert row.startswith("n = 6, batches of 2 [0.75, 0.75, 0.75,")
    facts = ("first batch only", "one batch missing", "not once each", "apart", "in order")
    for name in (*facts, "old gradient", "same batches", "neighbors"):
        for variant in epoch.mistakes[name].variants:
            assert judge(epoch, odd_steps(variant)).mistake == name

    def off(theta, X, y, *rest):  # right only if the examples are at right angles
        return epoch.reference(theta, X, y, *rest) + 0.01 * (X[0] @ X[1])

    verdict = judge(epoch, off)
    assert (verdict.status, verdict.mistake) == ("wrong", None)
    assert "off by" in verdict.detail


# --- Not tried ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("1.1", ...),
        ("2.3", ...),
        ("1.4", ...),
        ("1.4", {"A": ..., "B": ..., "C": ..., "D": ...}),
        ("1.4", {"A": 0.19, "B": ..., "C": 0.21, "D": 0.1}),
        ("1.1", sgd_that("theta = ...\nreturn Step(theta)")),
        ("1.1", sgd_that("...\nreturn Step(theta)")),
        ("1.1", sgd_that("step = ...\nreturn Step(theta - lr * step)")),
        ("1.1", sgd_that("return ...")),
        ("1.1", sgd_that("theta[0] = ...\nreturn Step(theta)")),
        ("1.1", sgd_that("theta += ...\nreturn Step(theta)")),
        ("1.1", sgd_that("half: float = ...\nwhile True: pass")),
        ("1.1", eval("lambda theta, grad, t, lr: Step([..., ...])")),
        ("1.1", eval("lambda theta, grad, t, lr: Step(theta - ...)", {"Step": Step})),
        (
            "1.2",
            written(
                "def my_descent(grad, theta, lr, steps):\n"
                "    places = [theta]\n"
                "    for _ in range(steps):\n"
                "        theta = ...  # your turn\n"
                "        ...  # your turn\n"
                "    return np.array(places)"
            ),
        ),
        ("2.1", written("def f(X, y, batch_size, rng):\n    chosen = ...\n    return ...")),
        ("2.1", written("def f(X, y, batch_size, rng):\n    a = ...\n    return X[a], y[a]")),
    ],
)
def test_not_tried(name, answer, impatient, tmp_path):
    verdict = check(name, answer)
    assert (verdict.status, verdict.text) == ("not tried", hand_in.TO_DO)
    assert not (tmp_path / "home").exists()


def test_a_gap_left_in_a_right_answer_does_not_count():
    body = "new = ...  # your turn\nnew = theta[..., :] - lr * grad\nreturn Step(new)"
    assert check("1.1", sgd_that(body)).status == "right"


def test_check_takes_what_it_is_given():
    assert check(1.1).status == "not tried"
    assert "The exercises are 0.1, 1.1," in check("9.9", 3).text
    assert str(check(len)).startswith("… not tried yet. There is no such exercise. A check takes")
    assert "The exercises are 0.1, 1.1," in check(None, 3).text


# --- Broken ---------------------------------------------------------------------------------------

WAITING = {
    "sleep": "time.sleep(1e9)",
    "many a sleep": "while True: time.sleep(0.01)",
    "a lock nobody opens": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "a thread that is waited for": """
job = threading.Thread(target=time.sleep, args=(1e6,))
job.start()
job.join()""",
    "a child": "subprocess.run([sys.executable, '-c', 'import time; time.sleep(1e6)'])",
}
COMPUTING = {
    "a loop": "while True: pass",
    "one that catches everything": """
while True:
    try:
        theta - lr
    except BaseException:
        pass""",
    "in C, with the lock held": "return sum(itertools.count())",
    "one enormous number": "return 10 ** 10 ** 9",
    "in a thread": """
job = threading.Thread(target=lambda: sum(itertools.count()))
job.start()
job.join()""",
}
IMPORTS = "import itertools, subprocess, sys, threading, time\n"


@pytest.mark.parametrize("body", COMPUTING.values(), ids=COMPUTING)
def test_what_computes_without_an_end_is_stopped(body, impatient):
    verdict = check("1.1", sgd_that(IMPORTS + body))
    assert (verdict.status, verdict.mistake) == ("broken", None)
    assert "still running after 1 seconds of computing" in verdict.text
    assert "In line" in verdict.detail


@pytest.mark.parametrize("body", WAITING.values(), ids=WAITING)
def test_what_waits_without_an_end_is_stopped(body, impatient, monkeypatch):
    monkeypatch.setattr(sandbox, "WAITING", 2.0)
    verdict = check("1.1", sgd_that(IMPORTS + body))
    assert (verdict.status, verdict.mistake) == ("broken", None)
    assert "still running after 2 seconds" in verdict.text and "is waiting" in verdict.text
    assert "In line" in verdict.detail


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return Step(thetta)", "`NameError: name 'thetta' is not defined`"),
        ("return Step(theta - lr * grad[7])", "`IndexError: index 7 is out of bounds"),
        ("return Step(theta @ grad[:1])", "`ValueError: matmul"),
        ("return my_sgd(theta, grad, t, lr=lr)", "RecursionError"),
        ("return Step(input('theta? '))", "Nobody can type anything in here"),
        ("return Step([0] * 10**12)", "MemoryError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("class Own(BaseException): pass\nraise Own('so')", "`Own: so`"),
        ("class Mean(Exception):\n    def __str__(self): raise self\nraise Mean", "Mean."),
        ("import os\nos._exit(1)", "It ended Python instead of returning"),
        ("import faulthandler\nfaulthandler._sigsegv()", "It crashes Python itself"),
    ],
)
def test_what_breaks_says_what_and_where(body, words):
    verdict = check("1.1", sgd_that(body))
    assert verdict.status == "broken"
    assert words in verdict.text
    if "os._exit" not in body:
        assert "In line" in verdict.detail
        assert body.splitlines()[-1].strip() in verdict.detail


def test_what_is_printed_is_caught(capfd):
    body = "import os, sys\nprint('one')\nprint('two', file=sys.stderr)\nos.system('echo three')"
    verdict = check("1.1", sgd_that(body + "\nreturn Step(theta - lr * grad)"))
    assert verdict.status == "right"
    assert {"one", "two", "three"} <= set(verdict.printed.split())
    assert capfd.readouterr() == ("", "")


def test_endless_print_is_cut_short(impatient):
    verdict = check("1.1", sgd_that("while True:\n    print('again ' * 100)"))
    assert verdict.status == "broken"
    assert len(verdict.printed) < 3000
    assert "more characters" in verdict.printed


def test_what_cannot_leave_the_notebook_is_named():
    lock = threading.Lock()
    answer = written("def f(theta, grad, t, *, lr):\n    with lock: return Step(theta)", lock=lock)
    verdict = check("1.1", answer)
    assert verdict.status == "broken"
    assert "It uses `lock`" in verdict.text


def test_an_interrupt_ends_the_check_and_leaves_nothing_running(monkeypatch, tmp_path):
    taken, take = [], sandbox._take
    monkeypatch.setattr(sandbox, "_take", lambda: taken.append(take()) or taken[-1])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup may have ignored it
    timer = threading.Timer(0.5, _thread.interrupt_main)
    timer.start()
    verdict = check("1.1", sgd_that("while True: pass"))
    timer.join()
    signal.signal(signal.SIGINT, before)
    assert verdict == Verdict("1.1", "broken", "You stopped it.")
    assert taken[0].process.returncode is not None
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "body",
    [
        "os._exit(0)",
        "os.abort()",
        "os.kill(os.getpid(), 9)",
        "os.closerange(0, 99); os._exit(0)",
        "sys.setrecursionlimit(10**9); f = lambda f: sorted([f], key=f); f(f)",
        "x = []\nwhile True: x.append(np.ones(10**6))",
        "faulthandler.cancel_dump_traceback_later(); time.sleep(1e6)",
    ],
)
def test_what_ends_python_does_not_end_the_notebook(body, impatient, monkeypatch):
    monkeypatch.setattr(sandbox, "SLACK", 1.0)
    if "sleep" in body:
        monkeypatch.setattr(sandbox, "WAITING", 2.0)
    verdict = check("1.1", sgd_that("import faulthandler, os, sys, time\n" + body))
    assert verdict.status == "broken"


@pytest.mark.parametrize(
    "body",
    [
        "import builtins; builtins.len = builtins.print = builtins.isinstance = None",
        "np.array = np.allclose = None",
        "np.seterr(all='raise')",
        "sys.modules.clear()",
        "sys.stdout = sys.stderr = None",
        "os.chdir(os.path.dirname(os.getcwd()))",
        "threading.Thread(target=time.sleep, args=[1e6]).start()",
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1e6)'])",
    ],
)
def test_no_answer_reaches_the_next_one(body):
    """Whatever happens to a saboteur, it ends, and the next answer is judged correctly."""
    imports = "import os, subprocess, sys, threading, time\n"
    check("1.1", sgd_that(f"{imports}{body}\nreturn Step(theta - lr * grad)"))
    assert check("1.1", sgd_that("return Step(theta - lr * grad)")).status == "right"


@pytest.mark.parametrize("value", ["np.nan", "np.inf", "1j", "10**999", "theta > 0", "1e300**2"])
def test_odd_numbers_are_told_like_others(value):
    assert check("1.1", sgd_that(f"return Step(theta * 0 + {value})")).status in ("wrong", "broken")


@pytest.mark.parametrize("answer", [sum, np.subtract, dict, Step, print, check, np.add.reduce])
def test_functions_from_elsewhere_are_not_answers(answer):
    assert check("1.1", answer).status in ("wrong", "broken")


@pytest.mark.parametrize("answer", [3, "text", None, [1], object(), np.zeros(3), Step(1.0)])
@pytest.mark.parametrize("name", ["1.1", "1.4", "2.1"])
def test_things_are_not_answers(name, answer):
    verdict = check(name, answer)
    assert verdict.status == "wrong"
    assert "itself, without calling it" in verdict.text or name == "1.4"


def test_an_answer_may_use_the_notebook():
    """Whatever it uses from there goes along, and errors in that are reported, too."""
    source = "def my_sgd(theta, grad, t, *, lr):\n    return Step(theta - lr * slope(grad))"
    assert check("1.1", written(source, slope=lambda grad: grad)).status == "right"
    slope = written("def slope(grad):\n    return grad.missing")
    verdict = check("1.1", written(source, slope=slope))
    assert verdict.detail == "In line 2 of the cell of slope:\n    return grad.missing"


def test_an_answer_may_use_torch():
    torch = pytest.importorskip("torch")
    body = "return Step(torch.tensor(theta) - lr * torch.tensor(grad))"
    source = f"def my_sgd(theta, grad, t, *, lr):\n    {body}"
    assert check("1.1", written(source, torch=torch)).status == "right"


def test_warnings_stay_away():
    body = "import warnings\nwarnings.warn('!')\nnp.array([1.0]) / 0"
    verdict = check("1.1", sgd_that(body + "\nreturn Step(theta - lr * grad)"))
    assert (verdict.status, verdict.printed) == ("right", "")


def test_a_failure_of_ours_is_said_and_blames_nobody(monkeypatch, tmp_path):
    answer = sgd_that("return Step(theta - lr * grad)")
    sandbox._end_spare()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    verdict = check("1.1", answer)
    assert (verdict.status, verdict.text) == (
        "not tried",
        "The check couldn't start a second Python to run your answer in.",
    )
    monkeypatch.setattr(hand_in, "run", lambda *_: 1 / 0)
    verdict = check("1.1", answer)
    assert verdict.status == "not tried"
    assert "The check failed, not you: `ZeroDivisionError" in verdict.text


def test_one_worker_one_answer():
    answer = sgd_that("return Step(theta - lr * grad)")
    check("1.1", answer)
    waiting = sandbox._spare
    assert waiting.process.poll() is None, "the next one is ready before it is needed"
    check("1.1", answer)
    assert waiting.process.returncode is not None
    sandbox._spare.process.kill()  # this can happen to a waiting worker
    sandbox._spare.process.wait()
    assert check("1.1", answer).status == "right"


@pytest.mark.parametrize("busy", [False, True])
def test_a_worker_ends_with_its_notebook(busy):
    """It sees its input end while it waits, and its watchdog ends it while an answer runs."""
    worker = sandbox._Worker()
    assert worker._line(PATIENCE).startswith(b"ready")
    if busy:
        answer = cloudpickle.dumps(sgd_that("while True: pass"))
        limits = dict(loading=Limits(60.0, PATIENCE), running=Limits(1.0, PATIENCE))
        job = dict(exercise="1.1", answer=answer, folder=".", path=sys.path, **limits)
        pickle.dump(job, worker.process.stdin)
    worker.process.stdin.close()
    worker.process.wait(timeout=PATIENCE)
    worker.end()


def test_a_verdict_shows_itself_in_html_and_in_words():
    verdict = Verdict("1.1", "wrong", "Use `a < b`.", detail="<x>", printed="<y>", note="<z>")
    page = verdict._repr_html_()
    assert "<code" in page
    assert "a &lt; b" in page
    assert not {"<x>", "<y>", "<z>"} & set(page.replace(">", "> ").split())
    assert repr(verdict).splitlines()[0] == "1.1 not right yet. Use `a < b`."
    assert "✗" in page, "not by color alone"
    assert "color: #212121" in page and "background: #" in page, "readable in every theme"
    assert "inherit" not in page, "JupyterLab takes it away where a notebook isn't trusted"


# --- Lesson 5 -------------------------------------------------------------------------------------


def test_the_second_steps_are_those_of_adam():
    for letter, (first, second) in lesson_05.PAIRS.items():
        one = adam(0.0, first, 1, lr=1.0)
        two = adam(one.theta, second, 2, **one.memory, lr=1.0)
        ratio = (two.theta - one.theta) / one.theta
        assert ratio == pytest.approx(lesson_05.SECOND[letter], abs=0.005)


def test_one_of_two_adams_is_adam():
    """B is; A's steps on a constant gradient are lr at first, twice that, and then a third."""
    given = Gradients(np.random.default_rng(0).normal(size=(50, 3)))
    runs = {name: descend(one, given, np.zeros(3), 50) for name, one in two_adams().items()}
    expected = descend(adam, given, np.zeros(3), 50).theta
    np.testing.assert_allclose(runs["B"].theta, expected, rtol=1e-12)
    assert not np.allclose(runs["A"].theta, expected, rtol=0.1)
    np.testing.assert_allclose(runs["A"].theta[1], expected[1], rtol=1e-5)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_eps_that_matters_leaves_the_share(share):
    for grad in (3.0, -0.002):
        eps = lesson_05.eps_that_leaves(share, grad)
        assert abs(adam(0.0, grad, 1, lr=1.0, eps=eps).theta) == pytest.approx(share)
