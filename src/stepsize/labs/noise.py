"""The labs of lesson 2: what the batch size does to a walk."""

import numpy as np
from matplotlib.axes import Axes

from .. import plots
from ..data import linear_data, sine_data
from ..loop import descend
from ..models import LinearRegression, SineRegression
from ..optimizers import sgd
from . import sentences
from .controls import Again, buttons, list_slider, log_slider
from .lab import Lab, Place, Scene, panels

EXAMPLES, EPOCHS = 256, 2
DOMAIN = ((-1.0, 4.0), (-3.0, 2.0))

GOOD, POOR = (0.68, 3.70), (3.70, 5.07)  # the hilltops around two valleys of the sine's loss


def batches() -> Lab:
    """Linear regression in two weights: the path and the loss, for batches of 1 to all."""
    X, y = linear_data(n=EXAMPLES, weights=(2.0, -1.0), noise=0.5)
    sizes = [2**k for k in range(EXAMPLES.bit_length())]
    controls = dict(
        size=list_slider("batch size", sizes, value=sizes[-1]),
        lr=log_slider("learning rate", 0.05, low=-3, high=0),
        against=buttons("loss against", [("epochs", "epochs"), ("updates", "updates")]),
        seed=Again("shuffle again"),
    )

    def scene(against: str) -> Scene:
        left, right = panels(2)
        plots.contours(left, LinearRegression(X, y), DOMAIN)
        plots.losses(right, {}, xlabel=against)
        widest = EPOCHS if against == "epochs" else EPOCHS * EXAMPLES
        right.set(xlim=(0, 1.3 * widest), ylim=(0.1, 30))
        right.set_xticks(np.linspace(0, widest, EPOCHS + 1))
        return Scene([left, right], start=(-0.5, 1.5))

    def react(axes: list[Axes], start: Place, size: int, lr: float, against: str, seed: int) -> str:
        updates = EPOCHS * EXAMPLES // size
        model = LinearRegression(X, y, batch_size=size, seed=seed)
        trace = descend(sgd, model, start, updates, lr=lr)
        made = np.arange(updates + 1)
        plots.path(axes[0], trace)
        plots.losses(
            axes[1], {"sgd": trace}, x=[made * size / EXAMPLES if against == "epochs" else made]
        )
        return sentences.batches(trace, EPOCHS)

    return Lab("A run of SGD on a map, and its loss on all the data", scene, react, **controls)


def escape() -> Lab:
    """One weight, a poor valley and a good one: does the noise of the batches carry it over?"""
    X, y = sine_data()
    controls = dict(
        size=list_slider("batch size", [1, 2, 4, 8, 16, 32, 64], value=64),
        lr=log_slider("learning rate", 0.2, low=-2, high=-0.3),
        seed=Again("shuffle again"),
    )
    steps = 200

    def scene() -> Scene:
        left, right = panels(2)
        frequency = np.linspace(-1, 8, 400)
        loss = SineRegression(X, y).loss(frequency[:, None])
        plots.curve(left, frequency, loss, xlabel="frequency θ", ylabel="loss")
        plots.curve(right, [], [], xlabel="update", ylabel="frequency θ")
        left.set(xlim=(-1, 8), ylim=(-0.05, 1.6))
        right.set(xlim=(0, steps), ylim=(-1, 8))
        return Scene([left, right])

    def react(axes: list[Axes], size: int, lr: float, seed: int) -> str:
        trace = descend(sgd, SineRegression(X, y, size, seed), [4.0], steps, lr=lr)
        plots.points(axes[0], trace)
        plots.curve(
            axes[1], np.arange(steps + 1), trace.theta[:, 0], "update", "frequency θ", "sgd"
        )
        return sentences.escape(trace, GOOD, POOR)

    return Lab(
        "A ball over a landscape with a poor valley, and where it is at each update",
        scene,
        react,
        **controls,
    )
