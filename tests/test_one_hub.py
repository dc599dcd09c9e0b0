"""Hubs that are started twice, killed, restarted and stopped: real ones, run as trials.

What they start, and where they listen, is observed from outside.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

pytest.importorskip("jupyterhub", reason="JupyterHub is not for Windows")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workshop"))
import hub as command
import ports
import processes
import psutil

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300  # seconds: enough on a machine with twenty other things to do

pytestmark = [pytest.mark.elsewhere, pytest.mark.xdist_group("one_hub")]


def free_port() -> int:
    """A port with free neighbors, outside the range that systems hand out on their own."""
    return next(
        port
        for port in range(20000 + os.getpid() % 5000, 30000, 10)
        if not any(taken(number) for number in ports.beside(port).values())
    )


def taken(port: int) -> bool:
    with suppress(processes.Trouble):
        ports.bind("127.0.0.1", port, reuse=True).close()
        return False
    return True


@pytest.fixture(scope="module")
def somebody() -> Iterator[list[str]]:
    """The prefix that runs a command as somebody who isn't root; if this isn't root, empty."""
    if os.geteuid():
        yield []
        return
    apart = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    try:
        world = subprocess.Popen([*apart, "sh", "-c", "echo ready; exec sleep infinity"], stdout=-1)
        if world.stdout.readline() != b"ready\n":
            pytest.skip("Root can't be somebody else here.")
    except OSError as error:
        pytest.skip(f"Root can't be somebody else here: {error}")
    yield ["nsenter", f"--target={world.pid}", "--user", "--preserve-credentials"]
    world.kill()
    world.communicate()


@dataclass
class Hub:
    """A folder for a hub, and the processes started in it."""

    folder: Path
    somebody: list[str]
    port: int = field(default_factory=free_port)
    log: str = ""
    started: list[subprocess.Popen] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "hub"

    @property
    def pid(self) -> int:
        return int((self.state / "hub.pid").read_text(encoding="utf-8"))

    def open(self, *args: str, **rest) -> subprocess.Popen:
        whole = [*self.somebody, sys.executable, str(ROOT / "workshop" / "hub.py"), *args]
        env = dict(os.environ, STEPSIZE_STATE=str(self.folder))
        process = subprocess.Popen(whole, env=env, encoding="utf-8", start_new_session=True, **rest)
        self.started.append(process)
        return process

    def say(self, *args: str) -> tuple[int, str]:
        """What a command prints, and its exit status; there must never be a traceback."""
        process = self.open(*args, stdout=-1, stderr=subprocess.STDOUT)
        said = process.communicate(timeout=PATIENCE)[0]
        assert "Traceback" not in said
        return process.returncode, said

    def start(self) -> None:
        self.log = f"{self.folder}-{time.monotonic_ns()}.log"
        self.folder.parent.mkdir(exist_ok=True)
        with open(self.log, "w", encoding="utf-8") as log:
            self.answers(self.open(f"--port={self.port}", stdout=log, stderr=log))

    def answers(self, process: subprocess.Popen) -> None:
        """Wait until it is up; its board comes last."""
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            if self.is_up() and self.is_up("/services/board/static/board.css"):
                return
            time.sleep(0.3)
        raise AssertionError(Path(self.log).read_text(encoding="utf-8")[-3000:])

    def is_up(self, path: str = "/hub/health") -> bool:
        with suppress(URLError, ConnectionError, TimeoutError):
            urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE).close()
            return True
        return False

    def running(self) -> set[psutil.Process]:
        return set(processes.marked(self.state))

    def proxy(self) -> psutil.Process:
        return psutil.Process(int((self.state / "proxy.pid").read_text(encoding="utf-8")))

    def crash(self) -> None:
        """Killed as if memory ran out: nothing is cleaned up."""
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        for process in self.running():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for process in self.started:
            process.wait(PATIENCE)


@pytest.fixture
def new(tmp_path, somebody) -> Iterator[Hub]:
    one = Hub(tmp_path / "new", somebody)
    yield one
    one.end()


@pytest.fixture(scope="module")
def hub(tmp_path_factory, somebody) -> Iterator[Hub]:
    """A running hub, in a folder whose path is too long for a socket."""
    one = Hub(tmp_path_factory.mktemp("hub") / ("long" * 30) / "one", somebody)
    try:
        one.start()
        yield one
    finally:
        one.end()


# A second one ------------------------------------------------------------------------------------


@pytest.mark.parametrize("beside", [0, 200])
def test_a_second_one_says_that_a_hub_is_running_and_touches_nothing(hub, beside):
    before, pid = hub.running(), hub.pid
    status, said = hub.say(f"--port={hub.port + beside}")
    assert status == 1
    assert f"A hub is already running: http://127.0.0.1:{hub.port} (process {pid})." in said
    assert "To stop it: python run.py hub stop" in said
    assert "password" not in said
    assert (hub.running(), hub.pid) == (before, pid)
    assert hub.is_up()


def test_it_listens_where_ports_py_says_and_nowhere_else(hub):
    """So two hubs never need the same port, whatever JupyterHub's defaults are."""
    listening = {
        one.laddr.port
        for process in hub.running()
        for one in process.net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    }
    wanted = ports.beside(hub.port)
    assert listening == {wanted["pages"], wanted["hub"], wanted["board"]}


