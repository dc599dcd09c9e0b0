"""All benchmarks, python -m benchmarks; with --quick, each on tiny inputs, to see that it runs."""

import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent

# One thread for all, set before any library is imported. Keras runs on torch.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
os.environ["VECLIB_MAXIMUM_THREADS"] = "1"
os.environ["KERAS_BACKEND"] = "torch"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def main() -> None:
    from stepsize.command import arguments  # brings NumPy, which counts its threads now

    options = arguments.bench()

    import matplotlib
    import torch

    matplotlib.use("agg")
    torch.set_num_threads(1)

    from .clock import run
    from .figures import figures, measure
    from .growth import picture
    from .races import races
    from .report import report

    rounds, at_least = (2, 0.0) if options.quick else (options.rounds, 0.05)
    outcomes, measured = [], []
    for race in races(options.quick):
        if options.k in race.what:
            say(race.what)
            outcomes.append(run(race, rounds, at_least))
    for figure in figures(options.quick):
        if options.k in figure.what:
            say(figure.what)
            measured.append((figure, measure(figure, rounds)))
    text = report(outcomes, measured, rounds)
    if options.quick or options.k:
        print(text)
    else:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    if not options.k:
        say("how it grows")
        fig = picture(options.quick)
        if not options.quick:
            fig.savefig(HERE / "growth.png", dpi=100, metadata={"Software": None})
            say(f"written: {HERE / 'RESULTS.md'}")


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)


main()
