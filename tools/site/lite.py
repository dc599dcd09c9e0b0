"""The exercises in the browser: JupyterLite with all notebooks, and Python from .pyodide/.

The kernel loads a package when a cell first imports it, from a list (Pyodide's lock file). So the
course's own wheel is put on that list, with its dependencies, and nothing has to be installed.

JupyterLite has its own environment, because its kernel is an extension that JupyterLab would try to
load, and can't.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from packaging.requirements import Requirement

from stepsize.command.lab import SETTINGS

from .pyodide import BUILT, CORE, LOCK, PURE, ROOT, name_of, needed

__all__ = ["HEAD", "INSTEAD", "build", "environment", "for_a_browser", "lacks", "link"]

ENVIRONMENT = ROOT / ".jupyterlite"
ITS_PACKAGES = ("jupyterlite-core[contents]", "jupyterlite-pyodide-kernel")
EXTENSIONS = Path("share/jupyter/labextensions")
OF_THE_LABS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")

PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"
KERNEL = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython")
PYTHON = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
BROWSER = {
    "sys_platform": "emscripten",
    "platform_system": "Emscripten",
    "python_version": "3.14",
    "extra": "course",
}
HEAD = (
    "*You're working in your browser. This notebook and your progress are kept there and nowhere "
    "else; File → Download gives you a copy. The first cell takes a while, because Python and "
    "NumPy have to be loaded. Here a cell that never ends can't be interrupted: choose Kernel → "
    "Restart Kernel, and run the cells above it again. You lose nothing you wrote. PyTorch doesn't "
    "run in a browser, so a cell that needs it shows what it showed when the course was made.*"
)
INSTEAD = {  # what a notebook says about the course on a machine -> about the course in a browser
    r"\*Opened on its own, in Colab, .*\*": HEAD,
    r"These notebooks are your own copies\. .* and everything else is brought up to date\.": (
        "These notebooks are your own copies, and what you have saved stays as it is."
    ),
    r"The solved notebook is in the folder `solutions`, next to this one\.": (
        "The lesson's page on the site has a solution."
    ),
    r"Stop it yourself: menu \*Kernel → Interrupt Kernel\*, .* twice\. You lose nothing\.": (
        "In a browser it can't be interrupted: choose the menu *Kernel → Restart Kernel…*, and run "
        "the cells above it again. You lose nothing that you wrote."
    ),
}
TRY = """\
<p class="stepsize-try"><a class="btn btn-primary" href="../lite/lab/index.html?path={}">Try the \
exercises in your browser</a></p><script src="../_static/lite.js"></script>"""

FRONT = {  # what the front page says without the exercises -> with them
    "To have your own answers checked, run the course itself.": (
        "To have your own answers checked, open a lesson and click *Try the exercises in your "
        "browser*. There is nothing to install, but PyTorch doesn't run there. To run everything, "
        "and faster, get the course itself."
    ),
}


def lacks(pyodide: Path) -> list[str]:
    """What has to be downloaded into this folder before the site can include the exercises."""
    missing = [name for name in CORE if not (pyodide / name).is_file()]
    if missing:
        return missing
    files = [each["file_name"] for each in needed(pyodide, BUILT)]
    there = {name_of(path.name.partition("-")[0]) for path in pyodide.glob("*.whl")}
    return [f for f in files if not (pyodide / f).is_file()] + [p for p in PURE if p not in there]


def link(source: Path) -> None:
    """Add a button below each lesson's title that opens its notebook; the front page says so."""
    for path in (source / "lessons").glob("*.ipynb"):
        if (ROOT / "notebooks" / path.name).is_file():
            page = nbformat.read(path, as_version=4)
            page.cells.insert(1, nbformat.v4.new_markdown_cell(TRY.format(path.name), id="try"))
            nbformat.write(page, path)
    front = source / "index.md"
    text = front.read_text(encoding="utf-8")
    for words, instead in FRONT.items():
        text = text.replace(words, instead)
    front.write_text(text, encoding="utf-8")


