"""Every cell of the table of conventions is measured: by running a library, or from a signature."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stepsize.frameworks import side_by_side as libraries
from stepsize.frameworks.conventions import (
    AFTER,
    BEFORE,
    DECOUPLED,
    IN,
    INSIDE,
    L2,
    OUT,
    OUTSIDE,
    TABLE,
)
from stepsize.frameworks.side_by_side import (
    EXPERIMENTS,
    LIBRARIES,
    installed,
    recorded,
    side_by_side,
    walk,
)
from tools.conventions import page

from .scripts import keras_on_torch

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's, about NumPy

NAMES = {  # torch's names -> what Optax and Keras call them
    "eps": {"keras": "epsilon"},
    "alpha": {"keras": "rho", "optax": "decay"},
    "lr": {"keras": "learning_rate", "optax": "learning_rate"},
}


def run(library: str, optimizer: str, grads: list[float], lr: Any, **arguments: Any) -> np.ndarray:
    """A walk, given torch's names for the optimizer and its arguments."""
    name = optimizer.lower() if library == "optax" else optimizer
    theirs = {NAMES.get(n, {}).get(library, n): value for n, value in arguments.items()}
    return walk(library, name, grads, lr, **theirs)


def need(library: str) -> None:
    if not installed(library):
        pytest.skip(f"{library} is not installed: it belongs to the extra `bench`")


def rate(library: str, optimizer: str, **arguments: Any) -> str:
    """One push at some rate, then none at a rate of 0: does it roll on?"""
    path = run(library, optimizer, [1.0, 0.0], [0.1, 0.0], momentum=0.9, **arguments)
    return OUTSIDE if path[2] == path[1] else INSIDE


def clipping_divides(library: str) -> str:
    """A gradient of 2e-6, clipped to a norm of 1e-6: is half of it left, or a third?"""
    if library == "torch":
        import torch

        p = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
        p.grad = torch.full_like(p, 2e-6)
        torch.nn.utils.clip_grad_norm_([p], 1e-6)
        clipped = p.grad.item()
    elif library == "keras":
        optimizer = keras_on_torch().optimizers.SGD(global_clipnorm=1e-6)
        clipped = float(optimizer._clip_gradients([keras_on_torch().ops.array([2e-6])])[0][0])
    else:
        import optax

        clipped = float(
            optax.clip_by_global_norm(1e-6).update(np.array([2e-6], np.float32), None)[0][0]
        )
    return _nearest(clipped * 1e6, {"the norm": 1.0, "the norm + 1e-6": 2 / 3}, within=1e-3)


def eps_in_adam(library: str, optimizer: str = "Adam") -> str:
    """A constant gradient as large as eps; the second step, in units of the rate."""
    betas = dict(torch=dict(betas=(0.5, 0.75)), keras=dict(beta_1=0.5, beta_2=0.75))
    betas |= dict(optax=dict(b1=0.5, b2=0.75))
    path = run(library, optimizer, [1.0] * 2, 0.1, eps=1.0, **betas[library])
    root = (1 - 0.75**2) ** 0.5
    return _nearest((path[1] - path[2]) / 0.1, {AFTER: 1 / 2, BEFORE: root / (root + 1)})


def eps_in_radam(library: str) -> str:
    """Like Adam's, once RAdam is adaptive: its sixth step, compared with ours for both places."""
    from stepsize.optimizers import radam

    path = run(library, "RAdam", [1.0] * 8, 0.1, eps=1.0)
    r, root = radam(0.0, 1.0, 8, m=1.0, v=0.0).shown["r"], (1 - 0.999**8) ** 0.5
    places = {AFTER: r / 2, BEFORE: r * root / (root + 1)}
    return _nearest((path[7] - path[8]) / 0.1, places, within=0.02)  # Optax's r is in float32


def eps_in_rmsprop(library: str) -> str:
    step = 1 - run(library, "RMSprop", [1.0], 1.0, eps=1.0, alpha=0.75)[1]
    return _nearest(step, {OUT: 1 / (0.5 + 1), IN: 1 / 1.25**0.5})


def eps_in_adagrad(library: str) -> str:
    """After a large gradient, the start of the sum no longer matters."""
    path = run(library, "Adagrad", [100.0, 1.0], 1.0, eps=100.0)
    step = path[1] - path[2]
    return _nearest(step, {OUT: 1 / (10001**0.5 + 100), IN: 1 / (10001 + 100) ** 0.5}, 1e-4)


