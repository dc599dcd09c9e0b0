"""Our rules on a real PyTorch model: a rule for each group, and everything one does at work."""

import copy
import functools
import inspect
import io
import pickle
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from stepsize import optimizers
from stepsize.frameworks.bridge import as_rule, as_torch
from stepsize.optimizers import (
    Step,
    adafactor,
    adafactor_vector,
    adagrad,
    adam,
    adamw,
    averaged,
    decoupled,
    momentum,
    muon,
    nadam,
    prodigy,
    schedule_free_adamw,
    schedule_free_sgd,
    sgd,
    shampoo,
    soap,
)
from stepsize.schedules import cosine

Adam = torch.optim.Adam


def model(dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    layers = (
        nn.Conv2d(1, 4, 3),
        nn.Flatten(),
        nn.Linear(4 * 36, 6),
        nn.LayerNorm(6),
        nn.Linear(6, 3),
    )
    return nn.Sequential(*layers).to(dtype)


def gradients(net, seed):
    rng = np.random.default_rng(seed)
    for p in net.parameters():
        p.grad = torch.tensor(rng.normal(size=tuple(p.shape)), dtype=p.dtype)


def walk(net, optimizer, updates=4, first=0):
    for i in range(first, first + updates):
        gradients(net, i)
        optimizer.step()
    return [p.detach().clone() for p in net.parameters()]


def same(ones, others, **how):
    for a, b in zip(ones, others, strict=True):
        torch.testing.assert_close(a, b, **how)


# --- A rule for each group ----------------------------------------------------------------------


def by_shape(net):
    matrices = [p for p in net.parameters() if p.ndim >= 2]
    return dict(params=matrices, rule=muon, lr=0.02), dict(
        params=[p for p in net.parameters() if p.ndim < 2]
    )


def test_matrices_by_muon_and_the_rest_by_adamw():
    net, alone = model(), model()
    mixed = as_torch(adamw, by_shape(net), lr=3e-3)
    muons, adamws = by_shape(alone)
    apart = [
        as_torch(muon, muons["params"], lr=0.02),
        torch.optim.AdamW(adamws["params"], lr=3e-3),
    ]
    for i in range(4):
        gradients(net, i)
        gradients(alone, i)
        for optimizer in (mixed, *apart):
            optimizer.step()
    same(net.parameters(), alone.parameters(), rtol=1e-12, atol=1e-14)
    assert [group["rule"] for group in mixed.param_groups] == ["muon", "adamw"]
    assert "beta1" not in mixed.param_groups[0]
    assert "momentum" not in mixed.param_groups[1]


def test_one_scheduler_and_one_checkpoint_for_both_rules():
    def start():
        net = model()
        optimizer = as_torch(adamw, by_shape(net), lr=3e-3)
        curve = functools.partial(cosine, steps=10)
        return net, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, curve)

    def go(net, optimizer, scheduler, first):
        for i in range(first, first + 3):
            gradients(net, i)
            optimizer.step()
            scheduler.step()

    whole, parts = start(), start()
    go(*whole, 0)
    go(*whole, 3)
    go(*parts, 0)
    file = io.BytesIO()
    torch.save([part.state_dict() for part in parts], file)
    file.seek(0)
    resumed = start()
    for part, state in zip(resumed, torch.load(file), strict=True):
        part.load_state_dict(state)
    go(*resumed, 3)
    same(whole[0].parameters(), resumed[0].parameters(), rtol=0, atol=0)


def test_a_tensor_that_a_rule_cannot_step_is_named():
    net = model()
    with pytest.raises(
        ValueError, match=r"^muon steps matrices, but 0\.bias has the shape \(4,\): "
    ):
        as_torch(muon, net.named_parameters())
    with pytest.raises(ValueError, match=r"but a parameter has the shape \(4,\): .* rule=adamw"):
        as_torch(muon, net.parameters())


def test_a_group_is_held_to_its_own_rule():
    p = [nn.Parameter(torch.ones(2, 2))]
    with pytest.raises(TypeError, match=r"^muon has no 'beta1'"):
        as_torch(adamw, [dict(params=p, rule=muon, beta1=0.9)])
    with pytest.raises(ValueError, match="momentum must be at least 0, not -1"):
        as_torch(adamw, [dict(params=p, rule=muon, momentum=-1.0)])
    with pytest.raises(TypeError, match=r"^adamw has no 'momentum'"):
        as_torch(adamw, [dict(params=p, rule=muon)], momentum=0.9)
    given = dict(params=p, rule=muon)
    as_torch(adamw, [given])
    assert given == dict(params=p, rule=muon), "what is handed over is left alone"


def test_no_decay_on_biases_and_norms():
    ours, theirs = model(), model()
    groups = [
        [
            dict(params=[p for p in net.parameters() if p.ndim >= 2], weight_decay=0.1),
            dict(params=[p for p in net.parameters() if p.ndim < 2], weight_decay=0.0),
        ]
        for net in (ours, theirs)
    ]
    walk(ours, as_torch(adamw, groups[0], lr=0.01))
    walk(theirs, torch.optim.AdamW(groups[1], lr=0.01))
    same(ours.parameters(), theirs.parameters(), rtol=1e-12, atol=1e-14)