def test_the_hubs_of_two_folders_run_side_by_side(hub, new):
    new.port = hub.port
    status, said = new.say(f"--port={new.port}")
    assert status == 1
    assert f"That is the hub of {hub.state} (process {hub.pid})." in said
    assert not new.running()
    new.port = int(re.search(r"This would work: python run.py hub --port (\d+)", said)[1])
    new.start()
    assert hub.is_up() and hub.is_up("/services/board/static/board.css")
    assert new.say("stop") == (0, STOPPED)
    assert not new.running()
    assert hub.is_up() and hub.is_up("/services/board/static/board.css")


def test_if_two_start_at_once_one_becomes_the_hub(new):
    """In one folder, with ports that have nothing to do with each other."""
    starts = []
    for port in (new.port, new.port + 200):
        log = new.folder.with_suffix(f".{port}")
        with log.open("w") as file:
            starts.append((new.open(f"--port={port}", stdout=file, stderr=file), port, log))
    end = time.monotonic() + PATIENCE
    while all(process.poll() is None for process, _, _ in starts) and time.monotonic() < end:
        time.sleep(0.1)
    ended = [(process, log) for process, _, log in starts if process.poll() is not None]
    assert len(ended) == 1
    assert ended[0][0].returncode == 1
    said = ended[0][1].read_text(encoding="utf-8")
    assert re.fullmatch(r"A hub is already (running|being started).*\n", said), said
    [(process, new.port, new.log)] = [start for start in starts if start[0].poll() is None]
    new.answers(process)
    assert new.pid == process.pid


@pytest.mark.parametrize("what", ports.BESIDE)
def test_a_port_that_is_taken_is_named_and_a_free_one_is_proposed(new, what):
    number = ports.beside(new.port)[what]
    with socket.create_server(("127.0.0.1", number)):
        status, said = new.say(f"--port={new.port}")
    assert status == 1
    assert said.startswith(f"Port {number} is taken")
    assert f"A hub with --port {new.port} needs {new.port}, " in said
    proposed = int(re.search(r"--port (\d+)$", said.strip())[1])
    ports.claim("127.0.0.1", proposed).close()
    assert not new.running()


def test_it_says_who_has_a_port_if_the_system_does():
    number = free_port()
    with (
        socket.create_server(("127.0.0.1", number)),
        pytest.raises(
            ports.Taken, match=rf"^Port {number} is taken by .* \(process {os.getpid()}\)"
        ),
    ):
        ports.claim("127.0.0.1", number)


@pytest.mark.parametrize(
    "args, words",
    [
        (["--ip=192.0.2.1"], "--ip has to be an address of this machine, not 192.0.2.1."),
        (["--ip=no such name"], "--ip has to be an address of this machine, not no such name."),
    ],
)
def test_it_says_so_if_it_cannot_listen(new, args, words):
    status, said = new.say(f"--port={new.port}", *args)
    assert (status, said) == (1, words + "\n")


@pytest.mark.parametrize("port", [0, ports.HIGHEST + 1])
def test_three_more_ports_must_fit_above_it(new, port):
    status, said = new.say(f"--port={port}")
    assert status == 2
    assert said.endswith(f"a port is a number from 1 to {ports.HIGHEST}, not '{port}'\n")
    with pytest.raises(ports.Trouble, match=f"from 1 to {ports.HIGHEST}, not {port}"):
        ports.claim("127.0.0.1", port)


# After a crash -----------------------------------------------------------------------------------

STOPPED = "The hub has stopped, and so has every learner's server. Their work is kept.\n"


