"""Lesson 9: back-propagation, its test by differences, a rate that is chosen, a paired interval."""

import numpy as np

from .exercise import Mistake, by_parts
from .exercise_types import function

TITLE = "9 A fair race"


# --- 9.1: back-propagation ----------------------------------------------------------------------


def unpack(theta, inputs, hidden, outputs):
    W1, b1, W2, b2 = np.split(theta, np.cumsum([inputs * hidden, hidden, hidden * outputs]))
    return W1.reshape(inputs, hidden), b1, W2.reshape(hidden, outputs), b2


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@by_parts
def _backprop(
    error=lambda p, Y: p - Y,
    mean=lambda error: error / len(error),
    back=lambda delta, W2, W1: delta @ W2.T,
    slope=lambda h, z: 1 - h**2,
    first=lambda X, delta, before: X.T @ delta,
    second=lambda h, delta, X: h.T @ delta,
    weights=lambda part, n: part,
    bias=lambda delta: delta.sum(axis=0),
    first_bias=lambda delta, before: delta,
    second_bias=lambda delta: delta,
):
    def my_grad(theta, X, Y, hidden):
        W1, b1, W2, b2 = unpack(theta, X.shape[1], hidden, Y.shape[1])
        z = X @ W1 + b1
        h = np.tanh(z)
        delta2 = mean(error(softmax(h @ W2 + b2), Y))
        before = back(delta2, W2, W1)
        delta1 = before * slope(h, z)
        dW1, dW2 = first(X, delta1, before), second(h, delta2, X)
        dW1, dW2 = weights(dW1, len(X)), weights(dW2, len(X))
        parts = dW1, bias(first_bias(delta1, before)), dW2, bias(second_bias(delta2))
        return np.concatenate([part.ravel() for part in parts])

    return my_grad


my_grad = _backprop()


def _example(seed, n, width=3):
    """A theta and a batch of n. All widths are equal, so that shapes don't give anything away."""
    rng = np.random.default_rng(seed)
    Y = np.eye(width)[rng.integers(0, width, n)]
    theta = rng.normal(size=2 * width * (width + 1))
    return theta, rng.normal(size=(n, width)), Y, width


