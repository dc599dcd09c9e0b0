"""An update of a notebook that a learner has written in: nothing is lost, everything is current."""

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepsize.command.cells import contents
from stepsize.command.merge import merge
from stepsize.command.notes import BACK, BOTH, DROPPED, note, plain


def text(source, name, **more):
    return dict(cell_type="markdown", id=name, metadata={}, source=source) | more


def code(source, name, *outputs, **more):
    shown = [dict(output_type="stream", name="stdout", text=words) for words in outputs]
    count = 1 if outputs else None
    cell = dict(cell_type="code", id=name, metadata={}, source=source)
    return cell | dict(outputs=shown, execution_count=count) | more


BASE = [
    text("# Title", "a"),
    text("Some words about momentum.", "b"),
    code("def f(x):\n    return ...  # your turn", "c"),
    code('check("1.1", f)', "d"),
    text("The end of the lesson.", "e"),
]
ANSWER = "def f(x):\n    return 2 * x"


def changed(cells, **sources):
    """With a different text for these ids; None removes the cell."""
    return [
        cell | {"source": sources.get(cell["id"], cell["source"])}
        for cell in cells
        if sources.get(cell["id"], "") is not None
    ]


def merged(base, theirs, new):
    """The merge, checked for what must hold for every merge."""
    made = merge(base, theirs, new, same_ids=True)
    names = [cell["id"] for cell in made.cells]
    assert len(set(names)) == len(names)
    nbformat.validate(dict(cells=made.cells, metadata={}, nbformat=4, nbformat_minor=5))
    return made


def sources(cells):
    return [cell["source"] for cell in cells]


def said(cells):
    return [words for words in (BOTH, BACK, DROPPED) for cell in cells if words in cell["source"]]


# --- One side has changed a cell ----------------------------------------------------------------


def test_what_the_learner_wrote_stays_and_the_rest_is_renewed():
    theirs = changed(BASE, c=ANSWER)
    new = changed(BASE, b="Better words about momentum.", e=None)
    new.insert(2, text("A new paragraph.", "f"))
    made = merged(BASE, theirs, new)
    order = ["# Title", "Better words about momentum.", "A new paragraph.", ANSWER]
    assert sources(made.cells) == [*order, 'check("1.1", f)']
    assert made.conflicts == 0


def test_an_added_cell_stays_below_the_one_it_was_put_below():
    theirs = list(BASE)
    theirs.insert(3, code("f(3)", "mine", "6"))
    theirs.insert(0, text("My notes.", "first"))
    new = [BASE[0], BASE[2], BASE[3], BASE[1], BASE[4]]  # moved by the course
    new.insert(2, text("A new paragraph.", "f"))
    order = [cell["id"] for cell in merged(BASE, theirs, new).cells]
    assert order == ["first", "a", "c", "mine", "f", "d", "b", "e"]


def test_a_cell_that_the_learner_moved_stays_where_they_put_it():
    theirs = [BASE[0], BASE[4], *BASE[1:4]]
    new = changed(BASE, e="The new end.")
    assert [cell["id"] for cell in merged(BASE, theirs, new).cells] == ["a", "e", "b", "c", "d"]
    assert "The new end." in sources(merged(BASE, theirs, new).cells)


def test_a_cell_that_the_learner_deleted_stays_deleted_until_the_course_changes_it():
    theirs = changed(BASE, b=None)
    new = changed(BASE, e="The new end.")
    assert "b" not in [cell["id"] for cell in merged(BASE, theirs, new).cells]
    new = changed(BASE, b="Better words about momentum.")
    made = merged(BASE, theirs, new)
    assert sources(made.cells)[2] == "Better words about momentum."
    assert BACK in made.cells[1]["source"]


def test_a_cell_that_the_course_deleted_stays_if_the_learner_wrote_in_it():
    theirs, new = changed(BASE, c=ANSWER), changed(BASE, c=None, d=None)
    made = merged(BASE, theirs, new)
    assert ANSWER in sources(made.cells)
    assert DROPPED in sources(made.cells)[sources(made.cells).index(ANSWER) - 1]
    assert 'check("1.1", f)' not in sources(made.cells), "that they had not changed"


