"""Where an answer runs: in a Python of its own; in a browser, which has but one, in that one."""

from . import here, sandbox
from .report import NoProcesses, Report

__all__ = ["run"]


def run(exercise: str, answer: bytes, seconds: float) -> Report:
    """Judge a pickled answer. Raises SandboxError, and KeyboardInterrupt with all cleared away."""
    try:
        return sandbox.run(exercise, answer, seconds)
    except NoProcesses:
        return here.run(exercise, answer, seconds)
