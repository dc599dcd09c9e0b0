"""Whatever people have of a run: is it read as posted, and does it say what was read?"""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from stepsize.clinic import diagnose
from stepsize.clinic.reading import read
from stepsize.clinic.reading.languages import in_english
from stepsize.clinic.reading.names import meaning

POSTED = Path(__file__).parent / "posted"
FILES = POSTED / "files"  # as Lightning wrote them, in a run of six epochs
EXPECTED = json.loads((POSTED / "expected.json").read_text(encoding="utf-8"))
CURVES = ("loss", "val_loss", "lr", "grad_norm")


def posted(name):
    return (POSTED / f"{name}.log").read_bytes().decode()


def assert_read(seen, expected):
    for name in CURVES:
        curve, wanted = getattr(seen, name), expected.get(name)
        assert (curve is None) == (wanted is None), name
        if wanted is not None:
            np.testing.assert_allclose(curve, wanted, rtol=1e-6, err_msg=f"{name}: {seen.said}")
    if "steps" in expected:
        np.testing.assert_allclose(seen.steps["loss"], expected["steps"])
    assert seen.kind == expected.get("kind", "")


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_log_is_read_as_it_was_posted(name):
    assert_read(read(posted(name)), EXPECTED[name])
    assert diagnose(posted(name)).verdict  # whatever it is


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_log_is_read_from_its_file_and_with_other_line_endings(name, tmp_path):
    assert_read(read(POSTED / f"{name}.log"), EXPECTED[name])
    file = tmp_path / "run.log"
    file.write_bytes(b"\xef\xbb\xbf" + posted(name).replace("\n", "\r\n").encode())
    assert_read(read(str(file)), EXPECTED[name])


def test_every_posted_log_says_what_should_be_read_in_it():
    assert {file.stem for file in POSTED.glob("*.log")} == set(EXPECTED)
    assert len(EXPECTED) >= 245


