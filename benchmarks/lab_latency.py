"""How soon does a lab react, compared with `interact` and a replot?

    python -m benchmarks.lab_latency            prints; writes nothing
    python -m benchmarks.lab_latency --presses 40

Both are in one notebook, in a real JupyterLab in Chromium, and take turns. A reaction lasts from a
key press to the frame after the picture has changed. What counts is the ratio, because the
milliseconds are those of one machine on one day.
"""

import argparse
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.jupyter import Desk, chromium, jupyterlab, notebook

# The same picture as you would draw it in a notebook, and just as sharp.
NAIVE = """
%config InlineBackend.figure_format = "retina"
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import FloatLogSlider, interact
from stepsize import descend
from stepsize.optimizers import sgd
from stepsize.surfaces import bowl

x, y = np.meshgrid(np.linspace(-5, 5, 200), np.linspace(-5, 5, 200))

@interact(lr=FloatLogSlider(value=0.03, min=-4, max=1, step=0.02))
def replot(lr):
    trace = descend(sgd, bowl, bowl.start, steps=80, lr=lr)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4.3))
    left.contourf(x, y, bowl.loss(np.stack([x, y], axis=-1)), levels=20, cmap="Blues_r")
    left.plot(*trace.theta.T, "o-", ms=4)
    left.set(xlabel="θ₁", ylabel="θ₂", xlim=(-5, 5), ylim=(-5, 5))
    right.semilogy(trace.loss, label="sgd")
    right.set(xlabel="step", ylabel="loss", ylim=(1e-6, 1e5))
    right.legend()
    fig.tight_layout()
    plt.show()
"""

LAB = "from stepsize import labs\nlabs.playground()"

# Notes when an event arrives, and when its effect is on the screen: after a change, once all
# pictures are loaded, in the frame after the next.
WATCH = """(area) => {
  const seen = { begin: 0, done: 0, frames: [] };
  let dirty = false;
  const begin = () => { seen.begin = performance.now(); seen.done = 0; };
  area.ownerDocument.addEventListener('keydown', begin, true);
  area.ownerDocument.addEventListener('pointermove', begin, true);
  const painted = async () => {
    await Promise.all([...area.querySelectorAll('img')].map((img) => img.decode().catch(() => {})));
    requestAnimationFrame(() => setTimeout(() => {
      dirty = false;
      seen.done = performance.now();
      seen.frames.push(seen.done);
    }));
  };
  new MutationObserver(() => { if (!dirty) { dirty = true; painted(); } }).observe(
    area, { subtree: true, childList: true, attributes: true });
  area.seen = seen;
}"""


@dataclass
class Subject:
    """A slider, and the area that it changes."""

    page: Page
    slider: Locator
    area: Locator

    def __post_init__(self) -> None:
        self.area.evaluate(WATCH)

    def seen(self, what: str) -> float:
        return float(self.area.evaluate(f"(area) => area.seen.{what}"))

    def press(self, key: str) -> float:
        """Milliseconds from key to picture."""
        self.slider.focus()
        self.page.keyboard.press(key)
        self.page.wait_for_function("(area) => area.seen.done", arg=self.area.element_handle())
        reaction = self.seen("done") - self.seen("begin")
        self.page.wait_for_timeout(400)  # late changes belong to this press
        return reaction

    def drag(self, seconds: float = 3.0) -> tuple[float, float]:
        """Pictures per second while the slider moves; milliseconds until the last one afterward."""
        self.slider.scroll_into_view_if_needed()
        box = self.slider.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.area.evaluate("(area) => { area.seen.frames = []; }")
        moves = int(seconds * 60)
        begin = self.area.evaluate("() => performance.now()")
        for i in range(moves):
            self.page.mouse.move(x + 100 * (1 - abs(2 * i / moves - 1)), y)
            self.page.wait_for_timeout(1000 / 60 - 5)
        end = self.area.evaluate("() => performance.now()")
        self.page.mouse.up()
        self.page.wait_for_timeout(3000)
        frames = self.area.evaluate("(area) => area.seen.frames")
        during = [frame for frame in frames if frame <= end]
        return 1000 * len(during) / (end - begin), max(frames, default=end) - self.seen("begin")


def measure(presses: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = notebook(Path(folder) / "latency.ipynb", NAIVE, LAB)
        with jupyterlab(path) as server, chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            desk = Desk(page)
            desk.open(server)
            desk.run_all()
            lab, naive = page.locator(".stepsize-lab"), page.locator(".widget-interact")
            naive.locator("img").wait_for()
            lab.locator(".stepsize-sentence b").wait_for()
            page.wait_for_timeout(2000)
            handle = ".noUi-handle"
            subjects = {
                "interact": Subject(
                    page, naive.locator(handle).first, naive.locator(".widget-output")
                ),
                "lab": Subject(page, lab.locator(handle).first, lab.locator(".stepsize-paper")),
            }
            report(subjects, presses)


def report(subjects: dict[str, Subject], presses: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for i in range(presses):
        for name, subject in subjects.items():
            times[name].append(subject.press("ArrowRight" if i % 10 < 5 else "ArrowLeft"))
    median = {name: statistics.median(times[name]) for name in subjects}
    for name, subject in subjects.items():
        low, high = min(times[name]), max(times[name])
        rate, settled = subject.drag()
        print(
            f"{name:9} key to picture {median[name]:4.0f} ms ({low:.0f} to {high:.0f});"
            f" in a drag {rate:4.1f} pictures/s; settled {settled:.0f} ms after it"
        )
    print(f"the lab reacts {median['interact'] / median['lab']:.1f} times sooner")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=20)
    measure(parser.parse_args().presses)
