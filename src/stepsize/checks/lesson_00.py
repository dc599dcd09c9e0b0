"""Lesson 0: how a check works, on one step in one dimension."""

import numpy as np

from .exercise import Mistake
from .exercise_types import function

TITLE = "0 Start here"


def step_down(x, slope, lr):
    return x - lr * slope


EXERCISES = (
    function(
        "0.1",
        "One step down",
        step_down,
        {
            "uphill": Mistake(
                "You walk uphill: the slope says which way the ground rises.",
                lambda x, slope, lr: x + lr * slope,
            ),
            "no rate": Mistake(
                "Your step is as long as the slope is steep: the learning rate has no say in it.",
                lambda x, slope, lr: x - slope,
            ),
            "rate divides": Mistake(
                "With a smaller learning rate you take a longer step. It should be a shorter one.",
                lambda x, slope, lr: x - slope / lr,
            ),
            "one length": Mistake(
                "All your steps are equally long, on a steep slope as on a gentle one. You look "
                "where the slope points, and not how steep it is.",
                lambda x, slope, lr: x - lr * np.sign(slope),
                lambda x, slope, lr: x - lr,
            ),
            "step only": Mistake(
                "That is the step. Asked for is the place where it takes you.",
                lambda x, slope, lr: lr * slope,
                lambda x, slope, lr: -lr * slope,
            ),
            "one way": Mistake(
                "You go the same way on both sides of a valley: where the slope is negative, the "
                "ground falls to the right.",
                lambda x, slope, lr: x - abs(lr * slope),
            ),
            "squared": Mistake(
                "The slope counts twice in your step. A square has no direction, either.",
                lambda x, slope, lr: x - lr * slope**2,
            ),
            "exchanged": Mistake(
                "You took the place for the slope, and the slope for the place.",
                lambda x, slope, lr: slope - lr * x,
            ),
            "added up": Mistake(
                "How far you go is rate times slope. You take off both, one after the other.",
                lambda x, slope, lr: x - lr - slope,
            ),
            "turned around": Mistake(
                "You go from the step to where you stand. Which of the two do you start from?",
                lambda x, slope, lr: lr * slope - x,
            ),
            "own position": Mistake(
                "Your step depends on where you stand, instead of on how steep it is there.",
                lambda x, slope, lr: x - lr * x,
                lambda x, slope, lr: x - lr * slope * x,
            ),
        },
        cases=[(3.0, 2.0, 0.1), (-1.0, 4.0, 0.5), (2.0, -3.0, 0.25)],
        praise="It is all that the simplest optimizer does.",
    ),
)
