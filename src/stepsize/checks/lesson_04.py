"""Lesson 4: Adagrad, how fast its rate falls, and RMSProp."""

import numpy as np

from ..optimizers import Step, adagrad, rmsprop
from .exercise import Mistake
from .exercise_types import Case, number, rule

TITLE = "4 A step size of one's own"


def _root(total, eps):
    return total**0.5 + eps


def _add(total, grad):
    return total + grad * grad


def _adagrad(add=_add, below=_root, grad_of=lambda g: g, sign=-1, keep=lambda total: total):
    """Adagrad with another sum, another denominator, another gradient, or that keeps otherwise."""

    def variant(theta, grad, t, total=0.0, *, lr, eps):
        total = add(total, grad)
        step = sign * lr * grad_of(grad) / below(total, eps)
        return Step(theta + step, dict(total=keep(total)))

    return variant


def _mean(v, grad, alpha):
    return alpha * v + (1 - alpha) * grad * grad


def _rmsprop(
    mean=_mean,
    below=lambda v, eps, alpha, t: v**0.5 + eps,
    grad_of=lambda g: g,
    sign=-1,
    keep=lambda v: v,
):
    """RMSProp, changed as `_adagrad` changes Adagrad."""

    def variant(theta, grad, t, v=0.0, *, lr, alpha, eps):
        v = mean(v, grad, alpha)
        step = sign * lr * grad_of(grad) / below(v, eps, alpha, t)
        return Step(theta + step, dict(v=keep(v)))

    return variant


def _old_total(theta, grad, t, total=0.0, *, lr, eps):
    return Step(theta - lr * grad / (total**0.5 + eps), dict(total=total + grad * grad))


def _adagrad_mean(theta, grad, t, total=0.0, *, lr, eps):
    total = total + grad * grad
    return Step(theta - lr * grad / ((total / t) ** 0.5 + eps), dict(total=total))


def _outside(theta, grad, t, total=0.0, *, lr, eps):
    total = total + grad * grad
    return Step(theta - lr * grad / total**0.5 + eps, dict(total=total))


def _outside_below(theta, grad, t, total=0.0, *, lr, eps):
    total = total + grad * grad
    return Step(theta - lr * (grad / total**0.5 + eps), dict(total=total))


def _by_the_count(theta, grad, t, *, lr, eps):
    return Step(theta - lr * grad / (t**0.5 + eps))


def _rate_inside(theta, grad, t, total=0.0, *, lr, eps):
    total = total + (lr * grad) ** 2
    return Step(theta - lr * lr * grad / (total**0.5 + lr * eps), dict(total=total))


def _piling(theta, grad, t, total=0.0, *, lr, eps):
    total = total + grad * grad + eps
    return Step(theta - lr * grad / total**0.5, dict(total=total))


def _outside_rmsprop(theta, grad, t, v=0.0, *, lr, alpha, eps):
    v = alpha * v + (1 - alpha) * grad * grad
    return Step(theta - lr * grad / v**0.5 + eps, dict(v=v))


def _outside_below_rmsprop(theta, grad, t, v=0.0, *, lr, alpha, eps):
    v = alpha * v + (1 - alpha) * grad * grad
    return Step(theta - lr * (grad / v**0.5 + eps), dict(v=v))


def _centred(theta, grad, t, m=0.0, v=0.0, *, lr, alpha, eps):
    m = alpha * m + (1 - alpha) * grad
    v = alpha * v + (1 - alpha) * grad * grad
    return Step(theta - lr * grad / ((v - m * m) ** 0.5 + eps), dict(m=m, v=v))


def _old_v(theta, grad, t, v=0.0, *, lr, alpha, eps):
    step = lr * grad / (v**0.5 + eps)
    return Step(theta - step, dict(v=alpha * v + (1 - alpha) * grad * grad))