BACKPROP = function(
    "9.1",
    "Back-propagation",
    my_grad,
    {
        "sum for mean": Mistake(
            "Your gradient is that of the sum over the examples. The loss is their mean.",
            _backprop(mean=lambda error: error),
        ),
        "too small": Mistake(
            "Your gradient is too small, by a factor of the number of classes. The mean is over "
            "the examples only.",
            _backprop(mean=lambda error: error / error.size),
        ),
        "over the classes": Mistake(
            "You divide by the number of classes. The mean is over the examples.",
            _backprop(mean=lambda error: error / error.shape[1]),
        ),
        "no targets": Mistake(
            "The targets don't appear in your gradient, so it would be the same for any labels. "
            "How far are the probabilities from what they should be?",
            _backprop(error=lambda p, Y: p),
        ),
        "uphill": Mistake(
            "All your signs are reversed, so your gradient points downhill. It should point "
            "uphill.",
            _backprop(error=lambda p, Y: Y - p),
        ),
        "softmax twice": Mistake(
            "You multiply by the slope of the softmax. It has already canceled with the slope of "
            "the logarithm in the loss; p - Y is all that is left.",
            _backprop(error=lambda p, Y: (p - Y) * p * (1 - p)),
        ),
        "no softmax": Mistake(
            "That is the slope of the logarithm alone. The softmax comes before it and has a "
            "slope, too; together they make something simple.",
            _backprop(error=lambda p, Y: -Y / p),
        ),
        "squared": Mistake(
            "You lose the sign of the error, and the sign says which way to go. Take the error as "
            "it is.",
            _backprop(error=lambda p, Y: (p - Y) ** 2),
            _backprop(error=lambda p, Y: abs(p - Y)),
        ),
        "doubled": Mistake(
            "Your gradient is twice as long as it should be. A factor of 2 belongs to squared "
            "errors; this loss doesn't have one.",
            _backprop(mean=lambda error: 2 * error / len(error)),
        ),
        "no slope": Mistake(
            "Somewhere your error passes through tanh as if it weren't there. On the way back, "
            "multiply by the slope of tanh, for W1 and for b1.",
            _backprop(slope=lambda h, z: 1.0),
            _backprop(first=lambda X, delta, before: X.T @ before),
            _backprop(first_bias=lambda delta, before: before),
        ),
        "slope twice": Mistake(
            "You multiply by the slope of tanh twice. The error passes through tanh once.",
            _backprop(slope=lambda h, z: (1 - h**2) ** 2),
        ),
        "slope of h": Mistake(
            "You apply tanh once more before taking the slope. h already is the tanh.",
            _backprop(slope=lambda h, z: 1 - np.tanh(h) ** 2),
        ),
        "slope of z": Mistake(
            "Square what comes out of tanh, not what goes in.",
            _backprop(slope=lambda h, z: 1 - z**2),
        ),
        "sigmoid": Mistake(
            "You use the slope of the sigmoid. This network uses tanh.",
            _backprop(slope=lambda h, z: h * (1 - h)),
        ),
        "relu": Mistake(
            "You use the slope of a ReLU. This network uses tanh.",
            _backprop(slope=lambda h, z: z > 0),
        ),
        "not squared": Mistake(
            "The slope of tanh is 1 minus the square of its value. The square is missing.",
            _backprop(slope=lambda h, z: 1 - h),
        ),
        "plus": Mistake(
            "Your slope of tanh is above 1. tanh is steepest at 0, where its slope is 1.",
            _backprop(slope=lambda h, z: 1 + h**2),
        ),
        "tanh for its slope": Mistake(
            "You multiply by tanh itself. You need its slope.",
            _backprop(slope=lambda h, z: h),
        ),
        "wrong way": Mistake(
            "Your error goes through W2 in the forward direction. On the way back, inputs and "
            "outputs swap places.",
            _backprop(back=lambda delta, W2, W1: delta @ W2),
        ),
        "wrong layer": Mistake(
            "Your error comes back through W1. The layer between it and the hidden units is W2.",
            _backprop(back=lambda delta, W2, W1: delta @ W1.T),
            _backprop(back=lambda delta, W2, W1: delta @ W1),
        ),
        "what went in": Mistake(
            "One of your weight gradients uses the wrong input: X went into W1, and h into W2.",
            _backprop(second=lambda h, delta, X: X.T @ delta),
        ),
        "transposed": Mistake(
            "A gradient of the weights is transposed: it must have the shape of its W, "
            "(inputs, outputs).",
            _backprop(weights=lambda part, n: part.T),
            _backprop(first=lambda X, delta, before: delta.T @ X),
            _backprop(second=lambda h, delta, X: delta.T @ h),
        ),
        "weights averaged": Mistake(
            "You divide the gradients of the weights by the number of examples, although the error "
            "has already been divided.",
            _backprop(weights=lambda part, n: part / n),
        ),
        "bias not averaged": Mistake(
            "One of your bias gradients is for the sum over the examples. Like the weights', it "
            "should be for the mean.",
            _backprop(second_bias=lambda delta: delta * len(delta)),
            _backprop(bias=lambda delta: delta.sum(axis=0) * len(delta)),
        ),
        "bias not summed": Mistake(
            "The gradient of a bias has a row for each example. Every example pushes the same "
            "b: add them up.",
            _backprop(bias=lambda delta: delta),
        ),
        "bias over classes": Mistake(
            "You add up each example's row. There is one bias per unit, so sum over the examples.",
            _backprop(bias=lambda delta: delta.sum(axis=1)),
        ),
        "bias one number": Mistake(
            "You add up everything. There is one bias per unit, so sum over the examples only.",
            _backprop(bias=lambda delta: delta.sum()),
        ),
        "bias averaged": Mistake(
            "In the gradients of the biases you divide by the number of examples twice. The error "
            "has already been divided.",
            _backprop(bias=lambda delta: delta.mean(axis=0)),
        ),
        "no bias": Mistake(
            "The gradients of the biases are 0. But a bias moves the output too, so it has a "
            "slope.",
            _backprop(bias=lambda delta: 0 * delta.sum(axis=0)),
        ),
    },
    cases=[_example(0, 4), _example(1, 7)],
    praise=(
        "A dozen lines. `Network.grad` is the same dozen, and torch's autograd writes them for you."
    ),
)


