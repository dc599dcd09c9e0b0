"""How time and memory grow with steps, width of the sweep and size of the model: log-log."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from stepsize.optimizers import adam
from stepsize.optimizers.blockwise import blockwise

from . import peers, races
from .clock import Work

# Ours in blue, torch in orange, Optax in green; each one's fast path is dashed.
STYLES = {
    "descend": ("tab:blue", "-"),
    "one vector": ("tab:blue", "-"),
    "block by block": ("tab:blue", "--"),
    "torch": ("tab:orange", "-"),
    "torch fused": ("tab:orange", "--"),
    "Optax, compiled": ("tab:green", "--"),
}
Curves = dict[str, Callable[[int], Work]]


def steps(n: int) -> Curves:
    return {
        "descend": lambda n: races.walk(n),
        "torch": lambda n: peers.torch_loop(races.START, n),
        "Optax, compiled": lambda n: peers.optax_scan(races.START, n, 1e-3),
    }


def width(n: int) -> Curves:
    def rates(k: int) -> np.ndarray:
        return np.geomspace(1e-4, 1e-1, k)[:, None]

    def one_by_one(k: int) -> Work:
        loop = peers.torch_loop(races.START, n)
        return lambda: [loop() for _ in range(k)]

    return {
        "descend": lambda k: races.walk(n, rates(k)),
        "torch": one_by_one,
        "Optax, compiled": lambda k: peers.optax_scan(races.START, n, rates(k)[:, 0]),
    }


def size(n: int) -> Curves:
    def vector(d: int) -> np.ndarray:
        return np.ones(d, np.float32)

    return {
        "one vector": lambda d: races.one_step(adam, vector(d))(),
        "block by block": lambda d: races.one_step(blockwise(adam), vector(d))(),
        "torch": lambda d: peers.torch_step([vector(d)]),
        "torch fused": lambda d: peers.torch_step([vector(d)], fused=True),
    }


PANELS = [  # what grows, how far, the curves, how far torch is measured
    ("steps of one run", 10 ** np.arange(1, 6), steps, 10**4),
    ("runs side by side, 100 steps each", 10 ** np.arange(0, 5), width, 10**2),
    ("parameters, one step of Adam", 10 ** np.arange(1, 8), size, 10**7),
]


def seconds(work: Work) -> float:
    """The best of a few calls, enough of them to take a while together."""
    best, until = float("inf"), time.process_time() + 0.05
    for _ in range(1000):
        began = time.process_time()
        work()
        now = time.process_time()
        best = min(best, now - began)
        if now > until:
            break
    return best


def megabytes(work: Work) -> float:
    tracemalloc.start()
    kept: Any = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return peak / 1e6


def picture(quick: bool) -> Figure:
    """Time above, for ours and theirs; memory below, only ours, because theirs can't be traced."""
    fig, axes = plt.subplots(2, 3, figsize=(12, 6.5), sharex="col", layout="constrained")
    for (above, below), (what, sizes, curves, patience) in zip(axes.T, PANELS, strict=True):
        sizes = sizes[:2] if quick else sizes
        for name, make in curves(100).items():
            color, dash = STYLES[name]
            line = dict(color=color, linestyle=dash, marker="o", markersize=3, label=name)
            reached = [n for n in sizes if name != "torch" or n <= patience]
            try:
                work = [make(int(n)) for n in reached]
                for w in work:
                    w()
            except ImportError:
                continue
            above.loglog(reached, [seconds(w) for w in work], **line)
            if color == "tab:blue":
                below.loglog(reached, [megabytes(w) for w in work], **line)
        below.set_xlabel(what)
        above.legend(frameon=False)
    axes[0, 0].set_ylabel("process time (s)")
    axes[1, 0].set_ylabel("our memory at its peak (MB)")
    for ax in axes.flat:
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    return fig
