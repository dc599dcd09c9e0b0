r"""The learning-rate schedules: plain formulas of t that give a factor of the peak rate.

t is the number of updates already made, 0 before the first (a rule, in contrast, is told the
number of the update being made, 1 for the first). All take a number or an array, so a schedule is
drawn before anything is trained:

    lr = lambda t: 0.1 * warmup(t, 10) * cosine(t, 300)

Chaining is `*`; following on is `sequence`. A formula has no state: drawing it uses nothing up.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .ranges import accepts, at_least, require, share

__all__ = ["cosine", "sequence", "step_decay", "warmup"]


@accepts(t=at_least(0), steps=at_least(1), start=share)
def warmup(t: Any, steps: int, start: float = 0.0) -> Any:
    r"""Linear warmup: rise from `start` to 1 in `steps` updates, then stay.

    $$f(t) = s + (1 - s) \min(t / T,\, 1)$$

    t: updates already made, at least 0. steps: at least 1. start: between 0 and 1.
    With start=0 the first update has a rate of 0 and does nothing; start=1/steps avoids that.
    Source: Goyal et al. (2017), section 2.2, arXiv:1706.02677.
    Same as torch.optim.lr_scheduler.LinearLR(start_factor=start, total_iters=steps).

    >>> warmup(np.arange(6), steps=4)
    array([0.  , 0.25, 0.5 , 0.75, 1.  , 1.  ])
    """
    return start + (1 - start) * np.minimum(t / steps, 1.0)


@accepts(t=at_least(0), step_size=at_least(1), gamma=at_least(0))
def step_decay(t: Any, step_size: int, gamma: float = 0.1) -> Any:
    r"""Step decay: every `step_size` updates, multiply by `gamma`.

    $$f(t) = \gamma^{\lfloor t / S \rfloor}$$

    t: updates already made, at least 0. step_size: at least 1. gamma: at least 0.
    Same as torch.optim.lr_scheduler.StepLR, stepped once per update.

    >>> step_decay(np.arange(6), step_size=2, gamma=0.5)
    array([1.  , 1.  , 0.5 , 0.5 , 0.25, 0.25])
    """
    return np.power(gamma, t // step_size)


@accepts(t=at_least(0), steps=at_least(1), floor=share)
def cosine(t: Any, steps: int, floor: float = 0.0) -> Any:
    r"""Cosine decay: fall from 1 to `floor` along half a cosine wave in `steps` updates, then stay.

    $$f(t) = s + (1 - s)\, \tfrac{1}{2} \left(1 + \cos(\pi \min(t / T,\, 1))\right)$$

    t: updates already made, at least 0. steps: at least 1. floor: between 0 and 1.
    Source: Loshchilov & Hutter (2017), equation 5, arXiv:1608.03983.
    Same as torch.optim.lr_scheduler.CosineAnnealingLR(T_max=steps, eta_min=floor * lr) up to
    T_max; there torch's rises again, and this one stays at the floor.

    >>> cosine(np.arange(6), steps=4).round(3)
    array([1.   , 0.854, 0.5  , 0.146, 0.   , 0.   ])
    """
    return floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * np.minimum(t / steps, 1.0)))


def sequence(
    t: Any, schedules: Sequence[Callable[[Any], Any]], milestones: Sequence[int]
) -> np.ndarray | float:
    r"""One schedule after another; each counts from 0 at its own beginning.

    $$f(t) = f_i(t - t_i) \quad \text{for } t_i \le t < t_{i+1}, \; t_0 = 0$$

    t: updates already made, at least 0. schedules: functions of t. milestones: where the second,
    third, ... begins; rising, one fewer than schedules.
    Raises: ValueError where their number or order is wrong.
    Same as torch.optim.lr_scheduler.SequentialLR for schedules that have a closed form.

    >>> lr = lambda t: sequence(t, [lambda t: warmup(t, 2), lambda t: cosine(t, 4)], [2])
    >>> lr(np.arange(7)).round(3)
    array([0.   , 0.5  , 1.   , 0.854, 0.5  , 0.146, 0.   ])
    """
    require("t", t, at_least(0))
    if len(milestones) != len(schedules) - 1 or not schedules:
        raise ValueError(
            f"milestones must be one fewer than the {len(schedules)} schedules, not {milestones}"
        )
    starts = [0, *milestones]
    if any(later <= earlier for earlier, later in pairwise(starts)):
        raise ValueError(f"milestones must rise, each at least 1, not {milestones}")
    factor = schedules[0](t)
    for start, schedule in zip(milestones, schedules[1:], strict=True):
        factor = np.where(np.less(t, start), factor, schedule(np.maximum(t - start, 0)))
    return factor[()] if isinstance(factor, np.ndarray) else factor
