"""Doctests of src/ know `np`, as everybody who reads them does."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _numpy_in_doctests(doctest_namespace: dict) -> None:
    doctest_namespace["np"] = np
