"""Lesson 9: back-propagation, its test by differences, a rate that is chosen, a paired interval."""

import numpy as np

from .exercise import Mistake
from .exercise_types import function

TITLE = "9 A fair race"


def unpack(theta, inputs, hidden, outputs):
    W1, b1, W2, b2 = np.split(theta, np.cumsum([inputs * hidden, hidden, hidden * outputs]))
    return W1.reshape(inputs, hidden), b1, W2.reshape(hidden, outputs), b2


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _backprop(
    error=lambda p, Y: (p - Y) / len(Y),
    slope=lambda h, z: 1 - h**2,
    back=lambda delta, W: delta @ W.T,
    weights=(lambda h, delta: h.T @ delta,) * 2,
    bias=lambda delta: delta.sum(axis=0),
):
    """my_grad, with another part: the mistakes. weights: of the first layer and of the second."""

    def my_grad(theta, X, Y, hidden):
        W1, b1, W2, b2 = unpack(theta, X.shape[1], hidden, Y.shape[1])
        z = X @ W1 + b1
        h = np.tanh(z)
        delta2 = error(softmax(h @ W2 + b2), Y)
        delta1 = back(delta2, W2) * slope(h, z)
        parts = weights[0](X, delta1), bias(delta1), weights[1](h, delta2), bias(delta2)
        return np.concatenate([part.ravel() for part in parts])

    return my_grad


my_grad = _backprop()
RIGHT, TRANSPOSED = (lambda h, delta: h.T @ delta), (lambda h, delta: delta.T @ h)


def numeric_grad(loss, theta, eps):
    slopes = np.zeros_like(theta)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = eps
        slopes[i] = (loss(theta + step) - loss(theta - step)) / (2 * eps)
    return slopes


def _differences(slope):
    """numeric_grad with another quotient: slope(loss, theta, step, eps)."""

    def variant(loss, theta, eps):
        steps = eps * np.eye(len(theta))
        return np.array([slope(loss, theta, step, eps) for step in steps])

    return variant


def _never_put_back(loss, theta, eps):
    slopes, theta = np.zeros_like(theta), theta.copy()
    for i in range(len(theta)):
        theta[i] += eps
        above = loss(theta)
        theta[i] -= 2 * eps
        slopes[i] = (above - loss(theta)) / (2 * eps)
    return slopes


def _steps_add_up(loss, theta, eps):
    slopes, step = np.zeros_like(theta), np.zeros_like(theta)
    for i in range(len(theta)):
        step[i] = eps
        slopes[i] = (loss(theta + step) - loss(theta - step)) / (2 * eps)
    return slopes


def best_rate(rates, losses):
    means = np.where(np.isfinite(losses), losses, np.inf).mean(axis=1)
    best = means.argmin()
    inside = 0 < best < len(rates) - 1
    return rates[int(best)] if inside else np.nan


def _lost_are_infinite(losses):
    return np.where(np.isfinite(losses), losses, np.inf)


def _choose(score, edges=lambda best, last: best in (0, last), result=lambda rates, best: None):
    """best_rate with another score, other forbidden edges, or another result."""

    def variant(rates, losses):
        with np.errstate(all="ignore"):
            best = int(score(losses))
        if edges(best, len(rates) - 1):
            return np.nan
        own = result(rates, best)
        return rates[min(best, len(rates) - 1)] if own is None else own

    return variant


def _lowest_mean(losses):
    return _lost_are_infinite(losses).mean(axis=1).argmin()


def paired_interval(a, b, t):
    differences = a - b
    standard_error = differences.std(ddof=1) / len(differences) ** 0.5
    return differences.mean() + np.array([-1, 1]) * t * standard_error


def _interval(half, middle=lambda a, b: (a - b).mean()):
    """paired_interval with another width, or another middle."""

    def variant(a, b, t):
        return middle(a, b) + np.array([-1, 1]) * half(a, b, t, len(a))

    return variant


def _example(seed, n, width=3):
    """A theta, and a batch of n: as many inputs as hidden ones as classes, so no shape helps."""
    rng = np.random.default_rng(seed)
    Y = np.eye(width)[rng.integers(0, width, n)]
    theta = rng.normal(size=2 * width * (width + 1))
    return theta, rng.normal(size=(n, width)), Y, width


def _half(a, b, t, n):
    return t * (a - b).std(ddof=1) / n**0.5


