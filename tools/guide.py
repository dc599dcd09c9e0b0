"""Make the instructor's guide: python run.py guide

    python tools/guide.py            renew lessons/instructor/, and write the whole as HTML
    python tools/guide.py --check    name the pages that are stale, change nothing, exit 1

A page of lessons/instructor/ has two parts. The upper one is written by hand. Below the mark stand
the lesson's predictions with what the run says, the answers, and the known mistakes: they are taken
from the executed lesson and from the checks, so they are what a learner meets.
"""

import os
import re
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from html import escape
from pathlib import Path

import nbformat

from stepsize.checks.catalog import EXERCISES

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import arguments  # noqa: E402  (the root has to be found first)
from tools.files import write  # noqa: E402

PAGES = ROOT / "lessons" / "instructor"
TEACHING = ROOT / "my-work" / "teaching"
MARK = "<!-- From here on made by tools/guide.py, from the lesson and its checks: edit those. -->"
SOLUTION = "  # solution"
FIRST = (  # of the guide; the lessons follow, and an appendix
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
OPEN = "Left open by the lesson"
LONGEST = 14  # lines of an output
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")


# What is made of a lesson ------------------------------------------------------------------------


def lessons() -> dict[int, str]:
    """The names of the lessons' files, by number."""
    files = (ROOT / "lessons").glob("[0-9][0-9]-*.md")
    return {int(path.name[:2]): path.stem for path in sorted(files)}


def made(number: int) -> str:
    """The lower part of a lesson's page."""
    cells = nbformat.read(ROOT / "solutions" / f"{lessons()[number]}.ipynb", as_version=4).cells
    asked, solved = list(predictions(cells)), list(exercises(cells))
    parts = ["## Every prediction, and what comes out", *asked] if asked else []
    parts += ["## Answers, and where people get stuck", *solved] if solved else []
    return "\n\n".join(parts) + "\n"


def predictions(cells: list) -> Iterator[str]:
    """Each prediction with what comes out, and the first words that the lesson has for it."""
    found: list[str] = []  # a prediction, and what answers it
    seeks = shown = False  # is an outcome sought? is one shown already?
    for cell in cells:
        if cell.cell_type == "code":
            if seeks and SOLUTION not in cell.source and not cell.source.startswith("check("):
                outcome = _outcome(cell)
                shown = shown or bool(outcome)
                found += outcome
            continue
        for block in re.split(r"\n\n(?=> \*\*|#|<details>|\*\*Exercise)", cell.source.strip()):
            quote = re.match(r"> \*\*(Predict|Decide).*(?:\n>.*)*", block)
            if quote:
                yield from _answered(found)
                found, seeks, shown = [quote.group()], True, False
            elif block.startswith("#"):
                seeks = False
            elif seeks and block.startswith("<details>"):
                folded = block.partition("</details>")[0].removeprefix("<details>")
                found.append(re.sub(r"<summary>.*?</summary>", "", folded).strip())
            elif shown and seeks and not block.startswith("**Exercise"):
                found.append(_first_words(block))
                seeks = False
    yield from _answered(found)


def _answered(found: list[str]) -> list[str]:
    return [*found, f"*{OPEN}: see above.*"] if len(found) == 1 else found


def _first_words(block: str) -> str:
    """The first paragraph; with what it announces, if it ends in a colon."""
    paragraphs = block.split("\n\n")
    return "\n\n".join(paragraphs[: 2 if paragraphs[0].endswith(":") else 1])


def _outcome(cell: nbformat.NotebookNode) -> list[str]:
    """What a box printed; of a picture or a lab, that there is one."""
    lab = re.search(r"^labs\.\w+\(.*\)$", cell.source, re.MULTILINE)
    if lab:
        return [f"*In the lab `{lab.group()}`:*"]
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
        if "image/png" not in output.get("data", {})
    ]
    lines = [line.rstrip() for line in "".join(texts).rstrip().splitlines()]
    if not lines:
        return ["*In the picture:*"] if cell.outputs else []
    return ["\n".join(["```text", *lines[:LONGEST], *["…"] * (len(lines) > LONGEST), "```"])]


def exercises(cells: list) -> Iterator[str]:
    """Each exercise: the answer as the solution has it, and the mistakes that the check knows."""
    for name, answer in answers(cells).items():
        exercise = EXERCISES[name]
        yield f"### {name} {exercise.title}"
        yield f"```python\n{answer}\n```"
        rows = (
            f"| {_cell(mistake)} | {_cell(what.sentence)} |"
            for mistake, what in exercise.mistakes.items()
        )
        yield "\n".join(["| the mistake | what the check says |", "|---|---|", *rows])


def answers(cells: list) -> dict[str, str]:
    """By exercise, what a learner does not get, with the lines that it stands in."""
    found, answer = {}, ""
    for cell in cells:
        if SOLUTION in cell.source or "solution" in cell.metadata.get("tags", []):
            answer = cell.source.replace(SOLUTION, "")
        checked = re.match(r'check\("([\d.]+)"', cell.source)
        if checked and answer:
            found[checked.group(1)], answer = answer, ""
    return found


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def lengths() -> str:
    """What there is in each lesson, and an estimate of how long all of it takes."""
    heads = ["lesson", "its minutes", "all of it, estimated", "words", "predictions"]
    heads += ["exercises", "labs"]
    rows = [heads, ["---"] * len(heads)]
    for number, stem in lessons().items():
        text = (ROOT / "lessons" / f"{stem}.md").read_text(encoding="utf-8")
        (minutes,) = re.findall(r"\*\*Time:\*\* (\d+)", text)
        text = re.split(r"\n## (?:Words|Practice)\n", text)[0]
        code = "".join(re.findall(r"```python.*?```", text, re.DOTALL))
        words = len(re.sub(r"```.*?```", "", text, flags=re.DOTALL).split())
        asked, solved = text.count("> **Predict"), text.count(f"{SOLUTION}\n")
        checks, labs = code.count("\ncheck("), code.count("\nlabs.")
        estimate = words / 200 + code.count("\n") / 15 + asked + 3 * (checks + labs) + solved / 2
        numbers = (minutes, round(estimate), words, asked, checks, labs)
        rows.append([f"[{number}]({stem}.md)", *map(str, numbers)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def renewed(page: Path) -> str:
    """The page as it should be: its upper part as it is, its lower part made anew."""
    by_hand = page.read_text(encoding="utf-8").partition(MARK)[0].rstrip()
    lower = lengths() if page.stem == "plans" else made(int(page.name[:2]))
    return f"{by_hand}\n\n\n{MARK}\n\n{lower}"


def missing() -> list[str]:
    """The lessons that have no page yet."""
    return [f"{stem}.md" for stem in lessons().values() if not (PAGES / f"{stem}.md").exists()]


def pages() -> list[Path]:
    """The lessons' pages, as far as they are written."""
    written = (PAGES / f"{stem}.md" for stem in lessons().values())
    return [page for page in written if page.exists()]


def stale() -> list[Path]:
    candidates = [PAGES / "plans.md", *pages()]
    return [page for page in candidates if page.read_text(encoding="utf-8") != renewed(page)]


# The whole, to read and to print -----------------------------------------------------------------


def html(printed: dict[str, str] | None = None) -> str:
    """The guide as one file that needs no other, and no network.

    printed: the pages of the PDF on which each part is, to be named in the contents.
    """
    files = [PAGES / f"{name}.md" for name in FIRST] + pages()
    contents, chapters, mistakes = [], [], []
    for file in files:
        text, tables = without_mistakes(file.read_text(encoding="utf-8").replace(MARK, ""))
        contents.append((file.stem, text.splitlines()[0].lstrip("# ")))
        chapters.append(f'<section id="{file.stem}">{rendered(text)}</section>')
        for title, table in tables.items():
            mistakes.append(f'<h3 id="{_anchor(title)}">{escape(title)}</h3>{rendered(table)}')
    contents.append(("appendix", APPENDIX))
    chapters.append(f'<section id="appendix"><h1>{APPENDIX}</h1>{"".join(mistakes)}</section>')
    lines = (
        f'<li><a href="#{name}">{escape(title)}</a>{_on_pages(name, printed)}</li>'
        for name, title in contents
    )
    style = (ROOT / "tools" / "guide.css").read_text(encoding="utf-8")
    return PAGE.format(style=style, contents="\n".join(lines), chapters="\n".join(chapters))


def without_mistakes(text: str) -> tuple[str, dict[str, str]]:
    """A page that points to the appendix, and what goes there: exercise -> its known mistakes."""
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


def page_ranges(document: bytes) -> dict[str, str]:
    """On which pages of a PDF each part is, to type into a print dialog; none if it can't be read.

    Chromium names the places that links lead to, and numbers its pages in their order.
    """
    numbers = sorted(map(int, re.findall(rb"^(\d+) 0 obj\n<</Type /Page\n", document, re.M)))
    found = re.findall(rb"/(\S+) \[(\d+) 0 R /XYZ", document)
    first = {name.decode(): numbers.index(int(page)) + 1 for name, page in found}
    parts = [name for name in (*FIRST, *lessons().values(), "appendix") if name in first]
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


def rendered(text: str) -> str:
    import mistune
    from latex2mathml.converter import convert

    class Renderer(mistune.HTMLRenderer):
        def link(self, text: str, url: str, title: str | None = None) -> str:
            return super().link(text, _target(url), title)

    def task_list_item(_renderer: object, text: str, checked: bool = False) -> str:
        tick = " checked" if checked else ""
        return f'<li class="task"><label><input type="checkbox"{tick}> {text}</label></li>\n'

    def inline_math(_renderer: object, text: str) -> str:
        return str(convert(text))

    def block_math(_renderer: object, text: str) -> str:
        return f"<p>{convert(text.strip(), display='block')}</p>\n"

    markdown = mistune.create_markdown(
        renderer=Renderer(escape=False), plugins=["table", "math", "task_lists"]
    )
    markdown.renderer.register("task_list_item", task_list_item)
    markdown.renderer.register("inline_math", inline_math)
    markdown.renderer.register("block_math", block_math)
    return str(markdown(text))


def _target(url: str) -> str:
    """Where a link of a page leads to: within the guide, if it is in it; else to the file."""
    file, _, _ = url.partition("#")
    if not file or "://" in file:
        return url
    if "/" not in file and file.endswith(".md"):
        return f"#{Path(file).stem}"
    return Path(os.path.relpath(PAGES / file, TEACHING)).as_posix()


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


def main() -> int:
    options = arguments.guide()
    for page in stale():
        print("stale:" if options.check else "renewing", page.relative_to(ROOT).as_posix())
        if not options.check:
            write(page, renewed(page).encode())
    for name in missing():
        print(f"missing: lessons/instructor/{name}")
    if options.check:
        return int(bool(stale() or missing()))
    whole = TEACHING / "guide.html"
    write(whole, html().encode())
    printed = pdf(whole)
    if printed and (ranges := page_ranges(printed.read_bytes())):
        write(whole, html(ranges).encode())
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


if __name__ == "__main__":
    sys.exit(main())
