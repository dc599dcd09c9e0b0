"""Reads a table in a terminal: a line of names, and below it lines with only numbers."""

import re
from collections.abc import Iterator

from .names import Record, meaning

__all__ = ["Table"]

NUMERAL = r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
CELL = re.compile(rf"^(?:{NUMERAL}(?:/\d+)?[%A-Za-z]{{0,3}}|[-+]?(?:nan|inf))$", re.IGNORECASE)
PIECE = re.compile(r"\S+(?: \S+)*")  # cells are two or more spaces apart
LISTS = re.compile(r"\[([-+\d.eE, ]*)\]")  # the parts of a loss, in one cell
EMPTY = re.compile(r"^(?:no log|none|-+|n/?a|\d+:\d[\d:]*|\+|)$", re.IGNORECASE)
FIRST_WORDS = "training|train|validation|valid|val|eval|test|learning|grad|gradient"
TWO_WORDS = re.compile(rf"\b({FIRST_WORDS})[ .]+(loss|rate|norm|accuracy|acc)\b", re.IGNORECASE)


class Table:
    """The names at the top, and each line of numbers below them."""

    def __init__(self) -> None:
        self.names = self.above = ""

    def row(self, line: str) -> Record | None:
        """The record of a line of numbers; {} for the line of names; None outside a table."""
        line = re.sub(r":?\s*\d+%\|.*$", "", line).strip("\n")
        line = LISTS.sub(_sum, line) if self.names else line
        bare = re.sub(r"^(\s*)#(?=\s+[A-Za-z])", r"\1 ", line)  # numpy.savetxt's header
        if self._is_header(bare):
            self.names = _joined(self.above, bare)
            return {}
        self.above = line if line.strip(" |-=+:") else self.above
        if not self.names or not re.search(r"\d|nan", line, re.IGNORECASE):
            return None
        for names, cells in zip(_splits(self.names), _splits(line), strict=True):
            if len(cells) == len(names) + 1:  # a mark at the end, or pandas' row number
                cells = cells[1:] if cells[0].isdigit() and _is_cell(cells[-1]) else cells[:-1]
            if len(cells) == len(names) > 1 and all(map(_is_cell, cells)):
                pairs = zip(names, cells, strict=True)
                return {_known(name): _number(cell) for name, cell in pairs if CELL.match(cell)}
        return _below(self.names, line)

    def _is_header(self, line: str) -> bool:
        if re.search(r"(?<![\w@/.-])\d|[=:{]", re.sub(r"\([^)]*\)", "", line)):
            return False
        several = (names for names in _splits(line) if len(names) > 1)
        return any(
            meaning(_known(name)).role in ("loss", "val_loss")
            for names in several
            for name in names
        )


def _splits(line: str) -> Iterator[list[str]]:
    """The cells of a line, however they are separated."""
    for mark in (r"\t", r"\|", r"\s{2,}", r"\s+"):
        text = TWO_WORDS.sub(r"\1_\2", line) if mark == r"\s+" else line
        text = re.sub(r"No log", "-", text) if mark == r"\s+" else text
        yield [cell.strip() for cell in re.split(mark, text.strip().strip("|"))]


def _known(name: str) -> str:
    """A column's name of several words, such as "LOSS NER", joined into one if that is known."""
    joined = re.sub(r"\s+", "_", name)
    return joined if not meaning(name).role and meaning(joined).role else name


def _below(header: str, line: str) -> Record | None:
    """A row with blank cells, assigned to columns by what each number is below."""
    if "|" in header or "\t" in header:
        return None
    columns, cells = list(PIECE.finditer(header)), list(PIECE.finditer(line))
    if not 1 < len(cells) < len(columns) or not all(_is_cell(cell[0]) for cell in cells):
        return None
    row: Record = {}
    for cell in cells:
        under = [c for c in columns if c.start() < cell.end() and cell.start() < c.end()]
        if len(under) != 1 or (name := _known(under[0][0])) in row:
            return None
        if CELL.match(cell[0]):
            row[name] = _number(cell[0])
    return row


def _joined(above: str, below: str) -> str:
    """Names on two lines, as in MATLAB: "Validation" above "Loss"."""
    upper, lower = above.strip().strip("|").split("|"), below.strip().strip("|").split("|")
    if len(lower) < 3 or len(upper) != len(lower) or re.search(r"\d", above):
        return below
    pairs = zip(upper, lower, strict=True)
    return "|".join(f"{first.strip()} {second.strip()}" for first, second in pairs)


def _sum(parts: re.Match[str]) -> str:
    """The sum of the parts of a loss, or a dash if it has no numbers."""
    numbers = re.findall(NUMERAL, parts[1])
    return str(sum(map(float, numbers))) if numbers else "-"


def _is_cell(cell: str) -> bool:
    return bool(CELL.match(cell) or EMPTY.match(cell))


def _number(cell: str) -> float:
    bare = cell.partition("/")[0].replace(",", "")
    share = 0.01 if bare.endswith("%") else 1.0
    return float(re.sub(r"(?<=\d)[%A-Za-z]+$", "", bare)) * share
