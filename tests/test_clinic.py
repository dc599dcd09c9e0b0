"""The clinic: is it right, does it leave the healthy alone, and a model as it was?"""

import copy
import re

import numpy as np
import pytest
import torch

from stepsize import descend
from stepsize.checks import lesson_11
from stepsize.clinic import diagnose, find_lr, patient
from stepsize.clinic.patients import ILLNESSES
from stepsize.network import Network, digits
from stepsize.optimizers import adam, momentum, sgd
from stepsize.surfaces import quadratic

from . import ward

RNG = np.random.default_rng(0)
T = np.arange(400)
FALLING = 0.2 + 2 * np.exp(-T / 40) + 0.01 * RNG.normal(size=400)


def test_nine_in_ten_of_the_runs_set_aside_are_named_and_the_healthy_are_left_alone():
    counts = ward.confusion(ward.ASIDE, range(200, 205))
    right = sum(n for (truth, verdict), n in counts.items() if truth == verdict)
    assert right / sum(counts.values()) >= 0.9, ward.table(counts)
    healthy = {verdict: n for (truth, verdict), n in counts.items() if truth == "healthy"}
    assert healthy["healthy"] / sum(healthy.values()) >= 0.94, ward.table(counts)


# As people publish them: by epoch, smoothed, with steps, long.
HEALTHY = {
    "exponential": FALLING,
    "steps of a ResNet": np.repeat([0.9, 0.35, 0.2], 30)
    + np.concatenate([np.exp(-np.arange(30) / 4)] * 3) * np.repeat([2, 0.1, 0.02], 30),
    "a language model": 2.5 + 8.5 * (np.arange(1, 20001) / 10) ** -0.5,
    "by epoch": [2.3, 1.4, 1.1, 0.95, 0.86, 0.8, 0.76, 0.73, 0.71, 0.7, 0.69, 0.685, 0.68],
    "below zero": FALLING - 5,
    "with warmup": np.concatenate([[11.0] * 5, FALLING * 4]),
}


@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_healthy_curves_are_left_alone_in_any_unit(name, unit):
    assert diagnose(unit * np.array(HEALTHY[name])).verdict == "healthy"


SICK = {
    "divergence": [np.concatenate([FALLING[:200], FALLING[199] * 1.05 ** np.arange(100)])],
    "NaN": [np.concatenate([FALLING[:150], [np.nan] * 10])],
    "rate too low": [3 - 0.0005 * T, 3 - 0.0005 * T + 0.01 * RNG.normal(size=400)],
    "loss spikes": [FALLING + 3 * (T == 200), FALLING + 2 * np.isin(T, (150, 250, 333))],
    "plateau": [2.3 + 0.01 * RNG.normal(size=400), 2.3 + 0.1 * RNG.normal(size=100)],
    "dead gradients": [[2.302585] * 50],
}


@pytest.mark.parametrize("name, curve", [(n, c) for n, curves in SICK.items() for c in curves])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_plain_illnesses_are_found_in_any_unit(name, curve, unit):
    assert diagnose(unit * np.array(curve)).verdict == name


def test_where_it_began_is_said():
    found = diagnose(SICK["NaN"][0]).findings[0]
    assert "Loss 150 is the first" in found.sign
    assert "From update 19" in diagnose(SICK["divergence"][0]).findings[0].sign


def test_overfitting_wants_a_validation_loss():
    epochs = np.arange(30)
    train, val = np.exp(-epochs / 8), 0.5 + (epochs - 8) ** 2 / 400
    assert diagnose(train).verdict == "healthy"
    for history in ({"loss": train, "val_loss": val}, {"train_loss": train, "valid_loss": val}):
        assert diagnose(history).verdict == "overfitting"
    assert diagnose(train, val_loss=val).verdict == "overfitting"


def test_what_the_code_says_is_heard():
    loop = "loss.backward()\noptimizer.step()"
    assert diagnose(FALLING, config={"code": loop}).verdict == "forgotten zero_grad"
    assert diagnose(FALLING, config={"code": "optimizer.zero_grad()\n" + loop}).verdict == "healthy"
    two = ["StepLR", "CosineAnnealingLR"]
    assert diagnose(FALLING, config={"schedulers": two}).verdict == "two schedulers"
    assert diagnose(FALLING, config={"schedulers": [*two, "SequentialLR"]}).verdict == "healthy"
    for name, verdict in (("Adam", "L2 in Adam"), ("AdamW", "healthy"), ("SGD", "healthy")):
        config = {"optimizer": name, "weight_decay": 0.01}
        assert diagnose(FALLING, config=config).verdict == verdict
    pace = {"schedule_steps": 400, "steps_per_epoch": 40, "epochs": 10}
    for stepped, verdict in (("epoch", "schedule at the wrong pace"), ("batch", "healthy")):
        assert diagnose(FALLING, config=pace | {"stepped": stepped}).verdict == verdict


def test_what_is_too_short_is_not_judged():
    assert diagnose([2.3, 2.0, 1.8]).verdict == "can't tell"
    assert "I can't tell" in str(diagnose([2.3]))


def test_findings_are_ranked_and_say_what_to_do():
    told = diagnose(SICK["NaN"][0], config={"optimizer": "Adam", "weight_decay": 0.1})
    assert [f.name for f in told.findings] == ["NaN", "L2 in Adam"]
    for finding in told.findings:
        assert 0.5 <= finding.evidence <= 1
        assert finding.sign.endswith(".")
        assert finding.remedy[-1] in ".?"


