"""JupyterHub for one room. Started by `python run.py hub`; workshop/README.md is the guide."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
STATE = Path(os.environ["STEPSIZE_HUB"])
ROOM = os.geteuid() == 0  # otherwise a trial
SYSTEMD = ROOM and Path("/run/systemd/system").exists()
MINUTE = 60

c = get_config()  # noqa: F821  (JupyterHub brings it)

# accounts.py decides who gets in. Nobody sees more than the sign-in page without signing up.
c.JupyterHub.authenticator_class = "accounts.ClassAuthenticator"
c.ClassAuthenticator.state = str(STATE)
c.ClassAuthenticator.allow_all = True
c.ClassAuthenticator.create_system_users = ROOM
# No shell, so that a learner can't bypass the hub with ssh.
c.ClassAuthenticator.add_user_cmd = ["useradd", "--create-home", "--shell", "/usr/sbin/nologin"]
c.JupyterHub.template_paths = [str(HERE / "templates")]

# The hub's own folder is closed to learners, and so is the socket of its proxy.
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.ConfigurableHTTPProxy.api_url = (
    "http+unix://proxy.sock"  # relative to STATE, where the hub runs, to keep it short
)
node, _ = os.environ["STEPSIZE_PROXY"].split("\n")
c.ConfigurableHTTPProxy.command = [node, str(HERE / "proxy" / "gate.mjs")]
c.ConfigurableHTTPProxy.log_level = "warn"
c.JupyterHub.bind_url = os.environ["STEPSIZE_URL"]
c.JupyterHub.hub_port = int(os.environ["STEPSIZE_HUB_PORT"])
c.JupyterHub.trusted_downstream_ips = ["127.0.0.1"]  # the proxy, which says who is asking

# A name for each learner if there is a wildcard, so that the browser keeps them apart.
if os.environ.get("STEPSIZE_SUBDOMAINS"):
    c.JupyterHub.subdomain_host = os.environ["STEPSIZE_SUBDOMAINS"]
    # No learner's page can then set a cookie in the hub's name.
    c.JupyterHub.cookie_host_prefix_enabled = c.JupyterHub.subdomain_host.startswith("https:")
c.JupyterHub.log_level = "WARN"

# A learner's JupyterLab is learner.py, in their own account.
c.Spawner.cmd = [sys.executable, str(HERE / "learner.py")] + ["--room"] * ROOM
if SYSTEMD:  # limits for everything a learner runs together
    from accounts import account

    c.JupyterHub.spawner_class = "spawners.InOwnUnit"
    c.SystemdSpawner.username_template = account("{USERNAME}")
    c.SystemdSpawner.unit_name_template = account("{USERNAME}")
    c.SystemdSpawner.isolate_tmp = True
    # The address at which a cloud tells its machines their secrets.
    c.SystemdSpawner.unit_extra_properties = {"IPAddressDeny": "169.254.169.254"}
else:  # limits for each of their processes
    c.JupyterHub.spawner_class = "spawners.InOwnAccount" if ROOM else "spawners.Together"
    c.SimpleLocalProcessSpawner.home_dir_template = str(STATE / "homes" / "{username}")
c.Spawner.mem_limit = os.environ.get("STEPSIZE_MEMORY", "2G")
c.Spawner.cpu_limit = 2.0  # with systemd; a lesson uses one
c.Spawner.environment = {
    "OMP_NUM_THREADS": "1"
}  # forty learners with a thread per core would be slow

# Everybody arrives at once. No start times out, however long the queue; spawners.py admits them.
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.start_timeout = c.Spawner.http_timeout = 10 * MINUTE
c.JupyterHub.init_spawners_timeout = MINUTE
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}  # show the waiting page at once

# The hub may be restarted while people work: in a room, their servers keep running.
c.JupyterHub.cleanup_servers = not ROOM

# After two idle hours, longer than lunch, the server ends, and what was saved stays.
c.JupyterHub.services = [
    dict(
        name="idle-culler",
        command=[sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={120 * MINUTE}"],
        environment={"STEPSIZE_HUB": str(STATE)},  # tells processes.py whose it is
    )
]
c.JupyterHub.load_roles = [
    dict(
        name="idle-culler",
        services=["idle-culler"],
        scopes=["list:users", "read:users:activity", "read:servers", "delete:servers"],
    )
]

# The class board, see BOARD.md. If it starts as root, it gives that up by itself. Its port is then
# below 1024 (ports.py), so that no learner can take it while the board is away, and receive others'
# tokens.
port = int(os.environ["STEPSIZE_BOARD_PORT"])
see = "access:services!service=board"
c.JupyterHub.services.append(
    dict(
        name="board",
        url=f"http://127.0.0.1:{port}",
        command=[sys.executable, str(HERE / "board.py")],
        oauth_no_confirm=True,
        environment={
            "STEPSIZE_BOARD_DATA": str(STATE.parent / "board"),
            "STEPSIZE_HUB": str(STATE),
        },
    )
)
c.JupyterHub.load_roles += [
    dict(name="board", services=["board"], scopes=["list:users"]),  # how many are here
    # Less than JupyterHub's "self": nobody needs a token, and nobody shares a server.
    dict(
        name="user",
        scopes=[f"{mine}!user" for mine in ("read:users", "users:activity", "servers")]
        + ["access:servers!user", see],
    ),
    dict(name="server", scopes=["users:activity!user", "access:servers!server", see]),
]
c.Spawner.environment["STEPSIZE_BOARD"] = f"http://127.0.0.1:{port}/services/board/"
