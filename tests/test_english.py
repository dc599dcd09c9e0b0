"""One English for everything people read: American spelling, 99%, parentheses, sentences."""

import json
import re
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXTS = (
    *("*.md", "run.py", "pyproject.toml", "CITATION.cff", "docs/*.md", "paper/*.md", "binder/*"),
    *("lessons/*.md", "lessons/instructor/*.md", "src/**/*.py", "src/**/*.js", "src/**/*.css"),
    *("benchmarks/*.md", "benchmarks/*.py", "tests/*.py", "tools/**/*.py", "tools/**/*.md"),
    *("tools/site/static/*.js", "tools/site/static/*.css", "workshop/*.py", "workshop/*.md"),
)
FILES = sorted({path for each in TEXTS for path in ROOT.glob(each)} - {Path(__file__).resolve()})

IZE = "categor|character|emphas|general|initial|maxim|memor|minim|normal|optim|organ|orthogonal"
IZE += "|parametr|penal|recogn|regular|serial|special|standard|summar|synchron|util|vector|visual"
BRITISH = re.compile(
    rf"""(?:{IZE})is(?:e|ed|es|er|ers|ing|ations?)\b
        | (?:behavi|col|fav|hon|flav|lab|neighb)our
        | (?:cancel|label|level|model|signal|travel)l(?:ed|ing)\b
        | (?<![a-z])(?:cent(?:re|res|red|ring) | grey(?:s|ed)? | (?:toward|upward|downward)s
        | artefacts? | licences? | judgements? | sceptic[a-z]* | learnt | spelt | whilst | maths
        | (?:other|wrong|right)\ way\ round | turn(?:s|ed|ing)?\ round | for\ ever
        | to\ and\ fro)(?![a-z])""",
    re.IGNORECASE | re.VERBOSE,
)
APART = re.compile(r"[\d}] %(?! [\d{(])")  # not a remainder, as in n % 2
ROUND = re.compile(r"(?<!square )(?<!angle )(?<!curly )\bbrackets?\b", re.IGNORECASE)
# Turns of phrase that a native speaker stumbles over, each with what to write in its place.
FOREIGN = re.compile(
    r"""\bset-up\b(?!\.)  # setup
        | \bshall\b  # should, will
        | (?<!there\ )\b(?:is|are)\ none\b(?!\ of)  # isn't one, aren't any
        | \bis\ none\ of\ these\b | \bthere\ is\ none\ yet\b  # anything else; doesn't exist yet
        | \b(?:is|are)\ no\ (?:choice|column|counter|dict|finite|float|number|quadratic|real|rule)
        | (?<!there\ )\b(?:is|are)\ no\ (?:beginning|known|news|part|plateau|pure)  # not
        | (?:(?<=[a-z`)][.;:]\ )|(?<=""\")|(?<=\#\ ))[Ee]lse\ (?!if\b)  # otherwise
        | (?<!\.)\ball\ else\b  # everything else
        | \bother\ ones\b  # different ones
        | \b(?:has|in)\ another\ (?:form|order|shape|type|unit|value)  # a different
        | Raises:\ [^.]*\bwhere\b  # if
        | ,\ for\ (?:it|they|there|he|she|you|we|nobody|everybody)\ [a-z']+(?<!ing)\b  # because
        | ,\ for\ (?:an?|the|what|its|most|many|each|all|torch)\ [a-z]+\ (?:is|are|has|must|takes)\b
        | \b(?:what|nothing|much)\ (?:there\ is|is\ to\ be)\ (?:to\ say|said|seen)\b  # the message
        | \b(?:puts?|putting)\ out\b  # outputs
        | \b(?:torch|Keras|Optax)\ has\ none\b | \bso\ many\ times\b | \bthereof\b
        | \bsaid\ of\ (?:an?|each|its?|the|them|what)\b | \bsay(?:s|ing)?\ of\b  # about
        | \bsaid\ to\ it\b  # what the learner is told
        | \b(?:but|all)\ for\ (?:its|one|the|those|what)\b | \bof\ all\ that\b  # except; of all
        | \bstands\ (?:below|beside|between|there|under)\b | \blies\ (?:beside|there)\b  # is
        | \bmay\ (?:have\ stood|stand)\b | \b(?:this|it)\ stands\ in\b  # may come, is in
        | \bwhat\ stands\ still\b | \bstands?\ side\ by\ side\b  # what doesn't move; are
        | \b(?:once|one)\ a\ (?:line|panel|rate|round|row|run|scene)\b  # one per
        | \bheld\ (?:against|to)\b  # compared with
        | \bwhere\ one\ is\b(?!\ (?:inf|missing|nan)\b)  # theta, the point
        | \b(?:dealt\ out|numbered|shuffled)\ anew\b  # again, re-
        | \bnothing\ may\ (?:change|move)\b  # should, must
        | \b(?:batch|it|never|optimizer)\ makes\ (?:a|its)\ (?:own\ )?step\b  # takes
        | \b(?:length|rate)\ stays\.  # stays the same
        | \bfor\ another\ (?:d|number|value)\b  # a different, any other
        | \bfit\ each\ other\b  # match
        | \b[Tt]en\ of\ ten\b | \byes\ or\ no\ of\b | \bin\ a\ round\ of\ \W*\w+\W*\ update""",
    re.VERBOSE,
)
# Two spaces after a mark, as on a typewriter. A command may be set apart, and so may a doctest's.
GAP = re.compile(r"(?<![.:,;])[.:,;] {2,}(?!python -m )[A-Za-z]")
VERDICT = re.compile(r"[:?]\s*(?:True|False)\b")

