"""`Watch` as a callback for Keras, Lightning and Hugging Face's Trainer, none of them imported.

A framework calls its callbacks by the names of their methods. Everything it may call is here; what
the watch doesn't need does nothing.
"""

from collections.abc import Mapping
from typing import Any

from .reading.names import meaning
from .watch import Watch

__all__ = ["KerasWatch", "LightningWatch", "TrainerWatch"]


class _Hooks:
    """Whatever a framework calls that doesn't concern the watch."""

    def __init__(self, watch: Watch | None = None, **about: Any) -> None:
        """watch: an existing Watch; or about: the arguments to make one."""
        self.watch = Watch(**about) if watch is None else watch

    def __getattr__(self, name: str) -> Any:
        if name.startswith("on_") or name in ("setup", "teardown", "set_params", "load_state_dict"):
            return _nothing
        raise AttributeError(f"{type(self).__name__} has no {name}")


def _nothing(*_: Any, **__: Any) -> None:
    """A hook that has nothing to do."""


class KerasWatch(_Hooks):
    """model.fit(..., callbacks=[KerasWatch(stop=True)])."""

    model: Any = None

    def set_model(self, model: Any) -> None:
        self.model = model

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        logs = logs or {}
        rate = logs.get("learning_rate", logs.get("lr", self._rate()))
        self._told(logs.get("loss"), val_loss=logs.get("val_loss"), lr=rate, epoch=epoch)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keras's loss of a batch is a mean over the epoch so far, but a NaN in it stays a NaN."""
        loss = (logs or {}).get("loss", 0.0)
        if not abs(float(loss)) < float("inf"):
            self._told(loss)

    def _told(self, loss: Any, **more: Any) -> None:
        if self.watch(loss, **more):
            self.model.stop_training = True

    def _rate(self) -> float | None:
        try:
            return float(self.model.optimizer.learning_rate)
        except (AttributeError, TypeError, ValueError):
            return None


class LightningWatch(_Hooks):
    """Trainer(callbacks=[LightningWatch(stop=True)])."""

    state_key = _legacy_state_key = "stepsize.clinic.LightningWatch"

    def state_dict(self) -> dict[str, Any]:
        return {}

    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if loss is None:
            return
        groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
        rate = max((float(group["lr"]) for group in groups), default=None)
        if self.watch(loss, lr=rate, step=trainer.global_step):
            trainer.should_stop = True

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        seen = trainer.callback_metrics
        held = next((seen[name] for name in seen if meaning(str(name)).role == "val_loss"), None)
        if held is not None and not trainer.sanity_checking:
            self.watch(val_loss=held, step=trainer.global_step)


class TrainerWatch(_Hooks):
    """For Hugging Face: Trainer(..., callbacks=[TrainerWatch(stop=True)])."""

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        logs = logs or {}
        row = {
            "loss": logs.get("loss"),
            "val_loss": logs.get("eval_loss"),
            "lr": logs.get("learning_rate"),
            "grad_norm": logs.get("grad_norm"),
            "epoch": logs.get("epoch"),
        }
        if row["loss"] is None and row["val_loss"] is None:
            return
        zero = row["loss"] is not None and float(row["loss"]) == 0.0
        if zero and row["grad_norm"] is not None and row["grad_norm"] != row["grad_norm"]:
            row["loss"] = float("nan")  # as this Trainer logs one
        if self.watch(**row, step=state.global_step):
            control.should_training_stop = True