# --- 9.2: checked by differences ----------------------------------------------------------------


def numeric_grad(loss, theta, eps):
    slopes = np.zeros_like(theta)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = eps
        slopes[i] = (loss(theta + step) - loss(theta - step)) / (2 * eps)
    return slopes


@by_parts
def _slopes(
    moved=lambda i, n, eps: eps * np.eye(n)[i],
    ahead=lambda x, step: x + step,
    behind=lambda x, step: x - step,
    rise=lambda above, below: above - below,
    run=lambda rise, eps: rise / (2 * eps),
    out=np.array,
):
    def variant(loss, theta, eps):
        steps = [moved(i, len(theta), eps) for i in range(len(theta))]
        rises = [rise(loss(ahead(theta, step)), loss(behind(theta, step))) for step in steps]
        return out([run(each, eps) for each in rises])

    return variant


def _never_put_back(loss, theta, eps):
    slopes, theta = np.zeros_like(theta), theta.copy()
    for i in range(len(theta)):
        theta[i] += eps
        above = loss(theta)
        theta[i] -= 2 * eps
        slopes[i] = (above - loss(theta)) / (2 * eps)
    return slopes


def _by_the_first(slopes):
    return np.array([slopes[0], *np.zeros(len(slopes) - 1)])


DIFFERENCES = function(
    "9.2",
    "Checked by differences",
    numeric_grad,
    {
        "one-sided": Mistake(
            "You look at one side only. That way the error shrinks in proportion to eps; with "
            "both sides, it shrinks with its square.",
            _slopes(behind=lambda x, step: x, run=lambda rise, eps: rise / eps),
            _slopes(ahead=lambda x, step: x, run=lambda rise, eps: rise / eps),
            _slopes(ahead=lambda x, step: x + 2 * step, behind=lambda x, step: x),
        ),
        "twice as steep": Mistake(
            "Your slopes are twice as steep as they should be. How far apart are the two points?",
            _slopes(run=lambda rise, eps: rise / eps),
        ),
        "half as steep": Mistake(
            "You look at one side only, where the points are one eps apart, but you divide by "
            "two. That makes your slopes half as steep as they should be.",
            _slopes(behind=lambda x, step: x),
            _slopes(ahead=lambda x, step: x),
        ),
        "other step": Mistake(
            "You move the parameter by more or less than eps. The two points should be exactly "
            "eps away, one on each side.",
            _slopes(moved=lambda i, n, eps: eps / 2 * np.eye(n)[i]),
            _slopes(moved=lambda i, n, eps: 2 * eps * np.eye(n)[i]),
        ),
        "not divided": Mistake(
            "That is a difference of losses. A slope is the difference per unit of distance: "
            "divide by how far apart the two points are.",
            _slopes(run=lambda rise, eps: rise),
            _slopes(run=lambda rise, eps: rise / 2),
        ),
        "no parentheses": Mistake(
            "`/ 2 * eps` divides by 2 and then multiplies by eps. It needs parentheses.",
            _slopes(run=lambda rise, eps: rise / 2 * eps),
        ),
        "multiplied": Mistake(
            "You multiply by the distance between the two points. A slope is divided by it.",
            _slopes(run=lambda rise, eps: rise * 2 * eps),
            _slopes(run=lambda rise, eps: rise * eps),
        ),
        "eps squared": Mistake(
            "You divide by eps twice. That is for a second derivative; a slope is divided once.",
            _slopes(run=lambda rise, eps: rise / eps**2),
            _slopes(run=lambda rise, eps: rise / (2 * eps**2)),
            _slopes(run=lambda rise, eps: rise / (2 * eps) ** 2),
        ),
        "sign": Mistake(
            "Your signs are reversed: subtract the loss behind from the loss ahead.",
            _slopes(rise=lambda above, below: below - above),
        ),
        "no sign": Mistake(
            "Your slopes are never negative. The sign of a difference says which way is downhill.",
            _slopes(rise=lambda above, below: abs(above - below)),
        ),
        "added": Mistake(
            "You add the two losses. A slope needs their difference.",
            _slopes(rise=lambda above, below: above + below),
        ),
        "all at once": Mistake(
            "You move all the parameters at once, so each gets the same slope. Move one at a time.",
            _slopes(moved=lambda i, n, eps: eps * np.ones(n)),
            lambda f, x, eps: (f(x + eps) - f(x - eps)) / (2 * eps),
        ),
        "relative": Mistake(
            "You move each parameter by a fraction of itself. Move it by eps, whatever its size.",
            _slopes(ahead=lambda x, step: x * (1 + step), behind=lambda x, step: x * (1 - step)),
        ),
        "always the first": Mistake(
            "You always move the same parameter. Each slope needs its own parameter to move.",
            _slopes(moved=lambda i, n, eps: eps * np.eye(n)[0]),
            _slopes(moved=lambda i, n, eps: eps * np.eye(n)[-1]),
        ),
        "left too early": Mistake(
            "You stop after the first parameter. Is there a `return` inside the loop?",
            _slopes(out=_by_the_first),
        ),
        "summed": Mistake(
            "That is one number. Each parameter has its own slope: keep them apart.",
            _slopes(out=sum),
            _slopes(out=lambda slopes: slopes[-1]),
        ),
        "never put back": Mistake(
            "You move a parameter and never put it back, so it is still moved when the next one's "
            "turn comes.",
            _never_put_back,
            _slopes(moved=lambda i, n, eps: eps * (np.arange(n) <= i)),
        ),
        "same array": Mistake(
            "All your slopes are 0. Do your two points differ? Two names for one array don't make "
            "two points: take a copy.",
            _slopes(rise=lambda above, below: 0.0),
        ),
    },
    cases=[
        (lambda x: float((x**3).sum() + x[0] * x[1]), np.array([1.0, -2.0, 0.5]), 0.1),
        (lambda x: float(np.exp(x).prod()), np.array([0.2, -0.4]), 0.3),
        (lambda x: float(np.sin(x[0]) * x[1] ** 2), np.array([2.0, 3.0]), 1e-3),
    ],
    praise="Slow, and hard to get wrong: two losses for every parameter.",
)


