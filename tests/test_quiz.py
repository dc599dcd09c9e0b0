"""The last check: every right answer is found again by different means, whatever its numbers.

`FOUND` holds, for each question, an independent way to the answer: PyTorch, exact arithmetic, a
simulation, or a run of what the question describes.
"""

import itertools
import json
import math
import re
import shutil
import statistics
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from stepsize import certificate, descend, last_check, progress
from stepsize.frameworks.conventions import TABLE
from stepsize.learner import record
from stepsize.learner.progress import LAST
from stepsize.optimizers import adagrad, adam, amsgrad, momentum, rmsprop, sgd
from stepsize.quiz import LENGTH
from stepsize.quiz.bank import BANK, draw
from stepsize.surfaces import Gradients, Surface, quadratic, ravine

FILES = sorted((Path(__file__).parents[1] / "lessons").glob("[0-9][0-9]-*.md"))
TAUGHT = {int(lesson.name[:2]) for lesson in FILES[1:-1]}  # between "Start here" and the last check


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path))


# --- Other ways to the answers --------------------------------------------------------------------


def walked(make, gradients, start=0.0, rates=None):
    """The path of one parameter in torch, in float64, under these gradients."""
    p = torch.nn.Parameter(torch.tensor([start], dtype=torch.float64))
    optimizer, places = make([p]), [start]
    for i, g in enumerate(gradients):
        if rates:
            optimizer.param_groups[0]["lr"] = rates[i]
        p.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
        places.append(p.item())
    return places


def last_step(make, gradients, **options):
    places = walked(make, gradients, **options)
    return abs(places[-1] - places[-2])


def torchs(name, **hyper):
    return lambda params: getattr(torch.optim, name)(params, **hyper)


def bisected(curvatures, momentum=0.0):
    """The same, by the size of the eigenvalues of one update."""

    def size(lr):
        return max(
            abs(np.linalg.eigvals([[1 + momentum - lr * h, -momentum], [1, 0]])).max()
            for h in curvatures
        )

    low, high = 0.0, 100.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if size(middle) < 1 else (low, middle)
    return low


def fastest(curvatures):
    rates = np.linspace(0, 2 / max(curvatures), 200_001)
    return rates[np.abs(1 - rates * np.array(curvatures)[:, None]).max(0).argmin()]


def scheduled(make, calls, lr=0.1):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = make(optimizer)
    for _ in range(calls):
        optimizer.step()
        scheduler.step()
    return optimizer.param_groups[0]["lr"]


def bad_epochs(patience):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=patience)
    scheduler.step(1.0)
    n = 0
    while optimizer.param_groups[0]["lr"] == 1:
        n += 1
        scheduler.step(1.0)
    return n


def first_zero(epochs):
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR
    rates = [scheduled(lambda o: cosine(o, epochs), n) for n in range(1, epochs + 1)]
    assert min(rates[:-1]) > 0 and rates[-1] == pytest.approx(0, abs=1e-12)
    return epochs


def mean_best(n):
    draws = np.random.default_rng(0).normal(size=(400_000, n))
    return draws.max(1).mean()


def stopped(losses, patience):
    """Which epoch is kept."""
    best, waited = math.inf, 0
    for i, loss in enumerate(losses):
        if loss < best:
            best, kept, waited = loss, i, 0
        else:
            waited += 1
        if waited == patience:
            break
    return kept


def backward(w):
    p = torch.tensor(w, requires_grad=True)
    (0.5 * (3 * torch.relu(2 * p) - 5) ** 2).backward()
    return p.grad.item()


def accumulated(g, n):
    p = torch.tensor(0.0, requires_grad=True)
    for _ in range(n):
        (g * p).backward()
    return p.grad.item()


def kept_norm(g):
    p = torch.nn.Parameter(torch.zeros(2))
    p.grad = torch.tensor(g, dtype=torch.float32)
    torch.nn.utils.clip_grad_norm_([p], 1.0)
    return f"({p.grad[0].item():.3g}, {p.grad[1].item():.3g})"


def rectification(t):
    """torch's RAdam compared with its Adam."""
    steps = [last_step(torchs(name, lr=1e-3, eps=1e-16), [1.0] * t) for name in ("RAdam", "Adam")]
    return steps[0] / steps[1]


def whose(library):
    """The step after the cut, with the rate inside and outside, in exact fractions."""
    mu, v_in, v_out, step = Fraction(9, 10), Fraction(0), Fraction(0), {}
    for t in range(501):
        lr = Fraction(1, 10) if t < 500 else Fraction(1, 100)
        v_in, v_out = mu * v_in + lr, mu * v_out + 1
        step = {"Keras": float(v_in), "PyTorch": float(lr * v_out)}
    return step[library]


def cell(what, library):
    row = next(row for row in TABLE if row.what == what)
    return getattr(row, library)


def part_for(lr):
    """The weight_decay for which torch shrinks by 0.001."""
    shrunk = [
        1 - walked(torchs("AdamW", lr=lr, weight_decay=d), [0.0], start=1.0)[-1] for d in (0.0, 1.0)
    ]
    return 0.001 / shrunk[1]


