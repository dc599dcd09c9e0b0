"""What `--quick` runs: everything that checks a line of a rule, and nothing that takes long."""

from pathlib import Path

import pytest

from conftest import LONG, OTHER_PROGRAMS, imported, is_quick

FILES = sorted(Path(__file__).parent.glob("test_*.py"))
RULES = {"optimizers", "schedules", "feedback", "loop", "surfaces", "guard", "given", "papers"}


def test_what_a_line_of_a_rule_is_held_to_is_quick():
    assert {path.stem.removeprefix("test_") for path in FILES if is_quick(path)} >= RULES


@pytest.mark.parametrize("name", sorted(OTHER_PROGRAMS | LONG))
def test_each_name_still_leaves_a_file_out(name):
    assert any(name in imported(path) for path in FILES)
