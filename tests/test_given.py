"""What people pass by mistake is named in words that lead to what they meant."""

import functools
import re

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from stepsize import descend, optimizers, plots, schedules
from stepsize.frameworks.bridge import as_rule
from stepsize.optimizers import Step, adam, averaged, decoupled, muon, sgd
from stepsize.optimizers.blockwise import blockwise
from stepsize.optimizers.rules import scope_of
from stepsize.surfaces import ravine

START, ONES = (4.0, 2.0), np.ones(2)
walk = functools.partial(descend, adam, ravine, START, 6)
COLUMN = r"^lr must be one number, or a column of shape \({k}, 1\) for {k} runs in one pass, as "
COLUMN += r"made by lr\.reshape\(-1, 1\), not an array of shape \({k},\)\."


@pytest.mark.parametrize("rates", [np.logspace(-3, 0, 7), np.array([0.1, 0.2]), [0.1, 0.2, 0.3]])
def test_a_sweep_is_a_column(rates):
    said = COLUMN.format(k=len(rates))
    for rule in (adam, sgd, lambda theta, grad, t, *, lr=0.1: Step(theta - lr * grad)):
        with pytest.raises(ValueError, match=said):
            descend(rule, ravine, START, 6, lr=rates)
    column = np.reshape(rates, (-1, 1))
    assert walk(lr=column).loss.shape == (7, len(rates))


def test_a_schedule_is_a_function_and_not_an_array():
    with pytest.raises(ValueError, match=r"is a function: lr=lambda t: values\[t\]"):
        walk(lr=np.linspace(0.1, 0, 6))
    values = np.linspace(0.1, 0, 6)
    np.testing.assert_array_equal(walk(lr=lambda t: values[t]).lr, values)


RULES = [name for name in optimizers.__all__ if hasattr(getattr(optimizers, name), "__wrapped__")]
RULES = sorted({*RULES} - {"clip_by_norm", "clip_by_value"})
MADE = [averaged(adam), decoupled(sgd), averaged(decoupled(adam), 0.9), blockwise(adam)]
MADE += [as_rule(torch.optim.Adam)]


@pytest.mark.parametrize(
    "rule", [*(getattr(optimizers, name) for name in RULES), *MADE], ids=lambda rule: rule.__name__
)
def test_an_optimizer_is_not_made_by_calling_a_rule(rule):
    """Elsewhere, `adam(lr=0.1)` and `Adam(params, lr=0.1)` make one."""
    weights = [torch.nn.Parameter(torch.ones(2, 2))]
    for given in ((), (weights,), (ONES, ONES)):
        with pytest.raises(TypeError, match=r"makes one update: .* use descend\(.* as_torch\("):
            rule(*given, lr=0.1)
    with pytest.raises(TypeError, match=r"makes one update"):
        descend(rule(), ravine, START, 6)


@pytest.mark.parametrize(
    ("rule", "written"),
    [
        (averaged(adam), "averaged(adam)"),
        (decoupled(sgd), "decoupled(sgd)"),
        (averaged(decoupled(adam), 0.9), "averaged(decoupled(adam), decay=0.9)"),
        (decoupled(averaged(sgd, after=3)), "decoupled(averaged(sgd, after=3))"),
        (functools.partial(averaged(adam, 0.0), lr=0.1), "averaged(adam, decay=0.0)"),
    ],
)
def test_a_rule_made_from_a_rule_is_advised_as_a_whole(rule, written):
    said = re.escape(f"as_torch({written}, params, lr=0.1)")
    with pytest.raises(TypeError, match=said):
        rule()


@pytest.mark.parametrize(
    "rule", [*(getattr(optimizers, name) for name in RULES), *MADE], ids=lambda rule: rule.__name__
)
def test_t_may_be_a_tensor(rule):
    """What is returned is of the same kind all the same."""
    walks = []
    for count in (int, torch.tensor):
        theta, memory = np.ones((2, 2)), {}
        for t in (1, 2, 3):
            theta, memory, _ = rule(theta, np.ones((2, 2)), count(t), **memory, lr=0.1)
        walks.append(dict(theta=theta, **memory))
    numbers, tensors = walks
    for name, value in numbers.items():
        assert type(tensors[name]) is type(value)
        np.testing.assert_array_equal(tensors[name], value)


def test_a_schedule_is_not_made_by_calling_one():
    """One of them isn't a factor on lr, so the advice is the same for every number."""
    for schedule in (schedules.cosine, schedules.one_cycle_momentum):
        name = schedule.__name__
        said = f"^{name} is a function of t, .* made: write lambda t: {name}\\(t, \\.\\.\\.\\)$"
        with pytest.raises(TypeError, match=said):
            schedule(steps=30)


