"""Lesson 6: AdamW, kinds of decay told apart, AMSGrad, and what decay leaves of a weight."""

from itertools import permutations

import numpy as np

from ..optimizers import Step, adamw, amsgrad
from .exercise import Mistake, by_parts
from .exercise_types import Case, choice, exchanger, function, rule

TITLE = "6 Adam's family, and weight decay"


# --- 6.1: AdamW ---------------------------------------------------------------------------------


@by_parts
def _adamw(
    seen=lambda grad, theta, wd: grad,
    squared=lambda grad, theta, wd: grad,
    fix=lambda average, beta, t: average / (1 - beta**t),
    along=lambda m_hat, theta, wd: m_hat,
    below=lambda v_hat, eps: v_hat**0.5 + eps,
    share=lambda lr, wd, scale, t: lr * wd,
    loses=lambda theta, grad: theta,
    sign=1,
    step_rate=lambda lr, wd: lr,
    new=lambda theta, lost, step, share: theta - lost - step,
):
    """seen, squared: the gradient of each average; along: what is divided by the root of v_hat."""

    def variant(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps, weight_decay):
        m = beta1 * m + (1 - beta1) * seen(grad, theta, weight_decay)
        v = beta2 * v + (1 - beta2) * squared(grad, theta, weight_decay) ** 2
        divisor = below(fix(v, beta2, t), eps)
        step = along(fix(m, beta1, t), theta, weight_decay) / divisor
        part = sign * share(lr, weight_decay, lr / divisor, t)
        step = step_rate(lr, weight_decay) * step
        return Step(new(theta, part * loses(theta, grad), step, part), dict(m=m, v=v))

    return variant


def _with_the_penalty(grad, theta, wd):
    return grad + wd * theta


def _none(lr, wd, scale, t):
    return 0.0