# A number that the answer must round to, or the answer's text.
FOUND = {
    "one_gradient": lambda s: first_of_shampoo(s),
    "small_value": lambda steps: lifted_by(steps),
    "price_of_muon": lambda m_batch: f"{100 * price(*m_batch):.3g}%",
    "border": lambda h: bisected([h]),
    "three_steps": lambda h_lr: walked_on(*h_lr, 3),
    "two_directions": lambda curvatures: bisected(curvatures),
    "sum_for_mean": lambda n: 0.1 / sum_over_mean(n),
    "updates": lambda n, batch: len(torch.utils.data.DataLoader(range(n), batch_size=batch)),
    "less_noise": lambda k: np.std([1.0, -1.0]) / (np.var([1.0, -1.0]) / k) ** 0.5,
    "top_speed": lambda mu: last_step(torchs("SGD", lr=1.0, momentum=mu), [1.0] * 3000),
    "best_rate": lambda curvatures: fastest(curvatures),
    "two_updates": lambda mu: walked(torchs("SGD", lr=0.1, momentum=mu), [1.0, 1.0])[-1],
    "wider_border": lambda mu, h: bisected([h], mu),
    "best_momentum": lambda kappa: tuned_momentum(kappa),
    "adagrads_first": lambda g: last_step(torchs("Adagrad", lr=0.1), [g]),
    "adagrads_hundredth": lambda t: last_step(torchs("Adagrad", lr=0.1), [1.0] * t),
    "rmsprops_first": lambda alpha: last_step(torchs("RMSprop", lr=0.01, alpha=alpha), [1.0]),
    "rare_word": lambda k: rare(k),
    "adams_first": lambda lr, g: last_step(torchs("Adam", lr=lr), [g]),
    "how_much_is_left": lambda k: weight_of_old(k),
    "correction": lambda t: 1 - math.prod([Fraction(999, 1000)] * t),
    "uncorrected": lambda t: raw_adam(t),
    "to_and_fro": lambda lr: last_step(torchs("Adam", lr=lr), [1.0, -1.0] * 1000),
    "as_small_as_eps": lambda lr: last_step(torchs("Adam", lr=lr), [1e-8]),
    "what_v_is": lambda g: state_of(torchs("Adam", lr=1e-3), [g] * 8000, "exp_avg_sq"),
    "decay_alone": lambda lr, decay: walked(
        torchs("AdamW", lr=lr, weight_decay=decay), [0.0], start=1.0
    )[-1],
    "l2_alone": lambda w, lr: walked(torchs("Adam", lr=lr, weight_decay=0.01), [0.0], start=w)[-1],
    "lions_step": lambda lr, g: lr * np.sign(0.9 * 0 + 0.1 * g),
    "cut_in_steps": lambda epoch: scheduled(
        lambda o: torch.optim.lr_scheduler.StepLR(o, 30, 0.1), epoch
    ),
    "borne": lambda patience: bad_epochs(patience),
    "after_t_max": lambda call: (
        scheduled(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 100), call) / 0.1
    ),
    "only_made": lambda peak: scheduled(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(
            o, max_lr=peak, total_steps=100, cycle_momentum=False
        ),
        0,
        lr=0.003,
    ),
    "wrong_pace": lambda epochs, batches: f"after {first_zero(epochs)} updates, in the first epoch",
    "first_of_all": lambda W: scheduled(
        lambda o: torch.optim.lr_scheduler.LinearLR(o, start_factor=1 / W, total_iters=W - 1), 0
    ),
    "untuned": lambda beta2: round(2 / (1 - Fraction(str(beta2)))),
    "long_first_step": lambda d: adams_vector(d),
    "rectified": lambda t: rectification(t),
    "best_of": lambda n: mean_best(n),
    "half_width": lambda s: students_t(9) * s / 10**0.5,
    "more_seeds": lambda n: n * 4,
    "through_relu": lambda w: backward(w),
    "fair_budget": lambda rates, seeds: len([*range(2 * rates * seeds)]) - rates * seeds,
    "in_proportion": lambda batch: 0.1 / 256 * batch,
    "by_the_root": lambda batch: math.exp(math.log(0.001) + 0.5 * math.log(batch / 64)),
    "middle_of_a_sweep": lambda ends: statistics.geometric_mean(ends),
    "clipped": lambda g: kept_norm(g),
    "edge": lambda lr: f"at about {bisected([1.0]) / lr:.0f}",
    "knows_nothing": lambda k: torch.nn.functional.cross_entropy(
        torch.zeros(1, k), torch.tensor([0])
    ).item(),
    "not_zeroed": lambda g, n: accumulated(g, n),
    "stopped_early": lambda patience: stopped([1.0, 0.8, 0.9, 0.85, 0.7, 0.75, 0.8, 0.9], patience),
    "always_clipped": lambda lr, bound: lr * bound,
    "whose_eps": lambda t: 1e-7 / math.sqrt(1 - math.prod([Fraction(999, 1000)] * t)),
    "another_start": lambda g: last_step(
        torchs("Adagrad", lr=0.1, initial_accumulator_value=0.1), [g]
    ),
    "rolls_on": lambda library: whose(library),
    "boundary": lambda m: (
        m - {"and one more": 1}[cell("milestone m: the first m updates have the old rate", "keras")]
    ),
    "part_of_the_weight": lambda lr: part_for(lr),
    "epochs_in_updates": lambda n, epoch: epoch * len(range(0, n, 128)),
    "wider": lambda width: Fraction(1, 100) / Fraction(width, 64),
    "uneven": lambda last: np.concatenate([np.full(64, 1.0), np.full(last, 6.0)]).mean(),
    "stands_still": lambda step: in_bfloat16(step),
    "gigabytes": lambda billions: billions * bytes_of_adam(),
}


