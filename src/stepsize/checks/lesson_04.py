"""Lesson 4: Adagrad, how fast its rate falls, and RMSProp."""

import numpy as np

from ..optimizers import Step, adagrad, rmsprop
from .exercise import Mistake, by_parts
from .exercise_types import Case, number, rule

TITLE = "4 A step size of one's own"

GRADIENTS = [(0.5, 3.0), (-1.5, 2.0), (0.25, -4.0), (2.0, 0.5)]
SMALL = [(0.02, -0.4, 0.1), (0.05, 0.3, -0.02), (-0.01, 0.2, 0.04)]


# --- 4.1: Adagrad -------------------------------------------------------------------------------


@by_parts
def _adagrad(
    start=0.0,
    seen=lambda g, lr: g,
    add=lambda total, g, eps: total + g * g,
    divides=lambda total, old, g, t: total,
    root=lambda total: total**0.5,
    below=lambda root, eps: root + eps,
    above=lambda g, total: g,
    rate=lambda lr, t: lr,
    step=lambda above, below, lr, eps: lr * above / below,
    sign=-1,
    new=lambda theta, step: theta + step,
    keep=lambda total: total,
):
    def variant(theta, grad, t, total=start, *, lr, eps):
        old, total = total, add(total, seen(grad, lr), eps)
        divisor = below(root(divides(total, old, grad, t)), eps)
        move = sign * step(above(grad, total), divisor, rate(lr, t), eps)
        return Step(new(theta, move), dict(total=keep(total)))

    return variant