def eps_in_adadelta(library: str) -> str:
    """Its first step is sqrt(eps) / (the denominator) long."""
    step = 1 - run(library, "Adadelta", [1.0], 1.0, eps=1.0, rho=0.75)[1]
    return _nearest(step, {IN: 1 / (0.25 + 1) ** 0.5, OUT: 1 / (0.25**0.5 + 1)})


def start_of_adagrad(library: str) -> str:
    step = 1 - run(library, "Adagrad", [1.0], 1.0, eps=1e-9)[1]
    return f"{round(1 / step**2 - 1, 4):g}"


def amsgrad(library: str) -> str:
    """beta2 = 1/2, and gradients of 2 and 1: corrected, v falls from 4 to 2; as it is, to 1.5."""
    arguments: dict[str, Any] = {
        "torch": dict(amsgrad=True, betas=(0.0, 0.5)),
        "keras": dict(amsgrad=True, beta_1=0.0, beta_2=0.5),
        "optax": dict(b1=0.0, b2=0.5),
    }[library]
    name = "amsgrad" if library == "optax" else "Adam"
    path = run(library, name, [2.0, 1.0], 0.1, eps=1e-12, **arguments)
    places = {"corrected": 1 / 2, "as it is": (0.75 / 2) ** 0.5}
    return _nearest((path[1] - path[2]) / 0.1, places)


def momentum_decay(library: str) -> str:
    """Each candidate's own path, by our rule, against the library's."""
    from stepsize.optimizers import nadam

    candidates = {"0.004": 0.004, "1": 1.0, "none: beta1 is constant": 1e6}
    grads = [1.0, -2.0, 0.5, 1.5]
    path = run(library, "NAdam" if library == "torch" else "Nadam", grads, 0.1, eps=1e-12)
    for text, decay in candidates.items():
        theta, memory = 1.0, {}
        for t, grad in enumerate(grads, start=1):
            hyper = dict(lr=0.1, eps=1e-12, momentum_decay=decay)
            theta, memory, _ = nadam(theta, grad, t, **memory, **hyper)
        if abs(theta - path[-1]) < 1e-5:
            return text
    raise AssertionError(path)


def weight_decay(library: str, optimizer: str) -> str:
    """No gradient but the decay's: L2 goes through the optimizer; decoupled, it is lr * decay."""
    if "weight_decay" not in _parameters(library, optimizer):
        return "—"
    momentum = dict(momentum=0.9) if optimizer == "SGD" else {}
    path = run(library, optimizer, [0.0, 0.0], 0.1, weight_decay=0.5, **momentum)
    if abs(path[2] - 0.95**2) < 1e-6:
        return DECOUPLED
    through = {"SGD": 1 - 0.05 - 0.1 * (0.9 * 0.5 + 0.5 * 0.95), "Adam": 0.8}[optimizer]
    assert abs(path[2] - through) < 1e-2
    return L2


def moves(library: str) -> str:
    """Two updates under a schedule that halves the rate; in torch, it isn't called."""
    rates = {"torch": _torch_rates, "keras": _keras_rates, "optax": _optax_rates}[library]()
    return "at each update" if rates[1] == 0.5 * rates[0] else "when you call it"


def first_of_warmup(library: str) -> str:
    """The first rate over the peak, for a library's own warmup with its defaults."""
    if library == "torch":
        import torch

        p = torch.nn.Parameter(torch.ones(1))
        optimizer = torch.optim.SGD([p], lr=1.0)
        torch.optim.lr_scheduler.LinearLR(optimizer)
        part = optimizer.param_groups[0]["lr"]
        return "1/3 of the peak" if abs(part - 1 / 3) < 1e-9 else str(part)
    told = abs(_cosine(library, begin=0.125)(0) - 0.125) < 1e-6
    name = {"keras": "initial_learning_rate", "optax": "init_value"}[library]
    must = (
        inspect.signature(_warmup_cosine(library)).parameters[name].default
        is inspect.Parameter.empty
    )
    return "what you say" if told and must else "?"


def after_the_end(library: str) -> str:
    if library == "torch":
        import torch

        p = torch.nn.Parameter(torch.ones(1))
        optimizer = torch.optim.SGD([p], lr=1.0)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)
        for _ in range(10):
            optimizer.step()
            scheduler.step()
        return "rises again" if optimizer.param_groups[0]["lr"] > 0.9 else "stays"
    return "stays" if _cosine(library)(100) < 1e-6 else "rises again"


