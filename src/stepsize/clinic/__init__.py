"""What someone with a model of their own asks: which rate, and what ails this run."""

from .advice import Advice, advise
from .diagnosis import Diagnosis, Finding, diagnose
from .finder import RangeTest, find_lr
from .patients import patient

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
