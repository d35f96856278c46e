"""Estimates recover the known costs of made-up epochs."""

from __future__ import annotations

import numpy as np
import pytest

from callcost.estimate.estimate import (
    MIN_EFFECT,
    GroupEstimate,
    _quartiles,
    aa_error,
    estimate_run,
    interquartile_mean,
    trimmed_interval,
)
from callcost.model.contender import Contender
from callcost.model.group import Group, controls_for
from callcost.model.plan import Plan, Settings
from callcost.model.run import GroupTimes, Run
from callcost.worker.worker import OWN_UNROLL

CALLS = 100
EMPTY_NS = 0.2
PROGRAM_EMPTY_NS = 0.7
YARDSTICK_NS = 10.0


def made_up(
    costs_ns: dict[str, float],
    *,
    processes: int = 20,
    passes: int = 100,
    noise: float = 0.01,
    twin_factor: float = 1.0,
    seed: int = 1,
    floors_ns: dict[str, float] | None = None,
) -> GroupTimes:
    """Makes a group with the given net costs per call; noise is a share, drawn for each epoch.

    Floors are programs with ten times as many calls and a longer empty loop than Python's.
    """
    floors = tuple(
        Contender(name, "", "pass", own_loops=CALLS * 10 // OWN_UNROLL, program=(name,))
        for name in floors_ns or {}
    )
    group = Group("made up", tuple(Contender(name, "", "pass") for name in costs_ns), floors=floors)
    controls = controls_for(group, 0)
    twin_ns = next(iter(costs_ns.values())) * twin_factor
    net_ns = np.array([*costs_ns.values(), 0.0, twin_ns, YARDSTICK_NS])
    floor_ns = np.array([*(floors_ns or {}).values(), *[0.0] * len(floors)]) + PROGRAM_EMPTY_NS
    gross_ns = np.append((net_ns + EMPTY_NS) * CALLS, floor_ns * CALLS * 10)
    random = np.random.default_rng(seed)
    made = [
        np.rint(gross_ns[:, None] * random.normal(1, noise, (len(gross_ns), passes))).astype(
            np.int64
        )
        for _ in range(processes)
    ]
    return GroupTimes(group, controls, Plan(CALLS, 1, 0, passes), made)


def test_estimates_recover_costs_and_ratios() -> None:
    estimate = GroupEstimate(made_up({"slow": 300.0, "fast": 20.0}))
    assert estimate.gross_ns(0).value == pytest.approx(300.2, rel=0.003)
    assert estimate.net_ns(1).value == pytest.approx(20, rel=0.003)
    assert estimate.empty_ns.value == pytest.approx(EMPTY_NS, rel=0.05)
    ratio = estimate.ratio(0, 1)
    assert ratio.low < 15 < ratio.high
    assert ratio.value == pytest.approx(15, rel=0.003)
    assert estimate.order == [1, 0]


def test_a_ratio_and_its_inverse_agree() -> None:
    estimate = GroupEstimate(made_up({"a": 30.0, "b": 20.0}, noise=0.2))
    there, back = estimate.ratio(0, 1), estimate.ratio(1, 0)
    assert there.value * back.value == pytest.approx(1, rel=1e-3)


def test_intervals_cover_the_truth_with_the_stated_probability() -> None:
    covered = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        # Two modes, as caused by layouts, and an occasional disturbed process.
        samples = random.choice([14.0, 14.8], 30) + random.normal(0, 0.1, 30)
        samples[random.random(30) < 0.02] += 7
        interval = trimmed_interval(samples)
        covered += interval.low <= 14.4 <= interval.high
    assert 0.92 <= covered / 400 <= 0.98


def test_extreme_processes_at_either_end_are_trimmed() -> None:
    samples = np.array([1.0, *[50.0] * 9, *[52.0] * 9, 9000.0])
    assert trimmed_interval(samples).value == pytest.approx(51.0)


def test_too_few_samples_have_no_interval() -> None:
    interval = trimmed_interval(np.array([1.0, 2.0, 3.0]))
    assert interval.value == 2.0
    assert np.isnan(interval.low) and np.isnan(interval.high)
    assert np.isnan(trimmed_interval(np.array([np.nan])).value)


def test_interquartile_mean_ignores_the_outer_quarters_and_nan() -> None:
    samples = np.array([[1.0, 2.0, 3.0, 4.0, 1000.0, np.nan], [5.0] * 6])
    assert interquartile_mean(samples).tolist() == [3.0, 5.0]


def test_preempted_epochs_do_not_count() -> None:
    times = made_up({"a": 100.0, "b": 50.0})
    for epochs in times.processes:
        epochs[0, :40] *= -50
    estimate = GroupEstimate(times)
    assert estimate.preempted(0) == 40 * 20
    assert estimate.preempted(1) == 0
    assert estimate.ratio(0, 1).value == pytest.approx(2, rel=0.005)


def test_passes_with_a_slow_yardstick_are_left_out() -> None:
    times = made_up({"a": 100.0, "b": 50.0})
    for epochs in times.processes:
        # A busy neighbour makes the yardstick take half as long again, and the others unequally so.
        epochs[:, 60:] = epochs[:, 60:] * 3 // 2
        epochs[0, 60:] *= 3
    estimate = GroupEstimate(times)
    assert estimate.disturbed_share == pytest.approx(0.4)
    assert estimate.ratio(0, 1).value == pytest.approx(2, rel=0.005)
    assert estimate.gross_ns(0).value == pytest.approx(100.2, rel=0.005)


def test_a_run_without_calm_passes_is_used_whole_and_marked() -> None:
    times = made_up({"a": 100.0, "b": 50.0}, processes=12)
    for number, epochs in enumerate(times.processes):
        if number > 2:
            epochs[-1] *= 2
    estimate = GroupEstimate(times)
    assert not estimate.filtered
    assert estimate.disturbed_share == pytest.approx(0.75)
    assert len(estimate.usable) == 12


def test_a_row_without_usable_epochs_has_no_rounds_and_does_not_affect_others() -> None:
    times = made_up({"a": 100.0, "b": 50.0, "c": 70.0})
    for epochs in times.processes[:18]:
        epochs[1] *= -1
    estimate = GroupEstimate(times)
    assert len(estimate.rounds_ns(1)) == 2
    assert len(estimate.rounds_ns(0)) == 20
    for epochs in times.processes:
        epochs[1] = -np.abs(epochs[1])
    estimate = GroupEstimate(times)
    assert estimate.order == [2, 0, 1]
    assert estimate.net_ns(1).as_list() == [None, None, None]
    assert estimate.ratio(0, 2).value == pytest.approx(100 / 70, rel=0.005)


def test_equal_contenders_share_a_rank_and_unequal_ones_do_not() -> None:
    estimate = GroupEstimate(made_up({"c": 40.0, "a": 20.0, "b": 20.02, "d": 40.0, "e": 41.0}))
    assert estimate.ranks() == {1: 1, 2: 1, 0: 3, 3: 3, 4: 5}


def test_a_difference_below_the_minimum_effect_is_a_tie_even_if_certain() -> None:
    times = made_up({"a": 100.0, "b": 100.3}, noise=0.0001)
    assert GroupEstimate(times).ratio(1, 0).low > 1.002
    for floor in (MIN_EFFECT, 0.0, float("nan")):
        assert set(GroupEstimate(times).ranks(floor).values()) == {1}


def test_the_error_of_the_run_widens_ties() -> None:
    times = made_up({"a": 100.0, "b": 102.0}, noise=0.0001)
    assert set(GroupEstimate(times).ranks(MIN_EFFECT).values()) == {1, 2}
    assert set(GroupEstimate(times).ranks(0.03).values()) == {1}


def test_a_twin_that_moves_makes_the_group_inconclusive() -> None:
    assert not GroupEstimate(made_up({"a": 100.0, "b": 50.0})).inconclusive
    assert GroupEstimate(made_up({"a": 100.0, "b": 50.0}, twin_factor=1.05)).inconclusive
    assert GroupEstimate(made_up({"a": 100.0, "b": 50.0}, twin_factor=0.95)).inconclusive


def test_the_aa_error_is_a_quantile_of_the_errors_of_the_twins() -> None:
    off = [GroupEstimate(made_up({"a": 100.0}, twin_factor=f, noise=1e-4)) for f in (1.01, 0.98)]
    assert aa_error(off, quantile=1.0) == pytest.approx(0.02, rel=0.01)
    assert aa_error(off, quantile=0.0) == pytest.approx(0.01, rel=0.01)


def test_groups_with_too_few_processes_are_not_estimated() -> None:
    run = Run(Settings(), cpu=0, seed=1)
    run.groups = {"few": made_up({"a": 1.0}, processes=9), "enough": made_up({"a": 1.0})}
    assert list(estimate_run(run)) == ["enough"]


def test_the_cost_of_a_floor_uses_its_own_empty_loop_and_calls() -> None:
    estimate = GroupEstimate(made_up({"a": 30.0, "b": 20.0}, floors_ns={"p": 3.0, "q": 2.0}))
    assert [estimate.names[row] for row in estimate.floors] == ["q", "p"]
    low, high = estimate.floors
    assert estimate.gross_ns(high).value == pytest.approx(3.7, rel=0.003)
    assert estimate.net_ns(high).value == pytest.approx(3.0, rel=0.003)
    assert estimate.net_ns(low).value == pytest.approx(2.0, rel=0.003)
    assert estimate.ratio(low, estimate.fastest).value == pytest.approx(0.1, rel=0.003)
    ratio = estimate.ratio(high, estimate.fastest)
    assert ratio.low < 0.15 < ratio.high


def test_floors_are_not_ranked() -> None:
    with_floors = GroupEstimate(made_up({"a": 30.0, "b": 20.0}, floors_ns={"p": 3.0}))
    assert with_floors.size == 2
    assert with_floors.order == [1, 0]
    assert with_floors.ranks() == {1: 1, 0: 2}
    assert with_floors.fastest == 1
    assert GroupEstimate(made_up({"a": 30.0})).floors == []


def test_programs_without_contenders_are_ranked_net_of_their_own_empty_loops() -> None:
    times = made_up({"a": 30.0}, floors_ns={"p": 3.0, "q": 2.0})
    group = Group("made up", times.group.floors)
    controls = controls_for(group, 0)
    # Rows are now p, q, the empty loop, p's twin, the yardstick, then the programs' empty loops.
    processes = [epochs[[4, 5, 1, 4, 3, 6, 7, 6]] for epochs in times.processes]
    estimate = GroupEstimate(GroupTimes(group, controls, times.plan, processes))
    assert estimate.net_ns(0).value == pytest.approx(3.0, rel=0.003)
    assert estimate.ratio(0, 1).value == pytest.approx(1.5, rel=0.003)
    assert estimate.twin_ratio.value == pytest.approx(1)
    assert estimate.ranks() == {1: 1, 0: 2}


def test_a_preempted_epoch_of_a_program_does_not_count() -> None:
    times = made_up({"a": 30.0}, floors_ns={"p": 3.0})
    for epochs in times.processes:
        epochs[[-2, -1], :30] *= -50
    estimate = GroupEstimate(times)
    (floor,) = estimate.floors
    assert estimate.preempted(floor) == 30 * 20
    assert estimate.net_ns(floor).value == pytest.approx(3.0, rel=0.003)


def test_quartiles_equal_those_of_numpy() -> None:
    shuffled = np.random.default_rng(2)
    for passes in (1, 2, 3, 5, 40):
        rows = shuffled.lognormal(size=(50, passes))
        rows[shuffled.random(rows.shape) < 0.2] = np.nan
        rows = rows[~np.isnan(rows).all(axis=1)]
        expected = np.nanquantile(rows, [0.25, 0.75], axis=1, keepdims=True)
        assert np.array_equal(np.array(_quartiles(rows)), expected)


def test_ratios_to_the_yardstick_do_not_depend_on_the_epoch_size() -> None:
    few = made_up({"a": 40, "b": 80, "lost": 120}, floors_ns={"floor": 5})
    for epochs in few.processes:
        epochs[2] = -np.abs(epochs[2])
    few.processes[3][1] = -np.abs(few.processes[3][1])
    estimate = GroupEstimate(few)
    ratios = estimate.ratios_to_yardstick()
    for row in (0, 1):
        yardstick_ns = estimate.gross_ns(estimate.names.index("yardstick")).value
        expected = estimate.net_ns(row).value / yardstick_ns
        assert ratios[row] == pytest.approx(expected, rel=0.002)
    assert np.isnan(ratios[2])
    # The empty loop is now so long that the yardstick's net cost would be below zero.
    for epochs in few.processes:
        added_ns = epochs[3].max() * 100
        epochs[[0, 1, 3, 4]] += added_ns
    slow_loop = GroupEstimate(few).ratios_to_yardstick()
    assert slow_loop[:2] == pytest.approx(ratios[:2], rel=0.02)
