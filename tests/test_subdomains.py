"""Each learner has a subdomain, so the browser keeps a learner's page away from the hub's."""

import subprocess
import sys

import pytest

pytest.importorskip("jupyterhub", reason="JupyterHub is not for Windows")
from .jupyter import chromium
from .people import A, B, sign_in
from .rogue import CONFIG, MARK, program
from .room import ROOT, room

OWN = "a password of one's own"


@pytest.fixture(scope="module")
def hub():
    with room() as machine, machine.running(f"--subdomains=http://localhost:{machine.port}"):
        yield machine


@pytest.mark.elsewhere
def test_a_learners_page_reads_nothing_of_the_hubs(hub):
    here = f"http://localhost:{hub.port}"  # in Chromium, every name before .localhost works
    of_a, of_b = (f"http://{name}.localhost:{hub.port}/user/{name}" for name in (A, B))
    word = hub.passwords["learners"]
    with chromium() as browser:
        victim, attacker = (browser.new_context().new_page() for _ in (A, B))
        sign_in(victim, here, B, OWN, word)
        victim.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        assert victim.url.startswith(of_b)  # JupyterLab works, and its kernel's websocket
        sign_in(attacker, here, A, OWN, word)
        hub.run("tee", f"/home/class-{A}/{CONFIG}", say=program(here))
        attacker.goto(f"{here}/hub/home")
        attacker.click("#stop")
        attacker.locator("#stop").wait_for(state="hidden")
        attacker.goto(f"{here}/hub/spawn")
        attacker.wait_for_function("document.title.startsWith('served by A')")
        victim.goto(f"{of_a}/x")
        victim.wait_for_function("document.title != 'waits'")
        assert victim.title() == f"{MARK}: TypeError: Failed to fetch"
        victim.goto(f"http://{A}.localhost:{hub.port}/hub/home")
        assert victim.url == f"{here}/hub/home"  # the hub can't be reached under a learner's name


@pytest.mark.parametrize(
    "wrong",
    ["class.example.org", "https://", "https://10.0.0.1", "https://a.org/hub", "ftp://a.org"],
)
def test_what_is_not_a_name_gets_words(wrong):
    command = [sys.executable, str(ROOT / "workshop" / "hub.py"), "--subdomains", wrong]
    said = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert said.returncode == 2
    assert "like https://class.example.org" in said.stderr
