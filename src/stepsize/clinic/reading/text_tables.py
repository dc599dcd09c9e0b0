"""Reads a table in a terminal: a line of names, and below it lines with only numbers."""

import re
from collections.abc import Iterator

from .names import Record, meaning

__all__ = ["Table"]

NUMERAL = r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
CELL = re.compile(rf"^(?:{NUMERAL}(?:/\d+)?[%A-Za-z]{{0,3}}|[-+]?(?:nan|inf))$", re.IGNORECASE)
EMPTY = re.compile(r"^(?:no log|none|-+|n/?a|\d+:\d[\d:]*|\+|)$", re.IGNORECASE)
FIRST_WORDS = "training|train|validation|valid|val|eval|test|learning|grad|gradient"
TWO_WORDS = re.compile(rf"\b({FIRST_WORDS})[ .]+(loss|rate|norm|accuracy|acc)\b", re.IGNORECASE)


class Table:
    """The names at the top, and each line of numbers below them."""

    def __init__(self) -> None:
        self.names = self.above = ""

    def row(self, line: str) -> Record | None:
        """The record of a line of numbers; {} for the line of names; None: it isn't in a table."""
        line = re.sub(r":?\s*\d+%\|.*$", "", line).strip("\n")
        if self._is_header(line):
            self.names = _joined(self.above, line)
            return {}
        self.above = line if line.strip(" |-=+:") else self.above
        if not self.names or not re.search(r"\d|nan", line, re.IGNORECASE):
            return None
        for names, cells in zip(_splits(self.names), _splits(line), strict=True):
            if len(cells) == len(names) + 1:  # a mark at the end, or pandas' number at the front
                cells = cells[1:] if cells[0].isdigit() and _is_cell(cells[-1]) else cells[:-1]
            if len(cells) == len(names) > 1 and all(map(_is_cell, cells)):
                pairs = zip(names, cells, strict=True)
                return {name: _number(cell) for name, cell in pairs if CELL.match(cell)}
        return None

    def _is_header(self, line: str) -> bool:
        if re.search(r"(?<![\w@/.-])\d|[=:{]", re.sub(r"\([^)]*\)", "", line)):
            return False
        several = (names for names in _splits(line) if len(names) > 1)
        return any(
            meaning(name).role in ("loss", "val_loss") for names in several for name in names
        )


def _splits(line: str) -> Iterator[list[str]]:
    """The cells of a line, however they are set apart."""
    for mark in (r"\t", r"\|", r"\s{2,}", r"\s+"):
        text = TWO_WORDS.sub(r"\1_\2", line) if mark == r"\s+" else line
        text = re.sub(r"No log", "-", text) if mark == r"\s+" else text
        yield [cell.strip() for cell in re.split(mark, text.strip().strip("|"))]


def _joined(above: str, below: str) -> str:
    """Names on two lines, as in MATLAB: "Validation" above "Loss"."""
    upper, lower = above.strip().strip("|").split("|"), below.strip().strip("|").split("|")
    if len(lower) < 3 or len(upper) != len(lower) or re.search(r"\d", above):
        return below
    pairs = zip(upper, lower, strict=True)
    return "|".join(f"{first.strip()} {second.strip()}" for first, second in pairs)


def _is_cell(cell: str) -> bool:
    return bool(CELL.match(cell) or EMPTY.match(cell))


def _number(cell: str) -> float:
    bare = cell.partition("/")[0].replace(",", "")
    share = 0.01 if bare.endswith("%") else 1.0
    return float(re.sub(r"(?<=\d)[%A-Za-z]+$", "", bare)) * share
