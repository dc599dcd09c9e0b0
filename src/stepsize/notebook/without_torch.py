"""If PyTorch is missing, a cell that needs it isn't run, and shows its stored output instead.

Such a cell begins with the line `# needs PyTorch`. Where PyTorch is installed, that is a comment.
Elsewhere a line says that the cell wasn't run, and its output from when the course was made comes
from `without_torch.json`, which `tools/build.py` makes from solutions/. A cell is found there by
its text, so one that was changed has nothing to show.
"""

import sys
from functools import cache
from typing import Any

__all__ = ["MARK", "RECORD", "is_marked", "key", "missing", "watch"]

MARK = "# needs PyTorch"
RECORD = "without_torch.json"  # beside this module


def is_marked(source: str) -> bool:
    """Whether the mark is the first line of a cell."""
    return source.strip().partition("\n")[0].rstrip() == MARK


def key(source: str) -> str:
    """A cell's key in the record; surrounding white space doesn't count."""
    import hashlib  # here, because it loads OpenSSL: 4 MB for every import of the package

    return hashlib.sha256(source.strip().encode()).hexdigest()[:16]


def watch() -> None:
    """Obey the mark in all later cells; outside a notebook, do nothing."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        shell.register_magic_function(_show, "line", "show_record")
        shell.input_transformers_cleanup.append(_or_its_record)


def _or_its_record(lines: list[str]) -> list[str]:
    """The cell as it is, or a line that shows its record if it needs PyTorch and can't have it."""
    source = "".join(lines)
    if not is_marked(source) or not missing():
        return lines
    return [f"%show_record {key(source)}\n"]


def missing() -> str:
    """Why PyTorch can't be used, or "". Only its import tells; the cell imports it anyway."""
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        return "isn't installed here"
    except Exception:  # on Windows, for example, a library that it needs may be missing
        return "can't be loaded here (`python run.py doctor` says more)"
    return ""


def _show(cell: str) -> None:
    from IPython.display import display

    outputs = _record().get(cell)
    said = f"This cell needs PyTorch, which {missing()}."
    if outputs is None:
        said += " It isn't the course's cell any more, so nothing is on record to show instead."
    elif outputs:
        said += " This is what it showed when the course was made:"
    display({"text/plain": said, "text/markdown": f"*{said}*"}, raw=True)
    for output in outputs or []:
        if "text" in output:
            print(output["text"], end="")
        else:
            display(output["data"], raw=True)


@cache
def _record() -> dict[str, list[dict[str, Any]]]:
    """What each marked cell showed, in order: {"text"} of what it printed, {"data"} of the rest."""
    import json
    from importlib.resources import files

    return json.loads(files(__package__).joinpath(RECORD).read_text(encoding="utf-8"))
