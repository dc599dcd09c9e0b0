"""The instructor's guide as one HTML file, to read and to print: `stepsize guide`.

Its pages are those in lessons/instructor/, parts of which tools/guide.py generates.
"""

import os
import re
import shutil
import subprocess
import webbrowser
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

from stepsize.extras import needs

from .files import write
from .places import place

__all__ = ["FIRST", "html", "main", "page_ranges", "pdf"]

FIRST = (  # in the guide; the lessons and an appendix follow
    "who-it-is-for",
    "plans",
    "before-the-day",
    "e-mail",
    "helpers",
    "survey",
    "conduct",
    "accessibility",
)
APPENDIX = "Appendix: the mistakes that the checks know"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")


def main(options: Namespace, folder: Path) -> int:
    """folder: where the guide is written."""
    pages = place().course / "lessons" / "instructor"
    whole = folder / "guide.html"
    write(whole, html(pages, folder).encode())
    printed = pdf(whole)
    if printed and (ranges := page_ranges(printed.read_bytes(), pages)):
        write(whole, html(pages, folder, ranges).encode())
        pdf(whole)
    print(f"The guide: {whole}")
    print(
        f"To print:  {printed}"
        if printed
        else "To print: open it in a browser and print it from there."
    )
    if not options.no_browser:
        webbrowser.open(whole.as_uri())
    return 0


def chapters(pages: Path) -> list[Path]:
    """In their order."""
    return [*(pages / f"{name}.md" for name in FIRST), *sorted(pages.glob("[0-9][0-9]-*.md"))]


def html(pages: Path, folder: Path, printed: dict[str, str] | None = None) -> str:
    """The guide as one file that needs no other file and no network; it will be in `folder`.

    printed: on which pages of the PDF each part is, for the table of contents.
    """
    link = partial(_target, pages, folder)
    contents, sections, mistakes = [], [], []
    for file in chapters(pages):
        text = re.sub("<!-- .*? -->", "", file.read_text(encoding="utf-8"))
        text, tables = _without_mistakes(text)
        contents.append((file.stem, text.splitlines()[0].lstrip("# ")))
        sections.append(f'<section id="{file.stem}">{rendered(text, link)}</section>')
        for title, table in tables.items():
            heading = f'<h2 id="{_anchor(title)}">{escape(title)}</h2>'
            mistakes.append(heading + rendered(table, link))
    contents.append(("appendix", APPENDIX))
    sections.append(f'<section id="appendix"><h1>{APPENDIX}</h1>{"".join(mistakes)}</section>')
    lines = (
        f'<li><a href="#{name}">{escape(title)}</a>{_on_pages(name, printed)}</li>'
        for name, title in contents
    )
    style = Path(__file__).with_name("guide.css").read_text(encoding="utf-8")
    return PAGE.format(style=style, contents="\n".join(lines), chapters="\n".join(sections))


def _without_mistakes(text: str) -> tuple[str, dict[str, str]]:
    """A page that points to the appendix, and what goes there: exercise -> known mistakes."""
    tables = {}

    def moved(found: re.Match[str]) -> str:
        heading, answer, tables[found[1]] = found.groups()
        link = f"[The mistakes that the check knows](#{_anchor(heading)}) are in the appendix."
        return f"### {heading}\n{answer}{link}\n"

    table = re.escape("| the mistake | what the check says |")
    pattern = rf"^### (.+)\n((?:(?!### ).*\n)*?)({table}\n(?:\|.*\n)*)"
    return re.sub(pattern, moved, text, flags=re.MULTILINE), tables


def _anchor(title: str) -> str:
    return f"mistakes-{title.partition(' ')[0]}"


def _on_pages(name: str, printed: dict[str, str] | None) -> str:
    if not printed or name not in printed:
        return ""
    several = "-" in printed[name]
    return f" <small>(page{'s' if several else ''} {printed[name]})</small>"


def page_ranges(document: bytes, pages: Path) -> dict[str, str]:
    """On which pages of a PDF each part is, for a print dialog; empty if it can't be read.

    Chromium names the targets of links, and numbers its pages in order.
    """
    numbers = sorted(map(int, re.findall(rb"^(\d+) 0 obj\n<</Type /Page\n", document, re.M)))
    found = re.findall(rb"/(\S+) \[(\d+) 0 R /XYZ", document)
    first = {name.decode(): numbers.index(int(page)) + 1 for name, page in found}
    parts = [path.stem for path in chapters(pages) if path.stem in first]
    parts += ["appendix"] if "appendix" in first else []
    ends = [*(first[name] - 1 for name in parts[1:]), len(numbers)]
    both = zip(parts, ends, strict=False)
    return {n: f"{first[n]}-{end}" if end > first[n] else str(end) for n, end in both}


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>stepsize: the instructor's guide</title>
<style>
{style}</style>
</head>
<body>
<header><h1>stepsize: the instructor's guide</h1>
<nav aria-label="Contents"><ol>
{contents}
</ol></nav></header>
<main>
{chapters}
</main>
</body>
</html>
"""


def rendered(text: str, link: Callable[[str], str]) -> str:
    """One page as HTML. link: maps a link to its target; an empty target removes the link."""
    with needs():
        import mistune
        from latex2mathml.converter import convert

    class Renderer(mistune.HTMLRenderer):
        def link(self, text: str, url: str, title: str | None = None) -> str:
            target = link(url)
            return str(super().link(text, target, title)) if target else text

    def task_list_item(_renderer: object, text: str, checked: bool = False) -> str:
        tick = " checked" if checked else ""
        return f'<li class="task"><label><input type="checkbox"{tick}> {text}</label></li>\n'

    def inline_math(_renderer: object, text: str) -> str:
        return str(convert(text))

    def block_math(_renderer: object, text: str) -> str:
        text = text.strip().replace("{aligned}", "{align*}")  # which the converter knows
        return f"<p>{convert(text, display='block')}</p>\n"

    renderer = Renderer(escape=False)
    markdown = mistune.create_markdown(renderer=renderer, plugins=["table", "math", "task_lists"])
    renderer.register("task_list_item", task_list_item)
    renderer.register("inline_math", inline_math)
    renderer.register("block_math", block_math)
    return str(markdown(text))


def _target(pages: Path, folder: Path, url: str) -> str:
    """A link's target: within the guide if it is there, otherwise the file, if it exists."""
    file, _, _ = url.partition("#")
    if not file or "://" in file:
        return url
    if "/" not in file and file.endswith(".md"):
        return f"#{Path(file).stem}"
    if not (pages / file).exists():  # a wheel has no workshop/
        return ""
    try:
        return Path(os.path.relpath(pages / file, folder)).as_posix()
    except ValueError:  # on Windows, from one drive to the other
        return (pages / file).resolve().as_uri()


def pdf(source: Path) -> Path | None:
    """Print it with a browser of the Chromium family, if one is found and can do it."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        return None
    target = source.with_suffix(".pdf")
    target.unlink(missing_ok=True)  # or an old one could be taken for it
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command = [program, *options, f"--print-to-pdf={target}", source.as_uri()]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    except (OSError, subprocess.SubprocessError):
        return None
    return target if target.exists() else None  # a browser in a sandbox may write elsewhere
