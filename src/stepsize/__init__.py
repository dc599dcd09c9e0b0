"""How neural networks are optimised, in code that reads as the papers do."""

from . import models, optimizers, schedules, surfaces, without_torch
from .checks import certificate, check, progress
from .loop import Trace, descend
from .optimizers import Step
from .quiz import last_check

__version__ = "0.1.0"
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

without_torch.watch()
