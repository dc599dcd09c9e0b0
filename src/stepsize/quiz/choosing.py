"""Questions on lessons 10 to 12: finding the rate, the clinic, the frameworks."""

import math
from typing import Any

import numpy as np

from ..optimizers import heavy_ball, momentum
from ..optimizers.clipping import clip_by_norm
from .question import Asked, asked, number, question


@question(10, batch=(64, 512, 1024))
def in_proportion(batch: int) -> Asked:
    k = batch / 256
    return asked(
        "SGD's rate is 0.1 for batches of 256. What does the linear rule give for batches of "
        f"{batch}?",
        (number(0.1 * k), "In proportion: the larger batch's step replaces several small ones."),
        (number(0.1 * math.sqrt(k)), "The root is the rule for Adam and its family."),
        (
            "0.1",
            f"Then an epoch has {'fewer' if k > 1 else 'more'} steps of the same length, and gets "
            f"{'less far' if k > 1 else 'further'}.",
        ),
        (
            number(0.1 / k),
            "The wrong way around: the larger the batch, the higher the rate it allows.",
        ),
    )


@question(10, batch=(16, 256, 1024))
def by_the_root(batch: int) -> Asked:
    k = batch / 64
    return asked(
        "Adam's rate is 0.001 for batches of 64. What does its usual rule give for batches of "
        f"{batch}?",
        (number(0.001 * math.sqrt(k)), "The root: Adam's steps don't grow with the gradient."),
        (number(0.001 * k), "In proportion: that is the rule for SGD."),
        (
            "0.001",
            "A larger batch has less noise, which allows a higher rate."
            if k > 1
            else "A smaller batch has more noise, which calls for a lower rate.",
        ),
        (number(0.001 / math.sqrt(k)), "The wrong way around."),
    )


@question(10, ends=((0.001, 0.1), (0.0001, 1.0), (0.01, 1.0)))
def middle_of_a_sweep(ends: tuple[float, float]) -> Asked:
    low, high = ends
    return asked(
        f"A sweep of learning rates from {low:g} to {high:g}, three of them, spread as rates "
        "should be. Which is the middle one?",
        (
            number(float(np.geomspace(low, high, 3)[1])),
            "The same factor separates it from the lowest and from the highest.",
        ),
        (number((low + high) / 2), "Then the low rates are never tried: think in factors."),
        (number(high - low), "That is almost the upper end."),
        (number(3 * low), "Three times the lowest is close to the lower end."),
    )


@question(10, g=((3, 4), (6, 8), (30, 40)))
def clipped(g: tuple[float, float]) -> Asked:
    x, y = clip_by_norm(np.array(g, float), 1.0)
    return asked(
        f"The gradient ({g[0]}, {g[1]}) is clipped to a norm of 1. What is left?",
        (f"({x:g}, {y:g})", "Its length is 1 now, its direction the same."),
        ("(1, 1)", "That is a bound on each value, which changes the direction."),
        (f"({g[0] - 1}, {g[1] - 1})", "Nothing is subtracted: the gradient is divided."),
        (
            f"({g[0] / sum(g):.2f}, {g[1] / sum(g):.2f})",
            "Divided by the sum. The norm is the root of the sum of squares.",
        ),
    )


@question(10, lr=(0.05, 0.1, 0.2))
def edge(lr: float) -> Asked:
    return asked(
        "A small network, squared errors, all data in every step, gradient descent at a rate of "
        f"{lr:g}. Its sharpness rises as it learns. Where does that usually stop?",
        (
            f"at about {2 / lr:g}",
            "2 / rate, the edge of stability. There the loss goes up and down, and still falls in "
            "the long run.",
        ),
        (f"at about {1 / lr:g}", "That is half of it. Nothing special happens there."),
        (
            "nowhere: then it diverges",
            "On a parabola it would. A network is driven to where it is less sharp.",
        ),
        (
            "where the data put it, whatever the rate",
            "Change the rate, and the sharpness where it stops changes with it.",
            "where the data say, whatever the rate",
        ),
    )


@question(10)
def at_the_end() -> Asked:
    return asked(
        "The best rate of your sweep is the highest one you tried. What now?",
        ("go on, to higher rates", "The best rate must have a worse one on either side."),
        (
            "take it: it is the best",
            "It is the best of those you tried. The next one may be better.",
        ),
        ("take half of it, to be safe", "You don't know yet what it would be half of."),
        (
            "sweep finely around it",
            "First get the best rate inside the range. Its second digit comes later.",
        ),
    )


@question(10)
def lowest_point() -> Asked:
    return asked(
        "In a range test the rate grows at every update. The loss is lowest at some rate. Is "
        "that the rate to train with?",
        (
            "usually it is too high",
            "The loss is low there because of all the updates before it, and the next rates wreck "
            "it.",
            "mostly it is too high",
        ),
        (
            "yes, there it learns fastest",
            "It falls fastest before that. At its lowest point it doesn't fall any more.",
        ),
        (
            "usually it is too low",
            "The loss starts to rise there, and soon it blows up.",
            "mostly it is too low",
        ),
        (
            "yes, if the test is long enough",
            "In a longer test, too, the lowest point comes just before the rates that wreck the "
            "loss.",
        ),
    )


