"""Make the instructor's guide: python run.py guide

    python tools/guide.py            update lessons/instructor/, and write the whole as HTML
    python tools/guide.py --check    name the pages that are stale, change nothing, exit 1

A page in lessons/instructor/ has two parts. The upper one is written by hand. Below the mark are
the lesson's predictions with the run's results, the answers, and the known mistakes. They are taken
from the executed lesson and from the checks, so they are what a learner sees.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from stepsize.checks.catalog import EXERCISES
from stepsize.command import arguments
from stepsize.command import guide as whole
from stepsize.command.files import write
from stepsize.command.places import chosen
from stepsize.quiz import LENGTH

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "lessons" / "instructor"
MARK = "<!-- From here on made by tools/guide.py, from the lesson and its checks: edit those. -->"
SOLUTION = "  # solution"
OPEN = "Left open by the lesson"
LONGEST = 14  # lines of an output


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
    """Each prediction with its outcome, and the lesson's first words about it."""
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
    """The first paragraph, along with what follows if it ends in a colon."""
    paragraphs = block.split("\n\n")
    return "\n\n".join(paragraphs[: 2 if paragraphs[0].endswith(":") else 1])


def _outcome(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell printed; for a picture or a lab, a note that there is one."""
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
    """Each exercise, with the solution's answer and the mistakes that the check knows."""
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
    """For each exercise, what a learner doesn't get, with the surrounding lines."""
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
    """The contents of each lesson, and an estimate of how long all of it takes."""
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
        whole = re.findall(r'tags=\["solution"\]\n(.*?)```', text, re.DOTALL)
        solved += sum(cell.count("\n") for cell in whole)
        checks, labs = code.count("\ncheck("), code.count("\nlabs.")
        estimate = words / 200 + code.count("\n") / 15 + asked + 3 * (checks + labs) + solved / 2
        estimate += LENGTH * code.count("\nlast_check(")  # a minute for each question
        numbers = (minutes, round(estimate), words, asked, checks, labs)
        rows.append([f"[{number}]({stem}.md)", *map(str, numbers)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def renewed(page: Path) -> str:
    """The page as it should be: the upper part unchanged, the lower part regenerated."""
    by_hand = page.read_text(encoding="utf-8").partition(MARK)[0].rstrip()
    lower = lengths() if page.stem == "plans" else made(int(page.name[:2]))
    return f"{by_hand}\n\n\n{MARK}\n\n{lower}"


def missing() -> list[str]:
    """The lessons that have no page yet."""
    return [f"{stem}.md" for stem in lessons().values() if not (PAGES / f"{stem}.md").exists()]


def pages() -> list[Path]:
    """The lessons' pages that exist so far."""
    written = (PAGES / f"{stem}.md" for stem in lessons().values())
    return [page for page in written if page.exists()]


def stale() -> list[Path]:
    candidates = [PAGES / "plans.md", *pages()]
    return [page for page in candidates if page.read_text(encoding="utf-8") != renewed(page)]


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
    return whole.main(options, chosen(options.folder, Path.cwd()) / "teaching")


if __name__ == "__main__":
    sys.exit(main())
