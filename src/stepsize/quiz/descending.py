"""Questions on lessons 1 to 3: the rate, batches, ravines and momentum."""

import math

from ..loop import descend
from ..optimizers import momentum, sgd
from ..surfaces import Gradients, quadratic
from .question import Asked, asked, number, question


@question(1, h=(0.5, 4.0, 10.0, 250.0))
def border(h: float) -> Asked:
    return asked(
        f"The loss is a parabola with curvature {h:g}. Below which learning rate does gradient "
        "descent converge?",
        (number(2 / h), "2 / curvature. There each step multiplies the distance by −1."),
        (number(1 / h), "At this rate it arrives in a single step. The limit is twice as high."),
        ("1", "No rate is too large by itself: what counts is the rate times the curvature."),
        (number(h / 2), "Upside down: the narrower the valley, the smaller the rate must be."),
    )


@question(1, h_lr=((4.0, 0.375), (5.0, 0.3), (10.0, 0.18)))
def three_steps(h_lr: tuple[float, float]) -> Asked:
    h, lr = h_lr
    place = float(descend(sgd, quadratic(h), [8.0], 3, lr=lr).theta[-1, 0])
    return asked(
        f"A parabola with curvature {h:g}, a start at 8, a rate of {lr:g}. Where is the ball after "
        "3 steps of gradient descent?",
        (number(place), f"Each step multiplies by 1 − {lr:g} · {h:g} = {number(1 - lr * h)}."),
        (
            number(-place),
            "Each step jumps across the bottom, so after an odd number of steps it is on the "
            "other side.",
        ),
        (number(8 * (1 - lr) ** 3), "That is for a curvature of 1: the slope is curvature · θ."),
        (
            number(8 * (1 - 3 * lr * h)),
            "You used the first slope three times. It has to be measured again at each step.",
        ),
    )


@question(1, curvatures=((1, 25), (2, 50), (0.1, 40)))
def two_directions(curvatures: tuple[float, float]) -> Asked:
    low, high = curvatures
    return asked(
        f"A ravine has curvature {low:g} along its floor and {high:g} across. Below which rate "
        "does gradient descent converge?",
        (number(2 / high), "The steepest direction blows up first: 2 over its curvature."),
        (number(2 / low), "The flat direction would allow that. The steep one blew up long ago."),
        (number(4 / (low + high)), "Directions don't average. Each has its own limit."),
        (number(1 / high), "There the steep direction is solved in one step. Twice that works."),
    )


@question(1, n=(64, 100, 400))
def sum_for_mean(n: int) -> Asked:
    return asked(
        f"Gradient descent had a rate of 0.1, on a loss that was the mean over {n} examples. Now "
        "the loss is their sum. Which rate makes the same steps as before?",
        (number(0.1 / n), f"Every gradient is {n} times as long, so the rate is divided by {n}."),
        ("0.1", f"Then each step is {n} times as long, and training is likely to blow up."),
        (number(0.1 * n), "The gradients have grown already. That would make it worse."),
        (
            number(0.1 / math.sqrt(n)),
            f"The root is for noise. The sum's gradient is longer by the whole factor of {n}.",
        ),
    )


@question(1)
def at_rest() -> Asked:
    return asked(
        "Full batches, a constant rate. The training loss has stopped changing. What do you know?",
        (
            "little: halve the rate, and see",
            "If the weights jump back and forth across a valley, the loss is flat too, far above "
            "the lowest. A lower rate will tell.",
        ),
        (
            "it has converged: the slope is nearly 0",
            "You don't know that yet. Jumping back and forth gives the same flat curve.",
        ),
        (
            "it is in a local minimum",
            "It need not be in any minimum: it may be jumping across one.",
        ),
        (
            "the rate is too low",
            "Possible, but nothing here says so: a rate that is too low usually shows as a slow "
            "crawl.",
        ),
    )


@question(1, lr=(3.0, 4.0))
def no_parabola(lr: float) -> Asked:
    return asked(
        "The loss is log cosh θ: curvature 1 at the bottom, a straight slope further out. The "
        f"start is close to the bottom, the rate {lr:g}. What happens?",
        (
            "it ends up jumping between two points",
            "The bottom can't hold it, because the rate is above 2. But the slopes further out "
            "send it back.",
            "it ends up jumping between two places",
        ),
        (
            "it goes to infinity",
            "On a parabola it would. Here the slope is never steeper than 1.",
        ),
        (
            "it converges, slowly, from one side",
            "Close to the bottom the valley is a parabola of curvature 1, and the rate is above 2.",
        ),
        ("it converges in one step", "That takes a rate of 1 over the curvature, and a parabola."),
    )


