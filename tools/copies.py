"""The learner's copies of the course. An update of the course never overwrites an answer."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from .trouble import Trouble

__all__ = ["Copies", "digest", "write"]


@dataclass(frozen=True)
class Copies:
    """Those in `folder`, of the notebooks of `course`, the repository."""

    course: Path
    folder: Path

    @property
    def record(self) -> Path:
        """The digest of what the course last gave out, by name."""
        return self.folder / ".course.json"

    def hand_out(self) -> Iterator[str]:
        """Bring the folder up to date. Yields what the learner should know."""
        given = self._given()
        for folder, prefix in [("notebooks", ""), ("solutions", "solutions/")]:
            for source in sorted((self.course / folder).glob("*.ipynb")):
                name = prefix + source.name
                beside = self._give(name, source.read_bytes(), given)
                if beside:
                    kept = "Yours is kept, the new one is"
                    yield f"{name} is new in the course. {kept} {beside}"
        write(self.record, json.dumps(given, indent=1, sort_keys=True).encode())

    def last(self) -> str:
        """The notebook last worked on; the first, if none was."""
        given = self._given()
        names = sorted(name for name in given if "/" not in name and (self.folder / name).exists())
        if not names:
            raise Trouble(f"There are no notebooks in {self.course}. Clone the course again.")
        changed = [name for name in names if self._digest_of(name) != given[name]]
        ages = [(self.folder / name).stat().st_mtime for name in changed]
        return max(zip(ages, changed, strict=True), default=(0, names[0]))[1]

    def _give(self, name: str, new: bytes, given: dict[str, str]) -> str | None:
        """Put this version there; beside the learner's, if they changed theirs: that name."""
        version, before, theirs = digest(new), given.get(name), self._digest_of(name)
        given[name] = version
        if theirs in (None, before):  # thrown away, or as the course gave it
            write(self.folder / name, new)
            return None
        if version in (theirs, before):  # nothing new
            return None
        names = (name.replace(".ipynb", f".new{n}.ipynb") for n in chain([""], count(2)))
        beside = next(n for n in names if self._digest_of(n) in (None, version, given.get(n)))
        write(self.folder / beside, new)
        given[beside] = version
        return beside

    def _given(self) -> dict[str, str]:
        """What was given out. Where that is lost, all that is there counts as the learner's."""
        try:
            given = json.loads(self.record.read_bytes())
        except (OSError, ValueError):
            given = None
        return given if isinstance(given, dict) else {}

    def _digest_of(self, name: str) -> str | None:
        path = self.folder / name
        return digest(path.read_bytes()) if path.exists() else None


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(path: Path, data: bytes) -> None:
    """All of it or nothing, whenever the power goes."""
    if path.exists() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    half.write_bytes(data)
    os.replace(half, path)
