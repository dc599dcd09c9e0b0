"""What `translate` writes is run in all three libraries, and follows the same path as our rules.

If Keras or Optax is missing (`run.py test` installs them), its tests are skipped,
and only torch's scripts are run.
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stepsize import optimizers, schedules
from stepsize.frameworks.conventions import DIGITS
from stepsize.frameworks.recipe import Recipe
from stepsize.frameworks.side_by_side import LIBRARIES, installed
from stepsize.frameworks.translate import translate

from .scripts import apart, ours, ours_apart, run

# NumPy's, about how Keras's progress bar turns torch's tensors into arrays.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROOT = Path(__file__).parents[1]
LATER = pytest.mark.elsewhere  # for these, JAX takes minutes to compile
TORCH_FIRST = ["torch", *(pytest.param(name, marks=LATER) for name in ("keras", "optax"))]

HYPER: dict[str, dict[str, Any]] = {
    "sgd": dict(lr=0.05),
    "momentum": dict(lr=0.01, momentum=0.9),
    "heavy_ball": dict(lr=0.01, momentum=0.9),
    "nesterov": dict(lr=0.01, momentum=0.9),
    "adagrad": dict(lr=0.3),
    "rmsprop": dict(lr=0.01),
    "centered_rmsprop": dict(lr=0.003, momentum=0.5),
    "adadelta": dict(lr=1.0),
    "adam": dict(lr=0.03),
    "amsgrad": dict(lr=0.03),
    "adamw": dict(lr=0.03, weight_decay=0.1),
    "nadam": dict(lr=0.03),
    "radam": dict(lr=0.03),
    "adamax": dict(lr=0.03),
    "lion": dict(lr=0.01, weight_decay=0.1),
    "ademamix": dict(lr=0.03, beta3=0.99, weight_decay=0.1),
    "prodigy": dict(lr=1.0),
    "adafactor_vector": dict(lr=0.03),
    "adafactor": dict(lr=0.03),
    "muon": dict(lr=0.02),
    "shampoo": dict(lr=0.1),
    "soap": dict(lr=0.03),
    "schedule_free_sgd": dict(lr=0.05),
    "schedule_free_adamw": dict(lr=0.03),
}
KIND = {**dict.fromkeys(("adafactor", "muon", "shampoo", "soap"), "matrix")}
KIND |= {"adafactor_vector": "vector"}

# Every schedule, with a warmup of 20 and without; some run up to their end and beyond it.
SHAPES: dict[str, list[dict[str, Any]]] = {
    "constant": [
        dict(),
        dict(factor=0.2, steps=40),
        dict(factor=0.0, steps=10),
        dict(factor=0.5),
    ],
    "linear": [
        dict(steps=60),
        dict(steps=90, start=0.5, end=0.1),
        dict(steps=50, start=0.0, end=1.0),
    ],
    "warmup": [dict(steps=30), dict(steps=30, start=0.1), dict(steps=1)],
    "step_decay": [dict(step_size=30), dict(step_size=7, gamma=0.8)],
    "multi_step": [dict(milestones=[60, 30]), dict(milestones=[25, 25, 50], gamma=0.5)],
    "exponential": [dict(gamma=0.97)],
    "polynomial": [dict(steps=60, power=2.0), dict(steps=120)],
    "inverse_sqrt": [dict(warmup=25)],
    "cosine": [dict(steps=60), dict(steps=150, floor=0.1), dict(steps=100, floor=0.2)],
    "warmup_stable_decay": [
        dict(steps=90, warmup=10, decay=30),
        dict(steps=70, warmup=0, decay=0, floor=0.5),
        dict(steps=90, warmup=10, decay=30, anneal="1-sqrt"),
        dict(steps=70, warmup=0, decay=40, floor=0.25, anneal="1-sqrt"),
    ],
    "cosine_restarts": [
        dict(steps=25),
        dict(steps=10, growth=2, floor=0.1),
        dict(steps=3, growth=2),
    ],
    "triangular": [dict(up=10), dict(up=7, down=20, floor=0.25)],
    "triangular2": [dict(up=10), dict(up=7, down=20, floor=0.25)],
    "exp_range": [dict(up=10, gamma=0.98), dict(up=7, down=20, gamma=0.9, floor=0.25)],
    "one_cycle": [
        dict(steps=100),
        dict(steps=120, pct_start=0.2, anneal="linear"),
        dict(steps=100, pct_start=0.25, phases=3, div_factor=10.0),
        dict(steps=60, pct_start=0.4),
        dict(steps=100, pct_start=0.01),
    ],
}


def need(library: str) -> None:
    if not installed(library):
        pytest.skip(f"{library} is not installed: it belongs to the extra `bench`")


def check(recipe: Recipe, library: str, digits: float, kind: str = "two") -> None:
    """The script's path equals ours, and isn't constant."""
    expected = ours(recipe, kind)
    assert abs(expected[-1] - expected[0]).max() > 0.01
    assert (
        apart(run(translate(recipe, library, log=False), library, kind), expected) < 10.0**-digits
    )


def test_keras_does_the_same_on_jax():
    """A process has one backend, so this takes a separate Python; it computes in float32."""
    need("keras")
    need("optax")  # which brings JAX
    env = dict(os.environ, KERAS_BACKEND="jax", PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    command = [sys.executable, "-W", "ignore", "-m", "tests.keras_on_jax"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-3000:]
    far = [float(line) for line in done.stdout.split()]
    assert len(far) == 5 and max(far) < 1e-4


def test_everything_is_tested():
    assert set(HYPER) == set(DIGITS) <= set(optimizers.__all__)
    assert set(SHAPES) == {*schedules.__all__} - {"sequence", "one_cycle_momentum"}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", HYPER)
def test_every_optimizer_agrees_at_a_constant_rate(name, library):
    recipe = Recipe(optimizer=name, hyper=HYPER[name], steps=300)
    digits = DIGITS[name][LIBRARIES.index(library)]
    if digits is None:
        with pytest.raises(ValueError, match="nearest"):
            translate(recipe, library)
        return
    need(library)
    check(recipe, library, digits, KIND.get(name, "two"))


@pytest.mark.parametrize("library", TORCH_FIRST)
@pytest.mark.parametrize("name", HYPER)
def test_every_optimizer_agrees_after_a_warmup_clipped(name, library):
    shape = dict(steps=280, floor=0.1)
    rate: dict[str, Any] = dict(warmup=20, schedule="cosine", shape=shape, clip_norm=1.0)
    recipe = Recipe(optimizer=name, hyper=HYPER[name], steps=300, **rate)
    digits = DIGITS[name][LIBRARIES.index(library)]
    if digits is None or name == "schedule_free_adamw":
        with pytest.raises(ValueError, match="nearest"):
            translate(recipe, library)
        return
    need(library)
    check(recipe, library, min(digits, 6 if library != "torch" else 13), KIND.get(name, "two"))


WARMED = [  # Keras compiles nothing, and JAX everything, so most of Optax's are for elsewhere
    pytest.param(library, warmup, marks=pytest.mark.elsewhere)
    if library != "torch" and warmup != 20
    else (library, warmup)
    for library in LIBRARIES
    for warmup in (0, 1, 20)
]


@pytest.mark.parametrize(("library", "warmup"), WARMED)
@pytest.mark.parametrize(
    ("name", "shape"), [(name, shape) for name, shapes in SHAPES.items() for shape in shapes]
)
def test_every_schedule_agrees(name, shape, library, warmup):
    need(library)
    rate: dict[str, Any] = dict(warmup=warmup, schedule=name, shape=shape)
    recipe = Recipe(optimizer="momentum", hyper=dict(lr=0.01), steps=100, **rate)
    check(recipe, library, 12 if library == "torch" else 6)


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", dict(lr=0.05, weight_decay=0.1)),
    ("momentum", dict(lr=0.01, weight_decay=0.1)),
    ("heavy_ball", dict(lr=0.01, weight_decay=0.1)),
    ("nesterov", dict(lr=0.01, weight_decay=0.1)),
    ("adagrad", dict(lr=0.3, total=0.5, weight_decay=0.1)),
    ("adagrad", dict(lr=0.3, lr_decay=0.05)),
    ("rmsprop", dict(lr=0.01, alpha=0.9, momentum=0.9, weight_decay=0.1)),
    ("rmsprop", dict(lr=0.01, eps=0.01)),
    ("rmsprop", dict(lr=0.01, eps=0.01, momentum=0.5)),
    ("centered_rmsprop", dict(lr=0.003, weight_decay=0.1)),
    ("adadelta", dict(lr=0.5, rho=0.95, eps=1e-4, weight_decay=0.1)),
    ("adam", dict(lr=0.03, beta1=0.8, beta2=0.99, weight_decay=0.1)),
    ("amsgrad", dict(lr=0.03, weight_decay=0.1)),
    ("adamw", dict(lr=0.03, weight_decay=0.0)),
    ("lion", dict(lr=0.01, beta1=0.95, beta2=0.98)),
    ("adamax", dict(lr=0.03, weight_decay=0.1)),
    ("radam", dict(lr=0.03, weight_decay=0.1)),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("name", "hyper"), OPTIONS)
def test_every_option_agrees(name, hyper, library):
    need(library)
    changing: dict[str, Any] = dict(schedule="step_decay", shape=dict(step_size=30, gamma=0.5))
    recipe = Recipe(optimizer=name, hyper=hyper, steps=100, clip_norm=5.0, **changing)
    check(recipe, library, 12 if library == "torch" else 6)


ONLY: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [  # the other libraries refuse
    ("momentum", dict(lr=0.01, dampening=0.5), ("torch", "keras")),
    ("momentum", dict(lr=0.01, momentum=0.0, dampening=0.5), ("keras",)),
    ("adagrad", dict(lr=0.3, eps=0.1), ("torch", "keras")),
    ("adagrad", dict(lr=0.3, eps=0.1, total=0.5, weight_decay=0.1), ("torch", "keras")),
    ("adam", dict(lr=0.03, eps=0.1), LIBRARIES),
    ("adamw", dict(lr=0.03, eps=0.1), LIBRARIES),
    ("amsgrad", dict(lr=0.03, eps=0.1), ("torch", "keras")),
    ("adamax", dict(lr=0.03, eps=0.1), LIBRARIES),
    ("radam", dict(lr=0.3, eps=0.1), ("torch", "keras")),
    ("radam", dict(lr=0.03, tractable=4.5), ("keras", "optax")),
    ("nadam", dict(lr=0.03, weight_decay=0.1), ("torch", "keras")),
    ("nadam", dict(lr=0.03, momentum_decay=1.0), ("torch", "keras")),
    ("centered_rmsprop", dict(lr=0.003, eps=0.1), LIBRARIES),
    ("adafactor_vector", dict(lr=0.03, weight_decay=0.1), ("torch", "optax")),
    ("adafactor", dict(lr=0.03, weight_decay=0.1, eps2=0.5), ("torch", "optax")),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("name", "hyper", "can"), ONLY)
def test_what_one_can_and_another_refuses(name, hyper, can, library):
    recipe = Recipe(optimizer=name, hyper=hyper, steps=100)
    if library not in can:
        with pytest.raises(ValueError, match="nearest"):
            translate(recipe, library)
        return
    need(library)
    check(recipe, library, 12 if library == "torch" else 6, KIND.get(name, "two"))


FALLING: dict[str, Any] = dict(schedule="cosine", shape=dict(steps=60, floor=0.1))
CONSTANT = pytest.param({}, id="constant")
WARM_AND_FALLING = pytest.param(FALLING | dict(warmup=5), id="cosine", marks=LATER)
ON_MATRICES: list[tuple[str, dict[str, Any]]] = [  # every way in which decay is written
    ("sgd", dict(lr=0.05, weight_decay=0.3)),
    ("heavy_ball", dict(lr=0.01, weight_decay=0.3)),
    ("momentum", dict(lr=0.01, weight_decay=0.3)),
    ("adam", dict(lr=0.03, weight_decay=0.3)),
    ("radam", dict(lr=0.03, weight_decay=0.3)),
    ("adamw", dict(lr=0.03, weight_decay=0.3)),
    ("adamw", dict(lr=0.03, weight_decay=0.3, eps=0.1)),
    ("lion", dict(lr=0.01, weight_decay=0.3)),
    ("ademamix", dict(lr=0.03, beta3=0.99, weight_decay=0.3)),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("rate", [CONSTANT, pytest.param(FALLING, id="cosine", marks=LATER)])
@pytest.mark.parametrize(("name", "hyper"), ON_MATRICES)
def test_a_decay_of_matrices_leaves_biases_alone(name, hyper, rate, library):
    if DIGITS[name][LIBRARIES.index(library)] is None:
        return
    need(library)
    recipe = Recipe(optimizer=name, hyper=hyper, steps=60, decays="matrices", clip_norm=5, **rate)
    path = run(translate(recipe, library, log=False), library, "layer")
    assert apart(path, ours_apart(recipe)) < 10.0 ** -(12 if library == "torch" else 6)
    everything = ours_apart(replace(recipe, decays="all"))
    assert apart(ours_apart(recipe), everything) > 1e-3


RATES: list[tuple[str, dict[str, Any]]] = [  # every way in which a script assigns rates
    *ON_MATRICES,
    ("nesterov", dict(lr=0.01)),
    ("adagrad", dict(lr=0.3, lr_decay=0.05)),
    ("rmsprop", dict(lr=0.01, momentum=0.9)),
    ("adadelta", dict(lr=1.0)),
    ("amsgrad", dict(lr=0.03)),
    ("nadam", dict(lr=0.03)),
    ("adamax", dict(lr=0.03)),
    ("adafactor", dict(lr=0.03)),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("rate", [CONSTANT, WARM_AND_FALLING])
@pytest.mark.parametrize(("name", "hyper"), RATES)
def test_rates_by_name_are_those_of_the_tensors(name, hyper, rate, library):
    """ "*0" is the matrix in every library; the second pattern comes too late for it."""
    if DIGITS[name][LIBRARIES.index(library)] is None:
        return
    by_name = {"*0": 0.25, "*": 3.0}
    recipe = Recipe(optimizer=name, hyper=hyper, steps=60, rates=by_name, clip_norm=5, **rate)
    if (name, library) == ("adafactor", "optax"):
        with pytest.raises(ValueError, match="one rate for all"):
            translate(recipe, library)
        return
    need(library)
    for decays in ("all", "matrices"):
        alike = replace(recipe, decays=decays)
        path = run(translate(alike, library, log=False), library, "layer")
        assert apart(path, ours_apart(alike)) < 10.0 ** -(12 if library == "torch" else 5)
    assert apart(ours_apart(recipe), ours_apart(replace(recipe, rates={}))) > 1e-3


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_pattern_that_fits_no_name_is_named(library):
    """In Keras, "head*" fits no path in a Sequential, which begins with the model's name."""
    need(library)
    rates = {"*0": 0.25, "head*": 0.5}
    recipe = Recipe(optimizer="adamw", hyper={"lr": 0.01}, steps=2, rates=rates)
    with pytest.raises(ValueError, match=r"^'head\*' fits none of the names: .*0, .*1"):
        run(translate(recipe, library, log=False), library, "layer")


