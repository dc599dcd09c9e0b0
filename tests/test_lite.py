"""The exercises in the browser: JupyterLite and its Python, booted from files, from no other host.

NumPy for browsers is only on Pyodide's own host. If that can't be reached, whatever needs no NumPy
is tested: the kernel, sliders and the labs' picture, progress on JupyterLite's drive, and how
endless answers are stopped. Tests that need NumPy are skipped, and say so.
"""

import functools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tools.site import lite, pyodide

from . import PATIENCE
from .jupyter import ROOT, chromium, notebook
from .test_here import ENDLESS

SOON = PATIENCE * 1000  # milliseconds
ENDINGS = {  # -> would it have ended the kernel, and what does the answer see?
    "os._exit(3)": (True, "SystemExit"),
    "os.abort()": (True, "SystemExit"),
    "os.kill(os.getpid(), 9)": (True, "SystemExit"),
    "signal.raise_signal(9)": (True, "SystemExit"),
    "sys.exit()": (False, "SystemExit"),
    "exit()": (False, "SystemExit"),
    "quit()": (False, "SystemExit"),
    "sys.setrecursionlimit(10**9)": (False, ""),
    "input()": (False, "EOFError"),
}
# From PyPI instead of Pyodide's distribution: enough for a kernel.
FOR_A_KERNEL = "asttokens cloudpickle decorator executing ipython jedi matplotlib-inline micropip "
FOR_A_KERNEL += "packaging parso pexpect prompt-toolkit ptyprocess pure-eval pygments stack-data "
FOR_A_KERNEL += "six traitlets typing-extensions wcwidth"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pyodide, and wheels for a kernel; without NumPy."""
    folder = tmp_path_factory.mktemp("pyodide")
    try:
        pyodide.core(folder)
        pyodide.pure(folder, *pyodide.PURE, *FOR_A_KERNEL.split())
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"Pyodide's packages can't be had here: {error}")
    return folder


# The limit ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def under_wasm(python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What happened to each endless answer, and to each that would end the kernel."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js, in which Pyodide would run, isn't installed here")
    here = tmp_path_factory.mktemp("here")
    shutil.copytree(ROOT / "src" / "stepsize" / "checks", here / "checks")
    shutil.copy(ROOT / "tests" / "under_wasm.py", here)
    bodies = f"ENDLESS = {ENDLESS!r}\nENDINGS = {[*ENDINGS]!r}\n"
    (here / "bodies.py").write_text(bodies, encoding="utf-8")
    command = [node, ROOT / "tests" / "pyodide.mjs", python, here, "under_wasm.py"]
    done = subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.elsewhere
def test_a_browser_refuses_processes_as_the_judge_expects(under_wasm):
    assert (under_wasm["platform"], under_wasm["refused"]) == ("emscripten", "ENOTSUP")


@pytest.mark.elsewhere
@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_ended_under_webassembly(under_wasm, name):
    ended = under_wasm["endless"][name]
    assert ended["raised"] == "TimeUp"
    assert ended["where"].startswith("Timeout" if "asleep" in name else "\n")
    assert " in f" in ended["where"]


@pytest.mark.elsewhere
@pytest.mark.parametrize("body", ENDINGS)
def test_nothing_ends_the_kernel_under_webassembly(under_wasm, body):
    tried = under_wasm["endings"][body]
    assert (tried["ended"], tried["raised"]) == ENDINGS[body]
    assert tried["printed"] == "so far\n"
    assert under_wasm["monitored"] is None


# JupyterLite --------------------------------------------------------------------------------------

# The package without its __init__, which needs NumPy, so that modules that don't can be imported.
BARE = """
import importlib.util, os, sys, types
bare = types.ModuleType("stepsize")
bare.__path__ = importlib.util.find_spec("stepsize").submodule_search_locations
sys.modules["stepsize"] = bare
from stepsize.learner import record
from stepsize.learner.home import home, is_lasting
print(sys.platform, os.getcwd(), home(), is_lasting())
"""
PROGRESS = """
note = record.keep("1.1", "right", None)
print(note, [line["exercise"] for line in record.lines()[0]])
"""
# The labs' own picture, under an ipywidgets slider; its contents are made without Matplotlib.
PICTURE = """
import base64
from pathlib import Path
import anywidget, ipywidgets, traitlets
from stepsize.notebook.keyboard import with_keys
labs = Path(bare.__path__[0]) / "labs"
all = [0, 0, 90, 90]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAA"
PIXEL += "DUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg"
class Picture(anywidget.AnyWidget):
    _esm = with_keys(labs / "controls.js", labs / "picture.js")
    geometry = traitlets.Dict(dict(size=all[2:], panels=[all], reach=all)).tag(sync=True)
    background = traitlets.Bytes(base64.b64decode(PIXEL + "==")).tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    controls = traitlets.List().tag(sync=True, **ipywidgets.widget_serialization)
    ball = traitlets.List().tag(sync=True)
