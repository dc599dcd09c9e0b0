"""Where an answer runs: in a separate Python or, in a browser, in the only one there is."""

from . import here, sandbox
from .report import NoProcesses, Report

__all__ = ["run"]


def run(exercise: str, answer: bytes, seconds: float) -> Report:
    """Judge a pickled answer. Raises SandboxError, or KeyboardInterrupt after cleaning up."""
    try:
        return sandbox.run(exercise, answer, seconds)
    except NoProcesses:
        return here.run(exercise, answer, seconds)
