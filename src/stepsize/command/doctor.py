"""Examine this machine, in seconds: will the course run on it?

Each examination returns what it found, or raises Ill, which says what to do.
"""

import errno
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import arguments
from .copies import Copies
from .places import chosen, place
from .trouble import meaning

if TYPE_CHECKING:  # it comes with packages that may be broken
    from packaging.specifiers import SpecifierSet

MEMORY, FREE, DISK = 3.0, 1.0, 0.5  # GB: memory in all, memory unused, disk
ROOM = 10**6  # bytes that must fit into my-work
PATIENCE = 180  # seconds for a kernel to start; slow after a setup, or on a busy machine
NEEDED = ("numpy", "matplotlib", "ipywidgets", "anywidget", "jupyterlab", "scikit-learn", "torch")


Examination = Callable[[], str]


class Ill(Exception):
    """What is wrong, and what to do."""


def python() -> str:
    if not (3, 11) <= sys.version_info[:2] <= (3, 14):
        raise Ill(
            f"Python {platform.python_version()}: the course needs 3.11 to 3.14, from python.org."
        )
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def memory(total: float | None = None, free: float | None = None) -> str:
    """total, free: GB, or None to ask the machine."""
    if total is None or free is None:
        import psutil

        now = psutil.virtual_memory()
        total, free = now.total / 1e9, now.available / 1e9
    if total < MEMORY:
        raise Ill(f"{total:.1f} GB of memory: lesson 8 needs {MEMORY:g} GB. Use a bigger machine.")
    if free < FREE:
        raise Ill(f"Only {free:.1f} of {total:.0f} GB of memory is free: close other programs.")
    return f"{total:.0f} GB of memory, {free:.0f} GB free"


def disk(free: float | None = None) -> str:
    """free: GB, or None to ask the machine."""
    if free is None:
        free = shutil.disk_usage(place().course).free / 1e9
    if free < DISK:
        raise Ill(f"Only {free:.1f} GB of disk space is free: make room for {DISK:g} GB.")
    return f"{free:.0f} GB of disk space free"


def folder(work: Path) -> str:
    """The learner's folder. If it doesn't exist, it is created as a test, and removed again."""
    new = not work.exists()
    try:
        work.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=work) as file:
            file.write(bytes(ROOM))
            file.flush()
        if new:
            work.rmdir()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Ill(meaning(str(error), work.parent, str(work))) from None
        fix = _elsewhere("a folder that you own")
        raise Ill(f"{work} can't be written to ({error.strerror}). {fix}") from None
    if os.name == "nt" and len(str(work)) > 150:
        fix = _elsewhere("a folder with a shorter path, such as C:\\dev")
        raise Ill(f"The path {work} is too long for Windows. {fix}")
    if "onedrive" in str(work).lower():
        fix = _elsewhere("a folder outside of it")
        raise Ill(f"{work} is in OneDrive, which can lock files. {fix}")
    return f"{work.name} can be written to"


def _elsewhere(where: str) -> str:
    return f"Move the course to {where}." if place().clone else f"Name {where} with --folder."


def notebooks(work: Path, course: Path | None = None) -> str:
    """Can the learner's notebooks be opened? course: where the originals are; by default, here."""
    copies = Copies(course or place().course, work)
    names = copies.work.names()
    damaged = [name for name in names if copies.work.is_damaged(name)]
    courses = [name for name in damaged if name in copies.sources()]
    if damaged:
        fix = "Delete them, or move them elsewhere."
        if courses:
            keeps = "It keeps the damaged file and puts a working one beside it."
            fix = f"Run: {place().command}. {keeps}"
        raise Ill(
            f"{work.name} has damaged notebooks that can't be opened: "
            f"{', '.join(courses or damaged)}. {fix}"
        )
    if not names:
        return f"{work.name} is still empty"
    return f"{len(names)} notebooks in {work.name} can be opened"


def packages(versions: dict[str, str] | None = None) -> str:
    """versions: those that are installed, or None to ask Python."""
    wanted = _pinned() if place().clone else _admitted()
    for name in wanted:
        try:
            found = versions[name] if versions else importlib.metadata.version(name)
        except (KeyError, importlib.metadata.PackageNotFoundError):
            if name == "torch":
                continue  # some machines have no builds; see `torch` below
            fix = f"Run: {place().command}" if place().clone else place().mend
            raise Ill(f"{name} is missing. {fix}") from None
        if not wanted[name].contains(found, prereleases=True):
            instead = str(wanted[name]).removeprefix("==")
            raise Ill(f"{name} is {found} instead of {instead}. {place().mend}")
    return f"{len(wanted)} packages, in the course's versions"