# --- 9.3: which rate? ---------------------------------------------------------------------------


def best_rate(rates, losses):
    means = np.where(np.isfinite(losses), losses, np.inf).mean(axis=1)
    best = means.argmin()
    inside = 0 < best < len(rates) - 1
    return rates[int(best)] if inside else np.nan


@by_parts
def _choice(
    lost=lambda losses: np.where(np.isfinite(losses), losses, np.inf),
    score=lambda losses: losses.mean(axis=1),
    best=lambda scores: scores.argmin(),
    at_an_edge=lambda best, last: best in (0, last),
    result=lambda rates, best, scores: rates[min(best, len(rates) - 1)],
    otherwise=lambda rates: np.nan,
):
    def variant(rates, losses):
        with np.errstate(all="ignore"):
            scores = score(lost(losses))
            chosen = int(best(scores))
        if at_an_edge(chosen, len(rates) - 1):
            return otherwise(rates)
        return result(rates, chosen, scores)

    return variant


def _without_the_lost(rates, losses):
    left = np.isfinite(losses).all(axis=1)
    return best_rate(rates[left], losses[left])


RATES = np.array([0.01, 0.03, 0.1, 0.3, 1.0])
INSIDE = np.array([[1.0, 1.1, 1.3], [0.6, 0.5, 0.8], [0.4, 0.3, 0.9], [0.55, 0.05, 1.9], [2, 3, 2]])
RISING = np.array([[0.2, 0.3, 0.4], [0.4, 0.5, 0.45], [0.7, 0.6, 0.8], [0.9, 2, 3], [4.0, 2, 3]])
FALLING = RISING[::-1]
SECOND = np.array([[0.7, 0.8, 0.6], [0.3, 0.5, 0.3], [0.4, 0.6, 0.5], [0.9, 2, 3], [4.0, 2, 3]])
LOST = np.array([[0.9, 0.8, 0.9], [0.5, 0.6, 0.5], [0.45, 0.4, 0.5], [0.2, np.nan, 0.1], [9, 8, 9]])
BLOWN = np.where(np.isnan(LOST), np.inf, LOST)[:, [1, 0, 2]]
GONE = np.array([[0.9, 0.8, 0.9], [0.5, 0.6, 0.5], [0.45, 0.4, 0.5], [0.6, np.nan, 0.6], [9, 8, 9]])
HIGHEST = np.array(
    [[0.9, 0.8, 0.9], [0.7, 0.6, 0.7], [0.5, 0.4, 0.5], [0.3, 0.2, 0.3], [9, np.nan, 9]]
)
MOSTLY = np.array([[2, 2.1, 2], [0.3, 0.2, 9], [0.5, 0.55, 0.6], [0.8, np.nan, 0.9], [3, 3, 2.5]])