# --- How far a rule looks -----------------------------------------------------------------------


def test_muon_sees_a_convolution_as_a_row_for_each_output():
    kernel = nn.Parameter(torch.randn(8, 3, 3, 3, dtype=torch.float64))
    matrix = kernel.detach().reshape(8, 27).numpy()
    grad = np.random.default_rng(0).normal(size=(8, 27))
    optimizer = as_torch(muon, [kernel], lr=0.1)
    memory, theta = {}, matrix.copy()
    for t in (1, 2):
        kernel.grad = torch.tensor(grad * t).reshape(8, 3, 3, 3)
        optimizer.step()
        theta, memory, _ = muon(theta, grad * t, t, **memory, lr=0.1)
    np.testing.assert_allclose(kernel.detach().reshape(8, 27).numpy(), theta, rtol=1e-10)
    assert optimizer.state[kernel]["b"].shape == kernel.shape


def test_adafactor_takes_a_whole_model_as_torchs_does():
    """On matrices and vectors. A convolution is one matrix here, and a stack of them in torch."""
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4), nn.Linear(4, 3)).double()
    theirs = copy.deepcopy(ours)
    walk(ours, as_torch(adafactor, ours.parameters(), lr=0.01))
    walk(theirs, torch.optim.Adafactor(theirs.parameters(), lr=0.01))
    same(ours.parameters(), theirs.parameters(), rtol=1e-9, atol=1e-12)
    scalar = nn.Parameter(torch.ones(()))
    scalar.grad = torch.ones(())
    as_torch(adafactor, [scalar]).step()
    assert scalar < 1


@pytest.mark.parametrize("rule", [shampoo, soap])
def test_rules_with_two_sides_keep_them_through_a_checkpoint(rule):
    """A kernel (4, 1, 2, 2) is a 4 x 4 matrix, the same size as the memory for each side."""

    def start():
        torch.manual_seed(0)
        params = [nn.Parameter(torch.randn(s, dtype=torch.float64)) for s in ((4, 1, 2, 2), (3, 5))]
        return params, as_torch(rule, params, lr=0.1)

    def go(params, optimizer, first):
        for i in range(first, first + 12):
            rng = np.random.default_rng(i)
            for p in params:
                p.grad = torch.tensor(rng.normal(size=tuple(p.shape)))
            optimizer.step()

    (params, optimizer), (again, resumed) = start(), start()
    go(params, optimizer, 0)
    matrix, memory = start()[0][0].detach().reshape(4, 4).numpy(), {}
    for i in range(12):
        grad = np.random.default_rng(i).normal(size=(4, 1, 2, 2)).reshape(4, 4)
        matrix, memory, _ = rule(matrix, grad, i + 1, **memory, lr=0.1)
    np.testing.assert_allclose(params[0].detach().reshape(4, 4).numpy(), matrix, rtol=1e-9)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    resumed.load_state_dict(torch.load(file))
    for p, q in zip(params, again, strict=True):
        q.data.copy_(p)
    go(params, optimizer, 12)
    go(again, resumed, 12)
    same(params, again, rtol=0, atol=0)


def test_prodigy_finds_one_rate_for_all_tensors():
    """All in one vector, including scalars, and tensors without a gradient yet."""
    net = model()
    params = [*net.parameters(), nn.Parameter(torch.ones((), dtype=torch.float64))]
    flat = torch.cat([p.detach().reshape(-1) for p in params]).numpy()
    optimizer, memory = as_torch(prodigy, params, weight_decay=0.1), {}
    for t in range(1, 6):
        grad = np.random.default_rng(t).normal(size=flat.size)
        parts = torch.tensor(grad).split([p.numel() for p in params])
        for p, part in zip(params, parts, strict=True):
            p.grad = part.reshape(p.shape)
        rests = slice(0, params[0].numel() if t == 1 else 0)
        if t == 1:
            params[0].grad = None
            grad[rests] = 0
        optimizer.step()
        before = flat
        flat, memory, _ = prodigy(flat, grad, t, **memory, weight_decay=0.1)
        flat[rests] = before[rests]  # without a gradient, it stays where it is
    together = torch.cat([p.detach().reshape(-1) for p in params]).numpy()
    np.testing.assert_allclose(together, flat, rtol=1e-12)
    assert {optimizer.state[p]["d"] for p in params} == {memory["d"].item()}
    torch.save(optimizer.state_dict(), io.BytesIO())


def test_prodigy_wants_one_group_but_not_the_only_one():
    net = model()
    matrices, others = by_shape(net)
    apart = [dict(params=matrices["params"]), others]
    with pytest.raises(ValueError, match="prodigy looks at all its tensors together: make one gr"):
        as_torch(prodigy, apart)
    optimizer = as_torch(prodigy, [matrices, others])
    walk(net, optimizer)
    assert [group["rule"] for group in optimizer.param_groups] == ["muon", "prodigy"]


