"""The clinic's signs, one by one: where each must speak, and where it must be silent."""

import json

import numpy as np
import pytest

from stepsize.clinic import diagnose
from stepsize.clinic.counting import ENOUGH, FORMS, TABLE, form
from stepsize.clinic.finding import Finding, apart, chance
from stepsize.clinic.history import History

RNG = np.random.default_rng(0)
T, EPOCH = np.arange(600), np.arange(30)
FALLING = 0.2 + 2 * np.exp(-T / 60) + 0.02 * RNG.normal(size=600)
HELD = 0.3 + 1.9 * np.exp(-EPOCH / 3)


def verdict(loss, **curves):
    return diagnose(dict(loss=loss) | curves).verdict


# Few numbers --------------------------------------------------------------------------------------

FEW = {
    "ten equal losses": ("dead gradients", dict(loss=[0.55518] * 10)),
    "rounded, about ln 100": ("plateau", dict(loss=[4.61, 4.61, 4.6, 4.61, 4.6, 4.6, 4.6])),
    "grows": ("divergence", dict(loss=[1.2, 0.9, 1.4, 3.0, 8.0, 21.0])),
    "jumps back": (
        "divergence",
        dict(loss=[10.99, 9.81, 8.9, 7.99, 7.29, 6.99, 11.39, 10.99, 10.79, 10.69]),
    ),
    "a hard batch": ("healthy", dict(loss=[2.3, 1.9, 1.5, 1.2, 2.1, 1.1, 1.0])),
    "the last line alone": ("can't tell", dict(loss=[2.3, 1.9, 1.5, 1.2, 1.1, 2.2])),
    "falls": ("healthy", dict(loss=[14.0, 6.2, 3.5, 2.3, 1.7, 1.4, 0.9, 0.7])),
    "no rate": ("rate is zero", dict(loss=[12.1, 12.0, 12.0, 12.1], lr=[0.0] * 4)),
    "held out turns": (
        "overfitting",
        dict(loss=[5, 4.6, 4.2, 3.9, 3.6, 3.3], val_loss=[5.2, 5.0, 4.9, 4.94, 4.97, 5.03]),
    ),
    "cut too early": (
        "rate decayed too early",
        dict(loss=[2.3, 1.5, 1.2, 1.0, 0.99, 0.985, 0.982], lr=[0.1] * 4 + [0.01] * 3),
    ),
    "cut by a plateau that wasn't one": (
        "rate decayed too early",
        dict(loss=[2.298, 1.0, 0.975, 0.964, 0.961, 0.958], lr=[0.02] * 3 + [0.004] * 3),
    ),
    "all a warmup": (
        "rate too low",
        dict(loss=[5, 4.9, 4.8, 4.7, 4.5, 4.2, 3.8, 3.1, 2.2], lr=np.arange(1, 10) * 1e-5),
    ),
    "float16": ("float16 overflow", dict(loss=[0.0] * 5, grad_norm=[np.nan] * 5)),
    "two numbers": ("can't tell", dict(loss=[2.3, 2.2])),
    "up and down": ("can't tell", dict(loss=[1.0, 1.1, 0.97, 1.05, 1.01])),
}


@pytest.mark.parametrize("name", FEW)
def test_few_numbers_get_a_cautious_answer(name):
    right, history = FEW[name]
    told = diagnose(history)
    assert told.verdict == right
    assert all(found.evidence < 0.98 for found in told.findings)


@pytest.mark.parametrize("length", [4, 5, 6, 8, 11])
def test_noise_around_a_guess_is_not_called_a_high_rate(length):
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(size=length)
        assert verdict(np.log(10) + 0.01 * noise) in ("plateau", "can't tell")


def test_more_numbers_are_more_evidence():
    sure = [diagnose([0.7] * n).findings[0].evidence for n in (4, 6, 8)]
    assert sure == sorted(sure) and sure[0] < sure[-1]


# Units and words ----------------------------------------------------------------------------------


