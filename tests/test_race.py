"""The race of lesson 9: fair to everyone; the stored runs; what the lesson says about them."""

import json
from collections import Counter

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from stepsize import labs, plots
from stepsize.checks.lesson_09 import best_rate, paired_interval
from stepsize.labs import sentences
from stepsize.labs.race import Races
from stepsize.race import (
    EVERY,
    FRESH,
    OPTIMIZERS,
    RATES,
    SHIPPED,
    TASKS,
    TUNING,
    WARMUP,
    repeats,
    results,
)
from stepsize.race.training import MODELS, Residual, factor, train

LINES = [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
SHORT = WARMUP + EVERY


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))


# --- The same for everyone ----------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_all_begin_at_the_same_place_and_see_the_same_batches(task):
    """At a rate of 0 nothing moves, so all losses are those of the start on the batches."""
    runs = [train(task, name, 0.0, seed=3, updates=SHORT) for name in OPTIMIZERS]
    assert all(run == runs[0] for run in runs)
    assert train(task, "adam", 0.0, seed=4, updates=SHORT).loss != runs[0].loss


def test_the_schedule_moves_from_the_first_update_to_the_last():
    factors = [factor(t, 100) for t in range(100)]
    assert factors[0] == 1 / WARMUP
    assert max(factors) == factors[WARMUP] == 1
    assert (np.diff(factors[WARMUP:]) < 0).all()
    assert 0 < factors[-1] < 0.001


@pytest.mark.parametrize("task", TASKS)
def test_a_training_leaves_torch_as_it_was(task):
    before = torch.get_rng_state(), torch.get_num_threads()
    train(task, "sgd", 0.1, updates=SHORT)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]


def test_the_residual_net_adds_what_it_was_given():
    net = Residual()
    assert sum(p.numel() for p in net.parameters()) == 3746
    block = net[4].eval()
    torch.nn.init.zeros_(block.row[3].weight)
    x = torch.rand(2, 8, 8, 8)
    assert torch.equal(block(x), x), "a block that says nothing lets its input through"


def test_every_task_has_a_model():
    assert list(MODELS) == list(TASKS)
    assert all(updates % EVERY == 0 for updates in TASKS.values())


# --- The stored runs ----------------------------------------------------------------------------


def test_everyone_got_the_same_effort():
    cells = Counter((run["task"], run["optimizer"], run["lr"]) for run in LINES)
    for task in TASKS:
        for name in OPTIMIZERS:
            counts = [cells[task, name, lr] for lr in RATES]
            whole = len(TUNING) + len(FRESH)
            assert sorted(counts) == [len(TUNING)] * (len(RATES) - 1) + [whole]
            assert RATES[np.argmax(counts)] == best_rate(RATES, results(task)(name))
    assert not set(TUNING) & set(FRESH)


@pytest.mark.parametrize("index", [30, 130, 230])
def test_a_stored_run_can_be_made_again(index):
    """Its first numbers, before rounding errors have grown."""
    run = LINES[index]
    again = train(run["task"], run["optimizer"], run["lr"], run["seed"])
    np.testing.assert_allclose(again.loss[:3], run["loss"][:3], atol=0.02)


def test_a_lost_run_is_infinite():
    lost = [run for run in LINES if not np.isfinite(run["val"])]
    for run in lost:
        losses = results(run["task"])(run["optimizer"])
        if run["seed"] in TUNING:
            assert np.isinf(losses[RATES.index(run["lr"]), run["seed"]])
    assert all(not np.isnan(results(task)(name)).any() for task in TASKS for name in OPTIMIZERS)


def test_what_is_not_stored_is_said():
    with pytest.raises(ValueError, match=r"task must be one of .*, not 'GAN'"):
        results("GAN")
    with pytest.raises(ValueError, match="lr must be the rate chosen for sgd, not 7"):
        results("residual net")("sgd", 7)


# --- The lab ------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_the_words_are_true(task):
    known = Races()
    lab = labs.race()
    lab.controls["task"].value, lab.controls["optimizer"].value = task, "sgd"
    for lr in RATES:
        lab.controls["lr"].value = lr
        ends = known.ends((task, "sgd", lr))
        assert lab.sentence.startswith(f"sgd at {lr:g}: {len(ends)} runs")
        assert ("diverged" in lab.sentence) == np.isinf(ends).any()
        if np.isfinite(ends).all():
            assert f", mean {sentences.number(ends.mean())}." in lab.sentence
        assert lab.sentence.partition("best rate for sgd is ")[2].startswith(
            f"{RATES[known.means(task, 'sgd').argmin()]:g},"
        )


def test_what_is_said_of_runs_that_were_lost():
    said = sentences.race("sgd", 3.0, np.array([0.5, np.inf, 0.7]), 0.1, 0.05)
    assert said == (
        "sgd at 3: 3 runs, final loss 0.5 to 0.7, 1 diverged. "
        "The best rate for sgd is 0.1, with a mean of 0.05"
    )
    assert sentences.race("sgd", 3.0, np.array([np.inf]), 0.1, 0.05).startswith(
        "sgd at 3: 1 run, 1 diverged."
    )


def test_the_lab_trains_more_and_keeps_it():
    lab = labs.race()
    lab.controls["optimizer"].value, lab.controls["lr"].value = "adam", 0.001
    cell = ("residual net", "adam", 0.001)
    assert lab.panel.chosen() == cell
    lab.panel.start([cell], 1)
    lab.panel.worker.thread.join(120)
    assert lab.panel.note.value == ""
    assert f"{len(TUNING) + 1} runs" in lab.sentence
    assert len(Races()) == len(LINES) + 1
    assert results("residual net")("adam").shape == (len(RATES), len(TUNING)), "as it was"


