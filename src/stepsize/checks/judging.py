"""Judges an answer by what it does, compared with the reference and the known mistakes.

An answer that does the same as the reference is right. One that does the same as a mistake has that
mistake; one that does the same as two mistakes together has both. Failing that, it has the one
mistake that explains where it first goes wrong. For any other, the first difference is shown.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations, islice, takewhile
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from ..learner.verdict import RIGHT, UNTRIED, WRONG, Verdict
from .compare import Apart, agree, differences, first_difference, side_by_side
from .exercise import Broke, Exercise, Made, Moment, Unfinished, Wrong

__all__ = ["BOTH", "judge"]

BOTH = " + "  # between the names of two mistakes
RIGHT_BUT = "The numbers are right, but {}"
TWO = "There are two mistakes in it. (1) {} (2) {}"
ONE_OF_THEM = "{} That isn't all, but start there."
NO_NUMBER = {  # NumPy's complaint -> what happened
    "divide by zero": "somewhere on the way you divide by 0.",
    "invalid value": "on the way there is 0 / 0, or infinity / infinity, or a root or a logarithm "
    "of a number below 0.",
    "overflow": "on the way the numbers get too large.",
}


class _Found(NamedTuple):
    """Mistakes that explain an answer. whole: all of it. faults: the faults that go with them."""

    names: tuple[str, ...]
    whole: bool = True
    faults: frozenset[str] = frozenset()


def judge(exercise: Exercise, answer: Any) -> Verdict:
    """The verdict on an answer. Raises Broke if the answer raises an error."""
    name, half_time = exercise.name, process_time() + exercise.seconds / 2
    try:
        seen = exercise.observe(answer)
        mine = list(seen.moments)
    except Unfinished:
        return Verdict(name, UNTRIED, "")
    except Wrong as wrong:
        return Verdict(name, WRONG, wrong.sentence, mistake=wrong.mistake)
    expected = list(exercise.observe(exercise.reference).moments)
    apart = first_difference(exercise, mine, expected)
    if apart is None:
        for fault, sentence in seen.faults.items():
            return Verdict(name, WRONG, RIGHT_BUT.format(sentence), mistake=fault)
        return Verdict(name, RIGHT, exercise.praise)
    found = (
        _doing_all(exercise, mine, expected, half_time)
        or _named_by_facts(exercise, mine, expected)
        or _doing_the_first(exercise, mine, expected)
    )
    if found:
        return _told(exercise, found, seen.faults)
    if exercise.hint:
        return _hinted(exercise, apart, mine)
    return _first_seen(exercise, apart, mine)


def _doing_all(
    exercise: Exercise, mine: list[Moment], expected: list[Moment], until: float
) -> _Found | None:
    """The mistake that does everything the answer does, or the two that do it together.

    One that also remembers the same is preferred, because a sum instead of a mean may end where
    another mistake does.
    """
    found = None
    for names, variant in _ones_and_twos(exercise, until):
        try:
            seen = exercise.observe(variant)
            theirs = _while_alike(exercise, mine, seen.moments)
        except (Broke, Unfinished, Wrong):  # two mistakes together may not even run
            continue
        if len(theirs) == len(mine) and _is_evident(exercise, mine, theirs, expected):
            this = _Found(names, faults=frozenset(seen.faults))
            if _same_inside(exercise, mine, theirs):
                return this
            found = found or this
    return found


def _ones_and_twos(exercise: Exercise, until: float) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every known mistake and, while there is time, every combination of two different parts."""
    ones = [*_variants(exercise)]
    yield from (((name,), variant) for name, variant in ones)
    made = [(name, one.made) for name, one in ones if hasattr(one, "made")]
    for (first, one), (second, other) in combinations(made, 2):
        if process_time() > until:  # a slow answer leaves no time
            return
        if first != second and _fit(one, other):
            yield (first, second), one.make(**one.parts | other.parts)


def _fit(one: Made, other: Made) -> bool:
    """Whether one answer can have both: no part would have to be two things at once."""
    shared = one.parts.keys() & other.parts.keys()
    return one.make == other.make and all(one.parts[x] is other.parts[x] for x in shared)


def _variants(exercise: Exercise) -> Iterator[tuple[str, Any]]:
    for name, mistake in exercise.mistakes.items():
        for variant in mistake.variants:
            yield name, variant


def _named_by_facts(
    exercise: Exercise, mine: list[Moment], expected: list[Moment]
) -> _Found | None:
    """The mistakes named by the facts that differ; two at most."""
    pairs = zip(mine, expected, strict=True)
    wrong = (name for a, b in pairs for name, _ in differences(exercise, a.results, b.results))
    names = [name for name in wrong if name in exercise.mistakes]
    return _Found((*names[:2],)) if names else None


