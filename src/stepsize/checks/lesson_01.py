"""Lesson 1: gradient descent as a rule and as a loop, and how large a step may be."""

import numpy as np

from ..loop import Trace, descend
from ..optimizers import Step, sgd
from ..surfaces import quadratic
from .exercise import Mistake, by_parts
from .exercise_types import Case, choice, exchanger, function, rule

TITLE = "1 The learning rate"


# --- 1.1: gradient descent ----------------------------------------------------------------------


@by_parts
def _sgd(
    along=lambda g: g,
    where=lambda theta: theta,
    rate=lambda lr, t: lr,
    sign=-1,
    new=lambda theta, step: theta + step,
):
    def variant(theta, grad, t, *, lr):
        return Step(new(where(theta), sign * rate(lr, t) * along(grad)))

    return variant


MY_SGD = rule(
    "1.1",
    "Gradient descent",
    "my_sgd(theta, grad, t, lr=lr)",
    sgd,
    {
        "uphill": Mistake(
            "You walk uphill: the gradient points to where the loss grows.",
            _sgd(sign=1),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in your step.",
            _sgd(rate=lambda lr, t: 1.0),
        ),
        "rate divides": Mistake(
            "With a smaller learning rate you take a longer step. It should be a shorter one.",
            _sgd(rate=lambda lr, t: 1 / lr),
        ),
        "rate twice": Mistake(
            "The learning rate is in your step twice.",
            _sgd(rate=lambda lr, t: lr * lr),
        ),
        "rest of the rate": Mistake(
            "You use 1 - lr as the rate, so a smaller learning rate makes a longer step.",
            _sgd(rate=lambda lr, t: 1 - lr),
        ),
        "fixed rate": Mistake(
            "Your learning rate is a fixed number. Use the one you are given.",
            _sgd(rate=lambda lr, t: 0.01),
            _sgd(rate=lambda lr, t: 0.001),
            _sgd(rate=lambda lr, t: 0.5),
        ),
        "half or twice": Mistake(
            "Your steps are off by a factor of 2. The gradient you are given is ready to use: "
            "there is no derivative to take.",
            _sgd(rate=lambda lr, t: 2 * lr),
            _sgd(rate=lambda lr, t: lr / 2),
        ),
        "shared out": Mistake(
            "You divide by the number of coordinates. Each one takes its full step.",
            _sgd(along=lambda g: g / len(g)),
        ),
        "clipped": Mistake(
            "You clip large gradients. Some training loops do that, but it isn't part of this "
            "rule: here every gradient counts as it is.",
            _sgd(along=lambda g: np.clip(g, -1, 1)),
        ),
        "one length": Mistake(
            "All your steps have the same length, lr. Gradient descent goes far where it is steep "
            "and slows down where it is flat.",
            _sgd(along=lambda g: g / np.linalg.norm(g)),
        ),
        "sign": Mistake(
            "Every coordinate moves by exactly lr. You use only the sign of the gradient; its "
            "size should count as well.",
            _sgd(along=np.sign),
        ),
        "no gradient": Mistake(
            "The gradient plays no part in your step: you move the same way on every slope.",
            _sgd(along=np.ones_like),
        ),
        "squared": Mistake(
            "The gradient is in your step twice, and squaring it loses the direction.",
            _sgd(along=np.square),
        ),
        "size alone": Mistake(
            "The gradient loses its sign, so you go the same way on both sides of a valley.",
            _sgd(along=np.abs),
        ),
        "decay": Mistake(
            "Your steps get shorter as t grows. That is a schedule, and schedules come later: "
            "here the learning rate stays constant.",
            _sgd(rate=lambda lr, t: lr / t),
            _sgd(rate=lambda lr, t: lr / t**0.5),
            _sgd(rate=lambda lr, t: lr / (1 + t)),
            _sgd(rate=lambda lr, t: lr**t),
        ),
        "t multiplies": Mistake(
            "Your steps get longer and longer. t only counts the updates; this rule doesn't need "
            "it.",
            _sgd(rate=lambda lr, t: lr * t),
        ),
        "own position": Mistake(
            "Your step depends on where you stand. It should depend on the slope there.",
            lambda theta, grad, t, *, lr: Step(theta - lr * theta),
            lambda theta, grad, t, *, lr: Step(theta - lr * grad * theta),
            lambda theta, grad, t, *, lr: Step(theta + lr * grad * theta),
        ),
        "parentheses": Mistake(
            "You subtract first and multiply the difference. Only the gradient is multiplied by "
            "the rate: check your parentheses.",
            lambda theta, grad, t, *, lr: Step((theta - grad) * lr),
        ),
        "exchanged": Mistake(
            "theta and the gradient are swapped.",
            lambda theta, grad, t, *, lr: Step(grad - lr * theta),
        ),
        "added up": Mistake(
            "You subtract the rate and the gradient one after the other. The step is their "
            "product.",
            lambda theta, grad, t, *, lr: Step(theta - lr - grad),
            lambda theta, grad, t, *, lr: Step(theta - lr + grad),
        ),
        "turned around": Mistake(
            "Your whole result has the wrong sign. Start from theta and subtract the step.",
            _sgd(new=lambda theta, step: -step - theta),
        ),
        "step only": Mistake(
            "That is the step itself. A `Step` holds the new theta: where the step takes you.",
            _sgd(new=lambda theta, step: step),
            _sgd(new=lambda theta, step: -step),
        ),
        "one for all": Mistake(
            "All coordinates take the same step. Each has its own slope.",
            _sgd(along=np.mean),
            _sgd(along=np.sum),
            _sgd(along=np.linalg.norm),
        ),
        "first coordinate": Mistake(
            "One coordinate's slope moves all of them. Each has its own slope.",
            _sgd(along=lambda g: g[0]),
            _sgd(along=lambda g: g[-1]),
            _sgd(along=lambda g: g[::-1]),
        ),
        "one moves": Mistake(
            "Only one coordinate moves. All of them take a step, each along its own slope.",
            _sgd(along=lambda g: np.where(np.arange(len(g)) == 0, g, 0.0)),
            _sgd(along=lambda g: np.where(np.arange(len(g)) == len(g) - 1, g, 0.0)),
        ),
        "nothing moves": Mistake(
            "You return the same theta that you were given, not the new one.",
            _sgd(new=lambda theta, step: theta),
        ),
    },
    cases=[
        Case((1.0, -2.0), [(0.5, 3.0), (-1.5, 2.0), (0.25, -4.0)], dict(lr=0.1)),
        Case((0.5, 4.0, -3.0), [(2.0, -1.0, 0.75), (0.5, 6.0, -2.5)], dict(lr=0.02)),
    ],
    praise="Every optimizer to come is this line plus something more.",
)


