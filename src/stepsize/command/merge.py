"""Updates a notebook that its learner has written in, by a three-way merge, cell by cell.

Whatever the learner wrote or added stays where they put it; every cell they didn't touch is
replaced by the course's new one. Only if both changed the same cell are both kept, below a note.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from .cells import Cell, content, fresh_id, matched, paired
from .notes import BACK, BOTH, DROPPED, copy_of, note, standing

__all__ = ["Merged", "merge"]

Key = tuple[str, int]  # a cell, whatever the version: the first version that has it, and where
ID = re.compile("[a-zA-Z0-9_-]{1,64}")  # as nbformat requires


@dataclass(frozen=True)
class Merged:
    cells: list[Cell]
    conflicts: int  # cells that both had changed


def merge(base: list[Cell], theirs: list[Cell], new: list[Cell], *, same_ids: bool) -> Merged:
    """Merge `new` into `theirs`. base: what the course had handed out before it became `theirs`.

    same_ids: do equal ids in `base` and `new` mean the same cell? If not, their texts decide.
    """
    theirs, beside = standing(theirs)
    keys = _keys(base, theirs, new, same_ids)
    was, has, now = (
        dict(zip(*version, strict=True)) for version in zip(keys, (base, theirs, new), strict=True)
    )
    courses = {cell["id"] for cell in new}
    for key in has.keys() - now.keys():
        if has[key].get("id") in courses:  # from the time when cells were numbered
            has[key] = has[key] | {"id": None}
    cells: list[Cell] = []
    conflicts = 0
    for key in _order(*keys):
        kept, both = _decided(was.get(key), has.get(key), now.get(key))
        conflicts += both
        if key in has and kept and not both and _same(kept[-1], has[key]):
            cells += beside.get(has[key].get("id"), [])
        cells += kept
    return Merged(_with_ids(cells, courses), conflicts)


def _keys(
    base: list[Cell], theirs: list[Cell], new: list[Cell], same_ids: bool
) -> tuple[list[Key], list[Key], list[Key]]:
    """For each cell of the three versions, which cell it is."""
    kept = matched(base, new, paired(base, new) if same_ids else None)
    held = matched(base, theirs, paired(base, theirs), rewritten=False)
    added = [j for j in range(len(new)) if j not in kept]
    by_id = {new[j]["id"]: j for j in added} if same_ids else {}
    by_content = {content(new[j]): j for j in added}
    of_theirs: list[Key] = []
    for k, cell in enumerate(theirs):
        key = ("base", held[k]) if k in held else ("theirs", k)
        both = by_id.get(cell.get("id"), by_content.get(content(cell)))
        if k not in held and both is not None and ("new", both) not in of_theirs:
            key = ("new", both)
        of_theirs.append(key)
    of_new = [("base", kept[j]) if j in kept else ("new", j) for j in range(len(new))]
    return [("base", i) for i in range(len(base))], of_theirs, of_new


def _order(base: list[Key], theirs: list[Key], new: list[Key]) -> list[Key]:
    """The course's order, but what the learner added or moved stays after its predecessor."""
    before, after = [key for key in base if key in theirs], [key for key in theirs if key in base]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    unmoved = {before[a + k] for a, _, size in blocks for k in range(size)}
    moved = set(after) - unmoved
    order = [key for key in new if key not in moved]
    last = -1
    for key in theirs:
        if key not in order:
            order.insert(last + 1, key)
        last = order.index(key)
    return order


def _decided(was: Cell | None, has: Cell | None, now: Cell | None) -> tuple[list[Cell], bool]:
    """One cell's versions in base, theirs and new. Have both sides changed it?"""
    if now is None:
        if has is None or _same(has, was):
            return [], False
        return ([note(DROPPED, has.get("id") or ""), has] if was else [has]), False
    if has is None:
        if was is None or _same(was, now):
            return ([] if was else [now]), False
        return [note(BACK, now["id"]), now], False
    yours = has | {"id": now["id"]}
    if _same(has, was) and not (_same(now, was) and _was_run(has, was)):
        return [now], False
    if _same(has, now) or _same(now, was):
        return [yours], False
    return [note(BOTH, now["id"]), copy_of(now), yours], True


def _same(cell: Cell, other: Cell | None) -> bool:
    return other is not None and content(cell) == content(other)


def _was_run(has: Cell, was: Cell | None) -> bool:
    shown = [(cell.get("outputs"), cell.get("execution_count")) for cell in (has, was or {})]
    return shown[0] != shown[1]


def _with_ids(cells: list[Cell], courses: set[str]) -> list[Cell]:
    """The cells with unique ids. courses: the ids of the course's cells."""
    taken: set[str] = set()
    done = []
    for cell in cells:
        name = cell.get("id")
        if not isinstance(name, str) or not ID.fullmatch(name) or name in taken:
            name = fresh_id(cell, taken | courses)
        taken.add(name)
        done.append(cell | {"id": name})
    return done
