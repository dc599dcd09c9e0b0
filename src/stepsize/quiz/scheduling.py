"""Questions on lessons 7 to 9: schedules, warmup, a fair race."""

import math
from typing import Any

from .. import schedules
from ..feedback import plateau
from ..frameworks.recipe import Recipe
from .question import Asked, asked, number, question


@question(7, epoch=(30, 59, 60, 90))
def cut_in_steps(epoch: int) -> Asked:
    rate = 0.1 * float(schedules.step_decay(epoch, 30, 0.1))
    return asked(
        "StepLR(step_size=30, gamma=0.1) from a rate of 0.1, stepped once per epoch. The epochs "
        f"are counted from 0. What rate does epoch {epoch} have?",
        (number(rate), f"{epoch} // 30 = {epoch // 30}: that many cuts have been made."),
        (number(rate * 10), "One cut too few: epoch 30 is the first with a lower rate."),
        (number(rate / 10), "One cut too many: epochs 0 to 29 have the full rate."),
        (
            number(0.1 * (1 - epoch / 100)),
            "A straight line would do that. Here the rate falls in steps.",
        ),
    )


@question(7, patience=(2, 3, 5))
def borne(patience: int) -> Asked:
    factor, memory, epoch = 1.0, dict[str, Any](), 0
    while factor == 1.0:
        epoch += 1
        factor, memory = plateau(1.0, **memory, patience=patience)
    return asked(
        f"PyTorch's ReduceLROnPlateau(patience={patience}). From some epoch on, no loss is better "
        "than the best so far. After how many such epochs is the rate cut?",
        (f"{epoch - 1}", f"{patience} bad ones are tolerated, and the next one is too many."),
        (f"{patience}", "That many are tolerated. The rate is cut at the next one."),
        (f"{patience + 2}", "One too many: the count begins with the first bad epoch."),
        ("1", "That is a patience of 0."),
    )


@question(7, call=(125, 170))
def after_t_max(call: int) -> Asked:
    again = 0.5 * (1 + math.cos(math.pi * call / 100))
    return asked(
        f"CosineAnnealingLR(optimizer, T_max=100) in PyTorch has been stepped {call} times. "
        "What fraction of the peak rate is in use?",
        (number(again), "It is a wave: after T_max it rises again."),
        ("0: it is over", "In Keras and Optax it would be. PyTorch's cosine rises again."),
        (
            "1: it starts over",
            "That is a warm restart. This one turns around and climbs.",
            "1: it begins anew",
        ),
        (number((call - 100) / 100), "It climbs, but along a cosine, not in a straight line."),
    )


@question(7, peak=(0.01, 0.1, 0.5))
def only_made(peak: float) -> Asked:
    start = peak * float(schedules.one_cycle(0, 100))
    return asked(
        f"Adam is made with lr=0.003. You make OneCycleLR(optimizer, max_lr={peak:g}, "
        "total_steps=100) on it, and don't step it yet. What rate does the optimizer have now?",
        (number(start), "Making it sets the rate to max_lr / 25. It sets beta1, too."),
        ("0.003", "It is overwritten as soon as the scheduler is made."),
        (number(peak), "That comes at the top of the cycle."),
        (number(peak / 1e4), "The rate gets that low only near the end."),
    )


@question(7)
def two_on_one() -> Asked:
    return asked(
        "In PyTorch you make a StepLR and an ExponentialLR on one optimizer, and step both once "
        "per epoch. What happens to the rate?",
        (
            "both multiply it: it falls by the product",
            "Each takes the rate it finds, and multiplies it.",
        ),
        (
            "the one that was made last wins, silently",
            "Neither wins: each changes what the other left behind.",
        ),
        (
            "an error is raised",
            "There is no error. That is why you should look at the rate that is used.",
        ),
        ("the lower of the two is used", "They don't know of each other."),
    )


@question(7, epochs=(30, 50, 90), batches=(100, 391))
def wrong_pace(epochs: int, batches: int) -> Asked:
    return asked(
        f"CosineAnnealingLR(T_max={epochs}) for {epochs} epochs of {batches} batches, but "
        "scheduler.step() is called in the loop over batches. When does the rate first reach 0?",
        (f"after {epochs} updates, in the first epoch", "It counts its calls, whatever they are."),
        (f"after {epochs} epochs, at the end", "For that, the call belongs in the outer loop."),
        (
            "never: the rate hardly moves",
            "That is the opposite mistake: T_max in updates, and one call per epoch.",
        ),
        (f"after {2 * epochs} updates", "By then it is back at the peak: a cosine is a wave."),
    )


