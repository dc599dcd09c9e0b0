"""Files that are written completely or not at all."""

import hashlib
import os
import time
from pathlib import Path

__all__ = ["digest", "sweep", "write"]

HOUR = 3600  # seconds, after which nobody is still writing it


def digest(data: bytes) -> str:
    """The digest of a file's contents."""
    return hashlib.sha256(data).hexdigest()


def write(path: Path, data: bytes, *, mtime: float | None = None) -> None:
    """Write all of it or nothing, even if the power fails or the disk is full.

    mtime: the file's modification time, by default now. Raises: OSError, which
    names the path.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        if path.is_file() and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with half.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if mtime is not None:
                os.utime(half, (mtime, mtime))
            os.replace(half, path)
        finally:
            half.unlink(missing_ok=True)
    except OSError as error:  # a disk that is full doesn't say which
        raise OSError(error.errno, error.strerror, str(path)) from None


def sweep(folder: Path) -> None:
    """Remove what a killed write has left behind."""
    for half in folder.glob(".*.half"):
        try:
            if time.time() - half.stat().st_mtime > HOUR:
                half.unlink()
        except OSError:  # another process is writing it right now
            pass
