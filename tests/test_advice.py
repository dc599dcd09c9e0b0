"""What `advise` says: recipes that run, a reason for each part, errors that name the argument."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import advice as bench
from benchmarks.clinic import decays, tables
from stepsize.clinic import advise
from stepsize.clinic.evidence import ALSO, CONVENTION, HERE, KINDS, LITERATURE
from stepsize.frameworks.translate import translate

ROOT = Path(__file__).parents[1]
SANE = dict(model="mlp", parameters=10**5, examples=50_000, batch_size=128, epochs=10)


def asked(**changed):
    return advise(**{**SANE, **changed})


@pytest.mark.parametrize("model", KINDS)
def test_every_kind_gives_a_recipe_that_can_be_written(model):
    for parameters, batch, epochs in itertools.product(
        (1, 10**5, 10**12), (1, 64, 5000), (0.01, 3, 50)
    ):
        advice = asked(
            model=model, parameters=parameters, examples=5000, batch_size=batch, epochs=epochs
        )
        recipe = advice.recipe
        assert compile(translate(recipe, to="torch"), "script", "exec")
        rates = recipe.lr(np.arange(recipe.steps))
        assert (rates > 0).all() and rates.max() == pytest.approx(recipe.hyper["lr"])
        low, middle, high = advice.sweep
        assert middle == recipe.hyper["lr"] and low < middle / 2 and high > middle * 2
        assert not re.search(r"\de[-+]0", str(advice))  # 3e-5, as one types it


@pytest.mark.parametrize("model", KINDS)
def test_every_part_has_its_reason_its_grade_and_its_source(model):
    advice = asked(model=model)
    for choice in advice.choices:
        assert choice.part and choice.value and choice.why
        assert choice.grade in (HERE, LITERATURE, CONVENTION)
        assert re.fullmatch(
            r"arXiv:\d{4}\.\d{4,5}|benchmarks/(ADVICE|TABLES)\.md|JMLR .*", choice.source
        )
        assert (choice.grade == LITERATURE) <= (not choice.source.startswith("benchmarks/"))
        assert choice.why in repr(advice) and choice.why in advice._repr_markdown_()


def test_sgd_scales_in_proportion_and_adam_by_the_root():
    for model, power in (("resnet", 1.0), ("mlp", 0.5), ("transformer", 0.5)):
        rates = [
            asked(model=model, parameters=10**8, batch_size=b, epochs=8 * b).recipe.hyper["lr"]
            for b in (64, 256)
        ]
        assert rates[1] / rates[0] == pytest.approx(4**power, rel=0.05)
    huge = dict(model="resnet", parameters=10**8, examples=10**6, epochs=90)
    rates = [asked(**huge, batch_size=b).recipe.hyper["lr"] for b in (8192, 65536)]
    assert rates[0] == rates[1] == pytest.approx(3.2), "beyond, nobody has seen the rule hold"


def test_the_sources_are_met_where_they_stand():
    imagenet = asked(
        model="resnet", parameters=25_600_000, examples=1_281_167, batch_size=256, epochs=90
    ).recipe
    assert imagenet.hyper == {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}
    assert imagenet.warmup == 5 * 5005
    gan = asked(model="gan", batch_size=128).recipe
    assert gan.hyper == {"lr": 2e-4, "beta1": 0.5, "beta2": 0.999} and gan.warmup == 0


def test_a_longer_run_has_a_lower_rate_and_a_longer_warmup():
    advice = [asked(epochs=epochs) for epochs in (1, 10, 100, 1000)]
    rates = [each.recipe.hyper["lr"] for each in advice]
    assert rates[0] > rates[1] > rates[2] > rates[3] == 1e-3
    warmups = [each.recipe.warmup for each in advice]
    assert warmups == sorted(warmups) and warmups[2] == 2000


@pytest.mark.parametrize("name", ALSO)
def test_other_names_lead_to_the_nearest_kind(name):
    kind, said = ALSO[name]
    advice = asked(model=name)
    assert advice.recipe == asked(model=kind).recipe == asked(model=name.upper()).recipe
    assert said in advice.unknown


def test_adapters_bear_a_higher_rate_than_all_weights():
    few = dict(examples=42_000, batch_size=8, epochs=5)
    lora = asked(model="lora", **few).recipe
    assert lora.hyper["lr"] == 2e-4 > 5 * asked(model="pretrained", **few).recipe.hyper["lr"]
    assert lora.schedule == "linear" and lora.clip_norm is None


TABLE = dict(model="mlp", parameters=5000, examples=300, batch_size=32)


@pytest.mark.parametrize(("epochs", "halvings"), [(7, 0.1), (35, 0.5), (70, 1), (1000, 1)])
def test_on_few_examples_the_decay_halves_weights_in_seventy_epochs(epochs, halvings):
    advice = advise(**TABLE, epochs=epochs)
    recipe = advice.recipe
    walked = recipe.lr(np.arange(recipe.steps)).sum()
    assert 0.5**halvings == pytest.approx(np.exp(-recipe.hyper["weight_decay"] * walked), rel=0.05)
    assert recipe.patience == 20 and "early stopping" in repr(advice)
    assert "waited == 20" in translate(recipe, to="torch")


@pytest.mark.parametrize(
    "more",
    [dict(examples=1001), dict(epochs=1), dict(parameters=10**7), dict(model="transformer")],
)
def test_elsewhere_the_advice_is_as_it_was(more):
    recipe = advise(**TABLE | dict(epochs=50) | more).recipe
    kind = KINDS[more.get("model", "mlp")]
    assert recipe.hyper["weight_decay"] == kind.decay.value and recipe.patience is None


def test_targets_far_from_unit_scale_are_standardized():
    targets = np.random.default_rng(0).normal(152, 77, 300)
    choice = advise(**TABLE, epochs=50, targets=targets).choices[-1]
    assert choice.part == "targets"
    assert choice.value == f"(y - {targets.mean():.3g}) / {targets.std():.3g}"
    for near in (0.8 * (targets - 152) / 77, np.ones(300), None):
        advice = advise(**TABLE, epochs=50, targets=near)
        assert "targets" not in [choice.part for choice in advice.choices]
        assert ("targets=" in " ".join(advice.unknown)) == (near is None)
    with pytest.raises(ValueError, match="targets must be finite"):
        advise(**TABLE, epochs=50, targets=[1.0, np.nan])
    with pytest.raises(TypeError, match="targets must be numbers"):
        advise(**TABLE, epochs=50, targets=["cat"])


def test_the_page_of_tables_is_made_of_the_runs_on_record():
    rows, today = (json.loads(p.read_text(encoding="utf-8")) for p in (tables.RUNS, decays.RUNS))
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page(rows, today)
    wanted = itertools.product(
        tables.MADE_ON | tables.ASIDE, tables.MODELS, tables.BUDGETS, range(tables.SPLITS)
    )
    assert {(r["table"], r["model"], r["budget"], r["seed"]) for r in rows} == {*wanted}


def test_the_decay_was_chosen_on_the_runs_on_record():
    rows = json.loads(decays.RUNS.read_text(encoding="utf-8"))
    names = decays.CHOSEN_ON | decays.TRIED_ON
    wanted = itertools.product(names, tables.BUDGETS, range(decays.SPLITS))
    assert {(r["table"], r["budget"], r["seed"]) for r in rows} == {*wanted}
    row = next(r for r in rows if r["table"] == "irises" and r["budget"] == "30 epochs")
    again = decays.measured(row["table"], row["budget"], row["seed"])
    for way in decays.WAYS:
        assert again[way] == pytest.approx(row[way], rel=0.05)


def test_a_table_learned_again_ends_where_the_record_says():
    rows = json.loads(tables.RUNS.read_text(encoding="utf-8"))
    row = next(r for r in rows if r["table"] == "irises" and r["budget"] == "30 epochs")
    again = tables.measured(row["table"], row["model"], row["budget"], row["seed"])
    for way in tables.WAYS:
        assert again[way] == pytest.approx(row[way], rel=0.05)


def test_on_tables_that_had_no_say_todays_decay_is_better_than_the_first_and_than_the_default():
    rows = json.loads(decays.RUNS.read_text(encoding="utf-8"))
    tried = [row for row in rows if row["table"] in decays.TRIED_ON]
    first = decays.mean(decays.units(tried, decays.TODAY, True))
    adam = decays.mean(decays.units(tried, decays.TODAY, True, of=("Adam at 0.001", False)))
    assert max(first, adam) < 1
    assert f"was {adam:.2f} times Adam's" in " ".join(advise.__doc__.split())
    lesson = (ROOT / "lessons" / "11-the-clinic.md").read_text(encoding="utf-8")
    assert f"was {adam:.2f} times" in lesson and f"and {first:.2f} times" in lesson


def test_it_says_what_it_cannot_know():
    said = {model: " ".join(asked(model=model).unknown) for model in KINDS}
    assert "No model of this kind" in said["gan"]
    assert "mean 0 and variance 1" in said["linear"]
    assert "No model of this size" in " ".join(asked(parameters=10**9).unknown)
    assert "by a factor of 64" in " ".join(asked(batch_size=8192).unknown)
    assert "held-out" in said["mlp"] and "held-out" not in " ".join(asked(epochs=1).unknown)
    assert "100 updates are few" in " ".join(asked(epochs=100 / 391).unknown)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("model", "resnet50", ValueError),
        ("parameters", 0, ValueError),
        ("examples", -5, ValueError),
        ("examples", "many", TypeError),
        ("batch_size", 2.5, ValueError),
        ("batch_size", 50_001, ValueError),
        ("epochs", 0, ValueError),
        ("epochs", float("nan"), ValueError),
        ("epochs", None, TypeError),
    ],
)
def test_a_bad_answer_is_named(name, value, error):
    with pytest.raises(error, match=f"{name} must be"):
        asked(**{name: value})


def test_the_table_is_made_of_the_runs_on_record():
    rows = json.loads(bench.RUNS.read_text(encoding="utf-8"))
    assert bench.PAGE.read_text(encoding="utf-8") == bench.page(rows)
    assert {(row["model"], row["steps"]) for row in rows} == {
        *itertools.product(bench.KINDS, bench.BUDGETS)
    }


@pytest.mark.parametrize("steps", bench.BUDGETS)
def test_the_runs_on_record_had_the_rates_that_are_advised(steps):
    for row in json.loads(bench.RUNS.read_text(encoding="utf-8")):
        if row["steps"] == steps:
            assert bench.asked(row["model"], steps).recipe.hyper["lr"] == row["lr"], row["model"]


def test_a_run_again_ends_where_the_record_says():
    """One model, two seeds, by the translated script."""
    row = next(
        r
        for r in json.loads(bench.RUNS.read_text(encoding="utf-8"))
        if r["model"] == "logistic regression"
    )
    recipe = bench.asked(row["model"], 300).recipe
    ends = [bench.ended(bench.KINDS[row["model"]], recipe, seed)[1] for seed in (20, 21)]
    assert ends == pytest.approx(row["ends"][bench.FACTORS.index(1.0)], rel=0.02)
