"""The learning-rate schedules: plain formulas of t that return a factor on the peak rate.

t is the number of updates already made, 0 before the first. (A rule, in contrast, is told the
number of the update being made, 1 for the first.) All take a number or an array, so you can draw
a schedule before you train anything:

    lr = lambda t: 0.1 * warmup(t, 10) * cosine(t, 300)

Multiply schedules with `*`; run one after another with `sequence`; any function of t is a schedule.
A formula has no state, so drawing it doesn't use it up.

**Per update or per epoch?** Everything here counts updates: `descend` passes updates, and `steps`
means updates. If you think in epochs, divide t explicitly, in plain sight:

    lr = lambda t: 0.1 * step_decay(t // updates_per_epoch, step_size=30)   a step every 30 epochs
    lr = lambda t: 0.1 * cosine(t / updates_per_epoch, steps=90)            smooth, over 90 epochs

With `//` the rate is constant within an epoch, as with a torch scheduler stepped once per epoch;
with `/` it changes at each update.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .optimizers.elementwise import numpys, plain
from .optimizers.slips import require_time
from .ranges import (
    Allowed,
    above,
    accepts,
    alone,
    at_least,
    below_one,
    count_from,
    one_of,
    require,
    require_numbers,
    up_to_one,
)

__all__ = [  # noqa: RUF022  (in order of difficulty)
    "constant",
    "linear",
    "warmup",
    "step_decay",
    "multi_step",
    "exponential",
    "polynomial",
    "inverse_sqrt",
    "cosine",
    "warmup_stable_decay",
    "cosine_restarts",
    "triangular",
    "triangular2",
    "exp_range",
    "one_cycle",
    "one_cycle_momentum",
    "sequence",
]


def schedule(**ranges: Allowed) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Guard a formula: check its ranges, silence warnings, and return a float for a number.

    A tensor counts as the number or the array that it holds.
    """

    def decorate(formula: Callable[..., Any]) -> Callable[..., Any]:
        checked, name = accepts(**ranges)(np.errstate(all="ignore")(formula)), formula.__name__

        @functools.wraps(formula)
        def factor(*args: Any, **kwargs: Any) -> Any:
            if not args and "t" not in kwargs:
                t = f"t, the updates already made: write lambda t: {name}(t, ...)"
                raise TypeError(f"{name} is a function of {t}")
            numbers = {n: numpys(value) for n, value in kwargs.items()}
            return plain(checked(*map(numpys, args), **numbers))

        return factor

    return decorate


@schedule(t=at_least(0), factor=up_to_one, steps=at_least(0))
def constant(t: Any, factor: float = 1.0, steps: float = np.inf) -> Any:
    r"""Constant: `factor` for `steps` updates, 1 from then on. By default: 1 forever.

    $$f(t) = c \text{ for } t < T, \quad 1 \text{ after}$$

    t: updates already made, at least 0. factor: between 0 and 1. steps: at least 0.
    Same as torch.optim.lr_scheduler.ConstantLR(factor, total_iters=steps), which with steps=0 keeps
    the factor forever.

    >>> constant(np.arange(6), factor=0.1, steps=3)
    array([0.1, 0.1, 0.1, 1. , 1. , 1. ])
    """
    return np.where(np.less(t, steps), factor, 1.0)


@schedule(t=at_least(0), steps=at_least(1), start=up_to_one, end=up_to_one)
def linear(t: Any, steps: int, start: float = 1.0, end: float = 0.0) -> Any:
    r"""Linear: from `start` to `end` in `steps` updates, then stay there.

    $$f(t) = a + (b - a) \min(t / T,\, 1)$$

    t: updates already made, at least 0. steps: at least 1. start, end: between 0 and 1.
    Same as torch.optim.lr_scheduler.LinearLR(start_factor=start, end_factor=end,
    total_iters=steps), which can't start from 0, because its recursion divides by the start.

    >>> linear(np.arange(6), steps=4, start=0.8)
    array([0.8, 0.6, 0.4, 0.2, 0. , 0. ])
    """
    return start + (end - start) * np.minimum(t / steps, 1.0)