ADAGRAD = rule(
    "4.1",
    "Adagrad",
    "my_adagrad(theta, grad, t, lr=lr, eps=eps)",
    adagrad,
    {
        "uphill": Mistake(
            "You walk uphill: a scaled step still has to go against the gradient.",
            _adagrad(sign=1),
        ),
        "no root": Mistake(
            "You divide by a sum of squares, so larger gradients make smaller steps. Divide by "
            "its root, which has the units of the gradient.",
            _adagrad(root=lambda total: total),
        ),
        "half for a root": Mistake(
            "Python reads `x**1/2` as half of `x**1`, because powers come before division. Put "
            "the exponent in parentheses, or write 0.5.",
            _adagrad(root=lambda total: total / 2),
        ),
        "eps inside": Mistake(
            "Your eps is inside the root. PyTorch adds it to the root, which makes a difference "
            "for small gradients.",
            _adagrad(below=lambda root, eps: (root**2 + eps) ** 0.5),
            _adagrad(below=lambda root, eps: (root**2 + eps**2) ** 0.5),
        ),
        "eps outside": Mistake(
            "Your eps is outside the fraction, so it moves theta by the same amount in every "
            "update. It belongs in the denominator, next to the root: are parentheses missing?",
            _adagrad(
                below=lambda root, eps: root,
                step=lambda above, below, lr, eps: lr * above / below - eps,
            ),
            _adagrad(
                below=lambda root, eps: root,
                step=lambda above, below, lr, eps: lr * above / below + eps,
            ),
            _adagrad(
                below=lambda root, eps: root,
                step=lambda above, below, lr, eps: lr * (above / below + eps),
            ),
        ),
        "eps after dividing": Mistake(
            "You divide first and add eps afterwards. Add it before you divide: it keeps the "
            "denominator above 0.",
            _adagrad(below=lambda root, eps: 1 / (1 / root + eps)),
        ),
        "no eps": Mistake(
            "There is no eps in your step. Where no gradient has come yet, you divide 0 by 0.",
            _adagrad(below=lambda root, eps: root),
        ),
        "floor": Mistake(
            "You replace the root by eps where the root is smaller. Here eps is added to the "
            "root, whatever its size.",
            _adagrad(below=lambda root, eps: np.maximum(root, eps)),
        ),
        "eps subtracted": Mistake(
            "You subtract eps from the root. That can make the denominator 0, which eps is there "
            "to prevent.",
            _adagrad(below=lambda root, eps: root - eps),
        ),
        "eps multiplies": Mistake(
            "You multiply by eps. It is a small amount that you add to the root.",
            _adagrad(below=lambda root, eps: root * eps),
        ),
        "piles up": Mistake(
            "You add eps to the sum and remember it, so it piles up from update to update. It "
            "belongs next to the root, in this step only.",
            _adagrad(add=lambda total, g, eps: total + g * g + eps, below=lambda root, eps: root),
        ),
        "begins above 0": Mistake(
            "Your sum doesn't begin at 0. Nothing has been added up before the first gradient, "
            "and eps alone takes care of dividing by 0.",
            _adagrad(start=1.0),
            _adagrad(start=0.1),
            _adagrad(start=1e-2),
        ),
        "sizes": Mistake(
            "You add up the sizes of the gradients. Add up their squares, and then take the root.",
            _adagrad(add=lambda total, g, eps: total + abs(g)),
            _adagrad(add=lambda total, g, eps: total + abs(g), root=lambda total: total),
        ),
        "no square": Mistake(
            "You add up the gradients themselves. Gradients of opposite sign cancel in such a "
            "sum; their squares can't.",
            _adagrad(add=lambda total, g, eps: total + g),
            _adagrad(add=lambda total, g, eps: total + g, root=lambda total: total),
            _adagrad(add=lambda total, g, eps: total + g, root=abs),
            _adagrad(add=lambda total, g, eps: total + g, root=lambda total: abs(total) ** 0.5),
        ),
        "square of the sum": Mistake(
            "You add first and square afterwards. Square each gradient by itself, then add.",
            _adagrad(add=lambda total, g, eps: (total + g) ** 2),
        ),
        "squares the sum": Mistake(
            "You square what you remember, too. It is already a sum of squares.",
            _adagrad(add=lambda total, g, eps: total**2 + g * g),
        ),
        "one for all": Mistake(
            "Your coordinates all share one denominator. The point of this rule is that each has "
            "its own: no sum, mean or norm over coordinates.",
            _adagrad(add=lambda total, g, eps: total + (g * g).sum()),
            _adagrad(add=lambda total, g, eps: total + (g * g).mean()),
            _adagrad(divides=lambda total, old, g, t: total.mean()),
            _adagrad(divides=lambda total, old, g, t: total.max()),
        ),
        "old total": Mistake(
            "You divide by what came before this gradient, which at first is only eps. Add this "
            "gradient's square first, then divide.",
            _adagrad(divides=lambda total, old, g, t: old + 0 * g),
        ),
        "newest twice": Mistake(
            "The newest square counts twice: it is already in the sum, and you add it again.",
            _adagrad(divides=lambda total, old, g, t: total + g * g),
            _adagrad(add=lambda total, g, eps: total + 2 * g * g),
        ),
        "forgotten": Mistake(
            "Earlier gradients play no part: every update starts from nothing again. Do you add "
            "to the sum, and put it into the Step?",
            _adagrad(divides=lambda total, old, g, t: g * g),
            _adagrad(keep=lambda total: 0 * total),
        ),
        "plain": Mistake(
            "You don't divide your steps by anything: that is gradient descent.",
            _adagrad(step=lambda above, below, lr, eps: lr * above),
        ),
        "keeps the root": Mistake(
            "You remember the root, so the next square is added to a root. Remember the sum as it "
            "is.",
            _adagrad(keep=lambda total: total**0.5),
        ),
        "keeps the denominator": Mistake(
            "You remember the whole denominator, root and eps. Remember only the sum of squares.",
            _adagrad(keep=lambda total: total**0.5 + 0.05),
            _adagrad(keep=lambda total: total + 0.05),
        ),
        "forgets": Mistake(
            "Your sum fades. That is RMSProp's idea, which comes next: Adagrad never forgets.",
            _adagrad(add=lambda total, g, eps: 0.9 * total + 0.1 * g * g),
            _adagrad(add=lambda total, g, eps: 0.9 * total + g * g),
            _adagrad(add=lambda total, g, eps: 0.99 * total + 0.01 * g * g),
            _adagrad(add=lambda total, g, eps: 0.5 * total + 0.5 * g * g),
        ),
        "subtracted": Mistake(
            "You subtract the squares. A sum of squares only ever grows; yours falls below 0, "
            "where it has no root.",
            _adagrad(add=lambda total, g, eps: total - g * g),
        ),
        "multiplied": Mistake(
            "You multiply by the root. A weight that has seen large gradients should take shorter "
            "steps, not longer ones.",
            _adagrad(step=lambda above, below, lr, eps: lr * above * below),
        ),
        "no gradient": Mistake(
            "The gradient itself is missing from the numerator: all your steps go the same way.",
            _adagrad(above=lambda g, total: np.ones_like(g)),
        ),
        "sign": Mistake(
            "Your numerator is only the sign of the gradient. It should be the gradient itself.",
            _adagrad(above=lambda g, total: np.sign(g)),
        ),
        "squared": Mistake(
            "The gradient in the numerator is squared, so it has lost its sign. Only what you "
            "remember is squared.",
            _adagrad(above=lambda g, total: g * g),
            _adagrad(above=lambda g, total: abs(g)),
        ),
        "along the sum": Mistake(
            "You step along the sum of squares, which has no direction. Its root divides the "
            "gradient.",
            _adagrad(above=lambda g, total: total),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in your steps.",
            _adagrad(rate=lambda lr, t: 1.0),
        ),
        "rate cancels": Mistake(
            "You multiply the gradient by the rate before you square it. Then the rate is in the "
            "numerator and in the denominator, and cancels: square the gradient alone.",
            _adagrad(seen=lambda g, lr: lr * g),
        ),
        "rate falls": Mistake(
            "Your rate itself falls with t. Adagrad needs no such help: the sum makes the steps "
            "shorter.",
            _adagrad(rate=lambda lr, t: lr / t),
            _adagrad(rate=lambda lr, t: lr / t**0.5),
        ),
        "by the count": Mistake(
            "You divide by the root of the number of updates, which is the same for all "
            "coordinates. What counts is how much gradient each one has seen.",
            _adagrad(divides=lambda total, old, g, t: t),
        ),
        "largest": Mistake(
            "You remember only the largest square. Here they are all added up.",
            _adagrad(add=lambda total, g, eps: np.maximum(total, g * g)),
        ),
        "root twice": Mistake(
            "You take the root twice, once in what you remember and again in the denominator.",
            _adagrad(add=lambda total, g, eps: (total**2 + g * g) ** 0.5),
            _adagrad(root=lambda total: total**0.25),
        ),
        "mean": Mistake(
            "You take the mean of the squares so far. Adagrad takes their sum, so its steps get "
            "shorter.",
            _adagrad(divides=lambda total, old, g, t: total / t),
        ),
        "step only": Mistake(
            "That is the step itself. A `Step` holds the new theta: where the step takes you.",
            _adagrad(new=lambda theta, step: step),
            _adagrad(new=lambda theta, step: -step),
        ),
    },
    cases=[
        Case((1.0, -2.0), GRADIENTS, dict(lr=[0.5, 0.5, 0.2, 0.2], eps=1e-10)),
        Case((0.5, 4.0, -3.0), SMALL, dict(lr=0.1, eps=0.05)),
    ],
    praise="Each coordinate has its own rate, and nobody had to choose it.",
)


