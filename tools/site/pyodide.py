"""Downloads Python for the browser into .pyodide/, as files that the site can serve.

Pyodide itself comes from npm, in the version that JupyterLite's kernel asks for. With it comes a
list of the packages built for it, with each file's hash: NumPy and everything that isn't pure
Python comes from Pyodide's own distribution and must have that hash. The rest comes from PyPI.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

__all__ = [
    "BUILT",
    "CORE",
    "FOLDER",
    "LOCK",
    "PURE",
    "VERSION",
    "bring",
    "core",
    "distribution",
    "name_of",
    "needed",
    "pure",
]

ROOT = Path(__file__).resolve().parents[2]
VERSION = "314.0.6"  # which JupyterLite's kernel asks for
ADDRESS = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full"
FOLDER = ROOT / ".pyodide"
LOCK = "pyodide-lock.json"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", LOCK)
BUILT = ("numpy", "matplotlib", "scikit-learn", "cloudpickle", "ipython", "jedi", "micropip")
PURE = ("anywidget", "comm", "ipywidgets", "psygnal")  # what its distribution lacks
NOWHERE = subprocess.DEVNULL
PATIENCE = 60  # seconds for its host to answer


def core(folder: Path) -> None:
    """Pyodide itself. npm compares the package with its registry's hash."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is missing: it comes with Node.js, nodejs.org")
    with TemporaryDirectory() as brought:
        wanted = f"pyodide@{VERSION}"
        subprocess.run([npm, "pack", "--silent", wanted], cwd=brought, check=True, stdout=NOWHERE)
        (package,) = Path(brought).glob("*.tgz")
        with tarfile.open(package) as files:
            for name in CORE:
                file = files.extractfile(f"package/{name}")
                assert file is not None
                (folder / name).write_bytes(file.read())


def distribution(folder: Path) -> None:
    """The packages built for it. Raises: ValueError for a file that doesn't match the list."""
    for each in needed(folder, BUILT):
        path = folder / each["file_name"]
        if not path.exists():
            address = f"{ADDRESS}/{path.name}"
            with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
                data = answer.read()
            if hashlib.sha256(data).hexdigest() != each["sha256"]:
                raise ValueError(f"{address} is not the file that {LOCK} lists")
            path.write_bytes(data)


def needed(folder: Path, names: Iterable[str]) -> list[dict[str, Any]]:
    """These packages from the list, and everything they need."""
    listed = json.loads((folder / LOCK).read_text(encoding="utf-8"))["packages"].values()
    known = {name_of(each["name"]): each for each in listed}
    found: dict[str, dict[str, Any]] = {}
    waiting = [*names]
    while waiting:
        name = name_of(waiting.pop())
        if name not in found:
            found[name] = known[name]
            waiting += known[name]["depends"]
    return [*found.values()]


def name_of(package: str) -> str:
    """A package's name in normal form."""
    return re.sub(r"[-_.]+", "-", package).lower()


def pure(folder: Path, *names: str) -> None:
    """Wheels from PyPI that run everywhere, in the versions that the course pins."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    here = ["--platform=any", "--python-version=3.14", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *here, "-d", str(folder), *names], check=True)


def bring(folder: Path) -> int:
    """Download all of it. Returns 1 if something isn't available, and says what."""
    folder.mkdir(exist_ok=True)
    try:
        core(folder)
        pure(folder, *PURE)
        distribution(folder)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"Pyodide can't be downloaded: {error}")
        return 1
    return 0
