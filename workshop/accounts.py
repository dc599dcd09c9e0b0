"""Who may come in: a name and a password of one's own, and once the password of the class.

A name belongs to who took it first. Its file, hub/names/<name>, holds the hash of its password, and
is made in one act that fails where it exists: two can't take one name at the same moment.
"""

import pwd
import re
import subprocess
import time
from collections import defaultdict, deque
from pathlib import Path
from secrets import compare_digest
from types import SimpleNamespace

from jupyter_server.auth import passwd, passwd_check
from jupyterhub.auth import Authenticator, LocalAuthenticator
from passwords import read
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets import Unicode

NAME = re.compile(r"[a-z][a-z0-9-]{1,19}")  # 20 letters: Linux allows 32, with "class-" before them
SHORTEST = 8
GUESSES, WITHIN = 10, 60  # wrong passwords for a name, or from an address, and in how many seconds
NOBODY = passwd("")  # so that a name that is not taken takes as long to turn away


def account(name: str) -> str:
    """The account of the machine that is this learner's: never one that was there before."""
    return f"class-{name}"


class Brake:
    """Ten wrong guesses a minute, and then none for the rest of it."""

    def __init__(self) -> None:
        self.wrong: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=GUESSES))

    def check(self, key: str) -> None:
        times = self.wrong[key]
        if len(times) == GUESSES and time.monotonic() - times[0] < WITHIN:
            raise HTTPError(429, f"Too many wrong passwords. Wait {WITHIN} seconds.")

    def count(self, key: str) -> None:
        self.wrong[key].append(time.monotonic())


class ClassAuthenticator(LocalAuthenticator):
    """Signs learners up and in; makes their accounts where the hub is root's."""

    state = Unicode(help="the folder with the names and the passwords of the class").tag(
        config=True
    )

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.brake = Brake()

    def normalize_username(self, username):
        return username.strip().lower()

    def validate_username(self, username):
        return NAME.fullmatch(username) is not None

    async def authenticate(self, handler, data):
        name = self.normalize_username(data.get("username", ""))
        own, of_class = data.get("password", ""), data.get("class_password", "").strip()
        if not self.validate_username(name):
            raise HTTPError(
                400, "A name has 2 to 20 of the letters a to z, digits and -, first a letter."
            )
        file = Path(self.state, "names", name)
        # Who guesses one learner's password is slowed by the name; who guesses that of the class,
        # by where they are: else they could lock everybody out.
        key = f"name {name}" if file.exists() else f"address {handler.request.remote_ip}"
        self.brake.check(key)
        hashed = file.read_text() if file.exists() else NOBODY
        right = await IOLoop.current().run_in_executor(None, passwd_check, hashed, own)
        if right and file.exists():
            return name
        role = self.role(of_class)
        if role is None:
            self.brake.count(key)
            raise HTTPError(
                403,
                "That is not the password of the class."
                if of_class
                else "Wrong name or password. Here for the first time? Then the password of the"
                " class is needed, too.",
            )
        if file.exists() or (self.create_system_users and self.is_of_before(name)):
            self.brake.count(key)
            raise HTTPError(
                403, f"{name} is taken, and has another password. Is it not you? Take another name."
            )
        if len(own) < SHORTEST:
            raise HTTPError(400, f"Your own password needs {SHORTEST} characters or more.")
        hashed = await IOLoop.current().run_in_executor(None, passwd, own)
        try:
            with file.open("x") as new:
                new.write(hashed)
        except FileExistsError:
            raise HTTPError(403, f"{name} was taken this moment. Take another name.") from None
        return {"name": name, "admin": role == "instructor"}

    def role(self, password):
        """Whose password this is, "class" or "instructor"; None if nobody's."""
        words = read(Path(self.state))
        given = password.encode()
        return next((who for who in words if compare_digest(words[who].encode(), given)), None)

    # LocalAuthenticator makes the account; here, under a name that is nobody else's --------------

    def system_user_exists(self, user):
        return self.is_on_the_machine(user.name)

    def is_on_the_machine(self, name):
        try:
            pwd.getpwnam(account(name))
        except KeyError:
            return False
        return True

    def is_of_before(self, name):
        """Is there an account, or a home, that another class has left?"""
        return self.is_on_the_machine(name) or Path("/home", account(name)).exists()

    async def add_user(self, user):
        """At somebody's first visit; and when the hub starts, for all whom it remembers."""
        if self.create_system_users and Path(self.state, "names", user.name).exists():
            await super().add_user(user)
        else:  # a trial; or a learner who was removed
            Authenticator.add_user(self, user)

    def add_system_user(self, user):
        super().add_system_user(SimpleNamespace(name=account(user.name)))
        owner = pwd.getpwnam(account(user.name))
        home = Path(owner.pw_dir)
        if home.stat().st_uid != owner.pw_uid:  # it came from a backup
            whose = f"{owner.pw_uid}:{owner.pw_gid}"
            subprocess.run(["chown", "--recursive", "--no-dereference", whose, home], check=True)
        home.chmod(0o700)

    def pre_spawn_start(self, user, spawner):
        """On a machine to which only the hub's folder and the homes were brought."""
        if self.create_system_users and not self.system_user_exists(user):
            self.add_system_user(user)