def _doing_the_first(
    exercise: Exercise, mine: list[Moment], expected: list[Moment]
) -> _Found | None:
    """The only mistake that explains all numbers of the first wrong moment."""
    pairs = enumerate(zip(mine, expected, strict=True))
    wrong = next(i for i, (a, b) in pairs if any(differences(exercise, a.results, b.results)))
    numbers = (np.size(x) for x in mine[wrong].results.values() if np.asarray(x).dtype != bool)
    if sum(numbers) < 2:
        return None  # a single number may agree by chance, and so may booleans
    first, right = mine[wrong : wrong + 1], expected[wrong : wrong + 1]
    names = set()
    for name, variant in _variants(exercise):
        theirs = [*islice(exercise.observe(variant).moments, wrong, wrong + 1)]
        if (
            _while_alike(exercise, first, theirs)
            and _is_evident(exercise, first, theirs, right)
            and _same_inside(exercise, first, theirs)
        ):
            names.add(name)
    return _Found((*names,), whole=False) if len(names) == 1 else None


def _while_alike(exercise: Exercise, mine: list[Moment], theirs: Iterable[Moment]) -> list[Moment]:
    """The moments of an answer up to the first whose results differ."""
    pairs = zip(mine, theirs, strict=True)
    alike = takewhile(lambda pair: not any(_differ(exercise, *pair)), pairs)
    return [other for _, other in alike]


def _differ(exercise: Exercise, one: Moment, other: Moment) -> Iterator[Any]:
    return differences(exercise, one.results, other.results)


def _same_inside(exercise: Exercise, mine: list[Moment], theirs: list[Moment]) -> bool:
    """Whether the inner values with the same names agree."""
    pairs = zip(mine, theirs, strict=True)
    return not any(any(differences(exercise, a.inner, b.inner)) for a, b in pairs)


def _is_evident(
    exercise: Exercise, mine: list[Moment], theirs: list[Moment], expected: list[Moment]
) -> bool:
    """Whether both share a number that isn't the expected one; there may be no such number."""
    may_be_nan = _may_be_nan(expected)
    for seen in zip(mine, theirs, expected, strict=True):
        yours, others, wanted = ({**one.inner, **one.results} for one in seen)
        for name in yours.keys() & others.keys():
            value = yours[name]
            is_number = may_be_nan or np.isfinite(value).any() or np.size(value) == 0
            right = name in wanted and agree(exercise, value, wanted[name])
            if is_number and not right and agree(exercise, value, others[name]):
                return True
    return False


def _may_be_nan(expected: list[Moment]) -> bool:
    """Whether NaN is an answer to this exercise, not the lack of one."""
    return any(np.isnan(value).any() for seen in expected for value in seen.results.values())


def _told(exercise: Exercise, found: _Found, faults: dict[str, str]) -> Verdict:
    """The verdict on known mistakes: one, two, or one with a fault."""
    said = {name: exercise.mistakes[name].sentence for name in found.names}
    beside = {name: text for name, text in faults.items() if name not in found.faults}
    said |= {name: text[0].upper() + text[1:] for name, text in beside.items()}
    names = [*said][:2]
    frame = TWO if len(names) == 2 else "{}" if found.whole else ONE_OF_THEM
    text = frame.format(*(said[name] for name in names))
    return Verdict(exercise.name, WRONG, text, mistake=BOTH.join(names))


def _hinted(exercise: Exercise, apart: Apart, mine: list[Moment]) -> Verdict:
    """The verdict if the expected values are the answer: for several, which are right."""
    if len(mine[0].results) == 1:
        return Verdict(exercise.name, WRONG, exercise.hint)
    right = [name for name in mine[0].results if name not in apart.values]
    so_far = f"Right so far: {', '.join(right)}." if right else "None of them is right yet."
    return Verdict(exercise.name, WRONG, f"{so_far} {exercise.hint}", mistake="several")


def _first_seen(exercise: Exercise, apart: Apart, mine: list[Moment]) -> Verdict:
    """The verdict on an unknown mistake: where it first differs, and whether it is a number."""
    where, values = side_by_side(apart)
    *_, (yours, wanted) = apart.values.values()
    why = None
    if np.isfinite(wanted).any() and not np.isfinite(yours).any():
        heard = frozenset().union(*(moment.complaints for moment in mine))
        why = next((words for what, words in NO_NUMBER.items() if what in heard), None)
    if why is None:
        return Verdict(exercise.name, WRONG, where, values)
    text = f"{where} What comes out isn't a number: {why}"
    return Verdict(exercise.name, WRONG, text, values, mistake="not a number")
