"""Apply a rule to long vectors block by block, so that intermediate results stay in the cache."""

import functools
import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..ranges import count_from, require
from .rules import Rule, Step, scope_of, unguarded
from .slips import name_of, require_rule, require_update

__all__ = ["blockwise", "step_in_blocks"]

BLOCK = 24 * 1024  # 192 KiB in float64: from 256 KiB on, malloc asks the system for each array

Block = list[tuple[int, slice]]  # which vectors, and which part of each


def blockwise(rule: Rule, block: int = BLOCK) -> Rule:
    """The same rule, applied to a long vector in blocks. It **writes into its arguments**.

    With ten million parameters, each line of a rule makes an array of 40 MB, and most of the time
    is spent waiting for memory. In blocks, the same lines work mostly in the cache, and need hardly
    any memory beyond theta, grad and the rule's own memory. The rule itself doesn't notice.

    rule: an elementwise one, in which no coordinate depends on another. block: how many
    coordinates at a time, at least 1.

    theta (..., d) and its memory are overwritten and returned, and keep their type. So this isn't
    a pure function, the only exception here. Nothing is shown. The result equals the rule's own,
    bit for bit, if theta and grad are of the same type and theta is as wide as the columns.

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

    @functools.wraps(rule)
    def in_place(theta: Any = None, grad: Any = None, t: Any = None, **given: Any) -> Step:
        require_update(name_of(rule), t)
        if not isinstance(theta, np.ndarray) or theta.dtype.kind != "f" or theta.ndim == 0:
            raise TypeError("theta must be an array of floats: it is written into")
        if not isinstance(grad, np.ndarray):
            raise TypeError(f"grad must be an array, as theta is, not {type(grad).__name__}")
        if grad.shape != theta.shape:
            raise ValueError(f"grad must have theta's shape {theta.shape}, not {grad.shape}")
        arrays = {n: v for n, v in given.items() if isinstance(v, np.ndarray)}
        long = {n: [v] for n, v in arrays.items() if v.shape[-1:] == theta.shape[-1:]}
        memory = step_in_blocks(rule, [theta], [grad], t, long, given, block)
        return Step(theta, {n: v[0] if isinstance(v, list) else v for n, v in memory.items()})

    return in_place


def step_in_blocks(
    rule: Rule,
    thetas: list[np.ndarray],
    grads: list[np.ndarray],
    t: int,
    long: dict[str, list[np.ndarray]],
    given: dict[str, Any],
    block: int = BLOCK,
) -> dict[str, Any]:
    """One step of many vectors, by a rule for coordinates. **Writes into thetas and long.**

    thetas, grads: arrays (..., d), each with its own d. long: by name, the memories that have one
    such array for each vector. given: everything else. Returns the memory: a list of arrays where
    each vector has its own, otherwise one value.
    """
    memory: dict[str, Any] = {}
    work = rule
    for here in _blocks((theta.shape[-1] for theta in thetas), block):
        now = {n: _gather(arrays, here) for n, arrays in long.items()}
        step = work(_gather(thetas, here), _gather(grads, here), t, **given | now)
        work = unguarded(rule)  # the first block has been checked, and the rest are like it
        for name, value in step.memory.items():
            if np.shape(value) != step.theta.shape:
                memory[name] = value
                continue
            if name not in memory:
                memory[name] = _places(long.get(name), thetas)
            _scatter(value, memory[name], here)
        _scatter(step.theta, thetas, here)
        del now, step  # or the next block's arrays would add to this one's
    return memory


def _blocks(lengths: Iterable[int], block: int) -> Iterator[Block]:
    """Parts of long vectors, and handfuls of short ones, because every call has a fixed cost."""
    handful: Block = []
    for i, d in enumerate(lengths):
        if d >= block:
            count = math.ceil(d / block)
            edges = [k * d // count for k in range(count + 1)]  # equal, for the same reason
            yield from ([(i, slice(*ends))] for ends in pairwise(edges))
            continue
        if handful and sum(part.stop for _, part in handful) + d > block:
            yield handful
            handful = []
        handful.append((i, slice(0, d)))
    if handful:
        yield handful


def _gather(arrays: list[np.ndarray], block: Block) -> np.ndarray:
    parts = [arrays[i][..., part] for i, part in block]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _scatter(value: Any, arrays: list[np.ndarray], block: Block) -> None:
    low = 0
    for i, part in block:
        high = low + part.stop - part.start
        arrays[i][..., part] = value[..., low:high]
        low = high


def _places(old: list[np.ndarray] | None, thetas: list[np.ndarray]) -> list[np.ndarray]:
    """Where a memory is written: over the old one, or to new arrays."""
    if old is not None and old[0].shape == thetas[0].shape:
        return old
    return [np.empty_like(theta) for theta in thetas]
