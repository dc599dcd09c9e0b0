"""Answers as learners write them, and the verdict on each: right, which mistake, or which two.

judged/NN.txt holds those of a lesson. `# 7.1` begins an exercise, `## name` an answer, which runs
to the next one; the name is "right", a mistake, or two of them with a plus.
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from stepsize.checks.catalog import EXERCISES
from stepsize.checks.judging import BOTH, judge

from .answers import written

VALUES = ("1.4", "2.3", "4.2", "5.4", "6.3", "8.4", "11.1")  # numbers and choices, no functions
FILES = sorted((Path(__file__).parent / "judged").glob("*.txt"))


def answers():
    for file in FILES:
        for section in re.split(r"^# ", file.read_text(encoding="utf-8"), flags=re.M)[1:]:
            exercise, _, rest = section.partition("\n")
            for text in re.split(r"^## ", rest, flags=re.M)[1:]:
                name, _, source = text.partition("\n")
                yield exercise, name, source.strip("\n")


ANSWERS = list(answers())
IDS = [f"{exercise}-{i}-{name}".replace(" ", "_") for i, (exercise, name, _) in enumerate(ANSWERS)]


def known(exercise):
    """What the notebook defines above the exercise."""
    if exercise != "9.1":
        return {}
    from stepsize.checks.lesson_09 import softmax, unpack

    return dict(unpack=unpack, softmax=softmax)


def answer(exercise, source):
    """What a learner hands in: the last function, or a value."""
    if exercise in VALUES:
        return eval(source, {"np": np})
    return written(source, **known(exercise))


@pytest.mark.parametrize(("exercise", "name", "source"), ANSWERS, ids=IDS)
def test_an_answer_is_told_what_it_is(exercise, name, source):
    verdict = judge(EXERCISES[exercise], answer(exercise, source))
    if name == "right":
        assert verdict.status == "right", verdict
    else:
        assert verdict.status == "wrong"
        assert {*(verdict.mistake or "").split(BOTH)} == {*name.split(BOTH)}, verdict


def test_there_are_many_answers_to_each_exercise():
    """Each exercise has right ones, wrong ones, and some with two mistakes at once."""
    for exercise in {exercise for exercise, _, _ in ANSWERS}:
        names = [name for other, name, _ in ANSWERS if other == exercise]
        kinds = Counter("right" if n == "right" else "two" if BOTH in n else "one" for n in names)
        assert kinds["right"] >= 4 and kinds["one"] >= 8, exercise
        assert kinds["two"] >= 2 or exercise in VALUES, exercise
