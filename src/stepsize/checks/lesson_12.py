"""Lesson 12: momentum with the rate inside, eps and decay converted, epochs in updates."""

import numpy as np

from .exercise import Mistake
from .exercise_types import function

TITLE = "12 In the frameworks"


def keras_momentum(theta, grads, rates, momentum):
    velocity = 0.0
    for grad, lr in zip(grads, rates, strict=True):
        velocity = momentum * velocity - lr * grad
        theta = theta + velocity
    return theta


def torch_eps(keras_eps, beta2, t):
    return keras_eps / (1 - beta2**t) ** 0.5


def torch_decay(part, lr):
    return part / lr


def in_updates(epochs, examples, batch_size):
    return np.asarray(epochs) * np.ceil(examples / batch_size)


def _walk(update, velocity=0.0):
    """A mistake in one update: update(theta, velocity, grad, lr, momentum) -> the next two."""

    def path(theta, grads, rates, momentum):
        now = velocity
        for grad, lr in zip(grads, rates, strict=True):
            theta, now = update(theta, now, grad, lr, momentum)
        return theta

    return path


def _outside(theta, v, grad, lr, mu):
    v = mu * v + grad
    return theta - lr * v, v


def _plus(theta, v, grad, lr, mu):
    v = mu * v + lr * grad
    return theta + v, v


def _minus_twice(theta, v, grad, lr, mu):
    v = mu * v - lr * grad
    return theta - v, v


def _mean(theta, v, grad, lr, mu):
    v = mu * v - (1 - mu) * lr * grad
    return theta + v, v


def _mean_outside(theta, v, grad, lr, mu):
    v = mu * v + (1 - mu) * grad
    return theta - lr * v, v


def _nesterov(theta, v, grad, lr, mu):
    v = mu * v - lr * grad
    return theta + mu * v - lr * grad, v


def _old_velocity(theta, v, grad, lr, mu):
    return theta + v, mu * v - lr * grad


def _both(theta, v, grad, lr, mu):
    v = mu * v - lr * grad
    return theta + lr * v, v


def _forgets(theta, v, grad, lr, mu):
    return theta - lr * grad, v


def _rate_on_all(theta, v, grad, lr, mu):
    v = lr * (mu * v - grad)
    return theta + v, v


def _first_rate(theta, grads, rates, momentum):
    return keras_momentum(theta, grads, [rates[0]] * len(rates), momentum)