@pytest.mark.parametrize(
    "spoilt",
    [dict(loss=[1.0]), dict(task="GAN"), dict(val="low"), dict(lr=0.5), dict(test=None)],
)
def test_a_spoilt_line_is_passed_over(spoilt, tmp_path):
    good = LINES[0] | dict(seed=77)
    bad = LINES[0] | dict(seed=78) | spoilt
    (tmp_path / "race.jsonl").write_text(
        f"{json.dumps(bad)}\n{json.dumps(good)}\n", encoding="utf-8"
    )
    assert len(Races()) == len(LINES) + 1


# --- What the lesson says -----------------------------------------------------------------------


def fair(task):
    """The test losses of the fresh seeds, at the rates that were chosen."""
    found = results(task)
    return {name: found(name, best_rate(RATES, found(name))) for name in OPTIMIZERS}


def against_adam(task):
    """The interval of each loss minus Adam's, on the same seeds. 2.262: Student's t for ten."""
    ends = fair(task)
    return {name: paired_interval(ends[name], ends["adam"], 2.262) for name in OPTIMIZERS[:3]}


def test_on_the_residual_net_nobody_can_be_told_from_adam():
    assert all(low < 0 < high for low, high in against_adam("residual net").values())


def test_on_the_post_ln_transformer_sgd_and_momentum_are_behind():
    ends, intervals = fair("post-LN transformer"), against_adam("post-LN transformer")
    assert intervals["momentum"][0] > 1
    assert 0 < intervals["rmsprop"][0] < intervals["rmsprop"][1] < 0.02
    assert intervals["sgd"][0] < 0 < intervals["sgd"][1], "says the interval, but:"
    assert (ends["sgd"] > ends["adam"]).all()
    assert (ends["sgd"] > 1.5).sum() == 1


def test_on_the_pre_ln_transformer_momentum_is_as_good_as_adam():
    ends, intervals = fair("pre-LN transformer"), against_adam("pre-LN transformer")
    assert intervals["momentum"][0] < 0 < intervals["momentum"][1]
    assert max(ends["momentum"].mean(), ends["adam"].mean()) < 0.001
    assert intervals["rmsprop"][0] > 0
    assert intervals["sgd"][0] > 1


def test_the_interval_holds_the_mean_in_95_of_100_cases():
    rng = np.random.default_rng(0)
    a = rng.normal(1.0, 1.0, (2000, 10))
    b = a + rng.normal(0.5, 0.3, (2000, 10))
    held = [low < -0.5 < high for low, high in map(paired_interval, a, b, [2.262] * 2000)]
    assert 0.93 < np.mean(held) < 0.97


# --- The small race, repeated -------------------------------------------------------------------

ALL = (*repeats.SAME, *repeats.NEW)


def again(name, by="validation", numbers=ALL):
    return repeats.repeats(name, by, numbers)


def behind_adam(name, part, numbers, by="validation"):
    """How often a loss was surely lower than Adam's, and surely higher. 2.093: t for twenty."""
    pairs = zip(again(name, by, numbers), again("adam", by, numbers), strict=True)
    ends = [paired_interval(one[part], other[part], 2.093) for one, other in pairs]
    return sum(high < 0 for _, high in ends), sum(low > 0 for low, _ in ends)


def test_the_repeats_are_whole():
    for name in repeats.NAMES:
        for by in repeats.BY:
            found = again(name, by)
            assert [one["repeat"] for one in found] == list(ALL)
            assert all(
                np.isfinite(one[part]).all() for one in found for part in ("test", "training")
            )
            assert {len(one["test"]) for one in found} == {repeats.JUDGED}
        for one in again(name):
            assert one["lr"] == best_rate(repeats.RATES, np.array(one["sweep"])[:, None])


def test_a_repeat_can_be_made_again():
    """SGD's repeat, the quickest and the least chaotic."""
    made = {run["by"]: run for run in repeats.repeat(1, names=("sgd",))}
    for by in repeats.BY:
        (kept,) = again("sgd", by, [1])
        assert made[by]["lr"] == kept["lr"]
        np.testing.assert_allclose(made[by]["test"], kept["test"], atol=0.002)


def test_what_the_lesson_says_of_the_repeats():
    for name in ("sgd", "adagrad", "rmsprop"):
        for part in ("test", "training"):
            assert behind_adam(name, part, ALL) == (0, 20)
    lower, higher = behind_adam("nesterov", "training", repeats.SAME)
    assert lower >= 3 and higher >= 3, "whoever five seeds have favored"
    for numbers in (repeats.SAME, repeats.NEW):
        assert behind_adam("nesterov", "training", numbers, by="training")[0] == 9
    assert behind_adam("nesterov", "test", repeats.SAME) == (6, 0)
    assert behind_adam("nesterov", "test", repeats.NEW) == (0, 4)


def test_a_tally_is_bars_that_add_up_with_their_numbers():
    ax = Figure().add_subplot()
    counts = {"sgd": [0, 3, 7], "nesterov": [9, 0, 1]}
    plots.tally(ax, counts, ("lower", "can't tell", "higher"), "repeats")
    for name, place in zip(counts, range(2), strict=True):
        bars = [bar for bar in ax.patches if round(bar.get_y() + bar.get_height() / 2) == place]
        assert [bar.get_width() for bar in bars] == counts[name]
        assert [bar.get_x() for bar in bars] == [0, counts[name][0], sum(counts[name][:2])]
    assert sorted(text.get_text() for text in ax.texts if text.get_text()) == ["1", "3", "7", "9"]