def test_outputs_stay_where_the_source_does():
    theirs = changed(BASE, c=ANSWER)
    theirs[2] |= code(ANSWER, "c", "mine")
    theirs[3] |= code('check("1.1", f)', "d", "right")
    new = changed(BASE, b="Better words.")
    made = {cell["id"]: cell for cell in merged(BASE, theirs, new).cells}
    assert [made[name]["outputs"][0]["text"] for name in "cd"] == ["mine", "right"]
    new = changed(BASE, d='check("1.2", f)')
    made = {cell["id"]: cell for cell in merged(BASE, theirs, new).cells}
    assert made["c"]["outputs"] == theirs[2]["outputs"]
    assert made["d"]["outputs"] == [], "other code has shown nothing yet"


def test_in_a_solution_what_was_shown_is_renewed():
    base = [code("f()", "a", "1"), code("g()", "b", "2")]
    new = [code("f()", "a", "3"), code("g()", "b", "4")]
    theirs = [code("f()", "a", "1"), code("g()", "b", "run by me")]
    shown = [cell["outputs"][0]["text"] for cell in merged(base, theirs, new).cells]
    assert shown == ["3", "run by me"]


# --- Both sides have ----------------------------------------------------------------------------


def conflict():
    theirs = changed(BASE, c=ANSWER)
    new = changed(BASE, c="def f(theta):\n    return ...  # your turn")
    return theirs, new, merged(BASE, theirs, new)


def test_if_both_changed_a_cell_both_are_there_and_a_note_says_so():
    _, new, made = conflict()
    assert made.conflicts == 1
    assert BOTH in made.cells[2]["source"]
    # The learner's comes last, so that it counts when all cells are run.
    assert sources(made.cells)[3:5] == [new[2]["source"], ANSWER]
    assert made.cells[4]["id"] == "c"
    assert len(made.cells) == len(BASE) + 2


def test_it_is_not_a_conflict_if_both_wrote_the_same():
    theirs = new = changed(BASE, c=ANSWER)
    assert merged(BASE, theirs, new).conflicts == 0
    assert sources(merged(BASE, theirs, new).cells) == sources(new)


def test_a_conflict_that_is_left_stands_until_the_course_changes_that_cell_again():
    _, new, made = conflict()
    newer = changed(new, b="Better words.")
    newer.insert(2, text("A new paragraph.", "f"))
    again = merged(new, made.cells, newer)
    assert again.conflicts == 0
    assert sources(again.cells)[2] == "A new paragraph."
    assert sources(again.cells)[3:6] == sources(made.cells)[2:5]

    newest = changed(newer, c="def f(theta):\n    return theta * ...  # your turn")
    last = merged(newer, again.cells, newest)
    assert last.conflicts == 1
    assert said(last.cells) == [BOTH], "one note, and one version of the course: the last"
    assert sources(last.cells)[4:6] == [newest[2 + 1]["source"], ANSWER]
    assert len(last.cells) == len(newest) + 2


@pytest.mark.parametrize("keeps", ["the course's", "theirs", "theirs, and the note"])
def test_a_conflict_that_the_learner_has_settled_is_over(keeps):
    _, new, made = conflict()
    gone = {"the course's": {2, 4}, "theirs": {2, 3}, "theirs, and the note": {3}}[keeps]
    settled = [cell for n, cell in enumerate(made.cells) if n not in gone]
    newer = changed(new, b="Better words.", c="def f(y):\n    return ...  # your turn")
    again = merged(new, settled, newer)
    if keeps == "the course's":  # so that it is a cell that they didn't touch
        assert sources(again.cells) == sources(newer)
    else:
        assert again.conflicts == 1
        assert said(again.cells) == [BOTH]
        quiet = merged(new, settled, changed(new, b="Better words."))
        assert said(quiet.cells) == []
        assert ANSWER in sources(quiet.cells)


def test_who_works_on_in_the_courses_version_loses_nothing():
    _, new, made = conflict()
    mine = "def f(theta):\n    return 3 * theta"
    theirs = [cell | {"source": mine} if n == 3 else cell for n, cell in enumerate(made.cells)]
    again = merged(new, theirs, changed(new, c="def f(y):\n    return ...  # your turn"))
    assert {mine, ANSWER} <= set(sources(again.cells))