EXERCISES = (
    function(
        "12.1",
        "Momentum, the rate inside",
        keras_momentum,
        {
            "outside": Mistake(
                "That is PyTorch's: your rate multiplies the whole velocity. Here it multiplies "
                "each gradient, once, as it comes in.",
                _walk(_outside),
            ),
            "uphill": Mistake(
                "Yours walks uphill. A step goes against the gradient.",
                _walk(_plus),
                _walk(_minus_twice),
            ),
            "mean": Mistake(
                "Your velocity is a mean: the gradient comes in with a weight of 1 - momentum. "
                "Keras takes it whole.",
                _walk(_mean),
                _walk(_mean_outside),
            ),
            "nesterov": Mistake(
                "Yours looks one step ahead: that is Nesterov's. Here theta moves by the velocity.",
                _walk(_nesterov),
            ),
            "old velocity": Mistake(
                "You move by the velocity of the update before. Bring the gradient in first, then "
                "move.",
                _walk(_old_velocity),
            ),
            "twice": Mistake(
                "The rate is in there twice: in the velocity, and again in the step.",
                _walk(_both),
            ),
            "no momentum": Mistake(
                "Each of your steps knows its own gradient only. The velocity has to be kept, and "
                "added.",
                _walk(_forgets),
            ),
            "rate on all": Mistake(
                "Your rate multiplies the old velocity as well. It has had its rate when its "
                "gradient came in.",
                _walk(_rate_on_all),
            ),
            "first rate": Mistake(
                "You use the first rate all the time. Each update has its own.",
                _first_rate,
            ),
        },
        cases=[
            (1.0, [1.0, 1.0, 0.0, 0.0], [0.1, 0.1, 0.01, 0.01], 0.9),
            (0.0, [1.0, -2.0, 0.5], [0.1, 0.2, 0.4], 0.5),
            (2.0, [0.3] * 8, [0.1, 0.2, 0.3, 0.4, 0.4, 0.2, 0.1, 0.0], 0.8),
        ],
        praise="One line has moved. At a constant rate nobody can tell the two apart.",
    ),
    function(
        "12.2",
        "Adam's eps, from Keras to PyTorch",
        torch_eps,
        {
            "times": Mistake(
                "Yours is smaller than Keras's. Early on the root of v is far too small; an eps "
                "beside it weighs more, not less.",
                lambda e, beta2, t: e * (1 - beta2**t) ** 0.5,
                lambda e, beta2, t: e * (1 - beta2**t),
            ),
            "no root": Mistake(
                "Almost. eps stands beside the root of v, and v is what is divided. So what is eps "
                "divided by?",
                lambda e, beta2, t: e / (1 - beta2**t),
            ),
            "unchanged": Mistake(
                "The same eps is right only once the correction has faded. At update 1 it isn't.",
                lambda e, beta2, t: e,
            ),
            "no power": Mistake(
                "The correction fades with the updates: beta2 to the power t.",
                lambda e, beta2, t: e / (1 - beta2) ** 0.5,
                lambda e, beta2, t: e / (1 - beta2),
            ),
            "uncorrected": Mistake(
                "That grows without end as t does. The correction is 1 minus that power.",
                lambda e, beta2, t: e / (beta2**t) ** 0.5,
                lambda e, beta2, t: e / beta2**t,
            ),
            "one too many": Mistake(
                "You are an update ahead. At update t the power is t itself.",
                lambda e, beta2, t: e / (1 - beta2 ** (t + 1)) ** 0.5,
            ),
            "squared": Mistake(
                "A square is what takes an eps from outside a root to its inside. Both are outside "
                "here; what lies between them is the correction.",
                lambda e, beta2, t: e**2,
                lambda e, beta2, t: e**2 / (1 - beta2**t),
            ),
        },
        cases=[(0.1, 0.999, 1), (0.1, 0.999, 100), (1.0, 0.9, 3), (0.5, 0.99, 40)],
        atol=1e-9,
        praise="With Keras's default of 1e-7, PyTorch would need 3e-6 in the first update.",
    ),
    function(
        "12.3",
        "Weight decay, per update and per rate",
        torch_decay,
        {
            "times": Mistake(
                "PyTorch will multiply by the rate. If you have done so already, it is done twice.",
                lambda part, lr: part * lr,
            ),
            "unchanged": Mistake(
                "Handed over as it is, it would be multiplied by the rate, and so be far too weak.",
                lambda part, lr: part,
            ),
            "upside down": Mistake(
                "Yours decays the more, the less it was to decay: the fraction stands on its head.",
                lambda part, lr: lr / part,
            ),
            "what is left": Mistake(
                "1 minus the decay is what is left of a weight. What is asked for is the decay.",
                lambda part, lr: (1 - part) / lr,
                lambda part, lr: 1 - part / lr,
                lambda part, lr: 1 - part,
            ),
            "half": Mistake(
                "The 2 belongs to the penalty in a loss, whose slope it is. This decay has none.",
                lambda part, lr: part / (2 * lr),
                lambda part, lr: 2 * part / lr,
            ),
            "compounded": Mistake(
                "That spreads the part over many small decays, one after the other. An update has "
                "one, and multiplies once.",
                lambda part, lr: 1 - (1 - part) ** (1 / lr),
            ),
            "twice": Mistake(
                "You divide by the rate twice. PyTorch multiplies by it once.",
                lambda part, lr: part / lr**2,
            ),
            "minus": Mistake(
                "A rate is not taken away from a decay: it multiplies. How is that undone?",
                lambda part, lr: part - lr,
            ),
        },
        cases=[(0.001, 0.1), (0.003, 0.004), (0.2, 0.5)],
        praise="So a sweep over lr at a fixed weight_decay is a sweep over the decay, too.",
    ),
    function(
        "12.4",
        "From epochs to updates",
        in_updates,
        {
            "last batch lost": Mistake(
                "The last batch of an epoch may be smaller than the others; it is an update all "
                "the same. Yours leaves it out.",
                lambda epochs, n, b: np.asarray(epochs) * (n // b),
            ),
            "to the nearest": Mistake(
                "Rounded to the nearest, a small last batch gets lost. It counts, however small.",
                lambda epochs, n, b: np.asarray(epochs) * round(n / b),
            ),
            "rounded too late": Mistake(
                "Each epoch ends with a smaller batch of its own, and the next one begins anew. "
                "Round up once an epoch, not once in the end.",
                lambda epochs, n, b: np.ceil(np.asarray(epochs) * n / b),
                lambda epochs, n, b: np.asarray(epochs) * n / b,
                lambda epochs, n, b: np.asarray(epochs) * n // b,
            ),
            "epochs": Mistake(
                "These are the epochs still. The scheduler would cut the rate after so many "
                "updates, in the first epoch.",
                lambda epochs, n, b: np.asarray(epochs),
            ),
            "examples": Mistake(
                "You count examples. A whole batch of them makes one update.",
                lambda epochs, n, b: np.asarray(epochs) * n,
            ),
            "batch size": Mistake(
                "You multiply with the batch size. A larger batch means fewer updates.",
                lambda epochs, n, b: np.asarray(epochs) * b,
                lambda epochs, n, b: np.asarray(epochs) * n * b,
            ),
            "always one more": Mistake(
                "One too many, where the batches come out even.",
                lambda epochs, n, b: np.asarray(epochs) * (n // b + 1),
            ),
            "an update early": Mistake(
                "An update early: a milestone of m leaves the old rate to the first m updates. "
                "Keras is the one that wants m - 1.",
                lambda epochs, n, b: np.asarray(epochs) * np.ceil(n / b) - 1,
            ),
        },
        cases=[
            (np.array([30, 60, 90]), 50_000, 128),
            (np.array([1, 2]), 10, 4),
            (np.array([3, 5]), 12, 4),
        ],
        praise="An epoch of 50,000 images in batches of 128 is 391 updates, the last one small.",
    ),
)
