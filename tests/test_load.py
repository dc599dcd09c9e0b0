"""A class arrives within a minute. Runs only on request: `python run.py test -m slow -s`."""

import os
import sys
from pathlib import Path

import pytest

from .room import room

LOAD = Path(__file__).resolve().parents[1] / "workshop" / "load.py"


@pytest.mark.slow
def test_all_of_them_learn():
    learners = os.environ.get("STEPSIZE_LEARNERS", "10")
    with room() as machine, machine.running():
        word = machine.passwords["learners"]
        options = ["--learners", learners, "--password", word]
        said = machine.run(sys.executable, str(LOAD), machine.url, *options)
    print(said)
    assert said.startswith(f"{learners} of {learners} learners")
