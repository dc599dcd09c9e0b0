"""Runs the README's first command, from a clone to an open course, looks at it, and ends it.

python .ci/open.py
"""

import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 1800  # seconds for all downloads, and for a server to start


def main() -> int:
    command = [sys.executable, "-u", str(ROOT / "run.py"), "--no-browser"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8") as process:
        url = address(process)
        if url is None:
            return process.wait() or 1
        try:
            page = once_it_answers(process, url)
            ask(re.sub("/lab/tree/.*\\?", "/api/shutdown?", url), "POST")
        except BaseException:
            process.kill()
            raise
    print(f"It answered with a page of {len(page)} bytes, and ended with {process.returncode}.")
    return process.returncode


def address(process: "subprocess.Popen[str]") -> str | None:
    """The address that it prints; all its output is passed on to the terminal."""
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        if line.strip().startswith("http://127."):
            return line.strip()
    return None


def once_it_answers(process: "subprocess.Popen[str]", url: str) -> bytes:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            return ask(url)
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"It does not answer: {url}")


def ask(url: str, method: str = "GET") -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60) as answer:
        return bytes(answer.read())


if __name__ == "__main__":
    sys.exit(main())
