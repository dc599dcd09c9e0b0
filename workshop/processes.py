"""One hub per folder at a time: the lock it holds, its processes, and how they are ended."""

import fcntl
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

MARK = "STEPSIZE_HUB"  # in the environment of the hub, its proxy and its services: its folder
PROGRAMS = {"hub.py", "jupyterhub_config.py"}  # what a hub's process runs, first and later
GENTLY, BY_FORCE = 20, 20  # seconds


class Trouble(Exception):
    """What prevents a hub from being started or stopped, in words."""


def take(state: Path) -> IO[str] | None:
    """This folder's lock, or None if somebody has it. A holder that ends or crashes loses it."""
    lock = (state / "hub.pid").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def sign(lock: IO[str]) -> None:
    """Record that this process is the hub, which holds as long as it has the lock."""
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def running(state: Path, lock: IO[str] | None) -> psutil.Process | None:
    """The hub that runs, or is being started, in this folder; lock: what take has just returned."""
    if lock:  # a hub started by an earlier version of the course holds no lock
        return next(filter(is_hub, marked(state)), None)
    with suppress(ValueError, psutil.NoSuchProcess):
        process = psutil.Process(int((state / "hub.pid").read_text()))
        if is_hub(process) and environment(process).get(MARK) in (None, str(state)):
            return process
    return None  # it hasn't signed yet, or runs in a container, with different process numbers


def is_at_work(hub: psutil.Process) -> bool:
    """Is it neither starting nor stopping? Its services come last and go first."""
    with suppress(psutil.Error):
        return any("jupyterhub_idle_culler" in child.cmdline() for child in hub.children())
    return False


def is_hub(process: psutil.Process) -> bool:
    """Is or will it be a hub? Only in our account: learners can name their programs anything."""
    with suppress(psutil.Error):
        names = {Path(word).name for word in process.cmdline()}
        return bool(names & PROGRAMS) and process.uids().real == os.getuid()
    return False


def works(process: psutil.Process) -> bool:
    """Is it running, and not a zombie?"""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def others() -> list[psutil.Process]:
    return [p for p in psutil.process_iter() if p.pid != os.getpid() and works(p)]


def environment(process: psutil.Process) -> dict[str, str]:
    """Empty where the system doesn't show it."""
    with suppress(psutil.Error, OSError):
        return process.environ()
    return {}


def marked(state: Path) -> list[psutil.Process]:
    """The hub of this folder, and what it has started for itself."""
    found = [p for p in others() if environment(p).get(MARK) == str(state)]
    for process in tuple(found):
        with suppress(psutil.NoSuchProcess):  # the board's judge doesn't even know whose it is
            found += filter(works, process.children())
    return found


def of_accounts(numbers: set[int]) -> list[psutil.Process]:
    return [p for p in others() if real_account(p) in numbers]


def real_account(process: psutil.Process) -> int | None:
    with suppress(psutil.NoSuchProcess):
        return process.uids().real
    return None


def at_home(homes: Iterable[Path]) -> list[psutil.Process]:
    """The processes of one account that were given one of these homes."""
    known = set(map(str, homes))
    return [p for p in others() if environment(p).get("HOME") in known]


def end(
    find: Callable[[], list[psutil.Process]], gently: float | None = None
) -> list[psutil.Process]:
    """End whatever is found until nothing is left, gently at first. Returns what can't be ended."""
    gently = GENTLY if gently is None else gently
    begun, asked = time.monotonic(), set()
    while found := find():
        waited = time.monotonic() - begun
        if waited > gently + BY_FORCE:
            break
        for process in found:
            with suppress(psutil.Error):
                if waited > gently:
                    process.kill()
                elif process not in asked:
                    asked.add(process)
                    process.terminate()
        time.sleep(0.2)
    return found


def named(processes: list[psutil.Process]) -> str:
    """The processes by name, for a sentence that says what is left."""
    words = []
    for process in processes:
        with suppress(psutil.Error):
            program = " ".join(Path(word).name for word in process.cmdline()[:2])
            words.append(f"{program} (process {process.pid})")
    return ", ".join(words)