def in_bfloat16(step):
    weight = torch.ones((), dtype=torch.bfloat16)
    for _ in range(100):
        weight = weight - step
    return weight.item()


def bytes_of_adam():
    """Bytes per parameter in mixed precision: torch's own state, and three copies."""
    p = torch.nn.Parameter(torch.ones(1))
    p.grad = torch.ones(1)
    optimizer = torch.optim.Adam([p])
    optimizer.step()
    states = [optimizer.state[p][name] for name in ("exp_avg", "exp_avg_sq")]
    low = torch.ones(1, dtype=torch.bfloat16)
    return sum(x.element_size() for x in (low, low, p, *states))


def walked_on(h, lr, steps):
    p = torch.tensor(8.0, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (h * p**2 / 2).backward()
        optimizer.step()
    return p.item()


def sum_over_mean(n):
    x = torch.ones(n)
    grads = []
    for reduction in ("sum", "mean"):
        p = torch.tensor(1.0, requires_grad=True)
        torch.nn.MSELoss(reduction=reduction)(p * x, 3 * x).backward()
        grads.append(p.grad.item())
    return grads[0] / grads[1]


def tuned_momentum(kappa):
    """The momentum with the smallest spectral radius, on a grid of momenta and their best rates."""
    best = (2.0, 0.0)
    for mu in np.arange(0.4, 0.7, 0.00005):
        lr = 2 * (1 + mu) / (1 + kappa)  # the rate at which both directions converge equally fast
        radius = max(
            abs(np.linalg.eigvals([[1 + mu - lr * h, -mu], [1, 0]])).max() for h in (1, kappa)
        )
        best = min(best, (radius, mu))
    return best[1]


def rare(k):
    often, seldom = (
        state_of(torchs("Adagrad", lr=0.1), gradients, "sum")
        for gradients in ([1.0] * 20 * k, ([0.0] * (k - 1) + [1.0]) * 20)
    )
    return (often / seldom) ** 0.5


def state_of(make, gradients, name):
    p = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = make([p])
    for g in gradients:
        p.grad = torch.full((1,), g, dtype=torch.float64)
        optimizer.step()
    return optimizer.state[p][name].item()


def weight_of_old(k):
    """m after one gradient of 1 and k of 0."""
    return state_of(torchs("Adam", lr=1e-3), [1.0] + [0.0] * k, "exp_avg")


def raw_adam(t):
    m, v = (state_of(torchs("Adam", lr=1e-3), [1.0] * t, n) for n in ("exp_avg", "exp_avg_sq"))
    return m / v**0.5


def first_of_shampoo(s):
    from stepsize.optimizers import shampoo

    step = shampoo(np.zeros((3, 3)), np.diag(np.array(s, float)), 1, lr=1.0, eps=0.0).theta
    return ", ".join(f"{x:.3g}" for x in np.linalg.svd(step, compute_uv=False))


def lifted_by(steps):
    from stepsize.optimizers.matrices import orthogonalize

    unit = np.diag([1.0, 1e-5])
    return orthogonalize(unit, steps)[1, 1] / 1e-5


def price(m, batch, n=4096):
    """Operations for a wide matrix: three products per step, compared with the batch's three."""
    step = 2 * m * m * n + 2 * m * m * m + 2 * m * m * n
    assert step <= 6 * m * m * n
    return 5 * 6 * m * m * n / (6 * batch * m * n)


def adams_vector(d):
    p = torch.nn.Parameter(torch.zeros(d))
    p.grad = torch.randn(d, generator=torch.Generator().manual_seed(0))
    torch.optim.Adam([p], lr=0.001).step()
    return p.norm().item()


def students_t(df):
    from scipy import stats

    return stats.t.ppf(0.975, df)


def every_value(q):
    for values in itertools.product(*q.values.values()):
        yield dict(zip(q.values, values, strict=True))


def plain(text):
    """The number in a text as Python writes it: 2 × 10⁻⁶ is 2e-6."""
    text = re.sub(r"(?:([\d.]+) × )?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", r"\g<1>e\g<2>", text.replace("−", "-"))
    text = f"1{text}" if text.startswith("e") else text
    return text.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))


def rounds_to(text, found):
    """Whether the number in the text equals the one found, to the digits shown."""
    unit = 10.0 ** Decimal(text).as_tuple().exponent
    return abs(float(text) - found) <= min(0.51 * unit, 0.02 * abs(found) + 1e-12)


@pytest.mark.parametrize("name", FOUND)
def test_the_marked_answer_is_found_by_other_means(name):
    for values in every_value(BANK[name]):
        asked, found = BANK[name].ask(**values), FOUND[name](**values)
        if isinstance(found, str):
            assert asked.right.text == found
            continue
        assert rounds_to(plain(asked.right.text), float(found)), (asked.right.text, found)
        for choice in asked.wrong:
            if re.fullmatch(r"-?[\d.]+(e-?\d+)?", plain(choice.text)):
                assert float(plain(choice.text)) != pytest.approx(float(found), rel=5e-5), (
                    choice.text
                )


