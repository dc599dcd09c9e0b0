"""What the form for each of a lesson's predictions offers: choices to click, numbers, or words.

The question is in the lesson. Here is its form, keyed by the words that the question begins with;
one that isn't listed has a single field for words.
"""

from typing import Any

__all__ = ["FORMS", "Field", "words"]

Field = dict[str, Any]  # its label, and its options or its unit


def choice(*options: str, label: str = "") -> Field:
    return dict(kind="choice", label=label, options=options)


def number(unit: str = "", label: str = "") -> Field:
    return dict(kind="number", label=label, unit=unit)


def words(label: str = "Your prediction") -> Field:
    return dict(kind="words", label=label)


def yes_no(label: str = "") -> Field:
    return choice("yes", "no", label=label)


def numbers(*labels: str, unit: str = "") -> list[Field]:
    return [number(unit, label) for label in labels]


RULES = "SGD", "momentum", "Adam"
FIVE = "SGD", "momentum", "Nesterov", "Adagrad", "RMSProp", "Adam"  # of lesson 9
COUSINS = "Adam", "AMSGrad", "NAdam", "RAdam", "Adamax", "Lion"
SERIES = "constant", "noisy", "rare", "flipping", "× 1000"

FORMS: dict[str, dict[str, list[Field]]] = {
    "01": {
        "on the parabola": [words("0.1"), words("1"), words("1.9"), words("2.1")],
        "the border at": [number()],
        "is there a loss for which 10": [yes_no("10"), yes_no("0.000001")],
        "what is the largest rate": [choice("2/1", "2/25", "2 over the mean curvature")],
    },
    "02": {
        "a batch 100 times as large": [number("times less noisy")],
        "after one epoch": [choice("1", "8", "32", "128", "all 1000")],
        "which has the lowest loss after ten": [
            choice(*RULES, label="the lowest"),
            choice(*RULES, label="the highest"),
            number(label="the ratio of the two losses"),
        ],
        "if each may use its own best": [
            choice(*RULES, label="after 320 steps"),
            words("by how much"),
            choice(*RULES, label="after 5"),
        ],
        "mini-batches of 1, 2, 4, 8": [
            words("share that leaves the poor valley"),
            words("share that ends in the good one"),
        ],
        "with the same noise in both": [yes_no()],
    },
    "03": {
        "gradient descent runs at its best": numbers("κ = 10", "κ = 100", "κ = 1000", unit="steps"),
        "add up these six gradients": [choice("along", "across")],
        "the same ravine and the same rate": [yes_no()],
        "where on the map": [
            choice(
                "at the largest momentum", "at the largest rate that doesn't diverge", "elsewhere"
            )
        ],
        "for ten times the condition number": [number("times the steps")],
        "what is the condition number of the raw": [
            *numbers("raw", "only centered", "only scaled", "both"),
            choice("centering", "scaling", "both", label="what does the work"),
        ],
        "you have a choice": [
            choice("momentum on the raw data", "plain gradient descent on the standardized data")
        ],
        "with the same rate and momentum": [
            yes_no("the same path, if nothing changes"),
            yes_no("if the rate drops"),
            yes_no("if the momentum changes"),
        ],
        "and after 400 steps": [choice("the darkest cell", "the formula")],
        "SGD at rate 0.02 against": [choice("SGD", "momentum", "neither")],
    },
    "04": {
        "some words are frequent": [number("%")],
        "how long is Adagrad's very first": numbers(
            "for a gradient of 40", "for a gradient of 0.001"
        ),
        "so far, this was the loss on the training": [yes_no()],
        "with sgd, the weight that rarely": [choice("as far as the other", "less far", "further")],
        "which of the three does best in": [
            choice("SGD", "Adagrad", "RMSProp", label="best in the first thousand"),
            number("updates", label="back from 0 to 3"),
        ],
        "and the first step, with": [choice("shorter", "equally long", "longer")],
        "the ravine again, with no noise": [
            choice("across", "along", "diagonally", label="the first step"),
            yes_no("does it come to rest at the bottom?"),
        ],
        "which rule suffers": [choice("SGD", "Adagrad", "both")],
    },
    "05": {
        '"0.9 means that 90%': [choice("true", "not true")],
        "your Adam of exercise 5.1": [
            choice("too short", "right", "too long", label="the first steps"),
            number("lr", label="the longest"),
        ],
        "the curvature is 25 times as large": [
            choice("across", "along", "diagonally", label="momentum"),
            choice("across", "along", "diagonally", label="RMSProp"),
            choice("across", "along", "diagonally", label="Adam"),
            number(label="Adam's, in each coordinate"),
        ],
        "four weights get their first": numbers("0.001", "1", "40", "−1,000,000"),
        "here are the four gradients": [
            choice(*SERIES, label="the longest steps"),
            choice(*SERIES, label="the shortest"),
        ],
        "the rate is 1": [words("Adagrad's"), words("Adam's")],
        "is 10^{-8} small": [yes_no()],
        "you divide your loss by": [words("with eps = 1e-8"), words("with eps = 1e-3")],
        "can you tell from their losses": [yes_no()],
        "you choose all the gradients": [choice("grow", "shrink", "stay the same")],
        "with the usual \\beta_1": [
            choice("1", "7", "10", label="it turns in update"),
            number("updates", label="shorter than half of lr for"),
        ],
        "which rule suffers": [words("the rule that suffers"), yes_no("does Adam beat plain SGD?")],
    },
    "06": {
        "are the two the same for Adam": [yes_no()],
        "which of the two does L2 shrink": [
            choice("A", "B", "both alike", label="under Adam"),
            choice("A", "B", "both alike", label="under SGD"),
        ],
        "what happens to these weights": [
            words("Adam, L2, λ = 0.0001"),
            words("Adam, L2, λ = 0.000001"),
            words("AdamW"),
        ],
        "with \\lambda = 0.1, that is": [
            yes_no("do SGD and Adam both end up there?"),
            words("AdamW ends up"),
        ],
        "your weight_decay is 0.1": numbers("in PyTorch", "under the paper's convention"),
        "one gradient of +31": [choice("up", "down")],
        "all of them get a gradient of 100": [words(name) for name in COUSINS if name != "AMSGrad"],
        "who wins? And whose best rate": [
            choice(*COUSINS, label="the winner"),
            choice(*COUSINS, label="the smallest best rate"),
            choice(*COUSINS, label="the largest"),
        ],
    },
    "07": {
        "one long run at rate 0.08": [
            choice("the one at 0.08", "the one at half that rate", label="the lower one"),
            number(label="by a factor of"),
        ],
        "300 updates. By how much": [
            words("the best beats the best constant rate by"),
            yes_no("is there one that doesn't beat it?"),
        ],
        "does the cosine lower the loss": [
            yes_no("the loss on the training set"),
            yes_no("the error on the held-out images"),
        ],
        "at the same peak rate, which": [
            choice("constant", "cosine", label="after 200 updates"),
            number(label="by a factor of"),
            choice("constant", "cosine", label="after 300"),
        ],
        "the learning rate in epochs 1": [
            *numbers("epoch 1", "epoch 11", "epoch 21", "epoch 31", "Adam's β₁")
        ],
        "4 epochs of 3 batches": [words("in the outer loop"), words("in the inner one")],
    },
    "08": {
        "0.015 is four times as high": [
            choice("in a quarter of the updates", "in about as many", "not at all")
        ],
        "the same model, the same rate": [choice("better", "stuck later")],
        "as the warmup gets longer": [
            yes_no("the best loss gets better"),
            yes_no("the range of good rates gets wider"),
            words("it makes worse"),
        ],
        "on the new seeds, is the best": [
            yes_no("is the one with warmup lower?"),
            number("of 20", label="on how many"),
        ],
        "the stuck run ends up giving": [
            choice("in the first 10 updates", "between 10 and 40", "later")
        ],
        "from this picture": [yes_no()],
        "and in the tenth update": [choice("further", "less far", "the same")],
        "for each whether it learns": [
            yes_no("pre-LN"),
            yes_no("two layers"),
            yes_no("RAdam"),
            yes_no("AdamW"),
            yes_no("β₂ = 0.98"),
        ],
    },
    "09": {
        "who wins? By how much": [
            choice(*FIVE, label="first"),
            words("by how much"),
            choice(*FIVE, label="last"),
        ],
        "change one thing: the rate is now 1": [
            choice(*FIVE, label="at a rate of 1"),
            choice(*FIVE, label="at PyTorch's defaults"),
        ],
        "plotted against the rate": [
            choice(*FIVE, label="the widest U"),
            yes_no("are the lowest points equally low?"),
        ],
        "choose momentum's rate with": [yes_no()],
        "momentum minus Adam": [yes_no("the test loss"), yes_no("the training loss")],
        "the same images, ten repeats": [number("of ten")],
        "suppose the training loss is": [words("who is ahead"), number("of ten", label="in")],
        "on which of the three is SGD": [words("as good on"), words("behind on")],
        "150 updates aren't many": [choice("never", "just takes longer")],
    },
    "10": {
        "which rate is best after 200": [
            number(label="the best rate"),
            words("ten times lower"),
            words("ten times higher"),
        ],
        "at which rate will the loss": [choice("at the best rate", "below it", "above")],
        "make the test four times as long": [
            choice("lower", "the same", "higher", label="it begins to fall at a rate that is"),
            choice("lower", "the same", "higher", label="it is lowest at a rate that is"),
        ],
        "linear regression with SGD": [number(label="a batch size of")],
        "at a rate of 0.1 the border": [
            choice("down", "up to the border", "past it", label="the sharpness"),
            words("the loss"),
        ],
        "at a rate of 0.4 the border": [yes_no()],
        "a small network, but at update": [words("without clipping"), words("clipped to 1")],
    },
    "11": {
        "which of the nine ends": [
            number(label="the lowest held-out loss: patient"),
            number(label="a cure all the same: patient"),
        ],
        "a network with 100,000 weights": [
            words("the optimizer"),
            number(label="the rate"),
            words("the warmup"),
        ],
    },
    "12": {
        "which of the three move": [
            choice(
                "all of them", "PyTorch and Keras", "PyTorch and Optax", "Keras and Optax", "none"
            )
        ],
        "for each: who agrees": [
            words("momentum"),
            words("RMSprop with momentum"),
            words("Adam"),
            words("AMSGrad"),
            words("AdamW"),
        ],
        "Keras's default is": [number()],
        "from PyTorch to Optax": [
            choice("inside", "outside", label="the rate"),
            words("weight_decay"),
            choice("before", "after", label="the clipping"),
        ],
    },
    "13": {
        "the ravine of lesson 1 is rotated": [
            yes_no("does SGD get slower?"),
            yes_no("Adagrad?"),
            yes_no("Adam?"),
        ],
        "are the gradient's singular values": [
            choice("about equal", "a few large", label="the gradient's"),
            choice("about equal", "a few large", label="Adam's step"),
        ],
        "which of the two converges to 1": [
            choice("cubic", "quintic", label="converges to 1"),
            choice("cubic", "quintic", label="better in five steps"),
        ],
        "where does the first axis point": numbers(
            "after one gradient", "after a hundred", unit="°"
        ),
        "which has the lowest training loss": [
            words("the lowest"),
            choice("a few percent", "a factor", label="ahead by"),
        ],
        "how many updates of Adam": [
            number("updates of Adam"),
            choice("Adam", "Muon", label="which is ahead then"),
        ],
    },
    "14": {
        "what about width 1024": [choice("rise", "fall", "stay")],
        "take one update of Adam": [number("times as far")],
        "what do the two blue lines look like": [words("the standard form"), words("μP")],
        "you add up the eight gradients": [words("SGD's training"), words("Adam's")],
        "does twice the batch mean": [yes_no("half the updates"), yes_no("all the way up to 512")],
        "what becomes of 1e-8": [words("1e-8"), words("70,000"), words("1 − 0.0001")],
        "a weight starts at 1": numbers("rounded to the nearest", "with the bits cut off"),
        "after 1500 updates": [choice("the trunk", "its average", "the last branch")],
        "which is better here": [choice("a straight line", "1 − √")],
        "Adam trains a model of 7 billion": [
            number("GB", label="in float32"),
            number("GB", label="weights and gradients in bfloat16"),
        ],
        "Keras and Optax each have": [yes_no("Keras"), yes_no("Optax")],
    },
}
