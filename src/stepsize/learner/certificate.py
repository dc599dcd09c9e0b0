"""`certificate`: one page to print, which explains itself to people who don't know the course."""

import html
from datetime import date
from pathlib import Path
from typing import Any

from .progress import LAST, Progress

__all__ = ["Certificate", "certificate"]

# Everything fits on a sheet of A4: long names and many rows are set smaller.
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>stepsize: {name}</title>
<style>
@page {{ size: A4; margin: 0 }}
* {{ box-sizing: border-box }}
html {{ background: #e8e8e8; color: #222; font: 12pt/1.4 Georgia, "DejaVu Serif", serif }}
body {{ margin: 0 }}
main {{ background: white; display: flex; flex-direction: column; height: 296mm; margin: 0 auto;
  overflow: hidden; padding: 12mm; print-color-adjust: exact; -webkit-print-color-adjust: exact;
  width: 210mm }}
.frame {{ border: 1.5pt solid #0072b2; display: flex; flex: 1; flex-direction: column;
  min-height: 0; outline: .5pt solid #0072b2; outline-offset: -2.5mm; padding: 14mm 18mm 12mm }}
.course {{ color: #0072b2; font-size: 11pt; letter-spacing: .12em; margin: 0; text-align: center;
  text-transform: uppercase }}
svg {{ display: block; height: 16mm; margin: 5mm auto 3mm; width: 60mm }}
h1 {{ font-size: {name_size:.1f}pt; font-weight: normal; line-height: 1.2; margin: 0;
  max-height: 3.6em; overflow: hidden; overflow-wrap: anywhere; text-align: center }}
.solved {{ margin: 2mm 0 3mm; text-align: center; text-wrap: balance }}
.course-is {{ color: #555; font-size: 9.5pt; margin: 0 auto 5mm; max-width: 150mm;
  text-align: center; text-wrap: balance }}
.legend {{ color: #555; font-size: 9pt; margin: 3mm 0 0; text-align: right }}
.legend .bar {{ margin-left: 1.2em }}
table {{ border-collapse: collapse; font-size: {row_size:.1f}pt; width: 100% }}
td {{ border-bottom: .5pt solid #ccc; padding: .4em 0 }}
td:last-child {{ text-align: right; white-space: nowrap; width: 5.5em }}
.last td {{ border-bottom: 0; border-top: 1.5pt solid #0072b2; font-weight: bold;
  padding-top: .6em }}
.bar {{ text-align: right; white-space: nowrap }}
.bar i {{ border: .75pt solid #0072b2; display: inline-block; height: .7em; margin-left: .18em;
  width: .7em }}
.last .bar i {{ margin-left: .08em; width: .3em }}
.bar .right {{ background: #0072b2 }}
.bar .tried {{ background: linear-gradient(135deg, #0072b2 50%, white 50%) }}
footer span:first-child {{ white-space: nowrap }}
footer span:last-child {{ text-wrap: balance }}
footer {{ color: #555; display: flex; font-size: 9pt; gap: 10mm; justify-content: space-between;
  margin-top: auto; padding-top: 5mm }}
@media screen {{ main {{ box-shadow: 0 0 5mm #999; margin: 8mm auto }} }}
</style>
<main><div class="frame">
<p class="course">stepsize · how neural networks are optimized</p>
<svg viewBox="0 0 120 32" aria-hidden="true" fill="none" stroke="#0072b2">
<path d="M4 2C24 40 96 40 116 2" stroke="#bbb" stroke-width="1.5"/>
<path d="M12 13L98 20L31 26L81 28L48 30L66 30" stroke-width="1"/>
<circle cx="60" cy="30.3" r="2" fill="#d55e00" stroke="none"/></svg>
<h1>{name}</h1>
<p class="solved">has solved <b>{solved} of {all}</b> exercises of this course{last}.</p>
<p class="course-is">In most exercises the learner writes code that trains neural networks: an
optimizer such as Adam, a learning-rate schedule, a fair comparison. Each answer was run
and checked.</p>
<table>
{rows}
</table>
<p class="legend"><span class="bar"><i class="right"></i></span> right
<span class="bar"><i class="tried"></i></span> tried <span class="bar"><i></i></span> not tried</p>
<footer><span>{day}</span><span>Made on the learner's own machine, by the checks of the course.
Nobody supervised it.</span></footer>
</div></main>
</html>
"""
ROW = '<tr{kind}><td>{title}</td><td class="bar" aria-hidden="true">{bar}</td><td>{count}</td></tr>'


class Certificate:
    """What `certificate` returns: `path`, where the page is; in a notebook, a link to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"{self.path}: open it in a browser, and print it from there"

    def _repr_html_(self) -> str:
        path = html.escape(self.path.as_posix())
        return f'<a href="{path}" target="_blank">{path}</a>: open it, and print it from there'


def certificate(name: Any, done: Progress, folder: Any = ".") -> Certificate:
    """Write a page that says what was solved, lesson by lesson, and how much is left.

    name: as you want it printed. folder: where certificate.html goes; an old one is overwritten.
    Raises: ValueError for an empty name.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"name must be the name to print, not {name!r}")
    path = Path(folder) / "certificate.html"
    path.write_text(_page(" ".join(name.split()), done), encoding="utf-8")
    return Certificate(path)


def _page(name: str, done: Progress) -> str:
    lessons = {title: states for title, states in done.lessons.items() if states}
    states = [state for each in lessons.values() for state in each]
    last = (
        ""
        if done.seed is None
        else f", and answered {_count(done.last)} questions of its last check correctly"
    )
    rows = [_row(title, each) for title, each in lessons.items()]
    if done.seed is not None:
        rows.append(_row(f"{LAST} (seed {done.seed})", done.last, ' class="last"'))
    return PAGE.format(
        name=html.escape(name),
        name_size=min(34, 1800 / len(name)),  # up to 34 points, and on three lines at most
        row_size=min(11.5, 150 / len(rows)),
        solved=states.count("right"),
        all=len(states),
        last=last,
        rows="\n".join(rows),
        day=date.today().isoformat(),
    )


def _row(title: str, states: tuple[str, ...], kind: str = "") -> str:
    bar = "".join(f'<i class="{state}"></i>' for state in states)
    return ROW.format(kind=kind, title=html.escape(title), bar=bar, count=_count(states))


def _count(states: tuple[str, ...]) -> str:
    return f"{states.count('right')} of {len(states)}"