@question(2, n=(1000, 1797, 50_000), batch=(48, 64))
def updates(n: int, batch: int) -> Asked:
    return asked(
        f"{n:,} examples in batches of {batch}; the last batch may be smaller. How many updates "
        "make an epoch?",
        (f"{math.ceil(n / batch)}", "One for each batch, including the small one."),
        (f"{n // batch}", "The last, smaller batch makes an update, too."),
        (f"{batch}", "That is how many examples one update uses."),
        (f"{n}", "That is for batches of one."),
    )


@question(2, k=(4, 16, 100))
def less_noise(k: int) -> Asked:
    return asked(
        f"Examples are drawn at random, now in batches {k} times as large. How many times smaller "
        "is the noise of the gradient (its standard deviation)?",
        (number(math.sqrt(k)), "It falls as 1 / √B, while the work grows as B."),
        (f"{k}", "That is the factor for the variance. The standard deviation falls by its root."),
        ("1: it stays the same", "A mean over more examples scatters less.", "1: it stays"),
        (f"{k**2}", "Averaging pays less and less, not more and more."),
    )


@question(2)
def a_blog() -> Asked:
    return asked(
        "A blog shows: Adam at a rate of 0.001 ends lower than SGD at a rate of 0.001. What "
        "follows?",
        (
            "nothing about the two",
            "Each needs its own best rate. At a different rate the order may be reversed.",
        ),
        (
            "Adam is better here",
            "SGD's rate may be a hundred times too low here. Nobody has checked.",
        ),
        (
            "Adam is faster, SGD better in the end",
            "You often hear that. This plot is no evidence for it.",
        ),
        (
            "the race was fair: one rate for both",
            "The numbers are equal, but they mean different things: SGD's multiplies the gradient, "
            "Adam's is about the length of a step.",
        ),
    )


@question(2)
def never_at_rest() -> Asked:
    return asked(
        "SGD with small batches, at a constant rate low enough not to diverge. No setting of the "
        "weights fits every example. Where are the weights, long after the start?",
        (
            "they hover: the higher the rate, the wider the cloud",
            "Each batch kicks them, and the rate sets how far. That is why the rate has to come "
            "down before the end.",
            "they hover, the wider the higher the rate",
        ),
        (
            "at the minimum",
            "With full batches they could be. But each small batch has a minimum of its own.",
        ),
        (
            "they hover, equally wide at any rate",
            "Halve the rate, and the cloud is smaller. Try it.",
            "they hover, at whatever rate, as widely",
        ),
        ("further and further away", "Noise doesn't add up without end: the slope pulls back."),
    )


@question(2, n=(64, 1000))
def whole_batch(n: int) -> Asked:
    return asked(
        f"A batch is drawn without replacement: {n} examples out of {n}. How large is the noise "
        "of its gradient?",
        ("0", "Every batch is the same batch: all the data."),
        (
            f"1/√{n} of the noise of one example",
            "That holds for independent draws. Here no example can be missing.",
            f"1/√{n} of that of one",
        ),
        (
            f"1/{n} of the noise of one example",
            "That would be the variance, for independent draws.",
            f"1/{n} of that of one",
        ),
        (
            "as large as with one example",
            "The mean over all the examples is always the same.",
            "as of one example",
        ),
    )


@question(2, c=(10, 100))
def rescaled(c: int) -> Asked:
    return asked(
        "Two layers without biases, with a ReLU between them. You multiply the weights of the "
        f"first by {c}, and divide those of the second by {c}. What changes, as a rule?",
        (
            "the sharpness, not the outputs",
            "ReLU lets a positive factor through, so the outputs stay the same. But the loss now "
            f"reacts {c} times as strongly to each weight of the second layer. So sharpness alone "
            "can't say how well a network generalizes.",
        ),
        (
            "the outputs",
            "ReLU lets a positive factor through, and the second layer takes it out again.",
        ),
        ("both", "The outputs are the same, up to rounding."),
        ("nothing at all", "The loss is the same, but not how fast it changes in each direction."),
    )


