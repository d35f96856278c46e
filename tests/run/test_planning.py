"""An epoch has enough calls for the clock, and equally many for every contender."""

from __future__ import annotations

import pytest

from callcost.model.contender import Contender
from callcost.model.group import Group, controls_for, make_group
from callcost.model.plan import MAX_UNROLL
from callcost.run.planning import TARGET_EPOCH_NS, plan_epochs, plan_program
from callcost.worker.worker import OWN_UNROLL


@pytest.mark.parametrize("mean_ns", [8, 20, 150, 900, 5_000, 26_000, 60_000])
def test_the_mean_epoch_is_about_a_tenth_of_a_millisecond(mean_ns: int) -> None:
    plan = plan_epochs([mean_ns / 2, mean_ns, mean_ns * 3 / 2], passes=1)
    assert plan.calls * mean_ns == pytest.approx(TARGET_EPOCH_NS, rel=0.35)
    assert plan.unroll <= MAX_UNROLL


def test_a_call_longer_than_an_epoch_is_timed_alone() -> None:
    plan = plan_epochs([3_000_000.0, 20_000.0], passes=1)
    assert (plan.unroll, plan.loops, plan.warm_loops) == (1, 1, 0)


def test_the_twin_rotates_over_the_contenders_from_group_to_group() -> None:
    group = Group("g", tuple(Contender(name, "setup", f"{name}()", "1") for name in "abc"))
    controls = [controls_for(group, number) for number in range(4)]
    assert [control.twin_of for control in controls] == [0, 1, 2, 0]
    assert controls[1].twin.call == "b()" and controls[1].twin.name == "twin of b"


@pytest.mark.parametrize("call_ns", [1.2, 9.0, 80.0])
def test_a_program_gets_as_many_calls_as_fill_an_epoch(call_ns: float) -> None:
    planned = plan_program(Contender("p", "", "f()", program=("p",)), call_ns)
    assert planned.own_loops is not None
    assert planned.own_loops * OWN_UNROLL * call_ns == pytest.approx(TARGET_EPOCH_NS, rel=0.1)


def test_a_program_of_long_calls_makes_one_turn() -> None:
    assert plan_program(Contender("p", "", "f()", program=("p",)), 1e6).own_loops == 1


def test_floors_have_no_twin_next_to_contenders_and_are_contenders_alone() -> None:
    a, b = (Contender(name, "", f"{name}()") for name in "ab")
    both = make_group("g", [a], [b])
    assert (both.contenders, both.floors, both.members) == ((a,), (b,), (a, b))
    assert {controls_for(both, number).twin_of for number in range(3)} == {0}
    assert make_group("g", [], [a, b]) == Group("g", (a, b))