@pytest.mark.parametrize("made", [lambda: functools.partial(prodigy), lambda: averaged(prodigy)])
def test_prodigy_made_twice_still_wants_one_group(made):
    groups = [two_by_two(rule=made()), two_by_two(rule=made())]
    with pytest.raises(ValueError, match=r"prodigy looks at all its tensors together: make one gr"):
        as_torch(adamw, groups)


def test_a_group_appended_by_hand_does_not_get_in_the_way_of_prodigys():
    optimizer = as_torch(adamw, [two_by_two()])
    optimizer.param_groups.append(two_by_two(lr=0.1))
    optimizer.add_param_group(two_by_two(rule=prodigy))
    with pytest.raises(ValueError, match=r"^prodigy looks at all its tensors together"):
        optimizer.add_param_group(two_by_two(rule=prodigy))
    assert len(optimizer.param_groups) == 3


def test_a_group_appended_by_hand_has_the_default_rule():
    """Even if what it says is saved before the next step."""

    def made():
        optimizer = as_torch(adam, [two_by_two(), two_by_two(rule=sgd)], lr=0.1)
        optimizer.param_groups.append(two_by_two(lr=0.2))
        return optimizer

    ours, theirs = made(), made()
    theirs.load_state_dict(ours.state_dict())
    for group in theirs.param_groups:
        group["params"][0].grad = torch.ones(2, 2)
    theirs.step()
    assert [group["rule"] for group in theirs.param_groups] == ["adam", "sgd", "adam"]
    torch.testing.assert_close(theirs.param_groups[2]["params"][0], torch.full((2, 2), 0.8))


@pytest.mark.parametrize("wrong", [muon, "muon", "Adam"])
def test_a_rule_that_a_group_was_given_by_hand_is_named(wrong):
    optimizer = as_torch(adam, [two_by_two(), two_by_two(rule=sgd)])
    optimizer.param_groups[1]["rule"] = wrong
    said = "^a group's rule must be one of adam, sgd, not .*: add a different one with add_param_gr"
    for call in (
        optimizer.step,
        optimizer.eval,
        optimizer.state_dict,
        lambda: optimizer.add_param_group(two_by_two(rule=prodigy)),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_an_average_of_ones_own_rule_is_kept_tensor_by_tensor():
    """And of Adafactor, which has a different rule for vectors."""

    def own(theta, grad, t, *, lr=0.1):
        shapes.append(tuple(theta.shape))
        return Step(theta - lr * grad)

    for rule, shapes in ((own, []), (adafactor, None)):
        net, alone = model(), model()
        optimizer = as_torch(averaged(rule), net.parameters(), lr=0.1)
        walk(net, optimizer)
        walk(alone, as_torch(rule, alone.parameters(), lr=0.1))
        same(net.parameters(), alone.parameters())
        optimizer.eval()
        assert all(
            (p != q).any() for p, q in zip(net.parameters(), alone.parameters(), strict=True)
        )
        if shapes:
            assert {tuple(p.shape) for p in net.parameters()} <= {*shapes}


def test_a_vector_rule_sees_the_whole_tensor():
    p = nn.Parameter(torch.randn(3, 4, dtype=torch.float64))
    start, p.grad = p.detach().numpy().ravel().copy(), torch.ones_like(p)
    as_torch(adafactor_vector, [p]).step()
    expected = adafactor_vector(start, np.ones(12), 1).theta
    np.testing.assert_allclose(p.detach().numpy().ravel(), expected, rtol=1e-12)


@pytest.mark.parametrize("rule", [sgd, momentum, adagrad, adam, adamw, nadam, schedule_free_adamw])
def test_together_is_as_one_by_one(rule):
    """A rule for coordinates can't tell. A learner's own rule gets each tensor as it is."""

    def own(theta, grad, t, **memory_and_hyper):
        shapes.add(tuple(theta.shape))
        return rule(theta, grad, t, **memory_and_hyper)

    shapes, together, apart = set(), model(), model()
    one, other = (
        as_torch(rule, together.parameters(), lr=0.01),
        as_torch(own, apart.parameters(), lr=0.01),
    )
    walk(together, one)
    walk(apart, other)
    same(together.parameters(), apart.parameters(), rtol=1e-12, atol=1e-14)
    assert {tuple(p.shape) for p in apart.parameters()} <= shapes
    for p, q in zip(together.parameters(), apart.parameters(), strict=True):
        assert one.state[p].keys() == other.state[q].keys()


def test_tensors_that_joined_later_keep_their_own_count():
    """Without a gradient, a parameter waits, so its t differs from its neighbors'."""
    ours, theirs = model(), model()
    optimizers = as_torch(adam, ours.parameters(), lr=0.1), Adam(theirs.parameters(), lr=0.1)
    for i in range(5):
        for net, optimizer in zip((ours, theirs), optimizers, strict=True):
            gradients(net, i)
            for j, p in enumerate(net.parameters()):
                if (i + j) % 3 == 0:
                    p.grad = None
            optimizer.step()
    same(ours.parameters(), theirs.parameters(), rtol=1e-12, atol=1e-14)
    counts = {optimizers[0].state[p]["step"] for p in ours.parameters()}
    assert counts == {int(optimizers[1].state[p]["step"]) for p in theirs.parameters()} == {3, 4}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_short_floats_and_mixed_ones(dtype):
    short, long = nn.Parameter(torch.ones(3, dtype=dtype)), nn.Parameter(torch.ones(3).double())
    optimizer = as_torch(adam, [short, long], lr=0.25)
    for p in (short, long):
        p.grad = torch.ones_like(p)
    optimizer.step()
    assert optimizer.state[short]["m"].dtype == short.dtype == dtype
    assert long.dtype == torch.float64
    torch.testing.assert_close(short.double(), long, rtol=1e-2, atol=0)


def test_a_tensor_of_no_axes_one_of_no_numbers_and_one_that_is_not_contiguous():
    kernel = torch.randn(4, 3, 5, 5).contiguous(memory_format=torch.channels_last)
    start = [torch.tensor(2.0), torch.ones(0, 3), kernel, torch.randn(6, 4).T]
    ours, theirs = ([nn.Parameter(x.clone()) for x in start] for _ in range(2))
    assert not ours[2].is_contiguous()
    for params, optimizer in ((ours, as_torch(adam, ours)), (theirs, Adam(theirs))):
        for _ in range(3):
            for p in params:
                p.grad = torch.full_like(p, 0.5)
            optimizer.step()
    same(ours, theirs)


@pytest.mark.parametrize("rule", [adam, muon, prodigy, averaged(adamw)], ids=lambda r: r.__name__)
def test_a_memory_may_be_moved_and_come_back_transposed(rule):
    """As after offloading it to a different device between two steps."""
    paths = []
    for turned in (False, True):
        p = nn.Parameter(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)))
        optimizer = as_torch(rule, [p])
        for i in range(4):
            p.grad = torch.full_like(p, i - 1.5)
            optimizer.step()
            for name, value in optimizer.state[p].items():
                if turned and torch.is_tensor(value):
                    optimizer.state[p][name] = value.clone().t().contiguous().t()
        paths.append([p])
    same(*paths)