# --- Answers in words: run what they describe -----------------------------------------------------


def at_rest():
    loss = descend(sgd, quadratic(1.0, 4.0), [1.0, 1.0], 500, lr=0.5).loss
    assert loss[-1] == pytest.approx(loss[-2])
    assert descend(sgd, quadratic(1.0, 4.0), [1.0, 1.0], 500, lr=0.25).loss[-1] < loss[-1] / 1e6


def no_parabola():
    valley = Surface(
        name="log cosh",
        function=lambda theta: np.log(np.cosh(theta)).sum(-1),
        gradient=np.tanh,
        minimum=(0.0,),
        domain=((-5.0, 5.0),),
        start=(0.1,),
    )
    for lr in BANK["no_parabola"].values["lr"]:
        end = descend(sgd, valley, [0.1], 400, lr=lr).theta[-3:, 0]
        assert end[0] == pytest.approx(end[2]) and end[0] == pytest.approx(-end[1]) != 0


def a_blog():
    def order(lr):
        ends = [descend(rule, ravine, [3.0, 1.0], 200, lr=lr).loss[-1] for rule in (adam, sgd)]
        return ends[0] < ends[1]

    assert {order(lr) for lr in (0.001, 0.03, 0.1)} == {True, False}


def never_at_rest():
    noise = Noisy()
    spread = [descend(sgd, noise, [0.0], 4000, lr=lr).theta[1000:].std() for lr in (0.02, 0.2)]
    assert 0 < 2 * spread[0] < spread[1] < 2


def whole_batch():
    from stepsize.models import LinearRegression

    X, y = np.random.default_rng(0).normal(size=(64, 3)), np.arange(64.0)
    model = LinearRegression(X, y, batch_size=64, seed=range(50))
    assert model.grad(np.zeros((50, 3)), 1).std(0).max() < 1e-12


def rescaled():
    torch.manual_seed(0)
    x, first, second = torch.randn(20, 3), torch.randn(3, 5), torch.randn(5, 1)

    def loss(a, b):
        return (torch.relu(x @ a) @ b).square().mean()

    for c in BANK["rescaled"].values["c"]:
        assert torch.allclose(
            torch.relu(x @ first) @ second, torch.relu(x @ first * c) @ second / c
        )
        sharp = [
            torch.linalg.eigvalsh(
                torch.autograd.functional.hessian(lambda b, a=a: loss(a, b), b).squeeze()
            ).max()
            for a, b in ((first, second), (first * c, second / c))
        ]
        assert sharp[1] > 10 * sharp[0]


def slow_ravine():
    run = descend(sgd, quadratic(1.0, 100.0), [1.0, 1.0], 200, lr=0.018)
    assert abs(run.theta[-1, 1]) < 1e-10 < 0.02 < run.theta[-1, 0]


def scaled_gradients():
    g = np.random.default_rng(0).normal(size=50)
    for c in BANK["scaled_gradients"].values["c"]:
        paths = [descend(adagrad, Gradients(k * g), [0.0], 50, lr=0.1).theta for k in (1, c)]
        assert np.allclose(*paths)


def turned():
    rates, h = np.geomspace(1e-3, 10, 60)[:, None], np.array([1.0, 100.0])
    turn = np.array([[1, -1], [1, 1]]) / 2**0.5

    def best(rule, matrix, start):
        valley = Surface(
            name="",
            function=lambda theta: 0.5 * np.einsum("...i,ij,...j", theta, matrix, theta),
            gradient=lambda theta: theta @ matrix,
            minimum=(0.0, 0.0),
            domain=((-1.0, 1.0),) * 2,
            start=(1.0, 1.0),
        )
        with np.errstate(all="ignore"):
            return np.nanmin(descend(rule, valley, start, 100, lr=rates).loss[-1])

    straight, start = np.diag(h), np.array([1.0, 0.7])
    for rule, harmed in ((sgd, False), (adagrad, True)):
        before = best(rule, straight, start)
        after = best(rule, turn @ straight @ turn.T, turn @ start)
        assert (after > 10 * before) == harmed


def the_same_for():
    def shrunk(name, gradients, **hyper):
        plain, l2 = (
            walked(torchs(name, lr=0.1, weight_decay=d, **hyper), gradients, start=1.0)[-1]
            for d in (0.0, 0.1)
        )
        return plain - l2

    assert shrunk("SGD", [50.0]) == pytest.approx(0.1 * 0.1) == shrunk("SGD", [0.0])
    for name in ("Adam", "RMSprop"):
        assert abs(shrunk(name, [50.0]) - 0.01) > 0.009


def a_lower_rate():
    def decay(lr):
        return 1 - walked(torchs("AdamW", lr=lr, weight_decay=0.1), [0.0], start=1.0)[-1]

    for c in BANK["a_lower_rate"].values["c"]:
        assert decay(0.1 / c) == pytest.approx(decay(0.1) / c)


def never_forgets():
    gradients = [100.0] + [1.0] * 10_000
    rest = {
        rule: np.diff(
            descend(rule, Gradients(gradients), [0.0], len(gradients), lr=1.0).theta[:, 0]
        )[-1]
        for rule in (adam, amsgrad)
    }
    assert rest[adam] == pytest.approx(-1, abs=0.01)
    assert -0.5 < rest[amsgrad] < 0


