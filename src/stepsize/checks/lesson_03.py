"""Lesson 3: momentum, Nesterov's, the best settings on a quadratic, and the conventions."""

import numpy as np

from ..optimizers import Step, momentum, nesterov
from .exercise import Mistake
from .kinds import Case, function, rule

TITLE = "3 Ravines: momentum"


def _rule(velocity_of, step_of=lambda v, g, old, mu: v, kept=lambda v, g, mu: v, sign=-1):
    """A rule with another velocity, or that makes another step of it, or keeps another one."""

    def variant(theta, grad, t, velocity=0.0, *, lr, momentum):
        v = velocity_of(velocity, grad, momentum)
        step = sign * lr * step_of(v, grad, velocity, momentum)
        return Step(theta + step, dict(velocity=kept(v, grad, momentum)))

    return variant


def _sum(v, g, mu):
    return mu * v + g


def _ahead(v, g, old, mu):
    return g + mu * v


def best_settings(curvatures):
    low, high = np.min(curvatures) ** 0.5, np.max(curvatures) ** 0.5
    return np.array([(2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2])


def _settings(rate, friction):
    """best_settings with another formula: rate and friction are given both curvatures."""

    def variant(curvatures):
        low, high = np.min(curvatures), np.max(curvatures)
        return np.array([rate(low, high), friction(low, high)])

    return variant


def _rate(low, high):
    return (2 / (high**0.5 + low**0.5)) ** 2


def _friction(low, high):
    return ((high**0.5 - low**0.5) / (high**0.5 + low**0.5)) ** 2


def to_sutskever(velocity, lr):
    return -lr * velocity


def to_torch(velocity, lr, new_lr):
    return -velocity / new_lr


CASES = [
    Case(
        (1.0, -2.0),
        [(0.5, 3.0), (-1.5, 2.0), (0.25, -4.0), (2.0, 1.0)],
        dict(lr=0.1, momentum=0.9),
    ),
    Case(
        (0.5, 4.0, -3.0),
        [(2.0, -1.0, 0.75), (0.5, 6.0, -2.5), (1.0, 1.5, 2.0)],
        dict(lr=0.02, momentum=0.6),
    ),
]

UPHILL = (
    "You walk uphill. Gradients point to where the loss grows, and so does a sum of them: count "
    "your minus signs."
)
FORGOTTEN = (
    "Every update begins with a velocity of 0 again: what the Step remembers is not the new "
    "velocity."
)
NO_FRICTION = (
    "Nothing is ever lost of your velocity. Momentum says how much of it is left each time."
)
MEAN = (
    "Your velocity is a mean of the gradients, (1 - momentum) of each. PyTorch's is a sum: under a "
    "steady gradient it grows."
)
LR_INSIDE = "The learning rate is in twice: once in the velocity, and once more in the step."
SWAPPED = "Momentum multiplies the gradient here. It belongs to the velocity: what is left of it."

EXERCISES = (
    rule(
        "3.1",
        "Momentum",
        "my_momentum(theta, grad, t, lr=lr, momentum=momentum)",
        momentum,
        {
            "uphill": Mistake(UPHILL, _rule(_sum, sign=1)),
            "forgotten": Mistake(
                FORGOTTEN,
                _rule(_sum, kept=lambda v, g, mu: 0 * v),
                lambda theta, grad, t, *, lr, momentum: Step(theta - lr * grad),
            ),
            "no friction": Mistake(
                NO_FRICTION,
                _rule(lambda v, g, mu: v + g),
            ),
            "mean": Mistake(MEAN, _rule(lambda v, g, mu: mu * v + (1 - mu) * g)),
            "rate twice": Mistake(
                LR_INSIDE,
                lambda theta, grad, t, velocity=0.0, *, lr, momentum: Step(
                    theta - lr * (momentum * velocity + lr * grad),
                    dict(velocity=momentum * velocity + lr * grad),
                ),
            ),
            "friction reversed": Mistake(
                "1 - momentum is what friction takes away. Momentum itself is what is left of the "
                "velocity.",
                _rule(lambda v, g, mu: (1 - mu) * v + g),
            ),
            "old velocity too": Mistake(
                "The old velocity is in the new one already, and you add it to the step once more.",
                _rule(_sum, step_of=lambda v, g, old, mu: v + mu * old),
            ),
            "swapped": Mistake(
                SWAPPED,
                _rule(lambda v, g, mu: v + mu * g),
                _rule(lambda v, g, mu: (1 - mu) * v + mu * g),
                _rule(lambda v, g, mu: mu * g),
                _rule(lambda v, g, mu: mu * (v + g)),
            ),
            "old velocity": Mistake(
                "You step by the velocity of the update before: this gradient has no say yet. "
                "Push first, then move.",
                _rule(_sum, step_of=lambda v, g, old, mu: old + 0 * g),
            ),
            "looks ahead": Mistake(
                "That is Nesterov's, two exercises early: here the step is the velocity itself.",
                _rule(_sum, step_of=_ahead),
            ),
            "gradient and velocity": Mistake(
                "This gradient counts twice: it is in the velocity already, and you add it to the "
                "step once more.",
                _rule(_sum, step_of=lambda v, g, old, mu: v + g),
            ),
            "no rate": Mistake(
                "The learning rate has no say in how far you go.",
                lambda theta, grad, t, velocity=0.0, *, lr, momentum: Step(
                    theta - momentum * velocity - grad, dict(velocity=momentum * velocity + grad)
                ),
            ),
        },
        cases=CASES,
        praise="Two lines, and the path remembers where it was going.",
    ),
    function(
        "3.2",
        "The best rate and momentum",
        best_settings,
        {
            "no roots": Mistake(
                "The formula wants the roots of the curvatures, in the rate and in the momentum.",
                _settings(
                    lambda low, high: (2 / (high + low)) ** 2,
                    lambda low, high: ((high - low) / (high + low)) ** 2,
                ),
            ),
            "plain rate": Mistake(
                "That rate is the best for gradient descent. With momentum the ball bears a larger "
                "one.",
                _settings(lambda low, high: 2 / (high + low), _friction),
            ),
            "rate not squared": Mistake(
                "The momentum is right. The rate lacks a square: 2 over a root has not the unit of "
                "1 over a curvature.",
                _settings(lambda low, high: 2 / (high**0.5 + low**0.5), _friction),
                _settings(lambda low, high: 4 / (high**0.5 + low**0.5), _friction),
            ),
            "momentum not squared": Mistake(
                "The rate is right. The momentum lacks its square: the share of the distance that "
                "is left is the root of the momentum.",
                _settings(_rate, lambda low, high: _friction(low, high) ** 0.5),
            ),
            "kappa for its root": Mistake(
                "The rate is right. In the momentum stands kappa where its root is wanted.",
                _settings(_rate, lambda low, high: ((high - low) / (high + low)) ** 2),
            ),
            "swapped": Mistake(
                "Both numbers are right, but they stand in the wrong order: first the rate, then "
                "the momentum.",
                lambda curvatures: best_settings(curvatures)[::-1],
            ),
            "upside down": Mistake(
                "Your momentum is above 1: such a ball gets faster by itself. The difference "
                "belongs above the sum.",
                _settings(_rate, lambda low, high: 1 / _friction(low, high)),
            ),
            "gradient descent's border": Mistake(
                "The momentum is right. That rate is the border of gradient descent; with momentum "
                "the border moves up, and the best rate with it.",
                _settings(lambda low, high: 2 / high, _friction),
            ),
            "border": Mistake(
                "The momentum is right. That rate is the border, at which a run no longer "
                "converges; the best lies a little below.",
                _settings(lambda low, high: 2 * (1 + _friction(low, high)) / high, _friction),
            ),
            "order of the curvatures": Mistake(
                "You take the first and the last curvature. They need not be sorted: the smallest "
                "and the largest are wanted.",
                lambda curvatures: best_settings(curvatures[[0, -1]]),
            ),
        },
        cases=[
            (np.array([4.0, 1.0, 25.0, 9.0]),),
            (np.array([100.0, 1.0, 30.0]),),
            (np.array([0.5, 0.125, 2.0, 0.25]),),
        ],
        praise="The corner of the map, without a map.",
    ),
    rule(
        "3.3",
        "Nesterov",
        "my_nesterov(theta, grad, t, lr=lr, momentum=momentum)",
        nesterov,
        {
            "momentum": Mistake(
                "That is momentum as before. Nesterov's step looks one step further than the "
                "velocity has got.",
                momentum,
                _rule(_sum, step_of=lambda v, g, old, mu: g + mu * old),
            ),
            "no gradient": Mistake(
                "Your step lacks the gradient itself: it is the velocity after friction, and no "
                "more.",
                _rule(_sum, step_of=lambda v, g, old, mu: mu * v),
            ),
            "no friction ahead": Mistake(
                "In the step, the velocity has to pass through friction once more.",
                _rule(_sum, step_of=lambda v, g, old, mu: g + v),
            ),
            "remembers the step": Mistake(
                "Your first update is right. What you remember is the step; it should be the "
                "velocity, without the look ahead.",
                _rule(_sum, step_of=_ahead, kept=lambda v, g, mu: g + mu * v),
            ),
            "uphill": Mistake(UPHILL, _rule(_sum, step_of=_ahead, sign=1)),
            "forgotten": Mistake(
                "The gradients of before have no say in your steps: the velocity is not kept, or "
                "is not what momentum multiplies.",
                _rule(_sum, step_of=_ahead, kept=lambda v, g, mu: 0 * v),
                _rule(_sum, step_of=lambda v, g, old, mu: g + mu * g),
            ),
            "mean": Mistake(MEAN, _rule(lambda v, g, mu: mu * v + (1 - mu) * g, step_of=_ahead)),
            "plain": Mistake(
                "The velocity has no say in your steps: that is gradient descent.",
                lambda theta, grad, t, *, lr, momentum: Step(theta - lr * grad),
            ),
            "friction twice": Mistake(
                "Friction belongs to the velocity. The gradient of this moment hasn't felt any "
                "yet.",
                _rule(_sum, step_of=lambda v, g, old, mu: mu * (g + mu * v)),
                _rule(_sum, step_of=lambda v, g, old, mu: mu * g + mu * v),
            ),
        },
        cases=CASES,
        praise="The same memory as momentum, and a step that looks ahead.",
    ),
    function(
        "3.4",
        "From PyTorch's velocity to Sutskever's",
        to_sutskever,
        {
            "sign": Mistake(
                "The size is right. PyTorch takes its velocity off theta, Sutskever's is added: "
                "what must hold of their signs?",
                lambda velocity, lr: lr * velocity,
            ),
            "divided": Mistake(
                "Sutskever's velocity is a step: the rate is already in it, as a factor.",
                lambda velocity, lr: -velocity / lr,
                lambda velocity, lr: velocity / lr,
            ),
            "same": Mistake(
                "One is a sum of gradients, the other a length in theta. The rate lies between.",
                lambda velocity, lr: velocity,
                lambda velocity, lr: -velocity,
            ),
            "scaled by the rest": Mistake(
                "1 - something is for a mean of gradients. Neither of these two is one.",
                lambda velocity, lr: (1 - lr) * velocity,
                lambda velocity, lr: -(1 - lr) * velocity,
            ),
            "rate twice": Mistake(
                "The rate is in it once, not twice.",
                lambda velocity, lr: -(lr**2) * velocity,
            ),
        },
        cases=[
            (np.array([2.0, -3.0]), 0.1),
            (np.array([0.5, 4.0, -1.0]), 0.02),
        ],
        praise="Sutskever's velocity is the step that PyTorch's makes.",
    ),
    function(
        "3.5",
        "And back, while the rate changes",
        to_torch,
        {
            "old rate": Mistake(
                "That is right as long as the rate stays. PyTorch's rule will multiply what you "
                "hand over by the rate of now.",
                lambda velocity, lr, new_lr: -velocity / lr,
            ),
            "sign": Mistake(
                "The size is right. One of the two is added to theta, the other one taken off.",
                lambda velocity, lr, new_lr: velocity / new_lr,
            ),
            "old rate and sign": Mistake(
                "The sign is wrong, and so is the rate: PyTorch's rule will multiply by the new "
                "one.",
                lambda velocity, lr, new_lr: velocity / lr,
            ),
            "multiplied": Mistake(
                "This way a rate gets into it twice. Sutskever's velocity holds one already; "
                "PyTorch's holds none.",
                lambda velocity, lr, new_lr: -velocity * new_lr,
                lambda velocity, lr, new_lr: -velocity * lr,
                lambda velocity, lr, new_lr: velocity * new_lr,
            ),
            "rescaled": Mistake(
                "This is still a step, as Sutskever's is, made longer or shorter. PyTorch's "
                "velocity is a sum of gradients.",
                lambda velocity, lr, new_lr: velocity * new_lr / lr,
                lambda velocity, lr, new_lr: velocity * lr / new_lr,
                lambda velocity, lr, new_lr: -velocity * new_lr / lr,
                lambda velocity, lr, new_lr: -velocity * lr / new_lr,
            ),
            "same": Mistake(
                "A step and a sum of gradients are not the same number: a rate lies between.",
                lambda velocity, lr, new_lr: velocity,
                lambda velocity, lr, new_lr: -velocity,
            ),
        },
        cases=[
            (np.array([-0.2, 0.3]), 0.1, 0.04),
            (np.array([0.5, -1.0, 2.0]), 0.02, 0.3),
        ],
        praise="The old rate is in the step already; only the new one counts.",
    ),
)