@pytest.mark.parametrize("rule", [adam, muon, prodigy, averaged(adamw)], ids=lambda r: r.__name__)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_memory_may_come_back_shorter_or_longer(rule, dtype):
    """As after saving it in half the space. The weights keep their type, and so does the path."""
    paths = []
    for kept in (torch.float32, dtype):
        p = nn.Parameter(torch.linspace(-1, 1, 24).reshape(6, 4))
        optimizer = as_torch(rule, [p], lr=0.25)
        for i in range(4):
            p.grad = torch.full_like(p, i - 1.5)
            optimizer.step()
            for name, value in optimizer.state[p].items():
                if torch.is_tensor(value):
                    optimizer.state[p][name] = value.to(kept)
        assert p.dtype == torch.float32
        paths.append([p])
    same(*paths, rtol=0.02, atol=0.02)


# --- At work ------------------------------------------------------------------------------------


def test_a_memory_that_is_named_starts_with_that_value():
    for make in (
        lambda p: as_torch(adagrad, p, lr=0.1, total=0.5),
        lambda p: as_torch(functools.partial(adagrad, total=0.5), p, lr=0.1),
        lambda p: as_torch(functools.partial(adagrad, lr=0.1, total=0.5), p),
        lambda p: torch.optim.Adagrad(p, lr=0.1, initial_accumulator_value=0.5),
    ):
        net = model()
        thetas = walk(net, make(net.parameters()))
        if make(net.parameters()).__class__.__module__.startswith("stepsize"):
            kept = thetas
    same(kept, thetas, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", [schedule_free_sgd, schedule_free_adamw])
def test_the_model_of_the_schedule_free_is_their_mean(rule):
    net, steady = model(), model()
    optimizer = as_torch(rule, net.parameters(), lr=0.01)
    optimizer.eval()  # before the first step they are the same
    optimizer.train()
    walk(net, optimizer)
    at_y = [p.detach().clone() for p in net.parameters()]
    for _ in range(2):  # a second call does nothing
        optimizer.eval()
    same(net.parameters(), [optimizer.state[p]["x"] for p in net.parameters()])
    assert any((p != y).any() for p, y in zip(net.parameters(), at_y, strict=True))
    gradients(net, 9)
    with pytest.raises(RuntimeError, match=r"after eval\(\) .* call train\(\) first"):
        optimizer.step()
    for _ in range(2):
        optimizer.train()
    same(net.parameters(), at_y)
    walk(net, optimizer, first=4)
    walk(steady, as_torch(rule, steady.parameters(), lr=0.01), updates=8)
    same(net.parameters(), steady.parameters(), rtol=1e-12, atol=1e-14)


def test_evaluating_any_other_rule_does_nothing():
    net = model()
    optimizer = as_torch(adam, net.parameters())
    before = walk(net, optimizer)
    optimizer.eval()
    same(net.parameters(), before)
    walk(net, optimizer)


def test_a_state_of_torchs_own_is_rejected_in_words():
    net = model()
    theirs = Adam(net.parameters())
    walk(net, theirs)
    ours = as_torch(adam, net.parameters())
    said = "from the same rules, one for each group: adam, not from an optimizer of torch's"
    with pytest.raises(ValueError, match=said):
        ours.load_state_dict(theirs.state_dict())
    with pytest.raises(ValueError, match="one for each group: adam, not from momentum"):
        ours.load_state_dict(as_torch(momentum, net.parameters()).state_dict())


def test_a_rule_that_cannot_be_pickled_says_so():
    net = model()
    optimizer = as_torch(
        lambda theta, grad, t, *, lr: Step(theta - lr * grad), net.parameters(), lr=1
    )
    with pytest.raises(
        pickle.PicklingError, match=r"^the rule <lambda> can't be pickled: define it"
    ):
        pickle.dumps(optimizer)
    assert copy.deepcopy(optimizer).param_groups[0]["lr"] == 1
    torch.save(optimizer.state_dict(), io.BytesIO())


def test_a_copy_goes_its_own_way():
    net = model()
    optimizer = as_torch(adam, net.parameters(), lr=0.1)
    walk(net, optimizer)
    other, theirs = copy.deepcopy((net, optimizer))
    kept = (
        [p.detach().clone() for p in net.parameters()],
        optimizer.state_dict()["state"][0]["m"].clone(),
    )
    walk(other, theirs, first=4)
    same(net.parameters(), kept[0])
    torch.testing.assert_close(optimizer.state_dict()["state"][0]["m"], kept[1])
    walk(net, optimizer, first=4)
    same(net.parameters(), other.parameters(), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["foreach", "fused", "capturable", "amsgrad", "betas"])
def test_torchs_own_arguments_are_refused_in_words(name):
    with pytest.raises(TypeError, match=f"^adam has no '{name}'"):
        as_torch(adam, model().parameters(), **{name: True})


def test_a_compiled_model():
    ours, theirs = model(), model()
    for net, make in ((ours, functools.partial(as_torch, adam)), (theirs, Adam)):
        compiled = torch.compile(net, backend="eager")
        optimizer = make(compiled.parameters(), lr=0.01)
        x = torch.ones(2, 1, 8, 8, dtype=torch.float64)
        for _ in range(3):
            optimizer.zero_grad()
            (compiled(x) ** 2).sum().backward()
            optimizer.step()
    same(ours.parameters(), theirs.parameters(), rtol=1e-9, atol=1e-12)


def test_autocast_and_a_scaler_that_skips_what_overflowed():
    ours, theirs = model(torch.float32), model(torch.float32)
    for net, make in ((ours, functools.partial(as_torch, adam)), (theirs, Adam)):
        optimizer = make(net.parameters(), lr=0.01)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
        for factor in (1.0, float("inf"), 1.0):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = (net(torch.ones(2, 1, 8, 8)) ** 2).sum() * factor
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
    same(ours.parameters(), theirs.parameters(), rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is one device here")
def test_tensors_on_several_devices():
    params = [nn.Parameter(torch.ones(3, device=device)) for device in ("cpu", "cuda")]
    optimizer = as_torch(adam, params, lr=0.1)
    for p in params:
        p.grad = torch.ones_like(p)
    optimizer.step()
    torch.testing.assert_close(params[0], params[1].cpu())


@pytest.mark.parametrize("lr", [np.float64(0.1), torch.tensor(0.1), np.array(0.1)], ids=repr)
def test_a_rate_of_another_kind_of_number(lr):
    net = model(torch.float32)
    walk(net, as_torch(adam, net.parameters(), lr=lr))
    assert {p.dtype for p in net.parameters()} == {torch.float32}


def test_a_group_may_have_a_name_and_an_initial_rate():
    """The name is for logs; a scheduler that resumes needs initial_lr."""
    net = model()
    groups = [dict(params=net[i].parameters(), name=str(i), initial_lr=0.1) for i in (0, 2, 3, 4)]
    optimizer = as_torch(adamw, groups, lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 2, last_epoch=4)
    walk(net, optimizer)
    assert [group["name"] for group in optimizer.param_groups] == ["0", "2", "3", "4"]


@pytest.mark.parametrize(("before", "after"), [({}, dict(total=0.5)), (dict(total=0.5), {})])
def test_a_checkpoint_needs_no_start_of_a_memory(before, after):
    """It contains the memory itself."""
    net = model()
    optimizer = as_torch(adagrad, net.parameters(), lr=0.1, **before)
    walk(net, optimizer)
    again, other = copy.deepcopy(net), copy.deepcopy(optimizer)
    other = as_torch(adagrad, again.parameters(), lr=0.1, **after)
    other.load_state_dict(optimizer.state_dict())
    same(walk(again, other), walk(net, optimizer), rtol=0, atol=0)


def test_a_frozen_layer_stays_where_it_is():
    """Even by a rule for all tensors together that decays weights, and if frozen from the start."""
    for frozen_at in (0, 4):
        net = model()
        optimizer = as_torch(prodigy, net.parameters(), weight_decay=0.5, d0=0.1)
        walk(net, optimizer, updates=frozen_at)
        layer = net[2]
        before = [p.detach().clone() for p in layer.parameters()]
        for i in range(3):
            gradients(net, i)
            layer.zero_grad()
            optimizer.step()
        same(layer.parameters(), before, rtol=0, atol=0)


def test_a_step_that_is_compiled_is_the_step():
    """On its own, or within a training step that is compiled as a whole."""
    nets = [model() for _ in range(3)]
    optimizers = [as_torch(adam, net.parameters(), lr=0.01) for net in nets]
    x = torch.ones(2, 1, 8, 8, dtype=torch.float64)

    def whole():
        optimizers[2].zero_grad()
        (nets[2](x) ** 2).sum().backward()
        optimizers[2].step()

    compiled = [torch.compile(call, backend="eager") for call in (optimizers[1].step, whole)]
    for _ in range(3):
        for net, optimizer in zip(nets[:2], optimizers[:2], strict=True):
            optimizer.zero_grad()
            (net(x) ** 2).sum().backward()
        optimizers[0].step()
        for call in compiled:
            call()
    for net in nets[1:]:
        same(net.parameters(), nets[0].parameters(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", [muon, shampoo, soap, adafactor])
def test_a_matrix_without_rows_or_columns_has_no_step(rule):
    params = [nn.Parameter(torch.ones(shape)) for shape in ((0, 3), (3, 0), (2, 2))]
    optimizer = as_torch(rule, params)
    for _ in range(2):
        for p in params:
            p.grad = torch.ones_like(p)
        optimizer.step()
    assert optimizer.state[params[2]]["step"] == 2


def test_tied_weights_step_once():
    ours = model()
    ours.append(nn.Linear(3, 3))
    ours.append(nn.Linear(3, 3))
    ours[-1].weight = ours[-2].weight
    ours = ours.double()
    theirs = copy.deepcopy(ours)
    walk(ours, as_torch(adam, ours.parameters(), lr=0.1))
    walk(theirs, Adam(theirs.parameters(), lr=0.1))
    same(ours.parameters(), theirs.parameters(), rtol=1e-12, atol=1e-14)


def returns_nothing(theta, grad, t, *, lr=0.1):
    theta - lr * grad


def returns_theta(theta, grad, t, *, lr=0.1):
    return theta - lr * grad


def returns_a_sum(theta, grad, t, *, lr=0.1):
    return Step((theta - lr * grad).sum())


@pytest.mark.parametrize(
    ("rule", "error", "words"),
    [
        (returns_nothing, TypeError, "returns_nothing must return a Step, not NoneType"),
        (returns_theta, TypeError, "returns_theta must return a Step, not Tensor"),
        (returns_a_sum, ValueError, r"a theta of shape \(4, 1, 3, 3\) and returned one of shape"),
    ],
)
def test_a_wrong_rule_is_told_what_it_did(rule, error, words):
    net = model()
    with pytest.raises(error, match=words):
        walk(net, as_torch(rule, net.parameters()))


def two_by_two(**named):
    return dict(params=[nn.Parameter(torch.ones(2, 2))], **named)


def counts(theta, grad, t, step=0, *, lr=0.1):
    return Step(theta - lr * grad, dict(step=step + 1))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: as_torch("adam", [two_by_two()]), TypeError, "^rule must be a function .* 'adam'"),
        (lambda: as_torch(Adam, [two_by_two()]), TypeError, "^rule must be a function .*Adam"),
        (
            lambda: as_torch(model().parameters(), adam),
            TypeError,
            "^rule must be .* not <generator",
        ),
        (lambda: as_torch(adamw, [two_by_two(rule="muon")]), TypeError, "^rule must .* not 'muon'"),
        (lambda: as_torch(adamw, [two_by_two(rule=None)]), TypeError, "^rule must .* not None"),
        (
            lambda: as_torch(adamw, [two_by_two()], lr=np.array([[0.1], [0.2]])),
            ValueError,
            r"^lr must be one number, not an array of shape \(2, 1\)",
        ),
        (
            lambda: as_torch(adamw, [two_by_two(lr=torch.ones(2))]),
            ValueError,
            r"^lr must be one number, not an array of shape \(2,\)",
        ),
        (
            lambda: as_torch(adamw, [two_by_two()], lr=lambda t: 0.1),
            TypeError,
            "^lr must be a number here, not a function: it changes by .*LambdaLR",
        ),
        (
            lambda: as_torch(adamw, [two_by_two()], beta1=lambda t: 0.1),
            TypeError,
            "^beta1 must be a number here, not a function: it changes by setting it",
        ),
        (
            lambda: as_torch(counts, [two_by_two()]),
            ValueError,
            "^counts must call its memory 'step' differently",
        ),
        (
            lambda: as_torch(adam, nn.Linear(2, 2)),
            TypeError,
            r"^params must be the model's, model\.parameters\(\), not the model itself",
        ),
        (
            lambda: as_torch(adam, [two_by_two()]).load_state_dict(model().state_dict()),
            ValueError,
            "^state_dict must be an optimizer's",
        ),
    ],
)
def test_a_slip_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    "made", [lambda r: r, functools.partial, averaged, lambda r: functools.partial(averaged(r))]
)
def test_what_is_made_from_torchs_optimizer_is_not_handed_back_to_torch(made):
    said = "^rule must be made from ours, not from torch's SGD: use torch's optimizer directly$"
    with pytest.raises(TypeError, match=said):
        as_torch(made(as_rule(torch.optim.SGD)), [two_by_two()])


