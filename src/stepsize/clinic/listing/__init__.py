"""Finds faults in the text of a training loop, read as Python, not as words."""

from collections.abc import Callable

from ..finding import Finding
from .averages import AVERAGES
from .decay import DECAY, adam_decays
from .descent import DESCENT
from .foreign import FOREIGN
from .gradients import GRADIENTS
from .graphs import GRAPHS
from .keras import KERAS
from .lightning import LIGHTNING
from .memory import MEMORY, sums_of_tensors
from .modes import MODES
from .modules import MODULES
from .outputs import OUTPUTS
from .pace import PACE
from .pairs import PAIRS, two
from .parameters import PARAMETERS
from .program import Program, read
from .rates import RATES
from .scaling import SCALING
from .updates import UPDATES

__all__ = ["FAULTS", "Program", "adam_decays", "cautions", "faults", "read", "two"]

FAULTS: tuple[Callable[[Program], Finding | None], ...] = (
    *UPDATES,
    *GRAPHS,
    *PARAMETERS,
    *MODES,
    *MODULES,
    *LIGHTNING,
    *FOREIGN,
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
)


def faults(code: str) -> list[Finding]:
    """All faults of a text, each found by its own function."""
    program = read(code)
    return [found for fault in FAULTS if (found := fault(program)) is not None]


def cautions(code: str) -> list[str]:
    """What a text does that doesn't harm the training, but that it had better not do."""
    said = sums_of_tensors(read(code))
    return [said] if said else []
