"""The code imports what the table in ARCHITECTURE.md says, lazy imports included."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
GRAPH = grimp.build_graph("stepsize", exclude_type_checking_imports=True, cache_dir=None)


def room(module: str) -> str:
    """The first name below `stepsize`; for its __init__, the package itself."""
    return f"{module}.stepsize".split(".")[1]


def told() -> dict[str, set[str]]:
    """The table: each room, and what it may import."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*)\|", text, re.M)
    return {name: set(re.findall(r"`(\w+)`", uses)) for name, uses in rows}


def found() -> dict[str, set[str]]:
    """The same, from the code."""
    rooms: dict[str, set[str]] = {room(module): set() for module in GRAPH.modules}
    for module in GRAPH.modules:
        for imported in GRAPH.find_modules_directly_imported_by(module):
            rooms[room(module)].add(room(imported))
    return {name: uses - {name} for name, uses in rooms.items()}


def test_the_table_says_what_the_code_does():
    assert told() == found()


def test_every_room_is_built_on_rooms_above_it():
    names = list(told())
    for i, (name, uses) in enumerate(told().items()):
        assert uses <= set(names[:i]), name


@pytest.mark.parametrize("name", sorted(found()))
def test_no_room_imports_in_a_circle(name):
    modules = {module for module in GRAPH.modules if room(module) == name}
    inside = {m: GRAPH.find_modules_directly_imported_by(m) & modules - {m} for m in modules}
    TopologicalSorter(inside).prepare()  # a CycleError names the cycle
