"""Finds a lesson's predictions, and puts the form that `predictions` has for each below it.

prediction.js makes the forms.
"""

import json
import re
from html import escape

from .predictions import FORMS, words

__all__ = ["PLACE", "QUESTION", "asked", "own_words"]

QUESTION = re.compile(r"^> \*\*Predict\b.*(?:\n>.*)*", re.M)
PLACE = "stepsize-prediction"  # the class of the elements that prediction.js fills
NAMES = "alpha beta eta kappa lambda mu top"
LETTERS = dict(zip(NAMES.split(), "αβηκλμᵀ", strict=True))


def asked(text: str, lesson: str) -> str:
    """The text of a lesson, with a place for the form below each question. lesson: its number."""
    return QUESTION.sub(lambda found: f"{found[0]}\n\n{_place(lesson, found[0])}", text)


def _place(lesson: str, question: str) -> str:
    begins = own_words(question)
    forms = [form for start, form in FORMS.get(lesson, {}).items() if begins.startswith(start)]
    fields = json.dumps(forms[0] if forms else [words()], ensure_ascii=False)
    data = f'data-asked="{escape(_read(begins))}" data-fields="{escape(fields)}"'
    return f'<div class="{PLACE}" {data}></div>'


def _read(question: str) -> str:
    """The question as listed: TeX's names of letters become letters, and braces are dropped."""
    named = re.sub(r"\\([a-z]+)", lambda name: LETTERS.get(name[1], ""), question)
    return re.sub(r"[{}]", "", named)


def own_words(question: str) -> str:
    """The question without the call to predict, and without Markdown's marks."""
    text = re.sub(r"\n> ?", " ", question.removeprefix("> **Predict"))
    return re.sub(r"[*`$]", "", text).lstrip(" :,")
