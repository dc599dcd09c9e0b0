"""The class passwords: one for learners, and one that makes an instructor."""

import json
import os
import secrets
from pathlib import Path

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no two look alike on a projector


def draw() -> str:
    """Twelve letters in threes: 59 bits, and short enough for a whiteboard."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(3)) for _ in range(4))


def read(state: Path) -> dict[str, str]:
    """The passwords by role. They are read at each sign-up, so a new one takes effect at once."""
    return json.loads((state / "passwords.json").read_text())


def write(state: Path, **new: str) -> dict[str, str]:
    """Create the missing ones, and set those that are given."""
    file = state / "passwords.json"
    words = read(state) if file.exists() else {"class": draw(), "instructor": draw()}
    words |= new
    half = file.with_suffix(".half")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(words, out)
    half.replace(file)
    return words
