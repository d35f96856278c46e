"""What layouts, processes and passes contribute to the spread of a row, and to its interval."""

from __future__ import annotations

from dataclasses import astuple

import made_records
import numpy as np
import pytest

from callcost.estimate.estimate import GroupEstimate, trimmed_interval
from callcost.estimate.luck import luck_of
from callcost.model.contender import Contender
from callcost.model.group import Group
from callcost.model.run import GroupTimes

LAYOUTS = [1, 2, 3, 4, 5, 6, 7, 8]


def measured(layouts: list[int]) -> GroupTimes:
    """Makes up a group in which each layout has costs of its own."""
    group = Group("work", (Contender("one", "", "f()"), Contender("two", "", "f()")))
    times = made_records.times_of(group, {"one": 10.0, "two": 15.0})
    shift = {number: 1 + number / 100 for number in {*layouts}}
    # A process for each entry. Only the call `two` depends on its layout.
    times.processes = [
        times.processes[n % len(times.processes)].copy() for n in range(len(layouts))
    ]
    for process, layout in zip(times.processes, layouts, strict=True):
        process[1] = np.rint(process[1] * shift[layout])
    times.layouts = layouts
    return times


def test_the_processes_of_a_layout_count_as_one() -> None:
    twice = GroupEstimate(measured([*LAYOUTS, *LAYOUTS]))
    net_ns = twice.net_by_process(1)
    means_ns = (net_ns[:8] + net_ns[8:]) / 2
    expected = trimmed_interval(means_ns)
    assert twice.net_ns(1) == expected
    logs = np.log(twice.ratios_by_process(1, 0))
    ratio = twice.ratio(1, 0)
    assert ratio.value == pytest.approx(np.exp(trimmed_interval((logs[:8] + logs[8:]) / 2).value))
    assert twice.ratio_table()[1, 0].tolist() == pytest.approx([ratio.value, ratio.low, ratio.high])
    assert twice.ratios_to(0)[1].low == pytest.approx(ratio.low)


def test_more_processes_of_few_layouts_are_no_more_samples() -> None:
    few = GroupEstimate(measured([1, 2, 3, 4, 5] * 3))
    assert np.isnan(few.net_ns(0).low) and np.isnan(few.net_ns(0).high)
    assert not np.isnan(GroupEstimate(measured([0] * 15)).net_ns(0).low)


def test_files_as_built_are_samples_of_their_own() -> None:
    times = measured([0] * 10)
    listed = GroupEstimate(times).net_ns(1)
    times.layouts = []
    assert GroupEstimate(times).net_ns(1) == listed


def test_components_are_found_again() -> None:
    random = np.random.default_rng(1)
    layouts = np.repeat(np.arange(400), 4)
    costs = random.normal(0, 0.03, 400)[layouts] + random.normal(0, 0.02, layouts.size)
    halves = costs + random.normal(0, 0.01 * np.sqrt(2), (2, layouts.size))
    found = luck_of(halves, layouts.tolist())
    assert astuple(found) == pytest.approx((0.03, 0.02, 0.01), rel=0.1)


def test_components_that_cannot_be_known_are_nan() -> None:
    halves = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    once = luck_of(halves, [1, 2, 3])
    assert np.isnan([once.layout, once.process]).all() and once.within == 0
    same = luck_of(halves, [0, 0, 0])
    assert np.isnan(same.layout) and same.process == 1 and same.within == 0
    assert np.isnan(astuple(luck_of(np.full((2, 3), np.nan), [1, 2, 3]))).all()
    # Layouts that differ by less than their processes do not differ.
    assert luck_of(np.array([[0.0, 2, 1, 1], [0, 2, 1, 1]]), [1, 1, 2, 2]).layout == 0
