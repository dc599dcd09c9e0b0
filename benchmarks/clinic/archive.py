"""Groups of runs, made once and kept on disk: trainings are expensive, diagnoses cheap."""

import hashlib
import os
import pickle
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..zoo import Kind
from .illnesses import Sick, cases
from .models import DEAR
from .trainings import Runs, Setting, best_rate, train

__all__ = ["groups"]

WHERE = Path(os.environ.get("STEPSIZE_RUNS", Path(tempfile.gettempdir()) / "stepsize-runs"))
NAMES = ("momentum", "adam", "sgd", "adamw", "nesterov", "rmsprop", "adagrad")
STEPS = (400, 150, 1000, 60, 250, 600)
BATCHES = (1, 1, 0.125, 0, 1, 2)  # times the model's own; 0: the whole of the data


def groups(
    part: str, kinds: dict[str, Kind], each: int, make: bool = True
) -> Iterator[tuple[str, list[Sick], Runs]]:
    """For each kind `each` groups, whose rule, length and batch change from one to the next.

    part: its name; it also draws the seeds.
    """
    for i, (name, kind) in enumerate(kinds.items()):
        for j in range(1 if name in DEAR else each):
            seed = int(hashlib.md5(f"{part} {name} {j}".encode()).hexdigest()[:6], 16)
            rng = np.random.default_rng(seed)
            rule = NAMES[(i + j) % len(NAMES) if j else (0, 1)[i % 2]]
            steps, share = STEPS[(2 * j + i) % len(STEPS)], BATCHES[int(rng.integers(len(BATCHES)))]
            batch = max(2, int(kind.batch * share)) if share else 0
            path = WHERE / part / f"{name} {j}.pickle".replace(" ", "_")
            if not path.exists():
                if not make:
                    continue
                began = time.time()
                setting = Setting(kind, rule, batch, min(steps, 300), seed)
                best = best_rate(setting)
                who = list(cases(best, steps, seed))
                runs = train(Setting(kind, rule, batch, steps, seed), [s.case for s in who])
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(pickle.dumps((best, runs)))
                print(
                    name,
                    rule,
                    steps,
                    batch,
                    f"{best:.2g}",
                    f"{time.time() - began:.0f}s",
                    flush=True,
                )
            best, runs = pickle.loads(path.read_bytes())
            yield f"{name}, {rule}, {steps} of {batch}", list(cases(best, steps, seed)), runs