def length_counts_the_warmup(library: str) -> str:
    """Twenty updates of decay after ten of warmup: is it over at 20, or at 30?"""
    if library == "torch":
        return "—"  # it has no schedule that does both
    cosine = _cosine(library)
    return "yes" if cosine(20) < 1e-6 else "no" if cosine(29) > 1e-6 > cosine(30) else "?"


def milestone(library: str) -> str:
    """How many updates have the old rate, with a milestone at 3?"""
    if library == "torch":
        import torch

        p = torch.nn.Parameter(torch.ones(1))
        optimizer = torch.optim.SGD([p], lr=1.0)
        scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3])
        rates = []
        for _ in range(6):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    elif library == "keras":
        schedules = keras_on_torch().optimizers.schedules
        piecewise = schedules.PiecewiseConstantDecay([3], [1.0, 0.1])
        rates = [float(piecewise(t)) for t in range(6)]
    else:
        import optax

        piecewise = optax.piecewise_constant_schedule(1.0, {3: 0.1})
        rates = [float(piecewise(t)) for t in range(6)]
    return {3: "yes", 4: "and one more"}[sum(r > 0.5 for r in rates)]


def update_is(library: str) -> str:
    """torch and Keras change the parameter themselves; Optax returns what to add."""
    if library != "optax":
        path = run(library, "SGD", [1.0], 0.1)
        return "applied" if abs(path[1] - 0.9) < 1e-6 else "?"
    import jax.numpy as jnp
    import optax

    p = jnp.ones(())
    update, _ = optax.sgd(0.1).update(jnp.ones(()), optax.sgd(0.1).init(p), p)
    return "returned, to be added" if p == 1 and abs(update + 0.1) < 1e-6 else "?"


def default(library: str, optimizer: str, name: str) -> str:
    """The default in the signature. In Optax, a rate of None is 1: nothing is multiplied."""
    parameters = _parameters(library, optimizer)
    if not parameters:
        return "—"
    value = parameters[NAMES.get(name, {}).get(library, name)].default
    if library == "optax" and name == "lr" and value is None:
        return "1" if abs(_step_without_rate() - 0.001) < 1e-3 else "?"
    return "none" if value in (None, inspect.Parameter.empty) else f"{value:g}".replace("e-0", "e-")


def _step_without_rate() -> float:
    """How far optax.adadelta() goes at its first step, which is sqrt(eps / (1 - rho)) at rate 1."""
    import jax.numpy as jnp
    import optax

    made = optax.adadelta()
    update, _ = made.update(jnp.ones(()), made.init(jnp.ones(())), jnp.ones(()))
    return abs(abs(float(update)) - (1e-6 / 0.1) ** 0.5)


def _parameters(library: str, optimizer: str) -> dict[str, inspect.Parameter]:
    if library == "torch":
        import torch

        made = getattr(torch.optim, optimizer, None)
    elif library == "keras":
        made = getattr(keras_on_torch().optimizers, optimizer, None)
        made = made and made.__init__
    else:
        import optax

        made = getattr(optax, optimizer.lower(), None)
    return dict(inspect.signature(made).parameters) if made else {}


def _warmup_cosine(library: str) -> Callable[..., Callable[[int], Any]]:
    if library == "keras":
        return keras_on_torch().optimizers.schedules.CosineDecay
    import optax

    return optax.warmup_cosine_decay_schedule


def _cosine(library: str, begin: float = 0.0) -> Callable[[int], float]:
    """Up to 1 in ten updates, then down; the decay is given 20 steps."""
    peak = dict(keras=dict(warmup_target=1.0), optax=dict(peak_value=1.0))[library]
    made = _warmup_cosine(library)(begin, decay_steps=20, warmup_steps=10, **peak)
    return lambda t: float(made(t))


def _torch_rates() -> list[float]:
    import torch

    p = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([p], lr=1.0)
    torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    rates = []
    for _ in range(2):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
    return rates


def _keras_rates() -> list[float]:
    keras = keras_on_torch()
    halving = keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
    optimizer, p = keras.optimizers.SGD(halving), keras.Variable(1.0)
    path = [1.0]
    for _ in range(2):
        optimizer.apply([keras.ops.convert_to_tensor(1.0)], [p])
        path.append(float(keras.ops.convert_to_numpy(p)))
    return [path[0] - path[1], path[1] - path[2]]


def _optax_rates() -> list[float]:
    import jax.numpy as jnp
    import optax

    made = optax.sgd(optax.exponential_decay(1.0, 1, 0.5))
    state, rates = made.init(jnp.ones(())), []
    for _ in range(2):
        update, state = made.update(jnp.ones(()), state, jnp.ones(()))
        rates.append(-float(update))
    return rates


