"""Apply a rule to a long vector block by block, so that intermediate results stay in the cache."""

import functools
import math
from itertools import pairwise
from typing import Any

import numpy as np

from ..ranges import count_from, require
from .rules import Rule, Step, scope_of, unguarded
from .slips import name_of, require_rule

__all__ = ["blockwise"]

BLOCK = 24 * 1024  # 192 KiB in float64: from 256 KiB on, malloc asks the system for each array


def blockwise(rule: Rule, block: int = BLOCK) -> Rule:
    """The same rule, applied to a long vector in blocks. It **writes into its arguments**.

    With ten million parameters, each line of a rule makes an array of 40 MB, and most of the time
    is spent waiting for memory. In blocks, the same lines work mostly in the cache, and need hardly
    any memory beyond theta, grad and the rule's own memory. The rule itself doesn't notice.

    rule: an elementwise one, in which no coordinate depends on another. block: how many
    coordinates at a time, at least 1.

    theta (..., d) and its memory are overwritten and returned, and keep their type; so this is no
    pure function, the only exception here. Nothing is shown. The result equals the rule's own, bit
    for bit, if theta and grad are of the same type and theta is as wide as the columns.

    Raises: ValueError for a rule for matrices or vectors, such as Muon; if grad's shape is
    different; or if block isn't a whole number of at least 1. TypeError if theta isn't an array of
    floats.

    >>> from stepsize.optimizers import adam
    >>> theta, memory, in_place = np.ones(100_000), {}, blockwise(adam)
    >>> for t in range(1, 4):
    ...     _, memory, _ = in_place(theta, np.ones(100_000), t, **memory, lr=0.1)
    >>> theta.round(4), memory["m"].shape
    (array([0.7, 0.7, 0.7, ..., 0.7, 0.7, 0.7], shape=(100000,)), (100000,))
    """
    require_rule(rule)
    require("block", block, count_from(1))
    if scope_of(rule).unit not in ("coordinate", ""):
        name = name_of(rule)
        raise ValueError(f"rule must look at each coordinate by itself, but {name} doesn't")

    checked = unguarded(rule)  # for all blocks but the first, which stands for them

    @functools.wraps(rule)
    def in_place(theta: Any, grad: Any, t: int, **given: Any) -> Step:
        if not isinstance(theta, np.ndarray) or theta.dtype.kind != "f" or theta.ndim == 0:
            raise TypeError("theta must be an array of floats: it is written into")
        if np.shape(grad) != theta.shape:
            raise ValueError(f"grad must have theta's shape {theta.shape}, not {np.shape(grad)}")
        d, memory = theta.shape[-1], {}
        count = max(math.ceil(d / block), 1)
        edges = [i * d // count for i in range(count + 1)]  # alike: a short one costs as much
        long = [n for n, v in given.items() if np.shape(v)[-1:] == (d,)]
        for i, (low, high) in enumerate(pairwise(edges)):
            here, work = np.s_[..., low:high], rule if i == 0 else checked
            step = work(theta[here], grad[here], t, **given | {n: given[n][here] for n in long})
            if i == 0:
                memory = {n: _place(given.get(n), v, step, theta) for n, v in step.memory.items()}
            for name, value in step.memory.items():
                if np.shape(memory[name]) == theta.shape:
                    memory[name][here] = value
            theta[here] = step.theta
            del step  # or the next block's arrays would lie beside this one's
        return Step(theta, memory)

    return in_place


def _place(old: Any, first: Any, step: Step, theta: np.ndarray) -> Any:
    """Where a memory is written: over the old one; into a new one; or it is one for all blocks."""
    if np.shape(first) != step.theta.shape:
        return first
    return old if np.shape(old) == theta.shape else np.empty_like(theta)