# --- 4.2: when Adagrad has lost nine tenths -----------------------------------------------------

NINE_TENTHS = number(
    "4.2",
    "When Adagrad has lost nine tenths",
    100,
    within=0.4,
    mistakes={
        "one tenth a step": Mistake(
            "The rate is divided by the root of the sum. How large must the sum be for its root "
            "to be 10?",
            10,
            9,
            11,
        ),
        "one too few": Mistake(
            "That many updates come after the first. The question is which update it is, and the "
            "first one is number 1.",
            99,
        ),
        "one too many": Mistake(
            "In update 1 the sum already holds one square. Count again.",
            101,
        ),
        "nine tenths left": Mistake(
            "At that point it has lost about a tenth. It should have lost nine tenths.",
            1.2345679,
            1.1111111,
        ),
        "root of ten": Mistake(
            "After so few updates the root of the sum isn't even 2. It has to be 10.",
            10**0.5,
            3,
            4,
        ),
        "a ninth": Mistake(
            "There the rate has fallen to a ninth. It should have fallen to a tenth.",
            81,
        ),
        "square of the square": Mistake(
            "That is one square too many. The rate falls as the root of the sum, and the sum is "
            "the number of updates.",
            10_000,
            1000,
        ),
        "share itself": Mistake(
            "That is a share of the rate. In which update is it reached?",
            0.1,
            0.01,
        ),
    },
    hint=(
        "With gradients of 1, the sum is the number of updates. Write down the rate in updates 1, "
        "4 and 9, and continue."
    ),
    praise="One over the root of t: a tenth after a hundred, a hundredth after ten thousand.",
)


