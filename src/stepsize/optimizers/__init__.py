"""The optimizers, in order of difficulty, each a pure function that reads like its paper.

    rule(theta, grad, t, **memory, **hyper) -> Step(theta, memory, shown)

theta, grad   the parameters and the gradient there, arrays of shape (..., d)
t             the number of this update: 1, 2, ...
memory        whatever the rule remembers, each with its starting value
hyper         whatever you choose, after the `*`; a number, or a column (k, 1) for k runs in one
              pass (a NumPy float64 widens a float32 theta, as it does everywhere)

A rule changes none of its arguments. It uses only operators, so the same lines run on Python
floats (unless it needs a vector or matrix), NumPy arrays and torch tensors. A run that diverges
isn't an error: inf and nan are results.
Every rule raises a ValueError, naming argument, value and range, for a hyper-parameter that
torch.optim rejects, and for a t that isn't a whole number of at least 1.

Two arguments that all rules share appear in none of the equations, as in torch: `maximize=True`
flips the sign of the gradient, and `weight_decay` then adds weight_decay * theta, an L2 penalty.
Rules whose own equations have a weight_decay, such as AdamW, use that one instead;
`decoupled(rule)` does the same for any other rule that steps from theta. `averaged(rule)` keeps a
mean of the weights alongside any rule.
"""

from .adam_family import adam, adamax, adamw, ademamix, amsgrad, lion, nadam, radam
from .adaptive import adadelta, adagrad, centered_rmsprop, rmsprop
from .clipping import clip_by_norm, clip_by_value
from .descent import heavy_ball, momentum, nesterov, sgd
from .learning_rate_free import prodigy
from .matrices import adafactor, adafactor_vector, muon, shampoo, soap
from .rules import Rule, Step
from .schedule_free import schedule_free_adamw, schedule_free_sgd
from .wrappers import averaged, decoupled

__all__ = [  # noqa: RUF022  (in order of difficulty)
    "Rule",
    "Step",
    "sgd",
    "momentum",
    "heavy_ball",
    "nesterov",
    "adagrad",
    "rmsprop",
    "centered_rmsprop",
    "adadelta",
    "adam",
    "amsgrad",
    "adamw",
    "nadam",
    "radam",
    "adamax",
    "lion",
    "ademamix",
    "prodigy",
    "adafactor_vector",
    "adafactor",
    "muon",
    "shampoo",
    "soap",
    "schedule_free_sgd",
    "schedule_free_adamw",
    "decoupled",
    "averaged",
    "clip_by_norm",
    "clip_by_value",
]
