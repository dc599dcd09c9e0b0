"""From advice to diagnosis: what `translate` writes runs as it is, and `diagnose` reads its log."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stepsize.clinic import advise, diagnose
from stepsize.frameworks.recipe import Recipe
from stepsize.frameworks.side_by_side import LIBRARIES, installed
from stepsize.frameworks.translate import translate

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

N, D, HELD = 120, 6, 40


def table(wrong=False):
    """Inputs and targets, to train on and held out: a curve with noise, or nothing but noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N + HELD, D)).astype(np.float32)
    y = np.sin(2 * X[:, :1]) + X[:, 1:2] + 0.1 * rng.normal(size=(N + HELD, 1))
    y = rng.normal(size=y.shape) if wrong else y
    y = y.astype(np.float32)
    return X[:N], y[:N], X[N:], y[N:]


def in_torch(script, arrays):
    import torch

    torch.manual_seed(0)
    X, y, held_X, held_y = map(torch.tensor, arrays)
    given = dict(
        model=torch.nn.Sequential(torch.nn.Linear(D, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)),
        loss_fn=torch.nn.functional.mse_loss,
        train=torch.utils.data.TensorDataset(X, y),
        held_out=torch.utils.data.TensorDataset(held_X, held_y),
    )
    exec(script, given)
    weights = [p.detach().numpy() for p in given["model"].parameters()]
    return given["model"](held_X).detach().numpy(), weights


def in_keras(script, arrays):
    from .scripts import keras_on_torch

    keras = keras_on_torch()
    keras.utils.set_random_seed(0)
    layers = [keras.Input((D,)), keras.layers.Dense(32, "tanh"), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    names = ("inputs", "targets", "held_inputs", "held_targets")
    exec(script, dict(zip(names, arrays, strict=True), model=model, loss_fn="mse"))
    return keras.ops.convert_to_numpy(model(arrays[2])), model.get_weights()


def in_optax(script, arrays):
    import jax
    import jax.numpy as jnp

    def model(params, x):
        first, bias, last = params
        return jnp.tanh(x @ first + bias) @ last

    a, b = jax.random.split(jax.random.key(0))
    params = (
        jax.random.normal(a, (D, 32)) / D**0.5,
        jnp.zeros(32),
        jax.random.normal(b, (32, 1)) / 32**0.5,
    )
    names = ("inputs", "targets", "held_inputs", "held_targets")
    given = dict(zip(names, arrays, strict=True), model=model, params=params)
    given["loss_fn"] = lambda z, y: jnp.mean((z - y) ** 2)
    exec(script, given)
    return np.array(model(given["params"], arrays[2])), given["params"]


RUNNERS = {"torch": in_torch, "keras": in_keras, "optax": in_optax}


def ran(recipe, library, arrays):
    """What the model predicts for the held-out inputs after the script has run, and its weights."""
    if not installed(library):
        pytest.skip(f"{library} is not installed: it belongs to the extra `bench`")
    return RUNNERS[library](translate(recipe, to=library), arrays)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_runners_are_all():
    assert set(RUNNERS) == set(LIBRARIES)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("times", "ills"), [(1, ["healthy"]), (3000, ["divergence", "rate too high", "NaN"])]
)
def test_from_advice_to_diagnosis(library, times, ills):
    advice = advise(model="mlp", parameters=32 * (D + 2), examples=N, batch_size=20, epochs=30)
    recipe = advice.recipe
    if times > 1:
        hyper = {"lr": times * recipe.hyper["lr"]}
        recipe = Recipe(optimizer="adam", hyper=hyper, steps=recipe.steps, batch_size=20)
    arrays = table()
    says, _ = ran(recipe, library, arrays)
    found = diagnose("log.csv")
    assert found.verdict in ills
    losses = len(Path("log.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert found.read.startswith(f"{losses} losses, by update")
    for kept in ("held-out losses", "the rate", "the gradient", "the weights' norm"):
        assert kept in found.read
    if times == 1:
        assert np.mean((says - arrays[3]) ** 2) < 0.5 * np.var(arrays[3])


@pytest.mark.parametrize("wrong", [False, True])
def test_over_a_long_run_the_advised_decay_is_not_called_too_strong(wrong):
    """But ten times as much is."""
    asked = dict(model="mlp", parameters=32 * (D + 2), examples=N, batch_size=20, epochs=100)
    recipe, arrays = advise(**asked).recipe, table(wrong)
    ran(recipe, "torch", arrays)
    found = diagnose("log.csv").verdict
    assert found in (("plateau", "overfitting", "healthy") if wrong else ("healthy",))
    if not wrong:
        strong = {"weight_decay": 10 * recipe.hyper["weight_decay"]}
        ran(replace(recipe, hyper=recipe.hyper | strong), "torch", arrays)
        assert diagnose("log.csv").verdict == "weight decay too strong"


@pytest.mark.parametrize("library", LIBRARIES)
def test_early_stopping_goes_back_to_the_best(library):
    """If there is only noise to learn, the held-out loss soon rises."""
    numbers = dict(hyper={"lr": 0.01}, steps=5000, batch_size=N, patience=30)
    arrays = table(wrong=True)
    says, _ = ran(Recipe(optimizer="adam", **numbers), library, arrays)
    columns = np.genfromtxt("log.csv", delimiter=",", names=True)
    held = columns["val_loss"]
    assert len(held) < 1000 and len(held) - np.nanargmin(held) - 1 == 30
    assert np.mean((says - arrays[3]) ** 2) == pytest.approx(np.nanmin(held), rel=1e-5)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_numbers_that_are_logged_are_the_recipe_s_and_the_model_s(library):
    shape = dict(steps=30, floor=0.1)
    rate = dict(warmup=10, schedule="cosine", shape=shape, clip_norm=0.5)
    recipe = Recipe(optimizer="momentum", hyper={"lr": 0.01}, steps=40, **rate)
    _, weights = ran(recipe, library, table())
    columns = np.genfromtxt("log.csv", delimiter=",", names=True)
    assert columns["lr"] == pytest.approx(recipe.lr(np.arange(40)), rel=1e-5)
    assert np.nanmax(columns["grad_norm"]) > 0.5, "the norm is that before clipping"
    size = sum(np.sum(np.square(weight)) for weight in weights) ** 0.5
    assert columns["weight_norm"][-1] == pytest.approx(size, rel=1e-5)


def test_what_is_logged_changes_nothing():
    """Each batch has all examples, so only their order can differ."""
    recipe = Recipe(optimizer="adam", hyper={"lr": 0.01}, steps=60, clip_norm=1.0, batch_size=N)
    arrays = table()
    logged, _ = in_torch(translate(recipe, to="torch"), arrays)
    whole = "import itertools\nbatches = itertools.repeat(train.tensors)\n"
    plain, _ = in_torch(whole + translate(recipe, to="torch", log=False), arrays)
    assert logged == pytest.approx(plain, abs=1e-4)