@question(8, W=(10, 20, 50))
def first_of_all(W: int) -> Asked:
    recipe = Recipe(optimizer="adam", hyper={"lr": 0.1}, steps=100, warmup=W)
    return asked(
        f"A warmup of {W} updates rises from 0 to a rate of 0.1 by equal amounts. No update should "
        f"be wasted at 0, and update number {W} should have the full rate. What rate does the "
        "first one have?",
        (number(float(recipe.lr(0))), f"1/{W} of the peak, then 2/{W}, and so on."),
        (
            "0",
            "Then the first update would be wasted, and the full rate would come one update late.",
        ),
        ("0.1", "Then there would be no warmup."),
        (number(0.1 / (W + 1)), f"Then number {W} would not have the full rate yet."),
    )


@question(8, beta2=(0.98, 0.99, 0.999))
def untuned(beta2: float) -> Asked:
    return asked(
        "How many updates of linear warmup does Ma & Yarats' rule of thumb give Adam with beta2 = "
        f"{beta2:g}?",
        (f"{2 / (1 - beta2):.0f}", "2 / (1 − beta2), which is twice the memory of v."),
        (f"{1 / (1 - beta2):.0f}", "That is the memory of v. The rule takes twice as many."),
        ("20", "That is 2 / (1 − beta1) for a beta1 of 0.9. The rule uses beta2."),
        (f"{200 / (1 - beta2):.0f}", "A hundred times too long."),
    )


@question(8)
def what_for() -> Asked:
    return asked(
        "What did warmup do for the small post-LN transformer of this course?",
        (
            "it made a rate work that had been too high",
            "It widened the range of rates that work: with twenty updates of warmup, 0.015 "
            "worked, too.",
            "a higher rate learned, too; the best loss stayed",
        ),
        (
            "it made every rate work, however high",
            "0.03 was too high with every warmup on the map.",
            "it made the best loss over all rates lower",
        ),
        (
            "it made learning faster at every rate",
            "At the lowest rates a long warmup made things worse: it uses up updates.",
            "it made every rate learn faster",
        ),
        (
            "without it, no rate worked",
            "Without it, several rates worked. Only the highest ones on the map didn't.",
            "without it, no rate learned",
        ),
    )


@question(8, d=(10_000, 1_000_000))
def long_first_step(d: int) -> Asked:
    return asked(
        f"A network with {d:,} weights, each with a gradient far above eps. Adam's rate is 0.001, "
        "and there is no warmup. How long is the first step, as a vector?",
        (
            number(0.001 * math.sqrt(d)),
            "Each weight moves by the full rate, so the length is rate · √d.",
        ),
        ("0.001", "That is how far each single weight moves."),
        (number(0.001 * d), "Lengths add up in squares: √d, not d."),
        (
            number(0.001 / math.sqrt(d)),
            "Then each weight would move far less than the rate. But each moves by the full rate.",
        ),
    )


@question(8, t=(20, 100, 300))
def rectified(t: int) -> Asked:
    end = 2 / 0.001 - 1
    rho = end - 2 * t * 0.999**t / (1 - 0.999**t)
    r = math.sqrt((rho - 4) * (rho - 2) * end / ((end - 4) * (end - 2) * rho))
    return asked(
        f"RAdam multiplies Adam's step by a factor. How large is it in update {t}, with beta2 = "
        "0.999?",
        (
            number(r),
            "RAdam has a warmup built in, and a long one. So for a long time its rate is lower "
            "than the one you set.",
        ),
        (
            "1: it only switches Adam on after 5 updates",
            "It does switch then. But the factor starts near 0.",
        ),
        (number(1 - 0.9**t), "That is the correction of m, which has nothing to do with it."),
        (number(1 / r), "It makes the early steps shorter, not longer."),
    )


@question(9, n=(5, 10, 20))
def best_of(n: int) -> Asked:
    expected = {5: 1.163, 10: 1.539, 20: 1.867}[n]
    return asked(
        "Two optimizers are equally good: from seed to seed, the losses of both are normally "
        "distributed, with the same mean and a standard deviation of 1. For A the best of "
        f"{n} runs is shown, for B a single run. How much better does A seem, on average?",
        (number(expected), "The best of several is lucky: it was chosen for that."),
        ("0: they are equally good", "They are. But the best of several runs isn't a typical one."),
        (
            number(1 / math.sqrt(n)),
            "That is how much the mean of all the runs scatters. But the best one was shown.",
        ),
        (f"{n}", "Hardly any run is ever that far out."),
    )


