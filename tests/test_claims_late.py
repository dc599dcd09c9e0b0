"""What lessons 6, 8 to 12 and 14 say about their runs, on seeds that no lesson or stored run uses.

Each claim is a sentence in a lesson. The numbers here are looser than the lesson's only if the
sentence is. It takes minutes: `python run.py test -m slow -k claims`.
"""

from collections import Counter

import numpy as np
import pytest
import torch

from stepsize import Step, descend
from stepsize.checks.lesson_09 import paired_interval
from stepsize.clinic import find_lr
from stepsize.data import digits, linear_data
from stepsize.frameworks.bridge import as_torch
from stepsize.growth.batches import TARGET, updates_to
from stepsize.growth.widths import mup, network, standard, trained
from stepsize.models import LinearRegression
from stepsize.network import Network
from stepsize.optimizers import (
    adagrad,
    adam,
    adamax,
    averaged,
    lion,
    radam,
    schedule_free_adamw,
    sgd,
    shampoo,
)
from stepsize.optimizers.clipping import clip_by_norm
from stepsize.race import repeats
from stepsize.race.training import train as raced
from stepsize.transformer import CHANCE, Run, ramp, train

pytestmark = pytest.mark.slow

PEAK = 0.015  # of lesson 8


def verdicts(seeds: range, lr, **changed) -> Counter:
    return Counter(train(lr, seed=seed, **changed).verdict for seed in seeds)


# --- Lesson 8 -----------------------------------------------------------------------------------


def test_claims_8_the_whole_rate_is_stuck_and_a_warmup_or_a_quarter_of_it_learns():
    seeds = range(3000, 3012)
    assert verdicts(seeds, PEAK)["stuck"] >= 11
    assert verdicts(seeds, PEAK / 4)["learned"] >= 11
    assert verdicts(seeds, ramp(PEAK, 40))["learned"] >= 11
    assert verdicts(seeds, ramp(PEAK, 20))["learned"] >= 11


def learned_at(run: Run) -> int:
    """The first update at which the mean of ten losses is below a third of chance."""
    return int(np.argmax(np.convolve(run.loss, np.full(10, 0.1), "valid") < CHANCE / 3))


def test_claims_8_the_best_with_warmup_is_a_little_better_and_learns_a_little_earlier():
    """Pairs: the best cells of the map, chosen on seeds 0 to 4."""
    seeds = range(3100, 3116)
    pairs = [(train(0.0055, seed=s), train(ramp(PEAK, 40), seed=s)) for s in seeds]
    none, warm = (np.array([run.end for run in runs]) for runs in zip(*pairs, strict=True))
    assert (warm < none).sum() >= 10
    assert 1.5 < np.median(none / warm) < 7
    earlier = np.array([learned_at(a) - learned_at(b) for a, b in pairs])
    assert (earlier > 0).sum() >= 12
    assert 4 <= np.median(earlier) <= 16


def test_claims_8_a_low_rate_loses_by_warmup():
    for seed in range(3200, 3204):
        none, short, long = (train(ramp(0.002, n), seed=seed).end for n in (0, 20, 80))
        assert none < short < long


def test_claims_8_ten_updates_make_it_blind():
    """On some seeds it is less blind, and with warmup some see little, too; hence the pairs."""
    spread, gradient = [], []
    for seed in range(3310, 3316):
        pair = [train(lr, steps=41, seed=seed, watch=True) for lr in (PEAK, ramp(PEAK, 40))]
        for run in pair:
            lengths = run.update / run.lr[:, None]
            np.testing.assert_allclose(lengths[0], 1, atol=0.05)
            assert (lengths[9] < 0.5).all()
        spread.append([run.spread[10] / run.spread[0] for run in pair])
        gradient.append([run.gradient[9, 0] / run.gradient[0, 0] for run in pair])
    (blind, seeing), (lost, left) = np.transpose(spread), np.transpose(gradient)
    assert np.median(blind) < 0.05 and (seeing > 0.1).all() and (blind < seeing).all()
    assert (lost < 0.05).all() and (lost < left / 2).all()


