"""Times two expressions in turns, each in its own processes.

What one side does to its process does not affect the other: modules of the same name, patches,
hooks, the working directory, caches. The instrument is that of `callcost compare`: quartets of two
processes of each side, which take turns on one CPU.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from callcost.estimate.estimate import MIN_PROCESSES, interquartile_mean, trimmed_interval
from callcost.model.expression import ExpressionError, Reading
from callcost.model.group import EMPTY, Group
from callcost.model.interval import Interval
from callcost.model.plan import Plan, Settings
from callcost.model.run import Progress
from callcost.paired.measure import MAX_PASSES, MIN_PASSES, TURN_OVERHEAD_NS
from callcost.paired.quartet import Conditions, RowFailedError, SideFailedError, time_quartet
from callcost.paired.rows import (
    BASE,
    HEAD,
    QUARTET,
    Cell,
    PairedRow,
    PairedTimes,
    Side,
    Times,
    control_row,
)
from callcost.paired.verdict import pair_logs, twin_logs
from callcost.run import machine, planning
from callcost.run.coordinator import choose_cpu
from callcost.timing.look import Look, failed
from callcost.timing.measured import Cost, Floats, Measured
from callcost.timing.time_limit import FEW_PROCESSES, PROCESSES, START_UP_S, TimeLimit

CALL, LOOP, CONTROL = (Cell("time", name) for name in ("call", "empty loop", "control"))
SIDES = (BASE, HEAD)
# Pairs of processes vary more than passes of one process: twenty quartets are forty pairs.
QUARTETS = PROCESSES
FEW_QUARTETS = FEW_PROCESSES // 2
# Passes of the empty loop and of the control in a process.
SIDE_PASSES = 20
CONTROL_NS = 50_000


@dataclass
class Pairs:
    """The calls in an epoch, and the epochs of each row in each quartet."""

    calls: int
    quartets: list[dict[Cell, Times]]

    def times(self, cell: Cell, *, net: bool = False) -> PairedTimes:
        """Return the epochs of a row; `net` subtracts the empty loop."""
        epochs = [quartet[cell] for quartet in self.quartets]
        if net:
            loops = [_levels(quartet[LOOP]) for quartet in self.quartets]
            epochs = [_less(times, loop) for times, loop in zip(epochs, loops, strict=True)]
        return PairedTimes(self.calls, epochs)

    def costs_ns(self, side: str, cell: Cell = CALL) -> Floats:
        """Return the cost of a call in each process of a side, the loop included."""
        places = [place for place, name in enumerate(QUARTET) if name == side]
        levels = [_levels(times) for times in self.times(cell).quartets]
        return np.array([level[place] for level in levels for place in places]) / self.calls

    def preempted(self, side: str) -> int:
        """Count the epochs of a side that were dropped as preempted."""
        places = [place for place, name in enumerate(QUARTET) if name == side]
        return sum(int((quartet[CALL][places] < 0).sum()) for quartet in self.quartets)


def _levels(times: Times) -> Floats:
    """Estimate an epoch of each of the four processes, in ns; NaN if all were preempted."""
    return interquartile_mean(np.where(times > 0, times, np.nan))


def _less(times: Times, loop_ns: Floats) -> Times:
    """Subtract the empty loop from each epoch; drop epochs without a positive rest."""
    net = np.rint(times - loop_ns[:, None])
    found: Times = np.where((times > 0) & (net > 0), net, -1).astype(np.int64)
    return found


def time_both(
    sides: Sequence[Reading],
    looks: Sequence[Look],
    limit: TimeLimit,
    report: Callable[[Progress], None],
) -> Measured:
    """Measure two expressions in turns; raise ExpressionError or KeyboardInterrupt."""
    plan = plan_calls(sides, looks)
    # Four set-ups at once, as in the first look.
    start_s = START_UP_S + max(look.setup_s for look in looks)
    pass_s = sum(2 * (look.call_ns or 0) / 1e9 for look in looks)
    long_pass_s = (
        max(pass_s * plan.calls, 4 * planning.TARGET_EPOCH_NS / 1e9) + TURN_OVERHEAD_NS / 1e9
    )
    asked = limit.asked_processes
    quartets = replace(limit, asked_processes=asked and math.ceil(asked / 4)).processes_for(
        passes_s=pass_s + long_pass_s * MIN_PASSES,
        start_s=start_s,
        once_s=0.0,
        usual=QUARTETS,
        looks=looks,
        passes=MIN_PASSES,
        few=FEW_QUARTETS,
        at_once=len(QUARTET),
    )
    left_s = limit.seconds / quartets - start_s
    passes = min(MAX_PASSES, max(MIN_PASSES, int(left_s / long_pass_s)))
    return _Turns(sides, replace(plan, passes=passes), limit, report).run(quartets)


def plan_calls(sides: Sequence[Reading], looks: Sequence[Look]) -> Plan:
    """Choose the calls of an epoch, the same for both sides."""
    compiled = [side for side in sides if side.compiles_loops]
    costs_ns = [look.call_ns or 0.0 for look in looks]
    contenders = tuple(side.contender for side in sides)
    environment = compiled[0].asked.environment if compiled else None
    least = planning.least_calls(Group("time", contenders, environment=environment), costs_ns)
    scouted = planning.SCOUTING_COMPILED if compiled else planning.SCOUTING
    return planning.plan_epochs(costs_ns, 0, scouted.max_unroll, least if compiled else 1)


class _Turns:
    """Runs quartets of processes that take turns."""

    def __init__(
        self,
        sides: Sequence[Reading],
        plan: Plan,
        limit: TimeLimit,
        report: Callable[[Progress], None],
    ) -> None:
        self._readings = dict(zip(SIDES, sides, strict=True))
        self._sides = {name: _side(name, side) for name, side in self._readings.items()}
        self._plan = plan
        self._limit = limit
        self._report = report
        self._random = random.SystemRandom()

    def run(self, count: int) -> Measured:
        """Measure a number of quartets that is fixed in advance."""
        cpu = choose_cpu()
        watch = machine.Watch(cpu)
        start_s = time.monotonic()
        pairs = Pairs(self._plan.calls, [])
        for number in range(count):
            first = len(QUARTET) * number + 1
            what = f"processes {first} to {first + 3} of {len(QUARTET) * count}"
            self._report(Progress(number, count, what))
            pairs.quartets.append(self._quartet(cpu))
        self._report(Progress(count, count, "measured"))
        pinned = None if cpu is not None else f"{sys.platform} does not support it"
        return replace(
            from_pairs(pairs),
            cpu=cpu,
            wall_s=time.monotonic() - start_s,
            state=watch.state(),
            not_pinned=pinned,
        )

    def _quartet(self, cpu: int | None) -> dict[Cell, Times]:
        try:
            shuffler = random.Random(self._random.getrandbits(64))
            conditions = Conditions(shuffler, cpu, Settings.stack_places, self._limit.silence_s)
            return time_quartet(self._sides, self._rows(), conditions)
        except RowFailedError as error:
            failure = error.failure
            raise failed(
                self._readings[failure.side].name, failure.kind, failure.message
            ) from error
        except SideFailedError as error:
            raise ExpressionError(str(error)) from error

    def _rows(self) -> list[tuple[PairedRow, Plan]]:
        first, second = (self._readings[name].contender for name in SIDES)
        compiled = any(side.compiles_loops for side in self._sides.values())
        few = min(self._plan.passes, SIDE_PASSES)
        scouted = planning.SCOUTING_COMPILED if compiled else planning.SCOUTING
        own = planning.plan_epochs([CONTROL_NS / 1000], few, scouted.max_unroll)
        return [
            (PairedRow(CALL, first, second), self._plan),
            (PairedRow(LOOP, EMPTY, EMPTY), replace(self._plan, passes=few)),
            (control_row(CONTROL, compiled=compiled), replace(own, passes=few)),
        ]


def _side(name: str, side: Reading) -> Side:
    environment = side.asked.environment
    return Side(
        name,
        side.name,
        sys.executable if environment is None else environment.python,
        "",
        side.compiles_loops,
    )


def from_pairs(pairs: Pairs) -> Measured:
    """Estimate costs and ratios."""
    net = pairs.times(CALL, net=True)
    ratio = _interval(-pair_logs(net))
    loop_ns = np.concatenate([pairs.costs_ns(name, LOOP) for name in SIDES])
    epochs = sum(quartet[CALL].size for quartet in pairs.quartets)
    costs = tuple(_cost(pairs, name) for name in SIDES)
    return Measured(
        costs,
        ratio,
        _twin(net),
        trimmed_interval(loop_ns),
        samples=int((~np.isnan(pair_logs(net))).sum()),
        processes=len(QUARTET) * len(pairs.quartets),
        processes_used=sum(cost.processes_ns.size for cost in costs),
        epochs=epochs,
        cpu=None,
        wall_s=0.0,
        control=_interval(-pair_logs(pairs.times(CONTROL))),
    )


def _twin(net: PairedTimes) -> Interval:
    """Estimate how much two processes of the same side differ, on the side that differs more.

    With too few quartets, estimate it from both sides together.
    """
    logs = twin_logs(net)
    if min(int((~np.isnan(side)).sum()) for side in logs) < MIN_PROCESSES:
        return _interval(np.concatenate(logs))
    return max(map(_interval, logs), key=lambda twin: max(twin.high, 1 / twin.low))


def _cost(pairs: Pairs, name: str) -> Cost:
    gross_ns = pairs.costs_ns(name)
    net_ns = gross_ns - pairs.costs_ns(name, LOOP)
    return Cost(
        trimmed_interval(net_ns),
        trimmed_interval(gross_ns),
        net_ns[~np.isnan(net_ns)],
        pairs.preempted(name),
    )


def _interval(logs: Floats) -> Interval:
    """Estimate a ratio from logs of ratios."""
    found = trimmed_interval(logs)
    return Interval(*(float(np.exp(end)) for end in (found.value, found.low, found.high)))
