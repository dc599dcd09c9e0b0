"""`Watch` looks at a run while it trains, in any loop or as a framework's callback."""

from collections.abc import Callable
from typing import Any

from .diagnosis import Diagnosis, diagnose
from .finding import Finding

__all__ = ["Watch"]

# What shows before the end, and doesn't go away on its own.
URGENT = (
    "NaN",
    "divergence",
    "dead gradients",
    "rate too high",
    "rate is zero",
    "float16 overflow",
)
SURE = 0.85
# Looks: after so many losses, then after every so many more, and sooner if there is a suspicion.
FIRST, GROWTH, SOON = 20, 1.25, 1.05


class Watch:
    """Call it with each loss. It speaks once, when it is sure, and returns whether to stop.

    stop: whether the run should end then; without it, the answer is always False. say: what to do
    with the words, by default print. code, config, classes, kind: as for `diagnose`.

    It is sure of an illness with evidence of at least 85%, counted or estimated, found in two looks
    in a row. A loss that isn't a number is reported at once. A fault that the code shows is told
    once and never stops a run, whose losses may fall all the same. What can be judged only at the
    end (a plateau, a low rate, overfitting) is in `watch.diagnosis()`.

    >>> watch = Watch(stop=True, say=lambda words: None)
    >>> [watch(loss) for loss in [2.3, 2.2, 2.4, float("nan")]]
    [False, False, False, True]
    >>> watch.found.name
    'NaN'
    """

    def __init__(
        self, *, stop: bool = False, say: Callable[[str], Any] = print, **about: Any
    ) -> None:
        self.stop, self.say, self.about = stop, say, about
        self.found: Finding | None = None
        self.records: list[dict[str, float]] = []
        self._losses = 0
        self._next = FIRST
        self._suspected = ""
        self._told: set[str] = set()  # faults of the code

    def __call__(self, loss: Any = None, **more: Any) -> bool:
        """more: val_loss, lr, grad_norm, weight_norm or step, whatever is known at this moment."""
        given = {"loss": loss, **more}
        record = {name: float(value) for name, value in given.items() if value is not None}
        self.records.append(record)
        self._losses += loss is not None
        lost = loss is not None and not abs(record["loss"]) < float("inf")
        if self.found is None and self._losses and (lost or self._losses >= self._next):
            self._look(lost)
        return self.stop and self.found is not None

    def diagnosis(self) -> Diagnosis:
        """Everything that can be said about the run so far."""
        return diagnose(self.records, **self.about)

    @staticmethod
    def _is_sure(found: Finding, lost: bool) -> bool:
        """A loss that isn't a number is a fact, however few there are; the rest must be likely."""
        likely = found.evidence >= SURE and not found.in_code
        return likely or (lost and found.name == "NaN")

    def _tell(self, found: Finding) -> None:
        """Say once what the code shows."""
        if found.in_code and found.evidence >= SURE and found.name not in self._told:
            self._told.add(found.name)
            self.say(str(found))

    def _look(self, lost: bool) -> None:
        told = self.diagnosis().findings
        for one in told:
            self._tell(one)
        urgent = [one for one in told if one.name in URGENT and self._is_sure(one, lost)]
        urgent.sort(key=lambda one: not (lost and one.name == "NaN"))
        if urgent and (lost or urgent[0].name == self._suspected):
            self.found = urgent[0]
            self.say(str(self.found))
        self._suspected = urgent[0].name if urgent else ""
        self._next = int(self._losses * (SOON if urgent else GROWTH)) + 3
