"""TensorBoard's event files, read by TensorBoard itself if it is installed."""

from collections import defaultdict
from pathlib import Path

from .names import TRAIN, VAL, Record, meaning, words

__all__ = ["read_events"]


def read_events(path: Path) -> list[Record]:
    """The scalars of one file, or of the last run below a folder, by their steps.

    Raises: ValueError if TensorBoard isn't installed, or no scalar is found.
    """
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError:
        raise ValueError(
            f"{path.name} is TensorBoard's, and needs its reader: pip install tensorboard; "
            "or download the curve as CSV in TensorBoard"
        ) from None
    rows: dict[int, Record] = {}
    for file in [path] if path.is_file() else _last_run(path):
        events = EventAccumulator(str(file), {"scalars": 0, "tensors": 0}).Reload()
        folder = f"{file.parent.name}/" if _phase(file) else ""
        for tag in events.Tags()["scalars"]:
            for event in events.Scalars(tag):
                _add(rows, event.step, folder, tag, event.value)
        for tag in events.Tags()["tensors"]:
            for event in events.Tensors(tag):
                value = make_ndarray(event.tensor_proto)
                if value.ndim == 0 and value.dtype.kind == "f":
                    _add(rows, event.step, folder, tag, float(value))
    if not rows:
        raise ValueError(f"{path.name} holds no scalars")
    return [{"step": float(step), **rows[step]} for step in sorted(rows)]


def _phase(file: Path) -> bool:
    """Whether a file's folder says which data it is about, like Keras's train and validation."""
    return bool({*words(file.parent.name)} & (TRAIN | VAL))


def _last_run(folder: Path) -> list[Path]:
    """The files of the run that was written to last; train and validation belong to one run."""
    runs = defaultdict(list)
    for file in sorted(folder.rglob("*tfevents*")):
        runs[file.parent.parent if _phase(file) else file.parent].append(file)
    return max(runs.values(), key=lambda files: max(file.stat().st_mtime for file in files))


def _add(rows: dict[int, Record], step: int, folder: str, tag: str, value: float) -> None:
    prefix = folder if meaning(tag).role == "loss" else ""
    rows.setdefault(step, {})[f"{prefix}{tag}"] = value
