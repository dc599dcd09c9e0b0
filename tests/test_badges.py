"""The README's badges, and what a version has to say in several places."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

import stepsize
from tools import badges

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "https://github.com/someone/stepsize"


def test_the_readme_has_those_of_the_address_that_pyproject_names():
    assert badges.with_badges(README, badges.address()) == README, "run: python tools/badges.py"


def test_with_an_address_they_open_the_first_lesson_and_without_there_are_none():
    there = badges.with_badges(README, ADDRESS)
    notebook = "notebooks/00-start-here.ipynb"
    assert (ROOT / notebook).exists()
    colab = f"https://colab.research.google.com/github/someone/stepsize/blob/main/{notebook}"
    binder = f"https://mybinder.org/v2/gh/someone/stepsize/main?urlpath=lab/tree/{notebook}"
    for link in (colab, binder):
        assert there.count(f"]({link})\n") == 1
    assert f"git clone {ADDRESS} stepsize\n" in there
    assert badges.with_badges(there, ADDRESS) == there
    gone = badges.with_badges(there, None)
    assert "badge" not in gone.replace("<!-- badges -->", "")
    assert f"git clone {badges.MISSING} stepsize\n" in gone


def test_an_address_that_binder_and_colab_do_not_know_is_named():
    with pytest.raises(ValueError, match=r"not 'https://example\.org/stepsize'"):
        badges.badges("https://example.org/stepsize")


def test_a_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == stepsize.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (released,) = re.findall(rf"^## {re.escape(stepsize.__version__)} — (.*)$", changelog, re.M)
    assert date.fromisoformat(released) == citation["date-released"]
    assert re.search(r"^date: (.*)$", (ROOT / "paper" / "paper.md").read_text("utf-8"), re.M)


def test_every_reference_of_the_paper_is_cited_and_there():
    cited = set(re.findall(r"@(\w+)", (ROOT / "paper" / "paper.md").read_text("utf-8")))
    entries = (ROOT / "paper" / "paper.bib").read_text("utf-8")
    assert cited == set(re.findall(r"^@\w+\{(\w+),$", entries, re.M))
    assert entries.count("\n  doi = {") == len(cited)


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml")))
def test_a_form_for_issues_is_one(form):
    """What GitHub wants of it: a name, what it is for, and fields with an id and a label each."""
    asked = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert asked["name"] and asked["description"]
    ids = [field["id"] for field in asked["body"]]
    assert len(set(ids)) == len(ids)
    for field in asked["body"]:
        assert field["type"] in ("input", "textarea", "dropdown")
        assert field["attributes"]["label"]
