"""Lesson 5: Adam, its two averages, their correction, its first steps, and its eps."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..optimizers import Rule, Step, adam
from .exercise import Mistake
from .kinds import Case, choice, function, rule

TITLE = "5 Adam"


# --- 5.1 and 5.2: Adam, with one thing done in another way --------------------------------------


def _divide(average, beta, other, t):
    """The correction. other: the beta of the other average, for those who mistake it for theirs."""
    return average / (1 - beta**t)


def _adam(
    average_m: Callable[..., Any] = lambda m, g, b: b * m + (1 - b) * g,
    average_v: Callable[..., Any] = lambda v, g, b, m: b * v + (1 - b) * g**2,
    fix_m: Callable[..., Any] = _divide,
    fix_v: Callable[..., Any] = _divide,
    step: Callable[..., Any] = lambda m, v, eps, g: m / (v**0.5 + eps),
    sign: float = -1.0,
    swapped: bool = False,
    keep_fixed: bool = False,
    forget: bool = False,
) -> Rule:
    """Adam with some of its parts replaced; with none of them, Adam."""

    def variant(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
        if swapped:
            beta1, beta2 = beta2, beta1
        with np.errstate(all="ignore"):
            m = average_m(m, grad, beta1)
            v = average_v(v, grad, beta2, m)
            m_hat, v_hat = fix_m(m, beta1, beta2, t), fix_v(v, beta2, beta1, t)
            theta = theta + sign * lr * step(m_hat, v_hat, eps, grad)
        kept = dict(m=m_hat, v=v_hat) if keep_fixed else dict(m=m, v=v)
        return Step(theta, {} if forget else kept)

    return variant


def _first(**way: Any) -> Rule:
    """The Adam of exercise 5.1: it corrects nothing."""
    return _adam(fix_m=_as_it_is, fix_v=_as_it_is, **way)


def _as_it_is(average, *_):
    return average


def _both(fix: Callable[..., Any]) -> Rule:
    return _adam(fix_m=fix, fix_v=fix)


def two_adams() -> dict[str, Rule]:
    """A and B: one is Adam, in the other the correction lacks the power of t."""
    right, wrong = _adam(), _both(lambda average, beta, other, t: average / (1 - beta))
    return {name: _with_defaults(one, name) for name, one in {"A": wrong, "B": right}.items()}


def _with_defaults(one: Rule, name: str) -> Rule:
    def named(theta, grad, t, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return one(theta, grad, t, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    named.__name__ = name
    return named


CASES = [
    Case(
        (1.0, -2.0),
        [(0.5, 3.0), (-1.5, 2.0), (0.25, -4.0), (1.0, 0.5)],
        dict(lr=0.1, beta1=0.9, beta2=0.99, eps=1e-8),
    ),
    Case(
        (0.5, 4.0, -3.0),
        [(0.2, -0.1, 0.3), (0.5, 0.6, -0.25), (0.1, 0.1, 0.1)],
        dict(lr=0.05, beta1=0.5, beta2=0.8, eps=0.05),
    ),
]

AVERAGES: dict[str, dict[str, Any]] = {
    "weights swapped": dict(average_m=lambda m, g, b: (1 - b) * m + b * g),
    "v weights swapped": dict(average_v=lambda v, g, b, m: (1 - b) * v + b * g**2),
    "sum": dict(average_m=lambda m, g, b: b * m + g),
    "sum of squares": dict(average_v=lambda v, g, b, m: b * v + g**2),
    "no square": dict(average_v=lambda v, g, b, m: b * v + (1 - b) * g),
    "size": dict(average_v=lambda v, g, b, m: b * v + (1 - b) * np.abs(g)),
    "variance": dict(average_v=lambda v, g, b, m: b * v + (1 - b) * (g - m) ** 2),
    "square of the mean": dict(average_v=lambda v, g, b, m: b * v + (1 - b) * m**2),
    "all squared": dict(average_v=lambda v, g, b, m: b * v + ((1 - b) * g) ** 2),
    "swapped": dict(swapped=True),
    "forgets": dict(forget=True),
    "uphill": dict(sign=1.0),
}
SENTENCES = {
    "weights swapped": (
        "In your m the newest gradient gets beta1, and all that came before the rest. It should "
        "be the other way round: an average that hardly moves, not one that hardly remembers."
    ),
    "v weights swapped": (
        "In your v the newest square gets beta2, and all that came before the rest. It should be "
        "the other way round: the memory is long, the news count little."
    ),
    "sum": (
        "Your m is momentum's velocity, a sum that grows to 1 / (1 - beta1) gradients. An average "
        "gives weights that add up to 1 at most."
    ),
    "sum of squares": (
        "Your v is a sum that grows to 1 / (1 - beta2) squares. An average gives weights that add "
        "up to 1 at most."
    ),
    "no square": (
        "Your v averages the gradients themselves. It can become negative, and then has no root."
    ),
    "size": "Your v averages sizes. What is averaged, and has its root taken at last, are squares.",
    "variance": (
        "Your v is a variance: the mean was taken away before squaring. Adam takes nothing away; "
        "a constant gradient has variance 0, and would be divided by 0."
    ),
    "square of the mean": (
        "Your v averages the squares of m. Squaring comes before averaging, or gradients of "
        "opposite signs would cancel in it."
    ),
    "all squared": (
        "In your v the weight of the newest gradient is squared, too. Only the gradient is."
    ),
    "swapped": (
        "beta1 and beta2 have changed places. Momentum has the short memory, the scale the long "
        "one."
    ),
    "forgets": (
        "Each update begins with m and v at 0 again. What is to be remembered goes into the Step, "
        "after theta, under its own name."
    ),
    "uphill": "You walk uphill: the step goes against the mean gradient.",
}


def _averages(make: Callable[..., Rule]) -> dict[str, Mistake]:
    return {name: Mistake(SENTENCES[name], make(**way)) for name, way in AVERAGES.items()}


FIRST = _averages(_first) | {
    "no momentum": Mistake(
        "Your step goes along the newest gradient alone. The mean of the gradients is there, and "
        "does nothing.",
        _first(step=lambda m, v, eps, g: g / (v**0.5 + eps)),
    ),
    "no scale": Mistake(
        "Your step is the mean gradient itself, in the units of the gradient. Nothing divides it.",
        _first(step=lambda m, v, eps, g: m),
    ),
    "corrected": Mistake(
        "You correct the averages already. Right, and too early: this one is to show what happens "
        "without.",
        _adam(),
    ),
}

ADAM = {
    "no correction": Mistake(
        "Your averages are used as they are. In the first updates most of their weight still lies "
        "on the zero that they began with.",
        _first(),
    ),
    "only m": Mistake(
        "Only the mean is corrected. The mean square began at 0 as well.",
        _adam(fix_v=_as_it_is),
    ),
    "only v": Mistake(
        "Only the mean square is corrected. The mean began at 0 as well.",
        _adam(fix_m=_as_it_is),
    ),
    "no power": Mistake(
        "Your correction is the same in all updates, that of the first one. The part of the "
        "weight that still lies on the zero shrinks with each update.",
        _both(lambda average, beta, other, t: average / (1 - beta)),
    ),
    "times t": Mistake(
        "The weight that still lies on the zero is multiplied by beta in each update. After t "
        "updates, what is it?",
        _both(lambda average, beta, other, t: average / (1 - beta * t)),
    ),
    "power of all": Mistake(
        "You raise 1 - beta to the power of t. It is beta alone that is multiplied with itself, "
        "once an update.",
        _both(lambda average, beta, other, t: average / (1 - beta) ** t),
    ),
    "t from 0": Mistake(
        "At the first update your correction divides by 0: there t is 1 already. Nothing has to "
        "be taken away from it.",
        _both(lambda average, beta, other, t: average / (1 - beta ** (t - 1))),
    ),
    "t one ahead": Mistake(
        "Your correction is that of the next update. At the first one t is 1 already: nothing has "
        "to be added.",
        _both(lambda average, beta, other, t: average / (1 - beta ** (t + 1))),
    ),
    "multiplied": Mistake(
        "Your correction makes the averages smaller still. They are too small: divide.",
        _both(lambda average, beta, other, t: average * (1 - beta**t)),
    ),
    "one for both": Mistake(
        "Both averages get the correction of one of them. Each began at 0 with a memory of its "
        "own.",
        _adam(fix_v=lambda v, beta2, beta1, t: _divide(v, beta1, beta2, t)),
        _adam(fix_m=lambda m, beta1, beta2, t: _divide(m, beta2, beta1, t)),
    ),
    "keeps the corrected": Mistake(
        "You remember the corrected averages, and correct them again in the next update. What is "
        "remembered stays as it is; the correction is for the step only.",
        _adam(keep_fixed=True),
    ),
    "no root": Mistake(
        "You divide by the mean square. Its root is missing: a step would have the units of one "
        "over the gradient.",
        _adam(step=lambda m, v, eps, g: m / (v + eps)),
    ),
    "eps inside": Mistake(
        "Your eps is under the root, as in some other libraries. Here it is added to the root, "
        "as in the paper and in PyTorch.",
        _adam(step=lambda m, v, eps, g: m / (v + eps) ** 0.5),
    ),
    "eps before the correction": Mistake(
        "Your eps is added to the root of the uncorrected average, and then scaled with it, as in "
        "Keras. Here it is added after the correction.",
        _adam(
            fix_v=lambda v, beta, other, t: (v, 1 - beta**t),
            step=lambda m, v, eps, g: m / ((v[0] ** 0.5 + eps) / v[1] ** 0.5),
        ),
    ),
    "no eps": Mistake(
        "There is no eps in your step. Where a gradient has always been 0, it would be 0 / 0.",
        _adam(step=lambda m, v, eps, g: m / v**0.5),
    ),
    "no momentum": Mistake(
        "Your step goes along the newest gradient alone. The corrected mean is there, and does "
        "nothing.",
        _adam(step=lambda m, v, eps, g: g / (v**0.5 + eps)),
    ),
} | _averages(_adam)


# --- 5.3: the second step -----------------------------------------------------------------------

PAIRS = {"A": (0.001, 0.001), "B": (1000.0, -1000.0), "C": (1.0, 10.0), "D": (-5.0, 0.0)}
SECOND = {"A": 1.0, "B": -0.05, "C": 0.81, "D": 0.67}


def _turned(*letters):
    """The right answer with those of some letters exchanged, in a circle."""
    turned = letters[1:] + letters[:1]
    return SECOND | {letter: SECOND[other] for letter, other in zip(letters, turned, strict=True)}


# --- 5.4: the eps that matters ------------------------------------------------------------------


def eps_that_leaves(share, grad):
    return np.abs(grad) * (1 / share - 1)


EXERCISES = (
    rule(
        "5.1",
        "The two averages",
        "my_first_adam(theta, grad, t, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps)",
        _first(),
        FIRST,
        cases=CASES,
        praise="Momentum's memory and RMSProp's, side by side.",
    ),
    rule(
        "5.2",
        "Adam",
        "my_adam(theta, grad, t, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps)",
        adam,
        ADAM,
        cases=CASES,
        praise="These are the numbers of PyTorch's Adam.",
    ),
    choice(
        "5.3",
        "The second step",
        SECOND,
        mistakes={
            "larger gradient, larger step": Mistake(
                "You gave the longest second step to the gradient that grew. Its square has grown "
                "even more, and divides.",
                _turned("A", "C"),
            ),
            "zero stops": Mistake(
                "A gradient of 0 doesn't stop Adam, and one that turns round nearly does. Which "
                "mean is left after each?",
                _turned("B", "D"),
            ),
            "growth below zero": Mistake(
                "One of the two steps is hindered by a mean square that just grew, the other has "
                "lost its newest gradient. Work out both fractions: mean over root mean square.",
                _turned("C", "D"),
            ),
            "turned round is full": Mistake(
                "A gradient that turns round leaves hardly any mean: 0.9 of the old one in m is "
                "cancelled by the new. The one that stays the same goes on as before.",
                _turned("A", "B"),
            ),
            "size": Mistake(
                "Your order is that of the second gradients' sizes. A size common to both "
                "gradients cancels: only their ratio counts.",
                {"B": 1.0, "C": 0.81, "A": 0.67, "D": -0.05},
            ),
            "sign": Mistake(
                "Only one of the four second steps goes back. Which gradient has turned round?",
                _turned("B", "C"),
            ),
        },
        hint=(
            "Give the first gradient the value 1, for its size cancels. Then work out m, v, and "
            "the two corrections for t = 2."
        ),
        praise="Not the size of the gradients counts, but how well they agree.",
    ),
    function(
        "5.4",
        "The eps that matters",
        eps_that_leaves,
        {
            "under the root": Mistake(
                "With that eps under the root it would be so. Here it is added to the root.",
                lambda share, grad: grad**2 * (1 / share**2 - 1),
            ),
            "half": Mistake(
                "Yours doesn't ask for the share. At a share of 1 eps has to be 0, and the smaller "
                "the share, the larger eps.",
                lambda share, grad: np.abs(grad),
            ),
            "part": Mistake(
                "The root of v is still in the denominator beside eps: together they are to be "
                "the gradient over the share.",
                lambda share, grad: np.abs(grad) / share,
            ),
            "share of the gradient": Mistake(
                "With that eps the step is longer than the share allows, or shorter. Write down "
                "the first step with eps in it, and solve for eps.",
                lambda share, grad: np.abs(grad) * share,
                lambda share, grad: np.abs(grad) * (1 - share),
            ),
            "turned over": Mistake(
                "You have the fraction upside down: with a share close to 1 your eps becomes huge.",
                lambda share, grad: np.abs(grad) * share / (1 - share),
            ),
            "negative": Mistake(
                "For a negative gradient your eps is negative. What eps is added to is a root, "
                "and has no sign.",
                lambda share, grad: grad * (1 / share - 1),
            ),
            "square": Mistake(
                "Your eps goes with the square of the gradient. It is added to a root, so it has "
                "the units of the gradient.",
                lambda share, grad: grad**2 * (1 / share - 1),
            ),
            "no gradient": Mistake(
                "Yours is the same for all gradients. What is tiny beside one of them may be huge "
                "beside another.",
                lambda share, grad: 1 / share - 1,
            ),
            "uncorrected": Mistake(
                "That is the answer where nothing is corrected: a first m of a tenth of the "
                "gradient, a first v of a thousandth of its square.",
                lambda share, grad: np.abs(grad) * (0.1 / share - 0.001**0.5),
            ),
        },
        cases=[(0.8, 3.0), (0.1, -0.5), (0.4, 20.0)],
        praise="Small beside the gradient it does nothing; large beside it, Adam is SGD.",
    ),
)
