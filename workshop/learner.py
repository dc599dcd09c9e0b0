"""Started by the hub, as the learner: prepares their copies, and runs their JupyterLab.

It runs with the learner's rights and no more, so it can write only where the learner may.
"""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

from stepsize.command import lab
from stepsize.command.copies import Copies
from stepsize.command.programs import environment

COURSE = Path(__file__).resolve().parents[1]
MY_WORK = Path.home() / "my-work"


def keep_within(memory: int) -> None:
    """Limits that no process of this learner can raise: this much memory each, 500 in all."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NPROC, (500, 500))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def settings() -> Path:
    """JupyterLab's kernel without the debugger, which would listen on a port others can reach."""
    page = "settings/page_config.json"
    config = json.loads((lab.SETTINGS / page).read_text())
    config["disabledExtensions"].append("@jupyterlab/debugger-extension")
    return lab.settings(MY_WORK, instead={page: json.dumps(config).encode()})


def main(room: bool) -> None:
    os.umask(0o077)
    if room and sys.platform == "linux":
        keep_within(int(os.environ["MEM_LIMIT"]))
    MY_WORK.mkdir(exist_ok=True)
    os.chdir(MY_WORK)
    copies = Copies(COURSE, MY_WORK)
    try:
        list(copies.hand_out())  # the notebooks say what is new in them
    except OSError as error:  # a full disk, say: they must get in to make room
        print(f"The course's new notebooks can't be handed out: {error}", file=sys.stderr)
    env = environment(MY_WORK)
    env |= {name: value for name, value in os.environ.items() if name.startswith("JUPYTERHUB_")}
    runtime = Path.home() / ".run"  # short: a socket's path has at most 107 letters
    env |= dict(STEPSIZE_HOME=str(MY_WORK), JUPYTER_RUNTIME_DIR=str(runtime))
    env |= dict(TMPDIR=str(Path.home() / ".tmp"), SHELL="/bin/bash", OMP_NUM_THREADS="1")
    Path(env["TMPDIR"]).mkdir(exist_ok=True)
    command = [sys.executable, "-m", "jupyterhub.singleuser", f"--ServerApp.root_dir={MY_WORK}"]
    command += [f"--LabApp.app_settings_dir={settings() / 'settings'}", "--LabApp.custom_css=True"]
    command += [f"--ServerApp.default_url=/lab/tree/{quote(copies.last())}"]
    command += ["--Application.log_level=WARN"]
    command += ["--LanguageServerManager.autodetect=False"]  # it would search in vain
    if room:  # kernels use sockets in the learner's folder; anyone can reach a port
        command += ["--KernelManager.transport=ipc"]
    log = os.open(MY_WORK / ".jupyter" / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.execve(command[0], command, env)


if __name__ == "__main__":
    main(room="--room" in sys.argv)