ADAMW = rule(
    "6.1",
    "AdamW",
    "my_adamw(theta, grad, t, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps, "
    "weight_decay=weight_decay)",
    adamw,
    {
        "no decay": Mistake(
            "That is still Adam: weight_decay plays no part in it.",
            _adamw(share=_none),
        ),
        "L2": Mistake(
            "You add the decay to the gradient: that is L2. It goes into the averages, and is "
            "divided by the root of v. Leave the gradient alone, and shrink theta itself.",
            _adamw(share=_none, seen=_with_the_penalty, squared=_with_the_penalty),
            _adamw(share=_none, seen=_with_the_penalty),
            _adamw(
                share=_none,
                seen=lambda grad, theta, wd: grad + 2 * wd * theta,
                squared=lambda grad, theta, wd: grad + 2 * wd * theta,
            ),
        ),
        "divided": Mistake(
            "Your decay is divided by the root of v_hat, together with the mean gradient. It "
            "shouldn't feel the size of the gradients at all.",
            _adamw(share=lambda lr, wd, scale, t: scale * wd),
        ),
        "without the rate": Mistake(
            "You take away the fraction weight_decay in each update. That is the paper's "
            "convention; in PyTorch, and here, weight_decay is multiplied by the learning rate.",
            _adamw(share=lambda lr, wd, scale, t: wd),
        ),
        "rate divides": Mistake(
            "You divide the decay by the learning rate. A smaller rate should take less away, not "
            "more.",
            _adamw(share=lambda lr, wd, scale, t: wd / lr),
        ),
        "grows": Mistake(
            "Your theta grows by a fraction of itself in each update. Decay should make it "
            "smaller.",
            _adamw(sign=-1),
        ),
        "step first": Mistake(
            "You step first and shrink afterwards, so the new step shrinks as well. Shrink the "
            "theta that came in.",
            _adamw(new=lambda theta, lost, step, share: (1 - share) * (theta - step)),
        ),
        "sign": Mistake(
            "Your coordinates all decay by the same amount. Each should lose the same fraction of "
            "itself.",
            _adamw(loses=lambda theta, grad: np.sign(theta)),
            _adamw(loses=lambda theta, grad: np.ones_like(theta)),
        ),
        "rate twice": Mistake(
            "The learning rate is in your decay twice.",
            _adamw(share=lambda lr, wd, scale, t: lr**2 * wd),
        ),
        "decay only": Mistake(
            "Your theta decays, and does nothing else: Adam's own step is gone.",
            _adamw(new=lambda theta, lost, step, share: theta - lost),
        ),
        "decay lost": Mistake(
            "Your line keeps only the part that theta should lose. Subtract that part from theta.",
            _adamw(new=lambda theta, lost, step, share: lost - step),
            _adamw(new=lambda theta, lost, step, share: -lost - step),
        ),
        "uphill": Mistake(
            "You walk uphill: Adam's own step has the wrong sign.",
            _adamw(step_rate=lambda lr, wd: -lr),
        ),
        "whole theta": Mistake(
            "You take away all of theta in each update. It should lose a fraction of itself.",
            _adamw(share=lambda lr, wd, scale, t: 1 - wd),
            _adamw(share=lambda lr, wd, scale, t: 1.0),
        ),
        "twice": Mistake(
            "You decay twice: you shrink theta directly, and then again by way of the gradient.",
            _adamw(along=_with_the_penalty),
            _adamw(seen=_with_the_penalty, squared=_with_the_penalty),
            _adamw(seen=_with_the_penalty),
        ),
        "shrinks the step": Mistake(
            "You make the step smaller. theta itself should lose a fraction.",
            _adamw(new=lambda theta, lost, step, share: theta - (1 - share) * step),
        ),
        "no rate": Mistake(
            "Adam's own step has lost its learning rate.",
            _adamw(step_rate=lambda lr, wd: 1.0),
        ),
        "decay in the rate": Mistake(
            "You multiply Adam's own step by weight_decay. It says what fraction of theta is lost,"
            " and has no part in the step.",
            _adamw(step_rate=lambda lr, wd: lr * wd),
            _adamw(share=_none, step_rate=lambda lr, wd: lr * wd),
        ),
        "a 2": Mistake(
            "Your fraction is off by a factor of 2. A 2 would come from the derivative of a "
            "square, and there is no derivative here.",
            _adamw(share=lambda lr, wd, scale, t: 2 * lr * wd),
            _adamw(share=lambda lr, wd, scale, t: lr * wd / 2),
        ),
        "rate only": Mistake(
            "The fraction that you take away doesn't depend on weight_decay.",
            _adamw(share=lambda lr, wd, scale, t: lr),
        ),
        "not theta": Mistake(
            "You take a fraction of something other than theta. Decay makes the weights smaller, "
            "whatever the gradient is.",
            _adamw(loses=lambda theta, grad: grad),
        ),
        "parentheses": Mistake(
            "You multiply what is left of theta by weight_decay. The fraction lost is lr times "
            "weight_decay, one product.",
            _adamw(share=lambda lr, wd, scale, t: 1 - (1 - lr) * wd),
        ),
        "power of t": Mistake(
            "Your decay depends on t. Each update takes the same fraction of what is there; the "
            "powers arise by themselves.",
            _adamw(share=lambda lr, wd, scale, t: 1 - (1 - lr * wd) ** t),
            _adamw(share=lambda lr, wd, scale, t: lr * wd * t),
            _adamw(share=lambda lr, wd, scale, t: lr * wd / t),
        ),
        "divides": Mistake(
            "You divide theta by a little more than 1. That comes close, but AdamW subtracts the "
            "fraction lr times weight_decay.",
            _adamw(share=lambda lr, wd, scale, t: 1 - 1 / (1 + lr * wd)),
        ),
        "one for all": Mistake(
            "You subtract one amount, a sum or a mean over the weights, from all of them. Each "
            "should lose a fraction of itself.",
            _adamw(loses=lambda theta, grad: np.sum(theta**2)),
            _adamw(loses=lambda theta, grad: np.sum(theta)),
            _adamw(loses=lambda theta, grad: np.mean(theta)),
            _adamw(loses=lambda theta, grad: np.linalg.norm(theta)),
        ),
        "away from 0": Mistake(
            "Your positive weights shrink, and the negative ones grow. Decay pulls toward 0 from "
            "both sides.",
            _adamw(loses=lambda theta, grad: abs(theta)),
            _adamw(loses=lambda theta, grad: theta**2),
        ),
        "averages lost": Mistake(
            "The corrections of m and v are gone. Only theta's line has to change.",
            _adamw(fix=lambda average, beta, t: average),
        ),
        "no root": Mistake(
            "The root of v_hat is gone. Only theta's line has to change, and only to add the "
            "decay.",
            _adamw(below=lambda v_hat, eps: v_hat + eps),
        ),
        "eps moved": Mistake(
            "You have moved eps. It is added to the root of v_hat, as in Adam.",
            _adamw(below=lambda v_hat, eps: (v_hat + eps) ** 0.5),
            _adamw(below=lambda v_hat, eps: v_hat**0.5),
        ),
    },
    cases=[
        Case(
            (1.0, -2.0),
            [(0.5, 3.0), (-1.5, 2.0), (0.25, -4.0)],
            dict(lr=0.1, beta1=0.9, beta2=0.99, eps=1e-8, weight_decay=0.5),
        ),
        Case(
            (0.5, 4.0, -3.0),
            [(0.2, -0.1, 0.3), (0.5, 0.6, -0.25), (0.0, 0.0, 0.0)],
            dict(lr=0.05, beta1=0.5, beta2=0.8, eps=0.05, weight_decay=2.0),
        ),
    ],
    praise="One line, and the size of the gradients no longer has a say in the decay.",
)


