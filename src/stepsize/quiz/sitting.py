"""`LastCheck`: the questions of a seed, the answers that were given, and the comments on them."""

import html
from pathlib import Path
from typing import Any

from ..extras import needs
from ..learner import record
from ..learner.verdict import RIGHT, WRONG
from ..notebook.keyboard import with_keys
from ..ranges import count_from, require
from .bank import Drawn, draw

with needs():
    import anywidget
    import traitlets
    from IPython.display import display

__all__ = ["LastCheck", "Told"]

HERE = Path(__file__).parent
LETTERS = "abcd"
HOW = 'No buttons here? Give a number and a letter: last_check({}).answer(1, "a")'


class Told:
    """What `answer` returns: whether it was right, and a comment on every choice."""

    def __init__(self, question: Drawn, given: int, note: str = "") -> None:
        self.question, self.given, self.note = question, given, note
        self.right = given == question.right

    @property
    def verdict(self) -> str:
        letter = LETTERS[self.question.right]
        lesson = f"See lesson {self.question.lesson}."
        return "Right." if self.right else f"No: {letter} is right. {lesson}"

    def __repr__(self) -> str:
        lines = [self.verdict]
        for i, choice in enumerate(self.question.choices):
            mark = "→" if i == self.question.right else " "
            lines.append(f"{mark} {LETTERS[i]}. {choice.text}\n     {choice.why}")
        return "\n".join([*lines, *filter(None, [self.note])])


class Sheet(anywidget.AnyWidget):
    """The questions with their buttons, in the browser."""

    _esm = with_keys(HERE / "sheet.js")
    # As text: given a path, anywidget keeps every widget alive.
    _css = (HERE / "sheet.css").read_text(encoding="utf-8")

    questions: Any = traitlets.List().tag(sync=True)  # each: text, choices
    told = traitlets.Dict().tag(sync=True)  # by the question's index: given, right, verdict, whys
    score = traitlets.Unicode().tag(sync=True)
    picked: Any = traitlets.List().tag(sync=True)  # the index of a question, and of a choice


class LastCheck:
    """Thirty questions, and the answers given so far.

    questions: as they were drawn. told: by number, from 1, the comments on the answers.
    """

    def __init__(self, seed: int) -> None:
        require("seed", seed, count_from(0))
        self.seed = int(seed)
        given, kept = record.answers(self.seed), record.drawn(self.seed)
        self.questions = draw(self.seed, kept, given)
        self.told: dict[int, Told] = {}
        for n, question in enumerate(self.questions, start=1):
            letter = given.get(question.name, "")
            if letter and letter in LETTERS[: len(question.choices)]:
                self.told[n] = Told(question, LETTERS.index(letter))
        self._sheet: Sheet | None = None

    def answer(self, number: int, letter: str) -> Told:
        """Answer a question. The first answer counts; later ones get the same comment.

        number: from 1. letter: "a", "b", "c" or "d".
        Raises: ValueError or TypeError that names the wrong argument.
        """
        require("number", number, count_from(1))
        if number > len(self.questions):
            raise ValueError(f"number must be at most {len(self.questions)}, not {number}")
        question = self.questions[number - 1]
        letters = LETTERS[: len(question.choices)]
        if not isinstance(letter, str) or letter.strip().lower() not in tuple(letters):
            raise ValueError(f"letter must be one of {', '.join(letters)}, not {letter!r}")
        if number not in self.told:
            self._keep(number, letters.index(letter.strip().lower()))
        return self.told[number]

    @property
    def score(self) -> str:
        right = sum(told.right for told in self.told.values())
        left = len(self.questions) - len(self.told)
        if not self.told:
            return f"None of the {left} questions has been answered yet."
        so_far = f"{right} of {len(self.told)} right so far; {left} to go."
        return so_far if left else f"Done: {right} of {len(self.questions)} right."

    def __repr__(self) -> str:
        """Without the answers."""
        asked = []
        for n, question in enumerate(self.questions, start=1):
            choices = [f"   {LETTERS[i]}. {c.text}" for i, c in enumerate(question.choices)]
            asked.append("\n".join([f"{n}. {question.text}", *choices]))
        return "\n\n".join([*asked, self.score, HOW.format(self.seed)])

    def _repr_html_(self) -> str:
        items = []
        for question in self.questions:
            choices = "".join(f"<li>{html.escape(choice.text)}</li>" for choice in question.choices)
            items.append(f'<li>{html.escape(question.text)}<ol type="a">{choices}</ol></li>')
        how = html.escape(f"{self.score} {HOW.format(self.seed)}")
        return f'<div class="stepsize-questions"><ol>{"".join(items)}</ol><p>{how}</p></div>'

    def _ipython_display_(self) -> None:
        """The questions, which stay in the notebook; then the sheet, which hides them."""
        display({"text/plain": repr(self), "text/html": self._repr_html_()}, raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.sheet.model_id}
        display({"application/vnd.jupyter.widget-view+json": view}, raw=True)

    @property
    def sheet(self) -> Sheet:
        """The widget, made when it is first asked for."""
        if self._sheet is None:
            questions = [
                dict(text=q.text, choices=[choice.text for choice in q.choices])
                for q in self.questions
            ]
            self._sheet = Sheet(questions=questions)
            self._sheet.observe(self._picked, "picked")
            self._show()
        return self._sheet

    def _picked(self, change: Any) -> None:
        index, choice = change["new"]
        if index + 1 not in self.told:
            self._keep(index + 1, choice)

    def _keep(self, number: int, choice: int) -> None:
        question = self.questions[number - 1]
        if record.drawn(self.seed) is None:
            record.keep_drawn(self.seed, [q.ticket for q in self.questions])
        status = RIGHT if choice == question.right else WRONG
        note = record.keep(record.named(self.seed, question.name), status, LETTERS[choice])
        self.told[number] = Told(question, choice, note)
        self._show()

    def _show(self) -> None:
        if self._sheet is not None:
            told = {
                str(n - 1): dict(
                    given=told.given,
                    right=told.question.right,
                    verdict=" ".join(filter(None, [told.verdict, told.note])),
                    whys=[choice.why for choice in told.question.choices],
                )
                for n, told in self.told.items()
            }
            with self._sheet.hold_sync():
                self._sheet.told, self._sheet.score = told, self.score
