"""The learner's copies: an update renews them and loses nothing, whatever happened to them."""

import errno
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from stepsize.command import files, work
from stepsize.command.copies import Copies
from stepsize.command.files import digest, write
from stepsize.command.notes import BOTH
from stepsize.command.trouble import Trouble, meaning

from .jupyter import Desk, chromium, jupyterlab
from .learners import add, answer, lesson, put, read, run, save, sources

ROOT = Path(__file__).resolve().parents[1]
GAP = "m = ...  # your turn"
FIRST = ["# Momentum", GAP, "check(m)", "# The end"]
ANSWER = "m = beta * m"
NAME = "00-start.ipynb"
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


@pytest.fixture
def copies(tmp_path):
    """A course of one notebook and its solution, not yet handed out."""
    course = tmp_path / "a course, naïve"
    put(course / "notebooks" / NAME, lesson(*FIRST))
    put(course / "solutions" / NAME, lesson(*FIRST))
    return Copies(course, course / "my-work")


def mine(copies, name=NAME):
    return copies.folder / name


def edition(copies, notebook, name=NAME):
    """Replace the course's notebook with a new edition."""
    put(copies.course / "notebooks" / name, notebook)


def changed(notebook, **changes):
    """Cells get a different text, by their number: _3="…"."""
    for number, source in changes.items():
        notebook["cells"][int(number[1:])]["source"] = source
    return notebook


SECOND = changed(lesson(*FIRST), _0="# Momentum, explained better", _3="# The new end")


def update(copies):
    """Hand out, twice: the second time there is nothing to do."""
    said = list(copies.hand_out())
    before = everything(copies.folder)
    assert list(copies.hand_out()) == []
    assert everything(copies.folder) == before
    for path in copies.folder.rglob("*.ipynb"):
        if ".damaged" not in path.name:
            nbformat.validate(nbformat.reads(path.read_text("utf-8"), as_version=4))
    assert not list(copies.folder.rglob("*.half"))
    return said


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- Nothing new --------------------------------------------------------------------------------


def test_first_start_copies_everything(copies):
    assert update(copies) == []
    assert sources(mine(copies)) == FIRST
    assert sources(mine(copies, f"solutions/{NAME}")) == FIRST


def test_an_answer_is_kept_when_nothing_is_new(copies):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    before = mine(copies).read_bytes()
    for _ in range(3):
        assert update(copies) == []
        assert mine(copies).read_bytes() == before


def test_what_was_thrown_away_comes_back(copies):
    update(copies)
    mine(copies).unlink()
    update(copies)
    assert sources(mine(copies)) == FIRST


# --- An update ----------------------------------------------------------------------------------


@pytest.mark.parametrize("was", [lambda path: None, save, run], ids=["new", "opened", "run"])
def test_an_update_renews_what_was_not_changed(copies, was):
    update(copies)
    was(mine(copies))
    edition(copies, SECOND)
    assert update(copies) == [], "nothing that has to be said"
    assert sources(mine(copies)) == [cell["source"] for cell in SECOND["cells"]]
    assert not list(copies.work.before.glob("*")), "nothing that has to be kept"


def test_an_update_keeps_what_was_written_and_renews_the_rest(copies):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    run(mine(copies))
    add(mine(copies), 2, "My notes.")
    before = mine(copies).read_bytes()
    edition(copies, SECOND)
    assert update(copies) == [f"{NAME} is up to date, with everything you wrote."]
    now = ["# Momentum, explained better", ANSWER, "My notes.", "check(m)", "# The new end"]
    assert sources(mine(copies)) == now
    shown = [cell.get("outputs") for cell in read(mine(copies))["cells"]]
    assert shown[1][0]["text"] == [f"shown by {ANSWER}"]
    assert [path.read_bytes() for path in copies.work.before.glob("*")] == [before]


def test_if_both_changed_a_cell_both_are_there(copies):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    newer = "m = ...  # your turn, with beta"
    edition(copies, changed(lesson(*FIRST), _1=newer))
    (said,) = update(copies)
    assert said.endswith(
        "In one place you'll find two versions, the course's and yours, with a note."
    )
    assert sources(mine(copies))[2:4] == [newer, ANSWER]
    assert BOTH in sources(mine(copies))[1]
    edition(copies, changed(lesson(*FIRST), _1=newer, _3="# The new end"))
    update(copies)
    assert sources(mine(copies))[2:] == [newer, ANSWER, "check(m)", "# The new end"]


