"""Reads a training loop in whatever form people have it: file, function, cell, or part of one."""

import ast
import inspect
import json
import re
import textwrap
from pathlib import Path
from typing import Any

__all__ = ["program"]

PROMPT = re.compile(r"^\s*(?:>>>|\.\.\.|In \[\d*\]:|\s+\.\.\.:)(?: |$)")
DOTS = re.compile(r"(?m)^( *)# ?(?:\.\.\.|…).*$")  # "# ... and so on"
PRINT = re.compile(r"(?m)(^\s*|[:;]\s+)print[ \t]+(?=[\w'\"`-])")  # of Python 2
ERROR_AS = re.compile(r"(?m)^(\s*except [\w.()]+), *(?=\w+ *:)")
TAIL = 12  # lines that a cut-off statement may have
BARE = re.compile(r"^\s*(?:In|Out) ?\[[\d ]*\]:\s*$")
MAGIC = re.compile(  # not the continuation of a line, as in `% (epoch, loss)` or `!= y`
    r"^(\s*)(?:%%?[A-Za-z].*|% [a-z_]+ \w+|!(?!=).*|(?:pip3?|conda) install .*|\w+\?+)$"
)


def program(code: Any) -> tuple[str, str]:
    """The code as Python can read it, its lines where they were; and what can't be read, or "".

    code: a text, the path of a .py or .ipynb file, or a function.
    Raises: TypeError or ValueError for anything else.
    """
    text = _plain(_text(code))
    if _reads(dotted := DOTS.sub(r"\1...", text)):
        text = dotted
    elif _reads(newer := ERROR_AS.sub(r"\1 as ", PRINT.sub(r"\1print, ", text))):
        text = newer  # a tuple instead of a call: it may go on in the next line
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        lines = text.splitlines() or [""]
        shown = lines[min(line, len(lines)) - 1].strip()
        if begun := _without_its_end(lines, line, str(error)):
            return begun, f"not the end of the code, which is cut off: {shown:.60}"
        return "", f"not the code, because its line {line} isn't Python: {shown:.60}"
    return text, ""


def _without_its_end(lines: list[str], wrong: int, error: str) -> str:
    """The code with `...` in place of its last statement, if that was cut off; otherwise ""."""
    last = max((i for i, line in enumerate(lines) if line.strip()), default=0)
    if wrong <= last and not re.search("never closed|indented block|triple-quoted", error):
        return ""
    for first in range(last, max(last - TAIL, 0), -1):
        if first + 1 > wrong:
            continue  # the error is further up
        indent = len(lines[first]) - len(lines[first].lstrip())
        for shift in (0, 4):  # below `for x in loader:` the dots are indented
            kept = [*lines[: first + bool(shift)], " " * (indent + shift) + "..."]
            if lines[first].strip() and _reads(begun := "\n".join(kept)):
                return begun
    return ""


def _text(code: Any) -> str:
    if callable(code):
        try:
            return inspect.getsource(code)
        except (OSError, TypeError):
            raise ValueError(
                f"code: Python doesn't keep the text of {code!r:.60}; give the text itself"
            ) from None
    if isinstance(code, Path) or (
        isinstance(code, str) and re.fullmatch(r"\S[^\n]*\.(?:py|ipynb)", code.strip())
    ):
        path = Path(str(code).strip()).expanduser()
        if not path.is_file():
            raise ValueError(f"code must be a file that exists, not {str(code)!r}")
        text = path.read_text(encoding="utf-8", errors="replace")
        return _cells(text) if path.suffix == ".ipynb" else text
    if not isinstance(code, str):
        raise TypeError(f"code must be the text of the loop, not {code!r:.60}")
    return code


def _cells(notebook: str) -> str:
    cells = json.loads(notebook).get("cells", [])
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def _plain(text: str) -> str:
    """Text without prompts and magic, with spaces for tabs; its first line may lack an indent."""
    lines = text.replace("\r\n", "\n").expandtabs(4).split("\n")
    if any(re.match(r"\s*(?:>>>|In \[\d*\]:)", line) for line in lines):
        lines = _typed(lines)
    lines = [MAGIC.sub(r"\1pass", line) for line in lines]
    lines = [re.sub(r"^```.*$", "", line) for line in lines]  # from a page in Markdown
    whole = textwrap.dedent("\n".join(lines))
    if _reads(whole):
        return whole
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    rest = textwrap.dedent("\n".join(lines[first + 1 :]))
    for indent in ("", "    "):  # only the first line may have lost its indent
        rest_moved = textwrap.indent(rest, indent)
        moved = "\n".join([*lines[:first], lines[first].strip(), rest_moved])
        if _reads(moved):
            return moved
    return whole


def _typed(lines: list[str]) -> list[str]:
    """What was typed at a prompt; the output is left blank."""
    typed = [line for line in lines if PROMPT.match(line)]
    if all(BARE.match(line) for line in typed):  # from a notebook, above each of its cells
        return ["" if BARE.match(line) else line for line in lines]
    return [PROMPT.sub("", line) if PROMPT.match(line) else "" for line in lines]


def _reads(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
