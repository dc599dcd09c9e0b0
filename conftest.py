"""What every test and every notebook starts with."""

import os
import tempfile

import numpy as np
import pytest

# Nobody's progress is touched: notebooks run in processes of their own and inherit this.
os.environ["STEPSIZE_HOME"] = tempfile.mkdtemp(prefix="stepsize-test-")


@pytest.fixture(autouse=True)
def _numpy_in_doctests(doctest_namespace: dict) -> None:
    """Doctests know `np`, as everybody who reads them does."""
    doctest_namespace["np"] = np
