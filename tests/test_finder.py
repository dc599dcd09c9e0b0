"""`find_lr`: it changes nothing, doesn't mistake chance for a fall, and its rates are good."""

import random
import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, mse_loss
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import range_test
from benchmarks.zoo import ZOO, train
from stepsize.clinic import find_lr
from stepsize.clinic.range_test import lost, read
from stepsize.data import digits
from stepsize.network import Network
from stepsize.optimizers import sgd

LR = np.geomspace(1e-6, 10, 200)
FALLS = 0.3 + 2 / (1 + (LR / 0.01)) + np.where(LR > 1, (LR - 1) ** 2, 0)  # lowest at 1


class Odd(torch.nn.Module):
    """With a buffer that isn't in the state_dict, one that is replaced, and randomness."""

    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Linear(64, 16), torch.nn.BatchNorm1d(16), torch.nn.Dropout(0.1)
        )
        self.head = torch.nn.Linear(16, 10)
        self.register_buffer("calls", torch.zeros(()), persistent=False)
        self.register_buffer("last", torch.zeros(16))

    def forward(self, x):
        self.calls += 1
        hidden = self.body(x + 0.01 * random.random() + 0.01 * np.random.rand())  # noqa: NPY002
        self.last = hidden.detach().mean(0)
        return self.head(hidden)


def model():
    torch.manual_seed(0)
    return Odd()


def loader(seed=0):
    X, y = (torch.tensor(a) for a in digits(np.float32))
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(X, y), 64, shuffle=True, generator=generator)


def tensors(net):
    return {name: value.clone() for name, value in [*net.named_parameters(), *net.named_buffers()]}


@pytest.mark.parametrize("crash", [False, True])
def test_optimizer_buffers_and_all_random_numbers_are_as_before(crash):
    net, batches = model(), loader()
    optimizer = torch.optim.Adam(
        [{"params": net.body.parameters()}, {"params": net.head.parameters(), "lr": 0.02}], lr=0.01
    )
    for x, y in batches:  # the optimizer has a memory
        optimizer.zero_grad()
        cross_entropy(net(x), y).backward()
        optimizer.step()
    before, gradient = tensors(net), net.head.weight.grad
    memory = {p: {k: v.clone() for k, v in s.items()} for p, s in optimizer.state.items()}
    groups, kept = optimizer.param_groups, gradient.clone()
    seen = [f() for f in (torch.get_rng_state, batches.generator.get_state)]
    python, numbers = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002

    calls = 0

    def loss(z, y):
        nonlocal calls
        calls += 1
        if crash and calls == 7:
            raise RuntimeError("out of memory")
        return cross_entropy(z, y)

    if crash:
        with pytest.raises(RuntimeError, match="out of memory"):
            find_lr(net, loss, batches, optimizer=optimizer)
    else:
        assert len(find_lr(net, loss, batches, optimizer=optimizer).loss) > 50
    assert calls > 6
    after = tensors(net)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert net.head.weight.grad is gradient
    assert torch.equal(gradient, kept)
    assert optimizer.param_groups is groups
    assert [group["lr"] for group in groups] == [0.01, 0.02]
    assert optimizer.state.keys() == memory.keys()
    for p, held in memory.items():
        assert all(torch.equal(value, optimizer.state[p][name]) for name, value in held.items())
    assert torch.equal(seen[0], torch.get_rng_state())
    assert torch.equal(seen[1], batches.generator.get_state())
    assert random.getstate() == python
    assert np.array_equal(np.random.get_state()[1], numbers)  # noqa: NPY002


def test_asked_again_it_says_the_same():
    net = model()
    first, second = (find_lr(net, cross_entropy, loader(), steps=60) for _ in range(2))
    assert np.array_equal(first.loss, second.loss)
    assert str(first) == str(second)


def test_groups_keep_the_ratio_of_their_rates():
    """Groups at a tenth of the rate give the same curve, shifted by ten rates."""
    X, y = (torch.tensor(a) for a in digits(np.float32))
    curves = []
    for rates in ((0.1, 0.01), (50.0, 5.0)):
        net = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.Tanh(), torch.nn.Linear(16, 10))
        with torch.no_grad():
            for p in net.parameters():
                p.fill_(0.01)
        groups = [
            dict(params=net[i].parameters(), lr=lr) for i, lr in zip((0, 2), rates, strict=True)
        ]
        own = torch.optim.SGD(groups)
        curves.append(find_lr(net, cross_entropy, [(X, y)], optimizer=own, steps=60).loss)
    assert np.array_equal(*curves)


