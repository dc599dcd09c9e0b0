"""The lab of lesson 5: Adam's two averages under the microscope."""

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..loop import Trace, descend
from ..optimizers import adam
from ..surfaces import Gradients
from . import sentences
from .controls import buttons, list_slider, slider
from .lab import Lab, Scene, panels

BETAS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)
UPDATES = (20, 50, 200, 500)

_t = np.arange(1, 1001)
SERIES = {  # the gradient of each update
    "constant": np.ones(len(_t)),
    "noisy": 0.3 + 0.6 * np.random.default_rng(0).normal(size=len(_t)),
    "rare": (_t % 10 == 0).astype(float),
    "flipping": np.where(_t % 2 == 1, 1.0, -1.0),
}

PANELS = {  # title -> limits
    "gradient (dots), m, m̂": (-1.7, 1.9),
    "its square (dots), v, v̂": (-0.1, 1.7),
    "step": (-0.25, 0.75),
}

HAT = plots.look("adam")  # for corrected averages, in every panel
RAW = plots.Look(plots.GREY, plots.DASHED, "s")
LOOKS = {
    "m̂": HAT,
    "v̂": HAT,
    "with": HAT,
    "m": RAW,
    "v": RAW,
    "without": RAW,
    "lr": plots.Look(plots.INK, plots.DOTTED, ""),
}


def microscope() -> Lab:
    """Adam on given gradients: m and v, corrected and uncorrected, and the step they make."""
    controls = dict(
        gradient=buttons("gradient", [(name, name) for name in SERIES]),
        correction=buttons("correction", [("off", False), ("on", True)]),
        beta1=list_slider("β₁", BETAS, value=0.9),
        beta2=list_slider("β₂", BETAS, value=0.999),
        lr=slider("learning rate", 0.1, low=0.01, high=0.1, step=0.01),
        updates=list_slider("updates", UPDATES, value=50),
    )

    def scene(updates: int) -> Scene:
        axes = panels(3)
        for ax, (label, limits) in zip(axes, PANELS.items(), strict=True):
            plots.lines(ax, [], {}, ylabel=label)
            ax.axhline(0, color=plots.GREY, lw=0.8)
            ax.set(xlim=(0, 1.35 * updates), ylim=limits, xticks=np.linspace(0, updates, 3))
        return Scene(axes)

    def react(
        axes: list[Axes],
        gradient: str,
        correction: bool,
        beta1: float,
        beta2: float,
        lr: float,
        updates: int,
    ) -> str:
        given = Gradients(SERIES[gradient])
        trace = descend(adam, given, [0.0], updates, lr=lr, beta1=beta1, beta2=beta2)
        without = trace.lr[:, None] * trace.m / (trace.v**0.5 + trace.eps[:, None])
        step = trace.scale * trace.m_hat if correction else without
        _draw(axes, trace, {"with" if correction else "without": step})
        return sentences.microscope(trace, step[:, 0])

    return Lab(
        "Adam's averages of the gradient and of its square, and its step, at each update",
        scene,
        react,
        **controls,
    )


def _draw(axes: list[Axes], trace: Trace, step: dict[str, np.ndarray]) -> None:
    t = np.arange(1, len(trace.grad) + 1)
    drawn = (
        {"m̂": trace.m_hat, "m": trace.m},
        {"v̂": trace.v_hat, "v": trace.v},
        {"lr": trace.lr} | step,
    )
    for ax, dots in zip(axes, (trace.grad, trace.grad**2), strict=False):
        ax.plot(t, dots, ls="", marker="o", ms=4, mfc="none", mec=plots.GREY, mew=0.7)
    for ax, label, series in zip(axes, PANELS, drawn, strict=True):
        plots.lines(ax, t, series, ylabel=label, looks=LOOKS)
