"""The kinds of exercise: what each asks for, and how the answer is observed.

rule       an optimizer, run for some updates on given gradients
function   any function, called with given arguments
number     a number that was measured
choice     a dict that matches names with numbers
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ..optimizers import Step
from .compare import shown
from .exercise import Broke, Exercise, Mistake, Moment, Seen, Unfinished, Wrong, by_parts
from .gaps import holds, stopped_at

__all__ = [
    "Case",
    "array",
    "call",
    "choice",
    "exchanger",
    "function",
    "number",
    "rule",
    "something",
]

IN_PLACE = (
    "`{}` was changed in place: the array belongs to the caller, who now finds different numbers "
    "in it. Make a new one."
)
A_LIST = "they come in a {}, and the exercise asks for an array: wrap them in `np.array(...)`."

ELSEWHERE = (
    "Called again with the same arguments, it gives a different answer: it remembers something "
    "outside its Step. So a second run would begin where the first one ended."
)


class Case(NamedTuple):
    """A run of a rule: where it starts, the gradient of each update, the hyper-parameters.

    theta and a gradient hold numbers, or rows of numbers. A hyper-parameter is a number, or a list
    with one for each update.
    """

    theta: Sequence[Any]
    grads: Sequence[Sequence[Any]]
    hyper: dict[str, Any]


def rule(
    name: str,
    title: str,
    call: str,
    reference: Callable[..., Any],
    mistakes: dict[str, Mistake],
    cases: Sequence[Case],
    **rest: Any,
) -> Exercise:
    """An exercise that asks for an optimizer. call: how it is called, as shown to the learner."""

    def observe(answer: Any) -> Seen:
        faults: dict[str, str] = {}
        runs = (_run(answer, case, call, faults) for case in cases)
        return Seen(chain.from_iterable(runs), faults)

    return Exercise(name, title, reference, mistakes, observe, **rest)


def _run(answer: Any, case: Case, signature: str, faults: dict[str, str]) -> Iterator[Moment]:
    """One run of a rule, one moment per update."""
    memory: dict[str, Any] = {}
    theta = np.array(case.theta)
    for t, grad in enumerate(map(np.array, case.grads), start=1):
        hyper = {k: x[t - 1] if isinstance(x, list) else x for k, x in case.hyper.items()}
        given = dict(theta=theta, grad=grad, t=t) | hyper
        if t == 2:
            _takes_back(answer, memory)
        heard: list[str] = []
        arguments = (answer, signature, (theta, grad, t), {**memory, **hyper}, faults, heard)
        step = _step(call(*arguments) if t == 1 else _called(*arguments), theta)
        again = t == 1 and not hasattr(answer, "made")  # our own keep no hidden memory
        if again and not _same(step, _step(_called(*arguments), theta)):
            raise Wrong("remembers elsewhere", ELSEWHERE)
        inner = {key: array(value) for key, value in (step.memory | step.shown).items()}
        if t == 1 and not np.isfinite(step.theta).any():
            inner |= _begun_later(answer, signature, (theta, grad), hyper)
        where = partial(_where, f"in update {t},", given)
        yield Moment(where, {"theta": step.theta}, inner, frozenset(heard))
        theta, memory = step.theta, step.memory


def _begun_later(
    answer: Any, signature: str, given: tuple[Any, ...], hyper: dict[str, Any]
) -> dict[str, Any]:
    """Theta after update 5 with no memory, shown in case update 1 doesn't move it."""
    try:
        step = _step(_called(answer, signature, (*given, 5), hyper, {}, None), given[0])
    except (Broke, Unfinished, Wrong):
        return {}
    return {"theta, begun at t = 5": step.theta}


