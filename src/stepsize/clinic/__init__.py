"""What someone with a model of their own asks: which rate, and what ails this run."""

from .diagnosis import Diagnosis, Finding, diagnose
from .finder import RangeTest, find_lr
from .patients import patient

__all__ = ["Diagnosis", "Finding", "RangeTest", "diagnose", "find_lr", "patient"]
