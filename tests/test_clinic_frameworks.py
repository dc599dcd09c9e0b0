"""The watch and the readers with the frameworks themselves, in a separate environment."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# torch and Keras come from this environment; the others need little else.
WANTED = [
    "lightning", "transformers", "accelerate", "tensorboard", "torch==2.13.0",
]  # fmt: skip


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that sees this one's packages, plus the three frameworks."""
    home = tmp_path_factory.mktemp("frameworks")
    venv.create(home, with_pip=True)
    found = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    site = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    here = subprocess.check_output(
        [found, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], encoding="utf-8"
    )
    Path(here.strip(), "outer.pth").write_text(f"{site}\n{ROOT / 'src'}\n", encoding="utf-8")
    subprocess.run([found, "-m", "pip", "install", "-q", *WANTED], check=True)
    return found


READ = {
    "keras": {"csv": "30 losses, by epoch; 30 held-out losses", "history": "30 losses"},
    "lightning": {"csv": "48 losses", "events": "48 losses"},
    "trainer": {"state": "48 losses, by update", "json": "48 losses, by update"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_a_framework_is_watched_and_its_files_are_read(python, name, tmp_path):
    command = [python, ROOT / "tests" / "frameworks_run.py", name, tmp_path]
    run = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr[-3000:]
    lines = [line for line in run.stdout.splitlines() if line.startswith("TOLD ")]
    told = {k: v for line in lines for k, v in json.loads(line.removeprefix("TOLD ")).items()}
    assert told["sound"]["found"] is None
    for file, said in READ[name].items():
        assert told["sound"]["files"][file].startswith(said), told["sound"]
        assert "held-out loss" in told["sound"]["files"][file]
    assert told["too high"]["found"] in ("NaN", "divergence", "rate too high")
    assert told["too high"]["steps"] < told["sound"]["steps"]
