"""run.py: sets up once, reads its arguments first, and explains failures in helpful words."""

import ast
import importlib.util
import re
import shutil
import socket
import subprocess
import sys
import tokenize
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from stepsize.command.programs import environment
from stepsize.command.trouble import meaning

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run.py as a module, for a course in its own folder."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path / "a course, naïve"
    root.mkdir()
    places = dict(VENV=root / ".venv", LOG=root / "setup.log", STAMP=root / "stamp")
    places |= dict(ROOT=root)
    for name, place in places.items():
        monkeypatch.setattr(module, name, place)
    return module


# --- Old Pythons --------------------------------------------------------------------------------


def test_it_parses_where_it_only_says_that_python_is_too_old():
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 4))
    assert source.isascii()
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.JoinedStr, ast.AnnAssign))]
    with (ROOT / "run.py").open("rb") as file:
        words = [token.string for token in tokenize.tokenize(file.readline)]
    assert not {"nonlocal", "async", "await", "yield from", ":="} & set(words)


OLD = [*Path.home().glob(".pyenv/versions/*/bin/python"), *Path("/usr/bin").glob("python[23].?")]


@pytest.mark.parametrize("python", OLD, ids=lambda path: path.parts[-3])
def test_an_old_python_is_told_what_is_needed(python):
    ask = [str(python), "-c", "import sys; print('%d %d' % sys.version_info[:2])"]
    version = tuple(
        map(int, subprocess.run(ask, capture_output=True, encoding="utf-8").stdout.split())
    )
    if not version or (3, 11) <= version <= (3, 14):
        pytest.skip("it is not too old")
    said = subprocess.run(
        [str(python), str(ROOT / "run.py")], capture_output=True, encoding="utf-8"
    )
    assert said.returncode == 1
    assert said.stderr.startswith("Python 3.11 or newer (up to 3.14) is needed, this is ")
    assert "Traceback" not in said.stderr


# --- The setup ----------------------------------------------------------------------------------


def test_the_second_start_installs_nothing_and_a_change_does(run, monkeypatch):
    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, run.ROOT / name)
    monkeypatch.setattr(run, "PINS", run.ROOT / "constraints.txt")
    monkeypatch.setattr(run, "version_of_venv", lambda: b"(3, 11)")
    installed = []
    monkeypatch.setattr(run, "pip", lambda args, what, **_: installed.append(what) or True)
    monkeypatch.setattr(run, "make_venv", lambda: None)
    monkeypatch.setattr(run, "announce", lambda what: None)

    run.set_up("dev")
    assert installed
    installed.clear()
    run.set_up("dev")
    run.set_up()
    assert not installed, "what developers need includes what learners need"
    run.set_up("bench")
    assert installed
    installed.clear()
    run.set_up("dev,bench")
    assert not installed, "what was there before stays"

    with run.PINS.open("a") as file:
        file.write("# changed\n")
    run.set_up()
    assert installed
    installed.clear()
    run.set_up("dev")
    assert installed, "what learners need doesn't include what developers need"


def test_a_set_up_that_was_broken_off_is_done_again(run, monkeypatch):
    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, run.ROOT / name)
    monkeypatch.setattr(run, "PINS", run.ROOT / "constraints.txt")
    monkeypatch.setattr(run, "version_of_venv", lambda: b"(3, 11)")
    monkeypatch.setattr(run, "make_venv", lambda: None)
    monkeypatch.setattr(run, "announce", lambda what: None)

    def broken(args, what, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "pip", broken)
    with pytest.raises(KeyboardInterrupt):
        run.set_up()
    assert run.held_extras(b"(3, 11)") is None


def test_cpu_builds_of_torch_are_asked_for_where_plain_ones_bring_cuda(run):
    assert run.brings_cuda("linux")
    assert not run.brings_cuda("darwin")
    assert not run.brings_cuda("win32")
    asked = run.torch_for_cpu()
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", asked[1])
    assert asked[asked.index("--index-url") + 1] == "https://download.pytorch.org/whl/cpu"


@pytest.mark.parametrize(
    ("system", "machine"),
    [
        *[("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64")],
        *[("win32", "AMD64"), ("win32", "ARM64"), ("linux", "riscv64"), ("emscripten", "wasm32")],
    ],
)
def test_run_and_pyproject_agree_where_torch_has_builds(run, system, machine):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    course = project["optional-dependencies"]["course"]
    (torch,) = (need for need in course if need.startswith("torch"))
    here = {"sys_platform": system, "platform_machine": machine, "python_version": "3.14"}
    assert Requirement(torch).marker.evaluate(here) == run.torch_has_builds(system, machine)


