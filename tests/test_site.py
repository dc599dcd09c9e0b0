"""The course as a site: a page's rules equal the package's, and every page works on its own.

test_site_built.py tests the site as a whole.
"""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from stepsize import descend, labs
from stepsize.labs import sentences
from stepsize.labs.descent import SURFACES
from stepsize.labs.matrices import lifted
from stepsize.labs.ravines import LAST, best_for, orders
from stepsize.optimizers import momentum
from tools.site import (
    computed,
    lessons,
    links,
    mathjax,
    momentum_map,
    pages,
    playground,
    predictions,
    questions,
    record,
    reference,
)
from tools.site.carry import carried, hyper, memory

from .jupyter import chromium

ROOT = Path(__file__).resolve().parents[1]
STEPS = 80
CASES = [(rule, surface) for rule in playground.RULES for surface in SURFACES]

# One update of one coordinate for each job.
STEP_BY_STEP = """(jobs) => jobs.map(({ rule, args, hyper }) => {
  const { theta, memory, shown } =
    stepsize.rules[rule]({ flx_args: args, flx_kwargs: hyper });
  return { theta, ...memory, ...shown };
})"""
GROUND = """([name, places]) => {
  const { loss, grad } = stepsize.surfaces[name];
  return places.map((place) => [loss(place), ...grad(place)]);
}"""
RUNS = """([lab, cases]) =>
  cases.map(([now, start]) => stepsize.computed.playground.run(lab, now, start).said)"""
LAB = "name => stepsize.recorded[name]"


# The rules and surfaces --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """An empty page with the playground's code and data."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "labs").mkdir()
    computed.write(folder)
    static = pages.HERE / "static"
    scripts = dict.fromkeys(static / f"{script}.js" for script in computed.COMPUTED.values())
    with chromium() as browser:
        page = browser.new_page()
        page.evaluate("globalThis.stepsize = { recorded: {}, computed: {} }")
        for path in (folder / "rules.js", static / "drawing.js", *scripts):
            page.add_script_tag(content=path.read_text(encoding="utf-8"))
        for name in computed.COMPUTED:
            page.add_script_tag(
                content=(folder / "labs" / f"{name}.js").read_text(encoding="utf-8")
            )
        yield page


def same(ours: float, theirs: float | None) -> bool:
    """To 1e-12, relative. JSON has neither inf nor nan, so both arrive as None."""
    if theirs is None or not np.isfinite(ours):
        return theirs is None and not np.isfinite(ours)
    return abs(ours - theirs) <= 1e-12 * abs(ours)


@pytest.mark.parametrize(
    ("rule", "surface"),
    CASES,
    ids=lambda each: each.name if hasattr(each, "name") else each.__name__,
)
def test_each_update_in_the_page_is_the_packages(page, rule, surface):
    """At rates that converge, bounce and diverge, from two starts, at every coordinate and step."""
    jobs, wanted = [], []
    for lr, start in [(0.02, surface.start), (0.7, (1.3, -0.9)), (0.0002, (-1.1, 1.7))]:
        trace = descend(rule, surface, start, STEPS, lr=lr)
        finite = int(np.isfinite(trace.theta).all(axis=1).sum()) - 1
        for t, i in np.ndindex(min(finite, STEPS), 2):
            kept = {name: getattr(trace, name)[t - 1] for name in memory(rule)} if t else {}
            kept = {name: float(np.broadcast_to(x, 2)[i]) for name, x in kept.items()}
            theta, grad = float(trace.theta[t, i]), float(trace.grad[t, i])
            step = rule(theta, grad, t + 1, **kept, lr=lr)
            jobs.append(
                dict(
                    rule=rule.__name__, args=[theta, grad, t + 1, *kept.values()], hyper={"lr": lr}
                )
            )
            wanted.append({"theta": step.theta} | step.memory | step.shown)
    assert len(jobs) > STEPS  # at least one of the runs is complete
    found = page.evaluate(STEP_BY_STEP, jobs)
    for job, ours, theirs in zip(jobs, wanted, found, strict=True):
        assert ours.keys() == theirs.keys()
        apart = {
            name: (ours[name], theirs[name]) for name in ours if not same(ours[name], theirs[name])
        }
        assert not apart, (job, apart)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_each_surface_in_the_page_is_the_packages(page, surface):
    places = np.random.default_rng(0).uniform(-5, 5, (500, 2))
    found = page.evaluate(GROUND, [surface.name, places.tolist()])
    wanted = np.column_stack([surface.loss(places), surface.grad(places)])
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def directions(trace, surface) -> str:
    parts = 0.5 * surface.grad(trace.theta) * trace.theta
    return sentences.directions(trace, surface, parts)


