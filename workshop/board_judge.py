"""Runs an answer once more, in a place where there is nothing to read or steal.

An answer travels as cloudpickle, which is code. So the board, before it gives up root, starts this
program, which keeps root, opens no port, holds no token, and never unpickles. It only starts a
Python in an account that owns nothing, has no network and sees no other process. It runs one answer
at a time; before the next one, everything this account still runs is killed.
"""

import json
import pwd
import subprocess
import sys

from stepsize.checks.catalog import EXERCISES
from stepsize.checks.report import SandboxError
from stepsize.checks.sandbox import run
from stepsize.learner.verdict import BROKEN, RIGHT, UNTRIED, WRONG

MEMORY = 1500 * 2**20  # bytes per process: an answer may import torch
PROCESSES = 16


def ids(account: str) -> tuple[int, int]:
    """The user and the group of an account, given by its name or as a number."""
    if account.isdigit():
        return int(account), int(account)
    entry = pwd.getpwnam(account)
    return entry.pw_uid, entry.pw_gid


def make(account: str) -> None:
    """Create the account on this machine if it doesn't exist. Nobody can log in to it."""
    try:
        ids(account)
    except KeyError:
        nobody = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        subprocess.run(["useradd", *nobody, account], check=True)


def as_account(account: str) -> list[str]:
    """The command that starts another command as that account, with no further rights."""
    uid, gid = ids(account)
    return [
        *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
        *("--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--pdeathsig=KILL"),
    ]


def apart(account: str) -> list[str]:
    """The same, in isolation. Everything but nice comes from util-linux."""
    return [
        *("nice", "-n", "19"),  # learners' kernels go first
        *("choom", "-n", "1000", "--"),  # short of memory? This goes first
        *("prlimit", f"--data={MEMORY}", f"--nproc={PROCESSES}"),
        *("--fsize=0", "--core=0"),  # writes no file anywhere
        *("unshare", "--net", "--ipc", "--pid", "--fork", "--mount-proc"),
        *as_account(account),
    ]


def works(account: str) -> str:
    """Why an answer can't be run in isolation here; empty if it can."""
    try:
        command = [*apart(account), sys.executable, "-c", "import stepsize.checks.worker"]
        done = subprocess.run(command, capture_output=True, text=True, env=clean(), cwd="/")
    except OSError as error:  # no util-linux
        return str(error)
    return done.stderr.strip() if done.returncode else ""


def clean() -> dict[str, str]:
    """The environment of a process that should know nothing."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def kill_all_of(account: str) -> None:
    """End whatever an answer left running. Its namespace ends with it, unless it dodged that."""
    subprocess.run([*as_account(account), "sh", "-c", "kill -9 -1"], env=clean(), cwd="/")


def judge(exercise: str, answer: bytes, account: str) -> bool | None:
    """Whether an answer is right; None if that can't be told because it doesn't run here."""
    try:
        report = run(exercise, answer, EXERCISES[exercise].seconds, apart(account))
        status = report.message["verdict"]["status"] if report.message else BROKEN
        return {RIGHT: True, WRONG: False, UNTRIED: False}.get(status)
    except SandboxError as error:
        print(f"The judge could not start: {error}", file=sys.stderr, flush=True)
    except Exception:  # it isn't a report
        pass
    finally:
        kill_all_of(account)
    return None


def main(account: str) -> None:
    """A line of JSON and an answer in, a line of JSON out, until the board ends."""
    while header := sys.stdin.buffer.readline():
        job = json.loads(header)
        verdict = judge(job["exercise"], sys.stdin.buffer.read(job["size"]), account)
        print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
