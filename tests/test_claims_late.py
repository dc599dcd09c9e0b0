"""What lessons 6 and 8 to 12 say of their runs, on seeds that no lesson and no stored run has.

Each claim is a sentence of a lesson; the numbers here are looser than the ones printed there only
where the sentence is. Minutes: `python run.py test -m slow -k claims`.
"""

from collections import Counter

import numpy as np
import pytest
import torch

from stepsize.transformer import CHANCE, Run, ramp, train

pytestmark = pytest.mark.slow

PEAK = 0.015  # of lesson 8


def verdicts(seeds: range, lr, **changed) -> Counter:
    return Counter(train(lr, seed=seed, **changed).verdict for seed in seeds)


# --- Lesson 8 -----------------------------------------------------------------------------------


def test_claims_8_the_whole_rate_is_stuck_and_a_warmup_or_a_quarter_of_it_learns():
    seeds = range(3000, 3012)
    assert verdicts(seeds, PEAK)["stuck"] >= 11
    assert verdicts(seeds, PEAK / 4)["learned"] >= 11
    assert verdicts(seeds, ramp(PEAK, 40))["learned"] >= 11
    assert verdicts(seeds, ramp(PEAK, 20))["learned"] >= 11


def learned_at(run: Run) -> int:
    """The first update at which the mean of ten losses is below a third of chance."""
    return int(np.argmax(np.convolve(run.loss, np.full(10, 0.1), "valid") < CHANCE / 3))


def test_claims_8_the_best_with_warmup_is_a_little_better_and_learns_a_little_earlier():
    """Pairs: the best cells of the map, chosen on seeds 0 to 4."""
    seeds = range(3100, 3112)
    pairs = [(train(0.0055, seed=s), train(ramp(0.0105, 20), seed=s)) for s in seeds]
    none, warm = (np.array([run.end for run in runs]) for runs in zip(*pairs, strict=True))
    assert (warm < none).sum() >= 9
    assert 1.3 < np.median(none / warm) < 5
    earlier = np.median([learned_at(a) - learned_at(b) for a, b in pairs])
    assert 4 <= earlier <= 14


def test_claims_8_a_low_rate_loses_by_warmup():
    for seed in range(3200, 3204):
        none, short, long = (train(ramp(0.002, n), seed=seed).end for n in (0, 20, 80))
        assert none < short < long


def test_claims_8_ten_updates_make_it_blind():
    for seed in range(3300, 3306):
        for lr, blind in ((PEAK, True), (ramp(PEAK, 40), False)):
            run = train(lr, steps=41, seed=seed, watch=True)
            lengths = run.update / run.lr[:, None]
            assert (run.spread[10] / run.spread[0] < 0.05) == blind
            np.testing.assert_allclose(lengths[0], 1, atol=0.05)
            assert (lengths[9] < 0.5).all()
            assert (run.gradient[9, 0] < 0.05 * run.gradient[0, 0]) == blind


@pytest.mark.parametrize(
    ("changed", "learns"),
    [
        (dict(norm_first=True), True),
        (dict(layers=2), True),
        (dict(optimizer=torch.optim.RAdam, steps=150), True),
        (dict(optimizer=torch.optim.AdamW), False),
        (dict(betas=(0.9, 0.98)), False),
    ],
)
def test_claims_8_what_else_helps(changed, learns):
    found = verdicts(range(3400, 3408), PEAK, **changed)
    assert found["learned"] >= 7 if learns else found["learned"] <= 1


def test_claims_8_sgd_learns_without_warmup():
    changed = dict(steps=300, optimizer=torch.optim.SGD, momentum=0.9)
    assert verdicts(range(3500, 3504), 0.02, **changed)["learned"] >= 3
