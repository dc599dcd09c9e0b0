"""A recipe says what it means, and refuses what can't be trained."""

import dataclasses
import json

import numpy as np
import pytest

from stepsize import optimizers
from stepsize.frameworks.recipe import Recipe
from stepsize.schedules import cosine

GOOD = dict(optimizer="adam", hyper={"lr": 0.1}, steps=10)


def test_the_rate_rises_by_equal_amounts_and_then_follows_the_schedule():
    recipe = Recipe(**GOOD | dict(warmup=4, schedule="cosine", shape=dict(steps=6, floor=0.5)))
    expected = [0.025, 0.05, 0.075, 0.1, *(0.1 * cosine(np.arange(6), 6, 0.5))]
    np.testing.assert_allclose(recipe.lr(np.arange(10)), expected, rtol=1e-15)
    assert [recipe.lr(t) for t in range(10)] == recipe.lr(np.arange(10)).tolist()


def test_without_warmup_the_first_rate_is_the_peak():
    assert Recipe(**GOOD).lr(0) == 0.1
    assert Recipe(**GOOD).rule is optimizers.adam


@pytest.mark.parametrize(
    "wrong, word",
    [
        (dict(optimizer="Adam"), "optimizer"),
        (dict(optimizer="Rule"), "optimizer"),
        (dict(optimizer="decoupled"), "optimizer"),
        (dict(optimizer="clip_by_norm"), "optimizer"),
        (dict(schedule="sequence"), "schedule"),
        (dict(hyper={}), "lr"),
        (dict(hyper={"lr": -1.0}), "lr"),
        (dict(steps=0), "steps"),
        (dict(steps=2.5), "steps"),
        (dict(warmup=10), "warmup"),
        (dict(warmup=-1), "warmup"),
        (dict(clip_norm=0.0), "clip_norm"),
        (dict(decays="biases"), "decays must be 'all' or 'matrices', not 'biases'"),
        (dict(others={"lr": 0.1}), "others must be empty for adam, which steps all tensors"),
        (dict(optimizer="muon", others={"momentum": 0.1}), "others must have lr, .* for adamw"),
        (dict(optimizer="averaged"), "optimizer"),
        (dict(others_take=["head*"]), "others_take must be empty for adam, which steps all"),
        (dict(optimizer="muon", others_take="head*"), "others_take must be a list of names, not"),
        (dict(rates={"head.*": -1}), "rates\\['head.\\*'\\] must be at least 0, not -1"),
        (dict(batch_size=0), "batch_size"),
        (dict(patience=2.5), "patience"),
    ],
)
def test_what_is_wrong_is_named(wrong, word):
    with pytest.raises(ValueError, match=word):
        Recipe(**GOOD | wrong)


@pytest.mark.parametrize(
    "schedule, shape, words",
    [
        (
            "step_decay",
            {"every": 3},
            "shape must have step_size, gamma for step_decay, not 'every'",
        ),
        ("cosine", {}, "shape must have steps for cosine"),
        ("step_decay", {"gamma": 0.5}, "shape must have step_size for step_decay$"),
        ("constant", {"steps": 3, "lr": 0.1}, "for constant, not 'lr'"),
        ("cosine", {"steps": 0}, "steps must be at least 1, not 0"),
        ("cosine", {"steps": 9, "floor": 2.0}, "floor must be at least 0 and at most 1, not 2.0"),
    ],
)
def test_a_schedule_without_its_numbers_is_refused_at_once(schedule, shape, words):
    with pytest.raises(ValueError, match=words):
        Recipe(**GOOD | dict(schedule=schedule, shape=shape))


@pytest.mark.parametrize("hyper", [{"lr": 0.1, "betas": (0.9, 0.99)}, {"lr": 0.1, "momentum": 0.9}])
def test_an_optimizer_has_the_numbers_that_it_has(hyper):
    with pytest.raises(
        ValueError, match=r"^hyper must have m, v, lr, .* for adam, not '(betas|momentum)'"
    ):
        Recipe(**GOOD | dict(hyper=hyper))


MUON = Recipe(
    optimizer="muon",
    hyper={"lr": 0.02, "weight_decay": 0.01},
    others={"lr": 0.003},
    others_take=["embed*", "head*"],
    decays="matrices",
    rates={"blocks.1.*": 0.5, "head.weight": 0.25, "blocks.*": 2},
    steps=10,
)


@pytest.mark.parametrize(
    ("name", "shape", "group"),
    [
        ("embed.weight", (500, 64), ("adamw", 0.003, 0.01)),
        ("blocks.0.up.weight", (64, 64), ("muon", 0.04, 0.01)),
        ("blocks.1.up.weight", (64, 64), ("muon", 0.01, 0.01)),
        ("blocks.0.heads.weight", (64, 64), ("muon", 0.04, 0.01)),
        ("blocks.1.norm.weight", (64,), ("adamw", 0.0015, 0.0)),
        ("blocks.1.conv.weight", (8, 4, 3, 3), ("adamw", 0.0015, 0.01)),
        ("head.weight", (500, 64), ("adamw", 0.00075, 0.01)),
        ("head.bias", (500,), ("adamw", 0.003, 0.0)),
    ],
)
def test_every_tensor_has_a_group(name, shape, group):
    found = MUON.group(name, shape)
    assert found.optimizer == group[0]
    assert found[1:] == pytest.approx(group[1:], rel=1e-12)


def test_a_recipe_shows_what_was_said_and_is_read_again():
    shown = "Recipe(optimizer='adam', hyper={'lr': 0.1}, steps=10)"
    assert repr(Recipe(**GOOD)) == shown
    assert eval(repr(MUON)) == MUON and "rates={'blocks.1.*': 0.5" in repr(MUON)


def test_a_recipe_comes_back_from_json_and_its_rates_are_floats():
    recipe = Recipe(
        optimizer="muon",
        hyper={"lr": 0.1},
        steps=10,
        schedule="multi_step",
        shape={"milestones": [2, 4]},
        others_take=("embedding.*",),
        rates={"head.*": 0.5},
    )
    assert Recipe(**json.loads(json.dumps(dataclasses.asdict(recipe)))) == recipe
    assert type(recipe.lr(3)) is type(recipe.lr(np.int64(3))) is float
    assert recipe.lr(np.arange(3)).shape == (3,)


def test_without_names_the_groups_are_the_optimizers_own():
    assert Recipe(**GOOD).group("head.bias", (10,)) == ("adam", 0.1, 0.0)
    assert Recipe(**GOOD | dict(optimizer="muon")).group("w", (2, 3)) == ("muon", 0.1, 0.1)
