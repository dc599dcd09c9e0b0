"""The schedule that watches the loss: when the loss stops falling, lower the rate.

No formula of t can do that. So it is built like a rule: a pure function of the loss and of what
it remembers, which returns the factor on the peak rate and what to remember next.
"""

from typing import Any, NamedTuple

import numpy as np

from .optimizers.elementwise import numpys, plain, where
from .ranges import accepts, at_least, below_one, one_of, require_numbers

__all__ = ["Heard", "plateau"]


class Heard(NamedTuple):
    """The factor on the peak learning rate from now on, and what to remember."""

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
    r"""Reduce on plateau: multiply the rate by `factor` after too many bad losses in a row.

    A loss is good if it is below the best so far by more than the threshold:

    $$L < b\,(1 - \tau) \text{ (rel)}, \qquad L < b - \tau \text{ (abs)}$$

    A good loss is the new best, and the count of bad losses returns to 0. Otherwise the count goes
    up: `patience` bad losses are tolerated, and the next one lowers the rate. The `cooldown` losses
    after that don't count.

    loss and all other numbers: one each, or an array (...) for several runs. nan is never good.
    Memory: rate, the factor so far; best; bad, the count in a row; rest, the cooldown still left.
    mode: "min", or "max" for something that should rise, like accuracy. factor: at least 0, below
    1. patience, cooldown, threshold, floor, eps: at least 0. The rate never falls below floor. If
    it would fall by no more than eps, it stays where it is.
    Raises: ValueError for a value out of range; TypeError for a loss or memory that isn't a number.
    Same as torch.optim.lr_scheduler.ReduceLROnPlateau, except that torch's min_lr and eps are
    rates, floor * lr and eps * lr here. With "rel", as in torch, a slightly higher loss beats a
    negative best, so use "abs" for losses that can be negative.

    Call it once per epoch with the validation loss. With patience=2, the third bad loss is too
    many:

    >>> memory = {}
    >>> for loss in [1.0, 0.5, 0.5, 0.6, 0.5, 0.4]:
    ...     factor, memory = plateau(loss, **memory, patience=2)
    ...     print(factor, end=" ")
    1.0 1.0 1.0 1.0 0.1 0.1
    """
    loss = numpys(loss)
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
