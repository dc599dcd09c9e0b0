"""The whole site, built, in a real browser that can't reach any host.

It takes a minute to build, so `.ci/run` runs these tests: `-m elsewhere`. With STEPSIZE_SITE=site,
they use the site that is already built.
"""

import gzip
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tools.site import record
from tools.site.lessons import ROW

from .axe import violations
from .jupyter import PATIENCE, ROOT, chromium

pytestmark = [pytest.mark.elsewhere, pytest.mark.xdist_group("site")]  # one site for all

SOON = PATIENCE * 1000  # milliseconds
NO_SERVER = re.compile("Access to|Failed to")  # axe and the search try to fetch files
FIRST_VISIT = 1.5e6  # bytes, compressed


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site's folder, built as `run.py site` does."""
    if built := os.environ.get("STEPSIZE_SITE"):
        return Path(built).resolve()
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "tools" / "site"), "--into", str(folder)]
    made = subprocess.run([*command, "--no-browser"], capture_output=True, encoding="utf-8")
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


class Visitor:
    """Opens pages from files alone; records what they load, what they request from hosts, and what
    goes wrong in them."""

    def __init__(self, site: Path, browser: Browser) -> None:
        self.site, self.browser = site, browser
        self.loaded: set[str] = set()
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.contexts: list[BrowserContext] = []

    def __call__(self, path: str, width: int = 1280, **options: Any) -> Page:
        viewport = {"width": width, "height": 900}
        context = self.browser.new_context(viewport=viewport, **options)
        self.contexts.append(context)
        context.route("http*://**", self.refuse)
        context.on("request", lambda request: self.loaded.add(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: self.went_wrong(str(error)))
        page.on("console", lambda said: said.type == "error" and self.went_wrong(said.text))
        page.set_default_timeout(SOON)
        name, question, words = path.partition("?")
        page.goto((self.site / name).as_uri() + question + words)
        return page

    def went_wrong(self, words: str) -> None:
        if not NO_SERVER.match(words):
            self.errors.append(words)

    def refuse(self, route: Route) -> None:
        self.asked.append(route.request.url)
        route.abort()


@pytest.fixture
def visit(site, browser):
    visitor = Visitor(site, browser)
    yield visitor
    for context in visitor.contexts:
        context.close()
    assert visitor.asked == []
    assert visitor.errors == []


def alive(page: Page, name: str = "playground"):
    """The lab, once it lives."""
    lab = page.locator(f'.stepsize-web[data-lab="{name}"]')
    lab.scroll_into_view_if_needed()
    page.wait_for_selector(f'[data-lab="{name}"][data-alive]', state="attached", timeout=SOON)
    return lab


def awake(page: Page) -> Page:
    """The page with everything unfolded, and every lab alive."""
    unfold(page)
    for lab in page.locator(".stepsize-web").all():
        alive(page, lab.get_attribute("data-lab"))
    return page


def unfold(page: Page) -> None:
    while (button := page.get_by_role("button", name="Go on without")).count():
        button.first.click()


def settled(lab) -> str:
    """Its sentence, once its first path is drawn."""
    paper = lab.locator(".stepsize-paper")
    before = None
    while before != (before := paper.inner_html()):
        lab.page.wait_for_timeout(300)
    return lab.locator(".stepsize-sentence").text_content()


def test_all_is_there_and_leads_somewhere(site):
    """The fixture has checked every link. Here: is it the whole course?"""
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {"index.html", "lessons/words.html", "conventions.html", "guide/plans.html"} <= pages
    lessons = [page for page in pages if re.match(r"lessons/\d\d-", page)]
    assert len(lessons) >= 14
    assert "reference/stepsize.optimizers.html" in pages and "search.html" in pages
    assert not list(site.rglob("*.ipynb.html"))


LESSONS = [f"lessons/{path.stem}.html" for path in sorted((ROOT / "lessons").glob("[0-9]*.md"))]


def test_every_icon_of_the_theme_is_there(site):
    used = set()
    for path in site.rglob("*.html"):
        for names in re.findall(r'class="([^"]*\bfa-solid\b[^"]*)"', path.read_text("utf-8")):
            used |= {name for name in names.split() if name.startswith("fa-")}
    drawn = (site / "_static" / "site.css").read_text(encoding="utf-8")
    missing = {name for name in used if f".{name}::before" not in drawn}
    assert missing == {"fa-solid", "fa-lg", "fa-fw"}  # its font and sizes


@pytest.mark.parametrize("path", ["index.html", *LESSONS])
def test_a_first_visit_is_small(visit, path):
    """Everything a page loads until all its labs are alive, as a host would compress it."""
    page = awake(visit(path, reduced_motion="reduce"))
    page.wait_for_load_state("networkidle")
    files = {url for url in visit.loaded if url.startswith("file:")}
    names = [Path(unquote(urlsplit(url).path)) for url in files]
    assert Path(path).name in {each.name for each in names}
    sizes = {each.name: len(gzip.compress(each.read_bytes())) for each in names}
    assert sum(sizes.values()) <= FIRST_VISIT, sizes


def test_the_ball_is_dragged(visit):
    page = visit("index.html")
    lab = alive(page)
    before, picture = settled(lab), lab.locator(".stepsize-paper").inner_html()
    box = lab.locator(".stepsize-map").bounding_box()
    ball = lab.locator(".stepsize-ball").bounding_box()
    page.mouse.move(ball["x"] + ball["width"] / 2, ball["y"] + ball["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"], steps=8)
    page.mouse.up()
    after = settled(lab)
    assert after != before
    assert lab.locator(".stepsize-paper").inner_html() != picture
    said = lab.locator(".stepsize-paper").get_attribute("aria-label")
    assert after in said and "arrow keys move it" in said


def test_the_playground_by_keyboard(visit):
    """Surface, rule, rate and ball: each changes the sentence."""
    page = visit("index.html")
    lab = alive(page)
    said = [settled(lab)]
    for name, key in [("surface", "ArrowDown"), ("rule", "ArrowDown"), ("learning rate", "PageUp")]:
        control = lab.get_by_label(name, exact=True)
        control.focus()
        control.press(key)
        said.append(settled(lab))
    lab.locator(".stepsize-paper").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    said.append(settled(lab))
    assert len(set(said)) == len(said)
    assert "beta" not in lab.inner_text() and "alpha" not in lab.inner_text()  # nesterov's lab


def test_it_keeps_still_for_those_who_ask(visit):
    page = visit("index.html", reduced_motion="reduce")
    lab = alive(page)
    paper = lab.locator(".stepsize-paper")
    first = paper.inner_html()
    page.wait_for_timeout(1500)
    assert paper.inner_html() == first
    assert paper.locator("path").count() > 80  # a dot for each step, so the path is complete


@pytest.mark.parametrize("name", record.GRIDS)
def test_a_recorded_lab_lives(site, visit, name):
    """By keyboard: its first slider moves the picture, and its value is read out."""
    place = f'data-lab="{name}"'
    path = next(page for page in site.rglob("*.html") if place in page.read_text(encoding="utf-8"))
    page = visit(path.relative_to(site).as_posix())
    unfold(page)
    lab = alive(page, name)
    settled(lab)
    paper = lab.locator(".stepsize-paper")
    before = paper.inner_html()
    slider = lab.locator('input[type="range"]').first
    told = slider.get_attribute("aria-valuetext")
    slider.focus()
    slider.press("Home" if slider.input_value() != "0" else "End")
    moved = "([paper, before]) => paper.innerHTML !== before"
    page.wait_for_function(moved, arg=[paper.element_handle(), before], timeout=SOON)
    assert slider.get_attribute("aria-valuetext") != told
    assert re.search("course itself|all its settings", lab.inner_text())


def test_the_map_of_momentum_by_keyboard(visit):
    """The ball chooses a setting, the buttons show the formula's, the slider changes the map."""
    page = visit("lessons/03-ravines.html")
    unfold(page)
    lab = alive(page, "momentum_map")
    said = [settled(lab)]
    paper = lab.locator(".stepsize-paper")
    paper.focus()
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    said.append(settled(lab))
    assert said[-1] in paper.get_attribute("aria-label")
    crosses = lab.locator('.stepsize-paper path[d*="v"]').count()
    lab.get_by_label("shown").focus()
    page.keyboard.press("Space")
    settled(lab)
    assert lab.locator('.stepsize-paper path[d*="v"]').count() == crosses + 1
    slider = lab.get_by_label("condition κ")
    assert slider.get_attribute("aria-valuetext") == "25"
    slider.press("End")
    said.append(settled(lab))
    assert slider.get_attribute("aria-valuetext") == "100"
    assert len(set(said)) == 3
    said_of = re.compile(r"learning rate \S+, momentum \d\.\d\d: (.* is left|higher)")
    assert all(said_of.match(each) for each in said)


def test_newton_schulz_by_keyboard(visit):
    """The choice of start moves the coefficients; five steps lift what the lesson says."""
    page = visit("lessons/13-a-layer-is-a-matrix.html")
    unfold(page)
    lab = alive(page, "newton_schulz")
    steps, a = lab.get_by_label("steps", exact=True), lab.get_by_label("a", exact=True)
    for _ in range(5):
        steps.press("ArrowRight")
    assert settled(lab).startswith("after 5 steps: 18 of 32 between 0.5 and 1.5")
    assert a.get_attribute("aria-valuetext") == "3.4445"
    lab.get_by_label("the cubic").focus()
    page.keyboard.press("Space")
    assert settled(lab).startswith("after 5 steps: 7 of 32")
    assert a.get_attribute("aria-valuetext") == "1.5"


# Predictions -------------------------------------------------------------------------------------


def reloaded(page: Page, form) -> None:
    """Predictions are still there after a reload, at the question and beside the answer. A busy
    browser may reopen the page before it has saved what the page stored."""
    end = time.monotonic() + PATIENCE
    page.reload()
    while form.locator("b").count() == 0 and time.monotonic() < end:
        time.sleep(1)
        page.reload()
    assert form.locator("b").count() == 1, page.evaluate("Object.entries(localStorage)")


def test_words_are_kept_and_unfold_what_follows(visit):
    page = visit("lessons/01-the-learning-rate.html")
    folded = page.locator(".stepsize-after").first
    assert folded.get_attribute("hidden") == "until-found"
    for label, word in {"0.1": "crawls", "1.9": "bounces"}.items():
        page.get_by_label(label, exact=True).first.fill(word)
    page.keyboard.press("Enter")
    assert folded.get_attribute("hidden") is None
    form = page.locator(".stepsize-predict").first
    reloaded(page, form)
    assert form.locator("b").inner_text() == "0.1: crawls; 1.9: bounces"
    assert page.locator(".stepsize-after").first.get_attribute("hidden") is None
    assert page.locator(".stepsize-recalled").first.inner_text().endswith("1.9: bounces")
    assert page.context.cookies() == []
    form.get_by_role("button", name="Change it").press("Enter")
    assert page.get_by_label("1.9", exact=True).first.input_value() == "bounces"


def asked(page: Page, words: str):
    """The form below a question."""
    question = page.locator("blockquote", has_text=words)
    return question.locator("xpath=following-sibling::div[1]").locator("form")


def test_a_choice_is_one_click_and_can_be_made_by_keyboard(visit):
    page = visit("lessons/02-one-example-a-handful-or-all.html")
    while asked(page, "after one epoch").count() == 0 or asked(page, "after one epoch").is_hidden():
        page.get_by_role("button", name="Go on without").first.click()
    form = asked(page, "after one epoch")
    option = form.get_by_role("button", name="32", exact=True)
    option.focus()
    page.keyboard.press("Enter")
    assert form.locator("b").inner_text() == "32"
    expect(form.get_by_role("button", name="Change it")).to_be_focused()
    reloaded(page, form)
    assert form.locator("b").inner_text() == "32"
    form.get_by_role("button", name="Change it").click()
    form.get_by_role("button", name="all 1000").click()
    assert form.locator("b").inner_text() == "all 1000"


def test_a_number_is_a_number_and_all_can_be_erased(visit):
    page = visit("lessons/05-adam.html")
    form = asked(page, "Are its first steps too")
    page.get_by_role("button", name="not true").click()
    form.get_by_label("right", exact=True).check()
    field = form.get_by_label("the longest")
    assert field.get_attribute("type") == "number"
    field.fill("3.5")
    field.press("Enter")
    assert form.locator("b").inner_text() == "the first steps: right; the longest: 3.5 lr"
    page.goto(page.url.replace("lessons/05-adam", "predictions"))
    listed = page.locator(".stepsize-predictions")
    expect(listed).to_contain_text("right; the longest: 3.5 lr", timeout=SOON)
    assert violations(page) == []
    erase = listed.get_by_role("button", name="Erase them all")
    erase.focus()
    page.keyboard.press("Enter")
    expect(listed.get_by_role("status")).to_contain_text("erased", timeout=SOON)
    kept = page.evaluate("Object.keys(localStorage)")  # the theme keeps its own entries there
    assert not [key for key in kept if key.startswith("stepsize")]
    page.go_back()
    page.reload()
    assert page.locator(".stepsize-after").first.get_attribute("hidden") == "until-found"


def test_a_solution_is_folded_and_can_be_unfolded(visit):
    page = visit("lessons/01-the-learning-rate.html")
    solution = page.get_by_text("theta - lr * grad", exact=False).first
    expect(page.get_by_text("# your turn").first).to_be_visible(timeout=SOON)
    expect(solution).to_be_hidden()
    page.get_by_text("Show a solution").first.click()
    expect(solution).to_be_visible(timeout=SOON)


CUT = """(row) => {
    const wide = (box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1;
    const outputs = [...document.querySelectorAll(".cell_output pre")].filter(wide);
    const formulas = [...document.querySelectorAll("mjx-container[display=true]")].filter(wide);
    const sentences = outputs.filter((pre) => !RegExp(row).test(pre.textContent));
    return innerWidth < 720 ? sentences.map((pre) => pre.textContent)
        : [...outputs, ...formulas].map((box) => box.textContent);
}"""  # what has to be scrolled to be read: on a phone, formulas and tables may be


WAYS = [("light", 1280), ("dark", 390)]
PAGES = [
    "index.html",
    "lessons/01-the-learning-rate.html",
    "lessons/words.html",
    "conventions.html",
    "predictions.html",
    "guide/plans.html",
    "search.html?q=warmup",
]
LONG = ["lessons/13-a-layer-is-a-matrix.html", "reference/stepsize.optimizers.html"]
SEEN = [(path, *way) for path in PAGES for way in WAYS]
SEEN += [(path, *way) for path, way in zip(LONG, WAYS, strict=True)]  # axe needs long for these


@pytest.mark.parametrize(("path", "scheme", "width"), SEEN)
def test_a_page_is_for_everybody(visit, path, scheme, width):
    """axe finds nothing, no formula is left as source, and nothing is wider than the window."""
    page = visit(path, width, color_scheme=scheme, reduced_motion="reduce")
    if "lessons/0" in path or "lessons/1" in path:  # as first shown, before everything is unfolded
        assert violations(page, "article") == []
    awake(page)
    if page.locator(".math").count():
        page.wait_for_selector("mjx-container", timeout=SOON)
    if "search" in path:
        page.wait_for_selector(".search li", timeout=SOON)
    assert violations(page) == []
    for each in (1280, 800, 390):
        page.set_viewport_size({"width": each, "height": 900})
        page.wait_for_function("width => innerWidth === width", arg=each)
        assert page.evaluate("document.documentElement.scrollWidth") <= each
        assert page.evaluate(CUT, ROW.pattern) == []
