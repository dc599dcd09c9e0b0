"""Lesson 3: momentum, Nesterov's, the best settings on a quadratic, and the conventions.

Long, because it is a table: each mistake, the sentence for it, and the answers that make it.
"""

from collections.abc import Callable

import numpy as np

from ..optimizers import Rule, Step, momentum, nesterov
from .exercise import Mistake, by_parts
from .exercise_types import Case, function, rule

TITLE = "3 Ravines: momentum"

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


# --- What 3.1 and 3.3 share ---------------------------------------------------------------------


@by_parts
def _momentum(
    start=0.0,
    friction=lambda mu, t: mu,
    pushed_by=lambda g, lr: g,
    rolling=lambda v, push, mu: mu * v + push,
    ahead=lambda v, push, old, mu: v,
    way=lambda v, mu, t: v,
    rate=lambda lr, t: lr,
    sign=-1,
    new=lambda theta, step: theta + step,
    kept=lambda v, g, old, mu: dict(velocity=v),
):
    """Momentum with some of its parts replaced. ahead: what the rate multiplies in the step."""

    def variant(theta, grad, t, velocity=start, *, lr, momentum):
        mu, old, push = friction(momentum, t), velocity, pushed_by(grad, lr)
        v = rolling(old, push, mu)
        step = sign * rate(lr, t) * ahead(way(v, mu, t), push, old, mu)
        return Step(new(theta, step), kept(v, grad, old, mu))

    return variant


@by_parts
def _nesterov(**parts):
    """The same, with a look ahead in the step."""
    return _momentum(**dict(ahead=_looks_ahead) | parts)


def _looks_ahead(v, push, old, mu):
    return push + mu * v


def _mean(v, push, mu):
    return mu * v + (1 - mu) * push


def _velocities(make: Callable[..., Rule]) -> dict[str, Mistake]:
    """What goes wrong in the velocity and its memory, with a look ahead or without."""
    return {
        "uphill": Mistake(
            "You walk uphill. Gradients point to where the loss grows, and so does a sum of them: "
            "count your minus signs.",
            make(sign=1),
        ),
        "friction pushes back": Mistake(
            "The old velocity comes in with a minus sign, so it pushes back instead of rolling on.",
            make(rolling=lambda v, push, mu: push - mu * v),
        ),
        "no friction": Mistake(
            "Your velocity never loses anything. Momentum says how much of it is left after each "
            "update.",
            make(rolling=lambda v, push, mu: v + push),
        ),
        "mean": Mistake(
            "Your velocity is a mean of the gradients, with weight 1 - momentum for each. "
            "PyTorch's is a sum: under a steady gradient it grows.",
            make(rolling=_mean),
        ),
        "rest inside": Mistake(
            "With a constant momentum, that gives the same path. Here the momentum changes during "
            "the run, and what you remember still contains the old one: a plain sum needs no 1 - "
            "momentum.",
            make(rolling=_mean, way=lambda v, mu, t: v / (1 - mu)),
        ),
        "corrected": Mistake(
            "You divide by the sum of the gradients' weights. That is Adam's idea (lesson 5). "
            "Here the velocity is used as it is.",
            make(way=lambda v, mu, t: v / (1 - mu**t)),
            make(rolling=_mean, way=lambda v, mu, t: v / (1 - mu**t)),
        ),
        "divided by the rest": Mistake(
            "You divide the velocity by 1 - momentum. It is already a sum: use it as it is.",
            make(way=lambda v, mu, t: v / (1 - mu)),
        ),
        "fixed": Mistake(
            "Your momentum is a fixed number. Use the one you are given: it sometimes changes.",
            make(friction=lambda mu, t: 0.9),
            make(friction=lambda mu, t: 0.99),
            make(friction=lambda mu, t: 0.5),
        ),
        "power": Mistake(
            "Friction takes the same share in every update. Yours takes more and more.",
            make(friction=lambda mu, t: mu**t),
        ),
        "friction reversed": Mistake(
            "1 - momentum is what friction takes away. Momentum itself is what is left of the "
            "velocity.",
            make(rolling=lambda v, push, mu: (1 - mu) * v + push),
        ),
        "swapped": Mistake(
            "In your velocity, momentum multiplies the gradient. It belongs to the old velocity: "
            "it's what is left of it.",
            make(rolling=lambda v, push, mu: v + mu * push),
            make(rolling=lambda v, push, mu: (1 - mu) * v + mu * push),
            make(rolling=lambda v, push, mu: mu * (v + push)),
        ),
        "rate inside": Mistake(
            "With a constant rate, that gives the same path. Here the rate changes during the "
            "run, and what you remember still contains the old one: leave the rate out of it.",
            make(pushed_by=lambda g, lr: lr * g, rate=lambda lr, t: 1.0),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in how far you go.",
            make(rate=lambda lr, t: 1.0),
        ),
        "rate divides": Mistake(
            "With a smaller learning rate you take a longer step. It should be a shorter one.",
            make(rate=lambda lr, t: 1 / lr),
        ),
        "rate falls": Mistake(
            "Your rate falls as t grows. That is a schedule, and this rule has none.",
            make(rate=lambda lr, t: lr / t),
            make(rate=lambda lr, t: lr / t**0.5),
        ),
        "forgotten": Mistake(
            "Earlier gradients play no part in your steps. Do you step by the velocity, and do "
            "you put the new velocity into the Step?",
            make(kept=lambda v, g, old, mu: {}),
            make(kept=lambda v, g, old, mu: dict(velocity=old)),
        ),
        "one gradient": Mistake(
            "You remember the last gradient instead of the velocity, so what came earlier is lost.",
            make(kept=lambda v, g, old, mu: dict(velocity=g)),
        ),
        "begins at 1": Mistake(
            "Your velocity doesn't begin at 0. The ball starts at rest.",
            make(start=1.0),
        ),
        "step only": Mistake(
            "That is the step itself. A `Step` holds the new theta: where the step takes you.",
            make(new=lambda theta, step: step),
            make(new=lambda theta, step: -step),
        ),
    }


