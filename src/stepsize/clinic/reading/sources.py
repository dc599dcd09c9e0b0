"""Chooses the reader: for an object, a file, a folder or a text."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .columns import frame_columns, numbers, rows_of
from .events import read_events
from .files import flat, read_csv, read_json, read_lists
from .languages import in_english
from .lines import read_lines
from .names import Record, meaning

__all__ = ["records"]

FILES = ("trainer_state.json", "metrics.csv", "results.csv", "log.csv", "history.csv")
ENDINGS = (".csv", ".json", ".jsonl", ".log", ".txt", ".tsv", ".out", ".ipynb")


def records(history: Any) -> list[Record]:
    """The records of a log in any form, one for each moment.

    Raises: TypeError or ValueError that says which part isn't a run.
    """
    history = getattr(history, "history", history)  # Keras's fit wraps it in an object
    history = getattr(history, "log_history", history)  # a TrainerState
    if isinstance(history, Path):
        return _file(history)
    if isinstance(history, str):
        return _file(Path(history).expanduser()) if _is_path(history) else _text(history)
    if hasattr(history, "columns") and hasattr(history, "__getitem__"):
        return rows_of(frame_columns(history))
    if hasattr(history, "loss") and not isinstance(history, Mapping):
        history = _of_trace(history)
    if isinstance(history, Mapping):
        return _columns(history)
    if isinstance(history, list | tuple) and history:
        if all(isinstance(row, Mapping) for row in history):
            return [flat(_numbers_of(row)) for row in history]
        if all(isinstance(line, str) for line in history):
            return _text("\n".join(history))
        if len(history) > 1 and all(_is_pair(row) for row in history):
            return [{"step": float(at), "loss": value} for at, value in history]
        if all(isinstance(row, list | tuple) and len(row) == 3 for row in history):
            return [{"step": row[1], "loss": row[2]} for row in history]  # TensorBoard's JSON
    if getattr(history, "ndim", 0) == 2 and history.shape[1:] == (2,) and len(history) > 1:
        return records([tuple(row) for row in np.asarray(history, float)])
    return [{"loss": value} for value in numbers("loss", history)]


def _is_pair(row: Any) -> bool:
    """Whether it is a step and a loss; a list of two losses isn't."""
    return (
        isinstance(row, tuple | list)
        and len(row) == 2
        and isinstance(row[0], int | float | np.number)
        and float(row[0]) == int(row[0])
    )


def _columns(history: Mapping[str, Any]) -> list[Record]:
    """Curves with names; only those that are known must be numbers."""
    named = {str(name): values for name, values in history.items() if meaning(str(name)).role}
    if not any(meaning(name).role.endswith("loss") for name in named):
        raise ValueError(f"a history must have a 'loss', not only {sorted(map(str, history))}")
    pairs: list[Record] = []
    lists = {}
    for name, values in named.items():
        if isinstance(values, int | float) and meaning(name).role == "lr":
            continue
        blank = isinstance(values, list | tuple) and values and all(v is None for v in values)
        if blank and meaning(name).role != "loss":
            continue  # never logged
        if isinstance(values, list | tuple) and len(values) and all(map(_is_pair, values)):
            pairs += [{"step": float(at), name: value} for at, value in values]
        else:
            lists[name] = numbers(name, values)
    rate: Record = {
        name: float(values)
        for name, values in named.items()
        if isinstance(values, int | float) and meaning(name).role == "lr"
    }
    return sorted(pairs, key=lambda row: row["step"] or 0.0) + [
        row | rate if any(meaning(name).role == "loss" for name in row) else row
        for row in rows_of(lists)
    ]


def _numbers_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors as numbers."""
    return {
        str(name): value.item() if hasattr(value, "item") and np.size(value) == 1 else value
        for name, value in row.items()
    }


def _is_path(text: str) -> bool:
    if "\n" in text or not text.strip() or len(text) > 1000:
        return False
    path = Path(text.strip()).expanduser()
    named = path.suffix.lower() in ENDINGS or "tfevents" in path.name
    return path.exists() or (named and not any(mark in text for mark in (": ", "=", "|")))


def _file(path: Path) -> list[Record]:
    """A file from any logger, or the folder with its files."""
    if not path.exists():
        raise ValueError(f"loss: there is no file {str(path)!r}")
    if path.is_dir():
        named = [file for name in FILES for file in path.rglob(name)]
        if named:
            return _file(max(named, key=lambda file: file.stat().st_mtime))  # the last run's
        if any(path.rglob("*tfevents*")):
            return read_events(path)
        raise ValueError(
            f"loss: the folder {str(path)!r} has no event file, and none of {', '.join(FILES)}"
        )
    if "tfevents" in path.name:
        return read_events(path)
    data = path.read_bytes()
    coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = data.decode(coding, errors="replace")
    if b"\0" in data[:10_000] and coding != "utf-16":
        raise ValueError(f"loss: {str(path)!r} is neither a text nor an event file")
    if path.suffix == ".ipynb":
        text = _shown(text)
    return _text(text)


def _shown(notebook: str) -> str:
    """What the cells of a notebook printed."""
    cells = json.loads(notebook).get("cells", [])
    outputs = [out for cell in cells for out in cell.get("outputs", [])]
    texts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in outputs]
    return "\n".join("".join(text) for text in texts)


def _text(text: str) -> list[Record]:
    """A file's text, or a terminal's output, read by the first reader that finds a loss."""
    text = in_english(text)
    whole = read_json(text)
    if isinstance(whole, Mapping):
        return _columns(whole)
    if whole:
        return records(whole)
    for reader in (read_csv, read_lists, read_lines):
        found = reader(text)
        if found and any(meaning(name).role.endswith("loss") for row in found for name in row):
            return found
    if not text.strip():
        raise ValueError("the log is empty: there is no loss in it")
    raise ValueError(_nothing_found(text))


def _nothing_found(text: str) -> str:
    """What to say about a text without a loss: the line that comes closest, and what would do."""
    lines = [(i, line.strip()) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    at, line = next((one for one in lines if re.search(r"[A-Za-z].*\d", one[1])), lines[0])
    return (
        f"no loss was found in this text. Its line {at} is {line!r:.100}, and no number there is "
        "called a loss. Lines like 'step 100 loss 0.43' can be read, and so can a list of losses"
    )


def _of_trace(trace: Any) -> dict[str, Any]:
    """The losses, the rate and the gradient's length, from a `Trace`."""
    loss = np.asarray(trace.loss)
    if loss.ndim > 1:
        raise ValueError(
            f"this trace holds the loss of several runs, of shape {loss.shape}: "
            "pass one of them, such as trace.loss[:, 0]"
        )
    kept, lr, grad = {"loss": loss}, getattr(trace, "lr", None), getattr(trace, "grad", None)
    if lr is not None and np.ndim(lr) == 1:
        kept["lr"] = np.asarray(lr)
    if grad is not None:
        kept["grad_norm"] = np.linalg.norm(np.asarray(grad), axis=-1)
    return kept
