"""JupyterLab as the learner gets it: no news, no prompts, no delay."""

import os
import secrets
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from .files import write
from .programs import environment, finish
from .trouble import Trouble

__all__ = ["SETTINGS", "a_free_port", "jupyterlab", "settings"]

SETTINGS = Path(__file__).parent / "jupyter"
START = """
try:
    from jupyterlab.labapp import main
    main()
except KeyboardInterrupt:  # before it is ready
    pass
"""


def a_free_port(wanted: int | None = None) -> int:
    """The port that was asked for, or Trouble; by default, the first free one."""
    for port in [wanted] if wanted is not None else range(8888, 8988):
        try:
            with socket.socket() as probe:
                if os.name != "nt":  # on Windows, two programs could get the same port
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
                return port
        except (OSError, OverflowError):
            pass
    raise Trouble(f"Port {port} is taken or not allowed. Without --port, a free one is chosen.")


def settings(
    home: Path, source: Path = SETTINGS, instead: Mapping[str, bytes] = MappingProxyType({})
) -> Path:
    """Copies `source` into the learner's folder; returns where. instead: replaces files in it."""
    own = home / ".jupyter"
    for file in source.rglob("*.*"):
        name = file.relative_to(source).as_posix()
        write(own / name, instead.get(name) or file.read_bytes())
    return own


def jupyterlab(
    python: Path,
    home: Path,
    port: int,
    notebook: str,
    *,
    no_browser: bool = False,
    source: Path = SETTINGS,
) -> int:
    """Open JupyterLab in `home` at this notebook, and run until it is stopped."""
    own = settings(home, source)
    token, page = secrets.token_hex(16), "/lab/tree/" + quote(notebook)
    command = [str(python), "-c", START, "--Application.log_level=ERROR", "-y"]
    command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={home}"]
    command += [f"--LabApp.default_url={page}", f"--LabApp.app_settings_dir={own / 'settings'}"]
    command += ["--LabApp.custom_css=True"] + (["--no-browser"] if no_browser else [])
    print("JupyterLab is starting. If no browser opens, open this address in one:\n")
    print(f"    http://127.0.0.1:{port}{page}?token={token}\n")
    print("To stop it, save your notebooks and press Ctrl-C here.")
    env = environment(home) | dict(JUPYTER_TOKEN=token, STEPSIZE_HOME=str(home))
    return finish(subprocess.Popen(command, cwd=home, env=env))
