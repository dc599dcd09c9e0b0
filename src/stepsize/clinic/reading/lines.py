"""Reads what a terminal shows, line by line: numbers, and the words before each.

There is no list of frameworks: a number means what comes before it, back to the last number or
mark. So `Epoch 3/50 - loss: 0.43`, `step 200 | loss 2.31`, `{'loss': 2.31}` and `loss=2.31` all
work.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from .clean import cleaned, is_running, without_marks
from .names import TRAIN, UNNAMED, VAL, Record, meaning, words
from .text_tables import Table

__all__ = ["read_lines"]

LONGEST = 2000  # characters in a line: what comes later isn't meant to be read
# Also "1,234.5" and Julia's "0.28f0"; not the 1 of "top-1", "Acc@1" or "conv1".
NUMBER = re.compile(
    r"(?<![\w@.])(?<![A-Za-z]-)"
    r"([-+]?(?:\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
    r"|[-+]?(?:nan|inf|infinity)(?![\w-]))(?:f0\b)?",
    re.IGNORECASE,
)
TOTAL = re.compile(r"\s*(?:/|of|out of)\s*(\d[\d,]*)")
UNIT = re.compile(
    r"\s?(%)|([A-Za-zµ][\w/]*)|\s(?:steps|batches|iterations|iters|samples|images|"
    r"examples|classes|seconds|secs|sec|hours|episodes|epochs|updates|tokens)\b"
)
TIMES = {"k": 1e3, "K": 1e3, "M": 1e6}
NOT_UNITS = ("nats", "bits", "nat", "bit")
NAMED_AFTER = re.compile(r"\s+([A-Za-z][A-Za-z _]*?)\s*(?:[,;|)]|\s-\s|$)")
BEFORE = re.compile(r"(.+?)\s+(?:after|at|for|in|on|of)\s+(\w+)$", re.IGNORECASE)
WRAPPED = re.compile(
    r"(?:(?<=['\"])\s+(?:reached|is|was)\s|[\w.]*(?:tensor|array|float\d*|Variable)\(\[*|"
    r"[\s:=|'\"(\[{<>~≈*#-])+$",
    re.IGNORECASE,
)
RATE_OF = re.compile(r"(?<=\blr)\([A-Za-z]\w*\)")  # lr(PiecewiseDecay): 0.1
PHASE = re.compile(
    r"(?<![\w/.-])(" + "|".join(sorted(VAL | TRAIN, key=len, reverse=True)) + r")(?![\w/-])",
    re.IGNORECASE,
)
# Lines of a program among its output, and lines that repeat earlier output.
CODE = re.compile(
    r"\bprint\(|^\s*(?:def|class|import|from|if|for|while|with|return|assert) .*[:)\w]$|"
    r"^[\s\w]+[+-]?= ?(?:0|0\.0|[A-Za-z_.]+\(.*)$|\.(?:backward|item|step)\(|^\s*File \"|^\w+Error"
)
REPEATS = re.compile(
    r"improved from|did ?n[o']t improve|decreased \(|increased \(|checkpoint|saving |best (?:val|"
    r"valid|loss|model)|early ?stopping|restoring|trial \d+ (?:finished|failed|pruned)|"
    r"\bcallbacks\.py:\d+\]",
    re.IGNORECASE,
)


SUMMARY = re.compile(r"\bbest (?:iteration|model|epoch|step)\b.*:\s*$", re.IGNORECASE)


class Token(NamedTuple):
    """A number in a line: the words before it, those after it, and N if it is one of N."""

    before: str
    value: float
    total: float | None
    counts: bool  # a duration, a share, an amount: "3s", "12 steps"
    whole: bool  # written without a point
    share: bool  # in percent
    after: str


def read_lines(text: str) -> list[Record]:
    """A record for each line that shows a curve; its place in the run comes from earlier lines.

    Lines that only repeat what others say are read where there are no others.
    """
    return _read(text, repeats=False) or _read(text, repeats=True)


def _read(text: str, repeats: bool) -> list[Record]:
    found: list[Record] = []
    place: Record = {}
    heading, table = "", Table()
    lines = (line[:LONGEST] for line in cleaned(text).splitlines())
    for line in lines if repeats else _without_summaries(lines):
        row = table.row(line)
        if row is not None:
            row = {_place(name): value for name, value in row.items()}
        else:
            marked = without_marks(line)
            skip = (not repeats and REPEATS.search(line)) or CODE.search(line)
            tokens = [] if skip else _tokens(marked)
            if not tokens:
                said = _phase(line, "") if line.strip(" -=_*#") else ""
                heading = "" if said in TRAIN else said  # a loss with no name is that of training
                continue
            row = _record(tokens, heading)
            if "of" in row and is_running(line):
                row["running"] = float(row["step"] != row["of"])
            if "epoch" in row or "step" in row:
                heading = ""
        if "epoch" in row and row["epoch"] != place.get("epoch"):
            place = {}
        if "epoch" in row and "step" not in row and "of" in place:
            row["mean"] = 1.0  # of an epoch whose steps were shown
        place |= {name: row[name] for name in ("epoch", "step", "of") if name in row}
        if any(meaning(name).role not in ("", "step", "epoch") for name in row):
            found.append(place | row)
        elif row and found and all(found[-1].get(k) == v for k, v in place.items()):
            found[-1] |= {name: value for name, value in row.items() if name not in found[-1]}
    return found


def _without_summaries(lines: Iterable[str]) -> Iterator[str]:
    """Leave out what follows "best iteration is:": the next line, and whatever is indented."""
    below = 0
    for line in lines:
        if below and (below == 1 or line[:1].isspace()):
            below += 1
            continue
        below = int(bool(SUMMARY.search(line)))
        yield line


def _place(name: str) -> str:
    """A column that counts steps or epochs goes by its role; any other keeps its name."""
    role = meaning(name).role
    return role if role in ("step", "epoch") else name


def _phase(text: str, phase: str) -> str:
    """The last separate word for training or testing; one within `val_loss` doesn't count."""
    return _alone(text) or phase


