"""What every test and every notebook starts with."""

import atexit
import os
import shutil
import tempfile

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


@pytest.fixture(autouse=True)
def _numpy_in_doctests(doctest_namespace: dict) -> None:
    """Doctests know `np`, as everybody who reads them does."""
    doctest_namespace["np"] = np
