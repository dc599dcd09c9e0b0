"""Lesson 1 in a real JupyterLab in a real browser: what a learner does and sees."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .jupyter import PATIENCE, Desk, chromium, jupyterlab, notebook

ROOT = Path(__file__).resolve().parents[1]
SOON = PATIENCE * 1000  # milliseconds


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """A server on a learner's copy of lesson 1, and a page in which all cells have been run."""
    folder = tmp_path_factory.mktemp("my-work")
    lesson = next((ROOT / "notebooks").glob("01-*.ipynb"))
    shutil.copy(lesson, folder)
    with chromium() as browser, jupyterlab(folder / lesson.name) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        desk = Desk(page)
        desk.open(server)
        desk.run_all()
        expect(lab(page).locator(".stepsize-sentence")).not_to_be_empty(timeout=SOON)
        yield desk, server


def lab(page: Page, title: str = "Gradient descent on a map") -> Locator:
    return page.locator(".stepsize-lab").filter(has=page.locator(f'[aria-label^="{title}"]'))


def picture(page: Page) -> str:
    return lab(page).locator(".stepsize-paper").inner_html()


def caught_up(page: Page) -> None:
    """Wait until the lab has caught up with its slider, and no longer says that it is late."""
    late = lab(page).locator(".stepsize-sentence").filter(has_text="hasn’t caught up")
    expect(late).to_have_count(0, timeout=SOON)


def test_the_slider_moves_the_picture_by_keyboard(classroom):
    page = classroom[0].page
    sentence = lab(page).locator(".stepsize-sentence")
    before, said = picture(page), sentence.text_content()
    slider = lab(page).locator(".noUi-handle").first
    slider.focus()
    for _ in range(5):
        slider.press("PageUp")
    expect(sentence).not_to_have_text(said, timeout=SOON)
    caught_up(page)
    assert picture(page) != before
    label = lab(page).locator(".stepsize-paper")
    both = [label.element_handle(), sentence.element_handle()]  # they may still be moving
    same = "([label, said]) => label.getAttribute('aria-label').includes(said.textContent)"
    page.wait_for_function(same, arg=both, timeout=SOON)


def test_far_to_the_right_it_diverges_and_says_so(classroom):
    page = classroom[0].page
    slider = lab(page).locator(".noUi-handle").first
    slider.focus()
    slider.press("End")
    sentence = lab(page).locator(".stepsize-sentence")
    expect(sentence).to_contain_text("diverging", timeout=SOON)
    expect(sentence).to_contain_text("2/curvature = 0.08", timeout=SOON)
    slider.press("Home")
    expect(sentence).to_contain_text("crawling", timeout=SOON)


def test_the_ball_is_dragged_and_moved_by_arrow_keys(classroom):
    page = classroom[0].page
    paper = lab(page).locator(".stepsize-paper")
    paper.scroll_into_view_if_needed()
    label = paper.get_attribute("aria-label")
    ball = lab(page).locator(".stepsize-ball").bounding_box()
    x, y = ball["x"] + ball["width"] / 2, ball["y"] + ball["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=5)
    page.mouse.up()
    expect(paper).not_to_have_attribute("aria-label", label, timeout=SOON)
    moved = lab(page).locator(".stepsize-ball").bounding_box()
    assert abs(moved["x"] - ball["x"] - 60) < 5
    assert abs(moved["y"] - ball["y"] - 40) < 5

    label = paper.get_attribute("aria-label")
    paper.press("ArrowLeft")
    expect(paper).not_to_have_attribute("aria-label", label, timeout=SOON)


def test_every_check_says_not_tried(classroom):
    page = classroom[0].page
    for exercise in ("1.1", "1.2", "1.3", "1.4"):
        page.get_by_text(f"{exercise} not tried yet").first.scroll_into_view_if_needed()


def test_nobody_asks_for_news_builds_or_tokens(classroom):
    page = classroom[0].page
    assert page.locator(".jp-Dialog").count() == 0
    assert page.locator(".Toastify__toast").count() == 0


def test_console_and_log_are_clean(classroom):
    """After everything above."""
    desk, server = classroom
    assert desk.said == []
    log = server.log.read_text(encoding="utf-8")
    assert not any(word in log for word in ("Error", "ERROR", "Traceback", "Warning", "WARNING")), (
        log
    )


def test_without_a_kernel_the_stored_picture_takes_the_labs_place(classroom):
    """This comes last, because JupyterLab logs every lab that is gone to the console."""
    page, server = classroom[0].page, classroom[1]
    cell = page.locator(".jp-CodeCell").filter(has_text="labs.learning_rate()")
    stored = cell.locator(".jp-RenderedImage img")
    expect(stored).to_be_hidden()  # the lab itself is there
    with page.expect_response(lambda a: a.request.method == "PUT" and "contents" in a.url):
        page.keyboard.press("Control+s")
    for session in json.loads(server.api("sessions")):
        server.api(f"sessions/{session['id']}", "DELETE")
    page.reload()
    expect(stored).to_be_visible(timeout=SOON)
    expect(lab(page)).to_have_count(0)


BUSY = """\
import time
from pathlib import Path
while not Path("go").exists():
    time.sleep(0.1)"""


def test_a_picture_that_has_not_caught_up_with_its_slider_says_so(classroom, tmp_path):
    path = notebook(tmp_path / "busy.ipynb", "from stepsize import labs\nlabs.parabola()", BUSY)
    with jupyterlab(path) as server:
        browser = classroom[0].page.context.browser
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        desk = Desk(page)
        desk.open(server)
        desk.run_all()
        paper = page.locator(".stepsize-paper")
        sentence = page.locator(".stepsize-sentence[role=status]")
        expect(sentence).to_contain_text("closing in", timeout=SOON)

        slider = page.locator(".stepsize-lab .noUi-handle").first
        slider.focus()
        slider.press("Home")
        expect(sentence).to_contain_text("hasn’t caught up", timeout=SOON)
        expect(paper).to_have_attribute("aria-busy", "true", timeout=SOON)
        slider.press("PageUp")
        slider.press("Home")
        (tmp_path / "go").touch()
        expect(sentence).to_contain_text("crawling", timeout=SOON)
        expect(paper).not_to_have_attribute("aria-busy", "true", timeout=SOON)

        slider.press("End")
        expect(sentence).to_contain_text("further each time", timeout=SOON)
        slider.press("Home")
        expect(sentence).to_contain_text("crawling", timeout=SOON)
        assert desk.said == []
