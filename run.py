"""Sets up the course and opens it. All you need beforehand is Python and git.

    python run.py          opens JupyterLab where you were; --no-browser, --port 8899
    python run.py test     runs all tests; anything after it goes to pytest: test -k adam
                           test --quick: only what checks a rule, while you work on one
    python run.py doctor   examines this machine, and says what to do
    python run.py hub      starts a server for a whole class, to try out: workshop/README.md
    python run.py bench    compares speed with torch, Keras and Optax: benchmarks/RESULTS.md
    python run.py guide    makes the instructor's guide, one file to read or print
    python run.py present 5    shows lesson 5 as slides, with working labs
    python run.py site     builds the course as a static site, in site/, and opens it
                           --exercises: with notebooks that run in the browser, in JupyterLite

You work on copies, in my-work/. An update of the course (git pull) replaces what you haven't
changed in them, and keeps what you wrote.
"""
# Pythons back to 2.7 can read this file and be told why they won't do: ASCII, and no f-strings.

from __future__ import print_function

import sys

OLDEST, NEWEST = (3, 11), (3, 14)  # the newest is the last that the pinned PyTorch has builds for

if not OLDEST <= sys.version_info[:2] <= NEWEST:
    sys.exit(
        "Python %d.%d or newer (up to %d.%d) is needed, this is %d.%d.%d; get it from python.org"
        % (OLDEST + NEWEST + tuple(sys.version_info[:3]))
    )

import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(os.path.abspath(__file__)).parent
# These modules need nothing but Python. The package around them needs NumPy, which isn't there yet.
sys.path.insert(0, str(ROOT / "src" / "stepsize"))
from command import arguments
from command.files import digest
from command.lab import a_free_port
from command.programs import environment, finish
from command.sizes import CPU_INDEX, MEGABYTES, brings_cuda, torch_has_builds
from command.trouble import Trouble, meaning

VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOG = VENV / "setup.log"
STAMP = VENV / "set-up.txt"  # written last: without it, the setup was interrupted
PINS = ROOT / "constraints.txt"
THE_COURSES = ["-P", "-m", "stepsize.command"]  # the same command as in a wheel
DOCTOR = """
import sys
sys.path.insert(0, sys.argv.pop(1))  # no package around it, so a broken NumPy can be named
from command.doctor import main
sys.exit(main())
"""
PATIENCE = 20  # seconds for that index to answer