@pytest.mark.parametrize("name", ["step", "y"])
def test_a_memory_that_only_a_step_names_must_not_take_our_place(name):
    def quiet(theta, grad, t, **memory):
        return Step(theta - 0.1 * grad, {name: 7})

    group = two_by_two()
    optimizer = as_torch(quiet, [group])
    group["params"][0].grad = torch.ones(2, 2)
    with pytest.raises(ValueError, match=f"^quiet must call its memory '{name}' differently"):
        optimizer.step()
    same(group["params"], [torch.ones(2, 2)])


def test_a_state_of_different_parameters_is_rejected_in_words():
    net, other = model(), nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)).double()
    theirs, ours = as_torch(adam, other.parameters()), as_torch(adam, [*net.parameters()][:4])
    walk(other, theirs)
    with pytest.raises(ValueError, match=r"^state_dict must fit these parameters: m has the s"):
        ours.load_state_dict(theirs.state_dict())
    assert not ours.state


@pytest.mark.filterwarnings("ignore:Sparse CSR")
def test_any_layout_of_sparse_gradients_is_rejected():
    p = nn.Parameter(torch.eye(3).to_sparse_csr())
    optimizer = as_torch(adam, [p])
    p.grad = torch.eye(3).to_sparse_csr()
    with pytest.raises(RuntimeError, match="adam can't use sparse gradients"):
        optimizer.step()


