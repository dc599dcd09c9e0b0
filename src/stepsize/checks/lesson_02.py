"""Lesson 2: mini-batches. Two answers draw at random, so they are judged by what always holds."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

from .exercise import Exercise, Mistake, Moment, Seen, Wrong, by_parts
from .exercise_types import array, call, number, something

TITLE = "2 One example, a handful, or all"


# --- 2.1: draw a mini-batch ---------------------------------------------------------------------

N, BATCH = 12, 4


def my_batch(X, y, batch_size, rng):
    chosen = rng.choice(len(X), size=batch_size, replace=False)
    return X[chosen], y[chosen]


def _chosen_by(choose: Callable[..., Any]) -> Callable[..., Any]:
    """A way to draw a batch, made from a way to choose its indices."""

    def draw(X, y, batch_size, rng):
        chosen = choose(len(X), batch_size, rng)
        return X[chosen], y[chosen]

    return draw


def _block(n, size, rng):
    return rng.integers(n - size + 1) + np.arange(size)


def _apart(X, y, batch_size, rng):
    return my_batch(X, y, batch_size, rng)[0], my_batch(X, y, batch_size, rng)[1]


def _seen_batches(answer: Any) -> Seen:
    """Sixty batches of 4 out of 12, as facts that hold for all of them; a false one is a mistake.

    By chance, a right answer fails at most about once in 10^9 times: one of the 12 examples is
    missing from all 60 batches with probability 12 (2/3)^60.
    """
    seen, rng = Seen(), np.random.default_rng(0)
    batches = [_batch(answer, rng, seen) for _ in range(60)]
    rng = np.random.default_rng(0)
    again = [_batch(answer, rng, seen) for _ in range(3)]
    different = {frozenset(rows) for rows, _ in batches}
    one, few = len(different) == 1, len(different) < 20
    blocks = not one and all(map(_is_a_block, different))
    facts = {
        "size": any(len(rows) != BATCH for rows, _ in batches),
        "apart": any(rows != targets for rows, targets in batches),
        "first ones": different == {frozenset(range(BATCH))},
        "always the same": one and different != {frozenset(range(BATCH))},
        "with replacement": any(len(set(rows)) < len(rows) for rows, _ in batches),
        "block": blocks,
        "few batches": few and not one and not blocks,
        "own randomness": again != batches[:3],
        "left out": not few and frozenset.union(*different) != frozenset(range(N)),
    }
    seen.moments = [Moment(str, facts)]
    return seen


def _is_a_block(indices: frozenset[int]) -> bool:
    """Whether they are neighbors, counting the last and the first as neighbors, too."""
    ends = sum((i + 1) % N not in indices for i in indices)
    return len(indices) > 1 and ends == 1


def _batch(answer: Any, rng: np.random.Generator, seen: Seen) -> tuple[list[int], list[int]]:
    """A batch as the indices of its rows and of its targets."""
    X, y = np.stack([np.arange(N) + 0.5, np.arange(N) ** 2 / 7], axis=1), 100.0 - np.arange(N)
    result = call(answer, "my_batch(X, y, batch_size, rng)", (X, y, BATCH, rng), {}, seen.faults)
    _two(result)
    rows, targets = map(array, result)
    if rows.ndim != 2 or rows.shape[1:] != X.shape[1:] or targets.ndim != 1:
        shapes = f"{rows.shape} and {targets.shape}"
        raise Wrong(
            "shapes",
            f"From X of shape {X.shape} and y of shape {y.shape}, you make a batch of {BATCH} "
            f"with the shapes {shapes}. It should hold {BATCH} rows of X and {BATCH} numbers.",
        )
    known = [np.flatnonzero((row == X).all(1)) for row in rows]
    known += [np.flatnonzero(y == target) for target in targets]
    if any(len(found) != 1 for found in known):
        raise Wrong("no examples", "Your batch contains rows or targets that aren't in X or y.")
    found = [int(where[0]) for where in known]
    return found[: len(rows)], found[len(rows) :]


def _two(result: Any) -> None:
    if isinstance(result, tuple | list) and len(result) == 2:
        return
    something(result)
    raise Wrong(
        "not two",
        "Return two things, separated by a comma: the examples and their targets.",
    )


MINI_BATCH = Exercise(
    "2.1",
    "Draw a mini-batch",
    my_batch,
    {
        "size": Mistake(
            "Your batch doesn't hold `batch_size` examples.",
            _chosen_by(lambda n, size, rng: rng.permutation(n)),
            _chosen_by(lambda n, size, rng: rng.permutation(n)[: size - 1]),
            _chosen_by(lambda n, size, rng: rng.random(n) < size / n),
            _chosen_by(lambda n, size, rng: [rng.integers(n)]),
        ),
        "apart": Mistake(
            "Examples and targets got separated: a row of X comes with another row's target. Draw "
            "once, and use the same draw for both.",
            _apart,
            lambda X, y, batch_size, rng: (rng.permutation(X)[:batch_size], y[:batch_size]),
        ),
        "first ones": Mistake(
            "Your batch is always the beginning of the data. Nothing is drawn at random.",
            _chosen_by(lambda n, size, rng: slice(0, size)),
        ),
        "always the same": Mistake(
            "Every call gives the same batch. Either nothing is drawn, or you create a new "
            "generator with the same seed each time: use `rng`.",
            _chosen_by(lambda n, size, rng: np.random.default_rng(0).permutation(n)[:size]),
            _chosen_by(lambda n, size, rng: slice(n - size, n)),
            _chosen_by(lambda n, size, rng: slice(0, n, n // size)),
        ),
        "with replacement": Mistake(
            "Some examples are in a batch twice. Draw as you would from a deck of cards: once a "
            "card is drawn, it is gone.",
            _chosen_by(lambda n, size, rng: rng.choice(n, size)),
            _chosen_by(lambda n, size, rng: rng.integers(0, n, size)),
        ),
        "block": Mistake(
            "Your examples are always neighbors. Data is often sorted, and neighbors look "
            "alike, so such a batch is a poor sample of the whole.",
            _chosen_by(_block),
            _chosen_by(lambda n, size, rng: rng.integers(n // size) * size + np.arange(size)),
            _chosen_by(lambda n, size, rng: (rng.integers(n) + np.arange(size)) % n),
        ),
        "few batches": Mistake(
            "You draw one of a few fixed batches, so the same examples always come together. Draw "
            "the examples one by one.",
            _chosen_by(lambda n, size, rng: slice(rng.integers(n // size), n, n // size)),
        ),
        "own randomness": Mistake(
            "With the same `rng` in the same state, your batch is different each time, so the "
            "randomness comes from somewhere else. A run like that can never be repeated.",
            _chosen_by(lambda n, size, rng: np.random.default_rng().permutation(n)[:size]),
        ),
        "left out": Mistake(
            "Some examples never get drawn, not once in 60 batches. All of them should have the "
            "same chance.",
            _chosen_by(lambda n, size, rng: rng.choice(n - 1, size, replace=False)),
            _chosen_by(lambda n, size, rng: 1 + rng.choice(n - 1, size, replace=False)),
        ),
    },
    _seen_batches,
    praise=(
        "No example comes twice, each brings its own target, and the same rng draws the same "
        "batch again."
    ),
)


# --- 2.2: an epoch of SGD -----------------------------------------------------------------------

LR = 0.1
MOVES = "in how far each example moves theta, in units of lr times its gradient"
SIGNATURE = "my_epoch(theta, X, y, lr, batch_size, rng)"


def my_epoch(theta, X, y, lr, batch_size, rng):
    order = rng.permutation(len(X))
    for first in range(0, len(X), batch_size):
        chosen = order[first : first + batch_size]
        error = X[chosen] @ theta - y[chosen]
        theta = theta - lr * 2 * error @ X[chosen] / len(chosen)
    return theta


@by_parts
def _epoch(
    pairs=lambda X, y, rng: (X, y),
    order=lambda n, rng: rng.permutation(n),
    cut=lambda order, size: [order[i : i + size] for i in range(0, len(order), size)],
    deal=None,
    error=lambda X, y, theta: X @ theta - y,
    over=lambda here, size, n: here,
    factor=2,
    rate=lambda lr, size: lr,
    at=lambda now, start: now,
    end=lambda start, now: now,
):
    """deal: makes the batches from n, size and rng, instead of cutting up an order."""

    def variant(theta, X, y, lr, batch_size, rng):
        (X, y), now, n = pairs(X, y, rng), theta, len(X)
        batches = deal(n, batch_size, rng) if deal else cut(order(n, rng), batch_size)
        for chosen in batches:
            miss = error(X[chosen], y[chosen], at(now, theta))
            gradient = factor * miss @ X[chosen] / over(len(miss), batch_size, n)
            now = now - rate(lr, batch_size) * gradient
        return end(theta, now)

    return variant


def _blocks(n, size):
    return [np.arange(first, min(first + size, n)) for first in range(0, n, size)]


def _seen_epochs(answer: Any) -> Seen:
    faults: dict[str, str] = {}
    return Seen(_epochs(answer, faults), faults)


def _epochs(answer: Any, faults: dict[str, str]) -> Iterator[Moment]:
    """Epochs, judged by what doesn't depend on the order of the examples.

    If the examples are orthogonal, each moves theta in its own direction, and how far, relative to
    its gradient, is the same in any order. If they aren't, the order shows.
    A fact named after a mistake is true of that mistake only, however long the steps are.
    An answer with its own randomness goes undetected if it ends at the same point three times by
    chance, with a probability below 10^-6.
    """
    even = [_shares(answer, 6, 2, 0, faults)]
    yield Moment(lambda: MOVES, {"n = 6, batches of 2": np.sort(even[0])})
    odd, threes = (_shares(answer, 5, size, 0, faults) for size in (2, 3))
    sizes = {"n = 5, batches of 2": np.sort(odd), "n = 5, batches of 3": np.sort(threes)}
    yield Moment(lambda: MOVES, sizes)
    even += [_shares(answer, 6, 2, seed, faults) for seed in range(1, 6)]
    yield Moment(str, _what_moves_and_in_which_order(answer, even, faults))
    X, y, theta = _entangled(4)
    end = _end(answer, theta, X, y, 2, 0, faults)
    off = _nearest(end, _ends_in_pairs())
    yield Moment(
        lambda: "in where it ends, whatever the order of the examples",
        {
            "one by one": _nearest(end, _ends_one_by_one()) < 1e-5,
            "elsewhere": off > 1e-6,
        },
        {"off by": np.array(off)},
    )
    yield Moment(str, _togetherness(answer, faults))


def _what_moves_and_in_which_order(
    answer: Any, even: list[np.ndarray], faults: dict[str, str]
) -> dict[str, bool]:
    """Judged by the shares of six examples, with several seeds, and by where eight others end."""
    still = [np.sum(np.abs(shares) < 1e-9) for shares in even]
    X, y, theta = _entangled(8)
    ends = [_end(answer, theta, X, y, 2, seed, faults) for seed in [0, 0, 0, *range(1, 9)]]
    other = _end(answer, -theta, X, y, 2, 0, faults) + theta
    straight = all(_parallel(end - theta, (X @ theta - y) @ X) for end in ends)
    no_prediction = bool(np.allclose(other, ends[0] - theta, rtol=1e-9))
    fixed = all(np.allclose(end, ends[0], rtol=1e-9) for end in ends)
    return {
        "nothing moves": all(count == 6 for count in still),
        "no prediction": no_prediction and not all(count == 6 for count in still),
        "first batch only": all(count == 4 for count in still),
        "one batch missing": all(count == 2 for count in still),
        "not once each": any(0 < count < 6 and count not in (2, 4) for count in still)
        or len(set(still)) > 1,
        "apart": any(map(_fits_other_targets, even)),
        "old gradient": straight and not no_prediction,
        "in order": fixed and not straight and not no_prediction,
        "own randomness": not np.allclose(ends[:3], ends[0], rtol=1e-9),
    }


def _togetherness(answer: Any, faults: dict[str, str]) -> dict[str, bool]:
    """Whether any two of four examples can share a batch, judged by how many ends there are.

    Two batches in a row have 6 possible ends: 2 if the batches are always the same, and 4 if only
    neighbors share one. Seeing no more than 4 of 6 in 60 epochs has a probability of 4 in 10^10.
    """
    X, y, theta = _entangled(4)
    ends = [_end(answer, theta, X, y, 2, seed, faults) for seed in range(60)]
    different = len({tuple(np.round(end, 9)) for end in ends})
    return {"same batches": different == 2, "neighbors": different in (3, 4)}


def _end(
    answer: Any,
    theta: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    size: int,
    seed: int,
    faults: dict[str, str],
) -> np.ndarray:
    """Theta after an epoch."""
    arguments = (theta, X, y, LR, size, np.random.default_rng(seed))
    end = array(call(answer, SIGNATURE, arguments, {}, faults))
    if end.shape != theta.shape:
        shapes = f"shape {theta.shape}, and came out with {end.shape}"
        raise Wrong("shape", f"theta went in with {shapes}. It must keep its shape.")
    return end


@cache
def _orthogonal(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n examples at right angles, each of length 1; theta misses them by 1, -2, 4, ..."""
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6))).Q
    X, theta = turned[:n], np.array([1.0, -2.0, 0.5, 3.0, -1.0, 2.0])
    return X, X @ theta - (-2.0) ** np.arange(n), theta