def _takes_back(answer: Any, memory: dict[str, Any]) -> None:
    """Raise Wrong if what the answer wants to remember can't be passed back to it."""
    try:
        taken = inspect.signature(answer)
        taken.bind_partial(**memory)
    except ValueError:  # some functions written in C do not say
        return
    except TypeError:
        names = [name for name in memory if name not in taken.parameters]
        if names:
            raise Wrong(
                "memory name",
                f"Your Step remembers `{names[0]}`, but your function has no argument of that "
                f"name: it takes `{taken}`. So the value can't be passed back to it.",
            ) from None


def _same(one: Step, other: Step) -> bool:
    return np.array_equal(one.theta, other.theta, equal_nan=True)


def _step(result: Any, theta: np.ndarray) -> Step:
    """The Step that a rule returned, with its theta as an array of the right shape."""
    if isinstance(result, Step):
        after = array(result.theta)
        if after.shape != theta.shape:
            shapes = f"shape {theta.shape}, and came out with {after.shape}"
            raise Wrong("shape", f"theta went in with {shapes}. It must keep its shape.")
        if not isinstance(result.memory, dict) or not isinstance(result.shown, dict):
            raise Wrong(
                "memory", "In a Step, what follows theta is a dict: `Step(theta, dict(...))`."
            )
        return Step(after, result.memory, result.shown)
    something(result)
    what = "theta itself" if isinstance(result, np.ndarray) else _kind(result)
    raise Wrong(
        "no step",
        f"It returns {what}. A rule returns a Step, which has room for more than theta: "
        "`return Step(theta)`.",
    )


def function(
    name: str,
    title: str,
    reference: Callable[..., Any],
    mistakes: dict[str, Mistake],
    cases: Sequence[tuple[Any, ...]],
    an_array: bool = False,
    **rest: Any,
) -> Exercise:
    """An exercise that asks for a function with the reference's name and arguments.

    cases: the arguments of each call; functions among them are handed over as they are.
    an_array: whether the exercise asks for an array; if not, any sequence of numbers will do.
    """
    names = list(inspect.signature(reference).parameters)
    signature = f"{reference.__name__}({', '.join(names)})"

    def moments(answer: Any, faults: dict[str, str]) -> Iterator[Moment]:
        for case in cases:
            heard: list[str] = []
            result = call(answer, signature, case, {}, faults, heard)
            where = partial(_where, "when called", dict(zip(names, case, strict=True)))
            yield Moment(where, {"result": array(result)}, complaints=frozenset(heard))
            if an_array and isinstance(result, list | tuple):
                faults.setdefault("list", A_LIST.format(type(result).__name__))

    def observe(answer: Any) -> Seen:
        faults: dict[str, str] = {}
        return Seen(moments(answer, faults), faults)

    return Exercise(name, title, reference, mistakes, observe, **rest)


def number(name: str, title: str, reference: float, within: float, **rest: Any) -> Exercise:
    """An exercise that asks for one number; `within` is how far off it may be."""

    def observe(answer: Any) -> Seen:
        value = array(answer)
        if value.size != 1:
            raise Wrong(
                "no number", (f"The answer should be one number, not {value.size} of them.")
            )
        return Seen([Moment(str, {"number": value.reshape(())})])

    return Exercise(name, title, reference, observe=observe, rtol=0.0, atol=within, **rest)


class _Choice(dict[str, float]):
    """An answer to a choice. It is a class, so that it can record which factory made it."""


def exchanger(reference: dict[str, float]) -> Callable[..., dict[str, float]]:
    """Makes the right choice, but with the numbers of some names exchanged in a circle."""
    make = by_parts(lambda **changed: _Choice(reference | changed))

    def exchanged(*names: str) -> dict[str, float]:
        others = names[1:] + names[:1]
        return make(**{a: reference[b] for a, b in zip(names, others, strict=True)})

    return exchanged


