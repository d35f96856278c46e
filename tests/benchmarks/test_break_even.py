"""The two verdicts of the sweep, on planted times with known answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from callcost.benchmarks.break_even import (
    NEAR_FASTEST,
    REFERENCE,
    Curve,
    break_even_table,
    curves,
    sweep,
)
from callcost.benchmarks.catalogue import BREAK_EVEN_RESULTS, break_even_workload
from callcost.benchmarks.conftest import pytest_callcost_tables
from callcost.benchmarks.contenders import BREAK_EVEN, group_name
from callcost.console.numbers import format_ns
from callcost.console.outputs import PIPE_WIDTH
from callcost.estimate.estimate import GroupEstimate
from callcost.model.contender import Contender
from callcost.model.group import Group, controls_for
from callcost.model.plan import Plan
from callcost.model.run import GroupTimes

PROCESSES, PASSES = 12, 20
PLAN = Plan(unroll=100, loops=100, warm_loops=1, passes=PASSES)
EMPTY_NS, YARDSTICK_NS = 1.0, 50.0

# The net time of a call in each process, or one time for all processes.
Costs = dict[str, float | list[float]]


def planted(name: str, costs_ns: Costs, twin: float = 1.0) -> GroupEstimate:
    """Makes a group with exactly these net times per call; its twin differs by `twin`."""
    group = Group(name, tuple(Contender(name, "", "fibonacci(n)") for name in costs_ns))
    rows = [np.broadcast_to(np.array(cost, dtype=float), PROCESSES) for cost in costs_ns.values()]
    rows += [np.zeros(PROCESSES), rows[0] * twin, np.full(PROCESSES, YARDSTICK_NS)]
    epochs = np.rint((np.array(rows) + EMPTY_NS) * PLAN.calls).astype(np.int64)
    processes = [np.repeat(epochs[:, [process]], PASSES, axis=1) for process in range(PROCESSES)]
    return GroupEstimate(GroupTimes(group, controls_for(group, 0), PLAN, processes))


def swept(
    costs_ns: dict[int, Costs], moved: tuple[int, ...] = ()
) -> tuple[dict[str, GroupEstimate], dict[str, Curve]]:
    """Plants a sweep {n: costs} whose control moved at some n; returns it and its curves."""
    names = {n: f"{BREAK_EVEN} n={n:02}" for n in costs_ns}
    estimates = {
        names[n]: planted(names[n], costs, twin=1.05 if n in moved else 1.0)
        for n, costs in costs_ns.items()
    }
    return estimates, {curve.name: curve for curve in curves(estimates)}


def two_ways(slow_ns: dict[int, float], fast_ns: float = 100.0) -> dict[int, Costs]:
    return {n: {"c_fast": fast_ns, "c_slow": cost_ns} for n, cost_ns in slow_ns.items()}


def against_python(ratios: dict[int, float]) -> dict[int, Costs]:
    return {n: {"c_one": 100.0 * ratio, REFERENCE: 100.0} for n, ratio in ratios.items()}


def halves(low: float, high: float) -> list[float]:
    return [low, high] * (PROCESSES // 2)


def test_the_sweep_has_the_names_of_the_catalogue_in_order() -> None:
    names = [group_name(break_even_workload(n), BREAK_EVEN) for n in BREAK_EVEN_RESULTS]
    assert sweep(["fibonacci", *reversed(names), "break-even of another sort"]) == dict(
        zip(BREAK_EVEN_RESULTS, names, strict=True)
    )
    assert list(sweep(reversed(names))) == sorted(BREAK_EVEN_RESULTS)


def test_planted_costs_are_found_exactly() -> None:
    _, found = swept(two_ways({0: 200.0, 5: 150.0}))
    assert found["c_slow"].n == (0, 5)
    assert [cost.as_list() for cost in found["c_slow"].net_ns] == [
        pytest.approx([200.0] * 3),
        pytest.approx([150.0] * 3),
    ]


@pytest.mark.parametrize(
    ("slow_ns", "first_n"),
    [
        ({0: 300.0, 1: 120.0, 2: 109.9, 3: 101.0}, 2),
        ({0: 109.9, 1: 105.0}, 0),
        ({0: 300.0, 1: 200.0}, None),
        ({0: 300.0, 1: 105.0, 2: 110.1, 3: 105.0}, 3),
        ({0: 105.0, 1: 105.0, 2: 110.1}, None),
        ({0: 110.1, 1: 109.9}, 1),
    ],
    ids=["from 2 on", "always", "never", "relapse", "lost at the end", "either side of the limit"],
)
def test_n_from_which_a_way_is_near_the_fastest(
    slow_ns: dict[int, float], first_n: int | None
) -> None:
    _, found = swept(two_ways(slow_ns))
    assert found["c_slow"].near_fastest_from == first_n
    assert found["c_fast"].near_fastest_from == 0


@pytest.mark.parametrize(
    ("ratios", "first_n"),
    [
        ({0: 2.0, 1: 1.001, 2: 0.999, 3: 0.5}, 2),
        ({0: 0.5, 1: 0.1}, 0),
        ({0: 2.0, 1: 1.5}, None),
        ({0: 0.5, 1: 1.5, 2: 0.5}, 2),
        ({0: 0.5, 1: 0.5, 2: 1.5}, None),
        ({0: 1.0, 1: 0.999}, 1),
    ],
    ids=["from 2 on", "always", "never", "relapse", "lost at the end", "equal is not better"],
)
def test_n_from_which_a_way_beats_python(ratios: dict[int, float], first_n: int | None) -> None:
    _, found = swept(against_python(ratios))
    assert found["c_one"].beats_python_from == first_n


def test_the_upper_end_of_the_interval_decides() -> None:
    straddling = halves(104.0, 112.0)
    _, found = swept(
        {0: {"c_fast": 100.0, "c_slow": straddling}, 1: {"c_fast": 100.0, "c_slow": 101.0}}
    )
    (ratio, _) = (point.to_fastest for point in found["c_slow"].points)
    assert ratio is not None
    assert ratio.value < NEAR_FASTEST < ratio.high
    assert found["c_slow"].near_fastest_from == 1

    _, found = swept({0: {"c_one": halves(90.0, 104.0), REFERENCE: 100.0}})
    (ratio,) = (point.to_python for point in found["c_one"].points)
    assert ratio is not None
    assert ratio.value < 1 < ratio.high
    assert found["c_one"].beats_python_from is None


def test_plain_python_is_not_a_way_to_call_c() -> None:
    costs: dict[int, Costs] = {n: {"c_a": 200.0, "c_b": 210.0, REFERENCE: 20.0} for n in (0, 1)}
    _, found = swept(costs)
    assert found["c_a"].near_fastest_from == 0
    assert found["c_b"].near_fastest_from == 0
    assert found["c_a"].beats_python_from is None
    assert found["c_a"].compared_with_python
    assert not found[REFERENCE].compared_with_python
    assert not found[REFERENCE].compared_with_fastest


def test_without_python_there_is_no_verdict_on_it() -> None:
    _, found = swept(two_ways({0: 200.0, 1: 101.0}))
    assert found["c_fast"].beats_python_from is None
    assert not found["c_fast"].compared_with_python
    assert found["c_slow"].near_fastest_from == 1


def test_a_mechanism_alone_has_no_verdict() -> None:
    _, found = swept(against_python({0: 0.5, 1: 0.4}))
    assert found["c_one"].beats_python_from == 0
    assert found["c_one"].near_fastest_from is None
    assert not found["c_one"].compared_with_fastest


def test_an_n_without_a_time_is_skipped() -> None:
    costs = against_python({0: 2.0, 1: 0.5, 2: 0.5, 3: 0.5})
    costs[2] = {"c_one": 50.0, "c_other": 50.0}
    costs[3] = {"c_other": 50.0, REFERENCE: 100.0}
    _, found = swept(costs)
    assert found["c_one"].n == (0, 1, 2)
    assert found["c_one"].beats_python_from == 1
    assert found["c_other"].n == (2, 3)
    assert found["c_other"].beats_python_from == 3
    assert found["c_other"].near_fastest_from == 2


@pytest.mark.parametrize("inconclusive_n", [0, 1, 2])
def test_inconclusive_groups_do_not_count(inconclusive_n: int) -> None:
    conclusive = [n for n in range(3) if n != inconclusive_n]

    good = against_python(dict.fromkeys(range(3), 0.5))
    assert swept(good, moved=(inconclusive_n,))[1]["c_one"].beats_python_from == conclusive[0]

    bad_there = against_python(dict.fromkeys(range(3), 0.5) | {inconclusive_n: 3.0})
    _, found = swept(bad_there, moved=(inconclusive_n,))
    assert found["c_one"].beats_python_from == conclusive[0]

    good_only_there = against_python(dict.fromkeys(range(3), 3.0) | {inconclusive_n: 0.5})
    _, found = swept(good_only_there, moved=(inconclusive_n,))
    assert found["c_one"].beats_python_from is None

    same_only_there = two_ways(dict.fromkeys(range(3), 300.0) | {inconclusive_n: 100.0})
    _, found = swept(same_only_there, moved=(inconclusive_n,))
    assert found["c_slow"].near_fastest_from is None
    assert found["c_slow"].points[inconclusive_n].inconclusive


def test_inconclusive_groups_alone_give_no_verdict() -> None:
    estimates, found = swept(against_python({0: 0.5, 1: 0.5}), moved=(0, 1))
    assert found["c_one"].beats_python_from is None
    assert not found["c_one"].compared_with_python
    assert "never" not in printed(estimates)


def test_no_sweep_at_all() -> None:
    assert curves({}) == []
    assert curves({"fibonacci": planted("fibonacci", {"c_one": 10.0})}) == []


def test_curves_start_with_the_cheapest() -> None:
    costs: dict[int, Costs] = {n: {"c_z": 300.0, "c_a": 200.0, REFERENCE: 100.0} for n in (0, 1)}
    estimates, _ = swept(costs)
    assert [curve.name for curve in curves(estimates)] == [REFERENCE, "c_a", "c_z"]


def printed(estimates: dict[str, GroupEstimate]) -> str:
    console = Console(width=PIPE_WIDTH, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(break_even_table(estimates))
    return capture.get()


def test_the_table_replaces_those_of_its_groups() -> None:
    estimates, _ = swept(two_ways({0: 200.0, 1: 101.0}))
    alone = {"fibonacci": planted("fibonacci", {"c_one": 10.0})}
    config = cast("pytest.Config", SimpleNamespace(stash=pytest.Stash()))
    claimed, tables = pytest_callcost_tables(config, estimates | alone)
    assert claimed == list(estimates)
    (table,) = (table for table in tables if isinstance(table, Table))
    assert table.title is not None
    claimed, tables = pytest_callcost_tables(config, alone)
    assert claimed == []
    assert [table for table in tables if isinstance(table, Table)] == []


def cells(text: str, name: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if line.strip().startswith(name))
    return line.split()


def test_the_table_distinguishes_never_from_unknown_and_defines_its_columns() -> None:
    estimates, _ = swept({n: {"c_fast": 100.0, "c_slow": 200.0, REFERENCE: 150.0} for n in (0, 20)})
    text = printed(estimates)
    assert cells(text, "c_fast")[-6:] == ["n", "=", "0", "n", "=", "0"]
    assert cells(text, "c_slow")[-2:] == ["never", "never"]
    assert cells(text, "plain Python")[-2:] == ["-", "-"]
    caption = text.splitlines()[-1].strip()
    assert "Python < 1" in caption
    assert f"<= {NEAR_FASTEST:.2f}" in caption


def test_the_table_names_what_it_left_out() -> None:
    estimates, _ = swept(two_ways(dict.fromkeys((0, 5, 20), 200.0)), moved=(5,))
    assert "left out of both: n = 5" in printed(estimates)


@pytest.mark.parametrize("name", ["c", "cpython_with_a_rather_long_name", "odd[red]_name[/]"])
def test_the_table_fits_its_width_whatever_the_names(name: str) -> None:
    estimates, _ = swept({n: {name: 123456.0, "c_b": 20.0, REFERENCE: 5e9} for n in range(21)})
    text = printed(estimates)
    assert name in text
    assert "…" not in text
    assert "123 µs" in text
    assert max(map(len, text.splitlines())) <= PIPE_WIDTH


@pytest.mark.parametrize(
    ("cost_ns", "text"),
    [
        (0.161, "0.16 ns"),
        (14.08, "14.1 ns"),
        (294.5, "294 ns"),
        (999.4, "999 ns"),
        (999.6, "1.00 µs"),
        (11518.6, "11.5 µs"),
        (997593.6, "998 µs"),
        (999999.0, "1.00 ms"),
        (2.5e9, "2.50 s"),
        (-0.02, "-0.02 ns"),
        (float("nan"), "?"),
    ],
)
def test_times_have_three_digits_and_a_unit(cost_ns: float, text: str) -> None:
    assert format_ns(cost_ns) == text
