"""What the clinic finds in the text of a loop: faults are named, and no sound loop is accused."""

import re
from pathlib import Path

import pytest

from stepsize.clinic import diagnose
from stepsize.clinic.listing import faults

from . import loops, loops_elsewhere

SOUND = loops.SOUND | loops_elsewhere.SOUND
FAULTY = loops.FAULTY | loops_elsewhere.FAULTY

FILES = ("posted_loops.txt", "short_loops.txt")  # as people post them; and cut to what matters
TEXT = "\n".join(Path(__file__).with_name(file).read_text(encoding="utf-8") for file in FILES)
POSTED = [loop.partition("\n") for loop in re.split("^=== ", TEXT, flags=re.M)[1:]]
HEADS = [head for head, _, _ in POSTED]


@pytest.mark.parametrize(("head", "_", "code"), POSTED, ids=HEADS)
def test_a_loop_in_the_form_in_which_it_is_posted(head, _, code):
    right = head.partition(": ")[0]
    diagnosis = diagnose(code=code)
    found = [finding.name for finding in diagnosis.findings]
    assert found[:1] == ([] if right in ("sound", "caution") else [right])
    assert bool(diagnosis.cautions) == (right == "caution")


def test_a_caution_is_mentioned_but_is_not_a_finding():
    code = """
        for x, y in loader:
            loss = criterion(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss
        print(total / len(loader))
    """
    alone, beside = diagnose(code=code), diagnose([2.0 * 0.99**i for i in range(200)], code=code)
    assert (alone.verdict, beside.verdict) == ("can't tell", "healthy")
    assert alone.cautions == beside.cautions and len(alone.cautions) == 1
    assert "By the way: total collects losses as tensors." in str(beside)
    retained = code.replace("backward()", "backward(retain_graph=True)")
    assert diagnose(code=retained).verdict == "graphs kept"
    assert diagnose(code=code.replace("+= loss", "+= loss.item()")).cautions == ()


@pytest.mark.parametrize("name", SOUND)
def test_no_sound_loop_is_accused(name):
    assert [f"{found.name}: {found.sign}" for found in faults(SOUND[name])] == []


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_found_first(name):
    fault, code = FAULTY[name]
    assert max(faults(code), key=lambda found: found.evidence).name == fault


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_says_what_it_saw_and_what_to_do(name):
    for found in faults(FAULTY[name][1]):
        assert 0.5 <= found.evidence < 1
        assert found.sign.endswith(".") and found.remedy.endswith(".")


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x = 1",
        "for x in d\n  f(x)",
        "def f(): return f()\nf()",
        "def f():\n  g()\ndef g():\n  f()\nf()",
    ],
)
def test_what_says_nothing_is_not_accused(code):
    assert faults(code) == []
