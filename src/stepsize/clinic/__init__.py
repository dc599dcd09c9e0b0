"""What someone with a model of their own asks: which rate, and what ails this run."""

from .advice import Advice, advise
from .diagnosis import Diagnosis, Finding, diagnose
from .finder import find_lr
from .patients import patient
from .range_test import RangeTest

__all__ = [
    "Advice",
    "Diagnosis",
    "Finding",
    "RangeTest",
    "advise",
    "diagnose",
    "find_lr",
    "patient",
]