RATES = np.array([0.01, 0.03, 0.1, 0.3, 1.0])
INSIDE = np.array([[1.0, 1.1, 1.3], [0.6, 0.5, 0.8], [0.4, 0.3, 0.9], [0.55, 0.05, 1.9], [2, 3, 2]])
RISING = np.array([[0.2, 0.3, 0.4], [0.4, 0.5, 0.45], [0.7, 0.6, 0.8], [0.9, 2, 3], [4.0, 2, 3]])
FALLING = RISING[::-1]
LOST = np.array([[0.9, 0.8, 0.9], [0.5, 0.6, 0.5], [0.45, 0.4, 0.5], [0.2, np.nan, 0.1], [9, 8, 9]])
BLOWN = np.where(np.isnan(LOST), np.inf, LOST)[:, [1, 0, 2]]
MOSTLY = np.array([[2, 2.1, 2], [0.3, 0.2, 9], [0.5, 0.55, 0.6], [0.8, np.nan, 0.9], [3, 3, 2.5]])

EXERCISES = (
    function(
        "9.1",
        "Back-propagation",
        my_grad,
        {
            "sum for mean": Mistake(
                "Your gradient is that of the sum over the examples. The loss is their mean.",
                _backprop(error=lambda p, Y: p - Y),
            ),
            "too small": Mistake(
                "Your gradient is too small by the number of classes. The mean is taken over "
                "the examples only.",
                _backprop(error=lambda p, Y: (p - Y) / Y.size),
            ),
            "no targets": Mistake(
                "The right classes don't occur in your gradient: it would be the same for all "
                "labels. How far are the probabilities from what they should be?",
                _backprop(error=lambda p, Y: p / len(Y)),
            ),
            "uphill": Mistake(
                "All your signs are turned round: it points downhill. A gradient points uphill.",
                _backprop(error=lambda p, Y: (Y - p) / len(Y)),
            ),
            "softmax twice": Mistake(
                "You multiply by a slope of the softmax. Together with the logarithm of the loss "
                "it has cancelled already; p - Y is all that is left.",
                _backprop(error=lambda p, Y: (p - Y) * p * (1 - p) / len(Y)),
            ),
            "doubled": Mistake(
                "Yours is twice as long. That factor is for squared errors; this loss has none.",
                _backprop(error=lambda p, Y: 2 * (p - Y) / len(Y)),
            ),
            "no slope": Mistake(
                "Your error passes tanh as if it weren't there. On the way back, its slope is a "
                "factor.",
                _backprop(slope=lambda h, z: 1.0),
            ),
            "slope of h": Mistake(
                "You take tanh once more before the slope. h is tanh already.",
                _backprop(slope=lambda h, z: 1 - np.tanh(h) ** 2),
            ),
            "slope of z": Mistake(
                "The square belongs to what comes out of tanh, not to what goes in.",
                _backprop(slope=lambda h, z: 1 - z**2),
            ),
            "sigmoid": Mistake(
                "That is the slope of the sigmoid. Here it is tanh.",
                _backprop(slope=lambda h, z: h * (1 - h)),
            ),
            "not squared": Mistake(
                "The slope of tanh is 1 minus the square of its value. The square is missing.",
                _backprop(slope=lambda h, z: 1 - h),
            ),
            "tanh for its slope": Mistake(
                "You multiply by tanh itself. Its slope is wanted.",
                _backprop(slope=lambda h, z: h),
            ),
            "wrong way": Mistake(
                "Your error goes through W2 forwards. On its way back, inputs and outputs change "
                "places.",
                _backprop(back=lambda delta, W: delta @ W),
            ),
            "transposed": Mistake(
                "A gradient of the weights is transposed: it must have the shape of its W, "
                "(inputs, outputs).",
                _backprop(weights=(TRANSPOSED, TRANSPOSED)),
                _backprop(weights=(TRANSPOSED, RIGHT)),
                _backprop(weights=(RIGHT, TRANSPOSED)),
            ),
            "bias not summed": Mistake(
                "The gradient of a bias has a row for each example. Every example pushes the same "
                "b: add them up.",
                _backprop(bias=lambda delta: delta),
            ),
            "bias over classes": Mistake(
                "You added up each example's row. A bias has one number a unit: add over the "
                "examples.",
                _backprop(bias=lambda delta: delta.sum(axis=1)),
            ),
            "bias averaged": Mistake(
                "You divide by the number of examples twice in the gradients of the biases. "
                "The error has been divided already.",
                _backprop(bias=lambda delta: delta.mean(axis=0)),
            ),
        },
        cases=[_example(0, 4), _example(1, 7)],
        praise="A dozen lines; the same that `Network.grad` has, and torch's autograd for you.",
    ),
    function(
        "9.2",
        "Checked by differences",
        numeric_grad,
        {
            "one-sided": Mistake(
                "You look to one side only. The error of that falls with eps, and with both "
                "sides it falls with its square.",
                _differences(lambda f, x, step, eps: (f(x + step) - f(x)) / eps),
                _differences(lambda f, x, step, eps: (f(x) - f(x - step)) / eps),
            ),
            "twice as steep": Mistake(
                "Yours is twice too steep: from one side to the other it is two eps.",
                _differences(lambda f, x, step, eps: (f(x + step) - f(x - step)) / eps),
            ),
            "half as steep": Mistake(
                "Yours is half as steep: between your two places there is one eps, not two.",
                _differences(lambda f, x, step, eps: (f(x + step) - f(x)) / (2 * eps)),
                _differences(lambda f, x, step, eps: (f(x) - f(x - step)) / (2 * eps)),
            ),
            "not divided": Mistake(
                "That is a difference of losses. A slope is a difference for a way: divide.",
                _differences(lambda f, x, step, eps: f(x + step) - f(x - step)),
            ),
            "no brackets": Mistake(
                "`/ 2 * eps` divides by 2 and then multiplies by eps. It needs brackets.",
                _differences(lambda f, x, step, eps: (f(x + step) - f(x - step)) / 2 * eps),
            ),
            "sign": Mistake(
                "Your signs are turned round: what lies ahead comes first.",
                _differences(lambda f, x, step, eps: (f(x - step) - f(x + step)) / (2 * eps)),
            ),
            "all at once": Mistake(
                "You move all parameters at once, and so get the same slope for each. Move one.",
                _differences(lambda f, x, step, eps: (f(x + eps) - f(x - eps)) / (2 * eps)),
                lambda f, x, eps: (f(x + eps) - f(x - eps)) / (2 * eps),
            ),
            "never put back": Mistake(
                "After you have moved a parameter, it stays moved when it is the next one's turn.",
                _never_put_back,
                _steps_add_up,
            ),
        },
        cases=[
            (lambda x: float((x**3).sum() + x[0] * x[1]), np.array([1.0, -2.0, 0.5]), 0.1),
            (lambda x: float(np.exp(x).prod()), np.array([0.2, -0.4]), 0.3),
            (lambda x: float(np.sin(x[0]) * x[1] ** 2), np.array([1.0, 3.0]), 1e-3),
        ],
        praise="Slow, and hard to get wrong: two losses for every parameter.",
    ),
    function(
        "9.3",
        "Which rate?",
        best_rate,
        {
            "best seed": Mistake(
                "You look for the lowest loss of all, and so for the luckiest seed. Judge a rate "
                "by the mean over its seeds.",
                _choose(lambda x: _lost_are_infinite(x).min(axis=1).argmin()),
            ),
            "edge": Mistake(
                "The lowest mean lies at an edge of the sweep. What lies beyond it has not been "
                "seen, so no rate can be chosen yet.",
                _choose(_lowest_mean, edges=lambda best, last: False),
            ),
            "one edge": Mistake(
                "A sweep has two edges. You look at one of them.",
                _choose(_lowest_mean, edges=lambda best, last: best == last),
                _choose(_lowest_mean, edges=lambda best, last: best == 0),
            ),
            "lost runs forgiven": Mistake(
                "You leave out runs that were lost, and take the mean of those that were lucky. "
                "A rate that loses runs is a bad rate.",
                _choose(lambda x: np.nanmean(np.where(np.isfinite(x), x, np.nan), axis=1).argmin()),
                _choose(lambda x: np.nanmean(x, axis=1).argmin()),
            ),
            "NaN wins": Mistake(
                "A NaN has won: for `argmin`, NaN is lower than any number. Give lost runs the "
                "loss infinity first.",
                _choose(lambda x: x.mean(axis=1).argmin()),
            ),
            "median": Mistake(
                "The median doesn't mind a run in three that is lost. You would. Take the mean.",
                _choose(lambda x: np.median(_lost_are_infinite(x), axis=1).argmin()),
                _choose(lambda x: np.nanmedian(x, axis=1).argmin()),
            ),
            "worst seed": Mistake(
                "You judge a rate by its worst run. That can be wise, but the mean is asked for.",
                _choose(lambda x: _lost_are_infinite(x).max(axis=1).argmin()),
            ),
            "one seed": Mistake(
                "You look at one seed only. The others were run, too.",
                _choose(lambda x: _lost_are_infinite(x)[:, 0].argmin()),
                _choose(lambda x: _lost_are_infinite(x)[:, -1].argmin()),
            ),
            "highest": Mistake(
                "That is the rate with the highest loss.",
                _choose(lambda x: _lost_are_infinite(x).mean(axis=1).argmax()),
                _choose(
                    lambda x: _lost_are_infinite(x).mean(axis=1).argmax(),
                    edges=lambda best, last: False,
                ),
            ),
            "index": Mistake(
                "That is the place of the rate. The rate itself is wanted.",
                _choose(_lowest_mean, result=lambda rates, best: best),
            ),
            "over the rates": Mistake(
                "You took the mean over the rates. A row is a rate, its columns are the seeds.",
                _choose(lambda x: _lost_are_infinite(x).mean(axis=0).argmin()),
                _choose(
                    lambda x: _lost_are_infinite(x).mean(axis=0).argmin(),
                    edges=lambda best, last: False,
                ),
            ),
        },
        cases=[(RATES, losses) for losses in (INSIDE, RISING, FALLING, LOST, BLOWN, MOSTLY)],
        praise="Chosen by the mean, with lost runs counted, and inside the sweep.",
    ),
    function(
        "9.4",
        "A paired interval",
        paired_interval,
        {
            "not paired": Mistake(
                "You put together the spreads of a and of b. What the two share, the seed's own "
                "luck, goes away if you take the differences first.",
                _interval(
                    lambda a, b, t, n: t * ((a.var(ddof=1) + b.var(ddof=1)) / n) ** 0.5,
                ),
            ),
            "standard deviation": Mistake(
                "That is where the next difference may lie. A mean of n of them is surer, by the "
                "root of n.",
                _interval(lambda a, b, t, n: t * (a - b).std(ddof=1)),
            ),
            "no root": Mistake(
                "You divide by n: that is too sure. A mean of n gets better by the root of n only.",
                _interval(lambda a, b, t, n: t * (a - b).std(ddof=1) / n),
            ),
            "ddof": Mistake(
                "Your spread is that of these seeds themselves. To speak of all seeds, divide by "
                "n - 1: `ddof=1`.",
                _interval(lambda a, b, t, n: t * (a - b).std() / n**0.5),
            ),
            "variance": Mistake(
                "You took the variance, which has squared units. Its root is wanted.",
                _interval(lambda a, b, t, n: t * (a - b).var(ddof=1) / n**0.5),
                _interval(lambda a, b, t, n: t * (a - b).var(ddof=1) / n),
            ),
            "no t": Mistake(
                "One standard error to each side: for 95 % it takes t of them.",
                _interval(lambda a, b, t, n: (a - b).std(ddof=1) / n**0.5),
            ),
            "half": Mistake(
                "Your interval is half as wide: t standard errors go to each side.",
                _interval(lambda a, b, t, n: _half(a, b, t, n) / 2),
            ),
            "sign": Mistake(
                "That is b - a. a - b is asked for: below 0 where a has the lower loss.",
                _interval(_half, middle=lambda a, b: (b - a).mean()),
            ),
            "absolute": Mistake(
                "You took away the signs of the differences. Then one of the two always loses.",
                lambda a, b, t: paired_interval(abs(a - b), 0 * a, t),
            ),
            "only the width": Mistake(
                "That is the interval around 0. Put it around the mean difference.",
                _interval(_half, middle=lambda a, b: 0.0),
            ),
        },
        cases=[
            (
                np.array([0.30, 0.25, 0.41, 0.36, 0.28]),
                np.array([0.27, 0.24, 0.35, 0.37, 0.22]),
                2.776,
            ),
            (np.array([1.0, 2.0, 4.0, 3.0]), np.array([1.5, 1.9, 4.8, 3.1]), 3.182),
        ],
        praise="The luck that both have from a seed is gone; what is left is the difference.",
    ),
)