@pytest.mark.parametrize("name", RULES)
def test_arrays_and_tensors_do_not_mix(name):
    rule = getattr(optimizers, name)
    shape = (2, 2) if scope_of(rule).axes == 2 else (2,)
    array, tensor = np.ones(shape), torch.ones(shape, dtype=torch.float64)
    for theta, other in ((array, torch.tensor), (tensor, np.array)):
        kinds = f"{type(theta).__name__}, not {type(other(1.0)).__name__}$"
        remembered = rule(theta, theta, 1).memory
        for given in (dict(lr=0.1), *({n: 0.1} for n in remembered)):
            named = {n: other(value) for n, value in given.items()}
            said = f"^{next(iter(named))} must be a number or of theta's kind, {kinds}"
            with pytest.raises(TypeError, match=said):
                rule(theta, theta, 2, **named)
        np.testing.assert_allclose(
            rule(theta, theta, torch.tensor(1), lr=np.float64(0.1)).theta,
            rule(theta, theta, 1, lr=0.1).theta,
        )


@pytest.mark.parametrize("name", RULES)
def test_every_rule_takes_columns_only(name):
    rule = getattr(optimizers, name)
    matrix = scope_of(rule).axes == 2
    theta = np.ones((2, 3) if matrix else 3)
    with pytest.raises(ValueError, match=r"^lr must be one number, or a column of shape"):
        rule(theta, theta, 1, lr=np.full(3, 0.1))
    rule(theta, theta, 1, lr=np.full((2, 1, 1) if matrix else (2, 1), 0.1))


def test_a_column_for_matrices_has_three_axes():
    with pytest.raises(ValueError, match=r"a column of shape \(3, 1, 1\) .* of shape \(3, 1\)"):
        muon(np.ones((2, 3)), np.ones((2, 3)), 1, lr=np.ones((3, 1)))


def test_tensors_are_columns_as_well():
    ones = torch.ones(3)
    with pytest.raises(ValueError, match=r"^lr must be one number, or a column"):
        sgd(ones, ones, 1, lr=torch.full((3,), 0.1))
    assert sgd(ones, ones, 1, lr=torch.full((2, 1), 0.1)).theta.shape == (2, 3)


def test_a_number_alone_may_be_swept_as_it_likes():
    assert sgd(1.0, 1.0, 1, lr=np.array([0.5, 0.25])).theta.tolist() == [0.5, 0.75]


def test_a_function_is_of_t_alone():
    said = (
        r"^lr must be a function of t, .* but cosine also needs steps: lr=lambda t: 0\.1 \* cosine"
    )
    with pytest.raises(TypeError, match=said):
        walk(lr=schedules.cosine)
    with pytest.raises(TypeError, match="but it takes no argument"):
        walk(lr=lambda: 0.1)
    for of_t in (schedules.constant, lambda t, peak=0.1: peak, lambda *t: 0.1, np.exp):
        assert len(walk(lr=of_t).lr) == 6


@pytest.mark.parametrize(
    ("name", "value", "here"),
    [
        ("learning_rate", 0.1, "here it is lr"),
        ("betas", (0.9, 0.99), "here it is beta1 and beta2"),
        ("epsilon", 1e-8, "here it is eps"),
        ("beta_1", 0.9, "here it is beta1"),
    ],
)
def test_names_of_other_libraries(name, value, here):
    for call in (walk, functools.partial(adam, ONES, ONES, 1)):
        with pytest.raises(TypeError, match=f"^adam has no '{name}': {here}. It has m, v, lr, "):
            call(**{name: value})


def test_a_name_that_no_rule_of_this_kind_has():
    with pytest.raises(TypeError, match=r"^sgd has no 'momentum': here that is a rule"):
        descend(sgd, ravine, START, 6, momentum=0.9)
    with pytest.raises(TypeError, match=r"^sgd has no 'betas'\. It has lr"):
        descend(sgd, ravine, START, 6, betas=(0.9, 0.99))


def test_a_rule_that_takes_anything_says_itself_what_it_takes():
    def lenient(theta, grad, t, **rest):
        return Step(theta - rest["rate"] * grad)

    assert descend(lenient, ravine, START, 2, rate=0.1).theta.shape == (3, 2)


@pytest.mark.parametrize("rule", ["adam", None, 3, torch.optim.Adam, adam(ONES, ONES, 1)])
def test_what_is_not_a_rule(rule):
    with pytest.raises(TypeError, match=r"^rule must be a function such as stepsize.optimizers.ad"):
        descend(rule, ravine, START, 6)


@pytest.mark.parametrize(
    ("landscape", "kind"), [(lambda x: x**2, "a function"), (START, "a tuple"), (None, "a None")]
)
def test_what_is_not_a_landscape(landscape, kind):
    with pytest.raises(TypeError, match=re.escape("landscape must have loss(theta)") + f".*{kind}"):
        descend(adam, landscape, START, 6)


def test_a_landscape_without_a_gradient():
    class Flat:
        def loss(self, theta):
            return 0.0

    with pytest.raises(TypeError, match=r"^landscape must have grad\(theta, t\), .* a Flat doe"):
        descend(adam, Flat(), START, 6)


@pytest.mark.parametrize("runs", [walk(), [walk()], 3])
def test_lines_have_names(runs):
    with pytest.raises(TypeError, match=r"^runs must be a dict of names, such as \{"):
        plots.losses(Figure().subplots(), runs)
