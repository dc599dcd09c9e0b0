"""The race of lesson 13 on the transformer: fair to all; its costs; stored runs; learners' runs."""

import json
from collections import Counter

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from stepsize.checks.lesson_09 import best_rate
from stepsize.growth import batches
from stepsize.learner import runs
from stepsize.optimizers import muon, shampoo, soap
from stepsize.race import blocks, costs, layers
from stepsize.race.block_training import repeat, trained
from stepsize.race.blocks import (
    EXPONENTS,
    JUDGED,
    LONGER,
    NAMES,
    REPEATS,
    SHAPES,
    SHIPPED,
    TOKENS,
    TUNED,
    race,
    rates,
    seeds,
    updates,
)
from stepsize.transformer import Reverser, one_thread, rows

LINES = [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))


# --- The same for everyone ----------------------------------------------------------------------


def test_all_begin_at_the_same_place_and_see_the_same_batches():
    """At a rate of 0 nothing moves, so all losses are those of the start on the batches."""
    runs_of = [trained(name, 0.0, seed=3, rest=0.0) for name in NAMES]
    for run in runs_of:
        np.testing.assert_allclose(run.loss, runs_of[0].loss, rtol=1e-6)
        assert run.test == pytest.approx(runs_of[0].test, rel=1e-6)


@pytest.mark.parametrize("name", ["muon", "shampoo", "soap"])
def test_a_rule_of_matrices_moves_the_blocks_and_adam_the_rest(name):
    """With one of the two rates at 0, that part of the model stays put, and the loss falls."""
    still, only_rest, only_blocks = (
        trained(name, lr, seed=5, rest=rest).val
        for lr, rest in ((0.0, 0.0), (0.0, 2.0**-5), (2.0**-5, 0.0))
    )
    assert only_rest < still and only_blocks < still
    assert abs(only_rest - only_blocks) > 0.01


def test_everyone_got_the_same_effort():
    assert {len(exponents) for exponents in EXPONENTS.values()} == {7}
    count = Counter((run["name"], run["seed"]) for run in LINES)
    for number in REPEATS:
        tuning, fresh = seeds(number)
        for name in EXPONENTS:
            assert all(count[name, seed] == 7 for seed in tuning)
            assert all(count[name, seed] == 1 for seed in fresh)
    assert len(LINES) == len(REPEATS) * len(EXPONENTS) * (7 * TUNED + JUDGED)


@pytest.mark.parametrize("name", EXPONENTS)
def test_each_is_judged_at_its_best_rate_which_is_inside_the_range(name):
    for found in race(name):
        assert found["lr"] == best_rate(np.array(rates(name)), found["sweep"][:, None])


def test_no_seed_is_used_twice():
    all_of_them = [seed for number in REPEATS for part in seeds(number) for seed in part]
    assert len(set(all_of_them)) == len(all_of_them)


@pytest.mark.parametrize("name", ["adam", "muon", "soap"])
def test_a_stored_run_can_be_made_again(name):
    """Its first updates, before rounding errors have grown."""
    run = next(r for r in LINES if r["name"] == name and "loss" in r)
    again = trained(name, run["lr"], run["seed"], run["rest"])
    np.testing.assert_allclose(again.loss[:3], run["loss"][:3], rtol=0.02)


# --- Costs --------------------------------------------------------------------------------------


def counted(work) -> int:
    in_the_open = sdpa_kernel(SDPBackend.MATH)  # fused products wouldn't be counted
    with in_the_open, FlopCounterMode(display=False) as counter, one_thread():
        work()
    return counter.get_total_flops()


def test_the_gradient_costs_what_torch_counts():
    model, symbols = Reverser(norm_first=True), rows(torch.Generator().manual_seed(0))
    flops = counted(lambda: model(symbols).square().sum().backward())
    assert blocks.costs("adam") * 1e6 == pytest.approx(flops, rel=1e-9)
    assert symbols.numel() == TOKENS