def environment(folder: Path = ENVIRONMENT) -> Path:
    """The Python with JupyterLite, installed in this folder in the version the course pins."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins, stamp = ROOT / "constraints.txt", folder / "pins.txt"
    wanted = pins.read_text(encoding="utf-8")
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "-c", str(pins)]
        subprocess.run([*pip, *ITS_PACKAGES], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def build(target: Path, pyodide: Path, contents: Path = ROOT / "notebooks") -> None:
    """Build JupyterLite in this new folder, with that folder's Python and these notebooks."""
    with TemporaryDirectory() as folder:
        source = Path(folder)
        python = source / "static" / "pyodide"
        shutil.copytree(pyodide, python)
        _wheels(python)
        _write(python / LOCK, _lock(python))
        notebooks = source / "files"
        notebooks.mkdir()
        for path in sorted(contents.glob("*.ipynb")):
            nbformat.write(for_a_browser(path), notebooks / path.name)
        _write(source / "jupyter-lite.json", _settings())
        shutil.copy(SETTINGS / "settings" / "overrides.json", source)
        for name in OF_THE_LABS:
            shutil.copytree(Path(sys.prefix, EXTENSIONS, name), source / "extensions" / name)
        extensions = {"extra_labextensions_path": [str(source / "extensions")]}
        _write(source / "jupyter_lite_config.json", {"FederatedExtensionAddon": extensions})
        command = [str(environment()), "-m", "jupyterlite_core", "build", "--apps", "lab"]
        options = ["--contents", "files", "--output-dir", str(target), "--no-sourcemaps"]
        env = os.environ | {"PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [*command, *options], cwd=source, env=env, capture_output=True, encoding="utf-8"
        )
        if done.returncode:
            raise RuntimeError(
                f"JupyterLite can't be built:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )


def _wheels(folder: Path) -> None:
    """The kernel's own wheels and the course's, without the notebooks that are beside it here."""
    kernel = environment().parents[1] / EXTENSIONS / PLUGIN.partition(":")[0]
    for path in (kernel / "static" / "pypi").glob("*.whl"):
        shutil.copy(path, folder)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    env = os.environ | {"HATCH_BUILD_NO_HOOKS": "true"}
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)


def _lock(folder: Path) -> dict[str, Any]:
    """Pyodide's list, limited to what is here, plus what it lacks, from the wheels' metadata."""
    lock = json.loads((folder / LOCK).read_text(encoding="utf-8"))
    there = {path.name: path for path in sorted(folder.glob("*.whl"))}
    listed = {}
    for name, each in lock["packages"].items():
        path = there.get(each["file_name"])
        if path and sha256(path.read_bytes()).hexdigest() == each["sha256"]:
            listed[name] = each
            del there[path.name]
    own = {name_of(path.name.partition("-")[0]): path for path in there.values()}
    known = own.keys() | {name_of(name) for name in listed}
    lock["packages"] = listed | {name: _entry(path, known) for name, path in own.items()}
    return lock


def _entry(wheel: Path, known: set[str]) -> dict[str, Any]:
    """A package's entry in the list."""
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        said = HeaderParser().parsestr(files.read(metadata).decode())
    wants = [Requirement(each) for each in said.get_all("Requires-Dist", [])]
    wants = [each for each in wants if each.marker is None or each.marker.evaluate(BROWSER)]
    tops = {name.partition("/")[0].removesuffix(".py") for name in names if name.endswith(".py")}
    return {
        "name": name_of(said["Name"]),
        "version": said["Version"],
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": sorted(tops),
        "depends": [name_of(each.name) for each in wants if name_of(each.name) in known],
        "unvendored_tests": False,
    }


def for_a_browser(path: Path) -> nbformat.NotebookNode:
    """A learner's notebook, adapted to the browser, which it mentions at the top."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.kernelspec = PYTHON
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for words, instead in INSTEAD.items():
                loose = words.replace(" ", r"\s+").replace(".*", "[^\x00]*?")
                cell.source = re.sub(loose, lambda _, new=instead: new, cell.source)
    return notebook


def _settings() -> dict[str, Any]:
    kernel = {"disablePyPIFallback": True, "loadPyodideOptions": {"packages": [*KERNEL]}}
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "stepsize",
            "litePluginSettings": {PLUGIN: kernel},
        },
    }


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
