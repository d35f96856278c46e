"""Divides the time of a run among its rows: calls per epoch, passes per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callcost.model.contender import Contender
from callcost.model.group import Group
from callcost.model.plan import MAX_UNROLL, Plan
from callcost.worker.worker import OWN_UNROLL, PROGRAM_WARM_SHARE, SCOUT_REPEATS

TARGET_EPOCH_NS = 100_000
MIN_LOOPS = 4
# Twice what calls with long traces need until they are compiled.
SETTLE_TURNS = 100_000
# Settling takes most of a process's time where loops are compiled, so fewer processes must do.
SETTLING_PROCESSES = 12
CHEAPEST_EPOCH_NS = 40_000
LONGEST_EPOCH_NS = 20_000_000
MIN_PASSES = 15
MAX_PASSES = 2000
# In a small run most of the time goes into starting processes; longer ones cost little more.
MIN_GROUP_NS = 40_000_000
YARDSTICK_NS = 25_000
# The worker spends about this many target epochs on estimating one call.
SCOUT_EPOCHS = 2 * SCOUT_REPEATS
# The cost of an epoch besides its own time: switching contenders, two getrusage calls, cold caches.
EPOCH_OVERHEAD_NS = 5_000
# The same for a program: the warm-up of its loop, and two context switches.
PROGRAM_OVERHEAD_NS = PROGRAM_WARM_SHARE * TARGET_EPOCH_NS + 20_000

SCOUTING = Plan(unroll=1, loops=1, warm_loops=0, passes=0)
# Where loops are compiled, a turn costs almost nothing. Many calls in one loop would exceed a
# trace, and the compiler would then give up on the whole program.
SCOUTING_COMPILED = replace(SCOUTING, max_unroll=1, settle_turns=SETTLE_TURNS)


def scouting_plan(group: Group) -> Plan:
    """Returns the plan for checking a group and roughly timing its calls."""
    return SCOUTING_COMPILED if group.compiles_loops else SCOUTING


def scouting_s(call_ns: Sequence[float]) -> float:
    """Estimates how many seconds scouting took for calls with these costs."""
    return sum(SCOUT_EPOCHS * max(TARGET_EPOCH_NS, cost) for cost in call_ns) / 1e9


def processes_of(group: Group, processes: int) -> int:
    """Returns how many of a run's processes measure a group."""
    return min(processes, SETTLING_PROCESSES) if group.compiles_loops else processes


def is_due(group: Group, done: int, processes: int) -> bool:
    """Tells whether a group has a process in the round that follows the first `done` ones.

    Where loops are compiled, some rounds are left out, evenly.
    """
    own = processes_of(group, processes)
    return (done + 1) * own // processes > done * own // processes


def row_time_ns(rows: int, row_s: float, processes: int, start_up_s: float) -> float:
    """Returns the time of each row in one process, in ns."""
    # Scouting takes one process more.
    available_s = rows * row_s - (processes + 1) * start_up_s
    return max(0.0, available_s * 1e9 / processes / rows)


def plan_epochs(
    call_ns: list[float], passes: int, max_unroll: int = MAX_UNROLL, least_calls: int = 1
) -> Plan:
    """Chooses the calls per epoch so that the mean contender of a group takes about 0.1 ms.

    All contenders in `call_ns` share this count: different counts would bias their ratios.
    `least_calls` is a lower limit.
    """
    mean_ns = sum(call_ns) / len(call_ns)
    calls = max(least_calls, round(TARGET_EPOCH_NS / mean_ns))
    unroll = min(max_unroll, max(1, calls // MIN_LOOPS))
    loops = max(1, calls // unroll)
    warm_loops = 1 if loops >= MIN_LOOPS else 0
    return Plan(unroll, loops, warm_loops, passes, max_unroll=max_unroll)


def least_calls(group: Group, call_ns: list[float]) -> int:
    """Returns the fewest calls an epoch may have: more than 1 only where loops are compiled.

    The first turns of a compiled loop are still interpreted. So that this does not distort the
    cheapest contender, epochs are long, up to LONGEST_EPOCH_NS for the most expensive one.
    """
    if not group.compiles_loops:
        return 1
    own_ns = call_ns[: len(group.contenders)]
    return max(1, int(min(CHEAPEST_EPOCH_NS / min(own_ns), LONGEST_EPOCH_NS / max(own_ns))))


def plan_group(group: Group, costs: list[float], programs: int, row_ns: float) -> Plan:
    """Plans the passes of a group.

    `costs` has the ns per call of each contender that is not a program; `row_ns` is the time of
    each of the group's members in one process.
    """
    scouted = scouting_plan(group)
    plan = plan_epochs(costs, scouted.passes, scouted.max_unroll, least_calls(group, costs))
    calls = plan.calls + plan.warm_loops * plan.unroll
    pass_ns = calls * sum(costs) + len(costs) * EPOCH_OVERHEAD_NS + YARDSTICK_NS
    pass_ns += programs * (TARGET_EPOCH_NS + PROGRAM_OVERHEAD_NS)
    group_ns = max(MIN_GROUP_NS, row_ns * len(group.members))
    passes = min(MAX_PASSES, max(MIN_PASSES, int(group_ns / pass_ns)))
    return replace(plan, passes=passes, settle_turns=scouted.settle_turns)


def plan_program(program: Contender, call_ns: float) -> Contender:
    """Chooses a program's own number of calls, because its loop is far faster than Python's."""
    return replace(program, own_loops=max(1, round(TARGET_EPOCH_NS / call_ns / OWN_UNROLL)))


def plan_programs(group: Group, call_ns: dict[str, float]) -> Group:
    """Gives each program of a group its own number of calls, based on its cost per call."""
    contenders, floors = (
        tuple(plan_program(c, call_ns[c.name]) if c.program else c for c in members)
        for members in (group.contenders, group.floors)
    )
    return replace(group, contenders=contenders, floors=floors)
