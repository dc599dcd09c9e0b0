"""Our rules as torch optimizers, and torch's as rules: the same numbers, and torch's manners."""

import copy
import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.optim import lr_scheduler

from stepsize import Step, descend
from stepsize.frameworks.bridge import as_rule, as_torch
from stepsize.optimizers import (
    adadelta,
    adagrad,
    adam,
    adamax,
    adamw,
    amsgrad,
    centered_rmsprop,
    momentum,
    nesterov,
    radam,
    rmsprop,
    sgd,
)
from stepsize.schedules import cosine, warmup
from stepsize.surfaces import ravine, rosenbrock

SGD, Adam = torch.optim.SGD, torch.optim.Adam

TWINS = [  # rule, its hyper-parameters, torch's class, its arguments; in order of difficulty
    (sgd, dict(lr=0.1), SGD, dict(lr=0.1)),
    (momentum, dict(lr=0.03, momentum=0.9), SGD, dict(lr=0.03, momentum=0.9)),
    (nesterov, dict(lr=0.03, momentum=0.9), SGD, dict(lr=0.03, momentum=0.9, nesterov=True)),
    (adagrad, dict(lr=0.03), torch.optim.Adagrad, dict(lr=0.03)),
    (rmsprop, dict(lr=0.003), torch.optim.RMSprop, dict(lr=0.003)),
    (centered_rmsprop, dict(lr=0.003), torch.optim.RMSprop, dict(lr=0.003, centered=True)),
    (adadelta, dict(lr=1.0), torch.optim.Adadelta, dict(lr=1.0)),
    (adam, dict(lr=0.003), Adam, dict(lr=0.003)),
    (amsgrad, dict(lr=0.003), Adam, dict(lr=0.003, amsgrad=True)),
    (adamw, dict(lr=0.003, weight_decay=0.1), torch.optim.AdamW, dict(lr=0.003, weight_decay=0.1)),
    (radam, dict(lr=0.02), torch.optim.RAdam, dict(lr=0.02)),
    (adamax, dict(lr=0.003), torch.optim.Adamax, dict(lr=0.003)),
    (adam, dict(lr=0.01, beta1=0.5, beta2=0.9), Adam, dict(lr=0.01, betas=(0.5, 0.9))),
]
each_twin = pytest.mark.parametrize("twin", TWINS, ids=lambda twin: f"{twin[0].__name__} {twin[1]}")


def network(dtype=torch.float64, seed=0):
    layers = (torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10))
    model = torch.nn.Sequential(*layers).to(dtype)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.tensor(rng.normal(scale=0.1, size=p.shape)))
    return model


def digits(dtype=torch.float64):
    X, y = load_digits(return_X_y=True)
    return torch.tensor(X / 16, dtype=dtype), torch.tensor(y)


def train(model, optimizer, steps=200, schedulers=()):
    """The loss at each step, on mini-batches of 64."""
    X, y = digits(next(model.parameters()).dtype)
    rng, losses = np.random.default_rng(1), []
    for _ in range(steps):
        chosen = rng.integers(0, len(y), 64)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(X[chosen]), y[chosen])
        loss.backward()
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
        losses.append(loss.item())
    return np.array(losses)


@each_twin
def test_digits_are_learned_as_with_torchs_own(twin):
    rule, hyper, make, arguments = twin
    ours, theirs = network(), network()
    mine = train(ours, as_torch(rule, ours.parameters(), **hyper))
    torchs = train(theirs, make(theirs.parameters(), **arguments))
    assert mine[-1] < mine[0] / 2
    np.testing.assert_allclose(mine, torchs, rtol=1e-10)


@each_twin
def test_in_float32_it_stays_float32(twin):
    rule, hyper, make, arguments = twin
    ours, theirs = network(torch.float32), network(torch.float32)
    optimizer = as_torch(rule, ours.parameters(), **hyper)
    mine = train(ours, optimizer, steps=20)
    torchs = train(theirs, make(theirs.parameters(), **arguments), steps=20)
    np.testing.assert_allclose(mine, torchs, rtol=1e-4)
    for p in ours.parameters():
        kept = [value for value in optimizer.state[p].values() if torch.is_tensor(value)]
        assert {value.dtype for value in [p, *kept]} == {torch.float32}


