"""The same words in PyTorch, Keras and Optax, run side by side on the same gradients.

    side_by_side("adagrad")     one parameter's path in each library

Keras and Optax need not be installed. What they do is recorded in `side_by_side.json` by
`tools/side_by_side.py`; if they are installed, they are run, and a test compares the record.
The gradients are given, whatever the parameter, so two libraries agree if their rules do.
"""

import importlib.util
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..plots import BLUE, DASHED, DOTTED, ORANGE, SOLID, Look
from ..ranges import one_of, require

__all__ = [
    "EXPERIMENTS",
    "LIBRARIES",
    "LOOKS",
    "Experiment",
    "SideBySide",
    "installed",
    "side_by_side",
    "walk",
]

LIBRARIES = ("torch", "keras", "optax")
LOOKS = {
    "torch": Look(ORANGE, SOLID, "o"),
    "keras": Look(BLUE, DASHED, "s"),
    "optax": Look("#000000", DOTTED, "^"),
}
RECORD = Path(__file__).with_name("side_by_side.json")
START = 1.0


@dataclass(frozen=True)
class Experiment:
    """What each library is told, in its own terms: an optimizer's name and its arguments.

    grads: one per update. lr: a number, or one for each update. Whatever a library isn't told keeps
    the library's default.
    """

    grads: Sequence[float]
    lr: float | Sequence[float]
    torch: tuple[str, Mapping[str, Any]]
    keras: tuple[str, Mapping[str, Any]]
    optax: tuple[str, Mapping[str, Any]]

    def walk(self, library: str) -> np.ndarray:
        """The parameter before the first update, and after each: (T + 1,)."""
        name, arguments = getattr(self, library)
        return walk(library, name, self.grads, self.lr, **arguments)


