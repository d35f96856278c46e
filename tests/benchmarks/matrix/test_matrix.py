"""Costs in several interpreters, and the changes between them, of times that are known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from callcost.benchmarks.matrix.figures import Change, Matrix
from callcost.benchmarks.matrix.table import SAME, change_text, overview, summary, tables
from callcost.benchmarks.matrix.upgrades import LARGEST, ONLY_CPYTHON, count, largest, upgrades
from callcost.estimate.estimate import GroupEstimate
from callcost.instructions import callgrind
from callcost.model.contender import Contender
from callcost.model.group import Environment, Group, controls_for
from callcost.model.instructions import Uncounted
from callcost.model.interval import Interval
from callcost.model.plan import Plan
from callcost.model.run import GroupTimes

PLAN = Plan(unroll=10, loops=100, warm_loops=1, passes=10)
EMPTY_NS, YARDSTICK_NS = 1.0, 10.0
PROCESSES = 12


def timed(
    workload: str,
    place: str,
    costs_ns: dict[str, float],
    *,
    pace: Sequence[float] = (1.0,) * PROCESSES,
    twin: float = 1.0,
    layouts: Sequence[int] = (),
    rounds: Sequence[int] = (),
    facts: dict[str, str] | None = None,
) -> GroupEstimate:
    """Makes a group whose calls take exactly these times, in processes of different pace."""
    environment = Environment(place, "python", facts or {"implementation": "cpython"})
    contenders = tuple(Contender(name, "", f"{name}()") for name in costs_ns)
    group = Group(f"{workload} @ {place}", contenders, environment=environment)
    controls = controls_for(group, 0)
    net = [*costs_ns.values(), 0.0, next(iter(costs_ns.values())) * twin]
    gross = np.array([(cost + EMPTY_NS) * PLAN.calls for cost in net])
    yardstick = YARDSTICK_NS * 20 * PLAN.max_unroll
    epochs = np.append(gross, yardstick)[:, None] * np.ones(PLAN.passes)
    processes = [np.rint(epochs * factor).astype(np.int64) for factor in pace]
    times = GroupTimes(group, controls, PLAN, processes)
    times.layouts, times.rounds = list(layouts), list(rounds or range(len(processes)))
    return GroupEstimate(times)


def matrix_of(*estimates: GroupEstimate) -> Matrix:
    places = list(dict.fromkeys(estimate.times.group.place for estimate in estimates))
    return Matrix({estimate.times.group.name: estimate for estimate in estimates}, places)


def shown(table: object) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_a_change_is_the_ratio_of_net_costs_in_the_same_round() -> None:
    # A slow phase of the machine hits one round in both interpreters.
    pace = [1.0, 1.1] * (PROCESSES // 2)
    found = matrix_of(
        timed("work", "3.13", {"raw": 20.0, "tool": 50.0}, pace=pace),
        timed("work", "3.14", {"raw": 22.0, "tool": 50.0}, pace=pace),
    )
    (sheet,) = found.sheets
    assert [line.mechanism for line in sheet.lines] == ["raw", "tool"]
    raw, tool = (line.changes["3.14"] for line in sheet.lines)
    assert raw.share.as_list() == pytest.approx([0.1, 0.1, 0.1], abs=1e-3)
    assert raw.is_clear and not tool.is_clear
    assert (change_text(raw), change_text(tool), change_text(None)) == ("+10.0%", SAME, "")


def test_only_rounds_that_both_interpreters_have_are_compared() -> None:
    pace = [1.0 if number % 2 else 1.1 for number in range(2 * PROCESSES)]
    old = timed("work", "3.13", {"raw": 20.0}, pace=pace)
    # The other one has a process in every second round: those of the slow phases.
    slow = timed("work", "pypy3.11", {"raw": 22.0}, pace=pace[::2], rounds=range(0, 24, 2))
    share = matrix_of(old, slow).sheets[0].lines[0].changes["pypy3.11"].share
    assert share.as_list() == pytest.approx([0.1, 0.1, 0.1], abs=1e-3)


def disturbed(estimate: GroupEstimate, passes: int, slow: Sequence[float]) -> GroupEstimate:
    """Makes the group again with so many passes; `slow` stretches parts of each process."""
    times = estimate.times
    parts = np.arange(passes) * len(slow) // passes
    times.processes = [
        np.rint(epochs[:, :1] * np.array(slow)[parts]).astype(np.int64)
        for epochs in times.processes
    ]
    return GroupEstimate(times)


@pytest.mark.parametrize("passes", [(24, 24), (24, 60), (60, 24)])
def test_a_slow_phase_within_a_round_cancels_out(passes: tuple[int, int]) -> None:
    # In three of four passes, so that neither side could leave out the disturbed ones.
    slow = [1.0, 1.5, 1.8, 1.4]
    old, new = (
        disturbed(timed("work", place, {"raw": cost_ns}), count, slow)
        for place, cost_ns, count in zip(("3.13", "3.14"), (200.0, 220.0), passes, strict=True)
    )
    share = matrix_of(old, new).sheets[0].lines[0].changes["3.14"].share
    assert share.as_list() == pytest.approx([0.1, 0.1, 0.1], abs=2e-3)


def test_no_side_leaves_out_passes_that_the_other_keeps() -> None:
    # The yardstick tells one side that most passes were disturbed, and the other one nothing.
    slow = [1.0, 1.5]
    old, new = (
        disturbed(timed("work", place, {"raw": 200.0}), 40, slow) for place in ("3.13", "3.14")
    )
    for epochs in new.times.processes:
        epochs[new.yardstick_row] = epochs[new.yardstick_row, 0]
    (line,) = matrix_of(old, GroupEstimate(new.times)).sheets[0].lines
    assert line.changes["3.14"].share.value == pytest.approx(0.0, abs=2e-3)
    assert line.net_ns["3.14"].value == pytest.approx(line.net_ns["3.13"].value, rel=1e-3)


def test_processes_of_one_layout_count_as_one() -> None:
    layouts = [*range(1, 7), *range(1, 7)]
    old = timed("work", "3.13", {"raw": 20.0}, layouts=layouts)
    # In the new interpreter, layouts differ; both processes of each show it.
    pace = [1 + number / 100 for number in layouts]
    new = timed("work", "3.14", {"raw": 20.0}, pace=pace, layouts=layouts)
    together = matrix_of(old, new).sheets[0].lines[0].changes["3.14"].share
    apart = matrix_of(
        timed("work", "3.13", {"raw": 20.0}), timed("work", "3.14", {"raw": 20.0}, pace=pace)
    ).sheets[0].lines[0].changes["3.14"].share  # fmt: skip
    assert together.high - together.low > 1.2 * (apart.high - apart.low)


def test_a_group_whose_control_moved_has_costs_but_no_change() -> None:
    found = matrix_of(
        timed("work", "3.13", {"raw": 20.0}), timed("work", "3.14", {"raw": 30.0}, twin=1.2)
    )
    (line,) = found.sheets[0].lines
    assert line.net_ns["3.14"].value == pytest.approx(30.0)
    assert change_text(line.changes["3.14"]) == "?"
    assert largest(found) == []
    assert "No call changed" in shown(list(summary(found, {}))[1])


def test_a_mechanism_that_an_interpreter_lacks_is_compared_with_the_one_before_it() -> None:
    found = matrix_of(
        timed("work", "3.13", {"raw": 20.0, "tool": 40.0}),
        timed("work", "3.14", {"raw": 20.0}),
        timed("work", "3.15", {"raw": 20.0, "tool": 44.0}),
    )
    tool = next(line for line in found.sheets[0].lines if line.mechanism == "tool")
    assert list(tool.net_ns) == ["3.13", "3.15"]
    assert tool.changes["3.15"].before == "3.13"
    text = shown(next(iter(tables(found, {}))))
    assert "–" in text and "+10.0%" in text


def test_the_largest_changes_of_each_pair_come_first() -> None:
    names = [f"tool_{number}" for number in range(LARGEST + 3)]
    before = dict.fromkeys(names, 100.0)
    after = {name: 100.0 + 5 * number for number, name in enumerate(names)}
    found = matrix_of(
        timed("work", "3.13", before), timed("work", "3.14", after), timed("work", "3.15", after)
    )
    changes = largest(found)
    assert [change.mechanism for change in changes] == names[: -LARGEST - 1 : -1]
    assert {change.after for change in changes} == {"3.14"}
    said = "\n".join(map(str, summary(found, {})))
    assert f"From 3.13 to 3.14 ({len(names) - 1} of {len(names)} rows slower, 0 faster):" in said
    assert "3.14 to 3.15" not in said
    assert "+35.0% (1)" in shown(overview(found))


def test_a_pair_of_interpreters_is_told_once_if_the_one_between_lacks_a_mechanism() -> None:
    names = "abcd"
    lacking = {name: 100.0 for name in names if name in "bd"}
    found = matrix_of(
        timed("work", "3.13", dict.fromkeys(names, 100.0)),
        timed("work", "3.14", lacking),
        timed("work", "3.15", dict.fromkeys(names, 150.0)),
    )
    told = list(upgrades(found, largest(found), {}))
    assert [(each.before, each.after) for each in told] == [("3.14", "3.15"), ("3.13", "3.15")]
    assert [len(each.sentences) for each in told] == [2, 2]
    assert [each.skips for each in told] == [False, True]


def a_change(before: str = "3.13", after: str = "3.14") -> Change:
    costs = Interval(100.0, 99.0, 101.0), Interval(112.0, 111.0, 113.0)
    return Change("work", "tool", before, after, *costs, Interval(0.12, 0.11, 0.13), True)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (Interval(-0.5, -0.6, -0.4), "-50.0% (-60.0% .. -40.0%)"),
        (Interval(0.99, 0.9, 1.1), "+99.0% (+90.0% .. +110.0%)"),
        (Interval(82.8, 78.4, 87.5), "83.8 times as much (79.4 .. 88.5)"),
    ],
)
def test_a_change_that_is_at_least_double_is_told_in_times(share: Interval, said: str) -> None:
    change = replace(a_change(), share=share)
    found = matrix_of(
        timed("work", "3.13", {"tool": 100.0}), timed("work", "3.14", {"tool": 112.0})
    )
    (upgrade,) = upgrades(found, [change], {})
    (sentence,) = upgrade.sentences
    assert f"instead of 100.0: {said}; " in sentence


@pytest.mark.parametrize(
    ("counts", "end"),
    [
        ({"3.13": 200.0, "3.14": 220.0}, "220 instructions instead of 200 (+10.0%)."),
        # A record that another program wrote may have whole numbers.
        ({"3.13": 200, "3.14": 220}, "220 instructions instead of 200 (+10.0%)."),
        ({"3.13": 0, "3.14": 220}, "220 instructions instead of 0 (unknown)."),
        ({"3.13": 200.0}, "instructions not counted (not asked for)."),
        ({"3.13": 200.0, "3.14": "crash: it died"}, "instructions not counted (crash: it died)."),
    ],
)
def test_a_sentence_has_costs_change_and_instructions(
    counts: dict[str, float | str], end: str
) -> None:
    by_group = {f"work @ {place}": {"tool": one} for place, one in counts.items()}
    found = matrix_of(
        timed("work", "3.13", {"tool": 100.0}), timed("work", "3.14", {"tool": 112.0})
    )
    (upgrade,) = upgrades(found, [a_change()], by_group)
    assert upgrade.heading == "From 3.13 to 3.14"
    assert upgrade.counted == "1 of 1 rows slower, 0 faster"
    start = "work through tool costs 112.0 ns instead of 100.0: +12.0% (+11.0% .. +13.0%); "
    assert upgrade.sentences == (start + end,)


def test_only_changed_calls_are_counted_and_only_where_they_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def counted(python: str, cells: dict[object, Contender], **_: object) -> dict[object, object]:
        asked.extend(contender.call for contender in cells.values())
        return {cell: Uncounted("no callgrind", "not here") for cell in cells}

    monkeypatch.setattr(callgrind, "count", counted)
    costs = {"tool": 100.0, "other": 50.0}
    groups = {
        "work @ 3.13": timed("work", "3.13", costs),
        "work @ pypy3.11": timed("work", "pypy3.11", costs, facts={"implementation": "pypy"}),
    }
    found = count([a_change(after="pypy3.11")], groups, lambda done, total: None)
    assert asked == ["tool()"]
    assert found == {
        "work @ 3.13": {"tool": "no callgrind: not here"},
        "work @ pypy3.11": {"tool": ONLY_CPYTHON},
    }
