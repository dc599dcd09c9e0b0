"""Questions on lesson 13: the gradient of a layer is a matrix."""

from .question import Asked, asked, number, question


def _row(values: tuple[float, ...]) -> str:
    return ", ".join(number(x) for x in values)


@question(13, s=((4, 1, 0.25), (9, 1, 0.04), (100, 4, 0.25)))
def one_gradient(s: tuple[float, ...]) -> Asked:
    return asked(
        f"Shampoo's first gradient has the singular values {_row(s)}. Which singular values does "
        "its first step have, at a rate of 1 and without eps?",
        ("1, 1, 1", "The two fourth roots divide each value by itself: U times V transposed."),
        (_row(tuple(x**0.5 for x in s)), "That is with one of the two roots. There are two."),
        (_row(s), "That is SGD's step."),
        (_row(tuple(1 / x for x in s)), "That would be the inverse: too much of it."),
    )


@question(13, steps=(2, 3, 4))
def small_value(steps: int) -> Asked:
    return asked(
        f"Newton–Schulz with Muon's a = 3.4445, {steps} steps. By about what factor does a "
        "singular value of 0.00001 grow?",
        (number(3.4445**steps), "For a small value only the first term counts: a, once a step."),
        (number(3.4445 * steps), "Each step multiplies; that is adding."),
        (number(1.5**steps), "That is the cubic, whose a is 1.5."),
        (number(1e5), "It takes more steps than that to get near 1."),
    )


@question(13, angle=(30, 45, 60))
def keeps_its_pace(angle: int) -> Asked:
    return asked(
        f"A ravine along the axes is rotated by {angle}°, and the start with it. Which of these "
        "still makes exactly the same progress?",
        ("SGD", "It has one rate for all directions, so its path is rotated as well."),
        ("Adagrad", "Its rates belong to coordinates, and the ravine no longer does."),
        ("RMSProp", "It forgets old squares, but its rates are still those of coordinates."),
        ("none of them", "One of them has no rates for coordinates at all."),
    )


@question(13)
def given_to_muon() -> Asked:
    return asked(
        "A language model's parameters, in two groups. Which of these is usually given to Muon?",
        (
            "the 512 × 2048 weights of a hidden layer",
            "A matrix, and its directions mean something.",
        ),
        (
            "the 50,000 × 512 embedding",
            "A matrix in shape, but each row belongs to one word: left to Adam.",
        ),
        (
            "the weights of the normalization layers",
            "They are vectors, and have no singular values.",
            "the weights of the norms",
        ),
        ("all of these", "The other two usually go to Adam."),
    )


@question(13, m_batch=((768, 524288), (32, 32), (1024, 65536)))
def price_of_muon(m_batch: tuple[int, int]) -> Asked:
    m, batch = m_batch
    return asked(
        f"Muon, five steps, on a matrix whose short side is {m}; the batch has {batch:,} "
        "examples, or tokens. What does it cost, at most, as a fraction of what the gradient "
        "costs?",
        (
            f"{number(100 * 5 * m / batch)}%",
            "5 m / B: Muon's matrix products don't depend on the batch.",
            f"{number(100 * 5 * m / batch)} %",  # as first drawn
        ),
        (
            f"{number(100 * m / batch)}%",
            "That is one step of the five.",
            f"{number(100 * m / batch)} %",  # as first drawn
        ),
        (
            f"{number(100 * 25 * m / batch)}%",
            "The five steps are counted twice.",
            f"{number(100 * 25 * m / batch)} %",  # as first drawn
        ),
        (
            "300%",
            "Its products don't grow with the batch, but those of the gradient do.",
            "300 %",  # as first drawn
        ),
    )
