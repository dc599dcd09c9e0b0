"""The loop of a script for Keras: its batches, its updates, and what it logs."""

from ..recipe import Recipe
from .logged import ARRAYS, Loop, Snippets, arrays, logged

__all__ = ["loop", "watched"]

BATCHES = "model, loss_fn, and batches, an endless series of (inputs, targets) pairs."
FIT = """
model.compile(optimizer=optimizer, loss=loss_fn)
model.fit(batches, steps_per_epoch={steps}, shuffle=False)
"""
UPDATE = """
rate = float(ops.convert_to_numpy(optimizer.learning_rate))
model.reset_metrics()  # otherwise the loss is the mean of all so far
loss = model.train_on_batch(x, y)
norm = float(ops.convert_to_numpy(optimizer.norm))
squares = [ops.sum(ops.square(weight)) for weight in model.trainable_weights]
size = float(ops.convert_to_numpy(sum(squares))) ** 0.5
"""
WATCHED = '''
class Watched({base}):
    """Records the gradient's norm before clipping."""

    def build(self, variables):
        super().build(variables)
        self.norm = self.add_variable((), name="norm")

    def apply(self, grads, trainable_variables=None):
        if not self.built:
            self.build(trainable_variables)
        self.norm.assign(sum(ops.sum(ops.square(grad)) for grad in grads) ** 0.5)
        return super().apply(grads, trainable_variables)
'''


def watched(base: str) -> str:
    """A class like `base` that also knows the norm of its gradient."""
    return WATCHED.format(base=base)


def loop(recipe: Recipe, log: bool) -> Loop:
    """The recipe's updates."""
    if not log:
        return Loop(BATCHES, (), "", FIT.format(steps=recipe.steps))
    snippets = Snippets(
        batch="x, y",
        update=UPDATE,
        loss="float(loss)",
        rate="rate",
        norm="norm",
        weights="size",
        held_out="model.evaluate(held_inputs, held_targets, verbose=0)",
        keep="model.get_weights()",
        put_back="model.set_weights(best)",
    )
    begin = "model.compile(optimizer=optimizer, loss=loss_fn)\n"
    imports = ("import csv", "import itertools", "import numpy as np", "from keras import ops")
    yours = f"model, loss_fn, and {ARRAYS}."
    return Loop(yours, imports, arrays(recipe), begin + logged(recipe, snippets).lstrip("\n"))
