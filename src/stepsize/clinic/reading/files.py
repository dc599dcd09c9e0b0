"""Reads the text of a logger's file: CSV, JSON, JSON lines, a list as Python prints it."""

import csv
import json
import math
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from .columns import rows_of
from .names import Record, meaning, words

__all__ = ["read_csv", "read_json", "read_lists"]

NAMED_LIST = re.compile(r"(?<!\w)([A-Za-z_][\w/. -]{0,40}?)['\"]?\s*[:=]\s*(\[[^\[\]]*\])")
WRAPPER = r"\b(?:np\.|numpy\.|tf\.|jnp\.)?(?:float\d*|[Tt]ensor|array|Array)"
WRAPPED = re.compile(rf"{WRAPPER}\(\[*([^(),\]]*).*$")
IN_JSON = [
    (re.compile(WRAPPER + r"\(([^(),]*)(?:,[^()\[\]{}]*)?\)"), r"\1"),  # tensor(2.3, device='cpu')
    (re.compile("'"), '"'),
    (re.compile(r"\(([^()]*?),?\s*\)"), r"[\1]"),  # a tuple
    (re.compile(r"\bnan\b"), "NaN"),
    (re.compile(r"\binf\b"), "Infinity"),
    (re.compile(r"\bNone\b"), "null"),
    (re.compile(r"\b(?:True|False)\b"), "null"),
    (re.compile(r"(?<=[\d.])f0\b"), ""),
    (re.compile(r"(?<=\d)\.(?=\s*[,\]}])"), ".0"),  # NumPy's "2."
    (re.compile(r",(?=\s*[\]}])"), ""),
]
BLANK = ("", "none", "null", "n/a", "no log", "-")


def read_csv(text: str) -> list[Record] | None:
    """A table: a blank cell is a gap; "nan" is a loss that was lost. None if it isn't a table."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("#")] or [""]
    mark = max(",\t;", key=lines[0].count)
    if len(lines) < 2 or not lines[0].count(mark):
        return None
    names, *rows = list(csv.reader(lines, delimiter=mark, skipinitialspace=True))
    if any(_number(name) is not None for name in names):
        return None
    full = sum(len(row) == len(names) for row in rows[:-1]) + 1  # the last row may be cut off
    if full < 0.9 * len(rows) or not any(meaning(_bare(name)).role for name in names):
        return None
    if mark == ";":
        rows = [[cell.replace(",", ".") for cell in row] for row in rows]
    numeric = [cell for row in rows for cell in row if _number(cell) is not None]
    if len(numeric) < 0.3 * sum(len(row) for row in rows):
        return None
    names = _one_run([_bare(name) for name in names])
    if long := _long(names, rows):
        return long
    return [
        {name: _number(cell) for name, cell in zip(names, row, strict=False) if name}
        for row in rows
    ]


def _long(names: list[str], rows: list[list[str]]) -> list[Record] | None:
    """A table with a name, a step and a value in each row, like MLflow's."""
    name = next((i for i, n in enumerate(names) if n in ("key", "tag", "metric", "name")), None)
    value = next((i for i, n in enumerate(names) if n.lower() in ("value", "loss")), None)
    if name is None or value is None:
        return None
    step = next((i for i, n in enumerate(names) if meaning(n).role == "step"), None)
    place = {} if step is None else {"step": step}
    return [
        {row[name]: _number(row[value])} | {key: _number(row[i]) for key, i in place.items()}
        for row in rows
    ]


def _bare(name: str) -> str:
    """A curve's name: W&B puts the run's name before it; TensorBoard calls its only one "Value"."""
    name = name.strip().rpartition(" - ")[2]
    return "loss" if name == "Value" else name


def _one_run(names: list[str]) -> list[str]:
    """The table without W&B's lowest and highest; the first of several runs in one table."""
    kept: list[str] = []
    for name in names:
        kept.append("" if name.endswith(("__MIN", "__MAX")) or name in kept else name)
    return kept


