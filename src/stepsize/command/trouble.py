"""What can go wrong in the setup, and what to do, in words for the learner."""

import os
import platform
import re
import shutil
import tempfile
from pathlib import Path

__all__ = ["Trouble", "meaning"]


class Trouble(Exception):
    """What went wrong and what to do, in words for the learner."""


KNOWN = [  # what a program says when it fails -> what that means; the first that fits counts
    (
        r"Errno 122\b|Disk quota exceeded|WinError 1295\b",
        "Your disk quota for {place} is used up. Delete what you no longer need.",
    ),
    (r"Errno 28\b|No space left|WinError 112\b", "The disk is full. Free space: {free}."),
    (
        "ensurepip is not",
        "This Python can't create environments. On Debian or Ubuntu: sudo apt install python3-venv",
    ),
    (
        "Long Path support",
        "The path of the course's folder is too long for Windows. Move it, for instance to"
        " C:\\stepsize.",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
        "A proxy or a virus scanner replaces this network's certificates. Try a different network,"
        " or set PIP_CERT\nto the file with its certificates.",
    ),
    (
        "(NewConnection|Timeout|Proxy|Protocol)Error|[Tt]imed out|IncompleteRead|getaddrinfo"
        "|Connection (aborted|reset|refused|broken)|[Nn]ame resolution|Network is unreachable",
        "There is no network, or the package index can't be reached. Check the connection (and"
        " the proxy,\nif you have one), then try again: what has been downloaded is kept.",
    ),
    (
        r"No matching distribution found for ([\w.-]+)",
        "There is no build of {0} for this machine, {machine}.\nThe course runs on 64-bit"
        " Windows, on macOS 14 or newer, on Linux with glibc 2.28 or newer.",
    ),
    (
        r"Errno (13|30)\b|WinError (5|32)\b|Permission denied",
        "You aren't allowed to write to {place}. Is the course open in another window? Close it"
        " there.\n"
        "If not, check that the folder belongs to you.",
    ),
]


def meaning(said: str, root: Path, failed: object = None) -> str:
    """What a program's failure with this output means; its last lines if that isn't known.

    failed: the path at which it failed, if known, because only that path's disk counts.
    """
    place = Path(os.fsdecode(failed)) if isinstance(failed, str | bytes) else None
    places = [_there(place)] if place else [root, *_temporary()]
    free = {where: shutil.disk_usage(where).free for where in places}
    facts = dict(
        place=place or root,
        free=", ".join(f"{amount // 10**6} MB in {where}" for where, amount in free.items()),
        machine=f"{platform.platform()}, Python {platform.python_version()}",
    )
    if free[places[0]] < 10**7 and not place:
        said += "No space left"  # programs don't always say that this was why
    for pattern, words in KNOWN:
        found = re.search(pattern, said)
        if found:
            return words.format(*found.groups(), **facts)
    return "That didn't work. The last lines of output were:\n\n" + "\n".join(
        said.splitlines()[-8:]
    )


def _there(path: Path) -> Path:
    """The nearest folder above it that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _temporary() -> list[Path]:
    """The folder for temporary files; none if all disks are full."""
    try:
        return [Path(tempfile.gettempdir())]
    except OSError:
        return []