UPHILL = "You walk uphill: a smaller step against the gradient is still a step against it."
ONE_FOR_ALL = (
    "All coordinates share one denominator here. The point of this rule is that each has its own: "
    "no sum, no mean, no norm over them."
)
ROOT_OF_SUM = (
    "eps stands inside the root. PyTorch's is outside, added to the root: for small gradients that "
    "is another number."
)
NO_EPS = "eps has no part in it. Where no gradient has come yet, you divide 0 by 0."
NO_ROOT = (
    "You divide by a sum of squares: then larger gradients make smaller steps. The root gives it "
    "the gradient's own unit."
)
NO_SQUARE = (
    "You add up gradients, not their squares: those of opposite sign cancel, or the unit is wrong."
)
OUTSIDE = (
    "eps has slipped out of the fraction: it moves theta, the same way in every update. It belongs "
    "to the root, below."
)
FLOOR = (
    "You take eps in place of a root that is smaller. Here it is added to the root, whatever its "
    "size."
)
SQUARED = (
    "The gradient above is squared, and has lost its sign. Only in what is remembered stand "
    "squares."
)
NO_GRADIENT = "The gradient itself is missing above: all your steps go the same way."
ROOT_KEPT = (
    "Your first update is right. What you remember is the root: the next square is then added to a "
    "root."
)
FORGOTTEN = "What came before has no part in it: every update starts from nothing again."

GRADIENTS = [(0.5, 3.0), (-1.5, 2.0), (0.25, -4.0), (2.0, 0.5)]
SMALL = [(0.02, -0.4, 0.1), (0.05, 0.3, -0.02), (-0.01, 0.2, 0.04)]