@schedule(t=at_least(0), steps=at_least(1), start=up_to_one)
def warmup(t: Any, steps: int, start: float = 0.0) -> Any:
    r"""Linear warmup: rise from `start` in `steps` equal parts, one per update, to 1; then stay.

    $$f(t) = s + (1 - s) \min\left(\frac{t + 1}{T},\, 1\right)$$

    t: updates already made, at least 0. steps: at least 1. start: between 0 and 1. The first update
    is already one part above it, so none is wasted. With t / T, as in Optax's linear_schedule from
    0 and in many scripts, the first one is wasted; that is `linear(t, steps, start, 1.0)`.
    Source: Goyal et al. (2017), section 2.2, arXiv:1706.02677.
    Same as torch.optim.lr_scheduler.LinearLR(start_factor=start + (1 - start) / steps,
    total_iters=steps - 1), for steps above 1. torch's own start_factor is 1/3.

    The first update uses 1 / steps of the peak, the last one of the warmup all of it:

    >>> warmup(np.arange(6), steps=4)
    array([0.25, 0.5 , 0.75, 1.  , 1.  , 1.  ])
    """
    return start + (1 - start) * np.minimum((t + 1.0) / steps, 1.0)


@schedule(t=at_least(0), step_size=at_least(1), gamma=at_least(0))
def step_decay(t: Any, step_size: int, gamma: float = 0.1) -> Any:
    r"""Step decay: every `step_size` updates, multiply by `gamma`.

    $$f(t) = \gamma^{\lfloor t / S \rfloor}$$

    t: updates already made, at least 0. step_size: at least 1. gamma: at least 0.
    Same as torch.optim.lr_scheduler.StepLR, stepped once per update.

    >>> step_decay(np.arange(6), step_size=2, gamma=0.5)
    array([1.  , 1.  , 0.5 , 0.5 , 0.25, 0.25])
    """
    return np.power(1.0 * gamma, t // step_size)


@schedule(t=at_least(0), gamma=at_least(0))
def multi_step(t: Any, milestones: Sequence[int], gamma: float = 0.1) -> Any:
    r"""Multi-step decay: at each milestone, multiply by `gamma`.

    $$f(t) = \gamma^{n(t)}, \qquad n(t) = \text{how many milestones are} \le t$$

    t: updates already made, at least 0. milestones: each at least 1, in any order; one that
    is listed twice counts twice. gamma: at least 0.
    Source: He et al. (2016), section 3.4, arXiv:1512.03385.
    Same as torch.optim.lr_scheduler.MultiStepLR.

    >>> multi_step(np.arange(6), milestones=[2, 5], gamma=0.5)
    array([1.  , 1.  , 0.5 , 0.5 , 0.5 , 0.25])
    """
    rising = np.sort(_milestones(milestones), axis=None)
    return np.power(1.0 * gamma, np.searchsorted(rising, t, side="right"))


def _milestones(given: Any) -> np.ndarray:
    """As an array, from a list, a set or any iterable; or a single number."""
    one = isinstance(given, (str, dict, np.ndarray)) or not isinstance(given, Iterable)
    listed = given if one else [*given]
    require_numbers("milestones", listed)
    require("milestones", np.asarray(listed), at_least(1))
    return np.asarray(listed)


@schedule(t=at_least(0), gamma=at_least(0))
def exponential(t: Any, gamma: float) -> Any:
    r"""Exponential decay: at every update, multiply by `gamma`.

    $$f(t) = \gamma^t$$

    t: updates already made, at least 0. gamma: at least 0; 0.5**(1/T) halves every T updates.
    Same as torch.optim.lr_scheduler.ExponentialLR.

    >>> exponential(np.arange(5), gamma=0.5)
    array([1.    , 0.5   , 0.25  , 0.125 , 0.0625])
    """
    return np.power(1.0 * gamma, t)


@schedule(t=at_least(0), steps=at_least(1), power=at_least(0))
def polynomial(t: Any, steps: int, power: float = 1.0) -> Any:
    r"""Polynomial decay: from 1 to 0 in `steps` updates, as a power of the time left.

    $$f(t) = (1 - \min(t / T,\, 1))^p$$

    t: updates already made, at least 0. steps: at least 1. power: at least 0; 1 is a straight line.
    Same as torch.optim.lr_scheduler.PolynomialLR(total_iters=steps, power=power).

    >>> polynomial(np.arange(6), steps=4, power=2.0)
    array([1.    , 0.5625, 0.25  , 0.0625, 0.    , 0.    ])
    """
    return (1 - np.minimum(t / steps, 1.0)) ** power


@schedule(t=at_least(0), warmup=at_least(1))
def inverse_sqrt(t: Any, warmup: int) -> Any:
    r"""Inverse square root, "Noam": rise linearly to 1 in `warmup` updates, then fall as 1 / sqrt.

    $$f(t) = \min\left(\frac{n}{W},\ \sqrt{\frac{W}{n}}\right), \qquad n = t + 1$$

    t: updates already made, at least 0. warmup: at least 1.
    Source: Vaswani et al. (2017), equation 3, arXiv:1706.03762, where n counts from 1 and the peak
    rate is 1 / sqrt(d_model * warmup). It never ends, so it needs no number of steps. Not in torch.

    Four times as many updates, half the rate:

    >>> inverse_sqrt(np.array([0, 50, 99, 399, 1599]), warmup=100)
    array([0.01, 0.51, 1.  , 0.5 , 0.25])
    """
    n = t + 1.0
    return np.minimum(n / warmup, (warmup / n) ** 0.5)


@schedule(t=at_least(0), steps=at_least(1), floor=up_to_one)
def cosine(t: Any, steps: int, floor: float = 0.0) -> Any:
    r"""Cosine decay: from 1 to `floor` along half a cosine wave in `steps` updates, then stay.

    $$f(t) = s + (1 - s)\, \tfrac{1}{2} \left(1 + \cos(\pi \min(t / T,\, 1))\right)$$

    t: updates already made, at least 0. steps: at least 1. floor: between 0 and 1.
    Source: Loshchilov & Hutter (2017), equation 5, arXiv:1608.03983.
    Same as torch.optim.lr_scheduler.CosineAnnealingLR(T_max=steps, eta_min=floor * lr) up to
    T_max. From there torch's rises again, while this one stays at the floor.

    >>> cosine(np.arange(6), steps=4).round(3)
    array([1.   , 0.854, 0.5  , 0.146, 0.   , 0.   ])
    """
    return floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * np.minimum(t / steps, 1.0)))


