"""The formulas that `translate` writes are those of `schedules`, to 1e-15, for every argument.

`test_translate` runs whole scripts in the three libraries; here NumPy computes the formulas.
"""

import inspect
import itertools
import math

import numpy as np
import pytest

from stepsize import schedules
from stepsize.frameworks.recipe import SCHEDULES, Recipe
from stepsize.frameworks.translate.rates import factor

UPDATES = 150
EDGES = [0.0, 0.01, 0.3, 0.5, 0.6, 1.0]
CYCLES = dict(up=[1, 7, 40], down=[None, 1, 20], floor=[0.0, 0.25, 1.0])

# Every argument at the edges of its range, within the run and beyond its end.
GRID = {
    "constant": dict(factor=[1.0, 0.2, 0.0], steps=[math.inf, 0, 40, 500]),
    "linear": dict(steps=[1, 60, 500], start=[1.0, 0.5, 0.0], end=[0.0, 0.1, 1.0]),
    "warmup": dict(steps=[1, 2, 30, 500], start=[0.0, 0.1, 1.0]),
    "step_decay": dict(step_size=[1, 7, 500], gamma=[0.0, 0.1, 1.0, 1.5]),
    "multi_step": dict(milestones=[[], [30], [60, 30], [25, 25, 500]], gamma=[0.0, 0.1, 1.5]),
    "exponential": dict(gamma=[0.0, 0.97, 1.0, 1.02]),
    "polynomial": dict(steps=[1, 60, 500], power=[0.0, 0.5, 1.0, 2.0]),
    "inverse_sqrt": dict(warmup=[1, 25, 500]),
    "cosine": dict(steps=[1, 60, 500], floor=[0.0, 0.1, 1.0]),
    "warmup_stable_decay": dict(
        steps=[70, 500],
        warmup=[0, 1, 30],
        decay=[0, 1, 40],
        floor=[0.0, 0.25, 1.0],
        anneal=["linear", "1-sqrt"],
    ),
    "cosine_restarts": dict(steps=[1, 7, 60, 500], growth=[1, 2, 3], floor=[0.0, 0.1, 1.0]),
    "triangular": CYCLES,
    "triangular2": CYCLES,
    "exp_range": CYCLES | dict(gamma=[0.0, 0.98, 1.0, 1.01]),
    "one_cycle": dict(
        steps=[1, 2, 100, 500],
        pct_start=EDGES,
        div_factor=[0.5, 25.0],
        final_div_factor=[0.5, 1e4],
        anneal=["cos", "linear"],
        phases=[2, 3],
    ),
}


def test_every_argument_of_every_schedule_is_there():
    arguments = {n: [*inspect.signature(getattr(schedules, n)).parameters][1:] for n in SCHEDULES}
    assert {name: sorted(grid) for name, grid in GRID.items()} == {
        name: sorted(names) for name, names in arguments.items()
    }


@pytest.mark.parametrize("warmup", [0, 1, 20])
@pytest.mark.parametrize("name", GRID)
def test_what_is_written_is_the_schedule(name, warmup):
    t = np.arange(UPDATES)
    for values in itertools.product(*GRID[name].values()):
        shape = dict(zip(GRID[name], values, strict=True))
        rate = dict(warmup=warmup, schedule=name, shape=shape)
        recipe = Recipe(optimizer="sgd", hyper=dict(lr=1.0), steps=UPDATES, **rate)
        written = "\n".join(factor(recipe, "np"))
        scope = dict(np=np, math=math, t=1.0 * t)
        exec(written, scope)
        np.testing.assert_allclose(
            np.broadcast_to(scope["factor"], t.shape),
            recipe.lr(t),
            rtol=1e-15,
            atol=1e-15,
            err_msg=f"{shape}\n{written}",
        )
