"""Answers that were not made from what the checks know: each is told what is true of it."""

from collections import Counter

import numpy as np
import pytest

from stepsize import Step, check
from stepsize.checks.catalog import EXERCISES
from stepsize.checks.judging import BOTH, judge

from .answers import handed_in, written

HANDED = list(handed_in())


@pytest.mark.parametrize("handed", HANDED, ids=lambda one: f"{one.exercise}-{one.what}")
def test_an_answer_is_told_what_it_is(handed):
    if "import torch" in handed.source:
        pytest.importorskip("torch")
    verdict = judge(EXERCISES[handed.exercise], handed.answer())
    assert (verdict.status, verdict.mistake) == (handed.status, handed.mistake), verdict


def test_there_are_many_of_each_exercise():
    counts = Counter((one.exercise, one.status) for one in HANDED)
    for name in EXERCISES:
        if int(name.split(".")[0]) <= 6:
            assert counts[name, "wrong"] >= 8 and counts[name, "right"] >= 4, name


@pytest.mark.parametrize(
    "handed", [one for one in HANDED if BOTH in (one.mistake or "")][::9], ids=lambda one: one.what
)
def test_two_mistakes_are_named_where_answers_are_checked(handed, monkeypatch, tmp_path):
    """Within the time of a check; and both sentences are said."""
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))
    verdict = check(handed.exercise, handed.answer())
    assert verdict.mistake == handed.mistake
    known = EXERCISES[handed.exercise].mistakes
    told = [known[name].sentence for name in handed.mistake.split(BOTH) if name in known]
    assert told and all(sentence in verdict.text for sentence in told)


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
        ("theta - lr * m / (1 - beta1 ** (t - 1)) / v**0.5", "not a number", "divide by 0"),
        ("theta + np.inf", None, "It first differs in update 1"),
        ("theta - lr * (m + 0j) ** 0.5", None, "It first differs in update 1"),
    ],
)
def test_nothing_but_nan_is_no_known_mistake(theta, mistake, words):
    """Many mistakes end in NaN; that an answer does, too, doesn't make it one of them."""
    verdict = judge(EXERCISES["5.2"], written(SMALL.format(theta)))
    assert verdict.status == "wrong" and verdict.mistake == mistake
    assert words in verdict.text


def test_the_first_wrong_moment_names_a_mistake_that_is_not_all():
    """An answer goes uphill, and later does something nobody knows."""

    def both(theta, grad, t, *, lr):
        return Step(theta + lr * grad * (1.0 if t < 3 else 1.7))

    verdict = judge(EXERCISES["1.1"], both)
    sentence = EXERCISES["1.1"].mistakes["uphill"].sentence
    assert verdict.mistake == "uphill"
    assert verdict.text == f"{sentence} That isn't all yet, but start with this."


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
