"""A recorded run by workload: every cost with its rank, marks and ratios.

A run in several interpreters is shown as its leading one sees it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callcost.benchmarks.break_even import FUNCTION, REFERENCE, Curve, calls_the_c, curves, sweep
from callcost.benchmarks.catalogue import WORKLOADS, Workload, topic_of
from callcost.benchmarks.facts import facts
from callcost.benchmarks.facts.facts import Facts
from callcost.benchmarks.facts.marks import OWN_CODE, Marks, named
from callcost.benchmarks.matrix.figures import Matrix
from callcost.benchmarks.matrix.interpreters import (
    Interpreter,
    in_each,
    interpreters,
    leading,
    leading_groups,
    missing_in,
)
from callcost.benchmarks.tools import Tools, tools_of
from callcost.console.numbers import listed, rank_text
from callcost.estimate.estimate import MIN_EFFECT, GroupEstimate
from callcost.estimate.layouts import Dated
from callcost.estimate.reading import checked
from callcost.estimate.record import Record
from callcost.estimate.sheet import SheetRow, Wording, sheet_of
from callcost.model import abi
from callcost.model.group import ELSEWHERE
from callcost.model.interval import Interval

Floats = npt.NDArray[np.float64]

WAY, OWN, PYTHON, FLOOR, OTHER_PYTHON = "way", "own code", "python", "floor", "elsewhere"


@dataclass(frozen=True)
class WorkloadRow(SheetRow):
    """A row of a group, among all rows of its workload.

    kind: WAY calls the C that all others call, OWN runs its own code instead, PYTHON is plain
        Python, FLOOR is below Python, OTHER_PYTHON is in another interpreter.
    place: the name of that interpreter; such a row has neither rank nor ratio.
    rank: among the ways to call C.
    ratio: to the fastest WAY.
    """

    workload: str
    place: str
    kind: str
    estimate: GroupEstimate = field(repr=False)

    @property
    def label(self) -> str:
        """Its unique name among the rows of the workload."""
        return f"{self.name}{ELSEWHERE}{self.place}" if self.place else self.name

    @property
    def shown(self) -> str:
        """What people call it where it is ranked."""
        return f"{named(self.name)}{self.label.removeprefix(self.name)}"

    @property
    def timed(self) -> bool:
        """Whether its cost is known."""
        return math.isfinite(self.net_ns.value)

    @property
    def rounds_ns(self) -> list[float]:
        """Gross ns per call of each process."""
        return self.estimate.rounds_ns(self.number)

    @property
    def compiled(self) -> list[str]:
        """The names of the extension modules that it consists of."""
        contender = self.estimate.times.contenders[self.number]
        return [binary.name for binary in contender.binaries if binary.module]


@dataclass(frozen=True)
class WorkloadSheet:
    """A workload: the rows of all its groups, the fastest first and the floors last.

    first: the estimate of its group in the run's own interpreter, or else in another one.
    ratios: as in `GroupEstimate.ratio_table`; None if there are none that can be trusted.
    """

    name: str
    rows: tuple[WorkloadRow, ...]
    first: GroupEstimate
    ratios: Floats | None = field(repr=False)

    @property
    def about(self) -> Workload | None:
        """The catalogue's entry; None if this callcost does not have it."""
        return next((workload for workload in WORKLOADS if workload.name == self.name), None)

    @property
    def call(self) -> str:
        """The call that is timed."""
        return self.first.times.contenders[0].call

    @property
    def label(self) -> str:
        """What people call it."""
        return self.about.label if self.about else self.name

    @property
    def isolates(self) -> str:
        """What the call isolates, in the words of the catalogue."""
        return self.about.isolates if self.about else ""

    @cached_property
    def tools(self) -> Tools:
        """What the call costs through each tool, in the run's own interpreter."""
        return tools_of(self.first, self.about.function if self.about else FUNCTION)

    @property
    def ranked(self) -> list[WorkloadRow]:
        """The rows that call C from the run's own interpreter."""
        return [row for row in self.rows if row.kind == WAY]

    @property
    def below(self) -> list[WorkloadRow]:
        """All other rows."""
        return [row for row in self.rows if row.kind != WAY]

    @property
    def fastest(self) -> WorkloadRow | None:
        """The fastest way to call C."""
        return next((row for row in self.rows if row.kind == WAY), None)

    def ratio(self, row: WorkloadRow, base: WorkloadRow) -> Interval | None:
        """Compares two rows; None if the run cannot."""
        return None if row.place or base.place else _ratio(self.ratios, row.number, base.number)

    def row(self, label: str) -> WorkloadRow | None:
        """Finds a row by its label."""
        return next((row for row in self.rows if row.label == label), None)


