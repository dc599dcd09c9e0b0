"""The labs: at any setting, a picture and a true sentence, and never an error."""

import gc
import itertools
import re
import warnings
import weakref
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from ipywidgets import Widget
from matplotlib.figure import Figure
from matplotlib.text import Text

from stepsize import Step, descend, labs, plots
from stepsize.clinic import find_lr
from stepsize.data import linear_data, sine_data
from stepsize.labs import rates, ravines, sentences
from stepsize.labs.controls import Again, log_slider
from stepsize.labs.decay import BETAS, one_in
from stepsize.labs.lab import Picture
from stepsize.labs.moments import SERIES
from stepsize.labs.noise import GOOD, POOR
from stepsize.labs.range_test import uneven_line
from stepsize.labs.ravines import LAST, STEPS, best_for, fallen, orders
from stepsize.models import LinearRegression, SineRegression
from stepsize.optimizers import adagrad, adam, adamw, momentum, rmsprop, sgd
from stepsize.plots.names import apart
from stepsize.quiz.sitting import Sheet
from stepsize.surfaces import Gradients, bowl, bumpy, quadratic, ravine, rosenbrock, saddle

LABS = [getattr(labs, name) for name in labs.__all__ if name not in ("Lab", "Scene", "panels")]
SURFACES = [bowl, ravine, saddle, rosenbrock, bumpy]


RAW = re.compile(r"(?<![\w-])-\s?\d|\de[-−+]?\d|\^-\d")  # a number as code prints it


def read(lab):
    """What a lab now says to eye and ear: its sentence, its label, the words in its pictures."""
    still = [text.get_text() for ax in lab.scene.axes for text in ax.findobj(Text)]
    moving = re.findall(r"<text[^>]*>([^<]*)", "".join(lab.picture.shown["marks"]))
    return [lab.sentence, lab.picture.shown["label"], *(t for t in still if "$" not in t), *moving]


