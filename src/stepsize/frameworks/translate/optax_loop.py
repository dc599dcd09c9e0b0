"""The loop of a script for Optax: its batches, its updates, and what it logs."""

from typing import Any

from ..recipe import Recipe
from .logged import ARRAYS, Loop, Snippets, arrays, logged, plain
from .script import text

__all__ = ["loop"]

MODEL = "model(params, inputs), params, loss_fn"
PLAIN = """
@jax.jit
def update(params, state, inputs, targets):
    def loss(params):
        return loss_fn(model(params, inputs), targets)

    gradients = jax.grad(loss)(params)
    updates, state = optimizer.update(gradients, state, params)
    return optax.apply_updates(params, updates), state  # updates are added


state = optimizer.init(params)
"""
UPDATE = """
params, state, *told = update(params, state, x, y)
loss, norm, size = map(float, told)
"""
WATCHED = """
@jax.jit
def update(params, state, inputs, targets):
    def loss(params):
        return loss_fn(model(params, inputs), targets)

    value, gradients = jax.value_and_grad(loss)(params)
    norm = sum(jnp.sum(g**2) for g in jax.tree.leaves(gradients)) ** 0.5
    updates, state = optimizer.update(gradients, state, params)
    params = optax.apply_updates(params, updates)  # they are added
    size = sum(jnp.sum(p**2) for p in jax.tree.leaves(params)) ** 0.5
    return params, state, value, norm, size


@jax.jit
def held_out_loss(params):
    return loss_fn(model(params, held_inputs), held_targets)


state = optimizer.init(params)
"""


def loop(recipe: Recipe, rate: Any, log: bool) -> Loop:
    """The recipe's updates. rate: a number, or "schedule"."""
    if not log:
        update = "params, state = update(params, state, inputs, targets)"
        yours = f"{MODEL}, and batches, pairs of inputs and targets."
        return Loop(yours, (), "", PLAIN + plain(recipe, update))
    snippets = Snippets(
        batch="x, y",
        update=UPDATE,
        loss="loss",
        rate="float(schedule(step - 1))" if rate == "schedule" else text(rate),
        norm="norm",
        weights="size",
        held_out="float(held_out_loss(params))",
        keep="params",
        put_back="params = best",
    )
    imports = ("import csv", "import jax.numpy as jnp", "import numpy as np")
    yours = f"{MODEL}, and\n# {ARRAYS}."
    return Loop(yours, imports, arrays(recipe), WATCHED + logged(recipe, snippets).lstrip("\n"))
