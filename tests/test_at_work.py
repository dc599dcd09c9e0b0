"""Short scripts as one writes them at work: each once with our Adam, and once with torch's.

They use what torch builds around an optimizer: hooks, parametrizations, averages, functional calls,
checkpoints. Each returns the parameters it ends with, and the two have to agree.
"""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import distributed as dist
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.utils import parametrizations
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn

from stepsize.frameworks.bridge import as_torch
from stepsize.optimizers import adam

ROOT = Path(__file__).parents[1]
MAKERS = [
    lambda params, lr=0.01: as_torch(adam, params, lr=lr),
    lambda params, lr=0.01: torch.optim.Adam(params, lr=lr),
]


class Special(nn.Parameter):
    """A parameter of a class of its own."""


def model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).double()


def loss_of(net, call=lambda net, x: net(x)):
    x = torch.linspace(-1, 1, 20, dtype=torch.float64).reshape(4, 5)
    return (call(net, x) - torch.sin(x[:, :3])).square().mean()


def train(net, optimizer, updates=5, after=lambda: None):
    for _ in range(updates):
        optimizer.zero_grad()
        loss_of(net).backward()
        optimizer.step()
        after()
    return [*net.parameters()]


def hooks(make):
    net = model()
    optimizer = make(net.parameters())

    def halve(optimizer, args, kwargs):
        for p in net.parameters():
            p.grad *= 0.5

    def shrink(optimizer, args, kwargs):
        with torch.no_grad():
            net[0].weight.mul_(0.9)

    optimizer.register_step_pre_hook(halve)
    optimizer.register_step_post_hook(shrink)
    return train(net, optimizer)


def step_as_soon_as_a_gradient_is_there(make):
    net = model()
    optimizers = {p: make([p]) for p in net.parameters()}

    def step(p):
        optimizers[p].step()
        optimizers[p].zero_grad()

    for p in net.parameters():
        p.register_post_accumulate_grad_hook(step)
    for _ in range(5):
        loss_of(net).backward()
    return [*net.parameters()]


def parametrized_weights(make):
    net = model()
    parametrizations.weight_norm(net[0])
    parametrizations.orthogonal(net[2])
    return train(net, make(net.parameters()))


def averages_of_torchs(make):
    net = model()
    optimizer = make(net.parameters())
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    schedule = SWALR(optimizer, swa_lr=0.05, anneal_epochs=3)
    train(net, optimizer, after=lambda: (average.update_parameters(net), schedule.step()))
    return [*average.module.parameters()]


def a_functional_call(make):
    net = model()
    own = {n: p.detach().clone().requires_grad_() for n, p in net.named_parameters()}
    optimizer = make([*own.items()])
    for _ in range(5):
        optimizer.zero_grad()
        loss_of(net, lambda net, x: torch.func.functional_call(net, own, (x,))).backward()
        optimizer.step()
    return [*own.values()]


def a_gradient_that_is_one_number_seen_often(make):
    net = model()
    optimizer = make(net.parameters())
    for _ in range(3):
        optimizer.zero_grad()
        sum(p.sum() for p in net.parameters()).backward()
        optimizer.step()
    return [*net.parameters()]


def thawed_later(make):
    net = model()
    net[0].requires_grad_(False)
    optimizer = make(net[2].parameters())
    train(net, optimizer)
    net[0].requires_grad_(True)
    optimizer.add_param_group(dict(params=net[0].parameters(), lr=0.001))
    return train(net, optimizer)


def two_optimizers(make):
    net = model()
    first, last = make(net[0].parameters()), make(net[2].parameters(), lr=0.1)
    for _ in range(5):
        net.zero_grad(set_to_none=False)
        loss_of(net).backward()
        first.step()
        last.step()
    return [*net.parameters()]


def new_data_and_an_empty_state(make):
    net = model()
    optimizer = make(net.parameters())
    train(net, optimizer)
    for p in net.parameters():
        p.data = 1.1 * p.data
    train(net, optimizer)
    optimizer.state.clear()
    return train(net, optimizer)


def a_checkpoint_by_names(make):
    net = model()
    optimizer = make(net.parameters())
    train(net, optimizer)
    other = copy.deepcopy(net)
    resumed = make(other.parameters(), lr=0.5)
    set_optimizer_state_dict(other, resumed, get_optimizer_state_dict(net, optimizer))
    return train(other, resumed)


def groups_changed_by_hand(make):
    net = model()
    optimizer = make([dict(params=net[0].parameters()), dict(params=net[2].parameters(), lr=0.1)])
    train(net, optimizer)
    last = optimizer.param_groups.pop()
    train(net, optimizer)
    optimizer.param_groups.append(dict(optimizer.param_groups[0], params=last["params"]))
    return train(net, optimizer)


def parameters_of_a_class_of_their_own(make):
    net = model()
    net[0].weight = Special(net[0].weight.detach().clone())
    return train(net, make(net.parameters()))


def split_among_machines(make):
    """With FSDP, a parameter is a DTensor, which holds this machine's part. Here there is one."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        net, mesh = model(), init_device_mesh("cpu", (1,))
        for part in (net[0], net[2], net):
            fully_shard(part, mesh=mesh)
        return [p.full_tensor() for p in train(net, make(net.parameters()))]
    finally:
        dist.destroy_process_group()


SCRIPTS = [
    hooks,
    step_as_soon_as_a_gradient_is_there,
    parametrized_weights,
    averages_of_torchs,
    a_functional_call,
    a_gradient_that_is_one_number_seen_often,
    thawed_later,
    two_optimizers,
    new_data_and_an_empty_state,
    a_checkpoint_by_names,
    groups_changed_by_hand,
    parameters_of_a_class_of_their_own,
    split_among_machines,
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_a_script_ends_as_with_torchs(script):
    before = [*model().parameters()]
    ours, theirs = (script(make) for make in MAKERS)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
    assert not all(torch.equal(a, b) for a, b in zip(ours, before, strict=False))


RESUMED = """
import sys, torch
from tests.test_at_work import MAKERS, model, train
net = model(seed=3)
optimizer = MAKERS[0](net.named_parameters(), lr=0.5)
kept = torch.load(sys.argv[1])
net.load_state_dict(kept["model"])
optimizer.load_state_dict(kept["optimizer"])
torch.save([p.detach() for p in train(net, optimizer)], sys.argv[1])
"""


def test_resumed_in_a_new_process(tmp_path):
    net, path = model(), tmp_path / "kept.pt"
    optimizer = MAKERS[0](net.named_parameters())
    train(net, optimizer)
    torch.save(dict(model=net.state_dict(), optimizer=optimizer.state_dict()), path)
    subprocess.run([sys.executable, "-c", RESUMED, path], check=True, cwd=ROOT)
    torch.testing.assert_close(torch.load(path), [p.detach() for p in train(net, optimizer)])
