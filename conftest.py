"""What every test and every notebook starts with."""

import ast
import atexit
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest

TESTS = Path(__file__).parent / "tests"

# Nobody's progress is touched: notebooks run in their own processes and inherit this.
HOME = tempfile.mkdtemp(prefix="stepsize-test-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["STEPSIZE_HOME"] = HOME

# A separate program, for a test that has Keras; the configurations of two JupyterHubs.
collect_ignore = ["tests/keras_on_jax.py", "tests/real_hub.py", "tests/chart_hub.py"]
collect_ignore += ["tests/under_wasm.py"]  # it runs in Pyodide
collect_ignore += ["tests/no_proxy.py"]  # theirs: it needs JupyterHub
collect_ignore += ["src/stepsize/command/jupyter"]  # Jupyter reads it, and supplies a name

# How long an example takes depends on the machine and what else it is doing, not on the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


# `--quick` skips the files that import one of these. They start a kernel, a browser, a hub or the
# second Python of a check, or load a program from outside the package ...
OTHER_PROGRAMS = {
    "NotebookClient",
    "check",
    "chromium",
    "importlib",
    "jupyterlab",
    "people",
    "room",
    "sandbox",
    "subprocess",
}
# ... or they judge answers, train models, move every slider, load Keras and JAX, or verify the
# last check.
LONG = {"checks", "diagnose", "keras_on_torch", "labs", "last_check", "train"}


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "what a line of a rule, a schedule or the loop is held to: about a minute"
    parser.addoption("--quick", action="store_true", help=words)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """These files aren't even imported, because that alone takes seconds."""
    return True if config.getoption("quick") and not is_quick(collection_path) else None


def is_quick(path: Path) -> bool:
    if path.parent != TESTS or path.suffix != ".py":
        return path.suffix != ".ipynb"
    return not (OTHER_PROGRAMS | LONG) & imported(path)


def imported(path: Path) -> set[str]:
    """Every part of every name that this file imports or imports from."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    named = [alias.name for node in imports for alias in node.names]
    named += [node.module or "" for node in imports if isinstance(node, ast.ImportFrom)]
    return {part for name in named for part in name.split(".")}


@pytest.fixture(autouse=True)
def _numpy_in_doctests(doctest_namespace: dict) -> None:
    """Doctests know `np`, and so does everybody who reads them."""
    doctest_namespace["np"] = np
