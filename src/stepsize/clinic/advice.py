"""`advise`: a recipe to start from, with a reason and a source for each part."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..frameworks.recipe import Recipe
from ..ranges import above, accepts, count_from, one_of, require
from .evidence import (
    ALSO,
    CONVENTION,
    GOYAL,
    HERE,
    KINDS,
    LITERATURE,
    MALLADI,
    TABLE,
    Kind,
    Known,
)
from .few_examples import ROWS, SCALED, STOP, far_from_unit, for_few, learned_by_heart

__all__ = ["Advice", "Choice", "advise"]

SHORT, LONG = 300, 100_000  # updates in the runs of the table, and in those of the papers
BATCH, SMALL = 64, 10**6  # of the models in the table: the batch size, and the most parameters
LARGEST = 8192  # up to this batch size the linear rule held on ImageNet
FAR = 16  # if the batch size is off the source's by this factor, the advice says so
LOWEST = 6e-5  # of the largest model in the literature's table; below, its formula gives nothing

MODELS = (*KINDS, *ALSO)

PROPORTION = Known(None, "scaled in proportion to the batch size, as for SGD", LITERATURE, GOYAL)
ROOT = Known(None, "scaled by the square root of the batch size, as for Adam", LITERATURE, MALLADI)


@dataclass(frozen=True)
class Choice:
    """A part of the recipe: what was chosen, why, how we know, and where to read about it."""

    part: str
    value: str
    why: str
    grade: str
    source: str


@dataclass(frozen=True)
class Advice:
    """What `advise` returns.

    recipe: for `translate`. choices: the reasons, part by part. sweep: three rates to try. unknown:
    what the answers don't tell, one sentence each.
    """

    recipe: Recipe
    choices: tuple[Choice, ...]
    sweep: tuple[float, float, float]
    unknown: tuple[str, ...]

    def __repr__(self) -> str:
        wide = max(len(choice.part) for choice in self.choices)
        wider = max(len(choice.value) for choice in self.choices)
        rows = [
            f"{c.part:{wide}}  {c.value:{wider}}  {c.why} ({c.grade}, {c.source})"
            for c in self.choices
        ]
        return "\n".join([*rows, "", *self._rest])

    def _repr_markdown_(self) -> str:
        head = ["| part | start with | because | evidence | source |", "|---|---|---|---|---|"]
        rows = [
            f"| {c.part} | {c.value} | {c.why} | {c.grade} | {_linked(c.source)} |"
            for c in self.choices
        ]
        return "\n".join([*head, *rows, "", *(f"- {line}" for line in self._rest)])

    @property
    def _rest(self) -> list[str]:
        rates = "{}, {} and {}".format(*map(_typed, self.sweep))
        return [f"Sweep {rates}, and go on if the best is at either end.", *self.unknown]


@accepts(
    parameters=count_from(1),
    examples=count_from(1),
    batch_size=count_from(1),
    epochs=above(0),
)
def advise(
    *,
    model: str,
    parameters: int,
    examples: int,
    batch_size: int,
    epochs: float,
    targets: Any = None,
) -> Advice:
    """A recipe to start from, for a model that hasn't been trained yet.

    model: "linear", "mlp", "resnet" (convolutions with BatchNorm), "convnet" (without it),
    "transformer" (LayerNorm before each block), "post-ln transformer" (after it), "rnn",
    "pretrained" (to be fine-tuned), "lora" (by adapters), "embeddings" (and other sparse features),
    "gan", "ppo". Also "lstm", "gru", "cnn", "unet", "vit", "gpt" and "llm": each is treated as the
    nearest of these, and the advice says so.
    parameters: how many are trained. examples: how many there are for training; for a language
    model, sequences. batch_size: at most examples. epochs: the budget, how often each is seen,
    above 0.
    targets: for a regression, the numbers to predict; the advice then says whether to standardize.

    The schedule ends with the budget. The rate is the source's, scaled from its batch size to
    yours: in proportion for SGD, by the square root for Adam and its family. Short runs of small
    models tolerate higher rates, measured here for 300 updates. Between those and the 100,000
    updates of the sources, the rate lies on a straight line on log axes. On 25 small models,
    for 300 and 1500 updates, it missed 0.4% (median) of the fall in the loss that the best of
    seven rates achieved, 9% at worst; the rate was usually too low (benchmarks/ADVICE.md).

    A model for a small table (an "mlp" on up to 1000 examples) is judged by rows it didn't learn
    from. There the recipe stops early, and its decay alone would halve a weight in 70 epochs, or
    over a shorter run. On eight tables that weren't used to choose this, the held-out loss was
    0.80 times Adam's at 0.001 on the same rows (benchmarks/TABLES.md).

    The recipe decays every tensor. dataclasses.replace(advice.recipe, decays="matrices") leaves
    biases and norms out, and `translate` writes the groups for it.

    Raises: ValueError or TypeError that names the wrong argument.

    >>> advice = advise(model="mlp", parameters=10**5, examples=50_000, batch_size=128, epochs=10)
    >>> advice.recipe.optimizer, advice.recipe.steps, advice.recipe.warmup
    ('adamw', 3910, 391)
    >>> advice.recipe.hyper["lr"], advice.sweep
    (0.0055, (0.0018, 0.0055, 0.017))
    """
    if not isinstance(model, str) or model.lower() not in MODELS:
        require("model", model, one_of(*MODELS))
    if batch_size > examples:
        raise ValueError(f"batch_size must be at most examples={examples}, not {batch_size}")
    name, also = ALSO.get(model.lower(), (model.lower(), None))
    kind, steps = KINDS[name], max(1, round(epochs * math.ceil(examples / batch_size)))
    lr, reasons = _rate(kind, parameters, batch_size, steps)
    warmup = _warmup(kind, steps)
    hyper = {"lr": lr, **kind.hyper}
    if kind.decay.value:
        hyper["weight_decay"] = kind.decay.value
    recipe = Recipe(
        optimizer=kind.optimizer.value,
        hyper=hyper,
        steps=steps,
        warmup=warmup,
        schedule=kind.schedule.value,
        shape=_shape(kind, steps - warmup),
        clip_norm=kind.clip.value if kind.clip else None,
        batch_size=batch_size,
    )
    small = kind.tables and parameters <= SMALL and learned_by_heart(examples, epochs)
    recipe = for_few(recipe, epochs) if small else recipe
    choices = [*_choices(kind, recipe, reasons, small)]
    if far := far_from_unit(targets):
        choices.append(_choice("targets", far, SCALED))
    unknown = [*_unknown(kind, recipe, parameters, batch_size, epochs, targets is None)]
    return Advice(
        recipe,
        choices=tuple(choices),
        sweep=(_round(lr / 3), lr, _round(lr * 3)),
        unknown=tuple([also, *unknown] if also else unknown),
    )


def _linked(source: str) -> str:
    """A link to the paper; or to the file, as code."""
    if source.startswith("arXiv:"):
        return f"[{source}](https://arxiv.org/abs/{source[6:]})"
    return f"`{source}`" if "/" in source else source


def _rate(kind: Kind, parameters: int, batch_size: int, steps: int) -> tuple[float, list[Choice]]:
    """The peak, and what it is made from."""
    source = kind.rate.value or max(0.003239 - 0.0001395 * math.log(parameters), LOWEST)
    linear = kind.optimizer.value == "nesterov"
    long = source * _scale(batch_size, kind.batch, linear)
    rule = PROPORTION if linear else ROOT
    scaled = f"{_typed(source)} for batches of {kind.batch}, {rule.why}"
    parts = [
        _choice("rate in the source", _typed(source), kind.rate),
        _choice("rate for your batches", _typed(long), rule._replace(why=scaled)),
    ]
    if kind.short is None or parameters > SMALL or steps >= LONG:
        return _round(long), parts
    short = kind.short * _scale(batch_size, BATCH, linear)
    share = max(math.log(steps / SHORT) / math.log(LONG / SHORT), 0.0)
    lr = _round(short ** (1 - share) * long**share)
    bear = f"what small models tolerate for {SHORT} updates, at your batch size"
    between = (
        f"for {steps:,} updates, on a straight line between the two rates above on log axes: "
        f"{_typed(short)} is for {SHORT} updates, {_typed(long)} for {LONG:,}"
    )
    parts.append(Choice("rate for a short run", _typed(short), bear, HERE, TABLE))
    parts.append(Choice("rate for your run", _typed(lr), between, CONVENTION, TABLE))
    return lr, parts


def _scale(batch_size: int, of: int, linear: bool) -> float:
    return min(batch_size, LARGEST) / of if linear else (batch_size / of) ** 0.5


def _round(lr: float) -> float:
    return float(f"{lr:.2g}")


def _typed(lr: float) -> str:
    """Two digits, as you would type them: 0.0055, 6.7e-5."""
    return f"{_round(lr):g}".replace("e-0", "e-")


def _warmup(kind: Kind, steps: int) -> int:
    if kind.warmup.value is not None:
        return int(kind.warmup.value * steps)
    remembers = 2 / (1 - kind.hyper["beta2"])
    return int(min(max(round(remembers), steps / 100), steps / 10))


def _shape(kind: Kind, after_warmup: int) -> dict[str, float]:
    if kind.schedule.value == "constant":
        return {}
    return {"steps": after_warmup} | ({"floor": kind.floor} if kind.floor else {})


def _choice(part: str, value: str, known: Known) -> Choice:
    return Choice(part, value, known.why, known.grade, known.source)


def _choices(kind: Kind, recipe: Recipe, reasons: list[Choice], small: bool) -> Iterator[Choice]:
    yield _choice("optimizer", recipe.optimizer, kind.optimizer)
    yield from reasons
    if kind.hyper:
        numbers = ", ".join(f"{name} {value:g}" for name, value in kind.hyper.items())
        yield _choice("other settings", numbers, kind.hyper_why)
    decay = f"{recipe.hyper.get('weight_decay', 0.0):g}"
    yield _choice("weight decay", decay, ROWS if small else kind.decay)
    yield _choice("warmup", f"{recipe.warmup} of {recipe.steps:,} updates", kind.warmup)
    yield _choice("schedule", recipe.schedule, kind.schedule)
    if kind.clip:
        yield _choice("clipping", f"norm {kind.clip.value:g}", kind.clip)
    if recipe.patience:
        yield _choice("early stopping", f"patience {recipe.patience}", STOP)


def _unknown(
    kind: Kind,
    recipe: Recipe,
    parameters: int,
    batch_size: int,
    epochs: float,
    targets_unknown: bool,
) -> Iterator[str]:
    if kind.short is None:
        yield f"No model of this kind was trained to test this advice; {TABLE} lists the others."
    elif parameters > SMALL:
        yield f"No model of this size was trained to test this advice; {TABLE} lists small ones."
    if kind.standardize:
        yield "The inputs are assumed to have mean 0 and variance 1: standardize them first."
        if targets_unknown:
            asked = "pass them as targets= to find out whether yours fit."
            yield f"The same goes for the targets of a regression: {asked}"
    far = max(batch_size / kind.batch, kind.batch / batch_size)
    if far > FAR:
        size = f"Your batch size is off the source's by a factor of {far:.0f}"
        yield f"{size}: the best rate may lie outside the sweep."
    if recipe.steps < SHORT:
        yield f"{recipe.steps} updates are few: the shortest runs tried here had {SHORT}."
    if recipe.hyper.get("weight_decay"):
        yield "The recipe decays biases and norms, too; by convention, they are often left out."
    if epochs >= 2:
        yield f"Each example is seen {epochs:g} times: log a held-out loss, to notice overfitting."