@schedule(
    t=at_least(0),
    steps=alone(at_least(1)),
    warmup=alone(at_least(0)),
    decay=alone(at_least(0)),
    floor=up_to_one,
    anneal=one_of("linear", "1-sqrt"),
)
def warmup_stable_decay(
    t: Any, steps: int, warmup: int, decay: int, floor: float = 0.0, anneal: str = "linear"
) -> Any:
    r"""Warmup, stable, decay (WSD): rise linearly, stay at 1, fall to `floor` at the end.

    $$f(t) = \min\left(\frac{t + 1}{W},\, 1\right) \cdot \left(s + (1 - s)\, h(p)\right), \qquad
      p = \max\left(1 - \frac{T - t}{D},\, 0\right)$$

    with h = 1 - p, a straight line, or h = 1 - sqrt(p), which falls fast at first; p is the part of
    the decay that is over.

    t: updates already made, at least 0. steps T: at least 1. warmup W, decay D: at least 0, and
    together at most steps. floor s: between 0 and 1. anneal h: "linear" or "1-sqrt".
    Raises: ValueError if warmup and decay don't fit into steps.
    Source: Hu et al. (2024), section 4, arXiv:2404.06395; both shapes of decay are from Hägele et
    al. (2024), arXiv:2405.18392, where 1 - sqrt did a little better than the line. Not in torch;
    with `sequence`, it is `warmup`, `constant`, `linear`.

    The plateau can last as long as you like; only the decay has to know when it ends:

    >>> warmup_stable_decay(np.arange(9), steps=8, warmup=2, decay=4)
    array([0.5 , 1.  , 1.  , 1.  , 1.  , 0.75, 0.5 , 0.25, 0.  ])
    >>> warmup_stable_decay(np.arange(9), steps=8, warmup=2, decay=4, anneal="1-sqrt").round(3)
    array([0.5  , 1.   , 1.   , 1.   , 1.   , 0.5  , 0.293, 0.134, 0.   ])
    """
    if warmup + decay > steps:
        raise ValueError(
            f"warmup and decay must fit into the {steps} steps, not {warmup} and {decay}"
        )
    rise = np.minimum((t + 1.0) / warmup, 1.0) if warmup else 1.0
    left = np.minimum(np.maximum(steps - t, 0) / decay, 1.0) if decay else 1.0 * np.less(t, steps)
    height = left if anneal == "linear" else 1 - (1 - left) ** 0.5
    return rise * (floor + (1 - floor) * height)


