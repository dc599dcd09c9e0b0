"""A recipe in, a script out, for PyTorch, Keras 3 and Optax.

    print(translate(recipe, to="keras"))

`script` holds what all three need: the recipe's numbers and how they are written. `rates` writes
out the schedules that a library lacks, `logged` the code that logs a run. `pytorch`, `keras` and
`optax` hold what is special about each, with their schedules in `torch_schedules` and so on, their
loops in `torch_loop` and so on; none of them imports the library it writes for.
"""

from ...ranges import one_of, require
from ..recipe import Recipe
from . import keras, optax, pytorch

__all__ = ["translate"]

UNSTOPPED = "\n# The recipe stops early (patience {}). This loop doesn't; with log=True it does."
WRITERS = {"torch": pytorch.write, "keras": keras.write, "optax": optax.write}


def translate(recipe: Recipe, to: str, *, log: bool = True) -> str:
    """The recipe as a script that trains with it: a string of Python.

    to: "torch", "keras" (Keras 3 with any backend; tested on torch and JAX) or "optax".
    log: whether the script makes its own batches and writes the loss, the rate and the norms of the
    gradient (before clipping) and of the weights at every update to log.csv, and now and then the
    held-out loss. `diagnose` reads that file, and so does python -m stepsize.clinic log.csv. Early
    stopping, which a recipe's `patience` asks for, needs the log. Without it, the script is just
    the optimizer and the loop, and says that it doesn't stop early.

    The first line of the script lists what you have to supply: the model, the loss function and the
    data; for log=False, `batches`, an endless series of (inputs, targets) pairs. The script makes
    `recipe.steps` updates, in the same order as `descend`: gradient, clipping, update, and the next
    rate.

    If the library's optimizer of that name does what the recipe says, the script uses it, with
    every number written out, so it relies on none of the library's defaults. If it does something
    else, the script says so and does the right thing in a few lines of its own.

    Raises: ValueError if that takes more than a few lines, saying why and what comes closest, and
    for a recipe whose numbers its rule would refuse. TypeError for anything but a Recipe.

    >>> recipe = Recipe(optimizer="adam", hyper={"lr": 0.1}, steps=300, clip_norm=1.0)
    >>> print(translate(recipe, to="torch", log=False))
    # Yours: model, loss_fn, and batches, an endless series of (inputs, targets) pairs.
    import itertools
    <BLANKLINE>
    import torch
    <BLANKLINE>
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, betas=(0.9, 0.999), eps=1e-08)
    <BLANKLINE>
    for inputs, targets in itertools.islice(batches, 300):
        loss = loss_fn(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, not {recipe!r:.60} ({type(recipe).__name__})")
    require("to", to, one_of(*WRITERS))
    require("log", log, one_of(True, False))
    made = WRITERS[to](recipe, log)
    stops = recipe.patience is not None and not log
    return made + UNSTOPPED.format(recipe.patience) if stops else made
