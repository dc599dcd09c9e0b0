"""The loop of a script for PyTorch: its batches, its updates, and what it logs."""

from ..recipe import Recipe
from .logged import Loop, Snippets, batch_size, logged, often, plain
from .script import text

__all__ = ["loop"]

BATCHES = "model, loss_fn, and batches, an endless series of (inputs, targets) pairs."
DATA_SETS = "model, loss_fn, and two data sets of (input, target) pairs, train and held_out."

DATA = '''
{size}
loader = DataLoader(train, batch_size, shuffle=True)  # a new order in each epoch
batches = itertools.chain.from_iterable(itertools.repeat(loader))  # endless
held_out_loader = DataLoader(held_out, batch_size)
every = min(len(loader), {often})  # updates between two held-out losses: an epoch, or less


def held_out_loss():
    """The mean over all examples, in eval mode: no dropout, and BatchNorm's running means."""
    model.eval()
    with torch.no_grad():
        sums = [loss_fn(model(x), y).item() * len(y) for x, y in held_out_loader]
    model.train()
    return sum(sums) / len(held_out)
'''
UPDATE = """
loss = loss_fn(model(inputs), targets)
optimizer.zero_grad()
loss.backward()
{before}optimizer.step()
{schedule}"""
UPDATE_OF_TWO = """
loss = loss_fn(model(inputs), targets)
model.zero_grad()
loss.backward()
{before}for optimizer in optimizers:
    optimizer.step()
{schedule}"""
CLIP = "torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={})\n"
GRADIENTS = "gradients = [p.grad for p in model.parameters() if p.grad is not None]\n"
NORM = "torch.nn.utils.get_total_norm(gradients)\n"
SIZE = "size = torch.nn.utils.get_total_norm(model.parameters())  # of the weights\n"
SCHEDULE = "scheduler.step()  # after the optimizer, at every update\n"
SCHEDULE_OF_TWO = "for scheduler in schedulers:\n    scheduler.step()\n"


def loop(recipe: Recipe, scheduled: bool, log: bool) -> Loop:
    """The recipe's updates. scheduled: whether there is a scheduler to step."""
    two = recipe.matrices_only
    before = "" if recipe.clip_norm is None else CLIP.format(text(recipe.clip_norm))
    if log:
        before = f"norm = {before}" if before else f"{GRADIENTS}norm = {NORM}"
        before += f'rate = {"optimizers[0]" if two else "optimizer"}.param_groups[0]["lr"]\n'
    schedule = (SCHEDULE_OF_TWO if two else SCHEDULE) if scheduled else ""
    update = (UPDATE_OF_TWO if two else UPDATE).format(before=before, schedule=schedule)
    update += SIZE if log else ""
    if not log:
        return Loop(BATCHES, (), "", plain(recipe, update))
    snippets = Snippets(
        batch="inputs, targets",
        update=update,
        loss="loss.item()",
        rate="rate",
        norm="norm.item()",
        weights="size.item()",
        held_out="held_out_loss()",
        keep="copy.deepcopy(model.state_dict())",
        put_back="model.load_state_dict(best)",
    )
    imports = ["import csv", "from torch.utils.data import DataLoader"]
    imports += ["import copy"] if recipe.patience else []
    data = DATA.format(size=batch_size(recipe), often=often(recipe))
    return Loop(DATA_SETS, tuple(imports), data, logged(recipe, snippets))
