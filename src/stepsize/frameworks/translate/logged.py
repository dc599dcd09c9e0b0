"""The running part of a script, alone or with the log for `diagnose`; the same for all three."""

from typing import NamedTuple

from ..recipe import Recipe
from .script import indented

__all__ = ["ARRAYS", "Loop", "Snippets", "arrays", "batch_size", "logged", "often", "plain"]

BATCH_SIZE = 32  # if the recipe has none
LOOKS = 20  # at the held-out loss, or more

# For a library that takes arrays: what a script expects, and how it makes batches of them.
ARRAYS = "four arrays: inputs, targets, held_inputs, held_targets"
OF_ARRAYS = '''
def endless(size):
    """Batches of all examples, in a new order in each epoch, endlessly."""
    rng = np.random.default_rng()
    while True:
        order = rng.permutation(len(inputs))
        for i in range(0, len(inputs), size):
            yield inputs[order[i : i + size]], targets[order[i : i + size]]


{size}
batches = endless(batch_size)
an_epoch = -(-len(inputs) // batch_size)
every = min(an_epoch, {often})  # updates between two held-out losses
'''

LOGGED = """
{start}with open("log.csv", "w", newline="", buffering=1) as file:
    log = csv.writer(file)
    log.writerow(["step", "loss", "lr", "grad_norm", "weight_norm", "val_loss"])
    for step, ({batch}) in enumerate(itertools.islice(batches, {steps}), 1):
{update}        val_loss = ""  # not every time
        if step % every == 0 or step == {steps}:
            val_loss = {held_out}
{look}        log.writerow([step, {loss}, {rate}, {norm}, {weights}, val_loss])
{stop}{end}
# See what the clinic finds in it:  python -m stepsize.clinic log.csv
"""
START = """
best, lowest, waited = {keep}, float("inf"), 0
"""
LOOK = """
waited += 1
if val_loss < lowest:
    best, lowest, waited = {keep}, val_loss, 0
"""
STOP = """
if waited == {patience}:  # early stopping
    break
"""


class Loop(NamedTuple):
    """The part of a script that runs. yours: what you supply; imports: what it needs of Python and
    others; data: how batches are made; updates: the loop itself."""

    yours: str
    imports: tuple[str, ...]
    data: str
    updates: str


class Snippets(NamedTuple):
    """A library's code for what is logged: a batch, an update and its numbers (norm, of the
    gradient; weights, their norm); what is kept of the model, and how it is restored."""

    batch: str
    update: str
    loss: str
    rate: str
    norm: str
    weights: str
    held_out: str
    keep: str
    put_back: str


def batch_size(recipe: Recipe) -> str:
    """The line with the batch size, and a remark if the recipe doesn't set it."""
    if recipe.batch_size:
        return f"batch_size = {recipe.batch_size}"
    return f"batch_size = {BATCH_SIZE}  # yours to choose"


def often(recipe: Recipe) -> int:
    """The largest number of updates between two looks at the held-out loss."""
    return max(1, recipe.steps // LOOKS)


def arrays(recipe: Recipe) -> str:
    """How batches are made from arrays."""
    return OF_ARRAYS.format(size=batch_size(recipe), often=often(recipe))


def plain(recipe: Recipe, update: str) -> str:
    """The loop alone."""
    head = f"for inputs, targets in itertools.islice(batches, {recipe.steps}):\n"
    return head + indented(update.strip().splitlines(), 4)


def logged(recipe: Recipe, snippets: Snippets) -> str:
    """The loop with its log, and with early stopping if the recipe has a patience."""
    stops = recipe.patience is not None
    said = snippets._asdict() | dict(
        steps=recipe.steps,
        patience=recipe.patience,
        update=_block(snippets.update, 8),
        start=START.format(keep=snippets.keep).lstrip() if stops else "",
        look=_block(LOOK.format(keep=snippets.keep), 12) if stops else "",
        stop=_block(STOP.format(patience=recipe.patience), 8) if stops else "",
        end=f"{snippets.put_back}  # of the lowest held-out loss\n" if stops else "",
    )
    return LOGGED.format(**said)


def _block(lines: str, by: int) -> str:
    return indented(lines.strip().splitlines(), by)