def test_two_numbers_are_told_apart():
    assert apart(2.3051, 2.3069) == ("2.305", "2.307")
    assert apart(1.0, 2.0) == ("1", "2")
    assert apart(0.1, 0.1)[0] == apart(0.1, 0.1)[1]


def test_no_sentence_says_that_a_number_rose_to_itself():
    for seed in range(60):
        loss = 2.31 + 0.002 * np.random.default_rng(seed).normal(size=30)
        for found in diagnose(loss).findings:
            assert "went up from 2.31 to 2.31" not in found.sign


def test_a_guess_is_recognized_by_its_level():
    assert chance(np.log(10)) == 10
    assert chance(np.log(37)) is None
    assert chance(np.log(37), classes=37) == 37
    assert chance(np.log(10), classes=37) is None


# All curves ---------------------------------------------------------------------------------------

WAVES = 0.1 * (1 + np.cos(np.pi * T / 30)) / 2
SORTED = FALLING + 0.4 * ((T % 20) / 20)
RESTLESS = np.array([0.75, 0.4, 0.9, 1.1, 0.3, 2.2, 0.5, 0.95, 0.6, 1.5] * 3)  # a network's


def _slowing(share, done):
    """A fall of 1 whose second half brings this share of the first; it began at 2."""
    return 2 - (1 - share ** (2 * done)) / (1 - share**2)


SICK = {
    "stuck at a guess, from above": (
        "rate too high",
        dict(loss=np.log(10) + 40 * np.exp(-T / 4) + 0.01 * RNG.normal(size=600)),
    ),
    "never undercut": (
        "rate too high",
        dict(loss=14 + 0.1 * RNG.normal(size=30), val_loss=np.r_[0.1, 14 + 0 * EPOCH[1:]]),
    ),
    "up and down by epoch, to the end": (
        "rate too high",
        dict(loss=2 * RESTLESS, val_loss=RESTLESS[::-1], lr=np.full(30, 0.1)),
    ),
    "rate by batch, seen by epoch": (
        "schedule at the wrong pace",
        dict(loss=HELD, val_loss=HELD, lr=WAVES[19::20]),
    ),
    "rate by batch, every tenth": (
        "schedule at the wrong pace",
        dict(loss=FALLING[9::10], lr=WAVES[9::10]),
    ),
    "decay pulls back": (
        "weight decay too strong",
        dict(
            loss=0.5 - 0.15 * np.exp(-(((T - 60) / 60) ** 2)) + 0.005 * RNG.normal(size=600),
            val_loss=0.5 - 0.15 * np.exp(-(((EPOCH - 3) / 3) ** 2)),
        ),
    ),
    "weights pulled to 0": (
        "weight decay too strong",
        dict(loss=0.6 + FALLING / 2, val_loss=0.6 + HELD / 2, weight_norm=3 + 7 * np.exp(-T / 50)),
    ),
    "weights thrown far": (
        "rate too high",
        dict(loss=1.5 + 0.3 * np.abs(RNG.normal(size=600)), weight_norm=10 * (1 + T / 5)),
    ),
    "thrown in the first line": (
        "rate too high",
        dict(
            loss=np.r_[22000, 95, 3.8, 0.75 + np.exp(-EPOCH[3:] / 3)],
            val_loss=np.r_[0.94, 190, 4.0, 0.75 + np.exp(-EPOCH[3:] / 3)],
        ),
    ),
    "a little worse than a guess": (
        "rate too high",
        dict(loss=np.r_[65, 2.325 + 0.01 * RNG.normal(size=29)]),
    ),
    "restless held-out loss": (
        "rate too high",
        dict(
            loss=1.4 + 1.5 * np.exp(-EPOCH) + 0.05 * RNG.normal(size=30),
            val_loss=1.5 + 0.4 * (EPOCH % 2) + 0.1 * RNG.normal(size=30),
            lr=np.full(30, 0.1),
        ),
    ),
    "a guess, from a little above": (
        "plateau",
        dict(loss=np.log(10) + 0.1 * np.exp(-T / 20) + 0.01 * RNG.normal(size=600)),
    ),
    "held-out losses that are lost": ("NaN", dict(loss=FALLING, val_loss=[np.nan] * 30)),
    "sorted": ("data not shuffled", dict(loss=SORTED)),
    "sorted, 8.9 batches an epoch": (
        "data not shuffled",
        dict(loss=FALLING + 0.5 * ((T % 8.9) / 8.9)),
    ),
    "statistics": (
        "BatchNorm's statistics",
        dict(loss=FALLING, val_loss=5 + 0.1 * RNG.normal(size=30)),
    ),
    "loss scale": (
        "float16 overflow",
        dict(loss=FALLING, loss_scale=np.repeat(2.0 ** np.arange(16, -4, -1), 30)),
    ),
    "no rate": (
        "rate is zero",
        dict(loss=2.3 + 0.1 * RNG.normal(size=600), lr=np.zeros(600)),
    ),
    "low, under a cosine": (
        "rate too low",
        dict(
            loss=3 - 0.3 * np.sin(np.pi * T / 1200) + 0.002 * RNG.normal(size=600),
            lr=1e-5 * np.cos(np.pi * T / 1200),
        ),
    ),
    "a cosine that ends after a seventh": (
        "rate decayed too early",
        dict(
            loss=np.maximum(FALLING, FALLING[85]),
            lr=np.cos(np.pi * np.minimum(T / 170, 0.5)).round(9),
        ),
    ),
    "low, and slows down a little": ("rate too low", dict(loss=2 + _slowing(0.8, T / 600))),
    "low, and slows down at a constant rate": (
        "rate too low",
        dict(loss=1 + _slowing(0.5, T / 600), lr=np.full(600, 1e-5)),
    ),
    "low, and as far as noise lets one see, slows down": (
        "rate too low",
        dict(loss=3 + _slowing(0.8, T / 600) + 0.3 * RNG.normal(size=600)),
    ),
}