# --- 1.2: the loop ------------------------------------------------------------------------------


def my_descent(grad, theta, lr, steps):
    places = [theta]
    for _ in range(steps):
        theta = theta - lr * grad(theta)
        places.append(theta)
    return np.array(places)


@by_parts
def _descent(
    sign=-1,
    rate=lambda lr, t: lr,
    slope_at=lambda now, start: now,
    along=lambda slope, now: slope,
    step_from=lambda now, start: now,
    more=0,
    kept=lambda places, grad, lr: places,
    rows=lambda places: places,
    returned=lambda rows: rows,
):
    def variant(grad, theta, lr, steps):
        places = [theta]
        for t in range(1, steps + more + 1):
            slope = along(grad(slope_at(places[-1], theta)), places[-1])
            places.append(step_from(places[-1], theta) + sign * rate(lr, t) * slope)
        return returned(np.array(rows(kept(places, grad, lr))))

    return variant


def _same_array(grad, theta, lr, steps):
    places = [theta]
    for _ in range(steps):
        theta -= lr * grad(theta)
        places.append(theta)
    return np.array(places)


def _same_array_but_the_start(grad, theta, lr, steps):
    places = _same_array(grad, theta.copy(), lr, steps)
    return np.array([theta, *places[1:]])


def _quadratic(*curvatures):
    h = np.array(curvatures)
    return lambda theta: h * theta


