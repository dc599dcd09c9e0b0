"""Keeps keys pressed in a lab, or on the last check's sheet, from editing the notebook."""

from pathlib import Path

__all__ = ["with_keys"]

KEYS = Path(__file__).with_name("keyboard.js")


def with_keys(*scripts: Path) -> str:
    """One script for a widget: `keepKeys`, which its `render` calls, and then its own files."""
    return "\n".join(script.read_text(encoding="utf-8") for script in (KEYS, *scripts))
