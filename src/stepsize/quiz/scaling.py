"""Questions on lessons 4 to 6: Adagrad and RMSProp, Adam, its family."""

import math

import numpy as np

from ..loop import descend
from ..optimizers import adagrad, adam, adamw, lion, rmsprop
from ..surfaces import Gradients
from .question import Asked, asked, number, question


def _moved(rule: object, *gradients: float, **hyper: float) -> float:
    """How far the last of these gradients moves a parameter, downhill counted as positive."""
    places = descend(rule, Gradients(gradients), [0.0], len(gradients), **hyper).theta[:, 0]  # type: ignore[arg-type]
    return float(places[-2] - places[-1])


@question(4, g=(0.002, 7.0, 300.0))
def adagrads_first(g: float) -> Asked:
    return asked(
        f"Adagrad's first update, at a rate of 0.1. The gradient is {g:g}. How far does the "
        "parameter move?",
        (
            number(_moved(adagrad, g, lr=0.1)),
            "The gradient is divided by the root of its own square: the rate is left.",
        ),
        (number(0.1 * g), "So SGD. Adagrad divides by the size of what has come."),
        (number(0.1 / g), "Divided once too often: the gradient stands above as well."),
        (
            "0: nothing has come yet",
            "The sum takes in the gradient of this update before it divides.",
        ),
    )


@question(4, t=(25, 100, 400))
def adagrads_hundredth(t: int) -> Asked:
    moved = _moved(adagrad, *[1.0] * t, lr=0.1)
    return asked(
        "Adagrad at a rate of 0.1, and a gradient of 1 in every update. How long is step number "
        f"{t}?",
        (number(moved), "The sum of squares is t, so the step is 0.1 / √t."),
        (number(0.1 / t), "The sum grows as t. But its root is what divides."),
        ("0.1", "That was the first one. The sum never forgets, and grows."),
        (number(0.1 * 0.99**t), "Nothing decays by a factor here. A sum grows."),
    )


@question(4, alpha=(0.9, 0.99))
def rmsprops_first(alpha: float) -> Asked:
    return asked(
        f"RMSProp with alpha {alpha:g}, as PyTorch has it: v starts at 0 and is not corrected. "
        "The rate is 0.01. How long is the first step?",
        (
            number(_moved(rmsprop, 1.0, lr=0.01, alpha=alpha)),
            "v is too small, 1 − alpha of the square. One divides by its root: the step is too "
            "long.",
        ),
        ("0.01", "So Adam, which corrects."),
        (number(0.01 * (1 - alpha)), "v is too small, yes. But it stands below the fraction line."),
        (number(0.01 / (1 - alpha)), "One divides by the root of v."),
    )


@question(4, c=(1000, 10))
def scaled_gradients(c: int) -> Asked:
    return asked(
        f"You multiply the loss by {c}, and leave Adagrad's rate. What becomes of its path? (eps "
        "is far too small to matter.)",
        (
            "it stays the same",
            "Each gradient is divided by the size of all gradients: the factor is gone.",
        ),
        (f"each step is {c} times as long", "So it would be with SGD."),
        (f"each step is {c} times as short", "The gradient stands above the fraction line, too."),
        (
            f"each step is √{c} times as long",
            "The squares grow by the factor's square, their root by the factor.",
        ),
    )


@question(4)
def turned() -> Asked:
    return asked(
        "A ravine along the axes is turned by 45°. Each rule gets its best rate again. Whom does "
        "that harm?",
        (
            "Adagrad: it works axis by axis",
            "Turned, both coordinates are equally steep, and there is nothing to balance.",
        ),
        (
            "gradient descent: it now has two steep axes",
            "Turn the ravine, and gradient descent's path is turned with it.",
        ),
        ("both, by the same amount", "Gradient descent doesn't even know where the axes are."),
        (
            "none: only the names of the axes change",
            "For Adagrad the axes count: it scales each one by itself.",
        ),
    )


@question(4, k=(25, 100))
def rare_word(k: int) -> Asked:
    return asked(
        f"Two weights get gradients of the same size, one in every update, one in every {k}th "
        "only. After a long time: how many times higher is Adagrad's rate for the rare one?",
        (
            number(math.sqrt(k)),
            f"Its sum of squares is {k} times smaller, and the root of that counts.",
        ),
        (f"{k}", "The sums differ by that. The rates differ by its root."),
        (
            "1: the gradients are of one size",
            "But they came a different number of times, and Adagrad sums up.",
        ),
        (number(1 / math.sqrt(k)), "The other way round: whoever has had little goes further."),
    )