def _same(name: str, **arguments: Any) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The same arguments for all three. Optax writes its optimizers in lower case."""
    theirs = {library: (name, arguments) for library in ("torch", "keras")}
    return theirs | {"optax": (name.lower(), arguments)}


_PUSH = [1.0] * 20 + [0.0] * 20  # then no more gradients
_CUT = [0.1] * 10 + [0.01] * 30

EXPERIMENTS = {
    # Only the rate is given.
    "adagrad": Experiment([0.1] * 100, 0.1, **_same("Adagrad")),
    # Everything is given: a start of 0, and an eps of 1e-10, which is squared inside the root.
    "adagrad in full": Experiment(
        [0.1] * 100,
        0.1,
        torch=("Adagrad", dict(initial_accumulator_value=0.0, eps=1e-10)),
        keras=("Adagrad", dict(initial_accumulator_value=0.0, epsilon=1e-20)),
        optax=("adagrad", dict(initial_accumulator_value=0.0, eps=1e-20)),
    ),
    # The rate is cut after ten updates.
    "momentum": Experiment(_PUSH, _CUT, **_same("SGD", momentum=0.9)),
    "rmsprop with momentum": Experiment(
        _PUSH,
        _CUT,
        torch=("RMSprop", dict(alpha=0.9, momentum=0.9)),
        keras=("RMSprop", dict(rho=0.9, momentum=0.9)),
        optax=("rmsprop", dict(decay=0.9, momentum=0.9)),
    ),
    # Small gradients, and an eps of the same size.
    "adam's eps": Experiment(
        [0.001] * 100,
        0.01,
        torch=("Adam", dict(eps=1e-3)),
        keras=("Adam", dict(epsilon=1e-3)),
        optax=("adam", dict(eps=1e-3)),
    ),
    # One large gradient, and then small ones.
    "amsgrad": Experiment(
        [1.0] + [0.1] * 99,
        0.01,
        torch=("Adam", dict(amsgrad=True, eps=1e-8)),
        keras=("Adam", dict(amsgrad=True, epsilon=1e-8)),
        optax=("amsgrad", dict(eps=1e-8)),
    ),
    # No gradient at all, which leaves only the decay that nobody chose.
    "adamw": Experiment([0.0] * 100, 0.1, **_same("AdamW")),
}


@dataclass(frozen=True)
class SideBySide:
    """The paths by library, (T + 1,) each; live: the libraries that were run here and now."""

    paths: dict[str, np.ndarray]
    live: tuple[str, ...] = field(default=())

    @property
    def together(self) -> list[list[str]]:
        """The libraries in groups whose paths agree to five digits.

        Not to more, because Keras, and Optax by default, compute in float32.
        """
        groups: list[list[str]] = []
        for library, path in self.paths.items():
            of_old = (g for g in groups if np.allclose(path, self.paths[g[0]], 1e-5, 1e-5))
            group = next(of_old, None)
            if group is None:
                groups.append([library])
            else:
                group.append(library)
        return groups

    def __repr__(self) -> str:
        rows = []
        for library, path in self.paths.items():
            how = "run here" if library in self.live else "from the record"
            end = f"{path[-1]:9.5f}".replace("-", "−")
            rows.append(f"{library:6} ends at {end}   ({how})")
        return "\n".join(rows)


def side_by_side(name: str) -> SideBySide:
    """One of `EXPERIMENTS` in all three: run if a library is installed, else from the record."""
    require("name", name, one_of(*EXPERIMENTS))
    live = {library: path for library in LIBRARIES if (path := _run(name, library)) is not None}
    paths = {library: live.get(library, recorded(name, library)) for library in LIBRARIES}
    return SideBySide(paths, tuple(live))


def _run(name: str, library: str) -> np.ndarray | None:
    """The path as computed here; None if the library, or what it runs on, is missing."""
    if not installed(library):
        return None
    try:
        return EXPERIMENTS[name].walk(library)
    except (ImportError, OSError):  # such as Keras without a backend that loads
        return None


def installed(library: str) -> bool:
    """Whether a library of `LIBRARIES` can be imported, with what it runs on."""
    needs = {"torch": ["torch"], "keras": ["keras", "torch"], "optax": ["optax", "jax"]}
    try:
        return all(importlib.util.find_spec(module) for module in needs[library])
    except ImportError:  # raised by a finder that blocks a library
        return False


@cache
def _record() -> dict[str, dict[str, list[float]]]:
    return json.loads(RECORD.read_text(encoding="utf-8"))


def recorded(name: str, library: str) -> np.ndarray:
    """A path as it was when the record was made."""
    return np.array(_record()[name][library])


def walk(
    library: str,
    optimizer: str,
    grads: Sequence[float],
    lr: float | Sequence[float],
    **arguments: Any,
) -> np.ndarray:
    """The path of one parameter that starts at 1, under an optimizer of a library.

    optimizer: its name there. grads: one per update. lr: a number, or one for each update.
    arguments: what else the library is told, in its words.
    """
    require("library", library, one_of(*LIBRARIES))
    rates = np.broadcast_to(lr, len(grads)).astype(float).tolist()
    return np.array(_WALKS[library](optimizer, list(grads), rates, arguments))


def _in_torch(
    optimizer: str, grads: list[float], rates: list[float], arguments: Mapping[str, Any]
) -> list[float]:
    import torch

    p = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    made = getattr(torch.optim, optimizer)([p], lr=rates[0], **arguments)
    path = [p.item()]
    for grad, rate in zip(grads, rates, strict=True):
        made.param_groups[0]["lr"] = rate
        p.grad = torch.tensor(grad, dtype=torch.float64)
        made.step()
        path.append(p.item())
    return path


def _in_keras(
    optimizer: str, grads: list[float], rates: list[float], arguments: Mapping[str, Any]
) -> list[float]:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    p = keras.Variable(START, dtype="float64")
    made = getattr(keras.optimizers, optimizer)(learning_rate=rates[0], **arguments)
    path = [float(keras.ops.convert_to_numpy(p))]
    for grad, rate in zip(grads, rates, strict=True):
        made.learning_rate = rate
        made.apply([keras.ops.convert_to_tensor(grad, dtype="float64")], [p])
        path.append(float(keras.ops.convert_to_numpy(p)))
    return path


def _in_optax(
    optimizer: str, grads: list[float], rates: list[float], arguments: Mapping[str, Any]
) -> list[float]:
    import jax
    import optax

    table = jax.numpy.array(rates)
    made = getattr(optax, optimizer)(lambda t: table[t], **arguments)
    p = jax.numpy.array(START)
    state, path = made.init(p), [float(p)]
    for grad in grads:
        updates, state = made.update(jax.numpy.array(grad), state, p)
        p = optax.apply_updates(p, updates)
        path.append(float(p))
    return path


_WALKS: dict[str, Callable[..., list[float]]] = {
    "torch": _in_torch,
    "keras": _in_keras,
    "optax": _in_optax,
}
