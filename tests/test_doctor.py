"""The doctor finds what is broken, and says what to do."""

import errno
import webbrowser
from pathlib import Path

import pytest

from stepsize.command import doctor, places
from stepsize.command.copies import Copies

from .learners import lesson, put
from .test_run import run  # noqa: F401  (a fixture)


def test_a_slider_is_moved_in_a_kernel():
    assert doctor.kernel().startswith("a kernel starts, and a slider moves its lab")


def test_a_kernel_that_does_not_start_is_told():
    with pytest.raises(doctor.Ill, match="No kernel starts"):
        doctor.kernel("no such kernel")


def test_a_lab_that_fails_is_told(monkeypatch):
    monkeypatch.setattr(doctor, "SLIDER", "1 / 0")
    with pytest.raises(doctor.Ill, match="A lab fails: ZeroDivisionError"):
        doctor.kernel()


def test_a_lab_that_does_not_answer_is_told(monkeypatch):
    deaf = doctor.SLIDER + "\nslider.unobserve_all()"
    monkeypatch.setattr(doctor, "SLIDER", deaf)
    with pytest.raises(doctor.Ill, match="didn't react"):
        doctor.kernel()


def test_the_right_packages_are_well_and_wrong_ones_named():
    assert doctor.packages().startswith("7 packages")
    right = {name: doctor.importlib.metadata.version(name) for name in doctor.NEEDED}
    with pytest.raises(doctor.Ill, match=r"numpy is 1.0 instead of .* Delete the folder .venv"):
        doctor.packages(right | {"numpy": "1.0"})
    del right["anywidget"]
    with pytest.raises(doctor.Ill, match=r"anywidget is missing. Run: python run.py"):
        doctor.packages(right)


def test_too_little_of_anything_is_named():
    with pytest.raises(doctor.Ill, match=r"1\.5 GB of memory"):
        doctor.memory(1.5, 1.2)
    with pytest.raises(
        doctor.Ill, match=r"Only 0\.3 of 8 GB of memory is free: close other programs"
    ):
        doctor.memory(8.0, 0.3)
    with pytest.raises(doctor.Ill, match=r"0\.1 GB of disk"):
        doctor.disk(0.1)
    assert doctor.memory(8.0, 5.0) == "8 GB of memory, 5 GB free"
    assert doctor.disk(20.0) == "20 GB of disk space free"


def test_what_draws_a_lab_is_looked_for(tmp_path):
    assert doctor.extensions() == "JupyterLab can draw labs"
    folder = tmp_path / "share" / "jupyter" / "labextensions"
    (folder / "@jupyter-widgets" / "jupyterlab-manager").mkdir(parents=True)
    (folder / "@jupyter-widgets" / "jupyterlab-manager" / "package.json").touch()
    with pytest.raises(doctor.Ill, match=r"anywidget is missing from .* Delete the folder .venv"):
        doctor.extensions(str(tmp_path))


def test_a_folder_that_is_of_no_use_is_named(tmp_path, monkeypatch):
    assert doctor.folder(tmp_path / "my-work") == "my-work can be written to"
    assert not (tmp_path / "my-work").exists(), "it leaves no folder behind"
    (tmp_path / "a file").touch()
    with pytest.raises(doctor.Ill, match="can't be written to"):
        doctor.folder(tmp_path / "a file" / "my-work")
    (tmp_path / "OneDrive").mkdir()
    with pytest.raises(doctor.Ill, match="Move the course to a folder outside of it"):
        doctor.folder(tmp_path / "OneDrive" / "my-work")
    monkeypatch.setattr(places, "CLONE", False)  # the course is where pip put it
    with pytest.raises(doctor.Ill, match="Name a folder outside of it with --folder"):
        doctor.folder(tmp_path / "OneDrive" / "my-work")


def test_a_full_disk_under_my_work_is_named(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(doctor.tempfile, "NamedTemporaryFile", full)
    with pytest.raises(doctor.Ill, match=r"The disk is full\. Free space: .* MB in .*my-work"):
        doctor.folder(tmp_path / "my-work")


def test_damaged_notebooks_are_named_with_what_helps(tmp_path):
    work = tmp_path / "my-work"
    assert doctor.notebooks(work, tmp_path) == "my-work is still empty"
    for name in ("03-ravines.ipynb", "solutions/03-ravines.ipynb", "mine.ipynb"):
        put(work / name, lesson("# Mine"))
    for folder in ("notebooks", "solutions"):
        put(tmp_path / folder / "03-ravines.ipynb", lesson("# The course's"))
    assert doctor.notebooks(work, tmp_path) == "3 notebooks in my-work can be opened"
    (work / "mine.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(doctor.Ill, match=r"can't be opened: mine.ipynb. Delete them"):
        doctor.notebooks(work, tmp_path)
    (work / "03-ravines.ipynb").write_bytes(b"")
    (work / "solutions" / "03-ravines.ipynb").write_text("<<<<<<<", encoding="utf-8")
    both = r"opened: 03-ravines.ipynb, solutions/03-ravines.ipynb. Run: python run.py. It keeps"
    with pytest.raises(doctor.Ill, match=both):
        doctor.notebooks(work, tmp_path)
    (work / "mine.ipynb").unlink()
    assert [*Copies(tmp_path, work).hand_out()]
    assert doctor.notebooks(work, tmp_path) == "2 notebooks in my-work can be opened"


def test_the_doctor_writes_nothing_into_a_course_that_may_be_read_only(run, monkeypatch):  # noqa: F811
    """Otherwise, IPython prints a warning above the list."""
    started = []
    monkeypatch.setattr(run, "version_of_venv", lambda: b"(3, 11)")
    monkeypatch.setattr(run.subprocess, "Popen", lambda command, **how: started.append(how["env"]))
    monkeypatch.setattr(run, "finish", lambda process: 0)
    assert run.main(["doctor"]) == 0
    for name in ("IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        assert not Path(started[0][name]).is_relative_to(run.ROOT)


def test_no_browser_is_told(monkeypatch):
    def none():
        raise webbrowser.Error

    monkeypatch.setattr(doctor.webbrowser, "get", none)
    assert doctor.browser().startswith("no browser here: open the address")


def test_what_is_to_be_done_is_counted(capsys):
    def ill():
        raise doctor.Ill("It is broken. Mend it.")

    assert doctor.examine((lambda: "fine", ill)) == 1
    said = capsys.readouterr().out
    assert "ok       fine" in said
    assert "TO DO    It is broken. Mend it." in said
    assert doctor.examine((lambda: "fine",)) == 0
    assert "All is well." in capsys.readouterr().out


def test_before_the_set_up_the_doctor_says_what_it_takes(run, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setattr(run, "version_of_venv", lambda: b"")
    assert run.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "isn't set up yet" in said
    assert "python run.py" in said
    assert "GB" in said
