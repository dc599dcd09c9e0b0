"""The site's front page in Chromium: how soon its playground is alive, and what a frame costs.

    python -m benchmarks.page_latency    prints; python run.py bench has it in its table

It opens what is in site/ (made by `python run.py site`) from files alone, with a new browser each
time. Frames are the pictures drawn while the ball is dragged; their processor time is everything
that the page's main thread does meanwhile, as Chromium counts it.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

FRONT = Path(__file__).resolve().parents[1] / "site" / "index.html"
MOVES = 120
DRAWN = """(marks) => {
  globalThis.drawn = 0;
  new MutationObserver(() => globalThis.drawn++).observe(marks, { childList: true });
}"""


def can_be_measured() -> bool:
    return FRONT.exists() and find_spec("playwright") is not None


def alive() -> float:
    """Milliseconds from requesting the page until its playground can be dragged."""
    from tests.jupyter import chromium

    with chromium() as browser:
        return _alive(browser.new_page())


def frame() -> float:
    """Milliseconds of processor time per frame, while the ball is dragged around the map."""
    from tests.jupyter import chromium

    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        _alive(page)
        page.wait_for_timeout(2000)  # the first path has grown
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.locator(".stepsize-map > g").evaluate(DRAWN)
        before = _busy(session)
        _drag(page)
        return 1e3 * (_busy(session) - before) / page.evaluate("globalThis.drawn")


def _alive(page: Any) -> float:
    page.goto(FRONT.as_uri())
    lab = page.wait_for_selector(".stepsize-web[data-alive]")
    return float(lab.get_attribute("data-alive"))


def _busy(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float({each["name"]: each["value"] for each in metrics}["TaskDuration"])


def _drag(page: Any) -> None:
    box = page.locator(".stepsize-map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(MOVES):
        page.mouse.move(x + box["width"] * (i % 60 - 30) / 100, y + box["height"] * (i - 60) / 200)
        page.wait_for_timeout(16)
    page.mouse.up()


if __name__ == "__main__":
    if not can_be_measured():
        raise SystemExit("First make the site: python run.py site --no-browser")
    print(f"the playground lives {alive():.0f} ms after the page was asked for")
    print(f"a frame of a drag takes {frame():.1f} ms of processor time")