@question(11, k=(10, 100, 1000))
def knows_nothing(k: int) -> Asked:
    return asked(
        f"{k} classes, cross-entropy. What is the loss of a model that gives every class the same "
        "probability?",
        (
            number(math.log(k)),
            f"ln {k}. If your loss stays there, the model may not see its input at all.",
        ),
        (number(1 / k), "That is the probability. The loss is minus its logarithm."),
        (
            number(math.log2(k)),
            "That is in bits. PyTorch, Keras and Optax take the natural logarithm.",
        ),
        ("1", "Nothing scales the loss to 1: it depends on the number of classes."),
    )


@question(11, g=(2.0, 0.5), n=(3, 5))
def not_zeroed(g: float, n: int) -> Asked:
    return asked(
        f"zero_grad was forgotten. Each backward pass computes a gradient of {g:g}. What is in "
        f"p.grad after number {n}?",
        (number(g * n), "They add up. So the norm of the gradient grows from the first update on."),
        (number(g), "That is with zero_grad. Without it, PyTorch adds."),
        (number(g**n), "They are added, not multiplied."),
        (number(g / n), "Nothing is averaged here."),
    )


@question(11)
def is_it_nan() -> Asked:
    return asked(
        "loss is a float. Which expression is True exactly where it is NaN?",
        ("loss != loss", "NaN is the only float that isn't equal to itself."),
        ('loss == float("nan")', "Always False: NaN isn't equal to anything."),
        ("loss > 1e308", "NaN is neither above nor below any number, so this is False."),
        ("not loss", "That is True where the loss is 0."),
    )


@question(11, patience=(2, 3))
def stopped_early(patience: int) -> Asked:
    losses = [1.0, 0.8, 0.9, 0.85, 0.7, 0.75, 0.8, 0.9]
    best = 0
    for i, loss in enumerate(losses):
        best = i if loss < losses[best] else best
        if i - best >= patience:
            break
    seen = i
    said = ", ".join(map(str, losses))
    other = 4 if best == 1 else 1
    why_other = (
        "That epoch never comes: patience runs out before it."
        if other == 4
        else "Patience doesn't run out there: a lower loss comes in time."
    )
    return asked(
        f"Early stopping ends after {patience} epochs in a row without a new lowest held-out "
        f"loss. The losses are {said}, with the epochs counted from 0. From which epoch are the "
        "weights kept?",
        (f"{best}", "The lowest loss before patience ran out."),
        (f"{other}", why_other),
        (f"{seen}", "That is where training stops. What is kept is the best so far."),
        ("0", "Later ones were lower."),
    )


@question(11)
def unseen() -> Asked:
    return asked(
        "You have saved the training loss of every update, and nothing else. Which of these can't "
        "you see in it?",
        ("overfitting", "The training loss goes on falling. Only held-out data show it."),
        ("divergence", "The loss grows without end."),
        ("loss spikes", "Single losses are far above their neighbors."),
        ("NaN", "From some update on, the loss isn't a number."),
    )


@question(11)
def below() -> Asked:
    return asked(
        "The held-out loss is below the training loss. The model has dropout. Which explanation "
        "comes first?",
        (
            "dropout is off at test time",
            "The training loss is measured with dropout on, which makes it higher. That alone can "
            "do it.",
            "dropout is off when it is tested",
        ),
        ("it overfits", "Then the held-out loss would be the higher one."),
        ("the rate is too high", "Then both losses would be high."),
        (
            "held-out examples are among the training data",
            "Look into that next. By itself it brings the two losses together; it doesn't put one "
            "below the other.",
        ),
    )


@question(11, lr=(0.1, 0.01), bound=(1.0, 0.5))
def always_clipped(lr: float, bound: float) -> Asked:
    return asked(
        f"Plain SGD at a rate of {lr:g}, the gradient clipped to a norm of {bound:g}. In every "
        "update its norm is 20 or more. How long are the steps?",
        (
            number(lr * bound),
            "All the same: rate times bound. The gradient's size no longer matters.",
        ),
        (number(lr * 20), "That is without clipping, for a norm of 20."),
        (f"{bound:g}", "That is the clipped gradient. The rate still multiplies it."),
        (
            number(lr * bound / 20),
            "A clipped gradient is as long as the bound, however long it was before.",
        ),
    )


@question(12, t=(1, 10, 100))
def whose_eps(t: int) -> Asked:
    fill = 1 - 0.999**t
    return asked(
        "Keras's Adam adds epsilon = 1e-7 before the correction, PyTorch's after it. Which eps "
        f"makes PyTorch's step the same in update {t} (beta2 = 0.999)?",
        (
            f"{1e-7 / math.sqrt(fill):.1e}",
            "Divided by √(1 − beta2^t): early on, Keras's epsilon weighs more.",
        ),
        ("1.0e-07", "That is right once the correction has faded, after thousands of updates."),
        (f"{1e-7 / fill:.1e}", "The root is missing: eps is added to √v."),
        (f"{1e-7 * math.sqrt(fill):.1e}", "The other way around."),
    )


