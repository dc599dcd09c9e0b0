"""The configuration of a JupyterHub with a class board and no proxy.

ann is a learner and teacher an admin. The service `test` may make tokens for them, as the hub does
for their servers.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from no_proxy import NoProxy

see = "access:services!service=board"
c = get_config()  # noqa: F821  (JupyterHub brings it)
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allowed_users = {"ann"}
c.Authenticator.admin_users = {"teacher"}
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.hub_port = int(os.environ["HUB_PORT"])
c.JupyterHub.services = [
    dict(name="test", api_token=os.environ["TEST_TOKEN"]),
    dict(
        name="board",
        url=os.environ["BOARD_URL"],
        command=[sys.executable, str(Path(__file__).parents[1] / "workshop" / "board.py")],
        environment={name: os.environ[name] for name in os.environ if "STEPSIZE_BOARD" in name},
    ),
]
c.JupyterHub.load_roles = [
    dict(name="test", services=["test"], scopes=["tokens", "list:users"]),
    dict(name="board", services=["board"], scopes=["list:users"]),
    dict(name="user", scopes=["self", see]),
]
