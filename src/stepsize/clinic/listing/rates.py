"""Numbers that are wrong for any run: a rate of 0 or far too high; a huge weight decay."""

import ast
import re

from ..finding import Finding
from .lengths import Known, argument
from .program import Event, Program, last_word

__all__ = ["RATES"]

HIGH = 0.01  # two hundred times what pretrained transformers are tuned with
ADAMS = ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")
FAMILY = (*ADAMS, "RMSprop")
ABSURD = 0.5  # of these, a step of half a unit for every weight
SGD_ABSURD = 10.0
COUPLED, DECOUPLED = 0.5, 5.0  # a thousand times what is usual
OTHERS = re.compile(r"lora|peft|adapter|adafactor|sgd|prompt", re.IGNORECASE)


def too_high(program: Program) -> Finding | None:
    """A rate of 0.01 or more for all weights of a pretrained transformer, with Adam."""
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
                "If all the weights of a pretrained model are trained, 1e-5 to 5e-5 is usual.",
                10,
            )
    return None


def absurd(program: Program) -> Finding | None:
    """For one of torch's optimizers: a rate of 0, or one that no network is trained with."""
    known = Known(program)
    for e in known.roles.optimizers:
        kind, rate = last_word(e.value), _given(e, 1, "lr", known)
        if kind not in (*FAMILY, "SGD") or rate is None:
            continue
        if rate == 0 and not _set_later(program, known):
            return Finding(
                "rate is zero",
                0.85,
                f"{kind} is made with a rate of 0, and nothing in the code sets it to more.",
                "Give it a rate.",
                2,
            )
        if rate >= (SGD_ABSURD if kind == "SGD" else ABSURD):
            return Finding(
                "rate too high",
                0.85,
                f"{kind} is made with a rate of {rate:g}.",
                "0.1 to 0.001 is usual for SGD, 0.001 to 0.0001 for Adam; and look at the order of "
                "its arguments.",
                2,
            )
    return None


def strong_decay(program: Program) -> Finding | None:
    """A weight decay that pulls all weights to 0 before they learn anything."""
    known = Known(program)
    for e in known.roles.optimizers:
        kind = last_word(e.value)
        decay = _given(e, 99, "weight_decay", known)
        most = DECOUPLED if kind == "AdamW" else COUPLED
        if kind in (*FAMILY, "SGD") and decay is not None and decay >= most:
            return Finding(
                "weight decay too strong",
                0.85,
                f"weight_decay={decay:g} in {kind} pulls every weight to 0, whatever the data say.",
                "0.0001 to 0.001 is usual for SGD, 0.01 to 0.1 for AdamW.",
                6,
            )
    return None


def _given(made: Event, at: int, name: str, known: Known) -> float | None:
    assert isinstance(made.value, ast.Call)
    return known.number(argument(made.value, at, name))


def _set_later(program: Program, known: Known) -> bool:
    """Whether a schedule, or the loop itself, may set the rate."""
    text = ast.unparse(program.tree)
    return bool(known.roles.schedulers) or "['lr']" in text or "sched" in text.lower()


RATES = (too_high, absurd, strong_decay)