def main(argv):
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.stderr.reconfigure(errors="replace")
    name, rest = ("", argv) if not argv or argv[0].startswith("-") else (argv[0], argv[1:])
    if argv[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if name not in COMMANDS:
        sys.stderr.write("There is no command %r.\n\n%s" % (name, __doc__))
        return 2
    try:
        if name in arguments.READ:
            arguments.READ[name](rest)  # wrong ones are reported now, not after a setup
        return COMMANDS[name](rest)
    except Trouble as trouble:
        return str(trouble)
    except OSError as error:
        return meaning(str(error), ROOT, error.filename)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Run the same command again to go on from here.\n")
        return 130


# The commands ------------------------------------------------------------------------------------


def open_course(args):
    a_free_port(arguments.opening(args).port)
    return start("", THE_COURSES, args)


def pass_tests(args):
    set_up("dev,bench,workshop,teach,site")  # claims about Keras, Optax and the hub are tested
    # Each worker takes a file at a time, so that what a file starts is started once. Quick files
    # start nothing, and one is most of the work; elsewhere, marks say what belongs together.
    # There is one worker more than cores, because many wait for a browser or a server. Files keep
    # their order, because by number of tests the longest would come last. One thread each.
    by = "worksteal" if "--quick" in args else "loadgroup" if "elsewhere" in args else "loadfile"
    shared = ["-n", str(min(os.cpu_count() or 1, 4) + 1), "--dist", by, "--no-loadscope-reorder"]
    command = [str(PYTHON), "-m", "pytest"] + shared + args
    env = dict(environment(VENV), OMP_NUM_THREADS="1")
    return finish(subprocess.Popen(command, cwd=str(ROOT), env=env))


def run_benchmarks(args):
    set_up("bench")
    command = [str(PYTHON), "-m", "benchmarks"] + args
    return finish(subprocess.Popen(command, cwd=str(ROOT), env=environment(VENV)))


def examine(args):
    if not version_of_venv():
        print("The course isn't set up yet. First run: python run.py")
        announce("course")
        free = shutil.disk_usage(str(ROOT)).free / 1e9
        print("%.1f GB of disk space is free here." % free)
        return 1
    command = [str(PYTHON), "-c", DOCTOR, str(ROOT / "src" / "stepsize")] + args
    with tempfile.TemporaryDirectory() as home:  # because the course's folder may be read-only
        return finish(subprocess.Popen(command, env=environment(Path(home))))


def serve_a_class(args):
    if os.name == "nt":
        raise Trouble("JupyterHub doesn't run on Windows. Use Linux, or WSL: workshop/README.md")
    return start("workshop", [ROOT / "workshop" / "hub.py"], args)


def make_guide(args):
    return start("teach", [ROOT / "tools" / "guide.py"], args)


def present(args):
    a_free_port(arguments.present(args).port)
    return start("teach", THE_COURSES + ["present"], args)


def make_site(args):
    return start("site", [ROOT / "tools" / "site"], args)


def start(extras, program, args):
    set_up(extras)
    command = [str(PYTHON)] + [str(word) for word in program] + args
    return finish(subprocess.Popen(command, env=environment(VENV)))


COMMANDS = {
    "": open_course,
    "test": pass_tests,
    "doctor": examine,
    "hub": serve_a_class,
    "bench": run_benchmarks,
    "guide": make_guide,
    "present": present,
    "site": make_site,
}


# The environment ---------------------------------------------------------------------------------


def set_up(extras=""):
    """Make .venv hold the pinned versions. If it already does, this takes no time."""
    python, wanted = version_of_venv(), set(["course"] + extras.split(",")) - {""}
    held = held_extras(python)
    if held is not None and wanted <= held:
        return
    began = time.monotonic()
    if held is not None:
        print("This needs a few more packages in .venv. Installing them.")
    elif python and STAMP.exists():
        print("The course has changed or moved. Updating .venv.")
    else:
        print("Installing the course's packages into .venv. This happens only once.")
        announce(extras or "course")
        make_venv()
    pinned = ["--only-binary=:all:", "-c", str(PINS)]
    pip(pinned + ["hatchling"], "the build tools")
    if brings_cuda(sys.platform) and not pip(torch_for_cpu(), "PyTorch", give_up_after=PATIENCE):
        print("Can't reach PyTorch's CPU builds. You may get the standard build, with CUDA:")
        announce("cuda")
    if not torch_has_builds(sys.platform, platform.machine()):
        print("PyTorch has no builds for this machine. The course works without it: cells that")
        print("need it show what they showed when the course was made.")
    both = ",".join(sorted(wanted | (held or set())))
    pip(pinned + ["--no-build-isolation", "-e", ".[%s]" % both], "the rest")
    STAMP.write_text("%s %s\n" % (fingerprint(version_of_venv()), both), encoding="utf-8")
    print("Done in %.0f s. The next start takes seconds." % (time.monotonic() - began))


def version_of_venv():
    """The version of its Python; empty if that is gone, was replaced, or has no pip yet."""
    ask = [str(PYTHON), "-c", "import pip, sys; print(sys.version_info[:2])"]
    try:
        return subprocess.run(ask, capture_output=True, env=environment(VENV), check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""


def held_extras(python):
    """The extras that .venv was set up with; None if that isn't what is pinned now."""
    stamp = STAMP.read_text(errors="replace", encoding="utf-8").split() if STAMP.exists() else []
    if not python or stamp[:1] != [fingerprint(python)]:
        return None
    return set(",".join(stamp[1:]).split(",")) - {""}


def fingerprint(python):
    """A hash of everything that decides what .venv holds, its path included."""
    parts = [PINS.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), os.fsencode(ROOT), python]
    return digest(b"\0".join(parts))


def announce(what):
    fetched, needed = MEGABYTES[what]
    print("This downloads about %d MB. On an ordinary connection, allow a few minutes." % fetched)
    free = shutil.disk_usage(VENV if VENV.exists() else ROOT).free // 10**6
    if free < needed:
        raise Trouble("There isn't enough disk space: %d MB needed, %d MB free." % (needed, free))


def make_venv():
    python = getattr(sys, "_base_executable", None) or sys.executable
    make = [python, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(make, capture_output=True, env=environment(VENV))
    if made.returncode:
        raise Trouble(meaning((made.stdout + made.stderr).decode("utf-8", "replace"), ROOT))


def torch_for_cpu():
    pin = re.search(r"^torch==[^\s;]+", PINS.read_text(encoding="utf-8"), re.M).group()
    return ["--no-deps", pin, "--index-url", CPU_INDEX, "--timeout", "10", "--retries", "1"]


def pip(args, what, give_up_after=None):
    """Install, and report progress. Trouble if it fails; False if it is allowed to give up."""
    start = LOG.stat().st_size if LOG.exists() else 0
    command = [str(PYTHON), "-m", "pip", "install", "--progress-bar=off"] + args
    began = time.monotonic()
    status("  %s" % what)
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            command, cwd=str(ROOT), env=environment(VENV), stdout=log, stderr=log, stdin=-3
        )
    try:
        while process.poll() is None:
            time.sleep(0.2)
            said, seconds = log_since(start), time.monotonic() - began
            status("  %s: %s (%.0f s)" % (what, doing(said), seconds), lasting=False)
            if give_up_after and seconds > give_up_after and not has_answered(said):
                process.kill()
    finally:
        status("", lasting=False)
        try:
            process.wait(10)  # it gets Ctrl-C, too, and cleans up
        except subprocess.TimeoutExpired:
            process.kill()
    said = log_since(start)
    if process.returncode and (has_answered(said) or not give_up_after):
        raise Trouble("%s\nThe whole log: %s" % (meaning(said, ROOT), LOG))
    return process.returncode == 0


def log_since(start):
    return LOG.read_bytes()[start:].decode("utf-8", "replace")


def has_answered(said):
    """Has pip found a package? Until then, it only says where it looks."""
    return re.search("^(Collecting|Processing) ", said, re.M) is not None


def doing(said):
    """What pip is doing, from its last line that says so."""
    for line in reversed(said.splitlines()):
        fetching = re.match(r"\s*(?:Downloading|Using cached) (?:\S*/)?([^-\s]+)\S*(.*)", line)
        if fetching:
            return "fetching %s%s" % fetching.groups()
        if line.startswith("Installing collected packages"):
            return "unpacking"
        if "Retrying" in line:
            return "no answer from the network, trying again"
    return "looking"


def status(text, lasting=True):
    """A line that the next one overwrites; in a file, only lines that last."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        sys.stdout.write("\r" + " " * width + "\r" + text[:width])
        sys.stdout.flush()
    elif lasting:
        print(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
