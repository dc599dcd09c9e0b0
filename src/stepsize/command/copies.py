"""The learner's copies of the course. An update of the course never overwrites an answer.

A copy says in its metadata which version of the course it was made from, and that version is kept
in full. So an update is a three-way merge. If it is killed, the notebook is either the one from
before or the one from after it, never half of one.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from .cells import Notebook, dumps, loads, paired, share
from .files import digest, write
from .history import likeliest, versions
from .merge import merge
from .notes import with_note
from .places import place
from .trouble import Trouble
from .work import Work, is_touched, of_version, origin, version_of, was_run

__all__ = ["Copies"]

BESIDE = re.compile(r"\.new\d*(?=\.ipynb$)")
RENAMED = 0.5  # a lesson with this share of a missing lesson's cells is that lesson, renamed

NEWER = (
    "<b>There is a newer version of this lesson: <code>{beside}</code>, next to this notebook.</b> "
    "Everything you wrote is here, as you left it. The two couldn't be merged, because it isn't "
    "known which version of the course this notebook was made from."
)
BEGIN = (
    "<b>This is the new version of the lesson.</b> What you wrote is in <code>{name}</code>, next "
    "to it."
)


@dataclass(frozen=True)
class Copies:
    """Copies in `folder` of the notebooks in `course`: the repository, or the package's data."""

    course: Path
    folder: Path

    @property
    def record(self) -> Path:
        """The digests of what the course last handed out, by name."""
        return self.folder / ".course.json"

    @property
    def work(self) -> Work:
        return Work(self.folder)

    def sources(self) -> dict[str, Path]:
        """The course's notebooks, by their names in the learner's folder."""
        return {
            prefix + path.name: path
            for folder, prefix in (("notebooks", ""), ("solutions", "solutions/"))
            for path in sorted((self.course / folder).glob("*.ipynb"))
        }

    def hand_out(self) -> Iterator[str]:
        """Bring the folder up to date. Yields what the learner should know."""
        self.work.sweep()
        given, sources = self._given(), self.sources()
        yield from self._follow_renames(sources, given)
        for name, source in sources.items():
            damaged = self.work.is_damaged(name)
            if damaged:
                aside, words = self.work.set_aside(name)
                yield f"{name} was damaged. It is kept as {aside}, beside a fresh copy."
            yield from self._give(name, source, given)
            if damaged:
                self.work.say(name, words)
        self._remove_unused(given)
        write(self.record, json.dumps(given, indent=1, sort_keys=True).encode())
        self.work.forget(given)

    def last(self) -> str:
        """The notebook last worked on; the first, if none was."""
        given = self._given()
        names = sorted(name for name in given if "/" not in name and self.work.read(name))
        if not names:
            anew = "Clone the course again." if place().clone else place().mend
            raise Trouble(f"There are no notebooks in {self.course}. {anew}")
        used = [name for name in names if not self._is_unused(name, given)]
        ages = [((self.folder / name).stat().st_mtime, name) for name in used]
        return max(ages, default=(0, names[0]))[1]

    def _given(self) -> dict[str, str]:
        """What was handed out. If that record is lost, everything counts as the learner's."""
        try:
            given = json.loads(self.record.read_bytes())
        except (OSError, ValueError):
            given = None
        return given if isinstance(given, dict) else {}

    # One notebook --------------------------------------------------------------------------------

    def _give(self, name: str, source: Path, given: dict[str, str]) -> Iterator[str]:
        """Put the course's version there; if the learner has written in theirs, merge the two."""
        data, theirs = source.read_bytes(), self.work.read(name)
        before, given[name] = given.get(name), digest(data)
        if theirs and origin(theirs) == version_of(data):
            return
        read = loads(data)
        if read is None:
            raise Trouble(f"The course's own {source.name} is damaged. {self._mend(source)}")
        new = of_version(data, read)
        self.work.give(data)  # first, so that no notebook lacks what it was made from
        if theirs is None:
            write(self.folder / name, dumps(new))
            return
        base = self.work.version(origin(theirs))
        guessed = base or self._guessed(name, source, theirs, new, given, before)
        if guessed:
            yield from self._update(name, theirs, guessed, new, same_ids=base is not None)
        elif before != given[name]:
            yield self._put_beside(name, new, given)

    def _update(
        self, name: str, theirs: Notebook, base: Notebook, new: Notebook, *, same_ids: bool
    ) -> Iterator[str]:
        merged = merge(base["cells"], theirs["cells"], new["cells"], same_ids=same_ids)
        if is_touched(theirs, base):
            self.work.keep(name)
            said = f"{name} is up to date, with everything you wrote."
            if merged.conflicts:
                where = "one place" if merged.conflicts == 1 else f"{merged.conflicts} places"
                said += (
                    f" In {where} you'll find two versions, the course's and yours, with a note."
                )
            yield said
        path = self.folder / name
        updated = new | {"cells": merged.cells, "metadata": theirs["metadata"] | new["metadata"]}
        write(path, dumps(updated), mtime=path.stat().st_mtime)  # when the learner last worked

    def _guessed(
        self,
        name: str,
        source: Path,
        theirs: Notebook,
        new: Notebook,
        given: dict[str, str],
        before: str | None,
    ) -> Notebook | None:
        """What a notebook was made from if it doesn't say so, like most from an earlier `run.py`.

        before: the digest of what was last handed out under its name.
        """
        if before == digest((self.folder / name).read_bytes()):
            return theirs
        if not is_touched(theirs, new):
            return new
        alone = not any(BESIDE.sub("", other) == name != other for other in given)
        base = self.work.version(str(before)[:16]) if alone else None
        if base:
            return base
        found = self._history(source.relative_to(self.course).as_posix())
        exact = [version for version in found if alone and digest(version) == before]
        return likeliest(theirs, filter(None, map(loads, exact or found)))

    def _mend(self, source: Path) -> str:
        if not place().clone:
            return place().mend
        return f"Run: git checkout -- {source.relative_to(self.course).as_posix()}"

    def _history(self, name: str) -> list[bytes]:
        """From the repository; a wheel has none, but `my-work` may still lie in a clone."""
        return versions(self.course, name) or versions(self.folder.parent, name)

    # A new version beside the learner's ----------------------------------------------------------

    def _put_beside(self, name: str, new: Notebook, given: dict[str, str]) -> str:
        """Both notebooks say so at their top."""
        stem = name.removesuffix(".ipynb")
        names = (f"{stem}.new{n}.ipynb" for n in chain([""], count(2)))
        beside = next(free for free in names if self._is_unused(free, given))
        path = self.folder / beside
        top = with_note(new["cells"], BEGIN.format(name=Path(name).name))
        write(path, dumps(new | {"cells": top}))
        given[beside] = digest(path.read_bytes())
        self.work.keep(name)
        self.work.say(name, NEWER.format(beside=path.name))
        return f"There is a new version of {name}. Yours is kept; the new one is {beside}"

    def _remove_unused(self, given: dict[str, str]) -> None:
        """Remove what was put beside a notebook that is now up to date."""
        for beside in filter(BESIDE.search, list(given)):
            theirs = self.work.read(BESIDE.sub("", beside))
            if theirs and self.work.version(origin(theirs)) and self._is_unused(beside, given):
                (self.folder / beside).unlink(missing_ok=True)
                del given[beside]

    def _is_unused(self, name: str, given: dict[str, str]) -> bool:
        """Is there nothing, or only what the course handed out?"""
        path, theirs = self.folder / name, self.work.read(name)
        if theirs is None:
            return not path.exists()
        if given.get(name) == digest(path.read_bytes()):
            return True
        base = self.work.version(origin(theirs))
        return base is not None and not is_touched(theirs, base) and not was_run(theirs)

    # Lessons that have a new name ----------------------------------------------------------------

    def _follow_renames(self, sources: dict[str, Path], given: dict[str, str]) -> Iterator[str]:
        """The learner's notebooks get the new names, so that their answers go with the lesson."""
        lost = [name for name in given if name not in sources and not BESIDE.search(name)]
        for name in [name for name in sources if not (self.folder / name).exists()]:
            for old in filter(self.work.read, lost):
                if Path(old).parent == Path(name).parent and self._became(old, sources[name]):
                    (self.folder / old).rename(self.folder / name)
                    given[name] = given.pop(old)
                    lost.remove(old)
                    yield f"{old} has been renamed, in the course and here: {name}"
                    break

    def _became(self, old: str, source: Path) -> bool:
        theirs, new = self.work.read(old), loads(source.read_bytes())
        if theirs is None or new is None:
            return False
        base = self.work.version(origin(theirs))
        if base:
            return len(paired(base["cells"], new["cells"])) >= RENAMED * len(base["cells"])
        return share(new["cells"], theirs["cells"]) >= RENAMED