@pytest.mark.parametrize(
    ("changed", "learns"),
    [
        (dict(norm_first=True), True),
        (dict(layers=2), True),
        (dict(optimizer=torch.optim.RAdam, steps=150), True),
        (dict(optimizer=torch.optim.AdamW), False),
        (dict(betas=(0.9, 0.98)), False),
    ],
)
def test_claims_8_what_else_helps(changed, learns):
    found = verdicts(range(3400, 3408), PEAK, **changed)
    assert found["learned"] >= 7 if learns else found["learned"] <= 1


def test_claims_8_sgd_learns_without_warmup():
    changed = dict(steps=300, optimizer=torch.optim.SGD, momentum=0.9)
    assert verdicts(range(3500, 3504), 0.02, **changed)["learned"] >= 3


# --- Lesson 6 -----------------------------------------------------------------------------------

X, y = digits(np.float32)


def ended(rule, net: Network, starts: range, lr: np.ndarray) -> np.ndarray:
    """The loss after 400 updates: a row for each start, a column for each rate."""
    theta = np.repeat(np.stack([net.start(seed) for seed in starts])[:, None], len(lr), axis=1)
    step = Step(theta)
    for t in range(1, 401):
        step = rule(step.theta, net.grad(step.theta, t), t, **step.memory, lr=lr[:, None])
    return net.loss(step.theta)


@pytest.mark.parametrize("seed", [85, 86])
def test_claims_6_radam_is_behind_adam_and_lion_never(seed):
    """Different batches and starts, finer rates; chosen on some, judged on others, in pairs."""
    net = Network(X, y, hidden=(32,), batch_size=64, seed=seed)
    rates = np.logspace(-3.5, -0.5, 17, dtype=np.float32)
    best, judged = {}, {}
    for rule in (adam, radam, adamax, lion):
        sweep = ended(rule, net, range(300, 305), rates).mean(axis=0)
        best[rule] = rates[int(np.nanargmin(sweep))]
        judged[rule] = ended(rule, net, range(400, 440), best[rule][None])[:, 0]
    below = {rule: judged[adam] - judged[rule] for rule in (lion, radam)}
    error = {rule: less.std(ddof=1) / 40**0.5 for rule, less in below.items()}
    assert below[radam].mean() < -2 * error[radam]
    assert below[lion].mean() > -2 * error[lion]  # sometimes level with Adam
    assert 5 <= best[adam] / best[lion] <= 32
    assert best[radam] > best[adam] and best[adamax] > best[adam]


# --- Lesson 9: the small network ----------------------------------------------------------------

IN_FRONT, BEHIND = ("momentum", "nesterov", "adam"), ("sgd", "adagrad", "rmsprop")
PARTS = "test", "training"


@pytest.fixture(scope="module")
def again() -> list[dict[tuple[str, str], dict]]:
    """The whole race three times: new seeds to choose and to judge, and twice new images."""
    found = []
    for number, order in ((901, 0), (902, 1902), (903, 1903)):
        runs = repeats.repeat(number, order)
        found.append({(run["optimizer"], run["by"]): run for run in runs})
    return found


def test_claims_9_the_best_rates_are_far_apart(again):
    for one in again:
        assert 32 <= one["sgd", "validation"]["lr"] / one["rmsprop", "validation"]["lr"] <= 128


def test_claims_9_a_rate_eight_times_too_high_costs_more_than_the_last_optimizer(again):
    for one in again:
        sweeps = [np.array(one[name, "validation"]["sweep"]) for name in repeats.NAMES]
        lowest = np.array([sweep.min() for sweep in sweeps])
        too_high = [sweep[sweep.argmin() + 3] / sweep.min() for sweep in sweeps]
        assert min(too_high) > lowest.max() / lowest.min()