def two_on_one():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    both = [
        torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.1),
        torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5),
    ]
    for _ in range(5):
        optimizer.step()
        for scheduler in both:
            scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1**2 * 0.5**5)


def what_for():
    """In the trainings stored with lesson 8: the median final loss of each cell."""
    from importlib import resources

    text = resources.files("stepsize.labs").joinpath("warmup.jsonl").read_text(encoding="utf-8")
    runs = [json.loads(line) for line in text.splitlines()]
    cells = {(r["warmup"] > 0, r["warmup"], r["lr"]) for r in runs}
    ends = {
        c: np.median([r["loss"][-1] for r in runs if (r["warmup"], r["lr"]) == c[1:]])
        for c in cells
    }
    learned = {
        warm: {lr for (w, _, lr), end in ends.items() if w == warm and end < 1} for warm in (0, 1)
    }
    rates = sorted({lr for _, _, lr in cells})
    assert len(learned[0]) > 1 and max(learned[0]) < min({*rates} - learned[0])
    assert rates[-1] == 0.03 and max(learned[1]) == 0.015 not in learned[0]
    assert all(ends[True, warmup, 0.015] < 0.1 for warmup in (10, 20, 40, 80))
    for lr in rates[:2]:
        assert ends[True, 80, lr] > 2 * ends[False, 0, lr]


def tiny_h():
    theta = np.random.default_rng(0).normal(size=100)
    exact = np.cos(theta) * np.exp(np.sin(theta))
    off = {
        h: abs((np.exp(np.sin(theta + h)) - np.exp(np.sin(theta - h))) / (2 * h) - exact).max()
        for h in (1e-5, 1e-16, 1e-12, 0.5)
    }
    assert off[1e-5] < 1e-9 and 1e-6 < off[1e-12] < 1e-2 < off[0.5] < off[1e-16]


def contains():
    runs = [
        descend(momentum, ravine, [3.0, 1.0], 30, lr=lr, momentum=mu).loss[-1]
        for lr in (0.01, 0.05, 0.07)
        for mu in (0.0, 0.3, 0.6)
    ]
    assert min(runs) <= min(runs[::3])


def at_the_end():
    ends = [descend(sgd, ravine, [3.0, 1.0], 50, lr=lr).loss[-1] for lr in (0.01, 0.02, 0.04)]
    assert ends == sorted(ends, reverse=True)
    assert descend(sgd, ravine, [3.0, 1.0], 50, lr=0.07).loss[-1] < ends[-1]


def lowest_point():
    from benchmarks.range_test import recorded, tested

    names = ("softmax", "conv, no norm", "MLP, tanh", "linear regression", "logistic regression")
    swept = {s["model"]: s for s in recorded() if s["optimizer"] == "momentum"}
    ratios = []
    for name in names:
        found, ends = tested(name, "momentum", 11), np.array(swept[name]["ends"], float).mean(1)
        ratios.append(found.lr[found.smoothed.argmin()] / swept[name]["lr"][np.nanargmin(ends)])
    assert np.median(ratios) > 1.5


def is_it_nan():
    for loss in (0.0, 1.5, math.inf, math.nan):
        said = {
            choice.text: eval(choice.text, {"loss": loss})
            for choice in (BANK["is_it_nan"].ask().right, *BANK["is_it_nan"].ask().wrong)
        }
        assert said["loss != loss"] == math.isnan(loss)
    wrong = [choice.text for choice in BANK["is_it_nan"].ask().wrong]
    assert not any(eval(text, {"loss": math.nan}) for text in wrong)


def unseen():
    """Two runs with the same training losses, one of which overfits."""
    from stepsize.clinic import patient

    run = patient(2)
    assert run["loss"][-1] < run["loss"][200] and run["val_loss"][-1] > 1.2 * min(run["val_loss"])


def below():
    torch.manual_seed(0)
    row = [
        torch.nn.Linear(10, 300),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.8),
        torch.nn.Linear(300, 1),
    ]
    model, x = torch.nn.Sequential(*row), torch.randn(500, 10)
    y = x[:, :1]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    held = torch.randn(500, 10)
    assert torch.nn.functional.mse_loss(model.eval()(held), held[:, :1]) < loss


def the_same_decay():
    torchs_way = walked(torchs("SGD", lr=0.01, momentum=0.9, weight_decay=5e-4), [0.0] * 200, 1.0)
    assert cell("SGD: weight_decay is", "keras") == "decoupled, times the rate"
    ratio = (torchs_way[-2] - torchs_way[-1]) / torchs_way[-2] / (0.01 * 5e-4)
    assert ratio == pytest.approx(10, rel=0.05)


def edge():
    """The sharpness of a small network, after gradient descent at two rates."""
    from stepsize.data import digits

    X, labels = digits(np.float32)
    x, wanted = torch.tensor(X[:200]), torch.eye(10)[torch.tensor(labels[:200])]
    for lr in (0.2, 0.4):
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10))
        weights, sharp = list(net.parameters()), []
        for t in range(1501):
            loss = ((net(x) - wanted) ** 2).sum(1).mean() / 2
            last = t % 250 == 0 and t >= 1000
            grads = torch.autograd.grad(loss, weights, create_graph=last)
            if last:
                v = [torch.randn_like(w) for w in weights]
                for _ in range(50):
                    length = sum((part**2).sum() for part in v) ** 0.5
                    along = sum((g * p / length).sum() for g, p in zip(grads, v, strict=True))
                    v = torch.autograd.grad(along, weights, retain_graph=True)
                sharp.append(float(sum((part**2).sum() for part in v) ** 0.5))
            with torch.no_grad():
                for w, g in zip(weights, grads, strict=True):
                    w -= lr * g.detach()
        assert np.mean(sharp) == pytest.approx(2 / lr, rel=0.25)


