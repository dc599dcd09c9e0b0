"""Lesson 12: momentum with the rate inside, eps and decay converted, epochs in updates."""

import math

import numpy as np

from .exercise import Mistake, by_parts
from .exercise_types import function

TITLE = "12 In the frameworks"


# --- 12.1: momentum, the rate inside ------------------------------------------------------------


def keras_momentum(theta, grads, rates, momentum):
    velocity = 0.0
    for grad, lr in zip(grads, rates, strict=True):
        velocity = momentum * velocity - lr * grad
        theta = theta + velocity
    return theta


@by_parts
def _keras(
    used=lambda rates: rates,
    kept=lambda velocity, momentum, lr: momentum * velocity,
    pushed=lambda grad, lr, momentum: lr * grad,
    velocity=lambda kept, pushed: kept - pushed,
    which=lambda new, old: new,
    scaled=lambda velocity, lr: velocity,
    ahead=lambda move, pushed, momentum: move,
    stepped=lambda theta, move: theta + move,
    out=lambda path, velocities: path[-1],
):
    def variant(theta, grads, rates, momentum):
        now, path, velocities = 0.0, [theta], []
        for grad, lr in zip(grads, used(rates), strict=True):
            old, push = now, pushed(grad, lr, momentum)
            now = velocity(kept(old, momentum, lr), push)
            move = ahead(scaled(which(now, old), lr), push, momentum)
            theta = stepped(theta, move)
            path.append(theta)
            velocities.append(now)
        return out(path, velocities)

    return variant


KERAS = function(
    "12.1",
    "Momentum, the rate inside",
    keras_momentum,
    {
        "outside": Mistake(
            "That is PyTorch's convention: your rate multiplies the whole velocity. Here it "
            "multiplies each gradient, once, as it comes in.",
            _keras(
                pushed=lambda grad, lr, momentum: grad,
                scaled=lambda velocity, lr: lr * velocity,
            ),
        ),
        "uphill": Mistake(
            "You walk uphill. A step goes against the gradient.",
            _keras(velocity=lambda kept, pushed: kept + pushed),
            _keras(stepped=lambda theta, move: theta - move),
        ),
        "both signs": Mistake(
            "You subtract the old velocity, so each update takes back part of the one before. "
            "Only the gradient has a minus sign.",
            _keras(velocity=lambda kept, pushed: -kept - pushed),
        ),
        "mean": Mistake(
            "Your velocity is a mean: the gradient is weighted by 1 - momentum. Keras uses all of "
            "it.",
            _keras(pushed=lambda grad, lr, momentum: (1 - momentum) * lr * grad),
            _keras(
                pushed=lambda grad, lr, momentum: (1 - momentum) * grad,
                scaled=lambda velocity, lr: lr * velocity,
            ),
        ),
        "nesterov": Mistake(
            "You look one step ahead: that is Nesterov's momentum. Here theta moves by the "
            "velocity.",
            _keras(ahead=lambda move, pushed, momentum: momentum * move - pushed),
        ),
        "gradient on top": Mistake(
            "The gradient counts twice: it is already in the velocity, and your step adds it once "
            "more.",
            _keras(ahead=lambda move, pushed, momentum: move - pushed),
        ),
        "old velocity": Mistake(
            "You move by the velocity of the update before. Add the gradient first, then move.",
            _keras(which=lambda new, old: old),
        ),
        "twice": Mistake(
            "You multiply by the rate twice: in the velocity, and again in the step.",
            _keras(scaled=lambda velocity, lr: lr * velocity),
            _keras(pushed=lambda grad, lr, momentum: lr**2 * grad),
        ),
        "no rate": Mistake(
            "The rate plays no part in your steps. It should multiply each gradient.",
            _keras(pushed=lambda grad, lr, momentum: grad),
        ),
        "no momentum": Mistake(
            "Each of your steps knows only its own gradient. Keep the velocity, and add to it.",
            _keras(kept=lambda velocity, momentum, lr: 0.0),
        ),
        "never fades": Mistake(
            "Your velocity never fades: momentum plays no part in it.",
            _keras(kept=lambda velocity, momentum, lr: velocity),
        ),
        "momentum on all": Mistake(
            "Your momentum multiplies the new gradient, too. It applies to the old velocity only.",
            _keras(pushed=lambda grad, lr, momentum: momentum * lr * grad),
        ),
        "swapped": Mistake(
            "You keep 1 - momentum of the velocity. momentum itself is the fraction to keep.",
            _keras(kept=lambda velocity, momentum, lr: (1 - momentum) * velocity),
        ),
        "rate on all": Mistake(
            "Your rate multiplies the old velocity, too. Each gradient was already multiplied by "
            "its rate when it came in.",
            _keras(kept=lambda velocity, momentum, lr: lr * momentum * velocity),
        ),
        "one rate": Mistake(
            "You use one rate throughout. Each update has its own.",
            _keras(used=lambda rates: [rates[0]] * len(rates)),
            _keras(used=lambda rates: [rates[-1]] * len(rates)),
        ),
        "rates shifted": Mistake(
            "Your updates use each other's rates. The first gradient goes with the first rate, "
            "and so on.",
            _keras(used=lambda rates: [*rates[1:], rates[-1]]),
            _keras(used=lambda rates: [rates[0], *rates[:-1]]),
            _keras(used=lambda rates: rates[::-1]),
        ),
        "left too early": Mistake(
            "You stop after the first update. Is there a `return` inside the loop?",
            _keras(out=lambda path, velocities: path[1]),
        ),
        "the velocity": Mistake(
            "That is the velocity. Return theta at the end.",
            _keras(out=lambda path, velocities: velocities[-1]),
        ),
        "the path": Mistake(
            "These are all the points along the way. Return only the last one.",
            _keras(out=lambda path, velocities: path),
            _keras(out=lambda path, velocities: path[1:]),
        ),
    },
    cases=[
        (1.0, [1.0, 1.0, 0.0, 0.0], [0.1, 0.1, 0.01, 0.01], 0.9),
        (0.0, [1.0, -2.0, 0.5], [0.1, 0.2, 0.4], 0.5),
        (2.0, [0.3] * 8, [0.1, 0.2, 0.3, 0.4, 0.4, 0.2, 0.1, 0.0], 0.8),
    ],
    praise="One line has moved. At a constant rate nobody can tell the two apart.",
)


