"""Says what ails a run, from the shell: python -m stepsize.clinic run.log --code train.py"""

import argparse
import sys
from pathlib import Path

from .diagnosis import Diagnosis, judge
from .history import KINDS, History
from .reading import read

HEALTHY, ILL, UNREAD, UNSURE = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 healthy, 1 something was found, 2 an error, 3 can't tell."""
    asked = _parser().parse_args(arguments)
    try:
        log = _log(asked.log, alone=asked.code is not None)
        seen = read(log, code=asked.code, classes=asked.classes, kind=asked.kind)
        found = judge(seen)
        print(found)
        if asked.picture:
            _draw(asked.picture, seen, found)
            print(f"The picture is in {asked.picture}.")
    except (OSError, ValueError, TypeError) as error:
        print(f"stepsize.clinic: {_plainly(error)}", file=sys.stderr)
        return UNREAD
    return {"healthy": HEALTHY, "can't tell": UNSURE}.get(found.verdict, ILL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stepsize.clinic",
        description="Says what ails a run, from its log, its code, or both.",
        epilog="Exit status: 0 healthy, 1 something was found, 2 the log couldn't be read or the "
        "picture couldn't be written, 3 can't tell.",
    )
    parser.add_argument(
        "log",
        nargs="?",
        help="a log, CSV, JSON, event file or folder; - or nothing reads what is piped in",
    )
    parser.add_argument(
        "--code", type=Path, metavar="FILE", help="the training loop: .py or .ipynb"
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="draw the curve with the signs marked: a picture, or a page if it ends in .html",
    )
    parser.add_argument("--classes", type=int, metavar="N", help="how many classes there are")
    parser.add_argument("--kind", choices=[kind for kind in KINDS if kind], default="",
                        help="a model whose loss isn't meant to fall")  # fmt: skip
    return parser


def _log(log: str | None, alone: bool) -> str | Path | None:
    """A path, or what comes from standard input; None if there is only code to read."""
    if log is not None and log.endswith(".py"):
        raise ValueError(f"{log} is a program, not a log: give it as --code {log}")
    if log not in (None, "-"):
        return Path(str(log)).expanduser()
    if log is None and alone and sys.stdin.isatty():
        return None
    if sys.stdin.isatty():
        print("Paste the log, then press Ctrl-D (on Windows, Ctrl-Z and Enter).", file=sys.stderr)
    text = sys.stdin.read()
    return None if not text.strip() and alone else text


def _plainly(error: Exception) -> str:
    """What went wrong, in words, without the name of an argument that nobody typed."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error).removeprefix("loss: ")


def _draw(file: Path, history: History, found: Diagnosis) -> None:
    from .page import page, picture  # on demand: without a picture it needs no Matplotlib

    if file.suffix.lower() in (".html", ".htm"):
        file.write_text(page(history, found), encoding="utf-8")
    else:
        picture(history, found).savefig(file)


if __name__ == "__main__":
    sys.exit(main())
