"""How many wrong passwords are taken."""

import math
import time
from collections.abc import Callable

MEMORY = 600  # seconds for which an address is remembered that was wrong


class Budget:
    """So many wrong guesses at once, and one more every few seconds.

    Where they come from changes nothing in their number: an address can be made up. But the last
    few, the reserve, are for those who weren't wrong just now. So one who guesses without end, from
    one address, uses up all but these, and whoever mistypes once at another still gets in.
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
        """Seconds until a guess from there is taken: 0 if it is now."""
        now = self.clock()
        self.left = min(self.burst, self.left + (now - self.since) / self.seconds)
        self.since = now
        last = self.wrong.get(address)
        kept = self.reserve if last is not None and now - last < MEMORY else 0
        return math.ceil(max(0.0, (1 + kept - self.left) * self.seconds))

    def spend(self, address: str = "") -> None:
        """Count one that was wrong; it has been asked for by `wait`."""
        now = self.clock()
        self.left -= 1
        self.wrong = {where: when for where, when in self.wrong.items() if now - when < MEMORY}
        self.wrong[address] = now
