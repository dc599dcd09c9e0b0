"""A JupyterHub configured like the chart's, with the hub's part of values.yaml.

There is no proxy, and a learner's server only sleeps.
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
