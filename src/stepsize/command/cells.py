"""Matches the cells of two versions of a notebook; reads and writes notebooks as JSON.

It needs nothing but Python, because the doctor reads notebooks when packages may be broken.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, count
from typing import Any

__all__ = [
    *("Cell", "Notebook", "content", "contents", "dumps", "fresh_id", "loads", "matched", "paired"),
    "share",
]

Cell = dict[str, Any]
Notebook = dict[str, Any]
Pairs = dict[int, int]

WORD = re.compile(r"\w+|[^\w\s]")
ALIKE = 0.5  # with this share of words in common, one text is an edit of the other


def loads(data: bytes) -> Notebook | None:
    """A notebook, or None if this isn't one."""
    try:
        notebook = json.loads(data)
        for cell in notebook["cells"]:
            content(cell)
        metadata = [part["metadata"] for part in (notebook, *notebook["cells"])]
        return notebook if all(isinstance(part, dict) for part in metadata) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def dumps(notebook: Notebook) -> bytes:
    """The notebook as nbformat would write it."""
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return text.encode("utf-8", "backslashreplace")  # half a character becomes its \u escape


def content(cell: Cell) -> tuple[str, str]:
    """What identifies a cell, whatever it showed and however it is folded."""
    return cell["cell_type"], "".join(cell["source"])


def contents(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """The identity of each cell, in order."""
    return [content(cell) for cell in cells]


def share(old: Iterable[Cell], new: Iterable[Cell]) -> float:
    """The share of `old` that is found in `new`, word for word: from 0 to 1."""
    old, there = list(old), {content(cell) for cell in new}
    return sum(content(cell) in there for cell in old) / max(len(old), 1)


def fresh_id(cell: Cell, taken: Iterable[str]) -> str:
    """An id for a new cell, made from its content."""
    taken, kind_and_text = set(taken), "\0".join(content(cell)).encode("utf-8", "replace")
    name = hashlib.sha256(kind_and_text).hexdigest()[:8]
    return next(x for x in chain([name], (f"{name}-{n}" for n in count(2))) if x not in taken)


def paired(old: Sequence[Cell], new: Sequence[Cell]) -> Pairs:
    """The positions of cells with the same id, in `new` and in `old`."""
    where = {cell.get("id"): i for i, cell in reversed([*enumerate(old)])}
    where.pop(None, None)  # before nbformat 4.5, cells had none
    return {j: where.pop(cell.get("id")) for j, cell in enumerate(new) if cell.get("id") in where}


def matched(
    old: Sequence[Cell], new: Sequence[Cell], known: Pairs | None = None, *, rewritten: bool = True
) -> Pairs:
    """For each cell of `new` that comes from `old`, which one. Both are given as positions.

    First come cells that read the same, wherever they were moved. Then come edited ones that still
    have most of their words. Then, if `rewritten` is set, a cell with none of its words left that
    stands alone between the same neighbors. known: pairs that are already known.
    """
    match = _Match(old, new, dict(known or {}))
    match.equal()
    match.alike()
    if rewritten:
        match.alone()
    return match.pairs


@dataclass
class _Match:
    old: Sequence[Cell]
    new: Sequence[Cell]
    pairs: Pairs

    def left(self) -> tuple[list[int], list[int]]:
        """The cells of both versions that aren't paired yet."""
        taken = set(self.pairs.values())
        old = [i for i in range(len(self.old)) if i not in taken]
        return old, [j for j in range(len(self.new)) if j not in self.pairs]

    def equal(self) -> None:
        old, new = self.left()
        texts = [content(self.old[i]) for i in old], [content(self.new[j]) for j in new]
        for a, b, size in SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks():
            self.pairs |= {new[b + k]: old[a + k] for k in range(size)}
        old, new = self.left()
        for j in new:  # those that were moved
            same = next((i for i in old if content(self.old[i]) == content(self.new[j])), None)
            if same is not None:
                self.pairs[j] = same
                old.remove(same)

    def alike(self) -> None:
        old, new = self.left()
        likest = sorted((-self.likeness(i, j), abs(i - j), i, j) for i in old for j in new)
        for minus, _, i, j in likest:
            if -minus >= ALIKE and j not in self.pairs and i not in self.pairs.values():
                self.pairs[j] = i

    def likeness(self, i: int, j: int) -> float:
        """The share of words the two have in common, in order; 0 for cells of different kinds."""
        (kind, text), (other, edited) = content(self.old[i]), content(self.new[j])
        if kind != other:
            return 0.0
        words = SequenceMatcher(None, WORD.findall(text), WORD.findall(edited), autojunk=False)
        return words.ratio() if words.quick_ratio() >= ALIKE else 0.0

    def alone(self) -> None:
        old, new = self.left()
        ends = {-1: -1, len(self.new): len(self.old)}
        for j in new:
            before, after = ((self.pairs | ends).get(k) for k in (j - 1, j + 1))
            if before is None or after != before + 2 or before + 1 not in old:
                continue
            if self.old[before + 1]["cell_type"] == self.new[j]["cell_type"]:
                self.pairs[j] = before + 1
