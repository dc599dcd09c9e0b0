"""The capstone of lesson 12: your own recipe against the course's, under one budget.

    compete(Recipe(optimizer="nadam", hyper={"lr": 0.008}, steps=100, warmup=20))

Both train the small transformer of lesson 8, from the same weights on the same batches, with the
script that `translate` writes. The recipe itself decides the seeds, with its numbers
rounded to two digits: the same recipe has the same luck each time, and so does one that is almost
the same. So nobody gets far by trying again. Only a contest needs PyTorch; a recipe doesn't.
"""

import hashlib
import html
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..extras import needs
from ..frameworks.recipe import Recipe
from ..frameworks.translate import translate
from ..notebook.without_torch import missing

__all__ = ["BUDGET", "COURSE", "Contest", "compete", "final_loss"]

BUDGET = 100  # updates
SEEDS = 10
FRESH = 512  # rows on which the trained model is measured: 4096 symbols that it has never seen
LATER: dict[str, Any] = {  # fields that came after the first stored recipes
    "decays": "all",
    "others": {},
    "batch_size": None,
    "patience": None,
    "others_take": (),
    "rates": {},
}
T_95 = 2.262  # Student's t with SEEDS - 1 degrees of freedom, two-sided

COURSE = Recipe(
    optimizer="adamw",
    hyper={"lr": 0.004, "weight_decay": 0.01},
    steps=BUDGET,
    warmup=10,
    schedule="cosine",
    shape={"steps": BUDGET - 10},
)


@dataclass(frozen=True)
class Contest:
    """The result, in numbers and in words.

    yours, courses: the losses at the end, one per seed; empty if there was no contest.
    """

    text: str
    yours: tuple[float, ...] = ()
    courses: tuple[float, ...] = ()

    @property
    def gain(self) -> tuple[float, float, float]:
        """How much lower yours is on average, and its 95% interval, lower end first."""
        gains = np.subtract(self.courses, self.yours)
        error = T_95 * gains.std(ddof=1) / math.sqrt(len(gains))
        return float(gains.mean()), float(gains.mean() - error), float(gains.mean() + error)

    @property
    def won(self) -> bool:
        """Whether the whole interval lies above 0."""
        return bool(self.yours) and self.gain[1] > 0

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.text)}</p>".replace("\n", "<br>")


def compete(recipe: Any, show: Callable[[int, int], None] | None = None) -> Contest:
    """Train this recipe and the course's on ten seeds each, and say which is better.

    show: called with the number of runs done and their total; by default, a bar in the notebook.
    Raises nothing: for a recipe that can't be trained, the result says why.
    """
    if recipe is ...:
        return Contest("Not tried yet. Write a recipe, and run this cell again.")
    if not isinstance(recipe, Recipe):
        return Contest(f"This should be a Recipe, not a {type(recipe).__name__}.")
    if recipe.steps > BUDGET:
        return Contest(f"The budget is {BUDGET} updates, and this recipe makes {recipe.steps}.")
    if why := missing():
        return Contest(f"A contest trains with PyTorch, which {why}.")
    show, runs = show or _bar(), []
    try:
        for seed in seeds(recipe):
            runs.append((final_loss(recipe, seed), final_loss(COURSE, seed)))
            show(len(runs), SEEDS)
    except KeyboardInterrupt:
        return Contest("You stopped it.")
    except Exception as error:  # whatever torch or the course objects to
        return Contest(f"This recipe can't be trained: {error}")
    yours, courses = zip(*runs, strict=True)
    return Contest(_said(Contest("", yours, courses)), yours, courses)


def final_loss(recipe: Recipe, seed: int) -> float:
    """The loss on fresh rows after training; CHANCE if it is higher, or not a number.

    In that case the model knows nothing, and it doesn't matter how badly it guesses.
    """
    with needs():
        import torch

    from ..transformer import CHANCE, Reverser, one_thread, rows

    def loss_fn(score: torch.Tensor, symbols: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(score.flatten(0, 1), symbols.flatten())

    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model, generator = Reverser(), torch.Generator().manual_seed(seed)

        def batches() -> Any:
            while True:
                symbols = rows(generator)
                yield symbols, symbols.flip(1)

        exec(
            translate(recipe, "torch", log=False),
            dict(model=model, loss_fn=loss_fn, batches=batches()),
        )
        fresh = rows(torch.Generator().manual_seed(10**6 + seed), FRESH)
        with torch.no_grad():
            loss = loss_fn(model(fresh), fresh.flip(1)).item()
    return loss if loss < CHANCE else CHANCE


def seeds(recipe: Recipe) -> list[int]:
    """Ten seeds that follow from the recipe, with its numbers rounded to two digits."""
    said = {n: value for n, value in vars(recipe).items() if n not in LATER or value != LATER[n]}
    digest = hashlib.sha256(repr(_rounded(said)).encode()).digest()
    return np.random.default_rng(list(digest)).choice(10**6, SEEDS, replace=False).tolist()


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return sorted((name, _rounded(part)) for name, part in value.items())
    if isinstance(value, list | tuple | np.ndarray):
        return [_rounded(part) for part in value]
    return f"{value:.1e}" if isinstance(value, int | float | np.number) else repr(value)


def _said(contest: Contest) -> str:
    """The result in words, including how uncertain it is.

    Ten short runs don't justify more digits; the next one depends on how a processor rounds.
    """
    from ..transformer import CHANCE

    yours, courses = np.mean(contest.yours), np.mean(contest.courses)
    gain, low, high = contest.gain
    better = sum(y < c for y, c in zip(contest.yours, contest.courses, strict=True))
    if low > 0:
        verdict = "You beat the course."
    elif high < 0:
        verdict = "The course's recipe is better."
    else:
        verdict = "Ten runs don't tell which is better: the interval contains 0."
    return (
        f"{verdict}\nFinal loss, mean of {SEEDS} seeds: yours {yours:.2f}, the course's "
        f"{courses:.2f}, chance {CHANCE:.2f}. Yours was lower on {better} of {SEEDS}.\n"
        f"On average it was lower by {gain:.2f} (95% interval: {low:.1g} to {high:.1g}).".replace(
            "-", "−"
        )
    )


def _bar() -> Callable[[int, int], None]:
    """A bar in the notebook; elsewhere IPython prints a line in its place."""
    with needs():
        import ipywidgets
        from IPython.display import display
    bar = ipywidgets.IntProgress(max=SEEDS, description="training", bar_style="info")
    display(bar)

    def show(done: int, of: int) -> None:
        bar.value, bar.max = done, of

    return show
