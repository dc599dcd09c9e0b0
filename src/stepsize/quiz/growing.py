"""Questions on lesson 14: what has to change when the model grows."""

from .question import Asked, asked, number, question


@question(14, width=(256, 1024, 4096))
def wider(width: int) -> Asked:
    return asked(
        "Adam's best rate for a network of width 64 is 0.01. Which rate do μP's rules give the "
        f"hidden matrices at width {width}?",
        (number(0.01 * 64 / width), "Their sums have more terms that agree: 1 / width."),
        (number(0.01 * (64 / width) ** 0.5), "The root is for terms whose signs are random."),
        ("0.01", "That is the input's rate, and the biases'."),
        (number(0.01 * width / 64), "The wrong way around: a wider layer moves too far already."),
    )


@question(14, last=(16, 32))
def uneven(last: int) -> Asked:
    right = (64 * 1 + last * 6) / (64 + last)
    return asked(
        f"An update gathers two micro-batches, of 64 and of {last} examples. Their mean gradients "
        "are 1 and 6. What is the gradient of the whole batch?",
        (number(right), "Each example counts the same, so the means are weighted by the sizes."),
        ("3.5", "The mean of the means: examples of the small one count for more."),
        ("7", "The sum: the division is missing."),
        (
            number((last * 1 + 64 * 6) / (64 + last)),
            "The weights are swapped: the small micro-batch gets the larger one.",
        ),
    )


@question(14, step=(0.0001, 0.0005, 0.001))
def stands_still(step: float) -> Asked:
    return asked(
        f"A weight of 1 is kept in bfloat16, and {step:g} is subtracted 100 times, rounding to the "
        "nearest each time. Where does it end?",
        ("1", "Below 1 the gap is 0.0039: less than half of it is rounded away, every time."),
        (number(1 - 100 * step), "That is where float32 ends. bfloat16 has 8 significant bits."),
        (number(1 - 100 * 2**-8), "It would, if each step were rounded up to a whole gap."),
        ("0", "bfloat16 has float32's range: nothing underflows here."),
    )


@question(14, billions=(1, 7, 13))
def gigabytes(billions: int) -> Asked:
    return asked(
        f"Adam trains {billions} billion parameters in mixed precision: weights and gradients in "
        "bfloat16, master weights and both memories in float32. How many gigabytes is that, "
        "without the activations?",
        (f"{16 * billions}", "2 + 2 + 4 + 4 + 4 bytes per parameter, as many as in plain float32."),
        (f"{8 * billions}", "That is half of pure float32. The master copy is in the way."),
        (f"{12 * billions}", "That leaves the master weights out."),
        (
            f"{4 * billions}",
            "That is one float32 number per parameter. Adam's two memories alone are two.",
        ),
    )


@question(14)
def beyond_the_bend() -> Asked:
    return asked(
        "SGD on the digits data set, each batch size at its own best rate. From batches of 4 to "
        "batches of 64 the updates to a target fell to about a fifth. What did going from 128 to "
        "512 bring?",
        ("hardly fewer", "The rate is limited by the curvature there, no longer by noise."),
        ("a quarter as many", "Only where noise limits the rate, on smaller batches."),
        ("half as many", "The root would do that. Here the gain ended altogether."),
        (
            "four times as many",
            "Per step, a larger batch does no harm. It just costs more examples.",
        ),
    )
