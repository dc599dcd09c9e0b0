"""`certificate`: one page of what was solved, to be printed."""

import html
from datetime import date
from pathlib import Path
from typing import Any

from .store import progress

__all__ = ["Certificate", "certificate"]

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>stepsize: {name}</title>
<style>
@page {{ size: A4; margin: 20mm }}
body {{ font: 16px/1.5 Georgia, serif; color: #222; max-width: 40em; margin: 3em auto }}
h1 {{ font-size: 2.2em; margin: 0 }}
table {{ border-collapse: collapse; width: 100%; margin: 2em 0 }}
td {{ border-bottom: 1px solid #ccc; padding: .3em 0 }}
td:last-child {{ text-align: right }}
footer {{ color: #555; font-size: .85em }}
</style>
<p>stepsize: how neural networks are optimised</p>
<h1>{name}</h1>
<p>has solved <b>{solved} of {all}</b> exercises of this course.</p>
<table>{rows}</table>
<footer>{day}. Made on the learner's own machine, from the checks of the course; nobody else
has witnessed it.</footer>
</html>
"""


class Certificate:
    """What `certificate` returns: `path`, where the page is; in a notebook, a link to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"{self.path}: open it in a browser, and print it from there"

    def _repr_html_(self) -> str:
        path = html.escape(self.path.as_posix())
        return f'<a href="{path}" target="_blank">{path}</a>: open it, and print it from there'


def certificate(name: Any, folder: Any = ".") -> Certificate:
    """Write a page that says what was solved, lesson by lesson, and how much is left.

    name: as it shall stand there. folder: where certificate.html goes; one is overwritten.
    Raises: ValueError for an empty name.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"name must be the name that shall stand there, not {name!r}")
    lessons = {title: states for title, states in progress().lessons.items() if states}
    counts = {title: (states.count("right"), len(states)) for title, states in lessons.items()}
    page = PAGE.format(
        name=html.escape(name.strip()),
        solved=sum(right for right, _ in counts.values()),
        all=sum(there for _, there in counts.values()),
        rows="".join(
            f"<tr><td>{html.escape(title)}</td><td>{right} of {there}</td></tr>"
            for title, (right, there) in counts.items()
        ),
        day=date.today().isoformat(),
    )
    path = Path(folder) / "certificate.html"
    path.write_text(page, encoding="utf-8")
    return Certificate(path)