@pytest.mark.parametrize("name", ["playground", "learning_rate"])
def test_the_page_says_what_the_lab_says(page, name):
    """A whole run, its verdict and its numbers, for every rule and surface at many rates.

    Lion is left out: all its steps have the same length, and whether two of them are at right
    angles or reverse each other depends on the last bit.
    """
    lab = page.evaluate(LAB, name)
    rng, cases, wanted = np.random.default_rng(1), [], []
    rules = {rule.__name__: rule for rule in playground.RULES if rule.__name__ in lab["rules"]}
    rules.pop("lion", None)
    said = sentences.descent if name == "playground" else directions
    for surface in [each for each in SURFACES if each.name in lab["surfaces"]]:
        for rule in rules.values():
            for lr in (0.001, 0.01, 0.03, 0.07, 0.3):
                start = rng.uniform(*np.transpose(surface.domain)).tolist()
                trace = descend(rule, surface, start, lab["steps"], lr=lr)
                wanted.append(said(trace, surface))
                now = dict(surface=surface.name, rule=rule.__name__, hyper={"lr": lr})
                cases.append([now, start])
    assert len({each.partition(":")[0] for each in wanted}) >= 4  # different verdicts
    found = page.evaluate(RUNS, [lab, cases])
    assert [*zip(cases, found, strict=True)] == [*zip(cases, wanted, strict=True)]


def test_the_page_computes_the_map_of_momentum_as_the_lab_does(page):
    """The path up to the last step, and the sentence, at many settings of every landscape."""
    lab = page.evaluate(LAB, "momentum_map")
    assert (*momentum_map.GROUNDS,) == labs.momentum_map().controls["condition"].options
    rng, cases, wanted = np.random.default_rng(2), [], []
    for condition, ground in momentum_map.GROUNDS.items():
        assert lab["grounds"][str(condition)]["best"] == list(best_for(condition))
        for _ in range(30):
            lr, friction = 10 ** rng.uniform(-1.3, 0.6) / condition, rng.uniform(0, 0.99)
            trace = descend(momentum, ground, ground.start, lab["steps"], lr=lr, momentum=friction)
            wanted.append((sentences.momentum_map(trace, orders(trace)), trace.theta))
            cases.append(dict(condition=condition, lr=lr, momentum=friction))
    assert lab["last"] == LAST and len({said.partition(":")[0] for said, _ in wanted}) > 100
    run = """([lab, cases]) => cases.map((now) => {
      const { said, trace } = stepsize.computed.momentum_map.run(lab, now);
      return [said, trace.theta];
    })"""
    for case, (said, theta), found in zip(
        cases, wanted, page.evaluate(run, [lab, cases]), strict=True
    ):
        assert found[0] == said, case
        size = np.maximum.accumulate(np.abs(theta), axis=0)  # near 0, a sum loses digits
        np.testing.assert_array_less(np.abs(np.array(found[1]) - theta), 1e-12 * size + 1e-300)


