"""How many wrong passwords are tolerated."""

import math
import time
from collections.abc import Callable

MEMORY = 600  # seconds for which an address that guessed wrong is remembered


class Budget:
    """A limit on wrong guesses: some at once, and one more every few seconds.

    The limit is the same wherever they come from, because an address can be made up. But the last
    few, the reserve, are for those who haven't just been wrong. So somebody who keeps guessing from
    one address uses up all but these, and someone who mistypes once at a different one still gets
    in.
    """

    def __init__(
        self,
        burst: int,
        seconds: float,
        reserve: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.burst, self.seconds, self.reserve, self.clock = burst, seconds, reserve, clock
        self.left, self.since = float(burst), clock()
        self.wrong: dict[str, float] = {}  # by address, when

    def wait(self, address: str = "") -> int:
        """Seconds until a guess from there is accepted; 0 if it is accepted now."""
        now = self.clock()
        self.left = min(self.burst, self.left + (now - self.since) / self.seconds)
        self.since = now
        last = self.wrong.get(address)
        kept = self.reserve if last is not None and now - last < MEMORY else 0
        return math.ceil(max(0.0, (1 + kept - self.left) * self.seconds))

    def spend(self, address: str = "") -> None:
        """Count a wrong guess. Ask `wait` first."""
        now = self.clock()
        self.left -= 1
        self.wrong = {where: when for where, when in self.wrong.items() if now - when < MEMORY}
        self.wrong[address] = now