@pytest.mark.parametrize(("count", "numbers"), [(3, 60_000), (12, 5_000), (60, 7)])
def test_blocks_are_the_rule_itself(count, numbers):
    """With handfuls of short tensors and parts of long ones in one group."""
    shapes = [(numbers,)] * count + [(25_000,), (2, 3), (), (0,), (24_575,), (1,)]
    params = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    alone = copy.deepcopy(params)
    optimizer, each = as_torch(nadam, params), [as_torch(nadam, [p]) for p in alone]
    for _ in range(3):
        for p, q in zip(params, alone, strict=True):
            p.grad = q.grad = torch.randn(p.shape)
        optimizer.step()
        for one in each:
            one.step()
    same(params, alone, rtol=0, atol=0)


@pytest.mark.parametrize("width", [3, 300], ids=["short tensors", "long tensors"])
def test_what_backward_still_needs_was_overwritten(width):
    """As with torch's own optimizers, if a graph is used again after a step."""
    net = nn.Sequential(nn.Linear(width, width), nn.Linear(width, width))
    optimizer = as_torch(adam, net.parameters())
    loss = net(torch.ones(2, width)).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("width", [3, 300], ids=["short tensors", "long tensors"])
def test_two_optimizers_share_no_memory(width):
    net = nn.Linear(width, width)
    optimizer = as_torch(adam, net.parameters())
    net(torch.ones(2, width)).sum().backward()
    optimizer.step()
    other = as_torch(adam, net.parameters())
    other.load_state_dict(optimizer.state_dict())
    before = optimizer.state[net.weight]["m"].clone()
    other.step()
    same([optimizer.state[net.weight]["m"]], [before], rtol=0, atol=0)
    assert optimizer.state[net.weight]["step"] == 1


