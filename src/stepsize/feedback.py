"""The schedule that has to listen: when the loss stands still, lower the rate.

No formula of t can do that. So it is built as a rule is: a pure function of what it hears and of
what it remembers, that gives the factor of the peak rate and what to remember next.
"""

from typing import Any, NamedTuple

import numpy as np

from .optimizers.elementwise import plain, where
from .ranges import accepts, at_least, below_one, one_of, require_numbers

__all__ = ["Heard", "plateau"]


class Heard(NamedTuple):
    """The factor of the peak learning rate to go on with, and what to remember."""

    factor: Any
    memory: dict[str, Any]


@accepts(
    factor=below_one,
    patience=at_least(0),
    threshold=at_least(0),
    cooldown=at_least(0),
    floor=at_least(0),
    eps=at_least(0),
    mode=one_of("min", "max"),
    threshold_mode=one_of("rel", "abs"),
)
@np.errstate(all="ignore")
def plateau(
    loss: Any,
    rate: Any = 1.0,
    best: Any = None,
    bad: Any = 0,
    rest: Any = 0,
    *,
    mode: str = "min",
    factor: Any = 0.1,
    patience: Any = 10,
    threshold: Any = 1e-4,
    threshold_mode: str = "rel",
    cooldown: Any = 0,
    floor: Any = 0.0,
    eps: Any = 1e-8,
) -> Heard:
    r"""Reduce on plateau: multiply the rate by `factor` once the loss was bad too often in a row.

    A loss is good where it is below the best so far by the threshold:

    $$L < b\,(1 - \tau) \text{ (rel)}, \qquad L < b - \tau \text{ (abs)}$$

    Then it is the new best, and no loss counts as bad. Else one more is bad; `patience` of them are
    borne, and the next one lowers the rate. For `cooldown` losses after that, none counts.

    loss: a number, or (...) for as many runs at once; so are all others. nan is never good.
    Memory: rate, the factor so far; best; bad, how many in a row; rest, how long cooling goes on.
    mode: "min", or "max" for what is to rise, as accuracy. factor: at least 0 and below 1.
    patience, cooldown, threshold, floor, eps: at least 0. The rate never falls below floor, and
    where it would fall by no more than eps, it stays.
    Raises: ValueError for what is out of range; TypeError for a loss or a memory that is no number.
    Same as torch.optim.lr_scheduler.ReduceLROnPlateau, where min_lr = floor * lr and eps = eps * lr
    are rates, and here parts of the peak rate. With "rel", as there, a negative best is beaten by
    a loss that is a little higher: take "abs" for losses that can be negative.

    Call it once an epoch with the validation loss. With patience=2, the third bad loss is too much:

    >>> memory = {}
    >>> for loss in [1.0, 0.5, 0.5, 0.6, 0.5, 0.4]:
    ...     factor, memory = plateau(loss, **memory, patience=2)
    ...     print(factor, end=" ")
    1.0 1.0 1.0 1.0 0.1 0.1
    """
    require_numbers("loss", loss)
    for name, value in dict(rate=rate, best=best, bad=bad, rest=rest).items():
        if value is not None:
            require_numbers(name, value)
    loss = np.asarray(loss)[()]
    if best is None:
        best = np.inf if mode == "min" else -np.inf
    up = 1 if mode == "max" else -1
    enough = best * (1 + up * threshold) if threshold_mode == "rel" else best + up * threshold
    good = loss < enough if mode == "min" else loss > enough
    best = where(good, loss, best)
    bad = where(good | (rest > 0), 0, bad + 1)
    rest = where(rest > 0, rest - 1, 0)
    lower = where(rate * factor > floor, rate * factor, floor)
    too_many = bad > patience
    rate = where(too_many & (rate - lower > eps), lower, rate)
    rest = where(too_many, cooldown, rest)
    bad = where(too_many, 0, bad)
    memory = dict(rate=rate, best=best, bad=bad, rest=rest)
    return Heard(plain(rate), {name: plain(value) for name, value in memory.items()})
