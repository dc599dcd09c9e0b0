"""What lay in a repository before. Where there is no git, or no history, that is nothing."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from .cells import Cell, Notebook, content, matched, paired, share

__all__ = ["likeliest", "versions"]

PATIENCE = 60  # seconds
ENOUGH = 0.5  # of its cells, word for word: from there on, a notebook may come from a version


def versions(root: Path, name: str) -> list[bytes]:
    """The contents that this file has had, oldest first; under its earlier names, too."""
    places: dict[str, None] = {}  # each once, in order
    look = ["log", "--follow", "-m", "--diff-filter=d", "--name-only", "--format=commit %H"]
    try:
        for line in _git(root, *look, "--", name).decode().splitlines():
            if line.startswith("commit "):
                commit = line.removeprefix("commit ")
            elif line:
                places[f"{commit}:{line}"] = None
        found = (_git(root, "cat-file", "blob", place) for place in reversed(places))
        return [*dict.fromkeys(found)]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []


def _git(root: Path, *command: str) -> bytes:
    """What git says; of a repository of another account, too, and without fetching anything."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= dict(GIT_NO_LAZY_FETCH="1", GIT_OPTIONAL_LOCKS="0")
    git = ["git", "-C", str(root), "-c", f"safe.directory={root}", *command]
    return subprocess.run(git, capture_output=True, check=True, env=env, timeout=PATIENCE).stdout


def likeliest(notebook: Notebook, found: Iterable[Notebook]) -> Notebook | None:
    """Which of these it was made from: the one that it differs from in the fewest cells."""
    cells = notebook["cells"]
    able = [version for version in found if share(version["cells"], cells) >= ENOUGH]
    return min(able, key=lambda version: _differences(version["cells"], cells), default=None)


def _differences(old: list[Cell], new: list[Cell]) -> int:
    """A cell that was changed counts once, one that was deleted or added twice."""
    pairs = matched(old, new, paired(old, new))
    changed = sum(content(old[i]) != content(new[j]) for j, i in pairs.items())
    return changed + 2 * (len(old) + len(new) - 2 * len(pairs))
