"""Sets the course up and opens it. Nothing is needed before but Python and git.

    python run.py          opens JupyterLab where you were; --no-browser, --port 8899
    python run.py test     passes all tests; what follows goes to pytest: test -k adam
    python run.py doctor   examines this machine, and says what helps
    python run.py hub      a server for a whole class, to try: see workshop/README.md
    python run.py bench    times it all against torch, Keras and Optax: benchmarks/RESULTS.md
    python run.py guide    makes the instructor's guide, one file to read or print
    python run.py present 5    shows lesson 5 as slides, its labs at work

You work in copies, in my-work/. An update of the course (git pull) overwrites no answer.
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

import argparse
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from itertools import chain, count
from pathlib import Path
from urllib.parse import quote

ROOT = Path(os.path.abspath(__file__)).parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOG = VENV / "setup.log"
STAMP = VENV / "set-up.txt"  # written last: without it, the set-up was broken off
PINS = ROOT / "constraints.txt"
JUPYTER = ROOT / "tools" / "jupyter"  # its settings: no news, no prompts, no delay
MY_WORK = ROOT / "my-work"
RECORD = MY_WORK / ".course.json"  # the digest of what the course last gave out, by name

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PATIENCE = 20  # seconds in which that index has to answer
MEGABYTES = {  # fetched, needed on disk
    "": (340, 2200),
    "dev": (430, 2700),
    "dev,bench,workshop,teach": (630, 3700),
    "bench": (440, 2700),
    "teach": (340, 2200),
    "cuda": (2900, 10000),
    "workshop": (440, 2800),
}


class Trouble(Exception):
    """What went wrong and what helps, in words for the learner."""


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
        return COMMANDS[name](rest)
    except Trouble as trouble:
        return str(trouble)
    except OSError as error:
        return meaning(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. The same command goes on from here.\n")
        return 130


# The commands ------------------------------------------------------------------------------------


def open_course(args):
    parser = argparse.ArgumentParser(prog="python run.py")
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args(args)
    port = a_free_port(options.port)
    set_up()
    for news in hand_out():
        print(news)
    return jupyterlab(port, where_they_were(), options.no_browser)


def pass_tests(args):
    set_up("dev,bench,workshop,teach")  # what is said of Keras, Optax and the hub is tested
    # A file a time on each core; and no core is fought for by the threads of two.
    shared = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
    command = [str(PYTHON), "-m", "pytest"] + shared + args
    env = dict(environment(VENV), OMP_NUM_THREADS="1")
    return finish(subprocess.Popen(command, cwd=str(ROOT), env=env))


def run_benchmarks(args):
    set_up("bench")
    command = [str(PYTHON), "-m", "benchmarks"] + args
    return finish(subprocess.Popen(command, cwd=str(ROOT), env=environment(VENV)))


def examine(args):
    if not version_of_venv():
        print("The course isn't set up yet. Do that first: python run.py")
        announce("")
        free = shutil.disk_usage(str(ROOT)).free / 1e9
        print("Here, %.1f GB of disk are free." % free)
        return 1
    command = [str(PYTHON), str(ROOT / "tools" / "doctor.py")] + args
    return finish(subprocess.Popen(command, cwd=str(ROOT), env=environment(VENV)))


def serve_a_class(args):
    if os.name == "nt":
        raise Trouble("JupyterHub doesn't run on Windows. Take Linux, or WSL: workshop/README.md")
    return start("workshop", ROOT / "workshop" / "hub.py", args)


def make_guide(args):
    return start("teach", ROOT / "tools" / "guide.py", args)


def present(args):
    return start("teach", ROOT / "tools" / "present.py", args)


def start(extras, program, args):
    set_up(extras)
    command = [str(PYTHON), str(program)] + args
    return finish(subprocess.Popen(command, cwd=str(ROOT), env=environment(VENV)))


COMMANDS = {
    "": open_course,
    "test": pass_tests,
    "doctor": examine,
    "hub": serve_a_class,
    "bench": run_benchmarks,
    "guide": make_guide,
    "present": present,
}


# The environment ---------------------------------------------------------------------------------


def set_up(extras=""):
    """Make .venv hold the pinned versions. Where it does already, this takes no time."""
    python, wanted = version_of_venv(), set(extras.split(",")) - {""}
    held = held_extras(python)
    if held is not None and wanted <= held:
        return
    began = time.monotonic()
    if held is not None:
        print("For this, more packages are put into .venv.")
    elif python and STAMP.exists():
        print("The course has changed, or has moved; .venv is brought up to date.")
    else:
        print("The course's packages are put into .venv. This is done once.")
        announce(extras)
        make_venv()
    pinned = ["--only-binary=:all:", "-c", str(PINS)]
    pip(pinned + ["flit_core"], "what builds the course")
    if brings_cuda(sys.platform) and not pip(torch_for_cpu(), "PyTorch", give_up_after=PATIENCE):
        print("PyTorch's CPU builds can't be reached. The usual one may come, with CUDA:")
        announce("cuda")
    if not torch_has_builds(sys.platform, platform.machine()):
        print("PyTorch has no builds for this machine: the lessons that train with it won't run.")
    pip(pinned + ["--no-build-isolation", "-e", ".[%s]" % extras if extras else "."], "the rest")
    both = ",".join(sorted(wanted | (held or set())))
    STAMP.write_text("%s %s\n" % (fingerprint(version_of_venv()), both))
    print("Done in %.0f s. The next start takes seconds." % (time.monotonic() - began))


def version_of_venv():
    """Its Python's; empty where that has vanished, was replaced by another, or has no pip yet."""
    ask = [str(PYTHON), "-c", "import pip, sys; print(sys.version_info[:2])"]
    try:
        return subprocess.run(ask, capture_output=True, env=environment(VENV), check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""


def held_extras(python):
    """Those that .venv was set up with; None where that is not what is pinned now."""
    stamp = STAMP.read_text(errors="replace").split() if STAMP.exists() else []
    if not python or stamp[:1] != [fingerprint(python)]:
        return None
    return set(",".join(stamp[1:]).split(",")) - {""}


def fingerprint(python):
    """Of all that decides what .venv holds; its place too, for the course is installed by path."""
    parts = [PINS.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), os.fsencode(ROOT), python]
    return digest(b"\0".join(parts))


