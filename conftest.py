"""What every test and every notebook starts with."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# Nobody's progress is touched: notebooks run in processes of their own and inherit this.
HOME = tempfile.mkdtemp(prefix="stepsize-test-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["STEPSIZE_HOME"] = HOME

# A program of its own, for a test that has Keras; the configurations of two JupyterHubs.
collect_ignore = ["tests/keras_on_jax.py", "tests/real_hub.py", "tests/chart_hub.py"]
collect_ignore += ["tests/no_proxy.py"]  # theirs: it can't be imported where there is no JupyterHub

# How long an example takes says something of the machine and what else it does, not of the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


# `--quick` leaves the files that import none of these: what starts a kernel, a browser, a hub or
# the second Python of a check, and what loads a program from outside of the package.
OTHER_PROGRAMS = {
    "NotebookClient",
    "check",
    "chromium",
    "importlib",
    "jupyterlab",
    "people",
    "sandbox",
    "start_new_kernel",
    "subprocess",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "the package's tests alone: no file that starts another program"
    parser.addoption("--quick", action="store_true", help=words)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("quick") and collection_path.suffix == ".ipynb" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("quick"):
        config.hook.pytest_deselected(items=[item for item in items if not is_quick(item)])
        items[:] = filter(is_quick, items)


def is_quick(item: pytest.Item) -> bool:
    names = vars(item.module).keys() if isinstance(item, pytest.Function) else set()
    return not OTHER_PROGRAMS & names


@pytest.fixture(autouse=True)
def _numpy_in_doctests(doctest_namespace: dict) -> None:
    """Doctests know `np`, as everybody who reads them does."""
    doctest_namespace["np"] = np