@cache
def _entangled(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, 2)), rng.normal(size=n), np.array([1.0, -1.0])


def _shares(answer: Any, n: int, size: int, seed: int, faults: dict[str, str]) -> np.ndarray:
    X, y, theta = _orthogonal(n)
    move = X @ (_end(answer, theta, X, y, size, seed, faults) - theta)
    shares: np.ndarray = move / (-LR * 2 * (X @ theta - y))
    return shares


def _fits_other_targets(shares: np.ndarray) -> bool:
    """Whether targets in a different order explain the moves, apart from their length.

    The length is known from the sums, which are the same in any order.
    """
    X, y, theta = _orthogonal(len(shares))
    errors = X @ theta - y
    moves = shares * errors
    if np.isclose(moves.sum(), 0):
        return False
    targets = X @ theta - moves * errors.sum() / moves.sum()
    return bool(np.allclose(np.sort(targets), np.sort(y)) and not np.allclose(targets, y))


def _parallel(a: np.ndarray, b: np.ndarray) -> bool:
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return bool(a.any() and np.isclose(abs(a @ b), lengths, rtol=1e-9))


def _nearest(end: np.ndarray, ends: list[np.ndarray]) -> float:
    """How far it is to the nearest of some other ends."""
    return float(min(np.linalg.norm(end - other) for other in ends))


