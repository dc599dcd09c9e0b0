"""Labs and the last check's sheet in a real JupyterLab, by keyboard and for a screen reader."""

from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from .axe import violations
from .jupyter import PATIENCE, Desk, chromium, jupyterlab, notebook

SOON = PATIENCE * 1000  # milliseconds
CELLS = [
    "from stepsize import labs, last_check",
    "lab = labs.playground()",
    "lab",
    "lab",
    "labs.batches()",
    "labs.warmup()",
    "last_check(1)",
    "'the end'",
]
FIRST, AGAIN, BATCHES, WARMUP, SHEET = range(5)  # from top to bottom

# With the focus on a cell, these cut, insert, delete, paste, undo, change its type, or move away.
LETTERS = ("x", "m", "y", "1", "a", "b", "c", "v", "d", "d", "z", "j", "k", "r", "Alt+Enter")
LETTERS += ("Shift+m", "Control+Shift+ArrowDown", "Control+z", "ArrowUp", "ArrowDown")


class Room(NamedTuple):
    """A page with an open notebook, and where the notebook is saved."""

    page: Page
    path: Path


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    path = notebook(tmp_path_factory.mktemp("my-work") / "labs.ipynb", *CELLS)
    with chromium() as browser, jupyterlab(path) as server:
        desk = Desk(browser.new_page(viewport={"width": 1280, "height": 1000}))
        desk.open(server)
        desk.run_all()
        expect(desk.page.get_by_text("'the end'").last).to_be_visible(timeout=SOON)
        for which in (FIRST, AGAIN, BATCHES, WARMUP, SHEET):
            part(desk.page, which).scroll_into_view_if_needed()
        yield Room(desk.page, path)


def part(page: Page, which: int) -> Locator:
    """A lab, or the sheet."""
    return page.locator(".stepsize-lab, .stepsize-sheet").nth(which)


# Each kind of control, by its role for a screen reader and its name, and what changes its value.
CONTROLS = {
    "dropdown": (FIRST, "combobox", "surface", ["ArrowDown"]),
    "row of buttons": (FIRST, "button", "momentum", ["Space"]),
    "slider": (FIRST, "slider", "learning rate", ["ArrowRight"]),
    "number": (FIRST, "textbox", "learning rate, as a number", [*"0.2", "Enter"]),
    "picture": (FIRST, "application", "A ball on a map", ["ArrowRight"]),
    "slider, shown twice": (AGAIN, "slider", "learning rate", ["ArrowLeft"]),
    "list": (BATCHES, "slider", "batch size", ["ArrowLeft"]),
    "button": (BATCHES, "button", "shuffle again", []),
    "button that trains": (WARMUP, "button", "one more of every cell", []),
    "choice": (SHEET, "radio", "", ["ArrowDown"]),
    "button of the sheet": (SHEET, "button", "Next", ["Enter"]),
}


def control(page: Page, kind: str) -> Locator:
    where, role, name, _ = CONTROLS[kind]
    if where == SHEET:  # go on to a question that isn't answered yet
        part(page, where).locator(".stepsize-bar .open").first.click()
    return part(page, where).get_by_role(role, name=name).first


VALUES = """root => JSON.stringify([
  [...root.querySelectorAll("select, input")].map((each) => [each.value, each.checked]),
  [...root.querySelectorAll("[aria-pressed]")].map((each) => each.ariaPressed),
  [...root.querySelectorAll("[role=slider]")].map((each) => each.ariaValueText),
  root.querySelector(".stepsize-paper")?.ariaLabel ?? root.querySelector("legend").innerText,
])"""


