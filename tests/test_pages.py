"""Pages people read: lessons in JupyterLab and exported, and the guide, at every width."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Page
from traitlets.config import PyFileConfigLoader

from stepsize.command import guide as book
from stepsize.command import present
from stepsize.command.lab import SETTINGS

from .axe import violations
from .jupyter import ROOT, Desk, chromium, jupyterlab
from .test_guide import guide

WIDTHS = (1280, 800)
NOTEBOOKS = [*sorted((ROOT / "solutions").glob("*.ipynb")), ROOT / "notebooks" / "words.ipynb"]
TABLES = [
    *sorted((ROOT / "lessons").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "docs/conventions.md")),
    Path(present.__file__),
]

# Numbers, and parts of names between `.` and `_`, that are split over two lines.
CUT = r"""() => {
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const lines = (node, from, to) => {
        const range = document.createRange();
        range.setStart(node, from);
        range.setEnd(node, to);
        const seen = [...range.getClientRects()].filter((box) => box.width > 0);
        return new Set(seen.map((box) => Math.round(box.top))).size;
    };
    for (let node; (node = walk.nextNode()); ) {
        if (!node.parentElement.closest(".jp-RenderedHTMLCommon, .jp-RenderedText, main")) continue;
        if (node.parentElement.closest("math, mjx-container, script, style")) continue;
        for (const { 0: word, index } of node.data.matchAll(/\d[\d.,]*\d|\p{L}[\p{L}\d]*/gu))
            if (lines(node, index, index + word.length) > 1)
                found.push(`${word} in "${node.data.slice(Math.max(index - 30, 0), index + 50)}"`);
    }
    return found;
}"""
CROSSED = """() => [...document.querySelectorAll(".jp-RenderedMarkdown table")]
    .filter((table) => table.getBoundingClientRect().right
        > table.parentElement.getBoundingClientRect().right + 1)
    .map((table) => table.innerText.slice(0, 60))"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


def offline(page: Page) -> Page:
    """Anything a page would fetch from elsewhere (MathJax) is left out."""
    page.route(re.compile("^https?://"), lambda route: route.abort())
    return page


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The guide as `run.py guide` writes it."""
    pytest.importorskip("latex2mathml")
    path = tmp_path_factory.mktemp("guide") / "guide.html"
    path.write_text(book.html(guide.PAGES, path.parent), encoding="utf-8")
    return path


@pytest.mark.parametrize(  # the width decides what is cut, the scheme what is too pale
    ("width", "scheme"), [(WIDTHS[0], "light"), (WIDTHS[1], "dark"), (400, "light")]
)
def test_axe_finds_nothing_in_the_guide_and_no_number_is_cut(browser, whole, width, scheme):
    page = offline(browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme))
    page.goto(whole.as_uri())
    assert violations(page) == []
    assert page.evaluate(CUT) == []
    across = "document.documentElement.scrollWidth"
    assert width < 500 or page.evaluate(across) <= width, "nothing is cut off at a side"
    page.close()


def test_no_link_of_the_guide_is_dead(whole):
    text = whole.read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]*)"', text)
    names = set(re.findall(r'id="([^"]*)"', text))
    files = [link for link in links if not link.startswith(("#", "https://"))]
    assert "#harmful-link" not in links
    assert len(files) > len(guide.lessons())
    for link in links:
        if link.startswith("#"):
            assert link[1:] in names, link
    for link in files:
        assert not urlparse(link).scheme, link
        assert (whole.parent / unquote(link)).resolve().is_file(), link


def exported(notebook: Path, folder: Path) -> Path:
    """Saved as from JupyterLab's menu, with the settings of a learner's server."""
    config = PyFileConfigLoader("jupyter_server_config.py", path=str(SETTINGS)).load_config()
    text, _ = HTMLExporter(config=config).from_filename(str(notebook))
    path = folder / f"{notebook.stem}.html"
    path.write_text(text, encoding="utf-8")
    return path


SOME = ("01-", "05-", "words")  # these always run: with labs, with tables, with neither
EXPORTED = [
    pytest.param(path, marks=() if path.name.startswith(SOME) else pytest.mark.elsewhere)
    for path in NOTEBOOKS
]


@pytest.mark.parametrize("notebook", EXPORTED, ids=lambda notebook: notebook.stem)
def test_axe_finds_nothing_in_an_exported_lesson(browser, tmp_path, notebook):
    page = offline(browser.new_page(viewport={"width": 1280, "height": 900}))
    page.goto(exported(notebook, tmp_path).as_uri(), wait_until="domcontentloaded")
    assert violations(page) == []
    assert page.get_by_alt_text("No description").count() == 0  # nbconvert's default
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(CUT) == []
    page.close()


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_column_of_a_table_has_a_name(path):
    heads = re.findall(r"^(\|.*)\n\|[-| :]+$", path.read_text(encoding="utf-8"), re.MULTILINE)
    for head in heads:
        assert all(cell.strip() for cell in head.strip("|").split("|")), head


def every_cell_at_once(folder: Path) -> Path:
    """The learner's settings, except that cells out of sight are rendered, too."""
    shutil.copytree(SETTINGS, folder)
    path = folder / "settings" / "overrides.json"
    overrides = json.loads(path.read_text(encoding="utf-8"))
    overrides["@jupyterlab/notebook-extension:tracker"] = {"windowingMode": "none"}
    path.write_text(json.dumps(overrides), encoding="utf-8")
    return folder


ALL_SHOWN = """() => {
    const cells = [...document.querySelectorAll(".jp-MarkdownCell")];
    const shown = cells.filter((cell) => cell.querySelector(".jp-RenderedMarkdown > *"));
    return cells.length > 0 && shown.length === cells.length;
}"""


@pytest.mark.parametrize("name", ["12-in-the-frameworks.ipynb", "words.ipynb"])
def test_no_name_and_no_number_is_cut_in_a_lesson(browser, tmp_path, name):
    """In JupyterLab, for the two lessons with the widest tables."""
    shutil.copy(next(path for path in NOTEBOOKS if path.name == name), tmp_path)
    with jupyterlab(tmp_path / name, every_cell_at_once(tmp_path / "settings")) as server:
        page = browser.new_page(viewport={"width": WIDTHS[0], "height": 900})
        Desk(page).open(server)
        page.wait_for_function(ALL_SHOWN)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function(
                "width => document.querySelector('.jp-Notebook').clientWidth < width - 50",
                arg=width,
            )
            assert page.evaluate(CUT) == []
            assert page.evaluate(CROSSED) == []
        page.close()