@pytest.mark.parametrize(
    ("loss", "batches", "how", "words"),
    [
        (cross_entropy, [{"x": torch.ones(2, 64)}], {}, "one of labels, label, .* not only x"),
        (cross_entropy, [3], {}, "batches must hold pairs"),
        (torch.nn.CrossEntropyLoss, None, {}, "write CrossEntropyLoss\\(\\), with parentheses"),
        (None, None, {}, "the model's own loss must be a tensor with one number"),
        (cross_entropy, None, dict(clip=0.0), "clip"),
        (cross_entropy, [], {}, "at least one batch"),
        (lambda z, y: z, None, {}, "one number, not shape"),
        (lambda z, y: 1.0, None, {}, "one number, not float"),
        ("mse", None, {}, "loss must be a function"),
        (cross_entropy, None, dict(optimizer="adam"), "optimizer must be a torch optimizer"),
        (cross_entropy, None, dict(optimizer=lambda p, lr: 3), "make a torch optimizer"),
        (cross_entropy, None, dict(optimizer=torch.optim.SGD(Odd().parameters())), "hold param"),
    ],
)
def test_what_is_wrong_is_named(loss, batches, how, words):
    with pytest.raises((ValueError, TypeError), match=words):
        find_lr(model(), loss, loader() if batches is None else batches, **how)


class Named(torch.nn.Module):
    """A model called by keyword that computes its own loss, like those of transformers."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.inner = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.Linear(16, 10))

    def forward(self, pixels, mask=1.0, labels=None):
        logits = self.inner(pixels * mask)
        loss = None if labels is None else cross_entropy(logits, labels)
        return SimpleNamespace(logits=logits, loss=loss)


FORMS = {
    "pairs": (cross_entropy, lambda x, y: (x, y)),
    "with a mask": (cross_entropy, lambda x, y: (x, torch.ones_like(x), y)),
    "a list": (cross_entropy, lambda x, y: [x, y]),
    "dicts": (cross_entropy, lambda x, y: {"pixels": x, "labels": y}),
    "dicts in pairs": (cross_entropy, lambda x, y: ({"pixels": x}, y)),
    "its own loss": (None, lambda x, y: {"pixels": x, "labels": y}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_loader_may_give_what_the_model_is_called_with(form):
    loss, made = FORMS[form]
    found = find_lr(Named(), loss, [made(x, y) for x, y in loader()], steps=40)
    plain = find_lr(Named().inner, cross_entropy, list(loader()), steps=40)
    assert np.array_equal(found.loss, plain.loss)


def test_a_tensor_alone_is_its_own_target():
    def net():
        torch.manual_seed(0)
        return torch.nn.Linear(64, 64)

    tensors = [x for x, _ in loader()]
    alone = find_lr(net(), mse_loss, tensors, steps=40).loss
    assert np.array_equal(alone, find_lr(net(), mse_loss, [(x, x) for x in tensors], steps=40).loss)
    assert np.array_equal(alone, find_lr(net(), mse_loss, [[x] for x in tensors], steps=40).loss)


def test_a_clipped_run_bears_a_higher_rate():
    free = find_lr(model(), cross_entropy, loader(), lr_max=1e4)
    clipped = find_lr(model(), cross_entropy, loader(), lr_max=1e4, clip=1e-3)
    assert clipped.suggestion > 10 * free.suggestion


def test_who_is_neither_model_nor_rule_is_told_so():
    for wrong in ("adam", 3):
        with pytest.raises(TypeError, match="torch model, or a rule"):
            find_lr(wrong, Network(*digits()), 0)
    net = model().requires_grad_(False)
    with pytest.raises(ValueError, match="parameters to train"):
        find_lr(net, cross_entropy, loader())
    own = torch.optim.SGD(model().parameters())
    with pytest.raises(ValueError, match="momentum"):
        find_lr(model(), cross_entropy, loader(), optimizer=own, momentum=0.9)


# --- Reading a curve ------------------------------------------------------------------------------


def test_a_plain_curve():
    found = read(LR, FALLS)
    assert 0.03 < found.suggestion < 1
    assert "80%" in found.reason and "all of it by" in found.reason
    assert read(LR, FALLS, averages=True).suggestion == pytest.approx(found.suggestion / 2)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_unit_of_the_loss_does_not_matter(unit):
    assert read(LR, unit * FALLS).suggestion == pytest.approx(read(LR, FALLS).suggestion)


def test_the_test_s_own_length_hardly_matters_to_the_suggestion():
    """It matters to the curve: a plain network's loss falls at lower rates in a slower test."""
    net = Network(*digits(np.float32), batch_size=32)
    short, long = (find_lr(sgd, net, net.start(), steps=steps) for steps in (100, 800))
    below = [test.lr[np.argmax(test.smoothed < 1.8)] for test in (short, long)]
    assert below[0] > 3 * below[1]
    assert 1 / 3 < short.suggestion / long.suggestion < 3


