"""For people with their own model: which rate should I use, and what ails this run?"""

from .advice import Advice, advise
from .callbacks import KerasWatch, LightningWatch, TrainerWatch
from .diagnosis import Diagnosis, Finding, diagnose
from .finder import find_lr
from .patients import patient
from .range_test import RangeTest
from .watch import Watch

__all__ = [
    "Advice",
    "Diagnosis",
    "Finding",
    "KerasWatch",
    "LightningWatch",
    "RangeTest",
    "TrainerWatch",
    "Watch",
    "advise",
    "diagnose",
    "find_lr",
    "patient",
]
