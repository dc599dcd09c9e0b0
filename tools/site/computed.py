"""The labs that a script in static/ computes in the page, with the package's own lines."""

from collections.abc import Callable
from pathlib import Path

from stepsize.labs.descent import SURFACES
from stepsize.labs.matrices import lifted

from . import momentum_map, newton_schulz, playground
from .carry import carried

__all__ = ["COMPUTED", "write"]

COMPUTED = {  # by what the lab is called: its script
    "playground": "playground",
    "learning_rate": "playground",
    "momentum_map": "momentum_map",
    "newton_schulz": "newton_schulz",
}
WRITERS: tuple[Callable[[Path], None], ...] = (
    playground.write,
    momentum_map.write,
    newton_schulz.write,
)


def write(folder: Path) -> None:
    """rules.js, and the labs' files in labs/."""
    surfaces = [*SURFACES, *momentum_map.GROUNDS.values()]
    script = carried(playground.RULES, surfaces, [lifted])
    (folder / "rules.js").write_text(script, encoding="utf-8")
    for each in WRITERS:
        each(folder)
