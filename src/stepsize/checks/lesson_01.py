"""Lesson 1: gradient descent as a rule and as a loop, and how large a step may be."""

import numpy as np

from ..loop import Trace, descend
from ..optimizers import Step, sgd
from ..surfaces import quadratic
from .exercise import Mistake
from .exercise_types import Case, choice, function, rule

TITLE = "1 The learning rate"

# Exercise 1.4, and the figure beside it: four runs on a parabola with this curvature.
CURVATURE = 10.0
CURVES = {"A": 0.19, "B": 0.002, "C": 0.21, "D": 0.1}


def four_curves() -> dict[str, Trace]:
    """The runs behind exercise 1.4, by letter."""
    valley = quadratic(CURVATURE)
    return {letter: descend(sgd, valley, [4.0], 40, lr=lr) for letter, lr in CURVES.items()}


def _quadratic(*curvatures):
    h = np.array(curvatures)
    return lambda theta: h * theta


def my_descent(grad, theta, lr, steps):
    places = [theta]
    for _ in range(steps):
        theta = theta - lr * grad(theta)
        places.append(theta)
    return np.array(places)


def _uphill(grad, theta, lr, steps):
    return my_descent(lambda theta: -grad(theta), theta, lr, steps)


def _no_rate(grad, theta, lr, steps):
    return my_descent(grad, theta, 1.0, steps)


def _same_array(grad, theta, lr, steps):
    theta, places = theta.copy(), []
    places.append(theta)
    for _ in range(steps):
        theta -= lr * grad(theta)
        places.append(theta)
    return np.array(places)


def _same_array_but_the_start(grad, theta, lr, steps):
    places = _same_array(grad, theta, lr, steps)
    places[0] = theta
    return places


def _first_gradient(grad, theta, lr, steps):
    always = grad(theta)
    return my_descent(lambda theta: always, theta, lr, steps)


def _from_the_start(grad, theta, lr, steps):
    return np.array([theta] + [theta - lr * grad(theta)] * steps)


def _step_for_place(grad, theta, lr, steps):
    places = [theta]
    for _ in range(steps):
        places.append(lr * grad(places[-1]))
    return np.array(places)


def _gradients_kept(grad, theta, lr, steps):
    path = my_descent(grad, theta, lr, steps)
    return np.array([theta, *(grad(place) for place in path[1:])])


def _rows(choose):
    """A mistake that returns other rows of the right path."""
    return lambda grad, theta, lr, steps: choose(my_descent(grad, theta, lr, steps))


def max_stable_lr(curvatures):
    return 2 / np.max(curvatures)


def _swapped(*letters):
    """The right curves with those of some letters exchanged, in a circle."""
    turned = letters[1:] + letters[:1]
    return CURVES | {letter: CURVES[other] for letter, other in zip(letters, turned, strict=True)}


