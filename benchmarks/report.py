"""RESULTS.md: the tables, which goals were missed, where a peer wins, and on which machine."""

import os
import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path

from .clock import Outcome, Spread, number
from .figures import Figure

Measured = list[tuple[Figure, Spread | None]]
UNITS = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"), (1e-12, "ps")]

HEAD = """\
# How fast it is

Made by `python run.py bench`: {rounds} interleaved rounds, process time, one thread. A ratio is
worked out round by round; the tables give its median and, in parentheses, its range. **Above 1,
ours is that many times faster.** Ours are the rules as they are in `optimizers/`.

{machine}
"""

GROWTH = """\
## How it grows

![Process time and memory against steps, width of the sweep, and size of the model](growth.png)
"""


def report(outcomes: list[Outcome], measured: Measured, rounds: int) -> str:
    parts = [HEAD.format(rounds=rounds, machine=machine()), "## Against others\n"]
    parts += ["| what | ours | against | theirs | ratio | goal |", "|---|---|---|---|---|---|"]
    parts += [line for outcome in outcomes for line in rows(outcome)]
    parts += ["\n## On its own\n", "| what | measured | goal |", "|---|---|---|"]
    parts += [row(figure, spread) for figure, spread in measured]
    missed = [*unreached(outcomes), *too_much(measured)]
    parts += ["\n## Goals that were missed\n", *(missed or ["None."])]
    parts += ["\n## Where a peer wins\n", *(list(lost(outcomes)) or ["Nowhere."]), "", GROWTH]
    return "\n".join(parts)


def rows(outcome: Outcome) -> Iterator[str]:
    race, first = outcome.race, True
    for peer in race.theirs:
        what = race.what if first else ""
        ours = with_words(outcome, "ours") if first else ""
        first = False
        if peer in outcome.absent:
            yield f"| {what} | {ours} | {peer} | not installed | | |"
            continue
        ratio, reach = outcome.faster_than(peer), race.reach.get(peer)
        judged = (
            ""
            if reach is None
            else f"≥ {number(reach)}: {'yes' if met(ratio, reach) else '**no**'}"
        )
        yield f"| {what} | {ours} | {peer} | {with_words(outcome, peer)} | {ratio} | {judged} |"


def row(figure: Figure, spread: Spread | None) -> str:
    if spread is None:
        return f"| {figure.what} | not installed | |"
    most = figure.at_most
    judged = "" if most is None else f"≤ {most:g}: {verdict(spread.median <= most)}"
    return f"| {figure.what} | {spread} {figure.unit} | {judged} |"


def with_words(outcome: Outcome, name: str) -> str:
    time = f"{duration(outcome.seconds[name].median)} a {outcome.race.unit}"
    return f"{time}, {outcome.said[name]}" if name in outcome.said else time


def duration(seconds: float) -> str:
    scale, unit = next((u for u in UNITS if seconds >= u[0]), UNITS[-1])
    return f"{number(seconds / scale)} {unit}"


def verdict(reached: bool) -> str:
    return "yes" if reached else "**no**"


def met(ratio: Spread, reach: float) -> bool:
    return ratio.median >= reach


def unreached(outcomes: list[Outcome]) -> Iterator[str]:
    """Each goal that was missed; the reason once, after the last of those that share it."""
    missed = [
        (outcome.race, f"{outcome.race.what}, against {peer}: {ratio}, not {number(reach)}.")
        for outcome in outcomes
        for peer, reach in outcome.race.reach.items()
        if peer not in outcome.absent and not met(ratio := outcome.faster_than(peer), reach)
    ]
    for why, group in groupby(missed, key=lambda line: line[0].why):
        yield from (f"- {was}" for _, was in group)
        if why:
            yield f"\n{why}\n"


def too_much(measured: Measured) -> Iterator[str]:
    for figure, spread in measured:
        if spread and figure.at_most is not None and not spread.median <= figure.at_most:
            yield f"- {figure.what}: {spread} {figure.unit}, not {figure.at_most:g}."


def lost(outcomes: list[Outcome]) -> Iterator[str]:
    """The peers that are faster; a line that compares ours with ours doesn't count."""
    for outcome in outcomes:
        for peer in outcome.race.theirs:
            if peer in outcome.absent or peer.startswith(("ours", "memory")):
                continue
            if (ratio := outcome.faster_than(peer).median) < 1:
                faster = "as fast" if ratio > 0.95 else f"{number(1 / ratio)} times as fast"
                yield f"- {outcome.race.what}: {peer} is {faster}."


def machine() -> str:
    names = ["numpy", "torch", "keras", "optax", "jax"]
    versions = ", ".join(f"{name} {v}" for name in names if (v := installed(name)))
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{processor()}, {os.cpu_count()} cores; {system}, {versions}."


def installed(name: str) -> str:
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return ""


def processor() -> str:
    """Its name according to Linux; elsewhere, according to Python."""
    known = Path("/proc/cpuinfo")
    found = (
        re.search(r"^model name\s*:\s*(.+)", known.read_text(encoding="utf-8"), re.M)
        if known.exists()
        else None
    )
    return found.group(1) if found else platform.processor() or platform.machine()