LOOP = function(
    "1.2",
    "The loop",
    my_descent,
    {
        "uphill": Mistake(
            "You walk uphill: the gradient points to where the loss grows.",
            _descent(sign=1),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in your steps.",
            _descent(rate=lambda lr, t: 1.0),
        ),
        "rate divides": Mistake(
            "With a smaller learning rate you take longer steps. They should be shorter.",
            _descent(rate=lambda lr, t: 1 / lr),
        ),
        "one length": Mistake(
            "All your steps have the same length, lr. Gradient descent goes far where it is steep "
            "and slows down where it is flat.",
            _descent(along=lambda slope, now: slope / np.linalg.norm(slope)),
        ),
        "sign": Mistake(
            "You use only the sign of the gradient. Its size should count as well.",
            _descent(along=lambda slope, now: np.sign(slope)),
        ),
        "own position": Mistake(
            "Your step depends on where you stand. It should depend on the slope there.",
            _descent(along=lambda slope, now: now),
            _descent(along=lambda slope, now: now * slope),
        ),
        "rate falls": Mistake(
            "Your steps get shorter and shorter even on a constant slope. Here the learning rate "
            "stays constant.",
            _descent(rate=lambda lr, t: lr / t),
            _descent(rate=lambda lr, t: lr / t**0.5),
            _descent(rate=lambda lr, t: lr / (1 + t)),
        ),
        "rate grows": Mistake(
            "You multiply each step by the loop's counter. It only counts; it has no place in the "
            "step.",
            _descent(rate=lambda lr, t: lr * t),
            _descent(rate=lambda lr, t: lr * (t - 1)),
        ),
        "no start": Mistake(
            "The point you started from is missing: the start and `steps` updates make `steps + 1` "
            "points.",
            _descent(rows=lambda places: places[1:]),
        ),
        "none kept": Mistake(
            "You keep only the start. Each time around the loop, put the new point into the list.",
            _descent(rows=lambda places: places[:1]),
        ),
        "after one round": Mistake(
            "Your loop ends after the first step. Is the `return` inside it?",
            _descent(rows=lambda places: places[:2]),
        ),
        "steps, not places": Mistake(
            "The rows after the first are steps, not points. A new point is the old one minus the "
            "step.",
            _descent(step_from=lambda now, start: 0 * now, sign=1),
            _descent(step_from=lambda now, start: 0 * now),
            _descent(kept=lambda places, grad, lr: [places[0], *np.diff(places, axis=0)]),
            _descent(kept=lambda places, grad, lr: [places[0], *-np.diff(places, axis=0)]),
        ),
        "gradients kept": Mistake(
            "The rows after the first are gradients. The question is where you stood.",
            _descent(kept=lambda places, grad, lr: [places[0], *map(grad, places[1:])]),
            _descent(kept=lambda places, grad, lr: [places[0], *map(grad, places[:-1])]),
            _descent(kept=lambda places, grad, lr: [*map(grad, places)]),
        ),
        "no end": Mistake(
            "The last point is missing. Either you make one update too few, or you keep each "
            "point before its step and never keep the last one.",
            _descent(rows=lambda places: places[:-1]),
        ),
        "start twice": Mistake(
            "The start is there twice, and the last point is missing: you keep the point before "
            "the step that leads away from it.",
            _descent(rows=lambda places: [places[0], *places[:-1]]),
        ),
        "one start too many": Mistake(
            "The start is there twice. It is already in the list when the loop begins.",
            _descent(rows=lambda places: [places[0], *places]),
        ),
        "one more": Mistake(
            "There is one update too many. Count the rows: the start, and one for each step.",
            _descent(more=1),
        ),
        "same array": Mistake(
            "All your rows are the same array, kept again and again: when it changes, the rows "
            "you kept before change with it. `-=` changes an array in place.",
            _same_array,
            _same_array_but_the_start,
            _descent(kept=lambda places, grad, lr: [places[-1]] * len(places)),
        ),
        "first gradient": Mistake(
            "You felt the slope once, at the start, and kept using it. It changes under your "
            "feet: ask for it again at every point.",
            _descent(slope_at=lambda now, start: start),
        ),
        "from the start": Mistake(
            "Each of your steps sets out from the start again. It should begin where the last one "
            "ended.",
            _descent(slope_at=lambda now, start: start, step_from=lambda now, start: start),
            _descent(step_from=lambda now, start: start),
        ),
        "last only": Mistake(
            "That is where the walk ends. The question is about all the points on the way.",
            _descent(returned=lambda rows: rows[-1]),
            _descent(returned=lambda rows: rows[-1:]),
        ),
        "nothing moves": Mistake(
            "You never leave the start. The new point has to become theta.",
            _descent(rate=lambda lr, t: 0.0),
        ),
        "backwards": Mistake(
            "Your points are in the reverse order. The start comes first.",
            _descent(rows=lambda places: places[::-1]),
        ),
        "on its side": Mistake(
            "Points are rows here, one below the other; yours are side by side.",
            _descent(returned=np.transpose),
        ),
        "in one row": Mistake(
            "All your numbers are in one long row. Each point needs its own row: append it, "
            "don't concatenate it.",
            _descent(returned=np.ravel),
        ),
        "added up": Mistake(
            "You add the points to each other instead of keeping them side by side. `append` puts "
            "a point into a list.",
            _descent(returned=lambda rows: rows.sum(axis=0)),
            _descent(returned=lambda rows: rows.sum(axis=0, keepdims=True)),
        ),
        "first coordinate": Mistake(
            "You keep only one coordinate. A point is the whole theta.",
            _descent(returned=lambda rows: rows[:, 0]),
            _descent(returned=lambda rows: rows[:, :1]),
        ),
    },
    cases=[
        (_quadratic(1.0, 4.0), np.array([3.0, -2.0]), 0.1, 3),
        (_quadratic(0.5), np.array([4.0]), 0.5, 5),
        (_quadratic(2.0, 1.0, 0.25), np.array([1.0, 2.0, -3.0]), 0.3, 1),
    ],
    an_array=True,
    praise="Feel the slope, step, keep the point: that is a training loop.",
)


