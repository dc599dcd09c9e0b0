"""The transformer of lesson 8, the trainings behind its map, and the worker that adds more."""

import json
import subprocess
import threading

import numpy as np
import pytest
import torch

from stepsize import labs
from stepsize.labs import sentences
from stepsize.labs.trainings import Worker
from stepsize.labs.warmup import CHANCE, JUDGING, RATES, SHIPPED, WARMUPS, Map, stored
from stepsize.transformer import CHANCE as LN_8
from stepsize.transformer import Reverser, Run, ramp, rows, train

from .jupyter import PATIENCE

MODULE = "stepsize.transformer"
LINES = [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))


def test_chance_is_the_loss_of_a_blind_guess():
    symbols = rows(torch.Generator().manual_seed(0))
    loss = torch.nn.functional.cross_entropy(torch.zeros(256, 8), symbols.flatten())
    assert pytest.approx(loss.item()) == LN_8 == CHANCE


def test_ramp():
    factors = [ramp(0.5, 4)(t) for t in range(6)]
    assert factors == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5]
    assert ramp(0.5, 0)(0) == ramp(0.5, 1)(0) == 0.5


def test_a_run_is_the_same_again_and_leaves_torch_as_it_was():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    first, again, other = train(0.01, 5), train(lambda _: 0.01, 5), train(0.01, 5, seed=1)
    np.testing.assert_array_equal(first.loss, again.loss)
    assert not np.isclose(first.loss, other.loss).any()
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_watching_changes_nothing():
    plain, watched = train(0.01, 5), train(0.01, 5, watch=True)
    np.testing.assert_array_equal(plain.loss, watched.loss)
    assert watched.update.shape == watched.gradient.shape == (5, 5)
    assert watched.spread.shape == watched.dead.shape == (5,)
    assert ((watched.dead >= 0) & (watched.dead <= 1)).all()


def test_the_rate_is_the_schedules():
    np.testing.assert_allclose(train(ramp(0.02, 4), 6).lr, np.minimum(np.arange(1, 7) / 4, 1) / 50)
    still = train(0.0, 1, watch=True)
    assert (still.update == 0).all() and (still.gradient > 0).all()


def test_adams_first_step_is_the_rate_in_every_layer():
    for lr in (0.001, 0.015):
        np.testing.assert_allclose(train(lr, 1, watch=True).update[0] / lr, 1, atol=0.05)


def test_the_spread_is_that_of_the_last_layer():
    torch.manual_seed(0)
    symbols, model = rows(torch.Generator().manual_seed(0)), Reverser()
    spread = model.hidden(symbols).flatten(0, 1).std(0).mean().item()
    assert train(0.01, 1, watch=True).spread[0] == pytest.approx(spread, rel=1e-5)


@pytest.mark.parametrize("seed", [3, 11])
def test_it_is_stuck_without_warmup_and_learns_with_it(seed):
    """The lesson's claim: of 100 seeds, one learns without warmup, and all do with it."""
    none, warm = train(0.015, seed=seed), train(ramp(0.015, 40), seed=seed)
    assert (none.verdict, warm.verdict) == ("stuck", "learned")
    assert none.end > 1.8 and warm.end < 0.3


# --- The map ------------------------------------------------------------------------------------


def test_the_map_is_whole():
    known = Map()
    assert len(known) == len(LINES) == 5 * len(RATES) * len(WARMUPS) + 2 * len(JUDGING)
    seeds = {cell: len(runs) for cell, runs in known.runs.items()}
    assert sorted(seeds.values()) == [5] * (len(seeds) - 2) + [25] * 2
    assert seeds[0.0055, 0] == seeds[0.015, 40] == 25


def test_the_two_that_are_judged_were_the_lowest_on_the_choosing_seeds():
    medians = np.array([[np.median(stored(lr, n)) for n in WARMUPS] for lr in RATES])
    assert RATES[medians[:, 0].argmin()] == 0.0055
    assert np.unravel_index(medians[:, 1:].argmin(), (8, 5)) == (RATES.index(0.015), 3)


def test_the_learners_runs_are_none_of_the_stored_ones(tmp_path):
    before = stored(0.0055, 0)
    Map().keep(json.dumps(dict(lr=0.0055, warmup=0, seed=2, loss=[9.0] * 20)))
    np.testing.assert_array_equal(stored(0.0055, 0), before)


@pytest.mark.parametrize("index", [0, 21, 100])
def test_the_map_can_be_made_again(index):
    """Its first numbers, before rounding errors have grown."""
    line = LINES[index]
    loss = train(ramp(line["lr"], line["warmup"]), 10, line["seed"]).loss
    np.testing.assert_allclose(loss.reshape(-1, 5).mean(1), line["loss"][:2], atol=0.02)