def test_of_what_was_there_before_updates_the_last_three_are_kept(copies):
    update(copies)
    for number in range(5):
        old = f"# {number - 1}" if number else FIRST[3]
        answer(mine(copies), GAP if number == 0 else f"answer {number - 1}", f"answer {number}")
        edition(copies, changed(lesson(*FIRST), _3=f"# {number}"))
        assert old in sources(mine(copies))
        update(copies)
    kept = sorted(copies.work.before.glob("*"))
    assert [path.name for path in kept] == [f"00-start.{number}.ipynb" for number in (3, 4, 5)]
    assert [sources(path)[1] for path in kept] == ["answer 2", "answer 3", "answer 4"]


def test_an_older_one_that_is_put_back_is_brought_up_to_date_again(copies):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    edition(copies, SECOND)
    update(copies)
    (kept,) = copies.work.before.glob("*")
    shutil.copy(kept, mine(copies))  # as if a JupyterLab that stayed open had saved it
    edition(copies, changed(lesson(*FIRST), _0="# Third"))
    update(copies)
    assert sources(mine(copies)) == ["# Third", ANSWER, *FIRST[2:]]


def test_versions_that_nothing_was_made_from_are_forgotten(copies):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    for number in range(9):
        edition(copies, changed(lesson(*FIRST), _3=f"# {number}"))
        update(copies)
    assert len(list(copies.work.given.glob("*"))) == 1 + 9, "the first, and nine since"
    for path in copies.work.given.glob("*"):
        os.utime(path, (0, 0))
    update(copies)
    there = {path.stem for path in copies.work.given.glob("*")}
    theirs = [*copies.folder.rglob("*.ipynb")]
    theirs = [path for path in theirs if path.parent != copies.work.given]
    assert there == {work.origin(read(path)) for path in theirs}
    assert len(there) == 1 + 1 + 3, "the notebook's, and what is kept from before updates"


def test_a_jupyterlab_that_was_open_during_the_update_may_save_what_it_had(copies):
    update(copies)
    opened = read(mine(copies))
    edition(copies, SECOND)
    update(copies)
    opened["cells"][1]["source"] = ANSWER
    save(mine(copies), opened)
    edition(copies, changed(lesson(*FIRST), _0="# Third"))
    update(copies)
    assert sources(mine(copies)) == ["# Third", ANSWER, *FIRST[2:]]


def test_a_lesson_with_a_new_name_keeps_the_answers(copies):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    for folder in ("notebooks", "solutions"):
        (copies.course / folder / NAME).unlink()
        put(copies.course / folder / "01-begin.ipynb", SECOND)
        put(copies.course / folder / NAME.replace("00", "02"), lesson("# Another", prefix="other"))
    said = update(copies)
    assert f"{NAME} has been renamed, in the course and here: 01-begin.ipynb" in said
    assert sources(mine(copies, "01-begin.ipynb"))[:2] == ["# Momentum, explained better", ANSWER]
    names = sorted(path.name for path in copies.folder.glob("*.ipynb"))
    assert names == ["01-begin.ipynb", "02-start.ipynb"]


LAST = LESSONS[-1]  # the last check
NOTES = "I looked up question 7."


def of_no_version(path):
    """Like one that an early `run.py` handed out: it doesn't say what it was made from."""
    notebook = read(path)
    notebook["metadata"].pop(work.OURS)
    save(path, notebook)