@question(5, lr=(0.001, 0.1), g=(0.02, 3.0, 400.0))
def adams_first(lr: float, g: float) -> Asked:
    return asked(
        f"Adam's first update, with a rate of {lr:g}. The gradient is {g:g}. How far does the "
        "parameter move?",
        (
            number(_moved(adam, g, lr=lr)),
            "Corrected, m is the gradient and v its square: m̂ / √v̂ is 1.",
        ),
        (number(lr * g), "So SGD. Adam divides by the gradient's own size."),
        (number(lr * 0.1), "m holds a tenth of the gradient. The correction makes it whole again."),
        (
            number(lr * 0.1 / math.sqrt(0.001)),
            "So without the correction: 0.1 / √0.001 times the rate.",
        ),
    )


@question(5, k=(5, 10, 20))
def how_much_is_left(k: int) -> Asked:
    return asked(
        f"Adam's beta1 is 0.9. Which weight in m has a gradient that came {k} updates ago?",
        (number(0.1 * 0.9**k), "It came in with 1 − 0.9, and lost a tenth in each update since."),
        (number(0.9**k), "It came in with a weight of 0.1, not of 1."),
        ("0.9: 90 % of the past is kept", "90 % of the average is kept, in each update anew."),
        ("0.1", "That was its weight on the day it came."),
    )


@question(5, t=(10, 50, 100))
def correction(t: int) -> Asked:
    v_hat, v = 1.0, 1 - 0.999**t
    return asked(
        f"By what does Adam divide v, to correct it, in update {t}? (beta2 is 0.999.)",
        (number(v / v_hat), "1 − beta2 to the power of t: so much of v has been filled."),
        (number(1 - 0.999), "The power is missing. That holds for the first update only."),
        (
            number(0.999**t),
            "That is what is left of the zero at the start. What is filled is the rest.",
        ),
        (number(1 - 0.999 ** (t - 1)), "An update too few: the first one is t = 1."),
    )


@question(5, t=(1, 5, 12, 50))
def uncorrected(t: int) -> Asked:
    ratio = (1 - 0.9**t) / math.sqrt(1 - 0.999**t)
    return asked(
        "Adam without its correction, default betas, a steady gradient. How long is step number "
        f"{t}, in units of the right one?",
        (
            number(ratio),
            "m is too small, and the root of v is far smaller still. So the early steps are too "
            "long.",
        ),
        (number(1 / ratio), "v stands below: too small a v makes long steps, not short ones."),
        ("1: it doesn't matter", "It does, for thousands of updates: beta2 is 0.999."),
        (number(1 - 0.9**t), "That is m alone. v is too small as well, and its root divides."),
    )


@question(5, lr=(0.001, 0.01))
def to_and_fro(lr: float) -> Asked:
    moved = abs(_moved(adam, *[1.0, -1.0] * 200, lr=lr))
    return asked(
        f"Gradients of +1 and −1 in turn, Adam's defaults, a rate of {lr:g}. How long are the "
        "steps, after a long time?",
        (number(moved), "m nearly cancels, √v̂ stays 1. Contradiction makes Adam's steps short."),
        (number(lr), "So long are they only where the gradients agree."),
        (
            "0",
            "m doesn't cancel completely: the last gradient weighs a little more than the one "
            "before.",
        ),
        (
            number(lr * 0.1),
            "The last gradient has that weight. The one before takes half of it away, and so on.",
        ),
    )


@question(5, lr=(0.01, 0.001))
def as_small_as_eps(lr: float) -> Asked:
    return asked(
        f"Adam at a rate of {lr:g}, with eps = 1e-8. All gradients of a weight are 1e-8. How "
        "long is its first step?",
        (
            number(_moved(adam, 1e-8, lr=lr)),
            "g / (g + eps): half. So eps is small only beside the gradients.",
        ),
        (number(lr), "As long as eps is small beside the gradient. Here it is as large."),
        (number(lr / math.sqrt(2)), "So with eps inside the root, and squared."),
        ("0", "eps damps, it doesn't stop."),
    )


@question(5, g=(3.0, 0.5))
def what_v_is(g: float) -> Asked:
    return asked(
        f"A gradient of {g:g} in every update. To what does Adam's v come?",
        (number(g**2), "v is the mean of the squares. The mean gradient is not subtracted."),
        ("0", "So would the variance. v is no variance: nothing is subtracted."),
        (number(g), "That is m. v has the unit of a square."),
        ("it grows without end", "So does Adagrad's sum. v is a mean that forgets."),
    )