def _pinned() -> "dict[str, SpecifierSet]":
    """The versions that a clone installs, one of each."""
    from packaging.specifiers import SpecifierSet

    pins = (place().course / "constraints.txt").read_text(encoding="utf-8")
    versions = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", pins, re.MULTILINE))
    return {name: SpecifierSet(f"=={versions[name]}") for name in NEEDED}


def _admitted() -> "dict[str, SpecifierSet]":
    """The versions that the wheel asks for on this machine."""
    from packaging.requirements import Requirement

    needs = map(Requirement, importlib.metadata.requires("stepsize") or [])
    here = [need for need in needs if not need.marker or need.marker.evaluate({"extra": "course"})]
    return {need.name: need.specifier for need in here if need.name in NEEDED}


def extensions(prefix: str = sys.prefix) -> str:
    """What JupyterLab needs in the browser to draw a lab; without it, only text appears."""
    folder = Path(prefix) / "share" / "jupyter" / "labextensions"
    for name in ("@jupyter-widgets/jupyterlab-manager", "anywidget"):
        if not (folder / name / "package.json").exists():
            raise Ill(
                f"JupyterLab can't draw labs: {name} is missing from {folder}. {place().mend}"
            )
    return "JupyterLab can draw labs"


def torch() -> str:
    if importlib.util.find_spec("torch") is None:
        return "no PyTorch: cells that need it show what they showed when the course was made"
    try:
        import torch
    except (ImportError, OSError) as error:
        fix = place().mend
        if os.name == "nt":
            fix = "Install the Visual C++ Redistributable from aka.ms/vs/17/release."
        raise Ill(f"PyTorch can't be loaded ({error}). {fix}") from None
    if float(torch.ones(3).sum()) != 3:
        raise Ill(f"PyTorch can't add. {place().mend}")
    return f"PyTorch {torch.__version__}"


def browser() -> str:
    try:
        webbrowser.get()
    except webbrowser.Error:  # on a server, that is fine
        return "no browser here: open the address that the course prints yourself"
    return "a browser"


SLIDER = """
from stepsize import labs
lab = labs.learning_rate()
slider = next(control for control in lab.controls.values() if hasattr(control, "max"))
said, before = lab.sentence, slider.value
print(slider.comm.comm_id, before)
"""


def kernel(name: str = "python3") -> str:
    """Start a kernel, make a lab in it, and move its slider as a browser would."""
    from jupyter_client.manager import start_new_kernel

    began = time.monotonic()
    try:
        manager, client = start_new_kernel(PATIENCE, name, stderr=subprocess.DEVNULL)
    except Exception as error:
        fix = "A firewall or virus scanner may block Python on localhost: allow it, and try again."
        raise Ill(f"No kernel starts ({type(error).__name__}: {error}). {fix}") from None
    try:
        comm, value = _say(client, SLIDER).split()
        state = dict(method="update", state=dict(value=float(value) / 2), buffer_paths=[])
        message = client.session.msg("comm_msg", dict(comm_id=comm, data=state))
        client.shell_channel.send(message)
        moved = _say(client, "print(slider.value < before, lab.sentence != said)").split()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if moved != ["True", "True"]:
        raise Ill(f"A slider moved, but its lab didn't react. Run: {place().command}")
    return f"a kernel starts, and a slider moves its lab ({time.monotonic() - began:.0f} s)"


def _say(client: Any, code: str) -> str:
    """What this code prints in the kernel."""
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=PATIENCE)
    if reply["content"]["status"] != "ok":
        failed = f"{reply['content']['ename']}: {reply['content']['evalue']}"
        raise Ill(f"A lab fails: {failed}. Run: {place().command}")
    return "".join(said)


def examinations(work: Path) -> list[Examination]:
    of_work = [partial(folder, work), partial(notebooks, work)]
    return [python, memory, disk, *of_work, packages, extensions, torch, browser, kernel]


def examine(examinations: Iterable[Examination]) -> int:
    """Print a line for each; return 0 if all is well, 1 if something has to be done."""
    ills, began = 0, time.monotonic()
    for examination in examinations:
        try:
            print("ok      ", examination())
        except Ill as ill:
            ills += 1
            print("TO DO   ", ill)
    print(f"\nExamined in {time.monotonic() - began:.0f} s.", end=" ")
    print(
        "All is well." if not ills else f"Things to do: {ills}. Then run: {place().command} doctor"
    )
    return int(bool(ills))


def main() -> int:
    return examine(examinations(chosen(arguments.doctor().folder, Path.cwd())))


if __name__ == "__main__":
    sys.exit(main())
