"""The course from a shell; `stepsize` is short for `python -m stepsize.command`.

    stepsize                     opens JupyterLab where you were, on your copies of the lessons in
                                 ./stepsize-course; --folder ELSEWHERE, --no-browser, --port 8899
    stepsize doctor              examines this machine, and says what to do
    stepsize diagnose run.log    says what ails one of your own runs; see diagnose --help
    stepsize guide               makes the instructor's guide, one file to read or print
    stepsize present 5           shows lesson 5 as slides, with working labs
    stepsize --version

A new version (pip install --upgrade stepsize) replaces what you haven't changed in your copies,
and keeps what you wrote.
"""

import importlib.metadata
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from stepsize.extras import require, words_for

from . import arguments
from .copies import Copies
from .lab import a_free_port, jupyterlab
from .places import chosen, is_learners, place
from .programs import environment, finish
from .sizes import CPU_INDEX, MEGABYTES, brings_cuda
from .trouble import Trouble, meaning

Words = Sequence[str]


def main(argv: Words | None = None) -> int | str:
    """The exit status, or what went wrong."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace", line_buffering=True)  # type: ignore[union-attr]
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in ("-h", "--help", "--version"):
        print(importlib.metadata.version("stepsize") if argv[0] == "--version" else __doc__)
        return 0
    name, rest = ("", argv) if not argv or argv[0].startswith("-") else (argv[0], argv[1:])
    if name not in COMMANDS:
        print(f"There is no command {name!r}.\n\n{__doc__}", file=sys.stderr)
        return 2
    try:
        return COMMANDS[name](rest)
    except Trouble as trouble:
        return str(trouble)
    except ModuleNotFoundError as error:
        if not words_for(error.name or ""):
            raise
        return str(error) if find_spec("torch") else f"{error}\n{what_comes(sys.platform)}"
    except OSError as error:
        return meaning(str(error), Path.cwd(), error.filename)
    except KeyboardInterrupt:
        return 130


def what_comes(system: str) -> str:
    """How big the course's packages are, told before the download."""
    fetched, needed = MEGABYTES["course"]
    if not brings_cuda(system):
        return f"This downloads about {fetched} MB, and needs {needed} MB of free disk space."
    much, more = MEGABYTES["cuda"]
    return (
        f"On Linux, PyTorch comes with CUDA: it downloads about {much} MB and needs {more} MB of "
        f"free disk space.\nWithout CUDA, it is {fetched} MB and {needed} MB. To leave it out, "
        f"add:\n\n    --extra-index-url {CPU_INDEX}"
    )


def open_course(words: Words) -> int:
    options = arguments.opening(words)
    require("jupyterlab", "ipywidgets", "anywidget", "matplotlib", "cloudpickle", "sklearn")
    port, folder = a_free_port(options.port), chosen(options.folder, Path.cwd())
    if not is_learners(folder):
        print(f"Your notebooks will be in a new folder: {folder}")
    copies = Copies(place().course, folder)
    for news in copies.hand_out():
        print(news)
    return jupyterlab(
        Path(sys.executable), folder, port, copies.last(), no_browser=options.no_browser
    )


def examine(words: Words) -> int:
    """Run it in a process without the user's settings, which writes to none of their folders."""
    arguments.doctor(words)
    require("jupyterlab", "jupyter_client", "psutil")
    command = [sys.executable, "-P", "-m", "stepsize.command.doctor", *words]
    with tempfile.TemporaryDirectory() as home:
        return finish(subprocess.Popen(command, env=environment(Path(home))))


def diagnose(words: Words) -> int:
    from stepsize.clinic.__main__ import main as read_and_say

    return read_and_say(list(words))


def make_guide(words: Words) -> int:
    options = arguments.guide(words)
    from . import guide

    return guide.main(options, chosen(options.folder, Path.cwd()) / "teaching")


def show_slides(words: Words) -> int:
    options = arguments.present(words)
    require("jupyterlab_slideshow", "jupyterlab", "nbformat")
    from . import present

    return present.main(options, chosen(options.folder, Path.cwd()) / "teaching")


COMMANDS: dict[str, Callable[[Words], int]] = {
    "": open_course,
    "doctor": examine,
    "diagnose": diagnose,
    "guide": make_guide,
    "present": show_slides,
}

if __name__ == "__main__":
    sys.exit(main())
