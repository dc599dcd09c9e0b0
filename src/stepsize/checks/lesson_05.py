"""Lesson 5: Adam, its two averages, their correction, its first steps, and its eps.

Long, because it is a table: a mistake, what is said to it, and the answers that make it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..optimizers import Rule, Step, adam
from .exercise import Mistake
from .exercise_types import Case, choice, function, rule

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
    betas: Callable[..., Any] = lambda beta1, beta2: (beta1, beta2),
    keep: Callable[..., Any] = lambda m, v, m_hat, v_hat: dict(m=m, v=v),
) -> Rule:
    """Adam with some of its parts replaced; with none of them, Adam."""

    def variant(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
        beta1, beta2 = betas(beta1, beta2)
        with np.errstate(all="ignore"):
            m = average_m(m, grad, beta1)
            v = average_v(v, grad, beta2, m)
            m_hat, v_hat = fix_m(m, beta1, beta2, t), fix_v(v, beta2, beta1, t)
            theta = theta + sign * lr * step(m_hat, v_hat, eps, grad)
        return Step(theta, keep(m, v, m_hat, v_hat))

    return variant


def _first(**way: Any) -> Rule:
    """The Adam of exercise 5.1: it corrects nothing."""
    return _adam(fix_m=_as_it_is, fix_v=_as_it_is, **way)


def _as_it_is(average, *_):
    return average


def _both(fix: Callable[..., Any]) -> Rule:
    return _adam(fix_m=fix, fix_v=fix)


def _rate_inside(fix: Callable[..., Any]) -> Rule:
    """The rate goes into m: the same path while it stays."""

    def variant(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * lr * grad
        v = beta2 * v + (1 - beta2) * grad**2
        step = fix(m, beta1, beta2, t) / (fix(v, beta2, beta1, t) ** 0.5 + eps)
        return Step(theta - step, dict(m=m, v=v))

    return variant


def _eps_outside(fix: Callable[..., Any], below: bool) -> Rule:
    """eps beside the fraction; below: still in the brackets that the rate multiplies."""

    def variant(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        step = fix(m, beta1, beta2, t) / fix(v, beta2, beta1, t) ** 0.5
        return Step(theta - lr * (step + eps) if below else theta - lr * step + eps, dict(m=m, v=v))

    return variant


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
        dict(lr=[0.1, 0.1, 0.04, 0.04], beta1=0.9, beta2=0.99, eps=1e-8),
    ),
    Case(
        (0.5, 4.0, -3.0),
        [(0.2, -0.03, 0.3), (0.5, 0.6, -0.25), (0.1, 0.1, 0.1)],
        dict(lr=0.05, beta1=0.5, beta2=0.8, eps=0.05),
    ),
    Case(  # large ones
        (2.0, -1.0),
        [(40.0, -20.0), (30.0, 10.0)],
        dict(lr=0.1, beta1=0.8, beta2=0.5, eps=1e-3),
    ),
]

Ways = tuple[dict[str, Any], ...]


def _in_m(average: Callable[..., Any]) -> dict[str, Any]:
    return dict(average_m=average)


def _in_v(average: Callable[..., Any]) -> dict[str, Any]:
    """average: of v, the square, beta2."""
    return dict(average_v=lambda v, g, b, m: average(v, g**2, b))


def _sum(average, new, beta):
    return beta * average + new


def _turned_weights(average, new, beta):
    return (1 - beta) * average + beta * new


def _no_fading(average, new, beta):
    return average + (1 - beta) * new


def _begun(average, new, beta):
    """It begins with the first: before, there is only the number 0."""
    return new if np.ndim(average) == 0 else beta * average + (1 - beta) * new


AVERAGES: dict[str, Ways] = {
    "weights swapped": (_in_m(_turned_weights),),
    "v weights swapped": (_in_v(_turned_weights),),
    "both weights swapped": (_in_m(_turned_weights) | _in_v(_turned_weights),),
    "sum": (_in_m(_sum),),
    "sum of squares": (_in_v(_sum),),
    "two sums": (_in_m(_sum) | _in_v(_sum),),
    "no fading": (_in_m(_no_fading), _in_v(_no_fading), _in_m(_no_fading) | _in_v(_no_fading)),
    "begun with the first": (_in_m(_begun) | _in_v(_begun), _in_m(_begun), _in_v(_begun)),
    "no square": (dict(average_v=lambda v, g, b, m: b * v + (1 - b) * g),),
    "size": (dict(average_v=lambda v, g, b, m: b * v + (1 - b) * np.abs(g)),),
    "size in m": (_in_m(lambda m, g, b: b * m + (1 - b) * np.abs(g)),),
    "square in m": (
        _in_m(lambda m, g, b: b * m + (1 - b) * g**2),
        _in_m(lambda m, g, b: b * m + (1 - b) * g**2)
        | dict(average_v=lambda v, g, b, m: b * v + (1 - b) * g),
    ),
    "variance": (dict(average_v=lambda v, g, b, m: b * v + (1 - b) * (g - m) ** 2),),
    "square of the mean": (dict(average_v=lambda v, g, b, m: b * v + (1 - b) * m**2),),
    "all squared": (dict(average_v=lambda v, g, b, m: b * v + ((1 - b) * g) ** 2),),
    "one for all": (
        dict(average_v=lambda v, g, b, m: b * v + (1 - b) * (g**2).sum()),
        dict(average_v=lambda v, g, b, m: b * v + (1 - b) * (g**2).mean()),
    ),
    "swapped": (dict(betas=lambda beta1, beta2: (beta2, beta1)),),
    "one beta": (
        dict(betas=lambda beta1, beta2: (beta1, beta1)),
        dict(betas=lambda beta1, beta2: (beta2, beta2)),
    ),
    "fixed": (dict(betas=lambda beta1, beta2: (0.9, 0.999)),),
    "forgets": (dict(keep=lambda *_: {}),),
    "forgets one": (
        dict(keep=lambda m, *_: dict(m=m)),
        dict(keep=lambda m, v, *_: dict(v=v)),
    ),
    "crossed": (dict(keep=lambda m, v, *_: dict(m=v, v=m)),),
    "uphill": (dict(sign=1.0),),
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
    "both weights swapped": (
        "In both averages the news get beta, and all that came before the rest. It should be the "
        "other way round: the memory is long, the news count little."
    ),
    "two sums": (
        "Both of yours are sums, that grow to 1 / (1 - beta) gradients or squares. An average "
        "gives weights that add up to 1 at most."
    ),
    "no fading": (
        "Something never fades in your averages: what is old stays whole. beta says how much of it "
        "is left in each update."
    ),
    "begun with the first": (
        "What you average begins with the first gradient. Here both averages begin at 0, and the "
        "lesson is about what follows from that."
    ),
    "size in m": (
        "Your m averages sizes. It needs the signs: gradients that disagree have to cancel in it."
    ),
    "square in m": "There are squares in your m. It is the mean of the gradients themselves.",
    "one for all": (
        "All weights share one v here: no sum and no mean over them. Each has a scale of its own."
    ),
    "one beta": (
        "Both averages have the same beta. Each has its own: the direction a short memory, the "
        "scale a long one."
    ),
    "fixed": "Your betas are 0.9 and 0.999, whatever is handed in. Here they are others.",
    "forgets one": (
        "One of the two averages begins at 0 again in each update: both have to go into the Step."
    ),
    "crossed": "In your Step m and v have changed places: each comes back under the other's name.",
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
    return {
        name: Mistake(SENTENCES[name], *(make(**way) for way in ways))
        for name, ways in AVERAGES.items()
    }


RATE_INSIDE = (
    "While the rate stays, that is the same path. Here it changes on the way, and your m still "
    "holds the old one: leave the rate to the step."
)
EPS_OUTSIDE = (
    "eps has slipped out of the fraction: it moves theta, the same way in every update. It belongs "
    "to the root, below."
)


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
        _adam(keep=lambda m, v, m_hat, v_hat: dict(m=m_hat, v=v_hat)),
    ),
    "rate inside": Mistake(RATE_INSIDE, _rate_inside(_as_it_is)),
    "eps outside": Mistake(
        EPS_OUTSIDE, _eps_outside(_as_it_is, below=False), _eps_outside(_as_it_is, below=True)
    ),
    "eps inside": Mistake(
        "Your eps is under the root. In the step that is given here it is added to the root.",
        _first(step=lambda m, v, eps, g: m / (v + eps) ** 0.5),
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
    "crossed corrections": Mistake(
        "m gets the correction of v, and v that of m. Each began at 0 with a memory of its own.",
        _both(lambda average, beta, other, t: average / (1 - other**t)),
    ),
    "no brackets": Mistake(
        "Without brackets your average is divided by 1, and then a power is taken away from it. "
        "What divides is the whole of 1 minus the power.",
        _both(lambda average, beta, other, t: average / 1 - beta**t),
    ),
    "divided by the zero": Mistake(
        "You divide by the weight that still lies on the zero. What has to add up to 1 is the "
        "rest: the weights of the gradients.",
        _both(lambda average, beta, other, t: average / beta**t),
    ),
    "plus": Mistake(
        "Your correction makes the averages smaller, though they are too small already. What lies "
        "on the zero is taken away from 1, not added.",
        _both(lambda average, beta, other, t: average / (1 + beta**t)),
    ),
    "root first": Mistake(
        "You take the root of v, and then correct it. It is v that is corrected: its root comes "
        "after.",
        _adam(
            fix_v=lambda v, beta, other, t: (v, 1 - beta**t),
            step=lambda m, v, eps, g: m / (v[0] ** 0.5 / v[1] + eps),
        ),
        _adam(
            fix_v=lambda v, beta, other, t: (v, 1 - beta**t),
            step=lambda m, v, eps, g: m * v[1] / (v[0] ** 0.5 + eps),
        ),
    ),
    "fixed correction": Mistake(
        "Your corrections hold for betas of 0.9 and 0.999 only. Here they are others.",
        _adam(
            fix_m=lambda m, beta, other, t: _divide(m, 0.9, other, t),
            fix_v=lambda v, beta, other, t: _divide(v, 0.999, other, t),
        ),
    ),
    "rate inside": Mistake(RATE_INSIDE, _rate_inside(_divide)),
    "eps outside": Mistake(
        EPS_OUTSIDE, _eps_outside(_divide, below=False), _eps_outside(_divide, below=True)
    ),
    "floor": Mistake(
        "You take eps in place of a root that is smaller. Here it is added to the root, whatever "
        "its size.",
        _adam(step=lambda m, v, eps, g: m / np.maximum(v**0.5, eps)),
    ),
    "keeps the corrected": Mistake(
        "You remember the corrected averages, and correct them again in the next update. What is "
        "remembered stays as it is; the correction is for the step only.",
        _adam(keep=lambda m, v, m_hat, v_hat: dict(m=m_hat, v=v_hat)),
        _adam(keep=lambda m, v, m_hat, v_hat: dict(m=m_hat, v=v)),
        _adam(keep=lambda m, v, m_hat, v_hat: dict(m=m, v=v_hat)),
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


# --- 5.3: the first step ------------------------------------------------------------------------


def first_step(grad, lr, beta1, beta2):
    without = (1 - beta1) / (1 - beta2) ** 0.5
    return -lr * np.sign(grad) * np.array([without, 1.0])


def _first_step(
    ratio: Callable[..., Any] = lambda rest1, rest2: rest1 / rest2**0.5,
    corrected: float = 1.0,
    sign: Callable[..., Any] = np.sign,
    rate: Callable[..., Any] = lambda lr: lr,
):
    """first_step with another fraction of the two 1 - beta, or another sign, or another rate."""

    def variant(grad, lr, beta1, beta2):
        return -rate(lr) * sign(grad) * np.array([ratio(1 - beta1, 1 - beta2), corrected])

    return variant


# --- 5.4: the second step -----------------------------------------------------------------------

PAIRS = {"A": (0.001, 0.001), "B": (1000.0, -1000.0), "C": (1.0, 10.0), "D": (-5.0, 0.0)}
SECOND = {"A": 1.0, "B": -0.05, "C": 0.81, "D": 0.67}


def _turned(*letters):
    """The right answer with those of some letters exchanged, in a circle."""
    turned = letters[1:] + letters[:1]
    return SECOND | {letter: SECOND[other] for letter, other in zip(letters, turned, strict=True)}


# --- 5.5: the eps that matters ------------------------------------------------------------------


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
    function(
        "5.3",
        "The first step",
        first_step,
        {
            "uphill": Mistake(
                "You walk uphill: a gradient above 0 makes theta smaller.",
                lambda *given: -first_step(*given),
            ),
            "always down": Mistake(
                "Yours goes the same way whatever the sign of the gradient.",
                _first_step(sign=lambda grad: 1.0),
                _first_step(sign=lambda grad: -1.0),
            ),
            "size": Mistake(
                "The size of the gradient is still in it. It stands above the line, and below it "
                "as a root of a square: what is left?",
                _first_step(sign=lambda grad: grad),
                _first_step(sign=np.abs),
            ),
            "no root": Mistake(
                "v is a mean square, and its root divides: so the root of what it gives to the "
                "first square.",
                _first_step(lambda rest1, rest2: rest1 / rest2),
            ),
            "turned over": Mistake(
                "m stands above the line, the root of v below it. Your fraction is turned over.",
                _first_step(lambda rest1, rest2: rest2**0.5 / rest1),
            ),
            "betas for rests": Mistake(
                "beta is what the average keeps of its zero. What does it give to the gradient?",
                _first_step(lambda rest1, rest2: (1 - rest1) / (1 - rest2) ** 0.5),
            ),
            "betas swapped": Mistake(
                "The betas have changed places: beta1 belongs to m, beta2 to v.",
                _first_step(lambda rest1, rest2: rest2 / rest1**0.5),
            ),
            "root above": Mistake(
                "m is an average of gradients, not of squares: no root is taken of it.",
                _first_step(lambda rest1, rest2: (rest1 / rest2) ** 0.5),
            ),
            "both corrected": Mistake(
                "The second is right. Without the correction, m is a part of the gradient, and v a "
                "part of its square. Which parts?",
                _first_step(lambda rest1, rest2: 1.0),
            ),
            "none corrected": Mistake(
                "The first is right. The correction divides m and v by just these parts: what is "
                "left of them?",
                lambda grad, lr, beta1, beta2: first_step(grad, lr, beta1, beta2)[[0, 0]],
            ),
            "swapped": Mistake(
                "Both are right, in the wrong order: first without the correction, then with it.",
                lambda *given: first_step(*given)[::-1],
            ),
            "in units of lr": Mistake(
                "That is in units of the rate. Asked for is how far theta moves.",
                _first_step(rate=lambda lr: 1.0),
            ),
            "defaults": Mistake(
                "That is right for betas of 0.9 and 0.999. Here they are others.",
                lambda grad, lr, beta1, beta2: first_step(grad, lr, 0.9, 0.999),
            ),
            "one number": Mistake(
                "Two numbers are wanted, in one array: without the correction, and with it.",
                lambda *given: first_step(*given)[0],
                lambda *given: first_step(*given)[1],
            ),
        },
        cases=[(40.0, 0.1, 0.5, 0.96), (-0.25, 0.02, 0.9, 0.999), (3.0, 0.5, 0.99, 0.75)],
        praise="With the correction it is the rate and a sign; without it, the betas decide.",
    ),
    choice(
        "5.4",
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
        "5.5",
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
                lambda share, grad: np.abs(grad) / (1 - share),
            ),
            "minus": Mistake(
                "Your eps is below 0: it would make the step longer than the rate.",
                lambda share, grad: np.abs(grad) * (1 - 1 / share),
                lambda share, grad: grad * (1 - 1 / share),
            ),
            "plus": Mistake(
                "The root of v is taken away when you solve for eps, not added.",
                lambda share, grad: np.abs(grad) * (1 / share + 1),
            ),
            "divided by the gradient": Mistake(
                "The larger the gradient, the larger eps has to be beside it. Yours gets smaller.",
                lambda share, grad: (1 / share - 1) / np.abs(grad),
                lambda share, grad: (1 / share - 1) / grad,
            ),
            "turned over": Mistake(
                "You have the fraction upside down: with a share close to 1 your eps becomes huge.",
                lambda share, grad: np.abs(grad) * share / (1 - share),
                lambda share, grad: grad * share / (1 - share),
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
            "root": Mistake(
                "Your eps goes with the root of the gradient. It is added to a root of a square, "
                "so it has the units of the gradient.",
                lambda share, grad: np.abs(grad) ** 0.5 * (1 / share - 1),
            ),
            "no gradient": Mistake(
                "Yours is the same for all gradients. What is tiny beside one of them may be huge "
                "beside another.",
                lambda share, grad: 1 / share - 1,
                lambda share, grad: 1 - share,
                lambda share, grad: 1e-8,
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
