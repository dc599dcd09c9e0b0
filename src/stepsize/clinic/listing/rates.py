"""Numbers that are wrong for any run: a rate of 0 or far too high; a huge weight decay."""

import ast
import re

from ..finding import Finding
from .lengths import Known, argument
from .program import Event, Program, last_word
from .roles import parameters_of

__all__ = ["RATES"]

HIGH = 0.01  # two hundred times what pretrained transformers are tuned with
ADAMS = ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")
FAMILY = (*ADAMS, "RMSprop")
ABSURD = 0.5  # for these: every weight moves by half a unit in each step
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
                f"{kind} is created with a rate of 0, and nothing in the code raises it.",
                "Give it a rate.",
                2,
            )
        if rate >= (SGD_ABSURD if kind == "SGD" else ABSURD) and not _bears_much(e, program):
            return Finding(
                "rate too high",
                0.85,
                f"{kind} is created with a rate of {rate:g}.",
                "0.1 to 0.001 is usual for SGD, 0.001 to 0.0001 for Adam; and look at the order of "
                "its arguments.",
                2,
            )
    return None


def _bears_much(made: Event, program: Program) -> bool:
    """Whether a rate of 30 may be fine: for a single layer, or if the gradient is clipped."""
    made_by = [(e.owner, ast.unparse(e.value)) for e in program.events if e.name == "="]
    single = {owner for owner, text in made_by if re.match(r"(torch\.)?(nn\.)?Linear\(", text)}
    held = parameters_of(made)
    heads = all(name in single or HEAD.search(name) for name in held)
    return (bool(held) and heads) or "clip_grad" in ast.unparse(program.tree)


HEAD = re.compile(r"(^|[._])(fc|head|classifier|linear|probe)$")


def summed(program: Program) -> Finding | None:
    """A loss that adds up a batch, and a rate that would suit its mean."""
    known = Known(program)
    text = ast.unparse(program.tree)
    size = _batch_size(program, known)
    if len(known.roles.optimizers) != 1 or size is None or "clip_grad" in text:
        return None
    made = known.roles.optimizers[0]
    rate = _given(made, 1, "lr", known)
    if last_word(made.value) != "SGD" or rate is None or rate * size < SUMMED:
        return None
    sums = {e.owner for e in program.events if e.name == "=" and SUM in ast.unparse(e.value)}
    for e in program.events:
        loss = e.value if e.name == "=" and isinstance(e.value, ast.Call) else None
        if loss is None or not (e.text(loss.func) in sums or SUM in ast.unparse(loss)):
            continue
        backward = f"{e.owner}.backward()"
        if any(
            known.roles.is_backward(o) and backward == ast.unparse(o.value) for o in program.events
        ):
            return Finding(
                "rate too high",
                0.85,
                f"reduction='sum' adds up the losses of {size:g} examples, so a rate of {rate:g} "
                f"does what {rate * size:g} would do to their mean.",
                "Use the mean, or divide the rate by the size of a batch.",
                2,
            )
    return None


SUM = "reduction='sum'"
SUMMED = 5.0  # no network is trained with such a rate on the mean of a batch


def _batch_size(program: Program, known: Known) -> float | None:
    """The batch size of the only loader, or of the one for training."""
    loaders = [e for e in program.events if e.name == "=" and last_word(e.value) == "DataLoader"]
    train = [e for e in loaders if "train" in e.owner.lower()] or loaders
    if len(train) != 1 or not isinstance(train[0].value, ast.Call):
        return None
    return known.number(argument(train[0].value, 1, "batch_size"))


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


RATES = (too_high, absurd, summed, strong_decay)
