"""Arguments other than floats and arrays of them: taken as they are meant, or named."""

import contextvars
import functools
import pickle
from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch

from stepsize import descend, optimizers, schedules
from stepsize.data import batch
from stepsize.feedback import plateau
from stepsize.frameworks.bridge import as_rule, as_torch
from stepsize.network import Network
from stepsize.optimizers import adafactor, adam, decoupled, muon, nadam, sgd
from stepsize.optimizers.blockwise import blockwise
from stepsize.optimizers.clipping import clip_by_norm, clip_by_value
from stepsize.optimizers.rules import Step, rule
from stepsize.surfaces import Gradients, quadratic, ravine

ONES = np.ones(2)


class Matrix:
    """A landscape of matrices."""

    def loss(self, theta):
        return (theta**2).sum((-2, -1))

    def grad(self, theta, t):
        return 2 * theta


# --- Hyper-parameters ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lr",
    [
        1j,
        np.complex128(1j),
        np.complex64(1),
        np.array(1j),
        np.array([[0.1], [1j]]),
        np.array([[0.1], [np.nan]], object),
        "0.1",
        b"0.1",
        None,
        (0.1,),
        [0.1],
        np.str_("0.1"),
    ],
    ids=repr,
)
def test_what_is_not_a_real_number_is_named(lr):
    for call in (lambda: sgd(ONES, ONES, 1, lr=lr), lambda: descend(sgd, ravine, ONES, 1, lr=lr)):
        with pytest.raises(TypeError, match=r"^lr must be a number, at least 0, not "):
            call()


@pytest.mark.parametrize("t", [1j, np.complex128(1), "1"])
def test_a_schedule_names_what_is_not_a_real_number(t):
    with pytest.raises(TypeError, match=r"^t must be a number"):
        schedules.cosine(t, 30)


@pytest.mark.parametrize("maximize", [1, 1.0, 0, np.True_, np.array([True]), "yes"])
@pytest.mark.parametrize("shape", [(2,), (0, 1)])
def test_a_flag_is_true_or_false(maximize, shape):
    x = np.ones(shape)
    for lr in (0.1, np.full((*shape[:-1], 1), 0.1)):
        with pytest.raises(ValueError, match=r"^maximize must be False or True, not "):
            sgd(x, x, 1, lr=lr, maximize=maximize)


def test_flags_and_counts_go_through_descend():
    up = descend(muon, Matrix(), np.ones((2, 2)), 3, maximize=True, ns_steps=4)
    assert up.loss[-1] > up.loss[0]
    with pytest.raises(ValueError, match="ns_steps must be a whole number"):
        descend(muon, Matrix(), np.ones((2, 2)), 3, ns_steps=5.0)


@pytest.mark.parametrize("steps", [100, 5.0, np.float32(5), np.array(5.0), np.float32(np.inf)])
def test_a_count_is_whole_and_below_what_torch_takes(steps):
    with pytest.raises(ValueError, match="ns_steps must be a whole number, at least 0 and b"):
        muon(np.ones((2, 2)), np.ones((2, 2)), 1, ns_steps=steps)


def test_a_column_of_tensors():
    theta = torch.ones(2, 3)
    step = sgd(theta, theta, 1, lr=torch.tensor([[0.5], [0.25]]))
    assert step.theta[:, 0].tolist() == [0.5, 0.75]
    with pytest.raises(ValueError, match="lr must be at least 0"):
        sgd(theta, theta, 1, lr=torch.tensor([[0.5], [-0.25]]))


def test_a_weight_decay_of_zero_does_not_count():
    """0 * inf would be nan; torch checks for 0 in the same way."""
    theta = np.array([np.inf, 1.0])
    assert sgd(theta, ONES, 1, lr=0.5, weight_decay=0.0).theta.tolist() == [np.inf, 0.5]


# --- Parameters and gradients -------------------------------------------------------------------


@pytest.mark.parametrize("grad", [None, "1.0", b"1", 1j, [1.0], np.complex128(1)], ids=repr)
def test_a_gradient_that_is_not_a_float_is_named(grad):
    for theta in (1.0, np.ones(1)):
        with pytest.raises(TypeError, match=r"^grad must be floats, a number or an array, not "):
            sgd(theta, grad, 1)