def announce(what):
    fetched, needed = MEGABYTES[what]
    print("About %d MB are fetched; on a usual line, a few minutes." % fetched)
    free = shutil.disk_usage(ROOT).free // 10**6
    if free < needed:
        raise Trouble("The disk is too full: %d MB are needed, %d are free." % (needed, free))


def make_venv():
    python = getattr(sys, "_base_executable", None) or sys.executable
    make = [python, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(make, capture_output=True, env=environment(VENV))
    if made.returncode:
        raise Trouble(meaning((made.stdout + made.stderr).decode("utf-8", "replace")))


def brings_cuda(system):
    """Does a plain install of torch bring gigabytes that a laptop can't use?"""
    return system == "linux"


def torch_has_builds(system, machine):
    """As torch's marker in pyproject.toml says."""
    return (system, machine) not in [("darwin", "x86_64"), ("win32", "ARM64")]


def torch_for_cpu():
    pin = re.search(r"^torch==[^\s;]+", PINS.read_text(), re.M).group()
    return ["--no-deps", pin, "--index-url", CPU_INDEX, "--timeout", "10", "--retries", "1"]


def pip(args, what, give_up_after=None):
    """Install, saying what is being done. Was it? Trouble if not; False if allowed to give up."""
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
            process.wait(10)  # it hears Ctrl-C too, and cleans up
        except subprocess.TimeoutExpired:
            process.kill()
    said = log_since(start)
    if process.returncode and (has_answered(said) or not give_up_after):
        raise Trouble("%s\nThe whole log: %s" % (meaning(said), LOG))
    return process.returncode == 0


def log_since(start):
    return LOG.read_bytes()[start:].decode("utf-8", "replace")


def has_answered(said):
    """Has pip found a package? Until then it says no more than where it looks."""
    return re.search("^(Collecting|Processing) ", said, re.M) is not None


def doing(said):
    """What pip is at: its last line that tells."""
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
    """A line that the next one is written over; in a file, only what lasts."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        sys.stdout.write("\r" + " " * width + "\r" + text[:width])
        sys.stdout.flush()
    elif lasting:
        print(text)


KNOWN = [  # what is said when something fails, and what that means; the first that fits
    (r"Errno (28|122)\b|No space left|WinError 112\b", "The disk is full. Free: {free}."),
    (
        "ensurepip is not",
        "This Python can't make environments. On Debian and Ubuntu: sudo apt install python3-venv",
    ),
    (
        "Long Path support",
        "The course's folder has too long a path for Windows. Move it, to C:\\stepsize say.",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
        "A proxy or a virus scanner exchanges this network's certificates. Try another network, or"
        " set PIP_CERT\nto the file with its certificates.",
    ),
    (
        "(NewConnection|Timeout|Proxy|Protocol)Error|[Tt]imed out|IncompleteRead|getaddrinfo"
        "|Connection (aborted|reset|refused|broken)|[Nn]ame resolution|Network is unreachable",
        "The network is gone, or the package index can't be reached. Look after the connection (and"
        " the proxy,\nif you have one), then start again: what was fetched is kept.",
    ),
    (
        r"No matching distribution found for ([\w.-]+)",
        "There is no build of {0} for this machine, {machine}.\nThe course runs on 64-bit"
        " Windows, on macOS 14 or newer, on Linux with glibc 2.28 or newer.",
    ),
    (
        r"Errno (13|30)\b|WinError (5|32)\b|Permission denied",
        "Writing in {root} is not allowed. Is the course open in another window? Close it there.\n"
        "Else see that the folder is yours.",
    ),
]


def meaning(said):
    """What it means that a program failed saying this; its last words, where that isn't known."""
    places = [str(ROOT), tempfile.gettempdir()]
    facts = dict(
        root=ROOT,
        free=", ".join("%d MB in %s" % (shutil.disk_usage(p).free // 10**6, p) for p in places),
        machine="%s, Python %s" % (platform.platform(), platform.python_version()),
    )
    if shutil.disk_usage(str(ROOT)).free < 10**7:
        said += "No space left"  # a program does not always say that this was why
    for pattern, words in KNOWN:
        found = re.search(pattern, said)
        if found:
            return words.format(*found.groups(), **facts)
    return "That did not work. The last that was said:\n\n" + "\n".join(said.splitlines()[-8:])


# The learner's copies ----------------------------------------------------------------------------


def hand_out():
    """Bring my-work/ up to date, and never over an answer. Yields what the learner should know."""
    given = read_record()
    for folder, prefix in [("notebooks", ""), ("solutions", "solutions/")]:
        for source in sorted((ROOT / folder).glob("*.ipynb")):
            name = prefix + source.name
            beside = give(name, source.read_bytes(), given)
            if beside:
                yield "%s is new in the course. Yours is kept, the new one is %s" % (name, beside)
    write(RECORD, json.dumps(given, indent=1, sort_keys=True).encode())


def give(name, new, given):
    """Put this version into my-work/; beside the learner's, if they changed theirs: that name."""
    version, before, theirs = digest(new), given.get(name), digest_of(name)
    given[name] = version
    if theirs in (None, before):  # thrown away, or as the course gave it
        write(MY_WORK / name, new)
        return None
    if version in (theirs, before):  # nothing new
        return None
    names = (name.replace(".ipynb", ".new%s.ipynb" % n) for n in chain([""], count(2)))
    beside = next(n for n in names if digest_of(n) in (None, version, given.get(n)))
    write(MY_WORK / beside, new)
    given[beside] = version
    return beside


def where_they_were():
    """The notebook last worked on; the first, if none was."""
    given = read_record()
    names = sorted(name for name in given if "/" not in name and (MY_WORK / name).exists())
    if not names:
        raise Trouble("There are no notebooks in %s. Clone the course again." % ROOT)
    changed = [name for name in names if digest_of(name) != given[name]]
    return max(changed, key=lambda name: (MY_WORK / name).stat().st_mtime, default=names[0])


def read_record():
    """What was given out. Where that is lost, all that is in my-work/ counts as the learner's."""
    try:
        given = json.loads(RECORD.read_bytes())
    except (OSError, ValueError):
        given = None
    return given if isinstance(given, dict) else {}


def digest(data):
    return hashlib.sha256(data).hexdigest()


def digest_of(name):
    path = MY_WORK / name
    return digest(path.read_bytes()) if path.exists() else None


def write(path, data):
    """All of it or nothing, whenever the power goes."""
    if path.exists() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(".%s.half" % path.name)
    half.write_bytes(data)
    os.replace(half, path)


# JupyterLab --------------------------------------------------------------------------------------


def a_free_port(wanted=None):
    """The wanted one, or Trouble; else the first there is."""
    for port in [wanted] if wanted is not None else range(8888, 8988):
        try:
            with socket.socket() as probe:
                if os.name != "nt":  # there it would let two programs have one port
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
                return port
        except (OSError, OverflowError):
            pass
    raise Trouble("Port %s is taken, or can't be had. Without --port, a free one is found." % port)


def settings():
    """Those of tools/jupyter, in the learner's folder: where that is."""
    own = MY_WORK / ".jupyter"
    for source in JUPYTER.rglob("*.*"):
        write(own / source.relative_to(JUPYTER), source.read_bytes())
    return own


def jupyterlab(port, notebook, no_browser):
    own = settings()
    token, page = secrets.token_hex(16), "/lab/tree/" + quote(notebook)
    command = [str(PYTHON), "-c", START, "--Application.log_level=ERROR", "-y"]
    command += ["--ServerApp.port=%d" % port, "--ServerApp.root_dir=%s" % MY_WORK]
    command += ["--LabApp.default_url=" + page, "--LabApp.app_settings_dir=%s" % (own / "settings")]
    command += ["--LabApp.custom_css=True"] + (["--no-browser"] if no_browser else [])
    print("JupyterLab starts. If no browser opens, open this in one:\n")
    print("    http://127.0.0.1:%d%s?token=%s\n" % (port, page, token))
    print("To stop, save your notebooks and press Ctrl-C here.")
    env = dict(environment(MY_WORK), JUPYTER_TOKEN=token, STEPSIZE_HOME=str(MY_WORK))
    return finish(subprocess.Popen(command, cwd=str(MY_WORK), env=env))


START = """
try:
    from jupyterlab.labapp import main
    main()
except KeyboardInterrupt:  # before it is ready
    pass
"""


def environment(home):
    """The user's, without their settings of Python and Jupyter; Jupyter keeps its own in home."""
    own = ("PYTHON", "JUPYTER", "IPYTHON", "MPLBACKEND")
    env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    env.update(PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8")
    env.update(PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    jupyter = str(home / ".jupyter")
    return dict(env, JUPYTER_CONFIG_DIR=jupyter, JUPYTER_DATA_DIR=jupyter, IPYTHONDIR=jupyter)


def finish(process):
    """Its exit status. It hears Ctrl-C too, and is left the time to end by itself."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
