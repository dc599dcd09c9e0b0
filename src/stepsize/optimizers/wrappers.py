"""Rules made from other rules: with decoupled weight decay, or with a mean of the weights."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ranges import at_least, count_from, require, up_to_one
from .elementwise import where
from .rules import Step, require_pair, scope_of
from .slips import holder_of, name_of, require_column, require_rule, require_update

__all__ = ["averaged", "decoupled"]


def decoupled(rule: Callable[..., Step]) -> Callable[..., Step]:
    r"""The same rule with decoupled weight decay: shrink the parameters, then step.

    $$\theta_t = \mathrm{rule}\left((1 - \eta\lambda)\, \theta_{t-1},\ g_t\right)$$

    `weight_decay` then means this decay, not the L2 penalty, and leaves the gradient alone.
    Shapes: as for the rule; lr and weight_decay scalar or (..., 1). Units: weight_decay as 1 / lr.
    Ranges: lr and weight_decay at least 0.
    Source: Loshchilov & Hutter (2019), arXiv:1711.05101, where lr multiplies the step and not the
    decay. Same as torch.optim.NAdam, RAdam and Adam with decoupled_weight_decay=True.
    Raises: ValueError for a rule that has its own weight_decay or is already decoupled, for
    one without an lr, and for rules that compute theta from a remembered z and x, like the
    schedule-free ones. TypeError for anything that isn't a rule.

    A parameter with no gradient shrinks all the same, and in proportion:

    >>> from stepsize.optimizers import sgd
    >>> decoupled(sgd)(np.array([8.0, 1.0]), np.zeros(2), t=1, lr=0.1, weight_decay=5.0).theta
    array([4. , 0.5])
    """
    require_rule(rule)
    own = inspect.signature(inspect.unwrap(rule)).parameters
    twice = hasattr(holder_of(rule, "decoupled"), "decoupled")
    if twice or "weight_decay" in own or {"z", "x"} <= set(own):
        kept = "no weight_decay of its own, and step from theta"
        raise ValueError(f"rule must have {kept}, not {name_of(rule)}")
    signature = inspect.signature(rule)
    if "lr" not in signature.parameters:
        raise ValueError(f"rule must have an lr to decay by, but {name_of(rule)} has none")
    lr = signature.parameters["lr"]
    default = {} if lr.default is lr.empty else dict(lr=lr.default)
    shrink_first = functools.partial(_shrink_first, rule, **default)
    made = _named(shrink_first, "decoupled", rule, signature)
    vars(made).update(decoupled=True)  # which a rule made from this one inherits
    return made


def _shrink_first(
    rule: Callable[..., Step],
    theta: Any = None,
    grad: Any = None,
    t: Any = None,
    *memory: Any,
    lr: Any,
    weight_decay: Any = 0.0,
    **rest: Any,
) -> Step:
    if t is None:
        require_update(_written(_shrink_first, rule), t)
    require_pair(theta, grad)
    for name, value in dict(lr=lr, weight_decay=weight_decay).items():
        require(name, value, at_least(0))
        require_column(name, value, theta, scope_of(rule).axes)
    theta = _shrunk(theta, lr, weight_decay)
    if np.shape(theta) != np.shape(grad):
        grad = where(True, grad, theta)  # to theta's shape, which a column has widened
    return rule(theta, grad, t, *memory, lr=lr, **rest)


@np.errstate(all="ignore")
def _shrunk(theta: Any, lr: Any, weight_decay: Any) -> Any:
    return (1 - lr * weight_decay) * theta


def averaged(
    rule: Callable[..., Step], decay: float | None = None, after: int = 0
) -> Callable[..., Step]:
    r"""The same rule, with a running mean of all the points it visits.

    $$\bar\theta_t = (1 - c_t)\, \bar\theta_{t-1} + c_t\, \theta_t$$
    $$c_t = \frac{1}{t - T} \ \text{ or } \ 1 - \delta, \qquad c_t = 1 \text{ for } t \le T + 1$$

    Without a `decay` delta, it is the plain mean (SWA, Polyak and Ruppert's averaging); with one,
    an exponential moving average (EMA) that forgets. `after` T leaves the first updates out. The
    rule steps as before. **The model is the mean**, the trace's `average`, which isn't where
    the trace's loss was measured; in `as_torch`, `eval()` puts it in place.

    Shapes, units: average as theta.
    Ranges: decay between 0 and 1; after a whole number, at least 0.
    Source: Polyak & Juditsky (1992), doi:10.1137/0330046; SWA: Izmailov et al. (2018),
    arXiv:1803.05407. Same as torch.optim.swa_utils.AveragedModel, updated after each update from
    the (T + 1)-th on, and with decay as get_ema_avg_fn(decay) and as Keras's use_ema. Optax's ema
    corrects for a start at 0, which gives the first point less weight.
    Raises: ValueError for a rule that already keeps a mean, like the schedule-free ones. TypeError
    for anything that isn't a rule.

    At the edge of stability, SGD goes back and forth forever, but the mean of its points comes to
    rest.

    >>> from stepsize import descend, optimizers, surfaces
    >>> rule = averaged(optimizers.sgd)
    >>> trace = descend(rule, surfaces.bowl, [4.0, 2.0], 1000, lr=2.0)
    >>> trace.theta[-1], np.allclose(trace.average[-1], 0)
    (array([4., 2.]), True)
    """
    require_rule(rule)
    if decay is not None:
        require("decay", decay, up_to_one)
    require("after", after, count_from(0))
    scope = scope_of(rule)
    if scope.evaluated:
        raise ValueError(f"rule must not keep a mean of its own, but {name_of(rule)} does")
    header = inspect.signature(rule)
    before, own = [*header.parameters.values()][:3], [*header.parameters.values()][3:]
    average = inspect.Parameter("average", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
    signature = header.replace(parameters=[*before, average, *own])
    mean_too = _named(functools.partial(_mean_too, rule, decay, after), "averaged", rule, signature)
    if scope.vectors is not None:
        scope = scope._replace(vectors=averaged(scope.vectors, decay, after))
    vars(mean_too).update(scope=scope._replace(evaluated="average"))
    return mean_too


@np.errstate(all="ignore")
def _mean_too(
    rule: Callable[..., Step],
    decay: float | None,
    after: int,
    theta: Any = None,
    grad: Any = None,
    t: Any = None,
    average: Any = None,
    *memory: Any,
    **named: Any,
) -> Step:
    if t is None:
        require_update(_written(_mean_too, rule, decay, after), t)
    theta, remembered, shown = rule(theta, grad, t, *memory, **named)
    if average is None or t <= after + 1:
        average = theta
    else:
        c = 1 / (int(t) - after) if decay is None else 1 - decay
        average = (1 - c) * average + c * theta
    return Step(theta, remembered | dict(average=average), shown)


def _named(
    made: "functools.partial[Step]", how: str, rule: Callable[..., Step], signature: Any
) -> "functools.partial[Step]":
    """A rule made from another, with its name. It's a partial because that can be pickled."""
    functools.update_wrapper(made, rule)
    name = f"{how}_{name_of(rule)}"
    vars(made).update(__name__=name, __qualname__=name, __signature__=signature)
    return made


MADE_BY = {_shrink_first: "decoupled", _mean_too: "averaged"}


def _written(made: Any, rule: Any, decay: float | None = None, after: int = 0) -> str:
    """The rule as it was written: averaged(decoupled(sgd), decay=0.9)."""
    func = getattr(rule, "func", None)
    inner = _written(func, *rule.args) if func in MADE_BY else name_of(rule)
    given = dict(decay=decay, after=after or None)
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    return f"{MADE_BY[made]}({', '.join([inner, *options])})"
