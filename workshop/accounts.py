"""Who may sign in: a name, a password and, the first time, the class password.

A name belongs to whoever took it first. Its file, hub/names/<name>, holds the password's hash. It
is created in one step that fails if it exists, so two people can't take one name at once.
"""

import asyncio
import pwd
import re
import subprocess
from collections import defaultdict
from pathlib import Path
from secrets import compare_digest
from types import SimpleNamespace

import gate
from brake import Budget
from jupyter_server.auth import passwd, passwd_check
from jupyterhub.auth import Authenticator, LocalAuthenticator
from passwords import read
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets import Unicode

NAME = re.compile(r"[a-z][a-z0-9-]{1,19}")  # 20 letters: Linux allows 32, with "class-" before them
SHORTEST = 8
NOBODY = passwd("")  # so that refusing an unknown name takes just as long


def account(name: str) -> str:
    """This learner's account on the machine, never one that was there before."""
    return f"class-{name}"


class ClassAuthenticator(LocalAuthenticator):
    """Signs learners up and in; creates their accounts if the hub runs as root."""

    state = Unicode(help="the folder with the names and the passwords of the class").tag(
        config=True
    )

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        gate.secret(Path(self.state))  # made here, before the proxy reads it
        # Wrong passwords, whoever sends them from wherever. README.md says how long guessing takes.
        self.of_class = Budget(15, seconds=4, reserve=5)
        self.of_anybody = Budget(20, seconds=3, reserve=5)
        self.of_name = defaultdict(lambda: Budget(10, seconds=30))
        self.of_owner = defaultdict(lambda: Budget(10, seconds=30))
        self.in_turn = asyncio.Lock()  # otherwise many guesses pass before the first is counted

    def get_handlers(self, app):
        return gate.HANDLERS

    def normalize_username(self, username):
        return username.strip().lower()

    def validate_username(self, username):
        return NAME.fullmatch(username) is not None

    async def authenticate(self, handler, data):
        name = self.normalize_username(data.get("username", ""))
        own, of_class = data.get("password", ""), data.get("class_password", "").strip()
        if not self.validate_username(name):
            raise HTTPError(
                400,
                "A name has 2 to 20 characters: a letter first, then letters a to z, digits or -.",
            )
        file = Path(self.state, "names", name)
        if await self.is_own(handler, file, own):
            return name
        role = self.role(of_class, handler.request.remote_ip)
        if role is None:
            raise HTTPError(
                403,
                "That isn't the class password."
                if of_class
                else "Wrong name or password. If you are new, you also need the class password.",
            )
        if file.exists() or (self.create_system_users and self.is_of_before(name)):
            raise HTTPError(
                403,
                f"{name} is taken, and has a different password. If that isn't you, choose "
                "a different name.",
            )
        if len(own) < SHORTEST:
            raise HTTPError(400, f"Your own password needs at least {SHORTEST} characters.")
        hashed = await IOLoop.current().run_in_executor(None, passwd, own)
        try:
            with file.open("x") as new:
                new.write(hashed)
        except FileExistsError:
            raise HTTPError(403, f"{name} has just been taken. Choose a different name.") from None
        return {"name": name, "admin": role == "instructor"}

    async def is_own(self, handler, file, own):
        """Does the name exist, and is this its password?"""
        if not file.exists():
            await IOLoop.current().run_in_executor(None, passwd_check, NOBODY, own)
            return False
        # In a browser where the learner has been, wrong guesses elsewhere count for nothing.
        if gate.knows(handler, file.name):
            budgets = [self.of_owner[file.name]]
        else:
            budgets = [self.of_name[file.name], self.of_anybody]
        address = handler.request.remote_ip
        async with self.in_turn:
            for budget in budgets:
                self.check(budget, address)
            right = await IOLoop.current().run_in_executor(
                None, passwd_check, file.read_text(), own
            )
            if not right:
                for budget in budgets:
                    budget.spend(address)
        return right

    def role(self, password, address):
        """Whose password this is, "class" or "instructor"; None if nobody's."""
        if not password:
            return None
        self.check(self.of_class, address)
        words = read(Path(self.state))
        given = password.encode()
        role = next((who for who in words if compare_digest(words[who].encode(), given)), None)
        if role is None:
            self.of_class.spend(address)
        return role

    def check(self, budget, address):
        wait = budget.wait(address)
        if wait:
            self.log.warning("Too many wrong passwords; this one came from %s", address)
            raise HTTPError(429, f"Too many wrong passwords. Try again in {wait} seconds.")

    # LocalAuthenticator makes the account; here, under a name that nobody else has ---------------

    def system_user_exists(self, user):
        return self.is_on_the_machine(user.name)

    def is_on_the_machine(self, name):
        try:
            pwd.getpwnam(account(name))
        except KeyError:
            return False
        return True

    def is_of_before(self, name):
        """Is there an account or a home left over from a different class?"""
        return self.is_on_the_machine(name) or Path("/home", account(name)).exists()

    async def add_user(self, user):
        """Runs at a learner's first visit and, when the hub starts, for everyone it remembers."""
        if self.create_system_users and Path(self.state, "names", user.name).exists():
            await super().add_user(user)
        else:  # a trial, or a learner who was removed
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
        """For a machine to which only the hub's folder and the homes were copied."""
        if self.create_system_users and not self.system_user_exists(user):
            self.add_system_user(user)
