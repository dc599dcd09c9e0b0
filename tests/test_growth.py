"""What lesson 14 trains, compared with torch, and its stored runs, compared with new ones."""

import json
from itertools import count, pairwise, product

import numpy as np
import pytest
import torch

from stepsize import labs
from stepsize.checks.lesson_14 import my_factors
from stepsize.data import batch
from stepsize.frameworks.recipe import Recipe
from stepsize.frameworks.translate import translate
from stepsize.growth import batches
from stepsize.growth.batches import BATCHES, RATES, SEEDS, TARGET, updates_to
from stepsize.growth.widths import mup, network, standard, start, tensors, trained
from stepsize.labs.width import CHOOSING, EXPONENTS, FORMS, JUDGING, SHIPPED, WIDTHS, Map, stored

from . import PATIENCE

KINDS = ("input", "bias", "hidden", "bias", "output", "bias")
RUNS = [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
BATCH_RUNS = [json.loads(line) for line in batches.SHIPPED.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))


@pytest.mark.parametrize(("rules", "width"), [*product((standard, mup), (32, 96))])
def test_it_is_torchs_adam_with_a_group_for_each_tensor(rules, width):
    net, groups, parameters = network(width, seed=3), [], []
    for i, (tensor, kind) in enumerate(
        zip((t for layer in net.layers(net.start(3)) for t in layer), KINDS, strict=True)
    ):
        rate, start = rules(kind, width)
        parameters.append(torch.nn.Parameter(torch.tensor(tensor * np.float32(start))))
        groups.append(dict(params=[parameters[i]], lr=0.01 * rate))
    optimizer = torch.optim.Adam(groups)

    def loss(X, y):
        h = torch.tensor(X)
        for i in (0, 2, 4):
            h = h @ parameters[i] + parameters[i + 1]
            h = torch.relu(h) if i < 4 else h
        return torch.nn.functional.cross_entropy(h, torch.tensor(y))

    for t in range(1, 31):
        chosen = batch(t, len(net.y), 64, 3)
        optimizer.zero_grad()
        loss(net.X[chosen], net.y[chosen]).backward()
        optimizer.step()
    expected = loss(net.X, net.y).item()
    assert trained(width, 0.01, rules, seed=3, updates=30) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("seed", [0, 7])
def test_mups_rules_written_as_a_recipe_train_the_same_in_torch(seed):
    """As in lesson 14's section on groups."""
    width, updates = 96, 40
    net = network(width, seed)
    rates = {"2.weight": 64 / width, "4.weight": 64 / width}
    recipe = Recipe(optimizer="adam", hyper={"lr": 0.01}, rates=rates, steps=updates)
    sizes = (64, width, width, 10)
    linear = [torch.nn.Linear(n, m) for n, m in pairwise(sizes)]
    model = torch.nn.Sequential(linear[0], torch.nn.ReLU(), linear[1], torch.nn.ReLU(), linear[2])
    with torch.no_grad():
        for p, tensor in zip(model.parameters(), tensors(net, start(net, mup, seed)), strict=True):
            p.copy_(torch.tensor(tensor.T).reshape(p.shape))
    X, y, loss_fn = torch.tensor(net.X), torch.tensor(net.y), torch.nn.functional.cross_entropy
    dealt = (batch(t, len(y), 64, seed) for t in count(1))
    yours = dict(model=model, loss_fn=loss_fn, batches=((X[i], y[i]) for i in dealt))
    exec(translate(recipe, "torch", log=False), yours)
    ours = trained(width, 0.01, mup, seed, updates)
    assert loss_fn(model(X), y).item() == pytest.approx(ours, rel=1e-3)


def test_the_rules_are_those_of_the_exercise():
    for kind, width in product(KINDS, (16, 64, 1024)):
        np.testing.assert_allclose(mup(kind, width), my_factors(kind, width, 64))
        assert standard(kind, width) == (1, 1)


def test_every_cell_of_the_map_is_stored():
    found = {(r["rules"], r["width"], r["log2_lr"], r["seed"]) for r in RUNS}
    assert len(found) == len(RUNS)
    assert {*product(FORMS, WIDTHS, EXPONENTS, CHOOSING)} < found
    judged = {(form, width) for form, width, _, seed in found if seed in JUDGING}
    assert judged == {("standard", 1024), ("mup", 1024)}


@pytest.mark.parametrize("cell", [("standard", 64, -7), ("mup", 128, -7), ("standard", 32, -9)])
def test_a_stored_run_is_what_a_run_gives(cell):
    """At rates so low that the last bit of a sum makes no difference."""
    form, width, exponent = cell
    rules = {"standard": standard, "mup": mup}[form]
    ends = [trained(width, 2.0**exponent, rules, seed) for seed in (0, 4)]
    np.testing.assert_allclose(ends, stored(form, width, exponent, (0, 4)), rtol=0.02)


def test_the_runs_on_batches_are_stored():
    found = {(r["rule"], r["batch_size"], r["lr"], r["seed"]) for r in BATCH_RUNS}
    wanted = {cell for rule in RATES for cell in product((rule,), BATCHES, RATES[rule], SEEDS)}
    assert found == wanted and len(BATCH_RUNS) == len(wanted)


def test_no_best_rate_of_a_batch_is_outside_of_those_tried():
    for rule, rates in RATES.items():
        for size in BATCHES:
            fewest = [np.median(batches.stored(rule, size, lr)) for lr in rates]
            assert 0 < np.argmin(fewest) < len(rates) - 1, (rule, size)


@pytest.mark.parametrize(("rule", "lr", "size"), [("sgd", 1.0, 64), ("adam", 2.0**-5, 64)])
def test_a_stored_number_of_updates_is_what_a_run_gives(rule, lr, size):
    found = [updates_to(TARGET, rule, lr, size, seed) for seed in (0, 1)]
    np.testing.assert_allclose(found, batches.stored(rule, size, lr)[:2], atol=2)


def test_what_diverges_or_takes_too_long_never_gets_there():
    assert updates_to(0.15, "sgd", 1e6, 64, 0) is None
    assert updates_to(0.15, "sgd", 1e-6, 64, 0, most=3) is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: mup("weights", 64), "kind must be 'input' or 'bias' or 'hidden' or 'output'"),
        (lambda: mup("hidden", 0), "width must be a whole number, at least 1, not 0"),
        (lambda: network(64.0), "width must be a whole number, at least 1, not 64.0"),
        (lambda: trained(64, -0.1), "lr must be at least 0, not -0.1"),
        (lambda: updates_to(0.1, "lion", 0.1, 8, 0), "rule must be 'sgd' or 'adam', not 'lion'"),
        (lambda: batches.stored("lion", 8, 0.5), "rule must be 'sgd' or 'adam', not 'lion'"),
        (lambda: batches.stored("sgd", 100, 0.5), "batch_size must be 4 or 8 .*, not 100"),
        (lambda: batches.stored("sgd", 8, 0.3), "lr must be 0.125 or 0.25 .*, not 0.3"),
    ],
)
def test_what_was_not_run_or_can_not_be_is_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()


def test_the_lab_trains_more_without_torch_and_keeps_it():
    lab = labs.width()
    assert not lab.panel.cell.disabled
    lab.panel.start([("mup", 32, -6)], 1)
    lab.panel.worker.thread.join(PATIENCE)
    assert lab.panel.note.value == ""
    assert lab.controls["runs"].value == len(RUNS) + 1 == len(Map())
    lab.controls["form"].value, lab.controls["wide"].value = "mup", 32
    assert "6 runs" in lab.sentence and "rate 2⁻⁶" in lab.sentence
