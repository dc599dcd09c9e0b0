"""A gap is a `...` that is a value in an answer; an error that mentions an ellipsis isn't one."""

import numpy as np
import pytest

from stepsize import check, descend, models, schedules
from stepsize.checks import gaps, hand_in
from stepsize.checks.lesson_01 import my_descent
from stepsize.learner.verdict import UNTRIED
from stepsize.optimizers import adam, sgd
from stepsize.surfaces import ravine

from .answers import sgd_that, written

ARGUMENTS = np.array([1.0, 2.0]), np.array([0.5, -0.5]), 1


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path / "home"))


# The source of an answer, with a gap or without.

LEFT = {
    "all of it": "...",
    "assigned": "theta = ...\nreturn Step(theta)",
    "one of two": "m, v = 0.9 * grad, ...\nreturn Step(theta - lr * m)",
    "both": "m, v = ..., ...\nreturn Step(theta - lr * m)",
    "an operand": "return Step(theta - lr * ...)",
    "an argument": "return Step(np.add(theta, ...))",
    "a keyword": "return Step(np.sum(theta, axis=...))",
    "a part of a Step": "return Step(theta - lr * grad, dict(m=...))",
    "into an item": "theta[0] = ...\nreturn Step(theta)",
    "a condition": "while t < ...: pass\nreturn Step(theta)",
    "a branch": "if t > 1:\n    ...\nelse:\n    theta = theta - 2 * lr * grad\nreturn Step(theta)",
    "a loop": "for g in ...: theta = theta - lr * g\nreturn Step(theta)",
    "a function within": "def inner(x):\n    return ...\nreturn Step(inner(theta))",
    "a lambda within": "inner = lambda x: ...\nreturn Step(inner(theta))",
    "a method": "class One:\n    def go(self): ...\nreturn Step(One().go())",
    "where nothing is said about it": "return Step(theta @ ...)",
}
NONE_LEFT = {
    "an index": "return Step(theta[..., 0] + grad)",
    "an index alone": "return Step(theta[...] + grad)",
    "an index that is assigned to": "theta = theta.copy()\ntheta[..., :1] -= 1\nreturn Step(theta)",
    "a hint": "x: tuple[float, ...] = (1, 2)\nreturn Step(theta + x)",
    "a hint of an argument": "def f(x: Callable[..., int]) -> ...: return x\nreturn Step(f(theta))",
    "a default": "def f(x=...):\n    return 1 if x is ... else x\nreturn Step(f(theta))",
    "a class of its own": "class Own(Exception): ...\nreturn Step(theta + grad)",
    "a class with a docstring": "class Own(Exception):\n    'x'\n    ...\nreturn Step(theta)",
    "a text": "'...'\nreturn Step(np.einsum('...,...->...', theta, grad))",
    "a comment": "return Step(theta)  # ...",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_a_gap_is_seen_in_the_source(body):
    assert gaps.stands_in(sgd_that(body))
    assert check("1.1", sgd_that(body)).text == hand_in.TO_DO


@pytest.mark.parametrize("body", NONE_LEFT.values(), ids=NONE_LEFT)
def test_an_ellipsis_with_a_meaning_in_python_is_not_a_gap(body):
    answer = sgd_that("from collections.abc import Callable\n" + body)
    assert not gaps.stands_in(answer)
    verdict = check("1.1", answer)
    assert verdict.status != UNTRIED, verdict


def test_a_class_may_hold_a_gap():
    source = "class Rule:\n    def __call__(self, theta, grad, t, *, lr):\n        return Step({})"
    assert check("1.1", written(source.format("theta - ..."))().__call__).status == UNTRIED
    assert check("1.1", written(source.format("theta[..., 9]"))().__call__).status == "broken"


@pytest.mark.parametrize(
    "answer", [len, np.add, 3, None, {}, "...", np.zeros(2), ValueError("...")]
)
def test_what_has_no_source_has_no_gap(answer):
    assert not gaps.stands_in(answer)


# The result.


@pytest.mark.parametrize(
    "value",
    [..., [...], (1, [2, ...]), np.array([1, ...]), {"m": ...}, {"a": [1, ...]}, np.array(...)],
)
def test_a_gap_comes_out(value):
    assert gaps.holds(value)


@pytest.mark.parametrize(
    "value", [0, None, "...", [], {}, np.zeros(3), ["..."], {...: 1}, Ellipsis.__class__]
)
def test_no_gap_comes_out(value):
    assert not gaps.holds(value)


# The error. `gap` stands for a `...` that was left somewhere else in the notebook.

STOPPED = {
    "an operand": "theta - gap",
    "a sign": "-gap",
    "a comparison": "theta < gap",
    "a call": "gap(theta)",
    "an attribute": "gap.loss(theta)",
    "an iteration": "sum(gap)",
    "unpacking": "(lambda a, b: 0)(*gap)",
    "a length": "len(gap)",
    "subscripting": "gap[0]",
    "an integer": "range(gap)",
    "a number": "float(gap)",
    "a repetition": "[1] * gap",
    "a text": "'a' + gap",
    "a format": "f'{gap:.3f}'",
    "NumPy's ufunc": "np.sqrt(gap)",
    "NumPy's array": "np.array([1, gap], dtype=float)",
    "NumPy's shape": "np.zeros(gap)",
    "NumPy's axis": "np.sum(theta, axis=gap)",
    "NumPy's assignment": "theta.__setitem__(0, gap)",
    "NumPy's seed": "np.random.default_rng(gap)",
    "a rule of ours": "sgd(*arguments, lr=gap)",
    "a rule of ours, its own": "adam(*arguments, beta1=gap)",
    "a schedule of ours": "schedules.cosine(3, gap)",
    "descend, its rate": "descend(sgd, ravine, (1, 1), 3, lr=gap)",
    "descend, its steps": "descend(sgd, ravine, (1, 1), gap, lr=0.1)",
    "descend, its start": "descend(sgd, ravine, gap, 3, lr=0.1)",
    "descend, its landscape": "descend(sgd, gap, (1, 1), 3, lr=0.1)",
    "descend, its rule": "descend(gap, ravine, (1, 1), 3, lr=0.1)",
    "torch's operand": "gap * torch.ones(2)",
    "torch's tensor": "torch.tensor(gap)",
    "torch's shape": "torch.zeros(2, gap)",
    "torch's function": "torch.sqrt(gap)",
    "torch's method": "torch.ones(2).sum(gap)",
    "torch's layer": "torch.nn.Linear(gap, 3)",
    "torch's optimizer": "torch.optim.Adam([torch.nn.Parameter(torch.ones(2))], lr=gap)",
    "torch's assignment": "torch.ones(2).__setitem__(0, gap)",
}
NOT_STOPPED = {
    "NumPy's list of indices": "theta[0.5]",
    "NumPy's, of a text": "theta['first']",
    "NumPy's, of two": "theta[..., ...]",
    "NumPy's, too many": "theta[..., 0, 0, 0]",
    "NumPy's, out of bounds": "theta[..., 7]",
    "a list's index": "list(theta)[...]",
    "a list's index of two": "list(theta)[..., 0]",
    "a dict's key": "dict()[...]",
    "einsum, a point": "np.einsum('.i', theta)",
    "einsum, too few": "np.einsum('', theta)",
    "torch's list of indices": "torch.ones(2)[0.5]",
    "torch's einsum": "torch.einsum('.i', torch.ones(2))",
    "torch's einsum, too few": "torch.einsum('', torch.ones(2))",
    "a value of the learner's": "own(ValueError('no ellipsis here'))",
    "a type of the learner's": "own(TypeError('not an ellipsis'))",
    "an error of the learner's": "own(type('Ellipsis', (Exception,), {})())",
    "one that can't be told": "own(type('Mean', (Exception,), {'__str__': lambda self: 1 / 0})())",
    "a name": "elipsis",
    "a division": "1 / 0",
}


def error_of(expression):
    """What an answer with this expression raises, as the check sees it."""
    source = f"def own(error):\n    raise error\ndef answer(theta):\n    return {expression}"
    known = dict(sgd=sgd, adam=adam, schedules=schedules, descend=descend, ravine=ravine)
    if "torch" in expression:
        known["torch"] = pytest.importorskip("torch")
    answer = written(source, gap=..., arguments=ARGUMENTS, models=models, **known)
    with pytest.raises(Exception) as caught:
        answer(ARGUMENTS[0].copy())
    return caught.value


@pytest.mark.parametrize("expression", STOPPED.values(), ids=STOPPED)
def test_an_error_that_comes_from_a_gap(expression):
    assert gaps.stopped_at(error_of(expression))


@pytest.mark.parametrize("expression", NOT_STOPPED.values(), ids=NOT_STOPPED)
def test_an_error_that_comes_from_something_else(expression):
    assert not gaps.stopped_at(error_of(expression))


def test_an_assertion_in_its_own_words():
    with pytest.raises(AssertionError) as caught:
        written("def answer():\n    assert 1 > 2, 'an ellipsis'")()
    assert not gaps.stopped_at(caught.value)


def test_a_whole_answer_that_indexes_wrongly_is_told_so():
    verdict = check("1.1", sgd_that("return Step(theta - lr * grad[0.5])"))
    assert verdict.status == "broken"
    assert "`IndexError: only integers, slices" in verdict.text
    assert verdict.detail.startswith("In line 2 of your cell")


def test_a_gap_in_a_helper_from_the_notebook():
    helper = written("def slope(grad):\n    return ...")
    source = "def my_sgd(theta, grad, t, *, lr):\n    return Step(theta - lr * slope(grad))"
    assert check("1.1", written(source, slope=helper)).text == hand_in.TO_DO


def test_a_reference_has_no_gap():
    assert not gaps.stands_in(my_descent)
