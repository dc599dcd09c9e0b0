"""Lesson 2: mini-batches. Two of its answers draw at random, and are known by what always holds."""

from collections.abc import Callable
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

from .exercise import Exercise, Mistake, Moment, Seen, Wrong
from .exercise_types import array, call, number, something

TITLE = "2 One example, a handful, or all"


# --- 2.1: draw a mini-batch ------------------------------------------------------------------

N, BATCH = 12, 4


def my_batch(X, y, batch_size, rng):
    chosen = rng.choice(len(X), size=batch_size, replace=False)
    return X[chosen], y[chosen]


def _block(X, y, batch_size, rng):
    first = rng.integers(len(X) - batch_size + 1)
    return X[first : first + batch_size], y[first : first + batch_size]


def _apart(X, y, batch_size, rng):
    X_b, _ = my_batch(X, y, batch_size, rng)
    _, y_b = my_batch(X, y, batch_size, rng)
    return X_b, y_b


def _chosen_by(choose: Callable[..., Any]) -> Callable[..., Any]:
    """A way to draw a batch, made from one to choose its indices."""

    def draw(X, y, batch_size, rng):
        chosen = choose(len(X), batch_size, rng)
        return X[chosen], y[chosen]

    return draw


def _seen_batches(answer: Any) -> Seen:
    """Sixty batches of 4 out of 12, by what is true of all of them.

    A right answer fails by chance once in some 10^9 times at most: that one of the 12 examples
    stays away from all 60 batches has the probability 12 (2/3)^60.
    """
    seen, rng = Seen(), np.random.default_rng(0)
    batches = [_batch(answer, rng, seen) for _ in range(60)]
    rng = np.random.default_rng(0)
    again = [_batch(answer, rng, seen) for _ in range(3)]
    indices = [frozenset(rows) for rows, _ in batches]
    facts = {
        "size": any(len(rows) != BATCH for rows, _ in batches),
        "apart": any(rows != targets for rows, targets in batches),
        "first ones": set(indices) == {frozenset(range(BATCH))},
        "always the same": len(set(indices)) == 1,
        "with replacement": any(len(set(rows)) < len(rows) for rows, _ in batches),
        "block": all(rows and max(rows) - min(rows) < BATCH for rows, _ in batches),
        "own randomness": again != batches[:3],
        "left out": frozenset.union(*indices) != frozenset(range(N)),
    }
    seen.moments.append(Moment("", facts))
    return seen


def _batch(answer: Any, rng: np.random.Generator, seen: Seen) -> tuple[list[int], list[int]]:
    """A batch as the indices of its rows and of its targets."""
    X, y = np.stack([np.arange(N) + 0.5, np.arange(N) ** 2 / 7], axis=1), 100.0 - np.arange(N)
    result = call(answer, "my_batch(X, y, batch_size, rng)", (X, y, BATCH, rng), {}, seen.faults)
    _two(result)
    rows, targets = (array(part, seen.faults) for part in result)
    if rows.ndim != 2 or rows.shape[1:] != X.shape[1:] or targets.ndim != 1:
        shapes = f"{rows.shape} and {targets.shape}"
        raise Wrong(
            "shapes",
            f"From an X of shape {X.shape} and a y of shape {y.shape} you make a batch of "
            f"{BATCH} with the shapes {shapes}. {BATCH} rows of X and {BATCH} numbers are wanted.",
        )
    known = [np.flatnonzero((row == X).all(1)) for row in rows]
    known += [np.flatnonzero(y == target) for target in targets]
    if any(len(found) != 1 for found in known):
        raise Wrong(
            "no examples", "There are rows or targets in your batch that are not in X or y."
        )
    found = [int(where[0]) for where in known]
    return found[: len(rows)], found[len(rows) :]


def _two(result: Any) -> None:
    if isinstance(result, tuple | list) and len(result) == 2:
        return
    something(result)
    raise Wrong(
        "not two",
        "Two things are to come back, separated by a comma: the examples and their targets.",
    )