EXERCISES = (
    rule(
        "1.1",
        "Gradient descent",
        "my_sgd(theta, grad, t, lr=lr)",
        sgd,
        {
            "uphill": Mistake(
                "You walk uphill: the gradient points to where the loss grows.",
                lambda theta, grad, t, *, lr: Step(theta + lr * grad),
            ),
            "no rate": Mistake(
                "Your step is the whole gradient: the learning rate has no say in it.",
                lambda theta, grad, t, *, lr: Step(theta - grad),
            ),
            "rate divides": Mistake(
                "With a smaller learning rate you take a longer step. It should be a shorter one.",
                lambda theta, grad, t, *, lr: Step(theta - grad / lr),
            ),
            "one length": Mistake(
                "All your steps have the same length, lr. Gradient descent goes far where it is "
                "steep and slows down where it is flat.",
                lambda theta, grad, t, *, lr: Step(theta - lr * grad / np.linalg.norm(grad)),
            ),
            "sign": Mistake(
                "Every coordinate moves by lr exactly. You use the sign of the gradient; its size "
                "should count as well.",
                lambda theta, grad, t, *, lr: Step(theta - lr * np.sign(grad)),
            ),
            "decay": Mistake(
                "Your steps get shorter as t grows. That is a schedule, which comes later: here "
                "the learning rate stays what it is.",
                lambda theta, grad, t, *, lr: Step(theta - lr / t * grad),
                lambda theta, grad, t, *, lr: Step(theta - lr / t**0.5 * grad),
            ),
            "t multiplies": Mistake(
                "Your steps get longer and longer. t only counts the updates; this rule does not "
                "need it.",
                lambda theta, grad, t, *, lr: Step(theta - lr * t * grad),
            ),
            "own position": Mistake(
                "Your step depends on where you stand, instead of on the slope there.",
                lambda theta, grad, t, *, lr: Step(theta - lr * theta),
                lambda theta, grad, t, *, lr: Step(theta - lr * grad * theta),
            ),
            "step only": Mistake(
                "That is the step. The Step wants theta after it: the place where it takes you.",
                lambda theta, grad, t, *, lr: Step(lr * grad),
                lambda theta, grad, t, *, lr: Step(-lr * grad),
            ),
            "one for all": Mistake(
                "All coordinates make the same step. Each has a slope of its own.",
                lambda theta, grad, t, *, lr: Step(theta - lr * np.mean(grad)),
                lambda theta, grad, t, *, lr: Step(theta - lr * np.sum(grad)),
                lambda theta, grad, t, *, lr: Step(theta - lr * np.linalg.norm(grad)),
            ),
            "nothing moves": Mistake(
                "Theta comes out as it went in: the new theta is not what you return.",
                lambda theta, grad, t, *, lr: Step(theta),
            ),
        },
        cases=[
            Case((1.0, -2.0), [(0.5, 3.0), (-1.5, 2.0), (0.25, -4.0)], dict(lr=0.1)),
            Case((0.5, 4.0, -3.0), [(2.0, -1.0, 0.75), (0.5, 6.0, -2.5)], dict(lr=0.02)),
        ],
        praise="Every optimizer to come is this line, and something more.",
    ),
    function(
        "1.2",
        "The loop",
        my_descent,
        {
            "uphill": Mistake(
                "You walk uphill: the gradient points to where the loss grows.", _uphill
            ),
            "no rate": Mistake(
                "Your step is the whole gradient: the learning rate has no say in it.", _no_rate
            ),
            "no start": Mistake(
                "The place you started from is missing: the start and `steps` updates are "
                "`steps + 1` places.",
                _rows(lambda path: path[1:]),
            ),
            "none kept": Mistake(
                "Only the start is kept. In each round of the loop the new place has to be put "
                "into the list.",
                _rows(lambda path: path[:1]),
            ),
            "after one round": Mistake(
                "It ends after the first step. Does the `return` stand inside the loop?",
                _rows(lambda path: path[:2]),
            ),
            "steps, not places": Mistake(
                "The rows after the first are steps, not places. A new place is the old one, and "
                "the step taken off it.",
                _step_for_place,
            ),
            "gradients kept": Mistake(
                "The rows after the first are gradients. Where you stood is asked for.",
                _gradients_kept,
            ),
            "no end": Mistake(
                "The last place is missing. Either there is one update too few, or each place is "
                "kept before the step and the last one never.",
                _rows(lambda path: path[:-1]),
            ),
            "start twice": Mistake(
                "The start is there twice, and the last place is missing: you keep the place "
                "before the step that leads away from it.",
                _rows(lambda path: np.concatenate([path[:1], path[:-1]])),
            ),
            "one more": Mistake(
                "There is one update too many. Count the rows: the start, and one for each step.",
                lambda grad, theta, lr, steps: my_descent(grad, theta, lr, steps + 1),
            ),
            "same array": Mistake(
                "Your rows are one and the same array, kept again and again: when it changes, "
                "the rows you kept before change with it. `-=` changes an array where it lies.",
                _same_array,
                _same_array_but_the_start,
            ),
            "first gradient": Mistake(
                "You felt the slope once, at the start, and walk on by it. It changes under your "
                "feet: ask for it anew wherever you stand.",
                _first_gradient,
            ),
            "from the start": Mistake(
                "Each of your steps sets out from the start again. The next one has to begin "
                "where the last one ended.",
                _from_the_start,
            ),
            "last only": Mistake(
                "That is where the walk ends. Asked for are all the places on the way.",
                _rows(lambda path: path[-1]),
            ),
            "nothing moves": Mistake(
                "You never leave the start: the new place has to become theta.",
                _rows(lambda path: np.repeat(path[:1], len(path), axis=0)),
            ),
            "on its side": Mistake(
                "Places are rows here, one below the other; yours stand side by side.",
                _rows(np.transpose),
            ),
        },
        cases=[
            (_quadratic(1.0, 4.0), np.array([3.0, -2.0]), 0.1, 3),
            (_quadratic(0.5), np.array([4.0]), 0.5, 5),
            (_quadratic(2.0, 1.0, 0.25), np.array([1.0, 2.0, -3.0]), 0.3, 1),
        ],
        praise="Feel the slope, step, keep the place: that is a training loop.",
    ),
    function(
        "1.3",
        "The largest stable learning rate",
        max_stable_lr,
        {
            "one step": Mistake(
                "At that rate one step goes straight to the bottom of the steepest direction. "
                "It still converges at a larger one.",
                lambda curvatures: 1 / np.max(curvatures),
            ),
            "flattest": Mistake(
                "That is the border of the flattest direction. A steeper one has blown up long "
                "before.",
                lambda curvatures: 2 / np.min(curvatures),
                lambda curvatures: 1 / np.min(curvatures),
            ),
            "mean": Mistake(
                "The directions don't meet in the middle: each has a border of its own, and one "
                "beyond its border is enough to diverge.",
                lambda curvatures: 2 / np.mean(curvatures),
                lambda curvatures: 2 / np.median(curvatures),
                lambda curvatures: np.mean(2 / curvatures),
            ),
            "first or last": Mistake(
                "You take the first curvature, or the last. The steepest may stand anywhere.",
                lambda curvatures: 2 / curvatures[0],
                lambda curvatures: 2 / curvatures[-1],
            ),
            "sum": Mistake(
                "Below that rate it converges, but also above it, for a while. The directions "
                "don't add up: each goes its way as if it were alone.",
                lambda curvatures: 2 / np.sum(curvatures),
                lambda curvatures: 2 / np.linalg.norm(curvatures),
            ),
            "multiplied": Mistake(
                "Yours grows with the curvature. Did the narrow valley bear the larger steps?",
                lambda curvatures: 2 * np.max(curvatures),
                lambda curvatures: np.max(curvatures) / 2,
            ),
            "best rate": Mistake(
                "That rate is the fastest on a quadratic. The border lies above it.",
                lambda curvatures: 2 / (np.max(curvatures) + np.min(curvatures)),
            ),
            "each its own": Mistake(
                "That is the border of every direction by itself. They all have to live with one "
                "learning rate: which of the borders counts?",
                lambda curvatures: 2 / curvatures,
            ),
        },
        cases=[
            (np.array([1.0, 25.0, 4.0]),),
            (np.array([0.5, 0.2, 0.1, 2.0]),),
            (np.array([8.0, 3.0]),),
        ],
        praise="The steepest direction sets the border for all.",
    ),
    choice(
        "1.4",
        "Which curve is which?",
        CURVES,
        mistakes={
            "border": Mistake(
                "You took the two sides of the border for each other. Both jump from side to "
                "side; is each jump larger than the last, or smaller?",
                _swapped("A", "C"),
            ),
            "largest is fastest": Mistake(
                "Of the rates below the border, the largest is not the fastest. Rate times "
                "curvature says how much of the distance one step takes away.",
                _swapped("A", "D"),
            ),
            "one step": Mistake(
                "One of the curves goes straight to the bottom, and one falls so slowly that it "
                "hardly moves. Both do so without ever overshooting; rate times curvature tells "
                "which is which.",
                _swapped("B", "D"),
            ),
            "smallest is fastest": Mistake(
                "You gave a large rate to the slowest curve. A small rate means small steps.",
                _swapped("B", "C"),
                _swapped("A", "B"),
            ),
            "other way round": Mistake(
                "You have all four the other way round: it is the smallest rate that crawls, and "
                "the largest that diverges.",
                {"A": 0.1, "B": 0.21, "C": 0.002, "D": 0.19},
            ),
            "best diverges": Mistake(
                "A curve that grows has a rate above 2 / curvature. Work that number out, and see "
                "how many of the four lie above it.",
                _swapped("C", "D"),
            ),
        },
        hint=(
            "Multiply each rate by the curvature, 10, and look the product up in the table of "
            "the five cases. Begin with the curve that grows."
        ),
        praise="Rate times curvature is 0.02, 1, 1.9 and 2.1.",
    ),
)
