"""Which browser is whose: the hub's own cookies, in addition to JupyterHub's.

One is for the proxy, which shows a learner's server to that learner alone (proxy/gate.mjs). The
other stays in a browser for months and says that its owner has been here before: whoever guesses
their password elsewhere can't shut them out.
"""

import hmac
import os
import secrets
import time
from pathlib import Path

from jupyterhub.handlers.login import LoginHandler, LogoutHandler

TICKET = "stepsize-gate"
KNOWN = "stepsize-known-"
DAYS, MONTHS = 14, 180  # the first is that of JupyterHub's own cookie


def secret(state: Path) -> bytes:
    """The secret, kept so that nobody has to sign in again when the hub restarts."""
    file = state / "gate_secret"
    if not file.exists():
        half = file.with_suffix(".half")
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(secrets.token_bytes(32))
        half.replace(file)
    return file.read_bytes()


def ticket(state: Path, name: str) -> str:
    """NAME.UNTIL.MARK: names have no dot."""
    said = f"{name}.{int(time.time()) + DAYS * 24 * 3600}"
    return f"{said}.{hmac.new(secret(state), said.encode(), 'sha256').hexdigest()}"


def knows(handler, name: str) -> bool:
    """Has this learner signed in here before?"""
    return handler.get_signed_cookie(KNOWN + name, max_age_days=MONTHS) == name.encode()


class Login(LoginHandler):
    def set_login_cookie(self, user):
        super().set_login_cookie(user)
        shared = dict(httponly=True, samesite="Lax", secure=self.request.protocol == "https")
        value = ticket(Path(self.authenticator.state), user.name)
        self.set_cookie(TICKET, value, expires_days=DAYS, **shared)
        value = self.create_signed_value(KNOWN + user.name, user.name)
        there = self.settings["login_url"]
        self.set_cookie(KNOWN + user.name, value, expires_days=MONTHS, path=there, **shared)


class Logout(LogoutHandler):
    def clear_login_cookie(self, name=None):
        super().clear_login_cookie(name)
        self.clear_cookie(TICKET)


HANDLERS = [("/login", Login), ("/logout", Logout)]
