"""No test is in a hurry: none may fail because the machine is busy."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import PATIENCE

HERE = Path(__file__).parent
CLOCKS = {"monotonic", "perf_counter", "time"}


def hurries(source: str) -> Iterator[str]:
    """Waits shorter than PATIENCE, and comparisons of the clock with less."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and "timeout" in (node.arg or ""):
            numbers = [node.value]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "").endswith("timeout"):
            numbers = node.args
        elif isinstance(node, ast.Compare | ast.BinOp) and any(map(_is_clock, ast.walk(node))):
            numbers = [*ast.iter_child_nodes(node)]
        else:
            continue
        for number in numbers:
            if isinstance(number, ast.Constant) and isinstance(number.value, int | float):
                seconds = number.value / (1000 if number.value >= 5000 else 1)  # or milliseconds
                if seconds < PATIENCE:
                    yield f"line {number.lineno}: {ast.unparse(node)}"


def _is_clock(node: ast.AST) -> bool:
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return called and node.func.attr in CLOCKS and not node.args


@pytest.mark.parametrize("path", sorted(HERE.rglob("*.py")), ids=lambda path: path.stem)
def test_no_test_is_in_a_hurry(path):
    assert list(hurries(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("process.wait(timeout=30)", 1),
        ("process.wait(timeout=PATIENCE)", 0),
        ("page.set_default_timeout(60_000)", 1),
        ("page.set_default_timeout(180_000)", 0),
        ("end = time.monotonic() + 60", 1),
        ("assert time.perf_counter() - began < 2.0", 1),
        ("assert run.time.monotonic() - began < 300", 0),
        ("while time.time() < end: pass", 0),
    ],
)
def test_what_a_hurry_is(source, found):
    assert len(list(hurries(source))) == found
