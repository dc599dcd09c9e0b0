"""The instructor's guide: complete, true to the lessons, and with minutes that add up."""

import importlib.util
import os
import re

import nbformat
import pytest

from stepsize.checks.catalog import EXERCISES
from stepsize.command import guide as book

from .test_run import ROOT

spec = importlib.util.spec_from_file_location("guide", ROOT / "tools" / "guide.py")
guide = importlib.util.module_from_spec(spec)
spec.loader.exec_module(guide)

PAGES = [pytest.param(page, id=page.stem) for page in guide.pages()]
PARTS = ["Show of hands", "What goes wrong in the room", "Late?", "Last question"]


def by_hand(page):
    return page.read_text(encoding="utf-8").partition(guide.MARK)[0]


def made(page):
    return page.read_text(encoding="utf-8").partition(guide.MARK)[2]


def lesson(page):
    return (ROOT / "lessons" / page.name).read_text(encoding="utf-8")


def shown(page):
    """Everything the executed lesson says, in its text and its outputs."""
    cells = nbformat.read(ROOT / "solutions" / f"{page.stem}.ipynb", as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return "\n".join([cell.source for cell in cells] + texts)


def table(text):
    """The rows of a plan as (first minute, number of minutes)."""
    rows = re.findall(r"^\| (\d+):(\d\d) \| (\d+) \|", text, re.MULTILINE)
    return [(60 * int(hour) + int(minute), int(takes)) for hour, minute, takes in rows]


def follow_on_each_other(rows):
    ends = [at + takes for at, takes in rows]
    return [at for at, _ in rows[1:]] == ends[:-1]


def test_every_lesson_has_its_page():
    assert guide.missing() == [], f"write them in {guide.PAGES}, then run: python tools/guide.py"


def test_what_is_made_is_fresh():
    assert guide.stale() == [], "run: python tools/guide.py"


@pytest.mark.parametrize("page", PAGES)
def test_the_minutes_add_up_to_the_lessons(page):
    (minutes,) = re.findall(r"\*\*Time:\*\* (\d+) minutes", lesson(page))
    rows = table(by_hand(page))
    assert follow_on_each_other(rows)
    assert rows[0][0] == 0
    assert sum(rows[-1]) == int(minutes)
    assert f"## The {minutes} minutes" in by_hand(page)


def test_the_minutes_on_your_own_are_those_that_are_estimated():
    """If a lesson's head gives one number, it is for both, in class and on your own."""
    told = {}
    for path in (guide.ROOT / "lessons").glob("[0-9]*.md"):
        head = re.search(r"\*\*Time:\*\*.*", path.read_text("utf-8"))[0]
        own = re.search(r"(\d+|an hour) on your own|Time:\*\* (\d+) minutes\.$", head)
        told[path.name] = 60 if own[1] == "an hour" else int(own[1] or own[2])
    estimated = re.findall(r"\((\S+)\) \| \d+ \| (\d+) \|", guide.lengths())
    assert len(estimated) == len(told)
    for name, minutes in estimated:
        assert abs(told[name] - int(minutes)) <= 5, name


def test_the_plans_clocks_are_right():
    plans = by_hand(guide.PAGES / "plans.md").split("\n| at ")[1:]
    first = [table(plan)[0][0] for plan in plans]
    assert first == [0, 540, 540, 540], "90 minutes, half a day, and two days from nine o'clock"
    assert all(follow_on_each_other(table(plan)) for plan in plans)
    assert sum(table(plans[0])[-1]) == 90
    assert sum(table(plans[1])[-1]) <= 750, "until half past twelve"


def test_the_two_days_have_every_lesson():
    plans = by_hand(guide.PAGES / "plans.md").partition("## Two days")[2]
    for name in guide.lessons().values():
        assert f"({name}.md)" in plans, f"lesson {name} has no place in the two days"


@pytest.mark.parametrize("page", PAGES)
def test_the_page_has_all_its_parts(page):
    for part in PARTS:
        assert f"\n## {part}\n" in by_hand(page)
    for word in ("**Ask:**", "**Expect:**", "**Then:**"):
        assert by_hand(page).count(word) == 1
    title = lesson(page).partition("\n# ")[2].partition("\n")[0]
    assert by_hand(page).startswith(f"# {title}\n")


@pytest.mark.parametrize("page", PAGES)
def test_two_sentences_are_said_at_each_lab(page):
    labs = re.findall(r"^labs\.\w+\(.*\)$", lesson(page), re.MULTILINE)
    said = dict(re.findall(r'^- \*\*`(labs\..*?)`\*\* "(.*)"$', by_hand(page), re.MULTILINE))
    assert sorted(said) == sorted(set(labs))
    for sentences in said.values():
        assert len(re.findall(r"[.?!](?: |$)", sentences)) == 2, sentences


@pytest.mark.parametrize("page", PAGES)
def test_every_prediction_is_there_with_what_comes_out(page):
    asked = re.findall(r"^> \*\*(?:Predict|Decide).*", lesson(page), re.MULTILINE)
    text = made(page)
    for line in asked:
        answer = text.partition(line)[2].partition("\n> **")[0].partition("\n## ")[0]
        assert len(re.sub(r"^>.*\n", "", answer.lstrip("\n"), flags=re.MULTILINE).split()) > 3, line
    assert text.count(f"*{guide.OPEN}") == by_hand(page).count(f"**{guide.OPEN}:**")


@pytest.mark.parametrize("page", PAGES)
def test_every_exercise_is_answered_and_its_mistakes_are_named(page):
    text = made(page)
    checks = re.findall(r'^check\("([\d.]+)"', lesson(page), re.MULTILINE)
    for name in checks:
        exercise = EXERCISES[name]
        part = text.partition(f"### {name} {exercise.title}\n")[2].partition("\n### ")[0]
        assert re.search(r"```python\n\S", part)
        for mistake, what in exercise.mistakes.items():
            assert f"| {guide._cell(mistake)} | {guide._cell(what.sentence)} |" in part
    assert len(checks) == text.count("\n### ")


@pytest.mark.parametrize("page", PAGES)
def test_a_number_that_is_told_comes_from_the_lesson(page):
    """Where the page says what comes out and what goes wrong; times and guesses are its own."""
    told = by_hand(page).partition("**Then:**")[2].partition("\n## Late?")[0]
    told = re.sub(r"\b\d+\.\d\b(?= (?:in|is|they|shown)|[:,])|In \d+\.\d|lessons? \d+", "", told)
    seen = shown(page).replace(",", "")
    for number in re.findall(r"-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?", told):
        assert number.replace(",", "") in seen, f"{number} is not in the lesson"


def test_links_lead_somewhere():
    for page in [*(guide.PAGES / f"{name}.md" for name in book.FIRST), *guide.pages()]:
        for link in re.findall(r"\]\(([^)#]+)", by_hand(page)):
            if "://" not in link and "workshop/" not in link:  # workshop/ isn't part of the guide
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_what_is_above_the_mark_is_left_alone(tmp_path, monkeypatch):
    page = guide.pages()[1]
    copy = tmp_path / page.name
    copy.write_text(by_hand(page) + guide.MARK + "\n\nold\n", encoding="utf-8")
    renewed = guide.renewed(copy)
    assert renewed == page.read_text(encoding="utf-8")
    copy.write_text("# Mine\n", encoding="utf-8")
    assert guide.renewed(copy).startswith(f"# Mine\n\n\n{guide.MARK}\n\n## Every prediction")


def test_the_whole_is_one_file_with_every_page_and_no_need_of_a_network(tmp_path):
    pytest.importorskip("latex2mathml")
    whole = book.html(guide.PAGES, tmp_path)
    for page in [*book.FIRST, *(page.stem for page in guide.pages())]:
        assert f'<section id="{page}">' in whole
        assert f'href="#{page}"' in whole
    assert not re.search(r'(?:src|<link[^>]* href)="', whole)
    assert "<math" in whole
    text = re.sub(r"<(pre|code|math)\b.*?</\1>", "", whole, flags=re.DOTALL)
    assert "$" not in text
    assert "**" not in re.sub(r"<[^>]*>", "", text)


def test_every_known_mistake_is_in_the_appendix_and_nowhere_else(tmp_path):
    pytest.importorskip("latex2mathml")
    whole = book.html(guide.PAGES, tmp_path)
    chapters, _, appendix = whole.partition('<section id="appendix">')
    assert "the mistake</th>" not in chapters
    for name, exercise in EXERCISES.items():
        part = appendix.partition(f'<h2 id="mistakes-{name}">')[2].partition("<h2")[0]
        assert part.count("<tr>") == len(exercise.mistakes) + 1, name
        assert f'href="#mistakes-{name}"' in chapters


def test_the_pages_of_each_part_are_read_from_a_pdf_of_chromiums(tmp_path):
    pytest.importorskip("latex2mathml")
    numbers = range(2, 2 + 3 * len(book.FIRST), 3)
    pages = "".join(f"{n} 0 obj\n<</Type /Page\n/Parent 1 0 R>>\nendobj\n" for n in numbers)
    places = "\n".join(
        f"/{name} [{n} 0 R /XYZ 0 841 0]" for name, n in zip(book.FIRST, numbers, strict=True)
    )
    document = f"{pages}99 0 obj\n<<{places}>>\nendobj\n".encode()
    ranges = book.page_ranges(document, guide.PAGES)
    assert ranges["who-it-is-for"] == "1"
    assert ranges[book.FIRST[-1]] == f"{len(book.FIRST)}"
    assert "(page 2)" in book.html(guide.PAGES, tmp_path, ranges)
    spread = book.page_ranges(document.replace(b"/plans [5 0 R", b"/plans [2 0 R"), guide.PAGES)
    assert spread["plans"] == "1-2"
    assert "(pages 1-2)" in book.html(guide.PAGES, tmp_path, spread)
    assert book.page_ranges(b"written by another program", guide.PAGES) == {}


@pytest.mark.skipif(os.name == "nt", reason="the browser is a script of a shell")
@pytest.mark.parametrize("does", ["exit 3", "exit 0"], ids=["it fails", "it writes nothing"])
def test_a_browser_that_cannot_print_leaves_the_guide_to_be_printed_by_hand(
    tmp_path, monkeypatch, does
):
    browser = tmp_path / "chromium"
    browser.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setattr(book, "BROWSERS", (str(browser),))
    (tmp_path / "guide.pdf").write_bytes(b"of last year")
    assert book.pdf(tmp_path / "guide.html") is None
    assert not (tmp_path / "guide.pdf").exists()


def test_what_a_lesson_without_a_page_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(guide, "PAGES", tmp_path)
    assert "05-adam.md" in guide.missing()
