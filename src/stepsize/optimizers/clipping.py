"""Gradient clipping: two functions of a gradient, to be called before a rule sees it."""

from typing import Any

import numpy as np

from ..ranges import accepts, at_least, require_floats
from .elementwise import maximum, minimum
from .slips import require_column

__all__ = ["clip_by_norm", "clip_by_value"]


@accepts(max_norm=at_least(0))
@np.errstate(all="ignore")
def clip_by_norm(grad: Any, max_norm: Any) -> Any:
    r"""Shorten the gradient to length `max_norm` if it is longer; its direction stays.

    $$g \leftarrow g \cdot \min\left(1,\ \frac{c}{\lVert g \rVert + 10^{-6}}\right)$$

    Shapes: grad (..., d), one norm for all d; max_norm scalar or (..., 1).
    Units: max_norm as grad. Ranges: max_norm at least 0.
    Source: Pascanu, Mikolov & Bengio (2013), Algorithm 1, arXiv:1211.5063, without the 1e-6. Same
    as torch.nn.utils.clip_grad_norm_(norm_type=2), until the square of a gradient overflows.

    >>> clip_by_norm(np.array([30.0, 40.0]), max_norm=5.0).round(3)
    array([3., 4.])
    """
    require_floats("grad", grad)
    require_column("max_norm", max_norm, grad)
    squared = grad * grad
    norm = (squared.sum(-1, keepdims=True) if getattr(grad, "shape", ()) else squared) ** 0.5
    return grad * minimum(1.0, max_norm / (norm + 1e-6))


@accepts(clip_value=at_least(0))
@np.errstate(all="ignore")
def clip_by_value(grad: Any, clip_value: Any) -> Any:
    r"""Clip each coordinate of the gradient separately, to between -clip_value and clip_value.

    $$g_i \leftarrow \min(\max(g_i, -c),\ c)$$

    Shapes: grad (..., d); clip_value scalar or (..., 1). Units: clip_value as grad.
    Ranges: clip_value at least 0. Same as torch.nn.utils.clip_grad_value_.

    The direction changes: here from steep to diagonal.

    >>> clip_by_value(np.array([30.0, 40.0]), clip_value=5.0)
    array([5., 5.])
    """
    require_floats("grad", grad)
    require_column("clip_value", clip_value, grad)
    return minimum(maximum(grad, -clip_value), clip_value)