# --- 6.2: what decay leaves ---------------------------------------------------------------------


def share_left(lr, weight_decay, updates):
    return (1 - lr * weight_decay) ** updates


@by_parts
def _left(
    taken=lambda lr, wd: lr * wd,
    factor=lambda taken: 1 - taken,
    power=lambda factor, updates: factor**updates,
    count=lambda updates: updates,
    told=lambda left: left,
    unit=1,
):
    return lambda lr, weight_decay, updates: (
        unit * told(power(factor(taken(lr, weight_decay)), count(updates)))
    )


SHARE_LEFT = function(
    "6.2",
    "What decay leaves",
    share_left,
    {
        "one by one": Mistake(
            "You take away the same amount in each update. It should be a fraction of what is "
            "left, and that gets smaller.",
            _left(power=lambda factor, updates: 1 - updates * (1 - factor)),
            _left(power=lambda factor, updates: max(1 - updates * (1 - factor), 0.0)),
        ),
        "over a sum": Mistake(
            "You divide by what all the updates take together. But each update multiplies what "
            "the one before it left.",
            _left(power=lambda factor, updates: 1 / (1 + (1 - factor) * updates)),
        ),
        "one update": Mistake(
            "That is what one update leaves. The next one shrinks what is left after that.",
            _left(power=lambda factor, updates: factor),
            lambda lr, weight_decay, updates: np.exp(-lr * weight_decay),
        ),
        "what is gone": Mistake(
            "That is the fraction that is gone. The question is what is left.",
            _left(told=lambda left: 1 - left),
            lambda lr, weight_decay, updates: updates * lr * weight_decay,
        ),
        "negative": Mistake(
            "Your fraction is negative. What is left is between nothing and all of it.",
            _left(told=lambda left: -left),
            _left(factor=lambda taken: taken - 1),
        ),
        "times": Mistake(
            "You multiply by the number of updates. But each update multiplies again, by the same "
            "factor.",
            _left(power=lambda factor, updates: factor * updates),
        ),
        "divided by the updates": Mistake(
            "You divide by the number of updates. Each update takes a fraction of what the one "
            "before it left.",
            _left(power=lambda factor, updates: factor / updates),
            lambda lr, weight_decay, updates: 1 - lr * weight_decay / updates,
        ),
        "root": Mistake(
            "You take a root. After more updates less should be left, but the root of a fraction "
            "is larger than the fraction.",
            _left(power=lambda factor, updates: factor ** (1 / updates)),
        ),
        "power of the decay": Mistake(
            "You raise only the decay to a power. What gets multiplied again and again is the "
            "fraction that one update leaves.",
            lambda lr, weight_decay, updates: 1 - lr * weight_decay**updates,
            lambda lr, weight_decay, updates: 1 - (lr * weight_decay) ** updates,
        ),
        "per cent": Mistake(
            "The answer is a fraction between 0 and 1, not a percentage.",
            _left(unit=100),
        ),
        "apart": Mistake(
            "Neither lr nor weight_decay takes away anything by itself. Their product does.",
            lambda lr, weight_decay, updates: (1 - lr) * (1 - weight_decay) ** updates,
            lambda lr, weight_decay, updates: ((1 - lr) * (1 - weight_decay)) ** updates,
            lambda lr, weight_decay, updates: (1 - lr) ** (weight_decay * updates),
            lambda lr, weight_decay, updates: (1 - weight_decay) ** (lr * updates),
        ),
        "added": Mistake(
            "You add lr and weight_decay. The fraction lost is their product.",
            _left(taken=lambda lr, wd: lr + wd),
        ),
        "a 2": Mistake(
            "There is a 2 in your formula that doesn't belong there.",
            _left(taken=lambda lr, wd: lr * wd / 2),
            _left(taken=lambda lr, wd: 2 * lr * wd),
            _left(count=lambda updates: 2 * updates),
        ),
        "logarithm": Mistake(
            "That is the logarithm of the fraction. The fraction itself is a power.",
            _left(told=np.log),
        ),
        "exponential": Mistake(
            "You use the exponential function. That comes close while lr times weight_decay is "
            "small, but each update is a multiplication, so there is an exact formula.",
            _left(factor=lambda taken: np.exp(-taken)),
        ),
        "without the rate": Mistake(
            "The learning rate plays no part in your formula. In this course, as in PyTorch, it "
            "multiplies the decay.",
            _left(taken=lambda lr, wd: wd),
        ),
        "without the decay": Mistake(
            "weight_decay plays no part in your formula.",
            _left(taken=lambda lr, wd: lr),
        ),
        "ratio": Mistake(
            "You divide one by the other. Multiply the decay by the learning rate.",
            _left(taken=lambda lr, wd: wd / lr),
            _left(taken=lambda lr, wd: lr / wd),
        ),
        "share taken": Mistake(
            "You multiply by the fraction that is taken away. Multiply by what remains.",
            _left(factor=lambda taken: taken),
        ),
        "one too few": Mistake(
            "You are one update off. After no update at all, everything should be left.",
            _left(count=lambda updates: updates - 1),
            _left(count=lambda updates: updates + 1),
        ),
        "grows": Mistake(
            "That way the weight would grow. Decay makes it smaller.",
            _left(factor=lambda taken: 1 + taken),
        ),
        "divides": Mistake(
            "You divide by more than 1 in each update. That comes close, but an update multiplies "
            "by a little less than 1.",
            _left(factor=lambda taken: 1 / (1 + taken)),
        ),
        "turned over": Mistake(
            "Your fraction grows with the updates: the power is upside down.",
            _left(count=lambda updates: -updates),
        ),
        "squared": Mistake(
            "There is a square in your formula. An update takes lr times weight_decay, unsquared.",
            _left(taken=lambda lr, wd: (lr * wd) ** 2),
            _left(taken=lambda lr, wd: lr**2 * wd),
            _left(taken=lambda lr, wd: lr * wd**2),
        ),
    },
    cases=[(0.1, 0.5, 10), (0.5, 0.8, 3), (0.25, 0.4, 7)],
    praise=(
        "With `lr` 0.001 and `weight_decay` 0.01, a weight loses 1% in the first thousand updates."
    ),
)