def test_claims_9_three_are_in_front_and_close_on_the_test(again):
    for one in again:
        mean = {key: {part: np.mean(run[part]) for part in PARTS} for key, run in one.items()}
        front, behind = (
            [mean[name, "validation"] for name in names] for names in (IN_FRONT, BEHIND)
        )
        assert max(m["training"] for m in front) < min(m["training"] for m in behind)
        assert np.ptp([m["test"] for m in front]) < 0.04


def test_claims_9_tuned_for_the_training_loss_nesterov_is_usually_ahead_of_adam(again):
    ahead = 0
    for one in again:
        pair = [np.array(one[name, "training"]["training"]) for name in ("nesterov", "adam")]
        ahead += paired_interval(*pair, 2.093)[1] < 0
    assert ahead >= 2


def test_claims_9_validation_hardly_tells_two_neighboring_rates_apart(again):
    for one in again:
        for name in ("nesterov", "adam"):
            sweep = np.sort(one[name, "validation"]["sweep"])
            assert sweep[1] < 1.25 * sweep[0]


# --- Lesson 9: the larger models ----------------------------------------------------------------


def judged(task: str, chosen: dict[str, float]) -> dict[str, np.ndarray]:
    """At the lesson's rates, on seeds that it doesn't use."""
    return {
        name: np.array([raced(task, name, lr, seed).test for seed in range(900, 905)])
        for name, lr in chosen.items()
    }


def test_claims_9_on_the_residual_net_all_four_are_close():
    found = judged("residual net", dict(sgd=1.0, momentum=0.03, rmsprop=0.01, adam=0.1))
    mean = [losses.mean() for losses in found.values()]
    assert max(mean) < 2 * min(mean) < 0.3


def test_claims_9_on_the_post_ln_transformer_the_adaptive_ones_are_in_front():
    found = judged("post-LN transformer", dict(sgd=1.0, rmsprop=0.003, adam=0.01))
    assert (found["adam"] < found["rmsprop"]).all() and found["rmsprop"].max() < 0.1
    assert (found["sgd"] > found["adam"]).all()
    rates = (0.003, 0.01, 0.03, 0.1, 0.3)
    assert min(raced("post-LN transformer", "momentum", lr, 900).test for lr in rates) > 0.5


def test_claims_9_on_the_pre_ln_transformer_momentum_learns_as_adam_does():
    found = judged("pre-LN transformer", dict(sgd=0.1, momentum=0.1, rmsprop=0.01, adam=0.03))
    assert max(found[name].max() for name in ("momentum", "rmsprop", "adam")) < 0.02
    assert found["sgd"].min() > 0.5


def test_claims_9_sgd_learns_the_post_ln_transformer_later():
    for seed in (920, 921, 922):
        assert raced("post-LN transformer", "sgd", 0.3, seed, updates=300).test < 0.1


# --- Lesson 10 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [31, 32, 33])
def test_claims_10_the_power_of_ten_matters_and_the_second_digit_hardly(seed):
    net = Network(X, y, hidden=(32,), batch_size=32, seed=seed)

    def ends(rates: np.ndarray) -> np.ndarray:
        return descend(sgd, net, net.start(seed), 200, lr=rates[:, None]).loss[-20:].mean(axis=0)

    coarse = np.geomspace(0.001, 10, 13).astype(np.float32)
    found = ends(coarse)
    best = coarse[int(np.nanargmin(found))]
    assert 0.2 < best < 3
    low, high = ends(np.float32([best / 10, best * 10])) / np.nanmin(found)
    assert 2 < low < 15 and (high > 20 or np.isnan(high))
    assert np.nanmin(ends(np.geomspace(best / 3, best * 3, 9))) > 0.6 * np.nanmin(found)


