"""A hub that doesn't run as root: all in one account, and still no page can attack its visitors."""

import pytest

pytest.importorskip("jupyterhub", reason="JupyterHub is not for Windows")
from .people import SECRET, A, B
from .rogue import MARK, Visit
from .room import trial

pytestmark = [pytest.mark.elsewhere, pytest.mark.xdist_group("trial")]

# As a program would that wants to outlive its parent.
DETACH = """
import os
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execv("/bin/sleep", ["sleep", {seconds!r}])
    os._exit(0)
"""


@pytest.fixture(scope="module")
def people():
    with trial() as machine, machine.running():
        people = Visit(machine)
        try:
            people.start()
            yield people
        finally:
            people.close()


def test_a_page_of_a_learners_is_for_that_learner_alone(people):
    assert MARK in people.get(f"/user/{A}/x", people.a)[2]
    status, _, text = people.get(f"/user/{A}/x", people.b)
    assert (status, MARK in text) == (403, False)
    assert people.get(f"/user/{B}/files/mine.txt", people.b)[2] == SECRET


def test_a_server_that_is_stopped_leaves_nothing_running(people):
    kernel = people.do(people.b.reopen(people.do(people.b.api("kernels"))[0]["id"]))
    people.do(kernel.run(DETACH.format(seconds="86421")))
    people.until(lambda: running(people.room, "86421"))
    people.stop(people.b)
    assert not running(people.room, "86421")
    assert MARK in people.get(f"/user/{A}/x", people.a)[2]  # nobody else's


def running(machine, seconds):
    return f"sleep {seconds}" in machine.run("ps", "-eo", "args").splitlines()
