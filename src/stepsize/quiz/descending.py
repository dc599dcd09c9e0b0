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
        (number(1 / h), "With this rate it is there in a single step. It bears twice as much."),
        ("1", "No rate is too large by itself. Too large is rate times curvature."),
        (number(h / 2), "Upside down: the narrower the valley, the smaller the rate it bears."),
    )


@question(1, h_lr=((4.0, 0.375), (5.0, 0.3), (10.0, 0.18)))
def three_steps(h_lr: tuple[float, float]) -> Asked:
    h, lr = h_lr
    place = float(descend(sgd, quadratic(h), [8.0], 3, lr=lr).theta[-1, 0])
    return asked(
        f"A parabola with curvature {h:g}, a start at 8, a rate of {lr:g}. Where is the ball after "
        "3 steps of gradient descent?",
        (number(place), f"Each step multiplies by 1 − {lr:g} · {h:g} = {number(1 - lr * h)}."),
        (number(-place), "Each step jumps over the bottom. After an odd number it is beyond it."),
        (number(8 * (1 - lr) ** 3), "That is for a curvature of 1: the slope is curvature · θ."),
        (
            number(8 * (1 - 3 * lr * h)),
            "The slope is felt anew at each step. It isn't the first one thrice.",
        ),
    )


@question(1, curvatures=((1, 25), (2, 50), (0.1, 40)))
def two_directions(curvatures: tuple[float, float]) -> Asked:
    low, high = curvatures
    return asked(
        f"A ravine has curvature {low:g} along and {high:g} across. Which is the largest rate that "
        "gradient descent bears?",
        (number(2 / high), "The steepest direction is the first to blow up: 2 over its curvature."),
        (number(2 / low), "The flat direction bears that. The steep one has long exploded."),
        (number(4 / (low + high)), "Directions don't average: each lives its own life."),
        (number(1 / high), "There the steep direction is solved in one step. It bears twice that."),
    )


@question(1, n=(64, 100, 400))
def sum_for_mean(n: int) -> Asked:
    return asked(
        f"The loss was a mean over {n} examples, the rate 0.1. Now the loss is their sum. Which "
        "rate makes the same steps as before?",
        (number(0.1 / n), f"Every gradient is {n} times as long, so the rate is divided by {n}."),
        ("0.1", f"Then each step is {n} times as long, and training explodes."),
        (number(0.1 * n), "The gradients have grown already. That would make it worse."),
        (
            number(0.1 / math.sqrt(n)),
            "The root belongs to noise. A sum is longer by its whole factor.",
        ),
    )


@question(1)
def at_rest() -> Asked:
    return asked(
        "Full batches, a constant rate. The training loss has come to rest. What do you know?",
        (
            "little: halve the rate, and see",
            "At a rate of 2 / curvature it jumps to and fro for ever, and the loss rests high "
            "above the lowest.",
        ),
        (
            "it has converged: the slope is nearly 0",
            "Not yet known. Jumping to and fro looks the same in a curve of the loss.",
        ),
        ("it is in a local minimum", "It need not be in any minimum: it may jump across one."),
        (
            "the rate is too low",
            "A rate that is too low makes a loss crawl, and crawling is not resting.",
        ),
    )


@question(1, lr=(3.0, 4.0))
def no_parabola(lr: float) -> Asked:
    return asked(
        "The loss is log cosh θ: curvature 1 at the bottom, a straight slope further out. The "
        f"start is close to the bottom, the rate {lr:g}. What happens?",
        (
            "it ends up jumping between two places",
            "The bottom can't hold it, for the rate is above 2. But the slopes outside send it "
            "back.",
        ),
        (
            "it goes to infinity",
            "It would on a parabola. Here the slope never gets steeper than 1.",
        ),
        (
            "it converges, slowly, from one side",
            "Close to the bottom the valley is a parabola, and the rate is above 2.",
        ),
        ("it converges in one step", "That takes a rate of 1 over the curvature, and a parabola."),
    )


@question(2, n=(1000, 1797, 50_000), batch=(48, 64))
def updates(n: int, batch: int) -> Asked:
    return asked(
        f"{n:,} examples in batches of {batch}; the last batch may be smaller. How many updates "
        "are an epoch?",
        (f"{math.ceil(n / batch)}", "One for each batch, the small one as well."),
        (f"{n // batch}", "The last, smaller batch makes an update, too."),
        (f"{batch}", "So many examples are in one update."),
        (f"{n}", "With batches of one, it would be so many."),
    )


@question(2, k=(4, 16, 100))
def less_noise(k: int) -> Asked:
    return asked(
        f"Batches {k} times as large. How many times smaller is the noise of the gradient (its "
        "standard deviation)?",
        (number(math.sqrt(k)), "It falls as 1 / √B. The work grows as B."),
        (f"{k}", "That is the variance. The noise itself falls with its root."),
        ("1: it stays", "A mean of more examples scatters less."),
        (f"{k**2}", "Averaging pays less and less, not more and more."),
    )