def beyond_the_bend():
    """In the runs stored with lesson 14."""
    from stepsize.growth.batches import RATES, stored

    def fewest(size):
        return min(np.median(stored("sgd", size, lr)) for lr in RATES["sgd"])

    assert 3 < fewest(4) / fewest(64) < 5.5
    assert 0.9 < fewest(128) / fewest(512) < 1.25


class Noisy:
    """A parabola whose gradient has new noise at each step."""

    def loss(self, theta):
        return 0.5 * (theta**2).sum(-1)

    def grad(self, theta, t):
        return theta + np.random.default_rng(t).normal(size=theta.shape)


def keeps_its_pace():
    """Only SGD's run ends at the same loss if the ravine is rotated."""
    from stepsize.labs.matrices import turned

    for angle in (30, 45, 60):
        for rule, lr in ((sgd, 0.05), (adagrad, 3.0), (rmsprop, 0.2)):
            straight, other = (
                descend(rule, turned(d), turned(d).start, 30, lr=lr).loss[-1] for d in (0, angle)
            )
            assert np.isclose(straight, other) == (rule is sgd)


def given_to_muon():
    from stepsize.checks.lesson_13 import is_for_muon

    shapes = {"blocks.0.up": (512, 2048), "embedding": (50_000, 512), "blocks.0.norm": (512,)}
    assert [name for name, shape in shapes.items() if is_for_muon(name, shape)] == ["blocks.0.up"]


RUN = {
    f.__name__: f
    for f in (
        at_rest, no_parabola, a_blog, never_at_rest, whole_batch, rescaled, slow_ravine,
        scaled_gradients, turned, the_same_for, a_lower_rate, never_forgets, two_on_one, what_for,
        tiny_h, contains, at_the_end, lowest_point, is_it_nan, unseen, below, the_same_decay, edge,
        beyond_the_bend, keeps_its_pace, given_to_muon,
    )
}  # fmt: skip


LONG = pytest.param("never_forgets", marks=pytest.mark.elsewhere)  # half a minute


@pytest.mark.parametrize("name", [LONG, *(name for name in RUN if name != "never_forgets")])
def test_what_the_answer_says_is_what_happens(name):
    RUN[name]()


def test_every_question_is_verified():
    assert {*FOUND} | {*RUN} == {*BANK}


# --- The bank and its draws -----------------------------------------------------------------------


def test_there_are_many_questions_on_each_lesson():
    assert len(BANK) > 2 * LENGTH
    assert all(sum(q.lesson == n for q in BANK.values()) >= 4 for n in TAUGHT)


@pytest.mark.parametrize("name", BANK)
def test_choices_differ_and_each_is_explained(name):
    for values in every_value(BANK[name]):
        asked = BANK[name].ask(**values)
        choices = (asked.right, *asked.wrong)
        assert len(choices) in (3, 4)
        assert len({choice.text for choice in choices}) == len(choices)
        assert len({choice.why for choice in choices}) == len(choices)
        assert all(choice.text and choice.why.endswith((".", "?")) for choice in choices)
        assert asked.text.endswith(("?", ")"))


@pytest.mark.parametrize("name", BANK)
def test_a_number_has_a_minus_not_a_hyphen(name):
    """Except in an exponent, which is written as in code."""
    for values in every_value(BANK[name]):
        asked = BANK[name].ask(**values)
        said = [asked.text, *(word for choice in (asked.right, *asked.wrong) for word in choice)]
        assert [text for text in said if re.search(r"(?<![\w-])-\s?\d", text)] == []


def test_200_seeds():
    places, longest = [], 0
    for seed in range(200):
        drawn = draw(seed)
        assert len(drawn) == LENGTH == len({q.name for q in drawn})
        assert {q.lesson for q in drawn} == TAUGHT
        for q in drawn:
            texts = [choice.text for choice in q.choices]
            assert len(set(texts)) == len(texts)
            places.append(q.right)
            others = texts[: q.right] + texts[q.right + 1 :]
            longest += len(texts[q.right]) > max(map(len, others))
    for place in range(4):
        assert 0.2 < places.count(place) / len(places) < 0.3
    assert longest / len(places) < 0.25, "the longest choice is not the one to guess"


@pytest.mark.parametrize("name", BANK)
def test_nothing_is_minus_zero(name):
    for values in every_value(BANK[name]):
        asked = BANK[name].ask(**values)
        for choice in (asked.right, *asked.wrong):
            assert not re.search(r"[-−]0(\.0*)?(?![\d.])", f"{choice.text} {choice.why}")


def test_a_seed_draws_the_same_forever():
    assert draw(5) == draw(5)
    assert [q.name for q in draw(5)] != [q.name for q in draw(6)]
    assert [q.name for q in draw(5)][:3] == ["no_parabola", "two_directions", "less_noise"]


# --- A sitting under way while the bank changes ---------------------------------------------------

