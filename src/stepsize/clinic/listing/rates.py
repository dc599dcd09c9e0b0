"""Rates that are too high by any account: for Adam on pretrained weights."""

import ast
import re

from ..finding import Finding
from .program import Program, last_word

__all__ = ["RATES"]

HIGH = 0.01  # two hundred times what pretrained transformers are tuned with
ADAMS = ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")
OTHERS = re.compile(r"lora|peft|adapter|adafactor|sgd|prompt", re.IGNORECASE)


def too_high(program: Program) -> Finding | None:
    """A rate of 0.01 or more for all weights of a pretrained transformer, by Adam."""
    text = ast.unparse(program.tree)
    if "from_pretrained(" not in text or OTHERS.search(text):
        return None
    for e in program.events:
        name = last_word(e.value) if isinstance(e.value, ast.Call) else ""
        if not name.endswith("TrainingArguments") and name not in ADAMS:
            continue
        rate = next((k.value for k in e.value.keywords if k.arg in ("lr", "learning_rate")), None)  # type: ignore[attr-defined]
        number = rate.value if isinstance(rate, ast.Constant) else None
        if isinstance(number, int | float) and number >= HIGH:
            return Finding(
                "rate too high",
                0.85,
                f"Adam trains pretrained weights with a rate of {number:g}.",
                "For all the weights of a pretrained model, 1e-5 to 5e-5 is usual.",
                10,
            )
    return None


RATES = (too_high,)
