"""The clinic from the shell and during a run: called by a script, a loop and a framework."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from stepsize.clinic import KerasWatch, LightningWatch, TrainerWatch, Watch
from stepsize.clinic.__main__ import main

RNG = np.random.default_rng(0)
FALLING = 0.2 + 2 * np.exp(-np.arange(400) / 40) + 0.01 * RNG.normal(size=400)
LOST = np.concatenate([FALLING[:150], FALLING[149] * 1.08 ** np.arange(100)])


def log_of(losses):
    return "".join(f"step {i} | loss {loss:.6g} | lr 1e-3\n" for i, loss in enumerate(losses))


@pytest.mark.parametrize(
    "text, status, said",
    [
        (log_of(FALLING), 0, "Healthy"),
        (log_of(LOST), 1, "divergence"),
        (log_of(FALLING[:5]), 3, "can't tell"),
        ("nothing at all", 2, "no loss"),
    ],
)
def test_the_shell_gets_words_and_a_status(text, status, said, tmp_path, capsys):
    log = tmp_path / "run.log"
    log.write_text(text, encoding="utf-8")
    assert main([str(log)]) == status
    printed = capsys.readouterr()
    assert said in printed.out + printed.err
    if status != 2:
        assert printed.out.startswith("Read: ")


def test_the_shell_reads_standard_input_and_code(tmp_path):
    code = tmp_path / "train.py"
    code.write_text("a = StepLR(o, 30)\nb = OneCycleLR(o, 0.1, total_steps=9)\n", encoding="utf-8")
    command = [sys.executable, "-m", "stepsize.clinic"]
    run = subprocess.run(command, input=log_of(FALLING), capture_output=True, encoding="utf-8")
    assert (run.returncode, run.stderr) == (0, "")
    run = subprocess.run(
        [*command, "--code", str(code)], input="", capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 1
    assert run.stdout.startswith("Read: the code.\ntwo schedulers")


HURRY = {  # what people pass in a hurry, and what they are told
    "gone.log": (None, "there is no file"),
    "empty.log": (b"", "the log is empty"),
    "blank.log": (b" \n\n", "the log is empty"),
    "model.pt": (bytes(range(256)) * 40, "is neither a text"),
    "train.py": (b"loss.backward()", "give it as --code"),
    "talk.txt": (b"the loss looks good", "no loss was found"),
    "cut.json": (b'{"a": [1, 2', "no loss was found"),
}


@pytest.mark.parametrize("name", HURRY)
def test_what_cannot_be_read_is_said_in_a_line(name, tmp_path, capsys):
    content, said = HURRY[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main([str(tmp_path / name)]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and said in printed.err and printed.err.count("\n") == 1
    assert "Traceback" not in printed.err and "loss: " not in printed.err


@pytest.mark.parametrize(
    "picture", ["run.xyz", "no/such/folder/run.png", "no/such/folder/run.html"]
)
def test_it_says_so_if_a_picture_cannot_be_written(picture, tmp_path, capsys):
    log = tmp_path / "run.log"
    log.write_text(log_of(FALLING), encoding="utf-8")
    assert main([str(log), "--picture", str(tmp_path / picture)]) == 2
    printed = capsys.readouterr()
    assert "Healthy" in printed.out and printed.err.startswith("stepsize.clinic: ")


@pytest.mark.parametrize("name", ["run.html", "run.png", "run.svg"])
def test_the_curve_is_drawn_with_the_signs_marked(name, tmp_path, capsys):
    log, picture = tmp_path / "run.log", tmp_path / name
    log.write_text(log_of(LOST), encoding="utf-8")
    assert main([str(log), "--picture", str(picture)]) == 1
    drawn = picture.read_bytes()
    assert len(drawn) > 5000
    if name == "run.html":
        page = drawn.decode()
        assert "<svg role=" in page and "divergence (" in page
        assert "src=" not in page and 'href="http' not in page
    log.write_text(log_of([float("nan")] * 3), encoding="utf-8")
    assert main([str(log), "--picture", str(picture)]) == 1  # nothing to draw
    capsys.readouterr()


def test_a_watch_speaks_once_and_can_stop_the_run():
    said = []
    watch = Watch(stop=True, say=said.append)
    steps = next(i for i, loss in enumerate(LOST) if watch(loss, lr=1e-3))
    assert watch.found and watch.found.name == "divergence"
    assert 150 < steps < 240
    for loss in LOST:
        assert watch(loss)
    assert len(said) == 1
    quiet = Watch(say=said.append)
    assert not any(quiet(loss) for loss in LOST)
    assert len(said) == 2


def test_a_fault_in_the_code_is_told_once_and_stops_no_run():
    said = []
    code = "opt = torch.optim.SGD(model.parameters(), lr=20)\n"
    watch = Watch(stop=True, say=said.append, code=code)
    assert not any(watch(loss) for loss in FALLING)
    assert watch.found is None
    assert len(said) == 1 and said[0].startswith("rate too high (")
    assert any(watch(loss) for loss in LOST[150:])
    assert watch.found and not watch.found.in_code


def test_a_watch_leaves_a_sound_run_alone_and_tells_a_nan_at_once():
    said = []
    watch = Watch(stop=True, say=said.append)
    assert not any(watch(loss, step=i) for i, loss in enumerate(FALLING))
    assert said == [] and watch.diagnosis().verdict == "healthy"
    assert watch.diagnosis().read == "400 losses, by update"
    assert watch(float("nan"))
    assert watch.found.name == "NaN"


class Module:  # what a callback needs of one
    stop_training = False
    optimizer = SimpleNamespace(learning_rate=0.01)


def test_keras_is_served():
    callback, model = KerasWatch(stop=True, say=lambda _: None), Module()
    callback.set_model(model)
    callback.set_params({"epochs": 250})
    callback.on_train_begin()
    for epoch, loss in enumerate(LOST):
        callback.on_epoch_begin(epoch)
        callback.on_train_batch_end(0, {"loss": loss})
        callback.on_epoch_end(epoch, {"loss": loss, "val_loss": loss + 0.1})
        if model.stop_training:
            break
    assert callback.watch.found.name == "divergence"
    assert callback.watch.diagnosis().read.endswith("held-out losses; the rate")
    with pytest.raises(AttributeError):
        _ = callback.no_such_thing


def test_lightning_is_served():
    trainer = SimpleNamespace(
        optimizers=[SimpleNamespace(param_groups=[{"lr": 0.1}])], global_step=0, should_stop=False,
        callback_metrics={}, sanity_checking=False,
    )  # fmt: skip
    callback = LightningWatch(stop=True, say=lambda _: None)
    callback.setup(trainer, None, stage="fit")
    for loss in LOST:
        trainer.global_step += 1
        callback.on_train_batch_end(trainer, None, {"loss": np.float32(loss)}, None, 0)
        trainer.callback_metrics = {"acc": 0.5, "val_loss": loss}
        callback.on_validation_end(trainer, None)
        if trainer.should_stop:
            break
    assert trainer.should_stop and callback.watch.found.name == "divergence"
    assert callback.state_dict() == {}


def test_the_trainer_of_hugging_face_is_served():
    control, state = SimpleNamespace(should_training_stop=False), SimpleNamespace(global_step=0)
    callback = TrainerWatch(stop=True, say=lambda _: None)
    callback.on_train_begin(None, state, control)
    for loss in FALLING[:30]:
        state.global_step += 10
        callback.on_log(
            None, state, control, logs={"loss": loss, "learning_rate": 1e-4, "epoch": 1}
        )
        callback.on_log(None, state, control, logs={"eval_loss": loss, "epoch": 1})
    callback.on_log(None, state, control, logs={"train_runtime": 3.2})
    assert not control.should_training_stop
    callback.on_log(None, state, control, logs={"loss": 0.0, "grad_norm": float("nan")})
    assert control.should_training_stop and callback.watch.found.name == "NaN"
    assert "30 held-out losses" in callback.watch.diagnosis().read