KEPT = Path(__file__).parent / "kept"
"""What a learner had on disk when the bank was drawn from for the first time, and what was drawn.

given: of three sittings, by question, which choice was taken, counted as they stand in the bank.
drawn: of some seeds, each question's name, its numbers, and the order of its choices.
"""


@pytest.fixture
def kept(tmp_path):
    shutil.copy(KEPT / "progress.jsonl", tmp_path)
    return json.loads((KEPT / "drawn.json").read_text(encoding="utf-8"))


def told(check):
    """For each question of a sitting, which choice was taken, numbered as in the bank."""
    return {told.question.name: told.question.ticket[3][told.given] for told in check.told.values()}


def tickets(check):
    return json.loads(json.dumps([q.ticket for q in check.questions]))


def test_an_old_sitting_survives(kept):
    for seed, given in kept["given"].items():
        check = last_check(int(seed))
        drawn = [[name, numbers, order] for name, _, numbers, order in tickets(check)]
        assert drawn == kept["drawn"][seed]
        assert told(check) == given
    assert progress().seed == 2026 and progress().last.count("right") == 23
    assert last_check(1).score == "15 of 17 right so far; 13 to go."
    assert last_check(7).score == "1 of 3 right so far; 27 to go."


def test_an_old_certificate_would_be_written_again(kept, tmp_path):
    """Each row: the lesson's title, and how many exercises are solved."""

    def rows(page):
        return re.findall(r"<tr[^>]*><td>(.*?)</td>.*?<td>(\d+ of \d+)</td>", page)

    old = (KEPT / "certificate.html").read_text(encoding="utf-8")
    new = certificate("Ada Lovelace", str(tmp_path)).path.read_text(encoding="utf-8")
    assert len(rows(old)) == 14
    lessons = rows(old)[:-1]
    assert [count for _, count in rows(new)][: len(lessons)] == [count for _, count in lessons]
    assert rows(old)[-1] == ("13 The last check (seed 2026)", "23 of 30")
    assert rows(new)[-1] == ("15 The last check (seed 2026)", "23 of 30")


@pytest.fixture
def mended(monkeypatch):
    """Changes the bank as a maintainer might, except for the questions in `whole`."""

    def mend(*gone, whole=()):
        for name in gone:
            monkeypatch.delitem(BANK, name)
        for name, q in [*BANK.items()]:
            if name in whole:
                continue
            for n in range(3):
                new = replace(q, name=f"{name}_{n}")
                monkeypatch.setitem(BANK, new.name, new)
            more = {k: (*several, several[0]) for k, several in q.values.items()}
            monkeypatch.setitem(BANK, name, replace(q, values=more))

    return mend


@pytest.mark.parametrize("seed", range(5))
def test_a_sitting_under_way_keeps_its_questions(seed, mended):
    check = last_check(seed)
    for number in (1, 8, 30):
        check.answer(number, right(check.questions[number - 1]))
    mended()
    assert draw(seed) != check.questions
    again = last_check(seed)
    assert again.questions == check.questions and told(again) == told(check)
    again.answer(2, "a")
    assert last_check(seed).questions == check.questions


def test_an_old_sitting_keeps_what_was_answered_when_the_bank_grows(kept, mended):
    given = kept["given"]["1"]
    mended(whole=given)
    assert told(last_check(1)) == given


def test_a_question_that_is_gone_is_replaced(mended):
    check = last_check(3)
    for number in (1, 2):
        check.answer(number, right(check.questions[number - 1]))
    gone = [check.questions[i].name for i in (0, 20)]
    mended(*gone)
    again = last_check(3)
    assert len(again.questions) == LENGTH == len({q.name for q in again.questions})
    assert [q.lesson for q in again.questions] == [q.lesson for q in check.questions]
    changed = [i for i in range(LENGTH) if again.questions[i] != check.questions[i]]
    assert changed == [0, 20] and again.score.startswith("1 of 1 right")
    for number, question in enumerate(again.questions, start=1):
        again.answer(number, right(question))
    assert progress().last == ("right",) * LENGTH


def test_numbers_that_are_gone_make_a_question_gone(monkeypatch):
    check = last_check(3)
    check.answer(1, "a")
    name, _, numbers, _ = next(q.ticket for q in check.questions if q.ticket[2])
    left = {
        k: tuple(v for v in several if v != numbers[k]) for k, several in BANK[name].values.items()
    }
    monkeypatch.setitem(BANK, name, replace(BANK[name], values=left))
    again = {q.name for q in last_check(3).questions}
    assert len(again) == LENGTH and name not in again


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{", "[1, 2]", "null", '[["border", 1, {}, [0]]]', str([["a", 1, {}, ["b"]]] * 30)],
)
def test_what_was_drawn_may_be_unreadable(said):
    record.keep("last check 3", "drawn", said.replace("'", '"'))
    assert last_check(3).questions == draw(3)
    assert LAST in repr(progress()) and progress().seed is None


def test_strange_tickets_are_replaced():
    strange = [["border", 1, {"h": [[0.5]]}, [0, 1, 2, 3]], ["border", 99, {}, [7]]] * 15
    record.keep("last check 3", "drawn", json.dumps(strange))
    assert len({q.name for q in last_check(3).questions}) == LENGTH


# --- A sitting ------------------------------------------------------------------------------------