def uneven(seed: int) -> LinearRegression:
    """Like the lab's: the features have four scales."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(512, 4)) * [1.0, 0.5, 0.2, 0.1]
    b = A @ [1.0, -2.0, 3.0, 5.0] + 0.1 * rng.normal(size=512)
    return LinearRegression(A, b, batch_size=16, seed=seed)


@pytest.mark.parametrize("seed", [41, 42, 43, 44])
def test_claims_10_a_longer_test_falls_at_a_lower_rate_and_explodes_at_the_same(seed):
    half, lowest = [], []
    for steps in (80, 160, 320, 640):
        found = find_lr(sgd, uneven(seed), np.zeros(4), lr_min=1e-4, lr_max=10.0, steps=steps)
        smooth = found.smoothed
        half.append(found.lr[np.argmax(smooth <= (smooth[0] + smooth.min()) / 2)])
        lowest.append(found.lr[smooth.argmin()])
    np.testing.assert_allclose(np.divide(half[:-1], half[1:]), 2, atol=0.6)
    assert max(lowest) / min(lowest) < 3


@pytest.mark.parametrize("seed", [51, 52])
def test_claims_10_the_linear_rule_holds_and_then_breaks_at_once(seed):
    A, b = linear_data(n=8192, noise=0.5, seed=seed)
    lowest = LinearRegression(A, b).loss(np.linalg.lstsq(A, b)[0])
    above = {}
    for size in (8, 64, 128, 2048):
        line = LinearRegression(A, b, size, seed=range(100, 120))
        ends = descend(sgd, line, np.zeros((20, 5)), 32768 // size, lr=0.004 * size / 8).loss[-1]
        above[size] = ends.mean() - lowest
    assert above[64] / above[8] == pytest.approx(1, abs=0.4)
    assert above[128] / above[8] == pytest.approx(1, abs=0.5)
    assert not above[2048] < 1


@pytest.mark.parametrize("seed", [61, 62, 63])
def test_claims_10_clipping_saves_a_run_from_one_bad_batch(seed):
    some = np.random.default_rng(seed).permutation(len(X))[:500]
    small = Network(X[some].astype(float), y[some], hidden=(16,))

    class BadBatch:
        loss = staticmethod(small.loss)

        def __init__(self, bound: float) -> None:
            self.bound = bound

        def grad(self, theta, t):
            return clip_by_norm(small.grad(theta, t) * (3000 if t == 20 else 1), self.bound)

    def trained(bound: float) -> np.ndarray:
        return descend(sgd, BadBatch(bound), small.start(seed), 600, lr=0.2).loss

    free, clipped = trained(np.inf), trained(1.0)
    assert free[20] > 3 * free[19] and free[-1] > 0.5
    assert clipped[20] < clipped[19] and clipped[-1] < 0.1


@pytest.mark.parametrize("lr", [0.1, 0.2, 0.4])
def test_claims_10_the_sharpness_goes_to_two_over_the_rate(lr):
    """The lesson's network, on different images and from a different start."""
    some = np.random.default_rng(7).permutation(len(X))[:500]
    images, wanted = torch.tensor(X[some]), torch.eye(10)[torch.tensor(y[some])]
    torch.manual_seed(7)
    tanh, linear = torch.nn.Tanh, torch.nn.Linear
    net = torch.nn.Sequential(linear(64, 32), tanh(), linear(32, 32), tanh(), linear(32, 10))
    weights = list(net.parameters())
    v = [torch.randn_like(w) for w in weights]
    found = []
    for t in range(2501):
        loss = ((net(images) - wanted) ** 2).sum(dim=1).mean() / 2
        measured = t >= 2000 and t % 50 == 0
        grads = torch.autograd.grad(loss, weights, create_graph=measured)
        if measured:
            for _ in range(40):
                length = sum((part**2).sum() for part in v) ** 0.5
                along = sum((g * part / length).sum() for g, part in zip(grads, v, strict=True))
                v = torch.autograd.grad(along, weights, retain_graph=True)
            found.append(float(sum((part**2).sum() for part in v) ** 0.5))
        with torch.no_grad():
            for w, g in zip(weights, grads, strict=True):
                w -= lr * g
    assert np.mean(found) == pytest.approx(2 / lr, rel=0.15)


# --- Lesson 12 ----------------------------------------------------------------------------------


def test_claims_12_schedule_free_adamw_trains_the_transformer():
    def schedule_free(params, **hyper):
        return as_torch(schedule_free_adamw, params, **hyper)

    assert verdicts(range(800, 804), ramp(0.01, 40), optimizer=schedule_free)["learned"] >= 3