def value(said: str) -> float:
    """−58, 1.3 × 10⁻⁶ and 10⁻⁶, read as numbers."""
    said = re.sub(r"(^|−)10(?=[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])", r"\g<1>1 × 10", said).replace(" × 10", "e")
    return float(said.translate(str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_is_said_can_be_read_again(number):
    assert value(plots.number(number, ".3g")) == float(f"{number:.3g}")


def seen(ax, label) -> bool:
    """Is it in words, and at its axes? (Matplotlib keeps some that are out of sight.)"""
    box = label.get_window_extent()
    reach = ax.get_window_extent().padded(box.width + box.height)
    return bool(label.get_text()) and label.get_visible() and reach.contains(box.x0, box.y0)


def no_numbers_in(svg: str) -> list[str]:
    return re.findall(r"\b(?:nan|inf|NaN|None)\b", svg)


@pytest.fixture(autouse=True, scope="class")
def _no_lab_is_left():
    """ipywidgets keeps every widget, and a lab its figures, which would add up to gigabytes."""
    yield
    Widget.close_all()


@pytest.fixture(scope="class", params=LABS, ids=lambda make: make.__name__)
def shared(request):
    """A lab takes most of a second to draw, so it is drawn once for all tests on it."""
    yield request.param()
    Widget.close_all()


@pytest.fixture
def lab(shared):
    values = {name: control.value for name, control in shared.controls.items()}
    yield shared
    for name, value in values.items():
        shared.controls[name].value = value


def test_a_closed_lab_is_forgotten():
    lab = labs.parabola()
    gone = weakref.ref(lab)
    del lab
    Widget.close_all()
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("kind", [Picture, Sheet])
def test_a_closed_widget_is_forgotten(kind):
    widget = kind()
    gone = weakref.ref(widget)
    widget.close()
    del widget
    gc.collect()
    assert gone() is None


class TestLab:
    def test_every_end_of_every_slider_gives_a_picture(self, lab):
        for name, control in lab.controls.items():
            ends = self.ends(control)
            for end in ends:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    control.value = end
                assert "Error" not in lab.sentence, (name, end)
                assert no_numbers_in("".join(lab.picture.shown["marks"])) == []
                assert all(len(marks) < 100_000 for marks in lab.picture.shown["marks"])
                assert [text for text in read(lab) if RAW.search(text)] == []

    def ends(self, control):
        if hasattr(control, "options"):
            return [value for _, value in control._options_full]
        if hasattr(control, "base"):
            return [control.base**control.max, control.base**control.min]
        return [control.max, control.min] if hasattr(control, "max") else [1, 2]

    def test_a_slider_is_crossed_in_twenty_presses_of_a_key(self, lab):
        """Page Up moves it by five steps, and the arrows by one."""
        for name, control in lab.controls.items():
            if hasattr(control, "step"):
                steps = (control.max - control.min) / control.step
                assert steps <= 20 * 5 + 1e-6, name
            elif hasattr(control, "options"):
                assert len(control.options) <= 20 * 5, name

    def test_no_two_labels_of_an_axis_overlap(self, lab):
        for scene in {id(scene): scene for scene in self.scenes(lab)}.values():
            scene.figure.draw_without_rendering()
            for ax in scene.axes:
                for axis in (ax.xaxis, ax.yaxis):
                    labels = [
                        label for label in axis.get_ticklabels(which="both") if seen(ax, label)
                    ]
                    assert len(labels) > 1
                    boxes = [label.get_window_extent() for label in labels]
                    for i, box in enumerate(boxes):
                        assert not any(box.overlaps(other) for other in boxes[:i]), labels

    def scenes(self, lab):
        """Every scene, for each value of one control at a time."""
        yield lab.scene
        for control in lab.controls.values():
            for _, value in getattr(control, "_options_full", ()):
                control.value = value
                yield lab.scene

    def test_the_browser_is_told_where_the_controls_were(self, lab):
        for control in lab.controls.values():
            control.value = self.ends(control)[-1]
            states = lab.picture.shown["seen"]["controls"]
            for each, state in zip(lab.controls.values(), states, strict=True):
                assert state == {key: getattr(each, key) for key in state}
                assert state or isinstance(each, Again)

    def test_what_is_stored_is_a_picture_and_its_sentence(self, lab):
        bundle = lab._repr_mimebundle_()
        assert set(bundle) == {"text/plain", "image/png"}
        assert bundle["image/png"].startswith(b"\x89PNG")
        assert bundle["text/plain"] == repr(lab)
        assert "0x" not in bundle["text/plain"]

    def test_the_label_tells_the_state(self, lab):
        assert lab.sentence in lab.picture.shown["label"]
        assert lab.title in lab.picture.shown["label"]

    def test_an_error_is_said_and_passes(self, lab, monkeypatch):
        said, react = lab.sentence, lab._react
        monkeypatch.setattr(lab, "_react", lambda *_, **__: 1 / 0)
        lab.update()
        assert lab.sentence == "ZeroDivisionError: division by zero"
        monkeypatch.setattr(lab, "_react", react)
        lab.update()
        assert lab.sentence == said


@given(st.floats(1e-3, 1.0), st.floats(-6, -3), st.floats(0, 3), st.sampled_from([0.05, 0.1, 0.25]))
def test_a_slider_can_stand_where_it_stands_first(value, low, high, fine):
    """Otherwise, the browser moves it, and the lab shows something that no lesson mentions."""
    slider = log_slider("rate", value, low, high, fine)
    steps = (np.log10(slider.value) - slider.min) / slider.step
    assert steps == pytest.approx(round(steps), abs=1e-6)
    assert slider.value == value
    assert abs(slider.min - low) <= fine / 2 + 1e-9 and abs(slider.max - high) <= fine / 2 + 1e-9


def test_the_ball_starts_where_it_is_put():
    lab = labs.playground()
    before = lab.picture.shown["marks"]
    lab.picture.ball = [lab.picture.ball[0] + 100, lab.picture.ball[1]]
    assert lab.picture.shown["marks"] != before
    x, y = lab.scene.place(lab.picture.ball)
    assert x > bowl.start[0]
    assert y == pytest.approx(bowl.start[1])


RATES = np.geomspace(1e-6, 1e3, 46)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
@pytest.mark.parametrize("rule", [sgd, momentum, adam], ids=lambda rule: rule.__name__)
def test_the_sentence_is_true(surface, rule):
    for lr in RATES:
        trace = descend(rule, surface, surface.start, 80, lr=lr)
        said = sentences.descent(trace, surface, reveal=True)
        first, last = trace.loss[0], trace.loss[-1]
        verdict = said.partition(":")[0]
        if verdict == "converged":
            assert last < 1e-3 * first
        elif verdict == "diverging":
            assert not last <= first
        elif verdict == "crawling":
            assert 0 < last <= first
        elif verdict.startswith("stuck"):
            assert surface is bumpy or surface is saddle
            assert last > 0.1
        elif verdict.startswith("bouncing"):
            step = np.diff(trace.theta[-5:], axis=0)
            assert (np.vecdot(step[1:], step[:-1]) < 0).all()
        else:
            assert verdict in ("on its way", "higher than before"), said
        if "2/curvature" in said:
            assert rule is sgd
            assert lr > 2 / surface.curvature


@pytest.mark.parametrize("curvature", [0.5, 1.0, 4.0])
def test_the_parabolas_sentence_is_true_and_does_not_give_the_border_away(curvature):
    for product in (0.02, 0.5, 1.0, 1.5, 1.98, 2.0, 2.02, 3.0):
        lr = product / curvature
        trace = descend(sgd, quadratic(curvature), [4.0], 30, lr=lr)
        said = sentences.parabola(trace, curvature, reveal=False)
        assert "2/curvature" not in said
        assert "border" not in said
        expected = {0.02: "crawling", 0.5: "closing in", 1.0: "there in one", 2.0: "back and forth"}
        expected |= {1.5: "less each time", 1.98: "less each time"}
        assert expected.get(product, "further each time") in said
        multiplier = f"{1 - product:.4g}".replace("-", "−")
        assert f"= {multiplier}" in sentences.parabola(trace, curvature, reveal=True)


@pytest.mark.parametrize("reveal", [False, True])
def test_the_border_can_be_found_with_the_sliders(reveal):
    """It is one of their values; one step beyond it, the sentence changes."""
    lab = labs.parabola(reveal=reveal)
    rate, curvature = lab.controls["lr"], lab.controls["curvature"]
    for h in (0.5, 1.0, 2.0, 4.0):
        curvature.value = h
        for steps, verdict in (
            (-1, "less each time"),
            (0, "always the same distance"),
            (1, "further"),
        ):
            rate.value = 2 / h + steps * rate.step
            assert rate.min <= rate.value <= rate.max
            assert verdict in lab.sentence


@pytest.mark.parametrize("curvature", [0.5, 1.0, 2.0, 4.0, 10.0])
def test_the_parabola_fills_its_picture_and_its_first_dots_can_be_told_apart(curvature):
    lab = labs.parabola(curvature)
    ax = lab.scene.axes[0]
    low, high = ax.get_ylim()
    left, right = ax.get_xlim()
    curve = quadratic(curvature).loss(np.array([[left], [right]]))
    assert np.all((np.minimum(curve, high) - low) / (high - low) > 0.6)
    trace = descend(sgd, quadratic(curvature), [4.0], 3, lr=0.1 / curvature)
    assert trace.loss[0] < high, "where it starts is in the picture"
    dots = ax.transData.transform(np.stack([trace.theta[:, 0], trace.loss], axis=-1))
    dot = 5.5 * ax.figure.dpi / 72
    assert np.all(np.linalg.norm(np.diff(dots, axis=0), axis=-1) > dot)


def test_the_fair_race_is_what_lesson_2_says_of_it():
    """In the end nobody wins, and SGD arrives first; the numbers equal those of single runs."""
    lab = labs.fair_race()
    model = LinearRegression(*linear_data(), batch_size=32)
    start = [0.42, 0.186, -0.036, 0.376, 0.13]
    for steps in (1, 5, 20, 320):
        lab.controls["steps"].value = steps
        told = re.findall(r"(\w+) ([\d.]+) \(rate ([\d.]+)\)", lab.sentence)
        assert [name for name, _, _ in told] == ["sgd", "momentum", "adam"]
        for name, loss, rate in told:
            rule = {"sgd": sgd, "momentum": momentum, "adam": adam}[name]
            nearest = 10 ** (round(8 * np.log10(float(rate))) / 8)
            end = descend(rule, model, start, steps, lr=nearest).loss[-1]
            assert end == pytest.approx(float(loss), rel=0.06)
        if steps == 320:
            assert {loss for _, loss, _ in told} == {"0.0099"}
        elif steps > 1:
            assert 3 * float(told[0][1]) < min(float(loss) for _, loss, _ in told[1:])


def test_the_valleys_of_escape_are_between_hilltops():
    model = SineRegression(*sine_data())
    for (low, high), valley in ((GOOD, 2.0), (POOR, 4.595)):
        assert low < valley < high
        for top in (low, high):
            around = model.loss(np.array([[top - 0.05], [top], [top + 0.05]]))
            assert around.argmax() == 1
        assert abs(model.grad(np.array([valley]), 1)) < 0.1


def without_correction(theta, grad, t, m=0.0, v=0.0, *, lr, beta1, beta2, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return Step(theta - lr * m / (v**0.5 + eps), dict(m=m, v=v))


@pytest.mark.parametrize("gradient", SERIES)
def test_the_microscope_says_what_the_rules_do(gradient):
    lab = labs.microscope()
    for name, value in dict(gradient=gradient, lr=0.05, updates=200).items():
        lab.controls[name].value = value
    rules = ((True, adam), (False, without_correction))
    for beta1, beta2, (correction, rule) in itertools.product(
        (0, 0.9, 0.99), (0.5, 0.999, 0.9999), rules
    ):
        lab.controls["beta1"].value, lab.controls["beta2"].value = beta1, beta2
        lab.controls["correction"].value = correction
        hyper = dict(lr=0.05, beta1=beta1, beta2=beta2)
        run = descend(rule, Gradients(SERIES[gradient]), [0.0], 200, **hyper)
        length = np.abs(np.diff(run.theta[:, 0])) / 0.05
        said = [float(number) for number in re.findall(r"[\d.]+", lab.sentence.replace("%", ""))]
        assert said[0] == pytest.approx(length.max(), abs=0.006)
        assert length[int(said[1]) - 1] == pytest.approx(length.max(), rel=1e-5)
        assert said[2:4] == pytest.approx([length[0], length[-1]], abs=0.006)
        weight = [1 - beta**200 for beta in (beta1, beta2)]
        assert said[4:] == pytest.approx([100 * share for share in weight], rel=0.006)


def test_the_microscope_shows_what_lesson_5_says_of_it():
    lab = labs.microscope()
    assert lab.sentence.startswith("longest step 6.57 × lr, in update 12: the first is 3.16 × lr")
    lab.controls["updates"].value = 500
    assert "the last 1.59 × lr; by then m is 100% full, v 39.4%" in lab.sentence
    lab.controls["correction"].value = True
    assert lab.sentence.startswith("longest step 1.00 × lr, in update 1: the first is 1.00 × lr")
    lab.controls["correction"].value = False
    for betas in ((0.99, 0.999), (0.9, 0.9), (0.5, 0.5)):
        lab.controls["beta1"].value, lab.controls["beta2"].value = betas
        assert "the first is 0." in lab.sentence


@pytest.mark.parametrize("small", [0.001, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("weight_decay", [0.01, 0.1, 0.3])
def test_the_sentence_on_decay_is_what_the_rules_do(small, weight_decay):
    lab = labs.decay()
    lab.controls["small"].value, lab.controls["weight_decay"].value = small, weight_decay
    given = Gradients([[sign * 10, sign * small] for sign in [1, -1] * 150])
    hyper = dict(lr=0.01, weight_decay=weight_decay)
    for name, rule in {"SGD": sgd, "Adam + L2": adam, "AdamW": adamw}.items():
        a, b = 100 * descend(rule, given, [1.0, 1.0], 300, **hyper).theta[-1]
        said = re.search(rf"{re.escape(name)} (-?\d+)% and (-?\d+)%", lab.sentence)
        assert [int(share) for share in said.groups()] == pytest.approx([a, b], abs=0.51)


def test_the_lab_on_decay_shows_what_lesson_6_says_of_it():
    lab = labs.decay()
    assert lab.sentence.endswith("SGD 44% and 41%, Adam + L2 90% and 0%, AdamW 40% and 40%"), (
        "less is taken from A, and more from B"
    )
    lab.controls["small"].value, lab.controls["weight_decay"].value = 1.0, 0.1
    b = [int(share) for share in re.findall(r"and (\d+)%", lab.sentence)]
    assert max(b) - min(b) <= 2, "gradients of 1: all agree"
    lab.controls["small"].value, lab.controls["weight_decay"].value = 0.001, 0.01
    assert "SGD 97% and 97%, Adam + L2 98% and 0%, AdamW 95% and 95%" in lab.sentence


@pytest.mark.parametrize(("period", "border"), [(5, 0.9), (11, 0.98), (21, 0.995), (31, 0.999)])
def test_what_is_forgotten_leads_uphill_up_to_the_border_that_lesson_6_names(period, border):
    lab = labs.forgetting()
    lab.controls["period"].value = period
    for beta2 in BETAS:
        lab.controls["beta2"].value = beta2
        way = "downhill" if beta2 >= border else "uphill"
        assert f"adam {way} by" in lab.sentence
        assert "amsgrad downhill by" in lab.sentence


def test_the_words_on_forgetting_are_true_of_the_run():
    given = one_in(21, 404)
    assert np.mean([given.grad(np.zeros(1), t) for t in range(1, 22)]) > 0, "downhill is down"
    run = descend(adam, given, [0.0], 404, lr=0.5, beta1=0.0, beta2=0.9)
    rounds = run.theta[np.arange(0, 405, 21), 0]
    steady = np.diff(rounds)[9:].mean() / 0.5
    said = sentences.forgetting({"adam": run}, 21)
    assert said.startswith("in each cycle of 21 updates: adam uphill by ")
    assert float(re.search(r"by ([\d.]+) ×", said)[1]) == pytest.approx(steady, rel=0.01)


# --- The look -------------------------------------------------------------------------------------

# Machado, Oliveira & Fernandes (2009), severity 1: what people without one kind of cone see.
SIGHT = {
    "all cones": np.eye(3),
    "no red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("sight", SIGHT)
def test_no_two_optimizers_look_alike(sight):
    """Where two colors come close, dash and marker both differ."""
    looks = list(plots.palette.values())
    rgb = np.array([[int(look.color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for look in looks])
    seen = rgb @ np.array(SIGHT[sight]).T
    for i, one in enumerate(looks):
        for j, other in enumerate(looks[:i]):
            if np.linalg.norm(seen[i] - seen[j]) < 0.25:
                assert one.marker != other.marker
                assert one.dash != other.dash


def test_plots_draw_into_the_axes_they_are_given_and_name_both():
    trace = descend(sgd, ravine, ravine.start, 20, lr=0.02)
    rates = np.geomspace(1e-3, 1, 9)
    drawings = [
        lambda ax: plots.path(plots.contours(ax, ravine), trace),
        lambda ax: plots.losses(ax, {"sgd": trace, "other": [1.0, np.nan, np.inf]}),
        lambda ax: plots.sweep(ax, rates, {"sgd": rates, "adam": np.full(9, np.nan)}),
        lambda ax: plots.curve(ax, [1, 2], [3, 4]),
        lambda ax: plots.lines(ax, [1, 2], {"m": [3, 4], "v": [5, np.nan]}, ylabel="average"),
    ]
    for draw in drawings:
        ax = Figure().add_subplot()
        assert draw(ax) is ax
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        ax.get_figure().canvas.draw()


def test_a_figure_is_shown_with_its_sentence(capsys):
    figure, _ = plt.subplots()
    plots.show(figure, "a line that falls")
    assert capsys.readouterr().out == "a line that falls\n"
    assert not plt.fignum_exists(figure.number)


def test_a_figures_numbers_are_written_as_its_axes_write_theirs(capsys):
    plots.show(plt.figure(), "from -1.3 to 4e-07, 1e+20 and 2^-6 in steps 30-40, re-used: -.5")
    said = "from −1.3 to 4 × 10⁻⁷, 10²⁰ and 2^−6 in steps 30-40, re-used: −.5\n"
    assert capsys.readouterr().out == said


ENDS = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=10)


@given(ENDS)
def test_names_at_ends_keep_their_order_and_apart(ends):
    gap, wanted = 0.05, sorted(ends)
    places = np.array(apart(wanted, gap))
    assert np.all(np.diff(places) > gap - 1e-9)
    assert places[0] > gap / 2 - 1e-9 and places[-1] < 1 + 1e-9
    roomy = gap / 2 <= wanted[0] and np.all(np.diff(wanted) >= gap)
    assert not roomy or places == pytest.approx(wanted)


def test_names_of_lines_that_end_together_can_be_read_and_lead_to_their_lines():
    ax = Figure(layout="constrained").add_subplot()
    ends = {"sgd": 5.0, "adam": 5.01, "lion": 5.02, "muon": 5.03, "soap": 9.0}
    plots.lines(ax, [0, 1], {name: [0, end] for name, end in ends.items()})
    ax.figure.draw_without_rendering()
    boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
    for name, box in boxes.items():
        assert not any(box.overlaps(other) for one, other in boxes.items() if one != name)
    leaders = [line.get_ydata() for line in ax.lines if line.get_transform() == ax.transAxes]
    heights = {text.get_text(): text.get_position()[1] for text in ax.texts}
    led = {name for name, height in heights.items() if any(height in each for each in leaders)}
    assert led == {"sgd", "muon"}, "the others are close enough to their lines"


def test_a_name_moves_only_for_one_that_is_close():
    ax = Figure().add_subplot()
    plots.lines(ax, [0, 1, 2], {"gone": [5, np.nan, np.nan], "there": [9, 7, 5.1], "top": [9] * 3})
    ax.figure.draw_without_rendering()
    heights = [text.get_position()[1] for text in ax.texts]
    ends = (ax.transData - ax.transAxes).transform([(0, 5), (2, 5.1), (2, 9)])[:, 1]
    assert heights == pytest.approx(ends)


def test_a_figure_is_shown_where_ipython_draws_none(monkeypatch, capsys):
    """In a terminal: a figure's repr isn't a picture of it."""
    figure, _ = plt.subplots()  # first, because pyplot asks the shell, too
    shell = SimpleNamespace(display_formatter=DisplayFormatter())
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.get_fignums()))
    plots.show(figure, "a line that falls")
    assert shown == [[figure.number]] and capsys.readouterr().out == "a line that falls\n"


@pytest.mark.parametrize("draw", [plots.tally, plots.shares])
def test_bars_of_parts_have_a_number_for_each(draw):
    kinds = ("lower", "can't tell", "higher")
    assert draw(Figure().add_subplot(), {}, kinds, "repeats").patches[:] == []
    with pytest.raises(ValueError, match=r"'sgd' must have .* lower, can't tell, higher: 3, not 2"):
        draw(Figure().add_subplot(), {"adam": [1, 0, 0], "sgd": [1, 2]}, kinds, "repeats")
    with pytest.raises(ValueError, match="kinds must be at most 4, to be told apart, not 5"):
        plots.tally(Figure().add_subplot(), {"sgd": [1] * 5}, "abcde", "repeats")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: labs.playground(steps=0), "steps must be a whole number, at least 1, not 0"),
        (lambda: labs.playground(surfaces=[]), "surfaces and rules must each have at least one"),
        (lambda: labs.learning_rate(steps=1.5), "steps must be a whole number, at least 1"),
        (lambda: labs.learning_rate([ravine, rosenbrock]), "must be quadratics .*, not rosenbrock"),
        (lambda: labs.parabola(curvature=-1.0), "curvature must be above 0, not -1"),
        (lambda: labs.parabola(steps=0), "steps must be a whole number, at least 1, not 0"),
    ],
)
def test_what_a_lab_can_not_show_is_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()


def test_intervals_are_means_and_t_standard_errors():
    ax = plots.intervals(Figure().add_subplot(), {"sgd": [1.0, 3.0], "adam": [5.0, 5.0]}, t=2.0)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["sgd", "adam"]
    bars = [container.lines[2][0].get_segments()[0][:, 0] for container in ax.containers]
    np.testing.assert_allclose(bars, [[0, 4], [5, 5]])


def test_lines_carry_their_names():
    ax = Figure().add_subplot()
    plots.losses(ax, {"sgd": [3.0, 2.0, 1.0], "adam": [3.0, 2.5, 2.0]})
    assert {text.get_text() for text in ax.texts} == {"sgd", "adam"}
    own = plots.Look("#123456", plots.DOTTED, "s")
    ax = plots.lines(
        Figure().add_subplot(), [1, 2], {"m": [1, 2], "adam": [2, 1]}, looks={"m": own}
    )
    assert {text.get_text() for text in ax.texts} == {"m", "adam"}
    named = [line for line in ax.lines if line.get_label() in ("m", "adam")]  # without leaders
    assert [line.get_color() for line in named] == [own.color, plots.look("adam").color]


@pytest.mark.parametrize("condition", [5, 10, 25, 50, 100])
def test_the_map_is_darkest_where_the_formula_says(condition):
    """Polyak's best rate and momentum, to the width of a few cells of the map."""
    lr, friction = best_for(condition)
    grown = fallen(condition)
    row, column = np.unravel_index(np.nanargmin(np.nan_to_num(grown, nan=99)), grown.shape)
    found = ravines.RATES[column] / condition
    assert 0.8 < found / lr < 1.1
    assert abs(ravines.FRICTIONS[row] - friction) < 0.1
    alone = descend(
        momentum, quadratic(1.0, condition), (-4.0, 2.0), STEPS, lr=lr, momentum=friction
    )
    # A double root: each step leaves sqrt(momentum) of the distance, apart from a factor of t. So
    # in a hundred steps a different cell can be ahead, but by no more than that factor, squared.
    ahead = orders(alone) - grown[row, column]
    assert 0 < ahead < 2 * np.log10(STEPS)


@pytest.mark.parametrize("condition", [5, 10, 25, 50, 100])
def test_in_the_long_run_nothing_on_the_map_beats_the_formula(condition):
    lr, friction = np.meshgrid(ravines.RATES / condition, ravines.FRICTIONS)
    slowest = np.maximum(*(_left_each_step(lr, friction, h) for h in (1.0, condition)))
    lr, friction = best_for(condition)
    formula = max(_left_each_step(lr, friction, h) for h in (1.0, condition))
    assert formula == pytest.approx(friction**0.5, rel=1e-6)
    assert formula < slowest.min()


def _left_each_step(lr, friction, curvature):
    """The size of the larger root of z^2 - (1 + mu - lr h) z + mu."""
    half = (1 + friction - lr * curvature) / 2
    root = np.emath.sqrt(half**2 - friction)
    return np.maximum(abs(half + root), abs(half - root))


def test_the_map_is_the_run_under_the_ball():
    """A cell of the sweep equals the same run alone; its speed is the spectral radius."""
    valley, lr, friction = quadratic(1.0, 25.0), 0.06, 0.6
    step = np.array([[1 + friction - lr * 25, -friction], [1, 0]])
    flat = np.array([[1 + friction - lr * 1, -friction], [1, 0]])
    radius = max(np.abs(np.linalg.eigvals(m)).max() for m in (step, flat))
    alone = descend(momentum, valley, valley.start, 400, lr=lr, momentum=friction)
    later = descend(momentum, valley, alone, 100, lr=lr, momentum=friction)
    per_step = (orders(later) - orders(alone)) / 100
    assert per_step == pytest.approx(2 * np.log10(radius), rel=0.03)


def test_the_words_of_the_map_are_true():
    lab = labs.momentum_map()
    width = lab.picture.geometry["reach"]
    for x in np.linspace(0.02, 0.98, 9):
        lab.picture.ball = [width[0] + x * width[2], width[1] + 0.6 * width[3]]
        lr, friction = lab.scene.place(lab.picture.ball)
        trace = descend(momentum, quadratic(1.0, 25), (-4.0, 2.0), STEPS, lr=lr, momentum=friction)
        falls = trace.loss[-LAST:].max() <= trace.loss[0]
        assert ("higher than at the start" in lab.sentence) != falls
        assert f"momentum {friction:.2f}" in lab.sentence


@pytest.mark.parametrize("rule", [sgd, adagrad, rmsprop], ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("every", [1, 10, 50])
def test_the_words_of_the_scales_are_true(rule, every):
    lab = labs.scales()
    lab.controls["rule"].value, lab.controls["every"].value = rule, every
    asked = np.stack([np.ones(300), np.arange(300) % every == 0], axis=-1)
    hyper = {"alpha": 0.99} if rule is rmsprop else {}
    way = -descend(rule, Gradients(asked), [0.0, 0.0], 300, lr=0.1, **hyper).theta[-1]
    often, rarely = (part.split() for part in lab.sentence.split("; "))
    for words_, gone, n in ((often, way[0], 300), (rarely, way[1], 300 // every)):
        assert float(words_[1]) == n
        assert float(words_[5]) == pytest.approx(gone, rel=0.01)
        assert float(words_[8]) == pytest.approx(gone / n, rel=0.01)


@pytest.mark.parametrize("lab", [labs.playground(), labs.learning_rate()], ids=["0", "1"])
def test_the_rates_that_the_lessons_name_can_be_set(lab):
    """Lesson 0 doubles 0.02 twice; lesson 1 looks for the border of the ravine, 0.08."""
    rate = lab.controls["lr"]
    stops = rate.base ** (rate.min + rate.step * np.arange((rate.max - rate.min) / rate.step))
    for named in (0.02, 0.04, 0.08):
        assert np.isclose(stops, named, rtol=1e-12).sum() == 1


@pytest.mark.parametrize("surface", ["ravine", "bowl"])
@pytest.mark.parametrize("lr", [0.001, 0.02, 0.04, 0.08])
def test_the_parts_that_are_told_add_up_to_the_loss(surface, lr):
    lab = labs.learning_rate()
    lab.controls["surface"].value = {"ravine": ravine, "bowl": bowl}[surface]
    lab.controls["lr"].value = lr
    h = np.array([1.0, 25.0 if surface == "ravine" else 1.0])
    expected = h * (np.array([-4.0, 2.0]) * (1 - lab.controls["lr"].value * h) ** 60) ** 2 / 2
    said = lab.sentence.partition(". Its parts: ")
    parts = re.fullmatch(r"(.+) along θ₁, (.+) along θ₂", said[2]).groups()
    assert [value(part) for part in parts] == pytest.approx(expected, rel=0.006)
    loss = value(re.search(r"loss (.+) after 60 steps", said[0])[1])
    assert loss == pytest.approx(expected.sum(), rel=0.006)


def test_at_its_border_the_ball_jumps_from_wall_to_wall_as_far_as_at_first():
    """As lesson 0 says."""
    lab = labs.playground()
    lab.controls["surface"].value, lab.controls["lr"].value = ravine, 0.08
    across = descend(sgd, ravine, ravine.start, 80, lr=lab.controls["lr"].value).theta[:, 1]
    np.testing.assert_allclose(across, across[0] * (-1.0) ** np.arange(81), rtol=1e-12)


def heights(factors):
    """How far above the lowest loss ten runs are after 200 and 300 updates, as the lab says."""
    model, lowest = rates.noisy_line()
    used = 0.1 * np.broadcast_to(factors, rates.UPDATES)
    loss = descend(sgd, model, np.zeros((10, 2)), 300, lr=lambda t: used[t]).loss.mean(axis=-1)
    after = [sentences.number(loss[end - 29 : end + 1].mean() - lowest) for end in (200, 300)]
    return f"is {after[0]} above the lowest loss after 200 updates, and {after[1]} after 300"


@pytest.mark.parametrize("name", rates.DECAYS)
def test_the_words_of_the_schedule_are_true(name):
    lab = labs.schedule()
    lab.controls["decay"].value = name
    factors = np.broadcast_to(rates.DECAYS[name](np.arange(300)), 300)
    assert np.all((factors >= 0) & (factors <= 1))
    verdict, said = lab.sentence.split(": ")
    mine, beside = said.split("; ")
    first, last = sentences.number(0.1 * factors[0]), sentences.number(0.1 * factors[-1])
    names = (name, "constant") if name != "constant" else ("schedule 1", "schedule 2")
    used = first if first == last else f"from {first} to {last}"
    assert mine.startswith(f"{names[0]} (rate {used}")
    assert (", at most 0.1)" in mine) == (name == "one cycle")
    assert mine.endswith(f") {heights(factors)}")
    assert beside == f"{names[1]} (rate 0.1) {heights(np.ones(300))}"
    mine, beside = (re.findall(r"([\d.]+) a(?:bove|fter)", part) for part in (mine, beside))
    for one, other, end in zip(mine, beside, (200, 300), strict=True):
        if name == "constant":
            assert verdict == "no difference after 200 updates and after 300 updates"
        elif one != other:
            ahead = name if float(one) < float(other) else "constant"
            words = rf"{ahead} is lower, [^,]*\bby a factor of (\S+) after {end} updates"
            told = re.search(words, verdict)
            ratio = max(float(one), float(other)) / min(float(one), float(other))
            assert float(told[1]) == pytest.approx(ratio, rel=0.06)


def test_warmup_and_floor_change_the_first_schedule_alone():
    lab = labs.schedule()
    beside = lab.sentence.split("; ")[1]
    lab.controls["rise"].value, lab.controls["floor"].value = 50, 0.5
    t = np.arange(300)
    factors = np.minimum((t + 1) / 50, 1) * (0.5 + 0.5 * rates.DECAYS["cosine"](t))
    mine, unchanged = lab.sentence.split("; ")
    assert unchanged == beside
    assert f"rate from {sentences.number(0.002)} to " in mine
    assert mine.endswith(heights(factors))


@pytest.mark.parametrize("steps", [40, 150, 600])
def test_the_words_of_the_range_test_are_true(steps):
    lab = labs.range_test()
    for rule in (sgd, momentum, adam):
        lab.controls["rule"].value, lab.controls["steps"].value = rule, steps
        form = r"the test suggests (.+): half of the fall is over by .+, and the lowest point is "
        form += r"at (.+); a full run at the suggested rate ends with a loss of (.+), the best of "
        form += r"the sweep with (.+)"
        said = re.fullmatch(form, lab.sentence)
        assert said is not None, lab.sentence
        rate, low, end, best = map(float, said.groups())
        loss = descend(rule, uneven_line(), np.zeros(4), 300, lr=rate).loss[-20:].mean()
        assert loss == pytest.approx(end, rel=0.05)
        assert best <= end
        assert rate < low


def test_where_no_rate_is_suggested_the_range_test_says_why():
    found = find_lr(sgd, uneven_line(), np.zeros(4), lr_min=1e-9, lr_max=1e-8, steps=40)
    assert found.suggestion is None and found.reason
    assert sentences.range_test(found, np.nan, np.nan) == f"no suggestion: {found.reason}"