# Numbers as code prints them, and not as a book does: a hyphen for a minus, 2e+08 (1e-8 as it is
# typed may stay), an array's repr, quoted numbers, an arrow of two signs, digits by the dozen,
# a zero with a sign.
RAW = re.compile(
    r"""(?<![\w.-])-\.?\d | \^-\d | \d\.\d+e[-−+]?\d | \d\.?e(?:[-−]0|\+|−)\d*
        | \barray\( | \['-?[\d.] | -> | \.\d{7,} | [-−+]0\.0+(?!\d)""",
    re.VERBOSE,
)
ROOM = 63  # characters: a wider printed table wraps in a window of 800 pixels, beside the files


@cache
def outputs(but=()):
    """(notebook, line) of what the solved lessons print, or say in place of a picture.

    but: left out is what they show in one of these forms.
    """
    read = []
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in chain.from_iterable(cell.get("outputs", ()) for cell in cells):
            data = output.get("data", {})
            text = output.get("text") or data.get("text/plain", "")
            if data.keys().isdisjoint(but):
                read += [(path.name, line) for line in "".join(text).splitlines()]
    return read


def printed():
    """What the solved lessons print, except listings of code, in which lines end in commas."""
    return [(name, line) for name, line in outputs() if not re.search(r"[,(]$|\w\(.*\)$", line)]


@cache
def texts():
    """(file:line, line) of what is written. A choice of the last check keeps its first text."""
    return [
        (f"{path.relative_to(ROOT).as_posix()}:{number}", line)
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if not line.endswith("# as first drawn")
    ]


def code():
    """The texts, except Markdown, where spaces align tables and blocks of code."""
    return [(place, line) for place, line in texts() if ".md:" not in place]


def found(pattern, where):
    hits = ((place, hit) for place, line in where() for hit in pattern.finditer(line))
    return [f"{place} {hit[0]}" for place, hit in hits if not hit[0].isupper()]


@pytest.mark.parametrize("where", [texts, outputs])
@pytest.mark.parametrize("pattern", [BRITISH, APART, ROUND], ids=["spelling", "99%", "brackets"])
def test_one_way_to_write_it(pattern, where):
    """Words in code are text, too; a constant such as GREY keeps its name."""
    assert not found(pattern, where)


def test_no_sentence_sounds_translated():
    """Nobody should have to translate a sentence back; add what you stumble over to the list."""
    assert not found(FOREIGN, texts)


def test_one_space_between_sentences():
    assert not found(GAP, code)


def test_outputs_are_sentences():
    """A reader who sees "the same to five digits: True" has to answer a question to read it."""
    assert not found(VERDICT, outputs)


def test_numbers_are_printed_as_in_a_book():
    assert found(RAW, printed) == []


def test_a_printed_table_fits_a_small_window():
    """A sentence wraps between words; a row falls apart, unless the page makes a table of it."""
    lines = outputs(but=("text/markdown", "text/html"))
    rows = (line for _, line in lines if re.search(r"\S {2,}\S.* {2,}\S", line))
    assert [row for row in rows if len(row) > ROOM] == []


@pytest.mark.parametrize(
    ("pattern", "wrong", "right"),
    [
        (RAW, "-5.0, 2e+08, 1e-08, 2.5e-3, array([1]), ['4", "−5.0, 1e-8, 2 × 10⁸, 30-40, AdamW-2"),
        (RAW, "−0.0000 to 1", "0.0000 to +0.0005"),
        (BRITISH, "optimised, colour, neighbours", "optimized, exercise, four, promise, centers"),
        (APART, "99 % of 5 %", "99%, n % 2, {n} % {k}"),
        (ROUND, "in brackets", "in parentheses, square brackets"),
        (FOREIGN, "the set-up", "set it up; set-up.txt"),
        (FOREIGN, "a word is none; Raises: ValueError where x", "if there is none; is none of"),
        (FOREIGN, "it stays, for it has no gradient", "for it to converge, for nothing"),
        (FOREIGN, "one test, for a kernel takes long", "one test, for a kernel that takes long"),
        (FOREIGN, "the first. Else it waits", "1 if x else 2, anything else; options.all else y"),
        (FOREIGN, "# else it prints a warning", "# elsewhere; # else if"),
        (FOREIGN, "this is no pure function", "if there is no part; is no longer a number"),
        (FOREIGN, "what is said of it", "is said to be; says often"),
        (FOREIGN, "ours, but for one factor", "not for learners, but for teachers"),
        (FOREIGN, "what stands there", "θ stands for; lies on a line"),
        (FOREIGN, "sent once a scene, one a row", "once a year, one at a time"),
        (FOREIGN, "it is held to be what it was", "held out; held by"),
        (FOREIGN, "it depends on where one is", "nan where one is inf"),
        (FOREIGN, "the data is shuffled anew", "start anew"),
        (FOREIGN, "what may stand below the loop", "stands for; a stand-in; it stands out"),
        (FOREIGN, "nothing may change there", "nothing changes"),
        (FOREIGN, "the optimizer never makes a step", "each update makes a step longer"),
        (FOREIGN, "Its rate stays.", "Its rate stays the same."),
        (FOREIGN, "what is said to it", "what is said to be true"),
        (FOREIGN, "the shapes don't fit each other", "pieces that fit"),
        (GAP, "one coordinate.  A point", "    ...     v = 1; see it:  python -m stepsize"),
        (VERDICT, "the same: True", "returns True"),
    ],
)
def test_the_patterns_find_what_they_should(pattern, wrong, right):
    assert pattern.search(wrong) and not pattern.search(right)
