"""Lesson 6: AdamW, its decay told from the others, AMSGrad, and what decay leaves of a weight."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..optimizers import Rule, Step, adamw, amsgrad
from .exercise import Mistake
from .exercise_types import Case, choice, function, rule

TITLE = "6 Adam's family, and weight decay"


# --- 6.1: AdamW, with one thing done in another way ---------------------------------------------


def _adamw(
    move: Callable[..., Any] = lambda theta, step, lr, wd, scale: (1 - lr * wd) * theta - step,
    seen: Callable[..., Any] = lambda grad, theta, wd: grad,
    along: Callable[..., Any] = lambda m_hat, theta, wd: m_hat,
) -> Rule:
    """seen: the gradient that the averages see; along: what is divided by the root of v_hat."""

    def variant(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps, weight_decay):
        grad = seen(grad, theta, weight_decay)
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        scale = lr / (v_hat**0.5 + eps)
        step = scale * along(m_hat, theta, weight_decay)
        theta = move(theta, step, lr, weight_decay, scale)
        return Step(theta, dict(m=m, v=v))

    return variant


def _straight(theta, step, *_):
    return theta - step


def _l2_in_the_mean_only(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps, weight_decay):
    m = beta1 * m + (1 - beta1) * (grad + weight_decay * theta)
    v = beta2 * v + (1 - beta2) * grad**2
    scale = lr / ((v / (1 - beta2**t)) ** 0.5 + eps)
    return Step(theta - scale * m / (1 - beta1**t), dict(m=m, v=v))


DECAYS = {
    "no decay": Mistake(
        "That is Adam still: weight_decay has no say in it.",
        _adamw(_straight),
    ),
    "L2": Mistake(
        "You add the decay to the gradient: that is L2. The averages see it, and the root of v "
        "divides it. Leave the gradient alone, and shrink theta itself.",
        _adamw(_straight, seen=lambda grad, theta, wd: grad + wd * theta),
        _adamw(_straight, seen=lambda grad, theta, wd: grad + 2 * wd * theta),
        _l2_in_the_mean_only,
    ),
    "divided": Mistake(
        "Your decay is divided by the root of v_hat, together with the mean gradient. It should "
        "not feel the size of the gradients at all.",
        _adamw(_straight, along=lambda m_hat, theta, wd: m_hat + wd * theta),
        _adamw(lambda theta, step, lr, wd, scale: (1 - scale * wd) * theta - step),
    ),
    "without the rate": Mistake(
        "You take away the share weight_decay in each update. That is the paper's convention; "
        "in PyTorch, and here, the learning rate multiplies it.",
        _adamw(lambda theta, step, lr, wd, scale: (1 - wd) * theta - step),
    ),
    "grows": Mistake(
        "Your theta grows, by a share of itself in each update. Decay makes it smaller.",
        _adamw(lambda theta, step, lr, wd, scale: (1 + lr * wd) * theta - step),
    ),
    "step first": Mistake(
        "You step first and shrink then, so that the new step is shrunk as well. What decays is "
        "the theta that came in.",
        _adamw(lambda theta, step, lr, wd, scale: (1 - lr * wd) * (theta - step)),
    ),
    "sign": Mistake(
        "Every coordinate decays by the same amount. Here each loses the same share of itself.",
        _adamw(lambda theta, step, lr, wd, scale: theta - lr * wd * np.sign(theta) - step),
        _adamw(lambda theta, step, lr, wd, scale: theta - lr * wd - step),
    ),
    "rate twice": Mistake(
        "The learning rate is in your decay twice.",
        _adamw(lambda theta, step, lr, wd, scale: (1 - lr**2 * wd) * theta - step),
    ),
    "decay only": Mistake(
        "Your theta decays, and does nothing else: Adam's own step is gone.",
        _adamw(lambda theta, step, lr, wd, scale: (1 - lr * wd) * theta),
    ),
    "uphill": Mistake(
        "You walk uphill: the decay is right, and the step has the wrong sign.",
        _adamw(lambda theta, step, lr, wd, scale: (1 - lr * wd) * theta + step),
    ),
    "what is left": Mistake(
        "You keep the share that should go: weight_decay times lr says how much of theta is "
        "taken away.",
        _adamw(lambda theta, step, lr, wd, scale: lr * wd * theta - step),
        _adamw(lambda theta, step, lr, wd, scale: wd * theta - step),
    ),
    "twice": Mistake(
        "You decay twice: theta is shrunk by itself, and once more by way of the gradient.",
        _adamw(along=lambda m_hat, theta, wd: m_hat + wd * theta),
        _adamw(seen=lambda grad, theta, wd: grad + wd * theta),
    ),
    "shrinks the step": Mistake(
        "It is the step that you make smaller. theta itself should lose a share.",
        _adamw(lambda theta, step, lr, wd, scale: theta - (1 - lr * wd) * step),
    ),
    "no rate": Mistake(
        "The decay is right. But Adam's own step has lost its learning rate.",
        _adamw(lambda theta, step, lr, wd, scale: (1 - lr * wd) * theta - step / lr),
    ),
    "a 2": Mistake(
        "Your share is off by a factor of 2. A 2 comes from the derivative of a square; here "
        "nothing is derived.",
        _adamw(lambda theta, step, lr, wd, scale: (1 - 2 * lr * wd) * theta - step),
        _adamw(lambda theta, step, lr, wd, scale: (1 - lr * wd / 2) * theta - step),
    ),
    "rate only": Mistake(
        "The share that you take away does not depend on weight_decay.",
        _adamw(lambda theta, step, lr, wd, scale: (1 - lr) * theta - step),
    ),
    "away from 0": Mistake(
        "Your positive weights shrink, and the negative ones grow. Decay pulls to 0 from both "
        "sides.",
        _adamw(lambda theta, step, lr, wd, scale: theta - lr * wd * abs(theta) - step),
        _adamw(lambda theta, step, lr, wd, scale: theta - lr * wd * theta**2 - step),
    ),
}


# --- 6.2: what decay leaves ---------------------------------------------------------------------


def share_left(lr, weight_decay, updates):
    return (1 - lr * weight_decay) ** updates


# --- 6.3: four codes ----------------------------------------------------------------------------

CODES = {"A": 2.0, "B": 4.0, "C": 1.0, "D": 3.0}


def _turned(*letters):
    """The right answer with those of some letters exchanged, in a circle."""
    turned = letters[1:] + letters[:1]
    return CODES | {letter: CODES[other] for letter, other in zip(letters, turned, strict=True)}


# --- 6.4: AMSGrad, with one thing done in another way -------------------------------------------


def _amsgrad(
    largest: Callable[..., Any] = lambda v_max, v, grad: np.maximum(v_max, v),
    divide_by: Callable[..., Any] = lambda v_max, v, t, beta2: v_max / (1 - beta2**t),
    feed_back: bool = False,
    forget: bool = False,
) -> Rule:
    def variant(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        v_max = largest(v_max, v, grad)
        m_hat = m / (1 - beta1**t)
        v_hat = divide_by(v_max, v, t, beta2)
        theta = theta - lr * m_hat / (v_hat**0.5 + eps)
        kept = dict(m=m, v=v_max if feed_back else v, v_max=v_max)
        return Step(theta, dict(m=m, v=v) if forget else kept)

    return variant


def _corrected_first(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    v_max = np.maximum(v_max, v / (1 - beta2**t))
    return Step(theta - lr * m / (1 - beta1**t) / (v_max**0.5 + eps), dict(m=m, v=v, v_max=v_max))


def _too_late(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    scale = lr / ((v_max / (1 - beta2**t)) ** 0.5 + eps)
    theta = theta - scale * m / (1 - beta1**t)
    return Step(theta, dict(m=m, v=v, v_max=np.maximum(v_max, v)))


def _last_two(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
    step = amsgrad(theta, grad, t, m, v, v_max, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    return Step(step.theta, step.memory | dict(v_max=step.memory["v"]))


def _with_beta1(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    v_max = np.maximum(v_max, v)
    scale = lr / ((v_max / (1 - beta1**t)) ** 0.5 + eps)
    return Step(theta - scale * m / (1 - beta1**t), dict(m=m, v=v, v_max=v_max))


def _corrected_twice(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    v_max = np.maximum(v_max, v / (1 - beta2**t))
    scale = lr / ((v_max / (1 - beta2**t)) ** 0.5 + eps)
    return Step(theta - scale * m / (1 - beta1**t), dict(m=m, v=v, v_max=v_max))


def _fades(theta, grad, t, m=0.0, v=0.0, v_max=0.0, *, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v_max = np.maximum(beta2 * v_max, grad**2)
    scale = lr / ((v_max / (1 - beta2**t)) ** 0.5 + eps)
    return Step(theta - scale * m / (1 - beta1**t), dict(m=m, v=v, v_max=v_max))


MAXIMA = {
    "Adam": Mistake(
        "Your steps are those of Adam. Either no maximum divides them, or it is forgotten after "
        "each update: is it in the Step, under its own name?",
        _amsgrad(divide_by=lambda v_max, v, t, beta2: v / (1 - beta2**t)),
        _amsgrad(largest=lambda v_max, v, grad: v),
        _amsgrad(forget=True),
    ),
    "corrected first": Mistake(
        "You correct v before taking the maximum, as Optax does. PyTorch and Keras take it of v "
        "as it is, and correct what comes out.",
        _corrected_first,
    ),
    "not corrected": Mistake(
        "Your maximum is not corrected. So it is in the paper; here, as in PyTorch, it is, after "
        "it has been taken.",
        _amsgrad(divide_by=lambda v_max, v, t, beta2: v_max),
    ),
    "largest gradient": Mistake(
        "You remember the largest gradient. The maximum is to be taken of v, the average.",
        _amsgrad(largest=lambda v_max, v, grad: np.maximum(v_max, grad**2)),
        _amsgrad(
            largest=lambda v_max, v, grad: np.maximum(v_max, grad**2),
            divide_by=lambda v_max, v, t, beta2: v_max,
        ),
        _amsgrad(largest=lambda v_max, v, grad: np.maximum(v_max, abs(grad))),
    ),
    "feeds back": Mistake(
        "Your maximum goes back into the average v, and keeps it up. The two are separate "
        "memories: v goes on forgetting.",
        _amsgrad(feed_back=True),
    ),
    "smallest": Mistake(
        "You keep the smallest v. After a large gradient AMSGrad stays careful: the largest "
        "counts.",
        _amsgrad(
            largest=lambda v_max, v, grad: np.minimum(np.where(np.equal(v_max, 0), v, v_max), v)
        ),
        _amsgrad(largest=lambda v_max, v, grad: np.minimum(v_max, v)),
    ),
    "one for all": Mistake(
        "All your coordinates share one maximum, that of the largest of them. Each has its own.",
        _amsgrad(largest=lambda v_max, v, grad: np.full_like(v, np.max(np.maximum(v_max, v)))),
        _amsgrad(largest=lambda v_max, v, grad: np.max(v)),
    ),
    "corrected twice": Mistake(
        "You correct twice: v before the maximum is taken, and the maximum after it.",
        _corrected_twice,
    ),
    "multiplied": Mistake(
        "You multiply by `1 - beta2**t`. That makes an average that is too small still smaller.",
        _amsgrad(divide_by=lambda v_max, v, t, beta2: v_max * (1 - beta2**t)),
    ),
    "without t": Mistake(
        "Your correction is the same in each update. It should be strong in the first, and fade.",
        _amsgrad(divide_by=lambda v_max, v, t, beta2: v_max / (1 - beta2)),
    ),
    "beta1": Mistake(
        "You correct the maximum with beta1. Which of the two made v?",
        _with_beta1,
    ),
    "too late": Mistake(
        "You divide by the maximum of the updates before. The newest v belongs to it, too.",
        _too_late,
    ),
    "last two": Mistake(
        "You compare with the v before only, and an older, larger one is forgotten. What is kept "
        "for the next update has to be the maximum.",
        _last_two,
    ),
    "fades": Mistake(
        "Your maximum fades from update to update, as in Adamax. Here it is kept for good.",
        _fades,
    ),
    "sum": Mistake(
        "You add all the v up. That divides by more and more, as Adagrad does; here the largest "
        "is wanted.",
        _amsgrad(largest=lambda v_max, v, grad: v_max + v),
    ),
}


EXERCISES = (
    rule(
        "6.1",
        "AdamW",
        "my_adamw(theta, grad, t, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps, "
        "weight_decay=weight_decay)",
        adamw,
        DECAYS,
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
        praise="One line, and the gradients' size has no say in the decay any more.",
    ),
    function(
        "6.2",
        "What decay leaves",
        share_left,
        {
            "one by one": Mistake(
                "You take the same amount away in each update. What goes is a share of what is "
                "left, and that gets smaller.",
                lambda lr, weight_decay, updates: 1 - updates * lr * weight_decay,
                lambda lr, weight_decay, updates: max(1 - updates * lr * weight_decay, 0.0),
            ),
            "one update": Mistake(
                "That is what one update leaves. The next one shrinks what this one has left.",
                lambda lr, weight_decay, updates: 1 - lr * weight_decay,
                lambda lr, weight_decay, updates: np.exp(-lr * weight_decay),
            ),
            "what is gone": Mistake(
                "That is the share that is gone. What is left is asked for.",
                lambda lr, weight_decay, updates: 1 - (1 - lr * weight_decay) ** updates,
                lambda lr, weight_decay, updates: updates * lr * weight_decay,
            ),
            "times": Mistake(
                "You multiply by the number of updates. But each update multiplies anew, by the "
                "same factor.",
                lambda lr, weight_decay, updates: (1 - lr * weight_decay) * updates,
            ),
            "power of the decay": Mistake(
                "In yours the power takes hold of the decay alone. What is multiplied again and "
                "again is what one update leaves.",
                lambda lr, weight_decay, updates: 1 - lr * weight_decay**updates,
                lambda lr, weight_decay, updates: 1 - (lr * weight_decay) ** updates,
            ),
            "per cent": Mistake(
                "A share is asked for, between 0 and 1, not a number of per cent.",
                lambda lr, weight_decay, updates: 100 * (1 - lr * weight_decay) ** updates,
            ),
            "apart": Mistake(
                "Neither lr nor weight_decay takes away a share of its own. Their product does.",
                lambda lr, weight_decay, updates: (1 - lr) * (1 - weight_decay) ** updates,
                lambda lr, weight_decay, updates: (1 - lr - weight_decay) ** updates,
                lambda lr, weight_decay, updates: ((1 - lr) * (1 - weight_decay)) ** updates,
            ),
            "a 2": Mistake(
                "There is a 2 too many in it.",
                lambda lr, weight_decay, updates: (1 - lr * weight_decay / 2) ** updates,
                lambda lr, weight_decay, updates: (1 - 2 * lr * weight_decay) ** updates,
                lambda lr, weight_decay, updates: (1 - lr * weight_decay) ** (2 * updates),
            ),
            "exponential": Mistake(
                "You use the exponential function. It comes close while lr times weight_decay is "
                "small; an update is a multiplication, and can be counted exactly.",
                lambda lr, weight_decay, updates: np.exp(-lr * weight_decay * updates),
            ),
            "without the rate": Mistake(
                "In your formula the learning rate plays no part. In this course, as in PyTorch, "
                "it multiplies the decay.",
                lambda lr, weight_decay, updates: (1 - weight_decay) ** updates,
            ),
            "without the decay": Mistake(
                "In your formula weight_decay plays no part.",
                lambda lr, weight_decay, updates: (1 - lr) ** updates,
            ),
            "share taken": Mistake(
                "You multiply by the share that is taken away. What stays is the rest.",
                lambda lr, weight_decay, updates: (lr * weight_decay) ** updates,
            ),
            "one too few": Mistake(
                "You are one update off. After no update at all, all of it should be left.",
                lambda lr, weight_decay, updates: (1 - lr * weight_decay) ** (updates - 1),
                lambda lr, weight_decay, updates: (1 - lr * weight_decay) ** (updates + 1),
            ),
            "grows": Mistake(
                "By that the weight would grow. Decay makes it smaller.",
                lambda lr, weight_decay, updates: (1 + lr * weight_decay) ** updates,
            ),
            "divides": Mistake(
                "You divide by more than 1 in each update. It comes close; but what is done is a "
                "multiplication by a little less than 1.",
                lambda lr, weight_decay, updates: (1 + lr * weight_decay) ** -updates,
            ),
        },
        cases=[(0.1, 0.5, 10), (0.5, 0.8, 3), (0.25, 0.4, 7)],
        praise="With `lr` 0.001 and `weight_decay` 0.01, 1 % goes in the first thousand updates.",
    ),
    choice(
        "6.3",
        "Which decay is it?",
        CODES,
        mistakes={
            "L2 and decoupled": Mistake(
                "Look for the place where weight_decay comes in. What is added to the gradient "
                "goes through both averages; what multiplies the weight does not.",
                _turned("A", "C"),
            ),
            "with and without lr": Mistake(
                "Two of the codes shrink the weight itself. Which of them would decay less if "
                "you lowered the learning rate?",
                _turned("A", "D"),
            ),
            "L2 and neither": Mistake(
                "One code adds the decay before the averages, one after them. Only the first one "
                "is the gradient of a penalty in the loss.",
                _turned("B", "C"),
            ),
            "decoupled and neither": Mistake(
                "One code adds the decay to what is then divided by the root of v. That is not "
                "decoupled: a large gradient makes it small.",
                _turned("A", "B"),
                _turned("B", "D"),
            ),
            "L2 and the paper": Mistake(
                "The paper's decay touches the weight, not the gradient. In which line does each "
                "code change what Adam's averages see?",
                _turned("C", "D"),
            ),
            "all turned": Mistake(
                "Most of them are still at another's place. Ask of each: does the decay go "
                "through the averages? Is it divided? Is it multiplied by lr?",
                _turned("A", "B", "C"),
                _turned("A", "C", "B"),
                _turned("A", "B", "D"),
                _turned("A", "D", "B"),
                _turned("A", "C", "D"),
                _turned("A", "D", "C"),
                _turned("B", "C", "D"),
                _turned("B", "D", "C"),
                _turned("A", "B", "C", "D"),
                _turned("A", "B", "D", "C"),
                _turned("A", "C", "B", "D"),
                _turned("A", "C", "D", "B"),
                _turned("A", "D", "B", "C"),
                _turned("A", "D", "C", "B"),
                _turned("A", "B") | {"C": CODES["D"], "D": CODES["C"]},
                _turned("A", "C") | {"B": CODES["D"], "D": CODES["B"]},
                _turned("A", "D") | {"B": CODES["C"], "C": CODES["B"]},
            ),
        },
        praise="All four have been called weight decay.",
    ),
    rule(
        "6.4",
        "AMSGrad",
        "my_amsgrad(theta, grad, t, m, v, v_max, lr=lr, beta1=beta1, beta2=beta2, eps=eps)",
        amsgrad,
        MAXIMA,
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
    ),
)
