"""Every lab in a real browser: as it was made, and visible in full on a small screen."""

import nbformat
import pytest
from playwright.sync_api import expect

from stepsize import labs

from .jupyter import PATIENCE, Desk, chromium, jupyterlab, notebook
from .test_pictures import NARROW, SMALLEST

pytestmark = [pytest.mark.elsewhere, pytest.mark.xdist_group("labs_in_browser")]

SOON = PATIENCE * 1000  # milliseconds
LAB_DPI = labs.panels(1)[0].figure.get_figure(root=True).dpi
LABS = [name for name in labs.__all__ if name not in ("Lab", "Scene", "panels")]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A notebook in which every lab is alive."""
    cells = [f"from stepsize import labs\nlabs.{name}()" for name in LABS]
    path = notebook(tmp_path_factory.mktemp("sizes") / "labs.ipynb", *cells)
    with chromium() as browser, jupyterlab(path) as server:
        # Opened narrow, because the list of files keeps its width when a window is resized.
        desk = Desk(browser.new_page(viewport={"width": 800, "height": 800}))
        desk.open(server)
        desk.run_all()
        for i in range(len(LABS)):
            prompt = desk.page.locator(".jp-CodeCell .jp-InputArea-prompt").nth(i)
            expect(prompt).to_have_text(f"[{i + 1}]:", timeout=SOON)
        yield desk.page, path


@pytest.mark.parametrize("width", [1280, 800])
def test_every_lab_is_seen_at_once(room, width):
    """Controls, picture and sentence, in a window that is 800 pixels high."""
    page, _ = room
    page.set_viewport_size({"width": width, "height": 800})
    height = page.locator(".jp-NotebookPanel-notebook").bounding_box()["height"]
    tall, cut = {}, []
    for i, name in enumerate(LABS):
        cell = page.locator(".jp-CodeCell").nth(i)
        cell.scroll_into_view_if_needed()
        lab = cell.locator(".stepsize-lab")
        expect(lab.locator(".stepsize-sentence")).not_to_be_empty(timeout=SOON)
        if lab.bounding_box()["height"] > height:
            tall[name] = lab.bounding_box()["height"]
        if lab.evaluate("lab => lab.scrollWidth > lab.clientWidth"):
            cut.append(name)
    assert (tall, cut) == ({}, []), f"what is seen of a notebook is {height} pixels high"


@pytest.mark.parametrize("width", [1280, 800])
def test_every_letter_of_a_lab_has_nine_pixels(room, width):
    """With the list of files beside it."""
    page, _ = room
    page.set_viewport_size({"width": width, "height": 800})
    expect(page.locator(".jp-DirListing").first).to_be_visible()
    sizes = {}
    for i, name in enumerate(LABS):
        cell = page.locator(".jp-CodeCell").nth(i)
        cell.scroll_into_view_if_needed()
        scale = cell.locator(".stepsize-paper svg").first.evaluate(
            "svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width"
        )
        sizes[name] = SMALLEST / 72 * LAB_DPI * scale
    assert {name: size for name, size in sizes.items() if size < 9} == {}


def test_a_narrow_window_has_room_for_a_picture(room):
    """With the list of files beside it: tests/test_pictures.py computes with this width."""
    page, _ = room
    page.set_viewport_size({"width": 800, "height": 800})
    expect(page.locator(".jp-DirListing").first).to_be_visible()
    output = page.locator(".jp-CodeCell .jp-OutputArea-output:visible").first
    output.scroll_into_view_if_needed()
    assert output.bounding_box()["width"] >= NARROW


def test_the_browser_leaves_every_lab_as_it_was_made(room):
    page, path = room
    with page.expect_response(lambda answer: "/checkpoints" in answer.url, timeout=SOON):
        page.keyboard.press("Control+s")
    for i, cell in enumerate(nbformat.read(path, as_version=4).cells):
        stored = cell.outputs[0].data["text/plain"]
        shown = page.locator(".jp-CodeCell").nth(i).locator(".stepsize-sentence")
        expect(shown).to_have_text(stored, timeout=SOON)