@each_twin
def test_two_groups_with_their_own_rates(twin):
    rule, hyper, make, arguments = twin

    def groups(model, other):
        return [
            dict(params=model[0].parameters()),
            dict(params=model[2].parameters(), **other),
        ]

    ours, theirs = network(), network()
    optimizer = as_torch(rule, groups(ours, dict(lr=0.001)), **hyper)
    mine = train(ours, optimizer, steps=50)
    torchs = train(theirs, make(groups(theirs, dict(lr=0.001)), **arguments), steps=50)
    np.testing.assert_allclose(mine, torchs, rtol=1e-10)
    assert [group["lr"] for group in optimizer.param_groups] == [hyper["lr"], 0.001]


def test_groups_may_come_later_and_have_names():
    model = network()
    optimizer = as_torch(adam, model[0].named_parameters(), lr=0.1)
    optimizer.add_param_group(dict(params=model[2].named_parameters(), lr=0.01, beta1=0.5))
    train(model, optimizer, steps=2)
    assert optimizer.param_groups[1]["param_names"] == ["weight", "bias"]
    assert [group["beta1"] for group in optimizer.param_groups] == [0.9, 0.5]
    assert all(optimizer.state[p]["step"] == 2 for p in model.parameters())


def through_a_file(thing):
    buffer = io.BytesIO()
    torch.save(thing, buffer)
    buffer.seek(0)
    return torch.load(buffer)


@each_twin
@pytest.mark.parametrize("way", ["state_dict", "pickle", "deepcopy"])
def test_stopping_and_going_on_leaves_no_trace(twin, way):
    rule, hyper, _, _ = twin
    straight = network()
    optimizer = as_torch(rule, straight.parameters(), **hyper)
    train(straight, optimizer, steps=7)
    if way == "state_dict":
        again = copy.deepcopy(straight)
        other = as_torch(rule, again.parameters(), **(hyper | dict(lr=123.0)))
        other.load_state_dict(through_a_file(optimizer.state_dict()))
    elif way == "pickle":
        again, other = pickle.loads(pickle.dumps((straight, optimizer)))
    else:
        again, other = copy.deepcopy((straight, optimizer))
    np.testing.assert_array_equal(train(again, other, steps=7), train(straight, optimizer, steps=7))
    assert repr(other) == repr(optimizer)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda optimizer: lr_scheduler.StepLR(optimizer, 10, gamma=0.5),
        lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 50),
        lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=51),
    ],
)
def test_torchs_schedulers_drive_ours(schedule):
    """OneCycleLR cycles the momentum too."""
    ours, theirs = network(), network()
    mine = as_torch(momentum, ours.parameters(), lr=0.1, momentum=0.9)
    torchs = SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    np.testing.assert_allclose(
        train(ours, mine, 50, [schedule(mine)]),
        train(theirs, torchs, 50, [schedule(torchs)]),
        rtol=1e-10,
    )
    for name in ("lr", "momentum"):
        assert mine.param_groups[0][name] == torchs.param_groups[0][name]


def test_one_cycle_for_a_rule_without_momentum():
    model = network()
    optimizer = as_torch(adam, model.parameters())
    with pytest.raises(ValueError, match="cycle_momentum"):
        lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=20)
    schedule = lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=20, cycle_momentum=False)
    rates = []
    for _ in range(19):
        rates.append(optimizer.param_groups[0]["lr"])
        train(model, optimizer, 1, [schedule])
    assert max(rates) == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize("make", [lambda p: Adam(p, lr=0.1), lambda p: as_torch(adam, p, lr=0.1)])
def test_a_schedule_of_ours_drives_torchs_optimizer_in_one_line(make):
    model = network()
    optimizer = make(model.parameters())
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda t: warmup(t, 10) * cosine(t, 50))
    rates = []
    for _ in range(50):
        rates.append(optimizer.param_groups[0]["lr"])
        train(model, optimizer, 1, [scheduler])
    t = np.arange(50)
    np.testing.assert_allclose(rates, 0.1 * warmup(t, 10) * cosine(t, 50), rtol=1e-14)