@question(2)
def a_blog() -> Asked:
    return asked(
        "A blog shows: Adam at a rate of 0.001 ends lower than SGD at a rate of 0.001. What "
        "follows?",
        (
            "nothing about the two",
            "Each needs its own best rate. With another rate the order may turn round.",
        ),
        (
            "Adam is better here",
            "Here SGD's rate may be a hundred times too low. Nobody has looked.",
        ),
        (
            "Adam is faster, SGD better in the end",
            "A tale that one often hears. This picture holds no evidence for it.",
        ),
        (
            "the race was fair: one rate for both",
            "The numbers are equal, but not what they mean: SGD's multiplies a gradient, Adam's "
            "is a length.",
        ),
    )


@question(2)
def never_at_rest() -> Asked:
    return asked(
        "SGD with small batches at a constant rate, long after the start. Where are the weights?",
        (
            "they hover, the wider the higher the rate",
            "Each batch kicks them. The rate sets how far. So the rate has to come down in the "
            "end.",
        ),
        (
            "at the minimum",
            "They would be, with full batches. Each batch has a minimum of its own.",
        ),
        (
            "they hover, at whatever rate, as widely",
            "Half the rate, and the cloud is smaller: try it.",
        ),
        ("further and further away", "Noise doesn't add up without end: the slope pulls back."),
    )


@question(2, n=(64, 1000))
def whole_batch(n: int) -> Asked:
    return asked(
        f"A batch is drawn without putting back: {n} examples out of {n}. How large is the noise "
        "of its gradient?",
        ("0", "Every batch is the same batch: all the data."),
        (
            f"1/√{n} of that of one",
            "That holds for independent draws. Here no example can be missing.",
        ),
        (f"1/{n} of that of one", "The variance would be that, with independent draws."),
        ("as of one example", "The mean of all examples is always the same."),
    )


@question(2, c=(10, 100))
def rescaled(c: int) -> Asked:
    return asked(
        f"Two layers with a ReLU between. You multiply the weights of the first by {c}, and divide "
        f"those of the second by {c}. What changes?",
        (
            "the sharpness, not the outputs",
            "ReLU lets a positive factor through. So sharpness alone can't say how well a "
            "network generalises.",
        ),
        (
            "the outputs",
            "ReLU lets a positive factor through, and the second layer takes it out again.",
        ),
        ("both", "The outputs are the same to the last digits."),
        ("nothing at all", "The loss is as before, but not how fast it changes in each direction."),
    )


@question(3, mu=(0.8, 0.9, 0.95, 0.99))
def top_speed(mu: float) -> Asked:
    return asked(
        f"Momentum {mu:g}, as PyTorch has it, and a steady gradient. How many times longer are "
        "its steps, in the end, than those of SGD at the same rate?",
        (
            number(1 / (1 - mu)),
            "1 + μ + μ² + … = 1 / (1 − μ). So at the same rate the two can't be compared.",
        ),
        (number(1 + mu), "That is the second step. It goes on growing."),
        (
            "1",
            "For that the gradient would have to come in with a weight of 1 − μ. In PyTorch it "
            "comes in whole.",
        ),
        (number(mu / (1 - mu)), "The gradient of this moment was forgotten."),
    )


@question(3, curvatures=((1, 25), (1, 9), (2, 98)))
def best_rate(curvatures: tuple[float, float]) -> Asked:
    low, high = curvatures
    return asked(
        f"A ravine with curvatures {low} and {high}. Which rate of gradient descent is the "
        "fastest in the long run?",
        (number(2 / (low + high)), "There both directions shrink by the same factor."),
        (number(2 / high), "The border: the steep direction jumps to and fro for ever."),
        (number(1 / low), "Best for the flat direction, and the steep one explodes."),
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
        ("−0.2", "So without momentum."),
        (number((1 - mu) * place), "So with a mean, in which each gradient has a weight of 1 − μ."),
        (number(-0.1 * (1 + mu)), "The second step alone. The first one has been made, too."),
    )


@question(3, mu=(0.9, 0.5), h=(4.0, 10.0))
def wider_border(mu: float, h: float) -> Asked:
    return asked(
        f"A parabola with curvature {h:g}. Below which rate does momentum {mu:g} converge?",
        (number(2 * (1 + mu) / h), "2 (1 + μ) / curvature: momentum brakes what jumps to and fro."),
        (number(2 / h), "That is the border without momentum. With it, it lies higher."),
        (
            number(2 * (1 - mu) / h),
            "Momentum makes steady steps longer. But here each step goes back.",
        ),
        (
            number(2 / (1 - mu) / h),
            "For steady gradients it counts as 1 / (1 − μ). At the border they are not steady.",
        ),
    )


@question(3, kappa=(25, 100))
def best_momentum(kappa: int) -> Asked:
    root = (math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)
    return asked(
        f"A quadratic whose curvatures reach from 1 to {kappa}, no noise. Which momentum is the "
        "fastest, with the best rate for it?",
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
            "Above 0.02 the steep one explodes. And at 0.018 the flat one keeps 98 % a step.",
        ),
        ("it is stuck in a local minimum", "A quadratic has one minimum only."),
        (
            "the rate is too high, it jumps about the minimum",
            "Only the steep direction jumps, and it shrinks. What is left is the flat one.",
        ),
        ("the gradients are noisy", "There was no noise. A ravine is enough."),
    )