# --- 3.1: momentum ------------------------------------------------------------------------------


def _rate_on_the_old(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = lr * (momentum * velocity + grad)
    return Step(theta - velocity, dict(velocity=velocity))


def _misplaced(theta, grad, t, velocity=0.0, *, lr, momentum):
    velocity = momentum * velocity + grad
    return Step(velocity, dict(velocity=theta - lr * velocity))


def _from_all(theta, grad, t, seen=(), *, lr, momentum):
    """The sum recomputed at each update, as if momentum had always been what it is now."""
    seen = [*seen, grad]
    velocity = sum(momentum**age * g for age, g in enumerate(reversed(seen)))
    return Step(theta - lr * velocity, dict(seen=np.array(seen)))


MOMENTUM = rule(
    "3.1",
    "Momentum",
    "my_momentum(theta, grad, t, lr=lr, momentum=momentum)",
    momentum,
    {
        "friction on all": Mistake(
            "Your step is momentum times this gradient, with nothing left of the earlier ones.",
            _momentum(ahead=lambda v, push, old, mu: mu * push),
        ),
        "rate twice": Mistake(
            "The learning rate is in your step twice: once in the velocity, and once more in the "
            "step.",
            _momentum(pushed_by=lambda g, lr: lr * g),
            _momentum(rate=lambda lr, t: lr * lr),
        ),
        "rate on the old": Mistake(
            "In every update the rate multiplies the old velocity, too, so hardly anything is "
            "left of it. The rate belongs to the step.",
            _rate_on_the_old,
        ),
        "powers of the newest": Mistake(
            "With a constant momentum, that gives the same sum. Here the momentum changes during "
            "the run: what friction took from an old gradient doesn't come back.",
            _from_all,
        ),
        "misplaced": Mistake(
            "The first thing in a `Step` is the new theta. You put the velocity there, and theta "
            "into the memory.",
            _misplaced,
        ),
        "old velocity too": Mistake(
            "The old velocity is already in the new one, and you add it to the step again.",
            _momentum(ahead=lambda v, push, old, mu: v + mu * old),
            _momentum(ahead=lambda v, push, old, mu: v + old),
        ),
        "old velocity": Mistake(
            "You step by the previous velocity, so this gradient has no say yet. Push first, then "
            "move.",
            _momentum(ahead=lambda v, push, old, mu: old + 0 * push),
        ),
        "friction before the step": Mistake(
            "The velocity loses a share again on its way into the step. Friction is already part "
            "of the velocity.",
            _momentum(ahead=lambda v, push, old, mu: mu * v),
        ),
        "looks ahead": Mistake(
            "That is Nesterov's momentum, two exercises early: here the step is the velocity "
            "itself.",
            _momentum(ahead=_looks_ahead),
        ),
        "gradient and velocity": Mistake(
            "This gradient counts twice: it is already in the velocity, and you add it to the "
            "step again.",
            _momentum(ahead=lambda v, push, old, mu: v + push),
        ),
    }
    | _velocities(_momentum),
    cases=CASES,
    praise="Two lines, and the path remembers where it was going.",
)


# --- 3.2: the best rate and momentum ------------------------------------------------------------


def best_settings(curvatures):
    low, high = np.min(curvatures) ** 0.5, np.max(curvatures) ** 0.5
    return np.array([(2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2])


@by_parts
def _settings(
    ends=lambda curvatures: (np.min(curvatures), np.max(curvatures)),
    rate=lambda low, high: (2 / (high**0.5 + low**0.5)) ** 2,
    friction=lambda low, high: ((high**0.5 - low**0.5) / (high**0.5 + low**0.5)) ** 2,
    handed_in=lambda settings: settings,
):
    """rate and friction are given the smallest and the largest curvature."""

    def variant(curvatures):
        low, high = ends(curvatures)
        return handed_in(np.array([rate(low, high), friction(low, high)]))

    return variant


SETTINGS = function(
    "3.2",
    "The best rate and momentum",
    best_settings,
    {
        "no roots": Mistake(
            "The formula uses the roots of the curvatures, both in the rate and in the momentum.",
            _settings(
                rate=lambda low, high: (2 / (high + low)) ** 2,
                friction=lambda low, high: ((high - low) / (high + low)) ** 2,
            ),
        ),
        "no roots in the rate": Mistake(
            "Your rate uses the curvatures themselves. The formula uses their roots.",
            _settings(rate=lambda low, high: (2 / (high + low)) ** 2),
        ),
        "plain rate": Mistake(
            "That rate is the best for gradient descent. With momentum the ball can take a larger "
            "one.",
            _settings(rate=lambda low, high: 2 / (high + low)),
            _settings(rate=lambda low, high: 2 / (high + low), friction=lambda low, high: 0.0),
        ),
        "rate not squared": Mistake(
            "Your rate is missing a square: 2 over a root doesn't have the units of 1 over a "
            "curvature.",
            _settings(rate=lambda low, high: 2 / (high**0.5 + low**0.5)),
            _settings(rate=lambda low, high: 4 / (high**0.5 + low**0.5)),
        ),
        "momentum not squared": Mistake(
            "Your momentum is missing its square: each step multiplies the distance by the root "
            "of the momentum, not by the momentum.",
            _settings(friction=lambda low, high: (high**0.5 - low**0.5) / (high**0.5 + low**0.5)),
            _settings(friction=lambda low, high: (low**0.5 - high**0.5) / (high**0.5 + low**0.5)),
        ),
        "a ratio": Mistake(
            "Your momentum uses the ratio of the two roots. The formula has their difference over "
            "their sum.",
            _settings(friction=lambda low, high: (low / high) ** 0.5),
            _settings(friction=lambda low, high: low / high),
            _settings(friction=lambda low, high: 1 - (low / high) ** 0.5),
            _settings(friction=lambda low, high: 1 - low / high),
        ),
        "a root": Mistake(
            "In your momentum, you take the root of the whole fraction. Square it instead.",
            _settings(
                friction=lambda low, high: ((high**0.5 - low**0.5) / (high**0.5 + low**0.5)) ** 0.5
            ),
        ),
        "half squared": Mistake(
            "In your momentum only part of the fraction is squared. Square all of it.",
            _settings(
                friction=lambda low, high: (high**0.5 - low**0.5) ** 2 / (high**0.5 + low**0.5)
            ),
            _settings(
                friction=lambda low, high: (high**0.5 - low**0.5) / (high**0.5 + low**0.5) ** 2
            ),
        ),
        "kappa for its root": Mistake(
            "Your momentum uses kappa where it should use its root.",
            _settings(friction=lambda low, high: ((high - low) / (high + low)) ** 2),
            _settings(friction=lambda low, high: (high - low) / (high + low)),
        ),
        "root of the root": Mistake(
            "In your momentum you take a root twice: kappa is the ratio of the curvatures "
            "themselves.",
            _settings(
                friction=lambda low, high: (
                    ((high**0.25 - low**0.25) / (high**0.25 + low**0.25)) ** 2
                )
            ),
        ),
        "root of the sum": Mistake(
            "Your rate has the root of a sum in it. The formula has the sum of the roots.",
            _settings(rate=lambda low, high: 4 / (high + low)),
            _settings(rate=lambda low, high: 2 / (high + low) ** 0.5),
        ),
        "two not squared": Mistake(
            "In the rate, the whole fraction is squared, including its numerator.",
            _settings(rate=lambda low, high: 2 / (high**0.5 + low**0.5) ** 2),
        ),
        "one for two": Mistake(
            "The numerator of your rate is off: before you square it, it should be 2.",
            _settings(rate=lambda low, high: 1 / (high**0.5 + low**0.5) ** 2),
            _settings(rate=lambda low, high: 16 / (high**0.5 + low**0.5) ** 2),
        ),
        "difference": Mistake(
            "Your rate uses the difference of the roots where it should use their sum.",
            _settings(rate=lambda low, high: (2 / (high**0.5 - low**0.5)) ** 2),
        ),
        "habit": Mistake(
            "A momentum of 0.9 is a habit. The best one depends on the curvatures.",
            _settings(friction=lambda low, high: 0.9),
        ),
        "friction": Mistake(
            "Your second number is what friction takes away. Momentum is what is left.",
            _settings(
                friction=lambda low, high: (
                    1 - ((high**0.5 - low**0.5) / (high**0.5 + low**0.5)) ** 2
                )
            ),
        ),
        "of Nesterov's": Mistake(
            "These are settings for Nesterov's method, which comes later in this lesson. The ball "
            "of 3.1 needs different ones.",
            _settings(
                rate=lambda low, high: 1 / high,
                friction=lambda low, high: (high**0.5 - low**0.5) / (high**0.5 + low**0.5),
            ),
            _settings(
                rate=lambda low, high: 4 / (3 * high + low),
                friction=lambda low, high: 1 - 4 / ((3 * high / low + 1) ** 0.5 + 2),
            ),
        ),
        "safe rate": Mistake(
            "Your rate is 1 over the largest curvature, which is safe but not the fastest.",
            _settings(rate=lambda low, high: 1 / high),
        ),
        "one number": Mistake(
            "Return two numbers: first the rate, then the momentum.",
            _settings(handed_in=lambda settings: settings[0]),
            _settings(handed_in=lambda settings: settings[1]),
        ),
        "swapped": Mistake(
            "Your two numbers are in the wrong order: first the rate, then the momentum.",
            _settings(handed_in=lambda settings: settings[::-1]),
        ),
        "upside down": Mistake(
            "Your momentum is above 1, so the ball would speed up by itself. The difference "
            "belongs over the sum, not under it.",
            _settings(
                friction=lambda low, high: ((high**0.5 + low**0.5) / (high**0.5 - low**0.5)) ** 2
            ),
        ),
        "gradient descent's border": Mistake(
            "Your rate is gradient descent's border. With momentum the border moves up, and the "
            "best rate moves with it.",
            _settings(rate=lambda low, high: 2 / high),
        ),
        "border": Mistake(
            "Your rate is the border, at which a run no longer converges. The best one is a little "
            "lower.",
            _settings(
                rate=lambda low, high: (
                    2 * (1 + ((high**0.5 - low**0.5) / (high**0.5 + low**0.5)) ** 2) / high
                )
            ),
        ),
        "order of the curvatures": Mistake(
            "You take the first and the last curvature. They may come in any order: take "
            "the smallest and the largest.",
            _settings(ends=lambda curvatures: curvatures[[0, -1]]),
            _settings(ends=lambda curvatures: curvatures[[-1, 0]]),
            _settings(ends=lambda curvatures: curvatures[[0, 1]]),
        ),
        "not the smallest": Mistake(
            "One of your two curvatures is neither the smallest nor the largest. A mean of them "
            "isn't the curvature of any direction.",
            _settings(ends=lambda curvatures: (np.mean(curvatures), np.max(curvatures))),
            _settings(ends=lambda curvatures: (np.min(curvatures), np.mean(curvatures))),
            _settings(ends=lambda curvatures: (np.median(curvatures), np.max(curvatures))),
        ),
    },
    cases=[
        (np.array([4.0, 1.0, 25.0, 9.0]),),
        (np.array([100.0, 1.0, 30.0]),),
        (np.array([0.5, 0.125, 2.0, 0.25]),),
    ],
    praise="The corner of the map, without a map.",
)


# --- 3.3: Nesterov ------------------------------------------------------------------------------


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


NESTEROV = rule(
    "3.3",
    "Nesterov",
    "my_nesterov(theta, grad, t, lr=lr, momentum=momentum)",
    nesterov,
    {
        "momentum": Mistake(
            "That is plain momentum. Nesterov's step looks ahead, beyond where the velocity takes "
            "you.",
            _nesterov(ahead=lambda v, push, old, mu: v),
            _nesterov(ahead=lambda v, push, old, mu: push + mu * old),
        ),
        "no gradient": Mistake(
            "The gradient itself is missing from your step: there is only the velocity after "
            "friction.",
            _nesterov(ahead=lambda v, push, old, mu: mu * v),
        ),
        "no friction ahead": Mistake(
            "In the step, the velocity has to go through friction once more.",
            _nesterov(ahead=lambda v, push, old, mu: push + v),
        ),
        "remembers the step": Mistake(
            "What you remember is the step. It should be the velocity, without the look ahead.",
            _nesterov(kept=lambda v, g, old, mu: dict(velocity=g + mu * v)),
        ),
        "rate twice": Mistake(
            "The rate is already in your velocity, and multiplies it again in the step. The "
            "gradient next to it is multiplied only once.",
            _rate_twice_ahead,
            _nesterov(pushed_by=lambda g, lr: lr * g),
        ),
        "velocity twice": Mistake(
            "Your step adds the whole velocity to the velocity after friction. Next to the "
            "velocity after friction should be the gradient.",
            _nesterov(ahead=lambda v, push, old, mu: (1 + mu) * v),
        ),
        "wrong one slowed": Mistake(
            "In your step the gradient goes through friction and the velocity doesn't. It should "
            "be the other way around.",
            _nesterov(ahead=lambda v, push, old, mu: v + mu * push),
        ),
        "looks back": Mistake(
            "Gradient and velocity should pull the same way: both are subtracted from theta. In "
            "your step one pulls against the other.",
            _nesterov(ahead=lambda v, push, old, mu: push - mu * v),
        ),
        "parentheses": Mistake(
            "The rate multiplies only the gradient, and the velocity is added. Both belong to the "
            "step: are parentheses missing?",
            _rate_on_one(lambda lr: lr, lambda lr: -1),
        ),
        "rate on one": Mistake(
            "Your step has two parts, and the rate multiplies only one of them.",
            _rate_on_one(lambda lr: lr, lambda lr: 1),
            _rate_on_one(lambda lr: 1, lambda lr: lr),
        ),
        "too far": Mistake(
            "You look two steps ahead. In the step, the velocity goes through friction once.",
            _nesterov(ahead=lambda v, push, old, mu: push + mu * mu * v),
            _nesterov(ahead=lambda v, push, old, mu: (1 + mu) * push + mu * mu * v),
        ),
        "old one too": Mistake(
            "You look ahead with the old velocity, then step with the new one. Look ahead with "
            "the new one, from where this gradient has brought you.",
            _nesterov(ahead=lambda v, push, old, mu: v + mu * old),
        ),
        "rest of the gradient": Mistake(
            "In your step this gradient counts 1 - momentum in all. It should count in full, and "
            "once more in the velocity after friction.",
            _nesterov(ahead=lambda v, push, old, mu: (1 - mu) * push + mu * v),
            _nesterov(ahead=lambda v, push, old, mu: push + mu * mu * old),
        ),
        "plain": Mistake(
            "The velocity plays no part in your steps: that is gradient descent.",
            _nesterov(ahead=lambda v, push, old, mu: push),
        ),
        "friction twice": Mistake(
            "Friction belongs to the velocity. The current gradient hasn't felt any yet.",
            _nesterov(ahead=lambda v, push, old, mu: mu * (push + mu * v)),
            _nesterov(ahead=lambda v, push, old, mu: mu * push + mu * v),
        ),
    }
    | _velocities(_nesterov),
    cases=CASES,
    praise="The same memory as momentum, and a step that looks ahead.",
)


# --- 3.4: from PyTorch's velocity to Sutskever's ------------------------------------------------


def to_sutskever(velocity, lr):
    return -lr * velocity


@by_parts
def _sutskever(sign=-1, size=lambda velocity: velocity, scaled=lambda velocity, lr: lr * velocity):
    return lambda velocity, lr: sign * scaled(size(velocity), lr)


SUTSKEVERS = function(
    "3.4",
    "From PyTorch's velocity to Sutskever's",
    to_sutskever,
    {
        "sign": Mistake(
            "PyTorch's velocity is subtracted from theta, Sutskever's is added. What does that "
            "mean for their signs?",
            _sutskever(sign=1),
        ),
        "divided": Mistake(
            "Sutskever's velocity is a step: the rate is already in it, as a factor.",
            _sutskever(scaled=lambda velocity, lr: velocity / lr),
        ),
        "same": Mistake(
            "PyTorch's velocity is a sum of gradients, Sutskever's a length in theta. The rate "
            "turns one into the other.",
            _sutskever(scaled=lambda velocity, lr: velocity),
        ),
        "scaled by the rest": Mistake(
            "1 minus something belongs to a mean of gradients. Neither of these two is a mean.",
            _sutskever(scaled=lambda velocity, lr: (1 - lr) * velocity),
        ),
        "added": Mistake(
            "A rate and a velocity have different units: they can't be added or subtracted.",
            _sutskever(scaled=lambda velocity, lr: velocity - lr),
            _sutskever(scaled=lambda velocity, lr: velocity + lr),
            _sutskever(sign=1, scaled=lambda velocity, lr: velocity - lr),
            _sutskever(sign=1, scaled=lambda velocity, lr: velocity + lr),
        ),
        "size alone": Mistake(
            "Your velocity has lost its direction: each coordinate has its own sign.",
            _sutskever(size=np.abs),
        ),
        "direction alone": Mistake(
            "Your velocity has a direction but no size. Its length counts, too.",
            _sutskever(size=np.sign),
        ),
        "rate twice": Mistake(
            "The rate is in it once, not twice.",
            _sutskever(scaled=lambda velocity, lr: lr**2 * velocity),
        ),
        "root of the rate": Mistake(
            "You take the root of the rate. What multiplies the gradients is the rate itself.",
            _sutskever(scaled=lambda velocity, lr: lr**0.5 * velocity),
        ),
        "rate alone": Mistake(
            "The velocity you are given plays no part in your result.",
            _sutskever(size=np.ones_like),
        ),
    },
    cases=[
        (np.array([2.0, -3.0]), 0.1),
        (np.array([0.5, 4.0, -1.0]), 0.02),
    ],
    praise="Sutskever's velocity is the step that PyTorch's velocity makes.",
)


# --- 3.5: and back, while the rate changes ------------------------------------------------------


def to_torch(velocity, lr, new_lr):
    return -velocity / new_lr


@by_parts
def _torchs(sign=-1, size=lambda velocity: velocity, factor=lambda lr, new_lr: 1 / new_lr):
    return lambda velocity, lr, new_lr: sign * factor(lr, new_lr) * size(velocity)


TORCHS = function(
    "3.5",
    "And back, while the rate changes",
    to_torch,
    {
        "sign": Mistake(
            "One of the two velocities is added to theta, the other is subtracted.",
            _torchs(sign=1),
        ),
        "old rate": Mistake(
            "You use the old rate. PyTorch's rule will multiply what you return by the new one.",
            _torchs(factor=lambda lr, new_lr: 1 / lr),
        ),
        "multiplied": Mistake(
            "This way the rate is in it twice. Sutskever's velocity already contains a rate; "
            "PyTorch's contains none.",
            _torchs(factor=lambda lr, new_lr: new_lr),
            _torchs(factor=lambda lr, new_lr: lr),
        ),
        "rescaled": Mistake(
            "This is still a step, like Sutskever's, just longer or shorter. PyTorch's velocity "
            "is a sum of gradients.",
            _torchs(factor=lambda lr, new_lr: new_lr / lr),
            _torchs(factor=lambda lr, new_lr: lr / new_lr),
        ),
        "rescaled first": Mistake(
            "You rescale by the ratio of the rates. Sutskever's own rule doesn't: its velocity "
            "rolls on as it is.",
            _torchs(factor=lambda lr, new_lr: new_lr / lr**2),
            _torchs(factor=lambda lr, new_lr: lr / new_lr**2),
        ),
        "both rates": Mistake(
            "You divide by both rates. Only one of them will be multiplied in again.",
            _torchs(factor=lambda lr, new_lr: 1 / (lr * new_lr)),
        ),
        "both multiplied": Mistake(
            "You multiply by both rates. PyTorch's velocity is a sum of gradients, with no rate "
            "in it at all.",
            _torchs(factor=lambda lr, new_lr: lr * new_lr),
        ),
        "sum or difference": Mistake(
            "Nothing is ever multiplied by the sum of the rates, or by their difference. Which "
            "rate will multiply what you return?",
            _torchs(factor=lambda lr, new_lr: 1 / (lr - new_lr)),
            _torchs(factor=lambda lr, new_lr: 1 / (new_lr - lr)),
            _torchs(factor=lambda lr, new_lr: 1 / (lr + new_lr)),
            _torchs(factor=lambda lr, new_lr: lr - new_lr),
            _torchs(factor=lambda lr, new_lr: 2 / (lr + new_lr)),
        ),
        "same": Mistake(
            "A step and a sum of gradients are not the same thing: one is the other times a rate.",
            _torchs(factor=lambda lr, new_lr: 1.0),
        ),
        "size alone": Mistake(
            "Your velocity has lost its direction: each coordinate has its own sign.",
            _torchs(size=np.abs),
        ),
    },
    cases=[
        (np.array([-0.2, 0.3]), 0.1, 0.04),
        (np.array([0.5, -1.0, 2.0]), 0.02, 0.3),
    ],
    praise="Divide by the new rate only: the old one is already inside Sutskever's step.",
)


EXERCISES = (MOMENTUM, SETTINGS, NESTEROV, SUTSKEVERS, TORCHS)