@question(12, g=(0.01, 0.1))
def another_start(g: float) -> Asked:
    return asked(
        "keras.optimizers.Adagrad at a rate of 0.1, its other arguments at their defaults. The "
        f"first gradient is {g:g}. How long is the first step?",
        (
            number(0.1 * g / math.sqrt(0.1 + g**2)),
            "Keras's sum of squares starts at 0.1. PyTorch's starts at 0.",
        ),
        ("0.1", "That is PyTorch's, whose sum starts at 0."),
        (number(0.1 * g), "That is SGD's."),
        (
            number(0.1 / math.sqrt(0.1 + g**2)),
            "The gradient is missing from the numerator.",
            number(0.1 * math.sqrt(0.1)),
        ),
    )


@question(12, library=("Keras", "PyTorch"))
def rolls_on(library: str) -> Asked:
    steps = {}
    for name, rule in (("Keras", heavy_ball), ("PyTorch", momentum)):
        theta, memory = 0.0, dict[str, Any]()
        for t in range(1, 502):
            step = rule(theta, 1.0, t, **memory, lr=0.1 if t < 501 else 0.01, momentum=0.9)
            moved, theta, memory = theta - step.theta, step.theta, step.memory
        steps[name] = number(moved)
    keras = library == "Keras"
    return asked(
        f"SGD in {library}, momentum 0.9, rate 0.1, a steady gradient of 1. After 500 updates "
        "the rate is cut to 0.01. How long is the next step?",
        (
            steps[library],
            "The rate is inside: the old velocity rolls on, and only the new gradient gets the new "
            "rate."
            if keras
            else "The rate is outside: the whole velocity of 10 is multiplied by the new one.",
        ),
        (
            steps["PyTorch" if keras else "Keras"],
            "That is PyTorch's, where the rate is outside."
            if keras
            else "That is Keras's, where the old velocity rolls on.",
        ),
        ("1", "That was the step before the cut."),
        ("0.01", "That is SGD without momentum."),
    )


@question(12, m=(100, 1000))
def boundary(m: int) -> Asked:
    return asked(
        f"PyTorch cuts the rate with milestones=[{m}], stepped at every update. Which boundary "
        "does Keras's PiecewiseConstantDecay need for the same rates?",
        (f"{m - 1}", "At its boundary Keras still has the old rate, for one update more."),
        (f"{m}", "Then Keras would cut one update later."),
        (f"{m + 1}", "That is the wrong way: Keras would cut two updates later."),
        (f"{m // 2}", "Both count single updates here. There is nothing to halve."),
    )


@question(12, lr=(0.002, 0.01, 0.1))
def part_of_the_weight(lr: float) -> Asked:
    return asked(
        "In a paper, each update shrinks the weights by the fraction 0.001, at a constant rate. "
        f"In your PyTorch AdamW the rate is {lr:g}. Which weight_decay does the same?",
        (number(0.001 / lr), "PyTorch multiplies by the rate, so divide by it first."),
        ("0.001", "Then they shrink by the rate times that, which is far less."),
        (number(0.001 * lr), "The rate would be in there twice."),
        ("0.999", "That is what is left of a weight. weight_decay says what is taken away."),
    )


@question(12, n=(50_000, 60_000), epoch=(30, 60))
def epochs_in_updates(n: int, epoch: int) -> Asked:
    batches = math.ceil(n / 128)
    return asked(
        f"{n:,} examples, batches of 128, the last one of an epoch smaller. The rate should be cut "
        f"after {epoch} epochs. After how many updates is that?",
        (f"{epoch * batches}", f"{batches} updates an epoch: the small batch counts."),
        (f"{epoch * (batches - 1)}", "The last batch of each epoch was left out."),
        (
            f"{math.ceil(epoch * n / 128)}",
            "Each epoch ends with a small batch of its own. So round up in each, not once at the "
            "end.",
            f"{math.ceil(epoch * n / 128) - 1}",
        ),
        (f"{epoch}", "Those are epochs. It would be cut early in the first one."),
    )


@question(12)
def the_same_decay() -> Asked:
    return asked(
        "A PyTorch recipe, SGD(momentum=0.9, weight_decay=5e-4), is given to keras.optimizers.SGD "
        "with the same numbers. What happens to the decay, at a constant rate?",
        (
            "Keras's is about ten times weaker",
            "PyTorch's penalty goes through the momentum, which makes it ten times as strong. "
            "Keras's decay doesn't.",
        ),
        (
            "it is the same",
            "In PyTorch it is an L2 penalty in the gradient, in Keras a decay beside it.",
        ),
        (
            "Keras's is about ten times stronger",
            "The other way around: what goes through the momentum gets larger.",
        ),
        ("Keras ignores it", "It decays, but beside the momentum."),
    )