@question(6, lr=(0.01, 0.02), decay=(0.1, 0.5))
def decay_alone(lr: float, decay: float) -> Asked:
    left = float(adamw(np.array([1.0]), np.array([0.0]), 1, lr=lr, weight_decay=decay).theta[0])
    return asked(
        f"AdamW as PyTorch has it, a rate of {lr:g}, weight_decay {decay:g}. A weight of 1 gets "
        "no gradient at all. What is it after one update?",
        (f"{left:.5g}", "1 − rate · decay: the decay needs no gradient."),
        ("1", "So with SGD or Adam without decay. This decay pulls on its own."),
        (f"{1 - decay:.5g}", "PyTorch multiplies the decay by the rate."),
        (f"{1 - lr:.5g}", "The rate alone doesn't shrink anything."),
    )


@question(6, w=(5.0, 0.5), lr=(0.001, 0.01))
def l2_alone(w: float, lr: float) -> Asked:
    moved = _moved_from(w, lr)
    return asked(
        f"Adam with an L2 penalty of 0.01, a rate of {lr:g}. A weight of {w:g} gets no gradient "
        "from the data. What is it after the first update?",
        (
            f"{moved:.6g}",
            "The penalty's gradient goes through Adam, and comes out as long as any: the rate.",
        ),
        (
            f"{w * (1 - lr * 0.01):.6g}",
            "So with AdamW or SGD. Adam divides the penalty's gradient by its own size.",
        ),
        (f"{w:.6g}", "The penalty pulls all the same: its gradient is 0.01 times the weight."),
        (
            f"{w * (1 - lr):.6g}",
            "Its length does not depend on the weight. That is what is strange about it.",
        ),
    )


def _moved_from(w: float, lr: float) -> float:
    step = adam(np.array([w]), np.array([0.0]), 1, lr=lr, weight_decay=0.01)
    return float(step.theta[0])


@question(6)
def the_same_for() -> Asked:
    return asked(
        "For which of these are an L2 penalty and a decoupled decay the same, with the right "
        "numbers?",
        (
            "plain SGD",
            "There the penalty's gradient is multiplied by the rate, and by nothing else.",
        ),
        (
            "Adam",
            "It divides the penalty's gradient by √v̂, so weights with large gradients hardly "
            "decay.",
        ),
        ("RMSProp", "It divides, as Adam does."),
        ("every one: they are two names", "For plain SGD only. That is why there is an AdamW."),
    )


@question(6, c=(2, 10))
def a_lower_rate(c: int) -> Asked:
    return asked(
        f"PyTorch's AdamW: you divide lr by {c}, and leave weight_decay. How strong is the decay "
        "in each update now?",
        (f"1/{c} of before", "What shrinks a weight is the product of lr and weight_decay."),
        ("as before", "In the paper it would be. PyTorch multiplies it by lr."),
        (f"{c} times as strong", "The product gets smaller, not larger."),
        (f"1/{c**2} of before", "lr comes in once."),
    )


@question(6)
def never_forgets() -> Asked:
    return asked(
        "A single gradient of 100, and then 1 for 10,000 updates. How long are the steps in the "
        "end?",
        (
            "Adam's are the rate, AMSGrad's a fraction of it",
            "AMSGrad divides by the largest v that there ever was. Adam's v forgets.",
        ),
        ("both are the rate", "AMSGrad keeps the maximum: its v never falls again."),
        (
            "AMSGrad's are the rate, Adam's a fraction of it",
            "The other way round: Adam is the one that forgets.",
        ),
        ("both are a fraction of the rate", "Adam's v has a memory of some 1000 updates."),
    )


@question(6, lr=(0.0001, 0.003), g=(0.02, 50.0))
def lions_step(lr: float, g: float) -> Asked:
    moved = _moved(lion, g, lr=lr)
    return asked(
        f"Lion's first update, at a rate of {lr:g}, without decay. The gradient is {g:g}. How "
        "far does the weight move?",
        (
            number(moved),
            "It takes the sign only. So all weights move equally far, and its rates are small.",
        ),
        (number(lr * g), "Lion doesn't look at sizes."),
        (number(lr * 0.1), "A tenth of the gradient comes in. But then only the sign is taken."),
        (number(lr * g**2), "There is no square in Lion."),
    )
