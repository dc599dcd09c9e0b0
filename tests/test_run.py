"""run.py: an answer is never overwritten, and what fails is said in words that help."""

import ast
import importlib.util
import json
import re
import shutil
import socket
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.copies import Copies
from tools.lab import a_free_port
from tools.programs import environment
from tools.trouble import Trouble, meaning

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run.py as a module, for a course of one notebook in a folder of its own."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path / "a course, naïve"
    for folder in ("notebooks", "solutions"):
        (root / folder).mkdir(parents=True)
        (root / folder / "00-start.ipynb").write_text(f"{folder}, first edition", encoding="utf-8")
    places = dict(ROOT=root, MY_WORK=root / "my-work")
    places |= dict(VENV=root / ".venv", LOG=root / "setup.log", STAMP=root / "stamp")
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


# --- The learner's copies -----------------------------------------------------------------------


@pytest.fixture
def copies(run):
    return Copies(run.ROOT, run.MY_WORK)


def mine(copies, name="00-start.ipynb"):
    return copies.folder / name


def new_edition(copies, text="second edition"):
    (copies.course / "notebooks" / "00-start.ipynb").write_text(text, encoding="utf-8")


def test_first_start_copies_everything(copies):
    assert list(copies.hand_out()) == []
    assert mine(copies).read_text(encoding="utf-8") == "notebooks, first edition"
    assert (
        mine(copies, "solutions/00-start.ipynb").read_text(encoding="utf-8")
        == "solutions, first edition"
    )


def test_an_answer_is_kept_when_nothing_is_new(copies):
    list(copies.hand_out())
    mine(copies).write_text("my answer", encoding="utf-8")
    for _ in range(3):
        assert list(copies.hand_out()) == []
        assert mine(copies).read_text(encoding="utf-8") == "my answer"


def test_an_update_reaches_what_was_not_touched(copies):
    list(copies.hand_out())
    new_edition(copies)
    assert list(copies.hand_out()) == []
    assert mine(copies).read_text(encoding="utf-8") == "second edition"


def test_an_update_goes_beside_an_answer_and_says_so(copies):
    list(copies.hand_out())
    mine(copies).write_text("my answer", encoding="utf-8")
    new_edition(copies)
    (said,) = copies.hand_out()
    assert "00-start.new.ipynb" in said
    assert mine(copies).read_text(encoding="utf-8") == "my answer"
    assert mine(copies, "00-start.new.ipynb").read_text(encoding="utf-8") == "second edition"
    assert list(copies.hand_out()) == [], "said once"


def test_an_answer_in_the_new_edition_is_kept_too(copies):
    list(copies.hand_out())
    mine(copies).write_text("my answer", encoding="utf-8")
    new_edition(copies)
    list(copies.hand_out())
    mine(copies, "00-start.new.ipynb").write_text("my second answer", encoding="utf-8")
    new_edition(copies, "third edition")
    list(copies.hand_out())
    kept = {path.name: path.read_text(encoding="utf-8") for path in copies.folder.glob("*.ipynb")}
    assert sorted(kept.values()) == ["my answer", "my second answer", "third edition"]


def test_what_was_thrown_away_comes_back(copies):
    list(copies.hand_out())
    mine(copies).unlink()
    list(copies.hand_out())
    assert mine(copies).read_text(encoding="utf-8") == "notebooks, first edition"


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\x00\xff", b'{"00-start.ipynb": 7}'])
def test_a_damaged_record_costs_no_answer(copies, damage):
    list(copies.hand_out())
    mine(copies).write_text("my answer", encoding="utf-8")
    copies.record.write_bytes(damage)
    new_edition(copies)
    list(copies.hand_out())
    assert mine(copies).read_text(encoding="utf-8") == "my answer"
    assert mine(copies, "00-start.new.ipynb").read_text(encoding="utf-8") == "second edition"
    assert json.loads(copies.record.read_bytes())


def test_opens_the_notebook_last_worked_on(copies):
    (copies.course / "notebooks" / "01-next.ipynb").write_text("next", encoding="utf-8")
    list(copies.hand_out())
    assert copies.last() == "00-start.ipynb"
    mine(copies, "01-next.ipynb").write_text("my answer", encoding="utf-8")
    assert copies.last() == "01-next.ipynb"


# --- The set-up ---------------------------------------------------------------------------------


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
    assert not installed, "who has what developers need has what learners need"
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
    assert installed, "who has what learners need lacks what developers need"


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
        *[("win32", "AMD64"), ("win32", "ARM64")],
    ],
)
def test_run_and_pyproject_agree_where_torch_has_builds(run, system, machine):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (torch,) = (need for need in project["dependencies"] if need.startswith("torch"))
    here = {"sys_platform": system, "platform_machine": machine}
    assert Requirement(torch).marker.evaluate(here) == run.torch_has_builds(system, machine)


