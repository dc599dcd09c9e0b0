"""What a repository held before; nothing if there is no git or no history."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from .cells import Cell, Notebook, content, matched, paired, share

__all__ = ["likeliest", "versions"]

PATIENCE = 60  # seconds
ENOUGH = 0.5  # share of identical cells: below it, a notebook isn't from that version


def versions(root: Path, name: str) -> list[bytes]:
    """All earlier contents of this file, oldest first, including those under its earlier names."""
    look = ["log", "--follow", "-m", "--diff-filter=d", "--name-only", "--format=commit %H"]
    places: list[str] = []
    try:
        for line in _git(root, *look, "--", name).decode().splitlines():
            if line.startswith("commit "):
                commit = line.removeprefix("commit ")
            elif line:
                places.append(f"{commit}:{line}\n")
        found = _git(root, "cat-file", "--batch", said="".join(reversed(places)).encode())
        return [*dict.fromkeys(_contents(found))]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []


def _git(root: Path, *command: str, said: bytes = b"") -> bytes:
    """Git's answer, even for a repository that isn't ours, without fetching anything."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= dict(GIT_NO_LAZY_FETCH="1", GIT_OPTIONAL_LOCKS="0")
    git = ["git", "-C", str(root), "-c", f"safe.directory={root}", *command]
    return subprocess.run(
        git, input=said, env=env, capture_output=True, check=True, timeout=PATIENCE
    ).stdout


def _contents(batch: bytes) -> Iterator[bytes]:
    """The objects in git's output, each after a line that ends in its length."""
    while batch:
        head, _, rest = batch.partition(b"\n")
        length = int(head.split()[-1])  # ValueError where one is missing
        yield rest[:length]
        batch = rest[length + 1 :]


def likeliest(notebook: Notebook, found: Iterable[Notebook]) -> Notebook | None:
    """Which of these it was made from: the one it differs from in the fewest cells."""
    cells = notebook["cells"]
    able = [version for version in found if share(version["cells"], cells) >= ENOUGH]
    return min(able, key=lambda version: _differences(version["cells"], cells), default=None)


def _differences(old: list[Cell], new: list[Cell]) -> int:
    """How many cells differ; one that was deleted or added counts twice."""
    pairs = matched(old, new, paired(old, new))
    changed = sum(content(old[i]) != content(new[j]) for j, i in pairs.items())
    return changed + 2 * (len(old) + len(new) - 2 * len(pairs))
