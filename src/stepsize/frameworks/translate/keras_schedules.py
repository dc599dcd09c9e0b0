"""The schedule of a script for Keras: its own, or a class with the formula if it has none."""

from typing import Any

from ..recipe import Recipe
from .rates import factor, first_of_warmup
from .script import call, constant_rate, indented, product, text

__all__ = ["schedule"]

SCHEDULE = '''
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate. Keras counts the updates itself, from 0."""

    def __call__(self, step):
        t = ops.cast(step, keras.config.floatx())
{lines}        return {lr} * factor

    def get_config(self):
        return {{}}
'''


def schedule(recipe: Recipe, hyper: dict[str, Any]) -> tuple[str, Any]:
    """The lines that make the schedule, and what to pass to the optimizer: a number, or it."""
    lr = hyper["lr"]
    if constant_rate(recipe):
        return "", recipe.lr(0)
    decay = hyper.get("lr_decay", 0.0)
    theirs = None if decay or recipe.warmup else _theirs_without_warmup(recipe, lr)
    if theirs:
        return f"schedule = {theirs}", "schedule"
    lines = indented(factor(recipe, "ops", decay), 8)
    return SCHEDULE.format(lines=lines, lr=text(lr)), "Schedule()"


def _theirs_without_warmup(recipe: Recipe, lr: float) -> str | None:
    """The call of Keras's own schedule; None if Keras doesn't have it.

    With a warmup, it never does: Keras's CosineDecay has a warmup, but stays at the peak for one
    update, and the recipe for two.
    """
    shape, of = recipe.shape, "keras.optimizers.schedules."
    match recipe.schedule:
        case "linear":
            ends = dict(
                decay_steps=shape["steps"], end_learning_rate=product(shape.get("end", 0.0), lr)
            )
            return call(of + "PolynomialDecay", product(shape.get("start", 1.0), lr), **ends)
        case "warmup" if shape["steps"] > 1:
            ends = dict(decay_steps=shape["steps"] - 1, end_learning_rate=product(1.0, lr))
            return call(of + "PolynomialDecay", product(first_of_warmup(shape), lr), **ends)
        case "step_decay":
            named = dict(decay_steps=shape["step_size"], decay_rate=shape.get("gamma", 0.1))
            return call(of + "ExponentialDecay", lr, **named, staircase=True)
        case "multi_step":  # its boundaries are the last updates at the old rate
            milestones, gamma = sorted(shape["milestones"]), shape.get("gamma", 0.1)
            values = [product(lr, gamma**i) for i in range(len(milestones) + 1)]
            before = [milestone - 1 for milestone in milestones]
            if len({*milestones}) == len(milestones):
                return call(of + "PiecewiseConstantDecay", before, values)
        case "exponential":
            named = dict(decay_steps=1, decay_rate=shape["gamma"])
            return call(of + "ExponentialDecay", lr, **named)
        case "polynomial":
            named = dict(decay_steps=shape["steps"], end_learning_rate=0.0)
            return call(of + "PolynomialDecay", lr, **named, power=shape.get("power"))
        case "cosine":
            named = dict(decay_steps=shape["steps"], alpha=shape.get("floor"))
            return call(of + "CosineDecay", lr, **named)
        case "cosine_restarts" if shape.get("growth", 1) == 1:
            named = dict(t_mul=1.0, alpha=shape.get("floor"))
            return call(of + "CosineDecayRestarts", lr, shape["steps"], **named)
    return None