@pytest.mark.parametrize("name", SICK)
def test_an_illness_is_found_first(name):
    right, history = SICK[name]
    assert diagnose(history).verdict == right


SOUND = {
    "restarts": dict(
        loss=FALLING, lr=0.1 * (1 + np.cos(np.pi * (T % 150) / 150)) / 2, val_loss=HELD
    ),
    "weights that grow": dict(loss=FALLING, val_loss=HELD, weight_norm=10 + T / 30),
    "weights that shrink, and all is learned": dict(
        loss=FALLING, val_loss=HELD, weight_norm=3 + 7 * np.exp(-T / 50)
    ),
    "hard batches that held-out data don't feel": dict(
        loss=FALLING + 1.5 * np.isin(T, (185, 301, 421, 422)), val_loss=HELD
    ),
    "a gradient that is small beside a single large one": dict(
        loss=FALLING, grad_norm=np.where(T == 300, 1e7, 1 + 0.1 * RNG.normal(size=600))
    ),
    "a small last batch": dict(loss=FALLING + 2 * (T % 20 == 19) * (T > 0), val_loss=HELD),
    "cosine": dict(loss=FALLING, lr=0.1 * (1 + np.cos(np.pi * T / 600)) / 2, val_loss=HELD),
    "a fast start, then every 50th": dict(loss=0.3 + 0.06 * RNG.normal(size=12)),
    "classes unlearned before the first line": dict(loss=2.4 * np.exp(-T / 60) + 0.01),
    "learned by heart at a constant rate": dict(
        loss=0.5 * 0.8**EPOCH * 10 ** (0.15 * np.sin(2.4 * EPOCH)),
        val_loss=0.3 * 0.85**EPOCH * 10 ** (0.15 * np.cos(2.4 * EPOCH)),
        lr=np.full(30, 0.1),
    ),
    "a warmup, not over yet": dict(
        loss=2.9 + 0.15 * RNG.normal(size=12), lr=np.r_[[0.0] * 4, np.arange(1, 9) * 1e-6]
    ),
    "not done, but slowing down": dict(loss=1 + _slowing(0.5, T / 600)),
    "not done, but slowing down, by epoch": dict(loss=1 + _slowing(0.5, EPOCH / 30)),
    "not done, but slowing down, in noise": dict(
        loss=1 + _slowing(0.5, T / 600) + 0.1 * RNG.normal(size=600)
    ),
    "not done, but slowing down, under a decaying rate": dict(
        loss=1 + _slowing(0.5, np.sin(np.pi * T / 1200)), lr=0.1 * np.cos(np.pi * T / 1200)
    ),
    "a step that pays off at once": dict(
        loss=[6.82, 4.43, 3.72, 2.94, 1.97, 1.92, 1.81, 1.82, 1.94, 1.78, 1.74],
        lr=[0.019] * 4 + [0.0019] * 7,
    ),
    "a step, with noise before it": dict(
        loss=[1.36, 1.26, 1.35, 1.05, 1.17, 1.1, 1.1, 1.18, 1.16, 1.15],
        lr=[0.019] * 4 + [0.0019] * 6,
    ),
    "a step, and noise after it": dict(
        loss=[0.076, 0.031, 0.028, 0.023, 0.04, 0.034, 0.024, 0.032, 0.035, 0.03],
        lr=[0.019] * 4 + [0.0019] * 6,
    ),
    "a step when nearly all is learned": dict(
        loss=[2.3, 0.4, 0.05, 0.03, 0.02, 0.019, 0.0185, 0.018],
        lr=[0.019] * 4 + [0.0019] * 4,
    ),
    "held out from the second epoch on": dict(
        loss=0.4 + 0.6 * np.exp(-T / 20) + 0.05 * np.random.default_rng(0).normal(size=600),
        val_loss=0.44 + 0.06 * np.exp(-EPOCH / 3) + 0.005 * np.sin(2.4 * EPOCH),
        lr=np.full(600, 0.01),
    ),
    # A few rows are held out; a loss that is nearly 0 jitters by a large share of itself.
    "all but learned, and 23 rows held out": dict(
        loss=(1.1 * np.exp(-T / 20) + 0.03 * np.exp(0.7 * RNG.normal(size=600)))[:130],
        val_loss=np.exp(-EPOCH / 2) + 0.02 * 10 ** (0.4 * np.sin(2.4 * EPOCH)),
        lr=np.full(130, 0.01),
    ),
    # With a network of ReLUs and labels with a border, decaying the rate to 0 changed nothing here.
    "training losses nearly 0, and held-out ones that jitter far above": dict(
        loss=0.05 + 0.65 * np.exp(-T / 60) + 0.02 * RNG.normal(size=600),
        val_loss=0.37 + 0.33 * np.exp(-EPOCH / 3) + 0.03 * RNG.normal(size=30),
        lr=np.full(600, 0.01),
    ),
    "scaler settles": dict(
        loss=FALLING[:60], grad_norm=np.r_[[np.inf] * 3, np.ones(57)], lr=np.ones(60)
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_run_is_left_alone(name):
    assert diagnose(SOUND[name]).verdict in ("healthy", "can't tell")


@pytest.mark.parametrize("seed", range(20))
def test_a_held_out_loss_that_falls_to_the_end_is_not_a_noise_floor(seed):
    s = np.linspace(0, 1, 200)
    noise = np.random.default_rng(seed).normal(size=200)
    loss, held = 29000 - 4000 * s**2 + 4500 * noise, 29000 - 4000 * s**2
    found = diagnose(dict(loss=loss, val_loss=held, lr=np.full(200, 1e-3)))
    assert found.verdict != "noise floor"


def test_a_held_out_loss_that_hardly_moves_is_not_overfitting():
    held = 1.3856 + 0.0004 * np.abs(EPOCH / 10 - 1) * (1 - 0.3 * (EPOCH > 10))
    found = diagnose(dict(loss=1.39 - 0.0005 * EPOCH + 0.001 * RNG.normal(size=30), val_loss=held))
    assert found.verdict != "overfitting"


@pytest.mark.parametrize("kind", ["gan", "policy"])
def test_what_is_not_meant_to_fall_is_not_called_ill(kind):
    steady = 0.7 + 0.2 * np.sin(T / 40) + 0.1 * RNG.normal(size=600)
    rising = 1 + T / 300 + 0.2 * RNG.normal(size=600)
    for loss in (steady, rising, rising[::-1]):
        assert diagnose(loss, kind=kind).verdict == "can't tell"
    assert diagnose(np.r_[steady, 1e6 * 2.0 ** np.arange(100)], kind=kind).verdict == "divergence"
    assert diagnose([0.5] * 50, kind=kind).verdict == "dead gradients"
    assert diagnose([0.5] * 50 + [np.nan], kind=kind).verdict == "NaN"


def test_what_the_curves_cannot_show_is_said():
    told = diagnose(FALLING)
    assert told.verdict == "healthy"
    names = ("held-out loss", "learning rate", "gradient's norm")
    assert [name in str(told) for name in names] == [True] * 3
    every = dict(loss=0.5 + FALLING, val_loss=0.5 + HELD, lr=np.ones(600), grad_norm=np.ones(600))
    (only,) = diagnose(every).unseen
    assert only.startswith("a weight decay that is too strong")
    assert diagnose(every | dict(weight_norm=10 + T / 30)).unseen == ()


# The percentages ----------------------------------------------------------------------------------


def test_every_percentage_was_counted():
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert set(table) == set(FORMS)
    assert all(0 <= right <= of for cells in table.values() for right, of in cells.values())
    right, of = table["curve"]["divergence"]
    found = diagnose(np.r_[FALLING[:300], FALLING[300] * 1.05 ** np.arange(300)], val_loss=HELD)
    assert found.findings[0].evidence == pytest.approx((right + 1) / (of + 2))


def test_a_fault_in_code_is_told_beside_the_curve_that_shows_it_too():
    rising = np.r_[2.3, 2.0, 2.9, 8, 90, 3e4, [3e5] * 20]
    curve = diagnose(rising).findings
    assert "rate too high" in [one.name for one in curve]
    both = diagnose(rising, code="opt = torch.optim.SGD(model.parameters(), lr=3000)").findings
    told = {one.in_code: one for one in both if one.name == "rate too high"}
    assert set(told) == {True, False}
    assert "3000" in told[True].sign and "%" not in str(told[True])
    assert told[False] in curve


def test_only_what_was_counted_is_given_in_percent():
    grown = np.r_[FALLING[:300], FALLING[300] * 1.05 ** np.arange(300)]
    counted = diagnose(grown, val_loss=HELD).findings[0]
    assert f"divergence ({counted.evidence:.0%}): " in str(counted) and counted.calls >= ENOUGH
    rare = diagnose(FALLING, val_loss=np.full(30, 5.0)).findings[0]
    assert rare.name not in TABLE.read_text(encoding="utf-8")
    assert rare.calls == 0 and "%" not in str(rare)


# In code alone, and beside losses.
@pytest.mark.parametrize("losses", [None, FALLING])
def test_a_fault_in_the_code_is_given_in_words(losses):
    code = "opt = torch.optim.SGD(model.parameters(), lr=3000)"
    config = dict(schedule_steps=10, steps_per_epoch=40, epochs=10, stepped="batch")
    found = diagnose(losses, code=code, config=config).findings
    told = [one for one in found if one.in_code]
    assert {one.name for one in told} == {"rate too high", "schedule at the wrong pace"}
    assert all(one.calls == 0 and "%" not in str(one) for one in told)


@pytest.mark.parametrize(
    ("evidence", "words"), [(0.95, "very likely"), (0.8, "likely"), (0.6, "possible")]
)
def test_an_estimate_is_given_in_words(evidence, words):
    assert Finding("plateau", evidence, "Flat.", "Wait.", 8).certainty == words


def test_forms_are_told_apart():
    assert form(History(FALLING)) == "curve alone"
    assert form(History(FALLING, val_loss=HELD)) == "curve"
    assert form(History(FALLING[:30], val_loss=HELD)) == "lines"
    assert form(History(FALLING[:13])) == "few lines"
