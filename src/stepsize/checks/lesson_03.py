"""Lesson 3: momentum, Nesterov's, the best settings on a quadratic, and the conventions.

Long, because it is a table: a mistake, what is said to it, and the answers that make it.
"""

import numpy as np

from ..optimizers import Step, heavy_ball, momentum, nesterov
from .exercise import Mistake
from .exercise_types import Case, function, rule

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


def _mean(v, g, mu):
    return mu * v + (1 - mu) * g


def _ahead(v, g, old, mu):
    return g + mu * v


def _rescaled_mean(ahead=False):
    """A mean for a velocity, made longer in the step: the same path while momentum stays."""

    def variant(theta, grad, t, velocity=0.0, *, lr, momentum):
        velocity = _mean(velocity, grad, momentum)
        whole = velocity / (1 - momentum)
        return Step(
            theta - lr * (grad + momentum * whole if ahead else whole), dict(velocity=velocity)
        )

    return variant


def _rate_inside(theta, grad, t, velocity=0.0, *, lr, momentum):
    """Nesterov's as Sutskever writes it: the same path while the rate stays."""
    velocity = momentum * velocity - lr * grad
    return Step(theta + momentum * velocity - lr * grad, dict(velocity=velocity))


def _corrected(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = momentum * velocity + grad
    return Step(theta - lr * velocity / (1 - momentum**t), dict(velocity=velocity))


def _corrected_mean(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = _mean(velocity, grad, momentum)
    return Step(theta - lr * velocity / (1 - momentum**t), dict(velocity=velocity))


def _rate_on_the_old(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = lr * (momentum * velocity + grad)
    return Step(theta - velocity, dict(velocity=velocity))


def _power(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = momentum**t * velocity + grad
    return Step(theta - lr * velocity, dict(velocity=velocity))


def _misplaced(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = momentum * velocity + grad
    return Step(velocity, dict(velocity=theta - lr * velocity))


def _from_all(theta, grad, t, seen=(), *, lr, momentum):
    """The sum anew at each update, as if momentum had always been what it is now."""
    seen = [*seen, grad]
    velocity = sum(momentum**age * g for age, g in enumerate(reversed(seen)))
    return Step(theta - lr * velocity, dict(seen=np.array(seen)))


def _rate_twice_ahead(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = momentum * velocity + lr * grad
    return Step(theta - lr * (grad + momentum * velocity), dict(velocity=velocity))


def _rate_on_one(of_grad, of_velocity):
    """Nesterov's, with the two parts of its step multiplied by something else."""

    def variant(theta, grad, t, velocity=0.0, *, lr, momentum):
        velocity = momentum * velocity + grad
        step = of_grad(lr) * grad + of_velocity(lr) * momentum * velocity
        return Step(theta - step, dict(velocity=velocity))

    return variant


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
        dict(lr=[0.1, 0.1, 0.04, 0.04], momentum=0.9),
    ),
    Case(
        (0.5, 4.0, -3.0),
        [(2.0, -1.0, 0.75), (0.5, 6.0, -2.5), (1.0, 1.5, 2.0)],
        dict(lr=0.02, momentum=[0.6, 0.6, 0.3]),
    ),
]

UPHILL = (
    "You walk uphill. Gradients point to where the loss grows, and so does a sum of them: count "
    "your minus signs."
)
FORGOTTEN = (
    "What came before has no say in your steps: the new velocity is not what the Step remembers, "
    "or not what the step is made of."
)
NO_FRICTION = (
    "Nothing is ever lost of your velocity. Momentum says how much of it is left each time."
)
MEAN = (
    "Your velocity is a mean of the gradients, (1 - momentum) of each. PyTorch's is a sum: under a "
    "steady gradient it grows."
)
LR_INSIDE = "The learning rate is in twice: once in the velocity, and once more in the step."
RATE_INSIDE = (
    "While the rate stays, that is the same path. Here it changes on the way, and what you "
    "remember still holds the old one: leave the rate out of it."
)
REST_INSIDE = (
    "While the momentum stays, that is the same path. Here it changes on the way, and the old one "
    "is still in what you remember: a plain sum needs no 1 - momentum."
)
FIXED = "Your momentum is 0.9, whatever is handed in. Here it is sometimes another."
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
            "mean": Mistake(MEAN, _rule(_mean)),
            "rate twice": Mistake(
                LR_INSIDE,
                lambda theta, grad, t, velocity=0.0, *, lr, momentum: Step(
                    theta - lr * (momentum * velocity + lr * grad),
                    dict(velocity=momentum * velocity + lr * grad),
                ),
            ),
            "rate on the old": Mistake(
                "The rate multiplies the old velocity, too, in every update: hardly anything is "
                "left of it. The rate belongs to the step.",
                _rate_on_the_old,
            ),
            "rate inside": Mistake(RATE_INSIDE, heavy_ball),
            "rest inside": Mistake(REST_INSIDE, _rescaled_mean()),
            "corrected": Mistake(
                "You divide by what the weights of the gradients add up to. That is Adam's idea "
                "(lesson 5). Here the velocity is used as it is.",
                _corrected,
                _corrected_mean,
            ),
            "fixed": Mistake(FIXED, _rule(lambda v, g, mu: 0.9 * v + g)),
            "power": Mistake(
                "Friction takes the same share in every update; yours takes more and more of it.",
                _power,
            ),
            "powers of the newest": Mistake(
                "While the momentum stays, that is the same sum. Here it changes on the way: what "
                "has been lost of an old gradient is lost, whatever the momentum is now.",
                _from_all,
            ),
            "one gradient": Mistake(
                "You remember the last gradient, not the velocity: what came earlier is lost.",
                _rule(_sum, kept=lambda v, g, mu: g),
            ),
            "misplaced": Mistake(
                "The first thing in a Step is the new theta. You put the velocity there, and "
                "theta among what is remembered.",
                _misplaced,
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
                _settings(lambda low, high: 2 / (high + low), lambda low, high: 0.0),
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
                _settings(_rate, lambda low, high: -(_friction(low, high) ** 0.5)),
            ),
            "kappa for its root": Mistake(
                "The rate is right. In the momentum stands kappa where its root is wanted.",
                _settings(_rate, lambda low, high: ((high - low) / (high + low)) ** 2),
                _settings(_rate, lambda low, high: (high - low) / (high + low)),
            ),
            "root of the root": Mistake(
                "The rate is right. In the momentum a root is taken twice: kappa is the ratio of "
                "the curvatures themselves.",
                _settings(_rate, lambda low, high: _friction(low**0.5, high**0.5)),
            ),
            "root of the sum": Mistake(
                "The momentum is right. The rate has the root of a sum in it; the formula has a "
                "sum of roots.",
                _settings(lambda low, high: 4 / (high + low), _friction),
                _settings(lambda low, high: 2 / (high + low) ** 0.5, _friction),
            ),
            "two not squared": Mistake(
                "The momentum is right. In the rate the whole fraction is squared, its numerator "
                "as well.",
                _settings(lambda low, high: _rate(low, high) / 2, _friction),
            ),
            "difference": Mistake(
                "The momentum is right. In the rate stands the difference of the roots, where "
                "their sum is wanted.",
                _settings(lambda low, high: (2 / (high**0.5 - low**0.5)) ** 2, _friction),
            ),
            "habit": Mistake(
                "The rate is right. A momentum of 0.9 is a habit: the best one depends on the "
                "curvatures.",
                _settings(_rate, lambda low, high: 0.9),
            ),
            "friction": Mistake(
                "The rate is right. Your second number is what friction takes away; momentum is "
                "what is left.",
                _settings(_rate, lambda low, high: 1 - _friction(low, high)),
            ),
            "of another method": Mistake(
                "These are settings for Nesterov's method, which comes later in this lesson. The "
                "ball of 3.1 has others.",
                _settings(
                    lambda low, high: 1 / high, lambda low, high: _friction(low, high) ** 0.5
                ),
                _settings(
                    lambda low, high: 4 / (3 * high + low),
                    lambda low, high: 1 - 4 / ((3 * high / low + 1) ** 0.5 + 2),
                ),
            ),
            "one number": Mistake(
                "Two numbers are wanted, in one array: first the rate, then the momentum.",
                lambda curvatures: best_settings(curvatures)[0],
                lambda curvatures: best_settings(curvatures)[1],
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
            "mean": Mistake(
                MEAN,
                _rule(_mean, step_of=_ahead),
                _rule(_mean, step_of=lambda v, g, old, mu: (1 - mu) * g + mu * v),
            ),
            "rate inside": Mistake(RATE_INSIDE, _rate_inside),
            "rate twice": Mistake(
                "The rate is in your velocity already, and multiplies it once more in the step. "
                "The gradient beside it has been multiplied once.",
                _rate_twice_ahead,
            ),
            "rest inside": Mistake(REST_INSIDE, _rescaled_mean(ahead=True)),
            "fixed": Mistake(
                FIXED, _rule(lambda v, g, mu: 0.9 * v + g, lambda v, g, old, mu: g + 0.9 * v)
            ),
            "no friction": Mistake(NO_FRICTION, _rule(lambda v, g, mu: v + g, step_of=_ahead)),
            "velocity twice": Mistake(
                "The velocity is in your step whole, and once more after friction. Beside its part "
                "after friction stands the gradient.",
                _rule(_sum, step_of=lambda v, g, old, mu: (1 + mu) * v),
            ),
            "wrong one slowed": Mistake(
                "In your step the gradient passes through friction, and the velocity doesn't. It "
                "is the other way round.",
                _rule(_sum, step_of=lambda v, g, old, mu: v + mu * g),
            ),
            "looks back": Mistake(
                "Gradient and velocity pull the same way here, and both are taken off theta. In "
                "your step one pulls against the other.",
                _rule(_sum, step_of=lambda v, g, old, mu: g - mu * v),
                _rate_on_one(lambda lr: lr, lambda lr: -1),
            ),
            "rate on one": Mistake(
                "Your step has two parts, and the rate multiplies only one of them.",
                _rate_on_one(lambda lr: lr, lambda lr: 1),
                _rate_on_one(lambda lr: 1, lambda lr: lr),
            ),
            "too far": Mistake(
                "You look two steps ahead: in the step, the velocity passes through friction once.",
                _rule(_sum, step_of=lambda v, g, old, mu: g + mu * mu * v),
            ),
            "old one too": Mistake(
                "You look ahead with the old velocity, and then step with the new one. Look ahead "
                "with the new one, from where this gradient has brought you.",
                _rule(_sum, step_of=lambda v, g, old, mu: v + mu * old),
            ),
            "rest of the gradient": Mistake(
                "1 - momentum is for a mean of gradients. In this step the gradient counts whole.",
                _rule(_sum, step_of=lambda v, g, old, mu: (1 - mu) * g + mu * v),
            ),
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
            "added": Mistake(
                "A rate and a velocity have different units: one can't be added to the other, nor "
                "taken off.",
                lambda velocity, lr: velocity - lr,
                lambda velocity, lr: velocity + lr,
                lambda velocity, lr: -velocity - lr,
                lambda velocity, lr: lr - velocity,
            ),
            "size alone": Mistake(
                "Your velocity has the right size, and no direction: each coordinate has a sign.",
                lambda velocity, lr: lr * np.abs(velocity),
                lambda velocity, lr: -lr * np.abs(velocity),
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
            "rescaled first": Mistake(
                "You rescale by the ratio of the rates. Sutskever's own rule doesn't: its velocity "
                "rolls on as it is.",
                lambda velocity, lr, new_lr: -velocity * new_lr / lr**2,
                lambda velocity, lr, new_lr: -velocity * lr / new_lr**2,
            ),
            "both rates": Mistake(
                "You divide by both rates. Only one of them will be multiplied in again.",
                lambda velocity, lr, new_lr: -velocity / (lr * new_lr),
                lambda velocity, lr, new_lr: velocity / (lr * new_lr),
            ),
            "sum or difference": Mistake(
                "Nothing is ever multiplied by the sum of the rates, or by their difference. By "
                "which rate will what you hand over be multiplied?",
                lambda velocity, lr, new_lr: -velocity / (lr - new_lr),
                lambda velocity, lr, new_lr: -velocity / (new_lr - lr),
                lambda velocity, lr, new_lr: -velocity / (lr + new_lr),
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
