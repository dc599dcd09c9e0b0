"""Pictures are large enough: in the narrow window of a small laptop, and from the last row."""

import base64
import re
import struct
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.text import Text

from stepsize import descend, labs, plots
from stepsize.clinic import diagnose
from stepsize.clinic.history import History
from stepsize.clinic.page import picture
from stepsize.optimizers import sgd
from stepsize.surfaces import quadratic, ravine

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "lessons").glob("*.md"))
LABS = [name for name in labs.__all__ if name not in ("Lab", "Scene", "panels")]
# Pixels a picture has in JupyterLab, 800 wide with its list of files: test_labs_in_browser
NARROW = 500
DPI = 100  # of the pictures that are stored
SMALLEST = plots.SIZE - 1  # points
RUN = descend(sgd, ravine, ravine.start, 5, lr=0.05)
LINE = descend(sgd, quadratic(1.0), [1.0], 5, lr=0.1)
X = np.array([0.1, 0.2, 0.3])

DRAWINGS = {
    "bars": lambda ax: plots.bars(ax, {"adam": 0.1}, "loss"),
    "cells": lambda ax: plots.cells(ax, np.eye(2), [1, 2], [1, 2], 1, "rate", "decay"),
    "contours": lambda ax: plots.path(plots.contours(ax, ravine), RUN),
    "curve": lambda ax: plots.curve(ax, X, X),
    "intervals": lambda ax: plots.intervals(ax, {"adam": [1.0, 2.0]}, 2.0),
    "lines": lambda ax: plots.lines(ax, X, {"m": X, "v": 2 * X}),
    "losses": lambda ax: plots.losses(ax, {"sgd": RUN}),
    "points": lambda ax: plots.points(ax, LINE),
    "range_test": lambda ax: plots.range_test(ax, X, X, X, 0.2),
    "shares": lambda ax: plots.shares(ax, {"m": [0.3, 0.7]}, ["new", "old"]),
    "staircase": lambda ax: plots.staircase(ax, LINE),
    "sweep": lambda ax: plots.sweep(ax, X, {"adam": X}),
    "tally": lambda ax: plots.tally(ax, {"adam": [1, 2]}, ["lower", "higher"], "repeats"),
}


def stored_pictures(notebook: Path) -> list[tuple[int, str]]:
    """Width in pixels, and the sentence; without labs, which draw themselves anew."""
    found = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        for data in [output.get("data", {}) for output in cell.get("outputs", [])]:
            if "image/png" in data and not cell.source.splitlines()[-1].startswith("labs."):
                head = base64.b64decode(data["image/png"][:64])
                found.append((struct.unpack(">I", head[16:20])[0], data["text/plain"]))
    return found


@pytest.mark.parametrize(
    "notebook", sorted((ROOT / "solutions").glob("*.ipynb")), ids=lambda p: p.stem
)
def test_no_stored_picture_is_shrunk_until_it_cannot_be_read(notebook):
    """At least 10 pixels for the smallest letter, where JupyterLab's own small print has 11."""
    shown = {
        sentence[:50]: SMALLEST / 72 * DPI * min(1, NARROW / width)
        for width, sentence in stored_pictures(notebook)
    }
    assert {name: size for name, size in shown.items() if size < 9.9} == {}


@pytest.mark.parametrize(
    "notebook", sorted((ROOT / "solutions").glob("*.ipynb")), ids=lambda p: p.stem
)
def test_a_picture_s_sentence_is_stored_below_it(notebook):
    """What a cell prints is stored in one piece, where it printed first."""
    cells = [cell.get("outputs", []) for cell in nbformat.read(notebook, as_version=4).cells]
    wrong = [
        outputs[0]["text"]
        for outputs in cells
        if any("image/png" in output.get("data", {}) for output in outputs)
        and outputs[0].output_type == "stream"
    ]
    assert wrong == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lessons_leave_sizes_and_frames_to_the_course(lesson):
    text = lesson.read_text(encoding="utf-8")
    own = re.findall(r"figsize|labelsize|rcParams|layout=|set_layout|spines", text)
    sizes = [int(size) for size in re.findall(r"fontsize=(\d+)", text)]
    assert own == [] and min(sizes, default=SMALLEST) >= SMALLEST
    assert "plots.show(" not in text or "\nplt.style.use(plots.STYLE)\n" in text


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_letter_can_be_read_from_the_last_row(name):
    with plt.style.context(plots.STYLE):
        fig, ax = plots.figure()
        ax.set_title("a title")
        DRAWINGS[name](ax)
        fig.draw_without_rendering()
    sizes = {text.get_text(): text.get_fontsize() for text in fig.findobj(Text) if text.get_text()}
    plt.close(fig)
    assert {words: size for words, size in sizes.items() if size < SMALLEST} == {}


def test_every_kind_of_drawing_is_looked_at():
    drawn = {name for name in plots.__all__ if name.islower()}
    others = {"figure", "look", "number", "palette", "path", "show", "typeset"}
    assert set(DRAWINGS) == drawn - others


@pytest.mark.parametrize("name", LABS)
def test_every_letter_of_a_lab_can_be_read_from_the_last_row(name):
    figure = getattr(labs, name)().scene.figure
    sizes = {
        text.get_text(): text.get_fontsize() for text in figure.findobj(Text) if text.get_text()
    }
    assert {words: size for words, size in sizes.items() if size < SMALLEST} == {}


def test_the_clinic_s_picture_can_be_read_and_names_its_lines():
    loss = np.geomspace(2, 0.1, 60)
    history = History(loss=loss, val_loss=loss + np.linspace(0.2, 2, 60))
    figure = picture(history, diagnose(history))
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= SMALLEST
    assert {"training", "held out"} <= {text.get_text() for text in texts}
    assert figure.get_figwidth() == plots.WIDTH


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 1), (1, 2), (4, 2)])
def test_a_figure_has_the_course_s_width_and_cuts_nothing_off(rows, columns):
    with plt.style.context(plots.STYLE):
        fig, axes = plots.figure(rows, columns, height=2, squeeze=False)
        for ax in axes.flat:
            plots.lines(ax, X, {"a long name": X}, "update", "loss")
        fig.draw_without_rendering()
    tight = fig.get_tightbbox()
    plt.close(fig)
    assert fig.get_figwidth() == plots.WIDTH and fig.get_figheight() == 2 * rows
    assert tight.x0 >= -0.02 and tight.x1 <= plots.WIDTH + 0.02


def test_the_parts_of_a_bar_are_told_apart_without_color():
    """At least a tenth of the way from black to white between any two."""
    fig, ax = plt.subplots()
    plots.tally(ax, {"adam": [1, 1, 1, 1]}, ["lower", "the same", "higher", "lost"], "repeats")
    grays = sorted(np.dot(bar.get_facecolor()[:3], [0.299, 0.587, 0.114]) for bar in ax.patches)
    plt.close(fig)
    assert np.diff(grays).min() > 0.1
