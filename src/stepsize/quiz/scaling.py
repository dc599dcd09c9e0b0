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
        "Adagrad's first update, at a rate of 0.1. Its sum starts at 0, as in PyTorch. The "
        f"gradient is {g:g}. How far does the parameter move?",
        (
            number(_moved(adagrad, g, lr=0.1)),
            "The gradient is divided by the root of its own square: the rate is left.",
        ),
        (
            number(0.1 * g),
            "That is SGD's step. Adagrad divides by the size of the gradients so far.",
        ),
        (
            number(0.1 / g),
            "Divided once too often: the gradient is in the numerator, too.",
        ),
        (
            "0: nothing has come yet",
            "The sum takes in the gradient of this update before it divides.",
        ),
    )


@question(4, t=(25, 100, 400))
def adagrads_hundredth(t: int) -> Asked:
    moved = _moved(adagrad, *[1.0] * t, lr=0.1)
    return asked(
        "Adagrad at a rate of 0.1, its sum starting at 0, and a gradient of 1 in every update. How "
        f"long is step number {t}?",
        (number(moved), "The sum of squares is t, so the step is 0.1 / √t."),
        (number(0.1 / t), "The sum grows as t. But you divide by its root."),
        ("0.1", "That was the first one. The sum never forgets, so it grows."),
        (number(0.1 * 0.99**t), "Nothing decays by a constant factor here. The sum grows."),
    )


@question(4, alpha=(0.9, 0.99))
def rmsprops_first(alpha: float) -> Asked:
    return asked(
        f"RMSProp with alpha {alpha:g}, as PyTorch has it: v starts at 0 and is not corrected. "
        "The rate is 0.01. How long is the first step? (eps is far too small to matter.)",
        (
            number(_moved(rmsprop, 1.0, lr=0.01, alpha=alpha)),
            "v is too small: it is 1 − alpha of the square. The gradient is divided by its root, "
            "so the step is too long.",
        ),
        ("0.01", "That would be Adam, which corrects."),
        (
            number(0.01 * (1 - alpha)),
            "v is too small, yes. But it is in the denominator.",
        ),
        (number(0.01 / (1 - alpha)), "You divide by the root of v."),
    )


@question(4, c=(1000, 10))
def scaled_gradients(c: int) -> Asked:
    return asked(
        f"You multiply the loss by {c}, and leave the rate of PyTorch's Adagrad as it is. What "
        "happens to its path? (eps is far too small to matter.)",
        (
            "it stays the same",
            "Each gradient is divided by the size of all the gradients so far: the factor cancels.",
        ),
        (f"each step is {c} times as long", "That would be SGD."),
        (
            f"each step is 1/{c} as long",
            "The gradient in the numerator grows as well.",
            f"each step is {c} times as short",
        ),
        (
            f"each step is √{c} times as long",
            "The squares grow by the square of the factor, so their root grows by the factor.",
        ),
    )


@question(4)
def turned() -> Asked:
    return asked(
        "A ravine along the axes is rotated by 45°, with its start. Gradient descent and "
        "Adagrad each get their best rate again. Which of them suffers?",
        (
            "Adagrad: it works axis by axis",
            "Once rotated, both coordinates are equally steep, and there is nothing to balance.",
        ),
        (
            "gradient descent: it now has two steep axes",
            "Rotate the ravine, and gradient descent's path just rotates with it.",
        ),
        ("both, by the same amount", "Gradient descent doesn't even know where the axes are."),
        (
            "neither: only the names of the axes change",
            "The axes matter to Adagrad: it scales each one by itself.",
            "none: only the names of the axes change",
        ),
    )


@question(4, k=(25, 100))
def rare_word(k: int) -> Asked:
    return asked(
        "Two weights get gradients of the same size, one in every update, the other only in every "
        f"{k}th. After a long time: how many times higher is Adagrad's effective rate for the "
        "rare one?",
        (
            number(math.sqrt(k)),
            f"Its sum of squares is {k} times smaller, and you divide by its square root.",
        ),
        (f"{k}", "That is how the sums differ. The rates differ by its square root."),
        (
            "1: the gradients have the same size",
            "But they came a different number of times, and Adagrad adds them up.",
            "1: the gradients are of one size",
        ),
        (
            number(1 / math.sqrt(k)),
            "It's the other way around: the weight that has had few gradients takes longer steps.",
        ),
    )


