"""The solved lessons show the same on another processor.

How a sum or a matrix product is rounded depends on the processor, because OpenBLAS, NumPy and
PyTorch choose their kernels by what it supports. Here they are made to use the oldest, and then
left to choose for themselves. CONTRIBUTING.md says how to print a number that survives both.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = sorted((ROOT / "solutions").glob("*.ipynb"))
X86_64 = platform.machine() in ("x86_64", "AMD64")

OLDEST = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}
CHOOSING = {*OLDEST, "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "DNNL_MAX_CPU_ISA"}

# Run in a kernel, to see what it computes with. MKL and oneDNN don't say.
IN_USE = """\
import os
import numpy as np
import scipy.linalg  # it has an OpenBLAS of its own
from threadpoolctl import threadpool_info
try:
    from torch.backends.cpu import get_cpu_capability
except ImportError:
    get_cpu_capability = str
libraries = [each for each in threadpool_info() if each["internal_api"] == "openblas"]
print("OpenBLAS:", *sorted({each["architecture"] for each in libraries}))
print("NumPy:", *np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))
print("PyTorch:", get_cpu_capability())
"""

Pass = Callable[[Path], None]


def left_to_choose() -> dict[str, str]:
    """An environment that asks for no particular kernels. One thread, as in `run.py test`."""
    free = {name: value for name, value in os.environ.items() if name not in CHOOSING}
    return free | {"OMP_NUM_THREADS": "1"}


def in_use(env: dict[str, str]) -> str:
    command = [sys.executable, "-c", IN_USE]
    return subprocess.run(
        command, env=env, capture_output=True, encoding="utf-8", check=True
    ).stdout


def oldest(chosen: str) -> tuple[dict[str, str], str]:
    """The environment that asks for the oldest, and what is then in use. chosen: without it."""
    if not X86_64 or "OpenBLAS:\n" in chosen:
        pytest.skip("Which kernels are the oldest is known here for OpenBLAS on x86-64 only.")
    _, numpys, torchs = chosen.splitlines()
    features = numpys.removeprefix("NumPy:")  # by this version's names for them
    env = left_to_choose() | OLDEST | {"NPY_DISABLE_CPU_FEATURES": features}
    torchs = "PyTorch: DEFAULT" if torchs != "PyTorch: " else torchs
    return env, f"OpenBLAS: Nehalem\nNumPy:\n{torchs}\n"


def pass_cells(notebook: Path, env: dict[str, str], seen: Path) -> None:
    """nbval: each cell shows what is stored, and none is skipped or overlooked."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", f"--junitxml={seen}"]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(notebook)]
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stdout + run.stderr
    cells = [cell for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code"]
    suite = ElementTree.parse(seen).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("skipped")) == (str(len(cells)), "0")


def notebook_that_says(text: str, path: Path) -> Path:
    """One cell that looks at what is in use, and the stored output to compare with."""
    stored = [nbformat.v4.new_output("stream", text=text)]
    cell = nbformat.v4.new_code_cell(IN_USE, outputs=stored, execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


@pytest.fixture(scope="module", params=["oldest", "own"])
def passes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pass:
    """Runs a notebook, after checking once that those kernels are really in use.

    `run.py test` already uses this machine's own, unless its environment asks for others.
    """
    if request.param == "own" and not CHOOSING & os.environ.keys():
        pytest.skip("`run.py test` compares the solutions with this machine's own kernels.")
    env = left_to_choose()
    chosen = said = in_use(env)
    if request.param == "oldest":
        env, said = oldest(chosen)
    folder = tmp_path_factory.mktemp(request.param)
    pass_cells(notebook_that_says(said, folder / "in-use.ipynb"), env, folder / "seen.xml")
    return lambda notebook: pass_cells(notebook, env, folder / "seen.xml")


@pytest.mark.elsewhere
@pytest.mark.parametrize("solution", [pytest.param(path, id=path.stem) for path in SOLUTIONS])
def test_solution_shows_the_same(solution, passes):
    passes(solution)
