"""What other people's names for curves mean: `train/loss`, `Val. Loss`, `lr-Adam`, `eval_loss`."""

import re
from functools import cache
from typing import NamedTuple

from .languages import in_english

__all__ = ["PART", "TRAIN", "UNNAMED", "VAL", "Meaning", "Record", "meaning", "words"]

# What was logged at one moment, under the log's own names. None, or a missing name, is a gap; NaN
# is a loss that is no longer a number.
Record = dict[str, float | None]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


VAL = _set(
    "val valid validation validate validating eval evaluation evaluating test testing dev va"
)
TRAIN = _set("train training trn tr learn")
UNNAMED = "unnamed"  # something called just "train" or "val"
LOSS = _set("loss losses")
MEASURES = _set(
    "cost nll mse rmse mae bce logloss mlogloss perplexity ppl xent crossentropy error err elbo "
    "unnamed"
)
# With these words, a loss is still the loss; any other word makes it a part, as in `box_loss`.
PLAIN = _set(
    "total overall avg average ave mean running epoch step batch iter minibatch mini smoothed raw "
    "log set data dataset on of for the one per over this each last current cur final lm value s "
    "binary multi "
    "metrics metric scalars is was now subset loader model"
)
# With these, it isn't the loss of the run.
NEVER = _set(
    "scale scaler time sec best worst lowest min minimum smallest weight weights coef coefficient "
    "improved decreased previous prev lambda function patience target threshold delta ratio"
)
DISCRIMINATOR, GENERATOR = (
    _set("d disc discriminator critic dis dloss"),
    _set("g gen generator gloss"),
)
STEPS = _set(
    "step steps iter iters iteration iterations it update updates batch batches minibatch "
    "timesteps timestep"
)
EPOCHS = _set("epoch epochs ep")
FILLERS = _set(
    "learning global trainer train training trained current cur total num number of at after "
    "optimizer mini no the in on for by eval val validation test starting finished end begin epoch "
    "progress index"
)
REWARDS = _set("reward rewards rew return returns")


SHORT = {"t": "train", "v": "val"}
JOINS = _set("t v d g avg total mean crossentropy mse bce nll")
JOINED = re.compile("(" + "|".join(sorted(VAL | TRAIN | JOINS)) + ")loss(?:es)?")


class Meaning(NamedTuple):
    """role: "loss", "val_loss", "d_loss", "g_loss", "lr", "grad_norm", "weight_norm",
    "loss_scale", "step", "epoch", "reward", or "" for any other name. rank: of several names
    with one role, the lowest is meant; from PART on, it is a part of a loss."""

    role: str
    rank: int = 0


PART = 4


def words(name: str) -> list[str]:
    """The words of a name in any spelling: `valLoss`, `val_loss`, `Val. Loss`."""
    found = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", name)
    parts: list[str] = []
    for word in map(str.lower, found):
        joined = JOINED.fullmatch(word)
        parts += [SHORT.get(joined[1], joined[1]), "loss"] if joined else [word]
    return parts


@cache
def meaning(name: str) -> Meaning:
    """What a curve of this name holds."""
    said = words(in_english(name))
    if not said or len(said) > 8:
        return Meaning("")
    for look in (_axis, _rate, _gradient, _weights, _scale, _loss, _reward):
        found = look(name, said)
        if found:
            return found
    return Meaning("")


def _axis(name: str, said: list[str]) -> Meaning | None:
    every = set(said)
    if every & EPOCHS and every <= EPOCHS | FILLERS:
        return Meaning("epoch")
    if every & STEPS and every <= STEPS | FILLERS:
        return Meaning("step", int(not every & {"step", "steps", "iteration", "updates"}))
    return Meaning("step", 2) if name.strip() in ("i", "t", "n", "#") else None


def _rate(name: str, said: list[str]) -> Meaning | None:
    every = set(said)
    if every & _set("decay scheduler factor min max"):
        return None
    if "lr" in every or {"learning", "rate"} <= every:
        return Meaning("lr", len(every - _set("lr learning rate train training")))
    return Meaning("lr", 9) if every == {"rate"} else None


def _gradient(name: str, said: list[str]) -> Meaning | None:
    every = set(said)
    if every & _set("gnorm gradnorm") or ("norm" in every and every & _set("grad grads gradient")):
        return Meaning("grad_norm", len(every - _set("grad gradient norm gnorm total global")))
    return Meaning("grad_norm", 9) if every in ({"total", "norm"}, {"norm"}) else None


def _weights(name: str, said: list[str]) -> Meaning | None:
    every = set(said)
    norm = "norm" in every and every & _set("weight weights param params parameter parameters")
    return Meaning("weight_norm", len(every)) if norm else None


def _scale(name: str, said: list[str]) -> Meaning | None:
    every = set(said)
    scales = every & _set("scale scaler lossscale") and every & _set("loss amp grad lossscale")
    return Meaning("loss_scale") if scales else None


def _loss(name: str, said: list[str]) -> Meaning | None:
    every = set(said)
    if name.strip() in ("box", "obj", "cls", "dfl"):  # YOLO's column headings
        return Meaning("loss", PART)
    if said == ["value"]:  # from one of R's optimizers
        return Meaning("loss", 3)
    cross = {"cross", "entropy"} <= every
    if {"l", "2"} <= every and every & (TRAIN | VAL):
        every = every - {"l", "2"} | {"mse"}  # LightGBM's l2
    never = NEVER - {"function"} if "value" in every else NEVER  # a critic's "value function loss"
    if every & never or not (every & (LOSS | MEASURES | {"dloss", "gloss"}) or cross):
        return None
    if " " in name.strip() and not _ends_in_a_loss(said):
        return None
    rest = every - LOSS - TRAIN - VAL - PLAIN - MEASURES
    rest -= {"cross", "entropy"} if cross else set()
    if not every & LOSS:
        rest -= {word for word in rest if word.isdigit()}  # XGBoost's validation_0
    for role, of in (("d_loss", DISCRIMINATOR), ("g_loss", GENERATOR)):
        if rest & of and not every & VAL:
            return Meaning(role, len(rest))
    role = "val_loss" if every & VAL else "loss"
    if rest:
        return Meaning(role, PART)
    if every & LOSS:
        return Meaning(role, int(bool(every & (PLAIN - {"total", "overall"}))))
    return Meaning(role, 3 if every & _set("error err perplexity ppl mae unnamed") else 2)


def _ends_in_a_loss(said: list[str]) -> bool:
    """Whether a long name ends with the loss; prose goes on after it: "the loss we use"."""
    after = said
    while after and after[0] not in LOSS | MEASURES | {"entropy", "dloss", "gloss"}:
        after = after[1:]
    allowed = LOSS | MEASURES | TRAIN | VAL | PLAIN | DISCRIMINATOR | GENERATOR
    return all(word in allowed or word.isdigit() for word in after)


def _reward(name: str, said: list[str]) -> Meaning | None:
    every = set(said)
    return (
        Meaning("reward")
        if every & REWARDS and not every & _set("chosen rejected accuracies margins")
        else None
    )
