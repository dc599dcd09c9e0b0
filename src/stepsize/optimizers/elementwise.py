"""What a rule needs but operators can't express, for floats, arrays and tensors alike.

torch is not imported: anyone who passes one of its tensors has already imported it.
"""

from typing import Any

import numpy as np

__all__ = ["is_tensor", "maximum", "minimum", "numpys", "plain", "sign", "where"]


def maximum(a: Any, b: Any) -> Any:
    """The larger of two, element by element; nan where either is nan."""
    if is_tensor(a):
        return a.clamp(min=b)
    if is_tensor(b):
        return b.clamp(min=a)
    if not (hasattr(a, "shape") or hasattr(b, "shape")):
        return a if a > b or a != a else b
    return np.maximum(a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two, element by element; nan where either is nan."""
    return -maximum(-a, -b)


def sign(x: Any) -> Any:
    """-1, 0 or 1, element by element; nan where x is nan."""
    if not hasattr(x, "shape"):
        return x if x != x else float((x > 0) - (x < 0))
    return x.sign().where(x == x, x) if is_tensor(x) else np.sign(x)


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds and b elsewhere, in the shape of all three together."""
    if isinstance(condition, bool) and not (hasattr(a, "shape") or hasattr(b, "shape")):
        return a if condition else b
    tensor = next((x for x in (condition, a, b) if is_tensor(x)), None)
    if tensor is None:
        return np.where(condition, a, b)[()]
    full = tensor.new_ones(()).bool() & condition
    return (a if is_tensor(a) else a * tensor.new_ones(())).where(full, b)


def plain(x: Any) -> Any:
    """A single number as a Python number, which anybody can save and load; anything else as is."""
    single = isinstance(x, np.generic) or (isinstance(x, np.ndarray) and x.ndim == 0)
    return x.item() if single else x


def numpys(x: Any) -> Any:
    """A tensor as the number or the NumPy array that it holds; anything else as is."""
    if not is_tensor(x):
        return x
    return np.asarray(x.tolist()) if x.ndim else x.item()  # NumPy has no bfloat16


def is_tensor(x: Any) -> bool:
    """Whether it is one of torch's, judged by what arrays and floats lack."""
    return hasattr(x, "clamp")
