"""Decides on which side of a slowdown a point lies: with GOOD, or with BAD.

Half of the slowdown, as a ratio, decides. A point is slow if it is slower than GOOD by more than
that, and fast if it is certainly not. If GOOD leaves it open, BAD is asked, and measured longer. If
that leaves it open too, the point belongs to the nearer end, and its step is marked as uncertain.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from callcost.bisect.search import FAST, SKIPPED, SLOW
from callcost.compare.flow import Request
from callcost.compare.outcome import Outcome, RowOutcome
from callcost.model.interval import Interval
from callcost.paired.rows import Cell
from callcost.paired.verdict import SAME, SLOWER, UNDECIDED
from callcost.revisions.errors import BuildError, SpecError

# How much longer an open question is measured.
LONGER = 3
UNCHANGED = Interval(0.0, 0.0, 0.0)

# Compares two SPECs; the text is for the progress.
Compare = Callable[[Request, str], Outcome]


@dataclass(frozen=True)
class Look:
    """What one comparison says of the row; `why_not` if it says nothing."""

    word: str
    change: Interval
    outcome: Outcome | None = None
    row: RowOutcome | None = None
    why_not: str = ""


@dataclass(frozen=True)
class Decision:
    """FAST, SLOW or SKIPPED, with the change from GOOD, or why there is none."""

    word: str
    change: Interval | None = None
    certain: bool = True
    why_not: str = ""


def decision_point(change: float) -> float:
    """Returns half of a change, as a share: twice in a row, it makes the whole."""
    return math.sqrt(1 + change) - 1


class Judge:
    """Compares points with both ends.

    `ends` is the comparison of GOOD and BAD in the row alone, with half of the slowdown as its
    threshold.
    """

    def __init__(self, compare: Compare, ends: Request, cell: Cell) -> None:
        self._compare = compare
        self._ends = ends
        self._cell = cell

    def decide(self, spec: str, title: str) -> Decision:
        """Decides on the side of a point; raises CallcostError if measuring fails."""
        first = self.look(replace(self._ends, head=spec), title)
        if first.why_not:
            return Decision(SKIPPED, why_not=first.why_not)
        if first.word != UNDECIDED:
            return Decision(SLOW if first.word == SLOWER else FAST, first.change)
        back = replace(self._ends, base=spec)
        second = self.look(back, f"{title}, compared with BAD", longer=LONGER)
        if second.why_not:
            return Decision(SKIPPED, why_not=second.why_not)
        if second.word != UNDECIDED:
            return Decision(FAST if second.word == SLOWER else SLOW, first.change)
        lead = first.change.value - second.change.value
        if math.isnan(lead):
            return Decision(SKIPPED, why_not="too few epochs without a preemption")
        return Decision(SLOW if lead > 0 else FAST, first.change, certain=False)

    def look(self, request: Request, title: str, *, longer: int = 1) -> Look:
        """Compares two points; one that does not build, or lacks the row, gives `why_not`."""
        try:
            outcome = self._compare(replace(request, longer=longer), title)
        except (BuildError, SpecError) as error:
            return Look(UNDECIDED, UNCHANGED, why_not=str(error))
        if self._cell in outcome.reach.same:
            return Look(SAME, UNCHANGED, outcome)
        for row in outcome.rows:
            if row.cell == self._cell:
                return Look(row.verdict.word, row.verdict.change, outcome, row)
        return Look(UNDECIDED, UNCHANGED, outcome, why_not=self._why_missing(outcome))

    def _why_missing(self, outcome: Outcome) -> str:
        for failure in outcome.comparison.failures:
            if failure.cell == self._cell:
                return str(failure)
        lists = (outcome.added, outcome.removed, outcome.nowhere)
        reasons = [listed[self._cell] for listed in lists if self._cell in listed]
        return f"it has no {self._cell} ({reasons[0]})" if reasons else f"it has no {self._cell}"
