"""A lesson as slides: all of it, one idea per slide, and no answer before its question."""

import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import TimeoutError

from stepsize import labs
from stepsize.command import present

from . import PATIENCE
from .jupyter import ROOT, Desk, chromium, jupyterlab

A_WHILE = 60_000  # milliseconds before the key is pressed again
LESSONS = sorted(path.name for path in (ROOT / "solutions").glob("*.ipynb"))
TAUGHT = LESSONS[:-1]  # the last one has only questions


def read(folder, name):
    return nbformat.read(ROOT / folder / name, as_version=4)


def slides(name):
    return present.slides(read("solutions", name), read("notebooks", name)).cells


def place(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type", "")


def words(text):
    text = re.sub(r"<!--.*?-->|</?\w+>|\*\*", "", text, flags=re.DOTALL)
    return text.split()


@pytest.mark.parametrize("name", LESSONS)
def test_nothing_of_the_lesson_is_lost_but_its_table_of_words(name):
    texts = [cell.source for cell in read("solutions", name).cells if cell.cell_type == "markdown"]
    whole = re.sub(r"## Words\n.*?(?=## |\Z)", "", "\n\n".join(texts), flags=re.DOTALL)
    told = [cell.source for cell in slides(name)[1:-1] if cell.cell_type == "markdown"]
    assert words("\n\n".join(told)) == words(whole)
    given = [cell.source for cell in read("notebooks", name).cells if cell.cell_type == "code"]
    boxes = [
        cell.source
        for cell in slides(name)
        if cell.cell_type == "code" and place(cell) != "subslide"
    ]
    assert boxes == given


@pytest.mark.parametrize("name", LESSONS)
def test_an_answer_is_below_its_question_and_nowhere_else(name):
    cells = slides(name)
    answers = [cell.source for cell in cells if place(cell) == "subslide"]
    solved = read("solutions", name).cells
    blanks = {cell.id: cell.source for cell in read("notebooks", name).cells}
    code = [cell for cell in solved if cell.cell_type == "code"]
    hidden = [cell.source for cell in code if blanks.get(cell.id) != cell.source]
    for source in hidden:
        assert any(a.startswith(source.replace(present.MARK, "")) for a in answers)
    folded = sum(cell.source.count("<details>") for cell in solved if cell.cell_type == "markdown")
    assert len(answers) == folded + len(hidden)
    for cell in cells:
        assert "<details>" not in cell.source
        assert place(cell) == "subslide" or present.MARK not in cell.source


@pytest.mark.parametrize("name", LESSONS)
def test_the_last_slide_which_is_seen_while_all_runs_tells_nothing(name):
    last = slides(name)[-1]
    assert last.cell_type == "markdown"
    assert place(last) == "slide"
    title = read("solutions", name).cells[0].source.partition("\n")[0]
    assert last.source == f"{title}\n\n{present.LAST.partition('}')[2].strip()}\n"


@pytest.mark.parametrize("name", TAUGHT)
def test_what_comes_out_is_not_on_the_slide_of_its_prediction(name):
    cells = slides(name)
    for cell, after in pairwise(cells):
        if re.search(r"^> \*\*(Predict|Decide)", cell.source, re.MULTILINE):
            assert place(cell) == "slide"
            assert place(after) in ("slide", "subslide")
            assert not re.search(r"^> .*\n\n\S", cell.source, re.MULTILINE), "it comes last"


@pytest.mark.parametrize("name", TAUGHT)
def test_what_is_to_be_written_is_in_view(name):
    for cell in slides(name):
        if "# your turn" in cell.source or place(cell) == "subslide":
            assert "jupyter" not in cell.metadata


@pytest.mark.parametrize("name", LESSONS)
def test_no_slide_holds_more_than_can_be_read(name):
    for cell in slides(name)[1:]:
        if cell.cell_type == "markdown" and place(cell) == "slide":
            blocks = list(present._blocks(cell.source))
            assert present._words(cell.source) <= present.LONGEST or len(blocks) <= 3, cell.source


def test_settings_are_the_learners_and_the_presenters(tmp_path):
    learners = json.loads(
        (present.lab.SETTINGS / "settings" / "overrides.json").read_text(encoding="utf-8")
    )
    folder = present.settings(tmp_path / "settings", dark=True)
    overrides = json.loads((folder / "settings" / "overrides.json").read_text(encoding="utf-8"))
    assert learners.items() <= overrides.items()
    assert overrides["jupyterlab-slideshow:plugin"] == {"active": True}
    assert overrides["@jupyterlab/apputils-extension:themes"]["theme"] == "JupyterLab Dark"
    style = (folder / "custom" / "custom.css").read_text(encoding="utf-8")
    assert "Run its cell again" in style
    assert ".jp-Deck" in style


def test_a_lesson_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    with pytest.raises(present.Trouble, match=r"no lesson 77. Choose one of \[0, 1, 2"):
        present.prepare(77, tmp_path)


def test_in_a_browser_slides_go_on_a_lab_moves_and_an_answer_waits(tmp_path):
    extension = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "jupyterlab-slideshow"
    if not extension.exists():
        pytest.skip("jupyterlab-slideshow is not installed: python run.py present 1")
    name, own = present.prepare(0, tmp_path), present.settings(tmp_path / ".settings")
    with chromium() as browser, jupyterlab(tmp_path / name, own) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        Desk(page).open(server)
        page.set_default_timeout(PATIENCE * 1000)
        walk(page)


@pytest.mark.elsewhere
def test_every_lab_fits_its_slide_and_can_be_read_from_the_last_row(tmp_path):
    extension = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "jupyterlab-slideshow"
    if not extension.exists():
        pytest.skip("jupyterlab-slideshow is not installed: python run.py present 1")
    calls = [f"labs.{name}()" for name in labs.__all__ if name not in ("Lab", "Scene", "panels")]
    cells = [present._cell("code", "from stepsize import labs", "slide")]
    cells += [present._cell("code", call, "slide") for call in calls]
    path = tmp_path / "labs.ipynb"
    metadata = read("solutions", LESSONS[0]).metadata
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    own = present.settings(tmp_path / ".settings")
    with chromium() as browser, jupyterlab(path, own) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        Desk(page).open(server)
        page.locator(".jp-deck-mod-visible").wait_for()
        for call in ["from stepsize", *calls]:
            active = page.locator(".jp-Cell.jp-mod-active")
            active.locator(".jp-InputArea-editor").filter(has_text=call).wait_for()
            page.keyboard.press("Control+Enter")
            if call in calls:
                active.locator(".stepsize-sentence").filter(has_text=re.compile(".")).wait_for()
                active.locator("svg g *").first.wait_for(state="attached")
                whole = active.locator(".stepsize-lab").bounding_box()
                assert whole["y"] + whole["height"] < 721, call
                assert min(page.evaluate(LETTERS)) > 0.02 * 720, call
            if call != calls[-1]:
                go(page, "ArrowRight")


def walk(page):
    def visible(text):
        return page.locator(".jp-deck-mod-visible").filter(has_text=text)

    first = visible("Before they come in")
    first.wait_for()
    page.evaluate(WATCH)
    page.keyboard.press("Alt+r")
    try:
        first.wait_for(state="hidden", timeout=A_WHILE)
    except TimeoutError:  # the key was pressed too early, as may happen to a presenter
        first.click()
        page.keyboard.press("Alt+r")
    page.locator(".stepsize-lab").wait_for(state="attached")
    first.wait_for()  # everything has run
    assert set(page.evaluate("seen")) <= {0, page.locator(".jp-Cell").count() - 1}

    go_to(page, "labs.playground()")
    lab = page.locator(".jp-Cell.jp-mod-active .stepsize-lab")
    whole = lab.bounding_box()
    assert whole["y"] + whole["height"] < 721  # fractions of a pixel are rounding
    assert min(page.evaluate(LETTERS)) > 19, "pixels, of 720"
    said = lab.locator(".stepsize-sentence").text_content()
    slider = lab.locator(".noUi-handle").first
    slider.focus()
    slider.press("PageUp")
    page.wait_for_function(
        "said => !document.querySelector('.jp-mod-active [aria-busy]')"
        " && document.querySelector('.jp-mod-active .stepsize-sentence').textContent != said",
        arg=said,
    )
    go(page, "Space")  # moves on even from a slider, which an arrow would move
    lab.wait_for(state="hidden")

    go_to(page, 'check("0.1", step_down)')
    visible("0.1 not tried").wait_for()
    go(page, "ArrowDown")
    visible("x_new = x - lr * slope").wait_for()
    visible("0.1 right.").wait_for()


WATCH = """() => {
    window.seen = [];
    const note = () => { seen.push(%s); requestAnimationFrame(note); };
    note();
}"""

LETTERS = """() => {
    const size = (name) => {
        const node = document.querySelector(`.jp-mod-active .stepsize-lab ${name}`);
        if (!node) return Infinity;
        if (!node.ownerSVGElement) return parseFloat(getComputedStyle(node).fontSize);
        return node.getScreenCTM().a * parseFloat(node.getAttribute("font-size"));
    };
    return [".widget-label", ".widget-readout", ".stepsize-sentence", "text"].map(size);
}"""

CUT_OFF = """() => [...document.querySelectorAll(".jp-mod-active .cm-scroller")]
    .filter((code) => code.scrollWidth > code.clientWidth + 1).length"""

ACTIVE = "[...document.querySelectorAll('.jp-Cell')].findIndex(c => c.matches('.jp-mod-active'))"


WATCH %= ACTIVE


def go(page, key):
    """Press it, and wait until a different box is active; none of its code is cut off."""
    before = page.evaluate(ACTIVE)
    page.keyboard.press(key)
    page.wait_for_function(f"before => {ACTIVE} != before", arg=before)
    assert page.evaluate(CUT_OFF) == 0


def go_to(page, code):
    """Move on to the box with this code; the answer to 0.1 mustn't show up on the way."""
    box = page.locator(".jp-Cell.jp-mod-active .jp-InputArea-editor").filter(has_text=code)
    while not box.is_visible():
        go(page, "ArrowRight")
        assert "0.1 right." not in page.locator(".jp-Cell.jp-mod-active").inner_text()