@pytest.mark.parametrize("was", [lambda path: None, run, of_no_version], ids=["new", "run", "old"])
@pytest.mark.parametrize("noted", [False, True])
def test_the_last_check_makes_room_for_new_lessons(copies, was, noted):
    """It was number 13, which is now a different lesson; the learner's work moves with it."""
    old, last, new = "13-the-last-check.ipynb", LAST.name, ("13-a-new.ipynb", "14-and-more.ipynb")
    for folder in ("notebooks", "solutions"):
        put(copies.course / folder / old, read(LAST))
    update(copies)
    if noted:
        add(mine(copies, old), 3, NOTES)
    was(mine(copies, old))
    for folder in ("notebooks", "solutions"):
        (copies.course / folder / old).unlink()
        put(copies.course / folder / last, read(LAST))
        for name in new:
            new_lesson = lesson(*FIRST, f"# {name}", prefix=name[:2])
            put(copies.course / folder / name, new_lesson)
    assert f"{old} has been renamed, in the course and here: {last}" in update(copies)
    names = sorted(path.name for path in copies.folder.glob("*.ipynb"))
    assert names == sorted([NAME, *new, last])
    assert (NOTES in sources(mine(copies, last))) == noted
    assert all(sources(mine(copies, name)) == [*FIRST, f"# {name}"] for name in new)


def test_a_last_check_of_which_nothing_is_known_stays_where_it_is(copies):
    """The record of what was handed out is lost, so nothing is renamed or overwritten."""
    theirs = put(mine(copies, "13-the-last-check.ipynb"), read(LAST))
    add(theirs, 3, NOTES)
    before = theirs.read_bytes()
    edition(copies, read(LAST), LAST.name)
    edition(copies, lesson(*FIRST, prefix="thirteen"), "13-a-new.ipynb")
    update(copies)
    assert theirs.read_bytes() == before
    assert sources(mine(copies, "13-a-new.ipynb")) == FIRST and mine(copies, LAST.name).exists()


def test_a_copy_that_the_learner_made_is_theirs_alone(copies):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    own = shutil.copy(mine(copies), mine(copies, "00-start-Copy1.ipynb"))
    mine(copies).unlink()  # to start over
    edition(copies, SECOND)
    before = own.read_bytes()
    update(copies)
    assert sources(mine(copies))[1] == GAP
    assert own.read_bytes() == before


# --- Whatever stops it --------------------------------------------------------------------------

KILLED = """
import os, sys
from pathlib import Path
from stepsize.command.copies import Copies

left = {calls}
def stop(call):
    def counted(*args, **more):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return call(*args, **more)
    return counted
for name in ("replace", "rename", "unlink", "fsync"):
    setattr(os, name, stop(getattr(os, name)))
list(Copies(Path({course!r}), Path({folder!r})).hand_out())
"""


def test_killed_at_any_moment_it_loses_nothing_and_is_done_the_next_time(copies, tmp_path):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    edition(copies, changed(lesson(*FIRST), _1="m = ...  # your turn, with beta"))
    begin = tmp_path / "begin"
    shutil.copytree(copies.folder, begin)
    update(copies)
    done = everything(copies.folder)
    for calls in range(100):
        shutil.rmtree(copies.folder)
        shutil.copytree(begin, copies.folder)
        places = dict(course=str(copies.course), folder=str(copies.folder))
        code = KILLED.format(calls=calls, **places)
        status = subprocess.run([sys.executable, "-c", code]).returncode
        assert ANSWER in sources(mine(copies))
        for half in copies.folder.rglob("*.half"):
            os.utime(half, (0, 0))
        update(copies)
        assert everything(copies.folder) == done
        if status == 0:
            break
        assert status == 9
    assert 5 < calls < 99


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told_by_its_path_and_leaves_nothing_half(copies, monkeypatch):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    before = everything(copies.folder)
    edition(copies, SECOND)
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        list(copies.hand_out())
    assert Path(caught.value.filename).is_relative_to(copies.folder)
    assert everything(copies.folder) == before
    monkeypatch.undo()
    update(copies)
    assert sources(mine(copies))[1] == ANSWER


