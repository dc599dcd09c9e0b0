"""The programs that the commands start: their environment, and how they end."""

import os
import subprocess
from pathlib import Path

__all__ = ["environment", "finish"]


def environment(home: Path) -> dict[str, str]:
    """The user's environment, without Python or Jupyter settings; Jupyter keeps its own in home."""
    own = ("PYTHON", "JUPYTER", "IPYTHON", "MPLBACKEND")
    env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    env |= dict(PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8")
    env |= dict(PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    jupyter = str(home / ".jupyter")
    return env | dict(JUPYTER_CONFIG_DIR=jupyter, JUPYTER_DATA_DIR=jupyter, IPYTHONDIR=jupyter)


def finish(process: subprocess.Popen[bytes]) -> int:
    """Its exit status. It gets Ctrl-C, too, and has time to end on its own."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass
