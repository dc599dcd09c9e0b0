"""The instructor's guide as one HTML file, to read and to print: `stepsize guide`.

Its pages are those of lessons/instructor/; what is made of them there, tools/guide.py makes.
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

__all__ = ["FIRST", "chapters", "html", "main"]

FIRST = ("before-the-day", "plans")  # of the guide; the lessons follow
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")


def main(options: Namespace, folder: Path) -> int:
    """folder: where the guide is written."""
    whole = folder / "guide.html"
    write(whole, html(place().course / "lessons" / "instructor", folder).encode())
    printed = pdf(whole)
    print(f"The guide: {whole}")
    print(f"To print:  {printed}" if printed else "To print: open it in a browser, and print it.")
    if not options.no_browser:
        webbrowser.open(whole.as_uri())
    return 0


def chapters(pages: Path) -> list[Path]:
    """In their order."""
    return [*(pages / f"{name}.md" for name in FIRST), *sorted(pages.glob("[0-9][0-9]-*.md"))]


def html(pages: Path, folder: Path) -> str:
    """The guide as one file that needs no other, and no network; it is to lie in `folder`."""
    contents, sections = [], []
    for file in chapters(pages):
        text = re.sub("<!-- .*? -->", "", file.read_text(encoding="utf-8"))
        title = text.splitlines()[0].lstrip("# ")
        contents.append(f'<li><a href="#{file.stem}">{escape(title)}</a></li>')
        section = rendered(text, partial(_target, pages, folder))
        sections.append(f'<section id="{file.stem}">{section}</section>')
    style = Path(__file__).with_name("guide.css").read_text(encoding="utf-8")
    return PAGE.format(style=style, contents="\n".join(contents), chapters="\n".join(sections))


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
    """One page. link: where its links lead to; nowhere, if that is empty."""
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
        return f"<p>{convert(text.strip(), display='block')}</p>\n"

    renderer = Renderer(escape=False)
    markdown = mistune.create_markdown(renderer=renderer, plugins=["table", "math", "task_lists"])
    renderer.register("task_list_item", task_list_item)
    renderer.register("inline_math", inline_math)
    renderer.register("block_math", block_math)
    return str(markdown(text))


def _target(pages: Path, folder: Path, url: str) -> str:
    """Where a link leads to: within the guide, if that is in it; else to the file, if there is."""
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
    """Printed by a browser of the Chromium family, if one is found."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        return None
    target = source.with_suffix(".pdf")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command = [program, *options, f"--print-to-pdf={target}", source.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return target
