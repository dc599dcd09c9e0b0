"""What version 1.0.0 promised is still there: its names, its exercises, its commands."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import stepsize
from stepsize.checks.catalog import EXERCISES
from stepsize.command.__main__ import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
KEPT = (ROOT / "tests" / "kept" / "names.txt").read_text(encoding="utf-8").split()
PROMISED = {
    *("stepsize", "optimizers", "schedules", "feedback", "loop", "surfaces", "models", "data"),
    *("plots", "labs", "clinic"),
    *("frameworks.bridge", "frameworks.recipe", "frameworks.translate"),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_name_stays(name):
    """Removing a name needs a new major version; the next minor one promises the new names."""
    module, _, own = name.rpartition(".")
    imported = importlib.import_module(module)
    assert own in imported.__all__
    assert getattr(imported, own) is not None


def test_the_changelog_names_the_modules_whose_names_stay():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    promise = text.partition("### What it promises")[2].partition("\n- the form")[0]
    told = {name.removeprefix("stepsize.") for name in re.findall(r"`([\w.]+)`", promise)}
    assert told - {"__all__"} == PROMISED
    rooms = {name.rpartition(".")[0].removeprefix("stepsize.") for name in KEPT}
    assert rooms == PROMISED


def test_a_rule_is_a_function_of_theta_grad_and_t():
    for name in stepsize.optimizers.__all__:
        rule = getattr(stepsize.optimizers, name)
        if inspect.isfunction(rule) and "theta" in inspect.signature(rule).parameters:
            assert [*inspect.signature(rule).parameters][:3] == ["theta", "grad", "t"], name


def test_exercises_keep_their_numbers():
    kept = (ROOT / "tests" / "kept" / "exercises.txt").read_text(encoding="utf-8").split()
    assert set(kept) <= set(EXERCISES)


def test_commands_stay():
    assert set(COMMANDS) >= {"", "doctor", "diagnose", "guide", "present"}