def test_what_the_lesson_reads_off_the_map():
    lowest = dict(zip(RATES, Map().medians(), strict=True))
    none = {lr: row[0] for lr, row in lowest.items()}
    assert all(none[lr] < 0.1 for lr in (0.002, 0.004, 0.0055, 0.0075)) and none[0.015] > 2
    assert (lowest[0.0105][1:] < 0.05).all()
    assert (lowest[0.015][WARMUPS.index(20) :] < 0.05).all()
    assert (lowest[0.004] < 0.05).all()
    for lr in (0.001, 0.002):
        assert (np.diff(lowest[lr]) > 0).all()


def test_the_sentence_is_true():
    assert sentences.warmup(np.array([0.1, 2.0, 1.0]), 2.08) == (
        "1 of 3 runs learned, 1 got stuck, 1 in between: "
        "they end with losses from 0.1 to 2 (chance is 2.08)"
    )
    for end in (0.0, 0.69, 0.7, 1.66, 1.67, 2.1):
        run = Run(np.full(20, end), *[np.zeros(20)] * 5)
        said = sentences.warmup(np.array([end]), CHANCE)
        told = {"learned": "1 of 1 runs", "stuck": "1 got stuck", "between": "1 in between"}
        assert told[run.verdict] in said


@pytest.mark.parametrize(
    "line",
    [
        *('{"lr": 0.015, "warm', "[]", "", "7", "\0", '{"lr": 0.015, "warmup": 40, "seed": 9}'),
        '{"lr": 0.5, "warmup": 40, "seed": 9, "loss": [1]}',
        '{"lr": 0.015, "warmup": 40, "seed": 9, "loss": [1, 2]}',
    ],
)
def test_a_spoilt_line_is_passed_over(line, tmp_path):
    good = json.dumps(dict(lr=0.015, warmup=40, seed=77, loss=[0.5] * 20))
    (tmp_path / "warmup.jsonl").write_text(f"{line}\n{good}\n", encoding="utf-8")
    known = Map()
    assert len(known) == len(LINES) + 1
    assert known.ends((0.015, 40))[-1] == 0.5


def test_what_is_kept_is_there_again():
    known = Map()
    (job,) = known.next([(0.015, 40)])
    assert job == dict(lr=0.015, warmup=40, seed=25)
    known.keep(json.dumps(job | dict(loss=[1.0] * 20)))
    assert len(Map()) == len(known) == len(LINES) + 1
    assert next(known.next([(0.015, 40)]))["seed"] == 26


# --- More of them -------------------------------------------------------------------------------


def test_the_lab_trains_more_and_keeps_it():
    lab = labs.warmup()
    lab.panel.start([(0.015, 0)], 1)
    assert lab.panel.cell.disabled and not lab.panel.stop.disabled
    bar = lab.controls["runs"]
    assert (bar.min, bar.max) == (len(LINES), len(LINES) + 1)
    thread = lab.panel.worker.thread
    thread.join(120)
    assert lab.panel.worker is None and not lab.panel.cell.disabled
    assert lab.panel.note.value == ""
    assert "of 6 runs" in lab.sentence
    assert lab.controls["runs"].value == len(LINES) + 1 == len(Map())


def test_it_can_be_stopped_and_started_again():
    lab = labs.warmup()
    lab.panel.all.click()
    worker = lab.panel.worker
    lab.panel.cell.click()
    assert lab.panel.worker is worker, "one at a time"
    lab.panel.stop.click()
    worker.thread.join(PATIENCE)
    assert worker.process.poll() is not None
    assert lab.panel.worker is None and not lab.panel.all.disabled
    assert lab.panel.note.value == ""


def test_it_says_so_if_a_training_breaks_off():
    said, over = [], threading.Event()
    jobs = [dict(lr="much")]
    worker = Worker(MODULE, jobs, said.append, lambda words: (said.append(words), over.set()))
    assert over.wait(PATIENCE)
    assert said == ["the training didn't start, or broke off"]
    assert worker.process.poll() is not None


@pytest.mark.parametrize("end", ["stdin", "stdout"])
def test_a_training_ends_with_the_notebook(end):
    """However a kernel ends, its ends of both pipes close; either is enough."""
    worker = Worker(MODULE, [], print, lambda _: None)
    worker.thread.join(PATIENCE)
    process = subprocess.Popen(worker.process.args, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL)
    with process:
        jobs = 1 if end == "stdin" else 99
        process.stdin.write(b'{"lr": 0.01, "warmup": 0, "seed": 0}\n' * jobs)
        process.stdin.flush()
        getattr(process, end).close()
        if end == "stdin":
            assert process.stdout.read().count(b"\n") == jobs
        assert process.wait(PATIENCE) == (end == "stdout")