@schedule(t=at_least(0), steps=count_from(1), growth=count_from(1), floor=up_to_one)
def cosine_restarts(t: Any, steps: int, growth: int = 1, floor: float = 0.0) -> Any:
    r"""Cosine with warm restarts (SGDR): cosine decays, each `growth` times as long as the last.

    $$f(t) = s + (1 - s)\, \tfrac12 \left(1 + \cos \frac{\pi (t - t_i)}{T_i}\right), \quad
      T_i = T_0\, m^i, \quad t_i = T_0 + \dots + T_{i-1} \le t$$

    t: updates already made, at least 0. steps T_0, growth m: whole numbers, at least 1.
    floor s: between 0 and 1. It is never quite reached, because the next decay begins at t_i.
    Source: Loshchilov & Hutter (2017), equation 5, arXiv:1608.03983. Same as
    torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(T_0=steps, T_mult=growth,
    eta_min=floor * lr).

    >>> cosine_restarts(np.arange(7), steps=2, growth=2).round(3)
    array([1.   , 0.5  , 1.   , 0.854, 0.5  , 0.146, 1.   ])
    """
    since, length = t % steps if growth == 1 else t, np.asarray(1.0 * steps)
    while growth > 1 and np.any(over := (since >= length) & (length < np.inf)):
        since = np.where(over, since - length, since)
        length = np.where(over, growth * length, length)
    return floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * since / length))


@schedule(t=at_least(0), up=at_least(1), down=at_least(1), floor=up_to_one)
def triangular(t: Any, up: int, down: int | None = None, floor: float = 0.0) -> Any:
    r"""Cyclic, triangular: up from `floor` to 1 in `up` updates, down again in `down`, and so on.

    $$f(t) = s + (1 - s)\, \Lambda(t)$$

    where the triangle Lambda is 0 at the ends of each cycle and 1 at its peak.

    t: updates already made, at least 0. up, down: at least 1; by default, down equals up.
    floor s: between 0 and 1, the base rate divided by the peak rate.
    Source: Smith (2017), section 3, arXiv:1506.01186. Same as torch.optim.lr_scheduler.CyclicLR(
    base_lr=floor * lr, max_lr=lr, step_size_up=up, step_size_down=down). Its cycle_momentum is
    momentum = lambda t: 0.9 - 0.1 * triangular(t, up, down).

    >>> triangular(np.arange(7), up=2, floor=0.5)
    array([0.5 , 0.75, 1.  , 0.75, 0.5 , 0.75, 1.  ])
    """
    return floor + (1 - floor) * _triangle(t, up, up if down is None else down)[0]