# --- 12.2: Adam's eps, from Keras to PyTorch ----------------------------------------------------


def torch_eps(keras_eps, beta2, t):
    return keras_eps / (1 - beta2**t) ** 0.5


@by_parts
def _eps(
    given=lambda eps: eps,
    power=lambda beta2, t: np.float64(beta2) ** t,
    filled=lambda power: 1 - power,
    root=lambda filled: filled**0.5,
    convert=lambda eps, root: eps / root,
):
    def variant(keras_eps, beta2, t):
        with np.errstate(all="ignore"):
            return convert(given(keras_eps), root(filled(power(beta2, t))))

    return variant


EPS = function(
    "12.2",
    "Adam's eps, from Keras to PyTorch",
    torch_eps,
    {
        "times": Mistake(
            "You multiply where you should divide. Early on, the root of v is far too small, so an "
            "eps added to it weighs more, not less.",
            _eps(convert=lambda eps, root: eps * root),
        ),
        "no root": Mistake(
            "Almost. eps is added to the root of v, and the correction divides v itself. So what "
            "is eps divided by?",
            _eps(root=lambda filled: filled),
        ),
        "half for a root": Mistake(
            "Python reads `x**1/2` as half of `x**1`, because powers come before division. Put "
            "the exponent in parentheses, or write 0.5.",
            _eps(root=lambda filled: filled / 2),
            _eps(root=lambda filled: 2 * filled),
        ),
        "square for a root": Mistake(
            "You square the correction. It divides v, and eps is added to v's root.",
            _eps(root=lambda filled: filled**2),
        ),
        "unchanged": Mistake(
            "The same eps is right only once the correction has faded. At update 1 it isn't.",
            _eps(convert=lambda eps, root: eps),
        ),
        "no power": Mistake(
            "The correction fades as training goes on: beta2 to the power t.",
            _eps(power=lambda beta2, t: beta2),
        ),
        "uncorrected": Mistake(
            "Your eps keeps growing with t. The correction is 1 minus that power.",
            _eps(filled=lambda power: power),
        ),
        "plus": Mistake(
            "The power is subtracted from 1: 1 minus, not 1 plus.",
            _eps(filled=lambda power: 1 + power),
        ),
        "one too many": Mistake(
            "You are an update ahead. At update t the power is t itself.",
            _eps(power=lambda beta2, t: np.float64(beta2) ** (t + 1)),
        ),
        "one too few": Mistake(
            "You are an update behind, and divide by 0 in the first one. At update t the power is "
            "t itself.",
            _eps(power=lambda beta2, t: np.float64(beta2) ** (t - 1)),
        ),
        "times t": Mistake(
            "You multiply beta2 by t. Python writes a power with two asterisks.",
            _eps(power=lambda beta2, t: np.float64(beta2) * t),
        ),
        "power of the rest": Mistake(
            "You raise 1 - beta2 to the power t. Raise beta2 to it, then subtract from 1.",
            _eps(power=lambda beta2, t: (1 - beta2) ** t, filled=lambda power: power),
            _eps(power=lambda beta2, t: (1 - beta2) ** t),
        ),
        "t below": Mistake(
            "You divide by t, or by its root. The correction fades much faster: with a power of "
            "beta2.",
            lambda eps, beta2, t: eps / t,
            lambda eps, beta2, t: eps / t**0.5,
        ),
        "squared": Mistake(
            "Squaring is what moves an eps from outside a root to inside it. Here both are "
            "outside; what differs is the correction.",
            _eps(given=lambda eps: eps**2),
            _eps(given=lambda eps: eps**2, convert=lambda eps, root: eps),
        ),
        "root of eps": Mistake(
            "Your root includes eps. Only the correction goes under it.",
            _eps(given=lambda eps: eps**0.5),
        ),
    },
    cases=[
        (0.1, 0.999, 1),
        (0.1, 0.999, 100),
        (1.0, 0.9, 3),
        (0.5, 0.99, 40),
        (0.2, 0.3, 2),
    ],
    atol=1e-9,
    praise="The difference is largest in the first update, and fades with the correction.",
)


