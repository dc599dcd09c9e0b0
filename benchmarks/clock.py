"""Interleaved rounds of process time, and the ratio round by round."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Work = Callable[[], Any]


@dataclass(frozen=True)
class Go:
    """One contestant. make: prepares, off the clock, the function that is then called repeatedly.

    work: how much one call does, in the race's unit: the steps, runs or bytes.
    """

    make: Callable[[], Work]
    work: float = 1


@dataclass(frozen=True)
class Race:
    """One line of the table: ours, theirs, and how many times faster ours should be than each.

    why: what prevents it, printed if the goal is missed.
    """

    what: str
    ours: Go
    theirs: dict[str, Go]
    reach: dict[str, float] = field(default_factory=dict)
    unit: str = "step"
    why: str = ""


@dataclass(frozen=True)
class Spread:
    """What the rounds gave: the median and the range."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.rounds)

    def __format__(self, spec: str) -> str:
        low, high = min(self.rounds), max(self.rounds)
        return f"{number(self.median)} ({number(low)}–{number(high)})"


@dataclass(frozen=True)
class Outcome:
    """Seconds per unit of work, and how many times faster ours is, paired by round."""

    race: Race
    seconds: dict[str, Spread]
    said: dict[str, str]  # what a contestant returned, if that is a string
    absent: list[str]

    def faster_than(self, peer: str) -> Spread:
        pairs = zip(self.seconds[peer].rounds, self.seconds["ours"].rounds, strict=True)
        return Spread(tuple(theirs / ours for theirs, ours in pairs))


def number(x: float) -> str:
    """Three digits, without powers of ten where people wouldn't write them."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def run(race: Race, rounds: int, at_least: float) -> Outcome:
    """Each contestant once per round, in alternating order, for at least this much process time."""
    ready, absent = {}, []
    for name, go in {"ours": race.ours, **race.theirs}.items():
        try:
            ready[name] = (go, go.make())
        except ImportError:
            absent.append(name)
    said = {name: work() for name, (_, work) in ready.items()}  # the first call warms up
    calls = {name: _calls(work, at_least) for name, (_, work) in ready.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ready}
    for i in range(rounds):
        for name in list(ready)[:: 1 if i % 2 == 0 else -1]:
            go, work = ready[name]
            seconds[name].append(_clock(work, calls[name]) / (calls[name] * go.work))
    spreads = {name: Spread(tuple(values)) for name, values in seconds.items()}
    return Outcome(race, spreads, {n: s for n, s in said.items() if isinstance(s, str)}, absent)


def _calls(work: Work, at_least: float) -> int:
    """How many calls take that long."""
    calls = 1
    while (taken := _clock(work, calls)) < at_least:
        calls = max(2 * calls, int(1.2 * calls * at_least / max(taken, 1e-6)))
    return calls


def _clock(work: Work, calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - began