@pytest.mark.parametrize("theta", [1j, None, [1.0], np.ones(2, int), np.ones(2, complex)], ids=repr)
def test_parameters_that_are_not_floats_are_named(theta):
    for step in (sgd, decoupled(sgd)):
        with pytest.raises(TypeError, match=r"^theta must be floats"):
            step(theta, ONES, 1)


@pytest.mark.parametrize("step", [muon, adafactor])
def test_a_rule_of_matrices_says_so(step):
    with pytest.raises(ValueError, match=r"theta must have the shape \(\.\.\., n, m\), not \(2,\)"):
        step(ONES, ONES, 1)


def test_a_group_without_parameters_is_tried_out_too():
    with pytest.raises(ValueError, match="lr must be at least 0, not -1"):
        as_torch(adam, [dict(params=[])], lr=-1.0)


# --- Types --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lr", [0.1, np.float64(0.1), lambda t: 0.1 * schedules.cosine(t, 50)], ids=["plain", "np", "f"]
)
def test_a_float32_run_stays_one_and_goes_on_bit_for_bit(lr):
    seen = []

    def spy(theta, grad, t, m=0.0, v=0.0, *, lr):
        seen.append(theta.dtype)
        return adam(theta, grad, t, m, v, lr=lr)

    start = np.float32([4, 2])
    whole = descend(spy, ravine, start, 20, lr=lr)
    parts = descend(spy, ravine, descend(spy, ravine, start, 10, lr=lr), 10, lr=lr)
    np.testing.assert_array_equal(whole.theta, parts.theta)
    assert set(seen) == {np.dtype(np.float32)}


@pytest.mark.parametrize("beta1", [0, np.float32(0.5), np.float64(0.5), np.array(0.5)], ids=repr)
def test_a_number_of_any_type_is_bit_for_bit_its_column(beta1):
    alone = descend(adam, ravine, [4.0, 2.0], 30, beta1=beta1)
    column = descend(adam, ravine, [4.0, 2.0], 30, beta1=np.array([[float(beta1)], [0.9]]))
    np.testing.assert_array_equal(alone.theta, column.theta[:, 0])


def test_what_else_is_set_for_this_thread_holds_inside_a_rule():
    mine = contextvars.ContextVar("mine", default="default")

    @rule()
    def curious(theta, grad, t):
        return Step(theta - grad, shown=dict(mine=mine.get()))

    mine.set("set")
    assert curious(1.0, 1.0, 1).shown == dict(mine="set")
    with localcontext(prec=50):
        third = np.array([Decimal(1) / 3], object)
        theta = sgd(third * 0, third, 1, lr=1).theta
    assert len(str(theta[0])) > 50


def test_what_is_made_can_be_pickled():
    made = pickle.loads(pickle.dumps(decoupled(nadam)))
    assert made.__name__ == "decoupled_nadam"
    theta, again = (f(ONES, ONES, 1, weight_decay=0.1).theta for f in (decoupled(nadam), made))
    np.testing.assert_array_equal(theta, again)
    optimizer = as_torch(decoupled(nadam), [torch.nn.Parameter(torch.ones(2))], lr=0.1)
    assert "decoupled_nadam" in repr(pickle.loads(pickle.dumps(optimizer)))


def test_torchs_adafactor_on_a_vector_goes_on():
    make = as_rule(torch.optim.Adafactor)
    whole = descend(make, ravine, [4.0, 2.0], 10)
    parts = descend(make, ravine, descend(make, ravine, [4.0, 2.0], 5), 5)
    np.testing.assert_array_equal(whole.theta, parts.theta)


def test_torchs_sgd_may_diverge():
    assert descend(as_rule(torch.optim.SGD), ravine, [4.0, 2.0], 3, lr=1e300).diverged


@pytest.mark.parametrize("t", [1e20, 1e308])
def test_restarts_end_their_search(t):
    assert 0 <= schedules.cosine_restarts(t, 3, growth=2) <= 1
    assert np.isnan(schedules.cosine_restarts(np.inf, 3, growth=2))


def test_a_small_type_of_t_does_not_wrap():
    t = np.array([250, 255], np.uint8)
    np.testing.assert_array_equal(schedules.warmup(t, 300), schedules.warmup(t.astype(int), 300))


# --- What a second reading found ----------------------------------------------------------------


