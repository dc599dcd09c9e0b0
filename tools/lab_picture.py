"""Make the pictures of a lab that README.md shows, in Chromium: python -m tools.lab_picture

docs/lab.png is a still picture. In docs/lab.gif the learning rate rises, step by step, until it is
too high; README.md shows it to those who haven't asked their system for less motion.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, expect

from tests.jupyter import PATIENCE, Desk, chromium, jupyterlab, notebook

DOCS = Path(__file__).resolve().parents[1] / "docs"
LAB = """\
from stepsize import labs
from stepsize.optimizers import momentum, sgd
from stepsize.surfaces import ravine
lab = labs.playground()
chosen = dict(surface=ravine, rule={rule}, lr={lr}, friction=0.85)
for name, value in chosen.items():
    lab.controls[name].value = value
lab"""
STILL = LAB.format(rule="momentum", lr=0.02)
MOVING = LAB.format(rule="sgd", lr=0.005)
PRESSES = 26  # of the arrow key: six double the rate, and 0.08 is the border
FIRST, FRAME, LAST = 1000, 180, 2200  # milliseconds
WIDTH, COLORS = 800, 48


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = notebook(Path(folder) / "lab.ipynb", STILL, MOVING)
        with chromium() as browser, jupyterlab(path) as server:
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            desk = Desk(page)
            desk.open(server)
            desk.run_all()
            still, moving = (page.locator(".stepsize-lab").nth(i) for i in range(2))
            sentence = still.locator(".stepsize-sentence")
            expect(sentence).to_contain_text("converged", timeout=PATIENCE * 1000)
            at_rest(still)
            still.screenshot(path=DOCS / "lab.png", animations="disabled")
            save(frames(moving), DOCS / "lab.gif")


def frames(lab: Locator) -> list[Image.Image]:
    """The lab at each learning rate on the way up."""
    slider = lab.get_by_role("slider", name="learning rate")
    slider.scroll_into_view_if_needed()
    slider.focus()
    shots = [picture(lab)]
    for _ in range(PRESSES):
        before = lab.locator(".stepsize-sentence").text_content()
        slider.press("ArrowRight")
        expect(lab.locator(".stepsize-sentence")).not_to_have_text(before or "")
        at_rest(lab)
        shots.append(picture(lab))
    return shots


def at_rest(lab: Locator) -> None:
    """Wait until the picture matches its controls; a late one is pale, and says so."""
    busy = expect(lab.locator(".stepsize-paper"))
    busy.not_to_have_attribute("aria-busy", "true", timeout=PATIENCE * 1000)
    lab.page.wait_for_timeout(500)  # longer than a picture may be late before it is pale
    busy.not_to_have_attribute("aria-busy", "true", timeout=PATIENCE * 1000)


def picture(lab: Locator) -> Image.Image:
    shot = Image.open(io.BytesIO(lab.screenshot(animations="disabled"))).convert("RGB")
    return shot.resize((WIDTH, round(shot.height * WIDTH / shot.width)), Image.Resampling.LANCZOS)


def save(shots: list[Image.Image], path: Path) -> None:
    """Save it as a GIF, because GitHub lets readers stop those. All frames share one palette."""
    palette = shots[-1].quantize(COLORS, dither=Image.Dither.NONE)
    first, *rest = (shot.quantize(palette=palette, dither=Image.Dither.NONE) for shot in shots)
    times = [FIRST, *[FRAME] * (len(rest) - 1), LAST]
    first.save(path, save_all=True, append_images=rest, duration=times, loop=0, optimize=True)


if __name__ == "__main__":
    main()
