"""Every lab, with its controls and its sentence, fits on a small screen at once."""

import pytest
from playwright.sync_api import expect

from stepsize import labs

from .jupyter import PATIENCE, Desk, chromium, jupyterlab, notebook

SOON = PATIENCE * 1000  # milliseconds
LABS = [name for name in labs.__all__ if name not in ("Lab", "Scene", "panels")]
WINDOWS = [(1280, 800), (800, 800)]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A notebook in which every lab is alive."""
    cells = [f"from stepsize import labs\nlabs.{name}()" for name in LABS]
    path = notebook(tmp_path_factory.mktemp("sizes") / "labs.ipynb", *cells)
    with chromium() as browser, jupyterlab(path) as server:
        desk = Desk(browser.new_page(viewport={"width": 1280, "height": 800}))
        desk.open(server)
        desk.run_all()
        last = desk.page.locator(".jp-CodeCell").nth(len(LABS) - 1)
        expect(last.locator(".jp-InputArea-prompt")).to_have_text(f"[{len(LABS)}]:", timeout=SOON)
        yield desk.page


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("name", LABS)
def test_a_lab_is_seen_at_once(page, name, window):
    page.set_viewport_size(dict(zip(("width", "height"), window, strict=True)))
    cell = page.locator(".jp-CodeCell").nth(LABS.index(name))
    lab = cell.locator(".stepsize-lab")
    cell.scroll_into_view_if_needed()
    expect(lab.locator(".stepsize-sentence")).not_to_be_empty(timeout=SOON)
    seen = page.locator(".jp-NotebookPanel-notebook").bounding_box()
    assert lab.bounding_box()["height"] <= seen["height"]
    assert lab.evaluate("lab => lab.scrollWidth <= lab.clientWidth"), "nothing is cut off at a side"