@schedule(t=at_least(0), up=at_least(1), down=at_least(1), floor=up_to_one)
def triangular2(t: Any, up: int, down: int | None = None, floor: float = 0.0) -> Any:
    r"""Cyclic, triangular2: as `triangular`, but each peak is half as high above the floor.

    $$f(t) = s + (1 - s)\, \Lambda(t)\, 2^{-n}, \qquad n = \text{cycles already finished}$$

    Arguments and source: as for `triangular`. Same as CyclicLR(mode="triangular2").

    >>> triangular2(np.arange(7), up=2)
    array([0.  , 0.5 , 1.  , 0.5 , 0.  , 0.25, 0.5 ])
    """
    triangle, cycle = _triangle(t, up, up if down is None else down)
    return floor + (1 - floor) * triangle * 0.5**cycle


@schedule(t=at_least(0), up=at_least(1), down=at_least(1), gamma=at_least(0), floor=up_to_one)
def exp_range(
    t: Any, up: int, down: int | None = None, gamma: float = 1.0, floor: float = 0.0
) -> Any:
    r"""Cyclic, exp_range: as `triangular`, but its height shrinks by `gamma` at each update.

    $$f(t) = s + (1 - s)\, \Lambda(t)\, \gamma^t$$

    gamma: at least 0. The other arguments and the source: as for `triangular`. Same as
    CyclicLR(mode="exp_range", gamma=gamma).

    >>> exp_range(np.arange(5), up=1, gamma=0.5)
    array([0.   , 0.5  , 0.   , 0.125, 0.   ])
    """
    triangle, _ = _triangle(t, up, up if down is None else down)
    return floor + (1 - floor) * triangle * np.power(1.0 * gamma, t)


def _triangle(t: Any, up: float, down: float) -> tuple[Any, Any]:
    """The height, 0 to 1, within the cycle, and how many cycles are over."""
    cycle, since = np.divmod(t, up + down)
    return np.where(since <= up, since / up, (up + down - since) / down), cycle


@schedule(
    t=at_least(0),
    steps=count_from(1),
    pct_start=alone(up_to_one),
    div_factor=above(0),
    final_div_factor=above(0),
    anneal=one_of("cos", "linear"),
    phases=one_of(2, 3),
)
def one_cycle(
    t: Any,
    steps: int,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    anneal: str = "cos",
    phases: int = 2,
) -> Any:
    r"""One cycle: up to the peak in the first part of the run, and far down in the rest.

    $$f: \quad \frac1D \;\nearrow\; 1 \;\searrow\; \frac{1}{D F} \qquad \text{or, in three phases,}
      \qquad \frac1D \;\nearrow\; 1 \;\searrow\; \frac1D \;\searrow\; \frac{1}{D F}$$

    from t = 0 to the peak at t = pT - 1 and the end at T - 1; with three phases, it is back at 1 /
    D at 2pT - 2. Between these points it follows half a cosine wave, or a straight line.

    t: updates already made, at least 0; from T - 1 on it stays at its last value (with p = 1, that
    is the peak; with three phases and p above 1/2, it comes later). steps T: a whole number, at
    least 1.
    pct_start p: between 0 and 1. div_factor D, final_div_factor F: above 0.
    anneal: "cos" or "linear". phases: 2 or 3.
    Source: Smith & Topin (2018), arXiv:1708.07120, with three phases of straight lines; two phases
    of cosines are fastai's. Same as torch.optim.lr_scheduler.OneCycleLR(max_lr=lr,
    total_steps=steps, ...), which allows one update past its end and then raises, and fails if p T
    is 1.
    It cycles momentum as well: see `one_cycle_momentum`.

    >>> one_cycle(np.arange(8), steps=8, pct_start=0.5, div_factor=4, anneal="linear").round(3)
    array([0.25, 0.5 , 0.75, 1.  , 0.75, 0.5 , 0.25, 0.  ])
    """
    low, end = 1 / div_factor, 1 / div_factor / final_div_factor
    heights = [low, 1.0, end] if phases == 2 else [low, 1.0, low, end]
    return _through(t, _one_cycle_turns(steps, pct_start, phases), heights, anneal)