@pytest.fixture
def small_disk(copies):
    """my-work on a separate disk of 64 kB."""
    copies.folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(copies.folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a disk")
    yield copies
    subprocess.run(["umount", str(copies.folder)], check=True)


def test_of_a_disk_that_is_really_full_that_one_is_measured(small_disk):
    edition(small_disk, lesson("# " + "long " * 50_000))
    with pytest.raises(OSError, match="No space left") as caught:
        list(small_disk.hand_out())
    said = meaning(str(caught.value), small_disk.course, caught.value.filename)
    assert said.startswith("The disk is full. Free space: 0 MB in ")
    assert str(small_disk.folder) in said
    assert said.count(" MB in ") == 1
    assert not list(small_disk.folder.rglob("*.half"))


def test_a_quota_is_not_a_full_disk(tmp_path):
    error = OSError(errno.EDQUOT, "Disk quota exceeded", str(tmp_path / "x"))
    assert "quota" in meaning(f"[Errno 122] {error.strerror}", tmp_path, error.filename)


def test_what_a_killed_writing_left_is_swept_away(copies):
    update(copies)
    old, new = mine(copies, ".00-start.ipynb.half"), mine(copies, ".00-start.ipynb.77.half")
    for half in (old, new):
        half.write_text("{", encoding="utf-8")
    os.utime(old, (0, 0))
    list(copies.hand_out())
    assert not old.exists()
    assert new.exists(), "somebody may be writing it"


def test_a_file_is_written_whole_and_says_when(tmp_path):
    path = tmp_path / "deep" / "file"
    write(path, b"one", mtime=12345)
    assert (path.read_bytes(), path.stat().st_mtime) == (b"one", 12345)
    write(path, b"one")
    assert path.stat().st_mtime == 12345, "nothing to write"
    with pytest.raises(OSError, match="file") as caught:
        write(path / "below", b"two")
    assert caught.value.filename == str(path / "below")


# --- Damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\x00\xff", b'{"00-start.ipynb": 7}'])
def test_a_damaged_record_costs_no_answer(copies, damage):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    copies.record.write_bytes(damage)
    edition(copies, SECOND)
    update(copies)
    assert sources(mine(copies))[:2] == ["# Momentum, explained better", ANSWER]
    assert json.loads(copies.record.read_bytes())


@pytest.mark.parametrize("damage", [b"", b'{"cells": [', b"<<<<<<< HEAD\n"])
def test_a_damaged_notebook_is_kept_and_a_fresh_one_put_in_its_place(copies, damage):
    update(copies)
    mine(copies).write_bytes(damage)
    (said,) = update(copies)
    assert (
        said == f"{NAME} was damaged. It is kept as 00-start.damaged-1.ipynb, beside a fresh copy."
    )
    assert mine(copies, "00-start.damaged-1.ipynb").read_bytes() == damage
    assert "<code>00-start.damaged-1.ipynb</code>" in sources(mine(copies))[0]
    assert sources(mine(copies))[1:] == FIRST
    mine(copies).write_bytes(damage)
    update(copies)
    assert mine(copies, "00-start.damaged-2.ipynb").read_bytes() == damage


def test_jupyterlabs_checkpoint_takes_the_place_of_a_damaged_notebook(copies):
    update(copies)
    answer(mine(copies), GAP, ANSWER)
    checkpoint = mine(copies, ".ipynb_checkpoints/00-start-checkpoint.ipynb")
    checkpoint.parent.mkdir()
    shutil.copy(mine(copies), checkpoint)
    mine(copies).write_bytes(b"")
    edition(copies, SECOND)
    update(copies)
    assert "JupyterLab's last checkpoint" in sources(mine(copies))[0]
    assert sources(mine(copies))[1:3] == ["# Momentum, explained better", ANSWER]


def test_a_folder_in_a_notebooks_place_is_set_aside(copies):
    (mine(copies) / "deep").mkdir(parents=True)
    update(copies)
    assert mine(copies, "00-start.damaged-1.ipynb").is_dir()
    assert sources(mine(copies))[1:] == FIRST


def test_a_course_that_is_damaged_itself_is_told(copies):
    (copies.course / "notebooks" / NAME).write_text("<<<<<<<", encoding="utf-8")
    with pytest.raises(Trouble, match=r"damaged. Run: git checkout -- notebooks/00-start.ipynb"):
        list(copies.hand_out())


# --- The notebook that is opened ----------------------------------------------------------------


def test_opens_the_notebook_last_worked_on(copies):
    for name in ("01-next.ipynb", "02-last.ipynb"):
        edition(copies, lesson(*FIRST), name)
    update(copies)
    assert copies.last() == NAME
    for when, name in enumerate(["01-next.ipynb", NAME], start=10**9):
        answer(mine(copies, name), GAP, ANSWER)
        os.utime(mine(copies, name), (when, when))
    save(mine(copies, "02-last.ipynb"))
    assert copies.last() == NAME, "the other one was only opened"
    edition(copies, SECOND, "01-next.ipynb")
    update(copies)
    assert copies.last() == NAME, "an update is no work of the learner's"
    run(mine(copies, "02-last.ipynb"))
    assert copies.last() == "02-last.ipynb"


def test_a_damaged_notebook_is_not_opened(copies):
    edition(copies, lesson(*FIRST), "01-next.ipynb")
    update(copies)
    mine(copies, "01-next.ipynb").write_bytes(b"")
    assert copies.last() == NAME


# --- Folders of earlier versions of the course --------------------------------------------------


def handed_out_before(copies):
    """As `run.py` used to hand out: bytes, and a record of their digests."""
    given = {}
    for folder, prefix in (("notebooks", ""), ("solutions", "solutions/")):
        for source in (copies.course / folder).glob("*.ipynb"):
            copy = mine(copies, prefix + source.name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
            given[prefix + source.name] = digest(copy.read_bytes())
    put(copies.record, given)


def numbered(*texts):
    """A lesson whose cells are renumbered in each version, as they used to be."""
    return lesson(*texts, prefix="00-start")


OLD = [*FIRST[:1], "# A paragraph that has been there for long", *FIRST[1:]]
NEW = ["# Momentum", "# A new beginning", GAP, "check(m)", "# Something new here", "# The new end"]


@pytest.fixture
def old(copies):
    """A used folder, whose course is a repository with two newer versions."""
    edition(copies, numbered(*OLD))
    commit(copies.course, "init", "-q")
    handed_out_before(copies)
    for texts in (OLD, [*OLD, "# More"], NEW):
        edition(copies, numbered(*texts))
        commit(copies.course, "add", "notebooks", "solutions")
        commit(copies.course, "commit", "-qm", "A version")
    return copies


def commit(course, *command):
    name = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, *command], cwd=course, check=True)