def test_a_lazy_layer_is_stepped_once_it_has_a_shape():
    def trained(make):
        torch.manual_seed(0)
        net = nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 2)).double()
        optimizer = make(net.parameters())
        inputs = torch.ones(3, 5, dtype=torch.float64)
        for _ in range(3):
            optimizer.zero_grad()
            net(inputs).square().mean().backward()
            optimizer.step()
        return nn.utils.parameters_to_vector(net.parameters())

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Lazy modules")  # all of torch's are "under development"
        ours, theirs = (
            trained(lambda p: as_torch(adam, p, lr=0.1)),
            trained(lambda p: Adam(p, lr=0.1)),
        )
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)
        with pytest.raises(ValueError, match=r"^weight of a lazy layer has no shape yet, and muon"):
            as_torch(muon, [("weight", nn.LazyLinear(4).weight)])


def test_a_gradient_with_its_sign_still_to_flip():
    """torch flips a sign lazily, for example of the imaginary part of a conjugate."""
    p = nn.Parameter(torch.zeros(3))
    p.grad = torch.complex(torch.zeros(3), torch.ones(3)).conj().imag
    assert p.grad.is_neg()
    as_torch(sgd, [p], lr=1.0).step()
    assert p.tolist() == [1.0, 1.0, 1.0]


def test_a_gradient_that_can_itself_be_differentiated():
    ours, theirs = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    for p, optimizer in ((ours, as_torch(adam, [ours])), (theirs, Adam([theirs]))):
        (p.grad,) = torch.autograd.grad(p.pow(3).sum(), p, create_graph=True)
        assert p.grad.requires_grad
        optimizer.step()
    same([ours], [theirs])