WHICH_RATE = function(
    "9.3",
    "Which rate?",
    best_rate,
    {
        "best seed": Mistake(
            "You look for the lowest loss of all, which finds the luckiest seed. Judge a rate by "
            "the mean over its seeds.",
            _choice(score=lambda losses: losses.min(axis=1)),
        ),
        "edge": Mistake(
            "The lowest mean is at an edge of the sweep. You haven't seen what lies beyond it, so "
            "you can't choose a rate yet.",
            _choice(at_an_edge=lambda best, last: False),
        ),
        "one edge": Mistake(
            "A sweep has two edges. You look at one of them.",
            _choice(at_an_edge=lambda best, last: best == last),
            _choice(at_an_edge=lambda best, last: best == 0),
        ),
        "too careful": Mistake(
            "You treat a rate next to the edge as if it were at the edge. It has a worse rate on "
            "either side, so it can be chosen.",
            _choice(at_an_edge=lambda best, last: best in (0, 1, last)),
            _choice(at_an_edge=lambda best, last: best in (0, last - 1, last)),
            _choice(at_an_edge=lambda best, last: best in (0, 1, last - 1, last)),
            _choice(at_an_edge=lambda best, last: best in (1, last)),
            _choice(at_an_edge=lambda best, last: best in (0, last - 1)),
        ),
        "inside out": Mistake(
            "You give NaN for a rate inside the sweep, and the rate itself at its edges. It "
            "should be the other way around.",
            _choice(at_an_edge=lambda best, last: best not in (0, last)),
        ),
        "no NaN": Mistake(
            "If the best rate is at an edge, the answer should be NaN. Yours is a number.",
            _choice(otherwise=lambda rates: 0.0),
            _choice(otherwise=lambda rates: -1.0),
            _choice(otherwise=lambda rates: np.inf),
        ),
        "lost runs forgiven": Mistake(
            "You leave out the runs that diverged and average the lucky ones. A rate at which runs "
            "diverge is a bad rate.",
            _choice(
                lost=lambda losses: np.where(np.isfinite(losses), losses, np.nan),
                score=lambda losses: np.nanmean(losses, axis=1),
            ),
            _choice(lost=lambda losses: losses, score=lambda losses: np.nanmean(losses, axis=1)),
        ),
        "lost runs win": Mistake(
            "You count a diverged run as a very low loss, so rates at which runs diverge look "
            "good. It should count as infinity.",
            _choice(lost=lambda losses: np.where(np.isfinite(losses), losses, 0.0)),
            _choice(lost=np.nan_to_num),
            _choice(lost=lambda losses: np.where(np.isfinite(losses), losses, -1.0)),
            _choice(lost=lambda losses: np.where(np.isfinite(losses), losses, -np.inf)),
        ),
        "lost rates left out": Mistake(
            "You remove the rates at which a run diverged from the sweep, and that moves its "
            "edges. A diverged run shows what lies beyond the best rate.",
            _without_the_lost,
        ),
        "NaN wins": Mistake(
            "A NaN has won: for `argmin`, NaN is lower than any number. First set the loss of "
            "diverged runs to infinity.",
            _choice(lost=lambda losses: losses),
        ),
        "median": Mistake(
            "The median doesn't mind if one run in three diverges. You would. Take the mean.",
            _choice(score=lambda losses: np.median(losses, axis=1)),
            _choice(lost=lambda losses: losses, score=lambda losses: np.nanmedian(losses, axis=1)),
        ),
        "worst seed": Mistake(
            "You judge a rate by its worst run. That can be wise, but the exercise asks for the "
            "mean.",
            _choice(score=lambda losses: losses.max(axis=1)),
        ),
        "one seed": Mistake(
            "You look at one seed only. Use the others, too.",
            _choice(score=lambda losses: losses[:, 0]),
            _choice(score=lambda losses: losses[:, -1]),
        ),
        "spread": Mistake(
            "You choose the rate whose seeds differ least. Choose the one with the lowest mean.",
            _choice(score=lambda losses: np.nan_to_num(losses.std(axis=1), nan=np.inf)),
            _choice(score=lambda losses: np.nan_to_num(losses.std(axis=1, ddof=1), nan=np.inf)),
        ),
        "highest": Mistake(
            "That is the rate with the highest loss. The lowest is the best.",
            _choice(best=lambda scores: scores.argmax()),
        ),
        "index": Mistake(
            "That is the index of the rate. Return the rate itself.",
            _choice(result=lambda rates, best, scores: best),
        ),
        "the loss": Mistake(
            "That is the loss. Return the rate that has it.",
            _choice(result=lambda rates, best, scores: scores[best]),
        ),
        "over the rates": Mistake(
            "You take the mean over the rates. Each row is a rate, and its columns are the seeds.",
            _choice(score=lambda losses: losses.mean(axis=0)),
        ),
        "over all": Mistake(
            "You look for the lowest number in the whole table. Each row, a rate, needs its own "
            "mean.",
            _choice(score=lambda losses: losses.ravel()),
        ),
    },
    cases=[
        (RATES, losses)
        for losses in (
            INSIDE,
            RISING,
            FALLING,
            SECOND,
            SECOND[::-1],
            LOST,
            BLOWN,
            GONE,
            HIGHEST,
            MOSTLY,
        )
    ],
    praise="Chosen by the mean, with diverged runs counted, and inside the sweep.",
)


