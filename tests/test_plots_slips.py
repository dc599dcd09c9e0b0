"""Slips with a drawing function are explained in our words, not in Matplotlib's."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from stepsize import descend, models, plots
from stepsize.optimizers import adam, sgd
from stepsize.surfaces import quadratic, ravine

RUN = descend(adam, ravine, [4.0, 2.0], 5, lr=0.1)
MANY = descend(adam, ravine, [4.0, 2.0], 5, lr=np.array([[0.1], [0.2]]))
LINE = descend(sgd, quadratic(1.0), [1.0], 5, lr=0.1)
RATES = np.array([0.1, 0.2])


def ax():
    return Figure().add_subplot()


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (lambda: plots.contours(ravine, ax()), "^ax must be an Axes, .* not Surface"),
        (lambda: plots.contours(Figure(), ravine), "^ax must be an Axes, .* not Figure"),
        (lambda: plots.path(Figure().subplots(1, 2), RUN), r"^ax must be .* as axes\[0\]"),
        (lambda: plots.contours(ax(), np.sin), r"^landscape must have loss\(theta\)"),
        (
            lambda: plots.contours(ax(), models.LinearRegression(np.ones((5, 2)), np.ones(5))),
            "none$",
        ),
        (lambda: plots.contours(ax(), ravine, (-1, 1)), r"^domain must be .* not \(-1, 1\)"),
        (lambda: plots.contours(ax(), quadratic(1.0, 1.0, 1.0)), "^domain must be .* two weights"),
        (lambda: plots.path(ax(), LINE), r"^trace must show a run over 2 weights, not \(6, 1\)"),
        (lambda: plots.path(ax(), RUN.theta), "^trace must be what descend returns, not a ndarray"),
        (lambda: plots.losses(ax(), RUN), "^runs must be a dict of names, .* not a Trace"),
        (lambda: plots.losses(ax(), {"adam": MANY}), r"^'adam' must be one row .* \(6, 2\): take"),
        (lambda: plots.losses(ax(), {"adam": None}), "^'adam' must be one row of numbers"),
        (
            lambda: plots.losses(ax(), {"adam": "abc"}),
            "^'adam' must be a row of numbers, not a str",
        ),
        (lambda: plots.losses(ax(), {"adam": RUN}, x=[[1, 2]]), r"^x must be as long .* \(6,\)"),
        (lambda: plots.losses(ax(), {"adam": RUN}, x=RATES), "^x must be a list of one row"),
        (lambda: plots.sweep(ax(), RATES, MANY), "^ends must be a dict of names, .* not a Trace"),
        (lambda: plots.sweep(ax(), RATES, {"adam": MANY.loss}), "^'adam' must be one row"),
        (lambda: plots.sweep(ax(), RATES, {"adam": np.ones(3)}), r"^x must be as long .* \(3,\)"),
        (lambda: plots.curve(ax(), RATES, [1, 2, 3]), r"^x must be as long .* not \(2,\)"),
        (lambda: plots.lines(ax(), RATES, [1, 2]), "^series must be a dict of names"),
        (
            lambda: plots.lines(ax(), RATES, {"m": RUN}),
            "^'m' must be a row of numbers, not a Trace",
        ),
        (lambda: plots.bars(ax(), [1, 2]), "^values must be a dict of names"),
        (lambda: plots.intervals(ax(), {"adam": [1.0]}, 2.0), "^'adam' must have at least two num"),
        (lambda: plots.staircase(ax(), MANY), r"^trace must show one run"),
        (lambda: plots.points(ax(), MANY), r"^trace must show one run"),
        (
            lambda: plots.staircase(ax(), descend(sgd, quadratic(1.0), [1.0], 0)),
            "^trace must have at least one step",
        ),
        (
            lambda: plots.cells(ax(), np.ones((2, 3)), [1, 2], [1, 2, 3], 1.0),
            r"^values must have the shape \(3, 2\), a row for each of ys, not \(2, 3\)",
        ),
        (
            lambda: plots.range_test(ax(), RATES, np.ones(3), np.ones(2), None),
            r"^x must be as long .* \(3,\) for 'loss'",
        ),
    ],
)
def test_a_slip_is_named(slip, words):
    with pytest.raises((ValueError, TypeError), match=words):
        slip()