# --- 6.3: which decay is it ---------------------------------------------------------------------

CODES = {"A": 2.0, "B": 4.0, "C": 1.0, "D": 3.0}

_with_exchanged = exchanger(CODES)


def _all_wrong_but(right: int) -> list[dict[str, float]]:
    """The choices in which exactly this many of the four letters have their own number."""
    choices = (dict(zip(CODES, numbers, strict=True)) for numbers in permutations(CODES.values()))
    return [one for one in choices if sum(one[x] == CODES[x] for x in CODES) == right]


WHICH_DECAY = choice(
    "6.3",
    "Which decay is it?",
    CODES,
    mistakes={
        "L2 and decoupled": Mistake(
            "Look for the place where weight_decay comes in. If it is added to the gradient, it "
            "goes through both averages; if it multiplies the weight, it doesn't.",
            _with_exchanged("A", "C"),
        ),
        "with and without lr": Mistake(
            "Two of the snippets shrink the weight itself. Which of them would decay less if you "
            "lowered the learning rate?",
            _with_exchanged("A", "D"),
        ),
        "L2 and neither": Mistake(
            "One snippet adds the decay before the averages, one after them. Only the first is the "
            "gradient of a penalty in the loss.",
            _with_exchanged("B", "C"),
        ),
        "decoupled and neither": Mistake(
            "One snippet adds the decay to what is then divided by the root of v. That is not "
            "decoupled: a large gradient makes it small.",
            _with_exchanged("A", "B"),
            _with_exchanged("B", "D"),
        ),
        "L2 and the paper": Mistake(
            "The paper's decay touches the weight, not the gradient. In which line does each "
            "snippet change what Adam's averages see?",
            _with_exchanged("C", "D"),
        ),
        "three turned": Mistake(
            "One of them is right, and the other three are swapped around. For each, ask: does the"
            " decay go through the averages? Is it divided? Is it multiplied by lr?",
            *_all_wrong_but(1),
        ),
        "all turned": Mistake(
            "None of them is right yet. For each, ask: does the decay go through the averages? Is "
            "it divided? Is it multiplied by lr?",
            *_all_wrong_but(0),
        ),
    },
    praise="All four have been called weight decay.",
)


