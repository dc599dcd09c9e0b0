"""Where a learner's own files are: what was solved, and what was trained."""

import os
from pathlib import Path

__all__ = ["home"]


def home() -> Path:
    """The folder named by STEPSIZE_HOME, or else .stepsize in the home folder; not yet made."""
    named = os.environ.get("STEPSIZE_HOME")
    return Path(named) if named else Path.home() / ".stepsize"