def test_of_an_old_folder_the_base_is_found_in_the_courses_history(old):
    answer(mine(old), GAP, ANSWER)
    run(mine(old))
    add(mine(old), 3, "My notes.")
    (said,) = update(old)
    assert said == f"{NAME} is up to date, with everything you wrote."
    now = ["# Momentum", "# A new beginning", ANSWER, "My notes.", *NEW[3:]]
    assert sources(mine(old)) == now
    assert not list(old.folder.glob("*.new*"))


def test_an_old_notebook_that_was_only_opened_is_renewed(old):
    save(mine(old))
    assert update(old) == []
    assert sources(mine(old)) == NEW


def test_a_new_version_beside_an_old_notebook_goes_once_it_is_not_needed(old):
    answer(mine(old), GAP, ANSWER)
    put(mine(old, "00-start.new.ipynb"), numbered(*OLD, "# More"))
    given = json.loads(old.record.read_text(encoding="utf-8"))
    given["00-start.new.ipynb"] = given[NAME] = digest(mine(old, "00-start.new.ipynb").read_bytes())
    put(old.record, given)
    used = "m = 1"
    put(mine(old, "00-start.new2.ipynb"), numbered(*OLD, "# And more"))
    answer(mine(old, "00-start.new2.ipynb"), GAP, used)
    given["00-start.new2.ipynb"] = "of what it was once"
    put(old.record, given)
    update(old)
    assert sources(mine(old)) == [*NEW[:2], ANSWER, *NEW[3:]]
    assert [path.name for path in old.folder.glob("*.new*")] == ["00-start.new2.ipynb"]
    assert used in sources(mine(old, "00-start.new2.ipynb"))


@pytest.fixture
def without_base(old):
    """The same without git, or without history."""
    shutil.rmtree(old.course / ".git")
    answer(mine(old), GAP, ANSWER)
    return old