def _nearest(value: float, places: dict[str, float], within: float = 1e-5) -> str:
    """Which place explains this step; the others must be far off."""
    fits = [place for place, step in places.items() if abs(value - step) < within * abs(step)]
    assert len(fits) == 1, (value, places)
    return fits[0]


MEASURE: dict[str, Callable[[str], str]] = {
    "momentum: the rate is": lambda lib: rate(lib, "SGD"),
    "Nesterov: the rate is": lambda lib: rate(lib, "SGD", nesterov=True),
    "RMSprop's momentum: the rate is": lambda lib: rate(lib, "RMSprop"),
    "Adam: eps is": eps_in_adam,
    "RAdam: eps is": lambda lib: eps_in_radam(lib) if _parameters(lib, "RAdam") else "—",
    "RMSprop: eps is": eps_in_rmsprop,
    "Adagrad: eps is": eps_in_adagrad,
    "Adadelta: eps is": eps_in_adadelta,
    "Adagrad: the sum of squares starts at": start_of_adagrad,
    "AMSGrad: the maximum is of v": amsgrad,
    "NAdam: momentum_decay is": momentum_decay,
    "Adam: weight_decay is": lambda lib: weight_decay(lib, "Adam"),
    "SGD: weight_decay is": lambda lib: weight_decay(lib, "SGD"),
    "AdamW: weight_decay is": lambda lib: weight_decay(lib, "AdamW"),
    "Lion: weight_decay is": lambda lib: weight_decay(lib, "Lion"),
    "clipping divides by": clipping_divides,
    "a schedule moves": moves,
    "a linear warmup begins at": first_of_warmup,
    "a cosine, after its end": after_the_end,
    "a cosine's length counts the warmup": length_counts_the_warmup,
    "milestone m: the first m updates have the old rate": milestone,
    "an update is": update_is,
    **{
        f"{optimizer}: default {text}": lambda lib, o=optimizer, n=name: default(lib, o, n)
        for optimizer, text, name in [
            ("SGD", "rate", "lr"),
            ("Adam", "rate", "lr"),
            ("Adagrad", "rate", "lr"),
            ("RMSprop", "rate", "lr"),
            ("Adadelta", "rate", "lr"),
            ("Adam", "eps", "eps"),
            ("Adagrad", "eps", "eps"),
            ("RMSprop", "eps", "eps"),
            ("RMSprop", "alpha", "alpha"),
            ("Adadelta", "rho", "rho"),
            ("AdamW", "weight_decay", "weight_decay"),
            ("Lion", "weight_decay", "weight_decay"),
        ]
    },
}


def test_the_page_holds_the_tables():
    """Made by tools/conventions.py."""
    written = (Path(__file__).parents[1] / "docs" / "conventions.md").read_text(encoding="utf-8")
    assert written == page()


def test_every_row_is_measured():
    assert [row.what for row in TABLE] == list(MEASURE)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_a_cell_is_what_the_library_does(row, library):
    need(library)
    assert MEASURE[row.what](library) == getattr(row, library)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_record_is_what_the_library_does(name, library):
    need(library)
    np.testing.assert_allclose(recorded(name, library), EXPERIMENTS[name].walk(library), atol=2e-6)


@pytest.mark.parametrize(
    ("name", "together"),
    [
        ("adagrad", [["torch"], ["keras", "optax"]]),
        ("adagrad in full", [["torch", "keras", "optax"]]),
        ("momentum", [["torch", "optax"], ["keras"]]),
        ("rmsprop with momentum", [["torch"], ["keras", "optax"]]),
        ("adam's eps", [["torch", "optax"], ["keras"]]),
        ("amsgrad", [["torch", "keras"], ["optax"]]),
        ("adamw", [["torch"], ["keras"], ["optax"]]),
    ],
)
def test_who_agrees_with_whom(name, together):
    found = side_by_side(name)
    assert found.together == together
    assert "torch" in found.live and "run here" in repr(found)


def test_the_record_stands_in_for_a_missing_library(monkeypatch):
    def without_a_backend(*_: object) -> list[float]:
        raise ImportError

    monkeypatch.setattr(libraries, "installed", lambda library: library != "optax")
    monkeypatch.setitem(libraries._WALKS, "keras", without_a_backend)
    found = side_by_side("momentum")
    assert found.live == ("torch",)
    assert repr(found).count("from the record") == 2
    for library in ("keras", "optax"):
        np.testing.assert_array_equal(found.paths[library], recorded("momentum", library))
