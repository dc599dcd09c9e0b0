"""Guessing passwords: how many guesses a hub allows, and whom it keeps out meanwhile."""

import time

import pytest

pytest.importorskip("jupyterhub", reason="JupyterHub is not for Windows")
from .people import IN, A, Class
from .room import room

from brake import Budget  # isort: skip  (people.py has put it on the path)

WRONG, LATER = 403, 429
ELSEWHERE = [f"10.0.{i // 200}.{i % 200 + 1}" for i in range(400)]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def guess(budget, n, address=""):
    """How many of n wrong guesses are accepted for checking."""
    taken = 0
    for _ in range(n):
        if not budget.wait(address):
            budget.spend(address)
            taken += 1
    return taken


def test_so_many_at_once_and_then_one_every_few_seconds():
    budget = Budget(15, seconds=4, clock=(clock := Clock()))
    assert guess(budget, 40) == 15
    assert budget.wait() == 4
    clock.now += 3.5
    assert (budget.wait(), guess(budget, 5)) == (1, 0)
    clock.now += 0.5
    assert guess(budget, 5) == 1
    clock.now += 3600
    assert guess(budget, 40) == 15  # unused guesses aren't saved up


def test_addresses_that_are_made_up_are_of_no_use():
    budget = Budget(15, seconds=4, reserve=5, clock=Clock())
    assert sum(guess(budget, 1, address) for address in ELSEWHERE) == 15


def test_one_who_guesses_without_end_keeps_nobody_out_but_themselves():
    budget = Budget(15, seconds=4, reserve=5, clock=(clock := Clock()))
    for _ in range(200):
        clock.now += 1
        guess(budget, 10, "the same")
    assert budget.wait("the same")
    assert not budget.wait("somebody else's")
    assert guess(budget, 9, "somebody else's") == 1  # one slip, and then they wait, too
    assert not budget.wait("a third")


def test_a_day_of_guessing_is_what_the_guide_says():
    for seconds, a_day in ((4, 21_600), (3, 28_800), (30, 2_880)):
        budget = Budget(10, seconds, clock=(clock := Clock()))
        first, taken = guess(budget, 11), 0
        for _ in range(24 * 120):
            clock.now += 30
            taken += guess(budget, 11)
        assert first == 10
        assert taken == pytest.approx(a_day, abs=1)


# --- The hub itself: one for all tests below, which use up its budgets in this order -------------


@pytest.fixture(scope="module")
def people():
    with room() as machine, machine.running():
        people = Class(machine)
        assert people.do(people.a.sign_up(people.word)) == IN
        yield people
        people.close()


NAMES = [f"name-{i}" for i in range(40)]
OWN = "a password of one's own"


def at_most(burst, seconds, began):
    """The most that a full budget allows, however slow this machine is."""
    passed = time.monotonic() - began
    return burst + passed / seconds + 1


def test_a_class_that_arrives_at_once_is_not_kept_waiting(people):
    for word in (people.word, ""):  # the first day, and the second
        ups = [people.from_a_new_browser(name, OWN, word) for name in NAMES]
        assert people.do(*ups) == [IN] * 40


def test_the_password_of_the_class_is_not_guessed(people):
    def tried(header, address):
        return people.from_a_new_browser("new", OWN, "a guess", **{header: address})

    began = time.monotonic()
    answers = [people.do(tried("X-Real-IP", address)) for address in ELSEWHERE[:20]]
    answers += people.do(*(tried("X-Forwarded-For", address) for address in ELSEWHERE[20:40]))
    answers += people.do(*(tried("Forwarded", f"for={address}") for address in ELSEWHERE[40:60]))
    assert set(answers) == {WRONG, LATER}
    assert answers.count(WRONG) <= at_most(15, 4, began)
    assert people.sign_up(NAMES[0], OWN, "") == IN  # if no class password is asked for, they get in


def test_one_name_is_guessed_ten_times_and_its_owner_comes_in_all_the_same(people):
    began = time.monotonic()
    answers = [people.sign_up(A, f"guess number {i}", "") for i in range(13)]
    assert set(answers) == {WRONG, LATER}
    assert answers.count(WRONG) <= at_most(10, 30, began)
    assert people.do(people.a.sign_up("")) == IN  # in a browser where A has been before


def test_guesses_sprayed_over_all_names_are_counted_together(people):
    began = time.monotonic()
    guesses = [
        people.from_a_new_browser(name, f"guess {i}", "", **{"X-Forwarded-For": ELSEWHERE[i]})
        for i in range(6)
        for name in NAMES[:12]
    ]
    answers = people.do(*guesses)
    assert set(answers) == {WRONG, LATER}
    assert answers.count(WRONG) <= at_most(20, 3, began)
