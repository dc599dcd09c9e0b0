"""What README.md and ARCHITECTURE.md say is true."""

import contextlib
import io
import re

import pytest

from .jupyter import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("code", "printed"), SNIPPETS, ids=["check", "trace"])
def test_a_snippet_prints_what_the_readme_shows(code, printed):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {"__name__": "readme"})
    assert said.getvalue() == printed


def test_every_snippet_shows_what_it_prints():
    assert README.count("```python") == len(SNIPPETS) == 2


def test_every_lesson_is_in_the_table_unsolved_and_solved():
    table = re.findall(r"^\| (\d+) \| .*\(notebooks/(.*?)\).*\(solutions/(.*?)\) \|$", README, re.M)
    stems = [path.stem for path in sorted((ROOT / "lessons").glob("[0-9]*.md"))]
    assert [f"{int(number):02}" for number, *_ in table] == [stem[:2] for stem in stems]
    assert [row[1:] for row in table] == [(f"{stem}.ipynb",) * 2 for stem in stems]


def test_a_link_leads_to_a_file_and_an_animation_is_small():
    for target in re.findall(r'(?:\]\(|src="|srcset=")([^)"#]+)', README):
        assert "://" in target or (ROOT / target).exists(), target
    assert (ROOT / "docs" / "lab.gif").stat().st_size < 1_000_000


def test_the_core_is_as_long_as_it_is_said_to_be():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    core = text.partition("## Read the core")[2].partition("\n## ")[0]
    files = [ROOT / "src" / "stepsize" / name for name in re.findall(r"^\| `(.*?)`", core, re.M)]
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    for text in (README, core):
        (said,) = re.findall(r"about ([\d,]+) lines|$", text, re.I)[:1]
        assert abs(int(said.replace(",", "")) - lines) <= 100
