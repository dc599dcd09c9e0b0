"""Progress: kept line by line, and safe from anything that happens to files."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from stepsize import Step, certificate, check, last_check, progress
from stepsize.learner.progress import LAST
from stepsize.learner.record import keep


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPSIZE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def lines(home):
    return [
        json.loads(line)
        for line in (home / "progress.jsonl").read_text(encoding="utf-8").split("\n")
        if line
    ]


def right(theta, grad, t, *, lr):
    return Step(theta - lr * grad)


def uphill(theta, grad, t, *, lr):
    return Step(theta + lr * grad)


def test_a_check_is_kept_with_its_mistake(home):
    check("1.1", ...)
    check("1.1", uphill)
    check("1.1", right)
    kept = [(line["exercise"], line["status"], line["mistake"]) for line in lines(home)]
    assert kept == [("1.1", "wrong", "uphill"), ("1.1", "right", None)], "what is not tried is not"


def test_bars_show_what_is_solved_and_what_was_tried():
    assert "1 The learning rate" in repr(progress())
    assert "0 of 4" in repr(progress())
    keep("1.1", "right", None)
    keep("1.2", "broken", None)
    keep("1.1", "wrong", "uphill")  # once right, always right
    bar = next(line for line in repr(progress()).splitlines() if line.startswith("1 "))
    assert bar.split()[-4:] == ["█▒░░", "1", "of", "4"]
    assert "█▒░░" in progress()._repr_html_()


def test_killed_in_the_middle_of_writing_loses_nothing(home):
    """A process that writes as fast as it can is killed again and again."""
    code = (
        "from stepsize.learner.record import keep\n"
        "print('go', flush=True)\n"
        "while True: keep('1.1', 'right', None), print('kept', flush=True)"
    )
    promised = 0
    for pause in (0.0, 0.01, 0.02, 0.05):
        writer = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, encoding="utf-8"
        )
        writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        promised += writer.communicate()[0].count("kept\n")
        assert not keep("1.2", "right", None)
        promised += 1
    assert len(lines(home)) >= promised
    assert not progress().note


def test_a_line_that_was_cut_off_spoils_no_other(home):
    keep("1.1", "right", None)
    with open(home / "progress.jsonl", "a", encoding="utf-8") as file:
        file.write('{"exercise": "1.2", "sta')
    assert not keep("1.3", "right", None)
    assert "2 of 4" in repr(progress())
    assert not progress().note


GARBAGE = {
    "words": b"hello\n",
    "zeros": bytes(500),
    "binary": bytes(range(256)),
    "another json": b'{"a": 1}\n[1, 2]\n',
    "no utf-8": b'{"exercise": "\xff"}\n',
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_a_damaged_file_is_set_aside_and_said_so(home, garbage):
    keep("1.1", "right", None)
    file = home / "progress.jsonl"
    file.write_bytes(file.read_bytes() + garbage)
    damaged = file.read_bytes()
    verdict = check("1.2", 7)
    assert "progress.damaged-1.jsonl" in verdict.note
    assert "progress.damaged-1.jsonl" in repr(verdict)
    assert (home / "progress.damaged-1.jsonl").read_bytes() == damaged
    assert "1 of 4" in repr(progress()), "what could be read of it goes on"
    assert not progress().note, "said once"

    file.write_bytes(garbage)
    assert "progress.damaged-2.jsonl" in progress().note
    assert (home / "progress.damaged-1.jsonl").read_bytes() == damaged


def test_a_folder_in_its_place_is_set_aside(home):
    (home / "progress.jsonl" / "deep").mkdir(parents=True)
    assert "set aside" in keep("1.1", "right", None)
    assert "1 of 4" in repr(progress())


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_where_nothing_can_be_written_the_check_still_works(home):
    home.mkdir()
    home.chmod(0o500)
    verdict = check("1.1", right)
    assert verdict.status == "right"
    assert "couldn't be saved" in verdict.note


def test_it_says_so_if_the_home_is_a_file(home, monkeypatch):
    home.write_text("in the way", encoding="utf-8")
    verdict = check("1.1", right)
    assert verdict.status == "right"
    assert "couldn't be saved" in verdict.note
    assert "couldn't be read" in progress().note


def test_a_certificate_says_what_was_solved_and_no_more(tmp_path):
    check("1.1", right)
    check("1.2", uphill)
    made = certificate(" Ada <b>Lovelace</b> ", tmp_path)
    page = made.path.read_text(encoding="utf-8")
    there = sum(map(len, progress().lessons.values()))
    assert f"<b>1 of {there}</b>" in page
    assert "<h1>Ada &lt;b&gt;Lovelace&lt;/b&gt;</h1>" in page
    assert re.search("1 The learning rate</td>.*<td>1 of", page)
    assert "last check" not in page, "not having begun isn't failing"
    assert f'href="{tmp_path.as_posix()}/certificate.html"' in made._repr_html_()
    assert "certificate.html" in repr(made)


@pytest.mark.parametrize("name", ["", "  ", None, 7])
def test_a_certificate_needs_a_name(name, tmp_path):
    with pytest.raises(ValueError, match="name must be"):
        certificate(name, tmp_path)
    assert not list(tmp_path.glob("certificate*"))


def test_a_certificate_has_the_last_check(tmp_path):
    sitting = last_check(seed=9)
    for number, question in enumerate(sitting.questions, start=1):
        sitting.answer(number, "abcd"[question.right if number > 3 else question.right - 1])
    page = certificate("Ada", tmp_path).path.read_text(encoding="utf-8")
    assert "and answered 27 of 30 questions of its last check correctly" in page
    assert f"{LAST} (seed 9)" in page


def test_a_certificate_is_one_page_of_a4():
    """However long the name is, and however many lessons there are."""
    from stepsize.learner.certificate import _page
    from stepsize.learner.progress import Progress

    from .jupyter import chromium

    with chromium() as browser:
        page = browser.new_page()
        for name, lessons in (("Ada", 1), ("Wolfeschlegelstein " * 5, 13), ("x" * 700, 40)):
            titles = {
                f"{n} A lesson of some length": ("right", "tried", "") for n in range(lessons)
            }
            done = Progress(titles, last=("right",) * 20 + ("tried",) * 10, seed=1)
            page.set_content(_page(name, done))
            printed = page.pdf(prefer_css_page_size=True)
            assert len(re.findall(rb"/Type */Page\b", printed)) == 1
            box = [float(x) for x in re.search(rb"/MediaBox *\[([^]]*)", printed)[1].split()]
            assert box == pytest.approx([0, 0, 595.3, 841.9], abs=1)
            frame, last, foot = (
                page.locator(part).last.bounding_box() for part in (".frame", "tr", "footer")
            )
            assert last["y"] + last["height"] <= foot["y"], "nothing is cut off below"
            assert foot["y"] + foot["height"] <= frame["y"] + frame["height"]