def test_the_page_lifts_singular_values_as_the_lab_does(page):
    lab = page.evaluate(LAB, "newton_schulz")
    there, values = labs.newton_schulz(), np.array(lab["values"])
    rng, cases = np.random.default_rng(3), []
    for begin in ([3.4445, -4.775, 2.0315], [1.5, -0.5, 0.0]):
        for steps in range(7):
            drawn = [rng.choice([v for _, v in there.controls[n].options]).item() for n in "abc"]
            for a, b, c in (begin, drawn):
                cases.append(dict(begin=begin, steps=steps, a=a, b=b, c=c))
    run = "([lab, cases]) => cases.map((now) => stepsize.computed.newton_schulz.run(lab, now))"
    for case, found in zip(cases, page.evaluate(run, [lab, cases]), strict=True):
        a, b, c = (case[name] for name in "abc")
        for name in "abc":
            there.controls[name].value = case[name]
        there.controls["steps"].value = case["steps"]
        assert found["said"] == there.sentence, case
        after = lifted(values, case["steps"], a, b, c)
        if np.abs(after).max() < 10:
            np.testing.assert_allclose(found["after"], after, rtol=1e-12)


def test_a_rule_that_was_changed_would_be_noticed(page):
    script = carried(playground.RULES[:1], SURFACES[:1])
    assert "lr" in hyper(playground.RULES[0])
    assert script != carried(playground.RULES[1:2], SURFACES[:1])


# The pages, before Sphinx ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "solved", sorted((ROOT / "solutions").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_a_lessons_page_has_the_learners_cells_first(solved):
    """All the learner's cells, in order; no part of a solution outside a fold."""
    given = nbformat.read(ROOT / "notebooks" / solved.name, as_version=4).cells
    whole = {cell.id: cell.source for cell in nbformat.read(solved, as_version=4).cells}
    made = lessons.page(solved, ROOT / "notebooks" / solved.name).cells
    code = [cell for cell in made if cell.cell_type == "code"]
    shown = [cell for cell in code if "hide-cell" not in cell.metadata.get("tags", [])]
    assert [cell.source for cell in shown] == [c.source for c in given if c.cell_type == "code"]
    assert {cell.source for cell in code} >= {
        cell.source
        for cell in nbformat.read(solved, as_version=4).cells
        if cell.cell_type == "code"
    }
    for cell in shown:
        assert "# solution" not in cell.source
        if cell.source != whole.get(cell.id.removesuffix("-given")):
            assert not cell.outputs  # the solved lesson's outputs would give the answer away
    words = [cell for cell in made if cell.cell_type == "markdown"]
    placed = {f"{cell.id}-lab" for cell in made}
    assert {cell.id for cell in words} - placed == {
        c.id for c in given if c.cell_type == "markdown"
    }
    asked = sum(cell.source.count("> **Predict") for cell in words)
    assert asked == sum(cell.source.count(f'class="{questions.PLACE}"') for cell in words)


def test_pictures_are_lighter_and_keep_what_they_say():
    name = "12-in-the-frameworks.ipynb"
    page = lessons.page(ROOT / "solutions" / name, ROOT / "notebooks" / name)
    heavy, before = len(nbformat.writes(page)), lessons.alt_texts(page)
    lessons.lighten(page)
    assert len(nbformat.writes(page)) < heavy
    after = lessons.alt_texts(page)
    assert [*after.values()] == [*before.values()] and not after.keys() & before.keys()


def test_the_front_page_leads_to_every_lesson():
    """And to nothing in the repository that the site doesn't have."""
    names = [path.stem for path in sorted((ROOT / "lessons").glob("[0-9]*.md"))]
    front = pages._front(names, [])
    assert re.findall(r"\]\((lessons/[\w-]+)\.ipynb\)", front) == [f"lessons/{n}" for n in names]
    linked = re.findall(r"\]\(([^)#]+)\)", front)
    assert {link.partition("/")[0] for link in linked} == {
        "lessons",
        "guide",
        "reference",
        "conventions.md",
        "predictions.md",
    }
    assert "\n## The package" not in front