@question(3, mu=(0.8, 0.9, 0.95, 0.99))
def top_speed(mu: float) -> Asked:
    return asked(
        f"Momentum {mu:g}, as PyTorch has it, and a steady gradient. After a long time, how many "
        "times longer are its steps than those of SGD at the same rate?",
        (
            number(1 / (1 - mu)),
            "1 + μ + μ² + … = 1 / (1 − μ). So it isn't fair to compare the two at the same rate.",
        ),
        (number(1 + mu), "That is the second step. They go on growing."),
        (
            "1",
            "For that the gradient would have to come in with a weight of 1 − μ. In PyTorch it "
            "comes in whole.",
        ),
        (number(mu / (1 - mu)), "That leaves out the newest gradient."),
    )


@question(3, curvatures=((1, 25), (1, 9), (2, 98)))
def best_rate(curvatures: tuple[float, float]) -> Asked:
    low, high = curvatures
    return asked(
        f"A ravine with curvatures {low} and {high}. At which rate is gradient descent "
        "fastest in the long run?",
        (number(2 / (low + high)), "There both directions shrink by the same factor."),
        (number(2 / high), "The limit: the steep direction jumps back and forth forever."),
        (number(1 / low), "The best for the flat direction, but the steep one blows up."),
        (
            number(1 / high),
            "The steep direction is done at once, but the flat one could go faster.",
        ),
    )


@question(3, mu=(0.5, 0.9))
def two_updates(mu: float) -> Asked:
    steady = Gradients([1.0, 1.0])
    place = float(descend(momentum, steady, [0.0], 2, lr=0.1, momentum=mu).theta[-1, 0])
    return asked(
        f"PyTorch's SGD with momentum {mu:g} and a rate of 0.1. The gradient is 1 all the time, "
        "the start is 0. Where is the parameter after two updates?",
        (number(place), f"The velocity is 1, and then {1 + mu:g}."),
        ("−0.2", "That is without momentum."),
        (
            number((1 - mu) * place),
            "That is for a mean, in which each gradient comes in with a weight of 1 − μ.",
        ),
        (number(-0.1 * (1 + mu)), "That is the second step alone. The first one counts, too."),
    )


@question(3, mu=(0.9, 0.5), h=(4.0, 10.0))
def wider_border(mu: float, h: float) -> Asked:
    return asked(
        f"A parabola with curvature {h:g}. Below which rate does PyTorch's SGD with momentum "
        f"{mu:g} converge?",
        (
            number(2 * (1 + mu) / h),
            "2 (1 + μ) / curvature: momentum brakes what jumps back and forth.",
        ),
        (number(2 / h), "That is the limit without momentum. With it, the limit is higher."),
        (
            number(2 * (1 - mu) / h),
            "Momentum makes steady steps longer. But at the limit each step reverses.",
        ),
        (
            number(2 / (1 - mu) / h),
            "The factor 1 / (1 − μ) is for steady gradients. At the limit they aren't steady.",
        ),
    )


@question(3, kappa=(25, 100))
def best_momentum(kappa: int) -> Asked:
    root = (math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)
    return asked(
        f"A quadratic whose curvatures go from 1 to {kappa}, no noise, and momentum as PyTorch has "
        "it. Which momentum is fastest in the long run, at the best rate for it?",
        (number(root**2), "((√κ − 1) / (√κ + 1))²."),
        (number(root), "Almost: it is the square of that."),
        (
            "0.9 for every quadratic",
            "0.9 is a habit. The best one follows from the condition number.",
        ),
        (number(1 - 1 / kappa), "Too much: it would swing for a long time."),
    )


@question(3)
def slow_ravine() -> Asked:
    return asked(
        "Curvatures 1 and 100, gradient descent at a rate of 0.018. After a quick start the loss "
        "falls slowly. Why?",
        (
            "no single rate suits both directions",
            "Above 0.02 the steep direction blows up, and at 0.018 the flat one keeps 98% of its "
            "distance at each step.",
        ),
        ("it is stuck in a local minimum", "A quadratic has only one minimum."),
        (
            "the rate is too high, it jumps about the minimum",
            "Only the steep direction jumps, and it shrinks. What is left is the flat one.",
        ),
        ("the gradients are noisy", "There is no noise in it. A ravine is enough."),
    )