@question(9, s=(0.02, 0.05, 0.1))
def half_width(s: float) -> Asked:
    error = s / math.sqrt(10)
    return asked(
        "Ten seeds, both optimizers on each. The ten differences have a standard deviation of "
        f"{s:g}. How far to each side of their mean does its 95% interval go? (Student's t for "
        "nine degrees of freedom is 2.26.)",
        (number(2.262 * error), "2.26 standard errors, and one of those is s / √10."),
        (number(error), "One standard error: that covers two thirds, not 95%."),
        (number(s), "Single differences scatter by that much. Their mean scatters less."),
        (
            number(2.262 * s),
            "That is almost the interval for one more difference. For the mean, divide by √10.",
        ),
    )


@question(9, n=(3, 5, 10))
def more_seeds(n: int) -> Asked:
    return asked(
        f"With {n} seeds the standard error of the mean is too large. About how many seeds halve "
        "it?",
        (f"{4 * n}", "It falls as 1 / √n."),
        (f"{2 * n}", "That takes it down only to 0.71 of what it was."),
        (f"{n + 2}", f"That takes it down to {math.sqrt(n / (n + 2)):.2f} of what it was."),
        (f"{n**3}", "That is far more than needed."),
    )


@question(9)
def tiny_h() -> Asked:
    return asked(
        "You check your back-propagation with (L(θ + h) − L(θ − h)) / 2h, in float64. All "
        "numbers are about 1 in size. Which h is good?",
        (
            "1e-5",
            "The formula is off by about h², and rounding adds about 1e-16 / h. Here both "
            "are small.",
        ),
        ("1e-16: the smaller the better", "Rounding swallows it: 1 + 1e-16 is 1."),
        (
            "1e-12: close to the derivative",
            "Rounding leaves some four digits. A larger h gives more.",
        ),
        ("0.5", "Over that distance the loss bends."),
    )


@question(9, w=(1.0, -1.0))
def through_relu(w: float) -> Asked:
    is_open = w > 0
    error = 3 * max(2 * w, 0.0) - 5
    shut = "The ReLU is shut, so none of the error comes back"
    return asked(
        f"A network with one path: x = 2, weight w = {number(w)}, ReLU, weight 3, target 5, loss ½ "
        "(output − 5)². What is the derivative of the loss with respect to w?",
        (
            number(error * 6 if is_open else 0.0),
            "The error 1, times 3, times 2: the ReLU is open."
            if is_open
            else "w · x is negative: the ReLU is shut, and nothing comes back.",
        ),
        (
            number(0.0 if is_open else error * 6),
            "The ReLU is open where w · x is positive, and shut where it is negative.",
        ),
        (
            number(error * 3),
            "The input is missing: w is multiplied by x = 2."
            if is_open
            else f"{shut}; and even with an open one, the input would be missing.",
        ),
        (
            number(error),
            "That is the error at the output. It still has to go back through the weight 3 and "
            "the ReLU, and is then multiplied by the input."
            if is_open
            else f"{shut}: that is the error at the output.",
        ),
    )


@question(9)
def contains() -> Asked:
    return asked(
        "SGD is momentum with μ = 0. Both are tuned without limit: SGD over rates, momentum over "
        "rates and all μ, including 0. Which can reach the lower loss, by the measure they were "
        "tuned for?",
        (
            "momentum, or both the same",
            "A rule that contains the other can't lose if the tuning has no end. That is why the "
            "budget matters.",
        ),
        ("SGD, if the problem is noisy", "Then the best μ is 0, and the two are the same."),
        ("you can't tell", "The best of more choices is never worse.", "it can't be said"),
        (
            "always SGD: it has less to tune",
            "With a small budget that can happen. Without limit it can't.",
        ),
    )


@question(9, rates=(7, 9), seeds=(3, 5))
def fair_budget(rates: int, seeds: int) -> Asked:
    return asked(
        f"Four optimizers, each at {rates} rates, each rate with {seeds} seeds. A fifth is added, "
        f"with {2 * rates} rates and as many seeds for each. How many more runs does it get than "
        "each of the others?",
        (f"{rates * seeds}", "Twice the budget. If it wins now, nobody can say why."),
        (f"{rates}", "Each rate is run with every seed."),
        (f"{seeds}", "That is how many runs a single rate has."),
        (
            "0: a rate is not a run",
            "It is a run for every seed, and with more tries the best looks better.",
        ),
    )