def test_where_there_is_neither_a_jupyterlab_nor_torch_the_course_asks_for_neither():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    browser = {"sys_platform": "emscripten", "platform_machine": "wasm32"}
    needs = map(Requirement, project["optional-dependencies"]["course"])
    asked = {need.name for need in needs if not need.marker or need.marker.evaluate(browser)}
    assert asked == {"matplotlib", "ipywidgets", "anywidget", "cloudpickle", "scikit-learn"}


def test_pins_are_in_their_ranges_and_name_no_place():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    pinned = {pin.name: next(iter(pin.specifier)).version for pin in pins}
    described = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, held = described["project"], described["tool"]["uv"]["constraint-dependencies"]
    extras = project["optional-dependencies"].values()
    for need in chain(project["dependencies"], held, *extras):
        need = Requirement(need)
        assert need.specifier.contains(pinned[need.name.replace("_", "-")]), need
    assert not any(pin.url for pin in pins)
    assert not [line for line in lines if line.startswith(("-", "/")) or "//" in line]


def test_tests_of_a_group_stay_on_one_worker(tmp_path):
    """Otherwise each worker starts a hub of its own; pytest and xdist have to go together."""
    (tmp_path / "test_it.py").write_text(GROUP, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-v", tmp_path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    workers = re.findall(r"^\[(gw\d)\].*PASSED", done.stdout, re.MULTILINE)
    assert len(workers) == 8 and len(set(workers)) == 1, done.stdout


GROUP = """
import pytest

@pytest.mark.xdist_group("hub")
@pytest.mark.parametrize("i", range(8))
def test_it(i):
    pass
"""


def test_an_index_that_never_answers_costs_seconds(run, monkeypatch):
    """A host that accepts every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
        args = ["--no-deps", "--index-url", url, "--timeout", "60", "--retries", "9", "no-such"]
        began = run.time.monotonic()
        assert run.pip(args, "PyTorch", give_up_after=1) is False
        assert run.time.monotonic() - began < 300, "pip alone would try for ten minutes"


def test_the_disk_is_looked_at_before_anything_is_fetched(run, monkeypatch):
    monkeypatch.setattr(
        run.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 8, 10**8)
    )
    with pytest.raises(
        run.Trouble, match=r"There isn't enough disk space: .* MB needed, 100 MB free"
    ):
        run.announce("course")


def test_a_full_disk_is_named_even_by_a_program_that_does_not_say_so(run, monkeypatch):
    """venv only reports that ensurepip failed."""
    monkeypatch.setattr(run.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 9, 0))
    said = "Error: Command '['python', '-m', 'ensurepip']' returned non-zero exit status 1."
    assert meaning(said, run.ROOT).startswith("The disk is full")


def test_of_all_disks_the_one_on_which_it_failed_is_measured(run, monkeypatch):
    work = run.ROOT / "my-work"
    free = {run.ROOT: 9 * 10**9, work: 12 * 10**6}
    monkeypatch.setattr(
        run.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 9, free[place])
    )
    work.mkdir()

    def fails(_):
        raise OSError(28, "No space left on device", str(work / "solutions" / "x.ipynb"))

    monkeypatch.setitem(run.COMMANDS, "guide", fails)
    assert run.main(["guide"]) == f"The disk is full. Free space: 12 MB in {work}."


def test_where_not_even_a_temporary_file_can_be_made_the_full_disk_is_named(run, monkeypatch):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(run.tempfile, "gettempdir", none)
    said = "[Errno 28] No space left on device"
    assert meaning(said, run.ROOT).startswith("The disk is full. Free space: ")


def test_the_users_own_settings_of_python_and_jupyter_stay_out(run, monkeypatch, tmp_path):
    for name in ("PYTHONPATH", "PYTHONHOME", "JUPYTER_PATH", "JUPYTERLAB_DIR", "MPLBACKEND"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("HTTPS_PROXY", "theirs too")
    env = environment(tmp_path)
    assert [name for name in env if env[name] == "theirs"] == []
    assert env["HTTPS_PROXY"] == "theirs too"
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        assert Path(env[name]).is_relative_to(tmp_path)


FAILURES = {  # what pip, venv and systems really print -> what the learner reads
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": (
        "The disk is full"
    ),
    "OSError: [WinError 112] There is not enough space on the disk": "The disk is full",
    "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError("
    "\"HTTPSConnection(host='index', port=443): Failed to establish a new connection: [Errno -3] "
    "Temporary failure in name resolution\")': /simple/flit-core/\nERROR: No matching distribution "
    "found for flit_core": "There is no network",
    "pip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.": "There is no network",
    "ConnectionResetError: [WinError 10054]\nProtocolError('Connection aborted.')": (
        "There is no network"
    ),
    "SSLError(SSLCertVerificationError(1, 'certificate verify failed'))": "replaces",
    "The virtual environment was not created successfully because ensurepip is not available.": (
        "sudo apt install python3-venv"
    ),
    "ERROR: No matching distribution found for torch==2.13.0": "There is no build of torch for",
    "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'": (
        "You aren't allowed to write to"
    ),
    "PermissionError: [WinError 5] Access is denied": "Is the course open in another window?",
    "HINT: This error might have occurred since this system does not have Windows Long Path support"
    " enabled.": "too long for Windows",
    "something else\nand more": "something else\nand more",
}


@pytest.mark.parametrize("said", FAILURES, ids=range(len(FAILURES)))
def test_a_failure_is_said_in_words_that_help(run, said):
    assert FAILURES[said] in meaning(said, run.ROOT)


def test_a_real_failure_of_pip_is_understood(run, monkeypatch):
    """An index on a port where nobody listens, queried as in set_up."""
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    args = ["--index-url", "http://127.0.0.1:9", "--retries", "1", "no-such-package-of-ours"]
    with pytest.raises(run.Trouble, match="There is no network"):
        run.pip(args, "what is not there")


# --- Commands and ports -------------------------------------------------------------------------


def test_a_port_that_is_taken(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(run.Trouble, match=f"Port {port} is taken"):
            run.a_free_port(port)
    assert run.a_free_port(port) == port
    with pytest.raises(run.Trouble, match="Port 99999 is taken or not allowed"):
        run.a_free_port(99999)


def test_without_a_wish_the_next_free_port_is_found(run):
    first = run.a_free_port()
    with socket.create_server(("127.0.0.1", first)):
        assert run.a_free_port() > first


LAST = len(list((ROOT / "lessons").glob("[0-9][0-9]-*.md"))) - 1
HELPED = ("doctor", "hub", "bench", "guide", "present", "site")


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["dance"], 2, "There is no command 'dance'"),
        (["--help"], 0, "python run.py test"),
        (["-h"], 0, "python run.py test"),
        (["--port", "x"], 2, "a port is a number from 1 to 65535, not 'x'"),
        (["--port", "0" * 3 + "99999"], 2, "a port is a number from 1 to 65535"),
        (["--prot", "8899"], 2, "unrecognized arguments: --prot"),
        (["doctor", "5"], 2, "unrecognized arguments: 5"),
        (["bench", "--rounds", "0"], 2, "it takes at least 1 round, not '0'"),
        (["bench", "--fast"], 2, "unrecognized arguments: --fast"),
        (["guide", "5"], 2, "unrecognized arguments: 5"),
        (["site", "5"], 2, "unrecognized arguments: 5"),
        (["site", "--into", str(ROOT / "tests")], 2, "contains other files"),
        (["present"], 2, "the following arguments are required: lesson"),
        (["present", "99"], 2, f"there is no lesson '99'; the lessons are 0 to {LAST}"),
        (["present", "5", "--port", "-1"], 2, "a port is a number"),
        (["hub", "--port", "99999"], 2, "a port is a number"),
        (["hub", "start"], 2, "invalid choice: 'start'"),
        (["hub", "reset"], 2, "the following arguments are required: name"),
        (["hub", "passwords", "--of-class", "short"], 2, "needs at least 8 characters, not 5"),
        *[([command, "--help"], 0, f"usage: python run.py {command}") for command in HELPED],
    ],
)
def test_what_is_typed_wrong_gets_words_before_anything_is_set_up(args, status, words, tmp_path):
    course = tmp_path / "course"
    command = Path("src", "stepsize", "command")  # without the package around it
    shutil.copytree(ROOT / command, course / command)
    shutil.copytree(ROOT / "lessons", course / "lessons")
    shutil.copy(ROOT / "run.py", course)
    command = [sys.executable, str(course / "run.py"), *args]
    said = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert said.returncode == status
    assert words in said.stdout + said.stderr
    assert "Traceback" not in said.stderr
    assert not (course / ".venv").exists()


def test_every_command_reads_its_arguments_first(run):
    assert set(run.arguments.READ) == set(run.COMMANDS) - {"test"}, "what follows test is pytest's"


def test_a_port_that_is_taken_is_told_before_anything_is_set_up(run, monkeypatch, capsys):
    monkeypatch.setattr(run, "set_up", lambda *_: pytest.fail("set up"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        for args in (["--port", port], ["present", "5", "--port", port]):
            assert run.main(args).startswith(f"Port {port} is taken")
