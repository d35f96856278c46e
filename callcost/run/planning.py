"""Shares the time of a run out over its rows: calls per epoch, passes per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callcost.model.job import (
    TARGET_EPOCH_NS,
    Group,
    Plan,
    least_calls,
    plan_epochs,
    plan_program,
    scouting_plan,
)
from callcost.worker.worker import PROGRAM_WARM_SHARE, SCOUT_REPEATS

MIN_PASSES = 15
MAX_PASSES = 2000
# In a small run starting the processes takes most of the time, and longer ones cost little more.
MIN_GROUP_NS = 40_000_000
YARDSTICK_NS = 25_000
# About how many target epochs the worker spends on estimating one call.
SCOUT_EPOCHS = 2 * SCOUT_REPEATS
# What an epoch costs beside its own time: switching contenders, two getrusage calls, waking up.
EPOCH_OVERHEAD_NS = 5_000
# The same for a program: its loop's warm-up, and two switches of processes.
PROGRAM_OVERHEAD_NS = PROGRAM_WARM_SHARE * TARGET_EPOCH_NS + 20_000


def scouting_s(call_ns: Sequence[float]) -> float:
    """Estimates how many seconds it has taken to estimate calls that take so long."""
    return sum(SCOUT_EPOCHS * max(TARGET_EPOCH_NS, cost) for cost in call_ns) / 1e9


def row_time_ns(rows: int, row_s: float, processes: int, start_up_s: float) -> float:
    """Returns how many ns of one process each of so many rows has."""
    # The scout is one process more than those that count.
    available_s = rows * row_s - (processes + 1) * start_up_s
    return max(0.0, available_s * 1e9 / processes / rows)


def plan_group(group: Group, costs: list[float], programs: int, row_ns: float) -> Plan:
    """Plans the passes of a group.

    `costs` is what a call of each contender but the programs takes, in ns; `row_ns` is what each
    of the group's members may take in one process.
    """
    scouted = scouting_plan(group)
    plan = plan_epochs(costs, scouted.passes, scouted.max_unroll, least_calls(group, costs))
    calls = plan.calls + plan.warm_loops * plan.unroll
    pass_ns = calls * sum(costs) + len(costs) * EPOCH_OVERHEAD_NS + YARDSTICK_NS
    pass_ns += programs * (TARGET_EPOCH_NS + PROGRAM_OVERHEAD_NS)
    group_ns = max(MIN_GROUP_NS, row_ns * len(group.members))
    passes = min(MAX_PASSES, max(MIN_PASSES, int(group_ns / pass_ns)))
    return replace(plan, passes=passes, settle_turns=scouted.settle_turns)


def plan_programs(group: Group, call_ns: dict[str, float]) -> Group:
    """Gives each program of a group its own number of calls, by what a call of each takes."""
    contenders, floors = (
        tuple(plan_program(c, call_ns[c.name]) if c.program else c for c in members)
        for members in (group.contenders, group.floors)
    )
    return replace(group, contenders=contenders, floors=floors)
