"""The configuration of a JupyterHub as the chart's is: with what values.yaml says of the hub.

The proxy is left out, and what is started for a learner only sleeps.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from no_proxy import NoProxy

c = get_config()  # noqa: F821  (JupyterHub brings it)
for name, settings in json.loads(os.environ["HUB_CONFIG"]).items():
    c[name].update(settings)
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = json.loads(os.environ.get("SPAWN", '["sleep", "infinity"]'))
c.JupyterHub.hub_port = int(os.environ["HUB_PORT"])
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
