"""What the rule of `find_lr` is worth: its suggestion against the best rate of a sweep.

python -m benchmarks.range_test        a line for each pair of a model and an optimizer
"""

from typing import Any

import numpy as np

from stepsize import descend
from stepsize.clinic import find_lr
from stepsize.models import LinearRegression, linear_data
from stepsize.network import Network, digits
from stepsize.optimizers import adam, adamw, lion, momentum, rmsprop, sgd

RATES = np.geomspace(1e-5, 10, 31)
RULES = (sgd, momentum, adam, adamw, rmsprop, lion)


def models() -> dict[str, tuple[Any, np.ndarray]]:
    """Landscapes, and where to begin."""
    X, y = digits()
    nets = {
        "digits, 32": Network(X, y, (32,), batch_size=32),
        "digits, 64-64": Network(X, y, (64, 64), batch_size=128),
        "digits, linear": Network(X[:400], y[:400], (), batch_size=16),
    }
    line = LinearRegression(*linear_data(512, (2.0, -1.0), 0.5), batch_size=8)
    return {"line": (line, np.zeros(2))} | {name: (net, net.start()) for name, net in nets.items()}


def main() -> None:
    ratios, behind = [], []
    for name, (model, start) in models().items():
        for rule in RULES:
            found = find_lr(rule, model, start)
            rate = np.nan if found.suggestion is None else found.suggestion
            loss = descend(rule, model, start, 400, lr=np.append(RATES, rate)[:, None]).loss
            *sweep, end = np.where(np.isfinite(loss), loss, np.inf)[-20:].mean(axis=0)
            best = RATES[np.argmin(sweep)]
            ratios.append(found.lr[found.smoothed.argmin()] / best)
            behind.append((end - min(sweep)) / (found.loss[0] - min(sweep)))
            print(f"{name:15} {rule.__name__:9} best {best:8.2g}, suggested {rate:8.2g}", end="")
            print(f", lowest in the test at {ratios[-1]:6.2g} of the best", end="")
            print(f"; {behind[-1]:6.1%} of the fall behind")
    low, middle, high = np.quantile(ratios, [0, 0.5, 1])
    print(f"lowest point over best rate: median {middle:.2g}, from {low:.2g} to {high:.2g}")
    print(f"of the fall behind: mean {np.nanmean(behind):.1%}, nine of ten below ", end="")
    print(f"{np.nanquantile(behind, 0.9):.1%}; no suggestion {np.isnan(behind).sum()} times")


if __name__ == "__main__":
    main()