def _number(cell: Any) -> float | None:
    if isinstance(cell, str) and cell.strip().lower() in BLANK:
        return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def read_json(text: str) -> Any | None:
    """The whole text, or each of its lines, read as JSON or as Python; None if it is neither."""
    text = text.strip().lstrip("\ufeff")
    if not text.startswith(("[", "{", '"log_history"')):
        return None
    whole = _parsed(text)
    if whole is None and (whole := _pieces(text)) is None:
        lines = [_parsed(line) for line in text.splitlines() if line.strip()]
        found = [line for line in lines if isinstance(line, Mapping)]
        return [flat(line) for line in found] if len(found) > 0.9 * len(lines) else None
    if isinstance(whole, Mapping):
        inner = [whole.get(name) for name in ("log_history", "history")]
        whole = next((found for found in inner if isinstance(found, list | Mapping)), whole)
    if isinstance(whole, Mapping) and any(isinstance(x, list) for x in whole.values()):
        return whole
    rows = [whole] if isinstance(whole, Mapping) else whole
    return [flat(row) if isinstance(row, Mapping) else row for row in rows]


def _pieces(text: str) -> list[Any] | None:
    """The objects in a piece of a JSON text, if each takes up several lines."""
    found = [_parsed(piece) for piece in re.findall(r"\{[^{}]*\n[^{}]*\}", text)]
    rows = [row for row in found if isinstance(row, Mapping)]
    return rows if len(rows) > 1 else None


def _parsed(text: str) -> Any | None:
    """A text parsed as JSON; what Python prints is first translated to JSON."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    for python, told in IN_JSON:
        text = python.sub(told, text)
    try:
        return json.loads(text)
    except ValueError:
        return None


def flat(row: Mapping[str, Any], before: str = "") -> Record:
    """One mapping of numbers; a word such as "mode": "val" says which data its loss is for."""
    found: Record = {}
    for name in ("mode", "phase", "split", "subset", "stage", "set"):
        if isinstance(row.get(name), str):
            before = f"{row[name]}/"
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{name}/")
            continue
        number = _number(value)
        if number is not None and not isinstance(value, bool):
            prefix = before if meaning(str(name)).role == "loss" else ""
            found[f"{prefix}{name}"] = number
    return found


def read_lists(text: str) -> list[Record] | None:
    """Lists with a name, like `losses = [2.3, 2.1]`; or just numbers, one per line or in a list."""
    named = {}
    for name, inside in NAMED_LIST.findall(text):
        values = [_number(part) for part in re.split(r"[\s,]+", inside.strip("[] \n"))]
        if sum(value is not None for value in values) > 1 and words(name):
            named[name.strip()] = values
    if any(meaning(name).role == "loss" for name in named):
        return rows_of(named)
    rows = _rows_of_numbers(text)
    if not rows:
        return None
    wide = len(rows[0]) > 1 and len({len(row) for row in rows}) == 1
    if len(rows) > 1 and wide and len(rows[0]) == 3 and rows[0][0] > 1e9:
        return [{"step": row[2], "loss": row[1]} for row in rows]  # MLflow's: time, value, step
    if len(rows) > 1 and wide and not text.lstrip().startswith("["):
        if _counts([row[0] for row in rows]):
            return [{"step": row[0], "loss": row[1]} for row in rows]
        return [{"loss": row[0]} for row in rows]
    return [{"loss": value} for row in rows for value in row]


def _rows_of_numbers(text: str) -> list[list[float]] | None:
    """The numbers of each line, if there is nothing else but a heading of a word or two."""
    rows = []
    for line in text.splitlines():
        bare = WRAPPED.sub(r"\1", line).strip(" \t,;[]()")
        if not re.search(r"\d|nan|inf", bare, re.IGNORECASE):
            if len(bare.split()) > 2:
                return None  # a table, or a sentence
            continue
        row = [_number(cell.removesuffix("f0")) for cell in re.split(r"[\s,;]+", bare)]
        known = [value for value in row if value is not None]
        if len(known) < len(row):
            return None
        rows.append(known)
    return rows


def _counts(values: list[float]) -> bool:
    """Whether these look like step numbers: whole, and each above the one before."""
    known = [value for value in values if math.isfinite(value)]
    rises = all(a < b for a, b in pairwise(known))
    return rises and all(value == int(value) for value in known)
