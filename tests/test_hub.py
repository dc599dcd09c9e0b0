"""The room's hub, really running: who stays outside, and what a learner inside can't reach.

A and B are learners. B works, and A attacks, with all that a learner has: cookies, a kernel.
"""

import os
import secrets
import subprocess
import sys

import pytest

pytest.importorskip("jupyterhub", reason="JupyterHub is not for Windows")

from .people import IN, SECRET, A, B, Class, load, ports
from .room import ROOT, room

pytestmark = [pytest.mark.elsewhere, pytest.mark.xdist_group("hub")]  # one hub for all


@pytest.fixture(scope="module")
def people():
    with room() as machine, machine.running():
        people = Class(machine)
        try:
            people.start()
            yield people
        finally:
            people.close()


# --- Outside ------------------------------------------------------------------------------------

PAGES = ["", "/hub/home", "/hub/spawn", "/hub/admin", "/hub/token", f"/hub/spawn/{B}"]
PAGES += [f"/user/{B}/{rest}" for rest in ("", "lab", "lab/tree/mine.txt", "files/mine.txt")]
CLOSED = ["/hub/api/users", "/hub/api/info", "/hub/api/proxy", f"/hub/api/users/{B}"]
CLOSED += ["/hub/metrics", "/hub/api/services"]
CLOSED += [f"/user/{B}/api/{rest}" for rest in ("contents", "kernels", "sessions", "terminals")]


@pytest.mark.parametrize("path", PAGES)
def test_without_a_password_every_page_is_the_login(people, path):
    assert people.get(path)[1] == "/hub/login"


@pytest.mark.parametrize("path", CLOSED)
def test_without_a_password_programs_are_refused(people, path):
    status, _, text = people.get(path)
    assert status in (401, 403), text
    assert people.get(path, Authorization="token guessed")[0] in (401, 403)


def test_signing_up_takes_the_password_of_the_class(people):
    assert people.sign_up("carla", "a good password", "") == 403
    assert people.sign_up("carla", "a good password", "a wrong guess") == 403
    assert people.sign_up("carla", "short", people.word) == 400
    assert people.sign_up("carla", "a good password", people.word) == IN


@pytest.mark.parametrize("name", ["../root", "x", "Ä", "a b", "a" * 21, "-a", ""])
def test_a_name_is_harmless_or_no_name(people, name):
    assert people.sign_up(name, "a good password", people.word) == 400


def test_an_account_of_the_machine_is_never_a_learners(people):
    assert people.sign_up("root", "a good password", people.word) == IN
    assert people.room.run("id", "-u", "class-root") != "0\n"


def test_nobody_takes_a_name_that_is_taken(people):
    assert people.sign_up(B, "not B's password", people.word) == 403
    assert people.sign_up(B.upper(), "not B's password", people.word) == 403
    assert people.sign_up(B, people.b.password, "") == IN  # B comes again


def test_the_account_of_an_earlier_class_is_not_handed_on(people):
    people.room.run("useradd", "class-dora")
    people.room.run("mkdir", "/home/class-doro")
    assert people.sign_up("dora", "a good password", people.word) == 403
    assert people.sign_up("doro", "a good password", people.word) == 403


def test_the_instructors_password_makes_an_instructor(people):
    async def users(name, word):
        async with load.Learner(people.url, name, "a good password") as who:
            assert await who.sign_up(word) == IN
            async with who.http.get(who.hub / "hub" / "admin") as page:
                return page.status

    assert people.do(users("eva", people.room.passwords["you"])) == 200
    assert people.do(users("fritz", people.word)) == 403


# --- Inside, by the web -------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in PAGES + CLOSED if B in path or "admin" in path])
def test_a_learner_gets_none_of_somebody_elses_pages(people, path):
    status, _, text = people.get(path, people.a)
    assert status in (403, 404), (status, text)
    assert SECRET not in text