@pytest.mark.parametrize("kind", CONTROLS)
def test_keys_are_the_controls_and_leave_the_notebook_alone(room, kind):
    page, focus = room.page, control(room.page, kind)
    where, _, _, keys = CONTROLS[kind]
    focus.focus()
    here, root = chosen(page), part(page, where)
    value = root.evaluate(VALUES)
    for key in keys:
        page.keyboard.press(key)
    if keys:
        changed = f"([root, value]) => ({VALUES})(root) !== value"
        page.wait_for_function(changed, arg=[root.element_handle(), value], timeout=SOON)
    enter = () if kind == "button that trains" else ("Enter",)
    for key in (*LETTERS, *enter, *LETTERS):
        page.keyboard.press(key)
    assert cells(room) == [("code", source) for source in CELLS]
    assert chosen(page) == here


def cells(room: Room) -> list[tuple[str, str]]:
    """The notebook's cells as saved; Control S saves them wherever the focus is."""

    with room.page.expect_response(lambda answer: "/checkpoints" in answer.url, timeout=SOON):
        room.page.keyboard.press("Control+s")
    return [(cell.cell_type, cell.source) for cell in nbformat.read(room.path, 4).cells]


def chosen(page: Page) -> list[int]:
    """Which cells are selected, or active."""
    return page.evaluate("""() => [...document.querySelectorAll(".jp-Cell")]
      .flatMap((cell, i) => (cell.matches(".jp-mod-selected, .jp-mod-active") ? [i] : []))""")


def test_tab_goes_through_a_lab_and_on_and_back(room):
    page, lab = room.page, part(room.page, FIRST)
    control(page, "row of buttons").press("Space")  # momentum, so that all its controls are active
    expect(lab.get_by_role("textbox", name="momentum")).to_be_editable(timeout=SOON)
    control(page, "dropdown").focus()
    met = []
    while lab.locator(":focus").count():
        met.append(lab.locator(":focus").evaluate(SAID))
        page.keyboard.press("Tab")
    sliders = ["learning rate", "learning rate, as a number", "momentum", "momentum, as a number"]
    assert met[:-1] == ["surface", "sgd", "momentum", "adam", *sliders]
    assert met[-1].startswith("A ball on a map")
    for _ in range(20):  # JupyterLab puts buttons on the cell that has the focus
        page.keyboard.press("Shift+Tab")
        if lab.locator(":focus").count():
            break
    assert lab.locator(":focus").evaluate(SAID) == met[-1]


SAID = "node => node.ariaLabel ?? (node.labels?.[0] ?? node).innerText.trim()"


@pytest.mark.parametrize("kind", CONTROLS)
def test_the_focus_is_seen(room, kind):
    """A ring 3 pixels wide is 6 (width + height) of them; not cut off, not covered."""
    page, focus = room.page, control(room.page, kind)
    seen = focus.locator("xpath=ancestor-or-self::*[not(self::input)][1]")
    focus.scroll_into_view_if_needed()
    focus.focus()
    page.keyboard.press("Shift")  # focus-visible only shows for keyboard users
    with_ring = pixels(page, seen)
    page.evaluate("document.activeElement.blur()")
    changed = (pixels(page, seen) != with_ring).any(axis=-1).sum()
    assert changed > 5 * (seen.bounding_box()["width"] + seen.bounding_box()["height"])


def pixels(page: Page, seen: Locator, around: int = 5) -> np.ndarray:
    """A picture of this, and of what is close to it."""
    x, y, width, height = seen.bounding_box().values()
    size = dict(width=width + 2 * around, height=height + 2 * around)
    clip = dict(x=x - around, y=y - around, **size)
    shot = page.screenshot(clip=clip, animations="disabled", caret="hide")
    return plt.imread(BytesIO(shot), format="png")


def test_escape_leads_back_to_the_notebook_where_keys_are_its_own(room):
    page = room.page
    control(page, "slider").focus()
    page.keyboard.press("Escape")
    assert page.locator(":focus").evaluate("node => node.matches('.jp-Cell')")
    page.keyboard.press("b")
    expect(page.locator(".jp-Cell")).to_have_count(len(CELLS) + 1, timeout=SOON)
    page.keyboard.press("z")
    expect(page.locator(".jp-Cell")).to_have_count(len(CELLS), timeout=SOON)