def wrong(question):
    return "abcd"[(question.right + 1) % len(question.choices)]


def right(question):
    return "abcd"[question.right]


def test_the_first_answer_counts_and_is_kept():
    check = last_check(seed=3)
    first, second = check.questions[:2]
    assert check.answer(1, right(first)).right
    assert not check.answer(2, wrong(second)).right
    assert not check.answer(2, right(second)).right, "the first one counts"
    again = last_check(seed=3)
    assert again.score == "1 of 2 right so far; 28 to go."
    assert again.answer(2, right(second)).verdict.startswith("No: ")
    assert last_check(seed=4).score == "None of the 30 questions has been answered yet."


def test_progress_has_the_best_seed():
    assert LAST in repr(progress()) and progress().seed is None
    for seed, n in ((3, 2), (4, 5), (5, 1)):
        check = last_check(seed=seed)
        for number in range(1, n + 1):
            check.answer(number, right(check.questions[number - 1]))
        check.answer(n + 1, wrong(check.questions[n]))
    assert progress().seed == 4
    assert progress().last == ("right",) * 5 + ("tried",) + ("",) * 24
    assert "5 of 30" in repr(progress()) and "5 of 30" in progress()._repr_html_()


def test_every_choice_is_explained_afterwards_and_none_before():
    check = last_check(seed=3)
    for number, question in enumerate(check.questions, start=1):
        assert question.text in repr(check)
        assert all(choice.why not in repr(check) for choice in question.choices)
        told = check.answer(number, wrong(question))
        assert all(choice.why in repr(told) for choice in question.choices)
        assert f"lesson {question.lesson}" in told.verdict
    assert check.score == "Done: 0 of 30 right."


@pytest.mark.parametrize(
    ("number", "letter", "word"),
    [
        (0, "a", "number"),
        (31, "a", "number"),
        (1, "e", "letter"),
        (1, 2, "letter"),
        (1, "", "letter"),
    ],
)
def test_a_strange_answer_is_named(number, letter, word):
    with pytest.raises(ValueError, match=f"{word} must be"):
        last_check(seed=3).answer(number, letter)


@pytest.mark.parametrize("seed", [-1, 1.5])
def test_a_strange_seed_is_named(seed):
    with pytest.raises(ValueError, match="seed must be"):
        last_check(seed)


def test_buttons_and_answers_are_one():
    check = last_check(seed=3)
    sheet = check.sheet
    sheet.picked = [0, check.questions[0].right]
    assert check.told[1].right and sheet.told["0"]["verdict"] == "Right."
    check.answer(2, "a")
    assert sheet.told["1"]["given"] == 0 and sheet.score == check.score
    assert "whys" not in sheet.questions[2], "nothing is told before"


def test_a_file_that_was_written_by_hand_does_no_harm(tmp_path):
    record.keep(record.named(3, draw(3)[0].name), "right", "z")
    record.keep(record.named(3, "no such question"), "right", "a")
    assert last_check(seed=3).score == "None of the 30 questions has been answered yet."
    assert LAST in repr(progress())


MODEL = """
const data = {questions: QUESTIONS, told: {}, score: "so far"}, heard = [];
window.model = {
  get: (name) => data[name],
  set: (name, value) => (data[name] = value),
  save_changes: () => (window.sent = data.picked),
  on: (names, f) => heard.push(f),
  off: () => {},
  tell: (told) => { data.told = told; heard.forEach((f) => f()); },
};
window.keys = [];
document.addEventListener("keydown", ({target, key}) => {
  if (!target.hasAttribute("data-lm-suppress-shortcuts")) window.keys.push(key);
});
"""


def test_the_sheet_is_answered_by_keyboard_alone():
    """In a browser, with a stand-in for the kernel's model."""
    from stepsize.quiz.sitting import Sheet

    from .jupyter import chromium

    sheet = last_check(seed=3).sheet
    script = str(Sheet._esm).replace("export default { render };", "")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 900})
        page.set_content(f"<style>{Sheet._css}</style><div id=sheet></div>")
        page.add_script_tag(content=MODEL.replace("QUESTIONS", json.dumps(sheet.questions)))
        page.add_script_tag(content=script + "\nrender({model, el: document.all.sheet});")
        answer, follow = (
            page.get_by_role("button", name=name, exact=True) for name in ("Answer", "Next")
        )
        assert answer.is_disabled() and page.locator("input").count() == 4
        page.locator("input").first.focus()
        for key in ("ArrowDown", "ArrowDown", "Enter"):
            page.keyboard.press(key)
        assert page.evaluate("sent") == [0, 2]
        assert page.evaluate("keys") == [], "the notebook's own keys stay out of it"
        told = dict(given=2, right=1, verdict="No: b is right.", whys=["w0", "w1", "w2", "w3"])
        page.evaluate("told => model.tell({0: told})", told)
        assert page.locator(".right .why").text_content() == "w1"
        assert "✗ yours" in page.locator(".stepsize-choice.wrong").text_content()
        assert page.locator("[role=status]").text_content() == "No: b is right."
        assert page.locator("input:enabled").count() == 0
        page.keyboard.press("Enter")  # the focus is on Next
        assert page.locator("legend").text_content().startswith("2 of 30")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.keyboard.press("Space")
        assert answer.is_enabled() and follow.is_enabled()