def test_what_is_written_into_a_note_is_the_learners():
    _, new, made = conflict()
    words = made.cells[2]["source"] + "\n\nI keep mine."
    theirs = [cell | {"source": words} if n == 2 else cell for n, cell in enumerate(made.cells)]
    assert words in sources(merged(new, theirs, changed(new, c=None)).cells)
    assert words in sources(plain(theirs))
    assert plain([note("said")]) == []


# --- What tools do to a notebook ----------------------------------------------------------------


def test_a_cell_that_was_cut_and_pasted_is_known_by_its_text():
    """JupyterLab gives a pasted text a new id; other tools may drop all ids."""
    theirs = [cell | {"id": "pasted"} if cell["id"] == "b" else cell for cell in BASE]
    new = changed(BASE, b="Better words about momentum.")
    assert sources(merged(BASE, theirs, new).cells) == sources(new)
    nameless = [{k: v for k, v in c.items() if k != "id"} for c in changed(BASE, c=ANSWER)]
    assert sources(merged(BASE, nameless, new).cells) == sources(changed(new, c=ANSWER))


def test_ids_from_when_cells_were_numbered_are_not_believed():
    def numbered(cells):
        return [cell | {"id": f"x-{n}"} for n, cell in enumerate(cells)]

    base = numbered(BASE)
    theirs = changed(base, **{"x-2": ANSWER})
    theirs.append(text("My notes.", "x-5"))
    new = [text("A new beginning.", "new"), *changed(BASE, b="Better words about momentum.")]
    new = numbered(new)  # the same ids, one cell further on
    made = merge(base, theirs, new, same_ids=False)
    names = [cell["id"] for cell in made.cells]
    assert names[:6] == [f"x-{n}" for n in range(6)]
    assert sources(made.cells) == [*sources(changed(new, **{"x-3": ANSWER})), "My notes."]


# --- Whatever they do ---------------------------------------------------------------------------


@st.composite
def versions(draw, prefix, cells):
    """A different version: cells edited, deleted, moved, added."""
    cells = [dict(cell) for cell in cells]
    for n in range(draw(st.integers(0, 5))):
        what, place = draw(st.sampled_from(["edit", "delete", "move", "add"])), 0
        if cells:
            place = draw(st.integers(0, len(cells) - 1))
        if what == "add" or not cells:
            cells.insert(place, text(f"{prefix} added {n}", f"{prefix}{n}"))
        elif what == "edit":
            cells[place]["source"] += f"\n{prefix} edited"
        elif what == "delete":
            cells.pop(place)
        else:
            cells.insert(draw(st.integers(0, len(cells))), cells.pop(place))
    return cells


# No two have words in common.
MANY = [text(" ".join(f"{word}{n}" for word in "abcdefgh"), f"base-{n}") for n in range(8)]


@given(versions("learner", MANY), versions("course", MANY))
def test_whatever_both_do_nothing_of_the_learner_is_lost_and_all_of_the_course_is_there(yours, new):
    made = merged(MANY, yours, new)
    after = set(sources(made.cells))
    assert {source for source in sources(yours) if "learner" in source} <= after
    was, has = ({cell["id"]: cell["source"] for cell in cells} for cells in (MANY, yours))
    for cell in new:
        touched = has.get(cell["id"]) != was.get(cell["id"])
        assert cell["source"] in after or (touched and cell["source"] == was.get(cell["id"]))
    for cell in made.cells:  # nothing old is left
        known = {*sources(new), *(s for s in sources(yours) if "learner" in s)}
        assert cell["source"] in known or said([cell])


@given(versions("learner", MANY), versions("course", MANY))
def test_who_changed_nothing_gets_what_the_other_has(yours, new):
    assert contents(merged(MANY, yours, MANY).cells) == contents(yours)
    assert merged(MANY, MANY, new).cells == new
    assert contents(merged(yours, yours, yours).cells) == contents(yours)


@given(versions("learner", MANY), versions("course", MANY))
def test_an_update_that_is_done_changes_nothing_when_done_again(yours, new):
    made = merged(MANY, yours, new).cells
    assert json.dumps(merged(new, made, new).cells) == json.dumps(made)