@question(5, lr=(0.001, 0.1), g=(0.02, 3.0, 400.0))
def adams_first(lr: float, g: float) -> Asked:
    return asked(
        f"Adam's first update, at a rate of {lr:g}. The gradient is {g:g}. How far does the "
        "parameter move?",
        (
            number(_moved(adam, g, lr=lr)),
            "Corrected, m is the gradient and v its square: m̂ / √v̂ is 1.",
        ),
        (number(lr * g), "That is SGD's step. Adam divides by the gradient's own size."),
        (number(lr * 0.1), "m holds a tenth of the gradient. The correction makes it whole again."),
        (
            number(lr * 0.1 / math.sqrt(0.001)),
            "That is without the correction: 0.1 / √0.001 times the rate.",
        ),
    )


@question(5, k=(5, 10, 20))
def how_much_is_left(k: int) -> Asked:
    return asked(
        f"Adam's beta1 is 0.9. In m, what is the weight of a gradient that came {k} updates ago?",
        (
            number(0.1 * 0.9**k),
            "It came in with a weight of 1 − 0.9, and has lost a tenth in each update since.",
        ),
        (number(0.9**k), "It came in with a weight of 0.1, not of 1."),
        (
            "0.9: 90% of the past is kept",
            "90% of the average is kept in each update, again and again.",
            "0.9: 90 % of the past is kept",  # as first drawn
        ),
        ("0.1", "That was its weight in the update in which it came in."),
    )


@question(5, t=(10, 50, 100))
def correction(t: int) -> Asked:
    v_hat, v = 1.0, 1 - 0.999**t
    return asked(
        f"What does Adam divide v by, to correct it, in update {t}? (beta2 is 0.999, and the "
        "updates are counted from 1.)",
        (number(v / v_hat), "1 − beta2 to the power of t: that much of v has been filled."),
        (number(1 - 0.999), "The power is missing. That is right only for the first update."),
        (
            number(0.999**t),
            "That is what is left of the zero at the start. What has been filled is the rest.",
        ),
        (number(1 - 0.999 ** (t - 1)), "One update too few: the first one has t = 1."),
    )


@question(5, t=(1, 5, 12, 50))
def uncorrected(t: int) -> Asked:
    ratio = (1 - 0.9**t) / math.sqrt(1 - 0.999**t)
    return asked(
        f"Adam without its correction, default betas, a steady gradient. How long is step {t}, in "
        "units of what it should be?",
        (
            number(ratio),
            "m is too small, and the root of v is smaller still. So the early steps are too long.",
        ),
        (number(1 / ratio), "v is in the denominator: if v is too small, the steps are too long."),
        ("1: it doesn't matter", "It does, for thousands of updates: beta2 is 0.999."),
        (
            number(1 - 0.9**t),
            "That is m alone. v is too small as well, and you divide by its root.",
        ),
    )


@question(5, lr=(0.001, 0.01))
def to_and_fro(lr: float) -> Asked:
    moved = abs(_moved(adam, *[1.0, -1.0] * 200, lr=lr))
    return asked(
        f"Gradients of +1 and −1 in turn, Adam's defaults, a rate of {lr:g}. How long are the "
        "steps, after a long time?",
        (
            number(moved),
            "m almost cancels, while √v̂ stays 1. Gradients that disagree make Adam's steps short.",
        ),
        (number(lr), "They are that long only if the gradients agree."),
        (
            "0",
            "m doesn't cancel completely: the last gradient weighs a little more than the one "
            "before.",
        ),
        (
            number(lr * 0.1),
            "That is the weight of the last gradient. The earlier ones, alternately against it and"
            " with it, leave about half of that.",
        ),
    )


@question(5, lr=(0.01, 0.001))
def as_small_as_eps(lr: float) -> Asked:
    return asked(
        f"PyTorch's Adam at a rate of {lr:g}, with eps = 1e-8. All gradients of a weight are 1e-8. "
        "How long is its first step?",
        (
            number(_moved(adam, 1e-8, lr=lr)),
            "g / (g + eps) is a half. So eps is only small beside gradients that are larger.",
        ),
        (
            number(lr),
            "That holds as long as eps is small beside the gradient. Here the two are equal.",
        ),
        (number(lr / math.sqrt(2)), "That is for eps² inside the root."),
        ("0", "eps shortens the step; it doesn't stop it."),
    )


@question(5, g=(3.0, 0.5))
def what_v_is(g: float) -> Asked:
    return asked(
        f"A gradient of {g:g} in every update. Where does Adam's v settle?",
        (number(g**2), "v is the mean of the squares. The mean gradient is not subtracted."),
        ("0", "The variance would. But v isn't a variance: nothing is subtracted."),
        (number(g), "That is m. v has the unit of a square."),
        ("it grows without end", "Adagrad's sum does. v is an average that forgets."),
    )