# --- 1.3: the largest stable learning rate ------------------------------------------------------


def max_stable_lr(curvatures):
    return 2 / np.max(curvatures)


@by_parts
def _border(of=np.max, border=lambda h: 2 / h):
    return lambda curvatures: border(of(curvatures))


BORDER = function(
    "1.3",
    "The largest stable learning rate",
    max_stable_lr,
    {
        "one step": Mistake(
            "At 1 over a curvature, a single step goes straight to the bottom. Larger rates still "
            "converge.",
            _border(border=lambda h: 1 / h),
        ),
        "too far": Mistake(
            "At that rate each step lands further away than it started. The border is where it "
            "lands on the other side, exactly as far away.",
            _border(border=lambda h: 4 / h),
            _border(border=lambda h: 3 / h),
        ),
        "below the border": Mistake(
            "You stay a little below the border. The question asks for the border itself.",
            _border(border=lambda h: 1.9 / h),
            _border(border=lambda h: 1.99 / h),
            _border(border=lambda h: 1.5 / h),
        ),
        "root": Mistake(
            "There is a root in your formula. A step multiplies the distance by 1 minus rate "
            "times curvature: no root.",
            _border(border=lambda h: 2 / h**0.5),
            _border(border=lambda h: (2 / h) ** 0.5),
        ),
        "square": Mistake(
            "There is a square in your formula. A step multiplies the distance by 1 minus rate "
            "times curvature: no square.",
            _border(border=lambda h: 2 / h**2),
        ),
        "flattest": Mistake(
            "You use the flattest direction. A steeper one blows up long before that.",
            _border(of=np.min),
        ),
        "middle": Mistake(
            "You take the midpoint between the steepest and the flattest direction. Each has a "
            "border of its own, and one direction beyond its border is enough to diverge.",
            _border(of=lambda curvatures: (np.max(curvatures) + np.min(curvatures)) / 2),
        ),
        "difference": Mistake(
            "You take the difference between two curvatures. The border depends only on the "
            "steepest direction.",
            _border(of=lambda curvatures: np.max(curvatures) - np.min(curvatures)),
        ),
        "how many": Mistake(
            "You use the number of directions. What counts is how steep they are.",
            _border(of=len),
        ),
        "mean": Mistake(
            "Averaging doesn't help: each direction has its own border, and one beyond its "
            "border is enough to diverge.",
            _border(of=np.mean),
            _border(of=np.median),
            lambda curvatures: np.mean(2 / curvatures),
        ),
        "first or last": Mistake(
            "You take the first curvature, or the last. The steepest can be anywhere.",
            _border(of=lambda curvatures: curvatures[0]),
            _border(of=lambda curvatures: curvatures[-1]),
        ),
        "sum": Mistake(
            "A run still converges a little above that rate. The directions don't add up: each "
            "behaves as if it were alone.",
            _border(of=np.sum),
            _border(of=np.linalg.norm),
        ),
        "multiplied": Mistake(
            "Your border grows with the curvature. Did the narrow valley allow larger steps?",
            _border(border=lambda h: 2 * h),
            _border(border=lambda h: h / 2),
        ),
        "curvature itself": Mistake(
            "That is a curvature. The border is a rate, and the larger the curvature, the smaller "
            "the border.",
            _border(border=lambda h: h),
        ),
        "best rate": Mistake(
            "That rate is the fastest on a quadratic. The border lies above it.",
            lambda curvatures: 2 / (np.max(curvatures) + np.min(curvatures)),
        ),
        "condition number": Mistake(
            "You take the ratio of the curvatures. It tells you how slow the descent is; the "
            "border depends only on the steepest direction.",
            _border(of=lambda curvatures: np.max(curvatures) / np.min(curvatures)),
            lambda curvatures: np.max(curvatures) / np.min(curvatures),
        ),
        "each its own": Mistake(
            "Those are the borders of all the directions, one each. They have to share one "
            "learning rate: which border counts?",
            _border(of=lambda curvatures: curvatures),
        ),
        "product": Mistake(
            "You multiply the curvatures together. But each direction goes its own way, as if it "
            "were alone.",
            _border(of=np.prod),
        ),
        "second": Mistake(
            "You take the second-steepest direction. The steepest one blows up first.",
            _border(of=lambda curvatures: np.sort(curvatures)[-2]),
        ),
        "which one": Mistake(
            "That is the index of the steepest direction. Use its curvature.",
            _border(of=np.argmax),
            lambda curvatures: np.argmax(curvatures),
        ),
    },
    cases=[
        (np.array([1.0, 25.0, 4.0]),),
        (np.array([0.5, 0.2, 0.1, 2.0]),),
        (np.array([8.0, 3.0]),),
    ],
    praise="The steepest direction sets the border for all.",
)