slider = ipywidgets.IntSlider(0, min=0, max=50, description="rate")
picture = Picture(controls=[slider])
def update(_=None):
    marks = [f'<circle cx="{slider.value}" cy="9" r="5"/>']
    seen = dict(ball=[], controls=[slider.get_state({"value"})])
    picture.shown = dict(marks=marks, sentence=f"at {slider.value}", label="x", seen=seen)
update()
slider.observe(update, "value")
ipywidgets.VBox([slider, picture])
"""
LOOP = """\
import itertools, time
for i in itertools.count():
    print(f"at {i}.", flush=True)
    time.sleep(0.2)
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Patient(ThreadingHTTPServer):
    request_queue_size = 128  # a kernel asks for all its packages at once


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def opened(site: Path, path: str) -> Iterator[Page]:
    """A notebook of the site, its kernel idle. No other host may be contacted."""
    asked: list[str] = []
    with chromium() as browser, served(site) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900})

        def only_here(route):
            if route.request.url.startswith(address):
                route.continue_()
            else:
                asked.append(route.request.url)
                route.abort()

        context.route("**/*", only_here)
        page = context.new_page()
        page.set_default_timeout(SOON)
        page.goto(f"{address}/lite/lab/index.html?path={path}")
        idle(page)
        yield page
        assert asked == []


def idle(page: Page) -> None:
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()


def run_all(page: Page) -> None:
    item = page.get_by_role("menuitem", name="Run All Cells", exact=True)
    for _ in range(50):  # if something loads after the menu has opened, the menu closes again
        if item.is_visible():
            break
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.wait_for_timeout(500)
    item.click()


def text_of(page: Page, cell: int):
    return page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".jp-OutputArea")


