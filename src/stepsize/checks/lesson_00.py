"""Lesson 0: how a check works, on one step in one dimension."""

import numpy as np

from .exercise import Mistake, by_parts
from .exercise_types import function

TITLE = "0 Start here"


# --- 0.1: one step down -------------------------------------------------------------------------


def step_down(x, slope, lr):
    return x - lr * slope


@by_parts
def _step(
    sign=-1,
    rate=lambda lr: lr,
    along=lambda slope: slope,
    new=lambda x, step: x + step,
):
    return lambda x, slope, lr: new(x, sign * rate(lr) * along(slope))


STEP_DOWN = function(
    "0.1",
    "One step down",
    step_down,
    {
        "uphill": Mistake(
            "You walk uphill: the slope says which way the ground rises.",
            _step(sign=1),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in your step.",
            _step(rate=lambda lr: 1.0),
        ),
        "rate divides": Mistake(
            "With a smaller learning rate you take a longer step. It should be a shorter one.",
            _step(rate=lambda lr: 1 / lr),
        ),
        "rate squared": Mistake(
            "The learning rate is in your step twice.",
            _step(rate=lambda lr: lr * lr),
        ),
        "rest of the rate": Mistake(
            "You take 1 - lr for the rate, so that a smaller learning rate makes a longer step.",
            _step(rate=lambda lr: 1 - lr),
        ),
        "one length": Mistake(
            "All your steps are equally long, on a steep slope and on a gentle one. How steep it "
            "is has to count.",
            _step(along=np.sign),
            _step(along=lambda slope: 1.0),
        ),
        "step only": Mistake(
            "That is the step. The question is where it takes you.",
            _step(new=lambda x, step: step),
            _step(new=lambda x, step: -step),
        ),
        "one way": Mistake(
            "You go the same way on both sides of a valley. Where the slope is negative, the "
            "ground falls to the right.",
            _step(along=abs),
        ),
        "squared": Mistake(
            "The slope counts twice in your step. A square has no direction, either.",
            _step(along=lambda slope: slope**2),
        ),
        "half or twice": Mistake(
            "Your steps are off by a factor of 2. The slope is handed in ready to use: no "
            "derivative has to be taken here.",
            _step(rate=lambda lr: 2 * lr),
            _step(rate=lambda lr: lr / 2),
        ),
        "power": Mistake(
            "You take a power. How far you go is a product, rate times slope.",
            lambda x, slope, lr: x - lr**slope,
            lambda x, slope, lr: x - slope**lr,
        ),
        "x left out": Mistake(
            "x itself is missing. You start from where you are.",
            lambda x, slope, lr: slope - lr,
            lambda x, slope, lr: lr - slope,
        ),
        "rounded": Mistake(
            "You round to a whole number. Where you end up can be anywhere in between.",
            _step(new=lambda x, step: int(x + step)),
            _step(new=lambda x, step: round(x + step)),
        ),
        "turned around": Mistake(
            "What comes back has the wrong sign as a whole. You go from where you are, and the "
            "step is taken off.",
            _step(new=lambda x, step: -(x + step)),
        ),
        "slope divides": Mistake(
            "You divide by the slope, so that the steepest ground gets the shortest steps.",
            _step(along=lambda slope: 1 / slope),
        ),
        "exchanged": Mistake(
            "x and the slope have changed places.",
            lambda x, slope, lr: slope - lr * x,
        ),
        "rate for slope": Mistake(
            "x and the learning rate have changed places.",
            lambda x, slope, lr: lr - x * slope,
        ),
        "added up": Mistake(
            "How far you go is rate times slope. You take off both, one after the other.",
            lambda x, slope, lr: x - lr - slope,
            lambda x, slope, lr: x - (lr - slope),
            lambda x, slope, lr: x + lr - slope,
            lambda x, slope, lr: x + lr + slope,
        ),
        "brackets": Mistake(
            "You take the slope off first, and multiply what comes out by the rate. Only the slope "
            "is multiplied: mind the brackets.",
            lambda x, slope, lr: (x - slope) * lr,
            lambda x, slope, lr: (x - lr) * slope,
        ),
        "multiplied": Mistake(
            "You multiply by the step. It is taken off from where you are.",
            _step(new=lambda x, step: x * step),
            _step(new=lambda x, step: -x * step),
        ),
        "own position": Mistake(
            "Your step depends on where you are, instead of on how steep it is there.",
            lambda x, slope, lr: x - lr * x,
            lambda x, slope, lr: x - lr * slope * x,
            lambda x, slope, lr: x + lr * slope * x,
        ),
        "nothing moves": Mistake(
            "You stay where you are: what comes back is the x that went in.",
            _step(new=lambda x, step: x),
        ),
    },
    cases=[(3.0, 2.0, 0.1), (-1.0, 4.0, 0.5), (2.0, -3.0, 0.25)],
    praise="It is all that the simplest optimizer does.",
)


EXERCISES = (STEP_DOWN,)