# --- 6.4: AMSGrad -------------------------------------------------------------------------------


@by_parts
def _amsgrad(
    start=0.0,
    compared=lambda v, fix2: v,
    largest=lambda old, v, beta2: np.maximum(old, v),
    rest=lambda fix1, fix2, beta2: fix2,
    divides=lambda v_max, old, v: v_max,
    fixed=lambda v_max, rest: v_max / rest,
    fix_m=lambda m, fix1: m / fix1,
    below=lambda v_hat, eps: v_hat**0.5 + eps,
    sign=-1,
    kept=lambda m, v, v_max, fix2: dict(m=m, v=v, v_max=v_max),
):
    """compared: what the old maximum is compared with. fix1, fix2: the two 1 - beta**t."""

    def variant(theta, grad, t, m=0.0, v=0.0, v_max=start, *, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        fix1, fix2, old = 1 - beta1**t, 1 - beta2**t, v_max
        v_max = largest(old, compared(v, fix2), beta2)
        v_hat = fixed(divides(v_max, old, v), rest(fix1, fix2, beta2))
        step = sign * lr * fix_m(m, fix1) / below(v_hat, eps)
        return Step(theta + step, kept(m, v, v_max, fix2))

    return variant


def _of_gradients(size, corrected=True):
    """The maximum is taken of the gradients themselves."""

    def variant(theta, grad, t, m=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * grad
        v_max = np.maximum(v_max, size(grad))
        v_hat = v_max / (1 - beta2**t) if corrected else v_max
        step = lr * m / (1 - beta1**t) / (v_hat**0.5 + eps)
        return Step(theta - step, dict(m=m, v_max=v_max))

    return variant


def _fades(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v_max = np.maximum(beta2 * v_max, grad**2)
    scale = lr / ((v_max / (1 - beta2**t)) ** 0.5 + eps)
    return Step(theta - scale * m / (1 - beta1**t), dict(m=m, v=v, v_max=v_max))


def _largest_m(theta, grad, t, m=0.0, v=0.0, m_max=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_max = np.maximum(m_max, m)
    step = lr * m_max / (1 - beta1**t) / ((v / (1 - beta2**t)) ** 0.5 + eps)
    return Step(theta - step, dict(m=m, v=v, m_max=m_max))


AMSGRAD = rule(
    "6.4",
    "AMSGrad",
    "my_amsgrad(theta, grad, t, m, v, v_max, lr=lr, beta1=beta1, beta2=beta2, eps=eps)",
    amsgrad,
    {
        "Adam": Mistake(
            "Your steps are Adam's. Either you don't divide by a maximum, or you forget it after "
            "each update: is it in the Step, under its own name?",
            _amsgrad(divides=lambda v_max, old, v: v),
            _amsgrad(kept=lambda m, v, v_max, fix2: dict(m=m, v=v)),
        ),
        "corrected first": Mistake(
            "You correct v before taking the maximum, as Optax does. PyTorch and Keras take the "
            "maximum of the uncorrected v, and correct the result.",
            _amsgrad(
                compared=lambda v, fix2: v / fix2,
                fixed=lambda v_max, rest: v_max,
            ),
        ),
        "not corrected": Mistake(
            "You don't correct the maximum. Neither does the paper, but here, as in PyTorch, you "
            "correct it after you take it.",
            _amsgrad(fixed=lambda v_max, rest: v_max),
        ),
        "neither corrected": Mistake(
            "You correct neither m nor the maximum, as in the paper. Here, as in PyTorch, you "
            "correct both.",
            _amsgrad(fixed=lambda v_max, rest: v_max, fix_m=lambda m, fix1: m),
        ),
        "m not corrected": Mistake(
            "Your m is not corrected. That part of Adam stays as it was.",
            _amsgrad(fix_m=lambda m, fix1: m),
        ),
        "largest gradient": Mistake(
            "You remember the largest gradient. Take the maximum of v, the average.",
            _of_gradients(np.square),
            _of_gradients(np.square, corrected=False),
            _of_gradients(np.abs),
            _of_gradients(np.abs, corrected=False),
        ),
        "feeds back": Mistake(
            "You feed the maximum back into v, which then can't fall. The average and the maximum "
            "are separate memories: v goes on forgetting.",
            _amsgrad(kept=lambda m, v, v_max, fix2: dict(m=m, v=v_max, v_max=v_max)),
        ),
        "crossed": Mistake(
            "You have swapped v and v_max in your Step: each comes back under the other's name.",
            _amsgrad(kept=lambda m, v, v_max, fix2: dict(m=m, v=v_max, v_max=v)),
        ),
        "smallest": Mistake(
            "You keep the smallest v. After a large gradient AMSGrad stays careful: the largest "
            "counts.",
            _amsgrad(
                largest=lambda v_max, v, beta2: np.minimum(
                    np.where(np.equal(v_max, 0), v, v_max), v
                )
            ),
            _amsgrad(largest=lambda old, v, beta2: np.minimum(old, v)),
        ),
        "one for all": Mistake(
            "All your coordinates share one maximum, that of the largest. Each should have its "
            "own.",
            _amsgrad(largest=lambda v_max, v, beta2: np.full_like(v, np.max(np.maximum(v_max, v)))),
            _amsgrad(largest=lambda v_max, v, beta2: np.max(v)),
            _amsgrad(largest=lambda v_max, v, beta2: max(np.max(v_max), np.max(v))),
        ),
        "corrected twice": Mistake(
            "You correct twice: v before the maximum is taken, and the maximum after it.",
            _amsgrad(compared=lambda v, fix2: v / fix2),
        ),
        "multiplied": Mistake(
            "You multiply by `1 - beta2**t`. That makes an average that is too small even smaller.",
            _amsgrad(fixed=lambda v_max, rest: v_max * rest),
        ),
        "divided by the zero": Mistake(
            "You divide by the power itself, which is the weight of the zero at the start. Divide "
            "by the rest, so that the other weights add up to 1.",
            _amsgrad(rest=lambda fix1, fix2, beta2: 1 - fix2),
        ),
        "without t": Mistake(
            "Your correction is the same in each update. It should be strong in the first, and "
            "fade.",
            _amsgrad(rest=lambda fix1, fix2, beta2: 1 - beta2),
        ),
        "beta1": Mistake(
            "You correct the maximum with beta1. Which of the two made v?",
            _amsgrad(rest=lambda fix1, fix2, beta2: fix1),
        ),
        "too late": Mistake(
            "You divide by the maximum over the earlier updates. Include the newest v.",
            _amsgrad(divides=lambda v_max, old, v: old + 0 * v),
        ),
        "last two": Mistake(
            "You compare only with the previous v, so an older, larger one is forgotten. Keep the "
            "maximum for the next update.",
            _amsgrad(kept=lambda m, v, v_max, fix2: dict(m=m, v=v, v_max=v)),
        ),
        "keeps the corrected": Mistake(
            "You keep the corrected maximum, and correct it again in the next update. Keep the "
            "uncorrected one.",
            _amsgrad(kept=lambda m, v, v_max, fix2: dict(m=m, v=v, v_max=v_max / fix2)),
        ),
        "root kept": Mistake(
            "You keep the root of the maximum. Keep the maximum itself.",
            _amsgrad(kept=lambda m, v, v_max, fix2: dict(m=m, v=v, v_max=v_max**0.5)),
        ),
        "begins above 0": Mistake(
            "Your maximum doesn't start at 0, so it can't follow a small v.",
            _amsgrad(start=1.0),
        ),
        "fades": Mistake(
            "Your maximum fades from update to update, as in Adamax. Here it never fades.",
            _fades,
        ),
        "sum": Mistake(
            "You add up all the v, so you divide by more and more, as Adagrad does. Take the "
            "largest.",
            _amsgrad(largest=lambda v_max, v, beta2: v_max + v),
        ),
        "mean of both": Mistake(
            "You take the mean of the old maximum and v. Take the larger of the two.",
            _amsgrad(largest=lambda v_max, v, beta2: (v_max + v) / 2),
        ),
        "largest mean": Mistake(
            "You keep the largest m. Take the maximum of v; m stays as it is.",
            _largest_m,
        ),
        "uphill": Mistake(
            "You walk uphill: the step has to go against the mean gradient.",
            _amsgrad(sign=1),
        ),
        "no root": Mistake(
            "The root of the maximum is gone. That part of Adam stays as it was.",
            _amsgrad(below=lambda v_hat, eps: v_hat + eps),
        ),
        "eps moved": Mistake(
            "You have moved eps. Add it to the root, as in Adam.",
            _amsgrad(below=lambda v_hat, eps: (v_hat + eps) ** 0.5),
            _amsgrad(below=lambda v_hat, eps: v_hat**0.5),
        ),
    },
    cases=[
        Case(
            (1.0, -2.0),
            [(0.5, 30.0), (-1.5, 2.0), (0.25, -4.0), (0.3, 0.5), (4.0, 90.0)],
            dict(lr=0.5, beta1=0.9, beta2=0.7, eps=1e-8),
        ),
        Case(
            (0.5, 4.0, -3.0),
            [(0.2, -5.0, 0.3), (3.0, 0.6, -0.25), (0.1, 0.1, 0.1), (0.3, -0.4, 0.2)],
            dict(lr=0.05, beta1=0.5, beta2=0.4, eps=0.05),
        ),
    ],
    praise="These are the numbers of PyTorch's Adam with `amsgrad=True`.",
)


EXERCISES = (ADAMW, SHARE_LEFT, WHICH_DECAY, AMSGRAD)