# --- 4.3: RMSProp -------------------------------------------------------------------------------


@by_parts
def _rmsprop(
    start=0.0,
    share=lambda alpha, t: alpha,
    square=lambda g: g * g,
    mean=lambda v, square, alpha: alpha * v + (1 - alpha) * square,
    divides=lambda v, old, g, alpha, t: v,
    root=lambda v: v**0.5,
    below=lambda root, eps: root + eps,
    above=lambda g, v: g,
    rate=lambda lr, t: lr,
    step=lambda above, below, lr, eps: lr * above / below,
    sign=-1,
    new=lambda theta, step: theta + step,
    keep=lambda v, eps: v,
):
    def variant(theta, grad, t, v=start, *, lr, alpha, eps):
        alpha = share(alpha, t)
        old, v = v, mean(v, square(grad), alpha)
        divisor = below(root(divides(v, old, grad, alpha, t)), eps)
        move = sign * step(above(grad, v), divisor, rate(lr, t), eps)
        return Step(new(theta, move), dict(v=keep(v, eps)))

    return variant


def _centered(theta, grad, t, m=0.0, v=0.0, *, lr, alpha, eps):
    m = alpha * m + (1 - alpha) * grad
    v = alpha * v + (1 - alpha) * grad * grad
    return Step(theta - lr * grad / ((v - m * m) ** 0.5 + eps), dict(m=m, v=v))


def _along_a_mean(theta, grad, t, m=0.0, v=0.0, *, lr, alpha, eps):
    m = alpha * m + (1 - alpha) * grad
    v = alpha * v + (1 - alpha) * grad * grad
    return Step(theta - lr * m / (v**0.5 + eps), dict(m=m, v=v))