def test_what_is_said_about_a_slider_is_what_is_shown(room):
    page = room.page
    for kind, key in (("slider", "ArrowRight"), ("list", "ArrowLeft")):
        slider = control(page, kind)
        readout = slider.locator("xpath=ancestor::*[contains(@class, 'widget-slider')]").locator(
            ".widget-readout"
        )
        for _ in range(3):
            before = readout.text_content()
            slider.press(key)
            expect(readout).not_to_have_text(before, timeout=SOON)
            shown = readout.text_content()
            expect(slider).to_have_attribute("aria-valuetext", shown, timeout=SOON)
            float(shown)


def test_a_pressed_button_says_so(room):
    adam = part(room.page, FIRST).get_by_role("button", name="adam")
    adam.press("Space")
    expect(adam).to_have_attribute("aria-pressed", "true", timeout=SOON)
    expect(part(room.page, FIRST).get_by_role("button", pressed=True)).to_have_count(1)
    expect(part(room.page, FIRST).get_by_role("group", name="rule")).to_be_visible()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_in_a_lab_or_in_the_sheet(room, theme):
    page = room.page
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    for name in ("Theme", theme):
        page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True).first.click()
    page.locator(f'body[data-jp-theme-name="{theme}"]').wait_for(state="attached")
    for which in range(SHEET + 1):
        part(page, which).scroll_into_view_if_needed()
    assert violations(page, ".stepsize-lab") == []
    assert violations(page, ".stepsize-sheet") == []


IN_VIEW = """lab => {
  const view = lab.closest(".jp-WindowedPanel-outer").getBoundingClientRect();
  const { top, bottom } = lab.getBoundingClientRect();
  return top >= view.top - 1 && bottom <= view.bottom + 1;
}"""


def test_a_lab_that_gets_the_focus_is_in_view_from_controls_to_sentence(room):
    page, lab = room.page, part(room.page, BATCHES)
    page.set_viewport_size({"width": 1280, "height": 720})
    control(page, "list").focus()
    page.keyboard.press("Escape")
    for seen, edge in ((".stepsize-sentence", "start"), (".widget-hbox", "end")):
        lab.locator(seen).first.evaluate("(seen, block) => seen.scrollIntoView({ block })", edge)
        assert not lab.evaluate(IN_VIEW)
        control(page, "list").focus()
        page.wait_for_function(IN_VIEW, arg=lab.element_handle(), timeout=SOON)
        page.keyboard.press("Escape")


def test_in_a_low_window_what_has_the_focus_is_in_view(room):
    """There, a lab doesn't fit, so it isn't scrolled to its top when its picture gets the focus."""
    page, lab = room.page, part(room.page, BATCHES)
    page.set_viewport_size({"width": 1280, "height": 420})
    control(page, "list").focus()
    paper = lab.locator(".stepsize-paper")
    while not paper.evaluate("paper => paper === document.activeElement"):
        page.keyboard.press("Tab")
    assert not lab.evaluate(IN_VIEW)
    expect(paper).to_be_in_viewport(timeout=SOON)
    page.set_viewport_size({"width": 1280, "height": 720})


def test_shift_enter_reruns_a_lab_and_its_keys_are_its_own_again(room):
    """This comes last, because the lab's settings are lost."""
    page, batches = room.page, part(room.page, BATCHES)
    control(page, "list").focus()
    batches.evaluate("lab => (lab.id = 'old')")
    page.keyboard.press("Shift+Enter")
    expect(page.locator("#old")).to_have_count(0, timeout=SOON)
    expect(page.locator(".stepsize-lab")).to_have_count(WARMUP + 1, timeout=SOON)
    page.wait_for_function(IN_VIEW, arg=batches.element_handle(), timeout=SOON)
    slider = control(page, "list")
    slider.focus()
    for key in LETTERS:  # the last one is an arrow
        page.keyboard.press(key)
    expect(slider).to_have_attribute("aria-valuetext", "128", timeout=SOON)
    assert cells(room) == [("code", source) for source in CELLS]
