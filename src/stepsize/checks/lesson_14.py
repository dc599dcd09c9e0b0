"""Lesson 14: width, accumulation, rounding, averages, memory, groups."""

import numpy as np

from .exercise import Mistake, by_parts
from .exercise_types import function

TITLE = "14 When the model grows"


# --- 14.1: the rules of μP ----------------------------------------------------------------------


def my_factors(kind, width, base):
    rate = base / width if kind in ("hidden", "output") else 1.0
    start = (base / width) ** 0.5 if kind == "output" else 1.0
    return np.array([rate, start])


@by_parts
def _factors(
    ratio=lambda width, base: base / width,
    slowed=("hidden", "output"),
    shrunk=("output",),
    rate=lambda r: r,
    start=lambda r, width: r**0.5,
    handed_in=lambda pair: pair,
):
    def variant(kind, width, base):
        r = ratio(width, base)
        pair = [rate(r) if kind in slowed else 1.0, start(r, width) if kind in shrunk else 1.0]
        return handed_in(np.array(pair))

    return variant


FACTORS = function(
    "14.1",
    "The rules of μP",
    my_factors,
    {
        "one rate for all": Mistake(
            "You use one rate for all tensors, so the wide network still takes steps that are "
            "too long. Which tensors sum over the width?",
            _factors(slowed=()),
            _factors(slowed=(), shrunk=()),
        ),
        "upside down": Mistake(
            "The wider the network, the lower the rate: the base width goes in the numerator.",
            _factors(ratio=lambda width, base: width / base),
            _factors(rate=lambda r: 1 / r),
        ),
        "output forgotten": Mistake(
            "The output matrix sums over the width, too: its rate has to fall like that of a "
            "hidden matrix.",
            _factors(slowed=("hidden",)),
        ),
        "hidden forgotten": Mistake(
            "You slow the output but not the hidden matrices, which have by far the most weights.",
            _factors(slowed=("output",)),
        ),
        "input too": Mistake(
            "The input matrix sums over pixels, and there are 64 of them whatever the width. "
            "Its rate stays the same.",
            _factors(slowed=("input", "hidden", "output")),
        ),
        "biases too": Mistake(
            "A bias sums over nothing. Its rate stays the same.",
            _factors(slowed=("hidden", "output", "bias")),
        ),
        "everything slowed": Mistake(
            "You slow every tensor. That is just a lower rate; input and biases keep theirs. "
            'An `if` with `or "output"` in it is always true.',
            _factors(slowed=("input", "hidden", "output", "bias")),
        ),
        "root of the rate": Mistake(
            "Your rate falls with the root of the width. Adam's steps agree in sign, so they "
            "add up like the width itself.",
            _factors(rate=lambda r: r**0.5),
        ),
        "squared rate": Mistake(
            "Your rate falls with the square of the width. Twice the width, half the rate.",
            _factors(rate=lambda r: r**2),
        ),
        "start unchanged": Mistake(
            "Your output starts as usual. It should start smaller by a further root of "
            "base / width.",
            _factors(shrunk=()),
        ),
        "start without a root": Mistake(
            "You shrink the start by the whole ratio. The usual start already has one root of "
            "the width in it, so only one more root is needed.",
            _factors(start=lambda r, width: r),
        ),
        "root of the width alone": Mistake(
            "Your root is that of the width alone. It belongs to the whole ratio: "
            "`(base / width) ** 0.5`.",
            _factors(start=lambda r, width: r * width**0.5),
        ),
        "half": Mistake(
            "Your output starts at half the ratio: Python reads `x ** 1 / 2` as half of x. Its "
            "root is `x ** 0.5`.",
            _factors(start=lambda r, width: r / 2),
        ),
        "input starts smaller": Mistake(
            "You make the input start smaller. It's the output that should.",
            _factors(shrunk=("input",)),
        ),
        "hidden start smaller": Mistake(
            "You make the hidden matrices start smaller, too. Theirs stays as it is: the usual "
            "start already has the root of the width in it.",
            _factors(shrunk=("hidden", "output")),
            _factors(shrunk=("hidden",)),
        ),
        "every start smaller": Mistake(
            "Only the output starts smaller. You shrink other tensors as well.",
            _factors(shrunk=("input", "hidden", "output")),
            _factors(shrunk=("input", "bias", "hidden", "output")),
        ),
        "start larger": Mistake(
            "Your output starts larger as the network grows. It should start smaller.",
            _factors(start=lambda r, width: r**-0.5),
        ),
        "without the base": Mistake(
            "That is 1 / width. At the base width nothing should change: both factors are 1 there.",
            _factors(ratio=lambda width, base: 1 / width),
            _factors(start=lambda r, width: width**-0.5),
        ),
        "64 written in": Mistake(
            "You wrote 64, but the base width is an argument.",
            _factors(ratio=lambda width, base: 64 / width),
        ),
        "whole numbers": Mistake(
            "A factor is 0 in every wider network: `//` drops fractions, and so does an array of "
            "whole numbers.",
            _factors(ratio=lambda width, base: base // width),
        ),
        "one factor": Mistake(
            "You return the rate's factor alone. Two are asked for: the rate's, then the start's.",
            _factors(handed_in=lambda pair: pair[0]),
        ),
        "swapped": Mistake(
            "Your two factors are in the wrong order: first the rate's, then the start's.",
            _factors(handed_in=lambda pair: pair[::-1]),
        ),
    },
    cases=[
        (kind, width, base)
        for width, base in ((1024, 64), (128, 32), (48, 48))
        for kind in ("input", "bias", "hidden", "output")
    ],
    praise="At the base width nothing changes, and from there each tensor keeps pace.",
)


# --- 14.2: accumulation -------------------------------------------------------------------------


def my_accumulated(grads, sizes):
    return (sizes[:, None] * grads).sum(axis=0) / sizes.sum()


@by_parts
def _accumulated(
    weight=lambda sizes: sizes,
    total=lambda weights, sizes: weights.sum(),
    kept=lambda grads, sizes: (grads, sizes),
    over=lambda total: total,
):
    def variant(grads, sizes):
        grads, sizes = kept(grads, np.asarray(sizes, dtype=float))
        weights = np.asarray(weight(sizes))
        return (weights[:, None] * grads).sum(axis=0) / over(total(weights, sizes))

    return variant


def _all(weights, sizes):
    return sizes.sum()


def _halved(grads, sizes):
    mean = grads[0]
    for grad in grads[1:]:
        mean = (mean + grad) / 2
    return mean


ACCUMULATED = function(
    "14.2",
    "Accumulation",
    my_accumulated,
    {
        "mean of means": Mistake(
            "That is the mean of the means. An example in the small last batch then counts for "
            "more than one in a full batch. Weight each mean by its size.",
            _accumulated(weight=np.ones_like),
        ),
        "division forgotten": Mistake(
            "You add up the means and never divide: with k micro-batches, the gradient is k times "
            "too long. That is what `loss.backward()` does when it is called k times.",
            _accumulated(weight=np.ones_like, total=lambda weights, sizes: 1.0),
        ),
        "sum over examples": Mistake(
            "That is the sum over all examples. Divide by their number.",
            _accumulated(total=lambda weights, sizes: 1.0),
        ),
        "divided by the number of batches": Mistake(
            "You weight by the sizes and divide by the number of micro-batches. Weights have to "
            "add up to 1: divide by the number of examples.",
            _accumulated(total=lambda weights, sizes: len(sizes)),
        ),
        "all as large as the first": Mistake(
            "You divide as if every micro-batch were as large as the first. The last one isn't.",
            _accumulated(total=lambda weights, sizes: len(sizes) * sizes[0]),
        ),
        "divided twice": Mistake(
            "You divide by the number of examples and by the number of batches. Once is enough.",
            _accumulated(total=lambda weights, sizes: weights.sum() * len(sizes)),
            _accumulated(
                weight=np.ones_like, total=lambda weights, sizes: len(sizes) * sizes.sum()
            ),
        ),
        "sum of means over the examples": Mistake(
            "Each mean has already been divided by its size. Multiply by the size before you "
            "divide by the number of examples.",
            _accumulated(weight=np.ones_like, total=lambda weights, sizes: sizes.sum()),
        ),
        "the small one weighs most": Mistake(
            "You weight a micro-batch by one over its size. The larger it is, the more it counts.",
            _accumulated(weight=lambda sizes: 1 / sizes),
        ),
        "last one dropped": Mistake(
            "You leave the last micro-batch out. It is smaller, but its examples count.",
            _accumulated(kept=lambda grads, sizes: (grads[:-1], sizes[:-1])),
            _accumulated(weight=lambda sizes: [*sizes[:-1], 0.0], total=_all),
        ),
        "only the last": Mistake(
            "Only the last micro-batch is left: each one has overwritten the one before, as when "
            "`zero_grad()` is called in the inner loop.",
            _accumulated(kept=lambda grads, sizes: (grads[-1:], sizes[-1:])),
            _accumulated(weight=lambda sizes: [*(0 * sizes[:-1]), sizes[-1]], total=_all),
        ),
        "first one dropped": Mistake(
            "You leave the first micro-batch out: Python counts from 0.",
            _accumulated(kept=lambda grads, sizes: (grads[1:], sizes[1:])),
            _accumulated(weight=lambda sizes: [0.0, *sizes[1:]], total=_all),
        ),
        "only the first": Mistake(
            "Your answer counts only the first micro-batch. Is there a `return` inside the loop?",
            _accumulated(kept=lambda grads, sizes: (grads[:1], sizes[:1])),
            _accumulated(weight=lambda sizes: [sizes[0], *(0 * sizes[1:])], total=_all),
        ),
        "halved each time": Mistake(
            "Each time, you take the mean of what you have and the newest: the last micro-batch "
            "then counts for half of the total. Weight by the sizes.",
            _halved,
        ),
        "wrong axis": Mistake(
            "You get a number for each micro-batch, not for each parameter. Average over the "
            "micro-batches: axis 0.",
            lambda grads, sizes: grads.mean(axis=1),
            lambda grads, sizes: grads.sum(axis=1),
            lambda grads, sizes: (sizes[:, None] * grads).sum(axis=1) / sizes.sum(),
        ),
        "one number": Mistake(
            "You get one number for all parameters. Each has its own gradient: sum over "
            "axis 0 alone.",
            lambda grads, sizes: grads.mean(),
            lambda grads, sizes: (sizes[:, None] * grads).sum() / sizes.sum(),
            lambda grads, sizes: np.average(
                grads, weights=np.broadcast_to(sizes[:, None], grads.shape)
            ),
        ),
        "squared sizes": Mistake(
            "You weight by the square of the size. The size itself is enough: each example counts "
            "the same.",
            _accumulated(weight=lambda sizes: sizes**2),
        ),
        "root of the sizes": Mistake(
            "You weight by the root of the size. That is right for noise; in a mean, each example "
            "counts the same.",
            _accumulated(weight=np.sqrt),
        ),
    },
    cases=[
        (np.array([[1.0, -2.0], [3.0, 5.0], [-7.0, 4.0]]), np.array([4, 4, 1])),
        (np.array([[0.5], [2.0], [-1.0], [8.0]]), np.array([10, 10, 10, 6])),
        (np.array([[3.0, 1.0, 2.0], [-1.0, 4.0, 9.0]]), np.array([5, 3])),
    ],
    praise="Each example counts the same, whichever micro-batch it came in.",
)


# --- 14.3: stochastic rounding ------------------------------------------------------------------

KEPT = 0xFFFF0000  # the 16 bits of a float32 that bfloat16 has, too
GAP = 0x10000  # from a bfloat16 to the next, in the bits of a float32


def my_stochastic_round(x, noise):
    bits = x.view(np.uint32)
    bits = (bits + noise) & KEPT
    return bits.astype(np.uint32).view(np.float32)


@by_parts
def _rounded(
    before=lambda bits: bits,
    added=lambda bits, noise: bits + noise,
    mask=KEPT,
    cut=lambda bits, mask: bits & mask,
):
    def variant(x, noise):
        bits = before(x.view(np.uint32).astype(np.int64))
        bits = cut(added(bits, noise.astype(np.int64)), mask)
        return bits.astype(np.uint32).view(np.float32)

    return variant


def _cut(bits):
    return (bits & KEPT).astype(np.uint32)


STOCHASTIC = function(
    "14.3",
    "Stochastic rounding",
    my_stochastic_round,
    {
        "cut off": Mistake(
            "You cut the bits off, and the noise has no say: every number is pulled toward 0. "
            "Add the noise first, with `+`: what is carried over into the upper bits rounds up.",
            _rounded(added=lambda bits, noise: bits),
            _rounded(before=lambda bits: bits & KEPT),
        ),
        "to the nearest": Mistake(
            "That is rounding to the nearest: you always add half a gap. Add the noise, so that "
            "chance decides.",
            _rounded(added=lambda bits, noise: bits + 0x8000),
            _rounded(added=lambda bits, noise: bits + 0x7FFF + (bits >> 16 & 1)),
        ),
        "not cut": Mistake(
            "Nothing is cut off: the result still has all 32 bits. Keep only the upper 16.",
            _rounded(cut=lambda bits, mask: bits),
        ),
        "converted": Mistake(
            "`astype` converts: the number 1.0 becomes the whole number 1, with different bits. "
            "`view` looks at the same 32 bits.",
            lambda x, noise: _cut(x.astype(np.int64) + noise).view(np.float32),
            lambda x, noise: _cut(x.astype(np.int64) + noise).astype(np.float32),
        ),
        "bits as a number": Mistake(
            "You return the bits as if they were a number, which is huge. Look at them as a "
            "float32 again: `bits.view(np.float32)`.",
            lambda x, noise: _cut(x.view(np.uint32).astype(np.int64) + noise).astype(float),
        ),
        "added to the number": Mistake(
            "You add the noise to the number x. It belongs to the *bits* of x, which count in "
            "units of the last digit.",
            lambda x, noise: _cut((x + noise).astype(np.float32).view(np.uint32)).view(np.float32),
        ),
        "cut before": Mistake(
            "You cut first and add the noise afterwards. Then the noise stays in the lower bits "
            "and decides nothing.",
            _rounded(before=lambda bits: bits & KEPT, cut=lambda bits, mask: bits),
        ),
        "subtracted": Mistake(
            "You subtract the noise. Then a number is never rounded up, and on average ends up "
            "a gap too low.",
            _rounded(added=lambda bits, noise: bits - noise),
        ),
        "noise and a half": Mistake(
            "You add the noise and half a gap: on average you round up by half a gap too much.",
            _rounded(added=lambda bits, noise: bits + noise + 0x8000),
        ),
        "noise around zero": Mistake(
            "You center the noise first. It is right as it is: cutting takes half a gap away on "
            "average, and the noise gives it back.",
            _rounded(added=lambda bits, noise: bits + noise - 0x8000),
        ),
        "a coin": Mistake(
            "You round up wherever the noise is in its upper half, whatever the number. The closer "
            "a number is to its upper neighbor, the more often it should go up.",
            _rounded(added=lambda bits, noise: bits - bits % GAP + GAP * (noise >= GAP // 2)),
        ),
        "the wrong chance": Mistake(
            "You round up where the noise is larger than the bits to be dropped: the closer to the "
            "upper neighbor, the less often. Round up where both together reach 65,536.",
            _rounded(added=lambda bits, noise: bits - bits % GAP + GAP * (noise > bits % GAP)),
        ),
        "shifted": Mistake(
            "You shift the noise into the upper bits. It belongs to the lower ones, unshifted.",
            _rounded(added=lambda bits, noise: bits + (noise << 16)),
        ),
        "64 bits": Mistake(
            "Your bits are 64 wide, so each number comes out as two: int32 and uint32 together "
            "make int64. Look at x as `np.uint32`.",
            lambda x, noise: (x.view(np.uint32).astype(np.int64) + noise & KEPT).view(np.float32),
        ),
        "half of the noise": Mistake(
            "You add half of the noise, so you round up too rarely.",
            _rounded(added=lambda bits, noise: bits + noise // 2),
        ),
        "lower half": Mistake(
            "Hardly anything is left of the number. Sign, exponent and leading bits are in the "
            "upper 16: these stay where they are.",
            _rounded(mask=0x0000FFFF),
            _rounded(cut=lambda bits, mask: bits >> 16),
        ),
        "float16": Mistake(
            "That keeps 10 bits of the fraction, as float16 does. bfloat16 keeps 7: the mask is "
            "0xFFFF0000.",
            _rounded(mask=0xFFFFE000),
        ),
        "one bit less": Mistake(
            "Your mask is a bit off: of the 32 bits, the upper 16 stay.",
            _rounded(mask=0xFFFE0000),
            _rounded(mask=0xFFFF8000),
        ),
    },
    cases=[
        (
            np.array([1.0001, 1.0039, 1.007, -1.003, 3.1415927, 0.1, -1e-5, 1.5e9], np.float32),
            np.array(noise, np.uint32),
        )
        for noise in (
            [65000, 20000, 100, 40000, 60000, 52428, 30000, 9000],
            [0, 40000, 40000, 20000, 100, 13107, 60000, 50000],
            [65535] * 8,
        )
    ],
    rtol=1e-6,
    praise="The closer a number is to its upper neighbor, the more often it is rounded up.",
)


# --- 14.4: an average of the weights ------------------------------------------------------------


def my_ema(weights, decay):
    average = weights[0]
    for w in weights[1:]:
        average = decay * average + (1 - decay) * w
    return average


def _mixed(average, w, decay):
    return decay * average + (1 - decay) * w


@by_parts
def _ema(
    first=lambda weights: weights[0],
    rest=lambda weights: weights[1:],
    new=_mixed,
    end=lambda average, weights, decay: average,
):
    def variant(weights, decay):
        average = first(weights)
        for w in rest(weights):
            average = new(average, w, decay)
        return end(average, weights, decay)

    return variant


def _powers_of_the_decay(weights, decay):
    average = weights[0]
    for t, w in enumerate(weights[1:], start=1):
        average = _mixed(average, w, decay**t)
    return average


EMA = function(
    "14.4",
    "An average of the weights",
    my_ema,
    {
        "from zero": Mistake(
            "Your average starts at 0, so it is still pulled toward 0. Start it at the first "
            "weights: then nothing has to be corrected.",
            _ema(first=lambda weights: 0 * weights[0], rest=lambda weights: weights),
        ),
        "from zero, first one left out": Mistake(
            "Your average starts at 0 and never sees the first weights. Start it at those.",
            _ema(first=lambda weights: 0 * weights[0]),
        ),
        "corrected": Mistake(
            "You divide by 1 − decayᵗ, as Adam does, to take out a zero. This average starts at "
            "the first weights, so there is no zero in it.",
            _ema(end=lambda average, weights, decay: average / (1 - decay ** len(weights))),
            _ema(
                first=lambda weights: 0 * weights[0],
                rest=lambda weights: weights,
                end=lambda average, weights, decay: average / (1 - decay ** len(weights)),
            ),
        ),
        "exchanged": Mistake(
            "You have swapped the two factors: the decay is what the old average keeps.",
            _ema(new=lambda average, w, decay: (1 - decay) * average + decay * w),
        ),
        "never shrinks": Mistake(
            "You add the new weights in full, so the average grows without end. Their share is "
            "1 − decay.",
            _ema(new=lambda average, w, decay: decay * average + w),
        ),
        "both by the decay": Mistake(
            "You multiply both by the decay. The new weights get the rest, 1 − decay.",
            _ema(new=lambda average, w, decay: decay * average + decay * w),
        ),
        "away": Mistake(
            "You subtract the new weights, so the average moves away from them. It should move "
            "toward them.",
            _ema(new=lambda average, w, decay: decay * average - (1 - decay) * w),
            _ema(new=lambda average, w, decay: average + (1 - decay) * (average - w)),
        ),
        "decay to the t": Mistake(
            "You raise the decay to the power of t, so that the average hardly moves at first and "
            "forgets more and more. Here the decay is the same in each update.",
            _powers_of_the_decay,
        ),
        "the newest two": Mistake(
            "You mix two neighboring rows. The old *average* comes first, not the row before.",
            _ema(end=lambda average, weights, decay: _mixed(weights[-2], weights[-1], decay)),
        ),
        "keeps all": Mistake(
            "The old average isn't multiplied by the decay, so it never forgets, and it grows.",
            _ema(new=lambda average, w, decay: average + (1 - decay) * w),
        ),
        "plain mean": Mistake(
            "That is the plain mean of all weights, which never forgets the bad ones at the start.",
            _ema(end=lambda average, weights, decay: weights.mean(axis=0)),
        ),
        "the last weights": Mistake(
            "That is where the run ended. The question is about the average.",
            _ema(end=lambda average, weights, decay: weights[-1]),
        ),
        "last one left out": Mistake(
            "The newest weights are not in your average.",
            _ema(rest=lambda weights: weights[1:-1]),
        ),
        "first one left out": Mistake(
            "You begin at the second weights. The first ones belong to the average, too.",
            _ema(first=lambda weights: weights[1], rest=lambda weights: weights[2:]),
        ),
        "one update": Mistake(
            "You mix only the first and the last weights. The average moves at every update.",
            _ema(rest=lambda weights: weights[-1:]),
            _ema(rest=lambda weights: weights[1:2]),
        ),
        "all of them": Mistake(
            "You return the average after every update. Return only the last one.",
            lambda weights, decay: np.array(
                [my_ema(weights[: i + 1], decay) for i in range(len(weights))]
            ),
            lambda weights, decay: np.array(
                [my_ema(weights[: i + 2], decay) for i in range(len(weights) - 1)]
            ),
        ),
        "backwards": Mistake(
            "You start at the newest weights and go back, so the oldest count most.",
            lambda weights, decay: my_ema(weights[::-1], decay),
        ),
        "0.9 written in": Mistake(
            "You wrote 0.9, but the decay is an argument.",
            _ema(new=lambda average, w, decay: 0.9 * average + 0.1 * w),
        ),
    },
    cases=[
        (np.array([[1.0, -4.0], [3.0, 2.0], [-2.0, 8.0], [5.0, 1.0]]), 0.8),
        (np.array([[2.0], [-1.0], [4.0], [7.0], [3.0], [-6.0]]), 0.5),
    ],
    praise="It starts at the first weights, and forgets them.",
)


# --- 14.5: bytes --------------------------------------------------------------------------------


def my_bytes(parameters, memories, low, state):
    master = 4 if low < 4 else 0
    return parameters * (2 * low + master + memories * state)


@by_parts
def _bytes(
    twice=lambda low: 2 * low,
    master=lambda low: 4 if low < 4 else 0,
    memory=lambda memories, low, state: memories * state,
    all_of=lambda parameters, each: parameters * each,
):
    def variant(parameters, memories, low, state):
        each = twice(low) + master(low) + memory(memories, low, state)
        return all_of(parameters, each)

    return variant


def _by_the_state(there_is_one):
    def variant(parameters, memories, low, state):
        return parameters * (2 * low + 4 * there_is_one(low, state) + memories * state)

    return variant


BYTES = function(
    "14.5",
    "Bytes",
    my_bytes,
    {
        "counted once": Mistake(
            "Weights and gradients both take `low` bytes per number. You count only one of the "
            "two.",
            _bytes(twice=lambda low: low),
        ),
        "counted three times": Mistake(
            "You count three numbers of `low` bytes. There are two: a weight and its gradient.",
            _bytes(twice=lambda low: 3 * low),
        ),
        "neither counted": Mistake(
            "That is the master copy and the memory. The weights that compute, and their "
            "gradients, take memory, too.",
            _bytes(twice=lambda low: 0),
        ),
        "no master copy": Mistake(
            "If the weights have 2 bytes, a float32 master copy is kept beside them. You "
            "leave it out.",
            _bytes(master=lambda low: 0),
        ),
        "always a master copy": Mistake(
            "If the weights are already float32, there is no second copy. `low` tells you.",
            _bytes(master=lambda low: 4),
        ),
        "master copy by the state": Mistake(
            "Your master copy depends on `state`. It is `low`, the bytes of the weights, that says "
            "whether there is one.",
            _by_the_state(lambda low, state: state < 4),
            _by_the_state(lambda low, state: low < 4 or state < 4),
        ),
        "a short master copy": Mistake(
            "Your master copy has as few bytes as the weights, so it rounds small steps away just "
            "as they do. It has 4.",
            _bytes(master=lambda low: low if low < 4 else 0),
        ),
        "the other way around": Mistake(
            "You add the master copy if the weights are float32, and leave it out if they "
            "have 2 bytes.",
            _bytes(master=lambda low: 0 if low < 4 else 4),
        ),
        "gradients in 32 bits": Mistake(
            "You give the gradients 4 bytes. They have the same type as the weights that "
            "compute: `low`.",
            _bytes(twice=lambda low: low + 4),
        ),
        "memory as the weights": Mistake(
            "You give the optimizer's memory as many bytes as the weights. It has its own: "
            "`state`.",
            _bytes(memory=lambda memories, low, state: memories * low),
        ),
        "memory in 32 bits": Mistake(
            "You always give the optimizer's memory 4 bytes per number. Its size is an argument: "
            "`state`.",
            _bytes(memory=lambda memories, low, state: 4 * memories),
        ),
        "memory forgotten": Mistake(
            "You leave out the optimizer's memory: Adam keeps two numbers per parameter.",
            _bytes(memory=lambda memories, low, state: 0),
        ),
        "one memory": Mistake(
            "You count one number of memory for every optimizer. How many it keeps is an argument.",
            _bytes(memory=lambda memories, low, state: state),
        ),
        "two memories": Mistake(
            "You count Adam's two memories for every optimizer. How many there are is an argument.",
            _bytes(memory=lambda memories, low, state: 2 * state),
        ),
        "bits": Mistake(
            "You count bits. A byte has 8 of them.",
            _bytes(all_of=lambda parameters, each: 8 * parameters * each),
        ),
        "two master copies": Mistake(
            "You give the gradients a float32 copy, too. Only the weights have one: a gradient is "
            "used once, and nothing small is added to it.",
            _bytes(master=lambda low: 8 if low < 4 else 0),
        ),
        "added up": Mistake(
            "You add the number of memories and their bytes. Each memory has that many: multiply.",
            _bytes(memory=lambda memories, low, state: memories + state),
        ),
        "a parameter": Mistake(
            "That is the number of bytes for one parameter. Multiply by the number of parameters.",
            _bytes(all_of=lambda parameters, each: each),
        ),
        "parentheses": Mistake(
            "You multiply weights and gradients by the number of parameters, and leave the rest as "
            "it is: parentheses are missing.",
            lambda parameters, memories, low, state: (
                parameters * 2 * low + (4 if low < 4 else 0) + memories * state
            ),
        ),
        "gigabytes": Mistake(
            "That is in gigabytes, or megabytes. The question asks for bytes.",
            _bytes(all_of=lambda parameters, each: parameters * each / 1e9),
            _bytes(all_of=lambda parameters, each: parameters * each / 2**30),
            _bytes(all_of=lambda parameters, each: parameters * each / 1e6),
            _bytes(all_of=lambda parameters, each: parameters * each / 2**20),
        ),
    },
    cases=[
        (10**9, 2, 4, 4),
        (10**9, 2, 2, 4),
        (10**9, 2, 2, 1),
        (7 * 10**9, 1, 2, 2),
        (5 * 10**8, 3, 4, 2),
        (5 * 10**8, 0, 2, 4),
    ],
    praise="Adam takes 16 bytes per parameter, in float32 and in mixed precision alike.",
)


# --- 14.6: groups -------------------------------------------------------------------------------


def my_group(name, shape):
    matrix = len(shape) >= 2
    outside = name.startswith(("embed", "head"))
    return np.array([matrix and not outside, matrix])


def _larger_than(n):
    return lambda name, shape: np.prod(shape) > n


@by_parts
def _group(
    matrix=lambda name, shape: len(shape) >= 2,
    outside=lambda name: name.startswith(("embed", "head")),
    muon=lambda matrix, outside: matrix and not outside,
    decays=lambda matrix, outside: matrix,
    handed_in=lambda pair: pair,
):
    def variant(name, shape):
        m, o = matrix(name, shape), outside(name)
        return handed_in(np.array([muon(m, o), decays(m, o)]))

    return variant


GROUP = function(
    "14.6",
    "Groups",
    my_group,
    {
        "Muon for all matrices": Mistake(
            "You give every matrix to Muon. Embedding and output have two axes as well, and still "
            "go to AdamW.",
            _group(muon=lambda matrix, outside: matrix),
            _group(outside=lambda name: False),
        ),
        "output to Muon": Mistake(
            "The output, `head`, goes to AdamW, like the embedding.",
            _group(outside=lambda name: name.startswith("embed")),
        ),
        "embedding to Muon": Mistake(
            "The embedding goes to AdamW, like the output.",
            _group(outside=lambda name: name.startswith("head")),
        ),
        "anywhere in the name": Mistake(
            "You look for `head` anywhere in the name, so the heads of an attention, which are "
            "hidden, go to AdamW. The output's name *begins* with it.",
            _group(outside=lambda name: "embed" in name or "head" in name),
        ),
        "by the name": Mistake(
            "You go by the name `weight`, and the gain of a norm is called `weight`, too. Count "
            "the axes.",
            _group(matrix=lambda name, shape: name.endswith("weight")),
            _group(matrix=lambda name, shape: name.endswith("weight") and "norm" not in name),
            _group(matrix=lambda name, shape: not name.endswith(("bias", "norm.weight"))),
        ),
        "everything decays": Mistake(
            "You let everything decay. Biases and the gains of norms shouldn't: shrinking them "
            "doesn't make a function simpler, and there are few of them.",
            _group(decays=lambda matrix, outside: True),
        ),
        "nothing decays": Mistake(
            "You let nothing decay. The matrices should.",
            _group(decays=lambda matrix, outside: False),
        ),
        "only Muon decays": Mistake(
            "You let only Muon's matrices decay. Here the embedding and the output decay, too: "
            "they are matrices.",
            _group(decays=lambda matrix, outside: matrix and not outside),
        ),
        "only AdamW's decays": Mistake(
            "You let only what AdamW steps decay. Here every matrix decays, and no vector does.",
            _group(decays=lambda matrix, outside: not matrix or outside),
            _group(decays=lambda matrix, outside: matrix and outside),
        ),
        "decays by name": Mistake(
            "You go by the name to say what decays. The gain of a norm is called `weight` as well, "
            "and shouldn't decay: count the axes.",
            lambda name, shape: np.array([my_group(name, shape)[0], "bias" not in name]),
            lambda name, shape: np.array([my_group(name, shape)[0], name.endswith("weight")]),
        ),
        "one of them doesn't decay": Mistake(
            "You spare the embedding or the output. Here both decay: they are matrices.",
            lambda name, shape: my_group(name, shape) & [True, not name.startswith("embed")],
            lambda name, shape: my_group(name, shape) & [True, not name.startswith("head")],
        ),
        "decay the wrong way around": Mistake(
            "You have it the wrong way around: matrices decay, vectors don't.",
            _group(decays=lambda matrix, outside: not matrix),
        ),
        "vectors to Muon": Mistake(
            "You give vectors to Muon. It orthogonalizes, and a vector has no singular values to "
            "make equal.",
            _group(muon=lambda matrix, outside: not outside),
            _group(muon=lambda matrix, outside: True),
        ),
        "the wrong optimizer": Mistake(
            "You have it the wrong way around: Muon takes what you give to AdamW.",
            _group(muon=lambda matrix, outside: not (matrix and not outside)),
            _group(muon=lambda matrix, outside: matrix and outside),
        ),
        "one axis": Mistake(
            "In yours, a vector counts as a matrix. A matrix has two axes, or more.",
            _group(matrix=lambda name, shape: len(shape) >= 1),
        ),
        "more than two": Mistake(
            "You ask for more than two axes. A matrix has two.",
            _group(matrix=lambda name, shape: len(shape) > 2),
        ),
        "size": Mistake(
            "You go by how many numbers there are. A long bias is still a vector: count the axes.",
            *(_group(matrix=_larger_than(n)) for n in (64, 100, 300, 1000)),
        ),
        "Muon for nothing": Mistake(
            "You give everything to AdamW. The hidden matrices go to Muon.",
            _group(muon=lambda matrix, outside: False),
        ),
        "convolutions left out": Mistake(
            "The kernel of a convolution has four axes, but is a matrix once three of them are "
            "flattened. Ask for two axes or more.",
            _group(matrix=lambda name, shape: len(shape) == 2),
        ),
        "one answer": Mistake(
            "You return one answer. Two are asked for: whether Muon steps it, whether it decays.",
            _group(handed_in=lambda pair: pair[0]),
        ),
        "swapped": Mistake(
            "Your two answers are in the wrong order: first whether Muon steps it, then whether "
            "it decays.",
            _group(handed_in=lambda pair: pair[::-1]),
        ),
    },
    cases=[
        ("embed.weight", (500, 64)),
        ("blocks.0.attention.weight", (64, 64)),
        ("blocks.0.attention.heads.weight", (64, 64)),
        ("blocks.0.norm.weight", (64,)),
        ("blocks.0.mlp.bias", (256,)),
        ("blocks.1.ln.weight", (64,)),
        ("blocks.1.mix", (16, 16)),
        ("blocks.1.conv.weight", (32, 16, 3, 3)),
        ("blocks.1.gate.weight", (4, 16)),
        ("head.weight", (500, 64)),
        ("head.bias", (500,)),
    ],
    praise="Hidden matrices go to Muon, the rest to AdamW, and only matrices decay.",
)


EXERCISES = (FACTORS, ACCUMULATED, STOCHASTIC, EMA, BYTES, GROUP)
