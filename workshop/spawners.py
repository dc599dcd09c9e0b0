"""Where a learner's JupyterLab runs: in their own account, a few starting at a time."""

import asyncio
import os
import pwd
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
from accounts import account
from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner
from jupyterhub.utils import can_connect
from systemdspawner import SystemdSpawner

# A start takes two seconds of a core. If forty start at once, all wait for the last one; in turn,
# half of them wait at most half as long.
AT_ONCE = asyncio.Semaphore(2 * (os.cpu_count() or 1))
PATIENCE = 120  # seconds before the next may start, whatever this one does


def end_account(uid: int, gid: int) -> None:
    """Kill everything the account runs in one stroke, so that nothing can restart meanwhile."""
    kill = ["/bin/sh", "-c", "kill -KILL -1"]  # run by the account, it reaches all its processes
    subprocess.run(kill, user=uid, group=gid, extra_groups=[], stderr=subprocess.DEVNULL)


def end_home(home: str) -> None:
    """All processes of this account with this home, as far as their environment still says so."""

    def theirs(process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return process.environ().get("HOME") == home
        return False

    for _ in range(20):  # they may start more in the meantime
        left = list(filter(theirs, psutil.process_iter()))
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if not left:
            break
        time.sleep(0.1)


class InTurn:
    """Waits for its turn, starts, and passes the turn on when the server answers."""

    async def run_post_stop_hook(self):
        """However the server ended, end whatever it has left running."""
        await asyncio.to_thread(self.end_the_rest)

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


class InRoom(InTurn):
    """Runs in the account that accounts.py made for the learner, where nothing else runs."""

    def home(self):
        return pwd.getpwnam(account(self.user.name))

    def end_the_rest(self):
        with suppress(KeyError):  # a learner may have been removed
            end_account(self.home().pw_uid, self.home().pw_gid)


class InOwnAccount(InRoom, LocalProcessSpawner):
    """A process of that account."""

    def make_preexec_fn(self, name):
        return super().make_preexec_fn(account(name))

    def user_env(self, env):
        return env | dict(USER=account(self.user.name), HOME=self.home().pw_dir)

    def load_state(self, state):
        """Forget a process that isn't ours: after a reboot, its number may belong to anybody."""
        super().load_state(state)
        if self.pid and not self.is_theirs(self.pid):
            self.pid = 0

    def is_theirs(self, pid):
        try:
            return Path(f"/proc/{pid}").stat().st_uid == self.home().pw_uid
        except FileNotFoundError:
            return False


class InOwnUnit(InRoom, SystemdSpawner):
    """The same, as a systemd unit, which limits everything the learner runs as a whole."""


class Together(InTurn, SimpleLocalProcessSpawner):
    """A trial: everybody runs under the account of whoever started the hub."""

    def end_the_rest(self):
        end_home(self.home_dir)