@pytest.mark.parametrize("shape", [(96, 32), (32, 64)])
@pytest.mark.parametrize(
    ("rule", "cost"),
    [
        (muon, lambda shape: costs.muon([shape])),
        (shampoo, lambda shape: costs.shampoo([shape], 1) - 9 * sum(n**3 for n in shape)),
        (soap, lambda shape: costs._each([shape], products=8, cubes=0)),
    ],
)
def test_the_products_of_a_rule_are_those_that_torch_counts(rule, cost, shape):
    """torch counts no decompositions, so eigenvectors and QR have the cost that textbooks give."""
    theta, grad = torch.randn(2, *shape, dtype=torch.float64)
    memory = rule(theta, grad, 1).memory if rule is soap else {}
    flops = counted(lambda: rule(theta, grad, 2, **memory))
    assert cost(shape) == pytest.approx(flops, rel=1e-9)


def test_what_is_renewed_is_spread_over_the_run():
    """As `layers.shampoo` does: in each of the first nine updates, and then in every tenth."""
    n = [(1, 1)]
    cubes = [costs.shampoo(n, updates) - costs._each(n, 4, 0) for updates in (5, 20, 200)]
    assert cubes == pytest.approx([22, 22 * 11 / 20, 22 * 29 / 200])
    assert costs.of("adam", SHAPES, 40) == 0


def test_adam_is_given_more_operations_than_any_of_the_others():
    longer = blocks.costs("adam") * updates(LONGER)
    assert all(blocks.costs(name) * updates(name) < 1.05 * longer for name in NAMES)


# --- A learner's own ----------------------------------------------------------------------------


def test_a_repeat_goes_on_where_it_was_broken_off(monkeypatch):
    made = []

    def quick(name, lr, seed, rest):
        made.append((name, lr, seed))
        loss = 1 + abs(np.log2(lr) - EXPONENTS[name][3])
        return blocks_run(updates(name), loss)

    monkeypatch.setattr("stepsize.race.block_training.trained", quick)
    whole = list(repeat(9))
    assert len(whole) == len(made) == 6 * (7 * TUNED + JUDGED)
    assert list(repeat(9, whole[:100])) == whole[100:]
    for run in whole[:100]:
        runs.keep(SHIPPED, run)
    assert len(race("adam")) == len(REPEATS)
    for run in whole[100:]:
        runs.keep(SHIPPED, run)
    assert len(race(LONGER)) == 1 + len(REPEATS)
    assert race("soap")[-1]["lr"] == rates("soap")[3]


def blocks_run(n, loss):
    from stepsize.race import EVERY, Ran

    return Ran([loss] * (n // EVERY), loss, loss)


def test_a_best_rate_at_the_end_of_the_range_does_not_count(monkeypatch):
    def quick(name, lr, seed, rest):
        return blocks_run(updates(name), lr)

    monkeypatch.setattr("stepsize.race.block_training.trained", quick)
    with pytest.raises(ValueError, match="adam's best rate may lie outside those tried"):
        list(repeat(9))


def test_a_learners_runs_come_after_the_courses(tmp_path):
    before = len(layers.race("muon"))
    line = next(r for r in runs.known(layers.SHIPPED) if r["name"] == "muon")
    runs.keep(layers.SHIPPED, line | dict(repeat=99))
    assert len(layers.race("muon", line["by"])) == before + 1
    with open(tmp_path / layers.SHIPPED.name, "a", encoding="utf-8") as file:
        file.write('{"cut off')
    assert len(layers.race("muon", line["by"])) == before + 1


def test_a_seed_is_added_to_the_batches(monkeypatch):
    monkeypatch.setattr(batches, "updates_to", lambda target, **job: job["batch_size"])
    before = batches.stored("sgd", 8, 1.0)
    batches.add_seed()
    batches.add_seed()
    np.testing.assert_array_equal(batches.stored("sgd", 8, 1.0), [*before, 8, 8])