def _ends_in_turn(lr: float, size: int) -> Iterator[np.ndarray]:
    """Where an epoch ends, for each order of four examples."""
    X, y, theta = _entangled(4)
    in_turn = _epoch(order=lambda n, rng: np.arange(n))
    for order in map(list, permutations(range(4))):
        yield in_turn(theta, X[order], y[order], lr, size, None)


@cache
def _ends_in_pairs() -> list[np.ndarray]:
    return [*_ends_in_turn(LR, 2)]


@cache
def _ends_one_by_one() -> list[np.ndarray]:
    """Each example takes its own step, at full or at half length."""
    return [*_ends_in_turn(LR, 1), *_ends_in_turn(LR / 2, 1)]


EPOCH = Exercise(
    "2.2",
    "An epoch of SGD",
    my_epoch,
    {
        "nothing moves": Mistake(
            "You return the theta you were given: your updates never reach it.",
            _epoch(end=lambda start, now: start),
        ),
        "no prediction": Mistake(
            "Your steps are the same wherever theta is: the model's prediction is missing from the "
            "error.",
            _epoch(error=lambda X, y, theta: -y),
        ),
        "prediction only": Mistake(
            "The target is missing from your error. The error is the prediction minus the target.",
            _epoch(error=lambda X, y, theta: X @ theta),
        ),
        "first batch only": Mistake(
            "You stop after the first batch and never see the rest of the data. Is the `return` "
            "inside the loop?",
            _epoch(cut=lambda order, size: [order[:size]]),
        ),
        "one batch missing": Mistake(
            "The last batch never gets its turn, even though it is a full one. Where does your "
            "range end?",
            _epoch(
                cut=lambda order, size: [
                    order[i : i + size] for i in range(0, len(order) - size, size)
                ]
            ),
        ),
        "not once each": Mistake(
            "Some examples get their turn twice and some never. In an epoch, each gets exactly "
            "one.",
            _epoch(deal=lambda n, size, rng: rng.integers(0, n, (-(-n // size), size))),
            _epoch(deal=lambda n, size, rng: [rng.permutation(n)[:size] for _ in range(n // size)]),
        ),
        "twice through": Mistake(
            "You go through the data twice. An epoch is one pass.",
            _epoch(order=lambda n, rng: np.concatenate([rng.permutation(n) for _ in range(2)])),
        ),
        "apart": Mistake(
            "Examples and targets got separated: a row of X is compared with another row's target. "
            "Both need the same order.",
            _epoch(pairs=lambda X, y, rng: (rng.permutation(X), rng.permutation(y))),
        ),
        "in order": Mistake(
            "Every epoch takes the examples in the same order. If you shuffle them, the batches "
            "are different each time.",
            _epoch(order=lambda n, rng: np.arange(n)),
        ),
        "same batches": Mistake(
            "You shuffle the batches, so each holds the same examples in every epoch. Shuffle the "
            "examples, then cut them into batches.",
            _epoch(
                deal=lambda n, size, rng: [
                    _blocks(n, size)[i] for i in rng.permutation(-(-n // size))
                ]
            ),
        ),
        "neighbors": Mistake(
            "You start at a random place and go around, so only neighbors ever share a batch. "
            "Shuffle the examples.",
            _epoch(order=lambda n, rng: np.roll(np.arange(n), rng.integers(n))),
        ),
        "own randomness": Mistake(
            "With the same `rng` in the same state, the end is different each time, so the "
            "randomness comes from somewhere else. A run like that can never be repeated.",
            _epoch(order=lambda n, rng: np.random.default_rng().permutation(n)),
        ),
        "all at once": Mistake(
            "That is one step with all the data. Here, every batch takes its own step.",
            _epoch(deal=lambda n, size, rng: [np.arange(n)]),
        ),
        "all data each time": Mistake(
            "Each of your steps uses all the data. A step belongs to one batch.",
            _epoch(deal=lambda n, size, rng: [np.arange(n)] * -(-n // size)),
        ),
        "old gradient": Mistake(
            "All your gradients are taken at the initial theta. The second batch should see what "
            "the first one has changed.",
            _epoch(at=lambda now, start: start),
        ),
        "one by one": Mistake(
            "Every example takes its own step. The examples of a batch should take one step "
            "together.",
            _epoch(deal=lambda n, size, rng: rng.permutation(n)[:, None]),
            _epoch(
                deal=lambda n, size, rng: rng.permutation(n)[:, None],
                over=lambda here, size, n: size,
            ),
        ),
        "uphill": Mistake(
            "You walk uphill: the gradient points to where the loss grows.",
            _epoch(rate=lambda lr, size: -lr),
        ),
        "no rate": Mistake(
            "Your steps are the full gradients: the learning rate plays no part in them.",
            _epoch(rate=lambda lr, size: 1.0),
        ),
        "sum": Mistake(
            "You add up the errors of a batch, so a larger batch makes longer steps. The loss is "
            "their mean.",
            _epoch(over=lambda here, size, n: 1),
        ),
        "no mean and no 2": Mistake(
            "The factor in front of the sum is missing. It turns the sum over a batch into a "
            "mean, and contains the 2 from the derivative of the square.",
            _epoch(factor=1, over=lambda here, size, n: 1),
        ),
        "mean over all": Mistake(
            "You divide by the number of all examples. The mean is over those in the batch.",
            _epoch(over=lambda here, size, n: n),
        ),
        "mean over batch_size": Mistake(
            "The last batch can be smaller than `batch_size`. Then its mean is over fewer "
            "examples.",
            _epoch(over=lambda here, size, n: size),
        ),
        "divided twice": Mistake(
            "You divide twice: you've already taken the mean over the batch, and then you divide "
            "again.",
            _epoch(over=lambda here, size, n: here**2),
            _epoch(over=lambda here, size, n: here * n),
            _epoch(rate=lambda lr, size: lr / size),
        ),
        "no factor 2": Mistake(
            "Your steps are half as long as they should be: look again at the derivative of a "
            "square.",
            _epoch(factor=1),
        ),
        "factor 2 twice": Mistake(
            "Your steps are twice as long as they should be: the 2 from the derivative of the "
            "square is in them twice.",
            _epoch(factor=4),
        ),
        "sign of the error": Mistake(
            "All errors count the same in your steps, large or small. In the gradient of a "
            "square, larger errors count more.",
            _epoch(error=lambda X, y, theta: np.sign(X @ theta - y)),
        ),
        "size of the error": Mistake(
            "The errors in your steps have lost their signs. A prediction that is too low has to "
            "push the other way.",
            _epoch(error=lambda X, y, theta: abs(X @ theta - y)),
            _epoch(error=lambda X, y, theta: (X @ theta - y) ** 2),
        ),
        "last left out": Mistake(
            "If the batch size doesn't divide the data evenly, you drop the last examples. They "
            "should form a smaller batch.",
            _epoch(
                cut=lambda order, size: [
                    order[i : i + size] for i in range(0, len(order) - size + 1, size)
                ]
            ),
        ),
        "fixed size": Mistake(
            "Your batches always have the same size, whatever `batch_size` says.",
            _epoch(cut=lambda order, size: [order[i : i + 2] for i in range(0, len(order), 2)]),
        ),
    },
    _seen_epochs,
    praise="Every example gets its turn once, and every step starts where the last one ended.",
)


# --- 2.3: how noise falls with the batch size ---------------------------------------------------

EXPONENT = number(
    "2.3",
    "How noise falls with the batch size",
    -0.5,
    within=0.1,
    mistakes={
        "variance": Mistake(
            "That is how the variance falls, and the variance is the square of the noise. The "
            "noise itself is measured in the units of the gradient.",
            -1.0,
        ),
        "sign": Mistake(
            "With that exponent the noise would grow with the batch. Does it?",
            0.5,
        ),
        "variance, sign": Mistake(
            "With that exponent the noise would grow as fast as the batch does, but it falls. "
            "Also, take the noise itself, not its square.",
            1.0,
        ),
        "flat": Mistake(
            "With that exponent the noise would hardly depend on the batch size. Are both axes "
            "logarithmic?",
            0.0,
            -0.2,
        ),
        "turned around": Mistake(
            "That is the slope of the line with its axes swapped: how the batch size grows as the "
            "noise falls.",
            -2.0,
            2.0,
        ),
        "two logarithms": Mistake(
            "Do both logarithms have the same base? Any base gives the same slope, as long as "
            "both axes use it.",
            -1.1513,
            -0.3466,
            -0.7213,
            -1.661,
        ),
        "one logarithm": Mistake(
            "That is the slope when only the batch size is logarithmic. Take the logarithm of the "
            "noise, too.",
            -2.29,
            -4.53,
            -10.42,
            -3.14,
            -5.28,
        ),
        "intercept": Mistake(
            "That is a height, not a slope: the height of the line at a batch of one. "
            "`np.polyfit` returns the slope first, then the height.",
            2.42,
            3.09,
            1.35,
        ),
    },
    hint=(
        "That isn't the slope of the measurements above. The line goes through the points (log "
        "size, log noise): logarithms of both, and the size on the horizontal axis."
    ),
    praise="Four times the batch halves the noise.",
)


EXERCISES = (MINI_BATCH, EPOCH, EXPONENT)