@pytest.fixture
def bystander() -> Iterator[psutil.Process]:
    """A process that has nothing to do with hubs, except for its number."""
    process = subprocess.Popen(["sleep", "infinity"])
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def test_killed_and_restarted_at_once(hub, bystander):
    """Its proxy still has the port, and here it doesn't even react when told to end.

    The process numbers in the files are out of date: by now they belong to a bystander.
    """
    old = hub.running()
    hub.proxy().suspend()
    hub.crash()
    for name in ("hub.pid", "proxy.pid"):
        (hub.state / name).write_text(str(bystander.pid), encoding="utf-8")
    hub.start()
    assert not old & hub.running()
    assert not any(map(processes.works, old))
    assert processes.works(bystander)
    assert hub.say(f"--port={hub.port}")[1].startswith("A hub is already running")


def test_what_a_killed_hub_has_left_behind_is_stopped(new):
    new.start()
    left = new.running()
    new.crash()
    assert new.say("stop") == (0, STOPPED)
    assert not any(map(processes.works, left))
    assert not any(taken(number) for number in ports.beside(new.port).values())
    assert new.say("stop") == (0, f"No hub was running in {new.state}.\n")


def test_what_learners_of_a_trial_have_left_running_is_stopped(new):
    """Detached from the hub that started it, but recognized by its home; other hubs' are left."""
    (new.state / "names").mkdir(parents=True)
    (new.state / "names" / "anna").write_text("", encoding="utf-8")
    elsewhere = new.folder.with_name("elsewhere") / "hub"
    homes = [state / "homes" / "anna" for state in (new.state, elsewhere)]
    sleep = [*new.somebody, "sleep", "infinity"]
    ours, theirs = (subprocess.Popen(sleep, env=dict(os.environ, HOME=str(h))) for h in homes)
    try:
        assert new.say("stop") == (0, STOPPED)
        assert ours.wait(PATIENCE) == -signal.SIGTERM
        assert theirs.poll() is None
    finally:
        for process in (ours, theirs):
            process.kill()
            process.wait()


def test_a_hub_that_is_still_starting_is_stopped(new):
    with open(f"{new.folder}.log", "w", encoding="utf-8") as log:
        process = new.open(f"--port={new.port}", stdout=log, stderr=log)
    while not (new.state / "hub.pid").exists() or not (new.state / "hub.pid").read_text(
        encoding="utf-8"
    ):
        time.sleep(0.01)
    assert new.say("stop") == (0, STOPPED)
    process.wait(PATIENCE)
    assert not new.running()


@pytest.mark.parametrize("number", ["", "nonsense", "0", "999999999", "bystander"])
def test_what_a_power_cut_has_left_in_hub_pid_ends_nobody(new, bystander, number):
    new.state.mkdir(parents=True)
    (new.state / "hub.pid").write_text(
        number.replace("bystander", str(bystander.pid)), encoding="utf-8"
    )
    assert new.say("stop") == (0, f"No hub was running in {new.state}.\n")
    assert processes.works(bystander)


def test_a_hub_from_before_there_was_a_lock_is_seen(new, bystander):
    """Started by the version before an update, and recognized by what it runs, and where."""
    new.state.mkdir(parents=True)
    code = "import subprocess as s; s.run(['sh', '-c', 'read x', 'jupyterhub_idle_culler'])"
    config = "--config=/somewhere/jupyterhub_config.py"
    env = {processes.MARK: str(new.state), "STEPSIZE_URL": "http://0.0.0.0:7777"}
    earlier = subprocess.Popen(
        [*new.somebody, sys.executable, "-c", code, config], env=env, stdin=subprocess.PIPE
    )
    try:
        status, said = new.say(f"--port={new.port}")
        assert status == 1
        url = "http://127.0.0.1:7777"
        assert said.startswith(f"A hub is already running: {url} (process {earlier.pid})")
        assert earlier.poll() is None
        assert new.say("stop") == (0, STOPPED)
        assert earlier.wait(PATIENCE) == -signal.SIGTERM
    finally:
        earlier.kill()
        earlier.communicate()


def test_stop_says_what_it_could_not_end(tmp_path, monkeypatch, bystander):
    (tmp_path / "names").mkdir()
    monkeypatch.setattr(processes, "GENTLY", 0.0)
    monkeypatch.setattr(processes, "marked", lambda state: [bystander])
    monkeypatch.setattr(processes, "is_hub", lambda process: False)
    monkeypatch.setattr(processes, "BY_FORCE", 0.3)
    for way in ("terminate", "kill"):
        monkeypatch.setattr(psutil.Process, way, lambda self: None)
    words = (
        "Not everything has stopped. These couldn't be ended: "
        f"sleep infinity (process {bystander.pid})."
    )
    assert command.stop(tmp_path) == words


def test_it_says_so_if_the_folder_is_somebody_elses(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("STEPSIZE_STATE", str(tmp_path / "file"))
    said = command.main(["stop"])
    assert said.startswith("The hub can't work in its folder: ") and str(tmp_path) in said