EXERCISES = (
    rule(
        "4.1",
        "Adagrad",
        "my_adagrad(theta, grad, t, lr=lr, eps=eps)",
        adagrad,
        {
            "uphill": Mistake(UPHILL, _adagrad(sign=1)),
            "no root": Mistake(NO_ROOT, _adagrad(below=lambda total, eps: total + eps)),
            "eps inside": Mistake(
                ROOT_OF_SUM, _adagrad(below=lambda total, eps: (total + eps) ** 0.5)
            ),
            "outside": Mistake(OUTSIDE, _outside, _outside_below),
            "floor": Mistake(FLOOR, _adagrad(below=lambda total, eps: np.maximum(total**0.5, eps))),
            "piles up": Mistake(
                "eps goes into the sum, anew in every update, and is remembered. It is added to "
                "the root, for this step only.",
                _piling,
            ),
            "no eps": Mistake(NO_EPS, _adagrad(below=lambda total, eps: total**0.5)),
            "no square": Mistake(
                NO_SQUARE,
                _adagrad(add=lambda total, g: total + abs(g)),
                _adagrad(add=lambda total, g: total + abs(g), below=lambda total, eps: total + eps),
                _adagrad(add=lambda total, g: total + g, below=lambda total, eps: total + eps),
            ),
            "one for all": Mistake(
                ONE_FOR_ALL,
                _adagrad(add=lambda total, g: total + (g * g).sum()),
                _adagrad(add=lambda total, g: total + (g * g).mean()),
                _adagrad(below=lambda total, eps: total.sum() ** 0.5 + eps),
                _adagrad(below=lambda total, eps: total.mean() ** 0.5 + eps),
                _adagrad(below=lambda total, eps: total.max() ** 0.5 + eps),
            ),
            "old total": Mistake(
                "The gradient of now is missing below: you divide by what came before it, at first "
                "by eps alone.",
                _old_total,
            ),
            "forgotten": Mistake(
                FORGOTTEN,
                _adagrad(add=lambda total, g: g * g),
                _adagrad(keep=lambda total: 0 * total),
                lambda theta, grad, t, *, lr, eps: Step(theta - lr * grad),
            ),
            "keeps the root": Mistake(
                ROOT_KEPT,
                _adagrad(keep=lambda total: total**0.5),
                _adagrad(keep=lambda total: total**0.5 + 1e-8),
            ),
            "forgets": Mistake(
                "Your sum fades. That is RMSProp's idea, which comes next: Adagrad never forgets.",
                _adagrad(add=lambda total, g: 0.9 * total + 0.1 * g * g),
                _adagrad(add=lambda total, g: 0.9 * total + g * g),
                _adagrad(add=lambda total, g: 0.99 * total + 0.01 * g * g),
            ),
            "multiplied": Mistake(
                "You multiply by the root. Who has seen much should take shorter steps.",
                lambda theta, grad, t, total=0.0, *, lr, eps: Step(
                    theta - lr * grad * ((total + grad * grad) ** 0.5 + eps),
                    dict(total=total + grad * grad),
                ),
            ),
            "no gradient": Mistake(NO_GRADIENT, _adagrad(grad_of=np.ones_like)),
            "squared": Mistake(SQUARED, _adagrad(grad_of=np.square)),
            "by the count": Mistake(
                "You divide by the root of the number of updates, the same for all coordinates. "
                "What counts is how much gradient each has had.",
                _by_the_count,
            ),
            "largest": Mistake(
                "You remember the largest square alone. Here all of them are added up.",
                _adagrad(add=lambda total, g: np.maximum(total, g * g)),
            ),
            "root twice": Mistake(
                "You take the root twice: once in what you remember, and again below.",
                _adagrad(add=lambda total, g: (total**2 + g * g) ** 0.5),
            ),
            "rate inside": Mistake(
                "While the rate stays, that is the same path. Here it changes on the way, and the "
                "sum still holds the old one: add up gradients alone.",
                _rate_inside,
            ),
            "mean": Mistake(
                "You take the mean of the squares so far. Adagrad takes their sum: its steps get "
                "shorter.",
                _adagrad_mean,
            ),
        },
        cases=[
            Case((1.0, -2.0), GRADIENTS, dict(lr=[0.5, 0.5, 0.2, 0.2], eps=1e-10)),
            Case((0.5, 4.0, -3.0), SMALL, dict(lr=0.1, eps=0.05)),
        ],
        praise="Each coordinate has a rate of its own, and nobody had to choose them.",
    ),
    number(
        "4.2",
        "When Adagrad has lost nine tenths",
        100,
        within=0.4,
        mistakes={
            "one tenth a step": Mistake(
                "The rate is divided by a root of what has been added up: how large must the sum "
                "be for its root to be 10?",
                10,
                9,
            ),
            "one too few": Mistake(
                "So many updates come after the first. Asked for is the number of the update "
                "itself, with the first as 1.",
                99,
            ),
            "one too many": Mistake(
                "In update 1 the sum holds one square already, not none. Count again.",
                101,
            ),
            "nine tenths left": Mistake(
                "There it has lost about a tenth. Nine tenths are to go: one is left.",
                1.2345679,
            ),
            "root of ten": Mistake(
                "After so many updates the root of the sum isn't even 2. It has to be 10.",
                10**0.5,
                3,
            ),
            "square of the square": Mistake(
                "One root too many: the rate falls as the root of the sum, and the sum as the "
                "number of updates.",
                10_000,
            ),
            "share itself": Mistake(
                "That is the share that is left. In which update is it reached?",
                0.1,
            ),
        },
        hint=(
            "With gradients of 1 the sum is the number of updates. Write down the rate in update "
            "1, 4, 9, and go on."
        ),
        praise="One over the root of t: a tenth after a hundred, a hundredth after ten thousand.",
    ),
    rule(
        "4.3",
        "RMSProp",
        "my_rmsprop(theta, grad, t, lr=lr, alpha=alpha, eps=eps)",
        rmsprop,
        {
            "uphill": Mistake(UPHILL, _rmsprop(sign=1)),
            "never forgets": Mistake(
                "Your sum only grows: that is Adagrad. Here alpha of the old is left, and the new "
                "gets the rest.",
                _rmsprop(mean=lambda v, g, alpha: v + g * g),
                _rmsprop(mean=lambda v, g, alpha: v + (1 - alpha) * g * g),
            ),
            "a sum, not a mean": Mistake(
                "The new square counts whole. Then v is a sum of many squares and no mean: the two "
                "weights should add up to 1.",
                _rmsprop(mean=lambda v, g, alpha: alpha * v + g * g),
            ),
            "swapped": Mistake(
                "alpha and its rest are swapped: yours forgets nearly all at each update.",
                _rmsprop(mean=lambda v, g, alpha: (1 - alpha) * v + alpha * g * g),
            ),
            "no root": Mistake(
                "You divide by a mean of squares: then larger gradients make smaller steps. The "
                "root gives it the gradient's own unit.",
                _rmsprop(below=lambda v, eps, alpha, t: v + eps),
            ),
            "fixed": Mistake(
                "Your alpha is always the same, whatever is handed in.",
                _rmsprop(mean=lambda v, g, alpha: 0.9 * v + 0.1 * g * g),
                _rmsprop(mean=lambda v, g, alpha: 0.99 * v + 0.01 * g * g),
            ),
            "outside": Mistake(OUTSIDE, _outside_rmsprop, _outside_below_rmsprop),
            "floor": Mistake(
                FLOOR, _rmsprop(below=lambda v, eps, alpha, t: np.maximum(v**0.5, eps))
            ),
            "no gradient": Mistake(NO_GRADIENT, _rmsprop(grad_of=np.ones_like)),
            "squared": Mistake(SQUARED, _rmsprop(grad_of=np.square)),
            "keeps the root": Mistake(ROOT_KEPT, _rmsprop(keep=lambda v: v**0.5)),
            "weight squared": Mistake(
                "The weight of the new square is squared, too. Only the gradient is.",
                _rmsprop(mean=lambda v, g, alpha: alpha * v + ((1 - alpha) * g) ** 2),
            ),
            "begins with the first": Mistake(
                "Your mean begins with the first square. Here it begins at 0, and its first steps "
                "are long; that is worth seeing.",
                _rmsprop(mean=lambda v, g, alpha: g * g if np.ndim(v) == 0 else _mean(v, g, alpha)),
            ),
            "all fades": Mistake(
                "alpha multiplies the new square, too. It belongs to the old ones: what is left of "
                "them.",
                _rmsprop(mean=lambda v, g, alpha: alpha * (v + (1 - alpha) * g * g)),
                _rmsprop(mean=lambda v, g, alpha: alpha * (v + g * g)),
            ),
            "centred": Mistake(
                "You take the square of the mean away first: that is centred RMSProp, and divides "
                "by a standard deviation. Here nothing is taken away.",
                _centred,
            ),
            "eps inside": Mistake(
                ROOT_OF_SUM, _rmsprop(below=lambda v, eps, alpha, t: (v + eps) ** 0.5)
            ),
            "no eps": Mistake(NO_EPS, _rmsprop(below=lambda v, eps, alpha, t: v**0.5)),
            "no square": Mistake(
                NO_SQUARE,
                _rmsprop(mean=lambda v, g, alpha: alpha * v + (1 - alpha) * abs(g)),
                _rmsprop(
                    mean=lambda v, g, alpha: alpha * v + (1 - alpha) * abs(g),
                    below=lambda v, eps, alpha, t: v + eps,
                ),
            ),
            "corrected": Mistake(
                "You correct v for its start at 0. That is Adam's idea, lesson 5; RMSProp has its "
                "long first steps.",
                _rmsprop(below=lambda v, eps, alpha, t: (v / (1 - alpha**t)) ** 0.5 + eps),
            ),
            "old v": Mistake(
                "The gradient of now is missing below: you divide by the mean of those before it.",
                _old_v,
            ),
            "forgotten": Mistake(
                FORGOTTEN,
                _rmsprop(keep=lambda v: 0 * v),
                _rmsprop(mean=lambda v, g, alpha: (1 - alpha) * g * g),
                _rmsprop(mean=lambda v, g, alpha: g * g),
            ),
            "one for all": Mistake(
                ONE_FOR_ALL,
                _rmsprop(mean=lambda v, g, alpha: alpha * v + (1 - alpha) * (g * g).mean()),
                _rmsprop(mean=lambda v, g, alpha: alpha * v + (1 - alpha) * (g * g).sum()),
            ),
        },
        cases=[
            Case((1.0, -2.0), GRADIENTS, dict(lr=[0.05, 0.05, 0.02, 0.02], alpha=0.9, eps=1e-8)),
            Case((0.5, 4.0, -3.0), SMALL, dict(lr=0.1, alpha=0.75, eps=0.05)),
        ],
        praise="One factor more than Adagrad, and it can go on for ever.",
    ),
)