def test_a_trace_can_be_brought():
    trace = descend(sgd, quadratic(1.0, 10.0), [1.0, 1.0], 60, lr=0.3)
    assert diagnose(trace).verdict == "divergence"


@pytest.mark.parametrize("wrong", ["abc", [[1.0, 2.0]], [], None, {"accuracy": [1.0]}, ["a"]])
def test_what_is_no_curve_is_named(wrong):
    with pytest.raises((TypeError, ValueError), match="loss"):
        diagnose(wrong)
    with pytest.raises((TypeError, ValueError), match="lr"):
        diagnose([1.0] * 20, lr="fast")


@pytest.mark.parametrize("number", range(1, 11))
def test_the_ten_patients_are_ill_as_said_and_better_after_the_cure(number):
    ill, cured = patient(number), patient(number, cured=True)
    assert ILLNESSES[diagnose(ill).verdict] == number
    assert lesson_11.PATIENTS == ILLNESSES
    assert ill == cured if number == 4 else not ill["val_loss"][-1] < 1.2 * cured["val_loss"][-1]


def test_there_is_no_eleventh_patient():
    with pytest.raises(ValueError, match="from 1 to 10, not 11"):
        patient(11)


# find_lr -----------------------------------------------------------------------------------------

RATES = np.geomspace(1e-4, 10, 21)


@pytest.mark.parametrize("rule", [sgd, momentum, adam], ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("hidden", [(), (48, 48)])
def test_the_suggestion_trains_nearly_as_well_as_the_best_rate_of_a_sweep(rule, hidden):
    net = Network(*digits(np.float32), hidden, batch_size=32)
    found = find_lr(rule, net, net.start())
    rates = np.append(RATES, found.suggestion).astype(np.float32)[:, None]
    ends = descend(rule, net, net.start(), 200, lr=rates).loss[-20:].mean(0)
    assert ends[-1] - np.nanmin(ends) < 0.1 * (found.loss[0] - np.nanmin(ends))


def test_the_suggestion_for_a_quadratic_is_below_its_border():
    found = find_lr(sgd, quadratic(1.0, 20.0), [1.0, 1.0])
    assert 1e-3 < found.suggestion < 2 / 20


def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(64, 32), torch.nn.BatchNorm1d(32), torch.nn.Dropout(0.1), torch.nn.ReLU(),
        torch.nn.Linear(32, 10),
    )  # fmt: skip


def batches():
    X, y = (torch.tensor(a) for a in digits(np.float32))
    return list(zip(X.split(64), y.split(64), strict=True))


def test_the_torch_model_is_left_as_it_was():
    net, before = model(), model()
    net.eval()
    net[0].weight.grad = torch.ones(32, 64)
    net[4].bias.requires_grad_(False)
    state = torch.random.get_rng_state()
    found = find_lr(net, torch.nn.functional.cross_entropy, batches(), optimizer=torch.optim.Adam)
    assert 1e-4 < found.suggestion < 0.3
    for name, value in before.state_dict().items():
        assert torch.equal(value, net.state_dict()[name]), name
    assert not net.training and not net[1].training
    assert torch.equal(net[0].weight.grad, torch.ones(32, 64))
    assert net[4].weight.grad is None
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_model_that_crashes_is_left_as_it_was_too():
    net = model()
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(ValueError, match="batch_size"):
        find_lr(net, torch.nn.functional.cross_entropy, [(torch.ones(4, 64), torch.ones(3).long())])
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


class Stuck:
    def loss(self, theta):
        return np.zeros(theta.shape[:-1]) + 1.0

    def grad(self, theta, t):
        return 0 * theta


class Broken(Stuck):
    def loss(self, theta):
        return np.full(theta.shape[:-1], np.nan)


@pytest.mark.parametrize(
    "landscape, hyper, why",
    [
        (Stuck(), {}, "never fell"),
        (Broken(), {}, "lost"),
        (quadratic(1.0, 1.0), dict(lr_max=1e-3), "raise lr_max"),
        (quadratic(1.0, 1.0), dict(lr_min=5.0), "never fell|lost"),
    ],
)
def test_where_the_curve_says_nothing_nothing_is_suggested(landscape, hyper, why):
    found = find_lr(sgd, landscape, [1.0, 2.0], **hyper)
    assert found.suggestion is None
    assert str(found).startswith("I can't tell")
    assert re.search(why, found.reason)


@pytest.mark.parametrize(
    "hyper, word",
    [
        (dict(lr_min=0.0), "lr_min"),
        (dict(lr_max=-1.0), "lr_max"),
        (dict(lr_min=1.0, lr_max=0.1), "lr_min"),
        (dict(steps=5), "steps"),
        (dict(lr=0.1), "lr"),
        (dict(optimizer=torch.optim.SGD), "optimizer"),
    ],
)
def test_what_is_wrong_is_named(hyper, word):
    with pytest.raises(ValueError, match=word):
        find_lr(sgd, quadratic(1.0, 1.0), [1.0, 1.0], **hyper)
    if "optimizer" not in hyper:
        with pytest.raises(ValueError, match=word):
            find_lr(model(), torch.nn.functional.cross_entropy, batches(), **hyper)


def test_batches_that_have_run_out_are_named():
    with pytest.raises(ValueError, match="batches"):
        find_lr(model(), torch.nn.functional.cross_entropy, iter(batches()[:3]))
