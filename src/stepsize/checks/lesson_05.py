"""Lesson 5: Adam, its two averages, their correction, its first steps, and its eps.

Long, because it is a table: each mistake, the sentence for it, and the answers that make it.
"""

from collections.abc import Callable

import numpy as np

from ..optimizers import Rule, Step, adam
from .exercise import Mistake, by_parts
from .exercise_types import Case, choice, exchanger, function, rule

TITLE = "5 Adam"

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
    Case(  # large gradients
        (2.0, -1.0),
        [(40.0, -20.0), (30.0, 10.0)],
        dict(lr=0.1, beta1=0.8, beta2=0.5, eps=1e-3),
    ),
]


# --- What 5.1 and 5.2 share ---------------------------------------------------------------------


def _divide(average, beta, other, t):
    """The correction. other: the beta of the other average, for answers that mix them up."""
    return average / (1 - beta**t)


def _as_it_is(average, *_):
    return average


def _mean(average, new, beta):
    return beta * average + (1 - beta) * new


@by_parts
def _adam(
    begin=(0.0, 0.0),
    betas=lambda beta1, beta2: (beta1, beta2),
    first=lambda g, lr: g,
    square=lambda g, m: g * g,
    in_m=_mean,
    in_v=_mean,
    fix_m=_divide,
    fix_v=_divide,
    used=lambda new, old: new,
    root=lambda v: v**0.5,
    below=lambda root, eps, rest: root + eps,
    above=lambda m, g, v: m,
    rate=lambda lr, t: lr,
    step=lambda above, below, lr, eps: lr * above / below,
    sign=-1,
    new=lambda theta, step: theta + step,
    keep=lambda m, v, m_hat, v_hat: dict(m=m, v=v),
):
    """Adam with some of its parts replaced. rest: what v is divided by in its correction."""

    def variant(theta, grad, t, m=begin[0], v=begin[1], *, lr, beta1, beta2, eps):
        beta1, beta2 = betas(beta1, beta2)
        old_m, old_v = m + 0 * grad, v + 0 * grad
        m = in_m(m, first(grad, lr), beta1)
        v = in_v(v, square(grad, m), beta2)
        m_hat = fix_m(used(m, old_m), beta1, beta2, t)
        v_hat = fix_v(used(v, old_v), beta2, beta1, t)
        divisor = below(root(v_hat), eps, 1 - beta2**t)
        move = sign * step(above(m_hat, grad, v_hat), divisor, rate(lr, t), eps)
        return Step(new(theta, move), keep(m, v, m_hat, v_hat))

    return variant


@by_parts
def _first(**parts):
    """The Adam of 5.1, which corrects nothing."""
    return _adam(**dict(fix_m=_as_it_is, fix_v=_as_it_is) | parts)


def _turned_weights(average, new, beta):
    return (1 - beta) * average + beta * new


def _sum(average, new, beta):
    return beta * average + new


def _no_fading(average, new, beta):
    return average + (1 - beta) * new


def _begun(average, new, beta):
    """The average starts at the first gradient; before that, it is the number 0."""
    return new if np.ndim(average) == 0 else _mean(average, new, beta)