@pytest.fixture(scope="module")
def site(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JupyterLite with two notebooks that need no NumPy."""
    folder = tmp_path_factory.mktemp("site")
    notebook(folder / "a.ipynb", BARE, PROGRESS, PICTURE)
    notebook(folder / "b.ipynb", LOOP)
    lite.build(folder / "lite", python, contents=folder)
    return folder


@pytest.mark.elsewhere
def test_a_kernel_boots_from_files_and_keeps_progress_and_moves_sliders(site):
    """A single test, because a kernel takes long to boot in a browser."""
    with opened(site, "a.ipynb") as page:
        run_all(page)
        there = "emscripten /drive /drive/.stepsize True"
        expect(text_of(page, 0)).to_have_text(there, timeout=SOON)
        expect(text_of(page, 1)).to_have_text("['1.1']", timeout=SOON)
        the_slider_moves_the_picture(page)
        page.reload()
        idle(page)
        run_all(page)
        expect(text_of(page, 1)).to_have_text("['1.1', '1.1']", timeout=SOON)


def the_slider_moves_the_picture(page: Page) -> None:
    """Ten times, because in other settings some stopped after one."""
    sentence = page.locator(".stepsize-sentence")
    expect(sentence).to_have_text("at 0", timeout=SOON)
    handle = page.locator(".noUi-handle").first
    handle.focus()
    for i in range(1, 11):
        handle.press("ArrowRight")
        expect(sentence).to_have_text(f"at {i}", timeout=SOON)
    assert page.locator(".stepsize-paper circle").get_attribute("cx") == "10"


@pytest.mark.elsewhere
def test_an_endless_cell_can_not_be_interrupted_but_the_kernel_be_restarted(site):
    """As each notebook says at the top."""
    with opened(site, "b.ipynb") as page:
        run_all(page)
        expect(text_of(page, 0)).to_contain_text("at 0.", timeout=SOON)
        page.get_by_role("button", name="Interrupt the kernel").click()
        now = int(text_of(page, 0).inner_text().split()[-1].strip("."))
        expect(text_of(page, 0)).to_contain_text(f"at {now + 20}.", timeout=SOON)
        expect(page.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(1)
        page.get_by_role("button", name="Restart the kernel", exact=True).click()
        page.locator("dialog button", has_text="Restart").click()
        expect(page.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0, timeout=SOON)
        idle(page)


# The site's ---------------------------------------------------------------------------------------


def test_a_notebook_is_true_of_where_it_is():
    """Each says at the top that it runs in a browser, and nothing that isn't true there."""
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        first, *others = lite.for_a_browser(path).cells
        text = "\n".join(cell.source for cell in (first, *others))
        assert lite.HEAD in first.source
        for words in ("Opened on its own", "Interrupt Kernel", "`solutions`", "is renewed"):
            assert words not in text
    first = lite.for_a_browser(next((ROOT / "notebooks").glob("00-*"))).cells
    text = "\n".join(cell.source for cell in first)
    assert all(instead in text for instead in lite.INSTEAD.values())


def test_one_click_leads_from_a_lesson_to_its_exercises(tmp_path):
    """And the front page says so. A page without a notebook has no such button."""
    lesson = next((ROOT / "notebooks").glob("01-*.ipynb")).name
    (tmp_path / "lessons").mkdir()
    for name in (lesson, "other.ipynb"):
        notebook(tmp_path / "lessons" / name, "1", "2")
    shutil.copy(ROOT / "tools" / "site" / "front.md", tmp_path / "index.md")
    lite.link(tmp_path)
    first, second, *_ = nbformat.read(tmp_path / "lessons" / lesson, as_version=4).cells
    assert (first.source, f"?path={lesson}" in second.source) == ("1", True)
    assert len(nbformat.read(tmp_path / "lessons" / "other.ipynb", as_version=4).cells) == 2
    front = (tmp_path / "index.md").read_text(encoding="utf-8")
    button = re.search(r">([^<]+)</a>", second.source)[1]
    assert f"click *{button}*" in " ".join(front.split())


def test_what_is_missing_is_told(tmp_path):
    assert lite.lacks(tmp_path) == [*pyodide.CORE]


@pytest.mark.elsewhere
def test_with_numpy_a_lesson_is_learned_in_the_browser(tmp_path_factory):
    """The real thing: lesson 1 from top to bottom, with a right answer and a wrong one."""
    folder = tmp_path_factory.mktemp("all")
    if pyodide.bring(folder):
        pytest.skip("Pyodide's distribution, which has NumPy for browsers, can't be reached here")
    assert lite.lacks(folder) == []
    solved = nbformat.read(next((ROOT / "solutions").glob("01-*.ipynb")), as_version=4)
    lessons = tmp_path_factory.mktemp("lessons")
    nbformat.write(solved, lessons / "01.ipynb")
    lite.build(folder / "site" / "lite", folder, contents=lessons)
    with opened(folder / "site", "01.ipynb") as page:
        run_all(page)
        checks = page.locator(".jp-OutputArea .alert-success")
        asked = sum(cell.source.startswith("check(") for cell in solved.cells)
        expect(checks).to_have_count(asked, timeout=4 * SOON)