# --- Lesson 13 ----------------------------------------------------------------------------------


def test_claims_13_the_angle_costs_rates_of_coordinates_their_lead_and_shampoo_nothing():
    """From starts that the lesson doesn't use, and in a steeper ravine."""
    from stepsize.labs.matrices import as_column, turned

    rates = np.logspace(-2, 1.5, 71)[:, None]
    for start in ([-3.0, 3.0], [4.0, 1.0], [2.0, -2.5]):
        needed = {}
        for rule in (sgd, adagrad, as_column(shampoo)):
            for degrees in (0, 45):
                surface, turn = turned(degrees), np.radians(degrees)
                c, s = np.cos(turn), np.sin(turn)
                at = np.array([[c, -s], [s, c]]) @ start
                loss = descend(rule, surface, at, steps=150, lr=rates).loss
                above = ~(loss < loss[0] / 1000)
                needed[rule.__name__, degrees] = 151 - above[::-1].argmax(axis=0).max()
        assert needed["sgd", 0] == needed["sgd", 45] > needed["shampoo", 45]
        assert needed["shampoo", 0] == needed["shampoo", 45] < 10
        assert needed["adagrad", 45] > 5 * needed["adagrad", 0] and needed["adagrad", 0] < 10


def test_claims_13_a_few_singular_values_are_large_and_adam_makes_them_a_little_more_even():
    net = Network(*digits(), hidden=(32, 32), batch_size=32)
    for seed in range(700, 720):
        start = net.start(seed)
        grad = net.grad(start, seed)
        step = adam(start, grad, 1, lr=1.0).theta - start
        counts = []
        for theta in (grad, step):
            values = np.linalg.svd(net.layers(theta)[1][0], compute_uv=False)
            counts.append((values > 0.1 * values[0]).sum())
        assert counts[0] <= 10 < counts[1] <= 26


def test_claims_13_five_steps_of_the_quintic_lift_more_than_twice_as_many_as_the_cubic():
    from stepsize.labs.matrices import CUBIC, QUINTIC, lifted

    net = Network(*digits(), hidden=(32, 32), batch_size=32)
    for seed in range(700, 720):
        values = np.linalg.svd(net.layers(net.grad(net.start(seed), seed))[1][0], compute_uv=False)
        values /= np.sqrt((values**2).sum())
        near = [
            ((lifted(values, 5, *form) > 0.5) & (lifted(values, 5, *form) < 1.5)).sum()
            for form in (QUINTIC, CUBIC)
        ]
        assert near[0] >= 2 * near[1] and near[0] >= 14


def test_claims_13_the_exact_step_is_no_better_than_newton_schulz():
    from stepsize.race.layers import muon, two_rules

    def exact(theta, grad, t, b=0.0, *, lr):
        b = 0.95 * b + 0.05 * grad
        U, _, Vt = np.linalg.svd(0.95 * b + 0.05 * grad, full_matrices=False)
        n, m = theta.shape[-2:]
        return Step(theta - lr * max(1, n / m) ** 0.5 * U @ Vt, dict(b=b))

    ratios = []
    for seed in range(700, 706):
        net = Network(*digits(), hidden=(32, 32), batch_size=32, seed=seed)
        ends = [
            min(
                float(net.loss(two_rules(rule, net, net.start(seed), 100, lr, rest=0.01)))
                for lr in (0.05, 0.1, 0.2)
            )
            for rule in (muon, exact)
        ]
        ratios.append(ends[0] / ends[1])
    assert 0.7 < np.median(ratios) < 1.3


