"""Where a learner's JupyterLab runs: in an account of their own, a few starting at a time."""

import asyncio
import os
import pwd
from pathlib import Path

from accounts import account
from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner
from jupyterhub.utils import can_connect
from systemdspawner import SystemdSpawner

# A start is two seconds of a core. Forty at once share the cores, and all wait for the last; in
# turn, half of them wait half as long.
AT_ONCE = asyncio.Semaphore(2 * (os.cpu_count() or 1))
PATIENCE = 120  # seconds, after which the next may start, whatever this one does


class InTurn:
    """Waits for its turn, starts, and gives the turn on when the server answers."""

    async def start(self):
        async with AT_ONCE:
            ip, port = await super().start()
            for _ in range(5 * PATIENCE):
                if can_connect(ip, port):
                    break
                if await self.poll() is not None:
                    raise RuntimeError("The learner's server ended while it started.")
                await asyncio.sleep(0.2)
        return ip, port


class InOwnAccount(InTurn, LocalProcessSpawner):
    """A process of the account that accounts.py made for the learner."""

    def make_preexec_fn(self, name):
        return super().make_preexec_fn(account(name))

    def user_env(self, env):
        return env | dict(USER=account(self.user.name), HOME=self.home().pw_dir)

    def home(self):
        return pwd.getpwnam(account(self.user.name))

    def load_state(self, state):
        """Forget a process that is another's: after a reboot, the number may be anybody's."""
        super().load_state(state)
        if self.pid and not self.is_theirs(self.pid):
            self.pid = 0

    def is_theirs(self, pid):
        try:
            return Path(f"/proc/{pid}").stat().st_uid == self.home().pw_uid
        except FileNotFoundError:
            return False


class InOwnUnit(InTurn, SystemdSpawner):
    """The same as a unit of systemd, which limits all that the learner runs together."""


class Together(InTurn, SimpleLocalProcessSpawner):
    """A trial: all under the account of who started the hub."""
