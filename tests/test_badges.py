"""The README's badges, and what a version has to say in several places."""

import re
import subprocess
from datetime import date
from pathlib import Path

import pytest
import yaml

import stepsize
from tools import badges

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "https://github.com/someone/stepsize"


@pytest.mark.parametrize("name", badges.SAYING)
def test_what_names_an_address_has_the_one_of_pyproject(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert badges.with_badges(text, badges.address()) == text, "run: python tools/badges.py"
    assert f"git clone {ADDRESS} " in badges.with_badges(text, ADDRESS)


def test_whatever_has_the_address_to_clone_is_among_them():
    listed = subprocess.run(
        ["git", "grep", "-lE", "git clone .*<the address", "--", "*.md"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    if listed.returncode > 1:
        pytest.skip("no git here")
    assert set(listed.stdout.split()) <= set(badges.SAYING)


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
    """What GitHub requires: a name, a description, and fields with an id and a label each."""
    asked = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert asked["name"] and asked["description"]
    ids = [field["id"] for field in asked["body"]]
    assert len(set(ids)) == len(ids)
    for field in asked["body"]:
        assert field["type"] in ("input", "textarea", "dropdown")
        assert field["attributes"]["label"]


def test_nothing_is_published_before_the_wheel_was_opened_in_an_empty_environment():
    workflow = ROOT / ".github" / "workflows" / "publish.yml"
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    assert jobs["try"]["needs"] == "build"
    tried = "\n".join(step.get("run", "") for step in jobs["try"]["steps"])
    assert not any("checkout" in step.get("uses", "") for step in jobs["try"]["steps"])
    for command in ("dist/*.whl", "stepsize diagnose", "stepsize doctor", "stepsize guide"):
        assert command in tried
    trusted = [job for job in jobs.values() if job.get("permissions", {}).get("id-token")]
    assert len(trusted) == 2  # PyPI, and the site
    assert all({"build", "try"} <= {*job["needs"]} for job in trusted)
