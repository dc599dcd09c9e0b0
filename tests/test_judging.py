"""How an answer is judged: two mistakes at once, no numbers at all, the first thing to fix."""

import numpy as np
import pytest

from stepsize import Step, check
from stepsize.checks.catalog import EXERCISES
from stepsize.checks.judging import BOTH, judge

from .answers import written

NESTEROV = """
def f(theta, grad, t, v=0.0, *, lr, momentum):
    v = momentum * v + (1 - momentum) * grad
    return Step(theta + lr * (grad + momentum * v), dict(v=v))
"""
ADAM = """
def f(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + grad
    v = beta2 * v + (1 - beta2) * abs(grad)
    return Step(theta - lr * m / (v**0.5 + eps), dict(m=m, v=v))
"""
EPOCH = """
def f(theta, X, y, lr, batch_size, rng):
    for i in range(0, len(X), batch_size):
        A, b = X[i : i + batch_size], y[i : i + batch_size]
        theta = theta + lr * 2 * (A @ theta - b) @ A / len(b)
    return theta
"""


@pytest.mark.parametrize(
    ("name", "source", "mistakes"),
    [
        ("3.3", NESTEROV, "uphill + mean"),
        ("5.1", ADAM, "sum + size"),
        ("2.2", EPOCH, "in order + uphill"),
    ],
)
def test_both_mistakes_are_said_where_answers_are_checked(
    name, source, mistakes, monkeypatch, tmp_path
):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    verdict = check(name, written(source))
    assert verdict.mistake == mistakes
    for mistake in mistakes.split(BOTH):
        assert EXERCISES[name].mistakes[mistake].sentence in verdict.text


SMALL = """
def f(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return Step({}, dict(m=m, v=v))
"""


@pytest.mark.parametrize(
    ("theta", "mistake", "words"),
    [
        ("theta * np.nan", None, "It first differs in update 1"),
        ("np.log(-v)", "not a number", "a root or a logarithm of a number below 0"),
        ("theta - lr * m / (v * 0)", "not a number", "divide by 0"),
        ("theta - lr * m / (1 - beta1 ** (t - 1)) / v**0.5", "only m + t from 0", "divides by 0"),
        ("theta + np.inf", None, "It first differs in update 1"),
        ("theta - lr * (m + 0j) ** 0.5", None, "It first differs in update 1"),
    ],
)
def test_nothing_but_nan_is_not_a_known_mistake(theta, mistake, words):
    """Many mistakes end in NaN; an answer that does, too, needn't be one of them."""
    verdict = judge(EXERCISES["5.2"], written(SMALL.format(theta)))
    assert verdict.status == "wrong" and verdict.mistake == mistake
    assert words in verdict.text


def test_the_first_wrong_moment_names_a_mistake_that_is_not_all():
    """An answer goes uphill, and later does something unknown."""

    def both(theta, grad, t, *, lr):
        return Step(theta + lr * grad * (1.0 if t < 3 else 1.7))

    verdict = judge(EXERCISES["1.1"], both)
    sentence = EXERCISES["1.1"].mistakes["uphill"].sentence
    assert verdict.mistake == "uphill"
    assert verdict.text == f"{sentence} That isn't all, but start there."


@pytest.mark.parametrize("kind", [list, tuple, np.array, np.float32])
@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("3.2", "def f(h): return kind(right(h))"),
        ("3.4", "def f(velocity, lr): return kind(right(velocity, lr))"),
        ("3.5", "def f(velocity, lr, new_lr): return kind(right(velocity, lr, new_lr))"),
        ("5.3", "def f(grad, lr, b1, b2): return kind(right(grad, lr, b1, b2))"),
        ("1.1", "def f(theta, grad, t, *, lr): return Step(kind(theta - lr * grad))"),
    ],
)
def test_a_sequence_of_the_right_numbers_is_right(name, source, kind):
    answer = written(source, right=EXERCISES[name].reference, kind=kind)
    assert judge(EXERCISES[name], answer).status == "right"
