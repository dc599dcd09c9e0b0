"""Labs: what moves when a slider moves. Each is one call, the last line of a cell."""

from ..extras import needs

with needs():
    from .decay import decay, forgetting
    from .descent import learning_rate, parabola, playground
    from .fair_race import fair_race
    from .lab import Lab, Scene, panels
    from .matrices import newton_schulz, turned_ravine
    from .moments import microscope
    from .noise import batches, escape
    from .race import race
    from .range_test import range_test
    from .rates import schedule
    from .ravines import momentum_map
    from .scales import scales
    from .warmup import warmup
    from .width import width

__all__ = [
    "Lab",
    "Scene",
    "batches",
    "decay",
    "escape",
    "fair_race",
    "forgetting",
    "learning_rate",
    "microscope",
    "momentum_map",
    "newton_schulz",
    "panels",
    "parabola",
    "playground",
    "race",
    "range_test",
    "scales",
    "schedule",
    "turned_ravine",
    "warmup",
    "width",
]