BATCHES = {
    "size": Mistake(
        "Your batch doesn't hold `batch_size` examples.",
        _chosen_by(lambda n, size, rng: rng.permutation(n)),
        _chosen_by(lambda n, size, rng: rng.permutation(n)[: size - 1]),
        _chosen_by(lambda n, size, rng: rng.random(n) < size / n),
        _chosen_by(lambda n, size, rng: [rng.integers(n)]),
    ),
    "apart": Mistake(
        "Examples and targets got separated: a row of X comes with the target of another. "
        "Whatever is drawn has to be drawn for both.",
        _apart,
        lambda X, y, batch_size, rng: (rng.permutation(X)[:batch_size], y[:batch_size]),
    ),
    "first ones": Mistake(
        "Your batch is always the beginning of the data. Nothing was drawn.",
        _chosen_by(lambda n, size, rng: slice(0, size)),
    ),
    "always the same": Mistake(
        "Every call gives the same batch. A generator that is made anew, with the same seed, "
        "begins anew.",
        _chosen_by(lambda n, size, rng: np.random.default_rng(0).permutation(n)[:size]),
    ),
    "with replacement": Mistake(
        "Some examples are in one batch twice. Draw as from a deck of cards: what is drawn is "
        "gone.",
        _chosen_by(lambda n, size, rng: rng.choice(n, size)),
        _chosen_by(lambda n, size, rng: rng.integers(0, n, size)),
    ),
    "block": Mistake(
        "Your examples are always neighbours. Data often lies sorted: neighbours look alike, and "
        "such a batch stands badly for the whole.",
        _block,
    ),
    "own randomness": Mistake(
        "With the same `rng` in the same state, your batch is another one each time: the chance "
        "comes from elsewhere. A run could then never be repeated.",
        _chosen_by(lambda n, size, rng: np.random.default_rng().permutation(n)[:size]),
    ),
    "left out": Mistake(
        "Some examples are never drawn, not once in 60 batches. Each should have the same chance.",
        _chosen_by(lambda n, size, rng: rng.choice(n - 1, size, replace=False)),
        _chosen_by(lambda n, size, rng: 1 + rng.choice(n - 1, size, replace=False)),
    ),
}


# --- 2.2: an epoch of SGD ---------------------------------------------------------------------

LR = 0.1


def my_epoch(theta, X, y, lr, batch_size, rng):
    return _epoch(theta, X, y, lr, batch_size, rng)


def _mean(X, y, theta, *_):
    return 2 * (X @ theta - y) @ X / len(y)


def _epoch(theta, X, y, lr, batch_size, rng, gradient=_mean, sequential=True, deal=None):
    """An epoch with one thing done in another way. gradient: of a batch; deal: the batches."""
    n, now = len(X), theta
    for chosen in (deal or _dealt)(n, batch_size, rng):
        at = now if sequential else theta
        now = now - lr * gradient(X[chosen], y[chosen], at, n, batch_size)
    return now


def _dealt(n, size, rng):
    order = rng.permutation(n)
    return [order[first : first + size] for first in range(0, n, size)]


def _in_order(n, size, rng):
    return [np.arange(n)[first : first + size] for first in range(0, n, size)]


def _other(**way: Any) -> Callable[..., Any]:
    return lambda *args: _epoch(*args, **way)


def _shuffled_apart(theta, X, y, lr, batch_size, rng):
    return _epoch(theta, rng.permutation(X), rng.permutation(y), lr, batch_size, rng)


def _seen_epochs(answer: Any) -> Seen:
    """Epochs, by what does not depend on the order in which the examples came.

    Where the examples are orthogonal, each moves theta in a direction of its own: the shares, how
    far as a part of its gradient, are the same in any order. Where they are not, an order shows.
    A fact that bears a mistake's name is true of that mistake only, however long the steps are.
    By chance: that an answer with randomness of its own gives the same end three times, and so
    is not told so, has a probability below 10^-6.
    """
    seen = Seen()
    even = [_shares(answer, n=4, seed=seed, seen=seen) for seed in range(8)]
    odd = _shares(answer, n=5, seed=0, seen=seen)
    still = [np.sum(np.abs(shares) < 1e-9) for shares in even]
    X, y, theta = _entangled(4)
    end = _end(answer, theta, X, y, 2, 0, seen)
    X, y, theta = _entangled(8)
    ends = [_end(answer, theta, X, y, 2, seed, seen) for seed in [0, 0, 0, *range(1, 12)]]
    straight = all(_parallel(end - theta, _mean(X, y, theta)) for end in ends)
    facts = {
        "nothing moves": all(count == 4 for count in still),
        "first batch only": all(count == 2 for count in still),
        "not once each": any(0 < count < 4 for count in still),
        "apart": any(map(_fits_other_targets, even)),
        "old gradient": straight,
        "in order": not straight and all(np.allclose(end, ends[0], rtol=1e-9) for end in ends),
        "own randomness": not np.allclose(ends[:3], ends[0], rtol=1e-9),
        "one by one": _nearest(end, _ends_one_by_one()) < 1e-5,
        "n = 4": np.sort(even[0]),
        "n = 5": np.sort(odd),
    }
    where = "in how far each example moves theta, in units of lr times its gradient, in pairs"
    seen.moments.append(Moment(where, facts))
    off = {"off by": np.array(_nearest(end, _ends_in_pairs()))}
    seen.moments.append(Moment("in where it ends, whatever the order of the examples", off))
    return seen


