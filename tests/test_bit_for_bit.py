"""Which rules equal torch's to the last bit, and what the textbook's order costs the others.

This runs in its own process, because torch has to be told before its import not to use fused
multiply-adds, which round once instead of twice: ATEN_CPU_CAPABILITY=default. And NumPy's root
replaces torch's, which isn't rounded correctly (one float64 in 75 is off by one unit).
"""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

# How far theta may be from torch's after any of 200 updates, in units in the last place of the
# largest theta: about twice what was measured. 0: the rule does torch's operations in torch's
# order. The other rules follow the equation instead:
# - m is a mean of m and grad; in torch it is a lerp, m + (1 - beta1) (grad - m);
# - m_hat, v_hat and scale are computed; torch folds them into two numbers;
# - variance is a small difference of two large numbers, so rounding in m counts for more;
# - without momentum, RMSProp's velocity is the step over lr; torch doesn't compute it at all;
# - Adafactor's mean of squares is the square of a norm in torch;
# - Muon multiplies matrices, whose sums NumPy and torch add up in a different order.
UNITS = {
    "sgd": 0,
    "momentum": 0,
    "momentum, dampened": 0,
    "nesterov": 0,
    "adagrad": 0,
    "rmsprop, with momentum": 0,
    "adadelta": 0,
    "rmsprop": 4,
    "centered_rmsprop": 30,
    "adam": 10,
    "amsgrad": 10,
    "adamw": 12,
    "nadam": 24,
    "radam": 6,
    "adamax": 6,
    "adafactor_vector": 6,
    "adafactor": 6,
    "muon": 300,
}


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"),
    reason="elsewhere the compiler of torch itself puts in fused multiply-adds",
)
def test_bit_for_bit_or_how_far():
    paths = os.pathsep.join(path for path in ["", *sys.path])
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": "default", "PYTHONPATH": paths}
    command = [sys.executable, "-m", "tests.test_bit_for_bit"]
    run = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    apart = json.loads(run.stdout)
    assert apart.keys() == UNITS.keys()
    too_far = {name: units for name, units in apart.items() if units > UNITS[name]}
    assert not too_far


def measure() -> dict[str, float]:
    import torch

    from stepsize import optimizers as r
    from tests.twins import DTYPES, Quadratic, gradients, ours, theirs

    torch.set_num_threads(1)
    assert "default" in torch.backends.cpu.get_cpu_capability().lower()
    torch.Tensor.sqrt = lambda x: torch.as_tensor(np.sqrt(x.numpy(force=True)))
    torch.Tensor.sqrt_ = lambda x: x.copy_(torch.as_tensor(np.sqrt(x.numpy(force=True))))
    torch.Tensor.bfloat16 = torch.Tensor.clone
    o = torch.optim
    dampened = dict(momentum=0.9, dampening=0.3)
    cases = [
        ("sgd", r.sgd, dict(), o.SGD, dict()),
        ("momentum", r.momentum, dict(), o.SGD, dict(momentum=0.9)),
        ("momentum, dampened", r.momentum, dampened, o.SGD, dampened),
        ("nesterov", r.nesterov, dict(), o.SGD, dict(momentum=0.9, nesterov=True)),
        ("adagrad", r.adagrad, dict(lr_decay=0.1), o.Adagrad, dict(lr_decay=0.1)),
        ("rmsprop, with momentum", r.rmsprop, dict(momentum=0.9), o.RMSprop, dict(momentum=0.9)),
        ("adadelta", r.adadelta, dict(), o.Adadelta, dict()),
        ("rmsprop", r.rmsprop, dict(), o.RMSprop, dict()),
        ("centered_rmsprop", r.centered_rmsprop, dict(), o.RMSprop, dict(centered=True)),
        ("adam", r.adam, dict(), o.Adam, dict()),
        ("amsgrad", r.amsgrad, dict(), o.Adam, dict(amsgrad=True)),
        ("adamw", r.adamw, dict(), o.AdamW, dict()),
        ("nadam", r.nadam, dict(), o.NAdam, dict()),
        ("radam", r.radam, dict(), o.RAdam, dict()),
        ("adamax", r.adamax, dict(), o.Adamax, dict()),
        ("adafactor_vector", r.adafactor_vector, dict(), o.Adafactor, dict()),
        ("adafactor", r.adafactor, dict(), o.Adafactor, dict()),
        ("muon", r.muon, dict(), o.Muon, dict()),
    ]
    options = [dict(), dict(weight_decay=0.1), dict(weight_decay=0.1, maximize=True)]
    apart: dict[str, float] = {}
    for name, rule, hyper, make, arguments in cases:
        for option in options[:2] if make is o.Muon else options:  # torch's has no maximize
            for dtype in DTYPES:
                shape = (5,) if rule is r.adafactor_vector else (3, 4)
                start = np.random.default_rng(1).normal(size=shape).astype(dtype)
                for grads in (gradients("random", shape, dtype), Quadratic(shape, dtype)):
                    torchs = theirs(make, start, grads, lr=0.01, **arguments, **option)
                    mine = ours(rule, start, grads, lr=0.01, **hyper, **option)
                    units = np.abs(mine - torchs).max() / np.spacing(np.abs(torchs).max())
                    apart[name] = max(apart.get(name, 0), float(units))
    return apart


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