def choice(name: str, title: str, reference: dict[str, float], **rest: Any) -> Exercise:
    """An exercise that asks which number belongs to which name, each used once."""

    def observe(answer: Any) -> Seen:
        if answer is ...:
            raise Unfinished
        if not isinstance(answer, dict):
            raise Wrong("no dict", f"The answer should be a dict, like `{_form(reference)}`.")
        values = {key: float(array(value).ravel()[0]) for key, value in answer.items()}
        missing = [key for key in reference if key not in values]
        if missing:
            raise Wrong("missing", f"There is nothing yet for {' and '.join(missing)}.")
        results = {key: np.array(values[key]) for key in reference}
        for key, value in results.items():
            if not np.isclose(list(reference.values()), value).any():
                among = ", ".join(f"{x:g}" for x in sorted(reference.values()))
                raise Wrong(
                    "unknown", (f"{value:g}, which you gave for {key}, isn't one of {among}.")
                )
        if len({float(value) for value in results.values()}) < len(results):
            raise Wrong(
                "twice", ("You use one of the numbers twice. Each belongs to one name only.")
            )
        return Seen([Moment(str, results)])

    return Exercise(name, title, reference, observe=observe, **rest)


def _form(reference: dict[str, float]) -> str:
    return "{" + ", ".join(f'"{key}": ...' for key in reference) + "}"


def call(
    answer: Any,
    signature: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    faults: dict[str, str],
    heard: list[str] | None = None,
) -> Any:
    """What the answer returns for copies of these arguments; a changed argument is a fault.

    heard: collects NumPy's warnings.
    """
    if answer is ...:
        raise Unfinished
    if not callable(answer):
        raise Wrong(
            "no function",
            f"This is {_kind(answer)}. Pass the function itself, without calling it.",
        )
    _fits(answer, signature, args, kwargs)
    return _called(answer, signature, args, kwargs, faults, heard)


def _called(
    answer: Any,
    signature: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    faults: dict[str, str],
    heard: list[str] | None,
) -> Any:
    """`call`, for an answer known to take these arguments."""
    complaints = [] if heard is None else heard
    copies = tuple(np.copy(x) if isinstance(x, np.ndarray) else x for x in args)
    try:
        with np.errstate(all="call", call=lambda complaint, _: complaints.append(complaint)):
            result = answer(*copies, **kwargs)
    except BaseException as error:  # whatever it is, the answer raised it
        raise Unfinished if stopped_at(error) else Broke(error) from None
    names = signature[signature.index("(") + 1 :].split(",")
    for name, before, after in zip(names, args, copies, strict=False):
        if isinstance(before, np.ndarray) and not np.array_equal(before, after, equal_nan=True):
            faults.setdefault("in place", IN_PLACE.format(name.strip()))
    return result


def _fits(
    answer: Callable[..., Any], signature: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raise Wrong unless the answer takes what it will be given."""
    try:
        taken = inspect.signature(answer)
    except (TypeError, ValueError):  # some functions written in C do not say
        return
    try:
        taken.bind(*args, **kwargs)
    except TypeError as error:
        raise Wrong(
            "signature",
            f"It is called as `{signature}`, but yours takes `{taken}`: {error}.",
        ) from None


def array(value: Any) -> np.ndarray:
    """A copy of what was returned, as numbers. The root of a number below 0 is not a number."""
    something(value)
    try:
        if isinstance(value, str | bytes | dict):
            raise TypeError
        numbers = np.asarray(value)
        if np.iscomplexobj(numbers):
            return np.where(numbers.imag == 0, numbers.real, np.nan)
        return numbers.astype(float)
    except Exception:
        raise Wrong(
            "no numbers", f"The answer should be numbers, but this is {_kind(value)}."
        ) from None


def something(value: Any) -> None:
    """Raise if nothing was returned, or if a gap was."""
    if holds(value):
        raise Unfinished
    if value is None:
        raise Wrong("returns nothing", "It returns nothing: a `return` is missing.")


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"


def _where(place: str, given: dict[str, Any]) -> str:
    """`in update 2, with theta = [1, 2], lr = 0.1`; functions are left out."""
    texts = (f"{key} = {shown(value)}" for key, value in given.items() if not callable(value))
    return f"{place} with {', '.join(texts)}"