# --- 12.3: weight decay, per update and per rate ------------------------------------------------


def torch_decay(part, lr):
    return part / lr


@by_parts
def _decay(
    shrunk=lambda part: part,
    rate=lambda lr: lr,
    convert=lambda part, lr: part / lr,
    out=lambda decay, lr: decay,
):
    def variant(part, lr):
        return out(convert(shrunk(part), rate(lr)), lr)

    return variant


DECAY = function(
    "12.3",
    "Weight decay, per update and per rate",
    torch_decay,
    {
        "times": Mistake(
            "PyTorch will multiply by the rate. If you have already done so, it happens twice.",
            _decay(convert=lambda part, lr: part * lr),
        ),
        "unchanged": Mistake(
            "If you pass it on as it is, it gets multiplied by the rate, and ends up far too weak.",
            _decay(convert=lambda part, lr: part),
        ),
        "upside down": Mistake(
            "Your fraction is upside down: the less the weights should shrink, the stronger your "
            "decay.",
            _decay(convert=lambda part, lr: lr / part),
            _decay(convert=lambda part, lr: 1 / (part * lr)),
        ),
        "what is left": Mistake(
            "1 minus the decay is what is left of a weight. The question is the decay.",
            _decay(shrunk=lambda part: 1 - part),
            _decay(out=lambda decay, lr: 1 - decay),
            _decay(shrunk=lambda part: 1 - part, convert=lambda part, lr: part),
        ),
        "half": Mistake(
            "The 2 belongs to the penalty in a loss, and comes from its slope. This decay doesn't "
            "have it.",
            _decay(rate=lambda lr: 2 * lr),
            _decay(shrunk=lambda part: 2 * part),
        ),
        "compounded": Mistake(
            "That is for many small decays in a row. Here each update has one decay, and "
            "multiplies once.",
            lambda part, lr: 1 - (1 - part) ** (1 / lr),
            lambda part, lr: 1 - (1 - part) ** lr,
            _decay(shrunk=lambda part: -math.log(1 - part)),
        ),
        "twice": Mistake(
            "You divide by the rate twice. PyTorch multiplies by it once.",
            _decay(out=lambda decay, lr: decay / lr),
        ),
        "root": Mistake(
            "You have a root or a square too many. Nothing is squared in a decay.",
            _decay(out=lambda decay, lr: decay**0.5),
            _decay(rate=lambda lr: lr**0.5),
            _decay(shrunk=lambda part: part**0.5),
            _decay(shrunk=lambda part: part**2),
        ),
        "minus": Mistake(
            "The rate isn't added to a decay or subtracted from it: it multiplies. How do you undo "
            "that?",
            _decay(convert=lambda part, lr: part - lr),
            _decay(convert=lambda part, lr: lr - part),
            _decay(convert=lambda part, lr: part + lr),
        ),
        "only the rate": Mistake(
            "The part by which the weights should shrink doesn't appear in your answer.",
            _decay(shrunk=lambda part: 1.0),
            _decay(convert=lambda part, lr: lr),
        ),
        "percent": Mistake(
            "`part` is a fraction, not a percentage. There is nothing to convert.",
            _decay(shrunk=lambda part: 100 * part),
            _decay(shrunk=lambda part: part / 100),
        ),
        "sign": Mistake(
            "Your decay is negative, so the weights would grow. PyTorch's update already has the "
            "minus sign.",
            _decay(out=lambda decay, lr: -decay),
        ),
        "whole numbers": Mistake(
            "You return a whole number. Are you using `//`, which drops the fraction?",
            _decay(convert=lambda part, lr: part // lr),
        ),
    },
    cases=[(0.001, 0.1), (0.003, 0.004), (0.2, 0.5), (0.3, 0.05)],
    praise="So a sweep over lr at a fixed weight_decay is a sweep over the decay, too.",
)


# --- 12.4: from epochs to updates ---------------------------------------------------------------


def in_updates(epochs, examples, batch_size):
    return np.asarray(epochs) * np.ceil(examples / batch_size)


@by_parts
def _in_updates(
    counted=lambda epochs: epochs,
    each=lambda n, size: math.ceil(n / size),
    times=lambda epochs, each: epochs * each,
    out=lambda updates: updates,
):
    def variant(epochs, examples, batch_size):
        return out(times(counted(np.asarray(epochs)), each(examples, batch_size)))

    return variant


IN_UPDATES = function(
    "12.4",
    "From epochs to updates",
    in_updates,
    {
        "last batch lost": Mistake(
            "The last batch of an epoch may be smaller than the others, but it makes an update "
            "all the same. You leave it out.",
            _in_updates(each=lambda n, size: n // size),
        ),
        "to the nearest": Mistake(
            "You round to the nearest integer, so a small last batch gets lost. It counts, however "
            "small.",
            _in_updates(each=lambda n, size: round(n / size)),
        ),
        "rounded too late": Mistake(
            "Each epoch ends with its own smaller batch, and the next one starts afresh. Round up "
            "once per epoch, not once at the end.",
            _in_updates(each=lambda n, size: n / size, out=np.ceil),
            _in_updates(each=lambda n, size: n / size, out=np.floor),
            _in_updates(each=lambda n, size: n / size, out=np.round),
        ),
        "not rounded": Mistake(
            "An update can't be a fraction. How many updates is the last, smaller batch of an "
            "epoch?",
            _in_updates(each=lambda n, size: n / size),
        ),
        "epochs": Mistake(
            "These are still epochs. The scheduler would cut the rate after that many updates, in "
            "the first epoch.",
            _in_updates(times=lambda epochs, each: epochs),
        ),
        "one epoch": Mistake(
            "That is how many updates one epoch has. Multiply it by each milestone.",
            _in_updates(times=lambda epochs, each: 0 * epochs + each),
            _in_updates(times=lambda epochs, each: each),
        ),
        "examples": Mistake(
            "You count examples. It takes a whole batch of them to make one update.",
            _in_updates(each=lambda n, size: n),
        ),
        "batch size": Mistake(
            "You multiply by the batch size. A larger batch means fewer updates.",
            _in_updates(each=lambda n, size: size),
            _in_updates(each=lambda n, size: n * size),
        ),
        "upside down": Mistake(
            "You divide the batch size by the examples, or by the updates. How many batches does "
            "an epoch have?",
            _in_updates(each=lambda n, size: size / n),
            _in_updates(times=lambda epochs, each: epochs / each),
        ),
        "always one more": Mistake(
            "Where the batches come out even, you have one update too many.",
            _in_updates(each=lambda n, size: n // size + 1),
        ),
        "one fewer each": Mistake(
            "Each of your epochs is one update short.",
            _in_updates(each=lambda n, size: math.ceil(n / size) - 1),
        ),
        "an update early": Mistake(
            "You are one update early: with a milestone of m, the first m updates still have the "
            "old rate. Keras is the one that wants m - 1.",
            _in_updates(out=lambda updates: updates - 1),
        ),
        "an update late": Mistake(
            "You are one update late: with a milestone of m, the first m updates have the old "
            "rate, and no more.",
            _in_updates(out=lambda updates: updates + 1),
        ),
        "an epoch off": Mistake(
            "You are one epoch early or late: a milestone of m epochs comes after m complete ones.",
            _in_updates(counted=lambda epochs: epochs - 1),
            _in_updates(counted=lambda epochs: epochs + 1),
        ),
        "added up": Mistake(
            "You add up the milestones, or take their differences. Each one counts from the start "
            "of training.",
            _in_updates(out=np.cumsum),
            _in_updates(out=np.diff),
            _in_updates(out=lambda updates: np.diff(updates, prepend=0)),
            _in_updates(out=np.sum),
        ),
        "added": Mistake(
            "You add epochs and updates. Each epoch has all its updates: multiply.",
            _in_updates(times=lambda epochs, each: epochs + each),
        ),
        "only one": Mistake(
            "There should be a number for each milestone. You return only one.",
            _in_updates(out=lambda updates: updates[0]),
            _in_updates(out=lambda updates: updates[-1]),
        ),
    },
    cases=[
        (np.array([30, 60, 90]), 50_000, 128),
        (np.array([1, 2]), 10, 4),
        (np.array([3, 5]), 12, 4),
        (np.array([2, 7]), 13, 4),
    ],
    praise="An epoch of 50,000 images in batches of 128 is 391 updates, the last one small.",
)


EXERCISES = (KERAS, EPS, DECAY, IN_UPDATES)
