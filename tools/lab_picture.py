"""Make docs/lab.png, the lab that README.md shows, in Chromium: python -m tools.lab_picture"""

import tempfile
from pathlib import Path

from playwright.sync_api import expect

from tests.jupyter import PATIENCE, Desk, chromium, jupyterlab, notebook

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "lab.png"
LAB = """\
from stepsize import labs
from stepsize.optimizers import momentum
from stepsize.surfaces import ravine
lab = labs.playground()
chosen = dict(surface=ravine, rule=momentum, lr=0.02, friction=0.85)
for name, value in chosen.items():
    lab.controls[name].value = value
lab"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = notebook(Path(folder) / "lab.ipynb", LAB)
        with chromium() as browser, jupyterlab(path) as server:
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            desk = Desk(page)
            desk.open(server)
            desk.run_all()
            lab = page.locator(".stepsize-lab")
            sentence = lab.locator(".stepsize-sentence")
            expect(sentence).to_contain_text("converged", timeout=PATIENCE * 1000)
            lab.screenshot(path=PICTURE, animations="disabled")


if __name__ == "__main__":
    main()
