"""The trainings behind the map of lesson 8: those that came with the course, and the learner's.

A training is a line of JSON: {"lr", "warmup", "seed", "loss"}, the loss of every five updates. New
ones are made in a Python of its own, so that the notebook goes on, and are appended to a file.
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

import numpy as np

from ..home import home

__all__ = ["CHANCE", "RATES", "SHIPPED", "WARMUPS", "Trainings", "Worker"]

CHANCE = float(np.log(8))  # the loss of a blind guess among eight symbols
RATES = (0.001, 0.002, 0.004, 0.0075, 0.015, 0.03)
WARMUPS = (0, 5, 10, 20, 40, 80)
EVERY = 5  # updates: the mean loss of as many is one number in the file
SHIPPED = Path(__file__).with_name("warmup.jsonl")
PACKAGES = str(Path(__file__).parents[2])

Cell = tuple[float, int]


class Trainings:
    """All that is known, by cell of the map: (rate, warmup) -> seed -> losses."""

    def __init__(self) -> None:
        self.path = home() / "warmup.jsonl"
        self.runs: dict[Cell, dict[int, list[float]]] = {
            (lr, length): {} for lr in RATES for length in WARMUPS
        }
        for path in (SHIPPED, self.path):
            with contextlib.suppress(OSError):
                for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                    self.add(line)

    def __len__(self) -> int:
        return sum(map(len, self.runs.values()))

    def add(self, line: str) -> bool:
        """Take a line in; one that is cut off, or of another map, is passed over."""
        try:
            run = json.loads(line)
            loss = [float(value) for value in run["loss"]]
            cell = self.runs[run["lr"], run["warmup"]]
            if len(loss) != 100 // EVERY:
                return False
            return cell.setdefault(int(run["seed"]), loss) is loss
        except (ValueError, KeyError, TypeError):
            return False

    def keep(self, line: str) -> None:
        """Take a line in, and to disk. Line feeds on both sides: no line can spoil another."""
        if self.add(line):
            with contextlib.suppress(OSError):  # a full disk is no reason to stop
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with open(self.path, "a", encoding="utf-8") as file:
                    file.write(f"\n{line.strip()}\n")

    def losses(self, cell: Cell) -> np.ndarray:
        """One row a seed."""
        return np.array([loss for _, loss in sorted(self.runs[cell].items())])

    def ends(self, cell: Cell) -> np.ndarray:
        """The mean loss of the last ten updates, one a seed."""
        return self.losses(cell)[:, -2:].mean(axis=1)

    def medians(self) -> np.ndarray:
        """The map: a row a rate, a column a warmup."""
        return np.array([[np.median(self.ends((lr, n))) for n in WARMUPS] for lr in RATES])

    def next(self, cells: Iterable[Cell], times: int = 1) -> Iterator[dict[str, Any]]:
        """The jobs to do next: for each cell, the first seeds that have not been run."""
        for lr, length in cells:
            first = max(self.runs[lr, length], default=-1) + 1
            for seed in range(first, first + times):
                yield dict(lr=lr, warmup=length, seed=seed)


class Worker:
    """Trains jobs, one after the other, in a Python of its own; it ends when we do.

    done(line): called for each training; over(said): once, at the end, with what went wrong, or "".
    Both are called in a thread of this object's.
    """

    def __init__(
        self,
        jobs: Iterable[dict[str, Any]],
        done: Callable[[str], None],
        over: Callable[[str], None],
    ) -> None:
        self.jobs, self.done, self.over = list(jobs), done, over
        self.stopped = False
        paths = os.pathsep.join(filter(None, [PACKAGES, os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stepsize.transformer"],
            stdin=subprocess.PIPE,  # closed when this Python ends, however it ends
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
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
                    said = "" if self.stopped else "the training did not start, or broke off"
                    break
                self.done(line)
            with contextlib.suppress(OSError):
                process.stdin.close()
        self.over(said)