class Measured(Record):
    """A record, with its costs by workload and by mechanism."""

    def __init__(self, path: Path, document: Any) -> None:
        super().__init__(path, document)
        checked(path, document, Dated)

    @cached_property
    def interpreters(self) -> list[Interpreter]:
        """The interpreters that the run names; none if it has only the running one."""
        return interpreters(self)

    @cached_property
    def leading(self) -> Interpreter | None:
        """The interpreter that most pages show, if the run names any."""
        return leading(self)

    @cached_property
    def matrix(self) -> Matrix:
        """The costs in every interpreter that the run names."""
        return Matrix.of(self)

    @cached_property
    def own_estimates(self) -> dict[str, GroupEstimate]:
        """The groups that most pages show: of a run that names interpreters, the leading one's."""
        return leading_groups(self)[0]

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """What running each mechanism revealed about it, in the interpreter that is shown."""
        if self.leading is not None:
            return self.leading.mechanism_facts
        return facts.current(self.environment.get("facts", {}))

    def fact(self, mechanism: str, key: str) -> str:
        """Returns a fact of a mechanism in every interpreter; empty if it is not known."""
        if self.interpreters:
            return in_each(self.interpreters, mechanism, key)
        return self.facts.get(mechanism, {}).get(key, "")

    @property
    def missing(self) -> list[tuple[str, str]]:
        """The mechanisms that were not built, with the reasons, and where if not everywhere."""
        if not self.interpreters:
            reasons: dict[str, str] = self.environment.get("missing", {})
            return [(module.rpartition(".")[2], reason) for module, reason in reasons.items()]
        found = missing_in({each.place: each.missing for each in self.interpreters})
        return [(name, f"{reason} (in {listed(places)})") for name, reason, places in found]

    @property
    def depends(self) -> dict[str, list[str]]:
        """The sources of each mechanism, as its build recorded them."""
        about = self.environment if self.leading is None else self.leading.about
        return dict(about.get("depends", {}))

    @property
    def date(self) -> str:
        """The day of the run."""
        return str(self.document["datetime"])[:10]

    @property
    def python(self) -> str:
        """The interpreter that is shown, with its version."""
        if self.leading is not None:
            return self.leading.label
        info = self.document["machine_info"]
        return f"{info.get('python_implementation', 'Python')} {abi.version(info)}"

    @property
    def python_described(self) -> str:
        """The interpreter that is shown, in words: PGO, LTO, JIT, GIL."""
        if self.leading is not None:
            return self.leading.title
        own = (self.document["machine_info"].get("callcost") or {}).get("interpreter") or {}
        flags = {"implementation": own.get("implementation"), "abi_flags": own.get("abi_flags")}
        known = {name: str(value) for name, value in flags.items() if value}
        words = Interpreter("", known, {"interpreter": own}).words
        return f"{self.python} ({words})" if own else self.python

    @property
    def cpu(self) -> str:
        """The name of the processor."""
        info = self.document["machine_info"]
        return str((info.get("cpu") or {}).get("brand_raw") or info.get("machine", "unknown CPU"))

    @cached_property
    def sheets(self) -> dict[str, WorkloadSheet]:
        """Every workload except the sweep, in the order of the catalogue.

        If the run names interpreters, these are the workloads and rows of the leading one.
        """
        if self.leading is None:
            return self._all_sheets
        return {
            name: replace(sheet, rows=tuple(row for row in sheet.rows if not row.place))
            for name, sheet in self._all_sheets.items()
            if "" in self._by_workload[name]
        }

    @cached_property
    def _all_sheets(self) -> dict[str, WorkloadSheet]:
        return {name: self._sheet(name, found) for name, found in self._by_workload.items()}

    @cached_property
    def _by_workload(self) -> dict[str, dict[str, GroupEstimate]]:
        """The groups of each workload by place; that of the interpreter that is shown is ""."""
        swept = set(sweep(self.estimates).values())
        shown = "" if self.leading is None else self.leading.place
        found: dict[str, dict[str, GroupEstimate]] = {}
        for group, estimate in self.estimates.items():
            name, _, place = group.partition(ELSEWHERE)
            if group not in swept:
                found.setdefault(name, {})["" if place == shown else place] = estimate
        order = {workload.name: number for number, workload in enumerate(WORKLOADS)}
        return {name: found[name] for name in sorted(found, key=lambda n: order.get(n, len(order)))}

    @cached_property
    def topics(self) -> dict[str, list[WorkloadSheet]]:
        """The workloads by topic."""
        found: dict[str, list[WorkloadSheet]] = {}
        for name, sheet in self.sheets.items():
            found.setdefault(topic_of(name), []).append(sheet)
        return found

    @cached_property
    def mechanisms(self) -> list[str]:
        """Every mechanism of the run by name, without the floors."""
        swept = (curve.name for curve in self.curves)
        return sorted({*(row.name for row in self.all_rows if row.kind != FLOOR), *swept})

    @cached_property
    def ways(self) -> list[str]:
        """The mechanisms that call the C that all others call."""
        return sorted({row.name for row in self.rows if row.kind == WAY})

    @cached_property
    def curves(self) -> list[Curve]:
        """The sweep, the mechanism with the cheapest first call first."""
        return curves(self.own_estimates)

    @property
    def rows(self) -> Iterator[WorkloadRow]:
        """The rows of all workloads that are shown."""
        return (row for sheet in self.sheets.values() for row in sheet.rows)

    @property
    def all_rows(self) -> Iterator[WorkloadRow]:
        """All rows of all workloads, in every interpreter."""
        return (row for sheet in self._all_sheets.values() for row in sheet.rows)

    def place_of(self, row: WorkloadRow) -> str:
        """Names the interpreter of a row as the run names it; empty for the running one."""
        return row.place or ("" if self.leading is None else self.leading.place)

    @cached_property
    def _marks(self) -> Marks:
        return Marks.of_record(self.document)

    def _sheet(self, name: str, estimates: Mapping[str, GroupEstimate]) -> WorkloadSheet:
        """Makes the sheet of a workload; `estimates` are by place."""
        own = estimates.get("")
        ratios = None if own is None or own.inconclusive else own.ratio_table()
        rows = [
            row
            for place, estimate in estimates.items()
            for row in self._rows(name, place, estimate, None if place else ratios)
        ]
        rows.sort(key=lambda row: (row.kind == FLOOR, row.net_ns.value if row.timed else math.inf))
        return WorkloadSheet(name, tuple(rows), own or next(iter(estimates.values())), ratios)

    def _rows(
        self, workload: str, place: str, estimate: GroupEstimate, ratios: Floats | None
    ) -> Iterator[WorkloadRow]:
        marked = {} if place else {name: self._marks.of(name, workload) for name in estimate.names}
        shown = sheet_of(estimate, self.aa_error, Wording(marks=marked)).rows
        kinds = [OTHER_PYTHON if place else _kind(row) for row in shown]
        ways = [row.number for row, kind in zip(shown, kinds, strict=True) if kind == WAY]
        ranks = _ranks(ways, ratios, self.aa_error)
        for row, kind in zip(shown, kinds, strict=True):
            own = {
                "rank": ranks.get(row.number, ""),
                "ratio": _ratio(ratios, row.number, ways[0]) if ways else None,
            }
            yield WorkloadRow(
                **{**vars(row), **own}, workload=workload, place=place, kind=kind, estimate=estimate
            )


def _ranks(ways: Sequence[int], ratios: Floats | None, aa_error: float) -> dict[int, str]:
    """Ranks the ways to call C, given in order of cost, as `GroupEstimate.ranks` does for all."""
    if ratios is None:
        return {}
    limit = 1 + max(MIN_EFFECT, aa_error)
    found: dict[int, int] = {}
    leader = -1
    for place, row in enumerate(ways, 1):
        if leader < 0 or ratios[row, leader, 1] > limit:
            leader, found[row] = row, place
        else:
            found[row] = found[leader]
    return {row: rank_text(rank, found.values()) for row, rank in found.items()}


def _ratio(ratios: Floats | None, number: int, base: int) -> Interval | None:
    if ratios is None or np.isnan(ratios[number, base, 0]):
        return None
    return Interval(*map(float, ratios[number, base]))


def _kind(row: SheetRow) -> str:
    if row.is_floor:
        return FLOOR
    if row.name == REFERENCE:
        return PYTHON
    return OWN if OWN_CODE in row.marks or not calls_the_c(row.name) else WAY
