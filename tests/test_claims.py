"""What lessons 1 to 7 say about their runs holds on seeds, starts and grids they don't use.

Slow: `python run.py test -m slow -k claims`. The lessons after them: test_claims_late.py.
"""

import itertools

import numpy as np
import pytest
from sklearn import datasets
from sklearn.datasets import load_wine
from sklearn.feature_extraction.text import CountVectorizer

from stepsize import descend, schedules
from stepsize.checks.lesson_05 import two_adams
from stepsize.data import digits, linear_data, sine_data
from stepsize.labs.rates import noisy_line
from stepsize.models import LinearRegression, SineRegression
from stepsize.network import Network
from stepsize.optimizers import adagrad, adam, momentum, rmsprop, sgd
from stepsize.surfaces import Gradients, Surface, quadratic

pytestmark = pytest.mark.slow
SEEDS = [pytest.param(seed, id=f"seed{seed}") for seed in (101, 202, 303)]


# Lesson 1


@pytest.mark.parametrize("start", [0.3, -2.0, 4.5])
def test_at_rate_3_the_ball_on_log_cosh_ends_between_two_places(start):
    valley = Surface(
        "log cosh", lambda x: np.log(np.cosh(x)).sum(-1), np.tanh, (0,), ((-5, 5),), (1,)
    )
    theta = descend(sgd, valley, [start], 500, lr=3.0).theta[-6:, 0]
    np.testing.assert_allclose(theta[2:], theta[:-2], rtol=1e-6)
    assert np.abs(theta).min() > 0.5
    assert (theta[1:] * theta[:-1] < 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_border_of_a_regression_is_exact(seed):
    X, y = linear_data(n=300, seed=seed)
    model, border = LinearRegression(X, y), 2 / np.linalg.eigvalsh(2 * X.T @ X / 300)[-1]
    below, at, above = (
        descend(sgd, model, np.zeros(5), 2000, lr=f * border).loss for f in (0.99, 1, 1.01)
    )
    assert below[-1] == pytest.approx(model.loss(np.linalg.lstsq(X, y)[0]))
    assert at[-1] == pytest.approx(at[-101], rel=1e-6)
    assert at[-1] > 1.001 * below[-1]
    assert above[-1] > above[0] > above[10]


# Lesson 2


def race(seed):
    """The lesson's regression with different random numbers, and a start as PyTorch draws it."""
    rng = np.random.default_rng(seed)
    model = LinearRegression(*linear_data(seed=seed), batch_size=32, seed=seed)
    return model, rng.uniform(-1, 1, size=5) / 5**0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_at_copied_rates_adam_loses_by_more_than_a_thousand(seed):
    model, start = race(seed)
    rates = {sgd: 0.01, momentum: 0.01, adam: 0.001}
    end = {rule: descend(rule, model, start, 320, lr=lr).loss[-1] for rule, lr in rates.items()}
    assert end[adam] > 500 * max(end[sgd], end[momentum])


@pytest.mark.parametrize("seed", SEEDS)
def test_tuned_nobody_wins_after_320_steps_and_sgd_is_first_to_arrive(seed):
    model, start = race(seed)
    rates = np.logspace(-4.03, 1, 41)[:, None]
    best = {
        rule: np.nanmin(descend(rule, model, start, 320, lr=rates).loss, axis=1)
        for rule in (sgd, momentum, adam)
    }
    lowest = model.loss(np.linalg.lstsq(model.X, model.y)[0])
    assert all(loss[320] < 1.02 * lowest for loss in best.values())
    assert best[sgd][20] < 1.1 * lowest
    for steps, behind in ((5, 10), (20, 3), (40, 1.2)):
        assert min(best[momentum][steps], best[adam][steps]) > behind * best[sgd][steps]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_noise_of_a_batch_falls_as_the_root_of_its_size(seed):
    X, y = linear_data(seed=seed)
    exact, sizes = LinearRegression(X, y).grad(np.zeros(5), t=1), 2 ** np.arange(7)
    noise = []
    for size in sizes:
        drawn = LinearRegression(X, y, batch_size=int(size), seed=range(5000, 6000))
        gradients = drawn.grad(np.zeros((1000, 5)), t=1)
        noise.append(((gradients - exact) ** 2).sum(-1).mean() ** 0.5)
    assert np.polyfit(np.log(sizes), np.log(noise), 1)[0] == pytest.approx(-0.5, abs=0.03)


@pytest.fixture(scope="module")
def escaped():
    """For each batch size: where 1000 runs from 4.0 are after 200 steps, at each of four rates."""
    rates, ends = np.array([0.05, 0.1, 0.2, 0.3])[:, None, None], {}
    for size in (1, 2, 4, 8):
        waves = SineRegression(*sine_data(), batch_size=size, seed=range(7000, 8000))
        theta = np.full((4, 1000, 1), 4.0)
        for t in range(1, 201):
            theta = sgd(theta, waves.grad(theta, t), t, lr=rates).theta
        ends[size] = theta[..., 0]
    return ends


def test_the_smaller_the_batch_and_the_larger_the_rate_the_more_leave(escaped):
    left = np.array([((end < 3.7) | (end > 5.07)).mean(axis=1) for end in escaped.values()])
    chance = 3 * (2 * left * (1 - left) / 1000) ** 0.5 + 0.001  # three standard errors
    assert (np.diff(left, axis=0) <= chance[1:]).all()  # smaller batches first
    assert (np.diff(left, axis=1) >= -chance[:, 1:]).all()
    assert (left[0, 1:] - left[3, 1:] > 0.05).all()


def test_leaving_the_poor_valley_is_not_arriving_in_the_good_one(escaped):
    eight = escaped[8][2]  # at rate 0.2
    gone = eight[(eight < 3.7) | (eight > 5.07)]
    assert 0.4 < len(gone) / 1000 < 0.6
    assert ((gone > 5.07) & (gone < 7.32)).mean() > 0.95  # the next valley, around 5.7
    for thrown in escaped[1][2:]:
        assert 0.1 < ((thrown < -1) | (thrown > 8)).mean() < 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_depth_and_quiet_both_hold_a_run_in_the_good_valley(seed):
    rng, waves = np.random.default_rng(seed), SineRegression(*sine_data())
    single = SineRegression(*sine_data(), batch_size=1, seed=range(1000 * seed, 1000 * seed + 1000))
    own, equal, noise = {}, {}, {}
    for bottom, low, high in ((4.595, 3.7, 5.07), (1.996, 0.68, 3.7)):
        a = b = np.full((1000, 1), bottom)
        noise[bottom] = single.grad(a, t=1).std()
        for t in range(1, 201):
            a = a - 0.2 * single.grad(a, t)
            b = b - 0.2 * (waves.grad(b, t) + 1.5 * rng.normal(size=(1000, 1)))
        own[bottom], equal[bottom] = (((x < low) | (x > high)).mean() for x in (a, b))
    assert equal[4.595] > 0.8 > 0.2 > equal[1.996]
    assert own[4.595] > 0.9
    assert own[1.996] == 0
    assert noise[4.595] / noise[1.996] == pytest.approx(10, abs=2)


# Lesson 3


@pytest.mark.parametrize("start", [(1.0, -3.0), (0.2, 1.0), (5.0, 2.0)])
def test_steps_grow_as_kappa_and_with_momentum_as_its_root(start):
    def needed(kappa, **hyper):
        loss = descend(momentum, quadratic(1.0, kappa), start, 5000, **hyper).loss
        return 1 + np.flatnonzero(loss > 1e-6 * loss[0])[-1]

    plain = [needed(k, lr=2 / (1 + k), momentum=0.0) for k in (10, 100, 1000)]
    ball = [
        needed(k, lr=(2 / (k**0.5 + 1)) ** 2, momentum=((k**0.5 - 1) / (k**0.5 + 1)) ** 2)
        for k in (10, 100, 1000)
    ]
    for a, b in itertools.pairwise(plain):
        assert b / a == pytest.approx(10, rel=0.15)
    for a, b in itertools.pairwise(ball):
        assert 10**0.5 < b / a < 1.35 * 10**0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_standardizing_beats_momentum_on_wines_each_tuned(seed):
    wine = load_wine()
    some = np.random.default_rng(seed).permutation(178)[:120]
    features, alcohol = wine.data[some, 1:], wine.data[some, 0] - wine.data[some, 0].mean()
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    fractions, momenta = np.meshgrid(np.geomspace(0.06, 3.9, 41), np.linspace(0, 0.99, 40))
    left = {}
    for name, columns in {"raw": features, "both": (features - mean) / deviation}.items():
        X = np.column_stack([np.ones(len(columns)), columns])
        model, steepest = LinearRegression(X, alcohol), np.linalg.eigvalsh(2 * X.T @ X / len(X))[-1]
        hyper = dict(lr=fractions.reshape(-1, 1) / steepest, momentum=momenta.reshape(-1, 1))
        loss = descend(momentum, model, np.zeros(13), 100, **hyper).loss
        lowest = model.loss(np.linalg.lstsq(X, alcohol)[0])
        share = abs(loss[-1] - lowest) / (loss[0] - lowest)
        left[name] = np.nanmin(share[momenta.reshape(-1) == 0]), np.nanmin(share)
    assert left["raw"][0] > left["raw"][1] > 0.1 > 0.001 > left["both"][0]


@pytest.mark.parametrize("seed", SEEDS)
def test_against_noise_momentum_is_as_good_as_sgd_with_steps_as_long(seed):
    X, y = linear_data(n=4096, weights=(2.0, -1.0), noise=0.5, seed=seed)
    noisy = LinearRegression(X, y, batch_size=4, seed=range(1000, 1200))
    lowest = LinearRegression(X, y).loss(np.linalg.lstsq(X, y)[0])
    plain, ball = (
        descend(rule, noisy, np.zeros((200, 2)), 600, **hyper).loss[300:].mean() - lowest
        for rule, hyper in ((sgd, dict(lr=0.02)), (momentum, dict(lr=0.002, momentum=0.9)))
    )
    assert ball == pytest.approx(plain, rel=0.1)


# Lesson 4


@pytest.fixture(scope="module")
def words_of_texts():
    names = ("iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud")
    texts = [getattr(datasets, f"load_{name}")().DESCR.splitlines() for name in names]
    lines = [(line, i) for i, text in enumerate(texts) for line in text if len(line.split()) > 3]
    bags = CountVectorizer(token_pattern="[A-Za-z]{2,}", binary=True)
    X = bags.fit_transform([line for line, _ in lines]).toarray().astype(float)
    return X, np.array([i for _, i in lines])


@pytest.mark.parametrize("seed", SEEDS)
def test_adagrad_gets_further_down_on_rare_words_by_letting_them_speak(words_of_texts, seed):
    X, y = words_of_texts
    model, times, found = Network(X, y, hidden=(), batch_size=16, seed=seed), X.sum(axis=0), {}
    for rule in (sgd, adagrad):
        run = descend(rule, model, np.zeros(model.size), 70, lr=np.logspace(-2, 2, 17)[:, None])
        best = np.nanargmin(run.loss[-1])
        size = np.abs(model.layers(run.theta[-1, best])[0][0]).max(axis=1)
        found[rule] = run.loss[-1, best], size[times == 1].mean() / size[times > 20].mean()
    assert found[adagrad][0] < 0.85 * found[sgd][0]
    assert found[adagrad][1] > 1.3 * found[sgd][1]


def test_on_new_lines_adagrad_is_not_ahead(words_of_texts):
    X, y = words_of_texts
    means, rates = {}, np.logspace(-2, 2, 17)[:, None]
    for rule in (sgd, adagrad):
        losses = []
        for seed in range(500, 508):
            order = np.random.default_rng(seed).permutation(len(y))
            new, known = order[:55], order[55:]
            model = Network(X[known], y[known], hidden=(), batch_size=16, seed=seed)
            run = descend(rule, model, np.zeros(model.size), 55, lr=rates)
            on_new = Network(X[new], y[new], hidden=()).loss(run.theta[-1])
            best = np.nanargmin(run.loss[-1])
            losses.append((run.loss[-1, best], on_new[best], np.nanmin(on_new)))
        means[rule] = np.mean(losses, axis=0)
    assert means[adagrad][0] < means[sgd][0]
    assert means[adagrad][1] > means[sgd][1]
    assert means[adagrad][2] == pytest.approx(means[sgd][2], rel=0.1)


class Moving:
    """Lesson 4's target, with different noise."""

    def __init__(self, seed):
        self.noise = np.random.default_rng(seed).normal(size=2000)
        self.target = np.where(np.arange(2000) < 1000, 0.0, 3.0)

    def loss(self, theta):
        return theta[..., 0] ** 2 / 2

    def grad(self, theta, t):
        return theta - self.target[t - 1] + self.noise[t - 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_falling_as_1_over_t_beats_adagrad_and_does_not_come_back(seed):
    world, back, mean = Moving(seed), {}, {}
    for rule in (adagrad, rmsprop):
        rates = np.logspace(-3.02, 1, 45)[:, None]
        early = descend(rule, world, [3.0], 1000, lr=rates).loss.mean(axis=0)
        way = descend(rule, world, [3.0], 2000, lr=rates[early.argmin(), 0]).theta[:, 0]
        mean[rule], there = early.min(), np.flatnonzero(way < 0.5)[0]
        back[rule] = np.flatnonzero(way[1000:] > 2.5)[0]
        assert rule is rmsprop or back[rule] > 4 * there
    assert back[adagrad] > 1.5 * back[rmsprop]
    way = descend(sgd, world, [3.0], 2000, lr=lambda t: 1 / (t + 1)).theta[:, 0]
    assert (way[:1001] ** 2 / 2).mean() < mean[adagrad] / 2
    assert way.max() <= 3


def turned(degrees, start=(-4.0, 2.0)):
    """The ravine of lessons 4 and 5."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    axes = np.array([[c, s], [-s, c]])
    return LinearRegression(np.diag([1.0, 5.0]) @ axes, np.zeros(2)), axes.T @ start


@pytest.mark.parametrize("start", [(-4.0, 2.0), (3.0, 1.0), (-1.0, -2.0)])
def test_adagrad_suffers_when_the_ravine_is_turned_and_sgd_does_not(start):
    lost = {}
    for rule in (sgd, adagrad):
        for degrees in (0, 15, 45):
            rates = np.logspace(-4.01, 1, 117)[:, None]
            loss = descend(rule, *turned(degrees, start), steps=100, lr=rates).loss
            lost[rule, degrees] = np.log10(loss[0, 0] / np.nanmin(loss[-1]))
    assert lost[sgd, 0] == pytest.approx(lost[sgd, 45], abs=0.01)
    assert lost[adagrad, 0] > 50
    assert lost[adagrad, 0] > 3 * lost[adagrad, 15] > 3 * lost[adagrad, 45]
    assert lost[adagrad, 45] < lost[sgd, 45]


@pytest.mark.parametrize("start", [1.0, -2.0, 7.0])
def test_rmsprop_jumps_over_the_bottom_by_about_half_of_lr(start):
    away = np.abs(descend(rmsprop, quadratic(1.0), [start], 3000, lr=0.1).theta[-50:, 0]).max()
    assert away == pytest.approx(0.05, rel=0.2)


# Lesson 5


@pytest.mark.parametrize("seed", SEEDS)
def test_no_gradients_make_a_step_of_adam_longer_than_the_limit(seed):
    """Sparse, growing and random gradients, with several betas; growing ones come close to it."""
    rng = np.random.default_rng(seed)
    for beta1, beta2 in ((0.9, 0.999), (0.9, 0.95), (0.5, 0.9), (0.99, 0.999)):
        limit = (1 - beta1) / ((1 - beta2) * (1 - beta1**2 / beta2)) ** 0.5
        quiet, longest = int(8 / (1 - beta2)), 0.0
        growing = (beta2 / beta1) ** np.arange(min(quiet, 3 / (1 - beta1)))
        noisy = rng.normal(size=(quiet, 64)) * (rng.random((quiet, 64)) < np.logspace(-3, 0, 64))
        for grads in (np.r_[np.zeros(quiet), growing][:, None], noisy, np.exp(3 * noisy)):
            start = np.zeros(grads.shape[1])
            run = descend(
                adam,
                Gradients(grads),
                start,
                len(grads),
                lr=1.0,
                beta1=beta1,
                beta2=beta2,
                eps=1e-30,
            )
            longest = max(longest, np.abs(np.diff(run.theta, axis=0)).max())
        assert 0.97 * limit < longest < limit * (1 + 1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_shortens_adams_steps_on_average(seed):
    grads = 0.3 + 0.6 * np.random.default_rng(seed).normal(size=1000)
    step = np.abs(np.diff(descend(adam, Gradients(grads), [0.0], 1000, lr=1.0).theta[:, 0]))
    assert 0.3 < step.mean() < 0.6
    scatter = [
        np.diff(descend(adam, Gradients(grads), [0.0], 1000, lr=1.0, beta1=b).theta[200:, 0]).std()
        for b in (0.0, 0.9, 0.99)
    ]
    assert scatter == sorted(scatter, reverse=True)


CONTEST = {
    "sgd": (sgd, {}),
    "momentum 0.9": (momentum, dict(momentum=0.9)),
    "momentum 4/9": (momentum, dict(momentum=4 / 9)),
    "rmsprop": (rmsprop, {}),
    "adam": (adam, {}),
    "adam, 4/9": (adam, dict(beta1=4 / 9)),
}


@pytest.mark.parametrize("grid", [(-4.0, 1.0, 121), (-3.98, 1.02, 81), (-3.5, 1.2, 200)], ids=str)
def test_the_contest_on_the_ravine_on_other_grids(grid):
    rates, at, later, highest = np.logspace(*grid)[:, None], {}, {}, {}
    for name, (rule, hyper) in CONTEST.items():
        for degrees in (0, 45):
            loss = descend(rule, *turned(degrees), steps=1000, lr=rates, **hyper).loss
            best = np.nanargmin(loss[100])
            at[name, degrees], later[name, degrees] = loss[100, best], loss[101:, best].max()
            highest[name, degrees] = np.nanmin(loss[100:201].max(axis=0))
    for degrees in (0, 45):
        for held_back in ("momentum 0.9", "adam"):
            assert at["sgd", degrees] < at[held_back, degrees] < 1e-3
            assert later[held_back, degrees] < 1e-1
        for steady in ("sgd", "momentum 4/9"):
            assert later[steady, degrees] <= at[steady, degrees]
        assert later["rmsprop", degrees] > 1
    assert at["rmsprop", 0] < 1e-60
    assert at["rmsprop", 45] > 0.9 * at["sgd", 45]
    assert at["adam, 4/9", 0] < at["momentum 4/9", 0]
    assert at["adam, 4/9", 45] > at["momentum 4/9", 45]
    assert later["adam, 4/9", 45] > 1
    for suffers in ("rmsprop", "adam, 4/9"):
        assert highest[suffers, 45] > 1e6 * highest[suffers, 0]
    for unmoved in ("sgd", "momentum 0.9", "momentum 4/9"):
        assert highest[unmoved, 45] == pytest.approx(highest[unmoved, 0], rel=0.1)
    for name, degrees in itertools.product(("momentum 0.9", "adam"), (0, 45)):
        assert highest[name, degrees] > 2 * highest["sgd", degrees]


@pytest.mark.parametrize("start", [(-4.0, 2.0), (3.0, -1.0), (1.0, 1.0)])
def test_rmsprop_finds_newtons_step_by_accident_and_loses_it(start):
    model, place = turned(0, start)
    run = descend(rmsprop, model, place, 1000, lr=10.0)
    product = run.scale * [1.0, 25.0]
    assert np.abs(run.theta[1]).min() > 90
    assert np.abs(product[1] - 1).max() < 0.1
    np.testing.assert_allclose(product[2:100] / product[1:99], 1.005, atol=1e-3)
    passed = 1 + np.argmax(product[1:] > 2, axis=0)
    assert ((passed > 110) & (passed < 150)).all()
    assert run.loss[200:].max() > 1


@pytest.fixture(scope="module")
def networks():
    """Lesson 5's network with different starts and shuffles, trained side by side."""
    seeds = range(11, 17)
    net = Network(*digits(), hidden=(32,), batch_size=64, seed=seeds)
    return net, np.stack([net.start(seed) for seed in seeds])


def test_adam_is_lowest_on_average_on_the_digits_and_sgd_last(networks):
    net, starts = networks
    near = {sgd: 1.0, momentum: 0.18, rmsprop: 0.018, adam: 0.032}
    best = {}
    for rule, middle in near.items():
        lr = middle * 10 ** np.arange(-0.5, 0.51, 0.25)[:, None, None]
        theta = np.tile(starts, (5, 1, 1))
        best[rule] = np.nanmin(descend(rule, net, theta, 100, lr=lr).loss[-1], axis=0)
    means = {rule: loss.mean() for rule, loss in best.items()}
    assert sorted(means, key=means.get) == [adam, momentum, rmsprop, sgd]
    assert (best[sgd] >= np.max(list(best.values()), axis=0)).mean() > 0.8


def test_the_wrong_adam_learns_as_well(networks):
    net, starts = networks
    ends = [descend(rule, net, starts, 200, lr=0.003).loss[-1] for rule in two_adams().values()]
    assert np.max(ends) < 0.6
    assert (ends[0] < ends[1]).all()  # A, the impostor


@pytest.mark.parametrize(
    ("eps", "factor", "learns"),
    [(1e-8, 1, True), (1e-8, 1e4, True), (1e-8, 1e8, False), (1e-3, 1, True), (1e-3, 1e4, False)],
)
def test_eps_is_small_only_beside_the_gradients(networks, eps, factor, learns):
    net, starts = networks

    def smaller(theta, grad, t, m=0.0, v=0.0, *, lr):
        return adam(theta, grad / factor, t, m, v, lr=lr, eps=eps)

    loss = descend(smaller, net, starts, 200, lr=0.01).loss[-1]
    assert (loss < 0.15).all() if learns else (loss > 1.5).all()


@pytest.mark.parametrize(("start", "lr"), [(1.0, 0.1), (-2.0, 0.3), (10.0, 0.1)])
def test_adam_comes_close_and_is_thrown_out_at_38(start, lr):
    run = descend(adam, quadratic(1.0), [start], 15_000, lr=lr)
    distance = np.abs(run.theta[:, 0])
    turning = distance[1:].argmin()
    assert distance[turning + 1] < 1e-100
    assert run.scale[turning, 0] == pytest.approx(38, rel=0.03)
    assert 0.5 * lr < distance[turning:].max() < 1.5 * lr


@pytest.mark.parametrize("seed", SEEDS)
def test_the_smaller_the_rate_the_closer_adam_stays(seed):
    X, y = linear_data(seed=seed)
    model, best = LinearRegression(X, y, batch_size=32, seed=seed), np.linalg.lstsq(X, y)[0]
    off = [
        np.abs(descend(adam, model, np.zeros(5), 4000, lr=lr).theta[-1000:] - best).mean()
        for lr in (0.1, 0.03, 0.01)
    ]
    assert off[0] > 1.5 * off[1] > 1.5**2 * off[2] > 0


# Lesson 7

SHAPES = {
    "constant": schedules.constant,
    "step": lambda t: schedules.step_decay(t, step_size=75, gamma=0.3),
    "exponential": lambda t: schedules.exponential(t, 0.01 ** (1 / 300)),
    "linear": lambda t: schedules.linear(t, 300),
    "cosine": lambda t: schedules.cosine(t, 300),
    "warm restarts": lambda t: schedules.cosine_restarts(t, 100),
    "one cycle": lambda t: schedules.one_cycle(t, 300),
    "stable, then down": lambda t: schedules.warmup_stable_decay(t, 300, warmup=0, decay=75),
}
PEAKS = np.logspace(-2.5, -0.5, 9)


def judged(model, lowest, shape, peaks):
    theta = np.zeros((len(peaks), 200, 2))
    for t in range(300):
        lr = peaks[:, None, None] * shape(t)
        theta = sgd(theta, model.grad(theta, t + 1), t + 1, lr=lr).theta
    return model.loss(theta) - lowest


@pytest.fixture(scope="module")
def schedules_judged():
    """Name -> the peak rate that 200 runs chose, and where 200 different runs ended with it."""
    (choosing, lowest), (judging, _) = noisy_line(range(1000, 1200)), noisy_line(range(1200, 1400))
    found = {}
    for name, shape in SHAPES.items():
        peak = PEAKS[judged(choosing, lowest, shape, PEAKS).mean(axis=1).argmin()]
        found[name] = peak, judged(judging, lowest, shape, np.array([peak]))[0]
    return found


def test_all_but_warm_restarts_end_clearly_below_the_constant(schedules_judged):
    _, constant = schedules_judged["constant"]
    for name, (_, end) in schedules_judged.items():
        difference = constant - end
        error = difference.std() / 200**0.5
        if name not in ("constant", "warm restarts"):
            assert difference.mean() > 3 * error, name
    difference = constant - schedules_judged["warm restarts"][1]  # run by run
    assert abs(difference.mean()) < 2 * difference.std() / 200**0.5


def test_the_best_schedule_ends_at_about_a_third_of_the_best_constant(schedules_judged):
    lowest = min(end.mean() for _, end in schedules_judged.values())
    assert 0.25 < lowest / schedules_judged["constant"][1].mean() < 0.45


def test_all_but_one_of_the_good_schedules_afford_a_higher_peak(schedules_judged):
    peak = {name: found[0] for name, found in schedules_judged.items()}
    good = set(SHAPES) - {"constant", "warm restarts"}
    assert sum(peak[name] > peak["constant"] for name in good) >= len(good) - 1


@pytest.mark.parametrize("first", [100, 200, 300])
def test_half_the_rate_has_a_little_less_than_half_the_floor(first):
    model, lowest = noisy_line(range(first, first + 10))
    floors = [
        descend(sgd, model, np.zeros((10, 2)), 2000, lr=lr).loss[1000:].mean() - lowest
        for lr in (0.08, 0.04, 0.02, 0.01)
    ]
    for high, low in itertools.pairwise(floors):
        assert 0.35 < low / high < 0.52


@pytest.mark.parametrize("first", [100, 200, 300])
def test_at_one_peak_the_cosine_is_3_times_lower_after_200_updates_and_10_after_300(first):
    model, lowest = noisy_line(range(first, first + 10))
    loss = {}
    for name in ("constant", "cosine"):
        lr = lambda t, name=name: 0.1 * SHAPES[name](t)  # noqa: E731
        loss[name] = descend(sgd, model, np.zeros((10, 2)), 300, lr=lr).loss.mean(axis=1) - lowest
    ratio = [
        loss["constant"][e - 30 : e].mean() / loss["cosine"][e - 30 : e].mean() for e in (201, 301)
    ]
    assert 2 < ratio[0] < 5
    assert ratio[1] > 8