# --- 1.4: which curve is which ------------------------------------------------------------------

CURVATURE = 10.0
CURVES = {"A": 0.19, "B": 0.002, "C": 0.21, "D": 0.1}


def four_curves() -> dict[str, Trace]:
    """The runs in the figure, on a parabola, by letter."""
    valley = quadratic(CURVATURE)
    return {letter: descend(sgd, valley, [4.0], 40, lr=lr) for letter, lr in CURVES.items()}


_with_exchanged = exchanger(CURVES)

WHICH_CURVE = choice(
    "1.4",
    "Which curve is which?",
    CURVES,
    mistakes={
        "border": Mistake(
            "You mixed up the two sides of the border. Both jump from side to side; is each jump "
            "larger than the last, or smaller?",
            _with_exchanged("A", "C"),
        ),
        "largest is fastest": Mistake(
            "Of the rates below the border, the largest is not the fastest. Rate times curvature "
            "says how much of the distance one step takes away.",
            _with_exchanged("A", "D"),
        ),
        "one step": Mistake(
            "One of the curves goes straight to the bottom, and one hardly moves. Neither ever "
            "overshoots; rate times curvature tells you which is which.",
            _with_exchanged("B", "D"),
        ),
        "smallest is fastest": Mistake(
            "You gave a large rate to the slowest curve. A small rate means small steps.",
            _with_exchanged("B", "C"),
            _with_exchanged("A", "B"),
        ),
        "other way around": Mistake(
            "You have all four the wrong way around: the smallest rate crawls, and the largest "
            "diverges.",
            {"A": 0.1, "B": 0.21, "C": 0.002, "D": 0.19},
        ),
        "best diverges": Mistake(
            "A curve that grows has a rate above 2 / curvature. Work out that number, and see how "
            "many of the four rates lie above it.",
            _with_exchanged("C", "D"),
        ),
    },
    hint=(
        "Multiply each rate by the curvature, 10, and look the product up in the table of five "
        "cases. Start with the curve that grows."
    ),
    praise="Rate times curvature is 0.02, 1, 1.9 and 2.1.",
)


EXERCISES = (MY_SGD, LOOP, BORDER, WHICH_CURVE)
