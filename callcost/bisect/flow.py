"""Runs a bisection: from two ends to the commit or release that made a row slower."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from callcost.bisect.ends import Line
from callcost.bisect.ends import find as find_ends
from callcost.bisect.judge import LONGER, Compare, Decision, Judge, Look, decision_point
from callcost.bisect.search import BisectError, Point, Search
from callcost.compare.flow import Request, find_project
from callcost.compare.outcome import INCONCLUSIVE, SOMETHING_SLOWER, Outcome, RowOutcome
from callcost.paired.verdict import SLOWER, UNDECIDED
from callcost.run.scratch import Scratch

# Takes each decision as soon as it is made.
Say = Callable[["Step"], None]


@dataclass(frozen=True)
class Step:
    """A point that was judged."""

    spec: str
    point: Point
    decision: Decision


@dataclass(frozen=True)
class Found:
    """The first slow point, and its comparison with the one before it (or with GOOD).

    `request` is that comparison's.
    """

    point: Point
    request: Request
    look: Look

    @property
    def certain(self) -> bool:
        """Whether the comparison with the point before confirms the search."""
        return self.look.word == SLOWER


@dataclass
class Result:
    """Everything in the report: `ends` is the comparison of GOOD with BAD.

    `row` is the one that was followed; None if no row is slower. `possible` are the first slow
    point's candidates if all that is left was skipped.
    """

    ends: Outcome
    row: RowOutcome | None = None
    word: str = "commit"
    decided_at: float = math.nan
    steps: list[Step] = field(default_factory=list)
    found: Found | None = None
    possible: list[Point] = field(default_factory=list)
    comparisons: int = 1
    log: str = ""

    @property
    def exit_code(self) -> int:
        """1: the slow point is known; 3: it could not be decided; else as `callcost compare`."""
        if self.row is None:
            return self.ends.exit_code
        certain = self.found is not None and self.found.certain
        return SOMETHING_SLOWER if certain else INCONCLUSIVE


def run(request: Request, folder: Path, compare: Compare, say: Say) -> Result:
    """Compares both ends, follows the clearest slower row, and searches.

    `request` has GOOD and BAD as base and head. Raises CallcostError.
    """
    project = find_project(folder)
    scratch = Scratch()
    try:
        found = find_ends(request.base, request.head, project, scratch.path)
        outcome = compare(replace(request, instructions=False), "GOOD and BAD")
        row = clearest(outcome)
        if row is None:
            return Result(outcome)
        versions = [_version(side.versions, found.package) for side in (outcome.base, outcome.head)]
        line = found.line(scratch.path / "bisect.git", project, versions)
        return _Bisection(request, compare, say, line, Result(outcome, row, line.word)).run()
    finally:
        scratch.remove()


def clearest(outcome: Outcome) -> RowOutcome | None:
    """Returns the slower row whose interval is the narrowest for its change."""
    return max(outcome.of(SLOWER), key=_clearness, default=None)


def _clearness(row: RowOutcome) -> float:
    change = row.verdict.change
    reach = math.log1p(change.high) - math.log1p(change.low)
    return math.log1p(change.value) / reach if reach else math.inf


def _version(versions: Mapping[str, str], package: str | None) -> str:
    """Returns the version of a package in an environment; raises BisectError if it has none."""
    if package is None:
        return ""
    for name, version in versions.items():
        if canonicalize_name(name) == package:
            return version
    raise BisectError(f"One side has no {package}: name a version of it on both sides.")


class _Bisection:
    def __init__(
        self, request: Request, compare: Compare, say: Say, line: Line, result: Result
    ) -> None:
        assert result.row is not None
        self._line = line
        self._result = result
        self._compare = compare
        self._say = say
        row, cell = result.row, result.row.cell
        result.decided_at = decision_point(row.verdict.change.value)
        # A step has to be as large as what GOOD and BAD have to differ by, or half of what they do.
        self._last = replace(
            request,
            base=line.spec(line.good),
            head=line.spec(line.bad),
            mechanisms=(cell.mechanism,),
            workloads=(cell.workload,),
            threshold=min(row.threshold, result.decided_at),
        )
        ends = replace(self._last, threshold=result.decided_at, instructions=False)
        self._judge = Judge(self._counted, ends, cell)

    def _counted(self, request: Request, title: str) -> Outcome:
        self._result.comparisons += 1
        return self._compare(request, title)

    def run(self) -> Result:
        """Searches until one point is left, and compares it with the one before."""
        search = Search(self._line.repository, self._line.good, self._line.bad)
        try:
            while commit := search.next:
                self._step(search, commit)
        finally:
            self._result.log = search.log
        if search.found:
            self._result.found = self._confirmed(search.found)
        self._result.possible = list(map(self._line.point, search.possible))
        return self._result

    def _step(self, search: Search, commit: str) -> None:
        point, spec = self._line.point(commit), self._line.spec(commit)
        done = len(self._result.steps)
        title = f"step {done + 1} of about {done + search.steps}"
        step = Step(spec, point, self._judge.decide(spec, title))
        self._result.steps.append(step)
        self._say(step)
        search.mark(commit, step.decision.word)

    def _confirmed(self, commit: str) -> Found:
        """Compares the point found with the one before, or with GOOD if that one does not build.

        A merge's other side has commits that were never tested.
        """
        last = replace(self._last, base=self._line.before(commit), head=self._line.spec(commit))
        look = self._look_back(last)
        if look.why_not:
            last = replace(last, base=self._line.spec(self._line.good))
            look = self._look_back(last)
        return Found(self._line.point(commit), last, look)

    def _look_back(self, last: Request) -> Look:
        title = f"the {self._line.word} found"
        look = self._judge.look(last, title)
        if look.word == UNDECIDED and not look.why_not:
            return self._judge.look(last, title, longer=LONGER)
        return look