def test_a_memory_format_may_change_on_the_way():
    formats = (torch.contiguous_format, torch.channels_last, torch.contiguous_format)
    paths = []
    for make in (lambda params: as_torch(nadam, params), torch.optim.NAdam):
        torch.manual_seed(0)
        net = nn.Conv2d(3, 8, 3)
        optimizer = make(net.parameters())
        for memory_format in formats:
            net.to(memory_format=memory_format)
            walk(net, optimizer, updates=2)
            assert net.weight.is_contiguous(memory_format=memory_format)
        paths.append(net.parameters())
    same(*paths)


EVERY = [f for f in vars(optimizers).values() if inspect.isfunction(f) and hasattr(f, "scope")]
EVERY += [averaged(prodigy), averaged(soap), decoupled(nadam)]


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.__name__)
def test_on_the_meta_device_a_step_has_shapes_and_no_values(rule):
    """People use it to find out how much memory a model would need that doesn't fit."""
    taken = []
    for device in ("cpu", "meta"):
        p = nn.Parameter(torch.ones(3, 4, dtype=torch.float16, device=device))
        optimizer = as_torch(rule, [p])
        for _ in range(3):
            p.grad = torch.ones_like(p)
            optimizer.step()
        optimizer.eval()
        optimizer.train()
        optimizer.load_state_dict(optimizer.state_dict())
        state = optimizer.state[p]
        assert {v.device.type for v in state.values() if torch.is_tensor(v)} <= {device}
        taken.append({n: v.shape if torch.is_tensor(v) else type(v) for n, v in state.items()})
    assert taken[0] == taken[1]


def test_rules_of_one_name_keep_apart():
    """Partials have the name of their rule. A copy, a pickle and a checkpoint keep them apart."""

    def made(net):
        slow, fast = functools.partial(adam, beta1=0.99), functools.partial(adam, beta1=0.5)
        first, *rest = net.parameters()
        groups = [dict(params=[first], rule=slow), dict(params=rest[:2], rule=fast)]
        return as_torch(adam, [*groups, dict(params=rest[2:])], lr=0.1)

    net = model()
    optimizer = made(net)
    assert [group["beta1"] for group in optimizer.param_groups] == [0.99, 0.5, 0.9]
    walk(net, optimizer)
    nets = [copy.deepcopy(net) for _ in range(2)]
    resumed = made(nets[0])
    resumed.load_state_dict(optimizer.state_dict())
    both = pickle.loads(pickle.dumps((nets[1], made(nets[1]))))
    both[1].load_state_dict(optimizer.state_dict())
    want = walk(net, optimizer, first=4)
    same(walk(nets[0], resumed, first=4), want)
    same(walk(*both, first=4), want)


def test_averages_of_one_name_keep_apart():
    """They differ in what isn't a number of their group, so only the rules can tell."""
    slow, fast = averaged(sgd, 0.9), averaged(sgd, 0.5)

    def made():
        params = [nn.Parameter(torch.ones(2)) for _ in range(2)]
        groups = [dict(params=[p], rule=r) for p, r in zip(params, (slow, fast), strict=True)]
        return as_torch(sgd, groups, lr=0.1)

    def walked(optimizer):
        params = [group["params"][0] for group in optimizer.param_groups]
        for _ in range(3):
            for p in params:
                p.grad = torch.ones(2)
            optimizer.step()
        return [optimizer.state[p]["average"].clone() for p in params]

    optimizer, loaded = made(), made()
    p, q = walked(optimizer)
    assert (p > q).all()
    pickled = pickle.loads(pickle.dumps(optimizer))
    loaded.load_state_dict(optimizer.state_dict())
    for one, other in zip(loaded.param_groups, optimizer.param_groups, strict=True):
        one["params"][0].data.copy_(other["params"][0])
    want = walked(optimizer)
    same(walked(pickled), want, rtol=0, atol=0)
    same(walked(loaded), want, rtol=0, atol=0)


def test_a_checkpoint_does_not_ask_how_often_a_rule_was_made():
    net, once = model(), averaged(sgd)
    halves = [[*net.parameters()][:3], [*net.parameters()][3:]]
    twice = as_torch(sgd, [dict(params=half, rule=averaged(sgd)) for half in halves], lr=0.1)
    walk(net, twice)
    shared = as_torch(sgd, [dict(params=half, rule=once) for half in halves], lr=0.1)
    shared.load_state_dict(twice.state_dict())
    walk(net, shared)
    twice.load_state_dict(shared.state_dict())
    walk(net, twice)


@pytest.mark.parametrize("rule", [momentum, adagrad, schedule_free_sgd, averaged(sgd)])
def test_what_is_remembered_shares_no_memory(rule):
    """It shares no memory with the weights and the gradient, which change, or other memories."""
    p = nn.Parameter(torch.ones(3))
    optimizer = as_torch(rule, [p])
    p.grad = torch.ones(3)
    optimizer.step()
    tensors = [p, p.grad, *(v for v in optimizer.state[p].values() if torch.is_tensor(v))]
    assert len({tensor.data_ptr() for tensor in tensors}) == len(tensors) > 2
