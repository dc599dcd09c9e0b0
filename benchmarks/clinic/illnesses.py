"""Healthy runs and sick ones, told apart by a criterion other than `diagnose`."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .trainings import Case, Runs

__all__ = ["Sick", "cases", "truth"]


@dataclass(frozen=True, eq=False)
class Sick:
    """A case: what it is meant to be, how severe, and what it must be compared with."""

    name: str
    variant: str
    case: Case
    at: tuple[int, ...] = field(default=())  # updates at which something happens


def cases(best: float, T: int, seed: int) -> Iterator[Sick]:
    """The runs of a group. The first is the healthy one that all are compared with."""
    rng, t = np.random.default_rng((seed, T)), np.arange(T)
    x = t / T
    warm = np.minimum((t + 1) / max(1, T // 20), 1)
    cosine = (1 + np.cos(np.pi * x)) / 2
    cycle = np.interp(x, [0, 0.3, 1], [0.04, 1, 0])
    half = best / 2
    well = {
        "warmup, cosine": half * warm * cosine,
        "cosine": half * cosine,
        "cosine, lower": best / 5 * cosine,
        "peak at best": best * warm * cosine,
        "one cycle": best * cycle,
        "steps": half * np.select([x < 0.5, x < 0.75], [1, 0.1], 0.01),
        "steps of 3": half * 0.33 ** np.floor(4 * x),
        "warmup, stable, decay": half * warm * np.interp(x, [0, 0.8, 1], [1, 1, 0]),
        "restarts": half * (0.01 + (1 + np.cos(np.pi * (3 * x % 1))) / 2),
        "linear": half * (1 - x),
        "exponential": half * 0.03**x,
        "inverse root": half * warm / np.sqrt(1 + 20 * x),
        "constant": np.full(T, best / 3),
        "constant, lower": np.full(T, best / 6),
    }
    for variant, lr in well.items():
        yield Sick("healthy", variant, Case(lr))
    hard = tuple(rng.integers(T // 4, T, 1).tolist())
    yield Sick("healthy", "a muddled batch", Case(well["warmup, cosine"], muddled=hard), hard)
    yield Sick("healthy", "wrong targets", Case(well["warmup, cosine"], wrong=0.15))
    fine = well["warmup, cosine"]

    for far in (10, 30, 100, 300):
        yield Sick("rate too high", f"x {far}", Case(np.full(T, best * far)))
    for far in (10, 30, 100, 300, 1000):
        yield Sick("rate too low", f"/ {far}", Case(np.full(T, best / far)))
    at = int(T * rng.uniform(0.3, 0.7))
    yield Sick("divergence", "jump", Case(half * np.where(t < at, 1, 300.0)), (at,))
    grown = half * 1.0 ** np.maximum(t - at, 0) * np.minimum(1.06 ** np.maximum(t - at, 0), 1e4)
    yield Sick("divergence", "growing", Case(grown), (at,))
    whens = [tuple(rng.integers(T // 5, 3 * T // 4, n).tolist()) for n in (1, 2, 4)]
    for when, far in zip(whens, (30, 100, 300), strict=True):
        kicked = np.where(np.isin(t, when), far, 1) * half
        yield Sick("loss spikes", f"rate x {far}", Case(kicked), when)
        grads = np.where(np.isin(t, when), float(far), 1.0)
        yield Sick("loss spikes", f"gradient x {far}", Case(fine, grads), when)
    at = int(rng.integers(T // 10, T))
    yield Sick("NaN", "", Case(fine, np.where(t == at, np.nan, 1.0)), (at + 1,))
    gone = {
        "drop at 10 %": np.where(x < 0.1, 1, 1e-3),
        "drop at 25 %": np.where(x < 0.25, 1, 1e-3),
        "exponential": 1e-4 ** (3 * x),
        "cosine of a fifth": np.where(x < 0.2, (1 + np.cos(np.pi * 5 * x)) / 2, 1e-6),
    }
    for variant, factor in gone.items():
        yield Sick("rate decayed too early", variant, Case(half * factor))
    for waves in (8, 25):
        bent = (1 + np.cos(np.pi * waves * x)) / 2
        yield Sick("schedule at the wrong pace", f"{waves} half waves", Case(half * bent))
    for far in (1, 3, 10, 30, 100):
        lr = np.full(T, best / far)
        yield Sick("forgotten zero_grad", f"rate / {far}", Case(lr, add_up=True))
    yield Sick("plateau", "other parameters", Case(np.zeros(T)))
    yield Sick("plateau", "wrong targets", Case(fine, muddled=tuple(range(T))))
    for few, wrong in ((40, 0.3), (100, 0.2)):
        lr = np.full(T, half)
        yield Sick("overfitting", f"{few} examples", Case(lr, examples=few, wrong=wrong))
    yield Sick("dead gradients", "0", Case(fine, np.zeros(T)))
    yield Sick("dead gradients", "tiny", Case(fine, np.full(T, 1e-9)))
    yield Sick("dead gradients", "later", Case(fine, np.where(x < 0.05, 1.0, 0.0)))
    yield Sick("noise floor", "best", Case(np.full(T, best)))
    yield Sick("noise floor", "twice the best", Case(np.full(T, 2 * best)))
    for far in (2, 5, 20):
        yield Sick("warmed", f"x {far}", Case(far * best * np.minimum(t / (T / 5), 1) * cosine))
        yield Sick("no warmup", f"x {far}", Case(far * best * cosine))


def truth(sick: Sick, k: int, runs: Runs, group: list[Sick]) -> set[str]:
    """The names that are right for run k; empty if it is neither clearly ill nor well.

    start, fall: of the group's first run, a healthy one. missing: how much of that fall the run
    lacks in the end. By its curves alone, never by `diagnose`.
    """
    name, at, y, good = sick.name, sick.at, runs.loss[:, k], runs.loss[:, 0]
    T = len(y)
    tenth, few = max(T // 10, 1), max(T // 50, 1)
    start, low = good[:few].mean(), good[-tenth:].mean()
    fall = start - low
    noise = float(np.std(np.diff(good[-T // 2 :])) / 2**0.5)
    unsure = float(np.std(good[-T // 2 :])) / tenth**0.5
    if not fall > max(6 * unsure, 0.02 * abs(start)):
        return set()  # this model learns nothing that could be seen
    end = y[-tenth:].mean() if np.isfinite(y).all() else np.inf
    missing = (end - low) / fall
    clear = missing > 0.25 and end - low > 3 * noise / tenth**0.5
    if name == "healthy":
        top = y[T // 5 :].max()
        quiet = bool(at) or (not _peaks(y, fall, noise) and top < start + fall + 6 * noise)
        val = runs.val_loss[:, k]
        kept = val[-3:].mean() - val.min() < 0.1 * (val[0] - val.min())
        also = {"loss spikes"} if at else set()  # one bad batch isn't an illness, but it is seen
        return {"healthy"} | also if missing < 0.15 and quiet and kept else set()
    if name == "NaN":
        return {"NaN"}
    if name == "rate too high":
        if not clear:
            return set()
        names = {"rate too high", "divergence", "NaN"}
        over = np.isfinite(y).all() and y[2:].max() < start + 0.1 * fall + 4 * noise
        settled = end < start - 0.3 * fall  # at a rate that was too high for its start, at least
        names |= {"no warmup"} if settled else set()
        return names | ({"plateau", "dead gradients", "noise floor"} if over else set())
    if name == "rate too low":
        if not clear or missing < 0.4:
            return set()
        middle, whole = y[T // 2 :][:tenth].mean(), y[:few].mean() - end
        if middle - end < 0.25 * whole:
            return set()  # it slows down as a healthy run of a different model would
        own = np.abs(y[:tenth].mean() - end)
        hidden = own < 4 * np.std(np.diff(y)) / 2**0.5 / tenth**0.5 * 2**0.5
        third = y[:few].mean() - y[int(0.35 * T) :][:tenth].mean()
        late = third < 0.15 * (y[:few].mean() - end)  # flat for long, and then it learns
        return {"rate too low"} | ({"plateau"} if hidden or late else set())
    if name == "divergence":
        falls = np.isfinite(end) and end < y[-2 * tenth :].mean() - fall / 4
        ok = missing > 1 and not falls
        return {"divergence", "NaN"} if ok else set()
    if name == "loss spikes":
        shown = [_shows(y, t, fall) for t in at if t < T - 10]
        return {"loss spikes"} if any(shown) and missing < 0.5 else set()
    if name == "rate decayed too early":
        return {"rate decayed too early", "schedule at the wrong pace"} if missing > 0.1 else set()
    if name == "schedule at the wrong pace":
        return {"schedule at the wrong pace"}
    if name == "forgotten zero_grad":
        return {"forgotten zero_grad"}
    if name == "plateau":
        own = float(np.std(np.diff(y))) / 2**0.5
        change, chance = np.abs(y[:tenth].mean() - end), 3 * own * (2 / tenth) ** 0.5
        calm = change < max(chance, 1e-6 * abs(start)) and y.max() < start + 0.3 * fall + 5 * own
        return {"plateau", "dead gradients"} if clear and calm else set()
    if name == "dead gradients":
        return {"dead gradients"} if clear else set()
    if name == "overfitting":
        val = runs.val_loss[:, k]
        val = val[np.isfinite(val)]
        rise, dip = val[-3:].mean() - val.min(), val[0] - val.min()
        learned = y[-tenth:].mean() < y[:few].mean()
        return (
            {"overfitting"} if rise > max(0.15 * dip, 0.1 * abs(val.min())) and learned else set()
        )
    if name == "noise floor":
        middle = y[-T // 2 : -T // 4].mean()
        flat = abs(middle - y[-T // 4 :].mean()) < 0.05 * fall
        peaks = _peaks(y, fall, noise)
        return {"noise floor"} if 0.1 < missing < 0.8 and flat and not peaks else set()
    if name == "no warmup":
        warmed = next(
            i for i, s in enumerate(group) if s.name == "warmed" and s.variant == sick.variant
        )
        cured = (runs.loss[-tenth:, warmed].mean() - low) / fall
        top = np.median(np.lib.stride_tricks.sliding_window_view(y[: max(T // 5, 12)], 3), -1).max()
        if not (cured < 0.15 and top > start + 0.5 * fall + 4 * noise) or not np.isfinite(end):
            return set()
        return {"no warmup"} | ({"rate too high", "divergence"} if clear else set())
    return set()


def _peaks(y: np.ndarray, fall: float, noise: float) -> bool:
    """Whether losses after the first fifth stand out by a third of the fall, three in a row."""
    late = y[len(y) // 5 :]
    three = np.lib.stride_tricks.sliding_window_view(late, 3).min(-1)
    return bool(np.max(three - np.median(late)) > fall / 3 + 4 * noise)


def _shows(y: np.ndarray, t: int, fall: float) -> bool:
    """Whether the losses after update t stand out from those before, and come back to them."""
    before, after = y[max(0, t - 30) : t + 1], y[t + 1 : t + 12]
    back = y[t + 12 : t + 100]
    far = before.mean() + max(8 * before.std(), 0.25 * fall)
    return bool(after.max() > far > np.median(back[len(back) // 2 :])) if len(back) > 5 else False