def test_without_a_base_the_new_version_goes_beside_and_both_notebooks_say_so(without_base):
    copies = without_base
    before = sources(mine(copies))
    (said,) = update(copies)
    assert "00-start.new.ipynb" in said
    top, *rest = sources(mine(copies))
    assert "<code>00-start.new.ipynb</code>" in top
    assert rest == before
    top, *rest = sources(mine(copies, "00-start.new.ipynb"))
    assert f"<code>{NAME}</code>" in top
    assert rest == NEW
    assert copies.last() == NAME, "that is where they worked"


def test_without_a_base_what_is_written_in_the_new_version_is_kept_too(without_base):
    copies = without_base
    update(copies)
    answer(mine(copies, "00-start.new.ipynb"), GAP, "m = 2")
    edition(copies, numbered(*NEW, "# And more"))
    update(copies)
    kept = {path.name: sources(path) for path in copies.folder.glob("*.ipynb")}
    assert ANSWER in kept[NAME]
    assert "m = 2" in kept["00-start.new.ipynb"]
    assert "# And more" in kept["00-start.new2.ipynb"]
    assert sum("newer version" in source for source in kept[NAME]) == 1


def test_without_a_base_a_new_version_that_was_not_used_is_renewed(without_base):
    copies = without_base
    update(copies)
    save(mine(copies, "00-start.new.ipynb"))
    edition(copies, numbered(*NEW, "# And more"))
    update(copies)
    assert [path.name for path in copies.folder.glob("*.new*")] == ["00-start.new.ipynb"]
    assert sources(mine(copies, "00-start.new.ipynb"))[-1] == "# And more"


def test_the_new_version_can_take_the_old_ones_place(without_base):
    copies = without_base
    update(copies)
    os.replace(mine(copies, "00-start.new.ipynb"), mine(copies))
    answer(mine(copies), GAP, "m = 2")
    edition(copies, numbered(*NEW, "# And more"))
    update(copies)
    assert sources(mine(copies)) == [*NEW[:2], "m = 2", *NEW[3:], "# And more"]
    assert not list(copies.folder.glob("*.new*"))


def test_where_nothing_is_new_an_old_folder_gets_a_base_without_git(copies):
    handed_out_before(copies)
    answer(mine(copies), GAP, ANSWER)
    update(copies)
    edition(copies, SECOND)
    update(copies)
    assert sources(mine(copies)) == [
        "# Momentum, explained better",
        ANSWER,
        "check(m)",
        "# The new end",
    ]


# --- In JupyterLab ------------------------------------------------------------------------------


def test_a_real_jupyterlab_that_opens_runs_and_saves_a_notebook_does_not_count_as_a_change(copies):
    """What JupyterLab adds isn't counted as the learner's, and what an update needs is kept."""
    edition(copies, lesson("# Title", "1 + 1", "# The end"))
    update(copies)
    given = read(mine(copies))
    with chromium() as browser, jupyterlab(mine(copies)) as server:
        desk = Desk(browser.new_page())
        desk.open(server)
        desk.run_all()
        desk.page.locator(".jp-OutputArea-output").filter(has_text="2").first.wait_for()
        with desk.page.expect_response(lambda a: a.request.method == "PUT" and NAME in a.url):
            desk.page.keyboard.press("Control+s")
    saved = read(mine(copies))
    assert saved["metadata"] != given["metadata"]
    assert work.origin(saved) == work.origin(given)
    assert not work.is_touched(saved, given)
    edition(copies, lesson("# A better title", "1 + 1", "# The end"))
    assert update(copies) == []
    assert sources(mine(copies))[0] == "# A better title"
    assert read(mine(copies))["cells"][1]["outputs"][0]["data"]["text/plain"] in ("2", ["2"])


# --- On a hub -----------------------------------------------------------------------------------