def _averages_and_step(make: Callable[..., Rule]) -> dict[str, Mistake]:
    """What goes wrong in the averages and in the step, with a correction or without."""
    return {
        "uphill": Mistake(
            "You walk uphill: the step has to go against the mean gradient.",
            make(sign=1),
        ),
        "weights swapped": Mistake(
            "In your m the newest gradient has the weight beta1, and everything before it gets "
            "the rest. It should be the other way around: the memory is long, and one new "
            "gradient counts for little.",
            make(in_m=_turned_weights),
        ),
        "v weights swapped": Mistake(
            "In your v the newest square has the weight beta2, and everything before it gets the "
            "rest. It should be the other way around: the memory is long, and one new square "
            "counts for little.",
            make(in_v=_turned_weights),
        ),
        "both weights swapped": Mistake(
            "In both averages the newest value has the weight beta, and everything before it gets "
            "the rest. It should be the other way around: the memory is long, and one new value "
            "counts for little.",
            make(in_m=_turned_weights, in_v=_turned_weights),
        ),
        "sum": Mistake(
            "Your m is momentum's velocity, a sum that grows to 1 / (1 - beta1) gradients. In an "
            "average, the weights add up to at most 1.",
            make(in_m=_sum),
        ),
        "sum of squares": Mistake(
            "Your v is a sum that grows to 1 / (1 - beta2) squares. In an average, the weights add"
            " up to at most 1.",
            make(in_v=_sum),
        ),
        "two sums": Mistake(
            "Your m and v are both sums, which grow to 1 / (1 - beta) gradients or squares. In an "
            "average, the weights add up to at most 1.",
            make(in_m=_sum, in_v=_sum),
        ),
        "no fading": Mistake(
            "Something never fades in your averages: old values keep their full weight. beta says "
            "how much of the old average is left after each update.",
            make(in_m=_no_fading),
            make(in_v=_no_fading),
            make(in_m=_no_fading, in_v=_no_fading),
            make(in_v=lambda v, new, b: v + new),
        ),
        "all fades": Mistake(
            "You multiply the new value by beta as well. beta belongs to the old average: it's the"
            " share of it that is kept.",
            make(in_m=lambda m, new, b: b * (m + new)),
            make(in_v=lambda v, new, b: b * (v + new)),
            make(in_m=lambda m, new, b: b * (m + (1 - b) * new)),
            make(in_v=lambda v, new, b: b * (v + (1 - b) * new)),
        ),
        "begun with the first": Mistake(
            "Your averages start at the first gradient. Here both start at 0, and the lesson is "
            "about what follows from that.",
            make(in_m=_begun, in_v=_begun),
            make(in_m=_begun),
            make(in_v=_begun),
        ),
        "begun above 0": Mistake(
            "One of your averages doesn't start at 0. Before the first gradient there is nothing "
            "to average.",
            make(begin=(0.0, 1.0)),
            make(begin=(1.0, 0.0)),
            make(begin=(1.0, 1.0)),
        ),
        "no square": Mistake(
            "Your v averages the gradients themselves. Opposite signs cancel, and where the "
            "average is negative it has no root: average the squares.",
            make(square=lambda g, m: g),
            make(square=lambda g, m: g, root=lambda v: abs(v) ** 0.5),
            make(square=lambda g, m: g, root=abs),
        ),
        "size": Mistake(
            "Your v averages the sizes of the gradients. Average their squares: the root comes "
            "later.",
            make(square=lambda g, m: abs(g)),
            make(square=lambda g, m: abs(g), root=lambda v: v),
        ),
        "subtracted": Mistake(
            "You subtract the newest square instead of adding it. That way an average of squares "
            "can fall below 0, where it has no root.",
            make(in_v=lambda v, new, b: b * v - (1 - b) * new),
        ),
        "plus": Mistake(
            "Your newest value has the weight 1 + beta. With beta on the old average, the two "
            "weights should add up to 1.",
            make(in_m=lambda m, new, b: b * m + (1 + b) * new),
            make(in_v=lambda v, new, b: b * v + (1 + b) * new),
            make(
                in_m=lambda m, new, b: b * m + (1 + b) * new,
                in_v=lambda v, new, b: b * v + (1 + b) * new,
            ),
        ),
        "size in m": Mistake(
            "Your m averages sizes. It needs the signs, so that gradients that disagree cancel.",
            make(first=lambda g, lr: abs(g)),
        ),
        "sign in m": Mistake(
            "Your m averages the signs of the gradients. It should average the gradients "
            "themselves.",
            make(first=lambda g, lr: np.sign(g)),
        ),
        "square in m": Mistake(
            "There are squares in your m. It should be the mean of the gradients themselves.",
            make(first=lambda g, lr: g * g),
            make(first=lambda g, lr: g * g, square=lambda g, m: g),
        ),
        "variance": Mistake(
            "Your v is a variance: you subtract the mean before squaring. Adam subtracts nothing. "
            "A constant gradient has variance 0, and you would divide by 0.",
            make(square=lambda g, m: (g - m) ** 2),
        ),
        "newest square": Mistake(
            "Your v is only the newest square. It should average all the squares so far.",
            make(in_v=lambda v, new, b: new, fix_v=_as_it_is),
            make(in_v=lambda v, new, b: (1 - b) * new, fix_v=lambda v, b, other, t: v / (1 - b)),
        ),
        "square of the mean": Mistake(
            "Your v averages the squares of m. Squaring comes before averaging, or gradients of "
            "opposite signs would cancel in it.",
            make(square=lambda g, m: m * m),
        ),
        "all squared": Mistake(
            "In your v the weight of the newest gradient is squared, too. Square only the "
            "gradient.",
            make(in_v=lambda v, new, b: b * v + (1 - b) ** 2 * new),
        ),
        "one for all": Mistake(
            "All your weights share one v. Don't sum or average over the weights: each has a scale"
            " of its own.",
            make(square=lambda g, m: (g * g).sum()),
            make(square=lambda g, m: (g * g).mean()),
        ),
        "swapped": Mistake(
            "You have swapped beta1 and beta2. The direction has the short memory, the scale the "
            "long one.",
            make(betas=lambda beta1, beta2: (beta2, beta1)),
        ),
        "one beta": Mistake(
            "Both averages have the same beta. Each has its own: the direction a short memory, the "
            "scale a long one.",
            make(betas=lambda beta1, beta2: (beta1, beta1)),
            make(betas=lambda beta1, beta2: (beta2, beta2)),
        ),
        "fixed": Mistake(
            "Your betas are 0.9 and 0.999, whatever is handed in. Here they are different.",
            make(betas=lambda beta1, beta2: (0.9, 0.999)),
            make(betas=lambda beta1, beta2: (0.9, beta2)),
            make(betas=lambda beta1, beta2: (beta1, 0.999)),
        ),
        "forgets": Mistake(
            "Each update starts with m and v at 0 again. Whatever you want to remember goes into "
            "the Step, after theta, under its own name.",
            make(keep=lambda *_: {}),
        ),
        "forgets one": Mistake(
            "One of the two averages starts at 0 again in each update: both have to go into the "
            "Step.",
            make(keep=lambda m, *_: dict(m=m)),
            make(keep=lambda m, v, *_: dict(v=v)),
        ),
        "crossed": Mistake(
            "You have swapped m and v in your Step: each comes back under the other's name.",
            make(keep=lambda m, v, *_: dict(m=v, v=m)),
        ),
        "old averages": Mistake(
            "Your step uses the averages as they came in, without this gradient. Average first, "
            "then step.",
            make(used=lambda new, old: old),
        ),
        "keeps the root": Mistake(
            "You remember the root of v. Remember v itself; the root is only for this step.",
            make(keep=lambda m, v, *_: dict(m=m, v=v**0.5)),
        ),
        "no momentum": Mistake(
            "Your step follows only the newest gradient. You work out the mean of the gradients, "
            "but never use it.",
            make(above=lambda m, g, v: g),
        ),
        "along v": Mistake(
            "You step along v, which has no direction: it is a mean of squares. v only divides.",
            make(above=lambda m, g, v: v),
        ),
        "no scale": Mistake(
            "Your step is the mean gradient itself, in the units of the gradient. It isn't divided"
            " by anything.",
            make(step=lambda above, below, lr, eps: lr * above),
        ),
        "multiplied by the root": Mistake(
            "You multiply by the root of v. It should divide: large gradients are scaled down.",
            make(step=lambda above, below, lr, eps: lr * above * below),
        ),
        "no root": Mistake(
            "You divide by the mean square. Its root is missing: your step has the units of one "
            "over the gradient.",
            make(root=lambda v: v),
        ),
        "half for a root": Mistake(
            "Python reads `x**1/2` as half of `x**1`, because powers come before division. Put the"
            " exponent in parentheses, or write 0.5.",
            make(root=lambda v: v / 2),
        ),
        "rate inside": Mistake(
            "With a constant rate, that gives the same path. Here the rate changes during the run,"
            " and your m still holds the old one: leave the rate to the step.",
            make(first=lambda g, lr: lr * g, rate=lambda lr, t: 1.0),
        ),
        "rate twice": Mistake(
            "The learning rate is in your step twice.",
            make(first=lambda g, lr: lr * g),
            make(rate=lambda lr, t: lr * lr),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in your step.",
            make(rate=lambda lr, t: 1.0),
        ),
        "rate falls": Mistake(
            "Your rate falls as t grows. That is a schedule, and this exercise doesn't ask for "
            "one.",
            make(rate=lambda lr, t: lr / t**0.5),
            make(rate=lambda lr, t: lr / t),
        ),
        "eps outside": Mistake(
            "Your eps is outside the fraction, so it moves theta by the same amount in every "
            "update. It belongs in the denominator, next to the root: are parentheses missing?",
            make(
                below=lambda root, eps, rest: root,
                step=lambda above, below, lr, eps: lr * above / below - eps,
            ),
            make(
                below=lambda root, eps, rest: root,
                step=lambda above, below, lr, eps: lr * above / below + eps,
            ),
            make(
                below=lambda root, eps, rest: root,
                step=lambda above, below, lr, eps: lr * (above / below + eps),
            ),
        ),
        "eps after dividing": Mistake(
            "You divide by the root first and then add eps. It is there so that you never divide "
            "by 0, so add it before you divide.",
            make(below=lambda root, eps, rest: 1 / (1 / root + eps)),
        ),
        "eps inside": Mistake(
            "Your eps is under the root, as in some libraries. Here it is added to the root, as in"
            " the paper and in PyTorch.",
            make(below=lambda root, eps, rest: (root**2 + eps) ** 0.5),
            make(below=lambda root, eps, rest: (root**2 + eps**2) ** 0.5),
        ),
        "no eps": Mistake(
            "There is no eps in your step. For a weight whose gradient has always been 0, you get "
            "0 / 0.",
            make(below=lambda root, eps, rest: root),
        ),
        "floor": Mistake(
            "You replace the root by eps where the root is smaller. Here eps is added to the root,"
            " whatever its size.",
            make(below=lambda root, eps, rest: np.maximum(root, eps)),
        ),
        "eps subtracted": Mistake(
            "You subtract eps from the root. That can make the denominator 0, which eps is there "
            "to prevent.",
            make(below=lambda root, eps, rest: root - eps),
        ),
        "eps multiplies": Mistake(
            "You multiply by eps. It is a small amount that you add to the root.",
            make(below=lambda root, eps, rest: root * eps),
        ),
        "step only": Mistake(
            "That is the move itself. A Step holds the new theta: where the move takes you.",
            make(new=lambda theta, step: step),
            make(new=lambda theta, step: -step),
        ),
    }


