"""The arguments of each command; `run.py` reads them before the setup, which takes minutes.

It needs nothing but Python. The programs that the commands start parse the same words again.
"""

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path

from .places import place

__all__ = ["READ", "bench", "doctor", "guide", "hub", "opening", "present", "site"]

SHORTEST = 8  # characters in a class's password
HUB = """\
python run.py hub                  a trial, on this machine alone; everybody in your account
sudo python3 run.py hub            for a room: an account on the machine for each learner
    --ip 0.0.0.0 --port 8000       where it listens; without --ip, on this machine only
                                   (and on three more ports there, 81 to 83 above that one)
    --subdomains https://NAME      each learner at their own name, LEARNER.NAME
... hub passwords [--new]          shows the passwords of the class; draws new ones
... hub passwords --of-class WORD  sets the one that learners need
... hub reset NAME                 a new password for a learner who forgot theirs
... hub stop                       stops the hub, and every learner's server
"""

Words = Sequence[str] | None  # None: those that this program was started with


def opening(words: Words = None) -> argparse.Namespace:
    """For opening the course."""
    parser = _parser("")
    _opens(parser)
    return parser.parse_args(words)


def doctor(words: Words = None) -> argparse.Namespace:
    """For examining this machine."""
    return _parser("doctor").parse_args(words)


def guide(words: Words = None) -> argparse.Namespace:
    """For making the instructor's guide."""
    parser = _parser("guide")
    if place().clone:
        stale = "name what is stale, and change nothing"
        parser.add_argument("--check", action="store_true", help=stale)
    parser.add_argument("--no-browser", action="store_true")
    return parser.parse_args(words)


def present(words: Words = None) -> argparse.Namespace:
    """For showing a lesson as slides."""
    parser = _parser("present")
    parser.add_argument("lesson", type=_lesson, help="its number")
    parser.add_argument("--dark", action="store_true", help="light text on a dark background")
    _opens(parser)
    return parser.parse_args(words)


def site(words: Words = None) -> argparse.Namespace:
    """For making the course's site."""
    parser = argparse.ArgumentParser(prog="python run.py site")
    usual = str(place().course / "site")
    parser.add_argument("--into", type=_for_a_site, default=usual, metavar="FOLDER")
    fetched = "fetch Python for the browser first, so that the exercises run there"
    parser.add_argument("--exercises", action="store_true", help=fetched)
    parser.add_argument("--no-browser", action="store_true")
    return parser.parse_args(words)


def bench(words: Words = None) -> argparse.Namespace:
    """For timing everything."""
    parser = argparse.ArgumentParser(prog="python run.py bench")
    parser.add_argument(
        "--quick", action="store_true", help="a quick run on very little; writes nothing"
    )
    parser.add_argument("--rounds", type=_rounds, default=11)
    parser.add_argument(
        "-k", default="", help="only what has this word in its name; writes nothing"
    )
    return parser.parse_args(words)


def hub(words: Words = None) -> argparse.Namespace:
    """For serving a class, and for the hub's other commands."""
    room = hasattr(os, "geteuid") and os.geteuid() == 0
    parser = argparse.ArgumentParser(
        prog="python run.py hub",
        description=HUB,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--ip", default="127.0.0.1")
    # Below 1024, no learner's program can take the port while the hub is down, and pose as it.
    parser.add_argument("--port", type=_hub_port, default=800 if room else 8000)
    parser.add_argument("--subdomains", type=_origin, metavar="https://NAME")
    commands = parser.add_subparsers(dest="command")
    change = commands.add_parser("passwords")
    change.add_argument("--new", action="store_true")
    change.add_argument("--of-class", type=_of_class)
    commands.add_parser("reset").add_argument("name")
    commands.add_parser("stop")
    commands.add_parser("remove").add_argument("name")
    return parser.parse_args(words)


def _parser(command: str) -> argparse.ArgumentParser:
    """For a command that works in the learner's folder."""
    parser = argparse.ArgumentParser(prog=f"{place().command} {command}".strip())
    yours = "where your notebooks are, or will be"
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help=yours)
    return parser


def _opens(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port)
    parser.add_argument("--no-browser", action="store_true")


def _port(word: str, highest: int = 2**16 - 1) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= highest:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {highest}, not {word!r}")
    return int(word)


def _hub_port(word: str) -> int:
    return _port(word, highest=2**16 - 1 - 83)  # a hub takes three more: workshop/ports.py


def _origin(word: str) -> str:
    if not re.fullmatch(r"https?://[a-z0-9.-]*[a-z][a-z0-9.-]*(:[0-9]+)?", word):
        raise argparse.ArgumentTypeError(
            f"{word!r} should be https://NAME, like https://class.example.org, and nothing more"
        )
    return word


def _rounds(word: str) -> int:
    if not word.isdecimal() or int(word) == 0:
        raise argparse.ArgumentTypeError(f"it takes at least 1 round, not {word!r}")
    return int(word)


def _lesson(word: str) -> int:
    lessons = (place().course / "lessons").glob("[0-9][0-9]-*.md")
    numbers = sorted(int(path.name[:2]) for path in lessons)
    if not numbers:
        raise argparse.ArgumentTypeError(f"the lessons are missing. {place().mend}")
    if not word.isdecimal() or int(word) not in numbers:
        there = f"the lessons are {numbers[0]} to {numbers[-1]}"
        raise argparse.ArgumentTypeError(f"there is no lesson {word!r}; {there}")
    return int(word)


def _for_a_site(word: str) -> Path:
    """A folder that the site replaces, so nobody's files may be in it."""
    folder = Path(word).expanduser()
    is_site = (folder / "_static" / "labs.js").is_file()
    if folder.exists() and not is_site and not (folder.is_dir() and not any(folder.iterdir())):
        raise argparse.ArgumentTypeError(
            f"{word!r} contains other files, and would be replaced: name a new folder"
        )
    return folder


def _of_class(word: str) -> str:
    if len(word) < SHORTEST:
        short = f"the class password needs at least {SHORTEST} characters, not {len(word)}"
        raise argparse.ArgumentTypeError(short)
    return word


READ = {  # by command; what follows `test` is pytest's
    "": opening,
    "doctor": doctor,
    "hub": hub,
    "bench": bench,
    "guide": guide,
    "present": present,
    "site": site,
}