def _end(
    answer: Any, theta: np.ndarray, X: np.ndarray, y: np.ndarray, size: int, seed: int, seen: Seen
) -> np.ndarray:
    """Theta after an epoch."""
    signature = "my_epoch(theta, X, y, lr, batch_size, rng)"
    arguments = (theta, X, y, LR, size, np.random.default_rng(seed))
    end = array(call(answer, signature, arguments, {}, seen.faults), seen.faults)
    if end.shape != theta.shape:
        shapes = f"shape {theta.shape}, and came out with {end.shape}"
        raise Wrong("shape", f"theta went in with {shapes}. It must keep its shape.")
    return end


def _orthogonal(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n examples at right angles, each of length 1; theta misses them by 1, 2, 4, ..."""
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5))).Q
    X, theta = turned[:n], np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    return X, X @ theta - 2.0 ** np.arange(n), theta


def _entangled(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, 2)), rng.normal(size=n), np.array([1.0, -1.0])


def _shares(answer: Any, n: int, seed: int, seen: Seen) -> np.ndarray:
    X, y, theta = _orthogonal(n)
    move = X @ (_end(answer, theta, X, y, 2, seed, seen) - theta)
    shares: np.ndarray = move / (-LR * 2 * (X @ theta - y))
    return shares


def _fits_other_targets(shares: np.ndarray) -> bool:
    """Whether the targets in another order than their own explain the moves, up to their length."""
    X, y, theta = _orthogonal(len(shares))
    _, *others = (X @ theta - y[list(order)] for order in permutations(range(len(shares))))
    return any(_parallel(shares * (X @ theta - y), other) for other in others)


def _parallel(a: np.ndarray, b: np.ndarray) -> bool:
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return bool(a.any() and np.isclose(abs(a @ b), lengths, rtol=1e-9))


def _nearest(end: np.ndarray, ends: list[np.ndarray]) -> float:
    """How far it is to the nearest of some other ends."""
    return float(min(np.linalg.norm(end - other) for other in ends))


@cache
def _ends_in_pairs() -> list[np.ndarray]:
    """Where a right epoch ends, for each order of the examples."""
    X, y, theta = _entangled(4)
    orders = map(list, permutations(range(4)))
    return [_epoch(theta, X[order], y[order], LR, 2, None, deal=_in_order) for order in orders]


@cache
def _ends_one_by_one() -> list[np.ndarray]:
    """Where an epoch ends in which each example makes a step of its own, a whole one or a half."""
    X, y, theta = _entangled(4)
    orders = map(list, permutations(range(4)))
    return [
        _epoch(theta, X[order], y[order], lr, 1, None, deal=_in_order)
        for order in orders
        for lr in (LR, LR / 2)
    ]


EPOCHS = {
    "nothing moves": Mistake(
        "Theta comes back as it was given: the updates don't reach it.",
        lambda theta, X, y, lr, batch_size, rng: theta,
    ),
    "first batch only": Mistake(
        "After the first batch you are done, and the rest of the data is never seen. Where does "
        "the `return` stand?",
        _other(deal=lambda n, size, rng: _dealt(n, size, rng)[:1]),
    ),
    "not once each": Mistake(
        "Some examples had their turn twice and some never. In an epoch each has it once.",
        _other(deal=lambda n, size, rng: rng.integers(0, n, (-(-n // size), size))),
        _other(deal=lambda n, size, rng: [rng.permutation(n)[:size] for _ in range(n // size)]),
    ),
    "apart": Mistake(
        "Examples and targets got separated: a row of X is compared with the target of another. "
        "Both need the same order.",
        _shuffled_apart,
    ),
    "in order": Mistake(
        "Every epoch takes the examples in the same order. Shuffled anew, the batches are other "
        "ones each time.",
        _other(deal=_in_order),
    ),
    "own randomness": Mistake(
        "With the same `rng` in the same state, the end is another one each time: the chance "
        "comes from elsewhere. A run could then never be repeated.",
        _other(deal=lambda n, size, rng: _dealt(n, size, np.random.default_rng())),
    ),
    "all at once": Mistake(
        "That is one step with all the data. Here every batch makes a step of its own.",
        _other(deal=lambda n, size, rng: [np.arange(n)]),
    ),
    "old gradient": Mistake(
        "All your gradients are taken at the theta of the beginning. The second batch should see "
        "what the first one has done to it.",
        _other(sequential=False),
    ),
    "one by one": Mistake(
        "Every example makes a step of its own. Those of one batch make one step together.",
        _other(deal=lambda n, size, rng: _dealt(n, 1, rng)),
        _other(
            deal=lambda n, size, rng: _dealt(n, 1, rng),
            gradient=lambda X, y, theta, n, size: _mean(X, y, theta) / size,
        ),
    ),
    "uphill": Mistake(
        "You walk uphill: the gradient points to where the loss grows.",
        _other(gradient=lambda *args: -_mean(*args)),
    ),
    "no rate": Mistake(
        "Your steps are whole gradients: the learning rate has no say in them.",
        _other(gradient=lambda *args: _mean(*args) / LR),
    ),
    "sum": Mistake(
        "You add the errors of a batch up, and so a larger batch makes longer steps. The loss is "
        "their mean.",
        _other(gradient=lambda X, y, theta, n, size: 2 * (X @ theta - y) @ X),
    ),
    "mean over all": Mistake(
        "You divide by the number of all examples. The mean goes over those in the batch.",
        _other(gradient=lambda X, y, theta, n, size: 2 * (X @ theta - y) @ X / n),
    ),
    "mean over batch_size": Mistake(
        "The last batch can be smaller than `batch_size`, and then its mean goes over fewer "
        "examples.",
        _other(gradient=lambda X, y, theta, n, size: 2 * (X @ theta - y) @ X / size),
    ),
    "no factor 2": Mistake(
        "Your steps are half as long as they should be: look at the derivative of a square again.",
        _other(gradient=lambda *args: _mean(*args) / 2),
    ),
    "last left out": Mistake(
        "When the examples can't be dealt out evenly, your last ones are left over. They make a "
        "smaller batch.",
        _other(deal=lambda n, size, rng: [b for b in _dealt(n, size, rng) if len(b) == size]),
    ),
}


EXERCISES = (
    Exercise(
        "2.1",
        "Draw a mini-batch",
        my_batch,
        BATCHES,
        _seen_batches,
        praise="Different examples, each with its target, and the same again from the same rng.",
    ),
    Exercise(
        "2.2",
        "An epoch of SGD",
        my_epoch,
        EPOCHS,
        _seen_epochs,
        praise="Each example once, and every batch starts where the last one ended.",
    ),
    number(
        "2.3",
        "How noise falls with the batch size",
        -0.5,
        within=0.1,
        mistakes={
            "variance": Mistake(
                "That is how the variance falls: the square of the noise. Noise is measured in "
                "the units of the gradient.",
                -1.0,
            ),
            "sign": Mistake(
                "By that the noise would grow with the batch. Does it?",
                0.5,
            ),
            "variance, sign": Mistake(
                "By that the noise would grow with the batch, and as fast as the batch does. It "
                "falls; and take the noise itself, not its square.",
                1.0,
            ),
            "flat": Mistake(
                "By that the noise would hardly depend on the batch size. Are both axes "
                "logarithmic?",
                0.0,
                -0.2,
            ),
            "turned around": Mistake(
                "That is the slope of the line with its axes exchanged: how the batch size grows "
                "when the noise falls.",
                -2.0,
            ),
        },
        hint=(
            "That is not the slope in the measurements above. The line goes through the points "
            "(log size, log noise): both logarithms, and the size to the right."
        ),
        praise="Four times the batch halves the noise.",
    ),
)