def test_a_learner_gets_their_own(people):
    assert people.get(f"/user/{B}/files/mine.txt", people.b)[2] == SECRET


def test_a_token_opens_no_other_door(people):
    token = people.do(people.in_a.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])"))
    bearer = {"Authorization": f"token {token.strip()}"}
    for path in CLOSED:
        status, _, text = people.get(path, **bearer)
        assert status in (403, 404), (path, status, text)
    status = people.get(f"/user/{A}/api/contents", **bearer)[0]
    assert status == 200


# --- Inside, by the machine ---------------------------------------------------------------------


def attack(people, code):
    """What A's kernel prints, or the name of the exception that it ended in."""
    indented = "\n".join("    " + line for line in code.splitlines())
    return people.do(
        people.in_a.run(f"try:\n{indented}\nexcept Exception as e:\n    print(type(e).__name__)")
    ).strip()


OF_B = f"""import os, pwd
uid = pwd.getpwnam('class-{B}').pw_uid
of_b = [p for p in os.listdir('/proc') if p.isdigit() and os.stat('/proc/' + p).st_uid == uid]
assert len(of_b) >= 2"""


@pytest.mark.parametrize(
    "code",
    [
        f"print(open('/home/class-{B}/my-work/mine.txt').read())",
        f"import os; print(os.listdir('/home/class-{B}'))",
        "import os; print(os.listdir('/var/lib/stepsize/hub'))",
        "print(open('/var/lib/stepsize/hub/hub.sqlite', 'rb').read(9))",
        "print(open('/var/lib/stepsize/hub/passwords.json').read())",
        "import socket\n"
        "socket.socket(socket.AF_UNIX).connect('/var/lib/stepsize/hub/proxy.sock')\n"
        "print('connected')",
        "import stepsize; open(stepsize.__file__, 'a')",
        f"import pwd, os; os.setuid(pwd.getpwnam('class-{B}').pw_uid)",
        f"{OF_B}\nfor p in of_b:\n    open('/proc/' + p + '/environ').read(); print('read')",
        f"{OF_B}\nfor p in of_b:\n    os.kill(int(p), 15); print('killed')",
    ],
)
def test_the_machine_says_no(people, code):
    assert attack(people, code) == "PermissionError"


@pytest.mark.parametrize("what", ports.BESIDE)
def test_nobody_poses_as_the_hub_while_it_is_away(people, what):
    """Only root can take its ports: the proxy's, and the hub's and board's, which get tokens."""
    port = ports.beside(people.room.port)[what]
    code = f"import socket; socket.socket().bind(('127.0.0.1', {port})); print('bound')"
    assert attack(people, code) == "PermissionError"


def test_a_file_in_tmp_is_its_writers(people):
    people.do(people.in_b.run(f"open('/tmp/stepsize-b', 'w').write({SECRET!r})"))
    try:
        assert attack(people, "print(open('/tmp/stepsize-b').read())") == "PermissionError"
    finally:
        os.unlink("/tmp/stepsize-b")


LISTEN = """
import time, zmq
ports = {int(line.split()[1].split(":")[1], 16) for line in open("/proc/net/tcp").readlines()[1:]
         if line.split()[3] == "0A"}
context = zmq.Context()
sockets = [context.socket(zmq.SUB) for _ in ports]
for socket, port in zip(sockets, ports):
    socket.subscribe(b"")
    socket.connect(f"tcp://127.0.0.1:{port}")
end, heard = time.time() + 3, []
while time.time() < end:
    for socket in sockets:
        if socket.poll(0):
            heard.append(socket.recv_multipart())
    time.sleep(0.05)
context.destroy(0)
print(len(ports) > 1, heard)
"""


def test_nobody_hears_what_somebody_elses_kernel_says(people):
    """Kernels that listen on ports would tell anyone who asks, without a password."""
    word = secrets.token_hex()
    speak = f"import time\nfor _ in range(30):\n    print({word!r}, flush=True); time.sleep(0.1)"
    heard, said = people.do(people.in_a.run(LISTEN), people.in_b.run(speak))
    assert word in said
    assert heard.startswith("True [")
    assert word not in heard


