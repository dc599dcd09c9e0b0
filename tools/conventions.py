"""Remake docs/conventions.md from the tables of stepsize.frameworks.conventions.

.venv/bin/python tools/conventions.py
"""

from pathlib import Path

from stepsize.frameworks.conventions import DIGITS, NONE, Table, conventions

__all__ = ["page"]

DOCS = Path(__file__).parents[1] / "docs" / "conventions.md"
PAGE = """# The same words in three libraries

Made from `src/stepsize/frameworks/conventions.py` by
`tools/conventions.py`; edit the tables there. Every cell is tested: `tests/test_conventions.py`
runs the library, or reads its signature for a default.

{table}

## How far a translated recipe agrees

`stepsize.frameworks.translate` writes a recipe as a script for each library, with these
differences undone.
`tests/test_translate.py` runs the scripts over 300 updates, on gradients that depend on the
parameters, and compares their paths with those of our rules: the largest difference, divided by
the largest number. All of it is in float64, as far as the library allows. Keras's operations and
Optax's schedules compute in float32, whatever they are told, so these agree to 6 digits, and
nothing is wrong with them.

{digits}

— : not translated; `translate` says why, and what is nearest. Fewer than 13: eps is in a different
place (Adagrad, AMSGrad, RAdam), or part is computed in float32 (Adafactor) or bfloat16 (Muon).
"""


def page() -> str:
    """docs/conventions.md."""
    head = ("optimizer", "PyTorch", "Keras 3", "Optax, constant rate", "Optax, with a schedule")
    rows = []
    for name, (torch, keras, optax) in DIGITS.items():
        scheduled = None if optax is None or name == "schedule_free_adamw" else min(optax, 6)
        digits = (torch, keras, optax, scheduled)
        rows.append((f"`{name}`", *(NONE if n is None else str(n) for n in digits)))
    digits_table = Table(head, rows)._repr_markdown_()
    return PAGE.format(table=conventions()._repr_markdown_(), digits=digits_table)


if __name__ == "__main__":
    DOCS.write_text(page(), encoding="utf-8")