def test_every_lab_of_the_lessons_lives_in_its_page():
    """None is just a picture: each is computed or recorded."""
    there = [
        cell
        for path in sorted((ROOT / "solutions").glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and re.search(r"^labs\.\w+\(", cell.source, re.M)
    ]
    assert len(there) >= 19
    for cell in there:
        (placed,) = lessons.placed(cell)
        name = re.search('data-lab="(.*?)"', placed.source)
        assert name and name[1] in {*computed.COMPUTED, *record.GRIDS}, cell.source


# Predictions -------------------------------------------------------------------------------------

LESSONS = {path.name[:2]: path for path in sorted((ROOT / "lessons").glob("[0-9]*.md"))}
ALWAYS = {"yes", "no", "true", "not true", "elsewhere", "neither", "both alike", "both"}


def questions_of(lesson: str) -> list[str]:
    text = LESSONS[lesson].read_text(encoding="utf-8")
    return [questions.own_words(found[0]) for found in questions.QUESTION.finditer(text)]


@pytest.mark.parametrize("lesson", predictions.FORMS)
def test_each_form_belongs_to_one_question_and_offers_what_the_lesson_speaks_of(lesson):
    words = re.sub(r"[*`$\s]+", " ", LESSONS[lesson].read_text(encoding="utf-8")).casefold()
    for start, fields in predictions.FORMS[lesson].items():
        asked = [each for each in questions_of(lesson) if each.startswith(start)]
        assert len(asked) == 1, (start, asked)
        labels = [field["label"] for field in fields]
        assert len({*labels}) == len(labels)  # read aloud, each field differs from the others
        for field in fields:
            options = {*field.get("options", ())} - ALWAYS
            assert len(options) != 1
            for option in options:
                main = max(re.findall(r"[\w.−√%-]+", option), key=len).casefold()
                assert main in words, (start, option)


def test_a_question_with_choices_offers_them():
    """ "A, B or C?" can be clicked; a question that no form is named for takes words."""
    made = questions.asked("> **Predict:** which is better here? SGD,\n> or Adam?\n\nText", "14")
    place = '<div class="stepsize-prediction" data-asked="which is better here? SGD, or Adam?" '
    assert made.startswith("> **Predict:** which is better here? SGD,\n> or Adam?\n\n" + place)
    assert "a straight line" in made and made.endswith("></div>\n\nText")
    assert "words" in questions.asked("> **Predict:** what next?", "14")
    made = questions.asked("> **Predict** with $\\beta_1 = 10^{-8}$?", "14")
    assert 'data-asked="with β_1 = 10^-8?"' in made


def test_every_lab_starts_where_it_starts_in_the_course():
    for name in ("forgetting", "warmup"):
        lab, data = record.GRIDS[name].lab(), record.recorded(record.GRIDS[name])
        number = 0
        for control in data["controls"]:
            number = number * len(control["options"]) + control["index"]
        said, _, *marks = data["frames"][number]
        assert data["sentences"][said] == lab.sentence
        pieces = ["".join(data["pieces"][piece] for piece in panel) for panel in marks]
        assert pieces == lab.picture.shown["marks"]


@pytest.mark.parametrize("name", record.GRIDS)
def test_a_grid_has_where_its_lab_starts(name):
    lab = record.GRIDS[name].lab()
    assert set(record.GRIDS[name].values) <= set(lab.controls)
    for control, values in record.GRIDS[name].values.items():
        assert lab.controls[control].value in values


def test_docstrings_become_markdown():
    page = reference.room("stepsize.optimizers")
    assert "{py:function} adam(theta, grad, t, m=0.0, v=0.0, *, lr=0.001" in page
    assert "\n\n$$m_t = " in page and "**Shapes:** theta" in page and "```pycon\n>>> adam(" in page


def test_mathjax_that_was_altered_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(mathjax, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"tex-chtml\.js must have the SHA-256"):
        mathjax.copy(tmp_path)


def test_dead_links_and_foreign_hosts_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">1</a> <a href="b.html#gone">2</a> <a href="c.html">3</a>'
        '<a href="https://example.org/">4</a> <script src="https://example.org/x.js"></script>',
        encoding="utf-8",
    )
    (tmp_path / "b.html").write_text('<p id="here"></p>', encoding="utf-8")
    assert links.wrong(tmp_path) == [
        "a.html: loads https://example.org/x.js",
        "a.html: b.html#gone",
        "a.html: c.html",
    ]
