"""Finds faults in the text of a training loop, read as Python, not as words."""

from collections.abc import Callable

from ..finding import Finding
from .anew import ANEW
from .averages import AVERAGES
from .copies import COPIES
from .decay import DECAY, adam_decays
from .descent import DESCENT
from .gradients import GRADIENTS
from .graphs import GRAPHS
from .groups import GROUPS
from .jax_loops import JAX
from .keras import KERAS
from .lightning import LIGHTNING, maybe_returns
from .memory import MEMORY, sums_of_tensors
from .modes import MODES
from .modules import MODULES
from .outputs import OUTPUTS
from .pace import PACE, maybe_stepped
from .pairs import PAIRS, two
from .parameters import PARAMETERS
from .program import Program
from .rates import RATES
from .reach import REACH
from .reader import read
from .scaling import SCALING
from .shapes import SHAPES
from .tape import TAPE
from .updates import UPDATES, maybe_steps

__all__ = ["FAULTS", "Program", "adam_decays", "cautions", "faults", "read", "two"]

FAULTS: tuple[Callable[[Program], Finding | None], ...] = (
    *UPDATES,
    *GRAPHS,
    *PARAMETERS,
    *GROUPS,
    *ANEW,
    *MODES,
    *MODULES,
    *LIGHTNING,
    *JAX,
    *TAPE,
    *DESCENT,
    *GRADIENTS,
    *SCALING,
    *PACE,
    *PAIRS,
    *OUTPUTS,
    *KERAS,
    *DECAY,
    *RATES,
    *MEMORY,
    *AVERAGES,
    *COPIES,
    *REACH,
    *SHAPES,
)


CAUTIONS: tuple[Callable[[Program], str], ...] = (
    sums_of_tensors,
    maybe_steps,
    maybe_stepped,
    maybe_returns,
)


def faults(code: str) -> list[Finding]:
    """All faults of a text, each found by its own function."""
    program = read(code)
    return [found for fault in FAULTS if (found := fault(program)) is not None]


def cautions(code: str) -> list[str]:
    """What had better not be done, though it harms no training; and what the end leaves open."""
    program = read(code)
    return [said for caution in CAUTIONS if (said := caution(program))]
