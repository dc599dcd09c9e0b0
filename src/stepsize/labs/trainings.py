"""The trainings behind a lab: those that came with the course, and the learner's own.

A training is a line of JSON, a job and its result, such as {"lr", "warmup", "seed", "loss"}. New
ones are made in a separate Python, so that the notebook can go on, and are appended to a file.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..learner.home import home

__all__ = ["Trainings", "Worker"]

PACKAGES = str(Path(__file__).parents[2])


class Trainings:
    """All known trainings, by cell, a tuple of settings: cell -> seed -> result.

    shipped: the file that came with the course. mine: the name of the learner's file. module: what
    makes more. settings: the names of a cell's numbers in a job. cells: all cells. read: extracts
    what to keep from a line; raises ValueError, KeyError or TypeError if it isn't a training.
    """

    def __init__(
        self,
        shipped: Path,
        mine: str,
        module: str,
        settings: tuple[str, ...],
        cells: Iterable[tuple[Any, ...]],
        read: Callable[[dict[str, Any]], Any],
    ) -> None:
        self.path, self.module, self.settings, self.read = home() / mine, module, settings, read
        self.runs: dict[tuple[Any, ...], dict[int, Any]] = {cell: {} for cell in cells}
        for path in (shipped, self.path):
            with contextlib.suppress(OSError):
                for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                    self.add(line)

    def __len__(self) -> int:
        return sum(map(len, self.runs.values()))

    def add(self, line: str) -> bool:
        """Take in a line; one that is cut off, or from a different lab, is skipped."""
        try:
            run = json.loads(line)
            found = self.read(run)
            cell = self.runs[tuple(run[name] for name in self.settings)]
            return cell.setdefault(int(run["seed"]), found) is found
        except (ValueError, KeyError, TypeError):
            return False

    def keep(self, line: str) -> None:
        """Take in a line, and write it to disk. Line feeds on both sides keep lines apart."""
        if self.add(line):
            with contextlib.suppress(OSError):  # go on even if the disk is full
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with open(self.path, "a", encoding="utf-8") as file:
                    file.write(f"\n{line.strip()}\n")

    def of(self, cell: tuple[Any, ...]) -> list[Any]:
        """The results of a cell, in the order of the seeds."""
        return [run for _, run in sorted(self.runs[cell].items())]

    def next(self, cells: Iterable[tuple[Any, ...]], times: int = 1) -> Iterator[dict[str, Any]]:
        """The jobs to do next: for each cell, the first seeds that haven't been run."""
        for cell in cells:
            first = max(self.runs[cell], default=-1) + 1
            for seed in range(first, first + times):
                yield dict(zip(self.settings, cell, strict=True)) | dict(seed=seed)


class Worker:
    """Has a module train jobs, one after the other, in a separate Python that ends when we do.

    done(line): called for each training; over(said): once, at the end, with what went wrong, or "".
    Both are called in this object's thread.
    """

    def __init__(
        self,
        module: str,
        jobs: Iterable[dict[str, Any]],
        done: Callable[[str], None],
        over: Callable[[str], None],
    ) -> None:
        self.jobs, self.done, self.over = list(jobs), done, over
        self.stopped = False
        paths = os.pathsep.join(filter(None, [PACKAGES, os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,  # closed when this Python ends, however it ends
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # the notebook's interrupt is not for the worker
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.stopped = True
        self.process.kill()

    def _work(self) -> None:
        with self.process as process:
            assert process.stdin is not None and process.stdout is not None
            said = ""
            for job in self.jobs:
                try:
                    process.stdin.write(json.dumps(job) + "\n")
                    process.stdin.flush()
                    line = process.stdout.readline()
                except (OSError, ValueError):
                    line = ""
                if not line.endswith("\n"):
                    said = "" if self.stopped else "the training didn't start, or broke off"
                    break
                self.done(line)
            with contextlib.suppress(OSError):
                process.stdin.close()
        self.over(said)