def test_memory_that_is_too_much_is_refused_and_the_kernel_lives(people):
    assert attack(people, "import numpy; numpy.ones(2 * 10**8)") in (
        "MemoryError",
        "_ArrayMemoryError",
    )
    assert attack(people, "print(1)") == "1"


def test_processes_are_counted(people):
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NPROC))"
    assert attack(people, code) == "(500, 500)"


def test_a_second_hub_says_that_one_runs_and_touches_nothing(people):
    pid = people.room.run("cat", "/var/lib/stepsize/hub/hub.pid")
    second = [sys.executable, str(ROOT / "workshop" / "hub.py"), f"--port={people.room.port}"]
    done = subprocess.run([*people.room.inside, *second], capture_output=True, text=True)
    words = f"A hub is already running: {people.room.url} (process {pid})."
    words += " To stop it: sudo python3 run.py hub stop\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", words)
    assert people.room.run("cat", "/var/lib/stepsize/hub/hub.pid") == pid
    assert people.get("/hub/health")[0] == 200


DETACH = """
import os
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execve("/bin/sleep", ["sleep", "86421"], {})
    os._exit(0)
"""


def test_a_server_that_is_stopped_leaves_nothing_running(people):
    """Not even a process that has left its session, its parent and its environment behind."""
    carl = people.do(people.learner("carl"))
    kernel = people.do(people.come(carl))
    people.do(kernel.run(DETACH))
    people.until(lambda: "sleep" in of(people, "class-carl"))
    people.stop(carl)
    assert of(people, "class-carl") == ""
    assert "python" in of(people, f"class-{B}")  # nobody else's
    people.do(carl.__aexit__())


def of(people, account):
    """The programs that run in it."""
    lines = people.room.run("ps", "-eo", "user:30,stat,comm").splitlines()
    return " ".join(line for line in lines if line.startswith(account) and "<defunct>" not in line)


# --- The hub stops and starts: last, because it ends the others' fixture --------------------------


def test_work_goes_on_while_the_hub_restarts_and_is_kept_when_everything_stops(people):
    machine = people.room
    people.do(people.in_b.run("kept = 42"))
    kernels = people.do(people.b.api("kernels"))
    end = "kill $1; while kill -0 $1; do sleep 0.1; done"
    machine.run("bash", "-c", end, "end", machine.run("cat", "/var/lib/stepsize/hub/hub.pid"))
    with machine.running():
        kernel = people.do(people.b.reopen(kernels[0]["id"]))
        assert people.do(kernel.run("print(kept)")) == "42\n"
        assert "the hub has stopped" in machine.hub("stop").lower()
    left = machine.run("ps", "-eo", "user:30,stat,args").splitlines()
    assert not [line for line in left if line.startswith("class-") and "<defunct>" not in line]
    machine.run("userdel", f"class-{B}")  # as if a backup were restored on another machine,
    machine.run("useradd", "somebody")  # which gave B's number to another

    async def come_back():
        async with load.Learner(people.url, B, people.b.password) as again:
            assert await again.sign_up("") == IN
            await again.start()
            return (await again.api("contents/mine.txt"))["content"]

    with machine.running():
        assert people.do(come_back()) == SECRET
        new = machine.hub("reset", B).split()[-1]
        assert people.sign_up(B, people.b.password, "") == 403
        assert people.sign_up(B, new, "") == IN
        machine.hub("remove", B, say="yes\n")
        assert people.sign_up(B, "a new one's password", people.word) == IN
        assert f"class-{B}" not in machine.run("ls", "/home")  # nothing is handed on
        machine.hub("remove", B, say="yes\n")
    with machine.running():  # a restart doesn't bring them back
        assert f"class-{B}" not in machine.run("ls", "/home")
