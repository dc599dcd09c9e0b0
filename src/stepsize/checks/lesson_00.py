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
            "You use 1 - lr as the rate, so a smaller learning rate makes a longer step.",
            _step(rate=lambda lr: 1 - lr),
        ),
        "one length": Mistake(
            "All your steps are equally long, on steep and gentle slopes alike. The steeper the "
            "ground, the longer the step should be.",
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
            "The slope is in your step twice, and squaring it loses the direction.",
            _step(along=lambda slope: slope**2),
        ),
        "half or twice": Mistake(
            "Your steps are off by a factor of 2. The slope you are given is ready to use: there "
            "is no derivative to take.",
            _step(rate=lambda lr: 2 * lr),
            _step(rate=lambda lr: lr / 2),
        ),
        "power": Mistake(
            "You raise something to a power. The length of the step is a product: rate times "
            "slope.",
            lambda x, slope, lr: x - lr**slope,
            lambda x, slope, lr: x - slope**lr,
        ),
        "x left out": Mistake(
            "x itself is missing. You start from where you are.",
            lambda x, slope, lr: slope - lr,
            lambda x, slope, lr: lr - slope,
        ),
        "rounded": Mistake(
            "You round to a whole number. The new x can lie anywhere in between.",
            _step(new=lambda x, step: int(x + step)),
            _step(new=lambda x, step: round(x + step)),
        ),
        "turned around": Mistake(
            "Your whole result has the wrong sign. Start from where you are and subtract the step.",
            _step(new=lambda x, step: -(x + step)),
        ),
        "slope divides": Mistake(
            "You divide by the slope, so the steepest ground gets the shortest steps.",
            _step(along=lambda slope: 1 / slope),
        ),
        "exchanged": Mistake(
            "x and the slope are swapped.",
            lambda x, slope, lr: slope - lr * x,
        ),
        "rate for slope": Mistake(
            "x and the learning rate are swapped.",
            lambda x, slope, lr: lr - x * slope,
        ),
        "added up": Mistake(
            "You subtract the rate and the slope one after the other. The length of the step is "
            "their product.",
            lambda x, slope, lr: x - lr - slope,
            lambda x, slope, lr: x - (lr - slope),
            lambda x, slope, lr: x + lr - slope,
            lambda x, slope, lr: x + lr + slope,
        ),
        "parentheses": Mistake(
            "You subtract first and multiply the difference. Only the slope is multiplied by the "
            "rate: check your parentheses.",
            lambda x, slope, lr: (x - slope) * lr,
            lambda x, slope, lr: (x - lr) * slope,
        ),
        "multiplied": Mistake(
            "You multiply by the step. Subtract it instead.",
            _step(new=lambda x, step: x * step),
            _step(new=lambda x, step: -x * step),
        ),
        "own position": Mistake(
            "Your step depends on where you are. It should depend on how steep it is there.",
            lambda x, slope, lr: x - lr * x,
            lambda x, slope, lr: x - lr * slope * x,
            lambda x, slope, lr: x + lr * slope * x,
        ),
        "nothing moves": Mistake(
            "You stay where you are: you return the same x that you were given.",
            _step(new=lambda x, step: x),
        ),
    },
    cases=[(3.0, 2.0, 0.1), (-1.0, 4.0, 0.5), (2.0, -3.0, 0.25)],
    praise="That's all the simplest optimizer does.",
)


EXERCISES = (STEP_DOWN,)