# --- 5.1: the two averages ----------------------------------------------------------------------

AVERAGES = rule(
    "5.1",
    "The two averages",
    "my_first_adam(theta, grad, t, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps)",
    _first(),
    {
        "corrected": Mistake(
            "You already correct the averages. That's right, but too early: this version is here "
            "to show what happens without.",
            _first(fix_m=_divide, fix_v=_divide),
            _first(fix_m=_divide),
            _first(fix_v=_divide),
            _first(
                fix_m=_divide,
                fix_v=_divide,
                keep=lambda m, v, m_hat, v_hat: dict(m=m_hat, v=v_hat),
            ),
        ),
    }
    | _averages_and_step(_first),
    cases=CASES,
    praise="Momentum's memory and RMSProp's, side by side.",
)


# --- 5.2: Adam ----------------------------------------------------------------------------------


def two_adams() -> dict[str, Rule]:
    """A and B: one is Adam, in the other the correction lacks the power of t."""
    return {"A": _with_defaults(_adam(**_both(_powerless)), "A"), "B": _with_defaults(_adam(), "B")}


def _with_defaults(one: Rule, name: str) -> Rule:
    def named(theta, grad, t, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return one(theta, grad, t, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    named.__name__ = name
    return named


def _both(fix: Callable[..., float]) -> dict[str, Callable[..., float]]:
    return dict(fix_m=fix, fix_v=fix)


def _powerless(average, beta, other, t):
    return average / (1 - beta)


def _times_t(average, beta, other, t):
    return average / (1 - beta * t)


def _early(average, beta, other, t):
    return average / (1 - beta ** (t - 1))


def _late(average, beta, other, t):
    return average / (1 - beta ** (t + 1))


def _power_of_all(average, beta, other, t):
    return average / (1 - beta) ** t


def _shrinking(average, beta, other, t):
    return average * (1 - beta**t)


def _beside(average, beta, other, t):
    return average / 1 - beta**t


def _by_the_zero(average, beta, other, t):
    return average / beta**t


ADAM = rule(
    "5.2",
    "Adam",
    "my_adam(theta, grad, t, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps)",
    adam,
    {
        "no correction": Mistake(
            "You use the averages as they are. In the first updates, most of their weight is "
            "still on the zero they started from.",
            _adam(**_both(_as_it_is)),
        ),
        "only m": Mistake(
            "You correct only the mean. The mean square started at 0 as well.",
            _adam(fix_v=_as_it_is),
        ),
        "only v": Mistake(
            "You correct only the mean square. The mean started at 0 as well.",
            _adam(fix_m=_as_it_is),
        ),
        "no power": Mistake(
            "Your correction is the same in every update: the one for the first. But the weight "
            "that is still on the zero shrinks with each update.",
            _adam(**_both(_powerless)),
            _adam(fix_m=_powerless),
            _adam(fix_v=_powerless),
        ),
        "times t": Mistake(
            "The weight that is still on the zero is multiplied by beta in each update. What is it"
            " after t updates?",
            _adam(**_both(_times_t)),
            _adam(**_both(_times_t), root=lambda v: abs(v) ** 0.5),
            _adam(fix_m=_times_t),
            _adam(fix_v=_times_t),
        ),
        "power of all": Mistake(
            "You raise 1 - beta to the power of t. Only beta is multiplied by itself, once per "
            "update.",
            _adam(**_both(_power_of_all)),
            _adam(fix_m=_power_of_all),
            _adam(fix_v=_power_of_all),
        ),
        "t from 0": Mistake(
            "In the first update, where t is 1, your correction divides by 0. Subtract a power of "
            "beta from 1, and use t itself as the exponent.",
            _adam(**_both(_early)),
            _adam(fix_m=_early),
            _adam(fix_v=_early),
        ),
        "t one ahead": Mistake(
            "Your correction belongs to the next update. In the first one t is already 1, so there"
            " is nothing to add.",
            _adam(**_both(_late)),
            _adam(fix_m=_late),
            _adam(fix_v=_late),
        ),
        "multiplied": Mistake(
            "Your correction makes the averages even smaller. They are too small already: divide.",
            _adam(**_both(_shrinking)),
            _adam(fix_m=_shrinking),
            _adam(fix_v=_shrinking),
        ),
        "one for both": Mistake(
            "You correct both averages with the same beta. Each started at 0 with a memory of its "
            "own.",
            _adam(fix_v=lambda v, beta2, beta1, t: _divide(v, beta1, beta2, t)),
            _adam(fix_m=lambda m, beta1, beta2, t: _divide(m, beta2, beta1, t)),
        ),
        "crossed corrections": Mistake(
            "You correct m with v's beta, and v with m's. Each started at 0 with a memory of its "
            "own.",
            _adam(**_both(lambda average, beta, other, t: average / (1 - other**t))),
        ),
        "no parentheses": Mistake(
            "Without parentheses, your average is divided by 1, and then a power is subtracted "
            "from it. Divide by the whole of 1 minus the power.",
            _adam(**_both(_beside)),
            _adam(**_both(_beside), root=lambda v: abs(v) ** 0.5),
            _adam(fix_m=_beside),
        ),
        "divided by the zero": Mistake(
            "You divide by the weight that is still on the zero. Divide by the rest, so that the "
            "weights of the gradients add up to 1.",
            _adam(**_both(_by_the_zero)),
            _adam(fix_m=_by_the_zero),
            _adam(fix_v=_by_the_zero),
        ),
        "plus": Mistake(
            "Your correction makes the averages smaller, though they are too small already. "
            "Subtract the weight on the zero from 1; don't add it.",
            _adam(**_both(lambda average, beta, other, t: average / (1 + beta**t))),
        ),
        "corrected twice": Mistake(
            "You correct twice in one update. Once is enough to make the weights add up to 1.",
            _adam(**_both(lambda average, beta, other, t: average / (1 - beta**t) ** 2)),
            _adam(fix_m=lambda average, beta, other, t: average / (1 - beta**t) ** 2),
        ),
        "root first": Mistake(
            "You take the root of v and correct that. Correct v itself; the root comes last.",
            _adam(below=lambda root, eps, rest: root / rest**0.5 + eps),
            _adam(below=lambda root, eps, rest: root / rest**0.5 + eps / rest),
        ),
        "root of the power": Mistake(
            "In the factor for v you take the root of the power itself. v is divided by 1 minus "
            "that power, and that is what you need the root of.",
            _adam(below=lambda root, eps, rest: (root * rest**0.5 + eps) / (1 - rest) ** 0.5),
        ),
        "factor turned over": Mistake(
            "Your factor for v is upside down. v is in the denominator, so the root of its "
            "correction multiplies the step.",
            _adam(below=lambda root, eps, rest: (root * rest**0.5 + eps) * rest**0.5),
        ),
        "fixed correction": Mistake(
            "Your corrections are right only for betas of 0.9 and 0.999. Here the betas are "
            "different.",
            _adam(
                fix_m=lambda m, beta, other, t: _divide(m, 0.9, other, t),
                fix_v=lambda v, beta, other, t: _divide(v, 0.999, other, t),
            ),
        ),
        "keeps the corrected": Mistake(
            "You remember the corrected averages, and correct them again in the next update. "
            "Remember the uncorrected ones; the correction is only for this step.",
            _adam(keep=lambda m, v, m_hat, v_hat: dict(m=m_hat, v=v_hat)),
            _adam(keep=lambda m, v, m_hat, v_hat: dict(m=m_hat, v=v)),
            _adam(keep=lambda m, v, m_hat, v_hat: dict(m=m, v=v_hat)),
        ),
        "eps before the correction": Mistake(
            "You add eps to the root of the uncorrected average and then scale both, as Keras "
            "does. Here eps is added after the correction.",
            _adam(below=lambda root, eps, rest: root + eps / rest**0.5),
        ),
    }
    | _averages_and_step(_adam),
    cases=CASES,
    praise="These are the numbers of PyTorch's Adam.",
)


# --- 5.3: the first step ------------------------------------------------------------------------


def first_step(grad, lr, beta1, beta2):
    without = (1 - beta1) / (1 - beta2) ** 0.5
    return -lr * np.sign(grad) * np.array([without, 1.0])


@by_parts
def _first_step(
    betas=lambda beta1, beta2: (beta1, beta2),
    without=lambda rest1, rest2: rest1 / rest2**0.5,
    corrected=lambda without: 1.0,
    way=np.sign,
    second_way=lambda way, grad: way,
    rate=lambda lr: -lr,
    handed_in=lambda pair: pair,
):
    """rest1 and rest2: the two 1 - beta. way: what the gradient contributes."""

    def variant(grad, lr, beta1, beta2):
        beta1, beta2 = betas(beta1, beta2)
        fraction = without(1 - beta1, 1 - beta2)
        ways = np.array([way(grad), second_way(way(grad), grad)])
        return handed_in(rate(lr) * ways * np.array([fraction, corrected(fraction)]))

    return variant


FIRST_STEP = function(
    "5.3",
    "The first step",
    first_step,
    {
        "uphill": Mistake(
            "You walk uphill: a gradient above 0 makes theta smaller.",
            _first_step(rate=lambda lr: lr),
        ),
        "always down": Mistake(
            "Your step goes the same way whatever the sign of the gradient.",
            _first_step(way=lambda grad: 1.0),
            _first_step(second_way=lambda way, grad: 1.0),
        ),
        "size": Mistake(
            "The size of the gradient is still in your answer. It is in the numerator, and in the "
            "denominator as the root of a square. What is left?",
            _first_step(way=lambda grad: grad),
            _first_step(way=np.abs),
            _first_step(way=lambda grad: grad, second_way=lambda way, grad: np.sign(grad)),
            _first_step(second_way=lambda way, grad: grad),
        ),
        "one over the gradient": Mistake(
            "Your step gets shorter as the gradient grows. Did you take the root of v? With it, "
            "the size of the gradient cancels.",
            _first_step(way=lambda grad: 1 / grad),
            _first_step(way=lambda grad: 1 / grad, without=lambda rest1, rest2: rest1 / rest2),
            _first_step(
                way=lambda grad: 1 / grad,
                without=lambda rest1, rest2: rest1 / rest2,
                second_way=lambda way, grad: np.sign(grad),
            ),
        ),
        "no root": Mistake(
            "v is a mean square, and you divide by its root. So take the root of v's share, too.",
            _first_step(without=lambda rest1, rest2: rest1 / rest2),
        ),
        "half for a root": Mistake(
            "Python reads `x**1/2` as half of `x**1`, because powers come before division. Put the"
            " exponent in parentheses, or write 0.5.",
            _first_step(without=lambda rest1, rest2: rest1 / (rest2 / 2)),
        ),
        "turned over": Mistake(
            "m is in the numerator, the root of v in the denominator. Your fraction is upside "
            "down.",
            _first_step(without=lambda rest1, rest2: rest2**0.5 / rest1),
        ),
        "betas for rests": Mistake(
            "beta is the weight of the old average. What weight does the new gradient get?",
            _first_step(betas=lambda beta1, beta2: (1 - beta1, 1 - beta2)),
        ),
        "one beta for its rest": Mistake(
            "In one of the averages you use beta, the weight of the old, where you need the "
            "weight of the new gradient.",
            _first_step(betas=lambda beta1, beta2: (1 - beta1, beta2)),
            _first_step(betas=lambda beta1, beta2: (beta1, 1 - beta2)),
        ),
        "betas swapped": Mistake(
            "You have swapped the betas: beta1 belongs to m, beta2 to v.",
            _first_step(betas=lambda beta1, beta2: (beta2, beta1)),
        ),
        "root above": Mistake(
            "m is an average of gradients, not of squares: don't take its root.",
            _first_step(without=lambda rest1, rest2: (rest1 / rest2) ** 0.5),
        ),
        "m alone": Mistake(
            "Your first number has m's share, but doesn't divide it by anything. v is too small as"
            " well.",
            _first_step(without=lambda rest1, rest2: rest1),
        ),
        "v alone": Mistake(
            "Your first number divides by the root of v's share, but takes m at full size. m is "
            "too small as well.",
            _first_step(without=lambda rest1, rest2: 1 / rest2**0.5),
        ),
        "both corrected": Mistake(
            "Your first number has no betas in it. Without the correction, m is a fraction of the "
            "gradient, and v a fraction of its square. Which fractions?",
            _first_step(without=lambda rest1, rest2: 1.0),
        ),
        "none corrected": Mistake(
            "Your second number still has the betas in it. The correction divides m and v by "
            "exactly these factors. What is left?",
            _first_step(corrected=lambda without: without),
            _first_step(corrected=lambda without: 1 / without),
        ),
        "swapped": Mistake(
            "Your two numbers are in the wrong order: first without the correction, then with it.",
            _first_step(handed_in=lambda pair: pair[::-1]),
        ),
        "in units of lr": Mistake(
            "That is in units of the rate. The question is how far theta itself moves.",
            _first_step(rate=lambda lr: -1.0),
        ),
        "rate divides": Mistake(
            "You divide by the rate. A larger rate makes a longer step.",
            _first_step(rate=lambda lr: -1 / lr),
        ),
        "defaults": Mistake(
            "That is right for betas of 0.9 and 0.999. Here they are different.",
            _first_step(betas=lambda beta1, beta2: (0.9, 0.999)),
            _first_step(without=lambda rest1, rest2: 3.16),
        ),
        "one number": Mistake(
            "Return two numbers: without the correction, and with it.",
            _first_step(handed_in=lambda pair: pair[0]),
            _first_step(handed_in=lambda pair: pair[1]),
        ),
    },
    cases=[(40.0, 0.1, 0.5, 0.96), (-0.25, 0.02, 0.9, 0.999), (3.0, 0.5, 0.99, 0.75)],
    praise="With the correction, it is the rate and a sign. Without it, the betas decide.",
)


# --- 5.4: the second step -----------------------------------------------------------------------

PAIRS = {"A": (0.001, 0.001), "B": (1000.0, -1000.0), "C": (1.0, 10.0), "D": (-5.0, 0.0)}
SECOND = {"A": 1.0, "B": -0.05, "C": 0.81, "D": 0.67}

_with_exchanged = exchanger(SECOND)

SECOND_STEP = choice(
    "5.4",
    "The second step",
    SECOND,
    mistakes={
        "larger gradient, larger step": Mistake(
            "You gave the longest second step to the gradient that grew. Its square grew even "
            "more, and you divide by the root of its average.",
            _with_exchanged("A", "C"),
        ),
        "zero stops": Mistake(
            "A gradient of 0 doesn't stop Adam, but a gradient that flips almost does. What is "
            "left of the mean in each case?",
            _with_exchanged("B", "D"),
        ),
        "growth below zero": Mistake(
            "One of these two steps is held back by a mean square that has just grown; the other "
            "got no new gradient. Work out both fractions: mean over root mean square.",
            _with_exchanged("C", "D"),
        ),
        "turned around is full": Mistake(
            "A gradient that flips leaves hardly any mean: the new one cancels what m keeps of the"
            " old. If the gradient stays the same, so does the step.",
            _with_exchanged("A", "B"),
        ),
        "full after a zero": Mistake(
            "After a gradient of 0, m has shrunk, and v has hardly changed. The step keeps its "
            "full length only if the second gradient equals the first.",
            _with_exchanged("A", "D"),
        ),
        "size": Mistake(
            "You ordered the steps by the size of the second gradient. A size common to both "
            "gradients cancels: only their ratio counts.",
            {"B": 1.0, "C": 0.81, "A": 0.67, "D": -0.05},
        ),
        "sign": Mistake(
            "Only one of the four second steps goes backwards. Which gradient has flipped?",
            _with_exchanged("B", "C"),
        ),
    },
    hint=(
        "Set the first gradient to 1, because its size cancels. Then work out m, v, and the two "
        "corrections for t = 2."
    ),
    praise="What counts isn't how large the gradients are, but how well they agree.",
)


# --- 5.5: the eps that matters ------------------------------------------------------------------


def eps_that_leaves(share, grad):
    return np.abs(grad) * (1 / share - 1)


@by_parts
def _eps(of_share=lambda share: 1 / share - 1, of_grad=np.abs):
    return lambda share, grad: of_grad(grad) * of_share(share)


THE_eps_THAT_MATTERS = function(
    "5.5",
    "The eps that matters",
    eps_that_leaves,
    {
        "under the root": Mistake(
            "That eps would be right under the root. Here it is added to the root.",
            _eps(of_share=lambda share: 1 / share**2 - 1, of_grad=np.square),
        ),
        "half": Mistake(
            "Your eps doesn't depend on the share. At a share of 1, eps has to be 0; the smaller "
            "the share, the larger eps.",
            _eps(of_share=lambda share: 1.0),
        ),
        "part": Mistake(
            "The root of v is in the denominator next to eps. The two together have to equal the "
            "size of the gradient over the share.",
            _eps(of_share=lambda share: 1 / share),
        ),
        "share of the gradient": Mistake(
            "With that eps the step has a different share. Write down the first step with eps in "
            "it, and solve for eps.",
            _eps(of_share=lambda share: share),
            _eps(of_share=lambda share: 1 - share),
            _eps(of_share=lambda share: 1 / (1 - share)),
        ),
        "minus": Mistake(
            "Your eps is negative, which would make the step longer than the rate. Which of the "
            "two is subtracted from which?",
            _eps(of_share=lambda share: 1 - 1 / share),
        ),
        "plus": Mistake(
            "When you solve for eps, you subtract the root of v; you don't add it.",
            _eps(of_share=lambda share: 1 / share + 1),
        ),
        "share squared": Mistake(
            "There is a squared share in your answer. The step is the share times the rate, and "
            "the share appears only once.",
            _eps(of_share=lambda share: 1 / share**2 - 1),
            _eps(of_share=lambda share: (1 - share) / share**2),
        ),
        "divided by the gradient": Mistake(
            "The larger the gradient, the larger eps has to be. Yours gets smaller.",
            _eps(of_grad=lambda grad: 1 / np.abs(grad)),
            _eps(of_grad=lambda grad: 1 / grad),
        ),
        "turned over": Mistake(
            "You have the fraction of the share upside down: with a share close to 1 your eps "
            "becomes huge.",
            _eps(of_share=lambda share: share / (1 - share)),
        ),
        "negative": Mistake(
            "The sign of the gradient is in your eps. But eps is added to a root, which has no "
            "sign.",
            _eps(of_grad=lambda grad: grad),
            _eps(of_grad=lambda grad: -grad),
        ),
        "square": Mistake(
            "Your eps grows with the square of the gradient. It is added to a root, so it has the "
            "units of the gradient.",
            _eps(of_grad=np.square),
        ),
        "all squared": Mistake(
            "You square the whole answer. Nothing needs squaring when you solve for eps.",
            _eps(of_share=lambda share: (1 / share - 1) ** 2, of_grad=np.square),
        ),
        "root": Mistake(
            "Your eps grows with the root of the gradient. It is added to the root of a square, so"
            " it has the units of the gradient.",
            _eps(of_grad=lambda grad: np.abs(grad) ** 0.5),
        ),
        "no gradient": Mistake(
            "Your eps is the same for all gradients. What is tiny next to one gradient may be "
            "huge next to another.",
            _eps(of_grad=lambda grad: 1.0),
            _eps(of_share=lambda share: 1e-8, of_grad=lambda grad: 1.0),
        ),
        "sign of the gradient": Mistake(
            "You use the sign of the gradient where you need its size.",
            _eps(of_grad=np.sign),
        ),
        "uncorrected": Mistake(
            "That is the answer without the correction, with m a tenth of the gradient and v a "
            "thousandth of its square.",
            _eps(of_share=lambda share: 0.1 / share - 0.001**0.5),
        ),
    },
    cases=[(0.8, 3.0), (0.1, -0.5), (0.4, 20.0)],
    praise="An eps far below the gradient does nothing. Far above it, eps turns Adam into SGD.",
)


EXERCISES = (AVERAGES, ADAM, FIRST_STEP, SECOND_STEP, THE_eps_THAT_MATTERS)