@pytest.mark.parametrize("draw", ["normal", "exponential", "laplace"])
def test_chance_is_not_a_fall(draw):
    rng = np.random.default_rng(0)
    told = [read(LR, getattr(rng, draw)(size=200)).suggestion is not None for _ in range(300)]
    assert np.mean(told) < 0.02


def test_a_fall_in_the_midst_of_noise_is_found():
    rng = np.random.default_rng(0)
    found = [read(LR, FALLS + 0.4 * rng.normal(size=200)).suggestion for _ in range(50)]
    assert all(0.01 < rate < 3 for rate in found)


def test_one_hard_batch_does_not_end_the_test():
    loss = FALLS.copy()
    loss[60] = 100.0
    assert lost(loss) == lost(FALLS) > 150


def test_a_lost_run_ends_where_it_is_lost():
    for bad in (np.nan, np.inf):
        loss = FALLS.copy()
        loss[150:] = bad
        assert lost(loss) == 150
    assert lost(np.full(200, np.nan)) == 0
    assert lost(np.array([2.0, 2.0, *2.0 ** np.arange(2, 50)])) < 20


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        (np.full(200, 2.3), "never fell"),
        (np.full(200, np.nan), "lower lr_min"),
        (np.r_[2.0, 1e9 * np.ones(199)], "lower lr_min"),
        (3 - np.linspace(0, 1, 200), "raise lr_max"),
        (1 + 0.5 ** np.arange(200.0), "lower lr_min|never fell"),
    ],
)
def test_why_nothing_is_suggested(loss, why):
    found = read(LR, loss)
    assert found.suggestion is None
    assert re.search(why, found.reason)


def test_it_draws_itself():
    fig, ax = plt.subplots()
    for found in (read(LR, FALLS), read(LR, np.full(200, np.nan))):
        assert found.plot(ax) is ax
    assert ax.get_xlabel() == "learning rate"
    plt.close(fig)


# --- Is the rate good? ----------------------------------------------------------------------------

SWEPT = {(row["model"], row["optimizer"]): row for row in range_test.recorded()}


def test_every_pair_was_swept():
    assert list(SWEPT) == range_test.PAIRS


@pytest.mark.parametrize(
    ("model", "optimizer", "i"), [("MLP, dropout", "sgd", 12), ("matrix factors", "adam", 14)]
)
def test_a_piece_of_the_sweeps_comes_out_again(model, optimizer, i):
    row = SWEPT[model, optimizer]
    again = [
        range_test.end(train(ZOO[model], optimizer, row["lr"][i], 200, seed))
        for seed in range_test.SEEDS
    ]
    assert again == pytest.approx(row["ends"][i], rel=0.05)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("model", ["MLP, dropout", "matrix factors", "deep MLP, LayerNorm"])
def test_on_models_set_aside_little_is_lost(model, optimizer):
    found = range_test.score(range_test.tested(model, optimizer, seed=20), SWEPT[model, optimizer])
    assert 0.1 < found.ratio < 5
    assert found.lost < 0.3


def test_the_page_has_a_row_for_every_pair():
    page = range_test.PAGE.read_text(encoding="utf-8")
    for model, optimizer in range_test.PAIRS:
        best = min(SWEPT[model, optimizer]["lr"], key=lambda lr: _mean(model, optimizer, lr))
        assert f"| {model} | {optimizer} | {best:.2g} |" in page


def _mean(model, optimizer, lr):
    row = SWEPT[model, optimizer]
    ends = row["ends"][row["lr"].index(lr)]
    return np.inf if None in ends else np.mean(ends)


def test_what_is_said_about_it_is_on_the_page():
    page = range_test.PAGE.read_text(encoding="utf-8")
    assert "| set aside | 132 | 9 | 0.97, 0.21 to 2.45 | 90% |" in page
    worse = [int(lost) for lost in re.findall(r"\((\d+)%\)", page) if int(lost) > 100]
    assert "| made later | 105 | 19 |" in page and "| 70% |" in page
    assert len(worse) == 4
    said = " ".join(find_lr.__doc__.split())
    for number in (
        "132 times",
        "123 suggestions",
        "0.97",
        "0.21 and 2.45",
        "three cases",
        "105 times",
    ):
        assert number in said
