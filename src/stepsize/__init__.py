"""How neural networks are optimized, in code that reads like the papers."""

from . import models, optimizers, schedules, surfaces
from .course import certificate, check, last_check, progress
from .loop import Trace, descend
from .notebook import cells, without_torch
from .optimizers import Step

__version__ = "1.0.0"
__all__ = [
    "Step",
    "Trace",
    "certificate",
    "check",
    "descend",
    "last_check",
    "models",
    "optimizers",
    "progress",
    "schedules",
    "surfaces",
]

cells.watch()
without_torch.watch()