UNREAD = {  # no loss has its name in these
    "kaldi": (
        "LOG (nnet3-train:PrintStatsForThisPhase():nnet-training.cc:327) Average objective "
        "function for 'output' for minibatches 0-9 is -0.312 over 64000 frames.",
        "Its line 1 is",
    ),
    "tesseract": (
        "\n\nAt iteration 100/100/100, Mean rms=6.012%, delta=45.21%, char train=98.213%, New "
        "worst char error = 98.213 wrote checkpoint.",
        "Its line 3 is",
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_log_without_a_loss_is_told_which_line_was_looked_at_and_what_would_do(name):
    text, which = UNREAD[name]
    with pytest.raises(ValueError, match=f"{which}.*step 100 loss 0.43"):
        read(text)


class Frame:
    """As much of a DataFrame as is needed: its columns, and each by name."""

    def __init__(self, **columns):
        self._of = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return np.array(self._of[name], object if name == "run" else float)


NAN = float("nan")
LOSSES = [2.3, 2.1, 1.9]
OBJECTS = {
    "a list": (LOSSES, {"loss": LOSSES}),
    "a gap": ([2.3, None, 2.1, 1.9], {"loss": LOSSES}),
    "lines": (["step 1 loss 2.3\n", "step 2 loss 2.1\n", "step 3 loss 1.9\n"], {"loss": LOSSES}),
    "a column": (np.array(LOSSES)[:, None], {"loss": LOSSES}),
    "pairs": ([(0, 2.3), (10, 2.1), (20, 1.9)], {"loss": LOSSES, "steps": [0, 10, 20]}),
    "an array of pairs": (
        np.array([[0, 2.3], [10, 2.1], [20, 1.9]]),
        {"loss": LOSSES, "steps": [0, 10, 20]},
    ),
    "dicts": (
        [
            {"train/loss": 2.3, "step": 5},
            {"val/loss": 2.2, "step": 5},
            {"train/loss": 2.1, "step": 9},
        ],
        {"loss": [2.3, 2.1], "val_loss": [2.2], "steps": [5, 9]},
    ),
    "dicts of tensors": (
        [{"loss": np.float32(2.5)}, {"loss": np.array([1.5])}],
        {"loss": [2.5, 1.5]},
    ),
    "nested dicts": (
        [
            {"epoch": 0, "train": {"loss": 2.3}, "val": {"loss": 2.2}},
            {"epoch": 1, "train": {"loss": 2.1}},
        ],
        {"loss": [2.3, 2.1], "val_loss": [2.2], "steps": [0, 1]},
    ),
    "curves of different lengths": (
        {"loss": LOSSES, "val_loss": [2.0], "lr": [0.1, 0.01]},
        {"loss": LOSSES, "val_loss": [2.0], "lr": [0.1, 0.01]},
    ),
    "curves with their own steps": (
        {"loss": [(0, 2.3), (10, 2.1), (20, 1.9)], "val_loss": [(15, 2.0)]},
        {"loss": LOSSES, "val_loss": [2.0], "steps": [0, 10, 20]},
    ),
    "a curve that was never logged": (
        {"loss": LOSSES, "val_loss": [None, None, None]},
        {"loss": LOSSES},
    ),
    "one rate for all": ({"loss": LOSSES, "lr": 1e-3}, {"loss": LOSSES, "lr": [1e-3] * 3}),
    "a frame": (
        Frame(loss=LOSSES, val_loss=[2.2, 2.0, 1.95]),
        {"loss": LOSSES, "val_loss": [2.2, 2.0, 1.95]},
    ),
    "a frame with gaps": (
        Frame(
            step=[0, 0, 9, 9, 19],
            train_loss=[2.3, NAN, 2.1, NAN, 1.9],
            val_loss=[NAN, 2.2, NAN, 2.0, NAN],
            run=["a", "a", "a", "a", "a"],
        ),
        {"loss": LOSSES, "val_loss": [2.2, 2.0], "steps": [0, 9, 19]},
    ),
    "a frame that ends in gaps": (
        Frame(
            step=[0, 1, 1, 1],
            train_loss=[2.3, 2.1, NAN, NAN],
            val_loss=[NAN, NAN, 2.2, NAN],
            train_acc=[NAN, NAN, NAN, 0.5],
        ),
        {"loss": [2.3, 2.1], "val_loss": [2.2], "steps": [0, 1]},
    ),
    "a frame whose loss was lost": (
        Frame(loss=[2.3, 2.1, NAN, NAN], lr=[0.1, 0.1, 0.1, 0.1]),
        {"loss": [2.3, 2.1], "lr": [0.1] * 4},
    ),
    "a frame of one column with a NaN": (Frame(loss=[2.3, NAN, 2.1]), {"loss": [2.3]}),
    "Lightning's names": (
        {"train_loss_epoch": [2.2], "train_loss_step": LOSSES, "lr-Adam": [0.1] * 3},
        {"loss": LOSSES, "lr": [0.1] * 3},
    ),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_whatever_holds_a_run_is_read(name):
    history, expected = OBJECTS[name]
    assert_read(read(history), expected)


NAMES = {
    "loss": """
        loss; train/loss; train_loss_epoch; Train Loss; Loss/train; trainLoss; lm loss;
        training_loss; loss_step; total_loss; Loss (train); cost; train-cross-entropy
    """,
    "val_loss": """
        val_loss; eval_loss; eval/loss; Validation Loss; Val. Loss; test_loss; valid_loss;
        loss/val; dev loss; validation_0-logloss; validLoss
    """,
    "lr": """
        lr; learning_rate; lr-Adam; lr-Adam/pg1; Learning Rate; train/learning_rate; LR;
        lr/pg0; optim0_lr0
    """,
    "grad_norm": """
        grad_norm; gnorm; gradient_norm; train/grad_norm; optim/total_grad_norm; grad
        norm; grad_2.0_norm_total
    """,
    "loss_scale": """
        loss scale; loss_scale; amp/scale
    """,
    "step": """
        step; global_step; iter; iteration; num_updates; trainer/global_step; _step
    """,
    "epoch": """
        epoch; Epoch; train/epoch; ep
    """,
    "": """
        accuracy; val_acc; time; Epoch Time; loss_weight; best val loss; it/sec; eta;
        number of skipped iterations; the loss function with; weight_decay; min_lr;
        global_step/sec; data_time; elapsed time per iteration
    """,
}


def foreign():
    for role, names in NAMES.items():
        for name in re.split(r";\s+", names.strip()):
            yield role, name


@pytest.mark.parametrize("role, name", list(foreign()))
def test_foreign_names_are_known(role, name):
    assert meaning(name).role == role


def test_it_says_in_a_line_what_was_read():
    steps = [{"step": 10 * i, "loss": 2.0 / (i + 1), "lr": 0.1} for i in range(120)]
    steps += [{"step": 100 * i, "val_loss": 1.0} for i in range(12)]
    assert read(steps).said == "120 losses, every 10th update; 12 held-out losses; the rate"
    assert str(diagnose(steps)).startswith(
        "Read: 120 losses, every 10th update; 12 held-out losses"
    )
    assert read({"loss": [1.0, NAN]}).said == "2 losses (1 not finite)"
    assert read({"train/box_loss": [1.0], "train/cls_loss": [2.0]}).said.startswith(
        "1 loss (train/box_loss + train/cls_loss)"
    )


def test_a_nan_that_is_logged_as_zero_is_a_nan():
    rows = [{"loss": 2.0 - i / 10, "learning_rate": 1e-4, "epoch": i / 10} for i in range(10)]
    lost = [{"loss": 0.0, "learning_rate": 1e-4, "epoch": 1 + i / 10} for i in range(5)]
    assert diagnose(rows + lost).verdict == "NaN"
    assert "losses of 0.0 (5) are read as NaN" in read(rows + lost).said
    assert diagnose([{"loss": 0.0, "grad_norm": NAN, "epoch": 0.1}] * 3).verdict == "NaN"
    fine = [row | {"loss": 2.0**-i} for i, row in enumerate(rows)]
    assert read([*fine, fine[-1] | {"loss": 0.0, "epoch": 1.0}]).lost is None


# One line per epoch, as ten people print it: (epoch, loss, held-out loss, rate) -> a line.
PRINTED = {
    "French": lambda e, y, v, r: (
        f"Époque {e}/40 - perte : {y:.4f} - perte de validation : {v:.4f} "
        f"- taux d'apprentissage : {r:g}"
    ),
    "German, with commas": lambda e, y, v, r: (
        f"Epoche {e}: Verlust {y:.4f}, Validierungsverlust {v:.4f}, Lernrate {r:.6f}".replace(
            ".", ","
        )
    ),
    "Spanish": lambda e, y, v, r: f"Época {e} | pérdida={y:.4f} | pérdida_val={v:.4f} | lr={r:g}",
    "Chinese": lambda e, y, v, r: f"第{e}轮，训练损失：{y:.4f}，验证损失：{v:.4f}，学习率：{r:g}",
    "logging": lambda e, y, v, r: (
        f"2024-05-01 12:{e:02}:00,123 INFO     trainer: epoch={e} loss={y:.4f} "
        f"val_loss={v:.4f} lr={r:g}"
    ),
    "colored": lambda e, y, v, r: (
        f"\x1b[1mEpoch {e}/40\x1b[0m \x1b[32mloss: {y:.4f}\x1b[0m val_loss: {v:.4f} lr: {r:g}"
    ),
    "Keras": lambda e, y, v, r: (
        f"Epoch {e}/40\n20/20 ━━━━━━━━━━━━━━━━━━━━ 1s 5ms/step - loss: {y:.4f} - val_loss: {v:.4f} "
        f"- learning_rate: {r:.4e}"
    ),
    "fastai": lambda e, y, v, r: (
        ("epoch train_loss valid_loss lr time\n" if e == 1 else "")
        + f"{e} {y:.6f} {v:.6f} {r:.6f} 00:12"
    ),
    "Markdown": lambda e, y, v, r: (
        ("| epoch | train loss | val loss | lr |\n|---|---|---|---|\n" if e == 1 else "")
        + f"| {e} | {y:.4f} | {v:.4f} | {r:g} |"
    ),
    "JSON lines": lambda e, y, v, r: (
        f'{{"epoch": {e}, "train": {{"loss": {y:.4f}}}, "val": {{"loss": {v:.4f}}}, "lr": {r:g}}}'
    ),
    "semicolons": lambda e, y, v, r: (
        ("Epoche;Verlust;Validierungsverlust;Lernrate\n" if e == 1 else "")
        + f"{e};{y:.4f};{v:.4f};{r:.6f}".replace(".", ",")
    ),
    "one key a line": lambda e, y, v, r: (
        f"Epoch: {e}\nTraining loss: {y:.4f}\nValidation loss: {v:.4f}\nLearning rate: {r:g}\n"
    ),
    "ranks": lambda e, y, v, r: "\n".join(
        f"[rank{k}]: epoch {e} loss {y + k:.4f} val_loss {v:.4f} lr {r:g}" for k in range(2)
    ),
}
E = np.arange(40)
RUNS = {
    "healthy": (0.2 + 2 * np.exp(-E / 8), 0.3 + 2 * np.exp(-E / 8)),
    "overfitting": (2 * np.exp(-E / 10), 0.5 + (E - 12) ** 2 / 400),
    "divergence": (
        np.r_[0.2 + 2 * np.exp(-E[:20] / 8), 0.5 * 1.5 ** E[:20]],
        np.r_[0.3 + 2 * np.exp(-E[:20] / 8), 0.6 * 1.5 ** E[:20]],
    ),
    "rate too low": (2.3 - 0.004 * E, 2.31 - 0.004 * E),
}


def test_words_are_translated_with_or_without_their_accents():
    assert in_english("Pérdida: 1, perdida: 2, PÉRDIDA 3") == "loss: 1, loss: 2, loss 3"
    assert in_english("taux d’apprentissage = 0.1") == "lr = 0.1"
    assert in_english("第12步 损失 0.5").split() == ["step", "12", "loss", "0.5"]
    for english in ("step 3 | loss 0.5", "Verlusterfahrung", "superposition", "repertoire"):
        assert in_english(english) == english


@pytest.mark.parametrize("form", PRINTED)
@pytest.mark.parametrize("verdict", RUNS)
def test_how_it_was_printed_does_not_change_the_verdict(form, verdict):
    loss, held = RUNS[verdict]
    rows = zip(range(1, 41), loss, held, strict=True)
    text = "\n".join(PRINTED[form](epoch, y, v, 0.001) for epoch, y, v in rows)
    found = diagnose(text)
    assert found.verdict == verdict
    assert "40 losses" in found.read and "40 held-out losses; the rate" in found.read


@pytest.mark.parametrize(
    "wrong",
    ["", "hello", "no numbers: here", "/no/such/run.csv", "accuracy: 0.9", [{"acc": 1.0}], {}, []],
)
def test_anything_without_a_loss_is_an_error_that_says_so(wrong):
    with pytest.raises((TypeError, ValueError), match="loss"):
        read(wrong)


def test_an_event_file_without_its_reader_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_accumulator", None)
    (file,) = FILES.glob("*tfevents*")
    shutil.copy(file, tmp_path)
    for what in (file, str(file), tmp_path):
        with pytest.raises(ValueError, match="pip install tensorboard"):
            read(what)


def test_the_metrics_of_lightning_are_read_with_their_blank_cells():
    seen = read(FILES / "lightning-metrics.csv")
    assert seen.said == ("48 losses (train_loss_step), by update; 6 held-out losses; the rate")
    assert len(seen.loss) == 48 and seen.lost is None
    assert set(seen.lr) == {0.05}


def test_a_folder_is_read_from_what_a_logger_left_there(tmp_path):
    with pytest.raises(ValueError, match="none of"):
        read(tmp_path)
    (tmp_path / "version_0").mkdir()
    csv = tmp_path / "version_0" / "metrics.csv"
    csv.write_text("step,train_loss\n0,2.3\n1,2.2\n", encoding="utf-8")
    assert read(tmp_path).said == "2 losses (train_loss), by update"


def test_a_notebook_is_read_from_what_it_printed(tmp_path):
    outputs = [{"text": ["epoch 1 loss 2.3\n", "epoch 2 loss 2.1\n"], "output_type": "stream"}]
    cells = [{"cell_type": "code", "source": ["train()"], "outputs": outputs}]
    notebook = tmp_path / "run.ipynb"
    notebook.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert list(read(notebook).loss) == [2.3, 2.1]


CELL = "%matplotlib inline\n!pip install torch\nfor x in data:\n\tf(x).backward()\n\to.step()\n"
SAID = {
    "a cell": (CELL, "the code"),
    "at a prompt": (">>> for x in data:\n...     step()\n...\n3\n>>> y = 1\n", "the code"),
    "of IPython": ("In [3]: x = 1\nOut[3]: 4 5\n", "the code"),
    "its first line cut": ("for x in data:\n        step()\n        more()\n", "the code"),
    "a piece": ("    loss.backward()\n    optimizer.step()\n", "the code"),
    "in a fence": ("```python\nx = 1\n```\n", "the code"),
    "its last line cut": ("for x in data:\n    y = f(x,\n", "the code"),
    "its last block cut": ("for x in data:\n    f(x)\n    if x > 3:\n", "the code"),
    "cut in a bare In": ("In [12]:\nfor x in data:\n    step()\n", "the code"),
    "mixed tabs": ("for x in data:\n\tif x:\n\t    step()\n", "the code"),
    "no Python": (
        "x = 1\nfor x in data\n    step()\n",
        "not the code, because its line 2 isn't Python",
    ),
    "a function": (test_an_event_file_without_its_reader_says_what_to_install, "the code"),
    "a file": (str(Path(__file__)), "the code"),
}


@pytest.mark.parametrize("name", SAID)
def test_code_alone_is_read_as_people_have_it_and_never_called_healthy(name):
    code, said = SAID[name]
    assert read(None, code=code).said.startswith(said)
    assert diagnose(code=code).verdict != "healthy"


@pytest.mark.parametrize("wrong", [3, ["x = 1"], "no/such/file.py", len])
def test_what_is_not_code_is_named(wrong):
    with pytest.raises((TypeError, ValueError), match="code"):
        diagnose(code=wrong)


@pytest.mark.parametrize("classes, kind", [(1, ""), (True, ""), (2.5, ""), (None, "cat")])
def test_classes_and_kind_have_to_be_possible(classes, kind):
    with pytest.raises(ValueError, match=r"classes|kind"):
        read([2.3, 2.2], classes=classes, kind=kind)
    seen = read([2.3, 2.2], classes=10, kind="gan")
    assert (seen.classes, seen.kind) == (10, "gan")


@pytest.mark.parametrize(
    "piece", ["x", "a b ", " at a", "[==>", "(", " ", "1,", "tensor(", "loss: [ "]
)
def test_an_endless_line_is_read(piece):  # it took minutes when time grew as the square
    assert len(read(piece * 5000 + "\nloss: 1.5\nloss: 2.5\n").loss) >= 2


def test_a_log_with_the_newest_lines_first_is_one_run():
    steps = [(epoch, step) for epoch in range(9, 0, -1) for step in range(5, 0, -1)]
    text = "\n".join(f"epoch {e} step {s} loss {2 / (5 * e + s):.3f}" for e, s in steps)
    assert len(read(text).loss) == 45
