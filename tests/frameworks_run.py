"""A program: each framework trains once with its watch, and the files it writes are read.

    python frameworks_run.py keras|lightning|trainer FOLDER

Run by test_clinic_frameworks.py in an environment that has the three. It prints a line of JSON.
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
warnings.simplefilter("ignore")

import torch  # noqa: E402

from stepsize.clinic import KerasWatch, LightningWatch, TrainerWatch  # noqa: E402
from stepsize.clinic.reading import read  # noqa: E402

torch.manual_seed(0)
X = torch.randn(256, 8)
Y = (X[:, 0] > 0).long()


def told(watch, steps, files):
    """What the watch found, after how many steps, and what was read from the files."""
    found = watch.watch.found
    return {"found": found and found.name, "steps": steps, "watched": watch.watch.diagnosis().read,
            "files": {name: read(path).said for name, path in files.items()}}  # fmt: skip


def of_keras(folder, rate):
    import keras

    keras.utils.set_random_seed(0)
    net = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(1)])
    net.compile(keras.optimizers.SGD(rate), loss="mse")
    watch, csv = KerasWatch(stop=True), keras.callbacks.CSVLogger(str(folder / "keras.csv"))
    calls = [watch, csv]
    kept = net.fit(
        X.numpy(), Y.numpy(), epochs=30, validation_split=0.2, callbacks=calls, verbose=0
    )
    return told(watch, len(kept.history["loss"]), {"csv": folder / "keras.csv", "history": kept})


def of_lightning(folder, rate):
    import lightning
    from lightning.pytorch.callbacks import LearningRateMonitor
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    class Net(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Linear(8, 1)

        def training_step(self, batch, _):
            loss = self.error(batch)
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            return loss

        def validation_step(self, batch, _):
            self.log("val_loss", self.error(batch))

        def error(self, batch):
            return ((self.inner(batch[0])[:, 0] - batch[1]) ** 2).mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=rate)

    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), 32)
    watch = LightningWatch(stop=True)
    loggers = [CSVLogger(folder, name="csv"), TensorBoardLogger(folder, name="events")]
    trainer = lightning.Trainer(
        max_epochs=6, logger=loggers, callbacks=[watch, LearningRateMonitor()], accelerator="cpu",
        log_every_n_steps=1, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Net(), batches, batches)
    return told(watch, trainer.global_step, {"csv": folder / "csv", "events": folder / "events"})


def of_trainer(folder, rate):
    from transformers import Trainer, TrainingArguments

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Linear(8, 1)

        def forward(self, x=None, labels=None):
            out = self.inner(x)[:, 0]
            return {"loss": ((out - labels) ** 2).mean(), "logits": out}

    rows = [{"x": x, "labels": y} for x, y in zip(X, Y, strict=True)]
    watch = TrainerWatch(stop=True)
    about = TrainingArguments(
        str(folder), num_train_epochs=6, per_device_train_batch_size=32, learning_rate=rate,
        logging_steps=1, eval_strategy="epoch", save_strategy="epoch", report_to=[], use_cpu=True,
        optim="sgd", max_grad_norm=0, disable_tqdm=True, lr_scheduler_type="constant",
    )  # fmt: skip
    trainer = Trainer(Net(), about, train_dataset=rows, eval_dataset=rows, callbacks=[watch])
    trainer.train()
    return told(watch, trainer.state.global_step, {"state": trainer.state, "json": folder})


if __name__ == "__main__":
    run = {"keras": of_keras, "lightning": of_lightning, "trainer": of_trainer}[sys.argv[1]]
    for name, rate in (("sound", 0.05), ("too high", 1e6)):
        folder = Path(sys.argv[2]) / name
        folder.mkdir(parents=True)
        print("TOLD", json.dumps({name: run(folder, rate)}))
