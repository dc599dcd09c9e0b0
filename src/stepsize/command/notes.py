"""Cells that an update puts into a learner's notebook: notes, and the course's version of a cell.

Their metadata says so, until somebody writes in one: then it is the learner's.
"""

from collections.abc import Iterable

from .cells import Cell, content, fresh_id

__all__ = ["BACK", "BOTH", "DROPPED", "OURS", "copy_of", "note", "plain", "standing", "with_note"]

OURS = "stepsize"  # in the metadata
BOTH = (
    "<b>Updated: two versions.</b> The course has a new version of this cell, and you had changed "
    "the old one. The new one comes first, then yours. Keep the one you want, and delete the other "
    "together with this note."
)
BACK = (
    "<b>Updated.</b> You had deleted the next cell. The course has changed it since, so here it is "
    "again. If you don't need it, delete it together with this note."
)
DROPPED = (
    "<b>Updated.</b> The course no longer has the next cell. It is still here because you had "
    "changed it."
)


def note(words: str, about: str = "") -> Cell:
    """A note. about: the id of the cell it belongs to; none for the whole notebook."""
    source = f'<div class="alert alert-warning">{words}</div>'
    return _marked(dict(cell_type="markdown", metadata={}, source=source), note=about)


def copy_of(cell: Cell) -> Cell:
    """The course's version of a cell, to put beside the learner's, which keeps the id."""
    return _marked(cell, copy=cell["id"])


def plain(cells: Iterable[Cell]) -> list[Cell]:
    """Without notes."""
    return [cell for cell in cells if "note" not in _mark(cell)]


def with_note(cells: Iterable[Cell], words: str) -> list[Cell]:
    """Put a note about the whole notebook at its top, in place of any earlier one."""
    rest = [cell for cell in cells if _mark(cell).get("note") != ""]
    top = note(words)
    return [top | {"id": fresh_id(top, [cell.get("id", "") for cell in rest])}, *rest]


def standing(cells: Iterable[Cell]) -> tuple[list[Cell], dict[str | None, list[Cell]]]:
    """The learner's own cells, and separately what updates have put beside them, by id.

    If they have deleted their version and kept the course's, the course's is now theirs.
    """
    cells = list(cells)
    ids = {cell.get("id") for cell in cells if not _mark(cell)}
    own: list[Cell] = []
    beside: dict[str | None, list[Cell]] = {}
    for cell in cells:
        mark = _mark(cell)
        of = mark.get("note", mark.get("copy"))
        if "copy" in mark and of not in ids:
            own.append(cell | {"id": of})
            ids.add(of)
        elif mark:
            beside.setdefault(of, []).append(cell)
        else:
            own.append(cell)
    return own, {of: _still_true(notes) for of, notes in beside.items()}


def _still_true(notes: list[Cell]) -> list[Cell]:
    """A note about two versions stays only while the course's is there."""
    if any("copy" in _mark(cell) for cell in notes):
        return notes
    return [cell for cell in notes if content(cell) != content(note(BOTH))]


def _marked(cell: Cell, **mark: str) -> Cell:
    marked = {name: value for name, value in cell.items() if name != "id"}
    return marked | {"metadata": cell["metadata"] | {OURS: mark | {"text": fresh_id(cell, ())}}}


def _mark(cell: Cell) -> dict[str, str]:
    mark = cell["metadata"].get(OURS)
    return mark if isinstance(mark, dict) and mark.get("text") == fresh_id(cell, ()) else {}