def test_claims_13_per_update_muon_is_ahead_and_adam_with_five_times_the_updates_is():
    """On a new split of the images, at the rates that the stored repeats chose most often."""
    from stepsize.race import layers
    from stepsize.race.repeats import _dealt

    for order in (31, 32):
        images, seed = _dealt(order)["training"], 900 + np.arange(8)
        ends = {}
        for name, lr in (("adam", 2**-5), ("muon", 2**-4), (layers.LONGER, 2**-5)):
            theta = layers._trained(images, name, np.full(8, lr), seed, rest=2**-5)
            ends[name] = layers._losses(theta, images)
        assert ends["muon"].mean() < ends["adam"].mean() / 3
        assert paired_interval(ends[layers.LONGER], ends["muon"], 2.365)[1] < 0


def test_claims_13_a_whole_repeat_of_the_race_with_new_seeds():
    """Shampoo and Adam trade places with the seeds; on test images, so do Muon and longer Adam."""
    from stepsize.race import layers

    runs = {(run["name"], run["by"]): run for run in layers.repeat(71)}

    def losses(name: str, part: str) -> np.ndarray:
        by = {"training": "training", "test": "validation"}[part]
        return np.array(runs[name, by][part])

    def ahead(mine: str, theirs: str, part: str) -> bool:
        return paired_interval(losses(mine, part), losses(theirs, part), 2.093)[1] < 0

    for name in ("muon", "soap"):
        assert losses(name, "training").mean() < losses("adam", "training").mean() / 3
        assert losses(name, "test").mean() < 0.85 * losses("adam", "test").mean()
        assert ahead(name, "adam", "training") and ahead(name, "adam", "test")
    assert not ahead("shampoo", "adam", "test")
    for name in ("muon", "shampoo", "soap"):
        assert ahead(layers.LONGER, name, "training")


def test_claims_13_on_the_transformer_no_rule_of_matrices_is_ahead_and_a_longer_adam_is():
    """At the rates that the stored repeats chose most often."""
    from stepsize.race.block_training import trained
    from stepsize.race.blocks import LONGER

    ends = {
        name: np.array([trained(name, 2.0**e, seed, rest=2.0**-5).test for seed in range(800, 805)])
        for name, e in {"adam": -5, "muon": -4, "soap": -5, "momentum": -3, LONGER: -5}.items()
    }
    for name in ("muon", "soap"):
        assert paired_interval(ends[name], ends["adam"], 2.776)[1] > 0
        assert paired_interval(ends[LONGER], ends[name], 2.776)[0] < 0
        assert np.median(ends[LONGER]) < np.median(ends[name]) / 2
    assert np.median(ends["momentum"]) > 0.5 > 0.05 > np.median(ends["adam"])


# --- Lesson 14 ----------------------------------------------------------------------------------


def middle(width: int, exponent: int, rules, seeds: range) -> float:
    return float(np.median([trained(width, 2.0**exponent, rules, seed) for seed in seeds]))


def test_claims_14_the_best_rate_moves_with_the_width_and_stays_by_mup():
    """From width 64 to 512. μP's valley is flat on the right, so compare losses, not rates."""
    seeds, exponents = range(200, 205), range(-10, -3)

    def ends(width: int, rules) -> dict[int, float]:
        return {e: middle(width, e, rules, seeds) for e in exponents}

    small, standards, mups = ends(64, standard), ends(512, standard), ends(512, mup)
    base = min(small, key=small.get)
    assert abs(base - -6) <= 1
    assert min(standards, key=standards.get) < base
    assert standards[-6] > 2 * min(standards.values())
    assert mups[-6] < 1.6 * min(mups.values())


def test_claims_14_a_rate_is_carried_to_1024_and_the_search_still_wins():
    seeds = range(210, 213)
    as_it_is, by_mup = (middle(1024, -6, rules, seeds) for rules in (standard, mup))
    searched = middle(1024, -8, standard, seeds)
    assert searched < 0.6 * by_mup and searched < 0.6 * as_it_is
    assert by_mup < 0.06


