"""Keras's scripts on the JAX backend: prints how far from our end point each one ends.

The same for its ScheduleFreeAdamW, because on torch Keras 3.15 overwrites z before reading it.

KERAS_BACKEND=jax python -m tests.keras_on_jax
"""

from typing import Any

import keras
import numpy as np

from stepsize.frameworks.recipe import Recipe
from stepsize.frameworks.translate import translate
from stepsize.optimizers import schedule_free_adamw

from .scripts import given_batches, ours, start

CUT: dict[str, Any] = dict(schedule="multi_step", shape=dict(milestones=[30, 60]))
RISING: dict[str, Any] = dict(warmup=20, schedule="cosine_restarts", shape=dict(steps=9, growth=2))
RECIPES = [
    Recipe(optimizer="momentum", hyper=dict(lr=0.01, weight_decay=0.1), steps=100, **CUT),
    Recipe(optimizer="adamw", hyper=dict(lr=0.03, eps=0.1), steps=100, clip_norm=1.0, **RISING),
    Recipe(optimizer="nadam", hyper=dict(lr=0.03), steps=100, **RISING),
    Recipe(optimizer="adam", hyper=dict(lr=0.03, weight_decay=0.1), steps=100),
]


class Linear(keras.layers.Layer):
    def build(self, _: Any) -> None:
        for x in start("two"):
            self.add_weight(shape=x.shape).assign(x)

    def call(self, x: Any) -> Any:
        theta = keras.ops.concatenate(list(self.weights))
        return keras.ops.matmul(x, theta[:, None])


def main() -> None:
    assert keras.backend.backend() == "jax"
    keras.config.disable_interactive_logging()
    for recipe in RECIPES:
        linear = Linear()
        model = keras.Sequential([keras.Input((5,)), linear])
        loss_fn = keras.losses.MeanSquaredError()
        exec(
            translate(recipe, "keras", log=False).replace(
                "shuffle=False", "shuffle=False, verbose=0"
            ),
            dict(model=model, loss_fn=loss_fn, batches=given_batches("two")),
        )
        end = np.concatenate([np.ravel(w) for w in linear.weights])
        expected = ours(recipe)[-1]
        print(abs(end - expected).max() / abs(expected).max())
    print(schedule_free())


def schedule_free() -> float:
    grads = np.random.default_rng(0).normal(size=(30, 5))
    variable, optimizer = keras.Variable(np.ones(5)), keras.optimizers.ScheduleFreeAdamW(0.01)
    theta, memory = np.ones(5), {}
    for t, grad in enumerate(grads, start=1):
        optimizer.apply([keras.ops.convert_to_tensor(grad)], [variable])
        theta, memory, _ = schedule_free_adamw(theta, grad, t, **memory, lr=0.01)
    return float(abs(np.ravel(variable) - theta).max() / abs(theta).max())


if __name__ == "__main__":
    main()
