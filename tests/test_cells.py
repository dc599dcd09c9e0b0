"""A cell keeps its id, whatever happens to its lesson."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepsize.command.cells import content, dumps, fresh_id, loads, matched

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("build", ROOT / "tools" / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

LESSONS = {lesson.stem: build.read(lesson).cells for lesson in build.lessons()}


def cell(kind, source, **more):
    return nbformat.NotebookNode(cell_type=kind, source=source, metadata={}, **more)


def ids(cells):
    return [cell.id for cell in cells]


def rebuilt(cells, before):
    """The same texts as jupytext reads them from a lesson, with ids that mean nothing."""
    new = [cell(old.cell_type, old.source, id=f"chance-{n}") for n, old in enumerate(cells)]
    build.set_ids(new, before)
    return new


def edited(source):
    """Edited as an author would: a word here, a sentence there; most of it stays."""
    words = source.split(" ")
    words[2::8] = ["learned"] * len(words[2::8])
    return " ".join(words) + " Or so they say."


@st.composite
def revisions(draw):
    """A lesson and a later version of it, with the earlier cell that each cell comes from."""
    before = LESSONS[draw(st.sampled_from(sorted(LESSONS)))]
    now = [(n, cell(old.cell_type, old.source)) for n, old in enumerate(before)]
    for what in draw(st.lists(st.sampled_from(["insert", "delete", "move", "edit"]), max_size=12)):
        place = draw(st.integers(0, len(now) - 1))
        if what == "insert":
            kind = draw(st.sampled_from(["markdown", "code"]))
            now.insert(place, (None, cell(kind, f"new {draw(st.integers(0, 10**6))}")))
        elif (
            what == "edit" and (n := now[place][0]) is not None and before[n].source.count(" ") > 5
        ):
            now[place] = (n, cell(before[n].cell_type, edited(before[n].source)))
        elif what == "move":
            now.insert(draw(st.integers(0, len(now) - 1)), now.pop(place))
        elif what == "delete" and len(now) > 1:
            now.pop(place)
    return before, [n for n, _ in now], [x for _, x in now]


@given(revisions())
def test_a_cell_keeps_its_id_when_others_come_go_and_move_and_when_it_is_edited(revision):
    before, was, now = revision
    new = rebuilt(now, before)
    assert len(set(ids(new))) == len(new)
    for n, made in zip(was, new, strict=True):
        assert n is None or made.id == before[n].id
    nbformat.validate(nbformat.v4.new_notebook(cells=[x | outputs(x) for x in new]))
    assert ids(rebuilt(now, new)) == ids(new), "made anew from itself, it is the same"


def outputs(made):
    return {} if made.cell_type == "markdown" else {"outputs": [], "execution_count": None}


@pytest.mark.parametrize("stem", LESSONS)
def test_the_notebook_and_the_solution_have_the_same_ids(stem):
    solution = nbformat.read(ROOT / "solutions" / f"{stem}.ipynb", as_version=4).cells
    learners = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4).cells
    there = iter(ids(solution))
    assert all(name in there for name in ids(learners)), "the same, in the same order"
    sources = {cell.id: cell.source for cell in solution}
    for learner in learners:
        given = "\n".join(map(build._blank, sources[learner.id].split("\n")))
        alone = learner.source.replace(f"{build.ALONE}\n\n", "", 1)
        assert alone in (given, sources[learner.id])


def test_a_cell_that_was_rewritten_between_its_neighbors_is_the_same_one():
    old = [cell("markdown", "one"), cell("code", "x = 3"), cell("markdown", "two")]
    new = [cell("markdown", "one"), cell("code", "for i in y: print(i)"), cell("markdown", "two")]
    assert matched(old, new) == {0: 0, 1: 1, 2: 2}
    new[1] = cell("markdown", "of the other kind")
    assert matched(old, new) == {0: 0, 2: 2}


def test_a_new_id_comes_from_the_text_and_is_nobody_elses():
    new = cell("code", "x = 1")
    assert fresh_id(new, ()) == fresh_id(cell("code", "x = 1"), ())
    assert fresh_id(new, ()) != fresh_id(cell("markdown", "x = 1"), ())
    taken = [fresh_id(new, ())]
    assert fresh_id(new, taken) == f"{taken[0]}-2"
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", fresh_id(new, taken))


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A course of one lesson, built."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / build.RECORD).parent.mkdir(parents=True)
    lesson = tmp_path / "lessons" / "07-x.md"
    lesson.write_text(
        "# Title\n\n```python\na = 1  # solution\na\n```\n\nThe end.\n", encoding="utf-8"
    )
    monkeypatch.setattr(build, "ROOT", tmp_path)
    rebuild()
    return lesson


def rebuild():
    for path in build.stale():
        build.make(path)
    assert build.stale() == []


def made(lesson, folder="solutions"):
    path = build.ROOT / folder / f"{lesson.stem}.ipynb"
    return nbformat.read(path, as_version=4).cells


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_a_lesson_that_gets_another_name_keeps_its_ids(small, folder):
    before = ids(made(small, folder))
    small = small.rename(small.with_name("08-y.md"))
    rebuild()
    assert ids(made(small, folder)) == before


def test_the_ids_of_a_commit_come_back_and_nothing_is_run_for_it(small):
    before, outputs = made(small), made(small)[1].outputs
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "All")
    path = build.ROOT / "solutions" / "07-x.ipynb"
    other = nbformat.read(path, as_version=4)
    for n, cell in enumerate(other.cells):
        cell.id = f"other-{n}"
    path.write_text(build.text(other), encoding="utf-8")
    rebuild()
    assert ids(made(small, "notebooks")) == ["other-0", "other-1", "other-2"]

    build.ids_from("HEAD")
    assert ids(made(small)) == ids(before)
    assert made(small)[1].outputs == outputs
    assert build.stale() == [build.ROOT / "notebooks" / "07-x.ipynb"]
    rebuild()
    assert ids(made(small, "notebooks")) == ids(before)

    path.write_text("<<<<<<< HEAD\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"can't be read, and it has the cells' ids"):
        build.stale()
    build.ids_from("HEAD")
    assert ids(made(small)) == ids(before)
    assert build.stale() == []


def git(*command):
    build._git(*command)


NOT_NOTEBOOKS = [b"", b"{", b"[1]", b"\x00\xff", b"{}", b'{"cells": 3, "metadata": {}}']
NOT_NOTEBOOKS += [b'{"cells": [{"cell_type": "code"}], "metadata": {}}', b"[" * 10**5, b"null"]
NOT_NOTEBOOKS += [b'{"cells": [7], "metadata": {}}', b'{"cells": [], "metadata": 3}']


@pytest.mark.parametrize("data", NOT_NOTEBOOKS, ids=range(len(NOT_NOTEBOOKS)))
def test_what_is_not_a_notebook_is_reported(data):
    assert loads(data) is None


def test_a_notebook_comes_back_from_json_as_it_was():
    path = ROOT / "notebooks" / "05-adam.ipynb"
    assert dumps(loads(path.read_bytes())) == path.read_bytes()
    half = {"cells": [cell("markdown", "half a character: \ud83d")], "metadata": {}}
    assert content(loads(dumps(half))["cells"][0]) == content(half["cells"][0])