@schedule(
    t=at_least(0),
    steps=count_from(1),
    low=below_one,
    high=below_one,
    pct_start=alone(up_to_one),
    anneal=one_of("cos", "linear"),
    phases=one_of(2, 3),
)
def one_cycle_momentum(
    t: Any,
    steps: int,
    low: float = 0.85,
    high: float = 0.95,
    pct_start: float = 0.3,
    anneal: str = "cos",
    phases: int = 2,
) -> Any:
    r"""The momentum that goes with `one_cycle`, low where the rate is high: a value, not a factor.

    $$\mu: \quad \mu_{\max} \;\searrow\; \mu_{\min} \;\nearrow\; \mu_{\max}$$

    at the turning points of `one_cycle`; in a third phase it stays constant.

    low, high: at least 0 and below 1. The other arguments and the source: as for `one_cycle`. Same
    as the momentum, or beta1, that OneCycleLR(base_momentum=low, max_momentum=high) sets.

    >>> one_cycle_momentum(np.arange(6), steps=6, pct_start=0.5).round(3)
    array([0.95 , 0.9  , 0.85 , 0.875, 0.925, 0.95 ])
    """
    heights = [high, low, high, high][: phases + 1]
    return _through(t, _one_cycle_turns(steps, pct_start, phases), heights, anneal)


def _one_cycle_turns(steps: int, pct_start: float, phases: int) -> list[float]:
    peak = pct_start * steps - 1
    return [0.0, peak, steps - 1.0] if phases == 2 else [0.0, peak, 2 * peak, steps - 1.0]


def _through(t: Any, turns: list[float], heights: list[float], anneal: str) -> Any:
    """From height to height, each reached at its turn; parts without length are left out."""
    curve = heights[-1] + 0.0 * np.asarray(t)
    parts = zip(pairwise(turns), pairwise(heights), strict=True)
    for (begin, end), (start, goal) in reversed(list(parts)):
        if end > begin:
            left = 1 - np.minimum((t - begin) / (end - begin), 1.0)
            left = left if anneal == "linear" else 0.5 * (1 - np.cos(np.pi * left))
            here = np.less_equal(t, end) | (end == turns[-1])
            curve = np.where(here, goal + (start - goal) * left, curve)
    return curve


@schedule(t=at_least(0))
def sequence(t: Any, schedules: Sequence[Callable[[Any], Any]], milestones: Sequence[int]) -> Any:
    r"""Run schedules one after another; each counts from 0 at its own beginning.

    $$f(t) = f_i(t - t_i) \quad \text{for } t_i \le t < t_{i+1}, \; t_0 = 0$$

    t: updates already made, at least 0. schedules: functions of t. milestones: where the second,
    third, ... begins, in rising order and one fewer than schedules.
    Raises: ValueError if their number or order is wrong; TypeError for anything but a function of
    t.
    Same as torch.optim.lr_scheduler.SequentialLR for schedules that have a closed form.

    >>> lr = lambda t: sequence(t, [lambda t: warmup(t, 2), lambda t: cosine(t, 4)], [2])
    >>> lr(np.arange(7)).round(3)
    array([0.5  , 1.   , 1.   , 0.854, 0.5  , 0.146, 0.   ])
    """
    if not isinstance(schedules, (list, tuple)) or not all(map(callable, schedules)):
        raise TypeError(f"schedules must be a list of functions of t, not {schedules!r:.80}")
    if np.ndim(milestones) != 1 or len(milestones) != len(schedules) - 1:
        raise ValueError(
            f"milestones must be one fewer than the {len(schedules)} schedules, not {milestones}"
        )
    milestones = _milestones(milestones).tolist()
    starts = [0, *milestones]
    if any(later <= earlier for earlier, later in pairwise(starts)):
        raise ValueError(f"milestones must rise, not {milestones}")
    factor = _asked(schedules[0], t)
    for start, schedule in zip(milestones, schedules[1:], strict=True):
        factor = np.where(np.less(t, start), factor, _asked(schedule, np.maximum(t - start, 0)))
    return factor


def _asked(schedule: Callable[[Any], Any], t: Any) -> Any:
    try:
        return schedule(t)
    except TypeError:
        require_time("schedule", schedule)  # says so if it needs more than t
        raise
