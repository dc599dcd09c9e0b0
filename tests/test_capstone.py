"""The capstone: a contest that is fair, isn't won by luck, and doesn't break."""

import dataclasses

import numpy as np
import pytest

from stepsize.frameworks.recipe import Recipe
from stepsize.race import capstone
from stepsize.race.capstone import BUDGET, COURSE, Contest, compete, final_loss
from stepsize.transformer import CHANCE, Run, ramp, train

SEEDS_OF_THE_COURSE = [516856, 104059, 314282]


def quiet(done: int, of: int) -> None:
    pass


def against(monkeypatch, yours, courses):
    """A contest with given losses, each a function of the seed."""
    monkeypatch.setattr(
        capstone,
        "final_loss",
        lambda recipe, seed: courses(seed) if recipe is COURSE else yours(seed),
    )
    return compete(dataclasses.replace(COURSE, clip_norm=1.0), quiet)


def test_a_recipe_that_knows_the_model_beats_the_courses():
    better = Recipe(optimizer="nadam", hyper={"lr": 0.008}, steps=BUDGET, warmup=20)
    for seed in (3, 4):
        assert final_loss(better, seed) < 0.1 < final_loss(COURSE, seed) < CHANCE


def test_it_trains_as_the_lesson_on_warmup_does():
    """From the same weights, on the same batches."""
    recipe = Recipe(optimizer="adam", hyper={"lr": 0.004}, steps=30, warmup=10)
    run: Run = train(ramp(0.004, 10), steps=30, seed=5)
    assert final_loss(recipe, 5) == pytest.approx(run.loss[-1], abs=0.1)
    assert final_loss(recipe, 5) == final_loss(recipe, 5)


def test_muon_trains_the_matrices_and_adamw_the_rest():
    """Including biases, on which torch's Muon alone fails."""
    muon = Recipe(optimizer="muon", hyper={"lr": 0.02}, steps=40, others={"lr": 0.004})
    assert final_loss(muon, 3) < CHANCE


def test_who_diverges_knows_as_much_as_chance():
    assert final_loss(Recipe(optimizer="sgd", hyper={"lr": 1e30}, steps=5), 0) == CHANCE


def test_the_seeds_follow_from_the_recipe_and_not_from_its_last_digits():
    seeds = capstone.seeds(COURSE)
    assert len(set(seeds)) == capstone.SEEDS
    assert capstone.seeds(dataclasses.replace(COURSE)) == seeds
    near = dataclasses.replace(COURSE, hyper={"lr": 0.00400001, "weight_decay": 0.01})
    assert capstone.seeds(near) == seeds
    other = dataclasses.replace(COURSE, hyper={"lr": 0.0041, "weight_decay": 0.01})
    assert not set(capstone.seeds(other)) & set(seeds)


def test_what_a_recipe_says_since_then_gives_it_other_seeds_only_where_it_is_said():
    """The contests in the lessons keep the seeds that they had."""
    assert capstone.seeds(COURSE)[:3] == SEEDS_OF_THE_COURSE
    spared = capstone.seeds(dataclasses.replace(COURSE, decays="matrices"))
    assert not set(spared) & set(capstone.seeds(COURSE))


def test_winning_takes_the_whole_interval(monkeypatch):
    won = against(monkeypatch, lambda seed: 0.1 + seed % 7 / 100, lambda seed: 0.5)
    assert won.won and "You beat the course." in repr(won)
    lost = against(monkeypatch, lambda seed: 0.5, lambda seed: 0.1 + seed % 7 / 100)
    assert not lost.won and "The course's recipe is better." in repr(lost)
    even = against(monkeypatch, lambda seed: seed % 2 / 10, lambda seed: (seed + 1) % 2 / 10)
    assert not even.won and "don't tell" in repr(even)


def test_the_interval_is_students():
    yours, courses = np.random.default_rng(0).normal(size=(2, 10))
    mean, low, high = Contest("", tuple(yours), tuple(courses)).gain
    gains = courses - yours
    assert mean == pytest.approx(gains.mean())
    assert high - mean == pytest.approx(mean - low) == 2.262 * gains.std(ddof=1) / 10**0.5


def test_two_equal_recipes_are_told_apart_in_one_contest_of_forty():
    """With losses as skewed as the real ones; the wins of one side are counted."""
    rng = np.random.default_rng(0)
    losses = np.exp(rng.normal(-1.5, 1.0, size=(4000, 2, 10)))
    wins = [Contest("", tuple(y), tuple(c)).won for y, c in losses]
    assert 0.005 < np.mean(wins) < 0.03


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (..., "Not tried yet"),
        (0.1, "not a float"),
        (dataclasses.replace(COURSE, steps=101), "budget is 100"),
        (dataclasses.replace(COURSE, optimizer="prodigy", hyper={"lr": 1.0}), "has no prodigy"),
        (dataclasses.replace(COURSE, optimizer="muon", hyper={"lr": 1.0, "rms": 0.3}), "rms = 0.2"),
    ],
)
def test_what_can_t_be_trained_is_told_and_raises_nothing(answer, word):
    contest = compete(answer, quiet)
    assert word in repr(contest) and word in contest._repr_html_() and not contest.won


def test_who_stops_it_is_not_scolded(monkeypatch):
    def stopped(recipe, seed):
        raise KeyboardInterrupt

    monkeypatch.setattr(capstone, "final_loss", stopped)
    assert repr(compete(COURSE, quiet)) == "You stopped it."