@pytest.mark.parametrize("rates", [{}, {"*0": 0.5}])
def test_a_pattern_of_what_adamw_takes_that_fits_no_name_is_named(rates):
    recipe = Recipe(
        optimizer="muon", hyper={"lr": 0.02}, steps=2, others_take=["embed*"], rates=rates
    )
    with pytest.raises(ValueError, match=r"^'embed\*' fits none of the names: .*0, .*1"):
        run(translate(recipe, "torch", log=False), "torch", "layer")


@pytest.mark.usefixtures("newton_schulz_in_full_precision")
@pytest.mark.parametrize("rates", [{}, {"*0": 0.5}, {"*1": 0.5, "*": 2.0}])
@pytest.mark.parametrize("others_take", [[], ["*0"]])
@pytest.mark.parametrize("decays", ["all", "matrices"])
def test_muon_and_adamw_share_a_model_by_name(decays, others_take, rates):
    recipe = Recipe(
        optimizer="muon",
        hyper=dict(lr=0.02),
        steps=60,
        others=dict(lr=0.03, weight_decay=0.2),
        others_take=others_take,
        decays=decays,
        rates=rates,
        **FALLING,
    )
    path = run(translate(recipe, "torch", log=False), "torch", "layer")
    assert apart(path, ours_apart(recipe)) < 1e-12


