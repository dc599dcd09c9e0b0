"""What `check` returns: plain words, which display themselves in a notebook or a terminal."""

import html
import re
from dataclasses import dataclass

__all__ = ["BROKEN", "RIGHT", "UNTRIED", "WRONG", "Verdict"]

UNTRIED, RIGHT, WRONG, BROKEN = "not tried", "right", "wrong", "broken"

_LOOK = {  # status -> symbol, word, JupyterLab's class, background; color never speaks alone
    UNTRIED: ("○", "not tried yet", "alert-info", "#b2ebf2"),
    RIGHT: ("✓", "right", "alert-success", "#c8e6c9"),
    WRONG: ("✗", "not right yet", "alert-warning", "#ffe0b2"),
    BROKEN: ("⚠", "does not run", "alert-danger", "#ffcdd2"),
}
# JupyterLab's own colors for an alert are too faint to read, even more so in its dark theme. In an
# untrusted notebook, it strips "color: inherit", which would make code white on these backgrounds.
_BOX = "color: #212121; padding: 0.6em 1em; background: "
_PLAIN = "color: #212121; padding: 0; background: transparent"


@dataclass(frozen=True)
class Verdict:
    """The verdict on an answer.

    status: "not tried", "right", "wrong" or "broken". text: why, in a sentence or two.
    detail: lines that go with it: your numbers beside the expected ones, or where it stopped.
    mistake: the name of the known mistake, or None. printed: what the answer printed.
    note: a message about the progress file, usually empty.
    """

    exercise: str
    status: str
    text: str
    detail: str = ""
    mistake: str | None = None
    printed: str = ""
    note: str = ""

    def __repr__(self) -> str:
        blocks = [self.detail, self.printed and f"It printed:\n{self.printed}", self.note]
        lines = [line for block in blocks if block for line in block.splitlines()]
        head = f"{self.exercise} {_LOOK[self.status][1]}. {self.text}".rstrip()
        return "\n    ".join([head, *lines])

    def _repr_html_(self) -> str:
        symbol, word, kind, background = _LOOK[self.status]
        head = f"<b>{symbol} {html.escape(self.exercise)} {word}.</b> {_inline(self.text)}"
        detail = self.detail and _block(self.detail)
        printed = self.printed and _folded("What it printed", self.printed)
        note = self.note and f"<p>{_inline(self.note)}</p>"
        box = f'<div class="alert {kind}" style="{_BOX}{background}">'
        return f"{box}{head}{detail}{printed}{note}</div>"


def _inline(text: str) -> str:
    """The text as HTML, escaped, with `code` as code."""
    return re.sub(r"`([^`]+)`", rf'<code style="{_PLAIN}">\1</code>', html.escape(text))


def _block(text: str) -> str:
    return f'<pre style="{_PLAIN}; margin: 0.5em 0 0 0">{html.escape(text)}</pre>'


def _folded(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>{_block(text)}</details>"