RMSPROP = rule(
    "4.3",
    "RMSProp",
    "my_rmsprop(theta, grad, t, lr=lr, alpha=alpha, eps=eps)",
    rmsprop,
    {
        "uphill": Mistake(
            "You walk uphill: a scaled step still has to go against the gradient.",
            _rmsprop(sign=1),
        ),
        "never forgets": Mistake(
            "Your sum only grows, as Adagrad's does. Here alpha says how much of the old mean is "
            "left.",
            _rmsprop(mean=lambda v, square, alpha: v + square),
            _rmsprop(mean=lambda v, square, alpha: v + (1 - alpha) * square),
        ),
        "a sum, not a mean": Mistake(
            "The new square counts in full, which makes v a sum of many squares. In a mean the "
            "two weights add up to 1.",
            _rmsprop(mean=lambda v, square, alpha: alpha * v + square),
        ),
        "swapped": Mistake(
            "You swapped alpha and 1 - alpha: your v forgets almost everything in each update.",
            _rmsprop(mean=lambda v, square, alpha: (1 - alpha) * v + alpha * square),
        ),
        "all fades": Mistake(
            "You multiply the new square by alpha as well. alpha belongs to the old mean: it's "
            "the share of it that is kept.",
            _rmsprop(mean=lambda v, square, alpha: alpha * (v + (1 - alpha) * square)),
            _rmsprop(mean=lambda v, square, alpha: alpha * (v + square)),
        ),
        "rest of both": Mistake(
            "Old and new get the same weight, 1 - alpha. The old mean should keep alpha.",
            _rmsprop(mean=lambda v, square, alpha: (1 - alpha) * (v + square)),
        ),
        "fixed": Mistake(
            "Your alpha is a fixed number. Use the one you are given.",
            _rmsprop(share=lambda alpha, t: 0.9),
            _rmsprop(share=lambda alpha, t: 0.99),
            _rmsprop(share=lambda alpha, t: 0.5),
        ),
        "plus": Mistake(
            "The weight of the new square is 1 + alpha. With alpha on the old mean, the two "
            "weights should add up to 1.",
            _rmsprop(mean=lambda v, square, alpha: alpha * v + (1 + alpha) * square),
        ),
        "power of alpha": Mistake(
            "You raise alpha to the power of t. Each update keeps the same share of the old mean; "
            "the powers arise by themselves.",
            _rmsprop(share=lambda alpha, t: alpha**t),
        ),
        "weight squared": Mistake(
            "You square the weight of the new square, too. Square only the gradient.",
            _rmsprop(mean=lambda v, square, alpha: alpha * v + (1 - alpha) ** 2 * square),
        ),
        "begins with the first": Mistake(
            "Your mean begins with the first square. Here it begins at 0 and makes the first "
            "steps long; that is worth seeing.",
            _rmsprop(
                mean=lambda v, square, alpha: (
                    square if np.ndim(v) == 0 else alpha * v + (1 - alpha) * square
                )
            ),
        ),
        "begins above 0": Mistake(
            "Your v doesn't begin at 0. Nothing has been averaged before the first gradient.",
            _rmsprop(start=1.0),
            _rmsprop(start=0.1),
        ),
        "no root": Mistake(
            "You divide by a mean of squares, so larger gradients make smaller steps. Divide by "
            "its root, which has the units of the gradient.",
            _rmsprop(root=lambda v: v),
        ),
        "half for a root": Mistake(
            "Python reads `x**1/2` as half of `x**1`, because powers come before division. Put "
            "the exponent in parentheses, or write 0.5.",
            _rmsprop(root=lambda v: v / 2),
        ),
        "sizes": Mistake(
            "Your v averages the sizes of the gradients. Average their squares, and then take the "
            "root.",
            _rmsprop(square=abs),
            _rmsprop(square=abs, root=lambda v: v),
        ),
        "no square": Mistake(
            "Your v averages the gradients themselves. Gradients of opposite sign cancel, and "
            "where v falls below 0 it has no root: average their squares.",
            _rmsprop(square=lambda g: g),
            _rmsprop(square=lambda g: g, root=lambda v: abs(v) ** 0.5),
            _rmsprop(square=lambda g: g, root=lambda v: v),
            _rmsprop(square=lambda g: g, root=abs),
        ),
        "subtracted": Mistake(
            "You subtract the new square. A mean of squares is never below 0; yours falls below "
            "it, where it has no root.",
            _rmsprop(mean=lambda v, square, alpha: alpha * v - (1 - alpha) * square),
        ),
        "eps inside": Mistake(
            "Your eps is inside the root. PyTorch adds it to the root, which makes a difference "
            "for small gradients.",
            _rmsprop(below=lambda root, eps: (root**2 + eps) ** 0.5),
            _rmsprop(below=lambda root, eps: (root**2 + eps**2) ** 0.5),
        ),
        "eps outside": Mistake(
            "Your eps is outside the fraction, so it moves theta by the same amount in every "
            "update. It belongs in the denominator, next to the root: are parentheses missing?",
            _rmsprop(
                below=lambda root, eps: root,
                step=lambda above, below, lr, eps: lr * above / below - eps,
            ),
            _rmsprop(
                below=lambda root, eps: root,
                step=lambda above, below, lr, eps: lr * above / below + eps,
            ),
            _rmsprop(
                below=lambda root, eps: root,
                step=lambda above, below, lr, eps: lr * (above / below + eps),
            ),
        ),
        "eps after dividing": Mistake(
            "You divide first and add eps afterwards. Add it before you divide: it keeps the "
            "denominator above 0.",
            _rmsprop(below=lambda root, eps: 1 / (1 / root + eps)),
        ),
        "no eps": Mistake(
            "There is no eps in your step. Where no gradient has come yet, you divide 0 by 0.",
            _rmsprop(below=lambda root, eps: root),
        ),
        "floor": Mistake(
            "You replace the root by eps where the root is smaller. Here eps is added to the "
            "root, whatever its size.",
            _rmsprop(below=lambda root, eps: np.maximum(root, eps)),
        ),
        "eps subtracted": Mistake(
            "You subtract eps from the root. That can make the denominator 0, which eps is there "
            "to prevent.",
            _rmsprop(below=lambda root, eps: root - eps),
        ),
        "eps multiplies": Mistake(
            "You multiply by eps. It is a small amount that you add to the root.",
            _rmsprop(below=lambda root, eps: root * eps),
        ),
        "no gradient": Mistake(
            "The gradient itself is missing from the numerator: all your steps go the same way.",
            _rmsprop(above=lambda g, v: np.ones_like(g)),
        ),
        "sign": Mistake(
            "Your numerator is only the sign of the gradient. It should be the gradient itself.",
            _rmsprop(above=lambda g, v: np.sign(g)),
        ),
        "squared": Mistake(
            "The gradient in the numerator is squared, so it has lost its sign. Only what you "
            "remember is squared.",
            _rmsprop(above=lambda g, v: g * g),
            _rmsprop(above=lambda g, v: abs(g)),
        ),
        "along v": Mistake(
            "You step along v, which has no direction: it is a mean of squares. Its root divides "
            "the gradient.",
            _rmsprop(above=lambda g, v: v),
        ),
        "along a mean": Mistake(
            "You step along a mean of gradients. That is Adam's idea (lesson 5); RMSProp steps "
            "along the current gradient.",
            _along_a_mean,
        ),
        "keeps the root": Mistake(
            "You remember the root, so the next square is averaged with a root. Remember v as it "
            "is.",
            _rmsprop(keep=lambda v, eps: v**0.5),
        ),
        "keeps the denominator": Mistake(
            "You remember eps along with v. Remember v as it is; eps is for this step only.",
            _rmsprop(keep=lambda v, eps: v**0.5 + eps),
            _rmsprop(keep=lambda v, eps: v + eps),
        ),
        "corrected": Mistake(
            "You correct v for its start at 0. That is Adam's idea (lesson 5); RMSProp keeps its "
            "long first steps.",
            _rmsprop(divides=lambda v, old, g, alpha, t: v / (1 - alpha**t)),
        ),
        "centered": Mistake(
            "You subtract the square of the mean first. That is centered RMSProp, which divides "
            "by a standard deviation; here nothing is subtracted.",
            _centered,
        ),
        "old v": Mistake(
            "You divide by the mean of the squares before this one, which at first is only eps. "
            "Update v first, then divide.",
            _rmsprop(divides=lambda v, old, g, alpha, t: old + 0 * g),
        ),
        "forgotten": Mistake(
            "Earlier gradients play no part: every update starts from nothing again. Do you "
            "update v from the old v, and put it into the Step?",
            _rmsprop(keep=lambda v, eps: 0 * v),
            _rmsprop(divides=lambda v, old, g, alpha, t: g * g),
        ),
        "plain": Mistake(
            "You don't divide your steps by anything: that is gradient descent.",
            _rmsprop(step=lambda above, below, lr, eps: lr * above),
        ),
        "multiplied": Mistake(
            "You multiply by the root. A weight that sees large gradients should take shorter "
            "steps, not longer ones.",
            _rmsprop(step=lambda above, below, lr, eps: lr * above * below),
        ),
        "one for all": Mistake(
            "Your coordinates all share one denominator. The point of this rule is that each has "
            "its own: no sum, mean or norm over coordinates.",
            _rmsprop(square=lambda g: (g * g).mean()),
            _rmsprop(square=lambda g: (g * g).sum()),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in your steps.",
            _rmsprop(rate=lambda lr, t: 1.0),
        ),
        "rate falls": Mistake(
            "Your rate itself falls with t. That would be a schedule, and this rule has none.",
            _rmsprop(rate=lambda lr, t: lr / t),
            _rmsprop(rate=lambda lr, t: lr / t**0.5),
        ),
        "step only": Mistake(
            "That is the step itself. A `Step` holds the new theta: where the step takes you.",
            _rmsprop(new=lambda theta, step: step),
            _rmsprop(new=lambda theta, step: -step),
        ),
    },
    cases=[
        Case((1.0, -2.0), GRADIENTS, dict(lr=[0.05, 0.05, 0.02, 0.02], alpha=0.9, eps=1e-8)),
        Case((0.5, 4.0, -3.0), SMALL, dict(lr=0.1, alpha=0.75, eps=0.05)),
    ],
    praise="One factor more than Adagrad, and it can go on forever.",
)


EXERCISES = (ADAGRAD, NINE_TENTHS, RMSPROP)