@pytest.fixture
def learner(copies, monkeypatch, tmp_path):
    """workshop/learner.py, up to where it becomes the learner's JupyterLab."""
    monkeypatch.setenv("HOME", str(tmp_path))
    spec = importlib.util.spec_from_file_location("learner", ROOT / "workshop" / "learner.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "COURSE", copies.course)
    monkeypatch.setattr(module, "MY_WORK", copies.folder)
    monkeypatch.chdir(tmp_path)
    for name in ("dup2", "umask"):
        monkeypatch.setattr(module.os, name, lambda *_: None)
    module.started = []
    monkeypatch.setattr(module.os, "execve", lambda *command: module.started.append(command))
    return module


def test_on_a_hub_updates_are_the_same(copies, learner):
    learner.main(room=False)
    answer(mine(copies), GAP, ANSWER)
    edition(copies, SECOND)
    learner.main(room=False)
    assert sources(mine(copies))[:2] == ["# Momentum, explained better", ANSWER]
    config = copies.folder / ".jupyter" / "settings" / "page_config.json"
    assert (
        "@jupyterlab/debugger-extension"
        in json.loads(config.read_text(encoding="utf-8"))["disabledExtensions"]
    )


def test_on_a_hub_a_full_disk_keeps_nobody_out(copies, learner, monkeypatch, capsys):
    learner.main(room=False)
    answer(mine(copies), GAP, ANSWER)
    edition(copies, SECOND)
    monkeypatch.setattr(files.os, "fsync", full)
    learner.main(room=False)
    assert len(learner.started) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert ANSWER in sources(mine(copies))


# --- The lessons themselves ---------------------------------------------------------------------


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_of_every_lesson_what_was_written_in_an_older_version_stays_and_all_is_new(copies, path):
    today = read(path)
    older = read(path)
    for cell in older["cells"][::3]:
        cell["source"] = "".join(cell["source"]).replace("the ", "a ")
    older["cells"][1:2], older["cells"][-2:-2] = [], [dict(older["cells"][1], id="since-gone")]
    edition(copies, older)
    update(copies)
    written = fill_in(mine(copies), str(path))
    edition(copies, today)
    update(copies)
    assert_all_is_there(mine(copies), today, written)


def fill_in(path, seed):
    """Fill all gaps, add two notes, and run everything. Returns what was written."""
    notebook, draw = read(path), random.Random(seed)
    written = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if "# your turn" in source:
            cell["source"] = source.replace("...  # your turn", f"{draw.random()}  # mine")
            written.append(cell["source"])
    for _ in range(2):
        written.append(f"My note {draw.random()}")
        own = dict(
            cell_type="markdown", id=f"own-{draw.random()}"[:12].replace(".", "-"), metadata={}
        )
        place = draw.randrange(len(notebook["cells"]) + 1)
        notebook["cells"].insert(place, own | dict(source=written[-1]))
    save(path, notebook)
    run(path)
    return written


def assert_all_is_there(path, today, written):
    """Check for everything that was written, and all of today's cells except answered ones."""
    there = sources(path)
    assert set(written) <= set(there)
    for cell in today["cells"]:
        source = "".join(cell["source"])
        assert source in there or "# your turn" in source
    known = {"".join(cell["source"]) for cell in today["cells"]} | set(written)
    assert all(source in known or "alert-warning" in source for source in there), "nothing old"


def of_git(*command):
    return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, check=True).stdout


@pytest.mark.slow
def test_used_folders_of_all_earlier_versions_come_up_to_date(tmp_path):
    """All versions in this repository's history: handed out as back then, used, updated."""
    try:
        commits = of_git("log", "--format=%H", "--", "notebooks").decode().split()
        assert of_git("rev-parse", "--is-shallow-repository") == b"false\n"
    except (OSError, subprocess.CalledProcessError, AssertionError):
        pytest.skip("there is no history here")
    for commit in commits[4::8]:
        copies = Copies(ROOT, tmp_path / commit)
        names = of_git("ls-tree", "--name-only", commit, "notebooks/", "solutions/").decode()
        given, written = {}, {}
        for source in names.split():
            name = source.removeprefix("notebooks/")
            write(mine(copies, name), of_git("show", f"{commit}:{source}"))
            given[name] = digest(mine(copies, name).read_bytes())
        for name in given:
            if "/" not in name and len(name) % 3:
                written[name] = fill_in(mine(copies, name), commit)
        put(copies.record, given)
        update(copies)
        for source in (ROOT / "notebooks").glob("*.ipynb"):
            assert_all_is_there(
                mine(copies, source.name), read(source), written.get(source.name, [])
            )
