"""Measures rows by quartets of processes, each row until it is settled."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from callcost.console.numbers import count
from callcost.model.plan import Plan
from callcost.paired.quartet import Conditions, RowFailedError, SideFailedError, Timer, time_quartet
from callcost.paired.rows import (
    CONTROL,
    SIDES,
    Cell,
    PairedRow,
    PairedTimes,
    RowFailure,
    Side,
    control_row,
)
from callcost.paired.rules import DEFAULT_THRESHOLD, Rules
from callcost.paired.verdict import SETTLED, decide, hopeless
from callcost.run import machine
from callcost.run.coordinator import choose_cpu
from callcost.run.planning import SCOUTING, SCOUTING_COMPILED, TARGET_EPOCH_NS, plan_epochs

# The longest time of a row whose threshold is the default. A smaller one needs narrower intervals:
# half of it takes four times as many quartets.
ROW_S = 2.0
LONGEST_ROW_S = 12.0
# So many quartets of all rows fill the budget, or ROW_S a row. Each holds two pairs of processes.
QUARTETS = 40
# Measured even if the budget is too short for them: fewer decide little.
LEAST_QUARTETS = 10
# Quartets of the first layout, the files as they were built, in a round through all layouts.
BUILT_QUARTETS = 3
MIN_PASSES, MAX_PASSES = 10, 400
# The cost of a row's turn in a pass beside its epochs: four switches of processes, and back.
TURN_OVERHEAD_NS = 120_000
# Rows that share their processes: more would make a pass too long.
ROWS_PER_QUARTET = 40


@dataclass(frozen=True)
class Settings:
    """How two sides are measured; `budget_s` covers everything but making the environments.

    Without it, each row has its `row_s`. Either is multiplied by `longer`.
    """

    budget_s: float | None = None
    longer: int = 1
    silence_s: float = 20.0
    stack_places: int = 32


@dataclass
class Comparison:
    """What was measured on two sides; `rows` includes the control.

    `given_up` are rows that the time left could not have settled.
    """

    sides: dict[str, Side]
    rows: dict[Cell, PairedTimes] = field(default_factory=dict)
    failures: list[RowFailure] = field(default_factory=list)
    given_up: list[Cell] = field(default_factory=list)
    cpu: int | None = None
    seed: int = 0
    wall_s: float = 0.0
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def layouts(self) -> int:
        """In how many layouts both sides exist."""
        return 1 + min(len(side.layouts) for side in self.sides.values())


Report = Callable[[float, str], None]


def row_s(threshold: float) -> float:
    """Returns how long a row with this threshold, a share, is measured at most."""
    if threshold <= 0:
        return LONGEST_ROW_S
    return min(LONGEST_ROW_S, ROW_S * max(1.0, DEFAULT_THRESHOLD / threshold) ** 2)


def measure(
    sides: dict[str, Side],
    rows: Sequence[PairedRow],
    rules: Rules,
    settings: Settings,
    report: Report,
) -> Comparison:
    """Measures every row on both sides; `report` takes the share that is done and the next step.

    Raises SideFailedError; rows that fail are in `failures`.
    """
    if not rows:
        return Comparison(sides)
    seed = random.SystemRandom().getrandbits(32)
    comparison = Comparison(sides, cpu=choose_cpu(), seed=seed)
    watch = machine.Watch(comparison.cpu)
    start_s = time.monotonic()
    _Measurer(comparison, rows, rules, settings, report).run()
    comparison.wall_s = time.monotonic() - start_s
    comparison.state = watch.state()
    return comparison


class _Measurer:
    def __init__(
        self,
        comparison: Comparison,
        rows: Sequence[PairedRow],
        rules: Rules,
        settings: Settings,
        report: Report,
    ) -> None:
        self._comparison = comparison
        self._compiled = any(side.compiles_loops for side in comparison.sides.values())
        control = control_row(CONTROL, compiled=self._compiled)
        self._left = {row.cell: row for row in (*rows, control)}
        self._rules = rules
        self._settings = settings
        self._report = report
        self._conditions = Conditions(
            random.Random(comparison.seed),
            comparison.cpu,
            settings.stack_places,
            settings.silence_s,
        )
        self._layouts = deal(self._conditions.shuffler, comparison.layouts)
        self._plans: dict[Cell, Plan] = {}
        self._turns_s: dict[Cell, float] = {}
        self._quartet_s = 0.0
        rows_s = sum(row_s(rules.of(cell).threshold) for cell in self._left)
        self._budget_s = settings.longer * (settings.budget_s or rows_s)
        self._start_s = time.monotonic()

    def run(self) -> None:
        self._report(0.0, "checking every call")
        self._scout()
        if not set(self._left) - {CONTROL}:
            return
        for cell in self._left:
            self._comparison.rows[cell] = PairedTimes(self._plans[cell].calls)
        self._measure_until_settled()
        self._report(1.0, "measured")

    def _measure_until_settled(self) -> None:
        """Measures by fresh processes until every row is settled or given up, or time is over.

        It may stop at any quartet: the intervals hold at every look.
        """
        cells = [cell for cell in self._left if cell != CONTROL]
        taken = 0
        while cells:
            taken += 1
            layout = next(self._layouts)
            spent_s = time.monotonic() - self._start_s
            what = f"quartet {taken} of processes: {count(len(cells), 'row')} open"
            self._report(min(1.0, spent_s / self._budget_s), what)
            for batch in self._batches(cells):
                self._measure(batch, layout)
            left_s = self._start_s + self._budget_s - time.monotonic()
            quartets = max(LEAST_QUARTETS - taken, int(left_s / self._cost_s(cells)))
            cells = [cell for cell in cells if self._is_open(cell, quartets)]

    def _is_open(self, cell: Cell, quartets: int) -> bool:
        """Tells whether at most so many further quartets may settle a row; notes one given up."""
        if cell not in self._left or quartets <= 0:
            return False
        times, rules = self._comparison.rows[cell], self._rules.of(cell)
        if decide(times, rules).word in SETTLED:
            return False
        if hopeless(times, rules, self._comparison.layouts, quartets):
            self._comparison.given_up.append(cell)
            return False
        return True

    def _cost_s(self, cells: Sequence[Cell]) -> float:
        """Estimates how long a quartet of these rows takes."""
        batches = self._batches(cells)
        turns_s = sum(self._turns_s.get(cell, 0.0) for batch in batches for cell in batch)
        return len(batches) * self._quartet_s + turns_s

    def _batches(self, cells: Sequence[Cell]) -> list[list[Cell]]:
        """Splits rows into batches that share their processes; each includes the control."""
        others = [cell for cell in cells if cell != CONTROL]
        count = max(1, math.ceil(len(others) / ROWS_PER_QUARTET))
        return [[*others[start::count], CONTROL] for start in range(count)]

    def _measure(self, cells: Sequence[Cell], layout: int) -> None:
        """Measures these rows by one quartet; leaves out a row that fails from now on."""
        while present := [cell for cell in cells if cell in self._left]:
            if present == [CONTROL]:
                return
            rows = [(self._left[cell], self._plans[cell]) for cell in present]
            try:
                found = time_quartet(self._comparison.sides, rows, self._conditions, layout)
            except RowFailedError as error:
                self._leave_out(error.failure)
                continue
            for cell, times in found.items():
                self._comparison.rows[cell].quartets.append(times)
                self._comparison.rows[cell].layouts.append(layout)
            return

    def _note(self, failure: RowFailure) -> None:
        """Keeps a row's failure; raises SideFailedError if the control failed."""
        if failure.cell == CONTROL:
            raise SideFailedError(f"{failure.side} cannot even measure the control: {failure}")
        self._comparison.failures.append(failure)

    def _leave_out(self, failure: RowFailure) -> None:
        self._note(failure)
        self._left.pop(failure.cell)
        self._comparison.rows.pop(failure.cell, None)

    def _scout(self) -> None:
        """Checks every row on both sides and estimates its cost, which decides its number of calls.

        A row that fails on one side is still checked on the other.
        """
        found = [self._scout_side(self._comparison.sides[name]) for name in SIDES]
        failed = {failure.cell for failure in self._comparison.failures}
        for cell in failed:
            self._left.pop(cell)
        self._plan({cell: [costs[cell] for costs in found] for cell in self._left})

    def _scout_side(self, side: Side) -> dict[Cell, float]:
        plan = SCOUTING_COMPILED if side.compiles_loops else SCOUTING
        left = dict(self._left)
        while True:
            rows = [(row, plan) for row in left.values()]
            start_s = time.monotonic()
            try:
                with Timer(side, rows, self._conditions, estimate=True) as timer:
                    costs = timer.wait_until_ready()
            except RowFailedError as error:
                self._note(error.failure)
                left.pop(error.failure.cell)
                continue
            self._quartet_s = max(self._quartet_s, time.monotonic() - start_s)
            return dict(zip(left, costs, strict=True))

    def _plan(self, costs: dict[Cell, list[float]]) -> None:
        """Chooses each row's calls in an epoch and passes in a quartet."""
        rows = len(costs)
        # Narrower intervals need more quartets, not longer ones: processes differ more than passes.
        budget_ns = (self._settings.budget_s or ROW_S * len(self._left)) * 1e9 / QUARTETS
        start_ns = self._quartet_s * 1e9 * math.ceil(rows / ROWS_PER_QUARTET)
        row_ns = max(0.0, budget_ns - start_ns) / rows
        max_unroll = (SCOUTING_COMPILED if self._compiled else SCOUTING).max_unroll
        for cell, call_ns in costs.items():
            plan = plan_epochs(call_ns, 0, max_unroll)
            pass_ns = _pass_ns(plan, max(call_ns))
            passes = min(MAX_PASSES, max(MIN_PASSES, int(row_ns / pass_ns)))
            self._plans[cell] = replace(plan, passes=passes)
            self._turns_s[cell] = passes * pass_ns / 1e9


def deal(shuffler: random.Random, layouts: int) -> Iterator[int]:
    """Yields layouts without end, in random order: each once in a round, and 0 more often.

    So something is known of the files as they were built, too.
    """
    while True:
        deck = [*range(layouts), *[0] * (BUILT_QUARTETS - 1)]
        shuffler.shuffle(deck)
        yield from deck


def _pass_ns(plan: Plan, call_ns: float) -> float:
    """Estimates the time of one turn of a row in all four processes of a quartet."""
    turns = plan.loops + plan.warm_loops
    return 4 * max(call_ns * plan.unroll * turns, 0.2 * TARGET_EPOCH_NS) + TURN_OVERHEAD_NS