def test_closure():
    p = torch.nn.Parameter(torch.tensor([4.0, 2.0], dtype=torch.float64))
    optimizer = as_torch(sgd, [p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (p**2).sum() / 2
        loss.backward()
        return loss

    assert [optimizer.step(closure).item() for _ in range(3)] == [10.0, 2.5, 0.625]
    assert optimizer.step() is None


def test_parameters_without_a_gradient_are_left_alone():
    moved, left = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = as_torch(adam, [moved, left], lr=0.1)
    moved.sum().backward()
    optimizer.step()
    assert left.tolist() == [1, 1]
    assert left not in optimizer.state
    np.testing.assert_allclose(moved.detach(), 0.9)
    optimizer.zero_grad()
    assert moved.grad is None


def test_what_the_rule_remembers_is_visible():
    p = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = as_torch(adam, [p])
    for _ in range(2):
        p.grad = torch.full_like(p, 40.0)
        optimizer.step()
    memory = optimizer.state[p]
    assert memory.keys() == {"step", "m", "v"}
    assert memory["step"] == 2
    assert memory["m"].item() == pytest.approx(40 * (1 - 0.9**2))


def test_a_learners_answer_is_a_rule_as_well():
    def mine(theta, grad, t, *, lr):
        return Step(theta - lr * grad)

    ours, theirs = network(), network()
    mine_ = train(ours, as_torch(mine, ours.parameters(), lr=0.1), 10)
    np.testing.assert_array_equal(
        mine_, train(theirs, as_torch(sgd, theirs.parameters(), lr=0.1), 10)
    )
    with pytest.raises(ValueError, match="mine has no default for lr"):
        as_torch(mine, ours.parameters())


ONE = [torch.nn.Parameter(torch.ones(3))]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: as_torch(sgd, ONE, lr=-0.1), ValueError, "lr must be at least 0, not -0.1"),
        (lambda: as_torch(sgd, ONE, lr=float("nan")), ValueError, "lr must be at least 0, not nan"),
        (lambda: as_torch(sgd, ONE, lr="1"), TypeError, "lr must be a number"),
        (lambda: as_torch(adam, ONE, beta2=1.0), ValueError, "beta2 must be .* below 1, not 1"),
        (lambda: as_torch(adam, ONE, betas=(0.9, 0.99)), TypeError, "betas"),
        (lambda: as_torch(adam, [dict(params=ONE, eps=-1.0)]), ValueError, "eps must be .* not -1"),
        (lambda: as_torch(adam, []), ValueError, "empty parameter list"),
        (lambda: as_torch(adam, ONE[0]), TypeError, "iterable of Tensors"),
        (lambda: as_torch(adam, [torch.ones(2).int()]), TypeError, "real floats, not torch.int32"),
        (lambda: as_torch(adam, [torch.ones(2) + 0j]), TypeError, "real floats, not torch.complex"),
        (lambda: as_rule(Adam, lr=-1.0), ValueError, "Invalid learning rate"),
        (lambda: as_rule(Adam, betas=(0.9, 1.0)), ValueError, "Invalid beta"),
        (lambda: as_rule(Adam, beta1=0.9), TypeError, "beta1"),
        (lambda: as_rule(torch.optim.LBFGS), TypeError, "LBFGS asks for the loss more than once"),
    ],
)
def test_bad_input_is_named_at_construction(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_rejected_group_is_not_added():
    model = network()
    optimizer = as_torch(adam, model[0].parameters())
    with pytest.raises(ValueError, match="lr must be at least 0, not -1"):
        optimizer.add_param_group(dict(params=model[2].parameters(), lr=-1.0))
    assert len(optimizer.param_groups) == 1


def test_a_bad_hyper_parameter_is_named_after_it_was_changed():
    model = network()
    optimizer = as_torch(adam, model.parameters())
    train(model, optimizer, steps=1)
    before = copy.deepcopy(model.state_dict())
    optimizer.param_groups[0]["lr"] = -0.1
    with pytest.raises(ValueError, match=r"lr must be at least 0, not -0\.1"):
        optimizer.step()
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_sparse_gradients_are_rejected_in_words():
    embedding = torch.nn.Embedding(10, 3, sparse=True)
    optimizer = as_torch(adam, embedding.parameters())
    embedding(torch.tensor([1, 2])).sum().backward()
    with pytest.raises(RuntimeError, match="adam can't use sparse gradients"):
        optimizer.step()


AS_RULES = [*TWINS, (momentum, dict(lr=0.01), SGD, dict(lr=0.01, momentum=0.9))]


@pytest.mark.parametrize("surface", [ravine, rosenbrock], ids=lambda surface: surface.name)
@pytest.mark.parametrize("twin", AS_RULES, ids=lambda twin: f"{twin[0].__name__} {twin[1]}")
def test_torchs_as_a_rule_takes_our_path(twin, surface):
    rule, hyper, make, arguments = twin
    scale = 0.01 if make is SGD else 1.0  # plain SGD would fly off Rosenbrock's function
    lr = dict(lr=lambda t: scale * hyper["lr"] * cosine(t, 150))
    ours = descend(rule, surface, surface.start, 200, **(hyper | lr))
    theirs = descend(as_rule(make, **arguments), surface, surface.start, 200, **lr)
    assert np.isfinite(ours.loss).all()
    np.testing.assert_allclose(theirs.theta, ours.theta, rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal(theirs.lr, ours.lr)


def test_torchs_memory_is_in_the_trace():
    ours = descend(adam, ravine, ravine.start, 30)
    theirs = descend(as_rule(Adam), ravine, ravine.start, 30)
    np.testing.assert_allclose(theirs.exp_avg, ours.m, rtol=1e-12)
    np.testing.assert_allclose(theirs.exp_avg_sq, ours.v, rtol=1e-12)
    np.testing.assert_array_equal(theirs.step, np.arange(1, 31))


def test_torchs_as_a_rule_is_pure():
    rule, theta, grad = as_rule(Adam, lr=0.1), np.ones(3), np.arange(3.0)
    first = rule(theta, grad, 1)
    kept = copy.deepcopy(first)
    second = rule(first.theta, grad, 2, **first.memory)
    again = rule(first.theta, grad, 2, **first.memory)
    np.testing.assert_array_equal(second.theta, again.theta)
    np.testing.assert_array_equal(first.theta, kept.theta)
    for name, value in kept.memory.items():
        np.testing.assert_array_equal(first.memory[name], value)
    np.testing.assert_array_equal(theta, 1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_there_and_back_again(dtype):
    """Our rule, made a torch optimizer and that a rule again, is the same rule."""
    there_and_back = as_rule(lambda params, lr=0.1: as_torch(adam, params, lr=lr))
    start = np.array(ravine.start, dtype)
    twice = descend(there_and_back, ravine, start, 50)
    once = descend(adam, ravine, start, 50, lr=0.1)
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(twice.theta, once.theta, rtol=tolerance, atol=tolerance)
    assert twice.theta.dtype == dtype


def test_torchs_rule_does_not_take_columns():
    with pytest.raises(ValueError, match=r"lr must be one number .* one run at a time"):
        descend(as_rule(Adam), ravine, ravine.start, 3, lr=np.array([[0.1], [0.2]]))
    with pytest.raises(ValueError, match="give as_rule what isn't a number, like betas"):
        descend(as_rule(Adam), ravine, ravine.start, 3, betas=(0.9, 0.99))


NOT_RULES = {"LBFGS", "SparseAdam", "Optimizer"}


def made_in_torch():
    kinds = [getattr(torch.optim, name) for name in torch.optim.__all__]
    optimizers = [k for k in kinds if isinstance(k, type) and issubclass(k, torch.optim.Optimizer)]
    return [k for k in optimizers if k.__name__ not in NOT_RULES]


@pytest.mark.parametrize("make", made_in_torch(), ids=lambda make: make.__name__)
def test_every_optimizer_of_torchs_is_a_rule(make):
    """On a matrix, it follows the path of a parameter that torch optimizes."""
    p = torch.nn.Parameter(torch.tensor([[4.0, 2.0], [1.0, -1.0]], dtype=torch.float64))
    start, optimizer, path = p.detach().numpy().copy(), make([p], lr=0.01), []
    curvature = np.array([1.0, 25.0])
    for _ in range(20):
        p.grad = torch.tensor(curvature) * p.detach()
        optimizer.step()
        path.append(p.detach().numpy().copy())
    trace = descend(as_rule(make), ravine, start, 20, lr=0.01)
    np.testing.assert_allclose(trace.theta[1:], np.array(path), rtol=1e-12)


def test_what_a_scheduler_saved_can_be_loaded(tmp_path):
    """By torch.load's defaults, which accept only plain numbers: weights_only=True."""
    p = torch.nn.Parameter(torch.ones(2))
    for optimizer in (torch.optim.Adam([p]), as_torch(adam, [p])):
        factor = [lambda t: warmup(t, 10) * cosine(t, 300)]
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        for _ in range(3):
            p.grad = torch.ones_like(p)
            optimizer.step()
            scheduler.step()
        saved = [optimizer.state_dict(), scheduler.state_dict()]
        torch.save(saved, tmp_path / "checkpoint.pt")
        states = torch.load(tmp_path / "checkpoint.pt")
        assert states[0]["param_groups"][0]["lr"] == optimizer.param_groups[0]["lr"]
        assert states[1]["_last_lr"] == scheduler.get_last_lr()


def test_the_import_leaves_torchs_compiler_alone():
    """It takes longest to import. The first optimizer that anybody makes imports it anyway."""
    code = "import sys, stepsize.frameworks.bridge; print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout == "False\n", done.stderr