# --- 9.4: a paired interval ---------------------------------------------------------------------


def paired_interval(a, b, t):
    return _interval()(a, b, t)


@by_parts
def _interval(
    difference=lambda a, b: a - b,
    middle=lambda d, a, b: d.mean(),
    ddof=1,
    spread=lambda d, a, b, ddof: d.std(ddof=ddof),
    error=lambda s, n: s / n**0.5,
    half=lambda error, t: t * error,
    ends=lambda m, h: m + np.array([-1, 1]) * h,
):
    def variant(a, b, t):
        d = difference(a, b)
        return ends(middle(d, a, b), half(error(spread(d, a, b, ddof), len(d)), t))

    return variant


INTERVAL = function(
    "9.4",
    "A paired interval",
    paired_interval,
    {
        "not paired": Mistake(
            "You combine the spreads of a and of b. What they share, the luck of the seed, "
            "cancels if you take the differences first.",
            _interval(spread=lambda d, a, b, ddof: (a.var(ddof=ddof) + b.var(ddof=ddof)) ** 0.5),
            _interval(spread=lambda d, a, b, ddof: a.std(ddof=ddof) + b.std(ddof=ddof)),
            _interval(
                spread=lambda d, a, b, ddof: ((a.var(ddof=ddof) + b.var(ddof=ddof)) / 2) ** 0.5
            ),
            _interval(spread=lambda d, a, b, ddof: a.std(ddof=ddof) - b.std(ddof=ddof)),
        ),
        "one spread": Mistake(
            "Your spread is that of one optimizer alone. The differences have their own spread.",
            _interval(spread=lambda d, a, b, ddof: a.std(ddof=ddof)),
            _interval(spread=lambda d, a, b, ddof: b.std(ddof=ddof)),
        ),
        "standard deviation": Mistake(
            "That is where a single new difference is likely to be. The mean of n differences is "
            "more certain, by a factor of the root of n.",
            _interval(error=lambda s, n: s),
        ),
        "range": Mistake(
            "Those are the smallest and the largest difference you measured. The question is "
            "where the mean over all possible seeds may be.",
            lambda a, b, t: [(a - b).min(), (a - b).max()],
        ),
        "no root": Mistake(
            "You divide by n, which claims too much. The uncertainty of a mean shrinks only with "
            "the root of n.",
            _interval(error=lambda s, n: s / n),
        ),
        "half for a root": Mistake(
            "Python reads `n**1/2` as half of `n**1`, because powers come before division. Put "
            "the exponent in parentheses, or write 0.5.",
            _interval(error=lambda s, n: s / n / 2),
            _interval(error=lambda s, n: 2 * s / n),
        ),
        "multiplied": Mistake(
            "You multiply by the root of n. More seeds make a mean more certain, so divide.",
            _interval(error=lambda s, n: s * n**0.5),
        ),
        "ddof": Mistake(
            "Your spread describes only these seeds. To estimate the spread over all seeds, "
            "divide by n - 1: `ddof=1`.",
            _interval(ddof=0),
        ),
        "n - 1 twice": Mistake(
            "You take n - 1 twice: once in the spread, where it belongs, and once more under the "
            "root.",
            _interval(error=lambda s, n: s / (n - 1) ** 0.5),
        ),
        "counts both": Mistake(
            "You count the runs of both optimizers. There are only n differences.",
            _interval(error=lambda s, n: s / (2 * n) ** 0.5),
        ),
        "variance": Mistake(
            "You took the variance, which is in squared units. Take its root.",
            _interval(spread=lambda d, a, b, ddof: d.var(ddof=ddof)),
            _interval(spread=lambda d, a, b, ddof: d.var(ddof=ddof), error=lambda s, n: s / n),
        ),
        "around 0": Mistake(
            "You measure the spread from 0, so it includes the mean difference. Measure it from "
            "the mean.",
            _interval(spread=lambda d, a, b, ddof: ((d**2).sum() / (len(d) - ddof)) ** 0.5),
        ),
        "no t": Mistake(
            "That is one standard error on each side. A 95% interval takes t of them.",
            _interval(half=lambda error, t: error),
        ),
        "always 2": Mistake(
            "You use the same factor for every t. With few seeds, Student's t is larger than 1.96.",
            _interval(half=lambda error, t: 1.96 * error),
            _interval(half=lambda error, t: 2 * error),
        ),
        "half": Mistake(
            "Your interval is half as wide as it should be: it extends t standard errors to each "
            "side.",
            _interval(half=lambda error, t: t * error / 2),
        ),
        "double": Mistake(
            "Your interval is twice as wide as it should be: it extends t standard errors to each "
            "side, no more.",
            _interval(half=lambda error, t: 2 * t * error),
        ),
        "sign": Mistake(
            "That is b - a. It should be a - b: below 0 where a has the lower loss.",
            _interval(difference=lambda a, b: b - a),
        ),
        "absolute": Mistake(
            "You dropped the signs of the differences, so the same optimizer loses every time.",
            _interval(difference=lambda a, b: abs(a - b)),
        ),
        "only the width": Mistake(
            "That interval is centered on 0. Center it on the mean difference.",
            _interval(middle=lambda d, a, b: 0.0),
        ),
        "around one": Mistake(
            "That interval is centered on the mean of one optimizer. Center it on the mean "
            "difference.",
            _interval(middle=lambda d, a, b: a.mean()),
            _interval(middle=lambda d, a, b: b.mean()),
        ),
        "median": Mistake(
            "Your interval is centered on the median. Center it on the mean.",
            _interval(middle=lambda d, a, b: np.median(d)),
        ),
        "summed": Mistake(
            "Your interval is centered on the sum of the differences. Center it on their mean.",
            _interval(middle=lambda d, a, b: d.sum()),
        ),
        "high first": Mistake(
            "Your ends are swapped: the lower one comes first.",
            _interval(ends=lambda m, h: m + np.array([1, -1]) * h),
        ),
        "one number": Mistake(
            "An interval is two numbers: its lower and its upper end.",
            _interval(ends=lambda m, h: h),
            _interval(ends=lambda m, h: 2 * h),
            _interval(ends=lambda m, h: m),
            _interval(ends=lambda m, h: m + h),
            _interval(ends=lambda m, h: m - h),
        ),
        "middle and half": Mistake(
            "That is the middle and the half-width. Return the two ends.",
            _interval(ends=lambda m, h: np.array([m, h])),
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
    praise=(
        "The luck of the seed, which both of them share, has canceled. What is left is the "
        "difference."
    ),
)


EXERCISES = (BACKPROP, DIFFERENCES, WHICH_RATE, INTERVAL)