@cache
def _alone(text: str) -> str:
    said = PHASE.findall(text)
    return said[-1].lower() if said else ""


def _tokens(line: str) -> list[Token]:
    """The numbers of a line, each with the words before it."""
    found: list[Token] = []
    end = 0
    matches = list(NUMBER.finditer(line))
    for i, match in enumerate(matches):
        before = line[end : match.start()]
        if match.start() < end:
            continue  # the N of a "3/50"
        lost = match[1].lstrip("+-")[0] in "nNiI"
        if lost and not re.search(r"[:=(\[,|'\"]\s*$", before) and not _known(before):
            continue  # a word: "number of nan iterations"
        after = line[match.end() : matches[i + 1].start() if i + 1 < len(matches) else None]
        total, unit = TOTAL.match(line, match.end()), UNIT.match(line, match.end())
        value = float(match[1].replace(",", ""))
        end = match.end()
        counts = False
        if total:
            end = total.end()
            counts = bool(
                re.match(r"\s*(?!batch|step|it)[A-Za-z]", line[end:])
            )  # "7000/6500 tok/s"
        elif unit and (unit[1] or unit[2] or match[1].isdigit()):
            end = unit.end()
            counts = not unit[1] and unit[2] not in (*NOT_UNITS, *TIMES)
            value *= 0.01 if unit[1] else TIMES.get(unit[2] or "", 1.0)
        of = float(total[1].replace(",", "")) if total else None
        share = not total and bool(unit and unit[1])
        found.append(Token(before, value, of, counts, match[1].isdigit(), share, after))
    return found


def _known(before: str) -> bool:
    return meaning(_label(before)).role not in ("", "step", "epoch")