@pytest.mark.parametrize("seed", [220, 221, 222])
def test_claims_14_a_step_of_adam_moves_a_layer_by_its_width(seed):
    moved = {}
    for width in (64, 256, 1024):
        net = network(width, seed)
        theta = net.start(seed)
        (W, b), (hidden, _), _ = net.layers(theta)
        _, (grad, _), _ = net.layers(net.grad(theta, 1))
        step = adam(hidden, grad, 1, lr=0.01).theta - hidden
        moved[width] = np.sqrt(np.mean((np.maximum(net.X @ W + b, 0) @ step) ** 2))
    assert 2.8 < moved[256] / moved[64] < 5.5
    assert 11 < moved[1024] / moved[64] < 20


def test_claims_14_updates_against_batch_size_follow_two_numbers():
    def fewest(size: int, rates) -> float:
        found = ([updates_to(TARGET, "sgd", lr, size, s) or np.inf for s in seeds] for lr in rates)
        return min(np.median(several) for several in found)

    seeds = range(230, 235)
    at = {4: (0.25, 0.5), 8: (0.25, 0.5), 16: (0.5, 1.0), 64: (1.0,), 512: (1.0,)}
    updates = {size: fewest(size, rates) for size, rates in at.items()}
    critical = 4 * (updates[4] / updates[512] - 1)
    assert 9 < critical < 28
    for size in (8, 16, 64):
        assert updates[size] == pytest.approx(updates[512] * (1 + critical / size), rel=0.25)


def in_bfloat16(x: np.ndarray) -> np.ndarray:
    return torch.tensor(x).bfloat16().float().numpy()


@pytest.mark.parametrize("seed", [240, 241])
def test_claims_14_bfloat16_weights_lose_steps_and_two_cures_bring_them_back(seed):
    rng = np.random.default_rng(seed)

    def chance(x: np.ndarray) -> np.ndarray:
        noise = rng.integers(0, 2**16, x.shape, dtype=np.uint32)
        return ((x.view(np.uint32) + noise) & 0xFFFF0000).view(np.float32)

    net, ends = Network(X, y, batch_size=64, seed=seed), {}
    for name, computes, kept in (
        ("float32", np.float32, np.float32),
        ("bfloat16", in_bfloat16, in_bfloat16),
        ("master", in_bfloat16, np.float32),
        ("stochastic", in_bfloat16, chance),
    ):
        step = Step(net.start(seed))
        for t in range(1, 1001):
            grad = net.grad(computes(step.theta), t)
            step = adam(step.theta, grad, t, **step.memory, lr=3e-4)
            step = step._replace(theta=kept(step.theta))
        ends[name] = float(net.loss(computes(step.theta)))
    assert ends["bfloat16"] > 2 * ends["float32"]
    assert ends["master"] == pytest.approx(ends["float32"], rel=0.05)
    assert ends["stochastic"] == pytest.approx(ends["float32"], rel=0.05)


def test_claims_14_a_decay_and_an_average_buy_about_the_same():
    rule, found = averaged(sgd, decay=0.99), []
    heights = (lambda p: 1.0, lambda p: 1 - p, lambda p: 1 - p**0.5)
    for seed in range(250, 258):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(X))
        train, held = order[:1200], order[1200:]
        labels = np.where(rng.random(1200) < 0.3, rng.integers(0, 10, 1200), y[train])
        net = Network(X[train], labels, (64, 64), "relu", batch_size=16, seed=seed)
        judge, ends = Network(X[held], y[held], (64, 64), "relu"), []
        trunk = Step(net.start(seed))
        for t in range(1, 1201):
            trunk = rule(trunk.theta, net.grad(trunk.theta, t), t, **trunk.memory, lr=0.2)
        for height in heights:
            step = trunk
            for t in range(1201, 1501):
                lr = 0.2 * height((t - 1201) / 300)
                step = rule(step.theta, net.grad(step.theta, t), t, **step.memory, lr=lr)
            ends.append(judge.loss(step.theta))
            if height is heights[0]:
                ends.append(judge.loss(step.memory["average"]))
        found.append(ends)
    constant, average, line, root = np.array(found).T
    assert (average < constant).all() and (line < constant).all() and (root < constant).all()
    assert abs(np.median(average / root) - 1) < 0.1
    assert abs(np.median(root / line) - 1) < 0.04