@pytest.mark.parametrize("decaying", [optimizers.adamw, optimizers.lion, muon])
def test_who_decays_already_is_not_decoupled(decaying):
    with pytest.raises(ValueError, match="rule must have no weight_decay of its own"):
        decoupled(decaying)


def test_schedule_free_is_not_decoupled():
    with pytest.raises(ValueError, match="and step from theta, not schedule_free_sgd"):
        decoupled(optimizers.schedule_free_sgd)


def test_decoupled_takes_a_column():
    step = decoupled(sgd)(ONES, ONES, 1, lr=np.array([[0.5], [0.25]]), weight_decay=1.0)
    assert step.theta.tolist() == [[0.0, 0.0], [0.5, 0.5]]


def test_a_rule_may_remember_the_parameters_of_a_module():
    """If they were overwritten, `before` would change, too, and mu * (theta - before) be 0."""

    def polyak(theta, grad, t, before=None, *, lr=0.1):
        before = theta if before is None else before
        return Step(theta - lr * grad + 0.9 * (theta - before), dict(before=theta))

    p = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer, theta, memory = as_torch(polyak, [p]), np.ones(1), {}
    for t in range(1, 5):
        p.grad = torch.ones_like(p)
        optimizer.step()
        theta, memory, _ = polyak(theta, np.ones(1), t, **memory)
    np.testing.assert_allclose(p.detach().numpy(), theta, rtol=1e-12)


def test_a_batch_belongs_to_who_asked_for_it():
    batch(1, 5, 2)[:] = 0
    assert batch(1, 5, 2).tolist() == [2, 4]


@pytest.mark.parametrize("kind", [np.uint8, np.int8, bool])
def test_a_whole_gradient_would_overflow(kind):
    grad = np.ones(2, kind)
    for call in (lambda: sgd(ONES, grad, 1), lambda: clip_by_norm(grad, 1.0)):
        with pytest.raises(TypeError, match="grad must be floats"):
            call()
    with pytest.raises(TypeError, match="grad must be floats"):
        clip_by_value(grad, 1.0)


def test_raw_pixels_are_named():
    with pytest.raises(TypeError, match="X must be floats, a number or an array, not uint8"):
        Network(np.ones((2, 3), np.uint8), np.array([0, 1]))


def test_a_gradient_that_is_too_long_is_not_cut():
    with pytest.raises(ValueError, match=r"grad must have theta's shape \(4,\), not \(6,\)"):
        blockwise(sgd, 2)(np.zeros(4), np.ones(6), 1)


def test_a_rate_of_zero_leaves_the_mean_alone_in_float32():
    ones = np.ones((2, 1), np.float32)
    lr = np.array([[0.0], [0.1]], np.float32)
    assert np.isfinite(optimizers.schedule_free_adamw(ones, ones, 1, lr=lr).theta).all()


@pytest.mark.parametrize("theta", [np.float64(1), np.array(1.0), 1, 1.0], ids=repr)
def test_nothing_over_nothing_with_a_plain_gradient(theta):
    assert np.isnan(adam(theta, 0.0, 1, eps=0.0).theta)


def test_what_is_not_a_landscape_is_named():
    with pytest.raises(ValueError, match="curvatures must be at least one number"):
        quadratic()
    with pytest.raises(ValueError, match="t must be at least 1, not 0"):
        Gradients([1.0, 2.0]).grad(np.zeros(1), 0)
    with pytest.raises(ValueError, match="steps must be a whole number, at least 0, not True"):
        descend(sgd, ravine, ONES, True)


@pytest.mark.parametrize("start", [[4 + 1j, 2], ["4", "2"], [None, 1.0], "4", b"4"], ids=repr)
def test_a_start_is_of_real_numbers(start):
    with pytest.raises(TypeError, match="start must be real numbers, one or an array"):
        descend(sgd, ravine, start, 1)


@pytest.mark.parametrize("milestone", ["a", None, 1j])
def test_milestones_are_numbers(milestone):
    with pytest.raises(TypeError, match="milestones must be real numbers"):
        schedules.sequence(0, [schedules.constant, schedules.constant], [milestone])
    with pytest.raises(TypeError, match="milestones must be real numbers"):
        schedules.multi_step(0, [milestone])
    assert schedules.multi_step(4, 3, 0.5) == 0.5


def test_a_complex_gradient_is_named_and_not_cut():
    class Odd(Matrix):
        def grad(self, theta, t):
            return theta * 1j

    with pytest.raises(TypeError, match="grad must be floats"):
        descend(sgd, Odd(), np.ones((2, 2)), 1)


