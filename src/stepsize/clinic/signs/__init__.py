"""The signs of illness. Each file looks in one place, each function for one illness."""

from ..finding import Sign
from ..history import History
from . import (
    batch_order,
    few_losses,
    held_out,
    loss_curve,
    precision,
    rate_too_high,
    records,
    too_slow,
    weight_norm,
)
from .few_losses import FEW, sound

__all__ = ["FEW", "looked_for", "sound"]

CURVES = (loss_curve, records, held_out, rate_too_high, weight_norm, batch_order, precision)


def looked_for(seen: History) -> tuple[Sign, ...]:
    """The signs to look for, given how many losses there are and whether they are meant to fall."""
    always = (loss_curve.nan, held_out.lost, *precision.SIGNS, records.schedule_pace, *records.CODE)
    if not len(seen.loss):
        return always
    if seen.kind:
        return (loss_curve.explosion, too_slow.unmoved, *always)
    if len(seen.loss) < FEW:
        return few_losses.SIGNS + always
    return tuple(sign for each in CURVES for sign in each.SIGNS)
