"""How many calls an epoch gets: enough for the clock, and the same for every contender."""

from __future__ import annotations

import pytest

from callcost.job import MAX_UNROLL, TARGET_EPOCH_NS, Contender, Group, controls_for, plan_epochs


@pytest.mark.parametrize("mean_ns", [8, 20, 150, 900, 5_000, 26_000, 60_000])
def test_the_mean_epoch_is_about_a_tenth_of_a_millisecond(mean_ns: int) -> None:
    plan = plan_epochs([mean_ns / 2, mean_ns, mean_ns * 3 / 2], passes=1)
    assert plan.calls * mean_ns == pytest.approx(TARGET_EPOCH_NS, rel=0.35)
    assert plan.unroll <= MAX_UNROLL


def test_a_call_longer_than_an_epoch_is_timed_alone() -> None:
    plan = plan_epochs([3_000_000.0, 20_000.0], passes=1)
    assert (plan.unroll, plan.loops, plan.warm_loops) == (1, 1, 0)


def test_the_twin_rotates_over_the_contenders_of_a_run() -> None:
    group = Group("g", tuple(Contender(name, "setup", f"{name}()", "1") for name in "abc"))
    controls = [controls_for(group, number) for number in range(4)]
    assert [control.twin_of for control in controls] == [0, 1, 2, 0]
    assert controls[1].twin.call == "b()" and controls[1].twin.name == "twin of b"
