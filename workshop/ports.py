"""The ports of a hub. All follow from the chosen one, so two hubs can run side by side."""

import errno
import socket
from contextlib import suppress

import psutil
from processes import Trouble

# Above the port of the pages, which is the proxy's. The hub holds the last from its first second,
# and never answers there, so a second hub sees that these are taken before the first one listens.
BESIDE = {"pages": 0, "hub": 81, "board": 82, "claim": 83}
HIGHEST = 65535 - max(BESIDE.values())
ROOTS = 1023 - max(BESIDE.values())  # up to here, no learner's program can take any of them
NO_ADDRESS = "--ip has to be an address of this machine, not {}."


class Taken(Trouble):
    """A port that this hub needs is taken."""


def beside(port: int) -> dict[str, int]:
    """The ports, by purpose."""
    return {what: port + beside for what, beside in BESIDE.items()}


def claim(ip: str, port: int) -> socket.socket:
    """Make sure all are free, and keep other hubs off them while this socket is open."""
    if not 1 <= port <= HIGHEST:
        raise Trouble(f"--port has to be a number from 1 to {HIGHEST}, not {port}.")
    held = bind("127.0.0.1", beside(port)["claim"])
    try:
        for what, number in beside(port).items():
            if what != "claim":
                bind(ip if what == "pages" else "127.0.0.1", number, reuse=True).close()
    except Trouble:
        held.close()
        raise
    return held


def bind(ip: str, port: int, reuse: bool = False) -> socket.socket:
    """A socket with this port; reuse: even if old connections to it aren't quite closed."""
    try:
        family, _, _, _, address = socket.getaddrinfo(ip, port, type=socket.SOCK_STREAM)[0]
        one = socket.socket(family)
    except OSError:
        raise Trouble(NO_ADDRESS.format(ip)) from None
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        one.bind(address)
    except OSError as error:
        one.close()
        raise meaning(error, ip, port) from None
    return one


def meaning(error: OSError, ip: str, port: int) -> Trouble:
    if error.errno == errno.EADDRINUSE:
        return Taken(f"Port {port} is taken{by_whom(port)}.")
    if error.errno == errno.EACCES:
        return Trouble(
            f"Only root can use port {port}. Choose one above 1023, such as --port 8000."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return Trouble(NO_ADDRESS.format(ip))
    return Trouble(f"Port {port} can't be used: {error.strerror}.")


def by_whom(port: int) -> str:
    """The program that has the port, if the system says so."""
    with suppress(psutil.Error):
        for one in psutil.net_connections("inet"):
            if one.pid and one.laddr and one.laddr.port == port and not one.raddr:
                return f" by {psutil.Process(one.pid).name()} (process {one.pid})"
    return ""


def another(ip: str, port: int) -> int | None:
    """A port near this one for which all the hub's ports are free."""
    highest = ROOTS if port <= ROOTS else HIGHEST
    for other in range(port + 10, min(port + 300, highest) + 1, 10):
        with suppress(Trouble):
            claim(ip, other).close()
            return other
    return None
