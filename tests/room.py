"""A throwaway machine for a hub that runs as root, so that it changes nothing on this one.

The accounts, homes and states that it makes are written to layers over /etc, /home, /root and /var
that only its own processes see, and that disappear with it.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 180  # seconds
LAYERS = """
set -e
layers=$1
shift
mount -t tmpfs tmpfs "$layers"
for place in /etc /home /root /var "$@"; do
    own="$layers/${place//\\//_}"
    mkdir "$own" "$own.work"
    mount -t overlay overlay -o "lowerdir=$place,upperdir=$own,workdir=$own.work" "$place"
done
chmod o+rx /root "$@"
echo ready
sleep infinity & wait  # and bury the dead, as the first process of a machine has to
"""


def closed() -> list[str]:
    """Folders above the course and its Python that a learner's account couldn't enter."""
    places = [ROOT, *ROOT.parents, *Path(sys.base_prefix).parents]
    shut = {place for place in places if not place.stat().st_mode & 0o001}
    return [str(place) for place in sorted(shut - {Path("/root"), Path("/home")})]


@dataclass
class Room:
    """The machine, and the hub on it."""

    inside: list[str]  # the command that runs other commands there
    port: int
    log: Path
    passwords: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *command: str, say: str = "") -> str:
        whole = [*self.inside, *command]
        done = subprocess.run(whole, capture_output=True, text=True, input=say)
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout

    def hub(self, *args: str, say: str = "") -> str:
        return self.run(sys.executable, str(ROOT / "workshop" / "hub.py"), *args, say=say)

    @contextmanager
    def running(self, *options: str) -> Iterator[None]:
        """The hub, from its start until it is stopped."""
        hub_py = str(ROOT / "workshop" / "hub.py")
        start = [sys.executable, hub_py, f"--port={self.port}", *options]
        env = dict(os.environ, STEPSIZE_MEMORY="1G")
        with self.log.open("w") as log:
            hub = subprocess.Popen(
                [*self.inside, *start], stdout=log, stderr=log, env=env, start_new_session=True
            )
        try:
            self.once_it_answers(hub)
            yield
        finally:
            os.killpg(hub.pid, signal.SIGTERM)
            hub.wait(PATIENCE)

    def once_it_answers(self, hub: subprocess.Popen[bytes]) -> None:
        from urllib.error import URLError
        from urllib.request import urlopen

        end = time.monotonic() + PATIENCE
        while hub.poll() is None and time.monotonic() < end:
            try:
                with urlopen(f"{self.url}/hub/health") as answer:
                    assert answer.status == 200
                self.passwords |= dict(
                    re.findall(r"^For (learners|you).*?:\s+(\S+)", self.log.read_text(), re.M)
                )
                return
            except (URLError, ConnectionError):
                time.sleep(0.2)
        raise RuntimeError(f"The hub did not start:\n{self.log.read_text()}")


def roots_port() -> int:
    """A port below 1024; no other worker's hub uses it or the ports beside it."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 5
    return 650 + 4 * (5 * random.randrange(4) + worker)  # to 726; beside it, 731 to 809


@contextmanager
def room() -> Iterator[Room]:
    """The test is skipped if this machine can't be layered like that."""
    if sys.platform != "linux" or os.geteuid() or not shutil.which("unshare"):
        pytest.skip("A hub that makes accounts is tried by root, on Linux.")
    layers = tempfile.mkdtemp()
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    machine = subprocess.Popen(
        [*apart, "bash", "-c", LAYERS, "room", layers, *closed()], stdout=-1, stderr=-1, text=True
    )
    try:
        if machine.stdout.readline() != "ready\n":
            pytest.skip(f"This machine can't be doubled: {machine.stderr.read()}")
        children = Path(f"/proc/{machine.pid}/task/{machine.pid}/children").read_text()
        inside = ["nsenter", "--target", children.split()[0], "--mount", "--pid"]
        yield Room(inside, roots_port(), Path(layers + ".log"), {})
    finally:
        machine.kill()
        machine.communicate()
        os.rmdir(layers)
        Path(layers + ".log").unlink(missing_ok=True)


@contextmanager
def trial() -> Iterator[Room]:
    """A hub that doesn't run as root; if root runs the tests, it runs as nobody."""
    install = [sys.executable, "-c", "import hub; hub.install_proxy()"]
    subprocess.run(install, cwd=ROOT / "workshop", check=True)
    place = "/var/tmp/trial"
    own = ["env", f"STEPSIZE_STATE={place}", "HOME=/var/tmp"]
    if os.geteuid():
        with tempfile.TemporaryDirectory() as folder:
            inside = ["env", f"STEPSIZE_STATE={folder}"]
            yield Room(inside, random.randrange(20000, 30000), Path(folder, "log"), {})
        return
    with room() as machine:
        machine.run("install", "-d", "-o", "nobody", place)
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        machine.inside += [*drop, *own]
        machine.port = random.randrange(20000, 30000)
        yield machine