@question(6, lr=(0.01, 0.02), decay=(0.1, 0.5))
def decay_alone(lr: float, decay: float) -> Asked:
    left = float(adamw(np.array([1.0]), np.array([0.0]), 1, lr=lr, weight_decay=decay).theta[0])
    return asked(
        f"AdamW as in PyTorch, a rate of {lr:g}, weight_decay {decay:g}. A weight of 1 has a "
        "gradient of 0. What is the weight after the first update?",
        (f"{left:.5g}", "1 − rate · decay: the decay needs no gradient."),
        ("1", "That is SGD or Adam without decay. This decay pulls by itself."),
        (f"{1 - decay:.5g}", "PyTorch multiplies the decay by the rate."),
        (f"{1 - lr:.5g}", "The rate alone doesn't shrink anything."),
    )


@question(6, w=(5.0, 0.5), lr=(0.001, 0.01))
def l2_alone(w: float, lr: float) -> Asked:
    moved = _moved_from(w, lr)
    return asked(
        f"Adam with an L2 penalty of 0.01, a rate of {lr:g}. The data give a weight of {w:g} a "
        "gradient of 0. What is the weight after the first update?",
        (
            f"{moved:.6g}",
            "The penalty's gradient goes through Adam, so the step is as long as any first step "
            "of Adam's: the rate.",
        ),
        (
            f"{w * (1 - lr * 0.01):.6g}",
            "That is AdamW or SGD. Adam divides the penalty's gradient by its own size.",
        ),
        (f"{w:.6g}", "The penalty still pulls: its gradient is 0.01 times the weight."),
        (
            f"{w * (1 - lr):.6g}",
            "The length of the step doesn't depend on the weight. That is the strange part.",
        ),
    )


def _moved_from(w: float, lr: float) -> float:
    step = adam(np.array([w]), np.array([0.0]), 1, lr=lr, weight_decay=0.01)
    return float(step.theta[0])


@question(6)
def the_same_for() -> Asked:
    return asked(
        "For which of these are an L2 penalty and decoupled decay the same, given the right "
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
        (
            "all of them: two names for one thing",
            "Of these, only for plain SGD. That is why AdamW exists.",
            "every one: they are two names",
        ),
    )


@question(6, c=(2, 10))
def a_lower_rate(c: int) -> Asked:
    return asked(
        f"PyTorch's AdamW: you divide lr by {c}, and leave weight_decay alone. How strong is the "
        "decay in each update now?",
        (
            f"1/{c} of what it was",
            "It is the product of lr and weight_decay that shrinks a weight.",
            f"1/{c} of before",
        ),
        ("as before", "In the paper it would be. PyTorch multiplies the decay by lr."),
        (f"{c} times as strong", "The product gets smaller, not larger."),
        (f"1/{c**2} of what it was", "lr is in the product only once.", f"1/{c**2} of before"),
    )


@question(6)
def never_forgets() -> Asked:
    return asked(
        "A single gradient of 100, and then 1 for 10,000 updates. How long are the steps by then?",
        (
            "Adam's are as long as the rate, AMSGrad's only a fraction of it",
            "AMSGrad divides by the root of the largest v so far. Adam's v forgets.",
            "Adam's are the rate, AMSGrad's a fraction of it",
        ),
        (
            "both are as long as the rate",
            "AMSGrad keeps the maximum: its v never falls again.",
            "both are the rate",
        ),
        (
            "AMSGrad's are as long as the rate, Adam's only a fraction of it",
            "It's the other way around: Adam is the one that forgets.",
            "AMSGrad's are the rate, Adam's a fraction of it",
        ),
        (
            "both are only a fraction of the rate",
            "Adam's v remembers only about 1000 updates.",
            "both are a fraction of the rate",
        ),
    )


@question(6, lr=(0.0001, 0.003), g=(0.02, 50.0))
def lions_step(lr: float, g: float) -> Asked:
    moved = _moved(lion, g, lr=lr)
    return asked(
        f"Lion's first update, at a rate of {lr:g}, without decay. The gradient is {g:g}. How "
        "far does the weight move?",
        (
            number(moved),
            "Lion takes only the sign. So all weights move equally far, and its rates are small.",
        ),
        (number(lr * g), "Lion ignores the size of the gradient."),
        (number(lr * 0.1), "A tenth of the gradient comes in, but then Lion takes only the sign."),
        (number(lr * g**2), "There is no square in Lion."),
    )
