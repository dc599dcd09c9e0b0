"""The forms of a batch for a model and a loss: a pair, more with masks, a dict, one tensor."""

from collections.abc import Mapping
from typing import Any

import torch

__all__ = ["as_loss", "loss_of"]

TARGETS = ("labels", "label", "targets", "target", "y")


def as_loss(loss: Any) -> Any:
    """The loss as it is, where it can be called; None: the model has one of its own.

    Raises: TypeError if it is a class that wasn't called, or isn't a function.
    """
    if isinstance(loss, type):
        raise TypeError(f"loss must be made first: write {loss.__name__}(), with parentheses")
    if loss is not None and not callable(loss):
        raise TypeError(f"loss must be a function of (model(x), y), not {loss!r}")
    return loss


def loss_of(model: torch.nn.Module, loss: Any, batch: Any) -> torch.Tensor:
    """The loss of one batch, on the model's device.

    A pair (x, y) is loss(model(x), y). In a longer tuple, the last is y, and the model is called
    with the rest; a single tensor is its own target, as for an autoencoder. A dict is passed by
    name, except for the labels; without a loss function, the model's output has a loss, as in
    transformers.
    """
    where = next((p.device for p in model.parameters()), torch.device("cpu"))
    x, y = _parts(_moved(batch, where), loss)
    out = _called(model, x)
    value: Any
    if loss is None:
        value = out.get("loss") if isinstance(out, Mapping) else getattr(out, "loss", None)
        named = "the model's own loss"
    else:
        value, named = loss(getattr(out, "logits", out), y), "loss(model(x), y)"
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        kind = f"shape {tuple(value.shape)}" if hasattr(value, "shape") else type(value).__name__
        raise ValueError(f"{named} must be a tensor with one number, not {kind}")
    return value.squeeze()


def _parts(batch: Any, loss: Any) -> tuple[Any, Any]:
    """What the model is called with, and what its output is compared with."""
    if isinstance(batch, Mapping):
        if loss is None:
            return batch, None
        found = [name for name in TARGETS if name in batch]
        if not found:
            raise ValueError(
                f"batches must hold pairs (x, y), or one of {', '.join(TARGETS)} in each dict, "
                f"not only {', '.join(map(str, batch))}; or loss must be None, to use the model's "
                "own"
            )
        return {k: v for k, v in batch.items() if k != found[0]}, batch[found[0]]
    if isinstance(batch, torch.Tensor):
        return batch, batch
    if not isinstance(batch, tuple | list) or not batch:
        kind = type(batch).__name__
        raise ValueError(f"batches must hold pairs (x, y), tensors or dicts, not a {kind}")
    if len(batch) == 1:
        return batch[0], batch[0]
    return (batch[0] if len(batch) == 2 else tuple(batch[:-1])), batch[-1]


def _called(model: torch.nn.Module, x: Any) -> Any:
    if isinstance(x, Mapping):
        return model(**x)
    return model(*x) if isinstance(x, tuple | list) else model(x)


def _moved(batch: Any, where: torch.device) -> Any:
    """All tensors of a batch, on the device of the model."""
    if isinstance(batch, torch.Tensor):
        return batch.to(where)
    if isinstance(batch, Mapping):
        return {name: _moved(value, where) for name, value in batch.items()}
    if isinstance(batch, tuple | list):
        return tuple(_moved(value, where) for value in batch)
    return batch