def test_columns_of_whole_numbers_do_not_wrap():
    rates = np.array([[1], [2]], np.uint8)
    step = optimizers.adafactor_vector
    whole, floats = (descend(step, ravine, [4.0, 2.0], 3, lr=lr) for lr in (rates, 1.0 * rates))
    np.testing.assert_array_equal(whole.theta, floats.theta)


def test_a_plain_whole_number_may_diverge():
    def growing(theta, grad, t, *, lr=0.1, factor=2.0):
        return Step(theta - lr * factor**t * grad)

    assert descend(growing, ravine, [4.0, 2.0], 1100, lr=1, factor=2).diverged


def test_decoupled_twice_decays_twice_and_is_refused():
    with pytest.raises(ValueError, match="rule must have no weight_decay of its own"):
        decoupled(decoupled(sgd))


def test_a_memory_that_is_called_z_is_not_a_reason_to_refuse():
    def ftrl(theta, grad, t, z=0.0, *, lr=0.1):
        return Step(theta - lr * grad, dict(z=z + grad))

    assert decoupled(ftrl)(1.0, 0.0, 1, lr=0.5, weight_decay=1.0).theta == 0.5


# --- A number in, a Python number out -----------------------------------------------------------


OF_NUMBERS = sorted(
    set(optimizers.__all__)
    - {"Rule", "Step", "decoupled", "averaged", "clip_by_norm", "clip_by_value"}
    - {"adafactor", "adafactor_vector", "muon", "shampoo", "soap", "prodigy"}  # these see more
)


@pytest.mark.parametrize("name", OF_NUMBERS)
@pytest.mark.parametrize("lr", [0.1, np.float64(0.1), 1e300], ids=["plain", "np", "diverging"])
def test_a_rule_gives_plain_numbers_for_plain_numbers(name, lr):
    theta, memory = 1e200, {}
    for t in range(1, 4):
        theta, memory, shown = getattr(optimizers, name)(theta, theta, t, **memory, lr=lr)
        for value in (theta, *memory.values(), *shown.values()):
            assert type(value) in (float, int), value


WARMUP = functools.partial(schedules.warmup, steps=4)


@pytest.mark.parametrize("t", [3, 3.0, np.int64(3), np.float32(3), np.array(3)], ids=repr)
@pytest.mark.parametrize(
    "factor",
    [
        schedules.constant,
        lambda t: schedules.constant(t, 0.1, 5),
        lambda t: schedules.linear(t, 9),
        lambda t: schedules.warmup(t, 9),
        lambda t: schedules.step_decay(t, 2),
        lambda t: schedules.multi_step(t, [1, 2]),
        lambda t: schedules.exponential(t, 0.9),
        lambda t: schedules.polynomial(t, 9),
        lambda t: schedules.inverse_sqrt(t, 9),
        lambda t: schedules.cosine(t, 9),
        lambda t: schedules.warmup_stable_decay(t, 9, 2, 2),
        lambda t: schedules.warmup_stable_decay(t, 9, 2, 2, anneal="1-sqrt"),
        lambda t: schedules.cosine_restarts(t, 2),
        lambda t: schedules.cosine_restarts(t, 2, 2),
        lambda t: schedules.triangular(t, 3),
        lambda t: schedules.triangular2(t, 3),
        lambda t: schedules.exp_range(t, 3, gamma=0.9),
        lambda t: schedules.one_cycle(t, 9),
        lambda t: schedules.one_cycle(t, 9, phases=3, anneal="linear"),
        lambda t: schedules.one_cycle_momentum(t, 9),
        lambda t: schedules.sequence(t, [schedules.constant, WARMUP], [2]),
    ],
)
def test_a_schedule_gives_a_float_for_a_number_and_an_array_for_an_array(t, factor):
    assert type(factor(t)) is float
    assert isinstance(factor(np.array([t, t])), np.ndarray)


@pytest.mark.parametrize("loss", [0.5, np.float64(0.5), np.array(0.5)], ids=repr)
def test_a_plateau_hears_a_number_and_gives_plain_ones(loss):
    memory = {}
    for _ in range(4):
        factor, memory = plateau(loss, **memory, patience=1)
        assert {type(value) for value in (factor, *memory.values())} <= {float, int}
