"""The steps of `callcost time`: read the expressions, check and compare values, measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callcost.estimate.estimate import MIN_EFFECT
from callcost.model.expression import Asked, Reading, read
from callcost.model.interval import Interval
from callcost.model.run import Progress
from callcost.run import machine
from callcost.timing.alone import time_alone
from callcost.timing.look import Look, Same, compare, look_at
from callcost.timing.measured import Cost, Measured
from callcost.timing.time_limit import TimeLimit
from callcost.timing.versus import time_both

NAMES = ("the expression", "the expression of --vs")


@dataclass(frozen=True)
class Timed:
    """The result for one expression or two; `looks` is empty if values do not matter.

    `rows` has the index of each expression in `measured`, None for an expression without a time:
    the compiler removes it, or its value is wrong.
    """

    sides: tuple[Reading, ...]
    looks: tuple[Look, ...]
    rows: tuple[int | None, ...]
    measured: Measured | None
    expect: str | None = None

    def cost(self, number: int) -> Cost | None:
        """Return the cost of an expression, if it was measured."""
        row = self.rows[number]
        return None if row is None or self.measured is None else self.measured.costs[row]

    def is_wrong(self, number: int) -> bool:
        """Whether the value of an expression is not that of --expect."""
        return bool(self.looks) and self.looks[number].right is False

    def nothing_left(self, number: int) -> bool:
        """Whether the cost of an expression cannot be told from the empty loop."""
        if self.is_wrong(number):
            return False
        cost = self.cost(number)
        return cost is None or cost.net_ns.low <= 0

    @property
    def values(self) -> tuple[Same, str]:
        """Tell whether both return the same value; if unknown, also why.

        If both have the value of --expect, they are the same.
        """
        if len(self.looks) < 2 or all(look.right for look in self.looks):
            return "same", ""
        return compare(*(look.value for look in self.looks))

    @property
    def are_one(self) -> bool:
        """Whether both sides run the same code in the same interpreter."""
        return len(self.sides) == 2 and self.sides[0].what_it_does == self.sides[1].what_it_does

    @property
    def comparable(self) -> bool:
        """Whether both sides are right and, as far as known, return the same value."""
        any_wrong = any(map(self.is_wrong, range(len(self.sides))))
        return len(self.sides) == 2 and not any_wrong and self.values[0] != "different"

    @property
    def inconclusive(self) -> bool:
        """Whether two copies of the same code differed: no result can be trusted."""
        return self.measured is not None and self.measured.inconclusive

    @property
    def ratio(self) -> Interval | None:
        """The cost of the first as a multiple of the second's, if they can be compared."""
        if self.measured is None or self.measured.too_few_left or not self.comparable:
            return None
        return None if any(map(self.nothing_left, (0, 1))) else self.measured.ratio

    @property
    def verdict(self) -> str:
        """The result in a word or two; empty for a single expression that was measured."""
        if any(map(self.is_wrong, range(len(self.sides)))):
            return "wrong value"
        if self.values[0] == "different":
            return "different values"
        if self.inconclusive:
            return "inconclusive"
        if self.ratio is None or self.measured is None:
            return ""
        return "same code" if self.are_one else self.measured.direction

    def as_json(self) -> dict[str, Any]:
        """Return the figures for `--json`."""
        trusted = MIN_EFFECT if self.measured is None else self.measured.trusted_share
        return {
            "expressions": [self._facts(number) for number in range(len(self.sides))],
            "expect": self.expect,
            "values": self.values[0] if len(self.looks) == 2 else None,
            "ratio": None if self.ratio is None else self.ratio.as_list(),
            "verdict": self.verdict,
            "trusted_share": trusted,
            "python": self.sides[0].asked.python,
            "machine": machine.identity(),
            **({} if self.measured is None else self.measured.as_json()),
        }

    def _facts(self, number: int) -> dict[str, Any]:
        asked, cost = self.sides[number].asked, self.cost(number)
        facts: dict[str, Any] = {
            "call": asked.call,
            "setup": asked.setup,
            "python": asked.python,
            "nothing_left": self.nothing_left(number),
        }
        if self.looks:
            look = self.looks[number]
            facts["value"] = {"text": look.value.text, "type": look.value.type}
            facts["value_changes"] = look.value.changes
            facts["right"] = look.right
        if cost is None:
            return facts
        return {
            **facts,
            "cost_ns": cost.net_ns.as_list(),
            "gross_ns": cost.gross_ns.as_list(),
            "processes_ns": cost.processes_ns.tolist(),
            "preempted_epochs": cost.preempted,
        }


def time_expressions(
    asked: Sequence[Asked],
    report: Callable[[Progress], None],
    *,
    expect: str | None = None,
    limit: TimeLimit | None = None,
) -> Timed:
    """Measure one expression, or two against each other, within a time limit.

    Raise ExpressionError for an expression that fails or takes too long, and KeyboardInterrupt.
    """
    limit = limit or TimeLimit()
    sides = tuple(read(one, name) for one, name in zip(asked, NAMES, strict=False))
    if expect is not None:
        # Only to find mistakes: its value may be a constant.
        read(Asked(expect), "the expression of --expect")
    values_matter = expect is not None or len(sides) > 1
    if not values_matter and sides[0].folded:
        return Timed(sides, (), (None,), None)
    report(Progress(0, 1, "checking every call"))
    looks = tuple(look_at(sides, expect, limit.silence_s))
    found = Timed(sides, looks if values_matter else (), (None,) * len(sides), None, expect)
    return _measured(found, looks, limit, report)


def _measured(
    found: Timed, looks: Sequence[Look], limit: TimeLimit, report: Callable[[Progress], None]
) -> Timed:
    """Time each side that is right, unless the compiler removes it."""
    timed = [
        number
        for number, side in enumerate(found.sides)
        if not side.folded and not found.is_wrong(number)
    ]
    if not timed:
        return found
    sides = [_checked(found.sides[number], looks[number], found.expect) for number in timed]
    chosen = [looks[number] for number in timed]
    measured = (
        time_alone(sides[0], chosen[0], limit, report)
        if len(timed) == 1
        else time_both(sides, chosen, limit, report)
    )
    rows = tuple(
        timed.index(number) if number in timed else None for number in range(len(found.sides))
    )
    return replace(found, rows=rows, measured=measured)


def _checked(side: Reading, look: Look, expect: str | None) -> Reading:
    """Make each process check the value too, if a plain == can do it."""
    if expect is None or not look.plain:
        return side
    return replace(side, contender=replace(side.contender, expect=expect))
