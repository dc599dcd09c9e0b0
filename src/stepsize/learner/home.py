"""Where a learner's own files are: what was solved, and what was trained."""

import os
import sys
from pathlib import Path

__all__ = ["home", "is_lasting"]

DRIVE = Path("/drive")  # the only folder that JupyterLite keeps when the page is closed


def home() -> Path:
    """The folder named by STEPSIZE_HOME, or else .stepsize in the home folder; not yet made.

    In a browser it is among the notebooks, which the browser keeps.
    """
    named = os.environ.get("STEPSIZE_HOME")
    if named:
        return Path(named)
    return (DRIVE if _is_kept_in_a_browser() else Path.home()) / ".stepsize"


def is_lasting() -> bool:
    """Whether what is written there will still be there tomorrow."""
    return sys.platform != "emscripten" or _is_kept_in_a_browser()


def _is_kept_in_a_browser() -> bool:
    return sys.platform == "emscripten" and DRIVE.is_dir()