@pytest.mark.usefixtures("newton_schulz_in_full_precision")
@pytest.mark.parametrize("rate", [dict(), FALLING | dict(warmup=5)], ids=["constant", "cosine"])
@pytest.mark.parametrize("others", [dict(), dict(lr=0.03, beta1=0.8, weight_decay=0.2)])
@pytest.mark.parametrize("more", [dict(), dict(rms=0.2, ns_steps=3, ns_a=3.0)])
def test_matrices_by_muon_and_the_rest_by_adamw(more, others, rate):
    for decays in ("all", "matrices"):
        hyper = dict(lr=0.02, **more)
        recipe = Recipe(
            optimizer="muon", hyper=hyper, steps=60, others=others, decays=decays, **rate
        )
        path = run(translate(recipe, "torch", log=False), "torch", "layer")
        written = replace(recipe, others={"lr": 1e-3, **others})
        assert apart(path, ours_apart(written)) < 1e-12


@pytest.fixture
def newton_schulz_in_full_precision(monkeypatch):
    """torch's Muon rounds to bfloat16."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.clone())


@pytest.mark.parametrize(
    ("hyper", "words"),
    [(dict(maximize=True), "always minimizes"), (dict(rms=0.3), "rms = 0.2 or without")],
)
def test_what_torchs_muon_cannot(hyper, words):
    recipe = Recipe(optimizer="muon", hyper=dict(lr=0.02, **hyper), steps=5)
    with pytest.raises(ValueError, match=words):
        translate(recipe, "torch")


@pytest.mark.parametrize("library", ["keras", "optax"])
def test_who_only_minimizes_says_so(library):
    with pytest.raises(ValueError, match="minus sign"):
        translate(Recipe(optimizer="sgd", hyper=dict(lr=0.1, maximize=True), steps=10), library)


@pytest.mark.parametrize("name", ["sgd", "adam", "heavy_ball", "lion"])
def test_torch_maximizes(name):
    falling: dict[str, Any] = dict(schedule="linear", shape=dict(steps=20))
    recipe = Recipe(optimizer=name, hyper=dict(lr=0.003, maximize=True), steps=20, **falling)
    check(recipe, "torch", 12)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (dict(lr=0.1, beta1=0.9), "'beta1'"),
        (dict(lr=np.array([0.1, 0.2])), "one number"),
        (dict(lr=0.1, momentum=-1.0), "momentum"),
    ],
)
def test_numbers_that_no_rule_takes_are_named(wrong, word):
    with pytest.raises(ValueError, match=word):
        translate(Recipe(optimizer="momentum", hyper=wrong, steps=10), "torch")


def test_a_library_that_nobody_knows_is_named():
    with pytest.raises(ValueError, match="'torch' or 'keras' or 'optax'"):
        translate(Recipe(optimizer="sgd", hyper=dict(lr=0.1), steps=10), "caffe")


def scripts() -> list[str]:
    """One of each: all optimizers, and all schedules with and without warmup."""
    changing: dict[str, Any] = dict(schedule="inverse_sqrt", shape=dict(warmup=5))
    recipes = [Recipe(optimizer=n, hyper=h, steps=9, **changing) for n, h in HYPER.items()]
    recipes += [
        Recipe(optimizer=n, hyper=h, steps=9, decays="matrices", **more)
        for n, h in [*ON_MATRICES, ("muon", dict(lr=0.1, rms=0.2))]
        for more in (dict(), changing)
    ]
    stopped = dict(steps=10**6, batch_size=10**4, patience=10**3)
    recipes += [Recipe(optimizer=n, hyper=h, **stopped) for n, h in HYPER.items()]
    recipes += [
        Recipe(optimizer="adamw", hyper=dict(lr=0.1), steps=99, warmup=w, schedule=n, shape=shape)
        for n, shapes in SHAPES.items()
        for shape in shapes
        for w in (0, 20)
    ]
    written = []
    for recipe in recipes:
        for library in LIBRARIES:
            refused = DIGITS[recipe.optimizer][LIBRARIES.index(library)] is None
            if not refused and recipe.optimizer != "schedule_free_adamw":
                written += [translate(recipe, library, log=log) for log in (False, True)]
    return written


def test_a_script_looks_as_ruff_would_have_it(tmp_path):
    """And it uses no undefined name, except those that its first line asks for."""
    for i, text in enumerate(scripts()):
        (tmp_path / f"script_{i}.py").write_text(text + "\n" * (text[-1] != "\n"), encoding="utf-8")
    builtins = ["model", "loss_fn", "batches", "params", "train", "held_out"]
    builtins += ["inputs", "targets", "held_inputs", "held_targets"]
    (tmp_path / "ruff.toml").write_text(
        f"line-length = 100\nbuiltins = {builtins}\n", encoding="utf-8"
    )
    for command in (["check", "--select=E,F,W,I,B"], ["format", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            env=dict(os.environ, NO_COLOR="1"),
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.parametrize("to", ["torch", "keras", "optax"])
def test_a_loop_that_does_not_stop_early_says_so(to):
    recipe = Recipe(optimizer="adam", hyper={"lr": 0.1}, steps=10, patience=3)
    said = "# The recipe stops early (patience 3)."
    assert said in translate(recipe, to=to, log=False).splitlines()[-1]
    assert said not in translate(recipe, to=to)
    with pytest.raises(ValueError, match="log must be True or False, not 'no'"):
        translate(recipe, to=to, log="no")
    with pytest.raises(TypeError, match=r"recipe must be a Recipe, not 'adam' \(str\)"):
        translate("adam", to=to)