def test_pins_lie_in_their_ranges_and_name_no_place():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    pinned = {pin.name: next(iter(pin.specifier)).version for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for need in project["dependencies"] + project["optional-dependencies"]["dev"]:
        need = Requirement(need)
        assert need.specifier.contains(pinned[need.name.replace("_", "-")]), need
    assert not any(pin.url for pin in pins)
    assert not [line for line in lines if line.startswith(("-", "/")) or "//" in line]


def test_an_index_that_never_answers_costs_seconds(run, monkeypatch):
    """A host that takes every connection and says nothing."""
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
    with pytest.raises(Trouble, match=r"The disk is too full: .* MB are needed, 100 are free"):
        run.announce("")


def test_a_full_disk_is_named_even_by_a_program_that_does_not_say_so(run, monkeypatch):
    """venv reports no more than that ensurepip failed."""
    monkeypatch.setattr(run.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 9, 0))
    said = "Error: Command '['python', '-m', 'ensurepip']' returned non-zero exit status 1."
    assert meaning(said, run.ROOT).startswith("The disk is full")


def test_the_users_own_settings_of_python_and_jupyter_stay_out(run, monkeypatch, tmp_path):
    for name in ("PYTHONPATH", "PYTHONHOME", "JUPYTER_PATH", "JUPYTERLAB_DIR", "MPLBACKEND"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("HTTPS_PROXY", "theirs too")
    env = environment(tmp_path)
    assert [name for name in env if env[name] == "theirs"] == []
    assert env["HTTPS_PROXY"] == "theirs too"
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        assert Path(env[name]).is_relative_to(tmp_path)


FAILURES = {  # what pip, venv and systems really say -> what the learner reads
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": (
        "The disk is full"
    ),
    "OSError: [WinError 112] There is not enough space on the disk": "The disk is full",
    "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError("
    "\"HTTPSConnection(host='index', port=443): Failed to establish a new connection: [Errno -3] "
    "Temporary failure in name resolution\")': /simple/flit-core/\nERROR: No matching distribution "
    "found for flit_core": "The network is gone",
    "pip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.": "The network is gone",
    "ConnectionResetError: [WinError 10054]\nProtocolError('Connection aborted.')": (
        "The network is gone"
    ),
    "SSLError(SSLCertVerificationError(1, 'certificate verify failed'))": "exchanges",
    "The virtual environment was not created successfully because ensurepip is not available.": (
        "sudo apt install python3-venv"
    ),
    "ERROR: No matching distribution found for torch==2.13.0": "There is no build of torch for",
    "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'": (
        "is not allowed"
    ),
    "PermissionError: [WinError 5] Access is denied": "Is the course open in another window?",
    "HINT: This error might have occurred since this system does not have Windows Long Path support"
    " enabled.": "too long a path",
    "something else\nand more": "something else\nand more",
}


@pytest.mark.parametrize("said", FAILURES, ids=range(len(FAILURES)))
def test_a_failure_is_said_in_words_that_help(run, said):
    assert FAILURES[said] in meaning(said, run.ROOT)


def test_a_real_failure_of_pip_is_understood(run, monkeypatch):
    """An index on a port where nobody listens, asked as set_up asks."""
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    args = ["--index-url", "http://127.0.0.1:9", "--retries", "1", "no-such-package-of-ours"]
    with pytest.raises(Trouble, match="The network is gone"):
        run.pip(args, "what is not there")


# --- Commands and ports -------------------------------------------------------------------------


def test_a_port_that_is_taken(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Trouble, match=f"Port {port} is taken"):
            a_free_port(port)
    assert a_free_port(port) == port
    with pytest.raises(Trouble, match="Port 99999 is taken, or can't be had"):
        a_free_port(99999)


def test_without_a_wish_the_next_free_port_is_found(run):
    first = a_free_port()
    with socket.create_server(("127.0.0.1", first)):
        assert a_free_port() > first


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["dance"], 2, "There is no command 'dance'"),
        (["--help"], 0, "python run.py test"),
        (["-h"], 0, "python run.py test"),
        (["--port", "x"], 2, "invalid int value"),
        (["--port", "0" * 3 + "99999"], 1, "can't be had"),
    ],
)
def test_what_is_typed_wrong_gets_words(args, status, words):
    said = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *args], capture_output=True, encoding="utf-8"
    )
    assert said.returncode == status
    assert words in said.stdout + said.stderr
    assert "Traceback" not in said.stderr
