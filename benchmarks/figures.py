"""Figures without a peer: milliseconds, megabytes, bytes per parameter."""

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stepsize.optimizers import adam
from stepsize.optimizers.blockwise import blockwise
from stepsize.schedules import cosine

from . import page_latency, peers, races
from .clock import Spread, Work


@dataclass(frozen=True)
class Figure:
    what: str
    measure: Callable[[], float]
    unit: str
    at_most: float | None = None


def milliseconds(work: Work) -> float:
    began = time.process_time()
    work()
    return 1e3 * (time.process_time() - began)


def extra_bytes(work: Work) -> float:
    """The peak memory in addition to what was there before."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


# NumPy first, because the course always needs it. Memory as Linux counts it; elsewhere nan.
BROUGHT = """
import time, numpy
def megabytes():
    try:
        return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
    except OSError:
        return float("nan")
before, began = megabytes(), time.process_time()
import stepsize
print(1e3 * (time.process_time() - began), megabytes() - before)
"""


def brought_by_import(which: int) -> float:
    run = subprocess.run(
        [sys.executable, "-c", BROUGHT], capture_output=True, encoding="utf-8", check=True
    )
    return float(run.stdout.split()[which])


def figures(quick: bool) -> list[Figure]:
    steps, long = (20, 10**5) if quick else (1000, 10**7)
    curve = 10**4 if quick else 10**6
    vector = np.ones(long, np.float32)
    in_blocks, plain = (races.one_step(r, vector)() for r in (blockwise(adam), adam))
    return [
        Figure(
            "six optimizers, 60 steps each, as a lab takes them",
            lambda: milliseconds(races.roll(60)),
            "ms",
            at_most=25,
        ),
        Figure(
            f"a cosine schedule's curve of {curve:,} steps",
            lambda: milliseconds(lambda: cosine(np.arange(curve), curve)),
            "ms",
        ),
        Figure(
            f"memory beside theta, grad, m and v: Adam block by block, {long:,} parameters",
            lambda: extra_bytes(in_blocks) / long,
            "bytes a parameter",
            at_most=None if quick else 0.1,
        ),
        Figure(
            "the same, not in blocks (new m and v each time)",
            lambda: extra_bytes(plain) / long,
            "bytes a parameter",
        ),
        Figure("`import stepsize` after NumPy", lambda: brought_by_import(0), "ms", at_most=30),
        Figure("`import stepsize` after NumPy", lambda: brought_by_import(1), "MB", at_most=3),
        Figure(
            "Optax, before its first step: compile a scan for one setting",
            lambda: milliseconds(peers.optax_walk(races.START, steps, 1e-3)),
            "ms",
        ),
        *_of_the_page(),
    ]


def measure(figure: Figure, rounds: int) -> Spread | None:
    """None if a peer isn't installed."""
    try:
        return Spread(tuple(figure.measure() for _ in range(rounds)))
    except ImportError:
        return None


def _of_the_page() -> list[Figure]:
    """Figures of the site's front page, if it has been built."""
    if not page_latency.can_be_measured():
        return []
    return [
        Figure("the site's playground, from a cold start", page_latency.alive, "ms", at_most=3000),
        Figure("a frame of it, while the ball is dragged", page_latency.frame, "ms", at_most=8),
    ]