@cache
def _label(before: str) -> str:
    """The name of a number: the words before it, back to the last mark."""
    text = re.sub(
        r"[\[(]([A-Za-z_][\w .]*)[\])]", r" \1 ", RATE_OF.sub("", before.replace("'s ", " "))
    )  # "Loss (train)", "[Val] loss"
    text = WRAPPED.sub("", text)
    return re.split(r"[|,;:={}()\[\]\t>'\"]|\s-+\s|\s{3,}|\.\s", text)[-1].strip(" \t-*#.")


def _record(tokens: list[Token], heading: str) -> Record:
    """The curves of a line, by name, and where in the run they are: epoch, step, of."""
    row: Record = {}
    phase, waiting, guessed = heading, "", False
    first = next((token for token in tokens if not token.counts), None)
    for i, token in enumerate(tokens):
        label, phase = _label(token.before), _phase(token.before, phase)
        inner = BEFORE.fullmatch(label)
        if inner and meaning(inner[2]).role in ("step", "epoch"):
            label, waiting = inner[2], inner[1]  # "loss after epoch 3: 0.43"
        elif not label and waiting and not token.counts:
            label, waiting = waiting, ""
        role = meaning(label).role
        if role.endswith("loss") and token.whole and _bare_follows(tokens[i + 1 : i + 2]):
            row.setdefault("step", token.value)  # "Validation loss 1000: 0.43"
            waiting = label
        elif role in ("step", "epoch"):
            if role == "step" and "of" in row and not token.total:
                del row["of"], row["step"]  # these came from a progress bar on the same line
            if guessed and not token.total:  # "12: Epoch 1", "0 - step 100"
                row, guessed = {}, False
            row.setdefault(role, token.value)
            if token.total and role == "step":
                row["of"] = token.total
        elif token.counts:
            continue
        elif not label or {*words(label)} <= TRAIN | VAL:
            if guessed and token.total and token.whole:  # "2 100/100": the line's own number
                row, guessed = {}, False
            _unnamed(row, token, label, first=token is first)
            guessed = token is first and not label and not token.total and set(row) == {"step"}
        else:
            plain = role == "loss" and not {*words(label)} & (VAL | TRAIN)
            row.setdefault(f"{phase} {label}" if plain and phase else label, token.value)
    return _without_scores(row)


def _without_scores(row: Record) -> Record:
    """Leave out the likes of "Train: 0.21, Val: 0.19" after a named loss: they aren't losses."""
    unnamed = [name for name in row if name.endswith(f" {UNNAMED}")]
    named = any(meaning(name).role == "loss" for name in row if name not in unnamed)
    dropped = unnamed if named and len(unnamed) > 1 else []
    return {name: value for name, value in row.items() if name not in dropped}


def _bare_follows(following: list[Token]) -> bool:
    """Whether the next number is a value without its own name."""
    return any(not one.whole and one.before.strip() in ("", ":", "]:") for one in following)


def _unnamed(row: Record, token: Token, label: str, first: bool) -> None:
    """A number without a name: a place in the run, or a number whose name comes after it."""
    named = None if token.before.rstrip().endswith(("=", "(")) else NAMED_AFTER.match(token.after)
    if named and not token.whole and meaning(named[1]).role in ("loss", "lr"):
        row.setdefault(named[1], token.value)  # "600.5 avg loss", "0.001 rate"
    elif token.total is not None and token.whole:
        if "of" in row and "epoch" not in row:  # "[0/5][10/1583]"
            row["epoch"] = row.pop("step")
        if "step" not in row:
            row["step"], row["of"] = token.value, token.total
    elif label and not token.whole and not token.share:
        row.setdefault(f"{label} {UNNAMED}", token.value)  # "train 0.52 val 0.61"
    elif first and token.whole and not token.share:
        row["epoch" if label else "step"] = token.value  # "Train: 0 [...", "[100] loss"
    elif token.whole and set(row) == {"step"} and not token.share:
        row["epoch"], row["step"] = row["step"], token.value  # "[1,  2000] loss"
    elif row and set(row) <= {"epoch", "step"} and not token.whole and not token.share:
        row[UNNAMED] = token.value  # "Epoch 3: 0.43"
